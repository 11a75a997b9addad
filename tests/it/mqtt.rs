//! The client for an external broker against a real mosquitto, with mosquitto_pub and paho as publishers.

pub mod entry;

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jagaloket::inbound::{Inbound, Line};
use jagaloket::mqtt::{self, Login, Settings, Tls, Version};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

pub use entry::certificates;

const SOON: Duration = Duration::from_secs(20);
const EVENTS: &str = "jagaloket/v1/tangerang/loket-03/events";
const STATUS: &str = "jagaloket/v1/tangerang/loket-03/status";
const BOTH: [Version; 2] = [Version::V311, Version::V5];

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A process that does not outlive its test.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.0.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

struct Mosquitto {
    process: Option<Process>,
    dir: tempfile::TempDir,
    port: u16,
}

impl Mosquitto {
    /// `extra` are lines of its configuration; `DIR` in them is its own folder.
    fn start(extra: &str) -> Mosquitto {
        let dir = tempfile::tempdir().unwrap();
        Mosquitto::start_in(dir, extra)
    }

    fn start_in(dir: tempfile::TempDir, extra: &str) -> Mosquitto {
        let port = free_port();
        let extra = extra.replace("DIR", &dir.path().display().to_string());
        let access = if extra.contains("allow_anonymous") {
            ""
        } else {
            "allow_anonymous true"
        };
        let text = format!("user root\nlistener {port} 127.0.0.1\nmax_queued_messages 0\n{access}\n{extra}\n");
        fs::write(dir.path().join("mosquitto.conf"), text).unwrap();
        let mut mosquitto = Mosquitto {
            process: None,
            dir,
            port,
        };
        mosquitto.run();
        mosquitto
    }

