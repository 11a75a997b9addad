//! Who sees whom, codes by the standard's own examples, passwords and patience.

use super::codes::{accept, address, base32, recovery, recovery_hash, shown};
use super::password::{Weak, check};
use super::throttle::{Attempt, Throttle};
use super::*;
use crate::engine::event::OfficeId;
use crate::engine::policy::Class;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

const ROSTER: &str = r#"
office = { id = "tangerang", name = "Tangerang", timezone = "Asia/Jakarta" }
[[counter]]
id = "loket-01"
[[supervisor]]
id = "s-1"
name = "Kepala Kantor"
email = "s1@x.example"
[[supervisor]]
id = "s-2"
name = "Kepala Seksi"
email = "s2@x.example"
reports_to = "s-1"
officer = "p-20"
[[supervisor]]
id = "s-3"
name = "Kepala Subseksi"
email = "s3@x.example"
reports_to = "s-2"
[[supervisor]]
id = "s-4"
name = "Kepala Seksi lain"
email = "s4@x.example"
reports_to = "s-1"
[[integrity]]
id = "i-1"
name = "Kepatuhan"
email = "i1@x.example"
[[officer]]
id = "p-1"
supervisor = "s-3"
[[officer]]
id = "p-2"
supervisor = "s-2"
[[officer]]
id = "p-3"
supervisor = "s-4"
[[officer]]
id = "p-20"
supervisor = "s-2"
[[officer]]
id = "p-30"
supervisor = "s-2"
email = "S3@x.example"
[[officer]]
id = "p-40"
supervisor = "s-3"
email = "i1@x.example"
"#;

fn grant(role: Role) -> Grant {
    Grant {
        role,
        office: None,
        deputy_of: None,
        begins: Moment(0),
        ends: None,
    }
}

fn scope(person: &str, grants: &[Grant]) -> Scope {
    let roster = Roster::parse(ROSTER).unwrap();
    let holder = Holder {
        office: Some(OfficeId::new("tangerang")),
        person: Some(person.to_owned()),
    };
    Scope::of(&holder, grants, [&roster].into_iter())
}

fn seen(scope: &Scope) -> Vec<&'static str> {
    let all = ["p-1", "p-2", "p-3", "p-20", "p-30", "p-40", "stranger"];
    all.into_iter()
        .filter(|officer| scope.sees_officer("tangerang", officer))
        .collect()
}

#[test]
fn each_role_sees_what_it_is_for() {
    let nobody = |scope: &Scope, class| scope.cases.sees("tangerang", None, class);
    let officer = scope("p-1", &[grant(Role::Officer)]);
    assert_eq!(seen(&officer), ["p-1"]);
    assert!(!nobody(&officer, Class::Technical));

    // The line below him, neither himself nor those above him.
    assert_eq!(
        seen(&scope("s-1", &[grant(Role::Supervisor)])),
        ["p-1", "p-2", "p-3", "p-20", "p-30", "p-40"]
    );
    assert_eq!(
        seen(&scope("s-2", &[grant(Role::Supervisor)])),
        ["p-1", "p-2", "p-30", "p-40"]
    );
    assert_eq!(seen(&scope("s-3", &[grant(Role::Supervisor)])), ["p-1", "p-40"]);
    assert!(nobody(&scope("s-3", &[grant(Role::Supervisor)]), Class::Indication));

    let integrity = scope("i-1", &[grant(Role::Integrity)]);
    assert_eq!(
        seen(&integrity),
        ["p-1", "p-2", "p-3", "p-20", "p-30", "stranger"],
        "not himself"
    );
    assert!(nobody(&integrity, Class::Indication) && !integrity.sees_office("elsewhere"));

    let auditor = scope("nobody", &[grant(Role::Auditor)]);
    assert_eq!(seen(&auditor).len(), 7);
    assert!(auditor.sees_office("elsewhere") && auditor.cases.sees("elsewhere", Some("x"), Class::Indication));

    let technician = scope("t-1", &[grant(Role::Technician)]);
    assert_eq!(seen(&technician), [""; 0]);
    assert!(nobody(&technician, Class::Technical) && !nobody(&technician, Class::Indication));
    assert!(!technician.payloads && technician.topics() == ["jagaloket/v1/tangerang/"]);

    let administrator = scope("s-1", &[grant(Role::Administrator)]);
    assert!(!administrator.sees_cases() && !administrator.sees_office("tangerang"));
    assert_eq!(administrator.topics(), [""; 0]);
}

