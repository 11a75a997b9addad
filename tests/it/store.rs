//! The store on real files: what a restart, a kill, a flood and a forger find.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jagaloket::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use jagaloket::engine::policy::{Class, Severity};
use jagaloket::engine::roster::Language;
use jagaloket::engine::time::Moment;
use jagaloket::engine::verdict::Verdict;
use jagaloket::ledger::{Broken, Fault, Head};
use jagaloket::store::rows::*;
use jagaloket::store::{Bounds, Error, Known, Next, NextNumbers, OutboxCounts, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

/// A database in a directory that goes when the test ends.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        Place { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("jagaloket.db")
    }

    async fn open(&self) -> Store {
        Store::open(&self.path(), Bounds::default()).await.unwrap()
    }

    /// A connection that is not the store's.
    async fn plain(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.path())
            .connect()
            .await
            .unwrap()
    }

    async fn run(&self, sql: &'static str) {
        let mut connection = self.plain().await;
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let mut connection = self.plain().await;
        let count = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        count
    }
}

fn at(minute: i64) -> Moment {
    Moment(1_795_500_000_000).plus_ms(minute * 60_000)
}

fn entry(id: &str) -> NewEntry {
    NewEntry {
        received: at(1),
        kind: EntryKind::Event,
        office: OfficeId::new("tangerang"),
        source: "/tangerang/loket-03".to_owned(),
        id: id.to_owned(),
        time: at(0),
        body: format!(r#"{{"specversion":"1.0","id":"{id}","source":"/tangerang/loket-03","type":"workstation.heartbeat","time":"2026-11-24T10:02:10.000+07:00","bootid":"b7","sequence":"118","data":{{}}}}"#).into_bytes(),
    }
}

fn entries(ids: impl IntoIterator<Item = impl AsRef<str>>) -> Turn {
    Turn {
        entries: ids.into_iter().map(|id| entry(id.as_ref())).collect(),
        ..Turn::default()
    }
}

fn incident(n: i64) -> IncidentRow {
    IncidentRow {
        n,
        office: OfficeId::new("tangerang"),
        policy: PolicyId::new("phone-out-during-service"),
        class: Class::Indication,
        severity: Severity::Major,
        counter: Some(DeviceId::new("loket-03")),
        lockbox: None,
        officer: Some(OfficerId::new("p-003")),
        date: "2026-11-24".to_owned(),
        since: at(0),
        until: None,
        state: IncidentState::Open,
        created: at(1),
        changed: at(1),
    }
}

fn verdict(n: i64, incident: i64) -> VerdictRow {
    VerdictRow {
        n,
        incident,
        verdict: Verdict {
            policy: PolicyId::new("phone-out-during-service"),
            class: Class::Indication,
            severity: Severity::Major,
            office: OfficeId::new("tangerang"),
            counter: Some(DeviceId::new("loket-03")),
            lockbox: None,
            officer: Some(OfficerId::new("p-003")),
            since: at(0),
            opened: at(1),
            until: None,
            evidence: vec!["/tangerang/loket-03#a".into(), "/tangerang/loket-03#\"é".into()],
        },
        retracted: false,
        changed: at(1),
    }
}

fn letter(incident: Option<i64>, person: &str, due: Moment) -> NewLetter {
    NewLetter {
        incident,
        kind: LetterKind::Opened,
        person: person.to_owned(),
        address: format!("{person}@tangerang.example"),
        language: Language::Id,
        subject: "Indikasi di loket-03".to_owned(),
        message_id: format!("{person}.{}@tangerang.example", due.0),
        in_reply_to: None,
        text_body: "isi".to_owned(),
        html_body: "<p>isi</p>".to_owned(),
        created: at(1),
        due,
    }
}

fn letters(letters: Vec<NewLetter>) -> Turn {
    Turn {
        letters,
        ..Turn::default()
    }
}

fn quarantined(n: usize) -> Quarantined {
    Quarantined {
        received: at(n as i64),
        topic: "jagaloket/v1/tangerang/loket-03/events".to_owned(),
        code: if n.is_multiple_of(2) { "not_json" } else { "too_large" },
        reason: format!("reason {n}"),
        payload: format!("payload {n}").into_bytes(),
    }
}

#[tokio::test]
async fn a_restart_continues_the_chain_and_the_numbers() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.head().await.unwrap(), Head::empty());
    assert_eq!(store.verify(None).await.unwrap(), Head::empty());
    let first = store.commit(&entries(["a", "b"])).await.unwrap();
    assert_eq!(first.head.n, 2);
    let sent = store
        .commit(&letters(vec![letter(None, "s-01", at(0)); 2]))
        .await
        .unwrap();
    assert_eq!(sent.letters, [1, 2]);
    drop(store);

    let store = place.open().await;
    assert_eq!(store.head().await.unwrap(), first.head);
    let second = store.commit(&entries((0..300).map(|n| n.to_string()))).await.unwrap();
    assert_eq!(second.head.n, 302);
    assert_eq!(store.verify(Some(first.head)).await.unwrap(), second.head);
    let sent = store.commit(&letters(vec![letter(None, "s-01", at(0))])).await.unwrap();
    assert_eq!((sent.letters, sent.head), (vec![3], second.head));
    store.close().await.unwrap();
    assert!(!place.path().with_extension("db-wal").exists());
}

