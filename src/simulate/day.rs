//! One office day: machines are switched on, officers come and serve, the lockboxes are looked into, everybody goes home.

use chrono::{Datelike as _, NaiveDate, Weekday};
use fastrand::Rng;

use super::draft::{Draft, MINUTE, SECOND, Source};
use super::mishaps;
use super::sitting::{Keeping, Sitting};
use super::{Troubles, Until};
use crate::engine::event::{Event, Kind};
use crate::engine::roster::{Officer, Roster};
use crate::engine::time::Moment;

/// A whole day.
pub(super) fn simulate(roster: &Roster, date: NaiveDate, troubles: Troubles, lockboxes: Until, rng: Rng) -> Vec<Event> {
    let mut draft = Draft::new(roster, date, troubles, rng);
    let (on, off) = (draft.at(7, 20), draft.at(16, 30));
    let lockboxes_off = match lockboxes {
        Until::Closing => off,
        Until::Last => off.plus_ms(6 * MINUTE),
        Until::Morning(morning) => draft.at_on(morning, 7, 20),
    };
    machines(&mut draft, on, off, lockboxes_off);
    let mut sittings = Vec::new();
    for post in posts(&mut draft) {
        let mut sitting = Sitting::new(&draft, post.officer, post.counter);
        let begins = sitting.arrive(&mut draft, post.shift);
        work(&mut draft, &mut sitting, begins, post.half);
        sittings.push(sitting);
    }
    around(&mut draft, &mut sittings);
    draft.finish()
}

/// Workstations and lockboxes from switching on to switching off.
pub(super) fn machines(draft: &mut Draft, on: Moment, off: Moment, lockboxes_off: Moment) {
    let roster = draft.roster;
    for (n, device) in roster.counters.iter().enumerate() {
        let (source, started) = (draft.counter(n), on.plus_ms(draft.between(0, 20 * SECOND)));
        draft.push(started, source, Kind::WorkstationStarted);
        if let Some(every_ms) = device.heartbeat_every_ms {
            let off = off.plus_ms(draft.between(0, 5 * MINUTE));
            let from = started.plus_ms(1);
            draft.heartbeats(source, every_ms, &Kind::WorkstationHeartbeat, from, off);
        }
    }
    for (n, device) in roster.lockboxes.iter().enumerate() {
        if let Some(every_ms) = device.heartbeat_every_ms {
            draft.heartbeats(draft.lockbox(n), every_ms, &Kind::LockboxHeartbeat, on, lockboxes_off);
        }
    }
}

/// Which part of the day somebody sits at a counter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Half {
    Morning,
    Afternoon,
    Both,
}

struct Post<'r> {
    officer: &'r Officer,
    counter: Source,
    shift: Moment,
    half: Half,
}

/// Who sits where: mostly everybody at the counter of his own; those beyond the counters stand in and relieve.
fn posts<'r>(draft: &mut Draft<'r>) -> Vec<Post<'r>> {
    let (early, late) = (draft.at(7, 25), draft.at(12, 35));
    let roster = draft.roster;
    let counters = roster.counters.len();
    let mut seated: Vec<Option<&Officer>> = roster.officers.iter().take(counters).map(Some).collect();
    let mut reserves: Vec<&Officer> = roster.officers.iter().skip(counters).collect();
    if seated.len() > 1 && draft.happens(0.1) {
        let (a, b) = (draft.rng.usize(..seated.len()), draft.rng.usize(..seated.len()));
        seated.swap(a, b);
    }
    for seat in &mut seated {
        if draft.happens(0.02) {
            *seat = reserves.pop();
        }
    }
    let mut relieved = vec![None; seated.len()];
    for reserve in reserves {
        // Nobody can relieve two, and an empty counter stays closed.
        let n = draft.rng.usize(..seated.len().max(1));
        if seated.get(n).is_some_and(Option::is_some) && relieved[n].is_none() {
            relieved[n] = Some(reserve);
        }
    }
    let mut posts = Vec::new();
    for (n, (seat, relief)) in seated.into_iter().zip(relieved).enumerate() {
        let counter = draft.counter(n);
        let Some(officer) = seat else { continue };
        let half = if relief.is_some() { Half::Morning } else { Half::Both };
        posts.push(Post {
            officer,
            counter,
            shift: early,
            half,
        });
        if let Some(officer) = relief {
            posts.push(Post {
                officer,
                counter,
                shift: late,
                half: Half::Afternoon,
            });
        }
    }
    posts
}

