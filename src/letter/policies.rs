//! What each shipped policy says in one sentence, and what to check first. Other policies speak by their title.

use super::clock::Tense;
use crate::engine::event::Kind;
use crate::engine::roster::Language::{self, En, Id};

/// What a fact sentence is made of.
pub struct Scene<'a> {
    pub language: Language,
    pub tense: Tense,
    /// `sejak 10:02:10 WIB`; fits after a verb.
    pub when: &'a str,
    /// `petugas p-003`
    pub officer: &'a str,
    /// `Loket 3`
    pub counter: &'a str,
    /// `Loker HP A`; fits at the beginning and within.
    pub lockbox: &'a str,
    /// The policy's title, for the generic sentence.
    pub title: &'a str,
    /// Where the generic sentence puts it: officer, counter or lockbox, whatever there is.
    pub subject: &'a str,
    pub trigger: Option<&'a Kind>,
}

/// What happened, in one sentence.
pub fn fact(policy: &str, scene: &Scene<'_>) -> String {
    match scene.language {
        Id => indonesian(policy, scene),
        En => english(policy, scene),
    }
}

fn indonesian(policy: &str, scene: &Scene<'_>) -> String {
    let Scene {
        when,
        officer,
        counter,
        lockbox,
        ..
    } = scene;
    match policy {
        "phone-out-during-service" => format!(
            "Ponsel terdaftar milik {officer} berada di luar loker HP {when}, saat pelayanan tatap muka di {counter} berlangsung."
        ),
        "no-deposit-after-sign-in" => format!(
            "Ponsel terdaftar milik {officer} belum berada di loker HP {when}, padahal petugas sudah masuk sistem di {counter}."
        ),
        "serving-at-two-counters" => {
            format!("Pelayanan atas nama {officer} berlangsung di lebih dari satu loket sekaligus {when}.")
        }
        "sign-in-outside-shift" => {
            format!("Sesi {officer} di {counter} berjalan di luar giliran kerjanya {when}.")
        }
        "messaging-on-workstation" => format!(
            "Aplikasi perpesanan terbuka di layar komputer {counter} {when}, saat pelayanan tatap muka oleh {officer} berlangsung."
        ),
        "phone-on-usb" => format!(
            "Ponsel atau perangkat sejenis terhubung ke USB komputer {counter} {when}, dalam sesi {officer}; perangkat itu tidak ada dalam daftar yang diizinkan."
        ),
        "declared-none-contradicted" => match scene.trigger {
            Some(Kind::Withdrawn { .. }) => format!(
                "Ponsel pribadi milik {officer} diambil dari loker HP {when}, padahal pernyataan tidak membawa ponsel masih berlaku."
            ),
            Some(Kind::Seen { .. }) => format!(
                "Ponsel pribadi terlihat pada {officer} {when}, padahal pernyataan tidak membawa ponsel masih berlaku."
            ),
            _ => format!(
                "Ponsel pribadi milik {officer} terlihat atau diambil dari loker HP {when}, padahal pernyataan tidak membawa ponsel masih berlaku."
            ),
        },
        "custody-unverifiable" => format!(
            "Keberadaan ponsel {officer} tidak dapat dipastikan {when}, saat pelayanan tatap muka di {counter} berlangsung."
        ),
        "handset-not-registered" => format!(
            "Sesi {officer} di {counter} berjalan {when} tanpa ponsel pribadi yang terdaftar dan tanpa pernyataan tidak membawa ponsel."
        ),
        "service-without-sign-in" => format!(
            "Pelayanan tatap muka berlangsung di {counter} {when} tanpa ada petugas yang masuk sistem di loket tersebut."
        ),
        "lockbox-check-overdue" => {
            format!("Pemeriksaan loker untuk {officer} di {counter} melewati batas waktu {when}.")
        }
        "counter-silent" => {
            format!("Komputer {counter} tidak mengirim data {when}, padahal sesi di loket tersebut masih terbuka.")
        }
        "lockbox-silent" => format!(
            "{lockbox} tidak mengirim data {when}; selama itu keberadaan ponsel di dalamnya tidak dapat dipastikan."
        ),
        "lockbox-forced" => match scene.trigger {
            Some(Kind::Forced { .. }) => {
                format!("{lockbox} dibuka paksa {when}, di luar keadaan darurat.")
            }
            Some(Kind::Tampered { .. }) => {
                format!("Sensor gangguan fisik {lockbox} aktif {when}, di luar keadaan darurat.")
            }
            _ => format!("{lockbox} dibuka paksa atau diganggu secara fisik {when}, di luar keadaan darurat."),
        },
        _ => {
            let (title, subject) = (scene.title, scene.subject);
            match scene.tense {
                Tense::Holds => format!("Keadaan \"{title}\" berlangsung {when} ({subject})."),
                Tense::Over | Tense::Instant => format!("Keadaan \"{title}\" terjadi {when} ({subject})."),
            }
        }
    }
}

