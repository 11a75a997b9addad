//! Quarantine: what could not be accepted, why, and what was in it, shown so that it can do nothing.

use axum::extract::{Path, State};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader, address};
use super::fault::Fault;
use super::page::{self, Tab};
use super::shown::safe;
use super::traces::looked_at_list;
use crate::door::Look;
use crate::letter;
use crate::store::read::QuarantineRow;

const PAGE: usize = 20;
/// Of each payload in the list.
const PAYLOAD_BYTES: usize = 512;
/// Of a payload on its own page; nothing that came over the broker is larger.
const WHOLE_BYTES: usize = 256 * 1024;

pub async fn list(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let words = ask.words;
    let code = ask.param("code");
    let before = ask
        .param("before")
        .map(|text| text.parse().map_err(|_| Fault::BadQuestion))
        .transpose()?;
    let counts = site.store.quarantine_counts().await?;
    let mut rows = site
        .store
        .quarantined(&ask.scope(), code, before, PAGE + 1, PAYLOAD_BYTES)
        .await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    looked_at_list(&site, &ask, &reader, "quarantined", rows.len()).await?;
    let next = rows.last().filter(|_| more).map(|last| last.n.to_string());
    let zone = ask.zone();
    let total: i64 = counts.iter().map(|count| count.count).sum();
    let body = html! {
        (page::heading(words.quarantine, Some(words.quarantine_hint)))
        @if !counts.is_empty() {
            nav.choices aria-label=(words.reason) {
                a href="/quarantine" aria-current=[code.is_none().then_some("true")] { (words.all) " " span.count { (total) } }
                @for count in &counts {
                    a href=(address("/quarantine", [("code", count.code.as_str())]))
                        aria-current=[(code == Some(count.code.as_str())).then_some("true")] {
                        (words.rejection(&count.code)) " "
                        span.count title={ (count.count) " " (words.ever) ", " (count.kept) " " (words.kept) } { (count.count) }
                    }
                }
            }
        }
        (super::export::links(&ask, "/quarantine/export"))
        @if rows.is_empty() {
            p.calm { (words.no_quarantine) }
        } @else {
            p.hint { (words.escapes_hint) }
            ul.rejects { @for row in &rows { (reject(&ask, row, zone)) } }
        }
        (page::pager(&ask, "before", next))
    };
    Ok(page::shell(&ask, Tab::Quarantine, words.quarantine, false, body))
}

fn reject(ask: &Ask, row: &QuarantineRow, zone: Tz) -> Markup {
    let words = ask.words;
    html! {
        li.reject {
            div.reject-head {
                h2 { a href={ "/quarantine/" (row.n) } { (words.rejection(&row.code)) } }
                span.soft { "#" (row.n) " · " (page::time_on(row.received, ask.live.now, zone, words)) }
            }
            @if let Some(hint) = words.rejection_hint(&row.code) { p.reject-reason { (hint) } }
            p.soft.reject-reason lang="en" { (row.reason) }
            p.reject-topic { span.soft { (words.topic) } " " code.break dir="ltr" { (safe(row.topic.as_bytes())) } }
            (payload(ask, row, PAYLOAD_BYTES))
            @if row.payload_bytes > row.payload.len() && ask.scope().payloads {
                p { a href={ "/quarantine/" (row.n) } { (words.show_whole) " →" } }
            }
        }
    }
}

fn payload(ask: &Ask, row: &QuarantineRow, bytes_max: usize) -> Markup {
    let words = ask.words;
    let shown = &row.payload[..row.payload.len().min(bytes_max)];
    html! {
        @if !ask.scope().payloads {
            // It may name people.
            p.soft.payload-size { (words.payload) ": " (row.payload_bytes) " " (words.bytes) }
        } @else if shown.is_empty() {
            p.soft { (words.payload) ": " (words.empty_payload) }
        } @else {
            pre.payload dir="ltr" tabindex="0" aria-label=(words.payload) { (safe(shown)) }
            p.soft.payload-size {
                @if shown.len() < row.payload_bytes { (shown.len()) " " (words.shown_of) " " }
                (row.payload_bytes) " " (words.bytes)
            }
        }
    }
}

pub async fn show(State(site): State<Site>, Path(n): Path<String>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let n = n.parse::<i64>().map_err(|_| Fault::NotFound)?;
    let row = site
        .store
        .quarantined_one(&ask.scope(), n)
        .await?
        .ok_or(Fault::NotFound)?;
    let look = Look {
        what: "quarantine",
        which: n.to_string(),
        office: String::new(),
        officer: None,
        count: None,
    };
    site.door.look(&reader.who, &reader.caller, &look).await?;
    let words = ask.words;
    let zone = ask.zone();
    let title = words.rejection(&row.code);
    let body = html! {
        p.crumb { a href="/quarantine" { "← " (words.quarantine) } }
        (page::heading(title, None))
        dl.facts.facts-wide {
            (page::fact(words.reason, html! {
                @if let Some(hint) = words.rejection_hint(&row.code) { (hint) br; }
                span.soft lang="en" { (row.reason) } " " code { (row.code) }
            }))
            (page::fact(words.topic, html! { code.break dir="ltr" { (safe(row.topic.as_bytes())) } }))
            (page::fact(words.received, html! {
                (page::time_on(row.received, row.received, zone, words)) ", "
                (letter::clock::date(row.received, zone, ask.language()))
            }))
        }
        h2 { (words.payload) }
        p.hint { (words.escapes_hint) }
        (payload(&ask, &row, WHOLE_BYTES))
    };
    let whole = format!("{title} #{n}");
    Ok(page::shell(&ask, Tab::Quarantine, &whole, false, body))
}
