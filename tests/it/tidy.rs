//! What the tree itself must keep to: rings, lengths, names, and in `papers` that what is written is true.

mod papers;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support;

/// Lines at which a file is looked at hard, and at which it is split.
const LINES_LONG: usize = 400;
const LINES_MAX: usize = 600;

/// What each module of the library may use. `store::rows` are plain rows, shared by all who speak of them.
const MAY_USE: &[(&str, &[&str])] = &[
    // Ring 0.
    ("engine", &[]),
    // Ring 1: pure.
    ("exit", &[]),
    ("wire", &["engine"]),
    ("varint", &[]),
    ("ledger", &["engine", "varint"]),
    ("coverage", &["engine", "wire", "varint"]),
    ("place", &[]),
    ("redact", &["engine"]),
    ("accounts", &["engine"]),
    ("letter", &["engine", "store::rows"]),
    ("case", &["engine", "incident", "letter", "store::rows"]),
    ("booking", &["engine"]),
    ("incident", &["engine", "letter", "store::rows"]),
    ("scenario", &["engine"]),
    ("backtest", &["engine", "letter", "incident"]),
    ("explain", &["engine", "letter"]),
    ("compliance", &["engine", "explain"]),
    ("simulate", &["engine", "wire"]),
    ("skew", &["engine", "wire"]),
    ("gaps", &["engine"]),
    ("live", &["engine", "inbound", "skew", "gaps", "store::rows", "clock"]),
    ("inbound", &["engine", "clock"]),
    // Ring 2: an edge does not use another edge, but mailer and web use store. All may measure and ask for the time.
    ("clock", &["engine"]),
    ("telemetry", &["engine", "wire", "store::rows"]),
    ("hook", &["accounts", "engine", "tls"]),
    ("config", &["accounts", "case", "engine", "place", "telemetry"]),
    ("mqtt", &["engine", "inbound", "clock", "telemetry"]),
    ("tls", &[]),
    ("broker", &["engine", "inbound", "wire", "clock", "telemetry", "tls"]),
    (
        "store",
        &[
            "accounts",
            "engine",
            "ledger",
            "coverage",
            "compliance",
            "place",
            "clock",
            "store::rows",
            "telemetry",
        ],
    ),
    ("keys", &["accounts"]),
    (
        "channel",
        &["booking", "engine", "keys", "store", "store::rows", "clock", "tls"],
    ),
    // Who comes in, for the pages, the command line and the demo.
    (
        "door",
        &[
            "accounts",
            "engine",
            "keys",
            "letter",
            "live",
            "store",
            "store::rows",
            "clock",
        ],
    ),
    (
        "mailer",
        &[
            "engine",
            "letter",
            "incident",
            "store",
            "store::rows",
            "clock",
            "telemetry",
        ],
    ),
    (
        "web",
        &[
            "accounts",
            "booking",
            "case",
            "redact",
            "door",
            "keys",
            "engine",
            "wire",
            "letter",
            "incident",
            "explain",
            "compliance",
            "live",
            "inbound",
            "skew",
            "gaps",
            "store",
            "store::rows",
            "clock",
            "telemetry",
            "tls",
        ],
    ),
    // Ring 3 wires everything.
    ("replay", &["engine", "wire", "clock"]),
    ("schema", &["engine", "config"]),
    ("past", EVERYTHING),
    ("retention", EVERYTHING),
    ("daemon", EVERYTHING),
    ("serve", EVERYTHING),
    ("demo", EVERYTHING),
    ("faults", EVERYTHING),
    ("cli", EVERYTHING),
    ("main", &["cli"]),
];
const EVERYTHING: &[&str] = &["*"];

