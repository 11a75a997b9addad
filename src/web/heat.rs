//! Heat maps of minutes of service: by weekday and hour, by counter and hour, by office and weekday, each with its table.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use maud::{Markup, html};

use super::chart::{self, Field};
use super::service::{beside, told};
use super::words::Words;
use crate::compliance::Service;
use crate::store::Sum;

/// Sums by row and column, both in order.
pub type Fields = BTreeMap<(String, u32), Service>;

/// What is summed by two words, as fields: `place` says of which a sum is.
pub fn fields(sums: &[Sum], place: impl Fn(&Sum) -> Option<(String, u32)>) -> Fields {
    let mut fields = Fields::new();
    for sum in sums {
        if let Some(place) = place(sum) {
            *fields.entry(place).or_default() += sum.service;
        }
    }
    fields
}

/// The weekday of a date: 0 is Monday.
pub fn weekday(date: &str) -> Option<u32> {
    Some(date.parse::<NaiveDate>().ok()?.weekday().num_days_from_monday())
}

/// The map and its table. A field without service is drawn empty and is not in the table.
pub fn map(
    title: &str,
    what: &str,
    fields: &Fields,
    row_name: impl Fn(&str) -> String,
    column_name: impl Fn(u32) -> String,
    words: &Words,
) -> Markup {
    let first = fields.keys().map(|(_, column)| *column).min().unwrap_or_default();
    let last = fields.keys().map(|(_, column)| *column).max().unwrap_or_default();
    let mut names: Vec<&str> = fields.keys().map(|(row, _)| row.as_str()).collect();
    names.dedup();
    let both = |row: &str, column: u32| format!("{} · {}", row_name(row), column_name(column));
    let rows: Vec<(String, Vec<Field>)> = names
        .iter()
        .map(|row| {
            let field = |column| {
                let service = fields.get(&((*row).to_owned(), column)).copied().unwrap_or_default();
                Field {
                    told: told(&both(row, column), &service, words),
                    share: service.compliance(),
                }
            };
            (row_name(row), (first..=last).map(field).collect())
        })
        .collect();
    let columns: Vec<String> = (first..=last).map(&column_name).collect();
    let listed: Vec<(String, Service)> = fields
        .iter()
        .map(|((row, column), service)| (both(row, *column), *service))
        .collect();
    html! {
        div.chart-frame tabindex="0" role="group" aria-label=(title) { (chart::heat(title, &columns, &rows)) }
        p.chart-key {
            @for (step, share) in ["< 50 %", "50 %", "80 %", "95 %", "≥ 99 %"].into_iter().enumerate() {
                span class={ "key-heat heat-key-" (step) } { (share) }
            }
            span.key-none { (words.pick("tanpa pelayanan", "no service")) }
        }
        (beside(what, &listed, words))
    }
}
