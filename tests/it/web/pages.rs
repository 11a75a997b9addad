//! The dashboard over a seeded database: what each page shows, to whom, and in which words.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jagaloket::clock::MonitorClock;
use jagaloket::door::{Caller, Door, Frame, Provider, WAITING_MAX, alone};
use jagaloket::engine::roster::Roster;
use jagaloket::keys::Keys;
use jagaloket::live::Live;
use jagaloket::web::{ServeError, Settings, Site, listen, serve};
use tokio::sync::{mpsc, oneshot, watch};

use super::people::{AUDITOR, seat};
use super::seed::{NASTY, Seeded, seed};
use crate::support::http_get;

/// A dashboard on a free port, in a runtime of its own; it ends with the test.
pub struct Desk {
    pub seeded: Seeded,
    pub port: u16,
    /// The auditor's session.
    pub token: String,
    pub door: Arc<Door>,
    pub live: watch::Sender<Arc<Live>>,
    pub runtime: tokio::runtime::Runtime,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<Result<(), ServeError>>>,
    pub site: Site,
}

impl Desk {
    pub fn open() -> Desk {
        Desk::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Desk {
        Desk::beside(settings, None)
    }

    /// With a provider that vouches for people.
    pub fn beside(settings: Settings, provider: Option<Provider>) -> Desk {
        Desk::asking(settings, provider, None)
    }

    /// The same, where roles ask for one-time codes within so many milliseconds.
    pub fn asking(settings: Settings, provider: Option<Provider>, codes: Option<i64>) -> Desk {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let seeded = runtime.block_on(seed());
        let (live, receiver) = watch::channel(Arc::new(seeded.live.clone()));
        let (stop, stopped) = oneshot::channel();
        let listener = runtime
            .block_on(listen("127.0.0.1:0".parse().unwrap(), &settings))
            .unwrap();
        let port = listener.address().unwrap().port();
        let (acts, waiting) = mpsc::channel(WAITING_MAX);
        let door = Door::new(Frame {
            store: seeded.store.clone(),
            acts,
            keys: Keys::passing(),
            clock: MonitorClock::Wall,
            // Passkeys are for names, not for addresses.
            base_url: format!("http://localhost:{port}"),
            domain: "contoh.example".into(),
            mails: true,
            provider,
            codes_within_ms: codes,
            live: Some(receiver.clone()),
        });
        runtime.spawn(alone(seeded.store.clone(), MonitorClock::Wall, waiting));
        let token = runtime.block_on(seat(&seeded.store, &AUDITOR));
        runtime.block_on(name_two(&door, &token, &seeded.live));
        let site = Site {
            store: seeded.store.clone(),
            live: receiver,
            metrics: seeded.metrics.clone(),
            settings: Arc::new(settings),
            explain: None,
            visits: Some(Arc::new(|_| {
                Box::pin(async { Err(jagaloket::booking::order::Refusal::NoCode) })
            })),
            webhook: None,
            orders: None,
            door: door.clone(),
        };
        let ends = async {
            let _ = stopped.await;
        };
        let served = runtime.spawn(serve(listener, site.clone(), ends));
        Desk {
            seeded,
            port,
            token,
            door,
            live,
            site,
            runtime,
            stop: Some(stop),
            served: Some(served),
        }
    }

    pub fn get(&self, path: &str) -> (u16, String, String) {
        self.read_with(path, &[])
    }

    /// As the auditor, who may read everything.
    pub fn read_with(&self, path: &str, headers: &[&str]) -> (u16, String, String) {
        let cookie = format!("jagaloket_session={}", self.token);
        let language: Vec<&str> = headers
            .iter()
            .filter_map(|line| line.strip_prefix("Cookie: "))
            .collect();
        let cookies = format!("Cookie: {}", [&[cookie.as_str()], &language[..]].concat().join("; "));
        let others = headers.iter().filter(|line| !line.starts_with("Cookie: ")).copied();
        let headers: Vec<&str> = [cookies.as_str()].into_iter().chain(others).collect();
        http_get(self.port, path, &headers)
    }

    pub fn show(&self, change: impl FnOnce(&mut Live)) {
        let mut live = Live::clone(&self.live.borrow());
        change(&mut live);
        self.live.send_replace(Arc::new(live));
    }

    /// Every kind of page, with what it must say in both languages.
    pub fn pages() -> Vec<(&'static str, [&'static str; 2])> {
        vec![
            ("/", ["Insiden terbuka", "Open incidents"]),
            ("/incidents", ["masih berlangsung", "still going on"]),
            ("/incidents?state=retracted", ["Ditarik kembali", "Withdrawn"]),
            ("/incidents/36", ["Urutan kejadian", "Timeline"]),
            ("/incidents/32", ["Ditarik kembali", "Withdrawn"]),
            ("/incidents/35", ["Ini indikasi, bukan keputusan", "not a decision"]),
            ("/api", ["Antarmuka untuk program", "The interface for programs"]),
            ("/compliance", ["Cakupan data", "Data coverage"]),
            ("/signals", ["Tidak ada yang menonjol", "Nothing stands out"]),
            ("/letters", ["Percobaan", "Attempts"]),
            ("/letters?state=dead", ["Dihentikan", "Given up"]),
            ("/letters/70", ["Penerima", "Recipient"]),
            ("/quarantine", ["Bukan JSON", "Not JSON"]),
            ("/quarantine/30", ["Alasan", "Reason"]),
            ("/health", ["Tersambung", "Connected"]),
            ("/devices", ["Tak terpercaya", "Poor"]),
            ("/policies", ["tidak pernah berbunyi", "never spoke"]),
            ("/policies/phone-out-during-service", ["Dinilai per", "Judged per"]),
            (
                "/policies/badge-at-two-places",
                ["Itu juga jawaban", "That is an answer too"],
            ),
            ("/search?q=p-003", ["Candra Wijaya", "Candra Wijaya"]),
            ("/search?q=nothing-like-it", ["Tidak ditemukan", "Nothing was found"]),
        ]
    }
}

