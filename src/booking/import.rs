//! Reads lists of bookings from other systems, CSV or JSON Lines; every fault at once, by row and column.

use std::fmt;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde_json::{Map, Value};

use crate::engine::time::Moment;
use crate::engine::visit::{Appointment, Care, Nationality, Number, Tongue, canonical};

/// Every column there is; those without which no row is read.
pub const COLUMNS: [(&str, bool); 9] = [
    ("booking", false),
    ("from", true),
    ("until", true),
    ("service", true),
    ("nationality", true),
    ("initials", true),
    ("care", false),
    ("language", false),
    ("number", false),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Csv,
    JsonLines,
}

/// What is wrong with a row. No value is repeated: it may be a person's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// From 1, the heading of a CSV counted.
    pub row: u64,
    /// `None`: the row as a whole.
    pub column: Option<&'static str>,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "row {}, column \"{column}\": {}", self.row, self.message),
            None => write!(f, "row {}: {}", self.row, self.message),
        }
    }
}

/// What a list holds; a booking without a code has an empty one.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct List {
    pub bookings: Vec<Appointment>,
    pub faults: Vec<Fault>,
}

/// Reads a whole list. Times without an offset are the office's.
pub fn read(text: &[u8], form: Form, zone: Tz) -> List {
    let mut list = List::default();
    match form {
        Form::Csv => csv(text, zone, &mut list),
        Form::JsonLines => json_lines(text, zone, &mut list),
    }
    let mut seen = std::collections::BTreeMap::new();
    for (at, one) in list
        .bookings
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.booking.is_empty())
    {
        if let Some(first) = seen.insert(one.booking.clone(), at) {
            list.faults.push(Fault {
                row: at as u64 + 1,
                column: Some("booking"),
                message: format!(
                    "the booking {} of the list has the same code; counted without the rows that are wrong",
                    first + 1
                ),
            });
        }
    }
    list
}

fn csv(text: &[u8], zone: Tz, list: &mut List) {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    // What Excel saves in Indonesia has semicolons.
    let heading = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |byte: u8| heading.iter().filter(|other| **other == byte).count();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if count(b';') > count(b',') { b';' } else { b',' })
        .trim(csv::Trim::All)
        .from_reader(text);
    let headings: Vec<String> = match reader.headers() {
        Ok(headings) => headings.iter().map(str::to_ascii_lowercase).collect(),
        Err(error) => return list.faults.push(whole(1, &format!("it is no CSV: {error}"))),
    };
    for (column, must) in COLUMNS {
        if must && !headings.iter().any(|heading| heading == column) {
            let message = format!("the heading lacks it; it needs {}", needed());
            list.faults.push(Fault {
                row: 1,
                column: Some(column),
                message,
            });
        }
    }
    if !list.faults.is_empty() {
        return;
    }
    for record in reader.records() {
        match record {
            Ok(record) => {
                let row = record.position().map_or(0, csv::Position::line);
                let cell = |column: &str| {
                    let at = headings.iter().position(|heading| heading == column)?;
                    record.get(at).filter(|text| !text.is_empty()).map(str::to_owned)
                };
                one(row, &cell, zone, list);
            }
            Err(error) => {
                let row = error.position().map_or(0, csv::Position::line);
                list.faults.push(whole(
                    row,
                    "it has another number of cells than the heading, or is not UTF-8",
                ));
            }
        }
    }
}

