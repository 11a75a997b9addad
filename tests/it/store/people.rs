//! Accounts, roles, sessions and links; and who looks, asked in SQL as `accounts` says it.

use jagaloket::accounts::{Grant, Holder, Reach, Role, Scope};
use jagaloket::engine::roster::Roster;
use jagaloket::store::accounts::{Account, Change, Expect, GrantRow, Link, Purpose, Seed, Session};
use jagaloket::store::read::IncidentFilter;

use super::*;

on_both! {
    what_is_written_of_people_comes_back_and_goes,
    the_database_sees_what_a_reach_sees,
    a_letter_to_an_account_is_emptied_once_it_is_gone_and_shown_to_nobody,
}

fn account(name: &str) -> Account {
    Account {
        id: format!("id-{name}"),
        name: name.to_owned(),
        holder: Holder {
            office: Some(OfficeId::new("tangerang")),
            person: Some("s-01".into()),
        },
        email: Some("Siti@kantor.example".into()),
        language: Language::En,
        password: Some("$argon2id$x".into()),
        seed: Some(Seed {
            sealed: vec![0, 1, 255],
            last_step: 7,
        }),
        recovery: vec!["aa".into(), "bb".into()],
        subject: Some("https://idp.example x".into()),
        disabled: false,
        erased: false,
        version: 1,
        created: at(0),
        changed: at(1),
    }
}

fn changes(changes: Vec<Change>) -> Turn {
    Turn {
        changes,
        ..Turn::default()
    }
}

