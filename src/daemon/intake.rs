//! Takes messages in: accepts, quarantines, finds duplicates.

use std::collections::HashMap;

use super::desk::Desk;
use crate::engine::event::{DeviceId, Event, Kind, OfficeId};
use crate::engine::time::Moment;
use crate::engine::visit::Number;
use crate::inbound::Inbound;
use crate::store::rows::{DeviceStatus, EntryKind, NewEntry, Quarantined, Turn};
use crate::store::{Asked, Error, Lookup, Store};
use crate::wire::{self, Limits, Rejected};

/// What a batch of messages came to.
#[derive(Default)]
pub struct Intake {
    pub turn: Turn,
    /// Accepted events and the desk each belongs to.
    pub events: Vec<(usize, Event)>,
    pub duplicates: u64,
    /// Numbers of applicants, each with its office and code: for the vault, and nowhere else.
    pub numbers: Vec<(usize, Box<str>, Number)>,
    /// Of all payloads.
    pub bytes: u64,
}

/// Topic of a message, taken apart.
enum Topic<'a> {
    Events { office: &'a str },
    Status { office: &'a str, device: &'a str },
    Other,
}

fn topic(text: &str) -> Topic<'_> {
    let mut parts = text.split('/');
    match (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) {
        (Some("jagaloket"), Some("v1"), Some(office), Some(_), Some("events"), None) => Topic::Events { office },
        (Some("jagaloket"), Some("v1"), Some(office), Some(device), Some("status"), None) => {
            Topic::Status { office, device }
        }
        _ => Topic::Other,
    }
}

/// An accepted message that may still turn out to be known.
struct Candidate {
    desk: usize,
    event: Event,
    source: String,
    /// Its place in the batch.
    message: usize,
    verdict: Identity,
    number: Option<Number>,
}

/// What the identity of a message is worth.
#[derive(Clone, Copy)]
enum Identity {
    New,
    Duplicate,
    Conflict,
}

impl Candidate {
    fn asked<'a>(&'a self, desk: &'a Desk) -> Asked<'a> {
        let event = &self.event;
        let heartbeat = event.kind.is_pulse() && !matches!(event.kind, Kind::Ticked);
        Asked {
            source: &self.source,
            id: &event.id,
            lookup: match heartbeat {
                false => Lookup::Everything,
                true if desk.engine.is_latest(&event.device, event.time) => Lookup::Recent,
                true => Lookup::At(desk.office.as_str(), event.time),
            },
        }
    }
}

