//! The report: counted by policy, officer, counter, hour and day; what text, JSON and page are made of.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, Timelike as _};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::json;

use super::compare::{Change, Comparison};
use super::mail::{Letters, Tallies};
use crate::engine::policy::{Head, PolicySet, Title};
use crate::engine::roster::Roster;
use crate::engine::time::{Moment, Span};
use crate::engine::verdict::Verdict;

/// Days shown for having changed most.
const DAYS_SHOWN: usize = 10;

/// What the report is of.
pub struct Asked<'a> {
    pub roster: &'a Roster,
    /// In force last.
    pub before: &'a PolicySet,
    pub candidate: &'a PolicySet,
    /// Dates with at least one event.
    pub days: BTreeSet<NaiveDate>,
    pub events: u64,
    pub rejected: u64,
    /// Up to where was judged.
    pub clock: Moment,
}

#[derive(Serialize)]
pub struct Report {
    pub office: String,
    pub office_name: String,
    #[serde(skip)]
    pub zone: Tz,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// Dates with at least one event.
    pub days: usize,
    pub events: u64,
    pub rejected: u64,
    pub policies: Vec<PolicyChange>,
    pub total: Tally,
    pub by_policy: Vec<Row>,
    pub by_officer: Vec<Row>,
    pub by_counter: Vec<Row>,
    /// By the hour in which a verdict begins, office time; 24 of them.
    pub by_hour: Vec<Tally>,
    pub by_day: Vec<DayRow>,
    pub letters: Vec<PersonRow>,
    /// The days that changed most, the most first.
    pub most_changed_days: Vec<NaiveDate>,
    #[serde(skip)]
    pub changes: Vec<Change>,
    #[serde(skip)]
    pub clock: Moment,
    /// By policy id.
    #[serde(skip)]
    pub titles: BTreeMap<String, Title>,
}

/// How a policy file of the candidate differs.
#[derive(Serialize)]
pub struct PolicyChange {
    pub policy: String,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    pub differences: Vec<Difference>,
}

#[derive(Serialize)]
pub struct Difference {
    pub key: &'static str,
    pub before: String,
    pub after: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize)]
pub struct Tally {
    pub before: u64,
    pub after: u64,
    pub opened: u64,
    pub vanished: u64,
    pub moved: u64,
    /// How long the verdicts hold, together.
    pub held_before_ms: i64,
    pub held_after_ms: i64,
}

impl Tally {
    pub fn changes(&self) -> u64 {
        self.opened + self.vanished + self.moved
    }

    fn same(&mut self, held_ms: i64) {
        self.before += 1;
        self.after += 1;
        self.held_before_ms += held_ms;
        self.held_after_ms += held_ms;
    }

    fn change(&mut self, change: &Change, clock: Moment) {
        match change {
            Change::Opened(_) => self.opened += 1,
            Change::Vanished(_) => self.vanished += 1,
            Change::Moved { .. } => self.moved += 1,
        }
        if let Some(verdict) = change.before() {
            self.before += 1;
            self.held_before_ms += held_ms(verdict, clock);
        }
        if let Some(verdict) = change.after() {
            self.after += 1;
            self.held_after_ms += held_ms(verdict, clock);
        }
    }
}

/// A policy, officer or counter.
#[derive(Serialize)]
pub struct Row {
    pub id: String,
    pub name: Option<String>,
    #[serde(flatten)]
    pub tally: Tally,
}

#[derive(Serialize)]
pub struct DayRow {
    pub date: NaiveDate,
    #[serde(flatten)]
    pub tally: Tally,
    pub letters_before: u64,
    pub letters_after: u64,
}

/// A person who would have had letters.
#[derive(Serialize)]
pub struct PersonRow {
    pub person: String,
    pub name: Option<String>,
    pub role: Option<&'static str>,
    pub before: PersonLetters,
    pub after: PersonLetters,
}

#[derive(Clone, Copy, Default, Serialize)]
pub struct PersonLetters {
    #[serde(flatten)]
    pub sum: Letters,
    pub letters_per_day: f64,
    pub incidents_per_day: f64,
    /// On the busiest day.
    pub letters_most: u64,
}

