//! Receives from an external MQTT broker, 3.1.1 or 5, and acknowledges what is committed.
//!
//! One task polls the client, hands messages to the daemon and takes back what became of them. It never drops a
//! message it has not acknowledged: when the daemon's channel is full it stops reading, when a connection ends the
//! broker sends again whatever was not acknowledged on it.

mod cut;
mod link;
mod socket;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::inbound::{Inbound, Line, Outcome, Receipt, Ticket};
use link::{Client, Events, Happening, Message};
use socket::Stream;

/// Everything a device says (contract §2).
const FILTERS: [&str; 2] = ["jagaloket/v1/+/+/events", "jagaloket/v1/+/+/status"];

const BACK_OFF_MIN: Duration = Duration::from_millis(250);
const BACK_OFF_MAX: Duration = Duration::from_secs(30);
/// A connection that lasted so long was a good one: the next attempt after it comes at once again.
const GOOD_CONNECTION: Duration = Duration::from_secs(10);

/// How long the broker may take to close a connection that we have ended.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// Where the broker is and how to speak with it.
#[derive(Clone)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub version: Version,
    /// Fixed, because the broker keeps the session, and all messages while we are away, under this name.
    pub client_id: String,
    pub login: Option<Login>,
    pub tls: Option<Tls>,
    pub keep_alive_s: u16,
    /// How long the broker is to keep the session while we are away. MQTT 3.1.1 cannot say; there the broker decides.
    pub session_expiry_s: u32,
    /// How many messages the broker may send before the first is acknowledged. MQTT 3.1.1 cannot say this either:
    /// raise the broker's own limit (`max_inflight_messages` of mosquitto is 20).
    pub window: u16,
    /// The broker should know this client from before: the ledger is not empty. Otherwise a first connection that
    /// finds no session is nothing to report.
    pub session_expected: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    V311,
    V5,
}

#[derive(Clone)]
pub struct Login {
    pub user: String,
    pub password: String,
}

/// Without a CA file the certificates count that the system trusts.
#[derive(Clone, Debug)]
pub struct Tls {
    pub ca_file: Option<PathBuf>,
    pub client: Option<ClientCertificate>,
}

#[derive(Clone, Debug)]
pub struct ClientCertificate {
    pub certificate_file: PathBuf,
    pub key_file: PathBuf,
}

