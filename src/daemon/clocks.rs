//! What accepted events say of the clocks and sequences of their devices, and what the monitor's own clock is worth.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::intake::Intake;
use super::{Daemon, SHOW_EVERY};
use crate::clock::steady::Doubt;
use crate::engine::time::Moment;
use crate::inbound::Line;

/// So many lost sessions are remembered.
const LOST_MAX: usize = 16;

/// What the daemon tells of clocks and gaps beside its offices.
#[derive(Default)]
pub struct Notes {
    doubt: Option<Doubt>,
    sessions_lost: u64,
    lost_at: VecDeque<Moment>,
    looked: Option<Instant>,
    /// How long it took to make the last live view.
    pub(super) show_took: Duration,
}

impl Notes {
    pub(super) fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    pub(super) fn sessions_lost_at(&self) -> Vec<Moment> {
        self.lost_at.iter().copied().collect()
    }
}

impl Daemon {
    /// Puts the times into accepted events that they are judged at, and into their entries. Where events are the clock,
    /// or the monitor's own is in doubt or simulated, nothing is known of anybody's.
    pub(super) fn judge_clocks(&mut self, intake: &mut Intake, now: Moment) {
        let measured = self.ticks && self.clock.is_real() && self.clock.doubt().is_none();
        for ((ix, event), entry) in intake.events.iter_mut().zip(&mut intake.turn.entries) {
            let desk = &mut self.desks[*ix];
            if measured {
                let kind = desk.roster.device_kind(event.device.as_str());
                desk.clocks.judge(event, kind, now);
                entry.time = event.time;
                entry.clock = event.reading.as_ref().map(|reading| reading.as_str());
            }
            desk.gaps.hear(event, now);
        }
    }

    /// Brings up to date what is shown of devices, and says once when the monitor's clock is not believed.
    pub(super) fn look_at_devices(&mut self, line: &Line, now: Moment) {
        let doubt = self.clock.doubt();
        match (self.memory.notes.doubt, doubt) {
            (None, Some(doubt)) => {
                let (said, held) = (doubt.said.rfc3339(chrono_tz::UTC), doubt.held.rfc3339(chrono_tz::UTC));
                tracing::error!(%said, %held, "this machine's clock has jumped; the time is held to its monotonic clock");
            }
            (Some(_), None) => {
                tracing::warn!(now = %now.rfc3339(chrono_tz::UTC), "this machine's clock is believed again")
            }
            _ => {}
        }
        self.memory.notes.doubt = doubt;
        if line.sessions_lost > self.memory.notes.sessions_lost {
            self.memory.notes.sessions_lost = line.sessions_lost;
            self.memory.notes.lost_at.push_back(now);
            if self.memory.notes.lost_at.len() > LOST_MAX {
                self.memory.notes.lost_at.pop_front();
            }
        }
        if self
            .memory
            .notes
            .looked
            .is_some_and(|looked| looked.elapsed() < SHOW_EVERY)
        {
            return;
        }
        self.memory.notes.looked = Some(crate::clock::instant());
        for desk in &mut self.desks {
            if self.ticks && self.clock.is_real() {
                desk.clocks_shown = desk.clocks.shown().into();
            }
            desk.gaps_shown = desk.gaps.shown(now).into();
        }
    }
}
