//! Ring 1: heartbeats and ticks, packed. All that the fold reads of them is kept to the millisecond (when, from whom, in
//! which boot and place, when it came and what its clock was worth), in a few bytes each; what else their messages held,
//! and their ids, is not.
//!
//! Numbers stand column by column as the difference from what is expected: a heartbeat comes at its interval, with the
//! next sequence. What repeats (who, which boot) stands once, and each heartbeat names it by number. Over it all: zstd.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::engine::event::{DeviceId, Event, Kind, OfficeId, Place};
use crate::engine::time::Moment;
use crate::{varint, wire};

/// What an id begins with that stands for one which was not kept.
pub const ID: &str = "coverage-";
const FORMAT: u8 = 1;
/// Packed once and kept for a year: this may take its time.
const LEVEL: i32 = 12;
/// No coverage is larger unpacked; a damaged one must not ask for all memory.
const UNPACKED_MAX: usize = 1 << 26;

/// A heartbeat or tick as the ledger has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row<'a> {
    pub n: i64,
    pub received: Moment,
    /// When it took place, as it was judged.
    pub time: Moment,
    pub office: &'a str,
    /// `/{office}/{device}`
    pub source: &'a str,
    pub clock: Option<&'a str>,
    pub body: &'a [u8],
}

/// The same, read back: its body says what the fold reads, and no more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    pub n: i64,
    pub received: Moment,
    pub time: Moment,
    pub office: OfficeId,
    pub source: String,
    pub clock: Option<String>,
    pub tick: bool,
    /// Stands for the id, which was not kept.
    pub id: String,
    pub body: Vec<u8>,
}

/// What many of them share.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
struct Shape {
    office: String,
    source: String,
    kind: Sort,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boot: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
enum Sort {
    W,
    L,
    T,
}

/// What is expected next of a device.
#[derive(Clone, Copy, Default)]
struct Expected {
    time: i64,
    interval: i64,
    delay: i64,
    sequence: u64,
}

#[derive(Clone, Copy)]
enum Column {
    Shape,
    N,
    Time,
    Delay,
    Told,
    Sequence,
}
const COLUMNS: usize = 6;

/// Packs rows, which come in the order of their numbers.
#[derive(Default)]
pub struct Packer {
    shapes: Vec<Shape>,
    numbers: HashMap<Shape, u64>,
    expected: HashMap<String, Expected>,
    columns: [Vec<u8>; COLUMNS],
    last: i64,
    count: u64,
    span: Option<(Moment, Moment)>,
}

impl Packer {
    pub fn new() -> Packer {
        Packer::default()
    }

    /// Takes a row in. Answers `false`, and takes nothing, where it is no heartbeat or tick, or one of which something
    /// would be lost.
    pub fn add(&mut self, row: &Row<'_>) -> bool {
        let Some(passing) = wire::passing(row.body) else {
            return false;
        };
        let kind = match passing.kind {
            Kind::WorkstationHeartbeat => Sort::W,
            Kind::LockboxHeartbeat => Sort::L,
            _ => Sort::T,
        };
        let shape = Shape {
            office: row.office.to_owned(),
            source: row.source.to_owned(),
            kind,
            clock: row.clock.map(str::to_owned),
            boot: passing.place.as_ref().map(|place| place.boot.to_string()),
        };
        let again = body(&shape, row.n, passing.told, passing.place.as_ref());
        if again.is_none_or(|again| wire::passing(&again).as_ref() != Some(&passing)) {
            return false;
        }
        let number = match self.numbers.get(&shape) {
            Some(number) => *number,
            None => {
                let number = self.shapes.len() as u64;
                self.shapes.push(shape.clone());
                self.numbers.insert(shape, number);
                number
            }
        };
        let expected = self.expected.entry(row.source.to_owned()).or_default();
        let mut put = |column: Column, number: i64| varint::put_signed(&mut self.columns[column as usize], number);
        put(Column::Shape, number as i64);
        put(Column::N, row.n.wrapping_sub(self.last));
        put(Column::Time, expected.time_off(row.time.0));
        put(
            Column::Delay,
            expected.delay_off(row.received.0.wrapping_sub(row.time.0)),
        );
        put(Column::Told, row.time.0.wrapping_sub(passing.told.0));
        if let Some(place) = &passing.place {
            put(Column::Sequence, expected.sequence_off(place.sequence) as i64);
        }
        self.last = row.n;
        self.count += 1;
        let (from, to) = self.span.unwrap_or((row.time, row.time));
        self.span = Some((from.min(row.time), to.max(row.time)));
        true
    }

