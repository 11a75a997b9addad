//! One client for both versions of MQTT: what differs between the two libraries ends here.

use std::pin::Pin;
use std::time::Duration;

use rumqttc_v4 as v4;
use rumqttc_v5 as v5;
use tokio::sync::mpsc;

use super::cut::Cut;
use super::socket::{Dialer, Stream};
use super::{Error, Settings, Version};
use crate::inbound::PAYLOAD_BYTES_MAX;

/// Cut messages are the largest packets there are; the margin is for their topic.
const PACKET_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + (1 << 17);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Acknowledgements that are ready together go out in one write.
const BATCH: usize = 512;

/// What a turn of the event loop brought.
pub enum Happening {
    Connected {
        session_present: bool,
    },
    Subscribed {
        granted: bool,
    },
    Message(Message),
    /// The acknowledgement of this packet is on the wire.
    Acknowledged(u16),
    Other,
}

pub struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    pub retained: bool,
    /// `None` at quality of service 0: there is nothing to acknowledge.
    pub packet: Option<u16>,
}

/// Sends requests; never waits.
#[derive(Clone)]
pub enum Client {
    V311(v4::AsyncClient),
    V5(v5::AsyncClient),
}

/// Reads, writes and reconnects while it is polled.
pub enum Events {
    V311(Box<v4::EventLoop>),
    V5(Box<v5::EventLoop>),
}

/// Messages of ours under way to the broker. Nothing is published; the library makes and walks a place for each of
/// these at every flush, of which its default has 65 535.
const OUTGOING_MAX: u16 = 1;

/// Every stream that the client has let go of comes to `left`.
pub fn open(settings: &Settings, left: mpsc::UnboundedSender<Stream>) -> Result<(Client, Events), Error> {
    let cut = Cut::new(PAYLOAD_BYTES_MAX, settings.version == Version::V5);
    let dialer = Dialer::new(settings, cut, left)?;
    match settings.version {
        Version::V311 => {
            let mut options = v4::MqttOptions::new(&settings.client_id, (settings.host.as_str(), settings.port));
            options
                .set_clean_session(false)
                .set_keep_alive(settings.keep_alive_s)
                .set_ack_mode(v4::AckMode::Manual)
                .set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX)
                .set_max_request_batch(BATCH)
                .set_read_batch_size(BATCH)
                .set_socket_connector(move |_, _| dialer.clone().dial());
            if let Some(login) = &settings.login {
                options.set_credentials(&login.user, login.password.clone());
            }
            let (client, mut events) = v4::AsyncClient::builder(options).unbounded().build();
            events.network_options.set_connection_timeout(CONNECT_TIMEOUT.as_secs());
            Ok((Client::V311(client), Events::V311(Box::new(events))))
        }
        Version::V5 => {
            let mut options = v5::MqttOptions::new(&settings.client_id, (settings.host.as_str(), settings.port));
            options
                .set_clean_start(false)
                .set_session_expiry_interval(Some(settings.session_expiry_s))
                .set_receive_maximum(Some(settings.window.max(1)))
                // Not told to the broker, which would throw larger messages away: they are cut and quarantined.
                .set_unlimited_incoming_packet_size()
                .set_session_store(Nothing)
                .set_outgoing_inflight_upper_limit(OUTGOING_MAX)
                .set_keep_alive(settings.keep_alive_s)
                .set_ack_mode(v5::AckMode::Manual)
                .set_max_request_batch(BATCH)
                .set_read_batch_size(BATCH)
                .set_connect_timeout(CONNECT_TIMEOUT)
                .set_socket_connector(move |_, _| dialer.clone().dial());
            if let Some(login) = &settings.login {
                options.set_credentials(&login.user, login.password.clone());
            }
            let (client, events) = v5::AsyncClient::builder(options).unbounded().build();
            Ok((Client::V5(client), Events::V5(Box::new(events))))
        }
    }
}

impl Client {
    /// The request channel is unbounded, so that a failure means that the event loop has ended; the caller hears of
    /// that from the event loop itself.
    pub fn subscribe(&self, filters: [&str; 2]) {
        match self {
            Client::V311(client) => {
                let filters = filters.map(|filter| v4::SubscribeFilter::new(filter.into(), v4::QoS::AtLeastOnce));
                drop(client.try_subscribe_many(filters));
            }
            Client::V5(client) => {
                let filters = filters.map(|filter| v5::SubscribeFilter::new(filter, v5::QoS::AtLeastOnce));
                drop(client.try_subscribe_many(filters));
            }
        }
    }

