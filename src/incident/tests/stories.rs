//! What a book makes of the engine's decisions, turn by turn.

use std::sync::Arc;

use crate::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use crate::engine::policy::{Class, Head, Per, Reach, Severity, Tell, Title};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::{Decision, Reason, Verdict};
use crate::incident::{Book, Noted, Outcome, PACE_MS, Past, To};
use crate::letter::{Change, House};
use crate::store::rows::{IncidentState, LetterKind, NewLetter, Told, VerdictRow};

const ROSTER: &str = r#"
office = { id = "tangerang", name = "Kanim", timezone = "Asia/Jakarta" }
counter = [{ id = "loket-01" }, { id = "loket-02" }]
supervisor = [
    { id = "s-01", name = "Kasi", email = "kasi@o.example" },
    { id = "s-02", name = "Kasi baru", email = "baru@o.example", language = "en" },
]
integrity = [{ id = "i-01", name = "Kepatuhan", email = "i@o.example" }]
officer = [{ id = "p-001", supervisor = "s-01" }, { id = "p-002", supervisor = "s-01" }]
"#;

/// 09:00 WIB on a Tuesday.
const NINE: i64 = 1_795_485_600_000;

pub(super) fn minutes(minutes: i64) -> Moment {
    Moment(NINE + minutes * 60_000)
}

pub(super) fn verdict(officer: &str, since: i64, until: Option<i64>) -> Verdict {
    Verdict {
        policy: PolicyId::new("phone-out-during-service"),
        class: Class::Indication,
        severity: Severity::Major,
        office: OfficeId::new("tangerang"),
        counter: Some(DeviceId::new("loket-01")),
        lockbox: None,
        officer: Some(OfficerId::new(officer)),
        since: minutes(since),
        opened: minutes(since).plus_ms(60_000),
        until: until.map(minutes),
        evidence: vec![Arc::from("/tangerang/loket-01#1")],
    }
}

pub(super) fn opened(verdict: Verdict) -> Decision {
    let reason = Reason::ConditionHeld;
    Decision::Opened { verdict, reason }
}

pub(super) fn amended(before: Verdict, verdict: Verdict) -> Decision {
    Decision::Amended {
        before,
        verdict,
        reason: Reason::ConditionEnded,
    }
}

pub(super) fn retracted(verdict: Verdict) -> Decision {
    let reason = Reason::LateEvent;
    Decision::Retracted { verdict, reason }
}

fn head() -> Head {
    Head {
        id: PolicyId::new("phone-out-during-service"),
        title: Title {
            id: "Ponsel di luar loker saat pelayanan".into(),
            en: "Phone outside the lockbox during service".into(),
        },
        basis: "SOP".into(),
        class: Class::Indication,
        severity: Severity::Major,
        per: Per::Session,
        condition: String::new(),
        for_ms: 60_000,
        bridge_ms: 120_000,
        group_within_ms: 30 * 60_000,
        notify: vec![Tell::Supervisor],
        enabled: true,
        scope: Reach::Service,
        overlay: None,
    }
}

fn house() -> House {
    House {
        base_url: "https://j.example".into(),
        domain: "j.example".into(),
        wording: Default::default(),
        counts_alone: false,
    }
}

/// A desk on which a book is kept, with all that it ever wrote.
pub(super) struct Desk {
    pub book: Book,
    roster: Roster,
    policies: Vec<Head>,
    pub now: Moment,
    pub written: Vec<Outcome>,
}

impl Desk {
    pub fn new() -> Desk {
        Desk {
            book: Book::new(house()),
            roster: Roster::parse(ROSTER).unwrap(),
            policies: vec![head()],
            now: minutes(0),
            written: Vec::new(),
        }
    }

    /// One turn, a minute after the one before; answers the letters as (incident, kind), 0 for one of several incidents.
    pub fn turn(&mut self, decisions: Vec<Decision>) -> Vec<(i64, LetterKind)> {
        self.now = self.now.plus_ms(60_000);
        let evidence = Vec::new;
        let noted = decisions.into_iter().map(|decision| Noted {
            decision,
            evidence: evidence(),
        });
        let outcome = self.book.turn(noted.collect(), &self.roster, &self.policies, self.now);
        let letters = outcome
            .letters
            .iter()
            .map(|letter| (letter.incident.unwrap_or(0), letter.kind));
        let letters = letters.collect();
        self.written.push(outcome);
        letters
    }

