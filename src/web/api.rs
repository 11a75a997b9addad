//! For programs: verdicts as the contract's §8 has them, whether we are alive and ready, and metrics.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use futures_util::StreamExt as _;
use serde_json::json;

use super::Site;
use super::ask::{Ask, Reader};
use super::devices::{self, Figures};
use super::export;
use super::fault::Fault;
use super::pieces::{Pieces, pieces};
use super::readiness;
use crate::accounts::Scope;
use crate::engine::event::OfficeId;
use crate::engine::time::Span;
use crate::engine::verdict::Line;
use crate::live::BrokerState;
use crate::store::read::VerdictFilter;
use crate::telemetry::Exposition;

/// Verdicts go out in pieces of about this many bytes.
const PIECE_BYTES: usize = 32 * 1024;
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Array,
    Lines,
}

/// A verdict with what it is pinned to; `null` for what was judged before pins were kept.
#[derive(serde::Serialize)]
struct Pinned<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    policy_hash: Option<String>,
    engine: Option<String>,
}

/// `GET /api/v1/verdicts`: standing verdicts, streamed in the contract's order; `?with=pin` adds by what each was judged.
pub async fn verdicts(
    State(site): State<Site>,
    headers: HeaderMap,
    ask: Ask,
    reader: Reader,
) -> Result<Response, Fault> {
    let text = |name| ask.param(name).map(str::to_string);
    let date = |name| Ok::<_, Fault>(ask.date(name)?.map(|date| date.to_string()));
    let filter = VerdictFilter {
        office: text("office"),
        policy: text("policy"),
        from: date("from")?,
        to: date("to")?,
    };
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    let wants_lines = accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("application/x-ndjson"));
    let (shape, kind) = match wants_lines {
        true => (Shape::Lines, "application/x-ndjson"),
        false => (Shape::Array, "application/json"),
    };
    site.store.answers().await?;
    export::traced(&site, &ask, &reader).await?;
    let zones = ask.live.offices.iter();
    let zones = zones.map(|office| (office.roster.office.id.clone(), office.roster.office.zone));
    let (pieces, body) = pieces();
    let pins = ask.param("with") == Some("pin");
    tokio::spawn(stream(
        site,
        ask.scope(),
        filter,
        zones.collect(),
        (shape, pins),
        pieces,
    ));
    Ok(([(header::CONTENT_TYPE, kind), (header::VARY, "Accept")], body).into_response())
}

/// Reads and writes piece by piece; ends early when nobody reads any more. A failure cuts the answer off, so that half
/// of it is never taken for all.
async fn stream(
    site: Site,
    scope: Scope,
    filter: VerdictFilter,
    zones: HashMap<OfficeId, Tz>,
    (shape, pins): (Shape, bool),
    pieces: Pieces,
) {
    let mut rows = std::pin::pin!(site.store.verdicts_in_order(&scope, &filter));
    let mut piece = Vec::with_capacity(PIECE_BYTES + 4 * 1024);
    let mut first = true;
    if shape == Shape::Array {
        piece.push(b'[');
    }
    while let Some(row) = rows.next().await {
        let written = row.map_err(std::io::Error::other).and_then(|(verdict, pin)| {
            // An office that left the rosters keeps its instants, told in UTC.
            let zone = zones.get(&verdict.office).copied().unwrap_or(Tz::UTC);
            if shape == Shape::Array {
                piece.extend_from_slice(if first { b"\n" } else { b",\n" });
            }
            let line = verdict.line(zone);
            if pins {
                let (policy_hash, engine) = pin.map(|pin| (pin.policy_hash, pin.engine)).unzip();
                let pinned = Pinned {
                    line,
                    policy_hash,
                    engine,
                };
                serde_json::to_writer(&mut piece, &pinned)?;
            } else {
                serde_json::to_writer(&mut piece, &line)?;
            }
            if shape == Shape::Lines {
                piece.push(b'\n');
            }
            Ok(())
        });
        first = false;
        if let Err(error) = written {
            tracing::warn!(%error, "verdicts could not be read to their end");
            return pieces.fail(error).await;
        }
        if piece.len() >= PIECE_BYTES {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE_BYTES + 4 * 1024));
            if !pieces.send(full).await {
                return;
            }
        }
    }
    if shape == Shape::Array {
        piece.extend_from_slice(b"\n]\n");
    }
    pieces.send(piece).await;
}

