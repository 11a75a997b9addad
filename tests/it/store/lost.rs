//! What becomes of a turn when the connection to a PostgreSQL server is lost around its commit.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use super::*;

const PASS: u8 = 0;
/// The next commit does not reach the server.
const BEFORE: u8 = 1;
/// The next commit is carried out, and its answer is lost.
const AFTER: u8 = 2;

/// A way to the server that can be cut around a commit.
struct Way {
    folder: tempfile::TempDir,
    cut: Arc<AtomicU8>,
}

impl Way {
    fn new(server: &'static Postgres) -> Way {
        let folder = tempfile::tempdir().unwrap();
        let name = format!(".s.PGSQL.{}", server.port);
        let listener = UnixListener::bind(folder.path().join(&name)).unwrap();
        let cut = Arc::new(AtomicU8::new(PASS));
        let (theirs, cutting) = (server.folder().join(name), cut.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (theirs, cutting) = (theirs.clone(), cutting.clone());
                std::thread::spawn(move || carry(client, UnixStream::connect(theirs).unwrap(), &cutting));
            }
        });
        Way { folder, cut }
    }

    fn to(&self, home: &Home, server: &Postgres) -> Place {
        let (there, here) = (
            server.folder().display().to_string(),
            self.folder.path().display().to_string(),
        );
        Place::parse(&home.address.replace(&there, &here)).unwrap()
    }
}