fn held_ms(verdict: &Verdict, clock: Moment) -> i64 {
    verdict.until.unwrap_or(clock).ms_since(verdict.since).max(0)
}

impl Report {
    pub fn new(asked: &Asked, comparison: Comparison, letters: [Tallies; 2]) -> Report {
        let (roster, clock) = (asked.roster, asked.clock);
        let zone = roster.office.zone;
        let mut report = Report {
            office: roster.office.id.to_string(),
            office_name: roster.office.name.clone(),
            zone,
            from: asked.days.first().copied(),
            to: asked.days.last().copied(),
            days: asked.days.len(),
            events: asked.events,
            rejected: asked.rejected,
            policies: policy_changes(asked.before, asked.candidate),
            total: Tally::default(),
            by_policy: Vec::new(),
            by_officer: Vec::new(),
            by_counter: Vec::new(),
            by_hour: vec![Tally::default(); 24],
            by_day: Vec::new(),
            letters: Vec::new(),
            most_changed_days: Vec::new(),
            changes: Vec::new(),
            clock,
            titles: BTreeMap::new(),
        };
        for head in asked.before.heads().chain(asked.candidate.heads()) {
            report.titles.insert(head.id.to_string(), head.title.clone());
        }
        let mut by_policy: BTreeMap<String, Tally> = BTreeMap::new();
        let mut by_officer: BTreeMap<String, Tally> = BTreeMap::new();
        let mut by_counter: BTreeMap<String, Tally> = BTreeMap::new();
        let mut by_day: BTreeMap<NaiveDate, Tally> = asked.days.iter().map(|date| (*date, Tally::default())).collect();
        let mut count = |verdict: &Verdict, add: &dyn Fn(&mut Tally)| {
            let local = verdict.since.local(zone);
            add(&mut report.total);
            add(&mut report.by_hour[local.hour() as usize]);
            add(by_day.entry(local.date_naive()).or_default());
            add(by_policy.entry(verdict.policy.to_string()).or_default());
            if let Some(officer) = &verdict.officer {
                add(by_officer.entry(officer.to_string()).or_default());
            }
            if let Some(device) = verdict.counter.as_ref().or(verdict.lockbox.as_ref()) {
                add(by_counter.entry(device.to_string()).or_default());
            }
        };
        for verdict in &comparison.same {
            let held_ms = held_ms(verdict, clock);
            count(verdict, &|tally| tally.same(held_ms));
        }
        for change in &comparison.changes {
            count(change.verdict(), &|tally| tally.change(change, clock));
        }
        let titled = |id: &str| report.titles.get(id).map(|title| title.en.clone());
        report.by_policy = rows(by_policy, titled);
        report.by_officer = rows(by_officer, |id| roster.officer(id).map(|officer| officer.name.clone()));
        let devices = || roster.counters.iter().chain(&roster.lockboxes);
        report.by_counter = rows(by_counter, |id| {
            let device = devices().find(|device| device.id.as_str() == id);
            device.map(|device| device.name.clone())
        });
        let on = |side: &Tallies, date: &NaiveDate| -> u64 {
            let letters = side.values().filter_map(|dates| dates.get(date));
            letters.map(|letters| letters.letters).sum()
        };
        let wanted = |date: &NaiveDate| asked.days.contains(date);
        report.by_day = by_day
            .into_iter()
            .map(|(date, tally)| DayRow {
                date,
                tally,
                letters_before: on(&letters[0], &date),
                letters_after: on(&letters[1], &date),
            })
            .collect();
        report.letters = people(&letters, asked, &wanted);
        let mut days: Vec<&DayRow> = report.by_day.iter().filter(|day| day.tally.changes() > 0).collect();
        days.sort_by_key(|day| (std::cmp::Reverse(day.tally.changes()), day.date));
        report.most_changed_days = days.into_iter().take(DAYS_SHOWN).map(|day| day.date).collect();
        report.changes = comparison.changes;
        report
    }

    /// Whether both sets say the same of everything.
    pub fn is_unchanged(&self) -> bool {
        self.total.changes() == 0
    }

    pub fn changes_of(&self, date: NaiveDate) -> impl Iterator<Item = &Change> {
        let zone = self.zone;
        self.changes
            .iter()
            .filter(move |change| change.verdict().since.date(zone) == date)
    }