#[test]
fn a_deputy_sees_the_unit_he_stands_in_for_and_nobody_above_him() {
    let deputy = Grant {
        deputy_of: Some("s-2".into()),
        ..grant(Role::Supervisor)
    };
    // p-20 is s-2 himself, p-30 is s-3 himself.
    assert_eq!(
        seen(&scope("s-3", std::slice::from_ref(&deputy))),
        ["p-1", "p-2", "p-40"]
    );
    // Somebody from another line.
    assert_eq!(
        seen(&scope("s-4", std::slice::from_ref(&deputy))),
        ["p-1", "p-2", "p-30", "p-40"]
    );
    // An officer of the unit itself.
    assert_eq!(seen(&scope("p-2", &[deputy])), ["p-1", "p-30", "p-40"]);
}

#[test]
fn a_role_in_another_office_reaches_nothing_by_a_person_of_this_one() {
    for role in [Role::Supervisor, Role::Officer] {
        let elsewhere = Grant {
            office: Some(OfficeId::new("elsewhere")),
            ..grant(role)
        };
        let scope = scope("s-1", &[elsewhere]);
        assert_eq!(seen(&scope), [""; 0]);
        assert!(!scope.sees_cases());
    }
}

#[test]
fn roles_begin_and_end() {
    let grant = Grant {
        begins: Moment(10),
        ends: Some(Moment(20)),
        ..grant(Role::Auditor)
    };
    assert_eq!(
        [9, 10, 19, 20].map(|at| grant.counts_at(Moment(at))),
        [false, true, true, false]
    );
}

#[test]
fn codes_are_those_of_rfc_6238() {
    let seed = b"12345678901234567890";
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        let at = Moment(seconds * 1_000);
        assert_eq!(shown(seed, at), code);
        let step = accept(seed, code, at, 0).unwrap();
        assert_eq!(accept(seed, code, at, step), None, "used");
        for late in [-30, 30] {
            assert_eq!(accept(seed, code, at.plus_ms(late * 1_000), 0), Some(step));
        }
        assert_eq!(accept(seed, code, at.plus_ms(90_000), 0), None);
        assert_eq!(
            accept(seed, &format!("{} {}", &code[..3], &code[3..]), at, 0),
            Some(step)
        );
    }
    for wrong in ["", "28708", "2870822", "28708a", "-28708", "２８７０８２"] {
        assert_eq!(accept(seed, wrong, Moment(59_000), 0), None, "{wrong}");
    }
}

