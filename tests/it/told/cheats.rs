//! Attempts to cheat through the socket of a running monitor, each refused with its status and traced.

use std::process::Output;

use super::*;
use crate::support::{Peer, free_port, jagaloket, python, run, succeed, wait_until};

pub struct House {
    pub folder: tempfile::TempDir,
    pub web: u16,
    /// What each person's browser and program hold.
    pub keys: super::pages::Keys,
    _serve: Peer,
    refused: std::cell::Cell<usize>,
}

impl House {
    /// A monitor on a database that has three cases: of p-1, p-4 (who is s-2) and p-2.
    pub async fn new() -> (House, [i64; 3]) {
        let sink = SmtpSink::start();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let mut monitor = Monitor::start(&path, at(1, 7, 55), sink.port).await;
        let mut cases = [0; 3];
        for (ix, (officer, counter)) in [("p-1", "loket-1"), ("p-4", "loket-3"), ("p-2", "loket-2")]
            .iter()
            .enumerate()
        {
            monitor.until(at(1, 8, 20 * ix as i64)).await;
            monitor.begins(officer, counter).await;
            monitor.until(at(1, 8, 20 * ix as i64 + 5)).await;
            monitor.phone_out(officer, counter).await;
            cases[ix] = monitor.phone(officer, 0).await;
        }
        monitor.stop().await;
        let store = Store::open(&path, Bounds::default()).await.unwrap();
        let keys = super::pages::seat_all(&store).await;
        store.close().await.unwrap();
        drop(store);
        // Whoever acted for s-1 does so no more.
        let roster = ROSTER.replace("2026-11-26", "2026-01-26");
        std::fs::write(folder.path().join("roster.toml"), roster).unwrap();
        let (web, broker) = (free_port(), free_port());
        let config = format!(
            "clock = \"events\"\n[office]\nroster = [\"roster.toml\"]\npolicies = {:?}\n[database]\npath = \"j.db\"\n\
             [broker]\nembedded = true\nlisten = \"127.0.0.1:{broker}\"\nanonymous = true\n[mail]\ndirectory = \"mails\"\n\
             [web]\nlisten = \"127.0.0.1:{web}\"\n",
            support::policies()
        );
        std::fs::write(folder.path().join("jagaloket.toml"), config).unwrap();
        let mut command = jagaloket();
        command
            .args(["serve", "--config"])
            .arg(folder.path().join("jagaloket.toml"));
        let serve = Peer::spawn(command, &folder.path().join("log"));
        let control = folder.path().join("j.db.control");
        wait_until(Duration::from_secs(60), "the socket", || {
            std::os::unix::net::UnixStream::connect(&control).is_ok()
        });
        let house = House {
            folder,
            web,
            keys,
            _serve: serve,
            refused: std::cell::Cell::new(0),
        };
        (house, cases)
    }

    fn run(&self, words: &str, reason: &str) -> Output {
        let mut command = jagaloket();
        command.args(words.split(' '));
        command.arg(format!("--reason={reason}"));
        command.arg("--config").arg(self.folder.path().join("jagaloket.toml"));
        run(&mut command, b"")
    }

