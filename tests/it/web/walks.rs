//! People who sign in, in a real browser: with password and code, with a passkey, by a provider; in both languages, with
//! scripts and without, and nothing that a browser complains of.

use jagaloket::accounts::{Grant, Holder, Role};
use jagaloket::clock::MonitorClock;
use jagaloket::door::{By, NewUser, Way};
use jagaloket::engine::roster::Language;
use serde_json::{Value, json};

use super::door::{ADMIN, PASSWORD};
use super::oidc::house;
use super::pages::Desk;
use crate::support::python;

const LANGUAGES: [&str; 2] = ["id", "en"];

/// Takes these steps in a browser of its own: what was told on the way, and that the browser had nothing to say of our pages;
/// those of others begin with one of `elsewhere`.
fn walk(script: bool, steps: &[Value], elsewhere: &[&str]) -> Value {
    let profile = tempfile::tempdir().unwrap();
    let order = json!({
        "chromium": "/usr/bin/chromium", "profile": profile.path(), "script": script, "steps": steps,
    });
    // One file for both scripts' browser.
    let browser = include_str!("browser.py").replace("\nmain()\n", "\n");
    let walker = include_str!("walks.py").replace("from browser import Browser\n", &browser);
    let mut said: Value = serde_json::from_str(&python(&walker, &[], order.to_string().as_bytes())).unwrap();
    let ours = |text: &&Value| !elsewhere.iter().any(|place| text.as_str().unwrap().contains(place));
    let complaints: Vec<&Value> = said["complaints"].as_array().unwrap().iter().filter(ours).collect();
    assert!(complaints.is_empty(), "{complaints:#?} {said:#}");
    said["said"].take()
}

fn is_at(page: &Value, path: &str, language: &str, says: &str) {
    assert_eq!(
        (&page["path"], &page["language"]),
        (&json!(path), &json!(language)),
        "{page:#}"
    );
    assert!(page["text"].as_str().unwrap().contains(says), "{says}: {page:#}");
}

fn says(language: &str, id: &'static str, en: &'static str) -> &'static str {
    if language == "id" { id } else { en }
}

impl Desk {
    /// An account made at the console; the link by which its holder chooses a password.
    fn invite(&self, name: &str) -> String {
        let now = MonitorClock::Wall.now();
        let new = NewUser {
            name: name.to_owned(),
            holder: Holder::default(),
            email: None,
            language: Language::Id,
            grants: vec![Grant {
                role: Role::Auditor,
                office: None,
                deputy_of: None,
                begins: now,
                ends: None,
            }],
        };
        let added = self
            .runtime
            .block_on(self.door.add_user(By::Console, new, true))
            .unwrap();
        match added.way {
            Way::Hand(link) => link,
            Way::Mail(_) => unreachable!("it is asked for by hand"),
        }
    }
}

