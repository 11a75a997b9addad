//! The words of the report, in both languages.

use crate::engine::policy::Title;
use crate::engine::roster::Language;

pub struct Words {
    pub code: &'static str,
    pub title: &'static str,
    pub lead_same: &'static str,
    pub lead_changed: &'static str,
    pub to: &'static str,
    pub days: &'static str,
    pub events: &'static str,
    pub rejected: &'static str,
    pub verdicts: &'static str,
    pub before: &'static str,
    pub after: &'static str,
    pub opened: &'static str,
    pub vanished: &'static str,
    pub moved: &'static str,
    pub explained: &'static str,
    pub what_differs: &'static str,
    pub sets_equal: &'static str,
    pub added: &'static str,
    pub removed: &'static str,
    pub by_policy: &'static str,
    pub by_officer: &'static str,
    pub by_counter: &'static str,
    pub by_hour: &'static str,
    pub by_day: &'static str,
    pub by_week: &'static str,
    pub policy: &'static str,
    pub officer: &'static str,
    pub counter: &'static str,
    pub held: &'static str,
    pub letters: &'static str,
    pub letters_lead: &'static str,
    pub person: &'static str,
    pub incidents_day: &'static str,
    pub letters_day: &'static str,
    pub busiest: &'static str,
    pub changed_days: &'static str,
    pub more: &'static str,
    pub told_at: &'static str,
    pub still: &'static str,
    pub foot: &'static str,
    pub roles: [(&'static str, &'static str); 3],
}

pub fn words(language: Language) -> &'static Words {
    match language {
        Language::Id => &ID,
        Language::En => &EN,
    }
}

impl Words {
    pub fn of<'t>(&self, title: &'t Title) -> &'t str {
        match self.code {
            "id" => &title.id,
            _ => &title.en,
        }
    }

    pub fn role(&self, role: &str) -> &'static str {
        let found = self.roles.iter().find(|(name, _)| *name == role);
        found.map_or("", |(_, word)| word)
    }
}

const ID: Words = Words {
    code: "id",
    title: "Uji balik kebijakan",
    lead_same: "Kebijakan calon mengatakan persis sama dengan kebijakan sekarang atas kejadian ini.",
    lead_changed: "Yang akan berubah bila kebijakan calon berlaku atas kejadian yang sama.",
    to: "sampai",
    days: "hari",
    events: "kejadian",
    rejected: "baris ditolak",
    verdicts: "Penilaian",
    before: "Sekarang",
    after: "Calon",
    opened: "Baru",
    vanished: "Hilang",
    moved: "Bergeser",
    explained: "Baru: hanya calon yang mengatakannya. Hilang: calon tidak lagi mengatakannya. Bergeser: kebijakan dan subjek sama, \
                waktunya bersinggungan, tetapi awal, akhir, atau tingkatnya berbeda. Mesin hanya menunjukkan; orang yang memeriksa.",
    what_differs: "Yang berbeda dalam kebijakan",
    sets_equal: "Kedua kumpulan kebijakan sama.",
    added: "ditambahkan",
    removed: "dicabut",
    by_policy: "Menurut kebijakan",
    by_officer: "Menurut petugas",
    by_counter: "Menurut loket dan loker",
    by_hour: "Menurut jam mulai",
    by_day: "Perubahan per hari",
    by_week: "Perubahan per minggu",
    policy: "Kebijakan",
    officer: "Petugas",
    counter: "Loket atau loker",
    held: "Lama seluruhnya",
    letters: "Surat",
    letters_lead: "Surat yang akan diterima tiap orang, dikelompokkan menjadi insiden seperti dilakukan pemantau.",
    person: "Penerima",
    incidents_day: "Insiden per hari",
    letters_day: "Surat per hari",
    busiest: "Hari teramai",
    changed_days: "Sepuluh hari yang paling berubah",
    more: "lagi",
    told_at: "diberitahukan",
    still: "masih berlangsung",
    foot: "Dibuat oleh jagaloket policy backtest. Indikasi bukan keputusan.",
    roles: [
        ("supervisor", "atasan"),
        ("integrity", "kepatuhan internal"),
        ("technician", "teknisi"),
    ],
};

const EN: Words = Words {
    code: "en",
    title: "Policy backtest",
    lead_same: "The candidate says exactly what the present policies say of these events.",
    lead_changed: "What would be otherwise if the candidate had been in force over the same events.",
    to: "to",
    days: "days",
    events: "events",
    rejected: "rejected lines",
    verdicts: "Verdicts",
    before: "Present",
    after: "Candidate",
    opened: "Opened",
    vanished: "Vanished",
    moved: "Moved",
    explained: "Opened: only the candidate says it. Vanished: the candidate says it no more. Moved: same policy and subject, \
                overlapping in time, but its begin, end or weight is another. The machine only points; people look.",
    what_differs: "What differs in the policies",
    sets_equal: "Both sets of policies are the same.",
    added: "added",
    removed: "removed",
    by_policy: "By policy",
    by_officer: "By officer",
    by_counter: "By counter and lockbox",
    by_hour: "By hour of begin",
    by_day: "Changes by day",
    by_week: "Changes by week",
    policy: "Policy",
    officer: "Officer",
    counter: "Counter or lockbox",
    held: "Held in all",
    letters: "Mail",
    letters_lead: "The mail each person would have had, grouped into incidents as the monitor does it.",
    person: "Recipient",
    incidents_day: "Incidents a day",
    letters_day: "Letters a day",
    busiest: "Busiest day",
    changed_days: "The ten most changed days",
    more: "more",
    told_at: "opened",
    still: "still holds",
    foot: "Made by jagaloket policy backtest. An indication is not a decision.",
    roles: [
        ("supervisor", "supervisor"),
        ("integrity", "integrity"),
        ("technician", "technician"),
    ],
};
