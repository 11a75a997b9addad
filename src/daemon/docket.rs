//! Cases in the daemon's hands: what people order, what is unanswered, and what incidents do to them. Every step is an
//! entry of the ledger, written with the turn it belongs to.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use tokio::sync::oneshot;

use super::correct::of_office;
use super::desk::Desk;
use super::summary::Read;
use crate::case::acts::Ask;
use crate::case::correction::CorrectionAct;
use crate::case::exemption::{ExemptionStep, ExemptionWish, Move};
use crate::case::mail::MailStep;
pub use crate::case::order::{CaseAnswer, CaseOrder, Done, Order};
use crate::case::order::{Look, Seen};
use crate::case::{self, Act, Actor, By, Cases, Post, Record, Refusal, Rung, Step, Terms};
use crate::engine::event::{DeviceId, Event, Kind, OfficeId, SYSTEM};
use crate::engine::roster::{Language, Person, Roster};
use crate::engine::time::Moment;
use crate::inbound::{Inbound, Receipt};
use crate::incident::{Asked, Book, To};
use crate::letter::{Change, Decided};
use crate::store::Store;
use crate::store::rows::{Among, EntryKind, IncidentRow, LetterKind, NewLetter, Told, Turn};
use crate::wire;

pub struct Docket {
    pub cases: Cases,
    pub terms: Terms,
    /// Events that follow from what people did: they are taken in like any other.
    pub messages: Vec<Inbound>,
    /// Steps that are taken and not written yet, with the office each belongs to.
    pending: Vec<(usize, Record)>,
    answers: Vec<(oneshot::Sender<CaseAnswer>, CaseAnswer)>,
    /// What a start decided before there was a docket, or a death kept from it.
    missed: Missed,
    /// Where those read mail who asked for a correction and have no address in the roster, by its number.
    pub(super) mailboxes: BTreeMap<i64, (String, Language)>,
    pub(super) wake: Option<Moment>,
    /// Until when offices' summaries are put off that could not be read.
    pub(super) put_off: BTreeMap<OfficeId, Moment>,
}

/// Incidents that changed and letters that were written after the last word on any case.
#[derive(Default)]
struct Missed {
    incidents: Vec<IncidentRow>,
    letters: Vec<Told>,
}

impl Missed {
    async fn since(store: &Store, last: Moment) -> Result<Missed> {
        let (mut incidents, mut letters) = (store.incidents(Moment::MIN).await?, store.told(Moment::MIN).await?);
        incidents.retain(|incident| incident.changed > last);
        letters.retain(|letter| letter.created > last);
        Ok(Missed { incidents, letters })
    }
}

impl Docket {
    /// The cases as the ledger has them.
    pub async fn open(store: &Store, terms: Terms) -> Result<Docket> {
        let cases = fold(store, Moment::MAX).await?;
        // Where there was never a word on any, incidents of old are nobody's case.
        let missed = match cases.last {
            Some(last) => Missed::since(store, last).await?,
            None => Missed::default(),
        };
        Ok(Docket {
            cases,
            missed,
            mailboxes: BTreeMap::new(),
            terms,
            messages: Vec::new(),
            pending: Vec::new(),
            answers: Vec::new(),
            // The first turn works out what is due.
            wake: Some(Moment::MIN),
            put_off: BTreeMap::new(),
        })
    }

    pub(super) fn next_wake(&self) -> Option<Moment> {
        self.wake
    }

    /// Carries an order out, or says why not; either is traced. Whoever asked hears of it when it is written.
    pub(super) fn obey(&mut self, order: CaseOrder, answer: oneshot::Sender<CaseAnswer>, desks: &[Desk], now: Moment) {
        let said = self.act(order, desks, now);
        self.answers.push((answer, said));
    }

