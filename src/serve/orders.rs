//! What people do with cases, through the socket beside the database: an order in, its answer out when it is written.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::{mpsc, oneshot};

use super::reload::say;
use crate::booking;
use crate::booking::order::{VisitAnswer, VisitOrder};
use crate::case::Refusal;
use crate::daemon::docket::{CaseAnswer, CaseOrder};
use crate::daemon::order::Order;
use crate::web;

/// Hands an order to the one writer and waits until it is written.
pub async fn carry(orders: &mpsc::Sender<Order>, order: CaseOrder) -> CaseAnswer {
    let (answer, answered) = oneshot::channel();
    let sent = orders.send(Order::Case { order, answer }).await;
    match (sent, answered.await) {
        (Ok(()), Ok(said)) => said,
        _ => Err(Refusal::NotWritten),
    }
}

/// Gives the order to the monitor that listens there.
pub fn order(path: &Path, order: &CaseOrder) -> Result<CaseAnswer> {
    let answer = say(path, &serde_json::to_string(order).context("an order as JSON")?)?;
    serde_json::from_str(&answer).context("the monitor's answer cannot be read")
}

/// What a word about the applicants' side begins with.
pub(super) const VISIT: &str = "visit ";

/// Hands an order of the applicants' side to the one writer and waits until it is written.
pub async fn carry_visit(orders: &mpsc::Sender<Order>, order: VisitOrder) -> VisitAnswer {
    let (answer, answered) = oneshot::channel();
    let sent = orders.send(Order::Visit { order, answer }).await;
    match (sent, answered.await) {
        (Ok(()), Ok(said)) => said,
        _ => Err(booking::order::Refusal::NotWritten),
    }
}

/// The same for pages.
pub fn visits_for_pages(orders: &mpsc::Sender<Order>) -> web::Visits {
    let orders = orders.clone();
    Arc::new(move |order| {
        let orders = orders.clone();
        Box::pin(async move { carry_visit(&orders, order).await })
    })
}

/// Gives such an order to the monitor that listens there.
pub fn visit(path: &Path, order: &VisitOrder) -> Result<VisitAnswer> {
    let word = serde_json::to_string(order).context("an order as JSON")?;
    let answer = say(path, &format!("{VISIT}{word}"))?;
    serde_json::from_str(&answer).context("the monitor's answer cannot be read")
}
