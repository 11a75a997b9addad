//! Whether the monitor itself is well: broker, database, mail, ledger, devices, and the policies in force.

use axum::extract::State;
use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::ask::Ask;
use super::fault::Fault;
use super::page::{self, Tab};
use super::shown;
use super::words::Words;
use crate::engine::policy::Tell;
use crate::engine::time::Moment;
use crate::letter;
use crate::live::{BrokerKind, BrokerState, OfficeLive};

struct Part {
    name: &'static str,
    well: bool,
    state: String,
    more: Markup,
}

pub async fn show(State(site): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let zone = ask.zone();
    let live = &ask.live;
    let head = site.store.head().await;
    let counts = site.store.outbox_counts().await;
    let moment = |at: Moment| page::time_on(at, live.now, zone, words);

    let broker_state = match &live.broker.state {
        BrokerState::Connected => words.connected,
        BrokerState::Connecting => words.connecting,
        BrokerState::Lost(_) => words.lost,
    };
    let broker_kind = match live.broker.kind {
        BrokerKind::Embedded => words.broker_embedded,
        BrokerKind::External => words.broker_external,
    };
    let waited_ms = counts
        .as_ref()
        .ok()
        .and_then(|counts| counts.oldest_waiting)
        .map_or(0, |created| live.now.ms_since(created));
    let parts = [
        Part {
            name: words.broker,
            well: live.broker.state == BrokerState::Connected && !site.settings.broker_anonymous,
            state: broker_state.into(),
            more: html! {
                p { (broker_kind) ", " (words.since.to_lowercase()) " " (moment(live.broker.since)) }
                @if let BrokerState::Lost(why) = &live.broker.state { p lang="en" { (why) } }
                @if live.broker.sessions_lost > 0 {
                    p { (words.sessions_lost) ": " (live.broker.sessions_lost) ". " (words.sessions_lost_hint) }
                }
                @if site.settings.broker_anonymous { p { (words.broker_anonymous) } }
            },
        },
        Part {
            name: words.database,
            well: head.is_ok(),
            state: if head.is_ok() { words.answers } else { words.answers_not }.into(),
            more: match &head {
                Ok(head) => html! { p { (grouped(head.n, words)) " " (words.entries) } },
                Err(error) => html! { p lang="en" { (error) } },
            },
        },
        Part {
            name: words.monitor,
            well: !ask.stale,
            state: if ask.stale { words.trouble } else { words.good }.into(),
            more: html! {
                p { (words.running_since) " " (moment(live.started)) }
                p { (words.last_event) ": " @match live.last_event { Some(at) => (moment(at)), None => (words.no_event) } }
            },
        },
        Part {
            name: words.mail,
            well: counts.as_ref().is_ok_and(|counts| counts.dead == 0) && waited_ms <= site.settings.unsent_max_ms,
            state: match &counts {
                Ok(counts) => format!(
                    "{} {}, {} {}",
                    counts.waiting, words.waiting_letters, counts.dead, words.dead_letters
                ),
                Err(_) => words.answers_not.into(),
            },
            more: html! {
                @if let Some(oldest) = counts.as_ref().ok().and_then(|counts| counts.oldest_waiting) {
                    p { (words.oldest_unsent) " " (moment(oldest)) }
                }
                p { a href="/letters" { (words.letters) " →" } }
            },
        },
    ];
    let metrics = &site.metrics;
    let body = html! {
        (page::heading(words.health, None))
        ul.parts {
            @for part in &parts {
                li.part.(if part.well { "part-well" } else { "part-ill" }) {
                    h2 { (part.name) }
                    p.part-state { (part.state) }
                    (part.more)
                }
            }
        }
        @if let Some(refusal) = &live.refused {
            section aria-labelledby="refused" {
                h2 #refused { (words.refused) }
                p.hint { (moment(refusal.at)) " · " (words.refused_hint) }
                pre.payload lang="en" tabindex="0" { (refusal.faults) }
            }
        }
        @if let Ok(head) = &head {
            section aria-labelledby="ledger" {
                h2 #ledger { (words.ledger) }
                p.hint { (words.ledger_hint) }
                p.ledger-head { code.break { (head) } }
            }
        }
        section aria-labelledby="counts" {
            h2 #counts { (words.since_start) }
            dl.sums {
                div { dd { (grouped(metrics.events_accepted.count() as i64, words)) } dt { (words.accepted) } }
                div { dd { (grouped(metrics.events_duplicate.count() as i64, words)) } dt { (words.duplicates) } }
                div { dd { (grouped(metrics.quarantined_count() as i64, words)) } dt { a href="/quarantine" { (words.quarantined) } } }
            }
        }
        @if let Some(office) = ask.office() {
            (devices(&ask, office, zone))
            (policies(&ask, office))
        }
    };
    Ok(page::shell(&ask, Tab::Health, words.health, true, body))
}

