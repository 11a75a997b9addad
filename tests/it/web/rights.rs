//! Rights: nobody gives himself any, whoever watches is told, a password alone shows nobody's record, and who has left is
//! erased.

use jagaloket::accounts::{Role, codes};
use jagaloket::clock::MonitorClock;
use serde_json::Value;

use super::door::{ADMIN, PASSWORD};
use super::pages::Desk;
use super::people::{AUDITOR, Person};

impl Desk {
    fn id_of(&self, name: &str) -> String {
        let account = self.runtime.block_on(self.seeded.store.account_named(name)).unwrap();
        account.unwrap().id
    }

    /// Letters about accounts, the oldest first: to whom, and what they are about.
    fn notices(&self) -> Vec<(String, String, String)> {
        self.sql("SELECT address, subject, text_body FROM outbox WHERE kind = 'account' ORDER BY n")
    }

    fn roles_of(&self, id: &str) -> Vec<Role> {
        let rows = self.runtime.block_on(self.seeded.store.grants_of(id)).unwrap();
        let now = MonitorClock::Wall.now();
        let counting = rows.into_iter().filter(|row| row.grant.counts_at(now));
        counting.map(|row| row.grant.role).collect()
    }
}

#[test]
fn nobody_changes_his_own_roles_and_that_he_tried_is_traced() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    let page = "/users/id-admin";
    for role in ["integrity", "auditor", "supervisor", "administrator"] {
        let fields = [("role", role), ("office", "contoh")];
        let answer = admin.submit(page, "/users/id-admin/roles", &fields);
        assert_eq!(answer.status, 422, "{role}");
        assert_eq!(desk.roles_of("id-admin"), [Role::Administrator]);
    }
    assert_eq!(
        admin
            .submit(page, "/users/id-admin/roles/end", &[("role", "admin-0")])
            .status,
        422
    );
    let erase = [("name", "admin"), ("reason", "x")];
    assert_eq!(admin.submit(page, "/users/id-admin/erase", &erase).status, 422);
    let tried = desk.traces();
    let tried = tried
        .iter()
        .filter(|trace| trace["why"] == "own_account" && trace["actor"] == "id-admin");
    assert_eq!(tried.count(), 6);
    // Another administrator may.
    let mut other = desk.as_person(&Person { name: "other", ..ADMIN });
    let given = other.submit(page, "/users/id-admin/roles", &[("role", "auditor")]);
    assert_eq!(given.status, 303, "{}", given.body);
    assert_eq!(desk.roles_of("id-admin"), [Role::Administrator, Role::Auditor]);
}

#[test]
fn administrators_and_the_integrity_team_are_told_of_roles_that_show_people() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    // Another administrator has a mailbox; the integrity team has those of the roster.
    desk.as_person(&Person {
        name: "second",
        ..ADMIN
    });
    desk.execute("UPDATE account SET email = 'kedua@contoh.example' WHERE id = 'id-second'");
    let team: Vec<String> = desk.seeded.live.offices[0]
        .roster
        .people_of(jagaloket::engine::roster::Role::Integrity)
        .map(|person| person.email.clone())
        .collect();
    assert!(!team.is_empty());
    // A role that shows nobody else is nobody's business.
    let officer = [("name", "petugas"), ("role", "technician"), ("office", "contoh")];
    assert_eq!(admin.submit("/users", "/users", &officer).status, 200);
    assert_eq!(desk.notices(), []);
    let mole = [("name", "tikus"), ("role", "integrity"), ("office", "contoh")];
    assert_eq!(admin.submit("/users", "/users", &mole).status, 200);
    let told = desk.notices();
    let mut to: Vec<&str> = told.iter().map(|(address, ..)| address.as_str()).collect();
    to.sort_unstable();
    let mut expected: Vec<&str> = team
        .iter()
        .map(String::as_str)
        .chain(["kedua@contoh.example"])
        .collect();
    expected.sort_unstable();
    assert_eq!(to, expected);
    for (address, subject, text) in &told {
        assert!(!subject.contains("tikus") && !subject.contains("admin"), "{subject}");
        assert!(text.contains("tikus") && text.contains("admin"), "{address}: {text}");
        assert!(text.contains("/traces"), "{text}");
    }
    // So are they of its end, of a reset, and of an erasure.
    let page = format!("/users/{}", desk.id_of("tikus"));
    let before = desk.notices().len();
    let reset = admin.submit(&page, &format!("{page}/reset"), &[("reason", "lupa")]);
    assert_eq!(reset.status, 200);
    assert_eq!(desk.notices().len(), before + expected.len());
    let fields = [("name", "tikus"), ("reason", "pergi")];
    assert_eq!(admin.submit(&page, &format!("{page}/erase"), &fields).status, 303);
    assert_eq!(desk.notices().len(), before + 2 * expected.len());
}

