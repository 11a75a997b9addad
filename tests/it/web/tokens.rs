//! Programs: tokens that read what their owner may and no more, and the interface as its own document has it.

use jagaloket::accounts::Role;
use jagaloket::store::accounts::Part;

use super::pages::Desk;
use super::people::{Person, seat};
use crate::support::{Answer, Browser, python};

const OFFICE: Option<&str> = Some("contoh");

pub const INTEGRITY: Person = Person {
    name: "integrity",
    office: OFFICE,
    person: Some("i-01"),
    roles: &[(Role::Integrity, None)],
};
const SUPERVISOR: Person = Person {
    name: "supervisor",
    office: OFFICE,
    person: Some("s-01"),
    roles: &[(Role::Supervisor, None)],
};
const TECHNICIAN: Person = Person {
    name: "technician",
    office: OFFICE,
    person: Some("t-01"),
    roles: &[(Role::Technician, None)],
};

pub fn browser(desk: &Desk, person: &Person) -> Browser {
    let token = desk.runtime.block_on(seat(&desk.seeded.store, person));
    let mut browser = Browser::new(desk.port);
    browser.cookies.insert("jagaloket_session".into(), token);
    browser
}

/// Makes a token on the account's page, as its owner would.
fn token(owner: &mut Browser, name: &str, parts: &[Part]) -> String {
    let mut fields = vec![("name", name), ("days", "30")];
    fields.extend(parts.iter().map(|part| (part.as_str(), "1")));
    let answer = owner.submit("/account", "/account/tokens", &fields);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let at = answer.body.find("jgl_").expect("the token is shown");
    answer.body[at..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect()
}

fn program(desk: &Desk, token: &str, path: &str) -> Answer {
    let mut program = Browser::new(desk.port);
    program.headers.push(format!("Authorization: Bearer {token}"));
    program.get(path)
}

pub fn traces(desk: &Desk) -> Vec<String> {
    let rows = desk.runtime.block_on(desk.seeded.store.entries(0, None)).unwrap();
    let bodies = rows.into_iter().filter(|row| row.source == "/door");
    bodies.map(|row| String::from_utf8(row.body).unwrap()).collect()
}

#[test]
fn a_token_reads_its_parts_with_its_owners_eyes_until_it_ends() {
    let desk = Desk::open();
    let mut owner = browser(&desk, &INTEGRITY);
    let secret = token(&mut owner, "statistik <b>", &[Part::Service, Part::Devices]);
    assert_eq!(program(&desk, &secret, "/api/v1/service").status, 200);
    assert_eq!(program(&desk, &secret, "/api/v1/gaps").status, 200);
    let whole = token(&mut owner, "all", &Part::ALL);
    assert_eq!(program(&desk, &whole, "/api/v1/verdicts").status, 200);
    let refused = program(&desk, &secret, "/api/v1/verdicts");
    assert_eq!(refused.status, 403);
    assert!(refused.head.contains("application/problem+json"), "{}", refused.head);
    // It opens no page.
    assert_eq!(program(&desk, &secret, "/incidents").status, 303);
    assert_eq!(program(&desk, &secret, "/account").status, 303);
    let page = owner.get("/account?lang=en").body;
    assert!(
        page.contains("statistik &lt;b&gt;") && !page.contains(&secret),
        "{page}"
    );
    let stored = desk
        .runtime
        .block_on(desk.seeded.store.tokens_of("id-integrity"))
        .unwrap();
    assert_eq!(stored.len(), 2);
    let stored: Vec<_> = stored
        .into_iter()
        .filter(|one| one.name.contains("statistik"))
        .collect();
    assert!(stored[0].used.is_some(), "its last use is kept");
    assert!(!secret.contains(&stored[0].hash));
    let ended = owner.submit("/account", "/account/tokens/end", &[("token", &stored[0].id)]);
    assert_eq!(ended.status, 303, "{}", ended.body);
    assert_eq!(program(&desk, &secret, "/api/v1/service").status, 401);
    let traces = traces(&desk);
    for act in ["token_added", "token_ended", "token_part"] {
        assert!(
            traces.iter().any(|trace| trace.contains(act)),
            "{act} left no trace\n{traces:?}"
        );
    }
    assert!(!traces.iter().any(|trace| trace.contains(&secret)));
}

#[test]
fn a_token_is_worth_what_its_owners_roles_are_worth_now() {
    let desk = Desk::open();
    let incidents = |secret: &str| {
        let answer = program(&desk, secret, "/api/v1/incidents?limit=500");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let page: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        page["items"].as_array().unwrap().len()
    };
    let all = token(&mut browser(&desk, &INTEGRITY), "a", &Part::ALL);
    let some = token(&mut browser(&desk, &SUPERVISOR), "b", &Part::ALL);
    let few = token(&mut browser(&desk, &TECHNICIAN), "c", &Part::ALL);
    assert_eq!(incidents(&all), desk.seeded.incidents);
    assert!(incidents(&some) <= desk.seeded.incidents);
    assert!(incidents(&few) < incidents(&all));
    assert_eq!(
        program(&desk, &few, "/api/v1/service").status,
        403,
        "minutes of service are no technician's"
    );
    // A disabled owner's tokens open nothing.
    let store = desk.seeded.store.clone();
    desk.runtime.block_on(async {
        let mut account = store.account("id-integrity").await.unwrap().unwrap();
        account.disabled = true;
        let turn = jagaloket::store::rows::Turn {
            changes: vec![jagaloket::store::accounts::Change::Account(Box::new(account))],
            ..Default::default()
        };
        store.commit(&turn).await.unwrap();
    });
    assert_eq!(program(&desk, &all, "/api/v1/incidents").status, 401);
}

#[test]
fn what_is_no_token_is_refused_and_traced() {
    let desk = Desk::open();
    for wrong in ["jgl_", "jgl_0000", "abc", &"jgl_f".repeat(500)] {
        let answer = program(&desk, wrong, "/api/v1/incidents");
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.body.contains("sign in first"), "{}", answer.body);
    }
    assert!(traces(&desk).iter().any(|trace| trace.contains("\"token\"")));
    let mut owner = browser(&desk, &INTEGRITY);
    for (name, days, part) in [
        ("", "30", "cases"),
        ("a", "0", "cases"),
        ("a", "367", "cases"),
        ("a", "30", "nothing"),
    ] {
        let answer = owner.submit(
            "/account",
            "/account/tokens",
            &[("name", name), ("days", days), (part, "1")],
        );
        assert_eq!(answer.status, 422, "{name} {days} {part}");
    }
}

