//! Who comes in, and what he does there: every act is committed together with its trace in the ledger, or does not happen.
//!
//! The pages, the command line and the demo all go through here; the one who writes carries the acts out.

mod acts;
mod links;
mod looks;
mod oidc;
mod own;
mod passkeys;
mod reveals;
mod sign_in;
mod tokens;
mod users;
mod watchers;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

pub use acts::{Act, Admitted, Asked, Trace, admit, alone};
pub use looks::Look;
pub use oidc::{BACK, Back, Going, Mapped, Provider};
pub use own::{NewSeed, TOTP_ABOUT};
pub use passkeys::{Answer, Challenge};
pub use reveals::{Open, REVEALED_MS};
pub use sign_in::{Came, SignIn};
pub use tokens::{DAYS_MAX, PREFIX};
pub use users::{Added, NewUser, Way};

use crate::accounts::password::Weak;
use crate::accounts::throttle::Throttle;
use crate::accounts::{Role, Scope};
use crate::clock::MonitorClock;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::keys::{Hasher, Keys, token_hash};
use crate::live::Live;
use crate::store::accounts::{Account, Change, Expect, Session};
use crate::store::{self, Store};
use looks::Looks;
use reveals::Reveals;

/// Acts that wait for the one who writes; beyond them people wait.
pub const WAITING_MAX: usize = 256;
/// A session nobody used for so long is over …
pub const IDLE_MS: i64 = 60 * 60_000;
/// … and any session after so long: a working day.
pub const ABSOLUTE_MS: i64 = 12 * 60 * 60_000;
/// That somebody is still there is written so often.
const SEEN_EVERY_MS: i64 = 60_000;
/// How long a proof of who one is counts for acts that need a fresh one.
pub const FRESH_MS: i64 = 10 * 60_000;

/// What people come in by.
pub struct Door {
    pub store: Store,
    pub acts: mpsc::Sender<Act>,
    pub keys: Keys,
    pub hasher: Hasher,
    /// People's clock, by which sessions end and codes change; a demo's office has another.
    pub clock: MonitorClock,
    /// What links begin with. Never what a request says.
    pub base_url: String,
    /// What Message-IDs end in.
    pub domain: String,
    /// Whether letters go out at all.
    pub mails: bool,
    /// Who vouches for people beside us.
    pub provider: Option<Provider>,
    /// How long after a role that needs one-time codes was given its holder may do without; `None`: for ever.
    pub codes_within_ms: Option<i64>,
    /// The monitor's rosters, where one runs: whom to tell of what is done to accounts.
    live: Option<watch::Receiver<Arc<Live>>>,
    known: oidc::Known,
    throttle: Mutex<Throttle>,
    looks: Mutex<Looks>,
    reveals: Mutex<Reveals>,
    answered: Mutex<passkeys::Answered>,
}

/// Where a request comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Caller {
    pub address: String,
    /// Whom limits count as one: the address, or the network of an IPv6 one.
    pub network: String,
    pub agent: String,
}

/// Who does something.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Whoever may use the machine's command line.
    Console,
    Person(&'a Who, &'a Caller),
}

/// Somebody who is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    pub account: Account,
    pub session: Session,
    /// Those that count now.
    pub roles: Vec<Role>,
    pub scope: Scope,
    /// Whether he has lately proved who he is.
    pub fresh: bool,
    /// Whether his roles ask for one-time codes that he has not set up in time.
    pub codes_due: bool,
    /// A program of his comes, with a token in the session's place.
    pub by_token: bool,
}

impl Who {
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Name, password or code: which, nobody is told.
    #[error("the name, the password or the code is wrong")]
    Wrong,
    #[error("too many attempts failed; the next one may be made in {seconds} s")]
    Wait { seconds: i64 },
    #[error("too many people sign in at this moment")]
    Busy,
    #[error("the password is not taken: {0:?}")]
    Weak(Weak),
    #[error("the link is used, over or wrong")]
    Link,
    #[error("somebody has changed it meanwhile")]
    Overtaken,
    #[error("{0}")]
    Refused(String),
    #[error("the OpenID provider does not answer")]
    Away,
    #[error("the monitor is stopping")]
    Stopping,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<crate::keys::Busy> for Trouble {
    fn from(_: crate::keys::Busy) -> Trouble {
        Trouble::Busy
    }
}

pub type Result<T, E = Trouble> = std::result::Result<T, E>;

/// What a door is made of.
pub struct Frame {
    pub store: Store,
    pub acts: mpsc::Sender<Act>,
    pub keys: Keys,
    pub clock: MonitorClock,
    pub base_url: String,
    pub domain: String,
    pub mails: bool,
    pub provider: Option<Provider>,
    pub codes_within_ms: Option<i64>,
    pub live: Option<watch::Receiver<Arc<Live>>>,
}

impl Door {
    pub fn new(frame: Frame) -> Arc<Door> {
        Arc::new(Door {
            store: frame.store,
            acts: frame.acts,
            keys: frame.keys,
            hasher: Hasher::default(),
            clock: frame.clock,
            base_url: frame.base_url,
            domain: frame.domain,
            mails: frame.mails,
            provider: frame.provider,
            codes_within_ms: frame.codes_within_ms,
            live: frame.live,
            known: oidc::Known::default(),
            throttle: Mutex::default(),
            looks: Mutex::default(),
            reveals: Mutex::default(),
            answered: Mutex::default(),
        })
    }

