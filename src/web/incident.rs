//! One incident: what it says, the events it rests on in order of time, how the machine's word changed, and who was told.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader};
use super::case::{self, Tried};
use super::fault::Fault;
use super::icons::{Icon, icon};
use super::own::Own;
use super::page::{self, Tab};
use super::shown;
use crate::door::Look;
use crate::engine::event::Event;
use crate::engine::policy::Head;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::incident::{recipients, stretch};
use crate::letter::{self, EvidenceLine, Stretch};
use crate::live::OfficeLive;
use crate::skew;
use crate::store::LedgerRow;
use crate::store::read::{IncidentWord, LetterRow, LetterState};
use crate::store::rows::{EntryKind, IncidentRow, IncidentState, Pin, StepKind, VerdictRow, VerdictStep};

/// References looked up for one page.
const EVIDENCE_MAX: usize = 500;

/// A ledger entry, and the event in it where it can still be read by the roster in force.
struct Proof {
    row: LedgerRow,
    event: Option<Event>,
}

pub async fn show(
    State(site): State<Site>,
    Path(n): Path<String>,
    ask: Ask,
    reader: Reader,
) -> Result<Response, Fault> {
    let n = n.parse::<i64>().map_err(|_| Fault::NotFound)?;
    let incident = site.store.incident(&ask.scope(), n).await?.ok_or(Fault::NotFound)?;
    // Whom it is about reads it where others stand by what they are.
    if Own::about(&site, &reader, &incident.office, incident.officer.as_ref()).is_some() {
        return Ok(Redirect::to(&format!("/me/incidents/{n}")).into_response());
    }
    Ok(page(&site, &ask, &reader, &incident, None).await?.into_response())
}

