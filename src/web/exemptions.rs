//! Exemptions: who is exempt now, who will be and was, what waits for an answer and what each would have hidden; asked by
//! one, granted by another, ended by either of those above.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::NaiveDateTime;
use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader, address};
use super::case::person;
use super::fault::Fault;
use super::page::{self, Tab, field, proof};
use super::posted::Posted;
use super::traces::looked_at_list;
use super::{orders, shown};
use crate::accounts::Role;
use crate::case::Refusal;
use crate::case::acts::REASON_MAX;
use crate::case::exemption::{ExemptionWish, Longest};
use crate::case::order::{Done, Look, Order, RequestSeen, Seen};
use crate::case::{Actor, Post};
use crate::engine::time::Moment;
use crate::letter;
use crate::live::OfficeLive;
use crate::store::rows::ExemptionRow;

const PAGE: usize = 25;

/// What somebody tried and was refused; his form keeps what he wrote.
struct Tried {
    refusal: Refusal,
    form: Posted,
}

/// Where an exemption stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Asked,
    Denied,
    Future,
    Live,
    Over,
    Revoked,
}

fn standing(row: &ExemptionRow, now: Moment) -> Standing {
    match (row.granted, row.revoked) {
        (None, _) => Standing::Asked,
        (Some(false), _) => Standing::Denied,
        (Some(true), Some(_)) => Standing::Revoked,
        (Some(true), None) if now < row.from => Standing::Future,
        (Some(true), None) if now < row.until => Standing::Live,
        (Some(true), None) => Standing::Over,
    }
}

fn mark(ask: &Ask, standing: Standing) -> Markup {
    let (tone, id, en) = match standing {
        Standing::Asked => ("state-waiting", "menunggu jawaban", "waits for an answer"),
        Standing::Denied => ("state-ended", "ditolak", "denied"),
        Standing::Future => ("state-sent", "akan berlaku", "to come"),
        Standing::Live => ("state-sent", "berlaku", "in force"),
        Standing::Over => ("state-ended", "berakhir", "over"),
        Standing::Revoked => ("state-ended", "diakhiri", "ended early"),
    };
    html! { span.state.(tone) { (ask.words.pick(id, en)) } }
}

pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    list(&site, &ask, &reader, None).await
}

async fn list(site: &Site, ask: &Ask, reader: &Reader, tried: Option<&Tried>) -> Result<Markup, Fault> {
    let words = ask.words;
    let title = words.pick("Pengecualian", "Exemptions");
    let Some(office) = ask.office() else {
        let body = page::heading(title, None);
        return Ok(page::shell(ask, Tab::Exemptions, title, false, body));
    };
    let before = ask.param("before").map(str::parse::<i64>).transpose();
    let before = before.map_err(|_| Fault::BadQuestion)?;
    let id = &office.roster.office.id;
    let scope = ask.scope();
    let mut rows = site
        .store
        .exemptions_seen(&scope, Some(id.as_str()), before, PAGE + 1)
        .await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    looked_at_list(site, ask, reader, "exemptions", rows.len()).await?;
    let next = rows.last().filter(|_| more).map(|row| row.n.to_string());
    let who = orders::acts_as(site, reader, id);
    let asked = Look {
        office: id.clone(),
        who: who.clone(),
        incidents: Vec::new(),
        requests: rows.iter().map(|row| row.n).collect(),
    };
    let seen = orders::look(site, asked).await;
    let now = seen.as_ref().map_or(ask.live.now, |seen| seen.now);
    let zone = office.roster.office.zone;
    let backdated = rows
        .iter()
        .filter(|row| row.granted == Some(true) && row.from < row.asked)
        .count();
    let post = who
        .as_deref()
        .and_then(|who| Actor::in_roster(who, &office.roster))
        .map(|who| who.post);
    let under = words.pick(
        "Selama berlaku, ponsel di luar loker tidak dicatat bagi petugas itu. Setiap pengecualian berakhir.",
        "While one is in force, a phone outside the lockbox is not held against that officer. Each one ends.",
    );
    let body = html! {
        (page::heading(title, Some(under)))
        @if let Some(tried) = tried {
            @let (why, todo) = words.refusal(&tried.refusal);
            p.notice.dead role="alert" { (why) " " (todo) }
        } @else if ask.param("done").is_some() {
            p.notice.done role="status" { (words.pick("Tercatat.", "Recorded.")) }
        }
        @if backdated > 0 {
            p.notice { strong { (backdated) } " " (words.pick(
                "pada halaman ini dikabulkan untuk waktu yang sudah lewat.",
                "on this page were granted for time that had passed.",
            )) }
        }
        @if rows.is_empty() { p.calm { (words.pick("Belum ada yang diminta.", "None was asked for.")) } } @else {
            ul.rejects { @for row in &rows { (item(ask, office, row, seen.as_ref(), now, zone)) } }
        }
        (page::pager(ask, "before", next))
        @if let (Some(post), Some(seen)) = (post.filter(|post| *post != Post::Technician), &seen) {
            (ask_form(ask, office, post, seen.longest, who.as_deref(), tried))
        }
    };
    Ok(page::shell(ask, Tab::Exemptions, title, false, body))
}

