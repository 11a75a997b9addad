//! One process of the monitor: the real daemon, mailer and database, wired as `serve` does, on a clock set by hand.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use super::House;
use super::check;
use super::plan::{self, Dies};
use crate::booking;
use crate::case::Terms;
use crate::case::summary::Summaries;
use crate::clock::{Hand, MonitorClock};
use crate::daemon::docket::Docket;
use crate::daemon::visits::Visits;
use crate::daemon::{self, Daemon};
use crate::engine::Clock;
use crate::engine::time::Moment;
use crate::inbound::{Inbound, Line, Outcome};
use crate::keys::Keys;
use crate::ledger::Head;
use crate::live::{BrokerKind, Live};
use crate::mailer;
use crate::serve;
use crate::store::{Bounds, Death, Disturbance, Store, Upset};
use crate::telemetry::Metrics;

/// So long the monitor judges again what comes late: longer than any day of the simulation.
const KEEP_MS: i64 = 15 * daemon::DAY_MS;
/// What the mail server may take for one letter, in real time.
const MAIL_DEADLINE: Duration = Duration::from_millis(150);
/// How long a statement waits for whoever holds a lock, in real time.
const LOCK_PATIENCE_MS: i64 = 3;

pub struct Life {
    pub store: Store,
    /// As this process reads it.
    pub clock: MonitorClock,
    pub disturbance: Arc<Disturbance>,
    pub inbound: mpsc::Sender<Inbound>,
    pub outcomes: mpsc::UnboundedReceiver<Outcome>,
    pub outcomes_sender: mpsc::UnboundedSender<Outcome>,
    pub live: watch::Receiver<Arc<Live>>,
    pub nudge: Arc<Notify>,
    /// The ledger's head when this process began.
    pub head: Head,
    /// What stood was something else behind the start than before it: whether it is what the ledger says.
    pub says_otherwise: Option<Result<()>>,
    line: watch::Sender<Line>,
    stop: watch::Sender<bool>,
    daemon: JoinHandle<Result<()>>,
    mailer: JoinHandle<()>,
}

/// What a process meets, as the database knows it. `left` is where a killed one leaves its files.
pub fn upset(life: &plan::Life, left: &Path) -> Upset {
    Upset {
        death: life.dies.map(|dies| match dies {
            Dies::BehindRow(rows) => Death::Row {
                rows,
                left: left.to_path_buf(),
            },
            Dies::BehindCommit(commits) => Death::Commit { commits },
        }),
        slow_every: life.slow_every,
        slow_ms: life.slow_ms,
        full_times: life.full_times,
        full_pages: life.full_pages,
        patience_ms: LOCK_PATIENCE_MS,
    }
}

impl Life {
    pub async fn begin(
        house: &House,
        path: &Path,
        disturbance: Arc<Disturbance>,
        hand: &Hand,
        mail_port: u16,
        window: usize,
    ) -> Result<Life> {
        let store = Store::open_disturbed(path, Bounds::default(), disturbance.clone()).await?;
        store.end_leases().await?;
        let head = store.head().await?;
        let mut book = serve::open_book(&store, house.house.clone()).await?;
        let clock = hand.clock();
        let now = clock.now();
        let texts = std::slice::from_ref(&house.texts);
        let stood = store.standing_verdicts(Moment::MIN).await?;
        let desks = daemon::open_desks(&store, texts, Clock::Ticks, now, KEEP_MS, &mut book).await?;
        let says_otherwise = match stood == store.standing_verdicts(Moment::MIN).await? {
            true => None,
            false => Some(check::stands_as_judged(&store, house).await),
        };
        // Nobody answers here, and nothing climbs.
        let terms = Terms {
            ack_within_ms: i64::MAX / 8,
            integrity_after_ms: i64::MAX / 8,
            at_once_max: None,
            summaries: Summaries {
                weekly: None,
                monthly: false,
                ..Summaries::default()
            },
            ..Terms::default()
        };
        let docket = Docket::open(&store, terms).await?;
        let visits = Visits::open(&store, &desks, Keys::passing(), booking::Terms::default()).await?;
        let metrics = Arc::new(Metrics::default());
        let nudge = Arc::new(Notify::new());
        let (stop, stopping) = watch::channel(false);
        let (live_sender, live) = watch::channel(Arc::new(Live::starting(now, BrokerKind::External)));
        let (inbound_sender, inbound) = mpsc::channel(window);
        let (line_sender, line) = watch::channel(Line::default());
        let (outcomes_sender, outcomes) = mpsc::unbounded_channel();
        // Nobody orders anything, and nobody is named.
        let (_, orders) = mpsc::channel(1);
        let (_, names) = watch::channel(HashMap::new());
        let settings = mailer::Settings {
            way: mailer::Way::Smtp(mailer::Smtp {
                host: "127.0.0.1".into(),
                port: mail_port,
                encryption: mailer::Encryption::None,
                ca_file: None,
                login: None,
            }),
            from: house.from.parse().context("the simulation's sender")?,
            names,
            give_up_after_ms: 5 * daemon::DAY_MS,
            deadline: MAIL_DEADLINE,
        };
        let mailer = mailer::run(
            store.clone(),
            settings,
            clock.clone(),
            nudge.clone(),
            metrics.clone(),
            stopped(stopping.clone()),
        );
        let daemon = Daemon {
            acts: tokio::sync::mpsc::channel(1).1,
            store: store.clone(),
            desks,
            book,
            clock: clock.clone(),
            ticks: true,
            keep_ms: KEEP_MS,
            inbound,
            line,
            live: live_sender,
            nudge: nudge.clone(),
            metrics,
            broker: BrokerKind::External,
            orders,
            docket,
            visits,
            memory: daemon::Memory::default(),
        };
        Ok(Life {
            store,
            clock,
            disturbance,
            inbound: inbound_sender,
            outcomes,
            outcomes_sender,
            live,
            nudge,
            head,
            says_otherwise,
            line: line_sender,
            stop,
            daemon: tokio::spawn(daemon.run(stopped(stopping))),
            mailer: tokio::spawn(mailer),
        })
    }

    /// Whether the daemon has ended, by itself or because its database is dead.
    pub fn is_over(&self) -> bool {
        self.disturbance.is_dead() || self.daemon.is_finished()
    }

    /// Tells the monitor that the line to the broker is up or down.
    pub fn line_is(&self, up: bool, now: Moment) {
        self.line.send_modify(|line| {
            line.connections += u64::from(up);
            line.connected_since = up.then_some(now);
            if !up {
                line.last_error = Some("the line was cut".into());
            }
        });
    }

    /// The process is gone, wherever it was. Answers why the daemon had ended by itself, where it had not to.
    pub async fn kill(self) -> Option<anyhow::Error> {
        let killed = self.disturbance.is_dead();
        let ended = self.daemon.is_finished();
        self.daemon.abort();
        self.mailer.abort();
        let _ = self.mailer.await;
        match self.daemon.await {
            Ok(_) if killed => None,
            Ok(Ok(())) => ended.then(|| anyhow::anyhow!("the daemon ended by itself")),
            Ok(Err(error)) => Some(error.context("the daemon ended by itself")),
            Err(error) if error.is_panic() => Some(anyhow::Error::new(error).context("the daemon broke")),
            Err(_) => None,
        }
    }

    /// Stops it in order, as `serve` does.
    pub async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        self.daemon.await.context("the daemon broke")??;
        self.mailer.await.context("the mailer broke")?;
        self.store.close().await.context("the database cannot be closed")
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}
