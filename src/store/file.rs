//! SQLite: its file, the lock beside it, and how to connect.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection, SqlitePool};

use super::error::{Doing as _, Error, Result};
use super::open::OPENING;

/// How long a statement waits for another program that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the lock is tried again, and after which pause.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

pub(super) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(200)
        // Rows cross from SQLite's thread to ours; the default of 50 makes both wait for each other.
        .row_buffer_size(1_000)
        // Statements carry no values, but they are long and tell nobody anything.
        .disable_statement_logging()
}

/// Connections that cannot write.
pub(super) fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(BUSY_TIMEOUT)
        .test_before_acquire(false)
        .connect_lazy_with(options(path).read_only(true))
}

/// A connection that may write a few words beside the one process that holds the lock.
pub(super) async fn connect_beside(path: &Path) -> Result<SqliteConnection> {
    let options = options(path).synchronous(SqliteSynchronous::Full);
    options.connect().await.doing(OPENING)
}

/// A connection of its own that cannot write.
pub(super) async fn connect_to_read(path: &Path) -> Result<SqliteConnection> {
    options(path).read_only(true).connect().await.doing(OPENING)
}

/// The connection that writes, for the process that holds the lock.
pub(super) async fn connect(path: &Path) -> Result<SqliteConnection> {
    options(path)
        .journal_mode(SqliteJournalMode::Wal)
        // What is acknowledged must outlive a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Identities of acts are looked up all over their index.
        .pragma("cache_size", "-16384")
        // What is written again and again goes into the file once: 16 MiB of it at a time.
        .pragma("wal_autocheckpoint", "4000")
        // A statement of many rows keeps what it would undo in a file otherwise.
        .pragma("temp_store", "memory")
        .pragma("journal_size_limit", "67108864")
        .connect()
        .await
        .doing(OPENING)
}

/// Takes the lock, and waits a moment for whoever is about to let go of it: a monitor that ends, or a program that was just
/// started and has not closed what it inherited.
pub(super) async fn lock(path: &Path) -> Result<File> {
    for _ in 0..LOCK_TRIES {
        match try_lock(path) {
            Err(Error::InUse { .. }) => tokio::time::sleep(LOCK_PAUSE).await,
            taken => return taken,
        }
    }
    try_lock(path)
}

/// The lock stands beside the database, for SQLite loses its own locks when anybody else closes its file.
fn try_lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(&name)
        .doing("opening the lock beside the database")?;
    match file.try_lock() {
        Ok(()) => {
            let note = |file: &mut File| -> std::io::Result<()> {
                file.set_len(0)?;
                write!(file, "{}", std::process::id())
            };
            note(&mut file).doing("writing the lock beside the database")?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            // Its number only helps to find it, so a lock that cannot be read is no further fault.
            let read = file.read_to_string(&mut pid);
            let holder = match (read, pid.trim().parse::<u32>()) {
                (Ok(_), Ok(pid)) => format!(", number {pid}"),
                _ => String::new(),
            };
            Err(Error::InUse {
                place: path.display().to_string(),
                holder,
            })
        }
        Err(TryLockError::Error(error)) => Err(Error::File {
            doing: "locking the database",
            error,
        }),
    }
}

/// Makes the file before SQLite does: it holds personal data, so nobody else may read it.
pub(super) fn make(path: &Path) -> std::io::Result<()> {
    private(OpenOptions::new().append(true).create(true))
        .open(path)
        .map(drop)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
