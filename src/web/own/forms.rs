//! What somebody says for himself: a statement, an appeal, a request for correction.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};

use super::super::Site;
use super::super::ask::{Ask, Reader, address};
use super::super::fault::Fault;
use super::super::page::{self, Tab};
use super::super::posted::Posted;
use super::super::says::{Said, What};
use super::super::words::Words;
use super::{Own, shown_title};
use crate::case::Refusal;
use crate::case::acts::{REASON_MAX, Wish};
use crate::case::correction::{ABOUT_MAX, CorrectionWish};
use crate::store::rows::IncidentRow;

/// Where a form writes somebody's words.
pub fn words_field(label: &str) -> Markup {
    html! { label { span { (label) } textarea name="reason" rows="5" required maxlength=(REASON_MAX / 2) {} } }
}

/// The form of a request for correction; his incidents are offered as records.
pub fn correction(ask: &Ask, incidents: &[IncidentRow]) -> Markup {
    let words = ask.words;
    html! {
        form.form method="post" action="/me/corrections" {
            (page::proof(ask))
            p.hint {
                (words.pick(
                    "Katakan catatan mana yang salah dan apa yang benar. Tim kepatuhan menjawab dalam 3 x 24 jam, dan jawabannya dikirim kepada Anda.",
                    "Say which record is wrong and what is right. The integrity team answers within 3 x 24 hours, and the answer is mailed to you.",
                ))
            }
            label { span { (words.pick("Catatan mana", "Which record")) }
                input name="about" list="records" required maxlength=(ABOUT_MAX / 2) autocomplete="off";
                datalist #records {
                    @for row in incidents { option value={ (words.incident) " #" (row.n) " · " (row.date) } {} }
                    option value=(words.pick("Data saya di roster", "My entry in the roster")) {}
                    option value=(words.pick("Menit pelayanan saya", "My minutes of service")) {}
                    option value=(words.pick("Pengecualian saya", "My exemptions")) {}
                }
            }
            (words_field(words.pick("Yang benar", "What is right")))
            button.button type="submit" { (words.pick("Minta perbaikan", "Ask for a correction")) }
        }
    }
}

/// `POST /me/corrections`
pub async fn correct(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let own = Own::of(&site, &reader).ok_or(Fault::NotFound)?;
    let about = form.word("about").unwrap_or_default().to_owned();
    let what = What::Correction(CorrectionWish::Ask { about });
    say(
        &site,
        &ask,
        &reader,
        &own,
        form.text("reason"),
        what,
        "/me",
        "correction",
    )
    .await
}

/// `POST /me/incidents/{n}/state`
pub async fn state(
    State(site): State<Site>,
    Path(n): Path<String>,
    ask: Ask,
    reader: Reader,
    form: Posted,
) -> Result<Response, Fault> {
    of_incident(site, n, ask, reader, form, Wish::State).await
}

/// `POST /me/incidents/{n}/appeal`
pub async fn appeal(
    State(site): State<Site>,
    Path(n): Path<String>,
    ask: Ask,
    reader: Reader,
    form: Posted,
) -> Result<Response, Fault> {
    of_incident(site, n, ask, reader, form, Wish::Appeal).await
}

async fn of_incident(
    site: Site,
    n: String,
    ask: Ask,
    reader: Reader,
    form: Posted,
    wish: Wish,
) -> Result<Response, Fault> {
    let incident = n.parse::<i64>().map_err(|_| Fault::NotFound)?;
    let own = Own::of(&site, &reader).ok_or(Fault::NotFound)?;
    // One that is not his does not exist for him.
    if site.store.incident(&own.scope, incident).await?.is_none() {
        site.door
            .refused(Some(&reader.who), &reader.caller, "not_own", &ask.path)
            .await?;
        return Err(Fault::NotFound);
    }
    let seen = form.word("seen").and_then(|steps| steps.parse().ok());
    let what = What::Case { incident, wish, seen };
    let done = if wish == Wish::State { "state" } else { "appeal" };
    let back = format!("/me/incidents/{incident}");
    say(&site, &ask, &reader, &own, form.text("reason"), what, &back, done).await
}

#[expect(
    clippy::too_many_arguments,
    reason = "what is said, by whom, and where it leads back to"
)]
async fn say(
    site: &Site,
    ask: &Ask,
    reader: &Reader,
    own: &Own,
    reason: &str,
    what: What,
    back: &str,
    done: &str,
) -> Result<Response, Fault> {
    let say = site.say.as_ref().ok_or(Fault::Unavailable)?;
    let who = reader.who.account.holder.person.clone().ok_or(Fault::NotFound)?;
    let said = Said {
        office: own.office.clone(),
        who,
        reason: reason.to_owned(),
        what,
    };
    match say(said).await {
        Ok(()) => Ok(Redirect::to(&address(back, [("done", done)])).into_response()),
        Err(refusal) => Ok(refused(ask, &refusal, back, Tab::Own)),
    }
}

/// Why it was not done, with the status of the refusal.
pub fn refused(ask: &Ask, refusal: &Refusal, back: &str, tab: Tab) -> Response {
    let words = ask.words;
    let status = axum::http::StatusCode::from_u16(refusal.status()).unwrap_or(axum::http::StatusCode::CONFLICT);
    let title = words.pick("Tidak dilakukan", "Not done");
    let body = html! {
        section.fault {
            h1 { (title) }
            p { (why(refusal, words)) }
            p { a.button href=(back) { (shown_title(words)) } }
        }
    };
    (status, page::shell(ask, tab, title, false, body)).into_response()
}

fn why(refusal: &Refusal, words: &Words) -> String {
    let id = match refusal {
        Refusal::NoReason => "Tulis penjelasan Anda dalam satu kalimat atau lebih.",
        Refusal::TooLong(_) => "Tulisan Anda terlalu panjang.",
        Refusal::WrongStage(_) => "Perkara ini tidak berada pada tahap yang memungkinkannya.",
        Refusal::TooLate(_) => "Waktunya sudah lewat.",
        Refusal::AppealPending => "Keberatan Anda sedang ditinjau.",
        Refusal::Changed(_) => "Perkara ini berubah sejak Anda membukanya. Buka lagi dan ulangi.",
        Refusal::Own => "Permintaan Anda sendiri dijawab oleh orang lain.",
        Refusal::ForIntegrity => "Ini tugas tim kepatuhan.",
        Refusal::ForOfficer => "Hanya petugas yang bersangkutan dapat melakukannya.",
        Refusal::Answered => "Permintaan ini sudah dijawab.",
        Refusal::TooManyOpen(_) => "Terlalu banyak permintaan Anda yang masih menunggu jawaban.",
        Refusal::Unknown(_) => "Anda tidak ada di roster kantor ini.",
        Refusal::NoCase(_) | Refusal::NoRequest(_) => "Tidak ditemukan.",
        Refusal::NotWritten => {
            "Sistem sedang berhenti atau tidak dapat menyimpan. Tidak ada yang dilakukan; coba lagi."
        }
        _ => "Hal ini tidak dapat dilakukan.",
    };
    words.pick(id, &format!("{refusal}.")).to_owned()
}
