//! The way to an OpenID provider and back. Nothing is changed until the reader himself sends the form he comes back to.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, address, next_place};
use super::cookies::Cookie;
use super::fault::Fault;
use super::page::{self, Tab, proof};
use super::posted::Posted;
use super::sign_in::{came_in, refused};
use crate::door::{BACK, Back, Caller};

/// A link to the provider, where there is one. `anew`: to prove once more who one is.
pub fn button(site: &Site, ask: &Ask, next: &str, anew: bool) -> Markup {
    let again = if anew { "1" } else { "" };
    html! {
        @if let Some(provider) = &site.door.provider {
            p.form-row {
                a.button.quiet href=(address("/sign-in/provider", [("next", next), ("again", again)])) {
                    (ask.words.pick("Masuk dengan", "Sign in with")) " " (provider.name)
                }
            }
        }
    }
}

pub async fn go(State(site): State<Site>, ask: Ask) -> Result<Response, Fault> {
    let next = next_place(ask.param("next"));
    let going = match site.door.go_to_provider(&next, ask.param("again").is_some()).await {
        Ok(going) => going,
        Err(trouble) => return refused(&site, &ask, &next, trouble),
    };
    let mut response = Redirect::to(&going.address).into_response();
    let cookie = Cookie::Provider.set(&going.kept, site.is_secure());
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Back from the provider: one more step, by the reader's own hand, for an address alone changes nothing.
pub async fn back(ask: Ask) -> Markup {
    let words = ask.words;
    let title = words.pick("Masuk", "Sign in");
    let of = |name| ask.param(name).unwrap_or_default();
    let body = html! {
        (page::heading(title, None))
        @if of("code").is_empty() {
            p.notice.dead role="alert" {
                (words.pick("Penyedia identitas tidak mengizinkan masuk.", "The identity provider did not let you in."))
            }
            p { a href="/sign-in" { (words.pick("Kembali ke halaman masuk", "Back to signing in")) } }
        } @else {
            form.form method="post" action=(BACK) {
                (proof(&ask))
                @for name in ["state", "code", "iss"] { input type="hidden" name=(name) value=(of(name)); }
                p { (words.pick("Penyedia identitas sudah menjawab.", "The identity provider has answered.")) }
                button.button type="submit" { (words.pick("Lanjutkan", "Go on")) }
            }
        }
    };
    page::shell(&ask, Tab::None, title, false, body)
}

pub async fn enter(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    ask: Ask,
    form: Posted,
) -> Result<Response, Fault> {
    let secure = site.is_secure();
    let kept = Cookie::Provider.read(&headers, secure).unwrap_or_default();
    let before = Cookie::Session.read(&headers, secure);
    let back = Back {
        kept: &kept,
        state: form.text("state"),
        code: form.text("code"),
        issuer: form.text("iss"),
    };
    let mut response = match site.door.came_back(back, before.as_deref(), &caller).await {
        Ok((came, next)) => came_in(&site, &came, &next),
        Err(trouble) => refused(&site, &ask, "/", trouble)?,
    };
    response
        .headers_mut()
        .append(header::SET_COOKIE, Cookie::Provider.clear(secure));
    Ok(response)
}
