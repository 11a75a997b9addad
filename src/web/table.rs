//! A table as a file: CSV and XLSX for spreadsheets, JSON Lines for programs, row by row.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::{Map, Value};

use super::ask::Ask;
use super::fault::Fault;
use super::xlsx::Book;
use crate::engine::time::Moment;

/// What a file is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Csv,
    Lines,
    Xlsx,
}

/// One cell. What is text stays text, whatever a spreadsheet takes it for.
pub enum Cell {
    Text(String),
    Number(f64),
    Whole(i64),
    /// From 0 to 1.
    Share(f64),
    Moment(Moment, Tz),
    Date(NaiveDate),
    None,
}

/// A column: its name for programs, its heading for people.
pub type Column = (&'static str, &'static str);

/// A file that is being written. What each call puts into `out` goes out in that order.
pub struct Table {
    form: Form,
    columns: Vec<Column>,
    book: Option<Book>,
}

impl Form {
    pub fn of(ask: &Ask) -> Result<Form, Fault> {
        match ask.param("as") {
            Some("csv") => Ok(Form::Csv),
            Some("jsonl") => Ok(Form::Lines),
            Some("xlsx") => Ok(Form::Xlsx),
            _ => Err(Fault::BadQuestion),
        }
    }

    pub fn answer(self, name: &str, body: Body) -> Response {
        let (kind, ending) = match self {
            Form::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
            Form::Lines => ("application/x-ndjson", "jsonl"),
            Form::Xlsx => (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "xlsx",
            ),
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

impl Table {
    /// Begins a file. A byte order mark tells spreadsheets that CSV is UTF-8.
    pub fn begin(form: Form, columns: Vec<Column>, out: &mut Vec<u8>) -> Table {
        let mut table = Table {
            form,
            columns,
            book: None,
        };
        match form {
            Form::Csv => {
                out.extend_from_slice("\u{feff}".as_bytes());
                let names: Vec<String> = table.columns.iter().map(|(_, name)| harmless(name)).collect();
                out.extend(record(&names));
            }
            Form::Lines => {}
            Form::Xlsx => {
                let (book, head) = Book::begin(&table.columns);
                table.book = Some(book);
                out.extend(head);
            }
        }
        table
    }

    /// `false`: the file can hold no more rows, and this one is not in it.
    pub fn row(&mut self, cells: &[Cell], out: &mut Vec<u8>) -> bool {
        match (self.form, &mut self.book) {
            (Form::Xlsx, Some(book)) => {
                if !book.has_room() {
                    return false;
                }
                book.row(out, cells);
            }
            (Form::Csv, _) => out.extend(record(&cells.iter().map(plain).collect::<Vec<_>>())),
            _ => out.extend(self.line(cells)),
        }
        true
    }

    pub fn end(self, out: &mut Vec<u8>) {
        out.extend(self.book.map(Book::end).unwrap_or_default());
    }

    fn line(&self, cells: &[Cell]) -> Vec<u8> {
        let pairs = self.columns.iter().zip(cells).map(|((name, _), cell)| {
            let value = match cell {
                Cell::Text(text) => Value::from(text.as_str()),
                Cell::Number(number) | Cell::Share(number) => Value::from(*number),
                Cell::Whole(number) => Value::from(*number),
                Cell::Moment(at, zone) => Value::from(at.rfc3339(*zone)),
                Cell::Date(date) => Value::from(date.to_string()),
                Cell::None => Value::Null,
            };
            ((*name).to_owned(), value)
        });
        let mut line = Value::Object(pairs.collect::<Map<_, _>>()).to_string().into_bytes();
        line.push(b'\n');
        line
    }
}

/// A cell of CSV.
fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => harmless(text),
        Cell::Number(number) | Cell::Share(number) => number.to_string(),
        Cell::Whole(number) => number.to_string(),
        Cell::Moment(at, zone) => at.rfc3339(*zone),
        Cell::Date(date) => date.to_string(),
        Cell::None => String::new(),
    }
}

fn record(texts: &[String]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // It writes into memory, which does not fail.
    let _ = writer.write_record(texts);
    writer.into_inner().unwrap_or_default()
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, cells: &[Cell]) -> String {
        let mut out = Vec::new();
        let mut table = Table::begin(form, vec![("a", "A"), ("b", "B, c"), ("c", "C")], &mut out);
        assert!(table.row(cells, &mut out));
        table.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_csv_row_is_quoted_harmless_and_keeps_its_numbers() {
        let cells = [
            Cell::Text("=1+1".into()),
            Cell::Number(-12.5),
            Cell::Text("say \"x\",\r\ny".into()),
        ];
        let file = written(Form::Csv, &cells);
        assert_eq!(file, "\u{feff}A,\"B, c\",C\r\n'=1+1,-12.5,\"say \"\"x\"\",\r\ny\"\r\n");
        for text in ["@x", "+62", "-1", "\tx", "\rx"] {
            assert!(harmless(text).starts_with('\''), "{text:?}");
        }
        assert_eq!(harmless("2026-11-24"), "2026-11-24");
    }

    #[test]
    fn a_line_has_every_column_under_its_own_name() {
        let cells = [Cell::Text("=1+1".into()), Cell::Number(-12.5), Cell::None];
        assert_eq!(
            written(Form::Lines, &cells),
            "{\"a\":\"=1+1\",\"b\":-12.5,\"c\":null}\n"
        );
    }
}