    /// Somebody else hears that nobody answers.
    pub fn escalate(&mut self, n: i64, person: &str) {
        let to = [self.roster.person(person).unwrap()];
        let (changes, kind) = ([Change::Unanswered(self.now)], LetterKind::Escalated);
        let letters = self.book.write_further(
            n,
            To::People(&to),
            kind,
            &changes,
            &self.roster,
            &self.policies,
            self.now,
        );
        self.written.push(Outcome {
            letters,
            ..Outcome::default()
        });
    }

    pub fn letters(&self) -> Vec<&NewLetter> {
        self.written.iter().flat_map(|outcome| &outcome.letters).collect()
    }

    /// The last that was stored of an incident.
    fn state(&self, n: i64) -> IncidentState {
        let mut rows = self.written.iter().flat_map(|outcome| &outcome.incidents);
        rows.rfind(|row| row.n == n).unwrap().state
    }

    /// The last that was stored of a verdict: its incident, and whether it stands.
    fn verdict(&self, n: i64) -> (i64, bool) {
        let mut rows = self.written.iter().flat_map(|outcome| &outcome.verdicts);
        let last: &VerdictRow = rows.rfind(|row| row.n == n).unwrap();
        (last.incident, !last.retracted)
    }

    /// Another desk, set up from what was stored.
    pub fn rebuilt(&self) -> Desk {
        let mut past = Past {
            next_verdict: 1,
            next_incident: 1,
            ..Past::default()
        };
        for outcome in &self.written {
            for row in &outcome.verdicts {
                past.verdicts.retain(|old| old.n != row.n);
                past.verdicts.push(row.clone());
            }
            for row in &outcome.incidents {
                past.incidents.retain(|old| old.n != row.n);
                past.incidents.push(row.clone());
            }
            let told = |incident, subject: &str, letter: &NewLetter| Told {
                n: 0,
                incident,
                kind: letter.kind,
                person: letter.person.clone(),
                address: letter.address.clone(),
                language: letter.language,
                subject: subject.to_owned(),
                message_id: letter.message_id.clone(),
                in_reply_to: letter.in_reply_to.clone(),
                created: letter.created,
            };
            let own = outcome
                .letters
                .iter()
                .filter_map(|letter| Some((letter.incident?, letter)));
            past.letters
                .extend(own.map(|(n, letter)| told(n, &letter.subject, letter)));
            let among = outcome.among.iter();
            let of_several = among.map(|digest| {
                let named = |letter: &&NewLetter| letter.message_id == digest.letter;
                let letter = outcome
                    .letters
                    .iter()
                    .find(named)
                    .expect("a digest names a letter of its turn");
                told(digest.incident, &digest.subject, letter)
            });
            past.letters.extend(of_several);
        }
        Desk {
            book: Book::rebuild(house(), past),
            now: self.now,
            ..Desk::new()
        }
    }
}

use LetterKind::{Amended, Ended, Opened, Retracted};

#[test]
fn an_indication_opens_ends_and_the_next_within_half_an_hour_is_the_same_incident() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, None);
    assert_eq!(desk.turn(vec![opened(first.clone())]), [(1, Opened)]);
    assert_eq!(
        desk.turn(vec![amended(first, verdict("p-001", 0, Some(5)))]),
        [(1, Ended)]
    );
    assert_eq!(desk.turn(vec![opened(verdict("p-001", 34, Some(36)))]), [(1, Amended)]);
    // Thirty minutes to the millisecond is too far.
    assert_eq!(desk.turn(vec![opened(verdict("p-001", 66, None))]), [(2, Opened)]);
    assert_eq!(desk.turn(vec![opened(verdict("p-002", 66, None))]), [(3, Opened)]);
    assert_eq!(desk.state(1), IncidentState::Ended);
}

#[test]
fn what_is_over_when_it_is_known_makes_one_letter() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, None);
    let over = verdict("p-001", 0, Some(5));
    assert_eq!(
        desk.turn(vec![opened(first.clone()), amended(first, over)]),
        [(1, Opened)]
    );
    assert!(desk.letters()[0].text_body.contains("s.d."));
    assert_eq!(desk.written[0].steps.len(), 2);
}

#[test]
fn what_comes_and_goes_within_a_turn_leaves_nothing() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, None);
    assert_eq!(desk.turn(vec![opened(first.clone()), retracted(first)]), []);
    let outcome = &desk.written[0];
    assert!(outcome.verdicts.is_empty() && outcome.steps.is_empty() && outcome.incidents.is_empty());
}

