//! A letter's content, before it is laid out: both layouts say the same because both read this.

use super::checks::checks;
use super::clock::{self, Tense};
use super::decision::decision;
use super::evidence::describe;
use super::outcome;
use super::policies::{self, Scene};
use super::wording::Around;
use super::words::{self, Label};
use super::{Change, Matter, Stretch};
use crate::engine::policy::{Class, Head, Reach, Severity};
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::store::rows::LetterKind;

/// So many lines of evidence fit in a mail that is read on a phone.
const EVIDENCE_MAX: usize = 12;
/// Of those that do not fit, the first are left out last: they say how it began.
const EVIDENCE_FIRST: usize = 4;

/// The colour of the head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    Indication,
    Unverifiable,
    Technical,
    Critical,
    Withdrawn,
}

pub struct Sheet {
    pub language: Language,
    pub tone: Tone,
    /// `Indikasi · penting`
    pub class: String,
    /// `Sedang berlangsung`
    pub state: String,
    pub title: String,
    /// `Insiden #12`
    pub number: String,
    pub around: Around,
    /// What is new since the letter before; empty in a first letter.
    pub news: Vec<String>,
    pub fact: String,
    pub rows: Vec<(String, String)>,
    pub stretches: Option<Listing>,
    pub evidence: Option<Listing>,
    pub checks: (String, Vec<String>),
    pub caution: (String, String),
    pub policy: (String, String),
    pub basis: Option<(String, String)>,
    /// What the office decided otherwise about the policy, and who did.
    pub decision: Option<(String, String)>,
    pub link: (String, String),
    pub capacity: String,
    pub automatic: String,
}

/// A heading and lines of time and text.
pub struct Listing {
    pub heading: String,
    pub lines: Vec<(String, String)>,
    pub rest: Option<String>,
}

impl Sheet {
    pub fn write(matter: &Matter<'_>) -> Sheet {
        let language = matter.to.language;
        let incident = matter.incident;
        let retracted = matter.kind == LetterKind::Retracted;
        let policy = matter.policy.id.as_str();
        let word = |name: Label| words::label(name, language).to_string();
        let open = matter.stretches.iter().any(|stretch| stretch.until.is_none());
        let over = !open && matter.kind != LetterKind::Opened;
        let checks: Vec<String> = match (outcome::steps(matter.changes, language), retracted, over) {
            (Some(steps), ..) => steps,
            (None, true, _) => words::after_retraction(incident.officer.is_some(), language),
            (None, false, true) => words::after_end(incident.class, language),
            (None, false, false) => checks(policy, language),
        }
        .iter()
        .map(|step| step.to_string())
        .collect();
        let (caution, more) = words::caution(incident.class, retracted, language);
        let momentary = matter
            .stretches
            .iter()
            .all(|stretch| stretch.until == Some(stretch.since));
        let basis = words::one_line(&matter.policy.basis);
        Sheet {
            language,
            tone: match (retracted, incident.class, incident.severity) {
                (true, ..) => Tone::Withdrawn,
                (_, Class::Indication, _) => Tone::Indication,
                (_, Class::Unverifiable, _) => Tone::Unverifiable,
                (_, Class::Technical, Severity::Critical) => Tone::Critical,
                (_, Class::Technical, _) => Tone::Technical,
            },
            class: words::class(incident.class, language).to_string(),
            state: outcome::state(matter.changes, language)
                .unwrap_or_else(|| words::state(matter.kind, open, momentary, language))
                .to_string(),
            title: words::one_line(words::title(matter)),
            number: format!("{} #{}", word(Label::Incident), incident.n),
            around: matter.house.wording.around(matter.roster, matter.to.name, language),
            news: news(matter),
            fact: fact(matter),
            rows: rows(matter),
            stretches: stretches(matter),
            evidence: evidence(matter),
            checks: (
                word(match retracted || over {
                    true => Label::FollowUp,
                    false => Label::CheckNow,
                }),
                checks,
            ),
            caution: (caution.to_string(), more.to_string()),
            policy: (
                word(Label::Policy),
                format!("{} ({policy})", words::one_line(words::title(matter))),
            ),
            basis: (!basis.is_empty()).then(|| (word(Label::Basis), basis)),
            decision: decision(matter.policy, language).map(|text| (word(Label::Decision), text)),
            link: (
                word(Label::OpenIncident),
                format!(
                    "{}/incidents/{}",
                    matter.house.base_url.trim_end_matches('/'),
                    incident.n
                ),
            ),
            capacity: words::capacity(matter.to.role, incident.officer.is_some(), language).to_string(),
            automatic: words::automatic(language).to_string(),
        }
    }
}

