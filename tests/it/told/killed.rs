//! The whole monitor as its own process, killed again and again while an incident climbs and the mail server is away.

use std::collections::BTreeSet;

use super::*;
use crate::support::{Peer, SmtpOptions, free_port, jagaloket, mosquitto_pub, wait_until};

/// Two supervisors, one above the other, and the integrity team; every hour is an hour of service.
const LINE: &str = r#"
[office]
id = "kota"
name = "Kantor Imigrasi Kota"
timezone = "Asia/Jakarta"
[[counter]]
id = "loket-1"
heartbeat_every = "0s"
[[supervisor]]
id = "s-1"
name = "Kasubsi"
email = "s1@kota.example"
reports_to = "s-3"
[[supervisor]]
id = "s-3"
name = "Kepala Seksi"
email = "s3@kota.example"
[[integrity]]
id = "i-1"
name = "Kepatuhan Internal"
email = "i1@kota.example"
[[officer]]
id = "p-1"
supervisor = "s-1"
handsets = [{ id = "h-1" }]
"#;

const POLICY: &str = r#"
id = "seen"
title = { id = "Ponsel terlihat", en = "Phone seen" }
basis = "Uji"
verdict = "indication"
severity = "major"
per = "officer"
on = ["handset.seen"]
notify = ["supervisor"]
"#;

#[test]
fn a_monitor_killed_in_the_middle_of_an_escalation_tells_nobody_twice_and_skips_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (web, broker, smtp) = (free_port(), free_port(), free_port());
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("policies")).unwrap();
    std::fs::write(path("policies/seen.toml"), POLICY).unwrap();
    std::fs::write(path("roster.toml"), LINE).unwrap();
    let config = format!(
        "[office]\nroster = [\"roster.toml\"]\n[database]\npath = \"j.db\"\n\
         [broker]\nembedded = true\nlisten = \"127.0.0.1:{broker}\"\nanonymous = true\n\
         [mail]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\nfrom = \"jagaloket@kota.example\"\n\
         [web]\nlisten = \"127.0.0.1:{web}\"\n[cases]\nack_within = \"3s\"\nintegrity_after = \"6s\"\n"
    );
    std::fs::write(path("jagaloket.toml"), config).unwrap();
    let serve = || {
        let mut command = jagaloket();
        command.args(["serve", "--config"]).arg(path("jagaloket.toml"));
        let peer = Peer::spawn(command, &path("log"));
        wait_until(Duration::from_secs(120), "the dashboard", || {
            std::net::TcpStream::connect(("127.0.0.1", web)).is_ok()
        });
        peer
    };
    let mut monitor = serve();
    let time = MonitorClock::Wall.now().rfc3339(chrono_tz::UTC);
    let event = format!(
        r#"{{"specversion":"1.0","id":"e-1","source":"/kota/system","type":"handset.seen","time":"{time}","data":{{"officer":"p-1","by":"s-1"}}}}"#
    );
    let topic = ["-q", "1", "-t", "jagaloket/v1/kota/system/events", "-s"];
    assert!(mosquitto_pub(broker, &topic, &event).status.success());
    // Killed at whatever it is doing; nobody takes its mails at first.
    let mut sink = None;
    for round in 0..12 {
        std::thread::sleep(Duration::from_millis(250 + 130 * round));
        monitor.kill();
        if round == 5 {
            sink = Some(SmtpSink::start_with(&SmtpOptions {
                port: smtp,
                ..SmtpOptions::default()
            }));
        }
        monitor = serve();
    }
    let sink = sink.unwrap();
    wait_until(Duration::from_secs(120), "the integrity team to be told", || {
        let mails = sink.received();
        mails.iter().any(|mail| mail.to == ["i1@kota.example"])
    });
    // Once more, when all is told.
    monitor.kill();
    monitor = serve();
    monitor.terminate();
    assert_eq!(
        monitor.ended_within(Duration::from_secs(60)),
        Some(0),
        "{}",
        monitor.log()
    );

    // A letter whose answer was lost goes out again under its Message-ID, which mail readers show once.
    let mails: BTreeSet<(String, String)> = mails(&sink)
        .into_iter()
        .map(|mail| (mail.to, mail.message_id))
        .collect();
    let told: Vec<&str> = mails.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(told, ["i1@kota.example", "s1@kota.example", "s3@kota.example"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&path("j.db"), Bounds::default()).await.unwrap();
        let steps = store.case_steps(1).await.unwrap();
        let told: Vec<String> = steps
            .iter()
            .filter(|step| step.step == "told")
            .filter_map(|step| step.detail.clone())
            .collect();
        assert_eq!(told, ["first: s-1", "next in line: s-3", "integrity team: i-1"]);
        let counts = store.outbox_counts().await.unwrap();
        assert_eq!((counts.waiting, counts.dead), (0, 0));
        store.close().await.unwrap();
    });
}
