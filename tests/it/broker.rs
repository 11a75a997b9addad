//! The embedded broker with real clients: paho, mosquitto_pub, and our own client for external brokers.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use jagaloket::broker::{self, Device, Settings};
use jagaloket::inbound::Inbound;
use jagaloket::mqtt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::mqtt::{Process, certificates, free_port, python};

const SOON: Duration = Duration::from_secs(20);
const USER: &str = "tangerang/loket-03";
const PASSWORD: &str = "correct horse";
const EVENTS: &str = "jagaloket/v1/tangerang/loket-03/events";
const STATUS: &str = "jagaloket/v1/tangerang/loket-03/status";
const FOREIGN: &str = "jagaloket/v1/tangerang/loket-04/events";
/// MQTT 3.1.1 and 5, as paho and mosquitto_pub number them.
const BOTH: [&str; 2] = ["311", "5"];

const DEVICE: &str = include_str!("broker/device.py");

/// A device made of paho.
struct Paho {
    _process: Process,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Paho {
    fn new(port: u16, version: &str, options: &[&str]) -> Paho {
        let port = port.to_string();
        let arguments = [&[port.as_str(), version], options].concat();
        let mut child = python(DEVICE, &arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Paho {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            _process: Process(child),
        }
    }

    fn known(port: u16, version: &str) -> Paho {
        Paho::new(port, version, &KNOWN)
    }

    fn order(&mut self, command: &str) {
        writeln!(self.stdin, "{command}").unwrap();
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        tokio::task::block_in_place(|| self.stdout.read_line(&mut line)).unwrap();
        line.trim_end().to_owned()
    }

    fn ask(&mut self, command: &str) -> String {
        self.order(command);
        self.answer()
    }
}

const KNOWN: [&str; 2] = ["user=tangerang/loket-03", "password=correct horse"];

fn settings() -> Settings {
    let device = |device: &str, password: &str| Device {
        office: "tangerang".into(),
        device: device.into(),
        password: password.into(),
    };
    Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        tls: None,
        devices: vec![device("loket-03", PASSWORD), device("loket-04", "other")],
        anonymous: false,
    }
}

struct Daemon {
    running: broker::Running,
    inbound: mpsc::Receiver<Inbound>,
}

impl Daemon {
    async fn start(settings: Settings) -> Daemon {
        Daemon::with_room(settings, 1024).await
    }

    async fn with_room(settings: Settings, room: usize) -> Daemon {
        let (sender, inbound) = mpsc::channel(room);
        let running = broker::start(settings, sender).await.unwrap();
        Daemon { running, inbound }
    }

    fn port(&self) -> u16 {
        self.running.local_addr.port()
    }

    async fn next(&mut self) -> Inbound {
        timeout(SOON, self.inbound.recv())
            .await
            .expect("no message came")
            .unwrap()
    }

    async fn nothing(&mut self) {
        let came = timeout(Duration::from_millis(300), self.inbound.recv()).await;
        assert!(came.is_err(), "a message came that should not: {came:?}");
    }

