//! Measures the service that a ledger tells of, date by date, again where events came late.
//!
//! A ledger is walked through in the order of its times, ten minutes after another, so that no more of it is in memory than may
//! still change. Where a date begins the walk leaves a mark, from which the next look goes on: what came before it is not
//! read again, unless something came late for it.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use anyhow::{Context as _, Result};
use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::explain::{events, in_force};
use super::ledger::{LedgerRules, rules};
use crate::compliance::Gauge;
use crate::daemon::DAY_MS;
use crate::engine::event::{DeviceId, Event, Kind, OfficeId, SYSTEM};
use crate::engine::time::Moment;
use crate::explain::Rules;
use crate::store::Store;

/// Dates that are measured together, up to so many.
const TOGETHER_MAX: usize = 7;
/// What comes after a date says whether a device was silent at its end.
const AFTERWARDS_MS: i64 = 3_600_000;
/// So much of a ledger is in memory at once.
const SLICE_MS: i64 = 600_000;
/// Walking by their own times, what comes next concerns nothing that lies so far back; where it does, nothing is given up.
const KEEP_MS: i64 = 6 * 3_600_000;
/// An office keeps the marks of so many dates: the first and the last that were measured last.
const MARKS_MAX: usize = 2;

/// From where measuring may go on, by office. It is worth time alone.
#[derive(Default)]
pub struct Measuring {
    offices: HashMap<OfficeId, Marks>,
}

#[derive(Default)]
struct Marks {
    /// Up to which entry of rules these are marks of a walk.
    rules: i64,
    marks: Vec<Mark>,
}

/// What a walk had come to when everything before a moment was read.
#[derive(Clone)]
struct Mark {
    at: Moment,
    rules: Vec<Rules>,
    gauge: Vec<u8>,
}

/// One walk through a part of a ledger.
struct Walk<'a> {
    store: &'a Store,
    office: &'a OfficeId,
    ledger_rules: &'a [LedgerRules],
    zone: Tz,
    /// `None`: nothing is given up on the way.
    keep_ms: Option<i64>,
}

impl Measuring {
    /// Measures an office from the first date on that entries since the last time speak of, and answers how many dates that
    /// were. What came late for a date says what was in the lockboxes on those after it too.
    pub async fn measure(&mut self, store: &Store, office: &OfficeId, settle_after_ms: i64) -> Result<usize> {
        let head = store.head().await.context("the ledger cannot be read")?.n;
        let measured = store.service_measured(office).await?;
        if measured == head {
            return Ok(0);
        }
        let Some((earliest, clock)) = store.service_touched(office, measured, head).await? else {
            store.keep_service(office, &[], &[], head).await?;
            return Ok(0);
        };
        let rules = rules(store, office).await?;
        let last_rules = rules.last().context("a ledger without rules")?;
        let zone = last_rules.roster.office.zone;
        let dates: Vec<NaiveDate> = earliest
            .date(zone)
            .iter_days()
            .take_while(|date| *date <= clock.date(zone))
            .collect();
        let marks = self.offices.entry(office.clone()).or_default();
        if marks.rules != last_rules.entry {
            marks.rules = last_rules.entry;
            marks.marks.clear();
        }
        // What came since for a moment before a mark is not in it.
        marks.marks.retain(|mark| mark.at <= earliest);
        let mut walk = Walk {
            store,
            office,
            ledger_rules: &rules,
            zone,
            keep_ms: Some(KEEP_MS),
        };
        let portions: Vec<&[NaiveDate]> = dates.chunks(TOGETHER_MAX).collect();
        for (ix, portion) in portions.iter().enumerate() {
            let dates = portion[0]..=portion[portion.len() - 1];
            let end = midnight(*dates.end(), zone).plus_ms(DAY_MS + AFTERWARDS_MS).min(clock);
            let hours = loop {
                let walked = walk.measure(marks, dates.clone(), end, settle_after_ms).await?;
                match walked {
                    Some(hours) => break hours,
                    // An exemption for a time far back, or a clock that was days ahead.
                    None => {
                        walk.keep_ms = None;
                        marks.marks.clear();
                    }
                }
            };
            // All but the last portion leave the stand where it is: whoever is interrupted measures them again.
            let up_to = if ix + 1 == portions.len() { head } else { measured };
            store.keep_service(office, portion, &hours, up_to).await?;
        }
        Ok(dates.len())
    }
}

