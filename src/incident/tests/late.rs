//! What is long over when it becomes known: one letter a person.

use super::stories::{Desk, amended, minutes, opened, retracted, verdict};
use crate::store::rows::LetterKind::{Amended, Opened, Retracted};

/// Six hours later a device sends what it had kept; three indications follow from it, a minute apart.
fn after_an_outage() -> Desk {
    let mut desk = Desk::new();
    desk.now = minutes(360);
    desk.book.late_before(Some(minutes(330)), None);
    for since in [0, 60, 120] {
        let late = verdict("p-001", since, Some(since + 5));
        assert_eq!(desk.turn(vec![opened(late)]), [], "it may not be the last one");
    }
    desk
}

#[test]
fn late_indications_go_as_one_letter_and_what_holds_now_is_told_at_once() {
    let mut desk = after_an_outage();
    assert_eq!(
        desk.turn(vec![opened(verdict("p-002", 363, None))]),
        [(4, Opened), (0, Opened)]
    );
    let letters = desk.letters();
    assert_eq!(letters[1].subject, "[Jagaloket] 3 insiden yang baru diketahui – Kanim");
    for number in ["#1", "#2", "#3"] {
        assert!(letters[1].text_body.contains(number) && letters[1].html_body.contains(number));
    }
    assert!(!letters[1].text_body.contains("#4"));
    assert_eq!(desk.book.next_wake(), None);
}

#[test]
fn what_changes_later_answers_to_that_letter_also_after_a_restart() {
    let mut desk = after_an_outage();
    assert_eq!(desk.turn(Vec::new()), [(0, Opened)]);
    let digest = desk.letters()[0].message_id.clone();
    for mut desk in [desk.rebuilt(), desk] {
        assert_eq!(desk.turn(Vec::new()), [], "nobody is told twice");
        let withdrawn = verdict("p-001", 60, Some(65));
        assert_eq!(desk.turn(vec![retracted(withdrawn)]), [(2, Retracted)]);
        let second = verdict("p-001", 20, Some(25));
        assert_eq!(desk.turn(vec![opened(second)]), [(1, Amended)]);
        for letter in desk.letters().iter().rev().take(2) {
            assert_eq!(letter.in_reply_to.as_ref(), Some(&digest));
            assert!(
                letter.subject.starts_with("Re: [Jagaloket] Indikasi #"),
                "{}",
                letter.subject
            );
        }
    }
}

#[test]
fn what_was_gathered_before_a_restart_is_told_after_it() {
    let desk = after_an_outage();
    let mut desk = desk.rebuilt();
    desk.book.late_before(Some(minutes(330)), None);
    assert_eq!(desk.turn(Vec::new()), []);
    assert_eq!(desk.turn(Vec::new()), [(0, Opened)]);
    assert_eq!(desk.book.next_wake(), None);
}

#[test]
fn one_or_two_are_told_each_for_itself_and_what_is_withdrawn_meanwhile_is_not() {
    let mut desk = after_an_outage();
    let (gone, grown) = (verdict("p-001", 0, Some(5)), verdict("p-001", 60, Some(65)));
    let more = amended(grown, verdict("p-001", 60, Some(66)));
    assert_eq!(desk.turn(vec![retracted(gone), more]), []);
    assert_eq!(desk.turn(Vec::new()), [(2, Opened), (3, Opened)]);
}

#[test]
fn nobody_waits_longer_than_ten_minutes_for_what_goes_on_coming() {
    let mut desk = Desk::new();
    desk.now = minutes(1_000);
    desk.book.late_before(Some(minutes(970)), None);
    let mut waited = 0;
    for n in 0.. {
        let since = n * 40;
        let letters = desk.turn(vec![opened(verdict("p-001", since, Some(since + 5)))]);
        if !letters.is_empty() {
            assert_eq!(letters, [(0, Opened)]);
            break;
        }
        waited += 1;
    }
    assert_eq!(waited, 10);
}

#[test]
fn while_the_offices_clock_is_far_behind_nobody_is_told_what_holds_there() {
    let mut desk = Desk::new();
    desk.now = minutes(360);
    desk.book.late_before(Some(minutes(330)), Some(minutes(10)));
    let held = [verdict("p-001", 0, None), verdict("p-002", 0, None)];
    assert_eq!(desk.turn(held.clone().map(opened).to_vec()), []);
    for _ in 0..20 {
        assert_eq!(desk.turn(Vec::new()), []);
    }
    // It has caught up: one was over long since, with others, and one still holds.
    desk.book.late_before(Some(minutes(330)), Some(minutes(380)));
    let [over, _] = held;
    let late = [20, 60, 120].map(|since| opened(verdict("p-001", since + 40, Some(since + 45))));
    let mut decisions = vec![amended(over, verdict("p-001", 0, Some(5)))];
    decisions.extend(late);
    assert_eq!(desk.turn(decisions), []);
    let mut told = desk.turn(Vec::new());
    told.extend(desk.turn(Vec::new()));
    assert_eq!(told, [(2, Opened), (0, Opened)]);
}

#[test]
fn while_a_past_goes_on_coming_nobody_is_told_what_seems_to_last_since_then() {
    let mut desk = Desk::new();
    desk.now = minutes(360);
    desk.book.late_before(Some(minutes(330)), Some(minutes(360)));
    desk.book.catches_up(true);
    let seems = verdict("p-001", 0, None);
    let ended = verdict("p-003", 0, Some(359));
    assert_eq!(desk.turn(vec![opened(seems.clone()), opened(ended)]), []);
    assert_eq!(
        desk.turn(vec![opened(verdict("p-002", 359, None))]),
        [(3, Opened)],
        "what began just now waits for nothing"
    );
    assert_eq!(desk.turn(vec![retracted(seems)]), []);
    desk.book.catches_up(false);
    let mut told = desk.turn(Vec::new());
    told.extend(desk.turn(Vec::new()));
    assert_eq!(told, [(2, Opened)]);
}
