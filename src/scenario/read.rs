//! Reads a scenario file: every fault at once, each in its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::engine::policy::{Per, Policy, Trigger};
use crate::engine::roster::Roster;

use super::fault::{Fault, Faults, meant};
use super::roster::{Short, checked_span};
use super::timeline::{self, Clockwork, Told};
use super::{File, Scenario, Word};

/// The day a story plays on unless it says otherwise.
const DAY: &str = "2026-11-24";

type Wrong = (Range<usize>, String);

/// Reads a scenario file for a policy. `complete` refuses a test without `expect`; otherwise it may be written later.
pub fn read(path: &str, text: &str, policy: &Policy, complete: bool) -> Result<File, Faults> {
    let told = stories(path, text, &Of::One(policy), complete)?;
    Ok(File {
        path: path.to_string(),
        text: text.to_string(),
        policy: policy.head.id.to_string(),
        scenarios: told.into_iter().map(|(_, scenario)| scenario).collect(),
    })
}

/// Reads the scenarios of an office's overlay, of which each names its policy: a file for each policy of them, in the order
/// of their ids. `policies` are those under the overlay.
pub fn read_overlaid(path: &str, text: &str, policies: &[Policy], complete: bool) -> Result<Vec<File>, Faults> {
    let mut files: BTreeMap<String, Vec<Scenario>> = BTreeMap::new();
    for (policy, scenario) in stories(path, text, &Of::Office(policies), complete)? {
        files.entry(policy).or_default().push(scenario);
    }
    let files = files.into_iter().map(|(policy, scenarios)| File {
        path: path.to_string(),
        text: text.to_string(),
        policy,
        scenarios,
    });
    Ok(files.collect())
}

/// What stories are of.
enum Of<'p> {
    One(&'p Policy),
    /// Each names one of these.
    Office(&'p [Policy]),
}

impl<'p> Of<'p> {
    fn policy(&self, test: &Table, wrong: &mut Vec<Wrong>) -> Option<&'p Policy> {
        let all = match self {
            Of::One(policy) => return Some(policy),
            Of::Office(all) => all,
        };
        let (id, span) = test.needed("policy", "every test of an overlay names the policy it is about", wrong)?;
        let found = all.iter().find(|policy| policy.head.id.as_str() == id);
        match found {
            Some(policy) if policy.head.overlay.is_some() => return Some(policy),
            Some(_) => {
                let message = format!("the overlay does not change \"{id}\": its tests stand beside the policy");
                wrong.push((span, message));
            }
            None => {
                let near = meant(&id, all.iter().map(|policy| policy.head.id.as_str()));
                wrong.push((span, format!("there is no policy \"{id}\"{near}")));
            }
        }
        None
    }
}

/// The stories of a file, each with the id of its policy.
fn stories(path: &str, text: &str, of: &Of, complete: bool) -> Result<Vec<(String, Scenario)>, Faults> {
    let mut wrong = Vec::new();
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        wrong.push((error.span().unwrap_or(0..0), error.message().to_string()));
    }
    let mut scenarios = Vec::new();
    if wrong.is_empty() {
        let table = Table::new(document.get_ref(), 0..0);
        scenarios = file(&table, text, of, complete, &mut wrong);
        if scenarios.is_empty() && wrong.is_empty() {
            wrong.push((
                0..0,
                "this file holds no test; begin one with [[test]], a name, a timeline and what to expect".into(),
            ));
        }
    }
    if !wrong.is_empty() {
        wrong.sort_by_key(|(span, _)| span.start);
        let faults = wrong
            .into_iter()
            .map(|(span, message)| Fault::new(path, text, span, message));
        return Err(Faults(faults.collect()));
    }
    Ok(scenarios)
}