    fn act(&mut self, order: CaseOrder, desks: &[Desk], now: Moment) -> CaseAnswer {
        let CaseOrder {
            who,
            post,
            reason,
            what,
        } = order;
        // PostgreSQL's texts cannot hold one, and a turn that cannot be written holds up all.
        let reason = reason.replace('\0', "\u{fffd}");
        match what {
            Order::Case { incident, wish, seen } => {
                let case = self.cases.of.get(&incident).ok_or(Refusal::NoCase(incident))?;
                let office = &case.basis.office;
                let ix = desks.iter().position(|desk| desk.office == *office);
                let ix = ix.ok_or(Refusal::NoCase(incident))?;
                let roster = &desks[ix].roster;
                let who = actor(who, post, roster)?;
                let ask = Ask {
                    incident,
                    who,
                    wish,
                    reason,
                    seen,
                };
                match self.cases.ask(&ask, roster, &self.terms, now) {
                    Ok(step) => {
                        let word = step.act.as_str().to_owned();
                        self.note(ix, &desks[ix].office, Record::Step(step));
                        let case = &self.cases.of[&incident];
                        Ok(Done::Case {
                            incident,
                            step: word,
                            stage: case.stage.as_str().to_owned(),
                            steps: case.steps,
                        })
                    }
                    Err(refusal) => {
                        let act = Act::Refused {
                            tried: wish.as_str().to_owned(),
                            why: refusal.code().to_owned(),
                        };
                        let (at, by) = (now, By::Person(ask.who));
                        let reason = String::new();
                        self.note(
                            ix,
                            &desks[ix].office,
                            Record::Step(Step {
                                incident,
                                at,
                                by,
                                act,
                                reason,
                            }),
                        );
                        Err(refusal)
                    }
                }
            }
            Order::Correction { office, wish } => {
                let ix = of_office(office, desks)?;
                self.correct(
                    ix,
                    &desks[ix],
                    actor(who, post, &desks[ix].roster)?,
                    &wish,
                    &reason,
                    now,
                )
            }
            Order::Exemption { office, wish } => {
                let ix = of_office(office, desks)?;
                self.exempt(ix, &desks[ix], who, post, &wish, &reason, now)
            }
        }
    }

    /// What somebody may do of what he looks at, by the rules that would judge it if he did it now. `None`: there is no
    /// such office.
    pub(super) fn look(&self, look: &Look, desks: &[Desk], now: Moment) -> Option<Seen> {
        let desk = desks.iter().find(|desk| desk.office == look.office)?;
        let rests_on_custody = |policy: &str| desk.rests_on_custody(policy);
        Some(self.cases.look(look, &desk.roster, &self.terms, rests_on_custody, now))
    }

    #[expect(clippy::too_many_arguments, reason = "an order has these parts")]
    fn exempt(
        &mut self,
        ix: usize,
        desk: &Desk,
        who: String,
        post: Option<Post>,
        wish: &ExemptionWish,
        reason: &str,
        now: Moment,
    ) -> CaseAnswer {
        let who = actor(who, post, &desk.roster)?;
        let step = match self
            .cases
            .ask_exemption(&who, wish, reason, &desk.roster, &self.terms, now)
        {
            Ok(step) => step,
            Err(refusal) => {
                let (tried, request) = match wish {
                    ExemptionWish::Ask { .. } => ("ask", 0),
                    ExemptionWish::Grant { request } => ("grant", *request),
                    ExemptionWish::Deny { request } => ("deny", *request),
                    ExemptionWish::Revoke { request } => ("revoke", *request),
                };
                let act = Move::Refused {
                    tried: tried.to_owned(),
                    why: refusal.code().to_owned(),
                };
                self.note(
                    ix,
                    &desk.office,
                    Record::Exemption(ExemptionStep {
                        request,
                        at: now,
                        by: By::Person(who),
                        act,
                        reason: String::new(),
                    }),
                );
                return Err(refusal);
            }
        };
        let (n, word) = (step.request, step.act.as_str().to_owned());
        let happened = step.act.clone();
        self.note(ix, &desk.office, Record::Exemption(step));
        let request = &self.cases.requests[&n];
        let time = desk.moment(now);
        let kind = match happened {
            Move::Granted => Some(Kind::Granted {
                officer: request.officer.clone(),
                from: request.from,
                until: request.until,
                approver: who.id.into(),
            }),
            Move::Revoked => Some(Kind::Revoked {
                officer: request.officer.clone(),
            }),
            _ => None,
        };
        if let Some(kind) = kind {
            let event = Event {
                office: desk.office.clone(),
                device: DeviceId::new(SYSTEM),
                id: format!("exemption-{n}-{word}").into_boxed_str(),
                time,
                place: None,
                kind,
                reading: None,
            };
            self.messages.push(Inbound {
                topic: format!("jagaloket/v1/{}/{SYSTEM}/events", desk.office),
                payload: wire::to_json(&event, desk.roster.office.zone).into_bytes(),
                retained: false,
                refused: None,
                receipt: Receipt::unneeded(),
            });
        }
        let hidden = self
            .cases
            .would_have_hidden(request, |policy| desk.rests_on_custody(policy));
        Ok(Done::Exemption {
            request: n,
            step: word,
            backdated: request.is_backdated(),
            would_have_hidden: hidden.map(|case| case.incident).collect(),
        })
    }

