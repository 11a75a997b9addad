//! The designated channel against a double of the Graph API, made after its public documentation: errors, limits, lost
//! answers, and what it tells in any order and again and again.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;

use jagaloket::accounts::codes::hex;
use jagaloket::channel::{Channel, Cloud, Round, Sender, Writer};
use jagaloket::store::messages::Fate;
use serde_json::{Value, json};

use super::*;

/// What the double does with the next message.
#[derive(Clone, Copy, Debug)]
enum Does {
    Takes,
    Refuses(u16, i64, Option<u32>),
    /// Takes it, and its answer is lost.
    TakesSilently,
}

#[derive(Default)]
struct Taken {
    plan: VecDeque<Does>,
    /// Messages that were taken: our key, and the whole request.
    taken: Vec<(String, Value)>,
    asked: usize,
}

/// A double of the Graph API on a port.
struct Graph {
    port: u16,
    taken: Arc<Mutex<Taken>>,
}

impl Graph {
    fn on(port: u16) -> Graph {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken: Arc<Mutex<Taken>> = Arc::default();
        let shared = taken.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &shared);
            }
        });
        Graph { port, taken }
    }

    fn plans(&self, plan: &[Does]) {
        self.taken.lock().unwrap().plan.extend(plan);
    }

    fn taken(&self) -> Vec<(String, Value)> {
        self.taken.lock().unwrap().taken.clone()
    }

    /// How often each key was taken.
    fn times(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for (key, _) in self.taken() {
            *times.entry(key).or_default() += 1;
        }
        times
    }
}

fn answer(mut stream: TcpStream, shared: &Mutex<Taken>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length, mut bearer) = (String::new(), 0, false);
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        bearer |= lower.trim() == "authorization: bearer geheim";
        line.clear();
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let request: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let key = request["biz_opaque_callback_data"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mut taken = shared.lock().unwrap();
    taken.asked += 1;
    let does = match bearer {
        true => taken.plan.pop_front().unwrap_or(Does::Takes),
        false => Does::Refuses(401, 190, None),
    };
    let (status, extra, text) = match does {
        Does::Takes | Does::TakesSilently => {
            taken.taken.push((key, request));
            let wamid = format!("wamid.{}", taken.taken.len());
            (
                200,
                String::new(),
                json!({ "messaging_product": "whatsapp", "messages": [{ "id": wamid }] }).to_string(),
            )
        }
        Does::Refuses(status, code, retry_after) => {
            let extra = retry_after.map_or(String::new(), |s| format!("retry-after: {s}\r\n"));
            (
                status,
                extra,
                json!({ "error": { "code": code, "message": "…" } }).to_string(),
            )
        }
    };
    if !matches!(does, Does::TakesSilently) {
        let _ = write!(
            stream,
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{extra}content-length: {}\r\n\r\n{text}",
            text.len()
        );
    }
}

fn writer(monitor: &Monitor, keys: &Keys, port: u16) -> Writer {
    Writer {
        store: monitor.store.clone(),
        channel: Channel::Cloud(Cloud {
            url: format!("http://127.0.0.1:{port}/v23.0"),
            phone_number_id: "111".into(),
            token: "geheim".into(),
            ca_file: None,
        }),
        keys: keys.clone(),
        senders: vec![Sender {
            office: "kota".into(),
            name: "Kantor Imigrasi Kota".into(),
            zone: chrono_tz::Asia::Jakarta,
        }],
        clock: monitor.clock.clone(),
    }
}

async fn issue(monitor: &Monitor, count: usize) -> Vec<String> {
    let bookings = vec![booked(""); count];
    match monitor.does(Act::Issue { bookings }).await {
        Ok(Done::Issued { codes }) => codes.into_iter().map(|(code, _)| code).collect(),
        other => panic!("{other:?}"),
    }
}

/// Rounds until nothing is due, time passing in steps of a minute.
async fn work(monitor: &mut Monitor, writer: &Writer, minutes: u32) {
    for _ in 0..minutes {
        while writer.round(|| false).await.unwrap() != Round::default() {}
        monitor.pass(60_000);
    }
}

async fn fates(monitor: &Monitor) -> BTreeMap<String, i64> {
    monitor.store.message_counts(None).await.unwrap().into_iter().collect()
}

fn call(value: &Value) -> String {
    json!({ "object": "whatsapp_business_account", "entry": [{ "changes": [{ "field": "messages", "value": value }] }] }).to_string()
}

fn status(wamid: &str, key: &str, word: &str) -> String {
    call(
        &json!({ "statuses": [{ "id": wamid, "status": word, "recipient_id": "6281299887766", "timestamp": "1795399200",
        "biz_opaque_callback_data": key }] }),
    )
}

fn wrote(wamid: &str, from: &str, text: &str) -> String {
    call(
        &json!({ "messages": [{ "id": wamid, "from": from, "timestamp": "1795399200", "type": "text", "text": { "body": text } }] }),
    )
}

fn signature(secret: &str, body: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    format!("sha256={}", hex(ring::hmac::sign(&key, body.as_bytes()).as_ref()))
}

