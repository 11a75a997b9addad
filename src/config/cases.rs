//! The sections that rule cases and mail: `[cases]`, `[summaries]`, `[signals]`.

use chrono::NaiveTime;

use super::read::Section;
use crate::case::Terms;
use crate::case::exemption::Longest;
use crate::case::pattern::Repeats;
use crate::case::signal::Bounds;
use crate::case::summary::Summaries;
use crate::engine::time::Span;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Everything but what `[mail]` says of digests.
pub(super) fn terms(root: &mut Section<'_>) -> Terms {
    let usual = Terms::default();
    let mut cases = root.section("cases");
    let mut span = |key, least: i64, most: i64, usual: i64| {
        let asked = cases.span(key, Span::ms(least)..=Span::ms(most));
        asked.unwrap_or(usual)
    };
    let ack_within_ms = span("ack_within", 1_000, DAY_MS, usual.ack_within_ms);
    let integrity_after_ms = span("integrity_after", 1_000, 14 * DAY_MS, usual.integrity_after_ms);
    let ack_holds_ms = span("ack_holds", HOUR_MS, 90 * DAY_MS, usual.ack_holds_ms);
    let appeal_within_ms = span("appeal_within", DAY_MS, 366 * DAY_MS, usual.appeal_within_ms);
    let review_within_ms = span("review_within", DAY_MS, 366 * DAY_MS, usual.review_within_ms);
    let heard_within_ms = span("heard_within", HOUR_MS, 90 * DAY_MS, usual.heard_within_ms);
    let longest = Longest {
        supervisor_ms: span("supervisor_exempts", HOUR_MS, 366 * DAY_MS, usual.longest.supervisor_ms),
        integrity_ms: span("integrity_exempts", HOUR_MS, 366 * DAY_MS, usual.longest.integrity_ms),
    };
    let minor_within = span("minor_within", DAY_MS, 366 * DAY_MS, usual.minor_repeats.within_ms);
    let major_within = span("major_within", DAY_MS, 366 * DAY_MS, usual.major_repeats.within_ms);
    let mut count = |key, usual: usize| {
        let asked = cases.whole(key, 2..=100);
        asked.map_or(usual, |count| count as usize)
    };
    let minor_repeats = Repeats {
        count: count("minor_repeats", usual.minor_repeats.count),
        within_ms: minor_within,
    };
    let major_repeats = Repeats {
        count: count("major_repeats", usual.major_repeats.count),
        within_ms: major_within,
    };
    if integrity_after_ms < ack_within_ms {
        cases.wrong(
            "integrity_after",
            "must be no shorter than `ack_within`: the next in line is asked before the integrity team",
        );
    }
    if longest.integrity_ms < longest.supervisor_ms {
        cases.wrong(
            "integrity_exempts",
            "must be no shorter than `supervisor_exempts`: what a supervisor may grant, the integrity team may",
        );
    }
    cases.end(root);
    Terms {
        ack_within_ms,
        integrity_after_ms,
        ack_holds_ms,
        appeal_within_ms,
        review_within_ms,
        heard_within_ms,
        longest,
        minor_repeats,
        major_repeats,
        summaries: summaries(root),
        signals: signals(root),
        ..usual
    }
}

fn summaries(root: &mut Section<'_>) -> Summaries {
    use chrono::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let usual = Summaries::default();
    let mut section = root.section("summaries");
    let days = [
        ("never", None),
        ("monday", Some(Mon)),
        ("tuesday", Some(Tue)),
        ("wednesday", Some(Wed)),
        ("thursday", Some(Thu)),
        ("friday", Some(Fri)),
        ("saturday", Some(Sat)),
        ("sunday", Some(Sun)),
    ];
    let weekly = section.choice("weekly", &days).unwrap_or(usual.weekly);
    let monthly = section.switch("monthly").unwrap_or(usual.monthly);
    let at = section.text("at").map(|text| minutes(&text));
    if at == Some(None) {
        section.wrong("at", "must be a time of day like \"08:00\"");
    }
    section.end(root);
    Summaries {
        weekly,
        monthly,
        at_minutes: at.flatten().unwrap_or(usual.at_minutes),
    }
}

fn signals(root: &mut Section<'_>) -> Bounds {
    let usual = Bounds::default();
    let mut section = root.section("signals");
    let days = |section: &mut Section<'_>, key, usual: i64| {
        let asked = section.span(key, Span::ms(DAY_MS)..=Span::ms(90 * DAY_MS));
        asked.unwrap_or(usual)
    };
    let whole = |section: &mut Section<'_>, key, most: u64, usual: u32| {
        let asked = section.whole(key, 1..=most);
        asked.map_or(usual, |count| count as u32)
    };
    let window_ms = days(&mut section, "window", usual.window_ms);
    let quiet_ms = days(&mut section, "quiet_for", usual.quiet_ms);
    let within = Span::ms(1_000)..=Span::ms(HOUR_MS);
    let fast_ms = section.span("fast_within", within.clone()).unwrap_or(usual.fast_ms);
    let after_ms = section.span("after_sign_in", within).unwrap_or(usual.after_ms);
    let bounds = Bounds {
        window_ms,
        fast_ms,
        fast_least: whole(&mut section, "fast_least", 1_000, usual.fast_least),
        fast_percent: whole(&mut section, "fast_percent", 100, usual.fast_percent),
        quiet_ms,
        coverage_percent: whole(&mut section, "coverage_percent", 100, usual.coverage_percent),
        served_least_ms: usual.served_least_ms,
        after_ms,
        silences_least: whole(&mut section, "silences_least", 1_000, usual.silences_least),
        silences_percent: whole(&mut section, "silences_percent", 100, usual.silences_percent),
    };
    section.end(root);
    bounds
}

/// Minutes after midnight of a time of day.
pub(super) fn minutes(text: &str) -> Option<u32> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
    Some(time.signed_duration_since(NaiveTime::MIN).num_minutes() as u32)
}
