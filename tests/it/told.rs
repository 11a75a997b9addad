//! People are told, answer, and are held to it: the daemon on a clock set by hand, a real mail server, a real socket.

mod channel;
mod cheats;
mod corrections;
mod heard;
mod killed;
mod pages;
mod troubles;
mod week;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jagaloket::case::acts::Wish;
use jagaloket::case::{Refusal, Terms};
use jagaloket::clock::{Hand, MonitorClock};
use jagaloket::daemon::desk::{PolicyTexts, Texts};
use jagaloket::daemon::docket::{CaseAnswer, CaseOrder, Docket, Order};
use jagaloket::daemon::order;
use jagaloket::daemon::visits::Visits;
use jagaloket::daemon::{self, DAY_MS, Daemon, Memory};
use jagaloket::engine::Clock;
use jagaloket::engine::time::Moment;
use jagaloket::inbound::{Inbound, Line, Receipt};
use jagaloket::keys::Keys;
use jagaloket::letter::House;
use jagaloket::live::{BrokerKind, Live};
use jagaloket::store::cases::CaseFilter;
use jagaloket::store::{Bounds, Store};
use jagaloket::telemetry::Metrics;
use jagaloket::{mailer, serve};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::support::{self, SmtpSink};

/// Three supervisors under a head; one of them serves now and then.
const ROSTER: &str = r#"
[office]
id = "kota"
name = "Kantor Imigrasi Kota"
timezone = "Asia/Jakarta"
[office.calendar.week]
monday = { open = "08:00-16:00", breaks = "12:00-13:00" }
tuesday = { open = "08:00-16:00", breaks = "12:00-13:00" }
wednesday = { open = "08:00-16:00", breaks = "12:00-13:00" }
thursday = { open = "08:00-16:00", breaks = "12:00-13:00" }
friday = { open = "08:00-16:00", breaks = "11:30-13:00" }
[office.calendar.closed]
2026-11-30 = "Cuti bersama"

[[counter]]
id = "loket-1"
name = "Loket 1"
heartbeat_every = "0s"
[[counter]]
id = "loket-2"
name = "Loket 2"
heartbeat_every = "0s"
[[counter]]
id = "loket-3"
name = "Loket 3"
heartbeat_every = "0s"
[[lockbox]]
id = "loker-a"
heartbeat_every = "0s"

[[supervisor]]
id = "s-1"
name = "Kasubsi Satu"
email = "s1@kota.example"
reports_to = "s-3"
[[supervisor.absence]]
from = 2026-11-26
until = 2026-11-26
deputy = "s-2"
[[supervisor]]
id = "s-2"
name = "Kasubsi Dua"
email = "s2@kota.example"
language = "en"
reports_to = "s-3"
officer = "p-4"
[[supervisor]]
id = "s-3"
name = "Kepala Seksi"
email = "s3@kota.example"
[[integrity]]
id = "i-1"
name = "Kepatuhan Internal"
email = "i1@kota.example"
[[technician]]
id = "t-1"
name = "TIK"
email = "t1@kota.example"

[[officer]]
id = "p-1"
supervisor = "s-1"
lockbox = "loker-a"
handsets = [{ id = "h-1" }]
[[officer]]
id = "p-2"
supervisor = "s-1"
lockbox = "loker-a"
handsets = [{ id = "h-2" }]
[[officer]]
id = "p-3"
supervisor = "s-2"
lockbox = "loker-a"
handsets = [{ id = "h-3" }]
[[officer]]
id = "p-4"
supervisor = "s-1"
lockbox = "loker-a"
handsets = [{ id = "h-4" }]
"#;

/// 07:30 WIB on Monday, 23 November 2026.
const MONDAY: Moment = Moment(1_795_393_800_000);

/// A moment of that week: the day from Monday (0), hours and minutes, WIB.
fn at(day: i64, hour: i64, minute: i64) -> Moment {
    MONDAY.plus_ms(((day * 24 + hour) * 60 + minute - 450) * 60_000)
}

fn texts() -> Texts {
    let files = std::fs::read_dir(support::policies()).unwrap();
    let paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    let own = paths.iter().filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.ends_with(".toml") && !name.contains(".test.")
    });
    let texts = own.map(|path| {
        let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (id, std::fs::read_to_string(path).unwrap())
    });
    Texts {
        roster: ROSTER.to_owned(),
        policies: PolicyTexts(texts.collect()),
    }
}

/// A monitor at work, as `serve` wires it.
struct Monitor {
    hand: Hand,
    now: Moment,
    inbound: mpsc::Sender<Inbound>,
    orders: mpsc::Sender<order::Order>,
    store: Store,
    stop: watch::Sender<bool>,
    daemon: JoinHandle<anyhow::Result<()>>,
    mailer: JoinHandle<()>,
    ids: u32,
    /// Whether each letter is waited for before time passes on: not while nobody takes any.
    waits: bool,
    _line: watch::Sender<Line>,
    _live: watch::Receiver<Arc<Live>>,
    _names: watch::Sender<HashMap<String, String>>,
}

