//! What people look at, read on connections that cannot write: incidents and verdicts here, each question with the scope of
//! whoever asks.

mod letters;
mod quarantine;
mod traces;

use std::collections::HashSet;

use futures_util::{Stream, StreamExt as _};

use super::Store;
use super::chain::{LedgerRow, identity, ledger_row};
use super::database::{Row, statements};
use super::error::{Doing as _, Result};
use super::rows::{IncidentRow, IncidentState, Pin, StepKind, VerdictRow, VerdictStep};
use super::words::{class, incident_state, severity, unreadable};
use crate::accounts::Scope;
use crate::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use crate::engine::policy::{Class, Severity};
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;

pub use letters::{LetterRow, LetterState};
pub use quarantine::{QuarantineCount, QuarantineRow};
pub use traces::{TraceFilter, TracePage, TraceRow};

const READING: &str = "reading for the dashboard";

statements! {
    INCIDENTS_PAGE = "SELECT n, office, policy, class, severity, counter, lockbox, officer, date, since_ms, until_ms, state, \
             joined_to, created_ms, changed_ms FROM incident \
             WHERE state <> 'joined' AND (office = $4 OR $4 IS NULL) AND (class = $5 OR $5 IS NULL) \
             AND (policy = $6 OR $6 IS NULL) AND (date = $7 OR $7 IS NULL) AND (state = $8 OR $8 IS NULL) \
             AND (severity = $13 OR $13 IS NULL) AND (counter = $14 OR lockbox = $14 OR $14 IS NULL) \
             AND (officer = $15 OR $15 IS NULL) AND (date >= $16 OR $16 IS NULL) AND (date <= $17 OR $17 IS NULL) \
             AND (n IN (SELECT c.incident FROM case_file AS c WHERE c.stage = $18) OR $18 IS NULL) \
             AND ((CAST(CASE WHEN state = 'open' THEN 1 ELSE 0 END AS BIGINT), since_ms, n) < ($9, $10, $11) \
             OR $9 IS NULL) AND ", seen(incident), " ORDER BY state = 'open' DESC, since_ms DESC, n DESC LIMIT $12";
    INCIDENT = "SELECT n, office, policy, class, severity, counter, lockbox, officer, date, since_ms, until_ms, state, \
             joined_to, created_ms, changed_ms FROM incident WHERE n = $4 AND ", seen(incident), "";
    INCIDENTS_OF_DAY = "SELECT class, count(*) FROM incident WHERE office = $4 AND date = $5 AND state IN ('open', 'ended') \
             AND ", seen(incident), " GROUP BY class ORDER BY class";
    VERDICTS_OF = "SELECT office, policy, class, severity, counter, lockbox, officer, since_ms, opened_ms, until_ms, \
             evidence, n, incident, state, changed_ms, policy_hash, engine FROM verdict \
             WHERE incident = $4 AND ", seen(verdict), " ORDER BY since_ms, n LIMIT 500";
    VERDICT = "SELECT office, policy, class, severity, counter, lockbox, officer, since_ms, opened_ms, until_ms, \
             evidence, n, incident, state, changed_ms, policy_hash, engine FROM verdict WHERE n = $4 AND ", seen(verdict), "";
    STEPS_OF = "SELECT verdict, at_ms, step, reason, verdict_step.since_ms, verdict_step.opened_ms, verdict_step.until_ms \
             FROM verdict_step JOIN verdict ON verdict.n = verdict_step.verdict WHERE verdict.incident = $4 \
             AND ", seen(verdict), " ORDER BY verdict_step.n LIMIT 1000";
    VERDICTS_IN_ORDER = "SELECT v.office, v.policy, v.class, v.severity, v.counter, v.lockbox, v.officer, v.since_ms, v.opened_ms, \
             v.until_ms, v.evidence, v.policy_hash, v.engine FROM verdict AS v JOIN incident AS i ON i.n = v.incident \
             WHERE v.state = 'standing' AND (v.office = $4 OR $4 IS NULL) AND (v.policy = $5 OR $5 IS NULL) \
             AND (i.date >= $6 OR $6 IS NULL) AND (i.date <= $7 OR $7 IS NULL) AND ", seen(v), " ORDER BY v.since_ms, v.policy, v.counter NULLS FIRST, v.lockbox NULLS FIRST, v.officer NULLS FIRST, \
             v.opened_ms, v.until_ms NULLS FIRST, v.n";
    REFERENCED = "SELECT n, received_ms, kind, office, source, id, time_ms, body, clock FROM ledger WHERE kind <> 'pulse' AND ", among(identity),
        " ORDER BY time_ms, n";
    ANSWERS = "SELECT n FROM ledger LIMIT 1";
}

