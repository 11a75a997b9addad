//! Letters: what was written to whom, whether it left, and each one as it was sent.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader};
use super::fault::Fault;
use super::page::{self, Tab};
use crate::door::Look;
use crate::engine::roster::Language;
use crate::letter;
use crate::store::read::{LetterRow, LetterState};

const PAGE: usize = 25;

/// A letter's own HTML may have its inline styles and nothing else: no scripts, no forms, nothing fetched.
const LETTER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                             form-action 'none'; frame-ancestors 'self'; sandbox";

pub async fn list(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let words = ask.words;
    let state = match ask.param("state") {
        None => None,
        Some(text) => {
            let known = LetterState::ALL.into_iter().find(|state| state.as_str() == text);
            Some(known.ok_or(Fault::BadQuestion)?)
        }
    };
    let before = ask
        .param("before")
        .map(|text| text.parse().map_err(|_| Fault::BadQuestion))
        .transpose()?;
    let mut rows = site.store.letters(&ask.scope(), state, before, PAGE + 1).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    super::traces::looked_at_list(&site, &ask, &reader, "letters", rows.len()).await?;
    let next = rows.last().filter(|_| more).map(|last| last.n.to_string());
    let counts = site.store.outbox_counts().await?;
    let zone = ask.zone();
    let tabs = [
        ("", words.all, None),
        (
            "waiting",
            words.letter_state(LetterState::Waiting),
            Some(counts.waiting),
        ),
        ("sent", words.letter_state(LetterState::Sent), None),
        ("dead", words.letter_state(LetterState::Dead), Some(counts.dead)),
    ];
    let body = html! {
        (page::heading(words.letters, Some(words.letters_hint)))
        nav.choices aria-label=(words.filters) {
            @for (value, name, count) in tabs {
                @let mine = ask.param("state").unwrap_or_default() == value;
                a href=(super::ask::address("/letters", [("state", value), ("office", ask.param("office").unwrap_or_default())]))
                    aria-current=[mine.then_some("true")] {
                    (name) @if let Some(count) = count { " " span.count { (count) } }
                }
            }
        }
        @if counts.dead > 0 { p.notice.dead { (words.dead_hint) } }
        (super::export::links(&ask, "/letters/export"))
        @if rows.is_empty() {
            p.calm { (words.no_letters_here) }
        } @else {
            table.list role="table" {
                caption.unseen { (words.letters) }
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { (words.subject) }
                    th scope="col" role="columnheader" { (words.recipient) }
                    th scope="col" role="columnheader" { (words.written) }
                    th scope="col" role="columnheader" { (words.attempts) }
                    th scope="col" role="columnheader" { (words.state) }
                } }
                tbody role="rowgroup" { @for letter in &rows { (row(&ask, letter, zone)) } }
            }
        }
        (page::pager(&ask, "before", next))
    };
    Ok(page::shell(&ask, Tab::Letters, words.letters, false, body))
}

fn row(ask: &Ask, letter: &LetterRow, zone: Tz) -> Markup {
    let words = ask.words;
    html! {
        tr role="row" {
            td.lead role="cell" {
                a.row-link href={ "/letters/" (letter.n) } { (letter.subject) }
                div.row-under { span.soft { (words.letter_kind(letter.kind)) " · #" (letter.n) } }
                @if let Some(error) = letter.last_error.as_ref().filter(|_| letter.sent.is_none()) {
                    p.row-error { (words.last_error) ": " (error) }
                }
            }
            td role="cell" data-label=(words.recipient) { (recipient(ask, letter)) }
            td.nowrap role="cell" data-label=(words.written) {
                div { (page::short_time(letter.created, zone)) " " (letter::zone_name(letter.created, zone)) }
                div.soft { (letter::clock::date(letter.created, zone, ask.language())) }
            }
            td role="cell" data-label=(words.attempts) { (letter.attempts) }
            td role="cell" data-label=(words.state) { (page::letter_state(letter.state(), words)) }
        }
    }
}

