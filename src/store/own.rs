//! What is held about one person, for himself: who looked at his record, what he says is wrong in it.

use super::Store;
use super::cases::exemption_row;
use super::chain::{LedgerRow, ledger_row};
use super::database::{Connection, Row, statements};
use super::error::{Doing as _, Result};
use super::insert::{Cells, Insert, apart};
use super::read::limit;
use super::rebuild::incident_row;
use super::rows::{CorrectionRow, EntryKind, ExemptionRow, IncidentRow, LetterKind, Turn};
use super::words::letter_kind;
use super::write::Chained;
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;

const READING: &str = "reading what is held about somebody";

statements! {
    LOOKED = "SELECT n, at_ms, account, what, which, reason FROM looked WHERE office = $1 AND officer = $2 \
             AND (n < $3 OR $3 IS NULL) ORDER BY n DESC LIMIT $4";
    CORRECTIONS_OF = "SELECT n, office, person, about, wanted, asked_ms, due_ms, answered_by, answered_ms, accepted, answer \
             FROM correction WHERE office = $1 AND person = $2 AND (n < $3 OR $3 IS NULL) ORDER BY n DESC LIMIT $4";
    CORRECTIONS = "SELECT n, office, person, about, wanted, asked_ms, due_ms, answered_by, answered_ms, accepted, answer \
             FROM correction WHERE (answered_ms IS NULL OR $1 = 0) AND anonymised_ms IS NULL \
             AND ('*' IN ", any_of(2), " OR office IN ", any_of(2), ") \
             ORDER BY answered_ms IS NULL DESC, CASE WHEN answered_ms IS NULL THEN due_ms ELSE -answered_ms END, n LIMIT $3";
    INCIDENTS_OF = "SELECT n, office, policy, class, severity, counter, lockbox, officer, date, since_ms, until_ms, state, \
             joined_to, created_ms, changed_ms FROM incident WHERE office = $1 AND officer = $2 AND (n < $3 OR $3 IS NULL) \
             ORDER BY n DESC LIMIT $4";
    EXEMPTIONS_OF = "SELECT office, n, officer, from_ms, until_ms, asked_by, asked_ms, reason, answered_by, answered_ms, \
             granted, revoked_ms FROM exemption WHERE office = $1 AND officer = $2 AND (n < $3 OR $3 IS NULL) \
             ORDER BY n DESC LIMIT $4";
    /// Alone, or among others.
    LETTERS_ABOUT = "SELECT o.n, i.n, o.kind, o.person, o.created_ms, o.sent_ms, o.dead_ms FROM incident AS i \
             JOIN outbox AS o ON o.incident = i.n WHERE i.office = $1 AND i.officer = $2 AND (o.n < $3 OR $3 IS NULL) \
             UNION ALL SELECT o.n, i.n, o.kind, o.person, o.created_ms, o.sent_ms, o.dead_ms FROM incident AS i \
             JOIN digest AS d ON d.incident = i.n JOIN outbox AS o ON o.n = d.letter \
             WHERE i.office = $1 AND i.officer = $2 AND (o.n < $3 OR $3 IS NULL) ORDER BY 1 DESC, 2 LIMIT $4";
    ENTRIES_WITH = "SELECT n, received_ms, kind, office, source, id, time_ms, body, clock FROM ledger \
             WHERE n > $1 AND n <= $2 AND (kind = 'event' AND office = $3 AND ", holds(4), " OR kind = 'trace' AND ", holds(5),
             ") ORDER BY n";
    OVERDUE = "SELECT office, count(*), min(due_ms) FROM correction WHERE answered_ms IS NULL GROUP BY office ORDER BY office";
}

const CORRECTION: Insert<'static> = Insert {
    table: "correction",
    columns: &[
        "n",
        "office",
        "person",
        "about",
        "wanted",
        "asked_ms",
        "due_ms",
        "answered_by",
        "answered_ms",
        "accepted",
        "answer",
    ],
    then: " ON CONFLICT (n) DO UPDATE SET \
           answered_by = CASE WHEN correction.anonymised_ms IS NULL THEN excluded.answered_by END, \
           answered_ms = excluded.answered_ms, accepted = excluded.accepted, \
           answer = CASE WHEN correction.anonymised_ms IS NULL THEN excluded.answer ELSE '' END",
};

const LOOK: Insert<'static> = Insert {
    table: "looked",
    columns: &["n", "at_ms", "office", "officer", "account", "what", "which", "reason"],
    then: "",
};

