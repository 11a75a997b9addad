//! Wires a running monitor together: store, daemon, broker, mailer, dashboard. The demo is this with other values.

mod audit;
mod canary;
mod edges;
mod gather;
mod measure;
mod orders;
mod reload;
mod troubles;
pub mod users;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::{Notify, mpsc, watch};

use crate::clock::{MonitorClock, steady};
use crate::config::{self, Config};
use crate::daemon::desk::Texts;
use crate::daemon::docket::{self, Docket};
use crate::daemon::visits::{Visits, Written};
use crate::daemon::{self, Daemon};
use crate::door::{self, Door, Frame};
use crate::engine::Clock;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::inbound::Line;
use crate::incident::{Book, Past};
use crate::keys::Keys;
use crate::letter::House;
use crate::letter::wording::Wordings;
use crate::live::{BrokerKind, Live};
use crate::retention::{Daily, Judging, Retention};
use crate::store::{Bounds, Store};
use crate::telemetry::Metrics;
use crate::{booking, broker, mailer, mqtt, web};
pub use canary::OFFICE as CANARY;
use edges::{broker_settings, client_settings, mail_settings, provider_of};
pub use gather::{Faults, Gathered, gather, read_texts};
pub use orders::{heard, order, visit};
use reload::Reload;
pub use reload::{Answer, Outcome, ask, ask_to_hold, ask_to_retain};

/// Messages that wait between a broker and the daemon; beyond them the broker waits.
const WAITING_MAX: usize = 4_000;
/// Orders and questions of people that wait for the daemon.
const ORDERS_MAX: usize = 64;
/// What a stop waits for acknowledgements and answers under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// A configuration with everything it names read.
pub struct Plan {
    pub config: Config,
    pub texts: Vec<Texts>,
    /// What offices say otherwise in their letters.
    pub wordings: Wordings,
    /// Who may connect to the embedded broker.
    pub devices: Vec<broker::Device>,
    pub clock: MonitorClock,
    /// People's own, by which sessions end; a demo's office has another.
    pub people: MonitorClock,
    /// Accounts that the sign-in page shows: a demo's alone.
    pub shown: Vec<web::Shown>,
    /// Somebody vouches for the machine's clock, whatever the ledger lets expect.
    pub clock_is_right: bool,
}

impl Plan {
    /// Reads everything that a configuration names; every fault at once.
    pub fn read(config: Config) -> Result<Plan, Faults> {
        let gathered = gather(&config)?;
        for warning in &gathered.warnings {
            tracing::warn!("{warning}");
        }
        Ok(Plan {
            config,
            texts: gathered.texts,
            wordings: gathered.wordings,
            devices: gathered.devices,
            clock: MonitorClock::steady(),
            people: MonitorClock::Wall,
            shown: Vec::new(),
            clock_is_right: false,
        })
    }
}

/// Where a running monitor can be reached.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub web: SocketAddr,
    /// The embedded broker's.
    pub broker: Option<SocketAddr>,
}

/// A monitor at work.
pub struct Running {
    pub addresses: Addresses,
    pub store: Store,
    pub door: Arc<Door>,
    pub live: watch::Receiver<Arc<Live>>,
    stop: watch::Sender<bool>,
    line: LineEnd,
    daemon: tokio::task::JoinHandle<Result<()>>,
    mailer: Option<tokio::task::JoinHandle<()>>,
    /// Writes to applicants.
    writer: Option<tokio::task::JoinHandle<()>>,
    web: tokio::task::JoinHandle<Result<(), web::ServeError>>,
    measure: tokio::task::JoinHandle<()>,
    reload: tokio::task::JoinHandle<()>,
    /// The second channel and the canary.
    beside: tokio::task::JoinSet<()>,
    daily: tokio::task::JoinHandle<()>,
}

enum LineEnd {
    Embedded(broker::Running),
    External(mqtt::Running),
}

