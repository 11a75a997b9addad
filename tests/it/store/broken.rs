//! What a kill, a second process, a forger and a stranger find.

use super::*;

on_both! {
    a_turn_given_up_half_way_leaves_all_of_it_or_nothing,
    a_killed_process_loses_nothing_it_acknowledged_and_its_lock_goes_with_it,
    a_second_writer_is_refused_and_a_reader_is_not,
    whoever_changes_the_ledger_with_plain_sql_is_found_out,
}

async fn a_turn_given_up_half_way_leaves_all_of_it_or_nothing(home: Home) {
    let store = home.open().await;
    let mut whole = 0;
    for round in 0..60u64 {
        let ids: Vec<String> = (0..200).map(|n| format!("{round}-{n}")).collect();
        let turn = Turn {
            incidents: vec![incident(round as i64 + 1)],
            letters: vec![letter(Some(round as i64 + 1), "s-01", at(0))],
            quarantined: vec![quarantined(1)],
            ..entries(&ids)
        };
        let patience = Duration::from_micros(100 * round);
        let given_up = tokio::time::timeout(patience, store.commit(&turn)).await.is_err();
        let asked: Vec<Asked<'_>> = ids.iter().map(|id| exactly(("/tangerang/loket-03", id))).collect();
        let known = store.known(&asked).await.unwrap().into_iter().flatten().count();
        assert!(
            known == 0 && given_up || known == 200,
            "{known} of 200, given up: {given_up}"
        );
        whole += known / 200;
    }
    let head = store.verify(None).await.unwrap();
    assert_eq!(head.n, whole as i64 * 200);
    let count = store.commit(&entries(["last"])).await.unwrap().head.n;
    assert_eq!(count, head.n + 1);
    drop(store);
    for sql in [
        "SELECT count(*) FROM incident",
        "SELECT count(*) FROM outbox",
        "SELECT count(*) FROM quarantine",
    ] {
        assert_eq!(home.count(sql).await, whole as i64, "{sql}");
    }
}

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
async fn the_process_that_writes_until_it_is_killed() {
    let Ok(address) = std::env::var("JAGALOKET_TEST_STORE") else {
        return;
    };
    let place = Place::parse(&address).unwrap();
    let store = Store::open(place, Bounds::default()).await.unwrap();
    let start = store.head().await.unwrap().n;
    for round in start.. {
        let ids = (0..50).map(|n| format!("{start}-{round}-{n}"));
        let head = store.commit(&entries(ids)).await.unwrap().head;
        println!("acknowledged {}", head.n);
    }
}

async fn a_killed_process_loses_nothing_it_acknowledged_and_its_lock_goes_with_it(home: Home) {
    let mut acknowledged = 0;
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::broken::the_process_that_writes_until_it_is_killed",
                "--nocapture",
            ])
            .env("JAGALOKET_TEST_STORE", &home.address)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(child.stdout.take().unwrap());
        let seen = 3 + round * 2;
        // It stays open until the child is killed: who writes into a closed one ends.
        let mut lines = std::io::BufRead::lines(output).map(Result::unwrap);
        let said = lines.by_ref().filter(|line| line.starts_with("acknowledged "));
        for line in said.take(seen) {
            acknowledged = line["acknowledged ".len()..].parse().unwrap();
        }
        let refused = Store::open(home.place(), Bounds::default()).await.unwrap_err();
        let holder = match home.is_postgres() {
            true => "(the server's process ".to_owned(),
            false => format!("number {}", child.id()),
        };
        assert!(refused.to_string().contains(&holder), "{refused}");
        child.kill().unwrap();
        child.wait().unwrap();

        let store = home.open().await;
        let head = store.verify(None).await.unwrap();
        assert!(
            head.n >= acknowledged && head.n % 50 == 0,
            "{} of {acknowledged}",
            head.n
        );
    }
    assert!(acknowledged > 0);
}

async fn a_second_writer_is_refused_and_a_reader_is_not(home: Home) {
    let store = home.open().await;
    let head = store.commit(&entries(["a"])).await.unwrap().head;
    let error = Store::open(home.place(), Bounds::default()).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("is open for writing in another process"), "{message}");

    let reader = Store::open_to_read(home.place()).await.unwrap();
    assert_eq!(reader.verify(None).await.unwrap(), head);
    let error = reader.commit(&entries(["b"])).await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    drop((store, reader));
    home.open().await;
}

#[tokio::test]
async fn opening_what_is_no_database_says_so() {
    let home = Home::sqlite();
    let missing = home.directory.path().join("missing/jagaloket.db");
    let error = Store::open(&missing, Bounds::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "opening the lock beside the database");
    assert!(Store::open_to_read(&missing).await.is_err());

    std::fs::write(
        home.path(),
        "this is a letter, not a database, and it is long enough to be read as one".repeat(99),
    )
    .unwrap();
    let error = Store::open(home.place(), Bounds::default()).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::sqlite();
    let store = home.open().await;
    store.commit(&entries(["a"])).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(home.directory.path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(files.len() >= 3);
    for file in files {
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{:?}",
            file.file_name()
        );
    }
}

async fn whoever_changes_the_ledger_with_plain_sql_is_found_out(home: Home) {
    let body = match home.is_postgres() {
        true => {
            "UPDATE ledger SET body = convert_to(replace(convert_from(body, 'UTF8'), '118', '119'), 'UTF8') WHERE n = 1500"
        }
        false => "UPDATE ledger SET body = CAST(replace(CAST(body AS TEXT), '118', '119') AS BLOB) WHERE n = 1500",
    };
    let changes: [(&str, i64, Fault); 6] = [
        (body, 1500, Fault::Changed),
        (
            "UPDATE ledger SET received_ms = received_ms + 1 WHERE n = 1",
            1,
            Fault::Changed,
        ),
        (
            "UPDATE ledger SET source = '/tangerang/loket-04' WHERE n = 2000",
            2000,
            Fault::Changed,
        ),
        ("DELETE FROM ledger WHERE n = 1000", 1000, Fault::Missing { next: 1001 }),
        ("DELETE FROM ledger WHERE n > 1990", 1991, Fault::CutOff { last: 1990 }),
        (
            "UPDATE ledger SET n = -1 WHERE n = 7; UPDATE ledger SET n = 7 WHERE n = 8; UPDATE ledger SET n = 8 WHERE n = -1",
            7,
            Fault::Changed,
        ),
    ];
    let store = home.open().await;
    let head = store
        .commit(&entries((0..2000).map(|n| n.to_string())))
        .await
        .unwrap()
        .head;
    assert_eq!(store.verify(Some(head)).await.unwrap(), head);
    store.close().await.unwrap();
    for (sql, n, fault) in changes {
        let home = home.copy();
        home.run(sql).await;
        let error = Store::open_to_read(home.place())
            .await
            .unwrap()
            .verify(Some(head))
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::Broken(broken) if broken == Broken { n, fault }),
            "{sql}: {error}"
        );
    }
}
