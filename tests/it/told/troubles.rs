//! What goes wrong: no mail server, a death in the middle, a clock that is set, and events that come late.

use std::collections::BTreeSet;

use jagaloket::case::Code;
use jagaloket::daemon::docket;
use jagaloket::engine::event::OfficeId;
use jagaloket::store::rows::{EntryKind, NewEntry, Turn};

use super::*;
use crate::support::SmtpOptions;

/// A day with one incident of p-1 at nine, its phone out for five minutes.
async fn begun(path: &Path, mail_port: u16, waits: bool) -> Monitor {
    let mut monitor = Monitor::start(path, at(1, 7, 55), mail_port).await;
    monitor.waits = waits;
    monitor.until(at(1, 8, 0)).await;
    monitor.begins("p-1", "loket-1").await;
    monitor.until(at(1, 9, 0)).await;
    monitor.phone_out("p-1", "loket-1").await;
    monitor
}

fn of<'m>(mails: &'m [Mail], address: &str) -> Vec<&'m Mail> {
    mails.iter().filter(|mail| mail.to == address).collect()
}

#[tokio::test]
async fn a_mail_server_that_is_down_for_an_hour_loses_no_step_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let port = support::free_port();
    let mut monitor = begun(&path, port, false).await;
    // Nobody listens: s-3 and the integrity team are due meanwhile.
    monitor.until(at(1, 11, 30)).await;
    let waiting = monitor.store.outbox_counts().await.unwrap().waiting;
    assert_eq!(waiting, 3, "the first word, the next in line, the integrity team");
    let sink = SmtpSink::start_with(&SmtpOptions {
        port,
        ..SmtpOptions::default()
    });
    monitor.until(at(1, 12, 30)).await;
    monitor.mailed().await;
    monitor.stop().await;
    let mails = mails(&sink);
    let ids: BTreeSet<&String> = mails.iter().map(|mail| &mail.message_id).collect();
    assert_eq!(ids.len(), mails.len(), "nothing went out twice");
    for address in ["s3@kota.example", "i1@kota.example"] {
        assert_eq!(of(&mails, address).len(), 1, "{:?}", told(&mails));
    }
    // His first word, and at noon what became of it.
    assert_eq!(of(&mails, "s1@kota.example").len(), 2, "{:?}", told(&mails));
}

#[tokio::test]
async fn killed_again_and_again_while_it_climbs_nobody_is_told_twice_and_nobody_is_skipped() {
    let sink = SmtpSink::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut monitor = begun(&path, sink.port, true).await;
    for minute in [10, 14, 15, 16, 40, 119, 120, 121] {
        let now = at(1, 9, minute);
        monitor.until(now).await;
        monitor.mailed().await;
        monitor.kill().await;
        monitor = Monitor::start(&path, now, sink.port).await;
        monitor.settled().await;
    }
    // Digests wait in the ledger as well.
    monitor.until(at(1, 11, 59)).await;
    monitor.kill().await;
    monitor = Monitor::start(&path, at(1, 11, 59), sink.port).await;
    monitor.until(at(1, 12, 5)).await;
    monitor.mailed().await;
    let folded = docket::fold(&monitor.store, Moment::MAX).await.unwrap();
    let n = monitor.phone("p-1", 0).await;
    let row = monitor.store.case(n).await.unwrap().unwrap();
    assert_eq!(folded.of[&n].row(), row, "the ledger says what the table says");
    let steps = monitor.store.case_steps(n).await.unwrap();
    let numbers: Vec<i64> = steps.iter().map(|step| step.n).collect();
    assert_eq!(numbers, (1..=row.steps).collect::<Vec<_>>());
    monitor.stop().await;
    let told = told(&mails(&sink));
    assert_eq!(told["s1@kota.example"].len(), 2, "{told:?}");
    assert_eq!(told["s3@kota.example"].len(), 1, "{told:?}");
    assert_eq!(told["i1@kota.example"].len(), 1, "{told:?}");
    assert!(told["s3@kota.example"][0].starts_with("Tue 09:21"), "{told:?}");
}

