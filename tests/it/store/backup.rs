//! Backups: from each database into each, damaged ones, and those of earlier versions.

use jagaloket::accounts::Scope;
use std::path::Path;

use jagaloket::ledger::announced::Announcement;
use jagaloket::store::LedgerRow;

use super::*;

fn homes() -> [Home; 2] {
    [Home::sqlite(), Home::postgres()]
}

fn case(incident: i64) -> CaseRow {
    CaseRow {
        incident,
        office: OfficeId::new("tangerang"),
        class: Class::Indication,
        severity: Severity::Major,
        policy: PolicyId::new("phone-out-during-service"),
        officer: None,
        date: "2026-11-24".to_owned(),
        stage: "indication".to_owned(),
        outcome: None,
        code: None,
        stands: true,
        opened: at(1),
        decided: None,
        acked_by: None,
        acked_until: None,
        review_by: None,
        changed: at(1),
        steps: 1,
    }
}

fn decided(incident: i64) -> CaseRow {
    CaseRow {
        officer: Some(OfficerId::new("p-003")),
        outcome: Some("finding".to_owned()),
        code: Some("mistaken".to_owned()),
        decided: Some(at(3)),
        acked_by: Some("s-01".to_owned()),
        acked_until: Some(at(9)),
        review_by: Some(at(99)),
        steps: 2,
        ..case(incident)
    }
}

fn case_steps() -> Vec<CaseStepRow> {
    let opened = CaseStepRow {
        incident: 1,
        n: 1,
        at: at(1),
        person: None,
        post: None,
        step: "opened".to_owned(),
        detail: None,
        reason: String::new(),
    };
    let found = CaseStepRow {
        n: 2,
        person: Some("s-01".to_owned()),
        post: Some("supervisor".to_owned()),
        step: "found".to_owned(),
        detail: Some("until noon".to_owned()),
        reason: "sudah diperiksa".to_owned(),
        ..opened.clone()
    };
    vec![opened, found]
}

fn exemptions() -> Vec<ExemptionRow> {
    let asked = ExemptionRow {
        office: OfficeId::new("tangerang"),
        n: 1,
        officer: OfficerId::new("p-003"),
        from: at(0),
        until: at(9),
        asked_by: "s-01".to_owned(),
        asked: at(1),
        reason: "menunggu telepon".to_owned(),
        answered_by: None,
        answered: None,
        granted: None,
        revoked: None,
    };
    let granted = ExemptionRow {
        n: 2,
        answered_by: Some("s-02".to_owned()),
        answered: Some(at(2)),
        granted: Some(true),
        revoked: Some(at(3)),
        ..asked.clone()
    };
    vec![asked, granted]
}