/// Which incidents; `None` is any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IncidentFilter {
    pub office: Option<String>,
    pub class: Option<Class>,
    pub policy: Option<String>,
    /// Business date, `YYYY-MM-DD`.
    pub date: Option<String>,
    pub state: Option<IncidentWord>,
    pub severity: Option<Severity>,
    /// A counter or a lockbox.
    pub device: Option<String>,
    pub officer: Option<String>,
    /// Business dates, both included.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Where its case stands.
    pub stage: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IncidentWord {
    Open,
    Ended,
    Retracted,
}

impl IncidentWord {
    pub const ALL: [IncidentWord; 3] = [IncidentWord::Open, IncidentWord::Ended, IncidentWord::Retracted];

    pub fn as_str(self) -> &'static str {
        match self {
            IncidentWord::Open => "open",
            IncidentWord::Ended => "ended",
            IncidentWord::Retracted => "retracted",
        }
    }
}

/// Where a page of incidents ended: the next one begins behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IncidentKey {
    pub open: bool,
    pub since: Moment,
    pub n: i64,
}

impl IncidentKey {
    pub fn of(incident: &IncidentRow) -> IncidentKey {
        IncidentKey {
            open: incident.state == IncidentState::Open,
            since: incident.since,
            n: incident.n,
        }
    }
}

/// Which verdicts; `None` is any. Dates are business dates, both included.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VerdictFilter {
    pub office: Option<String>,
    pub policy: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
}

impl Store {
    /// Incidents, the open ones first, then the newest first; those joined to another are left out.
    pub async fn incidents_page(
        &self,
        scope: &Scope,
        filter: &IncidentFilter,
        after: Option<IncidentKey>,
        count: usize,
    ) -> Result<Vec<IncidentRow>> {
        let rows = self
            .shared
            .readers
            .query(INCIDENTS_PAGE)
            .bind_reach(&scope.cases)
            .bind(&filter.office)
            .bind(filter.class.map(Class::as_str))
            .bind(&filter.policy)
            .bind(&filter.date)
            .bind(filter.state.map(IncidentWord::as_str))
            .bind(after.map(|key| i64::from(key.open)))
            .bind(after.map(|key| key.since.0))
            .bind(after.map(|key| key.n))
            .bind(limit(count))
            .bind(filter.severity.map(Severity::as_str))
            .bind(&filter.device)
            .bind(&filter.officer)
            .bind(&filter.from)
            .bind(&filter.to)
            .bind(&filter.stage)
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(incident_row).collect()
    }

    pub async fn incident(&self, scope: &Scope, n: i64) -> Result<Option<IncidentRow>> {
        let row = self
            .shared
            .readers
            .query(INCIDENT)
            .bind_reach(&scope.cases)
            .bind(n)
            .optional()
            .await
            .doing(READING)?;
        row.as_ref().map(incident_row).transpose()
    }