/// The page, also as the answer to a form that was refused.
pub async fn page(
    site: &Site,
    ask: &Ask,
    reader: &Reader,
    incident: &IncidentRow,
    tried: Option<&Tried>,
) -> Result<Markup, Fault> {
    let (n, scope) = (incident.n, ask.scope());
    let look = Look {
        what: "incident",
        which: n.to_string(),
        office: incident.office.to_string(),
        officer: incident.officer.as_ref().map(ToString::to_string),
        count: None,
    };
    site.door.look(&reader.who, &reader.caller, &look).await?;
    let verdicts = site.store.verdicts_of(&scope, n).await?;
    let steps = site.store.steps_of(&scope, n).await?;
    let letters = site.store.letters_of(&scope, n).await?;
    let case = case::Shown::read(site, reader, incident).await?;
    let mut references: Vec<&str> = verdicts
        .iter()
        .flat_map(|row| row.verdict.evidence.iter().map(|text| &**text))
        .collect();
    references.sort_unstable();
    references.dedup();
    references.truncate(EVIDENCE_MAX);
    let rows = site.store.referenced(&scope, &references).await?;
    let missing = references.len().saturating_sub(rows.len());
    let office = ask.live.office(&incident.office);
    let proofs: Vec<Proof> = rows.into_iter().map(|row| proof(row, office)).collect();

    let words = ask.words;
    let zone = office.map_or_else(|| ask.zone(), |office| office.roster.office.zone);
    let (policy, in_force) = shown::policy_of(office, incident);
    let retracted = incident.state == IncidentState::Retracted;
    let stretches: Vec<Stretch> = verdicts
        .iter()
        .filter(|row| row.retracted == retracted)
        .map(|row| stretch(row.n, &row.verdict))
        .collect();
    let evidence: Vec<EvidenceLine> = proofs
        .iter()
        .filter_map(|proof| {
            let event = proof.event.as_ref()?;
            Some(EvidenceLine {
                at: event.time,
                device: event.device.clone(),
                kind: event.kind.clone(),
            })
        })
        .collect();
    // Asked for by number; else there is a link for each.
    let asked = ask.param("why").and_then(|number| number.parse::<i64>().ok());
    let asked = verdicts.iter().find(|row| Some(row.n) == asked && !row.retracted);
    let why = match asked {
        Some(row) => super::explained::section(site, ask, row.n, &row.verdict).await,
        None => why_links(site, ask, &verdicts, zone),
    };
    let sheet = shown::sheet(ask, incident, &policy, &stretches, &evidence);
    let state = shown::state_word(incident);
    let title = shown::title(&policy, ask.language());
    let tone = match state {
        IncidentWord::Retracted => "case-withdrawn",
        IncidentWord::Open => "case-open",
        IncidentWord::Ended => "case-ended",
    };

    // As the monitor decides it, by the roster of now.
    let standing = verdicts.iter().find(|row| !row.retracted);
    let told_nobody = match (office, standing) {
        (Some(office), Some(row)) => recipients(&policy.notify, &row.verdict, &office.roster, row.changed).is_empty(),
        _ => false,
    };

    let body = html! {
        p.crumb { a href="/incidents" { "← " (words.incidents) } }
        @if told_nobody { p.notice.dead { (words.told_nobody) } }
        article.case.(tone).(page::class_tone(incident.class, incident.severity)) {
            header.case-head {
                p.case-marks {
                    (page::class_mark(incident.class, incident.severity, words))
                    (page::incident_state(state, words))
                    span.soft { (words.incident) " #" (incident.n) }
                    @if let Some(officer) = &incident.officer {
                        span.soft { (shown::officer_name(office, officer.as_str())) " " (officer) }
                        (super::reveal::link(ask, incident.office.as_str(), officer.as_str()))
                    }
                }
                h1 { (title) }
                @if let Some(sheet) = &sheet { p.case-fact { (sheet.fact) } }
                @if let IncidentState::Joined(other) = incident.state {
                    p { (words.joined) " " a href={ "/incidents/" (other) } { (words.incident) " #" (other) } "." }
                }
                @if let Some(sheet) = &sheet {
                    p.case-caution { strong { (sheet.caution.0) } " " (sheet.caution.1) }
                }
            }
            div.case-body {
                div.case-main {
                    @if let Some(case) = &case { (case::section(ask, office, case, tried, zone)) }
                    (timeline(ask, incident, &policy, office, &verdicts, &proofs, missing, zone))
                    (why)
                    (history(ask, incident, &verdicts, &steps, zone))
                }
                aside.case-side {
                    section aria-labelledby="facts" {
                        h2 #facts { (words.facts) }
                        dl.facts {
                            @if let Some(sheet) = &sheet {
                                @for (name, value) in &sheet.rows { (page::fact(name, html! { (value) })) }
                            } @else {
                                (page::fact(words.since, page::time_on(incident.since, incident.since, zone, words)))
                            }
                        }
                    }
                    @if let Some(sheet) = &sheet {
                        section.check aria-labelledby="check" {
                            h2 #check { (sheet.checks.0) }
                            ul { @for step in &sheet.checks.1 { li { (step) } } }
                        }
                    }
                    (rule(ask, &policy, in_force, &verdicts))
                    (thread(ask, office, &letters, zone))
                }
            }
        }
    };
    let whole = format!("{} #{} · {title}", words.incident, incident.n);
    // What comes again by itself would take from a reader what he is writing.
    let live = state == IncidentWord::Open && !case.as_ref().is_some_and(case::Shown::offers);
    Ok(page::shell(ask, Tab::Incidents, &whole, live, body))
}

/// A link to the reasons of each verdict that stands.
fn why_links(site: &Site, ask: &Ask, verdicts: &[VerdictRow], zone: Tz) -> Markup {
    let standing: Vec<&VerdictRow> = verdicts.iter().filter(|row| !row.retracted).collect();
    let words = crate::explain::words(ask.language());
    html! {
        @if site.explain.is_some() && !standing.is_empty() {
            section.why aria-labelledby="why" {
                h2 #why { (words.title) }
                p.hint { (words.judged) }
                ul.why-list {
                    @for row in standing {
                        li {
                            a href={ (ask.with("why", &row.n.to_string())) "#why" } { (words.title) " #" (row.n) }
                            " " span.soft { (page::time_on(row.verdict.since, row.verdict.since, zone, ask.words)) }
                        }
                    }
                }
            }
        }
    }
}

