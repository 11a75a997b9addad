//! Overlays: what one office decided otherwise about the policies, why, and who decided it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::expr::{instead, nearest};
use super::super::time::Span;
use super::fault::Found;
use super::keys::KEYS;
use super::limits;
use super::read::SPAN_MAX_MS;
use super::{Head, Policy, PolicyErrors, PolicySet, Reach, Severity, Tell, Trigger};

/// The keys of a policy that an overlay may change.
pub const CHANGING: [&str; 8] = [
    "enabled",
    "limits",
    "for",
    "bridge",
    "group_within",
    "severity",
    "notify",
    "scope",
];
/// What an overlay must say of itself, and what that is.
pub const REASONED: [(&str, &str); 3] = [
    ("reason", "why the office decided so"),
    ("decided_by", "who decided it"),
    ("decided_on", "on which date it was decided"),
];

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
        let mut reader = Reader { found: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let message = format!("this is not TOML: {}", error.message());
            reader.wrong(error.span().unwrap_or(0..0), "toml", message, None);
        }
        if errors.is_empty() {
            for (id, entry) in table.get_ref() {
                reader.policy(&mut self, id, entry);
            }
        }
        if reader.found.is_empty() {
            return Ok(self);
        }
        reader.found.sort_by_key(|found| (found.span.start, found.span.end));
        let faults = reader.found.into_iter().map(|found| found.told(path, text));
        Err(PolicyErrors(faults.collect()))
    }
}

struct Reader {
    found: Vec<Found>,
}

type Key<'t> = Spanned<Cow<'t, str>>;
type Value<'t> = Spanned<DeValue<'t>>;

impl Reader {
    fn wrong(&mut self, span: Range<usize>, code: &'static str, message: String, help: Option<String>) {
        self.found.push(Found::error(span, code, message).helps(help));
    }

    fn policy(&mut self, set: &mut PolicySet, id: &Key<'_>, entry: &Value<'_>) {
        let name = id.get_ref();
        let Some(policy) = set.policies.iter_mut().find(|policy| policy.head.id.as_str() == name) else {
            let ids = set.policies.iter().map(|policy| policy.head.id.as_str());
            let help = nearest(name, ids).map(|near| format!("did you mean `{near}`?"));
            return self.wrong(
                id.span(),
                "unknown-policy",
                format!("there is no policy \"{name}\""),
                help,
            );
        };
        let Some(table) = entry.get_ref().as_table() else {
            let message = "what the office decided about a policy is a table".to_string();
            return self.wrong(entry.span(), "wrong-type", message, Some(format!("write [{name}]")));
        };
        table.keys().for_each(|key| self.known(key));
        let find = |key: &str| {
            table
                .iter()
                .find(|(name, _)| name.get_ref() == key)
                .map(|(_, value)| value)
        };
        let [reason, decided_by, decided_on] = REASONED.map(|(key, says)| {
            let value = find(key);
            if value.is_none() {
                let help = format!("say {says}: everybody who sees the policy sees it too");
                self.wrong(id.span(), "missing-key", format!("`{key}` is missing"), Some(help));
            }
            value
        });
        let reason = reason.and_then(|value| self.sentence(0, value));
        let decided_by = decided_by.and_then(|value| self.sentence(1, value));
        let decided_on = decided_on.and_then(|value| self.date(value));
        let shipped = policy.head.clone();
        let mut changes = Vec::new();
        for (key, value) in table {
            let key = key.get_ref().as_ref();
            if key == "limits" {
                changes.extend(self.limits(policy, value));
            } else if CHANGING.contains(&key)
                && let Some(here) = self.change(&mut policy.head, &policy.trigger, key, value)
            {
                let shipped = written(&shipped, key);
                let key = key.to_string();
                changes.push((value.span().start, Change { key, shipped, here }));
            }
        }
        if !table.keys().any(|key| CHANGING.contains(&key.get_ref().as_ref())) {
            let help = format!("give at least one of {}", CHANGING.join(", "));
            self.wrong(id.span(), "missing-key", "nothing is decided here".into(), Some(help));
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

    /// Gives limits of the condition other worths; answers what was changed, each with its place.
    fn limits(&mut self, policy: &mut Policy, value: &Value<'_>) -> Vec<(usize, Change)> {
        let Some(table) = value.get_ref().as_table() else {
            let message = "`limits` must be a table".to_string();
            let help = "write limits = { NAME = \"90m\" }".to_string();
            self.wrong(value.span(), "wrong-type", message, Some(help));
            return Vec::new();
        };
        let mut limits = policy.filled().map_or_else(Vec::new, |filled| filled.limits.clone());
        let mut changes = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let names = limits.iter().map(|limit| limit.name.clone()).collect::<Vec<_>>();
            let Some(known) = limits.iter_mut().find(|limit| limit.name == name) else {
                let help = instead(name, names.iter().map(String::as_str));
                let message = format!("{} has no limit `{name}`", policy.head.id);
                let help = help.or(Some(
                    "what stands in its condition, its own file alone can change".into(),
                ));
                self.wrong(key.span(), "unknown-limit", message, help);
                continue;
            };
            match limits::limit(name, value.get_ref()) {
                Ok(here) if std::mem::discriminant(&here) == std::mem::discriminant(&known.limit) => {
                    let (key, shipped) = (format!("limits.{name}"), known.limit.to_string());
                    let change = Change {
                        key,
                        shipped,
                        here: here.to_string(),
                    };
                    known.limit = here;
                    changes.push((value.span().start, change));
                }
                Ok(_) => {
                    let message = format!("the limit `{name}` is of another sort: the policy has {}", known.limit);
                    self.wrong(value.span(), "wrong-type", message, None);
                }
                Err((code, message, help)) => self.wrong(value.span(), code, message, help),
            }
        }
        if table.is_empty() {
            self.wrong(value.span(), "empty", "no limit is named here".into(), None);
        }
        for problem in policy.refill(&limits).err().into_iter().flatten() {
            self.wrong(value.span(), problem.code, problem.message, problem.help);
        }
        changes
    }

    fn known(&mut self, key: &Key<'_>) {
        let word = key.get_ref().as_ref();
        let known = CHANGING.into_iter().chain(REASONED.iter().map(|(key, _)| *key));
        if known.clone().any(|known| known == word) {
            return;
        }
        if KEYS.iter().any(|key| key.name == word) {
            let message = format!("an overlay cannot change `{word}`");
            let help = "that makes another policy, with an id, a basis and tests of its own".to_string();
            return self.wrong(key.span(), "misplaced-key", message, Some(help));
        }
        let message = format!("there is no key `{word}` in an overlay");
        self.wrong(key.span(), "unknown-key", message, instead(word, known));
    }

    fn sentence(&mut self, of: usize, value: &Value<'_>) -> Option<String> {
        let (key, says) = REASONED[of];
        let text = value.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            let help = Some(format!("say in words {says}"));
            self.wrong(value.span(), "empty", format!("`{key}` says nothing"), help);
        }
        text.map(str::to_string)
    }

