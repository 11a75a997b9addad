//! The demo's office, and its first half hour as a script: what goes wrong, when, and what has to come of it.

use std::sync::Arc;

use chrono::NaiveDate;

use super::Troubles;
use super::day::{self, Half};
use super::draft::{Draft, SECOND};
use super::mishaps;
use super::sitting::{Keeping, Sitting};
use crate::engine::event::{Event, Kind};
use crate::engine::roster::{Roster, RosterErrors};
use crate::engine::time::Moment;

/// The roster of the demo's office.
pub const ROSTER: &str = include_str!("office.toml");

/// A verdict the script must lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expected {
    pub policy: &'static str,
    pub counter: Option<&'static str>,
    pub lockbox: Option<&'static str>,
    pub officer: Option<&'static str>,
}

const fn at_counter(policy: &'static str, counter: &'static str, officer: &'static str) -> Expected {
    Expected {
        policy,
        counter: Some(counter),
        lockbox: None,
        officer: Some(officer),
    }
}

/// What stands after the script, 25 minutes of simulated time after the start, in the order in which it comes.
pub const EXPECTED: [Expected; 5] = [
    at_counter("no-deposit-after-sign-in", "loket-07", "p-007"),
    at_counter("phone-out-during-service", "loket-03", "p-003"),
    at_counter("messaging-on-workstation", "loket-05", "p-005"),
    // Becomes known only when the workstation's buffer comes.
    at_counter("phone-out-during-service", "loket-08", "p-008"),
    Expected {
        policy: "lockbox-silent",
        counter: None,
        lockbox: Some("loker-b"),
        officer: None,
    },
];

/// Is said while the workstation is cut off, and retracted when its buffer comes.
pub const RETRACTED: Expected = at_counter("counter-silent", "loket-08", "p-008");

/// A workstation that somebody plugged in and nobody entered in the roster.
pub const STRANGER: &str = "loket-13";

/// What a device sends.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// When: later than what it tells of, where the device was cut off.
    pub at: Moment,
    pub device: Box<str>,
    pub body: Body,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Body {
    Event(Event),
    /// Goes out as it is, whatever it is.
    Raw(Box<str>),
}

pub fn roster() -> Result<Arc<Roster>, RosterErrors> {
    Roster::parse(ROSTER).map(Arc::new)
}

/// When the demo's clock begins: 07:25 of the date.
pub fn begins(roster: &Roster, date: NaiveDate) -> Moment {
    minute(
        &Draft::new(roster, date, Troubles::None, fastrand::Rng::with_seed(0)),
        25,
    )
}

/// A minute after seven.
fn minute(draft: &Draft, minute: i64) -> Moment {
    draft.at(7, 0).plus_ms(minute * 60_000)
}

/// What the demo's devices send in its day, in order of sending: the script for four officers, a usual day for the others.
pub fn script(roster: &Roster, date: NaiveDate, seed: u64) -> Vec<Message> {
    let mut draft = Draft::new(roster, date, Troubles::Usual, fastrand::Rng::with_seed(seed));
    // The lockboxes stay on at night, so that the demo does not end with an alarm.
    let (on, off, night) = (draft.at(7, 25), draft.at(16, 30), draft.at(23, 59));
    day::machines(&mut draft, on, off, night);
    let mut sittings = Vec::new();
    for (n, officer) in roster.officers.iter().take(roster.counters.len()).enumerate() {
        let mut sitting = Sitting::new(&draft, officer, draft.counter(n));
        let begins = if play(&mut draft, &mut sitting) {
            minute(&draft, 46)
        } else {
            let shift = minute(&draft, 26);
            sitting.arrive(&mut draft, shift)
        };
        day::work(&mut draft, &mut sitting, begins, Half::Both);
        sittings.push(sitting);
    }
    day::around(&mut draft, &mut sittings);
    if let Some(last) = roster.lockboxes.len().checked_sub(1) {
        let (lockbox, from, until) = (draft.lockbox(last), minute(&draft, 47), minute(&draft, 50));
        mishaps::lockbox_dark(&mut draft, &sittings, lockbox, from, until);
    }
    let offline = (minute(&draft, 36), minute(&draft, 42));
    let sent = (minute(&draft, 33), minute(&draft, 34), minute(&draft, 35));
    let mut messages: Vec<Message> = draft
        .finish()
        .into_iter()
        .map(|event| message(event, offline))
        .collect();
    messages.extend(rubbish(&messages, sent.0, sent.1, sent.2));
    // Stable: a buffer is resent in its order.
    messages.sort_by_key(|message| message.at);
    messages
}

