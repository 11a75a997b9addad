//! Overlays: what one office decided otherwise about the policies, why, and who decided it.

use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::expr::{did_you_mean, nearest};
use super::policy::{Head, PolicyErrors, PolicyFault, PolicySet, Reach, Severity, Tell, Trigger};
use super::time::Span;

/// The keys of a policy that an overlay may change.
const CHANGING: [&str; 7] = [
    "enabled",
    "for",
    "bridge",
    "group_within",
    "severity",
    "notify",
    "scope",
];
/// What an overlay must say of itself.
const REASONED: [&str; 3] = ["reason", "decided_by", "decided_on"];

/// An office's word on one policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Overlaid {
    /// In the order of the file.
    pub changes: Vec<Change>,
    pub reason: String,
    pub decided_by: String,
    pub decided_on: NaiveDate,
}

/// A key of the policy, as it ships and as the office has it, in the words of the files.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    pub key: String,
    pub shipped: String,
    pub here: String,
}

impl PolicySet {
    /// Applies an office's overlay, given by the path people know it by and its text. Every fault is told.
    pub fn overlaid(mut self, path: &str, text: &str) -> Result<PolicySet, PolicyErrors> {
        let mut reader = Reader { faults: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            reader.fault(error.span().unwrap_or_default(), error.message().to_string());
        }
        if errors.is_empty() {
            for (id, entry) in table.get_ref() {
                reader.policy(&mut self, id, entry);
            }
        }
        if reader.faults.is_empty() {
            return Ok(self);
        }
        reader.faults.sort_by_key(|(span, _)| span.start);
        let faults = reader.faults.into_iter();
        let faults = faults.map(|(span, message)| PolicyFault::at(path, text, span, "overlay", &message));
        Err(PolicyErrors(faults.collect()))
    }
}

struct Reader {
    faults: Vec<(Range<usize>, String)>,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl Reader {
    fn fault(&mut self, span: Range<usize>, message: String) {
        self.faults.push((span, message));
    }

    fn policy(&mut self, set: &mut PolicySet, id: &Spanned<std::borrow::Cow<'_, str>>, entry: &Value<'_>) {
        let name = id.get_ref();
        let Some(policy) = set.policies.iter_mut().find(|policy| policy.head.id.as_str() == name) else {
            let near = nearest(name, set.policies.iter().map(|policy| policy.head.id.as_str()));
            return self.fault(
                id.span(),
                format!("there is no policy \"{name}\"{}", did_you_mean(near)),
            );
        };
        let Some(table) = entry.get_ref().as_table() else {
            return self.fault(
                entry.span(),
                format!("what the office decided about a policy is a table: [{name}]"),
            );
        };
        for key in table.keys() {
            let word = key.get_ref();
            let mut known = CHANGING.into_iter().chain(REASONED);
            if !known.any(|known| known == word) {
                let near = nearest(word, CHANGING.into_iter().chain(REASONED));
                let of_policy = ["while", "on", "where", "verdict", "per", "title", "basis", "id"];
                let message = match of_policy.contains(&word.as_ref()) {
                    true => {
                        format!("an overlay cannot change `{word}`: that makes another policy, with an id of its own")
                    }
                    false => format!("there is no key `{word}`{}", did_you_mean(near)),
                };
                self.fault(key.span(), message);
            }
        }
        let find = |key: &str| {
            table
                .iter()
                .find(|(name, _)| name.get_ref() == key)
                .map(|(_, value)| value)
        };
        let reason = self.words("reason", "why the office decided so", find("reason"), id);
        let decided_by = self.words("decided_by", "who decided it", find("decided_by"), id);
        let decided_on = self.date(find("decided_on"), id);
        let shipped = policy.head.clone();
        let mut changes = Vec::new();
        for (key, value) in table {
            let key = key.get_ref().as_ref();
            if CHANGING.contains(&key)
                && let Some(here) = self.change(&mut policy.head, &policy.trigger, key, value)
            {
                let shipped = written(&shipped, key);
                let key = key.to_string();
                changes.push((value.span().start, Change { key, shipped, here }));
            }
        }
        if !table.keys().any(|key| CHANGING.contains(&key.get_ref().as_ref())) {
            let keys = CHANGING.join(", ");
            self.fault(
                id.span(),
                format!("nothing is decided here; give at least one of {keys}"),
            );
        }
        changes.sort_by_key(|(at, _)| *at);
        if let (Some(reason), Some(decided_by), Some(decided_on)) = (reason, decided_by, decided_on) {
            policy.head.overlay = Some(Arc::new(Overlaid {
                changes: changes.into_iter().map(|(_, change)| change).collect(),
                reason,
                decided_by,
                decided_on,
            }));
        }
    }

    fn words(
        &mut self,
        key: &str,
        what: &str,
        value: Option<&Value<'_>>,
        id: &Spanned<std::borrow::Cow<'_, str>>,
    ) -> Option<String> {
        let Some(value) = value else {
            self.fault(id.span(), format!("`{key}` is missing: say {what}"));
            return None;
        };
        let text = value.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            self.fault(value.span(), format!("`{key}` says {what}, in words"));
        }
        text.map(str::to_string)
    }

