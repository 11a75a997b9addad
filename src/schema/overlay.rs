//! The schema of an overlay, from the table of a policy's keys and the reader's own lists.

use serde_json::{Map, Value, json};

use super::policy::value;
use super::{said, words};
use crate::engine::policy::{CHANGING, KEYS, REASONED};

pub(super) fn schema() -> Value {
    let changing = CHANGING.iter().map(|name| {
        let says = KEYS.iter().find(|key| key.name == *name).map_or("", |key| key.says);
        ((*name).to_owned(), said(value(name), says))
    });
    let reasoned = REASONED.iter().map(|(name, says)| {
        let value = match *name {
            "decided_on" => json!({ "type": "string", "pattern": "^[0-9]{4}-[01][0-9]-[0-3][0-9]$" }),
            _ => words(),
        };
        ((*name).to_owned(), said(value, says))
    });
    let keys: Map<String, Value> = changing.chain(reasoned).collect();
    json!({
        "title": "Jagaloket overlay",
        "description": "What one office decided otherwise about policies: overlays/OFFICE.toml, a table a policy.",
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": keys,
            "required": REASONED.map(|(name, _)| name),
            "additionalProperties": false,
            "anyOf": CHANGING.map(|name| json!({ "required": [name] })),
        },
    })
}
