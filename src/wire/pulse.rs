//! Reads heartbeats by the shape of one that was read in full: most lines differ from it in a few texts only.

use std::collections::HashMap;

use super::json::Sort;
use super::{BYTES_MAX, Envelope, ID_BYTES_MAX, Limits, Rejected, accept, read};
use crate::engine::event::{BootKey, DeviceKind, Event, IdKey, Kind, Place, Pulse};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

/// Reads the lines of files of one office, like `parse` without a topic, and heartbeats quicker.
pub struct Reader<'r> {
    roster: &'r Roster,
    /// How the source of its devices begins.
    office: String,
    /// Workstations and lockboxes, with their place in `Roster::device_ids`.
    devices: HashMap<&'r [u8], (u32, DeviceKind), foldhash::fast::FixedState>,
    shape: Option<Shape>,
}

/// A heartbeat at the begin of a text.
pub struct Beat<'a> {
    pub pulse: Pulse,
    /// Its bytes, without the end of the line.
    pub text: &'a [u8],
}

/// A heartbeat's text but for what differs from one to the next: the other attributes, the data, white space, the order.
struct Shape {
    begin: Vec<u8>,
    /// What stands there, and the text behind it.
    parts: Vec<(Part, Vec<u8>)>,
}

#[derive(Clone, Copy)]
enum Part {
    Id,
    Source,
    Kind,
    Time,
    Boot,
    Sequence,
}

impl<'r> Reader<'r> {
    pub fn new(roster: &'r Roster) -> Reader<'r> {
        let devices = roster.device_ids().enumerate().filter_map(|(ix, id)| {
            let kind = roster.device_kind(id.as_str())?;
            Some((id.as_str().as_bytes(), (ix as u32, kind)))
        });
        Reader {
            roster,
            office: format!("/{}/", roster.office.id),
            devices: devices.collect(),
            shape: None,
        }
    }

    /// Reads one line in full, without the white space around it.
    pub fn parse(&mut self, line: &[u8]) -> Result<Event, Rejected> {
        let envelope = read(line)?;
        let event = accept(&envelope, None, self.roster, &Limits::REPLAY)?;
        if matches!(event.kind, Kind::WorkstationHeartbeat | Kind::LockboxHeartbeat) {
            self.shape = Shape::of(envelope);
        }
        Ok(event)
    }

    /// The heartbeat that is the whole first line of `lines`, if it has the shape of the one read last. `None` says
    /// nothing of the line but that it must be read in full.
    pub fn beat<'a>(&self, lines: &'a [u8]) -> Option<Beat<'a>> {
        let shape = self.shape.as_ref()?;
        let mut at = behind(lines, 0, &shape.begin)?;
        let (mut id, mut kind, mut device, mut time, mut boot, mut sequence) =
            (&lines[..0], None, None, None, None, None);
        for (part, text) in &shape.parts {
            match part {
                Part::Id => {
                    let end = plain(lines, at)?;
                    id = &lines[at..end];
                    at = end;
                }
                Part::Source => {
                    let name = behind(lines, at, self.office.as_bytes())?;
                    at = plain(lines, name)?;
                    device = Some(*self.devices.get(&lines[name..at])?);
                }
                Part::Kind => {
                    let (sender, end) = match behind(lines, at, b"workstation.heartbeat") {
                        Some(end) => (DeviceKind::Workstation, end),
                        None => (DeviceKind::Lockbox, behind(lines, at, b"lockbox.heartbeat")?),
                    };
                    kind = Some(sender);
                    at = end;
                }
                Part::Time => {
                    let (moment, length) = Moment::parse_plain(&lines[at..])?;
                    time = Some(moment);
                    at += length;
                }
                Part::Boot => {
                    let end = plain(lines, at)?;
                    boot = Some(BootKey::of(&lines[at..end]));
                    at = end;
                }
                Part::Sequence => {
                    let (number, end) = digits(lines, at)?;
                    sequence = Some(number);
                    at = end;
                }
            }
            at = behind(lines, at, text)?;
        }
        let (device, sender) = device?;
        let fits = !id.is_empty() && id.len() <= ID_BYTES_MAX && at <= BYTES_MAX;
        if !fits || kind != Some(sender) || lines.get(at) != Some(&b'\n') {
            return None;
        }
        Some(Beat {
            pulse: Pulse {
                device,
                id: IdKey::of(id),
                time: time?,
                place: boot.zip(sequence),
            },
            text: &lines[..at],
        })
    }
}