    /// What is taken and not written yet, with the desk it belongs to.
    pub(super) fn pending(&self) -> impl Iterator<Item = (usize, &Record)> {
        self.pending.iter().map(|(ix, record)| (*ix, record))
    }

    /// Incidents of steps that are taken and not written yet.
    pub(super) fn acted_on(&self) -> Vec<i64> {
        let of = |(_, record): &(usize, Record)| match record {
            Record::Step(step) => Some(step.incident),
            _ => None,
        };
        self.pending.iter().filter_map(of).collect()
    }

    /// Takes a step at once; it is written with the turn that follows.
    pub(super) fn note(&mut self, desk: usize, office: &OfficeId, record: Record) {
        self.cases.take(office, &record);
        self.pending.push((desk, record));
        self.wake = Some(Moment::MIN);
    }

    /// Adds to a turn what it means for cases, and what is due of them: entries, rows, letters.
    pub(super) fn turn(&mut self, book: &mut Book, desks: &[Desk], summaries: &[Read], turn: &mut Turn, now: Moment) {
        if turn.incidents.is_empty() && turn.letters.is_empty() && self.wake.is_none_or(|wake| wake > now) {
            return;
        }
        book.knows_asked(asked(&self.cases));
        while !self.pending.is_empty() {
            let (ix, record) = self.pending.remove(0);
            match &record {
                Record::Step(step) => turn.letters.extend(decided(step, book, &desks[ix], now)),
                Record::Correction(step) => turn.letters.extend(self.corrected(step, book, &desks[ix], now)),
                _ => {}
            }
            self.write(&desks[ix], &record, turn);
            if let Record::Step(step) = &record
                && matches!(step.act, Act::Found | Act::Proven)
            {
                self.repeats(step.incident, book, &desks[ix], turn, now);
            }
        }
        self.follow(desks, turn, now);
        for desk in desks {
            let open: Vec<i64> = self
                .cases
                .of
                .values()
                .filter(|case| case.stage.is_open() && case.basis.office == desk.office)
                .map(|case| case.incident)
                .collect();
            for n in open {
                let case = &self.cases.of[&n];
                for step in self.cases.due(case, &desk.roster, &self.terms, now) {
                    let letters = self.climb(n, &step, book, desk, now);
                    let record = Record::Step(step);
                    self.cases.take(&desk.office, &record);
                    self.write(desk, &record, turn);
                    turn.letters.extend(letters);
                }
            }
        }
        self.post(desks, turn, now);
        self.send_digests(book, desks, turn, now);
        self.send_summaries(summaries, book, desks, turn, now);
        let roster_of = |case: &case::Case| {
            let desk = desks.iter().find(|desk| desk.office == case.basis.office)?;
            Some(&*desk.roster)
        };
        let is_watched = |n| self.desk_of(n, desks).is_some();
        let digest = self.cases.mail.next_digest(is_watched);
        let climb = self.cases.next_wake(roster_of, &self.terms);
        let summary = self.next_summary(desks, now);
        self.wake = [digest, climb, summary].into_iter().flatten().min();
    }

