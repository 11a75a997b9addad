//! Ring 1: topic and bytes in, an accepted event or a rejection with a reason out.

mod body;
mod json;
mod kind;
mod out;
mod pulse;
mod reject;
#[cfg(test)]
mod tests;
mod visits;

use std::borrow::Cow;

use crate::engine::event::{DeviceKind, Event, MONITOR, Place, TYPES};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::visit;
pub use body::{fingerprint, same_body};
use json::{Fault, Sort, Value};
pub use out::{Pen, to_json, write_json};
pub use pulse::{Beat, Passing, Reader, passing};
pub use reject::Rejected;
use reject::{in_words, nearest, quote};
pub use visits::without_persons;

/// A message may have this many bytes (contract §2).
pub const BYTES_MAX: usize = 16 * 1024;
/// An event's id may have this many bytes; a UUID has 36.
pub const ID_BYTES_MAX: usize = 256;
/// A live event may be this far ahead of the receiver's clock (contract §2).
pub const AHEAD_MAX_MS: i64 = 5 * 60 * 1_000;

/// What differs between a live message and a line of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The receiver's clock. `None` in a replay: nothing is too far ahead of it.
    pub now: Option<Moment>,
    /// Whether `clock.ticked` is accepted: in a replay, and live with `clock = "events"`. Else a forged tick could
    /// push the office clock.
    pub ticks: bool,
}

impl Limits {
    pub const REPLAY: Limits = Limits { now: None, ticks: true };
}

/// The attributes that are read; all others are kept by whoever keeps the bytes, and ignored.
#[derive(Clone, Copy)]
struct Envelope<'a> {
    text: &'a str,
    specversion: Value,
    id: Value,
    source: Value,
    kind: Value,
    time: Value,
    boot: Value,
    sequence: Value,
    data: Value,
}

/// Reads one message (contract §2 and §3). `topic` is `None` where there is none: in a replay.
pub fn parse(topic: Option<&str>, payload: &[u8], roster: &Roster, limits: &Limits) -> Result<Event, Rejected> {
    accept(&read(payload)?, topic, roster, limits)
}

fn accept(envelope: &Envelope, topic: Option<&str>, roster: &Roster, limits: &Limits) -> Result<Event, Rejected> {
    let version = envelope.required("specversion", envelope.specversion)?;
    if version != "1.0" {
        return Err(Rejected::new(
            "bad_version",
            format!("\"specversion\" is {}: send CloudEvents \"1.0\"", quote(&version)),
        ));
    }
    let id = identifier("id", envelope.required("id", envelope.id)?)?;
    if id.len() > ID_BYTES_MAX {
        return Err(Rejected::new(
            "bad_id",
            format!(
                "\"id\" has {} bytes and may have {ID_BYTES_MAX}: send a UUIDv7",
                id.len()
            ),
        ));
    }
    let source = envelope.required("source", envelope.source)?;
    let kind_name = envelope.required("type", envelope.kind)?;
    let time_text = envelope.required("time", envelope.time)?;
    let place = envelope.place()?;

    let device = device_of(topic, &source, roster)?;
    let Some((device, device_kind)) = roster.device(device) else {
        return Err(unknown_device(device, roster));
    };
    let Some(senders) = senders(&kind_name) else {
        return Err(unknown_type(&kind_name));
    };
    if !senders.contains(&device_kind) {
        return Err(wrong_device(&kind_name, senders, &source, device_kind));
    }
    if device.as_str() == MONITOR && !limits.ticks {
        return Err(Rejected::new(
            "tick_refused",
            "a \"clock.ticked\" came from outside, but this monitor ticks from its own clock: \
             set clock = \"events\" in a simulation, else stop the sender"
                .to_owned(),
        ));
    }
    let time = moment("time", &time_text)?;
    if let Some(now) = limits.now
        && time.ms_since(now) > AHEAD_MAX_MS
    {
        return Err(Rejected::new(
            "too_far_ahead",
            format!(
                "\"time\" {} is {} ahead of the receiver's clock, more than 5 minutes: set the clock of {}",
                quote(&time_text),
                in_words(time.ms_since(now)),
                quote(&source)
            ),
        ));
    }
    Ok(Event {
        office: roster.office.id.clone(),
        device: device.clone(),
        id: id.into(),
        time,
        place,
        kind: kind::read(&kind_name, envelope.data, envelope.text)?,
        reading: None,
    })
}