#[tokio::test]
async fn an_identity_is_never_written_twice_and_known_ones_come_back_with_their_bodies() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(&entries(["a", "b"])).await.unwrap();
    for (ids, twice) in [(vec!["c", "b"], "b"), (vec!["c", "d", "c"], "c")] {
        let error = store.commit(&entries(ids)).await.unwrap_err();
        assert!(matches!(&error, Error::Known { id, .. } if id == twice), "{error}");
    }
    let head = store.commit(&entries(["c"])).await.unwrap().head;
    assert_eq!(head.n, 3);
    assert_eq!(store.verify(None).await.unwrap(), head);

    let source = "/tangerang/loket-03";
    let asked = [
        (source, "b"),
        (source, "z"),
        ("/tangerang/loket-04", "a"),
        (source, "a"),
        (source, "b"),
    ];
    let known = store.known(&asked).await.unwrap();
    let row = |n, id| {
        Some(Known {
            n,
            body: entry(id).body,
        })
    };
    assert_eq!(known, [row(2, "b"), None, None, row(1, "a"), row(2, "b")]);
    assert_eq!(store.known(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn two_identities_under_one_index_key_stay_two() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(&entries(["a", "b"])).await.unwrap();
    place
        .run("UPDATE ledger SET identity = (SELECT identity FROM ledger WHERE id = 'b') WHERE id = 'a'")
        .await;
    let known = store.known(&[("/tangerang/loket-03", "b")]).await.unwrap();
    assert_eq!(known[0].as_ref().map(|known| known.n), Some(2));
}

#[tokio::test]
async fn a_turn_given_up_half_way_leaves_all_of_it_or_nothing() {
    let place = Place::new();
    let store = place.open().await;
    let mut whole = 0;
    for round in 0..60u64 {
        let ids: Vec<String> = (0..200).map(|n| format!("{round}-{n}")).collect();
        let turn = Turn {
            incidents: vec![incident(round as i64 + 1)],
            letters: vec![letter(Some(round as i64 + 1), "s-01", at(0))],
            quarantined: vec![quarantined(1)],
            ..entries(&ids)
        };
        let patience = Duration::from_micros(100 * round);
        let given_up = tokio::time::timeout(patience, store.commit(&turn)).await.is_err();
        let asked: Vec<(&str, &str)> = ids.iter().map(|id| ("/tangerang/loket-03", id.as_str())).collect();
        let known = store.known(&asked).await.unwrap().into_iter().flatten().count();
        assert!(
            known == 0 && given_up || known == 200,
            "{known} of 200, given up: {given_up}"
        );
        whole += known / 200;
    }
    let head = store.verify(None).await.unwrap();
    assert_eq!(head.n, whole as i64 * 200);
    let count = store.commit(&entries(["last"])).await.unwrap().head.n;
    assert_eq!(count, head.n + 1);
    drop(store);
    for sql in [
        "SELECT count(*) FROM incident",
        "SELECT count(*) FROM outbox",
        "SELECT count(*) FROM quarantine",
    ] {
        assert_eq!(place.count(sql).await, whole as i64, "{sql}");
    }
}

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
async fn the_process_that_writes_until_it_is_killed() {
    let Ok(path) = std::env::var("JAGALOKET_TEST_STORE") else {
        return;
    };
    let store = Store::open(Path::new(&path), Bounds::default()).await.unwrap();
    let start = store.head().await.unwrap().n;
    for round in start.. {
        let ids = (0..50).map(|n| format!("{start}-{round}-{n}"));
        let head = store.commit(&entries(ids)).await.unwrap().head;
        println!("acknowledged {}", head.n);
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_it_acknowledged_and_its_lock_goes_with_it() {
    let place = Place::new();
    let mut acknowledged = 0;
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::the_process_that_writes_until_it_is_killed",
                "--nocapture",
            ])
            .env("JAGALOKET_TEST_STORE", place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(child.stdout.take().unwrap());
        let seen = 3 + round * 2;
        let lines = std::io::BufRead::lines(output).map(Result::unwrap);
        for line in lines.filter(|line| line.starts_with("acknowledged ")).take(seen) {
            acknowledged = line["acknowledged ".len()..].parse().unwrap();
        }
        let refused = Store::open(&place.path(), Bounds::default()).await.unwrap_err();
        assert!(
            refused.to_string().contains(&format!("number {}", child.id())),
            "{refused}"
        );
        child.kill().unwrap();
        child.wait().unwrap();

        let store = place.open().await;
        let head = store.verify(None).await.unwrap();
        assert!(
            head.n >= acknowledged && head.n % 50 == 0,
            "{} of {acknowledged}",
            head.n
        );
    }
    assert!(acknowledged > 0);
}

#[tokio::test]
async fn a_second_writer_is_refused_and_a_reader_is_not() {
    let place = Place::new();
    let store = place.open().await;
    let head = store.commit(&entries(["a"])).await.unwrap().head;
    let error = Store::open(&place.path(), Bounds::default()).await.unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("is open for writing in another process, number "),
        "{message}"
    );

    let reader = Store::open_to_read(&place.path()).await.unwrap();
    assert_eq!(reader.verify(None).await.unwrap(), head);
    let error = reader.commit(&entries(["b"])).await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    drop(store);
    place.open().await;
}

