//! Lists as files, of what the page shows under the same filters. They go out piece by piece, and that they do is written
//! first.

use std::collections::HashSet;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader, address};
use super::fault::Fault;
use super::pieces::pieces;
use super::table::{Cell, Column, Form, Table};
use super::words::Words;
use super::{incidents, shown};
use crate::door::Look;
use crate::live::Live;
use crate::store::read::IncidentKey;
use crate::store::rows::{IncidentRow, IncidentState};

/// Rows that are read at a time.
const PAGE: usize = 500;

/// Links to the files of a page, under the filters it has.
pub fn links(ask: &Ask, path: &'static str) -> Markup {
    links_of(ask, path, &[])
}

/// The same of a part of it.
pub fn links_of(ask: &Ask, path: &'static str, more: &[(&str, &str)]) -> Markup {
    let words = ask.words;
    let here = |form: &'static str| {
        let kept = ask
            .pairs()
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "after" | "before" | "lang" | "as"));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        address(path, kept.chain(more.iter().copied()).chain([("as", form)]))
    };
    html! {
        p.exports {
            (words.pick("Unduh", "Download")) ": "
            a href=(here("xlsx")) { "XLSX" } " · " a href=(here("csv")) { "CSV" } " · " a href=(here("jsonl")) { "JSON Lines" }
        }
    }
}

/// What cannot be traced is not handed out.
pub async fn traced(site: &Site, ask: &Ask, reader: &Reader) -> Result<(), Fault> {
    let look = Look {
        what: "export",
        which: ask.path_and_filters(),
        office: ask.param("office").unwrap_or_default().to_owned(),
        officer: None,
        count: None,
    };
    Ok(site.door.look(&reader.who, &reader.caller, &look).await?)
}

/// `GET /incidents/export`
pub async fn incidents(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let form = Form::of(&ask)?;
    let filter = incidents::filter(&ask)?;
    site.store.answers().await?;
    traced(&site, &ask, &reader).await?;
    let (pieces, body) = pieces();
    let (scope, words, live) = (ask.scope(), ask.words, ask.live.clone());
    tokio::spawn(async move {
        let mut piece = Vec::new();
        let mut table = Table::begin(form, incident_columns(words), &mut piece);
        let (mut after, mut open) = (None, HashSet::new());
        loop {
            let rows = match site.store.incidents_page(&scope, &filter, after, PAGE).await {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "an export was cut off");
                    return pieces.fail(std::io::Error::other(error)).await;
                }
            };
            for row in &rows {
                // What ended between two pages stands among the ended ones once more.
                if row.state == IncidentState::Open {
                    open.insert(row.n);
                } else if open.contains(&row.n) {
                    continue;
                }
                if !table.row(&incident_cells(row, &live, words), &mut piece) {
                    return pieces.fail(std::io::Error::other("a sheet holds no more rows")).await;
                }
            }
            after = rows.last().map(IncidentKey::of);
            if rows.len() < PAGE {
                table.end(&mut piece);
                pieces.send(piece).await;
                return;
            }
            if !pieces.send(std::mem::take(&mut piece)).await {
                return;
            }
        }
    });
    Ok(form.answer("incidents", body))
}

fn incident_columns(words: &Words) -> Vec<Column> {
    vec![
        ("incident", words.pick("Nomor", "Number")),
        ("office", words.office_menu),
        ("date", words.date),
        ("since", words.since),
        ("until", words.pick("Sampai", "Until")),
        ("minutes", words.pick("Lama (menit)", "Duration (minutes)")),
        ("policy", words.policy),
        ("title", words.what),
        ("class", words.class),
        ("severity", words.pick("Tingkat", "Severity")),
        ("counter", words.counter_word),
        ("lockbox", words.pick("Loker HP", "Lockbox")),
        ("officer", words.officer),
        ("state", words.state),
    ]
}

fn incident_cells(row: &IncidentRow, live: &Live, words: &Words) -> Vec<Cell> {
    let office = live.office(&row.office);
    let zone = office.map_or(chrono_tz::Tz::UTC, |office| office.roster.office.zone);
    let (policy, _) = shown::policy_of(office, row);
    let text = |text: &str| Cell::Text(text.to_owned());
    let maybe = |id: Option<&str>| id.map_or(Cell::None, text);
    vec![
        Cell::Whole(row.n),
        text(row.office.as_str()),
        date(&row.date),
        Cell::Moment(row.since, zone),
        row.until.map_or(Cell::None, |until| Cell::Moment(until, zone)),
        row.until.map_or(Cell::None, |until| {
            Cell::Number((until.ms_since(row.since) as f64 / 600.0).round() / 100.0)
        }),
        text(row.policy.as_str()),
        text(shown::title(&policy, words.language)),
        text(row.class.as_str()),
        text(row.severity.as_str()),
        maybe(row.counter.as_ref().map(|id| id.as_str())),
        maybe(row.lockbox.as_ref().map(|id| id.as_str())),
        maybe(row.officer.as_ref().map(|id| id.as_str())),
        text(shown::state_word(row).as_str()),
    ]
}

/// A date of the database.
fn date(text: &str) -> Cell {
    text.parse().map_or_else(|_| Cell::Text(text.to_owned()), Cell::Date)
}
