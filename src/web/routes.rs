//! Every address there is, and who may come there: one table, of which the router is made and which the guard asks.

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};

use super::{
    Site, account, api, assets, bookings, case, case_api, corrections, devices, escalation, exemptions, export, gate,
    health, incident, incidents, letters, lists, messages, openapi, own, passkeys, policies, provider, quarantine,
    report, reveal, search, service, sign_in, signals, stream, today, tokens, traces, users, webhook,
};
use crate::accounts::Role::{
    self, Administrator, Auditor, Custodian, Gate, Integrity, Officer, Supervisor, Technician,
};
use crate::door::BACK;
use crate::store::accounts::Part;

/// Who may come to an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// It says the same to everybody.
    Nothing,
    /// Forms of people who are not signed in.
    Anyone,
    /// Programs on this machine.
    Machine,
    SignedIn,
    /// Signed in, and more than a keeper of gates or seals.
    Inside,
    /// The same, and keepers too who are in a roster: what is held about oneself.
    Own,
    /// One of these roles.
    One(&'static [Role]),
}

/// An address: how it is asked, and who may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    pub method: &'static str,
    pub path: &'static str,
    pub needs: Needs,
    /// Whether he must have proved lately who he is.
    pub fresh: bool,
    /// Programs may come with a token for this part.
    pub part: Option<Part>,
}

struct Route {
    address: Address,
    answer: MethodRouter<Site>,
}

/// Cases: what is said of people.
const CASES: Needs = Needs::One(&[Officer, Supervisor, Integrity, Auditor, Technician]);
/// Whoever may do anything with cases.
const ACTS: Needs = Needs::One(&[Officer, Supervisor, Integrity, Technician]);
/// Who stands above whom.
const RUNGS: Needs = Needs::One(&[Supervisor, Integrity, Auditor]);
/// Minutes of service, each reader's of whom he may see.
const SERVICE: Needs = Needs::One(&[Officer, Supervisor, Integrity, Auditor]);
/// What stands out in numbers, which is no supervisor's to see.
const OVERSIGHT: Needs = Needs::One(&[Integrity, Auditor]);
const QUARANTINE: Needs = Needs::One(&[Integrity, Auditor, Technician]);
/// Who did and looked at what.
const TRACES: Needs = Needs::One(&[Integrity, Auditor]);
/// Those who see whole offices, and officers by their codes.
const CODES: Needs = Needs::One(&[Integrity, Auditor]);
/// Where applicants are let in.
const GATE: Needs = Needs::One(&[Gate]);
/// Who has booked; no numbers.
const BOOKINGS: Needs = Needs::One(&[Supervisor, Integrity, Auditor]);
/// What applicants report, and who they are: never the same hands.
const REPORTS: Needs = Needs::One(&[Integrity]);
const SEALS: Needs = Needs::One(&[Custodian]);
/// What people say is wrong in what is held about them, and who answers it.
const CORRECTIONS: Needs = Needs::One(&[Integrity, Auditor]);
const ANSWERS: Needs = Needs::One(&[Integrity]);
const USERS: Needs = Needs::One(&[Administrator]);

fn route(method: &'static str, path: &'static str, needs: Needs, answer: MethodRouter<Site>) -> Route {
    let address = Address {
        method,
        path,
        needs,
        fresh: false,
        part: None,
    };
    Route { address, answer }
}

fn fresh(mut route: Route) -> Route {
    route.address.fresh = true;
    route
}

/// For programs too, by a token for this part.
fn by_token(part: Part, mut route: Route) -> Route {
    route.address.part = Some(part);
    route
}