#[tokio::test]
async fn opening_what_is_no_database_says_so() {
    let place = Place::new();
    let missing = place.directory.path().join("missing/jagaloket.db");
    let error = Store::open(&missing, Bounds::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "opening the lock beside the database");
    assert!(Store::open_to_read(&missing).await.is_err());

    std::fs::write(
        place.path(),
        "this is a letter, not a database, and it is long enough to be read as one".repeat(99),
    )
    .unwrap();
    let error = Store::open(&place.path(), Bounds::default()).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let store = place.open().await;
    store.commit(&entries(["a"])).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(place.directory.path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(files.len() >= 3);
    for file in files {
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{:?}",
            file.file_name()
        );
    }
}

#[tokio::test]
async fn whoever_changes_the_ledger_with_plain_sql_is_found_out() {
    let changes: [(&str, i64, Fault); 6] = [
        (
            "UPDATE ledger SET body = CAST(replace(CAST(body AS TEXT), '118', '119') AS BLOB) WHERE n = 1500",
            1500,
            Fault::Changed,
        ),
        (
            "UPDATE ledger SET received_ms = received_ms + 1 WHERE n = 1",
            1,
            Fault::Changed,
        ),
        (
            "UPDATE ledger SET source = '/tangerang/loket-04' WHERE n = 2000",
            2000,
            Fault::Changed,
        ),
        ("DELETE FROM ledger WHERE n = 1000", 1000, Fault::Missing { next: 1001 }),
        ("DELETE FROM ledger WHERE n > 1990", 1991, Fault::CutOff { last: 1990 }),
        (
            "UPDATE ledger SET n = -1 WHERE n = 7; UPDATE ledger SET n = 7 WHERE n = 8; UPDATE ledger SET n = 8 WHERE n = -1",
            7,
            Fault::Changed,
        ),
    ];
    let original = Place::new();
    let store = original.open().await;
    let head = store
        .commit(&entries((0..2000).map(|n| n.to_string())))
        .await
        .unwrap()
        .head;
    assert_eq!(store.verify(Some(head)).await.unwrap(), head);
    store.close().await.unwrap();
    for (sql, n, fault) in changes {
        let place = Place::new();
        std::fs::copy(original.path(), place.path()).unwrap();
        place.run(sql).await;
        let error = Store::open_to_read(&place.path())
            .await
            .unwrap()
            .verify(Some(head))
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::Broken(broken) if broken == Broken { n, fault }),
            "{sql}: {error}"
        );
    }
}

