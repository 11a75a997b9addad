//! What people made of an incident: the part of its page with the case's steps and deadlines, what the reader may do now,
//! and where those forms lead.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader, address};
use super::fault::Fault;
use super::incident;
use super::orders;
use super::own::Own;
use super::own::forms::refused;
use super::page::{self, Tab, field, proof};
use super::posted::Posted;
use crate::accounts::Role;
use crate::case::acts::{REASON_MAX, Wish};
use crate::case::escalation::What;
use crate::case::order::{CaseSeen, Order};
use crate::case::{Code, Refusal, Stage, Terms};
use crate::engine::policy::Severity;
use crate::engine::time::Moment;
use crate::live::OfficeLive;
use crate::store::rows::{CaseRow, CaseStepRow, IncidentRow};

/// What somebody tried and was refused, so that the page says why and keeps his words.
pub struct Tried {
    pub wish: Wish,
    pub reason: String,
    pub seen: u32,
    pub refusal: Refusal,
}

/// A case as its page shows it.
pub struct Shown {
    row: CaseRow,
    steps: Vec<CaseStepRow>,
    seen: Option<CaseSeen>,
    terms: Terms,
}

impl Shown {
    /// `None`: nobody has a case of it.
    pub async fn read(site: &Site, reader: &Reader, incident: &IncidentRow) -> Result<Option<Shown>, Fault> {
        let Some(row) = site.store.case(incident.n).await? else {
            return Ok(None);
        };
        let steps = site.store.case_steps(incident.n).await?;
        let seen = orders::look_at(site, reader, std::slice::from_ref(incident)).await;
        let seen = seen.into_values().next();
        let terms = site.settings.terms.clone();
        Ok(Some(Shown {
            row,
            steps,
            seen,
            terms,
        }))
    }

    /// Whether the reader has anything to fill in, which a page that comes again would take from him.
    pub fn offers(&self) -> bool {
        self.seen
            .as_ref()
            .is_some_and(|seen| seen.may.iter().any(|(_, why)| why.is_none()))
    }
}

fn stage_of(row: &CaseRow) -> Stage {
    let known = Stage::ALL.into_iter().find(|stage| stage.as_str() == row.stage);
    known.unwrap_or(Stage::Indication)
}

pub fn stage_mark(ask: &Ask, stage: Stage) -> Markup {
    let tone = match stage {
        Stage::Indication | Stage::Dismissing | Stage::Examination => "state-open",
        Stage::Finding | Stage::Proven => "state-dead",
        Stage::Dismissed | Stage::NotProven | Stage::Closed | Stage::Withdrawn => "state-ended",
    };
    html! { span.state.(tone) { (ask.words.stage(stage)) } }
}

/// The name of somebody in the roster, and his id.
pub fn person(office: Option<&OfficeLive>, id: &str) -> String {
    let roster = office.map(|office| &office.roster);
    let of_person = roster
        .and_then(|roster| roster.person(id))
        .map(|person| person.name.as_str());
    let of_officer = || {
        roster
            .and_then(|roster| roster.officer(id))
            .map(|officer| officer.name.as_str())
    };
    match of_person.or_else(of_officer) {
        Some(name) => format!("{name} ({id})"),
        None => id.to_owned(),
    }
}

pub fn section(ask: &Ask, office: Option<&OfficeLive>, shown: &Shown, tried: Option<&Tried>, zone: Tz) -> Markup {
    let words = ask.words;
    let stage = stage_of(&shown.row);
    html! {
        section.people aria-labelledby="people" {
            h2 #people { (words.pick("Penanganan", "In people's hands")) }
            @if let Some(done) = ask.param("done").filter(|_| tried.is_none()) {
                p.notice.done role="status" { (words.pick("Tercatat", "Recorded")) ": " strong { (words.case_step(done)) } "." }
            }
            @if let Some(tried) = tried {
                @let (why, todo) = words.refusal(&tried.refusal);
                div.notice.dead role="alert" {
                    p { strong { (words.deed(tried.wish).name) ": " } (why) " " (todo) }
                    // Where no form keeps them.
                    @if !tried.reason.is_empty() && !shown.seen.as_ref().is_some_and(|seen| seen.may(tried.wish)) {
                        p { (words.pick("Yang Anda tulis:", "What you wrote:")) } blockquote.said { (tried.reason) }
                    }
                }
            }
            p.case-stage { (stage_mark(ask, stage)) " " (words.stage_means(stage)) }
            @if !shown.row.stands && stage != Stage::Withdrawn {
                p.notice {
                    (words.pick(
                        "Dasarnya ditarik oleh data susulan. Tidak dihitung di mana pun; putuskan sekali lagi.",
                        "Its basis was withdrawn by late events. It counts nowhere; decide once more.",
                    ))
                }
            }
            (deadlines(ask, office, shown, zone))
            @if [Role::Supervisor, Role::Integrity, Role::Auditor].into_iter().any(|role| ask.has_role(role)) {
                p.more { a href=(address("/escalation", page::office_pair(ask))) { (words.pick("Siapa diberi tahu kapan", "Who is told when")) " →" } }
            }
            (steps(ask, office, shown, tried, zone))
            (forms(ask, shown, tried))
        }
    }
}

