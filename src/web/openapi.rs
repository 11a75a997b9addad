//! What programs may ask, as an OpenAPI 3.1 document and as a page: made from one table, of which a test asks that it has
//! every address of the interface and no other.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::ask::{Ask, date as date_of};
use super::case_api;
use super::page::{self, Tab};
use crate::store::accounts::Part;

/// One address of the interface.
struct Call {
    /// In small letters.
    method: &'static str,
    path: &'static str,
    /// By which part of a token; `None`: everybody.
    part: Option<Part>,
    says: &'static str,
    parameters: &'static [Parameter],
    answer: fn() -> Value,
    /// It also answers a line a verdict, where the program asks for `application/x-ndjson`.
    lines: bool,
    /// What must be sent, as JSON.
    body: Option<fn() -> Value>,
}

#[derive(Clone, Copy)]
struct Parameter {
    name: &'static str,
    says: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Date,
    Whole {
        max: i64,
    },
    /// A place in a list of incidents, which nobody but us makes.
    Key,
    OneOf(&'static [&'static str]),
}

const OFFICE: Parameter = Parameter {
    name: "office",
    says: "only of this office, by its id",
    kind: Kind::Text,
};
const POLICY: Parameter = Parameter {
    name: "policy",
    says: "only of this policy, by its id",
    kind: Kind::Text,
};
const FROM: Parameter = Parameter {
    name: "from",
    says: "from this business date on",
    kind: Kind::Date,
};
const TO: Parameter = Parameter {
    name: "to",
    says: "up to this business date, which is included",
    kind: Kind::Date,
};
const WITH: Parameter = Parameter {
    name: "with",
    says: "`pin` adds by which policy and engine each verdict was judged",
    kind: Kind::OneOf(&["pin"]),
};
const EACH: Parameter = Parameter {
    name: "each",
    says: "what is summed; `date` unless said otherwise",
    kind: Kind::OneOf(&["date", "counter", "hour", "counter_hour"]),
};
const CLASS: Parameter = Parameter {
    name: "class",
    says: "only of this class",
    kind: Kind::OneOf(&["indication", "unverifiable", "technical"]),
};
const STATE: Parameter = Parameter {
    name: "state",
    says: "only in this state",
    kind: Kind::OneOf(&["open", "ended", "retracted"]),
};
const DATE: Parameter = Parameter {
    name: "date",
    says: "only of this business date",
    kind: Kind::Date,
};
const SEVERITY: Parameter = Parameter {
    name: "severity",
    says: "only of this severity",
    kind: Kind::OneOf(&["info", "minor", "major", "critical"]),
};
const COUNTER: Parameter = Parameter {
    name: "counter",
    says: "only of this counter or lockbox, by its id",
    kind: Kind::Text,
};
const OFFICER: Parameter = Parameter {
    name: "officer",
    says: "only of this officer, by his id",
    kind: Kind::Text,
};
const STAGE: Parameter = Parameter {
    name: "stage",
    says: "only where the case stands there",
    kind: Kind::OneOf(&[
        "indication",
        "dismissing",
        "dismissed",
        "finding",
        "examination",
        "proven",
        "not_proven",
        "closed",
        "withdrawn",
    ]),
};
const LIMIT: Parameter = Parameter {
    name: "limit",
    says: "so many at most; 100 unless said otherwise",
    kind: Kind::Whole { max: 500 },
};
const AFTER: Parameter = Parameter {
    name: "after",
    says: "goes on after the page whose `next` this was",
    kind: Kind::Key,
};

const ACT: Parameter = Parameter {
    name: "act",
    says: "only of this kind of act, like `looked`, `refused` or `role_granted`",
    kind: Kind::Text,
};
const ACCOUNT: Parameter = Parameter {
    name: "account",
    says: "only by this account or done to it, by its name or id",
    kind: Kind::Text,
};
const BEFORE: Parameter = Parameter {
    name: "after",
    says: "goes on after the page whose `next` this was",
    kind: Kind::Whole { max: i64::MAX },
};

