//! Old events leave the ledger, and a replay of what is left says the same of every later day.

use jagaloket::config;
use jagaloket::daemon::{self, desk::Texts};
use jagaloket::engine::event::{Event, Kind};
use jagaloket::engine::roster::Roster;
use jagaloket::engine::verdict::Verdict;
use jagaloket::engine::{Clock, Standing};
use jagaloket::retention::{Judging, Retention};
use jagaloket::simulate::{Plan, Troubles, demo};
use jagaloket::wire;

use super::kept::texts;
use super::*;

on_both! {
    what_is_left_of_a_ledger_says_the_same_of_every_later_day,
    what_an_incident_with_names_rests_on_stays_and_so_does_what_is_held,
    the_act_on_which_somebody_still_stands_stays_however_old_it_is,
}

const DAY_MS: i64 = 86_400_000;
const SETTLE_MS: i64 = DAY_MS;

fn retention(store: &Store, clock: Clock) -> Retention {
    Retention {
        store: store.clone(),
        rules: config::Retention {
            heartbeats_ms: 4 * DAY_MS,
            events_ms: 8 * DAY_MS,
            indications_ms: 5 * DAY_MS,
            letters_ms: 5 * DAY_MS,
            quarantine_ms: 5 * DAY_MS,
            at: None,
        },
        judging: Judging {
            clock,
            settle_after_ms: SETTLE_MS,
        },
        gentle: false,
    }
}

/// So many working days of the demo's office, as they would have come; with ticks where the monitor ticks.
async fn fill(store: &Store, seed: u64, days: u32, clock: Clock) -> (Texts, Moment) {
    fill_with(store, (seed, days, clock), |_| true).await
}

/// Of them those that come.
async fn fill_with(
    store: &Store,
    (seed, days, clock): (u64, u32, Clock),
    mut comes: impl FnMut(&Event) -> bool,
) -> (Texts, Moment) {
    let texts = Texts {
        roster: demo::ROSTER.to_owned(),
        ..texts()
    };
    let roster = Roster::parse(&texts.roster).unwrap();
    let plan = Plan {
        roster: roster.clone().into(),
        seed,
        from: chrono::NaiveDate::from_ymd_opt(2026, 11, 2).unwrap(),
        days,
        troubles: Troubles::Many,
        disorder: seed.is_multiple_of(2),
        nights: seed.is_multiple_of(3),
    };
    let mut received = Moment::MIN;
    // A part of the office, for it is judged many times over.
    let here = |event: &Event| {
        let device = event.device.as_str();
        !device.starts_with("loket-") || ["loket-01", "loket-02"].contains(&device)
    };
    for (n, mut day) in plan.days().enumerate() {
        day.retain(|event| here(event) && comes(event));
        let mut entries = Vec::new();
        if n == 0 {
            let at = day[0].time.plus_ms(-1_000);
            let body = serde_json::to_vec(&texts.policies).unwrap();
            for (kind, body) in [
                (EntryKind::Roster, texts.roster.clone().into_bytes()),
                (EntryKind::Policies, body),
            ] {
                entries.push(of_monitor(&roster, kind, at, body));
            }
        }
        let mut ticked = Moment::MIN;
        for event in day {
            received = received.max(event.time.plus_ms(40));
            entries.push(NewEntry {
                received,
                kind: EntryKind::Event,
                office: event.office.clone(),
                source: format!("/{}/{}", event.office, event.device),
                id: event.id.to_string(),
                time: event.time,
                body: wire::to_json(&event, roster.office.zone).into_bytes(),
                clock: None,
            });
            if clock == Clock::Ticks && received.ms_since(ticked) > 60_000 {
                ticked = received;
                let time = received.rfc3339(chrono_tz::UTC);
                let id = uuid::Uuid::now_v7();
                let body = format!(
                    r#"{{"specversion":"1.0","id":"{id}","source":"/{0}/monitor","type":"clock.ticked","time":"{time}"}}"#,
                    roster.office.id
                );
                let mut tick = of_monitor(&roster, EntryKind::Tick, received, body.into_bytes());
                tick.id = id.to_string();
                entries.push(tick);
            }
        }
        let mut seen = std::collections::HashSet::new();
        entries.retain(|entry| seen.insert((entry.source.clone(), entry.id.clone())));
        store
            .commit(&Turn {
                entries,
                ..Turn::default()
            })
            .await
            .unwrap();
    }
    (texts, received)
}

fn of_monitor(roster: &Roster, kind: EntryKind, at: Moment, body: Vec<u8>) -> NewEntry {
    NewEntry {
        received: at,
        kind,
        office: roster.office.id.clone(),
        source: format!("/{}/monitor", roster.office.id),
        id: uuid::Uuid::now_v7().to_string(),
        time: at,
        body,
        clock: None,
    }
}

/// What a fold from the begin says of all that had not ended up to a moment.
async fn said(store: &Store, clock: Clock, after: Moment) -> (Vec<Verdict>, Standing) {
    let office = store.offices().await.unwrap().remove(0);
    let how = (clock, SETTLE_MS + DAY_MS, i64::MAX);
    let desk = daemon::fold_office(store, &office, how, |_| true)
        .await
        .unwrap()
        .unwrap();
    let mut verdicts = desk.engine.verdicts();
    verdicts.retain(|verdict| verdict.until.is_none_or(|until| until > after));
    (verdicts, desk.engine.standing())
}

