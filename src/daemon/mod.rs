//! The one writer: everything that can wake the process passes through here. A turn takes what has come, judges it,
//! commits everything that follows from it in one transaction, and only then acknowledges.

mod clocks;
mod correct;
pub mod desk;
pub mod docket;
mod intake;
mod judging;
mod kept;
pub mod order;
mod outage;
mod post;
mod recall;
mod summary;
mod ticks;
mod turn;
pub mod visits;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::clock::MonitorClock;
use crate::door::Act;
use crate::engine::Clock;
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;
use crate::inbound::{Inbound, Line};
use crate::incident::{Book, Noted, Outcome, Ruling, Silence};
use crate::ledger::Head;
use crate::live::{Broker, BrokerKind, BrokerState, Live, OfficeLive, Refusal};
use crate::store::Store;
use crate::store::rows::{DeviceStatus, NewEntry, Turn};
use crate::telemetry::Metrics;
use clocks::Notes;
use desk::Desk;
use docket::Docket;
pub use kept::{Held, check_snapshots, fold_office};
use order::{Activated, Order};
use outage::Outage;
use ticks::Comeback;
use visits::Visits;

/// Acts of people a turn takes at most.
const ACTS_MAX: usize = 64;
/// Messages a turn takes at most.
const TURN_MAX: usize = 2_000;
/// The office clock ticks at least this often, on the monitor's clock.
const TICK_EVERY_MS: i64 = 10_000;
/// How soon a clock that is held back is looked at again.
const HELD_MS: i64 = 1_000;
pub const DAY_MS: i64 = 86_400_000;
/// A start that read more entries than this keeps at once what they came to.
const READ_MAX: i64 = 100_000;
/// What a stop waits for a turn that the database holds up.
const LAST_TURN_MAX: Duration = Duration::from_secs(3);
/// Heartbeats are thinned out so often, or after so many events.
const THIN_EVERY_MS: i64 = 600_000;
const THIN_EVERY_EVENTS: u64 = 100_000;
/// The live view is made anew at least this often …
const SHOW_EVERY: Duration = Duration::from_secs(2);
/// … and not more often than this, for it walks through whole offices …
const SHOW_PAUSE_MS: i64 = 50;
/// … resting so many times as long as it takes.
const SHOW_RESTS: u32 = 50;
/// What was over so long ago, and nobody was told of, became known late.
const LATE_MS: i64 = 30 * 60_000;
/// So long after the last event of long ago others may still come.
const CATCHING_UP_MS: i64 = 30_000;

/// What wakes the daemon.
enum Wake {
    Messages,
    Time,
    Order(Order),
    Acts,
    Shutdown,
}

/// What the daemon works with.
pub struct Daemon {
    pub store: Store,
    pub desks: Vec<Desk>,
    pub book: Book,
    pub clock: MonitorClock,
    /// Whether the monitor ticks, or events are the clock.
    pub ticks: bool,
    /// So long after its begin a business date is settled.
    pub keep_ms: i64,
    pub inbound: mpsc::Receiver<Inbound>,
    pub line: watch::Receiver<Line>,
    pub live: watch::Sender<Arc<Live>>,
    pub nudge: Arc<Notify>,
    pub metrics: Arc<Metrics>,
    pub broker: BrokerKind,
    pub orders: mpsc::Receiver<Order>,
    /// What people do at the door: committed with the turn, with their traces.
    pub acts: mpsc::Receiver<Act>,
    /// What people make of incidents.
    pub docket: Docket,
    /// Who has booked, and who was let in.
    pub visits: Visits,
    pub memory: Memory,
}

/// What is remembered from turn to turn; a start begins with nothing of it.
#[derive(Default)]
pub struct Memory {
    statuses: HashMap<(String, String), DeviceStatus>,
    /// Files that were refused last, until others are activated.
    refused: Option<Refusal>,
    /// What came into force and is to be written with the next turn, before the events that are judged by it.
    entries: Vec<NewEntry>,
    /// Who waits for that.
    answers: Vec<(oneshot::Sender<Activated>, Activated)>,
    /// What is told of clocks and gaps.
    notes: Notes,
    /// While the database takes nothing.
    outage: Option<Outage>,
}