fn read(payload: &[u8]) -> Result<Envelope<'_>, Rejected> {
    if payload.len() > BYTES_MAX {
        return Err(Rejected::new(
            "too_large",
            format!(
                "the message has {} bytes and may have {BYTES_MAX}: send less in \"data\"",
                payload.len()
            ),
        ));
    }
    let text = std::str::from_utf8(payload).map_err(|error| {
        Rejected::new(
            "not_json",
            format!("byte {} is not UTF-8: send JSON in UTF-8", error.valid_up_to() + 1),
        )
    })?;
    let mut envelope = Envelope {
        text,
        specversion: Value::ABSENT,
        id: Value::ABSENT,
        source: Value::ABSENT,
        kind: Value::ABSENT,
        time: Value::ABSENT,
        boot: Value::ABSENT,
        sequence: Value::ABSENT,
        data: Value::ABSENT,
    };
    let read = json::members(text, |key, value| -> Result<(), Rejected> {
        let key = known_key(key, text)?;
        let attribute = match &*key {
            "specversion" => &mut envelope.specversion,
            "id" => &mut envelope.id,
            "source" => &mut envelope.source,
            "type" => &mut envelope.kind,
            "time" => &mut envelope.time,
            "bootid" => &mut envelope.boot,
            "sequence" => &mut envelope.sequence,
            "data" => &mut envelope.data,
            _ => return Ok(()),
        };
        once(&key, attribute, value)
    });
    match read {
        Ok(()) => Ok(envelope),
        Err(rejected) => Err(no_object(text).unwrap_or(rejected)),
    }
}

/// A better reason where the message is something else than an object.
fn no_object(text: &str) -> Option<Rejected> {
    let what = match json::whole(text) {
        Ok(value) if value.sort != Sort::Object => format!("is {}", value.name()),
        Err(_) if text.trim_start().is_empty() => "is empty".to_owned(),
        Err(_) if text.starts_with('\u{feff}') => "begins with a byte order mark".to_owned(),
        _ => return None,
    };
    Some(Rejected::new(
        "not_json",
        format!("the message {what}: send one JSON object, a CloudEvent"),
    ))
}

/// A key of which nobody can say what it is might be any key.
#[inline(always)]
fn known_key(key: Value, whole: &str) -> Result<Cow<'_, str>, Rejected> {
    match key.sort {
        Sort::Text => Ok(Cow::Borrowed(key.written(whole))),
        _ => decode(key, whole),
    }
}

#[cold]
fn decode(value: Value, whole: &str) -> Result<Cow<'_, str>, Rejected> {
    value.decode(whole).ok_or_else(|| half_surrogate(value.written(whole)))
}

#[cold]
fn half_surrogate(text: &str) -> Rejected {
    Rejected::new(
        "not_json",
        format!(
            "the text {} holds half of a surrogate pair: send both halves or the character itself",
            quote(text)
        ),
    )
}

/// Two readers might take different ones of two values under one key, so there must be one.
#[inline(always)]
fn once(key: &str, place: &mut Value, value: Value) -> Result<(), Rejected> {
    if place.sort != Sort::Absent {
        return Err(Rejected::new(
            "duplicate_key",
            format!("{} stands twice in one object: send it once", quote(key)),
        ));
    }
    *place = value;
    Ok(())
}

