//! The embedded broker; it acknowledges to a device only what is in the ledger.
//!
//! A message goes to the daemon first and the broker's acknowledgement waits for its receipt. When the daemon cannot
//! keep a message, no acknowledgement goes out and the connection is closed: the device connects again and sends it
//! again, as devices must (contract §2). Connection states are passed on when they are stored as retained messages, as
//! births and wills are; a will that is not retained is not heard.

mod door;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mqtt5::broker::MqttBroker;
use mqtt5::broker::config::{BrokerConfig, StorageBackend, StorageConfig, TlsConfig};
use mqtt5::broker::events::{
    BrokerEventHandler, ClientConnectEvent, ClientDisconnectEvent, ClientPublishEvent, PublishAction, RetainedSetEvent,
};
use mqtt5::broker::router::MessageRouter;
use mqtt5::packet::publish::PublishPacket;
use mqtt5::{MqttError, QoS};
use tokio::sync::{RwLock, mpsc, watch};
use tokio::task::JoinHandle;

use crate::inbound::{Inbound, Line, PAYLOAD_BYTES_MAX, Receipt};
use crate::tls;
use door::{Answer, Doorkeeper, Leaf, Owners, may_publish, topic_parts};
pub use door::{Device, read_passwords};

/// A device that sends more is disconnected; MQTT 5 tells it the limit.
const PACKET_BYTES_MAX: usize = PAYLOAD_BYTES_MAX;
/// Sessions of devices end with their connections: nothing is sent to a device that could wait for it, and a client
/// id that is not in use belongs to nobody.
const SESSION_EXPIRY: Duration = Duration::ZERO;
/// Where a message goes that is not to be acknowledged: nobody can subscribe to it.
const NOWHERE: &str = "$refused";

/// Where to listen and who may connect.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    pub tls: Option<Tls>,
    pub devices: Vec<Device>,
    /// Lets everybody publish as any device, and listen to all of it. For a demonstration on the machine itself:
    /// refused unless every address is a loopback address.
    pub anonymous: bool,
}