#[test]
fn seeds_and_codes_to_recover_with_are_written_so_that_they_can_be_typed() {
    for (bytes, text) in [
        ("", ""),
        ("f", "MY"),
        ("fo", "MZXQ"),
        ("foo", "MZXW6"),
        ("foobar", "MZXW6YTBOI"),
    ] {
        assert_eq!(base32(bytes.as_bytes()), text);
    }
    let code = recovery(&[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(code, "AEBA-GBAF-AYDQ-Q");
    assert_eq!(recovery_hash(&code), recovery_hash("aeba gbaf aydq q"));
    assert_ne!(recovery_hash(&code), recovery_hash("AEBA-GBAF-AYDQ-R"));
    assert_eq!(
        address("a b&c", b"foo"),
        "otpauth://totp/Jagaloket:a%20b%26c?secret=MZXW6&issuer=Jagaloket"
    );
}

#[test]
fn passwords_that_are_tried_first_are_refused() {
    for (password, expected) in [
        ("kucing12345", Err(Weak::Short)),
        ("Password123!", Err(Weak::Common)),
        ("P@ssw0rd2026", Err(Weak::Common)),
        ("passwordpassword", Err(Weak::Common)),
        ("rahasiarahasia", Err(Weak::Common)),
        ("qwertyuiop[]", Err(Weak::Common)),
        ("1q2w3e4r5t6y", Err(Weak::Common)),
        ("aaaaaaaaaaaaaaaa", Err(Weak::Common)),
        ("0812345678901", Err(Weak::Common)),
        ("17-08-1945-17-08", Err(Weak::Common)),
        ("bismillah2026!!", Err(Weak::Common)),
        ("Indonesia Merdeka 45", Err(Weak::Common)),
        ("Sayangku-Cintaku-99", Err(Weak::Common)),
        ("imigrasitangerang1", Err(Weak::Common)),
        ("xkcd-jagaloket-7", Err(Weak::Personal)),
        ("zulfikar-mnqp7", Err(Weak::Personal)),
        ("ombak tenang lewat jendela", Ok(())),
        ("correct horse battery staple", Ok(())),
        ("k9#vTq2!mZx7", Ok(())),
    ] {
        assert_eq!(check(password, &["zulfikar"]), expected, "{password}");
    }
    assert_eq!(check(&"ab7 kq".repeat(60), &[]), Err(Weak::Long));
}

#[test]
fn whoever_guesses_waits_longer_and_longer_and_the_honest_get_in() {
    let mut throttle = Throttle::default();
    let from = |address: &'static str, device| Attempt {
        account: 7,
        address,
        device,
    };
    let guesser = from("10.0.0.1", None);
    let mut now = Moment(0);
    let mut waits = Vec::new();
    for _ in 0..40 {
        let wait_ms = throttle.wait_ms(guesser, now);
        waits.push(wait_ms);
        now = now.plus_ms(wait_ms);
        assert_eq!(throttle.wait_ms(guesser, now), 0);
        throttle.failed(guesser, now);
    }
    assert_eq!(waits[..5], [0, 0, 0, 0, 1_000]);
    assert_eq!(waits[39], 15 * 60_000);
    // The owner from elsewhere waits little, from a browser he has used before not at all.
    assert!((1..=30_000).contains(&throttle.wait_ms(from("10.0.0.2", None), now)));
    assert_eq!(throttle.wait_ms(from("10.0.0.1", Some("d")), now), 0);
    // Another account from another address is none of it.
    let other = Attempt {
        account: 8,
        address: "10.0.0.3",
        device: None,
    };
    assert_eq!(throttle.wait_ms(other, now), 0);
    // A device that guesses waits as well.
    for _ in 0..6 {
        throttle.failed(from("10.0.0.1", Some("d")), now);
    }
    assert!(throttle.wait_ms(from("10.0.0.1", Some("d")), now) > 0);
    throttle.came_in(from("10.0.0.1", Some("d")));
    assert_eq!(throttle.wait_ms(from("10.0.0.1", Some("d")), now), 0);
    assert_eq!(throttle.wait_ms(guesser, now.plus_ms(3_600_000)), 0);
}

#[test]
fn a_flood_of_names_and_addresses_takes_no_more_room() {
    let mut throttle = Throttle::default();
    for n in 0..30_000 {
        let address = format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255);
        let attempt = Attempt {
            account: n,
            address: &address,
            device: None,
        };
        throttle.failed(attempt, Moment(n as i64));
    }
    assert!(format!("{throttle:?}").matches("Failures").count() <= 20_100);
}

#[test]
fn names_are_covered_as_words_in_texts_and_in_html_and_for_nobody_who_leads_them() {
    let roster = r#"
        office = { id = "o", name = "O", timezone = "Asia/Jakarta" }
        [[supervisor]]
        id = "s"
        name = "S"
        email = "s@o.example"
        [[officer]]
        id = "p-1"
        name = "Ani"
        supervisor = "s"
        [[officer]]
        id = "p-2"
        name = "Budi <Anak>"
    "#;
    let roster = Roster::parse(roster).unwrap();
    let holder = Holder {
        office: Some(OfficeId::new("o")),
        person: Some("s".into()),
    };
    let grant = |role| Grant {
        role,
        office: None,
        deputy_of: None,
        begins: Moment(0),
        ends: None,
    };
    let of = |roles: &[Role]| {
        let grants: Vec<Grant> = roles.iter().map(|role| grant(*role)).collect();
        Scope::of(&holder, &grants, [&roster].into_iter())
    };
    let text = "Ani, Anisa and Budi &lt;Anak&gt; (Budi <Anak>)";
    assert_eq!(of(&[Role::Integrity]).covered(text), "p-1, Anisa and p-2 (p-2)");
    let leads = of(&[Role::Integrity, Role::Supervisor]);
    assert_eq!(leads.covered(text), "Ani, Anisa and p-2 (p-2)");
    let mut shown = of(&[Role::Auditor]);
    shown.reveal("o", "p-1");
    assert_eq!(shown.covered(text), "Ani, Anisa and p-2 (p-2)");
    assert!(shown.names("o", "p-1") && !shown.names("o", "p-2"));
    assert_eq!(Scope::whole().covered(text), text);
}
