//! The outbox: letters are leased, sent outside any transaction, and settled. Each is sent at least once.

use super::Store;
use super::database::{Row, statements};
use super::error::{Doing as _, Result};
use super::insert::without_nul;
use super::rows::NewLetter;
use super::words::{language, letter_kind};
use crate::engine::time::Moment;

const LEASING: &str = "taking letters from the outbox";
const SETTLING: &str = "settling a letter";
const REVIVING: &str = "taking a letter into the outbox again";
const COUNTING: &str = "counting the outbox";

/// A letter that is ours to send until the lease ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leased {
    pub n: i64,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    pub letter: NewLetter,
}

/// What becomes of a letter that could not be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// It is tried again, not before this moment.
    Due(Moment),
    /// It is given up, at this moment, and shown until somebody deals with it.
    Dead(Moment),
}

/// Which letters that were given up are to be tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revived {
    One(i64),
    All,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OutboxCounts {
    /// Neither sent nor given up.
    pub waiting: i64,
    pub dead: i64,
    /// When the oldest letter that waits was written.
    pub oldest_waiting: Option<Moment>,
    /// Its number.
    pub oldest_number: Option<i64>,
}

/// A letter can be sent once those before it in its thread are sent or given up: nobody is told that something ended of
/// which he was never told.
macro_rules! in_its_turn {
    ($sql:literal) => {
        concat!(
            $sql,
            " AND sent_ms IS NULL AND dead_ms IS NULL AND NOT EXISTS (SELECT 1 FROM outbox AS before",
            " WHERE before.incident = outbox.incident AND before.person = outbox.person AND before.n < outbox.n",
            " AND before.sent_ms IS NULL AND before.dead_ms IS NULL)",
            // Also a digest that told of the incident among others.
            " AND NOT EXISTS (SELECT 1 FROM outbox AS first WHERE first.message_id = outbox.in_reply_to",
            " AND first.sent_ms IS NULL AND first.dead_ms IS NULL)"
        )
    };
}

// A letter to the holder of an account holds a key to it: once it is gone, or given up, its text is gone as well.
statements! {
    LEASE = concat!(
        "UPDATE outbox SET leased_until_ms = $1, attempts = attempts + 1 WHERE n IN (",
        in_its_turn!(
            "SELECT n FROM outbox WHERE due_ms <= $2 AND (leased_until_ms IS NULL OR leased_until_ms <= $2)"
        ),
        " ORDER BY due_ms, n LIMIT $3) RETURNING n, attempts, incident, kind, person, address, language, subject,",
        " message_id, in_reply_to, text_body, html_body, created_ms, due_ms"
    );
    NEXT_DUE = in_its_turn!(
        "SELECT min(CASE WHEN leased_until_ms > due_ms THEN leased_until_ms ELSE due_ms END) FROM outbox WHERE TRUE"
    );
    COUNTS = "SELECT count(*), min(created_ms), min(n), (SELECT count(*) FROM outbox WHERE dead_ms IS NOT NULL) \
             FROM outbox WHERE sent_ms IS NULL AND dead_ms IS NULL";
    END_LEASES = "UPDATE outbox SET leased_until_ms = NULL WHERE sent_ms IS NULL AND dead_ms IS NULL";
    SETTLE_SENT = "UPDATE outbox SET sent_ms = $1, dead_ms = NULL, leased_until_ms = NULL, last_error = NULL, \
             text_body = CASE WHEN kind = 'account' THEN '' ELSE text_body END, \
             html_body = CASE WHEN kind = 'account' THEN '' ELSE html_body END WHERE n = $2 AND sent_ms IS NULL";
    SETTLE_FAILED = "UPDATE outbox SET due_ms = coalesce($1, due_ms), dead_ms = $2, leased_until_ms = NULL, last_error = $3, \
             text_body = CASE WHEN kind = 'account' AND CAST($2 AS BIGINT) IS NOT NULL THEN '' ELSE text_body END, \
             html_body = CASE WHEN kind = 'account' AND CAST($2 AS BIGINT) IS NOT NULL THEN '' ELSE html_body END WHERE n = $4 AND attempts = $5 AND sent_ms IS NULL AND dead_ms IS NULL";
    REVIVE = "UPDATE outbox SET dead_ms = NULL, leased_until_ms = NULL, attempts = 0, due_ms = $1 \
             WHERE dead_ms IS NOT NULL AND sent_ms IS NULL AND kind <> 'account' AND anonymised_ms IS NULL AND (n = $2 OR $2 IS NULL)";
}