#[test]
fn growing_evidence_is_stored_and_not_told() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, None);
    let mut grown = first.clone();
    grown.evidence.push(Arc::from("/tangerang/loket-01#2"));
    desk.turn(vec![opened(first.clone())]);
    assert_eq!(desk.turn(vec![amended(first, grown.clone())]), []);
    assert_eq!(desk.written[1].verdicts[0].verdict, grown);
    assert!(desk.written[1].steps.is_empty() && desk.written[1].incidents.is_empty());
}

#[test]
fn a_thread_goes_on_in_its_first_letter() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, None);
    desk.turn(vec![opened(first.clone())]);
    desk.turn(vec![amended(first, verdict("p-001", 0, Some(5)))]);
    desk.turn(vec![retracted(verdict("p-001", 0, Some(5)))]);
    let letters = desk.letters();
    assert_eq!(letters.len(), 3);
    assert_eq!(letters[0].in_reply_to, None);
    for later in &letters[1..] {
        assert_eq!(later.in_reply_to.as_deref(), Some(letters[0].message_id.as_str()));
        assert_eq!(later.subject, format!("Re: {}", letters[0].subject));
    }
    let mut ids: Vec<&str> = letters.iter().map(|letter| letter.message_id.as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(letters[2].text_body.contains("ditarik kembali"));
    assert_eq!(desk.state(1), IncidentState::Retracted);
    assert_eq!(desk.verdict(1), (1, false));
}

#[test]
fn a_verdict_replaced_by_another_near_it_is_the_same_incident_amended() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, Some(5));
    desk.turn(vec![opened(first.clone())]);
    assert_eq!(
        desk.turn(vec![retracted(first), opened(verdict("p-001", 8, Some(11)))]),
        [(1, Amended)]
    );
    assert_eq!((desk.verdict(1), desk.verdict(2)), ((1, false), (1, true)));
}

#[test]
fn what_returns_after_a_retraction_goes_on_in_the_same_thread() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, Some(5));
    desk.turn(vec![opened(first.clone())]);
    assert_eq!(desk.turn(vec![retracted(first.clone())]), [(1, Retracted)]);
    assert_eq!(desk.turn(vec![opened(first)]), [(1, Amended)]);
    assert!(desk.letters()[2].text_body.contains("berlaku kembali"));
    // Far from it another incident begins.
    assert_eq!(desk.turn(vec![opened(verdict("p-001", 90, None))]), [(2, Opened)]);
}

#[test]
fn a_late_verdict_joins_two_incidents_and_the_older_goes_on() {
    let mut desk = Desk::new();
    desk.turn(vec![opened(verdict("p-001", 0, Some(5)))]);
    desk.turn(vec![opened(verdict("p-001", 45, Some(50)))]);
    assert_eq!(desk.turn(vec![opened(verdict("p-001", 25, Some(30)))]), [(1, Amended)]);
    assert_eq!(desk.state(2), IncidentState::Joined(1));
    assert_eq!(desk.verdict(2), (1, true));
    assert!(desk.letters()[2].text_body.contains("#2"));
    // Taken back, they part again, and each goes on as itself.
    let letters = desk.turn(vec![retracted(verdict("p-001", 25, Some(30)))]);
    assert_eq!(letters, [(1, Amended), (2, Amended)]);
    assert_eq!(desk.state(2), IncidentState::Ended);
    assert_eq!(desk.verdict(2), (2, true));
}

#[test]
fn a_late_withdrawal_splits_an_incident_and_the_older_keeps_the_first_part() {
    let mut desk = Desk::new();
    desk.turn(vec![
        opened(verdict("p-001", 0, Some(5))),
        opened(verdict("p-001", 25, Some(30))),
        opened(verdict("p-001", 45, Some(50))),
    ]);
    let letters = desk.turn(vec![retracted(verdict("p-001", 25, Some(30)))]);
    assert_eq!(letters, [(1, Amended), (2, Opened)]);
    assert_eq!((desk.verdict(1), desk.verdict(3)), ((1, true), (2, true)));
    assert!(desk.letters()[1].text_body.contains("dipisahkan menjadi insiden #2"));
    assert!(desk.letters()[2].text_body.contains("dipisahkan dari insiden #1"));
}

#[test]
fn a_late_verdict_before_the_others_but_apart_from_them_is_an_incident_of_its_own() {
    let mut desk = Desk::new();
    desk.turn(vec![opened(verdict("p-001", 60, Some(65)))]);
    assert_eq!(desk.turn(vec![opened(verdict("p-001", 0, Some(5)))]), [(2, Opened)]);
    assert_eq!(desk.verdict(1), (1, true));
}

