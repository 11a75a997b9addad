//! The line to the monitor: a broker that keeps what is not acknowledged, hands it out again, and sometimes forgets it.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::plan::Said;
use crate::engine::time::Moment;
use crate::inbound::{Inbound, Outcome, Receipt, Ticket};

/// The broker, and what it knows of each message.
pub struct Line<'p> {
    said: &'p [Said],
    fates: Vec<Fate>,
    /// The first that has not reached the broker yet.
    next: usize,
    /// What waits to be handed out.
    queue: VecDeque<usize>,
    /// Handed out on this connection, not acknowledged.
    under_way: Vec<(Ticket, usize)>,
    window: usize,
    connection: u64,
    packet: u16,
    up: bool,
}

/// What became of a message.
#[derive(Clone, Default, Debug)]
pub struct Fate {
    pub acknowledged: bool,
    /// The broker forgot it before it was acknowledged.
    pub lost: bool,
    /// What the monitor's clock showed when it was handed out, and when it was acknowledged.
    pub clock: Vec<Moment>,
}

impl<'p> Line<'p> {
    pub fn new(said: &'p [Said], window: usize) -> Line<'p> {
        Line {
            said,
            fates: vec![Fate::default(); said.len()],
            next: 0,
            queue: VecDeque::new(),
            under_way: Vec::new(),
            window,
            connection: 0,
            packet: 0,
            up: false,
        }
    }

    pub fn fates(&self) -> &[Fate] {
        &self.fates
    }

    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Nothing waits and everything handed out is acknowledged.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.under_way.is_empty()
    }

    /// Takes what devices have said until a moment of true time.
    pub fn take_until(&mut self, at: Moment) {
        while self.said.get(self.next).is_some_and(|said| said.at <= at) {
            self.queue.push_back(self.next);
            self.next += 1;
        }
    }

    /// The connection ends: what was under way is handed out again, first.
    pub fn cut(&mut self) {
        self.up = false;
        for (_, n) in self.under_way.drain(..).rev() {
            self.queue.push_front(n);
        }
    }

    /// The broker forgets the session: a message under way may be in the ledger, but nobody will hear of it again.
    pub fn forget(&mut self) {
        self.cut();
        for n in self.queue.drain(..) {
            self.fates[n].lost = true;
        }
    }

    pub fn connect(&mut self) {
        self.up = true;
        self.connection += 1;
        self.packet = 0;
    }

    pub fn shuffle(&mut self, rng: &mut fastrand::Rng) {
        rng.shuffle(self.queue.make_contiguous());
    }

    /// Hands out as many as the window has room for.
    pub fn hand_out(
        &mut self,
        now: Moment,
        inbound: &mpsc::Sender<Inbound>,
        outcomes: &mpsc::UnboundedSender<Outcome>,
    ) {
        while self.up && self.under_way.len() < self.window {
            let Some(n) = self.queue.pop_front() else { return };
            self.packet = self.packet.wrapping_add(1);
            let ticket = Ticket {
                connection: self.connection,
                packet: self.packet,
            };
            let inbound_message = Inbound {
                topic: self.said[n].topic.clone(),
                payload: self.said[n].payload.clone(),
                retained: false,
                refused: None,
                receipt: Receipt::ticket(ticket, outcomes.clone()),
            };
            if inbound.try_send(inbound_message).is_err() {
                self.queue.push_front(n);
                return;
            }
            self.fates[n].clock.push(now);
            self.under_way.push((ticket, n));
        }
    }

    /// What the monitor says of a message; of an earlier connection it says nothing that counts.
    pub fn hear(&mut self, outcome: Outcome, now: Moment) {
        let (ticket, confirmed) = match outcome {
            Outcome::Confirmed(ticket) => (ticket, true),
            Outcome::Refused(ticket) => (ticket, false),
        };
        let Some(at) = self.under_way.iter().position(|(other, _)| *other == ticket) else {
            return;
        };
        let (_, n) = self.under_way.remove(at);
        self.fates[n].clock.push(now);
        match confirmed {
            true => self.fates[n].acknowledged = true,
            false => self.queue.push_front(n),
        }
    }
}