/// He has asked for two names, so that pages have some.
async fn name_two(door: &Arc<Door>, token: &str, live: &Live) {
    let rosters = live.offices.iter().map(|office| &*office.roster);
    let who = door.who(token, true, rosters).await.unwrap().unwrap();
    let caller = Caller::default();
    for officer in ["p-003", "p-005"] {
        let reason = "seeded for the tests of pages";
        door.reveal(&who, &caller, "contoh", officer, reason).await.unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(served) = self.served.take() {
            // A page under way gets a few seconds; more would be a fault of the server.
            let ended = self
                .runtime
                .block_on(async { tokio::time::timeout(Duration::from_secs(5), served).await });
            if !std::thread::panicking() {
                ended.expect("the dashboard did not end").unwrap().unwrap();
            }
        }
    }
}

#[test]
fn every_page_answers_in_both_languages_with_the_headers_that_bind_a_browser() {
    let desk = Desk::open();
    for (path, says) in Desk::pages() {
        for (code, says) in ["id", "en"].into_iter().zip(says) {
            let mark = if path.contains('?') { '&' } else { '?' };
            let (status, head, body) = desk.get(&format!("{path}{mark}lang={code}"));
            assert_eq!(status, 200, "{path} {code}");
            assert!(
                body.starts_with(&format!("<!DOCTYPE html><html lang=\"{code}\">")),
                "{path} {code}"
            );
            assert!(body.contains(says), "{path} does not say {says}");
            let head = head.to_lowercase();
            for header in [
                "content-type: text/html; charset=utf-8",
                "content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'",
                "frame-ancestors 'none'",
                "x-content-type-options: nosniff",
                "referrer-policy: same-origin",
                "cache-control: no-store",
                "cross-origin-resource-policy: same-origin",
                &format!("set-cookie: jagaloket_lang={code}; path=/; max-age=31536000; httponly; samesite=lax"),
            ] {
                assert!(head.contains(header), "{path} lacks {header}\n{head}");
            }
            let lower = body.to_lowercase();
            for never in [
                "pelanggar",
                "violator",
                "offender",
                " style=",
                "<style",
                "onclick",
                "javascript:",
                "<script>",
            ] {
                assert!(!lower.contains(never), "{path} {code} contains {never}");
            }
        }
    }
}

#[test]
fn the_reader_s_language_is_the_address_s_else_the_cookie_s_else_the_browser_s_else_indonesian() {
    let desk = Desk::open();
    for (path, headers, expected) in [
        ("/", &[][..], "id"),
        ("/", &["Accept-Language: en-GB,en;q=0.9"][..], "en"),
        (
            "/",
            &["Accept-Language: en", "Cookie: a=b; jagaloket_lang=id"][..],
            "id",
        ),
        ("/?lang=en", &["Cookie: jagaloket_lang=id"][..], "en"),
        ("/?lang=de", &["Accept-Language: de"][..], "id"),
    ] {
        let (_, head, body) = desk.read_with(path, headers);
        assert!(
            body.contains(&format!("<html lang=\"{expected}\">")),
            "{path} {headers:?}"
        );
        assert_eq!(
            head.to_lowercase().contains("set-cookie"),
            path.contains("lang=en"),
            "{path}"
        );
    }
}