    pub fn json(&self) -> serde_json::Value {
        let changes = self.changes.iter().map(|change| {
            json!({
                "change": change.word(),
                "before": change.before().map(|verdict| verdict.line(self.zone)),
                "after": change.after().map(|verdict| verdict.line(self.zone)),
            })
        });
        let changes: Vec<serde_json::Value> = changes.collect();
        let mut value = json!(self);
        value["changes"] = changes.into();
        value
    }
}

/// Those with most changes first, then those with most verdicts.
fn rows(tallies: BTreeMap<String, Tally>, name: impl Fn(&str) -> Option<String>) -> Vec<Row> {
    let mut rows: Vec<Row> = tallies
        .into_iter()
        .map(|(id, tally)| Row {
            name: name(&id),
            id,
            tally,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.tally.changes(), row.tally.before.max(row.tally.after))));
    rows
}

fn people(letters: &[Tallies; 2], asked: &Asked, wanted: &dyn Fn(&NaiveDate) -> bool) -> Vec<PersonRow> {
    let persons: BTreeSet<&String> = letters.iter().flat_map(|side| side.keys()).collect();
    let days = asked.days.len().max(1) as f64;
    let of = |side: &Tallies, person: &String| {
        let mut all = PersonLetters::default();
        for (_, letters) in side.get(person).into_iter().flatten().filter(|(date, _)| wanted(date)) {
            all.sum.add(*letters);
            all.letters_most = all.letters_most.max(letters.letters);
        }
        let round = |sum: u64| (sum as f64 / days * 100.0).round() / 100.0;
        all.letters_per_day = round(all.sum.letters);
        all.incidents_per_day = round(all.sum.incidents);
        all
    };
    let mut rows: Vec<PersonRow> = persons
        .into_iter()
        .map(|id| {
            let person = asked.roster.person(id);
            PersonRow {
                person: id.clone(),
                name: person.map(|person| person.name.clone()),
                role: person.map(|person| match person.role {
                    crate::engine::roster::Role::Supervisor => "supervisor",
                    crate::engine::roster::Role::Integrity => "integrity",
                    crate::engine::roster::Role::Technician => "technician",
                }),
                before: of(&letters[0], id),
                after: of(&letters[1], id),
            }
        })
        .filter(|row| row.before.sum.letters + row.after.sum.letters > 0)
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.before.sum.letters.max(row.after.sum.letters)));
    rows
}

fn policy_changes(before: &PolicySet, after: &PolicySet) -> Vec<PolicyChange> {
    let of = |set: &PolicySet, id: &str| set.heads().find(|head| head.id.as_str() == id).cloned();
    let ids: BTreeSet<String> = before
        .heads()
        .chain(after.heads())
        .map(|head| head.id.to_string())
        .collect();
    ids.into_iter()
        .filter_map(|id| {
            let (change, differences) = match (of(before, &id), of(after, &id)) {
                (Some(old), Some(new)) if old == new => return None,
                (Some(old), Some(new)) => ("changed", differences(&old, &new)),
                (None, _) => ("added", Vec::new()),
                (_, None) => ("removed", Vec::new()),
            };
            Some(PolicyChange {
                policy: id,
                change,
                differences,
            })
        })
        .collect()
}

fn differences(old: &Head, new: &Head) -> Vec<Difference> {
    let written = |head: &Head| {
        let span = |ms: i64| Span::ms(ms).to_string();
        [
            ("title", format!("{} / {}", head.title.id, head.title.en)),
            ("basis", head.basis.clone()),
            ("verdict", head.class.as_str().into()),
            ("severity", head.severity.as_str().into()),
            ("per", format!("{:?}", head.per).to_lowercase()),
            ("condition", head.condition.clone()),
            ("for", span(head.for_ms)),
            ("bridge", span(head.bridge_ms)),
            ("group_within", span(head.group_within_ms)),
            ("notify", format!("{:?}", head.notify).to_lowercase()),
        ]
    };
    written(old)
        .into_iter()
        .zip(written(new))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((key, before), (_, after))| Difference { key, before, after })
        .collect()
}
