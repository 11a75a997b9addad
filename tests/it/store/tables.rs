//! What is read back, and what an older or newer version left.

use super::*;

on_both! {
    what_was_decided_is_read_back_as_it_was_written,
    a_long_ledger_is_read_page_by_page,
    a_database_of_a_newer_version_is_left_alone,
}

async fn what_was_decided_is_read_back_as_it_was_written(home: Home) {
    let store = home.open().await;
    let policies = NewEntry {
        kind: EntryKind::Policies,
        id: "p1".to_owned(),
        time: at(-99),
        ..entry("")
    };
    let roster = NewEntry {
        kind: EntryKind::Roster,
        id: "r1".to_owned(),
        time: at(-100),
        ..entry("")
    };
    let late = NewEntry {
        time: at(-50),
        clock: Some("corrected"),
        ..entry("late")
    };
    let tick = NewEntry {
        kind: EntryKind::Tick,
        time: at(3),
        ..entry("tick")
    };
    let step = VerdictStep {
        verdict: 1,
        at: at(2),
        kind: StepKind::Opened,
        reason: "condition_held".to_owned(),
        since: at(0),
        opened: at(1),
        until: None,
    };
    let joined = IncidentRow {
        state: IncidentState::Joined(1),
        until: Some(at(4)),
        ..incident(2)
    };
    let old = IncidentRow {
        state: IncidentState::Ended,
        until: Some(at(-1)),
        ..incident(3)
    };
    let mut gone = verdict(3, 2);
    gone.retracted = true;
    let turn = Turn {
        entries: vec![roster.clone(), policies.clone(), entry("a"), late, tick.clone()],
        incidents: vec![incident(1), joined.clone(), old],
        verdicts: vec![verdict(1, 1), verdict(2, 2), gone],
        steps: vec![step],
        letters: vec![letter(Some(2), "s-01", at(0))],
        statuses: vec![DeviceStatus {
            office: OfficeId::new("tangerang"),
            device: DeviceId::new("loket-03"),
            online: true,
            at: at(0),
        }],
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    // Written over what stood under their numbers.
    let mut ended = verdict(2, 1);
    ended.verdict.until = Some(at(-1));
    let again = Turn {
        verdicts: vec![ended.clone()],
        statuses: turn.statuses.clone(),
        ..Turn::default()
    };
    store.commit(&again).await.unwrap();

    assert_eq!(store.standing_verdicts(at(0)).await.unwrap(), [verdict(1, 1)]);
    assert_eq!(store.standing_verdicts(at(-1)).await.unwrap(), [verdict(1, 1), ended]);
    assert_eq!(store.incidents(at(0)).await.unwrap(), [incident(1), joined]);
    assert_eq!(
        store.next_numbers().await.unwrap(),
        NextNumbers {
            verdict: 4,
            incident: 4
        }
    );
    let told = store.told(at(0)).await.unwrap();
    assert_eq!(
        (told.len(), told[0].n, told[0].incident, told[0].person.as_str()),
        (1, 1, 2, "s-01")
    );

    let office = OfficeId::new("tangerang");
    let ids = |rows: Vec<jagaloket::store::LedgerRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(store.rules(&office).await.unwrap()), ["r1", "p1"]);
    assert_eq!(
        ids(store.entries(0, None).await.unwrap()),
        ["r1", "p1", "a", "late", "tick"]
    );
    assert_eq!(
        ids(store.entries(0, Some(at(0))).await.unwrap()),
        ["r1", "p1", "a", "tick"]
    );
    assert_eq!(ids(store.entries(4, None).await.unwrap()), ["tick"]);
    let row = &store.entries(4, None).await.unwrap()[0];
    let words: Vec<Option<String>> = store
        .entries(0, None)
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.clock)
        .collect();
    assert_eq!(words, [None, None, None, Some("corrected".to_owned()), None]);
    assert_eq!(
        (row.n, row.kind, row.time, &row.body),
        (5, EntryKind::Tick, at(3), &tick.body)
    );
}

async fn a_long_ledger_is_read_page_by_page(home: Home) {
    let store = home.open().await;
    store.commit(&entries((0..2500).map(|n| n.to_string()))).await.unwrap();
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        let page = store.entries(after, None).await.unwrap();
        let Some(last) = page.last() else { break };
        assert_eq!(page[0].n, after + 1);
        after = last.n;
        pages.push(page.len());
    }
    assert_eq!((pages, after), (vec![1000, 1000, 500], 2500));
}

async fn a_database_of_a_newer_version_is_left_alone(home: Home) {
    home.open().await.close().await.unwrap();
    home
        .run("INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, success, checksum, execution_time FROM _sqlx_migrations LIMIT 1")
        .await;
    let error = Store::open(home.place(), Bounds::default()).await.unwrap_err();
    assert!(matches!(error, Error::Newer(9999)), "{error}");
}
