//! What folding does with events in any order, and lists; the situations at the gate are a file of their own.

mod situations;

use chrono_tz::Asia::Jakarta;

use super::import::{Form, List, read};
use super::*;
use crate::engine::event::{DeviceId, OfficeId};
use crate::engine::visit::{Care, Nationality, Number, Passage, Tongue};

const CODE: &str = "TNG7F3K9Q";

fn at(text: &str) -> Moment {
    let (day, time) = match text.split_once(' ') {
        Some((day, time)) => (day, time),
        None => ("24", text),
    };
    Moment::parse(&format!("2026-11-{day}T{time}+07:00")).unwrap_or_else(|| panic!("{text}"))
}

fn appointment(care: Option<Care>) -> Appointment {
    Appointment {
        booking: CODE.into(),
        from: at("09:00:00"),
        until: at("09:30:00"),
        service: "passport-new".into(),
        nationality: Nationality::Wni,
        initials: "AS".into(),
        care,
        tongue: Tongue::Id,
        number: None,
    }
}

fn event(device: &str, id: &str, time: Moment, visit: Visit) -> Event {
    Event {
        office: OfficeId::new("tangerang"),
        device: DeviceId::new(device),
        id: id.into(),
        time,
        place: None,
        kind: Kind::Visit(Box::new(visit)),
        reading: None,
    }
}

/// `issued`, `infant`, `elderly`, `disabled`, `changed to 13:00`, `cancelled`, `ready`, `collected`, and
/// `in GATE TIME`, `out GATE TIME`, `collecting GATE TIME`.
fn told(story: &[&str]) -> Vec<Event> {
    let code: Box<str> = CODE.into();
    let passage = |gate: &str, errand| Passage {
        booking: code.clone(),
        gate: Some(gate.into()),
        errand: Some(errand),
        ..Passage::default()
    };
    let mut events = Vec::new();
    for (n, line) in story.iter().enumerate() {
        let words: Vec<&str> = line.split(' ').collect();
        let early = at("23 08:00:00").plus_ms(n as i64);
        let when = || at(&words[2..].join(" "));
        let (device, time, visit) = match words[0] {
            "issued" => ("system", early, Visit::Issued(appointment(None))),
            "infant" | "elderly" | "disabled" => ("system", early, Visit::Issued(appointment(Care::parse(words[0])))),
            "changed" => {
                let mut one = appointment(None);
                (one.from, one.until) = (at("13:00:00"), at("13:30:00"));
                ("system", early, Visit::Changed(one))
            }
            "cancelled" => ("system", early, Visit::Cancelled { booking: code.clone() }),
            "ready" => {
                let (booking, until) = (code.clone(), at("30 16:00:00"));
                ("system", early, Visit::Ready { booking, until })
            }
            "collected" => {
                let (booking, by) = (code.clone(), None);
                ("system", at("25 10:00:00"), Visit::Collected { booking, by })
            }
            "in" => (words[1], when(), Visit::Admitted(passage(words[1], Errand::Service))),
            "collecting" => (words[1], when(), Visit::Admitted(passage(words[1], Errand::Collection))),
            "out" => (words[1], when(), Visit::Left(passage(words[1], Errand::Service))),
            other => panic!("{other}"),
        };
        events.push(event(device, &format!("{n}"), time, visit));
    }
    events
}

fn registry(events: &[Event]) -> Registry {
    let mut registry = Registry::default();
    events.iter().for_each(|event| drop(registry.take(event)));
    registry
}

#[test]
fn any_order_of_arrival_with_doubles_gives_the_same_bookings() {
    let story = [
        "issued",
        "changed to 13:00",
        "in g1 09:05:00",
        "in g2 09:06:00",
        "out g1 09:40:00",
        "ready",
        "collected",
    ];
    let events = told(&story);
    let whole = registry(&events);
    let mut rng = fastrand::Rng::with_seed(8);
    for _ in 0..200 {
        let mut shuffled = events.clone();
        rng.shuffle(&mut shuffled);
        assert_eq!(registry(&shuffled), whole);
    }
    let booking = whole.booking(CODE).unwrap();
    assert!(booking.is_twin());
    assert_eq!(booking.state(&Terms::default(), at("26 10:00:00")), State::Collected);
}

#[test]
fn a_booking_stands_where_its_story_has_it() {
    for (story, now, state) in [
        (&["issued"][..], "09:45:00", State::Issued),
        (&["issued"], "09:45:00.001", State::Lapsed),
        (&["issued", "changed to 13:00"], "10:00:00", State::Changed),
        (&["issued", "cancelled"], "10:00:00", State::Cancelled),
        (&["issued", "in g1 09:10:00"], "23:00:00", State::Used),
        (&["issued", "ready"], "25 09:00:00", State::Ready),
        (&["issued", "ready", "collected"], "25 11:00:00", State::Collected),
    ] {
        let registry = registry(&told(story));
        let booking = registry.booking(CODE).unwrap();
        assert_eq!(booking.state(&Terms::default(), at(now)), state, "{story:?}");
    }
}

