//! What happened in the office, and what was refused.

use jagaloket::engine::event::{Kind, OfficerId, UsbClass};
use jagaloket::store::rows::IncidentState;

pub const NASTY: [(&str, &str, &[u8]); 12] = [
    ("not_json", "jagaloket/v1/contoh/loket-01/events", b"<script>alert('x')</script>"),
    ("not_json", "jagaloket/v1/contoh/loket-01/events", b"\xff\xfe\x00\x01\x80 half a picture \x1b[2J"),
    ("wrong_topic", "jagaloket/v1/contoh/<img src=x onerror=alert(1)>/events", b"{\"specversion\":\"1.0\"}"),
    (
        "bad_value",
        "jagaloket/v1/contoh/loket-04/events",
        b"{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"/contoh/loket-04\",\"type\":\"usb.attached\",\"time\":\"2026-11-24T09:11:04+07:00\",\"data\":{\"class\":\"</pre><iframe src=//evil.example>\"}}",
    ),
    ("unknown_device", "jagaloket/v1/contoh/loket-99/events", b"{\"source\":\"/contoh/loket-99\",\"data\":{\"officer\":\"\xe2\x80\xaegnp.exe\"}}"),
    ("too_far_ahead", "jagaloket/v1/contoh/loker-a/events", b"{\"specversion\":\"1.0\",\"id\":\"0193\",\"source\":\"/contoh/loker-a\",\"type\":\"lockbox.heartbeat\",\"time\":\"2036-11-24T09:30:00+07:00\"}"),
    ("missing_field", "jagaloket/v1/contoh/loket-07/events", b"{\"specversion\":\"1.0\",\"id\":\"b\",\"type\":\"service.started\"}"),
    ("unknown_type", "jagaloket/v1/contoh/loket-02/events", b"{\"type\":\"officer.punished\"}"),
    ("conflict", "jagaloket/v1/contoh/loket-02/events", b"{\"specversion\":\"1.0\",\"id\":\"e7\",\"source\":\"/contoh/loket-02\"}"),
    ("duplicate_key", "jagaloket/v1/contoh/loket-02/events", b"{\"id\":\"1\",\"id\":\"2\"}"),
    ("not_json", "jagaloket/v1/contoh/loket-05/events", b""),
    ("not_json", "jagaloket/v1/contoh/loket-05/events", b"\"><svg onload=alert(1)> &amp; &lt;b&gt; ' ; DROP TABLE ledger; --"),
];

pub fn reason(code: &str) -> String {
    match code {
        "not_json" => "the message is not JSON (expected value at line 1 column 1): send one CloudEvent a message",
        "wrong_topic" => "the topic is not jagaloket/v1/{office}/{device}/events: correct the device's topic",
        "bad_value" => "\"class\" is \"</pre><iframe src=//evil.example>\": use one of mtp, ptp, rndis, ncm, storage, charge_only, other",
        "unknown_device" => "the roster knows no device \"loket-99\"; the nearest is \"loket-09\"",
        "too_far_ahead" => "\"time\" is 10 years ahead of the receiver's clock, more than 5 minutes: set the clock of \"/contoh/loker-a\"",
        "too_large" => "the message has 16385 bytes and may have 16384: send less in \"data\"",
        _ => "the message cannot be accepted: see docs/events.md",
    }
    .into()
}

