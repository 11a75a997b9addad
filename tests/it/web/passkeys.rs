//! Passkeys, in Chromium with an authenticator of its own; and what is not taken for one.

use serde_json::{Value, json};

use super::door::{ADMIN, PASSWORD};
use super::pages::Desk;
use crate::support::python;

#[test]
fn a_passkey_is_made_and_signs_in_once_for_each_challenge() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti", "auditor");
    let mut siti = desk.browser();
    siti.sign_in("siti", PASSWORD);
    let profile = tempfile::tempdir().unwrap();
    let order = json!({
        "base": format!("http://localhost:{}", desk.port),
        "session": siti.cookies["jagaloket_session"],
        "chromium": "/usr/bin/chromium",
        "profile": profile.path(),
    });
    // One file for both scripts' browser.
    let browser = include_str!("browser.py").replace("\nmain()\n", "\n");
    let script = include_str!("passkeys.py").replace("from browser import Browser\n", &browser);
    let said: Value = serde_json::from_str(&python(&script, &[], order.to_string().as_bytes())).unwrap();
    assert_eq!(said["made"]["url"], "/account", "{said:#}");
    assert!(said["made"]["text"].as_str().unwrap().contains("My laptop"), "{said:#}");
    assert_eq!(said["came"]["url"], "/incidents", "{said:#}");
    assert!(said["came"]["text"].as_str().unwrap().contains("siti"), "{said:#}");
    assert_eq!(said["complaints"], json!([]));
    let acts = desk.acts();
    assert_eq!(acts.iter().filter(|act| *act == "passkey_added").count(), 1);

    // What the browser sent, once more: the challenge was answered, whoever says it now.
    let sent = said["sent"].as_str().unwrap();
    let mut thief = desk.browser();
    for (name, value) in said["cookies"].as_object().unwrap() {
        thief.cookies.insert(name.clone(), value.as_str().unwrap().to_owned());
    }
    assert_eq!(thief.ask("POST", "/sign-in/passkey", sent).status, 422);
    assert!(!thief.is_in());
    // With a challenge of one's own, and in every way spoilt.
    let fields: Vec<(String, String)> = sent
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    for (spoilt, value) in [
        ("signature", "00"),
        ("client", "7b7d"),
        ("data", "00"),
        ("id", "ff"),
        ("challenge", "00"),
        ("next", "%2F"),
    ] {
        let mut browser = desk.browser();
        let page = browser.get("/sign-in").body;
        let of_page = |name: &str| {
            let at = page.split("data-passkey=\"use\"").nth(1).unwrap();
            at.split(&format!("name=\"{name}\" value=\""))
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .to_owned()
        };
        let mut again: Vec<(&str, String)> = fields
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        for (key, kept) in &mut again {
            match *key {
                "form" | "challenge" => *kept = of_page(key),
                _ => {}
            }
            if *key == spoilt {
                *kept = value.to_owned();
            }
        }
        let again: Vec<(&str, &str)> = again.iter().map(|(key, value)| (*key, value.as_str())).collect();
        assert_eq!(browser.post("/sign-in/passkey", &again).status, 422, "{spoilt}");
        assert!(!browser.is_in());
    }
    // Ended, or reset, it opens nothing: the table is empty.
    let id = desk
        .runtime
        .block_on(desk.seeded.store.account_named("siti"))
        .unwrap()
        .unwrap()
        .id;
    let page = format!("/users/{id}");
    assert_eq!(
        admin
            .submit(&page, &format!("{page}/reset"), &[("reason", "hilang")])
            .status,
        200
    );
    assert_eq!(desk.runtime.block_on(desk.seeded.store.passkeys_of(&id)).unwrap(), []);
    assert!(desk.traces().iter().any(|trace| trace["why"] == "passkey"));
}
