//! Too much of something: bodies, guesses, and a ledger that takes no more.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::door::{ADMIN, PASSWORD};
use super::pages::Desk;
use super::people::{AUDITOR, Person};

#[test]
fn what_is_too_large_or_never_ends_is_cut_off_and_others_are_answered() {
    let desk = Desk::open();
    let mut browser = desk.browser();
    let proof = browser.get("/sign-in").proof().to_owned();
    let large = "x".repeat(40_000);
    let answer = browser.post("/sign-in", &[("form", &proof), ("name", &large), ("password", "x")]);
    assert_eq!(answer.status, 413);
    // A long password within the bound is not hashed at all.
    let long = "x".repeat(4_000);
    assert_eq!(
        browser
            .submit("/sign-in", "/sign-in", &[("name", "siti"), ("password", &long)])
            .status,
        422
    );
    // Bodies that promise more than they bring, a whole handful of them.
    let visit = browser.cookies["jagaloket_visit"].clone();
    let stalled: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", desk.port)).unwrap();
            let head = format!(
                "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: jagaloket_visit={visit}\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10000\r\n\r\nform=",
                desk.port
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert_eq!(desk.browser().get("/sign-in").status, 200);
    for mut stream in stalled {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 504");
    }
    // Chunks without an end are bounded like the rest.
    let mut stream = TcpStream::connect(("127.0.0.1", desk.port)).unwrap();
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        desk.port
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..40 {
        if stream
            .write_all(format!("400\r\n{}\r\n", "y".repeat(1_024)).as_bytes())
            .is_err()
        {
            break;
        }
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[test]
fn a_flood_of_guesses_is_slowed_and_traced_as_few_and_its_victim_still_gets_in() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti", "auditor");
    let mut siti = desk.browser();
    siti.sign_in("siti", PASSWORD);
    let mut guesser = desk.browser();
    let proof = guesser.get("/sign-in").proof().to_owned();
    let (mut refused, began) = (0, Instant::now());
    for n in 0..200 {
        let password = format!("tebakan nomor {n}");
        let answer = guesser.post(
            "/sign-in",
            &[("form", &proof), ("name", "siti"), ("password", &password)],
        );
        refused += i32::from(answer.status == 429);
        assert!(answer.status == 429 || answer.status == 422, "{}", answer.status);
        if answer.status == 429 {
            assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
        }
    }
    // Three for nothing, and then waits that double: however slow the machine, no more than that were looked at.
    let looked_at = 200 - refused;
    let most = 6.0 + (began.elapsed().as_secs_f64() + 1.0).log2();
    assert!(f64::from(looked_at) <= most, "{looked_at} of 200, at most {most}");
    // She has signed in from this browser before, from the same address even.
    siti.cookies.remove("jagaloket_session");
    let answer = siti.submit("/sign-in", "/sign-in", &[("name", "siti"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 303, "she does not wait for what others do");
    // A device's cookie made up, or of another account, is none.
    let own = siti.cookies["jagaloket_device"].clone();
    for (name, device) in [("siti", format!("x{own}")), ("siti", "ab.cd".into()), ("admin", own)] {
        let mut browser = desk.browser();
        browser.cookies.insert("jagaloket_device".into(), device);
        let fields = [("name", name), ("password", "x")];
        let answer = browser.submit("/sign-in", "/sign-in", &fields);
        assert!([422, 429].contains(&answer.status), "{name}: {}", answer.status);
    }
    let traces = desk.traces();
    let guesses: Vec<_> = traces.iter().filter(|trace| trace["act"] == "refused").collect();
    assert!(guesses.len() < 40, "{} entries", guesses.len());
    assert!(guesses.iter().any(|trace| trace["address"] == "127.0.0.1"));
}

#[test]
fn what_cannot_be_traced_is_not_shown_and_does_not_happen() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    let mut reader = desk.as_person(&Person {
        name: "reader",
        ..AUDITOR
    });
    let proof = admin.get("/users").proof().to_owned();
    assert_eq!(reader.get("/incidents/36").status, 200);
    // From now on the ledger takes no trace.
    desk.execute(
        "CREATE TRIGGER full BEFORE INSERT ON ledger WHEN NEW.kind = 'trace' BEGIN SELECT RAISE(FAIL, 'no'); END",
    );
    let shown = reader.get("/incidents/35");
    assert_eq!(shown.status, 503);
    assert!(!shown.body.contains("Urutan kejadian"));
    assert_eq!(reader.get("/api/v1/verdicts").status, 503);
    let added = admin.post(
        "/users",
        &[("form", &proof), ("name", "mole"), ("role", "administrator")],
    );
    assert_eq!(added.status, 503);
    assert!(
        desk.runtime
            .block_on(desk.seeded.store.account_named("mole"))
            .unwrap()
            .is_none()
    );
    let page = reader.get("/account");
    let left = reader.post("/sign-out", &[("form", page.proof())]);
    assert_eq!(left.status, 503);
    desk.execute("DROP TRIGGER full");
    assert_eq!(reader.get("/incidents/35").status, 200);
}
