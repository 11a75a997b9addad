//! From an indication to its end, and what counts on the way.

use super::*;
use Severity::{Major, Minor};

#[test]
fn only_what_an_examination_proved_counts_as_proven() {
    let mut table = Table::with("p-001", Major);
    assert_eq!(table.counts(), [1, 0, 0]);
    table.does("s-01", Wish::Ack, minutes(6));
    table.does("p-001", Wish::State, minutes(10));
    table.does("s-01", Wish::Find, minutes(20));
    assert_eq!(table.counts(), [1, 1, 0]);
    table.does("s-01", Wish::Examine, minutes(30));
    assert_eq!(table.counts(), [1, 1, 0]);
    table.does("s-02", Wish::Prove, minutes(40));
    assert_eq!(table.counts(), [1, 1, 1]);
    table.does("s-02", Wish::Close, minutes(50));
    assert_eq!((table.case().stage, table.counts()), (Stage::Closed, [1, 1, 1]));
    table.folds();
}

#[test]
fn what_was_not_proven_is_no_finding_any_more() {
    let mut table = Table::with("p-001", Major);
    table.does("s-01", Wish::Examine, minutes(20));
    table.does("s-01", Wish::NotProve, minutes(40));
    assert_eq!(table.counts(), [1, 0, 0]);
    table.folds();
}

#[test]
fn nothing_is_proven_before_the_officer_was_heard_or_had_three_days_for_it() {
    let mut table = Table::with("p-001", Major);
    table.does("s-01", Wish::Examine, minutes(20));
    let until = minutes(3 * 1_440).rfc3339(table.roster.office.zone);
    table.refused("s-01", Wish::Prove, minutes(30), &Refusal::NotHeard(until));
    table.does("s-01", Wish::Prove, minutes(3 * 1_440));
    table.folds();
}

#[test]
fn a_minor_one_is_dismissed_by_one_person_and_a_major_one_by_two() {
    let mut table = Table::with("p-001", Minor);
    table.does("s-01", Wish::Dismiss(Code::DeviceFault), minutes(6));
    assert_eq!(table.case().stage, Stage::Dismissed);
    let mut table = Table::with("p-001", Major);
    table.does("s-01", Wish::Dismiss(Code::DeviceFault), minutes(6));
    assert_eq!(table.case().stage, Stage::Dismissing);
    table.refused(
        "s-01",
        Wish::Dismiss(Code::DeviceFault),
        minutes(7),
        &Refusal::SecondPerson,
    );
    table.does("s-02", Wish::Dismiss(Code::DeviceFault), minutes(8));
    assert_eq!(
        (table.case().stage, table.case().code),
        (Stage::Dismissed, Some(Code::DeviceFault))
    );
    table.folds();
}

#[test]
fn whoever_is_asked_to_agree_may_find_otherwise() {
    let mut table = Table::with("p-001", Major);
    table.does("s-01", Wish::Dismiss(Code::Mistaken), minutes(6));
    table.does("s-02", Wish::Find, minutes(8));
    assert_eq!((table.case().stage, table.case().code), (Stage::Finding, None));
}

#[test]
fn late_events_clear_what_nobody_decided_and_leave_to_people_what_they_did() {
    let mut table = Table::with("p-001", Major);
    table.monitor(1, minutes(9), Act::BasisWithdrawn);
    assert_eq!((table.case().stage, table.counts()), (Stage::Withdrawn, [0, 0, 0]));
    let mut table = Table::with("p-001", Major);
    table.does("s-01", Wish::Find, minutes(6));
    table.monitor(1, minutes(9), Act::BasisWithdrawn);
    assert_eq!((table.case().stage, table.counts()), (Stage::Finding, [0, 0, 0]));
    table.refused("s-01", Wish::Examine, minutes(10), &Refusal::Withdrawn);
    table.does("s-01", Wish::Dismiss(Code::Mistaken), minutes(11));
    table.does("s-02", Wish::Dismiss(Code::Mistaken), minutes(12));
    table.folds();
}

