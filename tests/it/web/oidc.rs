//! Signing in by an OpenID provider, which is a real process of its own.

use std::process::Command;
use std::time::Duration;

use jagaloket::accounts::Role;
use jagaloket::door::{Mapped, Provider};
use jagaloket::engine::event::OfficeId;
use jagaloket::web::Settings;
use serde_json::json;

use super::pages::Desk;
use crate::support::{Answer, Browser, Peer, free_port, python_command, wait_until};

pub struct House {
    pub desk: Desk,
    pub provider: u16,
    _process: Peer,
    _folder: tempfile::TempDir,
}

pub fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let provider = free_port();
    let python = python_command("").get_program().to_owned();
    let mut command = Command::new(python);
    command.args([
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--require-nonce",
        "true",
        "--port",
    ]);
    command.arg(provider.to_string());
    for (sub, groups) in [
        ("kepatuhan-1", vec!["pegawai", "kepatuhan"]),
        ("audit-1", vec!["audit"]),
        ("nobody-1", vec!["pegawai"]),
    ] {
        command
            .arg("--user-claims")
            .arg(json!({"sub": sub, "groups": groups}).to_string());
    }
    let process = Peer::spawn(command, &folder.path().join("log"));
    wait_until(Duration::from_secs(60), "the provider", || {
        std::net::TcpStream::connect(("127.0.0.1", provider)).is_ok()
    });
    let mapped = |group: &str, role, office: Option<&str>| Mapped {
        group: group.into(),
        role,
        office: office.map(OfficeId::new),
    };
    let desk = Desk::beside(
        Settings::default(),
        Some(Provider {
            issuer: format!("http://127.0.0.1:{provider}"),
            client: "jagaloket".into(),
            secret: Some("rahasia".into()),
            name: "SSO Kantor".into(),
            groups: "groups".into(),
            roles: vec![
                mapped("kepatuhan", Role::Integrity, Some("contoh")),
                mapped("audit", Role::Auditor, None),
            ],
        }),
    );
    House {
        desk,
        provider,
        _process: process,
        _folder: folder,
    }
}

impl House {
    /// To the provider, where he says who he is, and back: the page with the button to go on.
    fn way(&self, browser: &mut Browser, sub: &str) -> (String, Answer) {
        let went = browser.get("/sign-in/provider?next=/incidents");
        let address = went.header("location").unwrap().to_owned();
        assert!(address.contains("code_challenge_method=S256"), "{address}");
        let path = address.split_once(&format!(":{}", self.provider)).unwrap().1;
        let mut there = Browser::new(self.provider);
        let said = there.ask("POST", path, &format!("sub={sub}"));
        let back = said
            .header("location")
            .unwrap_or_else(|| panic!("{} {}", said.head, said.body));
        let back = back.split_once(&format!(":{}", self.desk.port)).unwrap().1.to_owned();
        let page = browser.get(&back);
        assert_eq!(page.status, 200);
        (back, page)
    }

    fn go_on(&self, browser: &mut Browser, page: &Answer, change: impl Fn(&str, &str) -> String) -> Answer {
        let field = |name: &str| {
            let at = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1);
            at.and_then(|rest| rest.split('"').next())
                .unwrap_or_default()
                .to_owned()
        };
        let fields: Vec<(&str, String)> = ["state", "code", "iss"]
            .into_iter()
            .map(|name| (name, change(name, &field(name))))
            .collect();
        let proof = page.proof().to_owned();
        let mut all = vec![("form", proof.as_str())];
        all.extend(fields.iter().map(|(name, value)| (*name, value.as_str())));
        browser.post("/sign-in/provider/back", &all)
    }
}

fn as_it_is(_: &str, value: &str) -> String {
    value.to_owned()
}

