//! The way in: invitations, passwords, one-time codes, sessions, roles, and the traces that all of it leaves.

use std::time::Duration;

use jagaloket::accounts::{Role, codes};
use jagaloket::clock::MonitorClock;
use jagaloket::store::rows::EntryKind;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::pages::Desk;
use super::people::{AUDITOR, Person, seat};
use crate::support::{Browser, wait_for};

pub const PASSWORD: &str = "ombak tenang lewat jendela";

pub const ADMIN: Person = Person {
    name: "admin",
    office: None,
    person: None,
    roles: &[(Role::Administrator, None)],
};

impl Desk {
    pub fn browser(&self) -> Browser {
        Browser::new(self.port)
    }

    /// A browser that is signed in.
    pub fn as_person(&self, person: &Person) -> Browser {
        let token = self.runtime.block_on(seat(&self.seeded.store, person));
        let mut browser = self.browser();
        browser.cookies.insert("jagaloket_session".into(), token);
        browser
    }

    /// What the ledger tells of people, the oldest first.
    pub fn traces(&self) -> Vec<Value> {
        let rows = self.runtime.block_on(self.seeded.store.entries(0, None)).unwrap();
        let traces = rows.into_iter().filter(|row| row.kind == EntryKind::Trace);
        traces.map(|row| serde_json::from_slice(&row.body).unwrap()).collect()
    }