/// `GET /api/v1/policies`: what every office judges by, and what it decided otherwise.
pub async fn policies(ask: Ask) -> Response {
    let mut list = Vec::new();
    for office in &ask.live.offices {
        for policy in office.policies.iter() {
            list.push(json!({
                "office": office.roster.office.id.as_str(),
                "policy": policy.id.as_str(),
                "title": policy.title,
                "basis": policy.basis,
                "verdict": policy.class,
                "severity": policy.severity,
                "per": policy.per,
                "condition": policy.condition,
                "enabled": policy.enabled,
                "scope": policy.scope,
                "for": Span::ms(policy.for_ms).to_string(),
                "bridge": Span::ms(policy.bridge_ms).to_string(),
                "group_within": Span::ms(policy.group_within_ms).to_string(),
                "notify": policy.notify,
                "decided": policy.overlay,
            }));
        }
    }
    axum::Json(list).into_response()
}

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 503 with every reason, unless the main job can be done.
pub async fn ready(State(site): State<Site>, ask: Ask) -> Response {
    let live = &ask.live;
    let broker = match &live.broker.state {
        BrokerState::Connected => "connected",
        BrokerState::Connecting => "connecting",
        BrokerState::Lost(_) => "lost",
    };
    let (troubles, counts) = readiness::troubles(&site, live, ask.zone()).await;
    let database = counts.is_some() && live.unwritten.is_none();
    let counts = counts.unwrap_or_default();
    let waited_ms = counts.oldest_waiting.map(|created| live.now.ms_since(created).max(0));
    let (reasons, other): (Vec<_>, Vec<_>) = troubles.into_iter().partition(|trouble| trouble.stops);
    let reasons: Vec<String> = reasons.into_iter().map(|trouble| trouble.words).collect();
    // What somebody should know and what does not keep the main job from being done.
    let mut notices: Vec<String> = other.into_iter().map(|trouble| trouble.words).collect();
    if live.broker.sessions_lost > 0 {
        notices.push(format!(
            "the broker had lost our session {} times: what it held for us is gone",
            live.broker.sessions_lost
        ));
    }
    if site.settings.broker_anonymous {
        notices.push("the broker lets everybody on this machine in without a password".to_owned());
    }
    if let Some(doubt) = live.clock_doubt {
        notices.push(format!(
            "this machine's clock has jumped to {}; until it has stayed with that for a while, {} is taken to be right",
            doubt.said.rfc3339(ask.zone()),
            doubt.held.rfc3339(ask.zone())
        ));
    }
    let figures = Figures::of(live);
    if figures.clocks_off > 0 {
        notices.push(format!(
            "{} devices have a clock that is off by more than 30 s, {} of them one that is worth nothing",
            figures.clocks_off, figures.clocks_poor
        ));
    }
    if figures.gaps > 0 {
        notices.push(format!(
            "{} holes in the sequences of devices: events are missing",
            figures.gaps
        ));
    }
    let status = match reasons.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({
        "ready": reasons.is_empty(),
        "reasons": reasons,
        "notices": notices,
        "broker": broker,
        "database": database,
        "last_event": live.last_event.map(|at| at.rfc3339(ask.zone())),
        "gaps_open": figures.gaps,
        "clocks_off": figures.clocks_off,
        "clocks_poor": figures.clocks_poor,
        "letters_waiting": counts.waiting,
        "letters_dead": counts.dead,
        "oldest_unsent_letter": counts.oldest_number,
        "oldest_unsent_seconds": waited_ms.map(|ms| ms as f64 / 1e3),
    });
    (status, axum::Json(body)).into_response()
}

/// `GET /metrics`, for Prometheus.
pub async fn metrics(State(site): State<Site>, ask: Ask) -> Response {
    let live = &ask.live;
    let mut out = Exposition::default();
    site.metrics.write(&mut out);
    let connected = live.broker.state == BrokerState::Connected;
    out.gauge(
        "jagaloket_broker_connected",
        "1 while the broker is connected.",
        f64::from(u8::from(connected)),
    );
    out.gauge(
        "jagaloket_start_time_seconds",
        "When the process started, in Unix time by the monitor's clock.",
        live.started.0 as f64 / 1e3,
    );
    if let Some(last) = live.last_event {
        out.gauge(
            "jagaloket_last_event_time_seconds",
            "When the last event was accepted, in Unix time by the monitor's clock.",
            last.0 as f64 / 1e3,
        );
    }
    out.head(
        "jagaloket_devices_online",
        "gauge",
        "Devices connected to the broker, by office.",
    );
    for office in &live.offices {
        let online = office.statuses.iter().filter(|status| status.online).count();
        let labels = [("office", office.roster.office.id.as_str())];
        out.sample("jagaloket_devices_online", &labels, online as f64);
    }
    out.head(
        "jagaloket_devices_silent",
        "gauge",
        "Devices that should speak and do not, by office.",
    );
    for office in &live.offices {
        let counters = office.view.counters.iter().map(|counter| counter.silent_since);
        let lockboxes = office.view.lockboxes.iter().map(|lockbox| lockbox.silent_since);
        let silent = counters.chain(lockboxes).flatten().count();
        let labels = [("office", office.roster.office.id.as_str())];
        out.sample("jagaloket_devices_silent", &labels, silent as f64);
    }
    devices::metrics(live, &mut out);
    if let Ok(counts) = site.store.outbox_counts().await {
        out.gauge(
            "jagaloket_letters_waiting",
            "Letters neither sent nor given up.",
            counts.waiting as f64,
        );
        let age_ms = counts
            .oldest_waiting
            .map_or(0, |created| live.now.ms_since(created).max(0));
        out.gauge(
            "jagaloket_oldest_unsent_letter_age_seconds",
            "How long the oldest letter neither sent nor given up has waited; 0 where there is none.",
            age_ms as f64 / 1e3,
        );
    }
    if let Ok(head) = site.store.head().await {
        out.gauge("jagaloket_ledger_entries", "Entries in the ledger.", head.n as f64);
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, out.into_text()).into_response()
}
