//! Two databases with one face: a statement is written once, bound once and read once, whichever of them runs it.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query as Bound;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column as _, ColumnIndex, Connection as _, Decode, Encode, FromRow, PgConnection, PgPool, Postgres,
    Row as _, Sqlite, SqliteConnection, SqlitePool, Type, TypeInfo as _,
};
use std::time::Duration;

use super::backup::Holds;
use crate::accounts::Reach;

/// So long a server may take over one statement. SQLite answers by itself when it has waited for its lock; a server may
/// be gone without a word, and then nothing else would end the waiting.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A statement's text. Both databases take `$1`; where they differ, each has its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sql {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// Declares statements, each once, and lists them as `STATEMENTS`, so that a test can have both databases read them all.
///
/// `"…"` is a text for both. `"…", among(column), "…"` asks for a column to be one of the numbers bound as `$1` by
/// `bind_numbers`. `"…", seen(table), "…"` asks for a row of `incident` or `verdict` to be within the reach bound as `$1`
/// to `$3` by `bind_reach`. `"…", any_of(n), "…"` is the list of texts bound as that parameter by `bind_texts`. `"…", holds(n), "…"`
/// asks for a body in which the bytes bound as that parameter stand.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr $(, $piece:ident($inner:tt), $after:expr)*;)+) => {
        $($(#[$doc])* const $name: crate::store::database::Sql = crate::store::database::Sql {
            sqlite: concat!($text $(, crate::store::database::piece!(sqlite $piece $inner), $after)*),
            postgres: concat!($text $(, crate::store::database::piece!(postgres $piece $inner), $after)*),
        };)+
        #[cfg(test)]
        pub(in crate::store) const STATEMENTS: &[(&str, crate::store::database::Sql)] = &[$((stringify!($name), $name)),+];
    };
}

/// What each database says in its own way.
macro_rules! piece {
    (sqlite among $column:ident) => {
        concat!(stringify!($column), " IN (SELECT value FROM json_each($1))")
    };
    (postgres among $column:ident) => {
        concat!(stringify!($column), " = ANY($1)")
    };
    (sqlite any_of $n:literal) => {
        concat!("(SELECT value FROM json_each($", $n, "))")
    };
    (postgres any_of $n:literal) => {
        concat!("(SELECT value FROM unnest($", $n, "::text[]) AS value)")
    };
    (sqlite holds $n:literal) => {
        concat!("instr(body, $", $n, ") > 0")
    };
    (postgres holds $n:literal) => {
        concat!("position($", $n, " in body) > 0")
    };
    // `accounts::Reach::sees` says the same.
    ($database:ident seen $table:ident) => {
        concat!(
            "((", stringify!($table), ".office || '/' || coalesce(", stringify!($table), ".officer, '')) IN ",
            crate::store::database::piece!($database any_of 1),
            " OR (", stringify!($table), ".officer IS NULL AND (", stringify!($table), ".office || '#' || ",
            stringify!($table), ".class) IN ", crate::store::database::piece!($database any_of 1),
            ") OR (('*' IN ", crate::store::database::piece!($database any_of 2), " OR ", stringify!($table), ".office IN ",
            crate::store::database::piece!($database any_of 2), ") AND (", stringify!($table),
            ".office || '/' || coalesce(", stringify!($table), ".officer, '')) NOT IN ",
            crate::store::database::piece!($database any_of 3), "))"
        )
    };
}
pub(super) use piece;
pub(super) use statements;

/// What can be bound.
pub(super) trait Value<'t>: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres> {}
impl<'t, T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>> Value<'t> for T {}

/// What can be read from a row.
pub(super) trait Cell<'r>: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> {}
impl<'r, T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>> Cell<'r> for T {}

/// Connections that read.
#[derive(Debug)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// One connection.
#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A statement with what is bound to it, and where it will run.
pub(super) enum Query<'c> {
    SqlitePool(Bound<'static, Sqlite, SqliteArguments>, &'c SqlitePool),
    Sqlite(Bound<'static, Sqlite, SqliteArguments>, &'c mut SqliteConnection),
    PostgresPool(Bound<'static, Postgres, PgArguments>, &'c PgPool),
    Postgres(Bound<'static, Postgres, PgArguments>, &'c mut PgConnection),
}