async fn what_is_left_of_a_ledger_says_the_same_of_every_later_day(home: Home) {
    // PostgreSQL is slower, and the fold is the same.
    let seeds = if home.is_postgres() { 1..=1 } else { 1..=4 };
    for seed in seeds {
        let home = if home.is_postgres() {
            Home::postgres()
        } else {
            Home::sqlite()
        };
        let clock = if seed % 2 == 0 { Clock::Events } else { Clock::Ticks };
        let store = home.open().await;
        let (_, end) = fill(&store, seed, 9, clock).await;
        let retention = retention(&store, clock);
        let entries = "SELECT count(*) FROM ledger WHERE kind = 'event'";
        let before = home.count(entries).await;
        let mut gone = 0;
        for back in [1, 0] {
            let now = end.plus_ms(-back * DAY_MS);
            let cut = now.plus_ms(-retention.rules.events_ms + DAY_MS);
            let whole = said(&store, clock, cut).await;
            let counts = retention.run(now, |_, _| {}).await.unwrap();
            gone += counts.get("events").copied().unwrap_or(0);
            assert_eq!(said(&store, clock, cut).await, whole, "seed {seed}, {back} days back");
            store.verify(None).await.unwrap();
            assert!(store.said_up_to().await.unwrap() <= cut);
        }
        let left = home.count(entries).await;
        let old = "SELECT count(*) FROM ledger WHERE kind = 'event' AND n < (SELECT max(last_n) FROM removal WHERE to_ms > 0 AND coverage IS NULL)";
        println!(
            "seed {seed}: of {before} events {gone} went, {left} are left, {} older than the cut",
            home.count(old).await
        );
        assert!(gone > 100, "seed {seed}: {gone}");
        assert!(home.count(old).await < 300, "seed {seed}");
        // What a backup gives says the same, and its gaps are announced.
        let file = home.directory.path().join("thin.backup");
        let head = store.backup(&file).await.unwrap();
        let target = Home::sqlite();
        assert_eq!(Store::restore(&target.place(), &file).await.unwrap(), head);
        let cut = end.plus_ms(-retention.rules.events_ms + DAY_MS);
        assert_eq!(
            said(&target.open().await, clock, cut).await,
            said(&store, clock, cut).await
        );
    }
}

async fn the_act_on_which_somebody_still_stands_stays_however_old_it_is(home: Home) {
    let store = home.open().await;
    // A phone is put into the lockbox once and never taken out.
    let mut first: Option<jagaloket::engine::event::OfficerId> = None;
    let comes = |event: &Event| match &event.kind {
        Kind::Deposited { officer, .. } if first.is_none() => {
            first = Some(officer.clone());
            true
        }
        Kind::Deposited { officer, .. } | Kind::Withdrawn { officer, .. } | Kind::Checked { officer, .. } => {
            first.as_ref() != Some(officer)
        }
        _ => true,
    };
    let (_, end) = fill_with(&store, (1, 9, Clock::Ticks), comes).await;
    let retention = retention(&store, Clock::Ticks);
    let cut = end.plus_ms(-retention.rules.events_ms + DAY_MS);
    let whole = said(&store, Clock::Ticks, cut).await;
    let deposits = "SELECT count(*) FROM ledger WHERE kind = 'event' AND n < (SELECT max(last_n) FROM removal \
                    WHERE to_ms > 0 AND coverage IS NULL)";
    for _ in 0..2 {
        retention.run(end, |_, _| {}).await.unwrap();
        assert_eq!(said(&store, Clock::Ticks, cut).await, whole);
        let left = home.count(deposits).await;
        assert!((1..100).contains(&left), "{left}");
    }
    store.verify(None).await.unwrap();
}

async fn what_an_incident_with_names_rests_on_stays_and_so_does_what_is_held(home: Home) {
    use jagaloket::ledger::hold::{Wanted, Word};
    let store = home.open().await;
    let (_, end) = fill(&store, 1, 6, Clock::Ticks).await;
    let (verdicts, _) = said(&store, Clock::Ticks, Moment::MIN).await;
    let old = verdicts
        .iter()
        .find(|verdict| verdict.officer.is_some() && !verdict.evidence.is_empty())
        .unwrap();
    // It is open for people, whatever the engine says.
    let row = VerdictRow {
        verdict: old.clone(),
        ..verdict(1, 1)
    };
    let turn = Turn {
        incidents: vec![incident(1)],
        verdicts: vec![row],
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    let held = verdicts
        .iter()
        .rev()
        .find_map(|verdict| verdict.officer.clone())
        .unwrap();
    let wanted = Wanted {
        incident: None,
        officer: Some(held.to_string()),
        office: None,
        from: None,
        until: None,
        reason: "perkara 12/2026".into(),
        by: "Kepala Kantor".into(),
    };
    store.hold(&Word::Add(wanted), end).await.unwrap();
    let roster = Roster::parse(demo::ROSTER).unwrap();
    let theirs = async || {
        let (mut ids, mut after) = (Vec::new(), 0);
        loop {
            let page = store.entries(after, None).await.unwrap();
            let Some(last) = page.last() else { return ids };
            after = last.n;
            for row in page {
                let Ok(event) = wire::parse(None, &row.body, &roster, &wire::Limits::REPLAY) else {
                    continue;
                };
                if event.kind.officer() == Some(&held) || old.evidence.iter().any(|one| **one == *event.reference()) {
                    ids.push(event.reference());
                }
            }
        }
    };
    let before = theirs().await;
    let counts = retention(&store, Clock::Ticks)
        .run(end.plus_ms(4 * DAY_MS), |_, _| {})
        .await
        .unwrap();
    assert!(counts["events"] > 100, "{counts:?}");
    assert!(!before.is_empty());
    assert_eq!(theirs().await, before);
    store.verify(None).await.unwrap();
}
