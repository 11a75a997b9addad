//! What people read, letter by letter, in both languages.

use chrono_tz::Tz;

use super::*;
use crate::engine::event::{OfficerId, PolicyId, UsbClass};
use crate::engine::policy::{Class, Per, PolicySet, Reach, Severity, Tell, Title};
use crate::store::rows::IncidentState;

mod gallery;
mod samples;
mod wording;

use gallery::{Piece, gallery};

const ROSTER: &str = r#"
[office]
id = "tangerang"
name = "Kantor Imigrasi Kelas I Non TPI Tangerang"
timezone = "Asia/Jakarta"

[[counter]]
id = "loket-03"
name = "Loket 3 – Wawancara & foto"

[[counter]]
id = "loket-04"
name = "Loket 4 – Prioritas"

[[lockbox]]
id = "loker-a"
name = "Loker A"

[[supervisor]]
id = "s-01"
name = "Kepala Seksi Pelayanan"
email = "kasi.pelayanan@tangerang.example"

[[officer]]
id = "p-003"
name = "Petugas Tiga"
nip = "198503122010121003"
supervisor = "s-01"
lockbox = "loker-a"
handsets = [{ id = "h-003" }]
"#;

fn at(time: &str) -> Moment {
    Moment::parse(&format!("2026-11-24T{time}+07:00")).unwrap()
}

fn line(time: &str, device: &str, kind: Kind) -> EvidenceLine {
    EvidenceLine {
        at: at(time),
        device: DeviceId::new(device),
        kind,
    }
}

fn p003() -> OfficerId {
    OfficerId::new("p-003")
}

fn withdrawn(time: &str) -> EvidenceLine {
    line(
        time,
        "loker-a",
        Kind::Withdrawn {
            officer: p003(),
            slot: 7,
            handset: None,
            by: None,
        },
    )
}

fn started(time: &str) -> EvidenceLine {
    line(
        time,
        "loket-03",
        Kind::ServiceStarted {
            booking: Some("TNG-7F3K9Q".into()),
        },
    )
}

fn signed_in(time: &str) -> EvidenceLine {
    line(time, "loket-03", Kind::SignedIn { officer: p003() })
}

struct Story<'a> {
    kind: LetterKind,
    changes: &'a [Change],
    reason: Option<Reason>,
    stretches: Option<Vec<Stretch>>,
}

const FIRST: Story<'static> = Story {
    kind: LetterKind::Opened,
    changes: &[Change::FirstVerdict],
    reason: None,
    stretches: None,
};

fn letter(piece: &Piece, language: Language, story: &Story<'_>) -> Rendered {
    let roster = Roster::parse(ROSTER).unwrap();
    let house = House {
        base_url: "https://jagaloket.tangerang.example".into(),
        domain: "tangerang.example".into(),
        wording: Default::default(),
        counts_alone: false,
    };
    let [counter, lockbox, officer] = piece.subject;
    let counter = counter.then(|| DeviceId::new("loket-03"));
    let stretches = story.stretches.clone().unwrap_or_else(|| {
        vec![Stretch {
            verdict: 1,
            since: at(piece.since),
            opened: at(piece.opened),
            until: piece.until.map(at),
            counter: counter.clone(),
        }]
    });
    let incident = IncidentRow {
        n: 12,
        office: roster.office.id.clone(),
        policy: piece.head.id.clone(),
        class: piece.head.class,
        severity: piece.head.severity,
        counter,
        lockbox: lockbox.then(|| DeviceId::new("loker-a")),
        officer: officer.then(p003),
        date: "2026-11-24".into(),
        since: at(piece.since),
        until: piece.until.map(at),
        state: IncidentState::Open,
        created: at(piece.opened),
        changed: at(piece.opened),
    };
    render(&Matter {
        kind: story.kind,
        changes: story.changes,
        reason: story.reason,
        incident: &incident,
        policy: &piece.head,
        roster: &roster,
        stretches: &stretches,
        evidence: &piece.evidence,
        to: Addressee {
            role: Some(Role::Supervisor),
            name: Some("Kepala Seksi Pelayanan"),
            language,
        },
        house: &house,
        now: at(piece.opened),
    })
}

