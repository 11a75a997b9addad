//! The same monitor on a PostgreSQL server.

use super::outages::{GOES_ON, WAITS};
use super::*;
use crate::support::{Postgres, run, succeed};

pub fn house(broker: u16, address: &str) -> House {
    let folder = tempfile::tempdir().unwrap();
    let section = format!("host = \"127.0.0.1\"\nport = {broker}");
    House::write_on(folder, broker, &section, &format!("url = {address:?}"))
}

fn kept_queue() -> Mosquitto {
    Mosquitto::start(&["max_queued_messages 0", "max_inflight_messages 0"])
}

/// What a subcommand prints.
fn told(args: &[&str]) -> String {
    String::from_utf8(succeed(jagaloket().args(args), b"").stdout).unwrap()
}

#[test]
fn killed_again_and_again_behind_mosquitto_it_loses_and_doubles_nothing_on_postgresql() {
    let (mosquitto, server) = (kept_queue(), Postgres::shared());
    let address = server.database();
    let house = house(mosquitto.port, &address);
    // The broker keeps a session from its first moment on.
    let mut serve = house.serve();
    wait_until(Duration::from_secs(20), "the broker", || {
        http_get(house.web, "/readyz", &[]).0 == 200
    });
    let lines = shuffled("soup-120", 7);
    let mut rng = fastrand::Rng::with_seed(23);
    for part in lines.chunks(lines.len().div_ceil(3)) {
        publish(&mosquitto, part);
        std::thread::sleep(Duration::from_millis(rng.u64(10..400)));
        serve.kill();
        serve = house.serve();
    }
    let count = |sql: &str| server.psql(&address, sql).parse::<usize>().unwrap();
    let stored = "SELECT count(*) FROM ledger WHERE kind IN ('event', 'pulse', 'tick')";
    wait_until(Duration::from_secs(60), "all events", || {
        count(stored) >= distinct(&lines)
    });
    wait_until(Duration::from_secs(60), "every letter to be sent", || {
        count("SELECT count(*) FROM outbox WHERE sent_ms IS NULL") == 0
    });
    assert_eq!(house.verdicts(), example_verdicts("soup-120"));
    let different = "SELECT count(DISTINCT (source, id)) FROM ledger WHERE kind IN ('event', 'pulse', 'tick')";
    assert_eq!((count(stored), count(different)), (distinct(&lines), distinct(&lines)));

    // Every subcommand reads it beside the running monitor, by the configuration and by the address.
    let config = house.path("jagaloket.toml");
    let config = config.to_str().unwrap();
    let head = told(&["ledger", "verify", "--config", config]);
    assert_eq!(
        told(&["ledger", "verify", "--database", &address, "--head", head.trim()]),
        head
    );
    let verdict = server.psql(&address, "SELECT min(n) FROM verdict WHERE state = 'standing'");
    let explained = told(&["explain", &verdict, "--config", config, "--lang", "en"]);
    assert_eq!(
        explained,
        told(&["explain", &verdict, "--database", &address, "--lang", "en"])
    );
    assert!(explained.lines().count() > 5, "{explained}");
    let shipped = policies();
    let candidate = shipped.to_str().unwrap();
    let same = told(&[
        "policy",
        "backtest",
        "--config",
        config,
        "--candidate",
        candidate,
        "--quiet",
    ]);
    let by_address = [
        "policy",
        "backtest",
        "--database",
        &address,
        "--candidate",
        candidate,
        "--quiet",
    ];
    assert_eq!(told(&by_address), same);
    assert_eq!(told(&["letters", "list", "--config", config]), "");
    assert_eq!(
        told(&["policy", "activate", "--config", config]),
        "nothing has changed\n"
    );

    let second = self::house(mosquitto.port, &address);
    let output = run(
        jagaloket()
            .arg("serve")
            .arg("--config")
            .arg(second.path("jagaloket.toml")),
        b"",
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("is open for writing in another process (the server's process "),
        "{said}"
    );
}

#[test]
fn a_server_that_is_restarted_under_a_running_monitor_is_waited_for() {
    let (mosquitto, mut server) = (kept_queue(), Postgres::start(&[]));
    let house = house(mosquitto.port, &server.database());
    let mut serve = house.serve();
    wait_until(Duration::from_secs(20), "the broker", || {
        http_get(house.web, "/readyz", &[]).0 == 200
    });
    let lines = shuffled("day-30", 3);
    let mut outages = 0;
    for part in lines.chunks(lines.len().div_ceil(3)) {
        server.crash();
        publish(&mosquitto, part);
        house.wait_until_refused("nothing can be written since");
        // It is tried again and again meanwhile.
        std::thread::sleep(Duration::from_secs(2));
        server.start_again();
        house.wait_until_ready();
        outages += 1;
        let log = serve.log();
        assert_eq!(log.matches(GOES_ON).count(), outages, "{log}");
        let mut told: BTreeMap<&str, usize> = BTreeMap::new();
        for line in log.lines().filter(|line| line.contains(WAITS)) {
            *told.entry(line.split_once(WAITS).unwrap().1).or_default() += 1;
        }
        let once = told.values().all(|times| *times <= outages);
        assert!(once && !told.is_empty(), "each reason once an outage: {log}");
    }
    house.wait_for_events(distinct(&lines));
    assert!(serve.is_running());
    wait_until(Duration::from_secs(20), "the verdicts", || {
        house.verdicts().len() == example_verdicts("day-30").len()
    });
    assert_eq!(house.verdicts(), example_verdicts("day-30"));
}

#[test]
fn a_password_is_taken_from_a_file_and_never_shown() {
    let (server, folder) = (Postgres::start(&[]), tempfile::tempdir().unwrap());
    let address = server.database();
    server.psql(
        &address,
        "CREATE ROLE monitor LOGIN PASSWORD 's3cret'; GRANT ALL ON SCHEMA public TO monitor",
    );
    server.demand_passwords(&address);
    let name = address["postgres:///".len()..].split('?').next().unwrap();
    let config = |url: &str, more: &str| {
        let text = format!(
            "[office]\nroster = [{:?}]\n[broker]\nhost = \"127.0.0.1\"\n[database]\nurl = \"{url}\"\n{more}",
            example("roster.toml")
        );
        fs::write(folder.path().join("j.toml"), text).unwrap();
    };
    let verify = || {
        let mut command = jagaloket();
        command
            .args(["letters", "list", "--config"])
            .arg(folder.path().join("j.toml"));
        let output = run(&mut command, b"");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("s3cret") && !said.contains("wr0ng"), "{said}");
        said
    };
    let plain = format!("postgres://monitor@127.0.0.1:{}/{name}", server.port);
    fs::write(folder.path().join("password"), "wr0ng\n").unwrap();
    config(&plain, "password_file = \"password\"");
    let said = verify();
    assert!(said.contains("refused the login"), "{said}");
    fs::write(folder.path().join("password"), "s3cret\n").unwrap();
    let said = verify();
    assert!(said.contains("ledger") || said.contains("outbox"), "{said}");
    config(&plain.replace("monitor@", "monitor:s3cret@"), "");
    let said = verify();
    assert!(
        said.contains("holds a password, which does not belong in this file"),
        "{said}"
    );
}
