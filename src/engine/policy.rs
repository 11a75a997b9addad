//! Policies: what their files say, checked; conditions are compiled by `expr`.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::event;
use super::expr::{self, Condition, did_you_mean, nearest};
use super::roster::place;
use super::time::Span;

/// What a policy's verdicts are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    Indication,
    Unverifiable,
    Technical,
}

impl Class {
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Indication => "indication",
            Class::Unverifiable => "unverifiable",
            Class::Technical => "technical",
        }
    }
}

/// How urgent it is to look; never a disciplinary level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Minor,
    Major,
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Minor => "minor",
            Severity::Major => "major",
            Severity::Critical => "critical",
        }
    }
}

/// What a policy is judged for, one at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    Service,
    Session,
    Counter,
    Officer,
    Lockbox,
    Office,
}

/// Whom a policy tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tell {
    Supervisor,
    Integrity,
    Technician,
}

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    pub id: String,
    pub en: String,
}

/// What every policy says of itself, whatever its condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Head {
    pub id: super::event::PolicyId,
    pub title: Title,
    /// Which rule of the office it applies.
    pub basis: String,
    pub class: Class,
    pub severity: Severity,
    pub per: Per,
    /// The condition as written: of `while`, or of `on` and `where`.
    pub condition: String,
    pub for_ms: i64,
    pub bridge_ms: i64,
    /// Verdicts closer together than this are one incident.
    pub group_within_ms: i64,
    pub notify: Vec<Tell>,
}

/// A policy that was read and checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    pub head: Head,
    pub trigger: Trigger,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Trigger {
    /// Holds over time.
    While(Condition),
    /// Answers to events of these types.
    On {
        types: Vec<String>,
        condition: Option<Condition>,
    },
}

/// The policies of an office, in the order of their ids.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PolicySet {
    pub policies: Vec<Policy>,
}

/// What is wrong with a policy file, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyFault {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
    /// The line of the file that the fault is in.
    pub source: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "  --> {}:{}:{}", self.file, self.line, self.column)?;
        if !self.source.is_empty() {
            let number = self.line.to_string();
            writeln!(f, "{:w$} |", "", w = number.len())?;
            writeln!(f, "{number} | {}", self.source)?;
            write!(
                f,
                "{:w$} | {:c$}^",
                "",
                "",
                w = number.len(),
                c = self.column.saturating_sub(1)
            )?;
        }
        Ok(())
    }
}

/// Every fault of every file at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyErrors(pub Vec<PolicyFault>);

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyToml {
    id: Spanned<String>,
    title: Title,
    basis: String,
    verdict: Class,
    severity: Severity,
    per: Per,
    #[serde(rename = "while")]
    while_: Option<Spanned<String>>,
    on: Option<Spanned<toml::Value>>,
    #[serde(rename = "where")]
    where_: Option<Spanned<String>>,
    #[serde(rename = "for")]
    for_: Option<Spanned<Span>>,
    bridge: Option<Spanned<Span>>,
    group_within: Option<Span>,
    notify: Vec<Tell>,
}

impl PolicySet {
    /// Reads policy files, given as (path as shown to people, name without `.toml`, text).
    pub fn parse<'f>(files: impl IntoIterator<Item = (&'f str, &'f str, &'f str)>) -> Result<PolicySet, PolicyErrors> {
        let mut policies = Vec::new();
        let mut faults = Vec::new();
        for (path, name, text) in files {
            match parse(name, text) {
                Ok(policy) => policies.push(policy),
                Err(found) => faults.extend(found.into_iter().map(|(offset, message)| {
                    let (line, column) = place(text, offset);
                    PolicyFault {
                        file: path.to_string(),
                        line,
                        column,
                        message,
                        source: text.lines().nth(line - 1).unwrap_or("").to_string(),
                    }
                })),
            }
        }
        if !faults.is_empty() {
            return Err(PolicyErrors(faults));
        }
        policies.sort_by(|a: &Policy, b| a.head.id.cmp(&b.head.id));
        Ok(PolicySet { policies })
    }

    pub fn heads(&self) -> impl Iterator<Item = &Head> {
        self.policies.iter().map(|policy| &policy.head)
    }
}

