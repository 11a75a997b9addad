//! The roster of one office: who and what there is (contract §4). One TOML file an office.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use chrono_tz::Tz;
use serde::Deserialize;
use toml::Spanned;

use super::absence::{Absence, AbsenceToml};
use super::calendar::{Calendar, CalendarToml};
use super::event::{DeviceId, DeviceKind, HandsetId, MONITOR, OfficeId, OfficerId, SYSTEM};
use super::expr::reader_said;
use super::places::{self, Travel, TravelToml};
use super::time::Span;

/// A roster that was read and checked: every reference in it leads somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    pub office: Office,
    pub counters: Vec<Device>,
    pub lockboxes: Vec<Device>,
    /// Where applicants are let in; they send no heartbeats.
    pub gates: Vec<Device>,
    pub officers: Vec<Officer>,
    pub people: Vec<Person>,
    /// How long one needs at least between places.
    pub travel: Vec<Travel>,
    devices: Devices,
}

/// Nobody but the roster's author chooses what is in it, so it needs no guard against chosen keys.
type Devices = HashMap<DeviceId, DeviceKind, foldhash::fast::FixedState>;

#[derive(Clone, Debug, PartialEq)]
pub struct Office {
    pub id: OfficeId,
    pub name: String,
    pub zone: Tz,
    /// After this long a service is taken for forgotten (`service_max`, default 60 min).
    pub service_max_ms: i64,
    /// `None`: the office is held to no hours.
    pub calendar: Option<Calendar>,
}

/// A counter's workstation or a lockbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    pub id: DeviceId,
    pub name: String,
    /// `None`: it sends no heartbeats and is never silent (`heartbeat_every = "0s"`).
    pub heartbeat_every_ms: Option<i64>,
    pub silent_after_ms: i64,
    /// Lockboxes only.
    pub slots: Option<u32>,
    /// Where it stands, as `[[travel]]` names it.
    pub place: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Officer {
    pub id: OfficerId,
    pub name: String,
    /// Civil-service number; shown masked only.
    pub nip: Option<String>,
    /// A supervisor's id.
    pub supervisor: Option<String>,
    pub lockbox: Option<DeviceId>,
    pub handsets: Vec<Handset>,
    /// Where the officer himself reads mail, if he may be told of himself.
    pub email: Option<String>,
    pub language: Language,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handset {
    pub id: HandsetId,
    /// `private` ones must be deposited, `official` ones need not.
    pub private: bool,
    pub suspended: bool,
}

impl Handset {
    /// Whether it counts for custody.
    pub fn is_active_private(&self) -> bool {
        self.private && !self.suspended
    }
}

/// Somebody who is told of verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// A supervisor who also serves carries the same id or e-mail address as his officer entry, or names it in `officer`.
    pub id: String,
    pub role: Role,
    pub name: String,
    pub email: String,
    pub language: Language,
    /// The next in line.
    pub reports_to: Option<String>,
    /// The officer entry of the same human being: he is never told of himself.
    pub officer: Option<OfficerId>,
    pub absences: Vec<Absence>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Supervisor,
    Integrity,
    Technician,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    Id,
    En,
}

/// What is wrong with a roster: every fault at once, each with its line.
#[derive(Debug, PartialEq, Eq)]
pub struct RosterErrors(pub Vec<Fault>);

#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for RosterErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "line {}, column {}: {}", fault.line, fault.column, fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for RosterErrors {}

impl RosterErrors {
    /// As compilers tell faults. The lines themselves are left out: they hold names and addresses, and this may be logged.
    pub fn in_file(self, file: &str) -> RosterFileErrors {
        let faults = self.0.iter();
        let told =
            faults.map(|fault| format!("error: {}\n  --> {file}:{}:{}", fault.message, fault.line, fault.column));
        RosterFileErrors(told.collect::<Vec<_>>().join("\n"))
    }
}

/// What is wrong with a roster file, each fault with its place.
#[derive(Debug, PartialEq, Eq)]
pub struct RosterFileErrors(String);

