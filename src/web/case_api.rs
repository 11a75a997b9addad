//! Cases and exemptions for programs: what there is, what their owner may do, and orders in his name, with what each
//! looks like for the document.

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Site;
use super::ask::{Ask, Reader};
use super::case::{found, wish_of};
use super::fault::Fault;
use super::openapi::{date, list, or_null, text, time};
use super::orders;
use super::own::Own;
use super::traces::looked_at_list;
use crate::case::acts::REASON_MAX;
use crate::case::escalation::What;
use crate::case::exemption::ExemptionWish;
use crate::case::order::{CaseAnswer, Done, Look, Order};
use crate::case::{Code, Refusal};
use crate::door;
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;

const BYTES_MAX: usize = 16 * 1024;
/// Exemptions told at a time.
const EXEMPTIONS_MAX: usize = 200;

/// What a program sends, as JSON.
async fn said<T: DeserializeOwned>(request: Request) -> Result<T, Fault> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next());
    if !kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Fault::NoForm);
    }
    let bytes = to_bytes(request.into_body(), BYTES_MAX)
        .await
        .map_err(|_| Fault::TooLarge)?;
    serde_json::from_slice(&bytes).map_err(|_| Fault::BadBody)
}

/// RFC 9457, with the word that programs branch on.
fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::CONFLICT);
    let body = json!({
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": refusal.to_string(),
        "refusal": refusal.code(),
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body.to_string()).into_response()
}

fn answered(answer: CaseAnswer) -> Response {
    match answer {
        Ok(Done::Case {
            incident,
            step,
            stage,
            steps,
        }) => axum::Json(json!({"incident": incident, "step": step, "stage": stage, "steps": steps})).into_response(),
        Ok(Done::Exemption {
            request,
            step,
            backdated,
            would_have_hidden,
        }) => axum::Json(json!({
            "exemption": request, "step": step, "backdated": backdated, "would_have_hidden": would_have_hidden,
        }))
        .into_response(),
        Ok(Done::Correction { request, step, .. }) => {
            axum::Json(json!({"correction": request, "step": step})).into_response()
        }
        Err(refusal) => refused(&refusal),
    }
}

