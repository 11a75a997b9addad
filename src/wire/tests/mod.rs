//! Tables of what is accepted.

mod json;
mod pulse;
mod refused;

use super::*;
use crate::engine::event::{DeviceId, HandsetId, Kind, OfficeId, OfficerId, UsbClass};

const ROSTER: &str = r#"
[office]
id = "tangerang"
name = "Kantor"
timezone = "Asia/Jakarta"
[[counter]]
id = "loket-03"
[[lockbox]]
id = "loker-a"
"#;

const NOON: &str = "2026-11-24T12:00:00.000+07:00";

fn roster() -> Roster {
    Roster::parse(ROSTER).unwrap()
}

fn live() -> Limits {
    Limits {
        now: Moment::parse(NOON),
        ticks: false,
    }
}

/// An event of `device` with these members besides the usual ones; a member here replaces a usual one of its name.
fn event(device: &str, kind: &str, more: &str) -> String {
    let more: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&format!("{{{more}}}")).unwrap();
    let mut event = serde_json::json!({
        "specversion": "1.0", "id": "e-1", "source": format!("/tangerang/{device}"), "type": kind, "time": NOON,
    });
    for (key, value) in more {
        event[key] = value;
    }
    event.to_string()
}

fn refused(payload: &[u8]) -> Rejected {
    parse(None, payload, &roster(), &Limits::REPLAY).unwrap_err()
}

#[test]
fn the_contracts_example_is_read_to_the_last_field() {
    let payload = br#"{"specversion":"1.0","id":"0193","source":"/tangerang/loket-03",
        "type":"service.started","time":"2026-11-24T10:02:10.000+07:00",
        "bootid":"b7","sequence":"118","data":{"booking":"TNG-7F3K9Q"}}"#;
    let topic = "jagaloket/v1/tangerang/loket-03/events";
    let event = parse(Some(topic), payload, &roster(), &live()).unwrap();
    assert_eq!(
        event,
        Event {
            office: OfficeId::new("tangerang"),
            device: DeviceId::new("loket-03"),
            id: "0193".into(),
            time: Moment::parse("2026-11-24T03:02:10Z").unwrap(),
            place: Some(Place {
                boot: "b7".into(),
                sequence: 118
            }),
            kind: Kind::ServiceStarted {
                booking: Some("TNG-7F3K9Q".into())
            },
            reading: None,
        }
    );
}