    /// What incidents that changed in this turn do to their cases, and who was told of them.
    fn follow(&mut self, desks: &[Desk], turn: &mut Turn, now: Moment) {
        let missed = std::mem::take(&mut self.missed);
        let rows = std::mem::take(&mut turn.incidents);
        for row in missed.incidents.iter().chain(&rows) {
            let Some(desk) = desks.iter().find(|desk| desk.office == row.office) else {
                continue;
            };
            if let Some(act) = case::follow(self.cases.of.get(&row.n), row) {
                self.by_monitor(desk, row.n, act, turn, now);
            }
        }
        turn.incidents = rows;
        let mut told: Vec<(i64, String)> = Vec::new();
        let of_one = turn
            .letters
            .iter()
            .filter_map(|letter| Some((letter.incident?, &letter.person)));
        let of_several = among(turn).map(|(among, letter)| (among.incident, &letter.person));
        let before = missed.letters.iter().map(|letter| (letter.incident, &letter.person));
        for (n, person) in before.chain(of_one).chain(of_several) {
            let Some(case) = self.cases.of.get(&n) else {
                continue;
            };
            let one = (n, person.clone());
            if !case.told.contains_key(person) && !told.contains(&one) {
                told.push(one);
            }
        }
        let mut incidents: Vec<i64> = told.iter().map(|(n, _)| *n).collect();
        incidents.dedup();
        for n in incidents {
            let people: Vec<String> = told.iter().filter(|(m, _)| *m == n).map(|(_, id)| id.clone()).collect();
            let office = &self.cases.of[&n].basis.office;
            if let Some(desk) = desks.iter().find(|desk| desk.office == *office) {
                let rung = Rung::First;
                self.by_monitor(desk, n, Act::Told { people, rung }, turn, now);
            }
        }
        if self.terms.at_once_max.is_some() {
            self.thread(missed.letters, desks, turn, now);
        }
    }

    /// The desk of the office whose case it is.
    pub(super) fn desk_of<'d>(&self, incident: i64, desks: &'d [Desk]) -> Option<&'d Desk> {
        let office = &self.cases.of.get(&incident)?.basis.office;
        desks.iter().find(|desk| desk.office == *office)
    }

    /// Letters that were written without a docket have their threads too.
    fn thread(&mut self, letters: Vec<Told>, desks: &[Desk], turn: &mut Turn, now: Moment) {
        for letter in letters {
            let (incident, person) = (letter.incident, letter.person);
            let desk = self.desk_of(incident, desks);
            if let Some(desk) = desk.filter(|_| !self.cases.mail.threads.contains_key(&(incident, person.clone()))) {
                let step = MailStep::Among {
                    incident,
                    person,
                    at: now,
                    message_id: letter.in_reply_to.unwrap_or(letter.message_id),
                    subject: letter.subject,
                };
                self.mailed(desk, step, turn);
            }
        }
    }

    fn by_monitor(&mut self, desk: &Desk, incident: i64, act: Act, turn: &mut Turn, now: Moment) {
        let record = Record::Step(Step {
            incident,
            at: now,
            by: By::Monitor,
            act,
            reason: String::new(),
        });
        self.cases.take(&desk.office, &record);
        self.write(desk, &record, turn);
    }

    fn climb(&self, n: i64, step: &Step, book: &mut Book, desk: &Desk, now: Moment) -> Vec<NewLetter> {
        let Act::Told { people, .. } = &step.act else {
            return Vec::new();
        };
        let people: Vec<&Person> = people.iter().filter_map(|id| desk.roster.person(id)).collect();
        if people.is_empty() {
            tracing::warn!(
                incident = n,
                "nobody is left who may be told that an incident is unanswered"
            );
        }
        let case = &self.cases.of[&n];
        let change = match case.proposed_by {
            Some(_) => Change::SecondNeeded,
            None => Change::Unanswered(case.waiting_since),
        };
        let (roster, policies) = (&desk.roster, &desk.policies);
        book.write_further(
            n,
            To::People(&people),
            LetterKind::Escalated,
            &[change],
            roster,
            policies,
            now,
        )
    }

    /// Adds a step that was taken to what is written.
    pub(super) fn write(&self, desk: &Desk, record: &Record, turn: &mut Turn) {
        let body = serde_json::to_vec(record).expect("all keys are texts");
        let at = record.at();
        turn.entries.push(desk.rules_entry(EntryKind::Case, body, at, at));
        match record {
            Record::Mail(_) | Record::Pattern(_) => {}
            Record::Step(step) => {
                let Some(case) = self.cases.of.get(&step.incident) else {
                    return;
                };
                // What is taken and not written yet comes behind it.
                let behind = |(_, record): &&(usize, Record)| matches!(record, Record::Step(other) if other.incident == step.incident);
                let behind = self.pending.iter().filter(behind).count() as u32;
                let row = step.row(case.steps - behind, &desk.roster);
                turn.case_steps.push(row);
                turn.cases.retain(|row| row.incident != step.incident);
                turn.cases.push(case.row());
            }
            Record::Exemption(step) => {
                if let Some(request) = self.cases.requests.get(&step.request) {
                    turn.exemptions.retain(|row| row.n != step.request);
                    turn.exemptions.push(request.row());
                }
            }
            // What was refused changed nothing.
            Record::Correction(step) if matches!(step.act, CorrectionAct::Refused { .. }) => {}
            Record::Correction(step) => {
                if let Some(correction) = self.cases.corrections.get(&step.request) {
                    turn.corrections.retain(|row| row.n != step.request);
                    turn.corrections.push(correction.row());
                }
            }
        }
    }

    /// Tells those who ordered something that it is written.
    pub(super) fn answer(&mut self) {
        for (answer, said) in self.answers.drain(..) {
            // Whoever asked may have gone meanwhile.
            let _ = answer.send(said);
        }
    }
}