impl Settings {
    /// What an office with a broker of its own would want.
    pub fn new(host: &str, port: u16) -> Settings {
        Settings {
            host: host.to_owned(),
            port,
            version: Version::V5,
            client_id: "jagaloket".to_owned(),
            login: None,
            tls: None,
            keep_alive_s: 30,
            session_expiry_s: 14 * 24 * 60 * 60,
            window: 1000,
            session_expected: false,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Why a client could not even be made; everything later is retried and reported in [`Line`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the client id of the broker connection is empty: the broker could keep no session for it")]
    ClientId,
    #[error("keep-alive 0 would never notice a dead connection")]
    KeepAlive,
    #[error("`{0}` cannot be the name in a TLS certificate")]
    Host(String),
    #[error("cannot read {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    #[error("{}: {reason}", file.display())]
    Pem { file: PathBuf, reason: String },
    #[error("TLS: {0}")]
    Tls(String),
}

/// Reads the files that a start would fail over.
pub fn check(settings: &Settings) -> Result<(), Error> {
    let (let_go, _) = mpsc::unbounded_channel();
    link::open(settings, let_go).map(drop)
}

/// A client at work.
pub struct Running {
    line: watch::Receiver<Line>,
    stop: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
}

/// Starts receiving; connection failures are retried for ever.
pub fn start(settings: &Settings, inbound: mpsc::Sender<Inbound>) -> Result<Running, Error> {
    if settings.client_id.is_empty() {
        return Err(Error::ClientId);
    }
    if settings.keep_alive_s == 0 {
        return Err(Error::KeepAlive);
    }
    let (let_go, left) = mpsc::unbounded_channel();
    let (client, events) = link::open(settings, let_go)?;
    let (line_sender, line) = watch::channel(Line::default());
    let (stop, stopping) = watch::channel(None);
    let (outcomes, heard) = mpsc::unbounded_channel();
    let receiver = Receiver {
        client,
        left,
        inbound,
        line: line_sender,
        stopping,
        outcomes,
        heard,
        connection: 0,
        connected_at: None,
        subscribed: false,
        session_expected: settings.session_expected,
        outstanding: Packets::default(),
        unwritten: Packets::default(),
    };
    let task = tokio::spawn(receiver.run(events));
    Ok(Running { line, stop, task })
}

impl Running {
    /// News of the connection.
    pub fn line(&self) -> watch::Receiver<Line> {
        self.line.clone()
    }

    /// Takes no more messages, waits up to `patience` for the receipts that are out, writes their acknowledgements
    /// and leaves the broker in good order. The session stays there.
    pub async fn shutdown(self, patience: Duration) {
        // The task may have ended already, because the daemon's end of the channel has.
        let _ = self.stop.send(Some(Instant::now() + patience));
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the broker connection ended in disorder");
        }
    }
}

/// What one turn came to.
enum Turn {
    Happened(Result<Happening, String>),
    /// A message of this connection will not be committed: only a new connection brings it again.
    Refused,
    /// Stopping, and nothing is left to wait for.
    Done,
}

/// Whether to go on.
enum Next {
    Poll,
    Reconnect(String),
    End,
}

/// Packet identifiers; the broker that gives them is trusted with worse.
type Packets = HashSet<u16, foldhash::fast::FixedState>;

struct Receiver {
    client: Client,
    /// The streams of connections that have ended.
    left: mpsc::UnboundedReceiver<Stream>,
    inbound: mpsc::Sender<Inbound>,
    line: watch::Sender<Line>,
    /// Set to the moment until which a shutdown waits.
    stopping: watch::Receiver<Option<Instant>>,
    /// Goes out with each receipt.
    outcomes: mpsc::UnboundedSender<Outcome>,
    heard: mpsc::UnboundedReceiver<Outcome>,
    /// The number of the present connection. An outcome that names another one is late and means nothing.
    connection: u64,
    connected_at: Option<Instant>,
    /// The broker has granted our subscriptions to this process once. A session left by an earlier process is
    /// subscribed anew nevertheless: this brings the retained states, and repairs whatever somebody changed.
    subscribed: bool,
    session_expected: bool,
    /// Handed to the daemon and not decided yet.
    outstanding: Packets,
    /// Confirmed, and not on the wire yet.
    unwritten: Packets,
}

impl Receiver {
    async fn run(mut self, mut events: Events) {
        let mut back_off = BACK_OFF_MIN;
        loop {
            let next = match self.turn(&mut events).await {
                Turn::Happened(Ok(happening)) => self.take(happening).await,
                Turn::Happened(Err(error)) => Next::Reconnect(error),
                Turn::Refused => Next::Reconnect("a message could not be kept; it is asked for again".to_owned()),
                Turn::Done => Next::End,
            };
            match next {
                Next::Poll => {}
                Next::Reconnect(error) => {
                    events.forget();
                    if self.connected_at.is_some_and(|at| at.elapsed() >= GOOD_CONNECTION) {
                        back_off = BACK_OFF_MIN;
                    }
                    self.disconnected(Some(error));
                    if self.stopping.borrow().is_some() || !self.pause(back_off).await {
                        break;
                    }
                    back_off = (back_off * 2).min(BACK_OFF_MAX);
                }
                Next::End => {
                    self.leave(events).await;
                    self.disconnected(None);
                    break;
                }
            }
        }
    }

    /// Polls until something happens, while outcomes and the wish to stop are heard. The poll is never given up
    /// halfway, because a request it has taken from its queue would be lost; a refusal ends the connection anyway.
    async fn turn(&mut self, events: &mut Events) -> Turn {
        let mut poll = pin!(events.poll());
        loop {
            let deadline = *self.stopping.borrow();
            if deadline.is_some() && self.connected_at.is_none() {
                return Turn::Done;
            }
            if let Some(deadline) = deadline
                && (self.outstanding.is_empty() && self.unwritten.is_empty() || deadline <= Instant::now())
            {
                return Turn::Done;
            }
            tokio::select! {
                biased;
                Some(outcome) = self.heard.recv() => match outcome {
                    // Of a connection that is gone: its packet identifiers may name other messages by now.
                    Outcome::Confirmed(ticket) | Outcome::Refused(ticket) if ticket.connection != self.connection => {}
                    Outcome::Confirmed(ticket) => {
                        self.outstanding.remove(&ticket.packet);
                        self.unwritten.insert(ticket.packet);
                        self.client.acknowledge(ticket.packet);
                    }
                    Outcome::Refused(ticket) => {
                        self.outstanding.remove(&ticket.packet);
                        if deadline.is_none() {
                            return Turn::Refused;
                        }
                    }
                },
                happened = &mut poll => return Turn::Happened(happened),
                changed = self.stopping.changed(), if deadline.is_none() => if changed.is_err() {
                    // Whoever started us is gone without a word.
                    return Turn::Done;
                },
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {}
            }
        }
    }

    async fn take(&mut self, happening: Happening) -> Next {
        match happening {
            Happening::Connected { session_present } => {
                self.connected_at = Some(Instant::now());
                let lost = self.session_expected && !session_present;
                self.line.send_modify(|line| {
                    line.up();
                    line.sessions_lost += u64::from(lost);
                });
                tracing::info!(session_present, "connected to the broker");
                if lost {
                    tracing::warn!("the broker has lost our session: what it held for us is gone");
                }
                if !session_present || !self.subscribed {
                    self.client.subscribe(FILTERS);
                }
                Next::Poll
            }
            Happening::Subscribed { granted: true } => {
                (self.subscribed, self.session_expected) = (true, true);
                Next::Poll
            }
            Happening::Subscribed { granted: false } => {
                Next::Reconnect("the broker does not let us subscribe to the events at quality of service 1".to_owned())
            }
            Happening::Message(message) => self.hand_over(message).await,
            Happening::Acknowledged(packet) => {
                self.unwritten.remove(&packet);
                Next::Poll
            }
            Happening::Other => Next::Poll,
        }
    }

    /// Waits for room in the daemon's channel; nothing is read from the broker meanwhile.
    async fn hand_over(&mut self, message: Message) -> Next {
        if self.stopping.borrow().is_some() {
            // Not acknowledged: it comes again to whoever connects next.
            return Next::Poll;
        }
        let permit = tokio::select! {
            permit = self.inbound.reserve() => permit,
            _ = self.stopping.changed() => return Next::Poll,
        };
        let Ok(permit) = permit else {
            tracing::error!("nobody takes messages any more");
            return Next::End;
        };
        let receipt = match message.packet {
            None => Receipt::unneeded(),
            Some(packet) => {
                self.outstanding.insert(packet);
                let connection = self.connection;
                Receipt::ticket(Ticket { connection, packet }, self.outcomes.clone())
            }
        };
        permit.send(Inbound {
            topic: message.topic,
            payload: message.payload,
            retained: message.retained,
            refused: None,
            receipt,
        });
        Next::Poll
    }

    fn disconnected(&mut self, error: Option<String>) {
        self.connection += 1;
        let was_connected = self.connected_at.take().is_some();
        self.outstanding.clear();
        self.unwritten.clear();
        while self.left.try_recv().is_ok() {}
        // Each try fails in the same words until the broker is back.
        if error.is_some() && (was_connected || self.line.borrow().last_error != error) {
            tracing::warn!(error, "no connection to the broker; trying again and again");
        }
        self.line.send_modify(|line| line.down(error));
    }

    /// False when it is time to stop.
    async fn pause(&mut self, back_off: Duration) -> bool {
        tokio::select! {
            // Half of it is chance, so that a broker that comes back is not run over by everybody at once.
            () = sleep(back_off.mul_f64(0.5 + 0.5 * fastrand::f64())) => true,
            _ = self.stopping.changed() => false,
        }
    }

    /// Says good-bye, and sees to it that the broker hears it.
    async fn leave(&mut self, mut events: Events) {
        if self.connected_at.is_none() {
            return;
        }
        self.client.disconnect();
        let last_words = async {
            while events.poll().await.is_ok() {}
            drop(events);
            match self.left.recv().await {
                Some(stream) => stream.end().await,
                None => Ok(()),
            }
        };
        match tokio::time::timeout(GOOD_BYE, last_words).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the broker connection broke off at its end"),
            Err(_) => tracing::warn!("the broker connection did not close in time"),
        }
    }
}
