//! What people say is wrong in what is held about them: their requests, and the letters that answer them.

use super::desk::Desk;
use super::docket::{CaseAnswer, Docket, Done};
use crate::case::correction::{CorrectionAct, CorrectionStep, CorrectionWish};
use crate::case::{Actor, By, Record, Refusal};
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;
use crate::incident::Book;
use crate::letter::correction::{Corrected, render};
use crate::store::rows::{LetterKind, NewLetter};

impl Docket {
    /// Takes a request, or an answer to one; what is refused is traced as well.
    pub(super) fn correct(
        &mut self,
        ix: usize,
        desk: &Desk,
        who: Actor,
        wish: &CorrectionWish,
        reason: &str,
        now: Moment,
    ) -> CaseAnswer {
        let asked = self
            .cases
            .ask_correction(&who, &desk.office, wish, reason, &desk.roster, now);
        let step = match asked {
            Ok(step) => step,
            Err(refusal) => {
                let (tried, request) = wish.named();
                let act = CorrectionAct::Refused {
                    tried: tried.to_owned(),
                    why: refusal.code().to_owned(),
                };
                let step = CorrectionStep {
                    request,
                    at: now,
                    by: By::Person(who),
                    act,
                    reason: String::new(),
                };
                self.note(ix, &desk.office, Record::Correction(step));
                return Err(refusal);
            }
        };
        let (request, word) = (step.request, step.act.as_str().to_owned());
        self.note(ix, &desk.office, Record::Correction(step));
        Ok(Done::Correction {
            request,
            step: word,
            due: self.cases.corrections[&request].due(),
        })
    }

    /// Requests whose answers are not written yet and whose askers the roster has no address of: office and person.
    pub(super) fn without_mailbox(&self, desks: &[Desk]) -> Vec<(i64, String, String)> {
        let answered = self.pending().filter_map(|(ix, record)| match record {
            Record::Correction(step) => Some((ix, self.cases.corrections.get(&step.request)?)),
            _ => None,
        });
        answered
            .filter(|(ix, one)| one.answer.is_some() && mailbox(&desks[*ix], &one.person).is_none())
            .map(|(_, one)| (one.n, one.office.to_string(), one.person.clone()))
            .collect()
    }

    /// The letter that tells whoever asked how it was answered.
    pub(super) fn corrected(
        &mut self,
        step: &CorrectionStep,
        book: &Book,
        desk: &Desk,
        now: Moment,
    ) -> Option<NewLetter> {
        if !matches!(step.act, CorrectionAct::Accepted | CorrectionAct::Declined) {
            return None;
        }
        let looked_up = self.mailboxes.remove(&step.request);
        let correction = self.cases.corrections.get(&step.request)?;
        let answer = correction.answer.as_ref()?;
        let (address, language) = mailbox(desk, &correction.person).or(looked_up)?;
        let person = desk
            .roster
            .person(&correction.person)
            .map(|person| person.name.as_str());
        let officer = desk.roster.officer(&correction.person);
        let name = person.or(officer.map(|officer| officer.name.as_str()));
        let rendered = render(&Corrected {
            name,
            n: correction.n,
            about: &correction.about,
            wanted: &correction.wanted,
            accepted: answer.accepted,
            said: &answer.words,
            at: answer.at,
            language,
            roster: &desk.roster,
            house: book.house(),
        });
        Some(NewLetter {
            incident: None,
            kind: LetterKind::Answer,
            person: correction.person.clone(),
            address,
            language,
            subject: rendered.subject,
            message_id: format!("correction-{}.{}@{}", correction.n, desk.office, book.house().domain),
            in_reply_to: None,
            text_body: rendered.text,
            html_body: rendered.html,
            created: now,
            due: now,
        })
    }
}

/// Which desk somebody means; he need not say where there is one.
pub(super) fn of_office(office: Option<OfficeId>, desks: &[Desk]) -> Result<usize, Refusal> {
    let ix = match &office {
        Some(office) => desks.iter().position(|desk| desk.office == *office),
        None => (desks.len() == 1).then_some(0),
    };
    ix.ok_or(Refusal::Unknown(office.map_or_else(String::new, |one| one.to_string())))
}

/// Where the roster says that somebody reads mail.
fn mailbox(desk: &Desk, person: &str) -> Option<(String, crate::engine::roster::Language)> {
    if let Some(person) = desk.roster.person(person) {
        return Some((person.email.clone(), person.language));
    }
    let officer = desk.roster.officer(person)?;
    Some((officer.email.clone()?, officer.language))
}
