//! Open pages are told that there is news, as long as their reader may look, and only so many of them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use jagaloket::accounts::Role;

use super::pages::Desk;
use super::people::{Person, seat};
use super::seed::at;
use crate::support::Browser;

const TECHNICIAN: Person = Person {
    name: "teknisi",
    office: Some("contoh"),
    person: Some("t-01"),
    roles: &[(Role::Technician, None)],
};

/// A stream, and its status.
fn open(desk: &Desk, token: &str) -> (u16, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(("127.0.0.1", desk.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let port = desk.port;
    let head = format!(
        "GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nSec-Fetch-Dest: empty\r\nCookie: jagaloket_session={token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    (line.split(' ').nth(1).unwrap().parse().unwrap(), reader)
}

/// Reads until a line says this; `false`: the stream ended before.
fn says(reader: &mut BufReader<TcpStream>, wanted: &str) -> bool {
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 0 {
        if line.contains(wanted) {
            return true;
        }
        line.clear();
    }
    false
}

#[test]
fn an_open_page_is_told_that_there_is_news_and_nothing_of_it() {
    let desk = Desk::open();
    let token = desk.runtime.block_on(seat(&desk.seeded.store, &TECHNICIAN));
    assert_eq!(open(&desk, "0").0, 401);
    let (status, mut stream) = open(&desk, &token);
    assert_eq!(status, 200);
    assert!(says(&mut stream, "event: still"));
    desk.show(|live| live.now = at("24 10:13:00"));
    assert!(says(&mut stream, "event: news"));
    let mut data = String::new();
    stream.read_line(&mut data).unwrap();
    assert_eq!(data, format!("data: {}\n", at("24 10:13:00").0));
}

#[test]
fn a_session_has_few_streams_and_none_after_it_ended() {
    let desk = Desk::open();
    let token = desk.runtime.block_on(seat(&desk.seeded.store, &TECHNICIAN));
    let mut streams: Vec<_> = (0..5).map(|_| open(&desk, &token)).collect();
    let statuses: Vec<u16> = streams.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 429]);
    let mut browser = Browser::new(desk.port);
    browser.cookies.insert("jagaloket_session".into(), token.clone());
    assert_eq!(browser.submit("/account", "/sign-out", &[]).status, 303);
    assert!(!says(&mut streams[0].1, "event: news"), "the stream goes on");
    assert_eq!(open(&desk, &token).0, 401);
}
