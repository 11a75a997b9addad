//! What can go wrong for a reader, and the page or problem document that says so.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::ask::Ask;
use super::page::{self, Tab};
use crate::store;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    NotFound,
    NotAllowed,
    WrongHost,
    BadQuestion,
    Unavailable,
    TooSlow,
    TooMany,
}

impl Fault {
    pub fn status(self) -> StatusCode {
        match self {
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Fault::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Fault::BadQuestion => StatusCode::BAD_REQUEST,
            Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Fault::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            Fault::TooMany => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// A page in the reader's language.
    pub fn page(self, ask: &Ask) -> Response {
        let words = ask.words;
        let (title, text) = match self {
            Fault::NotFound => (words.not_found, words.not_found_text),
            Fault::NotAllowed => (words.not_allowed, words.not_allowed_text),
            Fault::WrongHost => (words.wrong_host, words.wrong_host_text),
            Fault::BadQuestion => (words.bad_question, words.bad_question_text),
            Fault::Unavailable => (words.unavailable, words.unavailable_text),
            Fault::TooSlow => (words.too_slow, words.too_slow_text),
            Fault::TooMany => (words.too_many, words.too_many_text),
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
            Fault::BadQuestion => "dates are YYYY-MM-DD; office and policy are ids",
            Fault::WrongHost => "this host name is not one of the dashboard's",
            Fault::Unavailable => "the database does not answer",
            Fault::TooSlow => "the answer took too long",
            Fault::TooMany => "this address asks too often: wait a few seconds",
            Fault::NotFound => "there is nothing at this address",
            Fault::NotAllowed => "only GET and HEAD are answered here",
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

/// The guard makes the page of it, for it knows the reader's language.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
