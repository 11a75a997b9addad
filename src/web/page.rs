//! The frame around every page, and the small parts all pages share.

use chrono_tz::Tz;
use maud::{DOCTYPE, Markup, html};

use super::ask::{Ask, address};
use super::assets::VERSION;
use super::help;
use super::icons::{Icon, icon};
use super::nav;
pub use super::nav::Tab;
use super::posted::PROOF;
use super::reveal;
use super::words::Words;
use crate::engine::policy::{Class, Severity};
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::letter;
use crate::store::read::{IncidentWord, LetterState};

/// A page that shows what is going on comes again by itself after so many seconds, also without JavaScript.
const REFRESH_S: u32 = 10;

/// A whole page. One that is `live` comes again by itself.
pub fn shell(ask: &Ask, tab: Tab, title: &str, live: bool, body: Markup) -> Markup {
    let words = ask.words;
    let office = ask.office().map(|office| office.roster.office.name.as_str());
    html! {
        (DOCTYPE)
        html lang=(words.code) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · Jagaloket" }
                link rel="icon" type="image/svg+xml" href={ "/static/icon.svg?v=" (*VERSION) };
                link rel="stylesheet" href={ "/static/style.css?v=" (*VERSION) };
                @if live {
                    script src={ "/static/live.js?v=" (*VERSION) } defer {}
                    noscript { meta http-equiv="refresh" content=(REFRESH_S); }
                }
            }
            body class=[ask.who.is_none().then_some("outside")] {
                a.skip href="#content" { (words.skip) }
                header.top {
                    div.top-in {
                        @if ask.who.is_some() { (nav::button(ask)) }
                        a.brand href=(address("/", office_pair(ask))) {
                            img src={ "/static/icon.svg?v=" (*VERSION) } alt="" width="28" height="28";
                            span.brand-name { "Jagaloket" }
                        }
                        @if nav::is_open(ask, "/search") { (nav::search_box(ask)) }
                        @if let Some(who) = &ask.who {
                            div.whose {
                                a href="/account" title=(words.pick("Akun saya", "My account")) { (who.account.name) }
                                form method="post" action="/sign-out" {
                                    (proof(ask))
                                    button type="submit" { (words.pick("Keluar", "Sign out")) }
                                }
                            }
                        }
                        nav.languages aria-label=(words.language_menu) {
                            @for (code, short, name) in [("id", "ID", "Bahasa Indonesia"), ("en", "EN", "English")] {
                                a href=(ask.with("lang", code)) lang=(code) hreflang=(code) title=(name)
                                    aria-label={ (short) " – " (name) } aria-current=[(code == words.code).then_some("true")] { (short) }
                            }
                        }
                    }
                }
                div.frame {
                    @if ask.who.is_some() { (nav::menu(ask, tab)) }
                    div.page {
                        @if live {
                            p.notice.lost role="status" hidden data-lost { (icon(Icon::Silent)) (words.connection_lost) }
                        }
                        main #content tabindex="-1" {
                            @if ask.live.offices.len() > 1 {
                                nav.offices aria-label=(words.office_menu) {
                                    @for office in &ask.live.offices {
                                        @let id = office.roster.office.id.as_str();
                                        @let mine = ask.office().is_some_and(|mine| mine.roster.office.id.as_str() == id);
                                        a href=(ask.with("office", id)) aria-current=[mine.then_some("true")] { (office.roster.office.name) }
                                    }
                                }
                            }
                            (body)
                            @if live && tab != Tab::Today {
                                p.hint.renewed { (words.updated) " " (time(ask.live.now, ask.zone())) }
                            }
                            (reveal::note(ask))
                            (help::of(tab, words))
                        }
                        footer.foot {
                            p { (words.principle) }
                            p.foot-small { @if let Some(office) = office { (office) " · " } "Jagaloket " (env!("CARGO_PKG_VERSION")) }
                        }
                    }
                }
            }
        }
    }
}

/// What shows that a form is ours: every form that changes something carries it.
pub fn proof(ask: &Ask) -> Markup {
    html! { input type="hidden" name=(PROOF) value=(ask.form); }
}

