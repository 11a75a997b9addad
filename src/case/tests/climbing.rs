//! Who is told when nobody answers.

use super::escalation::{Passed, What};
use super::*;
use Severity::{Critical, Major, Minor};

impl Table {
    /// What will happen to case 1, as `09:15 s-02`.
    fn foreseen(&self) -> Vec<String> {
        let zone = self.roster.office.zone;
        let told = self.cases.foresee(self.case(), &self.roster, &self.terms);
        told.into_iter()
            .map(|due| {
                let what = match due.what {
                    What::AckExpires => "ack expires".to_owned(),
                    What::Climb { people, .. } => people.join(" "),
                };
                format!("{} {what}", due.at.local(zone).format("%a %H:%M"))
            })
            .collect()
    }

    fn at(&mut self, minutes_: i64) -> Vec<Act> {
        let steps = self
            .cases
            .due(self.case(), &self.roster, &self.terms, minutes(minutes_));
        for step in &steps {
            self.take(Record::Step(step.clone()));
        }
        steps.into_iter().map(|step| step.act).collect()
    }

    fn begins(severity: Severity, officer: &str, at: i64) -> Table {
        let mut table = Table::new();
        let basis = Basis {
            since: minutes(at),
            ..basis(Some(officer), severity)
        };
        table.open(1, basis, &["s-01"]);
        table
    }
}

#[test]
fn what_is_unanswered_climbs_to_the_next_in_line_and_then_to_the_integrity_team() {
    let table = Table::with("p-001", Major);
    assert_eq!(table.foreseen(), ["Tue 09:15 s-02", "Tue 11:00 i-01 i-02"]);
    assert!(Table::with("p-001", Minor).foreseen().is_empty());
}

#[test]
fn breaks_nights_and_weekends_do_not_count_unless_it_is_critical() {
    // 11:50, ten minutes before the break.
    assert_eq!(
        Table::begins(Major, "p-001", 170).foreseen(),
        ["Tue 13:05 s-02", "Tue 14:50 i-01 i-02"]
    );
    // Friday 15:55: s-01 is back on Monday, and was told.
    assert_eq!(
        Table::begins(Major, "p-001", 3 * 1_440 + 415).foreseen(),
        ["Mon 08:10 s-02", "Mon 09:55 i-01 i-02"]
    );
    assert_eq!(
        Table::begins(Critical, "p-001", 3 * 1_440 + 415).foreseen(),
        ["Fri 16:10 s-06", "Fri 16:25 s-02", "Fri 17:55 i-01 i-02"]
    );
}

#[test]
fn an_empty_step_is_skipped_and_its_reasons_are_told() {
    // p-004 is s-04; s-01 above him was told, s-02 has asked for his exemption.
    let mut table = Table::with("p-004", Major);
    let wish = exemption::ExemptionWish::Ask {
        officer: "p-004".into(),
        from: minutes(0),
        until: minutes(60),
    };
    let who = Actor::in_roster("s-02", &table.roster).unwrap();
    let asked = table
        .cases
        .ask_exemption(&who, &wish, "keluarga sakit", &table.roster, &table.terms, minutes(1));
    table.take(Record::Exemption(asked.unwrap()));
    assert_eq!(table.foreseen(), ["Tue 09:15 i-01 i-02"]);
    let due = table.cases.next(table.case(), &table.roster, &table.terms).unwrap();
    let What::Climb { passed, .. } = due.what else { panic!() };
    assert_eq!(
        passed,
        [
            ("s-01".to_owned(), Passed::Told),
            ("s-02".to_owned(), Passed::Conflict(Refusal::AskedExemption))
        ]
    );
}

#[test]
fn neither_the_subject_nor_who_reports_to_him_is_ever_told() {
    // s-01 serves as p-009: the line above p-009 is s-02 alone.
    let mut table = Table::new();
    table.open(1, basis(Some("p-009"), Major), &["s-02"]);
    assert_eq!(table.foreseen(), ["Tue 09:15 i-01 i-02"]);
}

#[test]
fn whoever_acts_for_an_absent_one_is_told_in_his_place() {
    // Thursday, 09:00: s-06 acts for s-01; p-003 is under s-04.
    let mut table = Table::new();
    let basis = Basis {
        since: minutes(2 * 1_440),
        ..basis(Some("p-003"), Major)
    };
    table.open(1, basis, &["s-04"]);
    assert_eq!(
        table.foreseen(),
        ["Thu 09:15 s-06", "Thu 09:30 s-02", "Thu 11:00 i-01 i-02"]
    );
}

#[test]
fn an_acknowledgement_stops_it_until_it_runs_out_and_a_decision_for_good() {
    let mut table = Table::with("p-001", Major);
    table.does("s-01", Wish::Ack, minutes(10));
    // Eight hours of service later; then the nearest is reminded first.
    assert_eq!(
        table.foreseen(),
        [
            "Wed 10:10 ack expires",
            "Wed 10:25 s-01",
            "Wed 10:40 s-02",
            "Wed 12:10 i-01 i-02"
        ]
        .map(|line| line.replace("12:10", "13:10"))
    );
    table.does("s-01", Wish::Find, minutes(20));
    assert!(table.foreseen().is_empty());
}

#[test]
fn a_proposed_dismissal_looks_for_its_second_person_at_once() {
    let mut table = Table::with("p-001", Major);
    table.does("s-01", Wish::Dismiss(Code::Mistaken), minutes(5));
    assert_eq!(table.foreseen(), ["Tue 09:05 s-02", "Tue 11:05 i-01 i-02"]);
}

#[test]
fn nobody_is_told_twice_for_one_step_and_none_is_skipped_however_late_it_is_asked() {
    let mut table = Table::with("p-001", Major);
    assert!(table.at(14).is_empty());
    // The clock is set back, and on again.
    assert!(table.at(-500).is_empty());
    let told = |people: &[&str], rung| Act::Told {
        people: people.iter().map(|id| (*id).to_owned()).collect(),
        rung,
    };
    assert_eq!(table.at(16), [told(&["s-02"], Rung::Next)]);
    assert!(table.at(15).is_empty() && table.at(16).is_empty());
    table.folds();
    assert_eq!(table.at(121), [told(&["i-01", "i-02"], Rung::Integrity)]);
    assert!(table.at(9_000).is_empty());
    // Away all night: both steps are taken, in order.
    let mut table = Table::with("p-001", Major);
    assert_eq!(
        table.at(1_440),
        [told(&["s-02"], Rung::Next), told(&["i-01", "i-02"], Rung::Integrity)]
    );
    table.folds();
}