/// A policy by the name people know it by.
pub(super) fn title(policy: &Head, language: Language) -> String {
    words::one_line(match language {
        Language::Id => &policy.title.id,
        Language::En => &policy.title.en,
    })
}

/// `petugas p-003`: the mail's text names the person by id; the table names him once.
fn officer(matter: &Matter<'_>) -> Option<String> {
    let id = matter.incident.officer.as_ref()?;
    Some(match matter.to.language {
        Language::Id => format!("petugas {id}"),
        Language::En => format!("officer {id}"),
    })
}

fn counter_of(matter: &Matter<'_>, stretch: Option<&Stretch>) -> Option<String> {
    let id = stretch
        .and_then(|stretch| stretch.counter.as_ref())
        .or(matter.incident.counter.as_ref())?;
    Some(words::device_name(&matter.roster.counters, id.as_str()))
}

fn lockbox_of(matter: &Matter<'_>) -> Option<String> {
    let id = matter.incident.lockbox.as_ref()?;
    Some(words::device_name(&matter.roster.lockboxes, id.as_str()))
}

fn news(matter: &Matter<'_>) -> Vec<String> {
    let language = matter.to.language;
    let mut lines: Vec<String> = matter
        .changes
        .iter()
        .filter_map(|change| words::news(change, matter))
        .collect();
    let corrected = matter.changes.iter().any(|change| {
        !matches!(
            change,
            Change::FirstVerdict
                | Change::FirstVerdictAlreadyOver
                | Change::Over
                | Change::Unanswered(_)
                | Change::SecondNeeded
                | Change::Decided(_)
        )
    });
    if corrected && let Some(cause) = matter.reason.and_then(|reason| words::cause(reason, language)) {
        lines.push(cause.to_string());
    }
    if matter.kind == LetterKind::Retracted {
        lines.push(words::clearance(
            matter.incident.class,
            officer(matter).as_deref(),
            language,
        ));
    }
    lines
}

