//! One's own account: password, one-time codes, and where one is signed in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, PreEscaped, html};

use super::Site;
use super::ask::{Ask, Reader};
use super::fault::Fault;
use super::page::{self, Tab, field, proof};
use super::posted::Posted;
use super::sign_in::{password_hint, told};
use crate::door::{NewSeed, Trouble};
use crate::store::accounts::Session;

pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    account_page(&site, &ask, &reader, None).await
}

async fn account_page(
    site: &Site,
    ask: &Ask,
    reader: &Reader,
    error: Option<(StatusCode, String)>,
) -> Result<Response, Fault> {
    let words = ask.words;
    let who = &reader.who;
    let sessions = site.door.store.sessions_of(&who.account.id).await?;
    let title = words.pick("Akun saya", "My account");
    let (status, error) = error.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let codes = who.account.seed.is_some();
    let passkeys = site.door.store.passkeys_of(&who.account.id).await?;
    let tokens = site.door.store.tokens_of(&who.account.id).await?;
    let body = html! {
        (page::heading(title, Some(&who.account.name)))
        @if let Some(error) = error { p.notice.dead role="alert" { (error) } }
        @if ask.param("done").is_some() { p.notice role="status" { (words.pick("Tersimpan.", "Saved.")) } }
        section aria-labelledby="roles" {
            h2 #roles { (words.pick("Peran", "Roles")) }
            @if who.roles.is_empty() { p.calm { (words.pick("Belum ada peran.", "No role yet.")) } }
            ul { @for role in &who.roles { li { (super::users::role_name(*role, words)) } } }
        }
        section aria-labelledby="codes" {
            h2 #codes { (words.pick("Kode sekali pakai", "One-time codes")) }
            @if codes {
                p.hint {
                    (words.pick("Terpasang. Kode pemulihan yang tersisa:", "Set up. Recovery codes that are left:"))
                    " " (who.account.recovery.len())
                }
                div.form-row {
                    form method="post" action="/account/recovery" {
                        (proof(ask))
                        button.button.quiet type="submit" { (words.pick("Kode pemulihan baru", "New recovery codes")) }
                    }
                    form method="post" action="/account/codes/remove" {
                        (proof(ask))
                        button.button.quiet type="submit" { (words.pick("Lepas", "Remove")) }
                    }
                }
            } @else {
                p.hint {
                    (words.pick(
                        "Belum terpasang. Dengan kode sekali pakai, kata sandi saja tidak cukup untuk masuk.",
                        "Not set up. With one-time codes a password alone does not open your account.",
                    ))
                }
                p { a.button.quiet href="/account/codes" { (words.pick("Pasang", "Set up")) } }
            }
        }
        section aria-labelledby="password" {
            h2 #password { (words.pick("Kata sandi", "Password")) }
            form.form method="post" action="/account/password" {
                (proof(ask))
                (username(&who.account.name))
                (field(words.pick("Kata sandi baru", "New password"), html! {
                    input name="password" type="password" autocomplete="new-password" maxlength="256" required;
                }))
                (password_hint(ask))
                button.button type="submit" { (words.pick("Ganti; sesi lain berakhir", "Change it; other sessions end")) }
            }
        }
        (super::passkeys::section(site, ask, reader, &passkeys))
        (super::tokens::section(ask, &tokens))
        section aria-labelledby="sessions" {
            h2 #sessions { (words.pick("Sesi", "Sessions")) }
            table.list role="table" {
                caption.unseen { (words.pick("Sesi", "Sessions")) }
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { (words.pick("Peramban", "Browser")) }
                    th scope="col" role="columnheader" { (words.pick("Alamat", "Address")) }
                    th scope="col" role="columnheader" { (words.pick("Masuk", "Signed in")) }
                    th scope="col" role="columnheader" { (words.pick("Terakhir dipakai", "Last used")) }
                    th scope="col" role="columnheader" { (words.pick("Tindakan", "Action")) }
                } }
                tbody role="rowgroup" { @for session in &sessions { (session_row(ask, reader, session)) } }
            }
            @if sessions.len() > 1 {
                form method="post" action="/account/sessions/end-others" {
                    (proof(ask))
                    button.button.quiet type="submit" { (words.pick("Akhiri semua sesi lain", "End all other sessions")) }
                }
            }
        }
    };
    Ok((status, page::shell(ask, Tab::None, title, false, body)).into_response())
}

/// For programs that keep passwords: whose it is.
pub(super) fn username(name: &str) -> Markup {
    html! { input type="text" name="username" value=(name) autocomplete="username" aria-label="username" hidden; }
}

fn session_row(ask: &Ask, reader: &Reader, session: &Session) -> Markup {
    let words = ask.words;
    let own = session.hash == reader.who.session.hash;
    let zone = ask.zone();
    let at = |moment| page::time_on(moment, ask.live.now, zone, words);
    html! {
        tr role="row" {
            td.lead role="cell" {
                span.break { (session.agent) }
                @if own { " " span.state.state-sent { (words.pick("sesi ini", "this one")) } }
            }
            td role="cell" data-label=(words.pick("Alamat", "Address")) { (session.address) }
            td role="cell" data-label=(words.pick("Masuk", "Signed in")) { (at(session.created)) }
            td role="cell" data-label=(words.pick("Terakhir dipakai", "Last used")) { (at(session.seen)) }
            td role="cell" data-label=(words.pick("Tindakan", "Action")) {
                @if own { (words.none) } @else {
                    form method="post" action="/account/sessions/end" {
                        (proof(ask))
                        input type="hidden" name="session" value=(session.hash[..12]);
                        button.button.quiet type="submit" { (words.pick("Akhiri", "End")) }
                    }
                }
            }
        }
    }
}

