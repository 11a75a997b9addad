//! Summaries for the integrity team: which days they are of, when they go out, and what they count.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use super::escalation::climbs;
use super::hours::{opens_on, time_on};
use super::line::{same_human, superiors};
use super::{Case, Cases, Code, Stage, Terms};
use crate::engine::policy::Class;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::letter::summary::Counted;

/// An office that is closed for longer than this gets its summary all the same.
const CLOSED_DAYS_MAX: u64 = 14;

/// Which summaries there are, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summaries {
    /// On which day of the week; the seven days before it are told of. `None`: never.
    pub weekly: Option<Weekday>,
    /// On the first of a month, of the month before.
    pub monthly: bool,
    /// Minutes after midnight.
    pub at_minutes: u32,
}

impl Default for Summaries {
    fn default() -> Summaries {
        Summaries {
            weekly: Some(Weekday::Mon),
            monthly: true,
            at_minutes: 8 * 60,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    Week,
    Month,
}

impl Span {
    pub const ALL: [Span; 2] = [Span::Week, Span::Month];

    pub fn as_str(self) -> &'static str {
        match self {
            Span::Week => "week",
            Span::Month => "month",
        }
    }
}

/// The days a summary is of, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period {
    pub span: Span,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl Summaries {
    /// The last period that is over and due by now, and when the next one of its kind is due.
    pub fn due(&self, span: Span, roster: &Roster, now: Moment) -> (Option<Period>, Option<Moment>) {
        let today = now.date(roster.office.zone);
        // The days on which periods of this kind end, around today: each is the first that is not in it.
        let ends: Vec<NaiveDate> = match (span, self.weekly) {
            (Span::Week, None) => Vec::new(),
            (Span::Week, Some(day)) => {
                let back = (7 + today.weekday().num_days_from_monday() - day.num_days_from_monday()) % 7;
                let last = today.checked_sub_days(Days::new(u64::from(back)));
                let weeks = |weeks: u64| last?.checked_sub_days(Days::new(7 * weeks));
                let next = last.and_then(|last| last.checked_add_days(Days::new(7)));
                [weeks(3), weeks(2), weeks(1), last, next]
                    .into_iter()
                    .flatten()
                    .collect()
            }
            (Span::Month, _) if !self.monthly => Vec::new(),
            (Span::Month, _) => {
                let first = today.with_day(1);
                let month = |months: u32| first?.checked_sub_months(chrono::Months::new(months));
                let next = first.and_then(|first| first.checked_add_months(chrono::Months::new(1)));
                [month(1), first, next].into_iter().flatten().collect()
            }
        };
        let mut last = None;
        for end in ends {
            match self.goes_out(end, roster) {
                Some(at) if at <= now => last = Some(end),
                at => return (last.and_then(|end| period(span, end)), at),
            }
        }
        (last.and_then(|end| period(span, end)), None)
    }

    /// On the first day from `end` on that the office is open.
    fn goes_out(&self, end: NaiveDate, roster: &Roster) -> Option<Moment> {
        let mut days = (0..=CLOSED_DAYS_MAX).filter_map(|ahead| end.checked_add_days(Days::new(ahead)));
        let open = days.find(|date| opens_on(*date, roster));
        time_on(open.unwrap_or(end), self.at_minutes, roster)
    }
}

fn period(span: Span, end: NaiveDate) -> Option<Period> {
    let from = match span {
        Span::Week => end.checked_sub_days(Days::new(7)),
        Span::Month => end.checked_sub_months(chrono::Months::new(1)),
    };
    Some(Period {
        span,
        from: from?,
        to: end.pred_opt()?,
    })
}

impl Cases {
    /// What people made of the cases of those days, and what is open now, for one reader: without what is about himself
    /// or his superiors.
    pub fn counted(&self, period: &Period, roster: &Roster, reader: &str, terms: &Terms, now: Moment) -> Counted {
        let above = superiors(reader, roster, now.date(roster.office.zone));
        let about = |case: &Case| {
            let officer = case.basis.officer.as_ref();
            officer.is_some_and(|id| same_human(reader, id.as_str(), roster) || above.contains(id.as_str()))
        };
        let (from, to) = (period.from.to_string(), period.to.to_string());
        let own = self.of.values();
        let own = own.filter(|case| case.basis.office == roster.office.id && !about(case) && case.joined_to.is_none());
        let mut counted = Counted::default();
        let mut answers = Vec::new();
        for case in own {
            let indication = case.basis.class == Class::Indication;
            if case.counts() && case.stage.is_open() {
                counted.open += 1;
            }
            counted.overdue += u32::from(self.is_overdue(case, roster, terms, now));
            if case.basis.date < from || case.basis.date > to {
                continue;
            }
            if !indication {
                match case.basis.class {
                    Class::Technical => counted.technical += 1,
                    _ => counted.unverifiable += 1,
                }
                continue;
            }
            counted.told += 1;
            let mistaken =
                case.outcome == Some(Stage::Dismissed) && matches!(case.code, Some(Code::DeviceFault | Code::Mistaken));
            counted.withdrawn += u32::from(!case.stands);
            counted.mistaken += u32::from(case.stands && mistaken);
            counted.dismissed += u32::from(case.stands && case.outcome == Some(Stage::Dismissed));
            answers.extend(case.answered_ms);
        }
        let fits = |case: &Case| {
            let date = &case.basis.date;
            case.basis.office == roster.office.id && !about(case) && *date >= from && *date <= to
        };
        let counts = self.counts(fits);
        counted.indications = counts.indications;
        counted.findings = counts.findings;
        counted.proven = counts.proven;
        counted.answered = answers.len() as u32;
        answers.sort_unstable();
        counted.answer_ms = answers.get(answers.len() / 2).copied();
        counted
    }

    /// Nobody answered in time, or a review is late.
    pub fn is_overdue(&self, case: &Case, roster: &Roster, terms: &Terms, now: Moment) -> bool {
        let review = case.appeal.as_ref().is_some_and(|appeal| appeal.review_by < now);
        let silent = climbs(case) && case.ack.is_none() && self.answer_by(case, roster, terms) < now;
        review || silent
    }
}