#[tokio::test]
async fn a_flood_of_refused_messages_stays_bounded_and_counted() {
    let place = Place::new();
    let store = place.open().await;
    let flood: Vec<_> = (0..50_000).map(quarantined).collect();
    let (first, rest) = flood.split_at(20_000);
    for turn in std::iter::once(first).chain(rest.chunks(1_000)) {
        let quarantined = turn.to_vec();
        store
            .commit(&Turn {
                quarantined,
                ..Turn::default()
            })
            .await
            .unwrap();
    }
    drop(store);
    assert_eq!(place.count("SELECT count(*) FROM quarantine").await, 10_000);
    assert_eq!(place.count("SELECT min(n) FROM quarantine").await, 40_001);
    assert_eq!(
        place
            .count("SELECT sum(count) FROM quarantine_count WHERE code = 'too_large'")
            .await,
        25_000
    );
    assert_eq!(
        place
            .count("SELECT sum(count) FROM quarantine_count WHERE day = '2026-11-25'")
            .await,
        24 * 60
    );

    let bounds = Bounds {
        quarantine_rows_max: 10_000,
        quarantine_bytes_max: 500,
    };
    let store = Store::open(&place.path(), bounds).await.unwrap();
    store
        .commit(&Turn {
            quarantined: vec![quarantined(1)],
            ..Turn::default()
        })
        .await
        .unwrap();
    let bytes = "SELECT sum(length(payload) + length(topic)) FROM quarantine";
    assert!((400..=500).contains(&place.count(bytes).await));
    assert_eq!(place.count("SELECT sum(count) FROM quarantine_count").await, 50_001);
    let huge = Quarantined {
        payload: vec![0; 501],
        ..quarantined(2)
    };
    store
        .commit(&Turn {
            quarantined: vec![huge],
            ..Turn::default()
        })
        .await
        .unwrap();
    assert_eq!(place.count("SELECT count(*) FROM quarantine").await, 0);
    store
        .commit(&Turn {
            quarantined: vec![quarantined(3)],
            ..Turn::default()
        })
        .await
        .unwrap();
    assert_eq!(place.count("SELECT n FROM quarantine").await, 50_003);
}

#[tokio::test]
async fn a_lease_expires_and_is_taken_again() {
    let place = Place::new();
    let store = place.open().await;
    let turn = letters(vec![
        letter(None, "s-01", at(5)),
        letter(None, "s-02", at(3)),
        letter(None, "s-03", at(9)),
    ]);
    store.commit(&turn).await.unwrap();
    assert_eq!(store.lease(at(2), 10, 60_000).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(3)));

    let leased = store.lease(at(6), 10, 60_000).await.unwrap();
    assert_eq!(
        leased
            .iter()
            .map(|leased| (leased.n, leased.attempt))
            .collect::<Vec<_>>(),
        [(2, 1), (1, 1)]
    );
    assert_eq!(leased[1].letter, turn.letters[0]);
    assert_eq!(store.lease(at(6), 10, 60_000).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(7)));
    drop(store);

    let store = place.open().await;
    let again = store.lease(at(7), 1, 60_000).await.unwrap();
    assert_eq!((again.len(), again[0].n, again[0].attempt), (1, 2, 2));
    // Who held the first lease learns late that it failed: the second one stands.
    store.settle_failed(2, 1, Next::Dead(at(7)), "too late").await.unwrap();
    assert_eq!(store.outbox_counts().await.unwrap().dead, 0);
    // That it was sent is a fact, whoever says so.
    store.settle_sent(2, at(7)).await.unwrap();
    store.settle_failed(2, 2, Next::Due(at(8)), "sent twice").await.unwrap();

    let again = store.lease(at(7), 10, 60_000).await.unwrap();
    assert_eq!((again.len(), again[0].n, again[0].attempt), (1, 1, 2));
    store
        .settle_failed(1, 2, Next::Due(at(20)), "no route to host")
        .await
        .unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(9)));
    let counts = |waiting, dead, oldest_waiting| OutboxCounts {
        waiting,
        dead,
        oldest_waiting,
    };
    assert_eq!(store.outbox_counts().await.unwrap(), counts(2, 0, Some(at(1))));
    let last = store.lease(at(20), 10, 60_000).await.unwrap();
    assert_eq!(
        last.iter().map(|leased| (leased.n, leased.attempt)).collect::<Vec<_>>(),
        [(3, 1), (1, 3)]
    );
    store.settle_sent(3, at(20)).await.unwrap();
    store.settle_failed(1, 3, Next::Dead(at(20)), "given up").await.unwrap();
    assert_eq!(store.outbox_counts().await.unwrap(), counts(0, 1, None));
    assert_eq!(store.next_due().await.unwrap(), None);
    assert_eq!(store.lease(at(9_999), 10, 60_000).await.unwrap(), []);
}

