//! What a broker hands the daemon: a message, and the receipt that acknowledges it once it is committed.

use tokio::sync::{mpsc, oneshot};

/// A message as it came.
#[derive(Debug)]
pub struct Inbound {
    pub topic: String,
    pub payload: Vec<u8>,
    pub receipt: Receipt,
}

/// Dropped unconfirmed, it acknowledges nothing, and the broker delivers again.
#[derive(Debug)]
pub enum Receipt {
    /// The embedded broker holds back its PUBACK until this is answered.
    Broker(oneshot::Sender<()>),
    /// The client's acknowledging task takes these in order: the connection's epoch and the message's number in it.
    Client { acks: mpsc::UnboundedSender<Ack>, ack: Ack },
    /// Nobody waits: retained messages, wills.
    None,
}

/// Names one delivery of one connection; worth nothing once the connection is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ack {
    pub epoch: u64,
    pub number: u64,
}

impl Receipt {
    /// To be called after the commit, and only then.
    pub fn confirm(self) {
        match self {
            // Whoever waited may be gone; then the message comes again and is known as a duplicate.
            Receipt::Broker(waiting) => drop(waiting.send(())),
            Receipt::Client { acks, ack } => drop(acks.send(ack)),
            Receipt::None => {}
        }
    }
}

/// What a connection to a broker is doing, for `/readyz` and the dashboard.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Link {
    pub connected: bool,
    pub reconnects: u64,
    pub last_error: Option<String>,
}
