//! What can go wrong with the database, in words that say what to do.

use std::path::PathBuf;

use sqlx::migrate::MigrateError;

use crate::ledger::Broken;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} is open for writing in another process{holder}: one process writes; stop the other one first", path.display())]
    InUse { path: PathBuf, holder: String },
    #[error("{doing}: the disk is full; free some space, nothing was written by halves")]
    DiskFull { doing: &'static str },
    #[error(
        "{doing}: the database cannot be written; see to the owner and mode of its file and directory, and whether the file system is mounted read-only"
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
        // SQLite's primary result code is the lowest byte of what it answers (sqlite.org/rescode.html).
        let code = match &error {
            sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<i32>().ok()),
            _ => None,
        };
        match code.map(|code| code & 0xff) {
            Some(5 | 6) => Error::Locked { doing },
            Some(8) => Error::ReadOnly { doing },
            Some(13) => Error::DiskFull { doing },
            Some(14) => Error::CannotOpen { doing },
            Some(11 | 26) => Error::Damaged {
                doing,
                what: error.to_string(),
            },
            _ => Error::Database { doing, error },
        }
    }

    /// Whether the same may succeed later, without anybody stopping the program.
    pub fn passes(&self) -> bool {
        match self {
            Error::DiskFull { .. } | Error::ReadOnly { .. } | Error::Locked { .. } | Error::File { .. } => true,
            Error::Database { error, .. } => {
                matches!(
                    error,
                    sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed
                ) || matches!(error, sqlx::Error::Database(error) if error.code().as_deref().is_some_and(is_io))
            }
            Error::InUse { .. }
            | Error::CannotOpen { .. }
            | Error::Damaged { .. }
            | Error::Newer(_)
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

/// SQLite's code for a failure of the disk, with its details above the lowest byte.
fn is_io(code: &str) -> bool {
    code.parse::<i32>().is_ok_and(|code| code & 0xff == 10)
}
