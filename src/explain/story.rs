//! When each name had which value and each clause turned, and because of what.

use super::{Cause, Past, Silence};
use crate::engine::event::{DeviceId, Event, Kind};
use crate::engine::expr::Condition;
use crate::engine::time::Moment;
use crate::engine::trace::Look;
use crate::engine::verdict::Verdict;
use crate::letter::EvidenceLine;

/// So far before its begin a verdict's story may start.
pub(super) const BACK_MS: i64 = 4 * 3_600_000;

/// One name's values.
#[derive(Clone, PartialEq, Debug)]
pub struct NameStory {
    pub name: &'static str,
    /// From when on it had which value, and why; the first may be older than the story.
    pub values: Vec<(Moment, String, Cause)>,
}

/// One clause's turns.
#[derive(Clone, PartialEq, Debug)]
pub struct ClauseStory {
    pub text: String,
    pub turns: Vec<(Moment, bool, Cause)>,
}

pub(super) struct Teller<'a> {
    pub past: &'a Past,
    pub verdict: &'a Verdict,
    pub silences: &'a [Silence],
    pub devices: &'a [DeviceId],
}

impl Teller<'_> {
    /// The story begins with the oldest event the verdict rests on, and ends with the verdict.
    fn window(&self) -> (Moment, Moment) {
        let oldest = self.verdict.since.plus_ms(-BACK_MS);
        let evidence = self
            .past
            .events
            .iter()
            .filter(|event| {
                self.verdict
                    .evidence
                    .iter()
                    .any(|reference| **reference == *event.reference())
            })
            .map(|event| event.time);
        let begin = evidence.min().unwrap_or(self.verdict.since).min(self.verdict.since);
        (begin.max(oldest), self.verdict.until.unwrap_or(Moment::MAX))
    }

    /// The looks of the story; of those before it, the last, which says how things stood.
    fn looks<'l>(&self, looks: &[&'l Look]) -> Vec<&'l Look> {
        let (begin, end) = self.window();
        let first = looks.partition_point(|look| look.at <= begin).saturating_sub(1);
        let last = looks.partition_point(|look| look.at <= end);
        looks.get(first..last).unwrap_or_default().to_vec()
    }

    pub fn names(&self, looks: &[&Look]) -> Vec<NameStory> {
        let mut stories: Vec<NameStory> = Vec::new();
        for look in self.looks(looks) {
            for (name, value) in &look.values {
                // It grows with every look; the clauses tell when it reached its limit.
                if *name == "session.unchecked_for" {
                    continue;
                }
                let told = || (look.at, value.clone(), self.cause(look.at, name));
                match stories.iter_mut().find(|story| story.name == *name) {
                    None => stories.push(NameStory {
                        name,
                        values: vec![told()],
                    }),
                    Some(story) if story.values.last().is_some_and(|(_, last, _)| last != value) => {
                        story.values.push(told());
                    }
                    Some(_) => {}
                }
            }
        }
        stories
    }

    pub fn clauses(&self, condition: &Condition, looks: &[&Look]) -> Vec<ClauseStory> {
        let looks = self.looks(looks);
        let clauses = condition.clauses().iter().enumerate();
        clauses
            .map(|(ix, clause)| {
                let mut turns: Vec<(Moment, bool, Cause)> = Vec::new();
                for look in &looks {
                    let Some((holds, _)) = look.clauses.get(ix) else {
                        continue;
                    };
                    if turns.last().is_none_or(|(_, last, _)| last != holds) {
                        turns.push((look.at, *holds, self.cause(look.at, &clause.text)));
                    }
                }
                ClauseStory {
                    text: clause.text.to_string(),
                    turns,
                }
            })
            .collect()
    }

    /// What happened at that moment that the name could turn by.
    fn cause(&self, at: Moment, name: &str) -> Cause {
        let event = self
            .past
            .events
            .iter()
            .filter(|event| event.time == at && self.concerns(event))
            .max_by_key(|event| fits(&event.kind, name));
        if let Some(event) = event.filter(|event| !event.kind.is_pulse()) {
            return Cause::Event(EvidenceLine {
                at: event.time,
                device: event.device.clone(),
                kind: event.kind.clone(),
            });
        }
        for silence in self.silences {
            if silence.from == at {
                return Cause::FellSilent(silence.device.clone());
            }
            if silence.until == Some(at) {
                return Cause::SpokeAgain(silence.device.clone());
            }
        }
        match self.past.rules.iter().any(|rules| rules.from == at) {
            true => Cause::Rules,
            false => Cause::Time,
        }
    }

    fn concerns(&self, event: &Event) -> bool {
        let officer = event.kind.officer();
        let of_officer = officer.is_some() && officer == self.verdict.officer.as_ref();
        let here = self.devices.contains(&event.device);
        let everybody = matches!(event.kind, Kind::EmergencyStarted | Kind::EmergencyEnded);
        // Another officer's deposit in the same lockbox is another matter.
        (here
            && (officer.is_none()
                || of_officer
                || matches!(event.kind, Kind::SignedIn { .. } | Kind::SignedOut { .. })))
            || of_officer
            || everybody
    }
}

/// How well an event explains a change of a name: what shares the name's first word comes first.
fn fits(kind: &Kind, name: &str) -> u8 {
    let family = kind.name().split('.').next().unwrap_or("");
    let related = match name.split(['.', ' ']).next().unwrap_or("") {
        "service" => ["service", "break", "session", "workstation"].contains(&family),
        "session" => ["session", "service", "break", "lockbox"].contains(&family),
        "custody" => ["lockbox", "custody", "handset", "exemption"].contains(&family),
        "officer" => ["service", "custody", "shift", "session"].contains(&family),
        "workstation" => ["app", "usb", "workstation"].contains(&family),
        "shift" => family == "shift",
        "office" => family == "emergency",
        other => other == family,
    };
    u8::from(!kind.is_pulse()) + u8::from(related)
}
