//! Mutation: small changes to a policy, each of which a test must notice. A change that no possible state tells from
//! the policy itself is the same policy, and is shown as such by looking, never by hand.

use std::ops::Range;

use crate::engine::expr::{self, Condition};
use crate::engine::policy::{Class, Policy, Reach, Trigger};
use crate::engine::time::Span;
use crate::engine::view::Custody;

use super::judged::{in_order, policies};
use super::{PolicySource, Scenario};

/// A changed policy and what became of it.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Where the file was changed.
    pub place: Range<usize>,
    /// `replaced by …`, for people.
    pub change: String,
    pub fate: Fate,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// A test fails with it, as it should; the test's name.
    Killed(String),
    /// Every test passes with it: they do not show what the policy says here.
    Survived,
    /// It is the policy itself, written otherwise.
    Same,
}

/// A change to be tried.
struct Change {
    place: Range<usize>,
    change: String,
    policy: Policy,
    same: bool,
}

/// Tries every change of a policy against its scenarios.
pub fn mutate(source: &PolicySource, scenarios: &[Scenario]) -> Vec<Mutant> {
    // The test that noticed the last one often notices the next one too.
    let mut order: Vec<usize> = (0..scenarios.len()).collect();
    let mut mutants = Vec::new();
    for Change {
        place,
        change,
        policy,
        same,
    } in changes(source)
    {
        let mutant = policies(&policy);
        let killer = (!same)
            .then(|| {
                order
                    .iter()
                    .position(|ix| in_order(&scenarios[*ix], &mutant) != scenarios[*ix].expected)
            })
            .flatten();
        let fate = match (same, killer) {
            (true, _) => Fate::Same,
            (false, None) => Fate::Survived,
            (false, Some(at)) => {
                let ix = order.remove(at);
                order.insert(0, ix);
                Fate::Killed(scenarios[ix].name.clone())
            }
        };
        mutants.push(Mutant { place, change, fate });
    }
    mutants
}

fn changes(source: &PolicySource) -> Vec<Change> {
    let mut changes = Vec::new();
    let policy = &source.policy;
    let (types, condition) = match &policy.trigger {
        Trigger::While(condition) => (&[][..], Some(condition)),
        Trigger::On { types, condition } => (&types[..], condition.as_ref()),
    };
    if let (Some(condition), Some(text)) = (condition, &source.condition) {
        for (part, with) in edits(text, condition) {
            let changed = [&text[..part.start], &with, &text[part.end..]].concat();
            let on: Vec<&str> = types.iter().map(String::as_str).collect();
            // What the loader refuses could never be in force.
            let Ok(mutant) = expr::compile(&changed, policy.head.per, &on) else {
                continue;
            };
            let subject = expr::Subject {
                per: policy.head.per,
                on: &on,
                indication: policy.head.class == Class::Indication,
                signed_in: policy.head.scope == Reach::SignedIn,
            };
            let same = expr::same([text, &changed], subject);
            let mut policy = policy.clone();
            policy.trigger = match policy.trigger {
                Trigger::While(_) => Trigger::While(mutant),
                Trigger::On { types, .. } => Trigger::On {
                    types,
                    condition: Some(mutant),
                },
            };
            let place = source.condition_place(&part);
            let change = match with.trim() {
                "" => "left out".to_string(),
                with => format!("replaced by `{with}`"),
            };
            changes.push(Change {
                place,
                change,
                policy,
                same,
            });
        }
    }
    if let Trigger::While(_) = policy.trigger {
        let head = &policy.head;
        for ms in [head.for_ms - 1, head.for_ms + 1, 0] {
            if ms >= 0 && ms != head.for_ms {
                let mut policy = policy.clone();
                policy.head.for_ms = ms;
                push_limit(&mut changes, source.place(source.for_at.as_ref()), "for", ms, policy);
            }
        }
        for ms in [head.bridge_ms - 1, head.bridge_ms + 1, 0] {
            if head.bridge_ms > 0 && ms >= 0 {
                let mut policy = policy.clone();
                policy.head.bridge_ms = ms;
                push_limit(
                    &mut changes,
                    source.place(source.bridge_at.as_ref()),
                    "bridge",
                    ms,
                    policy,
                );
            }
        }
    }
    for (kind, place) in source.on.iter().filter(|_| types.len() > 1) {
        let mut policy = policy.clone();
        if let Trigger::On { types, .. } = &mut policy.trigger {
            types.retain(|other| other != kind);
        }
        changes.push(Change {
            place: place.clone(),
            change: "left out".into(),
            policy,
            same: false,
        });
    }
    changes
}

