//! Stands before every address: whom to answer, in which language, how long it may take, and what a browser may do with
//! the answer.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::ask::{Ask, LANGUAGE_COOKIE};
use super::fault::Fault;
use super::peer::{Connection, Rates};
use super::{Settings, Site};
use crate::engine::roster::Language;

/// How long an answer may take to begin.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Nothing from elsewhere, nothing inline, no frames around us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a browser is told with every answer, unless the answer says otherwise itself.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), usb=()",
    ),
    (header::VARY, "Accept-Language, Cookie"),
];

/// For two years, sub-domains left to their owners.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// What the guard knows.
#[derive(Clone)]
pub struct Watch {
    site: Site,
    rates: Arc<Rates>,
}

impl Watch {
    pub fn of(site: &Site) -> Watch {
        Watch {
            site: site.clone(),
            rates: Arc::default(),
        }
    }
}

pub async fn guard(State(Watch { site, rates }): State<Watch>, mut request: Request, next: Next) -> Response {
    let ask = Ask::read(&site, request.uri(), request.headers());
    let connection = request.extensions().get::<Connection>().copied();
    let connection = connection.unwrap_or(Connection {
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        tls: false,
    });
    let peer = connection.peer(request.headers(), &site.settings.trusted_proxies);
    request.extensions_mut().insert(peer);
    let mut response = if !rates.admit(peer.address, crate::clock::instant()) {
        Fault::TooMany.into_response()
    } else if !is_ours(request.uri(), request.headers(), &site.settings) {
        Fault::WrongHost.into_response()
    } else {
        let answer = tokio::time::timeout(ANSWER_TIME, next.run(request)).await;
        answer.unwrap_or_else(|_| Fault::TooSlow.into_response())
    };
    if let Some(fault) = response.extensions().get::<Fault>().copied() {
        let kept = response.headers_mut().remove(header::ALLOW);
        response = match for_programs(&ask.path) {
            true => fault.problem(),
            false => fault.page(&ask),
        };
        response.headers_mut().extend(kept.map(|value| (header::ALLOW, value)));
        if fault == Fault::TooMany {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
    }
    site.metrics.pages_served.add(1);
    if response.status().is_server_error() {
        site.metrics.pages_failed.add(1);
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if peer.secure && site.settings.tls_only {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    if let Some(language) = ask.chosen() {
        let code = match language {
            Language::Id => "id",
            Language::En => "en",
        };
        let cookie = format!("{LANGUAGE_COOKIE}={code}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
        headers.extend(
            HeaderValue::from_str(&cookie)
                .ok()
                .map(|value| (header::SET_COOKIE, value)),
        );
    }
    response
}

fn for_programs(path: &str) -> bool {
    path.starts_with("/api/") || matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// Whether the name the browser used is one of ours. A page elsewhere can let its own name lead here, but it cannot
/// choose what stands in `Host`.
fn is_ours(uri: &Uri, headers: &HeaderMap, settings: &Settings) -> bool {
    let named = |text: &str| {
        let name = text.parse::<Authority>();
        !text.contains('@') && name.is_ok_and(|name| is_our_name(name.host(), settings))
    };
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let one = hosts.next().and_then(|value| value.to_str().ok()).is_some_and(named) && hosts.next().is_none();
    one && uri.authority().is_none_or(|name| is_our_name(name.host(), settings))
}

fn is_our_name(host: &str, settings: &Settings) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback() || settings.network_trusted,
        Err(_) => {
            host.eq_ignore_ascii_case("localhost") || settings.hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ours_are_answered() {
        let strict = Settings {
            hosts: vec!["jagaloket.kanim.example".into()],
            ..Settings::default()
        };
        let trusting = Settings {
            network_trusted: true,
            ..Settings::default()
        };
        for (host, by_default, on_a_trusted_network) in [
            ("localhost", true, true),
            ("LOCALHOST:8080", true, true),
            ("127.0.0.1:8080", true, true),
            ("127.9.9.9", true, true),
            ("[::1]:8080", true, true),
            ("jagaloket.kanim.example:8080", true, false),
            ("192.168.1.7:8080", false, true),
            ("evil.example", false, false),
            ("localhost.evil.example", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("evil.example@127.0.0.1", false, false),
            ("", false, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).expect(host));
            let uri = Uri::from_static("/");
            assert_eq!(is_ours(&uri, &headers, &strict), by_default, "{host}");
            assert_eq!(
                is_ours(&uri, &headers, &trusting),
                on_a_trusted_network,
                "{host}, trusted"
            );
        }
        let mut twice = HeaderMap::new();
        twice.append(header::HOST, HeaderValue::from_static("localhost"));
        twice.append(header::HOST, HeaderValue::from_static("localhost"));
        assert!(!is_ours(&Uri::from_static("/"), &twice, &strict));
        assert!(!is_ours(&Uri::from_static("/"), &HeaderMap::new(), &strict));
    }
}
