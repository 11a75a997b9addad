//! The lists of `/me`, and what stands in them in plain words.

use std::collections::HashMap;

use maud::{Markup, html};

use super::super::ask::Ask;
use super::super::page;
use super::super::service::total;
use super::super::shown;
use super::super::users::role_name;
use super::super::words::Words;
use super::Own;
use crate::accounts::Role;
use crate::case::{Post, Stage, Terms};
use crate::engine::roster;
use crate::engine::time::Moment;
use crate::redact::Redactor;
use crate::store::Sum;
use crate::store::own::{LetterAbout, LookedRow};
use crate::store::rows::{CaseRow, CorrectionRow, ExemptionRow, IncidentRow, IncidentState};

pub struct View<'a> {
    pub ask: &'a Ask,
    pub own: &'a Own,
    pub redactor: &'a Redactor,
    pub now: Moment,
    /// How long each of his rights lasts here.
    pub terms: &'a Terms,
}

impl View<'_> {
    fn words(&self) -> &'static Words {
        self.ask.words
    }

    fn when(&self, at: Moment) -> Markup {
        page::time_on(at, self.now, self.own.zone(self.ask), self.words())
    }

    pub fn incidents(&self, rows: &[IncidentRow], cases: &HashMap<i64, CaseRow>) -> Markup {
        let words = self.words();
        let shown: Vec<&IncidentRow> = rows
            .iter()
            .filter(|row| !matches!(row.state, IncidentState::Joined(_)))
            .collect();
        html! {
            @if shown.is_empty() { p.calm { (words.pick("Tidak ada insiden tentang Anda.", "There is no incident about you.")) } }
            @else {
                table.list role="table" {
                    caption.unseen { (words.incidents) }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.what) }
                        th scope="col" role="columnheader" { (words.since) }
                        th scope="col" role="columnheader" { (words.pick("Di mana perkara ini", "Where it stands")) }
                        th scope="col" role="columnheader" { (words.pick("Hak Anda", "Your rights")) }
                    } }
                    tbody role="rowgroup" { @for row in shown { (self.incident(row, cases.get(&row.n))) } }
                }
            }
        }
    }

    fn incident(&self, row: &IncidentRow, case: Option<&CaseRow>) -> Markup {
        let words = self.words();
        let (policy, _) = shown::policy_of(self.own.live.as_ref(), row);
        html! {
            tr role="row" {
                td.lead role="cell" {
                    a.row-link href={ "/me/incidents/" (row.n) } { (shown::title(&policy, self.ask.language())) }
                    div.row-under {
                        (page::class_mark(row.class, row.severity, words))
                        span.soft { "#" (row.n) " · " (words.severity_name(row.severity)) }
                    }
                }
                td role="cell" data-label=(words.since) { (self.when(row.since)) }
                td role="cell" data-label=(words.pick("Di mana perkara ini", "Where it stands")) {
                    (page::incident_state(shown::state_word(row), words))
                    @if let Some(case) = case { div { (stage(&case.stage, words)) } }
                }
                td role="cell" data-label=(words.pick("Hak Anda", "Your rights")) {
                    @let rights = case.map(|case| rights(case, self.now, self.terms));
                    @match rights {
                        Some(Rights { state_by: Some(by), .. }) => { (words.pick("Beri pernyataan sebelum", "Give a statement before")) " " (self.when(by)) },
                        Some(Rights { appeal_by: Some(by), .. }) => { (words.pick("Keberatan sampai", "Appeal until")) " " (self.when(by)) },
                        Some(Rights { review_by: Some(by), .. }) => { (words.pick("Keberatan ditinjau sampai", "Your appeal is reviewed by")) " " (self.when(by)) },
                        Some(Rights { may_state: true, .. }) => { (words.pick("Pernyataan terbuka", "You may give a statement")) },
                        _ => span.soft { (words.none) },
                    }
                }
            }
        }
    }

    pub fn minutes(&self, sums: &[Sum]) -> Markup {
        let words = self.words();
        let total = total(sums);
        let minutes = |ms: i64| html! { (ms / 60_000) " " span { (words.pick("menit", "minutes")) } };
        html! {
            p.hint { (words.pick("28 hari terakhir.", "The last 28 days.")) }
            @if total.served_ms == 0 { p.calm { (words.no_service) } }
            @else {
                dl.sums {
                    div { dd { (minutes(total.served_ms)) } dt { (words.pick("melayani pemohon", "serving applicants")) } }
                    div { dd { (minutes(total.known_ms)) } dt { (words.pick("diketahui di mana ponsel Anda", "known where your phone was")) } }
                    div { dd { (minutes(total.verified_ms)) } dt { (words.pick("ponsel terbukti di loker", "phone verified in the locker")) } }
                    div { dd { (minutes(total.exempt_ms)) } dt { (words.pick("dikecualikan", "exempt")) } }
                }
                details.chart-table {
                    summary { (words.pick("Per tanggal", "By date")) }
                    table.list {
                        thead { tr {
                            th scope="col" { (words.date) }
                            th scope="col" { (words.pick("Melayani", "Served")) }
                            th scope="col" { (words.pick("Diketahui", "Known")) }
                            th scope="col" { (words.pick("Terbukti", "Verified")) }
                            th scope="col" { (words.pick("Dikecualikan", "Exempt")) }
                        } }
                        tbody { @for sum in sums { tr {
                            td { (sum.of[1]) }
                            @for ms in [sum.service.served_ms, sum.service.known_ms, sum.service.verified_ms, sum.service.exempt_ms] {
                                td { (ms / 60_000) }
                            }
                        } } }
                    }
                }
            }
        }
    }

    pub fn exemptions(&self, rows: &[ExemptionRow]) -> Markup {
        let words = self.words();
        let state = |row: &ExemptionRow| match (row.granted, row.revoked) {
            (_, Some(_)) => words.pick("Diakhiri", "Ended"),
            (Some(true), None) => words.pick("Diberikan", "Granted"),
            (Some(false), None) => words.pick("Ditolak", "Denied"),
            (None, None) => words.pick("Diminta", "Asked for"),
        };
        html! {
            @if rows.is_empty() { p.calm { (words.pick("Tidak ada pengecualian.", "There is no exemption.")) } }
            @else {
                table.list role="table" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.since) }
                        th scope="col" role="columnheader" { (words.pick("Sampai", "Until")) }
                        th scope="col" role="columnheader" { (words.state) }
                        th scope="col" role="columnheader" { (words.pick("Diminta oleh", "Asked for by")) }
                        th scope="col" role="columnheader" { (words.pick("Dijawab oleh", "Answered by")) }
                    } }
                    tbody role="rowgroup" { @for row in rows { tr role="row" {
                        td role="cell" data-label=(words.since) { (self.when(row.from)) }
                        td role="cell" data-label=(words.pick("Sampai", "Until")) { (self.when(row.until)) }
                        td role="cell" data-label=(words.state) { (state(row)) }
                        td role="cell" data-label=(words.pick("Diminta oleh", "Asked for by")) { (self.role_of(&row.asked_by)) }
                        td role="cell" data-label=(words.pick("Dijawab oleh", "Answered by")) {
                            @match &row.answered_by { Some(id) => (self.role_of(id)), None => (words.none) }
                        }
                    } } }
                }
            }
        }
    }

    pub fn looks(&self, rows: &[LookedRow], lookers: &HashMap<i64, Option<Vec<Role>>>) -> Markup {
        let words = self.words();
        let by = |n: i64| match lookers.get(&n) {
            Some(None) => words.pick("Anda sendiri", "Yourself").to_owned(),
            Some(Some(roles)) if !roles.is_empty() => {
                let names: Vec<&str> = roles.iter().map(|role| role_name(*role, words)).collect();
                names.join(", ")
            }
            _ => words
                .pick("Akun yang sudah tidak berperan", "An account without a role by now")
                .to_owned(),
        };
        html! {
            @if rows.is_empty() { p.calm { (words.pick("Belum ada yang membukanya.", "Nobody has opened it.")) } }
            @else {
                table.list role="table" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.pick("Kapan", "When")) }
                        th scope="col" role="columnheader" { (words.pick("Sebagai apa", "In which role")) }
                        th scope="col" role="columnheader" { (words.what) }
                        th scope="col" role="columnheader" { (words.pick("Alasan", "Reason")) }
                    } }
                    tbody role="rowgroup" { @for row in rows { tr role="row" {
                        td role="cell" data-label=(words.pick("Kapan", "When")) { (self.when(row.at)) }
                        td role="cell" data-label=(words.pick("Sebagai apa", "In which role")) { (by(row.n)) }
                        td role="cell" data-label=(words.what) { (looked_at(&row.what, words)) " " span.soft { (number(&row.which)) } }
                        td role="cell" data-label=(words.pick("Alasan", "Reason")) {
                            @if row.reason.is_empty() { span.soft { (words.pick("tugas perannya", "the role's duty")) } } @else { (self.redactor.text(&row.reason)) }
                        }
                    } } }
                }
            }
        }
    }

    pub fn letters(&self, rows: &[LetterAbout]) -> Markup {
        let words = self.words();
        html! {
            @if rows.is_empty() { p.calm { (words.no_letters) } }
            @else {
                table.list role="table" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.pick("Kapan", "When")) }
                        th scope="col" role="columnheader" { (words.what) }
                        th scope="col" role="columnheader" { (words.pick("Kepada", "To")) }
                        th scope="col" role="columnheader" { (words.state) }
                    } }
                    tbody role="rowgroup" { @for row in rows { tr role="row" {
                        td role="cell" data-label=(words.pick("Kapan", "When")) { (self.when(row.sent.unwrap_or(row.created))) }
                        td role="cell" data-label=(words.what) {
                            (words.letter_kind(row.kind)) " " span.soft { (words.incident) " #" (row.incident) }
                        }
                        td role="cell" data-label=(words.pick("Kepada", "To")) { (self.role_of(&row.person)) }
                        td role="cell" data-label=(words.state) {
                            (match (row.sent, row.dead) {
                                (Some(_), _) => words.pick("Terkirim", "Sent"),
                                (None, Some(_)) => words.pick("Tidak sampai", "Not delivered"),
                                (None, None) => words.pick("Menunggu", "Waiting"),
                            })
                        }
                    } } }
                }
            }
        }
    }

    pub fn corrections(&self, rows: &[CorrectionRow]) -> Markup {
        let words = self.words();
        html! {
            @if !rows.is_empty() {
                table.list role="table" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.pick("Yang Anda sampaikan", "What you said")) }
                        th scope="col" role="columnheader" { (words.pick("Diminta", "Asked")) }
                        th scope="col" role="columnheader" { (words.pick("Jawaban", "Answer")) }
                    } }
                    tbody role="rowgroup" { @for row in rows { tr role="row" {
                        td.lead role="cell" { strong { "#" (row.n) " " (row.about) } div { (row.wanted) } }
                        td role="cell" data-label=(words.pick("Diminta", "Asked")) { (self.when(row.asked)) }
                        td role="cell" data-label=(words.pick("Jawaban", "Answer")) {
                            @match row.accepted {
                                None => (clock(row.due, self.now, words, &self.when(row.due))),
                                Some(accepted) => {
                                    strong { (if accepted { words.pick("Diterima", "Accepted") } else { words.pick("Ditolak", "Declined") }) }
                                    @if let Some(said) = &row.answer { div { (said) } }
                                },
                            }
                        }
                    } } }
                }
            }
        }
    }

    /// What somebody else is; he himself is "you".
    fn role_of(&self, id: &str) -> &'static str {
        role_of(id, self.own, self.words())
    }
}

