//! The schema of a policy file, from the reader's own table of keys.

use serde_json::{Map, Value, json};

use super::{id, one_of, said, span, whole, words};
use crate::engine::event::TYPES;
use crate::engine::policy::{Class, KEYS, Per, Reach, Severity, Tell};

pub(super) fn schema() -> Value {
    let keys: Map<String, Value> = KEYS
        .iter()
        .map(|key| (key.name.to_owned(), said(value(key.name), key.says)))
        .collect();
    let required: Vec<&str> = KEYS.iter().filter(|key| key.required).map(|key| key.name).collect();
    json!({
        "title": "Jagaloket policy",
        "description": "One policy, in a file named after its id. `jagaloket policy check` also reads its conditions.",
        "type": "object",
        "properties": keys,
        "required": required,
        "additionalProperties": false,
        "oneOf": [
            { "required": ["while"], "properties": { "on": false, "where": false } },
            { "required": ["on"], "properties": { "while": false, "for": false, "bridge": false } },
        ],
    })
}

/// Named durations and counts.
fn limits() -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": "^[a-z][a-z0-9_]{0,63}$" },
        "additionalProperties": { "oneOf": [span(), whole(0, 1_000_000)] },
    })
}

/// How a key is written.
pub(super) fn value(key: &str) -> Value {
    match key {
        "id" => id(),
        "title" => json!({
            "type": "object",
            "properties": { "id": words(), "en": words() },
            "required": ["id", "en"],
            "additionalProperties": false,
        }),
        "verdict" => one_of(Class::ALL.map(Class::as_str)),
        "severity" => one_of(Severity::ALL.map(Severity::as_str)),
        "per" => one_of(Per::ALL.map(Per::as_str)),
        "while" | "where" => json!({ "type": "string", "pattern": "\\S", "maxLength": 4096 }),
        "on" => {
            let types = one_of(TYPES.map(|(name, _)| name));
            let list = json!({ "type": "array", "items": types, "minItems": 1, "uniqueItems": true });
            json!({ "oneOf": [types, list] })
        }
        "for" | "bridge" | "group_within" => span(),
        "notify" => {
            let tell = one_of(Tell::ALL.map(Tell::as_str));
            json!({ "type": "array", "items": tell, "uniqueItems": true })
        }
        "basis" => words(),
        "limits" => limits(),
        "enabled" => json!({ "type": "boolean" }),
        "scope" => one_of(Reach::ALL.map(Reach::as_str)),
        // A key this page does not know further: anything the reader takes.
        _ => json!({}),
    }
}
