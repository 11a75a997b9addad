//! What somebody on the office's network tries at the dashboard, one after the other, against the running server.

use jagaloket::accounts::codes;
use jagaloket::clock::MonitorClock;
use jagaloket::keys::token_hash;

use super::door::{ADMIN, PASSWORD};
use super::pages::Desk;
use super::people::{AUDITOR, Person};
use crate::support::Browser;

#[test]
fn a_session_that_was_made_up_fixed_ended_or_stolen_and_revoked_opens_nothing() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti", "auditor");
    for forged in [
        "0".repeat(64),
        token_hash("x"),
        "' OR '1'='1".into(),
        "../../x".into(),
        "a".repeat(5_000),
        String::new(),
    ] {
        let mut browser = desk.browser();
        browser.cookies.insert("jagaloket_session".into(), forged);
        assert!(!browser.is_in());
    }
    // What stands in the database, its hash, is no key.
    let hash = token_hash(&admin.cookies["jagaloket_session"]);
    let mut reader = desk.browser();
    reader.cookies.insert("jagaloket_session".into(), hash);
    assert!(!reader.is_in());
    // A session somebody else has set before is not taken over: the browser gets one of its own.
    let fixed = "f".repeat(64);
    let mut siti = desk.browser();
    siti.cookies.insert("jagaloket_session".into(), fixed.clone());
    siti.sign_in("siti", PASSWORD);
    assert_ne!(siti.cookies["jagaloket_session"], fixed);
    let mut fixer = desk.browser();
    fixer.cookies.insert("jagaloket_session".into(), fixed);
    assert!(!fixer.is_in());
    // Two cookies of one name: one of them is somebody else's, and neither counts.
    let own = siti.cookies["jagaloket_session"].clone();
    let mut twice = desk.browser();
    twice.headers = vec![format!("Cookie: jagaloket_session={own}; jagaloket_session={own}")];
    assert!(!twice.is_in());
    // Signing in again ends the session the browser had.
    let again = siti.submit("/account", "/sign-in", &[("name", "siti"), ("password", PASSWORD)]);
    assert_eq!(again.status, 303);
    let mut old = desk.browser();
    old.cookies.insert("jagaloket_session".into(), own);
    assert!(!old.is_in() && siti.is_in());
    // Stolen, then revoked by its owner from another browser.
    let mut thief = siti.clone();
    let mut elsewhere = desk.browser();
    elsewhere.sign_in("siti", PASSWORD);
    assert_eq!(
        elsewhere.submit("/account", "/account/sessions/end-others", &[]).status,
        303
    );
    assert!(!thief.is_in() && elsewhere.is_in());
    let traces = desk.traces();
    assert!(
        traces
            .iter()
            .any(|trace| trace["act"] == "refused" && trace["why"] == "session"),
        "{traces:#?}"
    );
}

#[test]
fn sessions_end_by_themselves() {
    let desk = Desk::open();
    let hour = 3_600_000;
    for (seen, created, is_in) in [(0, 0, true), (2 * hour, 2 * hour, false), (0, 13 * hour, false)] {
        let mut browser = desk.as_person(&Person {
            name: if is_in {
                "fresh"
            } else if seen > 0 {
                "idle"
            } else {
                "old"
            },
            ..AUDITOR
        });
        let hash = token_hash(&browser.cookies["jagaloket_session"]);
        desk.execute(&format!(
            "UPDATE session SET seen_ms = seen_ms - {seen}, created_ms = created_ms - {created} WHERE hash = '{hash}'"
        ));
        assert_eq!(browser.is_in(), is_in, "{seen} {created}");
    }
}

#[test]
fn no_form_of_another_page_changes_anything() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    let proof = admin.get("/users").proof().to_owned();
    let new = [("name", "mole"), ("role", "administrator")];
    let good = [&[("form", proof.as_str())], &new[..]].concat();
    let exists = || {
        desk.runtime
            .block_on(desk.seeded.store.account_named("mole"))
            .unwrap()
            .is_some()
    };
    // Without a proof, with another's, with one of nobody's.
    let mut other = desk.as_person(&Person { name: "other", ..ADMIN });
    let others = other.get("/users").proof().to_owned();
    let nobodys = desk.browser().get("/sign-in").proof().to_owned();
    for wrong in ["", "x", &others, &nobodys, &proof[1..], &proof.to_uppercase()] {
        let answer = admin.post("/users", &[&[("form", wrong)], &new[..]].concat());
        assert_eq!(answer.status, 403, "{wrong}");
        assert!(!exists());
    }
    // With a good one, where the browser says that another page sent it.
    for header in [
        "Origin: http://evil.example".to_owned(),
        "Origin: null".to_owned(),
        format!("Origin: http://127.0.0.1:{}.evil.example", desk.port),
        "Sec-Fetch-Site: cross-site".to_owned(),
        "Sec-Fetch-Site: same-site".to_owned(),
    ] {
        admin.headers = vec![header.clone()];
        assert_eq!(admin.post("/users", &good).status, 403, "{header}");
        assert!(!exists());
    }
    // As other kinds of content, which pages elsewhere can send without asking.
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
        admin.headers = vec![format!("Content-Type: {kind}")];
        assert_eq!(admin.post("/users", &good).status, 415, "{kind}");
        assert!(!exists());
    }
    // By an address alone, and by methods that pretend.
    admin.headers.clear();
    assert_eq!(
        admin
            .get(&format!("/users/id-other/disable?form={proof}&reason=x"))
            .status,
        405
    );
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        assert_ne!(admin.ask(method, "/users", "").status, 200, "{method}");
    }
    assert_eq!(admin.post("/users", &good).status, 200);
    assert!(exists());
    let foreign = desk.traces().into_iter().filter(|trace| trace["why"] == "foreign_form");
    assert!(foreign.map(|trace| trace["times"].as_i64().unwrap()).sum::<i64>() >= 10);
    // Nor can somebody be signed in as the attacker.
    let mut victim = desk.browser();
    let answer = victim.post(
        "/sign-in",
        &[("form", &nobodys), ("name", "mole"), ("password", PASSWORD)],
    );
    assert_eq!(answer.status, 403);
}

