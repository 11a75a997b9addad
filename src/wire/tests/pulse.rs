//! What is read by its shape reads as it does in full, and nothing else is read by it.

use super::roster;
use crate::engine::event::{BootKey, IdKey};
use crate::engine::roster::Roster;
use crate::wire::{Limits, Reader, parse};

/// The contract's order, another one with white space and attributes of its own, and one without a place in a boot.
const SHAPES: [&str; 3] = [
    r#"{"specversion":"1.0","id":"ID","source":"SOURCE","type":"TYPE","time":"TIME","bootid":"BOOT","sequence":"SEQUENCE","data":{}}"#,
    r#"{ "time" : "TIME", "data" : {"free": [1, null]}, "sequence" : "SEQUENCE", "bootid" : "BOOT", "type" : "TYPE", "id" : "ID", "datacontenttype" : "application/json", "source" : "SOURCE", "specversion" : "1.0" }"#,
    r#"{"id":"ID","source":"SOURCE","specversion":"1.0","time":"TIME","type":"TYPE"}"#,
];

fn line(shape: &str, texts: [&str; 6]) -> String {
    ["ID", "SOURCE", "TYPE", "TIME", "BOOT", "SEQUENCE"]
        .iter()
        .zip(texts)
        .fold(shape.to_owned(), |line, (part, text)| line.replace(part, text))
}

const USUAL: [&str; 6] = [
    "0193-a",
    "/tangerang/loket-03",
    "workstation.heartbeat",
    "2026-11-24T10:02:10.000+07:00",
    "b7",
    "118",
];

/// Whether the first line of `lines` was read by the shape; if so, it must be what reading it in full gives.
fn check(reader: &Reader, roster: &Roster, lines: &[u8]) -> bool {
    let Some(beat) = reader.beat(lines) else { return false };
    let first = lines.split(|byte| *byte == b'\n').next().unwrap();
    let shown = String::from_utf8_lossy(first);
    assert_eq!(beat.text, first, "{shown}");
    let event = parse(None, first, roster, &Limits::REPLAY).unwrap_or_else(|rejected| panic!("{rejected}: {shown}"));
    let device = roster.device_ids().nth(beat.pulse.device as usize).unwrap();
    assert!(event.kind.is_pulse(), "{shown}");
    assert_eq!(*device, event.device, "{shown}");
    assert_eq!(beat.pulse.time, event.time, "{shown}");
    assert_eq!(beat.pulse.id, IdKey::of(event.id.as_bytes()), "{shown}");
    let place = event
        .place
        .map(|place| (BootKey::of(place.boot.as_bytes()), place.sequence));
    assert_eq!(beat.pulse.place, place, "{shown}");
    true
}

fn taught<'r>(roster: &'r Roster, shape: &str) -> Reader<'r> {
    let mut reader = Reader::new(roster);
    reader.parse(line(shape, USUAL).as_bytes()).unwrap();
    reader
}

#[test]
fn heartbeats_that_differ_in_their_texts_are_read_by_their_shape() {
    let roster = roster();
    for shape in SHAPES {
        let reader = taught(&roster, shape);
        for texts in [
            USUAL,
            [
                "z",
                "/tangerang/loker-a",
                "lockbox.heartbeat",
                "2026-11-24T03:02:10Z",
                "",
                "0",
            ],
            [
                "a~ ok",
                "/tangerang/loket-03",
                "workstation.heartbeat",
                "1969-12-31T23:59:59.9999-00:30",
                "b",
                "0018446744073709551615",
            ],
        ] {
            let text = line(shape, texts) + "\n{";
            assert!(check(&reader, &roster, text.as_bytes()), "{text}");
        }
    }
}

#[test]
fn what_is_unusual_is_read_in_full() {
    let roster = roster();
    let long = "x".repeat(257);
    let unusual = [
        (
            0,
            ["", r"\u0061", "\u{7f}", "é", "\"", r"a\\", "\u{1}", "\u{85}", &long],
        ),
        (
            1,
            [
                "/bandung/loket-03",
                "/tangerang/loket-09",
                "/tangerang/",
                "/tangerang/system",
                "/tangerang/loket-03/",
                "tangerang/loket-03",
                "//loket-03",
                "/tangerang/loker-a",
                "/tangerang/LOKET-03",
            ],
        ),
        (
            2,
            [
                "lockbox.heartbeat",
                "service.started",
                "workstation.heartbeats",
                "workstation.heartbea",
                "",
                "clock.ticked",
                "Workstation.heartbeat",
                "workstation.started",
                "x",
            ],
        ),
        (
            3,
            [
                "2026-11-24T10:02:10.000",
                "2026-02-29T10:02:10Z",
                "2026-11-24t10:02:10z",
                "2026-11-24T10:02:60Z",
                "",
                "2026-11-24T10:02:10Zx",
                "2026-11-24 10:02:10+07:00",
                "2026-11-24T10:02:10.Z",
                "2026-11-24T24:00:00Z",
            ],
        ),
        (4, ["\"", "\u{7f}", "é", "\t", r"\n", "\u{0}", "ü", "\\", "a\\"]),
        (
            5,
            ["", "-1", "+1", "1.0", "18446744073709551616", "1a", " 1", "0x1", "1 "],
        ),
    ];
    for shape in &SHAPES[..2] {
        let reader = taught(&roster, shape);
        for (part, texts) in &unusual {
            for text in texts {
                let mut all = USUAL;
                all[*part] = text;
                let text = line(shape, all) + "\n";
                assert!(!check(&reader, &roster, text.as_bytes()), "{text}");
            }
        }
        let whole = line(shape, USUAL);
        assert!(
            !check(&reader, &roster, whole.as_bytes()),
            "the end of the line is not seen"
        );
        let trailing = whole + " \n";
        assert!(!check(&reader, &roster, trailing.as_bytes()));
    }
}

#[test]
fn lines_spoilt_at_random_are_read_as_they_are_in_full_or_not_at_all() {
    let roster = roster();
    let mut rng = fastrand::Rng::with_seed(19);
    const BYTES: &[u8] = b"\"\\{}:,[] 019abzTZ+-.\n\r\x00\x7f\xc3\xa9\xff";
    let mut by_shape = 0;
    for round in 0..60_000 {
        let shape = SHAPES[round % SHAPES.len()];
        let reader = taught(&roster, shape);
        let mut text = line(shape, USUAL).into_bytes();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..text.len());
            let byte = BYTES[rng.usize(..BYTES.len())];
            match rng.u8(..4) {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                2 => drop(text.remove(at)),
                _ => {
                    let other = rng.usize(..text.len());
                    text.swap(at, other);
                }
            }
        }
        text.push(b'\n');
        by_shape += u32::from(check(&reader, &roster, &text));
    }
    assert!(by_shape > 1_000, "only {by_shape} were read by their shape");
}

#[test]
fn a_heartbeat_that_is_written_in_an_odd_way_teaches_no_shape() {
    let roster = roster();
    for odd in [
        line(SHAPES[0], ["\\u0061", USUAL[1], USUAL[2], USUAL[3], USUAL[4], USUAL[5]]),
        line(SHAPES[0], USUAL).replace(r#""bootid":"b7""#, r#""bootid":null"#),
        line(SHAPES[0], USUAL).replace(r#""bootid":"b7","#, ""),
    ] {
        let mut reader = Reader::new(&roster);
        reader.parse(odd.as_bytes()).unwrap();
        assert!(reader.beat(format!("{odd}\n").as_bytes()).is_none(), "{odd}");
    }
}
