//! Traces as people look at them: who did or looked at what, the newest first, as far as the reader's offices go.

use std::collections::HashSet;

use serde_json::Value;

use super::{READING, limit, moment};
use crate::accounts::{Role, Scope};
use crate::engine::time::Moment;
use crate::store::Store;
use crate::store::database::statements;
use crate::store::error::{Doing as _, Result};

/// Traces that are read at a time …
const CHUNK: usize = 500;
/// … and for one page: who filters finely goes on to the next one.
const READ_MAX: usize = 10_000;

statements! {
    TRACES = "SELECT n, received_ms, body FROM ledger WHERE kind = 'trace' AND (n < $1 OR $1 IS NULL) ORDER BY n DESC LIMIT $2";
}

/// Which traces; `None` is any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TraceFilter {
    pub act: Option<String>,
    /// Id of an account that did it, or to which it was done.
    pub account: Option<String>,
    pub office: Option<String>,
    /// Roster id of whose record it concerns.
    pub officer: Option<String>,
    /// From this moment on, and before that one.
    pub from: Option<Moment>,
    pub to: Option<Moment>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TraceRow {
    pub n: i64,
    pub at: Moment,
    /// As the door wrote it; what an entry says is text.
    pub body: Value,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct TracePage {
    pub rows: Vec<TraceRow>,
    /// What the next page goes on before; also where this one has few rows, or none.
    pub next: Option<i64>,
}

impl TraceRow {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    fn fits(&self, filter: &TraceFilter) -> bool {
        let is = |name: &str, wanted: &Option<String>| wanted.is_none() || self.text(name) == wanted.as_deref();
        let of = filter.account.is_none() || is("actor", &filter.account) || is("account", &filter.account);
        let until = filter.to.is_none_or(|to| self.at < to);
        is("act", &filter.act) && of && is("office", &filter.office) && is("officer", &filter.officer) && until
    }
}

impl Store {
    /// The newest first.
    pub async fn traces(
        &self,
        scope: &Scope,
        filter: &TraceFilter,
        before: Option<i64>,
        count: usize,
    ) -> Result<TracePage> {
        let near = self.accounts_near(scope).await?;
        let seen = |row: &TraceRow| match row.text("office") {
            Some(office) => scope.sees_trace(office, row.text("officer")),
            // Of no office's record: seen by whoever watches one of the offices of those it is about, or it is about nobody.
            None => near.as_ref().is_none_or(|near| {
                let mut about = ["actor", "account"].into_iter().filter_map(|name| row.text(name));
                let (one, other) = (about.next(), about.next());
                one.is_none_or(|id| !is_id(id) || near.contains(id)) || other.is_some_and(|id| near.contains(id))
            }),
        };
        let mut page = TracePage::default();
        let mut before = before;
        for _ in 0..READ_MAX / CHUNK {
            let rows = self
                .shared
                .readers
                .query(TRACES)
                .bind(before)
                .bind(limit(CHUNK))
                .all()
                .await;
            let rows = rows.doing(READING)?;
            for row in &rows {
                let body: Vec<u8> = row.try_get(2).doing(READING)?;
                let row = TraceRow {
                    n: row.try_get(0).doing(READING)?,
                    at: moment(row, 1)?,
                    body: serde_json::from_slice(&body).unwrap_or_default(),
                };
                if page.rows.len() == count {
                    page.next = before;
                    return Ok(page);
                }
                if filter.from.is_some_and(|from| row.at < from) {
                    return Ok(page);
                }
                before = Some(row.n);
                if row.fits(filter) && seen(&row) {
                    page.rows.push(row);
                }
            }
            if rows.len() < CHUNK {
                return Ok(page);
            }
        }
        page.next = before;
        Ok(page)
    }

    /// The accounts of people of the offices whose traces may be seen, and of those who look after accounts; `None`: all.
    async fn accounts_near(&self, scope: &Scope) -> Result<Option<HashSet<String>>> {
        if scope.traces_everywhere() {
            return Ok(None);
        }
        let mut near = HashSet::new();
        for account in self.accounts().await? {
            let office = account.holder.office.as_ref();
            if office.is_some_and(|office| scope.sees_trace(office.as_str(), None)) {
                near.insert(account.id);
            }
        }
        for row in self.grants().await? {
            let office = row.grant.office.as_ref();
            let here = office.is_some_and(|office| scope.sees_trace(office.as_str(), None));
            if here || row.grant.role == Role::Administrator {
                near.insert(row.account);
            }
        }
        Ok(Some(near))
    }
}

/// Whether an actor is an account and not `console` or `provider`.
fn is_id(actor: &str) -> bool {
    !matches!(actor, "console" | "provider")
}
