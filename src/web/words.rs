//! Every word of the dashboard's own, Indonesian and English side by side. (What an incident says is `letter`'s.)

use crate::engine::policy::{Class, Severity};
use crate::engine::roster::Language;
use crate::engine::view::Custody;
use crate::letter;
use crate::store::read::{IncidentWord, LetterState};
use crate::store::rows::{LetterKind, StepKind};

macro_rules! words {
    ($($name:ident: $id:literal, $en:literal;)*) => {
        /// The dashboard's words in one language.
        #[derive(Debug)]
        pub struct Words {
            pub language: Language,
            $(pub $name: &'static str,)*
        }

        static ID: Words = Words { language: Language::Id, $($name: $id,)* };
        static EN: Words = Words { language: Language::En, $($name: $en,)* };
    };
}

words! {
    // The frame.
    code: "id", "en";
    skip: "Langsung ke isi", "Skip to the content";
    menu: "Menu utama", "Main menu";
    language_menu: "Bahasa", "Language";
    office_menu: "Kantor", "Office";
    today: "Hari ini", "Today";
    incidents: "Insiden", "Incidents";
    quarantine: "Karantina", "Quarantine";
    letters: "Surat", "Letters";
    health: "Kondisi sistem", "System health";
    principle: "Indikasi, bukan keputusan. Penilaian ada pada manusia, setelah pemeriksaan dan klarifikasi.",
        "An indication, not a decision. People judge, after they have looked and heard the officer.";
    connection_lost: "Sambungan ke Jagaloket terputus. Yang tampak di sini adalah keadaan terakhir yang diterima.",
        "The connection to Jagaloket is lost. What you see is the last state received.";
    stale: "Pemantau tidak memberi keadaan baru. Yang tampak di sini adalah keadaan terakhir yang diketahui.",
        "The monitor has given nothing new for a while. What you see is the last known state.";
    starting: "Jagaloket sedang mulai. Keadaan kantor segera tampil di sini.",
        "Jagaloket is starting. The office will appear here in a moment.";
    show: "Tampilkan", "Show";
    clear: "Hapus saringan", "Clear filters";
    filters: "Saringan", "Filters";
    all: "Semua", "All";
    next: "Berikutnya", "Next";
    newest: "Ke awal daftar", "Back to the start";
    none: "–", "–";

    // Today.
    office_clock: "Jam kantor", "Office clock";
    office_clock_hint: "Penilaian berlaku sampai jam ini", "Judged up to this moment";
    updated: "Diperbarui", "Updated";
    no_events_yet: "Belum ada kejadian dari kantor ini.", "No events from this office yet.";
    emergency_title: "Keadaan darurat berlaku", "An emergency is in force";
    emergency_text: "Selama keadaan darurat tidak ada indikasi yang dicatat.", "No indications are recorded while it lasts.";
    at_a_glance: "Sekilas", "At a glance";
    sum_serving: "loket melayani", "counters serving";
    sum_signed_in: "loket dengan petugas", "counters signed in";
    sum_out: "petugas, ponsel di luar loker", "officers, phone outside";
    sum_silent: "perangkat senyap", "devices silent";
    sum_open: "insiden terbuka", "open incidents";
    sum_today: "insiden hari ini", "incidents today";
    open_incidents: "Insiden terbuka", "Open incidents";
    no_open: "Tidak ada insiden terbuka.", "No open incidents.";
    all_incidents: "Semua insiden", "All incidents";
    more_open: "Insiden terbuka lainnya", "More open incidents";
    counters: "Loket", "Counters";
    lockboxes: "Loker HP", "Lockboxes";
    no_lockboxes: "Kantor ini tidak memiliki loker HP.", "This office has no lockboxes.";
    serving: "Melayani", "Serving";
    ready: "Siap", "Ready";
    on_break: "Istirahat", "On break";
    unattended: "Kosong", "Unattended";
    silent: "Senyap", "Silent";
    serving_nobody: "Tanpa masuk sistem", "No sign-in";
    nobody: "Tidak ada yang masuk sistem", "Nobody signed in";
    service_since: "Pelayanan sejak", "Service since";
    signed_in_since: "Masuk sistem", "Signed in";
    silent_since: "Tidak ada data sejak", "No data since";
    for_so_long: "selama", "for";
    last_known: "Keadaan terakhir yang diketahui", "Last known state";
    last_event: "Kejadian terakhir", "Last event";
    never_spoken: "Belum pernah mengirim data", "Has never sent anything";
    online: "daring", "online";
    offline: "luring", "offline";
    connection_unknown: "sambungan belum diketahui", "connection not known";
    messaging_open: "Aplikasi perpesanan terbuka", "Messaging application open";
    app_open: "Aplikasi terbuka", "Application open";
    usb_attached: "USB terpasang", "USB attached";
    off_shift: "di luar giliran", "off shift";
    listening: "Mengirim data", "Sending data";
    slots: "slot", "slots";
    phones_in: "petugas dengan ponsel tersimpan", "officers with phones deposited";

    // Incidents.
    incident: "Insiden", "Incident";
    what: "Kejadian", "What happened";
    place: "Tempat", "Place";
    officer: "Petugas", "Officer";
    since: "Sejak", "Since";
    duration: "Durasi", "Duration";
    class: "Kelas", "Class";
    policy: "Kebijakan", "Policy";
    date: "Tanggal", "Date";
    state: "Keadaan", "State";
    still_going: "masih berlangsung", "still going on";
    moment: "sesaat", "a moment";
    no_incidents: "Tidak ada insiden untuk saringan ini.", "No incidents match these filters.";
    facts: "Rincian", "Details";
    timeline: "Urutan kejadian", "Timeline";
    timeline_hint: "Kejadian dari perangkat yang menjadi dasar, menurut jam perangkat.",
        "The devices' events it rests on, by the devices' own clocks.";
    no_evidence: "Tidak ada kejadian pada buku besar untuk insiden ini.", "The ledger has no events for this incident.";
    missing_evidence: "kejadian tidak lagi ada pada buku besar", "events are not in the ledger";
    verdict_opened: "Dicatat: keadaan berlangsung lebih lama dari batas", "Recorded: it had lasted longer than the limit";
    verdict_ended: "Keadaan berakhir", "The condition ended";
    verdicts: "Penilaian mesin", "What the machine said";
    verdicts_hint: "Setiap perubahan disimpan beserta alasannya, menurut jam pemantau.",
        "Every change is kept with its reason, by the monitor's clock.";
    stretch: "Rentang", "Stretch";
    thread: "Surat tentang insiden ini", "Letters about this incident";
    no_letters: "Belum ada surat.", "No letters yet.";
    told_nobody: "Tidak ada yang boleh diberi tahu tentang insiden ini: daftar kantor tidak memuat atasan atau tim kepatuhan selain petugas itu sendiri.",
        "Nobody may be told of this incident: the roster names no supervisor and no integrity team but the officer himself.";
    no_letters_here: "Tidak ada surat dengan keadaan ini.", "No letters in this state.";
    basis: "Dasar", "Basis";
    decision: "Keputusan kantor", "Decided by the office";
    not_in_force: "tidak diberlakukan", "not in force";
    condition: "Syarat", "Condition";
    limit: "Batas waktu", "Limit";
    joined: "Insiden ini digabungkan ke", "This incident was joined to";
    policy_gone: "Kebijakan ini tidak lagi berlaku di kantor ini.", "This policy is not in force at this office any more.";
    sources: "Kejadian", "Event";

    // Letters.
    recipient: "Penerima", "Recipient";
    subject: "Perihal", "Subject";
    written: "Ditulis", "Written";
    attempts: "Percobaan", "Attempts";
    last_error: "Galat terakhir", "Last error";
    sent_at: "Dikirim", "Sent";
    dead_at: "Dihentikan", "Given up";
    next_try: "Percobaan berikutnya", "Next attempt";
    written_in: "Bahasa", "Language";
    message_id: "Message-ID", "Message-ID";
    in_reply_to: "Membalas", "In reply to";
    as_html: "Seperti tampil di surel", "As mail programs show it";
    as_text: "Sebagai teks", "As text";
    letter: "Surat", "Letter";
    letters_hint: "Surat ditulis bersama keputusannya dan dikirim setidaknya satu kali.",
        "Letters are written with the decision and sent at least once.";
    dead_hint: "Surat yang dihentikan perlu ditindaklanjuti: periksa alamat dan server surel.",
        "Letters given up need somebody: check the address and the mail server.";
    indonesian: "Indonesia", "Indonesian";
    english: "Inggris", "English";

    // Quarantine.
    quarantine_hint: "Pesan yang tidak dapat diterima. Disimpan utuh, tidak dinilai, dan tidak menghentikan apa pun.",
        "Messages that could not be accepted. They are kept whole, judged by nobody, and stop nothing.";
    no_quarantine: "Tidak ada pesan di karantina.", "Nothing is in quarantine.";
    reason: "Alasan", "Reason";
    topic: "Topik", "Topic";
    received: "Diterima", "Received";
    payload: "Isi pesan", "Payload";
    bytes: "bita", "bytes";
    shown_of: "ditampilkan dari", "shown of";
    show_whole: "Tampilkan utuh", "Show all of it";
    ever: "seluruhnya", "ever";
    kept: "masih disimpan", "still kept";
    empty_payload: "kosong", "empty";
    escapes_hint: "Bita yang bukan teks ditulis \\xNN, karakter yang tidak tampak \\u{…}.",
        "Bytes that are no text are written \\xNN, characters that cannot be seen \\u{…}.";

    // Health.
    broker: "Broker MQTT", "MQTT broker";
    broker_embedded: "di dalam Jagaloket", "inside Jagaloket";
    broker_external: "di luar Jagaloket", "outside Jagaloket";
    broker_anonymous: "Broker menerima siapa saja di mesin ini tanpa kata sandi (anonymous = true). Kejadian dapat dipalsukan.",
        "The broker lets everybody on this machine in without a password (anonymous = true). Events may be forged.";
    sessions_lost: "Sesi hilang di broker sejak proses dimulai", "Sessions lost by the broker since the process started";
    sessions_lost_hint: "Pesan yang ditahannya untuk Jagaloket hilang; perangkat perlu mengirim ulang.",
        "The messages it held for Jagaloket are gone; devices must send them again.";
    noticed: "Diketahui", "Noticed";
    clock_doubt: "Jam mesin ini melompat ke", "This machine's clock jumped to";
    clock_doubt_hint: "Selama belum dipastikan, waktu yang dipakai adalah", "Until that is sure, the time is taken to be";
    device_clock: "Jam perangkat", "Clock";
    clock_told: "Waktu dinilai pemantau; jam perangkat menunjukkan", "The time is the monitor's; the device's clock said";
    clock_right: "Tepat", "Right";
    clock_behind: "terlambat", "behind";
    clock_ahead: "mendahului", "ahead";
    clock_corrected: "Dikoreksi", "Corrected";
    clock_poor: "Tak terpercaya", "Poor";
    gaps: "Kejadian yang belum diterima", "Events that are missing";
    gaps_hint: "Perangkat memberi nomor urut pada kejadiannya. Nomor yang hilang tampak di sini sampai diterima; yang terisi ditampilkan sehari.",
        "Devices number their events. A number that is missing is shown here until it comes; one that came is shown for a day.";
    gaps_none: "Tidak ada nomor yang hilang.", "No number is missing.";
    gaps_more: "Daftar lengkap:", "All of them:";
    gap_numbers: "Nomor", "Numbers";
    gap_boot: "sejak dinyalakan:", "boot:";
    gap_open: "Belum diterima", "Missing";
    gap_filled: "Terisi", "Filled";
    connected: "Tersambung", "Connected";
    connecting: "Sedang menyambung", "Connecting";
    lost: "Terputus", "Lost";
    database: "Basis data", "Database";
    answers: "Menjawab", "Answers";
    answers_not: "Tidak menjawab", "Does not answer";
    monitor: "Pemantau", "Monitor";
    running_since: "Berjalan sejak", "Running since";
    let_go: "Retensi terakhir dijalankan", "Last run of retention";
    mail: "Surat keluar", "Outgoing mail";
    waiting_letters: "menunggu", "waiting";
    dead_letters: "dihentikan", "given up";
    oldest_unsent: "Yang tertua menunggu sejak", "The oldest has waited since";
    ledger: "Buku besar", "Ledger";
    ledger_hint: "Catat nomor dan sidik ini di tempat lain: dengan itu perubahan di kemudian hari dapat dibuktikan.",
        "Note this number and fingerprint elsewhere: with it, any later change can be proven.";
    entries: "entri", "entries";
    since_start: "Sejak proses dimulai", "Since the process started";
    accepted: "diterima", "accepted";
    duplicates: "duplikat", "duplicates";
    quarantined: "dikarantina", "quarantined";
    devices: "Perangkat", "Devices";
    device: "Perangkat", "Device";
    connection: "Sambungan", "Connection";
    connection_since: "Sejak", "Since";
    policies: "Kebijakan yang berlaku", "Policies in force";
    tells: "Diberitahukan kepada", "Tells";
    good: "Baik", "Good";
    trouble: "Perlu perhatian", "Needs attention";
    no_event: "Belum ada", "None yet";
    refused: "Berkas kebijakan atau daftar petugas ditolak", "Policy or roster files were refused";
    refused_hint: "Yang berlaku sebelumnya tetap berlaku. Perbaiki berkasnya, lalu jalankan jagaloket policy activate.",
        "What was in force stays in force. Mend the files, then run jagaloket policy activate.";
    judged_by: "Dinilai oleh", "Judged by";
    engine: "mesin", "engine";
    judged_by_hint: "Sidik isi kebijakan dan versi mesin yang menghasilkan penilaian ini.",
        "The fingerprint of the policy's content, and the version of the engine that said this.";
    not_kept: "tidak dicatat (dari sebelum sidik disimpan)", "not kept (from before fingerprints were)";

    // Faults.
    not_found: "Halaman tidak ditemukan", "Page not found";
    not_found_text: "Alamat ini tidak ada. Mungkin salah ketik, atau yang dicari sudah tidak disimpan.",
        "There is nothing at this address. It may be mistyped, or what you look for is not kept any more.";
    not_allowed: "Cara ini tidak tersedia", "Not available this way";
    not_allowed_text: "Halaman di sini hanya dapat dibaca.", "Pages here can only be read.";
    wrong_host: "Alamat ini tidak dikenal", "This address is not known here";
    wrong_host_text: "Buka dasbor melalui alamat yang diberikan saat Jagaloket dimulai.",
        "Open the dashboard at the address Jagaloket gave when it started.";
    bad_question: "Permintaan tidak dapat dibaca", "The question cannot be read";
    bad_question_text: "Periksa saringan pada alamat ini.", "Check the filters in this address.";
    unavailable: "Basis data tidak menjawab", "The database does not answer";
    unavailable_text: "Pemantauan mungkin tetap berjalan. Coba lagi sebentar; bila berlanjut, hubungi teknisi.",
        "Monitoring may well go on. Try again in a moment; if it stays so, call the technician.";
    too_slow: "Jawaban terlalu lama", "The answer takes too long";
    too_slow_text: "Coba lagi sebentar, atau persempit saringannya.", "Try again in a moment, or narrow the filters.";
    // Compliance.
    compliance: "Kepatuhan", "Compliance";
    compliance_hint: "Berapa menit pelayanan yang terbukti tanpa ponsel dan tanpa pesan, dari semua menit pelayanan yang wajib bebas. Yang tidak diketahui tidak dihitung sebagai terbukti, dan tidak membuktikan apa pun.",
        "How many minutes of service are verified to be without phones and messages, of all that had to be. What is not known does not count as verified, and proves nothing.";
    compliance_share: "Kepatuhan terbukti", "Verified compliance";
    coverage_share: "Cakupan data", "Data coverage";
    verified_of_bound: "terbukti / wajib", "verified / bound";
    exempt_time: "Dikecualikan", "Exempt";
    served_time: "Waktu pelayanan", "Service time";
    served_sessions: "Sesi loket", "Sessions";
    no_service: "Tidak ada pelayanan yang tercatat pada tanggal ini.", "No service is recorded on these dates.";
    by_week: "Per minggu", "By week";
    by_week_hint: "Batang: kepatuhan terbukti. Garis: cakupan data. Bacalah keduanya bersama.",
        "Bars: verified compliance. Lines: data coverage. Read them together.";
    by_hour: "Menurut hari dan jam", "By weekday and hour";
    by_hour_hint: "Makin gelap, makin rendah kepatuhan yang terbukti.", "The darker, the lower the verified compliance.";
    counter_word: "Loket", "Counter";
    by_counter: "Menurut loket", "By counter";
    by_office: "Menurut kantor", "By office";
    unranked_hint: "Yang terendah lebih dulu. Kurang dari lima jam pelayanan, atau cakupan di bawah setengah, tidak diperingkatkan.",
        "The lowest first. Less than five hours of service, or coverage below a half, is not ranked.";
    little_data: "data sedikit", "little data";
    as_table: "Sebagai tabel", "As a table";
    week: "Minggu mulai", "Week of";
    hour: "Hari dan jam", "Weekday and hour";
    from_date: "Dari tanggal", "From";
    to_date: "Sampai tanggal", "To";
    too_many: "Terlalu banyak permintaan", "Too many requests";
    too_many_text: "Alamat ini terlalu sering meminta. Tunggu beberapa detik, lalu coba lagi.", "This address asks too often. Wait a few seconds and try again.";
    to_today: "Ke halaman Hari ini", "To the Today page";
}

impl Words {
    pub fn of(language: Language) -> &'static Words {
        match language {
            Language::Id => &ID,
            Language::En => &EN,
        }
    }

    pub fn pick<'a>(&self, id: &'a str, en: &'a str) -> &'a str {
        match self.language {
            Language::Id => id,
            Language::En => en,
        }
    }

    pub fn class_name(&self, class: Class) -> &'static str {
        letter::words::class(class, self.language)
    }

    pub fn severity_name(&self, severity: Severity) -> &'static str {
        letter::words::severity(severity, self.language)
    }

    /// Where an officer's phones are, in a few words.
    pub fn custody(&self, custody: Custody) -> &'static str {
        match custody {
            Custody::In => self.pick("Ponsel tersimpan", "Phones deposited"),
            Custody::Out => self.pick("Ponsel di luar loker", "Phone outside the lockbox"),
            Custody::Unknown => self.pick("Ponsel: tidak diketahui", "Phones: not known"),
            Custody::NoneDeclared => self.pick("Menyatakan tanpa ponsel", "Declared no phone"),
            Custody::Exempt => self.pick("Dikecualikan", "Exempt"),
        }
    }

    pub fn incident_state(&self, state: IncidentWord) -> &'static str {
        match state {
            IncidentWord::Open => self.pick("Terbuka", "Open"),
            IncidentWord::Ended => self.pick("Berakhir", "Ended"),
            IncidentWord::Retracted => self.pick("Ditarik kembali", "Withdrawn"),
        }
    }

    pub fn letter_state(&self, state: LetterState) -> &'static str {
        match state {
            LetterState::Waiting => self.pick("Menunggu", "Waiting"),
            LetterState::Sent => self.pick("Terkirim", "Sent"),
            LetterState::Dead => self.pick("Dihentikan", "Given up"),
        }
    }

    pub fn letter_kind(&self, kind: LetterKind) -> &'static str {
        match kind {
            LetterKind::Opened => self.pick("Pemberitahuan pertama", "First notice"),
            LetterKind::Amended => self.pick("Perubahan", "Amendment"),
            LetterKind::Ended => self.pick("Pemberitahuan akhir", "End"),
            LetterKind::Retracted => self.pick("Penarikan", "Withdrawal"),
            LetterKind::Escalated => self.pick("Belum dijawab", "Unanswered"),
            LetterKind::Outcome => self.pick("Keputusan", "Decision"),
            LetterKind::Digest => self.pick("Ringkasan", "Digest"),
            LetterKind::Summary => self.pick("Laporan berkala", "Summary"),
            LetterKind::Canary => self.pick("Uji jalur", "Trial of the way"),
            LetterKind::Account => self.pick("Akun", "Account"),
            LetterKind::Answer => self.pick("Jawaban perbaikan data", "Answer to a correction"),
        }
    }

    pub fn step(&self, kind: StepKind) -> &'static str {
        match kind {
            StepKind::Opened => self.pick("Dibuka", "Opened"),
            StepKind::Amended => self.pick("Diubah", "Amended"),
            StepKind::Retracted => self.pick("Ditarik kembali", "Withdrawn"),
        }
    }

    /// `engine::verdict::Reason` as the database has it; what is not known stands as it is.
    pub fn step_reason<'a>(&self, reason: &'a str, momentary: bool) -> &'a str {
        match reason {
            "condition_held" if momentary => self.pick(
                "kejadian yang diatur kebijakan terjadi",
                "the event the policy is about happened",
            ),
            "condition_held" => self.pick(
                "keadaan berlangsung lebih lama dari batas",
                "the condition lasted longer than the limit",
            ),
            "condition_ended" => self.pick("keadaan berakhir", "the condition ended"),
            "condition_resumed" => self.pick(
                "keadaan berulang dalam jeda kebijakan",
                "the condition came back within the policy's bridge",
            ),
            "evidence_added" => self.pick(
                "dasarnya bertambah; rentangnya tetap",
                "its evidence grew; the interval stands",
            ),
            "late_event" => self.pick(
                "kejadian yang terlambat diterima mengubah gambaran",
                "an event that arrived late changed the picture",
            ),
            "silence_known" => self.pick(
                "kemudian diketahui bahwa perangkat senyap",
                "a device's silence became known",
            ),
            "rules_changed" => self.pick(
                "daftar petugas atau kebijakan berubah",
                "the roster or the policies changed",
            ),
            "calendar_changed" => self.pick(
                "kalender jam kerja kantor diubah untuk waktu yang sudah lewat",
                "the office's calendar was changed for hours that had passed",
            ),
            other => other,
        }
    }

    /// Monday is 0.
    pub fn weekday(&self, from_monday: usize) -> &'static str {
        const DAYS: [(&str, &str); 7] = [
            ("Senin", "Monday"),
            ("Selasa", "Tuesday"),
            ("Rabu", "Wednesday"),
            ("Kamis", "Thursday"),
            ("Jumat", "Friday"),
            ("Sabtu", "Saturday"),
            ("Minggu", "Sunday"),
        ];
        let (id, en) = DAYS[from_monday % 7];
        self.pick(id, en)
    }

    /// A quarantine code in words; what is not known stands as it is.
    pub fn rejection<'a>(&self, code: &'a str) -> &'a str {
        match code {
            "bad_id" => self.pick("Identitas kejadian tidak sah", "Invalid event id"),
            "bad_interval" => self.pick("Rentang waktu tidak sah", "Invalid interval"),
            "bad_sequence" => self.pick("Nomor urut tidak sah", "Invalid sequence number"),
            "bad_source" => self.pick("Sumber tidak sah", "Invalid source"),
            "bad_status" => self.pick("Status sambungan tidak sah", "Invalid connection state"),
            "bad_time" => self.pick("Waktu tidak sah", "Invalid time"),
            "bad_value" => self.pick("Nilai tidak sah", "Invalid value"),
            "bad_version" => self.pick("Versi CloudEvents lain", "Another version of CloudEvents"),
            "conflict" => self.pick("Isi lain dengan identitas yang sama", "Another body under a known id"),
            "duplicate_key" => self.pick("Kunci JSON ganda", "JSON key given twice"),
            "missing_field" => self.pick("Isian wajib tidak ada", "Missing field"),
            "not_json" => self.pick("Bukan JSON", "Not JSON"),
            "source_mismatch" => self.pick("Sumber dan topik berbeda", "Source and topic disagree"),
            "tick_refused" => self.pick("Detak jam dari luar", "A clock tick from outside"),
            "too_far_ahead" => self.pick("Jam perangkat terlalu maju", "Device clock too far ahead"),
            "too_large" => self.pick("Pesan terlalu besar", "Message too large"),
            "too_late" => self.pick("Terlambat: tanggalnya sudah tutup", "Too late: its date is settled"),
            "unknown_device" => self.pick("Perangkat tidak dikenal", "Unknown device"),
            "unknown_office" => self.pick("Kantor tidak dikenal", "Unknown office"),
            "unknown_type" => self.pick("Jenis kejadian tidak dikenal", "Unknown event type"),
            "wrong_device" => self.pick("Bukan hak perangkat ini", "Not for this kind of device to send"),
            "wrong_topic" => self.pick("Topik tidak sah", "Invalid topic"),
            "wrong_type" => self.pick("Jenis nilai JSON tidak sesuai", "Wrong JSON type"),
            other => other,
        }
    }

    /// What a code of quarantine means and what to do about it, in a sentence. `None`: an older database's code.
    pub fn rejection_hint(&self, code: &str) -> Option<&'static str> {
        let (id, en) = match code {
            "bad_id" => (
                "Id kejadian kosong atau terlalu panjang; perangkat harus memberi setiap kejadian satu UUID.",
                "The event's id is empty or too long; a device must give each event a UUID.",
            ),
            "bad_interval" => (
                "Awal dan akhir rentang waktu tidak cocok, misalnya akhirnya sebelum awalnya.",
                "The start and the end of its interval do not fit, for example the end comes first.",
            ),
            "bad_sequence" => (
                "Nomor urut perangkat bukan bilangan yang sah; periksa perangkat lunak pengirimnya.",
                "The device's sequence number is no valid number; check the sender's software.",
            ),
            "bad_source" => (
                "Sumber kejadian tidak ditulis /{kantor}/{perangkat}.",
                "The event's source is not written /{office}/{device}.",
            ),
            "bad_status" => (
                "Keadaan sambungan hanya dapat online atau offline, dari perangkat yang ada di daftar kantor.",
                "A connection state is online or offline, from a device of the roster.",
            ),
            "bad_time" => (
                "Waktunya tidak dapat dibaca; waktu ditulis menurut RFC 3339, dengan zona.",
                "Its time cannot be read; times are written after RFC 3339, with their offset.",
            ),
            "bad_topic" | "wrong_topic" => (
                "Topiknya bukan jagaloket/v1/{kantor}/{perangkat}/events atau /status.",
                "Its topic is not jagaloket/v1/{office}/{device}/events or /status.",
            ),
            "bad_value" => (
                "Satu isiannya tidak memuat nilai yang diperbolehkan.",
                "One of its fields holds a value that is not allowed.",
            ),
            "bad_version" => (
                "Kejadian harus memakai CloudEvents 1.0.",
                "Events must be CloudEvents 1.0.",
            ),
            "conflict" => (
                "Perangkat memakai satu id untuk dua kejadian berbeda; yang diterima lebih dahulu tetap berlaku.",
                "The device used one id for two different events; the one accepted first stands.",
            ),
            "duplicate_key" => (
                "Satu kunci ditulis dua kali, sehingga tidak jelas nilai mana yang dimaksud.",
                "A key is written twice, so that nobody knows which value is meant.",
            ),
            "missing_field" => (
                "Satu isian wajib tidak ada; kejadian tidak dapat dinilai tanpanya.",
                "A field that must be there is not; the event cannot be judged without it.",
            ),
            "not_json" => (
                "Pesannya bukan JSON yang utuh; mungkin terpotong, atau pengirimnya bukan perangkat Jagaloket.",
                "The message is no whole JSON; it may be cut off, or its sender is no device of Jagaloket.",
            ),
            "source_mismatch" => (
                "Topik menyebut perangkat lain daripada sumber kejadian; perangkat hanya boleh mengirim atas namanya sendiri.",
                "The topic names another device than the event's source; a device may speak for itself only.",
            ),
            "tick_refused" => (
                "Hanya pemantau sendiri yang menggerakkan jam kantor.",
                "Only the monitor itself moves the office clock.",
            ),
            "too_far_ahead" => (
                "Waktunya lebih dari lima menit di depan jam pemantau; setel jam perangkat (NTP).",
                "Its time is more than five minutes ahead of the monitor's clock; set the device's clock (NTP).",
            ),
            "too_large" => (
                "Pesannya melebihi 16 KiB; kejadian yang benar jauh lebih kecil.",
                "The message is larger than 16 KiB; a true event is much smaller.",
            ),
            "too_late" => (
                "Berlaku pada tanggal yang sudah ditutup: disimpan, tetapi tidak dinilai lagi.",
                "It takes effect on a date that is settled: it is kept, and not judged any more.",
            ),
            "unknown_device" => (
                "Perangkatnya tidak ada di daftar kantor; tambahkan, atau periksa namanya.",
                "The device is not in the roster; add it, or check its name.",
            ),
            "unknown_office" => (
                "Tidak ada daftar untuk kantor ini; periksa topiknya, atau tambahkan daftarnya pada konfigurasi.",
                "No roster is of this office; check the topic, or add the roster to the configuration.",
            ),
            "unknown_type" => (
                "Jenis kejadian ini tidak ada dalam perjanjian; perangkat lunaknya mungkin lebih baru daripada pemantau.",
                "There is no such type of event; the device's software may be newer than the monitor.",
            ),
            "wrong_device" => (
                "Jenis kejadian ini tidak boleh dikirim oleh perangkat semacam itu.",
                "This type of event is not for this kind of device to send.",
            ),
            "wrong_type" => (
                "Satu isian memuat jenis nilai JSON yang lain, misalnya teks di tempat angka.",
                "A field holds another type of JSON value, for example text where a number belongs.",
            ),
            _ => return None,
        };
        Some(match self.language {
            Language::Id => id,
            Language::En => en,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Rejected;

    #[test]
    fn every_code_of_quarantine_has_its_name_and_its_sentence_in_both_languages() {
        for code in Rejected::CODES {
            let [id, en] = [&ID, &EN].map(|words| (words.rejection(code), words.rejection_hint(code)));
            assert!(id.0 != code && en.0 != code && id.0 != en.0, "{code}");
            assert!(id.1.is_some() && en.1.is_some() && id.1 != en.1, "{code}");
        }
    }
}
