//! Tokens: by what programs come in for somebody. They read, only what their owner may and only the parts he chose, and end.

use std::sync::Arc;

use super::{Asked, By, Caller, Door, Result, SEEN_EVERY_MS, Trace, Trouble, Who};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::keys;
use crate::store::accounts::{ApiToken, Change, Part, Session};

/// What every token begins with, so that who finds one knows what it opens and secret scanners find it.
pub const PREFIX: &str = "jgl_";
/// The longest a token may live.
pub const DAYS_MAX: i64 = 366;
/// Tokens an account may have at a time.
pub const TOKENS_MAX: usize = 20;
const NAME_MAX: usize = 60;
const DAY_MS: i64 = 86_400_000;

impl Door {
    /// Makes a token; what the program must hold is answered, and shown this once.
    pub async fn add_token(&self, who: &Who, caller: &Caller, name: &str, parts: &[Part], days: i64) -> Result<String> {
        let refused = |why: &str| Err(Trouble::Refused(why.to_owned()));
        let name = name.trim();
        if !who.fresh {
            return refused("this needs a fresh proof of who you are");
        }
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            return refused("give the token a name of 1 to 60 characters");
        }
        if parts.is_empty() {
            return refused("choose at least one part that the token may read");
        }
        if !(1..=DAYS_MAX).contains(&days) {
            return refused("a token lives 1 to 366 days");
        }
        let now = self.now();
        let tokens = self.store.tokens_of(&who.account.id).await?;
        if tokens.iter().filter(|token| token.expires > now).count() >= TOKENS_MAX {
            return refused("you have 20 tokens: end one first");
        }
        let secret = format!("{PREFIX}{}", keys::token());
        let token = ApiToken {
            id: keys::token()[..12].to_owned(),
            account: who.account.id.clone(),
            name: name.to_owned(),
            hash: keys::token_hash(&secret),
            parts: parts.to_vec(),
            created: now,
            expires: now.plus_ms(days * DAY_MS),
            used: None,
        };
        let by = By::Person(who, caller);
        self.write(Asked {
            traces: vec![
                Trace::new("token_added", by)
                    .with("token", &token.id)
                    .with("days", days),
            ],
            changes: vec![Change::Token(token)],
            expects: by.expects(),
            account: Some(who.account.id.clone()),
            ..Asked::default()
        })
        .await?;
        Ok(secret)
    }

    /// Ends one of one's own tokens.
    pub async fn end_token(&self, who: &Who, caller: &Caller, id: &str) -> Result<()> {
        let tokens = self.store.tokens_of(&who.account.id).await?;
        if !tokens.iter().any(|token| token.id == id) {
            return Err(Trouble::Overtaken);
        }
        let by = By::Person(who, caller);
        self.write(Asked {
            traces: vec![Trace::new("token_ended", by).with("token", id)],
            changes: vec![Change::EndToken(id.to_owned())],
            expects: by.expects(),
            account: Some(who.account.id.clone()),
            ..Asked::default()
        })
        .await
    }

    /// For whom a program comes, and what it may read; `None` where the token is none of ours, or is over.
    pub async fn bearer<'r>(
        self: &Arc<Door>,
        secret: &str,
        caller: &Caller,
        rosters: impl Iterator<Item = &'r Roster> + Clone,
    ) -> Result<Option<(Who, Vec<Part>)>> {
        let now = self.now();
        if !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let token = self.store.token(&keys::token_hash(secret)).await?;
        let Some(token) = token.filter(|token| token.expires > now) else {
            return Ok(None);
        };
        if token.used.is_none_or(|used| now.ms_since(used) > SEEN_EVERY_MS) {
            self.note(Change::TokenUsed {
                id: token.id.clone(),
                at: now,
            });
        }
        let session = as_session(&token, caller, now);
        let who = self.holder(session, rosters).await?;
        Ok(who.map(|who| (Who { by_token: true, ..who }, token.parts)))
    }
}

/// A token does what a session does that was proved just now: who made it proved who he was then.
fn as_session(token: &ApiToken, caller: &Caller, now: Moment) -> Session {
    Session {
        hash: token.hash.clone(),
        account: token.account.clone(),
        created: token.created,
        seen: now,
        proved: now,
        address: caller.address.clone(),
        agent: token.name.clone(),
    }
}