fn item(ask: &Ask, office: &OfficeLive, row: &ExemptionRow, seen: Option<&Seen>, now: Moment, zone: Tz) -> Markup {
    let words = ask.words;
    let at = |moment: Moment| page::time_on(moment, now, zone, words);
    let known = seen.and_then(|seen| seen.requests.iter().find(|one| one.request.n == row.n));
    let office_of = Some(office);
    html! {
        li.reject #{ "e-" (row.n) } {
            div.reject-head {
                h2 { (shown::officer_name(office_of, row.officer.as_str())) " " span.soft { (row.officer) " · #" (row.n) } }
                div {
                    (mark(ask, standing(row, now)))
                    @if row.from < row.asked { " " span.state.state-dead { (words.pick("untuk waktu yang sudah lewat", "backdated")) } }
                }
            }
            p { (on(ask, row.from, zone)) " – " (on(ask, row.until, zone)) " " span.soft { "(" (page::about(row.until.ms_since(row.from), ask.language())) ")" } }
            blockquote.said { (row.reason) }
            p.soft { (words.pick("Diminta", "Asked for by")) " " (person(office_of, &row.asked_by)) ", " (at(row.asked)) }
            @if let (Some(by), Some(when)) = (&row.answered_by, row.answered) {
                p.soft {
                    @if row.granted == Some(true) { (words.pick("Dikabulkan", "Granted by")) } @else { (words.pick("Ditolak", "Denied by")) }
                    " " (person(office_of, by)) ", " (at(when))
                }
            }
            @if let Some(when) = row.revoked { p.soft { (words.pick("Diakhiri", "Ended")) " " (at(when)) } }
            @if let Some(known) = known {
                p {
                    @if known.hidden.is_empty() {
                        span.soft { (words.pick(
                            "Dalam 30 hari sebelum diminta, tidak ada indikasi yang akan tersembunyi olehnya.",
                            "In the 30 days before it was asked for, it would have hidden no indication.",
                        )) }
                    } @else {
                        (words.pick("Dalam 30 hari sebelumnya akan tersembunyi olehnya:", "In the 30 days before, it would have hidden:"))
                        @for n in &known.hidden { " " a href={ "/incidents/" (n) } { "#" (n) } }
                    }
                }
                (answers(ask, office, row, known))
            }
        }
    }
}

/// A moment with its whole date, for spans that lie far off.
fn on(ask: &Ask, at: Moment, zone: Tz) -> Markup {
    let date = letter::clock::date(at, zone, ask.language());
    html! { time datetime=(at.rfc3339(zone)) { (date) " " (letter::clock::short_time(at, zone)) " " (letter::zone_name(at, zone)) } }
}

/// What the reader may answer; why not, where he could expect to.
fn answers(ask: &Ask, office: &OfficeLive, row: &ExemptionRow, known: &RequestSeen) -> Markup {
    let words = ask.words;
    let acts = [
        ("grant", known.grant.is_none(), words.pick("Kabulkan", "Grant")),
        ("deny", known.deny.is_none(), words.pick("Tolak", "Deny")),
        (
            "revoke",
            known.revoke.is_none(),
            words.pick("Akhiri sekarang", "End it now"),
        ),
    ];
    let open: Vec<_> = acts.into_iter().filter(|(_, may, _)| *may).collect();
    let waits = row.granted.is_none();
    html! {
        @if !open.is_empty() {
            details.deed {
                summary { (words.pick("Jawab", "Answer")) }
                form.form method="post" action={ "/exemptions/" (row.n) "/answer" } {
                    (proof(ask))
                    input type="hidden" name="office" value=(office.roster.office.id);
                    @if waits {
                        p { (words.pick(
                            "Bila dikabulkan, berlaku untuk seluruh waktu di atas, juga yang sudah lewat, dan yang sudah dicatat dinilai ulang.",
                            "If granted it holds for the whole span above, also what has passed of it, and what was recorded is judged again.",
                        )) }
                    } @else {
                        p { (words.pick("Berakhir saat ini juga, untuk selanjutnya.", "It ends at this moment, for the time to come.")) }
                    }
                    (field(words.pick("Alasan, tanpa diagnosis", "Why; no diagnosis"), html! {
                        textarea name="reason" rows="2" maxlength=(REASON_MAX) required {}
                    }))
                    div.form-row { @for (wish, _, name) in &open {
                        button.button.(if *wish == "grant" { "" } else { "quiet" }) type="submit" name="wish" value=(wish) { (name) }
                    } }
                }
            }
        }
        @if waits && known.grant.is_some() && (ask.has_role(Role::Supervisor) || ask.has_role(Role::Integrity)) {
            @if let Some(why) = &known.grant { p.hint { (words.refusal(why).0) " " (words.refusal(why).1) } }
        }
    }
}

