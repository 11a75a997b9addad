//! What people say is wrong in what is held about them, on the integrity team's desk: what is open, until when, and the
//! answers.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader};
use super::fault::Fault;
use super::orders;
use super::own::{self, forms};
use super::page::{self, Tab};
use super::posted::Posted;
use super::words::Words;
use crate::accounts::{Role, Scope};
use crate::case::Refusal;
use crate::case::correction::CorrectionWish;
use crate::case::line::same_human;
use crate::case::order::Order;
use crate::engine::time::Moment;
use crate::store::own::OpenCorrections;
use crate::store::rows::CorrectionRow;

/// Requests on the page: all that are open, and the latest answered ones.
const ROWS: usize = 300;

/// `GET /corrections`
pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let words = ask.words;
    let scope = ask.scope();
    let rows = site.store.corrections(false, ROWS).await?;
    let mine: Vec<&CorrectionRow> = rows.iter().filter(|row| scope.oversees(row.office.as_str())).collect();
    let (open, answered): (Vec<&CorrectionRow>, Vec<&CorrectionRow>) =
        mine.into_iter().partition(|row| row.answered.is_none());
    let now = site.live.borrow().now;
    let title = words.pick("Permintaan perbaikan", "Requests for correction");
    let body = html! {
        (page::heading(title, Some(words.pick(
            "Yang dikatakan orang salah dalam catatan tentang mereka. Undang-undang memberi 3 x 24 jam untuk menjawab.",
            "What people say is wrong in what is held about them. The law gives 3 x 24 hours to answer.",
        ))))
        section aria-labelledby="open" {
            h2 #open { (words.pick("Menunggu jawaban", "Waiting for an answer")) " " span.count { (open.len()) } }
            @if open.is_empty() { p.calm { (words.pick("Tidak ada yang menunggu.", "Nothing waits.")) } }
            div.parts.wide {
                @for row in open { (waiting(&ask, &reader, row, now)) }
            }
        }
        section aria-labelledby="answered" {
            h2 #answered { (words.pick("Sudah dijawab", "Answered")) }
            @if answered.is_empty() { p.calm { (words.pick("Belum ada.", "None yet.")) } }
            @else {
                table.list role="table" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.what) }
                        th scope="col" role="columnheader" { (words.pick("Siapa", "Who")) }
                        th scope="col" role="columnheader" { (words.pick("Jawaban", "Answer")) }
                        th scope="col" role="columnheader" { (words.pick("Kapan", "When")) }
                    } }
                    tbody role="rowgroup" { @for row in answered { tr role="row" {
                        td.lead role="cell" { strong { "#" (row.n) " " (row.about) } div { (row.wanted) } }
                        td role="cell" data-label=(words.pick("Siapa", "Who")) { (row.person) }
                        td role="cell" data-label=(words.pick("Jawaban", "Answer")) {
                            strong { (verdict(row, words)) }
                            @if let Some(said) = &row.answer { div { (said) } }
                        }
                        td role="cell" data-label=(words.pick("Kapan", "When")) {
                            @if let Some(at) = row.answered {
                                (page::time_on(at, now, zone(&ask, row), words))
                                @if at > row.due { div.error { (words.pick("terlambat", "late")) } }
                            }
                        }
                    } } }
                }
            }
        }
    };
    Ok(page::shell(&ask, Tab::Corrections, title, false, body))
}

fn verdict(row: &CorrectionRow, words: &Words) -> &'static str {
    match row.accepted {
        Some(true) => words.pick("Diterima", "Accepted"),
        Some(false) => words.pick("Ditolak", "Declined"),
        None => "",
    }
}

fn zone(ask: &Ask, row: &CorrectionRow) -> chrono_tz::Tz {
    ask.live
        .office(&row.office)
        .map_or_else(|| ask.zone(), |office| office.roster.office.zone)
}