#[test]
fn every_type_is_read_with_all_its_data_and_from_every_device_that_may_send_it() {
    let officer = OfficerId::new("p-1");
    let from = Moment::parse("2026-11-24T08:00:00+07:00").unwrap();
    let o = || officer.clone();
    let expected = [
        ("workstation.started", "", Kind::WorkstationStarted),
        ("workstation.heartbeat", "", Kind::WorkstationHeartbeat),
        (
            "session.signed_in",
            r#""officer":"p-1""#,
            Kind::SignedIn { officer: o() },
        ),
        (
            "session.signed_out",
            r#""officer":"p-1""#,
            Kind::SignedOut { officer: o() },
        ),
        (
            "service.started",
            r#""booking":"B""#,
            Kind::ServiceStarted {
                booking: Some("B".into()),
            },
        ),
        ("service.started", "", Kind::ServiceStarted { booking: None }),
        ("service.ended", "", Kind::ServiceEnded),
        (
            "break.started",
            r#""kind":"lunch""#,
            Kind::BreakStarted {
                kind: Some("lunch".into()),
            },
        ),
        ("break.ended", "", Kind::BreakEnded { kind: None }),
        (
            "app.opened",
            r#""category":"messaging""#,
            Kind::AppOpened {
                category: "messaging".into(),
            },
        ),
        (
            "app.closed",
            r#""category":"messaging""#,
            Kind::AppClosed {
                category: "messaging".into(),
            },
        ),
        (
            "usb.attached",
            r#""class":"mtp","id":"u1","allowed":true"#,
            Kind::UsbAttached {
                class: UsbClass::Mtp,
                id: Some("u1".into()),
                allowed: true,
            },
        ),
        (
            "usb.attached",
            r#""class":"charge_only""#,
            Kind::UsbAttached {
                class: UsbClass::ChargeOnly,
                id: None,
                allowed: false,
            },
        ),
        (
            "usb.detached",
            r#""class":"other""#,
            Kind::UsbDetached {
                class: UsbClass::Other,
                id: None,
            },
        ),
        (
            "shift.started",
            r#""officer":"p-1""#,
            Kind::ShiftStarted { officer: o() },
        ),
        ("shift.ended", r#""officer":"p-1""#, Kind::ShiftEnded { officer: o() }),
        (
            "lockbox.deposited",
            r#""officer":"p-1","slot":7,"handset":"h-1","by":"s-1""#,
            Kind::Deposited {
                officer: o(),
                slot: 7,
                handset: Some(HandsetId::new("h-1")),
                by: Some("s-1".into()),
            },
        ),
        (
            "lockbox.withdrawn",
            r#""officer":"p-1","slot":0"#,
            Kind::Withdrawn {
                officer: o(),
                slot: 0,
                handset: None,
                by: None,
            },
        ),
        (
            "lockbox.checked",
            r#""officer":"p-1","present":false"#,
            Kind::Checked {
                officer: o(),
                present: false,
                by: None,
            },
        ),
        ("lockbox.forced", "", Kind::Forced { slot: None }),
        (
            "lockbox.tampered",
            r#""slot":4294967295"#,
            Kind::Tampered { slot: Some(u32::MAX) },
        ),
        ("lockbox.heartbeat", "", Kind::LockboxHeartbeat),
        (
            "custody.held",
            r#""officer":"p-1","by":"s-1","witness":"w""#,
            Kind::Held {
                officer: o(),
                by: "s-1".into(),
                witness: "w".into(),
            },
        ),
        (
            "custody.returned",
            r#""officer":"p-1","by":"s-1","witness":"w""#,
            Kind::Returned {
                officer: o(),
                by: "s-1".into(),
                witness: "w".into(),
            },
        ),
        (
            "custody.declared_none",
            r#""officer":"p-1""#,
            Kind::DeclaredNone { officer: o() },
        ),
        (
            "handset.seen",
            r#""officer":"p-1","by":"s-1""#,
            Kind::Seen {
                officer: o(),
                by: "s-1".into(),
            },
        ),
        (
            "exemption.granted",
            r#""officer":"p-1","from":"2026-11-24T08:00:00+07:00","until":"2026-11-24T01:00:00.001Z","approver":"s""#,
            Kind::Granted {
                officer: o(),
                from,
                until: from.plus_ms(1),
                approver: "s".into(),
            },
        ),
        (
            "exemption.revoked",
            r#""officer":"p-1""#,
            Kind::Revoked { officer: o() },
        ),
        ("emergency.started", "", Kind::EmergencyStarted),
        ("emergency.ended", "", Kind::EmergencyEnded),
        ("clock.ticked", "", Kind::Ticked),
    ];
    for (name, senders) in TYPES {
        let of_name: Vec<_> = expected.iter().filter(|row| row.0 == name).collect();
        assert!(!of_name.is_empty(), "{name} has no row");
        for (device, device_kind) in [
            ("loket-03", DeviceKind::Workstation),
            ("loker-a", DeviceKind::Lockbox),
            ("system", DeviceKind::System),
            ("monitor", DeviceKind::Monitor),
        ] {
            for (_, data, kind) in &of_name {
                let payload = event(device, name, &format!(r#""data":{{{data}}}"#));
                let read = parse(None, payload.as_bytes(), &roster(), &Limits::REPLAY);
                if senders.contains(&device_kind) {
                    assert_eq!(read.unwrap().kind, *kind, "{payload}");
                } else {
                    assert_eq!(read.unwrap_err().code, "wrong_device", "{payload}");
                }
            }
        }
    }
}

#[test]
fn what_the_contract_leaves_open_is_accepted() {
    let heartbeat = |more: &str| event("loket-03", "workstation.heartbeat", more);
    for payload in [
        heartbeat(""),
        heartbeat(r#""data":{}"#),
        heartbeat(r#""data":null"#),
        heartbeat(r#""data":{"slot":"this type has no slot","officer":1}"#),
        heartbeat(r#""datacontenttype":"application/json","subject":null,"traceparent":{"deep":[1,{"x":2}]}"#),
        heartbeat(r#""bootid":null,"sequence":null"#),
        heartbeat(r#""bootid":"b""#),
        heartbeat(r#""sequence":"anything""#),
        heartbeat(r#""time":"2026-11-24T05:00:00.123456789Z""#),
        heartbeat(r#""time":"2016-12-31T23:59:60Z""#),
        heartbeat(&format!(r#""id":"{}""#, "é".repeat(128))),
        format!(" \r\n{}\r\n", heartbeat("")),
        heartbeat("").replace(r#""id""#, r#""\u0069d""#),
        heartbeat("").replace("loket-03", r"loket\u002d03"),
        heartbeat(r#""unknown":"x""#).replace(r#""x""#, r#""\ud800""#),
        heartbeat("").replacen('{', r#"{"unknown":1,"unknown":2,"#, 1),
        heartbeat(&format!(
            r#""pad":"{}""#,
            "x".repeat(BYTES_MAX - heartbeat(r#""pad":"""#).len())
        )),
    ] {
        let read = parse(None, payload.as_bytes(), &roster(), &live());
        assert_eq!(
            read.map(|event| event.kind),
            Ok(Kind::WorkstationHeartbeat),
            "{payload}"
        );
    }
}

#[test]
fn a_place_in_a_boot_needs_both_its_attributes() {
    let place = |more: &str| {
        let payload = event("loket-03", "workstation.heartbeat", more);
        parse(None, payload.as_bytes(), &roster(), &Limits::REPLAY)
            .unwrap()
            .place
    };
    assert_eq!(place(r#""bootid":"b""#), None);
    assert_eq!(place(r#""sequence":"1""#), None);
    let sequence = u64::MAX;
    for digits in ["18446744073709551615", "0018446744073709551615"] {
        let at = Some(Place {
            boot: "b".into(),
            sequence,
        });
        assert_eq!(place(&format!(r#""bootid":"b","sequence":"{digits}""#)), at);
    }
}
