//! The words of explanations, in both languages.

use super::{Act, Cause, Way};
use crate::engine::policy::{Head, Reach};
use crate::engine::roster::{Language, Roster};
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;
use crate::letter;

pub struct Words {
    pub language: Language,
    pub title: &'static str,
    pub judged: &'static str,
    pub policy: &'static str,
    pub subject: &'static str,
    pub held: &'static str,
    pub opened: &'static str,
    pub names: &'static str,
    pub names_hint: &'static str,
    pub clauses: &'static str,
    pub clause_true: &'static str,
    pub clause_false: &'static str,
    pub silences: &'static str,
    pub no_silence: &'static str,
    pub horizons: &'static str,
    pub ways: &'static str,
    ways_hint: &'static str,
    way_without_hint: &'static str,
    no_way: &'static str,
    pub still: &'static str,
    pub earlier: &'static str,
    pub until: &'static str,
}

pub fn words(language: Language) -> &'static Words {
    match language {
        Language::Id => &ID,
        Language::En => &EN,
    }
}

const ID: Words = Words {
    language: Language::Id,
    title: "Mengapa",
    judged: "Dinilai ulang dari kejadian yang tersimpan, oleh mesin yang sama.",
    policy: "Kebijakan",
    subject: "Tentang",
    held: "Syarat terpenuhi",
    opened: "Dicatat pada",
    names: "Yang dibaca kebijakan",
    names_hint: "Setiap nilai, sejak kapan, dan karena apa.",
    clauses: "Bagian-bagian syarat",
    clause_true: "benar",
    clause_false: "salah",
    silences: "Perangkat senyap",
    no_silence: "Tidak ada perangkat yang senyap di sekitar waktu ini.",
    horizons: "Diketahui sampai",
    ways: "Yang akan memenuhi ketentuan",
    ways_hint: "Setiap kemungkinan dicoba: kejadian yang sama ditambah satu ini, dinilai ulang, tanpa penilaian terhadapnya.",
    way_without_hint: "Ini dicoba: kejadian yang sama tanpa yang satu ini, dinilai ulang, tanpa penilaian terhadapnya.",
    no_way: "Tidak ada satu kejadian tunggal yang akan mencegahnya.",
    still: "masih berlangsung",
    earlier: "sebelumnya",
    until: "sampai",
};

const EN: Words = Words {
    language: Language::En,
    title: "Why",
    judged: "Judged again from the events that were kept, by the same engine.",
    policy: "Policy",
    subject: "About",
    held: "The condition held",
    opened: "Opened at",
    names: "What the policy read",
    names_hint: "Each value, since when, and because of what.",
    clauses: "The parts of the condition",
    clause_true: "true",
    clause_false: "false",
    silences: "Silent devices",
    no_silence: "No device was silent around this time.",
    horizons: "Known up to",
    ways: "What would have been compliant",
    ways_hint: "Each was tried: the same events and this one more, judged again, and no verdict of this kind.",
    way_without_hint: "It was tried: the same events without this one, judged again, and no verdict of this kind.",
    no_way: "No single event would have prevented it.",
    still: "still going on",
    earlier: "before that",
    until: "to",
};

impl Words {
    fn pick<'a>(&self, id: &'a str, en: &'a str) -> &'a str {
        match self.language {
            Language::Id => id,
            Language::En => en,
        }
    }

    /// `10:03:10.000`
    pub fn exact(&self, at: Moment, roster: &Roster) -> String {
        at.local(roster.office.zone).format("%H:%M:%S%.3f").to_string()
    }

    pub fn cause(&self, cause: &Cause) -> String {
        match cause {
            Cause::Event(line) => format!("{} ({})", letter::describe(&line.kind, self.language), line.device),
            Cause::FellSilent(device) => format!("{device} {}", self.pick("berhenti mengirim kabar", "fell silent")),
            Cause::SpokeAgain(device) => format!("{device} {}", self.pick("mengirim kabar lagi", "was heard again")),
            Cause::ClockWrong(device) => {
                format!(
                    "{} {device}",
                    self.pick("jam ternyata salah:", "the clock turned out to be wrong:")
                )
            }
            Cause::ClockRight(device) => {
                format!(
                    "{} {device}",
                    self.pick("jam kembali tepat:", "the clock was right again:")
                )
            }
            Cause::Restarted(device) => format!(
                "{device} {}",
                self.pick(
                    "dinyalakan ulang: yang masih terbuka berakhir pada kabar terakhir sebelumnya",
                    "was started anew: what was open ended with its last word before that",
                )
            ),
            Cause::LostEvents(device) => format!(
                "{device} {}",
                self.pick(
                    "senyap dan ada kejadian yang hilang: yang masih terbuka berakhir saat itu",
                    "was silent and events were lost: what was open ended there",
                )
            ),
            Cause::Hours => self
                .pick("jam kerja kantor berganti", "the office's hours turned")
                .to_owned(),
            Cause::Rules => self
                .pick(
                    "daftar petugas atau kebijakan lain mulai berlaku",
                    "other rosters or policies came into force",
                )
                .to_owned(),
            Cause::Time => self.pick("waktu berjalan", "time went on").to_owned(),
        }
    }

