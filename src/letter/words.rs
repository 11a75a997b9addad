//! The words that all letters share: subjects, greetings, labels, what changed and what the reader must know.

use super::{Change, Matter, clock, outcome};
use crate::engine::event::{MONITOR, SYSTEM};
use crate::engine::policy::{Class, Severity};
use crate::engine::roster::Language::{self, En, Id};
use crate::engine::roster::{Device, Role};
use crate::engine::verdict::Reason;
use crate::store::rows::LetterKind;

/// `[Jagaloket] Indikasi #12 · Loket 3 · 10:02 WIB`: names nobody, and stays the same in a thread.
pub fn subject(matter: &Matter<'_>) -> String {
    let incident = matter.incident;
    let language = matter.to.language;
    let zone = matter.roster.office.zone;
    let class = match (incident.class, incident.severity, language) {
        (Class::Indication, _, Id) => "Indikasi",
        (Class::Indication, _, En) => "Indication",
        (Class::Unverifiable, _, Id) => "Tidak dapat diverifikasi",
        (Class::Unverifiable, _, En) => "Unverifiable",
        (Class::Technical, Severity::Critical, Id) => "Teknis, mendesak",
        (Class::Technical, Severity::Critical, En) => "Technical, critical",
        (Class::Technical, _, Id) => "Teknis",
        (Class::Technical, _, En) => "Technical",
    };
    let place = match (&incident.counter, &incident.lockbox) {
        (Some(counter), _) => short_name(&device_name(&matter.roster.counters, counter.as_str())),
        (None, Some(id)) => lockbox(&device_name(&matter.roster.lockboxes, id.as_str()), language),
        (None, None) => title(matter).to_string(),
    };
    format!(
        "[Jagaloket] {class} #{} · {} · {} {}",
        incident.n,
        one_line(&place),
        clock::short_time(incident.since, zone),
        clock::zone_name(incident.since, zone),
    )
}

/// Control characters have no place in a header or a table cell.
pub fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn title<'a>(matter: &Matter<'a>) -> &'a str {
    match matter.to.language {
        Id => &matter.policy.title.id,
        En => &matter.policy.title.en,
    }
}

pub fn device_name(devices: &[Device], id: &str) -> String {
    let known = devices.iter().find(|device| device.id.as_str() == id);
    known.map_or_else(|| id.to_string(), |device| device.name.clone())
}

/// `Loket 3 – Wawancara & foto` is `Loket 3` where room is scarce.
pub fn short_name(name: &str) -> String {
    let end = [" – ", " — ", " - ", " (", ": "]
        .iter()
        .filter_map(|mark| name.find(mark))
        .min();
    name[..end.unwrap_or(name.len())].trim().to_string()
}

/// A lockbox's name with the word for what it is, unless the name says so itself: `Loker HP A`, `Loker A`.
pub fn lockbox(name: &str, language: Language) -> String {
    let name = short_name(name);
    let lower = name.to_lowercase();
    let says_so = ["loker", "locker", "lockbox"]
        .iter()
        .any(|word| lower.starts_with(&format!("{word} ")));
    match (says_so, language) {
        (true, _) => name,
        (false, Id) => format!("Loker HP {name}"),
        (false, En) => format!("Lockbox {name}"),
    }
}

/// The last four digits: a NIP tells birth date and sex.
pub fn masked_nip(nip: &str) -> String {
    let digits: Vec<char> = nip.chars().filter(char::is_ascii_digit).collect();
    let shown = digits.len().saturating_sub(4).max(digits.len() / 2);
    format!("…{}", digits[shown..].iter().collect::<String>())
}

/// Each is one word of the mail's frame, Indonesian and English.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Label {
    Office,
    Counter,
    Lockbox,
    Officer,
    Date,
    Time,
    Duration,
    Attention,
    Stretches,
    Evidence,
    CheckNow,
    FollowUp,
    Policy,
    Basis,
    Decision,
    OpenIncident,
    Incident,
    NobodySignedIn,
    ManyCounters,
    StillRunning,
    FormerTime,
}