impl Daemon {
    /// Works until `shutdown` resolves; what was taken is committed and acknowledged first.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<()> {
        tokio::pin!(shutdown);
        let mut messages = Vec::new();
        let mut acts = Vec::new();
        let started = self.clock.now();
        let mut settled = started;
        let (mut thinned, mut accepted_since) = (started, 0);
        let mut last_event = None;
        let mut comeback = Comeback::new(&self.clock);
        for desk in &mut self.desks {
            desk.judging.is_done(&desk.engine);
        }
        self.show(started, last_event);
        let (mut shown, mut stale) = (crate::clock::instant(), false);
        loop {
            let wake = {
                let mut pause = self.sleep(&comeback);
                if stale {
                    pause = pause.min(self.show_pause().saturating_sub(shown.elapsed()));
                }
                let sleep = tokio::time::sleep(pause);
                tokio::select! {
                    biased;
                    () = &mut shutdown => Wake::Shutdown,
                    Some(order) = self.orders.recv() => Wake::Order(order),
                    Some(act) = self.acts.recv() => {
                        acts.push(act);
                        Wake::Acts
                    }
                    count = self.inbound.recv_many(&mut messages, TURN_MAX) => if count == 0 { Wake::Shutdown } else { Wake::Messages },
                    () = sleep => Wake::Time,
                }
            };
            // Who put something in force looks at once whether it is.
            let ordered = matches!(wake, Wake::Order(ref order) if !matches!(order, Order::Look { .. }));
            match wake {
                Wake::Shutdown => {
                    return self.stop(&comeback).await;
                }
                Wake::Order(order) => self.obey(order, self.clock.now()),
                Wake::Messages | Wake::Time | Wake::Acts => {}
            }
            // Neither people nor devices make the others wait for more than a turn.
            while acts.len() < ACTS_MAX
                && let Ok(act) = self.acts.try_recv()
            {
                acts.push(act);
            }
            while messages.len() < TURN_MAX
                && let Ok(message) = self.inbound.try_recv()
            {
                messages.push(message);
            }
            let now = self.clock.now();
            comeback.follow(&self.line.borrow(), now);
            let stopping = AtomicBool::new(false);
            let given_up = async {
                shutdown.as_mut().await;
                stopping.store(true, Ordering::Relaxed);
                tokio::time::sleep(LAST_TURN_MAX).await;
            };
            let accepted = tokio::select! {
                biased;
                done = self.turn(&mut messages, &mut acts, now, &comeback) => done?,
                // It waits for the database. Nothing of it was acknowledged, so that all of it comes again.
                () = given_up => {
                    tracing::error!("stopping although the last turn could not be committed");
                    return Ok(());
                }
            };
            if stopping.load(Ordering::Relaxed) {
                return self.stop(&comeback).await;
            }
            accepted_since += accepted;
            if accepted > 0 {
                last_event = Some(now);
            }
            if now.ms_since(settled) > 3_600_000 {
                settled = now;
                for desk in self.desks.iter_mut().filter(|desk| !desk.judging.is_owed()) {
                    desk.settle(self.keep_ms);
                    desk.gaps.forget(now, self.keep_ms);
                }
                let cases = &self.docket.cases;
                self.book
                    .forget_before(now.plus_ms(-self.keep_ms - DAY_MS), |n| cases.is_pending(n));
                self.keep().await;
            }
            if now.ms_since(thinned) > THIN_EVERY_MS || accepted_since > THIN_EVERY_EVENTS {
                (thinned, accepted_since) = (now, 0);
                self.desks.iter_mut().for_each(Desk::thin);
            }
            stale = !ordered && shown.elapsed() < self.show_pause();
            if !stale {
                self.show(started, last_event);
                shown = crate::clock::instant();
            }
        }
    }

    /// Keeps what the ledger came to, which must hold all that was judged.
    async fn keep(&mut self) {
        if !self.memory.entries.is_empty() {
            return;
        }
        match self.store.head().await {
            Ok(head) => keep_all(&self.store, &mut self.desks, head).await,
            Err(error) => tracing::warn!(error = %error, "no snapshot was kept: the next start takes longer"),
        }
    }

    /// Judges what still waits for more, and keeps what all of it came to.
    async fn stop(mut self, comeback: &Comeback) -> Result<()> {
        if self.desks.iter().any(|desk| desk.judging.is_owed()) {
            self.desks.iter_mut().for_each(|desk| desk.judging.hurry());
            let now = self.clock.now();
            let (mut nothing, mut nobody) = (Vec::new(), Vec::new());
            let turn = self.turn(&mut nothing, &mut nobody, now, comeback);
            match tokio::time::timeout(LAST_TURN_MAX, turn).await {
                Ok(judged) => drop(judged?),
                // The next start judges it.
                Err(_) => return Ok(()),
            }
        }
        self.keep_at_stop().await;
        Ok(())
    }

    async fn keep_at_stop(&mut self) {
        if tokio::time::timeout(LAST_TURN_MAX, self.keep()).await.is_err() {
            tracing::warn!("no snapshot was kept in time: the next start takes longer");
        }
    }

    fn show_pause(&self) -> Duration {
        self.clock
            .real(SHOW_PAUSE_MS)
            .max(self.memory.notes.show_took * SHOW_RESTS)
    }

    /// How long nothing is due.
    fn sleep(&self, comeback: &Comeback) -> Duration {
        let now = self.clock.now();
        let mut due = now.plus_ms(i64::MAX / 8);
        if self.ticks {
            for desk in self.desks.iter().filter(|desk| !desk.judging.is_owed()) {
                let wake = desk.judging.wake().min(desk.ticked.plus_ms(TICK_EVERY_MS));
                let held = wake <= now && comeback.clock_max(desk, now) < wake;
                due = due.min(if held { now.plus_ms(HELD_MS) } else { wake });
            }
        }
        if let Some(wake) = self.book.next_wake() {
            due = due.min(wake);
        }
        if let Some(wake) = self.docket.next_wake() {
            due = due.min(wake);
        }
        let pauses = self.desks.iter().filter_map(|desk| desk.judging.pause());
        let real = self.clock.real(due.ms_since(now).max(1));
        pauses
            .fold(real, Duration::min)
            .clamp(Duration::from_millis(1), SHOW_EVERY)
    }

    fn decide(&mut self, ix: usize, noted: Vec<Noted>, now: Moment, turn: &mut Turn) {
        let desk = &self.desks[ix];
        let steps = turn.steps.len();
        // Where events are the clock, nobody knows how late it is.
        let late_before = self.ticks.then(|| now.plus_ms(-LATE_MS));
        self.book.late_before(late_before, desk.engine.clock());
        let late = desk.heard_late.is_some_and(|at| now.ms_since(at) < CATCHING_UP_MS);
        self.book.catches_up(late);
        let outcome = self.book.turn(noted, &desk.roster, &desk.policies, now);
        self.metrics.told_nobody.add(complain_of_silence(&outcome));
        take_outcome(turn, outcome, desk);
        for step in &turn.steps[steps..] {
            if let Some(row) = turn.verdicts.iter().find(|row| row.n == step.verdict) {
                self.metrics.decided(row.verdict.class, step.kind);
            }
        }
    }

    fn show(&mut self, started: Moment, last_event: Option<Moment>) {
        let began = crate::clock::instant();
        let line = self.line.borrow().clone();
        let now = self.clock.now();
        self.look_at_devices(&line, now);
        let state = match (line.connected_since, line.last_error.clone()) {
            (Some(_), _) => BrokerState::Connected,
            (None, Some(error)) => BrokerState::Lost(error),
            (None, None) => BrokerState::Connecting,
        };
        let previous = self.live.borrow().clone();
        let since = if previous.broker.state == state {
            previous.broker.since
        } else {
            now
        };
        let offices = self.desks.iter().map(|desk| OfficeLive {
            roster: desk.roster.clone(),
            policies: desk.policies.clone(),
            view: desk.engine.view(),
            clocks: desk.clocks_shown.clone(),
            gaps: desk.gaps_shown.clone(),
            statuses: self
                .memory
                .statuses
                .values()
                .filter(|status| status.office == desk.office)
                .cloned()
                .collect(),
        });
        let live = Live {
            started,
            now,
            made: crate::clock::instant(),
            broker: Broker {
                kind: self.broker,
                state,
                since,
                sessions_lost: line.sessions_lost,
                sessions_lost_at: self.memory.notes.sessions_lost_at(),
            },
            clock_doubt: self.memory.notes.doubt(),
            offices: offices.collect(),
            last_event: last_event.or(previous.last_event),
            refused: self.memory.refused.clone(),
            unwritten: None,
        };
        let connections = &self.metrics.broker_connections;
        connections.add(line.connections.saturating_sub(connections.count()));
        let lost = &self.metrics.broker_sessions_lost;
        lost.add(line.sessions_lost.saturating_sub(lost.count()));
        self.metrics.waiting_events.set(self.inbound.len() as i64);
        self.live.send_replace(Arc::new(live));
        self.memory.notes.show_took = began.elapsed();
    }
}

