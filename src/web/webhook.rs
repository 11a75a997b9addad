//! Where the designated channel tells what became of messages: no session, no form, but a signature over the bytes as they
//! came.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Site;
use super::ask::Ask;
use super::fault::Fault;
use super::guard::caller;

/// The channel sends no more at once.
const BYTES_MAX: usize = 3 * 1024 * 1024;

/// What the channel asks or tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Call {
    Challenge {
        mode: String,
        token: String,
        challenge: String,
    },
    Told {
        body: Vec<u8>,
        signature: String,
    },
}

/// What it is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// In plain words.
    Said(String),
    /// It is not the channel.
    Forged,
    /// It is to tell again.
    Again,
}

/// Takes calls of the channel in.
pub type Webhook = Arc<dyn Fn(Call) -> futures_util::future::BoxFuture<'static, Reply> + Send + Sync>;

pub async fn challenge(State(site): State<Site>, ask: Ask, request: Request) -> Response {
    let text = |name: &str| ask.param(name).unwrap_or_default().to_owned();
    let call = Call::Challenge {
        mode: text("hub.mode"),
        token: text("hub.verify_token"),
        challenge: text("hub.challenge"),
    };
    answer(&site, &ask, call, request).await
}

pub async fn told(State(site): State<Site>, ask: Ask, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let signature = parts
        .headers
        .get("x-hub-signature-256")
        .and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default().to_owned();
    let Ok(body) = to_bytes(body, BYTES_MAX).await else {
        return Fault::TooLarge.into_response();
    };
    let call = Call::Told {
        body: body.to_vec(),
        signature,
    };
    let rest = Request::from_parts(parts, axum::body::Body::empty());
    answer(&site, &ask, call, rest).await
}

async fn answer(site: &Site, ask: &Ask, call: Call, request: Request) -> Response {
    let Some(webhook) = &site.webhook else {
        return Fault::NotFound.into_response();
    };
    match webhook(call).await {
        Reply::Said(words) => (StatusCode::OK, words).into_response(),
        Reply::Again => Fault::Unavailable.into_response(),
        Reply::Forged => {
            let traced = site
                .door
                .refused(None, &caller(&request), "webhook_signature", &ask.path)
                .await;
            if let Err(error) = traced {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a refusal could not be traced"
                );
            }
            Fault::Forbidden.into_response()
        }
    }
}
