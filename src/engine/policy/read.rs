//! Reads one policy file key by key and goes on after every fault.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::event::PolicyId;
use super::super::expr::{instead, nearest};
use super::super::time::Span;
use super::fault::Found;
use super::keys::{KEYS, example};
use super::quoted::Quoted;
use super::trigger::Triggered;
use super::{Class, Head, Per, Policy, Reach, Severity, Tell, Title, Trigger};

/// No duration of a policy is longer.
pub(super) const SPAN_MAX_MS: i64 = 31 * 86_400_000;

/// What is in a file, as far as it could be read.
pub(super) struct File {
    /// With its condition, where it has one.
    pub policy: Option<(Policy, Option<Quoted>)>,
    pub id: Option<(String, Range<usize>)>,
    pub found: Vec<Found>,
}

pub(super) fn file(name: &str, text: &str) -> File {
    let (table, errors) = DeTable::parse_recoverable(text);
    let table = table.into_inner();
    let written = garbled(&errors);
    let mut reader = Reader {
        text,
        table: &table,
        found: Vec::new(),
    };
    let policy = reader.policy(name);
    let id = reader.quoted_if_any("id").map(|id| (id.value, id.whole));
    let mut found = reader.found;
    if !written.is_empty() {
        // What stands on a garbled line, or is missing, may be so only because of it.
        let line = |at: usize| text[..text.floor_char_boundary(at)].matches('\n').count();
        let garbled: Vec<usize> = written.iter().map(|found| line(found.span.start)).collect();
        found.retain(|found| found.code != "missing-key" && !garbled.contains(&line(found.span.start)));
        found.extend(written);
    }
    File {
        policy: policy.filter(|_| found.is_empty()),
        id,
        found,
    }
}

/// What is not even TOML.
fn garbled(errors: &[toml::de::Error]) -> Vec<Found> {
    // After a lost quote or bracket the parser stumbles over every line; only the first stumble says where to look.
    let follows = |message: &str| message.starts_with("missing comma") || message.starts_with("unclosed");
    let only = errors.iter().all(|error| follows(error.message()));
    let real = errors.iter().filter(|error| only || !follows(error.message()));
    real.take(if only { 1 } else { usize::MAX })
        .map(|error| {
            let span = error.span().unwrap_or(0..0);
            Found::error(span, "toml", format!("this is not TOML: {}", error.message()))
        })
        .collect()
}

pub(super) struct Reader<'t> {
    text: &'t str,
    table: &'t DeTable<'t>,
    pub(super) found: Vec<Found>,
}

impl<'t> Reader<'t> {
    fn policy(&mut self, name: &str) -> Option<(Policy, Option<Quoted>)> {
        self.keys();
        self.id(name);
        let title = self.title();
        let basis = self.sentence("basis");
        let class = self.word("verdict", &Class::ALL.map(|class| (class.as_str(), class)));
        let severity = self.word("severity", &Severity::ALL.map(|severity| (severity.as_str(), severity)));
        let per = self.word("per", &Per::ALL.map(|per| (per.as_str(), per)));
        let notify = self.notify();
        let for_ms = self.span("for");
        let bridge_ms = self.span("bridge");
        let group_within_ms = self.span("group_within");
        let enabled = self.switch("enabled");
        let limits = self.limits();
        let Triggered {
            trigger,
            written,
            condition,
            filled,
        } = self.trigger(per, &limits);
        let scope = self.scope(trigger.as_ref(), per, &written);
        let policy = Policy {
            head: Head {
                id: PolicyId::new(name),
                title: title?,
                basis: basis?,
                class: class?,
                severity: severity?,
                per: per?,
                condition: written,
                for_ms: for_ms.unwrap_or(0),
                bridge_ms: bridge_ms.unwrap_or(0),
                group_within_ms: group_within_ms.unwrap_or(1_800_000),
                notify: notify?,
                enabled: enabled.unwrap_or(true),
                scope,
                overlay: None,
            },
            trigger: trigger?,
            filled,
        };
        Some((policy, condition))
    }

