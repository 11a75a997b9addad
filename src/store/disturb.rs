//! Makes a database slow, full or locked on purpose, and kills its process between any two rows it writes.
//!
//! For a simulation alone: a monitor opens its database without any of this. It works from outside of what is written,
//! by hooks of SQLite on the one connection that writes, so that the statements know nothing of it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

use super::error::{Doing as _, Result};

/// What goes wrong with a database while one process has it open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upset {
    pub death: Option<Death>,
    /// Every so manieth commit takes `slow_ms` longer; 0: none does.
    pub slow_every: u64,
    pub slow_ms: u64,
    /// So many connections that write find a disk with only so many free pages.
    pub full_times: u64,
    pub full_pages: i64,
    /// How long a statement waits for whoever holds a lock.
    pub patience_ms: i64,
}

/// When the process is killed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Death {
    /// Behind so many rows written, wherever in a transaction that is. What the disk holds then is found under `left`.
    Row { rows: u64, left: PathBuf },
    /// Right behind so many commits: whoever waits for the last one never hears of it.
    Commit { commits: u64 },
}

/// An upset at work.
#[derive(Debug)]
pub struct Disturbance {
    upset: Upset,
    path: PathBuf,
    rows: AtomicU64,
    commits: AtomicU64,
    full_left: AtomicU64,
    calm: AtomicBool,
    dead: AtomicBool,
    /// Why the files could not be kept as they were.
    failed: Mutex<Option<std::io::Error>>,
    slowed: AtomicU64,
    filled: AtomicU64,
}

impl Disturbance {
    pub fn new(path: &Path, upset: Upset) -> Disturbance {
        Disturbance {
            path: path.to_path_buf(),
            rows: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            full_left: AtomicU64::new(upset.full_times),
            calm: AtomicBool::new(false),
            dead: AtomicBool::new(false),
            failed: Mutex::new(None),
            slowed: AtomicU64::new(0),
            filled: AtomicU64::new(0),
            upset,
        }
    }

    /// Nothing goes wrong any more.
    pub fn calm(&self) {
        self.calm.store(true, Ordering::Release);
    }

    /// Whether the process counts as killed: nothing it still does reaches the disk, and nobody may listen to it.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }

    /// Where the next process finds the database.
    pub fn left(&self) -> std::io::Result<PathBuf> {
        let failed = self.failed.lock().ok().and_then(|mut failed| failed.take());
        match (failed, &self.upset.death) {
            (Some(error), _) => Err(error),
            (None, Some(Death::Row { left, .. })) if self.is_dead() => Ok(left.clone()),
            (None, _) => Ok(self.path.clone()),
        }
    }

    /// Commits that took longer, and connections that found no room.
    pub fn figures(&self) -> (u64, u64) {
        (self.slowed.load(Ordering::Relaxed), self.filled.load(Ordering::Relaxed))
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Acquire)
    }

    /// Hears of everything that this connection writes.
    pub(super) async fn attach(self: &std::sync::Arc<Self>, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        pragma(connection, "busy_timeout", self.upset.patience_ms).await?;
        let full = |left: u64| left.checked_sub(1);
        if !self.is_calm()
            && self
                .full_left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, full)
                .is_ok()
        {
            let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
                .fetch_one(&mut *connection)
                .await?;
            pragma(connection, "max_page_count", pages + self.upset.full_pages).await?;
            self.filled.fetch_add(1, Ordering::Relaxed);
        }
        let mut handle = connection.lock_handle().await?;
        let this = self.clone();
        handle.set_update_hook(move |_| this.row());
        let this = self.clone();
        handle.set_commit_hook(move || this.commit());
        Ok(())
    }

    /// Called on SQLite's own thread, which does nothing else meanwhile: the files stand still.
    fn row(&self) {
        let row = self.rows.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(Death::Row { rows, left }) = &self.upset.death
            && *rows == row
            && !self.is_calm()
        {
            if let Err(error) = copy(&self.path, left)
                && let Ok(mut failed) = self.failed.lock()
            {
                *failed = Some(error);
            }
            self.dead.store(true, Ordering::Release);
        }
    }

    /// Answers whether the commit may go on.
    fn commit(&self) -> bool {
        if self.is_dead() {
            return false;
        }
        let commit = self.commits.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_calm() {
            return true;
        }
        if self.upset.slow_every > 0 && commit.is_multiple_of(self.upset.slow_every) {
            self.slowed.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(self.upset.slow_ms));
        }
        if self.upset.death == (Some(Death::Commit { commits: commit })) {
            self.dead.store(true, Ordering::Release);
        }
        true
    }
}

async fn pragma(connection: &mut SqliteConnection, name: &str, value: i64) -> sqlx::Result<()> {
    let sql = AssertSqlSafe(format!("PRAGMA {name} = {value}"));
    sqlx::query(sql).fetch_all(connection).await.map(drop)
}

/// The database and its log, as the disk holds them at this moment.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(from, to)?;
    let log = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        PathBuf::from(name)
    };
    match std::fs::copy(log(from), log(to)) {
        // Without a log there is nothing in it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done.map(drop),
    }
}

/// A lock on a database, held as another program would.
#[derive(Debug)]
pub struct Lock(SqliteConnection);

impl Lock {
    pub async fn take(path: &Path) -> Result<Lock> {
        let doing = "locking the database";
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(Duration::from_millis(20));
        let mut connection = options.connect().await.doing(doing)?;
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut connection)
            .await
            .doing(doing)?;
        Ok(Lock(connection))
    }

    pub async fn release(self) -> Result<()> {
        self.0.close().await.doing("unlocking the database")
    }
}