/// How long a request may still wait, or since when it should have been answered.
pub fn clock(due: Moment, now: Moment, words: &Words, when: &Markup) -> Markup {
    let left = due.ms_since(now);
    html! {
        @if left < 0 {
            strong.error { (words.pick("Terlambat", "Overdue")) } " "
            (words.pick("sejak", "since")) " " (when)
        } @else {
            (words.pick("Dijawab paling lambat", "To be answered by")) " " (when)
            div.soft { (words.pick("tersisa", "left")) " " (page::about(left, words.language)) }
        }
    }
}

pub fn role_of(id: &str, own: &Own, words: &Words) -> &'static str {
    if own.ids.iter().any(|own| own == id) {
        return words.pick("Anda sendiri", "Yourself");
    }
    let person = own.roster().and_then(|roster| roster.person(id));
    match person.map(|person| person.role) {
        Some(roster::Role::Supervisor) => words.pick("Atasan", "Supervisor"),
        Some(roster::Role::Integrity) => words.pick("Tim kepatuhan", "Integrity team"),
        Some(roster::Role::Technician) => words.pick("Teknisi", "Technician"),
        None => words.pick(
            "Seseorang yang sudah tidak di roster",
            "Somebody who is not in the roster any more",
        ),
    }
}

/// In which capacity a step was taken.
pub fn post(post: Option<&str>, words: &Words) -> &'static str {
    match post {
        Some(text) if text == Post::Officer.as_str() => words.pick("Petugas", "Officer"),
        Some(text) if text == Post::Supervisor.as_str() => words.pick("Atasan", "Supervisor"),
        Some(text) if text == Post::Integrity.as_str() => words.pick("Tim kepatuhan", "Integrity team"),
        Some(text) if text == Post::Technician.as_str() => words.pick("Teknisi", "Technician"),
        _ => words.pick("Sistem", "The monitor"),
    }
}

