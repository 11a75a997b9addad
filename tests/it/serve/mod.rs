//! `jagaloket serve` as a process, with real brokers, real publishers and real deaths.

mod backup;
mod kept;
mod kills;
mod live;
mod outages;
mod people;
mod postgres;
mod reload;
mod retention;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use crate::support::{
    Browser, Mosquitto, Peer, example, example_events, example_verdicts, free_port, http_get, jagaloket, mosquitto_pub,
    policies, python, python_command, succeed, verdict_lines, wait_for, wait_until,
};

/// A monitor's folder: configuration, database, mails.
pub struct House {
    folder: tempfile::TempDir,
    pub web: u16,
    /// The embedded broker's port, or the external one's.
    broker: u16,
    /// Of an auditor, who reads everything.
    session: OnceLock<String>,
}

const PASSWORD: &str = "sandi-uji";

impl House {
    fn embedded() -> House {
        let folder = tempfile::tempdir().unwrap();
        let broker = free_port();
        let devices = [
            "loket-01", "loket-02", "loket-03", "loket-04", "loket-05", "loker-a", "loker-b", "system", "monitor",
        ];
        let passwords: String = devices
            .iter()
            .map(|device| format!("tangerang/{device}:{PASSWORD}\n"))
            .collect();
        fs::write(folder.path().join("devices"), passwords).unwrap();
        House::write(
            folder,
            broker,
            &format!("embedded = true\nlisten = \"127.0.0.1:{broker}\"\ndevices = \"devices\""),
        )
    }

    pub fn external(broker: u16, protocol: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let section = format!("embedded = false\nhost = \"127.0.0.1\"\nport = {broker}\nprotocol = \"{protocol}\"");
        House::write(folder, broker, &section)
    }

    fn write(folder: tempfile::TempDir, broker: u16, section: &str) -> House {
        House::write_on(folder, broker, section, "path = \"jagaloket.db\"")
    }

    fn write_on(folder: tempfile::TempDir, broker: u16, section: &str, database: &str) -> House {
        let web = free_port();
        let text = format!(
            "clock = \"events\"\n[office]\nroster = [{:?}]\npolicies = {:?}\n[database]\n{database}\n\
             [broker]\n{section}\n[mail]\ndirectory = \"mails\"\nfrom = \"Jagaloket <jagaloket@tangerang.example>\"\ndigests = false\n\
             [web]\nlisten = \"127.0.0.1:{web}\"\none_time_codes = \"optional\"\n",
            example("roster.toml"),
            policies()
        );
        fs::write(folder.path().join("jagaloket.toml"), text).unwrap();
        House {
            folder,
            web,
            broker,
            session: OnceLock::new(),
        }
    }

