//! The schema of a roster file. A test holds its keys against those the reader knows.

use serde_json::{Map, Value, json};

use super::{id, one_of, said, span, words};

/// A key, whether it must be there, what it may be, and what it says.
type Row = (&'static str, bool, fn() -> Value, &'static str);

const OFFICE: &[Row] = &[
    ("id", true, id, "The office's id, as in topics and sources."),
    ("name", true, words, "As people call it."),
    (
        "timezone",
        true,
        zone,
        "IANA time zone: Asia/Jakarta, Asia/Pontianak, Asia/Makassar or Asia/Jayapura.",
    ),
    (
        "service_max",
        false,
        span,
        "After this long a service is taken for forgotten; default \"60m\".",
    ),
    (
        "calendar",
        false,
        calendar,
        "When the office is open; without it, it is held to no hours.",
    ),
];

const CALENDAR: &[Row] = &[
    (
        "from",
        false,
        date,
        "This calendar is the truth from the begin of that date on, also where it has passed; without it, from its activation.",
    ),
    (
        "week",
        true,
        week,
        "The hours of each weekday; a day that is not named is closed.",
    ),
    (
        "closed",
        false,
        closed,
        "Dates on which the office is closed, each with the reason.",
    ),
    (
        "period",
        false,
        periods,
        "Dates with a week of their own, such as Ramadan.",
    ),
    (
        "day",
        false,
        days,
        "Single dates with hours of their own, such as a Sunday session.",
    ),
];

const WEEK: &[Row] = &[
    ("monday", false, hours, ""),
    ("tuesday", false, hours, ""),
    ("wednesday", false, hours, ""),
    ("thursday", false, hours, ""),
    ("friday", false, hours, ""),
    ("saturday", false, hours, ""),
    ("sunday", false, hours, ""),
];

const HOURS: &[Row] = &[
    (
        "open",
        true,
        stretches,
        "From opening to closing, in the office's own time, e.g. \"08:00-16:00\".",
    ),
    ("breaks", false, stretches, "Breaks within the opening hours."),
];

const PERIOD: &[Row] = &[
    ("from", true, date, "The first day."),
    ("until", true, date, "The last day."),
    ("reason", true, words, "Why."),
    ("week", true, week, "The hours of each weekday."),
];

const DAY: &[Row] = &[
    ("date", true, date, "The day."),
    ("reason", true, words, "Why."),
    ("open", true, stretches, "From opening to closing."),
    ("breaks", false, stretches, "Breaks within the opening hours."),
];

const TRAVEL: &[Row] = &[
    ("between", true, places, "Two places of devices."),
    ("takes", true, span, "Nobody does it in less."),
];

const DEVICE: &[Row] = &[
    (
        "id",
        true,
        id,
        "The device's id, as in topics and sources; a workstation's is its counter's.",
    ),
    ("name", false, words, "As people call it; default: the id."),
    ("slots", false, slots, "How many phones a lockbox holds."),
    (
        "heartbeat_every",
        false,
        span,
        "How often it says it is there; default \"30s\", \"0s\": never.",
    ),
    (
        "silent_after",
        false,
        span,
        "After so long without an event it is silent; default \"90s\".",
    ),
    ("place", false, words, "Where it stands, as [[travel]] names it."),
];

const PERSON: &[Row] = &[
    ("id", true, id, "The person's id."),
    ("name", true, words, "As people call him."),
    ("email", true, email, "Where he is told."),
    (
        "language",
        false,
        language,
        "The language of his mails; default \"id\".",
    ),
    ("reports_to", false, id, "The id of the next in line."),
    (
        "officer",
        false,
        id,
        "His own officer entry, if he also serves: he is never told of himself.",
    ),
    ("absence", false, absences, "When he is away, and who acts for him."),
];

const ABSENCE: &[Row] = &[
    ("from", true, date, "The first day."),
    ("until", true, date, "The last day."),
    ("deputy", false, id, "The id of whoever acts for him (Plh)."),
];