/// That somebody looked at a person's record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LookedRow {
    /// The number of the entry of the ledger that says so.
    pub n: i64,
    pub at: Moment,
    /// Whose account it was.
    pub account: String,
    pub what: String,
    pub which: String,
    pub reason: String,
}

/// What a trace says of a look at somebody's record.
struct Look {
    n: i64,
    at: Moment,
    cells: [String; 6],
}

impl Look {
    fn of(chained: &Chained<'_>) -> Option<Look> {
        let entry = chained.entry;
        if entry.kind != EntryKind::Trace {
            return None;
        }
        let body: serde_json::Value = serde_json::from_slice(&entry.body).ok()?;
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let what = if body["what"].is_string() { "what" } else { "act" };
        body["officer"].as_str().filter(|officer| !officer.is_empty())?;
        Some(Look {
            n: chained.head.n,
            at: entry.time,
            cells: ["office", "officer", "actor", what, "which", "reason"].map(text),
        })
    }
}

pub(super) async fn put_own(
    connection: &mut Connection,
    entries: &[Chained<'_>],
    turn: &Turn,
) -> std::result::Result<(), sqlx::Error> {
    let looks: Vec<Look> = entries.iter().filter_map(Look::of).collect();
    connection.insert(&LOOK, &looks, put_look).await?;
    for corrections in apart(&turn.corrections, |one| one.n) {
        connection.insert(&CORRECTION, corrections, put_correction).await?;
    }
    Ok(())
}

fn put_look<'r>(cells: &mut Cells<'r>, look: &'r Look) {
    cells.number(look.n).number(look.at.0);
    for text in &look.cells {
        cells.text(text);
    }
}

fn put_correction<'r>(cells: &mut Cells<'r>, row: &'r CorrectionRow) {
    cells
        .number(row.n)
        .text(row.office.as_str())
        .text(&row.person)
        .text(&row.about)
        .text(&row.wanted)
        .number(row.asked.0)
        .number(row.due.0)
        .text_or_null(row.answered_by.as_ref())
        .number(row.answered.map(|at| at.0))
        .number(row.accepted.map(i64::from))
        .text_or_null(row.answer.as_ref());
}

/// That a letter told somebody of an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LetterAbout {
    pub n: i64,
    pub incident: i64,
    pub kind: LetterKind,
    /// To whom, by his id in the roster; empty when the names went.
    pub person: String,
    pub created: Moment,
    pub sent: Option<Moment>,
    pub dead: Option<Moment>,
}

/// Requests for correction of an office that wait for their answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenCorrections {
    pub office: OfficeId,
    pub count: i64,
    pub first_due: Moment,
}

impl Store {
    /// Who looked at an officer's record, the latest first, before entry `before`.
    pub async fn looked(
        &self,
        office: &str,
        officer: &str,
        before: Option<i64>,
        count: usize,
    ) -> Result<Vec<LookedRow>> {
        let asked = self.shared.readers.query(LOOKED).bind(office.to_owned());
        let asked = asked.bind(officer.to_owned()).bind(before);
        let rows = asked.bind(limit(count)).all().await.doing(READING)?;
        rows.iter()
            .map(|row| {
                let text = |at: usize| row.try_get::<String, _>(at).doing(READING);
                Ok(LookedRow {
                    n: row.try_get(0).doing(READING)?,
                    at: Moment(row.try_get(1).doing(READING)?),
                    account: text(2)?,
                    what: text(3)?,
                    which: text(4)?,
                    reason: text(5)?,
                })
            })
            .collect()
    }

    /// Incidents about an officer, in any state, the latest number first, before number `before`.
    pub async fn incidents_of(
        &self,
        office: &str,
        officer: &str,
        before: Option<i64>,
        count: usize,
    ) -> Result<Vec<IncidentRow>> {
        let asked = self.shared.readers.query(INCIDENTS_OF).bind(office.to_owned());
        let asked = asked.bind(officer.to_owned()).bind(before);
        let rows = asked.bind(limit(count)).all().await.doing(READING)?;
        rows.iter().map(incident_row).collect()
    }

    /// Exemptions that were asked for an officer, the latest number first, before number `before`.
    pub async fn exemptions_of(
        &self,
        office: &str,
        officer: &str,
        before: Option<i64>,
        count: usize,
    ) -> Result<Vec<ExemptionRow>> {
        let asked = self.shared.readers.query(EXEMPTIONS_OF).bind(office.to_owned());
        let asked = asked.bind(officer.to_owned()).bind(before);
        let rows = asked.bind(limit(count)).all().await.doing(READING)?;
        rows.iter().map(exemption_row).collect()
    }

