//! Whether a changed incident makes a letter, and which: people must in the end have been told what stands.
//!
//! What was told is compared with what stands; evidence is no part of either, so that mere growth of it is silent.

use crate::engine::time::Moment;
use crate::letter::{Change, Stretch};
use crate::store::rows::LetterKind;

/// So many letters of an incident go at once; later ones keep a distance from the one before.
pub const PROMPT_LETTERS: u32 = 3;
/// The distance, so that a phone going in and out all morning makes a readable thread.
pub const PACE_MS: i64 = 15 * 60_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ruling {
    Letter { kind: LetterKind, changes: Vec<Change> },
    Silent(Silence),
}

/// Why nothing is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Silence {
    /// What was told still stands to the word.
    NothingNew,
    /// It came and went before anybody was told.
    NeverTold,
    /// One of several ended; the letter that says so is sent with the last of them.
    OthersStillHold,
    /// The incident goes on under another number, whose letter says so.
    TellsTheOther,
    /// Several letters went out already; the next waits until then and tells all at once.
    Paced { until: Moment },
    /// It is long over and became known late, perhaps with many others: one letter tells of all of them.
    Gathered { until: Moment },
    /// The roster names nobody who may be told.
    NobodyToTell,
}

/// What is known of an incident's thread.
#[derive(Clone, Copy, Debug)]
pub struct Thread<'a> {
    /// What the last letter said; `None`: there were letters, but what the last said is not known any more.
    pub told: Option<&'a [Stretch]>,
    /// How many letters were written to the one who got most.
    pub letters: u32,
    pub last_letter: Option<Moment>,
}

/// What happened to the incident itself in this turn.
#[derive(Clone, Default, Debug)]
pub struct Fate {
    pub joined: Vec<i64>,
    /// A late event joined it to an older one.
    pub absorbed: bool,
    pub split_from: Option<i64>,
    /// Verdicts that a late event moved to other incidents, with those incidents.
    pub moved: Vec<(i64, i64)>,
}

pub fn rule(thread: Thread<'_>, stands: &[Stretch], fate: &Fate, now: Moment) -> Ruling {
    let ruling = urgent_or_not(thread, stands, fate);
    let Ruling::Letter { kind, changes } = &ruling else {
        return ruling;
    };
    // The first word and the word that clears a person never wait. A corrected time alone always does: a device that
    // sends what it had buffered corrects it with every event, and may yet withdraw it. What waited when the monitor
    // was restarted goes on waiting.
    let prompt = match kind {
        LetterKind::Amended | LetterKind::Ended => {
            let can_wait = |change: &Change| matches!(change, Change::IntervalCorrected | Change::CaughtUp);
            thread.letters < PROMPT_LETTERS && !changes.iter().all(can_wait)
        }
        _ => true,
    };
    if prompt {
        return ruling;
    }
    match thread.last_letter.map(|last| last.plus_ms(PACE_MS)) {
        Some(until) if now < until => Ruling::Silent(Silence::Paced { until }),
        _ => ruling,
    }
}

fn urgent_or_not(thread: Thread<'_>, stands: &[Stretch], fate: &Fate) -> Ruling {
    let letter = |kind, changes| Ruling::Letter { kind, changes };
    if fate.absorbed {
        return Ruling::Silent(Silence::TellsTheOther);
    }
    let holds = stands.iter().any(|stretch| stretch.until.is_none());
    if thread.letters == 0 {
        if stands.is_empty() {
            return Ruling::Silent(Silence::NeverTold);
        }
        let mut changes = vec![match holds {
            true => Change::FirstVerdict,
            false => Change::FirstVerdictAlreadyOver,
        }];
        changes.extend(fate.split_from.map(Change::SplitFrom));
        return letter(LetterKind::Opened, changes);
    }
    if stands.is_empty() {
        return match thread.told {
            Some([]) => Ruling::Silent(Silence::NothingNew),
            _ => letter(LetterKind::Retracted, vec![Change::AllWithdrawn]),
        };
    }
    let Some(told) = thread.told else {
        return letter(LetterKind::Amended, vec![Change::CaughtUp]);
    };
    if told.is_empty() {
        let change = fate.split_from.map_or(Change::Restored, Change::SplitFrom);
        return letter(LetterKind::Amended, vec![change]);
    }
    let differences = Differences::between(told, stands, fate);
    let mut changes = Vec::new();
    if !fate.joined.is_empty() {
        changes.push(Change::Joined(fate.joined.clone()));
    }
    // A joined incident's verdicts are new here, but not further ones.
    if differences.added && fate.joined.is_empty() {
        changes.push(Change::FurtherVerdict);
    }
    let mut others: Vec<i64> = fate.moved.iter().map(|(_, incident)| *incident).collect();
    others.sort_unstable();
    others.dedup();
    if !others.is_empty() {
        changes.push(Change::SplitOff(others));
    }
    for (happened, change) in [
        (differences.resumed, Change::Resumed),
        (differences.corrected, Change::IntervalCorrected),
        (differences.removed, Change::PartWithdrawn),
    ] {
        if happened {
            changes.push(change);
        }
    }
    match (changes.is_empty(), differences.ended, holds) {
        (true, false, _) => Ruling::Silent(Silence::NothingNew),
        (true, true, true) => Ruling::Silent(Silence::OthersStillHold),
        (true, true, false) => letter(LetterKind::Ended, vec![Change::Over]),
        (false, true, false) => {
            changes.push(Change::Over);
            letter(LetterKind::Amended, changes)
        }
        (false, ..) => letter(LetterKind::Amended, changes),
    }
}

#[derive(Default)]
struct Differences {
    added: bool,
    removed: bool,
    ended: bool,
    resumed: bool,
    corrected: bool,
}

impl Differences {
    fn between(told: &[Stretch], stands: &[Stretch], fate: &Fate) -> Differences {
        let mut differences = Differences::default();
        for old in told {
            let Some(new) = stands.iter().find(|new| new.verdict == old.verdict) else {
                differences.removed |= fate.moved.iter().all(|(verdict, _)| *verdict != old.verdict);
                continue;
            };
            differences.corrected |= (old.since, old.opened) != (new.since, new.opened);
            match (old.until, new.until) {
                (None, Some(_)) => differences.ended = true,
                (Some(_), None) => differences.resumed = true,
                (old, new) => differences.corrected |= old != new,
            }
        }
        differences.added = stands
            .iter()
            .any(|new| told.iter().all(|old| old.verdict != new.verdict));
        differences
    }
}
