//! Writes an event as the CloudEvent that `parse` would read.

use chrono_tz::Tz;

use crate::engine::event::Event;

/// One line of JSON, its time in the office's zone.
pub fn to_json(event: &Event, zone: Tz) -> String {
    format!("{}{}", event.reference(), event.time.rfc3339(zone))
}
