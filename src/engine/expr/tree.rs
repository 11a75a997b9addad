//! The checked tree and its values.

use super::super::event::{Kind, UsbClass};
use super::Scope;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BoolName {
    ServiceActive,
    SessionActive,
    SessionServed,
    SessionOnBreak,
    ShiftActive,
    DeclaredNone,
    WorkstationSilent,
    LockboxSilent,
    WorkstationClockOff,
    LockboxClockOff,
    Emergency,
    OfficeOpen,
    OfficeOnBreak,
    HandedOver,
    EventPrivate,
    EventOutOfReach,
    EventPresent,
    EventAllowed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IntName {
    Handsets,
    ActiveServices,
    EventSlot,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TextName {
    Booking,
    OfficerId,
    Event(EventText),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EventText {
    Officer,
    Handset,
    By,
    Witness,
    Approver,
    Category,
    Class,
    Id,
    Booking,
    Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ListName {
    Apps,
    Usb,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Compare {
    fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Compare::Equal => left == right,
            Compare::NotEqual => left != right,
            Compare::Less => left < right,
            Compare::LessOrEqual => left <= right,
            Compare::Greater => left > right,
            Compare::GreaterOrEqual => left >= right,
        }
    }

    pub(super) fn mirrored(self) -> Compare {
        match self {
            Compare::Less => Compare::Greater,
            Compare::LessOrEqual => Compare::GreaterOrEqual,
            Compare::Greater => Compare::Less,
            Compare::GreaterOrEqual => Compare::LessOrEqual,
            same => same,
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Bool {
    Constant(bool),
    Name(BoolName),
    Not(Box<Bool>),
    And(Box<Bool>, Box<Bool>),
    Or(Box<Bool>, Box<Bool>),
    Same(Box<Bool>, Box<Bool>),
    Choice(Box<Bool>, Box<Bool>, Box<Bool>),
    /// The custody is one of these (bits in the order of `Custody::ALL`).
    CustodyIn(u8),
    Unchecked(Compare, i64),
    Int(Int, Compare, Int),
    IntIn(Int, Vec<Int>),
    Text(Text, Compare, Text),
    TextIn(Text, Vec<Text>),
    Starts(Text, Text),
    Ends(Text, Text),
    Contains(Text, Text),
    InList(Text, ListName),
    Any(ListName, Box<Bool>),
    All(ListName, Box<Bool>),
    Has(EventText),
    HasSlot,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Int {
    Constant(i64),
    Name(IntName),
    Size(ListName),
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Text {
    Constant(Box<str>),
    Name(TextName),
    /// The element that `exists` or `all` looks at.
    Element,
}

impl Bool {
    pub(super) fn value(&self, scope: &Scope, element: &str) -> bool {
        match self {
            Bool::Constant(value) => *value,
            Bool::Name(name) => match name {
                BoolName::ServiceActive => scope.service_active,
                BoolName::SessionActive => scope.session_active,
                BoolName::SessionServed => scope.session_served,
                BoolName::SessionOnBreak => scope.session_on_break,
                BoolName::ShiftActive => scope.shift_active,
                BoolName::DeclaredNone => scope.officer_declared_none,
                BoolName::WorkstationSilent => scope.workstation_silent,
                BoolName::LockboxSilent => scope.lockbox_silent,
                BoolName::WorkstationClockOff => scope.workstation_clock_off,
                BoolName::LockboxClockOff => scope.lockbox_clock_off,
                BoolName::Emergency => scope.emergency,
                BoolName::OfficeOpen => scope.office_open,
                BoolName::OfficeOnBreak => scope.office_on_break,
                BoolName::HandedOver => scope.officer_handed_over,
                BoolName::EventOutOfReach => scope.event.is_some_and(|event| event.out_of_reach),
                BoolName::EventPrivate => scope.event.is_some_and(|event| event.private),
                BoolName::EventPresent => {
                    matches!(scope.event.map(|e| e.kind), Some(Kind::Checked { present: true, .. }))
                }
                BoolName::EventAllowed => matches!(
                    scope.event.map(|e| e.kind),
                    Some(Kind::UsbAttached { allowed: true, .. })
                ),
            },
            Bool::Not(inner) => !inner.value(scope, element),
            Bool::And(left, right) => left.value(scope, element) && right.value(scope, element),
            Bool::Or(left, right) => left.value(scope, element) || right.value(scope, element),
            Bool::Same(left, right) => left.value(scope, element) == right.value(scope, element),
            Bool::Choice(test, yes, no) => {
                if test.value(scope, element) {
                    yes.value(scope, element)
                } else {
                    no.value(scope, element)
                }
            }
            Bool::CustodyIn(set) => set & (1 << scope.custody as u8) != 0,
            Bool::Unchecked(compare, limit_ms) => {
                // Judged from this moment on: exactly at the limit, "over" begins to hold and "up to" ceases.
                let reached = scope.unchecked_for_ms >= *limit_ms;
                match compare {
                    Compare::Greater | Compare::GreaterOrEqual => reached,
                    Compare::Less | Compare::LessOrEqual => !reached,
                    Compare::Equal => false,
                    Compare::NotEqual => true,
                }
            }
            Bool::Int(left, compare, right) => compare.holds(&left.value(scope), &right.value(scope)),
            Bool::IntIn(value, list) => list.iter().any(|item| item.value(scope) == value.value(scope)),
            Bool::Text(left, compare, right) => {
                compare.holds(&left.value(scope, element), &right.value(scope, element))
            }
            Bool::TextIn(value, list) => {
                let value = value.value(scope, element);
                list.iter().any(|item| item.value(scope, element) == value)
            }
            Bool::Starts(text, part) => text.value(scope, element).starts_with(part.value(scope, element)),
            Bool::Ends(text, part) => text.value(scope, element).ends_with(part.value(scope, element)),
            Bool::Contains(text, part) => text.value(scope, element).contains(part.value(scope, element)),
            Bool::InList(value, list) => {
                let value = value.value(scope, element);
                list.any(scope, |item| item == value)
            }
            Bool::Any(list, test) => list.any(scope, |item| test.value(scope, item)),
            Bool::All(list, test) => !list.any(scope, |item| !test.value(scope, item)),
            Bool::Has(text) => scope.event.is_some_and(|event| text.of(event.kind).is_some()),
            Bool::HasSlot => scope.event.is_some_and(|event| slot_of(event.kind).is_some()),
        }
    }
}

impl ListName {
    fn any(self, scope: &Scope, mut test: impl FnMut(&str) -> bool) -> bool {
        match self {
            ListName::Apps => scope.apps.iter().any(|app| test(app)),
            ListName::Usb => {
                (0..UsbClass::ALL.len()).any(|bit| scope.usb & (1 << bit) != 0 && test(UsbClass::ALL[bit].as_str()))
            }
        }
    }
}

impl Int {
    pub(super) fn value(&self, scope: &Scope) -> i64 {
        match self {
            Int::Constant(value) => *value,
            Int::Name(IntName::Handsets) => scope.officer_handsets,
            Int::Name(IntName::ActiveServices) => scope.officer_active_services,
            Int::Name(IntName::EventSlot) => scope.event.and_then(|event| slot_of(event.kind)).unwrap_or(-1),
            Int::Size(ListName::Apps) => scope.apps.len() as i64,
            Int::Size(ListName::Usb) => i64::from(scope.usb.count_ones()),
        }
    }
}

impl Text {
    pub(super) fn value<'a>(&'a self, scope: &'a Scope, element: &'a str) -> &'a str {
        match self {
            Text::Constant(text) => text,
            Text::Name(TextName::Booking) => scope.service_booking,
            Text::Name(TextName::OfficerId) => scope.officer_id,
            Text::Name(TextName::Event(name)) => scope.event.and_then(|event| name.of(event.kind)).unwrap_or(""),
            Text::Element => element,
        }
    }
}

impl EventText {
    /// The event's value under that key, `None` where it has none.
    fn of(self, kind: &Kind) -> Option<&str> {
        match (self, kind) {
            (EventText::Officer, kind) => kind.officer().map(|officer| officer.as_str()),
            (EventText::Handset, Kind::Deposited { handset, .. } | Kind::Withdrawn { handset, .. }) => {
                handset.as_ref().map(|handset| handset.as_str())
            }
            (EventText::By, Kind::Deposited { by, .. } | Kind::Withdrawn { by, .. } | Kind::Checked { by, .. }) => {
                by.as_deref()
            }
            (EventText::By, Kind::Held { by, .. } | Kind::Returned { by, .. } | Kind::Seen { by, .. }) => Some(by),
            (EventText::Witness, Kind::Held { witness, .. } | Kind::Returned { witness, .. }) => Some(witness),
            (EventText::Approver, Kind::Granted { approver, .. }) => Some(approver),
            (EventText::Category, Kind::AppOpened { category } | Kind::AppClosed { category }) => Some(category),
            (EventText::Class, Kind::UsbAttached { class, .. } | Kind::UsbDetached { class, .. }) => {
                Some(class.as_str())
            }
            (EventText::Id, Kind::UsbAttached { class, id, .. } | Kind::UsbDetached { class, id }) => {
                Some(id.as_deref().unwrap_or(class.as_str()))
            }
            (EventText::Booking, Kind::ServiceStarted { booking }) => booking.as_deref(),
            (EventText::Kind, Kind::BreakStarted { kind } | Kind::BreakEnded { kind }) => kind.as_deref(),
            _ => None,
        }
    }
}

pub(super) fn slot_of(kind: &Kind) -> Option<i64> {
    match kind {
        Kind::Deposited { slot, .. } | Kind::Withdrawn { slot, .. } => Some(i64::from(*slot)),
        Kind::Forced { slot } | Kind::Tampered { slot } => slot.map(i64::from),
        _ => None,
    }
}
