//! The applicants' side with a daemon on a clock set by hand, a real dashboard, both databases: what is booked, who is
//! let in, and that nothing anywhere shows a number.

mod channel;
mod page;

use std::sync::Arc;
use std::time::Duration;

use jagaloket::accounts::Role;
use jagaloket::booking::code::sealed_under;
use jagaloket::booking::gate::{Answer, Holder};
use jagaloket::booking::order::{Act, Answered, Done, Issued, Refusal, Scanned, VisitAnswer, VisitOrder};
use jagaloket::booking::{Terms, code};
use jagaloket::case;
use jagaloket::channel::{Hears, Sender};
use jagaloket::clock::{Hand, MonitorClock};
use jagaloket::daemon::desk::{PolicyTexts, Texts};
use jagaloket::daemon::docket::Docket;
use jagaloket::daemon::visits::{Visits, Written};
use jagaloket::daemon::{self, DAY_MS, Daemon, Memory, order};
use jagaloket::door::{Door, Frame, WAITING_MAX, alone};
use jagaloket::engine::Clock;
use jagaloket::engine::time::Moment;
use jagaloket::engine::visit::{Appointment, Nationality, Number, Tongue};
use jagaloket::inbound::{Inbound, Line, Receipt};
use jagaloket::keys::Keys;
use jagaloket::letter::House;
use jagaloket::live::{BrokerKind, Live};
use jagaloket::place::Place;
use jagaloket::serve;
use jagaloket::store::{Bounds, Store};
use jagaloket::telemetry::Metrics;
use jagaloket::web::{self, Settings, Site};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::support::{Browser, Postgres};
use crate::web::people::{Person, seat};

const ROSTER: &str = r#"
[office]
id = "kota"
name = "Kantor Imigrasi Kota"
timezone = "Asia/Jakarta"
[[counter]]
id = "loket-1"
heartbeat_every = "0s"
[[gate]]
id = "gerbang-1"
name = "Gerbang Depan"
[[gate]]
id = "gerbang-2"
name = "Gerbang Samping"
[[supervisor]]
id = "s-1"
name = "Kasi"
email = "s1@kota.example"
"#;

/// 08:50 WIB on Tuesday, 24 November 2026.
const MORNING: &str = "2026-11-24T08:50:00+07:00";
/// What the channel signs with, and says first.
const SECRET: &str = "rahasia";
const VERIFY: &str = "jagaloket-kota";
/// What must never show.
const PLANTED: [&str; 3] = ["81299887766", "+6281299887766", "0812-9988-7766"];

fn at(text: &str) -> Moment {
    Moment::parse(text).unwrap()
}

struct Monitor {
    hand: Hand,
    clock: MonitorClock,
    hears: Hears,
    now: Moment,
    inbound: mpsc::Sender<Inbound>,
    orders: mpsc::Sender<order::Order>,
    store: Store,
    port: u16,
    stop: watch::Sender<bool>,
    daemon: JoinHandle<anyhow::Result<()>>,
    web: JoinHandle<Result<(), web::ServeError>>,
    _line: watch::Sender<Line>,
}

