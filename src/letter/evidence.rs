//! Events as sentences a person understands. Witnesses and booking codes are not named in mails.

use crate::engine::event::{Kind, OfficerId, UsbClass};
use crate::engine::roster::Language;

/// One event in words, e.g. `Ponsel diambil dari slot 7 (p-003)`.
pub fn describe(kind: &Kind, language: Language) -> String {
    match language {
        Language::Id => indonesian(kind),
        Language::En => english(kind),
    }
}

fn slot(slot: Option<u32>, word: &str) -> String {
    slot.map_or(String::new(), |slot| format!(" {word} {slot}"))
}

fn handset(name: &str, handset: Option<&str>) -> String {
    handset.map_or(name.to_string(), |id| format!("{name} {id}"))
}

fn usb(class: UsbClass, language: Language) -> &'static str {
    match (class, language) {
        (UsbClass::Mtp, Language::Id) => "ponsel (MTP)",
        (UsbClass::Mtp, Language::En) => "a phone (MTP)",
        (UsbClass::Ptp, Language::Id) => "ponsel atau kamera (PTP)",
        (UsbClass::Ptp, Language::En) => "a phone or camera (PTP)",
        (UsbClass::Rndis, Language::Id) => "tethering ponsel (RNDIS)",
        (UsbClass::Rndis, Language::En) => "phone tethering (RNDIS)",
        (UsbClass::Ncm, Language::Id) => "tethering ponsel (NCM)",
        (UsbClass::Ncm, Language::En) => "phone tethering (NCM)",
        (UsbClass::Storage, Language::Id) => "media penyimpanan",
        (UsbClass::Storage, Language::En) => "a storage device",
        (UsbClass::ChargeOnly, Language::Id) => "perangkat yang hanya mengisi daya",
        (UsbClass::ChargeOnly, Language::En) => "a charge-only device",
        (UsbClass::Other, Language::Id) => "perangkat lain",
        (UsbClass::Other, Language::En) => "another device",
    }
}

fn indonesian(kind: &Kind) -> String {
    let of = |officer: &OfficerId| format!("({officer})");
    match kind {
        Kind::WorkstationStarted => "Komputer loket dinyalakan".into(),
        Kind::WorkstationHeartbeat => "Komputer loket terpantau aktif".into(),
        Kind::SignedIn { officer } => format!("Petugas {officer} masuk sistem"),
        Kind::SignedOut { officer } => format!("Petugas {officer} keluar sistem"),
        Kind::ServiceStarted { .. } => "Pelayanan tatap muka dimulai".into(),
        Kind::ServiceEnded => "Pelayanan tatap muka selesai".into(),
        Kind::BreakStarted { .. } => "Istirahat dimulai".into(),
        Kind::BreakEnded { .. } => "Istirahat selesai".into(),
        Kind::AppOpened { category } => format!("Aplikasi {} dibuka", app(category, Language::Id)),
        Kind::AppClosed { category } => format!("Aplikasi {} ditutup", app(category, Language::Id)),
        Kind::UsbAttached {
            class, allowed: true, ..
        } => format!("USB terpasang: {} (diizinkan)", usb(*class, Language::Id)),
        Kind::UsbAttached { class, .. } => format!("USB terpasang: {}", usb(*class, Language::Id)),
        Kind::UsbDetached { class, .. } => format!("USB dilepas: {}", usb(*class, Language::Id)),
        Kind::ShiftStarted { officer } => format!("Giliran petugas {officer} dimulai"),
        Kind::ShiftEnded { officer } => format!("Giliran petugas {officer} berakhir"),
        Kind::Deposited {
            officer,
            slot: place,
            handset: id,
            ..
        } => {
            let phone = handset("Ponsel", id.as_ref().map(|id| id.as_str()));
            format!("{phone} disimpan di{} {}", slot(Some(*place), "slot"), of(officer))
        }
        Kind::Withdrawn {
            officer,
            slot: place,
            handset: id,
            by,
        } => {
            let phone = handset("Ponsel", id.as_ref().map(|id| id.as_str()));
            let by = by.as_deref().filter(|by| *by != officer.as_str());
            let by = by.map(|by| format!(" oleh {by}")).unwrap_or_default();
            format!("{phone} diambil dari{} {}{by}", slot(Some(*place), "slot"), of(officer))
        }
        Kind::Checked {
            officer, present: true, ..
        } => format!("Pemeriksaan loker: ponsel ada {}", of(officer)),
        Kind::Checked { officer, .. } => format!("Pemeriksaan loker: ponsel tidak ada {}", of(officer)),
        Kind::Forced { slot: place } => format!("Loker{} dibuka paksa", slot(*place, "slot")),
        Kind::Tampered { slot: place } => format!("Sensor gangguan fisik loker{} aktif", slot(*place, "slot")),
        Kind::LockboxHeartbeat => "Loker terpantau aktif".into(),
        Kind::Held { officer, .. } => format!("Ponsel dititipkan langsung kepada atasan {}", of(officer)),
        Kind::Returned { officer, .. } => format!("Ponsel titipan dikembalikan kepada petugas {}", of(officer)),
        Kind::DeclaredNone { officer } => format!("Pernyataan tidak membawa ponsel {}", of(officer)),
        Kind::Seen { officer, .. } => format!("Ponsel pribadi terlihat pada petugas {}", of(officer)),
        Kind::Granted { officer, .. } => format!("Pengecualian diberikan {}", of(officer)),
        Kind::Revoked { officer } => format!("Pengecualian dicabut {}", of(officer)),
        Kind::EmergencyStarted => "Keadaan darurat dimulai".into(),
        Kind::EmergencyEnded => "Keadaan darurat berakhir".into(),
        Kind::Ticked => "Jam pemantau".into(),
        Kind::Visit(visit) => format!("Peristiwa pemohon ({})", visit.name()),
    }
}