/// Starts everything; what cannot start is an error that says why.
pub async fn start(plan: Plan) -> Result<Running> {
    let Plan {
        config,
        mut texts,
        wordings,
        devices,
        clock,
        people,
        shown,
        clock_is_right,
    } = plan;
    // They are made when the monitor is at work.
    let demo_accounts = !shown.is_empty();
    if texts.is_empty() {
        bail!("the configuration names no roster");
    }
    texts.extend(config.canary.as_ref().map(|canary| canary::texts(&canary.address)));
    // Only the first call in a process can succeed; later ones find the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let web_settings = web::Settings {
        network_trusted: config.web.network_trusted,
        hosts: config.web.hosts.clone(),
        certificate: config
            .web
            .tls
            .clone()
            .map(|config::WebTls { cert, key }| web::Certificate { cert, key }),
        trusted_proxies: config.web.trusted_proxies.clone(),
        machines_here: config.web.machines.is_none() && !config.web.is_behind_proxy(),
        shown,
        terms: config.terms.clone(),
        broker_anonymous: matches!(&config.broker, config::Broker::Embedded(broker) if broker.anonymous),
        ..web::Settings::default()
    };
    // Nothing is written where the start fails over an address that is taken. They are given back for now: nobody is to
    // wait at an open door while the ledger is read.
    drop(web::listen(config.web.listen, &web_settings).await?);
    if let config::Broker::Embedded(embedded) = &config.broker {
        broker::probe(&broker_settings(embedded, Vec::new()))?;
    }
    let bounds = Bounds {
        quarantine_rows_max: config.quarantine.rows_max,
        quarantine_bytes_max: config.quarantine.bytes_max,
    };
    let store = Store::open(config.database.clone(), bounds)
        .await
        .context("the database cannot be opened")?;
    store.end_leases().await.context("the outbox cannot be opened")?;
    // A broker that kept nothing for an empty ledger lost nothing.
    let session_expected = store.head().await.context("the ledger cannot be read")?.n > 0;
    let now = clock.now();
    let last_event = store.last_event().await.context("the ledger cannot be read")?;
    if let Some(last) = last_event
        && config.clock == config::Clock::Own
        && !clock_is_right
    {
        sane(now, last)?;
    }
    let mut book = open_book(&store, house(&config, wordings)).await?;
    let engine_clock = engine_clock(config.clock);
    // The date itself, and then the span that is counted from its end.
    let keep_ms = config.settle_after_ms + daemon::DAY_MS;
    let desks = daemon::open_desks(&store, &texts, engine_clock, now, keep_ms, &mut book).await?;
    let docket = Docket::open(&store, config.terms.clone())
        .await
        .context("the cases in the ledger cannot be read")?;
    let metrics = Arc::new(Metrics::default());
    let nudge = Arc::new(Notify::new());
    let (stop, stopping) = watch::channel(false);
    let kind = match config.broker {
        config::Broker::Embedded(_) => BrokerKind::Embedded,
        config::Broker::External(_) => BrokerKind::External,
    };
    let live = Live {
        last_event,
        ..Live::starting(now, kind)
    };
    let (live_sender, live) = watch::channel(Arc::new(live));
    let listening = web::listen(config.web.listen, &web_settings).await?;
    let web_address = listening.address().context("the dashboard's address")?;
    let for_machines = match config.web.machines {
        Some(address) => Some(web::listen_for_machines(address).await?),
        None => None,
    };
    if for_machines.is_none() && config.web.is_behind_proxy() {
        tracing::warn!("/readyz and /metrics are answered nowhere: behind a proxy they need `machines` in [web]");
    }
    let (sender, inbound) = mpsc::channel(WAITING_MAX);
    let to_daemon = sender.clone();
    let (line, line_news, broker_address) = open_line(&config.broker, devices, session_expected, sender).await?;
    let (names_sender, names) = watch::channel(names(&texts));
    let mailer = match mail_settings(&config.mail, names)? {
        Some(settings) => Some(tokio::spawn(mailer::run(
            store.clone(),
            settings,
            clock.clone(),
            nudge.clone(),
            metrics.clone(),
            stopped(stopping.clone()),
        ))),
        None => {
            tracing::warn!("the configuration has no [mail]: nobody is told by mail");
            None
        }
    };
    let (act_sender, acts) = mpsc::channel(door::WAITING_MAX);
    let door = Door::new(Frame {
        store: store.clone(),
        acts: act_sender,
        keys: Keys::open(&config.key)?,
        clock: people.clone(),
        base_url: config.web.base_url.clone(),
        domain: config.mail.domain().to_owned(),
        mails: config.mail.way.is_some(),
        provider: provider_of(&config.web),
        codes_within_ms: config.web.codes_within_ms,
        live: Some(live.clone()),
    });
    let (order_sender, orders_in) = mpsc::channel(ORDERS_MAX);
    let senders = orders::senders(&desks);
    let site = web::Site {
        door: door.clone(),
        store: store.clone(),
        live: live.clone(),
        metrics: metrics.clone(),
        settings: Arc::new(web_settings),
        explain: Some(explainer(&store, config.settle_after_ms)),
        orders: Some(orders::for_pages(&order_sender)),
        visits: Some(orders::visits_for_pages(&order_sender)),
        webhook: orders::webhook(&config, &store, &door.keys, &senders, &clock),
    };
    let mut visits = Visits::open(&store, &desks, door.keys.clone(), booking::Terms::default()).await?;
    let writer = orders::writer(&config, &store, &door.keys, senders, &clock).map(|writer| {
        visits.channel = Some(Written { quiet_ms: 0 });
        tokio::spawn(writer.run(stopping.clone()))
    });
    let beside = troubles::beside(&config, &site, to_daemon, &clock, &stopping);
    let ends = {
        let stopping = stopping.clone();
        move || stopped(stopping.clone())
    };
    let web = tokio::spawn(web::serve_both(listening, for_machines, site, ends));
    let offices = desks.iter().map(|desk| desk.office.clone()).collect();
    let measure = measure::run(
        store.clone(),
        offices,
        config.settle_after_ms,
        stopped(stopping.clone()),
    );
    let measure = tokio::spawn(measure);
    let (runs, asked) = mpsc::channel(4);
    let reload = Reload {
        offices: desks.iter().map(|desk| desk.office.clone()).collect(),
        orders: order_sender,
        names: names_sender,
        config: config.clone(),
        store: store.clone(),
        clock: clock.clone(),
        runs,
        door: door.clone(),
    };
    let daily = Daily {
        retention: Retention {
            store: store.clone(),
            rules: config.retention,
            judging: Judging {
                clock: engine_clock,
                settle_after_ms: config.settle_after_ms,
            },
            gentle: true,
        },
        clock: clock.clone(),
        zone: desks[0].roster.office.zone,
        metrics: metrics.clone(),
        asked,
    };
    let daily = tokio::spawn(daily.run(stopped(stopping.clone())));
    let reload = tokio::spawn(reload.run(reload::listen(&config.control), stopped(stopping.clone())));
    let daemon = Daemon {
        acts,
        store: store.clone(),
        desks,
        book,
        clock,
        ticks: config.clock == config::Clock::Own,
        keep_ms,
        inbound,
        line: line_news,
        live: live_sender,
        nudge,
        metrics,
        broker: kind,
        orders: orders_in,
        docket,
        visits,
        memory: daemon::Memory::default(),
    };
    let daemon = tokio::spawn(daemon.run(stopped(stopping)));
    tracing::info!(dashboard = %web_address, "the monitor is at work");
    if !demo_accounts && !store.has_accounts().await.context("the accounts cannot be read")? {
        tracing::warn!(
            "nobody can sign in yet: make the first account with `jagaloket user add NAME --role administrator --config FILE`"
        );
    }
    Ok(Running {
        addresses: Addresses {
            web: web_address,
            broker: broker_address,
        },
        store,
        door,
        live,
        stop,
        line,
        daemon,
        mailer,
        writer,
        web,
        measure,
        reload,
        beside,
        daily,
    })
}