/// What the channel's call is answered.
async fn tell(monitor: &Monitor, body: &str, signature: &str) -> u16 {
    let (port, body, signature) = (monitor.port, body.to_owned(), signature.to_owned());
    let told = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(
            stream,
            "POST /channel/webhook HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-hub-signature-256: {signature}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    });
    told.await.unwrap()
}

async fn told(monitor: &Monitor, body: &str) -> u16 {
    tell(monitor, body, &signature(SECRET, body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_the_api_and_limits_send_everything_once_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (file, keys) = (folder.path().join("j.db").display().to_string(), Keys::passing());
    let mut monitor = Monitor::start(&file, &keys, at(MORNING)).await;
    let port = crate::support::free_port();
    let writer = writer(&monitor, &keys, port);
    let codes = issue(&monitor, 30).await;
    // Issued again, nobody is written again.
    monitor
        .does(Act::Issue {
            bookings: codes
                .iter()
                .map(|code| Appointment {
                    number: None,
                    ..booked(code)
                })
                .collect(),
        })
        .await
        .unwrap();
    work(&mut monitor, &writer, 60).await;
    assert_eq!(fates(&monitor).await, BTreeMap::from([("queued".into(), 30)]));

    let graph = Graph::on(port);
    graph.plans(&[
        Does::Takes,
        Does::Refuses(429, 130_429, Some(7)),
        Does::Refuses(500, 131_000, None),
        Does::Refuses(400, 131_056, None),
    ]);
    work(&mut monitor, &writer, 75).await;
    assert_eq!(fates(&monitor).await, BTreeMap::from([("sent".into(), 30)]));
    let times = graph.times();
    assert!(
        times.len() == 30 && times.values().all(|times| *times == 1),
        "{times:?}"
    );
    let (_, request) = &graph.taken()[0];
    assert_eq!(
        (request["to"].as_str(), request["template"]["name"].as_str()),
        (Some("6281299887766"), Some("jagaloket_booked_v1"))
    );
    assert_eq!(
        request["template"]["components"][0]["parameters"][2]["text"],
        "24-11-2026 09:00 WIB"
    );
    without_numbers(&all_kept(&monitor.store).await, "the ledger");
    monitor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_template_and_a_number_without_whatsapp_go_to_the_list_and_a_lost_answer_is_not_sent_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (file, keys) = (folder.path().join("j.db").display().to_string(), Keys::passing());
    let mut monitor = Monitor::start(&file, &keys, at(MORNING)).await;
    let graph = Graph::on(0);
    let writer = writer(&monitor, &keys, graph.port);
    issue(&monitor, 4).await;
    // And one who gave no number.
    let none = Appointment {
        number: None,
        ..booked("NONUMBER")
    };
    monitor.does(Act::Issue { bookings: vec![none] }).await.unwrap();
    graph.plans(&[
        Does::Refuses(400, 132_001, None),
        Does::Refuses(400, 131_026, None),
        Does::TakesSilently,
        Does::Takes,
    ]);
    work(&mut monitor, &writer, 2).await;
    assert_eq!(
        fates(&monitor).await,
        BTreeMap::from([("printed".into(), 3), ("sent".into(), 1), ("unsure".into(), 1)])
    );
    // It says that it has it: by our key, for its own number of it was lost.
    let (key, _) = graph.taken()[0].clone();
    assert_eq!(told(&monitor, &status("wamid.1", &key, "delivered")).await, 200);
    work(&mut monitor, &writer, 30).await;
    assert_eq!(
        fates(&monitor).await,
        BTreeMap::from([("delivered".into(), 1), ("printed".into(), 3), ("sent".into(), 1)])
    );
    assert!(graph.times().values().all(|times| *times == 1));

    let mut integrity = monitor.browser(Role::Integrity).await;
    let page = tokio::task::spawn_blocking(move || integrity.get("/messages?state=printed&lang=en").body)
        .await
        .unwrap();
    assert!(
        page.contains("Put this list up") && page.contains("NONU-MBER") && page.contains("code 132001"),
        "{page}"
    );
    without_numbers(&page, "the list");
    monitor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_in_any_order_told_a_thousand_times_change_nothing_twice_and_a_forged_call_is_refused_and_traced() {
    let folder = tempfile::tempdir().unwrap();
    let (file, keys) = (folder.path().join("j.db").display().to_string(), Keys::passing());
    let mut monitor = Monitor::start(&file, &keys, at(MORNING)).await;
    let graph = Graph::on(0);
    let writer = writer(&monitor, &keys, graph.port);
    issue(&monitor, 1).await;
    work(&mut monitor, &writer, 1).await;
    let (key, _) = graph.taken()[0].clone();
    for word in ["read", "delivered", "sent", "failed"] {
        assert_eq!(told(&monitor, &status("wamid.1", &key, word)).await, 200);
    }
    assert_eq!(fates(&monitor).await, BTreeMap::from([("read".into(), 1)]));
    let body = wrote("wamid.in.1", "6281299887766", "STATUS");
    told(&monitor, &body).await;
    let messages = |kept: String| {
        kept.lines()
            .filter(|line| line.contains("\"message\":") || line.contains("\"contact\":"))
            .count()
    };
    let before = messages(all_kept(&monitor.store).await);
    assert_eq!(before, 3, "sent, read, written");
    let hears = monitor.hears.clone();
    for _ in 0..500 {
        hears.take(body.as_bytes()).await.unwrap();
        hears.take(status("wamid.1", &key, "read").as_bytes()).await.unwrap();
    }
    assert_eq!(messages(all_kept(&monitor.store).await), before);
    work(&mut monitor, &writer, 2).await;
    let taken = graph.taken();
    assert_eq!(taken.len(), 2, "one booking, one answer");
    assert_eq!(taken[1].1["type"], "text");

    let forged = status("wamid.1", &key, "failed");
    for wrong in [
        signature("another", &forged),
        signature(SECRET, &body),
        "sha256=00".into(),
        String::new(),
    ] {
        assert_eq!(tell(&monitor, &forged, &wrong).await, 403);
    }
    let kept = all_kept(&monitor.store).await;
    assert!(kept.contains("webhook_signature"));
    without_numbers(&kept, "the ledger");
    let mut nobody = Browser::new(monitor.port);
    let right = "/channel/webhook?hub.mode=subscribe&hub.challenge=42&hub.verify_token=";
    let said = tokio::task::spawn_blocking(move || {
        [
            nobody.get(&format!("{right}{VERIFY}")),
            nobody.get(&format!("{right}x")),
        ]
    });
    let [good, bad] = said.await.unwrap();
    assert_eq!((good.status, good.body.as_str(), bad.status), (200, "42", 403));
    monitor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_reaches_the_integrity_team_alone_and_who_sent_it_a_custodian_alone_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (file, keys) = (folder.path().join("j.db").display().to_string(), Keys::passing());
    let mut monitor = Monitor::start(&file, &keys, at(MORNING)).await;
    let graph = Graph::on(0);
    let writer = writer(&monitor, &keys, graph.port);
    let code = issue(&monitor, 1).await.remove(0);
    told(
        &monitor,
        &wrote("wamid.in.2", "6281299887766", "LAPOR diminta uang rokok di loket 3"),
    )
    .await;
    told(
        &monitor,
        &wrote("wamid.in.3", "6281311112222", "lapor: calo di parkiran"),
    )
    .await;
    told(&monitor, &wrote("wamid.in.4", "6281299887766", "jam berapa buka?")).await;
    // Beyond a day no answer goes out any more: it needs a template.
    monitor.pass(24 * 3_600_000);
    work(&mut monitor, &writer, 3).await;
    assert!(
        graph.taken().iter().all(|(key, _)| !key.starts_with("reply/")),
        "{:?}",
        graph.times()
    );
    let printed = monitor.store.messages("kota", Some(Fate::Printed), 9).await.unwrap();
    assert_eq!(printed.len(), 2);

    let (mut integrity, mut custodian) = (
        monitor.browser(Role::Integrity).await,
        monitor.browser(Role::Custodian).await,
    );
    let mut gate = monitor.browser(Role::Gate).await;
    let pages = tokio::task::spawn_blocking(move || {
        let reports = integrity.get("/reports?lang=en");
        assert!(
            reports.body.contains("uang rokok di loket 3") && reports.body.contains("calo di parkiran"),
            "{}",
            reports.body
        );
        assert!(reports.body.contains(&code::shown(&code)) && !reports.body.contains("jam berapa buka"));
        assert_eq!(
            [
                integrity.get("/seals").status,
                gate.get("/reports").status,
                gate.get("/seals").status
            ],
            [403; 3]
        );
        assert_eq!(
            [custodian.get("/reports").status, custodian.get("/messages").status],
            [403; 2]
        );
        assert_eq!(custodian.get("/").header("location"), Some("/seals"));
        let seals = custodian.get("/seals?lang=en");
        assert!(!seals.body.contains("uang rokok"), "{}", seals.body);
        let without = custodian.submit("/seals", "/seals/wamid.in.2", &[("reason", "x")]);
        assert_eq!(without.status, 400);
        let opened = custodian.submit(
            "/seals",
            "/seals/wamid.in.2",
            &[("reason", "permintaan tertulis Itjen 12/2026")],
        );
        assert!(
            opened.status == 200 && opened.body.contains(PLANTED[1]),
            "{}",
            opened.body
        );
        let after = integrity.get("/reports?lang=en");
        assert!(after.body.contains("Identity opened by"), "{}", after.body);
        [reports.body, seals.body, after.body]
    });
    for page in pages.await.unwrap() {
        without_numbers(&page, "a page");
        assert!(!page.contains("81311112222"));
    }
    let kept = all_kept(&monitor.store).await;
    assert!(kept.contains("permintaan tertulis Itjen"));
    without_numbers(&kept, "the ledger");
    assert!(!kept.contains("81311112222") && !kept.contains("uang rokok"));
    monitor.stop().await;
    let bytes = std::fs::read(&file).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    without_numbers(&text, "the database's file");
    assert!(!text.contains("81311112222") && !text.contains("uang rokok"));
}
