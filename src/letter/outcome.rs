//! What letters say of people's answers: that there is none, that a second is needed, and what was decided.

use super::{Change, Decided, Matter, clock};
use crate::engine::roster::Language::{self, En, Id};

/// What is new; of a change that is none of these, nothing.
pub fn news(change: &Change, matter: &Matter<'_>) -> String {
    let language = matter.to.language;
    match change {
        Change::Unanswered(since) => {
            let zone = matter.roster.office.zone;
            let time = clock::time_on(*since, matter.now, zone, language);
            let name = clock::zone_name(*since, zone);
            match language {
                Id => format!(
                    "Belum ada tanggapan sejak {time} {name}. Mohon Bapak/Ibu menanggapinya: tandai diterima, atau putuskan."
                ),
                En => format!(
                    "Nobody has answered since {time} {name}. Please answer in their place: acknowledge it, or decide."
                ),
            }
        }
        Change::SecondNeeded => match language {
            Id => "Insiden ini diusulkan untuk dikesampingkan. Diperlukan persetujuan orang kedua: mohon Bapak/Ibu periksa dan putuskan.".into(),
            En => "It was proposed to dismiss this incident. A second person must agree: please look into it and decide.".into(),
        },
        Change::Decided(decided) => sentence(*decided, language).into(),
        _ => String::new(),
    }
}

fn sentence(decided: Decided, language: Language) -> &'static str {
    match (decided, language) {
        (Decided::Finding, Id) => {
            "Diputuskan: indikasi ini dikonfirmasi sebagai temuan. Temuan bukan pelanggaran; pelanggaran hanya setelah pemeriksaan."
        }
        (Decided::Finding, En) => {
            "Decided: this indication is confirmed as a finding. A finding is no violation; only an examination can prove one."
        }
        (Decided::Dismissed, Id) => "Diputuskan: dikesampingkan. Tidak ada yang disangkakan atas kejadian ini.",
        (Decided::Dismissed, En) => "Decided: dismissed. Nothing is held against anybody on this account.",
        (Decided::Proven, Id) => {
            "Diputuskan setelah pemeriksaan: terbukti. Keputusan ini masih dapat dimintakan keberatan."
        }
        (Decided::Proven, En) => "Decided after an examination: proven. The decision can still be appealed.",
        (Decided::NotProven, Id) => {
            "Diputuskan setelah pemeriksaan: tidak terbukti. Tidak ada yang disangkakan atas kejadian ini."
        }
        (Decided::NotProven, En) => {
            "Decided after an examination: not proven. Nothing is held against anybody on this account."
        }
        (Decided::Upheld, Id) => "Keberatan petugas telah ditinjau: keputusan semula tetap berlaku.",
        (Decided::Upheld, En) => "The officer's appeal was reviewed: the decision stands.",
        (Decided::Granted, Id) => {
            "Keberatan petugas dikabulkan: keputusan semula dicabut. Tidak ada yang disangkakan atas kejadian ini."
        }
        (Decided::Granted, En) => {
            "The officer's appeal was granted: the decision is taken back. Nothing is held against anybody on this account."
        }
    }
}

/// The state in the head of the mail.
pub fn state(changes: &[Change], language: Language) -> Option<&'static str> {
    changes.iter().rev().find_map(|change| {
        Some(match (change, language) {
            (Change::Unanswered(_), Id) => "Menunggu jawaban",
            (Change::Unanswered(_), En) => "Awaits an answer",
            (Change::SecondNeeded, Id) => "Menunggu orang kedua",
            (Change::SecondNeeded, En) => "Awaits a second person",
            (Change::Decided(Decided::Finding), Id) => "Temuan",
            (Change::Decided(Decided::Finding), En) => "Finding",
            (Change::Decided(Decided::Dismissed), Id) => "Dikesampingkan",
            (Change::Decided(Decided::Dismissed), En) => "Dismissed",
            (Change::Decided(Decided::Proven), Id) => "Terbukti",
            (Change::Decided(Decided::Proven), En) => "Proven",
            (Change::Decided(Decided::NotProven), Id) => "Tidak terbukti",
            (Change::Decided(Decided::NotProven), En) => "Not proven",
            (Change::Decided(Decided::Upheld), Id) => "Keputusan tetap",
            (Change::Decided(Decided::Upheld), En) => "Upheld",
            (Change::Decided(Decided::Granted), Id) => "Dicabut",
            (Change::Decided(Decided::Granted), En) => "Taken back",
            _ => return None,
        })
    })
}

/// What is left to do.
pub fn steps(changes: &[Change], language: Language) -> Option<&'static [&'static str]> {
    let steps: &[&str] = match (changes.last()?, language) {
        (Change::Unanswered(_) | Change::SecondNeeded, Id) => &[
            "Buka insiden di dasbor dan baca buktinya.",
            "Dengarkan penjelasan petugas sebelum menilai.",
            "Tandai diterima, atau putuskan dengan alasan: temuan, dikesampingkan, atau perlu pemeriksaan.",
        ],
        (Change::Unanswered(_) | Change::SecondNeeded, En) => &[
            "Open the incident on the dashboard and read what it rests on.",
            "Hear the officer before you judge.",
            "Acknowledge it, or decide, with a reason: finding, dismissed, or to be examined.",
        ],
        (Change::Decided(Decided::Finding), Id) => &[
            "Bicarakan dengan petugas: pembinaan didahulukan.",
            "Petugas dapat mengajukan keberatan.",
        ],
        (Change::Decided(Decided::Finding), En) => &[
            "Talk it over with the officer: coaching comes first.",
            "The officer can appeal.",
        ],
        (Change::Decided(_), Id) => &["Tidak diperlukan tindakan lebih lanjut dari pemberitahuan ini."],
        (Change::Decided(_), En) => &["Nothing more needs to be done about this notice."],
        _ => return None,
    };
    Some(steps)
}
