//! Many rows at once, which is where the speed of a large turn comes from. Each database takes them in its own way:
//! SQLite as a list of values, PostgreSQL as one array a column.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::Hash;

use sqlx::Arguments as _;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments};

use super::database::{Connection, answered, made};

/// So many rows go to PostgreSQL in one statement.
const ARRAY_MAX: usize = 1_000;

/// A table's columns, in the order in which a row's cells are put.
#[derive(Clone, Copy, Debug)]
pub(super) struct Insert<'t> {
    pub table: &'t str,
    pub columns: &'t [&'t str],
    /// What follows the rows: what happens where one is there already.
    pub then: &'t str,
}

/// Where rows put their cells, in the order of the columns; `None` is NULL.
pub(super) enum Cells<'r> {
    Sqlite(SqliteArguments),
    Postgres { columns: Vec<Column<'r>>, next: usize },
}

pub(super) enum Column<'r> {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<Cow<'r, str>>>),
    Bytes(Vec<Option<&'r [u8]>>),
}

impl<'r> Cells<'r> {
    pub fn number(&mut self, number: impl Into<Option<i64>>) -> &mut Self {
        let number = number.into();
        match self {
            Cells::Sqlite(arguments) => add(arguments.add(number)),
            Cells::Postgres { columns, next } => match column(columns, next, || Column::Numbers(Vec::new())) {
                Column::Numbers(numbers) => numbers.push(number),
                _ => unreachable!("a table's rows put the same kinds of cells"),
            },
        }
        self
    }

    pub fn text(&mut self, text: impl Into<Cow<'r, str>>) -> &mut Self {
        self.text_or_null(Some(text))
    }

    pub fn text_or_null(&mut self, text: Option<impl Into<Cow<'r, str>>>) -> &mut Self {
        let text = text.map(Into::into);
        match self {
            Cells::Sqlite(arguments) => add(arguments.add(text)),
            Cells::Postgres { columns, next } => match column(columns, next, || Column::Texts(Vec::new())) {
                Column::Texts(texts) => texts.push(text.map(without_nul)),
                _ => unreachable!("a table's rows put the same kinds of cells"),
            },
        }
        self
    }

    pub fn bytes(&mut self, bytes: &'r [u8]) -> &mut Self {
        self.bytes_or_null(Some(bytes))
    }

    pub fn bytes_or_null(&mut self, bytes: Option<&'r [u8]>) -> &mut Self {
        match self {
            Cells::Sqlite(arguments) => add(arguments.add(bytes)),
            Cells::Postgres { columns, next } => match column(columns, next, || Column::Bytes(Vec::new())) {
                Column::Bytes(all) => all.push(bytes),
                _ => unreachable!("a table's rows put the same kinds of cells"),
            },
        }
        self
    }
}

fn add(added: Result<(), sqlx::error::BoxDynError>) {
    added.expect("numbers, texts and bytes can be written as themselves");
}

fn column<'a, 'r>(
    columns: &'a mut Vec<Column<'r>>,
    next: &mut usize,
    new: impl FnOnce() -> Column<'r>,
) -> &'a mut Column<'r> {
    if *next == columns.len() {
        columns.push(new());
    }
    *next += 1;
    &mut columns[*next - 1]
}

/// PostgreSQL's texts cannot hold a NUL. No identity has one, so it stands in words for people alone.
pub(super) fn without_nul(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "\u{fffd}")),
        false => text,
    }
}

impl Connection {
    pub async fn insert<'r, T>(
        &mut self,
        insert: &Insert<'_>,
        rows: &'r [T],
        put: impl Fn(&mut Cells<'r>, &'r T),
    ) -> Result<(), sqlx::Error> {
        match self {
            Connection::Sqlite(connection) => {
                let mut rows = rows;
                // Few sizes, so that the statements stay prepared.
                for size in [128, 16, 1] {
                    if rows.len() < size {
                        continue;
                    }
                    let sql = insert.values(size);
                    while let Some((some, rest)) = rows.split_at_checked(size) {
                        let mut cells = Cells::Sqlite(SqliteArguments::default());
                        some.iter().for_each(|row| put(&mut cells, row));
                        if let Cells::Sqlite(arguments) = cells {
                            made::<Sqlite>(sql.clone(), arguments).execute(&mut *connection).await?;
                        }
                        rows = rest;
                    }
                }
            }
            Connection::Postgres(connection) => {
                for some in rows.chunks(ARRAY_MAX) {
                    let mut cells = Cells::Postgres {
                        columns: Vec::with_capacity(insert.columns.len()),
                        next: 0,
                    };
                    for row in some {
                        if let Cells::Postgres { next, .. } = &mut cells {
                            *next = 0;
                        }
                        put(&mut cells, row);
                    }
                    if let Cells::Postgres { columns, .. } = cells {
                        let (sql, arguments) = insert.arrays(columns);
                        answered(made::<Postgres>(sql, arguments).execute(&mut *connection)).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Insert<'_> {
    /// The placeholders have no numbers: SQLite looks those up one by one for each value, which takes nearly half of
    /// the time of a large turn.
    fn values(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
        format!(
            "INSERT INTO {} ({}) VALUES {}{}",
            self.table,
            self.columns.join(", "),
            vec![row; rows].join(", "),
            self.then
        )
    }

    /// One array a column: one text however many rows there are, and one write to the server.
    fn arrays(&self, columns: Vec<Column<'_>>) -> (String, PgArguments) {
        let mut arguments = PgArguments::default();
        let mut arrays = Vec::with_capacity(columns.len());
        for (at, column) in columns.into_iter().enumerate() {
            let kind = match column {
                Column::Numbers(numbers) => {
                    add(arguments.add(numbers));
                    "bigint"
                }
                Column::Texts(texts) => {
                    add(arguments.add(texts));
                    "text"
                }
                Column::Bytes(bytes) => {
                    add(arguments.add(bytes));
                    "bytea"
                }
            };
            arrays.push(format!("${}::{kind}[]", at + 1));
        }
        let sql = format!(
            "INSERT INTO {} ({}) SELECT * FROM UNNEST({}){}",
            self.table,
            self.columns.join(", "),
            arrays.join(", "),
            self.then
        );
        (sql, arguments)
    }
}

/// Cuts rows so that no part has two of one key: PostgreSQL does not write over a row twice in one statement.
pub(super) fn apart<'r, T, K: Eq + Hash>(mut rows: &'r [T], key: impl Fn(&'r T) -> K) -> Vec<&'r [T]> {
    let mut parts = Vec::new();
    while !rows.is_empty() {
        let mut seen = HashSet::new();
        let end = rows.iter().position(|row| !seen.insert(key(row)));
        let (part, rest) = rows.split_at(end.unwrap_or(rows.len()));
        parts.push(part);
        rows = rest;
    }
    parts
}
