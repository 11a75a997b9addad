//! Reads accounts, roles, sessions and links.

use super::{Account, ApiToken, Expect, GrantRow, Link, Part, Passkey, Purpose, Seed, Session};
use crate::accounts::{Grant, Holder, Role};
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;
use crate::store::Store;
use crate::store::database::{Row, statements};
use crate::store::error::{Doing as _, Result};
use crate::store::insert::without_nul;
use crate::store::words::{language, unreadable};

const READING: &str = "reading accounts";
/// More accounts than this no page lists.
const LISTED_MAX: i64 = 2_000;

statements! {
    BY_NAME = "SELECT id, name, office, person, email, language, password, seed, seed_step, recovery, state, version, created_ms, \
             changed_ms, subject FROM account WHERE name = $1";
    BY_ID = "SELECT id, name, office, person, email, language, password, seed, seed_step, recovery, state, version, created_ms, \
             changed_ms, subject FROM account WHERE id = $1";
    BY_EMAIL = "SELECT id, name, office, person, email, language, password, seed, seed_step, recovery, state, version, created_ms, \
             changed_ms, subject FROM account WHERE lower(email) = lower($1) ORDER BY name LIMIT 5";
    BY_SUBJECT = "SELECT id, name, office, person, email, language, password, seed, seed_step, recovery, state, version, created_ms, \
             changed_ms, subject FROM account WHERE subject = $1";
    BY_PERSON = "SELECT id, name, office, person, email, language, password, seed, seed_step, recovery, state, version, created_ms, \
             changed_ms, subject FROM account WHERE office = $1 AND person = $2 ORDER BY state, created_ms, id LIMIT 1";
    LIST = "SELECT id, name, office, person, email, language, password, seed, seed_step, recovery, state, version, created_ms, \
             changed_ms, subject FROM account ORDER BY name LIMIT $1";
    ANY = "SELECT id FROM account LIMIT 1";
    GRANTS_OF = "SELECT id, account, role, office, deputy_of, begins_ms, ends_ms, granted_ms FROM role_grant \
             WHERE account = $1 ORDER BY begins_ms, id";
    GRANTS = "SELECT id, account, role, office, deputy_of, begins_ms, ends_ms, granted_ms FROM role_grant \
             ORDER BY account, begins_ms, id";
    SESSION = "SELECT hash, account, created_ms, seen_ms, proved_ms, address, agent FROM session WHERE hash = $1";
    SESSIONS_OF = "SELECT hash, account, created_ms, seen_ms, proved_ms, address, agent FROM session WHERE account = $1 \
             ORDER BY seen_ms DESC, hash LIMIT 100";
    TOKEN = "SELECT id, account, name, hash, parts, created_ms, expires_ms, used_ms FROM api_token WHERE hash = $1";
    TOKENS_OF = "SELECT id, account, name, hash, parts, created_ms, expires_ms, used_ms FROM api_token WHERE account = $1 \
             ORDER BY created_ms DESC, id LIMIT 100";
    PASSKEY = "SELECT id, account, name, public, count, created_ms, used_ms FROM passkey WHERE id = $1";
    PASSKEYS_OF = "SELECT id, account, name, public, count, created_ms, used_ms FROM passkey WHERE account = $1 \
             ORDER BY created_ms, id LIMIT 100";
    LINK = "SELECT hash, account, purpose, expires_ms FROM account_link WHERE hash = $1";
}

impl Store {
    pub async fn account_named(&self, name: &str) -> Result<Option<Account>> {
        let row = self.shared.readers.query(BY_NAME).bind(plain(name)).optional().await;
        row.doing(READING)?.as_ref().map(account).transpose()
    }

    pub async fn account(&self, id: &str) -> Result<Option<Account>> {
        let row = self.shared.readers.query(BY_ID).bind(plain(id)).optional().await;
        row.doing(READING)?.as_ref().map(account).transpose()
    }

    pub async fn account_of_subject(&self, subject: &str) -> Result<Option<Account>> {
        let row = self
            .shared
            .readers
            .query(BY_SUBJECT)
            .bind(plain(subject))
            .optional()
            .await;
        row.doing(READING)?.as_ref().map(account).transpose()
    }

