//! Who looks at whole offices sees codes; a name is shown for a reason, for a while, and leaves a trace its bearer can read.

use jagaloket::accounts::Role;
use jagaloket::store::rows::EntryKind;

use super::pages::Desk;
use super::people::{Person, seat};
use crate::support::Browser;

const INTEGRITY: Person = Person {
    name: "kepatuhan",
    office: Some("contoh"),
    person: Some("i-01"),
    roles: &[(Role::Integrity, None)],
};

/// Officers of the seeded office who do something today.
const NAMES: [&str; 6] = [
    "Adi Saputra",
    "Bunga Lestari",
    "Candra Wijaya",
    "Dewi Anggraini",
    "Eko Prasetyo",
    "Fitri Handayani",
];

fn seated(desk: &Desk) -> Browser {
    let token = desk.runtime.block_on(seat(&desk.seeded.store, &INTEGRITY));
    let mut browser = Browser::new(desk.port);
    browser.cookies.insert("jagaloket_session".into(), token);
    browser
}

fn reveal(desk: &Desk, browser: &mut Browser, officer: &str, reason: &str) -> u16 {
    let proof = desk
        .door
        .keys
        .sign(&format!("form {}", browser.cookies["jagaloket_session"]));
    let fields = [
        ("form", proof.as_str()),
        ("office", "contoh"),
        ("officer", officer),
        ("reason", reason),
        ("next", "/incidents/36"),
    ];
    browser.post("/reveal", &fields).status
}

#[test]
fn the_integrity_team_sees_codes_on_every_page_and_in_every_letter() {
    let desk = Desk::open();
    let mut browser = seated(&desk);
    let mut paths: Vec<String> = Desk::pages().iter().map(|(path, _)| (*path).to_owned()).collect();
    // Every letter there is, as text and as it was sent.
    for n in 1..=80 {
        paths.extend([format!("/letters/{n}"), format!("/letters/{n}/html")]);
    }
    let mut letters = 0;
    for path in paths {
        let page = browser.get(&path);
        letters += usize::from(page.status == 200 && path.ends_with("/html"));
        for name in NAMES {
            assert!(!page.body.contains(name), "{path} says {name}");
        }
    }
    assert!(letters > 20, "{letters} letters were looked at");
    assert!(
        browser
            .get("/?lang=en")
            .body
            .contains("Officers are shown by their codes")
    );
}

#[test]
fn a_name_is_shown_for_a_reason_alone_and_the_ledger_says_who_asked() {
    let desk = Desk::open();
    let mut browser = seated(&desk);
    assert!(browser.get("/incidents/36?lang=en").body.contains("Show the name"));
    for (officer, reason) in [
        ("p-003", ""),
        ("p-003", "because"),
        ("p-999", "a reason that is long enough"),
    ] {
        assert_eq!(reveal(&desk, &mut browser, officer, reason), 422, "{officer} {reason}");
    }
    assert!(!browser.get("/incidents/36").body.contains("Candra Wijaya"));
    let reason = "Laporan pemohon TNG-7F3K9Q tentang petugas ini";
    assert_eq!(reveal(&desk, &mut browser, "p-003", reason), 303);
    let page = browser.get("/incidents/36").body;
    assert!(
        page.contains("Candra Wijaya") && !page.contains("Buka nama</a>"),
        "{page}"
    );
    assert!(
        !browser.get("/").body.contains("Dewi Anggraini"),
        "the others stay covered"
    );
    let entries = desk.runtime.block_on(desk.seeded.store.entries(0, None)).unwrap();
    let traces = entries.iter().filter(|entry| entry.kind == EntryKind::Trace);
    let traces: Vec<serde_json::Value> = traces
        .map(|entry| serde_json::from_slice(&entry.body).unwrap())
        .collect();
    let told = traces
        .iter()
        .find(|trace| trace["reason"] == reason)
        .expect("a trace with the reason");
    assert_eq!(
        (&told["what"], &told["officer"], &told["office"]),
        (&"name".into(), &"p-003".into(), &"contoh".into())
    );
}