#[test]
fn midnight_in_the_offices_zone_parts_incidents() {
    let mut desk = Desk::new();
    // 23:50 to 23:55, and 00:05 on.
    let midnight = 15 * 60;
    desk.turn(vec![opened(verdict("p-001", midnight - 10, Some(midnight - 5)))]);
    assert_eq!(
        desk.turn(vec![opened(verdict("p-001", midnight + 5, None))]),
        [(2, Opened)]
    );
}

#[test]
fn a_phone_going_in_and_out_all_morning_makes_a_readable_thread() {
    let mut desk = Desk::new();
    let mut kinds = Vec::new();
    for round in 0..30 {
        let open = verdict("p-001", round * 4, None);
        let over = verdict("p-001", round * 4, Some(round * 4 + 2));
        desk.now = minutes(round * 4);
        kinds.extend(desk.turn(vec![opened(open.clone())]));
        kinds.extend(desk.turn(vec![amended(open, over)]));
    }
    assert_eq!(
        desk.book.next_wake(),
        Some(desk.letters().last().unwrap().created.plus_ms(PACE_MS))
    );
    desk.now = desk.book.next_wake().unwrap();
    kinds.extend(desk.turn(Vec::new()));
    // Three at once, then one a quarter of an hour over two hours; without pacing there would be 60.
    assert_eq!(kinds.len(), 11);
    assert_eq!(desk.book.next_wake(), None);
    let last = desk.letters().last().unwrap().text_body.clone();
    assert!(last.contains("30 kali"), "the last letter tells all: {last}");
}

#[test]
fn whoever_was_told_is_told_on_when_the_roster_has_changed() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, None);
    desk.turn(vec![opened(first.clone())]);
    let changed = ROSTER
        .replace("{ id = \"s-01\", name = \"Kasi\", email = \"kasi@o.example\" },", "")
        .replace("supervisor = \"s-01\"", "supervisor = \"s-02\"");
    desk.roster = Roster::parse(&changed).unwrap();
    desk.turn(vec![amended(first, verdict("p-001", 0, Some(5)))]);
    desk.turn(vec![opened(verdict("p-001", 90, None))]);
    let told: Vec<&str> = desk.letters().iter().map(|letter| letter.address.as_str()).collect();
    assert_eq!(told, ["kasi@o.example", "kasi@o.example", "baru@o.example"]);
    assert!(desk.letters()[1].text_body.contains("Yth. Bapak/Ibu,"));
}

#[test]
fn whoever_turns_out_to_be_the_officer_himself_is_told_no_further() {
    let kasi = "{ id = \"s-01\", name = \"Kasi\", email = \"kasi@o.example\" }";
    for (what, from, to) in [
        (
            "his entry names the officer",
            kasi,
            kasi.replace(" }", ", officer = \"p-001\" }"),
        ),
        (
            "his mailbox became the officer's",
            "{ id = \"p-001\"",
            "{ id = \"p-001\", email = \"KASI@o.example\"".into(),
        ),
    ] {
        let mut desk = Desk::new();
        let first = verdict("p-001", 0, None);
        desk.turn(vec![opened(first.clone())]);
        let changed = ROSTER.replace(from, &to);
        assert_ne!(changed, ROSTER);
        desk.roster = Roster::parse(&changed).unwrap();
        desk.turn(vec![amended(first, verdict("p-001", 0, Some(5)))]);
        let told: Vec<&str> = desk.letters().iter().map(|letter| letter.person.as_str()).collect();
        // Nobody above him is in the roster, so that the integrity team is told instead.
        assert_eq!(told, ["s-01", "i-01"], "{what}");
        // So it is after a restart.
        let mut again = desk.rebuilt();
        again.roster = desk.roster.clone();
        again.turn(vec![opened(verdict("p-001", 20, None))]);
        assert_eq!(
            again.written.iter().flat_map(|outcome| &outcome.letters).count(),
            1,
            "{what}"
        );
        assert_eq!(again.written[0].letters[0].person, "i-01", "{what}");
    }
}

