//! Bookings of a day, and the slip that an applicant is given, with its code as a picture. No number is ever shown.

use axum::extract::{Path, State};
use maud::{Markup, html};

use super::Site;
use super::account::picture;
use super::ask::{Ask, address};
use super::fault::Fault;
use super::nav::Tab;
use super::page;
use super::words::Words;
use crate::booking::{State as Stands, Terms, code};
use crate::engine::time::Moment;
use crate::engine::visit::canonical;
use crate::letter;
use crate::store::rows::BookingRow;

/// An office serves a few hundred a day.
const DAY_MAX: usize = 2_000;

pub async fn list(State(site): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let office = ask.office().ok_or(Fault::NotFound)?;
    let (id, zone) = (office.roster.office.id.as_str(), office.roster.office.zone);
    let today = ask.live.now.date(zone);
    let date = ask.date("date")?.unwrap_or(today);
    let rows = site.store.bookings(id, &date.to_string(), DAY_MAX).await?;
    let count = |state: Stands| rows.iter().filter(|row| stands(row, ask.live.now) == state).count();
    let title = words.pick("Booking", "Bookings");
    let at = |days: i64| {
        date.checked_add_signed(chrono::TimeDelta::days(days))
            .unwrap_or(date)
            .to_string()
    };
    let noon = date.and_hms_opt(12, 0, 0).and_then(|noon| Moment::of_local(noon, zone));
    let body = html! {
        (page::heading(title, Some(&noon.map_or_else(|| date.to_string(), |noon| letter::clock::date(noon, zone, ask.language())))))
        nav.choices aria-label=(words.pick("Hari", "Day")) {
            a href=(ask.with("date", &at(-1))) { "←" }
            a href=(ask.with("date", "")) aria-current=[(date == today).then_some("true")] { (words.today) }
            a href=(ask.with("date", &at(1))) { "→" }
        }
        @if !rows.is_empty() {
            dl.sums {
                @for state in Stands::ALL.into_iter().filter(|state| count(*state) > 0) {
                    div { dd { (count(state)) } dt { (state_name(state, words)) } }
                }
            }
        }
        @if rows.is_empty() {
            p.calm { (words.pick("Tidak ada booking pada hari ini.", "No bookings on this day.")) }
        } @else {
            table.list role="table" {
                caption.unseen { (title) }
                thead role="rowgroup" { tr role="row" {
                    @for name in [words.pick("Jadwal", "Window"), words.pick("Kode", "Code"), words.pick("Inisial", "Initials"), words.pick("Layanan", "Service"), words.pick("Status", "State"), words.pick("Masuk", "Let in")] {
                        th scope="col" role="columnheader" { (name) }
                    }
                } }
                tbody role="rowgroup" { @for row in &rows {
                    tr role="row" {
                        td role="cell" data-label=(words.pick("Jadwal", "Window")) { (page::short_time(row.from, zone)) "–" (page::short_time(row.until, zone)) }
                        td role="cell" data-label=(words.pick("Kode", "Code")) { a href=(address(&format!("/bookings/{}", row.code), page::office_pair(&ask))) { (code::shown(&row.code)) } }
                        td role="cell" data-label=(words.pick("Inisial", "Initials")) { (row.initials) " · " (row.nationality.to_uppercase()) }
                        td role="cell" data-label=(words.pick("Layanan", "Service")) { (row.service) }
                        td role="cell" data-label=(words.pick("Status", "State")) {
                            (state_name(stands(row, ask.live.now), words))
                            @if row.twin { " · " strong { (words.pick("masuk dua kali", "let in twice")) } }
                        }
                        td role="cell" data-label=(words.pick("Masuk", "Let in")) { @if let Some(at) = row.admitted { (page::short_time(at, zone)) } @else { (words.none) } }
                    }
                } }
            }
        }
    };
    Ok(page::shell(&ask, Tab::Bookings, title, false, body))
}

pub async fn show(State(site): State<Site>, Path(said): Path<String>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let office = ask.office().ok_or(Fault::NotFound)?;
    let (id, zone) = (office.roster.office.id.as_str(), office.roster.office.zone);
    let found = canonical(&said).ok_or(Fault::NotFound)?;
    let row = site.store.booking(id, &found).await?.ok_or(Fault::NotFound)?;
    let title = code::shown(&row.code);
    let body = html! {
        p.crumb { a href=(address("/bookings", [("date", row.date.as_str())].into_iter().chain(page::office_pair(&ask)))) { "← " (words.pick("Booking", "Bookings")) } }
        (page::heading(&title, Some(&office.roster.office.name)))
        div.slip {
            (picture(&row.code, &title))
            dl.facts.facts-wide {
                (page::fact(words.pick("Datang", "Arrival"), html! {
                    (letter::clock::date(row.from, zone, ask.language())) ", " (page::short_time(row.from, zone)) "–" (page::short_time(row.until, zone)) " " (letter::zone_name(row.from, zone))
                }))
                (page::fact(words.pick("Layanan", "Service"), html! { (row.service) }))
                (page::fact(words.pick("Inisial", "Initials"), html! { (row.initials) " · " (row.nationality.to_uppercase()) }))
                (page::fact(words.pick("Status", "State"), html! { (state_name(stands(&row, ask.live.now), words)) }))
                @if let Some(at) = row.admitted { (page::fact(words.pick("Masuk", "Let in"), page::time_on(at, ask.live.now, zone, words))) }
                @if let Some(at) = row.left { (page::fact(words.pick("Keluar", "Left"), page::time_on(at, ask.live.now, zone, words))) }
                @if let Some(at) = row.ready_until { (page::fact(words.pick("Diambil paling lambat", "Collect until"), html! { (letter::clock::date(at, zone, ask.language())) })) }
                @if let Some(at) = row.collected { (page::fact(words.pick("Diambil", "Collected"), page::time_on(at, ask.live.now, zone, words))) }
            }
        }
        p.hint { (words.pick(
            "Petugas tidak menerima uang dan tidak menghubungi pemohon lewat nomor lain.",
            "No officer takes money, and none writes to applicants from another number.",
        )) }
    };
    Ok(page::shell(&ask, Tab::Bookings, &title, false, body))
}

/// Where it stands now: that nobody came, only the clock knows.
fn stands(row: &BookingRow, now: Moment) -> Stands {
    let state = Stands::parse(&row.state).unwrap_or(Stands::Issued);
    let over = now > row.until.plus_ms(Terms::default().late_ms);
    match state {
        Stands::Issued | Stands::Changed if over => Stands::Lapsed,
        other => other,
    }
}

fn state_name(state: Stands, words: &Words) -> &'static str {
    match state {
        Stands::Issued => words.pick("berlaku", "valid"),
        Stands::Changed => words.pick("diubah", "changed"),
        Stands::Cancelled => words.pick("dibatalkan", "cancelled"),
        Stands::Lapsed => words.pick("hangus", "lapsed"),
        Stands::Used => words.pick("dipakai", "used"),
        Stands::Ready => words.pick("siap diambil", "ready"),
        Stands::Collected => words.pick("diambil", "collected"),
    }
}
