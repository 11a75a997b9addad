//! Checks the whole ledger: every entry that is there against the one before, and every gap against the bridge over it and
//! the entry that announces it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Store;
use super::database::{Connection, Row, Sql, statements};
use super::error::{Doing as _, Error, Result};
use super::removal::SPAN;
use super::restore::EXISTS;
use crate::engine::time::Moment;
use crate::ledger::announced::{Announcement, digest};
use crate::ledger::bridge::{self, Bridge};
use crate::ledger::{Broken, Chain, Entry, Fault, Head};

const VERIFYING: &str = "reading the ledger";
/// How many entries are held in memory at once.
const PAGE: i64 = 1_000;

statements! {
    /// Whatever columns an older version left.
    LEDGER = "SELECT * FROM ledger WHERE n > $1 ORDER BY n LIMIT $2";
    STRAY = "SELECT r.first_n FROM removal AS r LEFT JOIN ledger AS l ON l.n = r.n AND l.kind = 'retention' \
             WHERE l.n IS NULL ORDER BY r.n LIMIT 1";
    BRIDGES = "SELECT last_n, bridges FROM removal WHERE last_n >= $1 AND last_n <= $2 AND first_n <= $1";
    KEPT = "SELECT first_n, last_n, bridges, coverage FROM removal WHERE n = $1";
}

/// What a ledger that is whole came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    pub head: Head,
    /// How many entries were taken out, by why; each was announced.
    pub gone: BTreeMap<String, u64>,
    /// The noted head is of an entry that was taken out, so that it says nothing any more.
    pub noted_gone: bool,
}

impl Store {
    /// Checks the whole chain, and against a head that somebody noted before, where there is one.
    pub async fn verify(&self, noted: Option<Head>) -> Result<Head> {
        self.verify_all(noted).await.map(|verified| verified.head)
    }

    /// The same, and says what was taken out.
    pub async fn verify_all(&self, noted: Option<Head>) -> Result<Verified> {
        let mut connection = self.connect_to_read().await?;
        // What is taken out meanwhile must not look like a gap.
        connection.begin_snapshot().await.doing(VERIFYING)?;
        let verified = verify(&mut connection, noted, |_| Ok(())).await;
        connection.close().await.doing(VERIFYING)?;
        verified
    }
}

/// Walks through the ledger as one moment has it; `each` is shown every row that fits.
pub(super) async fn verify(
    connection: &mut Connection,
    noted: Option<Head>,
    mut each: impl FnMut(&Row) -> Result<()>,
) -> Result<Verified> {
    let removals = exists(connection, "removal").await?;
    if removals && let Some(row) = connection.query(STRAY).optional().await.doing(VERIFYING)? {
        let n = row.try_get(0).doing(VERIFYING)?;
        return broken(n, Fault::Unannounced);
    }
    let mut walk = Walk {
        chain: Chain::new(noted),
        noted,
        gone: BTreeMap::new(),
        noted_gone: false,
        runs: Vec::new(),
        uncovered: BTreeSet::new(),
    };
    loop {
        let asked = connection.query(LEDGER).bind(walk.chain.head().n).bind(PAGE);
        let rows = asked.all().await.doing(VERIFYING)?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let entry = entry_of(row)?;
            if removals {
                walk.cross_up_to(connection, entry.n).await?;
            }
            walk.chain.check(&entry, row.try_get("hash").doing(VERIFYING)?)?;
            if entry.kind == "retention" {
                walk.announced(connection, &entry).await?;
            }
            each(row)?;
        }
    }
    if let Some(n) = walk.uncovered.first() {
        return broken(*n, Fault::Unkept);
    }
    Ok(Verified {
        head: walk.chain.end()?,
        gone: walk.gone,
        noted_gone: walk.noted_gone,
    })
}

struct Walk {
    chain: Chain,
    noted: Option<Head>,
    gone: BTreeMap<String, u64>,
    noted_gone: bool,
    /// Runs that are gone, by their first number, of the removals around here, each with its last number.
    runs: Vec<(i64, HashMap<i64, Bridge>)>,
    /// Removals whose coverage is missing, until an entry says that it was taken out.
    uncovered: BTreeSet<i64>,
}