fn routes() -> Vec<Route> {
    use Needs::{Anyone, Inside, Machine, Nothing, Own, SignedIn};
    vec![
        route("GET", "/", Inside, get(today::show)),
        route("GET", "/incidents", CASES, get(incidents::show)),
        fresh(route("GET", "/incidents/export", CASES, get(export::incidents))),
        route("GET", "/incidents/{n}", CASES, get(incident::show)),
        route("POST", "/incidents/acknowledge", ACTS, post(incidents::acknowledge)),
        route("POST", "/incidents/{n}/acts", ACTS, post(case::act)),
        route("GET", "/escalation", RUNGS, get(escalation::show)),
        route("GET", "/exemptions", CASES, get(exemptions::show)),
        route("POST", "/exemptions", ACTS, post(exemptions::ask)),
        route("POST", "/exemptions/{n}/answer", ACTS, post(exemptions::answer)),
        route("GET", "/compliance", SERVICE, get(service::show)),
        route("GET", "/signals", OVERSIGHT, get(signals::show)),
        route("GET", "/compliance/export", SERVICE, get(lists::compliance)),
        route("GET", "/compliance/report", OVERSIGHT, get(report::show)),
        route("GET", "/letters", CASES, get(letters::list)),
        fresh(route("GET", "/letters/export", CASES, get(lists::letters))),
        route("GET", "/letters/{n}", CASES, get(letters::show)),
        route("GET", "/letters/{n}/html", CASES, get(letters::html_as_sent)),
        route("GET", "/quarantine", QUARANTINE, get(quarantine::list)),
        route("GET", "/quarantine/export", QUARANTINE, get(lists::quarantine)),
        route("GET", "/quarantine/{n}", QUARANTINE, get(quarantine::show)),
        route("GET", "/traces", TRACES, get(traces::show)),
        route("GET", "/live", Inside, get(stream::live)),
        route("GET", "/reveal", CODES, get(reveal::form)),
        route("POST", "/reveal", CODES, post(reveal::open)),
        route("GET", "/search", Inside, get(search::show)),
        route("GET", "/policies", Inside, get(policies::list)),
        route("GET", "/policies/export", Inside, get(lists::policies)),
        route("GET", "/policies/{id}", Inside, get(policies::show)),
        route("GET", "/devices", Inside, get(devices::show)),
        route("GET", "/devices/export", Inside, get(lists::devices)),
        route("GET", "/health", Inside, get(health::show)),
        route("GET", "/healthz", Nothing, get(api::alive)),
        route("GET", "/readyz", Machine, get(api::ready)),
        route("GET", "/metrics", Machine, get(api::metrics)),
        by_token(
            Part::Cases,
            fresh(route("GET", "/api/v1/incidents", CASES, get(incidents::api))),
        ),
        by_token(
            Part::Cases,
            fresh(route("GET", "/api/v1/incidents/{n}", CASES, get(case_api::one))),
        ),
        by_token(
            Part::Orders,
            route("POST", "/api/v1/incidents/{n}/orders", ACTS, post(case_api::order)),
        ),
        by_token(
            Part::Cases,
            fresh(route("GET", "/api/v1/exemptions", CASES, get(case_api::exemptions))),
        ),
        by_token(
            Part::Orders,
            route("POST", "/api/v1/exemptions", ACTS, post(case_api::ask_exemption)),
        ),
        by_token(
            Part::Orders,
            route(
                "POST",
                "/api/v1/exemptions/{n}/orders",
                ACTS,
                post(case_api::answer_exemption),
            ),
        ),
        by_token(
            Part::Cases,
            fresh(route("GET", "/api/v1/verdicts", CASES, get(api::verdicts))),
        ),
        by_token(
            Part::Traces,
            fresh(route("GET", "/api/v1/traces", TRACES, get(traces::api))),
        ),
        by_token(
            Part::Devices,
            route("GET", "/api/v1/policies", Inside, get(api::policies)),
        ),
        by_token(
            Part::Service,
            route("GET", "/api/v1/service", SERVICE, get(service::api)),
        ),
        by_token(Part::Devices, route("GET", "/api/v1/gaps", Inside, get(devices::gaps))),
        by_token(
            Part::Cases,
            fresh(route("GET", "/api/v1/signals", OVERSIGHT, get(signals::api))),
        ),
        by_token(
            Part::Devices,
            route("GET", "/api/v1/clocks", Inside, get(devices::clocks)),
        ),
        route("GET", "/api", Inside, get(openapi::page)),
        route("GET", "/api/v1/openapi.json", Nothing, get(openapi::document)),
        route("GET", "/static/style.css", Nothing, get(assets::style)),
        route("GET", "/static/live.js", Nothing, get(assets::script)),
        route("GET", "/static/passkey.js", Nothing, get(assets::passkeys)),
        route("GET", "/static/icon.svg", Nothing, get(assets::icon)),
        route("GET", "/sign-in", Anyone, get(sign_in::show)),
        route("POST", "/sign-in", Anyone, post(sign_in::enter)),
        route("POST", "/sign-in/passkey", Anyone, post(passkeys::enter)),
        route("GET", "/sign-in/provider", Anyone, get(provider::go)),
        route("GET", BACK, Anyone, get(provider::back)),
        route("POST", BACK, Anyone, post(provider::enter)),
        route("POST", "/sign-out", SignedIn, post(sign_in::leave)),
        route("GET", "/forgot", Anyone, get(sign_in::forgot)),
        route("POST", "/forgot", Anyone, post(sign_in::send_reset)),
        route("GET", "/link/{token}", Anyone, get(sign_in::link)),
        route("POST", "/link/{token}", Anyone, post(sign_in::redeem)),
        route("GET", "/confirm", SignedIn, get(sign_in::confirm)),
        route("POST", "/confirm", SignedIn, post(sign_in::prove)),
        route("GET", "/account", SignedIn, get(account::show)),
        fresh(route("POST", "/account/password", SignedIn, post(account::password))),
        fresh(route("GET", "/account/codes", SignedIn, get(account::codes))),
        fresh(route("POST", "/account/codes", SignedIn, post(account::set_codes))),
        fresh(route(
            "POST",
            "/account/codes/remove",
            SignedIn,
            post(account::remove_codes),
        )),
        fresh(route("POST", "/account/tokens", SignedIn, post(tokens::add))),
        route("POST", "/account/tokens/end", SignedIn, post(tokens::end)),
        fresh(route("POST", "/account/recovery", SignedIn, post(account::recovery))),
        fresh(route("POST", "/account/passkeys", SignedIn, post(passkeys::add))),
        fresh(route("POST", "/account/passkeys/end", SignedIn, post(passkeys::end))),
        route("POST", "/account/sessions/end", SignedIn, post(account::end_session)),
        route(
            "POST",
            "/account/sessions/end-others",
            SignedIn,
            post(account::end_others),
        ),
        route("GET", "/gate", GATE, get(gate::show)),
        route("POST", "/gate", GATE, post(gate::scan)),
        route("GET", "/bookings", BOOKINGS, get(bookings::list)),
        route("GET", "/bookings/{code}", BOOKINGS, get(bookings::show)),
        route("GET", "/messages", BOOKINGS, get(messages::list)),
        route("GET", "/reports", REPORTS, get(messages::reports)),
        route("GET", "/seals", SEALS, get(messages::seals)),
        fresh(route("POST", "/seals/{id}", SEALS, post(messages::unseal))),
        route("GET", "/channel/webhook", Nothing, get(webhook::challenge)),
        route("POST", "/channel/webhook", Nothing, post(webhook::told)),
        route("GET", "/me", Own, get(own::show)),
        fresh(route("GET", "/me/export", Own, get(own::export::show))),
        route("GET", "/me/incidents/{n}", Own, get(own::incident::show)),
        route("POST", "/me/incidents/{n}/state", Own, post(own::forms::state)),
        route("POST", "/me/incidents/{n}/appeal", Own, post(own::forms::appeal)),
        route("POST", "/me/corrections", Own, post(own::forms::correct)),
        route("GET", "/corrections", CORRECTIONS, get(corrections::show)),
        route("POST", "/corrections/{n}/accept", ANSWERS, post(corrections::accept)),
        route("POST", "/corrections/{n}/decline", ANSWERS, post(corrections::decline)),
        route("GET", "/users", USERS, get(users::list)),
        fresh(route("POST", "/users", USERS, post(users::add))),
        route("GET", "/users/{id}", USERS, get(users::show)),
        fresh(route("POST", "/users/{id}/disable", USERS, post(users::disable))),
        fresh(route("POST", "/users/{id}/enable", USERS, post(users::enable))),
        fresh(route("POST", "/users/{id}/reset", USERS, post(users::reset))),
        fresh(route("POST", "/users/{id}/erase", USERS, post(users::erase))),
        fresh(route("POST", "/users/{id}/roles", USERS, post(users::grant))),
        fresh(route("POST", "/users/{id}/roles/end", USERS, post(users::end_grant))),
    ]
}

