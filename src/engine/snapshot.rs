//! An engine as bytes and back: what was folded need not be folded again after a start. The ledger stays the only source;
//! a snapshot that does not fit is refused, and everything is folded from the begin.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::VERSION;
use super::calendar::Phase;
use super::event::{IdKey, OfficeId, SYSTEM};
use super::fold::Fold;
use super::hours::Stated;
use super::judge::{Piece, Run, Slot, Slots};
use super::names::{Book, DeviceIx, Names};
use super::office::{Arrival, Clock, Engine};
use super::ops::{Act, Op, bare_op};
use super::policy::PolicySet;
use super::roster::Roster;
use super::rulebook::{Rule, Rulebook};
use super::state::{Counter, Emergency, Evidence, Officer, State, Timer};
use super::subject::Subject;
use super::time::Moment;
use super::timeline::Timeline;
use super::verdict::Verdict;

/// To be raised whenever something of what is written here, or what judging makes of it, changes.
const FORMAT: u32 = 4;
const DIGEST_BYTES: usize = 32;

/// Why a snapshot cannot be used; all that is lost is time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoSnapshot {
    #[error("it is damaged")]
    Damaged,
    #[error("another version of the engine wrote it")]
    OtherVersion,
    #[error("other rosters or policies were in force")]
    OtherRules,
}

/// Comes first, so that the rest is read only where it can be.
#[derive(Serialize, Deserialize, PartialEq)]
struct Head {
    format: u32,
    engine: String,
    /// The hashes of ids stand in snapshots; this tells that they are still worked out in the same way.
    id_key: IdKey,
}

