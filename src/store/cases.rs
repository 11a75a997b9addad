//! Cases: their entries in the ledger, and the tables that are folded from them for reading.

use super::Store;
use super::database::{Connection, Row, statements};
use super::error::{Doing as _, Result};
use super::insert::{Cells, Insert, apart};
use super::read::limit;
use super::rows::{CaseRow, CaseStepRow, ExemptionRow, Turn};
use super::words::{class, severity};
use crate::accounts::Scope;
use crate::engine::event::{OfficeId, OfficerId, PolicyId};
use crate::engine::time::Moment;

const READING: &str = "reading cases";

statements! {
    RECORDS = "SELECT n, office, body FROM ledger WHERE kind = 'case' AND n > $1 ORDER BY n LIMIT 5000";
    CASES = "SELECT incident, office, class, severity, policy, officer, date, stage, outcome, code, stands, opened_ms, \
             decided_ms, acked_by, acked_until_ms, review_by_ms, changed_ms, steps FROM case_file \
             WHERE (office = $1 OR $1 IS NULL) AND (stage = $2 OR $2 IS NULL) AND (officer = $3 OR $3 IS NULL) \
             ORDER BY opened_ms DESC, incident DESC LIMIT $4";
    CASE = "SELECT incident, office, class, severity, policy, officer, date, stage, outcome, code, stands, opened_ms, \
             decided_ms, acked_by, acked_until_ms, review_by_ms, changed_ms, steps FROM case_file WHERE incident = $1";
    STEPS = "SELECT incident, n, at_ms, person, post, step, detail, reason FROM case_step WHERE incident = $1 ORDER BY n";
    EXEMPTIONS_SEEN = "SELECT office, n, officer, from_ms, until_ms, asked_by, asked_ms, reason, answered_by, answered_ms, \
             granted, revoked_ms FROM exemption WHERE (office = $4 OR $4 IS NULL) AND (n < $5 OR $5 IS NULL) \
             AND ((office || '/' || officer) IN ", any_of(1), " OR (('*' IN ", any_of(2), " OR office IN ", any_of(2), ") \
             AND (office || '/' || officer) NOT IN ", any_of(3), ")) ORDER BY n DESC, office LIMIT $6";
    EXEMPTIONS = "SELECT office, n, officer, from_ms, until_ms, asked_by, asked_ms, reason, answered_by, answered_ms, \
             granted, revoked_ms FROM exemption WHERE (office = $1 OR $1 IS NULL) ORDER BY office, n DESC LIMIT $2";
}

const FILE: Insert<'static> = Insert {
    table: "case_file",
    columns: &[
        "incident",
        "office",
        "class",
        "severity",
        "policy",
        "officer",
        "date",
        "stage",
        "outcome",
        "code",
        "stands",
        "opened_ms",
        "decided_ms",
        "acked_by",
        "acked_until_ms",
        "review_by_ms",
        "changed_ms",
        "steps",
    ],
    then: " ON CONFLICT (incident) DO UPDATE SET class = excluded.class, severity = excluded.severity, \
           policy = excluded.policy, officer = CASE WHEN case_file.anonymised_ms IS NULL THEN excluded.officer END, date = excluded.date, stage = excluded.stage, \
           outcome = excluded.outcome, code = excluded.code, stands = excluded.stands, \
           decided_ms = excluded.decided_ms, \
           acked_by = CASE WHEN case_file.anonymised_ms IS NULL THEN excluded.acked_by END, acked_until_ms = excluded.acked_until_ms, \
           review_by_ms = excluded.review_by_ms, changed_ms = excluded.changed_ms, steps = excluded.steps",
};

const STEP: Insert<'static> = Insert {
    table: "case_step",
    columns: &["incident", "n", "at_ms", "person", "post", "step", "detail", "reason"],
    then: "",
};

