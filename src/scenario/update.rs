//! Rewrites what scenarios expect, and nothing else of the file: not a comment, not a space.

use std::fmt::Write as _;
use std::ops::Range;

use super::story::clock;
use super::{File, Scenario, Word};
use crate::engine::policy::{Policy, Trigger};

/// A part of a file's text and what is to stand there.
pub type Edit = (Range<usize>, String);

/// The text after all edits, which do not overlap.
pub fn rewritten(text: &str, mut edits: Vec<Edit>) -> String {
    let mut text = text.to_owned();
    edits.sort_by_key(|(span, _)| span.start);
    for (span, fresh) in edits.into_iter().rev() {
        text.replace_range(span, &fresh);
    }
    text
}

/// What lets the given scenarios (by number) expect what was said of them.
pub fn edits(file: &File, policy: &Policy, said: &[(usize, Vec<Word>)]) -> Vec<Edit> {
    let edit = |(ix, words): &(usize, Vec<Word>)| {
        let scenario = &file.scenarios[*ix];
        let before = file.text.get(scenario.expect_span.clone()).unwrap_or("");
        let value = value(scenario, policy, words, &comments(before));
        let fresh = if scenario.expect_missing {
            format!("\nexpect = {value}")
        } else {
            value
        };
        (scenario.expect_span.clone(), fresh)
    };
    said.iter().map(edit).collect()
}

/// What people wrote beside the verdicts of a list.
fn comments(list: &str) -> Vec<&str> {
    let lines = list.lines().filter_map(|line| {
        let (mut quoted, mut at) = (false, None);
        for (place, c) in line.char_indices() {
            match c {
                '"' | '\'' => quoted = !quoted,
                '#' if !quoted => {
                    at = Some(place);
                    break;
                }
                _ => {}
            }
        }
        at.map(|at| line[at..].trim_end())
    });
    lines.collect()
}

/// The list of verdicts as a file writes it, below the comments it had.
fn value(scenario: &Scenario, policy: &Policy, words: &[Word], comments: &[&str]) -> String {
    if words.is_empty() && comments.is_empty() {
        return "[]".into();
    }
    let instant = matches!(policy.trigger, Trigger::On { .. });
    let mut text = String::from("[\n");
    for comment in comments {
        let _ = writeln!(text, "    {comment}");
    }
    for word in words {
        let mut parts = Vec::new();
        for (key, id) in [
            ("officer", &word.officer),
            ("counter", &word.counter),
            ("lockbox", &word.lockbox),
        ] {
            if let Some(id) = id {
                parts.push(format!("{key} = \"{id}\""));
            }
        }
        let since = clock(word.since, scenario);
        if instant {
            parts.push(format!("at = \"{since}\""));
        } else {
            parts.push(format!("since = \"{since}\""));
            parts.push(format!("opened = \"{}\"", clock(word.opened, scenario)));
            if let Some(until) = word.until {
                parts.push(format!("until = \"{}\"", clock(until, scenario)));
            }
        }
        let _ = writeln!(text, "    {{ {} }},", parts.join(", "));
    }
    text.push(']');
    text
}
