//! Looking after accounts: for administrators, and for whoever has the machine's command line.

use super::{Asked, By, Door, Result, Trace, Trouble, changed};
use crate::accounts::{Grant, Holder, Role};
use crate::engine::event::OfficeId;
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::letter::account::Deed;
use crate::store::accounts::{Account, Change, Expect, GrantRow, Purpose};
use crate::store::rows::NewLetter;

/// An account that is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewUser {
    pub name: String,
    pub holder: Holder,
    pub email: Option<String>,
    pub language: Language,
    pub grants: Vec<Grant>,
}

/// How a link reaches its holder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// By mail, to his mailbox.
    Mail(String),
    /// Whoever made it hands it on.
    Hand(String),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Added {
    pub account: String,
    pub way: Way,
}

impl Door {
    /// Makes an account. Its link goes by mail where that can be, and is shown to nobody then; `by_hand` shows it.
    pub async fn add_user(&self, by: By<'_>, new: NewUser, by_hand: bool) -> Result<Added> {
        let now = self.now();
        check(&new)?;
        let account = Account {
            id: uuid::Uuid::now_v7().to_string(),
            name: new.name.clone(),
            holder: new.holder.clone(),
            email: new.email.clone(),
            language: new.language,
            password: None,
            seed: None,
            recovery: Vec::new(),
            subject: None,
            disabled: false,
            erased: false,
            version: 1,
            created: now,
            changed: now,
        };
        let made = self.make_link(&account, Purpose::Invitation, now);
        let letter = self.letter(&account, &made).filter(|_| !by_hand);
        let way = way(&account, letter.is_some(), made.address);
        let mut traces = vec![Trace::new("user_added", by).with("account", &account.id)];
        let mut changes = vec![Change::Account(Box::new(account.clone())), Change::Link(made.link)];
        let mut letters = Vec::new();
        for grant in new.grants {
            letters.extend(
                self.told_of_role(by, &account, &grant, Deed::Given(grant.role.names()))
                    .await?,
            );
            traces.push(granted(by, &account.id, &grant));
            changes.push(Change::Grant(grant_row(&account.id, grant, now)));
        }
        letters.extend(letter);
        let written = self.write(Asked {
            traces,
            changes,
            letters,
            expects: [Expect::NameFree(new.name.clone())]
                .into_iter()
                .chain(by.expects())
                .collect(),
            account: Some(account.id.clone()),
        });
        match written.await {
            Err(Trouble::Overtaken) => Err(Trouble::Refused(format!(
                "there is an account \"{}\" already",
                new.name
            ))),
            Err(other) => Err(other),
            Ok(()) => Ok(Added {
                account: account.id,
                way,
            }),
        }
    }

    /// Shuts an account, at once, or opens it again.
    pub async fn set_disabled(&self, by: By<'_>, account: &str, disabled: bool, reason: &str) -> Result<()> {
        let account = self.there(account).await?;
        if disabled && self.is_last_administrator(&account).await? {
            return Err(Trouble::Refused(LAST.into()));
        }
        let act = if disabled { "user_disabled" } else { "user_enabled" };
        let trace = Trace::new(act, by).with("account", &account.id).with("reason", reason);
        let (version, mut account) = changed(account, self.now());
        account.disabled = disabled;
        let id = account.id.clone();
        self.write(Asked {
            traces: vec![trace],
            changes: vec![
                Change::Account(Box::new(account)),
                Change::EndSessions {
                    account: id.clone(),
                    but: None,
                },
                Change::EndLinks { account: id.clone() },
                Change::EndTokens { account: id.clone() },
            ],
            letters: Vec::new(),
            expects: [version].into_iter().chain(by.expects()).collect(),
            account: Some(id),
        })
        .await
    }

    /// Takes password, one-time codes and sessions away, and makes a link to choose anew.
    pub async fn reset_user(&self, by: By<'_>, account: &str, reason: &str, by_hand: bool) -> Result<Way> {
        let now = self.now();
        let account = self.there(account).await?;
        let made = self.make_link(&account, Purpose::Invitation, now);
        let mut letters = self.told_of(by, &account, Deed::Reset).await?;
        let letter = self.letter(&account, &made).filter(|_| !by_hand);
        let way = way(&account, letter.is_some(), made.address);
        letters.extend(letter);
        let trace = Trace::new("user_reset", by)
            .with("account", &account.id)
            .with("reason", reason);
        let (version, mut account) = changed(account, now);
        account.password = None;
        account.seed = None;
        account.recovery.clear();
        let id = account.id.clone();
        self.write(Asked {
            traces: vec![trace],
            changes: vec![
                Change::Account(Box::new(account)),
                Change::EndSessions {
                    account: id.clone(),
                    but: None,
                },
                Change::EndPasskeys {
                    account: id.clone(),
                    only: None,
                },
                Change::EndLinks { account: id.clone() },
                Change::EndTokens { account: id.clone() },
                Change::Link(made.link),
            ],
            letters,
            expects: [version].into_iter().chain(by.expects()).collect(),
            account: Some(id),
        })
        .await?;
        Ok(way)
    }

