//! Ring 2: the second channel, for what mail cannot deliver: a signed message to a web address of the office's choice.
//!
//! `Jagaloket-Signature: t=…,v1=…` is the HMAC-SHA256, in hexadecimal, over the time `t` (milliseconds), a dot and the body.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http1;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use ring::hmac as mac;
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

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
    let attempt = post(settings, body, now);
    tokio::time::timeout(ATTEMPT, attempt)
        .await
        .unwrap_or_else(|_| Err("it does not answer in time".into()))
}

/// What stands in the header, for whoever checks it.
pub fn signature(secret: &str, now: Moment, body: &str) -> String {
    let key = mac::Key::new(mac::HMAC_SHA256, secret.as_bytes());
    let signed = mac::sign(&key, format!("{}.{body}", now.0).as_bytes());
    let hex: String = signed.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={},v1={hex}", now.0)
}

async fn post(settings: &Settings, body: String, now: Moment) -> Result<(), String> {
    let uri: Uri = settings
        .url
        .parse()
        .map_err(|_| "its address cannot be read".to_owned())?;
    let host = uri.host().ok_or("its address names no host")?.to_owned();
    let secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let plain = TcpStream::connect((host.trim_matches(['[', ']']), port))
        .await
        .map_err(|error| format!("it cannot be reached: {error}"))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let request = Request::post(path)
        .header(
            "host",
            uri.authority().map_or(host.as_str(), |authority| authority.as_str()),
        )
        .header("content-type", "application/json")
        .header("user-agent", concat!("jagaloket/", env!("CARGO_PKG_VERSION")))
        .header("jagaloket-signature", signature(&settings.secret, now, &body))
        .body(body)
        .map_err(|error| error.to_string())?;
    if !secure {
        return exchange(plain, request).await;
    }
    let connector = TlsConnector::from(Arc::new(trust(settings)?));
    let name = rustls::pki_types::ServerName::try_from(host).map_err(|error| error.to_string())?;
    let stream = connector.connect(name, plain).await;
    exchange(stream.map_err(|error| format!("TLS fails: {error}"))?, request).await
}

fn trust(settings: &Settings) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match &settings.ca_file {
        Some(file) => {
            roots.add_parsable_certificates(tls::certificates(file).map_err(|fault| fault.to_string())?);
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

async fn exchange<S>(stream: S, request: Request<String>) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // It drives the exchange, and ends with it.
    let driver = tokio::spawn(connection);
    let answered = sender.send_request(request).await;
    drop(sender);
    driver.abort();
    let status = answered.map_err(|error| error.to_string())?.status();
    match status.is_success() {
        true => Ok(()),
        false => Err(format!("it answers {status}")),
    }
}
