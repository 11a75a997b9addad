//! Accounts, their roles, sessions and links: how they stand in the tables, and how they are changed.

mod read;
mod rows;

use super::database::{Connection, statements};
pub use rows::{Account, ApiToken, Change, Expect, GrantRow, Link, Part, Passkey, Purpose, Seed, Session};

use super::words::of_language;

statements! {
    PUT_ACCOUNT = "INSERT INTO account (id, name, office, person, email, language, password, seed, seed_step, recovery, state, \
             version, created_ms, changed_ms, subject) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, office = excluded.office, person = excluded.person, \
             email = excluded.email, language = excluded.language, password = excluded.password, seed = excluded.seed, \
             seed_step = excluded.seed_step, recovery = excluded.recovery, state = excluded.state, \
             version = excluded.version, changed_ms = excluded.changed_ms, subject = excluded.subject";
    PUT_GRANT = "INSERT INTO role_grant (id, account, role, office, deputy_of, begins_ms, ends_ms, granted_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET ends_ms = excluded.ends_ms";
    PUT_SESSION = "INSERT INTO session (hash, account, created_ms, seen_ms, proved_ms, address, agent) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (hash) DO NOTHING";
    SEEN = "UPDATE session SET seen_ms = $2 WHERE hash = $1 AND seen_ms < $2";
    END_SESSION = "DELETE FROM session WHERE hash = $1";
    END_SESSIONS = "DELETE FROM session WHERE account = $1 AND (hash <> $2 OR $2 IS NULL)";
    FORGET_SESSIONS = "DELETE FROM session WHERE seen_ms < $1 OR created_ms < $2";
    PUT_LINK = "INSERT INTO account_link (hash, account, purpose, expires_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (hash) DO NOTHING";
    END_LINKS = "DELETE FROM account_link WHERE account = $1";
    PUT_TOKEN = "INSERT INTO api_token (id, account, name, hash, parts, created_ms, expires_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
    TOKEN_USED = "UPDATE api_token SET used_ms = $2 WHERE id = $1 AND (used_ms < $2 OR used_ms IS NULL)";
    END_TOKEN = "DELETE FROM api_token WHERE id = $1";
    END_TOKENS = "DELETE FROM api_token WHERE account = $1";
    PUT_PASSKEY = "INSERT INTO passkey (id, account, name, public, count, created_ms, used_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
    PASSKEY_USED = "UPDATE passkey SET count = $2, used_ms = $3 WHERE id = $1";
    END_PASSKEY = "DELETE FROM passkey WHERE account = $1 AND (id = $2 OR $2 IS NULL)";
    ERASE_LETTERS = "UPDATE outbox SET address = '', subject = '', text_body = '', html_body = '', anonymised_ms = $2, \
             dead_ms = CASE WHEN sent_ms IS NULL THEN coalesce(dead_ms, $2) ELSE dead_ms END, leased_until_ms = NULL \
             WHERE kind = 'account' AND person = $1";
    FORGET_LINKS = "DELETE FROM account_link WHERE expires_ms < $1";
}

