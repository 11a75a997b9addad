//! A week of an office: every mail each person got, when, and that none went to whom it was about.

use jagaloket::case::Code;
use jagaloket::case::acts::Wish;
use jagaloket::case::exemption::ExemptionWish;
use jagaloket::engine::event::OfficeId;
use jagaloket::past::Measuring;

use super::*;
use std::collections::BTreeSet;

#[tokio::test]
async fn a_week_of_an_office_with_three_supervisors() {
    let sink = SmtpSink::start();
    let folder = tempfile::tempdir().unwrap();
    let mut monitor = Monitor::start(&folder.path().join("j.db"), MONDAY, sink.port).await;
    let (mut conflicted, mut measuring) = (0, Measuring::default());
    for day in 0..5 {
        monitor.until(at(day, 8, 0)).await;
        for (officer, counter) in [("p-1", "loket-1"), ("p-2", "loket-2"), ("p-3", "loket-3")] {
            monitor.begins(officer, counter).await;
        }
        match day {
            // Monday: three times, of which two go at once; the first is acknowledged and confirmed.
            0 => {
                for (minute, officer, counter) in [(0, "p-1", "loket-1"), (20, "p-2", "loket-2")] {
                    monitor.until(at(0, 9, minute)).await;
                    monitor.phone_out(officer, counter).await;
                }
                let (one, two) = (monitor.phone("p-1", 0).await, monitor.phone("p-2", 0).await);
                monitor.does("s-1", one, Wish::Ack).await.unwrap();
                monitor.does("s-1", two, Wish::Ack).await.unwrap();
                monitor.until(at(0, 10, 0)).await;
                monitor.phone_out("p-1", "loket-1").await;
                monitor.does("p-1", one, Wish::State).await.unwrap();
                monitor.does("s-1", one, Wish::Find).await.unwrap();
                monitor
                    .does("s-1", two, Wish::Dismiss(Code::DeviceFault))
                    .await
                    .unwrap();
                monitor.until(at(0, 10, 30)).await;
                monitor
                    .does("s-3", two, Wish::Dismiss(Code::DeviceFault))
                    .await
                    .unwrap();
                let three = monitor.phone("p-1", 1).await;
                monitor.does("s-1", three, Wish::Ack).await.unwrap();
                monitor.does("s-1", three, Wish::Find).await.unwrap();
            }
            // Tuesday: nobody answers.
            1 => {
                monitor.until(at(1, 9, 0)).await;
                monitor.phone_out("p-3", "loket-3").await;
            }
            // Wednesday: it is about a supervisor.
            2 => {
                monitor.until(at(2, 9, 0)).await;
                monitor.ends("p-3", "loket-3").await;
                monitor.begins("p-4", "loket-3").await;
                monitor.until(at(2, 9, 30)).await;
                monitor.phone_out("p-4", "loket-3").await;
                monitor.until(at(2, 9, 40)).await;
                let his = monitor.phone("p-4", 0).await;
                monitor.does("s-1", his, Wish::Examine).await.unwrap();
                monitor.ends("p-4", "loket-3").await;
                monitor.begins("p-3", "loket-3").await;
            }
            // Thursday: s-1 is away and s-2 acts for him.
            3 => {
                monitor.until(at(3, 9, 0)).await;
                monitor.phone_out("p-1", "loket-1").await;
                let his = monitor.phone("p-1", 2).await;
                monitor.does("s-2", his, Wish::Ack).await.unwrap();
                // It was shorter, as it turns out: a correction, which can wait.
                let present = "{\"officer\":\"p-1\",\"present\":true}";
                monitor.late("lockbox.checked", at(3, 9, 3), present).await;
                // And p-3 was exempt on Tuesday: everybody who was told is told, at once.
                monitor.until(at(3, 10, 0)).await;
                let data = format!(
                    r#"{{"officer":"p-3","from":"{}","until":"{}","approver":"s-3"}}"#,
                    at(1, 8, 0).rfc3339(chrono_tz::UTC),
                    at(1, 12, 0).rfc3339(chrono_tz::UTC)
                );
                monitor.late("exemption.granted", at(3, 10, 0), &data).await;
            }
            // Friday: what s-2 acknowledged is decided by s-1.
            _ => {
                monitor.until(at(4, 9, 0)).await;
                let his = monitor.phone("p-1", 2).await;
                monitor.does("s-1", his, Wish::Find).await.unwrap();
                // s-2 asks for an exemption of p-3, so that what p-3 does on that day is not for s-2 alone to know.
                let wish = ExemptionWish::Ask {
                    officer: "p-3".into(),
                    from: at(4, 13, 0),
                    until: at(4, 14, 0),
                };
                let ask = Order::Exemption { office: None, wish };
                monitor.order("s-2", "menunggu kabar keluarga", ask).await.unwrap();
                monitor.until(at(4, 10, 0)).await;
                monitor.phone_out("p-3", "loket-3").await;
                conflicted = monitor.phone("p-3", 1).await;
                monitor.does("s-3", conflicted, Wish::Ack).await.unwrap();
            }
        }
        monitor.until(at(day, 15, 50)).await;
        for (officer, counter) in [("p-1", "loket-1"), ("p-2", "loket-2"), ("p-3", "loket-3")] {
            monitor.ends(officer, counter).await;
        }
        monitor.until(at(day, 17, 0)).await;
        measuring
            .measure(&monitor.store, &OfficeId::new("kota"), 14 * DAY_MS)
            .await
            .unwrap();
    }
    // Monday is a holiday: digests and summaries wait for Tuesday.
    monitor.until(at(8, 12, 30)).await;
    monitor.stop().await;
    let mails = mails(&sink);
    let told = told(&mails);
    let text: String = told
        .iter()
        .map(|(address, lines)| format!("{address}\n  {}\n", lines.join("\n  ")))
        .collect();
    insta::assert_snapshot!(text);
    for (address, language) in [("s1@kota.example", "id"), ("s2@kota.example", "en")] {
        let mut digests = mails
            .iter()
            .filter(|mail| mail.to == address && mail.text.contains("12:00 WIB"));
        insta::assert_snapshot!(format!("a_digest_{language}"), digests.next().unwrap().text);
    }
    for (name, subject) in [("weekly", "Ringkasan mingguan"), ("monthly", "Ringkasan bulanan")] {
        let mut summaries = mails.iter().filter(|mail| mail.subject.contains(subject));
        insta::assert_snapshot!(format!("a_summary_{name}"), summaries.next().unwrap().text);
        assert!(summaries.next().is_none(), "once, to one of the integrity team");
    }
    // What was corrected on Thursday stands in the deputy's digest of that noon.
    let noon = mails
        .iter()
        .find(|mail| mail.to == "s2@kota.example" && mail.date_ms == at(3, 12, 0).0);
    let noon = &noon.unwrap().text;
    assert!(
        noon.contains("NEWS") && noon.contains("from 09:00:00 to 09:03:00 WIB"),
        "{noon}"
    );
    let mark = format!("#{conflicted} ");
    let knew: BTreeSet<&str> = mails
        .iter()
        .filter(|mail| mail.subject.contains(&mark) || mail.text.contains(&mark))
        .map(|mail| mail.to.as_str())
        .collect();
    assert_eq!(
        knew,
        BTreeSet::from(["s3@kota.example"]),
        "s-2 had asked for an exemption"
    );
    for mail in &mails {
        // s-2 is p-4, and s-1 his supervisor.
        assert!(mail.to != "s2@kota.example" || !mail.text.contains("p-4"), "{mail:?}");
        assert_eq!(mail.auto_submitted.as_deref(), Some("auto-generated"));
        assert_eq!(mail.list_id.as_deref(), Some("Jagaloket <jagaloket.kota.example>"));
        assert!(
            !mail.html.contains("<img") && !mail.html.contains("http://"),
            "nothing is fetched: {mail:?}"
        );
    }
    let is_first = |line: &&String| {
        !line.contains("Re: ")
            && !line.contains("Ringkasan")
            && !line.contains("Digest")
            && !line.contains("Pola berulang")
    };
    for (address, lines) in told.iter().filter(|(address, _)| address.starts_with('s')) {
        for day in ["Mon", "Tue", "Wed", "Thu", "Fri"] {
            let at_once = lines.iter().filter(|line| line.starts_with(day)).filter(is_first);
            assert!(at_once.count() <= 2, "{address} on {day}: {lines:?}");
        }
    }
}
