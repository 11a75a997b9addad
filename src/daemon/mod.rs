//! The one writer: everything that can wake the process passes through here. A turn takes what has come, judges it,
//! commits everything that follows from it in one transaction, and only then acknowledges.

mod clocks;
pub mod desk;
pub mod docket;
mod intake;
mod kept;
pub mod order;
mod outage;
mod post;
mod ticks;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::accounts::Scope;
use crate::clock::MonitorClock;
use crate::door::{self, Act};
use crate::engine::Clock;
use crate::engine::event::{Event, Kind};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::{Decision, Verdict};
use crate::inbound::{Inbound, Line};
use crate::incident::{Book, Noted, Outcome, Ruling, Silence};
use crate::ledger::Head;
use crate::letter::EvidenceLine;
use crate::live::{Broker, BrokerKind, BrokerState, Live, OfficeLive, Refusal};
use crate::skew;
use crate::store::Store;
use crate::store::rows::{DeviceStatus, NewEntry, Quarantined, Turn};
use crate::telemetry::Metrics;
pub use clocks::Notes;
use desk::Desk;
use docket::Docket;
pub use kept::{Held, check_snapshots, fold_office};
use order::{Activated, Order};
use outage::Outage;
use ticks::Comeback;

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
/// The live view is made anew at least this often …
const SHOW_EVERY: Duration = Duration::from_secs(2);
/// … and not more often than this, for it walks through whole offices.
const SHOW_PAUSE_MS: i64 = 50;

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
    pub statuses: HashMap<(String, String), DeviceStatus>,
    pub orders: mpsc::Receiver<Order>,
    /// What people do at the door: committed with the turn, with their traces.
    pub acts: mpsc::Receiver<Act>,
    /// Files that were refused last, until others are activated.
    pub refused: Option<Refusal>,
    /// What came into force and is to be written with the next turn, before the events that are judged by it.
    pub entries: Vec<NewEntry>,
    /// What is told of clocks and gaps.
    pub notes: Notes,
    /// Who waits for that.
    pub answers: Vec<(oneshot::Sender<Activated>, Activated)>,
    /// What people make of incidents.
    pub docket: Docket,
    /// While the database takes nothing.
    pub outage: Option<Outage>,
}

