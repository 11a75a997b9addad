//! One box for everything: numbers, codes, names of devices and policies. It finds what the reader may see and nothing else.

use axum::extract::State;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, address};
use super::fault::Fault;
use super::nav;
use super::page::{self, Tab};
use super::shown;
use crate::live::OfficeLive;
use crate::store::rows::IncidentRow;

const DAY_MS: i64 = 86_400_000;
/// How far back incidents of a name are looked for.
const DAYS: i64 = 90;
const INCIDENTS: i64 = 20;
/// Of each kind.
const SHOWN_MAX: usize = 20;
/// Nobody looks for more.
const ASKED_MAX: usize = 100;

/// Something that was found, and where it is.
struct Found {
    kind: &'static str,
    name: String,
    code: String,
    to: String,
}

pub async fn show(State(site): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let title = words.pick("Cari", "Search");
    let asked: String = ask
        .param("q")
        .unwrap_or_default()
        .trim()
        .chars()
        .take(ASKED_MAX)
        .collect();
    let found = things(&ask, &asked);
    let number = asked.trim_start_matches('#').parse::<i64>().ok();
    let mut incidents: Vec<IncidentRow> = Vec::new();
    let mut letter = None;
    if nav::is_open(&ask, "/incidents") && !asked.is_empty() {
        let scope = ask.scope();
        if let Some(n) = number {
            incidents.extend(site.store.incident(&scope, n).await?);
            letter = site.store.letter(&scope, n).await?.map(|(row, ..)| row);
        }
        let since = ask.live.now.plus_ms(-DAYS * DAY_MS);
        // What was found by a part of its name is looked for by its code.
        let mut codes = vec![asked.as_str()];
        codes.extend(
            found
                .iter()
                .map(|found| found.code.as_str())
                .take(1)
                .filter(|code| *code != asked),
        );
        for code in codes {
            incidents.extend(site.store.incidents_about(&scope, code, since, INCIDENTS).await?);
        }
    }
    let nothing = found.is_empty() && incidents.is_empty() && letter.is_none();
    let body = html! {
        (page::heading(title, None))
        form.filters method="get" action="/search" role="search" aria-label=(title) {
            @if let Some((name, office)) = page::office_pair(&ask) { input type="hidden" name=(name) value=(office); }
            label { span { (words.pick("Nomor, kode, perangkat, kebijakan, surat", "Number, code, device, policy, letter")) }
                input type="search" name="q" value=(asked) maxlength=(ASKED_MAX) autocomplete="off" spellcheck="false";
            }
            button.button type="submit" { (title) }
        }
        @if asked.is_empty() {
            p.calm { (words.pick(
                "Contoh: 36 atau #36 (insiden), p-003 (petugas), loket-03, loker-a, phone-out-during-service.",
                "For example: 36 or #36 (incident), p-003 (officer), loket-03, loker-a, phone-out-during-service.",
            )) }
        } @else if nothing {
            p.calm { (words.pick(
                "Tidak ditemukan apa-apa yang boleh Anda lihat. Periksa ejaannya, atau cari bagian yang lebih pendek.",
                "Nothing was found that you may see. Check the spelling, or look for a shorter part.",
            )) }
        }
        @if !found.is_empty() {
            section aria-labelledby="things" {
                h2 #things { (words.pick("Yang bernama demikian", "What is called so")) }
                ul.plain {
                    @for found in found.iter().take(SHOWN_MAX) {
                        li { a href=(found.to) { (found.name) } " " code { (found.code) } " " span.soft { (found.kind) } }
                    }
                }
            }
        }
        @if let Some(letter) = letter {
            section aria-labelledby="letter" {
                h2 #letter { (words.letter) " " (letter.n) }
                p { a href={ "/letters/" (letter.n) } { (letter.subject) } }
            }
        }
        @if !incidents.is_empty() {
            section aria-labelledby="incidents" {
                h2 #incidents { (words.incidents) }
                ul.plain { @for incident in &incidents { li { (shown::incident_line(&ask, incident)) } } }
            }
        }
    };
    Ok(page::shell(&ask, Tab::Search, title, false, body))
}

/// What is in force and has this in its code or its name. Officers are there as far as the reader sees them.
fn things(ask: &Ask, asked: &str) -> Vec<Found> {
    let asked = asked.to_lowercase();
    if asked.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Found> = ask
        .live
        .offices
        .iter()
        .flat_map(|office| of_office(ask, office))
        .collect();
    found.retain(|found| found.code.to_lowercase().contains(&asked) || found.name.to_lowercase().contains(&asked));
    // The very code first.
    found.sort_by_key(|found| found.code.to_lowercase() != asked);
    found
}

fn of_office(ask: &Ask, office: &OfficeLive) -> Vec<Found> {
    let words = ask.words;
    let id = office.roster.office.id.as_str();
    let mut all = Vec::new();
    for (devices, kind) in [
        (&office.roster.counters, words.counter_word),
        (&office.roster.lockboxes, words.pick("Loker HP", "Lockbox")),
    ] {
        all.extend(devices.iter().map(|device| Found {
            kind,
            name: match device.slots {
                Some(_) => shown::lockbox_name(words, &device.name),
                None => device.name.clone(),
            },
            code: device.id.to_string(),
            to: format!("{}#device-{}", address("/devices", [("office", id)]), device.id),
        }));
    }
    if nav::is_open(ask, "/incidents") {
        all.extend(office.roster.officers.iter().map(|officer| Found {
            kind: words.officer,
            name: officer.name.clone(),
            code: officer.id.to_string(),
            to: address("/search", [("q", officer.id.as_str())]),
        }));
    }
    all.extend(office.policies.iter().map(|policy| Found {
        kind: words.policy,
        name: shown::title(policy, ask.language()).to_owned(),
        code: policy.id.to_string(),
        to: address(&format!("/policies/{}", policy.id), [("office", id)]),
    }));
    all
}
