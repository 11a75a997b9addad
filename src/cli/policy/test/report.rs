//! What `policy test` tells: like a test runner, as JUnit's XML, or as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Value, json};

use super::{Run, Tested};
use crate::engine::roster::place;
use crate::scenario::fault::underline;
use crate::scenario::judged::Judged;
use crate::scenario::mutate::Fate;
use crate::scenario::story;
use crate::scenario::{Scenario, Word};

const DISORDER: &str = "another order of arrival gives other verdicts: this is a fault of the engine, please report it";

impl Tested {
    fn tests(&self) -> impl Iterator<Item = (&Scenario, &Judged)> {
        let scenarios = self.file.iter().flat_map(|file| &file.scenarios);
        scenarios.zip(&self.judged)
    }

    /// A part of the policy's file with what is said of it below.
    fn marked(&self, text: &mut String, part: &Range<usize>, notes: &[&str]) {
        let (line, column) = place(&self.source.text, part.start);
        let source = self.source.text.lines().nth(line - 1).unwrap_or("");
        let width = self
            .source
            .text
            .get(part.clone())
            .map_or(1, |meant| meant.chars().count());
        let _ = writeln!(text, "  --> {}:{line}:{column}", self.source.path);
        let _ = underline(text, line, column, width.max(1), source);
        let _ = writeln!(text, " {}", notes.join("; "));
    }
}

pub(super) fn text(run: &Run) -> String {
    let mut text = String::new();
    let (mut passed, mut failed) = (0, 0);
    for tested in &run.tested {
        let Some(file) = &tested.file else {
            let _ = writeln!(text, "{}\n  – no tests", tested.source.path);
            continue;
        };
        let _ = writeln!(text, "{}", file.path);
        for (scenario, judged) in tested.tests() {
            if judged.passed && !judged.disorder {
                passed += 1;
                let _ = writeln!(text, "  ✓ {}", scenario.name);
                continue;
            }
            failed += 1;
            let _ = writeln!(text, "  ✗ {}  ({}:{})", scenario.name, file.path, scenario.line);
            if !judged.passed {
                text.push_str(&story::timeline(scenario, &judged.got));
            }
            if judged.disorder {
                let _ = writeln!(text, "      {DISORDER}");
            }
        }
    }
    coverage(run, &mut text);
    mutants(run, &mut text);
    let rate = run.counter_hours / run.seconds.max(1e-9);
    let own = run.tested.iter().filter(|tested| !tested.overlaid);
    let tests = own.clone().filter(|tested| tested.file.is_some()).count();
    let _ = writeln!(
        text,
        "\n{passed} passed, {failed} failed; {tests} of {} policies; {:.1} counter-hours in {:.3} s, {rate:.0} a second",
        own.count(),
        run.counter_hours,
        run.seconds
    );
    text
}

fn coverage(run: &Run, text: &mut String) {
    let (shown, all) = run.covered();
    if all == 0 {
        return;
    }
    text.push('\n');
    for tested in &run.tested {
        let Some(coverage) = &tested.coverage else { continue };
        let mut missing: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
        for point in coverage.missing() {
            let notes = missing.entry((point.place.start, point.place.end)).or_default();
            notes.push(&point.what);
        }
        if !missing.is_empty() {
            let id = tested.source.policy.head.id.as_str();
            let _ = writeln!(text, "not shown by a test of {id} ({} %):", coverage.percent());
        }
        for ((start, end), notes) in missing {
            tested.marked(text, &(start..end), &notes);
        }
    }
    let percent = shown * 100 / all.max(1);
    let _ = write!(text, "coverage {percent} % ({shown} of {all})");
    match run.coverage_min {
        Some(min) if !run.coverage_reached() => {
            let _ = writeln!(text, ": less than the {min} % asked for");
        }
        _ => text.push('\n'),
    }
}

fn mutants(run: &Run, text: &mut String) {
    let all = || run.tested.iter().filter_map(|tested| tested.mutants.as_ref()).flatten();
    if run.mutate {
        text.push('\n');
        let own = run.tested.iter().filter(|tested| !tested.overlaid);
        for tested in own.filter(|tested| tested.mutants.is_none()) {
            let id = tested.source.policy.head.id.as_str();
            let _ = writeln!(text, "{id} was not changed: its tests must pass first");
        }
    }
    if all().next().is_none() {
        return;
    }
    for tested in &run.tested {
        for mutant in tested.survivors() {
            let id = tested.source.policy.head.id.as_str();
            let _ = writeln!(text, "no test of {id} notices this change:");
            tested.marked(text, &mutant.place, &[&mutant.change]);
        }
    }
    let count = |is: fn(&Fate) -> bool| all().filter(|mutant| is(&mutant.fate)).count();
    let _ = writeln!(
        text,
        "{} mutants: {} noticed, {} not, {} the same policy written otherwise",
        all().count(),
        count(|fate| matches!(fate, Fate::Killed(_))),
        count(|fate| *fate == Fate::Survived),
        count(|fate| *fate == Fate::Same)
    );
}

