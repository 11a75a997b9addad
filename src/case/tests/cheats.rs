//! Attempts to cheat, each refused for its reason.

use super::*;
use Refusal::*;
use Severity::{Major, Minor};

#[test]
fn nobody_judges_himself_whatever_he_is_called() {
    // By his officer's id, by his supervisor's entry, by a mailbox he shares.
    for (officer, who) in [
        ("p-004", "s-04"),
        ("p-004", "p-004"),
        ("p-009", "s-01"),
        ("p-009", "p-009"),
    ] {
        let mut table = Table::with(officer, Minor);
        for wish in [
            Wish::Ack,
            Wish::Find,
            Wish::Dismiss(Code::Mistaken),
            Wish::Examine,
            Wish::Close,
        ] {
            table.refused(who, wish, minutes(6), &Own);
        }
    }
}

#[test]
fn nobody_judges_his_superior() {
    // s-04 is the supervisor p-003 reports to; s-01 is above s-04 and serves as p-009.
    let mut table = Table::with("p-009", Minor);
    table.refused("s-04", Wish::Dismiss(Code::Mistaken), minutes(6), &OfSuperior);
    table.refused("p-001", Wish::Ack, minutes(6), &OfSuperior);
    table.does("s-02", Wish::Dismiss(Code::Mistaken), minutes(6));
}

#[test]
fn a_deputy_judges_neither_him_he_acts_for_nor_before_and_after_he_does() {
    let thursday = minutes(2 * 1_440);
    let mut table = Table::with("p-001", Minor);
    table.refused("s-06", Wish::Ack, minutes(6), &NotInLine);
    table.does("s-06", Wish::Ack, thursday);
    table.refused("s-06", Wish::Find, minutes(4 * 1_440), &NotInLine);
    let mut table = Table::with("p-009", Minor);
    table.refused("s-06", Wish::Dismiss(Code::Mistaken), thursday, &DeputyOfSubject);
    table.does("s-02", Wish::Dismiss(Code::Mistaken), thursday);
}

#[test]
fn a_stranger_to_the_line_an_officer_and_a_technician_judge_nobody() {
    for (who, why) in [("s-05", NotInLine), ("p-003", NotInLine), ("t-01", ForPeople)] {
        let mut table = Table::with("p-001", Minor);
        for wish in [Wish::Ack, Wish::Find, Wish::Dismiss(Code::Mistaken)] {
            table.refused(who, wish, minutes(6), &why);
        }
    }
}

#[test]
fn whoever_asked_for_the_officers_exemption_does_not_judge_him_for_that_day() {
    let mut table = Table::with("p-001", Minor);
    let wish = exemption::ExemptionWish::Ask {
        officer: "p-001".into(),
        from: minutes(0),
        until: minutes(60),
    };
    let who = Actor::in_roster("s-01", &table.roster).unwrap();
    let step = table
        .cases
        .ask_exemption(&who, &wish, "menunggu telepon", &table.roster, &table.terms, minutes(3))
        .unwrap();
    table.take(Record::Exemption(step));
    table.refused("s-01", Wish::Dismiss(Code::Exempted), minutes(6), &AskedExemption);
    table.does("s-02", Wish::Dismiss(Code::Exempted), minutes(6));
    table.folds();
}

#[test]
fn one_person_is_not_two() {
    let mut table = Table::with("p-001", Major);
    table.does("s-01", Wish::Dismiss(Code::Mistaken), minutes(6));
    table.refused("s-01", Wish::Dismiss(Code::Mistaken), minutes(7), &SecondPerson);
    // Not as his own deputy either: s-06 acts for him, but is another person; an entry of the same mailbox is not.
    let twin = ROSTER.replace("email = \"plh@o.example\"", "email = \"KASI@o.example\"");
    table.roster = Roster::parse(&twin).unwrap();
    table.refused("s-06", Wish::Dismiss(Code::Mistaken), minutes(2 * 1_440), &SecondPerson);
}

