//! The mailer against a real SMTP server; what arrives is parsed by another implementation.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jagaloket::accounts::Scope;
use jagaloket::clock::MonitorClock;
use jagaloket::engine::roster::Language;
use jagaloket::mailer::{self, Encryption, Settings, Smtp, Way};
use jagaloket::store::rows::{LetterKind, NewLetter, Turn};
use jagaloket::store::{Bounds, OutboxCounts, Store};
use jagaloket::telemetry::Metrics;
use tokio::sync::Notify;

use crate::support::{SmtpOptions, SmtpSink, SmtpTls, python};

/// What somebody might write into a roster, by mistake or not.
const NAME: &str = "Kepala Seksi \"Pelayanan\" – Loket é, 1\r\nBcc: everybody@tangerang.example";

fn letter(n: u32) -> NewLetter {
    let now = MonitorClock::Wall.now();
    NewLetter {
        incident: None,
        kind: LetterKind::Opened,
        person: "s-01".into(),
        address: "kasi.pelayanan@tangerang.example".into(),
        language: Language::Id,
        subject: format!("[Jagaloket] Indikasi #{n} · Loket 3 · 10:02 WIB"),
        message_id: format!("{n}.opened.s-01@tangerang.example"),
        in_reply_to: (n > 1).then(|| "1.opened.s-01@tangerang.example".into()),
        text_body: "Ponsel di luar loker – sejak 10:02:10 WIB\nIni indikasi, bukan keputusan.\n".into(),
        html_body: "<!DOCTYPE html><p>Ponsel di luar loker – sejak <b>10:02:10 WIB</b></p>".into(),
        created: now,
        due: now,
    }
}

fn smtp(sink: &SmtpSink, encryption: Encryption, login: Option<(&str, &str)>) -> Way {
    Way::Smtp(Smtp {
        host: if encryption == Encryption::None {
            "127.0.0.1".into()
        } else {
            "localhost".into()
        },
        port: sink.port,
        encryption,
        ca_file: sink.ca.clone(),
        login: login.map(|(user, password)| (user.to_owned(), password.to_owned())),
    })
}

/// Runs the mailer until `done` says so of the outbox.
async fn send(way: Way, letters: Vec<NewLetter>, done: impl Fn(&OutboxCounts) -> bool) -> (tempfile::TempDir, Store) {
    let (folder, store, _) = send_until(way, letters, |counts, _| done(counts)).await;
    (folder, store)
}