pub fn label(label: Label, language: Language) -> &'static str {
    use Label::*;
    let (id, en) = match label {
        Office => ("Kantor", "Office"),
        Counter => ("Loket", "Counter"),
        Lockbox => ("Loker HP", "Lockbox"),
        Officer => ("Petugas", "Officer"),
        Date => ("Tanggal", "Date"),
        Time => ("Waktu", "Time"),
        Duration => ("Durasi", "Duration"),
        Attention => ("Tingkat", "Severity"),
        Stretches => ("Rincian waktu", "Times in detail"),
        Evidence => ("Kejadian yang menjadi dasar", "Events it rests on"),
        CheckNow => ("Yang perlu diperiksa sekarang", "What to check now"),
        FollowUp => ("Tindak lanjut", "What to do"),
        Policy => ("Kebijakan", "Policy"),
        Basis => ("Dasar", "Basis"),
        Decision => ("Keputusan kantor", "Decided by the office"),
        OpenIncident => ("Buka insiden di dasbor", "Open the incident on the dashboard"),
        Incident => ("Insiden", "Incident"),
        NobodySignedIn => ("tidak ada yang masuk sistem", "nobody signed in"),
        ManyCounters => ("beberapa loket", "several counters"),
        StillRunning => ("masih berlangsung", "still going on"),
        FormerTime => ("Waktu semula", "Former time"),
    };
    match language {
        Id => id,
        En => en,
    }
}

pub fn severity(severity: Severity, language: Language) -> &'static str {
    // Not "ringan", "sedang", "berat": those are levels of discipline, and this is none.
    match (severity, language) {
        (Severity::Info, Id) => "informasi",
        (Severity::Info, En) => "information",
        (Severity::Minor, Id) => "biasa",
        (Severity::Minor, En) => "minor",
        (Severity::Major, Id) => "penting",
        (Severity::Major, En) => "major",
        (Severity::Critical, Id) => "mendesak",
        (Severity::Critical, En) => "critical",
    }
}

pub fn class(class: Class, language: Language) -> &'static str {
    match (class, language) {
        (Class::Indication, Id) => "Indikasi",
        (Class::Indication, En) => "Indication",
        (Class::Unverifiable, Id) => "Tidak dapat diverifikasi",
        (Class::Unverifiable, En) => "Unverifiable",
        (Class::Technical, Id) => "Teknis",
        (Class::Technical, En) => "Technical",
    }
}

/// What the class is called in running text.
pub fn noun(class: Class, language: Language) -> &'static str {
    match (class, language) {
        (Class::Indication, Id) => "indikasi",
        (Class::Indication, En) => "indication",
        (Class::Unverifiable, Id) => "catatan",
        (Class::Unverifiable, En) => "notice",
        (Class::Technical, Id) => "catatan teknis",
        (Class::Technical, En) => "technical notice",
    }
}

/// The state in one or two words, for the head of the mail.
pub fn state(kind: LetterKind, open: bool, momentary: bool, language: Language) -> &'static str {
    match (kind, open, momentary, language) {
        (LetterKind::Retracted, _, _, Id) => "Ditarik kembali",
        (LetterKind::Retracted, _, _, En) => "Withdrawn",
        (_, true, _, Id) => "Sedang berlangsung",
        (_, true, _, En) => "Going on",
        (_, false, true, Id) => "Tercatat",
        (_, false, true, En) => "On record",
        (_, false, false, Id) => "Sudah berakhir",
        (_, false, false, En) => "Over",
    }
}

pub fn greeting(name: Option<&str>, language: Language) -> String {
    match (name.map(one_line), language) {
        (Some(name), Id) => format!("Yth. {name},"),
        (Some(name), En) => format!("Dear {name},"),
        (None, Id) => "Yth. Bapak/Ibu,".into(),
        (None, En) => "Dear colleague,".into(),
    }
}

/// Why the reader, of all people, gets this mail.
pub fn capacity(role: Option<Role>, about_officer: bool, language: Language) -> &'static str {
    match (role, about_officer, language) {
        (Some(Role::Supervisor), true, Id) => {
            "Bapak/Ibu menerima pemberitahuan ini sebagai atasan petugas yang bersangkutan."
        }
        (Some(Role::Supervisor), true, En) => "You receive this notice as a supervisor of the officer concerned.",
        (Some(Role::Supervisor), false, Id) => "Bapak/Ibu menerima pemberitahuan ini sebagai atasan petugas loket.",
        (Some(Role::Supervisor), false, En) => "You receive this notice as a supervisor of counter officers.",
        (Some(Role::Integrity), _, Id) => {
            "Bapak/Ibu menerima pemberitahuan ini sebagai bagian dari tim kepatuhan internal."
        }
        (Some(Role::Integrity), _, En) => "You receive this notice as part of the integrity team.",
        (Some(Role::Technician), _, Id) => "Bapak/Ibu menerima pemberitahuan ini sebagai penanggung jawab teknis.",
        (Some(Role::Technician), _, En) => "You receive this notice as the technician in charge.",
        (None, _, Id) => "Bapak/Ibu menerima pemberitahuan ini karena telah menerima pemberitahuan sebelumnya.",
        (None, _, En) => "You receive this notice because you received the ones before it.",
    }
}

