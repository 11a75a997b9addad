//! The first page: the office as it is now, what needs somebody first.

use axum::extract::State;
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader, address};
use super::desk;
use super::fault::Fault;
use super::icons::{Icon, icon};
use super::page::{self, Tab};
use super::readiness;
use super::shown;
use super::traces::looked_at_list;
use crate::accounts::Role;
use crate::engine::policy::Class;
use crate::engine::roster::Device;
use crate::engine::time::Moment;
use crate::engine::view::{CounterView, Custody, LockboxView};
use crate::letter;
use crate::live::OfficeLive;
use crate::store::read::{IncidentFilter, IncidentWord};
use crate::store::rows::IncidentRow;

/// Open incidents read; with more than so many the office has other troubles than a list.
const OPEN_MAX: usize = 200;
/// Open incidents shown in full; the rest is behind a link.
const OPEN_SHOWN: usize = 6;

pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let words = ask.words;
    traced(&site, &ask, &reader);
    let Some(office) = ask.office() else {
        // An account without a role in an office, or a monitor that has none yet.
        let starting = site.live.borrow().offices.is_empty();
        let body = html! {
            (page::heading(words.today, None))
            p.notice {
                @if starting { (words.starting) } @else {
                    (words.pick(
                        "Akun Anda saat ini tidak berperan di kantor mana pun.",
                        "Your account has no role in an office at this time.",
                    ))
                }
            }
            @if ask.has_role(Role::Administrator) { p { a href="/users" { (words.pick("Akun", "Accounts")) " →" } } }
        };
        return Ok(page::shell(&ask, Tab::Today, words.today, starting, body));
    };
    let roster = &office.roster;
    let zone = roster.office.zone;
    let now = office.view.clock.unwrap_or(ask.live.now);
    let filter = IncidentFilter {
        office: Some(roster.office.id.to_string()),
        state: Some(IncidentWord::Open),
        ..IncidentFilter::default()
    };
    let mut open = site.store.incidents_page(&ask.scope(), &filter, None, OPEN_MAX).await?;
    // What is about people first, then what is most urgent; the newest of each first, as they came.
    open.sort_by_key(|incident| (class_rank(incident.class), std::cmp::Reverse(incident.severity)));
    let date = now.date(zone).to_string();
    let of_day = site
        .store
        .incidents_of_day(&ask.scope(), roster.office.id.as_str(), &date)
        .await?;
    let (troubles, _) = readiness::troubles(&site, &ask.live, zone).await;
    let troubles: Vec<&str> = troubles.iter().filter_map(|trouble| trouble.said(words)).collect();
    let of_day: i64 = of_day.iter().map(|(_, count)| count).sum();

    let mine = desk::section(&site, &ask, &reader, office).await?;
    let body = html! {
        div.heading.with-clock {
            div {
                h1 { (words.today) }
                p.under { (letter::clock::date(now, zone, ask.language())) " · " (roster.office.name) }
            }
            (clock(office, &ask))
        }
        @if ask.stale { p.notice.lost role="status" { (icon(Icon::Silent)) (words.stale) } }
        @if !troubles.is_empty() {
            p.notice.dead role="status" {
                (words.pick("Pemantauan terganggu: ", "Something is wrong with the monitor: ")) (troubles.join(", ")) ". "
                a href=(address("/health", page::office_pair(&ask))) { (words.health) " →" }
            }
        }
        @if site.settings.broker_anonymous { p.notice.dead { (words.broker_anonymous) } }
        @if office.view.emergency {
            p.notice.emergency role="status" {
                (icon(Icon::Alarm)) strong { (words.emergency_title) } " " (words.emergency_text)
            }
        }
        (mine)
        (sums(office, &ask, open.len(), of_day))
        section aria-labelledby="open" {
            div.section-head {
                h2 #open { (words.open_incidents) }
                a href=(address("/incidents", page::office_pair(&ask))) { (words.all_incidents) " →" }
            }
            @if open.is_empty() {
                p.calm { (icon(Icon::PhoneIn)) (words.no_open) }
            } @else {
                ul.alerts {
                    @for incident in open.iter().take(OPEN_SHOWN) { (alert(&ask, office, incident, now)) }
                }
                @if open.len() > OPEN_SHOWN {
                    @let more = address("/incidents", page::office_pair(&ask).into_iter().chain([("state", "open")]));
                    p.more { a href=(more) { (words.more_open) ": " (open.len() - OPEN_SHOWN) " →" } }
                }
            }
        }
        section aria-labelledby="counters" {
            h2 #counters { (words.counters) }
            ul.tiles {
                @for device in &roster.counters { (counter(&ask, office, device, &open, now)) }
            }
        }
        section aria-labelledby="lockboxes" {
            h2 #lockboxes { (words.lockboxes) }
            @if roster.lockboxes.is_empty() { p.calm { (words.no_lockboxes) } }
            ul.tiles {
                @for device in &roster.lockboxes { (lockbox(&ask, office, device, &open, now)) }
            }
        }
    };
    Ok(page::shell(&ask, Tab::Today, words.today, true, body))
}