impl Walk {
    /// Goes on to just before entry `n`.
    async fn cross_up_to(&mut self, connection: &mut Connection, n: i64) -> Result<()> {
        loop {
            let expected = self.chain.head().n + 1;
            if expected >= n {
                return Ok(());
            }
            let Some(bridge) = self.bridge_at(connection, expected).await? else {
                return broken(expected, Fault::Missing { next: n });
            };
            if bridge.last >= n {
                return broken(n, Fault::OutOfOrder { after: bridge.last });
            }
            self.noted_gone |= self
                .noted
                .is_some_and(|noted| bridge.first <= noted.n && noted.n < bridge.last);
            self.chain.cross(&bridge)?;
        }
    }

    async fn bridge_at(&mut self, connection: &mut Connection, n: i64) -> Result<Option<Bridge>> {
        let known = |runs: &[(i64, HashMap<i64, Bridge>)]| runs.iter().find_map(|(_, runs)| runs.get(&n).copied());
        if let Some(bridge) = known(&self.runs) {
            return Ok(Some(bridge));
        }
        self.runs.clear();
        let asked = connection.query(BRIDGES).bind(n).bind(n.saturating_add(SPAN));
        for row in asked.all().await.doing(VERIFYING)? {
            let (last, packed) = row.tuple::<(i64, Vec<u8>)>().doing(VERIFYING)?;
            // What cannot be read bridges nothing; its announcement says so as well.
            let runs = bridge::unpack(&packed).unwrap_or_default();
            self.runs
                .push((last, runs.into_iter().map(|run| (run.first, run)).collect()));
        }
        Ok(known(&self.runs))
    }

    /// Holds what an entry announces against what was kept.
    async fn announced(&mut self, connection: &mut Connection, entry: &Entry<'_>) -> Result<()> {
        let Ok(announcement) = serde_json::from_slice::<Announcement>(entry.body) else {
            return broken(entry.n, Fault::Unkept);
        };
        for n in &announcement.coverage_of {
            self.uncovered.remove(n);
        }
        let kept = connection.query(KEPT).bind(entry.n).optional().await.doing(VERIFYING)?;
        let kept = kept.map(|row| row.tuple::<(i64, i64, Vec<u8>, Option<Vec<u8>>)>());
        let (gone, kept) = match (announcement.entries, kept.transpose().doing(VERIFYING)?) {
            (None, None) => return Ok(()),
            (Some(gone), Some(kept)) => (gone, kept),
            _ => return broken(entry.n, Fault::Unkept),
        };
        let (first, last, packed, coverage) = kept;
        let runs = bridge::unpack(&packed).unwrap_or_default();
        let count: u64 = runs.iter().map(Bridge::entries).sum();
        let bounds = (runs.first().map(|run| run.first), runs.last().map(|run| run.last));
        let fits = (first, last) == (gone.first, gone.last)
            && bounds == (Some(first), Some(last))
            && last < entry.n
            && count == gone.count
            && digest(&packed) == gone.bridges;
        let covered = match (&gone.coverage, &coverage) {
            (Some(_), None) => {
                self.uncovered.insert(entry.n);
                true
            }
            (announced, kept) => *announced == kept.as_deref().map(digest),
        };
        if !fits || !covered {
            return broken(entry.n, Fault::Unkept);
        }
        *self.gone.entry(announcement.why).or_default() += count;
        Ok(())
    }
}

fn broken<T>(n: i64, fault: Fault) -> Result<T> {
    Err(Error::Broken(Broken { n, fault }))
}

pub(super) async fn exists(connection: &mut Connection, table: &'static str) -> Result<bool> {
    let asked: Sql = EXISTS;
    let there = connection.query(asked).bind(table).one().await.doing(VERIFYING)?;
    let there: i64 = there.try_get(0).doing(VERIFYING)?;
    Ok(there > 0)
}

fn entry_of(row: &Row) -> Result<Entry<'_>> {
    Ok(Entry {
        n: row.try_get("n").doing(VERIFYING)?,
        received: Moment(row.try_get("received_ms").doing(VERIFYING)?),
        kind: row.try_get("kind").doing(VERIFYING)?,
        office: row.try_get("office").doing(VERIFYING)?,
        source: row.try_get("source").doing(VERIFYING)?,
        id: row.try_get("id").doing(VERIFYING)?,
        time: Moment(row.try_get("time_ms").doing(VERIFYING)?),
        body: row.try_get("body").doing(VERIFYING)?,
        clock: match row.try_get("clock") {
            // A database that an older version left has no such column yet.
            Err(sqlx::Error::ColumnNotFound(_)) => None,
            clock => clock.doing(VERIFYING)?,
        },
    })
}
