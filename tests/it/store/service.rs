//! Minutes of service keep up with a ledger, whatever comes late.

use jagaloket::accounts::Scope;
use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use jagaloket::compliance::{Service, measure};
use jagaloket::past::Measuring;
use jagaloket::store::{Each, Span};

use super::kept::{rows, texts};
use super::*;
use crate::compliance::past;

on_both! {
    late_events_are_measured_where_they_belong,
    what_was_measured_otherwise_is_measured_again,
    an_exemption_that_is_granted_a_day_later_is_measured_where_it_begins,
}

const KEEP_MS: i64 = 15 * 86_400_000;

/// A ledger with rules and no event yet.
async fn ledger(home: &Home) -> Store {
    let store = home.open().await;
    let mut entries = Vec::new();
    let clock = jagaloket::engine::Clock::Events;
    jagaloket::daemon::desk::Desk::open(
        &store,
        &texts(),
        clock,
        Moment(1_795_000_000_000),
        KEEP_MS,
        &mut entries,
    )
    .await
    .unwrap();
    let turn = Turn {
        entries,
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    store
}

fn all() -> Span {
    Span {
        office: Some("tangerang".into()),
        from: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(),
        to: NaiveDate::from_ymd_opt(2027, 1, 1).unwrap(),
    }
}

async fn late_events_are_measured_where_they_belong(home: Home) {
    let office = OfficeId::new("tangerang");
    let past = past("soup-105");
    let roster = past.rules[0].roster.clone();
    let zone = roster.office.zone;
    // The same day a second time, a day later, so that more than one date is touched.
    let mut events = past.events.clone();
    let mut later = past.events.clone();
    for event in &mut later {
        event.time = event.time.plus_ms(86_400_000);
        event.id = format!("{}-next", event.id).into();
        if let Some(place) = &mut event.place {
            place.boot = format!("{}-next", place.boot).into();
        }
    }
    let mut rng = fastrand::Rng::with_seed(11);
    rng.shuffle(&mut events);
    rng.shuffle(&mut later);
    let store = ledger(&home).await;
    let mut measuring = Measuring::default();
    assert_eq!(measuring.measure(&store, &office, KEEP_MS).await.unwrap(), 0);
    let received = Moment(1_795_700_000_000);
    let (prompt, late) = events.split_at(events.len() / 2);
    for part in [prompt, &later[..], late] {
        store.commit(&rows(part, received, &roster)).await.unwrap();
        assert!(measuring.measure(&store, &office, KEEP_MS).await.unwrap() >= 1);
        assert_eq!(measuring.measure(&store, &office, KEEP_MS).await.unwrap(), 0);
    }
    let mut whole = past.clone();
    whole.events = [&events[..], &later[..]].concat();
    let hours = measure(&whole, NaiveDate::MIN..=NaiveDate::MAX, zone);
    let mut dates: BTreeMap<String, Service> = BTreeMap::new();
    let mut counters: BTreeMap<String, Service> = BTreeMap::new();
    for (hour, service) in &hours {
        *dates.entry(hour.date.to_string()).or_default() += *service;
        *counters.entry(hour.counter.to_string()).or_default() += *service;
    }
    assert!(dates.len() >= 2);
    let told = |sums: Vec<jagaloket::store::Sum>| -> BTreeMap<String, Service> {
        sums.into_iter().map(|sum| (sum.of[1].clone(), sum.service)).collect()
    };
    assert_eq!(
        told(store.service(&Scope::whole(), &all(), Each::Date).await.unwrap()),
        dates
    );
    assert_eq!(
        told(store.service(&Scope::whole(), &all(), Each::Counter).await.unwrap()),
        counters
    );
    let by_hour = store.service(&Scope::whole(), &all(), Each::Hour).await.unwrap();
    let mut sum = Service::default();
    by_hour.iter().for_each(|one| sum += one.service);
    let mut wanted = Service::default();
    hours.values().for_each(|service| wanted += *service);
    assert_eq!(sum, wanted);
    let first = dates.keys().next().unwrap().parse::<NaiveDate>().unwrap();
    let one = Span {
        from: first,
        to: first,
        ..all()
    };
    assert_eq!(store.service(&Scope::whole(), &one, Each::Date).await.unwrap().len(), 1);
    let none = Span {
        to: first.checked_sub_days(Days::new(1)).unwrap(),
        ..all()
    };
    assert_eq!(store.service(&Scope::whole(), &none, Each::Date).await.unwrap(), []);
    // Who served is let go before a date, and once more; what is summed stays.
    let second = first.checked_add_days(Days::new(1)).unwrap();
    let named = "SELECT count(DISTINCT date) FROM service_hour WHERE officer <> ''";
    let dated = home.count(named).await;
    for _ in 0..2 {
        store.forget_who_served(second).await.unwrap();
        assert_eq!(home.count(named).await, dated - 1);
        assert_eq!(
            store.service(&Scope::whole(), &all(), Each::Hour).await.unwrap(),
            by_hour
        );
        assert_eq!(
            told(store.service(&Scope::whole(), &all(), Each::Counter).await.unwrap()),
            counters
        );
    }
}

async fn what_was_measured_otherwise_is_measured_again(home: Home) {
    let office = OfficeId::new("tangerang");
    let past = past("day-4");
    let store = ledger(&home).await;
    let mut measuring = Measuring::default();
    let turn = rows(&past.events, Moment(1_795_700_000_000), &past.rules[0].roster);
    store.commit(&turn).await.unwrap();
    measuring.measure(&store, &office, KEEP_MS).await.unwrap();
    let before = store.service(&Scope::whole(), &all(), Each::Date).await.unwrap();
    assert!(!before.is_empty());
    home.run("UPDATE service_measured SET format = 0; UPDATE service_hour SET served_ms = 1")
        .await;
    assert!(measuring.measure(&store, &office, KEEP_MS).await.unwrap() >= 1);
    assert_eq!(
        store.service(&Scope::whole(), &all(), Each::Date).await.unwrap(),
        before
    );
}

async fn an_exemption_that_is_granted_a_day_later_is_measured_where_it_begins(home: Home) {
    let office = OfficeId::new("tangerang");
    let mut past = past("soup-105");
    let roster = past.rules[0].roster.clone();
    let zone = roster.office.zone;
    let store = ledger(&home).await;
    let mut measuring = Measuring::default();
    store
        .commit(&rows(&past.events, Moment(1_795_700_000_000), &roster))
        .await
        .unwrap();
    measuring.measure(&store, &office, KEEP_MS).await.unwrap();
    let times = past.events.iter().map(|event| event.time);
    let (first, last) = (times.clone().min().unwrap(), times.max().unwrap());
    let officer = past.events.iter().find_map(|event| event.kind.officer()).unwrap();
    let granted = jagaloket::engine::event::Event {
        office: office.clone(),
        device: jagaloket::engine::event::DeviceId::new(jagaloket::engine::event::SYSTEM),
        id: "exemption-7-granted".into(),
        time: last.plus_ms(86_400_000),
        place: None,
        kind: jagaloket::engine::event::Kind::Granted {
            officer: officer.clone(),
            from: first,
            until: last,
            approver: "s-02".into(),
        },
        reading: None,
    };
    let tick = jagaloket::engine::event::Event {
        id: "tick-next".into(),
        time: granted.time.plus_ms(60_000),
        kind: jagaloket::engine::event::Kind::Ticked,
        ..granted.clone()
    };
    let later = [granted, tick];
    store
        .commit(&rows(&later, Moment(1_795_800_000_000), &roster))
        .await
        .unwrap();
    let dates = measuring.measure(&store, &office, KEEP_MS).await.unwrap();
    assert!(dates >= 2, "{dates} dates were measured");
    past.events.extend(later);
    let mut dates: BTreeMap<String, Service> = BTreeMap::new();
    for (hour, service) in &measure(&past, NaiveDate::MIN..=NaiveDate::MAX, zone) {
        *dates.entry(hour.date.to_string()).or_default() += *service;
    }
    assert!(dates[&first.date(zone).to_string()].exempt_ms > 0);
    let told = store.service(&Scope::whole(), &all(), Each::Date).await.unwrap();
    let told: BTreeMap<String, Service> = told.into_iter().map(|sum| (sum.of[1].clone(), sum.service)).collect();
    assert_eq!(told, dates);
}
