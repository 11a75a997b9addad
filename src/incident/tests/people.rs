//! Who is told.

use super::stories::{Desk, amended, minutes, opened, verdict};
use crate::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use crate::engine::policy::{Class, Severity, Tell};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;
use crate::incident::recipients;
use crate::store::rows::LetterKind;

const ROSTER: &str = r#"
office = { id = "o", name = "O", timezone = "Asia/Jakarta" }
counter = [{ id = "c-1" }]
lockbox = [{ id = "l-1" }, { id = "l-2" }, { id = "l-3" }]
supervisor = [
    { id = "s-1", name = "S1", email = "s1@o.example", reports_to = "s-2", officer = "p-2" },
    { id = "s-2", name = "S2", email = "s2@o.example", reports_to = "s-3" },
    { id = "s-3", name = "S3", email = "s3@o.example" },
    { id = "p-5", name = "same id", email = "p5@o.example", reports_to = "s-7" },
    { id = "s-6", name = "same address", email = "P6@o.example", reports_to = "s-2" },
    { id = "s-7", name = "ring", email = "s7@o.example", reports_to = "p-5", officer = "p-5" },
    { id = "s-8", name = "S8", email = "s8@o.example" },
]
integrity = [
    { id = "i-1", name = "I1", email = "i1@o.example" },
    { id = "i-2", name = "I2, who also supervises", email = "S2@o.example" },
    { id = "i-3", name = "a mailbox that p-2 reads", email = "s1@o.example" },
]
technician = [{ id = "t-1", name = "T1", email = "t1@o.example" }]
officer = [
    { id = "p-1", supervisor = "s-1", lockbox = "l-1" },
    { id = "p-2", supervisor = "s-1" },
    { id = "p-3" },
    { id = "p-5", supervisor = "p-5" },
    { id = "p-6", supervisor = "s-6", email = "p6@o.example", lockbox = "l-2" },
]
"#;

#[test]
fn a_correction_that_waits_over_a_restart_is_not_lost_where_somebody_else_heard_that_nobody_answers() {
    let mut desk = Desk::new();
    desk.turn(vec![opened(verdict("p-001", 0, None))]);
    let mut open = verdict("p-001", 0, None);
    for (since, until) in [(0, 2), (5, 7)] {
        let over = verdict("p-001", since, Some(until));
        desk.turn(vec![amended(open, over)]);
        open = verdict("p-001", until + 3, None);
        desk.turn(vec![opened(open.clone())]);
    }
    let told = desk.letters().len();
    desk.turn(vec![amended(open, verdict("p-001", 10, Some(12)))]);
    assert_eq!(desk.letters().len(), told, "it waits");
    desk.escalate(1, "s-02");
    assert_eq!(desk.letters().len(), told + 1);
    let again = desk.rebuilt();
    for mut desk in [desk, again] {
        desk.now = minutes(60);
        let said: Vec<LetterKind> = desk.turn(Vec::new()).into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(said, [LetterKind::Amended; 2], "both hear what stands");
    }
}

#[track_caller]
fn check(notify: &[Tell], [counter, lockbox, officer]: [Option<&str>; 3], expected: &[&str]) {
    let roster = Roster::parse(ROSTER).unwrap();
    let verdict = Verdict {
        policy: PolicyId::new("p"),
        class: Class::Indication,
        severity: Severity::Major,
        office: OfficeId::new("o"),
        counter: counter.map(DeviceId::new),
        lockbox: lockbox.map(DeviceId::new),
        officer: officer.map(OfficerId::new),
        since: Moment(0),
        opened: Moment(0),
        until: None,
        evidence: Vec::new(),
    };
    let told: Vec<&str> = recipients(notify, &verdict, &roster, verdict.since)
        .into_iter()
        .map(|person| person.id.as_str())
        .collect();
    assert_eq!(told, expected, "{notify:?} {counter:?} {lockbox:?} {officer:?}");
}

const SUPERVISOR: &[Tell] = &[Tell::Supervisor];

#[test]
fn the_supervisor_is_told_and_never_the_officer_himself() {
    let about = |officer| [Some("c-1"), None, Some(officer)];
    check(SUPERVISOR, about("p-1"), &["s-1"]);
    // s-1 is p-2: one step up.
    check(SUPERVISOR, about("p-2"), &["s-2"]);
    // s-6 reads p-6's mail.
    check(SUPERVISOR, about("p-6"), &["s-2"]);
    // p-5 supervises himself, in a ring of himself: nobody is left.
    check(SUPERVISOR, about("p-5"), &["i-1", "i-2", "i-3"]);
}

#[test]
fn without_a_supervisor_or_a_roster_entry_the_integrity_team_is_told() {
    for officer in ["p-3", "p-99"] {
        check(SUPERVISOR, [Some("c-1"), None, Some(officer)], &["i-1", "i-2", "i-3"]);
    }
}

#[test]
fn a_team_is_told_without_the_member_the_verdict_is_about_and_each_address_once() {
    let notify = &[Tell::Supervisor, Tell::Integrity, Tell::Technician];
    // i-2 has the address of s-2, and i-3 that of s-1, which is p-2 himself.
    check(notify, [Some("c-1"), None, Some("p-2")], &["s-2", "i-1", "t-1"]);
    check(&[Tell::Technician], [Some("c-1"), None, Some("p-1")], &["t-1"]);
}

#[test]
fn without_an_officer_those_are_told_who_supervise_there() {
    check(SUPERVISOR, [None, Some("l-1"), None], &["s-1"]);
    check(SUPERVISOR, [None, Some("l-2"), None], &["s-6"]);
    // Nobody is assigned to l-3, and of a counter nobody knows: all who supervise somebody.
    check(SUPERVISOR, [None, Some("l-3"), None], &["s-1", "p-5", "s-6"]);
    check(SUPERVISOR, [Some("c-1"), None, None], &["s-1", "p-5", "s-6"]);
}

#[test]
fn an_office_with_nobody_but_the_officer_tells_nobody() {
    let roster = r#"
        office = { id = "o", name = "O", timezone = "Asia/Jakarta" }
        integrity = [{ id = "p-1", name = "P", email = "p@o.example" }]
        officer = [{ id = "p-1" }]
    "#;
    let roster = Roster::parse(roster).unwrap();
    let verdict = Verdict {
        policy: PolicyId::new("p"),
        class: Class::Indication,
        severity: Severity::Major,
        office: OfficeId::new("o"),
        counter: None,
        lockbox: None,
        officer: Some(OfficerId::new("p-1")),
        since: Moment(0),
        opened: Moment(0),
        until: None,
        evidence: Vec::new(),
    };
    assert_eq!(recipients(SUPERVISOR, &verdict, &roster, verdict.since).len(), 0);
}