    /// Adds lines to the section of the dashboard, which is the last, or sections after it.
    pub fn configure(&self, lines: &str) {
        let file = self.path("jagaloket.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text + lines).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn serve(&self) -> Peer {
        let peer = self.spawn();
        self.wait_for_dashboard();
        peer
    }

    /// The same, not waited for.
    pub fn spawn(&self) -> Peer {
        let mut command = jagaloket();
        command.arg("serve").arg("--config").arg(self.path("jagaloket.toml"));
        Peer::spawn(command, &self.path("log"))
    }

    fn wait_for_dashboard(&self) {
        wait_until(Duration::from_secs(60), "the dashboard", || {
            std::net::TcpStream::connect(("127.0.0.1", self.web)).is_ok()
        });
    }

    /// What `/readyz` says, as a status and a JSON value.
    fn ready(&self) -> (u16, serde_json::Value) {
        if let Err(error) = std::net::TcpStream::connect(("127.0.0.1", self.web)) {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            panic!("the monitor answers nothing any more: {error}\n{log}");
        }
        let (status, _, body) = http_get(self.web, "/readyz", &[]);
        (status, serde_json::from_str(&body).unwrap())
    }

    fn wait_until_ready(&self) {
        wait_until(Duration::from_secs(30), "the monitor to be ready", || {
            self.ready().0 == 200
        });
    }

    /// Waits until `/readyz` refuses for a reason with these words, and answers the reason.
    fn wait_until_refused(&self, words: &str) -> String {
        wait_for(Duration::from_secs(60), &format!("\"{words}\" in /readyz"), || {
            let (status, answer) = self.ready();
            let mut reasons = answer["reasons"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|reason| reason.as_str());
            reasons
                .find(|reason| status == 503 && reason.contains(words))
                .map(str::to_owned)
        })
    }

    /// What an auditor's browser holds: his account is made by the command line, and he chooses a password.
    pub fn session(&self) -> String {
        let made = || {
            let mut command = jagaloket();
            command.args(["user", "add", "auditor", "--role", "auditor", "--config"]);
            let output = succeed(command.arg(self.path("jagaloket.toml")), b"");
            let mut browser = Browser::new(self.web);
            let link = String::from_utf8(output.stdout).unwrap();
            let password = "ombak tenang lewat jendela";
            assert_eq!(browser.redeem(&link, password).status, 303);
            browser.sign_in("auditor", password);
            browser.cookies["jagaloket_session"].clone()
        };
        self.session.get_or_init(made).clone()
    }

    pub fn get(&self, path: &str) -> (u16, String, String) {
        self.read_with(path, &[])
    }

    fn read_with(&self, path: &str, headers: &[&str]) -> (u16, String, String) {
        let cookie = format!("Cookie: jagaloket_session={}", self.session());
        http_get(self.web, path, &[&[cookie.as_str()], headers].concat())
    }

    pub fn verdicts(&self) -> Vec<serde_json::Value> {
        let (status, _, body) = self.read_with("/api/v1/verdicts", &["Accept: application/x-ndjson"]);
        assert_eq!(status, 200, "{body}");
        verdict_lines(&body)
    }

    fn metric(&self, name: &str) -> u64 {
        let (_, _, body) = http_get(self.web, "/metrics", &[]);
        let line = body
            .lines()
            .find(|line| line.starts_with(name) && !line.starts_with('#'));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .unwrap_or_default() as u64
    }

    pub fn wait_for_events(&self, count: usize) {
        wait_until(Duration::from_secs(60), "all events", || {
            self.metric("jagaloket_events_accepted_total") as usize >= count
        });
    }

    /// Events, distinct events, letters, letters not sent.
    fn counts(&self) -> [u64; 4] {
        let text = python(
            include_str!("ledger.py"),
            &[self.path("jagaloket.db").to_str().unwrap()],
            b"",
        );
        let numbers: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
        numbers.try_into().unwrap()
    }
}

pub fn distinct(lines: &[String]) -> usize {
    let identity = |line: &String| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        (event["source"].to_string(), event["id"].to_string())
    };
    lines.iter().map(identity).collect::<BTreeSet<_>>().len()
}

/// Publishes lines with `mosquitto_pub`, in their order within each device.
pub fn publish(mosquitto: &Mosquitto, lines: &[String]) {
    let mut of_source: BTreeMap<String, String> = BTreeMap::new();
    for line in lines {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = of_source
            .entry(event["source"].as_str().unwrap().to_owned())
            .or_default();
        text.push_str(line);
        text.push('\n');
    }
    for (source, text) in of_source {
        mosquitto.publish_lines(&format!("jagaloket/v1{source}/events"), &text);
    }
}

fn shuffled(day: &str, seed: u64) -> Vec<String> {
    let mut lines = example_events(day);
    fastrand::Rng::with_seed(seed).shuffle(&mut lines);
    lines
}

#[test]
fn lines_shuffled_through_mosquitto_give_the_expected_verdicts() {
    for (day, protocol) in [("soup-120", "5"), ("day-30", "3.1.1")] {
        let mosquitto = Mosquitto::start(&[
            "allow_anonymous true",
            "max_queued_messages 0",
            "max_inflight_messages 0",
        ]);
        let house = House::external(mosquitto.port, protocol);
        let _serve = house.serve();
        wait_until(Duration::from_secs(20), "the broker", || {
            http_get(house.web, "/readyz", &[]).0 == 200
        });
        let lines = shuffled(day, 3);
        publish(&mosquitto, &lines);
        house.wait_for_events(distinct(&lines));
        wait_until(Duration::from_secs(20), "the verdicts", || {
            house.verdicts().len() == example_verdicts(day).len()
        });
        assert_eq!(house.verdicts(), example_verdicts(day), "{day}");
    }
}

