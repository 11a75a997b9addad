//! A database that does not take what is to be written: it is waited for, shown and told once.

use std::mem::{Discriminant, discriminant};

use super::Daemon;
use crate::clock::instant;
use crate::live::{Live, Unwritten};
use crate::store::Error;

/// How soon the same is tried again.
const AGAIN_MS: i64 = 1_000;

/// What the present outage has said so far.
pub struct Outage {
    began: std::time::Instant,
    told: Vec<Discriminant<Error>>,
}

impl Daemon {
    /// Says what is wrong where that is new, and waits a moment.
    pub(super) async fn wait_for_database(&mut self, error: Error) {
        // Not its words: they say what was being done, which changes while the reason stays.
        let kind = discriminant(&error);
        let why = format!("{:#}", anyhow::Error::new(error));
        let outage = self.memory.outage.get_or_insert_with(|| Outage {
            began: instant(),
            told: Vec::new(),
        });
        if !outage.told.contains(&kind) {
            tracing::error!(
                error = why,
                "nothing is acknowledged until it is written; trying again each second"
            );
            outage.told.push(kind);
        }
        let since = self.clock.now();
        self.live.send_modify(|live| {
            let since = live.unwritten.as_ref().map_or(since, |before| before.since);
            let unwritten = Some(Unwritten { since, why });
            if live.unwritten != unwritten {
                *live = std::sync::Arc::new(Live {
                    unwritten,
                    ..Live::clone(live)
                });
            }
        });
        tokio::time::sleep(self.clock.real(AGAIN_MS)).await;
    }

    /// What was to be written is written; the next look at the daemon shows it.
    pub(super) fn database_answers(&mut self) {
        if let Some(outage) = self.memory.outage.take() {
            let seconds = outage.began.elapsed().as_secs();
            tracing::info!(seconds, "the database takes what is written again");
        }
    }
}
