//! Whether the monitor itself is well: broker, database, mail, ledger, devices, and the policies in force.

use axum::extract::State;
use chrono_tz::Tz;
use maud::{Markup, html};

use super::Site;
use super::ask::Ask;
use super::devices::Figures;
use super::fault::Fault;
use super::page::{self, Tab};
use super::words::Words;
use crate::engine::time::Moment;
use crate::letter;
use crate::live::{BrokerKind, BrokerState};
use crate::store::OutboxCounts;

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
        (honesty(&site, &ask, counts.as_ref().ok(), zone))
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
    };
    Ok(page::shell(&ask, Tab::Health, words.health, true, body))
}

/// One line of what the monitor can be held to.
struct Claim {
    name: &'static str,
    /// `None`: nothing was measured yet.
    well: Option<bool>,
    figure: String,
    /// How it is known.
    because: &'static str,
}

/// What is lost, late, not sent or not proven, each with how it is known.
fn honesty(site: &Site, ask: &Ask, counts: Option<&OutboxCounts>, zone: Tz) -> Markup {
    let words = ask.words;
    let (live, metrics) = (&ask.live, &site.metrics);
    let devices = Figures::of(live);
    let whole = |number: i64| grouped(number, words);
    let latency = |histogram: [Option<f64>; 2], count: u64| match histogram {
        [Some(middle), Some(most)] => format!(
            "p50 {}, p99 {} · {} {}",
            seconds(middle, words),
            seconds(most, words),
            grouped(count as i64, words),
            words.pick("diukur", "measured")
        ),
        _ => words.pick("belum ada yang diukur", "nothing measured yet").to_owned(),
    };
    let quantiles = [0.5, 0.99];
    let commit = quantiles.map(|share| metrics.commit_seconds.quantile(share));
    let mail = quantiles.map(|share| metrics.mail_seconds.quantile(share));
    let canary = quantiles.map(|share| metrics.canary_seconds.quantile(share));
    let (verified, broken) = (metrics.ledger_verified_ms.value(), metrics.ledger_broken_at.value());
    let ledger = match (verified, broken) {
        (0, _) => words
            .pick(
                "belum diperiksa sejak proses dimulai",
                "not verified since the process started",
            )
            .to_owned(),
        (at, 0) => format!(
            "{} {} · {}",
            words.pick("utuh sampai entri", "whole up to entry"),
            whole(metrics.ledger_verified_to.value()),
            letter::clock::time_on(Moment(at), live.now, zone, words.language)
        ),
        (_, entry) => format!(
            "{} {}",
            words.pick("TIDAK UTUH pada entri", "NOT WHOLE at entry"),
            whole(entry)
        ),
    };
    let lost = live.broker.sessions_lost as i64;
    let claims = [
        Claim {
            name: words.pick("Kejadian yang diterima lalu hilang", "Events acknowledged and lost"),
            well: Some(lost == 0),
            figure: match lost {
                0 => words.pick("tidak ada yang diketahui", "none known").to_owned(),
                lost => format!("{} {}", whole(lost), words.pick("sesi broker hilang", "sessions lost by the broker")),
            },
            because: words.pick(
                "Pengakuan baru dikirim setelah tersimpan di buku besar. Yang ditahan broker lalu hilang di sana tampak di sini.",
                "An acknowledgement leaves only after the ledger has it. What the broker held and lost is told here.",
            ),
        },
        Claim {
            name: words.gaps,
            well: Some(devices.gaps == 0),
            figure: format!("{} {}", devices.gaps, words.pick("celah nomor urut", "holes in sequences")),
            because: words.pick("Dari nomor urut perangkat.", "From the numbers devices give their events."),
        },
        Claim {
            name: words.pick("Jam yang meleset", "Clocks that are off"),
            well: Some(devices.clocks_poor == 0),
            figure: format!(
                "{} {}, {} {}",
                devices.clocks_off,
                words.pick("meleset", "off"),
                devices.clocks_poor,
                words.pick("tak dipercaya", "not believed")
            ),
            because: words.pick("Dari selisih waktu kirim dan waktu terima.", "From times of sending against times of receipt."),
        },
        Claim {
            name: words.pick("Diterima sampai diputuskan", "From receipt to decision"),
            well: commit[1].map(|most| most <= 1.0),
            figure: latency(commit, metrics.commit_seconds.count()),
            because: words.pick("Setiap pesan, sejak proses dimulai.", "Every message, since the process started."),
        },
        Claim {
            name: words.pick("Indikasi sampai suratnya diterima server", "From an indication to its mail being accepted"),
            well: mail[1].map(|most| most <= 60.0),
            figure: latency(mail, metrics.mail_seconds.count()),
            because: words.pick("Setiap surat pertama, sejak proses dimulai.", "Every first letter, since the process started."),
        },
        Claim {
            name: words.pick("Uji jalur (canary)", "Canary"),
            well: match metrics.canary_failed.value() {
                0 => canary[1].map(|_| true),
                _ => Some(false),
            },
            figure: latency(canary, metrics.canary_seconds.count()),
            because: words.pick(
                "Kejadian buatan melewati seluruh jalur sampai server surel; hanya bila [canary] diatur.",
                "A made-up event goes the whole way to the mail server; only where [canary] is set.",
            ),
        },
        Claim {
            name: words.pick("Surat yang dihentikan", "Letters given up"),
            well: counts.map(|counts| counts.dead == 0),
            figure: counts.map_or_else(|| words.none.to_owned(), |counts| whole(counts.dead)),
            because: words.pick("Tetap tampak sampai ditangani orang.", "They stay until somebody deals with them."),
        },
        Claim {
            name: words.pick("Pemeriksaan buku besar", "Check of the ledger"),
            well: (verified != 0).then_some(broken == 0),
            figure: ledger,
            because: words.pick(
                "Seluruh rantai sidik, sekali sehari; kapan saja dengan jagaloket ledger verify.",
                "The whole chain of fingerprints, once a day; at any time with jagaloket ledger verify.",
            ),
        },
    ];
    html! {
        section aria-labelledby="honesty" {
            h2 #honesty { (words.pick("Yang dapat dipegang", "What it can be held to")) }
            table.list role="table" {
                caption.unseen { (words.pick("Yang dapat dipegang", "What it can be held to")) }
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { (words.pick("Hal", "Matter")) }
                    th scope="col" role="columnheader" { (words.state) }
                    th scope="col" role="columnheader" { (words.pick("Angka", "Figure")) }
                    th scope="col" role="columnheader" { (words.pick("Dari mana diketahui", "How it is known")) }
                } }
                tbody role="rowgroup" {
                    @for claim in &claims {
                        tr role="row" {
                            td.lead role="cell" { (claim.name) }
                            td role="cell" data-label=(words.state) {
                                @match claim.well {
                                    Some(true) => span.state.state-sent { (words.good) },
                                    Some(false) => span.state.state-dead { (words.trouble) },
                                    None => span.state { (words.pick("Belum diketahui", "Not known yet")) },
                                }
                            }
                            td role="cell" data-label=(words.pick("Angka", "Figure")) { (claim.figure) }
                            td.soft role="cell" data-label=(words.pick("Dari mana diketahui", "How it is known")) { (claim.because) }
                        }
                    }
                }
            }
        }
    }
}

/// `≤ 5 ms`, `≤ 2,5 detik`, `> 10 detik`
fn seconds(bound: f64, words: &Words) -> String {
    if bound.is_infinite() {
        return words.pick("di luar ukuran", "beyond the scale").to_owned();
    }
    match bound < 1.0 {
        true => format!("≤ {} ms", (bound * 1_000.0 * 10.0).round() / 10.0),
        false => format!("≤ {bound} {}", words.pick("detik", "s")),
    }
    .replace('.', words.pick(",", "."))
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
