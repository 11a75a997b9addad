//! The demo's people: an account for each role, which everybody may use.

use anyhow::{Context as _, Result, bail};

use crate::accounts::{Grant, Holder, Role};
use crate::door::{By, Caller, Door, NewUser, Way};
use crate::engine::event::OfficeId;
use crate::engine::roster::Language;
use crate::web::Shown;

const OFFICE: &str = "contoh";
/// Of all of them; a demo keeps nobody out.
const PASSWORD: &str = "kantor contoh untuk semua";

/// Name, role, id in the roster, and what he is in both languages.
const PEOPLE: [(&str, Role, Option<&str>, [&str; 2]); 6] = [
    (
        "kepatuhan",
        Role::Integrity,
        Some("i-01"),
        ["Kepatuhan internal: seluruh kantor", "Integrity team: the whole office"],
    ),
    (
        "atasan",
        Role::Supervisor,
        Some("s-01"),
        ["Atasan: unitnya sendiri", "Supervisor: his own unit"],
    ),
    (
        "petugas",
        Role::Officer,
        Some("p-003"),
        ["Petugas: dirinya sendiri", "Officer: himself alone"],
    ),
    (
        "auditor",
        Role::Auditor,
        None,
        ["Auditor: membaca semuanya", "Auditor: reads everything"],
    ),
    (
        "teknisi",
        Role::Technician,
        Some("t-01"),
        ["Teknisi: perangkat, tanpa nama", "Technician: devices, no names"],
    ),
    (
        "pengelola",
        Role::Administrator,
        None,
        ["Pengelola akun, tanpa kasus", "Administrator: accounts, no cases"],
    ),
];

/// As the sign-in page shows them.
pub fn shown() -> Vec<Shown> {
    let people = PEOPLE.into_iter().map(|(name, _, _, is)| Shown {
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
        is: is.map(str::to_owned),
    });
    people.collect()
}

/// Makes the accounts, by the same ways as anybody's.
pub async fn move_in(door: &Door) -> Result<()> {
    let now = door.clock.now();
    for (name, role, person, _) in PEOPLE {
        let new = NewUser {
            name: name.to_owned(),
            holder: Holder {
                office: person.map(|_| OfficeId::new(OFFICE)),
                person: person.map(str::to_owned),
            },
            email: None,
            language: Language::Id,
            grants: vec![Grant {
                role,
                office: None,
                deputy_of: None,
                begins: now,
                ends: None,
            }],
        };
        let added = door.add_user(By::Console, new, true).await;
        let Way::Hand(link) = added.context("the demo's accounts cannot be made")?.way else {
            bail!("the demo's links are not mailed");
        };
        let token = link.rsplit('/').next().unwrap_or_default();
        let chosen = door.redeem(token, PASSWORD, "", &Caller::default()).await;
        chosen.context("the demo's accounts cannot be made")?;
    }
    Ok(())
}