/// Carries both directions. What the client says comes in whole messages here: one statement, one write.
fn carry(mut client: UnixStream, mut server: UnixStream, cut: &AtomicU8) {
    let (mut to_client, mut from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let answers = std::thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
    let mut said = [0; 65_536];
    while let Ok(count @ 1..) = client.read(&mut said) {
        let commits = said[..count].windows(7).any(|word| word == b"COMMIT\0");
        match cut.load(Ordering::SeqCst) {
            BEFORE if commits => break,
            AFTER if commits => {
                // From now on nothing reaches the client; the server does what it was told, and then sees the end.
                client.shutdown(std::net::Shutdown::Both).unwrap();
                let _ = server.write_all(&said[..count]);
                let _ = server.shutdown(std::net::Shutdown::Write);
                break;
            }
            _ => {}
        }
        if server.write_all(&said[..count]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(std::net::Shutdown::Write);
    let _ = client.shutdown(std::net::Shutdown::Both);
    let _ = answers.join();
}

/// A turn of everything.
pub fn whole(n: i64) -> Turn {
    Turn {
        incidents: vec![incident(n)],
        verdicts: vec![verdict(n, n)],
        letters: vec![letter(Some(n), "s-01", at(n)), letter(Some(n), "s-02", at(n))],
        quarantined: vec![quarantined(n as usize)],
        ..entries([format!("{n}-a"), format!("{n}-b")])
    }
}

/// Nothing a ledger would know it by.
fn letters_alone(n: i64) -> Turn {
    letters(vec![letter(None, "s-01", at(n))])
}

async fn settled(store: &Store, turn: &Turn) -> Option<jagaloket::store::Committed> {
    // The other end keeps cutting; how often that hits depends on the machine.
    for _ in 0..5_000 {
        match store.commit(turn).await {
            Ok(committed) => return Some(committed),
            Err(error) if error.passes() => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
    None
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_recognised_and_one_that_did_not_arrive_is_done_again() {
    let (home, server) = (Home::postgres(), Postgres::shared());
    let way = Way::new(server);
    let store = Store::open(way.to(&home, server), Bounds::default()).await.unwrap();
    let mut letters = 0;
    for (round, (cut, turn)) in [
        (AFTER, whole(1)),
        (BEFORE, whole(2)),
        (AFTER, letters_alone(3)),
        (BEFORE, letters_alone(4)),
    ]
    .into_iter()
    .enumerate()
    {
        way.cut.store(cut, Ordering::SeqCst);
        let error = store.commit(&turn).await.unwrap_err();
        assert!(error.passes(), "{error:?}");
        way.cut.store(PASS, Ordering::SeqCst);
        // Others work with the connection meanwhile.
        assert_eq!(store.lease(at(-9), 1, 1).await.unwrap(), []);
        let committed = settled(&store, &turn).await.unwrap();
        assert_eq!(
            committed.letters,
            ((letters + 1)..=(letters + turn.letters.len() as i64)).collect::<Vec<_>>()
        );
        letters += turn.letters.len() as i64;
        assert_eq!(committed.head.n, [2, 4, 4, 4][round]);
    }
    assert_eq!(store.verify(None).await.unwrap().n, 4);
    for (sql, count) in [
        ("SELECT count(*) FROM outbox", letters),
        ("SELECT count(*) FROM quarantine", 2),
        ("SELECT CAST(sum(count) AS BIGINT) FROM quarantine_count", 2),
        ("SELECT count(*) FROM verdict", 2),
    ] {
        assert_eq!(home.count(sql).await, count, "{sql}");
    }
    // The same once more is another turn, and its events are known.
    assert!(matches!(store.commit(&whole(2)).await, Err(Error::Known { .. })));
}

#[tokio::test]
async fn a_turn_given_up_and_another_one_in_its_place_both_stand() {
    let (home, server) = (Home::postgres(), Postgres::shared());
    let way = Way::new(server);
    let store = Store::open(way.to(&home, server), Bounds::default()).await.unwrap();
    way.cut.store(AFTER, Ordering::SeqCst);
    store.commit(&letters_alone(1)).await.unwrap_err();
    way.cut.store(PASS, Ordering::SeqCst);
    let committed = settled(&store, &letters_alone(2)).await.unwrap();
    assert_eq!(committed.letters, [2]);
}

#[tokio::test]
async fn a_server_that_ends_connections_all_the_time_loses_and_doubles_nothing() {
    let home = Home::postgres();
    let store = home.open().await;
    let address = home.address.clone();
    let settled_turns = Arc::new(AtomicI64::new(0));
    let turns = 150;
    let progress = settled_turns.clone();
    let ender = std::thread::spawn(move || {
        let mut ended_at = -1;
        while ended_at < turns {
            // The next turn is disturbed at any point, once: on a machine that is busy no turn would ever get through else.
            let settled = progress.load(Ordering::SeqCst);
            if settled == ended_at {
                std::thread::sleep(std::time::Duration::from_millis(1));
                continue;
            }
            ended_at = settled;
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE application_name = 'jagaloket' AND datname = current_database()";
            Postgres::shared().psql(&address, sql);
        }
    });
    let mut head = Head::empty();
    for n in 1..=turns {
        head = settled(&store, &whole(n)).await.unwrap().head;
        settled_turns.store(n, Ordering::SeqCst);
    }
    ender.join().unwrap();
    assert_eq!(head.n, turns * 2);
    let store = {
        drop(store);
        home.open().await
    };
    assert_eq!(store.verify(Some(head)).await.unwrap(), head);
    for (sql, count) in [
        ("SELECT count(*) FROM outbox", turns * 2),
        ("SELECT count(*) FROM incident", turns),
        ("SELECT CAST(sum(count) AS BIGINT) FROM quarantine_count", turns),
    ] {
        assert_eq!(home.count(sql).await, count, "{sql}");
    }
}

#[tokio::test]
async fn a_server_that_crashes_and_comes_back_has_everything_that_was_acknowledged() {
    let mut server = Postgres::start(&[]);
    let place = Place::parse(&server.database()).unwrap();
    let store = Store::open(place, Bounds::default()).await.unwrap();
    let mut head = Head::empty();
    for n in 1..=3 {
        for turn in 0..20 {
            head = settled(&store, &whole(n * 100 + turn)).await.unwrap().head;
        }
        server.crash();
        let error = store.commit(&whole(n)).await.unwrap_err();
        assert!(error.passes(), "{error:?}");
        server.start_again();
        head = settled(&store, &whole(n))
            .await
            .unwrap_or_else(|| panic!("behind {head}"))
            .head;
    }
    assert_eq!(head.n, 3 * 21 * 2);
    assert_eq!(store.verify(Some(head)).await.unwrap(), head);
}

#[tokio::test]
async fn who_was_overtaken_by_another_process_stops() {
    let home = Home::postgres();
    let store = home.open().await;
    store.commit(&entries(["a"])).await.unwrap();
    Postgres::shared().psql(
        &home.address,
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    let other = home.open().await;
    other.commit(&entries(["b"])).await.unwrap();
    let lost = store.commit(&entries(["c"])).await.unwrap_err();
    assert!(lost.passes(), "{lost:?}");
    let refused = store.commit(&entries(["c"])).await.unwrap_err();
    assert!(matches!(refused, Error::InUse { .. }), "{refused:?}");
    drop(other);
    let overtaken = loop {
        match store.commit(&entries(["c"])).await.unwrap_err() {
            Error::InUse { .. } => {}
            error => break error,
        }
    };
    assert!(
        matches!(overtaken, Error::Overtaken) && !overtaken.passes(),
        "{overtaken:?}"
    );
}
