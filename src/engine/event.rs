//! Accepted events, typed: what the contract's §3 lists and nothing else.

use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use super::time::Moment;
use super::visit::Visit;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Arc<str>);

        impl $name {
            pub fn new(text: &str) -> $name {
                $name(Arc::from(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                String::deserialize(deserializer).map(|text| $name(Arc::from(text)))
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// An office, e.g. `tangerang`.
    OfficeId
);
id!(
    /// A device of an office: a counter's workstation (its id is the counter's), a lockbox, `system` or `monitor`.
    DeviceId
);
id!(
    /// A person who may serve at a counter; a key of its own, never the NIP.
    OfficerId
);
id!(
    /// A registered phone.
    HandsetId
);
id!(
    /// A policy; also the name of its file.
    PolicyId
);

/// The device that stands for people's acts: rosters, exemptions, drills.
pub const SYSTEM: &str = "system";
/// The device that stands for this monitor: it ticks.
pub const MONITOR: &str = "monitor";

/// One accepted event. `(source, id)` is its identity; two equal identities never reach the engine.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    pub office: OfficeId,
    pub device: DeviceId,
    pub id: Box<str>,
    /// The device's own clock, or what the monitor judged instead; then `reading` says so.
    pub time: Moment,
    /// Where the event stands in its device's boot; `None` unless both `bootid` and `sequence` came.
    pub place: Option<Place>,
    pub kind: Kind,
    /// `None`: the time is as the device told it.
    pub reading: Option<Box<Reading>>,
}

/// Why an event's time is not what its device told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    pub told: Moment,
    pub trust: Trust,
    /// The clock has been off by as much since the device was started: events of this boot that were taken for right are
    /// corrected with it.
    pub whole_boot: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Trust {
    /// Off by a known and small amount.
    Corrected,
    /// Known by the time of receipt alone: it proves nothing against anybody.
    Poor,
}

impl Reading {
    /// As the ledger keeps it.
    pub fn as_str(&self) -> &'static str {
        match (self.trust, self.whole_boot) {
            (Trust::Corrected, false) => "corrected",
            (Trust::Corrected, true) => "corrected-boot",
            (Trust::Poor, false) => "poor",
            (Trust::Poor, true) => "poor-boot",
        }
    }

    /// What stands in the ledger, with what the device told.
    pub fn parse(text: &str, told: Moment) -> Option<Reading> {
        let (trust, whole_boot) = match text {
            "corrected" => (Trust::Corrected, false),
            "corrected-boot" => (Trust::Corrected, true),
            "poor" => (Trust::Poor, false),
            "poor-boot" => (Trust::Poor, true),
            _ => return None,
        };
        Some(Reading {
            told,
            trust,
            whole_boot,
        })
    }
}

impl Event {
    /// `/{office}/{device}#{id}`, as evidence lists carry it.
    pub fn reference(&self) -> String {
        format!("/{}/{}#{}", self.office, self.device, self.id)
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub boot: Box<str>,
    pub sequence: u64,
}

/// What of an event's id orders events of one moment and sequence: its first bytes, and a hash of all of it for ids that
/// begin alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub struct IdKey {
    pub head: [u8; 16],
    pub tie: u64,
}

impl IdKey {
    pub fn of(id: &[u8]) -> IdKey {
        let mut head = [0; 16];
        match id.first_chunk() {
            Some(first) => head = *first,
            None => head[..id.len()].copy_from_slice(id),
        }
        IdKey { head, tie: hash(id) }
    }
}

/// Stands for a boot id, which means nothing but that it is another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct BootKey(pub u64);

impl BootKey {
    pub fn of(boot: &[u8]) -> BootKey {
        BootKey(hash(boot))
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// A heartbeat: all that is needed of the commonest event, without texts of its own.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pulse {
    /// The place of its device in `Roster::device_ids`.
    pub device: u32,
    pub id: IdKey,
    pub time: Moment,
    /// Its boot and its sequence there.
    pub place: Option<(BootKey, u64)>,
}

/// What happened. Texts that no rule reads (`by`, `witness`, `approver`) are kept for people.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    WorkstationStarted,
    WorkstationHeartbeat,
    SignedIn {
        officer: OfficerId,
    },
    SignedOut {
        officer: OfficerId,
    },
    ServiceStarted {
        booking: Option<Box<str>>,
    },
    ServiceEnded,
    BreakStarted {
        kind: Option<Box<str>>,
    },
    BreakEnded {
        kind: Option<Box<str>>,
    },
    AppOpened {
        category: Box<str>,
    },
    AppClosed {
        category: Box<str>,
    },
    UsbAttached {
        class: UsbClass,
        id: Option<Box<str>>,
        allowed: bool,
    },
    UsbDetached {
        class: UsbClass,
        id: Option<Box<str>>,
    },
    ShiftStarted {
        officer: OfficerId,
    },
    ShiftEnded {
        officer: OfficerId,
    },
    Deposited {
        officer: OfficerId,
        slot: u32,
        handset: Option<HandsetId>,
        by: Option<Box<str>>,
    },
    Withdrawn {
        officer: OfficerId,
        slot: u32,
        handset: Option<HandsetId>,
        by: Option<Box<str>>,
    },
    Checked {
        officer: OfficerId,
        present: bool,
        by: Option<Box<str>>,
    },
    Forced {
        slot: Option<u32>,
    },
    Tampered {
        slot: Option<u32>,
    },
    LockboxHeartbeat,
    Held {
        officer: OfficerId,
        by: Box<str>,
        witness: Box<str>,
    },
    Returned {
        officer: OfficerId,
        by: Box<str>,
        witness: Box<str>,
    },
    DeclaredNone {
        officer: OfficerId,
    },
    Seen {
        officer: OfficerId,
        by: Box<str>,
    },
    Granted {
        officer: OfficerId,
        from: Moment,
        until: Moment,
        approver: Box<str>,
    },
    Revoked {
        officer: OfficerId,
    },
    EmergencyStarted,
    EmergencyEnded,
    Ticked,
    /// Of the applicants' side: `booking` folds it, no policy names it.
    Visit(Box<Visit>),
}

/// What an attached thing is to the workstation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub enum UsbClass {
    Mtp,
    Ptp,
    Rndis,
    Ncm,
    Storage,
    ChargeOnly,
    Other,
}

