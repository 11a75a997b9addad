//! The demo's devices: each has a connection of its own and says over MQTT what it has to say when its time has come.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono_tz::Tz;
use rumqttc_v5::mqttbytes::QoS;
use rumqttc_v5::mqttbytes::v5::{LastWill, PubAckReason, PublishProperties};
use rumqttc_v5::{
    AsyncClient, Event as Heard, EventLoop, Incoming, MqttOptions, PublishNoticeError, PublishOptions, PublishResult,
};
use tokio::task::JoinSet;

use crate::clock::MonitorClock;
use crate::engine::roster::Roster;
use crate::simulate::demo::{Body, Message};
use crate::wire;

const ONLINE: &str = "{\"state\":\"online\"}";
const OFFLINE: &str = "{\"state\":\"offline\"}";
/// Between attempts to reach the broker.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Devices at work. They stop when this is dropped; the broker then publishes their wills.
pub struct Agents {
    /// Never awaited: dropping it ends them.
    _tasks: JoinSet<()>,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Tally {
    acknowledged: AtomicU64,
    refused: AtomicU64,
}

impl Agents {
    /// Messages the broker has acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.tally.acknowledged.load(Ordering::Relaxed)
    }

    /// Messages the broker would not take.
    pub fn refused(&self) -> u64 {
        self.tally.refused.load(Ordering::Relaxed)
    }
}

/// Starts a device for each that `messages` (in order of sending) names. Its user is `office/device`; one without a
/// password connects without a user.
pub fn start(
    roster: &Roster,
    messages: Vec<Message>,
    passwords: &BTreeMap<String, String>,
    broker: SocketAddr,
    clock: MonitorClock,
) -> Agents {
    let mut of_device: BTreeMap<Box<str>, Vec<Message>> = BTreeMap::new();
    for message in messages {
        of_device.entry(message.device.clone()).or_default().push(message);
    }
    let tally = Arc::new(Tally::default());
    let mut tasks = JoinSet::new();
    for (device, messages) in of_device {
        let (client, connection) = connect(roster.office.id.as_str(), &device, passwords.get(&*device), broker);
        let agent = Agent {
            client,
            topic: format!("jagaloket/v1/{}/{device}", roster.office.id),
            zone: roster.office.zone,
            clock: clock.clone(),
            tally: Arc::clone(&tally),
        };
        tasks.spawn(agent.work(messages, connection));
    }
    Agents { _tasks: tasks, tally }
}

fn connect(office: &str, device: &str, password: Option<&String>, broker: SocketAddr) -> (AsyncClient, EventLoop) {
    let address = (broker.ip().to_string(), broker.port());
    let mut options = MqttOptions::new(format!("{office}-{device}"), address);
    if let Some(password) = password {
        options.set_credentials(format!("{office}/{device}"), password.clone());
    }
    let status = format!("jagaloket/v1/{office}/{device}/status");
    options.set_last_will(LastWill::new(status, OFFLINE, QoS::AtLeastOnce, true, None));
    AsyncClient::builder(options).capacity(64).build()
}

struct Agent {
    client: AsyncClient,
    topic: String,
    zone: Tz,
    clock: MonitorClock,
    tally: Arc<Tally>,
}

impl Agent {
    async fn work(self, messages: Vec<Message>, mut connection: EventLoop) {
        let polling = async {
            loop {
                match connection.poll().await {
                    Ok(Heard::Incoming(Incoming::ConnAck(_))) => self.say_online(),
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
                }
            }
        };
        tokio::select! {
            () = polling => {}
            () = self.publish(messages) => {}
        }
    }

    /// The birth, after every connect: the will may have said otherwise meanwhile.
    fn say_online(&self) {
        // Never waits, as it is called by the loop that empties the queue; a full queue means others speak already.
        let options = PublishOptions::at_least_once().retained();
        let _ = self
            .client
            .try_publish(format!("{}/status", self.topic), ONLINE, options);
    }

    async fn publish(&self, messages: Vec<Message>) {
        let mut pen = wire::Pen::new(self.zone);
        let mut line = String::new();
        for message in messages {
            let wait = self.clock.real(message.at.ms_since(self.clock.now()));
            tokio::time::sleep(wait).await;
            line.clear();
            match &message.body {
                Body::Event(event) => pen.write(&mut line, event),
                Body::Raw(text) => line.push_str(text),
            }
            self.deliver(&line).await;
        }
        // A device that has nothing to say stays connected.
        std::future::pending::<()>().await;
    }

    /// Until it is acknowledged or refused; what a lost connection leaves open is sent again.
    async fn deliver(&self, line: &str) {
        loop {
            let properties = PublishProperties {
                content_type: Some("application/cloudevents+json".into()),
                ..PublishProperties::default()
            };
            let options = PublishOptions::at_least_once().properties(properties);
            let topic = format!("{}/events", self.topic);
            let sent = match self.client.publish_tracked(topic, line.to_owned(), options).await {
                Ok(notice) => notice.wait_async().await,
                Err(_) => Err(PublishNoticeError::Recv),
            };
            // An acknowledgement may be a refusal: its reason says so.
            let taken = match sent {
                Ok(PublishResult::Qos1(ack)) => {
                    matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers)
                }
                Ok(_) => true,
                Err(PublishNoticeError::V5PubAck(_)) => false,
                Err(_) => {
                    tokio::time::sleep(AGAIN_AFTER).await;
                    continue;
                }
            };
            let tally = if taken {
                &self.tally.acknowledged
            } else {
                &self.tally.refused
            };
            tally.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}
