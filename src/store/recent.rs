//! The identities of the ledger's last entries: what comes twice mostly comes soon, and memory answers that without an
//! index that grows with every heartbeat.

use std::collections::HashMap;

use super::database::{Connection, statements};
use super::error::{Doing as _, Result};

/// At least so many of the last entries are known by identity, and at most twice as many.
pub(super) const RECENT_MIN: usize = 65_536;

const READING: &str = "reading the ledger's end";

statements! {
    LAST = "SELECT n, identity FROM ledger WHERE n > $1 ORDER BY n";
}

/// Numbers of entries by identity. Two that share one hide each other, so that only what may be missed rests on this.
#[derive(Debug, Default)]
pub(super) struct Recent {
    fresh: Numbers,
    old: Numbers,
}

type Numbers = HashMap<i64, i64, foldhash::fast::FixedState>;

impl Recent {
    /// Those of the entries up to `last`.
    pub async fn read(connection: &mut Connection, last: i64) -> Result<Recent> {
        let mut recent = Recent::default();
        let rows = connection.query(LAST).bind(last - RECENT_MIN as i64).all().await;
        for row in rows.doing(READING)? {
            let (n, identity) = row.tuple().doing(READING)?;
            recent.note(identity, n);
        }
        Ok(recent)
    }

    pub fn note(&mut self, identity: i64, n: i64) {
        if self.fresh.len() >= RECENT_MIN {
            self.old = std::mem::take(&mut self.fresh);
        }
        self.fresh.insert(identity, n);
    }

    pub fn find(&self, identity: i64) -> Option<i64> {
        self.fresh.get(&identity).or_else(|| self.old.get(&identity)).copied()
    }
}