    pub fn acts(&self) -> Vec<String> {
        self.traces()
            .iter()
            .map(|trace| trace["act"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Says something to the database beside the dashboard.
    pub fn sql<T: Send + Unpin + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>>(
        &self,
        sql: &'static str,
    ) -> Vec<T> {
        self.sql_of(sql)
    }

    pub fn sql_of<T: Send + Unpin + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>>(&self, sql: &str) -> Vec<T> {
        let path = self.seeded.directory.path().join("jagaloket.db");
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        self.runtime.block_on(async {
            let mut plain = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            let rows = sqlx::query_as(sql).fetch_all(&mut plain).await.unwrap();
            plain.close().await.unwrap();
            rows
        })
    }

    /// The same, for what answers nothing.
    pub fn execute(&self, sql: &str) {
        let path = self.seeded.directory.path().join("jagaloket.db");
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        self.runtime.block_on(async {
            let mut plain = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            sqlx::raw_sql(sql).execute(&mut plain).await.unwrap();
            plain.close().await.unwrap();
        });
    }

    /// Everybody has proved who he is an hour ago.
    pub fn age_proofs(&self) {
        self.sql::<(i64,)>("UPDATE session SET proved_ms = proved_ms - 3600000 RETURNING 1");
    }

    /// The last letter to the holder of an account.
    fn mailed(&self) -> String {
        let rows = self.sql::<(String,)>("SELECT text_body FROM outbox WHERE kind = 'account' ORDER BY n DESC LIMIT 1");
        rows.into_iter().next().map(|row| row.0).unwrap_or_default()
    }

    pub fn wait_for_mail(&self, says: &str) -> String {
        wait_for(Duration::from_secs(30), says, || {
            Some(self.mailed()).filter(|mail| mail.contains(says))
        })
    }

    /// Makes an account in the administrator's page and chooses its password by the link that is shown.
    pub fn settle(&self, admin: &mut Browser, name: &str, role: &str) {
        let made = admin.submit("/users", "/users", &[("name", name), ("role", role)]);
        assert_eq!(made.status, 200, "{}", made.body);
        let link = made.body.split("/link/").nth(1).unwrap().split('<').next().unwrap();
        let link = format!("http://x/link/{link}");
        assert_eq!(self.browser().redeem(&link, PASSWORD).status, 303);
        assert_eq!(self.browser().redeem_again(&link).status, 404, "a link is good once");
    }
}

impl Browser {
    fn redeem_again(&mut self, link: &str) -> crate::support::Answer {
        let path = format!("/{}", link.split_once("://x/").unwrap().1);
        self.get(&path)
    }

    pub fn is_in(&mut self) -> bool {
        self.get("/account").status == 200
    }
}

#[test]
fn somebody_is_invited_signs_in_sets_codes_up_and_signs_out() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti", "auditor");
    let mut siti = desk.browser();
    // The link that brought her here is kept over the sign-in.
    let sent = siti.get("/incidents/36?lang=en");
    assert_eq!(
        sent.header("location"),
        Some("/sign-in?next=%2Fincidents%2F36%3Flang%3Den")
    );
    for (name, password) in [("siti", "wrong"), ("nobody", PASSWORD), ("", "")] {
        let answer = siti.try_sign_in(name, password, "");
        assert_eq!(answer.status, 422);
        assert!(
            answer.body.contains("The name, the password or the code is wrong."),
            "{}",
            answer.body
        );
        assert!(!siti.is_in());
    }
    let answer = siti.submit(
        "/sign-in",
        "/sign-in",
        &[
            ("name", " Siti "),
            ("password", PASSWORD),
            ("next", "/incidents/36?lang=en"),
        ],
    );
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/incidents/36?lang=en"))
    );
    assert_eq!(siti.get("/incidents/36?lang=en").status, 200);

    // One-time codes.
    let page = siti.get("/account/codes");
    assert!(page.body.contains("<svg class=\"qr\""), "{}", page.body);
    let secret = page
        .body
        .split("<p class=\"break\"><code>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let seed = unbase32(secret);
    let sealed = page
        .body
        .split("name=\"seed\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let code = || codes::shown(&seed, MonitorClock::Wall.now());
    let wrong = siti.post(
        "/account/codes",
        &[("form", page.proof()), ("seed", sealed), ("code", "000000")],
    );
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let used = code();
    let set = siti.post(
        "/account/codes",
        &[("form", page.proof()), ("seed", sealed), ("code", &used)],
    );
    assert_eq!(set.status, 200, "{}", set.body);
    let recovery: Vec<String> = set
        .body
        .split("<li><code>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect();
    assert_eq!(recovery.len(), 10);

    // From now on a password alone opens nothing, nor a code that was seen before, nor one of another.
    let mut other = desk.browser();
    for code in ["", "000000", used.as_str(), "AAAA-AAAA-AAAA-A"] {
        assert_eq!(other.try_sign_in("siti", PASSWORD, code).status, 422, "{code}");
    }
    assert_eq!(
        other.try_sign_in("siti", PASSWORD, &recovery[3].to_lowercase()).status,
        303
    );
    assert!(other.is_in());
    let mut again = desk.browser();
    assert_eq!(
        again.try_sign_in("siti", PASSWORD, &recovery[3]).status,
        422,
        "each is good once"
    );

    // Her sessions, and one of them ended.
    let page = siti.get("/account?lang=en");
    assert_eq!(page.body.matches("/account/sessions/end\"").count(), 1, "{}", page.body);
    let session = page
        .body
        .split("name=\"session\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let ended = siti.post("/account/sessions/end", &[("form", page.proof()), ("session", session)]);
    assert_eq!(ended.status, 303);
    assert!(!other.is_in() && siti.is_in());

    // Signed out, the cookie is worth nothing.
    let stolen = siti.clone();
    let left = siti.submit("/account", "/sign-out", &[]);
    assert_eq!((left.status, left.header("location")), (303, Some("/sign-in?done=out")));
    assert!(!stolen.clone().is_in());

    let acts = desk.acts();
    for act in [
        "user_added",
        "role_granted",
        "password_chosen",
        "signed_in",
        "looked",
        "codes_set",
        "session_ended",
        "signed_out",
        "refused",
    ] {
        assert!(acts.iter().any(|known| known == act), "{act} in {acts:?}");
    }
    // Nothing of it is in the ledger or the database as it is.
    let text = format!("{:?}", desk.traces());
    for secret in [PASSWORD, "siti", &used, &recovery[0], secret] {
        assert!(!text.contains(secret), "the ledger tells {secret}");
    }
    let file = std::fs::read(desk.seeded.directory.path().join("jagaloket.db")).unwrap();
    let wal = std::fs::read(desk.seeded.directory.path().join("jagaloket.db-wal")).unwrap_or_default();
    let holds = |needle: &[u8]| {
        [&file, &wal]
            .iter()
            .any(|bytes| bytes.windows(needle.len()).any(|some| some == needle))
    };
    assert!(holds(b"$argon2id$"));
    for secret in [
        PASSWORD.as_bytes(),
        &seed,
        recovery[0].as_bytes(),
        stolen.cookies["jagaloket_device"].as_bytes(),
    ] {
        assert!(!holds(secret));
    }
}

#[test]
fn a_role_ends_and_with_it_what_could_be_seen_and_every_session() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "budi", "auditor");
    let mut budi = desk.browser();
    budi.sign_in("budi", PASSWORD);
    assert_eq!(budi.get("/incidents").status, 200);
    let id = desk
        .runtime
        .block_on(desk.seeded.store.account_named("budi"))
        .unwrap()
        .unwrap()
        .id;
    let page = admin.get(&format!("/users/{id}"));
    let grant = page
        .body
        .split("name=\"role\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let ended = admin.post(
        &format!("/users/{id}/roles/end"),
        &[("form", page.proof()), ("role", &grant)],
    );
    assert_eq!(ended.status, 303, "{}", ended.body);
    assert!(!budi.is_in(), "with other rights one comes in anew");
    budi.sign_in("budi", PASSWORD);
    assert_eq!(budi.get("/incidents").status, 403);
    // A role that is over, and one that has not begun.
    for (begins, ends) in [("2020-01-01", "2020-01-31"), ("2099-01-01", "")] {
        let fields = [("role", "auditor"), ("begins", begins), ("ends", ends)];
        let page = format!("/users/{id}");
        assert_eq!(admin.submit(&page, &format!("{page}/roles"), &fields).status, 303);
    }
    budi.sign_in("budi", PASSWORD);
    assert_eq!(budi.get("/incidents").status, 403);
    // Shut: no session and no sign-in.
    let page = format!("/users/{id}");
    let shut = |reason| [("reason", reason)];
    assert_eq!(
        admin.submit(&page, &format!("{page}/disable"), &shut("")).status,
        422,
        "a reason is asked for"
    );
    assert_eq!(
        admin
            .submit(&page, &format!("{page}/disable"), &shut("pindah tugas"))
            .status,
        303
    );
    assert!(!budi.is_in());
    assert_eq!(budi.try_sign_in("budi", PASSWORD, "").status, 422);
    let traces = desk.traces();
    let disabled = traces.iter().find(|trace| trace["act"] == "user_disabled").unwrap();
    assert_eq!(disabled["reason"], "pindah tugas");
    assert_eq!(disabled["actor"], "id-admin");
    assert_eq!(disabled["address"], "127.0.0.1");
    // Nobody shuts himself out for good.
    let own = "/users/id-admin";
    assert_eq!(admin.submit(own, &format!("{own}/disable"), &shut("x")).status, 422);
    assert!(admin.is_in());
}

#[test]
fn what_is_sensitive_needs_a_fresh_proof_and_gives_the_browser_another_token() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "wati", "administrator");
    let mut wati = desk.browser();
    wati.sign_in("wati", PASSWORD);
    let old = wati.cookies["jagaloket_session"].clone();
    desk.age_proofs();
    let page = wati.get("/users");
    let refused = wati.post(
        "/users",
        &[("form", page.proof()), ("name", "neu"), ("role", "auditor")],
    );
    assert_eq!(
        (refused.status, refused.header("location")),
        (303, Some("/confirm?next=%2Fusers"))
    );
    assert!(
        desk.runtime
            .block_on(desk.seeded.store.account_named("neu"))
            .unwrap()
            .is_none()
    );
    assert_eq!(
        wati.submit("/confirm", "/confirm", &[("password", "wrong")]).status,
        422
    );
    let proved = wati.submit("/confirm", "/confirm", &[("password", PASSWORD), ("next", "/users")]);
    assert_eq!((proved.status, proved.header("location")), (303, Some("/users")));
    let new = wati.cookies["jagaloket_session"].clone();
    assert_ne!(old, new);
    let mut thief = desk.browser();
    thief.cookies.insert("jagaloket_session".into(), old);
    assert!(!thief.is_in() && wati.is_in());
    desk.settle(&mut wati, "neu", "auditor");
}

#[test]
fn a_reset_goes_by_mail_alone_is_good_once_and_asks_for_the_second_factor() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    let fields = [
        ("name", "rina"),
        ("role", "auditor"),
        ("email", "rina@contoh.example"),
        ("language", "en"),
    ];
    let made = admin.submit("/users", "/users", &fields);
    assert_eq!(made.status, 200);
    assert!(
        !made.body.contains("/link/"),
        "what goes by mail is shown to nobody: {}",
        made.body
    );
    let invitation = desk.mailed();
    assert!(
        invitation.contains(&format!("http://localhost:{}/link/", desk.port)) && invitation.contains("72 hours"),
        "{invitation}"
    );
    let link = |mail: &str| format!("http://x/link/{}", &mail.split("/link/").nth(1).unwrap()[..64]);
    assert_eq!(desk.browser().redeem(&link(&invitation), "short").status, 422);
    assert_eq!(desk.browser().redeem(&link(&invitation), "rina rina rina").status, 422);
    assert_eq!(desk.browser().redeem(&link(&invitation), PASSWORD).status, 303);
    let mut rina = desk.browser();
    rina.sign_in("rina", PASSWORD);
    // Nobody reads such a letter on the pages.
    let mut reader = desk.as_person(&Person {
        name: "reader",
        ..AUDITOR
    });
    assert!(!reader.get("/letters").body.contains("rina@contoh.example"));

