//! Compliance: of the minutes of service that officers had to answer for, how many are verified, and how much of the service
//! is known at all; by week, by weekday and hour, by counter, by office.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{Datelike as _, Days, NaiveDate};
use maud::{Markup, html};
use serde_json::json;

use super::Site;
use super::ask::{Ask, Reader};
use super::chart::{self, Point};
use super::export;
use super::fault::Fault;
use super::figures::Figures;
use super::heat;
use super::nav;
use super::page::{self, Tab};
use super::words::Words;
use crate::compliance::Service;
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::letter;
use crate::store::{Each, Span, Sum};

/// What is shown unless other dates are asked for: four weeks.
const DAYS: u64 = 28;
/// A share of less service than that says nothing of a counter or an office.
const RANKED_MIN_MS: i64 = 5 * 3_600_000;
/// Nor does one of which less than that is known.
const RANKED_MIN_COVERAGE: f64 = 0.5;

pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let words = ask.words;
    let span = span(&ask)?;
    let scope = ask.scope();
    let all = Span {
        office: None,
        ..span.clone()
    };
    let dates = site.store.service(&scope, &span, Each::Date).await?;
    let hours = site.store.service(&scope, &span, Each::Hour).await?;
    let counters = site.store.service(&scope, &span, Each::Counter).await?;
    let counter_hours = site.store.service(&scope, &span, Each::CounterHour).await?;
    let office_dates = match ask.live.offices.len() > 1 {
        true => site.store.service(&scope, &all, Each::Date).await?,
        false => Vec::new(),
    };
    super::traces::looked_at_list(&site, &ask, &reader, "service", dates.len()).await?;
    let total = total(&dates);
    let begins = Moment::of_local(span.from.into(), ask.zone()).unwrap_or(Moment::MIN);
    let figures = Figures::read(&site, &scope, &span, begins, total.sessions).await?;
    let hour = |hour: u32| format!("{hour:02}.00");
    let day = |day: u32| words.weekday(day as usize).to_owned();
    let body = html! {
        (page::heading(words.compliance, Some(words.compliance_hint)))
        (form(&ask, &span))
        (export::links(&ask, "/compliance/export"))
        @if nav::is_open(&ask, "/compliance/report") {
            form.filters method="get" action="/compliance/report" aria-label=(words.pick("Laporan bulanan", "Monthly report")) {
                @if let Some((name, office)) = page::office_pair(&ask) { input type="hidden" name=(name) value=(office); }
                label { span { (words.pick("Laporan bulanan (PDF) untuk bulan", "Monthly report (PDF) of")) }
                    input type="month" name="month" value=(span.to.format("%Y-%m")) placeholder="2026-11" pattern="[0-9]{4}-[0-9]{2}" required;
                }
                button.button.quiet type="submit" { (words.pick("Unduh PDF", "Download PDF")) }
            }
        }
        @if total.served_ms == 0 {
            p.calm { (words.no_service) }
        } @else {
            (sums(&total, words))
            (figures.show(words))
            section aria-labelledby="weeks" {
                h2 #weeks { (words.by_week) }
                p.hint { (words.by_week_hint) }
                (trend(&dates, words))
            }
            section aria-labelledby="hours" {
                h2 #hours { (words.by_hour) }
                p.hint { (words.by_hour_hint) }
                @let fields = heat::fields(&hours, |sum| {
                    Some((heat::weekday(&sum.of[0])?.to_string(), sum.of[1].parse().ok()?))
                });
                (export::links_of(&ask, "/compliance/export", &[("each", "hour")]))
                (heat::map(words.by_hour, words.hour, &fields, |row| day(row.parse().unwrap_or_default()), hour, words))
            }
            section aria-labelledby="counters" {
                h2 #counters { (words.by_counter) }
                p.hint { (words.unranked_hint) }
                (export::links_of(&ask, "/compliance/export", &[("each", "counter")]))
                (table(words.counter_word, &by(&counters, 1), words, |id| counter_name(&ask, id)))
            }
            section aria-labelledby="counter-hours" {
                @let title = words.pick("Menurut loket dan jam", "By counter and hour");
                h2 #counter-hours { (title) }
                p.hint { (words.by_hour_hint) }
                @let fields = heat::fields(&counter_hours, |sum| Some((sum.of[0].clone(), sum.of[1].parse().ok()?)));
                (export::links_of(&ask, "/compliance/export", &[("each", "counter_hour")]))
                (heat::map(title, words.counter_word, &fields, |id| id.to_owned(), hour, words))
            }
            @if !office_dates.is_empty() {
                section aria-labelledby="offices" {
                    h2 #offices { (words.by_office) }
                    p.hint { (words.unranked_hint) }
                    (table(words.office_menu, &by(&office_dates, 0), words, |id| office_name(&ask, id)))
                    @let title = words.pick("Menurut kantor dan hari", "By office and weekday");
                    h3.spaced { (title) }
                    @let fields = heat::fields(&office_dates, |sum| Some((sum.of[0].clone(), heat::weekday(&sum.of[1])?)));
                    (heat::map(title, words.office_menu, &fields, |id| id.to_owned(), day, words))
                }
            }
        }
    };
    Ok(page::shell(&ask, Tab::Compliance, words.compliance, false, body))
}