impl fmt::Display for RosterFileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RosterFileErrors {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileToml {
    office: OfficeToml,
    #[serde(default)]
    counter: Vec<DeviceToml>,
    #[serde(default)]
    lockbox: Vec<DeviceToml>,
    #[serde(default)]
    gate: Vec<DeviceToml>,
    #[serde(default)]
    supervisor: Vec<PersonToml>,
    #[serde(default)]
    integrity: Vec<PersonToml>,
    #[serde(default)]
    technician: Vec<PersonToml>,
    #[serde(default)]
    officer: Vec<OfficerToml>,
    #[serde(default)]
    travel: Vec<TravelToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficeToml {
    id: Spanned<String>,
    name: String,
    timezone: Spanned<String>,
    service_max: Option<Span>,
    calendar: Option<CalendarToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceToml {
    id: Spanned<String>,
    name: Option<String>,
    slots: Option<u32>,
    heartbeat_every: Option<Span>,
    silent_after: Option<Span>,
    place: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonToml {
    id: Spanned<String>,
    name: String,
    email: Spanned<String>,
    #[serde(default)]
    language: Language,
    reports_to: Option<Spanned<String>>,
    officer: Option<Spanned<String>>,
    #[serde(default)]
    absence: Vec<AbsenceToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficerToml {
    id: Spanned<String>,
    name: Option<String>,
    nip: Option<String>,
    supervisor: Option<Spanned<String>>,
    lockbox: Option<Spanned<String>>,
    #[serde(default)]
    handsets: Vec<HandsetToml>,
    email: Option<Spanned<String>>,
    #[serde(default)]
    language: Language,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandsetToml {
    id: Spanned<String>,
    #[serde(default)]
    class: HandsetClass,
    #[serde(default)]
    suspended: bool,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
enum HandsetClass {
    #[default]
    Private,
    Official,
}

impl Roster {
    /// Reads a roster's text; answers every fault found, with its place.
    pub fn parse(text: &str) -> Result<Roster, RosterErrors> {
        let file: FileToml = toml::from_str(text).map_err(|error| {
            let (line, column) = error.span().map_or((1, 1), |span| place(text, span.start));
            RosterErrors(vec![Fault {
                line,
                column,
                message: reader_said(error.message()),
            }])
        })?;
        Checker {
            text,
            faults: Vec::new(),
        }
        .check(file)
    }

    /// The kind of a device, `None` where the roster does not know it.
    pub fn device_kind(&self, device: &str) -> Option<DeviceKind> {
        self.devices.get(device).copied()
    }

    /// The roster's own copy of a device id, so that events need none of their own.
    pub fn device(&self, device: &str) -> Option<(&DeviceId, DeviceKind)> {
        self.devices.get_key_value(device).map(|(id, kind)| (id, *kind))
    }

    pub fn device_ids(&self) -> impl Iterator<Item = &DeviceId> {
        self.counters.iter().chain(&self.lockboxes).map(|device| &device.id)
    }

    pub fn officer(&self, id: &str) -> Option<&Officer> {
        self.officers.iter().find(|officer| officer.id.as_str() == id)
    }

    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    pub fn people_of(&self, role: Role) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(move |person| person.role == role)
    }
}

/// Line and column (both from 1, columns in characters) of a byte offset.
pub fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset.min(text.len()))];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

struct Checker<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn fault(&mut self, span: Range<usize>, message: String) {
        let (line, column) = place(self.text, span.start);
        self.faults.push(Fault { line, column, message });
    }

    fn check(mut self, file: FileToml) -> Result<Roster, RosterErrors> {
        self.id("office", &file.office.id);
        let zone = file.office.timezone.get_ref().parse::<Tz>().unwrap_or_else(|_| {
            let name = file.office.timezone.get_ref();
            self.fault(
                file.office.timezone.span(),
                format!("\"{name}\" is not an IANA time zone; Indonesia has Asia/Jakarta, Asia/Pontianak, Asia/Makassar and Asia/Jayapura"),
            );
            Tz::Asia__Jakarta
        });
        let service_max_ms = file.office.service_max.map_or(3_600_000, |span| span.ms);
        let mut found = Vec::new();
        let calendar = file
            .office
            .calendar
            .map(|calendar| calendar.check(self.text, &mut found));
        let mut devices = Devices::from_iter([
            (DeviceId::new(SYSTEM), DeviceKind::System),
            (DeviceId::new(MONITOR), DeviceKind::Monitor),
        ]);
        let counters = self.devices(file.counter, DeviceKind::Workstation, &mut devices);
        let lockboxes = self.devices(file.lockbox, DeviceKind::Lockbox, &mut devices);
        let gates = self.devices(file.gate, DeviceKind::Gate, &mut devices);

        let travel = places::check(file.travel, counters.iter().chain(&lockboxes), &mut found);
        for (span, message) in found {
            self.fault(span, message);
        }

        let mut people = Vec::new();
        let mut links = Vec::new();
        for (role, list) in [
            (Role::Supervisor, file.supervisor),
            (Role::Integrity, file.integrity),
            (Role::Technician, file.technician),
        ] {
            for person in list {
                self.id("person", &person.id);
                self.email(&person.email);
                if people.iter().any(|other: &Person| other.id == *person.id.get_ref()) {
                    self.fault(
                        person.id.span(),
                        format!("two people have the id \"{}\"", person.id.get_ref()),
                    );
                }
                let deputies = person.absence.iter().filter_map(|absence| absence.deputy.clone());
                links.extend(deputies.map(|deputy| (Some(deputy), None)));
                links.push((person.reports_to.clone(), person.officer.clone()));
                let mut found = Vec::new();
                let absences = person.absence.into_iter();
                let absences = absences.filter_map(|absence| absence.check(&mut found)).collect();
                for (span, message) in found {
                    self.fault(span, message);
                }
                people.push(Person {
                    id: person.id.into_inner(),
                    role,
                    name: person.name,
                    email: person.email.into_inner(),
                    language: person.language,
                    reports_to: person.reports_to.map(Spanned::into_inner),
                    officer: person.officer.map(|id| OfficerId::new(id.get_ref())),
                    absences,
                });
            }
        }

        let mut officers: Vec<Officer> = Vec::new();
        let mut handset_owner: HashMap<String, String> = HashMap::new();
        for officer in file.officer {
            self.id("officer", &officer.id);
            let id = officer.id.get_ref().clone();
            if officers.iter().any(|other| other.id.as_str() == id) {
                self.fault(officer.id.span(), format!("two officers have the id \"{id}\""));
            }
            if let Some(supervisor) = &officer.supervisor {
                let known = people
                    .iter()
                    .any(|person| person.role == Role::Supervisor && person.id == *supervisor.get_ref());
                if !known {
                    self.fault(
                        supervisor.span(),
                        format!("no [[supervisor]] has the id \"{}\"", supervisor.get_ref()),
                    );
                }
            }
            if let Some(lockbox) = &officer.lockbox
                && devices.get(lockbox.get_ref().as_str()) != Some(&DeviceKind::Lockbox)
            {
                self.fault(
                    lockbox.span(),
                    format!("no [[lockbox]] has the id \"{}\"", lockbox.get_ref()),
                );
            }
            if let Some(email) = &officer.email {
                self.email(email);
            }
            let mut handsets = Vec::new();
            for handset in officer.handsets {
                self.id("handset", &handset.id);
                let handset_id = handset.id.get_ref().clone();
                if let Some(owner) = handset_owner.insert(handset_id.clone(), id.clone()) {
                    self.fault(
                        handset.id.span(),
                        format!("handset \"{handset_id}\" is registered already, for officer \"{owner}\""),
                    );
                }
                handsets.push(Handset {
                    id: HandsetId::new(&handset_id),
                    private: handset.class == HandsetClass::Private,
                    suspended: handset.suspended,
                });
            }
            officers.push(Officer {
                name: officer.name.unwrap_or_else(|| id.clone()),
                id: OfficerId::new(&id),
                nip: officer.nip,
                supervisor: officer.supervisor.map(Spanned::into_inner),
                lockbox: officer.lockbox.map(|id| DeviceId::new(id.get_ref())),
                handsets,
                email: officer.email.map(Spanned::into_inner),
                language: officer.language,
            });
        }
        for (reports_to, officer) in links {
            if let Some(id) = reports_to
                && !people.iter().any(|person| person.id == *id.get_ref())
            {
                self.fault(id.span(), format!("nobody has the id \"{}\"", id.get_ref()));
            }
            if let Some(id) = officer
                && !officers.iter().any(|officer| officer.id.as_str() == id.get_ref())
            {
                self.fault(id.span(), format!("no [[officer]] has the id \"{}\"", id.get_ref()));
            }
        }
        if !self.faults.is_empty() {
            self.faults.sort_by_key(|fault| (fault.line, fault.column));
            return Err(RosterErrors(self.faults));
        }
        Ok(Roster {
            office: Office {
                id: OfficeId::new(file.office.id.get_ref()),
                name: file.office.name,
                zone,
                service_max_ms,
                calendar,
            },
            counters,
            lockboxes,
            gates,
            officers,
            people,
            travel,
            devices,
        })
    }

    fn devices(&mut self, list: Vec<DeviceToml>, kind: DeviceKind, known: &mut Devices) -> Vec<Device> {
        let mut devices = Vec::new();
        for device in list {
            self.id("device", &device.id);
            let id = DeviceId::new(device.id.get_ref());
            if known.insert(id.clone(), kind).is_some() {
                let message = match id.as_str() {
                    SYSTEM | MONITOR => {
                        format!("\"{id}\" is the name of the office's own system; call the device otherwise")
                    }
                    _ => format!("two devices have the id \"{id}\""),
                };
                self.fault(device.id.span(), message);
            }
            let heartbeat_every_ms = device.heartbeat_every.map_or(30_000, |span| span.ms);
            devices.push(Device {
                name: device.name.unwrap_or_else(|| id.to_string()),
                id,
                heartbeat_every_ms: (heartbeat_every_ms > 0).then_some(heartbeat_every_ms),
                silent_after_ms: device.silent_after.map_or(90_000, |span| span.ms),
                slots: device.slots,
                place: device.place,
            });
        }
        devices
    }

    /// Ids stand in topics and addresses: letters, digits, `-`, `_` and `.` only.
    fn id(&mut self, what: &str, id: &Spanned<String>) {
        let text = id.get_ref();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
            self.fault(
                id.span(),
                format!("\"{text}\" cannot be the id of a {what}: use 1 to 64 letters, digits, '-', '_' or '.'"),
            );
        }
    }

    fn email(&mut self, email: &Spanned<String>) {
        let text = email.get_ref();
        let parts: Vec<&str> = text.split('@').collect();
        let plain = !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | '"'));
        if parts.len() != 2 || parts.iter().any(|part| part.is_empty()) || !plain {
            self.fault(email.span(), format!("\"{text}\" is not an e-mail address"));
        }
    }
}
