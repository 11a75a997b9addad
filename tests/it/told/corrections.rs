//! What people say is wrong in what is held about them: asked, answered, mailed, and still there after a death.

use jagaloket::case::correction::{CorrectionWish, WITHIN_MS};
use jagaloket::daemon::docket::Done;
use jagaloket::store::accounts::{Account, Change};
use jagaloket::store::rows::Turn;

use super::*;

fn correction(wish: CorrectionWish) -> Order {
    Order::Correction { office: None, wish }
}

/// p-1 has no address in the roster, but an account.
async fn with_account(monitor: &Monitor) {
    let account = Account {
        id: "a-1".into(),
        name: "p1".into(),
        holder: jagaloket::accounts::Holder {
            office: Some(jagaloket::engine::event::OfficeId::new("kota")),
            person: Some("p-1".into()),
        },
        email: Some("p1@kota.example".into()),
        language: jagaloket::engine::roster::Language::En,
        password: None,
        seed: None,
        recovery: Vec::new(),
        subject: None,
        disabled: false,
        erased: false,
        version: 1,
        created: monitor.now,
        changed: monitor.now,
    };
    let turn = Turn {
        changes: vec![Change::Account(Box::new(account))],
        ..Turn::default()
    };
    monitor.store.commit(&turn).await.unwrap();
}

#[tokio::test]
async fn a_request_outlives_a_kill_is_answered_once_and_its_answer_is_mailed_to_whoever_asked() {
    let sink = SmtpSink::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let monitor = Monitor::start(&path, at(1, 8, 0), sink.port).await;
    with_account(&monitor).await;
    let ask = || {
        let about = "giliran 24 November".to_owned();
        correction(CorrectionWish::Ask { about })
    };
    let due = at(1, 8, 0).plus_ms(WITHIN_MS);
    let said = monitor.order("p-1", "saya cuti hari itu", ask()).await;
    let step = "asked".to_owned();
    assert_eq!(said, Ok(Done::Correction { request: 1, step, due }));
    // Nobody who dies forgets it.
    monitor.kill().await;
    let mut monitor = Monitor::start(&path, at(1, 8, 0), sink.port).await;
    let open = monitor.store.corrections(true, 10).await.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(
        (open[0].person.as_str(), open[0].due, open[0].answered),
        ("p-1", due, None)
    );
    let accept = || correction(CorrectionWish::Accept { request: 1 });
    for (who, why) in [("p-1", Refusal::Own), ("s-1", Refusal::ForIntegrity)] {
        assert_eq!(monitor.order(who, "benar", accept()).await, Err(why), "{who}");
    }
    monitor.until(at(4, 9, 0)).await;
    let waiting = monitor.store.open_corrections().await.unwrap();
    assert_eq!(
        (waiting[0].count, waiting[0].first_due < monitor.now),
        (1, true),
        "overdue"
    );
    monitor.order("i-1", "roster diperbaiki", accept()).await.unwrap();
    monitor.mailed().await;
    assert_eq!(
        monitor.order("i-1", "sekali lagi", accept()).await,
        Err(Refusal::Answered)
    );
    monitor.kill().await;
    let monitor = Monitor::start(&path, at(4, 9, 0), sink.port).await;
    assert_eq!(
        monitor.order("i-1", "sekali lagi", accept()).await,
        Err(Refusal::Answered)
    );
    let held = monitor.store.corrections_of("kota", "p-1", None, 10).await.unwrap();
    assert_eq!(held[0].answer.as_deref(), Some("roster diperbaiki"));
    assert_eq!(monitor.store.open_corrections().await.unwrap(), []);
    let (_, cases) = (monitor.mailed().await, monitor.store.case_records(0).await.unwrap());
    let words: Vec<String> = cases
        .iter()
        .map(|(_, _, body)| String::from_utf8(body.clone()).unwrap())
        .collect();
    let refused = words.iter().filter(|word| word.contains("\"step\":\"refused\""));
    assert_eq!(refused.count(), 4, "each try is traced: {words:#?}");
    monitor.stop().await;
    let mails = mails(&sink);
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].to, "p1@kota.example");
    for word in [
        "Request for correction",
        "roster diperbaiki",
        "saya cuti hari itu",
        "/me",
    ] {
        assert!(
            mails[0].text.contains(word) && mails[0].html.contains(word),
            "{word}: {}",
            mails[0].text
        );
    }
}
