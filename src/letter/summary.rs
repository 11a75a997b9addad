//! Weekly and monthly summaries for the integrity team: counts that are never added up, with how much is known beside
//! them. Nobody is ranked, and of few things no share is given.

use chrono::{Datelike as _, NaiveDate};

use super::bulletin::{self, Bulletin, Item, Section};
use super::sheet::Tone;
use super::signal::Signal;
use super::{House, Rendered, clock, words};
use crate::engine::roster::Language::{self, En, Id};
use crate::engine::roster::{Person, Roster};

/// Of fewer things than that no share is given.
const SHARE_LEAST: u32 = 10;

/// What people made of the cases of those days.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counted {
    /// Indications there were, also those that were withdrawn since.
    pub told: u32,
    /// Those that stand.
    pub indications: u32,
    pub findings: u32,
    pub proven: u32,
    pub dismissed: u32,
    /// Of those dismissed: the device was wrong, or whoever saw it was.
    pub mistaken: u32,
    /// By late events.
    pub withdrawn: u32,
    pub technical: u32,
    pub unverifiable: u32,
    /// So many were answered, half of them sooner than that.
    pub answered: u32,
    pub answer_ms: Option<i64>,
    /// By now, whenever they began.
    pub open: u32,
    pub overdue: u32,
}

/// Minutes of service of those days.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Served {
    pub served_ms: i64,
    pub known_ms: i64,
    pub verified_ms: i64,
    pub exempt_ms: i64,
}

/// The canary's letters of those days.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Flights {
    pub flown: u32,
    /// The mail server took so many.
    pub taken: u32,
    /// Half of those sooner than that.
    pub median_ms: Option<i64>,
    pub slowest_ms: Option<i64>,
}

pub struct Summary<'a> {
    pub to: &'a Person,
    pub roster: &'a Roster,
    pub house: &'a House,
    pub monthly: bool,
    /// Both included.
    pub days: [NaiveDate; 2],
    pub counted: Counted,
    pub served: Served,
    /// `None`: there is no canary.
    pub flights: Option<Flights>,
    pub signals: &'a [Signal],
}

pub fn render(summary: &Summary<'_>) -> Rendered {
    let language = summary.to.language;
    let base = summary.house.base_url.trim_end_matches('/');
    let office = words::one_line(&summary.roster.office.name);
    let days = days(summary.days, language);
    let (label, state, name) = match (summary.monthly, language) {
        (false, Id) => ("Ringkasan", "Mingguan", "Ringkasan mingguan"),
        (true, Id) => ("Ringkasan", "Bulanan", "Ringkasan bulanan"),
        (false, En) => ("Summary", "Weekly", "Weekly summary"),
        (true, En) => ("Summary", "Monthly", "Monthly summary"),
    };
    let (caution, more) = match language {
        Id => (
            "Hanya yang terbukti dihitung sebagai pelanggaran.",
            "Indikasi berasal dari perangkat, temuan dikonfirmasi oleh manusia; keduanya bukan pelanggaran dan tidak dijumlahkan. Angka tanpa cakupan tidak dapat dibandingkan.",
        ),
        En => (
            "Only what is proven counts as a violation.",
            "Indications come from devices, findings were confirmed by a person; neither is a violation, and they are never added up. Counts without coverage cannot be compared.",
        ),
    };
    let mut sections = vec![
        section(
            ["Jumlah, dihitung terpisah", "Counts, kept apart"],
            language,
            counts(&summary.counted, language),
        ),
        section(
            ["Cakupan data", "How much is known"],
            language,
            coverage(&summary.served, language),
        ),
        section(
            ["Penanganan", "How it was handled"],
            language,
            handling(&summary.counted, language),
        ),
        section(
            ["Perangkat dan pemberitahuan", "Devices and notices"],
            language,
            devices(summary, language),
        ),
    ];
    sections.push(signals(summary, base));
    let bulletin = Bulletin {
        language,
        tone: Tone::Technical,
        label: label.to_owned(),
        state: state.to_owned(),
        title: days.clone(),
        around: summary
            .house
            .wording
            .around(summary.roster, Some(&summary.to.name), language),
        lead: lead(&office, &days, language),
        sections,
        caution: (caution.to_owned(), more.to_owned()),
        link: (words::all_incidents(language).to_owned(), format!("{base}/incidents")),
        capacity: words::capacity(Some(summary.to.role), true, language).to_owned(),
        automatic: words::automatic(language).to_owned(),
    };
    Rendered {
        subject: format!("[Jagaloket] {name} · {days}"),
        text: bulletin::text(&bulletin),
        html: bulletin::html(&bulletin),
    }
}

