//! Invitations and resets: a link, good once and for a short time, that lets its holder choose a password.

use std::sync::Arc;

use super::{Asked, Caller, Door, Result, Trace, Trouble, changed};
use crate::accounts::throttle::Attempt;
use crate::engine::time::Moment;
use crate::keys::{token, token_hash};
use crate::letter::account::{Matter, write};
use crate::store::accounts::{Account, Change, Expect, Link, Purpose};
use crate::store::rows::NewLetter;

/// How long an invitation is good, and a reset somebody asked for himself.
pub const INVITATION_MS: i64 = 72 * 60 * 60_000;
pub const RESET_MS: i64 = 60 * 60_000;

/// A link as it is made: what is kept of it, and the address that is not.
pub(super) struct Made {
    pub link: Link,
    pub address: String,
}

impl Door {
    pub(super) fn make_link(&self, account: &Account, purpose: Purpose, now: Moment) -> Made {
        let token = token();
        let lasts_ms = match purpose {
            Purpose::Invitation => INVITATION_MS,
            Purpose::Reset => RESET_MS,
        };
        Made {
            link: Link {
                hash: token_hash(&token),
                account: account.id.clone(),
                purpose,
                expires: now.plus_ms(lasts_ms),
            },
            // From the configuration alone: what a request calls this host may be an attacker's.
            address: format!("{}/link/{token}", self.base_url),
        }
    }

    /// The letter that brings a link to the account's mailbox, where it has one and letters go out.
    pub(super) fn letter(&self, account: &Account, made: &Made) -> Option<NewLetter> {
        let address = account.email.as_ref().filter(|_| self.mails)?;
        Some(write(&Matter {
            account: &account.id,
            name: &account.name,
            address,
            language: account.language,
            link: &made.address,
            invites: made.link.purpose == Purpose::Invitation,
            hours: match made.link.purpose {
                Purpose::Invitation => INVITATION_MS / 3_600_000,
                Purpose::Reset => RESET_MS / 3_600_000,
            },
            message_id: format!("{}@{}", uuid::Uuid::now_v7(), self.domain),
        }))
    }

    /// Somebody has forgotten his password. Whether there is such an account shows neither in the answer nor in its time:
    /// the work is done when he has it.
    pub fn forgot(self: &Arc<Door>, said: &str, caller: &Caller) {
        let (door, said, caller) = (self.clone(), said.trim().to_lowercase(), caller.clone());
        tokio::spawn(async move {
            if let Err(error) = door.send_reset(&said, &caller).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a reset could not be sent");
            }
        });
    }

    async fn send_reset(&self, said: &str, caller: &Caller) -> Result<()> {
        let now = self.now();
        let attempt = Attempt {
            account: self.keys.number(&format!("reset {said}")),
            address: &caller.network,
            device: None,
        };
        let waits = {
            let mut throttle = self.throttle();
            let waits = throttle.wait_ms(attempt, now) > 0;
            throttle.failed(attempt, now);
            waits
        };
        if waits || said.len() > 256 {
            return self.refused(None, caller, "reset_throttled", "/forgot").await;
        }
        let found = match said.contains('@') {
            true => self.store.accounts_of_mailbox(said).await?,
            false => self.store.account_named(said).await?.into_iter().collect(),
        };
        for account in found.into_iter().filter(|account| !account.disabled) {
            let made = self.make_link(&account, Purpose::Reset, now);
            let Some(letter) = self.letter(&account, &made) else {
                continue;
            };
            self.write(Asked {
                traces: vec![Trace::of_nobody("reset_sent", caller).with("account", &account.id)],
                changes: vec![
                    Change::EndLinks {
                        account: account.id.clone(),
                    },
                    Change::Link(made.link),
                ],
                letters: vec![letter],
                expects: Vec::new(),
                account: Some(account.id),
            })
            .await?;
        }
        Ok(())
    }

    /// Whose link it is, while it is good.
    pub async fn link(&self, token: &str) -> Result<(Link, Account)> {
        let link = self.store.link(&token_hash(token)).await?;
        let link = link.filter(|link| self.now() < link.expires).ok_or(Trouble::Link)?;
        let account = self.store.account(&link.account).await?;
        let account = account.filter(|account| !account.disabled).ok_or(Trouble::Link)?;
        Ok((link, account))
    }

    /// Takes a new password by a link, which is used up, and ends every session. Whoever has one-time codes proves them
    /// here too: a mailbox alone opens nothing.
    pub async fn redeem(&self, token: &str, new: &str, code: &str, caller: &Caller) -> Result<()> {
        let now = self.now();
        let (link, account) = self.link(token).await?;
        let attempt = Attempt {
            account: self.keys.number(&format!("link {}", link.hash)),
            address: &caller.network,
            device: None,
        };
        let wait_ms = self.throttle().wait_ms(attempt, now);
        if wait_ms > 0 {
            self.refused(None, caller, "link_throttled", "/link").await?;
            return Err(Trouble::Wait {
                seconds: (wait_ms + 999) / 1_000,
            });
        }
        let hash = self.hashed(&account, new).await?;
        let Some(account) = self.coded(account, code) else {
            self.throttle().failed(attempt, now);
            self.refused(None, caller, "link_code", "/link").await?;
            return Err(Trouble::Wrong);
        };
        let (version, mut account) = changed(account, now);
        account.password = Some(hash);
        let id = account.id.clone();
        let trace = Trace::of_nobody("password_chosen", caller).with("actor", &id);
        self.write(Asked {
            traces: vec![trace.with("by", link.purpose.as_str())],
            changes: vec![
                Change::Account(Box::new(account)),
                Change::EndLinks { account: id.clone() },
                Change::EndSessions {
                    account: id.clone(),
                    but: None,
                },
            ],
            letters: Vec::new(),
            expects: vec![version, Expect::Link(link.hash)],
            account: Some(id),
        })
        .await
    }
}