fn push_limit(changes: &mut Vec<Change>, place: Range<usize>, key: &str, ms: i64, policy: Policy) {
    let change = format!("`{key}` replaced by \"{}\"", Span::ms(ms));
    if !changes.iter().any(|other| other.change == change) {
        changes.push(Change {
            place,
            change,
            policy,
            same: false,
        });
    }
}

/// Every small change of a condition's text: the part of it, and what stands there instead.
fn edits(text: &str, condition: &Condition) -> Vec<(Range<usize>, String)> {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for clause in condition.clauses() {
        for with in ["true", "false"] {
            edits.push((clause.span.clone(), with.to_string()));
        }
        edits.push((clause.span.clone(), format!("!({})", clause.text)));
    }
    let tokens = tokens(text);
    for (n, token) in tokens.iter().enumerate() {
        let word = &text[token.clone()];
        let mut put = |with: &str| edits.push((token.clone(), with.to_string()));
        match word {
            "&&" => put("||"),
            "||" => put("&&"),
            "==" => put("!="),
            "!=" => put("=="),
            "<" => ["<=", ">="].into_iter().for_each(put),
            "<=" => ["<", ">"].into_iter().for_each(put),
            ">" => [">=", "<="].into_iter().for_each(put),
            ">=" => [">", "<"].into_iter().for_each(put),
            "!" => put(""),
            "exists" => put("all"),
            "all" => put("exists"),
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => {
                if let Ok(number) = word.parse::<i64>() {
                    put(&(number - 1).to_string());
                    put(&(number + 1).to_string());
                    edits.extend(left_out(text, &tokens, n));
                }
            }
            _ if word.starts_with(['"', '\'']) => {
                let clause = condition
                    .clauses()
                    .iter()
                    .find(|clause| clause.span.start <= token.start && token.end <= clause.span.end);
                let clause = clause.map_or("", |clause| &clause.text);
                let quote = &word[..1];
                let inside = word.trim_matches(['"', '\'']);
                for other in others(inside, clause, n > 1 && &text[tokens[n - 2].clone()] == "duration") {
                    put(&format!("{quote}{other}{quote}"));
                }
                edits.extend(left_out(text, &tokens, n));
            }
            _ => {}
        }
    }
    edits
}

/// What may stand instead of a text.
fn others(inside: &str, clause: &str, duration: bool) -> Vec<String> {
    if duration {
        let limit = Span::parse(inside).unwrap_or_default().ms;
        let near = [limit - 1, limit + 1].into_iter().filter(|ms| *ms >= 0);
        return near.map(|ms| Span::ms(ms).to_string()).collect();
    }
    let states = Custody::ALL.map(Custody::as_str);
    if clause.contains("custody") && states.contains(&inside) {
        let others = states.into_iter().filter(|state| *state != inside);
        return others.map(str::to_string).collect();
    }
    if clause.contains("workstation.usb") {
        let classes = crate::engine::event::UsbClass::ALL.map(crate::engine::event::UsbClass::as_str);
        let other = classes.into_iter().rev().find(|class| !clause.contains(class));
        return other.map(str::to_string).into_iter().collect();
    }
    vec![format!("{inside}-")]
}

/// A list without one of its elements, if others remain.
fn left_out(text: &str, tokens: &[Range<usize>], n: usize) -> Option<(Range<usize>, String)> {
    let word = |n: usize| tokens.get(n).map_or("", |token| &text[token.clone()]);
    let (before, after) = (if n > 0 { word(n - 1) } else { "" }, word(n + 1));
    match (before, after) {
        (",", "," | "]") => Some((tokens[n - 1].start..tokens[n].end, String::new())),
        ("[", ",") => Some((tokens[n].start..tokens[n + 1].end, String::new())),
        _ => None,
    }
}

/// The places of words, numbers, texts and signs.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
                at = (at + 1).min(bytes.len());
            }
            byte if is_word(byte) => {
                while at < bytes.len() && is_word(bytes[at]) {
                    at += 1;
                }
            }
            _ if matches!(
                bytes.get(at..at + 2),
                Some(b"&&" | b"||" | b"==" | b"!=" | b"<=" | b">=")
            ) =>
            {
                at += 2
            }
            // Letters beyond ASCII stand in texts only; elsewhere the loader has refused them.
            _ => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
        tokens.push(start..at);
    }
    tokens
}