    /// How many incidents of each class an office has on a business date, the retracted ones left out.
    pub async fn incidents_of_day(&self, scope: &Scope, office: &str, date: &str) -> Result<Vec<(Class, i64)>> {
        let rows = self
            .shared
            .readers
            .query(INCIDENTS_OF_DAY)
            .bind_reach(&scope.cases)
            .bind(office)
            .bind(date)
            .all()
            .await
            .doing(READING)?;
        rows.iter()
            .map(|row| {
                let (word, count) = row.tuple::<(&str, i64)>().doing(READING)?;
                Ok((class(word)?, count))
            })
            .collect()
    }

    /// Every verdict of an incident, the retracted ones too, in order of time.
    pub async fn verdicts_of(&self, scope: &Scope, incident: i64) -> Result<Vec<VerdictRow>> {
        let rows = self
            .shared
            .readers
            .query(VERDICTS_OF)
            .bind_reach(&scope.cases)
            .bind(incident)
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(verdict_row).collect()
    }

    /// One verdict by its number.
    pub async fn verdict(&self, scope: &Scope, n: i64) -> Result<Option<VerdictRow>> {
        let row = self
            .shared
            .readers
            .query(VERDICT)
            .bind_reach(&scope.cases)
            .bind(n)
            .optional()
            .await
            .doing(READING)?;
        row.as_ref().map(verdict_row).transpose()
    }

    /// How the verdicts of an incident came to say what they say, in the order it was decided.
    pub async fn steps_of(&self, scope: &Scope, incident: i64) -> Result<Vec<VerdictStep>> {
        let rows = self
            .shared
            .readers
            .query(STEPS_OF)
            .bind_reach(&scope.cases)
            .bind(incident)
            .all()
            .await
            .doing(READING)?;
        rows.iter()
            .map(|row| {
                let word: &str = row.try_get(2).doing(READING)?;
                let kinds = [StepKind::Opened, StepKind::Amended, StepKind::Retracted];
                let kind = kinds.into_iter().find(|kind| kind.as_str() == word);
                Ok(VerdictStep {
                    verdict: row.try_get(0).doing(READING)?,
                    at: moment(row, 1)?,
                    kind: kind.ok_or_else(|| unreadable("verdict_step.step", word))?,
                    reason: row.try_get(3).doing(READING)?,
                    since: moment(row, 4)?,
                    opened: moment(row, 5)?,
                    until: moment_or_none(row, 6)?,
                })
            })
            .collect()
    }

    /// Standing verdicts in the contract's order (§8), with what they are pinned to.
    pub fn verdicts_in_order<'a>(
        &'a self,
        scope: &Scope,
        filter: &VerdictFilter,
    ) -> impl Stream<Item = Result<(Verdict, Option<Pin>)>> + Send + 'a {
        self.shared
            .readers
            .query(VERDICTS_IN_ORDER)
            .bind_reach(&scope.cases)
            .bind(filter.office.clone())
            .bind(filter.policy.clone())
            .bind(filter.from.clone())
            .bind(filter.to.clone())
            .stream()
            .map(|row| {
                let row = row.doing(READING)?;
                Ok((verdict(&row)?, pin(&row, READING)?))
            })
    }

    /// The ledger's entries under references (`/{office}/{device}#{id}`); those it does not have are left out.
    pub async fn referenced(&self, scope: &Scope, references: &[&str]) -> Result<Vec<LedgerRow>> {
        let asked: HashSet<(&str, &str)> = references.iter().filter_map(|text| text.split_once('#')).collect();
        let identities: Vec<i64> = asked.iter().map(|(source, id)| identity(source, id)).collect();
        let rows = self
            .shared
            .readers
            .query(REFERENCED)
            .bind_numbers(&identities)
            .all()
            .await
            .doing(READING)?;
        let rows: Vec<LedgerRow> = rows.iter().map(ledger_row).collect::<Result<_>>()?;
        let wanted = |row: &LedgerRow| {
            scope.sees_office(row.office.as_str()) && asked.contains(&(row.source.as_str(), row.id.as_str()))
        };
        Ok(rows.into_iter().filter(wanted).collect())
    }

    /// Whether the database answers.
    pub async fn answers(&self) -> Result<()> {
        self.shared.readers.query(ANSWERS).optional().await.doing(READING)?;
        Ok(())
    }
}

