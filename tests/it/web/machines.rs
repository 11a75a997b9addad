//! What programs get: verdicts, readiness, metrics.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jagaloket::clock::steady::Doubt;
use jagaloket::live::BrokerState;
use jagaloket::web::Settings;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::pages::Desk;
use super::seed::at;
use crate::support::Browser;

#[test]
fn verdicts_go_out_as_the_contract_has_them() {
    let desk = Desk::open();
    let zone = desk.seeded.live.offices[0].roster.office.zone;
    let expected: Vec<serde_json::Value> = desk
        .seeded
        .verdicts
        .iter()
        .map(|verdict| serde_json::to_value(verdict.line(zone)).unwrap())
        .collect();
    let (status, head, body) = desk.get("/api/v1/verdicts");
    assert_eq!(status, 200);
    assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&body).unwrap(), expected);

    let (_, head, body) = desk.read_with("/api/v1/verdicts", &["Accept: application/x-ndjson"]);
    assert!(
        head.to_lowercase().contains("content-type: application/x-ndjson"),
        "{head}"
    );
    let lines: Vec<String> = desk
        .seeded
        .verdicts
        .iter()
        .map(|verdict| serde_json::to_string(&verdict.line(zone)).unwrap() + "\n")
        .collect();
    assert_eq!(body, lines.concat(), "byte for byte what a replay prints");

    for (query, keep) in [
        (
            "policy=phone-on-usb",
            Box::new(|line: &str| line.contains("\"phone-on-usb\"")) as Box<dyn Fn(&str) -> bool>,
        ),
        (
            "from=2026-11-24",
            Box::new(|line: &str| line.contains("\"since\":\"2026-11-24")),
        ),
        (
            "from=2026-11-11&to=2026-11-12",
            Box::new(|line: &str| line.contains("-11-11T0") || line.contains("-11-11T1") || line.contains("-11-12T")),
        ),
        ("office=elsewhere", Box::new(|_: &str| false)),
    ] {
        let (_, _, body) = desk.read_with(&format!("/api/v1/verdicts?{query}"), &["Accept: application/x-ndjson"]);
        let expected: String = lines.iter().filter(|line| keep(line)).cloned().collect();
        assert_eq!(body, expected, "{query}");
    }
    let (status, head, body) = desk.get("/api/v1/verdicts?from=24-11-2026");
    assert_eq!(status, 400);
    assert!(head.to_lowercase().contains("application/problem+json"), "{head}");
    assert!(body.contains("YYYY-MM-DD"), "{body}");
    assert_eq!(
        serde_json::from_str::<Vec<serde_json::Value>>(&desk.get("/api/v1/verdicts?office=elsewhere").2)
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn policies_are_told_with_what_the_office_decided_otherwise() {
    let desk = Desk::open();
    let (status, _, body) = desk.get("/api/v1/policies");
    assert_eq!(status, 200);
    let policies: Vec<serde_json::Value> = serde_json::from_str(&body).unwrap();
    let of = |id: &str| policies.iter().find(|policy| policy["policy"] == id).unwrap();
    assert_eq!(of("phone-out-during-service")["for"], "1m");
    assert_eq!(of("phone-out-during-service")["decided"], serde_json::Value::Null);
    assert_eq!(of("service-outside-hours")["enabled"], false);
    let decided = &of("lockbox-check-overdue")["decided"];
    let change = serde_json::json!({"key": "severity", "shipped": "minor", "here": "info"});
    assert_eq!(decided["changes"], serde_json::json!([change]));
    assert_eq!(decided["decided_on"], "2026-11-02");

    let (_, _, page) = desk.get("/policies?lang=id");
    assert!(page.contains("tingkat informasi (semula biasa)"), "{page}");
    assert!(page.contains("Petugas pemeriksa hanya &lt;satu&gt; orang"));
    assert!(page.contains("Diputuskan oleh Kepala Kantor, 2 November 2026."));
    assert!(page.contains("tidak diberlakukan"));
}

#[test]
fn readiness_tells_every_reason() {
    let desk = Desk::open();
    let ready = || {
        let (status, _, body) = desk.get("/readyz");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let reasons = body["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reason| reason.as_str().unwrap().to_string());
        (status, reasons.collect::<Vec<_>>(), body.clone())
    };
    let (status, reasons, body) = ready();
    assert_eq!((status, reasons.len()), (200, 0), "{body}");
    assert_eq!(body["last_event"], "2026-11-24T10:12:40.000+07:00");
    assert!(body["letters_waiting"].as_i64().unwrap() > 0);

    desk.show(|live| live.broker.state = BrokerState::Lost("the broker closed the connection".into()));
    assert_eq!(ready().0, 503);
    assert!(ready().1[0].contains("broker"), "{:?}", ready().1);

    desk.show(|live| live.now = at("24 11:40:00"));
    assert_eq!(ready().1.len(), 2);
    assert!(ready().1[1].contains("has waited"), "{:?}", ready().1);

    desk.show(|live| live.made = Instant::now().checked_sub(Duration::from_secs(120)).unwrap());
    assert_eq!(ready().1.len(), 3);
    assert!(desk.get("/?lang=en").2.contains("The monitor has given nothing new"));

    desk.runtime.block_on(desk.seeded.store.close()).unwrap();
    let (status, reasons, _) = ready();
    assert_eq!((status, reasons.len()), (503, 3), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("database")), "{reasons:?}");
    assert_eq!(desk.get("/healthz").0, 200, "the process lives all the same");
    let (status, _, page) = desk.get("/incidents?lang=id");
    assert_eq!(status, 503);
    assert!(page.contains("Basis data tidak menjawab"));
    // Who asks is not known without it; programs on this machine are told all the same, as above.
    assert_eq!(desk.get("/health").0, 503);
    assert_eq!(desk.get("/api/v1/verdicts").0, 503);
}

#[test]
fn metrics_are_in_prometheus_form_with_base_units() {
    let desk = Desk::open();
    let (status, head, body) = desk.get("/metrics");
    assert_eq!(status, 200);
    assert!(
        head.to_lowercase().contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    for line in [
        "jagaloket_events_accepted_total 41207",
        "jagaloket_broker_connected 1",
        "jagaloket_devices_online{office=\"contoh\"} 11",
        "jagaloket_devices_silent{office=\"contoh\"} 2",
        "jagaloket_last_event_time_seconds 1795489960",
    ] {
        assert!(body.lines().any(|other| other == line), "{line}\n{body}");
    }
    let mut typed = BTreeSet::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert!(typed.insert(rest.split(' ').next().unwrap()), "twice: {line}");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(name);
            assert!(typed.contains(family) || typed.contains(name), "{line}");
            assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
        }
    }
}

