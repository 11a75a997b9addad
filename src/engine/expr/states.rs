//! The states a condition can tell apart, listed: a value on each side of every limit, and nothing that cannot be.

use std::collections::BTreeSet;

use super::super::event::{HandsetId, Kind, OfficerId, UsbClass};
use super::super::policy::Per;
use super::super::time::Moment;
use super::super::view::Custody;
use super::check::Seen;
use super::{EventScope, Scope};

/// More states than this are not looked through.
const STATES_MAX: usize = 400_000;

/// Something no constant of the condition says.
const OTHER: &str = "~";

/// Which states count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Breadth {
    /// Those in which the policy is judged at all: its subject is there.
    Judged,
    /// Also those without the subject, and with each name about the officer by itself. A clause that only says what the
    /// subject or another name implies does not count as idle then: it tells the reader what is meant.
    Thinkable,
}

/// What the states are listed for.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub per: Per,
    pub on: &'a [&'a str],
    /// No indication holds in an emergency.
    pub indication: bool,
    /// `service.active` stands for being signed in and not on a break.
    pub signed_in: bool,
}

/// One name with one of its values.
#[derive(Clone, Copy)]
enum Value<'a> {
    Service(bool),
    Booking(&'a str),
    Session(bool),
    Served(bool),
    OnBreak(bool),
    UncheckedMs(i64),
    Shift(bool),
    Custody(Custody),
    OfficerId(&'a str),
    Handsets(i64),
    ActiveServices(i64),
    DeclaredNone(bool),
    WorkstationSilent(bool),
    LockboxSilent(bool),
    WorkstationClock(bool),
    LockboxClock(bool),
    Apps(&'a [Box<str>]),
    Usb(u8),
    Emergency(bool),
    Open(bool),
    OfficeBreak(bool),
    HandedOver(bool),
    /// Whether it concerned a private phone, and whether its officer cannot have come from where he was.
    Event(&'a Kind, bool, bool),
}

/// Shows every state to `look`. Answers `false` where they cannot be listed; then nothing may be concluded.
pub(super) fn each(
    seen: &Seen,
    limits_ms: &[i64],
    subject: Subject,
    breadth: Breadth,
    look: &mut dyn FnMut(&Scope),
) -> bool {
    if seen.boundless {
        return false;
    }
    let names: BTreeSet<&str> = seen.names.iter().map(String::as_str).collect();
    let texts: Vec<&str> = ["", OTHER]
        .into_iter()
        .chain(seen.texts.iter().map(String::as_str))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let near = seen
        .ints
        .iter()
        .flat_map(|int| [int.saturating_sub(1), *int, int.saturating_add(1)]);
    let ints: Vec<i64> = [0, 1, 2]
        .into_iter()
        .chain(near)
        .filter(|int| *int >= 0)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut kinds = Vec::new();
    for name in subject.on {
        match kinds_of(name, &names, &texts, &ints) {
            Some(some) => kinds.extend(some),
            None => return false,
        }
    }
    let apps = match names.contains("workstation.apps") {
        true => apps_of(&texts, &ints),
        false => Some(Vec::new()),
    };
    let Some(apps) = apps else {
        return false;
    };
    let has_subject = breadth == Breadth::Judged && subject.on.is_empty();
    let in_session = matches!(subject.per, Per::Session | Per::Service);
    let both = |value: fn(bool) -> Value<'static>| vec![value(false), value(true)];
    let mut axes: Vec<Vec<Value>> = Vec::new();
    for name in &names {
        axes.push(match *name {
            "service.active" if has_subject && subject.per == Per::Service => vec![Value::Service(true)],
            "service.active" => both(Value::Service),
            "service.booking" => texts.iter().map(|text| Value::Booking(text)).collect(),
            "session.active" if has_subject && in_session => continue,
            "session.active" => both(Value::Session),
            "session.served" => both(Value::Served),
            "session.on_break" => both(Value::OnBreak),
            "session.unchecked_for" => [0]
                .into_iter()
                .chain(limits_ms.iter().flat_map(|limit| [limit - 1, *limit, limit + 1]))
                .filter(|ms| *ms >= 0)
                .map(Value::UncheckedMs)
                .collect(),
            "shift.active" => both(Value::Shift),
            "custody" => Custody::ALL.map(Value::Custody).to_vec(),
            "officer.id" => texts.iter().map(|text| Value::OfficerId(text)).collect(),
            "officer.handsets" => ints.iter().map(|int| Value::Handsets(*int)).collect(),
            "officer.active_services" => ints.iter().map(|int| Value::ActiveServices(*int)).collect(),
            "officer.declared_none" => both(Value::DeclaredNone),
            "workstation.silent" => both(Value::WorkstationSilent),
            "lockbox.silent" => both(Value::LockboxSilent),
            "workstation.clock_off" => both(Value::WorkstationClock),
            "lockbox.clock_off" => both(Value::LockboxClock),
            "workstation.apps" => apps.iter().map(|list| Value::Apps(list)).collect(),
            "workstation.usb" => (0..1 << UsbClass::ALL.len()).map(Value::Usb).collect(),
            "office.open" => both(Value::Open),
            "office.on_break" => both(Value::OfficeBreak),
            "officer.handed_over" => both(Value::HandedOver),
            "office.emergency" if subject.indication => vec![Value::Emergency(false)],
            "office.emergency" => both(Value::Emergency),
            name if name.starts_with("event.") => continue,
            // A name this list does not know: nothing can be said.
            _ => return false,
        });
    }
    let session_is_listed = axes.iter().flatten().any(|value| matches!(value, Value::Session(_)));
    let session_is_sure = in_session && subject.on.is_empty() && !session_is_listed;
    if session_is_sure {
        axes.push(vec![Value::Session(true)]);
    }
    if !kinds.is_empty() {
        axes.push(
            kinds
                .iter()
                .flat_map(|kind| {
                    let acts = private_of(kind).iter();
                    acts.flat_map(move |private| far_of(kind).iter().map(move |far| Value::Event(kind, *private, *far)))
                })
                .collect(),
        );
    }
    let many = axes.iter().try_fold(1usize, |many, axis| many.checked_mul(axis.len()));
    if many.is_none_or(|many| many > STATES_MAX) {
        return false;
    }
    let mut at = vec![0usize; axes.len()];
    loop {
        let mut scope = Scope::EMPTY;
        for (axis, at) in axes.iter().zip(&at) {
            set(&mut scope, axis[*at]);
        }
        let told = |name: &str| names.contains(name) || name == "session.active" && session_is_sure;
        if possible(&scope, subject, breadth, &told) {
            look(&scope);
        }
        // The next combination, as an odometer turns.
        let Some(turning) = (0..axes.len()).find(|ix| at[*ix] + 1 < axes[*ix].len()) else {
            return true;
        };
        at[..turning].fill(0);
        at[turning] += 1;
    }
}

fn set<'a>(scope: &mut Scope<'a>, value: Value<'a>) {
    match value {
        Value::Service(on) => scope.service_active = on,
        Value::Booking(text) => scope.service_booking = text,
        Value::Session(on) => scope.session_active = on,
        Value::Served(on) => scope.session_served = on,
        Value::OnBreak(on) => scope.session_on_break = on,
        Value::UncheckedMs(ms) => scope.unchecked_for_ms = ms,
        Value::Shift(on) => scope.shift_active = on,
        Value::Custody(custody) => scope.custody = custody,
        Value::OfficerId(text) => scope.officer_id = text,
        Value::Handsets(many) => scope.officer_handsets = many,
        Value::ActiveServices(many) => scope.officer_active_services = many,
        Value::DeclaredNone(on) => scope.officer_declared_none = on,
        Value::WorkstationSilent(on) => scope.workstation_silent = on,
        Value::LockboxSilent(on) => scope.lockbox_silent = on,
        Value::WorkstationClock(on) => scope.workstation_clock_off = on,
        Value::LockboxClock(on) => scope.lockbox_clock_off = on,
        Value::Apps(list) => scope.apps = list,
        Value::Usb(bits) => scope.usb = bits,
        Value::Emergency(on) => scope.emergency = on,
        Value::Open(on) => scope.office_open = on,
        Value::OfficeBreak(on) => scope.office_on_break = on,
        Value::HandedOver(on) => scope.officer_handed_over = on,
        Value::Event(kind, private, out_of_reach) => {
            scope.event = Some(EventScope {
                kind,
                private,
                out_of_reach,
            });
        }
    }
}

/// Whether the office can be in this state (contract §3, §6). Only names the condition reads have meant values.
fn possible(scope: &Scope, subject: Subject, breadth: Breadth, told: &dyn Fn(&str) -> bool) -> bool {
    let (per, signed_in) = (subject.per, subject.signed_in);
    let session_told = told("session.active");
    let in_session = session_told && scope.session_active;
    if told("session.served") && scope.session_served && session_told && !scope.session_active {
        return false;
    }
    if scope.service_active && scope.session_on_break {
        return false;
    }
    // Where it stands for being signed in, nobody need have been served yet.
    let serves_applicant = scope.service_active && !signed_in;
    if serves_applicant && in_session && told("session.served") && !scope.session_served {
        return false;
    }
    if !scope.service_booking.is_empty() && told("service.active") && !scope.service_active {
        return false;
    }
    // Breaks lie inside the opening hours.
    if told("office.on_break") && scope.office_on_break && told("office.open") && !scope.office_open {
        return false;
    }
    if signed_in && scope.service_active && session_told && !scope.session_active {
        return false;
    }
    if told("officer.id") && scope.officer_id.is_empty() && (in_session || per == Per::Officer) {
        return false;
    }
    if told("custody") {
        if scope.officer_handed_over && scope.custody == Custody::Out {
            return false;
        }
        let registered = !told("officer.handsets") || scope.officer_handsets > 0;
        let has_somewhere = matches!(scope.custody, Custody::In | Custody::Out);
        if has_somewhere && !registered {
            return false;
        }
        // Where a phone is that is registered, only a lockbox hides that cannot be relied on.
        let reliable =
            told("lockbox.silent") && !scope.lockbox_silent && told("lockbox.clock_off") && !scope.lockbox_clock_off;
        let registered = told("officer.handsets") && scope.officer_handsets > 0;
        if scope.custody == Custody::Unknown && reliable && registered {
            return false;
        }
        if told("officer.declared_none") {
            let declared = matches!(scope.custody, Custody::NoneDeclared | Custody::Exempt);
            if scope.officer_declared_none && !declared
                || !scope.officer_declared_none && scope.custody == Custody::NoneDeclared
            {
                return false;
            }
        }
    }
    // A condition that names the workstation's silence is also judged while its times are poor; what it serves then does
    // not count.
    let counts = !scope.workstation_silent
        && !scope.workstation_clock_off
        && (told("workstation.clock_off") || !told("workstation.silent"));
    let serves = serves_applicant && in_session && counts;
    if serves && told("officer.active_services") && scope.officer_active_services == 0 {
        return false;
    }
    if breadth == Breadth::Judged && session_told && !scope.session_active {
        // Without a session there is no officer to speak of.
        let somebody = told("custody") && scope.custody != Custody::Unknown
            || scope.officer_handsets > 0
            || scope.officer_active_services > 0
            || scope.officer_declared_none
            || scope.officer_handed_over
            || scope.shift_active
            || scope.lockbox_silent
            || scope.lockbox_clock_off
            || scope.unchecked_for_ms > 0
            || !scope.officer_id.is_empty();
        return !somebody;
    }
    true
}

/// What `event.out_of_reach` may be.
fn far_of(kind: &Kind) -> &'static [bool] {
    match kind {
        Kind::Deposited { .. }
        | Kind::Withdrawn { .. }
        | Kind::SignedIn { .. }
        | Kind::ServiceStarted { .. }
        | Kind::ServiceEnded => &[false, true],
        _ => &[false],
    }
}

/// What `event.private` may be.
fn private_of(kind: &Kind) -> &'static [bool] {
    match kind {
        Kind::Seen { .. } => &[true],
        Kind::Deposited { .. } | Kind::Withdrawn { .. } => &[false, true],
        _ => &[false],
    }
}