pub fn automatic(language: Language) -> &'static str {
    match language {
        Id => {
            "Dikirim otomatis oleh Jagaloket. Mohon tidak meneruskan pemberitahuan ini kepada yang tidak berkepentingan."
        }
        En => "Sent automatically by Jagaloket. Please do not forward this notice to anybody it does not concern.",
    }
}

/// What the reader must know before he acts: a heading and a sentence.
pub fn caution(class: Class, retracted: bool, language: Language) -> (&'static str, &'static str) {
    match (class, retracted, language) {
        (Class::Indication, false, Id) => (
            "Ini indikasi, bukan keputusan.",
            "Sistem hanya mencatat kejadian dari perangkat dan dapat keliru. Penilaian ada pada manusia, setelah pemeriksaan dan klarifikasi dari petugas.",
        ),
        (Class::Indication, false, En) => (
            "This is an indication, not a decision.",
            "The system only records what devices report, and it can be wrong. People judge, after they have looked and heard the officer.",
        ),
        (Class::Unverifiable, false, Id) => (
            "Ini bukan tuduhan dan bukan keputusan.",
            "Keadaan sebenarnya tidak dapat diverifikasi dari data yang ada. Tidak ada yang disangkakan kepada petugas.",
        ),
        (Class::Unverifiable, false, En) => (
            "This is neither an accusation nor a decision.",
            "What really was cannot be verified from the data at hand. Nothing is held against the officer.",
        ),
        (Class::Technical, false, Id) => (
            "Ini catatan teknis, bukan keputusan tentang siapa pun.",
            "Yang dilaporkan adalah keadaan perangkat atau prosedur. Penyebabnya perlu diperiksa di tempat.",
        ),
        (Class::Technical, false, En) => (
            "This is a technical notice, not a decision about anybody.",
            "It reports the state of a device or a procedure. The cause has to be looked into on the spot.",
        ),
        (Class::Indication, true, Id) => (
            "Indikasi ini tidak berlaku lagi.",
            "Indikasi yang ditarik kembali tidak dihitung sebagai temuan dan tidak boleh dijadikan dasar penilaian terhadap petugas.",
        ),
        (Class::Indication, true, En) => (
            "This indication no longer stands.",
            "A withdrawn indication is not counted as a finding and must not be used in judging the officer.",
        ),
        (_, true, Id) => (
            "Catatan ini tidak berlaku lagi.",
            "Catatan yang ditarik kembali tidak dihitung dan tidak boleh dijadikan dasar penilaian terhadap siapa pun.",
        ),
        (_, true, En) => (
            "This notice no longer stands.",
            "A withdrawn notice is not counted and must not be used in judging anybody.",
        ),
    }
}