#[test]
fn whose_role_shows_people_sets_one_time_codes_up_before_anything_is_shown() {
    let desk = Desk::asking(jagaloket::web::Settings::default(), None, Some(0));
    let mut reader = desk.as_person(&Person {
        name: "reader",
        ..AUDITOR
    });
    for path in ["/", "/incidents", "/incidents/36", "/letters", "/traces", "/health"] {
        let answer = reader.get(path);
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/account/codes?needed=1")),
            "{path}"
        );
    }
    for path in ["/api/v1/incidents", "/api/v1/verdicts", "/api/v1/gaps"] {
        let answer = reader.get(path);
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("/account/codes"), "{}", answer.body);
    }
    // Even who looks after accounts; the first one is made at the console and does the same.
    assert_eq!(
        desk.as_person(&ADMIN).get("/users").header("location"),
        Some("/account/codes?needed=1")
    );
    // Nor by a token, which he cannot even make.
    let proof = reader.get("/account").proof().to_owned();
    let fields = [("form", proof.as_str()), ("name", "x"), ("days", "1"), ("cases", "1")];
    assert_eq!(reader.post("/account/tokens", &fields).status, 403);
    let refused = desk.traces();
    assert!(
        refused
            .iter()
            .any(|trace| trace["why"] == "codes_first" && trace["actor"] == "id-reader")
    );
    // An officer sees himself alone, a technician nobody: they may do without.
    for (name, role) in [("officer", Role::Officer), ("technician", Role::Technician)] {
        let roles: &'static [(Role, Option<&'static str>)] = match role {
            Role::Officer => &[(Role::Officer, Some("contoh"))],
            _ => &[(Role::Technician, Some("contoh"))],
        };
        let person = Person {
            name,
            office: Some("contoh"),
            person: Some("p-003"),
            roles,
        };
        assert_eq!(desk.as_person(&person).get("/incidents").status, 200, "{name}");
    }
    // With codes everything is open at once, by the page that shows the secret.
    let page = reader.get("/account/codes?needed=1&lang=en");
    assert!(page.body.contains("a password alone is too little"), "{}", page.body);
    let secret = page.body.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    let seed = super::door::unbase32(&secret.replace(' ', ""));
    let sealed = page
        .body
        .split("name=\"seed\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let code = codes::shown(&seed, MonitorClock::Wall.now());
    let proof = page.proof().to_owned();
    let set = reader.post("/account/codes", &[("form", &proof), ("seed", sealed), ("code", &code)]);
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!(reader.get("/incidents/36").status, 200);
    // And shut again without them.
    let proof = reader.get("/account").proof().to_owned();
    assert_eq!(reader.post("/account/codes/remove", &[("form", &proof)]).status, 303);
    assert_eq!(reader.get("/incidents/36").status, 303);
}

#[test]
fn an_office_may_give_people_time_to_set_codes_up() {
    let hour_ms = 3_600_000;
    let desk = Desk::asking(jagaloket::web::Settings::default(), None, Some(hour_ms));
    let mut reader = desk.as_person(&Person {
        name: "reader",
        ..AUDITOR
    });
    assert_eq!(reader.get("/incidents/36").status, 200);
    // The time runs from the role on, not from the last sign-in.
    desk.execute("UPDATE role_grant SET granted_ms = granted_ms - 3600000, begins_ms = begins_ms - 3600000");
    assert_eq!(reader.get("/incidents/36").status, 303);
}

