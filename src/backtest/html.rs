//! The report as one page that needs nothing else.

use chrono::{Datelike as _, NaiveDate};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::compare::Change;
use super::plot::{self, Bar};
use super::report::{DayRow, Report, Row, Tally};
use super::text::{held, subject, told};
use super::words::{Words, words};
use crate::engine::roster::Language;

const STYLE: &str = include_str!("page.css");
/// Changes listed for one day.
const LISTED: usize = 12;
/// Rows of a table.
const ROWS: usize = 30;
/// More days than this are shown by the week.
const DAYS_AS_DAYS: usize = 62;

pub fn page(report: &Report, language: Language) -> String {
    let words = words(language);
    let unchanged = report.is_unchanged();
    let page = html! {
        (DOCTYPE)
        html lang=(words.code) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (words.title) " · " (report.office_name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (words.title) }
                    p { (report.office_name) }
                    @if let (Some(from), Some(to)) = (report.from, report.to) {
                        p {
                            (from) " " (words.to) " " (to) " · " (report.days) " " (words.days) " · " (grouped(report.events, words)) " " (words.events)
                            @if report.rejected > 0 { " · " (grouped(report.rejected, words)) " " (words.rejected) }
                        }
                    }
                }
                main {
                    (summary(report, words))
                    (differences(report, words))
                    @if !unchanged {
                        (over_time(report, words))
                    }
                    (table(words.by_policy, words.policy, &report.by_policy, report, words))
                    (letters(report, words))
                    @if !unchanged {
                        (hours(report, words))
                        (table(words.by_officer, words.officer, &report.by_officer, report, words))
                        (table(words.by_counter, words.counter, &report.by_counter, report, words))
                        (changed_days(report, words))
                    }
                }
                footer { p { (words.foot) } }
            }
        }
    };
    page.into_string()
}

fn summary(report: &Report, words: &Words) -> Markup {
    let total = &report.total;
    let tiles = [
        ("t-before", words.before, total.before),
        ("t-after", words.after, total.after),
        ("t-opened", words.opened, total.opened),
        ("t-vanished", words.vanished, total.vanished),
        ("t-moved", words.moved, total.moved),
    ];
    html! {
        section {
            p.lead { @if report.is_unchanged() { (words.lead_same) } @else { (words.lead_changed) } }
            div.tiles {
                @for (class, word, count) in tiles {
                    div.tile.(class) { b { (grouped(count, words)) } (word) }
                }
            }
            p.soft { (words.explained) }
        }
    }
}

fn differences(report: &Report, words: &Words) -> Markup {
    html! {
        section {
            h2 { (words.what_differs) }
            @if report.policies.is_empty() { p { (words.sets_equal) } }
            @for policy in &report.policies {
                div.difference {
                    h3 {
                        @if let Some(title) = report.titles.get(&policy.policy) { (words.of(title)) " " }
                        code { (policy.policy) }
                        @match policy.change { "added" => { " (" (words.added) ")" }, "removed" => { " (" (words.removed) ")" }, _ => {} }
                    }
                    @for difference in &policy.differences {
                        div { code { (difference.key) } ": " del { (difference.before) } " → " ins { (difference.after) } }
                    }
                }
            }
        }
    }
}

fn over_time(report: &Report, words: &Words) -> Markup {
    let by_week = report.by_day.len() > DAYS_AS_DAYS;
    let mut bars: Vec<Bar> = Vec::new();
    let mut week: Option<NaiveDate> = None;
    for day in &report.by_day {
        let monday = day.date.week(chrono::Weekday::Mon).first_day();
        match bars.last_mut() {
            Some(bar) if by_week && week == Some(monday) => {
                bar.first += day.tally.opened;
                bar.second += day.tally.vanished;
            }
            _ => {
                week = Some(monday);
                let start = if by_week { monday } else { day.date };
                bars.push(Bar {
                    label: format!("{}/{}", start.day(), start.month()),
                    told: start.to_string(),
                    first: day.tally.opened,
                    second: day.tally.vanished,
                });
            }
        }
    }
    for bar in &mut bars {
        bar.told = format!(
            "{}: +{} {}, −{} {}",
            bar.told, bar.first, words.opened, bar.second, words.vanished
        );
    }
    let title = if by_week { words.by_week } else { words.by_day };
    html! {
        section {
            h2 { (title) }
            p.key {
                span { i.k-opened {} (words.opened) }
                span { i.k-vanished {} (words.vanished) }
            }
            (plot::diverging(title, &bars))
        }
    }
}

fn hours(report: &Report, words: &Words) -> Markup {
    let busy = |tally: &Tally| tally.before + tally.after > 0;
    let first = report.by_hour.iter().position(busy).unwrap_or(0);
    let last = report.by_hour.iter().rposition(busy).unwrap_or(23);
    let bars: Vec<Bar> = (first..=last)
        .map(|hour| {
            let tally = &report.by_hour[hour];
            Bar {
                label: format!("{hour:02}"),
                told: format!(
                    "{hour:02}.00–{hour:02}.59: {} {}, {} {}",
                    tally.before, words.before, tally.after, words.after
                ),
                first: tally.before,
                second: tally.after,
            }
        })
        .collect();
    html! {
        section {
            h2 { (words.by_hour) }
            (key(words))
            (plot::paired(words.by_hour, &bars))
        }
    }
}

