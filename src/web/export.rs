//! Lists as files, of what the page shows under the same filters: CSV for spreadsheets, JSON Lines for programs. They go out
//! piece by piece, and that they do is written first.

use std::collections::HashSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::Site;
use super::ask::{Ask, Reader, address};
use super::fault::Fault;
use super::pieces::pieces;
use super::words::Words;
use super::{incidents, service, shown};
use crate::door::Look;
use crate::live::Live;
use crate::store::read::IncidentKey;
use crate::store::rows::{IncidentRow, IncidentState};

/// Rows that are read at a time.
const PAGE: usize = 500;

/// What a file is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Lines,
}

/// One cell. What is text stays text, whatever a spreadsheet takes it for.
pub enum Cell {
    Text(String),
    Number(f64),
    Whole(i64),
    None,
}

/// A column: its name for programs, its heading for people.
pub type Column = (&'static str, &'static str);

impl Form {
    fn of(ask: &Ask) -> Result<Form, Fault> {
        match ask.param("as") {
            Some("csv") => Ok(Form::Csv),
            Some("jsonl") => Ok(Form::Lines),
            _ => Err(Fault::BadQuestion),
        }
    }

    /// A byte order mark tells spreadsheets that it is UTF-8.
    fn head(self, columns: &[Column]) -> Vec<u8> {
        match self {
            Form::Csv => {
                let mut bytes = "\u{feff}".as_bytes().to_vec();
                let names: Vec<Cell> = columns.iter().map(|(_, name)| Cell::Text((*name).to_owned())).collect();
                bytes.extend(self.row(columns, &names));
                bytes
            }
            Form::Lines => Vec::new(),
        }
    }

    fn row(self, columns: &[Column], cells: &[Cell]) -> Vec<u8> {
        match self {
            Form::Csv => {
                let mut writer = csv::WriterBuilder::new()
                    .terminator(csv::Terminator::CRLF)
                    .from_writer(Vec::new());
                let texts = cells.iter().map(|cell| match cell {
                    Cell::Text(text) => harmless(text),
                    Cell::Number(number) => number.to_string(),
                    Cell::Whole(number) => number.to_string(),
                    Cell::None => String::new(),
                });
                // It writes into memory, which does not fail.
                let _ = writer.write_record(texts);
                writer.into_inner().unwrap_or_default()
            }
            Form::Lines => {
                let pairs = columns.iter().zip(cells).map(|((name, _), cell)| {
                    let value = match cell {
                        Cell::Text(text) => Value::from(text.as_str()),
                        Cell::Number(number) => Value::from(*number),
                        Cell::Whole(number) => Value::from(*number),
                        Cell::None => Value::Null,
                    };
                    ((*name).to_owned(), value)
                });
                let mut line = Value::Object(pairs.collect::<Map<_, _>>()).to_string().into_bytes();
                line.push(b'\n');
                line
            }
        }
    }

    fn answer(self, name: &str, body: Body) -> Response {
        let (kind, ending) = match self {
            Form::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
            Form::Lines => ("application/x-ndjson", "jsonl"),
        };
        let file = format!("attachment; filename=\"jagaloket-{name}.{ending}\"");
        (
            [
                (header::CONTENT_TYPE, kind.to_owned()),
                (header::CONTENT_DISPOSITION, file),
            ],
            body,
        )
            .into_response()
    }
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// Links to the files of a page, under the filters it has.
pub fn links(ask: &Ask, path: &'static str) -> Markup {
    let words = ask.words;
    let here = |form: &'static str| {
        let kept = ask
            .pairs()
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "after" | "lang" | "as"));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        address(path, kept.chain([("as", form)]))
    };
    html! {
        p.exports {
            (words.pick("Unduh", "Download")) ": "
            a href=(here("csv")) { "CSV" } " · " a href=(here("jsonl")) { "JSON Lines" }
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
        let columns = incident_columns(words);
        let mut piece = form.head(&columns);
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
                piece.extend(form.row(&columns, &incident_cells(row, &live, words)));
            }
            after = rows.last().map(IncidentKey::of);
            if !pieces.send(std::mem::take(&mut piece)).await || rows.len() < PAGE {
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
        text(&row.date),
        text(&row.since.rfc3339(zone)),
        row.until.map_or(Cell::None, |until| Cell::Text(until.rfc3339(zone))),
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

/// `GET /compliance/export`: the sums of each date.
pub async fn compliance(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let form = Form::of(&ask)?;
    let span = service::span(&ask)?;
    let sums = site
        .store
        .service(&ask.scope(), &span, crate::store::Each::Date)
        .await?;
    traced(&site, &ask, &reader).await?;
    let words = ask.words;
    let columns: Vec<Column> = vec![
        ("office", words.office_menu),
        ("date", words.date),
        ("served_minutes", words.pick("Pelayanan (menit)", "Service (minutes)")),
        ("known_minutes", words.pick("Diketahui (menit)", "Known (minutes)")),
        ("verified_minutes", words.pick("Terbukti (menit)", "Verified (minutes)")),
        ("exempt_minutes", words.pick("Dikecualikan (menit)", "Exempt (minutes)")),
        ("sessions", words.served_sessions),
        ("compliance", words.compliance_share),
        ("coverage", words.coverage_share),
    ];
    let minutes = |ms: i64| Cell::Number((ms as f64 / 600.0).round() / 100.0);
    let share = |share: Option<f64>| share.map_or(Cell::None, |share| Cell::Number((share * 1e4).floor() / 1e4));
    let mut bytes = form.head(&columns);
    for sum in sums {
        let [office, date] = sum.of;
        let told = sum.service;
        let cells = [
            Cell::Text(office),
            Cell::Text(date),
            minutes(told.served_ms),
            minutes(told.known_ms),
            minutes(told.verified_ms),
            minutes(told.exempt_ms),
            Cell::Whole(told.sessions),
            share(told.compliance()),
            share(told.coverage()),
        ];
        bytes.extend(form.row(&columns, &cells));
    }
    Ok(form.answer("compliance", Body::from(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [("a", "A"), ("b", "B, c"), ("c", "C")];

    #[test]
    fn a_csv_row_is_quoted_harmless_and_keeps_its_numbers() {
        let cells = [
            Cell::Text("=1+1".into()),
            Cell::Number(-12.5),
            Cell::Text("say \"x\",\r\ny".into()),
        ];
        let row = String::from_utf8(Form::Csv.row(&COLUMNS, &cells)).unwrap();
        assert_eq!(row, "'=1+1,-12.5,\"say \"\"x\"\",\r\ny\"\r\n");
        let head = String::from_utf8(Form::Csv.head(&COLUMNS)).unwrap();
        assert_eq!(head, "\u{feff}A,\"B, c\",C\r\n");
        for text in ["@x", "+62", "-1", "\tx", "\rx"] {
            assert!(harmless(text).starts_with('\''), "{text:?}");
        }
        assert_eq!(harmless("2026-11-24"), "2026-11-24");
    }

    #[test]
    fn a_line_has_every_column_under_its_own_name() {
        let cells = [Cell::Text("=1+1".into()), Cell::Number(-12.5), Cell::None];
        let row = String::from_utf8(Form::Lines.row(&COLUMNS, &cells)).unwrap();
        assert_eq!(row, "{\"a\":\"=1+1\",\"b\":-12.5,\"c\":null}\n");
    }
}