/// `GET /api/v1/service`: the sums of one office or all, `each=date|counter|hour|counter_hour`.
pub async fn api(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let each = each(&ask)?;
    let names = match each {
        Each::Date => ["office", "date"],
        Each::Counter => ["office", "counter"],
        Each::Hour => ["date", "hour"],
        Each::CounterHour => ["counter", "hour"],
    };
    let span = Span {
        office: ask.param("office").map(str::to_owned),
        ..span(&ask)?
    };
    let scope = ask.scope();
    let told = |sum: Sum| {
        let [one, other] = sum.of;
        let service = sum.service;
        json!({
            names[0]: one,
            names[1]: other,
            "served_s": service.served_ms as f64 / 1e3,
            "known_s": service.known_ms as f64 / 1e3,
            "verified_s": service.verified_ms as f64 / 1e3,
            "exempt_s": service.exempt_ms as f64 / 1e3,
            "sessions": service.sessions,
            "compliance": service.compliance(),
            "coverage": service.coverage(),
        })
    };
    let sums: Vec<_> = site
        .store
        .service(&scope, &span, each)
        .await?
        .into_iter()
        .map(told)
        .collect();
    super::traces::looked_at_list(&site, &ask, &reader, "service", sums.len()).await?;
    Ok(axum::Json(sums).into_response())
}

/// What is summed apart from each other.
pub fn each(ask: &Ask) -> Result<Each, Fault> {
    match ask.param("each") {
        None | Some("date") => Ok(Each::Date),
        Some("counter") => Ok(Each::Counter),
        Some("hour") => Ok(Each::Hour),
        Some("counter_hour") => Ok(Each::CounterHour),
        Some(_) => Err(Fault::BadQuestion),
    }
}

/// The office the reader looks at, and the dates he asked for.
pub fn span(ask: &Ask) -> Result<Span, Fault> {
    let office = ask.office();
    let now = office.and_then(|office| office.view.clock).unwrap_or(ask.live.now);
    let to = ask.date("to")?.unwrap_or_else(|| now.date(ask.zone()));
    let usual = to.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(to);
    let from = ask.date("from")?.unwrap_or(usual);
    Ok(Span {
        office: office.map(|office| office.roster.office.id.to_string()),
        from,
        to,
    })
}

fn form(ask: &Ask, span: &Span) -> Markup {
    let words = ask.words;
    html! {
        form.filters method="get" action="/compliance" aria-label=(words.filters) {
            @if let Some((name, office)) = page::office_pair(ask) { input type="hidden" name=(name) value=(office); }
            label { span { (words.from_date) } input type="date" name="from" value=(span.from); }
            label { span { (words.to_date) } input type="date" name="to" value=(span.to); }
            button.button type="submit" { (words.show) }
        }
    }
}

fn sums(total: &Service, words: &Words) -> Markup {
    html! {
        dl.sums {
            div { dt { (words.compliance_share) } dd { (percent(total.compliance(), words)) } }
            div { dt { (words.coverage_share) } dd { (percent(total.coverage(), words)) } }
            div { dt { (words.verified_of_bound) } dd { (hours_of(total.verified_ms, words)) span { " / " (hours_of(total.bound_ms(), words)) } } }
            div { dt { (words.exempt_time) } dd { (hours_of(total.exempt_ms, words)) } }
            div { dt { (words.served_sessions) } dd { (total.sessions) } }
        }
    }
}

/// Sums by week, under the names of their Mondays.
pub fn weeks(dates: &[Sum], words: &Words) -> Vec<(String, Service)> {
    let mut weeks: BTreeMap<NaiveDate, Service> = BTreeMap::new();
    for sum in dates {
        let Ok(date) = sum.of[1].parse::<NaiveDate>() else {
            continue;
        };
        let monday = date - Days::new(u64::from(date.weekday().num_days_from_monday()));
        *weeks.entry(monday).or_default() += sum.service;
    }
    let label = |monday: NaiveDate| {
        let month = letter::clock::month(monday.month0() as usize, words.language);
        format!("{} {}", monday.day(), month.chars().take(3).collect::<String>())
    };
    weeks
        .into_iter()
        .map(|(monday, service)| (label(monday), service))
        .collect()
}

fn trend(dates: &[Sum], words: &Words) -> Markup {
    let weeks = weeks(dates, words);
    let points: Vec<Point> = weeks
        .iter()
        .map(|(label, service)| Point {
            label: label.clone(),
            told: told(label, service, words),
            bar: service.compliance(),
            mark: service.coverage(),
        })
        .collect();
    html! {
        div.chart-frame tabindex="0" role="group" aria-label=(words.by_week) { (chart::shares(words.by_week, &points)) }
        p.chart-key { span.key-bar { (words.compliance_share) } span.key-mark { (words.coverage_share) } }
        (beside(words.week, &weeks, words))
    }
}