impl Daemon {
    /// Works until `shutdown` resolves; what was taken is committed and acknowledged first.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<()> {
        tokio::pin!(shutdown);
        let mut messages = Vec::new();
        let mut acts = Vec::new();
        let started = self.clock.now();
        let mut settled = started;
        let mut last_event = None;
        let mut comeback = Comeback::new(&self.clock);
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
            let ordered = matches!(wake, Wake::Order(_));
            match wake {
                Wake::Shutdown => {
                    self.keep_at_stop().await;
                    return Ok(());
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
                self.keep_at_stop().await;
                return Ok(());
            }
            if accepted > 0 {
                last_event = Some(now);
            }
            if now.ms_since(settled) > 3_600_000 {
                settled = now;
                for desk in &mut self.desks {
                    desk.settle(self.keep_ms);
                    desk.gaps.forget(now, self.keep_ms);
                }
                let cases = &self.docket.cases;
                self.book
                    .forget_before(now.plus_ms(-self.keep_ms - DAY_MS), |n| cases.is_pending(n));
                self.keep().await;
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
        if !self.entries.is_empty() {
            return;
        }
        match self.store.head().await {
            Ok(head) => keep_all(&self.store, &mut self.desks, head).await,
            Err(error) => tracing::warn!(error = %error, "no snapshot was kept: the next start takes longer"),
        }
    }

    async fn keep_at_stop(&mut self) {
        if tokio::time::timeout(LAST_TURN_MAX, self.keep()).await.is_err() {
            tracing::warn!("no snapshot was kept in time: the next start takes longer");
        }
    }

    fn show_pause(&self) -> Duration {
        self.clock.real(SHOW_PAUSE_MS)
    }

    /// How long nothing is due.
    fn sleep(&self, comeback: &Comeback) -> Duration {
        let now = self.clock.now();
        let mut due = now.plus_ms(i64::MAX / 8);
        if self.ticks {
            for desk in &self.desks {
                let wake = desk.engine.wake_at().min(desk.ticked.plus_ms(TICK_EVERY_MS));
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
        self.clock
            .real(due.ms_since(now).max(1))
            .clamp(Duration::from_millis(1), SHOW_EVERY)
    }

    /// One turn: everything that follows from these messages and this moment, whole or not at all. Answers how many
    /// events were accepted, when they are committed.
    async fn turn(
        &mut self,
        messages: &mut Vec<Inbound>,
        acts: &mut Vec<Act>,
        now: Moment,
        comeback: &Comeback,
    ) -> Result<u64> {
        let began = crate::clock::instant();
        messages.append(&mut self.docket.messages);
        let mut admitted = loop {
            match door::admit(&self.store, acts, now).await {
                Ok(admitted) => break admitted,
                Err(error) => self.wait_for_database(error).await,
            }
        };
        let mut intake = loop {
            let latest = self.clock.doubt().map_or(now, |doubt| doubt.said.max(now));
            match intake::take(&self.store, &self.desks, messages, [now, latest], !self.ticks).await {
                Ok(intake) => break intake,
                Err(error) => self.wait_for_database(error).await,
            }
        };
        self.judge_clocks(&mut intake, now);
        let mut turn = intake.turn;
        let mut said: Vec<(usize, Vec<Decision>)> = Vec::new();
        if !self.entries.is_empty() {
            // What other rules alone change is said with that cause, and what these messages change with theirs.
            said.extend(self.desks.iter_mut().map(|desk| desk.engine.judge()).enumerate());
            turn.entries.splice(0..0, self.entries.drain(..));
        }
        turn.entries.append(&mut admitted.entries);
        turn.changes.append(&mut admitted.changes);
        turn.letters.append(&mut admitted.letters);
        let mut fresh: HashMap<String, EvidenceLine> = HashMap::new();
        let mut stirred = vec![false; self.desks.len()];
        let mut accepted = 0;
        for (ix, event) in intake.events {
            let desk = &mut self.desks[ix];
            stirred[ix] |= !event.kind.is_pulse();
            let line = (!event.kind.is_pulse()).then(|| {
                let (at, device, kind) = (event.time, event.device.clone(), event.kind.clone());
                (event.reference(), EvidenceLine { at, device, kind })
            });
            if matches!(event.kind, Kind::Ticked) {
                desk.ticked = desk.ticked.max(event.time);
            }
            let key = (event.id.to_string(), format!("/{}/{}", event.office, event.device));
            match desk.engine.insert(event) {
                Ok(()) => {
                    accepted += 1;
                    fresh.extend(line);
                }
                Err(late) => set_aside(&mut turn, &key, late.settled, now),
            }
        }
        for (ix, desk) in self.desks.iter_mut().enumerate() {
            if self.ticks {
                let at = comeback.clock_max(desk, now);
                let due = desk.engine.wake_at() <= at || at.ms_since(desk.ticked) >= TICK_EVERY_MS;
                if stirred[ix] || due {
                    turn.entries.extend(desk.tick(at, now));
                }
            }
            said.push((ix, desk.engine.judge()));
        }
        let before = self.book.next_wake();
        for (ix, decisions) in said {
            if decisions.is_empty() && before.is_none_or(|due| due > now) {
                continue;
            }
            let noted = note(&self.store, &self.desks[ix].roster, decisions, &fresh).await;
            self.decide(ix, noted, now, &mut turn);
        }
        self.docket.turn(&mut self.book, &self.desks, &mut turn, now);
        for status in &turn.statuses {
            self.statuses
                .insert((status.office.to_string(), status.device.to_string()), status.clone());
        }
        if !turn.is_empty() {
            // What was judged is in memory already: it must reach the disk before anything else happens.
            while let Err(error) = self.store.commit(&turn).await {
                if !error.passes() {
                    // The ledger says otherwise than this process: the next start reads it again.
                    return Err(anyhow::Error::new(error).context("what was judged cannot be committed"));
                }
                self.wait_for_database(error).await;
            }
        }
        self.database_answers();
        self.answer();
        self.docket.answer();
        admitted.answer();
        for message in messages.drain(..) {
            self.metrics.received_bytes.add(message.payload.len() as u64);
            message.receipt.confirm();
        }
        self.metrics.events_accepted.add(accepted);
        self.metrics.events_duplicate.add(intake.duplicates);
        for quarantined in &turn.quarantined {
            self.metrics.quarantined(quarantined.code);
        }
        if !turn.is_empty() {
            self.metrics.commit_seconds.observe(began.elapsed());
        }
        if !turn.letters.is_empty() {
            self.nudge.notify_one();
        }
        Ok(accepted)
    }

    fn decide(&mut self, ix: usize, noted: Vec<Noted>, now: Moment, turn: &mut Turn) {
        let desk = &self.desks[ix];
        let steps = turn.steps.len();
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
                sessions_lost_at: self.notes.sessions_lost_at(),
            },
            clock_doubt: self.notes.doubt(),
            offices: offices.collect(),
            last_event: last_event.or(previous.last_event),
            refused: self.refused.clone(),
            unwritten: None,
        };
        let connections = &self.metrics.broker_connections;
        connections.add(line.connections.saturating_sub(connections.count()));
        let lost = &self.metrics.broker_sessions_lost;
        lost.add(line.sessions_lost.saturating_sub(lost.count()));
        self.metrics.waiting_events.set(self.inbound.len() as i64);
        self.live.send_replace(Arc::new(live));
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

/// Finds the events that decisions rest on: of this turn, or in the ledger.
async fn note(
    store: &Store,
    roster: &Roster,
    decisions: Vec<Decision>,
    fresh: &HashMap<String, EvidenceLine>,
) -> Vec<Noted> {
    let mut noted = Vec::new();
    for decision in decisions {
        let verdict = match &decision {
            Decision::Opened { verdict, .. }
            | Decision::Amended { verdict, .. }
            | Decision::Retracted { verdict, .. } => verdict,
        };
        let evidence = evidence(store, roster, verdict, fresh).await;
        noted.push(Noted { decision, evidence });
    }
    noted
}

async fn evidence(
    store: &Store,
    roster: &Roster,
    verdict: &Verdict,
    fresh: &HashMap<String, EvidenceLine>,
) -> Vec<EvidenceLine> {
    let (here, stored): (Vec<&str>, Vec<&str>) = verdict
        .evidence
        .iter()
        .map(|reference| &**reference)
        .partition(|reference| fresh.contains_key(*reference));
    let mut lines: Vec<EvidenceLine> = here
        .into_iter()
        .filter_map(|reference| fresh.get(reference).cloned())
        .collect();
    if !stored.is_empty() {
        match store.referenced(&Scope::whole(), &stored).await {
            Ok(rows) => {
                let events = rows
                    .iter()
                    .filter_map(|row| skew::read_again(&row.body, row.time, row.clock.as_deref(), roster).ok());
                lines.extend(events.map(|event: Event| EvidenceLine {
                    at: event.time,
                    device: event.device,
                    kind: event.kind,
                }));
            }
            // The letter goes out without these lines rather than not at all; the incident's page has them.
            Err(error) => tracing::warn!(%error, "evidence could not be read"),
        }
    }
    lines.sort_by_key(|line| line.at);
    lines
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
    turn.letters.extend(outcome.letters);
}

/// An event for a settled date is kept and shown, not judged.
fn set_aside(turn: &mut Turn, key: &(String, String), settled: Moment, now: Moment) {
    let Some(ix) = turn
        .entries
        .iter()
        .position(|entry| entry.id == key.0 && entry.source == key.1)
    else {
        return;
    };
    let entry = turn.entries.remove(ix);
    turn.quarantined.push(Quarantined {
        received: now,
        topic: format!("jagaloket/v1{}/events", entry.source),
        code: "too_late",
        reason: format!(
            "the event takes effect before {} (UTC), which is settled: it is kept, not judged",
            settled.rfc3339(chrono_tz::UTC)
        ),
        payload: entry.body,
    });
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
        let noted = note(store, &desk.roster, decisions, &HashMap::new()).await;
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
