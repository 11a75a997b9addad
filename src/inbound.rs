//! What a broker hands the daemon: a message, and the receipt that acknowledges it once it is committed.

use tokio::sync::{mpsc, oneshot};

use crate::clock::MonitorClock;
use crate::engine::time::Moment;

/// One message as it arrived, not parsed yet. Events and connection states come the same way; the topic tells which.
#[derive(Debug)]
pub struct Inbound {
    pub topic: String,
    /// At most [`PAYLOAD_BYTES_MAX`]; of anything longer the external client hands over the first bytes only.
    pub payload: Vec<u8>,
    /// The broker kept this message and hands it to a new subscription: it may be old.
    pub retained: bool,
    /// Why this device may not say this here, where the broker knows who speaks: kept in quarantine, whatever it says.
    pub refused: Option<String>,
    pub receipt: Receipt,
}

/// Far beyond the contract's 16 KiB, so that what is too large can still be kept in quarantine, and small enough
/// that no device can fill the memory.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// The acknowledgement of one message. The daemon calls [`Receipt::confirm`] after the commit; a receipt that is
/// dropped says "not kept": nothing is acknowledged and the broker or the device sends the message again.
#[derive(Debug)]
#[must_use = "a receipt that is dropped refuses its message"]
pub struct Receipt(Way);

#[derive(Debug)]
enum Way {
    /// Nobody waits: quality of service 0, or a connection state.
    Unneeded,
    /// The embedded broker holds back its acknowledgement until this speaks.
    Held(oneshot::Sender<()>),
    /// The external client acknowledges what comes back here.
    Ticket(Ticket, mpsc::UnboundedSender<Outcome>),
}

/// Names a message to the client that received it. The number alone would not do: packet identifiers are used again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// Which connection, counted from the start of the client; an earlier one has nothing left to acknowledge.
    pub connection: u64,
    pub packet: u16,
}

/// What became of a message that the external client received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Confirmed(Ticket),
    Refused(Ticket),
}

impl Receipt {
    pub fn unneeded() -> Receipt {
        Receipt(Way::Unneeded)
    }

    /// A receipt and the end that hears `Ok` when it is confirmed and `Err` when it is dropped.
    pub fn held() -> (Receipt, oneshot::Receiver<()>) {
        let (confirm, confirmed) = oneshot::channel();
        (Receipt(Way::Held(confirm)), confirmed)
    }

    /// The channel is unbounded because a receipt must never wait; the broker's window of unacknowledged messages
    /// bounds what can be in it.
    pub fn ticket(ticket: Ticket, outcomes: mpsc::UnboundedSender<Outcome>) -> Receipt {
        Receipt(Way::Ticket(ticket, outcomes))
    }

    /// The message is committed: acknowledge it. A confirmation that comes after its connection has ended does nothing.
    pub fn confirm(mut self) {
        match std::mem::replace(&mut self.0, Way::Unneeded) {
            Way::Unneeded => {}
            // Either may find nobody: then the connection is gone and the message comes again as a duplicate.
            Way::Held(confirm) => {
                let _ = confirm.send(());
            }
            Way::Ticket(ticket, outcomes) => {
                let _ = outcomes.send(Outcome::Confirmed(ticket));
            }
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Way::Ticket(ticket, outcomes) = &self.0 {
            // Nobody listens any more after the client has ended; then there is nothing to refuse.
            let _ = outcomes.send(Outcome::Refused(*ticket));
        }
    }
}

/// The state of the line to where events come from, for `/readyz` and the live view.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line {
    /// When the present connection (or the embedded broker) began; `None` while there is none.
    pub connected_since: Option<Moment>,
    /// Why the last connection or attempt failed; kept while connected, so that a flapping line can be explained.
    pub last_error: Option<String>,
    pub last_error_at: Option<Moment>,
    /// Connections made since the start.
    pub connections: u64,
    /// Connections that should have found their session and did not: events may be missing from before them.
    pub sessions_lost: u64,
}

impl Line {
    pub(crate) fn up(&mut self) {
        self.connected_since = Some(MonitorClock::Wall.now());
        self.connections += 1;
    }

    pub(crate) fn down(&mut self, error: Option<String>) {
        self.connected_since = None;
        if error.is_some() {
            self.last_error = error;
            self.last_error_at = Some(MonitorClock::Wall.now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: Ticket = Ticket {
        connection: 1,
        packet: 7,
    };

    #[tokio::test]
    async fn a_held_receipt_speaks_when_confirmed_and_fails_when_dropped() {
        let (receipt, confirmed) = Receipt::held();
        receipt.confirm();
        assert!(confirmed.await.is_ok());
        let (receipt, confirmed) = Receipt::held();
        drop(receipt);
        assert!(confirmed.await.is_err());
    }

    #[test]
    fn a_ticket_has_exactly_one_outcome() {
        let (outcomes, mut heard) = mpsc::unbounded_channel();
        Receipt::ticket(TICKET, outcomes.clone()).confirm();
        drop(Receipt::ticket(TICKET, outcomes));
        assert_eq!(heard.try_recv(), Ok(Outcome::Confirmed(TICKET)));
        assert_eq!(heard.try_recv(), Ok(Outcome::Refused(TICKET)));
        assert!(heard.try_recv().is_err());
    }
}
