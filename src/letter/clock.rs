//! Times, dates and durations as people read them.

use chrono::{Datelike as _, Timelike as _};
use chrono_tz::Tz;

use crate::engine::roster::Language;
use crate::engine::time::Moment;

const DAYS_ID: [&str; 7] = ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"];
const DAYS_EN: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS_ID: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `WIB`, `WITA`, `WIT`; a zone without a name of its own is given as its offset.
pub fn zone_name(at: Moment, zone: Tz) -> String {
    let name = at.local(zone).format("%Z").to_string();
    match name.starts_with(['+', '-']) {
        true => format!("UTC{}", at.local(zone).format("%:z")),
        false => name,
    }
}

/// `10:02:10`
pub fn time(at: Moment, zone: Tz) -> String {
    at.local(zone).format("%H:%M:%S").to_string()
}

/// `10:02`
pub fn short_time(at: Moment, zone: Tz) -> String {
    at.local(zone).format("%H:%M").to_string()
}

/// `November`; months are counted from 0.
pub fn month(month0: usize, language: Language) -> &'static str {
    match language {
        Language::Id => MONTHS_ID[month0],
        Language::En => MONTHS_EN[month0],
    }
}

/// `Selasa, 24 November 2026`
pub fn date(at: Moment, zone: Tz, language: Language) -> String {
    let local = at.local(zone);
    let (days, months) = match language {
        Language::Id => (DAYS_ID, MONTHS_ID),
        Language::En => (DAYS_EN, MONTHS_EN),
    };
    let day = days[local.weekday().num_days_from_monday() as usize];
    format!(
        "{day}, {} {} {}",
        local.day(),
        months[local.month0() as usize],
        local.year()
    )
}

/// `24 Nov`, for times that do not fall on the day the reader has in mind.
fn short_date(at: Moment, zone: Tz, language: Language) -> String {
    let local = at.local(zone);
    let months = match language {
        Language::Id => MONTHS_ID,
        Language::En => MONTHS_EN,
    };
    let month: String = months[local.month0() as usize].chars().take(3).collect();
    format!("{} {month}", local.day())
}

/// A time of day, with the date before it where it is not that of `day`.
pub fn time_on(at: Moment, day: Moment, zone: Tz, language: Language) -> String {
    match at.date(zone) == day.date(zone) {
        true => time(at, zone),
        false => format!("{} {}", short_date(at, zone, language), time(at, zone)),
    }
}

/// `6 menit 52 detik`; whole seconds, the two largest units that count.
pub fn duration(ms: i64, language: Language) -> String {
    let seconds = ms.max(0) / 1_000;
    let parts = [
        (seconds / 3_600, "jam", "hour"),
        (seconds % 3_600 / 60, "menit", "minute"),
        (seconds % 60, "detik", "second"),
    ];
    let words: Vec<String> = parts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .take(2)
        .map(|(count, id, en)| match language {
            Language::Id => format!("{count} {id}"),
            Language::En if *count == 1 => format!("1 {en}"),
            Language::En => format!("{count} {en}s"),
        })
        .collect();
    match (words.is_empty(), language) {
        (false, _) => words.join(" "),
        (true, Language::Id) => "kurang dari 1 detik".into(),
        (true, Language::En) => "less than 1 second".into(),
    }
}

/// How a sentence says when something was: it still holds, it is over, or it was a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tense {
    Holds,
    Over,
    Instant,
}

/// `sejak 10:02:10 WIB`, `pada 10:02:10–10:09:02 WIB`, `pada pukul 10:02:10 WIB`
pub fn when(since: Moment, until: Option<Moment>, zone: Tz, language: Language) -> (Tense, String) {
    let name = zone_name(since, zone);
    let start = time(since, zone);
    match (until, language) {
        (None, Language::Id) => (Tense::Holds, format!("sejak {start} {name}")),
        (None, Language::En) => (Tense::Holds, format!("since {start} {name}")),
        (Some(end), Language::Id) if end == since => (Tense::Instant, format!("pada pukul {start} {name}")),
        (Some(end), Language::En) if end == since => (Tense::Instant, format!("at {start} {name}")),
        (Some(end), Language::Id) => {
            let end = time_on(end, since, zone, language);
            (Tense::Over, format!("pada pukul {start} s.d. {end} {name}"))
        }
        (Some(end), Language::En) => {
            let end = time_on(end, since, zone, language);
            (Tense::Over, format!("from {start} to {end} {name}"))
        }
    }
}

/// Whether the whole seconds of both moments are the same, so that a reader sees no difference.
pub fn looks_same(a: Moment, b: Moment, zone: Tz) -> bool {
    let (a, b) = (a.local(zone), b.local(zone));
    a.date_naive() == b.date_naive() && a.num_seconds_from_midnight() == b.num_seconds_from_midnight()
}
