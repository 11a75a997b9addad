//! One device's events in time: effective times, gaps, boots, and what follows from them at earlier moments.

use std::collections::HashMap;

use super::event::{BootKey, IdKey};
use super::time::Moment;

/// That a device spoke: all that gaps, horizons and boots need to know of an event.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Stamp {
    /// Effective time.
    pub at: Moment,
    /// Number of the boot id, 0 where boot id or sequence is missing.
    pub boot: u32,
    pub sequence: u64,
    pub id: IdKey,
    pub started: bool,
    /// It does more than let time pass.
    pub acts: bool,
    pub clock: ClockMark,
    /// Its own time, and what that rests on, as the event came: both times follow from these and from the rest of its boot.
    pub own: Moment,
    pub read: ClockMark,
    /// Heartbeats behind it were thinned out, up to so many sequences further.
    pub covers: u32,
}

/// What its time rests on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum ClockMark {
    Told,
    Corrected,
    Poor,
}

/// What is known of the clock of a boot since it began. Of several readings the least counts: the one that was taken first
/// in the boot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Learnt {
    /// It was known from this sequence on.
    pub from: u64,
    pub shift_ms: i64,
    pub clock: ClockMark,
}

impl Stamp {
    fn key(&self) -> (Moment, u64, IdKey) {
        (self.at, self.sequence, self.id)
    }
}

/// So many stamps are searched one by one before the others by halves.
const NEAR_THE_END: usize = 8;

/// What happens to a device at a moment without an event of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Derived {
    GapEnds,
    GapBegins,
    /// Events were lost in the gap that begins here, or the workstation was booted in it.
    Lost,
    /// The next event is a boot: what was open ended here.
    BootEnds,
    /// The next event's time is poor: from here on nothing is known well enough to be held against anybody …
    PoorBegins,
    /// … as the device's first event was poor already …
    PoorFromTheStart,
    /// … until here.
    PoorEnds,
    /// The clock is known to be off, from this event on.
    ClockOff,
    ClockRight,
}

