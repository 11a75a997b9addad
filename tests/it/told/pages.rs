//! Attempts to cheat at the running server, by its forms and by tokens, each refused with its status and traced; and what
//! honest people do there.

use std::collections::BTreeMap;

use jagaloket::accounts::{Grant, Role};
use jagaloket::clock::MonitorClock;
use jagaloket::engine::event::OfficeId;
use jagaloket::keys::token_hash;
use jagaloket::store::Store;
use jagaloket::store::accounts::{ApiToken, Change, GrantRow, Part};
use jagaloket::store::rows::Turn;
use serde_json::{Value, json};

use super::cheats::House;
use crate::support::{Answer, Browser, jagaloket, python, run, wait_until};
use crate::web::people::{Person, seat};

/// By the person's name: a session, and a token for everything.
pub type Keys = BTreeMap<&'static str, (String, String)>;

const fn person(name: &'static str, id: &'static str, roles: &'static [(Role, Option<&'static str>)]) -> Person {
    Person {
        name,
        office: Some("kota"),
        person: Some(id),
        roles,
    }
}

const PEOPLE: [Person; 13] = [
    person("p-1", "p-1", &[(Role::Officer, None)]),
    person("p-2", "p-2", &[(Role::Officer, None)]),
    person("p-3", "p-3", &[(Role::Officer, None)]),
    // By his account he acts for s-1; by the roster he does not.
    person("plh", "p-3", &[(Role::Officer, None)]),
    person("s-1", "s-1", &[(Role::Supervisor, None)]),
    person("s-2", "s-2", &[(Role::Supervisor, None)]),
    person("s-3", "s-3", &[(Role::Supervisor, None)]),
    person("i-1", "i-1", &[(Role::Integrity, None)]),
    person("t-1", "t-1", &[(Role::Technician, None)]),
    // The roster's supervisor, whose account may only read.
    person("reader", "s-3", &[(Role::Auditor, None)]),
    // A role that the roster does not know of.
    person("climber", "p-2", &[(Role::Integrity, None)]),
    // The same id in another office.
    Person {
        name: "double",
        office: Some("lain"),
        person: Some("i-1"),
        roles: &[(Role::Integrity, Some("kota"))],
    },
    Person {
        name: "admin",
        office: None,
        person: None,
        roles: &[(Role::Administrator, None)],
    },
];

/// Gives everybody a session and a token.
pub async fn seat_all(store: &Store) -> Keys {
    let now = MonitorClock::Wall.now();
    let mut keys = Keys::new();
    for person in &PEOPLE {
        let session = seat(store, person).await;
        let secret = format!("jgl_{}", token_hash(person.name));
        let account = format!("id-{}", person.name);
        let mut changes = vec![Change::Token(ApiToken {
            id: person.name.to_owned(),
            account: account.clone(),
            name: "uji".into(),
            hash: token_hash(&secret),
            parts: Part::ALL.to_vec(),
            created: now,
            expires: now.plus_ms(86_400_000),
            used: None,
        })];
        if person.name == "plh" {
            changes.push(Change::Grant(GrantRow {
                id: "plh-deputy".into(),
                account,
                grant: Grant {
                    role: Role::Supervisor,
                    office: Some(OfficeId::new("kota")),
                    deputy_of: Some("s-1".into()),
                    begins: now.plus_ms(-1_000),
                    ends: None,
                },
                granted: now,
            }));
        }
        let turn = Turn {
            changes,
            ..Turn::default()
        };
        store.commit(&turn).await.unwrap();
        keys.insert(person.name, (session, secret));
    }
    keys
}

/// A house with pages, and what was refused there.
struct Pages {
    house: House,
    refused: usize,
    /// Of those, the ones that the case itself keeps as a step.
    in_cases: usize,
}

const WHY: &str = "sudah dilihat di tempat";

impl Pages {
    async fn open() -> (Pages, [i64; 3]) {
        let (house, cases) = House::new().await;
        let web = house.web;
        wait_until(super::Duration::from_secs(60), "the dashboard", || {
            Browser::new(web).get("/healthz").status == 200
        });
        let pages = Pages {
            house,
            refused: 0,
            in_cases: 0,
        };
        (pages, cases)
    }

    fn browser(&self, who: &str) -> Browser {
        let mut browser = Browser::new(self.house.web);
        browser
            .cookies
            .insert("jagaloket_session".into(), self.house.keys[who].0.clone());
        browser
    }

    fn get(&self, who: &str, path: &str) -> Answer {
        self.browser(who).get(path)
    }

