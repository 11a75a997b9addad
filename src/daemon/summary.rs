//! Summaries for the integrity team: read when they are due, and written with the turn that follows, once.

use chrono::NaiveDate;

use super::desk::Desk;
use super::docket::Docket;
use crate::accounts::Scope;
use crate::case::mail::MailStep;
use crate::case::signal::{self, Seen};
use crate::case::summary::{Period, Span};
use crate::engine::roster::{Person, Role};
use crate::engine::time::Moment;
use crate::incident::Book;
use crate::letter::summary::{self, Flights, Served, Summary};
use crate::store::rows::{LetterKind, NewLetter, Turn};
use crate::store::{self, Each, Store, Sum};

/// What a summary tells of beside the cases.
pub(super) struct Read {
    desk: usize,
    period: Period,
    served: Served,
    flights: Option<Flights>,
    seen: Seen,
}

impl Docket {
    /// The period of that kind that is over and was not told of yet.
    fn owed(&self, span: Span, desk: &Desk, now: Moment) -> Option<Period> {
        let (last, _) = self.terms.summaries.due(span, &desk.roster, now);
        let told = self.cases.mail.summarised.get(&(desk.office.clone(), span));
        last.filter(|last| {
            let watched = last.to >= desk.since.date(desk.roster.office.zone);
            watched && told.is_none_or(|told| *told < last.to)
        })
    }

    /// Reads what the summaries that are due tell of.
    pub(super) async fn read_summaries(&self, store: &Store, desks: &[Desk], now: Moment) -> store::Result<Vec<Read>> {
        let mut read = Vec::new();
        if self.next_wake().is_none_or(|wake| wake > now) {
            return Ok(read);
        }
        for (ix, desk) in desks.iter().enumerate() {
            for period in Span::ALL.iter().filter_map(|span| self.owed(*span, desk, now)) {
                let (bounds, zone) = (&self.terms.signals, desk.roster.office.zone);
                let recent = store
                    .recent(
                        &Scope::whole(),
                        &desk.office,
                        bounds.since(now),
                        bounds.dates(now, zone),
                    )
                    .await?;
                read.push(Read {
                    desk: ix,
                    period,
                    served: served(store, desk, period.from, period.to).await?,
                    flights: self.flights(store, desks, desk, &period).await?,
                    seen: Seen::of(recent),
                });
            }
        }
        Ok(read)
    }

    async fn flights(
        &self,
        store: &Store,
        desks: &[Desk],
        desk: &Desk,
        period: &Period,
    ) -> store::Result<Option<Flights>> {
        if desks.iter().all(|desk| desk.office.as_str() != crate::serve::CANARY) {
            return Ok(None);
        }
        let zone = desk.roster.office.zone;
        let begin = |date: NaiveDate| Moment::of_local(date.and_time(chrono::NaiveTime::MIN), zone);
        let end = period.to.succ_opt().and_then(begin);
        let (Some(from), Some(until)) = (begin(period.from), end) else {
            return Ok(None);
        };
        let flights = store.flights(from, until).await?;
        let took = flights
            .iter()
            .filter_map(|(left, taken)| Some(taken.as_ref()?.ms_since(*left)));
        let mut took: Vec<i64> = took.collect();
        took.sort_unstable();
        Ok(Some(Flights {
            flown: flights.len() as u32,
            taken: took.len() as u32,
            median_ms: took.get(took.len() / 2).copied(),
            slowest_ms: took.last().copied(),
        }))
    }

    /// Writes what was read, to each of the integrity team of that office, and notes that it was.
    pub(super) fn send_summaries(&mut self, read: &[Read], book: &Book, desks: &[Desk], turn: &mut Turn, now: Moment) {
        for one in read {
            let desk = &desks[one.desk];
            let mut people = Vec::new();
            for person in desk.roster.people_of(Role::Integrity) {
                turn.letters.push(self.summary(one, person, book, desk, now));
                people.push(person.id.clone());
            }
            let step = MailStep::Summary {
                span: one.period.span,
                to: one.period.to,
                at: now,
                people,
            };
            self.mailed(desk, step, turn);
        }
    }

    fn summary(&self, read: &Read, to: &Person, book: &Book, desk: &Desk, now: Moment) -> NewLetter {
        let (roster, period) = (&desk.roster, &read.period);
        let signals = signal::signals(&read.seen, &self.terms.signals, roster, &to.id, now);
        let rendered = summary::render(&Summary {
            to,
            roster,
            house: book.house(),
            monthly: period.span == Span::Month,
            days: [period.from, period.to],
            counted: self.cases.counted(period, roster, &to.id, &self.terms, now),
            served: read.served,
            flights: read.flights,
            signals: &signals,
        });
        let (plain, domain) = (to.id.replace('.', "+"), &book.house().domain);
        let message_id = format!(
            "summary-{}-{}.{}.{plain}@{domain}",
            period.span.as_str(),
            period.to,
            desk.office
        );
        NewLetter {
            incident: None,
            kind: LetterKind::Summary,
            person: to.id.clone(),
            address: to.email.clone(),
            language: to.language,
            subject: rendered.subject,
            message_id,
            in_reply_to: None,
            text_body: rendered.text,
            html_body: rendered.html,
            created: now,
            due: now,
        }
    }

    /// When the next summary of any office is due.
    pub(super) fn next_summary(&self, desks: &[Desk], now: Moment) -> Option<Moment> {
        let due = |desk: &Desk, span| match self.owed(span, desk, now) {
            Some(_) => Some(now),
            None => self.terms.summaries.due(span, &desk.roster, now).1,
        };
        let of_desk = |desk| Span::ALL.into_iter().filter_map(move |span| due(desk, span));
        desks.iter().flat_map(of_desk).min()
    }
}

async fn served(store: &Store, desk: &Desk, from: NaiveDate, to: NaiveDate) -> store::Result<Served> {
    let span = store::Span {
        office: Some(desk.office.to_string()),
        from,
        to,
    };
    let sums = store.service(&Scope::whole(), &span, Each::Date).await?;
    Ok(sums.iter().fold(Served::default(), |all, Sum { service, .. }| Served {
        served_ms: all.served_ms + service.served_ms,
        known_ms: all.known_ms + service.known_ms,
        verified_ms: all.verified_ms + service.verified_ms,
        exempt_ms: all.exempt_ms + service.exempt_ms,
    }))
}
