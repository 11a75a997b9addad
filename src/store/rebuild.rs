//! Reads back what the daemon had decided, so that a restart goes on exactly where it stood.

use super::Store;
use super::database::{Row, statements};
use super::error::{Doing as _, Result};
use super::rows::{IncidentRow, Told, VerdictRow};
use super::words::{class, incident_state, language, letter_kind, severity, unreadable};
use crate::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;

const READING: &str = "reading what was decided";

statements! {
    LAST_EVENT = "SELECT received_ms FROM ledger WHERE kind IN ('event', 'pulse') ORDER BY n DESC LIMIT 1";
    NEXT_NUMBERS = "SELECT (SELECT coalesce(max(n), 0) + 1 FROM verdict), (SELECT coalesce(max(n), 0) + 1 FROM incident)";
    STANDING = "SELECT n, incident, office, policy, class, severity, counter, lockbox, officer, since_ms, opened_ms, \
             until_ms, evidence, state, changed_ms, policy_hash, engine FROM verdict \
             WHERE state = 'standing' AND anonymised_ms IS NULL AND (until_ms IS NULL OR until_ms >= $1) ORDER BY n";
    INCIDENTS = "SELECT n, office, policy, class, severity, counter, lockbox, officer, date, since_ms, until_ms, state, \
             joined_to, created_ms, changed_ms FROM incident \
             WHERE anonymised_ms IS NULL AND (until_ms IS NULL OR until_ms >= $1) ORDER BY n";
    TOLD = "SELECT n, incident, kind, person, address, language, subject, message_id, in_reply_to, created_ms \
             FROM outbox WHERE incident IN \
             (SELECT n FROM incident WHERE until_ms IS NULL OR until_ms >= $1) \
             UNION ALL SELECT outbox.n, digest.incident, kind, person, address, language, digest.subject, message_id, \
             in_reply_to, created_ms FROM digest JOIN outbox ON outbox.n = digest.letter WHERE digest.incident IN \
             (SELECT n FROM incident WHERE until_ms IS NULL OR until_ms >= $1) ORDER BY 1, 2";
    TOLD_OF = "SELECT n, incident, kind, person, address, language, subject, message_id, in_reply_to, created_ms \
             FROM outbox WHERE incident = $1 AND anonymised_ms IS NULL \
             UNION ALL SELECT outbox.n, digest.incident, kind, person, address, language, digest.subject, message_id, \
             in_reply_to, created_ms FROM digest JOIN outbox ON outbox.n = digest.letter \
             WHERE digest.incident = $1 AND outbox.anonymised_ms IS NULL ORDER BY 1, 2";
}

/// The numbers that the next verdict and the next incident get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NextNumbers {
    pub verdict: i64,
    pub incident: i64,
}

impl Store {
    /// When the last event came, on the monitor's clock.
    pub async fn last_event(&self) -> Result<Option<Moment>> {
        let row = self.shared.readers.query(LAST_EVENT).optional().await.doing(READING)?;
        row.map(|row| row.try_get(0).map(Moment).doing(READING)).transpose()
    }

    pub async fn next_numbers(&self) -> Result<NextNumbers> {
        let row = self.shared.readers.query(NEXT_NUMBERS).one().await.doing(READING)?;
        let (verdict, incident) = row.tuple().doing(READING)?;
        Ok(NextNumbers { verdict, incident })
    }

    /// Verdicts that stand and had not ended before `since`, by number.
    pub async fn standing_verdicts(&self, since: Moment) -> Result<Vec<VerdictRow>> {
        let rows = self
            .shared
            .readers
            .query(STANDING)
            .bind(since.0)
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(verdict_row).collect()
    }

    /// Incidents in any state that had not ended before `since`, by number.
    pub async fn incidents(&self, since: Moment) -> Result<Vec<IncidentRow>> {
        let rows = self
            .shared
            .readers
            .query(INCIDENTS)
            .bind(since.0)
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(incident_row).collect()
    }

