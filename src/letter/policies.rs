//! What each shipped policy says in one sentence. Other policies speak by their title.

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
    /// The office holds its officers to the policy while they are signed in, with an applicant or not.
    pub signed_in: bool,
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
    let beyond_service = scene.signed_in || policy == "phone-out-while-signed-in";
    let (during, during_his) = match beyond_service {
        true => (
            format!("selama petugas masuk sistem di {counter} dan tidak sedang istirahat"),
            format!("selama {officer} masuk sistem dan tidak sedang istirahat"),
        ),
        false => (
            format!("saat pelayanan tatap muka di {counter} berlangsung"),
            format!("saat pelayanan tatap muka oleh {officer} berlangsung"),
        ),
    };
    match policy {
        "phone-out-during-service" | "phone-out-while-signed-in" => {
            format!("Ponsel terdaftar milik {officer} berada di luar loker HP {when}, {during}.")
        }
        "no-deposit-after-sign-in" => format!(
            "Ponsel terdaftar milik {officer} belum berada di loker HP {when}, padahal petugas sudah masuk sistem di {counter}."
        ),
        "serving-at-two-counters" => {
            format!("Pelayanan atas nama {officer} berlangsung di lebih dari satu loket sekaligus {when}.")
        }
        "sign-in-outside-shift" => {
            format!("Sesi {officer} di {counter} berjalan di luar giliran kerjanya {when}.")
        }
        "messaging-on-workstation" => {
            format!("Aplikasi perpesanan terbuka di layar komputer {counter} {when}, {during_his}.")
        }
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
        "custody-unverifiable" => {
            format!("Keberadaan ponsel {officer} tidak dapat dipastikan {when}, {during}.")
        }
        "service-outside-hours" => {
            format!("Pelayanan tatap muka oleh {officer} di {counter} berlangsung {when}, di luar jam kantor.")
        }
        "badge-at-two-places" => format!(
            "Kartu atau akun {officer} dipakai {when} di tempat yang tidak mungkin dicapai dari tempat sebelumnya dalam waktu sesingkat itu."
        ),
        "withdrawn-by-another" => format!(
            "Ponsel pribadi milik {officer} diambil dari loker HP oleh orang lain {when}, tanpa penyerahan bersaksi yang tercatat."
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
        "device-clock-off" => {
            format!("Jam komputer {counter} berselisih lebih dari 30 detik dengan jam pemantau {when}.")
        }
        "lockbox-clock-off" => {
            format!("Jam {lockbox} berselisih lebih dari 30 detik dengan jam pemantau {when}.")
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
    let has_differed = if holds { "has differed" } else { "differed" };
    let is = if holds { "is" } else { "was" };
    let beyond_service = scene.signed_in || policy == "phone-out-while-signed-in";
    let (during, during_his) = match beyond_service {
        true => (
            format!("while the officer {is} signed in at {counter} and not on a break"),
            format!("while {officer} {is} signed in and not on a break"),
        ),
        false => (
            format!("while face-to-face service at {counter} {is} under way"),
            format!("while {officer} {is} serving face to face"),
        ),
    };
    match policy {
        "phone-out-during-service" | "phone-out-while-signed-in" => {
            format!("A registered phone of {officer} {has_been} outside the lockbox {when} {during}.")
        }
        "no-deposit-after-sign-in" => format!(
            "A registered phone of {officer} {has_been} outside the lockbox {when} although the officer {is} signed in at {counter}."
        ),
        "serving-at-two-counters" => {
            format!("Services in the name of {officer} {have_been} running at more than one counter at once {when}.")
        }
        "sign-in-outside-shift" => {
            format!("A session of {officer} at {counter} {has_been} running outside the officer's shift {when}.")
        }
        "messaging-on-workstation" => {
            format!("A messaging application {has_been} open on the screen of {counter} {when} {during_his}.")
        }
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
        "custody-unverifiable" => {
            format!("Nobody can tell where the phone of {officer} {has_been} {when} {during}.")
        }
        "service-outside-hours" => {
            format!("Face-to-face service by {officer} at {counter} {has_been} under way {when}, outside office hours.")
        }
        "badge-at-two-places" => format!(
            "The badge or account of {officer} was used {when} at a place that cannot be reached in so short a time from the place before."
        ),
        "withdrawn-by-another" => format!(
            "A private phone of {officer} was withdrawn from the lockbox by somebody else {when}, with no witnessed handover recorded."
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
        "device-clock-off" => format!(
            "The clock of the workstation of {counter} {has_differed} from the monitor's by more than 30 seconds {when}."
        ),
        "lockbox-clock-off" => {
            format!("The clock of {lockbox} {has_differed} from the monitor's by more than 30 seconds {when}.")
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
