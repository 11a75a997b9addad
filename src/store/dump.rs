//! Writes a backup: everything as it stood at one moment, while others go on writing.

use std::fs::{File, OpenOptions};
use std::path::Path;

use futures_util::StreamExt as _;

use super::Store;
use super::backup::{Cell, Header, Table, Writing};
use super::database::{Row, Sql, statements};
use super::error::{Doing as _, Error, Result};
use super::verify::{exists, verify};
use super::words::unreadable;
use crate::ledger::Head;

const DUMPING: &str = "reading for the backup";

statements! {
    VERSION = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations";
}

const LEDGER: &str = "ledger";

/// Every table, those first that others refer to, and what its rows are in order of. A test holds it against the tables
/// that there are.
pub(super) const TABLES: [(&str, Sql); 24] = [
    (LEDGER, both("SELECT * FROM ledger ORDER BY n")),
    ("removal", both("SELECT * FROM removal ORDER BY n")),
    ("quarantine", both("SELECT * FROM quarantine ORDER BY n")),
    (
        "quarantine_count",
        both("SELECT * FROM quarantine_count ORDER BY code, day"),
    ),
    ("incident", both("SELECT * FROM incident ORDER BY n")),
    ("verdict", both("SELECT * FROM verdict ORDER BY n")),
    ("verdict_step", both("SELECT * FROM verdict_step ORDER BY n")),
    ("outbox", both("SELECT * FROM outbox ORDER BY n")),
    ("digest", both("SELECT * FROM digest ORDER BY letter, incident")),
    (
        "device_status",
        both("SELECT * FROM device_status ORDER BY office, device"),
    ),
    ("case_file", both("SELECT * FROM case_file ORDER BY incident")),
    ("case_step", both("SELECT * FROM case_step ORDER BY incident, n")),
    ("exemption", both("SELECT * FROM exemption ORDER BY office, n")),
    ("correction", both("SELECT * FROM correction ORDER BY n")),
    ("looked", both("SELECT * FROM looked ORDER BY n")),
    // Once old events are let go of, nothing else tells these.
    (
        "service_hour",
        both("SELECT * FROM service_hour ORDER BY office, date, hour, counter, officer"),
    ),
    (
        "service_measured",
        both("SELECT * FROM service_measured ORDER BY office"),
    ),
    ("account", both("SELECT * FROM account ORDER BY id")),
    ("role_grant", both("SELECT * FROM role_grant ORDER BY id")),
    ("passkey", both("SELECT * FROM passkey ORDER BY id")),
    ("booking", both("SELECT * FROM booking ORDER BY office, code")),
    // Sealed: without the key beside the database they say nothing.
    (
        "applicant_number",
        both("SELECT * FROM applicant_number ORDER BY office, code"),
    ),
    ("message", both("SELECT * FROM message ORDER BY key")),
    ("contact", both("SELECT * FROM contact ORDER BY id")),
];

/// Tables of what is worked out from the others or soon over; no backup has them.
pub(super) const DERIVED: [&str; 4] = ["snapshot", "session", "account_link", "api_token"];

const fn both(sql: &'static str) -> Sql {
    Sql {
        sqlite: sql,
        postgres: sql,
    }
}

impl Store {
    /// Writes everything to `file`, which must not exist, as it stands at this moment, and answers the ledger's head,
    /// every entry of it checked. A monitor may go on writing. When this fails, there is no file.
    pub async fn backup(&self, file: &Path) -> Result<Head> {
        let mut part = file.as_os_str().to_owned();
        part.push(".part");
        let part = Path::new(&part);
        let doing = "making the backup's file";
        if file.exists() {
            return Err(Error::Exists(file.display().to_string()));
        }
        let made = private()
            .write(true)
            .create(true)
            .truncate(true)
            .open(part)
            .doing(doing)?;
        let written = self.write_backup(made).await;
        if written.is_ok() {
            // Whoever made a file of that name meanwhile keeps it.
            std::fs::hard_link(part, file).doing(doing)?;
        }
        std::fs::remove_file(part).doing(doing)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .doing(doing)?;
        written
    }

    async fn write_backup(&self, file: File) -> Result<Head> {
        let mut connection = self.connect_to_read().await?;
        connection.begin_snapshot().await.doing(DUMPING)?;
        let row = connection.query(VERSION).one().await.doing(DUMPING)?;
        let header = Header {
            tables: row.try_get(0).doing(DUMPING)?,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let mut writing = Writing::new(file, &header)?;
        let mut table = None;
        let verified = verify(&mut connection, None, |row| {
            write_row(&mut writing, LEDGER, &mut table, row)
        })
        .await?;
        for (name, sql) in TABLES {
            if name == LEDGER || !exists(&mut connection, name).await? {
                continue;
            }
            let mut rows = connection.query(sql).stream();
            let mut table = None;
            while let Some(row) = rows.next().await {
                write_row(&mut writing, name, &mut table, &row.doing(DUMPING)?)?;
            }
        }
        connection.close().await.doing(DUMPING)?;
        writing.end(verified.head)?;
        Ok(verified.head)
    }
}

/// The first row of a table says first what columns it has.
fn write_row(writing: &mut Writing, name: &str, table: &mut Option<Table>, row: &Row) -> Result<()> {
    let table = match table {
        Some(table) => table,
        None => {
            let begun = table_of(name, row)?;
            writing.table(&begun)?;
            table.insert(begun)
        }
    };
    let cells = row.cells(table).doing(DUMPING)?;
    writing.row(&cells)
}

fn table_of(name: &str, row: &Row) -> Result<Table> {
    let columns = row.columns().into_iter().map(|(column, holds)| match holds {
        Some(holds) => Ok((column.to_owned(), holds)),
        None => Err(unreadable(name, "a column of a type that no table here has")),
    });
    Ok(Table {
        name: name.to_owned(),
        columns: columns.collect::<Result<_>>()?,
    })
}

/// It holds personal data, so nobody else may read it.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

impl Row {
    fn cells(&self, table: &Table) -> Result<Vec<Cell>, sqlx::Error> {
        use super::backup::Holds;
        let cells = table.columns.iter().enumerate().map(|(at, (_, holds))| {
            let cell = match holds {
                Holds::Number => self.try_get::<Option<i64>, _>(at)?.map(Cell::Number),
                Holds::Text => self.try_get::<Option<String>, _>(at)?.map(Cell::Text),
                Holds::Bytes => self.try_get::<Option<Vec<u8>>, _>(at)?.map(Cell::Bytes),
            };
            Ok(cell.unwrap_or(Cell::Null))
        });
        cells.collect()
    }
}
