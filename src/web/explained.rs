//! Why a verdict was given: the part of an incident's page that judges the past again.

use maud::{Markup, html};

use super::Site;
use super::ask::Ask;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;
use crate::explain::{Cause, Explanation, Words, words};
use crate::letter;

/// Explains a verdict, if the monitor can: it knows the ledger, which pages read only in small parts.
pub type Explain = std::sync::Arc<
    dyn Fn(Verdict) -> futures_util::future::BoxFuture<'static, Option<(Box<Explanation>, std::sync::Arc<Roster>)>>
        + Send
        + Sync,
>;

/// The page asks for it apart, because it takes a moment: `?why=NUMBER` names the verdict.
pub async fn section(site: &Site, ask: &Ask, n: i64, verdict: &Verdict) -> Markup {
    let words = words(ask.language());
    let found = match &site.explain {
        Some(explain) => explain(verdict.clone()).await,
        None => None,
    };
    html! {
        section.why aria-labelledby="why" {
            h2 #why { (words.title) " #" (n) }
            @match &found {
                Some((explanation, roster)) => (told(explanation, roster, words)),
                None => p.calm {
                    (ask.words.pick(
                        "Penilaian ini tidak lagi terbit bila yang tersimpan dinilai ulang.",
                        "What is kept does not give this verdict when it is judged again.",
                    ))
                },
            }
        }
    }
}

fn told(explanation: &Explanation, roster: &Roster, words: &Words) -> Markup {
    let verdict = &explanation.verdict;
    let exact = |at: Moment| html! { time datetime=(at.rfc3339(roster.office.zone)) { (words.exact(at, roster)) } };
    let momentary = verdict.until == Some(verdict.since);
    html! {
        p.hint { (words.judged) }
        @if let Some(recorded) = &explanation.recorded { p.hint { (words.recorded(recorded, roster)) } }
        @if let Some(meaning) = words.stands_for(&explanation.policy) { p.hint { (meaning) } }
        p { strong { (words.opened) " " (exact(verdict.opened)) } ": " (words.why_then(explanation.policy.for_ms, momentary)) "." }
        @if !explanation.pieces.is_empty() {
            h3 { (words.held) }
            ul.why-list {
                @for (ix, (start, end)) in explanation.pieces.iter().enumerate() {
                    @let open = ix + 1 == explanation.pieces.len() && verdict.until.is_none();
                    li {
                        (exact(*start)) " – " @if open { (words.still) } @else { (exact(*end)) }
                        " " span.soft { "(" (letter::duration(end.ms_since(*start), words.language)) ")" }
                    }
                }
            }
        }
        h3 { (words.ways) }
        p.hint { (words.hint_of(&explanation.ways)) }
        ul.why-list { @for way in &explanation.ways { li { (words.way(way, roster)) } } }
        h3 { (words.names) }
        p.hint { (words.names_hint) }
        dl.why-names {
            @for story in &explanation.names {
                dt { code { (story.name) } }
                dd { (turns(story.values.iter().map(|(at, value, cause)| (*at, value.as_str(), cause)), roster, words)) }
            }
        }
        @if explanation.further_clauses().next().is_some() {
            h3 { (words.clauses) }
            dl.why-names {
                @for story in explanation.further_clauses() {
                    dt { code { (story.text) } }
                    dd {
                        (turns(
                            story.turns.iter().map(|(at, holds, cause)| {
                                (*at, if *holds { words.clause_true } else { words.clause_false }, cause)
                            }),
                            roster,
                            words,
                        ))
                    }
                }
            }
        }
        h3 { (words.silences) }
        @if explanation.silences.is_empty() && explanation.horizons.is_empty() { p.hint { (words.no_silence) } }
        ul.why-list {
            @for silence in &explanation.silences {
                li {
                    (silence.device) ": " (exact(silence.from)) " – "
                    @match silence.until { Some(until) => (exact(until)), None => (words.still) }
                }
            }
            @for (device, at) in &explanation.horizons { li { (words.horizons) " " (device) ": " (exact(*at)) } }
        }
    }
}

fn turns<'a>(list: impl Iterator<Item = (Moment, &'a str, &'a Cause)>, roster: &Roster, words: &Words) -> Markup {
    html! {
        ol.why-turns {
            @for (at, value, cause) in list {
                li {
                    time datetime=(at.rfc3339(roster.office.zone)) { (words.exact(at, roster)) }
                    " " code { (value) } " " span.soft { (words.cause(cause)) }
                }
            }
        }
    }
}