#[test]
fn pages_of_incidents_come_one_after_the_other_and_hold_each_once() {
    let desk = Desk::open();
    let secret = token(&mut browser(&desk, &INTEGRITY), "pages", &[Part::Cases]);
    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let answer = program(&desk, &secret, &format!("/api/v1/incidents?limit=7{next}"));
        let page: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 7);
        seen.extend(items.iter().map(|item| item["incident"].as_i64().unwrap()));
        match page["next"].as_str() {
            Some(after) => next = format!("&after={after}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), desk.seeded.incidents);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), desk.seeded.incidents);
    for wrong in [
        "limit=0",
        "limit=501",
        "limit=x",
        "after=1.2",
        "date=2026-13-01",
        "state=gone",
    ] {
        assert_eq!(
            program(&desk, &secret, &format!("/api/v1/incidents?{wrong}")).status,
            400,
            "{wrong}"
        );
    }
}

#[test]
fn nothing_the_document_allows_or_forbids_gets_an_answer_it_does_not_name() {
    let desk = Desk::open();
    let secret = token(&mut browser(&desk, &INTEGRITY), "schemathesis", &Part::ALL);
    // What acts on cases is asked of a monitor that has some, in `told::pages`.
    let only = ["--include-method", "GET"];
    let told = python(
        include_str!("tokens.py"),
        &[&[desk.port.to_string().as_str(), &secret], &only[..]].concat(),
        b"",
    );
    assert!(
        told.contains("no issues found") || told.contains("No issues found"),
        "{told}"
    );
}