pub(super) fn json(run: &Run) -> String {
    let words = |words: &[Word], scenario: &Scenario| -> Vec<Value> {
        let zone = scenario.roster.office.zone;
        let word = |word: &Word| {
            json!({
                "officer": word.officer, "counter": word.counter, "lockbox": word.lockbox,
                "since": word.since.rfc3339(zone), "opened": word.opened.rfc3339(zone),
                "until": word.until.map(|until| until.rfc3339(zone)),
            })
        };
        words.iter().map(word).collect()
    };
    let policies = run.tested.iter().map(|tested| {
        let tests: Vec<Value> = tested
            .tests()
            .map(|(scenario, judged)| {
                json!({
                    "name": scenario.name, "line": scenario.line, "passed": judged.passed && !judged.disorder,
                    "expected": words(&scenario.expected, scenario), "said": words(&judged.got, scenario),
                })
            })
            .collect();
        let at = |part: &Range<usize>| {
            let (line, column) = place(&tested.source.text, part.start);
            (line, column)
        };
        let coverage = tested.coverage.as_ref().map(|coverage| {
            let missing = coverage.missing().map(|point| {
                let (line, column) = at(&point.place);
                json!({ "line": line, "column": column, "what": point.what })
            });
            json!({ "shown": coverage.shown(), "of": coverage.points.len(), "missing": missing.collect::<Vec<_>>() })
        });
        let mutants = tested.mutants.as_ref().map(|mutants| {
            let all = mutants.iter().map(|mutant| {
                let (line, column) = at(&mutant.place);
                let (fate, by) = match &mutant.fate {
                    Fate::Killed(by) => ("noticed", Some(by)),
                    Fate::Survived => ("survived", None),
                    Fate::Same => ("same", None),
                };
                json!({ "line": line, "column": column, "change": mutant.change, "fate": fate, "by": by })
            });
            all.collect::<Vec<_>>()
        });
        json!({
            "policy": tested.source.policy.head.id, "file": tested.file.as_ref().map(|file| &file.path),
            "tests": tests, "coverage": coverage, "mutants": mutants,
        })
    });
    let whole = json!({
        "passed": run.passed(), "counter_hours": run.counter_hours, "seconds": run.seconds,
        "policies": policies.collect::<Vec<_>>(),
    });
    format!("{whole:#}\n")
}

pub(super) fn junit(run: &Run) -> String {
    let mut suites = String::new();
    let (mut all, mut failed) = (0, 0);
    for tested in &run.tested {
        let id = tested.source.policy.head.id.as_str();
        // A policy has stories of its own and, under overlays, stories of offices.
        let suite = match tested.file.as_ref().filter(|_| tested.overlaid) {
            Some(file) => format!("{id} ({})", escaped(&file.path)),
            None => id.to_owned(),
        };
        let mut cases = String::new();
        let (mut here, mut bad) = (0, 0);
        let mut case = |name: &str, failure: Option<(&str, String)>| {
            here += 1;
            let name = escaped(name);
            match failure {
                None => {
                    let _ = writeln!(cases, "    <testcase classname=\"{id}\" name=\"{name}\"/>");
                }
                Some((message, body)) => {
                    bad += 1;
                    let _ = writeln!(
                        cases,
                        "    <testcase classname=\"{id}\" name=\"{name}\"><failure message=\"{}\">{}</failure></testcase>",
                        escaped(message),
                        escaped(&body)
                    );
                }
            }
        };
        for (scenario, judged) in tested.tests() {
            let failure = match (judged.passed, judged.disorder) {
                (true, false) => None,
                (true, true) => Some((DISORDER, String::new())),
                (false, _) => Some(("the verdicts differ", story::timeline(scenario, &judged.got))),
            };
            case(&scenario.name, failure);
        }
        for point in tested.coverage.iter().flat_map(|coverage| coverage.missing()) {
            if !run.coverage_reached() {
                case(
                    &format!("coverage: {}", point.what),
                    Some(("not shown by a test", String::new())),
                );
            }
        }
        for mutant in tested.survivors() {
            let mut body = String::new();
            tested.marked(&mut body, &mutant.place, &[&mutant.change]);
            case(
                &format!("mutant: {}", mutant.change),
                Some(("no test notices this change", body)),
            );
        }
        all += here;
        failed += bad;
        let _ = writeln!(
            suites,
            "  <testsuite name=\"{suite}\" tests=\"{here}\" failures=\"{bad}\">\n{cases}  </testsuite>"
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{all}\" failures=\"{failed}\" time=\"{:.3}\">\n{suites}</testsuites>\n",
        run.seconds
    )
}

/// Text inside XML; control characters that XML cannot carry are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && !matches!(c, '\n' | '\t') => {}
            c => out.push(c),
        }
    }
    out
}
