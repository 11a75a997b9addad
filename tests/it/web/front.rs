//! What stands between the office network and the pages: TLS, proxies, and limits.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::mqtt::entry::certificates;
use crate::serve::House;
use crate::support::{Mosquitto, http_get, python, wait_until};

fn house(web: &str) -> (Mosquitto, House, crate::support::Peer) {
    let mosquitto = Mosquitto::start(&["allow_anonymous true"]);
    let house = House::external(mosquitto.port, "5");
    house.configure(web);
    let serve = house.serve();
    (mosquitto, house, serve)
}

#[test]
fn over_tls_a_renewed_certificate_is_shown_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let files = format!("[web.tls]\ncert = {:?}\nkey = {:?}\n", at("shown.pem"), at("shown.key"));
    let show = |who: &str| {
        for kind in ["pem", "key"] {
            fs::copy(at(&format!("{who}.{kind}")), at(&format!("shown.{kind}"))).unwrap();
        }
    };
    show("server");
    let (_mosquitto, house, mut serve) = house(&files);
    let port = house.web.to_string();
    let ask = || python(include_str!("front.py"), &[&port, "/healthz", &at("ca.pem")], b"");
    let answer = ask();
    assert!(answer.starts_with("TLSv1.3 server\nHTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    // Who speaks plain HTTP there is not answered, and hurts nobody.
    let mut plain = TcpStream::connect(("127.0.0.1", house.web)).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    // Half a renewal goes unused, and is told; a whole one is shown.
    fs::write(at("shown.key"), "nothing").unwrap();
    wait_until(Duration::from_secs(60), "the broken key to be told", || {
        assert!(ask().starts_with("TLSv1.3 server\n"));
        serve
            .log()
            .contains("the dashboard goes on with the certificate it has")
    });
    show("client");
    wait_until(Duration::from_secs(60), "the other certificate", || {
        ask().starts_with("TLSv1.3 client\n")
    });
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(15)), Some(0), "{}", serve.log());
}

#[test]
fn a_certificate_that_cannot_be_read_stops_the_start_and_is_named() {
    let mosquitto = Mosquitto::start(&["allow_anonymous true"]);
    let house = House::external(mosquitto.port, "5");
    house.configure("[web.tls]\ncert = \"nowhere.pem\"\nkey = \"nowhere.key\"\n");
    let mut serve = house.spawn();
    assert_eq!(serve.ended_within(Duration::from_secs(30)), Some(1), "{}", serve.log());
    assert!(
        serve.log().contains("nowhere.pem cannot be used for TLS"),
        "{}",
        serve.log()
    );
}

#[test]
fn who_asks_too_much_behind_a_named_proxy_waits_while_others_are_answered() {
    let (_mosquitto, house, _serve) = house("trusted_proxies = [\"127.0.0.1\"]\n");
    let ask = |address: &str| http_get(house.web, "/healthz", &[&format!("X-Forwarded-For: {address}")]);
    let answers: Vec<_> = (0..600).map(|_| ask("203.0.113.7")).collect();
    let refused = answers
        .iter()
        .find(|(status, ..)| *status == 429)
        .expect("one too many");
    assert!(refused.1.to_lowercase().contains("retry-after: "), "{}", refused.1);
    assert!(refused.2.contains("wait a few seconds"), "{}", refused.2);
    assert_eq!(ask("203.0.113.8").0, 200);
    // A page says it in the reader's language.
    let page = (0..600).find_map(|_| {
        let page = http_get(house.web, "/?lang=id", &["X-Forwarded-For: 203.0.113.9"]);
        (page.0 == 429).then_some(page.2)
    });
    assert!(page.unwrap().contains("Terlalu banyak permintaan"));
}

#[test]
fn nobody_else_is_believed_who_asks() {
    let (_mosquitto, house, _serve) = house("");
    for _ in 0..600 {
        let (status, head, _) = http_get(
            house.web,
            "/healthz",
            &["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"],
        );
        assert_eq!(status, 200, "{head}");
        assert!(!head.contains("strict-transport-security"), "{head}");
    }
}

#[test]
fn requests_that_two_readers_could_take_apart_differently_are_refused() {
    let (_mosquitto, house, _serve) = house("trusted_proxies = [\"127.0.0.1\"]\n");
    for request in [
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdefGET /healthz HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n X: folded\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", house.web)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains(" 200 "), "{request:?}\n{answer}");
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{request:?}\n{answer}");
    }
    let mut long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n", "a".repeat(20_000));
    long.push_str("\r\n");
    let mut stream = TcpStream::connect(("127.0.0.1", house.web)).unwrap();
    stream.write_all(long.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.contains(" 200 "), "{answer}");
    assert_eq!(http_get(house.web, "/healthz", &[]).0, 200);
}
