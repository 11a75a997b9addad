//! Opens a database, whichever it is.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::migrate::Migrator;
use tokio::sync::Mutex;

use super::database::{Connection, Pool, answered};
use super::disturb::Disturbance;
use super::error::{Doing as _, Error, Result};
use super::write::Writer;
use super::{Bounds, Shared, Store, Writing, file, server};
use crate::place::{Place, Server};

pub(super) const OPENING: &str = "opening the database";

/// Where connections are made, and whether they may write.
#[derive(Debug)]
pub(super) enum Source {
    /// The lock is held open, because it ends with it, also when the process is killed. `None`: for reading only.
    File {
        path: PathBuf,
        lock: Option<File>,
        /// For a simulation alone.
        disturbance: Option<Arc<Disturbance>>,
    },
    /// The lock is the writing connection's own.
    Server { server: Server, writes: bool },
}

impl Store {
    /// Opens the database at `place` for writing, and makes its tables (SQLite: its file) where there are none. One
    /// process may; another one is refused.
    pub async fn open(place: impl Into<Place>, bounds: Bounds) -> Result<Store> {
        let source = Source::to_write(place.into()).await?;
        source.make_tables().await?;
        let writer = Writer::open(&source).await?;
        Store::of(source, Some(writer), bounds)
    }

    /// Opens a file for writing, and things go wrong with it.
    pub async fn open_disturbed(path: &Path, bounds: Bounds, disturbance: Arc<Disturbance>) -> Result<Store> {
        let mut source = Source::to_write(Place::File(path.to_path_buf())).await?;
        source.make_tables().await?;
        if let Source::File { disturbance: none, .. } = &mut source {
            *none = Some(disturbance);
        }
        let writer = Writer::open(&source).await?;
        Store::of(source, Some(writer), bounds)
    }

    /// Opens the database at `place` for reading, also while another process writes it.
    pub async fn open_to_read(place: impl Into<Place>) -> Result<Store> {
        let source = match place.into() {
            Place::File(path) if !path.exists() => return Err(Error::CannotOpen { doing: OPENING }),
            Place::File(path) => Source::File {
                path,
                lock: None,
                disturbance: None,
            },
            Place::Server(server) => Source::Server { server, writes: false },
        };
        Store::of(source, None, Bounds::default())
    }

    fn of(source: Source, writer: Option<Writer>, bounds: Bounds) -> Result<Store> {
        let readers = match &source {
            Source::File { path, .. } => Pool::Sqlite(file::readers(path)),
            Source::Server { server, .. } => Pool::Postgres(server::readers(server)?),
        };
        Ok(Store {
            shared: Arc::new(Shared {
                readers,
                writing: Mutex::new(Writing::of(writer)),
                source,
                bounds,
            }),
        })
    }

    /// A connection that may write a few words beside the one process that holds the lock.
    pub(super) async fn connect_beside(&self) -> Result<Connection> {
        match &self.shared.source {
            Source::File { path, .. } => file::connect_beside(path).await.map(Connection::Sqlite),
            Source::Server { server, .. } => server::connect_beside(server).await.map(Connection::Postgres),
        }
    }

    /// A connection of its own that cannot write.
    pub(super) async fn connect_to_read(&self) -> Result<Connection> {
        match &self.shared.source {
            Source::File { path, .. } => file::connect_to_read(path).await.map(Connection::Sqlite),
            Source::Server { server, .. } => server::connect_to_read(server).await.map(Connection::Postgres),
        }
    }

    /// Closes every connection, so that nothing is left beside the database's file. Further calls fail or open anew.
    pub async fn close(&self) -> Result<()> {
        self.shared.readers.close().await;
        match self.shared.writing.lock().await.writer.take() {
            Some(writer) => writer.close().await,
            None => Ok(()),
        }
    }
}

impl Source {
    pub(super) async fn to_write(place: Place) -> Result<Source> {
        Ok(match place {
            Place::File(path) => Source::File {
                lock: Some(file::lock(&path).await?),
                path,
                disturbance: None,
            },
            Place::Server(server) => Source::Server { server, writes: true },
        })
    }

    /// Makes SQLite's file where there is none. Of a server, somebody made the database before.
    pub(super) fn make(&self) -> Result<()> {
        match self {
            Source::File { path, .. } => file::make(path).doing(OPENING),
            Source::Server { .. } => Ok(()),
        }
    }

    async fn make_tables(&self) -> Result<()> {
        self.make()?;
        let mut connection = self.connect().await?;
        self.migrate_to(&mut connection, self.newest()).await?;
        connection.close().await.doing(OPENING)
    }

    fn migrations(&self) -> &'static Migrator {
        match self {
            Source::File { .. } => &file::MIGRATIONS,
            Source::Server { .. } => &server::MIGRATIONS,
        }
    }

    /// The last table change that this program knows.
    pub(super) fn newest(&self) -> i64 {
        self.migrations().iter().map(|change| change.version).max().unwrap_or(0)
    }

    /// Brings the tables up to one version, on a connection that holds the lock.
    pub(super) async fn migrate_to(&self, connection: &mut Connection, version: i64) -> Result<()> {
        let some = self.migrations().iter().filter(|change| change.version <= version);
        let changes = Migrator::with_migrations(some.cloned().collect());
        match connection {
            Connection::Sqlite(connection) => changes.run(connection).await,
            Connection::Postgres(connection) => {
                // A change of large tables may take its time.
                let patient = sqlx::raw_sql("SET statement_timeout = 0").execute(&mut *connection);
                answered(patient).await.doing(OPENING)?;
                changes.run(connection).await
            }
        }
        .map_err(Error::migrating)
    }

    /// A connection that writes.
    pub(super) async fn connect(&self) -> Result<Connection> {
        match self {
            Source::File { lock: None, .. } | Source::Server { writes: false, .. } => {
                Err(Error::ReadOnly { doing: OPENING })
            }
            Source::File { path, disturbance, .. } => {
                let mut connection = file::connect(path).await?;
                if let Some(disturbance) = disturbance {
                    disturbance.attach(&mut connection).await.doing(OPENING)?;
                }
                Ok(Connection::Sqlite(connection))
            }
            Source::Server { server, .. } => server::connect(server).await.map(Connection::Postgres),
        }
    }
}
