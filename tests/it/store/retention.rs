//! A run of retention: what goes, what stays, what a start says afterwards, and what a kill leaves.

use std::sync::Arc;

use jagaloket::config;
use jagaloket::daemon;
use jagaloket::engine::Clock;
use jagaloket::ledger::hold::{Released, Wanted, Word};
use jagaloket::letter;
use jagaloket::retention::{self, Counts, Judging, Retention};
use jagaloket::serve;
use jagaloket::store::{Death, Disturbance, Upset};

use super::removal::{all, office, reopened};
use super::*;

on_both! {
    names_and_words_go_from_what_is_over_and_what_is_counted_stays,
    what_is_held_stays_until_it_is_released,
    a_start_after_a_run_says_nothing_new_and_takes_nothing_back,
    old_messages_leave_quarantine_and_stay_counted,
}

const DAY_MS: i64 = 86_400_000;
const KEEP_MS: i64 = 15 * DAY_MS;

fn retention(store: &Store) -> Retention {
    Retention {
        store: store.clone(),
        rules: config::Retention::usual(14 * DAY_MS),
        judging: Judging {
            clock: Clock::Events,
            settle_after_ms: 14 * DAY_MS,
        },
        gentle: false,
    }
}

/// So many days after everything in these tests.
pub(super) fn days(count: i64) -> Moment {
    at(100).plus_ms(count * DAY_MS)
}

pub(super) async fn run(store: &Store, now: Moment) -> Counts {
    retention(store).run(now, |_, _| {}).await.unwrap()
}

pub(super) fn counts<const N: usize>(counts: [(&str, u64); N]) -> Counts {
    counts.map(|(kind, count)| (kind.to_owned(), count)).into()
}

/// Five incidents: one open, one over, one that goes on in the open one, one withdrawn, one that ended later.
async fn incidents(store: &Store) {
    let over = |n, state, until| IncidentRow {
        state,
        until: Some(until),
        ..incident(n)
    };
    let mut verdicts: Vec<VerdictRow> = (1..=5).map(|n| verdict(n, n)).collect();
    for row in &mut verdicts[1..] {
        row.verdict.until = Some(at(5));
    }
    verdicts[4].verdict.until = Some(days(60));
    let mut turn = Turn {
        incidents: vec![
            incident(1),
            over(2, IncidentState::Ended, at(5)),
            over(3, IncidentState::Joined(1), at(5)),
            over(4, IncidentState::Retracted, at(5)),
            over(5, IncidentState::Ended, days(60)),
        ],
        verdicts,
        letters: (1..=5).map(|n| letter(Some(n), "s-01", at(n))).collect(),
        ..entries(["a"])
    };
    turn.letters.push(letter(None, "s-02", at(1)));
    store.commit(&turn).await.unwrap();
    for n in 1..=6 {
        store.settle_sent(n, at(7)).await.unwrap();
    }
}

async fn names_and_words_go_from_what_is_over_and_what_is_counted_stays(home: Home) {
    let store = home.open().await;
    incidents(&store).await;
    // The heartbeat that all tests of the store write goes as well.
    let young = run(&store, days(89)).await;
    assert_eq!(young, counts([("heartbeats", 1)]));
    let shown = retention(&store).show(days(91)).await.unwrap();
    let due: Vec<(&str, u64)> = shown.kinds.iter().map(|shown| (shown.kind, shown.due)).collect();
    let expected = [
        ("heartbeats", 0),
        ("quarantine", 0),
        ("letters", 3),
        ("indications", 2),
        ("events", 0),
    ];
    assert_eq!(due, expected);
    let gone = run(&store, days(91)).await;
    assert_eq!(gone, counts([("letters", 3), ("indications", 2)]));
    let last = retention(&store).show(days(91)).await.unwrap().last.unwrap();
    assert_eq!((last.at, last.said.counts), (days(91), gone));

    for (sql, count) in [
        ("SELECT count(*) FROM incident WHERE officer IS NULL", 2),
        ("SELECT count(*) FROM incident WHERE officer IS NULL AND n IN (2, 4)", 2),
        (
            "SELECT count(*) FROM incident WHERE counter = 'loket-03' AND policy <> '' AND date <> ''",
            5,
        ),
        (
            "SELECT count(*) FROM verdict WHERE officer IS NULL AND evidence = '[]' AND incident IN (2, 4)",
            2,
        ),
        (
            "SELECT count(*) FROM verdict WHERE officer = 'p-003' AND evidence <> '[]'",
            3,
        ),
        (
            "SELECT count(*) FROM outbox WHERE address = '' AND text_body = '' AND html_body = '' AND subject = ''",
            3,
        ),
        (
            "SELECT count(*) FROM outbox WHERE address <> '' AND incident IN (1, 3, 5)",
            3,
        ),
        ("SELECT max(n) FROM outbox", 6),
    ] {
        assert_eq!(home.count(sql).await, count, "{sql}");
    }
    assert_eq!(store.standing_verdicts(Moment::MIN).await.unwrap().len(), 3);
    assert_eq!(store.incidents(Moment::MIN).await.unwrap().len(), 3);
    assert_eq!(store.said_up_to().await.unwrap(), at(5));
    // Whoever still holds a name in memory cannot bring it back.
    let again = Turn {
        incidents: vec![IncidentRow {
            state: IncidentState::Ended,
            until: Some(at(5)),
            ..incident(2)
        }],
        verdicts: vec![verdict(2, 2)],
        ..Turn::default()
    };
    store.commit(&again).await.unwrap();
    let named = "SELECT (SELECT count(*) FROM incident WHERE n = 2 AND officer IS NOT NULL) + \
                 (SELECT count(*) FROM verdict WHERE n = 2 AND (officer IS NOT NULL OR evidence <> '[]'))";
    assert_eq!(home.count(named).await, 0);
    assert_eq!(store.next_numbers().await.unwrap().incident, 6);
    assert_eq!(run(&store, days(92)).await, counts([]));
    assert_eq!(
        run(&store, days(200)).await,
        counts([("letters", 1), ("indications", 1)])
    );
    store.verify(None).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let store = home.open().await;
    store.commit(&entries(["b"])).await.unwrap();
    store.verify(None).await.unwrap();
}

