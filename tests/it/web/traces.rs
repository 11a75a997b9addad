//! Traces: each attack leaves its own, each look and list too, and who watches an office sees those of that office.

use jagaloket::accounts::{Role, Scope};
use jagaloket::store::read::TraceFilter;
use jagaloket::web::{Needs, Settings, addresses};
use serde_json::Value;

use super::door::{ADMIN, PASSWORD};
use super::pages::Desk;
use super::people::{AUDITOR, Person};
use crate::support::{Answer, Browser};

/// A dashboard behind a proxy that is named, so that everybody can come from an address of his own.
fn desk() -> Desk {
    Desk::with(Settings {
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..Settings::default()
    })
}

impl Desk {
    /// Why somebody was refused who came from this address.
    fn whys(&self, address: &str) -> Vec<String> {
        let traces = self.traces().into_iter();
        let of_it = traces.filter(|trace| trace["act"] == "refused" && trace["address"] == address);
        of_it.map(|trace| trace["why"].as_str().unwrap().to_owned()).collect()
    }

    fn newest(&self) -> Value {
        self.traces().pop().unwrap()
    }
}

/// An attack, and what it is to be answered and traced with.
struct Attack<'a> {
    name: &'a str,
    why: &'a str,
    status: u16,
    act: &'a dyn Fn(&mut Browser) -> Answer,
}