    fn date(&mut self, value: Option<&Value<'_>>, id: &Spanned<std::borrow::Cow<'_, str>>) -> Option<NaiveDate> {
        let Some(value) = value else {
            self.fault(
                id.span(),
                "`decided_on` is missing: say on which date it was decided".into(),
            );
            return None;
        };
        let written = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            other => other.as_str().unwrap_or_default().to_string(),
        };
        let date = written.parse().ok();
        if date.is_none() {
            self.fault(value.span(), "`decided_on` is a date, like 2026-11-24".into());
        }
        date
    }

    /// Changes one key; answers the new value in the words of the files.
    fn change(&mut self, head: &mut Head, trigger: &Trigger, key: &str, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str();
        let span = |text: Option<&str>| match text {
            Some(text) => Span::parse(text),
            None => Err(format!(
                "`{key}` is a duration in quotes, like \"90s\", \"2m\" or \"1h30m\""
            )),
        };
        let changed = match key {
            "enabled" => match value.get_ref().as_bool() {
                Some(enabled) => {
                    head.enabled = enabled;
                    Ok(())
                }
                None => Err("`enabled` is true or false".to_string()),
            },
            "for" | "bridge" if matches!(trigger, Trigger::On { .. }) => Err(format!(
                "`{key}` goes with `while`; this policy is judged at once, at its events"
            )),
            "for" => span(text).map(|span| head.for_ms = span.ms),
            "bridge" => span(text).map(|span| head.bridge_ms = span.ms),
            "group_within" => span(text).map(|span| head.group_within_ms = span.ms),
            "severity" => {
                let all = [Severity::Info, Severity::Minor, Severity::Major, Severity::Critical];
                one_of(all, Severity::as_str, text).map(|severity| head.severity = severity)
            }
            "scope" => one_of([Reach::Service, Reach::SignedIn], Reach::as_str, text).and_then(|scope| {
                trigger.can_reach(scope, head.per, &head.condition)?;
                head.scope = scope;
                Ok(())
            }),
            _ => {
                let all = [Tell::Supervisor, Tell::Integrity, Tell::Technician];
                let list = value.get_ref().as_array().map(|list| {
                    list.iter()
                        .map(|tell| one_of(all, Tell::as_str, tell.get_ref().as_str()))
                        .collect::<Result<Vec<Tell>, String>>()
                });
                list.unwrap_or_else(|| Err("`notify` is a list, such as [\"supervisor\"]".to_string()))
                    .map(|notify| head.notify = notify)
            }
        };
        match changed {
            Ok(()) => Some(written(head, key)),
            Err(message) => {
                self.fault(value.span(), message);
                None
            }
        }
    }
}

fn one_of<T: Copy, const N: usize>(all: [T; N], word: fn(T) -> &'static str, text: Option<&str>) -> Result<T, String> {
    let text = text.unwrap_or_default();
    all.into_iter().find(|one| word(*one) == text).ok_or_else(|| {
        let words: Vec<&str> = all.into_iter().map(word).collect();
        let near = did_you_mean(nearest(text, words.iter().copied()));
        format!("\"{text}\" is none of {}{near}", words.join(", "))
    })
}

/// A key of a policy as its file would have it.
fn written(head: &Head, key: &str) -> String {
    match key {
        "enabled" => head.enabled.to_string(),
        "for" => Span::ms(head.for_ms).to_string(),
        "bridge" => Span::ms(head.bridge_ms).to_string(),
        "group_within" => Span::ms(head.group_within_ms).to_string(),
        "severity" => head.severity.as_str().to_string(),
        "scope" => head.scope.as_str().to_string(),
        _ => {
            let tells: Vec<&str> = head.notify.iter().map(|tell| tell.as_str()).collect();
            match tells.is_empty() {
                true => "nobody".to_string(),
                false => tells.join(", "),
            }
        }
    }
}