const OFFICER: &[Row] = &[
    ("id", true, id, "The officer's id: a key of its own, never the NIP."),
    ("name", false, words, "As people call him; default: the id."),
    ("nip", false, words, "Civil-service number; shown masked only."),
    ("supervisor", false, id, "The id of a [[supervisor]]."),
    ("lockbox", false, id, "The id of the [[lockbox]] assigned to him."),
    (
        "handsets",
        false,
        handsets,
        "His registered phones, in the order in which they are deposited.",
    ),
    ("email", false, email, "Where he reads mail himself."),
    (
        "language",
        false,
        language,
        "The language of his mails; default \"id\".",
    ),
];

const HANDSET: &[Row] = &[
    ("id", true, id, "The phone's id."),
    (
        "class",
        false,
        class,
        "`private` phones must be deposited, `official` ones need not; default \"private\".",
    ),
    ("suspended", false, switch, "A suspended phone does not count."),
];

pub(super) fn schema() -> Value {
    let list = |rows, says| said(json!({ "type": "array", "items": table(rows) }), says);
    json!({
        "title": "Jagaloket roster",
        "description": "Who and what there is in one office.",
        "type": "object",
        "properties": {
            "office": table(OFFICE),
            "counter": list(DEVICE, "A service window with its workstation."),
            "lockbox": list(DEVICE, "A phone locker."),
            "gate": list(DEVICE, "Where applicants are let in."),
            "supervisor": list(PERSON, "Who is told of officers."),
            "integrity": list(PERSON, "Who is told beside or above the supervisors."),
            "technician": list(PERSON, "Who is told of devices."),
            "officer": list(OFFICER, "A person who may serve at a counter."),
            "travel": list(TRAVEL, "How long one needs at least between two places."),
        },
        "required": ["office"],
        "additionalProperties": false,
    })
}

fn table(rows: &[Row]) -> Value {
    let keys: Map<String, Value> = rows
        .iter()
        .map(|(key, _, value, says)| ((*key).to_owned(), said(value(), says)))
        .collect();
    let required: Vec<&str> = rows.iter().filter(|row| row.1).map(|row| row.0).collect();
    json!({ "type": "object", "properties": keys, "required": required, "additionalProperties": false })
}

fn calendar() -> Value {
    table(CALENDAR)
}

fn week() -> Value {
    table(WEEK)
}

fn hours() -> Value {
    table(HOURS)
}

fn closed() -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": DATE },
        "additionalProperties": words(),
    })
}

fn periods() -> Value {
    json!({ "type": "array", "items": table(PERIOD) })
}

fn days() -> Value {
    json!({ "type": "array", "items": table(DAY) })
}

fn stretches() -> Value {
    let stretch = json!({
        "type": "string",
        "pattern": "^\\s*[0-2][0-9]:[0-5][0-9]\\s*[-–]\\s*[0-2][0-9]:[0-5][0-9]\\s*$",
    });
    json!({ "oneOf": [stretch, { "type": "array", "items": stretch, "minItems": 1 }] })
}

const DATE: &str = "^[0-9]{4}-[01][0-9]-[0-3][0-9]$";

fn date() -> Value {
    json!({ "type": "string", "pattern": DATE })
}

fn places() -> Value {
    json!({ "type": "array", "items": words(), "minItems": 2, "maxItems": 2 })
}

fn zone() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$" })
}

fn slots() -> Value {
    super::whole(0, u64::from(u32::MAX))
}

fn email() -> Value {
    json!({ "type": "string", "pattern": "^[^@\\s<>,\"]+@[^@\\s<>,\"]+$" })
}

fn language() -> Value {
    one_of(["id", "en"])
}

fn class() -> Value {
    one_of(["private", "official"])
}

fn switch() -> Value {
    json!({ "type": "boolean" })
}

fn absences() -> Value {
    json!({ "type": "array", "items": table(ABSENCE) })
}

fn handsets() -> Value {
    json!({ "type": "array", "items": table(HANDSET) })
}
