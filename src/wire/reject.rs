//! What could not be accepted, and how its reason is worded.

use std::fmt;

/// Why a message was not accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejected {
    /// One of `CODES`.
    pub code: &'static str,
    /// A sentence for people: what is wrong, where, and what to do.
    pub reason: String,
}

impl Rejected {
    /// Every code there is, for counters.
    pub const CODES: [&str; 23] = [
        "bad_id",
        "bad_interval",
        "bad_sequence",
        "bad_source",
        "bad_status",
        "bad_time",
        "bad_value",
        "bad_version",
        "conflict",
        "duplicate_key",
        "missing_field",
        "not_json",
        "source_mismatch",
        "tick_refused",
        "too_far_ahead",
        "too_large",
        "too_late",
        "unknown_device",
        "unknown_office",
        "unknown_type",
        "wrong_device",
        "wrong_topic",
        "wrong_type",
    ];

    pub(super) fn new(code: &'static str, reason: String) -> Rejected {
        Rejected { code, reason }
    }

    /// A different body under a known identity: what was accepted first stands (contract §2).
    pub fn conflict(source: &str, id: &str) -> Rejected {
        Rejected::new(
            "conflict",
            format!(
                "{} has sent another event under the id {} before, and the first one stands: give each event an id of its own",
                quote(source),
                quote(id)
            ),
        )
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.code)
    }
}

impl std::error::Error for Rejected {}

/// What a sender wrote, in quotation marks: shortened, and without control characters.
pub(super) fn quote(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut quoted = String::from("\"");
    for (n, c) in text.chars().enumerate() {
        if n == CHARS_MAX {
            quoted.push('…');
            break;
        }
        quoted.push(if c.is_control() { '\u{fffd}' } else { c });
    }
    quoted.push('"');
    quoted
}

/// A long span in the largest unit that fits.
pub(super) fn in_words(ms: i64) -> String {
    let seconds = ms / 1_000;
    for (unit, name) in [
        (86_400 * 365, "years"),
        (86_400, "days"),
        (3_600, "hours"),
        (60, "minutes"),
    ] {
        if seconds >= unit * 2 {
            return format!("{} {name}", seconds / unit);
        }
    }
    format!("{seconds} seconds")
}

/// The candidate that a typo most likely meant, if one is near enough.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // What is that long is no typo, and must not cost time.
    if word.len() > 64 {
        return None;
    }
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many characters must be put in, left out or changed; small and capital letters are the same.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (n, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = n + 1;
        for (m, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(!a.eq_ignore_ascii_case(b));
            diagonal = row[m + 1];
            row[m + 1] = changed.min(row[m] + 1).min(row[m + 1] + 1);
        }
    }
    row[other.len()]
}
