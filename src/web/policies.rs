//! Policies: what each asks for and on which basis, what the office decided otherwise and who did, how often it spoke (also
//! that it never did), and how its text changed.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, address};
use super::export;
use super::fault::Fault;
use super::page::{self, Tab, fact};
use super::shown;
use super::words::Words;
use crate::engine::policy::{Head, Per, Tell};
use crate::engine::time::Moment;
use crate::letter;
use crate::live::OfficeLive;
use crate::store::rows::EntryKind;
use crate::store::{Hits, LedgerRow};

const DAY_MS: i64 = 86_400_000;
/// How far back it is counted how often each spoke.
const DAYS: i64 = 28;
/// Newest incidents shown beside a policy.
const INCIDENTS: i64 = 10;
/// Versions shown, the newest.
const VERSIONS_MAX: usize = 20;

pub async fn list(State(site): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let title = words.policies;
    let Some(office) = ask.office() else {
        let body = html! { (page::heading(title, None)) p.calm { (words.starting) } };
        return Ok(page::shell(&ask, Tab::Policies, title, false, body));
    };
    let hits = hits(&site, &ask, office).await?;
    let in_force = office.policies.iter().filter(|policy| policy.enabled).count();
    let silent = office
        .policies
        .iter()
        .filter(|policy| policy.enabled && !hits.contains_key(policy.id.as_str()));
    let figures = [
        (in_force, words.pick("berlaku", "in force")),
        (office.policies.len() - in_force, words.not_in_force),
        (
            office.policies.iter().filter(|policy| policy.overlay.is_some()).count(),
            words.pick("diubah kantor", "changed by the office"),
        ),
        (
            silent.count(),
            words.pick("berlaku, tidak pernah berbunyi", "in force, never spoke"),
        ),
    ];
    let body = html! {
        (page::heading(title, Some(words.pick(
            "Yang dihitung: insiden 28 hari terakhir yang boleh Anda lihat.",
            "Counted: incidents of the last 28 days that you may see.",
        ))))
        dl.sums { @for (number, name) in figures { div { dt { (name) } dd { (number) } } } }
        (export::links(&ask, "/policies/export"))
        section aria-labelledby="policies" {
            h2.unseen #policies { (title) }
            table.list role="table" {
                caption.unseen { (title) }
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { (words.policy) }
                    th scope="col" role="columnheader" { (words.class) }
                    th scope="col" role="columnheader" { (words.basis) }
                    th scope="col" role="columnheader" { (words.tells) }
                    th scope="col" role="columnheader" { (words.incidents) }
                } }
                tbody role="rowgroup" { @for policy in office.policies.iter() { (row(&ask, office, policy, &hits)) } }
            }
        }
    };
    Ok(page::shell(&ask, Tab::Policies, title, false, body))
}

pub async fn hits(site: &Site, ask: &Ask, office: &OfficeLive) -> Result<BTreeMap<String, Hits>, Fault> {
    let since = ask.live.now.plus_ms(-DAYS * DAY_MS);
    let hits = site
        .store
        .hits(&ask.scope(), office.roster.office.id.as_str(), since)
        .await?;
    Ok(hits.into_iter().map(|hits| (hits.policy.clone(), hits)).collect())
}

fn row(ask: &Ask, office: &OfficeLive, policy: &Head, hits: &BTreeMap<String, Hits>) -> Markup {
    let words = ask.words;
    html! {
        tr role="row" {
            td.lead role="cell" {
                a.row-link href=(address(&format!("/policies/{}", policy.id), page::office_pair(ask))) {
                    (shown::title(policy, ask.language()))
                }
                div.soft { code { (policy.id) } @if !policy.enabled { " · " (words.not_in_force) } }
            }
            td role="cell" data-label=(words.class) {
                (page::class_mark(policy.class, policy.severity, words))
                div.soft { (words.severity_name(policy.severity)) }
            }
            td role="cell" data-label=(words.basis) {
                (policy.basis)
                @if let Some(decision) = letter::decision(policy, ask.language()) {
                    div.soft { (words.decision) ": " (decision) }
                }
            }
            td role="cell" data-label=(words.tells) { (tells(ask, policy)) }
            td role="cell" data-label=(words.incidents) {
                @match hits.get(policy.id.as_str()) {
                    Some(hits) => {
                        strong { (hits.incidents) }
                        div.soft { (page::time_on(hits.last, ask.live.now, office.roster.office.zone, words)) }
                    }
                    None => span.soft { (words.pick("tidak ada", "none")) }
                }
            }
        }
    }
}

fn tells(ask: &Ask, policy: &Head) -> String {
    let tell = |tell: &Tell| letter::role(*tell, ask.language());
    policy.notify.iter().map(tell).collect::<Vec<_>>().join(", ")
}

