//! Hears what a pass decides while it goes on, at the rhythm of a running monitor.

use crate::engine::Engine;
use crate::engine::time::Moment;
use crate::engine::verdict::Decision;

/// With nothing but heartbeats, it is judged again after so long; something else is judged after so long at the latest.
const PULSES_MS: i64 = 120_000;
const EVENTS_MS: i64 = 60_000;

/// What an ear is told.
pub enum Heard {
    /// What the engine decided at this moment of the office clock.
    Decided(Moment, Vec<Decision>),
    /// All that was heard so far is void: the events are judged anew, in another order.
    Void,
}

/// Has the engine judge as often as something may open or end, and hands the decisions on.
pub struct Ear<'a> {
    tell: &'a mut dyn FnMut(Heard),
    /// The office clock at which the engine wants to be asked.
    wake: Moment,
    judged: Moment,
    /// Something but heartbeats came since.
    stirred: bool,
}

impl<'a> Ear<'a> {
    pub fn new(tell: &'a mut dyn FnMut(Heard)) -> Ear<'a> {
        Ear {
            tell,
            wake: Moment::MIN,
            judged: Moment::MIN,
            stirred: false,
        }
    }

    /// An event of this time was inserted. What is late waits for the next judging: a device that sends what it had
    /// kept would else have the past judged anew with every event.
    pub fn after(&mut self, engine: &mut Engine, at: Moment, pulse: bool) {
        self.stirred |= !pulse;
        let pause_ms = if self.stirred { EVENTS_MS } else { PULSES_MS };
        if at >= self.wake || at.ms_since(self.judged) >= pause_ms {
            self.judge(engine);
        }
    }

    pub fn judge(&mut self, engine: &mut Engine) {
        let decisions = engine.judge();
        self.stirred = false;
        self.wake = engine.wake_at();
        self.judged = engine.clock().unwrap_or(Moment::MIN);
        if !decisions.is_empty() {
            (self.tell)(Heard::Decided(self.judged, decisions));
        }
    }

    pub(super) fn begin_anew(&mut self) {
        self.wake = Moment::MIN;
        self.judged = Moment::MIN;
        (self.tell)(Heard::Void);
    }
}

pub(super) fn judge(engine: &mut Engine, ear: Option<&mut Ear>) {
    match ear {
        Some(ear) => ear.judge(engine),
        None => {
            engine.judge();
        }
    }
}