#[test]
fn each_kind_of_attack_is_refused_and_leaves_its_trace() {
    let desk = desk();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti", "auditor");
    let admins = admin.cookies["jagaloket_session"].clone();
    let auditor = desk
        .as_person(&Person {
            name: "reader",
            ..AUDITOR
        })
        .cookies["jagaloket_session"]
        .clone();
    let mut revoked = desk.browser();
    revoked.sign_in("siti", PASSWORD);
    let stolen = revoked.cookies["jagaloket_session"].clone();
    let proof = revoked.get("/account").proof().to_owned();
    assert_eq!(revoked.post("/sign-out", &[("form", &proof)]).status, 303);
    let with = |browser: &mut Browser, token: &str| {
        browser.cookies.insert("jagaloket_session".into(), token.to_owned());
    };
    let add = |browser: &mut Browser, header: String| browser.headers.push(header);
    let new = [("name", "mole"), ("role", "administrator")];
    let attacks = [
        Attack {
            name: "a guessed password",
            why: "sign_in",
            status: 422,
            act: &|browser| {
                browser.submit(
                    "/sign-in",
                    "/sign-in",
                    &[("name", "siti"), ("password", "tebakan saja lho")],
                )
            },
        },
        Attack {
            name: "a password that is too long to look at",
            why: "sign_in",
            status: 422,
            act: &|browser| {
                let long = "x".repeat(4_000);
                browser.submit("/sign-in", "/sign-in", &[("name", "siti"), ("password", &long)])
            },
        },
        Attack {
            name: "injection into the name",
            why: "sign_in",
            status: 422,
            act: &|browser| browser.submit("/sign-in", "/sign-in", &[("name", "' OR 1=1 --"), ("password", "x")]),
        },
        Attack {
            name: "a forged session",
            why: "session",
            status: 303,
            act: &|browser| {
                with(browser, &"ab".repeat(32));
                browser.get("/incidents")
            },
        },
        Attack {
            name: "a session that was stolen and ended",
            why: "session",
            status: 303,
            act: &|browser| {
                with(browser, &stolen);
                browser.get("/incidents/36")
            },
        },
        Attack {
            name: "the same by the interface for programs",
            why: "session",
            status: 401,
            act: &|browser| {
                with(browser, &stolen);
                browser.get("/api/v1/verdicts")
            },
        },
        Attack {
            name: "nobody at all",
            why: "nobody",
            status: 303,
            act: &|browser| browser.get("/incidents/36"),
        },
        Attack {
            name: "nobody, by the interface",
            why: "nobody",
            status: 401,
            act: &|browser| browser.get("/api/v1/incidents"),
        },
        Attack {
            name: "a token that is none",
            why: "token",
            status: 401,
            act: &|browser| {
                add(browser, "Authorization: Bearer jgl_0123456789".into());
                browser.get("/api/v1/verdicts")
            },
        },
        Attack {
            name: "a role that is too small",
            why: "role",
            status: 403,
            act: &|browser| {
                with(browser, &auditor);
                browser.get("/users")
            },
        },
        Attack {
            name: "a form without its proof",
            why: "foreign_form",
            status: 403,
            act: &|browser| {
                with(browser, &admins);
                browser.post("/users", &new)
            },
        },
        Attack {
            name: "a form of a page elsewhere",
            why: "foreign_form",
            status: 403,
            act: &|browser| {
                with(browser, &admins);
                let proof = browser.get("/users").proof().to_owned();
                add(browser, "Origin: http://evil.example".into());
                browser.post("/users", &[&[("form", proof.as_str())], &new[..]].concat())
            },
        },
        Attack {
            name: "a form as another kind of content",
            why: "no_form",
            status: 415,
            act: &|browser| {
                with(browser, &admins);
                add(browser, "Content-Type: text/plain".into());
                browser.post("/users", &new)
            },
        },
        Attack {
            name: "a form without end",
            why: "too_large",
            status: 413,
            act: &|browser| {
                with(browser, &admins);
                browser.post("/users", &[("name", &"x".repeat(20_000))])
            },
        },
        Attack {
            name: "a change by a GET",
            why: "method",
            status: 405,
            act: &|browser| {
                with(browser, &admins);
                browser.get("/users/id-reader/disable?reason=x")
            },
        },
        Attack {
            name: "another host's name",
            why: "host",
            status: 421,
            act: &|browser| {
                add(browser, "Host: evil.example".into());
                browser.get("/")
            },
        },
        Attack {
            name: "another host's name on a reset",
            why: "host",
            status: 421,
            act: &|browser| {
                let proof = browser.get("/forgot").proof().to_owned();
                add(browser, "Host: evil.example".into());
                browser.post("/forgot", &[("form", &proof), ("name", "siti")])
            },
        },
        Attack {
            name: "a way out of the folder",
            why: "not_there",
            status: 404,
            act: &|browser| browser.get("/static/../../etc/passwd"),
        },
        Attack {
            name: "the same, encoded",
            why: "not_there",
            status: 404,
            act: &|browser| browser.get("/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
        },
        Attack {
            name: "a link made up",
            why: "link",
            status: 404,
            act: &|browser| browser.get("/link/0123456789abcdef"),
        },
        Attack {
            name: "a record that is not there, or another's",
            why: "not_there",
            status: 404,
            act: &|browser| {
                with(browser, &auditor);
                browser.get("/incidents/999999")
            },
        },
        Attack {
            name: "injection into a question",
            why: "question",
            status: 400,
            act: &|browser| {
                with(browser, &auditor);
                browser.get("/api/v1/incidents?state=%27%20OR%201%3D1")
            },
        },
        Attack {
            name: "the machine's pages from elsewhere",
            why: "not_from_here",
            status: 403,
            act: &|browser| browser.get("/metrics"),
        },
        Attack {
            name: "a provider's answer that nobody asked for",
            why: "provider",
            status: 422,
            act: &|browser| {
                let page = browser.get("/sign-in/provider/back?state=00&code=00");
                let proof = page.proof().to_owned();
                browser.post(
                    "/sign-in/provider/back",
                    &[("form", &proof), ("state", "00"), ("code", "00")],
                )
            },
        },
    ];
    for (n, attack) in attacks.iter().enumerate() {
        let from = format!("10.66.{n}.7");
        let mut browser = desk.browser();
        browser.headers = vec![format!("X-Forwarded-For: {from}")];
        let answer = (attack.act)(&mut browser);
        assert_eq!(answer.status, attack.status, "{}: {}", attack.name, answer.body);
        let whys = desk.whys(&from);
        assert!(whys.iter().any(|why| why == attack.why), "{}: {whys:?}", attack.name);
    }
    let all = format!("{:?}", desk.traces());
    for never in ["tebakan saja", "OR 1=1", "0123456789abcdef", "jgl_0123", &stolen] {
        assert!(!all.contains(never), "a ledger forgets nothing, and {never} is in it");
    }
    // Asking too often is one as well.
    let mut greedy = desk.browser();
    greedy.headers = vec!["X-Forwarded-For: 10.67.0.1".into()];
    let refused = (0..400).find(|_| greedy.get("/static/icon.svg").status == 429);
    assert!(refused.is_some());
    assert_eq!(desk.whys("10.67.0.1"), ["too_many"]);
}

#[test]
fn what_somebody_may_not_see_is_traced_once_and_by_its_own_word() {
    let desk = desk();
    let mut team = desk.as_person(&TEAM);
    type Try<'t> = (&'t str, u16, &'t dyn Fn(&mut Browser) -> u16);
    let tries: [Try; 3] = [
        ("not_his_to_see", 404, &|browser| {
            browser.get("/api/v1/incidents/99999").status
        }),
        ("not_own", 404, &|browser| {
            let fields = [("reason", "Bukan saya yang bertugas")];
            browser.submit("/me", "/me/incidents/99999/appeal", &fields).status
        }),
        ("name", 422, &|browser| {
            let fields = [
                ("office", "contoh"),
                ("officer", "p-999"),
                ("reason", "Laporan pemohon hari ini"),
            ];
            browser.submit("/reveal", "/reveal", &fields).status
        }),
    ];
    for (n, (why, status, attempt)) in tries.into_iter().enumerate() {
        let from = format!("10.68.{n}.7");
        team.headers = vec![format!("X-Forwarded-For: {from}")];
        assert_eq!(attempt(&mut team), status, "{why}");
        assert_eq!(desk.whys(&from), [why]);
    }
}

/// Pages whose looks are not tried below, and why.
const UNTRACED: &[(&str, &str)] = &[
    ("/", "traced as `today` where it shows people"),
    ("/escalation", "who stands above whom, of the roster"),
    ("/api/v1/incidents/{n}", "the same record as the page"),
    ("/compliance/export", "an export as that of incidents"),
    ("/compliance/report", "an export as that of incidents"),
    ("/letters/export", "an export as that of incidents"),
    ("/letters/{n}/html", "the letter inside its page"),
    ("/quarantine/export", "an export as that of incidents"),
    ("/live", "news without content"),
    ("/reveal", "a form; what it opens is traced"),
    ("/policies", "rules, and counts of them"),
    ("/policies/export", "rules"),
    ("/devices", "devices"),
    ("/devices/export", "devices"),
    ("/health", "the monitor itself"),
    ("/api/v1/policies", "rules"),
    ("/api/v1/gaps", "devices"),
    ("/api/v1/clocks", "devices"),
    ("/api", "the interface's own page"),
    ("/confirm", "oneself"),
    ("/account", "oneself"),
    ("/account/codes", "oneself"),
    ("/me", "oneself"),
    ("/me/export", "oneself; traced all the same"),
    ("/me/incidents/{n}", "oneself"),
    ("/users", "tried below"),
    ("/users/{id}", "tried below"),
    ("/gate", "one booking by the code that its holder shows"),
    ("/bookings", "codes and initials of applicants"),
    ("/bookings/{code}", "the code and the initials of an applicant"),
    ("/messages", "codes of bookings, never a number"),
    ("/reports", "traced as `reports`, of the integrity team alone"),
    ("/seals", "codes; each opening is an entry of its own"),
];

#[test]
fn every_list_and_record_that_is_looked_at_leaves_a_trace_once_in_a_while() {
    let desk = desk();
    let mut reader = desk.as_person(&Person {
        name: "reader",
        ..AUDITOR
    });
    let looks = [
        (
            "/incidents?state=ended&policy=phone-out-during-service",
            "incidents",
            true,
        ),
        ("/api/v1/incidents?limit=3", "incidents", true),
        ("/letters", "letters", true),
        ("/quarantine", "quarantined", true),
        ("/compliance", "service", true),
        ("/api/v1/service", "service", true),
        ("/traces", "traces", true),
        ("/api/v1/traces", "traces", true),
        ("/incidents/36", "incident", false),
        ("/letters/3", "letter", false),
        ("/quarantine/3", "quarantine", false),
        ("/incidents/export?as=csv", "export", false),
        ("/api/v1/verdicts", "export", false),
        ("/signals", "signals", true),
        ("/api/v1/signals", "signals", true),
        ("/corrections", "corrections", true),
        ("/search?q=36", "search", true),
        ("/exemptions", "exemptions", true),
        ("/api/v1/exemptions", "exemptions", true),
        ("/policies/phone-out-during-service", "policy", true),
    ];
    for (path, what, count) in looks {
        assert_eq!(reader.get(path).status, 200, "{path}");
        let trace = desk.newest();
        assert_eq!(
            (&trace["act"], &trace["what"]),
            (&"looked".into(), &what.into()),
            "{path}: {trace}"
        );
        assert_eq!(trace["actor"], "id-reader");
        assert_eq!(trace["count"].is_i64(), count, "{path}: {trace}");
        if count {
            assert!(
                trace["which"]
                    .as_str()
                    .unwrap()
                    .starts_with(path.split('&').next().unwrap()),
                "{trace}"
            );
        }
        let before = desk.traces().len();
        assert_eq!(reader.get(path).status, 200);
        assert_eq!(
            desk.traces().len(),
            before,
            "{path}: a page that is loaded again is one look"
        );
    }
    // Whoever adds a page says here how it is traced, or why it need not be.
    let pages = addresses().into_iter().filter(|address| {
        let open = matches!(address.needs, Needs::Nothing | Needs::Anyone | Needs::Machine);
        address.method == "GET" && !open
    });
    for page in pages {
        let is = |path: &str| {
            let path = path.split('?').next().unwrap_or_default();
            let same = |(asked, known): (&str, &str)| known.starts_with('{') || asked == known;
            path.split('/').count() == page.path.split('/').count()
                && path.split('/').zip(page.path.split('/')).all(same)
        };
        let known = looks.iter().any(|(path, ..)| is(path)) || UNTRACED.iter().any(|(path, _)| *path == page.path);
        assert!(known, "{}: nothing says how a look at it is traced", page.path);
    }
    let record = desk
        .traces()
        .into_iter()
        .find(|trace| trace["what"] == "incident")
        .unwrap();
    assert_eq!(record["office"], "contoh");
    assert!(record["officer"].is_string(), "{record}");
    let mut admin = desk.as_person(&ADMIN);
    for (path, what) in [("/users", "accounts"), ("/users/id-reader", "account")] {
        assert_eq!(admin.get(path).status, 200);
        assert_eq!(desk.newest()["what"], what);
    }
}

const TEAM: Person = Person {
    name: "team",
    office: Some("contoh"),
    person: Some("i-01"),
    roles: &[(Role::Integrity, None)],
};

#[test]
fn traces_are_seen_by_those_who_watch_their_office_filtered_and_a_page_at_a_time() {
    let desk = desk();
    let mut admin = desk.as_person(&ADMIN);
    let mut reader = desk.as_person(&Person {
        name: "reader",
        ..AUDITOR
    });
    let mut team = desk.as_person(&TEAM);
    let mut foreign = desk.as_person(&Person {
        name: "foreign",
        office: Some("lain"),
        person: Some("i-90"),
        roles: &[(Role::Integrity, None)],
    });
    desk.settle(&mut admin, "siti", "auditor");
    assert_eq!(reader.get("/incidents/36").status, 200);
    assert_eq!(reader.get("/users").status, 403);
    let english = "lang=en";
    let page = reader.get(&format!("/traces?{english}"));
    for says in [
        "looked at",
        "incident",
        "made an account",
        "gave a role",
        "was refused",
        "siti",
        "127.0.0.1",
    ] {
        assert!(page.body.contains(says), "{says}: {}", page.body);
    }
    assert!(reader.get("/traces?lang=id").body.contains("ditolak"));
    // Looks at this office's records: its team sees them, another office's does not.
    let looks = "/traces?act=looked&account=reader&lang=en";
    assert!(team.get(looks).body.contains("/incidents/36") || team.get(looks).body.contains(">36<"));
    let elsewhere = foreign.get("/traces?lang=en").body;
    assert!(
        !elsewhere.contains(">36<") && !elsewhere.contains("id-reader"),
        "{elsewhere}"
    );
    // What administrators do, every team sees; what another office's people do, it does not.
    assert!(
        foreign
            .get("/traces?act=user_added&lang=en")
            .body
            .contains("made an account")
    );
    let of_foreign = team.get("/api/v1/traces?account=foreign");
    assert!(of_foreign.body.contains("\"items\":[]"), "{}", of_foreign.body);
    // Nobody learns who looked at his own record.
    let scope = Scope::default();
    let none = desk
        .runtime
        .block_on(desk.seeded.store.traces(&scope, &TraceFilter::default(), None, 9));
    assert!(none.unwrap().rows.iter().all(|row| row.text("office").is_none()));
    // By filters.
    let json = |browser: &mut Browser, query: &str| {
        let answer = browser.get(&format!("/api/v1/traces?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let refused = json(&mut reader, "act=refused&account=reader");
    assert_eq!(refused["items"][0]["why"], "role");
    assert_eq!(refused["items"][0]["actor_name"], "reader");
    assert!(
        refused["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["act"] == "refused")
    );
    assert_eq!(json(&mut reader, "from=2031-01-01")["items"], Value::Array(Vec::new()));
    let officer = desk
        .traces()
        .into_iter()
        .find(|trace| trace["what"] == "incident")
        .unwrap();
    let officer = officer["officer"].as_str().unwrap();
    let of_him = json(&mut reader, &format!("officer={officer}"));
    let of_him = of_him["items"].as_array().unwrap();
    assert!(
        !of_him.is_empty() && of_him.iter().all(|item| item["officer"] == officer),
        "{of_him:?}"
    );
    // A page at a time, each entry once, also while new ones come.
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = json(&mut reader, &format!("limit=3{after}"));
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        seen.extend(items.iter().map(|item| item["trace"].as_i64().unwrap()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(seen.len() >= 9, "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{seen:?}");
    assert_eq!(reader.get("/api/v1/traces?after=x").status, 400);
}