    /// Erases what is personal of an account: name, person, address, password, keys, letters. What its holder did stays in
    /// the ledger, under an id that leads to nobody any more.
    pub async fn erase_user(&self, by: By<'_>, account: &str, reason: &str) -> Result<()> {
        let now = self.now();
        let account = self.there(account).await?;
        self.not_oneself(by, &account).await?;
        if self.is_last_administrator(&account).await? {
            return Err(Trouble::Refused(LAST.into()));
        }
        let letters = self.told_of(by, &account, Deed::Erased).await?;
        let trace = Trace::new("user_erased", by)
            .with("account", &account.id)
            .with("reason", reason);
        let (version, before) = changed(account, now);
        let id = before.id.clone();
        let account = Account {
            name: format!("erased-{id}"),
            holder: Holder::default(),
            email: None,
            password: None,
            seed: None,
            recovery: Vec::new(),
            subject: None,
            disabled: true,
            erased: true,
            ..before
        };
        let rows = self.store.grants_of(&id).await?.into_iter();
        let ended = rows.map(|mut row| {
            row.grant.ends = Some(row.grant.ends.map_or(now, |ends| ends.min(now)));
            Change::Grant(row)
        });
        let account_id = || id.clone();
        let changes = [
            Change::Account(Box::new(account)),
            Change::EndSessions {
                account: account_id(),
                but: None,
            },
            Change::EndLinks { account: account_id() },
            Change::EndTokens { account: account_id() },
            Change::EndPasskeys {
                account: account_id(),
                only: None,
            },
            Change::EraseLetters {
                account: account_id(),
                at: now,
            },
        ];
        self.write(Asked {
            traces: vec![trace],
            changes: changes.into_iter().chain(ended).collect(),
            letters,
            expects: [version].into_iter().chain(by.expects()).collect(),
            account: Some(id),
        })
        .await
    }

    /// Gives a role. The account's sessions end: with other rights one comes in anew.
    pub async fn grant(&self, by: By<'_>, account: &str, grant: Grant) -> Result<()> {
        let now = self.now();
        let account = self.there(account).await?;
        self.not_oneself(by, &account).await?;
        check_grant(&account.holder, &grant)?;
        let letters = self
            .told_of_role(by, &account, &grant, Deed::Given(grant.role.names()))
            .await?;
        let trace = granted(by, &account.id, &grant);
        let (version, account) = changed(account, now);
        let row = grant_row(&account.id, grant, now);
        self.regrant(by, version, account, row, (trace, letters)).await
    }

    /// Ends a role now.
    pub async fn end_grant(&self, by: By<'_>, account: &str, grant: &str) -> Result<()> {
        let now = self.now();
        let account = self.there(account).await?;
        self.not_oneself(by, &account).await?;
        let rows = self.store.grants_of(&account.id).await?;
        let mut row = rows.into_iter().find(|row| row.id == grant).ok_or(Trouble::Overtaken)?;
        if row.grant.role == Role::Administrator && self.is_last_administrator(&account).await? {
            return Err(Trouble::Refused(LAST.into()));
        }
        let letters = self
            .told_of_role(by, &account, &row.grant, Deed::Ended(row.grant.role.names()))
            .await?;
        row.grant.ends = Some(row.grant.ends.map_or(now, |ends| ends.min(now)));
        let trace = Trace::new("role_ended", by)
            .with("account", &account.id)
            .with("role", row.grant.role.as_str());
        let (version, account) = changed(account, now);
        self.regrant(by, version, account, row, (trace, letters)).await
    }

    async fn regrant(
        &self,
        by: By<'_>,
        version: Expect,
        account: Account,
        row: GrantRow,
        told: (Trace, Vec<NewLetter>),
    ) -> Result<()> {
        let id = account.id.clone();
        self.write(Asked {
            traces: vec![told.0],
            changes: vec![
                Change::Account(Box::new(account)),
                Change::Grant(row),
                Change::EndSessions {
                    account: id.clone(),
                    but: None,
                },
            ],
            letters: told.1,
            expects: [version].into_iter().chain(by.expects()).collect(),
            account: Some(id),
        })
        .await
    }

    /// An account that something can be done to.
    async fn there(&self, account: &str) -> Result<Account> {
        let found = self.store.account(account).await?;
        let found = found.filter(|account| !account.erased);
        found.ok_or_else(|| Trouble::Refused("there is no such account".into()))
    }

    /// Nobody gives himself rights, nor does away with his own traces' name. The machine's own people may: somebody must
    /// make the first account.
    async fn not_oneself(&self, by: By<'_>, account: &Account) -> Result<()> {
        match by {
            By::Person(who, caller) if who.account.id == account.id => {
                self.refused(Some(who), caller, "own_account", "/users").await?;
                Err(Trouble::Refused(OWN.into()))
            }
            By::Person(..) | By::Console => Ok(()),
        }
    }