#[test]
fn an_account_whose_holder_has_left_is_erased_and_the_ledger_still_holds() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti.rahma", "auditor");
    let id = desk.id_of("siti.rahma");
    desk.execute(&format!(
        "UPDATE account SET email = 'siti.rahma@contoh.example', subject = 'https://sso siti' WHERE id = '{id}'"
    ));
    let mut siti = desk.browser();
    siti.headers = vec!["User-Agent: Peramban Siti".into()];
    siti.sign_in("siti.rahma", PASSWORD);
    assert_eq!(siti.get("/incidents/36").status, 200);
    // Mail of hers that waits, with a link in it.
    let mut nobody = desk.browser();
    nobody.submit("/forgot", "/forgot", &[("name", "siti.rahma")]);
    desk.wait_for_mail("Kata sandi baru diminta");
    let page = format!("/users/{id}");
    // Not by a slip, nor without a fresh proof.
    let wrong = [("name", "siti"), ("reason", "pensiun")];
    assert_eq!(admin.submit(&page, &format!("{page}/erase"), &wrong).status, 422);
    let good = [("name", "siti.rahma"), ("reason", "pensiun")];
    desk.age_proofs();
    let old = admin.submit(&page, &format!("{page}/erase"), &good);
    assert!(old.header("location").unwrap().starts_with("/confirm"));
    let mut admin = desk.as_person(&ADMIN);
    assert_eq!(admin.submit(&page, &format!("{page}/erase"), &good).status, 303);
    assert!(!siti.is_in());
    assert_ne!(desk.browser().try_sign_in("siti.rahma", PASSWORD, "").status, 303);
    // Those who watch are told by name; once such a letter is gone, so is its text.
    let store = desk.seeded.store.clone();
    desk.runtime.block_on(async {
        let now = MonitorClock::Wall.now();
        for leased in store.lease(now, 1_000, 60_000).await.unwrap() {
            store.settle_sent(leased.n, now).await.unwrap();
        }
    });
    // Nothing in any table names her; the entries about her acts hold an id that leads nowhere.
    let tables: Vec<(String,)> =
        desk.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_%' ESCAPE '\\'");
    for (table,) in tables {
        for row in desk.rows_as_text(&table) {
            // Bytes are shown as their digits.
            assert!(
                !row.contains("73697469") && !row.contains("siti") && !row.contains("Peramban Siti"),
                "{table}: {row}"
            );
        }
    }
    let looked = desk.traces();
    let of_her = |trace: &&Value| trace["actor"] == id.as_str();
    assert!(looked.iter().filter(of_her).any(|trace| trace["act"] == "looked"));
    assert!(
        looked
            .iter()
            .any(|trace| trace["act"] == "user_erased" && trace["reason"] == "pensiun")
    );
    desk.runtime.block_on(desk.seeded.store.verify(None)).unwrap();
    // It cannot be opened again, reset or given a role; the name is free for somebody else.
    for act in ["enable", "reset", "erase"] {
        let fields = [("reason", "x"), ("name", &*format!("erased-{id}"))];
        assert_eq!(
            admin.submit(&page, &format!("{page}/{act}"), &fields).status,
            422,
            "{act}"
        );
    }
    assert_eq!(
        admin
            .submit(&page, &format!("{page}/roles"), &[("role", "auditor")])
            .status,
        422
    );
    assert!(admin.get("/users?lang=en").body.contains("erased"));
    desk.settle(&mut admin, "siti.rahma", "auditor");
}

impl Desk {
    /// Every row of a table, its cells one after the other, bytes as digits.
    fn rows_as_text(&self, table: &str) -> Vec<String> {
        let columns: Vec<(String,)> = self.sql_of(&format!("SELECT name FROM pragma_table_info('{table}')"));
        let cell = |name: &str| {
            format!("CASE typeof(\"{name}\") WHEN 'blob' THEN hex(\"{name}\") ELSE coalesce(\"{name}\", '') END")
        };
        let cells: Vec<String> = columns.iter().map(|(name,)| cell(name)).collect();
        let rows: Vec<(String,)> = self.sql_of(&format!("SELECT {} FROM {table}", cells.join(" || ' ' || ")));
        rows.into_iter().map(|(row,)| row).collect()
    }
}
