//! The dashboard: pages rendered here, read-only, for people on this machine; and the same as JSON for programs.
//!
//! No page needs JavaScript. A GET changes nothing. Until there are accounts it listens on loopback only, unless a
//! setting says that everybody on the network may see everything.

mod api;
mod ask;
mod assets;
mod chart;
mod devices;
mod explained;
mod fault;
mod guard;
mod health;
mod icons;
mod incident;
mod incidents;
mod letters;
mod page;
mod peer;
mod quarantine;
mod readiness;
mod secure;
mod serve;
mod service;
mod shown;
mod today;
mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use ipnet::IpNet;
use tokio::sync::watch;

use crate::live::Live;
use crate::store::Store;
use crate::telemetry::Metrics;

pub use explained::Explain;
pub use readiness::{Trouble, troubles};
pub use secure::Certificate;
pub use serve::{Door, ServeError, listen, serve};

/// What a form or a program may send at a time.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What the dashboard shows and how it is reached.
#[derive(Clone)]
pub struct Site {
    pub store: Store,
    pub live: watch::Receiver<Arc<Live>>,
    pub metrics: Arc<Metrics>,
    pub settings: Arc<Settings>,
    /// Judges the past around a verdict again; `None`: pages do not say why.
    pub explain: Option<Explain>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Everybody who can reach the address may see everything: only then may it be another one than loopback.
    pub network_trusted: bool,
    /// Host names people use for it beside the loopback ones, without port. Others are refused, so that no web page
    /// elsewhere can point a name of its own here and read along.
    pub hosts: Vec<String>,
    /// What it shows to browsers; without one it speaks plain HTTP.
    pub certificate: Option<Certificate>,
    /// What these tell of who asks is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Browsers are to ask over TLS alone from now on.
    pub tls_only: bool,
    /// Everybody on this machine may publish as any device: pages say so.
    pub broker_anonymous: bool,
    /// `/readyz` says no when a letter has waited longer.
    pub unsent_max_ms: i64,
    /// `/readyz` says no, and pages say so, when the daemon has given nothing new for so long.
    pub stale_after: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            network_trusted: false,
            hosts: Vec::new(),
            certificate: None,
            trusted_proxies: Vec::new(),
            tls_only: false,
            broker_anonymous: false,
            unsent_max_ms: 15 * 60 * 1_000,
            stale_after: Duration::from_secs(30),
        }
    }
}

impl Site {
    /// Whether the daemon has given nothing new for longer than it may.
    fn is_stale(&self, live: &Live) -> bool {
        live.made.elapsed() > self.settings.stale_after
    }
}

/// Every address there is.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(today::show))
        .route("/incidents", get(incidents::show))
        .route("/incidents/{n}", get(incident::show))
        .route("/compliance", get(service::show))
        .route("/letters", get(letters::list))
        .route("/letters/{n}", get(letters::show))
        .route("/letters/{n}/html", get(letters::html_as_sent))
        .route("/quarantine", get(quarantine::list))
        .route("/quarantine/{n}", get(quarantine::show))
        .route("/health", get(health::show))
        .route("/healthz", get(api::alive))
        .route("/readyz", get(api::ready))
        .route("/metrics", get(api::metrics))
        .route("/api/v1/verdicts", get(api::verdicts))
        .route("/api/v1/policies", get(api::policies))
        .route("/api/v1/service", get(service::api))
        .route("/api/v1/gaps", get(devices::gaps))
        .route("/api/v1/clocks", get(devices::clocks))
        .route("/static/style.css", get(assets::style))
        .route("/static/live.js", get(assets::script))
        .route("/static/icon.svg", get(assets::icon))
        .fallback(|| async { fault::Fault::NotFound })
        .method_not_allowed_fallback(|| async { fault::Fault::NotAllowed })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(axum::middleware::from_fn_with_state(
            guard::Watch::of(&site),
            guard::guard,
        ))
        .with_state(site)
}