#[derive(Debug)]
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Pool {
    pub fn query(&self, sql: Sql) -> Query<'_> {
        match self {
            Pool::Sqlite(pool) => Query::SqlitePool(sqlx::query(sql.sqlite), pool),
            Pool::Postgres(pool) => Query::PostgresPool(sqlx::query(sql.postgres), pool),
        }
    }

    pub async fn close(&self) {
        match self {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}

impl Connection {
    pub fn query(&mut self, sql: Sql) -> Query<'_> {
        match self {
            Connection::Sqlite(connection) => Query::Sqlite(sqlx::query(sql.sqlite), connection),
            Connection::Postgres(connection) => Query::Postgres(sqlx::query(sql.postgres), connection),
        }
    }

    /// Begins what is written together. Whoever drops the connection before `commit` leaves nothing of it.
    pub async fn begin(&mut self) -> Result<(), sqlx::Error> {
        // At once with the right to write, for a reader that wants to become a writer may have to be refused.
        self.say("BEGIN IMMEDIATE", "BEGIN").await
    }

    /// Begins to read everything as it stands at one moment.
    pub async fn begin_snapshot(&mut self) -> Result<(), sqlx::Error> {
        let snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";
        self.say("BEGIN", snapshot).await
    }

    pub async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.say("COMMIT", "COMMIT").await
    }

    /// Ends a transaction that may have been begun and leaves nothing of it.
    pub async fn give_up(&mut self) -> Result<(), sqlx::Error> {
        match self.say("ROLLBACK", "ROLLBACK").await {
            // SQLite's answer where there was none.
            Err(sqlx::Error::Database(_)) => Ok(()),
            done => done,
        }
    }

    /// `name` is one of our own.
    pub async fn drop_table(&mut self, name: &str) -> Result<(), sqlx::Error> {
        let sql = format!("DROP TABLE IF EXISTS {name}");
        match self {
            Connection::Sqlite(connection) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop),
            Connection::Postgres(connection) => {
                let dropped = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection);
                answered(dropped).await.map(drop)
            }
        }
    }

    async fn say(&mut self, sqlite: &'static str, postgres: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Connection::Sqlite(connection) => sqlx::raw_sql(sqlite).execute(connection).await.map(drop),
            Connection::Postgres(connection) => answered(sqlx::raw_sql(postgres).execute(connection)).await.map(drop),
        }
    }

    pub async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Connection::Sqlite(connection) => connection.close().await,
            Connection::Postgres(connection) => connection.close().await,
        }
    }
}

/// Runs a query in one of the four places, and makes `$then` of what comes.
macro_rules! run {
    ($query:ident, $method:ident, $sqlite:expr, $postgres:expr) => {
        match $query {
            Query::SqlitePool(query, pool) => query.$method(pool).await.map($sqlite),
            Query::Sqlite(query, connection) => query.$method(connection).await.map($sqlite),
            Query::PostgresPool(query, pool) => answered(query.$method(pool)).await.map($postgres),
            Query::Postgres(query, connection) => answered(query.$method(connection)).await.map($postgres),
        }
    };
}