    /// The letters written of those incidents, by number: who was told, and in which thread.
    pub async fn told(&self, since: Moment) -> Result<Vec<Told>> {
        let rows = self
            .shared
            .readers
            .query(TOLD)
            .bind(since.0)
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(told_row).collect()
    }

    /// The letters that were written of one incident and still have their words, by number.
    pub async fn told_of(&self, incident: i64) -> Result<Vec<Told>> {
        let rows = self.shared.readers.query(TOLD_OF).bind(incident).all().await;
        rows.doing(READING)?.iter().map(told_row).collect()
    }
}

fn told_row(row: &Row) -> Result<Told> {
    Ok(Told {
        n: row.try_get(0).doing(READING)?,
        incident: row.try_get(1).doing(READING)?,
        kind: letter_kind(row.try_get(2).doing(READING)?)?,
        person: row.try_get(3).doing(READING)?,
        address: row.try_get(4).doing(READING)?,
        language: language(row.try_get(5).doing(READING)?)?,
        subject: row.try_get(6).doing(READING)?,
        message_id: row.try_get(7).doing(READING)?,
        in_reply_to: row.try_get(8).doing(READING)?,
        created: Moment(row.try_get(9).doing(READING)?),
    })
}

fn device(row: &Row, column: &str) -> Result<Option<DeviceId>> {
    let id: Option<&str> = row.try_get(column).doing(READING)?;
    Ok(id.map(DeviceId::new))
}

fn officer(row: &Row) -> Result<Option<OfficerId>> {
    let id: Option<&str> = row.try_get("officer").doing(READING)?;
    Ok(id.map(OfficerId::new))
}

fn moment(row: &Row, column: &str) -> Result<Moment> {
    row.try_get(column).map(Moment).doing(READING)
}

fn until(row: &Row) -> Result<Option<Moment>> {
    let until: Option<i64> = row.try_get("until_ms").doing(READING)?;
    Ok(until.map(Moment))
}

/// Reads a row that has all of the table's columns, in any order.
pub(super) fn verdict_row(row: &Row) -> Result<VerdictRow> {
    let evidence: &str = row.try_get("evidence").doing(READING)?;
    let state: &str = row.try_get("state").doing(READING)?;
    Ok(VerdictRow {
        n: row.try_get("n").doing(READING)?,
        incident: row.try_get("incident").doing(READING)?,
        verdict: Verdict {
            policy: PolicyId::new(row.try_get("policy").doing(READING)?),
            class: class(row.try_get("class").doing(READING)?)?,
            severity: severity(row.try_get("severity").doing(READING)?)?,
            office: OfficeId::new(row.try_get("office").doing(READING)?),
            counter: device(row, "counter")?,
            lockbox: device(row, "lockbox")?,
            officer: officer(row)?,
            since: moment(row, "since_ms")?,
            opened: moment(row, "opened_ms")?,
            until: until(row)?,
            evidence: serde_json::from_str(evidence).map_err(|_| unreadable("verdict.evidence", evidence))?,
        },
        retracted: match state {
            "standing" => false,
            "retracted" => true,
            _ => return Err(unreadable("verdict.state", state)),
        },
        changed: moment(row, "changed_ms")?,
        pin: super::read::pin(row, READING)?,
    })
}

/// Reads a row that has all of the table's columns, in any order.
pub(super) fn incident_row(row: &Row) -> Result<IncidentRow> {
    Ok(IncidentRow {
        n: row.try_get("n").doing(READING)?,
        office: OfficeId::new(row.try_get("office").doing(READING)?),
        policy: PolicyId::new(row.try_get("policy").doing(READING)?),
        class: class(row.try_get("class").doing(READING)?)?,
        severity: severity(row.try_get("severity").doing(READING)?)?,
        counter: device(row, "counter")?,
        lockbox: device(row, "lockbox")?,
        officer: officer(row)?,
        date: row.try_get("date").doing(READING)?,
        since: moment(row, "since_ms")?,
        until: until(row)?,
        state: incident_state(
            row.try_get("state").doing(READING)?,
            row.try_get("joined_to").doing(READING)?,
        )?,
        created: moment(row, "created_ms")?,
        changed: moment(row, "changed_ms")?,
    })
}
