//! Stopped and killed by turns, a monitor goes on from its snapshots.

use super::*;
use crate::support::Postgres;

fn goes_on(mosquitto: &Mosquitto, house: &House, count: &dyn Fn(&str) -> usize, forget: &dyn Fn()) {
    let ready = || {
        let serve = house.serve();
        wait_until(Duration::from_secs(20), "the broker", || {
            http_get(house.web, "/readyz", &[]).0 == 200
        });
        serve
    };
    let stop = |mut serve: Peer| {
        serve.terminate();
        assert_eq!(serve.ended_within(Duration::from_secs(20)), Some(0), "{}", serve.log());
        assert!(!serve.log().contains("snapshot"), "{}", serve.log());
    };
    let lines = shuffled("soup-120", 11);
    let mut serve = ready();
    let mut sent = 0;
    for (n, part) in lines.chunks(lines.len().div_ceil(6)).enumerate() {
        publish(mosquitto, part);
        sent += part.len();
        let so_far = distinct(&lines[..sent]);
        wait_until(Duration::from_secs(60), "the part", || {
            count("SELECT count(*) FROM ledger WHERE kind IN ('event', 'pulse', 'tick')") >= so_far
        });
        // One part behind a snapshot is judged by a process that is killed.
        if n % 2 == 0 {
            stop(serve);
            assert!(count("SELECT count(*) FROM snapshot") > 0);
        } else {
            serve.kill();
        }
        serve = ready();
    }
    assert_eq!(house.verdicts(), example_verdicts("soup-120"));
    let letters = count("SELECT count(*) FROM outbox");
    stop(serve);
    assert_eq!(count("SELECT count(*) FROM snapshot"), 2);
    stop(ready());
    forget();
    let serve = ready();
    assert_eq!(house.verdicts(), example_verdicts("soup-120"));
    assert_eq!(count("SELECT count(*) FROM outbox"), letters, "nothing new is told");
    stop(serve);
}

fn kept_queue() -> Mosquitto {
    Mosquitto::start(&[
        "allow_anonymous true",
        "max_queued_messages 0",
        "max_inflight_messages 0",
    ])
}

#[test]
fn stopped_and_killed_by_turns_it_goes_on_from_snapshots_on_sqlite() {
    let mosquitto = kept_queue();
    let house = House::external(mosquitto.port, "5");
    let ask = |sql: &str| {
        let script = "import sqlite3, sys\nd = sqlite3.connect(sys.argv[1])\nr = d.execute(sys.argv[2]).fetchone()\n\
                      d.commit()\nprint(r[0] if r else 0)";
        let path = house.path("jagaloket.db");
        python(script, &[path.to_str().unwrap(), sql], b"")
            .trim()
            .parse()
            .unwrap()
    };
    goes_on(&mosquitto, &house, &ask, &|| {
        ask("DELETE FROM snapshot");
    });
}

#[test]
fn stopped_and_killed_by_turns_it_goes_on_from_snapshots_on_postgresql() {
    let (mosquitto, server) = (kept_queue(), Postgres::shared());
    let address = server.database();
    let folder = tempfile::tempdir().unwrap();
    let section = format!("host = \"127.0.0.1\"\nport = {}", mosquitto.port);
    let house = House::write_on(folder, mosquitto.port, &section, &format!("url = {address:?}"));
    let ask = |sql: &str| server.psql(&address, sql).parse().unwrap_or(0);
    goes_on(&mosquitto, &house, &ask, &|| {
        ask("DELETE FROM snapshot");
    });
}
