//! One incident, for the one it is about: what is held against him, on what it rests, what people made of it, and what he
//! can say.

use axum::extract::{Path, State};
use maud::{Markup, html};

use super::super::Site;
use super::super::ask::{Ask, Reader};
use super::super::fault::Fault;
use super::super::page::{self, Tab};
use super::super::shown;
use super::super::words::Words;
use super::{Own, Rights, forms, post, rights, stage};
use crate::case::Terms;
use crate::engine::time::Moment;
use crate::incident::stretch;
use crate::letter::{self, EvidenceLine, Stretch};
use crate::redact::Redactor;
use crate::skew;
use crate::store::rows::{CaseRow, CaseStepRow, IncidentState};

/// References looked up for one page.
const EVIDENCE_MAX: usize = 300;

/// `GET /me/incidents/{n}`
pub async fn show(State(site): State<Site>, Path(n): Path<String>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let n = n.parse::<i64>().map_err(|_| Fault::NotFound)?;
    let own = Own::of(&site, &reader).ok_or(Fault::NotFound)?;
    let (scope, store) = (&own.scope, &site.store);
    let row = store.incident(scope, n).await?.ok_or(Fault::NotFound)?;
    let verdicts = store.verdicts_of(scope, n).await?;
    let case = store.case(n).await?;
    let steps = store.case_steps(n).await?;
    let mut references: Vec<&str> = verdicts
        .iter()
        .flat_map(|row| row.verdict.evidence.iter().map(|text| &**text))
        .collect();
    references.sort_unstable();
    references.dedup();
    let missing = references.len().saturating_sub(EVIDENCE_MAX);
    references.truncate(EVIDENCE_MAX);
    let proofs = store.referenced(scope, &references).await?;
    let redactor = own.redactor(&site, &reader).await?;
    let words = ask.words;
    let own_ask = own.ask(&site, &ask);
    let roster = own.roster().cloned();
    let read = |row: &crate::store::LedgerRow| {
        let event = skew::read_again(&row.body, row.time, row.clock.as_deref(), roster.as_deref()?).ok()?;
        Some(EvidenceLine {
            at: event.time,
            device: event.device,
            kind: event.kind,
        })
    };
    let evidence: Vec<EvidenceLine> = proofs.iter().filter_map(read).collect();
    let retracted = row.state == IncidentState::Retracted;
    let stretches: Vec<Stretch> = verdicts
        .iter()
        .filter(|row| row.retracted == retracted)
        .map(|row| stretch(row.n, &row.verdict))
        .collect();
    let (policy, _) = shown::policy_of(own.live.as_ref(), &row);
    let sheet = shown::sheet(&own_ask, &row, &policy, &stretches, &evidence);
    let asked = ask.param("why").and_then(|number| number.parse::<i64>().ok());
    let standing = verdicts.iter().find(|row| !row.retracted);
    let why = match (
        asked,
        verdicts.iter().find(|row| Some(row.n) == asked && !row.retracted),
    ) {
        (Some(_), Some(verdict)) => super::super::explained::section(&site, &ask, verdict.n, &verdict.verdict).await,
        _ => html! {
            @if let (Some(_), Some(verdict)) = (&site.explain, standing) {
                p { a href={ "/me/incidents/" (n) "?why=" (verdict.n) "#why" } { (words.pick("Mengapa ini dicatat?", "Why was this recorded?")) } }
            }
        },
    };
    let now = site.live.borrow().now;
    let zone = own.zone(&ask);
    let when = |at: Moment| page::time_on(at, now, zone, words);
    let title = shown::title(&policy, ask.language()).to_owned();
    let body = html! {
        p.crumb { a href="/me" { "← " (words.pick("Catatan saya", "My record")) } }
        (super::notice(&ask))
        article.case.(page::class_tone(row.class, row.severity)) {
            header.case-head {
                p.case-marks {
                    (page::class_mark(row.class, row.severity, words))
                    (page::incident_state(shown::state_word(&row), words))
                    span.soft { (words.incident) " #" (row.n) }
                }
                h1 { (title) }
                @if let Some(sheet) = &sheet {
                    p.case-fact { (sheet.fact) }
                    p.case-caution { strong { (sheet.caution.0) } " " (sheet.caution.1) }
                }
                @if let Some(case) = &case { p { (stage(&case.stage, words)) } }
                @if let IncidentState::Joined(other) = row.state {
                    p { (words.joined) " " a href={ "/me/incidents/" (other) } { (words.incident) " #" (other) } "." }
                }
            }
            div.case-body {
                div.case-main {
                    section aria-labelledby="evidence" {
                        h2 #evidence { (words.pick("Yang menjadi dasarnya", "What it rests on")) }
                        @if evidence.is_empty() { p.calm { (words.pick("Tidak ada peristiwa yang masih tersimpan.", "No event of it is kept any more.")) } }
                        ol.steps {
                            @for line in &evidence {
                                li {
                                    (when(line.at))
                                    div { p { (redactor.text(&letter::describe(&line.kind, ask.language()))) }
                                        p.soft { (shown::device(words, own.live.as_ref(), line.device.as_str())) } }
                                }
                            }
                        }
                        @if missing > 0 { p.hint { (missing) " " (words.missing_evidence) "." } }
                        (why)
                    }
                    section aria-labelledby="people" {
                        h2 #people { (words.pick("Yang dilakukan orang", "What people did")) }
                        (taken(&steps, &redactor, words, &when))
                    }
                }
                aside.case-side {
                    @if let Some(case) = &case { (say(&ask, case, now, &site.settings.terms, &when)) }
                    section aria-labelledby="rule" {
                        h2 #rule { (words.policy) }
                        dl.facts {
                            (page::fact(words.policy, html! { (title) }))
                            @if !policy.basis.is_empty() { (page::fact(words.basis, html! { (policy.basis) })) }
                            @if policy.for_ms > 0 { (page::fact(words.limit, html! { (letter::duration(policy.for_ms, ask.language())) })) }
                        }
                    }
                }
            }
        }
    };
    Ok(page::shell(&ask, Tab::Mine, &title, false, body))
}

