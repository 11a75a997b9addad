//! A database and a live state as an office would have them on a busy morning: open, ended, withdrawn and joined
//! incidents, letters sent, waiting and given up, and a quarantine full of what attackers and broken devices send.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jagaloket::engine::event::{DeviceId, Event, Kind, OfficerId, UsbClass};
use jagaloket::engine::policy::Head;
use jagaloket::engine::roster::{Language, Person, Role, Roster};
use jagaloket::engine::time::Moment;
use jagaloket::engine::verdict::Verdict;
use jagaloket::engine::view::{CounterView, Custody, LockboxView, OfficeView, OfficerView, ServiceView};
use jagaloket::letter::{self, Addressee, EvidenceLine, House, Matter, Stretch};
use jagaloket::live::{Broker, BrokerKind, BrokerState, Live, OfficeLive};
use jagaloket::store::rows::*;
use jagaloket::store::{Bounds, Store};
use jagaloket::telemetry::Metrics;
use jagaloket::{simulate, wire};

use crate::support;

pub struct Seeded {
    _directory: tempfile::TempDir,
    pub store: Store,
    pub live: Live,
    pub metrics: Arc<Metrics>,
    /// What stands, in the contract's order.
    pub verdicts: Vec<Verdict>,
    pub incidents: usize,
}

/// `24 10:02:10` is 24 November 2026, in WIB.
pub fn at(text: &str) -> Moment {
    let (day, time) = text.split_once(' ').unwrap();
    Moment::parse(&format!("2026-11-{day}T{time}+07:00")).unwrap()
}

pub const NOW: &str = "24 10:12:41";

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