fn class_rank(class: Class) -> u8 {
    match class {
        Class::Indication => 0,
        Class::Technical => 1,
        Class::Unverifiable => 2,
    }
}

fn clock(office: &OfficeLive, ask: &Ask) -> Markup {
    let words = ask.words;
    let zone = office.roster.office.zone;
    html! {
        div.clock {
            @match office.view.clock {
                Some(at) => {
                    p.clock-name title=(words.office_clock_hint) { (words.office_clock) }
                    p.clock-time { (page::time(at, zone)) " " span { (letter::zone_name(at, zone)) } }
                }
                None => p.clock-name { (words.no_events_yet) }
            }
            p.clock-updated {
                (words.updated) " " (page::time(ask.live.now, zone))
                @if let Some(last) = ask.live.last_event { " · " (words.last_event.to_lowercase()) " " (page::time(last, zone)) }
            }
        }
    }
}

fn sums(office: &OfficeLive, ask: &Ask, open: usize, of_day: i64) -> Markup {
    let words = ask.words;
    let view = &office.view;
    let speaking = || view.counters.iter().filter(|counter| counter.silent_since.is_none());
    let signed_in = view.counters.iter().filter(|counter| counter.session.is_some()).count();
    let serving = speaking().filter(|counter| counter.service.is_some()).count();
    let out = view
        .officers
        .iter()
        .filter(|officer| officer.custody == Custody::Out)
        .filter(|officer| {
            speaking().any(|counter| counter.session.as_ref().is_some_and(|(id, _)| *id == officer.officer))
        })
        .count();
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
    let total = office.roster.counters.len();
    let sums = [
        (open.to_string(), None, words.sum_open, open > 0, "sum-indication"),
        (of_day.to_string(), None, words.sum_today, false, ""),
        (serving.to_string(), Some(total), words.sum_serving, false, ""),
        (signed_in.to_string(), Some(total), words.sum_signed_in, false, ""),
        (out.to_string(), None, words.sum_out, out > 0, "sum-indication"),
        (silent.to_string(), None, words.sum_silent, silent > 0, "sum-technical"),
    ];
    html! {
        dl.sums aria-label=(words.at_a_glance) {
            @for (number, of, name, loud, tone) in sums {
                div class=(if loud { tone } else { "" }) {
                    dd { (number) @if let Some(of) = of { span { "/" (of) } } }
                    dt { (name) }
                }
            }
        }
    }
}

fn alert(ask: &Ask, office: &OfficeLive, incident: &IncidentRow, now: Moment) -> Markup {
    let words = ask.words;
    let (policy, _) = shown::policy_of(Some(office), incident);
    let sheet = shown::sheet(ask, incident, &policy, &[], &[]);
    let tone = page::class_tone(incident.class, incident.severity);
    html! {
        li.alert.(tone) {
            a #{ "i-" (incident.n) } href={ "/incidents/" (incident.n) } {
                div.alert-head {
                    (page::class_mark(incident.class, incident.severity, words))
                    span.alert-since {
                        (page::short_time(incident.since, office.roster.office.zone)) " · "
                        (page::about(now.ms_since(incident.since), ask.language()))
                    }
                }
                h3 { (shown::title(&policy, ask.language())) }
                @if let Some(sheet) = sheet { p { (sheet.fact) } }
            }
        }
    }
}

