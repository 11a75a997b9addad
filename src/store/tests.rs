//! Failures of the disk, which need the writer's own connection to be made, and every statement on both databases.

#[path = "../../tests/it/support/postgres.rs"]
#[expect(dead_code, reason = "the tests of the whole use the rest of it")]
mod postgres;

use sqlx::{Executor as _, SqlSafeStr as _};

use super::database::Connection;
use super::rows::{EntryKind, NewEntry, Turn};
use super::*;
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;

fn turn(id: &str, bytes: usize) -> Turn {
    let entry = NewEntry {
        received: Moment(0),
        kind: EntryKind::Event,
        office: OfficeId::new("tangerang"),
        source: "/tangerang/loket-01".to_owned(),
        id: id.to_owned(),
        time: Moment(0),
        body: vec![b' '; bytes],
        clock: None,
    };
    Turn {
        entries: vec![entry],
        ..Turn::default()
    }
}

async fn set(connection: &mut Connection, pragma: &'static str) {
    match connection {
        Connection::Sqlite(connection) => sqlx::query(pragma).fetch_all(connection).await.unwrap(),
        Connection::Postgres(_) => unreachable!("a pragma is SQLite's"),
    };
}

/// Commits under a setting of SQLite that makes it fail, and once more when it is gone.
async fn fails_and_recovers(pragma: &'static str, says: &str) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("j.db"), Bounds::default())
        .await
        .unwrap();
    let before = store.commit(&turn("a", 1)).await.unwrap().head;
    {
        let mut taken = store.take_writer().await.unwrap();
        set(&mut taken.writer.connection, pragma).await;
        taken.put_back();
    }
    let error = store.commit(&turn("b", 1_000_000)).await.unwrap_err();
    assert!(error.to_string().contains(says), "{error}");
    assert_eq!(store.head().await.unwrap(), before);

    let after = store.commit(&turn("b", 1_000_000)).await.unwrap().head;
    assert_eq!(after.n, 2);
    assert_eq!(store.verify(Some(before)).await.unwrap(), after);
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_by_halves_and_writing_goes_on_when_there_is_room() {
    fails_and_recovers("PRAGMA max_page_count = 1", "the disk is full; free some space").await;
}

#[tokio::test]
async fn a_database_that_cannot_be_written_says_what_to_look_at() {
    fails_and_recovers("PRAGMA query_only = 1", "see to the owner and mode of its file").await;
}

#[tokio::test]
async fn a_lock_held_by_another_program_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("j.db");
    let store = Store::open(&path, Bounds::default()).await.unwrap();
    let mut other = <sqlx::SqliteConnection as sqlx::Connection>::connect(&path.display().to_string())
        .await
        .unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    {
        let mut taken = store.take_writer().await.unwrap();
        set(&mut taken.writer.connection, "PRAGMA busy_timeout = 20").await;
        taken.put_back();
    }
    let error = store.commit(&turn("a", 1)).await.unwrap_err();
    assert!(error.to_string().contains("locked by another program"), "{error}");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(store.commit(&turn("a", 1)).await.unwrap().head.n, 1);
}

#[tokio::test]
async fn both_databases_understand_every_statement() {
    let accounts = accounts::ALL_STATEMENTS.concat();
    let read = read::ALL_STATEMENTS.concat();
    let all = [
        cases::STATEMENTS,
        &accounts[..],
        anonymise::STATEMENTS,
        chain::STATEMENTS,
        dump::STATEMENTS,
        insight::STATEMENTS,
        messages::STATEMENTS,
        nameless::STATEMENTS,
        outbox::STATEMENTS,
        own::STATEMENTS,
        &read[..],
        rebuild::STATEMENTS,
        recent::STATEMENTS,
        removal::STATEMENTS,
        service::STATEMENTS,
        signals::STATEMENTS,
        snapshot::STATEMENTS,
        verify::STATEMENTS,
        visits::STATEMENTS,
        write::STATEMENTS,
    ]
    .concat();
    assert!(all.len() > 30);
    let directory = tempfile::tempdir().unwrap();
    let server = postgres::Postgres::start(&[]);
    for place in [directory.path().join("j.db").display().to_string(), server.database()] {
        let place = crate::place::Place::parse(&place).unwrap();
        let store = Store::open(place, Bounds::default()).await.unwrap();
        let mut taken = store.take_writer().await.unwrap();
        for (name, sql) in &all {
            let read = match &mut taken.writer.connection {
                Connection::Sqlite(connection) => connection.prepare(sql.sqlite.into_sql_str()).await.map(drop),
                Connection::Postgres(connection) => connection.prepare(sql.postgres.into_sql_str()).await.map(drop),
            };
            assert!(read.is_ok(), "{name}: {read:?}");
        }
        // And the backup knows every table there is, or leaves it out because it is derived.
        let tables = match &mut taken.writer.connection {
            Connection::Sqlite(connection) => {
                let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
                sqlx::query_scalar(sql).fetch_all(connection).await
            }
            Connection::Postgres(connection) => {
                let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
                sqlx::query_scalar(sql).fetch_all(connection).await
            }
        };
        let mut tables: Vec<String> = tables.unwrap();
        tables.retain(|name| name != "_sqlx_migrations");
        tables.sort();
        let mut dumped = [&dump::TABLES.map(|(name, _)| name)[..], &dump::DERIVED].concat();
        dumped.sort();
        assert_eq!(tables, dumped);
        taken.put_back();
        store.close().await.unwrap();
    }
}