/// `12.345` in Indonesian, `12,345` in English.
fn grouped(number: i64, words: &Words) -> String {
    let digits = number.unsigned_abs().to_string();
    let mark = words.pick(".", ",");
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push_str(mark);
        }
        out.push(digit);
    }
    out
}

fn devices(ask: &Ask, office: &OfficeLive, zone: Tz) -> Markup {
    let words = ask.words;
    let roster = &office.roster;
    let seen = |id: &str| {
        let counter = office
            .view
            .counters
            .iter()
            .find(|counter| counter.counter.as_str() == id);
        let lockbox = office
            .view
            .lockboxes
            .iter()
            .find(|lockbox| lockbox.lockbox.as_str() == id);
        counter
            .map(|counter| (counter.silent_since, counter.last_event))
            .or(lockbox.map(|lockbox| (lockbox.silent_since, lockbox.last_event)))
            .unwrap_or_default()
    };
    html! {
        section aria-labelledby="devices" {
            h2 #devices { (words.devices) }
            table.list role="table" {
                caption.unseen { (words.devices) }
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { (words.device) }
                    th scope="col" role="columnheader" { (words.connection) }
                    th scope="col" role="columnheader" { (words.connection_since) }
                    th scope="col" role="columnheader" { (words.last_event) }
                    th scope="col" role="columnheader" { (words.state) }
                } }
                tbody role="rowgroup" {
                    @for device in roster.counters.iter().chain(&roster.lockboxes) {
                        @let status = office.status(device.id.as_str());
                        @let (silent, last) = seen(device.id.as_str());
                        tr role="row" {
                            td.lead role="cell" {
                                @match device.slots {
                                    Some(_) => (shown::lockbox_name(words, &device.name)),
                                    None => (device.name),
                                }
                                " " code.nowrap { (device.id) }
                            }
                            td role="cell" data-label=(words.connection) {
                                @match status {
                                    Some(status) if status.online => span.dot.dot-on { (words.online) },
                                    Some(_) => span.dot.dot-off { (words.offline) },
                                    None => span.dot.dot-unknown { (words.connection_unknown) },
                                }
                            }
                            td role="cell" data-label=(words.connection_since) {
                                @match status {
                                    Some(status) => (page::time_on(status.at, ask.live.now, zone, words)),
                                    None => (words.none),
                                }
                            }
                            td role="cell" data-label=(words.last_event) {
                                @match last {
                                    Some(last) => (page::time_on(last, ask.live.now, zone, words)),
                                    None => (words.never_spoken),
                                }
                            }
                            td role="cell" data-label=(words.state) {
                                @match (silent, last) {
                                    (Some(since), _) => span.state.state-dead { (words.silent) " " (page::short_time(since, zone)) },
                                    (None, Some(_)) => span.state.state-sent { (words.listening) },
                                    (None, None) => span.soft { (words.none) },
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn policies(ask: &Ask, office: &OfficeLive) -> Markup {
    let words = ask.words;
    let tell = |tell: &Tell| letter::role(*tell, ask.language());
    html! {
        section aria-labelledby="policies" {
            h2 #policies { (words.policies) }
            table.list role="table" {
                caption.unseen { (words.policies) }
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { (words.policy) }
                    th scope="col" role="columnheader" { (words.class) }
                    th scope="col" role="columnheader" { (words.basis) }
                    th scope="col" role="columnheader" { (words.tells) }
                } }
                tbody role="rowgroup" {
                    @for policy in office.policies.iter() {
                        tr role="row" {
                            td.lead role="cell" { (shown::title(policy, ask.language())) div.soft { code { (policy.id) } @if !policy.enabled { " · " (words.not_in_force) } } }
                            td role="cell" data-label=(words.class) {
                                (page::class_mark(policy.class, policy.severity, words))
                                div.soft { (words.severity_name(policy.severity)) }
                            }
                            td role="cell" data-label=(words.basis) {
                                (policy.basis)
                                @if let Some(decision) = letter::decision(policy, ask.language()) {
                                    div.soft { (words.decision) ": " (decision) }
                                }
                            }
                            td role="cell" data-label=(words.tells) { (policy.notify.iter().map(tell).collect::<Vec<_>>().join(", ")) }
                        }
                    }
                }
            }
        }
    }
}