#[test]
fn what_reached_the_integrity_team_is_not_dismissed_past_them() {
    let mut table = Table::with("p-001", Minor);
    let people = vec!["i-01".to_owned()];
    let rung = Rung::Integrity;
    table.monitor(1, minutes(120), Act::Told { people, rung });
    table.does("s-01", Wish::Dismiss(Code::Mistaken), minutes(121));
    assert_eq!(table.case().stage, Stage::Dismissing);
    table.refused("s-02", Wish::Dismiss(Code::Mistaken), minutes(122), &ForIntegrity);
    table.does("i-01", Wish::Dismiss(Code::Mistaken), minutes(123));
}

#[test]
fn a_statement_is_the_officers_own_and_stands_as_it_was_given() {
    let mut table = Table::with("p-001", Minor);
    for other in ["s-01", "i-01", "p-003"] {
        table.refused(other, Wish::State, minutes(6), &ForOfficer);
    }
    table.does("p-001", Wish::State, minutes(7));
    // What he adds is a step of its own.
    table.does("p-001", Wish::State, minutes(8));
    let stated = |record: &&Record| matches!(record, Record::Step(step) if step.act == Act::Stated);
    assert_eq!(table.records.iter().filter(stated).count(), 2);
    for other in ["s-01", "p-003"] {
        table.refused(other, Wish::Appeal, minutes(9), &ForOfficer);
    }
}

#[test]
fn a_form_that_is_sent_twice_does_nothing_the_second_time() {
    let mut table = Table::with("p-001", Minor);
    let who = Actor::in_roster("s-01", &table.roster).unwrap();
    let ask = Ask {
        incident: 1,
        who,
        wish: Wish::Ack,
        reason: String::new(),
        seen: Some(table.case().steps),
    };
    let step = table.cases.ask(&ask, &table.roster, &table.terms, minutes(6)).unwrap();
    table.take(Record::Step(step));
    let again = table.cases.ask(&ask, &table.roster, &table.terms, minutes(7));
    assert_eq!(again, Err(Changed(3)));
}

#[test]
fn nothing_is_decided_without_a_reason_or_with_a_book() {
    let mut table = Table::with("p-001", Minor);
    let who = Actor::in_roster("s-01", &table.roster).unwrap();
    for (reason, why) in [("", NoReason), ("  . ", NoReason), (&"x".repeat(5_000), TooLong(4_096))] {
        let ask = Ask {
            incident: 1,
            who: who.clone(),
            wish: Wish::Find,
            reason: reason.into(),
            seen: None,
        };
        assert_eq!(table.cases.ask(&ask, &table.roster, &table.terms, minutes(6)), Err(why));
    }
    let ask = Ask {
        incident: 77,
        who,
        wish: Wish::Ack,
        reason: String::new(),
        seen: None,
    };
    assert_eq!(
        table.cases.ask(&ask, &table.roster, &table.terms, minutes(6)),
        Err(NoCase(77))
    );
    table.does("s-01", Wish::Ack, minutes(6));
}

#[test]
fn what_is_decided_is_not_decided_again_by_another_way() {
    let mut table = Table::with("p-001", Minor);
    table.does("s-01", Wish::Find, minutes(6));
    for wish in [
        Wish::Find,
        Wish::Ack,
        Wish::Dismiss(Code::Permitted),
        Wish::Prove,
        Wish::NotProve,
    ] {
        table.refused("s-01", wish, minutes(7), &WrongStage(Stage::Finding));
    }
    table.does("s-01", Wish::Close, minutes(8));
    table.refused(
        "s-02",
        Wish::Dismiss(Code::Permitted),
        minutes(9),
        &WrongStage(Stage::Closed),
    );
    table.refused("s-02", Wish::Reopen, minutes(9), &ForIntegrity);
    table.refused("s-02", Wish::Grant, minutes(9), &NoAppeal);
    table.does("i-01", Wish::Reopen, minutes(10));
    table.monitor(1, minutes(11), Act::Joined { to: 9 });
    table.refused("s-01", Wish::Find, minutes(12), &GoesOnAs(9));
}