#[test]
fn killed_ten_times_under_load_it_loses_nothing_and_tells_everything() {
    let house = House::embedded();
    let lines = shuffled("soup-105", 5);
    let mut command = python_command(include_str!("publish.py"));
    command
        .args([&house.broker.to_string(), PASSWORD])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut publisher = command.spawn().unwrap();
    let mut input = publisher.stdin.take().unwrap();
    let text = lines.join("\n");
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let mut rng = fastrand::Rng::with_seed(17);
    for _ in 0..10 {
        let mut serve = house.serve();
        std::thread::sleep(Duration::from_millis(rng.u64(100..900)));
        serve.kill();
    }
    let _serve = house.serve();
    writing.join().unwrap();
    let output = publisher.wait_with_output().unwrap();
    let acked: usize = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    assert_eq!(acked, lines.len(), "every line was acknowledged in the end");
    wait_until(Duration::from_secs(30), "every letter to be sent", || {
        house.counts()[3] == 0
    });
    let [events, different, letters, _] = house.counts();
    assert_eq!(events as usize, distinct(&lines), "every acknowledged event is there");
    assert_eq!(events, different, "and is there once");
    assert_eq!(house.verdicts(), example_verdicts("soup-105"));
    let mails = fs::read_dir(house.path("mails")).unwrap().count();
    assert!(
        letters > 0 && mails as u64 >= letters,
        "{mails} mails of {letters} letters"
    );
}

#[test]
fn a_restart_says_nothing_new_and_the_chain_holds() {
    let house = House::embedded();
    let lines = example_events("soup-101");
    let publish = |house: &House| {
        python(
            include_str!("publish.py"),
            &[&house.broker.to_string(), PASSWORD],
            lines.join("\n").as_bytes(),
        )
    };
    let mut serve = house.serve();
    publish(&house);
    house.wait_for_events(distinct(&lines));
    let before = house.verdicts();
    wait_until(Duration::from_secs(30), "every letter to be sent", || {
        house.counts()[3] == 0
    });
    let [events, _, letters, _] = house.counts();
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(10)), Some(0), "{}", serve.log());
    let mut serve = house.serve();
    // Everything once more: all of it is known.
    publish(&house);
    assert_eq!(house.verdicts(), before);
    assert_eq!(
        house.counts(),
        [events, events, letters, 0],
        "nothing new was written or told"
    );
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(10)), Some(0), "{}", serve.log());
    let mut verify = jagaloket();
    verify
        .args(["ledger", "verify", "--config"])
        .arg(house.path("jagaloket.toml"));
    let output = verify.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_cannot_be_accepted_is_kept_with_a_reason_and_stops_nothing() {
    let mosquitto = Mosquitto::start(&[
        "allow_anonymous true",
        "max_queued_messages 0",
        "max_inflight_messages 0",
    ]);
    let house = House::external(mosquitto.port, "5");
    let _serve = house.serve();
    wait_until(Duration::from_secs(20), "the broker", || {
        http_get(house.web, "/readyz", &[]).0 == 200
    });
    let topic = "jagaloket/v1/tangerang/loket-01/events";
    let large = format!("{{\"specversion\":\"1.0\",\"pad\":\"{}\"}}", "x".repeat(16 * 1024));
    let far = r#"{"specversion":"1.0","id":"far","source":"/tangerang/loket-01","type":"workstation.heartbeat","time":"2036-11-24T10:00:00+07:00","data":{}}"#;
    let stranger = r#"{"specversion":"1.0","id":"s","source":"/tangerang/loket-99","type":"workstation.heartbeat","time":"2026-11-24T10:00:00+07:00","data":{}}"#;
    mosquitto.publish(topic, "this is not JSON");
    mosquitto.publish(topic, &large);
    mosquitto.publish(topic, far);
    mosquitto.publish("jagaloket/v1/tangerang/loket-99/events", stranger);
    mosquitto.publish("jagaloket/v1/tangerang/loket-02/events", far);
    mosquitto.publish("jagaloket/v1/bandung/loket-01/events", far);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"{\"specversion\":\"\xff\xfe\"}").unwrap();
    mosquitto_pub(
        mosquitto.port,
        &["-q", "1", "-t", topic, "-f", file.path().to_str().unwrap()],
        "",
    );
    // One event again and again, and good events among it.
    let times = duplicates();
    let lines = example_events("soup-101");
    let again = format!(
        "{}\n",
        lines.iter().find(|line| line.contains("/tangerang/loket-01")).unwrap()
    );
    let repeat = |rounds: usize, seen: usize| {
        for round in 1..=rounds {
            // mosquitto_pub loses what it has read when its input ends far ahead of the broker.
            mosquitto.publish_lines(topic, &again.repeat(ROUND));
            wait_until(Duration::from_secs(60), "the duplicates", || {
                house.metric("jagaloket_events_duplicate_total") as usize >= (seen + round) * ROUND - 1
            });
        }
    };
    let rounds = (times / ROUND).max(2);
    std::thread::scope(|scope| {
        scope.spawn(|| repeat(rounds / 2, 0));
        publish(&mosquitto, &lines);
        house.wait_for_events(distinct(&lines));
    });
    // A password's hash takes 20 MB once; it is not what grows here.
    house.session();
    let before = resident_kb(&_serve);
    repeat(rounds - rounds / 2, rounds / 2);
    wait_until(Duration::from_secs(20), "the verdicts", || {
        house.verdicts() == example_verdicts("soup-101")
    });
    for code in [
        "not_json",
        "too_large",
        "too_far_ahead",
        "unknown_device",
        "source_mismatch",
        "unknown_office",
    ] {
        let name = format!("jagaloket_events_quarantined_total{{reason=\"{code}\"}}");
        assert!(house.metric(&name) >= 1, "{code}");
    }
    let (status, _, page) = house.get("/quarantine?lang=en");
    assert_eq!(status, 200);
    assert!(page.contains("this is not JSON") || page.contains("not_json"), "{page}");
    let after = resident_kb(&_serve);
    assert!(after < before + 16 * 1024, "{before} kB half way, {after} kB after");
}

