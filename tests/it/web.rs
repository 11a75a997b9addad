//! The dashboard over real HTTP, behind a running monitor that has seen a day and some rubbish; its pages one by one over
//! a seeded database in `pages` and `machines`, and in a browser in `browser`.

mod attacks;
pub mod browser;
mod door;
mod exports;
mod floods;
mod front;
mod machines;
mod matrix;
mod oidc;
mod own;
mod pages;
mod passkeys;
pub mod people;
mod reveals;
mod rights;
mod seed;
mod streams;
mod timing;
mod tokens;
mod traces;
mod walks;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::serve::{House, distinct, publish};
use crate::support::{Mosquitto, example_events, example_verdicts, http_get, wait_until};
use browser::{Visit, visit};

const PAGES: [&str; 6] = ["/", "/incidents", "/incidents/1", "/letters", "/quarantine", "/health"];

fn seen() -> (Mosquitto, House, crate::support::Peer) {
    let mosquitto = Mosquitto::start(&[
        "allow_anonymous true",
        "max_queued_messages 0",
        "max_inflight_messages 0",
    ]);
    let house = House::external(mosquitto.port, "5");
    let serve = house.serve();
    wait_until(Duration::from_secs(20), "the broker", || {
        http_get(house.web, "/readyz", &[]).0 == 200
    });
    mosquitto.publish("jagaloket/v1/tangerang/loket-01/events", "<script>alert('x')</script>");
    let lines = example_events("soup-101");
    publish(&mosquitto, &lines);
    house.wait_for_events(distinct(&lines));
    wait_until(Duration::from_secs(20), "the verdicts", || {
        house.verdicts() == example_verdicts("soup-101")
    });
    (mosquitto, house, serve)
}

#[test]
fn every_page_speaks_both_languages_and_lets_nothing_through() {
    let (_mosquitto, house, _serve) = seen();
    for page in PAGES {
        for (language, query) in [("id", "?lang=id"), ("en", "?lang=en")] {
            let (status, head, body) = house.get(&format!("{page}{query}"));
            assert_eq!(status, 200, "{page} {language}");
            assert!(body.contains(&format!("lang=\"{language}\"")), "{page} {language}");
            assert!(!body.contains("<script>alert"), "{page} lets markup through");
            assert!(
                !body.to_lowercase().contains("pelanggar"),
                "{page} calls somebody an offender"
            );
            let head = head.to_lowercase();
            for header in [
                "content-security-policy",
                "x-content-type-options: nosniff",
                "referrer-policy",
            ] {
                assert!(head.contains(header), "{page} has no {header}\n{head}");
            }
            assert!(!head.contains("unsafe-inline"), "{head}");
        }
    }
    assert_eq!(house.get("/nowhere").0, 404);
    assert_eq!(house.get("/incidents/999999").0, 404);
}

#[test]
fn the_api_and_the_machines_pages_answer_as_documented() {
    let (_mosquitto, house, mut serve) = seen();
    let (status, head, body) = house.get("/api/v1/verdicts");
    assert_eq!(status, 200);
    assert!(head.to_lowercase().contains("application/json"), "{head}");
    let list: Vec<serde_json::Value> = serde_json::from_str(&body).unwrap();
    assert_eq!(list.len(), example_verdicts("soup-101").len());
    assert_eq!(http_get(house.web, "/healthz", &[]).0, 200);
    let (status, _, metrics) = http_get(house.web, "/metrics", &[]);
    assert_eq!(status, 200);
    assert!(
        metrics.contains("# TYPE jagaloket_events_accepted_total counter"),
        "{metrics}"
    );
    // A page elsewhere that points a name of its own at this machine must not read along.
    let mut stream = TcpStream::connect(("127.0.0.1", house.web)).unwrap();
    stream
        .write_all(b"GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        !answer.starts_with("HTTP/1.0 200") && !answer.starts_with("HTTP/1.1 200"),
        "{answer}"
    );
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(15)), Some(0), "{}", serve.log());
}

#[test]
fn a_browser_shows_the_pages_wide_and_narrow() {
    let (_mosquitto, house, _serve) = seen();
    let visits = [(1280, "/?lang=id"), (390, "/?lang=id"), (1280, "/incidents/1?lang=id")].map(|(width, path)| Visit {
        path: path.into(),
        width,
        dark: false,
        script: true,
    });
    let looks = visit(house.web, &house.session(), &visits);
    for look in &looks {
        assert!(look.page_width <= look.window_width, "{look:?}");
    }
    assert!(looks[2].text.contains("bukan keputusan"), "{}", looks[2].text);
}