/// What the office clock goes by.
pub fn engine_clock(clock: config::Clock) -> Clock {
    match clock {
        config::Clock::Own => Clock::Ticks,
        config::Clock::Events => Clock::Events,
    }
}

/// Refuses a machine's clock that says what can hardly be after the ledger's last event: each tick of it would stay.
fn sane(now: Moment, last: Moment) -> Result<()> {
    let (said, before) = (now.rfc3339(chrono_tz::UTC), last.rfc3339(chrono_tz::UTC));
    let what = if now.ms_since(last) > steady::FAR_MS {
        "more than a month after"
    } else if last.ms_since(now) > daemon::DAY_MS {
        "more than a day before"
    } else {
        return Ok(());
    };
    bail!(
        "this machine's clock says {said}, {what} the last event in the ledger ({before}): set the clock; if it is right, \
         start once with --clock-is-right"
    )
}

impl Running {
    /// Resolves when the daemon ends by itself: it never should.
    pub async fn ended(&mut self) -> Result<()> {
        (&mut self.daemon).await.context("the daemon broke")?
    }

    /// Stops in order: no more messages, the last turn committed and acknowledged, letters under way finished.
    pub async fn stop(mut self) -> Result<()> {
        match self.line {
            LineEnd::Embedded(running) => running.shutdown(PATIENCE).await,
            LineEnd::External(running) => running.shutdown(PATIENCE).await,
        }
        self.stop.send_replace(true);
        if !self.daemon.is_finished() {
            self.daemon.await.context("the daemon broke")??;
        }
        for mut sends in [self.mailer, self.writer].into_iter().flatten() {
            // A stalled server must not hold up the stop; the lease of what is under way ends. Who sends must be gone
            // before the database is closed under him.
            if tokio::time::timeout(PATIENCE, &mut sends).await.is_err() {
                sends.abort();
                let _ = sends.await;
            }
        }
        self.web.await.context("the dashboard broke")??;
        self.measure.await.context("measuring broke")?;
        self.reload.await.context("the reload broke")?;
        // They hold nothing that must be finished, and may be waiting for somebody.
        self.beside.shutdown().await;
        self.daily.await.context("retention broke")?;
        self.store.close().await.context("the database cannot be closed")?;
        Ok(())
    }
}

