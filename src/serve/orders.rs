//! What people do with cases, through the socket beside the database: an order in, its answer out when it is written.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::{mpsc, oneshot};

use super::reload::say;
use crate::case::Refusal;
use crate::daemon::docket::{CaseAnswer, CaseOrder, Order as Wanted};
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

/// What people say for themselves on pages.
pub fn of_pages(orders: &mpsc::Sender<Order>) -> web::Say {
    let orders = orders.clone();
    Arc::new(move |said: web::Said| {
        let orders = orders.clone();
        let what = match said.what {
            web::What::Case { incident, wish, seen } => Wanted::Case { incident, wish, seen },
            web::What::Correction(wish) => Wanted::Correction {
                office: Some(said.office),
                wish,
            },
        };
        let order = CaseOrder {
            who: said.who,
            post: None,
            reason: said.reason,
            what,
        };
        Box::pin(async move { carry(&orders, order).await.map(drop) })
    })
}

/// Gives the order to the monitor that listens there.
pub fn order(path: &Path, order: &CaseOrder) -> Result<CaseAnswer> {
    let answer = say(path, &serde_json::to_string(order).context("an order as JSON")?)?;
    serde_json::from_str(&answer).context("the monitor's answer cannot be read")
}
