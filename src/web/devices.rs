//! Devices: their clocks, and which of their events are missing, for people and for programs.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use maud::{Markup, html};
use serde_json::json;

use super::Site;
use super::ask::Ask;
use super::export;
use super::fault::Fault;
use super::page::{self, Tab};
use super::shown;
use super::words::Words;
use crate::engine::event::Trust;
use crate::engine::time::Moment;
use crate::gaps::Gap;
use crate::letter;
use crate::live::{Live, OfficeLive};
use crate::skew::{ClockShown, OFF_MS};
use crate::store::Topic;
use crate::telemetry::Exposition;

/// More holes than this a page does not list; the API does.
const LISTED_MAX: usize = 100;
/// A clock that is off by less is as right as can be measured.
const RIGHT_MS: i64 = 2_000;

/// `GET /devices`: nobody's name stands here.
pub async fn show(State(site): State<Site>, ask: Ask) -> Result<Markup, Fault> {
    let words = ask.words;
    let topics = site.store.quarantined_topics(&ask.scope()).await?;
    let may_see = !ask.scope().topics().is_empty();
    let body = html! {
        @match ask.office() {
            None => {
                (page::heading(words.devices, None))
                p.calm { (words.starting) }
            }
            Some(office) => {
                (page::heading(words.devices, Some(&office.roster.office.name)))
                (sums(office, words))
                (export::links(&ask, "/devices/export"))
                (table(&ask, office, office.roster.office.zone, &refused(office, &topics), may_see))
                (missing(&ask, office, office.roster.office.zone))
            }
        }
    };
    Ok(page::shell(&ask, Tab::Devices, words.devices, true, body))
}

/// Since when a device is silent, and its last event.
pub fn seen(office: &OfficeLive, id: &str) -> (Option<Moment>, Option<Moment>) {
    let (counters, lockboxes) = (&office.view.counters, &office.view.lockboxes);
    let counter = counters.iter().find(|counter| counter.counter.as_str() == id);
    let lockbox = lockboxes.iter().find(|lockbox| lockbox.lockbox.as_str() == id);
    counter
        .map(|counter| (counter.silent_since, counter.last_event))
        .or(lockbox.map(|lockbox| (lockbox.silent_since, lockbox.last_event)))
        .unwrap_or_default()
}

/// How many messages under each device's topic are in quarantine; what came under others is nobody's.
fn refused<'a>(office: &OfficeLive, topics: &'a [Topic]) -> BTreeMap<&'a str, i64> {
    let prefix = format!("jagaloket/v1/{}/", office.roster.office.id);
    let device = |topic: &'a Topic| Some(topic.topic.strip_prefix(&prefix)?.split_once('/')?.0);
    let mut counts = BTreeMap::new();
    for (device, kept) in topics.iter().filter_map(|topic| Some((device(topic)?, topic.kept))) {
        *counts.entry(device).or_default() += kept;
    }
    counts
}

fn sums(office: &OfficeLive, words: &Words) -> Markup {
    let view = &office.view;
    let silent = view
        .counters
        .iter()
        .filter(|counter| counter.silent_since.is_some())
        .count()
        + view
            .lockboxes
            .iter()
            .filter(|lockbox| lockbox.silent_since.is_some())
            .count();
    let figures = [
        (office.roster.device_ids().count(), words.devices, ""),
        (
            office.statuses.iter().filter(|status| status.online).count(),
            words.online,
            "",
        ),
        (silent, words.sum_silent, "sum-technical"),
        (open(office), words.gaps, "sum-technical"),
        (
            office.clocks.iter().filter(|clock| clock.marked.is_some()).count(),
            words.pick("jam meleset", "clocks off"),
            "sum-technical",
        ),
    ];
    html! {
        dl.sums {
            @for (number, name, tone) in figures {
                div class=(if number > 0 { tone } else { "" }) { dt { (name) } dd { (number) } }
            }
        }
    }
}

