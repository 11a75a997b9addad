//! Snapshots of what was judged: kept so that a start need not read the whole ledger. They may be lost at any time.

use super::Store;
use super::database::statements;
use super::error::{Doing as _, Result};
use crate::engine::event::OfficeId;
use crate::ledger::Head;

const READING: &str = "reading a snapshot";
const KEEPING: &str = "keeping a snapshot";

statements! {
    /// One whose place in the ledger has changed since is of no use.
    BEFORE = "SELECT s.ledger_n, s.engine, s.desk FROM snapshot AS s \
             JOIN ledger AS l ON l.n = s.ledger_n AND l.hash = s.ledger_hash \
             WHERE s.office = $1 AND s.ledger_n < $2 ORDER BY s.ledger_n DESC LIMIT 1";
    KEEP = "INSERT INTO snapshot (office, ledger_n, ledger_hash, engine, desk) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (office, ledger_n) DO UPDATE SET ledger_hash = excluded.ledger_hash, \
             engine = excluded.engine, desk = excluded.desk";
    TRIM = "DELETE FROM snapshot WHERE office = $1 AND ledger_n NOT IN \
             (SELECT ledger_n FROM snapshot WHERE office = $1 ORDER BY ledger_n DESC LIMIT 2)";
}

/// What was judged of an office's entries up to number `ledger_n`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    pub ledger_n: i64,
    pub engine: Vec<u8>,
    pub desk: Vec<u8>,
}

impl Store {
    /// The newest snapshot of an office whose place in the ledger is before number `before`.
    pub async fn snapshot_before(&self, office: &OfficeId, before: i64) -> Result<Option<Snapshot>> {
        let row = self
            .shared
            .readers
            .query(BEFORE)
            .bind(office.as_str())
            .bind(before)
            .optional()
            .await
            .doing(READING)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Snapshot {
            ledger_n: row.try_get(0).doing(READING)?,
            engine: row.try_get(1).doing(READING)?,
            desk: row.try_get(2).doing(READING)?,
        }))
    }

    /// Keeps the two newest of an office; `head` is the ledger's at the snapshot's place.
    pub async fn keep_snapshot(&self, office: &OfficeId, head: Head, engine: Vec<u8>, desk: Vec<u8>) -> Result<()> {
        let mut taken = self.take_writer().await?;
        let connection = &mut taken.writer.connection;
        connection.begin().await.doing(KEEPING)?;
        let kept = connection
            .query(KEEP)
            .bind(office.as_str().to_owned())
            .bind(head.n)
            .bind(head.hash.0.to_vec())
            .bind(engine)
            .bind(desk);
        kept.run().await.doing(KEEPING)?;
        let trimmed = connection.query(TRIM).bind(office.as_str().to_owned());
        trimmed.run().await.doing(KEEPING)?;
        connection.commit().await.doing(KEEPING)?;
        taken.put_back();
        Ok(())
    }
}