    #[track_caller]
    pub fn done(&self, words: &str) {
        let output = self.run(words, "sudah dilihat di tempat");
        assert!(
            output.status.success(),
            "{words}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    #[track_caller]
    pub fn refused(&self, words: &str, status: u16, says: &str) {
        self.refused_because(words, "sudah dilihat di tempat", status, says);
    }

    #[track_caller]
    fn refused_because(&self, words: &str, reason: &str, status: u16, says: &str) {
        let output = self.run(words, reason);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words}: {said}");
        assert!(
            said.contains(&format!("refused ({status})")) && said.contains(says),
            "{words}: {said}"
        );
        self.refused.set(self.refused.get() + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_thirty_attempts_to_cheat_are_refused_and_traced() {
    let (house, [a, b, c]) = House::new().await;
    // Himself.
    for wish in ["ack", "find", "examine", "close", "dismiss --code mistaken"] {
        house.refused(&format!("incident {wish} {a} --as p-1"), 403, "about himself");
    }
    for wish in ["ack", "find", "dismiss --code mistaken"] {
        house.refused(&format!("incident {wish} {b} --as s-2"), 403, "about himself");
    }
    // In another's place: the officer's, the line's, a deputy's whose time is over, nobody's.
    house.refused(&format!("incident state {a} --as p-2"), 403, "only the officer");
    house.refused(&format!("incident state {a} --as s-1"), 403, "only the officer");
    house.refused(&format!("incident appeal {a} --as p-2"), 403, "only the officer");
    house.refused(&format!("incident ack {a} --as p-3"), 403, "not in your line");
    house.refused(
        &format!("incident dismiss --code permitted {a} --as s-2"),
        403,
        "not in your line",
    );
    house.refused(
        &format!("incident dismiss --code permitted {a} --as t-1"),
        403,
        "technical",
    );
    house.refused(&format!("incident ack {a} --as x-9"), 403, "not in the roster");
    // Other numbers, no words, too many words.
    house.refused("incident ack 9999 --as s-1", 404, "no case 9999");
    house.refused("incident close 0 --as i-1", 404, "no case 0");
    house.refused_because(&format!("incident find {a} --as s-1"), " ", 422, "say why");
    house.refused_because(
        &format!("incident find {a} --as s-1"),
        &"x".repeat(5_000),
        422,
        "longer than",
    );
    // Steps that do not follow.
    house.refused(&format!("incident prove {a} --as s-1"), 409, "does not follow");
    house.refused(&format!("incident reopen {a} --as s-1"), 403, "integrity");
    house.refused(&format!("incident grant {a} --as i-1"), 409, "no appeal");
    house.refused(&format!("incident appeal {a} --as p-1"), 409, "does not follow");
    // One person as two, a form sent twice, a statement edited.
    house.done(&format!("incident dismiss --code mistaken {a} --as s-1"));
    house.refused(
        &format!("incident dismiss --code mistaken {a} --as s-1"),
        403,
        "second, different",
    );
    house.refused(
        &format!("incident dismiss --code mistaken {a} --as p-1"),
        403,
        "about himself",
    );
    house.refused(&format!("incident close {a} --as s-1"), 409, "does not follow");
    house.refused(
        &format!("incident dismiss --code mistaken {a} --as s-3 --seen 3"),
        409,
        "has changed",
    );
    house.done(&format!("incident state {a} --as p-1"));
    // What he adds stands beside it; what he said stays.
    house.done(&format!("incident state {a} --as p-1"));
    house.done(&format!("incident find {a} --as s-3"));
    house.refused(
        &format!("incident dismiss --code mistaken {a} --as s-1"),
        409,
        "does not follow",
    );
    // Whoever decided reviews nothing, and nobody closes what is appealed.
    house.done(&format!("incident appeal {a} --as p-1"));
    house.refused(&format!("incident appeal {a} --as p-1"), 409, "appeal is pending");
    house.refused(&format!("incident uphold {a} --as s-3"), 403, "review his own");
    house.refused(&format!("incident uphold {a} --as s-1"), 403, "review his own");
    house.refused(&format!("incident grant {a} --as p-1"), 403, "about himself");
    house.refused(&format!("incident close {a} --as s-3"), 409, "appeal is pending");
    // Asked and granted by one; asked for, and then judged.
    let span = "--from 2026-11-24T08:00:00+07:00 --until 2026-11-24T17:00:00+07:00";
    house.done(&format!("exemption ask p-2 {span} --as s-1"));
    house.refused("exemption grant 1 --as s-1", 403, "who asks cannot grant");
    house.refused("exemption grant 1 --as p-2", 403, "about himself");
    house.refused("exemption grant 1 --as s-2", 403, "not in your line");
    house.refused("exemption grant 7 --as i-1", 404, "no request 7");
    house.refused(
        &format!("incident dismiss --code exempted {c} --as s-1"),
        403,
        "asked for an exemption",
    );
    house.done("exemption deny 1 --as s-3");
    house.refused("exemption grant 1 --as i-1", 409, "answered already");
    let backwards = "--from 2026-11-24T17:00:00+07:00 --until 2026-11-24T08:00:00+07:00";
    house.refused(
        &format!("exemption ask p-2 {backwards} --as s-1"),
        422,
        "before it ends",
    );
    let for_ever = "--from 2026-11-24T17:00:00+07:00 --until 2027-11-24T08:00:00+07:00";
    house.refused(&format!("exemption ask p-2 {for_ever} --as i-1"), 422, "30 days");
    assert!(house.refused.get() >= 40, "{}", house.refused.get());

    // Whoever says of himself that he is of the integrity team is not believed.
    let order = format!(
        r#"{{"who":"p-3","post":"integrity","reason":"saya tim kepatuhan","what":{{"case":{{"incident":{c},"wish":"find"}}}}}}"#
    );
    let control = house.folder.path().join("j.db.control");
    let say = "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n\
               s.sendall(sys.stdin.buffer.read() + b'\\n')\nprint(s.makefile().readline())";
    let said = python(say, &[control.to_str().unwrap()], order.as_bytes());
    assert!(said.contains("not_in_line"), "{said}");
    for junk in ["{}", "[]", "activate now", "{\"who\":\"i-1\"}"] {
        assert_eq!(
            python(say, &[control.to_str().unwrap()], junk.as_bytes()).trim(),
            "",
            "{junk}"
        );
    }

    // All of it is traced, and no step can be taken out without it being seen.
    let store = Store::open_to_read(&house.folder.path().join("j.db")).await.unwrap();
    let mut traced = 0;
    for n in [a, b, c] {
        let steps = store.case_steps(n).await.unwrap();
        traced += steps
            .iter()
            .filter(|step| step.step == "refused" && step.person.is_some())
            .count();
    }
    // Not those that name no case or no person, or are about exemptions.
    assert!(traced >= 30, "{traced}");
    let ledger = |what: &str| {
        let edit =
            format!("import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\ndb.execute(\"{what}\")\ndb.commit()");
        python(&edit, &[house.folder.path().join("copy.db").to_str().unwrap()], b"");
        let mut verify = jagaloket();
        verify
            .args(["ledger", "verify", "--database"])
            .arg(house.folder.path().join("copy.db"));
        run(&mut verify, b"").status.code()
    };
    let copy = || {
        let python_copy = "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', (sys.argv[2],))";
        let (from, to) = (house.folder.path().join("j.db"), house.folder.path().join("copy.db"));
        let _ = std::fs::remove_file(&to);
        python(python_copy, &[from.to_str().unwrap(), to.to_str().unwrap()], b"");
    };
    for what in [
        "UPDATE ledger SET body = CAST(replace(CAST(body AS TEXT), 'found', 'closed') AS BLOB) WHERE kind = 'case'",
        "DELETE FROM ledger WHERE n = (SELECT max(n) - 1 FROM ledger WHERE kind = 'case')",
    ] {
        copy();
        assert_eq!(ledger(what), Some(4), "{what}");
    }
    let mut verify = jagaloket();
    verify
        .args(["ledger", "verify", "--config"])
        .arg(house.folder.path().join("jagaloket.toml"));
    succeed(&mut verify, b"");
}