    /// Letters that told of incidents about an officer, the latest first, before number `before`; one that tells of
    /// several is there for each.
    pub async fn letters_about(
        &self,
        office: &str,
        officer: &str,
        before: Option<i64>,
        count: usize,
    ) -> Result<Vec<LetterAbout>> {
        let asked = self.shared.readers.query(LETTERS_ABOUT).bind(office.to_owned());
        let asked = asked.bind(officer.to_owned()).bind(before);
        let rows = asked.bind(limit(count)).all().await.doing(READING)?;
        rows.iter()
            .map(|row| {
                let moment = |at: usize| row.try_get::<Option<i64>, _>(at).doing(READING);
                Ok(LetterAbout {
                    n: row.try_get(0).doing(READING)?,
                    incident: row.try_get(1).doing(READING)?,
                    kind: letter_kind(row.try_get(2).doing(READING)?)?,
                    person: row.try_get(3).doing(READING)?,
                    created: Moment(row.try_get(4).doing(READING)?),
                    sent: moment(5)?.map(Moment),
                    dead: moment(6)?.map(Moment),
                })
            })
            .collect()
    }

    /// Entries with numbers in `(after, up_to]` whose bodies hold certain bytes: events of an office that hold the first,
    /// traces that hold the second.
    pub async fn entries_with(
        &self,
        [after, up_to]: [i64; 2],
        office: &str,
        [in_event, in_trace]: [&str; 2],
    ) -> Result<Vec<LedgerRow>> {
        let asked = self.shared.readers.query(ENTRIES_WITH).bind(after).bind(up_to);
        let asked = asked.bind(office.to_owned()).bind(in_event.as_bytes().to_vec());
        let rows = asked.bind(in_trace.as_bytes().to_vec()).all().await.doing(READING)?;
        rows.iter().map(ledger_row).collect()
    }

    /// What somebody asked to have corrected, the latest first, before number `before`.
    pub async fn corrections_of(
        &self,
        office: &str,
        person: &str,
        before: Option<i64>,
        count: usize,
    ) -> Result<Vec<CorrectionRow>> {
        let asked = self.shared.readers.query(CORRECTIONS_OF).bind(office.to_owned());
        let asked = asked.bind(person.to_owned()).bind(before);
        let rows = asked.bind(limit(count)).all().await.doing(READING)?;
        rows.iter().map(correction).collect()
    }

    /// Requests of these offices (`*`: of all): the open ones first, by when they are due; then, unless only those are wanted, the
    /// answered ones, the latest first.
    pub async fn corrections(&self, offices: &[String], only_open: bool, count: usize) -> Result<Vec<CorrectionRow>> {
        let asked = self.shared.readers.query(CORRECTIONS).bind(i64::from(only_open));
        let asked = asked.bind_texts(offices);
        let rows = asked.bind(limit(count)).all().await.doing(READING)?;
        rows.iter().map(correction).collect()
    }

    /// How many wait in each office, and when the first is due.
    pub async fn open_corrections(&self) -> Result<Vec<OpenCorrections>> {
        let rows = self.shared.readers.query(OVERDUE).all().await.doing(READING)?;
        rows.iter()
            .map(|row| {
                let (office, count, first_due) = row.tuple::<(&str, i64, i64)>().doing(READING)?;
                Ok(OpenCorrections {
                    office: OfficeId::new(office),
                    count,
                    first_due: Moment(first_due),
                })
            })
            .collect()
    }
}

fn correction(row: &Row) -> Result<CorrectionRow> {
    let text = |at: usize| row.try_get::<String, _>(at).doing(READING);
    let moment = |at: usize| row.try_get::<i64, _>(at).doing(READING).map(Moment);
    Ok(CorrectionRow {
        n: row.try_get(0).doing(READING)?,
        office: OfficeId::new(&text(1)?),
        person: text(2)?,
        about: text(3)?,
        wanted: text(4)?,
        asked: moment(5)?,
        due: moment(6)?,
        answered_by: row.try_get(7).doing(READING)?,
        answered: row.try_get::<Option<i64>, _>(8).doing(READING)?.map(Moment),
        accepted: row.try_get::<Option<i64>, _>(9).doing(READING)?.map(|word| word != 0),
        answer: row.try_get(10).doing(READING)?,
    })
}
