//! A short help under every page: what one sees, what to do with it, and what it does not say. In the reader's words.

use maud::{Markup, html};

use super::nav::Tab;
use super::words::Words;

/// Sentences, Indonesian first.
type Sentences = &'static [[&'static str; 2]];

/// `None` where a page needs none, as those before signing in.
fn sentences(tab: Tab) -> Option<Sentences> {
    Some(match tab {
        Tab::Today => &[
            [
                "Di atas: yang perlu dilihat orang lebih dahulu. Di bawahnya: tiap loket dan loker HP, seperti keadaannya sekarang.",
                "At the top: what somebody should look at first. Below: every counter and lockbox as it is now.",
            ],
            [
                "Garis tepi hijau berarti sedang melayani; jingga berarti ponsel di luar loker saat melayani; bergaris berarti perangkat tidak mengirim data.",
                "A green edge means serving; orange means a phone is out while serving; a striped edge means the device sends nothing.",
            ],
            [
                "Halaman ini memperbarui diri sendiri. Jam kantor menunjukkan sampai kapan keadaan sudah dinilai.",
                "The page renews itself. The office clock says up to which moment things are judged.",
            ],
        ],
        Tab::Mine => &[
            [
                "Semua yang dicatat tentang Anda, dan siapa yang pernah melihatnya beserta alasannya.",
                "All that is recorded about you, and who has looked at it and why.",
            ],
            [
                "Bila ada yang keliru, sampaikan pernyataan atau keberatan pada insidennya. Itu tidak dapat dihapus orang lain.",
                "If something is wrong, give a statement or appeal on the incident itself. Nobody else can remove it.",
            ],
        ],
        Tab::Incidents => &[
            [
                "Satu insiden menghimpun penilaian yang sejenis tentang satu petugas atau satu perangkat pada satu hari. Yang masih terbuka ada di atas.",
                "An incident gathers what one policy says of one officer or device on one day. The open ones come first.",
            ],
            [
                "Indikasi adalah alasan untuk bertanya, bukan kesimpulan. Lihat bukti dan celah datanya dahulu, lalu dengarkan petugasnya.",
                "An indication is a reason to ask, not a conclusion. Look at its evidence and its gaps first, then hear the officer.",
            ],
            [
                "Saringan menyaring daftar dan juga berkas yang diunduh. Tiap insiden yang Anda buka tercatat.",
                "Filters narrow the list and the downloaded file alike. Each incident you open is recorded.",
            ],
        ],
        Tab::Search => &[[
            "Cari nomor insiden atau surat, kode petugas, loket, loker HP, perangkat, atau kebijakan. Hanya yang boleh Anda lihat yang ditemukan.",
            "Find an incident's or a letter's number, an officer's code, a counter, a lockbox, a device or a policy. Only what you may see is found.",
        ]],
        Tab::Compliance => &[
            [
                "Kepatuhan terbukti selalu dibaca bersama cakupan data: angka tinggi dengan cakupan rendah belum berarti apa-apa.",
                "Read verified compliance beside coverage, always: a high figure with low coverage says little.",
            ],
            [
                "Tiap bagan punya tabel di bawahnya, dan semuanya dapat diunduh. Kantor dan loket dengan data sedikit tidak diperingkatkan.",
                "Each chart has a table under it, and all can be downloaded. Offices and counters with little data are not ranked.",
            ],
        ],
        Tab::Signals => &[[
            "Pola yang berulang pada data, bukan pada orang. Periksa dahulu apakah perangkat atau jadwal yang menjadi sebabnya.",
            "Patterns in what was recorded, not in people. See first whether devices or schedules are behind them.",
        ]],
        Tab::Letters => &[
            [
                "Setiap surel yang ditulis Jagaloket: kepada siapa, kapan dikirim, dan mengapa belum.",
                "Every mail Jagaloket wrote: to whom, when it was sent, and why not yet.",
            ],
            [
                "Surat yang dihentikan menunggu orang: perbaiki alamat atau server surel, lalu jalankan jagaloket letters retry.",
                "Letters given up wait for somebody: mend the address or the mail server, then run jagaloket letters retry.",
            ],
        ],
        Tab::Exemptions => &[[
            "Selama pengecualian berlaku, tidak ada indikasi tentang petugas itu, dan menit pelayanannya dihitung terpisah.",
            "While an exemption holds, no indication is given about that officer, and his minutes of service are counted apart.",
        ]],
        Tab::Escalation => &[[
            "Atasan berikutnya, ketidakhadiran dan pengganti (Plh) menurut daftar kantor. Siapa yang berikutnya untuk satu insiden, dan mengapa, ada di halaman insiden itu.",
            "The next in line, absences and deputies, by the office's roster. Who is next for one incident, and why, stands on that incident's page.",
        ]],
        Tab::Corrections => &[
            [
                "Siapa pun di roster dapat mengatakan apa yang salah dalam catatan tentang dirinya. Undang-undang memberi 3 x 24 jam untuk menjawab.",
                "Whoever is in the roster can say what is wrong in what is held about him. The law gives 3 x 24 hours to answer.",
            ],
            [
                "Jawaban tidak mengubah apa pun dengan sendirinya: perbaiki roster, pengecualian, atau kasusnya setelah menerima.",
                "An answer changes nothing by itself: mend the roster, the exemption or the case once you have accepted.",
            ],
        ],
        Tab::Roster => &[[
            "Daftar kantor: loket, loker HP, petugas dan ponselnya. Perubahan berlaku sejak disimpan; yang lampau tetap dinilai dengan daftar saat itu.",
            "The office's roster: counters, lockboxes, officers and their phones. A change holds from when it is saved; the past is judged by the roster of then.",
        ]],
        Tab::Calendar => &[[
            "Jam buka dan hari libur kantor. Kebijakan yang menyebut jam kantor memakai kalender ini.",
            "The office's hours and holidays. Policies that name office hours go by this calendar.",
        ]],
        Tab::Policies => &[
            [
                "Aturan yang dipakai mesin, dengan dasarnya, syaratnya, ujiannya, dan berapa kali ia berbunyi. Nol juga jawaban: aturan itu berjalan dan tidak menemukan apa-apa.",
                "The rules the machine goes by: their basis, condition, tests, and how often each spoke. None is an answer too: the rule runs and found nothing.",
            ],
            [
                "Kantor dapat mengubah batas dan tingkat dengan keputusan yang bernama dan bertanggal; keputusan itu tertulis di sini.",
                "An office may change limits and severity by a decision with a name and a date; it is written here.",
            ],
        ],
        Tab::Devices => &[
            [
                "Celah adalah waktu tanpa kabar dari perangkat. Selama celah, tidak ada yang dipersangkakan kepada siapa pun.",
                "A gap is a time in which a device said nothing. In a gap, nothing is held against anybody.",
            ],
            [
                "Jam yang meleset lebih dari dua menit tidak dipercaya: waktunya diganti dengan waktu terima. Setel NTP pada perangkatnya.",
                "A clock that is off by over two minutes is not believed: times of receipt stand in its place. Set NTP on the device.",
            ],
        ],
        Tab::Quarantine => &[[
            "Pesan yang tidak dapat diterima, disimpan utuh. Kodenya mengatakan apa yang harus diperbaiki pada perangkat pengirim.",
            "Messages that could not be accepted, kept whole. The code says what to mend on the device that sent them.",
        ]],
        Tab::Health => &[
            [
                "Halaman kejujuran: apa yang hilang, terlambat, tidak terkirim, atau tidak terbukti. Tanda seru berarti seseorang perlu bertindak.",
                "The honesty page: what is lost, late, not sent or not proven. An exclamation mark means that somebody must act.",
            ],
            [
                "p50 dan p99 adalah batas yang tidak dilampaui oleh 50 dan 99 dari 100 kejadian, diukur sejak proses dimulai.",
                "p50 and p99 are bounds that 50 and 99 of 100 did not exceed, measured since the process started.",
            ],
        ],
        Tab::Programs => &[[
            "Program masuk dengan token yang Anda buat pada halaman akun; ia melihat paling banyak yang Anda lihat.",
            "Programs come in with a token you make on your account page; they see at most what you see.",
        ]],
        Tab::Traces => &[[
            "Siapa melakukan atau melihat apa, dan kapan. Jejak tidak dapat diubah atau dihapus.",
            "Who did or looked at what, and when. Traces cannot be changed or removed.",
        ]],
        Tab::Users => &[[
            "Akun dan perannya. Tautan undangan berlaku satu kali; pengelola akun tidak melihat kasus apa pun.",
            "Accounts and their roles. A link works once; whoever looks after accounts sees no case.",
        ]],
        Tab::Gate => &[[
            "Pindai atau ketik kode lalu Enter. Hijau: masuk. Merah: baca alasannya; memasukkan dengan alasan selalu tercatat dengan nama Anda.",
            "Scan or type the code, then Enter. Green: let in. Red: read why; letting somebody in with a reason is always recorded with your name.",
        ]],
        Tab::Bookings => &[[
            "Booking satu hari. Hangus berarti jadwalnya lewat dan tidak ada yang datang. Buka kodenya untuk mencetak slip.",
            "One day's bookings. Lapsed means that the window is over and nobody came. Open a code to print its slip.",
        ]],
        Tab::Messages => &[[
            "Setiap pesan dikirim satu kali untuk satu keperluan, dan bukti pengirimannya ada di buku besar. Papan pengumuman: yang tidak terjangkau lewat saluran.",
            "Each message goes out once for one purpose, and the ledger proves it. The notice list: whom the channel does not reach.",
        ]],
        Tab::Reports => &[[
            "Laporan pemohon adalah alasan untuk bertanya, bukan bukti. Siapa pelapornya hanya dapat dibuka pemegang segel, dengan alasan.",
            "A report is a reason to ask, not a proof. Who sent it only a custodian opens, with a reason.",
        ]],
        Tab::Seals => &[[
            "Buka hanya yang diminta secara tertulis. Isi laporan tidak tampil di sini.",
            "Open only what was asked for in writing. What was reported is not shown here.",
        ]],
        Tab::None => return None,
    })
}

pub fn of(tab: Tab, words: &Words) -> Markup {
    html! {
        @if let Some(sentences) = sentences(tab) {
            details.help {
                summary { (words.pick("Bantuan untuk halaman ini", "Help for this page")) }
                @for [id, en] in sentences { p { (words.pick(id, en)) } }
            }
        }
    }
}
