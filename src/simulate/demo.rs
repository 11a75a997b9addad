//! The demo's office, and its first half hour as a script: what goes wrong, when, and what has to come of it.

use std::sync::Arc;

use chrono::NaiveDate;

use super::Troubles;
use super::day::{self, Draft, Phones};
use crate::engine::event::{Event, Kind};
use crate::engine::roster::{Roster, RosterErrors};
use crate::engine::time::Moment;

/// The roster of the demo's office.
pub const ROSTER: &str = include_str!("office.toml");

/// What the script must lead to: policy, counter, officer.
pub const EXPECTED: [(&str, &str, &str); 3] = [
    ("no-deposit-after-sign-in", "loket-07", "p-007"),
    ("phone-out-during-service", "loket-03", "p-003"),
    ("messaging-on-workstation", "loket-05", "p-005"),
];

pub fn roster() -> Result<Arc<Roster>, RosterErrors> {
    Roster::parse(ROSTER).map(Arc::new)
}

/// When the demo's clock begins: 07:25 of the date.
pub fn begins(roster: &Roster, date: NaiveDate) -> Moment {
    Draft::new(roster, date, fastrand::Rng::with_seed(0)).at(7, 25)
}

/// The events of the demo's day, in order of time: the script for three officers, a usual day for the others.
pub fn script(roster: &Roster, date: NaiveDate, seed: u64) -> Vec<Event> {
    let mut draft = Draft::new(roster, date, fastrand::Rng::with_seed(seed));
    day::machines(&mut draft, 7, 25, 16, 30);
    let hour = draft.at(7, 0);
    let minute = |minute: i64| hour.plus_ms(minute * 60_000);
    let pairs = roster.officers.iter().zip(&roster.counters);
    for (officer, counter) in pairs {
        let (id, here) = (|| officer.id.clone(), &counter.id);
        let phones = Phones::of(officer, &mut draft.rng);
        let booking = || Kind::ServiceStarted {
            booking: Some("CTH-7F3K9Q".into()),
        };
        match officer.id.as_str() {
            // The phone comes out while an applicant sits there.
            "p-003" => {
                draft.system(minute(26), Kind::ShiftStarted { officer: id() });
                phones.put_in(&mut draft, officer, minute(27));
                draft.push(minute(28), here, Kind::SignedIn { officer: id() });
                draft.push(minute(29), here, booking());
                phones.take_out(&mut draft, officer, minute(31));
                phones.put_in(&mut draft, officer, minute(36));
                draft.push(minute(38), here, Kind::ServiceEnded);
            }
            // Messages are read on the workstation during service.
            "p-005" => {
                draft.system(minute(26), Kind::ShiftStarted { officer: id() });
                phones.put_in(&mut draft, officer, minute(28));
                draft.push(minute(30), here, Kind::SignedIn { officer: id() });
                draft.push(minute(33), here, booking());
                draft.push(
                    minute(34),
                    here,
                    Kind::AppOpened {
                        category: "messaging".into(),
                    },
                );
                draft.push(
                    minute(37),
                    here,
                    Kind::AppClosed {
                        category: "messaging".into(),
                    },
                );
                draft.push(minute(41), here, Kind::ServiceEnded);
            }
            // Signed in, and the phone is not put away.
            "p-007" => {
                draft.system(minute(26), Kind::ShiftStarted { officer: id() });
                draft.push(minute(27), here, Kind::SignedIn { officer: id() });
                phones.put_in(&mut draft, officer, minute(36));
                draft.push(minute(38), here, booking());
                draft.push(minute(44), here, Kind::ServiceEnded);
            }
            _ => {
                day::officer_day(&mut draft, officer, here, Troubles::Usual);
                continue;
            }
        }
        let closes = draft.at(16, 0);
        let from = draft.at(7, 46);
        day::serve(&mut draft, officer, here, &phones, from, closes, Troubles::Usual);
        draft.push(closes.plus_ms(60_000), here, Kind::SignedOut { officer: id() });
        phones.take_out(&mut draft, officer, closes.plus_ms(120_000));
        draft.system(closes.plus_ms(180_000), Kind::ShiftEnded { officer: id() });
    }
    // A lockbox falls silent for five minutes.
    if let Some(lockbox) = roster.lockboxes.last() {
        let from = draft.at(7, 50);
        draft.silence(&lockbox.id, from, 5);
    }
    day::mishaps(&mut draft, Troubles::Usual);
    draft.finish()
}
