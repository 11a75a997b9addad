//! The gate's page and the pages of bookings, as browsers without scripts see them.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_gates_keeper_sees_the_gate_alone_and_its_page_works_without_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("j.db").display().to_string();
    let monitor = Monitor::start(&file, &Keys::passing(), at(MORNING)).await;
    let Ok(Done::Issued { codes }) = monitor
        .does(Act::Issue {
            bookings: vec![booked("")],
        })
        .await
    else {
        panic!()
    };
    let code = codes[0].0.clone();
    let mut gate = monitor.browser(Role::Gate).await;
    let mut integrity = monitor.browser(Role::Integrity).await;
    let pages = tokio::task::spawn_blocking(move || {
        let mut pages = Vec::new();
        assert_eq!(gate.get("/").header("location"), Some("/gate"));
        for kept_from in [
            "/incidents",
            "/bookings",
            "/health",
            "/letters",
            "/quarantine",
            "/users",
            "/api/v1/gaps",
        ] {
            assert_eq!(gate.get(kept_from).status, 403, "{kept_from}");
        }
        let page = gate.get("/gate?lang=en");
        assert!(
            page.status == 200 && page.body.contains("Scan or type a code"),
            "{}",
            page.body
        );
        assert!(!page.body.contains("<script"), "{}", page.body);
        let mut scan = |fields: &[(&str, &str)], says: &[&str]| {
            let answer = gate.submit("/gate", "/gate", fields);
            assert_eq!(answer.status, 200, "{}", answer.body);
            says.iter()
                .for_each(|says| assert!(answer.body.contains(says), "{says}: {}", answer.body));
            pages.push(answer.body);
        };
        scan(
            &[("code", &code), ("gate", "gerbang-1")],
            &["LET IN", "The booking is valid", "AS", "gate-go"],
        );
        scan(
            &[("code", &code), ("gate", "gerbang-1")],
            &["LET IN", "The same scan again"],
        );
        scan(
            &[("code", &code), ("gate", "gerbang-2")],
            &["DO NOT LET IN", "has not left", "gate-no", "name=\"reason\""],
        );
        scan(
            &[
                ("code", &code),
                ("gate", "gerbang-2"),
                ("reason", "pengganti kartu rusak"),
            ],
            &["LET IN", "By the officer"],
        );
        scan(
            &[("code", &code), ("gate", "gerbang-2"), ("act", "left")],
            &["Leaving is noted"],
        );
        scan(&[("code", "no such thing!")], &["cannot be read"]);
        scan(&[("code", "0000-0001")], &["check character"]);
        let list = integrity.get("/bookings?date=2026-11-24&lang=id");
        assert!(list.status == 200 && list.body.contains("dipakai"), "{}", list.body);
        let slip = integrity.get(&format!("/bookings/{code}"));
        assert!(
            slip.status == 200 && slip.body.contains("<svg class=\"qr\""),
            "{}",
            slip.body
        );
        assert_eq!(integrity.get("/gate").status, 403);
        pages.extend([list.body, slip.body]);
        pages
    });
    for page in pages.await.unwrap() {
        without_numbers(&page, "a page");
    }
    monitor.stop().await;
}
