//! Signing in and out, links that were mailed, and proving once more who one is.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader, address, next_place};
use super::cookies::Cookie;
use super::fault::{Fault, Refusal};
use super::page::{self, Tab, field, proof};
use super::posted::Posted;
use crate::accounts::password::{LENGTH_MIN, Weak};
use crate::door::{Caller, Came, SignIn, Trouble};
use crate::store::accounts::Purpose;

/// What went wrong, in the reader's language, and the status that goes with it; `None`: it is a fault of ours.
pub(super) fn told(ask: &Ask, trouble: &Trouble) -> Option<(StatusCode, String)> {
    let words = ask.words;
    let text = match trouble {
        Trouble::Wrong => words.pick(
            "Nama, kata sandi, atau kode salah.",
            "The name, the password or the code is wrong.",
        ),
        Trouble::Wait { seconds } => {
            let text = match words.code {
                "id" => format!("Terlalu banyak percobaan gagal. Coba lagi dalam {seconds} detik."),
                _ => format!("Too many attempts failed. Try again in {seconds} s."),
            };
            return Some((StatusCode::TOO_MANY_REQUESTS, text));
        }
        Trouble::Busy => {
            let text = words.pick("Sedang sibuk. Coba lagi sebentar lagi.", "Busy. Try again in a moment.");
            return Some((StatusCode::SERVICE_UNAVAILABLE, text.to_owned()));
        }
        Trouble::Away => {
            let text = ask.words.pick(
                "Penyedia identitas tidak menjawab. Coba lagi, atau masuk dengan kata sandi.",
                "The identity provider does not answer. Try again, or sign in with a password.",
            );
            return Some((StatusCode::BAD_GATEWAY, text.to_owned()));
        }
        Trouble::Weak(weak) => return Some((StatusCode::UNPROCESSABLE_ENTITY, weak_text(ask, *weak))),
        Trouble::Link => words.pick(
            "Tautan ini sudah dipakai, sudah lewat, atau salah. Mintalah yang baru.",
            "This link is used, over or wrong. Ask for a new one.",
        ),
        Trouble::Refused(why) => return Some((StatusCode::UNPROCESSABLE_ENTITY, why.clone())),
        Trouble::Overtaken | Trouble::Stopping | Trouble::Store(_) => return None,
    };
    Some((StatusCode::UNPROCESSABLE_ENTITY, text.to_owned()))
}

fn weak_text(ask: &Ask, weak: Weak) -> String {
    let words = ask.words;
    match weak {
        Weak::Short => format!(
            "{} {LENGTH_MIN}.",
            words.pick("Terlalu pendek. Panjang paling sedikit", "Too short. It needs at least")
        ),
        Weak::Long => words.pick("Terlalu panjang.", "Too long.").to_owned(),
        Weak::Common => words
            .pick(
                "Kata sandi ini termasuk yang pertama dicoba orang. Beberapa kata acak adalah pilihan yang baik.",
                "This password is one of those that are tried first. A few words chosen by chance are a good one.",
            )
            .to_owned(),
        Weak::Personal => words
            .pick(
                "Kata sandi ini memuat nama Anda sendiri.",
                "This password holds your own name.",
            )
            .to_owned(),
    }
}

/// What a new password should be, under its field.
pub(super) fn password_hint(ask: &Ask) -> Markup {
    let words = ask.words;
    html! {
        p.hint {
            (words.pick("Paling sedikit", "At least")) " " (LENGTH_MIN) " "
            (words.pick(
                "karakter; beberapa kata acak adalah pilihan yang baik.",
                "characters; a few words chosen by chance are a good one.",
            ))
        }
    }
}

pub(super) fn code_field(ask: &Ask, needed: bool) -> Markup {
    let label = match needed {
        true => ask.words.pick(
            "Kode sekali pakai atau kode pemulihan",
            "One-time code or recovery code",
        ),
        false => ask.words.pick(
            "Kode sekali pakai (bila dipasang)",
            "One-time code (where you have set it up)",
        ),
    };
    field(
        label,
        html! {
            input name="code" autocomplete="one-time-code" inputmode="text" maxlength="40" required[needed];
        },
    )
}

pub async fn show(State(site): State<Site>, ask: Ask) -> Response {
    let next = next_place(ask.param("next"));
    if ask.who.is_some() {
        return Redirect::to(&next).into_response();
    }
    sign_in_page(&site, &ask, &next, None, StatusCode::OK)
}

