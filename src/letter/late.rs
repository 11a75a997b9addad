//! One letter of many incidents that became known late: a line each.

use super::sheet::{self, Listing, Sheet, Tone};
use super::words::{self, Label};
use super::{Addressee, House, Matter, Rendered, Stretch, clock, html, text};
use crate::engine::policy::{Class, Head};
use crate::engine::roster::{Language, Roster};
use crate::store::rows::{IncidentRow, LetterKind};

/// So many lines fit into a mail; the dashboard has all of them.
const LINES_MAX: usize = 200;

/// An incident that the letter tells of.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    pub incident: &'a IncidentRow,
    pub policy: &'a Head,
    /// What stands, in order of time; never empty.
    pub stretches: &'a [Stretch],
}

/// Writes the letter to one person. `items` are never none.
pub fn render(items: &[Item<'_>], to: &Addressee<'_>, roster: &Roster, house: &House) -> Rendered {
    let language = to.language;
    let mut items = items.to_vec();
    items.sort_by_key(|item| (item.incident.since, item.incident.n));
    let count = items.len();
    let zone = roster.office.zone;
    let (first, last) = (items[0].incident.since, items[count - 1].incident.since);
    let dates = match (clock::date(first, zone, language), clock::date(last, zone, language)) {
        (one, other) if one == other => one,
        (one, other) => format!("{one} – {other}"),
    };
    let about_officer = items.iter().any(|item| item.incident.officer.is_some());
    // The class that says most of anybody sets the tone.
    let class = [Class::Indication, Class::Unverifiable, Class::Technical]
        .into_iter()
        .find(|class| items.iter().any(|item| item.incident.class == *class))
        .unwrap_or(Class::Technical);
    let counted = words::incidents(count, language);
    let lines = items
        .iter()
        .take(LINES_MAX)
        .map(|item| line(item, to, roster, house))
        .collect();
    let mut titles: Vec<String> = Vec::new();
    for item in &items {
        let title = sheet::title(item.policy, language);
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    let (caution, more) = words::caution(class, false, language);
    let (title, fact, steps) = words::known_late(&counted, language);
    let word = |name: Label| words::label(name, language).to_string();
    let sheet = Sheet {
        language,
        tone: match class {
            Class::Indication => Tone::Indication,
            Class::Unverifiable => Tone::Unverifiable,
            Class::Technical => Tone::Technical,
        },
        class: words::class(class, language).to_string(),
        state: words::state(LetterKind::Opened, false, false, language).to_string(),
        title,
        number: counted.clone(),
        greeting: words::greeting(to.name, language),
        news: Vec::new(),
        fact,
        rows: vec![
            (word(Label::Office), words::one_line(&roster.office.name)),
            (word(Label::Date), dates),
        ],
        stretches: Some(Listing {
            heading: words::label(Label::Incident, language).into(),
            lines,
            rest: (count > LINES_MAX).then(|| words::more_incidents(count - LINES_MAX, language)),
        }),
        evidence: None,
        checks: (word(Label::FollowUp), steps),
        caution: (caution.to_string(), more.to_string()),
        policy: (word(Label::Policy), titles.join("; ")),
        basis: None,
        decision: None,
        link: (
            words::all_incidents(language).to_string(),
            format!("{}/incidents", house.base_url.trim_end_matches('/')),
        ),
        capacity: words::capacity(to.role, about_officer, language).to_string(),
        automatic: words::automatic(language).to_string(),
    };
    Rendered {
        subject: words::subject_known_late(&counted, &roster.office.name, language),
        text: text::lay_out(&sheet),
        html: html::lay_out(&sheet),
    }
}

/// When, and what about whom.
fn line(item: &Item<'_>, to: &Addressee<'_>, roster: &Roster, house: &House) -> (String, String) {
    let language = to.language;
    let zone = roster.office.zone;
    let matter = Matter {
        kind: LetterKind::Opened,
        changes: &[],
        reason: None,
        incident: item.incident,
        policy: item.policy,
        roster,
        stretches: item.stretches,
        evidence: &[],
        to: to.clone(),
        house,
        now: item.incident.created,
    };
    let whole = match item.stretches {
        [first, .., last] => Stretch {
            until: last.until,
            ..first.clone()
        },
        [only] => only.clone(),
        [] => return (String::new(), String::new()),
    };
    let when = format!(
        "{} {}",
        clock::date(item.incident.since, zone, language),
        sheet::span(&matter, &whole)
    );
    let number = format!("#{}", item.incident.n);
    let title = sheet::title(item.policy, language);
    let officer = item.incident.officer.as_ref().map(|id| match language {
        Language::Id => format!("petugas {id}"),
        Language::En => format!("officer {id}"),
    });
    let counter = item.incident.counter.as_ref();
    let counter = counter.map(|id| words::short_name(&words::device_name(&roster.counters, id.as_str())));
    let lockbox = item.incident.lockbox.as_ref();
    let lockbox = lockbox.map(|id| words::lockbox(&words::device_name(&roster.lockboxes, id.as_str()), language));
    let about = [Some(title), officer, counter, lockbox, Some(number)];
    let about: Vec<String> = about.into_iter().flatten().collect();
    (when, words::one_line(&about.join(" · ")))
}