fn english(policy: &str, scene: &Scene<'_>) -> String {
    let Scene {
        when,
        officer,
        counter,
        lockbox,
        ..
    } = scene;
    let holds = scene.tense == Tense::Holds;
    let has_been = if holds { "has been" } else { "was" };
    let have_been = if holds { "have been" } else { "were" };
    let has_not_sent = if holds { "has not sent" } else { "did not send" };
    let is = if holds { "is" } else { "was" };
    match policy {
        "phone-out-during-service" => format!(
            "A registered phone of {officer} {has_been} outside the lockbox {when} while face-to-face service at {counter} {is} under way."
        ),
        "no-deposit-after-sign-in" => format!(
            "A registered phone of {officer} {has_been} outside the lockbox {when} although the officer {is} signed in at {counter}."
        ),
        "serving-at-two-counters" => {
            format!("Services in the name of {officer} {have_been} running at more than one counter at once {when}.")
        }
        "sign-in-outside-shift" => {
            format!("A session of {officer} at {counter} {has_been} running outside the officer's shift {when}.")
        }
        "messaging-on-workstation" => format!(
            "A messaging application {has_been} open on the screen of {counter} {when} while {officer} {is} serving face to face."
        ),
        "phone-on-usb" => format!(
            "A phone or a similar device {has_been} connected by USB to the workstation of {counter} {when}, in a session of {officer}; it is not on the list of allowed devices."
        ),
        "declared-none-contradicted" => match scene.trigger {
            Some(Kind::Withdrawn { .. }) => format!(
                "A private phone of {officer} was withdrawn from the lockbox {when} while a declaration not to carry a phone stood."
            ),
            Some(Kind::Seen { .. }) => {
                format!("A private phone was seen on {officer} {when} while a declaration not to carry a phone stood.")
            }
            _ => format!(
                "A private phone of {officer} was seen or withdrawn from the lockbox {when} while a declaration not to carry a phone stood."
            ),
        },
        "custody-unverifiable" => format!(
            "Nobody can tell where the phone of {officer} {} {when} while face-to-face service at {counter} {is} under way.",
            if holds { "has been" } else { "was" }
        ),
        "handset-not-registered" => format!(
            "A session of {officer} at {counter} {has_been} running {when} with no private phone registered and no declaration not to carry one."
        ),
        "service-without-sign-in" => {
            format!("Face-to-face service {has_been} running at {counter} {when} with nobody signed in there.")
        }
        "lockbox-check-overdue" => {
            format!("The lockbox check for {officer} at {counter} {has_been} overdue {when}.")
        }
        "counter-silent" => {
            format!("The workstation of {counter} {has_not_sent} any data {when} although a session is open there.")
        }
        "lockbox-silent" => format!(
            "{lockbox} {has_not_sent} any data {when}; where the phones in it are cannot be verified for that time."
        ),
        "lockbox-forced" => match scene.trigger {
            Some(Kind::Forced { .. }) => {
                format!("{lockbox} was forced open {when}, with no emergency declared.")
            }
            Some(Kind::Tampered { .. }) => {
                format!("The tamper sensor of {lockbox} was triggered {when}, with no emergency declared.")
            }
            _ => format!("{lockbox} was forced open or tampered with {when}, with no emergency declared."),
        },
        _ => {
            let (title, subject) = (scene.title, scene.subject);
            match scene.tense {
                Tense::Holds => format!("\"{title}\" has applied {when} ({subject})."),
                Tense::Over | Tense::Instant => format!("\"{title}\" applied {when} ({subject})."),
            }
        }
    }
}

