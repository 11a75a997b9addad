//! The schema of the configuration file, from what its reader asks for; the sentences are those of
//! docs/configuration.md.

use serde_json::{Value, json};

use super::{one_of, said, span, whole, words};
use crate::config::{Setting, Shape, settings};

const PAGE: &str = include_str!("../../docs/configuration.md");

pub(super) fn schema() -> Value {
    let mut root = json!({
        "title": "Jagaloket configuration",
        "type": "object",
        "properties": {},
        "required": ["office", "broker"],
        "additionalProperties": false,
    });
    for setting in settings() {
        let Some(section) = at(&mut root, &setting.section) else {
            continue;
        };
        let says = sentence(&setting.section, setting.key);
        let value = said(value(&setting), &says);
        let known = &mut section["properties"][setting.key];
        match known {
            Value::Null => *known = value,
            // The section was there first, empty; or the key means two things.
            _ if *known == value || setting.shape == Shape::Section => {}
            _ => *known = json!({ "anyOf": [known.take(), value] }),
        }
    }
    root["properties"]["office"]["required"] = json!(["roster"]);
    let broker = &mut root["properties"]["broker"];
    broker["if"] = json!({ "properties": { "embedded": { "const": true } }, "required": ["embedded"] });
    broker["then"] = json!({
        "properties": { "host": false, "port": false, "protocol": false, "window": false },
        "oneOf": [
            { "required": ["devices"], "properties": { "anonymous": { "const": false } } },
            { "required": ["anonymous"], "properties": { "anonymous": { "const": true }, "devices": false } },
        ],
    });
    broker["else"] =
        json!({ "required": ["host"], "properties": { "listen": false, "devices": false, "anonymous": false } });
    root["properties"]["mail"]["oneOf"] = json!([
        { "required": ["host", "from"], "properties": { "directory": false } },
        { "required": ["directory"], "properties": { "host": false } },
    ]);
    root
}

/// The object of a section, `broker.tls` inside `broker`.
fn at<'v>(root: &'v mut Value, section: &str) -> Option<&'v mut Value> {
    let mut here = root;
    for part in section.split('.').filter(|part| !part.is_empty()) {
        here = here.get_mut("properties")?.get_mut(part)?;
    }
    Some(here)
}

fn value(setting: &Setting) -> Value {
    match &setting.shape {
        Shape::Text | Shape::Path => words(),
        Shape::Texts => json!({ "type": "array", "items": words() }),
        Shape::Paths => json!({ "type": "array", "items": words(), "minItems": 1 }),
        Shape::Switch => json!({ "type": "boolean" }),
        Shape::Whole(range) => whole(*range.start(), *range.end()),
        Shape::Span(_) => span(),
        Shape::Choice(choices) => one_of(choices.iter().copied()),
        Shape::Address => json!({ "type": "string", "pattern": "^(\\[[0-9A-Fa-f:.%]+\\]|[0-9.]+):[0-9]{1,5}$" }),
        Shape::Section => json!({ "type": "object", "properties": {}, "additionalProperties": false }),
    }
}

/// What the page says of a key in the table of its section; empty where it has no table.
fn sentence(section: &str, key: &str) -> String {
    let heading = if section.is_empty() {
        "## The file itself\n".to_owned()
    } else {
        format!("## [{section}]\n")
    };
    let Some((_, after)) = PAGE.split_once(&heading) else {
        return String::new();
    };
    let chapter = after.split("\n## ").next().unwrap_or("");
    let row = format!("| `{key}` |");
    let cells = chapter.lines().find_map(|line| line.strip_prefix(&row));
    let Some((default, says)) = cells.and_then(|cells| cells.split_once(" | ")) else {
        return String::new();
    };
    let says = says.trim().trim_end_matches('|').trim();
    match (default.trim(), says) {
        ("", says) => says.to_owned(),
        ("must be there" | "none", says) => says.to_owned(),
        (default, "") => format!("default {default}"),
        (default, says) => format!("{says}; default {default}"),
    }
}