/// Every device of the office: its connection, its last event, its clock, and what of it could not be accepted.
fn table(ask: &Ask, office: &OfficeLive, zone: Tz, refused: &BTreeMap<&str, i64>, quarantine: bool) -> Markup {
    let words = ask.words;
    let roster = &office.roster;
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
                    th scope="col" role="columnheader" { (words.device_clock) }
                    @if quarantine { th scope="col" role="columnheader" { (words.quarantine) } }
                    th scope="col" role="columnheader" { (words.state) }
                } }
                tbody role="rowgroup" {
                    @for device in roster.counters.iter().chain(&roster.lockboxes) {
                        @let status = office.status(device.id.as_str());
                        @let (silent, last) = seen(office, device.id.as_str());
                        tr role="row" {
                            td.lead id={ "device-" (device.id) } role="cell" {
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
                            td role="cell" data-label=(words.device_clock) { (clock(ask, office, device.id.as_str(), zone)) }
                            @if quarantine {
                                td role="cell" data-label=(words.quarantine) {
                                    @match refused.get(device.id.as_str()) {
                                        Some(count) => a href="/quarantine" { (count) },
                                        None => span.soft { "0" },
                                    }
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

/// What is known of a device's clock.
fn clock(ask: &Ask, office: &OfficeLive, device: &str, zone: Tz) -> Markup {
    let words = ask.words;
    let Some(clock) = office.clocks.iter().find(|clock| clock.device.as_str() == device) else {
        return html! { span.soft { (words.none) } };
    };
    html! {
        @match clock.offset_ms {
            Some(offset_ms) => (offset(offset_ms, words)),
            None if clock.marked.is_none() => span.soft { (words.none) },
            None => {}
        }
        @if let Some((trust, since)) = clock.marked {
            " "
            @match trust {
                Trust::Corrected => span.state.state-waiting { (words.clock_corrected) },
                Trust::Poor => span.state.state-dead { (words.clock_poor) },
            }
            " " span.soft { (words.since.to_lowercase()) " " (page::short_time(since, zone)) }
        }
    }
}

fn offset(offset_ms: i64, words: &Words) -> Markup {
    let length = letter::duration(offset_ms.abs() - offset_ms.abs() % 1_000, words.language);
    match offset_ms {
        ms if ms.abs() <= RIGHT_MS => html! { (words.clock_right) },
        1.. => html! { (length) " " (words.clock_behind) },
        _ => html! { (length) " " (words.clock_ahead) },
    }
}

/// Events that are missing, and holes that were filled within a day.
fn missing(ask: &Ask, office: &OfficeLive, zone: Tz) -> Markup {
    let words = ask.words;
    html! {
        section aria-labelledby="gaps" {
            h2 #gaps { (words.gaps) }
            p.hint { (words.gaps_hint) }
            @if office.gaps.is_empty() {
                p { (words.gaps_none) }
            } @else {
                table.list role="table" {
                    caption.unseen { (words.gaps) }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.device) }
                        th scope="col" role="columnheader" { (words.gap_numbers) }
                        th scope="col" role="columnheader" { (words.since) }
                        th scope="col" role="columnheader" { (words.state) }
                    } }
                    tbody role="rowgroup" {
                        @for gap in office.gaps.iter().take(LISTED_MAX) {
                            tr role="row" {
                                td.lead role="cell" {
                                    (shown::device(words, Some(office), gap.device.as_str())) " " code.nowrap { (gap.device) }
                                }
                                td role="cell" data-label=(words.gap_numbers) {
                                    (numbers(gap)) div.soft { (words.gap_boot) " " code.break { (gap.boot) } }
                                }
                                td role="cell" data-label=(words.since) { (page::time_on(gap.since, ask.live.now, zone, words)) }
                                td role="cell" data-label=(words.state) {
                                    @match gap.filled {
                                        None => span.state.state-dead { (words.gap_open) },
                                        Some(at) => { span.state.state-sent { (words.gap_filled) } " " (page::short_time(at, zone)) },
                                    }
                                }
                            }
                        }
                    }
                }
                @if office.gaps.len() > LISTED_MAX { p.hint { (words.gaps_more) " " code { "/api/v1/gaps" } } }
            }
        }
    }
}

fn numbers(gap: &Gap) -> String {
    match gap.first == gap.last {
        true => gap.first.to_string(),
        false => format!("{}–{}", gap.first, gap.last),
    }
}

/// `GET /api/v1/gaps`: what is missing, or was within a day. Sequence numbers are texts, as devices send them.
pub async fn gaps(ask: Ask) -> Response {
    let mut list = Vec::new();
    for office in &ask.live.offices {
        let zone = office.roster.office.zone;
        list.extend(office.gaps.iter().map(|gap| {
            json!({
                "kind": "sequence",
                "office": office.roster.office.id,
                "device": gap.device,
                "bootid": gap.boot,
                "first": gap.first.to_string(),
                "last": gap.last.to_string(),
                "since": gap.since.rfc3339(zone),
                "filled": gap.filled.map(|at| at.rfc3339(zone)),
            })
        }));
    }
    // What the broker held for us and lost: of which devices, nobody knows, and devices need not send it again.
    list.extend(ask.live.broker.sessions_lost_at.iter().map(|at| {
        json!({
            "kind": "broker_session",
            "office": null,
            "device": null,
            "bootid": null,
            "first": null,
            "last": null,
            "since": at.rfc3339(ask.zone()),
            "filled": null,
        })
    }));
    axum::Json(list).into_response()
}

/// `GET /api/v1/clocks`: what is known of every device's clock.
pub async fn clocks(ask: Ask) -> Response {
    let mut list = Vec::new();
    for office in &ask.live.offices {
        let zone = office.roster.office.zone;
        list.extend(office.clocks.iter().map(|clock| {
            let times = match clock.marked {
                None => "as_told",
                Some((Trust::Corrected, _)) => "corrected",
                Some((Trust::Poor, _)) => "poor",
            };
            json!({
                "office": office.roster.office.id,
                "device": clock.device,
                "offset_seconds": clock.offset_ms.map(|ms| ms as f64 / 1e3),
                "times": times,
                "since": clock.marked.map(|(_, since)| since.rfc3339(zone)),
            })
        }));
    }
    axum::Json(list).into_response()
}

/// How many holes there are, how many clocks are off, and of how many the times are poor.
pub struct Figures {
    pub gaps: usize,
    pub clocks_off: usize,
    pub clocks_poor: usize,
}

impl Figures {
    pub fn of(live: &Live) -> Figures {
        let clocks = || live.offices.iter().flat_map(|office| office.clocks.iter());
        Figures {
            gaps: live.offices.iter().map(open).sum(),
            clocks_off: clocks().filter(|clock| clock.marked.is_some()).count(),
            clocks_poor: clocks().filter(|clock| is_poor(clock)).count(),
        }
    }
}

fn open(office: &OfficeLive) -> usize {
    office.gaps.iter().filter(|gap| gap.filled.is_none()).count()
}

fn is_poor(clock: &ClockShown) -> bool {
    clock.marked.is_some_and(|(trust, _)| trust == Trust::Poor)
}

/// Its name, what it says, and its value of an office.
type Gauge = (&'static str, &'static str, fn(&OfficeLive) -> f64);

/// The same for Prometheus; offsets only of clocks that are off, so that there are few.
pub fn metrics(live: &Live, out: &mut Exposition) {
    let doubt = live.clock_doubt.is_some();
    out.gauge(
        "jagaloket_clock_doubted",
        "1 while the machine's own clock is not believed.",
        f64::from(u8::from(doubt)),
    );
    let gauges: [Gauge; 3] = [
        (
            "jagaloket_sequence_gaps",
            "Holes in the sequences of devices, by office.",
            |office| open(office) as f64,
        ),
        (
            "jagaloket_events_missing",
            "Events that are missing in them, by office.",
            |office| {
                let holes = office.gaps.iter().filter(|gap| gap.filled.is_none());
                holes.map(|gap| gap.events() as f64).sum()
            },
        ),
        (
            "jagaloket_devices_poor_clock",
            "Devices whose times are those of receipt, by office.",
            |office| office.clocks.iter().filter(|clock| is_poor(clock)).count() as f64,
        ),
    ];
    for (name, help, value) in gauges {
        out.head(name, "gauge", help);
        for office in &live.offices {
            out.sample(name, &[("office", office.roster.office.id.as_str())], value(office));
        }
    }
    let name = "jagaloket_device_clock_offset_seconds";
    out.head(
        name,
        "gauge",
        "How far a device's clock is behind the monitor's, of those that are off by more than 30 seconds.",
    );
    for office in &live.offices {
        for clock in office.clocks.iter() {
            if let Some(offset_ms) = clock.offset_ms.filter(|ms| ms.abs() > OFF_MS) {
                let labels = [
                    ("office", office.roster.office.id.as_str()),
                    ("device", clock.device.as_str()),
                ];
                out.sample(name, &labels, offset_ms as f64 / 1e3);
            }
        }
    }
}