/// Says why, for pages: one at a time, so that many readers cannot keep the machine from judging.
fn explainer(store: &Store, settle_after_ms: i64) -> web::Explain {
    let (store, turn) = (store.clone(), Arc::new(tokio::sync::Semaphore::new(1)));
    Arc::new(move |verdict| {
        let (store, turn) = (store.clone(), turn.clone());
        Box::pin(async move {
            let _turn = turn.acquire().await.ok()?;
            match crate::past::explain_stored(&store, &verdict, settle_after_ms).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "a verdict could not be explained");
                    None
                }
            }
        })
    })
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// What letters say of this monitor and its offices.
pub fn house(config: &Config, wording: Wordings) -> House {
    House {
        base_url: config.web.base_url.clone(),
        domain: config.mail.domain().to_string(),
        wording,
        counts_alone: false,
    }
}

/// What was decided and told before, as the database holds it.
pub async fn open_book(store: &Store, house: House) -> Result<Book> {
    let next = store.next_numbers().await?;
    let mut letters = store.told(Moment::MIN).await?;
    let cases = docket::fold(store, Moment::MAX).await?;
    let asked = docket::asked(&cases);
    // What waits for a digest stands in the ledger alone.
    letters.extend(cases.mail.recalled_beside(&letters));
    letters.sort_by_key(|letter| letter.created);
    let past = Past {
        verdicts: store.standing_verdicts(Moment::MIN).await?,
        incidents: store.incidents(Moment::MIN).await?,
        letters,
        next_verdict: next.verdict,
        next_incident: next.incident,
    };
    let mut book = Book::rebuild(house, past);
    book.knows_asked(asked);
    Ok(book)
}

async fn open_line(
    broker: &config::Broker,
    devices: Vec<broker::Device>,
    session_expected: bool,
    sender: mpsc::Sender<crate::inbound::Inbound>,
) -> Result<(LineEnd, watch::Receiver<Line>, Option<SocketAddr>)> {
    match broker {
        config::Broker::Embedded(embedded) => {
            let running = broker::start(broker_settings(embedded, devices), sender).await?;
            let (news, address) = (running.line(), running.local_addr);
            Ok((LineEnd::Embedded(running), news, Some(address)))
        }
        config::Broker::External(external) => {
            let settings = mqtt::Settings {
                session_expected,
                ..client_settings(external)
            };
            let running = mqtt::start(&settings, sender)?;
            let news = running.line();
            Ok((LineEnd::External(running), news, None))
        }
    }
}

/// What the people who get mails are called, by address. A roster with faults has stopped the start before this.
fn names(texts: &[Texts]) -> HashMap<String, String> {
    let rosters = texts.iter().filter_map(|texts| Roster::parse(&texts.roster).ok());
    rosters
        .flat_map(|roster| roster.people)
        .map(|person| (person.email, person.name))
        .collect()
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(plan: Plan) -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    // From here on a SIGHUP ends nothing, also while the ledger is still being read.
    let _hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
    let mut running = start(plan).await?;
    let ended = tokio::select! {
        _ = terminate.recv() => None,
        _ = tokio::signal::ctrl_c() => None,
        ended = running.ended() => Some(ended),
    };
    match ended {
        Some(Err(error)) => return Err(error),
        Some(Ok(())) => bail!("the daemon ended by itself"),
        None => tracing::info!("stopping"),
    }
    running.stop().await
}