fn english(kind: &Kind) -> String {
    let of = |officer: &OfficerId| format!("({officer})");
    match kind {
        Kind::WorkstationStarted => "Workstation started".into(),
        Kind::WorkstationHeartbeat => "Workstation heard from".into(),
        Kind::SignedIn { officer } => format!("Officer {officer} signed in"),
        Kind::SignedOut { officer } => format!("Officer {officer} signed out"),
        Kind::ServiceStarted { .. } => "Face-to-face service started".into(),
        Kind::ServiceEnded => "Face-to-face service ended".into(),
        Kind::BreakStarted { .. } => "Break started".into(),
        Kind::BreakEnded { .. } => "Break ended".into(),
        Kind::AppOpened { category } => format!("{} opened", app(category, Language::En)),
        Kind::AppClosed { category } => format!("{} closed", app(category, Language::En)),
        Kind::UsbAttached {
            class, allowed: true, ..
        } => format!("USB attached: {} (allowed)", usb(*class, Language::En)),
        Kind::UsbAttached { class, .. } => format!("USB attached: {}", usb(*class, Language::En)),
        Kind::UsbDetached { class, .. } => format!("USB detached: {}", usb(*class, Language::En)),
        Kind::ShiftStarted { officer } => format!("Shift of officer {officer} started"),
        Kind::ShiftEnded { officer } => format!("Shift of officer {officer} ended"),
        Kind::Deposited {
            officer,
            slot: place,
            handset: id,
            ..
        } => {
            let phone = handset("Phone", id.as_ref().map(|id| id.as_str()));
            format!("{phone} deposited in{} {}", slot(Some(*place), "slot"), of(officer))
        }
        Kind::Withdrawn {
            officer,
            slot: place,
            handset: id,
            by,
        } => {
            let phone = handset("Phone", id.as_ref().map(|id| id.as_str()));
            let by = by.as_deref().filter(|by| *by != officer.as_str());
            let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
            format!(
                "{phone} withdrawn from{} {}{by}",
                slot(Some(*place), "slot"),
                of(officer)
            )
        }
        Kind::Checked {
            officer, present: true, ..
        } => format!("Lockbox check: phone present {}", of(officer)),
        Kind::Checked { officer, .. } => format!("Lockbox check: phone absent {}", of(officer)),
        Kind::Forced { slot: place } => format!("Lockbox{} forced open", slot(*place, "slot")),
        Kind::Tampered { slot: place } => format!("Lockbox{} tamper sensor triggered", slot(*place, "slot")),
        Kind::LockboxHeartbeat => "Lockbox heard from".into(),
        Kind::Held { officer, .. } => format!("Phone handed to a supervisor {}", of(officer)),
        Kind::Returned { officer, .. } => format!("Phone held by hand returned to the officer {}", of(officer)),
        Kind::DeclaredNone { officer } => format!("Declared not to carry a phone {}", of(officer)),
        Kind::Seen { officer, .. } => format!("Private phone seen on the officer {}", of(officer)),
        Kind::Granted { officer, .. } => format!("Exemption granted {}", of(officer)),
        Kind::Revoked { officer } => format!("Exemption revoked {}", of(officer)),
        Kind::EmergencyStarted => "Emergency started".into(),
        Kind::EmergencyEnded => "Emergency ended".into(),
        Kind::Ticked => "Monitor's clock".into(),
        Kind::Visit(visit) => format!("Applicants' side ({})", visit.name()),
    }
}

fn app(category: &str, language: Language) -> String {
    match (category, language) {
        ("messaging", Language::Id) => "perpesanan".into(),
        ("messaging", Language::En) => "Messaging application".into(),
        (other, Language::Id) => format!("kategori \"{other}\""),
        (other, Language::En) => format!("Application of category \"{other}\""),
    }
}