struct Look {
    class: &'static str,
    icon: Icon,
    name: &'static str,
}

/// That somebody watches the counters, who works there among it. This page alone is shown also while nothing can be written:
/// it says that.
fn traced(site: &Site, ask: &Ask, reader: &Reader) {
    if !ask.scope().sees_cases() {
        return;
    }
    let (site, ask, reader) = (site.clone(), ask.clone(), reader.clone());
    let counters = ask.office().map_or(0, |office| office.view.counters.len());
    tokio::spawn(async move {
        if let Err(fault) = looked_at_list(&site, &ask, &reader, "today", counters).await {
            tracing::debug!(?fault, "a look at the first page could not be traced");
        }
    });
}

fn look(ask: &Ask, counter: &CounterView, custody: Option<Custody>) -> Look {
    let words = ask.words;
    let out = custody == Some(Custody::Out);
    let (class, icon, name) = match (counter.silent_since, &counter.service, &counter.session) {
        (Some(_), _, _) => ("tile-silent", Icon::Silent, words.silent),
        (None, Some(_), None) => ("tile-strange", Icon::Serving, words.serving_nobody),
        (None, Some(_), Some(_)) if out => ("tile-serving tile-out", Icon::Serving, words.serving),
        (None, Some(_), Some(_)) => ("tile-serving", Icon::Serving, words.serving),
        (None, None, Some(_)) if counter.on_break => ("tile-break", Icon::Break, words.on_break),
        (None, None, Some(_)) => ("tile-ready", Icon::Ready, words.ready),
        (None, None, None) => ("tile-empty", Icon::Unattended, words.unattended),
    };
    Look { class, icon, name }
}

fn counter(ask: &Ask, office: &OfficeLive, device: &Device, open: &[IncidentRow], now: Moment) -> Markup {
    let words = ask.words;
    let zone = office.roster.office.zone;
    let seen = office.view.counters.iter().find(|counter| counter.counter == device.id);
    let absent = CounterView {
        counter: device.id.clone(),
        session: None,
        service: None,
        on_break: false,
        silent_since: None,
        last_event: None,
        apps: Vec::new(),
        usb: Vec::new(),
    };
    let counter = seen.unwrap_or(&absent);
    let officer = counter.session.as_ref().map(|(id, _)| id);
    let custody = officer.and_then(|id| office.view.officers.iter().find(|officer| officer.officer == *id));
    let look = look(ask, counter, custody.map(|officer| officer.custody));
    html! {
        li.tile.(look.class) {
            (tile_head(&device.name, look.icon, look.name))
            @if let Some(since) = counter.silent_since {
                p.tile-loud { (words.silent_since) " " (page::short_time(since, zone)) " " span.tile-soft { (words.for_so_long) " " (page::about(now.ms_since(since), ask.language())) } }
                @if officer.is_some() { p.tile-soft { (words.last_known) ":" } }
            }
            @match &counter.session {
                Some((id, since)) => {
                    p.who {
                        strong { (shown::officer_name(Some(office), id.as_str())) } " "
                        span.tile-id { (id) }
                    }
                    @match &counter.service {
                        Some(service) => p.when {
                            (words.service_since) " " (page::short_time(service.since, zone))
                            @if counter.silent_since.is_none() { " · " (page::about(now.ms_since(service.since), ask.language())) }
                        }
                        None => p.when { (words.signed_in_since) " " (page::short_time(*since, zone)) }
                    }
                }
                None => {
                    p.who.tile-soft { (words.nobody) }
                    @if let Some(service) = &counter.service {
                        p.when { (words.service_since) " " (page::short_time(service.since, zone)) " · " (page::about(now.ms_since(service.since), ask.language())) }
                    }
                }
            }
            @if let Some(officer) = custody {
                ul.flags {
                    li.(custody_tone(officer.custody)) { (icon(Icon::of_custody(officer.custody))) (words.custody(officer.custody)) }
                    @if !officer.shift { li.flag-soft { (words.off_shift) } }
                }
            }
            @if !counter.apps.is_empty() || !counter.usb.is_empty() {
                ul.flags {
                    @for app in &counter.apps {
                        @let messaging = app == "messaging";
                        li class=(if messaging { "flag-out" } else { "flag-soft" }) {
                            (icon(Icon::App))
                            @if messaging { (words.messaging_open) } @else { (words.app_open) ": " (app) }
                        }
                    }
                    @for class in &counter.usb { li.flag-out { (icon(Icon::Usb)) (words.usb_attached) ": " (class) } }
                }
            }
            @let mine = open.iter().filter(|incident| incident.counter.as_ref() == Some(&device.id)
                || (incident.counter.is_none() && incident.officer.is_some() && incident.officer.as_ref() == officer));
            (tile_foot(ask, office, device, counter.last_event, mine))
        }
    }
}

