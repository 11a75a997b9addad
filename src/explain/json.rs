//! An explanation for programs.

use serde_json::{Value, json};

use super::words::{Words, words};
use super::{Cause, Explanation};
use crate::engine::roster::{Language, Roster};
use crate::engine::time::{Moment, Span};
use crate::letter;

/// Sentences are in `language`; times carry milliseconds and the office's offset.
pub fn json(explanation: &Explanation, roster: &Roster, language: Language) -> Value {
    let words = words(language);
    let zone = roster.office.zone;
    let at = |moment: Moment| moment.rfc3339(zone);
    let (verdict, policy) = (&explanation.verdict, &explanation.policy);
    let turns = |turns: &mut dyn Iterator<Item = (Moment, Value, &Cause)>| -> Vec<Value> {
        turns
            .map(|(moment, value, cause)| json!({ "at": at(moment), "value": value, "cause": told(cause, words) }))
            .collect()
    };
    let names = explanation.names.iter().map(|story| {
        let values = story.values.iter();
        let mut values = values.map(|(moment, value, cause)| (*moment, json!(value), cause));
        json!({ "name": story.name, "values": turns(&mut values) })
    });
    let clauses = explanation.clauses.iter().map(|story| {
        let values = story.turns.iter();
        let mut values = values.map(|(moment, holds, cause)| (*moment, json!(holds), cause));
        json!({ "clause": story.text, "values": turns(&mut values) })
    });
    let pieces = explanation.pieces.iter();
    let silences = explanation
        .silences
        .iter()
        .map(|silence| json!({ "device": silence.device, "from": at(silence.from), "until": silence.until.map(at) }));
    let horizons = explanation.horizons.iter();
    let ways = explanation.ways.iter();
    json!({
        "verdict": verdict.line(zone),
        "recorded": explanation.recorded.as_ref().map(|recorded| recorded.line(zone)),
        "policy": {
            "id": policy.id, "title": policy.title, "basis": policy.basis, "condition": policy.condition,
            "for": Span::ms(policy.for_ms).to_string(), "bridge": Span::ms(policy.bridge_ms).to_string(),
            "scope": policy.scope, "content_hash": policy.content_hash(), "decided": policy.overlay,
        },
        "opened_because": words.why_then(policy.for_ms, verdict.until == Some(verdict.since)),
        "held": pieces.map(|(from, until)| json!({ "from": at(*from), "until": at(*until) })).collect::<Vec<_>>(),
        "names": names.collect::<Vec<_>>(),
        "clauses": clauses.collect::<Vec<_>>(),
        "silences": silences.collect::<Vec<_>>(),
        "known_until": horizons.map(|(device, moment)| json!({ "device": device, "at": at(*moment) })).collect::<Vec<_>>(),
        "compliant": ways.map(|way| json!({ "by": at(way.by), "says": words.way(way, roster) })).collect::<Vec<_>>(),
    })
}

fn told(cause: &Cause, words: &Words) -> Value {
    let says = words.cause(cause);
    let (kind, device) = match cause {
        Cause::Event(line) => {
            let said = letter::describe(&line.kind, words.language);
            return json!({ "kind": "event", "type": line.kind.name(), "device": line.device, "says": said });
        }
        Cause::FellSilent(device) => ("fell_silent", Some(device)),
        Cause::SpokeAgain(device) => ("spoke_again", Some(device)),
        Cause::ClockWrong(device) => ("clock_wrong", Some(device)),
        Cause::ClockRight(device) => ("clock_right", Some(device)),
        Cause::Restarted(device) => ("restarted", Some(device)),
        Cause::LostEvents(device) => ("lost_events", Some(device)),
        Cause::Rules => ("rules", None),
        Cause::Hours => ("hours", None),
        Cause::Time => ("time", None),
    };
    json!({ "kind": kind, "device": device, "says": says })
}
