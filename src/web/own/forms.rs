//! What somebody says for himself: a statement, an appeal, a request for correction.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};

use super::super::Site;
use super::super::ask::{Ask, Reader, address};
use super::super::fault::Fault;
use super::super::page::{self, Tab};
use super::super::posted::Posted;
use super::Own;
use crate::case::Refusal;
use crate::case::acts::{REASON_MAX, Wish};
use crate::case::correction::{ABOUT_MAX, CorrectionWish};
use crate::case::order::{CaseOrder, Order};
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
    let saying = Saying {
        what: Order::Correction {
            office: Some(own.office),
            wish: CorrectionWish::Ask { about },
        },
        reason: form.text("reason"),
        back: "/me",
        done: "correction",
    };
    say(&site, &ask, &reader, saying).await
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
    let back = format!("/me/incidents/{incident}");
    let saying = Saying {
        what: Order::Case { incident, wish, seen },
        reason: form.text("reason"),
        back: &back,
        done: wish.as_str(),
    };
    say(&site, &ask, &reader, saying).await
}

/// What is said, and where it leads back to.
struct Saying<'a> {
    what: Order,
    reason: &'a str,
    back: &'a str,
    done: &'a str,
}

/// By himself, whatever his role: the law gives it to whoever it is about.
async fn say(site: &Site, ask: &Ask, reader: &Reader, saying: Saying<'_>) -> Result<Response, Fault> {
    if saying.reason.trim().is_empty() {
        return Ok(refused(ask, &Refusal::NoReason, saying.back, Tab::Mine));
    }
    let orders = site.orders.as_ref().ok_or(Fault::Unavailable)?;
    let order = CaseOrder {
        who: reader.who.account.holder.person.clone().ok_or(Fault::NotFound)?,
        post: None,
        reason: saying.reason.to_owned(),
        what: saying.what,
    };
    match (orders.carry)(order).await {
        Ok(_) => Ok(Redirect::to(&address(saying.back, [("done", saying.done)])).into_response()),
        Err(refusal) => Ok(refused(ask, &refusal, saying.back, Tab::Mine)),
    }
}

/// Why it was not done, with the status of the refusal.
pub fn refused(ask: &Ask, refusal: &Refusal, back: &str, tab: Tab) -> Response {
    let words = ask.words;
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::CONFLICT);
    let title = words.pick("Tidak dilakukan", "Not done");
    let (why, todo) = words.refusal(refusal);
    let body = html! {
        section.fault {
            h1 { (title) }
            p { (why) " " (todo) }
            p { a.button href=(back) { (words.pick("Kembali", "Back")) } }
        }
    };
    (status, page::shell(ask, tab, title, false, body)).into_response()
}
