//! Takes a backup into a database that is empty, whichever database it came from.

use std::path::Path;

use super::Store;
use super::backup::{Cell, Holds, Reading, Record, Table};
use super::database::{Connection, Sql};
use super::dump::{DERIVED, TABLES};
use super::error::{Doing as _, Error, Result};
use super::insert::{Cells, Insert};
use super::open::Source;
use crate::ledger::Head;
use crate::place::Place;

const RESTORING: &str = "writing what the backup holds";
pub(super) const EXISTS: Sql = Sql {
    sqlite: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
    postgres: "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
};
/// Rows that are written at once.
const PART: usize = 1_000;

impl Store {
    /// Takes a backup into the database at `place`, which must have no rows, and answers the ledger's head, every entry of
    /// it checked where it now stands. A file that is damaged or cut off is refused before anything is written; when
    /// anything else fails, the database is left empty.
    pub async fn restore(place: &Place, file: &Path) -> Result<Head> {
        // All of it is read once before a single row is believed.
        let (tables, head) = read_through(file)?;
        let source = Source::to_write(place.clone()).await?;
        if tables > source.newest() {
            return Err(Error::Newer(tables));
        }
        source.make()?;
        let mut connection = source.connect().await?;
        if has_rows(&mut connection).await? {
            return Err(Error::NotEmpty(place.to_string()));
        }
        clear(&mut connection).await?;
        let restored = async {
            source.migrate_to(&mut connection, tables).await?;
            load(&mut connection, file).await?;
            // What came later than the backup's program.
            source.migrate_to(&mut connection, source.newest()).await?;
            let reader = Store::open_to_read(place.clone()).await?;
            let verified = reader.verify(Some(head)).await;
            reader.close().await?;
            verified
        };
        let restored = restored.await;
        if restored.is_err() {
            clear(&mut connection).await?;
        }
        connection.close().await.doing(RESTORING)?;
        restored
    }
}

async fn has_rows(connection: &mut Connection) -> Result<bool> {
    for (name, all) in TABLES {
        let there = connection.query(EXISTS).bind(name).one().await.doing(RESTORING)?;
        let there: i64 = there.try_get(0).doing(RESTORING)?;
        if there > 0 && connection.query(all).optional().await.doing(RESTORING)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes the tables away, which have no rows or those of a restoring that failed.
async fn clear(connection: &mut Connection) -> Result<()> {
    connection.give_up().await.doing(RESTORING)?;
    for name in ["_sqlx_migrations"]
        .into_iter()
        .chain(DERIVED)
        .chain(TABLES.map(|(name, _)| name).into_iter().rev())
    {
        connection.drop_table(name).await.doing(RESTORING)?;
    }
    Ok(())
}

fn read_through(file: &Path) -> Result<(i64, Head)> {
    let mut reading = Reading::open(file)?;
    loop {
        if let Record::End { head } = reading.next()? {
            return Ok((reading.header.tables, head));
        }
    }
}

/// All rows in one transaction.
async fn load(connection: &mut Connection, file: &Path) -> Result<()> {
    let mut reading = Reading::open(file)?;
    connection.begin().await.doing(RESTORING)?;
    let mut table: Option<Table> = None;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    loop {
        let record = reading.next()?;
        let row = matches!(record, Record::Row(_));
        if let Some(table) = table.as_ref().filter(|_| !row || rows.len() == PART) {
            write(connection, table, &rows).await?;
            rows.clear();
        }
        match record {
            Record::Table(next) => table = Some(next),
            Record::Row(cells) => rows.push(cells),
            Record::End { .. } => return connection.commit().await.doing(RESTORING),
        }
    }
}

async fn write(connection: &mut Connection, table: &Table, rows: &[Vec<Cell>]) -> Result<()> {
    // What stands in a file is no name to put into a statement unless it is one of ours.
    let named = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let ours = TABLES.iter().any(|(name, _)| *name == table.name);
    if !ours || !table.columns.iter().all(|(column, _)| named(column)) {
        return Err(Error::BackupDamaged(format!("it has a table {}", table.name)));
    }
    let columns: Vec<&str> = table.columns.iter().map(|(column, _)| column.as_str()).collect();
    let insert = Insert {
        table: &table.name,
        columns: &columns,
        then: "",
    };
    let put = connection.insert(&insert, rows, |cells, row| put_row(cells, row, table));
    put.await.doing(RESTORING)
}

fn put_row<'r>(cells: &mut Cells<'r>, row: &'r [Cell], table: &Table) {
    for (cell, (_, holds)) in row.iter().zip(&table.columns) {
        match (holds, cell) {
            (Holds::Number, Cell::Number(number)) => cells.number(*number),
            (Holds::Text, Cell::Text(text)) => cells.text(text),
            (Holds::Bytes, Cell::Bytes(bytes)) => cells.bytes(bytes),
            // A cell that is not what its column says has become none; the tables refuse it where it must be there.
            (Holds::Number, _) => cells.number(None),
            (Holds::Text, _) => cells.text_or_null(None::<&str>),
            (Holds::Bytes, _) => cells.bytes_or_null(None),
        };
    }
}