async fn what_is_held_stays_until_it_is_released(home: Home) {
    let store = home.open().await;
    incidents(&store).await;
    let wanted = |incident, officer: Option<&str>| Wanted {
        incident,
        officer: officer.map(str::to_owned),
        office: None,
        from: None,
        until: None,
        reason: "perkara 12/2026".into(),
        by: "Kepala Kantor".into(),
    };
    let hold = async |word: Word| retention::hold(&store, &word, days(200)).await;
    let unknown = hold(Word::Add(wanted(Some(77), None))).await.unwrap_err();
    assert!(unknown.to_string().contains("no incident 77"), "{unknown}");
    let nothing = hold(Word::Add(wanted(None, None))).await.unwrap_err();
    assert!(nothing.to_string().contains("names an incident"), "{nothing}");
    let office = Wanted {
        office: Some("tangerang".into()),
        ..wanted(None, None)
    };
    let unknown = hold(Word::Add(office.clone())).await.unwrap_err();
    assert!(unknown.to_string().contains("no office \"tangerang\""), "{unknown}");
    let first = hold(Word::Add(wanted(Some(2), None))).await.unwrap();
    let second = hold(Word::Add(wanted(None, Some("p-003")))).await.unwrap();
    // Letters of nobody's incident go.
    assert_eq!(
        run(&store, days(200)).await,
        counts([("heartbeats", 1), ("letters", 1)])
    );
    let release = |hold| {
        Word::Release(Released {
            hold,
            reason: "selesai".into(),
            by: "Kepala Kantor".into(),
        })
    };
    let unknown = hold(release(77)).await.unwrap_err();
    assert!(unknown.to_string().contains("no hold 77"), "{unknown}");
    hold(release(second)).await.unwrap();
    assert_eq!(
        run(&store, days(200)).await,
        counts([("letters", 2), ("indications", 2)])
    );
    assert_eq!(store.holds().await.unwrap().0.0.len(), 1);
    hold(release(first)).await.unwrap();
    assert_eq!(
        run(&store, days(200)).await,
        counts([("letters", 1), ("indications", 1)])
    );
    store.verify(None).await.unwrap();

    // An office's heartbeats are left as they came, and go when they may.
    let mut turn = entries(["b", "c"]);
    turn.entries[0].kind = EntryKind::Roster;
    turn.entries.iter_mut().for_each(|entry| entry.received = days(201));
    store.commit(&turn).await.unwrap();
    let third = hold(Word::Add(office)).await.unwrap();
    assert_eq!(run(&store, days(240)).await, counts([]));
    hold(release(third)).await.unwrap();
    assert_eq!(run(&store, days(240)).await, counts([("heartbeats", 1)]));
}

