//! The digest: what could wait, of several incidents, in one letter.

use super::bulletin::{self, Bulletin, Item, Section};
use super::sheet::Tone;
use super::{House, Rendered, clock, words};
use crate::engine::policy::{Class, Head};
use crate::engine::roster::Language::{En, Id};
use crate::engine::roster::{Person, Roster};
use crate::engine::time::Moment;
use crate::store::rows::IncidentRow;

/// One incident of a digest.
pub struct Line<'a> {
    pub incident: &'a IncidentRow,
    pub policy: Option<&'a Head>,
    /// Told of for the first time.
    pub first: bool,
    /// What people decided, in the words of `words::stage`.
    pub stage: Option<&'a str>,
}

pub struct Digest<'a> {
    pub to: &'a Person,
    pub roster: &'a Roster,
    pub house: &'a House,
    pub lines: &'a [Line<'a>],
    pub now: Moment,
}

pub fn render(digest: &Digest<'_>) -> Rendered {
    let language = digest.to.language;
    let zone = digest.roster.office.zone;
    let (time, name) = (clock::short_time(digest.now, zone), clock::zone_name(digest.now, zone));
    let date = clock::date(digest.now, zone, language);
    let count = digest.lines.len();
    let (label, lead, fresh, known) = match language {
        Id => (
            "Ringkasan",
            format!("{count} insiden yang tidak mendesak, dikumpulkan dalam satu pemberitahuan."),
            "Baru",
            "Perkembangan",
        ),
        En if count == 1 => ("Digest", "One incident that could wait.".to_owned(), "New", "News"),
        En => (
            "Digest",
            format!("{count} incidents that could wait, in one notice."),
            "New",
            "News",
        ),
    };
    let section = |heading: &str, first: bool| {
        let items: Vec<Item> = digest
            .lines
            .iter()
            .filter(|line| line.first == first)
            .map(|line| item(line, digest))
            .collect();
        (!items.is_empty()).then(|| Section {
            heading: heading.to_owned(),
            items,
            rows: Vec::new(),
        })
    };
    let (caution, more) = words::caution(Class::Indication, false, language);
    let bulletin = Bulletin {
        language,
        tone: Tone::Unverifiable,
        label: label.to_owned(),
        state: format!("{time} {name}"),
        title: date.clone(),
        greeting: words::greeting(Some(&digest.to.name), language),
        lead,
        sections: [section(fresh, true), section(known, false)]
            .into_iter()
            .flatten()
            .collect(),
        caution: (caution.to_owned(), more.to_owned()),
        link: (
            match language {
                Id => "Buka dasbor",
                En => "Open the dashboard",
            }
            .to_owned(),
            format!("{}/incidents", digest.house.base_url.trim_end_matches('/')),
        ),
        capacity: words::capacity(Some(digest.to.role), true, language).to_owned(),
        automatic: words::automatic(language).to_owned(),
    };
    Rendered {
        subject: format!("[Jagaloket] {label} {time} {name} · {date}"),
        text: bulletin::text(&bulletin),
        html: bulletin::html(&bulletin),
    }
}

fn item(line: &Line<'_>, digest: &Digest<'_>) -> Item {
    let language = digest.to.language;
    let zone = digest.roster.office.zone;
    let incident = line.incident;
    let title = match (line.policy, language) {
        (Some(head), Id) => head.title.id.as_str(),
        (Some(head), En) => head.title.en.as_str(),
        (None, _) => incident.policy.as_str(),
    };
    let officer = incident.officer.as_ref().map(|id| match language {
        Id => format!("petugas {id}"),
        En => format!("officer {id}"),
    });
    let place = match (&incident.counter, &incident.lockbox) {
        (Some(counter), _) => Some(words::short_name(&words::device_name(
            &digest.roster.counters,
            counter.as_str(),
        ))),
        (None, Some(id)) => Some(words::lockbox(
            &words::device_name(&digest.roster.lockboxes, id.as_str()),
            language,
        )),
        (None, None) => None,
    };
    let (_, when) = clock::when(incident.since, incident.until, zone, language);
    let stage = line.stage.map(|stage| words_of(stage, language).to_owned());
    let more: Vec<String> = [place, officer, Some(when), stage].into_iter().flatten().collect();
    Item {
        what: words::one_line(&format!(
            "#{} · {} · {title}",
            incident.n,
            words::class(incident.class, language)
        )),
        more: words::one_line(&more.join(" · ")),
        link: Some(format!(
            "{}/incidents/{}",
            digest.house.base_url.trim_end_matches('/'),
            incident.n
        )),
    }
}

/// What people made of it.
pub fn words_of(stage: &str, language: crate::engine::roster::Language) -> &str {
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
