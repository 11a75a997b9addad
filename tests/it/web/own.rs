//! What is held about somebody, for himself: the pages, and the copy of it without anybody else.

use std::sync::Arc;

use jagaloket::accounts::Role;
use jagaloket::engine::event::{OfficeId, OfficerId};
use jagaloket::engine::policy::{Class, Severity};
use jagaloket::store::rows::{CaseRow, CaseStepRow, CorrectionRow, EntryKind, ExemptionRow, NewEntry, Turn};
use serde_json::Value;

use super::pages::Desk;
use super::people::Person;
use super::seed::at;
use super::tokens::{INTEGRITY, browser, traces};
use crate::support::{Browser, python};

const HE: &str = "p-003";
const OFFICER: Person = Person {
    name: "candra.k",
    office: Some("contoh"),
    person: Some(HE),
    roles: &[(Role::Officer, None)],
};
/// A supervisor who serves now and then has no page of his own incidents but this one.
const SUPERVISOR: Person = Person {
    name: "atasan",
    office: Some("contoh"),
    person: Some("s-01"),
    roles: &[(Role::Supervisor, None)],
};
const ADMINISTRATOR: Person = Person {
    name: "pengelola",
    office: None,
    person: None,
    roles: &[(Role::Administrator, None)],
};

/// His open incident in the seed, and one of somebody else.
fn numbers(desk: &Desk) -> (i64, i64) {
    let of = |officer: &str| {
        let rows = desk.seeded.store.incidents_of("contoh", officer, None, 50);
        desk.runtime.block_on(rows).unwrap()[0].n
    };
    (of(HE), of("p-010"))
}