impl Monitor {
    async fn start(place: &str, keys: &Keys, now: Moment) -> Monitor {
        let store = Store::open(Place::parse(place).unwrap(), Bounds::default())
            .await
            .unwrap();
        let (clock, hand) = MonitorClock::by_hand(now);
        let house = House {
            base_url: "https://jagaloket.kota.example".into(),
            domain: "kota.example".into(),
            counts_alone: false,
            wording: Default::default(),
        };
        let mut book = serve::open_book(&store, house).await.unwrap();
        let texts = Texts {
            roster: ROSTER.to_owned(),
            policies: PolicyTexts::default(),
        };
        let desks = daemon::open_desks(&store, &[texts], Clock::Ticks, now, 15 * DAY_MS, &mut book)
            .await
            .unwrap();
        let docket = Docket::open(&store, case::Terms::default()).await.unwrap();
        let mut visits = Visits::open(&store, &desks, keys.clone(), Terms::default())
            .await
            .unwrap();
        visits.channel = Some(Written { quiet_ms: 0 });
        let hears = Hears {
            store: store.clone(),
            keys: keys.clone(),
            senders: vec![Sender {
                office: "kota".into(),
                name: "Kantor Imigrasi Kota".into(),
                zone: chrono_tz::Asia::Jakarta,
            }],
            clock: clock.clone(),
            secret: SECRET.into(),
            verify: VERIFY.into(),
        };
        let (stop, stopping) = watch::channel(false);
        let (live_sender, live) = watch::channel(Arc::new(Live::starting(now, BrokerKind::External)));
        let (inbound, messages) = mpsc::channel(100);
        let (line, line_news) = watch::channel(Line {
            connected_since: Some(now),
            connections: 1,
            ..Line::default()
        });
        let (orders, orders_in) = mpsc::channel(16);
        let metrics = Arc::new(Metrics::default());
        let stopped = |mut stopping: watch::Receiver<bool>| async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let settings = Settings::default();
        let listener = web::listen("127.0.0.1:0".parse().unwrap(), &settings).await.unwrap();
        let port = listener.address().unwrap().port();
        let (acts, waiting) = mpsc::channel(WAITING_MAX);
        let door = Door::new(Frame {
            store: store.clone(),
            acts,
            keys: keys.clone(),
            clock: MonitorClock::Wall,
            base_url: format!("http://localhost:{port}"),
            domain: "kota.example".into(),
            mails: false,
            provider: None,
            codes_within_ms: None,
            live: None,
        });
        tokio::spawn(alone(store.clone(), MonitorClock::Wall, waiting));
        let pages = orders.clone();
        let site = Site {
            store: store.clone(),
            live,
            metrics: metrics.clone(),
            settings: Arc::new(settings),
            explain: None,
            orders: None,
            visits: Some(Arc::new(move |order| {
                let orders = pages.clone();
                Box::pin(async move { carry(&orders, order).await })
            })),
            webhook: Some(serve::heard(hears.clone())),
            door,
        };
        let web = tokio::spawn(web::serve(listener, site, stopped(stopping.clone())));
        let daemon = Daemon {
            acts: mpsc::channel(1).1,
            store: store.clone(),
            desks,
            book,
            clock: clock.clone(),
            ticks: true,
            keep_ms: 15 * DAY_MS,
            inbound: messages,
            line: line_news,
            live: live_sender,
            nudge: Arc::new(Notify::new()),
            metrics,
            broker: BrokerKind::External,
            orders: orders_in,
            docket,
            visits,
            memory: Memory::default(),
        };
        Monitor {
            hand,
            clock,
            hears,
            now,
            inbound,
            orders,
            store,
            port,
            stop,
            daemon: tokio::spawn(daemon.run(stopped(stopping))),
            web,
            _line: line,
        }
    }

    fn pass(&mut self, ms: i64) {
        self.hand.pass(ms);
        self.now = self.now.plus_ms(ms);
    }

    async fn does(&self, what: Act) -> VisitAnswer {
        let order = VisitOrder {
            office: None,
            by: "g-1".into(),
            what,
        };
        carry(&self.orders, order).await
    }

    async fn scan(&self, gate: &str, code: &str) -> Answered {
        let scanned = Scanned {
            gate: gate.into(),
            code: code.into(),
            ..Scanned::default()
        };
        match self.does(Act::Scan(scanned)).await {
            Ok(Done::Answered(answered)) => answered,
            other => panic!("{other:?}"),
        }
    }

    async fn send(&self, device: &str, id: &str, kind: &str, time: &str, data: &str) {
        let payload = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/kota/{device}","type":"{kind}","time":"{time}","data":{data}}}"#
        );
        self.raw(device, payload).await;
    }

    async fn raw(&self, device: &str, payload: String) {
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

    async fn browser(&self, role: Role) -> Browser {
        let roles: &'static [(Role, Option<&'static str>)] = match role {
            Role::Gate => &[(Role::Gate, None)],
            Role::Custodian => &[(Role::Custodian, None)],
            _ => &[(Role::Integrity, None)],
        };
        let person = Person {
            name: role.as_str(),
            office: Some("kota"),
            person: Some("g-01"),
            roles,
        };
        let token = seat(&self.store, &person).await;
        let mut browser = Browser::new(self.port);
        browser.cookies.insert("jagaloket_session".into(), token);
        browser
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.daemon.await.unwrap().unwrap();
        self.web.await.unwrap().unwrap();
        self.store.close().await.unwrap();
    }
}

async fn carry(orders: &mpsc::Sender<order::Order>, order: VisitOrder) -> VisitAnswer {
    let (answer, answered) = oneshot::channel();
    orders.send(order::Order::Visit { order, answer }).await.unwrap();
    let answered = tokio::time::timeout(Duration::from_secs(60), answered);
    answered.await.unwrap().unwrap()
}