/// What letters of a turn tell of among other things, with the letter.
pub(super) fn among(turn: &Turn) -> impl Iterator<Item = (&Among, &NewLetter)> {
    let letter_of = |among: &Among| turn.letters.iter().find(|letter| letter.message_id == among.letter);
    turn.among
        .iter()
        .filter_map(move |among| Some((among, letter_of(among)?)))
}

/// Who asked for exemptions, for the book.
pub fn asked(cases: &Cases) -> Vec<Asked> {
    let asked = cases.requests.values().map(|request| Asked {
        office: request.office.clone(),
        by: request.asked_by.clone(),
        officer: request.officer.clone(),
        from: request.from,
        until: request.until,
    });
    asked.collect()
}

/// Whoever asks, in the capacity he gives or the roster has.
fn actor(id: String, post: Option<Post>, roster: &Roster) -> std::result::Result<Actor, Refusal> {
    match (post, Actor::in_roster(&id, roster)) {
        (Some(post), Some(_)) => Ok(Actor { id, post }),
        (None, Some(actor)) => Ok(actor),
        (_, None) => Err(Refusal::Unknown(id)),
    }
}

/// The letters that tell of a decision: to everybody who had been told.
fn decided(step: &Step, book: &mut Book, desk: &Desk, now: Moment) -> Vec<NewLetter> {
    let decided = match &step.act {
        Act::Found => Decided::Finding,
        Act::Dismissed { .. } => Decided::Dismissed,
        Act::Proven => Decided::Proven,
        Act::NotProven => Decided::NotProven,
        Act::Upheld => Decided::Upheld,
        Act::Granted => Decided::Granted,
        _ => return Vec::new(),
    };
    let By::Person(by) = &step.by else { return Vec::new() };
    let (kind, changes) = (LetterKind::Outcome, [Change::Decided(decided)]);
    let to = To::AllBut(&by.id);
    book.write_further(step.incident, to, kind, &changes, &desk.roster, &desk.policies, now)
}

/// The cases as the ledger had them at a moment.
pub async fn fold(store: &Store, at: Moment) -> Result<Cases> {
    let mut cases = Cases::default();
    let mut after = 0;
    loop {
        let page = store.case_records(after).await?;
        let Some((last, ..)) = page.last() else {
            return Ok(cases);
        };
        after = *last;
        for (n, office, body) in &page {
            let record: Record = serde_json::from_slice(body)
                .with_context(|| format!("entry {n} of the ledger is no step of a case"))?;
            if record.at() <= at {
                cases.take(office, &record);
            }
        }
    }
}
