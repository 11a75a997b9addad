//! Policies that ship switched off, and overlays: what an office decides otherwise.

use std::fs;
use std::sync::Arc;

use jagaloket::engine::event::{DeviceId, Event, HandsetId, Kind, OfficeId, OfficerId, Place};
use jagaloket::engine::policy::{PolicySet, Severity};
use jagaloket::engine::roster::Roster;
use jagaloket::engine::time::Moment;
use jagaloket::engine::{Clock, Engine};
use jagaloket::replay;

use crate::support::{example, example_verdicts, jagaloket, policies, run, verdict_lines};

const ROSTER: &str = r#"
[office]
id = "kota"
name = "Kantor"
timezone = "Asia/Jakarta"

[office.calendar.week]
tuesday = { open = "08:00-16:00", breaks = "12:00-13:00" }

[[counter]]
id = "loket-1"
place = "utama"
heartbeat_every = "0s"

[[counter]]
id = "loket-9"
place = "mal"
heartbeat_every = "0s"

[[lockbox]]
id = "loker-a"
place = "utama"
heartbeat_every = "0s"

[[travel]]
between = ["utama", "mal"]
takes = "10m"

[[officer]]
id = "p-1"
lockbox = "loker-a"
handsets = [{ id = "h-1" }, { id = "h-2", class = "official" }]
"#;

const OFF: [&str; 4] = [
    "badge-at-two-places",
    "phone-out-while-signed-in",
    "service-outside-hours",
    "withdrawn-by-another",
];

fn shipped() -> PolicySet {
    replay::read_policies(&policies()).unwrap()
}

fn overlaid(overlay: &str) -> PolicySet {
    shipped()
        .overlaid("overlays/kota.toml", overlay)
        .unwrap_or_else(|faults| panic!("{faults}"))
}

fn switched_on(id: &str) -> Arc<PolicySet> {
    Arc::new(overlaid(&format!(
        "[{id}]\nenabled = true\nreason = \"r\"\ndecided_by = \"k\"\ndecided_on = 2026-11-01\n"
    )))
}

fn at(time: &str) -> Moment {
    Moment::parse(&format!("2026-11-24T{time}+07:00")).expect(time)
}

fn event(device: &str, time: &str, kind: Kind) -> Event {
    Event {
        office: OfficeId::new("kota"),
        device: DeviceId::new(device),
        id: format!("{device}@{time}/{}", kind.name()).into(),
        time: at(time),
        place: None,
        kind,
        reading: None,
    }
}

fn p1() -> OfficerId {
    OfficerId::new("p-1")
}

fn signed_in(device: &str, time: &str) -> Event {
    event(device, time, Kind::SignedIn { officer: p1() })
}

fn started(device: &str, time: &str) -> Event {
    event(device, time, Kind::ServiceStarted { booking: None })
}

fn ended(device: &str, time: &str) -> Event {
    event(device, time, Kind::ServiceEnded)
}

fn deposited(time: &str, by: Option<&str>) -> Event {
    let kind = Kind::Deposited {
        officer: p1(),
        slot: 1,
        handset: None,
        by: by.map(Box::from),
    };
    event("loker-a", time, kind)
}

fn withdrawn(time: &str, by: Option<&str>, handset: Option<&str>) -> Event {
    let kind = Kind::Withdrawn {
        officer: p1(),
        slot: 1,
        handset: handset.map(HandsetId::new),
        by: by.map(Box::from),
    };
    event("loker-a", time, kind)
}

fn held(time: &str, by: &str, witness: &str) -> Event {
    let kind = Kind::Held {
        officer: p1(),
        by: by.into(),
        witness: witness.into(),
    };
    event("system", time, kind)
}

/// Judges the events under one policy that the office switched on, in order and backwards one by one, and compares all
/// of what that policy says with what is expected: `since opened until`, times of the day.
#[track_caller]
fn check(policy: &str, events: &[Event], expected: &[&str]) {
    let roster = Arc::new(Roster::parse(ROSTER).unwrap());
    let zone = roster.office.zone;
    let says = |events: &mut dyn Iterator<Item = &Event>| -> Vec<(String, usize)> {
        let mut engine = Engine::new(roster.clone(), switched_on(policy), Clock::Events);
        for event in events {
            engine.insert(event.clone()).unwrap();
            engine.judge();
        }
        let said = engine.verdicts().into_iter();
        said.filter(|verdict| verdict.policy.as_str() == policy)
            .map(|verdict| {
                assert_eq!(verdict.officer, Some(p1()));
                let time = |moment: Moment| moment.local(zone).format("%H:%M:%S").to_string();
                let until = verdict.until.map_or("…".to_string(), time);
                let line = format!("{} {} {until}", time(verdict.since), time(verdict.opened));
                (line, verdict.evidence.len())
            })
            .collect()
    };
    let forwards = says(&mut events.iter());
    let lines: Vec<&str> = forwards.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(lines, expected);
    assert_eq!(says(&mut events.iter().rev()), forwards, "in any order of arrival");
    if policy == "badge-at-two-places" {
        assert!(
            forwards.iter().all(|(_, evidence)| *evidence == 2),
            "both acts are shown"
        );
    }
}