fn sign_in_page(site: &Site, ask: &Ask, next: &str, error: Option<&str>, status: StatusCode) -> Response {
    let words = ask.words;
    let title = words.pick("Masuk", "Sign in");
    let done = ask.param("done");
    let body = html! {
        (page::heading(title, None))
        @if done == Some("password") {
            p.notice role="status" { (words.pick("Kata sandi sudah dipilih. Silakan masuk.", "The password is chosen. Sign in with it.")) }
        }
        @if done == Some("out") { p.notice role="status" { (words.pick("Anda sudah keluar.", "You are signed out.")) } }
        @if let Some(error) = error { p.notice.dead role="alert" { (error) } }
        form.form method="post" action="/sign-in" {
            (proof(ask))
            input type="hidden" name="next" value=(next);
            (field(words.pick("Nama akun", "Account name"), html! {
                input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="128" required;
            }))
            (field(words.pick("Kata sandi", "Password"), html! {
                input name="password" type="password" autocomplete="current-password" maxlength="1024" required;
            }))
            (code_field(ask, false))
            button.button type="submit" { (title) }
            p.hint { a href="/forgot" { (words.pick("Lupa kata sandi?", "Forgotten your password?")) } }
        }
        (super::provider::button(site, ask, next, false))
        (super::passkeys::sign_in_form(site, ask, next))
        @if !site.settings.shown.is_empty() {
            section aria-labelledby="shown" {
                h2 #shown { (words.pick("Akun demo", "Accounts of the demo")) }
                p.hint { (words.pick("Hanya ada di demo ini.", "They exist in this demo alone.")) }
                table.list role="table" {
                    caption.unseen { (words.pick("Akun demo", "Accounts of the demo")) }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.pick("Nama akun", "Account name")) }
                        th scope="col" role="columnheader" { (words.pick("Kata sandi", "Password")) }
                        th scope="col" role="columnheader" { (words.pick("Peran", "Role")) }
                    } }
                    tbody role="rowgroup" {
                        @for shown in &site.settings.shown {
                            tr role="row" {
                                td.lead role="cell" { code { (shown.name) } }
                                td role="cell" data-label=(words.pick("Kata sandi", "Password")) { code { (shown.password) } }
                                td role="cell" data-label=(words.pick("Peran", "Role")) { (words.pick(&shown.is[0], &shown.is[1])) }
                            }
                        }
                    }
                }
            }
        }
    };
    (status, page::shell(ask, Tab::None, title, false, body)).into_response()
}

pub async fn enter(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    ask: Ask,
    form: Posted,
) -> Result<Response, Fault> {
    let secure = site.is_secure();
    let device = Cookie::Device.read(&headers, secure);
    let before = Cookie::Session.read(&headers, secure);
    let next = next_place(Some(form.text("next")));
    let came = site.door.sign_in(SignIn {
        name: form.text("name"),
        password: form.text("password"),
        code: form.text("code"),
        device: device.as_deref(),
        before: before.as_deref(),
        caller: &caller,
    });
    match came.await {
        Ok(came) => Ok(came_in(&site, &came, &next)),
        Err(trouble) => refused(&site, &ask, &next, trouble),
    }
}

/// On to where he was going, with what his browser is to keep.
pub(super) fn came_in(site: &Site, came: &Came, next: &str) -> Response {
    let secure = site.is_secure();
    let mut response = Redirect::to(next).into_response();
    let cookies = [
        Cookie::Session.set(&came.token, secure),
        Cookie::Device.set(&came.device, secure),
        Cookie::Visit.clear(secure),
    ];
    response
        .headers_mut()
        .extend(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)));
    response
}

