//! Lists as files, of what the page shows under the same filters. They go out piece by piece, and that they do is written
//! first.

use std::collections::HashSet;
use std::future::Future;

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
use crate::store;
use crate::store::read::IncidentKey;
use crate::store::rows::{IncidentRow, IncidentState};

/// Rows that are read at a time.
pub const PAGE: usize = 500;

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
    let (office, officer) = ask.looked_at();
    let look = Look {
        what: "export",
        which: ask.path_and_filters(),
        office,
        officer,
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
    let (scope, words, live) = (ask.scope(), ask.words, ask.live.clone());
    let columns = incident_columns(words);
    let page = move |after| {
        let (store, scope, filter) = (site.store.clone(), scope.clone(), filter.clone());
        async move { store.incidents_page(&scope, &filter, after, PAGE).await }
    };
    let mut open = HashSet::new();
    let cells = move |row: &IncidentRow| {
        // What ended between two pages stands among the ended ones once more.
        let again = match row.state {
            IncidentState::Open => {
                open.insert(row.n);
                false
            }
            _ => open.contains(&row.n),
        };
        let cells = (!again).then(|| incident_cells(row, &live, words));
        (IncidentKey::of(row), cells)
    };
    Ok(paged(form, "incidents", columns, page, cells))
}

/// A file whose rows are read a page at a time, each page behind the row the last one ended with. `cells` says where a row
/// stands, and what it says unless it is left out.
pub fn paged<R, K, F>(
    form: Form,
    name: &str,
    columns: Vec<Column>,
    page: impl Fn(Option<K>) -> F + Send + 'static,
    mut cells: impl FnMut(&R) -> (K, Option<Vec<Cell>>) + Send + 'static,
) -> Response
where
    R: Send + 'static,
    K: Clone + Send + 'static,
    F: Future<Output = store::Result<Vec<R>>> + Send,
{
    let (pieces, body) = pieces();
    tokio::spawn(async move {
        let mut piece = Vec::new();
        let mut table = Table::begin(form, columns, &mut piece);
        let mut last = None;
        loop {
            let rows = match page(last.clone()).await {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "an export was cut off");
                    return pieces.fail(std::io::Error::other(error)).await;
                }
            };
            let count = rows.len();
            for row in rows {
                let (key, cells) = cells(&row);
                last = Some(key);
                if cells.is_some_and(|cells| !table.row(&cells, &mut piece)) {
                    return pieces.fail(std::io::Error::other("a sheet holds no more rows")).await;
                }
            }
            if count < PAGE {
                table.end(&mut piece);
                pieces.send(piece).await;
                return;
            }
            if !pieces.send(std::mem::take(&mut piece)).await {
                return;
            }
        }
    });
    form.answer(name, body)
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
