//! The outbox: leases, attempts and threads.

use super::*;

on_both! {
    a_lease_expires_and_is_taken_again,
    the_letters_of_a_thread_go_out_one_after_another,
    a_letter_of_several_incidents_is_named_by_its_message_wherever_it_stands_in_the_turn,
}

async fn a_lease_expires_and_is_taken_again(home: Home) {
    let store = home.open().await;
    let turn = letters(vec![
        letter(None, "s-01", at(5)),
        letter(None, "s-02", at(3)),
        letter(None, "s-03", at(9)),
    ]);
    store.commit(&turn).await.unwrap();
    assert_eq!(store.lease(at(2), 10, 60_000).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(3)));

    let leased = store.lease(at(6), 10, 60_000).await.unwrap();
    assert_eq!(
        leased
            .iter()
            .map(|leased| (leased.n, leased.attempt))
            .collect::<Vec<_>>(),
        [(2, 1), (1, 1)]
    );
    assert_eq!(leased[1].letter, turn.letters[0]);
    assert_eq!(store.lease(at(6), 10, 60_000).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(7)));
    drop(store);

    let store = home.open().await;
    let again = store.lease(at(7), 1, 60_000).await.unwrap();
    assert_eq!((again.len(), again[0].n, again[0].attempt), (1, 2, 2));
    // Who held the first lease learns late that it failed: the second one stands.
    store.settle_failed(2, 1, Next::Dead(at(7)), "too late").await.unwrap();
    assert_eq!(store.outbox_counts().await.unwrap().dead, 0);
    // That it was sent is a fact, whoever says so.
    store.settle_sent(2, at(7)).await.unwrap();
    store.settle_failed(2, 2, Next::Due(at(8)), "sent twice").await.unwrap();

    let again = store.lease(at(7), 10, 60_000).await.unwrap();
    assert_eq!((again.len(), again[0].n, again[0].attempt), (1, 1, 2));
    store
        .settle_failed(1, 2, Next::Due(at(20)), "no route to host")
        .await
        .unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(9)));
    let counts = |waiting, dead, oldest_waiting| OutboxCounts {
        waiting,
        dead,
        oldest_waiting,
        oldest_number: oldest_waiting.map(|_| 1),
    };
    assert_eq!(store.outbox_counts().await.unwrap(), counts(2, 0, Some(at(1))));
    let last = store.lease(at(20), 10, 60_000).await.unwrap();
    assert_eq!(
        last.iter().map(|leased| (leased.n, leased.attempt)).collect::<Vec<_>>(),
        [(3, 1), (1, 3)]
    );
    store.settle_sent(3, at(20)).await.unwrap();
    store.settle_failed(1, 3, Next::Dead(at(20)), "given up").await.unwrap();
    assert_eq!(store.outbox_counts().await.unwrap(), counts(0, 1, None));
    assert_eq!(store.next_due().await.unwrap(), None);
    assert_eq!(store.lease(at(9_999), 10, 60_000).await.unwrap(), []);
}

async fn the_letters_of_a_thread_go_out_one_after_another(home: Home) {
    let store = home.open().await;
    let turn = Turn {
        incidents: vec![incident(1), incident(2)],
        letters: vec![
            letter(Some(1), "s-01", at(2)),
            letter(Some(1), "s-01", at(1)),
            letter(Some(1), "s-02", at(1)),
            letter(Some(2), "s-01", at(1)),
        ],
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    let ready = async |now| {
        let leased = store.lease(now, 10, 60_000).await.unwrap();
        leased.iter().map(|leased| leased.n).collect::<Vec<_>>()
    };
    assert_eq!(store.next_due().await.unwrap(), Some(at(1)));
    assert_eq!(ready(at(1)).await, [3, 4]);
    assert_eq!(store.next_due().await.unwrap(), Some(at(2)));
    // The leases of the first minute have ended.
    assert_eq!(ready(at(2)).await, [3, 4, 1]);
    store.settle_sent(1, at(2)).await.unwrap();
    assert_eq!(ready(at(2)).await, [2]);
}

async fn a_letter_of_several_incidents_is_named_by_its_message_wherever_it_stands_in_the_turn(home: Home) {
    let store = home.open().await;
    let mut turn = super::lost::whole(1);
    let first = turn.letters.len();
    turn.letters
        .extend([letter(None, "s-08", at(3)), letter(None, "s-09", at(4))]);
    let named = turn.letters[first + 1].message_id.clone();
    turn.among = vec![Among {
        letter: named.clone(),
        incident: turn.incidents[0].n,
        subject: "Indikasi".into(),
    }];
    // A letter before it is held meanwhile.
    turn.letters.remove(first);
    store.commit(&turn).await.unwrap();
    drop(store);
    let told = home.open().await.told(Moment::MIN).await.unwrap();
    let of_it: Vec<_> = told.iter().filter(|told| told.message_id == named).collect();
    assert_eq!(of_it.len(), 1);
    assert_eq!(
        (of_it[0].incident, of_it[0].person.as_str()),
        (turn.incidents[0].n, "s-09")
    );
}
