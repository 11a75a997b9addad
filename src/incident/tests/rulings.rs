//! Every way a changed incident can be ruled on, the silent ones too.

use crate::engine::time::Moment;
use crate::incident::{Fate, PACE_MS, Ruling, Silence, Thread, rule};
use crate::letter::{Change, Stretch};
use crate::store::rows::LetterKind;

fn stretch((verdict, since, opened, until): (i64, i64, i64, Option<i64>)) -> Stretch {
    Stretch {
        verdict,
        since: Moment(since),
        opened: Moment(opened),
        until: until.map(Moment),
        counter: None,
    }
}

type Interval = (i64, i64, i64, Option<i64>);
/// What was told, in how many letters, what stands, what happened to the incident, and the ruling.
type Line<'a> = (Option<&'a [Interval]>, u32, &'a [Interval], Fate, Ruling);

/// Rules on a thread of `letters` letters, the last of them at moment 0 and saying `told`, at moment `now`.
#[track_caller]
fn check(told: Option<&[Interval]>, letters: u32, stands: &[Interval], fate: Fate, now: i64, expected: Ruling) {
    let told: Option<Vec<Stretch>> = told.map(|told| told.iter().copied().map(stretch).collect());
    let stands: Vec<Stretch> = stands.iter().copied().map(stretch).collect();
    let thread = Thread {
        told: told.as_deref(),
        letters,
        last_letter: (letters > 0).then_some(Moment(0)),
    };
    assert_eq!(rule(thread, &stands, &fate, Moment(now)), expected);
}

fn letter(kind: LetterKind, changes: &[Change]) -> Ruling {
    Ruling::Letter {
        kind,
        changes: changes.to_vec(),
    }
}

const OPEN: Interval = (1, 10, 20, None);
const ENDED: Interval = (1, 10, 20, Some(30));
const FURTHER: Interval = (2, 40, 50, None);
const FURTHER_ENDED: Interval = (2, 40, 50, Some(60));

#[test]
fn every_change_is_ruled_on_as_the_table_says() {
    use Change::*;
    use LetterKind::{Amended, Ended, Opened, Retracted};
    let none = Fate::default;
    let quiet = |silence| Ruling::Silent(silence);
    let moved = |verdict, incident| Fate {
        moved: vec![(verdict, incident)],
        ..Fate::default()
    };
    let split = Fate {
        split_from: Some(3),
        ..Fate::default()
    };
    let joined = Fate {
        joined: vec![13],
        ..Fate::default()
    };
    let absorbed = Fate {
        absorbed: true,
        ..Fate::default()
    };
    #[rustfmt::skip]
    let table: Vec<Line> = vec![
        // The first word.
        (Some(&[]), 0, &[OPEN], none(), letter(Opened, &[FirstVerdict])),
        (Some(&[]), 0, &[ENDED], none(), letter(Opened, &[FirstVerdictAlreadyOver])),
        (Some(&[]), 0, &[ENDED, FURTHER], none(), letter(Opened, &[FirstVerdict])),
        (Some(&[]), 0, &[OPEN], split.clone(), letter(Opened, &[FirstVerdict, SplitFrom(3)])),
        (Some(&[]), 0, &[], none(), quiet(Silence::NeverTold)),
        // It ends.
        (Some(&[OPEN]), 1, &[ENDED], none(), letter(Ended, &[Over])),
        (Some(&[OPEN, FURTHER]), 1, &[ENDED, FURTHER], none(), quiet(Silence::OthersStillHold)),
        (Some(&[OPEN, FURTHER]), 1, &[ENDED, FURTHER_ENDED], none(), letter(Ended, &[Over])),
        // It grows.
        (Some(&[ENDED]), 2, &[ENDED, FURTHER], none(), letter(Amended, &[FurtherVerdict])),
        (Some(&[OPEN]), 1, &[ENDED, FURTHER_ENDED], none(), letter(Amended, &[FurtherVerdict, Over])),
        (Some(&[ENDED]), 2, &[OPEN], none(), letter(Amended, &[Resumed])),
        // It is corrected.
        (Some(&[ENDED]), 2, &[(1, 5, 20, Some(30))], none(), letter(Amended, &[IntervalCorrected])),
        (Some(&[ENDED]), 2, &[(1, 10, 25, Some(30))], none(), letter(Amended, &[IntervalCorrected])),
        (Some(&[ENDED]), 2, &[(1, 10, 20, Some(25))], none(), letter(Amended, &[IntervalCorrected])),
        (Some(&[ENDED]), 2, &[(1, 10, 20, Some(35))], none(), letter(Amended, &[IntervalCorrected])),
        (Some(&[OPEN]), 1, &[(1, 5, 20, Some(30))], none(), letter(Amended, &[IntervalCorrected, Over])),
        // It is withdrawn, in part or whole, and comes back.
        (Some(&[ENDED, FURTHER]), 2, &[FURTHER], none(), letter(Amended, &[PartWithdrawn])),
        (Some(&[ENDED]), 2, &[], none(), letter(Retracted, &[AllWithdrawn])),
        (Some(&[]), 3, &[], none(), quiet(Silence::NothingNew)),
        (Some(&[]), 2, &[OPEN], none(), letter(Amended, &[Restored])),
        // Incidents join and part.
        (Some(&[ENDED]), 2, &[ENDED, FURTHER], joined, letter(Amended, &[Joined(vec![13])])),
        (Some(&[ENDED]), 2, &[], absorbed, quiet(Silence::TellsTheOther)),
        (Some(&[ENDED, FURTHER]), 2, &[ENDED], moved(2, 14), letter(Amended, &[SplitOff(vec![14])])),
        (Some(&[]), 2, &[FURTHER], split, letter(Amended, &[SplitFrom(3)])),
        // Nothing that anybody was not told.
        (Some(&[ENDED]), 2, &[ENDED], none(), quiet(Silence::NothingNew)),
        // After a restart.
        (None, 2, &[ENDED], none(), letter(Amended, &[CaughtUp])),
        (None, 2, &[], none(), letter(Retracted, &[AllWithdrawn])),
    ];
    for (told, letters, stands, fate, expected) in table {
        check(told, letters, stands, fate, PACE_MS, expected);
    }
}

#[test]
fn later_letters_keep_their_distance_but_a_retraction_never_waits() {
    let further: &[Interval] = &[ENDED, FURTHER];
    let until = Moment(PACE_MS);
    let paced = Ruling::Silent(Silence::Paced { until });
    let amended = letter(LetterKind::Amended, &[Change::FurtherVerdict]);
    let told: Option<&[Interval]> = Some(&[ENDED]);
    check(told, 2, further, Fate::default(), 1, amended.clone());
    check(told, 3, further, Fate::default(), 1, paced.clone());
    check(told, 3, further, Fate::default(), PACE_MS - 1, paced);
    check(told, 3, further, Fate::default(), PACE_MS, amended);
    // A corrected time alone waits also among the first.
    let corrected: &[Interval] = &[(1, 5, 20, Some(30))];
    check(
        told,
        1,
        corrected,
        Fate::default(),
        1,
        Ruling::Silent(Silence::Paced { until }),
    );
    let retracted = letter(LetterKind::Retracted, &[Change::AllWithdrawn]);
    check(told, 9, &[], Fate::default(), 1, retracted);
}
