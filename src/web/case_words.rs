//! The words of cases, Indonesian and English side by side: stages, steps, what a person may do and what that does, and
//! why he may not.

use super::words::Words;
use crate::case::acts::Wish;
use crate::case::escalation::Passed;
use crate::case::{Code, Refusal, Rung, Stage};

/// What may be done: its name, what it does before it is done, and whether its words are a statement of one's own.
pub struct Deed {
    pub name: &'static str,
    pub does: &'static str,
    pub field: &'static str,
}

impl Words {
    fn both(&self, pair: [&'static str; 2]) -> &'static str {
        self.pick(pair[0], pair[1])
    }

    pub fn stage(&self, stage: Stage) -> &'static str {
        self.both(match stage {
            Stage::Indication => ["Indikasi", "Indication"],
            Stage::Dismissing => ["Menunggu orang kedua", "Waits for a second person"],
            Stage::Dismissed => ["Dikesampingkan", "Dismissed"],
            Stage::Finding => ["Temuan", "Finding"],
            Stage::Examination => ["Dalam pemeriksaan", "Under examination"],
            Stage::Proven => ["Terbukti", "Proven"],
            Stage::NotProven => ["Tidak terbukti", "Not proven"],
            Stage::Closed => ["Selesai", "Closed"],
            Stage::Withdrawn => ["Gugur oleh data susulan", "Cleared by late events"],
        })
    }

    /// What it means that a case stands there.
    pub fn stage_means(&self, stage: Stage) -> &'static str {
        self.both(match stage {
            Stage::Indication => [
                "Sesuatu untuk dilihat. Belum ada orang yang memutuskan apa pun.",
                "Something to look at. Nobody has decided anything yet.",
            ],
            Stage::Dismissing => [
                "Satu orang mengusulkan untuk mengesampingkannya; orang kedua yang berbeda harus setuju, atau menyatakannya temuan.",
                "One person proposed to dismiss it; a second, different one must agree, or call it a finding.",
            ],
            Stage::Dismissed => ["Diputuskan bukan apa-apa.", "It was decided that there is nothing to it."],
            Stage::Finding => [
                "Seorang atasan membenarkannya. Bukan pelanggaran: pembinaan lebih dahulu.",
                "A superior confirmed it. It is not a violation: coaching comes first.",
            ],
            Stage::Examination => ["Sedang diperiksa secara resmi.", "It is being looked into formally."],
            Stage::Proven => ["Terbukti setelah pemeriksaan.", "Proven after an examination."],
            Stage::NotProven => ["Diperiksa, dan tidak terbukti.", "Examined, and not proven."],
            Stage::Closed => ["Tidak ada lagi yang perlu dilakukan.", "Nothing is left to do."],
            Stage::Withdrawn => [
                "Data yang datang kemudian menggugurkannya. Tidak ada yang dipersalahkan kepada siapa pun.",
                "Events that came later cleared it. Nothing is held against anybody.",
            ],
        })
    }