fn lockbox(ask: &Ask, office: &OfficeLive, device: &Device, open: &[IncidentRow], now: Moment) -> Markup {
    let words = ask.words;
    let zone = office.roster.office.zone;
    let seen = office
        .view
        .lockboxes
        .iter()
        .find(|lockbox| lockbox.lockbox == device.id);
    let absent = LockboxView {
        lockbox: device.id.clone(),
        silent_since: None,
        last_event: None,
    };
    let lockbox = seen.unwrap_or(&absent);
    let deposited = office
        .view
        .officers
        .iter()
        .filter(|officer| officer.custody == Custody::In && officer.lockbox.as_ref() == Some(&device.id))
        .count();
    let (class, sign, name) = match (lockbox.silent_since, lockbox.last_event) {
        (Some(_), _) => ("tile-silent", Icon::Silent, words.silent),
        (None, Some(_)) => ("tile-serving", Icon::PhoneIn, words.listening),
        (None, None) => ("tile-empty", Icon::Unattended, words.never_spoken),
    };
    html! {
        li.tile.(class) {
            (tile_head(&shown::lockbox_name(words, &device.name), sign, name))
            @if let Some(since) = lockbox.silent_since {
                p.tile-loud { (words.silent_since) " " (page::short_time(since, zone)) " " span.tile-soft { (words.for_so_long) " " (page::about(now.ms_since(since), ask.language())) } }
            } @else {
                p.who { strong { (deposited) } " " (words.phones_in) }
            }
            @if let Some(slots) = device.slots { p.when { (slots) " " (words.slots) } }
            (tile_foot(ask, office, device, lockbox.last_event, open.iter().filter(|incident| incident.lockbox.as_ref() == Some(&device.id))))
        }
    }
}

fn tile_head(name: &str, sign: Icon, state: &str) -> Markup {
    let short = letter::words::short_name(name);
    let rest = name.strip_prefix(short.as_str()).unwrap_or_default();
    let rest = rest
        .trim_start_matches([' ', '–', '—', '-', ':', '('])
        .trim_end_matches(')');
    html! {
        div.tile-head {
            h3 { (short) @if !rest.is_empty() { span { (rest) } } }
            span.tile-state { (icon(sign)) (state) }
        }
    }
}

fn custody_tone(custody: Custody) -> &'static str {
    match custody {
        Custody::In => "flag-in",
        Custody::Out => "flag-out",
        Custody::Unknown => "flag-unknown",
        Custody::NoneDeclared | Custody::Exempt => "flag-soft",
    }
}

fn tile_foot<'a>(
    ask: &Ask,
    office: &OfficeLive,
    device: &Device,
    last: Option<Moment>,
    open: impl Iterator<Item = &'a IncidentRow>,
) -> Markup {
    let words = ask.words;
    let zone = office.roster.office.zone;
    let (dot, connection) = match office.status(device.id.as_str()).map(|status| status.online) {
        Some(true) => ("dot-on", words.online),
        Some(false) => ("dot-off", words.offline),
        None => ("dot-unknown", words.connection_unknown),
    };
    html! {
        div.tile-foot {
            span.dot.(dot) { (connection) }
            @if let Some(last) = last { span title=(words.last_event) { (page::time(last, zone)) } }
            @for incident in open {
                a href={ "/incidents/" (incident.n) } { (words.incident) " #" (incident.n) }
            }
        }
    }
}