impl UsbClass {
    pub const ALL: [UsbClass; 7] = [
        UsbClass::Mtp,
        UsbClass::Ptp,
        UsbClass::Rndis,
        UsbClass::Ncm,
        UsbClass::Storage,
        UsbClass::ChargeOnly,
        UsbClass::Other,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            UsbClass::Mtp => "mtp",
            UsbClass::Ptp => "ptp",
            UsbClass::Rndis => "rndis",
            UsbClass::Ncm => "ncm",
            UsbClass::Storage => "storage",
            UsbClass::ChargeOnly => "charge_only",
            UsbClass::Other => "other",
        }
    }

    pub fn parse(text: &str) -> Option<UsbClass> {
        UsbClass::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

/// The sort of device an event may come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceKind {
    Workstation,
    Lockbox,
    System,
    Monitor,
    /// Where applicants are let in.
    Gate,
}

/// Every event type: its name on the wire and who may send it.
pub const TYPES: [(&str, &[DeviceKind]); 29] = {
    use DeviceKind::{Lockbox as L, Monitor as M, System as S, Workstation as W};
    [
        ("workstation.started", &[W]),
        ("workstation.heartbeat", &[W]),
        ("session.signed_in", &[W]),
        ("session.signed_out", &[W]),
        ("service.started", &[W]),
        ("service.ended", &[W]),
        ("break.started", &[W]),
        ("break.ended", &[W]),
        ("app.opened", &[W]),
        ("app.closed", &[W]),
        ("usb.attached", &[W]),
        ("usb.detached", &[W]),
        ("shift.started", &[S]),
        ("shift.ended", &[S]),
        ("lockbox.deposited", &[L]),
        ("lockbox.withdrawn", &[L]),
        ("lockbox.checked", &[L, S]),
        ("lockbox.forced", &[L]),
        ("lockbox.tampered", &[L]),
        ("lockbox.heartbeat", &[L]),
        ("custody.held", &[S]),
        ("custody.returned", &[S]),
        ("custody.declared_none", &[S]),
        ("handset.seen", &[S]),
        ("exemption.granted", &[S]),
        ("exemption.revoked", &[S]),
        ("emergency.started", &[S, L]),
        ("emergency.ended", &[S, L]),
        ("clock.ticked", &[M]),
    ]
};

impl Kind {
    /// The type's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::WorkstationStarted => "workstation.started",
            Kind::WorkstationHeartbeat => "workstation.heartbeat",
            Kind::SignedIn { .. } => "session.signed_in",
            Kind::SignedOut { .. } => "session.signed_out",
            Kind::ServiceStarted { .. } => "service.started",
            Kind::ServiceEnded => "service.ended",
            Kind::BreakStarted { .. } => "break.started",
            Kind::BreakEnded { .. } => "break.ended",
            Kind::AppOpened { .. } => "app.opened",
            Kind::AppClosed { .. } => "app.closed",
            Kind::UsbAttached { .. } => "usb.attached",
            Kind::UsbDetached { .. } => "usb.detached",
            Kind::ShiftStarted { .. } => "shift.started",
            Kind::ShiftEnded { .. } => "shift.ended",
            Kind::Deposited { .. } => "lockbox.deposited",
            Kind::Withdrawn { .. } => "lockbox.withdrawn",
            Kind::Checked { .. } => "lockbox.checked",
            Kind::Forced { .. } => "lockbox.forced",
            Kind::Tampered { .. } => "lockbox.tampered",
            Kind::LockboxHeartbeat => "lockbox.heartbeat",
            Kind::Held { .. } => "custody.held",
            Kind::Returned { .. } => "custody.returned",
            Kind::DeclaredNone { .. } => "custody.declared_none",
            Kind::Seen { .. } => "handset.seen",
            Kind::Granted { .. } => "exemption.granted",
            Kind::Revoked { .. } => "exemption.revoked",
            Kind::EmergencyStarted => "emergency.started",
            Kind::EmergencyEnded => "emergency.ended",
            Kind::Ticked => "clock.ticked",
            Kind::Visit(visit) => visit.name(),
        }
    }

    /// Whether the event only says that time passes.
    pub fn is_pulse(&self) -> bool {
        matches!(self, Kind::WorkstationHeartbeat | Kind::LockboxHeartbeat | Kind::Ticked)
    }

    /// The officer the event's data names.
    pub fn officer(&self) -> Option<&OfficerId> {
        match self {
            Kind::SignedIn { officer }
            | Kind::SignedOut { officer }
            | Kind::ShiftStarted { officer }
            | Kind::ShiftEnded { officer }
            | Kind::Deposited { officer, .. }
            | Kind::Withdrawn { officer, .. }
            | Kind::Checked { officer, .. }
            | Kind::Held { officer, .. }
            | Kind::Returned { officer, .. }
            | Kind::DeclaredNone { officer }
            | Kind::Seen { officer, .. }
            | Kind::Granted { officer, .. }
            | Kind::Revoked { officer } => Some(officer),
            _ => None,
        }
    }
}
