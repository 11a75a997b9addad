//! The gate: one field, and a big answer in green or red with its reason. A scanner that types works as well as a hand.

use std::sync::Arc;

use axum::extract::State;
use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader};
use super::fault::Fault;
use super::icons::{Icon, icon};
use super::nav::Tab;
use super::page;
use super::posted::Posted;
use super::words::Words;
use crate::accounts::Scope;
use crate::booking::code;
use crate::booking::gate::{Answer, Holder};
use crate::booking::order::{Act, Answered, Done, Refusal, Scanned, VisitAnswer, VisitOrder};
use crate::engine::visit::{Care, Errand};
use crate::letter;
use crate::live::{Live, OfficeLive};

/// Hands what people do on the applicants' side to the one writer.
pub type Visits = Arc<dyn Fn(VisitOrder) -> futures_util::future::BoxFuture<'static, VisitAnswer> + Send + Sync>;

/// What the page says above its field.
enum Said {
    Nothing,
    Answered(Box<Answered>, Scanned),
    Left(String),
    Refused(Refusal),
}

/// The office whose gate it is: the one asked for, of those whose gates he keeps.
fn office_of<'l>(live: &'l Live, scope: &Scope, asked: Option<&str>) -> Option<&'l OfficeLive> {
    let mut mine = live
        .offices
        .iter()
        .filter(|office| scope.keeps_gate(office.roster.office.id.as_str()));
    match asked {
        Some(id) => mine.find(|office| office.roster.office.id.as_str() == id),
        None => mine.next(),
    }
}

pub async fn show(State(site): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    let live = site.live.borrow().clone();
    let office = office_of(&live, &ask.scope(), ask.param("office")).ok_or(Fault::NotFound)?;
    Ok(body(&ask, office, ask.param("gate"), &Said::Nothing))
}

