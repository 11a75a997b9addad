//! What to check first when a policy's letter comes. Other policies are looked into like any other matter.

use crate::engine::roster::Language::{self, En, Id};

/// What to check now: two or three short steps.
pub fn checks(policy: &str, language: Language) -> &'static [&'static str] {
    match (policy, language) {
        ("phone-out-during-service" | "phone-out-while-signed-in", Id) => &[
            "Periksa slot loker petugas: apakah ponselnya memang tidak ada?",
            "Datangi loket dan tanyakan dengan sopan; mungkin ponsel dititipkan, sedang rusak, atau sensor slot keliru.",
            "Bila ponsel masih dibawa, minta disimpan di loker sekarang juga.",
        ],
        ("phone-out-during-service" | "phone-out-while-signed-in", En) => &[
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
        ("device-clock-off" | "lockbox-clock-off", Id) => &[
            "Setel jam perangkat dan periksa apakah perangkat menyinkronkan jamnya dengan server waktu kantor (NTP).",
            "Bila jam salah lagi setelah perangkat dimatikan, ganti baterai jamnya.",
            "Bila semua perangkat tampak salah, periksa jam server pemantau.",
        ],
        ("device-clock-off" | "lockbox-clock-off", En) => &[
            "Set the device's clock, and check that it follows the office's time server (NTP).",
            "If the clock is wrong again after the device was off, replace its clock battery.",
            "If all devices look wrong, check the clock of the monitor's own machine.",
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
        ("service-outside-hours", Id) => &[
            "Lihat apakah pelayanan itu menyelesaikan antrean terakhir atau kasus mendesak.",
            "Tanyakan siapa yang memerintahkan pelayanan di luar jam kantor, dan catat perintahnya.",
            "Bila kalender kantor keliru, perbaiki jam atau tanggalnya dalam daftar kantor.",
        ],
        ("service-outside-hours", En) => &[
            "See whether the service finished the last of the queue or was an urgent case.",
            "Ask who ordered service outside office hours, and put the order on record.",
            "If the office's calendar is wrong, correct its hours or dates in the roster.",
        ],
        ("badge-at-two-places", Id) => &[
            "Pastikan di mana petugas sebenarnya berada pada waktu itu; lihat CCTV bila ada.",
            "Periksa jam perangkat di kedua tempat: selisih jam dapat membuat kejadian ini tampak mustahil.",
            "Tanyakan apakah kartu atau akun pernah dipinjamkan atau hilang.",
        ],
        ("badge-at-two-places", En) => &[
            "Find out where the officer really was at that time; look at the cameras if there are any.",
            "Check the clocks of the devices at both places: a difference can make this look impossible.",
            "Ask whether the badge or the account was lent or lost.",
        ],
        ("withdrawn-by-another", Id) => &[
            "Tanyakan kepada yang mengambil dan kepada pemiliknya untuk apa ponsel itu diambil.",
            "Bila ponsel dititipkan kepada atasan, catat penitipan itu beserta saksinya.",
            "Periksa apakah kartu loker tertukar; kejadian ini belum berarti pemiliknya tahu.",
        ],
        ("withdrawn-by-another", En) => &[
            "Ask whoever took the phone, and its owner, what it was taken for.",
            "If a supervisor keeps it, have that put on record with a witness.",
            "Check whether lockbox badges were mixed up; this does not mean that the owner knew.",
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
