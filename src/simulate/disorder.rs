//! How events arrive when networks are bad: in another order, some late, some twice. None is lost.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::draft::MINUTE;
use crate::engine::event::{DeviceId, Event};

/// One device in four is cut off for a while and resends its buffer afterwards, at once and in its order.
/// Every event takes up to half a second, so neighbours swap; one in two hundred comes twice.
pub(super) fn disorder(events: Vec<Event>, mut rng: Rng) -> Vec<Event> {
    let Some(first) = events.first().map(|event| event.time.0) else {
        return events;
    };
    let mut cut_off: BTreeMap<DeviceId, Option<(i64, i64)>> = BTreeMap::new();
    let mut arrivals: Vec<(i64, Event)> = Vec::with_capacity(events.len() + events.len() / 100);
    for event in events {
        let outage = *cut_off.entry(event.device.clone()).or_insert_with(|| {
            let from = first + rng.i64(30 * MINUTE..8 * 60 * MINUTE);
            (rng.usize(0..4) == 0).then(|| (from, from + rng.i64(3 * MINUTE..60 * MINUTE)))
        });
        let arrives = match outage {
            Some((from, until)) if (from..until).contains(&event.time.0) => until,
            _ => event.time.0 + rng.i64(0..500),
        };
        if rng.usize(0..200) == 0 {
            arrivals.push((arrives + rng.i64(0..MINUTE), event.clone()));
        }
        arrivals.push((arrives, event));
    }
    // Stable: a buffer is resent in its order.
    arrivals.sort_by_key(|(arrives, _)| *arrives);
    arrivals.into_iter().map(|(_, event)| event).collect()
}