/// From the first applicant to the way home.
pub(super) fn work(draft: &mut Draft, sitting: &mut Sitting, begins: Moment, half: Half) {
    let friday = draft.date.weekday() == Weekday::Fri;
    let pause = if friday { draft.at(11, 30) } else { draft.at(12, 0) };
    let (back, closes) = (draft.at(13, 0), draft.at(16, 0));
    let mut begins = begins;
    if half != Half::Afternoon {
        let free = sitting.serve(draft, begins, pause).max(pause);
        if half == Half::Morning {
            return sitting.leave(draft, free);
        }
        begins = sitting.pause(draft, free, back);
    }
    // Whoever relieves begins when the break is over.
    let free = sitting.serve(draft, begins.max(back), closes).max(closes);
    sitting.leave(draft, free);
}

/// What happens around the officers: rounds, exemptions, mishaps.
pub(super) fn around(draft: &mut Draft, sittings: &mut [Sitting]) {
    for sitting in sittings.iter_mut() {
        if draft.happens(0.012) {
            sitting.exempt(draft);
        }
        if draft.happens(0.1) {
            sitting.park_official_phone(draft);
        }
    }
    rounds(draft, sittings);
    mishaps::happen(draft, sittings);
}

/// Somebody looks into the lockboxes about every 80 minutes, or the lockbox itself does. Now and then a round is
/// forgotten, or somebody in it.
fn rounds(draft: &mut Draft, sittings: &[Sitting]) {
    let friday = draft.date.weekday() == Weekday::Fri;
    let before_pause = if friday { (11, 25) } else { (11, 45) };
    for (hour, minute) in [(8, 45), (10, 10), before_pause, (13, 12), (14, 35), (15, 55)] {
        let at = draft.at(hour, minute).plus_ms(draft.between(-3 * MINUTE, 3 * MINUTE));
        let lockboxes: Vec<Source> = (0..draft.roster.lockboxes.len()).map(|n| draft.lockbox(n)).collect();
        for lockbox in lockboxes {
            let by_itself = draft.happens(0.4);
            if !draft.goes_wrong(0.005) {
                look_into(draft, sittings, Some(lockbox), at, by_itself);
            }
        }
        if !draft.goes_wrong(0.005) {
            look_into(draft, sittings, None, at, false);
        }
    }
}

/// A check of all who are there and use this lockbox (`None`: whose phones are kept by hand).
pub(super) fn look_into(
    draft: &mut Draft,
    sittings: &[Sitting],
    lockbox: Option<Source>,
    from: Moment,
    by_itself: bool,
) {
    let mut at = from;
    for sitting in sittings {
        let used = match sitting.keeping {
            Keeping::Lockbox(lockbox) => Some(lockbox),
            Keeping::ByHand => None,
            Keeping::DeclaredNone | Keeping::Unknown => continue,
        };
        at = at.plus_ms(draft.between(2 * SECOND, 9 * SECOND));
        let there = (sitting.signed_in..sitting.leaves).contains(&at);
        if used != lockbox || !there || draft.goes_wrong(0.004) {
            continue;
        }
        let at = sitting.settled(at);
        let (officer, present) = (sitting.officer.id.clone(), !sitting.is_out(at));
        match lockbox {
            Some(lockbox) if by_itself => draft.push(
                at,
                lockbox,
                Kind::Checked {
                    officer,
                    present,
                    by: None,
                },
            ),
            _ => draft.system(
                at,
                Kind::Checked {
                    officer,
                    present,
                    by: Some(sitting.supervisor()),
                },
            ),
        }
    }
}
