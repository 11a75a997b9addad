//! The one style sheet, two small scripts and the icon, inside the program.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

const STYLE: &str = concat!(include_str!("style.css"), include_str!("gate.css"));
const SCRIPT: &str = include_str!("live.js");
const PASSKEYS: &str = include_str!("passkey.js");
const ICON: &str = include_str!("icon.svg");

/// Part of the addresses, so that a browser keeps them until they change.
pub static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = Sha256::new();
    [STYLE, SCRIPT, PASSKEYS, ICON]
        .iter()
        .for_each(|text| hasher.update(text));
    hasher.finalize()[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, text).into_response()
}

pub async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

pub async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

pub async fn passkeys() -> Response {
    asset("text/javascript; charset=utf-8", PASSKEYS)
}

pub async fn icon() -> Response {
    asset("image/svg+xml", ICON)
}
