//! What can go wrong for a reader, and the page or problem document that says so.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::ask::Ask;
use super::page::{self, Tab};
use crate::door::Trouble;
use crate::store;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    NotFound,
    NotAllowed,
    WrongHost,
    BadQuestion,
    /// A program's JSON is not what the document says.
    BadBody,
    Unavailable,
    TooSlow,
    TooMany,
    /// Signed in, and not for this.
    Forbidden,
    SignInFirst,
    ProveFirst,
    /// A form that is not ours, or of a session that is over.
    Foreign,
    /// A program comes without a token to where only tokens act.
    TokenOnly,
    NoForm,
    TooLarge,
    Overtaken,
    /// His roles ask for one-time codes, and he has none yet.
    CodesFirst,
}

/// Why somebody was refused, for the trace; the guard writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal(pub &'static str);

impl Fault {
    /// What a trace calls it, where it is a refusal and not a failure of ours.
    pub fn refusal(self) -> Option<Refusal> {
        let why = match self {
            Fault::NotFound => "not_there",
            Fault::NotAllowed => "method",
            Fault::WrongHost => "host",
            Fault::BadQuestion | Fault::BadBody => "question",
            Fault::TooMany => "too_many",
            Fault::Forbidden => "role",
            Fault::SignInFirst => "nobody",
            Fault::ProveFirst => "proof_old",
            Fault::Foreign => "foreign_form",
            Fault::TokenOnly => "no_token",
            Fault::NoForm => "no_form",
            Fault::TooLarge => "too_large",
            Fault::CodesFirst => "codes_first",
            Fault::Unavailable | Fault::TooSlow | Fault::Overtaken => return None,
        };
        Some(Refusal(why))
    }

    pub fn status(self) -> StatusCode {
        match self {
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Fault::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Fault::BadQuestion | Fault::BadBody => StatusCode::BAD_REQUEST,
            Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Fault::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            Fault::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Fault::Forbidden | Fault::Foreign | Fault::TokenOnly | Fault::ProveFirst | Fault::CodesFirst => {
                StatusCode::FORBIDDEN
            }
            Fault::SignInFirst => StatusCode::UNAUTHORIZED,
            Fault::NoForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Fault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::Overtaken => StatusCode::CONFLICT,
        }
    }

    /// A page in the reader's language.
    pub fn page(self, ask: &Ask) -> Response {
        let words = ask.words;
        let (title, text) = match self {
            Fault::NotFound => (words.not_found, words.not_found_text),
            Fault::NotAllowed => (words.not_allowed, words.not_allowed_text),
            Fault::WrongHost => (words.wrong_host, words.wrong_host_text),
            Fault::BadQuestion | Fault::BadBody => (words.bad_question, words.bad_question_text),
            Fault::Unavailable => (words.unavailable, words.unavailable_text),
            Fault::TooSlow => (words.too_slow, words.too_slow_text),
            Fault::TooMany => (words.too_many, words.too_many_text),
            Fault::Forbidden => (
                words.pick("Bukan untuk peran Anda", "Not for your role"),
                words.pick(
                    "Halaman ini tidak termasuk peran akun Anda. Bila seharusnya termasuk, hubungi pengelola akun.",
                    "This page is not part of your account's roles. If it should be, ask whoever looks after accounts.",
                ),
            ),
            Fault::SignInFirst => (
                words.pick("Masuk dahulu", "Sign in first"),
                words.pick("Sesi Anda sudah berakhir atau belum dimulai.", "Your session is over or has not begun."),
            ),
            Fault::ProveFirst => (
                words.pick("Perlu bukti baru", "A fresh proof is needed"),
                words.pick("Buktikan sekali lagi siapa Anda.", "Prove once more who you are."),
            ),
            Fault::Foreign | Fault::TokenOnly => (
                words.pick("Formulir tidak berlaku", "The form is not valid"),
                words.pick(
                    "Formulir ini bukan dari halaman yang sedang berlaku. Tidak ada yang diubah; muat ulang halaman dan coba lagi.",
                    "This form is not of a page that is in force. Nothing was changed; load the page again and retry.",
                ),
            ),
            Fault::NoForm => (words.bad_question, words.bad_question_text),
            Fault::TooLarge => (
                words.pick("Terlalu besar", "Too large"),
                words.pick("Isian terlalu panjang. Tidak ada yang diubah.", "What was sent is too long. Nothing was changed."),
            ),
            Fault::CodesFirst => (
                words.pick("Pasang kode sekali pakai dahulu", "Set one-time codes up first"),
                words.pick(
                    "Peran akun Anda memerlukan faktor kedua. Pasang kode sekali pakai di halaman akun Anda.",
                    "Your account's roles need a second factor. Set one-time codes up on your account's page.",
                ),
            ),
            Fault::Overtaken => (
                words.pick("Didahului", "Overtaken"),
                words.pick(
                    "Keadaan sudah berubah sejak halaman dimuat. Tidak ada yang diubah; muat ulang halaman.",
                    "Things have changed since the page was loaded. Nothing was changed; load the page again.",
                ),
            ),
        };
        let body = html! {
            section.fault {
                p.fault-code { (self.status().as_u16()) }
                h1 { (title) }
                p { (text) }
                @if self != Fault::WrongHost {
                    p { a.button href="/" { (words.to_today) } }
                }
            }
        };
        (self.status(), page::shell(ask, Tab::None, title, false, body)).into_response()
    }

    /// RFC 9457, for programs.
    pub fn problem(self) -> Response {
        let status = self.status();
        let detail = match self {
            Fault::BadQuestion => {
                "a parameter is unknown, empty, there twice or not what it may be (dates are YYYY-MM-DD): /api lists them"
            }
            Fault::BadBody => "the body is not the JSON that /api describes",
            Fault::WrongHost => "this host name is not one of the dashboard's",
            Fault::Unavailable => "the database does not answer",
            Fault::TooSlow => "the answer took too long",
            Fault::TooMany => "this address asks too often: wait a few seconds",
            Fault::NotFound => "there is nothing at this address",
            Fault::NotAllowed => "this address does not take this method",
            Fault::Forbidden => "this is not for your account's roles, or not from where you ask",
            Fault::SignInFirst => "sign in first, at /sign-in",
            Fault::ProveFirst => "prove once more who you are, at /confirm",
            Fault::Foreign => "this is not a form of ours, or of a session that is over",
            Fault::TokenOnly => "only a token acts here: send it as `Authorization: Bearer …`",
            Fault::NoForm => "send application/json",
            Fault::TooLarge => "what was sent is too long",
            Fault::CodesFirst => "your roles need a second factor: set one-time codes up at /account/codes",
            Fault::Overtaken => "things have changed meanwhile; look again",
        };
        let body = serde_json::json!({"title": status.canonical_reason(), "status": status.as_u16(), "detail": detail});
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, body.to_string()).into_response()
    }
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Fault {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the dashboard could not read the database"
        );
        Fault::Unavailable
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Fault {
        match trouble {
            Trouble::Store(error) => error.into(),
            Trouble::Stopping | Trouble::Busy | Trouble::Away => Fault::Unavailable,
            Trouble::Overtaken => Fault::Overtaken,
            Trouble::Link => Fault::NotFound,
            Trouble::Wrong | Trouble::Wait { .. } | Trouble::Weak(_) | Trouble::Refused(_) => Fault::BadQuestion,
        }
    }
}

/// The guard makes the page of it, for it knows the reader's language.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