#[test]
fn four_policies_ship_switched_off_and_say_nothing() {
    let off: Vec<String> = shipped()
        .heads()
        .filter(|head| !head.enabled)
        .map(|head| head.id.to_string())
        .collect();
    assert_eq!(off, OFF);
}

#[test]
fn a_phone_out_while_signed_in_counts_outside_breaks() {
    let on_break = |time: &str| event("loket-1", time, Kind::BreakStarted { kind: None });
    let back = |time: &str| event("loket-1", time, Kind::BreakEnded { kind: None });
    let id = "phone-out-while-signed-in";
    let day = [
        signed_in("loket-1", "08:00:00"),
        on_break("09:00:00"),
        back("09:30:00"),
        deposited("09:31:00", None),
        withdrawn("10:00:00", None, None),
        deposited("10:02:00", None),
        withdrawn("11:00:00", None, None),
        event("loket-1", "11:10:00", Kind::SignedOut { officer: p1() }),
        started("loket-9", "12:00:00"),
    ];
    let said = ["08:00:00 08:02:00 09:00:00", "11:00:00 11:02:00 11:10:00"];
    check(id, &day, &said);
}

#[test]
fn the_tail_of_the_queue_may_be_served_after_closing_time() {
    let id = "service-outside-hours";
    let day = |begin: &'static str, end: &'static str| {
        [
            signed_in("loket-1", "07:00:00"),
            started("loket-1", begin),
            ended("loket-1", end),
            started("loket-9", "23:00:00"),
        ]
    };
    check(id, &day("15:30:00", "16:10:00"), &[]);
    check(id, &day("15:30:00", "16:15:00"), &[]);
    check(id, &day("15:30:00", "16:15:01"), &["16:00:00 16:15:00 16:15:01"]);
    check(id, &day("07:30:00", "08:20:00"), &["07:30:00 07:45:00 08:00:00"]);
    // A break is no closing time.
    check(id, &day("12:10:00", "12:50:00"), &[]);
}

#[test]
fn nobody_is_at_two_places_faster_than_he_can_travel() {
    let id = "badge-at-two-places";
    let trip = |from: Event, time: &str| [from, signed_in("loket-9", time)];
    check(
        id,
        &trip(deposited("08:00:00", None), "08:05:00"),
        &["08:05:00 08:05:00 08:05:00"],
    );
    check(
        id,
        &trip(deposited("08:00:00", None), "08:07:59"),
        &["08:07:59 08:07:59 08:07:59"],
    );
    // Ten minutes less two for the doubt about clocks; a tie favours the officer.
    check(id, &trip(deposited("08:00:00", None), "08:08:00"), &[]);
    // At the same instant, whatever the order.
    check(
        id,
        &trip(deposited("08:00:00", None), "08:00:00"),
        &["08:00:00 08:00:00 08:00:00"],
    );
    // His phone put in by somebody else says nothing of him.
    check(id, &trip(deposited("08:00:00", Some("s-1")), "08:05:00"), &[]);
    check(
        id,
        &trip(deposited("08:00:00", Some("p-1")), "08:05:00"),
        &["08:05:00 08:05:00 08:05:00"],
    );
    // One place.
    check(
        id,
        &[deposited("08:00:00", None), signed_in("loket-1", "08:00:10")],
        &[],
    );
    // A session left open there: the act at the second place is the third one's surprise.
    let day = [
        signed_in("loket-9", "08:00:00"),
        started("loket-9", "08:01:00"),
        deposited("08:30:00", None),
        ended("loket-9", "08:31:00"),
    ];
    check(id, &day, &["08:31:00 08:31:00 08:31:00"]);
}

#[test]
fn a_clock_that_its_own_sequence_contradicts_puts_nobody_anywhere() {
    let numbered = |event: Event, sequence| Event {
        place: Some(Place {
            boot: "b1".into(),
            sequence,
        }),
        ..event
    };
    // The second act of this boot claims a time before the first: its clock was set in between.
    let day = [
        numbered(event("loket-9", "08:30:00", Kind::WorkstationStarted), 0),
        numbered(signed_in("loket-9", "08:03:00"), 1),
        deposited("08:25:00", None),
        started("loket-1", "09:00:00"),
    ];
    check("badge-at-two-places", &day, &[]);
}

