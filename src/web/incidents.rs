//! The list of incidents: the open ones first, with filters, a page at a time.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use serde_json::json;

use super::Site;
use super::ask::{Ask, Reader, address};
use super::fault::Fault;
use super::page::{self, Tab};
use super::posted::Posted;
use super::traces::looked_at_list;
use super::{case, orders, shown};
use crate::case::acts::Wish;
use crate::case::order::{CaseSeen, Order};
use crate::case::{Refusal, Stage};
use crate::engine::policy::{Class, Severity};
use crate::engine::time::Moment;
use crate::letter;
use crate::store::read::{IncidentFilter, IncidentKey, IncidentWord};
use crate::store::rows::IncidentRow;

const PAGE: usize = 25;
/// What programs get at a time, unless they ask for more or less.
const LISTED: usize = 100;
const LISTED_MAX: usize = 500;

pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let words = ask.words;
    let filter = filter(&ask)?;
    let after = ask
        .param("after")
        .map(|text| key(text).ok_or(Fault::BadQuestion))
        .transpose()?;
    let mut rows = site
        .store
        .incidents_page(&ask.scope(), &filter, after, PAGE + 1)
        .await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    looked_at_list(&site, &ask, &reader, "incidents", rows.len()).await?;
    let next = rows.last().filter(|_| more).map(|last| key_text(IncidentKey::of(last)));
    let filtered = FILTERS.iter().any(|name| ask.param(name).is_some());
    let seen = orders::look_at(&site, &reader, &rows).await;
    let may_ack = seen.values().any(is_to_ack);
    let body = html! {
        (page::heading(words.incidents, Some(words.principle)))
        (form(&ask, filtered))
        (super::export::links(&ask, "/incidents/export"))
        @if rows.is_empty() {
            p.calm { (words.no_incidents) }
        } @else if may_ack {
            form.many method="post" action="/incidents/acknowledge" {
                (page::proof(&ask))
                (table(&ask, &rows, &seen, true))
                p.many-act {
                    button.button type="submit" { (words.pick("Tandai yang dipilih sudah diketahui", "Acknowledge those chosen")) }
                    " " span.soft {
                        (words.pick(
                            "Mencatat bahwa Anda sedang melihatnya, satu per satu. Belum memutuskan apa pun.",
                            "Records for each that you are looking into it. It decides nothing.",
                        ))
                    }
                }
            }
        } @else {
            (table(&ask, &rows, &seen, false))
        }
        (page::pager(&ask, "after", next))
    };
    Ok(page::shell(&ask, Tab::Incidents, words.incidents, false, body))
}

fn is_to_ack(seen: &CaseSeen) -> bool {
    // What somebody has taken notice of need not be taken notice of again.
    seen.case.ack.is_none() && seen.may(Wish::Ack)
}

fn table(ask: &Ask, rows: &[IncidentRow], seen: &BTreeMap<i64, CaseSeen>, choose: bool) -> Markup {
    let words = ask.words;
    html! {
        table.list role="table" {
            caption.unseen { (words.incidents) }
            thead role="rowgroup" { tr role="row" {
                th scope="col" role="columnheader" { (words.what) }
                th scope="col" role="columnheader" { (words.place) }
                th scope="col" role="columnheader" { (words.officer) }
                th scope="col" role="columnheader" { (words.since) }
                th scope="col" role="columnheader" { (words.duration) }
                th scope="col" role="columnheader" { (words.state) }
            } }
            tbody role="rowgroup" { @for incident in rows { (row(ask, incident, seen.get(&incident.n), choose)) } }
        }
    }
}