fn ask_form(
    ask: &Ask,
    office: &OfficeLive,
    post: Post,
    longest: Longest,
    who: Option<&str>,
    tried: Option<&Tried>,
) -> Markup {
    let words = ask.words;
    let said = |name: &str| tried.map_or("", |tried| tried.form.text(name));
    let span = |post| page::about(longest.of(post), words.language);
    // The officer asks for himself; the others for those they may see.
    let mine = |id: &str| post != Post::Officer || Some(id) == who;
    let officers = office
        .roster
        .officers
        .iter()
        .filter(|officer| mine(officer.id.as_str()));
    let zone_name = letter::zone_name(ask.live.now, office.roster.office.zone);
    html! {
        section aria-labelledby="ask" {
            h2 #ask { (words.pick("Minta pengecualian", "Ask for an exemption")) }
            form.form method="post" action="/exemptions" {
                (proof(ask))
                input type="hidden" name="office" value=(office.roster.office.id);
                p { (words.pick(
                    "Orang lain yang menjawab: siapa yang meminta tidak dapat mengabulkan, dan tidak menangani insiden petugas itu pada hari yang sama.",
                    "Somebody else answers: who asks cannot grant, nor act on that officer's incidents of that day.",
                )) }
                (field(words.officer, html! {
                    select name="officer" required {
                        @for officer in officers {
                            option value=(officer.id) selected[said("officer") == officer.id.as_str()] { (officer.name) " (" (officer.id) ")" }
                        }
                    }
                }))
                (field(&format!("{} ({zone_name})", words.pick("Mulai", "From")), html! {
                    input type="datetime-local" name="from" value=(said("from")) required;
                }))
                (field(&format!("{} ({zone_name})", words.pick("Sampai", "Until")), html! {
                    input type="datetime-local" name="until" value=(said("until")) required;
                }))
                p.hint {
                    (words.pick("Paling lama yang dapat dikabulkan: atasan", "The longest that can be granted: by a supervisor")) " " (span(Post::Supervisor))
                    (words.pick(", tim kepatuhan ", ", by the integrity team ")) (span(Post::Integrity)) "."
                    @if post == Post::Supervisor { " " (words.pick("Anda:", "You:")) " " (span(post)) "." }
                }
                (field(words.pick("Alasan, tanpa diagnosis", "Why; no diagnosis"), html! {
                    textarea name="reason" rows="3" maxlength=(REASON_MAX) required { (said("reason")) }
                }))
                button.button type="submit" { (words.pick("Minta", "Ask for it")) }
            }
        }
    }
}

/// `POST /exemptions`
pub async fn ask(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let office = ask
        .live
        .offices
        .iter()
        .find(|one| one.roster.office.id.as_str() == form.text("office"));
    let zone = office.ok_or(Fault::NotFound)?.roster.office.zone;
    let moment = |name: &str| {
        let text = form.text(name);
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M")
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"));
        local
            .ok()
            .and_then(|local| Moment::of_local(local, zone))
            .ok_or(Fault::BadQuestion)
    };
    let wish = ExemptionWish::Ask {
        officer: form.text("officer").to_owned(),
        from: moment("from")?,
        until: moment("until")?,
    };
    order(&site, ask, &reader, wish, form).await
}

/// `POST /exemptions/{n}/answer`
pub async fn answer(
    State(site): State<Site>,
    Path(n): Path<String>,
    ask: Ask,
    reader: Reader,
    form: Posted,
) -> Result<Response, Fault> {
    let request = n.parse::<i64>().map_err(|_| Fault::NotFound)?;
    let wish = match form.text("wish") {
        "grant" => ExemptionWish::Grant { request },
        "deny" => ExemptionWish::Deny { request },
        "revoke" => ExemptionWish::Revoke { request },
        _ => return Err(Fault::BadQuestion),
    };
    order(&site, ask, &reader, wish, form).await
}

async fn order(
    site: &Site,
    mut ask: Ask,
    reader: &Reader,
    wish: ExemptionWish,
    form: Posted,
) -> Result<Response, Fault> {
    let office = ask.live.offices.iter().map(|one| one.roster.office.id.clone());
    let office = office
        .clone()
        .find(|id| id.as_str() == form.text("office"))
        .ok_or(Fault::NotFound)?;
    let reason = form.text("reason").replace('\r', "");
    let what = Order::Exemption {
        office: Some(office.clone()),
        wish,
    };
    let answer = orders::order(site, reader, &office, &reason, what, &ask.path).await?;
    ask.path = "/exemptions".to_owned();
    match answer {
        Ok(Done::Exemption { request, step, .. }) => {
            let place = address(&ask.path, [("office", office.as_str()), ("done", step.as_str())]);
            Ok(Redirect::to(&format!("{place}#e-{request}")).into_response())
        }
        Ok(_) => Ok(Redirect::to(&ask.path).into_response()),
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::CONFLICT);
            let page = list(site, &ask, reader, Some(&Tried { refusal, form })).await?;
            Ok((status, page).into_response())
        }
    }
}