fn lead(office: &str, days: &str, language: Language) -> String {
    match language {
        Id => format!("{office}, {days}. Angka ini untuk tim kepatuhan, tanpa peringkat orang atau loket."),
        En => {
            format!("{office}, {days}. These figures are for the integrity team; no person and no counter is ranked.")
        }
    }
}

/// `16–22 November 2026`
fn days([from, to]: [NaiveDate; 2], language: Language) -> String {
    let month = |date: NaiveDate| clock::month(date.month0() as usize, language);
    let end = format!("{} {} {}", to.day(), month(to), to.year());
    match (from.year() == to.year(), from.month() == to.month()) {
        (true, true) => format!("{}–{end}", from.day()),
        (true, false) => format!("{} {} – {end}", from.day(), month(from)),
        (false, _) => format!("{} {} {} – {end}", from.day(), month(from), from.year()),
    }
}

fn section(heading: [&str; 2], language: Language, rows: Vec<(String, String)>) -> Section {
    Section {
        heading: pick(heading, language).to_owned(),
        items: Vec::new(),
        rows,
        steps: Vec::new(),
    }
}

fn pick([id, en]: [&str; 2], language: Language) -> &str {
    match language {
        Id => id,
        En => en,
    }
}

fn counts(counted: &Counted, language: Language) -> Vec<(String, String)> {
    let row = |name, count: u32, more| {
        (
            pick(name, language).to_owned(),
            format!("{count} · {}", pick(more, language)),
        )
    };
    vec![
        row(
            ["Indikasi", "Indications"],
            counted.indications,
            ["dari perangkat, belum tentu benar", "from devices, decided by nobody"],
        ),
        row(
            ["Temuan", "Findings"],
            counted.findings,
            [
                "dikonfirmasi manusia, bukan pelanggaran",
                "confirmed by a person, no violation",
            ],
        ),
        row(
            ["Terbukti", "Proven"],
            counted.proven,
            [
                "setelah pemeriksaan; hanya ini pelanggaran",
                "after an examination; only these are violations",
            ],
        ),
        row(
            ["Dikesampingkan", "Dismissed"],
            counted.dismissed,
            ["tidak ada yang disangkakan", "nothing is held against anybody"],
        ),
        row(
            ["Ditarik kembali", "Withdrawn"],
            counted.withdrawn,
            ["oleh kejadian yang datang terlambat", "by events that came late"],
        ),
        (
            pick(["Alarm keliru", "False alarms"], language).to_owned(),
            share(counted.mistaken + counted.withdrawn, counted.told, language),
        ),
    ]
}

/// `3 dari 24 (12 %)`; of few things the share is left out.
fn share(part: u32, whole: u32, language: Language) -> String {
    let of = match language {
        Id => format!("{part} dari {whole}"),
        En => format!("{part} of {whole}"),
    };
    match (whole >= SHARE_LEAST, language) {
        (true, _) => format!("{of} ({} %)", (part * 100 + whole / 2) / whole),
        (false, Id) => format!("{of} · terlalu sedikit untuk persentase"),
        (false, En) => format!("{of} · too few for a share"),
    }
}