/// A booking from nine to half past, with the planted number.
fn booked(code: &str) -> Appointment {
    Appointment {
        booking: code.into(),
        from: at("2026-11-24T09:00:00+07:00"),
        until: at("2026-11-24T09:30:00+07:00"),
        service: "passport-new".into(),
        nationality: Nationality::Wni,
        initials: "AS".into(),
        care: None,
        tongue: Tongue::Id,
        number: Number::parse(PLANTED[2]),
    }
}

const ISSUED: &str = r#"{"booking":"TNG-7F3K9Q","from":"2026-11-24T09:00:00+07:00","until":"2026-11-24T09:30:00+07:00",
    "service":"passport-new","nationality":"wni","initials":"BW","number":"0812-9988-7766","name":"Budi Waluyo","nik":"3671999988887777"}"#;

/// Every entry of the ledger and of quarantine as text.
async fn all_kept(store: &Store) -> String {
    let mut text = String::new();
    let mut after = 0;
    loop {
        let page = store.entries(after, None).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.n;
        for row in &page {
            text.push_str(&String::from_utf8_lossy(&row.body));
            text.push('\n');
        }
    }
    let whole = jagaloket::accounts::Scope::whole();
    for row in store.quarantined(&whole, None, None, 1_000, 100_000).await.unwrap() {
        text.push_str(&String::from_utf8_lossy(&row.payload));
        text.push_str(&row.reason);
        text.push('\n');
    }
    text
}

