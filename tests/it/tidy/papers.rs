//! That what is written for people is true: the file map, commands, exit codes, settings, event types, links.

use std::collections::BTreeSet;
use std::path::Path;

use jagaloket::config::Config;
use jagaloket::engine::event::TYPES;
use jagaloket::exit::Exit;

use super::{files, none, read, root};

#[test]
fn the_architecture_page_names_every_source_file_and_no_other() {
    let page = read("docs/ARCHITECTURE.md");
    assert!(
        page.lines().count() <= 150,
        "docs/ARCHITECTURE.md is longer than 150 lines"
    );
    let named: BTreeSet<String> = spans(&page).into_iter().flat_map(|span| braces(&span)).collect();
    let mut there: BTreeSet<String> = files("src").into_iter().chain(files("migrations")).collect();
    there.retain(|path| path.ends_with(".rs") || path.ends_with(".sql"));
    let mut wrong: Vec<String> = there
        .difference(&named)
        .map(|path| format!("not named: {path}"))
        .collect();
    let gone = named
        .iter()
        .filter(|path| path.starts_with("src/") || path.starts_with("migrations/"));
    wrong.extend(
        gone.filter(|path| !root().join(path).exists())
            .map(|path| format!("not there: {path}")),
    );
    none(wrong);
}

#[test]
fn migrations_are_numbered_without_holes() {
    for folder in ["migrations/sqlite", "migrations/postgres"] {
        for (number, path) in files(folder).iter().enumerate() {
            assert!(path.starts_with(&format!("{folder}/{:04}_", number + 1)), "{path}");
        }
    }
    let names = |folder: &str| {
        files(folder)
            .iter()
            .map(|path| path.replace(folder, ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(names("migrations/sqlite"), names("migrations/postgres"));
}

#[test]
fn the_readme_and_continuous_integration_run_the_same_two_commands() {
    let readme = read("README.md");
    assert!(readme.contains("cargo run --release -- demo"), "the first command");
    assert!(readme.contains("bash tests/run"), "the second command");
    assert!(read(".ci/run").contains("/../tests/run"));
    let run = read("tests/run");
    for command in [
        "cargo fmt --check",
        "cargo clippy --all-targets",
        "cargo doc",
        "cargo test --locked",
    ] {
        assert!(run.contains(command), "{command}");
    }
}

#[test]
fn the_table_of_exit_codes_is_complete() {
    let page = read("docs/operating.md");
    for exit in Exit::ALL {
        let row = format!("| {} | {} |", exit.code(), exit.meaning());
        assert!(page.contains(&row), "docs/operating.md lacks: {row}");
    }
}

#[test]
fn every_setting_is_explained() {
    let page = read("docs/configuration.md");
    let mut wrong = Vec::new();
    // A key that cannot exist makes the reader list those that can.
    for (section, before) in [
        ("", ""),
        ("office", ""),
        ("database", ""),
        ("broker", "host = \"x\""),
        ("broker", "embedded = true"),
        ("broker.tls", ""),
        ("mail", "host = \"x\""),
        ("mail", "directory = \"x\""),
        ("web", ""),
        ("web.tls", ""),
        ("web.oidc", ""),
        ("quarantine", ""),
        ("retention", ""),
        ("log", ""),
    ] {
        let header = if section.is_empty() {
            String::new()
        } else {
            format!("[{section}]\n")
        };
        let text = format!("{header}{before}\nqqqqqqqqqqqqqqqqqqqqqqqq = 1\n");
        let errors = Config::parse("x", &text, Path::new(""), &|_| None).expect_err("an unknown key");
        let told = errors
            .faults
            .iter()
            .find(|fault| fault.message.contains("; there are "))
            .unwrap();
        for key in spans(&told.message.split_once("; there are ").unwrap().1.replace('\n', " ")) {
            if !page.contains(&format!("`{key}`")) && !page.contains(&format!("## [{key}]\n")) {
                wrong.push(format!("docs/configuration.md does not explain `{key}` of [{section}]"));
            }
        }
    }
    none(wrong);
}

#[test]
fn a_lockbox_is_called_one_thing_in_indonesian() {
    // Contract, part 1: loker HP.
    let mut wrong = Vec::new();
    for folder in ["src", "policies", "docs", "deploy"] {
        for path in files(folder) {
            let text = std::fs::read(root().join(&path)).unwrap();
            if String::from_utf8_lossy(&text).to_lowercase().contains("loker ponsel") {
                wrong.push(format!("{path}: say loker HP"));
            }
        }
    }
    none(wrong);
}

#[test]
fn the_example_configuration_is_one() {
    let environment = |_: &str| Some("secret".to_owned());
    let example = read("deploy/jagaloket.toml");
    let config = Config::parse(
        "deploy/jagaloket.toml",
        &example,
        Path::new("/etc/jagaloket"),
        &environment,
    );
    config.unwrap_or_else(|errors| panic!("{errors}"));
    let page = read("docs/configuration.md");
    for block in page.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let config = Config::parse(
            "docs/configuration.md",
            block,
            Path::new("/etc/jagaloket"),
            &environment,
        );
        config.unwrap_or_else(|errors| panic!("{errors}\n{block}"));
    }
}

#[test]
fn every_event_type_is_explained_to_those_who_program_devices() {
    let page = read("docs/events.md");
    none(
        TYPES
            .iter()
            .filter(|(name, _)| !page.contains(&format!("`{name}`")))
            .map(|(name, _)| (*name).to_owned())
            .collect(),
    );
}

#[test]
fn decisions_are_numbered_short_and_say_why() {
    for (number, path) in files("docs/decisions").iter().enumerate() {
        let text = read(path);
        assert!(
            path.starts_with(&format!("docs/decisions/{:04}-", number + 1)),
            "{path}"
        );
        assert!(text.lines().count() <= 40, "{path} is longer than 40 lines");
        for heading in ["## Context", "## Decision", "## Consequences"] {
            assert!(text.contains(heading), "{path} lacks {heading}");
        }
    }
}

#[test]
fn every_test_that_a_page_names_as_its_proof_is_there() {
    let tests: Vec<(String, String)> = files("tests")
        .into_iter()
        .chain(files("src"))
        .filter(|path| path.ends_with(".rs"))
        .map(|path| (path.trim_end_matches(".rs").replace("/mod", ""), read(&path)))
        .collect();
    let (mut named, mut wrong) = (0, Vec::new());
    for page in ["docs/security.md", "docs/reliability.md"] {
        for span in spans(&read(page)) {
            let Some((module, test)) = span.rsplit_once("::") else {
                continue;
            };
            if span.contains(' ') || test.matches('_').count() < 3 {
                continue;
            }
            named += 1;
            let place = module.replace("::", "/");
            let places = [format!("tests/it/{place}"), format!("src/{place}")];
            let there =
                |(path, text): &(String, String)| places.contains(path) && text.contains(&format!("fn {test}("));
            if !tests.iter().any(there) {
                wrong.push(format!("{page}: there is no test `{span}`"));
            }
        }
    }
    assert!(named > 20, "only {named} are named");
    none(wrong);
}

#[test]
fn every_link_within_the_tree_leads_somewhere() {
    let mut wrong = Vec::new();
    let pages = files("docs")
        .into_iter()
        .chain(["README.md".to_owned(), "CHANGELOG.md".to_owned()]);
    for page in pages.filter(|path| path.ends_with(".md")) {
        let text = read(&page);
        let folder = root().join(&page).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap();
            if !path.is_empty() && !path.contains("://") && !folder.join(path).exists() {
                wrong.push(format!("{page}: {target} is not there"));
            }
        }
    }
    none(wrong);
}

#[test]
fn the_change_log_has_a_place_for_what_comes_next() {
    assert!(read("CHANGELOG.md").contains("## [Unreleased]"));
}

/// What stands between backticks on one line.
fn spans(text: &str) -> Vec<String> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// `src/{a,b}.rs` stands for `src/a.rs` and `src/b.rs`.
fn braces(span: &str) -> Vec<String> {
    match span
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        Some((before, (list, after))) => list
            .split(',')
            .map(|one| format!("{before}{}{after}", one.trim()))
            .collect(),
        None => vec![span.to_owned()],
    }
}