impl Shape {
    /// The shape of a heartbeat that was accepted. `None` where its texts are not written plainly.
    fn of(envelope: Envelope) -> Option<Shape> {
        // An attribute that comes to be read must find its place here.
        let Envelope {
            text,
            specversion: _,
            id,
            source,
            kind,
            time,
            boot,
            sequence,
            data: _,
        } = envelope;
        let mut values = vec![
            (Part::Id, id),
            (Part::Source, source),
            (Part::Kind, kind),
            (Part::Time, time),
        ];
        // One without the other is anybody's extension.
        match (boot.sort, sequence.sort) {
            (Sort::Text, Sort::Text) => values.extend([(Part::Boot, boot), (Part::Sequence, sequence)]),
            (Sort::Absent, Sort::Absent) => {}
            _ => return None,
        }
        if values.iter().any(|(_, value)| value.sort != Sort::Text) {
            return None;
        }
        values.sort_by_key(|(_, value)| value.range().start);
        let ends = values[1..]
            .iter()
            .map(|(_, next)| next.range().start)
            .chain([text.len()]);
        let parts = values.iter().zip(ends);
        Some(Shape {
            begin: text.as_bytes()[..values[0].1.range().start].to_vec(),
            parts: parts
                .map(|((part, value), end)| (*part, text.as_bytes()[value.range().end..end].to_vec()))
                .collect(),
        })
    }
}

/// All that an accepted event says which only lets time pass, but for who sent it and its id.
#[derive(Clone, PartialEq, Debug)]
pub struct Passing {
    pub kind: Kind,
    pub told: Moment,
    pub place: Option<Place>,
}

/// What such an event says. `None` for every other one, and for what was never accepted.
pub fn passing(body: &[u8]) -> Option<Passing> {
    let envelope = read(body).ok()?;
    let kind = match &*envelope.required("type", envelope.kind).ok()? {
        "workstation.heartbeat" => Kind::WorkstationHeartbeat,
        "lockbox.heartbeat" => Kind::LockboxHeartbeat,
        "clock.ticked" => Kind::Ticked,
        _ => return None,
    };
    Some(Passing {
        kind,
        told: Moment::parse(&envelope.required("time", envelope.time).ok()?)?,
        place: envelope.place().ok()?,
    })
}

/// The place behind `text`, if it stands at `at`.
#[inline]
fn behind(lines: &[u8], at: usize, text: &[u8]) -> Option<usize> {
    lines[at..].starts_with(text).then_some(at + text.len())
}

/// Where the text that begins at `at` ends, if it holds nothing but printable ASCII characters and no escape.
#[inline]
fn plain(lines: &[u8], mut at: usize) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    while let Some(chunk) = lines.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(LOW * 0x20) & !word & HIGH;
        // From 0x7f on; what an addition carries over falls on the byte above one that is found already.
        let high = (word | word.wrapping_add(LOW)) & HIGH;
        let found = zero(word ^ (LOW * u64::from(b'"'))) | zero(word ^ (LOW * u64::from(b'\\'))) | control | high;
        if found != 0 {
            at += found.trailing_zeros() as usize / 8;
            return (lines[at] == b'"').then_some(at);
        }
        at += 8;
    }
    // The last line of a file may end here; it is read in full.
    None
}

/// The decimal number that begins at `at`, and where it ends.
#[inline]
fn digits(lines: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut number = 0u64;
    let mut end = at;
    while let Some(byte) = lines.get(end).filter(|byte| byte.is_ascii_digit()) {
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        end += 1;
    }
    (end > at).then_some((number, end))
}