/// What people made of it, with names of others in every text that people write.
fn planted(desk: &Desk, n: i64) {
    let office = OfficeId::new("contoh");
    let roster = desk.seeded.live.offices[0].roster.clone();
    let other = roster
        .officers
        .iter()
        .find(|officer| officer.id.as_str() != HE)
        .unwrap();
    let superior = &roster.people[0];
    let named = format!("{} ({}) dan {} melihatnya", other.name, other.id, superior.name);
    let step = |place: i64, step: &str, person: Option<&str>, post: Option<&str>, detail: Option<String>| CaseStepRow {
        incident: n,
        n: place,
        at: at("24 10:05:00"),
        person: person.map(str::to_owned),
        post: post.map(str::to_owned),
        step: step.into(),
        detail,
        reason: format!("{step}: {named}"),
    };
    let now = desk.seeded.live.now;
    let event = NewEntry {
        received: at("24 10:06:00"),
        kind: EntryKind::Event,
        office: office.clone(),
        source: "/contoh/system".into(),
        id: "planted".into(),
        time: at("24 10:06:00"),
        body: format!(
            r#"{{"type":"handset.seen","data":{{"officer":"{HE}","by":"{}","note":"{named}"}}}}"#,
            superior.id
        )
        .into_bytes(),
        clock: None,
    };
    let turn = Turn {
        entries: vec![
            event.clone(),
            NewEntry {
                id: "of-another".into(),
                body: format!(r#"{{"type":"shift.started","data":{{"officer":"{}"}}}}"#, other.id).into_bytes(),
                ..event
            },
        ],
        cases: vec![CaseRow {
            incident: n,
            office: office.clone(),
            class: Class::Indication,
            severity: Severity::Major,
            policy: jagaloket::engine::event::PolicyId::new("phone-out-during-service"),
            officer: Some(OfficerId::new(HE)),
            date: "2026-11-24".into(),
            stage: "finding".into(),
            outcome: Some("finding".into()),
            code: None,
            stands: true,
            opened: now.plus_ms(-3_600_000),
            decided: Some(now.plus_ms(-60_000)),
            acked_by: None,
            acked_until: None,
            review_by: None,
            changed: now,
            steps: 3,
        }],
        case_steps: vec![
            step(1, "told", None, None, Some(format!("first: {}", superior.id))),
            step(2, "stated", Some(HE), Some("officer"), None),
            step(3, "found", Some(&superior.id), Some("supervisor"), None),
        ],
        exemptions: vec![ExemptionRow {
            office: office.clone(),
            n: 1,
            officer: OfficerId::new(HE),
            from: at("23 08:00:00"),
            until: at("23 09:00:00"),
            asked_by: superior.id.clone(),
            asked: at("22 08:00:00"),
            reason: named.clone(),
            answered_by: Some("i-01".into()),
            answered: Some(at("22 09:00:00")),
            granted: Some(true),
            revoked: None,
        }],
        corrections: vec![CorrectionRow {
            n: 1,
            office,
            person: HE.into(),
            about: "giliran saya".into(),
            wanted: named.clone(),
            asked: now.plus_ms(-4 * 86_400_000),
            due: now.plus_ms(-86_400_000),
            answered_by: None,
            answered: None,
            accepted: None,
            answer: None,
        }],
        ..Turn::default()
    };
    desk.runtime.block_on(desk.seeded.store.commit(&turn)).unwrap();
}

/// Everything in the roster that names somebody else.
fn others(desk: &Desk) -> Vec<String> {
    let roster = desk.seeded.live.offices[0].roster.clone();
    let mut all: Vec<String> = Vec::new();
    for officer in roster.officers.iter().filter(|officer| officer.id.as_str() != HE) {
        all.push(format!("\"{}\"", officer.id));
        all.push(officer.name.clone());
        all.extend(officer.handsets.iter().map(|handset| format!("\"{}\"", handset.id)));
    }
    for person in &roster.people {
        all.push(format!("\"{}\"", person.id));
        all.extend([person.name.clone(), person.email.clone()]);
    }
    all
}

#[test]
fn an_officer_sees_all_that_is_held_about_him_and_no_name_of_anybody_else() {
    let desk = Desk::open();
    let (own, foreign) = numbers(&desk);
    planted(&desk, own);
    let mut team = browser(&desk, &INTEGRITY);
    assert_eq!(team.get(&format!("/incidents/{own}")).status, 200);
    let mut he = browser(&desk, &OFFICER);
    let others = others(&desk);
    for (lang, words) in [
        (
            "id",
            [
                "Catatan saya",
                "Seorang atasan membenarkannya",
                "Keberatan sampai",
                "Kepatuhan",
                "Terlambat",
                "melayani",
            ],
        ),
        (
            "en",
            [
                "My record",
                "A superior confirmed it",
                "Appeal until",
                "Integrity",
                "Overdue",
                "serving applicants",
            ],
        ),
    ] {
        let page = he.get(&format!("/me?lang={lang}"));
        assert_eq!(page.status, 200, "{}", page.head);
        for word in words {
            assert!(page.body.contains(word), "{lang}: {word}");
        }
        assert!(page.body.contains(&format!("/me/incidents/{own}\"")));
        assert!(!page.body.contains(&format!("/me/incidents/{foreign}\"")));
        let one = he.get(&format!("/me/incidents/{own}?lang={lang}"));
        assert_eq!(one.status, 200);
        assert!(
            one.body.contains("[supervisor]") && one.body.contains("[officer]"),
            "{}",
            one.body
        );
        // He wrote himself what stands in his request for correction.
        for other in others.iter().filter(|other| !other.starts_with('"')) {
            assert!(!one.body.contains(other.as_str()), "{other} on the page");
        }
        assert!(!page.body.to_lowercase().contains("pelanggar"));
    }
    for path in [
        format!("/me/incidents/{foreign}"),
        "/me/incidents/x".into(),
        "/me/incidents/99999".into(),
    ] {
        assert_eq!(he.get(&path).status, 404, "{path}");
    }
    // Nobody else sees it there, whatever his role.
    for person in [&INTEGRITY, &SUPERVISOR, &ADMINISTRATOR] {
        let mut other = browser(&desk, person);
        assert_eq!(
            other.get(&format!("/me/incidents/{own}")).status,
            404,
            "{}",
            person.name
        );
        let page = other.get("/me");
        assert!(
            page.status == 200 && !page.body.contains(&format!("/me/incidents/{own}\"")),
            "{}",
            person.name
        );
    }
}

#[test]
fn a_copy_of_ones_data_has_all_of_it_and_nobody_else() {
    let desk = Desk::open();
    let (own, _) = numbers(&desk);
    planted(&desk, own);
    assert_eq!(browser(&desk, &INTEGRITY).get(&format!("/incidents/{own}")).status, 200);
    let mut he = browser(&desk, &OFFICER);
    let answer = he.get("/me/export");
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert!(answer.head.contains("attachment; filename=\"jagaloket-own.json\""));
    for other in others(&desk) {
        assert!(!answer.body.contains(&other), "{other} is in the copy");
    }
    let copy: Value = serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body));
    assert_eq!(copy["schema"], "jagaloket/own/1");
    assert_eq!(copy["persons"], serde_json::json!([HE]));
    assert_eq!(copy["roster"][0]["id"], HE);
    assert_eq!(copy["account"]["name"], OFFICER.name);
    let store = desk.seeded.store.clone();
    let his = desk
        .runtime
        .block_on(store.incidents_of("contoh", HE, None, 1_000))
        .unwrap();
    let listed: Vec<i64> = copy["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["incident"].as_i64().unwrap())
        .collect();
    assert_eq!(listed, his.iter().map(|row| row.n).collect::<Vec<_>>());
    let one = copy["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["incident"] == own)
        .unwrap();
    assert!(!one["verdicts"].as_array().unwrap().is_empty());
    assert_eq!(one["case"]["stage"], "finding");
    let by: Vec<&str> = one["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["by"].as_str().unwrap())
        .collect();
    assert_eq!(by, ["monitor", "self", "supervisor"]);
    assert!(one["steps"][2]["words"].as_str().unwrap().contains("[officer]"));
    let rows = desk.runtime.block_on(store.entries(0, None)).unwrap();
    let named = rows.iter().filter(|row| {
        row.kind == EntryKind::Event && String::from_utf8_lossy(&row.body).contains(&format!("\"{HE}\""))
    });
    assert_eq!(copy["events"].as_array().unwrap().len(), named.count());
    let planted = copy["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["body"]["type"] == "handset.seen");
    assert_eq!(planted.unwrap()["body"]["data"]["by"], "[supervisor]");
    let letters = desk
        .runtime
        .block_on(store.letters_about("contoh", HE, None, 1_000))
        .unwrap();
    assert_eq!(copy["letters"].as_array().unwrap().len(), letters.len());
    assert!(!letters.is_empty() && copy["letters"][0]["to"].is_string());
    for (name, count) in [("exemptions", 1), ("corrections", 1)] {
        assert_eq!(copy[name].as_array().unwrap().len(), count, "{name}");
    }
    let looks = copy["looks"].as_array().unwrap();
    assert!(
        looks
            .iter()
            .any(|look| look["what"] == "incident" && look["by"] == serde_json::json!(["integrity"]))
    );
    assert!(!copy["minutes"].as_array().unwrap().is_empty());
    assert!(
        traces(&desk)
            .iter()
            .any(|trace| trace.contains("\"what\":\"own\"") && trace.contains(HE))
    );
    // It is what its schema says.
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schemas/own.json");
    let script = "import json, jsonschema, sys\n\
                  schema = json.load(open(sys.argv[1]))\n\
                  jsonschema.Draft202012Validator.check_schema(schema)\n\
                  jsonschema.Draft202012Validator(schema).validate(json.load(sys.stdin))\nprint('fits')";
    assert_eq!(python(script, &[schema], answer.body.as_bytes()).trim(), "fits");
}

#[test]
fn a_copy_needs_a_fresh_proof_and_a_person_in_a_roster() {
    let desk = Desk::open();
    assert_eq!(browser(&desk, &ADMINISTRATOR).get("/me/export").status, 404);
    let mut nobody = Browser::new(desk.port);
    assert!(
        nobody
            .get("/me/export")
            .header("location")
            .unwrap()
            .starts_with("/sign-in")
    );
    let old = jagaloket::web::addresses();
    let export = old.iter().find(|address| address.path == "/me/export").unwrap();
    assert!(export.fresh, "the guard asks for a fresh proof");
}

#[test]
fn requests_for_correction_stand_on_the_integrity_teams_desk_with_their_clock() {
    let desk = Desk::open();
    let (own, _) = numbers(&desk);
    planted(&desk, own);
    let mut team = browser(&desk, &INTEGRITY);
    let page = team.get("/corrections?lang=en");
    assert_eq!(page.status, 200);
    for word in ["giliran saya", "Overdue", "/corrections/1/accept"] {
        assert!(page.body.contains(word), "{word}");
    }
    let health = team.get("/health?lang=en").body;
    assert!(health.contains("Requests for correction") && health.contains("the first is overdue by"));
    desk.show(|live| {
        let mut other = (*live.offices[0].roster).clone();
        other.office.id = OfficeId::new("lain");
        live.offices[0].roster = Arc::new(other);
    });
    let mut reader = Browser::new(desk.port);
    reader.cookies.insert("jagaloket_session".into(), desk.token.clone());
    let page = reader.get("/corrections?lang=en").body;
    assert!(
        page.contains("giliran saya") && !page.contains("/corrections/1/accept"),
        "an auditor only reads"
    );
}