/// The scripted officers. Answers whether this is one of them.
fn play(draft: &mut Draft, sitting: &mut Sitting) -> bool {
    let at: [Moment; 22] = std::array::from_fn(|n| minute(draft, 25 + n as i64));
    let (puts_in, signs_in) = match sitting.officer.id.as_str() {
        // The phone comes out while an applicant sits there.
        "p-003" => {
            serve(draft, sitting, at[4], at[13]);
            sitting.carry(draft, at[6], at[11]);
            (at[2], at[3])
        }
        // Messages are read on the workstation during service.
        "p-005" => {
            serve(draft, sitting, at[8], at[16]);
            let category: Box<str> = "messaging".into();
            let opened = Kind::AppOpened {
                category: category.clone(),
            };
            draft.push(at[9], sitting.counter, opened);
            draft.push(at[12], sitting.counter, Kind::AppClosed { category });
            (at[3], at[5])
        }
        // Signed in, and the phone is not put away for a while.
        "p-007" => {
            serve(draft, sitting, at[13], at[19]);
            sitting.out.push((at[0], at[11]));
            (at[11], at[2])
        }
        // The workstation is cut off from minute 36 to 42; meanwhile the phone comes out during service.
        "p-008" => {
            serve(draft, sitting, at[10], at[18]);
            sitting.carry(draft, at[12], at[15]);
            (at[2], at[4])
        }
        _ => return false,
    };
    debug_assert!(
        matches!(sitting.keeping, Keeping::Lockbox(_)),
        "the script is about phones in a lockbox"
    );
    draft.system(
        at[1],
        Kind::ShiftStarted {
            officer: sitting.officer.id.clone(),
        },
    );
    sitting.put_in(draft, puts_in);
    sitting.signed_in = signs_in;
    sitting.sign_in(draft, signs_in);
    true
}

fn serve(draft: &mut Draft, sitting: &Sitting, from: Moment, until: Moment) {
    let booking = Some("CTH-7F3K9Q".into());
    draft.push(from, sitting.counter, Kind::ServiceStarted { booking });
    draft.push(until, sitting.counter, Kind::ServiceEnded);
}

/// When an event is sent: at once, but what the workstation of the fourth officer has to say while it is cut off.
fn message(event: Event, (from, until): (Moment, Moment)) -> Message {
    let cut_off = RETRACTED.counter == Some(event.device.as_str()) && (from..until).contains(&event.time);
    Message {
        at: if cut_off { until } else { event.time },
        device: event.device.as_str().into(),
        body: Body::Event(event),
    }
}

/// What the monitor must not stumble over: a stranger, half a message, and one that comes twice.
fn rubbish(messages: &[Message], stranger: Moment, broken: Moment, again: Moment) -> Vec<Message> {
    let mut rubbish = Vec::new();
    let beats = messages.iter().filter_map(|message| match &message.body {
        Body::Event(event) if event.device.as_str() == "loket-12" && event.time >= stranger => Some(event),
        _ => None,
    });
    for event in beats.filter(|event| event.kind == Kind::WorkstationHeartbeat).take(3) {
        let device = crate::engine::event::DeviceId::new(STRANGER);
        rubbish.push(Message {
            at: event.time,
            device: STRANGER.into(),
            body: Body::Event(Event {
                device,
                ..event.clone()
            }),
        });
    }
    rubbish.push(Message {
        at: broken,
        device: "loket-09".into(),
        body: Body::Raw(
            r#"{"specversion":"1.0","id":"0193-terpotong","source":"/contoh/loket-09","type":"servi"#.into(),
        ),
    });
    let repeated = messages.iter().find(|message| match &message.body {
        Body::Event(event) => event.device.as_str() == "loket-03" && matches!(event.kind, Kind::ServiceStarted { .. }),
        Body::Raw(_) => false,
    });
    rubbish.extend(repeated.map(|message| Message {
        at: again.plus_ms(SECOND),
        ..message.clone()
    }));
    rubbish
}
