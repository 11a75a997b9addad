//! What the machine says of an interval, and how its saying changed.

use std::sync::Arc;

use chrono_tz::Tz;
use serde::Serialize;

use super::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use super::policy::{Class, Severity};
use super::time::Moment;

/// One policy's word on one subject over one interval (contract §8).
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Verdict {
    pub policy: PolicyId,
    pub class: Class,
    pub severity: Severity,
    pub office: OfficeId,
    pub counter: Option<DeviceId>,
    pub lockbox: Option<DeviceId>,
    pub officer: Option<OfficerId>,
    pub since: Moment,
    pub opened: Moment,
    /// `None` while it holds, also when the horizon was reached first.
    pub until: Option<Moment>,
    /// References (`/{office}/{device}#{id}`) of the events it rests on, in time order.
    pub evidence: Vec<Arc<str>>,
}

/// The line that `replay` prints and the API gives; the order of the fields is the contract's.
#[derive(Serialize)]
pub struct Line<'a> {
    policy: &'a str,
    verdict: &'static str,
    severity: &'static str,
    office: &'a str,
    counter: Option<&'a str>,
    lockbox: Option<&'a str>,
    officer: Option<&'a str>,
    since: String,
    opened: String,
    until: Option<String>,
    evidence: &'a [Arc<str>],
}

impl Verdict {
    pub fn line(&self, zone: Tz) -> Line<'_> {
        Line {
            policy: self.policy.as_str(),
            verdict: self.class.as_str(),
            severity: self.severity.as_str(),
            office: self.office.as_str(),
            counter: self.counter.as_ref().map(DeviceId::as_str),
            lockbox: self.lockbox.as_ref().map(DeviceId::as_str),
            officer: self.officer.as_ref().map(OfficerId::as_str),
            since: self.since.rfc3339(zone),
            opened: self.opened.rfc3339(zone),
            until: self.until.map(|until| until.rfc3339(zone)),
            evidence: &self.evidence,
        }
    }

    /// The contract's order of output: since, policy, counter, lockbox, officer; null first.
    pub fn order(&self) -> impl Ord + '_ {
        (
            self.since,
            &self.policy,
            &self.counter,
            &self.lockbox,
            &self.officer,
            self.opened,
            self.until,
        )
    }

    /// Whether both speak of the same policy and subject.
    pub fn same_subject(&self, other: &Verdict) -> bool {
        self.policy == other.policy
            && self.counter == other.counter
            && self.lockbox == other.lockbox
            && self.officer == other.officer
    }

    /// Whether the two intervals share a moment; an instant overlaps itself, an open one has no end.
    pub fn overlaps(&self, other: &Verdict) -> bool {
        let end = |verdict: &Verdict| verdict.until.unwrap_or(Moment::MAX);
        self.since <= end(other) && other.since <= end(self)
    }
}

/// A change of what the engine says, for people to be told of.
#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    Opened {
        verdict: Verdict,
        reason: Reason,
    },
    Amended {
        before: Verdict,
        verdict: Verdict,
        reason: Reason,
    },
    Retracted {
        verdict: Verdict,
        reason: Reason,
    },
}

impl Decision {
    pub fn reason(&self) -> Reason {
        match self {
            Decision::Opened { reason, .. } | Decision::Amended { reason, .. } | Decision::Retracted { reason, .. } => {
                *reason
            }
        }
    }
}

/// Why a decision was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The condition held longer than the policy's limit, or the event it waits for came.
    ConditionHeld,
    /// The condition ended; the interval now has an end.
    ConditionEnded,
    /// The condition came back within the policy's bridge.
    ConditionResumed,
    /// Only its evidence grew; the interval stands.
    EvidenceAdded,
    /// An event that took effect before moments already judged changed the past.
    LateEvent,
    /// A device's silence became known, which changes the past from its last event on.
    SilenceKnown,
    /// The roster or the policies changed.
    RulesChanged,
    /// The office's calendar was changed for days already judged.
    CalendarChanged,
}
