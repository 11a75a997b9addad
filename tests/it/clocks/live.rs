//! The daemon with clocks that are set by hand: what it makes of devices' times stands in its ledger, and a restart makes
//! the same of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jagaloket::case::Terms;
use jagaloket::clock::{Hand, MonitorClock};
use jagaloket::daemon::desk::{PolicyTexts, Texts};
use jagaloket::daemon::docket::Docket;
use jagaloket::daemon::visits::Visits;
use jagaloket::daemon::{self, DAY_MS, Daemon, Memory};
use jagaloket::engine::Clock;
use jagaloket::engine::time::Moment;
use jagaloket::inbound::{Inbound, Line, Receipt};
use jagaloket::incident::{Book, Past};
use jagaloket::keys::Keys;
use jagaloket::letter::House;
use jagaloket::live::{BrokerKind, Live};
use jagaloket::past;
use jagaloket::store::{Bounds, LedgerRow, Store};
use jagaloket::telemetry::Metrics;
use tokio::sync::{Notify, mpsc, watch};

use super::{BEGIN, ROSTER, at};
use crate::support;

pub(super) struct Monitor {
    pub hand: Hand,
    inbound: mpsc::Sender<Inbound>,
    live: watch::Receiver<Arc<Live>>,
    line: watch::Sender<Line>,
    stop: watch::Sender<bool>,
    daemon: tokio::task::JoinHandle<anyhow::Result<()>>,
    pub store: Store,
    pub metrics: Arc<Metrics>,
    ids: u64,
}

fn texts() -> Texts {
    let files = std::fs::read_dir(support::policies())
        .unwrap()
        .map(|file| file.unwrap().path());
    let own =
        files.filter(|path| path.to_str().unwrap().ends_with(".toml") && !path.to_str().unwrap().contains(".test."));
    let texts = own.map(|path| {
        let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (id, std::fs::read_to_string(&path).unwrap())
    });
    Texts {
        roster: ROSTER.to_owned(),
        policies: PolicyTexts(texts.collect()),
    }
}

impl Monitor {
    pub async fn start(path: &Path, begins: Moment) -> Monitor {
        let store = Store::open(path, Bounds::default()).await.unwrap();
        let (clock, hand) = MonitorClock::by_hand(begins);
        let next = store.next_numbers().await.unwrap();
        let past = Past {
            verdicts: store.standing_verdicts(Moment::MIN).await.unwrap(),
            incidents: store.incidents(Moment::MIN).await.unwrap(),
            letters: store.told(Moment::MIN).await.unwrap(),
            next_verdict: next.verdict,
            next_incident: next.incident,
        };
        let house = House {
            base_url: "https://jagaloket.example".into(),
            domain: "jagaloket.example".into(),
            wording: Default::default(),
            counts_alone: false,
        };
        let mut book = Book::rebuild(house, past);
        let desks = daemon::open_desks(&store, &[texts()], Clock::Ticks, begins, 15 * DAY_MS, &mut book)
            .await
            .unwrap();
        let (stop, mut stopping) = watch::channel(false);
        let (live_sender, live) = watch::channel(Arc::new(Live::starting(begins, BrokerKind::External)));
        let (inbound, messages) = mpsc::channel(100);
        let (line, line_news) = watch::channel(Line {
            connected_since: Some(begins),
            connections: 1,
            ..Line::default()
        });
        let metrics = Arc::new(Metrics::default());
        let docket = Docket::open(&store, Terms::default()).await.unwrap();
        let visits = Visits::open(&store, &desks, Keys::passing(), Default::default())
            .await
            .unwrap();
        let daemon = Daemon {
            acts: mpsc::channel(1).1,
            store: store.clone(),
            desks,
            book,
            clock,
            ticks: true,
            keep_ms: 15 * DAY_MS,
            inbound: messages,
            line: line_news,
            live: live_sender,
            nudge: Arc::new(Notify::new()),
            metrics: metrics.clone(),
            broker: BrokerKind::External,
            orders: mpsc::channel(1).1,
            docket,
            visits,
            memory: Memory::default(),
        };
        let stopped = async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        Monitor {
            hand,
            inbound,
            live,
            line,
            stop,
            daemon: tokio::spawn(daemon.run(stopped)),
            store,
            metrics,
            ids: 0,
        }
    }

