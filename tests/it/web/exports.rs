//! Lists as files: the same rows as the page under the same filters, traced, and harmless in a spreadsheet.

use super::pages::Desk;
use super::tokens::{INTEGRITY, browser, traces};

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