fn file(table: &Table, text: &str, of: &Of, complete: bool, wrong: &mut Vec<Wrong>) -> Vec<(String, Scenario)> {
    table.only(&["date", "roster", "test"], wrong);
    let date = date(table, wrong);
    let mut short = Short::usual();
    if let Some(own) = table.table("roster", wrong) {
        short.change(&own, wrong);
    }
    let roster = match short.roster() {
        Ok(roster) => Arc::new(roster),
        Err(message) => {
            wrong.push((table.key("roster"), message));
            return Vec::new();
        }
    };
    let Some(Value::Tables(tests)) = table.any("test") else {
        if let Some(other) = table.any("test") {
            wrong.push((other.place(), "tests are written [[test]], one after another".into()));
        }
        return Vec::new();
    };
    let mut scenarios: Vec<(String, Scenario)> = Vec::new();
    for test in &tests {
        let keys = ["name", "date", "roster", "timeline", "expect", "policy"];
        let known = if matches!(of, Of::One(_)) {
            &keys[..5]
        } else {
            &keys[..]
        };
        test.only(known, wrong);
        let Some(policy) = of.policy(test, wrong) else { continue };
        let roster = match test.table("roster", wrong) {
            None => roster.clone(),
            Some(own) => {
                let mut short = short.clone();
                short.change(&own, wrong);
                match short.roster() {
                    Ok(roster) => Arc::new(roster),
                    Err(message) => {
                        wrong.push((test.key("roster"), message));
                        continue;
                    }
                }
            }
        };
        let date = if test.any("date").is_some() {
            self::date(test, wrong)
        } else {
            date
        };
        if let Some(scenario) = scenario(test, text, policy, roster, date, complete, wrong) {
            if scenarios.iter().any(|(_, other)| other.name == scenario.name) {
                let name = &scenario.name;
                wrong.push((test.key("name"), format!("two tests are called \"{name}\"")));
            }
            scenarios.push((policy.head.id.to_string(), scenario));
        }
    }
    scenarios
}

fn date(table: &Table, wrong: &mut Vec<Wrong>) -> NaiveDate {
    let (text, span) = table.text("date", wrong).unwrap_or((DAY.to_string(), 0..0));
    text.parse().unwrap_or_else(|_| {
        wrong.push((span, format!("\"{text}\" is not a date; write it like \"{DAY}\"")));
        NaiveDate::default()
    })
}

fn scenario(
    test: &Table,
    text: &str,
    policy: &Policy,
    roster: Arc<Roster>,
    date: NaiveDate,
    complete: bool,
    wrong: &mut Vec<Wrong>,
) -> Option<Scenario> {
    let name = test.needed("name", "every test has a name that says what it shows", wrong);
    let timeline = test.needed("timeline", "every test has a timeline of what happens", wrong);
    let (name, name_span) = name?;
    if name.trim().is_empty() {
        wrong.push((
            name_span.clone(),
            "every test has a name that says what it shows".into(),
        ));
    }
    let (timeline, timeline_span) = timeline?;
    let mut clockwork = Clockwork::new(date, roster.office.zone);
    let Told {
        events,
        lines,
        begins,
        ends,
        counters,
    } = timeline::tell(text, timeline_span.clone(), &timeline, &roster, &mut clockwork, wrong)?;
    let mut expected = Vec::new();
    let mut expect_span = timeline_span.end..timeline_span.end;
    let expect_missing = match test.any("expect") {
        Some(Value::Tables(items)) => {
            expect_span = test.place("expect");
            for item in &items {
                expected.extend(word(item, policy, &roster, &clockwork, wrong));
            }
            false
        }
        Some(other) => {
            wrong.push((
                other.place(),
                "`expect` is a list of verdicts, like [{ officer = \"p-001\", since = \"10:00\", opened = \"10:01\" }]; \
                 an empty list means silence"
                    .into(),
            ));
            false
        }
        None => {
            if complete {
                let message = "this test expects nothing; write `expect = []` if the policy must stay silent";
                wrong.push((name_span.clone(), message.into()));
            }
            true
        }
    };
    expected.sort();
    Some(Scenario {
        line: crate::engine::roster::place(text, name_span.start).0,
        name,
        date,
        roster,
        events,
        lines,
        begins,
        ends,
        counters,
        expected,
        expect_span,
        expect_missing,
    })
}