/// One file; its faults as byte offset and message.
fn parse(name: &str, text: &str) -> Result<Policy, Vec<(usize, String)>> {
    let file: PolicyToml = toml::from_str(text).map_err(|error| {
        vec![(
            error.span().map_or(0, |span| span.start),
            expr::reader_said(error.message()),
        )]
    })?;
    let mut faults = Vec::new();
    if file.id.get_ref() != name {
        faults.push((
            file.id.span().start,
            format!(
                "the id \"{}\" must be the name of the file, \"{name}\"",
                file.id.get_ref()
            ),
        ));
    }
    let id_at = file.id.span().start;
    let (trigger, condition) = match (file.while_, file.on) {
        (Some(while_), None) => {
            if let Some(where_) = &file.where_ {
                faults.push((
                    where_.span().start,
                    "`where` goes with `on`; put this condition into `while`".into(),
                ));
            }
            let condition = compile(&while_, text, file.per, &[], &mut faults);
            (condition.map(Trigger::While), while_.into_inner())
        }
        (None, Some(on)) => {
            let types = match event_types(&on, text) {
                Ok(types) => types,
                Err(fault) => {
                    faults.push(fault);
                    Vec::new()
                }
            };
            for (key, span) in [("for", &file.for_), ("bridge", &file.bridge)] {
                if let Some(span) = span {
                    faults.push((
                        span.span().start,
                        format!("`{key}` goes with `while`; a policy with `on` is judged at once"),
                    ));
                }
            }
            for kind in &types {
                let known = || event::TYPES.iter().map(|(name, _)| *name);
                if !known().any(|name| name == kind.1) {
                    let near = did_you_mean(nearest(&kind.1, known()));
                    faults.push((kind.0, format!("there is no event type \"{}\"{near}", kind.1)));
                } else if let Some(why) = unanswerable(file.per, &kind.1) {
                    faults.push((kind.0, why));
                }
            }
            let types: Vec<String> = types.into_iter().map(|(_, kind)| kind).collect();
            let names: Vec<&str> = types.iter().map(String::as_str).collect();
            let mut written = format!("on {}", types.join(", "));
            let condition = file.where_.map(|where_| {
                written = format!("{written} where {}", where_.get_ref());
                compile(&where_, text, file.per, &names, &mut faults)
            });
            let trigger = match condition {
                Some(None) => None,
                Some(Some(condition)) => Some(Trigger::On {
                    types,
                    condition: Some(condition),
                }),
                None => Some(Trigger::On { types, condition: None }),
            };
            (trigger, written)
        }
        (Some(while_), Some(_)) => {
            faults.push((while_.span().start, "a policy has `while` or `on`, not both".into()));
            (None, String::new())
        }
        (None, None) => {
            faults.push((
                id_at,
                "the policy has no condition: write `while = '…'`, or `on = \"…\"` with an optional `where`".into(),
            ));
            (None, String::new())
        }
    };
    match (trigger, faults.is_empty()) {
        (Some(trigger), true) => Ok(Policy {
            head: Head {
                id: event::PolicyId::new(name),
                title: file.title,
                basis: file.basis,
                class: file.verdict,
                severity: file.severity,
                per: file.per,
                condition,
                for_ms: file.for_.map_or(0, |span| span.into_inner().ms),
                bridge_ms: file.bridge.map_or(0, |span| span.into_inner().ms),
                group_within_ms: file.group_within.map_or(1_800_000, |span| span.ms),
                notify: file.notify,
            },
            trigger,
        }),
        _ => Err(faults),
    }
}

/// The event types of `on`, each with its place: a string or a list of strings.
fn event_types(on: &Spanned<toml::Value>, text: &str) -> Result<Vec<(usize, String)>, (usize, String)> {
    let start = on.span().start;
    let wrong = || {
        (
            start,
            "`on` is an event type, or a list of event types, in quotes".to_string(),
        )
    };
    let list = match on.get_ref() {
        toml::Value::String(one) => vec![one.clone()],
        toml::Value::Array(many) => many
            .iter()
            .map(|item| item.as_str().map(str::to_string).ok_or_else(wrong))
            .collect::<Result<_, _>>()?,
        _ => return Err(wrong()),
    };
    if list.is_empty() {
        return Err((start, "`on` names no event type".into()));
    }
    let raw = text.get(on.span()).unwrap_or("");
    Ok(list
        .into_iter()
        .map(|kind| (start + raw.find(kind.as_str()).unwrap_or(0), kind))
        .collect())
}

fn compile(
    source: &Spanned<String>,
    text: &str,
    per: Per,
    on: &[&str],
    faults: &mut Vec<(usize, String)>,
) -> Option<Condition> {
    match expr::compile(source.get_ref(), per, on) {
        Ok(condition) => Some(condition),
        Err(problem) => {
            // The value's span begins at its quotes.
            let span = source.span();
            let quotes = text.get(span.clone()).map_or(0, |raw| {
                let marks = raw.len() - raw.trim_start_matches(['\'', '"']).len();
                if marks >= 3 {
                    3 + usize::from(raw[3..].starts_with('\n'))
                } else {
                    marks.min(1)
                }
            });
            faults.push((span.start + quotes + problem.offset, problem.message));
            None
        }
    }
}

/// Why events of a type have no subject of this sort.
fn unanswerable(per: Per, kind: &str) -> Option<String> {
    let (_, senders) = event::TYPES.iter().find(|(name, _)| *name == kind)?;
    let names_officer = expr::names_officer(kind);
    let fits = match per {
        Per::Office => true,
        Per::Lockbox => senders.contains(&event::DeviceKind::Lockbox),
        Per::Counter => senders.contains(&event::DeviceKind::Workstation),
        Per::Service | Per::Session => senders.contains(&event::DeviceKind::Workstation) || names_officer,
        Per::Officer => senders.contains(&event::DeviceKind::Workstation) || names_officer,
    };
    (!fits).then(|| format!("an event \"{kind}\" belongs to no {}", expr::per_word(per)))
}
