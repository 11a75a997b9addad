//! What the fold says, cut off at the horizons, and how it differs from what was said before (contract §5).

use super::judge::{Closed, Run};
use super::names::{DeviceIx, Names};
use super::policy::Head;
use super::subject::Subject;
use super::time::Moment;
use super::verdict::{Decision, Reason, Verdict};

/// How far the devices of an office are known.
pub(crate) struct Horizons<'a> {
    pub clock: Moment,
    /// By `DeviceIx`.
    pub of: &'a [Moment],
}

impl Horizons<'_> {
    pub fn of(&self, device: DeviceIx) -> Moment {
        self.of.get(device.at()).copied().unwrap_or(self.clock).min(self.clock)
    }
}

/// A run inside its horizons: `None` where too little of it is left. Also answers the clock at which an open run that only
/// waits for time to pass would open.
pub(crate) fn view(run: &Run, horizons: &Horizons, deadline: &mut Moment) -> Option<(Moment, Moment, Option<Moment>)> {
    let for_ms = run.head.for_ms;
    let mut held_ms = 0;
    let mut since = None;
    let mut opened = None;
    let mut until = None;
    for piece in &run.pieces {
        let limit = piece
            .rests_on
            .devices()
            .map(|device| horizons.of(device))
            .min()
            .unwrap_or(horizons.clock);
        let end = piece.end.unwrap_or(limit).min(limit);
        if end <= piece.start {
            continue;
        }
        since.get_or_insert(piece.start);
        let length_ms = end.ms_since(piece.start);
        if opened.is_none() && held_ms + length_ms >= for_ms {
            opened = Some(piece.start.plus_ms(for_ms - held_ms));
        }
        held_ms += length_ms;
        until = piece.end.filter(|end| *end <= limit);
        if piece.end.is_none() && limit == horizons.clock && held_ms <= for_ms {
            *deadline = (*deadline).min(end.plus_ms(for_ms - held_ms + 1));
        }
    }
    if held_ms <= for_ms {
        return None;
    }
    Some((since?, opened?, until))
}

pub(crate) fn verdict(
    head: &Head,
    subject: Subject,
    span: (Moment, Moment, Option<Moment>),
    office: &super::event::OfficeId,
    names: &Names,
) -> Verdict {
    Verdict {
        policy: head.id.clone(),
        class: head.class,
        severity: head.severity,
        office: office.clone(),
        counter: subject.counter.map(|ix| names.device_id(ix)),
        lockbox: subject.lockbox.map(|ix| names.device_id(ix)),
        officer: subject.officer.map(|ix| names.officer_id(ix)),
        since: span.0,
        opened: span.1,
        until: span.2,
        evidence: Vec::new(),
    }
}

pub(crate) fn closed_verdict(
    closed: &Closed,
    horizons: &Horizons,
    office: &super::event::OfficeId,
    names: &Names,
) -> Option<Verdict> {
    match closed {
        Closed::Run { run, .. } => {
            let span = view(run, horizons, &mut Moment::MAX.clone())?;
            let mut verdict = verdict(&run.head, run.subject, span, office, names);
            verdict.evidence = run.evidence.clone();
            Some(verdict)
        }
        Closed::Instant {
            head,
            subject,
            at,
            evidence,
        } => {
            let mut verdict = verdict(head, *subject, (*at, *at, Some(*at)), office, names);
            verdict.evidence.clone_from(evidence);
            Some(verdict)
        }
    }
}

/// The decisions that lead from what was said to what is said now. `cause` is why the past changed, if it did, and
/// `clock` the office clock at which the old word was given: what opens later than that was not known then.
pub(crate) fn decide(old: Vec<Verdict>, new: &[Verdict], cause: Option<Reason>, clock: Moment) -> Vec<Decision> {
    let mut old: Vec<Option<Verdict>> = old.into_iter().map(Some).collect();
    let mut fresh: Vec<&Verdict> = Vec::new();
    // What stands as it stood comes first, so that an amendment never takes its place.
    for verdict in new {
        match old.iter_mut().find(|before| before.as_ref() == Some(verdict)) {
            Some(same) => *same = None,
            None => fresh.push(verdict),
        }
    }
    let mut decisions = Vec::new();
    for verdict in fresh {
        let same = old.iter_mut().find(|before| {
            before
                .as_ref()
                .is_some_and(|before| before.same_subject(verdict) && before.overlaps(verdict))
        });
        match same.and_then(Option::take) {
            Some(before) => {
                let reason = amended(&before, verdict, cause);
                decisions.push(Decision::Amended {
                    before,
                    verdict: verdict.clone(),
                    reason,
                });
            }
            None => {
                let reason = cause
                    .filter(|_| verdict.opened <= clock)
                    .unwrap_or(Reason::ConditionHeld);
                decisions.push(Decision::Opened {
                    verdict: verdict.clone(),
                    reason,
                });
            }
        }
    }
    let gone = old.into_iter().flatten();
    let reason = cause.unwrap_or(Reason::LateEvent);
    decisions.splice(0..0, gone.map(|verdict| Decision::Retracted { verdict, reason }));
    decisions
}

fn amended(before: &Verdict, now: &Verdict, cause: Option<Reason>) -> Reason {
    let spans_equal = before.since == now.since && before.opened == now.opened && before.until == now.until;
    if spans_equal {
        Reason::EvidenceAdded
    } else if before.since != now.since || before.opened != now.opened {
        cause.unwrap_or(Reason::LateEvent)
    } else {
        match (before.until, now.until) {
            (None, Some(_)) => Reason::ConditionEnded,
            (Some(_), None) => cause.unwrap_or(Reason::ConditionResumed),
            (Some(was), Some(is)) if is > was => cause.unwrap_or(Reason::ConditionResumed),
            _ => cause.unwrap_or(Reason::LateEvent),
        }
    }
}