async fn old_messages_leave_quarantine_and_stay_counted(home: Home) {
    let store = home.open().await;
    let flood = Turn {
        quarantined: (0..900).map(quarantined).collect(),
        ..Turn::default()
    };
    store.commit(&flood).await.unwrap();
    let half = at(450).plus_ms(90 * DAY_MS);
    assert_eq!(run(&store, half).await, counts([("quarantine", 450)]));
    let kept = "SELECT count(*) * 1000 + min(n) FROM quarantine";
    assert_eq!(home.count(kept).await, 450_451);
    assert_eq!(
        home.count("SELECT CAST(sum(count) AS BIGINT) FROM quarantine_count")
            .await,
        900
    );
    // What went counts against the bounds no more.
    let turn = Turn {
        quarantined: vec![quarantined(900)],
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    assert_eq!(home.count(kept).await, 451_451);
    assert_eq!(run(&store, days(900)).await, counts([("quarantine", 451)]));
    store.commit(&turn).await.unwrap();
    assert_eq!(home.count("SELECT max(n) FROM quarantine").await, 902);
}

fn house() -> letter::House {
    letter::House {
        base_url: "http://127.0.0.1:8080".into(),
        domain: "tangerang.example".into(),
        wording: Default::default(),
        counts_alone: false,
    }
}

async fn a_start_after_a_run_says_nothing_new_and_takes_nothing_back(home: Home) {
    let store = home.open().await;
    let texts = office(&store).await;
    let start = async |now| {
        let mut book = serve::open_book(&store, house()).await.unwrap();
        daemon::open_desks(
            &store,
            std::slice::from_ref(&texts),
            Clock::Events,
            now,
            KEEP_MS,
            &mut book,
        )
        .await
        .unwrap();
    };
    start(at(200)).await;
    home.run("UPDATE outbox SET sent_ms = created_ms").await;
    let stand = "SELECT (SELECT count(*) FROM verdict_step) * 1000000 + (SELECT count(*) FROM outbox) * 1000 + \
                 (SELECT count(*) FROM verdict WHERE state = 'standing')";
    let before = home.count(stand).await;
    start(at(201)).await;
    assert_eq!(home.count(stand).await, before);
    let verdicts = store.standing_verdicts(Moment::MIN).await.unwrap().len();
    for (at, kind) in [(days(40), "heartbeats"), (days(100), "indications")] {
        let gone = run(&store, at).await;
        assert!(gone[kind] > 0, "{gone:?}");
        home.run("DELETE FROM snapshot").await;
        start(at).await;
        assert_eq!(home.count(stand).await, before, "{kind}");
    }
    let left = store.standing_verdicts(Moment::MIN).await.unwrap().len();
    assert!(left < verdicts / 2, "{left} of {verdicts}");
    store.verify(None).await.unwrap();
    // The same of what a backup gives.
    let file = home.directory.path().join("after.backup");
    store.backup(&file).await.unwrap();
    for target in [Home::sqlite(), Home::postgres()] {
        Store::restore(&target.place(), &file).await.unwrap();
        let restored = target.open().await;
        let mut book = serve::open_book(&restored, house()).await.unwrap();
        daemon::open_desks(
            &restored,
            std::slice::from_ref(&texts),
            Clock::Events,
            days(101),
            KEEP_MS,
            &mut book,
        )
        .await
        .unwrap();
        assert_eq!(target.count(stand).await, before);
    }
}

/// SQLite alone: the process is killed behind any row that a run writes, and behind any commit.
#[tokio::test]
async fn killed_anywhere_in_a_run_nothing_is_lost_and_the_next_one_goes_on() {
    let home = Home::sqlite();
    let store = home.open().await;
    office(&store).await;
    incidents(&store).await;
    let flood = Turn {
        quarantined: (0..300).map(quarantined).collect(),
        ..Turn::default()
    };
    store.commit(&flood).await.unwrap();
    let before = all(&store).await.len();
    store.close().await.unwrap();
    drop(store);
    let mut rng = fastrand::Rng::with_seed(5);
    for round in 0..24 {
        let copy = home.copy();
        let left = copy.directory.path().join("left/jagaloket.db");
        let death = match round % 2 {
            0 => Death::Commit { commits: 1 + round / 2 },
            _ => Death::Row {
                rows: rng.u64(1..6_000),
                left,
            },
        };
        let upset = Upset {
            death: Some(death),
            slow_every: 0,
            slow_ms: 0,
            full_times: 0,
            full_pages: 0,
            patience_ms: 100,
        };
        let disturbance = Arc::new(Disturbance::new(&copy.path(), upset));
        let store = Store::open_disturbed(&copy.path(), Bounds::default(), disturbance.clone())
            .await
            .unwrap();
        // What it answers, a dead process does not hear.
        let _ = retention(&store).run(days(200), |_, _| {}).await;
        let path = disturbance.left().unwrap();
        store.close().await.ok();
        drop(store);
        let store = reopened(&path).await;
        store.verify(None).await.unwrap();
        run(&store, days(200)).await;
        store.verify(None).await.unwrap();
        let shown = retention(&store).show(days(200)).await.unwrap();
        assert!(shown.kinds.iter().all(|shown| shown.due == 0), "{shown:?}");
        let rows = all(&store).await;
        let facts = rows.iter().filter(|row| row.kind != EntryKind::Retention).count();
        assert_eq!(facts, before);
        assert_eq!(store.incidents(Moment::MIN).await.unwrap().len(), 2);
    }
}