/// Says which incidents people should be told of and nobody may be; answers how many.
fn complain_of_silence(outcome: &Outcome) -> u64 {
    let silent = outcome
        .rulings
        .iter()
        .filter(|(_, ruling)| *ruling == Ruling::Silent(Silence::NobodyToTell));
    silent
        .map(|(incident, _)| tracing::warn!(incident, "the roster names nobody who may be told of an incident"))
        .count() as u64
}

/// Adds what a book decided to what is written, each verdict pinned to what it was judged by.
fn take_outcome(turn: &mut Turn, outcome: Outcome, desk: &Desk) {
    let pinned = outcome.verdicts.into_iter().map(|mut row| {
        row.pin = desk.pin(&row.verdict);
        row
    });
    turn.verdicts.extend(pinned);
    turn.steps.extend(outcome.steps);
    turn.incidents.extend(outcome.incidents);
    turn.among.extend(outcome.among);
    turn.letters.extend(outcome.letters);
}

async fn keep_all(store: &Store, desks: &mut [Desk], head: Head) {
    for desk in desks {
        desk.keep(store, head).await;
    }
}

/// Opens all desks, brings verdicts up to what was told before, and commits what a start has to say.
pub async fn open_desks(
    store: &Store,
    texts: &[desk::Texts],
    clock: Clock,
    now: Moment,
    keep_ms: i64,
    book: &mut Book,
) -> Result<Vec<Desk>> {
    let mut turn = Turn::default();
    let mut desks = Vec::new();
    for texts in texts {
        let mut desk = Desk::open(store, texts, clock, now, keep_ms, &mut turn.entries).await?;
        desk.settle(keep_ms);
        desks.push(desk);
    }
    let standing = store.standing_verdicts(Moment::MIN).await?;
    let forgotten = store.said_up_to().await?;
    for desk in &desks {
        let said: Vec<Verdict> = standing
            .iter()
            .filter(|row| row.verdict.office == desk.office && !row.retracted)
            .map(|row| row.verdict.clone())
            .collect();
        let decisions = desk.engine.compare(said, forgotten, desk.judged_anew);
        if decisions.is_empty() {
            continue;
        }
        let noted = turn::note(store, &desk.roster, decisions, &[]).await;
        let outcome = book.turn(noted, &desk.roster, &desk.policies, now);
        complain_of_silence(&outcome);
        take_outcome(&mut turn, outcome, desk);
    }
    if !turn.is_empty() {
        store.commit(&turn).await.context("the start could not be committed")?;
    }
    let head = store.head().await.context("the ledger cannot be read")?;
    if desks.iter().any(|desk| head.n - desk.ledger_n > READ_MAX) {
        keep_all(store, &mut desks, head).await;
    }
    Ok(desks)
}