    /// Why it opened at that very instant.
    pub fn why_then(&self, for_ms: i64, momentary: bool) -> String {
        if momentary {
            return self
                .pick(
                    "kejadian itu sendiri yang diatur kebijakan, dan dinilai seketika",
                    "the policy is about the event itself, and is judged at once",
                )
                .to_owned();
        }
        if for_ms == 0 {
            return self
                .pick(
                    "kebijakan tidak memberi tenggang: penilaian terbit begitu syarat terpenuhi lebih dari sesaat",
                    "the policy allows no time: it opens as soon as the condition has held for longer than an instant",
                )
                .to_owned();
        }
        let span = letter::duration(for_ms, self.language);
        match self.language {
            Language::Id => format!(
                "saat itu syarat genap terpenuhi {span}; harus lebih lama dari itu, jadi berakhir tepat saat itu masih memenuhi ketentuan"
            ),
            Language::En => format!(
                "by then the condition had held for {span}; it must be longer, so an end at that very instant would still comply"
            ),
        }
    }

    /// That it is recorded with another end than judging again comes to.
    pub fn recorded(&self, recorded: &Verdict, roster: &Roster) -> String {
        let until = match recorded.until {
            Some(until) => self.exact(until, roster),
            None => self.still.to_owned(),
        };
        match self.language {
            Language::Id => format!(
                "Tercatat dengan akhir lain: {until}. Yang tersimpan, dinilai ulang, memberi akhir di bawah ini."
            ),
            Language::En => {
                format!("It is recorded with another end: {until}. What is kept, judged again, gives the one below.")
            }
        }
    }

    /// What `service.active` stands for, where that is not a service.
    pub fn stands_for(&self, policy: &Head) -> Option<&'static str> {
        (policy.scope == Reach::SignedIn).then_some(match self.language {
            Language::Id => "`service.active` di sini berarti: masuk sistem dan tidak sedang istirahat",
            Language::En => "`service.active` stands here for being signed in and not on a break",
        })
    }

    /// How what would have been compliant was found.
    pub fn hint_of(&self, ways: &[Way]) -> &'static str {
        match ways {
            [] => self.no_way,
            [
                Way {
                    act: Act::NotHappened, ..
                },
            ] => self.way_without_hint,
            _ => self.ways_hint,
        }
    }

    /// `had the phone been deposited by 10:03:10.000: no verdict`
    pub fn way(&self, way: &Way, roster: &Roster) -> String {
        let by = self.exact(way.by, roster);
        let device =
            |id: &str, en: &str, device: &dyn std::fmt::Display| self.pick(id, en).replace("{}", &device.to_string());
        let what = match &way.act {
            Act::Deposited => self.pick("ponsel disimpan", "the phone been deposited").to_owned(),
            Act::CheckedIn => self
                .pick(
                    "pemeriksaan menemukan ponsel di loker",
                    "a check found the phone in the lockbox",
                )
                .to_owned(),
            Act::ServiceEnded(at) => device("pelayanan di {} selesai", "the service at {} ended", at),
            Act::SignedOut(at) => device("petugas keluar sistem di {}", "the officer signed out at {}", at),
            Act::SignedIn(at) => device("seorang petugas masuk sistem di {}", "an officer signed in at {}", at),
            Act::ShiftStarted => self.pick("giliran dimulai", "the shift been started").to_owned(),
            Act::BreakStarted => self.pick("istirahat dimulai", "a break been started").to_owned(),
            Act::AppsClosed => self.pick("aplikasi ditutup", "the application been closed").to_owned(),
            Act::UsbDetached => self
                .pick("perangkat USB dilepas", "the USB device been detached")
                .to_owned(),
            Act::DeclaredNone => self
                .pick(
                    "petugas menyatakan tidak membawa ponsel",
                    "the officer declared that he carries no phone",
                )
                .to_owned(),
            Act::Heard(at) => {
                return device(
                    "Seandainya {} terus mengirim kabar: tidak ada penilaian.",
                    "Had {} kept sending word: no verdict.",
                    at,
                );
            }
            Act::NotHappened => {
                return self
                    .pick(
                        "Seandainya kejadian ini tidak terjadi: tidak ada penilaian.",
                        "Had this not happened: no verdict.",
                    )
                    .to_owned();
            }
        };
        match self.language {
            Language::Id => format!("Seandainya {what} paling lambat {by}: tidak ada penilaian."),
            Language::En => format!("Had {what} by {by}: no verdict."),
        }
    }
}
