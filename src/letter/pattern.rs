//! The letter that says that something repeats: for the head of the office and the integrity team.

use super::bulletin::{self, Bulletin, Item, Section};
use super::sheet::Tone;
use super::{House, Rendered, clock, words};
use crate::engine::policy::{Class, Severity};
use crate::engine::roster::Language::{En, Id};
use crate::engine::roster::{Person, Roster};
use crate::engine::time::Moment;

pub struct Repeated<'a> {
    pub to: &'a Person,
    pub roster: &'a Roster,
    pub house: &'a House,
    pub officer: &'a str,
    pub severity: Severity,
    pub incidents: &'a [i64],
    pub now: Moment,
}

pub fn render(repeated: &Repeated<'_>) -> Rendered {
    let language = repeated.to.language;
    let (count, officer) = (repeated.incidents.len(), repeated.officer);
    let severity = words::severity(repeated.severity, language);
    let date = clock::date(repeated.now, repeated.roster.office.zone, language);
    let base = repeated.house.base_url.trim_end_matches('/');
    let (label, lead, heading, what, more, open) = match language {
        Id => (
            "Pola berulang",
            format!(
                "{count} temuan tingkat {severity} atas petugas {officer} telah dikonfirmasi dalam waktu berdekatan. Pembinaan didahulukan: bicarakan dengan petugas dan atasannya."
            ),
            "Temuan",
            "Insiden",
            "dikonfirmasi oleh manusia",
            "Buka dasbor",
        ),
        En => (
            "Repeated",
            format!(
                "{count} {severity} findings about officer {officer} were confirmed within a short time. Coaching comes first: talk it over with the officer and the supervisor."
            ),
            "Findings",
            "Incident",
            "confirmed by a person",
            "Open the dashboard",
        ),
    };
    let items = repeated.incidents.iter().map(|n| Item {
        what: format!("{what} #{n}"),
        more: more.to_owned(),
        link: Some(format!("{base}/incidents/{n}")),
    });
    let (caution, about) = words::caution(Class::Indication, false, language);
    let bulletin = Bulletin {
        language,
        tone: Tone::Indication,
        label: label.to_owned(),
        state: date.clone(),
        title: label.to_owned(),
        around: repeated
            .house
            .wording
            .around(repeated.roster, Some(&repeated.to.name), language),
        lead,
        sections: vec![Section {
            heading: heading.to_owned(),
            items: items.collect(),
            rows: Vec::new(),
            steps: Vec::new(),
        }],
        caution: (caution.to_owned(), about.to_owned()),
        link: (open.to_owned(), format!("{base}/incidents")),
        capacity: words::capacity(Some(repeated.to.role), true, language).to_owned(),
        automatic: words::automatic(language).to_owned(),
    };
    Rendered {
        subject: format!("[Jagaloket] {label} · {date}"),
        text: bulletin::text(&bulletin),
        html: bulletin::html(&bulletin),
    }
}