    /// The account of somebody in an office's roster, one that is in use first.
    pub async fn account_of(&self, office: &str, person: &str) -> Result<Option<Account>> {
        let asked = self.shared.readers.query(BY_PERSON).bind(plain(office));
        let row = asked.bind(plain(person)).optional().await;
        row.doing(READING)?.as_ref().map(account).transpose()
    }

    /// The accounts of a mailbox; somebody may have two.
    pub async fn accounts_of_mailbox(&self, email: &str) -> Result<Vec<Account>> {
        let rows = self.shared.readers.query(BY_EMAIL).bind(plain(email)).all().await;
        rows.doing(READING)?.iter().map(account).collect()
    }

    pub async fn token(&self, hash: &str) -> Result<Option<ApiToken>> {
        let row = self.shared.readers.query(TOKEN).bind(hash.to_owned()).optional().await;
        row.doing(READING)?.as_ref().map(token).transpose()
    }

    /// The newest first; also those that are over.
    pub async fn tokens_of(&self, account: &str) -> Result<Vec<ApiToken>> {
        let rows = self
            .shared
            .readers
            .query(TOKENS_OF)
            .bind(account.to_owned())
            .all()
            .await;
        rows.doing(READING)?.iter().map(token).collect()
    }

    /// By name.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let rows = self.shared.readers.query(LIST).bind(LISTED_MAX).all().await;
        rows.doing(READING)?.iter().map(account).collect()
    }

    pub async fn has_accounts(&self) -> Result<bool> {
        let row = self.shared.readers.query(ANY).optional().await.doing(READING)?;
        Ok(row.is_some())
    }

    /// The roles of an account, also those that are over or begin later.
    pub async fn grants_of(&self, account: &str) -> Result<Vec<GrantRow>> {
        let rows = self.shared.readers.query(GRANTS_OF).bind(plain(account)).all().await;
        rows.doing(READING)?.iter().map(grant).collect()
    }

    pub async fn grants(&self) -> Result<Vec<GrantRow>> {
        let rows = self.shared.readers.query(GRANTS).all().await;
        rows.doing(READING)?.iter().map(grant).collect()
    }

    pub async fn session(&self, hash: &str) -> Result<Option<Session>> {
        let row = self.shared.readers.query(SESSION).bind(plain(hash)).optional().await;
        row.doing(READING)?.as_ref().map(session).transpose()
    }

    /// The sessions of an account, the one that was used last first.
    pub async fn sessions_of(&self, account: &str) -> Result<Vec<Session>> {
        let rows = self.shared.readers.query(SESSIONS_OF).bind(plain(account)).all().await;
        rows.doing(READING)?.iter().map(session).collect()
    }

    pub async fn passkey(&self, id: &str) -> Result<Option<Passkey>> {
        let row = self.shared.readers.query(PASSKEY).bind(plain(id)).optional().await;
        row.doing(READING)?.as_ref().map(passkey).transpose()
    }

    pub async fn passkeys_of(&self, account: &str) -> Result<Vec<Passkey>> {
        let rows = self.shared.readers.query(PASSKEYS_OF).bind(plain(account)).all().await;
        rows.doing(READING)?.iter().map(passkey).collect()
    }

    pub async fn link(&self, hash: &str) -> Result<Option<Link>> {
        let row = self.shared.readers.query(LINK).bind(plain(hash)).optional().await;
        row.doing(READING)?.as_ref().map(link).transpose()
    }

    /// Whether all of it is still so. Only the one who writes can rely on that.
    pub async fn still(&self, expected: &[Expect]) -> Result<bool> {
        for expect in expected {
            let holds = match expect {
                Expect::Version { account, version } => {
                    self.account(account).await?.is_some_and(|now| now.version == *version)
                }
                Expect::NameFree(name) => self.account_named(name).await?.is_none(),
                Expect::Session(hash) => self.session(hash).await?.is_some(),
                Expect::Token(hash) => self.token(hash).await?.is_some(),
                Expect::Link(hash) => self.link(hash).await?.is_some(),
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What somebody typed may hold what PostgreSQL's texts cannot.
fn plain(text: &str) -> String {
    without_nul(text.into()).into_owned()
}

fn account(row: &Row) -> Result<Account> {
    let office: Option<&str> = row.try_get(2).doing(READING)?;
    let sealed: Option<Vec<u8>> = row.try_get(7).doing(READING)?;
    let last_step = row.try_get(8).doing(READING)?;
    let recovery: &str = row.try_get(9).doing(READING)?;
    let state: &str = row.try_get(10).doing(READING)?;
    Ok(Account {
        id: row.try_get(0).doing(READING)?,
        name: row.try_get(1).doing(READING)?,
        holder: Holder {
            office: office.map(OfficeId::new),
            person: row.try_get(3).doing(READING)?,
        },
        email: row.try_get(4).doing(READING)?,
        language: language(row.try_get(5).doing(READING)?)?,
        password: row.try_get(6).doing(READING)?,
        seed: sealed.map(|sealed| Seed { sealed, last_step }),
        recovery: serde_json::from_str(recovery).map_err(|_| unreadable("account.recovery", "no list"))?,
        disabled: state != "active",
        erased: state == "erased",
        version: row.try_get(11).doing(READING)?,
        created: moment(row, 12)?,
        changed: moment(row, 13)?,
        subject: row.try_get(14).doing(READING)?,
    })
}

fn grant(row: &Row) -> Result<GrantRow> {
    let word: &str = row.try_get(2).doing(READING)?;
    let office: Option<&str> = row.try_get(3).doing(READING)?;
    let ends: Option<i64> = row.try_get(6).doing(READING)?;
    Ok(GrantRow {
        id: row.try_get(0).doing(READING)?,
        account: row.try_get(1).doing(READING)?,
        grant: Grant {
            role: Role::parse(word).ok_or_else(|| unreadable("role_grant.role", word))?,
            office: office.map(OfficeId::new),
            deputy_of: row.try_get(4).doing(READING)?,
            begins: moment(row, 5)?,
            ends: ends.map(Moment),
        },
        granted: moment(row, 7)?,
    })
}

fn session(row: &Row) -> Result<Session> {
    Ok(Session {
        hash: row.try_get(0).doing(READING)?,
        account: row.try_get(1).doing(READING)?,
        created: moment(row, 2)?,
        seen: moment(row, 3)?,
        proved: moment(row, 4)?,
        address: row.try_get(5).doing(READING)?,
        agent: row.try_get(6).doing(READING)?,
    })
}

fn passkey(row: &Row) -> Result<Passkey> {
    let used: Option<i64> = row.try_get(6).doing(READING)?;
    Ok(Passkey {
        id: row.try_get(0).doing(READING)?,
        account: row.try_get(1).doing(READING)?,
        name: row.try_get(2).doing(READING)?,
        public: row.try_get(3).doing(READING)?,
        count: row.try_get(4).doing(READING)?,
        created: moment(row, 5)?,
        used: used.map(Moment),
    })
}

fn link(row: &Row) -> Result<Link> {
    let word: &str = row.try_get(2).doing(READING)?;
    let purposes = [Purpose::Invitation, Purpose::Reset];
    let purpose = purposes.into_iter().find(|purpose| purpose.as_str() == word);
    Ok(Link {
        hash: row.try_get(0).doing(READING)?,
        account: row.try_get(1).doing(READING)?,
        purpose: purpose.ok_or_else(|| unreadable("account_link.purpose", word))?,
        expires: moment(row, 3)?,
    })
}

fn moment(row: &Row, column: usize) -> Result<Moment> {
    Ok(Moment(row.try_get(column).doing(READING)?))
}

fn token(row: &Row) -> Result<ApiToken> {
    let text = |at| row.try_get::<String, _>(at).doing(READING);
    let moment = |at| row.try_get::<i64, _>(at).doing(READING).map(Moment);
    let parts: Vec<String> = serde_json::from_str(&text(4)?).unwrap_or_default();
    Ok(ApiToken {
        id: text(0)?,
        account: text(1)?,
        name: text(2)?,
        hash: text(3)?,
        parts: Part::ALL
            .into_iter()
            .filter(|part| parts.iter().any(|word| word == part.as_str()))
            .collect(),
        created: moment(5)?,
        expires: moment(6)?,
        used: row.try_get::<Option<i64>, _>(7).doing(READING)?.map(Moment),
    })
}