fn key(words: &Words) -> Markup {
    html! {
        p.key {
            span { i.k-before {} (words.before) }
            span { i.k-after {} (words.after) }
        }
    }
}

fn table(title: &str, what: &str, rows: &[Row], report: &Report, words: &Words) -> Markup {
    let most = rows
        .iter()
        .map(|row| row.tally.before.max(row.tally.after))
        .max()
        .unwrap_or(0);
    html! {
        section {
            h2 { (title) }
            (key(words))
            div.scroll { table {
                thead { tr {
                    th { (what) }
                    th.bar { "" }
                    th { (words.before) } th { (words.after) } th { (words.opened) } th { (words.vanished) } th { (words.moved) }
                    th.hide { (words.held) }
                } }
                tbody {
                    @for row in rows.iter().take(ROWS) {
                        tr {
                            td {
                                @if let Some(title) = report.titles.get(&row.id) { (words.of(title)) br; }
                                @else if let Some(name) = &row.name { (name) " " }
                                code.soft { (row.id) }
                            }
                            td.bar { (plot::cell(row.tally.before, row.tally.after, most)) }
                            @for count in [row.tally.before, row.tally.after, row.tally.opened, row.tally.vanished, row.tally.moved] {
                                td.zero[count == 0] { (grouped(count, words)) }
                            }
                            td.hide { (held(row.tally.held_before_ms)) " → " (held(row.tally.held_after_ms)) }
                        }
                    }
                }
            } }
            @if rows.len() > ROWS { p.soft { "… " (rows.len() - ROWS) " " (words.more) } }
        }
    }
}

fn letters(report: &Report, words: &Words) -> Markup {
    let most = report
        .letters
        .iter()
        .map(|row| row.before.sum.letters.max(row.after.sum.letters))
        .max()
        .unwrap_or(0);
    let rate = |value: f64| match words.code {
        "id" => format!("{value:.2}").replace('.', ","),
        _ => format!("{value:.2}"),
    };
    html! {
        @if !report.letters.is_empty() {
            section {
                h2 { (words.letters) }
                p.soft { (words.letters_lead) }
                (key(words))
                div.scroll { table {
                    thead { tr {
                        th { (words.person) } th.bar { "" } th { (words.incidents_day) } th { (words.letters_day) } th { (words.busiest) }
                    } }
                    tbody {
                        @for row in &report.letters {
                            tr {
                                td {
                                    @if let Some(name) = &row.name { (name) " " }
                                    code.soft { (row.person) }
                                    @if let Some(role) = row.role { br; span.soft { (words.role(role)) } }
                                }
                                td.bar { (plot::cell(row.before.sum.letters, row.after.sum.letters, most)) }
                                td { (rate(row.before.incidents_per_day)) " → " (rate(row.after.incidents_per_day)) }
                                td { (rate(row.before.letters_per_day)) " → " (rate(row.after.letters_per_day)) }
                                td { (row.before.letters_most) " → " (row.after.letters_most) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

fn changed_days(report: &Report, words: &Words) -> Markup {
    let day = |date: &NaiveDate| report.by_day.iter().find(|day| day.date == *date);
    html! {
        section {
            h2 { (words.changed_days) }
            @for day in report.most_changed_days.iter().filter_map(day) { (changed_day(report, day, words)) }
        }
    }
}

fn changed_day(report: &Report, day: &DayRow, words: &Words) -> Markup {
    let changes: Vec<&Change> = report.changes_of(day.date).collect();
    html! {
        div.day {
            h3 {
                (day.date) " "
                span.soft {
                    "+" (day.tally.opened) " −" (day.tally.vanished) " ~" (day.tally.moved) " · "
                    (words.letters) " " (day.letters_before) " → " (day.letters_after)
                }
            }
            ul {
                @for change in changes.iter().take(LISTED) {
                    @let verdict = change.verdict();
                    @let (class, sign, word) = match change {
                        Change::Opened(_) => ("c-opened", "+", words.opened),
                        Change::Vanished(_) => ("c-vanished", "−", words.vanished),
                        Change::Moved { .. } => ("c-moved", "~", words.moved),
                    };
                    li.(class) data-sign=(sign) title=(word) {
                        code { (verdict.policy) } " " span.soft { (subject(verdict)) } " "
                        (told(change, report, words))
                    }
                }
                @if changes.len() > LISTED { li.soft { "… " (changes.len() - LISTED) " " (words.more) } }
            }
        }
    }
}

/// `1.596.647` in Indonesian, `1,596,647` in English.
fn grouped(count: u64, words: &Words) -> String {
    let digits = count.to_string();
    let sign = if words.code == "id" { '.' } else { ',' };
    let mut text = String::new();
    for (ix, digit) in digits.chars().enumerate() {
        if ix > 0 && (digits.len() - ix).is_multiple_of(3) {
            text.push(sign);
        }
        text.push(digit);
    }
    text
}
