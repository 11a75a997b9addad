//! Ring 1: what the dashboard sees of the running daemon.
//!
//! The daemon makes a new `Live` after each turn and at least every few seconds, and gives it out through a
//! `tokio::sync::watch` channel; readers never wait for it and never hold it up.

use std::sync::Arc;
use std::time::Instant;

use crate::clock::steady::Doubt;
use crate::engine::event::OfficeId;
use crate::engine::policy::Head;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::view::OfficeView;
use crate::gaps::Gap;
use crate::skew::ClockShown;
use crate::store::rows::DeviceStatus;

/// One look at the daemon.
#[derive(Clone, Debug)]
pub struct Live {
    /// The monitor's clock at the start of the process.
    pub started: Moment,
    /// The monitor's clock when this was made.
    pub now: Moment,
    /// When this was made, on the machine's own clock: a daemon that hangs gives nothing newer.
    pub made: Instant,
    pub broker: Broker,
    /// Where the machine's clock is not believed.
    pub clock_doubt: Option<Doubt>,
    pub offices: Vec<OfficeLive>,
    /// When the last event was accepted, on the monitor's clock; also from before the start, where the ledger says so.
    pub last_event: Option<Moment>,
    /// Files that were to come into force and were refused; what was in force stays.
    pub refused: Option<Refusal>,
    /// While the database does not take what is to be written: nothing is acknowledged, and nothing newer is shown.
    pub unwritten: Option<Unwritten>,
}

/// What keeps a turn from being written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unwritten {
    pub since: Moment,
    pub why: String,
}

/// Why rosters or policies were refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub at: Moment,
    /// Every fault, as `policy activate` tells it.
    pub faults: String,
}

/// The connection to the broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broker {
    pub kind: BrokerKind,
    pub state: BrokerState,
    /// Since when it has been in this state, on the monitor's clock.
    pub since: Moment,
    /// How often it had lost our session since the start: events may be missing that devices do not send again.
    pub sessions_lost: u64,
    /// When that was noticed, the latest times.
    pub sessions_lost_at: Vec<Moment>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BrokerKind {
    /// Inside this process.
    Embedded,
    External,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BrokerState {
    Connecting,
    Connected,
    /// Why it was lost, for people; without addresses or secrets.
    Lost(String),
}

/// One office as it is now.
#[derive(Clone, Debug)]
pub struct OfficeLive {
    pub roster: Arc<Roster>,
    pub policies: Arc<[Head]>,
    pub view: OfficeView,
    /// What is known of the clocks of its devices, by name.
    pub clocks: Arc<[ClockShown]>,
    /// Events that are missing, and holes that were filled within a day.
    pub gaps: Arc<[Gap]>,
    /// Wills and births, as last heard; a device that is missing has said neither.
    pub statuses: Vec<DeviceStatus>,
}

impl Live {
    /// Before the daemon has anything to show.
    pub fn starting(now: Moment, kind: BrokerKind) -> Live {
        Live {
            started: now,
            now,
            made: crate::clock::instant(),
            broker: Broker {
                kind,
                state: BrokerState::Connecting,
                since: now,
                sessions_lost: 0,
                sessions_lost_at: Vec::new(),
            },
            clock_doubt: None,
            offices: Vec::new(),
            last_event: None,
            refused: None,
            unwritten: None,
        }
    }

    pub fn office(&self, id: &OfficeId) -> Option<&OfficeLive> {
        self.offices.iter().find(|office| office.roster.office.id == *id)
    }
}

impl OfficeLive {
    pub fn policy(&self, id: &str) -> Option<&Head> {
        self.policies.iter().find(|policy| policy.id.as_str() == id)
    }

    pub fn status(&self, device: &str) -> Option<&DeviceStatus> {
        self.statuses.iter().find(|status| status.device.as_str() == device)
    }
}