fn json_lines(text: &[u8], zone: Tz, list: &mut List) {
    for (row, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Ok(object) = serde_json::from_slice::<Map<String, Value>>(line) else {
            list.faults.push(whole(row, "it is not one JSON object"));
            continue;
        };
        let wrong = COLUMNS
            .iter()
            .find(|(column, _)| !matches!(object.get(*column), None | Some(Value::String(_) | Value::Null)));
        if let Some((column, _)) = wrong {
            list.faults.push(Fault {
                row,
                column: Some(column),
                message: "it is not a text".to_owned(),
            });
            continue;
        }
        let cell = |column: &str| {
            let text = object.get(column)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        one(row, &cell, zone, list);
    }
}

fn whole(row: u64, message: &str) -> Fault {
    Fault {
        row,
        column: None,
        message: message.to_owned(),
    }
}

fn needed() -> String {
    let needed = COLUMNS.iter().filter(|(_, must)| *must);
    needed.map(|(column, _)| *column).collect::<Vec<_>>().join(", ")
}

/// One row; what is wrong with it goes to the faults.
fn one(row: u64, cell: &dyn Fn(&str) -> Option<String>, zone: Tz, list: &mut List) {
    let before = list.faults.len();
    let mut wrong = |column: &'static str, message: &str| {
        list.faults.push(Fault {
            row,
            column: Some(column),
            message: message.to_owned(),
        });
    };
    for (column, must) in COLUMNS {
        if must && cell(column).is_none() {
            wrong(column, "it is empty");
        }
    }
    let mut read = |column: &'static str, wanted: &str, parse: &dyn Fn(&str) -> bool| match cell(column) {
        Some(text) if parse(&text) => Some(text),
        Some(_) => {
            wrong(column, &format!("it is not {wanted}"));
            None
        }
        None => None,
    };
    let code = read("booking", "a code of 4 to 24 letters and digits", &|text| {
        canonical(text).is_some()
    });
    let time = "a time like 2026-11-24 08:00, or with an offset like 2026-11-24T08:00:00+07:00";
    let from = read("from", time, &|text| moment(text, zone).is_some());
    let until = read("until", time, &|text| moment(text, zone).is_some());
    let service = read("service", "a text of at most 64 characters", &|text| {
        text.chars().count() <= 64 && !text.chars().any(char::is_control)
    });
    let nationality = read("nationality", "wni or wna", &|text| nationality(text).is_some());
    let initials = read("initials", "one to four letters", &|text| {
        (1..=4).contains(&text.chars().count()) && text.chars().all(char::is_alphabetic)
    });
    let care = read("care", "infant, elderly or disabled", &|text| {
        Care::parse(text).is_some()
    });
    let language = read("language", "id or en", &|text| Tongue::parse(text).is_some());
    let number = read("number", "a telephone number like +62812… or 0812…", &|text| {
        Number::parse(text).is_some()
    });
    let window = from
        .zip(until)
        .and_then(|(from, until)| Some((moment(&from, zone)?, moment(&until, zone)?)));
    if let Some((from, until)) = window
        && until <= from
    {
        wrong("until", "it is not after \"from\"");
    }
    let (Some((from, until)), Some(service), Some(initials)) = (window, service, initials) else {
        return;
    };
    let Some(nationality) = nationality.and_then(|text| self::nationality(&text)) else {
        return;
    };
    if list.faults.len() > before {
        return;
    }
    list.bookings.push(Appointment {
        booking: code.and_then(|text| canonical(&text)).unwrap_or_default(),
        from,
        until,
        service: service.into(),
        nationality,
        initials: initials.to_uppercase().into(),
        care: care.and_then(|text| Care::parse(&text)),
        tongue: language
            .and_then(|text| Tongue::parse(&text))
            .unwrap_or(match nationality {
                Nationality::Wni => Tongue::Id,
                Nationality::Wna => Tongue::En,
            }),
        number: number.and_then(|text| Number::parse(&text)),
    });
}

fn nationality(text: &str) -> Option<Nationality> {
    Nationality::parse(&text.to_ascii_lowercase())
}

fn moment(text: &str, zone: Tz) -> Option<Moment> {
    Moment::parse(text).or_else(|| {
        let (date, time) = text.split_once([' ', 'T'])?;
        let date: NaiveDate = date.parse().ok()?;
        let time = NaiveTime::parse_from_str(time.trim(), "%H:%M")
            .or_else(|_| NaiveTime::parse_from_str(time.trim(), "%H:%M:%S"))
            .ok()?;
        Moment::of_local(date.and_time(time), zone)
    })
}