/// Back to the page, with what went wrong where something did.
pub async fn back(site: &Site, ask: &Ask, reader: &Reader, done: Result<(), Trouble>) -> Result<Response, Fault> {
    match done {
        Ok(()) => Ok(Redirect::to("/account?done=1").into_response()),
        Err(trouble) => match told(ask, &trouble) {
            Some(error) => account_page(site, ask, reader, Some(error)).await,
            None => Err(trouble.into()),
        },
    }
}

pub async fn password(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let done = site
        .door
        .change_password(&reader.who, &reader.caller, form.text("password"))
        .await;
    back(&site, &ask, &reader, done).await
}

pub async fn codes(State(site): State<Site>, ask: Ask, reader: Reader) -> Response {
    codes_page(&ask, &site.door.new_seed(&reader.who), None)
}

fn codes_page(ask: &Ask, seed: &NewSeed, error: Option<(StatusCode, String)>) -> Response {
    let words = ask.words;
    let title = words.pick("Pasang kode sekali pakai", "Set up one-time codes");
    let (status, error) = error.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let spaced: Vec<&str> = seed
        .text
        .as_bytes()
        .chunks(4)
        .filter_map(|some| std::str::from_utf8(some).ok())
        .collect();
    let body = html! {
        (page::heading(title, None))
        @if let Some(error) = error { p.notice.dead role="alert" { (error) } }
        @if ask.who.as_ref().is_some_and(|who| who.codes_due) {
            p.notice role="status" { (words.pick(
                "Peran akun Anda memperlihatkan catatan orang lain, atau mengatur siapa yang melihatnya: kata sandi saja tidak cukup. Setelah ini semuanya terbuka.",
                "Your roles show other people's records, or decide who sees them: a password alone is too little. After this everything is open.",
            )) }
        }
        form.form method="post" action="/account/codes" {
            (proof(ask))
            input type="hidden" name="seed" value=(seed.sealed);
            p { (words.pick(
                "Pindai gambar ini dengan aplikasi autentikator, atau ketik rahasianya, lalu masukkan kode yang tampil.",
                "Scan this picture with an authenticator, or type the secret, then enter the code it shows.",
            )) }
            (picture(&seed.address, words.pick("Gambar untuk autentikator", "The picture for an authenticator")))
            p.break { code { (spaced.join(" ")) } }
            (field(words.pick("Kode", "Code"), html! {
                input name="code" autocomplete="one-time-code" inputmode="numeric" maxlength="10" required;
            }))
            button.button type="submit" { (words.pick("Pasang", "Set up")) }
        }
    };
    (status, page::shell(ask, Tab::None, title, false, body)).into_response()
}

/// A QR code as SVG, which needs neither script nor style.
pub(super) fn picture(text: &str, name: &str) -> Markup {
    let Ok(code) = qrcode::QrCode::new(text) else {
        return html! {};
    };
    let side = code.width();
    let mut path = String::new();
    for (at, colour) in code.to_colors().into_iter().enumerate() {
        if colour == qrcode::Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % side, at / side));
        }
    }
    html! {
        (PreEscaped(format!("<svg class=\"qr\" viewBox=\"-2 -2 {0} {0}\" role=\"img\" aria-label=\"{name}\" shape-rendering=\"crispEdges\">", side + 4)))
        path fill="#000" d=(path) {}
        (PreEscaped("</svg>"))
    }
}

pub async fn set_codes(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let sealed = form.text("seed");
    let done = site
        .door
        .set_codes(&reader.who, &reader.caller, sealed, form.text("code"))
        .await;
    match done {
        Ok(recovery) => Ok(recovery_page(&ask, &recovery)),
        Err(trouble) => match (told(&ask, &trouble), site.door.same_seed(&reader.who, sealed)) {
            (Some(error), Some(seed)) => Ok(codes_page(&ask, &seed, Some(error))),
            _ => Err(trouble.into()),
        },
    }
}

pub async fn recovery(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    match site.door.new_recovery(&reader.who, &reader.caller).await {
        Ok(recovery) => Ok(recovery_page(&ask, &recovery)),
        Err(trouble) => back(&site, &ask, &reader, Err(trouble)).await,
    }
}

fn recovery_page(ask: &Ask, recovery: &[String]) -> Response {
    let words = ask.words;
    let title = words.pick("Kode pemulihan", "Recovery codes");
    let body = html! {
        (page::heading(title, None))
        p.notice role="status" {
            (words.pick(
                "Simpan di tempat aman: hanya tampil sekali ini. Setiap kode berlaku satu kali, sebagai ganti kode sekali pakai.",
                "Keep them in a safe place: they are shown this once. Each is good once, instead of a one-time code.",
            ))
        }
        ul.codes { @for code in recovery { li { code { (code) } } } }
        p { a.button href="/account" { (words.pick("Sudah disimpan", "They are kept")) } }
    };
    page::shell(ask, Tab::None, title, false, body).into_response()
}

pub async fn remove_codes(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let done = site.door.remove_codes(&reader.who, &reader.caller).await;
    back(&site, &ask, &reader, done).await
}

pub async fn end_session(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let done = site
        .door
        .end_session(&reader.who, &reader.caller, form.text("session"))
        .await;
    back(&site, &ask, &reader, done).await
}

pub async fn end_others(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let done = site.door.end_other_sessions(&reader.who, &reader.caller).await;
    back(&site, &ask, &reader, done).await
}
