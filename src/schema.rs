//! JSON Schemas of the files and messages, so that editors complete and check them. They are made from the tables the
//! readers use, or checked against the readers by tests; what only a reader can know (names in conditions, references
//! inside a roster) they leave to it.

mod config;
mod events;
mod overlay;
mod policy;
mod roster;

use serde_json::{Value, json};

/// What there is a schema of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    Policy,
    Overlay,
    Roster,
    Config,
    Events,
}

impl Subject {
    pub const ALL: [Subject; 5] = [
        Subject::Policy,
        Subject::Overlay,
        Subject::Roster,
        Subject::Config,
        Subject::Events,
    ];

    /// Its word on the command line and the name of its file in docs/schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Subject::Policy => "policy",
            Subject::Overlay => "overlay",
            Subject::Roster => "roster",
            Subject::Config => "config",
            Subject::Events => "events",
        }
    }
}

/// The schema, as editors read it: draft 7, the newest that TOML and JSON editors understand alike.
pub fn schema(subject: Subject) -> Value {
    let mut schema = match subject {
        Subject::Policy => policy::schema(),
        Subject::Overlay => overlay::schema(),
        Subject::Roster => roster::schema(),
        Subject::Config => config::schema(),
        Subject::Events => events::schema(),
    };
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema
}

/// The schema as it lies in docs/schemas.
pub fn text(subject: Subject) -> String {
    format!("{:#}\n", schema(subject))
}

/// A text that is not blank.
fn words() -> Value {
    json!({ "type": "string", "pattern": "\\S" })
}

fn whole(from: u64, to: u64) -> Value {
    json!({ "type": "integer", "minimum": from, "maximum": to })
}

/// As `Span::parse` reads it.
fn span() -> Value {
    json!({ "type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$", "examples": ["90s", "2m", "1h30m"] })
}

/// An id of a device, an officer, a policy: it stands in topics and addresses.
fn id() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" })
}

fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// The same schema with a sentence for people.
fn said(mut schema: Value, says: &str) -> Value {
    if !says.is_empty() {
        schema["description"] = json!(says);
    }
    schema
}
