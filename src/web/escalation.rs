//! Who stands above whom and who is away: by what unanswered cases climb, as the roster in force has it.

use axum::extract::State;
use chrono::NaiveDate;
use maud::{Markup, html};

use super::Site;
use super::ask::Ask;
use super::fault::Fault;
use super::page::{self, Tab, field};
use crate::case::Terms;
use crate::engine::absence::Absence;
use crate::engine::roster::{Person, Role, Roster};
use crate::letter;

pub async fn show(State(_): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let title = words.pick("Siapa diberi tahu", "Who is told");
    let Some(office) = ask.office() else {
        return Err(Fault::NotFound);
    };
    let roster = &office.roster;
    let today = ask.live.now.date(roster.office.zone);
    let date = ask.date("date")?.unwrap_or(today);
    let terms = Terms::default();
    let long = |ms| letter::duration(ms, ask.language());
    let under = words.pick(
        "Yang penting dan belum dijawab naik: ke atasan berikutnya, lalu ke tim kepatuhan. Yang mendesak tidak menunggu jam pelayanan.",
        "What is major and unanswered climbs: to the next in line, then to the integrity team. What is critical does not wait for service hours.",
    );
    let supervisors: Vec<&Person> = roster.people_of(Role::Supervisor).collect();
    let integrity: Vec<&Person> = roster.people_of(Role::Integrity).collect();
    let body = html! {
        (page::heading(title, Some(under)))
        form.filters method="get" action="/escalation" aria-label=(words.filters) {
            @if let Some((name, office)) = page::office_pair(&ask) { input type="hidden" name=(name) value=(office); }
            (field(words.date, html! { input type="date" name="date" value=(date); }))
            button.button type="submit" { (words.show) }
        }
        ol.rungs {
            li { (words.pick("Segera: siapa yang disebut kebijakan.", "At once: whom the policy names.")) }
            li { (words.pick("Setelah", "After")) " " strong { (long(terms.ack_within_ms)) } " "
                (words.pick("jam pelayanan tanpa jawaban: atasan berikutnya.", "of service hours without an answer: the next in line.")) }
            li { (words.pick("Setelah", "After")) " " strong { (long(terms.integrity_after_ms)) } " "
                (words.pick("jam pelayanan: tim kepatuhan.", "of service hours: the integrity team.")) }
        }
        (people(&ask, roster, words.pick("Atasan", "Supervisors"), &supervisors, date))
        (people(&ask, roster, words.pick("Tim kepatuhan", "Integrity team"), &integrity, date))
        p.hint { (words.pick(
            "Ketidakhadiran dan pengganti (Plh) berasal dari daftar kantor. Untuk satu insiden, halamannya menyebut siapa berikutnya dan mengapa.",
            "Absences and deputies come from the office's roster. For one incident, its page says who is next and why.",
        )) }
    };
    Ok(page::shell(&ask, Tab::Escalation, title, false, body))
}

fn people(ask: &Ask, roster: &Roster, title: &str, people: &[&Person], date: NaiveDate) -> Markup {
    let words = ask.words;
    let name = |id: &str| {
        roster
            .person(id)
            .map_or(id.to_owned(), |person| format!("{} ({id})", person.name))
    };
    html! {
        section {
            h2 { (title) }
            @if people.is_empty() { p.calm { (words.none) } } @else {
                table.list role="table" {
                    caption.unseen { (title) }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.pick("Nama", "Name")) }
                        th scope="col" role="columnheader" { (words.pick("Atasan berikutnya", "Next in line")) }
                        th scope="col" role="columnheader" { (words.pick("Pada tanggal ini", "On this date")) }
                        th scope="col" role="columnheader" { (words.pick("Tidak masuk", "Away")) }
                    } }
                    tbody role="rowgroup" {
                        @for person in people {
                            tr role="row" {
                                td.lead role="cell" { (person.name) " " span.soft { (person.id) } }
                                td role="cell" data-label=(words.pick("Atasan berikutnya", "Next in line")) {
                                    (person.reports_to.as_deref().map_or(words.none.to_owned(), name))
                                }
                                td role="cell" data-label=(words.pick("Pada tanggal ini", "On this date")) {
                                    @match person.absent_on(date) {
                                        None => (words.pick("ada", "there")),
                                        Some(absence) => strong { (instead(ask, absence, &name)) },
                                    }
                                }
                                td role="cell" data-label=(words.pick("Tidak masuk", "Away")) {
                                    @if person.absences.is_empty() { (words.none) }
                                    @for absence in &person.absences {
                                        div { (absence.from) " – " (absence.until) ": " (instead(ask, absence, &name)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn instead(ask: &Ask, absence: &Absence, name: &impl Fn(&str) -> String) -> String {
    match &absence.deputy {
        Some(deputy) => format!("{} {}", ask.words.pick("digantikan", "in his place:"), name(deputy)),
        None => ask.words.pick("tanpa pengganti", "nobody acts for him").to_owned(),
    }
}
