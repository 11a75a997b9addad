//! Who may come where and see whom: every address there is, everybody who may stand before it, every kind of record.

mod records;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use jagaloket::accounts::Role::{
    self, Administrator, Auditor, Custodian, Gate, Integrity, Officer, Supervisor, Technician,
};
use jagaloket::accounts::Scope;
use jagaloket::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use jagaloket::engine::policy::{Class, Severity};
use jagaloket::engine::roster::{Language, Roster};
use jagaloket::engine::verdict::Verdict;
use jagaloket::live::OfficeLive;
use jagaloket::simulate::demo;
use jagaloket::store::read::{TraceFilter, TraceRow};
use jagaloket::store::rows::{IncidentRow, IncidentState, LetterKind, NewLetter, Quarantined, Turn, VerdictRow};
use jagaloket::web::{Settings, addresses};
use serde_json::Value;

use super::pages::Desk;
use super::people::{Person, seat};
use super::seed::at;
use crate::support::{Answer, Browser};

/// Everybody, by the letter of his column. `N` is nobody.
const PEOPLE: [(char, Person); 11] = [
    ('O', person("officer", "contoh", "p-003", &[(Officer, None)])),
    ('S', person("supervisor", "contoh", "s-01", &[(Supervisor, None)])),
    ('I', person("integrity", "contoh", "i-01", &[(Integrity, None)])),
    (
        'F',
        person("foreign", "lain", "i-90", &[(Integrity, None), (Technician, None)]),
    ),
    (
        'A',
        Person {
            office: None,
            person: None,
            ..person("reader", "", "", &[(Auditor, None)])
        },
    ),
    ('T', person("technician", "contoh", "t-01", &[(Technician, None)])),
    (
        'D',
        Person {
            office: None,
            person: None,
            ..person("administrator", "", "", &[(Administrator, None)])
        },
    ),
    // A supervisor of this office by a role that names another one.
    ('W', person("wrong", "contoh", "s-02", &[(Supervisor, Some("lain"))])),
    ('X', person("without", "contoh", "s-02", &[])),
    ('C', person("custodian", "contoh", "c-01", &[(Custodian, None)])),
    ('G', person("gate", "contoh", "g-01", &[(Gate, None)])),
];

const fn person(
    name: &'static str,
    office: &'static str,
    id: &'static str,
    roles: &'static [(Role, Option<&'static str>)],
) -> Person {
    Person {
        name,
        office: Some(office),
        person: Some(id),
        roles,
    }
}

const EVERYBODY: &str = "OSIFATDWXGC";
const INSIDE: &str = "OSIFATDWX"; // Keeps neither gates nor seals.
const ALL: &str = "NOSIFATDWXGC";
const BOOKINGS: &str = "SIFAW";
const CASES: &str = "OSIFATW";
const ACTS: &str = "OSIFTW";
const BY_TOKEN: &str = "";
const SERVICE: &str = "OSIFAW";
const SERVICE_BUT_OFFICERS: &str = "SIFAW";
const QUARANTINE: &str = "IFAT";
const TRACES: &str = "IFA";