    fn date(&mut self, value: &Value<'_>) -> Option<NaiveDate> {
        let written = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            other => other.as_str().unwrap_or_default().to_string(),
        };
        let date = written.parse().ok();
        if date.is_none() {
            let help = Some("write decided_on = 2026-11-24".to_string());
            self.wrong(value.span(), "wrong-type", "`decided_on` must be a date".into(), help);
        }
        date
    }

    /// Changes one key; answers the new value in the words of the files.
    fn change(&mut self, head: &mut Head, trigger: &Trigger, key: &str, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str();
        let duration = || match text {
            Some(text) => match Span::parse(text) {
                Ok(span) if span.ms > SPAN_MAX_MS => Err(format!(
                    "`{key}` is longer than 31 days; no policy can wait that long: days are settled 14 days after they end"
                )),
                other => other,
            },
            None => Err(format!(
                "`{key}` must be a duration; write it in quotes, like \"90s\", \"2m\" or \"1h30m\""
            )),
        };
        let changed = match key {
            "enabled" => match value.get_ref().as_bool() {
                Some(enabled) => {
                    head.enabled = enabled;
                    Ok(())
                }
                None => Err("`enabled` must be true or false".to_string()),
            },
            "for" | "bridge" if matches!(trigger, Trigger::On { .. }) => Err(format!(
                "`{key}` goes with `while`; this policy has `on` and is judged at once"
            )),
            "for" => duration().map(|span| head.for_ms = span.ms),
            "bridge" => duration().map(|span| head.bridge_ms = span.ms),
            "group_within" => duration().map(|span| head.group_within_ms = span.ms),
            "severity" => one_of(key, Severity::ALL, Severity::as_str, text).map(|severity| head.severity = severity),
            "scope" => one_of(key, Reach::ALL, Reach::as_str, text).and_then(|scope| {
                trigger.can_reach(scope, head.per, &head.condition)?;
                head.scope = scope;
                Ok(())
            }),
            _ => {
                let list = value.get_ref().as_array().map(|list| {
                    list.iter()
                        .map(|tell| one_of(key, Tell::ALL, Tell::as_str, tell.get_ref().as_str()))
                        .collect::<Result<Vec<Tell>, String>>()
                });
                list.unwrap_or_else(|| Err("`notify` must be a list; write it like [\"supervisor\"]".to_string()))
                    .and_then(
                        |notify| match (1..notify.len()).find(|ix| notify[..*ix].contains(&notify[*ix])) {
                            Some(ix) => Err(format!("`notify` names \"{}\" twice", notify[ix].as_str())),
                            None => Ok(notify),
                        },
                    )
                    .map(|notify| head.notify = notify)
            }
        };
        match changed {
            Ok(()) => Some(written(head, key)),
            Err(why) => {
                let (message, help) = match why.split_once("; ") {
                    Some((message, help)) => (message.to_string(), Some(help.to_string())),
                    None => (why, None),
                };
                self.wrong(value.span(), "wrong-value", message, help);
                None
            }
        }
    }
}

fn one_of<T: Copy, const N: usize>(
    key: &str,
    all: [T; N],
    word: fn(T) -> &'static str,
    text: Option<&str>,
) -> Result<T, String> {
    let text = text.unwrap_or_default();
    all.into_iter().find(|one| word(*one) == text).ok_or_else(|| {
        let words = all.into_iter().map(word);
        let help = instead(text, words).unwrap_or_default();
        format!("`{key}` cannot be \"{}\"; {help}", text.escape_debug())
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
