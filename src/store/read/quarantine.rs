//! Quarantine as people look at it: of the offices they may see, by the topic it came under.

use super::{READING, limit, moment};
use crate::accounts::Scope;
use crate::engine::time::Moment;
use crate::store::Store;
use crate::store::database::{Row, statements};
use crate::store::error::{Doing as _, Result};

statements! {
    QUARANTINED = "SELECT n, received_ms, topic, code, reason, substr(payload, 1, CAST($5 AS INTEGER)), \
             CAST(length(payload) AS BIGINT) FROM quarantine \
             WHERE (code = $2 OR $2 IS NULL) AND (n < $3 OR $3 IS NULL) \
             AND EXISTS (SELECT 1 FROM ", any_of(1), " AS known WHERE known.value = '*' OR substr(topic, 1, length(known.value)) = known.value) ORDER BY n DESC LIMIT $4";
    QUARANTINED_ONE = "SELECT n, received_ms, topic, code, reason, payload, CAST(length(payload) AS BIGINT) FROM quarantine WHERE n = $2 AND EXISTS (SELECT 1 FROM ", any_of(1), " AS known WHERE known.value = '*' OR substr(topic, 1, length(known.value)) = known.value)";
    QUARANTINE_COUNTS = "SELECT code, CAST(sum(count) AS BIGINT), (SELECT count(*) FROM quarantine AS q WHERE q.code = c.code) \
             FROM quarantine_count AS c GROUP BY code ORDER BY 2 DESC, 1";
}

/// What was not accepted; of its payload as much as was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuarantineRow {
    pub n: i64,
    pub received: Moment,
    pub topic: String,
    pub code: String,
    pub reason: String,
    pub payload: Vec<u8>,
    pub payload_bytes: usize,
}

/// How often a reason came up, ever and on the last day it did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuarantineCount {
    pub code: String,
    /// Of all time, also what is not kept any more.
    pub count: i64,
    /// Still kept whole.
    pub kept: i64,
}

impl Store {
    /// Quarantine, the newest first; of each payload its first `payload_bytes`.
    pub async fn quarantined(
        &self,
        scope: &Scope,
        code: Option<&str>,
        before: Option<i64>,
        count: usize,
        payload_bytes: usize,
    ) -> Result<Vec<QuarantineRow>> {
        let rows = self
            .shared
            .readers
            .query(QUARANTINED)
            .bind_texts(&scope.topics())
            .bind(code)
            .bind(before)
            .bind(limit(count))
            .bind(limit(payload_bytes))
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(quarantine_row).collect()
    }

    /// One message in quarantine, whole.
    pub async fn quarantined_one(&self, scope: &Scope, n: i64) -> Result<Option<QuarantineRow>> {
        let row = self
            .shared
            .readers
            .query(QUARANTINED_ONE)
            .bind_texts(&scope.topics())
            .bind(n)
            .optional()
            .await
            .doing(READING)?;
        row.as_ref().map(quarantine_row).transpose()
    }

    /// Quarantine by reason, the commonest first.
    pub async fn quarantine_counts(&self) -> Result<Vec<QuarantineCount>> {
        let rows = self
            .shared
            .readers
            .query(QUARANTINE_COUNTS)
            .all()
            .await
            .doing(READING)?;
        rows.iter()
            .map(|row| {
                let (code, count, kept) = row.tuple().doing(READING)?;
                Ok(QuarantineCount { code, count, kept })
            })
            .collect()
    }
}

fn quarantine_row(row: &Row) -> Result<QuarantineRow> {
    let bytes: i64 = row.try_get(6).doing(READING)?;
    Ok(QuarantineRow {
        n: row.try_get(0).doing(READING)?,
        received: moment(row, 1)?,
        topic: row.try_get(2).doing(READING)?,
        code: row.try_get(3).doing(READING)?,
        reason: row.try_get(4).doing(READING)?,
        payload: row.try_get(5).doing(READING)?,
        payload_bytes: usize::try_from(bytes).unwrap_or_default(),
    })
}
