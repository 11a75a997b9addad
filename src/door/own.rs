//! What people do with their own account: password, one-time codes, sessions.

use super::{Asked, By, Caller, Door, Result, Trace, Trouble, Who, changed};
use crate::accounts::codes::{self, RECOVERY_BYTES, RECOVERY_CODES, SEED_BYTES};
use crate::accounts::password;
use crate::keys::chance;
use crate::store::accounts::{Account, Change, Seed};

/// Under which words a seed is sealed that is not confirmed yet.
pub const TOTP_ABOUT: &str = "new seed";

/// A seed that is shown once, to be confirmed with a code of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewSeed {
    /// For an authenticator's camera.
    pub address: String,
    /// For typing.
    pub text: String,
    /// What the form brings back.
    pub sealed: String,
}

impl Door {
    /// Takes a new password; every other session ends.
    pub async fn change_password(&self, who: &Who, caller: &Caller, new: &str) -> Result<()> {
        let hash = self.hashed(&who.account, new).await?;
        self.alter(who, caller, "password_changed", |account| {
            account.password = Some(hash);
            Ok(true)
        })
        .await
    }

    /// Hashes a password that is good enough.
    pub(super) async fn hashed(&self, account: &Account, new: &str) -> Result<String> {
        let email = account.email.as_deref().unwrap_or_default();
        password::check(new, &[&account.name, email]).map_err(Trouble::Weak)?;
        Ok(self.hasher.hash(new.to_owned()).await?)
    }

    pub fn new_seed(&self, who: &Who) -> NewSeed {
        let seed: [u8; SEED_BYTES] = chance();
        let sealed = self.keys.seal(&format!("{TOTP_ABOUT} {}", who.account.id), &seed);
        NewSeed {
            address: codes::address(&who.account.name, &seed),
            text: codes::base32(&seed),
            sealed: codes::hex(&sealed),
        }
    }

    /// The same seed again, for a form whose code was wrong.
    pub fn same_seed(&self, who: &Who, sealed: &str) -> Option<NewSeed> {
        let seed = self.opened(who, sealed)?;
        Some(NewSeed {
            address: codes::address(&who.account.name, &seed),
            text: codes::base32(&seed),
            sealed: sealed.to_owned(),
        })
    }

    fn opened(&self, who: &Who, sealed: &str) -> Option<Vec<u8>> {
        self.keys
            .unseal(&format!("{TOTP_ABOUT} {}", who.account.id), &unhex(sealed)?)
            .filter(|seed| seed.len() == SEED_BYTES)
    }

    /// One-time codes are asked for from now on. Answers codes to recover with, which are shown this once.
    pub async fn set_codes(&self, who: &Who, caller: &Caller, sealed: &str, code: &str) -> Result<Vec<String>> {
        let plain = self.opened(who, sealed).ok_or(Trouble::Wrong)?;
        let step = codes::accept(&plain, code, self.now(), 0).ok_or(Trouble::Wrong)?;
        let sealed = self.keys.seal(&format!("seed {}", who.account.id), &plain);
        let recovery = recovery();
        let hashes = recovery.iter().map(|code| codes::recovery_hash(code)).collect();
        self.alter(who, caller, "codes_set", |account| {
            account.seed = Some(Seed {
                sealed,
                last_step: step,
            });
            account.recovery = hashes;
            Ok(true)
        })
        .await?;
        Ok(recovery)
    }

    /// Other codes to recover with; the old ones are worth nothing any more.
    pub async fn new_recovery(&self, who: &Who, caller: &Caller) -> Result<Vec<String>> {
        let recovery = recovery();
        let hashes = recovery.iter().map(|code| codes::recovery_hash(code)).collect();
        self.alter(who, caller, "recovery_renewed", |account| {
            account.recovery = hashes;
            Ok(false)
        })
        .await?;
        Ok(recovery)
    }

    pub async fn remove_codes(&self, who: &Who, caller: &Caller) -> Result<()> {
        self.alter(who, caller, "codes_removed", |account| {
            account.seed = None;
            account.recovery.clear();
            Ok(true)
        })
        .await
    }

    /// Changes one's own account. Where `change` says so, every other session ends.
    async fn alter(
        &self,
        who: &Who,
        caller: &Caller,
        act: &str,
        change: impl FnOnce(&mut Account) -> Result<bool>,
    ) -> Result<()> {
        if !who.fresh {
            return Err(Trouble::Refused("this needs a fresh proof of who you are".into()));
        }
        let current = self.store.account(&who.account.id).await?.ok_or(Trouble::Overtaken)?;
        let (version, mut account) = changed(current, self.now());
        let ends_others = change(&mut account)?;
        let by = By::Person(who, caller);
        let id = account.id.clone();
        let ended = ends_others.then(|| Change::EndSessions {
            account: id.clone(),
            but: Some(who.session.hash.clone()),
        });
        self.write(Asked {
            traces: vec![Trace::new(act, by)],
            changes: [Change::Account(Box::new(account))].into_iter().chain(ended).collect(),
            letters: Vec::new(),
            expects: [version].into_iter().chain(by.expects()).collect(),
            account: Some(id),
        })
        .await
    }

    /// Ends one of one's own sessions, named by the beginning of its hash.
    pub async fn end_session(&self, who: &Who, caller: &Caller, begins: &str) -> Result<()> {
        let sessions = self.store.sessions_of(&who.account.id).await?;
        let found = sessions.into_iter().find(|session| session.hash[..12] == *begins);
        let session = found.ok_or(Trouble::Overtaken)?;
        let by = By::Person(who, caller);
        self.write(Asked {
            traces: vec![Trace::new("session_ended", by).with("which", begins)],
            changes: vec![Change::EndSession(session.hash)],
            expects: by.expects(),
            account: Some(who.account.id.clone()),
            ..Asked::default()
        })
        .await
    }

    pub async fn end_other_sessions(&self, who: &Who, caller: &Caller) -> Result<()> {
        let by = By::Person(who, caller);
        self.write(Asked {
            traces: vec![Trace::new("session_ended", by).with("which", "others")],
            changes: vec![Change::EndSessions {
                account: who.account.id.clone(),
                but: Some(who.session.hash.clone()),
            }],
            expects: by.expects(),
            account: Some(who.account.id.clone()),
            ..Asked::default()
        })
        .await
    }
}

fn recovery() -> Vec<String> {
    (0..RECOVERY_CODES)
        .map(|_| codes::recovery(&chance::<RECOVERY_BYTES>()))
        .collect()
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte =
        |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok();
    digits.map(byte).collect()
}
