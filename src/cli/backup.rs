//! `jagaloket backup` and `jagaloket restore`.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::config::Config;
use crate::exit::Exit;
use crate::ledger::Head;
use crate::place::Place;
use crate::store::{Error, Result, Store};

/// Write everything the database holds into one file, while the monitor goes on.
///
/// The file holds what stood at one moment: ledger, verdicts, incidents, letters, quarantine. Every entry of the ledger is
/// checked on the way, and its head printed: note it, as `jagaloket ledger verify` tells. Of SQLite and PostgreSQL it is
/// the same file, so that it is also the way from one to the other. It holds personal data and is readable by you alone.
/// Exit code 4 says that the ledger is broken; then there is no file.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket backup --config /etc/jagaloket/jagaloket.toml --to /backup/jagaloket-2026-11-24.backup")]
pub struct BackupArgs {
    #[command(flatten)]
    of: Named,
    /// The file to write, which must not exist
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Take a backup into an empty database.
///
/// The whole file is checked before anything is written: one that is damaged or cut off is refused. Then everything is
/// written, the tables are brought up to date where the backup is of an older version, and the ledger is checked where it
/// now stands. The head that is printed must be the one that `backup` printed. When anything fails, the database is empty.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket restore --config /etc/jagaloket/jagaloket.toml --from /backup/jagaloket-2026-11-24.backup
  jagaloket restore --database postgres://jagaloket@db.example/jagaloket --from jagaloket-2026-11-24.backup")]
pub struct RestoreArgs {
    #[command(flatten)]
    into: Named,
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
struct Named {
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The database: a file, or postgres://…
    #[arg(long, value_name = "PLACE", value_parser = Place::parse)]
    database: Option<Place>,
}

impl Named {
    fn place(self) -> anyhow::Result<Place> {
        match (self.database, self.config) {
            (Some(place), _) => Ok(place),
            (None, Some(config)) => Ok(Config::load(&config)?.database),
            (None, None) => anyhow::bail!("name the database with --config or --database"),
        }
    }
}

pub fn backup(args: BackupArgs) -> anyhow::Result<Exit> {
    let place = args.of.place()?;
    let written = super::block_on(async {
        let store = Store::open_to_read(place.clone())
            .await
            .with_context(|| place.to_string())?;
        Ok(store.backup(&args.to).await)
    })?;
    tell(written, "in the backup")
}

pub fn restore(args: RestoreArgs) -> anyhow::Result<Exit> {
    let place = args.into.place()?;
    let restored = super::block_on(async { Ok(Store::restore(&place, &args.from).await) })?;
    tell(restored, "restored")
}

fn tell(done: Result<Head>, what: &str) -> anyhow::Result<Exit> {
    match done {
        Ok(head) => {
            println!("{head}");
            eprintln!("{} entries {what}, each fits the one before", head.n);
            Ok(Exit::Done)
        }
        Err(error @ Error::Broken(_)) => {
            eprintln!("error: {error}");
            Ok(Exit::LedgerBroken)
        }
        Err(error) => Err(error.into()),
    }
}
