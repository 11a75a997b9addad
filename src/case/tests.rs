//! Cases as tables and short stories: who may do what, what counts, and who is told when.

mod cheats;
mod climbing;
mod corrections;
mod exemptions;
mod mail;
mod signals;
mod stages;
mod summaries;

use super::acts::{Ask, Wish};
use super::*;
use crate::engine::roster::Roster;

/// s-01 supervises the counters, s-02 is above him and heads the office; s-04 serves now and then as p-004 and is under
/// s-01; s-05 supervises others; s-06 acts for s-01 on two days.
const ROSTER: &str = r#"
[office]
id = "o"
name = "Kanim"
timezone = "Asia/Jakarta"
[office.calendar.week]
monday = { open = "08:00-16:00", breaks = "12:00-13:00" }
tuesday = { open = "08:00-16:00", breaks = "12:00-13:00" }
wednesday = { open = "08:00-16:00", breaks = "12:00-13:00" }
thursday = { open = "08:00-16:00", breaks = "12:00-13:00" }
friday = { open = "08:00-16:00", breaks = "12:00-13:00" }

[[supervisor]]
id = "s-01"
name = "Kasi"
email = "kasi@o.example"
reports_to = "s-02"
[[supervisor.absence]]
from = 2026-11-26
until = 2026-11-27
deputy = "s-06"
[[supervisor]]
id = "s-02"
name = "Kakanim"
email = "kakanim@o.example"
[[supervisor]]
id = "s-04"
name = "Kasubsi"
email = "kasubsi@o.example"
reports_to = "s-01"
officer = "p-004"
[[supervisor]]
id = "s-05"
name = "Kasi lain"
email = "lain@o.example"
reports_to = "s-02"
[[supervisor]]
id = "s-06"
name = "Plh"
email = "plh@o.example"
reports_to = "s-02"
[[integrity]]
id = "i-01"
name = "Kepatuhan 1"
email = "i1@o.example"
[[integrity]]
id = "i-02"
name = "Kepatuhan 2"
email = "i2@o.example"
[[technician]]
id = "t-01"
name = "TIK"
email = "tik@o.example"
[[officer]]
id = "p-001"
supervisor = "s-01"
[[officer]]
id = "p-003"
supervisor = "s-04"
[[officer]]
id = "p-004"
supervisor = "s-01"
[[officer]]
id = "p-009"
supervisor = "s-02"
email = "kasi@o.example"
"#;

/// 09:00 WIB on Tuesday, 24 November 2026.
const NINE: i64 = 1_795_485_600_000;

fn minutes(minutes: i64) -> Moment {
    Moment(NINE + minutes * 60_000)
}

fn basis(officer: Option<&str>, severity: Severity) -> Basis {
    Basis {
        office: OfficeId::new("o"),
        policy: PolicyId::new("phone-out-during-service"),
        class: Class::Indication,
        severity,
        counter: Some(DeviceId::new("loket-01")),
        lockbox: None,
        officer: officer.map(OfficerId::new),
        date: "2026-11-24".into(),
        since: minutes(0),
        until: Some(minutes(5)),
    }
}

/// A docket without a database: what is done is taken in at once, and remembered.
struct Table {
    roster: Roster,
    cases: Cases,
    terms: Terms,
    records: Vec<Record>,
}

impl Table {
    fn new() -> Table {
        Table {
            roster: Roster::parse(ROSTER).unwrap(),
            cases: Cases::default(),
            terms: Terms::default(),
            records: Vec::new(),
        }
    }

    /// A table with case 1 about an officer, told to his supervisor at once.
    fn with(officer: &str, severity: Severity) -> Table {
        let mut table = Table::new();
        table.open(1, basis(Some(officer), severity), &["s-01"]);
        table
    }

    fn open(&mut self, incident: i64, basis: Basis, told: &[&str]) {
        let at = basis.since;
        self.monitor(incident, at, Act::Opened { basis });
        let people = told.iter().map(|id| (*id).to_owned()).collect();
        let rung = Rung::First;
        self.monitor(incident, at, Act::Told { people, rung });
    }

    fn monitor(&mut self, incident: i64, at: Moment, act: Act) {
        self.take(Record::Step(Step {
            incident,
            at,
            by: By::Monitor,
            act,
            reason: String::new(),
        }));
    }

    fn take(&mut self, record: Record) {
        self.cases.take(&self.roster.office.id, &record);
        self.records.push(record);
    }

    fn ask(&mut self, who: &str, wish: Wish, at: Moment) -> Result<(), Refusal> {
        let who = Actor::in_roster(who, &self.roster).expect("a person of the roster");
        let ask = Ask {
            incident: 1,
            who,
            wish,
            reason: "sudah diperiksa".into(),
            seen: None,
        };
        let step = self.cases.ask(&ask, &self.roster, &self.terms, at)?;
        self.take(Record::Step(step));
        Ok(())
    }

    #[track_caller]
    fn does(&mut self, who: &str, wish: Wish, at: Moment) {
        assert_eq!(self.ask(who, wish, at), Ok(()), "{who} {wish:?}");
    }

    #[track_caller]
    fn refused(&mut self, who: &str, wish: Wish, at: Moment, why: &Refusal) {
        assert_eq!(self.ask(who, wish, at).as_ref(), Err(why), "{who} {wish:?}");
    }

    fn case(&self) -> &Case {
        &self.cases.of[&1]
    }

    fn counts(&self) -> [u32; 3] {
        let counts = self.cases.counts(|_| true);
        [counts.indications, counts.findings, counts.proven]
    }

    /// That folding what was written, as it is written, gives the same cases again.
    #[track_caller]
    fn folds(&self) {
        let mut folded = Cases::default();
        for record in &self.records {
            let read = serde_json::from_slice(&serde_json::to_vec(record).unwrap()).unwrap();
            folded.take(&self.roster.office.id, &read);
        }
        assert_eq!(folded, self.cases);
    }
}
