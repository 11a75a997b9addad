//! The report as text for a terminal.

use std::fmt::{self, Write};

use super::compare::Change;
use super::report::{Report, Row, Tally};
use super::words::{Words, words};
use crate::engine::roster::Language;
use crate::engine::time::{Moment, Span};
use crate::engine::verdict::Verdict;

/// Changes listed for one day.
const LISTED: usize = 8;
/// Rows of a table before it is cut.
const ROWS: usize = 15;

pub fn write(report: &Report, language: Language, out: &mut String) -> fmt::Result {
    let words = words(language);
    writeln!(out, "{} · {}", words.title, report.office_name)?;
    if let (Some(from), Some(to)) = (report.from, report.to) {
        write!(
            out,
            "{from} {} {to} · {} {} · {} {}",
            words.to, report.days, words.days, report.events, words.events
        )?;
        if report.rejected > 0 {
            write!(out, " · {} {}", report.rejected, words.rejected)?;
        }
        writeln!(out)?;
    }
    writeln!(out)?;
    policies(report, words, out)?;
    let lead = match report.is_unchanged() {
        true => words.lead_same,
        false => words.lead_changed,
    };
    writeln!(out, "{lead}\n")?;
    head(words.verdicts, words, out)?;
    line("", &report.total, out)?;
    writeln!(out)?;
    table(words.by_policy, report.by_policy.iter(), words, out)?;
    if !report.is_unchanged() {
        table(words.by_officer, changed(&report.by_officer), words, out)?;
        table(words.by_counter, changed(&report.by_counter), words, out)?;
        head(words.by_hour, words, out)?;
        for (hour, tally) in report
            .by_hour
            .iter()
            .enumerate()
            .filter(|(_, tally)| tally.changes() > 0)
        {
            line(&format!("{hour:02}.00"), tally, out)?;
        }
        writeln!(out)?;
    }
    letters(report, words, out)?;
    days(report, words, out)
}

fn policies(report: &Report, words: &Words, out: &mut String) -> fmt::Result {
    writeln!(out, "{}", words.what_differs)?;
    if report.policies.is_empty() {
        writeln!(out, "  {}", words.sets_equal)?;
    }
    for policy in &report.policies {
        match policy.change {
            "added" => writeln!(out, "  {} ({})", policy.policy, words.added)?,
            "removed" => writeln!(out, "  {} ({})", policy.policy, words.removed)?,
            _ => writeln!(out, "  {}", policy.policy)?,
        }
        for difference in &policy.differences {
            writeln!(
                out,
                "    {}: {} → {}",
                difference.key, difference.before, difference.after
            )?;
        }
    }
    writeln!(out)
}

fn changed(rows: &[Row]) -> impl Iterator<Item = &Row> {
    rows.iter().filter(|row| row.tally.changes() > 0)
}

fn head(what: &str, words: &Words, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "{what:<34} {:>9} {:>9} {:>9} {:>9} {:>9}",
        words.before, words.after, words.opened, words.vanished, words.moved
    )
}

fn line(what: &str, tally: &Tally, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "  {what:<32} {:>9} {:>9} {:>9} {:>9} {:>9}",
        tally.before, tally.after, tally.opened, tally.vanished, tally.moved
    )
}

fn table<'r>(title: &str, rows: impl Iterator<Item = &'r Row>, words: &Words, out: &mut String) -> fmt::Result {
    let rows: Vec<&Row> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    head(title, words, out)?;
    for row in rows.iter().take(ROWS) {
        line(&row.id, &row.tally, out)?;
    }
    if rows.len() > ROWS {
        writeln!(out, "  … {} {}", rows.len() - ROWS, words.more)?;
    }
    writeln!(out)
}

fn letters(report: &Report, words: &Words, out: &mut String) -> fmt::Result {
    if report.letters.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{:<34} {:>19} {:>19} {:>15}",
        words.letters, words.incidents_day, words.letters_day, words.busiest
    )?;
    for row in &report.letters {
        let who = match &row.role {
            Some(role) => format!("{} ({})", row.person, words.role(role)),
            None => row.person.clone(),
        };
        let pair = |before: f64, after: f64| format!("{before:.2} → {after:.2}");
        writeln!(
            out,
            "  {who:<32} {:>19} {:>19} {:>15}",
            pair(row.before.incidents_per_day, row.after.incidents_per_day),
            pair(row.before.letters_per_day, row.after.letters_per_day),
            format!("{} → {}", row.before.letters_most, row.after.letters_most),
        )?;
    }
    writeln!(out)
}

fn days(report: &Report, words: &Words, out: &mut String) -> fmt::Result {
    if report.most_changed_days.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", words.changed_days)?;
    for date in &report.most_changed_days {
        let Some(day) = report.by_day.iter().find(|day| day.date == *date) else {
            continue;
        };
        writeln!(
            out,
            "  {date}  +{} −{} ~{}",
            day.tally.opened, day.tally.vanished, day.tally.moved
        )?;
        let changes: Vec<_> = report.changes_of(*date).collect();
        for change in changes.iter().take(LISTED) {
            let sign = match change.word() {
                "opened" => '+',
                "vanished" => '−',
                _ => '~',
            };
            let verdict = change.verdict();
            write!(
                out,
                "    {sign} {:<28} {:<22} ",
                verdict.policy.as_str(),
                subject(verdict)
            )?;
            writeln!(out, "{}", told(change, report, words))?;
        }
        if changes.len() > LISTED {
            writeln!(out, "    … {} {}", changes.len() - LISTED, words.more)?;
        }
    }
    Ok(())
}

/// `loket-03 p-003`
pub(super) fn subject(verdict: &Verdict) -> String {
    let parts = [
        verdict.counter.as_ref().map(|id| id.as_str()),
        verdict.lockbox.as_ref().map(|id| id.as_str()),
        verdict.officer.as_ref().map(|id| id.as_str()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What an interval was and would be; where it stays, what else differs.
pub(super) fn told(change: &Change, report: &Report, words: &Words) -> String {
    let (Some(before), Some(after)) = (change.before(), change.after()) else {
        return interval(change.verdict(), report, words);
    };
    let spans = [before, after].map(|verdict| interval(verdict, report, words));
    if (before.since, before.until) != (after.since, after.until) {
        return spans.join(" → ");
    }
    let mut text = spans[0].clone();
    if before.opened != after.opened {
        let (old, new) = (clock(before.opened, report), clock(after.opened, report));
        // Writing to a String cannot fail.
        let _ = write!(text, " ({} {old} → {new})", words.told_at);
    }
    if (before.class, before.severity) != (after.class, after.severity) {
        let weight = |verdict: &Verdict| format!("{} {}", verdict.class.as_str(), verdict.severity.as_str());
        let _ = write!(text, " ({} → {})", weight(before), weight(after));
    }
    text
}

fn clock(at: Moment, report: &Report) -> String {
    at.local(report.zone).format("%H:%M:%S").to_string()
}

/// `10:02:10–10:09:02`
fn interval(verdict: &Verdict, report: &Report, words: &Words) -> String {
    let time = |at: Moment| clock(at, report);
    match verdict.until {
        Some(until) if until == verdict.since => time(until),
        Some(until) => format!("{}–{}", time(verdict.since), time(until)),
        None => format!("{}– ({})", time(verdict.since), words.still),
    }
}

/// Hours and minutes, for sums.
pub(super) fn held(ms: i64) -> String {
    Span::ms(ms / 60_000 * 60_000).to_string()
}