/// Policy, counter, lockbox, officer, stretches (since, opened, until), state, events.
struct Case {
    policy: &'static str,
    counter: Option<&'static str>,
    lockbox: Option<&'static str>,
    officer: Option<&'static str>,
    stretches: Vec<[&'static str; 3]>,
    state: IncidentState,
    events: Vec<(&'static str, &'static str, Kind)>,
}

fn p(id: &str) -> OfficerId {
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

fn cases() -> Vec<Case> {
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
            &[["24 08:20:10", "24 08:21:10", "24 08:26:00"]],
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
fn past() -> Vec<Case> {
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

pub async fn seed() -> Seeded {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("jagaloket.db"), Bounds::default())
        .await
        .unwrap();
    let roster = simulate::demo::roster().unwrap();
    let policies = jagaloket::replay::read_policies(&support::policies()).unwrap();
    let heads: Arc<[Head]> = policies.heads().cloned().collect();
    let zone = roster.office.zone;
    let mut turn = Turn::default();
    let mut verdicts = Vec::new();
    let mut all: Vec<Case> = past().into_iter().chain(cases()).collect();
    all.sort_by_key(|case| at(case.stretches[0][0]));
    let incidents = all
        .iter()
        .filter(|case| !matches!(case.state, IncidentState::Joined(_)))
        .count();
    for (n, case) in (1..).zip(&all) {
        let head = heads.iter().find(|head| head.id.as_str() == case.policy).unwrap();
        let mut lines = Vec::new();
        let mut evidence = Vec::new();
        for (place, (time, device, kind)) in case.events.iter().enumerate() {
            let event = Event {
                office: roster.office.id.clone(),
                device: DeviceId::new(device),
                id: format!("0193a5c2-{n:04}-7000-8000-{place:012}").into(),
                time: at(time),
                place: None,
                kind: kind.clone(),
            };
            evidence.push(Arc::from(event.reference()));
            lines.push(EvidenceLine {
                at: event.time,
                device: event.device.clone(),
                kind: kind.clone(),
            });
            turn.entries.push(NewEntry {
                received: event.time.plus_ms(180),
                kind: EntryKind::Event,
                office: event.office.clone(),
                source: format!("/{}/{}", event.office, event.device),
                id: event.id.to_string(),
                time: event.time,
                body: wire::to_json(&event, zone).into_bytes(),
            });
        }
        let retracted = case.state == IncidentState::Retracted;
        let joined = matches!(case.state, IncidentState::Joined(_));
        let mut stretches = Vec::new();
        for [since, opened, until] in &case.stretches {
            let verdict = Verdict {
                policy: head.id.clone(),
                class: head.class,
                severity: head.severity,
                office: roster.office.id.clone(),
                counter: case.counter.map(DeviceId::new),
                lockbox: case.lockbox.map(DeviceId::new),
                officer: case.officer.map(OfficerId::new),
                since: at(since),
                opened: at(opened),
                until: (!until.is_empty()).then(|| at(until)),
                evidence: evidence.clone(),
            };
            let number = turn.verdicts.len() as i64 + 1;
            stretches.push(Stretch {
                verdict: number,
                since: verdict.since,
                opened: verdict.opened,
                until: verdict.until,
                counter: verdict.counter.clone(),
            });
            let mut step = |at: Moment, kind, reason: &str, until| {
                let (since, opened) = (verdict.since, verdict.opened);
                turn.steps.push(VerdictStep {
                    verdict: number,
                    at,
                    kind,
                    reason: reason.into(),
                    since,
                    opened,
                    until,
                });
            };
            let momentary = verdict.until.filter(|until| *until == verdict.since);
            step(
                verdict.opened.plus_ms(240),
                StepKind::Opened,
                "condition_held",
                momentary,
            );
            if let Some(until) = verdict.until.filter(|until| *until > verdict.opened) {
                step(until.plus_ms(190), StepKind::Amended, "condition_ended", Some(until));
                if retracted {
                    step(until.plus_ms(1_320_000), StepKind::Retracted, "late_event", Some(until));
                }
            }
            if !retracted && !joined {
                verdicts.push(verdict.clone());
            }
            let changed = verdict.until.unwrap_or(verdict.opened);
            turn.verdicts.push(VerdictRow {
                n: number,
                incident: n,
                verdict,
                retracted: retracted || joined,
                changed,
            });
        }
        let (first, last) = (&stretches[0], &stretches[stretches.len() - 1]);
        let incident = IncidentRow {
            n,
            office: roster.office.id.clone(),
            policy: head.id.clone(),
            class: head.class,
            severity: head.severity,
            counter: case.counter.map(DeviceId::new),
            lockbox: case.lockbox.map(DeviceId::new),
            officer: case.officer.map(OfficerId::new),
            date: first.since.date(zone).to_string(),
            since: first.since,
            until: last.until,
            state: case.state,
            created: first.opened,
            changed: last.until.unwrap_or(last.opened),
        };
        let to = person(&roster, head.class == jagaloket::engine::policy::Class::Technical);
        let kinds: &[LetterKind] = match case.state {
            IncidentState::Open => &[LetterKind::Opened],
            IncidentState::Retracted => &[LetterKind::Opened, LetterKind::Ended, LetterKind::Retracted],
            _ => &[LetterKind::Opened, LetterKind::Ended],
        };
        for kind in kinds {
            turn.letters
                .push(write(*kind, &incident, head, &roster, &stretches, &lines, to));
        }
        turn.incidents.push(incident);
    }
    for (n, (code, topic, payload)) in NASTY.into_iter().enumerate() {
        turn.quarantined.push(Quarantined {
            received: at("24 09:11:04").plus_ms(n as i64 * 161_300),
            topic: topic.into(),
            code: wire::Rejected::CODES.into_iter().find(|known| *known == code).unwrap(),
            reason: reason(code),
            payload: payload.to_vec(),
        });
    }
    for n in 0..30 {
        turn.quarantined.push(Quarantined {
            received: at("24 07:30:00").plus_ms(n * 31_000),
            topic: "jagaloket/v1/contoh/loket-12/events".into(),
            code: "too_large",
            reason: reason("too_large"),
            payload: vec![b'A' + (n % 26) as u8; 16_385],
        });
    }
    turn.quarantined.sort_by_key(|row| row.received);
    turn.statuses = statuses(&roster);
    let statuses = turn.statuses.clone();
    store.commit(&turn).await.unwrap();
    settle(&store, &turn).await;
    let office = OfficeLive {
        view: view(&roster),
        roster,
        policies: heads,
        statuses,
    };
    let live = Live {
        started: at("23 17:00:00"),
        now: at(NOW),
        // In the future, so that it does not grow stale while a test looks at it.
        made: Instant::now() + Duration::from_secs(3_600),
        broker: Broker {
            kind: BrokerKind::External,
            state: BrokerState::Connected,
            since: at("23 17:00:02"),
        },
        offices: vec![office],
        last_event: Some(at("24 10:12:40")),
    };
    verdicts.sort_by(|one, other| one.order().cmp(&other.order()));
    let metrics = Arc::new(Metrics::default());
    metrics.events_accepted.add(41_207);
    metrics.events_duplicate.add(318);
    Seeded {
        _directory: directory,
        store,
        live,
        metrics,
        verdicts,
        incidents,
    }
}

fn person(roster: &Roster, technical: bool) -> &Person {
    let role = if technical { Role::Technician } else { Role::Supervisor };
    roster.people_of(role).next().unwrap()
}

fn reason(code: &str) -> String {
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

fn write(
    kind: LetterKind,
    incident: &IncidentRow,
    policy: &Head,
    roster: &Roster,
    stretches: &[Stretch],
    evidence: &[EvidenceLine],
    to: &Person,
) -> NewLetter {
    let created = match kind {
        LetterKind::Opened => incident.created,
        LetterKind::Retracted => incident.changed.plus_ms(1_320_000),
        _ => incident.changed,
    };
    let house = House {
        base_url: "http://127.0.0.1:8080".into(),
        domain: "jagaloket.contoh.example".into(),
    };
    let still: Vec<Stretch> = stretches
        .iter()
        .map(|stretch| Stretch {
            until: None,
            ..stretch.clone()
        })
        .collect();
    let rendered = letter::render(&Matter {
        kind,
        changes: &[],
        reason: None,
        incident,
        policy,
        roster,
        stretches: if kind == LetterKind::Opened {
            &still[..1]
        } else {
            stretches
        },
        evidence,
        to: Addressee {
            role: Some(to.role),
            name: Some(&to.name),
            language: to.language,
        },
        house: &house,
        now: created,
    });
    let thread = format!("incident-{}.{}@jagaloket.contoh.example", incident.n, to.id);
    let first = kind == LetterKind::Opened;
    NewLetter {
        incident: Some(incident.n),
        kind,
        person: to.id.clone(),
        address: to.email.clone(),
        language: to.language,
        subject: if first {
            rendered.subject
        } else {
            format!("Re: {}", rendered.subject)
        },
        message_id: if first {
            thread.clone()
        } else {
            format!("{}-{thread}", kind.as_str())
        },
        in_reply_to: (!first).then_some(thread),
        text_body: rendered.text,
        html_body: rendered.html,
        created,
        due: created,
    }
}

/// All letters left but those of the last incidents: some wait, one was given up.
async fn settle(store: &Store, turn: &Turn) {
    let open_since = at("24 10:07:00");
    let now = at(NOW);
    let refused = "451 4.3.0 mail server temporarily rejected the message";
    let gone = "550 5.1.1 <tik@contoh.example>: Recipient address rejected: User unknown <b>here</b>";
    for leased in store.lease(now, 1_000, 60_000).await.unwrap() {
        let created = leased.letter.created;
        match (created > open_since, leased.letter.language) {
            (false, _) => store.settle_sent(leased.n, created.plus_ms(2_300)).await.unwrap(),
            (true, Language::En) => {
                let next = jagaloket::store::Next::Dead(now);
                store.settle_failed(leased.n, leased.attempt, next, gone).await.unwrap();
            }
            (true, Language::Id) => {
                let next = jagaloket::store::Next::Due(now.plus_ms(90_000));
                store
                    .settle_failed(leased.n, leased.attempt, next, refused)
                    .await
                    .unwrap();
            }
        }
    }
    // Follow-ups of a thread can be leased once those before them are settled.
    for _ in 0..3 {
        for leased in store.lease(now, 1_000, 60_000).await.unwrap() {
            store
                .settle_sent(leased.n, leased.letter.created.plus_ms(1_700))
                .await
                .unwrap();
        }
    }
    assert_eq!(
        turn.letters.is_empty(),
        store.outbox_counts().await.unwrap().waiting == 0
    );
}

fn statuses(roster: &Roster) -> Vec<DeviceStatus> {
    roster
        .device_ids()
        .filter(|id| id.as_str() != "loket-12")
        .map(|id| {
            let online = !matches!(id.as_str(), "loket-08" | "loker-b");
            let at = at(if online { "24 07:31:00" } else { "24 10:06:10" });
            DeviceStatus {
                office: roster.office.id.clone(),
                device: id.clone(),
                online,
                at,
            }
        })
        .collect()
}

fn view(roster: &Roster) -> OfficeView {
    let counter = |n: usize, device: &DeviceId| {
        let officer = p(&format!("p-{n:03}"));
        let session = |time: &str| Some((officer.clone(), at(time)));
        let service = |time: &str| {
            Some(ServiceView {
                since: at(time),
                booking: Some("CTH-7F3K9Q".into()),
            })
        };
        let empty = CounterView {
            counter: device.clone(),
            session: None,
            service: None,
            on_break: false,
            silent_since: None,
            last_event: Some(at("24 10:12:20").plus_ms(n as i64 * 1_700)),
            apps: Vec::new(),
            usb: Vec::new(),
        };
        match n {
            1 => CounterView {
                session: session("24 07:52:10"),
                service: service("24 10:05:12"),
                ..empty
            },
            2 => CounterView {
                session: session("24 07:54:40"),
                service: service("24 09:59:03"),
                ..empty
            },
            3 => CounterView {
                session: session("24 07:58:04"),
                service: service("24 09:58:31"),
                ..empty
            },
            4 => CounterView {
                session: session("24 07:49:00"),
                on_break: true,
                ..empty
            },
            5 => CounterView {
                session: session("24 07:56:18"),
                service: service("24 10:09:50"),
                apps: vec!["messaging".into()],
                ..empty
            },
            6 => CounterView {
                session: session("24 07:55:40"),
                usb: vec!["mtp".into()],
                ..empty
            },
            7 => CounterView {
                session: session("24 07:59:59"),
                ..empty
            },
            8 => CounterView {
                session: session("24 07:51:33"),
                service: service("24 10:01:15"),
                silent_since: Some(at("24 10:04:30")),
                last_event: Some(at("24 10:04:30")),
                ..empty
            },
            9 => CounterView {
                session: session("24 07:57:21"),
                service: service("24 10:01:00"),
                ..empty
            },
            10 => CounterView {
                session: session("24 08:00:44"),
                service: service("24 10:11:58"),
                ..empty
            },
            11 => CounterView {
                service: service("24 10:12:05"),
                ..empty
            },
            _ => CounterView {
                last_event: None,
                ..empty
            },
        }
    };
    let officers = roster.officers.iter().enumerate().map(|(place, officer)| OfficerView {
        officer: officer.id.clone(),
        shift: place + 1 != 7,
        custody: match place + 1 {
            3 => Custody::Out,
            9 => Custody::Unknown,
            10 => Custody::NoneDeclared,
            7 => Custody::Exempt,
            12.. => Custody::Out,
            _ => Custody::In,
        },
        lockbox: officer.lockbox.clone(),
    });
    OfficeView {
        office: roster.office.id.clone(),
        clock: Some(at("24 10:12:40")),
        emergency: false,
        counters: roster
            .counters
            .iter()
            .enumerate()
            .map(|(place, device)| counter(place + 1, &device.id))
            .collect(),
        lockboxes: vec![
            LockboxView {
                lockbox: roster.lockboxes[0].id.clone(),
                silent_since: None,
                last_event: Some(at("24 10:12:31")),
            },
            LockboxView {
                lockbox: roster.lockboxes[1].id.clone(),
                silent_since: Some(at("24 10:06:02")),
                last_event: Some(at("24 10:06:02")),
            },
        ],
        officers: officers.collect(),
    }
}