/// One expected verdict.
fn word(
    table: &Table,
    policy: &Policy,
    roster: &Roster,
    clockwork: &Clockwork,
    wrong: &mut Vec<Wrong>,
) -> Option<Word> {
    table.only(
        &["officer", "counter", "lockbox", "since", "opened", "until", "at"],
        wrong,
    );
    let known: &[&str] = match policy.head.per {
        Per::Service | Per::Session | Per::Counter => &["counter", "officer"],
        Per::Officer => &["officer"],
        Per::Lockbox => &["lockbox"],
        Per::Office => &[],
    };
    let mut named = |key: &str, ids: Vec<&str>| {
        let (id, span) = table.text(key, wrong)?;
        if !known.contains(&key) {
            let message = format!("this policy's verdicts name no {key}; they name {}", named_by(known));
            wrong.push((table.key(key), message));
        }
        if !ids.contains(&&*id) {
            let near = meant(&id, ids.iter().copied());
            wrong.push((span, format!("the roster has no {key} \"{id}\"{near}")));
        }
        Some(id)
    };
    let counter = named(
        "counter",
        roster.counters.iter().map(|device| device.id.as_str()).collect(),
    );
    let lockbox = named(
        "lockbox",
        roster.lockboxes.iter().map(|device| device.id.as_str()).collect(),
    );
    let officer = named(
        "officer",
        roster.officers.iter().map(|officer| officer.id.as_str()).collect(),
    );
    let mut moment = |key: &str| {
        let (text, span) = table.text(key, wrong)?;
        match clockwork.moment(&text) {
            Ok(moment) => Some(moment),
            Err(message) => {
                wrong.push((span, message));
                None
            }
        }
    };
    let (since, opened, until, at) = (moment("since"), moment("opened"), moment("until"), moment("at"));
    let instant = matches!(policy.trigger, Trigger::On { .. });
    if let Some(at) = at {
        if since.is_some() || opened.is_some() || until.is_some() {
            let message = "`at` stands for `since`, `opened` and `until` at once; write it alone";
            wrong.push((table.key("at"), message.into()));
        }
        if !instant {
            let message = "`at` is for policies that answer to events; write `since`, `opened` and `until`";
            wrong.push((table.key("at"), message.into()));
        }
        return Some(Word {
            since: at,
            counter,
            lockbox,
            officer,
            opened: at,
            until: Some(at),
        });
    }
    let missing = |key: &str| {
        let what = if instant { "at" } else { key };
        (table.whole.clone(), format!("this verdict does not say `{what}`"))
    };
    let given = |key: &str| table.any(key).is_some();
    if !given("since") {
        wrong.push(missing("since"));
    } else if !given("opened") {
        wrong.push(missing("opened"));
    }
    Some(Word {
        since: since?,
        counter,
        lockbox,
        officer,
        opened: opened?,
        until,
    })
}

fn named_by(keys: &[&str]) -> String {
    if keys.is_empty() {
        "the office alone".into()
    } else {
        keys.join(" and ")
    }
}

/// A table of the file, with places.
pub(super) struct Table<'t> {
    entries: Vec<(&'t str, Range<usize>, &'t Spanned<DeValue<'t>>)>,
    whole: Range<usize>,
}

/// What may stand behind a key here.
pub(super) enum Value<'t> {
    Text(String, Range<usize>),
    List(Vec<(String, Range<usize>)>),
    Tables(Vec<Table<'t>>),
    Table(Table<'t>),
    Other(Range<usize>),
}

impl Value<'_> {
    pub fn place(&self) -> Range<usize> {
        match self {
            Value::Text(_, span) | Value::Other(span) => span.clone(),
            Value::List(items) => items.first().map_or(0..0, |item| item.1.clone()),
            Value::Tables(tables) => tables.first().map_or(0..0, |table| table.whole.clone()),
            Value::Table(table) => table.whole.clone(),
        }
    }
}

