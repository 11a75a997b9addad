//! Stands before every address: whom to answer, in which language, how long it may take, and what a browser may do with
//! the answer.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::ask::{Ask, LANGUAGE_COOKIE, next_place};
use super::cookies::Cookie;
use super::fault::{Fault, Refusal};
use super::peer::{Connection, Peer, Rates, one};
use super::posted::{self, Posted};
use super::routes::{Needs, address_of};
use super::seen::seen;
use super::{Settings, Site};
use crate::accounts::Holder;
use crate::door::{self, Caller};
use crate::engine::roster::Language;
use crate::live::Live;

/// How long an answer may take to begin.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Nothing from elsewhere, nothing inline, no frames around us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a browser is told with every answer (without a referrer even for ourselves, it would not say where forms come from), unless the answer says otherwise itself.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
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
    let secure = site.is_secure();
    let mut ask = Ask::read(&site, request.uri(), request.headers());
    let connection = request.extensions().get::<Connection>().copied();
    let connection = connection.unwrap_or(Connection {
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        tls: false,
        for_machines: false,
    });
    let peer = connection.peer(request.headers(), &site.settings.trusted_proxies);
    request.extensions_mut().insert(peer);
    let for_machines = connection.for_machines;
    let caller = caller(&request);
    let answer = async {
        let response = if !rates.admit(peer.address, crate::clock::instant()) {
            Fault::TooMany.into_response()
        } else if !is_ours(request.uri(), request.headers(), &site.settings) {
            Fault::WrongHost.into_response()
        } else {
            match enter(&site, &mut ask, &caller, for_machines, request).await {
                Ok(request) => next.run(request).await,
                Err(refusal) => refusal,
            }
        };
        // Here and nowhere else, so that no refusal can be forgotten; the door tells what it refuses itself.
        let said = response.extensions().get::<Refusal>().copied();
        let fault = response.extensions().get::<Fault>().copied();
        if let Some(Refusal(why)) = said.or_else(|| fault.and_then(Fault::refusal)) {
            // A link may still be good, and a ledger forgets nothing.
            let path = match ask.path.starts_with("/link/") {
                true => "/link",
                false => &ask.path,
            };
            let written = site.door.refused(ask.who.as_deref(), &caller, why, path).await;
            if let Err(error) = written {
                // A refusal stands, whether its trace can be written or not.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a refusal at the dashboard could not be traced"
                );
            }
        }
        response
    };
    let answer = tokio::time::timeout(ANSWER_TIME, answer).await;
    let mut response = answer.unwrap_or_else(|_| Fault::TooSlow.into_response());
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
    if secure && peer.secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    if let Some(visit) = &ask.new_visit {
        headers.append(header::SET_COOKIE, Cookie::Visit.set(visit, secure));
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

/// Finds out who comes, and lets him on or says what he gets instead.
async fn enter(
    site: &Site,
    ask: &mut Ask,
    caller: &Caller,
    for_machines: bool,
    mut request: Request,
) -> Result<Request, Response> {
    let pattern = request.extensions().get::<MatchedPath>().cloned();
    let Some(address) = pattern.and_then(|pattern| address_of(request.method(), pattern.as_str())) else {
        // There is no such address, which is no secret.
        return Ok(request);
    };
    if for_machines && !matches!(address.needs, Needs::Machine | Needs::Nothing) {
        return Err(Fault::NotFound.into_response());
    }
    let whole = site.live.borrow().clone();
    match address.needs {
        Needs::Nothing => return Ok(request),
        // No session is looked up: a monitor whose database is gone must still be able to say so.
        Needs::Machine if (for_machines || site.settings.machines_here) && is_from_here(&request) => {
            ask.live = whole;
            request.extensions_mut().insert(ask.clone());
            return Ok(request);
        }
        _ => {}
    }
    let secure = site.is_secure();
    let token = Cookie::Session.read(request.headers(), secure);
    let rosters = whole.offices.iter().map(|office| &*office.roster);
    let bearer = bearer(&request).filter(|_| address.part.is_some());
    if let Some(secret) = &bearer {
        let found = site
            .door
            .bearer(secret, caller, rosters.clone())
            .await
            .map_err(of_trouble)?;
        match found {
            Some((who, parts)) if address.part.is_some_and(|part| parts.contains(&part)) => {
                ask.who = Some(Arc::new(who));
            }
            Some((who, _)) => {
                ask.who = Some(Arc::new(who));
                return Err(refused(Fault::Forbidden, "token_part"));
            }
            None => return Err(refused(Fault::SignInFirst, "token")),
        }
    }
    // What a script asks by itself does not show that anybody is there.
    let by_itself = request
        .headers()
        .get("sec-fetch-dest")
        .is_some_and(|dest| dest == "empty");
    if let (Some(token), None) = (&token, &bearer) {
        let who = site.door.who(token, !by_itself, rosters).await.map_err(of_trouble)?;
        ask.who = who.map(Arc::new);
    }
    // A session that is over, made up or taken away is another thing than none.
    let nobody = match token {
        Some(_) => "session",
        None => "nobody",
    };
    ask.live = seen(&whole, &ask.scope(), ask.words);
    // What a form's proof rests on.
    let secret = match (token, &ask.who, address.needs) {
        (Some(token), Some(_), _) => token,
        (_, _, Needs::Anyone) => Cookie::Visit
            .read(request.headers(), secure)
            .unwrap_or_else(|| ask.new_visit.insert(crate::keys::token()).clone()),
        _ => String::new(),
    };
    ask.form = site.door.keys.sign(&format!("form {secret}"));
    match (&ask.who, address.needs) {
        (_, Needs::Nothing | Needs::Anyone) => {}
        (_, Needs::Machine) => return Err(refused(Fault::Forbidden, "not_from_here")),
        (None, _) if address.method == "GET" && !by_itself && !for_programs(&ask.path) => {
            let here = request.uri().path_and_query().map_or("/", |path| path.as_str());
            let there = super::ask::address("/sign-in", [("next", here)]);
            return Err(refused(Redirect::to(&there), nobody));
        }
        (None, _) => return Err(refused(Fault::SignInFirst, nobody)),
        // What a keeper of gates or seals may see begins there.
        (Some(who), Needs::Inside) if !Needs::Inside.admit(&who.roles) && ask.path == "/" => {
            return Err(Redirect::to(super::messages::begins_at(&who.roles)).into_response());
        }
        (Some(who), needs)
            if !(needs.admit(&who.roles) || needs == Needs::Own && is_enrolled(&whole, &who.account.holder)) =>
        {
            return Err(Fault::Forbidden.into_response());
        }
        (Some(who), _) if who.codes_due && !address.before_codes() => {
            if address.method == "GET" && !by_itself && !for_programs(&ask.path) {
                return Err(refused(Redirect::to("/account/codes?needed=1"), "codes_first"));
            }
            return Err(Fault::CodesFirst.into_response());
        }
        (Some(_), _) => {}
    }
    if !super::openapi::fits(address.method, address.path, ask.pairs()) {
        return Err(Fault::BadQuestion.into_response());
    }
    // No page elsewhere can make a browser send a token.
    let program = for_programs(&ask.path);
    if address.method == "POST" && program && bearer.is_none() {
        return Err(refused(Fault::TokenOnly, "no_token"));
    }
    if address.method == "POST" && !program {
        if !posted::is_ours(request.headers(), &site.door.base_url) {
            return Err(Fault::Foreign.into_response());
        }
        let (rest, form) = Posted::read(request).await.map_err(IntoResponse::into_response)?;
        if !crate::keys::is_same(form.text(posted::PROOF), &ask.form) {
            return Err(Fault::Foreign.into_response());
        }
        request = rest;
        request.extensions_mut().insert(form);
    }
    if address.fresh && !ask.who.as_ref().is_some_and(|who| who.fresh) {
        if for_programs(&ask.path) {
            return Err(Fault::ProveFirst.into_response());
        }
        let page = match address.method {
            // What is too long or no place of ours is asked for again without its filters.
            "GET" => {
                let here = request.uri().path_and_query().map(|here| here.as_str());
                match next_place(here) {
                    place if place == "/" => ask.path.clone(),
                    place => place,
                }
            }
            _ => page_of(&ask.path),
        };
        let there = super::ask::address("/confirm", [("next", page.as_str())]);
        return Err(refused(Redirect::to(&there), "proof_old"));
    }
    request.extensions_mut().insert(caller.clone());
    request.extensions_mut().insert(ask.clone());
    Ok(request)
}

/// Whether an account belongs to somebody of a roster.
fn is_enrolled(live: &Live, holder: &Holder) -> bool {
    let office = holder.office.as_ref().and_then(|office| live.office(office));
    let (Some(office), Some(person)) = (office, &holder.person) else {
        return false;
    };
    office.roster.person(person).is_some() || office.roster.officer(person).is_some()
}

/// The page of a form, to which one comes back: `/users/7` of `/users/7/disable`.
fn page_of(path: &str) -> String {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next()) {
        (Some("users"), Some(id)) => format!("/users/{id}"),
        (Some(first), _) => format!("/{first}"),
        (None, _) => "/".to_owned(),
    }
}