#[test]
fn a_session_that_the_broker_lost_while_the_monitor_was_away_is_told() {
    // Without persistence a restart forgets every session.
    let mut mosquitto = Mosquitto::start(&["allow_anonymous true"]);
    let house = House::external(mosquitto.port, "5");
    let ready = || http_get(house.web, "/readyz", &[]);
    let lost = || house.metric("jagaloket_broker_sessions_lost_total");
    let mut serve = house.serve();
    wait_until(Duration::from_secs(20), "the broker", || ready().0 == 200);
    assert_eq!(lost(), 0, "nothing was lost to an empty ledger");
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(15)), Some(0), "{}", serve.log());
    let mut serve = house.serve();
    wait_until(Duration::from_secs(20), "the broker", || ready().0 == 200);
    assert_eq!(lost(), 0, "the broker kept the session");
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(15)), Some(0), "{}", serve.log());
    mosquitto.stop();
    mosquitto.start_again();
    let _serve = house.serve();
    wait_until(Duration::from_secs(20), "the broker", || ready().0 == 200);
    wait_until(Duration::from_secs(10), "the loss", || lost() == 1);
    let (status, _, body) = ready();
    assert!(status == 200 && body.contains("lost our session 1 times"), "{body}");
    let (_, _, page) = house.get("/health?lang=en");
    assert!(
        page.contains("Sessions lost by the broker since the process started: 1."),
        "{page}"
    );
    let (_, _, page) = house.get("/health?lang=id");
    assert!(
        page.contains("Sesi hilang di broker sejak proses dimulai: 1."),
        "{page}"
    );
}