fn fact(matter: &Matter<'_>) -> String {
    let language = matter.to.language;
    let zone = matter.roster.office.zone;
    let last = matter.stretches.last();
    let since = last.map_or(matter.incident.since, |stretch| stretch.since);
    let until = last.map_or(matter.incident.until, |stretch| stretch.until);
    let (tense, when) = match (matter.kind, until) {
        // What was withdrawn while it held is told as past, without an end that was never said.
        (LetterKind::Retracted, None) => {
            let (_, when) = clock::when(since, until, zone, language);
            (Tense::Over, when)
        }
        _ => clock::when(since, until, zone, language),
    };
    let unnamed = match language {
        Language::Id => "petugas yang bertugas",
        Language::En => "the officer on duty",
    };
    let somewhere = match language {
        Language::Id => "loket",
        Language::En => "the counter",
    };
    let officer = officer(matter);
    let counter = counter_of(matter, last).map(|name| words::short_name(&name));
    let lockbox = lockbox_of(matter).map(|name| words::lockbox(&name, language));
    let subject: Vec<&str> = [officer.as_deref(), counter.as_deref(), lockbox.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    let office = words::one_line(&matter.roster.office.name);
    let subject = match subject.is_empty() {
        true => office,
        false => subject.join(", "),
    };
    let sentence = policies::fact(
        matter.policy.id.as_str(),
        &Scene {
            language,
            tense,
            when: &when,
            officer: officer.as_deref().unwrap_or(unnamed),
            counter: counter.as_deref().unwrap_or(somewhere),
            lockbox: lockbox.as_deref().unwrap_or(""),
            title: &words::one_line(words::title(matter)),
            subject: &subject,
            signed_in: matter.policy.scope == Reach::SignedIn,
            trigger: matter.evidence.last().map(|line| &line.kind),
        },
    );
    let sentence = words::one_line(&sentence);
    match (matter.kind, language) {
        (LetterKind::Retracted, Language::Id) => format!("Semula diberitahukan: {sentence}"),
        (LetterKind::Retracted, Language::En) => format!("What had been reported: {sentence}"),
        _ => sentence,
    }
}

/// `10:02:10–10:09:02 WIB`, `10:02:10 WIB – masih berlangsung`
fn span(matter: &Matter<'_>, stretch: &Stretch) -> String {
    let language = matter.to.language;
    let zone = matter.roster.office.zone;
    let name = clock::zone_name(stretch.since, zone);
    let start = clock::time_on(stretch.since, matter.incident.since, zone, language);
    match stretch.until {
        None if matter.kind == LetterKind::Retracted => format!("{start} {name}"),
        None => format!("{start} {name} – {}", words::label(Label::StillRunning, language)),
        Some(end) if clock::looks_same(end, stretch.since, zone) => format!("{start} {name}"),
        Some(end) => format!(
            "{start}–{} {name}",
            clock::time_on(end, matter.incident.since, zone, language)
        ),
    }
}

fn rows(matter: &Matter<'_>) -> Vec<(String, String)> {
    let language = matter.to.language;
    let zone = matter.roster.office.zone;
    let incident = matter.incident;
    let mut rows = Vec::new();
    let mut row = |name: Label, value: String| {
        rows.push((words::label(name, language).to_string(), words::one_line(&value)));
    };
    row(Label::Office, matter.roster.office.name.clone());
    let mut counters: Vec<_> = matter.stretches.iter().map(|stretch| &stretch.counter).collect();
    counters.dedup();
    if counters.len() > 1 {
        row(Label::Counter, words::label(Label::ManyCounters, language).into());
    } else if let Some(counter) = counter_of(matter, matter.stretches.last()) {
        row(Label::Counter, counter);
    }
    if let Some(lockbox) = lockbox_of(matter) {
        row(Label::Lockbox, lockbox);
    }
    match &incident.officer {
        Some(id) => row(Label::Officer, officer_in_full(matter, id.as_str())),
        None if incident.policy.as_str() == "service-without-sign-in" => {
            row(Label::Officer, words::label(Label::NobodySignedIn, language).into());
        }
        None => {}
    }
    row(Label::Date, clock::date(incident.since, zone, language));
    let time = match matter.kind {
        LetterKind::Retracted => Label::FormerTime,
        _ => Label::Time,
    };
    match matter.stretches {
        [] => {}
        [only] => row(time, span(matter, only)),
        [first, .., last] => row(
            time,
            span(
                matter,
                &Stretch {
                    until: last.until,
                    ..first.clone()
                },
            ),
        ),
    }
    if matter.kind != LetterKind::Retracted
        && let Some(duration) = duration(matter)
    {
        row(Label::Duration, duration);
    }
    if matter.kind != LetterKind::Retracted {
        row(Label::Attention, words::severity(incident.severity, language).into());
    }
    rows
}

fn officer_in_full(matter: &Matter<'_>, id: &str) -> String {
    match (matter.roster.officer(id), matter.to.language) {
        (Some(officer), _) => {
            let nip = officer
                .nip
                .as_deref()
                .map(|nip| format!("NIP {}", words::masked_nip(nip)));
            let name = (officer.name != id).then(|| officer.name.clone());
            let parts: Vec<String> = [name, Some(id.to_string()), nip].into_iter().flatten().collect();
            parts.join(" · ")
        }
        (None, Language::Id) => format!("{id} (tidak ada dalam daftar petugas)"),
        (None, Language::En) => format!("{id} (not in the roster)"),
    }
}

/// The time between two moments as they are shown, in whole seconds: a reader can check the sum.
fn shown_ms(since: Moment, until: Moment) -> i64 {
    (until.0.div_euclid(1_000) - since.0.div_euclid(1_000)) * 1_000
}

fn duration(matter: &Matter<'_>) -> Option<String> {
    let language = matter.to.language;
    let count = matter.stretches.len();
    let ended: Option<i64> = matter
        .stretches
        .iter()
        .map(|stretch| stretch.until.map(|until| shown_ms(stretch.since, until)))
        .sum();
    match (ended, matter.stretches) {
        (_, []) => None,
        (Some(0), [_]) => None,
        (Some(0), _) => Some(words::times(count, language)),
        (Some(ms), [_]) => Some(clock::duration(ms, language)),
        (Some(ms), _) => Some(format!(
            "{} ({})",
            clock::duration(ms, language),
            words::times(count, language)
        )),
        // While it holds, the monitor's clock is not the office's: only what had been reached is sure.
        (None, [.., last]) => {
            let reached = shown_ms(last.since, last.opened);
            (reached >= 1_000).then(|| match language {
                Language::Id => format!("lebih dari {}", clock::duration(reached, language)),
                Language::En => format!("more than {}", clock::duration(reached, language)),
            })
        }
    }
}

fn stretches(matter: &Matter<'_>) -> Option<Listing> {
    let language = matter.to.language;
    if matter.stretches.len() < 2 {
        return None;
    }
    let counters: Vec<_> = matter.stretches.iter().map(|stretch| &stretch.counter).collect();
    let one_place = counters.windows(2).all(|pair| pair[0] == pair[1]);
    let lines = matter
        .stretches
        .iter()
        .map(|stretch| {
            let length = stretch
                .until
                .map(|until| shown_ms(stretch.since, until))
                .filter(|ms| *ms > 0)
                .map(|ms| clock::duration(ms, language));
            let place = (!one_place)
                .then(|| counter_of(matter, Some(stretch)).map(|name| words::short_name(&name)))
                .flatten();
            let about: Vec<String> = [length, place].into_iter().flatten().collect();
            (span(matter, stretch), about.join(", "))
        })
        .collect();
    Some(Listing {
        heading: words::label(Label::Stretches, language).into(),
        lines,
        rest: None,
    })
}

/// A device by the name people know it by; the office's own system is no device to them.
fn device(matter: &Matter<'_>, id: &str) -> String {
    let devices = matter.roster.counters.iter().chain(&matter.roster.lockboxes);
    let lockbox = matter.roster.lockboxes.iter().any(|device| device.id.as_str() == id);
    match devices.into_iter().find(|device| device.id.as_str() == id) {
        Some(device) if lockbox => words::lockbox(&device.name, matter.to.language),
        Some(device) => words::short_name(&device.name),
        None => words::device_without_name(id, matter.to.language).to_string(),
    }
}

fn evidence(matter: &Matter<'_>) -> Option<Listing> {
    if matter.evidence.is_empty() || matter.kind == LetterKind::Retracted {
        return None;
    }
    let language = matter.to.language;
    let zone = matter.roster.office.zone;
    let mut lines: Vec<(String, String)> = matter
        .evidence
        .iter()
        .map(|line| {
            let at = clock::time_on(line.at, matter.incident.since, zone, language);
            let text = format!(
                "{} · {}",
                describe(&line.kind, language),
                device(matter, line.device.as_str())
            );
            (at, words::one_line(&text))
        })
        .collect();
    let left_out = lines.len().saturating_sub(EVIDENCE_MAX);
    if left_out > 0 {
        lines.drain(EVIDENCE_FIRST..EVIDENCE_FIRST + left_out);
    }
    Some(Listing {
        heading: words::label(Label::Evidence, language).into(),
        lines,
        rest: (left_out > 0).then(|| words::more_events(left_out, language)),
    })
}