    async fn stop(self) {
        timeout(SOON, self.running.shutdown(Duration::from_millis(300)))
            .await
            .unwrap();
    }
}

fn text(inbound: &Inbound) -> &str {
    std::str::from_utf8(&inbound.payload).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledgement_goes_out_before_the_commit() {
    for version in BOTH {
        for qos in [1, 2] {
            let mut daemon = Daemon::start(settings()).await;
            let mut device = Paho::known(daemon.port(), version);
            assert_eq!(device.ask("connect"), "Success");
            device.ask(&format!("publish {EVENTS} {qos} no first"));
            let first = daemon.next().await;
            assert_eq!(
                (text(&first), first.topic.as_str(), first.retained),
                ("first", EVENTS, false)
            );
            assert_eq!(device.ask("wait 0 1"), "pending", "{version} qos {qos}");
            first.receipt.confirm();
            assert_eq!(device.ask("wait 0 10"), "Success");
            device.ask(&format!("publish {EVENTS} {qos} no second"));
            let second = daemon.next().await;
            assert_eq!(device.ask("wait 1 0.5"), "pending");
            second.receipt.confirm();
            assert_eq!(device.ask("wait 1 10"), "Success");
            assert_eq!(device.ask("disconnects"), "0");
            daemon.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_not_acknowledged_and_comes_again() {
    for version in BOTH {
        let mut daemon = Daemon::start(settings()).await;
        let mut device = Paho::known(daemon.port(), version);
        assert_eq!(device.ask("connect"), "Success");
        device.ask(&format!("publish {EVENTS} 1 no precious"));
        for _ in 0..3 {
            // Dropped, as a daemon whose database is full would.
            assert_eq!(text(&daemon.next().await), "precious");
        }
        let again = daemon.next().await;
        assert_eq!(device.ask("wait 0 0.5"), "pending", "{version}");
        again.receipt.confirm();
        assert_eq!(device.ask("wait 0 10"), "Success", "{version}");
        assert_eq!(device.ask("disconnects"), "3");
        daemon.nothing().await;
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_wrong_passwords_and_the_nameless_are_refused() {
    for (version, bad_password, nameless) in [
        ("311", "Bad user name or password", "Not authorized"),
        ("5", "Bad user name or password", "Not authorized"),
    ] {
        let mut daemon = Daemon::start(settings()).await;
        for (options, expected) in [
            (&["user=tangerang/loket-03", "password=wrong"][..], bad_password),
            (&["user=tangerang/loket-03", "password="], bad_password),
            (&["user=tangerang/loket-03"], bad_password),
            (&["user=tangerang/loket-99", "password=correct horse"], bad_password),
            (&["user=tangerang/loket-04", "password=correct horse"], bad_password),
            (&[], nameless),
        ] {
            let mut device = Paho::new(daemon.port(), version, options);
            assert_eq!(device.ask("connect"), expected, "{version} {options:?}");
        }
        daemon.nothing().await;
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_cannot_speak_for_another_nor_listen() {
    for version in BOTH {
        let mut daemon = Daemon::start(settings()).await;
        for topic in [
            FOREIGN,
            "jagaloket/v1/tangerang/loket-03/other",
            "anything",
            "$SYS/x",
            "$refused",
        ] {
            let mut device = Paho::known(daemon.port(), version);
            assert_eq!(device.ask("connect"), "Success");
            device.ask(&format!("publish {topic} 1 no forged"));
            let kept = daemon.next().await;
            assert!(
                kept.refused.as_ref().unwrap().contains(USER),
                "{topic}: {:?}",
                kept.refused
            );
            assert_eq!(device.ask("wait 0 0.3"), "pending", "{version} {topic}");
            kept.receipt.confirm();
            assert_eq!(device.ask("wait 0 10"), "Success", "{version} {topic}");
        }
        for topic in [FOREIGN, "jagaloket/v1/tangerang/loket-04/status", "anything"] {
            let will = format!("will={topic}");
            let mut device = Paho::new(daemon.port(), version, &[&KNOWN[..], &[&will]].concat());
            assert_eq!(device.ask("connect"), "Not authorized", "{version} {topic}");
        }
        daemon.nothing().await;
        let mut listener = Paho::known(daemon.port(), version);
        assert_eq!(listener.ask("connect"), "Success");
        listener.ask("subscribe jagaloket/#");
        let mut device = Paho::new(
            daemon.port(),
            version,
            &["id=other", "user=tangerang/loket-04", "password=other"],
        );
        assert_eq!(device.ask("connect"), "Success");
        device.ask(&format!("publish {FOREIGN} 1 no private"));
        daemon.next().await.receipt.confirm();
        assert_eq!(device.ask("wait 0 10"), "Success");
        assert_eq!(listener.ask("heard"), "0");
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_cannot_push_another_off_the_line_by_its_client_id() {
    for version in BOTH {
        let mut daemon = Daemon::start(settings()).await;
        let mut device = Paho::known(daemon.port(), version);
        assert_eq!(device.ask("connect"), "Success");
        let rival = ["id=loket-03", "user=tangerang/loket-04", "password=other"];
        let mut other = Paho::new(daemon.port(), version, &rival);
        assert_ne!(other.ask("connect"), "Success", "{version}");
        assert_eq!(device.ask("disconnects"), "0");
        // The device itself may come again before its old connection is found dead.
        let mut again = Paho::known(daemon.port(), version);
        assert_eq!(again.ask("connect"), "Success");
        drop(device);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_ne!(
            Paho::new(daemon.port(), version, &rival).ask("connect"),
            "Success",
            "{version}"
        );
        again.ask(&format!("publish {EVENTS} 1 no still here"));
        daemon.next().await.receipt.confirm();
        assert_eq!(again.ask("wait 0 10"), "Success");
        drop(again);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(
            Paho::new(daemon.port(), version, &rival).ask("connect"),
            "Success",
            "{version}"
        );
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn births_and_wills_reach_the_daemon_and_need_no_receipt() {
    for version in BOTH {
        let mut daemon = Daemon::start(settings()).await;
        let will = format!("will={STATUS}");
        let mut device = Paho::new(daemon.port(), version, &[&KNOWN[..], &[&will]].concat());
        assert_eq!(device.ask("connect"), "Success");
        for retain in ["retain", "no"] {
            device.ask(&format!("publish {STATUS} 1 {retain} {{\"state\":\"online\"}}"));
            let birth = daemon.next().await;
            assert_eq!((birth.topic.as_str(), text(&birth)), (STATUS, r#"{"state":"online"}"#));
        }
        assert_eq!(
            (device.ask("wait 0 10"), device.ask("wait 1 10")),
            ("Success".into(), "Success".into())
        );
        drop(device);
        let last = daemon.next().await;
        assert_eq!((last.topic.as_str(), text(&last)), (STATUS, r#"{"state":"offline"}"#));
        daemon.nothing().await;
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_does_not_keep_up_slows_the_devices_and_nothing_is_lost() {
    for version in BOTH {
        let mut daemon = Daemon::with_room(settings(), 4).await;
        let mut device = Paho::new(
            daemon.port(),
            version,
            &[
                &KNOWN[..],
                &["inflight=200", "topic=jagaloket/v1/tangerang/loket-03/events"],
            ]
            .concat(),
        );
        assert_eq!(device.ask("connect"), "Success");
        device.order("flood 10000");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(daemon.inbound.len(), 1, "one message of a device at a time");
        for n in 0..10_000 {
            let inbound = daemon.next().await;
            assert_eq!(text(&inbound), n.to_string(), "{version}");
            inbound.receipt.confirm();
        }
        assert_eq!(device.answer(), "10000");
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_devices_wait_for_one_commit_together() {
    let devices: Vec<Device> = (0..60)
        .map(|n| Device {
            office: "tangerang".into(),
            device: format!("loket-{n}"),
            password: format!("secret {n}"),
        })
        .collect();
    let mut daemon = Daemon::start(Settings {
        devices: devices.clone(),
        ..settings()
    })
    .await;
    let publishers: Vec<Process> = devices
        .iter()
        .map(|device| {
            let user = format!("{}/{}", device.office, device.device);
            let topic = format!("jagaloket/v1/{user}/events");
            Process(
                mosquitto_pub(daemon.port(), "5", &user, &device.password, &topic)
                    .spawn()
                    .unwrap(),
            )
        })
        .collect();
    let mut batch = Vec::new();
    while batch.len() < devices.len() {
        batch.push(daemon.next().await);
    }
    for inbound in batch {
        inbound.receipt.confirm();
    }
    for mut publisher in publishers {
        assert!(tokio::task::block_in_place(|| publisher.0.wait()).unwrap().success());
    }
    daemon.stop().await;
}

fn mosquitto_pub(port: u16, version: &str, user: &str, password: &str, topic: &str) -> Command {
    let mut command = Command::new("mosquitto_pub");
    command
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-q", "1"])
        .args(["-V", if version == "5" { "mqttv5" } else { "mqttv311" }])
        .args(["-u", user, "-P", password, "-t", topic, "-m", "from mosquitto_pub"])
        .stderr(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_pub_ends_well_only_when_its_message_is_kept() {
    for version in BOTH {
        let mut daemon = Daemon::start(settings()).await;
        let mut publisher = Process(
            mosquitto_pub(daemon.port(), version, USER, PASSWORD, EVENTS)
                .spawn()
                .unwrap(),
        );
        let inbound = daemon.next().await;
        assert!(
            publisher.0.try_wait().unwrap().is_none(),
            "it waits for the acknowledgement"
        );
        inbound.receipt.confirm();
        assert!(tokio::task::block_in_place(|| publisher.0.wait()).unwrap().success());
        let mut refused = mosquitto_pub(daemon.port(), version, USER, "wrong", EVENTS);
        assert!(!tokio::task::block_in_place(|| refused.status()).unwrap().success());
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_client_and_the_embedded_broker_work_in_one_process() {
    for version in [mqtt::Version::V311, mqtt::Version::V5] {
        let mut daemon = Daemon::start(Settings {
            anonymous: true,
            ..settings()
        })
        .await;
        let (sender, mut heard) = mpsc::channel(16);
        let client = mqtt::start(
            &mqtt::Settings {
                version,
                ..mqtt::Settings::new("127.0.0.1", daemon.port())
            },
            sender,
        )
        .unwrap();
        let mut line = client.line();
        timeout(SOON, line.wait_for(|line| line.connected_since.is_some()))
            .await
            .unwrap()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut device = Paho::known(daemon.port(), "5");
        assert_eq!(device.ask("connect"), "Success");
        device.ask(&format!("publish {EVENTS} 1 no both"));
        daemon.next().await.receipt.confirm();
        let passed_on = timeout(SOON, heard.recv()).await.unwrap().unwrap();
        assert_eq!((text(&passed_on), passed_on.topic.as_str()), ("both", EVENTS));
        passed_on.receipt.confirm();
        client.shutdown(Duration::from_secs(1)).await;
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_enter_on_loopback_if_told_so_and_nowhere_else() {
    let open = Settings {
        anonymous: true,
        ..settings()
    };
    let mut daemon = Daemon::start(open.clone()).await;
    for version in BOTH {
        let mut device = Paho::new(daemon.port(), version, &[]);
        assert_eq!(device.ask("connect"), "Success");
        device.ask(&format!("publish {FOREIGN} 1 no hello"));
        daemon.next().await.receipt.confirm();
        assert_eq!(device.ask("wait 0 10"), "Success");
        // A name is checked even so.
        let mut pretender = Paho::new(
            daemon.port(),
            version,
            &["id=x", "user=tangerang/loket-03", "password=wrong"],
        );
        assert_ne!(pretender.ask("connect"), "Success");
    }
    daemon.stop().await;
    let (sender, _inbound) = mpsc::channel(1);
    let exposed = Settings {
        listen: ([0, 0, 0, 0], 0).into(),
        ..open
    };
    let refused = broker::start(exposed, sender).await.err().unwrap().to_string();
    assert!(refused.contains("loopback"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_told_with_its_address() {
    let daemon = Daemon::start(settings()).await;
    let (sender, _inbound) = mpsc::channel(1);
    let taken = Settings {
        listen: daemon.running.local_addr,
        ..settings()
    };
    let refused = broker::start(taken, sender).await.err().unwrap().to_string();
    assert!(refused.contains(&daemon.running.local_addr.to_string()), "{refused}");
    assert!(refused.to_lowercase().contains("in use"), "{refused}");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_lets_what_is_being_committed_finish_and_is_quick_about_the_rest() {
    for version in BOTH {
        let mut daemon = Daemon::start(settings()).await;
        let mut device = Paho::known(daemon.port(), version);
        assert_eq!(device.ask("connect"), "Success");
        device.ask(&format!("publish {EVENTS} 1 no last"));
        let last = daemon.next().await;
        let commit = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            last.receipt.confirm();
        });
        daemon.running.shutdown(Duration::from_secs(5)).await;
        commit.await.unwrap();
        assert_eq!(device.ask("wait 0 5"), "Success", "{version}");

        let mut daemon = Daemon::start(settings()).await;
        let mut device = Paho::known(daemon.port(), version);
        assert_eq!(device.ask("connect"), "Success");
        device.ask(&format!("publish {EVENTS} 1 no undecided"));
        let undecided = daemon.next().await;
        timeout(
            Duration::from_secs(2),
            daemon.running.shutdown(Duration::from_millis(100)),
        )
        .await
        .unwrap();
        undecided.receipt.confirm();
        assert_eq!(device.ask("wait 0 0.5"), "pending", "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_with_tls_asks_for_the_device_certificate() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let at = |name: &str| dir.path().join(name);
    let mut daemon = Daemon::start(Settings {
        tls: Some(broker::Tls {
            listen: SocketAddr::from(([127, 0, 0, 1], free_port())),
            certificate_file: at("server.pem"),
            key_file: at("server.key"),
            client_ca_file: Some(at("ca.pem")),
        }),
        ..settings()
    })
    .await;
    let port = daemon.running.tls_addr.unwrap().port();
    let option = |name: &str, path: &Path| format!("{name}={}", path.display());
    let (ca, cert, key) = (
        option("ca", &at("ca.pem")),
        option("cert", &at("client.pem")),
        option("key", &at("client.key")),
    );
    for version in BOTH {
        let mut device = Paho::new(port, version, &[&KNOWN[..], &[&ca, &cert, &key]].concat());
        assert_eq!(device.ask("connect"), "Success");
        device.ask(&format!("publish {EVENTS} 1 no over TLS"));
        daemon.next().await.receipt.confirm();
        assert_eq!(device.ask("wait 0 10"), "Success");
        let mut bare = Paho::new(port, version, &[&KNOWN[..], &[&ca]].concat());
        assert_ne!(bare.ask("connect"), "Success");
    }
    daemon.stop().await;
}
