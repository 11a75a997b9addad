//! Ring 2: the second channel, for what mail cannot deliver: a signed message to a web address of the office's choice.
//!
//! `Jagaloket-Signature: t=…,v1=…` is the HMAC-SHA256, in hexadecimal, over the time `t` (milliseconds), a dot and the body.

use std::path::PathBuf;
use std::time::Duration;

use ring::hmac as mac;
use serde::Serialize;
use ureq::tls::TlsConfig;

use crate::accounts::codes::hex;
use crate::engine::time::Moment;
use crate::tls;

/// What one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct Settings {
    /// `http://` or `https://`.
    pub url: String,
    /// Shared with whoever listens there.
    pub secret: String,
    /// A PEM file of who may have signed the server's certificate; `None`: the public authorities.
    pub ca_file: Option<PathBuf>,
}

/// What is wrong, or is over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Notice {
    /// The same on every attempt.
    pub id: String,
    /// Which monitor speaks.
    pub monitor: String,
    pub trouble: String,
    /// `begun` or `ended`.
    pub state: &'static str,
    pub at: Moment,
    /// For people; names nobody.
    pub words: String,
}

/// Sends a notice once; whoever is told that it failed tries again.
pub async fn send(settings: &Settings, notice: &Notice, now: Moment) -> Result<(), String> {
    let body = serde_json::to_string(notice).map_err(|error| error.to_string())?;
    let signed = signature(&settings.secret, now, &body);
    let roots = tls::trust(settings.ca_file.as_deref()).map_err(|fault| fault.to_string())?;
    let url = settings.url.clone();
    // Beside the threads that answer.
    let sent = tokio::task::spawn_blocking(move || {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ATTEMPT))
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("jagaloket/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(roots).build());
        ureq::Agent::new_with_config(config.build())
            .post(&url)
            .header("content-type", "application/json")
            .header("jagaloket-signature", signed)
            .send(&body)
    });
    match sent.await {
        Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
        Ok(Ok(answer)) => Err(format!("it answers {}", answer.status())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// What stands in the header, for whoever checks it.
pub fn signature(secret: &str, now: Moment, body: &str) -> String {
    let key = mac::Key::new(mac::HMAC_SHA256, secret.as_bytes());
    let signed = mac::sign(&key, format!("{}.{body}", now.0).as_bytes());
    format!("t={},v1={}", now.0, hex(signed.as_ref()))
}