fn deadlines(ask: &Ask, office: Option<&OfficeLive>, shown: &Shown, zone: Tz) -> Markup {
    let words = ask.words;
    let Some(seen) = &shown.seen else {
        return html! {};
    };
    let case = &seen.case;
    let at = |moment: Moment| page::time_on(moment, ask.live.now, zone, words);
    let open = case.stage.is_open();
    // The officer learns when, not whom it passes over.
    let reader_only = ask.who.as_ref().is_some_and(|who| who.roles == [Role::Officer]);
    let decided = case
        .decided
        .filter(|_| matches!(case.outcome, Some(Stage::Finding | Stage::Proven)));
    let appeal_until = decided.map(|at| at.plus_ms(shown.terms.appeal_within_ms));
    html! {
        ul.deadlines {
            @if let Some(ack) = case.ack.as_ref().filter(|_| open) {
                li { (words.pick("Diketahui", "Acknowledged by")) " " strong { (person(office, &ack.by)) } "; "
                    (words.pick("harus diputuskan sebelum", "to be decided by")) " " (at(ack.until)) }
            }
            @if let Some(proposer) = &case.proposed_by {
                li { strong { (words.pick("Menunggu orang kedua", "Waits for a second person")) } ": "
                    (words.pick("bukan", "not")) " " (person(office, proposer)) }
            }
            @if let Some(appeal) = &case.appeal {
                li { strong { (words.pick("Keberatan menunggu", "An appeal is pending")) } ": "
                    (words.pick("ditinjau sebelum", "to be reviewed by")) " " (at(appeal.review_by)) " "
                    (words.pick("oleh seseorang yang tidak ikut memutuskan", "by somebody who took no part in deciding")) }
            } @else if let Some(until) = appeal_until.filter(|until| *until > ask.live.now) {
                li { (words.pick("Petugas dapat mengajukan keberatan sampai", "The officer may appeal until")) " " (at(until)) }
            }
            @if case.stage == Stage::Examination && case.stated.is_none() {
                li { (words.pick("Petugas didengar sampai", "The officer is heard until")) " "
                    (at(case.opened.plus_ms(shown.terms.heard_within_ms))) }
            }
            @for due in &seen.foreseen {
                @match &due.what {
                    What::AckExpires => {},
                    What::Climb { rung, people, passed } => li {
                        (at(due.at)) ": "
                        @if people.is_empty() || reader_only { (words.rung(*rung)) } @else {
                            @for (ix, id) in people.iter().enumerate() {
                                @if ix > 0 { ", " }
                                strong { (person(office, id)) }
                            }
                            " – " (words.rung(*rung))
                        }
                        @if !reader_only && !passed.is_empty() {
                            ul.soft { @for (id, why) in passed {
                                li { (words.pick("bukan", "not")) " " (person(office, id)) ": " (words.passed(why)) }
                            } }
                        }
                    },
                }
            }
            @if open && seen.foreseen.is_empty() && case.integrity_told {
                li { (words.pick("Semua yang dapat diberi tahu sudah tahu, juga tim kepatuhan; menunggu jawaban.",
                    "Everybody who can be told knows, the integrity team too; an answer is awaited.")) }
            } @else if open && seen.foreseen.is_empty() && case.basis.severity < Severity::Major {
                li { (words.pick("Masuk rangkuman berikutnya; tidak diteruskan ke atas.", "It waits for the next digest and is not passed on.")) }
            }
        }
    }
}