type Hours = Vec<(crate::compliance::Hour, crate::compliance::Service)>;

impl Walk<'_> {
    /// Measures dates up to a moment; `None` where something came for a time that was given up.
    async fn measure(
        &self,
        marks: &mut Marks,
        dates: RangeInclusive<NaiveDate>,
        end: Moment,
        settle_after_ms: i64,
    ) -> Result<Option<Hours>> {
        let first = midnight(*dates.start(), self.zone);
        let mark = marks.marks.iter().rfind(|mark| mark.at <= first).cloned();
        let gone_on = mark.and_then(|mark| {
            let gauge = Gauge::restore(&mark.gauge, &mark.rules, dates.clone(), self.zone).ok()?;
            Some((gauge, mark.rules, mark.at))
        });
        let (mut gauge, rules, mut at) = gone_on.unwrap_or_else(|| {
            let again_ms = settle_after_ms + DAY_MS;
            // No event may be later than that, so what was before it had its chance to be told again.
            let begin = first.plus_ms(-again_ms);
            let rules = in_force(self.ledger_rules, begin);
            (Gauge::new(&rules, again_ms, dates.clone(), self.zone), rules, begin)
        });
        let mut begins: Vec<Moment> = [
            first,
            midnight(*dates.end(), self.zone),
            midnight(end.date(self.zone), self.zone),
        ]
        .into_iter()
        .filter(|begin| *begin > at)
        .collect();
        begins.sort_unstable();
        begins.dedup();
        while at <= end {
            let next = at
                .plus_ms(SLICE_MS)
                .min(end.plus_ms(1))
                .min(begins.first().copied().unwrap_or(Moment::MAX));
            let mut events = events(self.store, self.office, self.ledger_rules, at..=next.plus_ms(-1)).await?;
            if next > end {
                // The office clock goes on at night too.
                events.push(tick(self.office, end));
            }
            let keep_ms = self.keep_ms;
            let hear = move || {
                for event in events {
                    gauge.hear(event).ok()?;
                }
                if let Some(keep_ms) = keep_ms {
                    gauge.settle(keep_ms);
                }
                Some(gauge)
            };
            // It may judge much: not on a thread that answers others.
            match tokio::task::spawn_blocking(hear).await? {
                Some(same) => gauge = same,
                None => return Ok(None),
            }
            if begins.first() == Some(&next) {
                begins.remove(0);
                if self.keep_ms.is_some() {
                    marks.leave(next, &rules, &gauge);
                }
            }
            at = next;
        }
        let hours = tokio::task::spawn_blocking(move || gauge.hours()).await?;
        Ok(Some(hours.into_iter().collect()))
    }
}

impl Marks {
    fn leave(&mut self, at: Moment, rules: &[Rules], gauge: &Gauge) {
        self.marks.retain(|mark| mark.at < at);
        self.marks.push(Mark {
            at,
            rules: rules.to_vec(),
            gauge: gauge.snapshot(),
        });
        if self.marks.len() > MARKS_MAX {
            self.marks.remove(1);
        }
    }
}

fn tick(office: &OfficeId, at: Moment) -> Event {
    Event {
        office: office.clone(),
        device: DeviceId::new(SYSTEM),
        id: "measured".into(),
        time: at,
        place: None,
        kind: Kind::Ticked,
        reading: None,
    }
}

fn midnight(date: NaiveDate, zone: Tz) -> Moment {
    Moment::of_local(date.and_time(NaiveTime::MIN), zone).unwrap_or_default()
}