/// Sorts a batch into accepted events, quarantine and duplicates. Nothing is written and no engine is touched; payloads
/// go over to their entries. `latest` is
/// how late it may be, where the monitor's clock is in doubt.
pub async fn take(
    store: &Store,
    desks: &[Desk],
    messages: &mut [Inbound],
    [now, latest]: [Moment; 2],
    ticks: bool,
) -> Result<Intake, Error> {
    let mut intake = Intake::default();
    let mut candidates: Vec<Candidate> = Vec::new();
    // What is kept instead of messages that may say more of a person than is needed.
    let mut cleared: Vec<(usize, Vec<u8>)> = Vec::new();
    let places: HashMap<&str, usize, foldhash::fast::FixedState> = desks
        .iter()
        .enumerate()
        .map(|(ix, desk)| (desk.office.as_str(), ix))
        .collect();
    for (at, message) in messages.iter().enumerate() {
        let quarantine = |rejected: Rejected| quarantined(message, rejected, now);
        intake.bytes += message.payload.len() as u64;
        if let Some(reason) = &message.refused {
            intake.turn.quarantined.push(quarantine(Rejected {
                code: "wrong_topic",
                reason: reason.clone(),
            }));
            continue;
        }
        match topic(&message.topic) {
            Topic::Events { office } => {
                let Some(&ix) = places.get(office) else {
                    intake.turn.quarantined.push(quarantine(unknown_office(office)));
                    continue;
                };
                let limits = Limits {
                    now: Some(latest),
                    ticks,
                };
                match wire::parse(Some(&message.topic), &message.payload, &desks[ix].roster, &limits) {
                    Ok(mut event) => {
                        let mut number = None;
                        if let Kind::Visit(visit) = &mut event.kind {
                            number = visit.take_number();
                            let zone = desks[ix].roster.office.zone;
                            cleared.push((at, wire::to_json(&event, zone).into_bytes()));
                        }
                        let source = format!("/{}/{}", event.office, event.device);
                        candidates.push(Candidate {
                            desk: ix,
                            event,
                            source,
                            message: at,
                            verdict: Identity::New,
                            number,
                        });
                    }
                    Err(rejected) => intake.turn.quarantined.push(quarantine(rejected)),
                }
            }
            Topic::Status { office, device } => match status(&message.payload) {
                Some(online)
                    if places
                        .get(office)
                        .is_some_and(|ix| desks[*ix].roster.device_kind(device).is_some()) =>
                {
                    intake.turn.statuses.push(DeviceStatus {
                        office: OfficeId::new(office),
                        device: DeviceId::new(device),
                        online,
                        at: now,
                    });
                }
                _ => intake.turn.quarantined.push(quarantine(Rejected {
                    code: "bad_status",
                    reason: "a status is {\"state\":\"online\"} or {\"state\":\"offline\"} from a device of the roster"
                        .into(),
                })),
            },
            Topic::Other => intake.turn.quarantined.push(quarantine(Rejected {
                code: "wrong_topic",
                reason: "the topic is not jagaloket/v1/{office}/{device}/events".into(),
            })),
        }
    }
    for (at, payload) in cleared {
        messages[at].payload = payload;
    }
    let asked: Vec<Asked<'_>> = candidates.iter().map(|one| one.asked(&desks[one.desk])).collect();
    let known = store.known(&asked).await?;
    // The same identity earlier among these messages.
    let mut first_at: HashMap<(&str, &str), usize, foldhash::fast::FixedState> = HashMap::default();
    first_at.reserve(asked.len());
    let earlier: Vec<Option<usize>> = asked
        .iter()
        .enumerate()
        .map(|(at, one)| match *first_at.entry((one.source, one.id)).or_insert(at) {
            first if first == at => None,
            first => Some(first),
        })
        .collect();
    for (at, known) in known.iter().enumerate() {
        let first: Option<&[u8]> = match (known, earlier[at]) {
            (Some(known), _) => Some(&known.body),
            (None, Some(first)) => Some(&messages[candidates[first].message].payload),
            (None, None) => None,
        };
        let message = &messages[candidates[at].message];
        candidates[at].verdict = match first {
            None => Identity::New,
            Some(first) if wire::same_body(first, &message.payload) => Identity::Duplicate,
            Some(_) => Identity::Conflict,
        };
    }
    for candidate in candidates {
        let message = &mut messages[candidate.message];
        let Candidate {
            desk,
            event,
            source,
            number,
            ..
        } = candidate;
        match candidate.verdict {
            Identity::Duplicate => intake.duplicates += 1,
            Identity::Conflict => {
                let rejected = Rejected::conflict(&source, &event.id);
                intake.turn.quarantined.push(quarantined(message, rejected, now));
            }
            Identity::New => {
                intake.turn.entries.push(NewEntry {
                    received: now,
                    kind: match event.kind {
                        Kind::Ticked => EntryKind::Tick,
                        Kind::Visit(_) => EntryKind::Visit,
                        _ if event.kind.is_pulse() => EntryKind::Pulse,
                        _ => EntryKind::Event,
                    },
                    office: event.office.clone(),
                    source,
                    id: event.id.to_string(),
                    time: event.time,
                    // Nobody needs it any more: what can fail lies behind.
                    body: std::mem::take(&mut message.payload),
                    clock: None,
                });
                if let (Kind::Visit(visit), Some(number)) = (&event.kind, number) {
                    intake.numbers.push((desk, visit.booking().into(), number));
                }
                intake.events.push((desk, event));
            }
        }
    }
    Ok(intake)
}

fn quarantined(message: &Inbound, rejected: Rejected, now: Moment) -> Quarantined {
    Quarantined {
        received: now,
        topic: message.topic.clone(),
        code: rejected.code,
        reason: rejected.reason,
        // It may hold the number of a person.
        payload: wire::without_persons(&message.payload).into_owned(),
    }
}

fn unknown_office(office: &str) -> Rejected {
    Rejected {
        code: "unknown_office",
        reason: format!(
            "no roster is of an office \"{office}\": check the topic, or add its roster to the configuration"
        ),
    }
}

fn status(payload: &[u8]) -> Option<bool> {
    #[derive(serde::Deserialize)]
    struct Status<'a> {
        state: &'a str,
    }
    match serde_json::from_slice::<Status>(payload).ok()?.state {
        "online" => Some(true),
        "offline" => Some(false),
        _ => None,
    }
}