fn recipient(ask: &Ask, letter: &LetterRow) -> Markup {
    let person = ask
        .live
        .offices
        .iter()
        .find_map(|office| office.roster.person(&letter.person));
    html! {
        (person.map_or(letter.person.as_str(), |person| person.name.as_str()))
        div.soft.break { (letter.address) }
    }
}

pub async fn show(State(site): State<Site>, Path(n): Path<String>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let n = n.parse::<i64>().map_err(|_| Fault::NotFound)?;
    let (letter, text, _) = site.store.letter(&ask.scope(), n).await?.ok_or(Fault::NotFound)?;
    look(&site, &reader, &letter).await?;
    let words = ask.words;
    let zone = ask.zone();
    let moment = |at| page::time_on(at, ask.live.now, zone, words);
    let body = html! {
        p.crumb { a href="/letters" { "← " (words.letters) } }
        div.heading {
            p.case-marks {
                (page::letter_state(letter.state(), words))
                span.soft { (words.letter) " #" (letter.n) " · " (words.letter_kind(letter.kind)) }
            }
            h1.subject { (letter.subject) }
        }
        @if let Some(error) = letter.last_error.as_ref().filter(|_| letter.sent.is_none()) {
            p.notice.dead { strong { (words.last_error) ": " } (error) }
        }
        div.case-body {
            div.case-main {
                section aria-labelledby="html" {
                    h2 #html { (words.as_html) }
                    iframe.letter src={ "/letters/" (letter.n) "/html" } title=(words.as_html) sandbox="" loading="lazy" {}
                }
                section aria-labelledby="text" {
                    h2 #text { (words.as_text) }
                    pre.letter-text tabindex="0" { (text) }
                }
            }
            aside.case-side {
                section aria-labelledby="facts" {
                    h2 #facts { (words.facts) }
                    dl.facts {
                        (page::fact(words.recipient, recipient(&ask, &letter)))
                        (page::fact(words.written_in, html! {
                            (match letter.language { Language::Id => words.indonesian, Language::En => words.english })
                        }))
                        @if let Some(incident) = letter.incident {
                            (page::fact(words.incident, html! { a href={ "/incidents/" (incident) } { "#" (incident) } }))
                        }
                        (page::fact(words.written, moment(letter.created)))
                        @if let Some(at) = letter.sent { (page::fact(words.sent_at, moment(at))) }
                        @if let Some(at) = letter.dead { (page::fact(words.dead_at, moment(at))) }
                        @if letter.state() == LetterState::Waiting { (page::fact(words.next_try, moment(letter.due))) }
                        (page::fact(words.attempts, html! { (letter.attempts) }))
                        (page::fact(words.message_id, html! { code.break { (letter.message_id) } }))
                        @if let Some(id) = &letter.in_reply_to { (page::fact(words.in_reply_to, html! { code.break { (id) } })) }
                    }
                }
            }
        }
    };
    let whole = format!("{} #{}", words.letter, letter.n);
    Ok(page::shell(&ask, Tab::Letters, &whole, false, body))
}

/// Leaves a trace that somebody reads a letter.
async fn look(site: &Site, reader: &Reader, letter: &LetterRow) -> Result<(), Fault> {
    let look = Look {
        what: "letter",
        which: letter.n.to_string(),
        office: String::new(),
        officer: None,
        count: None,
    };
    Ok(site.door.look(&reader.who, &reader.caller, &look).await?)
}

/// The letter's HTML alone, for the frame on its page.
pub async fn html_as_sent(
    State(site): State<Site>,
    Path(n): Path<String>,
    ask: Ask,
    reader: Reader,
) -> Result<Response, Fault> {
    let n = n.parse::<i64>().map_err(|_| Fault::NotFound)?;
    let (letter, _, html) = site.store.letter(&ask.scope(), n).await?.ok_or(Fault::NotFound)?;
    look(&site, &reader, &letter).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, LETTER_POLICY),
    ];
    Ok((headers, html).into_response())
}