impl Monitor {
    async fn start(path: &Path, now: Moment, mail_port: u16) -> Monitor {
        let store = Store::open(path, Bounds::default()).await.unwrap();
        store.end_leases().await.unwrap();
        let (clock, hand) = MonitorClock::by_hand(now);
        let house = House {
            base_url: "https://jagaloket.kota.example".into(),
            domain: "kota.example".into(),
            wording: Default::default(),
            counts_alone: false,
        };
        let mut book = serve::open_book(&store, house).await.unwrap();
        let desks = daemon::open_desks(&store, &[texts()], Clock::Ticks, now, 15 * DAY_MS, &mut book)
            .await
            .unwrap();
        let docket = Docket::open(&store, Terms::default()).await.unwrap();
        let visits = Visits::open(&store, &desks, Keys::passing(), Default::default())
            .await
            .unwrap();
        let (stop, stopping) = watch::channel(false);
        let (live_sender, live) = watch::channel(Arc::new(Live::starting(now, BrokerKind::External)));
        let (inbound, messages) = mpsc::channel(100);
        let (line, line_news) = watch::channel(Line {
            connected_since: Some(now),
            connections: 1,
            ..Line::default()
        });
        let (orders, orders_in) = mpsc::channel(1);
        let nudge = Arc::new(Notify::new());
        let metrics = Arc::new(Metrics::default());
        let (names, names_news) = watch::channel(HashMap::new());
        let settings = mailer::Settings {
            way: mailer::Way::Smtp(mailer::Smtp {
                host: "127.0.0.1".into(),
                port: mail_port,
                encryption: mailer::Encryption::None,
                ca_file: None,
                login: None,
            }),
            from: "Jagaloket <jagaloket@kota.example>".parse().unwrap(),
            names: names_news,
            give_up_after_ms: 5 * DAY_MS,
            deadline: Duration::from_secs(20),
        };
        let stopped = |mut stopping: watch::Receiver<bool>| async move {
            let _ = stopping.wait_for(|stop| *stop).await;
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
            nudge,
            metrics,
            broker: BrokerKind::External,
            orders: orders_in,
            docket,
            visits,
            memory: Memory::default(),
        };
        Monitor {
            hand,
            now,
            inbound,
            orders,
            store,
            stop,
            daemon: tokio::spawn(daemon.run(stopped(stopping))),
            mailer: tokio::spawn(mailer),
            ids: 0,
            waits: true,
            _line: line,
            _live: live,
            _names: names,
        }
    }

    /// Lets time pass until then, in steps of five minutes, each of which the daemon has worked off.
    async fn until(&mut self, then: Moment) {
        while self.now < then {
            let step_ms = then.ms_since(self.now).min(5 * 60_000);
            self.hand.pass(step_ms);
            self.now = self.now.plus_ms(step_ms);
            self.settled().await;
            if self.waits {
                self.mailed().await;
            }
        }
    }

    /// Waits until a turn of this moment is committed.
    async fn settled(&self) {
        let order = Order::Case {
            incident: 0,
            wish: Wish::Ack,
            seen: None,
        };
        assert_eq!(self.order("s-1", "", order).await, Err(Refusal::NoCase(0)));
    }

    async fn order(&self, who: &str, reason: &str, what: Order) -> CaseAnswer {
        let order = CaseOrder {
            who: who.into(),
            post: None,
            reason: reason.into(),
            what,
        };
        let (answer, answered) = oneshot::channel();
        self.orders.send(order::Order::Case { order, answer }).await.unwrap();
        let answered = tokio::time::timeout(Duration::from_secs(60), answered);
        answered.await.unwrap().unwrap()
    }

    async fn does(&self, who: &str, incident: i64, wish: Wish) -> CaseAnswer {
        let seen = None;
        self.order(who, "sudah dilihat di tempat", Order::Case { incident, wish, seen })
            .await
    }

    /// Something that took place at another time than now.
    async fn late(&mut self, kind: &str, told: Moment, data: &str) {
        self.send("system", kind, told, data).await;
        self.settled().await;
        self.mailed().await;
    }

    /// The number of the `nth` incident of an officer whose phone was out, the oldest first.
    async fn phone(&self, officer: &str, nth: usize) -> i64 {
        let filter = CaseFilter {
            officer: Some(officer.to_owned()),
            ..CaseFilter::default()
        };
        let mut cases = self.store.cases(&filter, 1_000).await.unwrap();
        cases.retain(|case| case.policy.as_str() == "phone-out-during-service");
        cases.sort_by_key(|case| case.incident);
        assert!(cases.len() > nth, "{cases:#?}");
        cases[nth].incident
    }