#[test]
fn late_evidence_opens_again_what_was_dismissed_and_not_what_was_found() {
    let row = |until| crate::store::rows::IncidentRow {
        n: 1,
        office: OfficeId::new("o"),
        policy: PolicyId::new("phone-out-during-service"),
        class: Class::Indication,
        severity: Minor,
        counter: Some(DeviceId::new("loket-01")),
        lockbox: None,
        officer: Some(OfficerId::new("p-001")),
        date: "2026-11-24".into(),
        since: minutes(0),
        until,
        state: IncidentState::Ended,
        created: minutes(0),
        changed: minutes(0),
    };
    let mut table = Table::with("p-001", Minor);
    table.does("s-01", Wish::Dismiss(Code::Mistaken), minutes(6));
    assert_eq!(follow(Some(table.case()), &row(Some(minutes(5)))), None);
    // A corrected end that holds less against him opens nothing.
    let shorter = follow(Some(table.case()), &row(Some(minutes(4)))).unwrap();
    assert!(matches!(shorter, Act::Amended { .. }), "{shorter:?}");
    let longer = follow(Some(table.case()), &row(Some(minutes(9)))).unwrap();
    assert!(matches!(longer, Act::ReopenedByEvidence { .. }), "{longer:?}");
    table.monitor(1, minutes(20), longer);
    assert_eq!((table.case().stage, table.case().stated), (Stage::Indication, None));
    table.does("s-01", Wish::Find, minutes(30));
    let more = follow(Some(table.case()), &row(Some(minutes(40)))).unwrap();
    assert!(matches!(more, Act::Amended { .. }), "{more:?}");
    table.folds();
}

#[test]
fn an_appeal_goes_to_somebody_who_did_not_decide_and_within_its_time() {
    let mut table = Table::with("p-001", Major);
    table.refused(
        "p-001",
        Wish::Appeal,
        minutes(5),
        &Refusal::WrongStage(Stage::Indication),
    );
    table.does("s-01", Wish::Find, minutes(6));
    table.does("p-001", Wish::Appeal, minutes(60));
    table.refused("p-001", Wish::Appeal, minutes(61), &Refusal::AppealPending);
    table.refused("s-01", Wish::Examine, minutes(62), &Refusal::AppealPending);
    table.refused("s-01", Wish::Uphold, minutes(63), &Refusal::Decided);
    table.does("i-01", Wish::Grant, minutes(64));
    assert_eq!((table.case().stage, table.counts()), (Stage::Dismissed, [1, 0, 0]));
    table.folds();

    let mut table = Table::with("p-001", Major);
    table.does("s-01", Wish::Find, minutes(6));
    let end = minutes(6 + 14 * 1_440);
    let late = Refusal::TooLate(end.rfc3339(table.roster.office.zone));
    table.refused("p-001", Wish::Appeal, end.plus_ms(1), &late);
    table.does("p-001", Wish::Appeal, end);
    table.does("i-02", Wish::Uphold, end.plus_ms(2));
    assert_eq!(
        (table.case().stage, table.case().appeal.is_none()),
        (Stage::Finding, true)
    );
}

#[test]
fn what_accuses_nobody_is_closed_without_a_decision() {
    let mut table = Table::new();
    let technical = Basis {
        class: Class::Technical,
        officer: None,
        ..basis(None, Major)
    };
    table.open(1, technical, &["s-01", "t-01"]);
    table.refused("s-01", Wish::Find, minutes(6), &Refusal::WrongStage(Stage::Indication));
    table.does("t-01", Wish::Ack, minutes(7));
    table.does("t-01", Wish::Close, minutes(8));
    assert_eq!(table.counts(), [0, 0, 0]);
    table.folds();
}

#[test]
fn only_what_people_confirmed_is_a_pattern_and_it_is_told_once() {
    let mut table = Table::new();
    let day = |n: i64| minutes(n * 1_440);
    let mut told = Vec::new();
    for n in 1..=6 {
        let basis = Basis {
            since: day(n),
            until: Some(day(n)),
            ..basis(Some("p-001"), Minor)
        };
        table.open(n, basis, &["s-01"]);
        // The fourth is dismissed.
        let act = if n == 4 {
            Act::Dismissed { code: Code::Mistaken }
        } else {
            Act::Found
        };
        table.monitor(n, day(n), act);
        if let Some(pattern) = table
            .cases
            .pattern(&table.cases.of[&n], &table.roster, &table.terms, day(n))
        {
            told.push((pattern.incidents.clone(), pattern.people.clone()));
            table.take(Record::Pattern(pattern));
        }
    }
    let people = ["s-02", "i-01", "i-02"].map(str::to_owned).to_vec();
    assert_eq!(told, [(vec![1, 2, 3], people)]);
    table.folds();
    // Two weeks later the first ones are too old to count.
    let late = basis(Some("p-001"), Minor);
    table.open(
        9,
        Basis {
            since: day(30),
            until: Some(day(30)),
            ..late
        },
        &["s-01"],
    );
    table.monitor(9, day(30), Act::Found);
    assert_eq!(
        table
            .cases
            .pattern(&table.cases.of[&9], &table.roster, &table.terms, day(30)),
        None
    );
}
