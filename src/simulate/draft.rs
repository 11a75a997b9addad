//! A day under construction: events by source, silences; at the end ids, boots and sequences.

use chrono::{NaiveDate, NaiveTime};
use fastrand::Rng;

use super::Troubles;
use crate::engine::event::{DeviceId, Event, Kind, Place, SYSTEM};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;

/// A device of the office, as an index: counters first, then lockboxes, then the office's own system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Source(usize);

/// Why a device says nothing for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dark {
    /// It is off: nothing happens on it, and afterwards it boots.
    Off,
    /// It goes on and counts, but what it says gets lost: the sequence shows a hole.
    Lost,
}

pub(super) struct Draft<'r> {
    pub roster: &'r Roster,
    pub rng: Rng,
    pub troubles: Troubles,
    pub date: NaiveDate,
    sources: Vec<DeviceId>,
    events: Vec<(Moment, Source, Kind)>,
    dark: Vec<Vec<(Moment, Moment, Dark)>>,
}

impl<'r> Draft<'r> {
    pub fn new(roster: &'r Roster, date: NaiveDate, troubles: Troubles, rng: Rng) -> Draft<'r> {
        let mut sources: Vec<DeviceId> = roster.device_ids().cloned().collect();
        sources.push(DeviceId::new(SYSTEM));
        Draft {
            roster,
            rng,
            troubles,
            date,
            events: Vec::with_capacity(sources.len() * 1_300),
            dark: vec![Vec::new(); sources.len()],
            sources,
        }
    }

    /// A time of day in the office's zone.
    pub fn at(&self, hour: u32, minute: u32) -> Moment {
        self.at_on(self.date, hour, minute)
    }

    pub fn at_on(&self, date: NaiveDate, hour: u32, minute: u32) -> Moment {
        let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        let time = date.and_time(time);
        // An hour that the office's zone leaves out is taken as if there were no zones.
        Moment::of_local(time, self.roster.office.zone).unwrap_or(Moment(time.and_utc().timestamp_millis()))
    }

    /// A moment of the day's opening hours that is no break.
    pub fn working_moment(&mut self) -> Moment {
        let from = match self.rng.bool() {
            true => self.at(8, 10),
            false => self.at(13, 20),
        };
        from.plus_ms(self.rng.i64(0..130 * MINUTE))
    }

    pub fn counter(&self, n: usize) -> Source {
        Source(n)
    }

    pub fn lockbox(&self, n: usize) -> Source {
        Source(self.roster.counters.len() + n)
    }

    /// The lockbox of an officer who has one.
    pub fn lockbox_named(&self, id: &DeviceId) -> Option<Source> {
        let n = self.roster.lockboxes.iter().position(|lockbox| lockbox.id == *id)?;
        Some(self.lockbox(n))
    }

    pub fn push(&mut self, at: Moment, source: Source, kind: Kind) {
        self.events.push((at, source, kind));
    }

    pub fn system(&mut self, at: Moment, kind: Kind) {
        let system = Source(self.sources.len() - 1);
        self.push(at, system, kind);
    }

    pub fn darken(&mut self, source: Source, from: Moment, until: Moment, dark: Dark) {
        self.dark[source.0].push((from, until, dark));
    }

    /// Whether something happens that happens with this probability on any day, also a calm one.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.rng.f64() < probability
    }

    /// Whether something goes wrong that usually does with this probability.
    pub fn goes_wrong(&mut self, usual: f64) -> bool {
        let probability = self.troubles.probability(usual);
        self.rng.f64() < probability
    }

    /// A span between two bounds, in milliseconds.
    pub fn between(&mut self, from_ms: i64, until_ms: i64) -> i64 {
        self.rng.i64(from_ms..until_ms)
    }

    /// Heartbeats of a device, with some jitter.
    pub fn heartbeats(&mut self, source: Source, every_ms: i64, kind: &Kind, from: Moment, until: Moment) {
        let jitter = every_ms / 60;
        let mut at = from.plus_ms(self.rng.i64(0..every_ms));
        while at < until {
            self.push(at, source, kind.clone());
            at = at.plus_ms(every_ms + self.rng.i64(-jitter..=jitter));
        }
    }

    /// Orders everything and gives ids, boots and sequences.
    pub fn finish(mut self) -> Vec<Event> {
        // Stable: what one device says at one moment keeps its order.
        self.events.sort_by_key(|(at, source, _)| (*at, *source));
        let day = self.date.format("b%Y%m%d").to_string();
        let mut boots: Vec<Boot> = self.sources.iter().map(|_| Boot::first(&day)).collect();
        let mut events = Vec::with_capacity(self.events.len());
        for (time, source, kind) in self.events {
            let boot = &mut boots[source.0];
            let dark = self.dark[source.0]
                .iter()
                .find(|(from, until, _)| (*from..*until).contains(&time))
                .map(|(_, _, dark)| *dark);
            if dark == Some(Dark::Off) {
                boot.ended = true;
                continue;
            }
            if boot.ended || (kind == Kind::WorkstationStarted && boot.sequence > 0) {
                boot.next(&day);
            }
            let place = Place {
                boot: boot.name.clone(),
                sequence: boot.sequence,
            };
            boot.sequence += 1;
            if dark == Some(Dark::Lost) {
                continue;
            }
            events.push(Event {
                office: self.roster.office.id.clone(),
                device: self.sources[source.0].clone(),
                id: id(time, &mut self.rng),
                time,
                place: Some(place),
                kind,
                reading: None,
            });
        }
        events
    }
}

struct Boot {
    name: Box<str>,
    number: u32,
    sequence: u64,
    ended: bool,
}

impl Boot {
    fn first(day: &str) -> Boot {
        Boot {
            name: day.into(),
            number: 1,
            sequence: 0,
            ended: false,
        }
    }

    fn next(&mut self, day: &str) {
        self.number += 1;
        self.name = format!("{day}-{}", self.number).into();
        self.sequence = 0;
        self.ended = false;
    }
}

/// The form of a UUIDv7: 48 bits of time, then chance.
fn id(time: Moment, rng: &mut Rng) -> Box<str> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let time = (time.0 as u64) << 16 | 0x7000 | (rng.u64(..) & 0x0fff);
    let chance = 1 << 63 | (rng.u64(..) >> 2);
    let mut text = String::with_capacity(36);
    for n in 0..32u32 {
        if matches!(n, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        let (word, shift) = if n < 16 {
            (time, 60 - 4 * n)
        } else {
            (chance, 124 - 4 * n)
        };
        text.push(char::from(HEX[(word >> shift & 0xf) as usize]));
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_form_of_a_uuid_of_its_time() {
        let mut rng = Rng::with_seed(1);
        for ms in [0, 1_795_000_000_123] {
            let text = id(Moment(ms), &mut rng);
            let uuid = uuid::Uuid::parse_str(&text).unwrap();
            assert_eq!(uuid.get_version_num(), 7, "{text}");
            assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122, "{text}");
            let (seconds, nanos) = uuid.get_timestamp().unwrap().to_unix();
            assert_eq!(seconds as i64 * 1_000 + i64::from(nanos / 1_000_000), ms, "{text}");
        }
    }
}
