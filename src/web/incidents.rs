//! The list of incidents: the open ones first, with filters, a page at a time.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use serde_json::json;

use super::Site;
use super::ask::{Ask, Reader, address};
use super::fault::Fault;
use super::page::{self, Tab};
use super::shown;
use super::traces::looked_at_list;
use crate::engine::policy::Class;
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
    let filtered = ["class", "policy", "date", "state"]
        .iter()
        .any(|name| ask.param(name).is_some());
    let body = html! {
        (page::heading(words.incidents, Some(words.principle)))
        (form(&ask, filtered))
        (super::export::links(&ask, "/incidents/export"))
        @if rows.is_empty() {
            p.calm { (words.no_incidents) }
        } @else {
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
                tbody role="rowgroup" { @for incident in &rows { (row(&ask, incident)) } }
            }
        }
        (page::pager(&ask, "after", next))
    };
    Ok(page::shell(&ask, Tab::Incidents, words.incidents, false, body))
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
    Ok(IncidentFilter {
        office: ask.param("office").map(str::to_string),
        class: one_of("class", &classes)?.map(|place| CLASSES[place]),
        policy: ask.param("policy").map(str::to_string),
        date: ask.date("date")?.map(|date| date.to_string()),
        state: one_of("state", &states)?.map(|place| IncidentWord::ALL[place]),
    })
}

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
    html! {
        form.filters method="get" action="/incidents" aria-label=(words.filters) {
            @if let Some((name, office)) = page::office_pair(ask) { input type="hidden" name=(name) value=(office); }
            (page::choice("state", words.state, ask, words.all, &states))
            (page::choice("class", words.class, ask, words.all, &classes))
            (page::choice("policy", words.policy, ask, words.all, &policies))
            label { span { (words.date) }
                input type="date" name="date" value=[ask.param("date")];
            }
            button.button type="submit" { (words.show) }
            @if filtered { a.clear href=(address("/incidents", page::office_pair(ask))) { (words.clear) } }
        }
    }
}

fn row(ask: &Ask, incident: &IncidentRow) -> Markup {
    let words = ask.words;
    let office = ask.live.office(&incident.office);
    let zone = office.map_or_else(|| ask.zone(), |office| office.roster.office.zone);
    let (policy, _) = shown::policy_of(office, incident);
    let state = shown::state_word(incident);
    let faded = state == IncidentWord::Retracted;
    html! {
        tr role="row" class=(if faded { "withdrawn" } else { "" }) {
            td.lead role="cell" {
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
            td role="cell" data-label=(words.state) { (page::incident_state(state, words)) }
        }
    }
}