#[test]
fn what_devices_and_mail_servers_send_is_shown_and_cannot_act() {
    let desk = Desk::open();
    let mut shown = String::new();
    for n in 1..=42 {
        let (status, _, body) = desk.get(&format!("/quarantine/{n}"));
        assert_eq!(status, 200, "{n}");
        shown.push_str(&body);
    }
    shown.push_str(&desk.get("/quarantine").2);
    shown.push_str(&desk.get("/letters?state=dead").2);
    for says in [
        "&lt;script&gt;alert('x')&lt;/script&gt;",
        "\\xFF\\xFE\\u{0}\u{1}".replace('\u{1}', "\\u{1}").as_str(),
        "jagaloket/v1/contoh/&lt;img src=x onerror=alert(1)&gt;/events",
        "&lt;/pre&gt;&lt;iframe src=//evil.example&gt;",
        "\\u{202e}gnp.exe",
        "&quot;&gt;&lt;svg onload=alert(1)&gt; &amp;amp; &amp;lt;b&amp;gt;",
        "User unknown &lt;b&gt;here&lt;/b&gt;",
        "16385 bita",
    ] {
        assert!(shown.contains(says), "{says}");
    }
    for never in [
        "<script>",
        "<img src=x",
        "<iframe src=//",
        "<svg onload",
        "<b>here",
        "\u{202e}",
        "\u{1b}",
        "\u{fffd}",
    ] {
        assert!(!shown.contains(never), "{never:?}");
    }
    let counted = desk.get("/quarantine?code=not_json&lang=en").2;
    let expected = NASTY.iter().filter(|(code, ..)| *code == "not_json").count();
    assert_eq!(counted.matches("<li class=\"reject\">").count(), expected);
}

#[test]
fn an_incident_tells_what_happened_from_its_events_to_its_letters() {
    let desk = Desk::open();
    let (_, _, list) = desk.get("/incidents?policy=messaging-on-workstation&lang=en");
    let link = list.split("class=\"row-link\" href=\"/incidents/").nth(1).unwrap();
    let n = &link[..link.find('"').unwrap()];
    let (_, _, page) = desk.get(&format!("/incidents/{n}?lang=en"));
    for says in [
        "Messaging application opened",
        "Messaging application opened <span class=\"soft\">Loket 5</span>",
        "This is an indication, not a decision.",
        "<time datetime=\"2026-11-24T09:14:05.000+07:00\"",
        "09:40:00–09:47:21 WIB",
        "Eko Prasetyo · p-005 · NIP …",
        "First notice",
        "<code>messaging-on-workstation</code>",
    ] {
        assert!(page.contains(says), "{says}\n{page}");
    }
    assert!(!page.contains("198506152015062006"), "the NIP is masked");
    // Three stretches, each opened and ended.
    let steps = page
        .split("class=\"steps\"")
        .nth(1)
        .unwrap()
        .split("</ol>")
        .next()
        .unwrap();
    assert_eq!(steps.matches("<li>").count(), 6);
}

#[test]
fn paging_and_filters_lead_to_every_incident_once_the_open_ones_first() {
    let desk = Desk::open();
    let mut path = "/incidents".to_string();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let (status, _, body) = desk.get(&path);
        assert_eq!(status, 200, "{path}");
        pages += 1;
        for row in body.split("class=\"row-link\" href=\"/incidents/").skip(1) {
            let n: i64 = row[..row.find('"').unwrap()].parse().unwrap();
            seen.push((n, row.contains("state-open")));
        }
        let Some(next) = body.split("<a class=\"pager-next\" href=\"").nth(1) else {
            break;
        };
        path = next[..next.find('"').unwrap()].replace("&amp;", "&");
    }
    assert_eq!(pages, 2);
    let numbers: BTreeSet<i64> = seen.iter().map(|(n, _)| *n).collect();
    assert_eq!(
        (numbers.len(), seen.len()),
        (desk.seeded.incidents, desk.seeded.incidents)
    );
    assert!(seen.iter().take(5).all(|(_, open)| *open) && !seen.iter().skip(5).any(|(_, open)| *open));
    for (query, count) in [
        ("state=open", 5),
        ("class=indication&state=open", 2),
        ("date=2026-11-24&state=ended", 3),
        ("policy=lockbox-forced", 1),
        ("policy=no-such", 0),
        ("office=elsewhere", 0),
        ("class=&policy=&date=&state=open", 5),
    ] {
        let (status, _, body) = desk.get(&format!("/incidents?{query}"));
        assert_eq!(
            (status, body.matches("class=\"row-link\"").count()),
            (200, count),
            "{query}"
        );
    }
    for query in [
        "class=guilty",
        "state=x",
        "date=yesterday",
        "date=2026-13-01",
        "after=x",
        "after=1.2",
    ] {
        assert_eq!(desk.get(&format!("/incidents?{query}")).0, 400, "{query}");
    }
}