pub async fn scan(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Markup, Fault> {
    let live = site.live.borrow().clone();
    let office = office_of(&live, &ask.scope(), form.word("office")).ok_or(Fault::NotFound)?;
    let visits = site.visits.as_ref().ok_or(Fault::Unavailable)?;
    let roster = &office.roster;
    let said = form.word("gate").unwrap_or_default();
    let gate = roster.gates.iter().find(|gate| gate.id.as_str() == said);
    let gate = gate.or(roster.gates.first()).map_or("gate", |gate| gate.id.as_str());
    let code: String = form.text("code").chars().take(100).collect();
    let scanned = Scanned {
        gate: gate.to_owned(),
        code: code.clone(),
        errand: form.word("errand").and_then(Errand::parse),
        companions: form
            .word("companions")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
            .min(20),
        holder: match form.word("holder") {
            Some("proxy") => Holder::Proxy,
            Some("other") => Holder::Other,
            _ => Holder::Applicant,
        },
        reason: form.word("reason").map(str::to_owned),
    };
    let leaves = form.word("act") == Some("left");
    let gate = gate.to_owned();
    let what = match leaves {
        true => Act::Left { gate, code },
        false => Act::Scan(scanned.clone()),
    };
    let order = VisitOrder {
        office: Some(roster.office.id.clone()),
        by: reader
            .who
            .account
            .holder
            .person
            .clone()
            .unwrap_or_else(|| reader.who.account.name.clone()),
        what,
    };
    let said = match visits(order).await {
        Ok(Done::Answered(answered)) => Said::Answered(Box::new(answered), scanned.clone()),
        Ok(Done::Written { booking }) => Said::Left(booking),
        Ok(Done::Issued { .. }) => Said::Nothing,
        Err(Refusal::NotWritten) => return Err(Fault::Unavailable),
        Err(refusal) => Said::Refused(refusal),
    };
    Ok(body(&ask, office, Some(&scanned.gate), &said))
}

fn body(ask: &Ask, office: &OfficeLive, gate: Option<&str>, said: &Said) -> Markup {
    let words = ask.words;
    let roster = &office.roster;
    let title = words.pick("Gerbang", "Gate");
    let gates = &roster.gates;
    let chosen = gate
        .and_then(|gate| gates.iter().find(|one| one.id.as_str() == gate))
        .or(gates.first());
    let body = html! {
        div.gate {
            div.heading {
                h1 { (title) @if let Some(gate) = chosen { " · " (gate.name) } }
                p.under { (roster.office.name) }
            }
            @if gates.len() > 1 {
                nav.choices aria-label=(title) {
                    @for one in gates {
                        a href=(ask.with("gate", one.id.as_str())) aria-current=[(Some(&one.id) == chosen.map(|gate| &gate.id)).then_some("true")] { (one.name) }
                    }
                }
            }
            (told(ask, roster.office.zone, said))
            form.gate-form method="post" action="/gate" autocomplete="off" {
                (page::proof(ask))
                input type="hidden" name="office" value=(roster.office.id);
                @if let Some(gate) = chosen { input type="hidden" name="gate" value=(gate.id); }
                label.gate-code {
                    span { (words.pick("Kode booking atau tanda terima", "Booking code or receipt")) }
                    input name="code" autofocus required maxlength="40" autocapitalize="characters" spellcheck="false" enterkeyhint="go"
                        placeholder="XXXX-XXXX";
                }
                div.gate-acts {
                    button.button type="submit" name="act" value="scan" { (words.pick("Periksa", "Check")) }
                    button.button.quiet type="submit" name="act" value="left" { (words.pick("Keluar", "Leaves")) }
                }
                details {
                    summary { (words.pick("Pendamping, pengambilan oleh orang lain", "Companions, collection by somebody else")) }
                    div.gate-more {
                        (page::field(words.pick("Pendamping", "Companions"), html! {
                            select name="companions" { @for n in 0..=4 { option value=(n) { (n) } } }
                        }))
                        (page::field(words.pick("Keperluan", "Errand"), html! {
                            select name="errand" {
                                option value="" { (words.pick("Otomatis", "Automatic")) }
                                option value="service" { (words.pick("Layanan", "Service")) }
                                option value="collection" { (words.pick("Pengambilan", "Collection")) }
                            }
                        }))
                        (page::field(words.pick("Yang datang", "Who has come"), html! {
                            select name="holder" {
                                option value="applicant" { (words.pick("Pemohon sendiri", "The applicant")) }
                                option value="proxy" { (words.pick("Orang lain, dengan surat kuasa dan KTP", "Somebody else, with a letter and an identity card")) }
                                option value="other" { (words.pick("Orang lain, tanpa surat", "Somebody else, without a letter")) }
                            }
                        }))
                    }
                }
            }
            (against(ask, roster.office.id.as_str(), said))
        }
    };
    page::shell(ask, Tab::Gate, title, false, body)
}

fn told(ask: &Ask, zone: Tz, said: &Said) -> Markup {
    let words = ask.words;
    match said {
        Said::Nothing => html! {
            div.gate-answer.gate-waits role="status" {
                p.gate-word { (words.pick("Pindai atau ketik kode", "Scan or type a code")) }
            }
        },
        Said::Left(booking) => html! {
            div.gate-answer.gate-waits role="status" {
                p.gate-word { (words.pick("Keluar dicatat", "Leaving is noted")) }
                p.gate-why { (code::shown(booking)) }
            }
        },
        Said::Refused(refusal) => html! {
            div.gate-answer.gate-no role="alert" {
                p.gate-word { (icon(Icon::Alarm)) (words.pick("Belum dicatat", "Not noted")) }
                p.gate-why { (refusal_text(refusal, words)) }
            }
        },
        Said::Answered(answered, _) => {
            let (tone, word) = match answered.admitted {
                true => ("gate-go", words.pick("MASUK", "LET IN")),
                false => ("gate-no", words.pick("TOLAK", "DO NOT LET IN")),
            };
            html! {
                div.gate-answer.(tone) role="alert" {
                    p.gate-word {
                        (icon(if answered.admitted { Icon::PhoneIn } else { Icon::Alarm })) (word)
                    }
                    p.gate-why {
                        @if answered.overridden { (words.pick("Dengan alasan petugas. Aturan: ", "By the officer's reason. The rule: ")) }
                        (why(answered.answer, zone, words))
                    }
                    @if let Some(known) = &answered.booking {
                        p.gate-who {
                            strong { (code::shown(&known.code)) } " · " (known.initials) " · " (known.service) " · "
                            (page::short_time(known.from, zone)) "–" (page::short_time(known.until, zone))
                            @if let Some(care) = known.care { " · " (care_name(care, words)) }
                        }
                    }
                }
            }
        }
    }
}

/// Lets somebody in against the rules, for a reason that stays in the ledger.
fn against(ask: &Ask, office: &str, said: &Said) -> Markup {
    let words = ask.words;
    let Said::Answered(answered, scanned) = said else {
        return html! {};
    };
    if answered.admitted || matches!(answered.answer, Answer::Unreadable) {
        return html! {};
    }
    html! {
        form.gate-form.gate-against method="post" action="/gate" autocomplete="off" {
            (page::proof(ask))
            input type="hidden" name="office" value=(office);
            input type="hidden" name="gate" value=(scanned.gate);
            input type="hidden" name="code" value=(scanned.code);
            input type="hidden" name="companions" value=(scanned.companions);
            (page::field(words.pick("Tetap masuk, dengan alasan (tercatat)", "Let in all the same, with a reason (it is recorded)"), html! {
                input name="reason" required minlength="8" maxlength="300";
            }))
            button.button.quiet type="submit" { (words.pick("Masukkan dengan alasan", "Let in with this reason")) }
        }
    }
}

fn care_name(care: Care, words: &Words) -> &'static str {
    match care {
        Care::Infant => words.pick("bayi", "infant"),
        Care::Elderly => words.pick("lansia", "elderly"),
        Care::Disabled => words.pick("disabilitas", "disabled"),
    }
}