/// Every address: who is let in who has signed in. `N` stands for those who have not.
const ROWS: &[(&str, &str, &str)] = &[
    ("GET", "/", EVERYBODY),
    ("GET", "/incidents", CASES),
    ("GET", "/incidents/export", CASES),
    ("GET", "/incidents/{n}", CASES),
    ("POST", "/incidents/acknowledge", ACTS),
    ("POST", "/incidents/{n}/acts", ACTS),
    ("GET", "/escalation", SERVICE_BUT_OFFICERS),
    ("GET", "/exemptions", CASES),
    ("POST", "/exemptions", ACTS),
    ("POST", "/exemptions/{n}/answer", ACTS),
    ("GET", "/compliance", SERVICE),
    ("GET", "/signals", "IFA"),
    ("GET", "/compliance/export", SERVICE),
    ("GET", "/compliance/report", "IFA"),
    ("GET", "/letters", CASES),
    ("GET", "/letters/export", CASES),
    ("GET", "/letters/{n}", CASES),
    ("GET", "/letters/{n}/html", CASES),
    ("GET", "/quarantine", QUARANTINE),
    ("GET", "/quarantine/export", QUARANTINE),
    ("GET", "/quarantine/{n}", QUARANTINE),
    ("GET", "/traces", TRACES),
    ("GET", "/live", INSIDE),
    ("GET", "/reveal", "IFA"),
    ("POST", "/reveal", "IFA"),
    ("GET", "/search", INSIDE),
    ("GET", "/policies", INSIDE),
    ("GET", "/policies/export", INSIDE),
    ("GET", "/policies/{id}", INSIDE),
    ("GET", "/devices", INSIDE),
    ("GET", "/devices/export", INSIDE),
    ("GET", "/health", INSIDE),
    ("GET", "/healthz", ALL),
    ("GET", "/readyz", ALL),
    ("GET", "/metrics", ALL),
    ("GET", "/api/v1/incidents", CASES),
    ("GET", "/api/v1/incidents/{n}", CASES),
    ("POST", "/api/v1/incidents/{n}/orders", BY_TOKEN),
    ("GET", "/api/v1/exemptions", CASES),
    ("POST", "/api/v1/exemptions", BY_TOKEN),
    ("POST", "/api/v1/exemptions/{n}/orders", BY_TOKEN),
    ("GET", "/api/v1/verdicts", CASES),
    ("GET", "/api/v1/traces", TRACES),
    ("GET", "/api/v1/policies", INSIDE),
    ("GET", "/api/v1/service", SERVICE),
    ("GET", "/api/v1/gaps", INSIDE),
    ("GET", "/api/v1/signals", "IFA"),
    ("GET", "/api/v1/clocks", INSIDE),
    ("GET", "/api", INSIDE),
    ("GET", "/api/v1/openapi.json", ALL),
    ("GET", "/static/style.css", ALL),
    ("GET", "/static/live.js", ALL),
    ("GET", "/static/passkey.js", ALL),
    ("GET", "/static/icon.svg", ALL),
    ("GET", "/sign-in", ALL),
    ("POST", "/sign-in", ALL),
    ("POST", "/sign-in/passkey", ALL),
    ("GET", "/sign-in/provider", ALL),
    ("GET", "/sign-in/provider/back", ALL),
    ("POST", "/sign-in/provider/back", ALL),
    ("POST", "/sign-out", EVERYBODY),
    ("GET", "/forgot", ALL),
    ("POST", "/forgot", ALL),
    ("GET", "/link/{token}", ALL),
    ("POST", "/link/{token}", ALL),
    ("GET", "/confirm", EVERYBODY),
    ("POST", "/confirm", EVERYBODY),
    ("GET", "/account", EVERYBODY),
    ("POST", "/account/password", EVERYBODY),
    ("GET", "/account/codes", EVERYBODY),
    ("POST", "/account/codes", EVERYBODY),
    ("POST", "/account/codes/remove", EVERYBODY),
    ("POST", "/account/tokens", EVERYBODY),
    ("POST", "/account/tokens/end", EVERYBODY),
    ("POST", "/account/recovery", EVERYBODY),
    ("POST", "/account/passkeys", EVERYBODY),
    ("POST", "/account/passkeys/end", EVERYBODY),
    ("POST", "/account/sessions/end", EVERYBODY),
    ("POST", "/account/sessions/end-others", EVERYBODY),
    ("GET", "/gate", "G"),
    ("POST", "/gate", "G"),
    ("GET", "/bookings", BOOKINGS),
    ("GET", "/bookings/{code}", BOOKINGS),
    ("GET", "/messages", BOOKINGS),
    ("GET", "/reports", "IF"),
    ("GET", "/seals", "C"),
    ("POST", "/seals/{id}", "C"),
    ("GET", "/channel/webhook", ALL),
    ("POST", "/channel/webhook", ALL),
    ("GET", "/me", INSIDE),
    ("GET", "/me/export", INSIDE),
    ("GET", "/me/incidents/{n}", INSIDE),
    ("POST", "/me/incidents/{n}/state", INSIDE),
    ("POST", "/me/incidents/{n}/appeal", INSIDE),
    ("POST", "/me/corrections", INSIDE),
    ("GET", "/corrections", "IFA"),
    ("POST", "/corrections/{n}/accept", "IF"),
    ("POST", "/corrections/{n}/decline", "IF"),
    ("GET", "/users", "D"),
    ("POST", "/users", "D"),
    ("GET", "/users/{id}", "D"),
    ("POST", "/users/{id}/disable", "D"),
    ("POST", "/users/{id}/enable", "D"),
    ("POST", "/users/{id}/reset", "D"),
    ("POST", "/users/{id}/erase", "D"),
    ("POST", "/users/{id}/roles", "D"),
    ("POST", "/users/{id}/roles/end", "D"),
];