/// The same as a chart, for who reads rather than looks.
pub fn beside(what: &str, rows: &[(String, Service)], words: &Words) -> Markup {
    html! {
        details.chart-table {
            summary { (words.as_table) }
            table.list role="table" {
                caption.unseen { (what) }
                (head(what, words))
                tbody role="rowgroup" { @for (name, service) in rows { (row(name, service, words)) } }
            }
        }
    }
}

/// Names in the order of their share, the lowest first; those that are not ranked come last.
fn table(what: &str, sums: &BTreeMap<String, Service>, words: &Words, name: impl Fn(&str) -> String) -> Markup {
    let mut rows: Vec<(String, Service)> = sums.iter().map(|(id, service)| (name(id), *service)).collect();
    rows.sort_by(|(one, a), (other, b)| {
        let share = |service: &Service| service.compliance().filter(|_| is_ranked(service)).unwrap_or(2.0);
        share(a).total_cmp(&share(b)).then_with(|| one.cmp(other))
    });
    html! {
        table.list role="table" {
            caption.unseen { (what) }
            (head(what, words))
            tbody role="rowgroup" { @for (name, service) in &rows { (row(name, service, words)) } }
        }
    }
}

pub fn is_ranked(service: &Service) -> bool {
    service.bound_ms() >= RANKED_MIN_MS && service.coverage().is_some_and(|share| share >= RANKED_MIN_COVERAGE)
}

fn head(what: &str, words: &Words) -> Markup {
    html! {
        thead role="rowgroup" { tr role="row" {
            th scope="col" role="columnheader" { (what) }
            th scope="col" role="columnheader" { (words.compliance_share) }
            th scope="col" role="columnheader" { (words.coverage_share) }
            th scope="col" role="columnheader" { (words.served_time) }
            th scope="col" role="columnheader" { (words.exempt_time) }
            th scope="col" role="columnheader" { (words.served_sessions) }
        } }
    }
}

fn row(name: &str, service: &Service, words: &Words) -> Markup {
    let ranked = is_ranked(service);
    html! {
        tr role="row" {
            td.lead role="cell" { (name) }
            td role="cell" data-label=(words.compliance_share) {
                @if ranked { (percent(service.compliance(), words)) }
                @else { span.soft title=(words.unranked_hint) { (percent(service.compliance(), words)) " · " (words.little_data) } }
            }
            td role="cell" data-label=(words.coverage_share) { (percent(service.coverage(), words)) }
            td role="cell" data-label=(words.served_time) { (hours_of(service.served_ms, words)) }
            td role="cell" data-label=(words.exempt_time) { (hours_of(service.exempt_ms, words)) }
            td role="cell" data-label=(words.served_sessions) { (service.sessions) }
        }
    }
}

pub fn told(name: &str, service: &Service, words: &Words) -> String {
    format!(
        "{name}: {} {}, {} {}, {}",
        words.compliance_share,
        percent(service.compliance(), words),
        words.coverage_share,
        percent(service.coverage(), words),
        hours_of(service.served_ms, words),
    )
}

pub fn total(sums: &[Sum]) -> Service {
    let mut total = Service::default();
    sums.iter().for_each(|sum| total += sum.service);
    total
}

/// Sums by the first of their words, or by the second.
pub fn by(sums: &[Sum], word: usize) -> BTreeMap<String, Service> {
    let mut all: BTreeMap<String, Service> = BTreeMap::new();
    for sum in sums {
        *all.entry(sum.of[word].clone()).or_default() += sum.service;
    }
    all
}

pub fn counter_name(ask: &Ask, id: &str) -> String {
    let counters = ask
        .office()
        .into_iter()
        .flat_map(|office| office.roster.counters.iter());
    let known = counters.into_iter().find(|counter| counter.id.as_str() == id);
    known.map_or_else(|| id.to_owned(), |counter| format!("{} ({id})", counter.name))
}

fn office_name(ask: &Ask, id: &str) -> String {
    let mut offices = ask.live.offices.iter();
    let known = offices.find(|office| office.roster.office.id.as_str() == id);
    known.map_or_else(|| id.to_owned(), |office| office.roster.office.name.clone())
}

/// `97,4 %`, `97.4%`: never rounded up to a hundred.
pub fn percent(share: Option<f64>, words: &Words) -> String {
    let Some(share) = share else {
        return words.none.to_owned();
    };
    let tenths = (share * 1_000.0 + 1e-9).floor() as i64;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    match words.language {
        Language::Id => format!("{whole},{tenth} %"),
        Language::En => format!("{whole}.{tenth}%"),
    }
}

/// `12,5 jam`, `12.5 h`
pub fn hours_of(ms: i64, words: &Words) -> String {
    let tenths = (ms + 180_000) / 360_000;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    match words.language {
        Language::Id => format!("{whole},{tenth} jam"),
        Language::En => format!("{whole}.{tenth} h"),
    }
}