fn steps(ask: &Ask, office: Option<&OfficeLive>, shown: &Shown, tried: Option<&Tried>, zone: Tz) -> Markup {
    let words = ask.words;
    // Attempts are for those who look after the house.
    let all = ask.has_role(Role::Integrity) || ask.has_role(Role::Auditor);
    let steps = shown.steps.iter().filter(|step| all || step.step != "refused");
    let new_since = tried
        .filter(|tried| matches!(tried.refusal, Refusal::Changed(_)))
        .map(|tried| i64::from(tried.seen));
    html! {
        ol.steps {
            @for step in steps {
                @let is_new = new_since.is_some_and(|seen| step.n > seen);
                li.(if is_new { "step-new" } else { "" }) {
                    (page::time_on(step.at, ask.live.now, zone, words))
                    div {
                        p {
                            strong { (words.case_step(&step.step)) }
                            @if is_new { " " span.state.state-open { (words.pick("baru", "new")) } }
                            @if let Some(detail) = detail(ask, office, step, zone) { ": " (detail) }
                        }
                        @if let Some(id) = &step.person {
                            p.soft { (person(office, id)) @if let Some(post) = &step.post { ", " (words.post(post)) } }
                        }
                        @if !step.reason.is_empty() { blockquote.said { (step.reason) } }
                    }
                }
            }
        }
    }
}

/// What stands beside a step, as the table has it, in the reader's words.
fn detail(ask: &Ask, office: Option<&OfficeLive>, step: &CaseStepRow, zone: Tz) -> Option<String> {
    let words = ask.words;
    let text = step.detail.as_deref()?;
    let moment = |text: &str| match Moment::parse(text) {
        Some(at) => format!(
            "{} {}",
            crate::letter::clock::time_on(at, ask.live.now, zone, ask.language()),
            crate::letter::zone_name(at, zone)
        ),
        None => text.to_owned(),
    };
    Some(match step.step.as_str() {
        "told" => {
            let people = text.split_once(": ").map_or(text, |(_, people)| people);
            if people == "nobody may be told" {
                return Some(words.pick("tidak ada yang boleh diberi tahu", people).to_owned());
            }
            let people: Vec<String> = people.split(", ").map(|id| person(office, id)).collect();
            people.join(", ")
        }
        "acknowledged" => format!(
            "{} {}",
            words.pick("sampai", "until"),
            moment(text.trim_start_matches("until "))
        ),
        "appealed" => format!(
            "{} {}",
            words.pick("ditinjau sebelum", "to be reviewed by"),
            moment(text.trim_start_matches("review by "))
        ),
        "dismissed" | "dismissal_proposed" => {
            let code = Code::ALL.into_iter().find(|code| code.as_str() == text);
            code.map_or(text, |code| words.code(code)).to_owned()
        }
        "joined" => format!("#{}", text.trim_start_matches("incident ")),
        _ => text.to_owned(),
    })
}

/// In which order acts are offered.
fn offered(seen: &CaseSeen) -> impl Iterator<Item = Wish> {
    const ORDER: [Wish; 12] = [
        Wish::Ack,
        Wish::State,
        Wish::Find,
        Wish::Dismiss(Code::Mistaken),
        Wish::Examine,
        Wish::Prove,
        Wish::NotProve,
        Wish::Uphold,
        Wish::Grant,
        Wish::Appeal,
        Wish::Close,
        Wish::Reopen,
    ];
    ORDER.into_iter().filter(|wish| seen.may(*wish))
}