#[test]
fn the_answer_does_not_tell_whether_there_is_an_account() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti", "auditor");
    let made = admin.submit("/users", "/users", &[("name", "invited"), ("role", "auditor")]);
    assert_eq!(made.status, 200);
    let id = desk
        .runtime
        .block_on(desk.seeded.store.account_named("siti"))
        .unwrap()
        .unwrap()
        .id;
    let mut answers = Vec::new();
    let ask = |name: &str| {
        // What is chance apart, everything is the same.
        let answer = desk.browser().try_sign_in(name, "salah sama sekali", "");
        let proof = answer.proof().to_owned();
        let mut body = answer.body.replace(&proof, "");
        for chance in ["data-challenge=\"", "name=\"challenge\" value=\""] {
            let told = body
                .split(chance)
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .unwrap()
                .to_owned();
            body = body.replace(&told, "");
        }
        (answer.status, body)
    };
    for name in ["siti", "nobody", "invited"] {
        answers.push(ask(name));
    }
    let page = format!("/users/{id}");
    assert_eq!(
        admin
            .submit(&page, &format!("{page}/disable"), &[("reason", "x")])
            .status,
        303
    );
    answers.push(ask("siti"));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // Waits are the same as well.
    let waits = |name: &str| {
        (0..6)
            .map(|_| {
                desk.browser()
                    .submit("/sign-in", "/sign-in", &[("name", name), ("password", "x")])
                    .status
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(waits("admin"), waits("nobody-else"));
}

#[test]
fn a_code_that_was_used_is_worth_nothing_even_at_the_same_moment() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti", "auditor");
    let seed = [7_u8; 20];
    let id = desk
        .runtime
        .block_on(desk.seeded.store.account_named("siti"))
        .unwrap()
        .unwrap()
        .id;
    let sealed = codes::hex(&desk.door.keys.seal(&format!("seed {id}"), &seed));
    desk.execute(&format!(
        "UPDATE account SET seed = x'{sealed}', seed_step = 0 WHERE id = '{id}'"
    ));
    let code = codes::shown(&seed, MonitorClock::Wall.now());
    // Six browsers with the same good code at once: one comes in.
    let tries: Vec<_> = (0..6)
        .map(|_| {
            let (mut browser, code) = (desk.browser(), code.clone());
            std::thread::spawn(move || {
                browser
                    .submit(
                        "/sign-in",
                        "/sign-in",
                        &[("name", "siti"), ("password", PASSWORD), ("code", &code)],
                    )
                    .status
            })
        })
        .collect();
    let statuses: Vec<u16> = tries.into_iter().map(|one| one.join().unwrap()).collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        1,
        "{statuses:?}"
    );
    // A seed that somebody wrote into the database without the key, or of another account, opens nothing.
    desk.execute(&format!(
        "UPDATE account SET seed = x'{}' WHERE id = '{id}'",
        codes::hex(&seed)
    ));
    let code = codes::shown(&seed, MonitorClock::Wall.now().plus_ms(30_000));
    assert_ne!(desk.browser().try_sign_in("siti", PASSWORD, &code).status, 303);
}

#[test]
fn nobody_is_sent_elsewhere_after_signing_in() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti", "auditor");
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/%09/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/a\r\nLocation: https://evil.example/",
        "http:/evil.example",
    ] {
        let mut browser = desk.browser();
        let fields = [("name", "siti"), ("password", PASSWORD), ("next", next)];
        let answer = browser.submit("/sign-in", "/sign-in", &fields);
        assert_eq!(answer.status, 303, "{next}");
        let place = answer.header("location").unwrap();
        assert!(place == "/" || place == "/%09/evil.example", "{next} leads to {place}");
        assert_eq!(answer.headers("location").count(), 1);
        let shown = browser.get(&format!("/sign-in?next={}", next.replace(['\r', '\n', ' '], "")));
        assert!(
            shown
                .header("location")
                .is_none_or(|place| place.starts_with('/') && !place.starts_with("//"))
        );
    }
}

