//! People of the seeded office, each signed in already.

use jagaloket::accounts::{Grant, Holder, Role};
use jagaloket::clock::MonitorClock;
use jagaloket::engine::event::OfficeId;
use jagaloket::engine::roster::Language;
use jagaloket::keys::token_hash;
use jagaloket::store::Store;
use jagaloket::store::accounts::{Account, Change, GrantRow, Session};
use jagaloket::store::rows::Turn;

/// Somebody to be: a name, an office and id of a roster, roles with offices of their own.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: &'static str,
    pub office: Option<&'static str>,
    pub person: Option<&'static str>,
    pub roles: &'static [(Role, Option<&'static str>)],
}

/// Gives somebody an account and a session; answers what his browser holds.
pub async fn seat(store: &Store, person: &Person) -> String {
    let now = MonitorClock::Wall.now();
    let token = token_hash(&format!("{} {}", person.name, now.0));
    let account = Account {
        id: format!("id-{}", person.name),
        name: person.name.to_owned(),
        holder: Holder {
            office: person.office.map(OfficeId::new),
            person: person.person.map(str::to_owned),
        },
        email: None,
        language: Language::Id,
        password: None,
        seed: None,
        recovery: Vec::new(),
        subject: None,
        disabled: false,
        erased: false,
        version: 1,
        created: now,
        changed: now,
    };
    let grants = person.roles.iter().enumerate().map(|(n, (role, office))| {
        Change::Grant(GrantRow {
            id: format!("{}-{n}", person.name),
            account: account.id.clone(),
            grant: Grant {
                role: *role,
                office: office.map(OfficeId::new),
                deputy_of: None,
                begins: now.plus_ms(-1_000),
                ends: None,
            },
            granted: now,
        })
    });
    let session = Change::Session(Session {
        hash: token_hash(&token),
        account: account.id.clone(),
        created: now,
        seen: now,
        proved: now,
        address: "127.0.0.1".into(),
        agent: "test".into(),
    });
    let changes = [Change::Account(Box::new(account.clone()))]
        .into_iter()
        .chain(grants)
        .chain([session]);
    let turn = Turn {
        changes: changes.collect(),
        ..Turn::default()
    };
    store.commit(&turn).await.unwrap();
    token
}

pub const AUDITOR: Person = Person {
    name: "auditor",
    office: None,
    person: None,
    roles: &[(Role::Auditor, None)],
};