impl<'c> Query<'c> {
    pub fn bind<'t>(self, value: impl Value<'t>) -> Query<'c> {
        match self {
            Query::SqlitePool(query, pool) => Query::SqlitePool(query.bind(value), pool),
            Query::Sqlite(query, connection) => Query::Sqlite(query.bind(value), connection),
            Query::PostgresPool(query, pool) => Query::PostgresPool(query.bind(value), pool),
            Query::Postgres(query, connection) => Query::Postgres(query.bind(value), connection),
        }
    }

    /// For `among`: one parameter for any many.
    pub fn bind_numbers(self, numbers: &[i64]) -> Query<'c> {
        let json = || serde_json::json!(numbers).to_string();
        match self {
            Query::SqlitePool(query, pool) => Query::SqlitePool(query.bind(json()), pool),
            Query::Sqlite(query, connection) => Query::Sqlite(query.bind(json()), connection),
            Query::PostgresPool(query, pool) => Query::PostgresPool(query.bind(numbers), pool),
            Query::Postgres(query, connection) => Query::Postgres(query.bind(numbers), connection),
        }
    }

    /// For `any_of`.
    pub fn bind_texts(self, texts: &[String]) -> Query<'c> {
        let json = || serde_json::json!(texts).to_string();
        match self {
            Query::SqlitePool(query, pool) => Query::SqlitePool(query.bind(json()), pool),
            Query::Sqlite(query, connection) => Query::Sqlite(query.bind(json()), connection),
            Query::PostgresPool(query, pool) => Query::PostgresPool(query.bind(texts.to_vec()), pool),
            Query::Postgres(query, connection) => Query::Postgres(query.bind(texts.to_vec()), connection),
        }
    }

    /// For `seen`: the first three parameters.
    pub fn bind_reach(self, reach: &Reach) -> Query<'c> {
        self.bind_texts(&reach.keys)
            .bind_texts(&reach.offices)
            .bind_texts(&reach.hidden)
    }

    pub async fn all(self) -> Result<Vec<Row>, sqlx::Error> {
        run!(
            self,
            fetch_all,
            |rows| rows.into_iter().map(Row::Sqlite).collect(),
            |rows| rows.into_iter().map(Row::Postgres).collect()
        )
    }

    pub async fn one(self) -> Result<Row, sqlx::Error> {
        run!(self, fetch_one, Row::Sqlite, Row::Postgres)
    }

    pub async fn optional(self) -> Result<Option<Row>, sqlx::Error> {
        run!(self, fetch_optional, |row| row.map(Row::Sqlite), |row| row
            .map(Row::Postgres))
    }

    /// Runs it and answers how many rows it changed.
    pub async fn run(self) -> Result<u64, sqlx::Error> {
        run!(self, execute, |done| done.rows_affected(), |done| done.rows_affected())
    }

    /// Row by row, as they are asked for.
    pub fn stream(self) -> BoxStream<'c, Result<Row, sqlx::Error>> {
        match self {
            Query::SqlitePool(query, pool) => query.fetch(pool).map(|row| row.map(Row::Sqlite)).boxed(),
            Query::Sqlite(query, connection) => query.fetch(connection).map(|row| row.map(Row::Sqlite)).boxed(),
            Query::PostgresPool(query, pool) => query.fetch(pool).map(|row| row.map(Row::Postgres)).boxed(),
            Query::Postgres(query, connection) => query.fetch(connection).map(|row| row.map(Row::Postgres)).boxed(),
        }
    }
}

impl Row {
    pub fn try_get<'r, T: Cell<'r>, I: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>>(
        &'r self,
        column: I,
    ) -> Result<T, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }

    /// The columns' names, and what they hold; `None` for what no table of ours has.
    pub fn columns(&self) -> Vec<(&str, Option<Holds>)> {
        let holds = |kind: &str| match kind {
            "INTEGER" | "INT8" => Some(Holds::Number),
            "TEXT" => Some(Holds::Text),
            "BLOB" | "BYTEA" => Some(Holds::Bytes),
            _ => None,
        };
        match self {
            Row::Sqlite(row) => {
                let columns = row.columns().iter();
                columns
                    .map(|column| (column.name(), holds(column.type_info().name())))
                    .collect()
            }
            Row::Postgres(row) => {
                let columns = row.columns().iter();
                columns
                    .map(|column| (column.name(), holds(column.type_info().name())))
                    .collect()
            }
        }
    }

    /// All columns at once.
    pub fn tuple<'r, T: FromRow<'r, SqliteRow> + FromRow<'r, PgRow>>(&'r self) -> Result<T, sqlx::Error> {
        match self {
            Row::Sqlite(row) => T::from_row(row),
            Row::Postgres(row) => T::from_row(row),
        }
    }
}

/// Gives a server up that does not answer.
pub(super) async fn answered<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    within(ANSWER_MAX, answer).await
}

pub(super) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
        let silent = format!("the database server has not answered for {} s", limit.as_secs());
        Err(sqlx::Error::Io(std::io::Error::new(
            std::io::ErrorKind::TimedOut,
            silent,
        )))
    })
}

/// A statement whose text is made at run time, of nothing but constants.
pub(super) fn made<DB: sqlx::Database>(sql: String, arguments: DB::Arguments) -> Bound<'static, DB, DB::Arguments>
where
    DB::Arguments: sqlx::IntoArguments<DB>,
{
    sqlx::query_with(AssertSqlSafe(sql), arguments)
}
