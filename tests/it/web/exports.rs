//! Lists as files: the same rows as the page under the same filters, traced, and harmless in a spreadsheet.

use super::pages::Desk;
use super::tokens::{INTEGRITY, browser, traces};
use crate::support::python;

#[test]
fn a_file_has_every_incident_of_the_page_once_under_the_same_filters() {
    let desk = Desk::open();
    let mut reader = browser(&desk, &INTEGRITY);
    let answer = reader.get("/incidents/export?as=csv&lang=id");
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert!(
        answer.head.contains("attachment; filename=\"jagaloket-incidents.csv\""),
        "{}",
        answer.head
    );
    let lines: Vec<&str> = answer
        .body
        .trim_start_matches('\u{feff}')
        .split("\r\n")
        .filter(|line| !line.is_empty())
        .collect();
    assert!(lines[0].starts_with("Nomor,Kantor,Tanggal,"), "{}", lines[0]);
    assert_eq!(lines.len(), desk.seeded.incidents + 1);
    let dangerous = |line: &&&str| line.split(',').any(|cell| cell.starts_with(['=', '+', '@']));
    assert_eq!(lines.iter().filter(dangerous).count(), 0);

    let answer = reader.get("/incidents/export?as=jsonl&state=open&class=indication");
    assert!(answer.head.contains("application/x-ndjson"), "{}", answer.head);
    let rows: Vec<serde_json::Value> = answer
        .body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!rows.is_empty());
    assert!(
        rows.iter()
            .all(|row| row["state"] == "open" && row["class"] == "indication" && row["until"].is_null())
    );
    assert!(
        rows.iter()
            .all(|row| row["incident"].is_i64() && row["since"].as_str().unwrap().ends_with("+07:00"))
    );
    assert!(
        traces(&desk)
            .iter()
            .any(|trace| trace.contains("/incidents/export?as=jsonl&state=open"))
    );

    for wrong in ["", "?as=pdf", "?as=csv&state=gone"] {
        assert_eq!(reader.get(&format!("/incidents/export{wrong}")).status, 400, "{wrong}");
    }
}

#[test]
fn a_file_of_minutes_of_service_adds_up_to_the_pages_figures() {
    let desk = Desk::open();
    let mut reader = browser(&desk, &INTEGRITY);
    let answer = reader.get("/compliance/export?as=jsonl&from=2026-10-28&to=2026-11-24");
    let rows: Vec<serde_json::Value> = answer
        .body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sum = |name: &str| rows.iter().map(|row| row[name].as_f64().unwrap()).sum::<f64>();
    let hours = super::seed::served::hours();
    let served: i64 = hours.iter().map(|(_, service)| service.served_ms).sum();
    assert_eq!(sum("served_minutes"), served as f64 / 60_000.0);
    assert_eq!(rows.len(), super::seed::served::dates().len());
    let csv = reader
        .get("/compliance/export?as=csv&from=2026-10-28&to=2026-11-24&lang=en")
        .body;
    assert_eq!(csv.matches("\r\n").count(), rows.len() + 1);
    assert!(csv.contains(",Verified compliance,Data coverage\r\n"), "{csv}");
}

#[test]
fn a_workbook_opens_elsewhere_with_its_dates_numbers_and_shares_as_such() {
    let desk = Desk::open();
    let reader = browser(&desk, &INTEGRITY);
    let session = reader.cookies["jagaloket_session"].clone();
    let told = python(include_str!("workbook.py"), &[&desk.port.to_string(), &session], b"");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["incidents"]["rows"], desk.seeded.incidents + 1);
    assert_eq!(told["incidents"]["frozen"], "A2");
    assert_eq!(
        told["incidents"]["kinds"],
        serde_json::json!(["int", "str", "datetime", "datetime"])
    );
    assert_eq!(told["incidents"]["open"], "2026-11-24 10:07:44");
    assert_eq!(
        told["service"]["kinds"],
        serde_json::json!(["str", "datetime", "int", "0.00%"])
    );
}

#[test]
fn the_monthly_report_says_what_the_page_says_and_is_traced() {
    let desk = Desk::open();
    let mut reader = browser(&desk, &INTEGRITY);
    let page = reader.get("/compliance?lang=en&from=2026-11-01&to=2026-11-30").body;
    let report = reader.get("/compliance/report?lang=en&month=2026-11");
    assert_eq!(report.status, 200, "{}", report.head);
    assert!(report.head.contains("jagaloket-contoh-2026-11.pdf"), "{}", report.head);
    assert!(report.body.starts_with("%PDF-"));
    let share = page.split("Verified compliance</dt><dd>").nth(1).unwrap();
    let share = share.split('<').next().unwrap();
    for says in [
        "Monthly report on the integrity of service, November 2026",
        share,
        "Confirmed per 1,000 sessions",
    ] {
        assert!(report.body.contains(&format!("({says})")), "{says} of {}", report.body);
    }
    assert!(traces(&desk).iter().any(|trace| trace.contains("/compliance/report?")));
    for wrong in ["2026-13", "2026", "26-11", "2026-11-24"] {
        assert_eq!(
            reader.get(&format!("/compliance/report?month={wrong}")).status,
            400,
            "{wrong}"
        );
    }
}

#[test]
fn every_list_goes_out_as_a_file_with_as_many_rows_as_it_has() {
    let desk = Desk::open();
    let mut reader = browser(&desk, &INTEGRITY);
    let mut rows = |path: &str| {
        let mark = if path.contains('?') { '&' } else { '?' };
        let csv = reader.get(&format!("{path}{mark}as=csv"));
        let lines = reader.get(&format!("{path}{mark}as=jsonl"));
        assert_eq!((csv.status, lines.status), (200, 200), "{path}: {}", csv.head);
        let count = lines.body.lines().count();
        assert!(csv.body.matches("\r\n").count() > count, "{path}");
        count
    };
    assert_eq!(rows("/devices/export"), 14);
    assert_eq!(rows("/policies/export"), 20);
    assert!(rows("/quarantine/export") > 40);
    let (all, dead) = (rows("/letters/export"), rows("/letters/export?state=dead"));
    assert!(all > 60 && dead > 0 && dead < all, "{all} {dead}");
    assert_eq!(rows("/compliance/export?each=counter&from=2026-10-28&to=2026-11-24"), 4);
    assert!(rows("/compliance/export?each=counter_hour&from=2026-10-28&to=2026-11-24") > 10);
}