/// A stamp that moved, because a lower sequence of its boot turned out to be later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub from: Stamp,
    pub to: Moment,
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Timeline {
    stamps: Vec<Stamp>,
    boots: HashMap<BootKey, u32, foldhash::fast::FixedState>,
    /// The boot that was asked for last, and its number: mostly it is asked for again.
    boot_now: Option<(BootKey, u32)>,
    highest: Vec<Highest>,
    /// Gaps that were forgotten.
    gaps_forgotten: u64,
    /// Some stamp was marked.
    marked: bool,
    /// By boot, where its clock was off from the start.
    learnt: Vec<(u32, Learnt)>,
    pub derived: Vec<(Moment, Derived)>,
    /// The stretch of time in which `derived` must be computed anew.
    touched: Option<(Moment, Moment)>,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Highest {
    sequence: u64,
    at: Moment,
    lowest: u64,
    count: u64,
}

impl Timeline {
    pub fn boot(&mut self, key: BootKey) -> u32 {
        if let Some((known, number)) = self.boot_now
            && known == key
        {
            return number;
        }
        let number = *self.boots.entry(key).or_insert_with(|| {
            self.highest.push(Highest {
                sequence: 0,
                at: Moment::MIN,
                lowest: u64::MAX,
                count: 0,
            });
            self.highest.len() as u32
        });
        self.boot_now = Some((key, number));
        number
    }

    /// Whether no event of the boot has this sequence or a higher one.
    pub fn is_highest(&self, boot: u32, sequence: u64) -> bool {
        boot != 0 && {
            let highest = self.highest[boot as usize - 1];
            highest.at == Moment::MIN || sequence > highest.sequence
        }
    }

    /// The effective time of an event: never before that of any lower sequence of its boot.
    /// `waiting` are the device's events beyond the office clock.
    pub fn effective(&self, own: Moment, boot: u32, sequence: u64, waiting: &[Stamp]) -> Moment {
        if boot == 0 {
            return own;
        }
        let highest = self.highest[boot as usize - 1];
        if highest.at == Moment::MIN {
            return own;
        }
        if sequence > highest.sequence {
            return own.max(highest.at);
        }
        let lower = |stamp: &&Stamp| stamp.boot == boot && stamp.sequence < sequence;
        let before = self.stamps.iter().rev().find(lower);
        let before = before.into_iter().chain(waiting.iter().filter(lower));
        own.max(before.map(|stamp| stamp.at).max().unwrap_or(own))
    }

    /// The stamps that a new one with this place and effective time pushes to later moments.
    pub fn pushed(&self, at: Moment, boot: u32, sequence: u64) -> Vec<Move> {
        if boot == 0 || sequence >= self.highest[boot as usize - 1].sequence {
            return Vec::new();
        }
        // Within a boot, times are in the order of the sequences, so those that move are the last ones before `at`.
        let mut moves: Vec<Move> = self.stamps[..self.before(at)]
            .iter()
            .rev()
            .filter(|stamp| stamp.boot == boot)
            .take_while(|stamp| stamp.sequence > sequence)
            .map(|stamp| Move { from: *stamp, to: at })
            .collect();
        moves.reverse();
        moves
    }

    /// Remembers a place in a boot; to be called for every event, also for those that wait. `first`: not for one that moved.
    pub fn note(&mut self, at: Moment, boot: u32, sequence: u64, first: bool) {
        if boot == 0 {
            return;
        }
        let highest = &mut self.highest[boot as usize - 1];
        highest.sequence = highest.sequence.max(sequence);
        highest.lowest = highest.lowest.min(sequence);
        highest.at = highest.at.max(at);
        highest.count += u64::from(first);
    }

    /// An event's own time by a clock that is right, as far as that is known, and what it rests on.
    pub fn righted(&self, own: Moment, read: ClockMark, boot: u32, sequence: u64) -> (Moment, ClockMark) {
        let known = self.learnt.iter().find(|(of, _)| *of == boot);
        match known {
            Some((_, known)) if read == ClockMark::Told && sequence < known.from => {
                (own.plus_ms(known.shift_ms), known.clock)
            }
            _ => (own, read),
        }
    }

    /// The clock of a boot turns out to have been behind from its begin. Answers whether that is news: whichever of a boot's
    /// readings comes first, the same one counts in the end.
    pub fn learn(&mut self, boot: u32, read: Learnt) -> bool {
        if boot == 0 || read.shift_ms <= 0 {
            return false;
        }
        match self.learnt.iter_mut().find(|(of, _)| *of == boot) {
            Some((_, known)) if *known <= read => false,
            Some((_, known)) => {
                *known = read;
                true
            }
            None => {
                self.learnt.push((boot, read));
                true
            }
        }
    }

    /// Where the stamps of a boot belong by all that is known of its clock, if it is not where they are. What is settled
    /// stays, and nothing moves there. `waiting` are the device's events beyond the office clock.
    pub fn replaced(&mut self, boot: u32, settled: Moment, waiting: Vec<Stamp>) -> Vec<(Stamp, Stamp)> {
        let placed = self.stamps.iter().copied().chain(waiting);
        let mut of_boot: Vec<Stamp> = placed.filter(|stamp| stamp.boot == boot).collect();
        of_boot.sort_by_key(|stamp| (stamp.sequence, stamp.id));
        let highest = &self.highest[boot as usize - 1];
        // Some of what is settled may be forgotten.
        let mut latest = highest.at.min(settled);
        let mut moves = Vec::new();
        for alike in of_boot.chunk_by(|a, b| a.sequence == b.sequence) {
            let lower = latest;
            for stamp in alike {
                let mut to = *stamp;
                if settled == Moment::MIN || stamp.at > settled {
                    let (own, clock) = self.righted(stamp.own, stamp.read, boot, stamp.sequence);
                    to.clock = clock;
                    to.at = own.max(lower);
                    if settled > Moment::MIN {
                        to.at = to.at.max(settled.plus_ms(1));
                    }
                }
                latest = latest.max(to.at);
                if to != *stamp {
                    moves.push((*stamp, to));
                }
            }
        }
        self.highest[boot as usize - 1].at = latest;
        moves
    }

    #[inline]
    pub fn insert(&mut self, stamp: Stamp) {
        self.marked |= stamp.clock != ClockMark::Told;
        match self.stamps.last() {
            Some(last) if last.key() > stamp.key() => {
                let place = self.stamps.partition_point(|other| other.key() <= stamp.key());
                self.stamps.insert(place, stamp);
            }
            _ => self.stamps.push(stamp),
        }
        self.touch(stamp.at);
    }

    pub fn remove(&mut self, stamp: &Stamp) {
        let start = self.stamps.partition_point(|other| other.key() < stamp.key());
        if let Some(ix) = self.stamps[start..].iter().position(|other| other == stamp) {
            self.stamps.remove(start + ix);
            self.touch(stamp.at);
        }
    }

    /// Takes out everything after `clock`: it has to wait.
    pub fn take_after(&mut self, clock: Moment) -> Vec<Stamp> {
        let cut = self.stamps.partition_point(|stamp| stamp.at <= clock);
        let taken = self.stamps.split_off(cut);
        if let (Some(first), Some(last)) = (taken.first(), taken.last()) {
            self.touch(first.at);
            self.touch(last.at);
        }
        taken
    }

    fn touch(&mut self, at: Moment) {
        self.touched = Some(match self.touched {
            None => (at, at),
            Some((from, to)) => (from.min(at), to.max(at)),
        });
    }

    /// Events missing between the lowest and the highest sequence of each boot: for people; verdicts look at gaps alone.
    pub fn missing(&self) -> u64 {
        // A device may say any number, so the sum stops at the greatest.
        let boots = self.highest.iter().filter(|boot| boot.count > 0);
        boots
            .map(|boot| (boot.sequence - boot.lowest).saturating_sub(boot.count - 1))
            .fold(0, u64::saturating_add)
    }

    /// All gaps so far.
    pub fn gaps(&self) -> u64 {
        self.gaps_forgotten
            + self
                .derived
                .iter()
                .filter(|(_, what)| *what == Derived::GapBegins)
                .count() as u64
    }

    pub fn last(&self) -> Option<Moment> {
        self.stamps.last().map(|stamp| stamp.at)
    }

    /// Computes anew what follows from the stamps touched since the last call, and answers what went and what came.
    /// `silent_after` gives the limit in force at a moment; `clock` is the office clock.
    pub fn derive(
        &mut self,
        clock: Moment,
        workstation: impl Fn(Moment) -> bool,
        silent_after: impl Fn(Moment) -> Option<i64>,
        changes: &mut Vec<(bool, Moment, Derived)>,
    ) {
        if let Some(last) = self.last() {
            // The device may have fallen silent, or spoken again, without a stamp that touches its last one.
            let silent = silent_after(last).is_some_and(|limit_ms| clock.ms_since(last) > limit_ms);
            if silent != self.is_open_gap(last) {
                self.touch(last);
            }
        }
        let Some((from, to)) = self.touched.take() else { return };
        // Pairs of consecutive times around the touched stretch.
        let first = self.before(from);
        let left = match first.checked_sub(1) {
            Some(before) => self.before(self.stamps[before].at),
            None => 0,
        };
        let end = self.up_to(to);
        let right = match self.stamps.get(end) {
            Some(next) => self.up_to(next.at),
            None => self.stamps.len(),
        };
        let left_at = self.stamps.get(left).map_or(from, |stamp| stamp.at).min(from);
        let right_at = self.stamps.get(end).map_or(to, |stamp| stamp.at).max(to);
        let mut fresh = Vec::new();
        let mut ix = left;
        while ix < right {
            let a = self.stamps[ix].at;
            let same = self.stamps[ix..right].iter().take_while(|stamp| stamp.at == a);
            let next = ix + same.count();
            let limit = silent_after(a);
            if self.marked {
                let here = self.mark(ix, next);
                if ix == 0 {
                    fresh.extend((here == ClockMark::Poor).then_some((a, Derived::PoorFromTheStart)));
                    fresh.extend((here != ClockMark::Told).then_some((a, Derived::ClockOff)));
                }
                if next < right {
                    let b = self.stamps[next].at;
                    turns((a, here), (b, self.mark(next, self.up_to(b))), &mut fresh);
                }
            }
            match self.stamps.get(next) {
                Some(after) if next < right => {
                    let b = after.at;
                    let gap = limit.is_some_and(|limit_ms| b.ms_since(a) > limit_ms) && !self.is_thinned_out(next);
                    if gap {
                        fresh.push((a, Derived::GapBegins));
                        fresh.push((b, Derived::GapEnds));
                        let before = self.stamps[next - 1];
                        let both = before.boot != 0 && after.boot != 0;
                        if workstation(a)
                            && both
                            && (before.boot != after.boot || after.sequence.saturating_sub(before.sequence) > 1)
                        {
                            fresh.push((a, Derived::Lost));
                        }
                    }
                    let boot = self.stamps[next..]
                        .iter()
                        .take_while(|stamp| stamp.at == b)
                        .any(|stamp| stamp.started);
                    if workstation(a) && limit.is_some() && boot {
                        fresh.push((a, Derived::BootEnds));
                    }
                }
                Some(_) => {}
                None => {
                    if limit.is_some_and(|limit_ms| clock.ms_since(a) > limit_ms) {
                        fresh.push((a, Derived::GapBegins));
                    }
                }
            }
            ix = next;
        }
        fresh.sort_unstable();
        // Replaced: what belongs to the pairs [left_at, …, right_at]: begins at or after the left one, ends after it.
        let belongs = |(at, what): &(Moment, Derived)| match what {
            Derived::GapEnds => *at > left_at && *at <= right_at,
            Derived::PoorFromTheStart | Derived::PoorEnds | Derived::ClockOff | Derived::ClockRight => {
                (*at > left_at || left == 0) && *at <= right_at
            }
            _ => *at >= left_at && (*at < right_at || right == self.stamps.len()),
        };
        let old: Vec<(Moment, Derived)> = self.derived.iter().copied().filter(belongs).collect();
        if old == fresh {
            return;
        }
        for gone in old.iter().filter(|item| !fresh.contains(item)) {
            changes.push((false, gone.0, gone.1));
        }
        for come in fresh.iter().filter(|item| !old.contains(item)) {
            changes.push((true, come.0, come.1));
        }
        self.derived.retain(|item| !belongs(item));
        self.derived.extend(fresh);
        self.derived.sort_unstable();
    }

    /// The worst mark of the stamps of one moment.
    fn mark(&self, from: usize, to: usize) -> ClockMark {
        let marks = self.stamps[from..to].iter().map(|stamp| stamp.clock);
        marks.max().unwrap_or(ClockMark::Told)
    }

    /// Whether heartbeats stood between the stamp at `next` and the one before it.
    fn is_thinned_out(&self, next: usize) -> bool {
        let b = self.stamps[next].at;
        let reaches = |(ix, from): (usize, &Stamp)| {
            let last = from.sequence + u64::from(from.covers);
            let is_last = |stamp: &&Stamp| stamp.boot == from.boot && stamp.sequence == last;
            from.covers > 0
                && self.stamps[ix..]
                    .iter()
                    .find(is_last)
                    .is_some_and(|stamp| stamp.at >= b)
        };
        self.stamps[..next].iter().enumerate().rev().any(reaches)
    }

    /// Takes heartbeats out that stand, without a hole in time or in the sequence, between others of their boot: nothing can
    /// come between them any more, and of what stays it is known that the device spoke on. What stands before a boot, before a
    /// gap or beside a doubtful time stays.
    pub fn thin(&mut self, before: Moment, silent_after: impl Fn(Moment) -> Option<i64>) {
        // What is known of a boot's clock may still move all of it.
        if self.touched.is_some() || !self.learnt.is_empty() {
            return;
        }
        let distance = |a: &Stamp, b: &Stamp| u32::try_from(b.sequence.checked_sub(a.sequence)?).ok();
        let nothing_is_missing = |a: &Stamp, b: &Stamp| {
            let alike = a.boot == b.boot && a.at < b.at && a.clock == ClockMark::Told && b.clock == ClockMark::Told;
            let near = silent_after(a.at).is_none_or(|limit_ms| b.at.ms_since(a.at) <= limit_ms);
            let far = distance(a, b);
            alike && (near && far == Some(1) || a.covers > 0 && far == Some(a.covers))
        };
        let mut kept: Vec<Stamp> = Vec::new();
        let mut stamps = self.stamps.iter().peekable();
        let mut last: Option<&Stamp> = None;
        while let Some(stamp) = stamps.next() {
            let plain = stamp.boot != 0 && !stamp.acts && stamp.read == ClockMark::Told && stamp.own == stamp.at;
            let goes = plain && stamp.at < before && last.is_some_and(|last| nothing_is_missing(last, stamp));
            let next = stamps
                .peek()
                .filter(|next| goes && !next.started && nothing_is_missing(stamp, next));
            last = Some(stamp);
            match (next, kept.last_mut()) {
                (Some(next), Some(kept)) if distance(kept, next).is_some() => {
                    kept.covers = distance(kept, next).unwrap_or(kept.covers);
                }
                _ => kept.push(*stamp),
            }
        }
        if kept.len() < self.stamps.len() {
            kept.shrink_to_fit();
            self.stamps = kept;
        }
    }

    /// How many stamps stand before a moment. It is mostly one of the last, so those are looked at one by one.
    fn before(&self, at: Moment) -> usize {
        let mut ix = self.stamps.len();
        for _ in 0..NEAR_THE_END {
            match ix.checked_sub(1) {
                Some(last) if self.stamps[last].at >= at => ix = last,
                _ => return ix,
            }
        }
        self.stamps[..ix].partition_point(|stamp| stamp.at < at)
    }

    /// How many stamps stand at or before a moment.
    fn up_to(&self, at: Moment) -> usize {
        self.before(at.plus_ms(1))
    }

    fn is_open_gap(&self, last: Moment) -> bool {
        self.derived
            .iter()
            .rev()
            .take_while(|(at, _)| *at >= last)
            .any(|(at, what)| *at == last && *what == Derived::GapBegins)
    }

    /// Whether the device is known to be silent now: its last event begins a gap.
    pub fn is_silent(&self) -> bool {
        self.last().is_some_and(|last| self.is_open_gap(last))
    }

    /// Forgets stamps before `before`, but for the last of them.
    pub fn forget(&mut self, before: Moment) {
        let cut = self.stamps.partition_point(|stamp| stamp.at < before);
        if let Some(keep) = cut.checked_sub(1) {
            // All stamps of that last moment stay: the comparison across a gap looks at the last of them.
            let moment = self.stamps[keep].at;
            let first = self.stamps.partition_point(|stamp| stamp.at < moment);
            // What is kept moves to the front: that must not cost more than what goes.
            if first * 2 > self.stamps.len() {
                self.stamps.drain(..first);
            }
            let gone = |(at, what): &&(Moment, Derived)| *at < moment && *what == Derived::GapBegins;
            self.gaps_forgotten += self.derived.iter().filter(gone).count() as u64;
            self.derived.retain(|(at, _)| *at >= moment);
        }
    }
}

/// What becomes of the clock between two consecutive moments of a device.
fn turns((a, here): (Moment, ClockMark), (b, there): (Moment, ClockMark), fresh: &mut Vec<(Moment, Derived)>) {
    match (here == ClockMark::Poor, there == ClockMark::Poor) {
        (false, true) => fresh.push((a, Derived::PoorBegins)),
        (true, false) => fresh.push((b, Derived::PoorEnds)),
        _ => {}
    }
    match (here == ClockMark::Told, there == ClockMark::Told) {
        (true, false) => fresh.push((b, Derived::ClockOff)),
        (false, true) => fresh.push((b, Derived::ClockRight)),
        _ => {}
    }
}