/// Every table has rows, every column a value and, where it may, none.
async fn fill(store: &Store, count: usize) -> Head {
    let step = VerdictStep {
        verdict: 1,
        at: at(2),
        kind: StepKind::Opened,
        reason: "condition_held".to_owned(),
        since: at(0),
        opened: at(1),
        until: None,
    };
    let ended = IncidentRow {
        until: Some(at(4)),
        state: IncidentState::Joined(1),
        ..incident(2)
    };
    let answer = NewLetter {
        in_reply_to: Some("opened@tangerang.example".to_owned()),
        ..letter(Some(1), "s-02", at(9))
    };
    let mut turn = Turn {
        incidents: vec![incident(1), ended],
        verdicts: vec![verdict(1, 1), verdict(2, 2)],
        steps: vec![step],
        letters: vec![letter(Some(1), "s-01", at(1)), letter(None, "s-01", at(5)), answer],
        quarantined: (0..3).map(quarantined).collect(),
        statuses: vec![DeviceStatus {
            office: OfficeId::new("tangerang"),
            device: DeviceId::new("loket-03"),
            online: true,
            at: at(0),
        }],
        cases: vec![case(1), decided(2)],
        case_steps: case_steps(),
        exemptions: exemptions(),
        ..entries((0..count).map(|n| n.to_string()))
    };
    turn.entries[7].clock = Some("poor");
    store.commit(&turn).await.unwrap();
    let leased = store.lease(at(5), 2, 60_000).await.unwrap();
    store.settle_sent(leased[0].n, at(5)).await.unwrap();
    store
        .settle_failed(leased[1].n, 1, Next::Dead(at(6)), "no such mailbox, ü")
        .await
        .unwrap();
    // Some heartbeats are packed, an entry is gone, and a letter has lost its words.
    let may_go = |row: &LedgerRow| (11..=20).contains(&row.n);
    let packed = store.pack(0, 100, [at(9), at(9)], may_go).await.unwrap().unwrap();
    assert_eq!(packed.removed, 10);
    let gone = store.candidates(20, 22).await.unwrap();
    let said = Announcement::default();
    let out = [(gone[0].row.n, gone[0].hash)];
    store.take_out(said.clone(), &out, None, [at(9); 3]).await.unwrap();
    store
        .empty_letters(&said, &[leased[0].n], at(9))
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_backup_of_either_database_restores_into_both_and_writing_goes_on_there() {
    let folder = tempfile::tempdir().unwrap();
    for (from, source) in homes().into_iter().enumerate() {
        let store = source.open().await;
        let head = fill(&store, 2_500).await;
        let file = folder.path().join(format!("{from}.backup"));
        assert_eq!(store.backup(&file).await.unwrap(), head);
        let refused = store.backup(&file).await.unwrap_err();
        assert!(matches!(refused, Error::Exists(_)), "{refused}");
        for (to, target) in homes().into_iter().enumerate() {
            assert_eq!(Store::restore(&target.place(), &file).await.unwrap(), head);
            let restored = target.open().await;
            // What is restored gives the same backup again, to the byte.
            let again = folder.path().join(format!("{from}-{to}.backup"));
            restored.backup(&again).await.unwrap();
            assert!(
                std::fs::read(&again).unwrap() == std::fs::read(&file).unwrap(),
                "{from} into {to}"
            );
            let committed = restored.commit(&whole_of(7)).await.unwrap();
            assert_eq!((committed.head.n, committed.letters), (head.n + 1, vec![4]));
            assert_eq!(restored.verify(Some(head)).await.unwrap(), committed.head);
            restored.close().await.unwrap();
            drop(restored);
            let refused = Store::restore(&target.place(), &file).await.unwrap_err();
            assert!(matches!(refused, Error::NotEmpty(_)), "{refused}");
            assert_eq!(target.open().await.verify(None).await.unwrap(), committed.head);
        }
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        6,
        "no half file stays"
    );
}

fn whole_of(n: i64) -> Turn {
    Turn {
        letters: vec![letter(Some(1), "s-01", at(n))],
        ..entries(["another"])
    }
}

#[tokio::test]
async fn a_backup_that_is_damaged_or_cut_off_anywhere_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("whole.backup");
    let source = Home::sqlite();
    let store = source.open().await;
    let head = fill(&store, 2_500).await;
    store.backup(&file).await.unwrap();
    let whole = std::fs::read(&file).unwrap();
    let mut rng = fastrand::Rng::with_seed(4);
    let mut spoilt = vec![Vec::new(), whole[..whole.len() - 1].to_vec()];
    for _ in 0..40 {
        spoilt.push(whole[..rng.usize(..whole.len())].to_vec());
        let mut other = whole.clone();
        other[rng.usize(..whole.len())] ^= 1 << rng.u8(..8);
        spoilt.push(other);
    }
    let target = Home::sqlite();
    let bad = folder.path().join("bad.backup");
    for bytes in spoilt {
        std::fs::write(&bad, &bytes).unwrap();
        match Store::restore(&target.place(), &bad).await {
            Err(Error::BackupDamaged(_)) => {}
            other => panic!("{} of {} bytes: {other:?}", bytes.len(), whole.len()),
        }
        assert!(!target.path().exists(), "nothing was made");
    }
    assert_eq!(Store::restore(&target.place(), &file).await.unwrap(), head);
}

on_both! { a_broken_ledger_is_not_backed_up, a_backup_under_load_is_of_one_moment }

async fn a_broken_ledger_is_not_backed_up(home: Home) {
    let store = home.open().await;
    fill(&store, 2_500).await;
    home.run("UPDATE ledger SET received_ms = received_ms + 1 WHERE n = 1500")
        .await;
    let file = home.directory.path().join("b.backup");
    let error = store.backup(&file).await.unwrap_err();
    let expected = Broken {
        n: 1500,
        fault: Fault::Changed,
    };
    assert!(matches!(error, Error::Broken(broken) if broken == expected), "{error}");
    assert!(!file.exists() && !file.with_extension("backup.part").exists());
}