    /// Sends one event told at `told`, and waits until it is committed.
    async fn send(&mut self, device: &str, kind: &str, told: Moment, more: &str) {
        self.ids += 1;
        let payload = format!(
            r#"{{"specversion":"1.0","id":"{device}-{}-{}","source":"/kota/{device}","type":"{kind}","time":"{}"{more}}}"#,
            told.0,
            self.ids,
            told.rfc3339(chrono_tz::UTC)
        );
        self.deliver(device, vec![payload]).await;
    }

    /// Sends bodies of a device one behind the other, and waits until all are committed.
    pub async fn deliver(&self, device: &str, payloads: Vec<String>) {
        let mut waiting = Vec::new();
        for payload in payloads {
            let (receipt, confirmed) = Receipt::held();
            let message = Inbound {
                topic: format!("jagaloket/v1/kota/{device}/events"),
                payload: payload.into_bytes(),
                retained: false,
                refused: None,
                receipt,
            };
            self.inbound.send(message).await.unwrap();
            waiting.push(confirmed);
        }
        for confirmed in waiting {
            let confirmed = tokio::time::timeout(Duration::from_secs(60), confirmed);
            confirmed.await.unwrap().unwrap();
        }
    }

    /// Waits until the live view is as it should be.
    async fn shows(&mut self, is: impl Fn(&Live) -> bool) {
        let live = self.live.wait_for(|live| is(live));
        drop(
            tokio::time::timeout(Duration::from_secs(60), live)
                .await
                .expect("the live view shows it")
                .unwrap(),
        );
    }

    pub async fn ledger(&self) -> Vec<LedgerRow> {
        self.store.entries(0, None).await.unwrap()
    }

    /// What people were told stands, as lines.
    pub async fn verdicts(&self) -> Vec<String> {
        let rows = self.store.standing_verdicts(Moment::MIN).await.unwrap();
        let mut lines: Vec<String> = rows.iter().map(|row| format!("{:?}", row.verdict)).collect();
        lines.sort();
        lines
    }

    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.daemon.await.unwrap().unwrap();
        self.store.close().await.unwrap();
    }
}

const BEAT: &str = "workstation.heartbeat";

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_and_the_ledger_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jagaloket.db");
    let mut monitor = Monitor::start(&path, BEGIN).await;
    // The workstation's clock is 90 s behind, loket-2's is right, the lockbox's is dead.
    for n in 0..20 {
        let now = at(n * 30);
        monitor.send("loket-1", BEAT, now.plus_ms(-90_000), "").await;
        monitor.send("loket-2", BEAT, now, "").await;
        monitor
            .send("loker-a", "lockbox.heartbeat", Moment(n * 30_000), "")
            .await;
        if n == 4 {
            monitor
                .send(
                    "loket-1",
                    "session.signed_in",
                    now.plus_ms(-90_000),
                    r#","data":{"officer":"p-1"}"#,
                )
                .await;
            monitor
                .send("loket-1", "service.started", now.plus_ms(-90_000), "")
                .await;
        }
        monitor.hand.pass(30_000);
    }
    let rows = monitor.ledger().await;
    let of = |device: &str| {
        let source = format!("/kota/{device}");
        let own: Vec<&LedgerRow> = rows.iter().filter(|row| row.source == source).collect();
        own
    };
    for row in of("loket-2") {
        assert_eq!((row.time, row.clock.as_deref()), (row.received, None));
    }
    for row in of("loker-a") {
        assert_eq!((row.time, row.clock.as_deref()), (row.received, Some("poor")));
    }
    for row in of("loket-1") {
        let known = row.received >= at(60);
        let clock = known.then_some("corrected");
        let behind_ms = if known { 0 } else { 90_000 };
        assert_eq!(
            (row.time, row.clock.as_deref()),
            (row.received.plus_ms(-behind_ms), clock)
        );
    }
    let verdicts = monitor.verdicts().await;
    let has = |policy: &str| verdicts.iter().any(|verdict| verdict.contains(policy));
    assert!(has("device-clock-off") && has("lockbox-clock-off"), "{verdicts:#?}");
    // Nobody can tell where the phone is, for the lockbox's times are poor.
    assert!(has("custody-unverifiable") && !has("phone-out"), "{verdicts:#?}");
    monitor
        .shows(|live| {
            let clocks = live.offices.first().map_or(&[][..], |office| &office.clocks);
            let offsets: Vec<Option<i64>> = clocks.iter().map(|clock| clock.offset_ms).collect();
            offsets.len() == 3 && offsets[1] == Some(90_000) && offsets[2] == Some(0)
        })
        .await;
    for row in monitor.store.standing_verdicts(Moment::MIN).await.unwrap() {
        let told = past::explain_stored(&monitor.store, &row.verdict, 14 * DAY_MS)
            .await
            .unwrap();
        assert!(told.is_some(), "judged again as it was: {:?}", row.verdict);
    }
    let head = monitor.store.verify(None).await.unwrap();
    monitor.stop().await;

    // The same from the ledger: nothing is told anew, and clocks are known at once.
    let mut monitor = Monitor::start(&path, at(600)).await;
    assert_eq!(monitor.verdicts().await, verdicts);
    assert_eq!(
        monitor.store.head().await.unwrap(),
        head,
        "a restart has nothing to say"
    );
    monitor.send("loket-1", BEAT, at(510), "").await;
    let rows = monitor.ledger().await;
    let last = rows.iter().rfind(|row| row.source == "/kota/loket-1").unwrap();
    assert_eq!((last.time, last.clock.as_deref()), (at(600), Some("corrected")));
    monitor.stop().await;
}