fn languages() -> [(Language, &'static str); 2] {
    [(Language::Id, "id"), (Language::En, "en")]
}

/// The follow-ups of the first piece.
fn follow_ups() -> Vec<(&'static str, Story<'static>)> {
    let stretch = |verdict, since, opened, until: Option<&str>| Stretch {
        verdict,
        since: at(since),
        opened: at(opened),
        until: until.map(at),
        counter: Some(DeviceId::new("loket-03")),
    };
    vec![
        (
            "ended",
            Story {
                kind: LetterKind::Ended,
                changes: &[Change::Over],
                reason: Some(Reason::ConditionEnded),
                stretches: Some(vec![stretch(1, "10:02:10", "10:03:10", Some("10:09:02"))]),
            },
        ),
        (
            "amended",
            Story {
                kind: LetterKind::Amended,
                changes: &[Change::FurtherVerdict],
                reason: None,
                stretches: Some(vec![
                    stretch(1, "10:02:10", "10:03:10", Some("10:09:02")),
                    stretch(2, "10:21:00", "10:22:00", None),
                ]),
            },
        ),
        (
            "retracted",
            Story {
                kind: LetterKind::Retracted,
                changes: &[Change::AllWithdrawn],
                reason: Some(Reason::LateEvent),
                stretches: Some(vec![stretch(1, "10:02:10", "10:03:10", Some("10:09:02"))]),
            },
        ),
    ]
}

#[test]
fn every_policys_first_letter_reads_as_it_was_approved() {
    for piece in gallery() {
        for (language, code) in languages() {
            let letter = letter(&piece, language, &FIRST);
            insta::assert_snapshot!(
                format!("{}.{code}", piece.head.id),
                format!("Subject: {}\n\n{}", letter.subject, letter.text)
            );
        }
    }
}

#[test]
fn follow_ups_read_as_they_were_approved() {
    let piece = &gallery()[0];
    for (name, story) in follow_ups() {
        for (language, code) in languages() {
            insta::assert_snapshot!(format!("follow-up-{name}.{code}"), letter(piece, language, &story).text);
        }
    }
}

#[test]
fn the_html_reads_as_it_was_approved() {
    let gallery = gallery();
    insta::assert_snapshot!("html-phone-out.id", letter(&gallery[0], Language::Id, &FIRST).html);
    insta::assert_snapshot!(
        "html-lockbox-forced.en",
        letter(&gallery[13], Language::En, &FIRST).html
    );
    let (_, retracted) = &follow_ups()[2];
    insta::assert_snapshot!("html-retracted.id", letter(&gallery[0], Language::Id, retracted).html);
}

#[test]
fn letters_can_be_looked_at_in_target_letters() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/letters");
    std::fs::create_dir_all(&folder).unwrap();
    let gallery = gallery();
    for (language, code) in languages() {
        for piece in &gallery {
            let name = format!("{}.{code}.html", piece.head.id);
            std::fs::write(folder.join(name), letter(piece, language, &FIRST).html).unwrap();
        }
        for (name, story) in follow_ups() {
            let letter = letter(&gallery[0], language, &story);
            std::fs::write(folder.join(format!("follow-up-{name}.{code}.html")), letter.html).unwrap();
        }
    }
}

#[test]
fn a_subject_names_nobody_and_a_letter_carries_no_applicants_data_and_no_whole_nip() {
    for piece in gallery() {
        for (language, _) in languages() {
            let letter = letter(&piece, language, &FIRST);
            for name in ["Petugas Tiga", "p-003", "Kepala", "198503"] {
                assert!(!letter.subject.contains(name), "{}: {}", piece.head.id, letter.subject);
            }
            for body in [&letter.text, &letter.html] {
                for secret in ["TNG-7F3K9Q", "198503122010121003", "s-09"] {
                    assert!(!body.contains(secret), "{}: {secret}", piece.head.id);
                }
            }
        }
    }
}