/// `POST /incidents/acknowledge`: each its own order; what came of each is told.
pub async fn acknowledge(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let words = ask.words;
    let mut chosen: Vec<(i64, u32)> = Vec::new();
    for text in form.all("case").take(PAGE) {
        let parts = text.split_once('.').ok_or(Fault::BadQuestion)?;
        let (n, seen) = (parts.0.parse(), parts.1.parse());
        chosen.push(n.ok().zip(seen.ok()).ok_or(Fault::BadQuestion)?);
    }
    let mut told = Vec::with_capacity(chosen.len());
    for (n, seen) in chosen {
        let Some(incident) = site.store.incident(&ask.scope(), n).await? else {
            orders::refused(&site, &reader, "not_his_to_see", &format!("{} {n}", ask.path)).await?;
            told.push((n, Err(Refusal::NoCase(n))));
            continue;
        };
        let what = Order::Case {
            incident: n,
            wish: Wish::Ack,
            seen: Some(seen),
        };
        let answer = orders::order(&site, &reader, &incident.office, "", what, &ask.path).await?;
        told.push((n, answer));
    }
    let done = told.iter().filter(|(_, answer)| answer.is_ok()).count();
    let status = told.iter().find_map(|(_, answer)| answer.as_ref().err());
    let status = status.filter(|_| done == 0).map_or(200, Refusal::status);
    let title = words.pick("Yang ditandai", "What was acknowledged");
    let body = html! {
        p.crumb { a href="/incidents" { "← " (words.incidents) } }
        (page::heading(title, None))
        @if told.is_empty() { p.notice { (words.pick("Tidak ada yang dipilih.", "None was chosen.")) } }
        @else {
            p.notice role="status" { strong { (done) "/" (told.len()) } " " (words.pick("ditandai sudah diketahui.", "acknowledged.")) }
        }
        ul.outcomes {
            @for (n, answer) in &told {
                li {
                    a href={ "/incidents/" (n) } { (words.incident) " #" (n) } ": "
                    @match answer {
                        Ok(_) => span.state.state-sent { (words.case_step("acknowledged")) },
                        Err(refusal) => {
                            @let (why, todo) = words.refusal(refusal);
                            span.error { (why) " " (todo) }
                        }
                    }
                }
            }
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT);
    Ok((status, page::shell(&ask, Tab::Incidents, title, false, body)).into_response())
}

/// `GET /api/v1/incidents`: a page of them, and what the next one goes on after.
pub async fn api(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let filter = filter(&ask)?;
    let after = ask
        .param("after")
        .map(|text| key(text).ok_or(Fault::BadQuestion))
        .transpose()?;
    let limit = match ask.param("limit").map(str::parse::<usize>) {
        None => LISTED,
        Some(Ok(limit)) if (1..=LISTED_MAX).contains(&limit) => limit,
        Some(_) => return Err(Fault::BadQuestion),
    };
    let mut rows = site
        .store
        .incidents_page(&ask.scope(), &filter, after, limit + 1)
        .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    looked_at_list(&site, &ask, &reader, "incidents", rows.len()).await?;
    let next = rows.last().filter(|_| more).map(|last| key_text(IncidentKey::of(last)));
    let told = |row: &IncidentRow| {
        let office = ask.live.office(&row.office);
        let zone = office.map_or_else(|| ask.zone(), |office| office.roster.office.zone);
        json!({
            "incident": row.n,
            "office": row.office,
            "policy": row.policy,
            "class": row.class,
            "severity": row.severity,
            "counter": row.counter,
            "lockbox": row.lockbox,
            "officer": row.officer,
            "date": row.date,
            "since": row.since.rfc3339(zone),
            "until": row.until.map(|until| until.rfc3339(zone)),
            "state": shown::state_word(row).as_str(),
        })
    };
    let items: Vec<_> = rows.iter().map(told).collect();
    Ok(axum::Json(json!({"items": items, "next": next})).into_response())
}

pub fn filter(ask: &Ask) -> Result<IncidentFilter, Fault> {
    let one_of = |name, known: &[&'static str]| match ask.param(name) {
        None => Ok(None),
        Some(text) => known
            .iter()
            .position(|word| *word == text)
            .map(Some)
            .ok_or(Fault::BadQuestion),
    };
    let classes = CLASSES.map(Class::as_str);
    let states = IncidentWord::ALL.map(IncidentWord::as_str);
    let severities = SEVERITIES.map(Severity::as_str);
    let stages = Stage::ALL.map(Stage::as_str);
    Ok(IncidentFilter {
        office: ask.param("office").map(str::to_string),
        class: one_of("class", &classes)?.map(|place| CLASSES[place]),
        policy: ask.param("policy").map(str::to_string),
        date: ask.date("date")?.map(|date| date.to_string()),
        state: one_of("state", &states)?.map(|place| IncidentWord::ALL[place]),
        severity: one_of("severity", &severities)?.map(|place| SEVERITIES[place]),
        device: ask.param("counter").map(str::to_string),
        officer: ask.param("officer").map(str::to_string),
        from: ask.date("from")?.map(|date| date.to_string()),
        to: ask.date("to")?.map(|date| date.to_string()),
        stage: one_of("stage", &stages)?.map(|place| stages[place].to_string()),
    })
}

/// What the form asks for.
const FILTERS: [&str; 10] = [
    "class", "severity", "policy", "counter", "officer", "date", "from", "to", "state", "stage",
];
const SEVERITIES: [Severity; 4] = [Severity::Critical, Severity::Major, Severity::Minor, Severity::Info];
const CLASSES: [Class; 3] = [Class::Indication, Class::Unverifiable, Class::Technical];

/// `1.1764000000000.12`: open or not, since, number.
fn key_text(key: IncidentKey) -> String {
    format!("{}.{}.{}", u8::from(key.open), key.since.0, key.n)
}

fn key(text: &str) -> Option<IncidentKey> {
    let mut parts = text.split('.');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (open, since, n) = (number()?, number()?, number()?);
    Some(IncidentKey {
        open: open == 1,
        since: Moment(since),
        n,
    })
}

fn form(ask: &Ask, filtered: bool) -> Markup {
    let words = ask.words;
    let states = IncidentWord::ALL.map(|state| (state.as_str().to_string(), words.incident_state(state).to_string()));
    let classes = CLASSES.map(|class| (class.as_str().to_string(), words.class_name(class).to_string()));
    let mut policies: Vec<(String, String)> = ask
        .office()
        .into_iter()
        .flat_map(|office| office.policies.iter())
        .map(|policy| (policy.id.to_string(), shown::title(policy, ask.language()).to_string()))
        .collect();
    policies.sort_by(|one, other| one.1.cmp(&other.1));
    let stages = Stage::ALL.map(|stage| (stage.as_str().to_string(), words.stage(stage).to_string()));
    let severities = SEVERITIES.map(|one| (one.as_str().to_string(), words.severity_name(one).to_string()));
    let roster = ask.office().map(|office| &office.roster);
    let devices = roster
        .into_iter()
        .flat_map(|roster| roster.counters.iter().chain(&roster.lockboxes));
    let devices: Vec<(String, String)> = devices.map(|one| (one.id.to_string(), one.name.clone())).collect();
    // Only whom the reader may see.
    let officers = roster.into_iter().flat_map(|roster| &roster.officers);
    let officers: Vec<(String, String)> = officers
        .map(|one| (one.id.to_string(), format!("{} ({})", one.name, one.id)))
        .collect();
    html! {
        form.filters method="get" action="/incidents" aria-label=(words.filters) {
            @if let Some((name, office)) = page::office_pair(ask) { input type="hidden" name=(name) value=(office); }
            (page::choice("state", words.state, ask, words.all, &states))
            (page::choice("stage", words.pick("Penanganan", "Handling"), ask, words.all, &stages))
            (page::choice("class", words.class, ask, words.all, &classes))
            (page::choice("severity", words.pick("Tingkat", "Severity"), ask, words.all, &severities))
            (page::choice("policy", words.policy, ask, words.all, &policies))
            (page::choice("counter", words.place, ask, words.all, &devices))
            @if officers.len() > 1 { (page::choice("officer", words.officer, ask, words.all, &officers)) }
            // A link may ask for one day; the form asks for a span.
            @if let Some(date) = ask.param("date") { input type="hidden" name="date" value=(date); }
            label { span { (words.pick("Dari tanggal", "From")) } input type="date" name="from" value=[ask.param("from")]; }
            label { span { (words.pick("Sampai tanggal", "To")) } input type="date" name="to" value=[ask.param("to")]; }
            button.button type="submit" { (words.show) }
            @if filtered { a.clear href=(address("/incidents", page::office_pair(ask))) { (words.clear) } }
        }
    }
}

fn row(ask: &Ask, incident: &IncidentRow, seen: Option<&CaseSeen>, choose: bool) -> Markup {
    let words = ask.words;
    let office = ask.live.office(&incident.office);
    let zone = office.map_or_else(|| ask.zone(), |office| office.roster.office.zone);
    let (policy, _) = shown::policy_of(office, incident);
    let state = shown::state_word(incident);
    let faded = state == IncidentWord::Retracted;
    html! {
        tr role="row" class=(if faded { "withdrawn" } else { "" }) {
            td.lead role="cell" {
                @if let Some(seen) = seen.filter(|seen| choose && is_to_ack(seen)) {
                    input.choose type="checkbox" name="case" value={ (incident.n) "." (seen.case.steps) }
                        aria-label={ (words.pick("Pilih insiden", "Choose incident")) " #" (incident.n) };
                }
                a.row-link href={ "/incidents/" (incident.n) } { (shown::title(&policy, ask.language())) }
                div.row-under {
                    (page::class_mark(incident.class, incident.severity, words))
                    span.soft { "#" (incident.n) " · " (words.severity_name(incident.severity)) }
                }
            }
            td.nowrap role="cell" data-label=(words.place) { (shown::place(ask, incident)) }
            td.person role="cell" data-label=(words.officer) {
                @match &incident.officer {
                    Some(id) => div { (shown::officer_name(office, id.as_str())) " " span.soft.nowrap { (id) } },
                    None => span.soft { (words.none) }
                }
            }
            td.nowrap role="cell" data-label=(words.since) {
                div { (page::short_time(incident.since, zone)) " " (letter::zone_name(incident.since, zone)) }
                div.soft { (letter::clock::date(incident.since, zone, ask.language())) }
            }
            td.nowrap role="cell" data-label=(words.duration) {
                @match incident.until {
                    // What was withdrawn while it held has no end that anybody said.
                    None if faded => span.soft { (words.none) },
                    None => (words.still_going),
                    Some(until) if until == incident.since => (words.moment),
                    Some(until) => (page::about(until.ms_since(incident.since), ask.language())),
                }
            }
            td role="cell" data-label=(words.state) {
                div { (page::incident_state(state, words)) }
                @if let Some(seen) = seen.filter(|seen| seen.case.stage != Stage::Indication) {
                    div { (case::stage_mark(ask, seen.case.stage)) }
                } @else if seen.is_some_and(|seen| seen.case.ack.is_some()) {
                    div.soft { (words.case_step("acknowledged")) }
                }
            }
        }
    }
}