fn forms(ask: &Ask, shown: &Shown, tried: Option<&Tried>) -> Markup {
    let words = ask.words;
    let Some(seen) = &shown.seen else {
        return html! {
            p.hint { (words.pick("Pemantau tidak menjawab: saat ini tidak ada yang dapat dilakukan di sini.",
                "The monitor does not answer: nothing can be done here at this moment.")) }
        };
    };
    let wanted = tried.map(|tried| tried.wish.as_str()).or_else(|| ask.param("do"));
    let wishes: Vec<Wish> = offered(seen).collect();
    html! {
        @if !wishes.is_empty() {
            div.deeds {
                h3 #deeds { (words.pick("Yang dapat Anda lakukan sekarang", "What you may do now")) }
                @for wish in wishes {
                    @let deed = words.deed(wish);
                    @let plain = wish == Wish::Ack;
                    @let open = wanted.map_or(plain, |wanted| wanted == wish.as_str());
                    details.deed open[open] {
                        summary { (deed.name) }
                        form.form method="post" action={ "/incidents/" (seen.case.incident) "/acts" } {
                            (proof(ask))
                            input type="hidden" name="wish" value=(wish.as_str());
                            input type="hidden" name="seen" value=(seen.case.steps);
                            p { (deed.does) }
                            @if let Wish::Dismiss(_) = wish {
                                (field(words.pick("Sebab", "Cause"), html! {
                                    select name="code" required {
                                        option value="" { (words.none) }
                                        @for code in Code::ALL {
                                            @let chosen = tried.is_some_and(|tried| tried.wish == Wish::Dismiss(code))
                                                || seen.case.stage == Stage::Dismissing && seen.case.code == Some(code);
                                            option value=(code.as_str()) selected[chosen] { (words.code(code)) }
                                        }
                                    }
                                }))
                            }
                            @let said = tried.filter(|tried| tried.wish.as_str() == wish.as_str()).map_or("", |tried| &tried.reason);
                            (field(deed.field, html! {
                                textarea name="reason" rows=(if plain { "1" } else { "3" }) maxlength=(REASON_MAX) required[!plain] { (said) }
                            }))
                            button.button type="submit" { (deed.name) }
                        }
                    }
                }
            }
        }
        @if let Some(why) = why_nothing(seen) {
            p.hint { (words.refusal(why).0) " " (words.refusal(why).1) }
        }
    }
}

/// Why a reader who could expect it is not offered a decision.
fn why_nothing(seen: &CaseSeen) -> Option<&Refusal> {
    if seen.may_decide() {
        return None;
    }
    let told = |why: &&Refusal| !matches!(why, Refusal::WrongStage(_) | Refusal::NoAppeal | Refusal::ForOfficer);
    let decisions = seen
        .may
        .iter()
        .filter(|(wish, _)| !matches!(wish, Wish::State | Wish::Appeal | Wish::Reopen));
    let mut whys = decisions.filter_map(|(_, why)| why.as_ref()).filter(told);
    let of_own = seen.may.iter().any(|(_, why)| *why == Some(Refusal::Own));
    // He knows that it is about himself.
    whys.next().filter(|_| !of_own)
}

/// The wish a form or a program names.
pub fn wish_of(word: &str, code: &str) -> Option<Wish> {
    let code = match code {
        "" => None,
        code => Some(Code::ALL.into_iter().find(|one| one.as_str() == code)?),
    };
    Wish::parse(word, code)
}

/// `POST /incidents/{n}/acts`: one act of one person on one case.
pub async fn act(
    State(site): State<Site>,
    Path(n): Path<String>,
    mut ask: Ask,
    reader: Reader,
    form: Posted,
) -> Result<Response, Fault> {
    let incident = found(&site, &ask, &n).await?;
    let seen = form.text("seen").parse::<u32>();
    let (Some(wish), Ok(seen)) = (wish_of(form.text("wish"), form.text("code")), seen) else {
        return Err(Fault::BadQuestion);
    };
    let reason = form.text("reason").replace('\r', "");
    let what = Order::Case {
        incident: incident.n,
        wish,
        seen: Some(seen),
    };
    let answer = orders::order(&site, &reader, &incident.office, &reason, what).await?;
    // What the page links to is the page.
    ask.path = format!("/incidents/{}", incident.n);
    match answer {
        Ok(crate::case::order::Done::Case { step, .. }) => {
            let place = format!("{}?done={step}#people", ask.path);
            Ok(Redirect::to(&place).into_response())
        }
        Ok(_) => Ok(Redirect::to(&ask.path).into_response()),
        Err(refusal) => {
            // His own page has his forms, and names nobody.
            if Own::about(&site, &reader, &incident.office, incident.officer.as_ref()).is_some() {
                let back = format!("/me/incidents/{}", incident.n);
                return Ok(refused(&ask, &refusal, &back, Tab::Mine));
            }
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::CONFLICT);
            let tried = Tried {
                wish,
                reason,
                seen,
                refusal,
            };
            let page = incident::page(&site, &ask, &reader, &incident, Some(&tried)).await?;
            Ok((status, page).into_response())
        }
    }
}

/// The incident a path names, if the reader may see it; that somebody tried others, the guard traces.
pub async fn found(site: &Site, ask: &Ask, n: &str) -> Result<IncidentRow, Fault> {
    let incident = match n.parse::<i64>() {
        Ok(n) => site.store.incident(&ask.scope(), n).await?,
        Err(_) => None,
    };
    match incident {
        Some(incident) => Ok(incident),
        None => Err(Fault::NotHisToSee),
    }
}