    pub fn code(&self, code: Code) -> &'static str {
        self.both(match code {
            Code::DeviceFault => ["gangguan perangkat", "device fault"],
            Code::Exempted => ["dikecualikan", "exempted"],
            Code::Mistaken => ["keliru", "mistaken"],
            Code::Permitted => ["diizinkan", "permitted"],
        })
    }

    pub fn deed(&self, wish: Wish) -> Deed {
        let why = ["Alasan, dalam satu kalimat", "Why, in a sentence"];
        let [name, does, field] = match wish {
            Wish::Ack => [
                ["Tandai sudah diketahui", "Acknowledge"],
                [
                    "Mencatat bahwa Anda sedang melihatnya. Belum memutuskan apa pun. Tidak diteruskan ke atasan selama delapan jam pelayanan; setelah itu, bila belum diputuskan, diteruskan lagi.",
                    "Records that you are looking into it. It decides nothing. It is not passed on for eight hours of service; after that, if nothing was decided, it is passed on again.",
                ],
                ["Catatan (boleh kosong)", "A note (may be empty)"],
            ],
            Wish::State => [
                ["Beri keterangan", "Give your statement"],
                [
                    "Kata-kata Anda sendiri, dibaca semua yang menanganinya. Berdiri sebagaimana ditulis: tidak dapat diubah atau dihapus, juga oleh Anda.",
                    "Your own words, read by everybody who deals with it. They stand as written: nobody can change or delete them, nor can you.",
                ],
                ["Keterangan Anda", "Your statement"],
            ],
            Wish::Find => [
                ["Benarkan sebagai temuan", "Confirm as a finding"],
                [
                    "Menyatakan bahwa itu terjadi. Bukan pelanggaran: pembinaan lebih dahulu. Semua yang telah diberi tahu menerima surat; petugas dapat mengajukan keberatan selama 14 hari.",
                    "Says that it happened. It is not a violation: coaching comes first. Everybody who had been told gets a letter; the officer may appeal for 14 days.",
                ],
                why,
            ],
            Wish::Dismiss(_) => [
                ["Kesampingkan", "Dismiss"],
                [
                    "Menyatakan bahwa tidak ada apa-apa. Yang penting atau mendesak perlu orang kedua yang berbeda: sampai ia setuju, kasus tetap terbuka. Semua yang telah diberi tahu menerima surat.",
                    "Says that there is nothing to it. What is major or critical needs a second, different person: until he agrees the case stays open. Everybody who had been told gets a letter.",
                ],
                why,
            ],
            Wish::Examine => [
                ["Perlu pemeriksaan", "Have it examined"],
                [
                    "Memulai pemeriksaan resmi. Setelahnya kasus berakhir dengan terbukti atau tidak terbukti, dan petugas didengar lebih dahulu.",
                    "Begins a formal examination. It ends with proven or not proven, and the officer is heard first.",
                ],
                why,
            ],
            Wish::Prove => [
                ["Terbukti", "Proven"],
                [
                    "Menutup pemeriksaan: terbukti. Hanya ini yang dihitung sebagai pelanggaran. Petugas dapat mengajukan keberatan selama 14 hari.",
                    "Ends the examination: proven. Only this counts as a violation. The officer may appeal for 14 days.",
                ],
                why,
            ],
            Wish::NotProve => [
                ["Tidak terbukti", "Not proven"],
                [
                    "Menutup pemeriksaan: tidak terbukti. Semua yang telah diberi tahu menerima surat.",
                    "Ends the examination: not proven. Everybody who had been told gets a letter.",
                ],
                why,
            ],
            Wish::Close => [
                ["Selesaikan", "Close"],
                [
                    "Tidak ada lagi yang perlu dilakukan. Keputusannya tetap; data susulan atau tim kepatuhan dapat membukanya kembali.",
                    "Nothing is left to do. What was decided stays; late events or the integrity team can open it again.",
                ],
                why,
            ],
            Wish::Appeal => [
                ["Ajukan keberatan", "Appeal"],
                [
                    "Keputusan ditinjau oleh seseorang yang tidak ikut memutuskan. Sampai selesai ditinjau, tidak ada langkah lain.",
                    "The decision is reviewed by somebody who took no part in it. Until then nothing else happens.",
                ],
                ["Keberatan Anda", "Your appeal"],
            ],
            Wish::Uphold => [
                ["Keputusan tetap", "Uphold the decision"],
                [
                    "Sebagai peninjau: keberatan ditolak, keputusan tetap seperti semula.",
                    "As the reviewer: the appeal is turned down, the decision stays as it was.",
                ],
                why,
            ],
            Wish::Grant => [
                ["Kabulkan keberatan", "Grant the appeal"],
                [
                    "Sebagai peninjau: keputusan ditarik. Semua yang telah diberi tahu menerima surat.",
                    "As the reviewer: the decision is taken back. Everybody who had been told gets a letter.",
                ],
                why,
            ],
            Wish::Reopen => [
                ["Buka kembali", "Reopen"],
                [
                    "Kasus mulai lagi dari indikasi.",
                    "The case begins again as an indication.",
                ],
                why,
            ],
        };
        Deed {
            name: self.both(name),
            does: self.both(does),
            field: self.both(field),
        }
    }

    /// A step of a case, by its word in the table.
    pub fn case_step<'a>(&self, step: &'a str) -> &'a str {
        let pair = match step {
            "opened" => ["Dicatat", "Recorded"],
            "amended" => ["Diperbarui oleh data", "Amended by events"],
            "basis_withdrawn" => [
                "Dasarnya ditarik oleh data susulan",
                "Its basis was withdrawn by late events",
            ],
            "basis_restored" => ["Dasarnya berlaku lagi", "Its basis stands again"],
            "joined" => ["Bergabung dengan insiden lain", "Joined to another incident"],
            "reopened_by_evidence" => ["Dibuka kembali oleh data susulan", "Reopened by late evidence"],
            "told" => ["Diberitahukan", "People were told"],
            "ack_expired" => ["Tanda diketahui habis waktunya", "The acknowledgement ran out"],
            "acknowledged" => ["Sudah diketahui", "Acknowledged"],
            "stated" => ["Keterangan petugas", "The officer's statement"],
            "found" => ["Dibenarkan sebagai temuan", "Confirmed as a finding"],
            "dismissed" => ["Dikesampingkan", "Dismissed"],
            "dismissal_proposed" => ["Diusulkan untuk dikesampingkan", "Proposed to dismiss"],
            "examined" => ["Pemeriksaan dimulai", "An examination began"],
            "proven" => ["Terbukti", "Proven"],
            "not_proven" => ["Tidak terbukti", "Not proven"],
            "closed" => ["Diselesaikan", "Closed"],
            "appealed" => ["Keberatan diajukan", "Appealed"],
            "upheld" => ["Keputusan tetap", "The decision was upheld"],
            "granted" => ["Keberatan dikabulkan", "The appeal was granted"],
            "reopened" => ["Dibuka kembali", "Reopened"],
            "refused" => ["Percobaan yang ditolak", "An attempt was refused"],
            other => return other,
        };
        self.both(pair)
    }

    pub fn post(&self, post: &str) -> &'static str {
        self.both(match post {
            "officer" => ["petugas", "officer"],
            "supervisor" => ["atasan", "supervisor"],
            "integrity" => ["tim kepatuhan", "integrity team"],
            _ => ["teknisi", "technician"],
        })
    }

    pub fn rung(&self, rung: Rung) -> &'static str {
        self.both(match rung {
            Rung::First => ["sesuai kebijakan", "as the policy names them"],
            Rung::Next => [
                "atasan berikutnya, karena belum dijawab pada waktunya",
                "the next in line, since nobody had answered in time",
            ],
            Rung::Integrity => [
                "tim kepatuhan, karena belum dijawab",
                "the integrity team, since nobody had answered",
            ],
        })
    }

    pub fn passed(&self, why: &Passed) -> String {
        match why {
            Passed::Told => self.pick("sudah tahu", "knows of it").to_owned(),
            Passed::Absent => self
                .pick("tidak masuk, tanpa pengganti", "is away, and nobody acts for him")
                .to_owned(),
            Passed::DeputyTold(deputy) => format!(
                "{} {deputy}",
                self.pick("tidak masuk; digantikan", "is away; in his place:")
            ),
            Passed::Conflict(refusal) => self.refusal(refusal).0,
        }
    }

    /// Why something was refused, and what to do.
    pub fn refusal(&self, refusal: &Refusal) -> (String, &'static str) {
        let ask_other = [
            "Biarkan orang lain yang menanganinya; tim kepatuhan selalu dapat.",
            "Leave it to somebody else; the integrity team always can.",
        ];
        let look_again = ["Lihat keadaannya sekarang di bawah.", "See below how it stands now."];
        let change = ["Perbaiki lalu kirim lagi.", "Mend it and send it again."];
        let [why, todo]: [[&str; 2]; 2] = match refusal {
            Refusal::NoCase(_) => [["Kasus ini tidak ada.", "There is no such case."], look_again],
            Refusal::NoRequest(_) => [["Permintaan ini tidak ada.", "There is no such request."], look_again],
            Refusal::Unknown(_) => [
                [
                    "Orang itu tidak ada pada daftar kantor ini.",
                    "That person is not in this office's roster.",
                ],
                change,
            ],
            Refusal::Own => [
                [
                    "Tidak seorang pun menangani insiden tentang dirinya sendiri.",
                    "Nobody acts on an incident about himself.",
                ],
                ask_other,
            ],
            Refusal::OfSuperior => [
                [
                    "Insiden ini tentang atasan Anda.",
                    "The incident is about your superior.",
                ],
                ask_other,
            ],
            Refusal::DeputyOfSubject => [
                [
                    "Anda menggantikan orang yang bersangkutan.",
                    "You act for the person it is about.",
                ],
                ask_other,
            ],
            Refusal::AskedExemption => [
                [
                    "Anda meminta pengecualian bagi petugas ini untuk waktu itu.",
                    "You asked for an exemption of this officer for that time.",
                ],
                ask_other,
            ],
            Refusal::NotInLine => [
                [
                    "Petugas ini tidak berada di bawah Anda.",
                    "The officer is not in your line.",
                ],
                [
                    "Atasannya dan tim kepatuhan yang menanganinya.",
                    "His superiors and the integrity team act on it.",
                ],
            ],
            Refusal::ForIntegrity => [
                ["Langkah ini untuk tim kepatuhan.", "This is for the integrity team."],
                ["Hubungi mereka.", "Turn to them."],
            ],
            Refusal::ForOfficer => [
                [
                    "Hanya petugas yang bersangkutan dapat melakukannya.",
                    "Only the officer it is about can do that.",
                ],
                ask_other,
            ],
            Refusal::ForPeople => [
                [
                    "Teknisi hanya menangani hal teknis.",
                    "A technician may only act on technical matters.",
                ],
                ask_other,
            ],
            Refusal::WrongStage(stage) => {
                let why = format!(
                    "{} “{}”.",
                    self.pick("Langkah ini tidak mengikuti", "This step does not follow on"),
                    self.stage(*stage)
                );
                return (why, self.both(look_again));
            }
            Refusal::SecondPerson => [
                [
                    "Perlu orang kedua yang berbeda.",
                    "A second, different person must agree.",
                ],
                [
                    "Usul Anda sudah tercatat; tunggu orang lain.",
                    "Your proposal is recorded; wait for somebody else.",
                ],
            ],
            Refusal::Decided => [
                [
                    "Yang memutuskan tidak meninjau keputusannya sendiri.",
                    "Who decided cannot review his own decision.",
                ],
                ask_other,
            ],
            Refusal::AskedHimself => [
                [
                    "Yang meminta tidak dapat mengabulkan atau menolaknya.",
                    "Who asks can neither grant nor deny.",
                ],
                ask_other,
            ],
            Refusal::NoReason => [
                ["Tulis alasannya dalam satu kalimat.", "Say why, in a sentence."],
                change,
            ],
            Refusal::TooLong(_) => [["Alasannya terlalu panjang.", "The reason is too long."], change],
            Refusal::TooLate(_) => [["Waktunya sudah lewat.", "The time for it is over."], ask_other],
            Refusal::NotHeard(until) => {
                let why = format!(
                    "{} {}.",
                    self.pick(
                        "Petugas belum didengar. Tunggu keterangannya, atau sampai",
                        "The officer has not been heard. Wait for his statement, or until"
                    ),
                    until.get(..16).unwrap_or(until).replace('T', " ")
                );
                return (why, "");
            }
            Refusal::Changed(_) => [
                [
                    "Kasus ini sudah berubah sejak Anda melihatnya. Tidak ada yang dilakukan.",
                    "The case has changed since you looked at it. Nothing was done.",
                ],
                [
                    "Yang baru ditandai di bawah; bila masih berlaku, kirim lagi.",
                    "What is new is marked below; if it still holds, send it again.",
                ],
            ],
            Refusal::NoAppeal => [
                ["Tidak ada keberatan yang menunggu.", "No appeal is pending."],
                look_again,
            ],
            Refusal::AppealPending => [
                [
                    "Ada keberatan yang menunggu: itu ditinjau lebih dahulu.",
                    "An appeal is pending: it is reviewed first.",
                ],
                look_again,
            ],
            Refusal::Withdrawn => [
                [
                    "Dasarnya ditarik oleh data susulan: tidak ada yang dapat dipersalahkan.",
                    "Its basis was withdrawn by late events: there is nothing to hold against anybody.",
                ],
                ["Kesampingkan atau selesaikan.", "Dismiss or close it."],
            ],
            Refusal::GoesOnAs(n) => {
                let why = format!(
                    "{} #{n}.",
                    self.pick("Kasus ini berlanjut sebagai insiden", "The case goes on as incident")
                );
                return (why, "");
            }
            Refusal::NoSpan => [
                [
                    "Pengecualian harus mulai sebelum berakhir.",
                    "An exemption must begin before it ends.",
                ],
                change,
            ],
            Refusal::TooLongAtOnce(_) => [
                [
                    "Terlalu lama: atasan mengabulkan paling lama 3 hari, tim kepatuhan 30 hari.",
                    "Too long: a supervisor grants at most 3 days, the integrity team 30.",
                ],
                change,
            ],
            Refusal::Answered => [["Sudah dijawab.", "It was answered already."], look_again],
            Refusal::TooManyOpen(_) => [
                [
                    "Terlalu banyak permintaan Anda yang masih menunggu jawaban.",
                    "Too many requests of yours wait for an answer already.",
                ],
                ["Tunggu jawabannya.", "Wait for their answers."],
            ],
            Refusal::NotWritten => [
                [
                    "Pemantau sedang berhenti atau tidak dapat menulis. Tidak ada yang dilakukan.",
                    "The monitor is stopping, or cannot write. Nothing was done.",
                ],
                ["Coba lagi sebentar lagi.", "Try again in a while."],
            ],
        };
        (self.both(why).to_owned(), self.both(todo))
    }
}
