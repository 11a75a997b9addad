//! What a person meets in a real browser: wide and on a phone, light and dark, with scripts and without.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::door::ADMIN;
use super::pages::Desk;
use super::seed::at;
use crate::support::{python, wait_until};

#[derive(Deserialize, Debug)]
pub struct Look {
    url: String,
    language: String,
    title: String,
    pub text: String,
    pub page_width: u32,
    pub window_width: u32,
    nameless: Vec<String>,
    twice: Vec<String>,
    headings: u32,
    faint: Vec<String>,
    complaints: Vec<String>,
    /// What came over the wire for it.
    bytes: u32,
    /// What axe-core finds wrong.
    axe: Vec<String>,
}

/// What a first look at a page may cost.
const BYTES_MAX: u32 = 150_000;

pub struct Visit {
    pub path: String,
    pub width: u32,
    pub dark: bool,
    pub script: bool,
}

/// With `JAGALOKET_TEST_PICTURES` set to a folder, pictures of every page are left there for people to look at.
pub fn visit(port: u16, session: &str, visits: &[Visit]) -> Vec<Look> {
    visit_until(port, session, visits, None)
}

/// The same; each page stays open until it shows these words.
fn visit_until(port: u16, session: &str, visits: &[Visit], shows: Option<&str>) -> Vec<Look> {
    let profile = tempfile::tempdir().unwrap();
    let pictures = std::env::var_os("JAGALOKET_TEST_PICTURES").map(PathBuf::from);
    let visits: Vec<_> = visits
        .iter()
        .map(|visit| {
            let name: String = visit
                .path
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
                .collect();
            let name = format!("{name}-{}{}.webp", visit.width, if visit.dark { "-dark" } else { "" });
            json!({
                "url": format!("http://127.0.0.1:{port}{}", visit.path),
                "width": visit.width,
                "height": if visit.width < 600 { 844 } else { 900 },
                "dark": visit.dark,
                "script": visit.script,
                "session": session,
                "shows": shows,
                "picture": pictures.as_ref().map(|folder| folder.join(name)),
            })
        })
        .collect();
    let order = json!({"chromium": "/usr/bin/chromium", "profile": profile.path(), "visits": visits});
    let answer = python(include_str!("browser.py"), &[], order.to_string().as_bytes());
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn every_page_fits_is_named_and_readable_wide_and_on_a_phone_light_and_dark() {
    let desk = Desk::open();
    let mut visits = Vec::new();
    let others = [
        "/nowhere",
        "/traces",
        "/account",
        "/account/codes",
        "/confirm",
        "/reveal?officer=p-001",
    ]
    .map(|path| (path, ["", ""]));
    for (path, _) in Desk::pages().into_iter().chain(others) {
        let mark = if path.contains('?') { '&' } else { '?' };
        for (code, width, dark) in [
            ("id", 1280, false),
            ("en", 390, false),
            ("en", 1280, true),
            ("id", 390, true),
        ] {
            visits.push(Visit {
                path: format!("{path}{mark}lang={code}"),
                width,
                dark,
                script: true,
            });
        }
    }
    let mut wrong: Vec<String> = Vec::new();
    for (visit, look) in visits.iter().zip(visit(desk.port, &desk.token, &visits)) {
        let page = format!("{} at {} px, dark: {}", look.url, visit.width, visit.dark);
        assert!(visit.path.ends_with(&look.language), "{page}");
        assert!(look.title.ends_with(" · Jagaloket"), "{page}");
        assert!(
            look.page_width <= look.window_width,
            "{page} is {} px wide",
            look.page_width
        );
        assert_eq!(look.headings, 1, "{page}");
        assert_eq!(look.nameless, [""; 0], "{page}");
        assert_eq!(look.twice, [""; 0], "{page}");
        assert_eq!(look.faint, [""; 0], "{page}");
        // Everything it finds, so that one walk tells all.
        wrong.extend(look.axe.iter().map(|found| format!("{page}: {found}")));
        assert!((1..BYTES_MAX).contains(&look.bytes), "{page}: {} bytes", look.bytes);
        let unexpected = |text: &&String| !text.contains("404");
        assert_eq!(
            look.complaints.iter().filter(unexpected).count(),
            0,
            "{page}: {:?}",
            look.complaints
        );
    }
    assert_eq!(wrong, [""; 0], "axe-core");
}

#[test]
fn the_pages_before_signing_in_and_those_about_accounts_fit_and_are_readable_without_scripts() {
    let desk = Desk::open();
    let mut admin = desk.as_person(&ADMIN);
    desk.settle(&mut admin, "siti", "auditor");
    let session = admin.cookies["jagaloket_session"].clone();
    for (session, paths) in [
        ("0", &["/sign-in", "/forgot", "/link/0123", "/incidents/36"][..]),
        (&session, &["/users", "/users/id-admin", "/"]),
    ] {
        let visits: Vec<Visit> = paths
            .iter()
            .flat_map(|path| [(1280, false), (390, true)].map(|(width, dark)| (path, width, dark)))
            .map(|(path, width, dark)| Visit {
                path: format!("{path}?lang=en"),
                width,
                dark,
                script: false,
            })
            .collect();
        for look in visit(desk.port, session, &visits) {
            assert!(
                look.page_width <= look.window_width,
                "{} is {} px wide",
                look.url,
                look.page_width
            );
            assert_eq!(
                (look.headings, look.nameless.len(), look.twice.len()),
                (1, 0, 0),
                "{look:?}"
            );
            assert_eq!(look.faint, [""; 0], "{}", look.url);
            assert_eq!(look.axe, [""; 0], "{}", look.url);
            let unexpected = |text: &&String| !text.contains("404");
            assert_eq!(
                look.complaints.iter().filter(unexpected).count(),
                0,
                "{:?}",
                look.complaints
            );
        }
    }
}

#[test]
fn the_today_page_renews_itself_with_scripts_and_without() {
    let desk = Desk::open();
    let head = desk.get("/").2;
    assert!(head.contains("<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>"));
    for script in [true, false] {
        let look = visit(
            desk.port,
            &desk.token,
            &[Visit {
                path: "/?lang=en".into(),
                width: 1280,
                dark: false,
                script,
            }],
        );
        assert!(look[0].text.contains("Candra Wijaya"), "{}", look[0].text);
    }
    // A page that stays open shows what changed: its script asks again every few seconds.
    let before = desk.seeded.metrics.pages_served.count();
    let (port, token) = (desk.port, desk.token.clone());
    let open = std::thread::spawn(move || {
        let visit = Visit {
            path: "/?lang=en".into(),
            width: 1280,
            dark: false,
            script: true,
        };
        visit_until(port, &token, &[visit], Some("10:13:00"))
    });
    wait_until(Duration::from_secs(60), "the page, its style and its script", || {
        desk.seeded.metrics.pages_served.count() >= before + 3
    });
    desk.show(|live| live.offices[0].view.clock = Some(at("24 10:13:00")));
    assert!(open.join().unwrap()[0].text.contains("10:13:00"));
}