    pub fn len(&self) -> usize {
        self.count as usize
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The earliest and the latest time of what was taken in.
    pub fn span(&self) -> Option<(Moment, Moment)> {
        self.span
    }

    pub fn finish(self) -> Vec<u8> {
        let shapes = serde_json::json!(self.shapes).to_string();
        let mut out = vec![FORMAT];
        varint::put(&mut out, shapes.len() as u64);
        out.extend_from_slice(shapes.as_bytes());
        varint::put(&mut out, self.count);
        for column in &self.columns {
            varint::put(&mut out, column.len() as u64);
            out.extend_from_slice(column);
        }
        zstd::bulk::compress(&out, LEVEL).expect("bytes in memory can be packed")
    }
}

impl Expected {
    /// How far a time is off what was expected; wrapping, for devices may tell any time.
    fn time_off(&mut self, time: i64) -> i64 {
        let off = time.wrapping_sub(self.time.wrapping_add(self.interval));
        self.interval = time.wrapping_sub(self.time);
        self.time = time;
        off
    }

    fn time_at(&mut self, off: i64) -> i64 {
        let time = self.time.wrapping_add(self.interval).wrapping_add(off);
        self.interval = time.wrapping_sub(self.time);
        self.time = time;
        time
    }

    fn delay_off(&mut self, delay: i64) -> i64 {
        delay.wrapping_sub(std::mem::replace(&mut self.delay, delay))
    }

    fn delay_at(&mut self, off: i64) -> i64 {
        self.delay = self.delay.wrapping_add(off);
        self.delay
    }

    fn sequence_off(&mut self, sequence: u64) -> u64 {
        let next = std::mem::replace(&mut self.sequence, sequence).wrapping_add(1);
        sequence.wrapping_sub(next)
    }

    fn sequence_at(&mut self, off: u64) -> u64 {
        self.sequence = self.sequence.wrapping_add(1).wrapping_add(off);
        self.sequence
    }
}

/// Those of a coverage whose numbers lie in `wanted`, in their order. `None` where it is damaged.
pub fn unpack(packed: &[u8], wanted: std::ops::RangeInclusive<i64>) -> Option<Vec<Kept>> {
    let bytes = zstd::bulk::decompress(packed, UNPACKED_MAX).ok()?;
    let (format, mut rest) = bytes.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let shapes: Vec<Shape> = serde_json::from_slice(part(&mut rest)?).ok()?;
    let count = varint::take(&mut rest)?;
    let mut columns = [&rest[..0]; COLUMNS];
    for column in &mut columns {
        *column = part(&mut rest)?;
    }
    let mut expected: HashMap<&str, Expected> = HashMap::new();
    let (mut all, mut n) = (Vec::new(), 0i64);
    for _ in 0..count {
        let mut take = |column: Column| varint::take_signed(&mut columns[column as usize]);
        let shape = shapes.get(usize::try_from(take(Column::Shape)?).ok()?)?;
        n = n.wrapping_add(take(Column::N)?);
        let expected = expected.entry(&shape.source).or_default();
        let time = expected.time_at(take(Column::Time)?);
        let delay = expected.delay_at(take(Column::Delay)?);
        let told = Moment(time.wrapping_sub(take(Column::Told)?));
        let place = match &shape.boot {
            None => None,
            Some(boot) => Some(Place {
                boot: boot.as_str().into(),
                sequence: expected.sequence_at(take(Column::Sequence)? as u64),
            }),
        };
        if !wanted.contains(&n) {
            continue;
        }
        all.push(Kept {
            n,
            received: Moment(time.wrapping_add(delay)),
            time: Moment(time),
            office: OfficeId::new(&shape.office),
            source: shape.source.clone(),
            clock: shape.clock.clone(),
            tick: shape.kind == Sort::T,
            id: id(n),
            body: body(shape, n, told, place.as_ref())?,
        });
    }
    Some(all)
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint::take(rest)?).ok()?;
    let (part, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(part)
}

fn id(n: i64) -> String {
    format!("{ID}{n}")
}

/// A message that says the same. `None` where the source is not one of a device.
fn body(shape: &Shape, n: i64, told: Moment, place: Option<&Place>) -> Option<Vec<u8>> {
    let (office, device) = shape.source.strip_prefix('/')?.split_once('/')?;
    let event = Event {
        office: OfficeId::new(office),
        device: DeviceId::new(device),
        id: id(n).into(),
        time: told,
        place: place.cloned(),
        kind: match shape.kind {
            Sort::W => Kind::WorkstationHeartbeat,
            Sort::L => Kind::LockboxHeartbeat,
            Sort::T => Kind::Ticked,
        },
        reading: None,
    };
    Some(wire::to_json(&event, chrono_tz::UTC).into_bytes())
}