impl<'a> Envelope<'a> {
    /// The text of an attribute that must be there.
    #[inline(always)]
    fn required(&self, name: &str, value: Value) -> Result<Cow<'a, str>, Rejected> {
        match value.sort {
            Sort::Text => Ok(Cow::Borrowed(value.written(self.text))),
            _ => self
                .unusual(name, value)?
                .ok_or_else(|| missing(&format!("\"{name}\""))),
        }
    }

    /// The text of an attribute, if it is there.
    #[inline(always)]
    fn optional(&self, name: &str, value: Value) -> Result<Option<Cow<'a, str>>, Rejected> {
        match value.sort {
            Sort::Text => Ok(Some(Cow::Borrowed(value.written(self.text)))),
            Sort::Absent => Ok(None),
            _ => self.unusual(name, value),
        }
    }

    /// CloudEvents take a null attribute for an absent one.
    #[cold]
    fn unusual(&self, name: &str, value: Value) -> Result<Option<Cow<'a, str>>, Rejected> {
        match value.sort {
            Sort::Absent | Sort::Null => Ok(None),
            Sort::Text | Sort::Escaped => decode(value, self.text).map(Some),
            _ => Err(wrong_type(name, "a text", value)),
        }
    }

    /// Both count only together. The sequence is a text, as the contract's example and the CloudEvents extension have
    /// it; a JSON number would lose digits in readers that take numbers for floating ones. A sequence without a boot id
    /// may be anybody's extension of that name, so nobody looks into it.
    fn place(&self) -> Result<Option<Place>, Rejected> {
        let boot = self.optional("bootid", self.boot)?;
        if self.sequence.sort == Sort::Number {
            let digits = self.sequence.written(self.text);
            return Err(Rejected::new(
                "wrong_type",
                format!("\"sequence\" is a number: send it as a text, \"{digits}\""),
            ));
        }
        let sequence = self.optional("sequence", self.sequence)?;
        let (Some(boot), Some(sequence)) = (boot, sequence) else {
            return Ok(None);
        };
        let digits = !sequence.is_empty() && sequence.bytes().all(|byte| byte.is_ascii_digit());
        match sequence.parse() {
            Ok(number) if digits => Ok(Some(Place {
                boot: boot.into(),
                sequence: number,
            })),
            _ => Err(Rejected::new(
                "bad_sequence",
                format!(
                    "\"sequence\" {} is not a decimal number: count from \"0\" in each boot",
                    quote(&sequence)
                ),
            )),
        }
    }
}

#[cold]
fn missing(what: &str) -> Rejected {
    Rejected::new("missing_field", format!("{what} is missing: send it"))
}

#[cold]
fn wrong_type(name: &str, wanted: &str, got: Value) -> Rejected {
    Rejected::new("wrong_type", format!("\"{name}\" is {}: send {wanted}", got.name()))
}

/// Ids stand in references, tables and letters: none is empty, and none carries control characters.
fn identifier<'a>(name: &str, text: Cow<'a, str>) -> Result<Cow<'a, str>, Rejected> {
    if text.is_empty() {
        return Err(Rejected::new("bad_id", format!("\"{name}\" is empty: send an id")));
    }
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !plain && text.chars().any(char::is_control) {
        return Err(Rejected::new(
            "bad_id",
            format!("\"{name}\" {} holds a control character: leave it out", quote(&text)),
        ));
    }
    Ok(text)
}

fn moment(name: &str, text: &str) -> Result<Moment, Rejected> {
    Moment::parse(text).ok_or_else(|| {
        Rejected::new(
            "bad_time",
            format!(
                "\"{name}\" {} is not a time with an offset: write it like \"2026-11-24T10:02:10.000+07:00\"",
                quote(text)
            ),
        )
    })
}