/// A field of a form, with its name above it.
pub fn field(label: &str, input: Markup) -> Markup {
    html! { label { span { (label) } (input) } }
}

/// The office a reader chose goes with him.
pub fn office_pair(ask: &Ask) -> Option<(&str, &str)> {
    ask.param("office").map(|id| ("office", id))
}

/// A page's heading, with a line under it.
pub fn heading(title: &str, under: Option<&str>) -> Markup {
    html! {
        div.heading {
            h1 { (title) }
            @if let Some(under) = under { p.under { (under) } }
        }
    }
}

/// `10:02:10`, with the whole instant for machines and on hovering.
pub fn time(at: Moment, zone: Tz) -> Markup {
    let whole = at.rfc3339(zone);
    html! { time datetime=(whole) title=(whole) { (letter::clock::time(at, zone)) } }
}

/// `10:02`
pub fn short_time(at: Moment, zone: Tz) -> Markup {
    let whole = at.rfc3339(zone);
    html! { time datetime=(whole) title=(whole) { (letter::clock::short_time(at, zone)) } }
}

/// `24 Nov 10:02:10 WIB`; the date is left out on `day`.
pub fn time_on(at: Moment, day: Moment, zone: Tz, words: &Words) -> Markup {
    let whole = at.rfc3339(zone);
    html! {
        time datetime=(whole) title=(whole) {
            (letter::clock::time_on(at, day, zone, words.language)) " " (letter::zone_name(at, zone))
        }
    }
}

/// `8 menit`, `1 jam 4 menit`: whole minutes from one minute on, so that it does not flicker.
pub fn about(ms: i64, language: Language) -> String {
    let ms = ms.max(0);
    match ms >= 60_000 {
        true => letter::duration(ms - ms % 60_000, language),
        false => letter::duration(ms - ms % 1_000, language),
    }
}

/// The class of elements that carry the colours of a verdict's class.
pub fn class_tone(class: Class, severity: Severity) -> &'static str {
    match (class, severity) {
        (Class::Indication, _) => "tone-indication",
        (Class::Unverifiable, _) => "tone-unverifiable",
        (Class::Technical, Severity::Critical) => "tone-critical",
        (Class::Technical, _) => "tone-technical",
    }
}

pub fn class_mark(class: Class, severity: Severity, words: &Words) -> Markup {
    html! { span.mark.(class_tone(class, severity)) { (icon(Icon::of_class(class))) (words.class_name(class)) } }
}

pub fn incident_state(state: IncidentWord, words: &Words) -> Markup {
    let tone = match state {
        IncidentWord::Open => "state-open",
        IncidentWord::Ended => "state-ended",
        IncidentWord::Retracted => "state-withdrawn",
    };
    html! { span.state.(tone) { (words.incident_state(state)) } }
}

pub fn letter_state(state: LetterState, words: &Words) -> Markup {
    let tone = match state {
        LetterState::Waiting => "state-waiting",
        LetterState::Sent => "state-sent",
        LetterState::Dead => "state-dead",
    };
    html! { span.state.(tone) { (words.letter_state(state)) } }
}

/// Links to the next page and back to the first one, where there are such.
pub fn pager(ask: &Ask, key: &str, next: Option<String>) -> Markup {
    let words = ask.words;
    let first = ask.param(key).is_some();
    html! {
        @if first || next.is_some() {
            nav.pager aria-label=(words.next) {
                @if first { a href=(ask.with(key, "")) { "← " (words.newest) } }
                @if let Some(next) = next { a.pager-next href=(ask.with(key, &next)) rel="next" { (words.next) " →" } }
            }
        }
    }
}

/// A word and its value in a definition list.
pub fn fact(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// One choice of a form.
pub fn choice(name: &str, label: &str, ask: &Ask, all: &str, options: &[(String, String)]) -> Markup {
    let chosen = ask.param(name);
    html! {
        label { span { (label) }
            select name=(name) {
                option value="" { (all) }
                @for (value, text) in options {
                    option value=(value) selected[chosen == Some(value.as_str())] { (text) }
                }
            }
        }
    }
}