async fn what_is_written_of_people_comes_back_and_goes(home: Home) {
    let store = home.open().await;
    assert!(!store.has_accounts().await.unwrap());
    let (siti, bare) = (
        account("siti"),
        Account {
            holder: Holder::default(),
            email: None,
            password: None,
            seed: None,
            recovery: Vec::new(),
            subject: None,
            disabled: true,
            erased: false,
            ..account("bare")
        },
    );
    let row = GrantRow {
        id: "g-1".into(),
        account: siti.id.clone(),
        grant: Grant {
            role: Role::Supervisor,
            office: Some(OfficeId::new("tangerang")),
            deputy_of: Some("s-02".into()),
            begins: at(0),
            ends: Some(at(60)),
        },
        granted: at(0),
    };
    let session = |hash: &str, minute| Session {
        hash: hash.into(),
        account: siti.id.clone(),
        created: at(minute),
        seen: at(minute),
        proved: at(minute),
        address: "10.0.0.1".into(),
        agent: "Firefox".into(),
    };
    let link = Link {
        hash: "l".into(),
        account: siti.id.clone(),
        purpose: Purpose::Reset,
        expires: at(60),
    };
    let turn = changes(vec![
        Change::Account(Box::new(siti.clone())),
        Change::Account(Box::new(bare.clone())),
        Change::Grant(row.clone()),
        Change::Session(session("a", 1)),
        Change::Session(session("b", 2)),
        Change::Link(link.clone()),
    ]);
    store.commit(&turn).await.unwrap();
    // What may have been written already may be written again.
    store.commit(&turn).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [bare.clone(), siti.clone()]);
    assert_eq!(store.account_named("siti").await.unwrap(), Some(siti.clone()));
    assert_eq!(store.account(&bare.id).await.unwrap(), Some(bare.clone()));
    assert_eq!(
        store.accounts_of_mailbox("siti@KANTOR.example").await.unwrap(),
        std::slice::from_ref(&siti)
    );
    for odd in ["", "x", "si\0ti", "' OR 1=1 --"] {
        assert_eq!(store.account_named(odd).await.unwrap(), None);
        assert_eq!(store.session(odd).await.unwrap(), None);
    }
    assert_eq!(store.grants_of(&siti.id).await.unwrap(), std::slice::from_ref(&row));
    assert_eq!(store.grants().await.unwrap(), std::slice::from_ref(&row));
    assert_eq!(store.link("l").await.unwrap(), Some(link));
    assert_eq!(
        store.sessions_of(&siti.id).await.unwrap(),
        [session("b", 2), session("a", 1)]
    );
    let version = |version| Expect::Version {
        account: siti.id.clone(),
        version,
    };
    for (expects, holds) in [
        (
            vec![version(1), Expect::Session("a".into()), Expect::Link("l".into())],
            true,
        ),
        (vec![version(2)], false),
        (vec![Expect::NameFree("siti".into())], false),
        (vec![Expect::NameFree("budi".into())], true),
        (vec![version(1), Expect::Session("c".into())], false),
    ] {
        assert_eq!(store.still(&expects).await.unwrap(), holds, "{expects:?}");
    }
    // Seen later, never earlier; and a session that has ended does not come back by being seen.
    let seen = |at| Change::Seen {
        session: "a".into(),
        at,
    };
    store.commit(&changes(vec![seen(at(9)), seen(at(5))])).await.unwrap();
    assert_eq!(store.session("a").await.unwrap().unwrap().seen, at(9));
    let ended = row.grant.ends.map(|_| at(30));
    let turn = changes(vec![
        Change::EndSession("a".into()),
        seen(at(10)),
        Change::Grant(GrantRow {
            grant: Grant {
                ends: ended,
                ..row.grant.clone()
            },
            ..row.clone()
        }),
        Change::EndLinks {
            account: siti.id.clone(),
        },
        Change::Account(Box::new(Account {
            version: 2,
            disabled: true,
            erased: false,
            ..siti.clone()
        })),
    ]);
    store.commit(&turn).await.unwrap();
    assert_eq!(store.sessions_of(&siti.id).await.unwrap(), [session("b", 2)]);
    assert_eq!(store.grants().await.unwrap()[0].grant.ends, Some(at(30)));
    assert_eq!(store.link("l").await.unwrap(), None);
    assert!(store.account(&siti.id).await.unwrap().unwrap().disabled);
    let others = |but: Option<&str>| Change::EndSessions {
        account: siti.id.clone(),
        but: but.map(str::to_owned),
    };
    store
        .commit(&changes(vec![Change::Session(session("c", 3)), others(Some("c"))]))
        .await
        .unwrap();
    assert_eq!(store.sessions_of(&siti.id).await.unwrap(), [session("c", 3)]);
    let forget = Change::Forget {
        seen_before: at(4),
        created_before: at(0),
        now: at(4),
    };
    store.commit(&changes(vec![forget])).await.unwrap();
    assert_eq!(store.sessions_of(&siti.id).await.unwrap(), []);
    store
        .commit(&changes(vec![Change::Session(session("d", 5)), others(None)]))
        .await
        .unwrap();
    assert_eq!(store.sessions_of(&siti.id).await.unwrap(), []);
    assert_eq!(store.head().await.unwrap().n, 0, "none of it is an entry by itself");
}