/// `GET /api/v1/incidents/{n}`
pub async fn one(State(site): State<Site>, Path(n): Path<String>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let incident = found(&site, &ask, &n).await?;
    let look = door::Look {
        what: "incident",
        which: incident.n.to_string(),
        office: incident.office.to_string(),
        officer: incident.officer.as_ref().map(ToString::to_string),
        count: None,
    };
    site.door.look(&reader.who, &reader.caller, &look).await?;
    let row = site.store.case(incident.n).await?.ok_or(Fault::NotFound)?;
    let steps = site.store.case_steps(incident.n).await?;
    let zone = ask
        .live
        .office(&incident.office)
        .map_or(ask.zone(), |office| office.roster.office.zone);
    let at = |moment: Moment| moment.rfc3339(zone);
    let seen = orders::look_at(&site, &reader, std::slice::from_ref(&incident)).await;
    let seen = seen.into_values().next();
    let may: Vec<&str> = seen
        .iter()
        .flat_map(|seen| &seen.may)
        .filter(|(_, why)| why.is_none())
        .map(|(wish, _)| wish.as_str())
        .collect();
    let next = seen
        .iter()
        .flat_map(|seen| &seen.foreseen)
        .filter_map(|due| match &due.what {
            What::Climb { people, .. } => Some(json!({"at": at(due.at), "people": people})),
            What::AckExpires => None,
        });
    let next: Vec<Value> = next.collect();
    // Whom it is about reads others by what they are, as on his own page.
    let own = Own::about(&site, &reader, &incident.office, incident.officer.as_ref());
    let redactor = match &own {
        Some(own) => Some(own.redactor(&site, &reader).await?),
        None => None,
    };
    let next = if own.is_some() { Vec::new() } else { next };
    let said = |text: &str| match &redactor {
        Some(redactor) => redactor.text(text),
        None => text.to_owned(),
    };
    let named = |id: &&String| own.as_ref().is_none_or(|own| own.has(id));
    let all = ask.has_role(crate::accounts::Role::Integrity) || ask.has_role(crate::accounts::Role::Auditor);
    let steps: Vec<Value> = steps
        .iter()
        .filter(|step| all || step.step != "refused")
        .map(|step| {
            json!({
                "n": step.n, "at": at(step.at), "person": step.person.as_ref().filter(named), "post": step.post,
                "step": step.step, "detail": step.detail.as_deref().map(said), "reason": said(&step.reason),
            })
        })
        .collect();
    Ok(axum::Json(json!({
        "incident": row.incident,
        "office": row.office,
        "policy": row.policy,
        "class": row.class,
        "severity": row.severity,
        "officer": row.officer,
        "date": row.date,
        "stage": row.stage,
        "outcome": row.outcome,
        "code": row.code,
        "stands": row.stands,
        "opened": at(row.opened),
        "acknowledged_until": row.acked_until.map(at),
        "review_by": row.review_by.map(at),
        // Also those that are not shown: what an order says it has seen.
        "seen": row.steps,
        "steps": steps,
        "may": may,
        "next": next,
    }))
    .into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderSaid {
    wish: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    reason: String,
    #[serde(deserialize_with = "whole")]
    seen: u32,
}

/// A whole number, also as `3.0`, which JSON Schema calls an integer.
fn whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = f64::deserialize(deserializer)?;
    let whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    match whole {
        true => Ok(number as u32),
        false => Err(serde::de::Error::custom("a whole number is needed")),
    }
}

/// `POST /api/v1/incidents/{n}/orders`
pub async fn order(
    State(site): State<Site>,
    Path(n): Path<String>,
    ask: Ask,
    reader: Reader,
    request: Request,
) -> Result<Response, Fault> {
    let said: OrderSaid = said(request).await?;
    let wish = wish_of(&said.wish, &said.code).ok_or(Fault::BadBody)?;
    let incident = found(&site, &ask, &n).await?;
    let what = Order::Case {
        incident: incident.n,
        wish,
        seen: Some(said.seen),
    };
    let answer = orders::order(&site, &reader, &incident.office, &said.reason, what).await?;
    Ok(answered(answer))
}

/// `GET /api/v1/exemptions`
pub async fn exemptions(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let office = ask.param("office");
    let rows = site
        .store
        .exemptions_seen(&ask.scope(), office, None, EXEMPTIONS_MAX)
        .await?;
    looked_at_list(&site, &ask, &reader, "exemptions", rows.len()).await?;
    let own = Own::of(&site, &reader).filter(|own| rows.iter().any(|row| own.is_of(&row.office, &row.officer)));
    let redactor = match &own {
        Some(own) => Some(own.redactor(&site, &reader).await?),
        None => None,
    };
    let mut told = Vec::with_capacity(rows.len());
    for office in &ask.live.offices {
        let id = &office.roster.office.id;
        let zone = office.roster.office.zone;
        let at = |moment: Moment| moment.rfc3339(zone);
        let here = rows.iter().filter(|row| row.office == *id);
        let requests: Vec<i64> = here.clone().map(|row| row.n).collect();
        let look = Look {
            office: id.clone(),
            who: None,
            incidents: Vec::new(),
            requests,
        };
        let seen = orders::look(&site, look).await;
        for row in here {
            let known = seen
                .iter()
                .flat_map(|seen| &seen.requests)
                .find(|one| one.request.n == row.n);
            let own = own
                .as_ref()
                .zip(redactor.as_ref())
                .filter(|(own, _)| own.is_of(&row.office, &row.officer));
            let by = |id: &String| match own {
                Some((own, _)) if !own.has(id) => own.role(id),
                _ => json!(id),
            };
            told.push(json!({
                "exemption": row.n,
                "office": row.office,
                "officer": row.officer,
                "from": at(row.from),
                "until": at(row.until),
                "asked_by": by(&row.asked_by),
                "asked": at(row.asked),
                "reason": own.map_or_else(|| row.reason.clone(), |(_, redactor)| redactor.text(&row.reason)),
                "answered_by": row.answered_by.as_ref().map(by),
                "answered": row.answered.map(at),
                "granted": row.granted,
                "revoked": row.revoked.map(at),
                "backdated": row.from < row.asked,
                "would_have_hidden": known.map(|one| &one.hidden),
            }));
        }
    }
    Ok(axum::Json(told).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskSaid {
    office: String,
    officer: String,
    from: String,
    until: String,
    #[serde(default)]
    reason: String,
}

/// `POST /api/v1/exemptions`
pub async fn ask_exemption(State(site): State<Site>, reader: Reader, request: Request) -> Result<Response, Fault> {
    let said: AskSaid = said(request).await?;
    let moment = |text: &str| Moment::parse(text).ok_or(Fault::BadBody);
    let wish = ExemptionWish::Ask {
        officer: said.officer.clone(),
        from: moment(&said.from)?,
        until: moment(&said.until)?,
    };
    exemption(&site, &reader, &said.office, &said.reason, wish).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerSaid {
    office: String,
    wish: AnswerWish,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum AnswerWish {
    Grant,
    Deny,
    Revoke,
}

/// `POST /api/v1/exemptions/{n}/orders`
pub async fn answer_exemption(
    State(site): State<Site>,
    Path(n): Path<String>,
    reader: Reader,
    request: Request,
) -> Result<Response, Fault> {
    let said: AnswerSaid = said(request).await?;
    let request = n.parse::<i64>().map_err(|_| Fault::NotFound)?;
    let wish = match said.wish {
        AnswerWish::Grant => ExemptionWish::Grant { request },
        AnswerWish::Deny => ExemptionWish::Deny { request },
        AnswerWish::Revoke => ExemptionWish::Revoke { request },
    };
    exemption(&site, &reader, &said.office, &said.reason, wish).await
}

async fn exemption(
    site: &Site,
    reader: &Reader,
    office: &str,
    reason: &str,
    wish: ExemptionWish,
) -> Result<Response, Fault> {
    let office = OfficeId::new(office);
    let what = Order::Exemption {
        office: Some(office.clone()),
        wish,
    };
    let answer = orders::order(site, reader, &office, reason, what).await?;
    Ok(answered(answer))
}

fn numbers() -> Value {
    json!({"type": "array", "items": {"type": "integer"}})
}

fn words() -> Value {
    json!({"type": "string", "maxLength": REASON_MAX, "description": "why, in a sentence"})
}

pub fn one_schema() -> Value {
    let mut of_one = list(json!({
        "incident": {"type": "integer"}, "office": text(), "policy": text(), "class": text(), "severity": text(),
        "officer": or_null(text()), "date": date(), "stage": text(), "outcome": or_null(text()), "code": or_null(text()),
        "stands": {"type": "boolean"}, "opened": time(), "acknowledged_until": or_null(time()), "review_by": or_null(time()),
        "seen": {"type": "integer"},
        "steps": list(json!({
            "n": {"type": "integer"}, "at": time(), "person": or_null(text()), "post": or_null(text()), "step": text(),
            "detail": or_null(text()), "reason": text(),
        })),
        "may": {"type": "array", "items": text()},
        "next": list(json!({"at": time(), "people": {"type": "array", "items": text()}})),
    }));
    of_one["items"].take()
}

pub fn done_schema() -> Value {
    let mut done = list(json!({
        "incident": {"type": "integer"}, "step": text(), "stage": text(), "steps": {"type": "integer"},
    }));
    done["items"].take()
}

pub fn order_schema() -> Value {
    const WISHES: [&str; 11] = [
        "ack",
        "state",
        "find",
        "examine",
        "prove",
        "not_prove",
        "close",
        "appeal",
        "uphold",
        "grant",
        "reopen",
    ];
    let seen = || json!({"type": "integer", "minimum": 0, "maximum": u32::MAX});
    let codes: Vec<&str> = Code::ALL.into_iter().map(Code::as_str).collect();
    let plain = json!({
        "type": "object", "additionalProperties": false, "required": ["wish", "seen"],
        "properties": {"wish": {"enum": WISHES}, "reason": words(), "seen": seen()},
    });
    let dismissal = json!({
        "type": "object", "additionalProperties": false, "required": ["wish", "code", "seen"],
        "properties": {"wish": {"enum": ["dismiss"]}, "code": {"enum": codes}, "reason": words(), "seen": seen()},
    });
    json!({"oneOf": [plain, dismissal]})
}

pub fn exemptions_schema() -> Value {
    list(json!({
        "exemption": {"type": "integer"}, "office": text(), "officer": text(), "from": time(), "until": time(),
        "asked_by": text(), "asked": time(), "reason": text(), "answered_by": or_null(text()), "answered": or_null(time()),
        "granted": or_null(json!({"type": "boolean"})), "revoked": or_null(time()), "backdated": {"type": "boolean"},
        "would_have_hidden": or_null(numbers()),
    }))
}

pub fn request_schema() -> Value {
    let mut done = list(json!({
        "exemption": {"type": "integer"}, "step": text(), "backdated": {"type": "boolean"}, "would_have_hidden": numbers(),
    }));
    done["items"].take()
}

pub fn ask_schema() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["office", "officer", "from", "until"],
        "properties": {"office": text(), "officer": text(), "from": time(), "until": time(), "reason": words()},
    })
}

pub fn answer_schema() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["office", "wish"],
        "properties": {"office": text(), "wish": {"enum": ["grant", "deny", "revoke"]}, "reason": words()},
    })
}
