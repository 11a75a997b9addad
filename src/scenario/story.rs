//! A failed scenario as a timeline: what happened, what was expected, and what the policy said.

use std::fmt::Write as _;

use crate::engine::time::Moment;

use super::{Scenario, Word};

/// A time as scenarios write it: of the clock, with the date on another day than the story's first.
pub fn clock(moment: Moment, scenario: &Scenario) -> String {
    let zone = scenario.roster.office.zone;
    let local = moment.local(zone);
    let form = if moment.0.rem_euclid(1_000) == 0 {
        "%H:%M:%S"
    } else {
        "%H:%M:%S%.3f"
    };
    if local.date_naive() == scenario.date {
        local.format(form).to_string()
    } else {
        local.format(&format!("%Y-%m-%d {form}")).to_string()
    }
}

/// Whom a verdict is about.
fn subject(word: &Word) -> String {
    let parts = [&word.officer, &word.counter, &word.lockbox];
    let named: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    if named.is_empty() {
        "the office".into()
    } else {
        named.join(" at ")
    }
}

/// A verdict in one line.
fn sentence(word: &Word, scenario: &Scenario) -> String {
    let until = match word.until {
        Some(until) => format!("until {}", clock(until, scenario)),
        None => "still holds".into(),
    };
    format!(
        "{}: since {}, opened {}, {until}",
        subject(word),
        clock(word.since, scenario),
        clock(word.opened, scenario)
    )
}

/// What was expected and not said, and what was said and not expected.
fn difference<'w>(expected: &'w [Word], got: &'w [Word]) -> (Vec<&'w Word>, Vec<&'w Word>) {
    let mut unexpected: Vec<&Word> = got.iter().collect();
    let mut missing = Vec::new();
    for word in expected {
        match unexpected.iter().position(|said| *said == word) {
            Some(at) => {
                unexpected.remove(at);
            }
            None => missing.push(word),
        }
    }
    (missing, unexpected)
}

/// The story with the difference beside it, indented.
pub fn timeline(scenario: &Scenario, got: &[Word]) -> String {
    let (missing, unexpected) = difference(&scenario.expected, got);
    let mut rows: Vec<(Moment, u8, char, String)> = Vec::new();
    for line in &scenario.lines {
        rows.push((line.at, 0, ' ', line.text.clone()));
    }
    for (mark, words) in [('-', &missing), ('+', &unexpected)] {
        for word in words.iter() {
            let who = subject(word);
            let order = if mark == '-' { 1 } else { 2 };
            if word.until == Some(word.since) {
                rows.push((word.since, order, mark, format!("{who}: at this moment")));
                continue;
            }
            rows.push((word.since, order, mark, format!("┌ {who}: since here")));
            rows.push((word.opened, order, mark, format!("│ {who}: opened")));
            match word.until {
                Some(until) => rows.push((until, order, mark, format!("└ {who}: until here"))),
                None => rows.push((scenario.ends, order, mark, format!("┆ {who}: still holds"))),
            }
        }
    }
    rows.sort_by_key(|row| (row.0, row.1));
    let mut text = String::new();
    for (mark, words) in [("- expected", &missing), ("+ said    ", &unexpected)] {
        for word in words.iter() {
            let _ = writeln!(text, "      {mark}  {}", sentence(word, scenario));
        }
    }
    text.push('\n');
    for (at, _, mark, what) in rows {
        let _ = writeln!(text, "      {mark} {:<12}  {what}", clock(at, scenario));
    }
    text
}
