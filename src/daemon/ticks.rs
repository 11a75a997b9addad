//! How far the office clock may go while devices are still coming back.
//!
//! After a stop of the monitor, or a lost line to the broker, what devices have kept arrives later than the next tick.
//! A tick to the present would take them all for silent, tell their supervisors, and withdraw it a moment later.

use std::time::Duration;

use super::desk::Desk;
use crate::clock::MonitorClock;
use crate::engine::time::Moment;
use crate::inbound::Line;

/// How long devices may take to come back: reconnecting with pauses, then sending what they kept.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Comeback {
    clock: MonitorClock,
    connections: u64,
    /// When the line came up, on the monitor's clock.
    since: Moment,
    /// The same in steady time.
    began: Duration,
    up: bool,
}

impl Comeback {
    pub fn new(clock: &MonitorClock) -> Comeback {
        Comeback {
            clock: clock.clone(),
            connections: 0,
            since: clock.now(),
            began: clock.monotonic(),
            up: false,
        }
    }

    /// Takes note of what has become of the line.
    pub fn follow(&mut self, line: &Line, now: Moment) {
        self.up = line.connected_since.is_some();
        if line.connections != self.connections {
            self.connections = line.connections;
            self.since = now;
            self.began = self.clock.monotonic();
        }
    }

    /// The latest moment that the office clock may show: not so late that a device which had no chance to speak since
    /// the line came up would be silent.
    pub fn clock_max(&self, desk: &Desk, now: Moment) -> Moment {
        let unheard_since = match self.up {
            false => now,
            true if self.clock.monotonic().saturating_sub(self.began) < PATIENCE => self.since,
            true => return now,
        };
        let silent = desk.engine.silent_at_unless_heard(unheard_since);
        silent.map_or(now, |silent| silent.min(now)).max(desk.ticked)
    }
}
