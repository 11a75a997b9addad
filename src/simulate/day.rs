//! One office day: officers arrive, put their phones away, serve one applicant after another, pause, and go home.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate, NaiveTime, TimeZone as _, Weekday};
use fastrand::Rng;

use super::Troubles;
use crate::engine::event::{DeviceId, Event, Kind, Place, SYSTEM, UsbClass};
use crate::engine::roster::{Officer, Roster};
use crate::engine::time::Moment;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// Events under construction, by device.
pub(super) struct Draft<'r> {
    roster: &'r Roster,
    pub rng: Rng,
    date: NaiveDate,
    events: Vec<(Moment, DeviceId, Kind)>,
    /// Stretches in which a device says nothing: its events are lost.
    dark: BTreeMap<DeviceId, Vec<(Moment, Moment)>>,
}

impl<'r> Draft<'r> {
    pub fn new(roster: &'r Roster, date: NaiveDate, rng: Rng) -> Draft<'r> {
        Draft {
            roster,
            rng,
            date,
            events: Vec::new(),
            dark: BTreeMap::new(),
        }
    }

    /// A time of day in the office's zone.
    pub fn at(&self, hour: u32, minute: u32) -> Moment {
        let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        let local = self
            .roster
            .office
            .zone
            .from_local_datetime(&self.date.and_time(time))
            .earliest();
        Moment(local.map_or(0, |local| local.timestamp_millis()))
    }

    pub fn push(&mut self, at: Moment, device: &DeviceId, kind: Kind) {
        self.events.push((at, device.clone(), kind));
    }

    pub fn system(&mut self, at: Moment, kind: Kind) {
        self.events.push((at, DeviceId::new(SYSTEM), kind));
    }

    pub fn silence(&mut self, device: &DeviceId, from: Moment, minutes: i64) {
        self.dark
            .entry(device.clone())
            .or_default()
            .push((from, from.plus_ms(minutes * MINUTE)));
    }

    /// Heartbeats of a device, with some jitter, from `from` to `until`.
    fn heartbeats(&mut self, device: &DeviceId, every_ms: i64, kind: &Kind, from: Moment, until: Moment) {
        let mut at = from.plus_ms(self.rng.i64(0..every_ms));
        while at < until {
            self.push(at, device, kind.clone());
            at = at.plus_ms(every_ms + self.rng.i64(-every_ms / 60..=every_ms / 60));
        }
    }

    /// Orders everything and gives ids, boots and sequences.
    pub fn finish(mut self) -> Vec<Event> {
        self.events.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let dark = &self.dark;
        let lost = |at: Moment, device: &DeviceId| {
            dark.get(device)
                .is_some_and(|list| list.iter().any(|(from, until)| (*from..*until).contains(&at)))
        };
        let boot: Box<str> = self.date.format("b%Y%m%d").to_string().into();
        let mut sequences: BTreeMap<DeviceId, u64> = BTreeMap::new();
        let mut events = Vec::with_capacity(self.events.len());
        for (time, device, kind) in self.events {
            if lost(time, &device) {
                continue;
            }
            let sequence = sequences.entry(device.clone()).or_default();
            let place = Place {
                boot: boot.clone(),
                sequence: *sequence,
            };
            *sequence += 1;
            // The form of a UUIDv7: time, then chance.
            let (a, b) = (self.rng.u64(..), self.rng.u64(..));
            let id = format!(
                "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
                (time.0 >> 16) & 0xffff_ffff,
                time.0 & 0xffff,
                a & 0xfff,
                0x8000 | (a >> 12) & 0x3fff,
                b & 0xffff_ffff_ffff
            );
            events.push(Event {
                office: self.roster.office.id.clone(),
                device,
                id: id.into(),
                time,
                place: Some(place),
                kind,
            });
        }
        events
    }
}

/// A whole day.
pub(super) fn simulate(roster: &Roster, date: NaiveDate, troubles: Troubles, rng: Rng) -> Vec<Event> {
    let mut draft = Draft::new(roster, date, rng);
    machines(&mut draft, 7, 20, 16, 30);
    let counters: Vec<DeviceId> = roster.counters.iter().map(|counter| counter.id.clone()).collect();
    for (officer, counter) in roster.officers.iter().zip(&counters) {
        officer_day(&mut draft, officer, counter, troubles);
    }
    mishaps(&mut draft, troubles);
    draft.finish()
}

/// Workstations and lockboxes from switching on to switching off.
pub(super) fn machines(draft: &mut Draft, from_hour: u32, from_minute: u32, to_hour: u32, to_minute: u32) {
    let (on, off) = (draft.at(from_hour, from_minute), draft.at(to_hour, to_minute));
    let roster = draft.roster;
    for device in &roster.counters {
        let started = on.plus_ms(draft.rng.i64(0..20 * SECOND));
        draft.push(started, &device.id, Kind::WorkstationStarted);
        if let Some(every_ms) = device.heartbeat_every_ms {
            draft.heartbeats(
                &device.id,
                every_ms,
                &Kind::WorkstationHeartbeat,
                started.plus_ms(1),
                off,
            );
        }
    }
    for device in &roster.lockboxes {
        if let Some(every_ms) = device.heartbeat_every_ms {
            draft.heartbeats(&device.id, every_ms, &Kind::LockboxHeartbeat, on, off);
        }
    }
}

/// What an officer does with his phones.
pub(super) struct Phones {
    lockbox: Option<DeviceId>,
    count: usize,
    slot: u32,
}

impl Phones {
    pub fn of(officer: &Officer, rng: &mut Rng) -> Phones {
        Phones {
            lockbox: officer.lockbox.clone(),
            count: officer
                .handsets
                .iter()
                .filter(|handset| handset.is_active_private())
                .count(),
            slot: rng.u32(1..9),
        }
    }