#[test]
fn a_number_has_an_end_30_days_after_the_collection() {
    let terms = Terms::default();
    let until = |story: &[&str]| {
        registry(&told(story))
            .booking(CODE)
            .unwrap()
            .number_until(&terms)
            .unwrap()
    };
    assert_eq!(
        until(&["issued", "ready", "collected"]),
        at("25 10:00:00").plus_ms(30 * DAY_MS)
    );
    assert_eq!(until(&["issued", "ready"]), at("30 16:00:00").plus_ms(30 * DAY_MS));
    assert_eq!(until(&["issued"]), at("09:30:00").plus_ms(60 * DAY_MS));
}

#[test]
fn what_is_long_over_is_forgotten_and_codes_tried_at_a_gate_fill_nothing() {
    let mut registry = registry(&told(&["issued"]));
    for n in 0..100 {
        let passage = Passage {
            booking: format!("TRY{n}").into(),
            ..Passage::default()
        };
        registry.take(&event("g1", &format!("x{n}"), at("09:00:00"), Visit::Refused(passage)));
    }
    assert_eq!(registry.len(), 1);
    assert!(registry.forget(at("30 10:00:00")).is_empty());
    assert_eq!(registry.forget(at("24 10:00:00").plus_ms(91 * DAY_MS)), [CODE.into()]);
    assert!(registry.is_empty());
}

fn csv(text: &str) -> List {
    read(text.as_bytes(), Form::Csv, Jakarta)
}

#[test]
fn a_list_is_read_with_every_fault_by_row_and_column_and_no_value_repeated() {
    let list = csv("booking,from,until,service,nationality,initials,care,language,number\n\
                    TNG-7F3K9Q,2026-11-24 09:00,2026-11-24 09:30,passport-new,WNI,as,,,0812-3456-7890\n\
                    ,2026-11-24T10:00:00+07:00,2026-11-24T10:30:00+07:00,permit,wna,J,elderly,,+49 151 2345678\n\
                    x,2026-11-24 9,2026-11-24 09:30,,martian,Budi Santoso,cat,fr,12\n\
                    ABCD1234,2026-11-24 09:30,2026-11-24 09:00,s,wni,A,,,\n\
                    ABCD1234,too,short\n");
    assert_eq!(list.bookings.len(), 2);
    assert_eq!(list.bookings[0].number, Number::parse("+6281234567890"));
    assert_eq!(list.bookings[0].initials, "AS".into());
    assert_eq!((list.bookings[1].tongue, &*list.bookings[1].booking), (Tongue::En, ""));
    let faults: Vec<String> = list.faults.iter().map(Fault::to_string).collect();
    let columns = [
        "service",
        "booking",
        "from",
        "nationality",
        "initials",
        "care",
        "language",
        "number",
    ];
    for column in columns {
        assert!(
            faults
                .iter()
                .any(|fault| fault.starts_with(&format!("row 4, column \"{column}\""))),
            "{column}: {faults:#?}"
        );
    }
    assert!(
        faults
            .iter()
            .any(|fault| fault == "row 5, column \"until\": it is not after \"from\""),
        "{faults:#?}"
    );
    assert!(faults.iter().any(|fault| fault.starts_with("row 6: ")), "{faults:#?}");
    assert!(!format!("{list:?}{faults:?}").contains("81234567890"));
    assert!(!faults.concat().contains("Budi"));
}

use super::import::Fault;

#[test]
fn json_lines_semicolons_and_what_lacks_a_heading() {
    let line = r#"{"booking":"ABCD1234","from":"2026-11-24 09:00","until":"2026-11-24 09:30","service":"s","nationality":"wni","initials":"A"}"#;
    let list = read(
        format!("{line}\n\n[1]\n{{\"booking\":7}}\n{line}\n").as_bytes(),
        Form::JsonLines,
        Jakarta,
    );
    assert_eq!(list.bookings.len(), 2);
    let faults: Vec<String> = list.faults.iter().map(Fault::to_string).collect();
    assert_eq!(faults[0], "row 3: it is not one JSON object");
    assert_eq!(faults[1], "row 4, column \"booking\": it is not a text");
    assert!(faults[2].contains("has the same code"), "{faults:?}");
    let list = csv("\u{feff}from;until;service;nationality;initials\n2026-11-24 09:00;2026-11-24 09:30;s;wni;A\n");
    assert_eq!((list.bookings.len(), list.faults.len()), (1, 0));
    let list = csv("from,until\na,b\n");
    assert_eq!(list.faults.len(), 3);
}