#[test]
fn both_layouts_say_the_same() {
    for piece in gallery() {
        for (language, _) in languages() {
            let letter = letter(&piece, language, &FIRST);
            let html = plain(&letter.html);
            // Headings are set in capitals in the text; what differs otherwise is line breaks alone.
            let flat = |text: &str| {
                let kept: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
                kept.to_lowercase()
            };
            let html = flat(&html);
            for line in letter.text.lines().filter(|line| *line != "-- ") {
                // A step's number is the list's own in HTML.
                let line = line
                    .trim_start_matches(|c: char| c.is_ascii_digit())
                    .trim_start_matches(". ");
                for part in line.split(" : ") {
                    assert!(
                        html.contains(&flat(part)),
                        "{}: \"{part}\" is not in the HTML",
                        piece.head.id
                    );
                }
            }
        }
    }
}

/// The text of an HTML mail, with the addresses of its links.
fn plain(html: &str) -> String {
    let body = html.split("</head>").nth(1).unwrap();
    let mut out = String::new();
    let mut rest = body;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let close = rest[open..].find('>').unwrap() + open;
        if let Some(href) = rest[open..close].split("href=\"").nth(1) {
            out.push_str(href.split('"').next().unwrap());
        }
        rest = &rest[close + 1..];
    }
    out.replace("&quot;", "\"").replace("&amp;", "&")
}

#[test]
fn html_fetches_nothing_and_lines_of_text_fit() {
    for piece in gallery() {
        for (language, _) in languages() {
            let letter = letter(&piece, language, &FIRST);
            for word in ["src=", "url(", "<img", "<link", "<script", "@import", "http://"] {
                assert!(!letter.html.contains(word), "{}: {word}", piece.head.id);
            }
            assert_eq!(
                letter.html.matches("https://").count(),
                1,
                "only the dashboard is linked"
            );
            for line in letter.text.lines() {
                assert!(line.chars().count() <= 72, "{}: {line}", piece.head.id);
            }
        }
    }
}

#[test]
fn what_the_office_decided_stands_beside_the_policy() {
    let mut piece = gallery().remove(0);
    let overlay = "[phone-out-during-service]\nfor = \"90s\"\nseverity = \"minor\"\nscope = \"signed_in\"\n\
                   notify = [\"supervisor\", \"integrity\"]\n\
                   reason = \"Loker berada di lantai lain\"\ndecided_by = \"Kepala Kantor\"\ndecided_on = 2026-11-02\n";
    let text = include_str!("../../policies/phone-out-during-service.toml");
    let file = ["phone-out-during-service.toml", "phone-out-during-service", text];
    let shipped = PolicySet::parse([(file[0], file[1], file[2])]).unwrap();
    let decided = shipped.overlaid("overlays/tangerang.toml", overlay).unwrap();
    piece.head = decided.heads().next().unwrap().clone();
    for (language, code) in languages() {
        let letter = letter(&piece, language, &FIRST);
        insta::assert_snapshot!(
            format!("decided.{code}"),
            format!("Subject: {}\n\n{}", letter.subject, letter.text)
        );
        let told = match language {
            Language::Id => "Diputuskan oleh Kepala Kantor, 2 November 2026.",
            Language::En => "Decided by Kepala Kantor, 2 November 2026.",
        };
        assert!(letter.html.contains(told), "{}", letter.html);
    }
}

#[test]
fn what_people_wrote_into_the_roster_is_escaped_and_kept_on_one_line() {
    let mut piece = gallery().remove(0);
    piece.head.title.id = "<script>alert(1)</script>\r\nBcc: x@example.org".into();
    piece.head.basis = "a & b <i>".into();
    let letter = letter(&piece, Language::Id, &FIRST);
    assert!(!letter.html.contains("<script>"));
    assert!(letter.html.contains("&lt;script&gt;"));
    assert!(letter.html.contains("a &amp; b &lt;i&gt;"));
    assert!(!letter.text.contains("\nBcc:"));
    assert!(!letter.subject.contains(['\r', '\n']));
}