    pub(super) fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(key)
    }

    pub(super) fn error(&mut self, span: Range<usize>, code: &'static str, message: String, help: Option<String>) {
        self.found.push(Found::error(span, code, message).helps(help));
    }

    /// Unknown keys and missing ones; a missing one that was merely misspelt is told once.
    fn keys(&mut self) {
        let mut misspelt = Vec::new();
        let text = self.text;
        for (word, value) in self.table {
            let (word, span) = (word.get_ref().as_ref(), word.span());
            if KEYS.iter().any(|key| key.name == word) {
                continue;
            }
            // A key in use can hardly be meant a second time.
            let free = KEYS
                .iter()
                .map(|key| key.name)
                .filter(|name| self.value(name).is_none());
            let near = nearest(word, free);
            let sort = if matches!(value.get_ref(), DeValue::Table(_)) && text[span.start..].starts_with('[') {
                "section"
            } else {
                "key"
            };
            misspelt.extend(near);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "keys are {}",
                    KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
                ),
            };
            self.error(
                span,
                "unknown-key",
                format!("there is no {sort} `{word}` in a policy"),
                Some(help),
            );
        }
        for key in KEYS.iter().filter(|key| key.required) {
            if self.value(key.name).is_none() && !misspelt.contains(&key.name) {
                let span = self.of_file();
                let message = format!("the policy has no `{}`", key.name);
                self.error(span, "missing-key", message, Some(example(key.name).to_string()));
            }
        }
    }

    /// The place of what is missing: the id's, or the beginning.
    pub(super) fn of_file(&self) -> Range<usize> {
        let id = self.table.iter().find(|(key, _)| key.get_ref() == "id");
        match id {
            Some((key, value)) => key.span().start..value.span().end,
            None => 0..self.text.lines().next().map_or(0, str::len),
        }
    }

    fn quoted_if_any(&self, key: &str) -> Option<Quoted> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str()?;
        Some(Quoted::new(self.text, value.span(), text))
    }

    /// A string that is not empty.
    pub(super) fn quoted(&mut self, key: &str) -> Option<Quoted> {
        let value = self.value(key)?;
        let quoted = self.quoted_if_any(key);
        match &quoted {
            None => {
                let message = format!("`{key}` must be a string, not {}", what(value.get_ref()));
                self.error(value.span(), "wrong-type", message, Some(example(key).to_string()));
            }
            Some(quoted) if quoted.value.trim().is_empty() => {
                let message = format!("`{key}` is empty");
                self.error(value.span(), "empty", message, Some(example(key).to_string()));
                return None;
            }
            _ => {}
        }
        quoted
    }

    fn sentence(&mut self, key: &str) -> Option<String> {
        self.quoted(key).map(|quoted| quoted.value)
    }

    fn id(&mut self, name: &str) {
        let Some(id) = self.quoted("id") else {
            return;
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.value.len() > 64 || !id.value.chars().all(fits) {
            let message = format!("\"{}\" cannot be the id of a policy", id.value.escape_debug());
            let help = "use 1 to 64 letters, digits, '-', '_' or '.'".to_string();
            self.error(id.whole, "bad-id", message, Some(help));
        } else if id.value != name {
            let message = format!("the id \"{}\" must be the name of the file, \"{name}\"", id.value);
            let help = format!("write id = \"{name}\", or call the file {}.toml", id.value);
            self.error(id.whole, "id-not-file-name", message, Some(help));
        }
    }

    fn title(&mut self) -> Option<Title> {
        const LANGUAGES: [&str; 2] = ["id", "en"];
        let value = self.value("title")?;
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!("`title` must have `id` and `en`, this is {}", what(value.get_ref()));
            self.error(value.span(), "wrong-type", message, Some(example("title").to_string()));
            return None;
        };
        let unknown: Vec<&Spanned<_>> = table
            .keys()
            .filter(|key| !LANGUAGES.contains(&key.get_ref().as_ref()))
            .collect();
        for key in &unknown {
            let word = key.get_ref().as_ref();
            let help = instead(word, LANGUAGES.into_iter());
            self.error(
                key.span(),
                "unknown-key",
                format!("there is no key `{word}` in `title`"),
                help,
            );
        }
        let [id, en] = LANGUAGES.map(|language| match table.get(language) {
            None => {
                let message = format!("`title` has no `{language}`");
                self.error(value.span(), "missing-key", message, Some(example("title").to_string()));
                None
            }
            Some(text) => match text.get_ref() {
                DeValue::String(words) if !words.trim().is_empty() => Some(words.to_string()),
                DeValue::String(_) => {
                    self.error(
                        text.span(),
                        "empty",
                        format!("the title is empty in `{language}`"),
                        None,
                    );
                    None
                }
                other => {
                    let message = format!("a title must be a string, not {}", what(other));
                    self.error(text.span(), "wrong-type", message, None);
                    None
                }
            },
        });
        Some(Title { id: id?, en: en? })
    }

    fn word<T: Copy>(&mut self, key: &str, words: &[(&'static str, T)]) -> Option<T> {
        let quoted = self.quoted(key)?;
        let found = self.one_of(key, &quoted.value, words.iter().map(|(word, _)| *word), quoted.whole)?;
        Some(words[found].1)
    }

    fn one_of<'w>(
        &mut self,
        key: &str,
        text: &str,
        mut words: impl Iterator<Item = &'w str> + Clone,
        span: Range<usize>,
    ) -> Option<usize> {
        let all = words.clone();
        let found = words.position(|word| word == text);
        if found.is_none() {
            let listed: Vec<&str> = all.clone().collect();
            let help = match nearest(&text.to_lowercase(), all) {
                Some(near) => format!("did you mean \"{near}\"? it is one of {}", listed.join(", ")),
                None => format!("it is one of {}", listed.join(", ")),
            };
            let message = format!("`{key}` cannot be \"{}\"", text.escape_debug());
            self.error(span, "unknown-value", message, Some(help));
        }
        found
    }

    fn notify(&mut self) -> Option<Vec<Tell>> {
        let value = self.value("notify")?;
        let DeValue::Array(items) = value.get_ref() else {
            let message = format!("`notify` must be a list of strings, not {}", what(value.get_ref()));
            self.error(value.span(), "wrong-type", message, Some(example("notify").to_string()));
            return None;
        };
        let mut notify = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(word) => {
                    let words = Tell::ALL.iter().map(|tell| tell.as_str());
                    let Some(at) = self.one_of("notify", word, words, item.span()) else {
                        continue;
                    };
                    if notify.contains(&Tell::ALL[at]) {
                        self.error(item.span(), "named-twice", format!("\"{word}\" is named twice"), None);
                    } else {
                        notify.push(Tell::ALL[at]);
                    }
                }
                None => {
                    let message = format!("`notify` is a list of strings, this is {}", what(item.get_ref()));
                    self.error(item.span(), "wrong-type", message, Some(example("notify").to_string()));
                }
            }
        }
        Some(notify)
    }

    fn switch(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let on = value.get_ref().as_bool();
        if on.is_none() {
            let message = format!("`{key}` must be true or false, not {}", what(value.get_ref()));
            self.error(value.span(), "wrong-type", message, Some(example(key).to_string()));
        }
        on
    }

    fn scope(&mut self, trigger: Option<&Trigger>, per: Option<Per>, condition: &str) -> Reach {
        let scope = self.word("scope", &Reach::ALL.map(|reach| (reach.as_str(), reach)));
        let scope = scope.unwrap_or_default();
        if let (Some(trigger), Some(per), Some(value)) = (trigger, per, self.value("scope"))
            && let Err(why) = trigger.can_reach(scope, per, condition)
        {
            let (message, help) = why.split_once("; ").unwrap_or((&why, ""));
            let help = (!help.is_empty()).then(|| help.to_string());
            self.error(value.span(), "misplaced-key", message.to_string(), help);
        }
        scope
    }

    /// Milliseconds.
    fn span(&mut self, key: &str) -> Option<i64> {
        let value = self.value(key)?;
        if let DeValue::Integer(_) | DeValue::Float(_) = value.get_ref() {
            let number = self.text.get(value.span()).unwrap_or_default();
            let is_whole = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let number = if is_whole { number } else { "60" };
            let message = format!("`{key}` is a bare number; of what?");
            let help = format!("a duration is a string with its unit: {key} = \"{number}s\"");
            self.error(value.span(), "wrong-type", message, Some(help));
            return None;
        }
        let quoted = self.quoted(key)?;
        let text = quoted.value.as_str();
        match Span::parse(text) {
            Ok(span) if span.ms > SPAN_MAX_MS => {
                let message = format!("`{key}` is longer than 31 days");
                let help = "no policy can wait that long: days are settled 14 days after they end".to_string();
                self.error(quoted.whole, "impossible-duration", message, Some(help));
                None
            }
            Ok(span) => Some(span.ms),
            Err(_) if text.trim_start().starts_with('-') => {
                let message = format!("`{key}` is negative; nothing lasts less than no time");
                let help = format!("leave `{key}` out for \"0s\"");
                self.error(quoted.whole, "impossible-duration", message, Some(help));
                None
            }
            Err(message) => {
                let (message, help) = match message.split_once("; ") {
                    Some((message, help)) => (message.to_string(), Some(help.to_string())),
                    None => (message, None),
                };
                self.error(quoted.whole, "not-a-duration", message, help);
                None
            }
        }
    }
}

pub(super) fn what(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