#[test]
fn a_provider_vouches_for_people_and_their_groups_say_what_they_see() {
    let house = house();
    let mut officer = house.desk.browser();
    assert!(officer.get("/sign-in").body.contains("SSO Kantor"));
    let (_, page) = house.way(&mut officer, "kepatuhan-1");
    assert!(!officer.is_in(), "an address alone changes nothing");
    let came = house.go_on(&mut officer, &page, as_it_is);
    assert_eq!(
        (came.status, came.header("location")),
        (303, Some("/incidents")),
        "{}",
        came.body
    );
    assert_eq!(officer.get("/incidents/36").status, 200);
    assert_eq!(officer.get("/users").status, 403);
    // Once more it is the same account.
    let mut again = house.desk.browser();
    let (_, page) = house.way(&mut again, "kepatuhan-1");
    assert_eq!(house.go_on(&mut again, &page, as_it_is).status, 303);
    let accounts = house.desk.runtime.block_on(house.desk.seeded.store.accounts()).unwrap();
    let sso: Vec<_> = accounts.iter().filter(|account| account.subject.is_some()).collect();
    assert_eq!(sso.len(), 1);
    assert!(officer.is_in() && again.is_in());
    let mut auditor = house.desk.browser();
    let (_, page) = house.way(&mut auditor, "audit-1");
    assert_eq!(house.go_on(&mut auditor, &page, as_it_is).status, 303);
    assert_eq!(auditor.get("/incidents/36").status, 200);
    // Who is in no group of ours has nothing to do here, and leaves no account.
    let mut nobody = house.desk.browser();
    let (_, page) = house.way(&mut nobody, "nobody-1");
    assert_eq!(house.go_on(&mut nobody, &page, as_it_is).status, 422);
    assert!(!nobody.is_in());
    // An export needs a proof that is fresh: when he proved who he is, the provider says.
    assert_eq!(officer.get("/api/v1/verdicts").status, 200);
    house.desk.age_proofs();
    let export = officer.get("/api/v1/verdicts");
    assert_eq!(export.status, 403);
    assert!(
        officer
            .get("/confirm")
            .body
            .contains("/sign-in/provider?next=%2F&amp;again=1")
    );
    let id = sso[0].id.clone();
    house
        .desk
        .execute(&format!("UPDATE account SET state = 'disabled' WHERE id = '{id}'"));
    assert!(!officer.is_in());
    let (_, page) = house.way(&mut officer, "kepatuhan-1");
    assert_eq!(house.go_on(&mut officer, &page, as_it_is).status, 422);
    let acts = house.desk.acts();
    for act in ["user_added", "role_granted", "signed_in", "refused"] {
        assert!(acts.iter().any(|known| known == act), "{act}");
    }
    assert!(!format!("{:?}", house.desk.traces()).contains("kepatuhan-1"));
}

#[test]
fn mixed_up_states_issuers_codes_and_browsers_open_nothing() {
    let house = house();
    // Somebody else's way, finished in this browser: he would be signed in as the attacker.
    let (mut attacker, mut victim) = (house.desk.browser(), house.desk.browser());
    let (back, _) = house.way(&mut attacker, "audit-1");
    let page = victim.get(&back);
    assert_eq!(house.go_on(&mut victim, &page, as_it_is).status, 422);
    assert!(!victim.is_in());
    for (spoilt, value) in [
        ("state", "0000"),
        ("state", ""),
        ("code", "0000"),
        ("iss", "https://evil.example"),
    ] {
        let mut browser = house.desk.browser();
        let (_, page) = house.way(&mut browser, "audit-1");
        let answer = house.go_on(&mut browser, &page, |name, kept| {
            if name == spoilt {
                value.to_owned()
            } else {
                kept.to_owned()
            }
        });
        assert_eq!(answer.status, 422, "{spoilt}={value}: {}", answer.body);
        assert!(!browser.is_in());
    }
    // The same answer twice: the second one is nobody's.
    let mut browser = house.desk.browser();
    let (back, page) = house.way(&mut browser, "audit-1");
    let kept = browser.cookies["jagaloket_provider"].clone();
    assert_eq!(house.go_on(&mut browser, &page, as_it_is).status, 303);
    let mut thief = house.desk.browser();
    thief.cookies.insert("jagaloket_provider".into(), kept);
    let page = thief.get(&back);
    assert_eq!(house.go_on(&mut thief, &page, as_it_is).status, 422);
    assert!(!thief.is_in());
    // A token for another nonce: the code of one way under the state of another.
    let (mut one, mut other) = (house.desk.browser(), house.desk.browser());
    let (_, first) = house.way(&mut one, "audit-1");
    let (back, _) = house.way(&mut other, "audit-1");
    let code = back
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .to_owned();
    let answer = house.go_on(&mut one, &first, |name, kept| {
        if name == "code" { code.clone() } else { kept.to_owned() }
    });
    assert_eq!(answer.status, 422, "PKCE and nonce tie a code to its way");
    assert!(!one.is_in());
    let refused = house
        .desk
        .traces()
        .into_iter()
        .filter(|trace| trace["why"] == "provider");
    assert!(refused.count() >= 5);
}

#[test]
fn a_provider_that_does_not_answer_leaves_the_other_ways_open() {
    let mut house = house();
    house._process.kill();
    let mut browser = house.desk.browser();
    let answer = browser.get("/sign-in/provider");
    assert_eq!(answer.status, 502);
    assert!(
        answer.body.contains("Penyedia identitas tidak menjawab"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("name=\"password\""));
}