#[test]
fn a_long_answer_comes_piece_by_piece_and_whole() {
    let desk = Desk::open();
    let before = desk.seeded.verdicts.len();
    let many = "WITH RECURSIVE k(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM k WHERE x < 3000) INSERT INTO verdict \
         SELECT 1000 + x, incident, office, policy, class, severity, counter, lockbox, officer, since_ms - x, opened_ms, \
         until_ms, evidence, state, changed_ms, policy_hash, engine, NULL FROM k JOIN verdict ON n = 1";
    desk.runtime.block_on(async {
        let path = desk.seeded.directory.path().join("jagaloket.db");
        let mut plain = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        sqlx::raw_sql(many).execute(&mut plain).await.unwrap();
        plain.close().await.unwrap();
    });
    let (_, _, body) = desk.get("/api/v1/verdicts");
    let list: Vec<serde_json::Value> = serde_json::from_str(&body).unwrap();
    assert_eq!(list.len(), before + 3_000);
    let since: Vec<&str> = list.iter().map(|line| line["since"].as_str().unwrap()).collect();
    assert!(since.is_sorted(), "one zone, so texts sort as instants do");
    let (_, _, lines) = desk.read_with("/api/v1/verdicts", &["Accept: application/x-ndjson"]);
    assert_eq!(lines.lines().count(), before + 3_000);
    assert!(lines.len() > 1_000_000, "{}", lines.len());
}

