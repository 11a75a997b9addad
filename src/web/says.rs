//! How pages hand the one writer what people say for themselves, and what the integrity team answers to it.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::case::Refusal;
use crate::case::acts::Wish;
use crate::case::correction::CorrectionWish;
use crate::engine::event::OfficeId;

/// Answers when it is written, or why it is not.
pub type Say = Arc<dyn Fn(Said) -> BoxFuture<'static, Result<(), Refusal>> + Send + Sync>;

pub struct Said {
    pub office: OfficeId,
    /// His id in the roster.
    pub who: String,
    pub reason: String,
    pub what: What,
}

pub enum What {
    Case {
        incident: i64,
        wish: Wish,
        /// How many steps the case had when he looked at it.
        seen: Option<u32>,
    },
    Correction(CorrectionWish),
}
