//! When an office is judged: at once, but for late events that would have much folded again with every turn. Those are
//! judged together, so that catching up after an outage costs little more than the events themselves.

use std::time::{Duration, Instant};

use crate::clock::instant;
use crate::engine::Engine;
use crate::engine::time::Moment;

/// So many operations are folded again at once, whatever came before.
const AT_ONCE_MAX: usize = 64;
/// Otherwise judging rests so many times as long as it last took …
const REST_TIMES: u32 = 3;
/// … and never longer than this.
const REST_MAX: Duration = Duration::from_secs(8);

#[derive(Debug)]
pub struct Judging {
    /// Something came since.
    fresh: bool,
    /// Some of it is an act, which nobody should wait for.
    stirred: bool,
    /// It waits for what else may come late.
    owed: bool,
    /// Nothing more is waited for.
    hurried: bool,
    ended: Option<Instant>,
    took: Duration,
    /// When something may open or end without a further event.
    wake: Moment,
}

impl Default for Judging {
    fn default() -> Judging {
        Judging {
            fresh: true,
            stirred: false,
            owed: false,
            hurried: false,
            ended: None,
            took: Duration::ZERO,
            wake: Moment::MAX,
        }
    }
}

impl Judging {
    pub fn heard(&mut self, is_act: bool) {
        self.fresh = true;
        self.stirred |= is_act;
    }

    pub fn rules_changed(&mut self) {
        self.fresh = true;
        self.hurried = true;
    }

    /// It is judged with the next turn, whatever that costs.
    pub fn hurry(&mut self) {
        self.hurried = true;
    }

    pub fn wake(&self) -> Moment {
        self.wake
    }

    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    pub fn is_stirred(&self) -> bool {
        self.stirred
    }

    pub fn is_owed(&self) -> bool {
        self.owed
    }

    /// How long it still rests, where something waits for it.
    pub fn pause(&self) -> Option<Duration> {
        self.owed.then(|| self.rest())
    }

    /// Whether what came has to wait for more of it.
    pub fn waits(&mut self, engine: &Engine) -> bool {
        self.owed = self.fresh && !self.hurried && engine.goes_back() > AT_ONCE_MAX && !self.rest().is_zero();
        self.owed
    }

    fn rest(&self) -> Duration {
        let rest = (self.took * REST_TIMES).min(REST_MAX);
        self.ended
            .map_or(Duration::ZERO, |ended| rest.saturating_sub(ended.elapsed()))
    }

    /// Everything that came is judged.
    pub fn is_done(&mut self, engine: &Engine) {
        *self = Judging {
            fresh: false,
            wake: engine.wake_at(),
            ended: self.ended,
            took: self.took,
            ..Judging::default()
        };
    }

    /// How long that took, with all that followed from it.
    pub fn took(&mut self, took: Duration) {
        self.took = took;
        self.ended = Some(instant());
    }
}
