//! Tokens for programs, on one's own account's page: made, shown once, ended.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::Site;
use super::account::back;
use super::ask::{Ask, Reader};
use super::fault::Fault;
use super::page::{self, Tab, field, proof};
use super::posted::Posted;
use super::words::Words;
use crate::door::DAYS_MAX;
use crate::store::accounts::{ApiToken, Part};

const DAYS_USUAL: i64 = 90;

pub fn section(ask: &Ask, tokens: &[ApiToken]) -> Markup {
    let words = ask.words;
    html! {
        section aria-labelledby="tokens" {
            h2 #tokens { (words.pick("Token untuk program", "Tokens for programs")) }
            p.hint {
                (words.pick(
                    "Program membaca dengan token apa yang boleh Anda baca, dan hanya bagian yang dipilih; hanya satu bagian yang juga bertindak. Lihat ",
                    "With a token a program reads what you may read, and only the parts you choose; one of them alone also acts. See ",
                ))
                a href="/api" { (words.pick("antarmuka untuk program", "the interface for programs")) } "."
            }
            @if !tokens.is_empty() {
                table.list role="table" {
                    caption.unseen { (words.pick("Token untuk program", "Tokens for programs")) }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.pick("Nama", "Name")) }
                        th scope="col" role="columnheader" { (words.pick("Bagian", "Parts")) }
                        th scope="col" role="columnheader" { (words.pick("Berlaku sampai", "Good until")) }
                        th scope="col" role="columnheader" { (words.pick("Terakhir dipakai", "Last used")) }
                        th scope="col" role="columnheader" { (words.pick("Tindakan", "Action")) }
                    } }
                    tbody role="rowgroup" { @for token in tokens { (row(ask, token)) } }
                }
            }
            form.form method="post" action="/account/tokens" {
                (proof(ask))
                (field(words.pick("Nama token", "Name of the token"), html! {
                    input name="name" maxlength="60" autocomplete="off" required;
                }))
                (field(words.pick("Berlaku berapa hari", "Good for how many days"), html! {
                    input name="days" type="number" min="1" max=(DAYS_MAX) value=(DAYS_USUAL) required;
                }))
                fieldset.choices-box {
                    legend { (words.pick("Boleh membaca, atau bertindak", "May read, or act")) }
                    @for part in Part::ALL {
                        label { input type="checkbox" name=(part.as_str()) value="1"; " " (part_name(part, words)) }
                    }
                }
                button.button type="submit" { (words.pick("Buat token", "Make a token")) }
            }
        }
    }
}

fn row(ask: &Ask, token: &ApiToken) -> Markup {
    let words = ask.words;
    let zone = ask.zone();
    let at = |moment| page::time_on(moment, ask.live.now, zone, words);
    let parts: Vec<&str> = token.parts.iter().map(|part| part_name(*part, words)).collect();
    html! {
        tr role="row" {
            td.lead role="cell" { span.break { (token.name) } }
            td role="cell" data-label=(words.pick("Bagian", "Parts")) { (parts.join(", ")) }
            td role="cell" data-label=(words.pick("Berlaku sampai", "Good until")) { (at(token.expires)) }
            td role="cell" data-label=(words.pick("Terakhir dipakai", "Last used")) {
                @match token.used { Some(used) => (at(used)), None => (words.pick("belum pernah", "never")) }
            }
            td role="cell" data-label=(words.pick("Tindakan", "Action")) {
                form method="post" action="/account/tokens/end" {
                    (proof(ask))
                    input type="hidden" name="token" value=(token.id);
                    button.button.quiet type="submit" { (words.pick("Akhiri", "End")) }
                }
            }
        }
    }
}

fn part_name(part: Part, words: &Words) -> &'static str {
    match part {
        Part::Cases => words.pick("penilaian", "verdicts"),
        Part::Service => words.pick("menit pelayanan", "minutes of service"),
        Part::Traces => words.pick("jejak orang", "traces of people"),
        Part::Devices => words.pick("perangkat dan kebijakan", "devices and policies"),
        Part::Orders => words.pick("bertindak atas kasus atas nama Anda", "act on cases in your name"),
    }
}

pub async fn add(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let words = ask.words;
    let parts: Vec<Part> = Part::ALL
        .into_iter()
        .filter(|part| !form.text(part.as_str()).is_empty())
        .collect();
    let days = form.text("days").trim().parse().unwrap_or(0);
    let made = site
        .door
        .add_token(&reader.who, &reader.caller, form.text("name"), &parts, days);
    let secret = match made.await {
        Ok(secret) => secret,
        Err(trouble) => return back(&site, &ask, &reader, Err(trouble)).await,
    };
    let title = words.pick("Token baru", "The new token");
    let body = html! {
        (page::heading(title, None))
        p.notice role="status" {
            (words.pick(
                "Salin sekarang: hanya tampil sekali ini. Siapa pun yang memegangnya membaca atas nama Anda.",
                "Copy it now: it is shown this once. Whoever holds it reads in your name.",
            ))
        }
        pre.payload tabindex="0" aria-label=(title) { (secret) }
        p { a.button href="/account" { (words.pick("Sudah disalin", "It is copied")) } }
    };
    Ok(page::shell(&ask, Tab::None, title, false, body).into_response())
}

pub async fn end(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let done = site
        .door
        .end_token(&reader.who, &reader.caller, form.text("token"))
        .await;
    back(&site, &ask, &reader, done).await
}