#[test]
fn those_who_were_told_of_the_younger_alone_hear_that_it_was_joined() {
    let mut desk = Desk::new();
    desk.turn(vec![opened(verdict("p-001", 0, Some(5)))]);
    desk.roster = Roster::parse(&ROSTER.replace("supervisor = \"s-01\"", "supervisor = \"s-02\"")).unwrap();
    desk.turn(vec![opened(verdict("p-001", 45, Some(50)))]);
    desk.turn(vec![opened(verdict("p-001", 25, Some(30)))]);
    let letters = desk.letters();
    assert_eq!(letters.len(), 4);
    assert_eq!((letters[3].person.as_str(), letters[3].incident), ("s-02", Some(1)));
    assert_eq!(letters[3].in_reply_to.as_deref(), Some(letters[1].message_id.as_str()));
}

#[test]
fn a_withdrawal_is_told_also_when_the_policy_is_gone() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, None);
    desk.turn(vec![opened(first.clone())]);
    desk.policies.clear();
    assert_eq!(desk.turn(vec![retracted(first)]), [(1, Retracted)]);
}

#[test]
fn another_officer_is_another_incident_and_the_first_is_cleared() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, None);
    desk.turn(vec![opened(first.clone())]);
    let letters = desk.turn(vec![retracted(first), opened(verdict("p-002", 0, None))]);
    assert_eq!(letters, [(1, Retracted), (2, Opened)]);
}

#[test]
fn a_rebuilt_book_goes_on_as_the_old_one_would() {
    let mut desk = Desk::new();
    let first = verdict("p-001", 0, None);
    desk.turn(vec![opened(first.clone()), opened(verdict("p-002", 0, Some(3)))]);
    desk.turn(vec![retracted(verdict("p-002", 0, Some(3)))]);
    let mut again = desk.rebuilt();
    // What the engine says anew about what stands already is nothing new.
    assert_eq!(again.turn(vec![opened(first.clone())]), []);
    assert!(again.written[0].verdicts.is_empty());
    let over = vec![
        amended(first, verdict("p-001", 0, Some(5))),
        opened(verdict("p-002", 4, None)),
    ];
    desk.now = again.now;
    let (went_on, rebuilt) = (desk.turn(over.clone()), again.turn(over));
    assert_eq!(rebuilt, went_on);
    assert_eq!(rebuilt, [(1, Ended), (2, Amended)]);
    assert_eq!(
        desk.written.last().unwrap().letters,
        again.written.last().unwrap().letters
    );
    assert_eq!(
        desk.written.last().unwrap().verdicts,
        again.written.last().unwrap().verdicts
    );
}

#[test]
fn a_letter_that_waited_over_a_restart_is_written_once() {
    let mut desk = Desk::new();
    let mut open = verdict("p-001", 0, None);
    for minute in 1..4 {
        desk.turn(vec![opened(open.clone())]);
        let over = verdict("p-001", minute * 5 - 5, Some(minute * 5 - 3));
        desk.turn(vec![amended(open, over)]);
        open = verdict("p-001", minute * 5, None);
    }
    assert_eq!(desk.letters().len(), 3);
    let mut again = desk.rebuilt();
    again.now = again.book.next_wake().unwrap();
    assert_eq!(again.turn(Vec::new()), [(1, Amended)]);
    assert_eq!(again.turn(Vec::new()), []);
}

#[test]
fn what_is_settled_is_forgotten_and_what_holds_is_kept() {
    let mut desk = Desk::new();
    desk.turn(vec![
        opened(verdict("p-001", 0, Some(5))),
        opened(verdict("p-002", 0, None)),
    ]);
    desk.book.forget_before(minutes(5), |_| false);
    assert_eq!(desk.book.size(), (2, 2));
    desk.book.forget_before(minutes(6), |_| false);
    assert_eq!(desk.book.size(), (1, 1));
    let numbers = desk.turn(vec![opened(verdict("p-001", 90, None))]);
    assert_eq!(numbers, [(3, Opened)]);
}

#[test]
fn what_changed_on_a_clock_that_was_set_back_is_told_also_after_a_restart() {
    let mut desk = Desk::new();
    let mut before = verdict("p-001", 0, None);
    desk.turn(vec![opened(before.clone())]);
    // The machine's clock is set back, and the beginning is corrected: a word that can wait.
    desk.now = desk.now.plus_ms(-10 * 60_000);
    let corrected = verdict("p-001", 1, None);
    assert_eq!(desk.turn(vec![amended(before, corrected.clone())]), []);
    before = corrected;
    let mut again = desk.rebuilt();
    again.now = again.now.plus_ms(40 * 60_000);
    assert_eq!(again.turn(Vec::new()), [(1, Amended)]);
    assert!(
        again.letters()[0].due < before.since.plus_ms(60 * 60_000),
        "due by the clock"
    );
}