#[tokio::test]
async fn the_monitors_own_clock_cannot_jump_the_offices_clock() {
    const YEARS_MS: i64 = 9 * 365 * DAY_MS;
    let directory = tempfile::tempdir().unwrap();
    let mut monitor = Monitor::start(&directory.path().join("jagaloket.db"), BEGIN).await;
    monitor.send("loket-2", BEAT, BEGIN, "").await;
    monitor.hand.pass(30_000);
    monitor.hand.jump(YEARS_MS);
    monitor.send("loket-2", BEAT, at(30), "").await;
    monitor.shows(|live| live.clock_doubt.is_some()).await;
    monitor.hand.pass(600_000);
    monitor.send("loket-2", BEAT, at(630), "").await;
    monitor.hand.jump(-YEARS_MS);
    monitor.hand.pass(30_000);
    monitor.send("loket-2", BEAT, at(660), "").await;
    monitor.shows(|live| live.clock_doubt.is_none()).await;
    for row in monitor.ledger().await {
        assert!(row.time <= at(660) && row.received <= at(660), "{row:?}");
        assert_eq!(row.clock, None);
    }
    assert_eq!(monitor.store.quarantine_counts().await.unwrap(), []);
    monitor.stop().await;
}

#[tokio::test]
async fn a_machine_that_slept_is_believed_after_a_while_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut monitor = Monitor::start(&directory.path().join("jagaloket.db"), BEGIN).await;
    monitor.send("loket-2", BEAT, BEGIN, "").await;
    monitor.hand.jump(3_600_000);
    for n in 0..12 {
        // The device's clock is right; the monitor does not know yet that its own is, too.
        monitor.send("loket-2", BEAT, at(3_600 + n * 30), "").await;
        monitor.hand.pass(30_000);
    }
    let rows = monitor.ledger().await;
    let beats: Vec<&LedgerRow> = rows.iter().filter(|row| row.source == "/kota/loket-2").collect();
    assert_eq!(beats.len(), 13);
    assert!(beats.iter().all(|row| row.clock.is_none()));
    assert_eq!(beats[12].received, at(3_930), "believed again");
    monitor.stop().await;
}

#[tokio::test]
async fn a_hole_in_a_sequence_is_shown_until_it_is_filled_also_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jagaloket.db");
    let place = |sequence: u64| format!(r#","bootid":"b","sequence":"{sequence}""#);
    let mut monitor = Monitor::start(&path, BEGIN).await;
    for sequence in [0, 1, 5] {
        monitor
            .send("loket-2", BEAT, at(sequence as i64), &place(sequence))
            .await;
    }
    let open = |live: &Live| {
        let gaps = live.offices.first().map_or(&[][..], |office| &office.gaps);
        gaps.iter()
            .map(|gap| (gap.first, gap.last, gap.filled.is_some()))
            .collect::<Vec<_>>()
    };
    monitor.shows(|live| open(live) == [(2, 4, false)]).await;
    monitor.line.send_modify(|line| line.sessions_lost = 1);
    monitor.shows(|live| live.broker.sessions_lost_at == [BEGIN]).await;
    monitor.stop().await;
    let mut monitor = Monitor::start(&path, at(60)).await;
    monitor.shows(|live| open(live) == [(2, 4, false)]).await;
    for sequence in [4, 2, 3] {
        monitor
            .send("loket-2", BEAT, at(sequence as i64), &place(sequence))
            .await;
    }
    monitor.shows(|live| open(live) == [(2, 4, true)]).await;
    monitor.stop().await;
}
