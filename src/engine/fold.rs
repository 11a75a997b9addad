//! The fold: operations in order, one instant after another, with checkpoints to go back to when the past changes.

use std::sync::Arc;

use super::answer::Pending;
use super::judge::{Closed, Sink};
use super::names::{DeviceIx, Names};
use super::ops::{Act, Op};
use super::rulebook::Rulebook;
use super::state::{Dirty, State};
use super::time::Moment;
use super::trace::Trace;

/// Operations between two checkpoints.
const CHECKPOINT_EVERY: usize = 256;
/// More checkpoints than this are thinned out, the older ones first.
const CHECKPOINTS_MAX: usize = 48;

pub(crate) struct Fold {
    /// All operations not forgotten yet, in order.
    ops: Vec<Op>,
    /// How many of them are in `state`.
    applied: usize,
    pub state: State,
    /// What is judged for good as far as the operations go, in order of closing.
    pub closed: Vec<Closed>,
    /// States to go back to, the oldest first; the first one is the base and never goes.
    checkpoints: Vec<Checkpoint>,
    dirty: Dirty,
}

struct Checkpoint {
    applied: usize,
    closed: usize,
    state: State,
}

impl Fold {
    pub fn new(rules: Arc<Rulebook>, names: Arc<Names>) -> Fold {
        Fold::from_base(State::new(rules, names), Vec::new())
    }

    /// A fold of these operations, in order, from a state on.
    pub fn from_base(base: State, ops: Vec<Op>) -> Fold {
        Fold {
            ops,
            applied: 0,
            closed: Vec::new(),
            checkpoints: vec![Checkpoint {
                applied: 0,
                closed: 0,
                state: base.clone(),
            }],
            state: base,
            dirty: Dirty::default(),
        }
    }

    /// The state before which nothing can change any more, and the operations since.
    pub fn base(&self) -> (&State, &[Op]) {
        (&self.checkpoints[0].state, &self.ops)
    }

    /// The moment up to which the past is settled and cannot change any more.
    pub fn settled(&self) -> Moment {
        self.checkpoints[0].state.now
    }

    /// When the next operation takes effect that the clock has not reached.
    pub fn next_op(&self) -> Option<Moment> {
        self.ops.get(self.applied).map(|op| op.at)
    }

    /// How many operations from a moment on are in the state.
    pub fn applied_from(&self, moment: Moment) -> usize {
        let applied = &self.ops[..self.applied];
        applied.len() - applied.partition_point(|op| op.at < moment)
    }

    pub fn ops_len(&self) -> usize {
        self.ops.len()
    }

    /// Changes the operations: takes some out, puts some in. Answers the first index of `closed` that may change.
    pub fn edit(&mut self, mut add: Vec<Op>, mut remove: Vec<Op>, names: &Names) -> usize {
        let Some(first) = add.iter().chain(&remove).map(|op| op.at).min() else {
            return self.closed.len();
        };
        add.sort_by(|a, b| a.order(b, names));
        let mut closed = self.closed.len();
        let start = self.ops.partition_point(|op| op.at < first);
        // A calendar may have been applied before the first moment there was.
        if first <= self.state.now || start < self.applied {
            closed = self.rewind(first, start);
        }
        if remove.is_empty() && start == self.ops.len() {
            self.ops.extend(add);
            return closed;
        }
        let mut tail = self.ops.split_off(start);
        if !remove.is_empty() {
            remove.sort_by(|a, b| a.order(b, names));
            tail.retain(|op| remove.binary_search_by(|gone| gone.order(op, names)).is_err());
        }
        self.ops.reserve(tail.len() + add.len());
        let mut add = add.into_iter().peekable();
        for op in tail {
            while let Some(fresh) = add.next_if(|fresh| fresh.order(&op, names).is_lt()) {
                self.ops.push(fresh);
            }
            self.ops.push(op);
        }
        self.ops.extend(add);
        closed
    }

    /// Goes back to a state before `moment`; answers how many closed runs it left untouched.
    fn rewind(&mut self, moment: Moment, applied: usize) -> usize {
        let beyond = |last: &Checkpoint| last.state.now >= moment || last.applied > applied;
        while self.checkpoints.len() > 1 && self.checkpoints.last().is_some_and(beyond) {
            self.checkpoints.pop();
        }
        if let Some(last) = self.checkpoints.last() {
            self.state = last.state.clone();
            self.applied = last.applied;
            self.closed.truncate(last.closed);
        }
        self.closed.len()
    }

    /// Applies everything up to and including `clock`.
    pub fn advance(&mut self, clock: Moment, names: &Arc<Names>, mut trace: Option<&mut Trace>) {
        if !Arc::ptr_eq(&self.state.names, names) {
            self.state.names = names.clone();
        }
        self.state.grow(names.devices.len(), names.officers.len());
        let mut since_checkpoint = self.applied - self.checkpoints.last().map_or(0, |last| last.applied);
        loop {
            let op_at = self.ops.get(self.applied).map(|op| op.at);
            let timer_at = self.state.next_timer();
            let at = match (op_at, timer_at) {
                (Some(op), Some(timer)) => op.min(timer),
                (Some(op), None) => op,
                (None, Some(timer)) => timer,
                (None, None) => break,
            };
            if at > clock {
                break;
            }
            if since_checkpoint >= CHECKPOINT_EVERY {
                since_checkpoint = 0;
                self.checkpoint();
            }
            since_checkpoint += self.instant(at.max(self.state.now), trace.as_deref_mut());
        }
    }

