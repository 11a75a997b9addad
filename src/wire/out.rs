//! Writes an event as the CloudEvent that `parse` would read.

use std::fmt::Write as _;

use chrono::Offset as _;
use chrono_tz::Tz;

use crate::engine::event::{Event, Kind};
use crate::engine::time::Moment;

/// One line of JSON, its time in the office's zone.
pub fn to_json(event: &Event, zone: Tz) -> String {
    let mut out = String::with_capacity(256);
    write_json(&mut out, event, zone);
    out
}

/// Appends one line of JSON without its end of line.
pub fn write_json(out: &mut String, event: &Event, zone: Tz) {
    out.push_str("{\"specversion\":\"1.0\",\"id\":");
    text(out, &event.id);
    // Ids of offices and devices need no escapes: the roster allows letters, digits and `-_.` only.
    let _ = write!(
        out,
        ",\"source\":\"/{}/{}\",\"type\":\"{}\",\"time\":\"",
        event.office,
        event.device,
        event.kind.name()
    );
    time(out, event.time, zone);
    out.push('"');
    if let Some(place) = &event.place {
        out.push_str(",\"bootid\":");
        text(out, &place.boot);
        let _ = write!(out, ",\"sequence\":\"{}\"", place.sequence);
    }
    out.push_str(",\"data\":{");
    let start = out.len();
    data(out, &event.kind, zone);
    if out.len() > start {
        out.pop();
    }
    out.push_str("}}");
}

/// The event's own data, each key followed by a comma.
fn data(out: &mut String, kind: &Kind, zone: Tz) {
    if let Some(officer) = kind.officer() {
        pair(out, "officer", officer.as_str());
    }
    match kind {
        Kind::ServiceStarted { booking } => optional(out, "booking", booking.as_deref()),
        Kind::BreakStarted { kind } | Kind::BreakEnded { kind } => optional(out, "kind", kind.as_deref()),
        Kind::AppOpened { category } | Kind::AppClosed { category } => pair(out, "category", category),
        Kind::UsbAttached { class, id, allowed } => {
            pair(out, "class", class.as_str());
            optional(out, "id", id.as_deref());
            if *allowed {
                out.push_str("\"allowed\":true,");
            }
        }
        Kind::UsbDetached { class, id } => {
            pair(out, "class", class.as_str());
            optional(out, "id", id.as_deref());
        }
        Kind::Deposited { slot, handset, by, .. } | Kind::Withdrawn { slot, handset, by, .. } => {
            let _ = write!(out, "\"slot\":{slot},");
            optional(out, "handset", handset.as_ref().map(|handset| handset.as_str()));
            optional(out, "by", by.as_deref());
        }
        Kind::Checked { present, by, .. } => {
            let _ = write!(out, "\"present\":{present},");
            optional(out, "by", by.as_deref());
        }
        Kind::Forced { slot } | Kind::Tampered { slot } => {
            if let Some(slot) = slot {
                let _ = write!(out, "\"slot\":{slot},");
            }
        }
        Kind::Held { by, witness, .. } | Kind::Returned { by, witness, .. } => {
            pair(out, "by", by);
            pair(out, "witness", witness);
        }
        Kind::Seen { by, .. } => pair(out, "by", by),
        Kind::Granted {
            from, until, approver, ..
        } => {
            for (key, moment) in [("from", from), ("until", until)] {
                let _ = write!(out, "\"{key}\":\"");
                time(out, *moment, zone);
                out.push_str("\",");
            }
            pair(out, "approver", approver);
        }
        _ => {}
    }
}

fn pair(out: &mut String, key: &str, value: &str) {
    let _ = write!(out, "\"{key}\":");
    text(out, value);
    out.push(',');
}

fn optional(out: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        pair(out, key, value);
    }
}

fn text(out: &mut String, value: &str) {
    if value
        .bytes()
        .all(|byte| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\')
    {
        out.push('"');
        out.push_str(value);
        out.push('"');
        return;
    }
    // A string always has a JSON form.
    out.push_str(&serde_json::to_string(value).unwrap_or_default());
}

/// RFC 3339 with milliseconds, quicker than the general formatter.
fn time(out: &mut String, moment: Moment, zone: Tz) {
    use chrono::{Datelike as _, Timelike as _};
    let local = moment.local(zone);
    let offset_s = local.offset().fix().local_minus_utc();
    let (sign, away) = if offset_s < 0 {
        ('-', -offset_s)
    } else {
        ('+', offset_s)
    };
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}{sign}{:02}:{:02}",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
        moment.0.rem_euclid(1_000),
        away / 3_600,
        away / 60 % 60
    );
}