fn coverage(served: &Served, language: Language) -> Vec<(String, String)> {
    let name = |name| pick(name, language).to_owned();
    if served.served_ms < 60_000 {
        let none = ["tidak ada yang tercatat", "none on record"];
        return vec![(name(["Pelayanan", "Service"]), pick(none, language).to_owned())];
    }
    // Never rounded up to whole: a hundred means all of it.
    let percent = |part: i64, whole: i64| part * 100 / whole.max(1);
    let bound_ms = served.served_ms - served.exempt_ms;
    let mut rows = vec![
        (
            name(["Pelayanan", "Service"]),
            clock::duration(served.served_ms / 60_000 * 60_000, language),
        ),
        (
            name(["Diketahui", "Known"]),
            match language {
                Id => format!("{} % dari waktu pelayanan", percent(served.known_ms, served.served_ms)),
                En => format!(
                    "{} % of the time of service",
                    percent(served.known_ms, served.served_ms)
                ),
            },
        ),
    ];
    if bound_ms > 0 {
        rows.push((
            name(["Terverifikasi", "Verified"]),
            match language {
                Id => format!("{} % tanpa ponsel dan pesan", percent(served.verified_ms, bound_ms)),
                En => format!(
                    "{} % free of phones and messages",
                    percent(served.verified_ms, bound_ms)
                ),
            },
        ));
    }
    rows
}

fn handling(counted: &Counted, language: Language) -> Vec<(String, String)> {
    let name = |name| pick(name, language).to_owned();
    let answer = match (counted.answer_ms, language) {
        (None, Id) => "belum ada".to_owned(),
        (None, En) => "none yet".to_owned(),
        (Some(ms), Id) => format!(
            "{} (median dari {} tanggapan)",
            clock::duration(ms, language),
            counted.answered
        ),
        (Some(ms), En) => format!("{} (median of {})", clock::duration(ms, language), counted.answered),
    };
    let now = |count: u32| match language {
        Id => format!("{count} saat ini"),
        En => format!("{count} now"),
    };
    vec![
        (name(["Waktu tanggapan", "Time to answer"]), answer),
        (name(["Masih terbuka", "Still open"]), now(counted.open)),
        (name(["Lewat batas waktu", "Overdue"]), now(counted.overdue)),
    ]
}

fn devices(summary: &Summary<'_>, language: Language) -> Vec<(String, String)> {
    let name = |name| pick(name, language).to_owned();
    let counted = &summary.counted;
    let canary = match (&summary.flights, language) {
        (None, Id) => "tidak dipasang".to_owned(),
        (None, En) => "not set up".to_owned(),
        (Some(flights), _) => {
            let slowest = flights.slowest_ms.map(|ms| clock::duration(ms.max(1_000), language));
            let median = flights.median_ms.map(|ms| clock::duration(ms.max(1_000), language));
            let took = median.zip(slowest).map(|(median, slowest)| match language {
                Id => format!(", median {median}, terlama {slowest}"),
                En => format!(", median {median}, slowest {slowest}"),
            });
            let took = took.unwrap_or_default();
            match language {
                Id => format!("{} dari {} diterima server surat{took}", flights.taken, flights.flown),
                En => format!("{} of {} taken by the mail server{took}", flights.taken, flights.flown),
            }
        }
    };
    vec![
        (
            name(["Catatan teknis", "Technical notices"]),
            counted.technical.to_string(),
        ),
        (
            name(["Tidak dapat diverifikasi", "Unverifiable"]),
            counted.unverifiable.to_string(),
        ),
        (name(["Uji jalur surat", "Trial of the mail"]), canary),
    ]
}

fn signals(summary: &Summary<'_>, base: &str) -> Section {
    let language = summary.to.language;
    let items: Vec<Item> = summary
        .signals
        .iter()
        .map(|signal| {
            let said = signal.said(summary.roster, language);
            Item {
                what: said.what,
                more: format!("{} {}", said.counts, said.why),
                link: Some(format!("{base}/signals")),
            }
        })
        .collect();
    let none = ["Tidak ada yang menonjol.", "Nothing stands out."];
    let rows = match items.is_empty() {
        true => vec![(
            pick(["Sinyal", "Signals"], language).to_owned(),
            pick(none, language).to_owned(),
        )],
        false => Vec::new(),
    };
    Section {
        heading: pick(
            ["Untuk ditinjau, bukan tuduhan", "To look into, no accusation"],
            language,
        )
        .to_owned(),
        items,
        rows,
        steps: Vec::new(),
    }
}