async fn a_backup_under_load_is_of_one_moment(home: Home) {
    let store = home.open().await;
    let writing = store.clone();
    let writer = tokio::spawn(async move {
        for n in 1..=150 {
            let turn = Turn {
                incidents: vec![incident(n)],
                verdicts: vec![verdict(n, n)],
                letters: vec![letter(Some(n), "s-01", at(n))],
                ..entries((0..20).map(|id| format!("{n}-{id}")))
            };
            writing.commit(&turn).await.unwrap();
        }
    });
    let reader = Store::open_to_read(home.place()).await.unwrap();
    let mut heads = Vec::new();
    while !writer.is_finished() || heads.len() < 2 {
        let file = home.directory.path().join(format!("{}.backup", heads.len()));
        heads.push(reader.backup(&file).await.unwrap());
        let target = Home::sqlite();
        let head = Store::restore(&target.place(), &file).await.unwrap();
        assert_eq!(Some(&head), heads.last());
        for table in [
            "SELECT count(*) FROM incident",
            "SELECT count(*) FROM verdict",
            "SELECT count(*) FROM outbox",
        ] {
            assert_eq!(target.count(table).await * 20, head.n, "{table}");
        }
    }
    writer.await.unwrap();
    assert!(heads.is_sorted_by_key(|head| head.n), "{heads:?}");
    store.verify(heads.first().copied()).await.unwrap();
}

fn of_version(version: i64) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/backups/{version:04}.backup"))
}

/// Not a test of its own: with JAGALOKET_WRITE_BACKUP it writes the newest version's backup, once, when a table change is
/// made; those of earlier versions stay as they were written.
#[tokio::test]
async fn the_newest_versions_backup_is_written_when_asked_for() {
    if std::env::var_os("JAGALOKET_WRITE_BACKUP").is_none() {
        return;
    }
    let home = Home::sqlite();
    let store = home.open().await;
    fill(&store, 300).await;
    let version = home.count("SELECT max(version) FROM _sqlx_migrations").await;
    store.backup(&of_version(version)).await.unwrap();
}

/// A backup of an older version is loaded into that version's tables, and every later change runs over its rows.
#[tokio::test]
async fn the_database_of_every_version_so_far_is_brought_up_to_date_with_all_its_rows() {
    for home in homes() {
        home.open().await.close().await.unwrap();
        let newest = home.count("SELECT max(version) FROM _sqlx_migrations").await;
        for version in 1..=newest {
            let home = match home.is_postgres() {
                true => Home::postgres(),
                false => Home::sqlite(),
            };
            let file = of_version(version);
            assert!(
                file.exists(),
                "write it with JAGALOKET_WRITE_BACKUP=1 and keep it: {}",
                file.display()
            );
            let head = Store::restore(&home.place(), &file).await.unwrap();
            assert_eq!(home.count("SELECT max(version) FROM _sqlx_migrations").await, newest);
            let store = home.open().await;
            assert_eq!(store.verify(None).await.unwrap(), head);
            let mut verdicts = [verdict(1, 1), verdict(2, 2)];
            if version < 2 {
                verdicts[1].pin = None;
            }
            assert_eq!(store.standing_verdicts(Moment::MIN).await.unwrap(), verdicts);
            assert_eq!(store.incidents(Moment::MIN).await.unwrap().len(), 2);
            let letters = store.letters(&Scope::whole(), None, None, 9).await.unwrap();
            let error = letters.iter().find_map(|letter| letter.last_error.as_deref());
            assert_eq!((letters.len(), error), (3, Some("no such mailbox, ü")));
            for (sql, count) in [
                ("SELECT count(*) FROM ledger", if version < 8 { 300 } else { 292 }),
                ("SELECT count(*) FROM removal", if version < 8 { 0 } else { 2 }),
                (
                    "SELECT count(*) FROM ledger WHERE clock = 'poor'",
                    i64::from(version >= 3),
                ),
                ("SELECT count(*) FROM verdict_step", 1),
                ("SELECT count(*) FROM quarantine", 3),
                ("SELECT CAST(sum(count) AS BIGINT) FROM quarantine_count", 3),
                ("SELECT count(*) FROM device_status WHERE state = 'online'", 1),
            ] {
                assert_eq!(home.count(sql).await, count, "{sql} of version {version}");
            }
            store.commit(&whole_of(7)).await.unwrap();
        }
    }
}