/// What is new, one sentence a change; nothing for the first word of an incident.
pub fn news(change: &Change, matter: &Matter<'_>) -> Option<String> {
    let language = matter.to.language;
    let noun = noun(matter.incident.class, language);
    let list = |numbers: &[i64]| {
        let marked: Vec<String> = numbers.iter().map(|n| format!("#{n}")).collect();
        marked.join(", ")
    };
    let sentence = match (change, language) {
        (Change::Unanswered(_) | Change::SecondNeeded | Change::Decided(_), _) => {
            return Some(outcome::news(change, matter));
        }
        (Change::FirstVerdict | Change::FirstVerdictAlreadyOver, _) => return None,
        (Change::SplitFrom(n), Id) => format!("Insiden ini dipisahkan dari insiden #{n}."),
        (Change::SplitFrom(n), En) => format!("This incident was separated from incident #{n}."),
        (Change::SplitOff(others), Id) => format!("Sebagian kejadian dipisahkan menjadi insiden {}.", list(others)),
        (Change::SplitOff(others), En) => format!("Part of it was separated as incident {}.", list(others)),
        (Change::FurtherVerdict, Id) => "Hal yang sama terjadi lagi dan digabungkan ke insiden ini.".into(),
        (Change::FurtherVerdict, En) => "The same happened again; it belongs to this incident.".into(),
        (Change::Resumed, Id) => "Keadaan yang sebelumnya dinyatakan berakhir ternyata berlanjut.".into(),
        (Change::Resumed, En) => "What was reported as over goes on.".into(),
        (Change::IntervalCorrected, Id) => "Waktu kejadian diperbaiki; yang berlaku adalah waktu di bawah ini.".into(),
        (Change::IntervalCorrected, En) => "The times were corrected; those below stand.".into(),
        (Change::PartWithdrawn, Id) => {
            format!("Sebagian {noun} dalam insiden ini ditarik kembali; yang tersisa tercantum di bawah ini.")
        }
        (Change::PartWithdrawn, En) => "Part of this incident is withdrawn; what is left stands below.".into(),
        (Change::Joined(others), Id) => format!("Insiden {} digabungkan ke insiden ini.", list(others)),
        (Change::Joined(others), En) => match others.len() {
            1 => format!("Incident {} was joined to this one.", list(others)),
            _ => format!("Incidents {} were joined to this one.", list(others)),
        },
        (Change::Restored, Id) => format!("Penarikan sebelumnya dibatalkan: {noun} ini berlaku kembali."),
        (Change::Restored, En) => format!("The withdrawal is revoked: this {noun} stands again."),
        (Change::CaughtUp, Id) => {
            "Ada perubahan sejak pemberitahuan sebelumnya; yang berlaku tercantum di bawah ini.".into()
        }
        (Change::CaughtUp, En) => "Something changed since the notice before; what stands is given below.".into(),
        (Change::Over, Id) => "Keadaan ini sudah berakhir.".into(),
        (Change::Over, En) => "This is over.".into(),
        (Change::AllWithdrawn, Id) => {
            let mut first = noun.to_string();
            first[..1].make_ascii_uppercase();
            format!("{first} ini ditarik kembali.")
        }
        (Change::AllWithdrawn, En) => format!("This {noun} is withdrawn."),
    };
    Some(sentence)
}

/// Why the machine changed its word.
pub fn cause(reason: Reason, language: Language) -> Option<&'static str> {
    match (reason, language) {
        (Reason::LateEvent, Id) => Some("Penyebabnya: kejadian yang terlambat diterima mengubah gambaran semula."),
        (Reason::LateEvent, En) => Some("The cause: an event that arrived late changed the picture."),
        (Reason::SilenceKnown, Id) => {
            Some("Penyebabnya: kemudian diketahui bahwa perangkat tidak mengirim data pada waktu itu.")
        }
        (Reason::SilenceKnown, En) => Some("The cause: it became known that a device sent no data at that time."),
        (Reason::RulesChanged, Id) => Some("Penyebabnya: data petugas atau kebijakan diperbarui."),
        (Reason::RulesChanged, En) => Some("The cause: the roster or the policies were changed."),
        (Reason::CalendarChanged, Id) => {
            Some("Penyebabnya: kalender jam kerja kantor diubah untuk waktu yang sudah lewat.")
        }
        (Reason::CalendarChanged, En) => {
            Some("The cause: the office's calendar was changed for hours that had passed.")
        }
        _ => None,
    }
}

/// What a retraction means for the person it was about.
pub fn clearance(class: Class, officer: Option<&str>, language: Language) -> String {
    match (class, officer, language) {
        (Class::Indication, Some(officer), Id) => {
            format!("Dengan penarikan ini, tidak ada yang disangkakan lagi kepada {officer} atas kejadian tersebut.")
        }
        (Class::Indication, Some(officer), En) => {
            format!("With this withdrawal nothing is held against {officer} on this account.")
        }
        (_, _, Id) => "Dengan penarikan ini, pemberitahuan sebelumnya dianggap tidak pernah ada.".into(),
        (_, _, En) => "With this withdrawal the notices before it are void.".into(),
    }
}