impl Store {
    /// Takes up to `count` letters that are due, for `lease_ms`; those of a lease that ended are taken again.
    pub async fn lease(&self, now: Moment, count: usize, lease_ms: i64) -> Result<Vec<Leased>> {
        let mut taken = self.take_writer().await?;
        let rows = taken
            .writer
            .connection
            .query(LEASE)
            .bind(now.plus_ms(lease_ms).0)
            .bind(now.0)
            .bind(i64::try_from(count).unwrap_or(i64::MAX))
            .all()
            .await
            .doing(LEASING)?;
        taken.put_back();
        let mut letters = rows.iter().map(leased).collect::<Result<Vec<_>>>()?;
        letters.sort_by_key(|leased| (leased.letter.due, leased.n));
        Ok(letters)
    }

    /// Ends all leases: a process that starts is the only one, so whoever held them is dead. Its letters may have
    /// been sent; they are sent again rather than not at all.
    pub async fn end_leases(&self) -> Result<()> {
        let mut taken = self.take_writer().await?;
        taken.writer.connection.query(END_LEASES).run().await.doing(LEASING)?;
        taken.put_back();
        Ok(())
    }

    /// The mail server has taken the letter. This counts also after the lease has ended, for it is a fact.
    pub async fn settle_sent(&self, n: i64, sent: Moment) -> Result<()> {
        let mut taken = self.take_writer().await?;
        taken
            .writer
            .connection
            .query(SETTLE_SENT)
            .bind(sent.0)
            .bind(n)
            .run()
            .await
            .doing(SETTLING)?;
        taken.put_back();
        Ok(())
    }

    /// The letter could not be sent. Nothing changes where the lease has ended and somebody else holds a newer one.
    pub async fn settle_failed(&self, n: i64, attempt: i64, next: Next, error: &str) -> Result<()> {
        let (due, dead) = match next {
            Next::Due(due) => (Some(due.0), None),
            Next::Dead(dead) => (None, Some(dead.0)),
        };
        let mut taken = self.take_writer().await?;
        taken
            .writer
            .connection
            .query(SETTLE_FAILED)
            .bind(due)
            .bind(dead)
            .bind(without_nul(error.into()))
            .bind(n)
            .bind(attempt)
            .run()
            .await
            .doing(SETTLING)?;
        taken.put_back();
        Ok(())
    }

    /// Takes letters that were given up into the outbox again, as if they had never been tried, and answers how many. It
    /// has a connection of its own, so that it can be asked of a store that is open to read beside a running monitor:
    /// it touches no number that the monitor holds in memory.
    pub async fn revive(&self, which: Revived, now: Moment) -> Result<u64> {
        let mut connection = self.connect_beside().await?;
        let n = match which {
            Revived::One(n) => Some(n),
            Revived::All => None,
        };
        let done = connection
            .query(REVIVE)
            .bind(now.0)
            .bind(n)
            .run()
            .await
            .doing(REVIVING)?;
        connection.close().await.doing(REVIVING)?;
        Ok(done)
    }

    /// When the next letter can be leased; `None` where none waits.
    pub async fn next_due(&self) -> Result<Option<Moment>> {
        let row = self.shared.readers.query(NEXT_DUE).one().await.doing(COUNTING)?;
        let due: Option<i64> = row.try_get(0).doing(COUNTING)?;
        Ok(due.map(Moment))
    }

    pub async fn outbox_counts(&self) -> Result<OutboxCounts> {
        let row = self.shared.readers.query(COUNTS).one().await.doing(COUNTING)?;
        let (waiting, oldest, oldest_number, dead) =
            row.tuple::<(i64, Option<i64>, Option<i64>, i64)>().doing(COUNTING)?;
        Ok(OutboxCounts {
            waiting,
            dead,
            oldest_waiting: oldest.map(Moment),
            oldest_number,
        })
    }
}

fn leased(row: &Row) -> Result<Leased> {
    Ok(Leased {
        n: row.try_get(0).doing(LEASING)?,
        attempt: row.try_get(1).doing(LEASING)?,
        letter: NewLetter {
            incident: row.try_get(2).doing(LEASING)?,
            kind: letter_kind(row.try_get(3).doing(LEASING)?)?,
            person: row.try_get(4).doing(LEASING)?,
            address: row.try_get(5).doing(LEASING)?,
            language: language(row.try_get(6).doing(LEASING)?)?,
            subject: row.try_get(7).doing(LEASING)?,
            message_id: row.try_get(8).doing(LEASING)?,
            in_reply_to: row.try_get(9).doing(LEASING)?,
            text_body: row.try_get(10).doing(LEASING)?,
            html_body: row.try_get(11).doing(LEASING)?,
            created: Moment(row.try_get(12).doing(LEASING)?),
            due: Moment(row.try_get(13).doing(LEASING)?),
        },
    })
}
