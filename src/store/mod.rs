//! The database: one module knows it. SQLite or PostgreSQL, with the same tables and the same statements.
//!
//! One connection writes, a few read.

pub mod accounts;
mod anonymise;
mod backup;
pub mod cases;
mod chain;
mod database;
mod disturb;
mod dump;
mod error;
mod file;
mod insert;
mod insight;
pub mod messages;
mod nameless;
mod open;
mod outbox;
pub mod own;
pub mod read;
mod rebuild;
mod recent;
mod removal;
mod restore;
pub mod rows;
mod server;
mod service;
mod signals;
mod snapshot;
mod tables;
#[cfg(test)]
mod tests;
mod verify;
pub mod visits;
mod words;
mod write;

use std::sync::Arc;

pub use anonymise::{Due, LastRun, Stored};
pub use chain::{Asked, Known, LedgerRow, Lookup};
use database::Pool;
pub use disturb::{Death, Disturbance, Lock, Upset};
pub use error::{Error, Result};
pub use insight::{Hits, Outcomes, Topic};
pub use nameless::Requests;
pub use outbox::{Leased, Next, OutboxCounts, Revived};
pub use rebuild::NextNumbers;
pub use removal::{BATCH, Batch, Candidate};
pub use rows::Told;
use rows::Turn;
pub use service::{Each, Span, Sum};
pub use snapshot::Snapshot;
use tokio::sync::{Mutex, MutexGuard};
pub use verify::Verified;
pub use write::Committed;
use write::{Stand, Writer};

/// An open database; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    readers: Pool,
    writing: Mutex<Writing>,
    source: open::Source,
    bounds: Bounds,
}

/// The one who writes, and what is known of what it wrote.
#[derive(Debug)]
struct Writing {
    /// `None` where the last writing failed or was given up half-way: what stands in the database is read again then.
    writer: Option<Writer>,
    /// Where the database stood when that was known last. `None`: never yet.
    stand: Option<Stand>,
    /// The turn of which nobody knows whether it was committed.
    tried: Option<Tried>,
}

/// A turn whose commit was begun and not answered: a server may have written it and its answer been lost.
#[derive(Debug)]
struct Tried {
    before: Stand,
    /// Where the database stands if it was committed.
    after: Stand,
    /// The turn itself, where it failed; whoever gave it up half-way does not come back with it.
    turn: Option<Turn>,
}

impl Writing {
    fn of(writer: Option<Writer>) -> Writing {
        Writing {
            stand: writer.as_ref().map(|writer| writer.stand),
            writer,
            tried: None,
        }
    }
}

/// How much is kept of what anybody can send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    pub quarantine_rows_max: usize,
    pub quarantine_bytes_max: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            quarantine_rows_max: 10_000,
            quarantine_bytes_max: 256 * 1024 * 1024,
        }
    }
}

/// The writer, taken out while it works. Whoever does not put it back leaves none, and the next one opens it anew: so
/// an error or a future dropped half-way cannot leave numbers behind that the database does not have.
struct Taken<'a> {
    slot: MutexGuard<'a, Writing>,
    writer: Writer,
}

impl Taken<'_> {
    fn put_back(mut self) {
        self.slot.stand = Some(self.writer.stand);
        self.slot.writer = Some(self.writer);
    }
}

impl Store {
    async fn take_writer(&self) -> Result<Taken<'_>> {
        let mut slot = self.shared.writing.lock().await;
        let writer = match slot.writer.take() {
            Some(writer) => writer,
            None => {
                let writer = Writer::open(&self.shared.source).await?;
                // The lock was open for a moment. Whoever wrote meanwhile made what this process holds in memory void.
                let expected = [slot.stand, slot.tried.as_ref().map(|tried| tried.after)];
                if slot.stand.is_some() && !expected.contains(&Some(writer.stand)) {
                    return Err(Error::Overtaken);
                }
                writer
            }
        };
        Ok(Taken { slot, writer })
    }
}
