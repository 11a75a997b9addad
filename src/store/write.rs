//! Writes a turn: one transaction, all of it or nothing.

use std::collections::{BTreeMap, HashSet, VecDeque};

use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use super::chain::{head, identity};
use super::error::{Doing as _, Error, Result};
use super::open::Place;
use super::rows::{IncidentRow, NewEntry, NewLetter, Quarantined, Turn, VerdictRow, VerdictStep};
use super::words::{of_incident_state, of_language};
use super::{Bounds, Store};
use crate::engine::event::{DeviceId, OfficerId};
use crate::ledger::{Entry, Head};

const COMMITTING: &str = "writing to the database";

/// The one connection that writes, and the last numbers it gave.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: SqliteConnection,
    head: Head,
    last_step: i64,
    last_letter: i64,
    quarantine: Kept,
}

/// What stands in quarantine: the number and bytes of each row, the oldest first.
#[derive(Clone, Debug, Default)]
struct Kept {
    rows: VecDeque<(i64, usize)>,
    bytes: usize,
    last: i64,
}

/// What a turn came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The ledger's head behind the turn.
    pub head: Head,
    /// The numbers of the turn's letters, in their order.
    pub letters: Vec<i64>,
}

impl Store {
    /// Writes all of a turn in one transaction, or nothing of it. When this answers `Ok`, it is on the disk.
    pub async fn commit(&self, turn: &Turn) -> Result<Committed> {
        let mut taken = self.take_writer().await?;
        let committed = taken.writer.commit(turn, &self.shared.bounds).await?;
        taken.put_back();
        Ok(committed)
    }
}

impl Writer {
    pub(super) async fn open(place: &Place) -> Result<Writer> {
        let doing = "reading where the database stands";
        let mut connection = place.connect().await?;
        // Another connection of ours may still be at work on a turn that was given up; this waits for it.
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.doing(doing)?;
        let head = head(&mut *transaction).await?;
        let last_step = last(&mut transaction, "SELECT coalesce(max(n), 0) FROM verdict_step").await?;
        let last_letter = last(&mut transaction, "SELECT coalesce(max(n), 0) FROM outbox").await?;
        let rows =
            sqlx::query_as::<_, (i64, i64)>("SELECT n, length(payload) + length(topic) FROM quarantine ORDER BY n")
                .fetch_all(&mut *transaction)
                .await
                .doing(doing)?;
        transaction.commit().await.doing(doing)?;
        let mut quarantine = Kept::default();
        for (n, bytes) in rows {
            quarantine.push(n, usize::try_from(bytes).unwrap_or_default());
        }
        Ok(Writer {
            connection,
            head,
            last_step,
            last_letter,
            quarantine,
        })
    }

    pub(super) async fn close(self) -> Result<()> {
        self.connection.close().await.doing("closing the database")
    }

    async fn commit(&mut self, turn: &Turn, bounds: &Bounds) -> Result<Committed> {
        if turn.is_empty() {
            return Ok(Committed {
                head: self.head,
                letters: Vec::new(),
            });
        }
        let entries = chained(self.head, &turn.entries);
        let head = entries.last().map_or(self.head, |entry| entry.head);
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await.doing(COMMITTING)?;

        refuse_known(&mut transaction, &entries).await?;
        insert(&mut transaction, &LEDGER, &entries, bind_entry).await?;

        let kept = quarantine(&mut transaction, &self.quarantine, &turn.quarantined, bounds).await?;

        insert(&mut transaction, &INCIDENT, &turn.incidents, bind_incident).await?;
        insert(&mut transaction, &VERDICT, &turn.verdicts, bind_verdict).await?;
        let steps: Vec<_> = (self.last_step + 1..).zip(&turn.steps).collect();
        insert(&mut transaction, &STEP, &steps, bind_step).await?;
        let letters: Vec<_> = (self.last_letter + 1..).zip(&turn.letters).collect();
        insert(&mut transaction, &LETTER, &letters, bind_letter).await?;
        insert(&mut transaction, &STATUS, &turn.statuses, |query, status| {
            query
                .bind(status.office.as_str())
                .bind(status.device.as_str())
                .bind(if status.online { "online" } else { "offline" })
                .bind(status.at.0)
        })
        .await?;

        transaction.commit().await.doing(COMMITTING)?;
        self.head = head;
        self.last_step += steps.len() as i64;
        self.last_letter += letters.len() as i64;
        if let Some(kept) = kept {
            self.quarantine = kept;
        }
        Ok(Committed {
            head,
            letters: letters.iter().map(|(n, _)| *n).collect(),
        })
    }
}