const CALLS: [Call; 14] = [
    Call {
        method: "get",
        path: "/api/v1/incidents",
        part: Some(Part::Cases),
        says: "Incidents, the open ones first and then the newest, a page at a time.",
        parameters: &[
            OFFICE, CLASS, SEVERITY, POLICY, COUNTER, OFFICER, DATE, FROM, TO, STATE, STAGE, LIMIT, AFTER,
        ],
        answer: || {
            json!({"type": "object", "required": ["items", "next"], "properties": {
                "items": list(json!({
                    "incident": {"type": "integer"}, "office": text(), "policy": text(), "class": text(), "severity": text(),
                    "counter": or_null(text()), "lockbox": or_null(text()), "officer": or_null(text()),
                    "date": date(), "since": time(), "until": or_null(time()), "state": text(),
                })),
                "next": or_null(text()),
            }})
        },
        lines: false,
        body: None,
    },
    Call {
        method: "get",
        path: "/api/v1/incidents/{n}",
        part: Some(Part::Cases),
        says: "One incident in people's hands: where its case stands, every step, what the token's owner may do now, and \
               who is told next if nobody answers.",
        parameters: &[],
        answer: case_api::one_schema,
        lines: false,
        body: None,
    },
    Call {
        method: "post",
        path: "/api/v1/incidents/{n}/orders",
        part: Some(Part::Orders),
        says: "Does something with a case in the name of the token's owner. `seen` is how many `steps` the case had when he \
               looked at it: what is sent twice is done once.",
        parameters: &[],
        answer: case_api::done_schema,
        lines: false,
        body: Some(case_api::order_schema),
    },
    Call {
        method: "get",
        path: "/api/v1/exemptions",
        part: Some(Part::Cases),
        says: "Exemptions that were asked for, the newest first, and the incidents of the 30 days before that each would have hidden.",
        parameters: &[OFFICE],
        answer: case_api::exemptions_schema,
        lines: false,
        body: None,
    },
    Call {
        method: "post",
        path: "/api/v1/exemptions",
        part: Some(Part::Orders),
        says: "Asks for an exemption; somebody else grants it.",
        parameters: &[],
        answer: case_api::request_schema,
        lines: false,
        body: Some(case_api::ask_schema),
    },
    Call {
        method: "post",
        path: "/api/v1/exemptions/{n}/orders",
        part: Some(Part::Orders),
        says: "Grants, denies or revokes an exemption.",
        parameters: &[],
        answer: case_api::request_schema,
        lines: false,
        body: Some(case_api::answer_schema),
    },
    Call {
        method: "get",
        path: "/api/v1/verdicts",
        part: Some(Part::Cases),
        says: "Every standing verdict, in the order of its begin, streamed.",
        parameters: &[OFFICE, POLICY, FROM, TO, WITH],
        answer: || {
            list(json!({
                "policy": text(), "verdict": text(), "severity": text(), "office": text(),
                "counter": or_null(text()), "lockbox": or_null(text()), "officer": or_null(text()),
                "since": time(), "opened": time(), "until": or_null(time()),
                "evidence": {"type": "array", "items": text()},
            }))
        },
        lines: true,
        body: None,
    },
    Call {
        method: "get",
        path: "/api/v1/service",
        part: Some(Part::Service),
        says: "Minutes of service, summed, in seconds; the last four weeks unless dates are given.",
        parameters: &[OFFICE, FROM, TO, EACH],
        answer: || {
            let share = || or_null(json!({"type": "number", "minimum": 0, "maximum": 1}));
            let seconds = || json!({"type": "number", "minimum": 0});
            json!({"type": "array", "items": {"type": "object", "required": ["served_s", "known_s", "verified_s", "exempt_s",
                "sessions", "compliance", "coverage"], "properties": {
                "office": text(), "date": text(), "counter": text(), "hour": text(),
                "served_s": seconds(), "known_s": seconds(), "verified_s": seconds(), "exempt_s": seconds(),
                "sessions": {"type": "integer"}, "compliance": share(), "coverage": share(),
            }}})
        },
        lines: false,
        body: None,
    },
    Call {
        method: "get",
        path: "/api/v1/traces",
        part: Some(Part::Traces),
        says: "What people did and looked at, and what they were refused, the newest first, a page at a time. A page may \
               have few rows and still a `next`.",
        parameters: &[OFFICE, ACT, ACCOUNT, OFFICER, FROM, TO, LIMIT, BEFORE],
        answer: || {
            let maybe = || or_null(text());
            json!({"type": "object", "required": ["items", "next"], "properties": {
                "items": list(json!({
                    "trace": {"type": "integer"}, "time": time(), "act": text(), "actor": maybe(), "actor_name": maybe(),
                    "account": maybe(), "account_name": maybe(), "office": maybe(), "officer": maybe(),
                    "address": maybe(), "session": maybe(), "what": maybe(), "which": maybe(), "why": maybe(),
                    "reason": maybe(), "role": maybe(), "count": or_null(json!({"type": "integer"})),
                    "times": or_null(json!({"type": "integer"})),
                })),
                "next": maybe(),
            }})
        },
        lines: false,
        body: None,
    },
    Call {
        method: "get",
        path: "/api/v1/policies",
        part: Some(Part::Devices),
        says: "What every office judges by, and what it decided otherwise.",
        parameters: &[],
        answer: || {
            list(json!({
                "office": text(), "policy": text(), "title": {"type": "object"}, "basis": text(), "verdict": text(),
                "severity": text(), "per": text(), "condition": text(), "enabled": {"type": "boolean"}, "scope": text(),
                "for": text(), "bridge": text(), "group_within": text(), "notify": {"type": "array"},
                "decided": or_null(json!({"type": "object"})),
            }))
        },
        lines: false,
        body: None,
    },
    Call {
        method: "get",
        path: "/api/v1/signals",
        part: Some(Part::Cases),
        says: "What stands out in numbers, for the integrity team and auditors; no accusation.",
        parameters: &[OFFICE],
        answer: || {
            list(json!({
                "office": text(), "signal": text(), "what": text(), "counts": text(), "why": text(),
            }))
        },
        lines: false,
        body: None,
    },
    Call {
        method: "get",
        path: "/api/v1/gaps",
        part: Some(Part::Devices),
        says: "Events that devices numbered and that never came, and sessions that the broker lost.",
        parameters: &[],
        answer: || {
            list(json!({
                "kind": {"enum": ["sequence", "broker_session"]}, "office": or_null(text()), "device": or_null(text()),
                "bootid": or_null(text()), "first": or_null(text()), "last": or_null(text()), "since": time(),
                "filled": or_null(time()),
            }))
        },
        lines: false,
        body: None,
    },
    Call {
        method: "get",
        path: "/api/v1/clocks",
        part: Some(Part::Devices),
        says: "What is known of every device's clock.",
        parameters: &[],
        answer: || {
            list(json!({
                "office": text(), "device": text(), "offset_seconds": or_null(json!({"type": "number"})),
                "times": {"enum": ["as_told", "corrected", "poor"]}, "since": or_null(time()),
            }))
        },
        lines: false,
        body: None,
    },
    Call {
        method: "get",
        path: "/api/v1/openapi.json",
        part: None,
        says: "This document.",
        parameters: &[],
        answer: || json!({"type": "object"}),
        lines: false,
        body: None,
    },
];

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn date() -> Value {
    json!({"type": "string", "format": "date"})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn or_null(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    schema
}

/// A list of objects that have all these properties.
pub(super) fn list(properties: Value) -> Value {
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(|all| all.keys()).collect();
    json!({"type": "array", "items": {"type": "object", "required": required, "properties": properties}})
}

impl Parameter {
    fn schema(self) -> Value {
        match self.kind {
            Kind::Text => json!({"type": "string", "minLength": 1}),
            Kind::Date => date(),
            Kind::Key => json!({"type": "string", "pattern": r"^[01]\.-?[0-9]{1,18}\.-?[0-9]{1,18}$"}),
            Kind::Whole { max } => json!({"type": "integer", "minimum": 1, "maximum": max}),
            Kind::OneOf(words) => json!({"enum": words}),
        }
    }

    fn takes(self, value: &str) -> bool {
        match self.kind {
            Kind::Text => !value.is_empty(),
            Kind::Date => date_of(value).is_some(),
            Kind::Whole { max } => value.parse::<i64>().is_ok_and(|number| (1..=max).contains(&number)),
            // Whoever reads it says whether it is one.
            Kind::Key => !value.is_empty(),
            Kind::OneOf(words) => words.contains(&value),
        }
    }

    fn kind_in_words(self) -> String {
        match self.kind {
            Kind::Text | Kind::Key => "text".to_owned(),
            Kind::Date => "YYYY-MM-DD".to_owned(),
            Kind::Whole { max } => format!("1–{max}"),
            Kind::OneOf(words) => words.join(" | "),
        }
    }
}

/// Whether a question is one of the document: known parameters alone, each once, each with a worth it may have.
pub fn fits(method: &str, path: &str, pairs: &[(String, String)]) -> bool {
    let is_it = |call: &&Call| call.path == path && call.method.eq_ignore_ascii_case(method);
    let Some(call) = CALLS.iter().find(is_it) else {
        return true;
    };
    pairs.iter().enumerate().all(|(at, (name, value))| {
        let known = call.parameters.iter().find(|one| one.name == name);
        let once = pairs[..at].iter().all(|(before, _)| before != name);
        once && known.is_some_and(|one| one.takes(value))
    })
}

/// The answers that any address may give instead.
const REFUSALS: [(&str, &str); 6] = [
    ("400", "a parameter is not what it must be"),
    ("401", "without a token, or by one that is over"),
    ("403", "the token has not this part, or its owner not the role"),
    (
        "429",
        "this address asks too often; `Retry-After` says how long to wait",
    ),
    ("503", "the database does not answer"),
    ("504", "the answer took too long"),
];

/// What an address that names one thing, or does something, may answer besides.
const OF_ONE: (&str, &str) = ("404", "there is no such thing, or it is not the token's owner's to see");
const OF_ORDERS: [(&str, &str); 4] = [
    (
        "409",
        "it has changed meanwhile, or the step does not follow; `refusal` says which",
    ),
    ("413", "the body is too long"),
    ("415", "the body is no JSON"),
    (
        "422",
        "words are missing or too long, or a span is none; `refusal` says which",
    ),
];

fn operation(call: &Call) -> Value {
    let mut parameters: Vec<Value> = call
        .parameters
        .iter()
        .map(|one| json!({"name": one.name, "in": "query", "description": one.says, "schema": one.schema()}))
        .collect();
    let of_one = call.path.contains("{n}");
    if of_one {
        let number = json!({"type": "integer", "minimum": 1, "maximum": i64::MAX});
        parameters
            .push(json!({"name": "n", "in": "path", "required": true, "description": "its number", "schema": number}));
    }
    let mut content = json!({"application/json": {"schema": (call.answer)()}});
    if call.lines {
        content["application/x-ndjson"] = json!({"schema": text()});
    }
    let mut responses = json!({"200": {"description": call.says, "content": content}});
    let of_one = of_one.then_some(OF_ONE);
    let of_orders = OF_ORDERS.into_iter().filter(|_| call.body.is_some());
    for (status, says) in REFUSALS.into_iter().chain(of_one).chain(of_orders) {
        let content = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
        responses[status] = json!({"description": says, "content": content});
    }
    let mut operation = json!({"summary": call.says, "parameters": parameters, "responses": responses});
    let name = call.path.trim_start_matches("/api/v1/").replace(['.', '/'], "_");
    operation["operationId"] = match call.method {
        "get" => json!(name.replace("{n}", "one")),
        method => json!(format!("{method}_{}", name.replace("{n}", "one"))),
    };
    if let Some(body) = call.body {
        operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": body()}}});
    }
    match call.part {
        Some(part) => operation["security"] = json!([{"token": [part.as_str()]}]),
        None => operation["security"] = json!([]),
    }
    operation
}

/// `GET /api/v1/openapi.json`
pub async fn document() -> Response {
    let mut paths = json!({});
    for call in &CALLS {
        paths[call.path][call.method] = operation(call);
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Jagaloket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What a monitor knows, for programs. Only addresses that end in `orders`, and asking for an exemption, \
                            change anything. Everything is seen and done as the token's owner.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer",
                "description": "A token from the page \"My account\". Its parts: cases, service, devices, traces, orders.",
            }},
            "schemas": {"Problem": {
                "type": "object", "required": ["title", "status", "detail"],
                "description": "RFC 9457",
                "properties": {"title": text(), "status": {"type": "integer"}, "detail": text()},
            }},
        },
    });
    axum::Json(document).into_response()
}

