//! Keeps the minutes of service up to date with the ledger, in the pauses that this takes.

use std::time::Duration;

use crate::engine::event::OfficeId;
use crate::past::Measuring;
use crate::store::Store;

/// The shortest pause between two looks; after a long one it is longer, so that measuring never takes much of a machine.
const PAUSE: Duration = Duration::from_secs(60);
/// A pause is at least so many times as long as the look before it.
const PAUSE_TIMES: u32 = 20;

/// Measures until `stop`. What fails is tried again with the next look.
pub async fn run(store: Store, offices: Vec<OfficeId>, settle_after_ms: i64, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let (mut failing, mut measuring) = (false, Measuring::default());
    loop {
        let began = crate::clock::instant();
        let look = async {
            for office in &offices {
                measuring.measure(&store, office, settle_after_ms).await?;
            }
            anyhow::Ok(())
        };
        let looked = tokio::select! {
            biased;
            () = &mut stop => return,
            looked = look => looked,
        };
        match looked {
            Ok(()) => failing = false,
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(error = format!("{error:#}"), "minutes of service could not be measured");
            }
            Err(_) => {}
        }
        let pause = PAUSE.max(began.elapsed() * PAUSE_TIMES);
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