/// An answer that says no, and what its trace calls that.
fn refused(answer: impl IntoResponse, why: &'static str) -> Response {
    let mut response = answer.into_response();
    response.extensions_mut().insert(Refusal(why));
    response
}

fn of_trouble(trouble: door::Trouble) -> Response {
    Fault::from(trouble).into_response()
}

/// What a program holds that comes by a token.
fn bearer(request: &Request) -> Option<String> {
    let said = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = said.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim().to_owned())
}

pub(super) fn caller(request: &Request) -> Caller {
    let peer = request.extensions().get::<Peer>();
    let agent = request.headers().get(header::USER_AGENT);
    let agent: String = agent.map_or_else(String::new, |agent| {
        String::from_utf8_lossy(agent.as_bytes()).into_owned()
    });
    Caller {
        address: peer.map_or_else(String::new, |peer| peer.address.to_string()),
        network: peer.map_or_else(String::new, |peer| one(peer.address).to_string()),
        agent: agent.chars().filter(|c| !c.is_control()).take(200).collect(),
    }
}

/// Whether a program on this machine asks for itself: by a name of this machine, and not as a proxy that says for whom.
/// A proxy that says nothing cannot be told from one; where there is any, programs have an address of their own.
fn is_from_here(request: &Request) -> bool {
    let peer = request.extensions().get::<Peer>();
    let local = peer.is_some_and(|peer| peer.address.is_loopback());
    let for_others = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let here = host.and_then(|host| host.parse::<Authority>().ok());
    let here = here.is_some_and(|host| is_our_name(host.host(), &Settings::default()));
    local && here && !for_others.iter().any(|name| request.headers().contains_key(*name))
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