#[tokio::test]
async fn the_letters_of_a_thread_go_out_one_after_another() {
    let place = Place::new();
    let store = place.open().await;
    let turn = Turn {
        incidents: vec![incident(1), incident(2)],
        letters: vec![
            letter(Some(1), "s-01", at(2)),
            letter(Some(1), "s-01", at(1)),
            letter(Some(1), "s-02", at(1)),
            letter(Some(2), "s-01", at(1)),
        ],
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    let ready = async |now| {
        let leased = store.lease(now, 10, 60_000).await.unwrap();
        leased.iter().map(|leased| leased.n).collect::<Vec<_>>()
    };
    assert_eq!(store.next_due().await.unwrap(), Some(at(1)));
    assert_eq!(ready(at(1)).await, [3, 4]);
    assert_eq!(store.next_due().await.unwrap(), Some(at(2)));
    // The leases of the first minute have ended.
    assert_eq!(ready(at(2)).await, [3, 4, 1]);
    store.settle_sent(1, at(2)).await.unwrap();
    assert_eq!(ready(at(2)).await, [2]);
}

#[tokio::test]
async fn what_was_decided_is_read_back_as_it_was_written() {
    let place = Place::new();
    let store = place.open().await;
    let policies = NewEntry {
        kind: EntryKind::Policies,
        id: "p1".to_owned(),
        time: at(-99),
        ..entry("")
    };
    let roster = NewEntry {
        kind: EntryKind::Roster,
        id: "r1".to_owned(),
        time: at(-100),
        ..entry("")
    };
    let late = NewEntry {
        time: at(-50),
        ..entry("late")
    };
    let tick = NewEntry {
        kind: EntryKind::Tick,
        time: at(3),
        ..entry("tick")
    };
    let step = VerdictStep {
        verdict: 1,
        at: at(2),
        kind: StepKind::Opened,
        reason: "condition_held".to_owned(),
        since: at(0),
        opened: at(1),
        until: None,
    };
    let joined = IncidentRow {
        state: IncidentState::Joined(1),
        until: Some(at(4)),
        ..incident(2)
    };
    let old = IncidentRow {
        state: IncidentState::Ended,
        until: Some(at(-1)),
        ..incident(3)
    };
    let mut gone = verdict(3, 2);
    gone.retracted = true;
    let turn = Turn {
        entries: vec![roster.clone(), policies.clone(), entry("a"), late, tick.clone()],
        incidents: vec![incident(1), joined.clone(), old],
        verdicts: vec![verdict(1, 1), verdict(2, 2), gone],
        steps: vec![step],
        letters: vec![letter(Some(2), "s-01", at(0))],
        statuses: vec![DeviceStatus {
            office: OfficeId::new("tangerang"),
            device: DeviceId::new("loket-03"),
            online: true,
            at: at(0),
        }],
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    // Written over what stood under their numbers.
    let mut ended = verdict(2, 1);
    ended.verdict.until = Some(at(-1));
    let again = Turn {
        verdicts: vec![ended.clone()],
        statuses: turn.statuses.clone(),
        ..Turn::default()
    };
    store.commit(&again).await.unwrap();

    assert_eq!(store.standing_verdicts(at(0)).await.unwrap(), [verdict(1, 1)]);
    assert_eq!(store.standing_verdicts(at(-1)).await.unwrap(), [verdict(1, 1), ended]);
    assert_eq!(store.incidents(at(0)).await.unwrap(), [incident(1), joined]);
    assert_eq!(
        store.next_numbers().await.unwrap(),
        NextNumbers {
            verdict: 4,
            incident: 4
        }
    );
    let told = store.told(at(0)).await.unwrap();
    assert_eq!(
        (told.len(), told[0].n, told[0].incident, told[0].person.as_str()),
        (1, 1, 2, "s-01")
    );

    let office = OfficeId::new("tangerang");
    let ids = |rows: Vec<jagaloket::store::LedgerRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(store.rules(&office).await.unwrap()), ["r1", "p1"]);
    assert_eq!(
        ids(store.entries(0, None).await.unwrap()),
        ["r1", "p1", "a", "late", "tick"]
    );
    assert_eq!(
        ids(store.entries(0, Some(at(0))).await.unwrap()),
        ["r1", "p1", "a", "tick"]
    );
    assert_eq!(ids(store.entries(4, None).await.unwrap()), ["tick"]);
    assert_eq!(store.before(&office, at(0)).await.unwrap(), 2);
    assert_eq!(store.before(&office, at(99)).await.unwrap(), 5);
    let row = &store.entries(4, None).await.unwrap()[0];
    assert_eq!(
        (row.n, row.kind, row.time, &row.body),
        (5, EntryKind::Tick, at(3), &tick.body)
    );
}

#[tokio::test]
async fn a_long_ledger_is_read_page_by_page() {
    let place = Place::new();
    let store = place.open().await;
    store.commit(&entries((0..2500).map(|n| n.to_string()))).await.unwrap();
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        let page = store.entries(after, None).await.unwrap();
        let Some(last) = page.last() else { break };
        assert_eq!(page[0].n, after + 1);
        after = last.n;
        pages.push(page.len());
    }
    assert_eq!((pages, after), (vec![1000, 1000, 500], 2500));
}

