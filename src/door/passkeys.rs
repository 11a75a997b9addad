//! Passkeys: made on one's own account, and signing in with one, which is both factors at once.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::own::unhex;
use super::{Asked, By, Caller, Came, Door, Result, Trace, Trouble, Who};
use crate::accounts::codes::hex;
use crate::accounts::passkey::{Authenticator, Ceremony, is_of, key};
use crate::engine::time::Moment;
use crate::keys::{chance, is_signed};
use crate::store::accounts::{Change, Passkey};

/// How long a challenge may be answered.
const CHALLENGE_MS: i64 = 5 * 60_000;
const CHALLENGE_BYTES: usize = 32;
/// Challenges that were answered and are not over: no answer counts twice.
const ANSWERED_MAX: usize = 10_000;
const PASSKEYS_MAX: usize = 10;

/// What an authenticator is to sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    pub text: String,
    /// What the form brings back.
    pub sealed: String,
}

/// What a browser brings back, as hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub challenge: &'a str,
    pub client: &'a str,
    /// What the authenticator says.
    pub data: &'a str,
}

#[derive(Debug, Default)]
pub(super) struct Answered(HashMap<Vec<u8>, Moment>);

impl Door {
    /// The host that passkeys are made for.
    pub fn host(&self) -> &str {
        let address = self.base_url.split_once("://").map_or("", |(_, rest)| rest);
        let name = address.split('/').next().unwrap_or("");
        name.rsplit_once(':').map_or(name, |(name, _)| name)
    }

    fn origin(&self) -> &str {
        let end = self
            .base_url
            .match_indices('/')
            .nth(2)
            .map_or(self.base_url.len(), |(at, _)| at);
        &self.base_url[..end]
    }

    /// `bound`: whose form it is, for only his browser may answer.
    pub fn challenge(&self, bound: &str) -> Challenge {
        let challenge: [u8; CHALLENGE_BYTES] = chance();
        let until = self.now().plus_ms(CHALLENGE_MS);
        let kept = [&challenge[..], &until.0.to_be_bytes()].concat();
        Challenge {
            text: hex(&challenge),
            sealed: hex(&self.keys.seal(&format!("challenge {bound}"), &kept)),
        }
    }

    /// What was answered, checked but for its signature: the authenticator's word, and what it has signed.
    fn answered(&self, bound: &str, ceremony: Ceremony, answer: Answer<'_>) -> Option<(Authenticator, Vec<u8>)> {
        let kept = self
            .keys
            .unseal(&format!("challenge {bound}"), &unhex(answer.challenge)?)?;
        let (challenge, until) = kept.split_at_checked(CHALLENGE_BYTES)?;
        let until = Moment(i64::from_be_bytes(until.try_into().ok()?));
        let (client, data) = (unhex(answer.client)?, unhex(answer.data)?);
        let now = self.now();
        let first = self.first_answer(challenge, until);
        if !first || now >= until || !is_of(&client, ceremony, challenge, self.origin()) {
            return None;
        }
        let said = Authenticator::read(&data, self.host())?;
        Some((said, [&data[..], &Sha256::digest(client)[..]].concat()))
    }

    /// Whether something that is good once is answered for the first time.
    pub(super) fn first_answer(&self, what: &[u8], until: Moment) -> bool {
        let now = self.now();
        let mut answered = self.answered.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if answered.0.len() >= ANSWERED_MAX {
            answered.0.retain(|_, until| *until > now);
        }
        answered.0.len() < ANSWERED_MAX && answered.0.insert(what.to_vec(), until).is_none()
    }

    pub async fn add_passkey(
        &self,
        who: &Who,
        caller: &Caller,
        bound: &str,
        name: &str,
        answer: Answer<'_>,
        public: &str,
    ) -> Result<()> {
        if !who.fresh {
            return Err(Trouble::Refused("this needs a fresh proof of who you are".into()));
        }
        let (said, _) = self.answered(bound, Ceremony::Create, answer).ok_or(Trouble::Wrong)?;
        let spki = unhex(public).ok_or(Trouble::Wrong)?;
        let (id, public) = said.credential.zip(key(&spki)).ok_or(Trouble::Wrong)?;
        let id = hex(&id);
        let own = self.store.passkeys_of(&who.account.id).await?;
        if own.len() >= PASSKEYS_MAX || self.store.passkey(&id).await?.is_some() {
            return Err(Trouble::Refused("there are ten passkeys, or this one is known".into()));
        }
        let shown: String = name.trim().chars().filter(|c| !c.is_control()).take(60).collect();
        let by = By::Person(who, caller);
        let passkey = Passkey {
            id,
            account: who.account.id.clone(),
            name: if shown.is_empty() { "passkey".into() } else { shown },
            public: public.to_vec(),
            count: said.count,
            created: self.now(),
            used: None,
        };
        self.write(Asked {
            traces: vec![Trace::new("passkey_added", by).with("passkey", &passkey.id[..passkey.id.len().min(12)])],
            changes: vec![Change::Passkey(passkey)],
            expects: by.expects(),
            account: Some(who.account.id.clone()),
            ..Asked::default()
        })
        .await
    }

    pub async fn end_passkey(&self, who: &Who, caller: &Caller, id: &str) -> Result<()> {
        let by = By::Person(who, caller);
        self.write(Asked {
            traces: vec![Trace::new("passkey_ended", by)],
            changes: vec![Change::EndPasskeys {
                account: who.account.id.clone(),
                only: Some(id.chars().filter(char::is_ascii_hexdigit).collect()),
            }],
            expects: by.expects(),
            account: Some(who.account.id.clone()),
            ..Asked::default()
        })
        .await
    }

    /// Lets somebody in whose authenticator has verified him.
    pub async fn sign_in_by_passkey(
        &self,
        bound: &str,
        id: &str,
        answer: Answer<'_>,
        signature: &str,
        before: Option<&str>,
        caller: &Caller,
    ) -> Result<Came> {
        let found = self.passkey_of(bound, id, answer, signature).await?;
        let Some(passkey) = found else {
            self.refused(None, caller, "passkey", "/sign-in/passkey").await?;
            return Err(Trouble::Wrong);
        };
        let account = self.store.account(&passkey.account).await?;
        let Some(account) = account.filter(|account| !account.disabled) else {
            self.refused(None, caller, "passkey", "/sign-in/passkey").await?;
            return Err(Trouble::Wrong);
        };
        let name = account.name.clone();
        let used = Change::PasskeyUsed {
            id: passkey.id,
            count: passkey.count,
            at: self.now(),
        };
        let token = self.let_in(account, before, caller, Some(used), self.now()).await?;
        Ok(self.came(token, &name, None))
    }

    /// The passkey, used once more, if the answer is right.
    async fn passkey_of(&self, bound: &str, id: &str, answer: Answer<'_>, signature: &str) -> Result<Option<Passkey>> {
        let Some((said, signed)) = self.answered(bound, Ceremony::Get, answer) else {
            return Ok(None);
        };
        let Some(mut passkey) = self.store.passkey(&id.to_ascii_lowercase()).await? else {
            return Ok(None);
        };
        let signature = unhex(signature).unwrap_or_default();
        // One that counts and does not go on has a twin.
        let goes_on = said.count > passkey.count || (said.count == 0 && passkey.count == 0);
        if !goes_on || !is_signed(&passkey.public, &signed, &signature) {
            return Ok(None);
        }
        passkey.count = said.count;
        Ok(Some(passkey))
    }
}
