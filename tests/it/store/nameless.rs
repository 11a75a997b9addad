//! Names and words that go from cases, exemptions and corrections, and what a hold keeps.

use jagaloket::ledger::hold::{Released, Wanted, Word};
use jagaloket::retention;

use super::retention::{counts, days, run};
use super::*;

on_both! {
    what_people_made_of_it_goes_with_the_names_unless_they_are_still_at_it,
    a_hold_keeps_a_letter_that_tells_of_it_among_others,
}

fn case(n: i64, stage: &str, outcome: Option<&str>) -> CaseRow {
    let of = incident(n);
    CaseRow {
        incident: n,
        office: of.office,
        class: of.class,
        severity: of.severity,
        policy: of.policy,
        officer: of.officer,
        date: of.date,
        stage: stage.into(),
        outcome: outcome.map(str::to_owned),
        code: None,
        stands: true,
        opened: at(1),
        decided: None,
        acked_by: Some("s-01".into()),
        acked_until: None,
        review_by: None,
        changed: at(6),
        steps: 2,
    }
}

async fn what_people_made_of_it_goes_with_the_names_unless_they_are_still_at_it(home: Home) {
    let store = home.open().await;
    let over = |n| IncidentRow {
        state: IncidentState::Ended,
        until: Some(at(5)),
        ..incident(n)
    };
    let step = |incident, n, step: &str, detail: &str| CaseStepRow {
        incident,
        n,
        at: at(6),
        person: Some("p-003".into()),
        post: Some("officer".into()),
        step: step.into(),
        detail: Some(detail.into()),
        reason: "Siti yang meminta".into(),
    };
    let exemption = |n, officer: &str, until| ExemptionRow {
        office: OfficeId::new("tangerang"),
        n,
        officer: OfficerId::new(officer),
        from: at(0),
        until,
        asked_by: "s-01".into(),
        asked: at(0),
        reason: "menunggu kabar".into(),
        answered_by: Some("i-01".into()),
        answered: Some(at(1)),
        granted: Some(true),
        revoked: None,
    };
    let correction = |n, answered: Option<Moment>| CorrectionRow {
        n,
        office: OfficeId::new("tangerang"),
        person: "p-003".into(),
        about: "giliran".into(),
        wanted: "saya cuti".into(),
        asked: at(0),
        due: at(2),
        answered_by: answered.map(|_| "i-01".into()),
        answered,
        accepted: answered.map(|_| true),
        answer: answered.map(|_| "benar".into()),
    };
    let appealed = CaseRow {
        review_by: Some(days(9)),
        ..case(4, "finding", Some("finding"))
    };
    let turn = Turn {
        incidents: (1..=7).map(over).collect(),
        cases: vec![
            case(1, "closed", Some("dismissed")),
            case(2, "proven", Some("proven")),
            case(3, "examination", Some("examination")),
            appealed.clone(),
            case(6, "indication", None),
            case(7, "dismissing", None),
        ],
        letters: vec![letter(Some(6), "s-01", at(1))],
        case_steps: vec![
            step(1, 1, "told", "first: s-01"),
            step(1, 2, "stated", "-"),
            step(2, 1, "stated", "-"),
        ],
        exemptions: vec![
            exemption(1, "p-003", at(5)),
            exemption(2, "p-003", days(80)),
            exemption(3, "p-004", at(5)),
        ],
        corrections: vec![correction(1, Some(at(2))), correction(2, None)],
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    store.settle_sent(1, at(7)).await.unwrap();
    let held = Wanted {
        incident: None,
        officer: Some("p-004".into()),
        office: None,
        from: None,
        until: None,
        reason: "perkara 12/2026".into(),
        by: "Kepala Kantor".into(),
    };
    retention::hold(&store, &Word::Add(held), days(1)).await.unwrap();
    let gone = run(&store, days(91)).await;
    let expected = counts([("indications", 2), ("exemptions", 1), ("corrections", 1)]);
    assert_eq!(gone, expected);
    for (sql, count) in [
        ("SELECT count(*) FROM incident WHERE officer IS NULL AND n IN (1, 5)", 2),
        (
            "SELECT count(*) FROM case_file WHERE officer IS NULL AND acked_by IS NULL AND incident = 1",
            1,
        ),
        ("SELECT count(*) FROM case_file WHERE officer IS NOT NULL", 5),
        // Nobody has decided these.
        (
            "SELECT count(*) FROM incident WHERE officer IS NOT NULL AND n IN (6, 7)",
            2,
        ),
        ("SELECT count(*) FROM outbox WHERE text_body <> ''", 1),
        (
            "SELECT count(*) FROM case_step WHERE incident = 1 AND person IS NULL AND reason = '' AND post = 'officer'",
            2,
        ),
        ("SELECT count(*) FROM case_step WHERE detail IS NULL", 1),
        ("SELECT count(*) FROM case_step WHERE incident = 2 AND reason <> ''", 1),
        (
            "SELECT count(*) FROM exemption WHERE officer = '' AND asked_by = '' AND reason = '' AND n = 1 AND granted = 1",
            1,
        ),
        ("SELECT count(*) FROM exemption WHERE officer <> ''", 2),
        (
            "SELECT count(*) FROM correction WHERE person = '' AND wanted = '' AND answer = '' AND n = 1",
            1,
        ),
        ("SELECT count(*) FROM correction WHERE person = 'p-003' AND n = 2", 1),
    ] {
        assert_eq!(home.count(sql).await, count, "{sql}");
    }
    // Who takes up an old case again brings no name back.
    let again = Turn {
        cases: vec![case(1, "indication", None)],
        exemptions: vec![exemption(1, "p-003", at(5))],
        corrections: vec![correction(1, Some(at(2)))],
        ..Turn::default()
    };
    store.commit(&again).await.unwrap();
    let named = "SELECT (SELECT count(*) FROM case_file WHERE incident = 1 AND (officer IS NOT NULL OR acked_by IS NOT NULL)) \
                 + (SELECT count(*) FROM exemption WHERE n = 1 AND (officer <> '' OR answered_by IS NOT NULL)) \
                 + (SELECT count(*) FROM correction WHERE n = 1 AND (person <> '' OR answered_by IS NOT NULL OR answer <> ''))";
    assert_eq!(home.count(named).await, 0);
    // When the appeal is answered, its names go as well.
    let answered = Turn {
        cases: vec![CaseRow {
            review_by: None,
            ..appealed
        }],
        ..Turn::default()
    };
    store.commit(&answered).await.unwrap();
    assert_eq!(run(&store, days(92)).await, counts([("indications", 1)]));
    // Nor do those stay for ever that nobody ever decides.
    run(&store, days(360)).await;
    let undecided = "SELECT count(*) FROM incident WHERE officer IS NOT NULL AND n IN (6, 7)";
    assert_eq!(home.count(undecided).await, 2);
    run(&store, days(370)).await;
    assert_eq!(home.count(undecided).await, 0);
    assert_eq!(home.count("SELECT count(*) FROM outbox WHERE text_body <> ''").await, 0);
    store.verify(None).await.unwrap();
}

async fn a_hold_keeps_a_letter_that_tells_of_it_among_others(home: Home) {
    let store = home.open().await;
    let over = |n| IncidentRow {
        state: IncidentState::Ended,
        until: Some(at(5)),
        ..incident(n)
    };
    let digest = |letter: &NewLetter, incident| Among {
        letter: letter.message_id.clone(),
        incident,
        subject: "Ringkasan".into(),
    };
    let letters = [letter(None, "s-01", at(1)), letter(None, "s-02", at(2))];
    let turn = Turn {
        incidents: (1..=3).map(over).collect(),
        among: vec![digest(&letters[0], 1), digest(&letters[0], 2), digest(&letters[1], 3)],
        letters: letters.to_vec(),
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    for n in 1..=2 {
        store.settle_sent(n, at(7)).await.unwrap();
    }
    let wanted = Wanted {
        incident: Some(1),
        officer: None,
        office: None,
        from: None,
        until: None,
        reason: "perkara 12/2026".into(),
        by: "Kepala Kantor".into(),
    };
    let hold = retention::hold(&store, &Word::Add(wanted), days(1)).await.unwrap();
    assert_eq!(
        run(&store, days(91)).await,
        counts([("letters", 1), ("indications", 2)])
    );
    let named = "SELECT count(*) FROM outbox WHERE address <> '' AND n = 1";
    assert_eq!(home.count(named).await, 1, "what tells of it stays");
    assert_eq!(home.count("SELECT count(*) FROM outbox WHERE address <> ''").await, 1);
    let release = Released {
        hold,
        reason: "selesai".into(),
        by: "Kepala Kantor".into(),
    };
    retention::hold(&store, &Word::Release(release), days(92))
        .await
        .unwrap();
    assert_eq!(
        run(&store, days(92)).await,
        counts([("letters", 1), ("indications", 1)])
    );
    assert_eq!(
        home.count("SELECT count(*) FROM outbox WHERE address <> '' OR person <> ''")
            .await,
        0
    );
}