/// What is looked at, in the reader's words.
fn looked_at(what: &str, words: &Words) -> String {
    match what {
        "incident" => words.pick("Insiden", "Incident"),
        "incidents" => words.pick("Daftar insiden tentang Anda", "A list of incidents about you"),
        "exemptions" => words.pick("Daftar pengecualian", "A list of exemptions"),
        "letters" => words.pick("Daftar surat", "A list of letters"),
        "traces" => words.pick("Daftar jejak", "A list of traces"),
        "letter" => words.pick("Surat", "Letter"),
        "export" => words.pick("Unduhan", "Export"),
        "own" => words.pick("Salinan data saya", "A copy of my data"),
        "name" => words.pick("Nama dibuka", "Name shown"),
        "case" => words.pick("Perkara", "Case"),
        other => other,
    }
    .to_owned()
}

/// A number as people write it; an address or a filter says nothing to them.
fn number(which: &str) -> String {
    match which.parse::<i64>() {
        Ok(n) => format!("#{n}"),
        Err(_) => String::new(),
    }
}

/// Where a case stands, and what that means.
pub fn stage(word: &str, words: &Words) -> Markup {
    let known = Stage::ALL.into_iter().find(|stage| stage.as_str() == word);
    html! {
        @if let Some(stage) = known { strong { (words.stage(stage)) ". " } (words.stage_means(stage)) }
    }
}

/// What he may still do, and until when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rights {
    pub may_state: bool,
    /// Before this nothing is called proven without him.
    pub state_by: Option<Moment>,
    pub appeal_by: Option<Moment>,
    pub review_by: Option<Moment>,
}

pub fn rights(case: &CaseRow, now: Moment, terms: &Terms) -> Rights {
    let over = matches!(case.stage.as_str(), "closed" | "withdrawn");
    let undecided = matches!(case.stage.as_str(), "indication" | "dismissing" | "examination");
    let heard_by = case.opened.plus_ms(terms.heard_within_ms);
    let appeal_by = case.decided.map(|at| at.plus_ms(terms.appeal_within_ms));
    let against = matches!(case.outcome.as_deref(), Some("finding" | "proven")) && case.review_by.is_none();
    Rights {
        may_state: !over,
        state_by: Some(heard_by).filter(|by| !over && undecided && now < *by),
        appeal_by: appeal_by.filter(|by| against && now <= *by),
        review_by: case.review_by,
    }
}
