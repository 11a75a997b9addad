//! One letter of several incidents: what could wait for a digest, and what was over before anybody could be told.

use super::bulletin::{self, Bulletin, Item, Section};
use super::sheet::{self, Tone};
use super::words;
use super::{Addressee, House, Rendered, clock};
use crate::engine::policy::{Class, Head};
use crate::engine::roster::Language::{self, En, Id};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::store::rows::IncidentRow;

/// So many stand in a mail; the dashboard has all of them.
const LINES_MAX: usize = 200;

/// Why several are told of in one letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// They could wait until then.
    Digest(Moment),
    /// They were over before anybody could be told.
    KnownLate,
}

/// One incident of such a letter.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub incident: &'a IncidentRow,
    pub policy: Option<&'a Head>,
    /// Told of for the first time.
    pub first: bool,
    /// What people decided, in the words of `words_of`.
    pub stage: Option<&'a str>,
}

pub struct Several<'a> {
    pub occasion: Occasion,
    pub to: Addressee<'a>,
    pub roster: &'a Roster,
    pub house: &'a House,
    /// Never none.
    pub lines: &'a [Line<'a>],
}

pub fn render(several: &Several<'_>) -> Rendered {
    let language = several.to.language;
    let (roster, zone) = (several.roster, several.roster.office.zone);
    let mut lines = several.lines.to_vec();
    lines.sort_by_key(|line| (line.incident.since, line.incident.n));
    let count = lines.len();
    let counted = words::incidents(count, language);
    let shown = &lines[..count.min(LINES_MAX)];
    let late = several.occasion == Occasion::KnownLate;
    let section = |heading: &str, first: bool| {
        let items: Vec<Item> = shown
            .iter()
            .filter(|line| line.first == first)
            .map(|line| item(line, several))
            .collect();
        (!items.is_empty()).then(|| Section {
            heading: heading.to_owned(),
            items,
            rows: Vec::new(),
            steps: Vec::new(),
        })
    };
    let (fresh, known) = match language {
        Id => ("Baru", "Perkembangan"),
        En => ("New", "News"),
    };
    let fresh = if late {
        words::label(words::Label::Incident, language)
    } else {
        fresh
    };
    let mut sections: Vec<Section> = [section(fresh, true), section(known, false)]
        .into_iter()
        .flatten()
        .collect();
    if let Some(last) = sections.last_mut().filter(|_| count > LINES_MAX) {
        last.rows
            .push(("…".into(), words::more_incidents(count - LINES_MAX, language)));
    }
    // The class that says most of anybody says how careful to be.
    let is_of = |class: &Class| lines.iter().any(|line| line.incident.class == *class);
    let class = [Class::Indication, Class::Unverifiable, Class::Technical]
        .into_iter()
        .find(is_of);
    let class = class.unwrap_or(Class::Technical);
    let (caution, more) = words::caution(class, false, language);
    let office = words::one_line(&roster.office.name);
    let (label, state, title, lead, subject) = match several.occasion {
        Occasion::Digest(at) => {
            let time = format!("{} {}", clock::short_time(at, zone), clock::zone_name(at, zone));
            let date = clock::date(at, zone, language);
            let (label, lead) = match (language, count) {
                (Id, _) => (
                    "Ringkasan",
                    format!("{count} insiden yang tidak mendesak, dikumpulkan dalam satu pemberitahuan."),
                ),
                (En, 1) => ("Digest", "One incident that could wait.".to_owned()),
                (En, _) => ("Digest", format!("{count} incidents that could wait, in one notice.")),
            };
            let subject = format!("[Jagaloket] {label} {time} · {date}");
            (label.to_owned(), time, date, lead, subject)
        }
        Occasion::KnownLate => {
            let (title, lead, steps) = words::known_late(&counted, language);
            sections.push(Section {
                heading: words::label(words::Label::FollowUp, language).to_owned(),
                items: Vec::new(),
                rows: Vec::new(),
                steps,
            });
            let subject = words::subject_known_late(&counted, &office, language);
            let state = words::state(crate::store::rows::LetterKind::Opened, false, false, language);
            (
                words::class(class, language).to_owned(),
                state.to_owned(),
                title,
                lead,
                subject,
            )
        }
    };
    let about_officer = lines.iter().any(|line| line.incident.officer.is_some());
    let bulletin = Bulletin {
        language,
        tone: match (several.occasion, class) {
            (Occasion::Digest(_), _) => Tone::Unverifiable,
            (_, Class::Indication) => Tone::Indication,
            (_, Class::Unverifiable) => Tone::Unverifiable,
            (_, Class::Technical) => Tone::Technical,
        },
        label,
        state,
        title,
        around: several.house.wording.around(roster, several.to.name, language),
        lead,
        sections,
        caution: (caution.to_owned(), more.to_owned()),
        link: (
            words::all_incidents(language).to_owned(),
            format!("{}/incidents", several.house.base_url.trim_end_matches('/')),
        ),
        capacity: words::capacity(several.to.role, about_officer, language).to_owned(),
        automatic: words::automatic(language).to_owned(),
    };
    Rendered {
        subject,
        text: bulletin::text(&bulletin),
        html: bulletin::html(&bulletin),
    }
}

