//! What the time of an answer tells: whether there is an account it must not.

use std::time::{Duration, Instant};

use jagaloket::accounts::{Holder, Scope};
use jagaloket::clock::MonitorClock;
use jagaloket::engine::roster::Language;
use jagaloket::store::accounts::{Account, Change};
use jagaloket::store::read::{TraceFilter, TraceRow};
use jagaloket::store::rows::Turn;
use jagaloket::web::Settings;

use super::pages::Desk;
use crate::support::Browser;

/// Attempts of each kind. Were there no difference, the share below would leave 0.1 to 0.9 once in ten million runs.
const ROUNDS: usize = 30;

/// How often, of all pairs of one of these and one of those, the former took longer: 0.5 where nothing differs.
fn share(these: &[Duration], those: &[Duration]) -> f64 {
    let longer = |one: &Duration| those.iter().filter(|other| one > other).count();
    these.iter().map(longer).sum::<usize>() as f64 / (these.len() * those.len()) as f64
}

fn median(times: &[Duration]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2].as_secs_f64()
}

/// Whether somebody with a clock tells them apart. A password costs tens of milliseconds to look at, and a leak would be of
/// that size: ranks nearly all one way, and one median a multiple of the other. A busy machine makes neither.
fn is_told_apart(these: &[Duration], those: &[Duration]) -> bool {
    let (one, other) = (median(these), median(those));
    !(0.1..=0.9).contains(&share(these, those)) && one.max(other) / one.min(other) > 1.5
}

fn known(desk: &Desk, name: &str, hash: &str, disabled: bool) -> Change {
    let now = MonitorClock::Wall.now();
    let account = Account {
        id: format!("id-{name}"),
        name: name.to_owned(),
        holder: Holder::default(),
        email: None,
        language: Language::Id,
        password: (!hash.is_empty()).then(|| hash.to_owned()),
        seed: None,
        recovery: Vec::new(),
        subject: None,
        disabled,
        erased: false,
        version: 1,
        created: now,
        changed: now,
    };
    assert!(desk.port > 0);
    Change::Account(Box::new(account))
}

#[test]
fn the_time_of_an_answer_over_http_does_not_tell_whether_there_is_an_account() {
    let desk = Desk::with(Settings {
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..Settings::default()
    });
    let hash = desk.door.hasher.hash("ombak tenang lewat jendela".to_owned());
    let hash = desk.runtime.block_on(hash).unwrap();
    // Every name is tried once, and each try comes from an address of its own: nobody waits for what was tried before.
    let changes = (0..ROUNDS).flat_map(|n| {
        [
            known(&desk, &format!("known-{n}"), &hash, false),
            known(&desk, &format!("invited-{n}"), "", false),
            known(&desk, &format!("shut-{n}"), &hash, true),
        ]
    });
    let turn = Turn {
        changes: changes.collect(),
        ..Turn::default()
    };
    desk.runtime.block_on(desk.seeded.store.commit(&turn)).unwrap();
    let mut browser = Browser::new(desk.port);
    let proof = browser.get("/sign-in").proof().to_owned();
    let mut tried = 0;
    let mut time = |name: &str, password: &str| {
        tried += 1;
        browser.headers = vec![format!("X-Forwarded-For: 10.9.{}.{}", tried / 256, tried % 256)];
        let fields = [("form", proof.as_str()), ("name", name), ("password", password)];
        let began = Instant::now();
        let answer = browser.post("/sign-in", &fields);
        let took = began.elapsed();
        assert_eq!(answer.status, 422, "{name}");
        took
    };
    time("warm", "salah sama sekali");
    let too_long = "x".repeat(2_000);
    let kinds = ["known", "nobody", "invited", "shut"];
    let mut times = vec![Vec::new(); kinds.len()];
    let mut unhashed = Vec::new();
    for n in 0..ROUNDS {
        // By turns, so that a busy machine slows all of them.
        for (kind, times) in kinds.iter().zip(&mut times) {
            times.push(time(&format!("{kind}-{n}"), "salah sama sekali"));
        }
        // What is not looked at at all, whoever it is: this is how an answer without a hash would look.
        unhashed.push(time(&format!("known-{n}"), &too_long));
    }
    for (kind, others) in kinds.iter().zip(&times).skip(1) {
        let told = format!(
            "known {:.1} ms, {kind} {:.1} ms, share {:.2}",
            median(&times[0]) * 1e3,
            median(others) * 1e3,
            share(&times[0], others)
        );
        assert!(!is_told_apart(&times[0], others), "{told}");
    }
    assert!(
        is_told_apart(&times[0], &unhashed),
        "a leak would be seen: {:?} and {:?}",
        median(&times[0]),
        median(&unhashed)
    );
    let (scope, filter) = (Scope::whole(), TraceFilter::default());
    let page = desk.seeded.store.traces(&scope, &filter, None, 500);
    let traces = desk.runtime.block_on(page).unwrap();
    let ours = |row: &&TraceRow| row.text("address").is_some_and(|address| address.starts_with("10.9."));
    assert_eq!(traces.rows.iter().filter(ours).count(), tried, "each of them is traced");
}
