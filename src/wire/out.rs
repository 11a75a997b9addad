//! Writes an event as the CloudEvent that `parse` would read.

use std::fmt::Write as _;

use chrono::{Offset as _, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use crate::engine::event::{Event, Kind};
use crate::engine::time::Moment;
use crate::engine::visit::{Care, Errand, Visit};

/// One line of JSON, its time in the office's zone.
pub fn to_json(event: &Event, zone: Tz) -> String {
    let mut out = String::with_capacity(256);
    write_json(&mut out, event, zone);
    out
}

/// Appends one line of JSON without its end of line. For many of them, keep a [`Pen`].
pub fn write_json(out: &mut String, event: &Event, zone: Tz) {
    Pen::new(zone).write(out, event);
}

/// Writes events one after another. It remembers the minute it wrote last: of most times only the seconds differ.
#[derive(Clone, Debug)]
pub struct Pen {
    zone: Tz,
    /// Whole minutes since 1970 for which `before` and `after` stand.
    minute: i64,
    /// `2026-11-24T10:02:`
    before: String,
    /// `+07:00`
    after: String,
}

impl Pen {
    pub fn new(zone: Tz) -> Pen {
        let mut pen = Pen {
            zone,
            minute: 0,
            before: String::new(),
            after: String::new(),
        };
        pen.turn_to(0);
        pen
    }

    /// Appends one line of JSON without its end of line.
    pub fn write(&mut self, out: &mut String, event: &Event) {
        out.push_str("{\"specversion\":\"1.0\",\"id\":");
        text(out, &event.id);
        // Ids of offices and devices need no escapes: the roster allows letters, digits and `-_.` only.
        for part in [
            ",\"source\":\"/",
            event.office.as_str(),
            "/",
            event.device.as_str(),
            "\",\"type\":\"",
            event.kind.name(),
            "\",\"time\":\"",
        ] {
            out.push_str(part);
        }
        self.time(out, event.time);
        out.push('"');
        if let Some(place) = &event.place {
            out.push_str(",\"bootid\":");
            text(out, &place.boot);
            out.push_str(",\"sequence\":\"");
            number(out, place.sequence);
            out.push('"');
        }
        out.push_str(",\"data\":{");
        let start = out.len();
        self.data(out, &event.kind);
        if out.len() > start {
            out.pop();
        }
        out.push_str("}}");
    }

    /// The event's own data, each key followed by a comma.
    fn data(&mut self, out: &mut String, kind: &Kind) {
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
                out.push_str("\"slot\":");
                number(out, u64::from(*slot));
                out.push(',');
                optional(out, "handset", handset.as_ref().map(|handset| handset.as_str()));
                optional(out, "by", by.as_deref());
            }
            Kind::Checked { present, by, .. } => {
                let _ = write!(out, "\"present\":{present},");
                optional(out, "by", by.as_deref());
            }
            Kind::Forced { slot } | Kind::Tampered { slot } => {
                if let Some(slot) = slot {
                    out.push_str("\"slot\":");
                    number(out, u64::from(*slot));
                    out.push(',');
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
                self.moment(out, "from", *from);
                self.moment(out, "until", *until);
                pair(out, "approver", approver);
            }
            Kind::Visit(visit) => self.visit(out, visit),
            _ => {}
        }
    }

    /// All that is kept of an event of the applicants' side; the number is taken out before.
    fn visit(&mut self, out: &mut String, visit: &Visit) {
        pair(out, "booking", visit.booking());
        match visit {
            Visit::Issued(one) | Visit::Changed(one) => {
                self.moment(out, "from", one.from);
                self.moment(out, "until", one.until);
                pair(out, "service", &one.service);
                pair(out, "nationality", one.nationality.as_str());
                pair(out, "initials", &one.initials);
                optional(out, "care", one.care.map(Care::as_str));
                pair(out, "language", one.tongue.as_str());
                optional(out, "number", one.number.as_ref().map(|number| &*number.0));
            }
            Visit::Cancelled { .. } => {}
            Visit::Ready { until, .. } => self.moment(out, "until", *until),
            Visit::Collected { by, .. } => optional(out, "by", by.as_deref()),
            Visit::Admitted(passage) | Visit::Refused(passage) | Visit::Left(passage) => {
                optional(out, "gate", passage.gate.as_deref());
                optional(out, "errand", passage.errand.map(Errand::as_str));
                if passage.companions > 0 {
                    out.push_str("\"companions\":");
                    number(out, u64::from(passage.companions));
                    out.push(',');
                }
                optional(out, "why", passage.why.as_deref());
                optional(out, "by", passage.by.as_deref());
                optional(out, "reason", passage.reason.as_deref());
            }
        }
    }

    fn moment(&mut self, out: &mut String, key: &str, moment: Moment) {
        let _ = write!(out, "\"{key}\":\"");
        self.time(out, moment);
        out.push_str("\",");
    }

    /// RFC 3339 with milliseconds.
    fn time(&mut self, out: &mut String, moment: Moment) {
        let minute = moment.0.div_euclid(60_000);
        if minute != self.minute {
            self.turn_to(minute);
        }
        let ms = moment.0.rem_euclid(60_000);
        let digit = |value: i64| char::from(b'0' + (value % 10) as u8);
        out.push_str(&self.before);
        for value in [ms / 10_000, ms / 1_000] {
            out.push(digit(value));
        }
        out.push('.');
        for value in [ms / 100, ms / 10, ms] {
            out.push(digit(value));
        }
        out.push_str(&self.after);
    }

    fn turn_to(&mut self, minute: i64) {
        let utc = Moment(minute * 60_000).local(Tz::UTC).naive_utc();
        let offset_s = self.zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
        // RFC 3339 knows whole minutes only. Before standard time zones were off by odd seconds: the local time follows
        // the offset that is written, so that the moment stays the same.
        let offset_minutes = offset_s / 60;
        let local = utc
            .checked_add_signed(TimeDelta::minutes(i64::from(offset_minutes)))
            .unwrap_or(utc);
        self.minute = minute;
        self.before.clear();
        let _ = write!(self.before, "{}", local.format("%Y-%m-%dT%H:%M:"));
        self.after.clear();
        let (sign, away) = if offset_minutes < 0 {
            ('-', -offset_minutes)
        } else {
            ('+', offset_minutes)
        };
        let _ = write!(self.after, "{sign}{:02}:{:02}", away / 60, away % 60);
    }
}

fn pair(out: &mut String, key: &str, value: &str) {
    out.push('"');
    out.push_str(key);
    out.push_str("\":");
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

fn number(out: &mut String, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    for digit in &digits[at..] {
        out.push(char::from(*digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_verdicts_carry_them() {
        for zone in [Tz::Asia__Jakarta, Tz::Asia__Jayapura, Tz::America__St_Johns, Tz::UTC] {
            let mut pen = Pen::new(zone);
            // Forwards and back, with minutes that repeat and minutes before 1970.
            for step in [
                0,
                1,
                59_999,
                60_000,
                -1,
                -60_001,
                1_795_000_000_123,
                1_795_000_059_999,
                45_000_000_000_000,
            ] {
                let mut out = String::new();
                pen.time(&mut out, Moment(step));
                assert_eq!(out, Moment(step).rfc3339(zone), "{zone}");
            }
        }
    }

    #[test]
    fn a_moment_before_standard_time_stays_the_same_moment() {
        let moment = Moment::parse("1900-01-01T00:00:07.008Z").unwrap();
        let mut out = String::new();
        Pen::new(Tz::Asia__Jakarta).time(&mut out, moment);
        assert_eq!(Moment::parse(&out), Some(moment), "{out}");
    }
}
