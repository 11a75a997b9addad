//! Requests for correction: who may ask, who may answer, and by when.

use super::correction::{CorrectionWish, OPEN_MAX, WITHIN_MS};
use super::*;

impl Table {
    fn correct(&mut self, who: &str, wish: &CorrectionWish, words: &str, at: Moment) -> Result<i64, Refusal> {
        let who = Actor::in_roster(who, &self.roster).unwrap();
        let office = OfficeId::new("o");
        let step = self
            .cases
            .ask_correction(&who, &office, wish, words, &self.roster, at)?;
        let n = step.request;
        self.take(Record::Correction(step));
        Ok(n)
    }
}

fn ask(about: &str) -> CorrectionWish {
    CorrectionWish::Ask { about: about.into() }
}

#[test]
fn the_integrity_team_answers_once_and_nobody_his_own() {
    let mut table = Table::new();
    assert_eq!(
        table.correct("p-001", &ask("giliran 24 November"), "saya cuti", minutes(0)),
        Ok(1)
    );
    assert_eq!(table.cases.corrections[&1].due(), minutes(0).plus_ms(WITHIN_MS));
    let accept = CorrectionWish::Accept { request: 1 };
    for (who, why) in [
        ("p-001", Refusal::Own),
        ("s-01", Refusal::ForIntegrity),
        ("s-02", Refusal::ForIntegrity),
        ("t-01", Refusal::ForIntegrity),
    ] {
        assert_eq!(table.correct(who, &accept, "benar", minutes(1)), Err(why), "{who}");
    }
    assert_eq!(table.correct("i-01", &accept, " ", minutes(1)), Err(Refusal::NoReason));
    assert_eq!(
        table.correct("i-01", &accept, "benar, roster diperbaiki", minutes(1)),
        Ok(1)
    );
    let decline = CorrectionWish::Decline { request: 1 };
    assert_eq!(
        table.correct("i-02", &decline, "tidak", minutes(2)),
        Err(Refusal::Answered)
    );
    let answer = table.cases.corrections[&1].answer.clone().unwrap();
    assert_eq!((answer.by.as_str(), answer.accepted), ("i-01", true));
    let other = CorrectionWish::Accept { request: 7 };
    assert_eq!(
        table.correct("i-01", &other, "benar", minutes(2)),
        Err(Refusal::NoRequest("7".into()))
    );
    // One who asks himself waits for another of the team.
    assert_eq!(
        table.correct("i-01", &ask("akun saya"), "nama salah", minutes(3)),
        Ok(2)
    );
    let own = CorrectionWish::Accept { request: 2 };
    assert_eq!(table.correct("i-01", &own, "benar", minutes(4)), Err(Refusal::Own));
    assert_eq!(table.correct("i-02", &own, "benar", minutes(4)), Ok(2));
    table.folds();
}

#[test]
fn so_many_may_be_open_and_each_has_words() {
    let mut table = Table::new();
    assert_eq!(
        table.correct("p-001", &ask(" "), "saya cuti", minutes(0)),
        Err(Refusal::NoReason)
    );
    assert_eq!(
        table.correct("p-001", &ask("giliran"), "", minutes(0)),
        Err(Refusal::NoReason)
    );
    let long = "x".repeat(301);
    assert_eq!(
        table.correct("p-001", &ask(&long), "saya cuti", minutes(0)),
        Err(Refusal::TooLong(300))
    );
    for n in 1..=OPEN_MAX as i64 {
        assert_eq!(table.correct("p-001", &ask("giliran"), "saya cuti", minutes(n)), Ok(n));
    }
    let refused = table.correct("p-001", &ask("giliran"), "saya cuti", minutes(99));
    assert_eq!(refused, Err(Refusal::TooManyOpen(OPEN_MAX)));
    assert!(
        table
            .correct("p-003", &ask("giliran"), "saya cuti", minutes(99))
            .is_ok()
    );
}
