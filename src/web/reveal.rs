//! Officers are shown by their codes to whoever looks at whole offices. Here a name is asked for: with a reason, for a while,
//! and the officer reads in his own view who asked and why.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader, address, next_place};
use super::fault::Fault;
use super::page::{self, Tab, field, proof};
use super::posted::Posted;
use super::words::Words;
use crate::door::{Open, REVEALED_MS, Trouble};

/// Beside a code: the way to its name. Nothing for who sees names.
pub fn link(ask: &Ask, office: &str, officer: &str) -> Markup {
    let covered = ask
        .who
        .as_ref()
        .is_some_and(|who| who.scope.is_covered(office, officer));
    let to = address(
        "/reveal",
        [("office", office), ("officer", officer), ("next", ask.path.as_str())],
    );
    html! {
        @if covered { " " a.reveal href=(to) { (ask.words.pick("Buka nama", "Show the name")) } }
    }
}

/// Under every page of who sees codes: that he does, and what he can do about it.
pub fn note(ask: &Ask) -> Markup {
    let words = ask.words;
    let codes = ask.who.as_ref().is_some_and(|who| who.scope.has_codes());
    html! {
        @if codes {
            p.hint.code-note {
                (words.pick(
                    "Petugas ditampilkan dengan kodenya.",
                    "Officers are shown by their codes.",
                )) " "
                a href=(address("/reveal", page::office_pair(ask).into_iter().chain([("next", ask.path.as_str())]))) {
                    (words.pick("Buka nama dengan alasan", "Show a name, with a reason"))
                }
            }
        }
    }
}

pub async fn form(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let asked = Asked {
        officer: ask.param("officer").unwrap_or_default(),
        reason: "",
        next: ask.param("next").unwrap_or("/"),
    };
    Ok(page_of(&ask, &site.door.revealed(&reader.who.account.id), &asked, None))
}

pub async fn open(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let asked = Asked {
        officer: form.word("officer").unwrap_or_default(),
        reason: form.word("reason").unwrap_or_default(),
        next: form.text("next"),
    };
    let office = form.word("office").unwrap_or_default();
    let done = site
        .door
        .reveal(&reader.who, &reader.caller, office, asked.officer, asked.reason);
    match done.await {
        Ok(()) => Ok(Redirect::to(&next_place(Some(asked.next))).into_response()),
        Err(Trouble::Refused(_)) => {
            let open = site.door.revealed(&reader.who.account.id);
            let body = page_of(&ask, &open, &asked, Some(refusal(ask.words)));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

struct Asked<'a> {
    officer: &'a str,
    reason: &'a str,
    next: &'a str,
}

fn refusal(words: &Words) -> &'static str {
    words.pick(
        "Nama tidak dibuka. Kodenya harus dari petugas yang disamarkan di kantor ini, alasannya 10 sampai 500 huruf, dan paling banyak 10 nama terbuka bersamaan.",
        "The name stays closed. The code must be a covered officer's of this office, the reason 10 to 500 characters long, and no more than 10 names are open at once.",
    )
}

fn page_of(ask: &Ask, open: &[Open], asked: &Asked<'_>, error: Option<&str>) -> Markup {
    let words = ask.words;
    let title = words.pick("Buka nama petugas", "Show an officer's name");
    let minutes = REVEALED_MS / 60_000;
    let office = ask.office();
    let body = html! {
        (page::heading(title, Some(&match words.code {
            "id" => format!("Nama terbuka bagi Anda selama {minutes} menit. Alasan Anda tercatat, dan petugas itu dapat membacanya pada halamannya sendiri."),
            _ => format!("The name is shown to you for {minutes} minutes. Your reason is recorded, and the officer can read it on his own page."),
        })))
        @if let Some(error) = error { p.notice.dead role="alert" { (error) } }
        form.form method="post" action="/reveal" {
            (proof(ask))
            input type="hidden" name="next" value=(next_place(Some(asked.next)));
            @if let Some(office) = office { input type="hidden" name="office" value=(office.roster.office.id); }
            (field(words.pick("Kode petugas", "The officer's code"), html! {
                input name="officer" value=(asked.officer) maxlength="64" required autocomplete="off" spellcheck="false" autocapitalize="none";
            }))
            (field(words.reason, html! {
                textarea name="reason" rows="3" minlength="10" maxlength="500" required { (asked.reason) }
            }))
            button.button type="submit" { (words.pick("Catat dan buka", "Record and show")) }
        }
        @if !open.is_empty() {
            section aria-labelledby="open" {
                h2 #open { (words.pick("Sedang terbuka bagi Anda", "Shown to you now")) }
                ul.plain {
                    @for open in open {
                        @let office = ask.live.offices.iter().find(|office| office.roster.office.id.as_str() == open.office);
                        li {
                            (super::shown::officer_name(office, &open.officer)) " " code { (open.officer) } " "
                            span.soft { (words.pick("sampai", "until")) " " (page::short_time(open.until, ask.zone())) }
                        }
                    }
                }
            }
        }
    };
    page::shell(ask, Tab::None, title, false, body)
}