/// Records: whose they are, and who may see them and their letters.
struct Record {
    n: i64,
    office: &'static str,
    officer: Option<&'static str>,
    class: Class,
    /// To whom its letter went.
    told: &'static str,
    seen_by: &'static str,
    letter_seen_by: &'static str,
}

const RECORDS: [Record; 8] = [
    // An officer of the supervisor's unit; another one.
    record(1001, "contoh", Some("p-003"), Class::Indication, "s-01", "OSIA", "SIA"),
    record(1002, "contoh", Some("p-004"), Class::Indication, "i-01", "SIA", "SIA"),
    // The supervisor himself, who also serves, and his superior.
    record(1003, "contoh", Some("p-101"), Class::Indication, "s-02", "IA", "IA"),
    record(1004, "contoh", Some("p-102"), Class::Indication, "i-01", "IA", "IA"),
    // Nobody in particular: a device, and a counter where nobody had signed in.
    record(1005, "contoh", None, Class::Technical, "t-01", "SIAT", "SIAT"),
    record(1006, "contoh", None, Class::Indication, "s-01", "SIA", "SIA"),
    // Another office.
    record(1007, "lain", Some("p-003"), Class::Indication, "s-90", "FA", "FA"),
    record(1008, "lain", None, Class::Technical, "t-01", "FA", "FA"),
];

const fn record(
    n: i64,
    office: &'static str,
    officer: Option<&'static str>,
    class: Class,
    told: &'static str,
    seen_by: &'static str,
    letter_seen_by: &'static str,
) -> Record {
    Record {
        n,
        office,
        officer,
        class,
        told,
        seen_by,
        letter_seen_by,
    }
}

struct House {
    desk: Desk,
    tokens: BTreeMap<char, String>,
    /// Numbers of letters, by record.
    letters: BTreeMap<i64, i64>,
    /// Quarantined messages of this office and of the other one.
    quarantined: [i64; 2],
    asked: Cell<u32>,
}

const MORE: &str = r#"
[[officer]]
id = "p-101"
name = "Kepala Seksi Pelayanan"
supervisor = "s-02"
email = "kasi.pelayanan@contoh.example"
[[officer]]
id = "p-102"
name = "Kepala Kantor"
supervisor = "s-02"
email = "kakanim@contoh.example"
"#;
const ELSEWHERE: &str = r#"
office = { id = "lain", name = "Kantor Lain", timezone = "Asia/Makassar" }
counter = [{ id = "loket-01" }]
integrity = [{ id = "i-90", name = "Kepatuhan Lain", email = "i90@lain.example" }]
officer = [{ id = "p-003", name = "Orang Lain" }]
"#;

