//! An explanation as text for a terminal.

use std::fmt::{self, Write};

use super::words::{Words, words};
use super::{Cause, Explanation};
use crate::engine::roster::{Language, Roster};
use crate::engine::time::Moment;
use crate::letter;

pub fn write(explanation: &Explanation, roster: &Roster, language: Language, out: &mut String) -> fmt::Result {
    let words = words(language);
    let (verdict, policy) = (&explanation.verdict, &explanation.policy);
    let exact = |at: Moment| words.exact(at, roster);
    let title = match language {
        Language::Id => &policy.title.id,
        Language::En => &policy.title.en,
    };
    let parts = [
        verdict.counter.as_ref().map(|id| id.as_str()),
        verdict.lockbox.as_ref().map(|id| id.as_str()),
        verdict.officer.as_ref().map(|id| id.as_str()),
    ];
    let subject: Vec<&str> = parts.into_iter().flatten().collect();
    writeln!(out, "{}: {title} ({})", words.title, policy.id)?;
    writeln!(out, "{}", words.judged)?;
    if let Some(recorded) = &explanation.recorded {
        writeln!(out, "{}", words.recorded(recorded, roster))?;
    }
    writeln!(out)?;
    writeln!(
        out,
        "{}: {}, {}",
        words.subject,
        subject.join(", "),
        verdict.since.date(roster.office.zone)
    )?;
    writeln!(out, "{}: {}", words.policy, policy.condition)?;
    if let Some(meaning) = words.stands_for(policy) {
        writeln!(out, "  {meaning}")?;
    }
    if let Some(decision) = letter::decision(policy, language) {
        writeln!(out, "  {decision}")?;
    }
    if !explanation.pieces.is_empty() {
        writeln!(out, "{}:", words.held)?;
    }
    for (ix, (start, end)) in explanation.pieces.iter().enumerate() {
        let open = ix + 1 == explanation.pieces.len() && verdict.until.is_none();
        let until = match open {
            true => words.still.to_owned(),
            false => exact(*end),
        };
        let span = letter::duration(end.ms_since(*start), language);
        writeln!(out, "  {} {} {until} ({span})", exact(*start), words.until)?;
    }
    let momentary = verdict.until == Some(verdict.since);
    writeln!(
        out,
        "{} {}: {}",
        words.opened,
        exact(verdict.opened),
        words.why_then(policy.for_ms, momentary)
    )?;
    writeln!(out)?;
    stories(explanation, roster, words, out)?;
    writeln!(out, "{}", words.silences)?;
    if explanation.silences.is_empty() {
        writeln!(out, "  {}", words.no_silence)?;
    }
    for silence in &explanation.silences {
        let until = silence.until.map_or_else(|| words.still.to_owned(), exact);
        writeln!(
            out,
            "  {}: {} {} {until}",
            silence.device,
            exact(silence.from),
            words.until
        )?;
    }
    for (device, at) in &explanation.horizons {
        writeln!(out, "  {} {device}: {}", words.horizons, exact(*at))?;
    }
    writeln!(out)?;
    writeln!(out, "{}", words.ways)?;
    writeln!(out, "  {}", words.hint_of(&explanation.ways))?;
    for way in &explanation.ways {
        writeln!(out, "  - {}", words.way(way, roster))?;
    }
    Ok(())
}

fn stories(explanation: &Explanation, roster: &Roster, words: &Words, out: &mut String) -> fmt::Result {
    let since = explanation.verdict.since;
    let line = |at: Moment, ix: usize, what: &str, cause: &Cause| {
        // How things stood when the story began: the look may be of long before.
        let from = match ix == 0 && at < since.plus_ms(-super::story::BACK_MS) {
            true => words.earlier.to_owned(),
            false => words.exact(at, roster),
        };
        format!("    {from:<14} {what:<16} {}", words.cause(cause))
    };
    if !explanation.names.is_empty() {
        writeln!(out, "{}", words.names)?;
    }
    for story in &explanation.names {
        writeln!(out, "  {}", story.name)?;
        for (ix, (at, value, cause)) in story.values.iter().enumerate() {
            writeln!(out, "{}", line(*at, ix, value, cause))?;
        }
    }
    if explanation.further_clauses().next().is_some() {
        writeln!(out, "\n{}", words.clauses)?;
    }
    for story in explanation.further_clauses() {
        writeln!(out, "  {}", story.text)?;
        for (ix, (at, holds, cause)) in story.turns.iter().enumerate() {
            let word = match holds {
                true => words.clause_true,
                false => words.clause_false,
            };
            writeln!(out, "{}", line(*at, ix, word, cause))?;
        }
    }
    writeln!(out)
}
