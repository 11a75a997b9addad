//! The database: one module knows it.
//!
//! One connection writes, a few read. SQLite for now; the tables and most statements are such that PostgreSQL can join.

mod chain;
mod disturb;
mod error;
mod open;
mod outbox;
pub mod read;
mod rebuild;
pub mod rows;
#[cfg(test)]
mod tests;
mod words;
mod write;

use std::sync::Arc;

pub use chain::{Known, LedgerRow};
pub use disturb::{Death, Disturbance, Lock, Upset};
pub use error::{Error, Result};
pub use outbox::{Leased, Next, OutboxCounts, Revived};
pub use rebuild::NextNumbers;
pub use rows::Told;
use sqlx::SqlitePool;
use tokio::sync::{Mutex, MutexGuard};
pub use write::Committed;
use write::Writer;

/// An open database; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    readers: SqlitePool,
    /// `None` where the last writing failed or was given up half-way: what stands in the database is read again then.
    writer: Mutex<Option<Writer>>,
    place: open::Place,
    bounds: Bounds,
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
    slot: MutexGuard<'a, Option<Writer>>,
    writer: Writer,
}

impl Taken<'_> {
    fn put_back(mut self) {
        *self.slot = Some(self.writer);
    }
}

impl Store {
    async fn take_writer(&self) -> Result<Taken<'_>> {
        let mut slot = self.shared.writer.lock().await;
        let writer = match slot.take() {
            Some(writer) => writer,
            None => Writer::open(&self.shared.place).await?,
        };
        Ok(Taken { slot, writer })
    }
}
