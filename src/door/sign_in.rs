//! Signing in and out. Unknown and known accounts get the same answer in the same time.

use super::{ABSOLUTE_MS, Asked, By, Caller, Door, IDLE_MS, Result, Trace, Trouble, Who, changed};
use crate::accounts::codes;
use crate::accounts::throttle::Attempt;
use crate::engine::time::Moment;
use crate::keys::{is_same, token, token_hash};
use crate::store::accounts::{Account, Change, Expect, Session};

/// Longer names and passwords are nobody's; hashing must have a bound.
const NAME_BYTES_MAX: usize = 128;
const PASSWORD_BYTES_MAX: usize = 1_024;
/// Another act on the same account may have been quicker.
const TRIES: usize = 4;

/// What somebody signs in with.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    pub name: &'a str,
    pub password: &'a str,
    /// Of his authenticator, or one to recover with; empty where he has none.
    pub code: &'a str,
    /// The cookie that says that this browser was let in before.
    pub device: Option<&'a str>,
    /// The session this browser had until now.
    pub before: Option<&'a str>,
    pub caller: &'a Caller,
}

/// He is in: what his browser is to keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Came {
    pub token: String,
    pub device: String,
}

impl Door {
    pub async fn sign_in(&self, asked: SignIn<'_>) -> Result<Came> {
        let name = asked.name.trim().to_lowercase();
        if name.len() > NAME_BYTES_MAX || asked.password.len() > PASSWORD_BYTES_MAX {
            self.refused(None, asked.caller, "sign_in", "/sign-in").await?;
            return Err(Trouble::Wrong);
        }
        let device = asked.device.and_then(|cookie| self.device_of(&name, cookie));
        let attempt = Attempt {
            account: self.keys.number(&name),
            address: &asked.caller.network,
            device: device.as_deref(),
        };
        let now = self.now();
        let wait_ms = {
            let mut throttle = self.throttle();
            let wait_ms = throttle.wait_ms(attempt, now);
            if wait_ms == 0 {
                throttle.failed(attempt, now);
            }
            wait_ms
        };
        if wait_ms > 0 {
            self.refused(None, asked.caller, "sign_in_throttled", "/sign-in")
                .await?;
            return Err(Trouble::Wait {
                seconds: (wait_ms + 999) / 1_000,
            });
        }
        for _ in 0..TRIES {
            let account = self.store.account_named(&name).await?;
            let Some(account) = self.proved(account, asked.password, asked.code).await? else {
                self.refused(None, asked.caller, "sign_in", "/sign-in").await?;
                return Err(Trouble::Wrong);
            };
            match self.let_in(account, asked.before, asked.caller, None, now).await {
                Err(Trouble::Overtaken) => {}
                Err(other) => return Err(other),
                Ok(token) => {
                    self.throttle().came_in(attempt);
                    return Ok(self.came(token, &name, device.as_deref()));
                }
            }
        }
        Err(Trouble::Overtaken)
    }

    /// What a browser keeps that was let in.
    pub(super) fn came(&self, token: String, name: &str, device: Option<&str>) -> Came {
        let device = device.map_or_else(|| token_of_device(&token), str::to_owned);
        let mark = self.keys.sign(&format!("device {name} {device}"));
        Came {
            token,
            device: format!("{device}.{mark}"),
        }
    }

    /// The account as it is once this password and code are used; `None`: they are not its.
    pub(super) async fn proved(&self, account: Option<Account>, password: &str, code: &str) -> Result<Option<Account>> {
        let kept = account.as_ref().and_then(|account| account.password.clone());
        let right = self.hasher.is_password(password.to_owned(), kept).await?;
        let account = account.filter(|account| right && !account.disabled);
        Ok(account.and_then(|account| self.coded(account, code)))
    }

    /// The second factor alone, where the account has one; it is used up.
    pub(super) fn coded(&self, mut account: Account, code: &str) -> Option<Account> {
        let Some(seed) = &mut account.seed else {
            return Some(account);
        };
        let plain = self.keys.unseal(&format!("seed {}", account.id), &seed.sealed)?;
        if let Some(step) = codes::accept(&plain, code, self.clock.now(), seed.last_step) {
            seed.last_step = step;
            return Some(account);
        }
        let hash = codes::recovery_hash(code);
        let at = account.recovery.iter().position(|kept| is_same(kept, &hash))?;
        account.recovery.remove(at);
        Some(account)
    }