    /// Whether nobody could look after accounts without it.
    async fn is_last_administrator(&self, account: &Account) -> Result<bool> {
        let now = self.now();
        let (accounts, grants) = (self.store.accounts().await?, self.store.grants().await?);
        let administers = |id: &str| {
            let mut own = grants
                .iter()
                .filter(|row| row.account == id && row.grant.counts_at(now));
            own.any(|row| row.grant.role == Role::Administrator)
        };
        let open = |other: &&Account| !other.disabled && administers(&other.id);
        let others = accounts.iter().filter(open).filter(|other| other.id != account.id);
        Ok(administers(&account.id) && others.count() == 0)
    }
}

const OWN: &str = "nobody changes his own roles or erases his own account: another administrator does";
const LAST: &str = "this is the only account that can look after accounts: make another one first";

fn way(account: &Account, mailed: bool, address: String) -> Way {
    match (&account.email, mailed) {
        (Some(email), true) => Way::Mail(email.clone()),
        _ => Way::Hand(address),
    }
}

fn granted(by: By<'_>, account: &str, grant: &Grant) -> Trace {
    let mut trace = Trace::new("role_granted", by)
        .with("account", account)
        .with("role", grant.role.as_str())
        .with("begins_ms", grant.begins.0);
    if let Some(ends) = grant.ends {
        trace = trace.with("ends_ms", ends.0);
    }
    if let Some(office) = &grant.office {
        trace = trace.with("of", office.as_str());
    }
    if let Some(person) = &grant.deputy_of {
        trace = trace.with("deputy_of", person);
    }
    trace
}

fn grant_row(account: &str, grant: Grant, now: Moment) -> GrantRow {
    GrantRow {
        id: uuid::Uuid::now_v7().to_string(),
        account: account.to_owned(),
        grant,
        granted: now,
    }
}

fn check(new: &NewUser) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_' | '@');
    if !(2..=64).contains(&new.name.len()) || !new.name.chars().all(plain) {
        let why = "a name to sign in with has 2 to 64 small letters, digits, dots, hyphens, underscores or @";
        return Err(Trouble::Refused(why.into()));
    }
    if let Some(email) = &new.email {
        let is_address = |text: &str| {
            let (user, host) = text.split_once('@').unwrap_or_default();
            let plain = |c: char| {
                !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')')
            };
            !user.is_empty() && !host.is_empty() && !host.contains('@') && text.chars().all(plain) && text.len() <= 254
        };
        if !is_address(email) {
            return Err(Trouble::Refused(
                "the e-mail address is none; write it like \"siti@kantor.example\"".into(),
            ));
        }
    }
    if new.holder.person.is_some() != new.holder.office.is_some() {
        let why = "a person is one of an office's roster: name both the office and the person, or neither";
        return Err(Trouble::Refused(why.into()));
    }
    for id in [
        new.holder.person.as_deref(),
        new.holder.office.as_ref().map(OfficeId::as_str),
    ] {
        check_id(id)?;
    }
    new.grants.iter().try_for_each(|grant| check_grant(&new.holder, grant))
}

/// A roster's ids are short and plain; what is not cannot be in one.
fn check_id(id: Option<&str>) -> Result<()> {
    let is_none = |id: &str| id.chars().count() > 64 || id.chars().any(char::is_control);
    match id.is_some_and(is_none) {
        true => Err(Trouble::Refused(
            "ids have at most 64 characters, and none that cannot be seen".into(),
        )),
        false => Ok(()),
    }
}

fn check_grant(holder: &Holder, grant: &Grant) -> Result<()> {
    check_id(grant.deputy_of.as_deref())?;
    check_id(grant.office.as_ref().map(OfficeId::as_str))?;
    let office = grant.office.as_ref().or(holder.office.as_ref());
    let role = grant.role.as_str();
    if grant.role.needs_office() && office.is_none() {
        return Err(Trouble::Refused(format!("the role {role} needs an office")));
    }
    if grant.role.needs_person() && (holder.person.is_none() || holder.office.as_ref() != office) {
        let why = format!("the role {role} needs an account of a person in that office's roster");
        return Err(Trouble::Refused(why));
    }
    if grant.deputy_of.is_some() && grant.role != Role::Supervisor {
        return Err(Trouble::Refused("only a supervisor has a deputy".into()));
    }
    if grant.deputy_of.is_some() && grant.ends.is_none() {
        return Err(Trouble::Refused("a deputy is one until a date: name it".into()));
    }
    match grant.ends.is_some_and(|ends| ends <= grant.begins) {
        true => Err(Trouble::Refused("the role ends before it begins".into())),
        false => Ok(()),
    }
}
