//! When each name had which value and each clause turned, and because of what.

use super::{Cause, Past, Silence};
use crate::engine::Engine;
use crate::engine::event::{DeviceId, Event, Kind};
use crate::engine::expr::Condition;
use crate::engine::time::Moment;
use crate::engine::trace::Look;
use crate::engine::verdict::Verdict;
use crate::letter::EvidenceLine;

/// So far before its begin a verdict's story is looked at …
pub(super) const BACK_MS: i64 = 8 * 3_600_000;
/// … and so much of that is told, beside what stood when that begins.
const TOLD_MS: i64 = 20 * 60_000;

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
    pub engine: &'a Engine,
    pub verdict: &'a Verdict,
    pub silences: &'a [Silence],
    pub devices: &'a [DeviceId],
}

impl Teller<'_> {
    /// The looks of the story; of those before it, the last, which says how things stood.
    fn looks<'l>(&self, looks: &[&'l Look]) -> Vec<&'l Look> {
        let begin = self.verdict.since.plus_ms(-BACK_MS);
        let end = self.verdict.until.unwrap_or(Moment::MAX);
        let first = looks.partition_point(|look| look.at <= begin).saturating_sub(1);
        let last = looks.partition_point(|look| look.at <= end);
        looks.get(first..last).unwrap_or_default().to_vec()
    }

    /// Leaves out what had passed when the telling begins; what stood then is told with when it came.
    fn tell<T>(&self, turns: &mut Vec<(Moment, T, Cause)>) {
        let begin = self.verdict.since.plus_ms(-TOLD_MS);
        let passed = turns.iter().take_while(|(at, ..)| *at <= begin).count();
        turns.drain(..passed.saturating_sub(1));
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
        for story in &mut stories {
            self.tell(&mut story.values);
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
                self.tell(&mut turns);
                ClauseStory {
                    text: clause.text.to_string(),
                    turns,
                }
            })
            .collect()
    }

    /// What happened at that moment that the name could turn by.
    fn cause(&self, at: Moment, name: &str) -> Cause {
        // What a boot or a loss ended is applied after all events of its moment.
        if let Some((device, lost)) = self
            .engine
            .ended_at(at)
            .into_iter()
            .find(|(device, _)| self.ends(device, name))
        {
            return match lost {
                true => Cause::LostEvents(device),
                false => Cause::Restarted(device),
            };
        }
        let references = self.engine.effective_at(at);
        let events = self.past.events.iter().filter(|event| {
            let there = |reference: &std::sync::Arc<str>| **reference == *event.reference();
            self.concerns(event) && references.iter().any(there)
        });
        let best = events.max_by_key(|event| fits(&event.kind, name));
        let told = |event: &Event| {
            Cause::Event(EvidenceLine {
                at: event.time,
                device: event.device.clone(),
                kind: event.kind.clone(),
            })
        };
        if let Some(event) = best.filter(|event| fits(&event.kind, name) > 0) {
            return told(event);
        }
        for silence in self.silences {
            if silence.from == at {
                return Cause::FellSilent(silence.device.clone());
            }
            if silence.until == Some(at) {
                return Cause::SpokeAgain(silence.device.clone());
            }
        }
        for device in self.devices {
            let turns = self.engine.clock_turns(device);
            if let Some((_, wrong)) = turns.iter().find(|(turned, _)| *turned == at) {
                return match wrong {
                    true => Cause::ClockWrong(device.clone()),
                    false => Cause::ClockRight(device.clone()),
                };
            }
        }
        match best {
            Some(event) => told(event),
            None if self.past.rules.iter().any(|rules| rules.from == at) => Cause::Rules,
            // A calendar that came into force later and reaches back to here; the first one reaches everywhere.
            None if name.contains("office.o")
                && self
                    .past
                    .rules
                    .iter()
                    .skip(1)
                    .any(|rules| rules.roster.calendar_from() == Some(at)) =>
            {
                Cause::Rules
            }
            None if name.contains("office.o") => Cause::Hours,
            None => Cause::Time,
        }
    }

    /// Whether a boot or a loss of a workstation can have turned a name.
    fn ends(&self, device: &DeviceId, name: &str) -> bool {
        let of_workstation = [
            "service.",
            "session.",
            "workstation.apps",
            "workstation.usb",
            "active_services",
            "custody",
        ];
        self.devices.contains(device) && of_workstation.iter().any(|part| name.contains(part))
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

/// How well an event explains a change of a name; 0: another one, a silence, would do as well.
fn fits(kind: &Kind, name: &str) -> u8 {
    let word = kind.name();
    let family = word.split('.').next().unwrap_or("");
    if name.contains(".silent") || name.contains(".clock_off") {
        return 0;
    }
    if name.contains("unchecked_for") {
        return u8::from(matches!(kind, Kind::Checked { .. })) * 2 + u8::from(family == "session");
    }
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let first = name.split(['.', ' ']).next().unwrap_or("");
    let related: &[&str] = match first {
        "service" => &["service", "break", "session", "workstation"],
        "session" => &["session", "service", "break", "workstation"],
        "custody" => &["lockbox", "custody", "handset", "exemption", "session"],
        "officer" => &["service", "custody", "session", "handset"],
        "shift" => &["shift"],
        "office" => &["emergency"],
        // Lists of things at the workstation, however the clause begins.
        _ => &["app", "usb", "session", "workstation"],
    };
    let place = related.iter().position(|other| *other == family);
    place.map_or(0, |place| (related.len() - place) as u8)
}