#[tokio::test]
async fn a_summary_goes_out_once_however_often_the_monitor_is_killed_around_it() {
    let sink = SmtpSink::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let mut monitor = Monitor::start(&path, at(4, 15, 0), sink.port).await;
    monitor.until(at(8, 7, 55)).await;
    for minute in [57, 59, 60, 61, 66] {
        let now = at(8, 7, minute);
        // Also with letters that are written and not sent.
        monitor.waits = false;
        monitor.until(now).await;
        monitor.kill().await;
        monitor = Monitor::start(&path, now, sink.port).await;
        monitor.settled().await;
    }
    monitor.until(at(8, 9, 0)).await;
    monitor.mailed().await;
    monitor.stop().await;
    // A letter whose answer was lost goes out again under its Message-ID.
    let sent: BTreeSet<(String, String, String)> = mails(&sink)
        .into_iter()
        .map(|mail| (mail.to, mail.subject, mail.message_id))
        .collect();
    let subjects: Vec<(&str, &str)> = sent
        .iter()
        .map(|(to, subject, _)| (to.as_str(), subject.as_str()))
        .collect();
    assert_eq!(
        subjects,
        [
            ("i1@kota.example", "[Jagaloket] Ringkasan bulanan · 1–30 November 2026"),
            (
                "i1@kota.example",
                "[Jagaloket] Ringkasan mingguan · 23–29 November 2026"
            ),
        ]
    );
}

#[tokio::test]
async fn a_clock_that_is_set_tells_nobody_twice_and_skips_nobody() {
    let sink = SmtpSink::start();
    let folder = tempfile::tempdir().unwrap();
    let mut monitor = begun(&folder.path().join("j.db"), sink.port, true).await;
    // An hour ahead, and back: the monitor holds to its steady clock.
    monitor.until(at(1, 9, 10)).await;
    monitor.hand.jump(3_600_000);
    monitor.until(at(1, 9, 20)).await;
    monitor.hand.jump(-7_200_000);
    monitor.until(at(1, 10, 30)).await;
    monitor.hand.jump(3_600_000);
    monitor.until(at(1, 11, 30)).await;
    monitor.mailed().await;
    monitor.stop().await;
    let told = told(&mails(&sink));
    let counts: Vec<usize> = ["s1@kota.example", "s3@kota.example", "i1@kota.example"]
        .iter()
        .map(|address| told.get(*address).map_or(0, Vec::len))
        .collect();
    assert_eq!(counts, [1, 1, 1], "{told:?}");
}

#[tokio::test]
async fn late_events_that_clear_an_officer_withdraw_it_from_everybody_who_was_told_and_the_counts_follow() {
    let sink = SmtpSink::start();
    let folder = tempfile::tempdir().unwrap();
    let mut monitor = begun(&folder.path().join("j.db"), sink.port, true).await;
    // Two more, so that the third waits for the digest.
    for (minute, officer, counter) in [(20, "p-2", "loket-2"), (40, "p-1", "loket-1")] {
        monitor.until(at(1, 9, minute)).await;
        if officer == "p-2" {
            monitor.begins(officer, counter).await;
        }
        monitor.until(at(1, 9, minute + 5)).await;
        monitor.phone_out(officer, counter).await;
    }
    let (first, third) = (monitor.phone("p-1", 0).await, monitor.phone("p-1", 1).await);
    monitor.until(at(1, 11, 30)).await;
    monitor.does("s-1", first, Wish::Find).await.unwrap();
    monitor.until(at(1, 12, 10)).await;
    let counts = |cases: &jagaloket::case::Cases| {
        let counts = cases.counts(|case| case.basis.officer.as_ref().is_some_and(|id| id.as_str() == "p-1"));
        [counts.indications, counts.findings, counts.proven]
    };
    let before = docket::fold(&monitor.store, Moment::MAX).await.unwrap();
    assert_eq!(counts(&before), [2, 1, 0]);
    // He was exempt all morning, as it turns out.
    let (from, until) = (at(1, 8, 0), at(1, 12, 0));
    let data = format!(
        r#"{{"officer":"p-1","from":"{}","until":"{}","approver":"s-3"}}"#,
        from.rfc3339(chrono_tz::UTC),
        until.rfc3339(chrono_tz::UTC)
    );
    let now = monitor.now;
    monitor.send("system", "exemption.granted", now, &data).await;
    monitor.settled().await;
    monitor.mailed().await;
    let after = docket::fold(&monitor.store, Moment::MAX).await.unwrap();
    assert_eq!(counts(&after), [0, 0, 0]);
    assert_eq!(after.of[&third].stage.as_str(), "withdrawn");
    assert_eq!(
        (after.of[&first].stage.as_str(), after.of[&first].stands),
        ("finding", false)
    );
    // What people decided they decide again.
    monitor.does("s-1", first, Wish::Dismiss(Code::Exempted)).await.unwrap();
    monitor.does("i-1", first, Wish::Dismiss(Code::Exempted)).await.unwrap();
    monitor.stop().await;
    let mails = mails(&sink);
    let said = told(&mails);
    for address in ["s1@kota.example", "s3@kota.example", "i1@kota.example"] {
        let own = of(&mails, address);
        let withdrawn: Vec<&&Mail> = own
            .iter()
            .filter(|mail| mail.text.contains("ditarik kembali") && mail.in_reply_to.is_some())
            .collect();
        let numbers = |n: i64| {
            withdrawn
                .iter()
                .filter(|mail| mail.text.contains(&format!("INSIDEN #{n} ")))
                .count()
        };
        assert_eq!((numbers(first), numbers(third)), (1, 1), "{address}: {said:#?}");
        for mail in withdrawn {
            // In the thread of the mail he was first told in, be it a digest.
            let first = own
                .iter()
                .find(|one| Some(&one.message_id) == mail.in_reply_to.as_ref());
            let first = first.unwrap_or_else(|| panic!("{address} never got {:?}", mail.in_reply_to));
            assert_eq!(mail.subject, format!("Re: {}", first.subject));
        }
    }
}