fn without_numbers(text: &str, what: &str) {
    for planted in PLANTED.iter().chain(&["Budi Waluyo", "3671999988887777"]) {
        assert!(!text.contains(planted), "{what} shows {planted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_come_as_events_and_orders_and_are_the_same_after_a_restart_on_both_databases() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("j.db").display().to_string();
    for place in [file.clone(), Postgres::shared().database()] {
        let keys = Keys::passing();
        let mut monitor = Monitor::start(&place, &keys, at(MORNING)).await;
        monitor.send("system", "b-1", "booking.issued", MORNING, ISSUED).await;
        // Again, as an office's system does that was not answered; and a refused one, with the number where it is not for it.
        monitor.send("system", "b-1", "booking.issued", MORNING, ISSUED).await;
        let wrong = ISSUED
            .replace("\"wni\"", "\"martian\"")
            .replace("passport-new", "0812-9988-7766");
        monitor.send("system", "b-2", "booking.issued", MORNING, &wrong).await;
        monitor.raw("system", format!("{{\"number\":\"{}\"", PLANTED[0])).await;
        monitor
            .send(
                "loket-1",
                "b-3",
                "booking.cancelled",
                MORNING,
                "{\"booking\":\"TNG7F3K9Q\"}",
            )
            .await;
        assert_eq!(
            monitor
                .store
                .quarantine_counts()
                .await
                .unwrap()
                .iter()
                .map(|one| one.count)
                .sum::<i64>(),
            3
        );
        let row = monitor.store.booking("kota", "TNG7F3K9Q").await.unwrap().unwrap();
        assert_eq!(
            (row.initials.as_str(), row.state.as_str(), row.date.as_str()),
            ("BW", "issued", "2026-11-24")
        );

        let Ok(Done::Issued { codes }) = monitor
            .does(Act::Issue {
                bookings: vec![booked(""), booked("")],
            })
            .await
        else {
            panic!()
        };
        let [(one, Issued::New), (two, Issued::New)] = &codes[..] else {
            panic!("{codes:?}")
        };
        assert!(one != two && code::check_of(one) == code::Check::Right, "{codes:?}");
        // Again by its code: nothing changes without the number; another service does.
        let same = Appointment {
            number: None,
            ..booked(one)
        };
        let other = Appointment {
            service: "passport-lost".into(),
            ..same.clone()
        };
        for (booking, expected) in [(same, Issued::Unchanged), (other, Issued::Changed)] {
            let done = monitor
                .does(Act::Issue {
                    bookings: vec![booking],
                })
                .await;
            assert_eq!(
                done,
                Ok(Done::Issued {
                    codes: vec![(one.clone(), expected)]
                })
            );
        }
        // A gate that was off line tells later whom it let in.
        monitor.pass(30 * 60_000);
        let data = "{\"booking\":\"TNG-7F3K9Q\",\"errand\":\"service\"}";
        monitor
            .send("gerbang-2", "a-1", "gate.admitted", "2026-11-24T08:58:00+07:00", data)
            .await;
        assert_eq!(
            monitor.scan("gerbang-1", "tng 7f3k9q").await.answer,
            Answer::Inside {
                at: at("2026-11-24T08:58:00+07:00")
            }
        );
        assert_eq!(
            monitor
                .does(Act::Cancel {
                    booking: "nobody".into()
                })
                .await,
            Err(Refusal::NoBooking("NOBODY".into()))
        );
        assert_eq!(
            monitor.does(Act::Cancel { booking: two.clone() }).await,
            Ok(Done::Written { booking: two.clone() })
        );
        let before = monitor.store.bookings("kota", "2026-11-24", 100).await.unwrap();
        assert_eq!(before.len(), 3);

        // The vault alone has the numbers.
        let sealed = monitor.store.sealed_number("kota", one).await.unwrap().unwrap();
        let number = keys.unseal(&sealed_under("kota", one), &sealed).unwrap();
        assert_eq!(number, PLANTED[1].as_bytes());
        assert_eq!(keys.unseal(&sealed_under("kota", two), &sealed), None, "another's");
        let kept = all_kept(&monitor.store).await;
        assert!(kept.contains("booking.issued") && kept.contains("gate.admitted"));
        without_numbers(&kept, "the ledger or quarantine");

        let (one, now) = (one.clone(), monitor.now);
        monitor.stop().await;
        if place == file {
            let bytes = std::fs::read(&file).unwrap();
            without_numbers(&String::from_utf8_lossy(&bytes), "the database's file");
        }
        let monitor = Monitor::start(&place, &keys, now).await;
        assert_eq!(monitor.scan("gerbang-2", &one).await.answer, Answer::Welcome);
        let after = monitor.store.bookings("kota", "2026-11-24", 100).await.unwrap();
        let states = |rows: &[jagaloket::store::rows::BookingRow]| {
            let mut states: Vec<_> = rows.iter().map(|row| (row.code.clone(), row.state.clone())).collect();
            states.retain(|(code, _)| *code != one);
            states
        };
        assert_eq!(states(&after), states(&before));

        // Thirty days after the passport was collected.
        monitor.does(Act::Collected { booking: one.clone() }).await.unwrap();
        let end = monitor.now.plus_ms(30 * DAY_MS);
        assert_eq!(monitor.store.numbers_kept().await.unwrap(), 3);
        assert_eq!(monitor.store.erase_numbers(end.plus_ms(-1)).await.unwrap(), 0);
        assert_eq!(monitor.store.erase_numbers(end).await.unwrap(), 1);
        assert_eq!(monitor.store.sealed_number("kota", &one).await.unwrap(), None);
        assert!(monitor.store.verify(None).await.is_ok());
        monitor.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_at_another_gate_within_a_second_is_refused_and_only_a_reason_lets_it_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("j.db").display().to_string();
    let mut monitor = Monitor::start(&file, &Keys::passing(), at(MORNING)).await;
    let Ok(Done::Issued { codes }) = monitor
        .does(Act::Issue {
            bookings: vec![booked(""); 20],
        })
        .await
    else {
        panic!()
    };
    for (code, _) in &codes {
        // At the same moment.
        let (one, other) = tokio::join!(monitor.scan("gerbang-1", code), monitor.scan("gerbang-2", code));
        let admitted = [&one, &other].iter().filter(|said| said.admitted).count();
        assert_eq!(admitted, 1, "{one:?} {other:?}");
        assert!([one.answer, other.answer].contains(&Answer::Inside { at: monitor.now }));
    }
    let code = codes[0].0.clone();
    let mut scanned = Scanned {
        gate: "gerbang-2".into(),
        code: code.clone(),
        errand: None,
        companions: 0,
        holder: Holder::Applicant,
        reason: Some("x".into()),
    };
    monitor.pass(20_000);
    assert_eq!(monitor.does(Act::Scan(scanned.clone())).await, Err(Refusal::NoReason));
    scanned.reason = Some("keluarga salah pindai di gerbang depan".into());
    let Ok(Done::Answered(said)) = monitor.does(Act::Scan(scanned)).await else {
        panic!()
    };
    assert!(said.admitted && said.overridden && !said.answer.admits());
    let kept = all_kept(&monitor.store).await;
    assert!(kept.contains("keluarga salah pindai") && kept.contains("\"by\":\"g-1\""));
    assert!(monitor.store.booking("kota", &code).await.unwrap().unwrap().twin);
    // Somebody types his number where the code belongs.
    assert!(!monitor.scan("gerbang-1", PLANTED[2]).await.admitted);
    assert!(!monitor.scan("gerbang-1", "12345678").await.admitted);
    let kept = all_kept(&monitor.store).await;
    without_numbers(&kept, "the ledger");
    assert!(kept.contains("\"why\":\"mistyped\""));
    monitor.stop().await;
}
