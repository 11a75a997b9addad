//! What went out over the designated channel, and what could not and is put up in the office; reports of applicants for the
//! integrity team, whose identity a custodian alone opens.

use axum::extract::{Path, State};
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader};
use super::fault::Fault;
use super::nav::Tab;
use super::page;
use super::posted::Posted;
use super::traces::looked_at_list;
use super::words::Words;
use crate::accounts::Role;
use crate::booking::code;
use crate::booking::order::reason;
use crate::clock::MonitorClock;
use crate::store::messages::{ContactRow, Fate};

const ROWS: usize = 200;

pub async fn list(State(site): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let office = ask.office().ok_or(Fault::NotFound)?;
    let (id, zone) = (office.roster.office.id.as_str(), office.roster.office.zone);
    let state = match ask.param("state") {
        Some(text) => Some(Fate::parse(text).ok_or(Fault::BadQuestion)?),
        None => None,
    };
    let counts = site.store.message_counts(Some(id)).await?;
    let rows = site.store.messages(id, state, ROWS).await?;
    let title = words.pick("Pesan kepada pemohon", "Messages to applicants");
    let body = html! {
        (page::heading(title, Some(words.pick(
            "Satu-satunya saluran resmi. Nomor pemohon tidak pernah tampil di sini.",
            "The only designated channel. Applicants' numbers are never shown here.",
        ))))
        nav.choices aria-label=(words.filters) {
            a href=(ask.with("state", "")) aria-current=[state.is_none().then_some("true")] { (words.all) }
            @for (word, count) in &counts {
                @let fate = Fate::parse(word);
                a href=(ask.with("state", word)) aria-current=[(fate.is_some() && fate == state).then_some("true")] {
                    (fate_name(fate, words)) " " span.count { (count) }
                }
            }
        }
        @if state == Some(Fate::Printed) { p.notice { (words.pick(
            "Pasang daftar ini di kantor: pemohon berikut tidak terjangkau lewat saluran.",
            "Put this list up in the office: these applicants are not reached over the channel.",
        )) } }
        @if rows.is_empty() {
            p.calm { (words.pick("Tidak ada pesan.", "No messages.")) }
        } @else {
            table.list role="table" {
                caption.unseen { (title) }
                thead role="rowgroup" { tr role="row" {
                    @for name in [words.pick("Waktu", "Time"), words.pick("Kode", "Code"), words.pick("Pesan", "Message"), words.pick("Status", "State")] {
                        th scope="col" role="columnheader" { (name) }
                    }
                } }
                tbody role="rowgroup" { @for row in &rows { tr role="row" {
                    td role="cell" data-label=(words.pick("Waktu", "Time")) { (page::time_on(row.created, ask.live.now, zone, words)) }
                    td role="cell" data-label=(words.pick("Kode", "Code")) { (code::shown(&row.code)) }
                    td role="cell" data-label=(words.pick("Pesan", "Message")) { (template_name(&row.template, words)) }
                    td role="cell" data-label=(words.pick("Status", "State")) {
                        (fate_name(Fate::parse(&row.state), words))
                        @if let Some(error) = &row.error { " " span.soft { (error) } }
                    }
                } } }
            }
        }
    };
    Ok(page::shell(&ask, Tab::Messages, title, false, body))
}

fn fate_name(fate: Option<Fate>, words: &Words) -> &'static str {
    match fate {
        Some(Fate::Queued) => words.pick("menunggu", "waiting"),
        Some(Fate::Unsure) => words.pick("belum pasti", "not certain"),
        Some(Fate::Sent) => words.pick("terkirim", "sent"),
        Some(Fate::Delivered) => words.pick("diterima", "delivered"),
        Some(Fate::Read) => words.pick("dibaca", "read"),
        Some(Fate::Failed) => words.pick("gagal", "failed"),
        Some(Fate::Printed) => words.pick("papan pengumuman", "notice list"),
        None => words.none,
    }
}

fn template_name(template: &str, words: &Words) -> &'static str {
    match template {
        "booked" => words.pick("booking dan yang dibawa", "booking and what to bring"),
        "ready" => words.pick("paspor siap diambil", "passport ready"),
        "asked" => words.pick("pertanyaan setelah layanan", "question after the service"),
        _ => words.pick("jawaban", "answer"),
    }
}

