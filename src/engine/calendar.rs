//! The office's calendar: when it is open and when it takes its break, day by day, in the office's own time.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Weekday};
use chrono_tz::Tz;

use super::time::Moment;
pub(super) use read::CalendarToml;

/// How many days ahead the next turn is looked for; a calendar that rests longer is merely asked again.
const AHEAD_DAYS: u64 = 400;

/// Hours of an office. What stands nearer to a date wins: its own hours, then a period it lies in, then the week.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calendar {
    /// It is the truth from the begin of this date on, whenever it comes into force.
    pub from: Option<NaiveDate>,
    pub week: Week,
    /// They do not overlap; in order of time.
    pub periods: Vec<Period>,
    pub days: BTreeMap<NaiveDate, Day>,
}

/// The hours of each weekday, Monday first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Week(pub [Hours; 7]);

impl Week {
    fn hours(&self, weekday: Weekday) -> &Hours {
        &self.0[weekday.num_days_from_monday() as usize]
    }
}

/// Dates with a week of their own, such as Ramadan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Period {
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
    pub reason: String,
    pub week: Week,
}

/// One date with hours of its own: a holiday has none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Day {
    pub reason: String,
    pub hours: Hours,
}

/// When an office is open on a day; without a stretch it is closed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hours {
    pub open: Vec<Stretch>,
    /// Inside the opening hours: the office stays open, and rests.
    pub breaks: Vec<Stretch>,
}

/// Minutes after the midnight the day begins with; beyond 1440 on the next day. The end is not part of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Stretch {
    pub from: u32,
    pub until: u32,
}

/// What the calendar says from a moment on, and until when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Phase {
    pub open: bool,
    pub on_break: bool,
    /// The next moment at which it may say something else.
    pub until: Moment,
}

impl Phase {
    /// An office without a calendar is held to no hours.
    pub const ALWAYS: Phase = Phase {
        open: true,
        on_break: false,
        until: Moment::MAX,
    };
}

impl Calendar {
    /// The begin of the date it counts from, if it names one.
    pub(super) fn begins(&self, zone: Tz) -> Option<Moment> {
        self.from.map(|date| instant(date, 0, zone, Edge::Begins))
    }

    /// The hours of a date. A stretch that passes midnight belongs to the date it begins on, whatever the next one says.
    pub fn hours(&self, date: NaiveDate) -> &Hours {
        if let Some(day) = self.days.get(&date) {
            return &day.hours;
        }
        let period = self
            .periods
            .iter()
            .find(|period| period.from <= date && date <= period.until);
        period.map_or(&self.week, |period| &period.week).hours(date.weekday())
    }

    pub fn at(&self, moment: Moment, zone: Tz) -> Phase {
        let mut phase = Phase {
            open: false,
            on_break: false,
            until: Moment::MAX,
        };
        let today = moment.date(zone);
        let first = today.checked_sub_days(Days::new(1)).unwrap_or(today);
        for ahead in 0..AHEAD_DAYS {
            let Some(date) = first.checked_add_days(Days::new(ahead)) else {
                break;
            };
            let midnight = instant(date, 0, zone, Edge::Begins);
            // No stretch of a later day begins before its midnight.
            if ahead > 1 && phase.until <= midnight {
                break;
            }
            let hours = self.hours(date);
            for (stretches, holds) in [(&hours.open, &mut phase.open), (&hours.breaks, &mut phase.on_break)] {
                for stretch in stretches {
                    let from = instant(date, stretch.from, zone, Edge::Begins);
                    let until = instant(date, stretch.until, zone, Edge::Ends);
                    *holds |= from <= moment && moment < until;
                    for edge in [from, until] {
                        if edge > moment {
                            phase.until = phase.until.min(edge);
                        }
                    }
                }
            }
            if ahead + 1 == AHEAD_DAYS && midnight > moment {
                phase.until = phase.until.min(midnight);
            }
        }
        phase
    }
}

/// Which end of a stretch a time is: a time that a change of the clocks makes twice counts for the officer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Begins,
    Ends,
}

/// So many minutes after the midnight of a date, on the clocks of the zone.
fn instant(date: NaiveDate, minutes: u32, zone: Tz, edge: Edge) -> Moment {
    let mut local = date.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minutes));
    // A time that the clocks leave out is told by the clocks before they were put forward: an hour, once a whole day.
    for _ in 0..=24 {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(time) => return Moment(time.timestamp_millis()),
            LocalResult::Ambiguous(first, second) => {
                let time = if edge == Edge::Begins { first } else { second };
                return Moment(time.timestamp_millis());
            }
            LocalResult::None => local += TimeDelta::hours(1),
        }
    }
    Moment(local.and_utc().timestamp_millis())
}