impl<'t> Table<'t> {
    fn new(table: &'t DeTable<'t>, whole: Range<usize>) -> Table<'t> {
        let entries = table.iter().map(|(key, value)| (&**key.get_ref(), key.span(), value));
        Table {
            entries: entries.collect(),
            whole,
        }
    }

    /// Refuses every other key.
    pub fn only(&self, keys: &[&str], wrong: &mut Vec<Wrong>) {
        for (key, span, _) in &self.entries {
            if !keys.contains(key) {
                let near = meant(key, keys.iter().copied());
                let known = keys.join(", ");
                wrong.push((
                    span.clone(),
                    format!("there is no key `{key}` here{near} (known: {known})"),
                ));
            }
        }
    }

    fn entry(&self, key: &str) -> Option<&(&'t str, Range<usize>, &'t Spanned<DeValue<'t>>)> {
        self.entries.iter().find(|(known, ..)| *known == key)
    }

    /// Where a key stands; where the table begins if it is missing.
    pub fn key(&self, key: &str) -> Range<usize> {
        self.entry(key).map_or(self.whole.clone(), |(_, span, _)| span.clone())
    }

    /// Where a key's value stands.
    pub fn place(&self, key: &str) -> Range<usize> {
        self.entry(key).map_or(0..0, |(_, _, value)| value.span())
    }

    pub fn any(&self, key: &str) -> Option<Value<'t>> {
        let (_, _, value) = self.entry(key)?;
        Some(match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string(), value.span()),
            DeValue::Table(table) => Value::Table(Table::new(table, value.span())),
            DeValue::Array(items) => {
                let texts = items
                    .iter()
                    .map(|item| Some((item.get_ref().as_str()?.to_string(), item.span())));
                let tables = items
                    .iter()
                    .map(|item| Some(Table::new(item.get_ref().as_table()?, item.span())));
                // An empty list is a list of anything.
                match (tables.collect::<Option<Vec<_>>>(), texts.collect::<Option<Vec<_>>>()) {
                    (_, Some(texts)) if key == "handsets" => Value::List(texts),
                    (Some(tables), _) => Value::Tables(tables),
                    (None, Some(texts)) => Value::List(texts),
                    (None, None) => Value::Other(value.span()),
                }
            }
            _ => Value::Other(value.span()),
        })
    }

    pub fn text(&self, key: &str, wrong: &mut Vec<Wrong>) -> Option<(String, Range<usize>)> {
        match self.any(key)? {
            Value::Text(text, span) => Some((text, span)),
            _ => {
                wrong.push((self.place(key), format!("`{key}` is a text in quotes")));
                None
            }
        }
    }

    fn needed(&self, key: &str, why: &str, wrong: &mut Vec<Wrong>) -> Option<(String, Range<usize>)> {
        if self.entry(key).is_none() {
            wrong.push((self.whole.clone(), format!("`{key}` is missing: {why}")));
        }
        self.text(key, wrong)
    }

    pub fn span(&self, key: &str, wrong: &mut Vec<Wrong>) -> Option<String> {
        let (text, place) = self.text(key, wrong)?;
        checked_span(&text).map_err(|message| wrong.push((place, message))).ok()
    }

    fn table(&self, key: &str, wrong: &mut Vec<Wrong>) -> Option<Table<'t>> {
        match self.any(key)? {
            Value::Table(table) => Some(table),
            _ => {
                wrong.push((self.place(key), format!("`{key}` is a table")));
                None
            }
        }
    }

    /// A key's value as the roster's own file would write it.
    pub fn as_written(&self, key: &str) -> Option<String> {
        let (_, _, value) = self.entry(key)?;
        Some(inline(value.get_ref()))
    }

    /// The tables below a key, by their ids.
    pub fn tables(&self, key: &str, wrong: &mut Vec<Wrong>) -> Vec<(String, Table<'t>)> {
        let Some(table) = self.table(key, wrong) else {
            return Vec::new();
        };
        let ids: Vec<&str> = table.entries.iter().map(|(id, ..)| *id).collect();
        ids.into_iter()
            .filter_map(|id| Some((id.to_string(), table.table(id, wrong)?)))
            .collect()
    }
}

/// A value as TOML writes it within a line.
fn inline(value: &DeValue) -> String {
    match value {
        DeValue::String(text) => toml::Value::String(text.to_string()).to_string(),
        DeValue::Integer(number) => number.as_str().to_string(),
        DeValue::Float(number) => number.as_str().to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(moment) => moment.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let entries = table.iter().map(|(key, value)| {
                let key = toml::Value::String(key.get_ref().to_string());
                format!("{key} = {}", inline(value.get_ref()))
            });
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}