impl House {
    fn open() -> House {
        let desk = Desk::with(Settings {
            // Everybody comes from an address of his own, so that each refusal is written and none only counted.
            trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
            ..Settings::default()
        });
        let own = Roster::parse(&format!("{}{MORE}", demo::ROSTER)).unwrap();
        let other = Roster::parse(ELSEWHERE).unwrap();
        desk.show(|live| {
            let mut office = live.offices[0].clone();
            live.offices[0].roster = Arc::new(own);
            office.roster = Arc::new(other);
            office.view.counters.clear();
            office.view.lockboxes.clear();
            office.view.officers.clear();
            live.offices.push(OfficeLive {
                gaps: Vec::new().into(),
                clocks: Vec::new().into(),
                ..office
            });
        });
        let store = &desk.seeded.store;
        let turn = turn();
        let committed = desk.runtime.block_on(store.commit(&turn)).unwrap();
        let letters = RECORDS.iter().map(|record| record.n).zip(committed.letters).collect();
        let whole = jagaloket::accounts::Scope::whole();
        let rows = desk
            .runtime
            .block_on(store.quarantined(&whole, Some("not_json"), None, 9, 9))
            .unwrap();
        let of = |topic: &str| {
            rows.iter()
                .find(|row| row.topic.starts_with(topic) && row.payload == *b"the-new-o")
                .unwrap()
                .n
        };
        let quarantined = [of("jagaloket/v1/contoh/"), of("jagaloket/v1/lain/")];
        let tokens = PEOPLE
            .iter()
            .map(|(letter, person)| (*letter, desk.runtime.block_on(seat(store, person))));
        House {
            tokens: tokens.collect(),
            letters,
            quarantined,
            desk,
            asked: Cell::new(0),
        }
    }

    /// An address that nobody has had yet.
    fn somewhere(&self) -> String {
        let n = self.asked.get() + 1;
        self.asked.set(n);
        format!("10.{}.{}.7", n / 256, n % 256)
    }

    /// The trace of what was just refused there.
    fn refusal(&self, address: &str) -> Option<Value> {
        let filter = TraceFilter::default();
        let store = &self.desk.seeded.store;
        let scope = Scope::whole();
        let newest = store.traces(&scope, &filter, None, 3);
        let newest = self.desk.runtime.block_on(newest).unwrap();
        let of_it = |row: &TraceRow| row.text("act") == Some("refused") && row.text("address") == Some(address);
        newest.rows.into_iter().find(of_it).map(|row| row.body)
    }

    fn browser(&self, who: char) -> Browser {
        let mut browser = Browser::new(self.desk.port);
        if who != 'N' {
            browser
                .cookies
                .insert("jagaloket_session".into(), self.tokens[&who].clone());
        }
        browser
    }

    /// A request with a good proof, as somebody whose session nothing else ends.
    fn ask(&mut self, who: char, method: &str, path: &str, from: &str) -> Answer {
        if who != 'N' && method == "POST" {
            let (_, person) = PEOPLE.iter().find(|(letter, _)| *letter == who).unwrap();
            let again = seat(&self.desk.seeded.store, person);
            let token = self.desk.runtime.block_on(again);
            self.tokens.insert(who, token);
        }
        let mut browser = self.browser(who);
        // What programs of this machine ask comes through no proxy.
        if !matches!(path, "/readyz" | "/metrics") {
            browser.headers = vec![format!("X-Forwarded-For: {from}")];
        }
        if path == "/live" {
            // Its answer does not end.
            return browser.ask("HEAD", path, "");
        }
        if method == "GET" {
            return browser.get(path);
        }
        let secret = match who {
            'N' => {
                browser.cookies.insert("jagaloket_visit".into(), "ab".repeat(32));
                "ab".repeat(32)
            }
            _ => self.tokens[&who].clone(),
        };
        let proof = self.desk.door.keys.sign(&format!("form {secret}"));
        browser.post(path, &[("form", &proof)])
    }
}