    fn run(&mut self) {
        let child = Command::new("/usr/sbin/mosquitto")
            .arg("-c")
            .arg(self.dir.path().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto is missing: apt-get install mosquitto");
        self.process = Some(Process(child));
        let deadline = Instant::now() + SOON;
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill(&mut self) {
        self.process = None;
    }

    fn settings(&self, version: Version) -> Settings {
        Settings {
            version,
            ..Settings::new("127.0.0.1", self.port)
        }
    }

    fn publish(&self, version: Version, payloads: &[&str]) {
        let lines = payloads.join("\n");
        publish_lines(self.port, version, &[], &lines);
    }
}

fn publish_lines(port: u16, version: Version, options: &[&str], lines: &str) {
    let version = match version {
        Version::V311 => "mqttv311",
        Version::V5 => "mqttv5",
    };
    let mut child = Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-V", version])
        .args(["-q", "1", "-t", EVENTS, "-l"])
        .args(options)
        .stdin(Stdio::piped())
        .spawn()
        .expect("mosquitto_pub is missing: apt-get install mosquitto-clients");
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "mosquitto_pub failed");
}

/// Runs a Python script that may use paho; its arguments are in `sys.argv`.
pub fn python(script: &str, arguments: &[&str]) -> Command {
    let python = std::env::var_os("JAGALOKET_TEST_PYTHON")
        .map_or_else(|| PathBuf::from("target/test-tools/venv/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "{} is missing: run tests/run once, which makes it with paho-mqtt in it",
        python.display()
    );
    let mut command = Command::new(python);
    command.arg("-c").arg(script).args(arguments);
    command
}

struct Peer {
    running: mqtt::Running,
    inbound: mpsc::Receiver<Inbound>,
}

impl Peer {
    fn start(settings: &Settings) -> Peer {
        Peer::with_room(settings, 1024)
    }

    fn with_room(settings: &Settings, room: usize) -> Peer {
        let (sender, inbound) = mpsc::channel(room);
        let running = mqtt::start(settings, sender).unwrap();
        Peer { running, inbound }
    }

    async fn connected(&self) {
        let mut line = self.running.line();
        until(&mut line, |line| line.connected_since.is_some()).await;
        // The subscription follows the connection; a message before it would find nobody.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    async fn next(&mut self) -> Inbound {
        timeout(SOON, self.inbound.recv())
            .await
            .expect("no message came")
            .unwrap()
    }

    async fn nothing(&mut self) {
        let came = timeout(Duration::from_millis(400), self.inbound.recv()).await;
        assert!(came.is_err(), "a message came that should not: {came:?}");
    }

    async fn stop(self) {
        timeout(SOON, self.running.shutdown(Duration::from_millis(300)))
            .await
            .unwrap();
    }
}

async fn until(line: &mut watch::Receiver<Line>, holds: impl Fn(&Line) -> bool) -> Line {
    let found = timeout(SOON, line.wait_for(|line| holds(line)))
        .await
        .map(|found| found.unwrap().clone());
    found.unwrap_or_else(|_| panic!("never came to that: {:?}", line.borrow()))
}

fn text(inbound: &Inbound) -> &str {
    std::str::from_utf8(&inbound.payload).unwrap()
}

#[tokio::test]
async fn a_confirmed_message_is_not_sent_again_and_an_unconfirmed_one_is() {
    for version in BOTH {
        let mosquitto = Mosquitto::start("");
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        mosquitto.publish(version, &["one", "two", "three"]);
        let one = peer.next().await;
        assert_eq!((text(&one), one.topic.as_str(), one.retained), ("one", EVENTS, false));
        let two = peer.next().await;
        let three = peer.next().await;
        one.receipt.confirm();
        peer.stop().await;
        // Too late: the connection they came on is gone.
        two.receipt.confirm();
        three.receipt.confirm();

        mosquitto.publish(version, &["while away"]);
        let mut peer = Peer::start(&mosquitto.settings(version));
        for expected in ["two", "three", "while away"] {
            let inbound = peer.next().await;
            assert_eq!(text(&inbound), expected, "{version:?}");
            inbound.receipt.confirm();
        }
        // Confirmed in the last moment: the acknowledgements go out before the good-bye.
        peer.stop().await;
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        peer.nothing().await;
        peer.stop().await;
    }
}

#[tokio::test]
async fn a_refused_message_comes_again_and_a_receipt_from_before_acknowledges_nothing() {
    for version in BOTH {
        let mosquitto = Mosquitto::start("");
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        mosquitto.publish(version, &["one", "two"]);
        let stale_one = peer.next().await;
        drop(peer.next().await);
        // A new connection; both come again, under packet identifiers that the broker may well use anew.
        let again_one = peer.next().await;
        let again_two = peer.next().await;
        assert_eq!((text(&again_one), text(&again_two)), ("one", "two"));
        stale_one.receipt.confirm();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(
            peer.running.line().borrow().connections,
            2,
            "{version:?}: the stale receipt did harm"
        );
        again_two.receipt.confirm();
        peer.stop().await;
        drop(again_one);

        let mut peer = Peer::start(&mosquitto.settings(version));
        assert_eq!(
            text(&peer.next().await),
            "one",
            "{version:?}: the stale receipt acknowledged"
        );
        peer.stop().await;
    }
}

#[tokio::test]
async fn a_broker_that_dies_and_comes_back_is_found_again_and_the_loss_of_the_session_is_told() {
    for version in BOTH {
        let mut mosquitto = Mosquitto::start("");
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        mosquitto.publish(version, &["before"]);
        peer.next().await.receipt.confirm();
        mosquitto.kill();
        let mut line = peer.running.line();
        let down = until(&mut line, |line| line.connected_since.is_none()).await;
        assert!(down.last_error.is_some() && down.last_error_at.is_some());
        mosquitto.run();
        let up = until(&mut line, |line| line.connected_since.is_some()).await;
        assert_eq!((up.connections, up.sessions_lost), (2, 1), "{version:?}");
        peer.connected().await;
        mosquitto.publish(version, &["after"]);
        let after = peer.next().await;
        assert_eq!(text(&after), "after");
        after.receipt.confirm();
        peer.stop().await;
    }
}

#[tokio::test]
async fn a_broker_that_should_know_us_and_does_not_is_told_at_the_first_connection() {
    for version in BOTH {
        let mosquitto = Mosquitto::start("");
        for (session_expected, sessions_lost) in [(true, 1), (true, 0)] {
            let peer = Peer::start(&Settings {
                session_expected,
                ..mosquitto.settings(version)
            });
            peer.connected().await;
            assert_eq!(peer.running.line().borrow().sessions_lost, sessions_lost, "{version:?}");
            peer.stop().await;
        }
    }
}

#[tokio::test]
async fn a_reader_who_sleeps_until_the_broker_gives_us_up_loses_nothing() {
    for version in BOTH {
        let mosquitto = Mosquitto::start("");
        let settings = Settings {
            keep_alive_s: 1,
            ..mosquitto.settings(version)
        };
        let mut peer = Peer::with_room(&settings, 2);
        peer.connected().await;
        let lines: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        publish_lines(mosquitto.port, version, &[], &lines.join("\n"));
        // mosquitto looks for the dead every five seconds.
        tokio::time::sleep(Duration::from_secs(8)).await;
        let mut missing: HashSet<String> = lines.into_iter().collect();
        while !missing.is_empty() {
            let inbound = peer.next().await;
            missing.remove(text(&inbound));
            inbound.receipt.confirm();
        }
        until(&mut peer.running.line(), |line| line.connections > 1).await;
        // What was acknowledged into the dead connection comes a second time.
        while let Ok(Some(inbound)) = timeout(Duration::from_millis(400), peer.inbound.recv()).await {
            inbound.receipt.confirm();
        }
        peer.stop().await;
    }
}

#[tokio::test]
async fn a_broker_that_keeps_its_sessions_on_disk_loses_nothing_over_a_restart() {
    for version in BOTH {
        let mut mosquitto = Mosquitto::start("persistence true\npersistence_location DIR/\n");
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        mosquitto.publish(version, &["unconfirmed"]);
        let early = peer.next().await;
        mosquitto.process.as_ref().unwrap().signal("-TERM");
        let mut line = peer.running.line();
        until(&mut line, |line| line.connected_since.is_none()).await;
        mosquitto.process.as_mut().unwrap().0.wait().unwrap();
        mosquitto.run();
        let again = peer.next().await;
        assert_eq!(text(&again), "unconfirmed");
        early.receipt.confirm();
        again.receipt.confirm();
        assert_eq!(line.borrow().sessions_lost, 0, "{version:?}");
        peer.stop().await;
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        peer.nothing().await;
        peer.stop().await;
    }
}

#[tokio::test]
async fn a_connection_that_has_gone_silent_is_noticed() {
    for version in BOTH {
        let mosquitto = Mosquitto::start("");
        let mut peer = Peer::start(&Settings {
            keep_alive_s: 1,
            ..mosquitto.settings(version)
        });
        peer.connected().await;
        mosquitto.process.as_ref().unwrap().signal("-STOP");
        let mut line = peer.running.line();
        until(&mut line, |line| line.connected_since.is_none()).await;
        mosquitto.process.as_ref().unwrap().signal("-CONT");
        peer.connected().await;
        mosquitto.publish(version, &["awake"]);
        assert_eq!(text(&peer.next().await), "awake");
        peer.stop().await;
    }
}

#[tokio::test]
async fn ten_thousand_messages_to_a_reader_who_sleeps_wait_at_the_broker_and_none_is_lost() {
    for version in BOTH {
        let mosquitto = Mosquitto::start("max_inflight_messages 100\n");
        let mut peer = Peer::with_room(&mosquitto.settings(version), 16);
        peer.connected().await;
        let lines: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
        publish_lines(mosquitto.port, version, &[], &lines.join("\n"));
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(peer.inbound.len(), 16, "{version:?}: the channel is the only buffer");
        let mut seen = Vec::new();
        while seen.len() < lines.len() {
            let inbound = peer.next().await;
            seen.push(text(&inbound).to_owned());
            inbound.receipt.confirm();
        }
        assert_eq!(seen, lines, "{version:?}: in order, each once");
        assert_eq!(peer.running.line().borrow().connections, 1);
        peer.stop().await;
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        peer.nothing().await;
        peer.stop().await;
    }
}

#[tokio::test]
async fn a_message_that_is_far_too_large_arrives_cut_and_the_next_one_arrives_whole() {
    for version in BOTH {
        let mosquitto = Mosquitto::start("");
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        let large = "x".repeat(5_000_000);
        let rather = "y".repeat(20_000);
        mosquitto.publish(version, &[&large, &rather, "small"]);
        for (length, first) in [(1 << 20, b'x'), (20_000, b'y'), (5, b's')] {
            let inbound = peer.next().await;
            assert_eq!(
                (inbound.payload.len(), inbound.payload[0]),
                (length, first),
                "{version:?}"
            );
            assert_eq!(inbound.topic, EVENTS);
            inbound.receipt.confirm();
        }
        peer.stop().await;
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        peer.nothing().await;
        peer.stop().await;
    }
}

const PAHO: &str = r#"
import sys, paho.mqtt.client as mqtt
port, version, topic_events, topic_status = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
protocol = mqtt.MQTTv5 if version == "5" else mqtt.MQTTv311
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="loket-03", protocol=protocol)
client.will_set(topic_status, '{"state":"offline"}', qos=1, retain=True)
client.connect("127.0.0.1", port)
client.loop_start()
client.publish(topic_status, '{"state":"online"}', qos=1, retain=True).wait_for_publish(10)
properties = None
if version == "5":
    from paho.mqtt.properties import Properties
    from paho.mqtt.packettypes import PacketTypes
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = "application/cloudevents+json"
for n in range(5):
    client.publish(topic_events, "event %d" % n, qos=1, properties=properties).wait_for_publish(10)
client.publish(topic_events, "light", qos=0, properties=properties)
sys.stdin.readline()
"#;

#[tokio::test]
async fn births_events_and_wills_of_a_paho_client_arrive() {
    for (version, number) in [(Version::V311, "4"), (Version::V5, "5")] {
        let mosquitto = Mosquitto::start("");
        let mut peer = Peer::start(&mosquitto.settings(version));
        peer.connected().await;
        let child = python(PAHO, &[&mosquitto.port.to_string(), number, EVENTS, STATUS])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let device = Process(child);
        let birth = peer.next().await;
        assert_eq!((birth.topic.as_str(), text(&birth)), (STATUS, r#"{"state":"online"}"#));
        birth.receipt.confirm();
        for n in 0..5 {
            let inbound = peer.next().await;
            assert_eq!(text(&inbound), format!("event {n}"));
            inbound.receipt.confirm();
        }
        assert_eq!(text(&peer.next().await), "light");
        drop(device);
        let will = peer.next().await;
        assert_eq!((will.topic.as_str(), text(&will)), (STATUS, r#"{"state":"offline"}"#));
        will.receipt.confirm();
        peer.stop().await;

        // A new process is told the state that stands, although its session is the old one.
        let mut peer = Peer::start(&mosquitto.settings(version));
        let kept = peer.next().await;
        assert_eq!((kept.retained, text(&kept)), (true, r#"{"state":"offline"}"#));
        kept.receipt.confirm();
        peer.stop().await;
    }
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let (sender, _inbound) = mpsc::channel(1);
    let refused = |settings: Settings| mqtt::start(&settings, sender.clone()).err().unwrap().to_string();
    let good = Settings::new("127.0.0.1", 1);
    let tls = |ca_file: &str| Settings {
        tls: Some(Tls {
            ca_file: Some(ca_file.into()),
            client: None,
        }),
        ..good.clone()
    };
    assert!(
        refused(Settings {
            client_id: String::new(),
            ..good.clone()
        })
        .contains("client id")
    );
    assert!(refused(tls("/nowhere/ca.pem")).contains("/nowhere/ca.pem"));
    assert!(refused(tls("/etc/hostname")).contains("no certificate"));
    let login = Login {
        user: "u".into(),
        password: "secret".into(),
    };
    assert!(!format!("{login:?}").contains("secret"));
}