async fn last(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64> {
    let row = sqlx::query(sql).fetch_one(connection).await;
    row.and_then(|row| row.try_get(0))
        .doing("reading where the database stands")
}

/// An entry with its number, its hash (in the head behind it) and its identity.
struct Chained<'a> {
    entry: &'a NewEntry,
    head: Head,
    identity: i64,
}

fn chained(mut head: Head, entries: &[NewEntry]) -> Vec<Chained<'_>> {
    let chain = entries.iter().map(|entry| {
        head = next(head, entry);
        Chained {
            entry,
            head,
            identity: identity(&entry.source, &entry.id),
        }
    });
    chain.collect()
}

fn next(head: Head, entry: &NewEntry) -> Head {
    head.append(&Entry {
        n: head.n + 1,
        received: entry.received,
        kind: entry.kind.as_str(),
        office: entry.office.as_str(),
        source: &entry.source,
        id: &entry.id,
        time: entry.time,
        body: &entry.body,
        clock: entry.clock,
    })
}

/// The daemon asks before whether an identity is known; that it is written once rests on this alone.
async fn refuse_known(connection: &mut SqliteConnection, entries: &[Chained<'_>]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let known = |device: &str, id: &str| Error::Known {
        device: device.to_owned(),
        id: id.to_owned(),
    };
    let mut new = HashSet::with_capacity(entries.len());
    for Chained { entry, .. } in entries {
        if !new.insert((entry.source.as_str(), entry.id.as_str())) {
            return Err(known(&entry.source, &entry.id));
        }
    }
    let identities: Vec<i64> = entries.iter().map(|entry| entry.identity).collect();
    let rows = sqlx::query_as::<_, (String, String)>(
        "SELECT source, id FROM ledger WHERE identity IN (SELECT value FROM json_each($1))",
    )
    .bind(super::chain::json_list(&identities))
    .fetch_all(connection)
    .await
    .doing(COMMITTING)?;
    match rows.iter().find(|(source, id)| new.contains(&(source, id))) {
        Some((source, id)) => Err(known(source, id)),
        None => Ok(()),
    }
}

