//! Verifies the whole ledger once a day while the monitor works, and remembers what came of it for the page of its health.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::MonitorClock;
use crate::store::{Error, Store};
use crate::telemetry::Metrics;

/// What a start has to do comes first.
const FIRST: Duration = Duration::from_secs(120);
const EVERY: Duration = Duration::from_secs(86_400);
/// One that could not be read is tried again sooner.
const AGAIN: Duration = Duration::from_secs(600);

/// Verifies until `shutdown`.
pub async fn run(store: Store, metrics: Arc<Metrics>, clock: MonitorClock, shutdown: impl Future<Output = ()>) {
    tokio::pin!(shutdown);
    let mut pause = FIRST;
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            () = tokio::time::sleep(pause) => {}
        }
        let verified = tokio::select! {
            () = &mut shutdown => return,
            verified = store.verify(None) => verified,
        };
        pause = EVERY;
        match verified {
            Ok(head) => {
                metrics.ledger_broken_at.set(0);
                metrics.ledger_verified_to.set(head.n);
                metrics.ledger_verified_ms.set(clock.now().0);
            }
            Err(Error::Broken(broken)) => {
                tracing::error!(
                    entry = broken.n,
                    "the ledger is not whole: run `jagaloket ledger verify`"
                );
                metrics.ledger_broken_at.set(broken.n.max(1));
                metrics.ledger_verified_ms.set(clock.now().0);
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the ledger could not be verified"
                );
                pause = AGAIN;
            }
        }
    }
}