/// A second listener, with TLS.
#[derive(Clone, Debug)]
pub struct Tls {
    pub listen: SocketAddr,
    pub certificate_file: PathBuf,
    pub key_file: PathBuf,
    /// Devices must show a certificate signed by one of these, beside their password.
    pub client_ca_file: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a broker that lets everybody in may listen on a loopback address only, not on {0}")]
    AnonymousBeyondLoopback(SocketAddr),
    #[error("the embedded broker cannot start on {listen}: {reason}")]
    Start { listen: SocketAddr, reason: String },
    #[error("line {line}: {reason}")]
    Passwords { line: usize, reason: &'static str },
    #[error("device {0} is listed twice")]
    Twice(String),
    #[error(transparent)]
    Tls(#[from] tls::Fault),
}

impl Tls {
    /// Reads the files, as far as a start would fail over them.
    pub fn check(&self) -> Result<(), Error> {
        tls::server(&self.certificate_file, &self.key_file)?;
        let others = self.client_ca_file.iter();
        Ok(others
            .map(|file| tls::certificates(file))
            .try_for_each(|read| read.map(drop))?)
    }
}

/// A broker at work.
pub struct Running {
    pub local_addr: SocketAddr,
    pub tls_addr: Option<SocketAddr>,
    line: watch::Receiver<Line>,
    phase: watch::Sender<Phase>,
    waiting: Arc<RwLock<()>>,
    task: JoinHandle<()>,
}

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// New messages are refused, those that the daemon has are waited for.
    Closing,
    /// Nothing is waited for any more.
    Closed,
}

async fn reached(phase: &watch::Receiver<Phase>, wanted: Phase) {
    // It fails when nobody can shut the broker down any more, which is as good as closed.
    let _ = phase.clone().wait_for(|now| *now >= wanted).await;
}

/// Tells what a start would fail over, without starting: addresses that are taken. Answers all it would listen on.
pub fn probe(settings: &Settings) -> Result<Vec<SocketAddr>, Error> {
    let mut addresses = vec![settings.listen];
    addresses.extend(settings.tls.iter().map(|tls| tls.listen));
    if settings.anonymous
        && let Some(open) = addresses.iter().find(|address| !address.ip().is_loopback())
    {
        return Err(Error::AnonymousBeyondLoopback(*open));
    }
    // The library tells of a taken port in a text of many lines.
    for address in addresses.iter().filter(|address| address.port() != 0) {
        std::net::TcpListener::bind(address).map_err(|error| Error::Start {
            listen: *address,
            reason: error.to_string(),
        })?;
    }
    Ok(addresses)
}

/// Starts listening. When this returns, devices can connect.
pub async fn start(settings: Settings, inbound: mpsc::Sender<Inbound>) -> Result<Running, Error> {
    let listen = settings.listen;
    let addresses = probe(&settings)?;
    let owners = Owners::default();
    let doorkeeper = Arc::new(Doorkeeper::new(&settings, owners.clone())?);
    let (phase, seen_phase) = watch::channel(Phase::Open);
    let hook = Arc::new(Hook {
        inbound,
        phase: seen_phase,
        waiting: Arc::default(),
        router: OnceLock::new(),
        owners,
        anonymous: settings.anonymous,
    });
    let failed = |error: MqttError| Error::Start {
        listen,
        reason: error.to_string(),
    };
    let mut broker = MqttBroker::with_config(config(settings, Arc::clone(&hook)))
        .await
        .map_err(failed)?
        .with_auth_provider(doorkeeper);
    hook.router.get_or_init(|| broker.router());
    let (Some(local_addr), tls_addr) = (broker.local_addr(), broker.tls_local_addr()) else {
        return Err(failed(MqttError::Configuration("no address".to_owned())));
    };
    if addresses.len() == 2 && tls_addr.is_none() {
        // The library goes on without TLS when that port is taken.
        return Err(Error::Start {
            listen: addresses[1],
            reason: "the address is taken or cannot be used".to_owned(),
        });
    }
    let mut ready = broker.ready_receiver();
    let (handle, task_phase) = (broker.shutdown_handle(), hook.phase.clone());
    let (line_sender, line) = watch::channel(Line::default());
    let task = tokio::spawn(async move {
        line_sender.send_modify(Line::up);
        let mut run = pin!(broker.run());
        let ended = tokio::select! {
            ended = &mut run => ended,
            () = reached(&task_phase, Phase::Closed) => {
                handle.shutdown();
                run.await
            }
        };
        let ended = ended.err().map(|error| error.to_string());
        if let Some(error) = &ended {
            tracing::error!(error, "the embedded broker has ended");
        }
        line_sender.send_modify(|line| line.down(ended));
    });
    // It fails only when the task has ended, of which `line` tells.
    let _ = ready.wait_for(|ready| *ready).await;
    tracing::info!(%local_addr, "the embedded broker listens");
    Ok(Running {
        local_addr,
        tls_addr,
        line,
        phase,
        waiting: Arc::clone(&hook.waiting),
        task,
    })
}

impl Running {
    /// News of the broker itself; devices tell of theirs on their status topics.
    pub fn line(&self) -> watch::Receiver<Line> {
        self.line.clone()
    }

    /// Takes no more messages, waits up to `patience` for the receipts that are out, then closes all connections.
    pub async fn shutdown(self, patience: Duration) {
        let _ = self.phase.send(Phase::Closing);
        if tokio::time::timeout(patience, self.waiting.write()).await.is_err() {
            tracing::warn!("closing the embedded broker before every message was decided");
        }
        let _ = self.phase.send(Phase::Closed);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the embedded broker ended in disorder");
        }
    }
}

fn config(settings: Settings, hook: Arc<Hook>) -> BrokerConfig {
    // In memory: the ledger is what lasts, and a device announces itself again when it connects. The library would
    // write to a folder beside the program otherwise.
    let storage = StorageConfig::new().with_backend(StorageBackend::Memory);
    let mut config = BrokerConfig::default()
        .with_bind_address(settings.listen)
        .with_storage(storage)
        .with_session_expiry(SESSION_EXPIRY)
        // Its default is one more than MQTT 5 allows, and clients refuse it.
        .with_max_packet_size(PACKET_BYTES_MAX)
        .with_sys_topics_enabled(false)
        .with_event_handler(hook);
    if let Some(tls) = settings.tls {
        let mut listener = TlsConfig::new(tls.certificate_file, tls.key_file).with_bind_address(tls.listen);
        if let Some(ca_file) = tls.client_ca_file {
            listener = listener.with_ca_file(ca_file).with_require_client_cert(true);
        }
        config = config.with_tls(listener);
    }
    config
}