/// Puts rows into quarantine, drops the oldest beyond the bounds, and counts all of them.
async fn quarantine(
    connection: &mut SqliteConnection,
    kept: &Kept,
    rows: &[Quarantined],
    bounds: &Bounds,
) -> Result<Option<Kept>> {
    if rows.is_empty() {
        return Ok(None);
    }
    let mut kept = kept.clone();
    let before = kept.last;
    for row in rows {
        kept.push(kept.last + 1, row.payload.len() + row.topic.len());
    }
    kept.trim(bounds);
    let first = kept.rows.front().map_or(kept.last + 1, |(n, _)| *n);
    sqlx::query("DELETE FROM quarantine WHERE n < $1")
        .bind(first)
        .execute(&mut *connection)
        .await
        .doing(COMMITTING)?;
    let new: Vec<_> = (before + 1..).zip(rows).filter(|(n, _)| *n >= first).collect();
    insert(connection, &QUARANTINE, &new, |query, (n, row)| {
        query
            .bind(*n)
            .bind(row.received.0)
            .bind(row.topic.as_str())
            .bind(row.code)
            .bind(row.reason.as_str())
            .bind(row.payload.as_slice())
    })
    .await?;
    let mut counts: BTreeMap<(&str, String), i64> = BTreeMap::new();
    for row in rows {
        let day = row.received.date(chrono_tz::UTC).to_string();
        *counts.entry((row.code, day)).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    insert(connection, &COUNT, &counts, |query, ((code, day), count)| {
        query.bind(*code).bind(day.as_str()).bind(*count)
    })
    .await?;
    Ok(Some(kept))
}

impl Kept {
    fn push(&mut self, n: i64, bytes: usize) {
        self.rows.push_back((n, bytes));
        self.bytes += bytes;
        self.last = n;
    }

    fn trim(&mut self, bounds: &Bounds) {
        while self.rows.len() > bounds.quarantine_rows_max || self.bytes > bounds.quarantine_bytes_max {
            let Some((_, bytes)) = self.rows.pop_front() else {
                return;
            };
            self.bytes -= bytes;
        }
    }
}

type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

/// A statement that takes many rows at once, which is where the speed of a large turn comes from.
struct Insert {
    into: &'static str,
    columns: usize,
    then: &'static str,
}

const LEDGER: Insert = Insert {
    into: "INSERT INTO ledger (n, received_ms, kind, office, source, id, time_ms, identity, body, hash, clock) VALUES ",
    columns: 11,
    then: "",
};

const QUARANTINE: Insert = Insert {
    into: "INSERT INTO quarantine (n, received_ms, topic, code, reason, payload) VALUES ",
    columns: 6,
    then: "",
};

const COUNT: Insert = Insert {
    into: "INSERT INTO quarantine_count (code, day, count) VALUES ",
    columns: 3,
    then: " ON CONFLICT (code, day) DO UPDATE SET count = quarantine_count.count + excluded.count",
};

const INCIDENT: Insert = Insert {
    into: "INSERT INTO incident (n, office, policy, class, severity, counter, lockbox, officer, date, since_ms, until_ms, \
           state, joined_to, created_ms, changed_ms) VALUES ",
    columns: 15,
    then: " ON CONFLICT (n) DO UPDATE SET office = excluded.office, policy = excluded.policy, class = excluded.class, \
           severity = excluded.severity, counter = excluded.counter, lockbox = excluded.lockbox, \
           officer = excluded.officer, date = excluded.date, since_ms = excluded.since_ms, \
           until_ms = excluded.until_ms, state = excluded.state, joined_to = excluded.joined_to, \
           created_ms = excluded.created_ms, changed_ms = excluded.changed_ms",
};

const VERDICT: Insert = Insert {
    into: "INSERT INTO verdict (n, incident, office, policy, class, severity, counter, lockbox, officer, since_ms, \
           opened_ms, until_ms, evidence, state, changed_ms, policy_hash, engine) VALUES ",
    columns: 17,
    then: " ON CONFLICT (n) DO UPDATE SET incident = excluded.incident, office = excluded.office, \
           policy = excluded.policy, class = excluded.class, severity = excluded.severity, \
           counter = excluded.counter, lockbox = excluded.lockbox, officer = excluded.officer, \
           since_ms = excluded.since_ms, opened_ms = excluded.opened_ms, until_ms = excluded.until_ms, \
           evidence = excluded.evidence, state = excluded.state, changed_ms = excluded.changed_ms, \
           policy_hash = coalesce(excluded.policy_hash, verdict.policy_hash), \
           engine = coalesce(excluded.engine, verdict.engine)",
};

const STEP: Insert = Insert {
    into: "INSERT INTO verdict_step (n, verdict, at_ms, step, reason, since_ms, opened_ms, until_ms) VALUES ",
    columns: 8,
    then: "",
};

const LETTER: Insert = Insert {
    into: "INSERT INTO outbox (n, incident, kind, person, address, language, subject, message_id, in_reply_to, \
           text_body, html_body, created_ms, due_ms, attempts) VALUES ",
    columns: 14,
    then: "",
};

const STATUS: Insert = Insert {
    into: "INSERT INTO device_status (office, device, state, at_ms) VALUES ",
    columns: 4,
    then: " ON CONFLICT (office, device) DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms",
};

impl Insert {
    /// The placeholders have no numbers: SQLite looks those up one by one for each value, which takes nearly half of
    /// the time of a large turn. (Another database would take many rows in another way anyhow.)
    fn sql(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        format!("{}{}{}", self.into, vec![row; rows].join(", "), self.then)
    }
}

async fn insert<T>(
    connection: &mut SqliteConnection,
    insert: &Insert,
    mut rows: &[T],
    bind: impl for<'q> Fn(Bound<'q>, &T) -> Bound<'q>,
) -> Result<()> {
    // Few sizes, so that the statements stay prepared.
    for size in [128, 16, 1] {
        if rows.len() < size {
            continue;
        }
        let sql = insert.sql(size);
        while let Some((some, rest)) = rows.split_at_checked(size) {
            let query = sqlx::query(AssertSqlSafe(sql.clone()));
            some.iter()
                .fold(query, &bind)
                .execute(&mut *connection)
                .await
                .doing(COMMITTING)?;
            rows = rest;
        }
    }
    Ok(())
}

