//! Passkeys on the sign-in page and on one's own account's. They alone need a script: a browser gives them to nothing else.

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use maud::{Markup, html};

use super::Site;
use super::account::back;
use super::ask::{Ask, Reader, next_place};
use super::assets::VERSION;
use super::cookies::Cookie;
use super::fault::Fault;
use super::page::{self, field, proof};
use super::posted::Posted;
use super::sign_in::{came_in, refused};
use crate::door::{Answer, Caller};
use crate::store::accounts::Passkey;

/// What every form of a passkey has.
fn ceremony(site: &Site, ask: &Ask, fields: &[&str], button: &str) -> (String, Markup) {
    let challenge = site.door.challenge(&ask.form);
    let failed = ask.words.pick("Passkey tidak dipakai.", "No passkey was used.");
    let inside = html! {
        (proof(ask))
        input type="hidden" name="challenge" value=(challenge.sealed);
        @for name in fields { input type="hidden" name=(name); }
        button.button.quiet type="submit" { (button) }
        p.error hidden data-failed role="alert" { (failed) }
    };
    (challenge.text, inside)
}

fn script() -> Markup {
    html! { script src={ "/static/passkey.js?v=" (*VERSION) } defer {} }
}

/// The button beside name and password.
pub fn sign_in_form(site: &Site, ask: &Ask, next: &str) -> Markup {
    let button = ask.words.pick("Masuk dengan passkey", "Sign in with a passkey");
    let (challenge, inside) = ceremony(site, ask, &["id", "client", "data", "signature"], button);
    html! {
        form.form method="post" action="/sign-in/passkey" hidden data-passkey="use" data-challenge=(challenge) data-host=(site.door.host()) {
            input type="hidden" name="next" value=(next);
            (inside)
        }
        (script())
    }
}

pub fn section(site: &Site, ask: &Ask, reader: &Reader, passkeys: &[Passkey]) -> Markup {
    let words = ask.words;
    let zone = ask.zone();
    let at = |moment| page::time_on(moment, ask.live.now, zone, words);
    let button = words.pick("Buat passkey", "Make a passkey");
    let (challenge, inside) = ceremony(site, ask, &["client", "data", "public"], button);
    let account = &reader.who.account;
    html! {
        section aria-labelledby="passkeys" {
            h2 #passkeys { (words.pick("Passkey", "Passkeys")) }
            p.hint {
                (words.pick(
                    "Dengan passkey Anda masuk tanpa kata sandi: perangkat memeriksa Anda. Perlu skrip.",
                    "With a passkey you sign in without a password: your device verifies you. It needs a script.",
                ))
            }
            @if !passkeys.is_empty() {
                table.list role="table" {
                    caption.unseen { (words.pick("Passkey", "Passkeys")) }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.pick("Nama", "Name")) }
                        th scope="col" role="columnheader" { (words.pick("Dibuat", "Made")) }
                        th scope="col" role="columnheader" { (words.pick("Terakhir dipakai", "Last used")) }
                        th scope="col" role="columnheader" { (words.pick("Tindakan", "Action")) }
                    } }
                    tbody role="rowgroup" {
                        @for passkey in passkeys {
                            tr role="row" {
                                td.lead role="cell" { (passkey.name) }
                                td role="cell" data-label=(words.pick("Dibuat", "Made")) { (at(passkey.created)) }
                                td role="cell" data-label=(words.pick("Terakhir dipakai", "Last used")) {
                                    @match passkey.used { Some(used) => (at(used)), None => (words.none) }
                                }
                                td role="cell" data-label=(words.pick("Tindakan", "Action")) {
                                    form method="post" action="/account/passkeys/end" {
                                        (proof(ask))
                                        input type="hidden" name="passkey" value=(passkey.id);
                                        button.button.quiet type="submit" { (words.pick("Akhiri", "End")) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            form.form method="post" action="/account/passkeys" hidden data-passkey="make" data-challenge=(challenge)
                data-host=(site.door.host()) data-user=(account.id) data-name=(account.name) {
                (field(words.pick("Nama passkey", "Name of the passkey"), html! {
                    input name="name" maxlength="60" autocomplete="off" required;
                }))
                (inside)
            }
            (script())
        }
    }
}

fn answer(form: &Posted) -> Answer<'_> {
    Answer {
        challenge: form.text("challenge"),
        client: form.text("client"),
        data: form.text("data"),
    }
}

pub async fn enter(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    ask: Ask,
    form: Posted,
) -> Result<Response, Fault> {
    let before = Cookie::Session.read(&headers, site.is_secure());
    let next = next_place(Some(form.text("next")));
    let (id, signature) = (form.text("id"), form.text("signature"));
    let came = site
        .door
        .sign_in_by_passkey(&ask.form, id, answer(&form), signature, before.as_deref(), &caller)
        .await;
    match came {
        Ok(came) => Ok(came_in(&site, &came, &next)),
        Err(trouble) => refused(&site, &ask, &next, trouble),
    }
}

pub async fn add(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let done = site
        .door
        .add_passkey(
            &reader.who,
            &reader.caller,
            &ask.form,
            form.text("name"),
            answer(&form),
            form.text("public"),
        )
        .await;
    back(&site, &ask, &reader, done).await
}

pub async fn end(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let done = site
        .door
        .end_passkey(&reader.who, &reader.caller, form.text("passkey"))
        .await;
    back(&site, &ask, &reader, done).await
}