/// Every address, for whoever wants to be sure that none is forgotten.
pub fn addresses() -> Vec<Address> {
    routes().into_iter().map(|route| route.address).collect()
}

/// What an address asks of whoever comes, by the pattern that matched.
pub fn address_of(method: &Method, pattern: &str) -> Option<Address> {
    static ALL: std::sync::LazyLock<Vec<Address>> = std::sync::LazyLock::new(addresses);
    let method = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let mut all = ALL.iter();
    all.find(|address| address.path == pattern && address.method == method)
        .copied()
}

impl Address {
    /// Whether somebody may come there whose one-time codes are due: to set them up, or to leave.
    pub fn before_codes(&self) -> bool {
        matches!(self.needs, Needs::Nothing | Needs::Anyone)
            || matches!(self.path, "/account" | "/account/codes" | "/confirm" | "/sign-out")
    }
}

impl Needs {
    pub fn admit(self, roles: &[Role]) -> bool {
        match self {
            Needs::One(some) => some.iter().any(|role| roles.contains(role)),
            Needs::Inside | Needs::Own => {
                roles.is_empty() || roles.iter().any(|role| !matches!(role, Gate | Custodian))
            }
            Needs::Nothing | Needs::Anyone | Needs::Machine | Needs::SignedIn => true,
        }
    }
}

pub fn router() -> Router<Site> {
    routes().into_iter().fold(Router::new(), |router, route| {
        router.route(route.address.path, route.answer)
    })
}
