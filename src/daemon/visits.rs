//! The applicants' side in the daemon's hands: what was booked and who was let in, as the ledger has it; and what people
//! do there, which becomes events that are taken in like any other.

use anyhow::{Context as _, Result};
use tokio::sync::oneshot;

use super::DAY_MS;
use super::desk::Desk;
use crate::booking::message::Template;
use crate::booking::order::ISSUED_MAX;
use crate::booking::order::{Act, Answered, Done, Issued, Known, Refusal, Scanned, VisitAnswer, VisitOrder, reason};
use crate::booking::{Booking, Registry, State, Terms, code, gate};
use crate::engine::event::{DeviceId, Event, Kind, OfficeId, SYSTEM};
use crate::engine::time::Moment;
use crate::engine::visit::{Appointment, Errand, Number, Passage, Visit, canonical};
use crate::inbound::{Inbound, Receipt};
use crate::keys::{Keys, chance};
use crate::skew;
use crate::store::Store;
use crate::store::rows::{BookingRow, NewMessage, NumberRow, Turn};
use crate::wire;

pub struct Visits {
    /// By the place of the office among the desks.
    pub of: Vec<Registry>,
    pub terms: Terms,
    keys: Keys,
    /// Events that follow from what people did.
    pub(super) messages: Vec<Inbound>,
    answers: Vec<(oneshot::Sender<VisitAnswer>, VisitAnswer)>,
    /// Codes that are taken by bookings which are not taken in yet.
    fresh: std::collections::BTreeSet<Box<str>>,
    /// When what is long over was last given up.
    swept: Moment,
    /// `None`: the office writes to nobody.
    pub channel: Option<Written>,
}

/// How an office writes to applicants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// What is corrected within so long is written once.
    pub quiet_ms: i64,
}

/// Applicants are asked so long after they left.
const ASKED_AFTER_MS: i64 = 30 * 60_000;

impl Visits {
    /// As the ledger has it.
    pub async fn open(store: &Store, desks: &[Desk], keys: Keys, terms: Terms) -> Result<Visits> {
        let mut of: Vec<Registry> = desks.iter().map(|_| Registry::default()).collect();
        let mut after = 0;
        loop {
            let page = store.visits(after).await.context("bookings cannot be read")?;
            let Some(last) = page.last() else { break };
            after = last.n;
            for row in &page {
                let Some(ix) = desks.iter().position(|desk| desk.office == row.office) else {
                    continue;
                };
                match skew::read_again(&row.body, row.time, row.clock.as_deref(), &desks[ix].roster) {
                    Ok(event) => drop(of[ix].take(&event)),
                    Err(rejected) => {
                        tracing::warn!(
                            entry = row.n,
                            code = rejected.code,
                            "a visit in the ledger cannot be read again"
                        );
                    }
                }
            }
        }
        Ok(Visits {
            of,
            terms,
            keys,
            messages: Vec::new(),
            answers: Vec::new(),
            fresh: Default::default(),
            swept: Moment::MIN,
            channel: None,
        })
    }

    /// Carries an order out, or says why not. Whoever asked hears of it when it is written.
    pub(super) fn obey(
        &mut self,
        order: VisitOrder,
        answer: oneshot::Sender<VisitAnswer>,
        desks: &[Desk],
        now: Moment,
    ) {
        let said = self.act(order, desks, now);
        self.answers.push((answer, said));
    }

    pub(super) fn answer(&mut self) {
        for (answer, said) in self.answers.drain(..) {
            // Whoever asked may have gone meanwhile.
            let _ = answer.send(said);
        }
        self.fresh.clear();
    }

