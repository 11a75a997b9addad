//! The schema of an event: a CloudEvent, and the data of each type. A test holds it against the reader on the wire.

use serde_json::{Map, Value, json};

use super::{said, whole};
use crate::engine::event::{DeviceKind, TYPES, UsbClass};

/// What each key of data is, whatever the type.
fn value(key: &str) -> Value {
    match key {
        "officer" => said(identifier(), "a person who may serve at a counter"),
        "handset" => said(identifier(), "a registered phone"),
        "category" => said(identifier(), "what the application is, e.g. messaging"),
        "id" => said(identifier(), "what is attached; default: its class"),
        "class" => super::one_of(UsbClass::ALL.map(UsbClass::as_str)),
        "slot" => whole(0, u64::from(u32::MAX)),
        "present" | "allowed" => json!({ "type": "boolean" }),
        "from" | "until" => time(),
        _ => json!({ "type": "string" }),
    }
}

/// The keys of a type's data: those that must be there, and those that may.
fn keys(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        "session.signed_in"
        | "session.signed_out"
        | "shift.started"
        | "shift.ended"
        | "custody.declared_none"
        | "exemption.revoked" => (&["officer"], &[]),
        "service.started" => (&[], &["booking"]),
        "break.started" | "break.ended" => (&[], &["kind"]),
        "app.opened" | "app.closed" => (&["category"], &[]),
        "usb.attached" => (&["class"], &["id", "allowed"]),
        "usb.detached" => (&["class"], &["id"]),
        "lockbox.deposited" | "lockbox.withdrawn" => (&["officer", "slot"], &["handset", "by"]),
        "lockbox.checked" => (&["officer", "present"], &["by"]),
        "lockbox.forced" | "lockbox.tampered" => (&[], &["slot"]),
        "custody.held" | "custody.returned" => (&["officer", "by", "witness"], &[]),
        "handset.seen" => (&["officer", "by"], &[]),
        "exemption.granted" => (&["officer", "from", "until", "approver"], &[]),
        _ => (&[], &[]),
    }
}

pub(super) fn schema() -> Value {
    let types: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
    let cases: Vec<Value> = TYPES.iter().map(|(name, senders)| case(name, senders)).collect();
    json!({
        "title": "Jagaloket event",
        "description": "One message of a device: a CloudEvent 1.0. Unknown attributes and data keys are kept and ignored.",
        "type": "object",
        "properties": {
            "specversion": { "const": "1.0" },
            "id": said(with(identifier(), "maxLength", json!(256)), "a UUIDv7; with the source it is the event's identity"),
            "source": {
                "type": "string",
                "pattern": "^/[^/]+/[^/]+$",
                "description": "/{office}/{device}, as in the topic",
            },
            "type": { "enum": types },
            "time": said(time(), "the device's own clock, with an offset"),
            "bootid": said(json!({ "type": ["string", "null"] }), "the device's boot; counts with the sequence only"),
            "sequence": said(json!({ "type": ["string", "null"] }), "decimal, from 0, one more each event of a boot"),
            "data": { "type": ["object", "null"] },
        },
        "required": ["specversion", "id", "source", "type", "time"],
        "allOf": [
            {
                "if": { "properties": { "bootid": { "type": "string" } }, "required": ["bootid"] },
                "then": { "properties": { "sequence": { "pattern": "^[0-9]+$" } } },
            },
            { "oneOf": cases },
        ],
    })
}

/// One type with its data.
fn case(name: &str, senders: &[DeviceKind]) -> Value {
    let (must, may) = keys(name);
    let properties: Map<String, Value> = must
        .iter()
        .chain(may)
        .map(|key| ((*key).to_owned(), value(key)))
        .collect();
    let by: Vec<&str> = senders
        .iter()
        .map(|sender| match sender {
            DeviceKind::Workstation => "a workstation",
            DeviceKind::Lockbox => "a lockbox",
            DeviceKind::System => "the office's own system",
            DeviceKind::Monitor => "the monitor",
            DeviceKind::Gate => "a gate",
        })
        .collect();
    let sort = if must.is_empty() {
        json!(["object", "null"])
    } else {
        json!("object")
    };
    let mut case = json!({
        "description": format!("sent by {}", by.join(" or ")),
        "properties": {
            "type": { "const": name },
            "data": { "type": sort, "properties": properties, "required": must },
        },
        "required": ["type"],
    });
    if !must.is_empty() {
        case["required"] = json!(["type", "data"]);
    }
    case
}

fn identifier() -> Value {
    json!({ "type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$" })
}

fn time() -> Value {
    json!({
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
        "examples": ["2026-11-24T10:02:10.000+07:00"],
    })
}

fn with(mut schema: Value, key: &str, value: Value) -> Value {
    schema[key] = value;
    schema
}