impl Connection {
    /// Each change says what is then, so that it may be written twice.
    pub(super) async fn change(&mut self, change: &Change) -> Result<(), sqlx::Error> {
        match change {
            Change::Account(account) => {
                let seed = account.seed.as_ref();
                self.query(PUT_ACCOUNT)
                    .bind(account.id.clone())
                    .bind(account.name.clone())
                    .bind(account.holder.office.as_ref().map(ToString::to_string))
                    .bind(account.holder.person.clone())
                    .bind(account.email.clone())
                    .bind(of_language(account.language))
                    .bind(account.password.clone())
                    .bind(seed.map(|seed| seed.sealed.clone()))
                    .bind(seed.map_or(0, |seed| seed.last_step))
                    .bind(serde_json::json!(account.recovery).to_string())
                    .bind(match (account.erased, account.disabled) {
                        (true, _) => "erased",
                        (false, true) => "disabled",
                        (false, false) => "active",
                    })
                    .bind(account.version)
                    .bind(account.created.0)
                    .bind(account.changed.0)
                    .bind(account.subject.clone())
                    .run()
                    .await
            }
            Change::Grant(row) => {
                let grant = &row.grant;
                self.query(PUT_GRANT)
                    .bind(row.id.clone())
                    .bind(row.account.clone())
                    .bind(grant.role.as_str())
                    .bind(grant.office.as_ref().map(ToString::to_string))
                    .bind(grant.deputy_of.clone())
                    .bind(grant.begins.0)
                    .bind(grant.ends.map(|ends| ends.0))
                    .bind(row.granted.0)
                    .run()
                    .await
            }
            Change::Session(session) => {
                self.query(PUT_SESSION)
                    .bind(session.hash.clone())
                    .bind(session.account.clone())
                    .bind(session.created.0)
                    .bind(session.seen.0)
                    .bind(session.proved.0)
                    .bind(session.address.clone())
                    .bind(session.agent.clone())
                    .run()
                    .await
            }
            Change::Passkey(passkey) => {
                self.query(PUT_PASSKEY)
                    .bind(passkey.id.clone())
                    .bind(passkey.account.clone())
                    .bind(passkey.name.clone())
                    .bind(passkey.public.clone())
                    .bind(passkey.count)
                    .bind(passkey.created.0)
                    .bind(passkey.used.map(|used| used.0))
                    .run()
                    .await
            }
            Change::PasskeyUsed { id, count, at } => {
                let used = self.query(PASSKEY_USED).bind(id.clone()).bind(*count).bind(at.0);
                used.run().await
            }
            Change::EndPasskeys { account, only } => {
                let ended = self.query(END_PASSKEY).bind(account.clone()).bind(only.clone());
                ended.run().await
            }
            Change::Seen { session, at } => self.query(SEEN).bind(session.clone()).bind(at.0).run().await,
            Change::EndSession(hash) => self.query(END_SESSION).bind(hash.clone()).run().await,
            Change::EndSessions { account, but } => {
                let ended = self.query(END_SESSIONS).bind(account.clone()).bind(but.clone());
                ended.run().await
            }
            Change::Link(link) => {
                self.query(PUT_LINK)
                    .bind(link.hash.clone())
                    .bind(link.account.clone())
                    .bind(link.purpose.as_str())
                    .bind(link.expires.0)
                    .run()
                    .await
            }
            Change::Token(token) => {
                let parts: Vec<&str> = token.parts.iter().map(|part| part.as_str()).collect();
                self.query(PUT_TOKEN)
                    .bind(token.id.clone())
                    .bind(token.account.clone())
                    .bind(token.name.clone())
                    .bind(token.hash.clone())
                    .bind(serde_json::json!(parts).to_string())
                    .bind(token.created.0)
                    .bind(token.expires.0)
                    .run()
                    .await
            }
            Change::TokenUsed { id, at } => self.query(TOKEN_USED).bind(id.clone()).bind(at.0).run().await,
            Change::EndToken(id) => self.query(END_TOKEN).bind(id.clone()).run().await,
            Change::EndTokens { account } => self.query(END_TOKENS).bind(account.clone()).run().await,
            Change::EndLinks { account } => self.query(END_LINKS).bind(account.clone()).run().await,
            Change::EraseLetters { account, at } => {
                let erased = self.query(ERASE_LETTERS).bind(account.clone()).bind(at.0);
                erased.run().await
            }
            Change::Forget {
                seen_before,
                created_before,
                now,
            } => {
                let forgotten = self.query(FORGET_SESSIONS).bind(seen_before.0).bind(created_before.0);
                forgotten.run().await?;
                self.query(FORGET_LINKS).bind(now.0).run().await
            }
        }
        .map(drop)
    }
}

#[cfg(test)]
pub(super) const ALL_STATEMENTS: [&[(&str, super::database::Sql)]; 2] = [STATEMENTS, read::STATEMENTS];