    fn act(&mut self, order: VisitOrder, desks: &[Desk], now: Moment) -> VisitAnswer {
        let ix = match &order.office {
            Some(office) => desks.iter().position(|desk| desk.office == *office),
            None => (desks.len() == 1).then_some(0),
        };
        let no_office = || Refusal::NoOffice(order.office.as_ref().map_or_else(String::new, OfficeId::to_string));
        let ix = ix.ok_or_else(no_office)?;
        let (desk, by) = (&desks[ix], order.by);
        let at = desk.moment(now);
        match order.what {
            Act::Issue { bookings } => {
                if bookings.len() > ISSUED_MAX {
                    return Err(Refusal::TooMany);
                }
                let codes = bookings.into_iter().map(|one| self.issue(ix, desk, one, at));
                Ok(Done::Issued { codes: codes.collect() })
            }
            Act::Cancel { booking } => {
                let booking = self.known(ix, &booking)?;
                self.tell(
                    desk,
                    at,
                    Visit::Cancelled {
                        booking: booking.clone(),
                    },
                );
                Ok(Done::Written {
                    booking: booking.into(),
                })
            }
            Act::Ready { booking, until } => {
                let booking = self.known(ix, &booking)?;
                self.tell(
                    desk,
                    at,
                    Visit::Ready {
                        booking: booking.clone(),
                        until,
                    },
                );
                Ok(Done::Written {
                    booking: booking.into(),
                })
            }
            Act::Collected { booking } => {
                let booking = self.known(ix, &booking)?;
                let by = Some(by.into());
                self.tell(
                    desk,
                    at,
                    Visit::Collected {
                        booking: booking.clone(),
                        by,
                    },
                );
                Ok(Done::Written {
                    booking: booking.into(),
                })
            }
            Act::Left { gate, code } => {
                let booking = self.known(ix, &code)?;
                let passage = Passage {
                    booking: booking.clone(),
                    gate: Some(gate.into()),
                    by: Some(by.into()),
                    ..Passage::default()
                };
                self.tell(desk, at, Visit::Left(passage));
                Ok(Done::Written {
                    booking: booking.into(),
                })
            }
            Act::Scan(scanned) => self.scan(ix, desk, scanned, by, at),
        }
    }

    fn known(&self, ix: usize, said: &str) -> Result<Box<str>, Refusal> {
        let found = self.of[ix].find(said).map(|(code, _)| code.into());
        found.ok_or_else(|| match canonical(said) {
            Some(code) => Refusal::NoBooking(code.into()),
            None => Refusal::NoCode,
        })
    }

    /// Issues a booking, or changes it, or leaves it as it is.
    fn issue(&mut self, ix: usize, desk: &Desk, mut one: Appointment, at: Moment) -> (String, Issued) {
        if one.booking.is_empty() {
            one.booking = loop {
                let code: Box<str> = code::of_chance(chance()).into();
                if self.of[ix].booking(&code).is_none() && self.fresh.insert(code.clone()) {
                    break code;
                }
            };
        }
        let code = one.booking.to_string();
        let number = one.number.is_some();
        let known = self.of[ix].booking(&one.booking).filter(|booking| !booking.cancelled);
        let before = known.and_then(|booking| booking.appointment.as_ref());
        let same = |before: &Appointment| {
            Appointment {
                number: None,
                ..one.clone()
            } == *before
        };
        let issued = match before {
            None => Issued::New,
            Some(before) if same(before) && !number => Issued::Unchanged,
            Some(_) => Issued::Changed,
        };
        match issued {
            Issued::New => self.tell(desk, at, Visit::Issued(one)),
            Issued::Changed => self.tell(desk, at, Visit::Changed(one)),
            Issued::Unchanged => {}
        }
        (code, issued)
    }

    fn scan(&mut self, ix: usize, desk: &Desk, scanned: Scanned, by: String, at: Moment) -> VisitAnswer {
        let scan = gate::Scan {
            at,
            gate: &scanned.gate,
            code: &scanned.code,
            errand: scanned.errand,
            companions: scanned.companions,
            holder: scanned.holder,
        };
        let zone = desk.roster.office.zone;
        let answer = gate::answer(&scan, &self.of[ix], &self.terms, zone);
        let found = self.of[ix].find(&scanned.code);
        let known = found.and_then(|(code, booking)| {
            let one = booking.appointment.as_ref()?;
            Some(Known {
                code: code.to_owned(),
                initials: one.initials.to_string(),
                service: one.service.to_string(),
                care: one.care,
                from: one.from,
                until: one.until,
            })
        });
        let overridden = !answer.admits() && scanned.reason.is_some();
        let told = match &scanned.reason {
            Some(said) if overridden => Some(reason(said)?),
            _ => None,
        };
        // What is no booking here may be anything, a telephone number too.
        let typed = canonical(&scanned.code).filter(|_| Number::parse(&scanned.code).is_none());
        let shown = known.as_ref().map(|known| known.code.as_str().into()).or(typed);
        let booking: Box<str> = match shown {
            Some(booking) => booking,
            None if overridden => return Err(Refusal::NoCode),
            None => "UNREADABLE".into(),
        };
        let is_ready = found.is_some_and(|(_, booking)| booking.ready_until.is_some());
        let errand = scanned
            .errand
            .unwrap_or(if is_ready { Errand::Collection } else { Errand::Service });
        let passage = Passage {
            booking,
            gate: Some(scanned.gate.into()),
            errand: Some(errand),
            companions: scanned.companions.min(20),
            why: Some(answer.as_str().into()),
            by: Some(by.into()),
            reason: told,
        };
        match answer {
            // It is told already.
            gate::Answer::Again { .. } => {}
            _ if answer.admits() || overridden => self.tell(desk, at, Visit::Admitted(passage)),
            _ => self.tell(desk, at, Visit::Refused(passage)),
        }
        Ok(Done::Answered(Answered {
            answer,
            admitted: answer.admits() || overridden,
            overridden,
            booking: known,
        }))
    }