    /// Waits until every letter that may go has gone.
    async fn mailed(&self) {
        for _ in 0..20_000 {
            if self.store.outbox_counts().await.unwrap().waiting == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        panic!("letters stay behind");
    }

    async fn send(&mut self, device: &str, kind: &str, told: Moment, data: &str) {
        self.ids += 1;
        let payload = format!(
            r#"{{"specversion":"1.0","id":"{device}-{}-{}","source":"/kota/{device}","type":"{kind}","time":"{}","data":{data}}}"#,
            told.0,
            self.ids,
            told.rfc3339(chrono_tz::UTC)
        );
        let (receipt, confirmed) = Receipt::held();
        let message = Inbound {
            topic: format!("jagaloket/v1/kota/{device}/events"),
            payload: payload.into_bytes(),
            retained: false,
            refused: None,
            receipt,
        };
        self.inbound.send(message).await.unwrap();
        let confirmed = tokio::time::timeout(Duration::from_secs(60), confirmed);
        confirmed.await.unwrap().unwrap();
    }

    /// An officer begins to work: his shift, his phone in the locker, his session.
    async fn begins(&mut self, officer: &str, counter: &str) {
        let now = self.now;
        let data = format!("{{\"officer\":\"{officer}\"}}");
        self.send("system", "shift.started", now, &data).await;
        self.send(
            "system",
            "lockbox.checked",
            now,
            &format!("{{\"officer\":\"{officer}\",\"present\":true}}"),
        )
        .await;
        self.send(counter, "session.signed_in", now.plus_ms(1_000), &data).await;
        self.send(counter, "service.started", now.plus_ms(2_000), "{}").await;
    }

    async fn ends(&mut self, officer: &str, counter: &str) {
        let now = self.now;
        let data = format!("{{\"officer\":\"{officer}\"}}");
        self.send(counter, "session.signed_out", now, &data).await;
        self.send("system", "shift.ended", now, &data).await;
    }

    /// The phone is out of the locker during a service, from now for five minutes.
    async fn phone_out(&mut self, officer: &str, counter: &str) {
        let now = self.now;
        self.send(counter, "service.started", now, "{}").await;
        let absent = format!("{{\"officer\":\"{officer}\",\"present\":false}}");
        self.send("system", "lockbox.checked", now, &absent).await;
        self.until(now.plus_ms(5 * 60_000)).await;
        let now = self.now;
        let present = format!("{{\"officer\":\"{officer}\",\"present\":true}}");
        self.send("system", "lockbox.checked", now, &present).await;
        self.settled().await;
        if self.waits {
            self.mailed().await;
        }
    }

    /// Kills it: nothing is finished, no snapshot kept, no lease ended.
    async fn kill(self) {
        self.daemon.abort();
        self.mailer.abort();
        let _ = self.daemon.await;
        let _ = self.mailer.await;
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.daemon.await.unwrap().unwrap();
        self.mailer.await.unwrap();
        self.store.close().await.unwrap();
    }
}

/// A mail as its reader sees it.
#[derive(Clone, Debug, serde::Deserialize)]
struct Mail {
    to: String,
    date_ms: i64,
    subject: String,
    message_id: String,
    in_reply_to: Option<String>,
    auto_submitted: Option<String>,
    list_id: Option<String>,
    text: String,
    html: String,
}

const READ: &str = r#"
import email, email.policy, email.utils, json, sys
for path in sys.stdin.read().split("\n"):
    if path:
        mail = email.message_from_binary_file(open(path, "rb"), policy=email.policy.default)
        print(json.dumps({"to": email.utils.parseaddr(mail["to"])[1],
            "date_ms": int(mail["date"].datetime.timestamp() * 1000), "subject": mail["subject"],
            "message_id": mail["message-id"], "in_reply_to": mail["in-reply-to"],
            "auto_submitted": mail["auto-submitted"], "list_id": mail["list-id"],
            "text": mail.get_body(("plain",)).get_content(), "html": mail.get_body(("html",)).get_content()}))
"#;

/// Everything the mail server took, in its order.
fn mails(sink: &SmtpSink) -> Vec<Mail> {
    let paths: Vec<String> = sink
        .received()
        .iter()
        .map(|received| received.eml.display().to_string())
        .collect();
    let read = support::python(READ, &[], paths.join("\n").as_bytes());
    read.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What each got, as `Mon 10:05 subject`, an answer marked.
fn told(mails: &[Mail]) -> BTreeMap<String, Vec<String>> {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in mails {
        let when = Moment(mail.date_ms).local(chrono_tz::Asia::Jakarta);
        let line = format!("{} {}", when.format("%a %H:%M"), mail.subject);
        told.entry(mail.to.clone()).or_default().push(line);
    }
    told
}
