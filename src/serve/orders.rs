//! What people do with cases, through the socket beside the database: an order in, its answer out when it is written.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::{mpsc, oneshot};

use super::reload::say;
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

/// The same for pages, and what they ask before.
pub fn for_pages(orders: &mpsc::Sender<Order>) -> web::Orders {
    let (carrying, looking) = (orders.clone(), orders.clone());
    web::Orders {
        carry: Arc::new(move |order| {
            let orders = carrying.clone();
            Box::pin(async move { carry(&orders, order).await })
        }),
        look: Arc::new(move |look| {
            let orders = looking.clone();
            Box::pin(async move {
                let (answer, answered) = oneshot::channel();
                orders.send(Order::Look { look, answer }).await.ok()?;
                answered.await.ok()?
            })
        }),
    }
}

/// Gives the order to the monitor that listens there.
pub fn order(path: &Path, order: &CaseOrder) -> Result<CaseAnswer> {
    let answer = say(path, &serde_json::to_string(order).context("an order as JSON")?)?;
    serde_json::from_str(&answer).context("the monitor's answer cannot be read")
}