#[test]
fn zones_are_named_as_indonesia_names_them() {
    for (zone, name) in [
        ("Asia/Jakarta", "WIB"),
        ("Asia/Pontianak", "WIB"),
        ("Asia/Makassar", "WITA"),
        ("Asia/Jayapura", "WIT"),
        ("Asia/Dubai", "UTC+04:00"),
    ] {
        assert_eq!(zone_name(at("10:00:00"), zone.parse::<Tz>().unwrap()), name);
    }
}

#[test]
fn durations_are_read_as_they_are_spoken() {
    for (ms, id, en) in [
        (412_000, "6 menit 52 detik", "6 minutes 52 seconds"),
        (60_999, "1 menit", "1 minute"),
        (3_600_000, "1 jam", "1 hour"),
        (7_205_000, "2 jam 5 detik", "2 hours 5 seconds"),
        (3_723_000, "1 jam 2 menit", "1 hour 2 minutes"),
        (400, "kurang dari 1 detik", "less than 1 second"),
    ] {
        assert_eq!(duration(ms, Language::Id), id);
        assert_eq!(duration(ms, Language::En), en);
    }
}

#[test]
fn a_nip_is_masked_whatever_it_looks_like() {
    for (nip, shown) in [
        ("198503122010121003", "…1003"),
        ("19850312 201012 1 003", "…1003"),
        ("123", "…23"),
        ("", "…"),
    ] {
        assert_eq!(words::masked_nip(nip), shown);
    }
}

#[test]
fn much_evidence_is_shortened_and_says_so() {
    let mut piece = gallery().remove(0);
    piece.evidence = (0..30).map(|n| withdrawn(&format!("10:{n:02}:00"))).collect();
    let letter = letter(&piece, Language::Id, &FIRST);
    assert_eq!(letter.text.matches("Ponsel diambil").count(), 12);
    assert!(letter.text.contains("… dan 18 kejadian lain"));
}

#[test]
fn a_letter_of_many_incidents_reads_as_it_was_approved() {
    let roster = Roster::parse(ROSTER).unwrap();
    let house = House {
        base_url: "https://jagaloket.tangerang.example".into(),
        domain: "tangerang.example".into(),
        wording: Default::default(),
        counts_alone: false,
    };
    let pieces = gallery();
    let rows: Vec<IncidentRow> = (0..3).map(|n| row(&pieces[n], 12 + n as i64)).collect();
    let lines: Vec<several::Line<'_>> = (0..3)
        .map(|n| several::Line {
            incident: &rows[n],
            policy: Some(&pieces[n].head),
            first: true,
            stage: None,
        })
        .collect();
    for (language, code) in languages() {
        let to = Addressee {
            role: Some(Role::Supervisor),
            name: Some("Kepala Seksi Pelayanan"),
            language,
        };
        let letter = several::render(&several::Several {
            occasion: several::Occasion::KnownLate,
            to,
            roster: &roster,
            house: &house,
            lines: &lines,
        });
        insta::assert_snapshot!(
            format!("known-late.{code}"),
            format!("Subject: {}\n\n{}", letter.subject, letter.text)
        );
        assert!(!letter.subject.contains("p-003") && letter.html.contains("/incidents"));
    }
}

/// A piece as an incident that is over.
fn row(piece: &Piece, n: i64) -> IncidentRow {
    let [counter, lockbox, officer] = piece.subject;
    IncidentRow {
        n,
        office: crate::engine::event::OfficeId::new("tangerang"),
        policy: piece.head.id.clone(),
        class: piece.head.class,
        severity: piece.head.severity,
        counter: counter.then(|| DeviceId::new("loket-03")),
        lockbox: lockbox.then(|| DeviceId::new("loker-a")),
        officer: officer.then(p003),
        date: "2026-11-24".into(),
        since: at(piece.since),
        until: Some(at(piece.until.unwrap_or(piece.opened))),
        state: IncidentState::Ended,
        created: at("19:00:00"),
        changed: at("19:00:00"),
    }
}
