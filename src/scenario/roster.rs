//! The roster of a scenario: one that fits most stories, changed by the few words a file adds in its short form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use crate::engine::roster::Roster;
use crate::engine::time::Span;

use super::read::{Table, Value};

/// What a scenario's office has, by id.
#[derive(Clone, Debug)]
pub(super) struct Short {
    timezone: String,
    service_max: String,
    counters: BTreeMap<String, Device>,
    lockboxes: BTreeMap<String, Device>,
    officers: BTreeMap<String, Officer>,
    /// The office's hours and the times between its places, as a roster's own file writes them.
    calendar: Option<String>,
    travel: Option<String>,
}

#[derive(Clone, Debug)]
struct Device {
    heartbeat_every: String,
    silent_after: String,
    place: Option<String>,
}

#[derive(Clone, Debug)]
struct Officer {
    handsets: Vec<String>,
    lockbox: Option<String>,
}

type Wrong = (Range<usize>, String);

impl Short {
    /// Five counters, two lockboxes, five officers with a phone each in `loker-a`, and one without a phone.
    pub fn usual() -> Short {
        let device = || Device {
            heartbeat_every: "30s".into(),
            silent_after: "90s".into(),
            place: None,
        };
        let officer = |n: u8| {
            let officer = Officer {
                handsets: if n <= 5 { vec![format!("h-00{n}")] } else { Vec::new() },
                lockbox: Some("loker-a".into()),
            };
            (format!("p-00{n}"), officer)
        };
        Short {
            timezone: "Asia/Jakarta".into(),
            service_max: "60m".into(),
            counters: (1..=5).map(|n| (format!("loket-0{n}"), device())).collect(),
            lockboxes: ["loker-a", "loker-b"].map(|id| (id.to_string(), device())).into(),
            officers: (1..=6).map(officer).collect(),
            calendar: None,
            travel: None,
        }
    }

    /// Takes over what a file says of its own.
    pub fn change(&mut self, table: &Table, wrong: &mut Vec<Wrong>) {
        let keys = [
            "timezone",
            "service_max",
            "counters",
            "lockboxes",
            "officers",
            "calendar",
            "travel",
        ];
        table.only(&keys, wrong);
        self.calendar = table.as_written("calendar").or(self.calendar.take());
        self.travel = table.as_written("travel").or(self.travel.take());
        if let Some((zone, span)) = table.text("timezone", wrong) {
            match zone.parse::<chrono_tz::Tz>() {
                Ok(_) => self.timezone = zone,
                Err(_) => wrong.push((span, format!("\"{zone}\" is not an IANA time zone, like Asia/Jakarta"))),
            }
        }
        if let Some(span) = table.span("service_max", wrong) {
            self.service_max = span;
        }
        for (key, devices) in [("counters", &mut self.counters), ("lockboxes", &mut self.lockboxes)] {
            for (id, entry) in table.tables(key, wrong) {
                entry.only(&["heartbeat_every", "silent_after", "place"], wrong);
                let device = devices.entry(id).or_insert_with(|| Device {
                    heartbeat_every: "30s".into(),
                    silent_after: "90s".into(),
                    place: None,
                });
                if let Some(span) = entry.span("heartbeat_every", wrong) {
                    device.heartbeat_every = span;
                }
                if let Some(span) = entry.span("silent_after", wrong) {
                    device.silent_after = span;
                }
                if let Some((place, _)) = entry.text("place", wrong) {
                    device.place = Some(place);
                }
            }
        }
        for (id, entry) in table.tables("officers", wrong) {
            entry.only(&["handsets", "lockbox"], wrong);
            let number = self.officers.len() + 1;
            let officer = self.officers.entry(id).or_insert_with(|| Officer {
                handsets: vec![format!("h-{number:03}")],
                lockbox: Some("loker-a".into()),
            });
            if let Some(Value::List(items)) = entry.any("handsets") {
                officer.handsets = Vec::new();
                for item in items {
                    match handset(&item.0) {
                        Ok(_) => officer.handsets.push(item.0.clone()),
                        Err(message) => wrong.push((item.1.clone(), message)),
                    }
                }
            } else if let Some(other) = entry.any("handsets") {
                wrong.push((
                    other.place(),
                    "handsets are a list, like [\"h-001\", \"h-002 official\", \"h-003 suspended\"]".into(),
                ));
            }
            if let Some((lockbox, span)) = entry.text("lockbox", wrong) {
                if lockbox != "none" && !self.lockboxes.contains_key(&lockbox) {
                    let near = super::fault::meant(&lockbox, self.lockboxes.keys().map(String::as_str));
                    wrong.push((span, format!("there is no lockbox \"{lockbox}\"{near}")));
                }
                officer.lockbox = (lockbox != "none").then_some(lockbox);
            }
        }
    }

    /// The roster as the engine reads it.
    pub fn roster(&self) -> Result<Roster, String> {
        let mut text = format!(
            "[office]\nid = \"kantor\"\nname = \"Kantor\"\ntimezone = \"{}\"\nservice_max = \"{}\"\n",
            self.timezone, self.service_max
        );
        if let Some(calendar) = &self.calendar {
            let _ = writeln!(text, "calendar = {calendar}");
        }
        if let Some(travel) = &self.travel {
            text.insert_str(0, &format!("travel = {travel}\n"));
        }
        for (kind, devices) in [("counter", &self.counters), ("lockbox", &self.lockboxes)] {
            for (id, device) in devices {
                let _ = write!(
                    text,
                    "[[{kind}]]\nid = \"{id}\"\nheartbeat_every = \"{}\"\nsilent_after = \"{}\"\n",
                    device.heartbeat_every, device.silent_after
                );
                if let Some(place) = &device.place {
                    let _ = writeln!(text, "place = {}", toml::Value::String(place.clone()));
                }
            }
        }
        for (id, officer) in &self.officers {
            let _ = write!(text, "[[officer]]\nid = \"{id}\"\n");
            if let Some(lockbox) = &officer.lockbox {
                let _ = writeln!(text, "lockbox = \"{lockbox}\"");
            }
            let handsets: Vec<String> = officer.handsets.iter().filter_map(|text| handset(text).ok()).collect();
            let _ = writeln!(text, "handsets = [{}]", handsets.join(", "));
        }
        Roster::parse(&text).map_err(|faults| {
            let messages: Vec<&str> = faults.0.iter().map(|fault| &*fault.message).collect();
            messages.join("; ")
        })
    }
}

/// `h-001`, `h-001 official`, `h-001 suspended` as a roster's table.
fn handset(text: &str) -> Result<String, String> {
    let mut words = text.split_whitespace();
    let id = words.next().ok_or("a handset needs an id, like \"h-001\"")?;
    if !id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    {
        return Err(format!("\"{id}\" cannot be the id of a handset"));
    }
    let (mut class, mut suspended) = ("private", false);
    for word in words {
        match word {
            "private" | "official" => class = word,
            "suspended" => suspended = true,
            other => {
                return Err(format!(
                    "a handset is \"official\" or \"suspended\" or neither, not \"{other}\""
                ));
            }
        }
    }
    Ok(format!(
        "{{ id = \"{id}\", class = \"{class}\", suspended = {suspended} }}"
    ))
}

/// A span as it was written, if it is one.
pub(super) fn checked_span(text: &str) -> Result<String, String> {
    Span::parse(text).map(|_| text.to_string())
}
