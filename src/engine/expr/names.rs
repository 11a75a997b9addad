//! The names a condition may use, and what each of them is.

use super::Reads;
use super::tree::{BoolName, EventText, IntName, ListName, TextName};

/// What a name is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    Bool(BoolName, Reads),
    Int(IntName, Reads),
    Text(TextName, Reads),
    List(ListName, Reads),
    Custody,
    Unchecked,
}

pub(super) type Entry = (&'static str, Name);

pub(super) const NAMES: &[Entry] = &[
    ("service.active", Name::Bool(BoolName::ServiceActive, Reads::SERVICE)),
    ("service.booking", Name::Text(TextName::Booking, Reads::SERVICE)),
    ("session.active", Name::Bool(BoolName::SessionActive, Reads::SESSION)),
    (
        "session.served",
        Name::Bool(BoolName::SessionServed, Reads(Reads::SESSION.0 | Reads::SERVICE.0)),
    ),
    ("session.on_break", Name::Bool(BoolName::SessionOnBreak, Reads::BREAK)),
    ("session.unchecked_for", Name::Unchecked),
    ("shift.active", Name::Bool(BoolName::ShiftActive, Reads::SHIFT)),
    ("custody", Name::Custody),
    ("officer.id", Name::Text(TextName::OfficerId, Reads::SESSION)),
    ("officer.handsets", Name::Int(IntName::Handsets, Reads::ROSTER)),
    (
        "officer.active_services",
        Name::Int(IntName::ActiveServices, Reads::ACTIVE_SERVICES),
    ),
    (
        "officer.declared_none",
        Name::Bool(BoolName::DeclaredNone, Reads::DECLARED),
    ),
    (
        "workstation.silent",
        Name::Bool(BoolName::WorkstationSilent, Reads::WORKSTATION_SILENT),
    ),
    (
        "lockbox.silent",
        Name::Bool(BoolName::LockboxSilent, Reads::LOCKBOX_SILENT),
    ),
    (
        "workstation.clock_off",
        Name::Bool(BoolName::WorkstationClockOff, Reads::WORKSTATION_CLOCK),
    ),
    (
        "lockbox.clock_off",
        Name::Bool(BoolName::LockboxClockOff, Reads::LOCKBOX_CLOCK),
    ),
    ("workstation.apps", Name::List(ListName::Apps, Reads::APPS)),
    ("workstation.usb", Name::List(ListName::Usb, Reads::USB)),
    ("officer.handed_over", Name::Bool(BoolName::HandedOver, Reads::HELD)),
    ("office.open", Name::Bool(BoolName::OfficeOpen, Reads::HOURS)),
    ("office.on_break", Name::Bool(BoolName::OfficeOnBreak, Reads::HOURS)),
    ("office.emergency", Name::Bool(BoolName::Emergency, Reads::EMERGENCY)),
];

pub(super) const NOTHING: Reads = Reads(0);

/// The keys of `event.*` and the types whose data have them (empty: all).
pub(super) const EVENT_NAMES: &[(&str, Name, &[&str])] = &[
    ("event.private", Name::Bool(BoolName::EventPrivate, NOTHING), &[]),
    (
        "event.out_of_reach",
        Name::Bool(BoolName::EventOutOfReach, NOTHING),
        &[
            "lockbox.deposited",
            "lockbox.withdrawn",
            "session.signed_in",
            "service.started",
            "service.ended",
        ],
    ),
    (
        "event.present",
        Name::Bool(BoolName::EventPresent, NOTHING),
        &["lockbox.checked"],
    ),
    (
        "event.allowed",
        Name::Bool(BoolName::EventAllowed, NOTHING),
        &["usb.attached"],
    ),
    (
        "event.slot",
        Name::Int(IntName::EventSlot, NOTHING),
        &[
            "lockbox.deposited",
            "lockbox.withdrawn",
            "lockbox.forced",
            "lockbox.tampered",
        ],
    ),
    (
        "event.officer",
        Name::Text(TextName::Event(EventText::Officer), NOTHING),
        &[
            "session.signed_in",
            "session.signed_out",
            "shift.started",
            "shift.ended",
            "lockbox.deposited",
            "lockbox.withdrawn",
            "lockbox.checked",
            "custody.held",
            "custody.returned",
            "custody.declared_none",
            "handset.seen",
            "exemption.granted",
            "exemption.revoked",
        ],
    ),
    (
        "event.handset",
        Name::Text(TextName::Event(EventText::Handset), NOTHING),
        &["lockbox.deposited", "lockbox.withdrawn"],
    ),
    (
        "event.by",
        Name::Text(TextName::Event(EventText::By), NOTHING),
        &[
            "lockbox.deposited",
            "lockbox.withdrawn",
            "lockbox.checked",
            "custody.held",
            "custody.returned",
            "handset.seen",
        ],
    ),
    (
        "event.witness",
        Name::Text(TextName::Event(EventText::Witness), NOTHING),
        &["custody.held", "custody.returned"],
    ),
    (
        "event.approver",
        Name::Text(TextName::Event(EventText::Approver), NOTHING),
        &["exemption.granted"],
    ),
    (
        "event.category",
        Name::Text(TextName::Event(EventText::Category), NOTHING),
        &["app.opened", "app.closed"],
    ),
    (
        "event.class",
        Name::Text(TextName::Event(EventText::Class), NOTHING),
        &["usb.attached", "usb.detached"],
    ),
    (
        "event.id",
        Name::Text(TextName::Event(EventText::Id), NOTHING),
        &["usb.attached", "usb.detached"],
    ),
    (
        "event.booking",
        Name::Text(TextName::Event(EventText::Booking), NOTHING),
        &["service.started"],
    ),
    (
        "event.kind",
        Name::Text(TextName::Event(EventText::Kind), NOTHING),
        &["break.started", "break.ended"],
    ),
];

/// Whether events of this type name an officer in their data.
pub(crate) fn names_officer(kind: &str) -> bool {
    EVENT_NAMES
        .iter()
        .any(|(name, _, types)| *name == "event.officer" && types.contains(&kind))
}