#[test]
fn a_phone_withdrawn_by_another_is_told_unless_it_was_handed_over() {
    let id = "withdrawn-by-another";
    let said = ["09:00:00 09:00:00 09:00:00"];
    let day = |before: Vec<Event>, withdrawal: Event| {
        let mut events = vec![signed_in("loket-1", "08:00:00"), deposited("08:01:00", None)];
        events.extend(before);
        events.push(withdrawal);
        events.push(started("loket-1", "10:00:00"));
        events
    };
    let by_other = || withdrawn("09:00:00", Some("p-2"), None);
    check(id, &day(vec![], by_other()), &said);
    check(id, &day(vec![], withdrawn("09:00:00", Some("p-1"), None)), &[]);
    check(id, &day(vec![], withdrawn("09:00:00", None, None)), &[]);
    // The official phone is nobody's private one.
    check(id, &day(vec![], withdrawn("09:00:00", Some("p-2"), Some("h-2"))), &[]);
    // A supervisor takes it into his keeping, before or at the instant.
    check(id, &day(vec![held("08:55:00", "s-1", "p-3")], by_other()), &[]);
    check(id, &day(vec![held("09:00:00", "s-1", "p-3")], by_other()), &[]);
    // No handover: to himself, without another witness, or given back before.
    check(id, &day(vec![held("08:55:00", "p-1", "p-3")], by_other()), &said);
    check(id, &day(vec![held("08:55:00", "s-1", "s-1")], by_other()), &said);
    let returned = Kind::Returned {
        officer: p1(),
        by: "s-1".into(),
        witness: "p-3".into(),
    };
    let given_back = vec![
        held("08:40:00", "s-1", "p-3"),
        event("system", "08:50:00", returned),
        deposited("08:52:00", None),
    ];
    check(id, &day(given_back, by_other()), &said);
}

#[test]
fn an_overlay_changes_what_it_names_and_says_who_decided() {
    let set = overlaid(
        "[phone-out-during-service]\nfor = \"90s\"\nbridge = \"0s\"\nseverity = \"minor\"\nscope = \"signed_in\"\n\
         group_within = \"1h\"\nnotify = [\"integrity\"]\nreason = \"Loker di lantai lain\"\ndecided_by = \"Kepala Kantor\"\n\
         decided_on = \"2026-11-02\"\n[lockbox-silent]\nenabled = false\nreason = \"Belum dipasang\"\ndecided_by = \"K\"\n\
         decided_on = 2026-11-03\n",
    );
    let head = |id: &str| set.heads().find(|head| head.id.as_str() == id).unwrap();
    let phone = head("phone-out-during-service");
    assert_eq!(
        (phone.for_ms, phone.bridge_ms, phone.group_within_ms),
        (90_000, 0, 3_600_000)
    );
    assert_eq!(phone.severity, Severity::Minor);
    let overlay = phone.overlay.as_ref().unwrap();
    let changes: Vec<String> = overlay
        .changes
        .iter()
        .map(|change| format!("{}: {} -> {}", change.key, change.shipped, change.here))
        .collect();
    assert_eq!(
        changes,
        [
            "for: 1m -> 1m30s",
            "bridge: 2m -> 0s",
            "severity: major -> minor",
            "scope: service -> signed_in",
            "group_within: 30m -> 1h",
            "notify: supervisor -> integrity"
        ]
    );
    assert_eq!(overlay.decided_by, "Kepala Kantor");
    assert_eq!(overlay.decided_on.to_string(), "2026-11-02");
    assert!(!head("lockbox-silent").enabled);
    assert!(head("lockbox-forced").overlay.is_none());
}

#[test]
fn a_wider_scope_holds_officers_to_a_policy_between_services() {
    let roster = Arc::new(Roster::parse(ROSTER).unwrap());
    let policies = overlaid(
        "[phone-out-during-service]\nscope = \"signed_in\"\nreason = \"r\"\ndecided_by = \"k\"\ndecided_on = 2026-11-01\n",
    );
    let mut engine = Engine::new(roster.clone(), Arc::new(policies), Clock::Events);
    for event in [
        signed_in("loket-1", "08:00:00"),
        event("loket-1", "08:30:00", Kind::BreakStarted { kind: None }),
        started("loket-1", "08:45:00"),
        ended("loket-1", "08:50:00"),
        event("loket-1", "09:00:00", Kind::SignedOut { officer: p1() }),
    ] {
        engine.insert(event).unwrap();
    }
    engine.judge();
    let said = engine.verdicts();
    let held: Vec<(Moment, Option<Moment>)> = said
        .iter()
        .filter(|verdict| verdict.policy.as_str() == "phone-out-during-service")
        .map(|verdict| (verdict.since, verdict.until))
        .collect();
    assert_eq!(
        held,
        [
            (at("08:00:00"), Some(at("08:30:00"))),
            (at("08:45:00"), Some(at("09:00:00")))
        ]
    );
}

