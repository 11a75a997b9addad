//! Time that counts only while the office is open and not on its break.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use crate::engine::calendar::Calendar;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

/// A calendar that is closed for longer than so many of its turns is taken to be open: nothing waits for ever.
const PHASES_MAX: usize = 4_000;

/// The moment at which `ms` of service time have passed since `from`. Without a calendar all time is.
pub fn after(calendar: Option<&Calendar>, zone: Tz, from: Moment, ms: i64) -> Moment {
    let Some(calendar) = calendar else {
        return from.plus_ms(ms);
    };
    let (mut at, mut left) = (from, ms);
    for _ in 0..PHASES_MAX {
        let phase = calendar.at(at, zone);
        if phase.open && !phase.on_break {
            let room = phase.until.ms_since(at);
            if left <= room {
                return at.plus_ms(left);
            }
            left -= room;
        }
        if phase.until >= Moment::MAX {
            break;
        }
        at = phase.until;
    }
    from.plus_ms(ms)
}

/// Whether the office serves at a moment.
pub fn in_service(calendar: Option<&Calendar>, zone: Tz, at: Moment) -> bool {
    calendar.is_none_or(|calendar| {
        let phase = calendar.at(at, zone);
        phase.open && !phase.on_break
    })
}

/// Whether the office is open at all on a date.
pub fn opens_on(date: NaiveDate, roster: &Roster) -> bool {
    let calendar = roster.office.calendar.as_ref();
    calendar.is_none_or(|calendar| !calendar.hours(date).open.is_empty())
}

/// So many minutes after the midnight of a date, by the office's wall clock.
pub fn time_on(date: NaiveDate, minutes: u32, roster: &Roster) -> Option<Moment> {
    let time = date.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minutes));
    Moment::of_local(time, roster.office.zone)
}