    pub fn put_in(&self, draft: &mut Draft, officer: &Officer, at: Moment) {
        self.each(draft, at, |slot| Kind::Deposited {
            officer: officer.id.clone(),
            slot,
            handset: None,
            by: None,
        });
    }

    pub fn take_out(&self, draft: &mut Draft, officer: &Officer, at: Moment) {
        self.each(draft, at, |slot| Kind::Withdrawn {
            officer: officer.id.clone(),
            slot,
            handset: None,
            by: None,
        });
    }

    fn each(&self, draft: &mut Draft, at: Moment, kind: impl Fn(u32) -> Kind) {
        let Some(lockbox) = &self.lockbox else { return };
        for n in 0..self.count {
            draft.push(at.plus_ms(n as i64 * 4 * SECOND), lockbox, kind(self.slot));
        }
    }
}

fn supervisor_of(officer: &Officer) -> Box<str> {
    officer.supervisor.as_deref().unwrap_or("s-01").into()
}

pub(super) fn officer_day(draft: &mut Draft, officer: &Officer, counter: &DeviceId, troubles: Troubles) {
    let id = || officer.id.clone();
    let chance = |draft: &mut Draft, usual: f64| draft.rng.f64() < troubles.chance(usual);
    let arrives = draft.at(7, 26).plus_ms(draft.rng.i64(0..15 * MINUTE));
    let phones = Phones::of(officer, &mut draft.rng);
    draft.system(draft.at(7, 25), Kind::ShiftStarted { officer: id() });
    let by_hand = phones.lockbox.is_none() && phones.count > 0;
    let late_deposit = chance(draft, 0.02);
    let declared = phones.count == 0 || (!by_hand && chance(draft, 0.01));
    if declared {
        draft.system(arrives, Kind::DeclaredNone { officer: id() });
    } else if by_hand {
        let by = supervisor_of(officer);
        draft.system(
            arrives,
            Kind::Held {
                officer: id(),
                by,
                witness: "i-01".into(),
            },
        );
    } else {
        let deposit = if late_deposit {
            arrives.plus_ms(12 * MINUTE)
        } else {
            arrives
        };
        phones.put_in(draft, officer, deposit);
    }
    let signs_in = arrives.plus_ms(30 * SECOND + draft.rng.i64(0..3 * MINUTE));
    draft.push(signs_in, counter, Kind::SignedIn { officer: id() });
    if chance(draft, 0.01) {
        let from = draft.at(13, 0);
        let (until, approver) = (from.plus_ms(2 * 60 * MINUTE), "s-02".into());
        draft.system(
            from.plus_ms(-20 * MINUTE),
            Kind::Granted {
                officer: id(),
                from,
                until,
                approver,
            },
        );
    }
    let friday = draft.date.weekday() == Weekday::Fri;
    let pause = if friday { draft.at(11, 30) } else { draft.at(12, 0) };
    let back = draft.at(13, 0);
    let closes = draft.at(16, 0);
    serve(
        draft,
        officer,
        counter,
        &phones,
        signs_in.plus_ms(MINUTE),
        pause,
        troubles,
    );
    let pauses = pause.plus_ms(draft.rng.i64(0..3 * MINUTE));
    draft.push(
        pauses,
        counter,
        Kind::BreakStarted {
            kind: Some("istirahat".into()),
        },
    );
    if !declared && !by_hand {
        phones.take_out(draft, officer, pauses.plus_ms(20 * SECOND));
        phones.put_in(draft, officer, back.plus_ms(-2 * MINUTE));
    }
    let returns = back.plus_ms(draft.rng.i64(0..2 * MINUTE));
    draft.push(
        returns,
        counter,
        Kind::BreakEnded {
            kind: Some("istirahat".into()),
        },
    );
    serve(
        draft,
        officer,
        counter,
        &phones,
        returns.plus_ms(30 * SECOND),
        closes,
        troubles,
    );
    let leaves = closes.plus_ms(draft.rng.i64(0..6 * MINUTE));
    if !chance(draft, 0.02) {
        draft.push(leaves, counter, Kind::SignedOut { officer: id() });
    }
    if by_hand {
        let by = supervisor_of(officer);
        draft.system(
            leaves.plus_ms(MINUTE),
            Kind::Returned {
                officer: id(),
                by,
                witness: "i-01".into(),
            },
        );
    } else if !declared {
        phones.take_out(draft, officer, leaves.plus_ms(40 * SECOND));
    }
    draft.system(leaves.plus_ms(2 * MINUTE), Kind::ShiftEnded { officer: id() });
    // Somebody looks into the lockbox about every 90 minutes, and sometimes forgets to.
    let mut check = arrives.plus_ms(80 * MINUTE + draft.rng.i64(0..15 * MINUTE));
    while check < closes {
        let in_pause = (pause..back).contains(&check);
        if phones.count > 0 && !declared && !in_pause && !chance(draft, 0.03) {
            let by = Some(supervisor_of(officer));
            draft.system(
                check,
                Kind::Checked {
                    officer: id(),
                    present: true,
                    by,
                },
            );
        }
        check = check.plus_ms(75 * MINUTE + draft.rng.i64(0..20 * MINUTE));
    }
}

/// One applicant after another, with what may go wrong meanwhile.
pub(super) fn serve(
    draft: &mut Draft,
    officer: &Officer,
    counter: &DeviceId,
    phones: &Phones,
    from: Moment,
    until: Moment,
    troubles: Troubles,
) {
    let mut at = from.plus_ms(draft.rng.i64(0..4 * MINUTE));
    while at < until.plus_ms(-4 * MINUTE) {
        let booking: String = (0..6)
            .map(|_| {
                char::from(
                    draft
                        .rng
                        .choice(b"23456789ABCDEFGHJKMNPQRSTVWXYZ")
                        .copied()
                        .unwrap_or(b'2'),
                )
            })
            .collect();
        draft.push(
            at,
            counter,
            Kind::ServiceStarted {
                booking: Some(format!("TNG-{booking}").into()),
            },
        );
        let length = draft.rng.i64(4 * MINUTE..12 * MINUTE).min(until.ms_since(at));
        let lucky = |draft: &mut Draft, usual: f64| draft.rng.f64() < troubles.chance(usual);
        if lucky(draft, 0.004) && phones.lockbox.is_some() {
            // The phone is taken out while an applicant sits there, and put back minutes later.
            let out = at.plus_ms(draft.rng.i64(20 * SECOND..90 * SECOND));
            phones.take_out(draft, officer, out);
            let back = out.plus_ms(draft.rng.i64(2 * MINUTE..9 * MINUTE));
            phones.put_in(draft, officer, back);
        } else if lucky(draft, 0.003) {
            let opens = at.plus_ms(30 * SECOND);
            let category: Box<str> = "messaging".into();
            draft.push(
                opens,
                counter,
                Kind::AppOpened {
                    category: category.clone(),
                },
            );
            let closes = opens.plus_ms(draft.rng.i64(40 * SECOND..4 * MINUTE));
            draft.push(closes, counter, Kind::AppClosed { category });
        } else if lucky(draft, 0.002) {
            let class = if draft.rng.bool() {
                UsbClass::Mtp
            } else {
                UsbClass::ChargeOnly
            };
            let plugged = at.plus_ms(MINUTE);
            draft.push(
                plugged,
                counter,
                Kind::UsbAttached {
                    class,
                    id: Some("port-2".into()),
                    allowed: false,
                },
            );
            let gone = plugged.plus_ms(draft.rng.i64(MINUTE..8 * MINUTE));
            draft.push(
                gone,
                counter,
                Kind::UsbDetached {
                    class,
                    id: Some("port-2".into()),
                },
            );
        }
        if !lucky(draft, 0.004) {
            draft.push(at.plus_ms(length), counter, Kind::ServiceEnded);
        }
        at = at.plus_ms(length + draft.rng.i64(10 * SECOND..90 * SECOND));
    }
}

/// Machines that fall silent, lockboxes that are forced, drills.
pub(super) fn mishaps(draft: &mut Draft, troubles: Troubles) {
    let roster = draft.roster;
    let some_time = |draft: &mut Draft| draft.at(8, 0).plus_ms(draft.rng.i64(0..7 * 60 * MINUTE));
    for device in &roster.counters {
        if device.heartbeat_every_ms.is_some() && draft.rng.f64() < troubles.chance(0.03) {
            let (from, minutes) = (some_time(draft), draft.rng.i64(2..15));
            draft.silence(&device.id, from, minutes);
        }
    }
    for device in &roster.lockboxes {
        if draft.rng.f64() < troubles.chance(0.04) {
            let (from, minutes) = (some_time(draft), draft.rng.i64(3..20));
            draft.silence(&device.id, from, minutes);
        }
        if draft.rng.f64() < troubles.chance(0.005) {
            let at = some_time(draft);
            draft.push(at, &device.id, Kind::Forced { slot: Some(3) });
        }
    }
    if draft.rng.f64() < troubles.chance(0.01) {
        let at = some_time(draft);
        draft.system(at, Kind::EmergencyStarted);
        draft.system(at.plus_ms(12 * MINUTE), Kind::EmergencyEnded);
    }
}
