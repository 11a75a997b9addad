//! Five weeks of service: good on most days, a bad Friday hour, a counter that fell silent, one that hardly served.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use jagaloket::compliance::{Hour, Service};
use jagaloket::engine::event::{DeviceId, OfficerId};

const MINUTE_MS: i64 = 60_000;

pub fn dates() -> Vec<NaiveDate> {
    let last = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    let first = last - Days::new(27);
    let at_work = |date: &NaiveDate| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    first
        .iter_days()
        .take_while(|date| *date <= last)
        .filter(at_work)
        .collect()
}

pub fn hours() -> Vec<(Hour, Service)> {
    let mut hours = Vec::new();
    for date in dates() {
        for hour in 8..16u8 {
            for counter in 1..=4u8 {
                // The last counter is open on Mondays alone, for an hour.
                if counter == 4 && !(date.weekday() == Weekday::Mon && hour == 9) {
                    continue;
                }
                let served = i64::from(32 + (u32::from(hour) * 7 + date.day() * 3 + u32::from(counter) * 5) % 18);
                let lost = match (date.weekday(), hour, counter) {
                    (Weekday::Fri, 13, _) => served / 2,
                    (_, 8 | 15, 2) => 3,
                    _ => i64::from(date.day() % 5 == 0),
                };
                let silent = if counter == 3 && date.day() < 7 { served / 3 } else { 0 };
                let exempt = if counter == 1 && hour == 10 { 2 } else { 0 };
                let of = Hour {
                    date,
                    hour,
                    counter: DeviceId::new(&format!("loket-0{counter}")),
                    officer: OfficerId::new(&format!("p-00{counter}")),
                };
                let service = Service {
                    served_ms: served * MINUTE_MS,
                    known_ms: (served - silent) * MINUTE_MS,
                    verified_ms: (served - silent - lost - exempt).max(0) * MINUTE_MS,
                    exempt_ms: exempt * MINUTE_MS,
                    sessions: i64::from(hour == 8 || hour == 13),
                };
                hours.push((of, service));
            }
        }
    }
    hours
}