pub async fn show(State(site): State<Site>, Path(id): Path<String>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let office = ask.office().ok_or(Fault::NotFound)?;
    let policy = office.policy(&id).ok_or(Fault::NotFound)?;
    let zone = office.roster.office.zone;
    let hits = hits(&site, &ask, office).await?.remove(&id);
    let since = ask.live.now.plus_ms(-DAYS * DAY_MS);
    let incidents = site.store.incidents_about(&ask.scope(), &id, since, INCIDENTS).await?;
    let rules = site.store.rules(&office.roster.office.id).await?;
    let versions = versions(&rules, &id);
    let title = shown::title(policy, ask.language());
    let span = |ms: i64| match ms {
        0 => words.none.to_owned(),
        ms => letter::duration(ms, ask.language()),
    };
    let body = html! {
        p.crumb { a href=(address("/policies", page::office_pair(&ask))) { "← " (words.policies) } }
        (page::heading(title, Some(&policy.basis)))
        p.case-marks {
            (page::class_mark(policy.class, policy.severity, words))
            span.soft { (words.severity_name(policy.severity)) }
            code { (policy.id) }
            @if !policy.enabled { span.state { (words.not_in_force) } }
        }
        dl.facts.facts-wide {
            (fact(words.condition, html! { code.break { (policy.condition) } }))
            (fact(words.limit, html! { (span(policy.for_ms)) }))
            (fact(words.pick("Jembatan", "Bridge"), html! { (span(policy.bridge_ms)) }))
            (fact(words.pick("Satu insiden bila jeda di bawah", "One incident within"), html! { (span(policy.group_within_ms)) }))
            (fact(words.pick("Dinilai per", "Judged per"), html! { (per(policy.per, words)) }))
            (fact(words.tells, html! { (tells(&ask, policy)) }))
            (fact(words.decision, html! {
                @match letter::decision(policy, ask.language()) {
                    Some(decision) => (decision),
                    None => (words.pick("Tidak ada: berlaku seperti aslinya.", "None: it holds as it ships.")),
                }
            }))
        }
        section aria-labelledby="hits" {
            h2 #hits { (words.pick("Insiden 28 hari terakhir", "Incidents of the last 28 days")) ": " (hits.as_ref().map_or(0, |hits| hits.incidents)) }
            @if incidents.is_empty() {
                p.calm { (words.pick(
                    "Tidak ada. Itu juga jawaban: kebijakan ini berjalan dan tidak menemukan apa-apa yang boleh Anda lihat.",
                    "None. That is an answer too: the policy runs and found nothing that you may see.",
                )) }
            } @else {
                ul.plain { @for incident in &incidents { li { (shown::incident_line(&ask, incident)) } } }
                p.more { a href=(address("/incidents", page::office_pair(&ask).into_iter().chain([("policy", id.as_str())]))) { (words.all_incidents) " →" } }
            }
        }
        section aria-labelledby="versions" {
            h2 #versions { (words.pick("Teks dan versinya", "Its text and versions")) }
            p.hint { (words.pick(
                "Dari buku besar: setiap saat dinilai dengan teks yang berlaku pada saat itu.",
                "From the ledger: every moment is judged by the text in force at it.",
            )) }
            @for (n, version) in versions.iter().enumerate() {
                details.version open[n == 0] {
                    summary { (page::time_on(version.since, ask.live.now, zone, words)) @if n == 0 { " · " (words.pick("berlaku", "in force")) } }
                    @match &version.text {
                        Some(text) => pre.payload lang="en" tabindex="0" { (text) },
                        None => p.soft { (words.pick("Tidak ada pada saat itu.", "It was not there then.")) },
                    }
                }
            }
        }
        section aria-labelledby="tests" {
            h2 #tests { (words.pick("Ujian dan uji mundur", "Tests and backtests")) }
            p { (words.pick(
                "Ujian sebuah kebijakan terletak di samping berkasnya dan tidak dijalankan di sini. Jalankan pada mesin ini:",
                "A policy's tests lie beside its file and are not run here. Run them on this machine:",
            )) }
            pre.payload lang="en" tabindex="0" {
                "jagaloket policy test --policies DIR --policy " (policy.id) "\n"
                "jagaloket backtest --help"
            }
        }
    };
    Ok(page::shell(&ask, Tab::Policies, title, false, body))
}

struct Version {
    since: Moment,
    /// As it stood in its file, with what the office decided otherwise behind it; `None`: there was no such policy.
    text: Option<String>,
}

/// How a policy's text changed, the newest first.
fn versions(rules: &[LedgerRow], id: &str) -> Vec<Version> {
    let mut versions: Vec<Version> = Vec::new();
    for row in rules.iter().filter(|row| row.kind == EntryKind::Policies) {
        let Ok(texts) = serde_json::from_slice::<BTreeMap<String, String>>(&row.body) else {
            continue;
        };
        let text = texts.get(id).cloned();
        let is_new = versions.last().is_none_or(|last| last.text != text);
        if is_new && !(versions.is_empty() && text.is_none()) {
            versions.push(Version { since: row.time, text });
        }
    }
    versions.reverse();
    versions.truncate(VERSIONS_MAX);
    versions
}

fn per(per: Per, words: &Words) -> &'static str {
    match per {
        Per::Service => words.pick("pelayanan", "service"),
        Per::Session => words.pick("sesi", "session"),
        Per::Counter => words.pick("loket", "counter"),
        Per::Officer => words.pick("petugas", "officer"),
        Per::Lockbox => words.pick("loker HP", "lockbox"),
        Per::Office => words.pick("kantor", "office"),
    }
}
