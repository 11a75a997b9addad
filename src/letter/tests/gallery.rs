//! One matter of each policy, to be written to people.

use super::*;

/// One policy of the gallery: as it ships, and a story it could have been opened by.
pub(super) struct Piece {
    pub(super) head: Head,
    pub(super) subject: [bool; 3],
    pub(super) since: &'static str,
    pub(super) opened: &'static str,
    pub(super) until: Option<&'static str>,
    pub(super) evidence: Vec<EvidenceLine>,
}

pub(super) fn piece(
    id: &str,
    title: [&str; 2],
    (class, severity, per): (Class, Severity, Per),
    [since, opened]: [&'static str; 2],
    until: Option<&'static str>,
    evidence: Vec<EvidenceLine>,
) -> Piece {
    Piece {
        head: Head {
            id: PolicyId::new(id),
            title: Title {
                id: title[0].into(),
                en: title[1].into(),
            },
            basis: "SOP Pelayanan Tatap Muka, butir 4.2".into(),
            class,
            severity,
            per,
            condition: String::new(),
            for_ms: 0,
            bridge_ms: 0,
            group_within_ms: 1_800_000,
            notify: vec![Tell::Supervisor],
            enabled: true,
            scope: Reach::Service,
            overlay: None,
        },
        subject: match per {
            Per::Service | Per::Session => [true, false, true],
            Per::Counter => [true, false, id == "counter-silent"],
            Per::Officer => [false, false, true],
            Per::Lockbox => [false, true, false],
            Per::Office => [false, false, false],
        },
        since,
        opened,
        until,
        evidence,
    }
}

/// Every shipped policy and one that an office made itself.
pub(super) fn gallery() -> Vec<Piece> {
    use Class::{Indication, Technical, Unverifiable};
    use Severity::{Critical, Info, Major, Minor};
    let session = |class, severity| (class, severity, Per::Session);
    vec![
        piece(
            "phone-out-during-service",
            [
                "Ponsel di luar loker saat pelayanan",
                "Phone outside the lockbox during service",
            ],
            session(Indication, Major),
            ["10:02:10", "10:03:10"],
            None,
            vec![signed_in("07:58:04"), started("09:58:31"), withdrawn("10:02:10")],
        ),
        piece(
            "no-deposit-after-sign-in",
            [
                "Ponsel belum disimpan setelah masuk sistem",
                "Phone not deposited after sign-in",
            ],
            session(Indication, Minor),
            ["07:58:04", "08:03:04"],
            Some("08:06:40"),
            vec![signed_in("07:58:04")],
        ),
        piece(
            "serving-at-two-counters",
            ["Melayani di dua loket sekaligus", "Serving at two counters"],
            (Indication, Major, Per::Officer),
            ["10:02:10", "10:02:40"],
            None,
            vec![
                started("10:00:00"),
                line("10:02:10", "loket-04", Kind::ServiceStarted { booking: None }),
            ],
        ),
        piece(
            "sign-in-outside-shift",
            ["Masuk sistem di luar giliran", "Signed in outside the shift"],
            session(Indication, Minor),
            ["16:30:00", "16:45:00"],
            None,
            vec![line("16:30:00", "system", Kind::ShiftEnded { officer: p003() })],
        ),
        piece(
            "messaging-on-workstation",
            [
                "Aplikasi perpesanan saat pelayanan",
                "Messaging application during service",
            ],
            session(Indication, Major),
            ["10:02:10", "10:03:10"],
            Some("10:09:02"),
            vec![
                started("09:58:31"),
                line(
                    "10:02:10",
                    "loket-03",
                    Kind::AppOpened {
                        category: "messaging".into(),
                    },
                ),
            ],
        ),
        piece(
            "phone-on-usb",
            [
                "Ponsel terhubung ke USB komputer loket",
                "Phone on the workstation's USB",
            ],
            session(Indication, Major),
            ["10:02:10", "10:02:10"],
            None,
            vec![line(
                "10:02:10",
                "loket-03",
                Kind::UsbAttached {
                    class: UsbClass::Rndis,
                    id: None,
                    allowed: false,
                },
            )],
        ),
        piece(
            "declared-none-contradicted",
            [
                "Pernyataan tidak membawa ponsel bertentangan",
                "Declaration of no phone contradicted",
            ],
            (Indication, Major, Per::Officer),
            ["10:02:10", "10:02:10"],
            Some("10:02:10"),
            vec![
                line("07:50:00", "system", Kind::DeclaredNone { officer: p003() }),
                line(
                    "10:02:10",
                    "system",
                    Kind::Seen {
                        officer: p003(),
                        by: "s-09".into(),
                    },
                ),
            ],
        ),
        piece(
            "custody-unverifiable",
            [
                "Keberadaan ponsel tidak dapat diverifikasi",
                "Custody cannot be verified",
            ],
            session(Unverifiable, Minor),
            ["10:02:10", "10:04:10"],
            None,
            vec![started("09:58:31"), line("10:02:10", "loker-a", Kind::LockboxHeartbeat)],
        ),
        piece(
            "handset-not-registered",
            ["Ponsel petugas belum terdaftar", "No handset registered"],
            session(Unverifiable, Info),
            ["07:58:04", "07:58:04"],
            None,
            vec![signed_in("07:58:04")],
        ),
        piece(
            "service-without-sign-in",
            ["Pelayanan tanpa masuk sistem", "Service without sign-in"],
            (Technical, Major, Per::Counter),
            ["10:02:10", "10:04:10"],
            None,
            vec![started("10:02:10")],
        ),
        piece(
            "lockbox-check-overdue",
            ["Pemeriksaan loker terlambat", "Lockbox check overdue"],
            session(Technical, Minor),
            ["09:58:04", "09:58:04"],
            None,
            vec![signed_in("07:58:04")],
        ),
        piece(
            "counter-silent",
            ["Komputer loket tidak mengirim data", "Counter silent"],
            (Technical, Minor, Per::Counter),
            ["10:02:10", "10:05:10"],
            None,
            vec![line("10:02:10", "loket-03", Kind::WorkstationHeartbeat)],
        ),
        piece(
            "lockbox-silent",
            ["Loker tidak mengirim data", "Lockbox silent"],
            (Technical, Major, Per::Lockbox),
            ["10:02:10", "10:04:10"],
            Some("10:20:00"),
            vec![line("10:02:10", "loker-a", Kind::LockboxHeartbeat)],
        ),
        piece(
            "lockbox-forced",
            ["Loker dibuka paksa", "Lockbox forced"],
            (Technical, Critical, Per::Lockbox),
            ["10:02:10", "10:02:10"],
            Some("10:02:10"),
            vec![line("10:02:10", "loker-a", Kind::Forced { slot: Some(7) })],
        ),
        piece(
            "phone-out-while-signed-in",
            [
                "Ponsel di luar loker selama masuk sistem",
                "Phone outside the lockbox while signed in",
            ],
            session(Indication, Minor),
            ["10:02:10", "10:04:10"],
            None,
            vec![signed_in("07:58:04"), withdrawn("10:02:10")],
        ),
        piece(
            "service-outside-hours",
            ["Pelayanan di luar jam kantor", "Service outside office hours"],
            session(Indication, Minor),
            ["16:00:00", "16:15:00"],
            Some("16:40:12"),
            vec![signed_in("07:58:04"), started("15:51:30")],
        ),
        piece(
            "badge-at-two-places",
            ["Satu kartu di dua tempat", "One badge at two places"],
            (Indication, Major, Per::Officer),
            ["10:02:10", "10:02:10"],
            Some("10:02:10"),
            vec![started("09:58:31"), withdrawn("10:02:10")],
        ),
        piece(
            "withdrawn-by-another",
            ["Ponsel diambil oleh orang lain", "Phone withdrawn by somebody else"],
            (Indication, Minor, Per::Officer),
            ["10:02:10", "10:02:10"],
            Some("10:02:10"),
            vec![line(
                "10:02:10",
                "loker-a",
                Kind::Withdrawn {
                    officer: p003(),
                    slot: 7,
                    handset: None,
                    by: Some("p-007".into()),
                },
            )],
        ),
        piece(
            "device-clock-off",
            ["Jam komputer loket tidak tepat", "Counter workstation's clock is off"],
            (Technical, Minor, Per::Counter),
            ["10:02:10", "10:03:10"],
            None,
            vec![],
        ),
        piece(
            "lockbox-clock-off",
            ["Jam loker HP tidak tepat", "Lockbox's clock is off"],
            (Technical, Minor, Per::Lockbox),
            ["10:02:10", "10:03:10"],
            Some("10:20:00"),
            vec![],
        ),
        piece(
            "an-office-policy-of-its-own",
            [
                "Loket buka tanpa petugas cadangan",
                "Counter open without a relief officer",
            ],
            session(Indication, Minor),
            ["10:02:10", "10:03:10"],
            None,
            vec![signed_in("07:58:04")],
        ),
    ]
}
