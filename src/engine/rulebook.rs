//! What is in force at a moment: roster and policies, compiled to numbers.

use std::sync::Arc;

use super::event::{DeviceKind, TYPES};
use super::expr::{Condition, Reads};
use super::names::{DeviceIx, HandsetIx, Names, OfficerIx};
use super::places::Places;
use super::policy::{Class, Head, Per, PolicySet, Reach, Trigger};
use super::roster::Roster;

#[derive(Debug)]
pub(crate) struct Rulebook {
    pub roster: Arc<Roster>,
    pub policies: Arc<PolicySet>,
    pub service_max_ms: i64,
    pub places: Places,
    /// Whether a policy asks for the office's hours; if none does, they need not turn.
    pub reads_hours: bool,
    devices: Vec<Option<DeviceRule>>,
    officers: Vec<OfficerRule>,
    /// Policies that hold over time, by the sort of subject they are kept with.
    pub counter: Vec<Rule>,
    pub officer: Vec<Rule>,
    pub lockbox: Vec<Rule>,
    pub office: Vec<Rule>,
    pub on: Vec<OnRule>,
    /// For each event type (in the order of `TYPES`), whether a policy waits for it.
    pub awaited: [bool; TYPES.len()],
    /// Every limit that `session.unchecked_for` is compared with.
    pub unchecked_limits_ms: Vec<i64>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct DeviceRule {
    pub kind: DeviceKind,
    /// `None`: it sends no heartbeats and is never silent.
    pub silent_after_ms: Option<i64>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct OfficerRule {
    pub in_roster: bool,
    /// Active private handsets, in roster order.
    pub handsets: Vec<HandsetIx>,
    pub lockbox: Option<DeviceIx>,
}

static NOBODY: OfficerRule = OfficerRule {
    in_roster: false,
    handsets: Vec::new(),
    lockbox: None,
};

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub head: Arc<Head>,
    pub condition: Condition,
    /// What a change of makes judging necessary; an indication also depends on emergencies.
    pub wakes: Reads,
    pub suppressed_in_emergency: bool,
    pub judged_in_gap: bool,
    /// It says something of devices themselves, so that poor times do not keep it from being judged.
    pub judged_while_poor: bool,
    pub rests_on_clock: bool,
    pub rests_on_lockbox: bool,
    /// `service.active` stands for being signed in and not on a break.
    pub signed_in: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct OnRule {
    pub head: Arc<Head>,
    pub types: Vec<String>,
    pub condition: Option<Condition>,
    pub judged_in_gap: bool,
    pub judged_while_poor: bool,
}

impl Rulebook {
    pub fn new(roster: Arc<Roster>, policies: Arc<PolicySet>, names: &mut Names) -> Rulebook {
        let mut devices = Vec::new();
        let mut set = |ix: DeviceIx, rule: DeviceRule| {
            if devices.len() <= ix.at() {
                devices.resize(ix.at() + 1, None);
            }
            devices[ix.at()] = Some(rule);
        };
        for (list, kind) in [
            (&roster.counters, DeviceKind::Workstation),
            (&roster.lockboxes, DeviceKind::Lockbox),
        ] {
            for device in list {
                let silent_after_ms = device.heartbeat_every_ms.map(|_| device.silent_after_ms);
                set(names.device(&device.id), DeviceRule { kind, silent_after_ms });
            }
        }
        let mut officers = Vec::new();
        for officer in &roster.officers {
            let ix = names.officer(&officer.id);
            if officers.len() <= ix.at() {
                officers.resize(ix.at() + 1, OfficerRule::default());
            }
            officers[ix.at()] = OfficerRule {
                in_roster: true,
                handsets: officer
                    .handsets
                    .iter()
                    .filter(|handset| handset.is_active_private())
                    .map(|handset| names.handset(&handset.id))
                    .collect(),
                lockbox: officer.lockbox.as_ref().map(|id| names.device(id)),
            };
        }
        let places = Places::new(&roster, |device| names.device(&device.id));
        let mut book = Rulebook {
            places,
            reads_hours: false,
            service_max_ms: roster.office.service_max_ms,
            roster,
            policies: policies.clone(),
            devices,
            officers,
            counter: Vec::new(),
            officer: Vec::new(),
            lockbox: Vec::new(),
            office: Vec::new(),
            on: Vec::new(),
            awaited: [false; TYPES.len()],
            unchecked_limits_ms: Vec::new(),
        };
        for policy in policies.policies.iter().filter(|policy| policy.head.enabled) {
            let head = Arc::new(policy.head.clone());
            match &policy.trigger {
                Trigger::While(condition) => {
                    let indication = head.class == Class::Indication;
                    book.unchecked_limits_ms.extend(&condition.unchecked_limits_ms);
                    book.reads_hours |= condition.reads.touches(Reads::HOURS);
                    let signed_in = policy.head.scope == Reach::SignedIn;
                    // A new session or service is a new subject, whether the condition names it or not.
                    let subjects = match head.per {
                        Per::Service => Reads::SERVICE,
                        Per::Session => Reads::SESSION,
                        _ => Reads::default(),
                    };
                    let emergencies = if indication { Reads::EMERGENCY } else { Reads::default() };
                    let widened = if signed_in {
                        Reads::SESSION | Reads::BREAK
                    } else {
                        Reads::default()
                    };
                    let rule = Rule {
                        wakes: condition.reads | subjects | emergencies | widened,
                        signed_in,
                        suppressed_in_emergency: indication,
                        judged_in_gap: condition.names_workstation_silent(),
                        judged_while_poor: condition.names_workstation(),
                        rests_on_clock: condition.names_silence(),
                        rests_on_lockbox: condition.names_custody(),
                        condition: condition.clone(),
                        head: head.clone(),
                    };
                    match head.per {
                        Per::Service | Per::Session | Per::Counter => book.counter.push(rule),
                        Per::Officer => book.officer.push(rule),
                        Per::Lockbox => book.lockbox.push(rule),
                        Per::Office => book.office.push(rule),
                    }
                }
                Trigger::On { types, condition } => {
                    book.reads_hours |= condition
                        .as_ref()
                        .is_some_and(|condition| condition.reads.touches(Reads::HOURS));
                    for (ix, (name, _)) in TYPES.iter().enumerate() {
                        book.awaited[ix] |= types.iter().any(|kind| kind == name);
                    }
                    book.on.push(OnRule {
                        head,
                        types: types.clone(),
                        judged_in_gap: condition.as_ref().is_some_and(Condition::names_workstation_silent),
                        judged_while_poor: condition.as_ref().is_some_and(Condition::names_workstation),
                        condition: condition.clone(),
                    });
                }
            }
        }
        book.unchecked_limits_ms.sort_unstable();
        book.unchecked_limits_ms.dedup();
        book
    }

    pub fn device(&self, ix: DeviceIx) -> Option<DeviceRule> {
        self.devices.get(ix.at()).copied().flatten()
    }

    pub fn officer(&self, ix: OfficerIx) -> &OfficerRule {
        self.officers.get(ix.at()).unwrap_or(&NOBODY)
    }

    pub fn silent_after_ms(&self, ix: DeviceIx) -> Option<i64> {
        self.device(ix).and_then(|rule| rule.silent_after_ms)
    }

    pub fn is(&self, ix: DeviceIx, kind: DeviceKind) -> bool {
        self.device(ix).is_some_and(|rule| rule.kind == kind)
    }

    pub fn awaits(&self, type_name: &str) -> bool {
        TYPES
            .iter()
            .position(|(name, _)| *name == type_name)
            .is_some_and(|ix| self.awaited[ix])
    }
}
