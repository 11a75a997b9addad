//! What people do with cases, through the socket beside the database: an order in, its answer out when it is written.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::{mpsc, oneshot};

use super::reload::say;
use crate::booking;
use crate::booking::order::{VisitAnswer, VisitOrder};
use crate::case::Refusal;
use crate::channel::{Channel, Cloud, Hears, Sender, Writer};
use crate::clock::MonitorClock;
use crate::config::{ChannelWay, Config};
use crate::daemon::desk::Desk;
use crate::daemon::docket::{CaseAnswer, CaseOrder};
use crate::daemon::order::Order;
use crate::keys::Keys;
use crate::store::Store;
use crate::web::{self, Call, Reply};

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

/// The offices, as messages name them.
pub(super) fn senders(desks: &[Desk]) -> Vec<Sender> {
    let sender = |desk: &Desk| Sender {
        office: desk.office.to_string(),
        name: desk.roster.office.name.clone(),
        zone: desk.roster.office.zone,
    };
    desks.iter().map(sender).collect()
}

/// Who writes to applicants, where the configuration says how.
pub(super) fn writer(
    config: &Config,
    store: &Store,
    keys: &Keys,
    senders: Vec<Sender>,
    clock: &MonitorClock,
) -> Option<Writer> {
    let channel = match &config.channel.as_ref()?.way {
        ChannelWay::Directory(folder) => Channel::Directory(folder.clone()),
        ChannelWay::Cloud {
            url,
            phone_number_id,
            token,
            ca,
        } => Channel::Cloud(Cloud {
            url: url.trim_end_matches('/').to_owned(),
            phone_number_id: phone_number_id.clone(),
            token: token.reveal().to_string(),
            ca_file: ca.clone(),
        }),
    };
    Some(Writer {
        store: store.clone(),
        channel,
        keys: keys.clone(),
        senders,
        clock: clock.clone(),
    })
}

/// What hears the channel, where the configuration says by what it is known.
pub(super) fn webhook(
    config: &Config,
    store: &Store,
    keys: &Keys,
    senders: &[Sender],
    clock: &MonitorClock,
) -> Option<web::Webhook> {
    let (secret, verify) = config.channel.as_ref()?.webhook.as_ref()?;
    Some(heard(Hears {
        store: store.clone(),
        keys: keys.clone(),
        senders: senders.to_vec(),
        clock: clock.clone(),
        secret: secret.reveal().to_string(),
        verify: verify.clone(),
    }))
}

/// Answers the channel's calls.
pub fn heard(hears: Hears) -> web::Webhook {
    let hears = Arc::new(hears);
    Arc::new(move |call| {
        let hears = hears.clone();
        Box::pin(async move {
            match call {
                Call::Challenge { mode, token, challenge } => match hears.challenge(&mode, &token, &challenge) {
                    Some(challenge) => Reply::Said(challenge.to_owned()),
                    None => Reply::Forged,
                },
                Call::Told { body, signature } if hears.is_signed(&body, &signature) => match hears.take(&body).await {
                    Ok(_) => Reply::Said(String::new()),
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "what the channel tells is to be told again"
                        );
                        Reply::Again
                    }
                },
                Call::Told { .. } => Reply::Forged,
            }
        })
    })
}
