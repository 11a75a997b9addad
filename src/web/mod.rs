//! The dashboard: pages rendered here for people who are signed in, each as far as he may see; and the same as JSON for
//! programs.
//!
//! No page needs JavaScript. A GET changes nothing. It listens on loopback only, unless a setting says that the network to
//! people's browsers is trusted.

mod account;
mod api;
mod ask;
mod assets;
mod bookings;
mod case;
mod case_api;
mod case_words;
mod chart;
mod cookies;
mod corrections;
mod desk;
mod devices;
mod escalation;
mod exemptions;
mod explained;
mod export;
mod fault;
mod figures;
mod gate;
mod guard;
mod health;
mod heat;
mod help;
mod icons;
mod incident;
mod incidents;
mod letters;
mod lists;
mod messages;
mod nav;
mod openapi;
mod orders;
mod own;
mod page;
mod paper;
mod passkeys;
mod peer;
mod pieces;
mod policies;
mod posted;
mod provider;
mod quarantine;
mod readiness;
mod report;
mod reveal;
mod routes;
mod search;
mod secure;
mod seen;
mod serve;
mod service;
mod shown;
mod sign_in;
mod signals;
mod stream;
mod table;
mod today;
mod tokens;
mod traces;
mod users;
mod webhook;
mod words;
mod xlsx;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ipnet::IpNet;
use tokio::sync::watch;

use crate::case::Terms;
use crate::door::Door;
use crate::live::Live;
use crate::store::Store;
use crate::telemetry::Metrics;

pub use explained::Explain;
pub use gate::Visits;
pub use orders::Orders;
pub use readiness::{Trouble, troubles};
pub use routes::{Address, Needs, addresses};
pub use secure::Certificate;
pub use serve::{Listening, ServeError, listen, listen_for_machines, serve, serve_both};
pub use webhook::{Call, Reply, Webhook};

/// What the dashboard shows and how it is reached.
#[derive(Clone)]
pub struct Site {
    pub store: Store,
    pub live: watch::Receiver<Arc<Live>>,
    pub metrics: Arc<Metrics>,
    pub settings: Arc<Settings>,
    /// Judges the past around a verdict again; `None`: pages do not say why.
    pub explain: Option<Explain>,
    /// What people do at the gate; `None`: pages only show.
    pub visits: Option<Visits>,
    /// What the designated channel tells; `None`: there is none.
    pub webhook: Option<Webhook>,
    /// What people do with cases; `None`: pages only show.
    pub orders: Option<Orders>,
    /// What people come in by.
    pub door: Arc<Door>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Passwords may cross the network between browsers and this address: only then may it be another one than loopback.
    pub network_trusted: bool,
    /// Host names people use for it beside the loopback ones, without port. Others are refused, so that no web page
    /// elsewhere can point a name of its own here and read along.
    pub hosts: Vec<String>,
    /// What it shows to browsers; without one it speaks plain HTTP.
    pub certificate: Option<Certificate>,
    /// What these tell of who asks is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether programs of this machine are answered here, and not at an address of their own.
    pub machines_here: bool,
    /// Everybody on this machine may publish as any device: pages say so.
    pub broker_anonymous: bool,
    /// `/readyz` says no when a letter has waited longer.
    pub unsent_max_ms: i64,
    /// `/readyz` says no, and pages say so, when the daemon has given nothing new for so long.
    pub stale_after: Duration,
    /// Shown on the sign-in page: a demo's alone.
    pub shown: Vec<Shown>,
    /// What rules cases, and from which counts on something is shown to the integrity team.
    pub terms: Terms,
}

/// An account that everybody may use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    pub name: String,
    pub password: String,
    /// In both languages.
    pub is: [String; 2],
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            network_trusted: false,
            hosts: Vec::new(),
            certificate: None,
            trusted_proxies: Vec::new(),
            machines_here: true,
            broker_anonymous: false,
            unsent_max_ms: 15 * 60 * 1_000,
            stale_after: Duration::from_secs(30),
            shown: Vec::new(),
            terms: Terms::default(),
        }
    }
}

impl Site {
    /// Whether people reach it through TLS.
    fn is_secure(&self) -> bool {
        self.door.base_url.starts_with("https://")
    }

    /// Whether the daemon has given nothing new for longer than it may.
    fn is_stale(&self, live: &Live) -> bool {
        live.made.elapsed() > self.settings.stale_after
    }
}

/// Every address there is, behind the guard.
pub fn router(site: Site) -> Router {
    routes::router()
        .fallback(|| async { fault::Fault::NotFound })
        .method_not_allowed_fallback(|| async { fault::Fault::NotAllowed })
        .layer(axum::middleware::from_fn_with_state(
            guard::Watch::of(&site),
            guard::guard,
        ))
        .layer(axum::Extension(stream::Streams::default()))
        .with_state(site)
}