/// The same for people.
pub async fn page(ask: Ask) -> Markup {
    let words = ask.words;
    let title = words.pick("Antarmuka untuk program", "The interface for programs");
    let under = words.pick(
        "Buat token di halaman akun, kirim sebagai kepala Authorization. Hanya alamat POST yang mengubah sesuatu; kesalahan datang sebagai application/problem+json.",
        "Make a token on your account's page and send it as the Authorization header. Only POST addresses change anything; errors come as application/problem+json.",
    );
    let body = html! {
        (page::heading(title, Some(under)))
        pre.payload tabindex="0" aria-label=(words.pick("Contoh", "Example")) {
            "curl -H 'Authorization: Bearer jgl_…' 'https://…/api/v1/incidents?state=open'"
        }
        p { a href="/api/v1/openapi.json" { "OpenAPI 3.1" } }
        @for call in &CALLS {
            section lang="en" {
                h2 { code.break { (call.method.to_uppercase()) " " (call.path) } }
                p { (call.says) }
                @if let Some(part) = call.part { p.soft { "Part of the token: " code { (part.as_str()) } } }
                @if !call.parameters.is_empty() {
                    dl.facts.facts-wide {
                        @for one in call.parameters {
                            (page::fact(one.name, html! { (one.says) " " span.soft { "(" (one.kind_in_words()) ")" } }))
                        }
                    }
                }
            }
        }
    };
    page::shell(&ask, Tab::None, title, false, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_address_for_programs_and_the_parts_of_tokens() {
        let mut told: Vec<_> = CALLS
            .iter()
            .map(|call| (call.path, call.method.to_uppercase(), call.part))
            .collect();
        let addresses = super::super::addresses().into_iter();
        let programs = addresses.filter(|address| address.path.starts_with("/api/"));
        let mut there: Vec<_> = programs
            .map(|address| (address.path, address.method.to_owned(), address.part))
            .collect();
        told.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        there.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        assert_eq!(told, there);
    }
}
