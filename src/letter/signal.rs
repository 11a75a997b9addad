//! What a signal says: numbers that the integrity team may want to look into, never a word on anybody's conduct.

use super::{clock, words};
use crate::engine::event::DeviceId;
use crate::engine::roster::Language::{self, En, Id};
use crate::engine::roster::Roster;

/// Numbers that stand out, each with what it was counted from.
#[derive(Clone, PartialEq, Debug)]
pub enum Signal {
    /// Of what somebody dismissed, so much shortly after he was told of it.
    FastDismissals {
        person: String,
        fast: u32,
        dismissed: u32,
        /// What counts as shortly.
        within_ms: i64,
        /// Of how long this is.
        days: i64,
    },
    /// Nothing was indicated while little of the service was known.
    QuietOffice {
        served_ms: i64,
        /// Of what was served.
        known_percent: u32,
        days: i64,
    },
    /// A counter mostly fell silent soon after somebody signed in there.
    SilentAfterSignIn {
        counter: DeviceId,
        after: u32,
        silences: u32,
        /// How many officers had signed in.
        officers: u32,
        within_ms: i64,
        days: i64,
    },
}

/// A signal in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// What was counted, in a few words.
    pub what: String,
    /// The numbers.
    pub counts: String,
    /// What it may be as well, and how to find out.
    pub why: String,
}

impl Signal {
    /// Its kind, for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Signal::FastDismissals { .. } => "fast_dismissals",
            Signal::QuietOffice { .. } => "quiet_office",
            Signal::SilentAfterSignIn { .. } => "silent_after_sign_in",
        }
    }

    pub fn said(&self, roster: &Roster, language: Language) -> Said {
        let hours = |ms: i64| (ms + 1_800_000) / 3_600_000;
        let (what, counts, why) = match (self, language) {
            (
                Signal::FastDismissals {
                    person,
                    fast,
                    dismissed,
                    within_ms,
                    days,
                },
                Id,
            ) => (
                format!("Cepat dikesampingkan · {}", name(person, roster)),
                format!(
                    "{fast} dari {dismissed} pengesampingan dalam {days} hari dilakukan kurang dari {} setelah pemberitahuan.",
                    clock::duration(*within_ms, language)
                ),
                "Ini bukan penilaian. Penyebab yang wajar: kejadian dilihat langsung di tempat, atau gangguan perangkat yang belum tercatat. Baca alasan yang ditulis pada beberapa insiden sebelum bertanya.",
            ),
            (
                Signal::FastDismissals {
                    person,
                    fast,
                    dismissed,
                    within_ms,
                    days,
                },
                En,
            ) => (
                format!("Dismissed fast · {}", name(person, roster)),
                format!(
                    "{fast} of {dismissed} dismissals in {days} days came less than {} after the notice.",
                    clock::duration(*within_ms, language)
                ),
                "This judges nobody. Innocent causes: it was seen on the spot, or a device fault that nothing recorded. Read the reasons given on some of the incidents before you ask.",
            ),
            (
                Signal::QuietOffice {
                    served_ms,
                    known_percent,
                    days,
                },
                Id,
            ) => (
                "Kantor tanpa indikasi, cakupan rendah".to_owned(),
                format!(
                    "Tidak ada indikasi dalam {days} hari, sedangkan hanya {known_percent} % dari {} jam pelayanan yang diketahui datanya.",
                    hours(*served_ms)
                ),
                "Tanpa data, tidak adanya indikasi tidak berarti apa-apa. Biasanya perangkat atau jaringan: periksa halaman Kesehatan bersama teknisi.",
            ),
            (
                Signal::QuietOffice {
                    served_ms,
                    known_percent,
                    days,
                },
                En,
            ) => (
                "No indications, low coverage".to_owned(),
                format!(
                    "Nothing was indicated in {days} days, while only {known_percent} % of {} hours of service are known.",
                    hours(*served_ms)
                ),
                "Without data, no indication means nothing. Usually it is devices or the network: look at the Health page with the technician.",
            ),
            (
                Signal::SilentAfterSignIn {
                    counter,
                    after,
                    silences,
                    officers,
                    within_ms,
                    days,
                },
                Id,
            ) => (
                format!("Senyap setelah masuk sistem · {}", place(counter, roster)),
                format!(
                    "{after} dari {silences} kali senyap dalam {days} hari dimulai kurang dari {} setelah ada yang masuk sistem; {}.",
                    clock::duration(*within_ms, language),
                    match officers {
                        1 => "satu petugas".to_owned(),
                        _ => format!("{officers} petugas berbeda"),
                    }
                ),
                match officers {
                    0 | 1 => {
                        "Ini bukan penilaian. Komputer yang terputus saat memuat profil pengguna terlihat sama. Minta teknisi memeriksa komputer itu lebih dahulu."
                    }
                    _ => {
                        "Terjadi pada lebih dari satu petugas: kemungkinan besar komputernya. Minta teknisi memeriksanya."
                    }
                },
            ),
            (
                Signal::SilentAfterSignIn {
                    counter,
                    after,
                    silences,
                    officers,
                    within_ms,
                    days,
                },
                En,
            ) => (
                format!("Silent after sign-in · {}", place(counter, roster)),
                format!(
                    "{after} of {silences} silences in {days} days began less than {} after a sign-in; {}.",
                    clock::duration(*within_ms, language),
                    match officers {
                        1 => "one officer".to_owned(),
                        _ => format!("{officers} different officers"),
                    }
                ),
                match officers {
                    0 | 1 => {
                        "This judges nobody. A workstation that loses its network while it loads a profile looks the same. Have the technician look at it first."
                    }
                    _ => {
                        "It happened with more than one officer: most likely it is the workstation. Have the technician look at it."
                    }
                },
            ),
        };
        Said {
            what,
            counts,
            why: why.to_owned(),
        }
    }
}

fn name(person: &str, roster: &Roster) -> String {
    let known = roster.person(person);
    words::one_line(known.map_or(person, |person| &person.name))
}

fn place(counter: &DeviceId, roster: &Roster) -> String {
    words::short_name(&words::device_name(&roster.counters, counter.as_str()))
}