    pub fn acknowledge(&self, packet: u16) {
        match self {
            Client::V311(client) => drop(client.try_manual_ack(v4::ManualAck::PubAck(v4::PubAck::new(packet)))),
            Client::V5(client) => drop(client.try_manual_ack(v5::ManualAck::PubAck(v5::PubAck::new(packet, None)))),
        }
    }

    pub fn disconnect(&self) {
        match self {
            Client::V311(client) => drop(client.try_disconnect_now()),
            Client::V5(client) => drop(client.try_disconnect_now()),
        }
    }
}

impl Events {
    /// Connects when there is no connection. An error means that there is none any more; polling again reconnects.
    pub async fn poll(&mut self) -> Result<Happening, String> {
        match self {
            Events::V311(events) => match events.poll().await.map_err(|error| told(&error))? {
                v4::Event::Incoming(v4::Packet::ConnAck(connack)) => Ok(Happening::Connected {
                    session_present: connack.session_present,
                }),
                v4::Event::Incoming(v4::Packet::SubAck(suback)) => Ok(Happening::Subscribed {
                    granted: (suback.return_codes.iter())
                        .all(|code| *code == v4::SubscribeReasonCode::Success(v4::QoS::AtLeastOnce)),
                }),
                v4::Event::Incoming(v4::Packet::Publish(publish)) => Ok(Happening::Message(Message {
                    topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                    payload: publish.payload.into(),
                    retained: publish.retain,
                    packet: (publish.qos != v4::QoS::AtMostOnce).then_some(publish.pkid),
                })),
                v4::Event::Outgoing(v4::Outgoing::PubAck(packet)) => Ok(Happening::Acknowledged(packet)),
                _ => Ok(Happening::Other),
            },
            Events::V5(events) => match events.poll().await.map_err(|error| told(&error))? {
                v5::Event::Incoming(v5::Packet::ConnAck(connack)) => Ok(Happening::Connected {
                    session_present: connack.session_present,
                }),
                v5::Event::Incoming(v5::Packet::SubAck(suback)) => Ok(Happening::Subscribed {
                    granted: (suback.return_codes.iter())
                        .all(|code| *code == v5::SubscribeReasonCode::Success(v5::QoS::AtLeastOnce)),
                }),
                v5::Event::Incoming(v5::Packet::Publish(publish)) => Ok(Happening::Message(Message {
                    topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                    payload: publish.payload.into(),
                    retained: publish.retain,
                    packet: (publish.qos != v5::QoS::AtMostOnce).then_some(publish.pkid),
                })),
                v5::Event::Outgoing(v5::Outgoing::PubAck(packet)) => Ok(Happening::Acknowledged(packet)),
                _ => Ok(Happening::Other),
            },
        }
    }

    /// Drops the connection and every acknowledgement that has not been written yet: the next connection knows other
    /// packet identifiers, and a stale one would acknowledge somebody else's message.
    pub fn forget(&mut self) {
        match self {
            Events::V311(events) => events.clean(),
            Events::V5(events) => events.clean(),
        }
    }
}

/// An error with its causes, as libraries tell them, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// The MQTT 5 library resumes a session that an earlier process has left at the broker only if it is given the
/// client's half of it. Ours is always empty: nothing is published, and what is received is acknowledged or sent again.
#[derive(Debug)]
struct Nothing;

type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, v5::SessionStoreError>> + Send + 'a>>;

impl v5::SessionStore for Nothing {
    fn load<'a>(&'a self, key: &'a v5::SessionStoreKey) -> Stored<'a, Option<v5::PersistedSession>> {
        let session = v5::PersistedSession {
            format_version: 1,
            client_id: key.client_id().to_owned(),
            clean_start: false,
            session_expiry_interval: None,
            outgoing_inflight_upper_limit: Some(OUTGOING_MAX),
            ack_mode: v5::PersistedAckMode::Manual,
            last_pkid: 0,
            last_puback: 0,
            replay: Vec::new(),
            incoming_qos2: Vec::new(),
        };
        Box::pin(async { Ok(Some(session)) })
    }

    fn save<'a>(&'a self, _: &'a v5::SessionStoreKey, _: &'a v5::PersistedSession) -> Stored<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn clear<'a>(&'a self, _: &'a v5::SessionStoreKey) -> Stored<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
