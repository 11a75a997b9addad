//! The JSON Schemas, held against the readers and against an independent validator.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jagaloket::config::Config;
use jagaloket::engine::event::{DeviceKind, TYPES};
use jagaloket::engine::policy::PolicySet;
use jagaloket::engine::roster::Roster;
use jagaloket::schema::{Subject, schema, text};
use jagaloket::wire;
use serde_json::{Value, json};

use crate::support::{EXAMPLE_DAYS, example, example_events, jagaloket, policies, python, run};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Something to validate: of which schema, what people call it, and itself.
struct Case {
    schema: Subject,
    of: String,
    instance: Value,
}

impl Case {
    fn toml(schema: Subject, of: impl Into<String>, text: &str) -> Option<Case> {
        let table: toml::Table = toml::from_str(text).ok()?;
        Some(Case {
            schema,
            of: of.into(),
            instance: dated(serde_json::to_value(table).unwrap()),
        })
    }
}

/// Dates as editors see them: as texts.
fn dated(value: Value) -> Value {
    match value {
        Value::Object(mut table) => match table.remove("$__toml_private_datetime") {
            Some(date) => date,
            None => table.into_iter().map(|(key, value)| (key, dated(value))).collect(),
        },
        Value::Array(list) => list.into_iter().map(dated).collect(),
        other => other,
    }
}

/// What the independent validator says of each: `None` where it fits.
fn validated(cases: &[Case]) -> Vec<Option<String>> {
    let lines: Vec<String> = cases
        .iter()
        .map(|case| json!({"schema": case.schema.as_str(), "instance": case.instance}).to_string())
        .collect();
    let folder = root().join("docs/schemas");
    let said = python(
        include_str!("validate.py"),
        &[folder.to_str().unwrap()],
        format!("{}\n", lines.join("\n")).as_bytes(),
    );
    let said: Vec<Option<String>> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said.len(), cases.len());
    said
}