pub(super) fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn moment(row: &Row, column: usize) -> Result<Moment> {
    Ok(Moment(row.try_get(column).doing(READING)?))
}

fn moment_or_none(row: &Row, column: usize) -> Result<Option<Moment>> {
    let ms: Option<i64> = row.try_get(column).doing(READING)?;
    Ok(ms.map(Moment))
}

pub(super) fn incident_row(row: &Row) -> Result<IncidentRow> {
    let counter: Option<&str> = row.try_get(5).doing(READING)?;
    let lockbox: Option<&str> = row.try_get(6).doing(READING)?;
    let officer: Option<&str> = row.try_get(7).doing(READING)?;
    Ok(IncidentRow {
        n: row.try_get(0).doing(READING)?,
        office: OfficeId::new(row.try_get(1).doing(READING)?),
        policy: PolicyId::new(row.try_get(2).doing(READING)?),
        class: class(row.try_get(3).doing(READING)?)?,
        severity: severity(row.try_get(4).doing(READING)?)?,
        counter: counter.map(DeviceId::new),
        lockbox: lockbox.map(DeviceId::new),
        officer: officer.map(OfficerId::new),
        date: row.try_get(8).doing(READING)?,
        since: moment(row, 9)?,
        until: moment_or_none(row, 10)?,
        state: incident_state(row.try_get(11).doing(READING)?, row.try_get(12).doing(READING)?)?,
        created: moment(row, 13)?,
        changed: moment(row, 14)?,
    })
}

/// All columns of a verdict, as `verdicts_of` asks for them.
fn verdict_row(row: &Row) -> Result<VerdictRow> {
    let state: &str = row.try_get(13).doing(READING)?;
    Ok(VerdictRow {
        n: row.try_get(11).doing(READING)?,
        incident: row.try_get(12).doing(READING)?,
        verdict: verdict(row)?,
        retracted: state == "retracted",
        changed: moment(row, 14)?,
        pin: pin(row, READING)?,
    })
}

/// What a verdict is pinned to, where that was kept.
pub(super) fn pin(row: &Row, doing: &'static str) -> Result<Option<Pin>> {
    let policy_hash: Option<String> = row.try_get("policy_hash").doing(doing)?;
    let engine: Option<String> = row.try_get("engine").doing(doing)?;
    Ok(policy_hash
        .zip(engine)
        .map(|(policy_hash, engine)| Pin { policy_hash, engine }))
}

/// The first eleven columns of a verdict, in the order of the contract's line.
fn verdict(row: &Row) -> Result<Verdict> {
    let counter: Option<&str> = row.try_get(4).doing(READING)?;
    let lockbox: Option<&str> = row.try_get(5).doing(READING)?;
    let officer: Option<&str> = row.try_get(6).doing(READING)?;
    let evidence: &str = row.try_get(10).doing(READING)?;
    Ok(Verdict {
        office: OfficeId::new(row.try_get(0).doing(READING)?),
        policy: PolicyId::new(row.try_get(1).doing(READING)?),
        class: class(row.try_get(2).doing(READING)?)?,
        severity: severity(row.try_get(3).doing(READING)?)?,
        counter: counter.map(DeviceId::new),
        lockbox: lockbox.map(DeviceId::new),
        officer: officer.map(OfficerId::new),
        since: moment(row, 7)?,
        opened: moment(row, 8)?,
        until: moment_or_none(row, 9)?,
        evidence: serde_json::from_str(evidence).map_err(|_| unreadable("verdict.evidence", evidence))?,
    })
}

#[cfg(test)]
pub(super) const ALL_STATEMENTS: [&[(&str, super::database::Sql)]; 4] = [
    STATEMENTS,
    letters::STATEMENTS,
    quarantine::STATEMENTS,
    traces::STATEMENTS,
];