fn proof(row: LedgerRow, office: Option<&OfficeLive>) -> Proof {
    let roster: Option<&Roster> = office.map(|office| &*office.roster);
    let readable = matches!(
        row.kind,
        EntryKind::Event | EntryKind::Visit | EntryKind::Pulse | EntryKind::Tick
    );
    let event = roster
        .filter(|_| readable)
        .and_then(|roster| skew::read_again(&row.body, row.time, row.clock.as_deref(), roster).ok());
    Proof { row, event }
}

/// A point of the timeline: an event of a device, or a moment the policy makes of them.
enum Point<'a> {
    Event(&'a Proof),
    Recorded,
    Ended,
}

#[expect(clippy::too_many_arguments, reason = "one page's parts, passed once")]
fn timeline(
    ask: &Ask,
    incident: &IncidentRow,
    policy: &Head,
    office: Option<&OfficeLive>,
    verdicts: &[VerdictRow],
    proofs: &[Proof],
    missing: usize,
    zone: Tz,
) -> Markup {
    let words = ask.words;
    let mut points: Vec<(Moment, Point<'_>)> = proofs
        .iter()
        .map(|proof| (proof.row.time, Point::Event(proof)))
        .collect();
    for row in verdicts.iter().filter(|row| !row.retracted) {
        points.push((row.verdict.opened, Point::Recorded));
        if let Some(until) = row.verdict.until.filter(|until| *until > row.verdict.opened) {
            points.push((until, Point::Ended));
        }
    }
    // The sort is stable: what the policy makes of an instant stands behind that instant's events.
    points.sort_by_key(|(at, _)| *at);
    html! {
        section aria-labelledby="timeline" {
            h2 #timeline { (words.timeline) }
            p.hint { (words.timeline_hint) }
            @if points.is_empty() { p.calm { (words.no_evidence) } }
            ol.timeline {
                @for (at, point) in &points {
                    @match point {
                        Point::Event(proof) => li {
                            (page::time_on(*at, incident.since, zone, words))
                            div {
                                (event(ask, proof)) " " span.soft { (device(ask, office, proof)) }
                                @if let Some(reading) = proof.event.as_ref().and_then(|event| event.reading.as_ref()) {
                                    div.soft { (words.clock_told) " " (page::time_on(reading.told, incident.since, zone, words)) }
                                }
                            }
                        }
                        Point::Recorded => li.point-recorded {
                            (page::time_on(*at, incident.since, zone, words))
                            div {
                                strong {
                                    @if policy.for_ms > 0 {
                                        (words.verdict_opened) " (" (letter::duration(policy.for_ms, ask.language())) ")"
                                    } @else {
                                        (words.pick("Dicatat", "Recorded"))
                                    }
                                }
                            }
                        }
                        Point::Ended => li.point-ended {
                            (page::time_on(*at, incident.since, zone, words))
                            div { strong { (words.verdict_ended) } }
                        }
                    }
                }
                @if incident.state == IncidentState::Open {
                    li.point-open { span.soft { "…" } div { strong { (words.pick("Masih berlangsung", "Still going on")) } } }
                }
            }
            @if missing > 0 { p.hint { (missing) " " (words.missing_evidence) "." } }
        }
    }
}

fn event(ask: &Ask, proof: &Proof) -> String {
    match &proof.event {
        Some(event) => letter::describe(&event.kind, ask.language()),
        None => format!("{} {}", ask.words.sources, proof.row.id),
    }
}

fn device(ask: &Ask, office: Option<&OfficeLive>, proof: &Proof) -> String {
    let id = proof.row.source.rsplit('/').next().unwrap_or(&proof.row.source);
    shown::device(ask.words, office, id)
}

fn history(ask: &Ask, incident: &IncidentRow, verdicts: &[VerdictRow], steps: &[VerdictStep], zone: Tz) -> Markup {
    let words = ask.words;
    let many = verdicts.len() > 1;
    let span = |step: &VerdictStep| {
        let start = letter::clock::time_on(step.since, incident.since, zone, ask.language());
        let name = letter::zone_name(step.since, zone);
        match step.until {
            None => format!("{start} {name} – {}", words.still_going),
            Some(until) if letter::clock::looks_same(until, step.since, zone) => format!("{start} {name}"),
            Some(until) => {
                let end = letter::clock::time_on(until, incident.since, zone, ask.language());
                format!("{start}–{end} {name}")
            }
        }
    };
    html! {
        section aria-labelledby="verdicts" {
            h2 #verdicts { (words.verdicts) }
            p.hint { (words.verdicts_hint) }
            ol.steps {
                @for step in steps {
                    @let tone = match step.kind {
                        StepKind::Opened => "state-open",
                        StepKind::Amended => "state-ended",
                        StepKind::Retracted => "state-withdrawn",
                    };
                    li {
                        (page::time_on(step.at, incident.since, zone, words))
                        div {
                            p {
                                span.state.(tone) { (words.step(step.kind)) }
                                @if many { " " span.soft { (words.stretch) " " (place(verdicts, step.verdict)) } }
                                " " (words.step_reason(&step.reason, step.until == Some(step.since)))
                            }
                            @if step.kind != StepKind::Retracted { p.soft { (span(step)) } }
                        }
                    }
                }
            }
        }
    }
}

/// People count from one, in order of time.
fn place(verdicts: &[VerdictRow], n: i64) -> usize {
    verdicts.iter().position(|row| row.n == n).map_or(0, |place| place + 1)
}

fn rule(ask: &Ask, policy: &Head, in_force: bool, verdicts: &[VerdictRow]) -> Markup {
    let words = ask.words;
    // Verdicts of one incident may lie on both sides of an activation.
    let mut pins: Vec<Option<&Pin>> = verdicts.iter().map(|row| row.pin.as_ref()).collect();
    pins.dedup();
    html! {
        section aria-labelledby="policy" {
            h2 #policy { (words.policy) }
            @if !in_force { p.hint { (words.policy_gone) } }
            dl.facts {
                (page::fact(words.policy, html! { (shown::title(policy, ask.language())) br; code { (policy.id) } }))
                @if !policy.basis.is_empty() { (page::fact(words.basis, html! { (policy.basis) })) }
                @if !policy.condition.is_empty() { (page::fact(words.condition, html! { code { (policy.condition) } })) }
                @if let Some(decision) = letter::decision(policy, ask.language()) { (page::fact(words.decision, html! { (decision) })) }
                @if policy.for_ms > 0 { (page::fact(words.limit, html! { (letter::duration(policy.for_ms, ask.language())) })) }
                (page::fact(words.judged_by, html! {
                    @for pin in &pins {
                        @match pin {
                            Some(pin) => p title=(words.judged_by_hint) {
                                code.break { (pin.policy_hash.get(..16).unwrap_or(&pin.policy_hash)) } ", " (words.engine) " " (pin.engine)
                            }
                            None => p { (words.not_kept) }
                        }
                    }
                }))
            }
        }
    }
}

fn thread(ask: &Ask, office: Option<&OfficeLive>, letters: &[LetterRow], zone: Tz) -> Markup {
    let words = ask.words;
    html! {
        section aria-labelledby="thread" {
            h2 #thread { (words.thread) }
            @if letters.is_empty() { p.calm { (words.no_letters) } }
            ul.thread {
                @for letter in letters {
                    @let person = office.and_then(|office| office.roster.person(&letter.person));
                    @let at = letter.sent.or(letter.dead).unwrap_or(letter.created);
                    li {
                        a href={ "/letters/" (letter.n) } { (icon(Icon::Mail)) (words.letter_kind(letter.kind)) }
                        p { (person.map_or(letter.person.as_str(), |person| person.name.as_str())) }
                        p.soft {
                            (page::letter_state(letter.state(), words)) " " (page::time_on(at, at, zone, words))
                            @if letter.state() == LetterState::Waiting && letter.attempts > 0 { " · " (words.attempts) " " (letter.attempts) }
                        }
                    }
                }
            }
        }
    }
}