async fn the_database_sees_what_a_reach_sees(home: Home) {
    let store = home.open().await;
    let mut turn = Turn::default();
    let mut rng = fastrand::Rng::with_seed(5);
    let officers = [None, Some("p-1"), Some("p-2"), Some("p/1"), Some("p-9")];
    for n in 1..=200 {
        let mut row = incident(n);
        row.office = OfficeId::new(rng.choice(["tangerang", "lain", "gone"]).unwrap());
        row.officer = rng.choice(officers).unwrap().map(OfficerId::new);
        row.class = rng
            .choice([Class::Indication, Class::Unverifiable, Class::Technical])
            .unwrap();
        row.state = IncidentState::Ended;
        turn.incidents.push(row);
    }
    store.commit(&turn).await.unwrap();
    let roster = Roster::parse(
        "office = { id = \"tangerang\", name = \"T\", timezone = \"Asia/Jakarta\" }\n[[counter]]\nid = \"c\"\n\
         [[supervisor]]\nid = \"s-1\"\nname = \"S\"\nemail = \"s@x.example\"\n[[officer]]\nid = \"p-1\"\nsupervisor = \"s-1\"\n\
         [[officer]]\nid = \"p-2\"\nsupervisor = \"s-1\"\nemail = \"s@x.example\"\n",
    )
    .unwrap();
    let grant = |role, office: Option<&str>| Grant {
        role,
        office: office.map(OfficeId::new),
        deputy_of: None,
        begins: at(0),
        ends: None,
    };
    let holder = Holder {
        office: Some(OfficeId::new("tangerang")),
        person: Some("s-1".into()),
    };
    let of = |grants: &[Grant]| Scope::of(&holder, grants, [&roster].into_iter());
    let mut odd = Scope::default();
    odd.cases = Reach {
        keys: vec!["lain/p/1".into(), "gone/".into()],
        ..Reach::default()
    };
    for scope in [
        Scope::default(),
        Scope::whole(),
        of(&[grant(Role::Supervisor, None)]),
        of(&[grant(Role::Integrity, None)]),
        of(&[grant(Role::Integrity, Some("lain")), grant(Role::Technician, None)]),
        of(&[grant(Role::Auditor, None)]),
        of(&[grant(Role::Administrator, None)]),
        odd,
    ] {
        let page = store
            .incidents_page(&scope, &IncidentFilter::default(), None, 999)
            .await
            .unwrap();
        let mut seen: Vec<i64> = page.iter().map(|row| row.n).collect();
        seen.sort_unstable();
        let sees = |row: &&IncidentRow| {
            let officer = row.officer.as_ref().map(|officer| officer.as_str());
            scope.cases.sees(row.office.as_str(), officer, row.class)
        };
        let expected: Vec<i64> = turn.incidents.iter().filter(sees).map(|row| row.n).collect();
        assert_eq!(seen, expected, "{scope:?}");
        for row in &turn.incidents {
            let one = store.incident(&scope, row.n).await.unwrap();
            assert_eq!(one.is_some(), expected.contains(&row.n), "{} of {scope:?}", row.n);
        }
    }
}

async fn a_letter_to_an_account_is_emptied_once_it_is_gone_and_shown_to_nobody(home: Home) {
    let store = home.open().await;
    let to_account = |person: &str| NewLetter {
        kind: LetterKind::Account,
        ..letter(None, person, at(0))
    };
    store
        .commit(&letters(vec![
            to_account("a"),
            to_account("b"),
            letter(None, "s-01", at(0)),
        ]))
        .await
        .unwrap();
    let leased = store.lease(at(1), 9, 60_000).await.unwrap();
    assert!(leased.iter().all(|leased| !leased.letter.text_body.is_empty()));
    let whole = Scope::whole();
    let listed = store.letters(&whole, None, None, 9).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.n).collect::<Vec<_>>(), [3]);
    assert!(store.letter(&whole, 1).await.unwrap().is_none());
    // Tried again it still has its words; sent or given up it has none.
    store.settle_failed(2, 1, Next::Due(at(2)), "later").await.unwrap();
    assert_eq!(home.count("SELECT count(*) FROM outbox WHERE text_body = ''").await, 0);
    store.settle_sent(1, at(2)).await.unwrap();
    store.lease(at(3), 9, 60_000).await.unwrap();
    store.settle_failed(2, 2, Next::Dead(at(3)), "no").await.unwrap();
    store.settle_sent(3, at(3)).await.unwrap();
    let empty = "SELECT count(*) FROM outbox WHERE text_body = '' AND html_body = '' AND kind = 'account'";
    assert_eq!(home.count(empty).await, 2);
    assert_eq!(home.count("SELECT count(*) FROM outbox WHERE text_body = ''").await, 2);
    assert_eq!(store.revive(jagaloket::store::Revived::All, at(4)).await.unwrap(), 0);
}
