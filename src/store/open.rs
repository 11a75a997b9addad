//! Opens the database: its lock, its file, its tables.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::Mutex;

use super::disturb::Disturbance;
use super::error::{Doing as _, Error, Result};
use super::write::Writer;
use super::{Bounds, Shared, Store};

const OPENING: &str = "opening the database";
/// How long a statement waits for another program that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Where the database is, and who may write it.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Held open, because the lock ends with it, also when the process is killed. `None`: for reading only.
    lock: Option<File>,
    /// For a simulation alone.
    disturbance: Option<Arc<Disturbance>>,
}

impl Store {
    /// Opens the database at `path` for writing, and makes it if there is none. One process may; another one is refused.
    pub async fn open(path: &Path, bounds: Bounds) -> Result<Store> {
        Store::open_disturbed(path, bounds, None).await
    }

    /// The same, and things go wrong while it is written.
    pub async fn open_disturbed(path: &Path, bounds: Bounds, disturbance: Option<Arc<Disturbance>>) -> Result<Store> {
        let place = Place {
            lock: Some(lock(path)?),
            path: path.to_path_buf(),
            disturbance,
        };
        make(path).doing(OPENING)?;
        let mut connection = place.connect().await?;
        MIGRATIONS.run(&mut connection).await.map_err(Error::migrating)?;
        connection.close().await.doing(OPENING)?;
        let writer = Writer::open(&place).await?;
        Ok(Store::of(place, Some(writer), bounds))
    }

    /// Opens the database at `path` for reading, also while another process writes it.
    pub async fn open_to_read(path: &Path) -> Result<Store> {
        if !path.exists() {
            return Err(Error::CannotOpen { doing: OPENING });
        }
        let place = Place {
            path: path.to_path_buf(),
            lock: None,
            disturbance: None,
        };
        Ok(Store::of(place, None, Bounds::default()))
    }

    /// A connection that may write a few words beside the one process that holds the lock.
    pub(super) async fn connect_beside(&self) -> Result<SqliteConnection> {
        let options = options(&self.shared.place.path).synchronous(SqliteSynchronous::Full);
        options.connect().await.doing(OPENING)
    }

    fn of(place: Place, writer: Option<Writer>, bounds: Bounds) -> Store {
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(BUSY_TIMEOUT)
            .test_before_acquire(false)
            .connect_lazy_with(options(&place.path).read_only(true));
        Store {
            shared: Arc::new(Shared {
                readers,
                writer: Mutex::new(writer),
                place,
                bounds,
            }),
        }
    }

    /// Closes every connection, so that nothing is left beside the database's file. Further calls fail or open anew.
    pub async fn close(&self) -> Result<()> {
        self.shared.readers.close().await;
        match self.shared.writer.lock().await.take() {
            Some(writer) => writer.close().await,
            None => Ok(()),
        }
    }
}

impl Place {
    /// A connection that writes.
    pub(super) async fn connect(&self) -> Result<SqliteConnection> {
        if self.lock.is_none() {
            return Err(Error::ReadOnly { doing: OPENING });
        }
        let mut connection = options(&self.path)
            .journal_mode(SqliteJournalMode::Wal)
            // What is acknowledged must outlive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // Identities are looked up all over their index.
            .pragma("cache_size", "-32768")
            .pragma("journal_size_limit", "67108864")
            .connect()
            .await
            .doing(OPENING)?;
        if let Some(disturbance) = &self.disturbance {
            disturbance.attach(&mut connection).await.doing(OPENING)?;
        }
        Ok(connection)
    }
}

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

/// The lock stands beside the database, for SQLite loses its own locks when anybody else closes its file.
fn lock(path: &Path) -> Result<File> {
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
                path: path.to_path_buf(),
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
fn make(path: &Path) -> std::io::Result<()> {
    private(OpenOptions::new().append(true).create(true))
        .open(path)
        .map(drop)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