/// Every policy file of a folder, by name.
fn policy_files(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !path.to_str().unwrap().ends_with(".test.toml"))
        .map(|path: PathBuf| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_schemas_in_docs_are_current() {
    for subject in Subject::ALL {
        let name = subject.as_str();
        let path = format!("docs/schemas/{name}.json");
        let kept = fs::read_to_string(root().join(&path)).unwrap_or_default();
        assert!(
            kept == text(subject),
            "{path} is not current: jagaloket schema {name} > {path}"
        );
        let mut command = jagaloket();
        command.args(["schema", name]);
        assert_eq!(String::from_utf8(run(&mut command, b"").stdout).unwrap(), kept);
    }
}

#[test]
fn what_is_shipped_fits_the_schemas() {
    let mut cases = Vec::new();
    for (name, text) in policy_files(&policies()) {
        cases.extend(Case::toml(Subject::Policy, name, &text));
    }
    let roster = fs::read_to_string(example("roster.toml")).unwrap();
    cases.extend(Case::toml(Subject::Roster, "the example roster", &roster));
    let page = fs::read_to_string(root().join("docs/offices.md")).unwrap();
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).collect();
    let office = "[office]\nid = \"o\"\nname = \"O\"\ntimezone = \"Asia/Jakarta\"\n";
    let parts = blocks.iter().map(|block| block.split("```").next().unwrap()).take(2);
    let text = format!("{office}{}", parts.collect::<String>());
    cases.extend(Case::toml(Subject::Roster, "the roster in docs", &text));
    let config = fs::read_to_string(root().join("deploy/jagaloket.toml")).unwrap();
    cases.extend(Case::toml(Subject::Config, "the example configuration", &config));
    let page = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    for block in page.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        cases.extend(Case::toml(Subject::Config, "a configuration in docs", block));
    }
    let roster = Roster::parse(&roster).unwrap();
    for (ix, day) in EXAMPLE_DAYS.iter().enumerate() {
        let step = if ix == 0 { 1 } else { 37 };
        for line in example_events(day).iter().step_by(step) {
            if wire::parse(None, line.as_bytes(), &roster, &wire::Limits::REPLAY).is_ok() {
                cases.push(Case {
                    schema: Subject::Events,
                    of: format!("{day}: {line}"),
                    instance: serde_json::from_str(line).unwrap(),
                });
            }
        }
    }
    assert!(cases.len() > 500, "{}", cases.len());
    let wrong: Vec<String> = validated(&cases)
        .into_iter()
        .zip(&cases)
        .filter_map(|(said, case)| said.map(|said| format!("{}: {said}", case.of)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn broken_policies_are_refused_where_a_schema_can_know() {
    // What is wrong in a condition, or between a file and its name, only a whole reading tells.
    const BEYOND: [&str; 19] = [
        "always",
        "escaped-condition",
        "event-data",
        "id-of-another-file",
        "idle-clauses",
        "long-condition",
        "many-wrong-names",
        "names-out-of-scope",
        "never",
        "never-in-emergency",
        "never-without-session",
        "one-equals-sign",
        "tabs-and-accents",
        "types-in-condition",
        "usb-and-functions",
        "value-without-quotes",
        "unused-limit",
        "words-for-signs",
        "condition-is-no-bool",
    ];
    let cases: Vec<Case> = policy_files(&root().join("tests/data/broken-policies"))
        .iter()
        .filter_map(|(name, text)| Case::toml(Subject::Policy, name.as_str(), text))
        .collect();
    assert!(cases.len() > 20);
    for (said, case) in validated(&cases).iter().zip(&cases) {
        let beyond = BEYOND.contains(&case.of.as_str());
        assert_eq!(said.is_none(), beyond, "{}: {said:?}", case.of);
    }
}

#[test]
fn reader_and_schema_agree_on_policies() {
    let good = fs::read_to_string(policies().join("lockbox-silent.toml")).unwrap();
    let with = |line: &str| {
        let key = line.split('=').next().unwrap().trim();
        let kept: Vec<&str> = good
            .lines()
            .filter(|other| other.split('=').next().unwrap().trim() != key)
            .collect();
        format!("{}\n{line}\n", kept.join("\n"))
    };
    let mut cases = Vec::new();
    let mut right = Vec::new();
    for line in [
        "for = \"0s\"",
        "for = \"1h30m\"",
        "for = \"\"",
        "for = \"-1s\"",
        "for = \"1\"",
        "for = 1",
        "bridge = \"2 m\"",
        "group_within = \"1d\"",
        "notify = []",
        "notify = [\"technician\"]",
        "notify = [\"technician\", \"technician\"]",
        "notify = \"technician\"",
        "severity = \"critical\"",
        "severity = \"Critical\"",
        "verdict = \"finding\"",
        "title = { id = \"a\", en = \"b\" }",
        "title = { id = \"a\", en = \" \" }",
        "title = { id = \"a\" }",
        "title = { id = \"a\", en = \"b\", nl = \"c\" }",
        "basis = \"\"",
        "on = \"lockbox.forced\"",
        "where = 'event.private'",
        "while = ''",
        "colour = \"red\"",
        "enabled = false",
        "enabled = \"no\"",
        "scope = \"service\"",
        "scope = \"session\"",
    ] {
        let text = with(line);
        cases.extend(Case::toml(Subject::Policy, line, &text));
        right.push(PolicySet::parse([("p", "lockbox-silent", text.as_str())]).is_ok());
    }
    for ((said, case), right) in validated(&cases).iter().zip(&cases).zip(right) {
        assert_eq!(said.is_none(), right, "{}: {said:?}", case.of);
    }
}

/// The keys a schema has at a place.
fn keys(schema: &Value, place: &[&str]) -> BTreeSet<String> {
    let mut here = schema;
    for part in place {
        here = &here["properties"][part];
        if here["type"] == "array" {
            here = &here["items"];
        }
    }
    here["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn reader_and_schema_know_the_same_keys_of_a_roster() {
    let schema = schema(Subject::Roster);
    let office = "[office]\nid = \"o\"\nname = \"O\"\ntimezone = \"Asia/Jakarta\"\n";
    let person = "id = \"p\"\nname = \"P\"\nemail = \"p@o\"\n";
    for (place, text) in [
        (&["office"][..], format!("{office}qqqq = 1\n")),
        (&["counter"], format!("{office}[[counter]]\nid = \"c\"\nqqqq = 1\n")),
        (&["lockbox"], format!("{office}[[lockbox]]\nid = \"c\"\nqqqq = 1\n")),
        (&["supervisor"], format!("{office}[[supervisor]]\n{person}qqqq = 1\n")),
        (&["integrity"], format!("{office}[[integrity]]\n{person}qqqq = 1\n")),
        (&["technician"], format!("{office}[[technician]]\n{person}qqqq = 1\n")),
        (&["officer"], format!("{office}[[officer]]\nid = \"c\"\nqqqq = 1\n")),
        (
            &["officer", "handsets"],
            format!("{office}[[officer]]\nid = \"c\"\nhandsets = [{{ id = \"h\", qqqq = 1 }}]\n"),
        ),
        (&["travel"], format!("{office}[[travel]]\nqqqq = 1\n")),
        (
            &["office", "calendar"],
            format!("{office}[office.calendar]\nqqqq = 1\n"),
        ),
        (
            &["office", "calendar", "week"],
            format!("{office}[office.calendar.week]\nqqqq = 1\n"),
        ),
        (
            &["office", "calendar", "week", "monday"],
            format!("{office}[office.calendar.week.monday]\nqqqq = 1\n"),
        ),
        (
            &["office", "calendar", "period"],
            format!("{office}[[office.calendar.period]]\nqqqq = 1\n"),
        ),
        (
            &["office", "calendar", "day"],
            format!("{office}[[office.calendar.day]]\nqqqq = 1\n"),
        ),
        (&[], format!("qqqq = 1\n{office}")),
    ] {
        let said = Roster::parse(&text).unwrap_err().to_string();
        let (_, known) = said.split_once("; there are ").unwrap_or_else(|| panic!("{said}"));
        let known: BTreeSet<String> = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(keys(&schema, place), known, "{place:?}");
    }
}

#[test]
fn reader_and_schema_agree_on_rosters() {
    let good = fs::read_to_string(example("roster.toml")).unwrap();
    let changes = [
        ("id = \"tangerang\"", "id = \"tange rang\""),
        ("id = \"tangerang\"", "id = 7"),
        ("heartbeat_every = \"0s\"", "heartbeat_every = 0"),
        ("heartbeat_every = \"0s\"", "heartbeat_every = \"now and then\""),
        ("slots = 16", "slots = -1"),
        ("slots = 16", "slots = \"16\""),
        ("slots = 16", "slots = 12"),
        ("[[lockbox]]\n", "[[lockbox]]\ncolour = \"red\"\n"),
        ("[[supervisor]]\n", "[[supervisors]]\n"),
        ("name = \"Loket 1", "naam = \"Loket 1"),
        (
            "[[counter]]\n",
            "[office.calendar.week]\nmonday = { open = \"08:00-16:00\" }\n[[counter]]\n",
        ),
        (
            "[[counter]]\n",
            "[office.calendar.week]\nmonday = { open = \"8-16\" }\n[[counter]]\n",
        ),
        (
            "[[counter]]\n",
            "[office.calendar.week]\nmonday = { open = [] }\n[[counter]]\n",
        ),
        ("[[counter]]\n", "[office.calendar]\n[[counter]]\n"),
        (
            "[[counter]]\n",
            "[office.calendar.week]\n[office.calendar.closed]\n2026-12-25 = \"Natal\"\n[[counter]]\n",
        ),
        (
            "[[counter]]\n",
            "[office.calendar.week]\n[office.calendar.closed]\nNatal = \"2026-12-25\"\n[[counter]]\n",
        ),
    ];
    let mut cases = Vec::new();
    let mut right = Vec::new();
    for (from, to) in changes {
        assert!(good.contains(from), "{from}");
        let text = good.replacen(from, to, 1);
        cases.extend(Case::toml(Subject::Roster, to, &text));
        right.push(Roster::parse(&text).is_ok());
    }
    for ((said, case), right) in validated(&cases).iter().zip(&cases).zip(right) {
        assert_eq!(said.is_none(), right, "{}: {said:?}", case.of);
    }
}

#[test]
fn reader_and_schema_agree_on_configurations() {
    let office = "[office]\nroster = [\"r.toml\"]\n";
    let broker = "[broker]\nhost = \"127.0.0.1\"\n";
    let mut cases = Vec::new();
    let mut right = Vec::new();
    for text in [
        format!("{office}{broker}"),
        format!("{office}[broker]\nembedded = true\n"),
        format!("{office}[broker]\nembedded = true\ndevices = \"d\"\n"),
        format!("{office}[broker]\nembedded = true\ndevices = \"d\"\nanonymous = false\n"),
        format!("{office}[broker]\nembedded = true\ndevices = \"d\"\nanonymous = true\n"),
        format!("{office}[broker]\nembedded = true\nanonymous = true\n"),
        format!("{office}[broker]\nembedded = true\nanonymous = false\n"),
        format!("{office}{broker}anonymous = true\n"),
        format!("{office}[broker]\nembedded = true\nhost = \"h\"\n"),
        format!("{office}[broker]\nlisten = \"127.0.0.1:1\"\n"),
        format!("{office}[broker]\nport = 1883\n"),
        format!("{office}{broker}port = 0\n"),
        format!("{office}{broker}port = \"1883\"\n"),
        format!("{office}{broker}protocol = \"3.1.1\"\n"),
        format!("{office}{broker}protocol = \"4\"\n"),
        format!("{office}{broker}prot = 1\n"),
        format!("[office]\nroster = []\n{broker}"),
        format!("[office]\nroster = \"r.toml\"\n{broker}"),
        format!("[office]\n{broker}"),
        broker.to_owned(),
        office.to_owned(),
        format!("{office}settle_after = \"2d\"\n{broker}"),
        format!("{office}settle_after = 2\n{broker}"),
        format!("clock = \"sun\"\n{office}{broker}"),
        format!("{office}{broker}[mail]\nhost = \"127.0.0.1\"\n"),
        format!("{office}{broker}[mail]\nhost = \"127.0.0.1\"\nfrom = \"a@b\"\n"),
        format!("{office}{broker}[mail]\ndirectory = \"d\"\n"),
        format!("{office}{broker}[mail]\nfrom = \"a@b\"\n"),
        format!("{office}{broker}[mail]\ndirectory = \"d\"\nhost = \"h\"\nfrom = \"a@b\"\n"),
        format!("{office}{broker}[web]\nlisten = \"127.0.0.1:8080\"\n"),
        format!("{office}{broker}[web]\nlisten = \"localhost\"\n"),
        format!("{office}{broker}[web]\nnetwork_trusted = \"no\"\n"),
        format!("{office}{broker}[log]\nformat = \"xml\"\n"),
        format!("{office}{broker}[quarantine]\nrows_max = 5\n"),
        format!("{office}{broker}[quarantine]\nrows = 5\n"),
    ] {
        cases.extend(Case::toml(Subject::Config, text.as_str(), &text));
        right.push(Config::parse("x", &text, Path::new(""), &|_| None).is_ok());
    }
    for ((said, case), right) in validated(&cases).iter().zip(&cases).zip(right) {
        assert_eq!(said.is_none(), right, "{}: {said:?}", case.of);
    }
}

/// A value that fits, for a key of an event's data.
fn fitting(key: &str) -> Value {
    match key {
        "slot" => json!(3),
        "present" | "allowed" => json!(true),
        "class" => json!("mtp"),
        "from" => json!("2026-11-24T10:00:00+07:00"),
        "until" => json!("2026-11-24T11:00:00+07:00"),
        _ => json!("x"),
    }
}

#[test]
fn reader_and_schema_agree_on_events_of_every_type() {
    let roster = "[office]\nid = \"o\"\nname = \"O\"\ntimezone = \"Asia/Jakarta\"\n[[counter]]\nid = \"c\"\n\
                  [[lockbox]]\nid = \"l\"\n";
    let roster = Roster::parse(roster).unwrap();
    let schema = schema(Subject::Events);
    let data = |name: &str| {
        let cases = schema["allOf"][1]["oneOf"].as_array().unwrap();
        let case = cases
            .iter()
            .find(|case| case["properties"]["type"]["const"] == name)
            .unwrap();
        case["properties"]["data"].clone()
    };
    let mut events = Vec::new();
    for (name, senders) in TYPES {
        let device = match senders[0] {
            DeviceKind::Workstation => "c",
            DeviceKind::Lockbox => "l",
            DeviceKind::System => "system",
            DeviceKind::Monitor => "monitor",
            DeviceKind::Gate => "g",
        };
        let event = |data: Value| {
            json!({"specversion": "1.0", "id": "e", "source": format!("/o/{device}"), "type": name,
                   "time": "2026-11-24T10:00:00.000+07:00", "data": data})
        };
        let known: Vec<String> = data(name)["properties"].as_object().unwrap().keys().cloned().collect();
        let full: serde_json::Map<String, Value> = known.iter().map(|key| (key.clone(), fitting(key))).collect();
        events.push(event(Value::Object(full.clone())));
        events.push(event(Value::Null));
        events.push(event(json!({})));
        events.push(event(json!([])));
        for key in &known {
            let mut less = full.clone();
            less.remove(key);
            events.push(event(Value::Object(less)));
            for other in [json!(1.5), json!("y"), json!(true), Value::Null, json!(""), json!([])] {
                let mut changed = full.clone();
                changed.insert(key.clone(), other);
                events.push(event(Value::Object(changed)));
            }
        }
    }
    let good = events[0].clone();
    for (key, value) in [
        ("specversion", json!("1.1")),
        ("id", json!("")),
        ("id", json!("a\u{7}")),
        ("id", json!(7)),
        ("source", json!("o/c")),
        ("source", json!("/o/c/d")),
        ("type", json!("session.started")),
        ("time", json!("2026-11-24T10:00:00")),
        ("time", json!("2026-11-24T10:00:00Z")),
        ("time", json!("yesterday")),
        ("bootid", json!("b")),
        ("bootid", json!(1)),
        ("bootid", Value::Null),
        ("sequence", json!("x")),
        ("sequence", json!(1)),
        ("colour", json!("red")),
    ] {
        let mut event = good.clone();
        event[key] = value;
        events.push(event.clone());
        if key == "sequence" {
            event["bootid"] = json!("b");
            events.push(event);
        }
    }
    for key in ["specversion", "id", "source", "type", "time", "data"] {
        let mut event = good.clone();
        event.as_object_mut().unwrap().remove(key);
        events.push(event);
    }
    let cases: Vec<Case> = events
        .into_iter()
        .map(|instance| Case {
            schema: Subject::Events,
            of: instance.to_string(),
            instance,
        })
        .collect();
    for (said, case) in validated(&cases).iter().zip(&cases) {
        let read = wire::parse(None, case.of.as_bytes(), &roster, &wire::Limits::REPLAY);
        // An interval that ends before it begins is beyond a schema.
        let read = read.map_err(|rejected| (rejected.code, rejected.reason));
        assert_eq!(said.is_none(), read.is_ok(), "{}: {said:?} {:?}", case.of, read.err());
    }
}

#[test]
fn reader_and_schema_agree_on_overlays() {
    let set = jagaloket::replay::read_policies(&policies()).unwrap();
    let decided = "reason = \"r\"\ndecided_by = \"k\"\ndecided_on = 2026-11-24\n";
    // Whether each is right.
    let cases = [
        ("enabled = false", true),
        ("for = \"90s\"\nbridge = \"1m\"\ngroup_within = \"1h\"", true),
        ("severity = \"major\"\nnotify = [\"integrity\"]", true),
        ("limits = { unchecked = \"90m\" }", true),
        ("limits = { unchecked = 0.5 }", false),
        ("limits = { unchecked = \"soon\" }", false),
        ("limits = \"90m\"", false),
        ("enabled = \"no\"", false),
        ("for = 90", false),
        ("severity = \"grave\"", false),
        ("notify = [\"boss\"]", false),
        ("basis = \"another\"", false),
        ("fro = \"1m\"", false),
        ("", false),
    ];
    let text = |keys: &str| format!("[lockbox-check-overdue]\n{keys}\n{decided}");
    let mut all: Vec<(String, bool)> = cases.iter().map(|(keys, right)| (text(keys), *right)).collect();
    for lacking in decided.lines() {
        all.push((text("enabled = false").replace(lacking, ""), false));
    }
    let cases: Vec<Case> = all
        .iter()
        .map(|(text, _)| Case::toml(Subject::Overlay, text.as_str(), text).unwrap())
        .collect();
    for (said, (text, right)) in validated(&cases).iter().zip(&all) {
        let read = set.clone().overlaid("o.toml", text);
        assert_eq!(read.is_ok(), *right, "{text}\n{read:?}");
        assert_eq!(said.is_none(), *right, "{text}\n{said:?}");
    }
}