fn refusal_text(refusal: &Refusal, words: &Words) -> String {
    match refusal {
        Refusal::NoBooking(_) | Refusal::NoCode => words
            .pick(
                "Kode ini tidak dikenal di kantor ini.",
                "This code is not known in this office.",
            )
            .to_owned(),
        Refusal::NoReason => words
            .pick(
                "Alasan harus 8 sampai 300 huruf.",
                "The reason must have 8 to 300 characters.",
            )
            .to_owned(),
        other => other.to_string(),
    }
}

/// The reason, as a sentence to somebody who has a queue before him.
pub fn why(answer: Answer, zone: Tz, words: &Words) -> String {
    let time = |at| letter::clock::short_time(at, zone);
    let day = |at| letter::clock::date(at, zone, words.language);
    let pick = |id: &str, en: &str| words.pick(id, en).to_owned();
    match answer {
        Answer::Welcome => pick("Booking berlaku.", "The booking is valid."),
        Answer::Back { left } => pick(
            &format!("Kembali; keluar pukul {}.", time(left)),
            &format!("Comes back; left at {}.", time(left)),
        ),
        Answer::Again { at } => pick(
            &format!("Pindaian yang sama; sudah dicatat pukul {}.", time(at)),
            &format!("The same scan again; noted at {}.", time(at)),
        ),
        Answer::Collect => pick("Paspor siap diambil.", "The passport is ready for collection."),
        Answer::CollectFor => pick("Pengambilan dengan surat kuasa.", "Collection by letter of authority."),
        Answer::Unreadable => pick(
            "Kode tidak terbaca. Ketik ulang.",
            "The code cannot be read. Type it again.",
        ),
        Answer::Mistyped => pick(
            "Huruf pemeriksa tidak cocok: salah ketik atau kode dibuat-buat.",
            "The check character is wrong: mistyped, or made up.",
        ),
        Answer::Unknown => pick(
            "Kode tidak dikenal di kantor ini.",
            "No booking of this office has this code.",
        ),
        Answer::Cancelled => pick("Booking dibatalkan.", "The booking was cancelled."),
        Answer::OtherDay { date } => {
            let date = date.format("%d-%m-%Y");
            pick(
                &format!("Booking untuk tanggal {date}."),
                &format!("The booking is for {date}."),
            )
        }
        Answer::Early { from } => pick(
            &format!("Terlalu awal: jadwal mulai pukul {}.", time(from)),
            &format!("Too early: the window begins at {}.", time(from)),
        ),
        Answer::Late { until } => pick(
            &format!("Terlambat: jadwal berakhir pukul {}.", time(until)),
            &format!("Too late: the window ended at {}.", time(until)),
        ),
        Answer::Inside { at } => pick(
            &format!("Kode ini sudah masuk pukul {} dan belum keluar.", time(at)),
            &format!("This code came in at {} and has not left.", time(at)),
        ),
        Answer::Used { at } => pick(
            &format!("Kode ini sudah dipakai, {} pukul {}.", day(at), time(at)),
            &format!("This code was used, {} at {}.", day(at), time(at)),
        ),
        Answer::NotReady => pick("Paspor belum siap diambil.", "The passport is not ready yet."),
        Answer::Collected { at } => pick(
            &format!("Paspor sudah diambil, {}.", day(at)),
            &format!("The passport was collected, {}.", day(at)),
        ),
        Answer::CollectionOver { until } => pick(
            &format!("Batas pengambilan lewat: {}.", day(until)),
            &format!("The last day for collection has passed: {}.", day(until)),
        ),
        Answer::NeedsLetter => pick(
            "Orang lain perlu surat kuasa dan KTP asli.",
            "Somebody else needs a letter of authority and his identity card.",
        ),
        Answer::NotInPerson => pick("Pemohon harus datang sendiri.", "The applicant must come in person."),
        Answer::TooMany { most } => pick(
            &format!("Pendamping paling banyak {most}."),
            &format!("At most {most} companions."),
        ),
    }
}