/// The steps of the case, each by the capacity of whoever took it.
fn taken(steps: &[CaseStepRow], redactor: &Redactor, words: &Words, when: &impl Fn(Moment) -> Markup) -> Markup {
    // What others tried and may not concerns them.
    let shown: Vec<&CaseStepRow> = steps.iter().filter(|step| step.step != "refused").collect();
    html! {
        @if shown.is_empty() { p.calm { (words.pick("Belum ada.", "Nothing yet.")) } }
        ol.steps {
            @for step in shown {
                li {
                    (when(step.at))
                    div {
                        p { strong { (words.case_step(&step.step)) } " " span.soft { (post(step.post.as_deref(), words)) } }
                        @if !step.reason.is_empty() { p { (redactor.text(&step.reason)) } }
                    }
                }
            }
        }
    }
}

/// What he can say, with its deadline.
fn say(ask: &Ask, case: &CaseRow, now: Moment, terms: &Terms, when: &impl Fn(Moment) -> Markup) -> Markup {
    let words = ask.words;
    let Rights {
        may_state,
        state_by,
        appeal_by,
        review_by,
    } = rights(case, now, terms);
    let form = |act: &str, label: &str, button: &str| {
        html! {
            form.form method="post" action={ "/me/incidents/" (case.incident) "/" (act) } {
                (page::proof(ask))
                input type="hidden" name="seen" value=(case.steps);
                (forms::words_field(label))
                button.button type="submit" { (button) }
            }
        }
    };
    html! {
        section #say aria-labelledby="say-head" {
            h2 #say-head { (words.pick("Anda didengar", "You are heard")) }
            @if let Some(by) = review_by {
                p { (words.pick("Keberatan Anda ditinjau oleh orang yang tidak ikut memutuskan, paling lambat", "Your appeal is reviewed by somebody who had no part in the decision, by")) " " (when(by)) "." }
            }
            @if let Some(by) = appeal_by {
                p { (words.pick("Anda dapat mengajukan keberatan sampai", "You may appeal until")) " " (when(by)) ". "
                    (words.pick("Yang meninjau tidak ikut memutuskan; hasilnya dikirim kepada semua yang pernah diberi tahu.", "Whoever reviews it had no part in the decision; the outcome is mailed to all who had been told.")) }
                (form("appeal", words.pick("Alasan keberatan", "Why you appeal"), words.pick("Ajukan keberatan", "Appeal")))
            }
            @if may_state {
                @if let Some(by) = state_by {
                    p { (words.pick("Sebelum", "Before")) " " (when(by)) " " (words.pick("tidak ada yang dinyatakan terbukti tanpa pernyataan Anda.", "nothing is called proven without your statement.")) }
                }
                p.hint { (words.pick("Pernyataan tidak dapat diubah atau dihapus; Anda dapat menambah yang berikutnya.", "A statement cannot be changed or deleted; you may add another.")) }
                (form("state", words.pick("Pernyataan Anda", "Your statement"), words.pick("Beri pernyataan", "Give a statement")))
            }
            @if !may_state && appeal_by.is_none() && review_by.is_none() {
                p.calm { (words.pick("Tidak ada lagi yang menunggu jawaban Anda.", "Nothing waits for your answer.")) }
            }
        }
    }
}
