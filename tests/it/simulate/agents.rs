//! The demo's devices against a real mosquitto, heard by another program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use jagaloket::clock::MonitorClock;
use jagaloket::demo::agents;
use jagaloket::engine::roster::Roster;
use jagaloket::simulate::demo::{self, Body, Message};
use jagaloket::wire;

use crate::support::{Mosquitto, Peer, succeed, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);
const PASSWORD: &str = "correct horse";

/// The demo's first minutes, and a clock that runs through a minute in a tenth of a second.
fn first_minutes(roster: &Roster, minutes: i64) -> (Vec<Message>, MonitorClock) {
    let date = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    let begins = demo::begins(roster, date);
    let mut messages = demo::script(roster, date, 1);
    messages.retain(|message| message.at < begins.plus_ms(minutes * 60_000));
    (messages, MonitorClock::fast(begins, 600.0))
}

fn address(mosquitto: &Mosquitto) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, mosquitto.port))
}

/// A mosquitto that lets a device publish to its own topics only, and one reader read all.
fn strict_mosquitto(devices: &BTreeSet<String>) -> Mosquitto {
    let folder = tempfile::tempdir().unwrap();
    let (passwords, rules) = (folder.path().join("passwords"), folder.path().join("rules"));
    let mut users = format!("reader:{PASSWORD}\n");
    let mut acl = String::from("user reader\ntopic read jagaloket/v1/#\n");
    for device in devices {
        users.push_str(&format!("contoh/{device}:{PASSWORD}\n"));
        acl.push_str(&format!(
            "user contoh/{device}\ntopic write jagaloket/v1/contoh/{device}/#\n"
        ));
    }
    fs::write(&passwords, users).unwrap();
    fs::write(&rules, acl).unwrap();
    succeed(Command::new("mosquitto_passwd").arg("-U").arg(&passwords), b"");
    let mosquitto = Mosquitto::start(&[
        "allow_anonymous false",
        &format!("password_file {}", passwords.display()),
        &format!("acl_file {}", rules.display()),
    ]);
    // Both files were read at the start.
    drop(folder);
    mosquitto
}

#[tokio::test(flavor = "multi_thread")]
async fn what_devices_publish_is_heard_whole_in_their_order_with_birth_and_will() {
    let roster = demo::roster().unwrap();
    let (messages, clock) = first_minutes(&roster, 18);
    let devices: BTreeSet<String> = messages.iter().map(|message| message.device.to_string()).collect();
    let mosquitto = strict_mosquitto(&devices);
    let heard = mosquitto.dir.path().join("heard");
    let mut reader = Command::new("mosquitto_sub");
    reader.args(["-h", "127.0.0.1", "-p", &mosquitto.port.to_string()]);
    reader.args(["-u", "reader", "-P", PASSWORD, "-q", "1", "-V", "5"]);
    reader.args(["-t", "jagaloket/v1/#", "-F", "%t %C %p"]);
    let reader = Peer::spawn(reader, &heard);
    wait_until(PATIENCE, "the reader to subscribe", || {
        mosquitto.log().contains("SUBACK")
    });

    let passwords: BTreeMap<String, String> = devices
        .iter()
        .map(|device| (device.clone(), PASSWORD.to_owned()))
        .collect();
    let sent = messages.len() as u64;
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in &messages {
        expected
            .entry(message.device.to_string())
            .or_default()
            .push(match &message.body {
                Body::Event(event) => wire::to_json(event, roster.office.zone),
                Body::Raw(text) => text.to_string(),
            });
    }
    let agents = agents::start(&roster, messages, &passwords, address(&mosquitto), clock);
    wait_until(PATIENCE, "every acknowledgement", || agents.acknowledged() == sent);
    assert_eq!(agents.refused(), 0);
    drop(agents);
    let online = r#"{"state":"online"}"#;
    let offline = r#"{"state":"offline"}"#;
    wait_until(PATIENCE, "every will", || {
        reader.log().matches(offline).count() == devices.len()
    });

    let mut events: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut states: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in reader.log().lines() {
        let (topic, rest) = line.split_once(' ').unwrap();
        let (content_type, payload) = rest.split_once(' ').unwrap();
        let (device, leaf) = topic
            .strip_prefix("jagaloket/v1/contoh/")
            .and_then(|rest| rest.split_once('/'))
            .unwrap();
        let of_device = if leaf == "events" {
            assert_eq!(content_type, "application/cloudevents+json");
            &mut events
        } else {
            &mut states
        };
        of_device.entry(device.to_owned()).or_default().push(payload.to_owned());
    }
    assert_eq!(events, expected);
    assert_eq!(states.keys().cloned().collect::<BTreeSet<_>>(), devices);
    for (device, states) in states {
        assert_eq!(states, [online, offline], "{device}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_go_on_when_the_broker_was_killed_and_is_back() {
    let roster = demo::roster().unwrap();
    let (messages, clock) = first_minutes(&roster, 20);
    let sent = messages.len() as u64;
    let mut mosquitto = Mosquitto::start(&[]);
    let agents = agents::start(&roster, messages, &BTreeMap::new(), address(&mosquitto), clock);
    wait_until(PATIENCE, "some acknowledgements", || agents.acknowledged() > 60);
    mosquitto.kill();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        agents.acknowledged() < sent,
        "all was sent before the broker was killed"
    );
    mosquitto.start_again();
    wait_until(PATIENCE, "every acknowledgement", || agents.acknowledged() == sent);
    assert_eq!(agents.refused(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_may_not_speak_goes_on_and_is_counted() {
    let roster = demo::roster().unwrap();
    let (messages, clock) = first_minutes(&roster, 2);
    let sent = messages.len() as u64;
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    fs::write(&rules, "topic write jagaloket/v1/contoh/+/status\n").unwrap();
    let mosquitto = Mosquitto::start(&[&format!("acl_file {}", rules.display())]);
    let agents = agents::start(&roster, messages, &BTreeMap::new(), address(&mosquitto), clock);
    wait_until(PATIENCE, "every refusal", || agents.refused() == sent);
    assert_eq!(agents.acknowledged(), 0);
}
