//! What waits for the reader: the cases he may answer, with when each goes on to somebody else; never one about himself or
//! his superior.

use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader};
use super::case;
use super::fault::Fault;
use super::orders;
use super::page;
use super::shown;
use crate::case::Stage;
use crate::case::acts::Wish;
use crate::case::escalation::What;
use crate::case::order::CaseSeen;
use crate::engine::time::Moment;
use crate::live::OfficeLive;
use crate::store::read::IncidentFilter;
use crate::store::rows::IncidentRow;

/// So many of each stage are looked through; the list of incidents has all.
const LOOKED: usize = 50;
const SHOWN: usize = 8;
/// Stages in which a case waits for people.
const WAITING: [Stage; 4] = [Stage::Indication, Stage::Dismissing, Stage::Examination, Stage::Finding];

struct Item {
    row: IncidentRow,
    seen: CaseSeen,
    /// When it goes on to somebody else, or is late.
    due: Option<Moment>,
}

/// Whether something in it is for him to do: an answer, a decision, or a review.
fn waits_for(seen: &CaseSeen) -> bool {
    let case = &seen.case;
    if case.appeal.is_some() {
        return seen.may(Wish::Uphold);
    }
    match case.stage {
        Stage::Indication if case.ack.is_none() => seen.may(Wish::Ack),
        // Whoever took notice decides; others may.
        Stage::Indication | Stage::Dismissing | Stage::Examination => seen.may_decide(),
        _ => false,
    }
}

fn due(seen: &CaseSeen) -> Option<Moment> {
    let case = &seen.case;
    let review = case.appeal.as_ref().map(|appeal| appeal.review_by);
    let ack = case.ack.as_ref().map(|ack| ack.until);
    let climbs = seen.foreseen.iter().find(|due| matches!(due.what, What::Climb { .. }));
    review.or(ack).or(climbs.map(|due| due.at))
}

/// The part of the first page; nothing for who has no part in cases.
pub async fn section(site: &Site, ask: &Ask, reader: &Reader, office: &OfficeLive) -> Result<Markup, Fault> {
    let id = &office.roster.office.id;
    if site.orders.is_none() || orders::acts_as(site, reader, id).is_none() {
        return Ok(html! {});
    }
    let mut rows = Vec::new();
    for stage in WAITING {
        let filter = IncidentFilter {
            office: Some(id.to_string()),
            stage: Some(stage.as_str().to_owned()),
            ..IncidentFilter::default()
        };
        rows.extend(site.store.incidents_page(&ask.scope(), &filter, None, LOOKED).await?);
    }
    let mut seen = orders::look_at(site, reader, &rows).await;
    let mut items: Vec<Item> = rows
        .into_iter()
        .filter_map(|row| {
            let seen = seen.remove(&row.n).filter(waits_for)?;
            let due = due(&seen);
            Some(Item { row, seen, due })
        })
        .collect();
    items.sort_by_key(|item| {
        (
            item.due.is_none(),
            item.due,
            std::cmp::Reverse(item.row.severity),
            item.row.n,
        )
    });
    Ok(shown(ask, office, &items))
}

fn shown(ask: &Ask, office: &OfficeLive, items: &[Item]) -> Markup {
    let words = ask.words;
    let zone = office.roster.office.zone;
    html! {
        section.mine aria-labelledby="mine" {
            h2 #mine { (words.pick("Menunggu Anda", "Waits for you")) @if !items.is_empty() { " (" (items.len()) ")" } }
            @if items.is_empty() {
                p.calm { (words.pick("Tidak ada yang menunggu Anda.", "Nothing waits for you.")) }
            } @else {
                ul.waiting { @for item in items.iter().take(SHOWN) { (line(ask, office, item, zone)) } }
                @if items.len() > SHOWN {
                    p.more { a href="/incidents?stage=indication" { (words.pick("Lainnya", "More")) ": " (items.len() - SHOWN) " →" } }
                }
            }
        }
    }
}

fn line(ask: &Ask, office: &OfficeLive, item: &Item, zone: Tz) -> Markup {
    let words = ask.words;
    let (policy, _) = shown::policy_of(Some(office), &item.row);
    let deed = match (&item.seen.case.appeal, item.seen.case.stage) {
        (Some(_), _) => words.pick("tinjau keberatan", "review the appeal"),
        (None, Stage::Indication) if item.seen.case.ack.is_none() => words.pick("jawab", "answer"),
        (None, Stage::Dismissing) => words.pick(
            "setujui, atau putuskan lain, sebagai orang kedua",
            "agree, or decide otherwise, as the second person",
        ),
        (None, Stage::Examination) => words.pick("selesaikan pemeriksaan", "end the examination"),
        (None, _) => words.pick("putuskan", "decide"),
    };
    html! {
        li.(page::class_tone(item.row.class, item.row.severity)) {
            a href={ "/incidents/" (item.row.n) "#people" } {
                strong { (shown::title(&policy, ask.language())) }
                @if let Some(id) = &item.row.officer { " · " (shown::officer_name(Some(office), id.as_str())) }
            }
            div {
                (case::stage_mark(ask, item.seen.case.stage)) " "
                span { (deed) }
                @if let Some(due) = item.due {
                    " " span.(if due <= ask.live.now { "error" } else { "soft" }) {
                        (words.pick("sebelum", "by")) " " (page::time_on(due, ask.live.now, zone, words))
                    }
                }
            }
        }
    }
}