    /// Applies all of one instant, then judges. Answers how many operations that were.
    fn instant(&mut self, at: Moment, trace: Option<&mut Trace>) -> usize {
        let start = self.applied;
        let mut end = start;
        let (mut awaited, mut rules_change) = (false, false);
        while let Some(op) = self.ops.get(end)
            && op.at <= at
        {
            if let Act::Event { kind, .. } = &op.act {
                awaited |= self.state.rules.awaits(kind.name());
            }
            rules_change |= op.changes_rules();
            end += 1;
        }
        if self.state.now == Moment::MIN && self.ops[start..end].iter().all(|op| matches!(op.act, Act::Hours(_))) {
            // Nothing has happened yet: there is nobody to judge.
            for op in &self.ops[start..end] {
                if let Act::Hours(stated) = &op.act {
                    self.state.state_hours(stated);
                }
            }
            self.applied = end;
            return end - start;
        }
        let mut sink = Sink {
            closed: &mut self.closed,
            now: at,
            trace,
        };
        let state = &mut self.state;
        state.begin_hours(at.plus_ms(-1));
        let mut pending: Vec<(usize, Pending)> = Vec::new();
        let ops = &self.ops[start..end];
        if awaited && !rules_change {
            note_pending(state, ops, &mut pending);
        }
        state.now = at;
        self.dirty.clear();
        state.run_timers(&mut self.dirty);
        if rules_change {
            // What comes into force at an instant is in force for its events.
            for op in ops {
                match &op.act {
                    Act::Rules(rules) => {
                        state.hand_over(rules, &mut sink);
                        state.change_rules(rules.clone());
                        self.dirty.everything = true;
                    }
                    Act::Hours(stated) => state.state_hours(stated),
                    _ => {}
                }
            }
            state.turn_hours(&mut self.dirty);
            note_pending(state, ops, &mut pending);
        }
        for (ix, op) in self.ops[start..end].iter().enumerate() {
            if op.changes_rules() {
                continue;
            }
            let cannot_come_from = state.sight(op);
            let private = state.apply(op, &mut self.dirty);
            for (of, pending) in &mut pending {
                if *of == ix {
                    pending.private = private;
                    pending.cannot_come_from.clone_from(&cannot_come_from);
                }
            }
        }
        state.judge(&mut self.dirty, &mut sink);
        for (_, pending) in &pending {
            state.answer(pending, &mut sink);
        }
        self.applied = end;
        end - start
    }

    fn checkpoint(&mut self) {
        if self.checkpoints.len() >= CHECKPOINTS_MAX {
            // Every second one of the older half goes; the base stays.
            let half = self.checkpoints.len() / 2;
            let mut ix = 0;
            self.checkpoints.retain(|_| {
                ix += 1;
                ix == 1 || ix > half || ix % 2 == 0
            });
        }
        self.checkpoints.push(Checkpoint {
            applied: self.applied,
            closed: self.closed.len(),
            state: self.state.clone(),
        });
    }

    /// Makes the latest checkpoint before `moment` the base; what came before it can no longer change.
    pub fn forget(&mut self, moment: Moment) {
        let keep = self
            .checkpoints
            .partition_point(|checkpoint| checkpoint.state.now < moment)
            .saturating_sub(1);
        if keep == 0 {
            return;
        }
        self.checkpoints.drain(..keep);
        let gone = self.checkpoints[0].applied;
        self.ops.drain(..gone);
        self.applied -= gone;
        for checkpoint in &mut self.checkpoints {
            checkpoint.applied -= gone;
        }
    }
}

impl Fold {
    /// The operation at a moment that `is_it` recognises.
    pub fn find(&self, at: Moment, is_it: impl Fn(&Op) -> bool) -> Option<Op> {
        let start = self.ops.partition_point(|op| op.at < at);
        self.ops[start..]
            .iter()
            .take_while(|op| op.at == at)
            .find(|op| is_it(op))
            .cloned()
    }

    /// The operations that take effect at a moment.
    pub fn at(&self, at: Moment) -> impl Iterator<Item = &Op> {
        let start = self.ops.partition_point(|op| op.at < at);
        self.ops[start..].iter().take_while(move |op| op.at == at)
    }

    /// The operation of a device that `is_it` recognises, wherever it is.
    pub fn find_anywhere(&self, device: DeviceIx, is_it: impl Fn(&Op) -> bool) -> Option<Op> {
        self.ops.iter().find(|op| op.device == device && is_it(op)).cloned()
    }

    /// Forgets the closed runs that can no longer change, and answers how many; their verdicts have been taken over.
    pub fn drop_closed(&mut self) -> usize {
        let gone = self.checkpoints[0].closed;
        self.closed.drain(..gone);
        for checkpoint in &mut self.checkpoints {
            checkpoint.closed -= gone;
        }
        gone
    }
}

/// The `on` policies that the events of an instant concern, with what they read just before it.
fn note_pending<'a>(state: &State, ops: &'a [Op], pending: &mut Vec<(usize, Pending<'a>)>) {
    for (ix, op) in ops.iter().enumerate() {
        if let Act::Event { kind, officer, .. } = &op.act {
            let found = state.pending(op, kind, *officer);
            pending.extend(found.into_iter().map(|pending| (ix, pending)));
        }
    }
}
