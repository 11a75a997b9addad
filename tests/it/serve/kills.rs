//! Killed at random moments, again and again, behind a broker that keeps what is not acknowledged.
//!
//! `JAGALOKET_TEST_KILLS=200` makes it so many rounds on each database; `JAGALOKET_TEST_SEED` repeats their moments.

use super::*;
use crate::support::{Postgres, succeed};

/// How often; a few where nobody says otherwise.
fn rounds() -> usize {
    std::env::var("JAGALOKET_TEST_KILLS").map_or(3, |count| count.parse().unwrap())
}

fn seed() -> u64 {
    std::env::var("JAGALOKET_TEST_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap())
}

const DAY: &str = "soup-120";

/// Kills a monitor under load; `count` answers a number from its database.
fn killed(house: &House, mosquitto: &Mosquitto, count: &dyn Fn(&str) -> u64) {
    let (rounds, seed) = (rounds(), seed());
    println!("{rounds} rounds, JAGALOKET_TEST_SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    // The broker keeps a session from its first moment on.
    let mut serve = house.serve();
    house.wait_until_ready();
    serve.kill();
    let mut lines = example_events(DAY);
    rng.shuffle(&mut lines);
    for part in lines.chunks(lines.len().div_ceil(rounds)) {
        std::thread::scope(|scope| {
            scope.spawn(|| publish(mosquitto, part));
            let mut serve = house.spawn();
            if rng.bool() {
                // Else also in the middle of a start.
                house.wait_for_dashboard();
            }
            std::thread::sleep(Duration::from_millis(rng.u64(0..900)));
            serve.kill();
        });
    }
    let mut serve = house.serve();
    let stored = "SELECT count(*) FROM ledger WHERE kind IN ('event', 'pulse', 'tick')";
    wait_until(Duration::from_secs(120), "all events", || {
        count(stored) >= distinct(&lines) as u64
    });
    wait_until(Duration::from_secs(60), "every letter to be sent", || {
        count("SELECT count(*) FROM outbox WHERE sent_ms IS NULL") == 0
    });
    let different = "SELECT count(*) FROM (SELECT DISTINCT source, id FROM ledger WHERE kind IN ('event', 'pulse', 'tick')) AS different";
    assert_eq!(
        [count(stored), count(different)],
        [distinct(&lines) as u64; 2],
        "each event is there, once"
    );

    let file = house.path("events.jsonl");
    fs::write(&file, lines.join("\n")).unwrap();
    let mut replay = jagaloket();
    replay.arg("replay").arg("--roster").arg(example("roster.toml"));
    replay.arg("--policies").arg(policies()).arg(&file);
    let replayed = verdict_lines(&String::from_utf8(succeed(&mut replay, b"").stdout).unwrap());
    assert_eq!(house.verdicts(), replayed);
    assert_eq!(replayed, example_verdicts(DAY));

    let letters = count("SELECT count(*) FROM outbox");
    let sent: BTreeSet<u64> = fs::read_dir(house.path("mails"))
        .unwrap()
        .map(|mail| mail.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".eml"))
        .map(|name| name[..6].parse().unwrap())
        .collect();
    assert!(letters > 0);
    assert_eq!(sent, (1..=letters).collect(), "every letter was sent");

    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(20)), Some(0), "{}", serve.log());
    let mut verify = jagaloket();
    verify
        .args(["ledger", "verify", "--config"])
        .arg(house.path("jagaloket.toml"));
    succeed(&mut verify, b"");
}

#[test]
fn killed_at_random_moments_it_loses_and_doubles_nothing_on_sqlite() {
    let mosquitto = Mosquitto::start(&["max_queued_messages 0", "max_inflight_messages 0"]);
    let house = House::external(mosquitto.port, "5");
    let path = house.path("jagaloket.db");
    let count = |sql: &str| {
        let script = "import sqlite3, sys\nprint(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])";
        let text = python(script, &[path.to_str().unwrap(), sql], b"");
        text.trim().parse().unwrap()
    };
    killed(&house, &mosquitto, &count);
}

#[test]
fn killed_at_random_moments_it_loses_and_doubles_nothing_on_postgresql() {
    let mosquitto = Mosquitto::start(&["max_queued_messages 0", "max_inflight_messages 0"]);
    let server = Postgres::shared();
    let address = server.database();
    let house = postgres::house(mosquitto.port, &address);
    killed(&house, &mosquitto, &|sql| server.psql(&address, sql).parse().unwrap());
}