pub async fn reports(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let office = ask.office().ok_or(Fault::NotFound)?;
    let id = office.roster.office.id.to_string();
    let rows = site.store.contacts(&id, "report", ROWS).await?;
    looked_at_list(&site, &ask, &reader, "reports", rows.len()).await?;
    let zone = office.roster.office.zone;
    let words = ask.words;
    let title = words.pick("Laporan pemohon", "Applicants' reports");
    let body = html! {
        (page::heading(title, Some(words.pick(
            "Hanya untuk tim kepatuhan internal. Identitas pelapor tersegel.",
            "For the integrity team alone. Who reported is sealed.",
        ))))
        @if rows.is_empty() { p.calm { (words.pick("Belum ada laporan.", "No reports yet.")) } }
        ul.rejects { @for row in &rows { li.reject {
            div.reject-head {
                h2 { @if let Some(code) = &row.code { (code::shown(code)) } @else { (words.pick("Tanpa booking", "No booking")) } }
                span.soft { (page::time_on(row.at, ask.live.now, zone, words)) }
            }
            p dir="auto" { (told(&site, row).unwrap_or_else(|| words.none.to_owned())) }
            @match &row.opened {
                Some((at, by)) => p.soft { (words.pick("Identitas dibuka oleh ", "Identity opened by ")) (by) ", " (page::time_on(*at, ask.live.now, zone, words)) },
                None => p.soft { (words.pick("Identitas tersegel", "Identity sealed")) " · " code { (row.id) } },
            }
        } } }
    };
    Ok(page::shell(&ask, Tab::Reports, title, false, body))
}

fn told(site: &Site, row: &ContactRow) -> Option<String> {
    let words = site
        .door
        .keys
        .unseal(&format!("words {}", row.id), row.words.as_deref()?)?;
    String::from_utf8(words).ok().filter(|words| !words.is_empty())
}

/// What a custodian may do: open one identity, with a reason.
pub async fn seals(State(site): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    opened_page(&site, &ask, None).await
}

async fn opened_page(site: &Site, ask: &Ask, opened: Option<(&str, Option<String>)>) -> Result<Markup, Fault> {
    let live = site.live.borrow().clone();
    let scope = ask.scope();
    let mut offices = live
        .offices
        .iter()
        .filter(|one| scope.keeps_seals(one.roster.office.id.as_str()));
    let office = offices.next().ok_or(Fault::NotFound)?;
    let rows = site
        .store
        .contacts(office.roster.office.id.as_str(), "report", ROWS)
        .await?;
    let (words, zone) = (ask.words, office.roster.office.zone);
    let title = words.pick("Segel pelapor", "Sealed reporters");
    let body = html! {
        (page::heading(title, Some(words.pick(
            "Membuka identitas tercatat selamanya, dengan nama Anda dan alasannya.",
            "Opening an identity is recorded for good, with your name and the reason.",
        ))))
        @if let Some((id, who)) = &opened {
            p.notice role="status" { code { (id) } ": " strong { (who.as_deref().unwrap_or(words.pick("tidak diketahui", "not known"))) } }
        }
        @if rows.is_empty() { p.calm { (words.pick("Belum ada laporan.", "No reports yet.")) } }
        @for row in &rows {
            form.form method="post" action={ "/seals/" (row.id) } {
                (page::proof(ask))
                p { (page::time_on(row.at, ask.live.now, zone, words)) " · " code { (row.id) } }
                (page::field(words.pick("Alasan", "Reason"), html! { input name="reason" required minlength="8" maxlength="300"; }))
                button.button type="submit" { (words.pick("Buka identitas", "Open the identity")) }
            }
        }
    };
    Ok(page::shell(ask, Tab::Seals, title, false, body))
}

pub async fn unseal(
    State(site): State<Site>,
    Path(id): Path<String>,
    ask: Ask,
    reader: Reader,
    form: Posted,
) -> Result<Markup, Fault> {
    let said = reason(form.text("reason")).map_err(|_| Fault::BadQuestion)?;
    let live = site.live.borrow().clone();
    let scope = ask.scope();
    let office = live
        .offices
        .iter()
        .map(|one| one.roster.office.id.as_str())
        .find(|office| scope.keeps_seals(office));
    let office = office.ok_or(Fault::NotFound)?;
    let (by, now) = (reader.who.account.name.as_str(), MonitorClock::Wall.now());
    let sealed = site
        .store
        .open_reporter(office, &id, by, &said, now)
        .await?
        .ok_or(Fault::NotFound)?;
    let number = site.door.keys.unseal(&format!("reporter {id}"), &sealed);
    let number = number.and_then(|bytes| String::from_utf8(bytes).ok());
    opened_page(&site, &ask, Some((&id, number))).await
}

/// Whoever keeps seals or gates sees nothing else of the house.
pub fn begins_at(roles: &[Role]) -> &'static str {
    match roles.contains(&Role::Gate) {
        true => "/gate",
        false => "/seals",
    }
}
