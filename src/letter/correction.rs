//! The letter that answers a request for correction, to whoever asked.

use super::bulletin::{self, Bulletin, Item, Section};
use super::sheet::Tone;
use super::{House, Rendered, clock, words};
use crate::engine::roster::Language::{self, En, Id};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;

pub struct Corrected<'a> {
    /// What the roster calls whoever asked, where he still stands in it.
    pub name: Option<&'a str>,
    pub n: i64,
    /// Which record, and what is said to be right.
    pub about: &'a str,
    pub wanted: &'a str,
    pub accepted: bool,
    /// Why it is answered so.
    pub said: &'a str,
    pub at: Moment,
    pub language: Language,
    pub roster: &'a Roster,
    pub house: &'a House,
}

pub fn render(correction: &Corrected<'_>) -> Rendered {
    let Corrected {
        accepted,
        said,
        language,
        roster,
        house,
        ..
    } = *correction;
    let date = clock::date(correction.at, roster.office.zone, language);
    let base = house.base_url.trim_end_matches('/');
    let (label, state, lead, caution, capacity) = match language {
        Id => (
            "Permintaan perbaikan",
            if accepted { "Diterima" } else { "Ditolak" },
            format!("Permintaan perbaikan data Anda nomor {} telah dijawab.", correction.n),
            (
                "Belum setuju?",
                "Anda dapat mengajukan permintaan lagi, atau menyampaikannya kepada atasan tim kepatuhan.",
            ),
            "Anda menerima surat ini karena Anda mengajukan permintaan itu.",
        ),
        En => (
            "Request for correction",
            if accepted { "Accepted" } else { "Declined" },
            format!("Your request for correction number {} has been answered.", correction.n),
            (
                "Not content?",
                "You may ask again, or turn to whoever the integrity team reports to.",
            ),
            "You get this letter because you made that request.",
        ),
    };
    let pick = |id: &str, en: &str| {
        match language {
            Id => id,
            En => en,
        }
        .to_owned()
    };
    let item = |what: String, more: &str| Item {
        what,
        more: words::one_line(more),
        link: None,
    };
    let items = vec![
        item(pick("Catatan", "Record"), correction.about),
        item(pick("Yang Anda sampaikan", "What you said is right"), correction.wanted),
        item(pick("Jawaban", "Answer"), said),
    ];
    let bulletin = Bulletin {
        language,
        tone: Tone::Indication,
        label: label.to_owned(),
        state: state.to_owned(),
        title: label.to_owned(),
        around: house.wording.around(roster, correction.name, language),
        lead,
        sections: vec![Section {
            heading: state.to_owned(),
            items,
            rows: Vec::new(),
            steps: Vec::new(),
        }],
        caution: (caution.0.to_owned(), caution.1.to_owned()),
        link: (pick("Buka catatan saya", "Open my record"), format!("{base}/me")),
        capacity: capacity.to_owned(),
        automatic: words::automatic(language).to_owned(),
    };
    Rendered {
        subject: format!("[Jagaloket] {label} #{} · {date}", correction.n),
        text: bulletin::text(&bulletin),
        html: bulletin::html(&bulletin),
    }
}
