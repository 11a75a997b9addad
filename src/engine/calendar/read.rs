//! `[office.calendar]` of a roster: read, checked, every fault with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::{Calendar, Day, Hours, Period, Stretch, Week};

const DAY_MINUTES: u32 = 24 * 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct CalendarToml {
    /// From the begin of this date on it is the truth.
    from: Option<Spanned<Value>>,
    week: WeekToml,
    #[serde(default)]
    period: Vec<PeriodToml>,
    /// Dates on which the office is closed, and why.
    #[serde(default)]
    closed: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    day: Vec<DayToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeekToml {
    monday: Option<HoursToml>,
    tuesday: Option<HoursToml>,
    wednesday: Option<HoursToml>,
    thursday: Option<HoursToml>,
    friday: Option<HoursToml>,
    saturday: Option<HoursToml>,
    sunday: Option<HoursToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursToml {
    open: Spanned<Value>,
    breaks: Option<Spanned<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodToml {
    from: Spanned<Value>,
    until: Spanned<Value>,
    reason: Spanned<String>,
    week: WeekToml,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DayToml {
    date: Spanned<Value>,
    reason: Spanned<String>,
    open: Spanned<Value>,
    breaks: Option<Spanned<Value>>,
}

type Faults = Vec<(Range<usize>, String)>;

impl CalendarToml {
    /// The calendar, as far as it can be read; what is wrong with it goes to `faults`.
    pub(in super::super) fn check(self, text: &str, faults: &mut Faults) -> Calendar {
        let mut reader = Reader { text, faults };
        let from = self.from.and_then(|from| reader.date(&from));
        let week = reader.week(self.week);
        let mut periods: Vec<Period> = Vec::new();
        for period in self.period {
            let reason = reader.reason(period.reason);
            let week = reader.week(period.week);
            let (Some(from), Some(until)) = (reader.date(&period.from), reader.date(&period.until)) else {
                continue;
            };
            if until < from {
                reader.fault(
                    period.until.span(),
                    format!("the period ends before it begins; `until` is its last day, {from} or later"),
                );
                continue;
            }
            if let Some(other) = periods.iter().find(|other| other.from <= until && from <= other.until) {
                let (since, last, reason) = (other.from, other.until, &other.reason);
                reader.fault(
                    period.from.span(),
                    format!(
                        "the period overlaps \"{reason}\" from {since} to {last}; a date can be in one period only"
                    ),
                );
                continue;
            }
            periods.push(Period {
                from,
                until,
                reason,
                week,
            });
        }
        periods.sort_by_key(|period| period.from);
        let mut days: BTreeMap<NaiveDate, Day> = BTreeMap::new();
        for (date, reason) in self.closed {
            let reason = reader.reason(reason);
            let span = date.span();
            let Ok(date) = date.get_ref().parse::<NaiveDate>() else {
                let message = format!("\"{}\" is not a date; write it like 2026-12-25", date.get_ref());
                reader.fault(span, message);
                continue;
            };
            let hours = Hours::default();
            days.insert(date, Day { reason, hours });
        }
        for day in self.day {
            let reason = reader.reason(day.reason);
            let hours = reader.hours(&day.open, day.breaks.as_ref());
            let Some(date) = reader.date(&day.date) else { continue };
            if let Some(other) = days.insert(date, Day { reason, hours }) {
                let reason = other.reason;
                reader.fault(
                    day.date.span(),
                    format!("{date} has been named already, for \"{reason}\"; write all of a date in one place"),
                );
            }
        }
        Calendar {
            from,
            week,
            periods,
            days,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    faults: &'a mut Faults,
}

impl Reader<'_> {
    fn fault(&mut self, span: Range<usize>, message: String) {
        self.faults.push((span, message));
    }

    fn reason(&mut self, reason: Spanned<String>) -> String {
        if reason.get_ref().trim().is_empty() {
            self.fault(
                reason.span(),
                "say why in a word or two, for those who look at it later".into(),
            );
        }
        reason.into_inner()
    }

    fn date(&mut self, value: &Spanned<Value>) -> Option<NaiveDate> {
        // Both `2026-12-25` and `"2026-12-25"` are dates; a time of day belongs to no date here.
        let written = match value.get_ref() {
            Value::Datetime(date) => date.to_string(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let date = written.parse().ok();
        if date.is_none() {
            self.fault(
                value.span(),
                format!("\"{written}\" is not a date; write it like 2026-12-25"),
            );
        }
        date
    }

    fn week(&mut self, week: WeekToml) -> Week {
        let days = [
            week.monday,
            week.tuesday,
            week.wednesday,
            week.thursday,
            week.friday,
            week.saturday,
            week.sunday,
        ];
        Week(days.map(|day| {
            day.map(|day| self.hours(&day.open, day.breaks.as_ref()))
                .unwrap_or_default()
        }))
    }

    fn hours(&mut self, open: &Spanned<Value>, breaks: Option<&Spanned<Value>>) -> Hours {
        let open = self.stretches(open);
        let mut spans = breaks.map(|breaks| self.stretches(breaks)).unwrap_or_default();
        for (span, stretch) in &mut spans {
            let inside = |stretch: Stretch| {
                open.iter()
                    .any(|(_, hours)| hours.from <= stretch.from && stretch.until <= hours.until)
            };
            let tomorrow = Stretch {
                from: stretch.from + DAY_MINUTES,
                until: stretch.until + DAY_MINUTES,
            };
            if inside(tomorrow) {
                // The break of a stretch that passes midnight.
                *stretch = tomorrow;
            } else if !open.is_empty() && !inside(*stretch) {
                self.fault(
                    span.clone(),
                    "the break does not lie within the opening hours of its day".into(),
                );
            }
        }
        let bare = |list: Vec<(Range<usize>, Stretch)>| list.into_iter().map(|(_, stretch)| stretch).collect();
        Hours {
            open: bare(open),
            breaks: bare(spans),
        }
    }

    /// A stretch, or a list of them that do not overlap; each with its place.
    fn stretches(&mut self, value: &Spanned<Value>) -> Vec<(Range<usize>, Stretch)> {
        let many = match value.get_ref() {
            one @ Value::String(_) => std::slice::from_ref(one),
            Value::Array(many) => many,
            _ => &[],
        };
        if many.is_empty() {
            self.fault(
                value.span(),
                "give hours like \"08:00-16:00\", or a list of them; leave out a day on which the office is closed"
                    .into(),
            );
        }
        let mut list: Vec<(Range<usize>, Stretch)> = Vec::new();
        for one in many {
            let span = self.place(value, one);
            match one.as_str().ok_or_else(|| one.to_string()).and_then(stretch) {
                Ok(stretch) => {
                    let clash = |(_, other): &(_, Stretch)| other.from < stretch.until && stretch.from < other.until;
                    if list.iter().any(clash) {
                        self.fault(span.clone(), "these hours overlap the ones before them".into());
                    }
                    list.push((span, stretch));
                }
                Err(written) => self.fault(
                    span,
                    format!(
                        "\"{written}\" is no stretch of hours; write it like \"08:00-16:00\", in the office's own time"
                    ),
                ),
            }
        }
        list.sort_by_key(|(_, stretch)| *stretch);
        list
    }

    /// Where one of the texts of a value stands.
    fn place(&self, value: &Spanned<Value>, one: &Value) -> Range<usize> {
        let start = value.span().start;
        let written = self.text.get(value.span()).unwrap_or("");
        let found = one.as_str().and_then(|one| written.find(&format!("\"{one}\"")));
        start + found.unwrap_or(0)..value.span().end
    }
}

/// `08:00-16:00`; an end at or before the begin is on the next day, and `24:00` is the end of a day.
fn stretch(text: &str) -> Result<Stretch, String> {
    let time = |text: &str| -> Option<u32> {
        let (hour, minute) = text.trim().split_once(':')?;
        let number = |digits: &str| match digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => digits.parse::<u32>().ok(),
            false => None,
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        let minutes = hour * 60 + minute;
        (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
    };
    let parts = text.split_once('-').or_else(|| text.split_once('–'));
    let times = parts.and_then(|(from, until)| Some((time(from)?, time(until)?)));
    match times {
        Some((from, until)) if from < until => Ok(Stretch { from, until }),
        Some((from, until)) if until < from && from < DAY_MINUTES => Ok(Stretch {
            from,
            until: until + DAY_MINUTES,
        }),
        _ => Err(text.to_string()),
    }
}