impl Head {
    fn now() -> Head {
        Head {
            format: FORMAT,
            engine: VERSION.to_owned(),
            id_key: IdKey::of(b"0193f3a0-0000-7000-8000-000000000000"),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    office: OfficeId,
    devices: Vec<Arc<str>>,
    officers: Vec<Arc<str>>,
    handsets: Vec<Arc<str>>,
    /// From when on rosters and policies were in force, with what the policies say, and which of them the base knows.
    in_force: Vec<(Moment, [u8; DIGEST_BYTES])>,
    base_rules: u32,
    base: Base,
    /// Whose word on the office's hours counts in the base, and whose comes to count when.
    base_hours: Word,
    hours: Vec<(Moment, Word)>,
    again_ms: i64,
    /// All but those that change what is judged by.
    ops: Vec<Cow<'a, Op>>,
    add: Vec<Cow<'a, Op>>,
    remove: Cow<'a, [Op]>,
    timelines: Cow<'a, [Timeline]>,
    waiting: Vec<Waits<'a>>,
    ticked: Option<Moment>,
    latest: Option<Moment>,
    clock: Moment,
    ticks_only: bool,
    ticks_begin: bool,
    settled: Cow<'a, [Verdict]>,
}

/// What waits of a device for a moment.
type Waits<'a> = ((DeviceIx, Moment), Cow<'a, [Arrival]>);

/// A roster's word on the office's hours: its rank, and the place of the roster in what was in force.
type Word = (u32, u32);

/// A state but for what is in force.
#[derive(Serialize, Deserialize)]
struct Base {
    now: Moment,
    counters: Vec<Counter>,
    silent_since: Vec<Option<Moment>>,
    poor_since: Vec<Option<Moment>>,
    clock_off: Vec<bool>,
    officers: Vec<Officer>,
    emergency: Option<Emergency>,
    hours: Phase,
    timers: Vec<(Moment, Timer)>,
    serial: u32,
    /// How many slots there are, and what is in them: of counters, officers, lockboxes and the office.
    runs: [(u32, Vec<OpenRun>); 4],
}

/// A run that is not closed; its policy is told by its slot.
#[derive(Serialize, Deserialize)]
struct OpenRun {
    slot: u32,
    subject: Subject,
    serial: u32,
    pieces: Vec<Piece>,
    evidence: Vec<Evidence>,
}

impl Engine {
    /// All that the engine knows but what it said last. `Engine::restore` and what comes after say the same as this
    /// engine would.
    pub fn snapshot(&self) -> Vec<u8> {
        let (state, ops) = self.fold.base();
        let rules = self
            .rules
            .iter()
            .position(|(_, rules)| Arc::ptr_eq(rules, &state.rules));
        let in_force = self.rules.iter();
        let body = Body {
            office: self.office.clone(),
            devices: self.names.devices.in_order().to_vec(),
            officers: self.names.officers.in_order().to_vec(),
            handsets: self.names.handsets.in_order().to_vec(),
            in_force: in_force
                .map(|(from, rules)| (*from, digest_of(&rules.policies)))
                .collect(),
            base_rules: rules.expect("what the base knows was put in force here") as u32,
            base: Base::of(state),
            base_hours: self.word(&state.stated),
            hours: ops
                .iter()
                .chain(&self.add)
                .filter_map(|op| match &op.act {
                    Act::Hours(stated) => Some((op.at, self.word(stated))),
                    _ => None,
                })
                .collect(),
            again_ms: self.again_ms,
            ops: without_rules(ops),
            add: without_rules(&self.add),
            remove: Cow::Borrowed(&self.remove),
            timelines: Cow::Borrowed(&self.timelines),
            waiting: self
                .waiting
                .iter()
                .map(|(key, list)| (*key, Cow::Borrowed(&list[..])))
                .collect(),
            ticked: self.ticked,
            latest: self.latest,
            clock: self.clock,
            ticks_only: self.ticks_only,
            ticks_begin: self.ticks_begin,
            settled: Cow::Borrowed(&self.settled),
        };
        let mut bytes = postcard::to_allocvec(&(Head::now(), body)).expect("writing to memory cannot fail");
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    fn word(&self, stated: &Stated) -> Word {
        let mut rules = self.rules.iter();
        let place = rules.position(|(_, rules)| Arc::ptr_eq(&rules.roster, &stated.roster));
        let place = place.expect("a roster whose word counts was put in force here");
        (stated.rank as u32, place as u32)
    }

    /// The engine of a snapshot. `rules` are all rosters and policies that were put in force before it, the oldest
    /// first, each with its moment; that of the first does not matter. `judge` is to be called next, whose decisions are
    /// what stands and nothing new.
    pub fn restore(
        bytes: &[u8],
        rules: Vec<(Moment, Arc<Roster>, Arc<PolicySet>)>,
        clock: Clock,
    ) -> Result<Engine, NoSnapshot> {
        let (bytes, digest) = bytes
            .split_at_checked(bytes.len().saturating_sub(DIGEST_BYTES))
            .ok_or(NoSnapshot::Damaged)?;
        if Sha256::digest(bytes)[..] != *digest {
            return Err(NoSnapshot::Damaged);
        }
        let (head, rest) = postcard::take_from_bytes::<Head>(bytes).map_err(|_| NoSnapshot::OtherVersion)?;
        if head != Head::now() {
            return Err(NoSnapshot::OtherVersion);
        }
        // What was written by this version reads as it was written.
        let body: Body = postcard::from_bytes(rest).map_err(|_| NoSnapshot::Damaged)?;
        body.engine(rules, clock)
    }
}

impl Body<'_> {
    fn engine(self, rules: Vec<(Moment, Arc<Roster>, Arc<PolicySet>)>, clock: Clock) -> Result<Engine, NoSnapshot> {
        let same_moments = rules.len() == self.in_force.len()
            && rules
                .iter()
                .zip(&self.in_force)
                .skip(1)
                .all(|((from, ..), known)| *from == known.0);
        let mut policies = rules.iter().zip(&self.in_force);
        let same_policies = policies.all(|((.., policies), known)| digest_of(policies) == known.1);
        let same_office = rules.iter().all(|(_, roster, _)| roster.office.id == self.office);
        if !same_moments || !same_policies || !same_office || self.ticks_only != (clock == Clock::Ticks) {
            return Err(NoSnapshot::OtherRules);
        }
        let mut names = Names {
            devices: Book::from_order(&self.devices),
            officers: Book::from_order(&self.officers),
            handsets: Book::from_order(&self.handsets),
        };
        let mut in_force = Vec::new();
        for ((_, roster, policies), (from, _)) in rules.into_iter().zip(&self.in_force) {
            in_force.push((*from, Arc::new(Rulebook::new(roster, policies, &mut names))));
        }
        let known = (names.devices.len(), names.officers.len(), names.handsets.len());
        if known != (self.devices.len(), self.officers.len(), self.handsets.len()) {
            return Err(NoSnapshot::OtherRules);
        }
        let base_rules = self.base_rules as usize;
        let rules = in_force.get(base_rules).ok_or(NoSnapshot::Damaged)?.1.clone();
        let names = Arc::new(names);
        let stated = |(rank, place): Word| {
            let (_, rules) = in_force.get(place as usize).ok_or(NoSnapshot::Damaged)?;
            let roster = rules.roster.clone();
            Ok(Arc::new(Stated {
                roster,
                rank: rank as usize,
            }))
        };
        let base = self.base.state(rules, stated(self.base_hours)?, names.clone());
        let base = base.ok_or(NoSnapshot::OtherRules)?;
        let mut changes: Vec<(Moment, Act)> = Vec::new();
        for (at, word) in self.hours {
            changes.push((at, Act::Hours(stated(word)?)));
        }
        let later = in_force[base_rules + 1..].iter();
        changes.extend(later.map(|(from, rules)| (*from, Act::Rules(rules.clone()))));
        let mut add: Vec<Op> = self.add.into_iter().map(Cow::into_owned).collect();
        for (at, act) in changes {
            let device = names.known_device(SYSTEM).ok_or(NoSnapshot::Damaged)?;
            add.push(bare_op(at, device, act));
        }
        Ok(Engine {
            office: self.office,
            names,
            rules: in_force,
            timelines: self.timelines.into_owned(),
            fold: Fold::from_base(base, self.ops.into_iter().map(Cow::into_owned).collect()),
            add,
            remove: self.remove.into_owned(),
            ticked: self.ticked,
            latest: self.latest,
            clock: self.clock,
            ticks_only: self.ticks_only,
            waiting: BTreeMap::from_iter(self.waiting.into_iter().map(|(key, list)| (key, list.into_owned()))),
            ticks_begin: self.ticks_begin,
            said: Vec::new(),
            said_open: Vec::new(),
            said_up_to: Moment::MIN,
            settled: self.settled.into_owned(),
            deadline: Moment::MAX,
            rules_changed: false,
            back: Moment::MAX,
            calendar_changed: false,
            again_ms: self.again_ms,
        })
    }
}

impl Base {
    fn of(state: &State) -> Base {
        // A field that comes to a state must find its place here.
        let State {
            now,
            rules: _,
            names: _,
            counters,
            silent_since,
            poor_since,
            clock_off,
            officers,
            emergency,
            stated: _,
            hours,
            timers,
            serial,
            slots,
        } = state;
        let mut timers: Vec<(Moment, Timer)> = timers.iter().map(|Reverse(timer)| *timer).collect();
        timers.sort_unstable();
        let lists = [&slots.counter, &slots.officer, &slots.lockbox, &slots.office];
        Base {
            now: *now,
            counters: counters.clone(),
            silent_since: silent_since.clone(),
            poor_since: poor_since.clone(),
            clock_off: clock_off.clone(),
            officers: officers.clone(),
            emergency: *emergency,
            hours: *hours,
            timers,
            serial: *serial,
            runs: lists.map(|list| (list.len() as u32, open_runs(list))),
        }
    }