fn bind_entry<'q>(query: Bound<'q>, row: &Chained<'_>) -> Bound<'q> {
    let entry = row.entry;
    query
        .bind(row.head.n)
        .bind(entry.received.0)
        .bind(entry.kind.as_str())
        .bind(entry.office.as_str())
        .bind(entry.source.as_str())
        .bind(entry.id.as_str())
        .bind(entry.time.0)
        .bind(row.identity)
        .bind(entry.body.as_slice())
        .bind(row.head.hash.0.as_slice())
        .bind(entry.clock)
}

fn device(id: &Option<DeviceId>) -> Option<&str> {
    id.as_ref().map(DeviceId::as_str)
}

fn officer(id: &Option<OfficerId>) -> Option<&str> {
    id.as_ref().map(OfficerId::as_str)
}

fn bind_incident<'q>(query: Bound<'q>, row: &IncidentRow) -> Bound<'q> {
    let (state, joined_to) = of_incident_state(row.state);
    query
        .bind(row.n)
        .bind(row.office.as_str())
        .bind(row.policy.as_str())
        .bind(row.class.as_str())
        .bind(row.severity.as_str())
        .bind(device(&row.counter))
        .bind(device(&row.lockbox))
        .bind(officer(&row.officer))
        .bind(row.date.as_str())
        .bind(row.since.0)
        .bind(row.until.map(|until| until.0))
        .bind(state)
        .bind(joined_to)
        .bind(row.created.0)
        .bind(row.changed.0)
}

fn bind_verdict<'q>(query: Bound<'q>, row: &VerdictRow) -> Bound<'q> {
    let verdict = &row.verdict;
    query
        .bind(row.n)
        .bind(row.incident)
        .bind(verdict.office.as_str())
        .bind(verdict.policy.as_str())
        .bind(verdict.class.as_str())
        .bind(verdict.severity.as_str())
        .bind(device(&verdict.counter))
        .bind(device(&verdict.lockbox))
        .bind(officer(&verdict.officer))
        .bind(verdict.since.0)
        .bind(verdict.opened.0)
        .bind(verdict.until.map(|until| until.0))
        .bind(serde_json::json!(verdict.evidence).to_string())
        .bind(if row.retracted { "retracted" } else { "standing" })
        .bind(row.changed.0)
        .bind(row.pin.as_ref().map(|pin| pin.policy_hash.clone()))
        .bind(row.pin.as_ref().map(|pin| pin.engine.clone()))
}

fn bind_step<'q>(query: Bound<'q>, (n, step): &(i64, &VerdictStep)) -> Bound<'q> {
    query
        .bind(*n)
        .bind(step.verdict)
        .bind(step.at.0)
        .bind(step.kind.as_str())
        .bind(step.reason.as_str())
        .bind(step.since.0)
        .bind(step.opened.0)
        .bind(step.until.map(|until| until.0))
}

fn bind_letter<'q>(query: Bound<'q>, (n, letter): &(i64, &NewLetter)) -> Bound<'q> {
    query
        .bind(*n)
        .bind(letter.incident)
        .bind(letter.kind.as_str())
        .bind(letter.person.as_str())
        .bind(letter.address.as_str())
        .bind(of_language(letter.language))
        .bind(letter.subject.as_str())
        .bind(letter.message_id.as_str())
        .bind(letter.in_reply_to.as_deref())
        .bind(letter.text_body.as_str())
        .bind(letter.html_body.as_str())
        .bind(letter.created.0)
        .bind(letter.due.0)
        .bind(0i64)
}