#[tokio::test]
async fn what_a_start_finds_in_the_ledger_withdraws_a_case_too_and_it_climbs_no_further() {
    let sink = SmtpSink::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let monitor = begun(&path, sink.port, true).await;
    let (incident, now) = (monitor.phone("p-1", 0).await, monitor.now);
    monitor.kill().await;
    // He was exempt, which reached the ledger and was not judged before the end.
    let store = Store::open(&path, Bounds::default()).await.unwrap();
    let data = format!(
        r#"{{"officer":"p-1","from":"{}","until":"{}","approver":"s-3"}}"#,
        at(1, 8, 0).rfc3339(chrono_tz::UTC),
        at(1, 12, 0).rfc3339(chrono_tz::UTC)
    );
    let body = format!(
        r#"{{"specversion":"1.0","id":"late","source":"/kota/system","type":"exemption.granted","time":"{}","data":{data}}}"#,
        now.rfc3339(chrono_tz::UTC)
    );
    let turn = Turn {
        entries: vec![NewEntry {
            received: now,
            kind: EntryKind::Event,
            office: OfficeId::new("kota"),
            source: "/kota/system".into(),
            id: "late".into(),
            time: now,
            body: body.into_bytes(),
            clock: None,
        }],
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    store.close().await.unwrap();
    drop(store);

    let mut monitor = Monitor::start(&path, now.plus_ms(60_000), sink.port).await;
    monitor.until(at(1, 15, 0)).await;
    monitor.mailed().await;
    let cases = docket::fold(&monitor.store, Moment::MAX).await.unwrap();
    assert_eq!(cases.of[&incident].stage.as_str(), "withdrawn");
    monitor.stop().await;
    let mails = mails(&sink);
    assert_eq!(of(&mails, "s3@kota.example").len(), 0, "{:?}", told(&mails));
    assert_eq!(of(&mails, "i1@kota.example").len(), 0, "{:?}", told(&mails));
    let own = of(&mails, "s1@kota.example");
    let answers: Vec<&&Mail> = own
        .iter()
        .filter(|mail| mail.in_reply_to.as_ref() == Some(&own[0].message_id))
        .collect();
    assert_eq!(answers.len(), 1, "{:?}", told(&mails));
    assert!(answers[0].text.contains("ditarik kembali"), "{}", answers[0].text);
}

#[tokio::test]
async fn an_appeal_granted_long_after_is_told_to_everybody_who_had_been_told() {
    let sink = SmtpSink::start();
    let folder = tempfile::tempdir().unwrap();
    let mut monitor = begun(&folder.path().join("j.db"), sink.port, true).await;
    let n = monitor.phone("p-1", 0).await;
    monitor.does("s-1", n, Wish::Find).await.unwrap();
    monitor.ends("p-1", "loket-1").await;
    monitor.does("s-1", n, Wish::Close).await.unwrap();
    monitor.until(at(10, 10, 0)).await;
    monitor.does("p-1", n, Wish::Appeal).await.unwrap();
    // What it rests on can change no more by then, and nobody was at it when it was closed.
    monitor.until(at(18, 10, 0)).await;
    let before = mails(&sink).len();
    monitor.does("i-1", n, Wish::Grant).await.unwrap();
    // It waits for the digest of noon.
    monitor.until(at(18, 12, 10)).await;
    monitor.stop().await;
    let said: Vec<String> = mails(&sink)[before..].iter().map(|mail| mail.to.clone()).collect();
    assert!(said.contains(&"s1@kota.example".to_owned()), "{said:?}");
}
