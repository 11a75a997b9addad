//! Stories at the gate, in one table, and what folding does with events in any order.

use chrono_tz::Asia::Jakarta;

use super::gate::{Answer, Holder, Scan, answer};
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
fn the_gate_answers_in_every_situation() {
    use Answer::*;
    let (collect, serve) = (Some(Errand::Collection), Some(Errand::Service));
    let (me, proxy, other) = (Holder::Applicant, Holder::Proxy, Holder::Other);
    // What was told before, the scan's code, time, gate, errand, companions and holder, and the answer.
    type Row<'a> = (
        &'a str,
        &'a [&'a str],
        &'a str,
        &'a str,
        &'a str,
        Option<Errand>,
        u32,
        Holder,
        Answer,
    );
    let date = |text: &str| text.parse().unwrap();
    let rows: &[Row<'_>] = &[
        (
            "in the middle",
            &["issued"],
            CODE,
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Welcome,
        ),
        (
            "to the minute early",
            &["issued"],
            CODE,
            "08:30:00",
            "g1",
            None,
            0,
            me,
            Welcome,
        ),
        (
            "a moment too early",
            &["issued"],
            CODE,
            "08:29:59.999",
            "g1",
            None,
            0,
            me,
            Early { from: at("09:00:00") },
        ),
        (
            "hours early",
            &["issued"],
            CODE,
            "06:00:00",
            "g1",
            None,
            0,
            me,
            Early { from: at("09:00:00") },
        ),
        (
            "to the minute late",
            &["issued"],
            CODE,
            "09:45:00",
            "g1",
            None,
            0,
            me,
            Welcome,
        ),
        (
            "a moment too late",
            &["issued"],
            CODE,
            "09:45:00.001",
            "g1",
            None,
            0,
            me,
            Late { until: at("09:30:00") },
        ),
        (
            "in the afternoon",
            &["issued"],
            CODE,
            "15:00:00",
            "g1",
            None,
            0,
            me,
            Late { until: at("09:30:00") },
        ),
        (
            "the day before",
            &["issued"],
            CODE,
            "23 09:10:00",
            "g1",
            None,
            0,
            me,
            OtherDay {
                date: date("2026-11-24"),
            },
        ),
        (
            "the day after",
            &["issued"],
            CODE,
            "25 09:10:00",
            "g1",
            None,
            0,
            me,
            OtherDay {
                date: date("2026-11-24"),
            },
        ),
        (
            "just before midnight",
            &["issued"],
            CODE,
            "23:59:59",
            "g1",
            None,
            0,
            me,
            Late { until: at("09:30:00") },
        ),
        (
            "another's code",
            &["issued"],
            "TNG7F3K9R",
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Unknown,
        ),
        (
            "a check character that is right, and nobody's",
            &["issued"],
            "00000000",
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Unknown,
        ),
        (
            "a forged check character",
            &["issued"],
            "00000001",
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Mistyped,
        ),
        (
            "two characters exchanged",
            &["issued"],
            "0010-0000",
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Mistyped,
        ),
        (
            "small letters and hyphens",
            &["issued"],
            " tng-7f3k9q ",
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Welcome,
        ),
        ("nothing", &["issued"], "", "09:10:00", "g1", None, 0, me, Unreadable),
        (
            "an address of the web",
            &["issued"],
            "https://x?c=1",
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Unreadable,
        ),
        (
            "a whole page",
            &["issued"],
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Unreadable,
        ),
        (
            "cancelled",
            &["issued", "cancelled"],
            CODE,
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Cancelled,
        ),
        (
            "cancelled, and issued again",
            &["issued", "cancelled", "issued"],
            CODE,
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Welcome,
        ),
        (
            "moved to the afternoon, and comes in the morning",
            &["issued", "changed to 13:00"],
            CODE,
            "09:10:00",
            "g1",
            None,
            0,
            me,
            Early { from: at("13:00:00") },
        ),
        (
            "moved to the afternoon, and comes then",
            &["issued", "changed to 13:00"],
            CODE,
            "13:05:00",
            "g1",
            None,
            0,
            me,
            Welcome,
        ),
        (
            "scanned twice by a shaking hand",
            &["issued", "in g1 09:10:00"],
            CODE,
            "09:10:02",
            "g1",
            None,
            0,
            me,
            Again { at: at("09:10:00") },
        ),
        (
            "a copy, at once, at another gate",
            &["issued", "in g1 09:10:00"],
            CODE,
            "09:10:00.800",
            "g2",
            None,
            0,
            me,
            Inside { at: at("09:10:00") },
        ),
        (
            "a copy a minute later at the same gate",
            &["issued", "in g1 09:10:00"],
            CODE,
            "09:11:00",
            "g1",
            None,
            0,
            me,
            Inside { at: at("09:10:00") },
        ),
        (
            "went out to copy a paper",
            &["issued", "in g1 09:10:00", "out g1 09:40:00"],
            CODE,
            "09:55:00",
            "g1",
            None,
            0,
            me,
            Back { left: at("09:40:00") },
        ),
        (
            "comes back by the other gate",
            &["issued", "in g1 09:10:00", "out g2 09:40:00"],
            CODE,
            "10:40:00",
            "g2",
            None,
            0,
            me,
            Back { left: at("09:40:00") },
        ),
        (
            "comes back after lunch",
            &["issued", "in g1 09:10:00", "out g1 09:40:00"],
            CODE,
            "10:40:00.001",
            "g1",
            None,
            0,
            me,
            Used { at: at("09:10:00") },
        ),
        (
            "comes back the next day",
            &["issued", "in g1 09:10:00", "out g1 09:40:00"],
            CODE,
            "25 09:10:00",
            "g1",
            None,
            0,
            me,
            Used { at: at("09:10:00") },
        ),
        (
            "let in off line, told later, and a copy comes",
            &["in g2 09:05:00", "issued"],
            CODE,
            "09:12:00",
            "g1",
            None,
            0,
            me,
            Inside { at: at("09:05:00") },
        ),
        (
            "let in off line by two gates",
            &["issued", "in g1 09:05:00", "in g2 09:06:00"],
            CODE,
            "09:12:00",
            "g1",
            None,
            0,
            me,
            Inside { at: at("09:05:00") },
        ),
        (
            "a gate spoke of it, nobody issued it",
            &["in g1 09:05:00"],
            CODE,
            "09:12:00",
            "g1",
            None,
            0,
            me,
            Unknown,
        ),
        (
            "brings his wife",
            &["issued"],
            CODE,
            "09:10:00",
            "g1",
            None,
            1,
            me,
            TooMany { most: 0 },
        ),
        (
            "an infant with both parents",
            &["infant"],
            CODE,
            "09:10:00",
            "g1",
            None,
            2,
            me,
            Welcome,
        ),
        (
            "an infant with the whole family",
            &["infant"],
            CODE,
            "09:10:00",
            "g1",
            None,
            3,
            me,
            TooMany { most: 2 },
        ),
        (
            "an old lady with her son",
            &["elderly"],
            CODE,
            "09:10:00",
            "g1",
            None,
            1,
            me,
            Welcome,
        ),
        (
            "a wheelchair and who pushes it",
            &["disabled"],
            CODE,
            "09:10:00",
            "g1",
            None,
            1,
            me,
            Welcome,
        ),
        (
            "a wheelchair and two",
            &["disabled"],
            CODE,
            "09:10:00",
            "g1",
            None,
            2,
            me,
            TooMany { most: 1 },
        ),
        (
            "somebody comes for the applicant",
            &["issued"],
            CODE,
            "09:10:00",
            "g1",
            serve,
            0,
            proxy,
            NotInPerson,
        ),
        (
            "collects too soon",
            &["issued", "in g1 09:10:00", "out g1 09:40:00"],
            CODE,
            "26 10:00:00",
            "g1",
            collect,
            0,
            me,
            NotReady,
        ),
        (
            "collects",
            &["issued", "in g1 09:10:00", "out g1 09:40:00", "ready"],
            CODE,
            "26 10:00:00",
            "g1",
            None,
            0,
            me,
            Collect,
        ),
        (
            "collects on the last day",
            &["issued", "ready"],
            CODE,
            "30 16:00:00",
            "g1",
            None,
            0,
            me,
            Collect,
        ),
        (
            "collects after the last day",
            &["issued", "ready"],
            CODE,
            "30 16:00:00.001",
            "g1",
            None,
            0,
            me,
            CollectionOver {
                until: at("30 16:00:00"),
            },
        ),
        (
            "somebody collects with a letter",
            &["issued", "ready"],
            CODE,
            "26 10:00:00",
            "g1",
            None,
            0,
            proxy,
            CollectFor,
        ),
        (
            "somebody collects with nothing",
            &["issued", "ready"],
            CODE,
            "26 10:00:00",
            "g1",
            None,
            0,
            other,
            NeedsLetter,
        ),
        (
            "collects twice",
            &["issued", "ready", "collected"],
            CODE,
            "26 10:00:00",
            "g1",
            None,
            0,
            me,
            Answer::Collected { at: at("25 10:00:00") },
        ),
        (
            "a copy of the receipt while he is inside",
            &["issued", "ready", "collecting g1 26 10:00:00"],
            CODE,
            "26 10:05:00",
            "g2",
            None,
            0,
            me,
            Inside { at: at("26 10:00:00") },
        ),
        (
            "brings somebody to the collection",
            &["issued", "ready"],
            CODE,
            "26 10:00:00",
            "g1",
            None,
            1,
            me,
            TooMany { most: 0 },
        ),
        (
            "ready, and wants to be served again",
            &["issued", "in g1 09:10:00", "out g1 09:40:00", "ready"],
            CODE,
            "26 10:00:00",
            "g1",
            serve,
            0,
            me,
            Used { at: at("09:10:00") },
        ),
        (
            "an old scan that comes in late",
            &["issued", "in g1 09:10:00"],
            CODE,
            "09:09:00",
            "g1",
            None,
            0,
            me,
            Inside { at: at("09:10:00") },
        ),
    ];
    assert!(rows.len() >= 40, "{}", rows.len());
    for (what, story, code, time, gate, errand, companions, holder, expected) in rows {
        let scan = Scan {
            at: at(time),
            gate,
            code,
            errand: *errand,
            companions: *companions,
            holder: *holder,
        };
        let said = answer(&scan, &registry(&told(story)), &Terms::default(), Jakarta);
        assert_eq!(said, *expected, "{what}");
    }
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
