//! Backups of a running monitor, restored into either database, where the monitor goes on.

use super::*;
use crate::support::{Postgres, run, succeed};

/// What a command prints.
fn told(args: &[&str]) -> String {
    String::from_utf8(succeed(jagaloket().args(args), b"").stdout).unwrap()
}

#[test]
fn a_backup_of_a_running_monitor_restores_and_the_monitor_goes_on_from_it() {
    let mosquitto = Mosquitto::start(&["max_queued_messages 0", "max_inflight_messages 0"]);
    let (house, server) = (House::external(mosquitto.port, "5"), Postgres::shared());
    let serve = house.serve();
    wait_until(Duration::from_secs(20), "the broker", || {
        http_get(house.web, "/readyz", &[]).0 == 200
    });
    let lines = shuffled("soup-120", 11);
    let (early, late) = lines.split_at(lines.len() / 2);
    publish(&mosquitto, early);
    let config = house.path("jagaloket.toml");
    let config = config.to_str().unwrap();
    let mut backups = Vec::new();
    std::thread::scope(|scope| {
        let publishing = scope.spawn(|| publish(&mosquitto, late));
        while !publishing.is_finished() || backups.len() < 3 {
            let file = house.path(&format!("{}.backup", backups.len())).display().to_string();
            let head = told(&["backup", "--config", config, "--to", &file]);
            backups.push((file, head));
        }
    });
    house.wait_for_events(distinct(&lines));
    drop(serve);
    let mut there = backups.first().into_iter().chain(backups.last());
    for (n, address) in [house.path("restored.db").display().to_string(), server.database()]
        .into_iter()
        .enumerate()
    {
        let (file, head) = there.next().unwrap();
        assert_eq!(told(&["restore", "--database", &address, "--from", file]), *head);
        assert_eq!(
            told(&["ledger", "verify", "--database", &address, "--head", head.trim()]),
            *head
        );
        let refused = run(
            jagaloket().args(["restore", "--database", &address, "--from", file]),
            b"",
        );
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            refused.status.code() == Some(1) && said.contains("is not empty"),
            "{said}"
        );

        // A broker of its own, so that nothing waits for it; devices send again what they still hold.
        let mosquitto = Mosquitto::start(&["max_queued_messages 0", "max_inflight_messages 0"]);
        let key = ["path", "url"][n];
        let section = format!("host = \"127.0.0.1\"\nport = {}", mosquitto.port);
        let folder = tempfile::tempdir().unwrap();
        let restored = House::write_on(folder, mosquitto.port, &section, &format!("{key} = {address:?}"));
        let _serve = restored.serve();
        wait_until(Duration::from_secs(20), "the broker", || {
            http_get(restored.web, "/readyz", &[]).1.contains("200")
                || restored.metric("jagaloket_broker_connections_total") > 0
        });
        publish(&mosquitto, &lines);
        wait_until(Duration::from_secs(60), "the verdicts", || {
            restored.verdicts() == example_verdicts("soup-120")
        });
    }
}