/// Called by the broker for every message, before it is acknowledged.
struct Hook {
    inbound: mpsc::Sender<Inbound>,
    phase: watch::Receiver<Phase>,
    /// Held for reading by each message under way, so that a shutdown can wait for them all.
    waiting: Arc<RwLock<()>>,
    /// Known only once the broker has been made, of which the hook is a part.
    router: OnceLock<Arc<MessageRouter>>,
    owners: Owners,
    anonymous: bool,
}

impl Hook {
    async fn connected(&self, client_id: &str) -> bool {
        match self.router.get() {
            Some(router) => router.is_connected(client_id).await,
            None => false,
        }
    }

    /// Answers whether the daemon has kept the message.
    async fn keep(&self, event: &ClientPublishEvent, refused: Option<String>) -> bool {
        let _waiting = self.waiting.read().await;
        let (receipt, confirmed) = Receipt::held();
        let inbound = Inbound {
            topic: event.topic.to_string(),
            payload: event.payload.to_vec(),
            retained: event.retain,
            refused,
            receipt,
        };
        if !self.hand_over(inbound).await {
            return false;
        }
        tokio::select! {
            confirmed = confirmed => confirmed.is_ok(),
            () = reached(&self.phase, Phase::Closed) => false,
        }
    }

    /// Waits for room in the daemon's channel; nothing is read from this device meanwhile.
    async fn hand_over(&self, inbound: Inbound) -> bool {
        tokio::select! {
            biased;
            () = reached(&self.phase, Phase::Closing) => false,
            sent = self.inbound.send(inbound) => sent.is_ok(),
        }
    }

    async fn state(&self, topic: &str, payload: &[u8]) {
        let kept = self.hand_over(Inbound {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            retained: false,
            refused: None,
            receipt: Receipt::unneeded(),
        });
        if !kept.await {
            tracing::debug!("a connection state came too late");
        }
    }
}

/// At quality of service 0 the broker acknowledges nothing.
fn not_kept() -> PublishAction {
    PublishAction::Transform(PublishPacket::new(NOWHERE, Vec::new(), QoS::AtMostOnce))
}

fn not_its_own(user: Option<&str>) -> String {
    match user {
        Some(user) => format!(
            "the device \"{user}\" sent this on a topic that is not its own: let it publish to \"jagaloket/v1/{user}/events\""
        ),
        None => "no events belong on this topic: send them to \"jagaloket/v1/{office}/{device}/events\"".to_owned(),
    }
}

impl BrokerEventHandler for Hook {
    fn on_client_connect<'a>(&'a self, event: ClientConnectEvent) -> Answer<'a, ()> {
        self.owners.lock().insert(event.client_id, event.user_id);
        Box::pin(async {})
    }

    fn on_client_disconnect<'a>(&'a self, event: ClientDisconnectEvent) -> Answer<'a, ()> {
        Box::pin(async move {
            // The device may have connected anew before its old connection was found dead.
            if !self.connected(&event.client_id).await {
                self.owners.lock().remove(&event.client_id);
            }
        })
    }

    fn on_client_publish<'a>(&'a self, event: ClientPublishEvent) -> Answer<'a, PublishAction> {
        Box::pin(async move {
            // What a device sent behind a refused message would overtake it.
            if !self.connected(&event.client_id).await {
                return not_kept();
            }
            let user = event.user_id.as_deref();
            let parts = topic_parts(&event.topic).filter(|parts| may_publish(user, self.anonymous, parts));
            let kept = match parts {
                Some((_, _, Leaf::Status)) => {
                    // A retained one is reported when it is stored, as wills are, which do not come by here.
                    if !event.retain {
                        self.state(&event.topic, &event.payload).await;
                    }
                    return PublishAction::Continue;
                }
                Some((_, _, Leaf::Events)) => self.keep(&event, None).await,
                None => self.keep(&event, Some(not_its_own(user))).await,
            };
            if kept {
                return match parts.is_some() && self.anonymous {
                    // Somebody may be listening.
                    true => PublishAction::Continue,
                    false => PublishAction::Handled,
                };
            }
            if let Some(router) = self.router.get() {
                router.disconnect_client(&event.client_id).await;
            }
            not_kept()
        })
    }

    fn on_retained_set<'a>(&'a self, event: RetainedSetEvent) -> Answer<'a, ()> {
        Box::pin(async move {
            if !event.cleared && topic_parts(&event.topic).is_some_and(|(_, _, leaf)| leaf == Leaf::Status) {
                self.state(&event.topic, &event.payload).await;
            }
        })
    }
}