/// The sign-in page once more, with what went wrong.
pub(super) fn refused(site: &Site, ask: &Ask, next: &str, trouble: Trouble) -> Result<Response, Fault> {
    let Some((status, text)) = told(ask, &trouble) else {
        return Err(trouble.into());
    };
    let mut response = sign_in_page(site, ask, next, Some(&text), status);
    if let Trouble::Wait { seconds } = trouble {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

pub async fn leave(State(site): State<Site>, reader: Reader) -> Result<Response, Fault> {
    site.door.sign_out(&reader.who, &reader.caller).await?;
    let mut response = Redirect::to("/sign-in?done=out").into_response();
    let cookie = Cookie::Session.clear(site.is_secure());
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

pub async fn forgot(ask: Ask) -> Markup {
    forgot_page(&ask, false)
}

pub async fn send_reset(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
    ask: Ask,
    form: Posted,
) -> Markup {
    if let Some(said) = form.word("name") {
        site.door.forgot(said, &caller);
    }
    forgot_page(&ask, true)
}

fn forgot_page(ask: &Ask, sent: bool) -> Markup {
    let words = ask.words;
    let title = words.pick("Kata sandi baru", "A new password");
    let body = html! {
        (page::heading(title, None))
        @if sent {
            p.notice role="status" {
                (words.pick(
                    "Bila akun itu ada dan mempunyai alamat surel, sebuah tautan sedang dikirim ke sana. Tautan berlaku satu jam.",
                    "If there is such an account and it has an e-mail address, a link is on its way there. It is good for an hour.",
                ))
            }
        }
        form.form method="post" action="/forgot" {
            (proof(ask))
            (field(words.pick("Nama akun atau alamat surel", "Account name or e-mail address"), html! {
                input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="254" required;
            }))
            button.button type="submit" { (words.pick("Kirim tautan", "Send the link")) }
            p.hint { a href="/sign-in" { (words.pick("Kembali ke halaman masuk", "Back to signing in")) } }
        }
    };
    page::shell(ask, Tab::None, title, false, body)
}

pub async fn link(State(site): State<Site>, Path(token): Path<String>, ask: Ask) -> Result<Response, Fault> {
    link_page(&site, &token, &ask, None).await
}

async fn link_page(
    site: &Site,
    token: &str,
    ask: &Ask,
    error: Option<(StatusCode, String)>,
) -> Result<Response, Fault> {
    let words = ask.words;
    let title = words.pick("Pilih kata sandi", "Choose a password");
    let (link, account) = match site.door.link(token).await {
        Ok(found) => found,
        Err(trouble @ Trouble::Link) => {
            let text = told(ask, &trouble).map(|(_, text)| text).unwrap_or_default();
            let body = html! {
                (page::heading(title, None))
                p.notice.dead role="alert" { (text) }
                p { a href="/forgot" { (words.pick("Minta tautan baru", "Ask for a new link")) } }
            };
            let page = page::shell(ask, Tab::None, title, false, body);
            return Ok((StatusCode::NOT_FOUND, Extension(Refusal("link")), page).into_response());
        }
        Err(other) => return Err(other.into()),
    };
    let (status, error) = error.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let body = html! {
        (page::heading(title, Some(match link.purpose {
            Purpose::Invitation => words.pick("Akun Anda sudah disiapkan.", "Your account is ready."),
            Purpose::Reset => words.pick("Semua sesi akun ini akan berakhir.", "Every session of this account will end."),
        })))
        @if let Some(error) = error { p.notice.dead role="alert" { (error) } }
        form.form method="post" action={ "/link/" (token) } {
            (proof(ask))
            (field(words.pick("Nama akun", "Account name"), html! {
                input name="name" value=(account.name) autocomplete="username" readonly;
            }))
            (field(words.pick("Kata sandi baru", "New password"), html! {
                input name="password" type="password" autocomplete="new-password" maxlength="256" required;
            }))
            (password_hint(ask))
            @if account.seed.is_some() { (code_field(ask, true)) }
            button.button type="submit" { (words.pick("Simpan", "Save")) }
        }
    };
    Ok((status, page::shell(ask, Tab::None, title, false, body)).into_response())
}

pub async fn redeem(
    State(site): State<Site>,
    Path(token): Path<String>,
    Extension(caller): Extension<Caller>,
    ask: Ask,
    form: Posted,
) -> Result<Response, Fault> {
    let done = site
        .door
        .redeem(&token, form.text("password"), form.text("code"), &caller)
        .await;
    match done {
        Ok(()) => Ok(Redirect::to("/sign-in?done=password").into_response()),
        Err(trouble) => match told(&ask, &trouble) {
            Some(error) => link_page(&site, &token, &ask, Some(error)).await,
            None => Err(trouble.into()),
        },
    }
}

pub async fn confirm(State(site): State<Site>, ask: Ask, reader: Reader) -> Response {
    confirm_page(&site, &ask, &reader, &next_place(ask.param("next")), None)
}

fn confirm_page(site: &Site, ask: &Ask, reader: &Reader, next: &str, error: Option<(StatusCode, String)>) -> Response {
    let words = ask.words;
    let title = words.pick("Buktikan siapa Anda", "Prove who you are");
    let (status, error) = error.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let hint = words.pick(
        "Langkah berikut memerlukan bukti yang baru.",
        "What comes next needs a fresh proof.",
    );
    let body = html! {
        (page::heading(title, Some(hint)))
        @if let Some(error) = error { p.notice.dead role="alert" { (error) } }
        @if reader.who.account.subject.is_some() { (super::provider::button(site, ask, next, true)) }
        form.form method="post" action="/confirm" {
            (proof(ask))
            input type="hidden" name="next" value=(next);
            (super::account::username(&reader.who.account.name))
            (field(words.pick("Kata sandi", "Password"), html! {
                input name="password" type="password" autocomplete="current-password" maxlength="1024" required;
            }))
            @if reader.who.account.seed.is_some() { (code_field(ask, true)) }
            button.button type="submit" { (words.pick("Lanjutkan", "Go on")) }
        }
    };
    (status, page::shell(ask, Tab::None, title, false, body)).into_response()
}

pub async fn prove(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let next = next_place(Some(form.text("next")));
    let (password, code) = (form.text("password"), form.text("code"));
    match site.door.prove(&reader.who, &reader.caller, password, code).await {
        Ok(token) => {
            let mut response = Redirect::to(&address(&next, [])).into_response();
            let cookie = Cookie::Session.set(&token, site.is_secure());
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(trouble) => match told(&ask, &trouble) {
            Some(error) => Ok(confirm_page(&site, &ask, &reader, &next, Some(error))),
            None => Err(trouble.into()),
        },
    }
}