/// What to do when it is over: nothing is urgent any more.
pub fn after_end(class: Class, language: Language) -> &'static [&'static str] {
    match (class, language) {
        (Class::Indication, Id) => &[
            "Tidak ada yang mendesak; keadaan ini sudah berakhir.",
            "Bila belum dilakukan, dengarkan penjelasan petugas sebelum menilai.",
        ],
        (Class::Indication, En) => &[
            "Nothing is urgent: it is over.",
            "If it has not been done yet, hear the officer before you judge.",
        ],
        (_, Id) => &[
            "Tidak ada yang mendesak; keadaan ini sudah berakhir.",
            "Bila sering berulang, cari penyebabnya bersama teknisi.",
        ],
        (_, En) => &[
            "Nothing is urgent: it is over.",
            "If it happens often, look for the cause together with the technician.",
        ],
    }
}

/// What to do after a retraction.
pub fn after_retraction(about_officer: bool, language: Language) -> &'static [&'static str] {
    match (about_officer, language) {
        (true, Id) => &[
            "Tidak diperlukan tindakan lebih lanjut atas insiden ini.",
            "Bila petugas sudah dimintai keterangan, sampaikan kepadanya bahwa hal ini sudah ditarik kembali.",
        ],
        (true, En) => &[
            "Nothing more needs to be done about this incident.",
            "If the officer has been asked about it, tell him or her that it is withdrawn.",
        ],
        (false, Id) => &["Tidak diperlukan tindakan lebih lanjut atas insiden ini."],
        (false, En) => &["Nothing more needs to be done about this incident."],
    }
}

pub fn more_events(count: usize, language: Language) -> String {
    match (language, count) {
        (Id, _) => format!("… dan {count} kejadian lain, lihat di dasbor"),
        (En, 1) => "… and one more event, see the dashboard".into(),
        (En, _) => format!("… and {count} more events, see the dashboard"),
    }
}

/// A device that the roster has no name for.
pub fn device_without_name(id: &str, language: Language) -> &str {
    match (id, language) {
        (SYSTEM, Id) => "sistem kantor",
        (SYSTEM, En) => "office system",
        (MONITOR, Id) => "pemantau",
        (MONITOR, En) => "monitor",
        _ => id,
    }
}

/// `3 kali` before a total.
pub fn times(count: usize, language: Language) -> String {
    match language {
        Id => format!("{count} kali"),
        En => format!("{count} times"),
    }
}

/// `37 insiden`
pub fn incidents(count: usize, language: Language) -> String {
    match (count, language) {
        (_, Id) => format!("{count} insiden"),
        (1, En) => "1 incident".into(),
        (_, En) => format!("{count} incidents"),
    }
}

pub fn more_incidents(count: usize, language: Language) -> String {
    match language {
        Id => format!("… dan {count} lainnya, lihat di dasbor"),
        En => format!("… and {count} more, see the dashboard"),
    }
}

pub fn all_incidents(language: Language) -> &'static str {
    match language {
        Id => "Buka semua insiden di dasbor",
        En => "Open all incidents on the dashboard",
    }
}

pub fn subject_known_late(counted: &str, office: &str, language: Language) -> String {
    one_line(&match language {
        Id => format!("[Jagaloket] {counted} yang baru diketahui – {office}"),
        En => format!("[Jagaloket] {counted} that became known late – {office}"),
    })
}

/// Title, explanation and what to do of a letter that tells of many incidents.
pub fn known_late(counted: &str, language: Language) -> (String, String, Vec<String>) {
    let (title, fact, steps) = match language {
        Id => (
            "Baru diketahui sekarang",
            format!("{counted} sudah berakhir sebelum dapat diberitahukan: datanya baru diterima setelah gangguan."),
            [
                "Buka insiden di dasbor dan baca kejadian yang menjadi dasarnya.",
                "Ingat bahwa kejadiannya sudah lama berlalu: minta klarifikasi sebelum menilai.",
                "Bila penyebab gangguan belum diketahui, minta tim TIK memeriksanya.",
            ],
        ),
        En => (
            "Known only now",
            format!("{counted} had ended before anybody could be told: their data came only after an outage."),
            [
                "Open the incidents on the dashboard and read the events they rest on.",
                "Remember that it was a while ago: hear the officer before you judge.",
                "If nobody knows yet what caused the outage, ask the technicians to look into it.",
            ],
        ),
    };
    (title.into(), fact, steps.map(String::from).to_vec())
}