/// Where an outside library may be named: one place each, so that it can be replaced there.
const NAMED_IN: [(&str, &[&str]); 21] = [
    ("argon2", &["keys"]),
    ("ring", &["accounts", "keys", "hook"]),
    ("base64", &["accounts"]),
    ("qrcode", &["web"]),
    ("ureq", &["channel", "door", "hook", "tls", "cli"]),
    ("sqlx", &["store"]),
    ("axum", &["web"]),
    ("hyper", &["web"]),
    ("lettre", &["mailer"]),
    ("mqtt5", &["broker"]),
    ("rumqttc_v4", &["mqtt"]),
    ("rumqttc_v5", &["mqtt", "demo"]),
    ("cel", &["engine"]),
    ("postcard", &["engine"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("indicatif", &["replay"]),
    ("tracing_subscriber", &["telemetry"]),
    ("maud", &["letter", "web", "backtest"]),
    ("pdf_writer", &["web"]),
    (
        "anyhow",
        &[
            "replay",
            "past",
            "retention",
            "daemon",
            "serve",
            "demo",
            "faults",
            "cli",
        ],
    ),
];

/// What the pure modules never name. (That none of them reads a clock, clippy.toml proves.)
const IMPURE: [&str; 12] = [
    "tokio",
    "sqlx",
    "fastrand",
    "uuid",
    "futures_util",
    "tracing",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
];
const PURE: [&str; 16] = [
    "accounts",
    "booking",
    "case",
    "engine",
    "wire",
    "varint",
    "coverage",
    "skew",
    "gaps",
    "ledger",
    "letter",
    "incident",
    "backtest",
    "explain",
    "compliance",
    "scenario",
];

/// A source file: its path from the root, its module, and its text without tests.
struct Source {
    path: String,
    module: String,
    text: String,
    code: String,
}

#[test]
fn each_module_uses_only_what_its_ring_may() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        if source.module == "lib" {
            continue;
        }
        let Some((_, may)) = MAY_USE.iter().find(|(module, _)| *module == source.module) else {
            wrong.push(format!(
                "{}: give `{}` a ring in tests/it/tidy.rs",
                source.path, source.module
            ));
            continue;
        };
        for used in used_modules(&source.code) {
            if *may != EVERYTHING && used != source.module && !may.contains(&used.as_str()) {
                wrong.push(format!("{}: `{}` may not use `{used}`", source.path, source.module));
            }
        }
    }
    none(wrong);
}

#[test]
fn each_outside_library_is_named_in_one_place() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        for (library, places) in NAMED_IN {
            if names(&source.code, library) && !places.contains(&source.module.as_str()) {
                wrong.push(format!(
                    "{}: only {} may name {library}",
                    source.path,
                    places.join(", ")
                ));
            }
        }
        for impure in IMPURE {
            if PURE.contains(&source.module.as_str()) && names(&source.code, impure) {
                wrong.push(format!(
                    "{}: `{}` is pure and may not name {impure}",
                    source.path, source.module
                ));
            }
        }
    }
    none(wrong);
}

#[test]
fn no_file_is_longer_than_it_may_be() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!(
                "{}: {lines} lines; split it by duty, {LINES_MAX} is the most",
                source.path
            ));
        } else if lines > LINES_LONG {
            println!("{}: {lines} lines; look hard whether it has two duties", source.path);
        }
    }
    none(wrong);
}

#[test]
fn every_file_begins_with_its_duty() {
    let said = |source: &Source| {
        source
            .text
            .lines()
            .next()
            .is_some_and(|line| line.len() > 12 && line.starts_with("//! "))
    };
    let all = sources("src").into_iter().chain(sources("tests"));
    none(
        all.filter(|source| !said(source))
            .map(|source| format!("{}: no //! sentence", source.path))
            .collect(),
    );
}

#[test]
fn names_say_what_a_thing_is() {
    const EMPTY: [&str; 9] = [
        "Manager",
        "Service",
        "Handler",
        "Helper",
        "Util",
        "Common",
        "Processor",
        "Data",
        "Info",
    ];
    // The domain has a service of its own: an officer's episode with an applicant.
    const DOMAIN: [&str; 1] = ["Service"];
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        for (number, line) in source.text.lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            while let Some(word) = words.next() {
                if ["struct", "enum", "trait", "type"].contains(&word) && !line.trim_start().starts_with("//") {
                    let name = words.next().unwrap_or("");
                    if EMPTY
                        .iter()
                        .any(|empty| name.ends_with(empty) && !DOMAIN.contains(&name))
                    {
                        wrong.push(format!("{}:{}: `{name}` says nothing", source.path, number + 1));
                    }
                }
                if word == "fn" && words.clone().next().is_some_and(|name| name.starts_with("get_")) {
                    wrong.push(format!("{}:{}: drop the `get_`", source.path, number + 1));
                }
            }
            if line.trim_start().starts_with(concat!("#[al", "low(")) {
                wrong.push(format!(
                    "{}:{}: use #[expect(…, reason = \"…\")]",
                    source.path,
                    number + 1
                ));
            }
        }
    }
    none(wrong);
}

#[test]
fn no_tracked_file_names_a_place_of_one_machine() {
    let places = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/fa", "rm/"),
        concat!("/ho", "me/"),
    ];
    let mut wrong = Vec::new();
    for path in tracked() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if places.iter().any(|place| line.contains(place)) {
                wrong.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    none(wrong);
}

