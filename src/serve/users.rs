//! Orders about accounts from the command line: carried out by the monitor that runs, or on the database alone where none
//! does.

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::reload::{ANSWER_TIME, say_if_heard};
use crate::accounts::{Grant, Holder, Role};
use crate::clock::MonitorClock;
use crate::config::Config;
use crate::door::{self, By, Door, Frame, NewUser, Trouble, Way};
use crate::engine::event::OfficeId;
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::keys::Keys;
use crate::store::{Bounds, Store};

/// What such an order begins with on the socket.
pub const WORD: &str = "user ";

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserOrder {
    Add {
        name: String,
        office: Option<String>,
        person: Option<String>,
        email: Option<String>,
        language: Language,
        roles: Vec<RoleOrder>,
        /// By mail, or else the link is answered.
        mail: bool,
    },
    List,
    Disable {
        name: String,
        reason: String,
    },
    Enable {
        name: String,
        reason: String,
    },
    Reset {
        name: String,
        reason: String,
        mail: bool,
    },
    Erase {
        name: String,
        reason: String,
    },
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleOrder {
    pub role: Role,
    pub office: Option<String>,
    pub deputy_of: Option<String>,
    pub begins_ms: Option<i64>,
    pub ends_ms: Option<i64>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserAnswer {
    Done,
    Link(String),
    Mailed(String),
    List(Vec<UserLine>),
    Refused(String),
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserLine {
    pub name: String,
    pub state: String,
    pub codes: bool,
    pub roles: Vec<String>,
    pub person: Option<String>,
}

/// Asks the monitor that runs with this configuration; where none does, does it on the database itself.
pub async fn order(config: &Config, order: &UserOrder) -> Result<UserAnswer> {
    let (path, word) = (
        config.control.clone(),
        format!("{WORD}{}", serde_json::to_string(order)?),
    );
    let said = move || say_if_heard(&path, &word, Some(ANSWER_TIME));
    if let Ok(line) = tokio::task::spawn_blocking(said).await?? {
        return serde_json::from_str(&line).context("the monitor's answer cannot be read");
    }
    let store = Store::open(config.database.clone(), Bounds::default())
        .await
        .context("no monitor answers, and the database cannot be opened without one")?;
    let (acts, waiting) = mpsc::channel(1);
    let clerk = tokio::spawn(door::alone(store.clone(), MonitorClock::Wall, waiting));
    let door = Door::new(Frame {
        store: store.clone(),
        acts,
        keys: Keys::open(&config.key)?,
        clock: MonitorClock::Wall,
        base_url: config.web.base_url.clone(),
        domain: config.mail.domain().to_owned(),
        mails: config.mail.way.is_some(),
        provider: None,
        codes_within_ms: config.web.codes_within_ms,
        live: None,
    });
    let answer = carry_out(&door, order.clone()).await;
    drop(door);
    clerk.await?;
    store.close().await?;
    Ok(answer)
}

/// Carries an order out that came as a line.
pub async fn obey(door: &Door, line: &str) -> UserAnswer {
    match serde_json::from_str(line) {
        Ok(order) => carry_out(door, order).await,
        Err(_) => UserAnswer::Refused("this program and the monitor are of different versions".into()),
    }
}

async fn carry_out(door: &Door, order: UserOrder) -> UserAnswer {
    let done = async {
        Ok::<_, anyhow::Error>(match order {
            UserOrder::Add {
                name,
                office,
                person,
                email,
                language,
                roles,
                mail,
            } => {
                let now = door.clock.now();
                let grants = roles.into_iter().map(|role| Grant {
                    role: role.role,
                    office: role.office.as_deref().map(OfficeId::new),
                    deputy_of: role.deputy_of,
                    begins: role.begins_ms.map_or(now, Moment),
                    ends: role.ends_ms.map(Moment),
                });
                let new = NewUser {
                    name,
                    holder: Holder {
                        office: office.as_deref().map(OfficeId::new).filter(|_| person.is_some()),
                        person,
                    },
                    email,
                    language,
                    grants: grants.collect(),
                };
                went(door.add_user(By::Console, new, !mail).await?.way)
            }
            UserOrder::List => UserAnswer::List(list(door).await?),
            UserOrder::Disable { name, reason } => {
                let id = id_of(door, &name).await?;
                door.set_disabled(By::Console, &id, true, &reason).await?;
                UserAnswer::Done
            }
            UserOrder::Enable { name, reason } => {
                let id = id_of(door, &name).await?;
                door.set_disabled(By::Console, &id, false, &reason).await?;
                UserAnswer::Done
            }
            UserOrder::Erase { name, reason } => {
                let id = id_of(door, &name).await?;
                door.erase_user(By::Console, &id, &reason).await?;
                UserAnswer::Done
            }
            UserOrder::Reset { name, reason, mail } => {
                let id = id_of(door, &name).await?;
                went(door.reset_user(By::Console, &id, &reason, !mail).await?)
            }
        })
    };
    done.await
        .unwrap_or_else(|error| UserAnswer::Refused(format!("{error:#}")))
}

fn went(way: Way) -> UserAnswer {
    match way {
        Way::Mail(address) => UserAnswer::Mailed(address),
        Way::Hand(link) => UserAnswer::Link(link),
    }
}

async fn id_of(door: &Door, name: &str) -> Result<String> {
    match door
        .store
        .account_named(&name.to_lowercase())
        .await
        .map_err(Trouble::from)?
    {
        Some(account) => Ok(account.id),
        None => bail!("there is no account \"{name}\"; `jagaloket user list` shows those there are"),
    }
}

async fn list(door: &Door) -> Result<Vec<UserLine>> {
    let (accounts, grants) = (door.store.accounts().await?, door.store.grants().await?);
    let now = door.clock.now();
    let lines = accounts.into_iter().map(|account| {
        let own = grants
            .iter()
            .filter(|row| row.account == account.id && row.grant.counts_at(now));
        let state = match (account.disabled, &account.password) {
            (true, _) if account.erased => "erased",
            (true, _) => "disabled",
            (false, None) => "invited",
            (false, Some(_)) => "active",
        };
        UserLine {
            state: state.to_owned(),
            codes: account.seed.is_some(),
            roles: own.map(|row| row.grant.role.as_str().to_owned()).collect(),
            person: account
                .holder
                .office
                .zip(account.holder.person)
                .map(|(office, person)| format!("{office}/{person}")),
            name: account.name,
        }
    });
    Ok(lines.collect())
}