async fn send_until(
    way: Way,
    letters: Vec<NewLetter>,
    done: impl Fn(&OutboxCounts, &Metrics) -> bool,
) -> (tempfile::TempDir, Store, Arc<Metrics>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("jagaloket.db"), Bounds::default())
        .await
        .unwrap();
    store
        .commit(&Turn {
            letters,
            ..Turn::default()
        })
        .await
        .unwrap();
    let settings = Settings {
        way,
        from: "\"Jagaloket – Kanim\" <jagaloket@tangerang.example>".parse().unwrap(),
        names: tokio::sync::watch::channel(HashMap::from([(
            "kasi.pelayanan@tangerang.example".into(),
            NAME.into(),
        )]))
        .1,
        give_up_after_ms: 86_400_000,
        deadline: Duration::from_secs(2),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    // A clock that runs ten times as fast, so that pauses between attempts are short.
    let clock = MonitorClock::fast(MonitorClock::Wall.now(), 10.0);
    let metrics = Arc::new(Metrics::default());
    let running = tokio::spawn(mailer::run(
        store.clone(),
        settings,
        clock,
        Arc::new(Notify::new()),
        metrics.clone(),
        shutdown,
    ));
    let began = std::time::Instant::now();
    while !done(&store.outbox_counts().await.unwrap(), &metrics) {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the outbox did not come to its end"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stop);
    running.await.unwrap();
    (folder, store, metrics)
}

fn parsed(path: &Path) -> serde_json::Value {
    serde_json::from_str(&python(include_str!("parse.py"), &[path.to_str().unwrap()], b"")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_arrives_as_another_implementation_reads_it() {
    let sink = SmtpSink::start();
    let letters = vec![letter(1), letter(2)];
    send(smtp(&sink, Encryption::None, None), letters, |counts| {
        counts.waiting == 0
    })
    .await;
    let received = sink.wait_for(2, Duration::from_secs(10));
    let mut mails: Vec<serde_json::Value> = received.iter().map(|mail| parsed(&mail.eml)).collect();
    mails.sort_by_key(|mail| mail["message_id"].to_string());
    let (first, second) = (&mails[0], &mails[1]);
    assert_eq!(first["subject"], "[Jagaloket] Indikasi #1 · Loket 3 · 10:02 WIB");
    assert_eq!(first["to_address"], "kasi.pelayanan@tangerang.example");
    let name = "Kepala Seksi \"Pelayanan\" – Loket é, 1 Bcc: everybody@tangerang.example";
    assert_eq!(first["to_name"], name);
    assert_eq!(first["to_count"], 1);
    assert_eq!(first["bcc"], serde_json::Value::Null);
    assert_eq!(received[0].to, ["kasi.pelayanan@tangerang.example"]);
    assert_eq!(first["list_id"], "Jagaloket <jagaloket.tangerang.example>");
    assert!(first["from"].as_str().unwrap().contains("Jagaloket – Kanim"), "{first}");
    assert_eq!(first["message_id"], "<1.opened.s-01@tangerang.example>");
    assert_eq!(first["in_reply_to"], serde_json::Value::Null);
    assert_eq!(second["in_reply_to"], "<1.opened.s-01@tangerang.example>");
    assert_eq!(second["references"], "<1.opened.s-01@tangerang.example>");
    assert_eq!(first["auto_submitted"], "auto-generated");
    assert_eq!(first["language"], "id");
    assert_eq!(first["date"], true);
    assert_eq!(first["type"], "multipart/alternative");
    assert_eq!(first["parts"], serde_json::json!(["text/plain", "text/html"]));
    assert_eq!(first["charsets"], serde_json::json!(["utf-8", "utf-8"]));
    assert!(
        first["text"]
            .as_str()
            .unwrap()
            .contains("Ponsel di luar loker – sejak 10:02:10 WIB")
    );
    assert!(first["html"].as_str().unwrap().contains("<b>10:02:10 WIB</b>"));
    assert_eq!(first["defects"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_for_now_or_stalls_is_tried_again() {
    let sink = SmtpSink::start_with(&SmtpOptions {
        refuse_4xx: 1,
        stall: 1,
        ..SmtpOptions::default()
    });
    send(smtp(&sink, Encryption::None, None), vec![letter(1)], |counts| {
        counts.waiting == 0
    })
    .await;
    assert_eq!(sink.wait_for(1, Duration::from_secs(10)).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_want_us_as_its_sender_or_relay_kills_no_letter() {
    let sink = SmtpSink::start_with(&SmtpOptions {
        refuse_from: 1,
        refuse_relay: 1,
        ..SmtpOptions::default()
    });
    let way = smtp(&sink, Encryption::None, None);
    let done = |counts: &OutboxCounts, _: &Metrics| counts.waiting == 0;
    let (_folder, store, metrics) = send_until(way, vec![letter(1)], done).await;
    let counts = store.outbox_counts().await.unwrap();
    assert_eq!((counts.dead, metrics.letter_failures.count()), (0, 2));
    assert_eq!(sink.wait_for(1, Duration::from_secs(10)).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_refused_for_good_is_given_up_and_shown() {
    let sink = SmtpSink::start_with(&SmtpOptions {
        refuse_5xx: 1,
        ..SmtpOptions::default()
    });
    let (_folder, store) = send(smtp(&sink, Encryption::None, None), vec![letter(1)], |counts| {
        counts.dead == 1
    })
    .await;
    assert_eq!(store.outbox_counts().await.unwrap().waiting, 0);
    assert!(sink.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_words_are_kept_and_one_dead_letter_holds_up_no_other() {
    let sink = SmtpSink::start_with(&SmtpOptions {
        refuse_to: vec!["nobody@tangerang.example".into()],
        ..SmtpOptions::default()
    });
    let mut unknown = letter(1);
    unknown.address = "nobody@tangerang.example".into();
    let mut unwritable = letter(2);
    unwritable.address = "no address at all".into();
    let letters = vec![unknown, unwritable, letter(3)];
    let way = smtp(&sink, Encryption::None, None);
    let (_folder, store) = send(way, letters, |counts| counts.dead == 2 && counts.waiting == 0).await;
    let words = |n| {
        let store = store.clone();
        async move {
            store
                .letter(&Scope::whole(), n)
                .await
                .unwrap()
                .unwrap()
                .0
                .last_error
                .unwrap()
        }
    };
    assert_eq!(words(1).await, "permanent error (550): 5.1.1 No such mailbox");
    assert!(words(2).await.starts_with("the letter cannot be written as a mail"));
    assert_eq!(sink.wait_for(1, Duration::from_secs(10)).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_sends_the_letter_again_under_the_same_message_id() {
    let sink = SmtpSink::start_with(&SmtpOptions {
        lose_250: 1,
        ..SmtpOptions::default()
    });
    let way = smtp(&sink, Encryption::None, None);
    send(way, vec![letter(1)], |counts| counts.waiting == 0).await;
    let received = sink.wait_for(2, Duration::from_secs(10));
    let ids: Vec<serde_json::Value> = received
        .iter()
        .map(|mail| parsed(&mail.eml)["message_id"].clone())
        .collect();
    assert_eq!(
        ids,
        ["<1.opened.s-01@tangerang.example>", "<1.opened.s-01@tangerang.example>"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_kills_no_letter() {
    let sink = SmtpSink::start_with(&SmtpOptions {
        tls: SmtpTls::StartTls,
        user: Some("jagaloket".into()),
        password: Some("rahasia".into()),
        ..SmtpOptions::default()
    });
    let way = smtp(&sink, Encryption::StartTls, Some(("jagaloket", "salah")));
    let (_folder, store, metrics) =
        send_until(way, vec![letter(1)], |_, metrics| metrics.letter_failures.count() > 0).await;
    assert_eq!(metrics.letters_dead.count(), 0);
    let (row, ..) = store.letter(&Scope::whole(), 1).await.unwrap().unwrap();
    let words = row.last_error.unwrap();
    assert!(words.contains("535"), "{words}");
    assert_eq!(store.outbox_counts().await.unwrap().waiting, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_and_tls_with_a_password_reach_a_server_that_demands_them() {
    for (tls, encryption) in [
        (SmtpTls::StartTls, Encryption::StartTls),
        (SmtpTls::Tls, Encryption::Tls),
    ] {
        let options = SmtpOptions {
            tls,
            user: Some("jagaloket".into()),
            password: Some("rahasia".into()),
            ..SmtpOptions::default()
        };
        let sink = SmtpSink::start_with(&options);
        let way = smtp(&sink, encryption, Some(("jagaloket", "rahasia")));
        send(way, vec![letter(1)], |counts| counts.waiting == 0).await;
        let received = sink.wait_for(1, Duration::from_secs(10));
        assert!(received[0].tls, "{encryption:?}");
        assert_eq!(received[0].user.as_deref(), Some("jagaloket"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_mails_holds_whole_letters() {
    let mails = tempfile::tempdir().unwrap();
    send(Way::Directory(mails.path().to_path_buf()), vec![letter(1)], |counts| {
        counts.waiting == 0
    })
    .await;
    let names: Vec<String> = std::fs::read_dir(mails.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["000001-opened-s-01.eml"]);
    assert_eq!(
        parsed(&mails.path().join("000001-opened-s-01.eml"))["type"],
        "multipart/alternative"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_does_not_hold_up_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("jagaloket.db"), Bounds::default())
        .await
        .unwrap();
    let turn = Turn {
        letters: (1..=200).map(letter).collect(),
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    let settings = Settings {
        way: Way::Directory(folder.path().join("mails")),
        from: "jagaloket@tangerang.example".parse().unwrap(),
        names: tokio::sync::watch::channel(HashMap::new()).1,
        give_up_after_ms: 86_400_000,
        deadline: Duration::from_secs(2),
    };
    // Told to stop before it begins: at most the letters of one round go out.
    let running = mailer::run(
        store.clone(),
        settings,
        MonitorClock::Wall,
        Arc::new(Notify::new()),
        Arc::new(Metrics::default()),
        std::future::ready(()),
    );
    tokio::time::timeout(Duration::from_secs(20), running).await.unwrap();
    assert!(store.outbox_counts().await.unwrap().waiting >= 190);
}