    /// `None` where the runs are of other policies.
    fn state(self, rules: Arc<Rulebook>, stated: Arc<Stated>, names: Arc<Names>) -> Option<State> {
        let mut slots = Slots::new(&rules);
        slots.grow(self.counters.len(), self.officers.len());
        let lists = [
            (&mut slots.counter, &rules.counter),
            (&mut slots.officer, &rules.officer),
            (&mut slots.lockbox, &rules.lockbox),
            (&mut slots.office, &rules.office),
        ];
        for ((list, rules), (length, runs)) in lists.into_iter().zip(self.runs) {
            put_runs(list, rules, length, runs)?;
        }
        Some(State {
            now: self.now,
            rules,
            names,
            counters: self.counters,
            silent_since: self.silent_since,
            poor_since: self.poor_since,
            clock_off: self.clock_off,
            officers: self.officers,
            emergency: self.emergency,
            stated,
            hours: self.hours,
            timers: self.timers.into_iter().map(Reverse).collect(),
            serial: self.serial,
            slots,
        })
    }
}

fn digest_of(policies: &PolicySet) -> [u8; DIGEST_BYTES] {
    let mut hasher = Sha256::new();
    policies.heads().for_each(|head| hasher.update(head.content_hash()));
    hasher.finalize().into()
}

fn without_rules(ops: &[Op]) -> Vec<Cow<'_, Op>> {
    let others = ops.iter().filter(|op| !op.changes_rules());
    others.map(Cow::Borrowed).collect()
}

fn open_runs(list: &[Slot]) -> Vec<OpenRun> {
    let open = list
        .iter()
        .enumerate()
        .filter_map(|(ix, slot)| Some((ix, slot.as_ref()?)));
    open.map(|(ix, run)| OpenRun {
        slot: ix as u32,
        subject: run.subject,
        serial: run.serial,
        pieces: run.pieces.clone(),
        evidence: run.evidence.clone(),
    })
    .collect()
}

fn put_runs(list: &mut [Slot], rules: &[Rule], length: u32, runs: Vec<OpenRun>) -> Option<()> {
    if list.len() != length as usize {
        return None;
    }
    for run in runs {
        let ix = run.slot as usize;
        let rule = rules.get(ix.checked_rem(rules.len())?)?;
        *list.get_mut(ix)? = Some(Box::new(Run {
            head: rule.head.clone(),
            subject: run.subject,
            serial: run.serial,
            pieces: run.pieces,
            evidence: run.evidence,
        }));
    }
    Some(())
}