/// Lists of categories: each mix of those named and another, with as many more as a size is compared with.
fn apps_of(texts: &[&str], ints: &[i64]) -> Option<Vec<Vec<Box<str>>>> {
    let named: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    let longest = ints.last().copied().unwrap_or(0);
    if named.len() > 6 || longest > 16 {
        return None;
    }
    let mixes = (0..1usize << named.len()).flat_map(|mix| {
        let named = &named;
        (0..=longest).map(move |more| {
            let some = named.iter().enumerate().filter(|(ix, _)| mix & (1 << ix) != 0);
            let some = some.map(|(_, text)| Box::from(*text));
            some.chain((0..more).map(|n| Box::from(format!("{OTHER}{n}"))))
                .collect()
        })
    });
    Some(mixes.collect())
}

/// Events of a type with each mix of what the condition reads of them; `None` for a type this list does not know.
fn kinds_of(name: &str, names: &BTreeSet<&str>, texts: &[&str], ints: &[i64]) -> Option<Vec<Kind>> {
    let reads = |name: &str| names.contains(name);
    let pick = |name: &str| -> Vec<&str> {
        let some = texts.iter().copied().filter(|text| !text.is_empty());
        if reads(name) { some.collect() } else { vec![OTHER] }
    };
    let maybe = |name: &str| -> Vec<Option<&str>> {
        let some = pick(name).into_iter().map(Some);
        if reads(name) {
            [None].into_iter().chain(some).collect()
        } else {
            vec![None]
        }
    };
    let slots: Vec<u32> = match reads("event.slot") {
        true => ints.iter().filter_map(|int| u32::try_from(*int).ok()).collect(),
        false => vec![0],
    };
    let boxed = |text: Option<&str>| text.map(Box::from);
    let handset = |text: Option<&str>| text.map(HandsetId::new);
    let officers = || pick("event.officer").into_iter().map(OfficerId::new);
    let mut kinds = Vec::new();
    match name {
        "workstation.started" => kinds.push(Kind::WorkstationStarted),
        "workstation.heartbeat" => kinds.push(Kind::WorkstationHeartbeat),
        "session.signed_in" => kinds.extend(officers().map(|officer| Kind::SignedIn { officer })),
        "session.signed_out" => kinds.extend(officers().map(|officer| Kind::SignedOut { officer })),
        "service.started" => {
            let bookings = maybe("event.booking").into_iter();
            kinds.extend(bookings.map(|booking| Kind::ServiceStarted {
                booking: boxed(booking),
            }));
        }
        "service.ended" => kinds.push(Kind::ServiceEnded),
        "break.started" => {
            let sorts = maybe("event.kind").into_iter();
            kinds.extend(sorts.map(|kind| Kind::BreakStarted { kind: boxed(kind) }));
        }
        "break.ended" => {
            let sorts = maybe("event.kind").into_iter();
            kinds.extend(sorts.map(|kind| Kind::BreakEnded { kind: boxed(kind) }));
        }
        "app.opened" => kinds.extend(pick("event.category").into_iter().map(|text| Kind::AppOpened {
            category: Box::from(text),
        })),
        "app.closed" => kinds.extend(pick("event.category").into_iter().map(|text| Kind::AppClosed {
            category: Box::from(text),
        })),
        "usb.attached" => {
            for class in UsbClass::ALL {
                for id in maybe("event.id") {
                    kinds.extend([false, true].map(|allowed| Kind::UsbAttached {
                        class,
                        id: boxed(id),
                        allowed,
                    }));
                }
            }
        }
        "usb.detached" => {
            for class in UsbClass::ALL {
                let ids = maybe("event.id").into_iter();
                kinds.extend(ids.map(|id| Kind::UsbDetached { class, id: boxed(id) }));
            }
        }
        "shift.started" => kinds.extend(officers().map(|officer| Kind::ShiftStarted { officer })),
        "shift.ended" => kinds.extend(officers().map(|officer| Kind::ShiftEnded { officer })),
        "lockbox.deposited" | "lockbox.withdrawn" => {
            for officer in officers() {
                for slot in &slots {
                    for phone in maybe("event.handset") {
                        for by in maybe("event.by") {
                            let (officer, slot, handset, by) = (officer.clone(), *slot, handset(phone), boxed(by));
                            kinds.push(match name {
                                "lockbox.deposited" => Kind::Deposited {
                                    officer,
                                    slot,
                                    handset,
                                    by,
                                },
                                _ => Kind::Withdrawn {
                                    officer,
                                    slot,
                                    handset,
                                    by,
                                },
                            });
                        }
                    }
                }
            }
        }
        "lockbox.checked" => {
            for officer in officers() {
                for by in maybe("event.by") {
                    kinds.extend([false, true].map(|present| Kind::Checked {
                        officer: officer.clone(),
                        present,
                        by: boxed(by),
                    }));
                }
            }
        }
        "lockbox.forced" => {
            let slots = slots.iter().copied().map(Some).chain([None]);
            kinds.extend(slots.map(|slot| Kind::Forced { slot }));
        }
        "lockbox.tampered" => {
            let slots = slots.iter().copied().map(Some).chain([None]);
            kinds.extend(slots.map(|slot| Kind::Tampered { slot }));
        }
        "lockbox.heartbeat" => kinds.push(Kind::LockboxHeartbeat),
        "custody.held" | "custody.returned" => {
            for officer in officers() {
                for by in pick("event.by") {
                    for witness in pick("event.witness") {
                        let (officer, by, witness) = (officer.clone(), Box::from(by), Box::from(witness));
                        kinds.push(match name {
                            "custody.held" => Kind::Held { officer, by, witness },
                            _ => Kind::Returned { officer, by, witness },
                        });
                    }
                }
            }
        }
        "custody.declared_none" => kinds.extend(officers().map(|officer| Kind::DeclaredNone { officer })),
        "handset.seen" => {
            for officer in officers() {
                kinds.extend(pick("event.by").into_iter().map(|by| Kind::Seen {
                    officer: officer.clone(),
                    by: Box::from(by),
                }));
            }
        }
        "exemption.granted" => {
            for officer in officers() {
                kinds.extend(pick("event.approver").into_iter().map(|approver| Kind::Granted {
                    officer: officer.clone(),
                    from: Moment(0),
                    until: Moment(1),
                    approver: Box::from(approver),
                }));
            }
        }
        "exemption.revoked" => kinds.extend(officers().map(|officer| Kind::Revoked { officer })),
        "emergency.started" => kinds.push(Kind::EmergencyStarted),
        "emergency.ended" => kinds.push(Kind::EmergencyEnded),
        "clock.ticked" => kinds.push(Kind::Ticked),
        _ => return None,
    }
    Some(kinds)
}