    /// A form with a good proof, whether the page offers it or not.
    fn form(&self, who: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.browser(who).submit("/account", path, fields)
    }

    fn program(&self, who: &str, method: &str, path: &str, body: &Value) -> Answer {
        let mut program = Browser::new(self.house.web);
        program
            .headers
            .push(format!("Authorization: Bearer {}", self.house.keys[who].1));
        program.headers.push("Content-Type: application/json".into());
        program.ask(method, path, &body.to_string())
    }

    fn seen(&self, n: i64) -> u64 {
        let answer = self.program("i-1", "GET", &format!("/api/v1/incidents/{n}"), &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let case: Value = serde_json::from_str(&answer.body).unwrap();
        case["seen"].as_u64().unwrap()
    }

    fn act(&self, who: &str, n: i64, wish: &str, code: &str, why: &str, seen: u64) -> Answer {
        let seen = seen.to_string();
        let fields = [("wish", wish), ("code", code), ("reason", why), ("seen", seen.as_str())];
        self.form(who, &format!("/incidents/{n}/acts"), &fields)
    }

    #[track_caller]
    fn done(&self, who: &str, n: i64, wish: &str, code: &str) {
        let answer = self.act(who, n, wish, code, WHY, self.seen(n));
        assert_eq!(answer.status, 303, "{wish} by {who}: {}", answer.body);
    }

    /// Tried by the form and by a token; the same answer to both, and a sentence why.
    #[track_caller]
    fn refused(&mut self, who: &str, n: i64, wish: &str, code: &str, status: u16, says: &str) {
        let seen = self.seen(n);
        let answer = self.act(who, n, wish, code, WHY, seen);
        assert_eq!(answer.status, status, "{wish} of {n} by {who}: {}", answer.body);
        assert!(answer.body.contains(says), "{wish} of {n} by {who}: {}", answer.body);
        let mut order = json!({"wish": wish, "reason": WHY, "seen": seen});
        if !code.is_empty() {
            order["code"] = json!(code);
        }
        let path = format!("/api/v1/incidents/{n}/orders");
        let program = self.program(who, "POST", &path, &order);
        assert_eq!(
            program.status, status,
            "{wish} of {n} by {who}'s token: {}",
            program.body
        );
        assert!(program.head.contains("application/problem+json"), "{}", program.head);
        self.refused += 2;
        self.in_cases += if status == 404 || says.is_empty() { 0 } else { 2 };
    }

    #[track_caller]
    fn kept_out(&mut self, answer: &Answer, status: u16) {
        assert_eq!(answer.status, status, "{}\n{}", answer.head, answer.body);
        self.refused += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cheats_at_the_pages_or_by_a_token_is_refused_and_traced() {
    let (mut pages, [a, b, c]) = Pages::open().await;
    let of_himself = "tentang dirinya sendiri";
    // Himself: the officer sees his incident and decides nothing in it.
    for wish in ["ack", "find", "examine", "close"] {
        pages.refused("p-1", a, wish, "", 403, of_himself);
    }
    pages.refused("p-1", a, "dismiss", "mistaken", 403, of_himself);
    // A supervisor who also serves does not even learn that there is one about him.
    for (wish, code) in [("ack", ""), ("find", ""), ("dismiss", "mistaken")] {
        pages.refused("s-2", b, wish, code, 404, "");
    }
    // Another's number in the address: an officer's, another line's, one that is none.
    for (who, n) in [("p-2", a), ("p-1", c), ("s-2", a), ("p-3", a)] {
        let answer = pages.act(who, n, "ack", "", "", 1);
        pages.kept_out(&answer, 404);
        let state = pages.act(who, n, "state", "", WHY, 1);
        pages.kept_out(&state, 404);
    }
    for n in ["9999", "0", "-1", "x", "1%20OR%201", "../1"] {
        let answer = pages.form(
            "s-1",
            &format!("/incidents/{n}/acts"),
            &[("wish", "ack"), ("seen", "1")],
        );
        pages.kept_out(&answer, 404);
    }
    // In another capacity: by a deputy's role that the roster does not know, by a role that only reads, by a role the
    // roster does not give, by the same id of another office, as a technician, as an administrator.
    pages.refused("plh", a, "ack", "", 403, "tidak berada di bawah");
    pages.refused("plh", a, "dismiss", "permitted", 403, "tidak berada di bawah");
    for who in ["reader", "climber", "double"] {
        pages.refused(who, a, "find", "", 403, "");
    }
    let answer = pages.act("t-1", a, "dismiss", "permitted", WHY, 1);
    pages.kept_out(&answer, 404);
    let answer = pages.act("admin", a, "find", "", WHY, 1);
    pages.kept_out(&answer, 403);
    // No words, too many words; steps that do not follow.
    let seen = pages.seen(a);
    for (why, status) in [("", 422), (" ", 422), (&*"x".repeat(5_000), 422)] {
        let answer = pages.act("s-1", a, "find", "", why, seen);
        pages.kept_out(&answer, status);
        pages.in_cases += 1;
    }
    for (who, wish, status, says) in [
        ("s-1", "prove", 409, "tidak mengikuti"),
        ("i-1", "grant", 409, "Tidak ada keberatan"),
        ("s-1", "reopen", 403, "tim kepatuhan"),
        ("p-1", "appeal", 409, "tidak mengikuti"),
        ("s-1", "state", 403, "Hanya petugas"),
        ("i-1", "appeal", 403, "Hanya petugas"),
    ] {
        pages.refused(who, a, wish, "", status, says);
    }
    // What nobody can ask for: to edit a statement, to delete a step, to come back before the beginning.
    for (wish, code) in [
        ("edit", ""),
        ("delete", ""),
        ("refused", ""),
        ("dismiss", ""),
        ("dismiss", "because"),
    ] {
        let answer = pages.act("s-1", a, wish, code, WHY, seen);
        pages.kept_out(&answer, 400);
    }
    for method in ["DELETE", "PUT", "PATCH"] {
        let answer = pages.program("i-1", method, &format!("/api/v1/incidents/{a}"), &json!({}));
        pages.kept_out(&answer, 405);
    }

    // One person as two: by the form twice, by the form and then a token, and as the subject.
    let before = pages.seen(a);
    pages.done("s-1", a, "dismiss", "mistaken");
    pages.refused("s-1", a, "dismiss", "mistaken", 403, "orang kedua");
    pages.refused("p-1", a, "dismiss", "mistaken", 403, of_himself);
    // The same form once more, and one that was loaded before: nothing is done, and the page says what is new.
    let replay = pages.act("s-1", a, "dismiss", "mistaken", "kata saya", before);
    pages.kept_out(&replay, 409);
    assert!(
        replay.body.contains("sudah berubah") && replay.body.contains("step-new"),
        "{}",
        replay.body
    );
    let late = pages.act("s-3", a, "dismiss", "mistaken", "kata saya", before);
    pages.kept_out(&late, 409);
    assert!(late.body.contains(">kata saya</"), "his words are kept\n{}", late.body);
    pages.in_cases += 2;
    // Somebody's vain attempts make nobody else's form stale.
    let seen = pages.seen(a);
    let vain = pages.act("p-1", a, "ack", "", "", seen);
    pages.kept_out(&vain, 403);
    pages.in_cases += 1;
    assert_eq!(
        pages
            .act("p-1", a, "state", "", "saya menaruhnya di loker", seen)
            .status,
        303
    );
    // What he adds stands beside it.
    pages.done("p-1", a, "state", "");
    // Dismissed just before being found out: the second person finds instead, and then it is too late.
    pages.done("s-3", a, "find", "");
    pages.refused("s-1", a, "dismiss", "mistaken", 409, "tidak mengikuti");
    pages.done("p-1", a, "appeal", "");
    pages.refused("s-3", a, "uphold", "", 403, "keputusannya sendiri");
    pages.refused("s-1", a, "close", "", 409, "keberatan");
    pages.refused("p-1", a, "grant", "", 403, of_himself);
    pages.done("i-1", a, "grant", "");

    // A form of another page, of another's session, without a proof; a program without a token, or with a cookie alone.
    let path = format!("/incidents/{c}/acts");
    let fields = [("wish", "ack"), ("seen", "1")];
    let answer = pages.browser("s-1").post(&path, &fields);
    pages.kept_out(&answer, 403);
    let others = pages.get("s-3", "/account").proof().to_owned();
    let answer = pages
        .browser("s-1")
        .post(&path, &[&[("form", others.as_str())], &fields[..]].concat());
    pages.kept_out(&answer, 403);
    let mut elsewhere = pages.browser("s-1");
    elsewhere.headers = vec!["Sec-Fetch-Site: cross-site".into()];
    let proof = elsewhere.get("/account").proof().to_owned();
    let answer = elsewhere.post(&path, &[&[("form", proof.as_str())], &fields[..]].concat());
    pages.kept_out(&answer, 403);
    let orders = format!("/api/v1/incidents/{c}/orders");
    let ack = json!({"wish": "ack", "seen": 1}).to_string();
    let mut browser = pages.browser("s-1");
    browser.headers = vec!["Content-Type: application/json".into()];
    let answer = browser.ask("POST", &orders, &ack);
    pages.kept_out(&answer, 403);
    let mut nobody = Browser::new(pages.house.web);
    nobody.headers = vec!["Content-Type: application/json".into()];
    let answer = nobody.ask("POST", &orders, &ack);
    pages.kept_out(&answer, 401);
    // Looking changes nothing, whatever the address says.
    let before = pages.seen(c);
    for link in ["?do=ack", "?do=dismiss&code=mistaken", "/acts", "/acts?wish=ack&seen=1"] {
        let answer = pages.get("s-1", &format!("/incidents/{c}{link}"));
        assert!(answer.status == 200 || answer.status == 405, "{link}: {}", answer.head);
    }
    assert_eq!(pages.seen(c), before);

    assert!(pages.refused >= 60, "{}", pages.refused);
    // All of it is traced: in the cases themselves, or at the door, where repeated ones are counted.
    let store = Store::open_to_read(&pages.house.folder.path().join("j.db"))
        .await
        .unwrap();
    let mut traced = 0;
    for n in [a, b, c] {
        let steps = store.case_steps(n).await.unwrap();
        traced += steps.iter().filter(|step| step.step == "refused").count();
    }
    assert_eq!(traced, pages.in_cases);
    let rows = store.entries(0, None).await.unwrap();
    let door: Vec<String> = rows
        .into_iter()
        .filter(|row| row.source == "/door")
        .map(|row| String::from_utf8(row.body).unwrap())
        .collect();
    assert!(door.iter().any(|trace| trace.contains("not_his_to_see")), "{door:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_for_acting_keeps_to_its_own_document() {
    let (pages, _) = Pages::open().await;
    let (_, token) = &pages.house.keys["i-1"];
    let port = pages.house.web.to_string();
    let told = python(include_str!("../web/tokens.py"), &[&port, token], b"");
    assert!(
        told.contains("no issues found") || told.contains("No issues found"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_answer_by_the_pages_and_programs_by_their_tokens() {
    let (pages, [a, b, c]) = Pages::open().await;
    // The link of a mail shows the facts and a form, and does nothing.
    let page = pages.get("s-1", &format!("/incidents/{a}?do=ack"));
    assert!(page.body.contains("Yang dapat Anda lakukan sekarang"), "{}", page.body);
    assert!(page.body.contains("name=\"wish\" value=\"ack\""), "{}", page.body);
    // What waits for whom: the head sees all three, an officer nothing of the kind.
    let mine = |who: &str| pages.get(who, "/?lang=en").body;
    assert!(mine("s-3").contains("Waits for you (3)"), "{}", mine("s-3"));
    assert!(!mine("p-2").contains("Waits for you ("), "{}", mine("p-2"));
    // Several at once: one of them is another's, one was answered meanwhile.
    pages.done("s-3", c, "ack", "");
    let (one, two, stale) = (
        format!("{a}.{}", pages.seen(a)),
        format!("{b}.{}", pages.seen(b)),
        format!("{c}.1"),
    );
    let chosen = [("case", one.as_str()), ("case", two.as_str()), ("case", stale.as_str())];
    let answer = pages.form("s-1", "/incidents/acknowledge", &chosen);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("2/3"), "{}", answer.body);
    assert!(answer.body.contains("sudah berubah"), "{}", answer.body);
    assert!(mine("s-3").contains("Waits for you"), "whoever took notice decides");
    // Filters stand in the address.
    let list = |query: &str| pages.get("i-1", &format!("/incidents?{query}")).body;
    for (query, there, not) in [
        ("officer=p-1", a, b),
        ("counter=loket-3", b, a),
        ("stage=indication&severity=major&officer=p-2", c, a),
    ] {
        let body = list(query);
        assert!(body.contains(&format!("href=\"/incidents/{there}\"")), "{query}");
        assert!(!body.contains(&format!("href=\"/incidents/{not}\"")), "{query}");
    }
    assert!(
        list("stage=proven").contains("Tidak ada insiden"),
        "{}",
        list("stage=proven")
    );
    assert!(list("from=2026-01-01&to=2026-01-02").contains("Tidak ada insiden"));
    assert_eq!(pages.get("i-1", "/incidents?stage=guilty").status, 400);
    // A second person agrees by a token.
    pages.done("s-1", a, "dismiss", "device_fault");
    assert!(
        pages
            .get("i-1", &format!("/incidents/{a}?lang=en"))
            .body
            .contains("Waits for a second person")
    );
    let order = json!({"wish": "dismiss", "code": "device_fault", "reason": WHY, "seen": pages.seen(a)});
    let path = format!("/api/v1/incidents/{a}/orders");
    let done = pages.program("i-1", "POST", &path, &order);
    assert_eq!(done.status, 200, "{}", done.body);
    let done: Value = serde_json::from_str(&done.body).unwrap();
    assert_eq!(done["stage"], "dismissed");
    // The same order once more does nothing.
    let again = pages.program("i-1", "POST", &path, &order);
    assert_eq!(again.status, 409, "{}", again.body);
    let again: Value = serde_json::from_str(&again.body).unwrap();
    assert_eq!(again["refusal"], "changed");

    // Exemptions: asked by one, granted by another, ended; what it would have hidden is shown.
    let span = [
        ("office", "kota"),
        ("officer", "p-2"),
        ("from", "2026-11-24T08:00"),
        ("until", "2026-11-24T17:00"),
        ("reason", "menunggu kabar rumah sakit"),
    ];
    assert_eq!(pages.form("s-1", "/exemptions", &span).status, 303);
    let own = pages.form(
        "s-1",
        "/exemptions/1/answer",
        &[("office", "kota"), ("wish", "grant"), ("reason", WHY)],
    );
    assert_eq!(own.status, 403, "{}", own.body);
    assert!(own.body.contains("Yang meminta tidak dapat"), "{}", own.body);
    let page = pages.get("s-3", "/exemptions?lang=en").body;
    assert!(
        page.contains("backdated") && page.contains(&format!("href=\"/incidents/{c}\"")),
        "{page}"
    );
    // Nobody sees what is asked for whom he may not see, nor answers it in another office's name.
    assert!(!pages.get("p-1", "/exemptions").body.contains("rumah sakit"));
    let grant = json!({"office": "kota", "wish": "grant", "reason": WHY});
    for (who, office, status) in [
        ("s-2", "kota", 403),
        ("p-2", "kota", 403),
        ("i-1", "lain", 403),
        ("double", "lain", 403),
    ] {
        let mut order = grant.clone();
        order["office"] = json!(office);
        let answer = pages.program(who, "POST", "/api/v1/exemptions/1/orders", &order);
        assert_eq!(answer.status, status, "{who} {office}: {}", answer.body);
    }
    let granted = pages.program("s-3", "POST", "/api/v1/exemptions/1/orders", &grant);
    assert_eq!(granted.status, 200, "{}", granted.body);
    let told = pages.program("i-1", "GET", "/api/v1/exemptions", &Value::Null);
    let told: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(
        (&told[0]["granted"], &told[0]["backdated"]),
        (&json!(true), &json!(true)),
        "{told}"
    );
    let ended = pages.form(
        "i-1",
        "/exemptions/1/answer",
        &[("office", "kota"), ("wish", "revoke"), ("reason", WHY)],
    );
    assert_eq!(ended.status, 303, "{}", ended.body);

    // The command line as a client, with a token.
    let remote = |words: &str| {
        let mut command = jagaloket();
        command
            .args(words.split(' '))
            .arg("--url")
            .arg(format!("http://127.0.0.1:{}", pages.house.web));
        command.env("JAGALOKET_TOKEN", &pages.house.keys["i-1"].1);
        run(&mut command, b"")
    };
    let said = |output: &std::process::Output| {
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let list = remote("incident list --officer p-4");
    assert!(
        list.status.success() && said(&list).contains("phone-out-during-service"),
        "{}",
        said(&list)
    );
    let done = remote(&format!("incident examine {b} --reason=diperiksa"));
    assert!(
        done.status.success() && said(&done).contains("examination"),
        "{}",
        said(&done)
    );
    let refused = remote(&format!("incident prove {b} --reason=terbukti"));
    assert!(
        !refused.status.success() && said(&refused).contains("refused (409)"),
        "{}",
        said(&refused)
    );
    let show = remote(&format!("incident show {b}"));
    assert!(said(&show).contains("examined"), "{}", said(&show));
    let exemptions = remote("exemption list");
    assert!(said(&exemptions).contains("p-2"), "{}", said(&exemptions));
    let nowhere = run(
        jagaloket()
            .args(["incident", "list", "--url", "http://jagaloket.example"])
            .env("JAGALOKET_TOKEN", "jgl_x"),
        b"",
    );
    assert!(said(&nowhere).contains("https://"), "{}", said(&nowhere));
}
