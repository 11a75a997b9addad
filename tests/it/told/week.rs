//! A week of an office: every mail each person got, when, and that none went to whom it was about.

use jagaloket::case::Code;
use jagaloket::case::acts::Wish;

use super::*;

#[tokio::test]
async fn a_week_of_an_office_with_three_supervisors() {
    let sink = SmtpSink::start();
    let folder = tempfile::tempdir().unwrap();
    let mut monitor = Monitor::start(&folder.path().join("j.db"), MONDAY, sink.port).await;
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
            }
            // Friday: what s-2 acknowledged is decided by s-1.
            _ => {
                monitor.until(at(4, 9, 0)).await;
                let his = monitor.phone("p-1", 2).await;
                monitor.does("s-1", his, Wish::Find).await.unwrap();
            }
        }
        monitor.until(at(day, 15, 50)).await;
        for (officer, counter) in [("p-1", "loket-1"), ("p-2", "loket-2"), ("p-3", "loket-3")] {
            monitor.ends(officer, counter).await;
        }
        monitor.until(at(day, 17, 0)).await;
    }
    monitor.until(at(7, 7, 0)).await;
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