const EXEMPTION: Insert<'static> = Insert {
    table: "exemption",
    columns: &[
        "office",
        "n",
        "officer",
        "from_ms",
        "until_ms",
        "asked_by",
        "asked_ms",
        "reason",
        "answered_by",
        "answered_ms",
        "granted",
        "revoked_ms",
    ],
    then: " ON CONFLICT (office, n) DO UPDATE SET \
           answered_by = CASE WHEN exemption.anonymised_ms IS NULL THEN excluded.answered_by END, \
           answered_ms = excluded.answered_ms, granted = excluded.granted, revoked_ms = excluded.revoked_ms",
};

pub(super) async fn put_cases(connection: &mut Connection, turn: &Turn) -> std::result::Result<(), sqlx::Error> {
    for cases in apart(&turn.cases, |case| case.incident) {
        connection.insert(&FILE, cases, put_case).await?;
    }
    connection.insert(&STEP, &turn.case_steps, put_step).await?;
    for exemptions in apart(&turn.exemptions, |one| (&one.office, one.n)) {
        connection.insert(&EXEMPTION, exemptions, put_exemption).await?;
    }
    Ok(())
}

fn put_case<'r>(cells: &mut Cells<'r>, row: &'r CaseRow) {
    cells
        .number(row.incident)
        .text(row.office.as_str())
        .text(row.class.as_str())
        .text(row.severity.as_str())
        .text(row.policy.as_str())
        .text_or_null(row.officer.as_ref().map(OfficerId::as_str))
        .text(&row.date)
        .text(&row.stage)
        .text_or_null(row.outcome.as_ref())
        .text_or_null(row.code.as_ref())
        .number(i64::from(row.stands))
        .number(row.opened.0)
        .number(row.decided.map(|at| at.0))
        .text_or_null(row.acked_by.as_ref())
        .number(row.acked_until.map(|at| at.0))
        .number(row.review_by.map(|at| at.0))
        .number(row.changed.0)
        .number(row.steps);
}

fn put_step<'r>(cells: &mut Cells<'r>, row: &'r CaseStepRow) {
    cells
        .number(row.incident)
        .number(row.n)
        .number(row.at.0)
        .text_or_null(row.person.as_ref())
        .text_or_null(row.post.as_ref())
        .text(&row.step)
        .text_or_null(row.detail.as_ref())
        .text(&row.reason);
}

fn put_exemption<'r>(cells: &mut Cells<'r>, row: &'r ExemptionRow) {
    cells
        .text(row.office.as_str())
        .number(row.n)
        .text(row.officer.as_str())
        .number(row.from.0)
        .number(row.until.0)
        .text(&row.asked_by)
        .number(row.asked.0)
        .text(&row.reason)
        .text_or_null(row.answered_by.as_ref())
        .number(row.answered.map(|at| at.0))
        .number(row.granted.map(i64::from))
        .number(row.revoked.map(|at| at.0));
}

/// Which cases; `None` is any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CaseFilter {
    pub office: Option<String>,
    pub stage: Option<String>,
    pub officer: Option<String>,
}

impl Store {
    /// The bodies of the ledger's entries of cases behind number `after`, in order, with their numbers; an empty answer
    /// is the end.
    pub async fn case_records(&self, after: i64) -> Result<Vec<(i64, OfficeId, Vec<u8>)>> {
        let rows = self
            .shared
            .readers
            .query(RECORDS)
            .bind(after)
            .all()
            .await
            .doing(READING)?;
        rows.iter()
            .map(|row| {
                let office: &str = row.try_get(1).doing(READING)?;
                Ok((
                    row.try_get(0).doing(READING)?,
                    OfficeId::new(office),
                    row.try_get(2).doing(READING)?,
                ))
            })
            .collect()
    }

    /// Cases, the newest first.
    pub async fn cases(&self, filter: &CaseFilter, count: usize) -> Result<Vec<CaseRow>> {
        let rows = self
            .shared
            .readers
            .query(CASES)
            .bind(&filter.office)
            .bind(&filter.stage)
            .bind(&filter.officer)
            .bind(limit(count))
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(case_row).collect()
    }

    pub async fn case(&self, incident: i64) -> Result<Option<CaseRow>> {
        let row = self.shared.readers.query(CASE).bind(incident).optional().await;
        row.doing(READING)?.as_ref().map(case_row).transpose()
    }