/// What to check now: two or three short steps.
pub fn checks(policy: &str, language: Language) -> &'static [&'static str] {
    match (policy, language) {
        ("phone-out-during-service", Id) => &[
            "Periksa slot loker petugas: apakah ponselnya memang tidak ada?",
            "Datangi loket dan tanyakan dengan sopan; mungkin ponsel dititipkan, sedang rusak, atau sensor slot keliru.",
            "Bila ponsel masih dibawa, minta disimpan di loker sekarang juga.",
        ],
        ("phone-out-during-service", En) => &[
            "Look at the officer's slot: is the phone really not there?",
            "Go to the counter and ask politely; the phone may be held by somebody, be broken, or the slot's sensor may be wrong.",
            "If the phone is still carried, have it deposited now.",
        ],
        ("no-deposit-after-sign-in", Id) => &[
            "Tanyakan apakah petugas membawa ponsel hari ini.",
            "Bila membawa, minta disimpan di loker sebelum pemohon pertama dilayani.",
            "Bila tidak membawa, minta petugas membuat pernyataan tidak membawa ponsel.",
        ],
        ("no-deposit-after-sign-in", En) => &[
            "Ask whether the officer carries a phone today.",
            "If so, have it deposited before the first applicant is served.",
            "If not, have the officer declare that no phone is carried.",
        ],
        ("serving-at-two-counters", Id) => &[
            "Lihat siapa yang sebenarnya melayani di masing-masing loket.",
            "Periksa apakah sesi lama lupa ditutup atau akun dipakai bersama.",
            "Minta setiap petugas masuk dengan akunnya sendiri.",
        ],
        ("serving-at-two-counters", En) => &[
            "See who is really serving at each of the counters.",
            "Check whether an old session was left open or an account is shared.",
            "Have every officer sign in with his or her own account.",
        ],
        ("sign-in-outside-shift", Id) => &[
            "Cocokkan dengan jadwal giliran; mungkin pertukaran giliran belum dicatat.",
            "Pastikan yang menggunakan akun tersebut adalah petugas yang bersangkutan.",
        ],
        ("sign-in-outside-shift", En) => &[
            "Compare with the roster of shifts; a swap may not have been entered.",
            "Make sure that the account is used by the officer it belongs to.",
        ],
        ("messaging-on-workstation", Id) => &[
            "Lihat layar komputer loket: aplikasi apa yang terbuka?",
            "Tanyakan keperluannya; isi percakapan tidak direkam dan tidak perlu dibuka.",
            "Minta aplikasi ditutup selama pelayanan tatap muka.",
        ],
        ("messaging-on-workstation", En) => &[
            "Look at the counter's screen: which application is open?",
            "Ask what it is needed for; the content is not recorded and need not be opened.",
            "Have it closed during face-to-face service.",
        ],
        ("phone-on-usb", Id) => &[
            "Periksa porta USB komputer loket dan lihat perangkat apa yang terpasang.",
            "Bila itu kamera atau pemindai kantor, minta teknisi menambahkannya ke daftar yang diizinkan.",
            "Bila itu ponsel, minta dilepas dan disimpan di loker.",
        ],
        ("phone-on-usb", En) => &[
            "Look at the workstation's USB ports: what is connected?",
            "If it is the office's camera or scanner, have the technician add it to the allowed devices.",
            "If it is a phone, have it unplugged and deposited.",
        ],
        ("declared-none-contradicted", Id) => &[
            "Minta keterangan petugas tentang pernyataannya hari ini.",
            "Periksa apakah ponsel yang dimaksud adalah ponsel dinas atau milik orang lain.",
            "Bila ponsel pribadi memang dibawa, minta disimpan di loker sekarang juga.",
        ],
        ("declared-none-contradicted", En) => &[
            "Ask the officer about today's declaration.",
            "Check whether the phone is an official one or somebody else's.",
            "If a private phone is carried, have it deposited now.",
        ],
        ("custody-unverifiable", Id) => &[
            "Periksa langsung apakah ponsel petugas ada di loker, lalu catat hasil pemeriksaannya.",
            "Bila loker tidak mengirim data, minta teknisi memeriksanya.",
        ],
        ("custody-unverifiable", En) => &[
            "Check in person whether the officer's phone is in the lockbox, and record the check.",
            "If the lockbox sends no data, have the technician look at it.",
        ],
        ("handset-not-registered", Id) => &[
            "Tanyakan apakah petugas memiliki ponsel pribadi yang dibawa bertugas.",
            "Daftarkan ponselnya, atau minta pernyataan tidak membawa ponsel.",
        ],
        ("handset-not-registered", En) => &[
            "Ask whether the officer brings a private phone to work.",
            "Have it registered, or have the officer declare that none is carried.",
        ],
        ("service-without-sign-in", Id) => &[
            "Lihat siapa yang melayani di loket tersebut dan minta masuk sistem dengan akunnya sendiri.",
            "Bila petugas mengaku sudah masuk sistem, minta teknisi memeriksa komputer loket.",
        ],
        ("service-without-sign-in", En) => &[
            "See who serves at the counter and have that officer sign in with his or her own account.",
            "If the officer did sign in, have the technician look at the workstation.",
        ],
        ("lockbox-check-overdue", Id) => &[
            "Lakukan pemeriksaan loker: apakah ponsel petugas ada di slotnya?",
            "Catat hasil pemeriksaan pada loker atau sistem kantor.",
        ],
        ("lockbox-check-overdue", En) => &[
            "Check the lockbox: is the officer's phone in its slot?",
            "Record the check at the lockbox or in the office's system.",
        ],
        ("counter-silent", Id) => &[
            "Periksa apakah komputer loket menyala dan kabel jaringannya terpasang.",
            "Periksa layanan agen pemantau di komputer tersebut.",
            "Selama terputus, awasi loket secara langsung; data yang tertunda akan menyusul.",
        ],
        ("counter-silent", En) => &[
            "Check that the workstation is on and its network cable is plugged in.",
            "Check the monitoring agent on that workstation.",
            "Watch the counter in person meanwhile; delayed data will follow.",
        ],
        ("lockbox-silent", Id) => &[
            "Periksa daya dan jaringan loker.",
            "Selama terputus, periksa keberadaan ponsel secara langsung dan catat hasilnya.",
        ],
        ("lockbox-silent", En) => &[
            "Check the lockbox's power and network.",
            "Check the phones in person meanwhile, and record the checks.",
        ],
        ("lockbox-forced", Id) => &[
            "Datangi loker sekarang; periksa pintu, slot, dan isinya bersama seorang saksi.",
            "Tanyakan apakah dibuka dengan kunci mekanis untuk keperluan yang sah, misalnya listrik padam.",
            "Amankan rekaman CCTV di sekitar loker untuk waktu tersebut.",
        ],
        ("lockbox-forced", En) => &[
            "Go to the lockbox now; look at door, slots and contents together with a witness.",
            "Ask whether it was opened with the mechanical key for a good reason, such as a power cut.",
            "Secure the camera recordings around the lockbox for that time.",
        ],
        (_, Id) => &[
            "Periksa keadaan sebenarnya di tempat.",
            "Dengarkan penjelasan yang bersangkutan sebelum menarik kesimpulan.",
        ],
        (_, En) => &[
            "See for yourself what the situation is.",
            "Hear those concerned before you conclude anything.",
        ],
    }
}
