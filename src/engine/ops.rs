//! Operations: everything that changes state, in the one order in which it is applied (contract §5).

use std::cmp::Ordering;
use std::sync::Arc;

use super::event::Kind;
use super::hours::Stated;
use super::names::{DeviceIx, HandsetIx, Names, OfficerIx};
use super::rulebook::Rulebook;
use super::state::Evidence;
use super::time::Moment;
use super::timeline::Derived;

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Op {
    /// When it takes effect.
    pub at: Moment,
    pub device: DeviceIx,
    pub sequence: u64,
    /// `/{office}/{device}#{id}`; empty for what is derived.
    pub reference: Evidence,
    /// The event's own time, never before a lower sequence of its boot.
    pub own: Moment,
    /// What its device's clock said.
    pub told: Moment,
    /// A boot on a device without heartbeats: it ends what was open at its own time.
    pub ends_boot: bool,
    /// Sent by the office's own system.
    pub by_system: bool,
    /// Its time is that of its receipt, for its device's clock says nothing.
    pub poor: bool,
    pub act: Act,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Act {
    Derived(Derived),
    Event {
        kind: Kind,
        officer: Option<OfficerIx>,
        handset: Option<HandsetIx>,
    },
    /// Roster and policies change. This and the next come last, because what is written down numbers those before.
    #[serde(skip)]
    Rules(Arc<Rulebook>),
    /// A roster's calendar becomes the truth.
    #[serde(skip)]
    Hours(Arc<Stated>),
}

/// What no event brings.
pub(crate) fn bare_op(at: Moment, device: DeviceIx, act: Act) -> Op {
    Op {
        at,
        device,
        sequence: 0,
        reference: Arc::from(""),
        own: at,
        told: at,
        ends_boot: false,
        by_system: false,
        poor: false,
        act,
    }
}

impl Op {
    /// Whether it changes what is judged by, not what has happened.
    pub fn changes_rules(&self) -> bool {
        matches!(self.act, Act::Rules(_) | Act::Hours(_))
    }

    /// Within one instant: what comes into force, ends of gaps, begins of gaps, events, and last what takes effect
    /// at an earlier moment than the event that caused it. No two of one device are alike, so that each can be found.
    fn phase(&self) -> u8 {
        match &self.act {
            Act::Rules(_) | Act::Hours(_) => 0,
            Act::Derived(Derived::GapEnds) => 1,
            Act::Derived(Derived::PoorEnds) => 2,
            Act::Derived(Derived::ClockRight) => 3,
            Act::Derived(Derived::GapBegins) => 4,
            Act::Derived(Derived::PoorBegins) => 5,
            Act::Derived(Derived::PoorFromTheStart) => 6,
            Act::Derived(Derived::ClockOff) => 7,
            Act::Event { .. } => 8,
            Act::Derived(Derived::Lost) => 9,
            Act::Derived(Derived::BootEnds) => 10,
        }
    }

    /// A lower sequence of its boot turned out to be later: moves the event there. A grant takes effect at its `from`,
    /// wherever its own place is.
    pub fn move_to(&mut self, moment: Moment) {
        self.own = moment;
        if !self.is_grant() {
            self.at = moment;
        }
    }

    pub fn is_grant(&self) -> bool {
        let Act::Event { kind, .. } = &self.act else {
            return false;
        };
        matches!(kind, Kind::Granted { .. })
    }

    /// The contract's order: effective time, source, sequence, id. (References of one device differ in the id only.)
    pub fn order(&self, other: &Op, names: &Names) -> Ordering {
        self.at
            .cmp(&other.at)
            .then_with(|| self.phase().cmp(&other.phase()))
            .then_with(|| match self.device == other.device {
                true => Ordering::Equal,
                false => names.device_name(self.device).cmp(names.device_name(other.device)),
            })
            .then_with(|| self.sequence.cmp(&other.sequence))
            .then_with(|| self.reference.cmp(&other.reference))
    }
}