    let mut somebody = desk.browser();
    let known = somebody.submit("/forgot", "/forgot", &[("name", "rina@contoh.example")]);
    let unknown = somebody.submit("/forgot", "/forgot", &[("name", "nobody@contoh.example")]);
    assert_eq!(known.body, unknown.body, "the answer tells nothing");
    let reset = desk.wait_for_mail("A new password was asked");
    assert!(reset.contains("1 hours"), "{reset}");
    assert!(rina.is_in(), "nothing has changed yet");
    assert_eq!(
        desk.browser()
            .redeem(&link(&reset), "lain sekali dari yang dulu")
            .status,
        303
    );
    assert!(!rina.is_in(), "every session ends");
    assert_eq!(rina.try_sign_in("rina", PASSWORD, "").status, 422);
    rina.sign_in("rina", "lain sekali dari yang dulu");
    // Once sent, its text is gone.
    let letters = desk.runtime.block_on(async {
        let store = &desk.seeded.store;
        let now = MonitorClock::Wall.now();
        let mut leased = store.lease(now.plus_ms(60_000), 999, 1_000).await.unwrap();
        leased.retain(|leased| leased.letter.address == "rina@contoh.example");
        for leased in &leased {
            store.settle_sent(leased.n, now).await.unwrap();
        }
        leased.len()
    });
    assert!(letters >= 2);
    assert_eq!(desk.mailed(), "");
}

pub fn unbase32(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter(|byte| *byte != b' ');
    let values = digits.map(|byte| {
        if byte.is_ascii_uppercase() {
            byte - b'A'
        } else {
            byte - b'2' + 26
        }
    });
    let (mut bits, mut count, mut out) = (0_u64, 0, Vec::new());
    for value in values {
        bits = bits << 5 | u64::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 255) as u8);
        }
    }
    out
}