fn item(line: &Line<'_>, several: &Several<'_>) -> Item {
    let (language, roster) = (several.to.language, several.roster);
    let (incident, zone) = (line.incident, roster.office.zone);
    let title = line
        .policy
        .map_or_else(|| incident.policy.to_string(), |head| sheet::title(head, language));
    let officer = incident.officer.as_ref().map(|id| match language {
        Id => format!("petugas {id}"),
        En => format!("officer {id}"),
    });
    let counter = incident.counter.as_ref();
    let counter = counter.map(|id| words::short_name(&words::device_name(&roster.counters, id.as_str())));
    let lockbox = incident.lockbox.as_ref();
    let lockbox = lockbox.map(|id| words::lockbox(&words::device_name(&roster.lockboxes, id.as_str()), language));
    let (_, when) = clock::when(incident.since, incident.until, zone, language);
    let date = match several.occasion {
        // On the day of the digest the time says enough.
        Occasion::Digest(at) if at.date(zone) == incident.since.date(zone) => None,
        _ => Some(clock::date(incident.since, zone, language)),
    };
    let when = [date, Some(when)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let stage = line.stage.map(|stage| words_of(stage, language).to_owned());
    let more: Vec<String> = [counter, lockbox, officer, Some(when), stage]
        .into_iter()
        .flatten()
        .collect();
    Item {
        what: words::one_line(&format!(
            "#{} · {} · {title}",
            incident.n,
            words::class(incident.class, language)
        )),
        more: words::one_line(&more.join(" · ")),
        link: Some(format!(
            "{}/incidents/{}",
            several.house.base_url.trim_end_matches('/'),
            incident.n
        )),
    }
}

/// What people made of it.
fn words_of(stage: &str, language: Language) -> &str {
    match (stage, language) {
        ("dismissing", Id) => "diusulkan dikesampingkan",
        ("dismissing", En) => "proposed to be dismissed",
        ("dismissed", Id) => "dikesampingkan",
        ("dismissed", En) => "dismissed",
        ("finding", Id) => "temuan",
        ("finding", En) => "finding",
        ("examination", Id) => "dalam pemeriksaan",
        ("examination", En) => "being examined",
        ("proven", Id) => "terbukti",
        ("proven", En) => "proven",
        ("not_proven", Id) => "tidak terbukti",
        ("not_proven", En) => "not proven",
        ("closed", Id) => "ditutup",
        ("closed", En) => "closed",
        ("withdrawn", Id) => "ditarik kembali",
        ("withdrawn", En) => "withdrawn",
        (_, Id) => "belum diputuskan",
        (_, En) => "not decided yet",
    }
}