#[tokio::test]
async fn a_row_that_refers_to_nothing_is_refused_whole() {
    let place = Place::new();
    let store = place.open().await;
    let turn = Turn {
        verdicts: vec![verdict(1, 7)],
        ..entries(["a"])
    };
    assert!(store.commit(&turn).await.is_err());
    assert_eq!(store.head().await.unwrap(), Head::empty());
    assert_eq!(store.commit(&entries(["a"])).await.unwrap().head.n, 1);
}

#[tokio::test]
async fn every_table_change_runs_over_a_filled_database() {
    let all = sqlx::migrate::Migrator::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"))
        .await
        .unwrap();
    let versions = all.iter().count();
    for done in 1..=versions {
        let place = Place::new();
        let mut some = sqlx::migrate::Migrator::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"))
            .await
            .unwrap();
        some.migrations.to_mut().truncate(done);
        let options = SqliteConnectOptions::new()
            .filename(place.path())
            .create_if_missing(true)
            .foreign_keys(false);
        let mut connection = options.connect().await.unwrap();
        some.run(&mut connection).await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%' ESCAPE '\\'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        for table in &tables {
            fill(&mut connection, table).await;
        }
        connection.close().await.unwrap();

        let store = place.open().await;
        assert_eq!(store.head().await.unwrap().n, 1);
        store.commit(&entries(["after"])).await.unwrap();
        drop(store);
        for table in &tables {
            let mut connection = place.plain().await;
            let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
            let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
            assert!(rows >= 1, "{table} lost its row after table change {done}");
        }
    }
}

/// Puts a row of ones into a table, whatever columns it has.
async fn fill(connection: &mut SqliteConnection, table: &str) {
    let sql = format!("SELECT name, type FROM pragma_table_info('{table}')");
    let columns: Vec<(String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let value = |(name, kind): &(String, String)| match (name.as_str(), kind.as_str()) {
        ("hash", _) => "zeroblob(32)",
        (_, "BLOB") => "X'31'",
        (_, "TEXT") => "'1'",
        _ => "1",
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let values: Vec<&str> = columns.iter().map(value).collect();
    let sql = format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        names.join(", "),
        values.join(", ")
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    place
        .run("INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, success, checksum, execution_time FROM _sqlx_migrations LIMIT 1")
        .await;
    let error = Store::open(&place.path(), Bounds::default()).await.unwrap_err();
    assert!(matches!(error, Error::Newer(9999)), "{error}");
}