    /// Who holds this token, if it is good.
    pub async fn who<'r>(
        self: &Arc<Door>,
        token: &str,
        active: bool,
        rosters: impl Iterator<Item = &'r Roster> + Clone,
    ) -> Result<Option<Who>> {
        let now = self.clock.now();
        let Some(session) = self.store.session(&token_hash(token)).await? else {
            return Ok(None);
        };
        if now.ms_since(session.seen) > IDLE_MS || now.ms_since(session.created) > ABSOLUTE_MS {
            return Ok(None);
        }
        if active && now.ms_since(session.seen) > SEEN_EVERY_MS {
            self.note(Change::Seen {
                session: session.hash.clone(),
                at: now,
            });
        }
        self.holder(session, rosters).await
    }

    /// Whether a session still lets its holder in. A database that does not answer says no.
    pub async fn is_open(&self, session: &str) -> bool {
        let found = self.store.session(session).await.ok().flatten();
        let Some(session) = found else { return false };
        let now = self.now();
        let account = self.store.account(&session.account).await.ok().flatten();
        let alive = now.ms_since(session.seen) <= IDLE_MS && now.ms_since(session.created) <= ABSOLUTE_MS;
        alive && account.is_some_and(|account| !account.disabled)
    }

    /// Whose a session is, with what he may do now; `None` where he may not come in any more.
    async fn holder<'r>(
        &self,
        session: Session,
        rosters: impl Iterator<Item = &'r Roster> + Clone,
    ) -> Result<Option<Who>> {
        let now = self.now();
        let account = self.store.account(&session.account).await?;
        let Some(account) = account.filter(|account| !account.disabled) else {
            return Ok(None);
        };
        let grants = self.store.grants_of(&account.id).await?;
        let counting = grants.into_iter().filter(|row| row.grant.counts_at(now));
        let counting: Vec<_> = counting.collect();
        // Who comes by a provider has proved there whatever the provider asks for.
        let codes_due = account.seed.is_none()
            && account.subject.is_none()
            && self.codes_within_ms.is_some_and(|within_ms| {
                let mut needing = counting.iter().filter(|row| row.grant.role.needs_codes());
                needing.any(|row| now.ms_since(row.granted.max(row.grant.begins)) >= within_ms)
            });
        let grants: Vec<_> = counting.into_iter().map(|row| row.grant).collect();
        let mut roles: Vec<Role> = grants.iter().map(|grant| grant.role).collect();
        roles.sort_unstable();
        roles.dedup();
        let mut scope = Scope::of(&account.holder, &grants, rosters);
        for open in self.revealed(&account.id) {
            scope.reveal(&open.office, &open.officer);
        }
        Ok(Some(Who {
            scope,
            fresh: now.ms_since(session.proved) <= FRESH_MS,
            codes_due,
            account,
            session,
            roles,
            by_token: false,
        }))
    }

    /// Has it written while nobody waits: a page is shown also while the database takes nothing.
    fn note(self: &Arc<Door>, change: Change) {
        let door = self.clone();
        tokio::spawn(async move {
            let asked = Asked {
                changes: vec![change],
                ..Asked::default()
            };
            door.write(asked).await
        });
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        self.clock.now()
    }
}

impl By<'_> {
    fn expects(self) -> Vec<Expect> {
        match self {
            By::Console => Vec::new(),
            By::Person(who, _) if who.by_token => vec![Expect::Token(who.session.hash.clone())],
            By::Person(who, _) => vec![Expect::Session(who.session.hash.clone())],
        }
    }
}

/// An account as it is changed: the version it will have.
fn changed(mut account: Account, now: Moment) -> (Expect, Account) {
    let expect = Expect::Version {
        account: account.id.clone(),
        version: account.version,
    };
    account.version += 1;
    account.changed = now;
    (expect, account)
}