#[test]
fn the_last_event_is_one_that_was_accepted_and_is_known_after_a_restart() {
    let mosquitto = Mosquitto::start(&["allow_anonymous true"]);
    let house = House::external(mosquitto.port, "5");
    let last = || {
        let (_, _, body) = http_get(house.web, "/readyz", &[]);
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        answer["last_event"].clone()
    };
    let topic = "jagaloket/v1/tangerang/loket-01/events";
    let garbage = |times: u64| {
        mosquitto.publish(topic, "garbage");
        wait_until(Duration::from_secs(10), "the quarantine", || {
            house.metric("jagaloket_events_quarantined_total{reason=\"not_json\"}") == times
        });
        std::thread::sleep(Duration::from_millis(100));
    };
    let mut serve = house.serve();
    wait_until(Duration::from_secs(20), "the broker", || {
        http_get(house.web, "/readyz", &[]).0 == 200
    });
    garbage(1);
    mosquitto.publish("jagaloket/v1/tangerang/loket-01/status", "{\"state\":\"online\"}");
    wait_until(Duration::from_secs(10), "the device", || {
        house.metric("jagaloket_devices_online") == 1
    });
    assert_eq!(last(), serde_json::Value::Null);
    assert_eq!(house.metric("jagaloket_last_event_time_seconds"), 0);
    let lines = example_events("soup-101");
    let line = lines.iter().find(|line| line.contains("/tangerang/loket-01")).unwrap();
    mosquitto.publish(topic, line);
    house.wait_for_events(1);
    wait_until(Duration::from_secs(10), "the event", || last().is_string());
    let first = last();
    mosquitto.publish(topic, line);
    wait_until(Duration::from_secs(10), "the duplicate", || {
        house.metric("jagaloket_events_duplicate_total") == 1
    });
    garbage(2);
    assert_eq!(last(), first);
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(15)), Some(0), "{}", serve.log());
    let _serve = house.serve();
    assert_eq!(last(), first, "the ledger knows it");
}

#[test]
fn what_a_start_has_to_say_is_told_with_its_evidence() {
    let house = House::embedded();
    let lines = example_events("soup-101");
    let mut serve = house.serve();
    python(
        include_str!("publish.py"),
        &[&house.broker.to_string(), PASSWORD],
        lines.join("\n").as_bytes(),
    );
    house.wait_for_events(distinct(&lines));
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(15)), Some(0), "{}", serve.log());
    python(
        include_str!("forget.py"),
        &[house.path("jagaloket.db").to_str().unwrap()],
        b"",
    );
    let _serve = house.serve();
    wait_until(Duration::from_secs(20), "the ledger to give them again", || {
        house.verdicts() == example_verdicts("soup-101")
    });
    // The last three are about officers.
    let told = (63..=65).filter(|n| {
        let (_, _, page) = house.get(&format!("/letters/{n}"));
        let page = page.to_uppercase();
        page.contains("KEJADIAN YANG MENJADI DASAR") || page.contains("EVENTS IT RESTS ON")
    });
    assert_eq!(told.count(), 3);
}

#[test]
fn an_incident_that_nobody_may_be_told_of_is_not_silent() {
    let house = House::embedded();
    let text = fs::read_to_string(example("roster.toml")).unwrap();
    // No supervisor, no integrity team, no technician.
    let tables = text.split_inclusive("\n\n").flat_map(|part| part.split_inclusive('\n'));
    let mut keep = true;
    let alone: String = tables
        .filter(|line| {
            if line.starts_with('[') {
                keep = !["[[supervisor]]", "[[integrity]]", "[[technician]]"].contains(&line.trim());
            }
            keep && !line.starts_with("supervisor")
        })
        .collect();
    fs::write(house.path("alone.toml"), alone).unwrap();
    let config = fs::read_to_string(house.path("jagaloket.toml")).unwrap();
    let roster = format!("{:?}", example("roster.toml"));
    fs::write(house.path("jagaloket.toml"), config.replace(&roster, "\"alone.toml\"")).unwrap();
    let serve = house.serve();
    let lines = example_events("soup-101");
    python(
        include_str!("publish.py"),
        &[&house.broker.to_string(), PASSWORD],
        lines.join("\n").as_bytes(),
    );
    house.wait_for_events(distinct(&lines));
    assert!(house.metric("jagaloket_told_nobody_total") > 0);
    assert_eq!(house.counts()[2], 0, "letters");
    let log = serve.log();
    assert!(log.contains("alone.toml has no [[integrity]]"), "{log}");
    assert!(
        log.contains("nobody who may be told of an incident incident=1"),
        "{log}"
    );
}

/// Duplicates that are sent at once.
const ROUND: usize = 10_000;

/// How often the hostile hour repeats one event: `JAGALOKET_TEST_DUPLICATES=1000000` makes it a whole one.
fn duplicates() -> usize {
    std::env::var("JAGALOKET_TEST_DUPLICATES").map_or(20_000, |count| count.parse().unwrap())
}

/// Resident memory of a process, from /proc. A debug build; the figure that counts is in docs/benchmarks.md.
fn resident_kb(peer: &Peer) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(peer.id().to_string()).join("status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
