//! Whether the monitor itself is well: broker, database, mail, ledger, devices, and the policies in force.

use axum::extract::State;
use maud::{Markup, html};

use super::Site;
use super::ask::Ask;
use super::devices;
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
    let open = site.store.open_corrections().await.unwrap_or_default();
    let (in_time, waiting, more) = super::corrections::health(&open, &ask.scope(), live.now, words);
    let parts = [
        Part {
            name: words.pick("Permintaan perbaikan data", "Requests for correction"),
            well: in_time,
            state: waiting,
            more,
        },
        Part {
            name: words.broker,
            well: live.broker.state == BrokerState::Connected && !site.settings.broker_anonymous,
            state: broker_state.into(),
            more: html! {
                p { (broker_kind) ", " (words.since.to_lowercase()) " " (moment(live.broker.since)) }
                @if let BrokerState::Lost(why) = &live.broker.state { p lang="en" { (why) } }
                @if live.broker.sessions_lost > 0 {
                    p { (words.sessions_lost) ": " (live.broker.sessions_lost) ". " (words.sessions_lost_hint) }
                    @for at in live.broker.sessions_lost_at.iter().rev() { p { (words.noticed) " " (moment(*at)) } }
                }
                @if site.settings.broker_anonymous { p { (words.broker_anonymous) } }
            },
        },
        Part {
            name: words.database,
            well: head.is_ok() && live.unwritten.is_none(),
            state: match (&head, &live.unwritten) {
                (Ok(_), None) => words.answers,
                (Ok(_), Some(_)) => words.trouble,
                (Err(_), _) => words.answers_not,
            }
            .into(),
            more: match &head {
                Ok(head) => html! {
                    p { (grouped(head.n, words)) " " (words.entries) }
                    @if let last @ 1.. = site.metrics.retention_last_ms.value() { p { (words.let_go) ": " (moment(Moment(last))) } }
                    @if let Some(unwritten) = &live.unwritten {
                        p { (words.since) " " (moment(unwritten.since)) }
                        p lang="en" { (unwritten.why) }
                    }
                },
                Err(error) => html! { p lang="en" { (error) } },
            },
        },
        Part {
            name: words.monitor,
            well: !ask.stale && live.clock_doubt.is_none(),
            state: if ask.stale || live.clock_doubt.is_some() {
                words.trouble
            } else {
                words.good
            }
            .into(),
            more: html! {
                @if let Some(doubt) = live.clock_doubt {
                    p { (words.clock_doubt) ": " (moment(doubt.said)) ". " (words.clock_doubt_hint) " " (moment(doubt.held)) }
                }
                p { (words.running_since) " " (moment(live.started)) }
                p { (words.last_event) ": " @match live.last_event { Some(at) => (moment(at)), None => (words.no_event) } }
            },
        },
        Part {
            name: words.mail,
            well: counts.as_ref().is_ok_and(|counts| counts.dead == 0)
                && site.metrics.canary_failed.value() == 0
                && waited_ms <= site.settings.unsent_max_ms,
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
                @if site.metrics.canary_failed.value() > 0 {
                    p { (words.pick(
                        "Uji jalur gagal: surat mungkin tidak sampai kepada orang.",
                        "The canary's mail was not accepted: mails may not reach people.",
                    )) }
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
                // A fault of a roster may name people.
                @if ask.scope().payloads { pre.payload lang="en" tabindex="0" { (refusal.faults) } }
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
            (devices::table(&ask, office, zone))
            (devices::missing(&ask, office, zone))
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
