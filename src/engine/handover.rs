//! Other rules come into force: runs of policies that judge as before go on, the others end.

use super::judge::{Sink, Slot, Slots, end_piece};
use super::rulebook::{Rule, Rulebook};
use super::state::State;
use super::time::Moment;

impl Rule {
    /// Whether both say the same of the same state; title, basis and recipients are no part of that.
    fn judges_as(&self, other: &Rule) -> bool {
        let (one, two) = (&self.head, &other.head);
        one.id == two.id
            && (one.per, one.class, one.severity) == (two.per, two.class, two.severity)
            && self.signed_in == other.signed_in
            && (one.for_ms, one.bridge_ms) == (two.for_ms, two.bridge_ms)
            && self.condition.same_tree(&other.condition)
    }
}

impl State {
    /// Hands the runs over to `rules`, which come into force now: a limit that is running is not begun anew because
    /// somebody else's policy was changed, or a name in the roster.
    pub fn hand_over(&mut self, rules: &Rulebook, sink: &mut Sink) {
        let now = self.now;
        let mut slots = Slots::new(rules);
        slots.grow(self.counters.len(), self.officers.len());
        let old = std::mem::replace(&mut self.slots, slots);
        let new = &mut self.slots;
        let before = &self.rules;
        move_runs(
            old.counter,
            &before.counter,
            &mut new.counter,
            &rules.counter,
            now,
            sink,
        );
        move_runs(
            old.officer,
            &before.officer,
            &mut new.officer,
            &rules.officer,
            now,
            sink,
        );
        move_runs(
            old.lockbox,
            &before.lockbox,
            &mut new.lockbox,
            &rules.lockbox,
            now,
            sink,
        );
        move_runs(old.office, &before.office, &mut new.office, &rules.office, now, sink);
    }
}

fn move_runs(old: Vec<Slot>, before: &[Rule], new: &mut [Slot], rules: &[Rule], now: Moment, sink: &mut Sink) {
    for (ix, slot) in old.into_iter().enumerate() {
        let Some(mut run) = slot else { continue };
        let (subject, rule) = (ix / before.len(), &before[ix % before.len()]);
        let place = rules.iter().position(|other| other.judges_as(rule));
        match place.and_then(|place| Some((place, new.get_mut(subject * rules.len() + place)?))) {
            Some((place, slot)) => {
                run.head = rules[place].head.clone();
                *slot = Some(run);
            }
            None => {
                end_piece(&mut run, now);
                sink.close(*run);
            }
        }
    }
}
