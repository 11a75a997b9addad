//! Signals: what stands out in numbers, for the integrity team and auditors alone; never a word on anybody's conduct.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::json;

use super::Site;
use super::ask::Ask;
use super::fault::Fault;
use super::page::{self, Tab};
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
    let mut found = Vec::new();
    for office in offices(&ask) {
        for signal in of_office(&site, &ask, office).await? {
            found.push((office, signal));
        }
    }
    let several = offices(&ask).count() > 1;
    let body = html! {
        (page::heading(title, Some(hint)))
        @if found.is_empty() {
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
    };
    Ok(page::shell(&ask, Tab::Signals, title, false, body))
}

/// `GET /api/v1/signals`: the same, of one office or all.
pub async fn api(State(site): State<Site>, ask: Ask) -> Result<Response, Fault> {
    let mut told = Vec::new();
    for office in offices(&ask) {
        for signal in of_office(&site, &ask, office).await? {
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

async fn of_office(site: &Site, ask: &Ask, office: &OfficeLive) -> Result<Vec<Signal>, Fault> {
    let (roster, bounds, now) = (&office.roster, &site.settings.terms.signals, ask.live.now);
    let id = &roster.office.id;
    let recent = site
        .store
        .recent(
            &ask.scope(),
            id,
            bounds.since(now),
            bounds.dates(now, roster.office.zone),
        )
        .await?;
    let account = ask.who.as_ref().map(|who| &who.account);
    let here = account.filter(|account| account.holder.office.as_ref() == Some(id));
    let reader = here
        .and_then(|account| account.holder.person.as_deref())
        .unwrap_or_default();
    Ok(signals(&Seen::of(recent), bounds, roster, reader, now))
}