#[test]
fn every_dependency_has_a_licence_we_may_use() {
    let deny: toml::Table = read("deny.toml").parse().unwrap();
    let allowed: BTreeSet<String> = deny["licenses"]["allow"].clone().try_into().unwrap();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ]);
    let metadata: serde_json::Value =
        serde_json::from_slice(&support::succeed(cargo.current_dir(root()), b"").stdout).unwrap();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let licence = package["license"].as_str().unwrap_or("none");
        if !may_be_used(licence, &allowed) {
            wrong.push(format!("{} {}: {licence}", package["name"], package["version"]));
        }
    }
    none(wrong);
}

/// SPDX expressions as they occur: AND binds closer than OR, parentheses around ORs only.
fn may_be_used(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let flat = expression.replace('/', " OR ");
    let in_parentheses = flat.strip_prefix('(').and_then(|rest| rest.split_once(") AND "));
    if let Some((left, right)) = in_parentheses {
        return may_be_used(left, allowed) && may_be_used(right, allowed);
    }
    flat.split(" OR ")
        .any(|all| all.split(" AND ").all(|licence| allowed.contains(licence.trim())))
}

#[test]
fn licence_expressions_are_read_right() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Unicode-3.0".to_owned()]);
    for (expression, may) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("Apache-2.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(GPL-3.0 OR Apache-2.0) AND MIT", false),
        ("none", false),
    ] {
        assert_eq!(may_be_used(expression, &allowed), may, "{expression}");
    }
}

// ---- reading the tree ----------------------------------------------------------------------------------------------

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Every Rust file below a folder, in order.
fn sources(folder: &str) -> Vec<Source> {
    let mut paths = files(folder);
    paths.retain(|path| path.ends_with(".rs"));
    paths.into_iter().map(|path| source(&path)).collect()
}

fn source(path: &str) -> Source {
    let text = read(path);
    let inside = path.split_once('/').map_or("", |(_, rest)| rest);
    let module = inside
        .split('/')
        .next()
        .unwrap_or("")
        .trim_end_matches(".rs")
        .to_owned();
    let only_tests = path.ends_with("/tests.rs") || path.contains("/tests/");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    let code: Vec<&str> = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    Source {
        path: path.to_owned(),
        module,
        code: if only_tests { String::new() } else { code.join("\n") },
        text,
    }
}

/// Every file below a folder, as a path from the root.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root()).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// Every file of the tree but what building makes: what git would track.
fn tracked() -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match name.as_str() {
            ".git" | "target" => {}
            _ if path.is_dir() => found.extend(files(&name)),
            _ => found.push(name),
        }
    }
    found
}

/// Modules of the library that a text names as `crate::…`.
fn used_modules(code: &str) -> BTreeSet<String> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    code.match_indices("crate::")
        // `$crate::` in a macro is the same crate; `other_crate::` is none of ours.
        .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .flat_map(|(at, found)| {
            let rest = &code[at + found.len()..];
            match rest.strip_prefix('{') {
                // `use crate::{a, b::c};`
                Some(list) => list
                    .split('}')
                    .next()
                    .unwrap_or("")
                    .split(',')
                    .map(|one| word(one.trim()))
                    .collect(),
                None if rest.starts_with("store::rows") => vec!["store::rows".to_owned()],
                None => vec![word(rest)],
            }
        })
        .filter(|module| !module.is_empty())
        .collect()
}

/// Whether a text names `path` as a path of its own, as in `use path;` or `path::…`.
fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        let after = code[at + path.len()..].chars().next().unwrap_or(' ');
        let alone = !before.is_alphanumeric() && !['_', ':', '.', '"', '\'', '`', '-'].contains(&before);
        alone && (code[at + path.len()..].starts_with("::") || (after == ';' && code[..at].trim_end().ends_with("use")))
    })
}

#[test]
fn what_a_text_uses_is_read_right() {
    let code =
        "use crate::engine::event;\nuse crate::{wire, store::Store};\nlet x = crate::store::rows::Row;\nmycrate::no";
    let used: Vec<String> = used_modules(code).into_iter().collect();
    assert_eq!(used, ["engine", "store", "store::rows", "wire"]);
    assert!(
        names("use tokio::sync;", "tokio") && names("use anyhow;", "anyhow") && names("a(std::fs::read())", "std::fs")
    );
    assert!(!names("mytokio::x", "tokio") && !names("store::sqlx_of", "sqlx") && !names("let axum = 1;", "axum"));
}