/// Policy, counter, lockbox, officer, stretches (since, opened, until), state, events.
pub struct Case {
    pub policy: &'static str,
    pub counter: Option<&'static str>,
    pub lockbox: Option<&'static str>,
    pub officer: Option<&'static str>,
    pub stretches: Vec<[&'static str; 3]>,
    pub state: IncidentState,
    pub events: Vec<(&'static str, &'static str, Kind)>,
}

pub fn p(id: &str) -> OfficerId {
    OfficerId::new(id)
}

fn out(officer: &str, slot: u32) -> Kind {
    let handset = None;
    Kind::Withdrawn {
        officer: p(officer),
        slot,
        handset,
        by: None,
    }
}

pub fn cases() -> Vec<Case> {
    use IncidentState::{Ended, Joined, Open, Retracted};
    let case = |policy, subject: [&'static str; 3], stretches: &[[&'static str; 3]], state, events| {
        let [counter, lockbox, officer] = subject.map(|id| (!id.is_empty()).then_some(id));
        Case {
            policy,
            counter,
            lockbox,
            officer,
            stretches: stretches.to_vec(),
            state,
            events,
        }
    };
    let serving = || Kind::ServiceStarted { booking: None };
    vec![
        case(
            "phone-out-during-service",
            ["loket-03", "", "p-003"],
            &[["24 10:02:10", "24 10:03:10", ""]],
            Open,
            vec![
                ("24 07:58:04", "loket-03", Kind::SignedIn { officer: p("p-003") }),
                ("24 09:58:31", "loket-03", serving()),
                ("24 10:02:10", "loker-a", out("p-003", 7)),
            ],
        ),
        case(
            "phone-on-usb",
            ["loket-06", "", "p-006"],
            &[["24 10:07:44", "24 10:07:44", ""]],
            Open,
            vec![
                ("24 07:55:40", "loket-06", Kind::SignedIn { officer: p("p-006") }),
                (
                    "24 10:07:44",
                    "loket-06",
                    Kind::UsbAttached {
                        class: UsbClass::Mtp,
                        id: None,
                        allowed: false,
                    },
                ),
            ],
        ),
        case(
            "counter-silent",
            ["loket-08", "", "p-008"],
            &[["24 10:04:30", "24 10:07:30", ""]],
            Open,
            vec![("24 10:04:30", "loket-08", Kind::WorkstationHeartbeat)],
        ),
        case(
            "custody-unverifiable",
            ["loket-09", "", "p-009"],
            &[["24 10:06:02", "24 10:08:02", ""]],
            Open,
            vec![
                ("24 10:01:00", "loket-09", serving()),
                ("24 10:06:02", "loker-b", Kind::LockboxHeartbeat),
            ],
        ),
        case(
            "lockbox-silent",
            ["", "loker-b", ""],
            &[["24 10:06:02", "24 10:08:02", ""]],
            Open,
            vec![("24 10:06:02", "loker-b", Kind::LockboxHeartbeat)],
        ),
        case(
            "messaging-on-workstation",
            ["loket-05", "", "p-005"],
            &[
                ["24 09:14:05", "24 09:15:05", "24 09:18:40"],
                ["24 09:31:12", "24 09:32:12", "24 09:33:02"],
                ["24 09:40:00", "24 09:41:00", "24 09:47:21"],
            ],
            Ended,
            vec![
                ("24 09:12:30", "loket-05", serving()),
                (
                    "24 09:14:05",
                    "loket-05",
                    Kind::AppOpened {
                        category: "messaging".into(),
                    },
                ),
                (
                    "24 09:18:40",
                    "loket-05",
                    Kind::AppClosed {
                        category: "messaging".into(),
                    },
                ),
                (
                    "24 09:31:12",
                    "loket-05",
                    Kind::AppOpened {
                        category: "messaging".into(),
                    },
                ),
                (
                    "24 09:33:02",
                    "loket-05",
                    Kind::AppClosed {
                        category: "messaging".into(),
                    },
                ),
                (
                    "24 09:40:00",
                    "loket-05",
                    Kind::AppOpened {
                        category: "messaging".into(),
                    },
                ),
                (
                    "24 09:47:21",
                    "loket-05",
                    Kind::AppClosed {
                        category: "messaging".into(),
                    },
                ),
            ],
        ),
        case(
            "lockbox-forced",
            ["", "loker-a", ""],
            &[["24 08:58:20", "24 08:58:20", "24 08:58:20"]],
            Ended,
            vec![("24 08:58:20", "loker-a", Kind::Forced { slot: Some(4) })],
        ),
        case(
            "declared-none-contradicted",
            ["", "", "p-010"],
            &[["24 08:41:09", "24 08:41:09", "24 08:41:09"]],
            Ended,
            vec![
                ("24 07:40:00", "system", Kind::DeclaredNone { officer: p("p-010") }),
                (
                    "24 08:41:09",
                    "system",
                    Kind::Seen {
                        officer: p("p-010"),
                        by: "s-01".into(),
                    },
                ),
            ],
        ),
        case(
            "phone-out-during-service",
            ["loket-02", "", "p-002"],
            &[["24 08:20:10", "24 08:21:10", ""]],
            Retracted,
            vec![
                ("24 08:20:10", "loker-a", out("p-002", 2)),
                ("24 08:19:40", "loket-02", Kind::ServiceEnded),
            ],
        ),
        case(
            "sign-in-outside-shift",
            ["loket-04", "", "p-004"],
            &[["24 07:01:00", "24 07:16:00", "24 07:30:00"]],
            Joined(10),
            vec![("24 07:01:00", "loket-04", Kind::SignedIn { officer: p("p-004") })],
        ),
    ]
}

/// Days before, three a day of all policies that concern a session.
pub fn past() -> Vec<Case> {
    const POLICIES: [&str; 5] = [
        "phone-out-during-service",
        "no-deposit-after-sign-in",
        "lockbox-check-overdue",
        "handset-not-registered",
        "service-without-sign-in",
    ];
    const TIMES: [[&str; 3]; 3] = [
        ["08:12:00", "08:17:00", "08:21:30"],
        ["10:40:15", "10:42:15", "10:55:00"],
        ["13:05:00", "13:06:00", "13:09:41"],
    ];
    const PLACES: [(&str, &str); 4] = [
        ("loket-01", "p-001"),
        ("loket-07", "p-007"),
        ("loket-11", "p-011"),
        ("loket-03", "p-003"),
    ];
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let mut cases = Vec::new();
    for day in (10..=23).filter(|day| !matches!(day, 14 | 15 | 21 | 22)) {
        for (n, times) in TIMES.iter().enumerate() {
            let (counter, officer) = PLACES[(day + n) % PLACES.len()];
            let policy = POLICIES[(day * 3 + n) % POLICIES.len()];
            cases.push(Case {
                policy,
                counter: Some(counter),
                lockbox: None,
                officer: (policy != "service-without-sign-in").then_some(officer),
                stretches: vec![times.map(|time| leak(format!("{day} {time}")))],
                state: IncidentState::Ended,
                events: vec![(
                    leak(format!("{day} 07:50:00")),
                    counter,
                    Kind::SignedIn { officer: p(officer) },
                )],
            });
        }
    }
    cases
}
