//! Signals: what stands out in numbers, for the integrity team and auditors alone; never a word on anybody's conduct.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::json;

use super::Site;
use super::ask::Ask;
use super::fault::Fault;
use super::page::{self, Tab};
use crate::case::Record;
use crate::case::pattern::Pattern;
use crate::case::signal::{Seen, signals};
use crate::engine::roster::Language;
use crate::letter::signal::Signal;
use crate::live::OfficeLive;

pub async fn show(State(site): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let title = words.pick("Sinyal", "Signals");
    let hint = words.pick(
        "Angka yang menonjol, untuk tim kepatuhan. Bukan tuduhan: tiap angka disertai dasarnya dan penyebab wajar yang terlihat sama.",
        "Numbers that stand out, for the integrity team. No accusations: each comes with what it was counted from, and the innocent causes that look the same.",
    );
    let (mut found, mut repeated) = (Vec::new(), Vec::new());
    for office in offices(&ask) {
        let Found { signals, patterns } = of_office(&site, &ask, office).await?;
        found.extend(signals.into_iter().map(|signal| (office, signal)));
        repeated.extend(patterns.into_iter().map(|pattern| (office, pattern)));
    }
    let several = offices(&ask).count() > 1;
    let body = html! {
        (page::heading(title, Some(hint)))
        @if found.is_empty() && repeated.is_empty() {
            p.calm { (words.pick("Tidak ada yang menonjol.", "Nothing stands out.")) }
        }
        @for (office, signal) in &found {
            @let said = signal.said(&office.roster, words.language);
            section {
                h2 { (said.what) }
                @if several { p.hint { (office.roster.office.name) } }
                p { (said.counts) }
                p.hint { (said.why) }
            }
        }
        @for (office, pattern) in &repeated {
            section {
                h2 { (words.pick("Pola berulang · petugas", "Repeated · officer")) " " (pattern.officer) }
                @if several { p.hint { (office.roster.office.name) } }
                p {
                    (words.pick("Dikonfirmasi oleh manusia:", "Confirmed by people:"))
                    @for n in &pattern.incidents { " " a href={ "/incidents/" (n) } { "#" (n) } }
                }
                p.hint { (words.pick(
                    "Pembinaan didahulukan: bicarakan dengan petugas dan atasannya.",
                    "Coaching comes first: talk it over with the officer and the supervisor.",
                )) }
            }
        }
    };
    Ok(page::shell(&ask, Tab::Signals, title, false, body))
}

/// `GET /api/v1/signals`: the same, of one office or all.
pub async fn api(State(site): State<Site>, ask: Ask) -> Result<Response, Fault> {
    let mut told = Vec::new();
    for office in offices(&ask) {
        for signal in of_office(&site, &ask, office).await?.signals {
            let said = signal.said(&office.roster, Language::En);
            told.push(json!({
                "office": office.roster.office.id.as_str(),
                "signal": signal.as_str(),
                "what": said.what,
                "counts": said.counts,
                "why": said.why,
            }));
        }
    }
    Ok(axum::Json(told).into_response())
}

/// The office asked for, else all, of those the reader oversees.
fn offices(ask: &Ask) -> impl Iterator<Item = &OfficeLive> {
    let asked = ask.param("office");
    let scope = ask.scope();
    ask.live.offices.iter().filter(move |office| {
        let id = office.roster.office.id.as_str();
        scope.oversees(id) && asked.is_none_or(|asked| asked == id)
    })
}

/// What there is of an office for the reader.
struct Found {
    signals: Vec<Signal>,
    /// Only those he was told of; an auditor, who is nobody in an office, sees all.
    patterns: Vec<Pattern>,
}

async fn of_office(site: &Site, ask: &Ask, office: &OfficeLive) -> Result<Found, Fault> {
    let (roster, bounds, now) = (&office.roster, &site.settings.terms.signals, ask.live.now);
    let id = &roster.office.id;
    let (scope, dates) = (ask.scope(), bounds.dates(now, roster.office.zone));
    let recent = site.store.recent(&scope, id, bounds.since(now), dates).await?;
    let account = ask.who.as_ref().map(|who| &who.account);
    let here = account.filter(|account| account.holder.office.as_ref() == Some(id));
    let reader = here.and_then(|account| account.holder.person.as_deref());
    let seen = Seen::of(recent);
    let patterns = seen.records.iter().filter_map(|record| match record {
        Record::Pattern(pattern) => Some(pattern.clone()),
        _ => None,
    });
    let is_his = |pattern: &Pattern| {
        let told = reader.is_none_or(|reader| pattern.people.iter().any(|person| person == reader));
        told && scope.sees_officer(id.as_str(), pattern.officer.as_str())
    };
    Ok(Found {
        patterns: patterns.filter(is_his).collect(),
        signals: signals(&seen, bounds, roster, reader.unwrap_or_default(), now),
    })
}
