//! Machines that fall silent, lockboxes that are forced, drills, and officers at two counters.

use super::day::look_into;
use super::draft::{Dark, Draft, MINUTE, SECOND, Source};
use super::sitting::Sitting;
use crate::engine::event::Kind;
use crate::engine::time::Moment;

pub(super) fn happen(draft: &mut Draft, sittings: &[Sitting]) {
    let roster = draft.roster;
    for (n, device) in roster.counters.iter().enumerate() {
        if device.heartbeat_every_ms.is_some() && draft.goes_wrong(0.02) {
            let (from, length) = (draft.working_moment(), draft.between(2 * MINUTE, 14 * MINUTE));
            counter_dark(draft, sittings, draft.counter(n), from, from.plus_ms(length));
        }
    }
    for n in 0..roster.lockboxes.len() {
        let lockbox = draft.lockbox(n);
        if draft.goes_wrong(0.03) {
            let (from, length) = (draft.working_moment(), draft.between(2 * MINUTE, 18 * MINUTE));
            lockbox_dark(draft, sittings, lockbox, from, from.plus_ms(length));
        }
        if draft.goes_wrong(0.004) {
            let (at, slot) = (draft.working_moment(), Some(draft.rng.u32(1..9)));
            let kind = if draft.rng.bool() {
                Kind::Forced { slot }
            } else {
                Kind::Tampered { slot: None }
            };
            draft.push(at, lockbox, kind);
        }
    }
    if draft.goes_wrong(0.04) {
        two_counters(draft, sittings);
    }
    if draft.goes_wrong(0.006) {
        drill(draft, sittings);
    }
}

/// A workstation hangs, or crashes and boots: then whoever sat there signs in again and goes on.
fn counter_dark(draft: &mut Draft, sittings: &[Sitting], counter: Source, from: Moment, until: Moment) {
    if draft.happens(0.4) {
        return draft.darken(counter, from, until, Dark::Lost);
    }
    draft.darken(counter, from, until, Dark::Off);
    draft.push(until, counter, Kind::WorkstationStarted);
    let there = |sitting: &&Sitting| sitting.counter == counter && (sitting.signed_in..sitting.leaves).contains(&until);
    let Some(sitting) = sittings.iter().find(there) else {
        return;
    };
    let again = until.plus_ms(5 * SECOND);
    sitting.sign_in(draft, again);
    // Only what is still under way is said again.
    let resumed = again.plus_ms(2 * SECOND);
    let under_way = |from: Moment, until: Moment| from < again && until > resumed;
    if let Some(episode) = sitting
        .episodes
        .iter()
        .find(|episode| under_way(episode.from, episode.until))
    {
        draft.push(
            resumed,
            counter,
            Kind::ServiceStarted {
                booking: Some(episode.booking.clone()),
            },
        );
    }
    if sitting.breaks.iter().any(|(from, until)| under_way(*from, *until)) {
        draft.push(
            resumed,
            counter,
            Kind::BreakStarted {
                kind: Some("jeda".into()),
            },
        );
    }
}

/// A lockbox is off or cannot be heard; some supervisors go and look, and afterwards it says what is in it.
pub(super) fn lockbox_dark(draft: &mut Draft, sittings: &[Sitting], lockbox: Source, from: Moment, until: Moment) {
    let dark = if draft.rng.bool() { Dark::Off } else { Dark::Lost };
    draft.darken(lockbox, from, until, dark);
    if draft.happens(0.4) {
        look_into(draft, sittings, Some(lockbox), from.plus_ms(4 * MINUTE), false);
    }
    look_into(draft, sittings, Some(lockbox), until.plus_ms(SECOND), true);
}

/// Somebody in the middle of a long service quickly helps at a neighbour's counter, who signs in again afterwards.
fn two_counters(draft: &mut Draft, sittings: &[Sitting]) {
    const HELP_MIN: i64 = 70 * SECOND;
    let mut chances = Vec::new();
    for neighbour in sittings {
        let gaps = neighbour.episodes.windows(2).map(|pair| (pair[0].until, pair[1].from));
        for (from, until) in gaps.filter(|(from, until)| until.ms_since(*from) >= HELP_MIN) {
            if neighbour.is_on_break(from.plus_ms(15 * SECOND)) || from < neighbour.signed_in {
                continue;
            }
            let serves = |sitting: &&Sitting| {
                let here = sitting.counter != neighbour.counter && sitting.has_handsets();
                here && sitting
                    .episodes
                    .iter()
                    .any(|episode| episode.from < from && until < episode.until)
            };
            chances.extend(sittings.iter().find(serves).map(|busy| (busy, neighbour, from, until)));
        }
    }
    let Some((busy, neighbour, from, until)) = draft.rng.choice(chances) else {
        return;
    };
    let (counter, officer) = (neighbour.counter, || busy.officer.id.clone());
    draft.push(from.plus_ms(5 * SECOND), counter, Kind::SignedIn { officer: officer() });
    draft.push(
        from.plus_ms(8 * SECOND),
        counter,
        Kind::ServiceStarted { booking: None },
    );
    draft.push(until.plus_ms(-12 * SECOND), counter, Kind::ServiceEnded);
    draft.push(
        until.plus_ms(-10 * SECOND),
        counter,
        Kind::SignedOut { officer: officer() },
    );
    neighbour.sign_in(draft, until.plus_ms(-5 * SECOND));
}

/// A short drill: everybody goes out, some with their phones, and comes back.
fn drill(draft: &mut Draft, sittings: &[Sitting]) {
    let from = draft.working_moment();
    let until = from.plus_ms(draft.between(6 * MINUTE, 14 * MINUTE));
    draft.system(from, Kind::EmergencyStarted);
    draft.system(until, Kind::EmergencyEnded);
    for sitting in sittings {
        let there = (sitting.signed_in..sitting.leaves).contains(&from) && !sitting.is_out(from);
        if there && !sitting.is_out(until) && draft.happens(0.3) {
            sitting.take_out(draft, from.plus_ms(40 * SECOND));
            sitting.put_in(draft, until.plus_ms(3 * MINUTE));
        }
    }
}