#[test]
fn somebody_signs_in_with_password_and_code_in_both_languages_with_scripts_and_without() {
    let desk = Desk::asking(jagaloket::web::Settings::default(), None, Some(0));
    let base = format!("http://localhost:{}", desk.port);
    for (language, script) in [("id", true), ("en", true), ("id", false), ("en", false)] {
        let name = format!("{language}-{script}");
        // Invited at the console, as the first one is.
        let link = desk.invite(&name);
        let steps = [
            json!({"go": format!("{link}?lang={language}")}),
            json!({"tell": "link"}),
            json!({"fill": "main form", "with": {"password": PASSWORD}}),
            json!({"press": "main form button"}),
            json!({"tell": "chosen"}),
            json!({"go": format!("{base}/incidents")}),
            json!({"fill": "form[action='/sign-in']", "with": {"name": name, "password": PASSWORD}}),
            json!({"press": "form[action='/sign-in'] button"}),
            json!({"tell": "codes"}),
            json!({"read": "cookies", "of": "document.cookie"}),
            json!({"secret": "main form code"}),
            json!({"fill": "main form", "with": {}, "ahead": 0}),
            json!({"press": "main form button"}),
            json!({"tell": "recovery"}),
            json!({"go": format!("{base}/incidents")}),
            json!({"tell": "open"}),
            json!({"press": ".whose button"}),
            json!({"go": format!("{base}/incidents?lang={language}")}),
            json!({"tell": "sent"}),
            json!({"fill": "form[action='/sign-in']", "with": {"name": name, "password": PASSWORD}, "ahead": 30}),
            json!({"press": "form[action='/sign-in'] button"}),
            json!({"tell": "incidents"}),
            json!({"go": format!("{base}/incidents/36")}),
            json!({"tell": "incident"}),
            json!({"go": format!("{base}/traces")}),
            json!({"tell": "traces"}),
            json!({"go": format!("{base}/account")}),
            json!({"tell": "account"}),
            json!({"press": ".whose button"}),
            json!({"tell": "left"}),
        ];
        let said = walk(script, &steps, &[]);
        let link = said["link"]["path"].as_str().unwrap();
        is_at(
            &said["link"],
            link,
            language,
            says(language, "Pilih kata sandi", "Choose a password"),
        );
        is_at(&said["chosen"], "/sign-in", language, "Jagaloket");
        let alone = says(
            language,
            "kata sandi saja tidak cukup",
            "a password alone is too little",
        );
        is_at(&said["codes"], "/account/codes", language, alone);
        assert_eq!(said["cookies"], "", "no script reads a cookie");
        is_at(
            &said["recovery"],
            "/account/codes",
            language,
            says(language, "Kode pemulihan", "Recovery codes"),
        );
        is_at(
            &said["open"],
            "/incidents",
            language,
            says(language, "Insiden", "Incidents"),
        );
        is_at(&said["sent"], "/sign-in", language, "Jagaloket");
        is_at(
            &said["incidents"],
            "/incidents",
            language,
            says(language, "Insiden", "Incidents"),
        );
        is_at(
            &said["incident"],
            "/incidents/36",
            language,
            says(language, "Urutan kejadian", "Timeline"),
        );
        is_at(&said["traces"], "/traces", language, says(language, "Jejak", "Traces"));
        is_at(&said["account"], "/account", language, &name);
        is_at(&said["left"], "/sign-in", language, "Jagaloket");
    }
}

#[test]
fn somebody_signs_in_with_a_passkey_in_both_languages() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    let base = format!("http://localhost:{}", desk.port);
    for language in LANGUAGES {
        desk.settle(&mut admin, language, "auditor");
        let steps = [
            json!({"authenticator": true}),
            json!({"go": format!("{base}/sign-in?lang={language}&next=/account")}),
            json!({"fill": "form[action='/sign-in']", "with": {"name": language, "password": PASSWORD}}),
            json!({"press": "form[action='/sign-in'] button"}),
            json!({"fill": "form[data-passkey=make]", "with": {"name": "Laptop kantor"}}),
            json!({"press": "form[data-passkey=make] button"}),
            json!({"tell": "made"}),
            json!({"press": ".whose button"}),
            json!({"go": format!("{base}/sign-in?lang={language}&next=/incidents")}),
            json!({"press": "form[data-passkey=use] button"}),
            json!({"tell": "came"}),
        ];
        let said = walk(true, &steps, &[]);
        is_at(&said["made"], "/account", language, "Laptop kantor");
        is_at(
            &said["came"],
            "/incidents",
            language,
            says(language, "Insiden", "Incidents"),
        );
    }
}

#[test]
fn somebody_signs_in_by_a_provider_in_both_languages_with_scripts_and_without() {
    let house = house();
    let provider = format!("http://127.0.0.1:{}/", house.provider);
    // The name under which the provider sends people back.
    let base = format!("http://localhost:{}", house.desk.port);
    for (language, script) in [("id", true), ("en", true), ("id", false), ("en", false)] {
        let steps = [
            json!({"go": format!("{base}/sign-in?lang={language}&next=/incidents")}),
            json!({"tell": "asked"}),
            json!({"press": "a[href^='/sign-in/provider']"}),
            json!({"fill": "form", "with": {"sub": "kepatuhan-1"}}),
            json!({"press": "form button, form input[type=submit]"}),
            json!({"tell": "back"}),
            json!({"press": "main form button"}),
            json!({"tell": "came"}),
        ];
        let said = walk(script, &steps, &[&provider, "https://cdn.jsdelivr.net/"]);
        is_at(&said["asked"], "/sign-in", language, "SSO Kantor");
        is_at(&said["back"], "/sign-in/provider/back", language, "Jagaloket");
        is_at(
            &said["came"],
            "/incidents",
            language,
            says(language, "Insiden", "Incidents"),
        );
    }
}
