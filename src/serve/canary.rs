//! The canary: a counter that does not exist breaks a policy on schedule, and the way to the mail server's word is
//! measured. It goes the way of every event, from behind the broker on: intake, engine, incident, letter, outbox, SMTP.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::{MonitorClock, instant};
use crate::daemon::desk::{PolicyTexts, Texts};
use crate::engine::time::Moment;
use crate::inbound::{Inbound, Receipt};
use crate::store::Store;
use crate::telemetry::Metrics;

/// An office of its own, so that it is nobody's business but the technician's.
pub const OFFICE: &str = "canary";
const POLICY: &str = "canary-trial";

/// How often it flies, in real time.
#[derive(Clone, Debug)]
pub struct Settings {
    pub every: Duration,
    /// A letter that the mail server has not taken by then counts as failed.
    pub within: Duration,
}

/// What the daemon judges it by.
pub fn texts(address: &str) -> Texts {
    let roster = format!(
        "[office]\nid = \"{OFFICE}\"\nname = \"Uji jalur Jagaloket\"\ntimezone = \"Asia/Jakarta\"\n\
         [[counter]]\nid = \"loket-canary\"\nheartbeat_every = \"0s\"\n\
         [[lockbox]]\nid = \"loker-canary\"\nname = \"Loker uji\"\nheartbeat_every = \"0s\"\n\
         [[technician]]\nid = \"canary\"\nname = \"Penerima uji jalur\"\nemail = {address:?}\n"
    );
    let policy = format!(
        "id = \"{POLICY}\"\ntitle = {{ id = \"Uji jalur: bukan kejadian\", en = \"Trial of the way: nothing happened\" }}\n\
         basis = \"Uji jalur berkala\"\nverdict = \"technical\"\nseverity = \"info\"\nper = \"lockbox\"\n\
         on = [\"lockbox.forced\"]\nnotify = [\"technician\"]\ngroup_within = \"1s\"\n"
    );
    Texts {
        roster,
        policies: PolicyTexts([(POLICY.to_owned(), policy)].into()),
    }
}

/// Flies until `shutdown`, first at once.
pub async fn run(
    settings: Settings,
    store: Store,
    inbound: mpsc::Sender<Inbound>,
    metrics: Arc<Metrics>,
    clock: MonitorClock,
    shutdown: impl Future<Output = ()>,
) {
    tokio::pin!(shutdown);
    let mut failed = 0;
    loop {
        let began = instant();
        let flown = tokio::select! {
            () = &mut shutdown => return,
            flown = fly(&settings, &store, &inbound, &clock) => flown,
        };
        match flown {
            Ok(()) => {
                metrics.canary_seconds.observe(began.elapsed());
                failed = 0;
            }
            Err(why) => {
                failed += 1;
                tracing::error!(why, failed, "the canary's mail was not accepted");
            }
        }
        metrics.canary_failed.set(failed);
        tokio::select! {
            () = &mut shutdown => return,
            () = tokio::time::sleep(settings.every) => {}
        }
    }
}

/// One flight: an event, and then its letter in the mail server's hands.
async fn fly(
    settings: &Settings,
    store: &Store,
    inbound: &mpsc::Sender<Inbound>,
    clock: &MonitorClock,
) -> Result<(), &'static str> {
    let left = clock.now();
    let id = uuid::Uuid::now_v7();
    let time = left.rfc3339(chrono_tz::UTC);
    let payload = format!(
        "{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"source\":\"/{OFFICE}/loker-canary\",\"type\":\"lockbox.forced\",\
         \"time\":\"{time}\",\"data\":{{\"slot\":1}}}}"
    );
    let (receipt, committed) = Receipt::held();
    let message = Inbound {
        topic: format!("jagaloket/v1/{OFFICE}/loker-canary/events"),
        payload: payload.into_bytes(),
        retained: false,
        refused: None,
        receipt,
    };
    let flight = async {
        if inbound.send(message).await.is_err() || committed.await.is_err() {
            return Err("its event was not kept");
        }
        while !taken(store, left).await {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Ok(())
    };
    tokio::time::timeout(settings.within, flight)
        .await
        .unwrap_or(Err("the mail server has not taken it in time"))
}

/// Whether the mail server has taken a letter of this flight: one of an earlier flight, taken late, says nothing of it.
async fn taken(store: &Store, left: Moment) -> bool {
    let flights = store.flights(left, Moment::MAX).await.unwrap_or_default();
    flights.iter().any(|(_, taken)| taken.is_some())
}