/// The device that `source` names, where the topic agrees and the office is the roster's.
fn device_of<'a>(topic: Option<&str>, source: &'a str, roster: &Roster) -> Result<&'a str, Rejected> {
    let named = source
        .strip_prefix('/')
        .and_then(|rest| rest.split_once('/'))
        .filter(|(office, device)| !office.is_empty() && !device.is_empty() && !device.contains('/'));
    let Some((office, device)) = named else {
        return Err(Rejected::new(
            "bad_source",
            format!(
                "\"source\" {} is not an office and a device: write it like \"/{}/loket-01\"",
                quote(source),
                roster.office.id
            ),
        ));
    };
    if let Some(topic) = topic {
        let levels = topic
            .strip_prefix("jagaloket/v1/")
            .and_then(|rest| rest.strip_suffix("/events"))
            .and_then(|rest| rest.split_once('/'));
        let Some(from_topic) = levels else {
            return Err(Rejected::new(
                "wrong_topic",
                format!(
                    "no events belong on the topic {}: send them to \"jagaloket/v1/{office}/{device}/events\"",
                    quote(topic)
                ),
            ));
        };
        if from_topic != (office, device) {
            return Err(Rejected::new(
                "source_mismatch",
                format!(
                    "\"source\" {} came on the topic {}: a device sends its own events, on its own topic",
                    quote(source),
                    quote(topic)
                ),
            ));
        }
    }
    if office != roster.office.id.as_str() {
        return Err(Rejected::new(
            "unknown_office",
            format!(
                "\"source\" {} is of another office: this is \"{}\"",
                quote(source),
                roster.office.id
            ),
        ));
    }
    Ok(device)
}

fn unknown_device(device: &str, roster: &Roster) -> Rejected {
    let hint = match nearest(device, roster.device_ids().map(|id| id.as_str())) {
        Some(near) => format!("did you mean \"{near}\"? Else add it"),
        None => "add it".to_owned(),
    };
    Rejected::new(
        "unknown_device",
        format!(
            "the roster of \"{}\" has no device {}: {hint} to the roster",
            roster.office.id,
            quote(device)
        ),
    )
}

/// Who may send a type; heartbeats first, for most events are.
fn senders(name: &str) -> Option<&'static [DeviceKind]> {
    match name {
        "workstation.heartbeat" => Some(&[DeviceKind::Workstation]),
        "lockbox.heartbeat" => Some(&[DeviceKind::Lockbox]),
        _ => TYPES
            .iter()
            .chain(&visit::TYPES)
            .find(|(known, _)| *known == name)
            .map(|(_, senders)| *senders),
    }
}

fn unknown_type(name: &str) -> Rejected {
    let reserved = ["payment.", "contact."];
    let hint = if reserved.iter().any(|group| name.starts_with(group)) {
        "it is reserved for later; send none of its kind yet".to_owned()
    } else {
        match nearest(name, TYPES.iter().chain(&visit::TYPES).map(|(known, _)| *known)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "send one of the types of the contract, e.g. \"service.started\"".to_owned(),
        }
    };
    Rejected::new("unknown_type", format!("\"type\" {} is unknown: {hint}", quote(name)))
}

fn wrong_device(kind_name: &str, senders: &[DeviceKind], source: &str, device_kind: DeviceKind) -> Rejected {
    let name = |kind: &DeviceKind| match kind {
        DeviceKind::Workstation => "a workstation",
        DeviceKind::Lockbox => "a lockbox",
        DeviceKind::System => "the office's \"system\"",
        DeviceKind::Monitor => "the \"monitor\"",
        DeviceKind::Gate => "a gate",
    };
    let senders: Vec<&str> = senders.iter().map(name).collect();
    Rejected::new(
        "wrong_device",
        format!(
            "{} is {} and may not send \"{kind_name}\": it comes from {}",
            quote(source),
            name(&device_kind),
            senders.join(" or ")
        ),
    )
}

impl From<Fault> for Rejected {
    fn from(fault: Fault) -> Rejected {
        Rejected::new(
            "not_json",
            format!("not JSON: {}, at byte {}", fault.why.as_str(), u64::from(fault.at) + 1),
        )
    }
}