    /// `proved`: when he proved who he is.
    pub(super) async fn let_in(
        &self,
        account: Account,
        before: Option<&str>,
        caller: &Caller,
        key: Option<Change>,
        proved: Moment,
    ) -> Result<String> {
        let now = self.now();
        let token = token();
        let session = Session {
            proved,
            ..self.session_of(&account, &token, caller, now)
        };
        let trace = Trace::of_nobody("signed_in", caller)
            .with("actor", &account.id)
            .with("session", &session.hash[..12]);
        let before = before.map(|token| Change::EndSession(token_hash(token)));
        let (expect, account) = changed(account, now);
        let id = account.id.clone();
        let changes = before.into_iter().chain(key).chain([
            Change::Account(Box::new(account)),
            Change::Session(session),
            Change::Forget {
                seen_before: now.plus_ms(-IDLE_MS),
                created_before: now.plus_ms(-ABSOLUTE_MS),
                now,
            },
        ]);
        self.write(Asked {
            traces: vec![trace],
            changes: changes.collect(),
            letters: Vec::new(),
            expects: vec![expect],
            account: Some(id),
        })
        .await?;
        Ok(token)
    }

    pub(super) fn session_of(&self, account: &Account, token: &str, caller: &Caller, now: Moment) -> Session {
        Session {
            hash: token_hash(token),
            account: account.id.clone(),
            created: now,
            seen: now,
            proved: now,
            address: caller.address.clone(),
            agent: caller.agent.chars().take(200).collect(),
        }
    }

    pub async fn sign_out(&self, who: &Who, caller: &Caller) -> Result<()> {
        self.write(Asked {
            traces: vec![Trace::new("signed_out", By::Person(who, caller))],
            changes: vec![Change::EndSession(who.session.hash.clone())],
            ..Asked::default()
        })
        .await
    }

    /// Proves again who he is, for what needs a fresh proof; the browser gets another token.
    pub async fn prove(&self, who: &Who, caller: &Caller, password: &str, code: &str) -> Result<String> {
        let now = self.now();
        let attempt = Attempt {
            account: self.keys.number(&who.account.name),
            address: &caller.network,
            device: Some(&who.session.hash),
        };
        let wait_ms = self.throttle().wait_ms(attempt, now);
        if wait_ms > 0 {
            self.refused(Some(who), caller, "proof_throttled", "/confirm").await?;
            return Err(Trouble::Wait {
                seconds: (wait_ms + 999) / 1_000,
            });
        }
        self.throttle().failed(attempt, now);
        let password: String = password.chars().take(PASSWORD_BYTES_MAX).collect();
        let current = self.store.account(&who.account.id).await?;
        let Some(account) = self.proved(current, &password, code).await? else {
            self.refused(Some(who), caller, "proof", "/confirm").await?;
            return Err(Trouble::Wrong);
        };
        let token = token();
        let mut session = self.session_of(&account, &token, caller, now);
        // A session does not get older by it, nor younger.
        session.created = who.session.created;
        let (version, account) = changed(account, now);
        let id = account.id.clone();
        self.write(Asked {
            traces: vec![Trace::new("proved", By::Person(who, caller))],
            changes: vec![
                Change::Account(Box::new(account)),
                Change::EndSession(who.session.hash.clone()),
                Change::Session(session),
            ],
            expects: vec![version, Expect::Session(who.session.hash.clone())],
            account: Some(id),
            ..Asked::default()
        })
        .await?;
        self.throttle().came_in(attempt);
        Ok(token)
    }

    /// What the cookie of a browser that was let in before says, where it is ours and of this account.
    fn device_of(&self, name: &str, cookie: &str) -> Option<String> {
        let (device, mark) = cookie.split_once('.')?;
        let ours = self.keys.sign(&format!("device {name} {device}"));
        is_same(mark, &ours).then(|| device.to_owned())
    }
}

/// Another chance than the session's own.
fn token_of_device(token: &str) -> String {
    token_hash(&format!("device {token}"))[..32].to_owned()
}