fn turn() -> Turn {
    let mut turn = Turn::default();
    for record in &RECORDS {
        let since = at("24 09:00:00");
        let office = OfficeId::new(record.office);
        turn.incidents.push(IncidentRow {
            n: record.n,
            office: office.clone(),
            policy: PolicyId::new("phone-out-during-service"),
            class: record.class,
            severity: Severity::Major,
            counter: Some(DeviceId::new("loket-01")),
            lockbox: None,
            officer: record.officer.map(OfficerId::new),
            date: "2026-11-24".into(),
            since,
            until: Some(since.plus_ms(60_000)),
            state: IncidentState::Ended,
            created: since,
            changed: since,
        });
        turn.verdicts.push(VerdictRow {
            n: record.n,
            incident: record.n,
            verdict: Verdict {
                policy: PolicyId::new("phone-out-during-service"),
                class: record.class,
                severity: Severity::Major,
                office,
                counter: Some(DeviceId::new("loket-01")),
                lockbox: None,
                officer: record.officer.map(OfficerId::new),
                // Its own moment, by which it is found in an export.
                since: since.plus_ms(record.n),
                opened: since.plus_ms(record.n),
                until: Some(since.plus_ms(60_000)),
                evidence: Vec::new(),
            },
            retracted: false,
            changed: since,
            pin: None,
        });
        turn.letters.push(NewLetter {
            incident: Some(record.n),
            kind: LetterKind::Opened,
            person: record.told.into(),
            address: "x@contoh.example".into(),
            language: Language::Id,
            subject: format!("Surat {}", record.n),
            message_id: format!("{}@contoh.example", record.n),
            in_reply_to: None,
            text_body: "text".into(),
            html_body: "<p>text</p>".into(),
            // Not so long ago that the monitor complains.
            created: at("24 10:10:00"),
            due: since,
        });
    }
    for office in ["contoh", "lain"] {
        turn.quarantined.push(Quarantined {
            received: at("24 10:00:00"),
            topic: format!("jagaloket/v1/{office}/loket-01/events"),
            code: "not_json",
            reason: "not JSON".into(),
            payload: b"the-new-one".to_vec(),
        });
    }
    turn
}

#[test]
fn every_address_has_its_row_and_lets_in_whom_it_says() {
    let there: Vec<(&str, &str)> = addresses()
        .iter()
        .map(|address| (address.method, address.path))
        .collect();
    let rows: Vec<(&str, &str)> = ROWS.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(there, rows, "each address needs a row here");
    let mut house = House::open();
    let store = house.desk.seeded.store.clone();
    for (method, pattern, admitted) in ROWS.iter().copied() {
        let path = pattern
            .replace(
                "{n}",
                &if pattern.contains("quarantine") {
                    house.quarantined[0]
                } else {
                    1001
                }
                .to_string(),
            )
            .replace("{token}", "0123")
            .replace("{id}", "id-none");
        let before = house
            .desk
            .runtime
            .block_on(async { (store.accounts().await.unwrap(), store.grants().await.unwrap()) });
        for who in ['N'].into_iter().chain(PEOPLE.iter().map(|(letter, _)| *letter)) {
            let from = house.somewhere();
            let answer = house.ask(who, method, &path, &from);
            let to_sign_in = answer
                .header("location")
                .is_some_and(|place| place.starts_with("/sign-in?next="));
            let kept_out = answer.status == 401 || answer.status == 403 || to_sign_in;
            assert_eq!(
                !kept_out,
                admitted.contains(who),
                "{method} {path} as {who}: {}",
                answer.head
            );
            assert!(answer.status < 500, "{method} {path} as {who}: {}", answer.head);
            if who == 'N' && kept_out {
                let expected = if method == "GET" && !path.starts_with("/api/") {
                    303
                } else {
                    401
                };
                assert_eq!(answer.status, expected, "{method} {path}");
            } else if kept_out {
                assert_eq!(answer.status, 403, "{method} {path} as {who}");
            }
            if kept_out {
                let trace = house.refusal(&from);
                let trace = trace.unwrap_or_else(|| panic!("{method} {path} as {who} left no trace"));
                assert_eq!(trace["path"], path.as_str());
                let actor = PEOPLE.iter().find(|(letter, _)| *letter == who);
                let actor = actor.map(|(_, person)| format!("id-{}", person.name));
                assert_eq!(trace["actor"].as_str(), actor.as_deref(), "{trace}");
                assert!(
                    ["role", "nobody", "no_token"].contains(&trace["why"].as_str().unwrap()),
                    "{trace}"
                );
            }
            for secret in ["Candra", "p-003", "the-new-one"] {
                assert!(
                    !(kept_out && answer.body.contains(secret)),
                    "{method} {path} as {who} tells {secret}"
                );
            }
            if method == "GET" {
                let after = async { (store.accounts().await.unwrap(), store.grants().await.unwrap()) };
                assert!(
                    house.desk.runtime.block_on(after) == before,
                    "GET {path} changed an account"
                );
            }
        }
    }
}
