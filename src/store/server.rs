//! PostgreSQL: how to connect, what is demanded of a server, and the lock that lets one process write.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool};

use super::database::{answered, within};
use super::error::{Doing as _, Error, Result};
use super::open::OPENING;
use crate::place::Server;

const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long the lock is waited for. A process that was killed leaves it to its connection, which the server closes when
/// it hears of it.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
const LOCK_ASKED_EVERY: Duration = Duration::from_millis(20);
/// An advisory lock is a number that all who use a database agree on: "jagaloke" in ASCII.
const LOCK: i64 = i64::from_be_bytes(*b"jagaloke");

pub(super) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

fn options(server: &Server) -> Result<PgConnectOptions> {
    // What is wrong is said without the address, for it may hold a password.
    let mut options: PgConnectOptions = server.url().parse().map_err(|_| Error::Address)?;
    if let Some(password) = &server.password {
        options = options.password(password);
    }
    if let Some(ca) = &server.ca {
        options = options.ssl_root_cert(ca);
    }
    if !server.says_sslmode() {
        let mode = match is_local(&options) {
            true => PgSslMode::Disable,
            false => PgSslMode::VerifyFull,
        };
        options = options.ssl_mode(mode);
    }
    let options = options
        .application_name("jagaloket")
        .statement_cache_capacity(200)
        .options([
            // What is acknowledged must outlive a power cut, whatever the server's own default.
            ("synchronous_commit", "on"),
            ("default_transaction_isolation", "read committed"),
            ("lock_timeout", "10s"),
            // Sooner than we give the server up, so that it does not go on with what nobody waits for.
            ("statement_timeout", "50s"),
            ("idle_in_transaction_session_timeout", "0"),
            // A machine that vanished must not hold the lock for hours.
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ])
        // Statements carry no values, but they are long and tell nobody anything.
        .disable_statement_logging();
    Ok(options)
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.to_canonical().is_loopback())
}

fn options_to_read(server: &Server) -> Result<PgConnectOptions> {
    Ok(options(server)?.options([("default_transaction_read_only", "on")]))
}

/// A connection of its own that cannot write.
pub(super) async fn connect_to_read(server: &Server) -> Result<PgConnection> {
    within(CONNECT_MAX, options_to_read(server)?.connect())
        .await
        .doing(OPENING)
}

/// Connections that cannot write.
pub(super) fn readers(server: &Server) -> Result<PgPool> {
    let options = options_to_read(server)?;
    Ok(PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(CONNECT_MAX)
        .connect_lazy_with(options))
}

/// A connection that may write a few words beside the one process that holds the lock.
pub(super) async fn connect_beside(server: &Server) -> Result<PgConnection> {
    within(CONNECT_MAX, options(server)?.connect()).await.doing(OPENING)
}

/// The connection that writes. The lock lives as long as it: whatever it commits, it commits as the only one.
pub(super) async fn connect(server: &Server) -> Result<PgConnection> {
    // Every turn asks by index. A plan made while a table was small, or before the server had counted its rows, would read
    // the whole of it with every turn until it has.
    let options = options(server)?.options([("enable_seqscan", "off")]);
    let mut connection = within(CONNECT_MAX, options.connect()).await.doing(OPENING)?;
    demand(&mut connection).await?;
    let attempts = LOCK_PATIENCE.as_millis() / LOCK_ASKED_EVERY.as_millis();
    for _ in 0..attempts {
        let asked = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LOCK);
        if answered(asked.fetch_one(&mut connection)).await.doing(OPENING)? {
            return Ok(connection);
        }
        tokio::time::sleep(LOCK_ASKED_EVERY).await;
    }
    let holder = holder(&mut connection).await?;
    connection.close().await.doing(OPENING)?;
    Err(Error::InUse {
        place: server.to_string(),
        holder,
    })
}

/// What we need of a server, said before anything else fails over it.
async fn demand(connection: &mut PgConnection) -> Result<()> {
    let asked = sqlx::query_as::<_, (i32, String, bool, bool)>(
        "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding'), \
         pg_is_in_recovery(), current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean",
    );
    let (version, encoding, standby, syncs) = answered(asked.fetch_one(connection)).await.doing(OPENING)?;
    if version < 130_000 {
        return Err(Error::Unfit(format!(
            "it is PostgreSQL {}, and 13 or later is needed",
            version / 10_000
        )));
    }
    if encoding != "UTF8" {
        return Err(Error::Unfit(format!(
            "the database's encoding is {encoding}: create it anew with ENCODING 'UTF8' TEMPLATE template0"
        )));
    }
    if standby {
        return Err(Error::ReadOnly { doing: OPENING });
    }
    if !syncs {
        tracing::warn!(
            "the PostgreSQL server runs with fsync or full_page_writes off: a power cut can lose or damage what was acknowledged"
        );
    }
    Ok(())
}

async fn holder(connection: &mut PgConnection) -> Result<String> {
    let asked = sqlx::query_as::<_, (i32, Option<String>)>(
        "SELECT a.pid, host(a.client_addr) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.datname = current_database() \
         AND (l.classid::bigint << 32) | l.objid::bigint = $1",
    );
    let holder = answered(asked.bind(LOCK).fetch_optional(connection))
        .await
        .doing(OPENING)?;
    Ok(match holder {
        Some((pid, Some(address))) => format!(" on {address} (the server's process {pid})"),
        Some((pid, None)) => format!(" (the server's process {pid})"),
        None => String::new(),
    })
}
