//! A database and a live state as an office would have them on a busy morning: open, ended, withdrawn and joined
//! incidents, letters sent, waiting and given up, and a quarantine full of what attackers and broken devices send.

mod cases;
mod now;
pub mod served;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jagaloket::engine::event::{DeviceId, Event, OfficerId, Trust};
use jagaloket::engine::policy::Head;
use jagaloket::engine::roster::{Language, Person, Role, Roster};
use jagaloket::engine::time::Moment;
use jagaloket::engine::verdict::Verdict;
use jagaloket::gaps::Gap;
use jagaloket::letter::{self, Addressee, EvidenceLine, House, Matter, Stretch};
use jagaloket::live::{Broker, BrokerKind, BrokerState, Live, OfficeLive};
use jagaloket::skew::ClockShown;
use jagaloket::store::rows::*;
use jagaloket::store::{Bounds, Store};
use jagaloket::telemetry::Metrics;
use jagaloket::{simulate, wire};

use crate::support;

pub use cases::NASTY;
use cases::{Case, cases, past, reason};
use now::{statuses, view};

pub struct Seeded {
    pub directory: tempfile::TempDir,
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

/// What the office decided otherwise.
const OVERLAY: &str = r#"
[lockbox-check-overdue]
severity   = "info"
reason     = "Petugas pemeriksa hanya <satu> orang"
decided_by = "Kepala Kantor"
decided_on = 2026-11-02
"#;

pub async fn seed() -> Seeded {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("jagaloket.db"), Bounds::default())
        .await
        .unwrap();
    let roster = simulate::demo::roster().unwrap();
    let policies = jagaloket::replay::read_policies(&support::policies()).unwrap();
    let policies = policies.overlaid("overlay.toml", OVERLAY).unwrap();
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
                reading: None,
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
                clock: None,
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
            }
            if retracted {
                step(
                    verdict.opened.plus_ms(1_320_000),
                    StepKind::Retracted,
                    "late_event",
                    verdict.until,
                );
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
                pin: None,
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
            IncidentState::Retracted => &[LetterKind::Opened, LetterKind::Retracted],
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
    let office = &roster.office.id;
    store
        .keep_service(office, &served::dates(), &served::hours(), 1)
        .await
        .unwrap();
    settle(&store, &turn).await;
    let office = OfficeLive {
        view: view(&roster),
        clocks: clocks().into(),
        gaps: gaps().into(),
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
            sessions_lost: 1,
            sessions_lost_at: vec![at("24 06:00:00")],
        },
        clock_doubt: None,
        offices: vec![office],
        last_event: Some(at("24 10:12:40")),
        refused: None,
        unwritten: None,
    };
    verdicts.sort_by(|one, other| one.order().cmp(&other.order()));
    let metrics = Arc::new(Metrics::default());
    metrics.events_accepted.add(41_207);
    metrics.events_duplicate.add(318);
    Seeded {
        directory,
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
        wording: Default::default(),
        counts_alone: false,
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

fn clocks() -> Vec<ClockShown> {
    let shown = |device: &str, offset_ms, marked| ClockShown {
        device: DeviceId::new(device),
        offset_ms,
        marked,
    };
    vec![
        shown("loker-a", Some(1_200), None),
        shown("loket-02", Some(47_300), Some((Trust::Corrected, at("24 09:41:00")))),
        shown("loket-04", None, Some((Trust::Poor, at("24 08:02:11")))),
    ]
}

fn gaps() -> Vec<Gap> {
    let gap = |device: &str, first, last, since, filled| Gap {
        device: DeviceId::new(device),
        boot: "b7".into(),
        first,
        last,
        since: at(since),
        filled,
    };
    vec![
        gap("loket-03", 118, 131, "24 09:58:02", None),
        gap("loker-a", 40, 40, "24 07:12:30", Some(at("24 07:13:05"))),
    ]
}
