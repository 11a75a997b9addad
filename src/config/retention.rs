//! The section `[retention]`: what is kept how long.

use chrono::NaiveTime;

use super::read::Section;
use crate::engine::time::Span;

const DAY_MS: i64 = 86_400_000;
/// Business dates are judged again until `settle_after` behind their end, and what was decided of them is in memory a
/// little longer: what is younger than that never goes.
const BEYOND_SETTLED_MS: i64 = 3 * DAY_MS;
const LONGEST_MS: i64 = 36_500 * DAY_MS;

/// What is kept how long, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Heartbeats and ticks, as the messages they came in; then they are packed.
    pub heartbeats_ms: i64,
    /// Every other event of the ledger.
    pub events_ms: i64,
    /// Incidents with the names of people, from their end on.
    pub indications_ms: i64,
    /// What letters said and whom they went to.
    pub letters_ms: i64,
    pub quarantine_ms: i64,
    /// When a run begins each day, in the office's zone. `None`: only when somebody asks for it.
    pub at: Option<NaiveTime>,
}

impl Retention {
    /// What counts where nothing is said.
    pub fn usual(settle_after_ms: i64) -> Retention {
        let least = settle_after_ms + BEYOND_SETTLED_MS;
        let indications_ms = least.max(90 * DAY_MS);
        Retention {
            heartbeats_ms: least.max(30 * DAY_MS),
            events_ms: indications_ms.max(365 * DAY_MS),
            indications_ms,
            letters_ms: indications_ms,
            quarantine_ms: 90 * DAY_MS,
            at: NaiveTime::from_hms_opt(2, 30, 0),
        }
    }
}

pub(super) fn retention(root: &mut Section<'_>, settle_after_ms: i64) -> Retention {
    let mut section = root.section("retention");
    let least = settle_after_ms + BEYOND_SETTLED_MS;
    let usual = Retention::usual(settle_after_ms);
    let why = format!(
        "must be at least \"{}\": 3 days more than `settle_after`, while which it may still be judged again",
        Span::ms(least)
    );
    let span = |section: &mut Section<'_>, key, usual: i64| {
        let asked = section.span(key, Span::ms(DAY_MS)..=Span::ms(LONGEST_MS));
        if asked.is_some_and(|asked| asked < least) {
            section.wrong(key, &why);
        }
        asked.unwrap_or(usual)
    };
    let heartbeats_ms = span(&mut section, "heartbeats", usual.heartbeats_ms);
    let indications_ms = span(&mut section, "indications", usual.indications_ms);
    let letters_ms = span(&mut section, "letters", indications_ms);
    let longest_ms = heartbeats_ms.max(indications_ms);
    let events_ms = span(&mut section, "events", usual.events_ms.max(longest_ms));
    if events_ms < longest_ms {
        section.wrong(
            "events",
            "must be no shorter than `heartbeats` and `indications`: what an incident rests on is kept as long as its names",
        );
    }
    let quarantine_ms = section.span("quarantine", Span::ms(DAY_MS)..=Span::ms(LONGEST_MS));
    let at = match section.text("at").as_deref() {
        None => usual.at,
        Some("never") => None,
        Some(text) => {
            let at = NaiveTime::parse_from_str(text, "%H:%M").ok();
            if at.is_none() {
                section.wrong("at", "must be a time of day like \"02:30\", or \"never\"");
            }
            at
        }
    };
    section.end(root);
    Retention {
        heartbeats_ms,
        events_ms,
        indications_ms,
        letters_ms,
        quarantine_ms: quarantine_ms.unwrap_or(usual.quarantine_ms),
        at,
    }
}
