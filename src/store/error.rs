//! What can go wrong with the database, in words that say what to do.

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

use crate::ledger::Broken;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{place} is open for writing in another process{holder}: one process writes; stop the other one first")]
    InUse { place: String, holder: String },
    #[error(
        "another process wrote to the database while the connection to it was lost, so that what this one holds in memory no longer counts: start it again, and stop the other one"
    )]
    Overtaken,
    #[error("the address of the PostgreSQL server cannot be read: write it like postgres://user@host/database")]
    Address,
    #[error("the PostgreSQL server cannot be used: {0}")]
    Unfit(String),
    #[error("{doing}: the PostgreSQL server refused the login or does not know the database: {what}")]
    Refused { doing: &'static str, what: String },
    #[error("{doing}: the disk is full; free some space, nothing was written by halves")]
    DiskFull { doing: &'static str },
    #[error(
        "{doing}: the disk does not take or give it ({what}); see to the disk, and to quotas and limits of file sizes; nothing was written by halves"
    )]
    Disk { doing: &'static str, what: String },
    #[error(
        "{doing}: the database cannot be written; see to the owner and mode of its file and directory, and whether the file system is mounted read-only; of PostgreSQL, whether the server is a standby"
    )]
    ReadOnly { doing: &'static str },
    #[error("{doing}: the database is locked by another program for too long; close what else has its file open")]
    Locked { doing: &'static str },
    #[error("{doing}: the file cannot be opened; see whether its directory exists and may be entered")]
    CannotOpen { doing: &'static str },
    #[error("{doing}: the file is damaged or not a database of this program: {what}")]
    Damaged { doing: &'static str, what: String },
    #[error(
        "the database was written by a newer version of this program (its table change {0} is unknown here): run that version"
    )]
    Newer(i64),
    #[error("the backup is damaged or cut off, and nothing was written: {0}")]
    BackupDamaged(String),
    #[error("{0} exists already: name a file that does not")]
    Exists(String),
    #[error("{0} is not empty: restore into a new database, then let the configuration name it")]
    NotEmpty(String),
    #[error("the event {id} of {device} is in the ledger already; nothing was written")]
    Known { device: String, id: String },
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("{doing}")]
    File {
        doing: &'static str,
        #[source]
        error: std::io::Error,
    },
    #[error("{doing}")]
    Database {
        doing: &'static str,
        #[source]
        error: sqlx::Error,
    },
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Adds what was being done, once.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|error| Error::new(doing, error))
    }
}

impl<T> Doing<T> for Result<T, std::io::Error> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|error| Error::File { doing, error })
    }
}

impl Error {
    fn new(doing: &'static str, error: sqlx::Error) -> Error {
        let what = || error.to_string();
        match Code::of(&error) {
            Some(Code::Sqlite(5 | 6)) => Error::Locked { doing },
            Some(Code::Sqlite(8)) => Error::ReadOnly { doing },
            Some(Code::Sqlite(10)) => Error::Disk { doing, what: what() },
            Some(Code::Sqlite(13)) => Error::DiskFull { doing },
            Some(Code::Sqlite(14)) => Error::CannotOpen { doing },
            Some(Code::Sqlite(11 | 26)) => Error::Damaged { doing, what: what() },
            Some(Code::Postgres(code)) => match code.as_str() {
                "55P03" => Error::Locked { doing },
                "25006" => Error::ReadOnly { doing },
                "53100" => Error::DiskFull { doing },
                "XX001" | "XX002" => Error::Damaged { doing, what: what() },
                "28000" | "28P01" | "3D000" => Error::Refused { doing, what: what() },
                _ => Error::Database { doing, error },
            },
            _ => Error::Database { doing, error },
        }
    }

    /// Whether the same may succeed later, without anybody stopping the program.
    pub fn passes(&self) -> bool {
        match self {
            Error::DiskFull { .. }
            | Error::Disk { .. }
            | Error::ReadOnly { .. }
            | Error::Locked { .. }
            | Error::File { .. } => true,
            // A connection of our own that the server has not closed yet may hold the lock.
            Error::InUse { .. } => true,
            Error::Database { error, .. } => match Code::of(error) {
                Some(Code::Sqlite(_)) => false,
                Some(Code::Postgres(code)) => passes(&code),
                None => matches!(
                    error,
                    sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed
                ),
            },
            Error::Overtaken
            | Error::Address
            | Error::Unfit(_)
            | Error::Refused { .. }
            | Error::CannotOpen { .. }
            | Error::Damaged { .. }
            | Error::Newer(_)
            | Error::BackupDamaged(_)
            | Error::Exists(_)
            | Error::NotEmpty(_)
            | Error::Known { .. }
            | Error::Broken(_) => false,
        }
    }

    pub(super) fn migrating(error: MigrateError) -> Error {
        let doing = "bringing the database's tables up to date";
        match error {
            MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => Error::Newer(version),
            MigrateError::VersionMismatch(version) => Error::Damaged {
                doing,
                what: format!("its table change {version} is another one than this version's"),
            },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Error::new(doing, error),
            other => Error::Database {
                doing,
                error: sqlx::Error::Migrate(Box::new(other)),
            },
        }
    }
}

/// What a database calls its error.
enum Code {
    /// The primary result code (sqlite.org/rescode.html).
    Sqlite(i32),
    /// The SQLSTATE.
    Postgres(String),
}

impl Code {
    fn of(error: &sqlx::Error) -> Option<Code> {
        let sqlx::Error::Database(error) = error else {
            return None;
        };
        if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
            return Some(Code::Postgres(error.code().to_owned()));
        }
        error.try_downcast_ref::<SqliteError>()?;
        // Details stand above the lowest byte.
        let code = error.code()?.parse::<i32>().ok()?;
        Some(Code::Sqlite(code & 0xff))
    }
}

/// Whether what PostgreSQL says ends by itself: a lost connection (08), resources (53), somebody who stopped, restarted
/// or cancelled (57), a failing disk (58), and what two that wait for each other hear (40).
fn passes(sqlstate: &str) -> bool {
    ["08", "40", "53", "57", "58"]
        .iter()
        .any(|class| sqlstate.starts_with(class))
}