#[test]
fn a_reset_leads_where_the_configuration_says_whatever_a_request_calls_this_host() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    let fields = [("name", "rina"), ("role", "auditor"), ("email", "rina@contoh.example")];
    assert_eq!(admin.submit("/users", "/users", &fields).status, 200);
    for header in [
        "X-Forwarded-Host: evil.example",
        "Forwarded: host=evil.example",
        "X-Host: evil.example",
    ] {
        let mut browser = desk.browser();
        let proof = browser.get("/forgot").proof().to_owned();
        browser.headers = vec![header.into()];
        assert_eq!(
            browser.post("/forgot", &[("form", &proof), ("name", "rina")]).status,
            200
        );
    }
    let mut browser = desk.browser();
    let proof = browser.get("/forgot").proof().to_owned();
    browser.headers = vec!["Host: evil.example".into()];
    assert_eq!(
        browser.post("/forgot", &[("form", &proof), ("name", "rina")]).status,
        421
    );
    let mail = desk.wait_for_mail("Kata sandi baru diminta");
    assert!(
        mail.contains(&format!("http://localhost:{}/link/", desk.port)) && !mail.contains("evil"),
        "{mail}"
    );
}

#[test]
fn what_is_typed_into_a_field_stays_text() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    let nasty = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' OR 1=1 --",
        "{{7*7}}",
        "a\r\nBcc: x@evil.example",
    ];
    for text in nasty {
        // No account has such a name or address.
        for field in ["name", "email"] {
            let mut fields = vec![("name", "plain"), ("role", "auditor")];
            fields.retain(|(key, _)| *key != field);
            fields.push((field, text));
            let answer = admin.submit("/users", "/users", &fields);
            assert_eq!(answer.status, 422, "{field}: {text}");
            assert!(
                !answer.body.contains("<script>alert") && !answer.body.contains("<img src=x"),
                "{}",
                answer.body
            );
        }
        // A person's id is free text where it can be seen, and is shown as such.
        let name = format!("n{}", text.len());
        let fields = [
            ("name", name.as_str()),
            ("role", "officer"),
            ("office", "contoh"),
            ("person", text),
        ];
        let answer = admin.submit("/users", "/users", &fields);
        if text.contains('\n') {
            assert_eq!(answer.status, 422, "{text}");
            continue;
        }
        assert_eq!(answer.status, 200, "{text}");
        let id = desk
            .runtime
            .block_on(desk.seeded.store.account_named(&name))
            .unwrap()
            .unwrap()
            .id;
        for page in ["/users".to_owned(), format!("/users/{id}")] {
            let body = admin.get(&page).body;
            assert!(
                !body.contains("<script>alert") && !body.contains("<img src=x"),
                "{page}"
            );
        }
        let mut browser = desk.browser();
        browser.headers = vec![format!("User-Agent: {}", text.replace(['\r', '\n'], " "))];
        let answer = browser.try_sign_in(text, text, text);
        assert_eq!(answer.status, 422);
        assert!(
            !answer.body.contains(text) || text == "{{7*7}}",
            "what was typed is not said again"
        );
        let odd = [("role", text), ("begins", text), ("ends", text), ("deputy_of", text)];
        let page = format!("/users/{id}");
        assert_eq!(admin.submit(&page, &format!("{page}/roles"), &odd).status, 422);
        assert_eq!(
            admin
                .submit(&page, &format!("{page}/roles/end"), &[("role", text)])
                .status,
            409
        );
    }
    // The browser's own name is shown to its owner, as text.
    let mut siti = desk.browser();
    desk.settle(&mut admin, "siti", "auditor");
    siti.headers = vec!["User-Agent: <script>alert(1)</script>".into()];
    siti.sign_in("siti", PASSWORD);
    let page = siti.get("/account").body;
    assert!(
        page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"),
        "{page}"
    );
}

#[test]
fn every_answer_to_a_stranger_binds_the_browser_and_no_page_has_anything_inline() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    let mut siti = desk.as_person(&Person {
        name: "siti",
        ..AUDITOR
    });
    let mut nobody = desk.browser();
    let look = |browser: &mut Browser, path: &str| {
        let answer = browser.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"),
            "{path}: {policy}"
        );
        for never in [" style=", "<style", " onclick", " onload", "javascript:", "<script>"] {
            assert!(!answer.body.to_lowercase().contains(never), "{path} contains {never}");
        }
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        for cookie in answer
            .headers("set-cookie")
            .filter(|cookie| !cookie.starts_with("jagaloket_lang"))
        {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite="), "{cookie}");
        }
    };
    for path in ["/sign-in", "/forgot", "/link/0123", "/incidents", "/nowhere"] {
        look(&mut nobody, path);
    }
    for path in ["/account", "/account/codes", "/confirm", "/", "/incidents/36", "/users"] {
        look(&mut siti, path);
    }
    for path in ["/users", "/users/id-siti", "/account", "/"] {
        look(&mut admin, path);
    }
}
