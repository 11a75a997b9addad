//! The store on real databases: each test on SQLite and on PostgreSQL, but those of files alone.

mod backup;
mod broken;
mod events;
pub mod kept;
pub mod lost;
mod nameless;
mod outbox;
mod people;
mod removal;
mod retention;
mod service;
mod tables;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use jagaloket::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use jagaloket::engine::policy::{Class, Severity};
use jagaloket::engine::roster::Language;
use jagaloket::engine::time::Moment;
use jagaloket::engine::verdict::Verdict;
use jagaloket::ledger::{Broken, Fault, Head};
use jagaloket::place::Place;
use jagaloket::store::rows::*;
use jagaloket::store::{Asked, Bounds, Error, Known, Lookup, Next, NextNumbers, OutboxCounts, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::support::Postgres;

/// Makes two tests of each function, one a database.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::store::Home::sqlite()).await; })+
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() { super::$name(crate::store::Home::postgres()).await; })+
        }
    };
}
use on_both;

/// Where a database is: a file in a directory that goes when the test ends, or one of the tests' own server.
struct Home {
    directory: tempfile::TempDir,
    address: String,
}

impl Home {
    fn sqlite() -> Home {
        let directory = tempfile::tempdir().unwrap();
        Home {
            address: directory.path().join("jagaloket.db").display().to_string(),
            directory,
        }
    }

    fn postgres() -> Home {
        Home {
            directory: tempfile::tempdir().unwrap(),
            address: Postgres::shared().database(),
        }
    }

    fn is_postgres(&self) -> bool {
        matches!(self.place(), Place::Server(_))
    }

    fn place(&self) -> Place {
        Place::parse(&self.address).unwrap()
    }

    /// SQLite's file.
    fn path(&self) -> PathBuf {
        self.directory.path().join("jagaloket.db")
    }

    async fn open(&self) -> Store {
        Store::open(self.place(), Bounds::default()).await.unwrap()
    }

    /// The same database once more, for a test to spoil. Nobody may have it open.
    fn copy(&self) -> Home {
        if self.is_postgres() {
            return Home {
                directory: tempfile::tempdir().unwrap(),
                address: Postgres::shared().copy(&self.address),
            };
        }
        let copy = Home::sqlite();
        std::fs::copy(self.path(), copy.path()).unwrap();
        copy
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
        if self.is_postgres() {
            Postgres::shared().psql(&self.address, sql);
            return;
        }
        let mut connection = self.plain().await;
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn count(&self, sql: &'static str) -> i64 {
        if self.is_postgres() {
            return Postgres::shared().psql(&self.address, sql).parse().unwrap();
        }
        let mut connection = self.plain().await;
        let count = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        count
    }
}

on_both! {
    a_restart_continues_the_chain_and_the_numbers,
    an_identity_is_never_written_twice_and_known_ones_come_back_with_their_bodies,
    two_identities_under_one_index_key_stay_two,
    a_heartbeat_is_known_while_it_is_recent_and_for_ever_by_its_moment,
    a_flood_of_refused_messages_stays_bounded_and_counted,
    a_row_that_refers_to_nothing_is_refused_whole,
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
        clock: None,
    }
}