    /// An event of the office's own system.
    fn tell(&mut self, desk: &Desk, time: Moment, visit: Visit) {
        let event = Event {
            office: desk.office.clone(),
            device: DeviceId::new(SYSTEM),
            id: uuid::Uuid::now_v7().to_string().into(),
            time,
            place: None,
            kind: Kind::Visit(Box::new(visit)),
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

    /// Takes in what was accepted: the rows that say so go into the turn.
    pub(super) fn take(&mut self, ix: usize, desk: &Desk, event: &Event, turn: &mut Turn) {
        let Some(code) = self.of[ix].take(event) else {
            return;
        };
        turn.messages.extend(self.message(desk, &code, event));
        let booking = self.of[ix].booking(&code);
        turn.bookings
            .extend(booking.and_then(|booking| self.row(desk, &code, booking, event.time)));
    }

    /// What the applicant is to be written of it over the designated channel.
    fn message(&self, desk: &Desk, code: &str, event: &Event) -> Option<NewMessage> {
        let Kind::Visit(visit) = &event.kind else {
            return None;
        };
        let (template, after_ms) = match **visit {
            Visit::Issued(_) => (Template::Booked, 0),
            // Told again, with a key of its own: a moved window is another message.
            Visit::Changed(_) => (Template::Booked, 0),
            Visit::Ready { .. } => (Template::Ready, 0),
            // Whoever was served is asked when he is out of the house.
            Visit::Left(_) => (Template::Asked, ASKED_AFTER_MS),
            _ => return None,
        };
        let channel = self.channel?;
        let created = desk.moment(event.time);
        let key = match (template, &**visit) {
            (Template::Asked, _) | (_, Visit::Issued(_)) => format!("{}/{code}/{}", desk.office, template.as_str()),
            _ => format!("{}/{code}/{}/{}", desk.office, template.as_str(), event.id),
        };
        // Times of devices may lie; what is sent goes by the monitor's clock.
        Some(NewMessage {
            key,
            office: desk.office.clone(),
            code: code.to_owned(),
            template: template.as_str(),
            words: None,
            created,
            due: created.plus_ms(after_ms.max(channel.quiet_ms)),
        })
    }

    /// Puts a number into the vault.
    pub(super) fn keep_number(&self, ix: usize, desk: &Desk, code: &str, number: &Number, turn: &mut Turn) {
        let until = self.of[ix]
            .booking(code)
            .and_then(|booking| booking.number_until(&self.terms));
        let Some(until) = until else { return };
        turn.numbers.push(NumberRow {
            office: desk.office.clone(),
            code: code.to_owned(),
            sealed: self
                .keys
                .seal(&code::sealed_under(desk.office.as_str(), code), number.0.as_bytes()),
            until,
            mark: self.keys.number(&number.0) as i64,
        });
    }

    /// Gives up what is long over.
    pub(super) fn forget(&mut self, desks: &[Desk], turn: &mut Turn, now: Moment) {
        if now.ms_since(self.swept) < DAY_MS {
            return;
        }
        self.swept = now;
        for (registry, desk) in self.of.iter_mut().zip(desks) {
            let gone = registry.forget(desk.moment(now)).into_iter();
            turn.bookings_gone
                .extend(gone.map(|code| (desk.office.clone(), code.into())));
        }
    }

    fn row(&self, desk: &Desk, code: &str, booking: &Booking, at: Moment) -> Option<BookingRow> {
        let one = booking.appointment.as_ref()?;
        // Whether it has lapsed is asked of the clock by whoever reads it.
        let state = match booking.state(&self.terms, Moment::MIN) {
            State::Lapsed => State::Issued,
            state => state,
        };
        Some(BookingRow {
            office: desk.office.clone(),
            code: code.to_owned(),
            date: one.from.date(desk.roster.office.zone).to_string(),
            from: one.from,
            until: one.until,
            service: one.service.to_string(),
            nationality: one.nationality.as_str().to_owned(),
            initials: one.initials.to_string(),
            care: one.care.map(|care| care.as_str().to_owned()),
            language: one.tongue.as_str().to_owned(),
            state: state.as_str().to_owned(),
            admitted: booking.admissions.last().map(|one| one.at),
            left: booking.admissions.last().and_then(|one| one.left),
            ready_until: booking.ready_until,
            collected: booking.collected,
            twin: booking.is_twin(),
            changed: booking.last().max(at),
            number_until: booking.number_until(&self.terms),
        })
    }
}