/// One request, with its clock and the form that answers it.
fn waiting(ask: &Ask, reader: &Reader, row: &CorrectionRow, now: Moment) -> Markup {
    let words = ask.words;
    let late = row.due < now;
    let when = page::time_on(row.due, now, zone(ask, row), words);
    let answer = |act: &str, button: &str, tone: &'static str| {
        html! { button.button.(tone) type="submit" formaction={ "/corrections/" (row.n) "/" (act) } { (button) } }
    };
    html! {
        section.part.part-ill[late] aria-label={ "#" (row.n) } {
            h3 { "#" (row.n) " " (row.about) }
            blockquote.said { (row.wanted) }
            p.soft { (row.person) " · " (row.office) " · " (page::time_on(row.asked, now, zone(ask, row), words)) }
            p { (own::clock(row.due, now, words, &when)) }
            @if !ask.has_role(Role::Integrity) {
                p.hint { (words.pick("Dijawab oleh tim kepatuhan.", "The integrity team answers it.")) }
            } @else if is_own(ask, reader, row) {
                p.hint { (words.pick("Permintaan Anda sendiri: orang lain di tim yang menjawab.", "Your own: somebody else of the team answers it.")) }
            } @else {
                form.form method="post" action={ "/corrections/" (row.n) "/accept" } {
                    (page::proof(ask))
                    input type="hidden" name="office" value=(row.office);
                    (forms::words_field(words.pick("Jawaban, dalam satu kalimat; dikirim kepada yang meminta", "The answer, in a sentence; it is mailed to whoever asked")))
                    div.form-row {
                        (answer("accept", words.pick("Terima", "Accept"), ""))
                        (answer("decline", words.pick("Tolak", "Decline"), "quiet"))
                    }
                }
            }
        }
    }
}

fn is_own(ask: &Ask, reader: &Reader, row: &CorrectionRow) -> bool {
    let holder = &reader.who.account.holder;
    let Some(person) = holder
        .person
        .as_deref()
        .filter(|_| holder.office.as_ref() == Some(&row.office))
    else {
        return false;
    };
    let office = ask.live.office(&row.office);
    person == row.person || office.is_some_and(|office| same_human(person, &row.person, &office.roster))
}

/// `POST /corrections/{n}/accept`
pub async fn accept(
    State(site): State<Site>,
    Path(n): Path<String>,
    ask: Ask,
    reader: Reader,
    form: Posted,
) -> Result<Response, Fault> {
    answer(site, n, ask, reader, form, |request| CorrectionWish::Accept { request }).await
}

/// `POST /corrections/{n}/decline`
pub async fn decline(
    State(site): State<Site>,
    Path(n): Path<String>,
    ask: Ask,
    reader: Reader,
    form: Posted,
) -> Result<Response, Fault> {
    answer(site, n, ask, reader, form, |request| CorrectionWish::Decline {
        request,
    })
    .await
}

async fn answer(
    site: Site,
    n: String,
    ask: Ask,
    reader: Reader,
    form: Posted,
    wish: impl FnOnce(i64) -> CorrectionWish,
) -> Result<Response, Fault> {
    let n = n.parse::<i64>().map_err(|_| Fault::NotFound)?;
    if form.word("reason").is_none() {
        return Ok(forms::refused(
            &ask,
            &Refusal::NoReason,
            "/corrections",
            Tab::Corrections,
        ));
    }
    // An id of one office's roster says nothing in another.
    let office = reader.who.account.holder.office.clone().ok_or(Fault::Forbidden)?;
    let what = Order::Correction {
        office: Some(office.clone()),
        wish: wish(n),
    };
    match orders::order(&site, &reader, &office, form.text("reason"), what, &ask.path).await? {
        Ok(_) => Ok(Redirect::to("/corrections").into_response()),
        Err(refusal) => Ok(forms::refused(&ask, &refusal, "/corrections", Tab::Corrections)),
    }
}

/// What the Health page says of them: how many wait, and whether one is overdue.
pub fn health(open: &[OpenCorrections], scope: &Scope, now: Moment, words: &Words) -> (bool, String, Markup) {
    let seen = open.iter().filter(|one| scope.sees_office(one.office.as_str()));
    let (count, first) = seen.fold((0, None), |(count, first): (i64, Option<Moment>), one| {
        let earlier = first.map_or(one.first_due, |first| first.min(one.first_due));
        (count + one.count, Some(earlier))
    });
    let late = first.is_some_and(|due| due < now);
    let state = match (count, late) {
        (0, _) => words.pick("Tidak ada yang menunggu", "None waits").to_owned(),
        (_, false) => format!("{count} {}", words.pick("menunggu jawaban", "waiting for an answer")),
        (_, true) => words.pick("Terlambat dijawab", "Overdue").to_owned(),
    };
    let more = html! {
        @if let Some(due) = first {
            p { (count) " " (words.pick("terbuka", "open")) "; "
                @if late { (words.pick("yang pertama lewat", "the first is overdue by")) " " (page::about(now.ms_since(due), words.language)) }
                @else { (words.pick("yang pertama dalam", "the first is due in")) " " (page::about(due.ms_since(now), words.language)) }
            }
        }
    };
    (!late, state, more)
}