#[test]
fn faults_of_an_overlay_are_told_all_at_once_with_the_nearest_name() {
    let overlay = r#"[phone-out-during-servise]
for = "90s"
reason = "r"
decided_by = "k"
decided_on = 2026-11-01

[phone-on-usb]
bridge = "15 minutes"
severity = "mayor"
brigde = "15m"
while = 'true'
decided_by = ""
decided_on = "kemarin"

[lockbox-forced]
for = "1m"
scope = "signed_in"
notify = ["supervisors"]
reason = "r"
decided_by = "k"
decided_on = 2026-11-01T08:00:00

[counter-silent]
reason = "r"
decided_by = "k"
decided_on = 2026-11-01

[sign-in-outside-shift]
scope = "signed_in"
enabled = "no"
group_within = 5
reason = "r"
decided_by = "k"
decided_on = 2026-11-01
"#;
    let faults = shipped().overlaid("overlays/kota.toml", overlay).unwrap_err();
    insta::assert_snapshot!(faults.to_string());
}

#[test]
fn what_the_page_for_offices_shows_is_right() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/offices.md")).unwrap();
    let blocks: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    let [hours, places, overlay] = blocks[..] else {
        panic!("{} blocks", blocks.len());
    };
    let head = "[office]\nid = \"kota\"\nname = \"K\"\ntimezone = \"Asia/Jakarta\"\n";
    let roster = Roster::parse(&format!("{head}{hours}{places}")).unwrap_or_else(|faults| panic!("{faults}"));
    let calendar = roster.office.calendar.unwrap();
    assert_eq!((calendar.periods.len(), calendar.days.len()), (1, 3));
    assert_eq!(roster.travel.len(), 1);
    assert!(overlaid(overlay).heads().any(|head| head.overlay.is_some()));
    for id in OFF {
        assert!(page.contains(&format!("`{id}`")));
    }
}

#[test]
fn faults_of_places_are_told_with_the_nearest_name() {
    let roster = ROSTER
        .replace("between = [\"utama\", \"mal\"]", "between = [\"utamma\", \"utamma\"]")
        .replace("takes = \"10m\"", "takes = \"90s\"");
    let faults = Roster::parse(&roster).unwrap_err().to_string();
    assert!(
        faults.contains("no device has the place \"utamma\"; did you mean `utama`?"),
        "{faults}"
    );
    assert!(faults.contains("give two places"), "{faults}");
    assert!(faults.contains("less than 2m1ms says nothing"), "{faults}");
}

#[test]
fn an_overlay_beside_the_policies_is_in_force_in_its_office_alone() {
    let folder = tempfile::tempdir().unwrap();
    for head in shipped().heads() {
        let name = format!("{}.toml", head.id);
        fs::copy(policies().join(&name), folder.path().join(&name)).unwrap();
    }
    fs::create_dir(folder.path().join("overlays")).unwrap();
    let off =
        "[phone-out-during-service]\nenabled = false\nreason = \"r\"\ndecided_by = \"k\"\ndecided_on = 2026-11-01\n";
    let day = "day-4";
    let judge = |named: Option<&str>| {
        let mut command = jagaloket();
        command
            .arg("replay")
            .arg("--quiet")
            .arg("--roster")
            .arg(example("roster.toml"));
        command.arg("--policies").arg(folder.path());
        if let Some(named) = named {
            command.arg("--overlay").arg(folder.path().join(named));
        }
        let output = run(command.arg(example(&format!("{day}.jsonl.gz"))), b"");
        verdict_lines(&String::from_utf8(output.stdout).unwrap())
    };
    let all = example_verdicts(day);
    let rest: Vec<_> = all
        .iter()
        .filter(|line| line["policy"] != "phone-out-during-service")
        .cloned()
        .collect();
    assert_ne!(all.len(), rest.len());
    fs::write(folder.path().join("overlays/jakarta.toml"), off).unwrap();
    assert_eq!(judge(None), all, "another office's overlay");
    assert_eq!(judge(Some("overlays/jakarta.toml")), rest, "named on the command line");
    fs::write(folder.path().join("overlays/tangerang.toml"), off).unwrap();
    assert_eq!(judge(None), rest, "its own");
}