#[test]
fn clocks_and_missing_events_are_told_to_people_and_programs() {
    let desk = Desk::open();
    let json = |address: &str| -> serde_json::Value { serde_json::from_str(&desk.get(address).2).unwrap() };
    let clocks = json("/api/v1/clocks");
    assert_eq!(clocks[0]["times"], "as_told", "{clocks}");
    assert_eq!(
        (&clocks[1]["device"], &clocks[1]["offset_seconds"], &clocks[1]["times"]),
        (&"loket-02".into(), &47.3.into(), &"corrected".into())
    );
    assert_eq!(
        (&clocks[2]["offset_seconds"], &clocks[2]["times"]),
        (&serde_json::Value::Null, &"poor".into())
    );
    let gaps = json("/api/v1/gaps");
    assert_eq!(
        (&gaps[0]["first"], &gaps[0]["last"]),
        (&"118".into(), &"131".into()),
        "{gaps}"
    );
    assert_eq!(gaps[0]["filled"], serde_json::Value::Null);
    assert_eq!(gaps[1]["filled"], "2026-11-24T07:13:05.000+07:00");
    assert_eq!(gaps[2]["kind"], "broker_session");
    let ready = json("/readyz");
    assert_eq!(
        (&ready["gaps_open"], &ready["clocks_off"], &ready["clocks_poor"]),
        (&1.into(), &2.into(), &1.into())
    );
    assert_eq!(ready["ready"], true, "{ready}");

    let metrics = desk.get("/metrics").2;
    let office = "{office=\"contoh\"";
    for line in [
        format!("jagaloket_device_clock_offset_seconds{office},device=\"loket-02\"}} 47.3"),
        format!("jagaloket_sequence_gaps{office}}} 1"),
        format!("jagaloket_events_missing{office}}} 14"),
        format!("jagaloket_devices_poor_clock{office}}} 1"),
        "jagaloket_clock_doubted 0".to_owned(),
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line}\n{metrics}");
    }
    let offsets = metrics
        .lines()
        .filter(|line| line.starts_with("jagaloket_device_clock_offset_seconds{"));
    assert_eq!(offsets.count(), 1, "only of clocks that are off");

    for (language, words) in [
        ("id", ["Tak terpercaya", "Dikoreksi", "Belum diterima", "118–131"]),
        ("en", ["Poor", "47 seconds behind", "Filled", "118–131"]),
    ] {
        let page = desk.get(&format!("/devices?lang={language}")).2;
        for word in words {
            assert!(page.contains(word), "{word}\n{page}");
        }
    }
    desk.show(|live| {
        live.clock_doubt = Some(Doubt {
            said: at("27 06:00:00"),
            held: at("24 10:12:41"),
        });
    });
    assert!(json("/readyz")["notices"].to_string().contains("clock has jumped"));
    assert!(desk.get("/health?lang=en").2.contains("clock jumped to"));
}

#[test]
fn pages_for_programs_answer_this_machine_alone() {
    let desk = Desk::open();
    for path in ["/readyz", "/metrics"] {
        let mut browser = desk.browser();
        assert_eq!(browser.get(path).status, 200, "{path}");
        for header in ["X-Forwarded-For: 10.0.0.1", "Forwarded: for=10.0.0.1", "Via: 1.1 proxy"] {
            browser.headers = vec![header.into()];
            let answer = browser.get(path);
            assert_eq!(answer.status, 403, "{path} {header}");
            assert!(!answer.body.contains("jagaloket_"), "{path} {header}");
        }
    }
    let mut browser = desk.browser();
    browser.headers = vec!["Via: 1.1 proxy".into()];
    assert_eq!(browser.get("/healthz").status, 200);
}

#[test]
fn behind_a_proxy_programs_are_answered_at_their_own_address_and_nobody_else_there() {
    let desk = Desk::with(Settings {
        // As `serve` sets it where a proxy is configured, or programs have an address.
        machines_here: false,
        hosts: vec!["jagaloket.kantor.example".into()],
        ..Settings::default()
    });
    let listening = jagaloket::web::listen_for_machines("127.0.0.1:0".parse().unwrap());
    let listening = desk.runtime.block_on(listening).unwrap();
    let port = listening.address().unwrap().port();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let ends = async {
        let _ = stopped.await;
    };
    let served = desk
        .runtime
        .spawn(jagaloket::web::serve(listening, desk.site.clone(), ends));
    let mut here = Browser::new(port);
    for path in ["/readyz", "/metrics"] {
        // A proxy on this machine that adds no header and passes on its own name for us.
        assert_eq!(desk.browser().get(path).status, 403, "{path}");
        assert_eq!(here.get(path).status, 200, "{path}");
        let mut elsewhere = Browser::new(port);
        for header in ["X-Forwarded-For: 10.0.0.1", "Host: jagaloket.kantor.example"] {
            elsewhere.headers = vec![header.into()];
            assert_eq!(elsewhere.get(path).status, 403, "{path} {header}");
        }
    }
    assert_eq!(here.get("/healthz").status, 200);
    here.cookies.insert("jagaloket_session".into(), desk.token.clone());
    for path in ["/", "/incidents", "/sign-in", "/api/v1/verdicts"] {
        assert_eq!(here.get(path).status, 404, "{path}");
    }
    let _ = stop.send(());
    desk.runtime.block_on(served).unwrap().unwrap();
    let elsewhere = jagaloket::web::listen_for_machines("192.0.2.1:0".parse().unwrap());
    assert!(desk.runtime.block_on(elsewhere).is_err());
}