    /// The steps of a case, in order.
    pub async fn case_steps(&self, incident: i64) -> Result<Vec<CaseStepRow>> {
        let rows = self.shared.readers.query(STEPS).bind(incident).all().await;
        rows.doing(READING)?
            .iter()
            .map(|row| {
                Ok(CaseStepRow {
                    incident: row.try_get(0).doing(READING)?,
                    n: row.try_get(1).doing(READING)?,
                    at: Moment(row.try_get(2).doing(READING)?),
                    person: row.try_get(3).doing(READING)?,
                    post: row.try_get(4).doing(READING)?,
                    step: row.try_get(5).doing(READING)?,
                    detail: row.try_get(6).doing(READING)?,
                    reason: row.try_get(7).doing(READING)?,
                })
            })
            .collect()
    }

    /// Exemptions that were asked for, the newest first.
    pub async fn exemptions(&self, office: Option<&str>, count: usize) -> Result<Vec<ExemptionRow>> {
        let rows = self
            .shared
            .readers
            .query(EXEMPTIONS)
            .bind(office.map(str::to_owned))
            .bind(limit(count))
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(exemption_row).collect()
    }

    /// The same as far as somebody may see the officers, before a number.
    pub async fn exemptions_seen(
        &self,
        scope: &Scope,
        office: Option<&str>,
        before: Option<i64>,
        count: usize,
    ) -> Result<Vec<ExemptionRow>> {
        let rows = self
            .shared
            .readers
            .query(EXEMPTIONS_SEEN)
            .bind_reach(&scope.cases)
            .bind(office.map(str::to_owned))
            .bind(before)
            .bind(limit(count))
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(exemption_row).collect()
    }
}

pub(super) fn exemption_row(row: &Row) -> Result<ExemptionRow> {
    let (office, officer): (&str, &str) = (row.try_get(0).doing(READING)?, row.try_get(2).doing(READING)?);
    Ok(ExemptionRow {
        office: OfficeId::new(office),
        n: row.try_get(1).doing(READING)?,
        officer: OfficerId::new(officer),
        from: Moment(row.try_get(3).doing(READING)?),
        until: Moment(row.try_get(4).doing(READING)?),
        asked_by: row.try_get(5).doing(READING)?,
        asked: Moment(row.try_get(6).doing(READING)?),
        reason: row.try_get(7).doing(READING)?,
        answered_by: row.try_get(8).doing(READING)?,
        answered: moment(row, 9)?,
        granted: row
            .try_get::<Option<i64>, _>(10)
            .doing(READING)?
            .map(|granted| granted != 0),
        revoked: moment(row, 11)?,
    })
}

fn moment(row: &Row, column: usize) -> Result<Option<Moment>> {
    let at: Option<i64> = row.try_get(column).doing(READING)?;
    Ok(at.map(Moment))
}

fn case_row(row: &Row) -> Result<CaseRow> {
    let text = |column: usize| row.try_get::<&str, _>(column).doing(READING);
    Ok(CaseRow {
        incident: row.try_get(0).doing(READING)?,
        office: OfficeId::new(text(1)?),
        class: class(text(2)?)?,
        severity: severity(text(3)?)?,
        policy: PolicyId::new(text(4)?),
        officer: row.try_get::<Option<&str>, _>(5).doing(READING)?.map(OfficerId::new),
        date: row.try_get(6).doing(READING)?,
        stage: row.try_get(7).doing(READING)?,
        outcome: row.try_get(8).doing(READING)?,
        code: row.try_get(9).doing(READING)?,
        stands: row.try_get::<i64, _>(10).doing(READING)? != 0,
        opened: Moment(row.try_get(11).doing(READING)?),
        decided: moment(row, 12)?,
        acked_by: row.try_get(13).doing(READING)?,
        acked_until: moment(row, 14)?,
        review_by: moment(row, 15)?,
        changed: Moment(row.try_get(16).doing(READING)?),
        steps: row.try_get(17).doing(READING)?,
    })
}
