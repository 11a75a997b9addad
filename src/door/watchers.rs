//! Who is told of what is done to rights: the other administrators, and the integrity team. An administrator can make an
//! account that sees everything, but not unseen.

use super::{By, Door, Result};
use crate::accounts::{Grant, Role};
use crate::engine::event::OfficeId;
use crate::engine::roster::{self, Language};
use crate::letter::account::{Deed, Notice, notice};
use crate::store::accounts::Account;
use crate::store::rows::NewLetter;

/// Somebody who watches.
struct Watcher {
    id: String,
    address: String,
    language: Language,
}

impl Door {
    /// Letters about something done to a role, where it is one that shows other people's records or makes who sees them.
    pub(super) async fn told_of_role(
        &self,
        by: By<'_>,
        account: &Account,
        grant: &Grant,
        deed: Deed,
    ) -> Result<Vec<NewLetter>> {
        if !grant.role.needs_codes() {
            return Ok(Vec::new());
        }
        let office = grant.office.as_ref().or(account.holder.office.as_ref());
        self.tell(by, account, office, deed).await
    }

    /// The same of something done to an account that has such a role now.
    pub(super) async fn told_of(&self, by: By<'_>, account: &Account, deed: Deed) -> Result<Vec<NewLetter>> {
        let now = self.now();
        let rows = self.store.grants_of(&account.id).await?;
        let mut counting = rows.iter().map(|row| &row.grant).filter(|grant| grant.counts_at(now));
        match counting.find(|grant| grant.role.needs_codes()) {
            Some(grant) => self.told_of_role(by, account, grant, deed).await,
            None => Ok(Vec::new()),
        }
    }

    async fn tell(
        &self,
        by: By<'_>,
        account: &Account,
        office: Option<&OfficeId>,
        deed: Deed,
    ) -> Result<Vec<NewLetter>> {
        if !self.mails {
            return Ok(Vec::new());
        }
        let actor = match by {
            By::Console => None,
            By::Person(who, _) => Some(&who.account),
        };
        let link = format!("{}/traces", self.base_url);
        let watchers = self.watchers(office).await?.into_iter();
        // Who did it knows; whom it concerns is told where he may watch himself, or by what he then sees.
        let others = watchers.filter(|one| actor.is_none_or(|actor| actor.id != one.id) && account.id != one.id);
        let letters = others.map(|one| {
            notice(&Notice {
                to: &one.id,
                address: &one.address,
                language: one.language,
                deed,
                of: &account.name,
                office: office.map(OfficeId::as_str),
                by: actor.map(|actor| actor.name.as_str()),
                link: &link,
                message_id: format!("{}@{}", uuid::Uuid::now_v7(), self.domain),
            })
        });
        Ok(letters.collect())
    }

    /// Every administrator, and the integrity team of the office (of every office, where it is of none): by account and by
    /// roster, each mailbox once.
    async fn watchers(&self, office: Option<&OfficeId>) -> Result<Vec<Watcher>> {
        let now = self.now();
        let (accounts, grants) = (self.store.accounts().await?, self.store.grants().await?);
        let watches = |account: &Account| {
            let own = grants.iter().filter(|row| row.account == account.id);
            own.map(|row| &row.grant)
                .filter(|grant| grant.counts_at(now))
                .any(|grant| {
                    let of = grant.office.as_ref().or(account.holder.office.as_ref());
                    let same = office.is_none() || of == office;
                    grant.role == Role::Administrator || (grant.role == Role::Integrity && same)
                })
        };
        let mut watchers: Vec<Watcher> = Vec::new();
        for account in accounts
            .into_iter()
            .filter(|account| !account.disabled && watches(account))
        {
            watchers.extend(account.email.map(|address| Watcher {
                id: account.id,
                address,
                language: account.language,
            }));
        }
        let live = self.live.as_ref().map(|live| live.borrow().clone());
        for held in live.iter().flat_map(|live| &live.offices) {
            if office.is_some_and(|office| *office != held.roster.office.id) {
                continue;
            }
            for person in held.roster.people_of(roster::Role::Integrity) {
                if !watchers
                    .iter()
                    .any(|one| one.address.eq_ignore_ascii_case(&person.email))
                {
                    watchers.push(Watcher {
                        id: person.id.clone(),
                        address: person.email.clone(),
                        language: person.language,
                    });
                }
            }
        }
        Ok(watchers)
    }
}
