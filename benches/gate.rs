//! Scan to answer: what the rules take among an office's bookings of a quarter year.

use jagaloket::booking::gate::{Holder, Scan, answer};
use jagaloket::booking::{Registry, Terms, code};
use jagaloket::engine::event::{DeviceId, Event, Kind, OfficeId};
use jagaloket::engine::time::Moment;
use jagaloket::engine::visit::{Appointment, Nationality, Tongue, Visit};

const BOOKINGS: u64 = 20_000;
const ROUNDS: usize = 200_000;

fn main() {
    let mut registry = Registry::default();
    let from = Moment(1_795_399_200_000);
    let mut codes = Vec::new();
    for n in 0..BOOKINGS {
        let chance = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let booking = code::of_chance([chance[0], chance[1], chance[2], chance[3], chance[4]]);
        let visit = Visit::Issued(Appointment {
            booking: booking.as_str().into(),
            from,
            until: from.plus_ms(30 * 60_000),
            service: "passport-new".into(),
            nationality: Nationality::Wni,
            initials: "AS".into(),
            care: None,
            tongue: Tongue::Id,
            number: None,
        });
        registry.take(&Event {
            office: OfficeId::new("kota"),
            device: DeviceId::new("system"),
            id: n.to_string().into(),
            time: from.plus_ms(-86_400_000),
            place: None,
            kind: Kind::Visit(Box::new(visit)),
            reading: None,
        });
        codes.push(booking);
    }
    let terms = Terms::default();
    let began = jagaloket::clock::instant();
    let mut admitted = 0;
    for n in 0..ROUNDS {
        let scan = Scan {
            at: from,
            gate: "gerbang-1",
            code: &codes[n % codes.len()],
            errand: None,
            companions: 0,
            holder: Holder::Applicant,
        };
        admitted += usize::from(answer(&scan, &registry, &terms, chrono_tz::Asia::Jakarta).admits());
    }
    let took = began.elapsed();
    println!(
        "{BOOKINGS} bookings, {admitted} let in: {:.2} us a scan",
        took.as_secs_f64() * 1e6 / ROUNDS as f64
    );
}