#[test]
fn strangers_and_wrong_ways_are_answered_with_a_page_that_helps() {
    let desk = Desk::open();
    for (path, id, en) in [
        ("/nowhere", "Halaman tidak ditemukan", "Page not found"),
        ("/incidents/999999", "Halaman tidak ditemukan", "Page not found"),
        ("/incidents/%3Cscript%3E", "Halaman tidak ditemukan", "Page not found"),
        ("/letters/x/html", "Halaman tidak ditemukan", "Page not found"),
    ] {
        for (code, says) in [("id", id), ("en", en)] {
            let (status, _, body) = desk.get(&format!("{path}?lang={code}"));
            assert_eq!(status, 404, "{path}");
            assert!(
                body.contains(says) && body.contains(&format!("<html lang=\"{code}\">")),
                "{path} {code}"
            );
        }
    }
    for host in ["evil.example", "127.0.0.1.evil.example", "192.168.1.7"] {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw(desk.port, request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 421"), "{host}: {answer}");
        assert!(!answer.contains("Candra"), "{host} reads along");
    }
    assert!(raw(desk.port, b"GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 421"));
    let posted = raw(
        desk.port,
        b"POST /incidents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    assert!(
        posted.starts_with("HTTP/1.1 405") && posted.to_lowercase().contains("allow: get,head"),
        "{posted}"
    );
    let large = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n",
        "a".repeat(40_000)
    );
    assert!(raw(desk.port, large.as_bytes()).starts_with("HTTP/1.1 431"));
    let head = raw(
        desk.port,
        b"HEAD /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
}

fn raw(port: u16, request: &[u8]) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The server may close before it has read all of a request it refuses.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn another_address_than_loopback_needs_a_trusted_network() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let anywhere = "0.0.0.0:0".parse().unwrap();
    let refused = runtime.block_on(listen(anywhere, &Settings::default())).err().unwrap();
    assert!(
        refused.to_string().contains("loopback only, not on 0.0.0.0:0"),
        "{refused}"
    );
    let trusting = Settings {
        network_trusted: true,
        ..Settings::default()
    };
    runtime.block_on(listen(anywhere, &trusting)).unwrap();
}

#[test]
fn a_broker_without_passwords_is_told_of_on_today_and_health_in_both_languages() {
    let desk = Desk::with(Settings {
        broker_anonymous: true,
        ..Settings::default()
    });
    for (lang, words) in [
        ("id", "tanpa kata sandi (anonymous = true)"),
        ("en", "without a password"),
    ] {
        for page in ["/", "/health"] {
            let (_, _, body) = desk.get(&format!("{page}?lang={lang}"));
            assert!(body.contains(words), "{page} {lang}");
        }
    }
    let (_, _, body) = Desk::open().get("/health?lang=en");
    assert!(!body.contains("without a password"));
}

#[test]
fn an_incident_that_nobody_may_be_told_of_says_so() {
    let desk = Desk::open();
    let words = [
        "Tidak ada yang boleh diberi tahu",
        "Nobody may be told of this incident",
    ];
    let told = |lang: &str, words: &str| desk.get(&format!("/incidents/1?lang={lang}")).2.contains(words);
    assert!(!told("id", words[0]) && !told("en", words[1]));
    desk.show(|live| {
        let mut roster = Roster::clone(&live.offices[0].roster);
        roster.people.clear();
        live.offices[0].roster = Arc::new(roster);
    });
    assert!(told("id", words[0]) && told("en", words[1]));
}

#[test]
fn a_reason_of_quarantine_is_told_in_the_reader_s_language_and_its_detail_marked_as_english() {
    let desk = Desk::open();
    for (lang, words) in [
        ("id", "Pesannya bukan JSON yang utuh"),
        ("en", "The message is no whole JSON"),
    ] {
        let (_, _, page) = desk.get(&format!("/quarantine?lang={lang}"));
        assert!(page.contains(words), "{lang}");
        assert!(page.contains("<p class=\"soft reject-reason\" lang=\"en\">"), "{lang}");
    }
}

#[test]
fn a_letter_s_own_html_is_shut_into_a_sandbox() {
    let desk = Desk::open();
    let (status, head, body) = desk.get("/letters/70/html");
    assert_eq!(status, 200);
    let head = head.to_lowercase();
    assert!(
        head.contains("content-security-policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:;"),
        "{head}"
    );
    assert!(
        head.contains("form-action 'none'; frame-ancestors 'self'; sandbox\r\n"),
        "{head}"
    );
    assert!(body.contains("Jagaloket"));
    let page = desk.get("/letters/70").2;
    assert!(
        page.contains("<iframe class=\"letter\" src=\"/letters/70/html\""),
        "{page}"
    );
    assert!(page.contains("sandbox=\"\""));
}
