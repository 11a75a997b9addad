//! Who sees whose records: every kind of record, as everybody; and whom the first page names.

use super::{CASES, House, PEOPLE, QUARANTINE, RECORDS};
use crate::support::Browser;

#[test]
fn everybody_sees_the_records_that_are_his_to_see_and_no_others() {
    let house = House::open();
    for (who, _) in &PEOPLE {
        let mut browser = house.browser(*who);
        let may = CASES.contains(*who);
        let list = browser.get("/incidents?date=2026-11-24&policy=phone-out-during-service&state=ended");
        let mut export = Browser {
            headers: vec!["Accept: application/x-ndjson".into()],
            ..browser.clone()
        };
        let export = export.get("/api/v1/verdicts?from=2026-11-24");
        let letters = browser.get("/letters");
        for record in &RECORDS {
            let n = record.n;
            let sees = record.seen_by.contains(*who);
            let status = |sees| match (may, sees) {
                (false, _) => 403,
                (true, true) => 200,
                (true, false) => 404,
            };
            let from = house.somewhere();
            browser.headers = vec![format!("X-Forwarded-For: {from}")];
            let page = browser.get(&format!("/incidents/{n}"));
            assert_eq!(page.status, status(sees), "incident {n} as {who}");
            // What is hidden is answered as what is not there, and traced all the same.
            assert_eq!(
                house.refusal(&from).is_some(),
                page.status != 200,
                "incident {n} as {who}"
            );
            assert_eq!(list.body.contains(&format!("#{n} ")), sees, "{n} in the list as {who}");
            let since = format!("09:00:{:02}.{:03}", n / 1_000, n % 1_000);
            let line = export
                .body
                .lines()
                .any(|line| line.contains(&since) && line.contains(&format!("\"office\":\"{}\"", record.office)))
                || export.body.lines().any(|line| {
                    // The other office's clock is an hour ahead.
                    line.contains(&since.replace("09:", "10:"))
                        && line.contains(&format!("\"office\":\"{}\"", record.office))
                });
            assert_eq!(line, sees, "{n} in the export as {who}\n{}", export.body);
            let reads = record.letter_seen_by.contains(*who);
            let letter = house.letters[&n];
            for path in [format!("/letters/{letter}"), format!("/letters/{letter}/html")] {
                assert_eq!(browser.get(&path).status, status(reads), "{path} of {n} as {who}");
            }
            assert_eq!(
                letters.body.contains(&format!("Surat {n}")),
                reads,
                "the letter of {n} in the list as {who}"
            );
            if page.status == 200 {
                let links = page.body.contains(&format!("/letters/{letter}\""));
                assert_eq!(links, reads, "incident {n} links its letter as {who}");
            }
        }
        for (n, sees) in house.quarantined.into_iter().zip(["IAT", "FA"]) {
            let page = browser.get(&format!("/quarantine/{n}"));
            let expected = match (QUARANTINE.contains(*who), sees.contains(*who)) {
                (false, _) => 403,
                (true, true) => 200,
                (true, false) => 404,
            };
            assert_eq!(page.status, expected, "quarantine {n} as {who}");
            assert_eq!(
                page.body.contains("the-new-one"),
                sees.contains(*who) && *who != 'T',
                "its payload as {who}"
            );
        }
    }
}

#[test]
fn the_first_page_names_nobody_who_is_not_for_the_reader() {
    let house = House::open();
    // Candra is p-003; Dewi is another officer of the same unit.
    for (who, office, candra, dewi) in [
        ('O', true, true, false),
        ('S', true, true, true),
        // Those who see whole offices see codes.
        ('I', true, false, false),
        ('A', true, false, false),
        ('F', false, false, false),
        ('T', true, false, false),
        ('D', false, false, false),
        ('W', false, false, false),
        ('X', false, false, false),
    ] {
        let mut browser = house.browser(who);
        for path in ["/", "/?office=contoh", "/health", "/health?office=contoh"] {
            let page = browser.get(path);
            assert_eq!(page.status, 200);
            assert_eq!(
                page.body.contains("Kantor Imigrasi Kelas I Contoh"),
                office,
                "{path} as {who}"
            );
            if path.starts_with("/health") {
                assert!(!page.body.contains("Candra"), "{path} as {who}");
                continue;
            }
            assert_eq!(page.body.contains("Candra Wijaya"), candra, "{path} as {who}");
            assert_eq!(page.body.contains("Dewi Anggraini"), dewi, "{path} as {who}");
        }
    }
}