/// Asks for an identity wherever it may be.
fn exactly<'a>((source, id): (&'a str, &'a str)) -> Asked<'a> {
    let lookup = Lookup::Everything;
    Asked { source, id, lookup }
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
        // The first is from before pins were kept.
        pin: (n > 1).then(|| Pin {
            policy_hash: format!("{n:064}"),
            engine: "0.1.0".into(),
        }),
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

async fn a_restart_continues_the_chain_and_the_numbers(home: Home) {
    let store = home.open().await;
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

    let store = home.open().await;
    assert_eq!(store.head().await.unwrap(), first.head);
    let second = store.commit(&entries((0..300).map(|n| n.to_string()))).await.unwrap();
    assert_eq!(second.head.n, 302);
    assert_eq!(store.verify(Some(first.head)).await.unwrap(), second.head);
    let sent = store.commit(&letters(vec![letter(None, "s-01", at(0))])).await.unwrap();
    assert_eq!((sent.letters, sent.head), (vec![3], second.head));
    store.close().await.unwrap();
    assert!(home.is_postgres() || !home.path().with_extension("db-wal").exists());
}

async fn an_identity_is_never_written_twice_and_known_ones_come_back_with_their_bodies(home: Home) {
    let store = home.open().await;
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
    ]
    .map(exactly);
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

async fn two_identities_under_one_index_key_stay_two(home: Home) {
    let store = home.open().await;
    store.commit(&entries(["a", "b"])).await.unwrap();
    home.run("UPDATE ledger SET identity = (SELECT identity FROM ledger WHERE id = 'b') WHERE id = 'a'")
        .await;
    let known = store.known(&[exactly(("/tangerang/loket-03", "b"))]).await.unwrap();
    assert_eq!(known[0].as_ref().map(|known| known.n), Some(2));
}

async fn a_heartbeat_is_known_while_it_is_recent_and_for_ever_by_its_moment(home: Home) {
    let pulse = |n: i64| NewEntry {
        kind: EntryKind::Pulse,
        time: at(n),
        ..entry(&n.to_string())
    };
    let source = "/tangerang/loket-03";
    let asked = |id, lookup| Asked { source, id, lookup };
    let (here, elsewhere) = (Lookup::At("tangerang", at(0)), Lookup::At("tangerang", at(1)));
    let store = home.open().await;
    let first = Turn {
        entries: vec![pulse(0), entry("act")],
        ..Turn::default()
    };
    store.commit(&first).await.unwrap();
    let twice = Turn {
        entries: vec![pulse(0)],
        ..Turn::default()
    };
    assert!(matches!(store.commit(&twice).await, Err(Error::Known { .. })));
    drop(store);

    let store = home.open().await;
    assert!(store.known(&[asked("0", Lookup::Recent)]).await.unwrap()[0].is_some());
    for turn in 0..14 {
        let entries = (1..10_001).map(|n| pulse(turn * 10_000 + n)).collect();
        let turn = Turn {
            entries,
            ..Turn::default()
        };
        store.commit(&turn).await.unwrap();
    }
    let all = [
        asked("0", Lookup::Recent),
        asked("0", elsewhere),
        asked("0", here),
        asked("act", Lookup::Everything),
        asked("80000", Lookup::Recent),
        asked("140000", Lookup::Recent),
    ];
    let mut numbers = Vec::new();
    for one in all {
        numbers.push(store.known(&[one]).await.unwrap()[0].as_ref().map(|known| known.n));
    }
    assert_eq!(numbers, [None, None, Some(1), Some(2), Some(80_002), Some(140_002)]);
}

async fn a_flood_of_refused_messages_stays_bounded_and_counted(home: Home) {
    let store = home.open().await;
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
    assert_eq!(home.count("SELECT count(*) FROM quarantine").await, 10_000);
    assert_eq!(home.count("SELECT min(n) FROM quarantine").await, 40_001);
    assert_eq!(
        home.count("SELECT CAST(sum(count) AS BIGINT) FROM quarantine_count WHERE code = 'too_large'")
            .await,
        25_000
    );
    assert_eq!(
        home.count("SELECT CAST(sum(count) AS BIGINT) FROM quarantine_count WHERE day = '2026-11-25'")
            .await,
        24 * 60
    );

    let bounds = Bounds {
        quarantine_rows_max: 10_000,
        quarantine_bytes_max: 500,
    };
    let store = Store::open(home.place(), bounds).await.unwrap();
    store
        .commit(&Turn {
            quarantined: vec![quarantined(1)],
            ..Turn::default()
        })
        .await
        .unwrap();
    let bytes = "SELECT CAST(sum(length(payload) + length(topic)) AS BIGINT) FROM quarantine";
    assert!((400..=500).contains(&home.count(bytes).await));
    assert_eq!(
        home.count("SELECT CAST(sum(count) AS BIGINT) FROM quarantine_count")
            .await,
        50_001
    );
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
    assert_eq!(home.count("SELECT count(*) FROM quarantine").await, 0);
    store
        .commit(&Turn {
            quarantined: vec![quarantined(3)],
            ..Turn::default()
        })
        .await
        .unwrap();
    assert_eq!(home.count("SELECT n FROM quarantine").await, 50_003);
}

async fn a_row_that_refers_to_nothing_is_refused_whole(home: Home) {
    let store = home.open().await;
    let turn = Turn {
        verdicts: vec![verdict(1, 7)],
        ..entries(["a"])
    };
    assert!(store.commit(&turn).await.is_err());
    assert_eq!(store.head().await.unwrap(), Head::empty());
    assert_eq!(store.commit(&entries(["a"])).await.unwrap().head.n, 1);
}
