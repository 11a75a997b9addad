//! `jagaloket ledger`.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::config::Config;
use crate::daemon;
use crate::exit::Exit;
use crate::ledger::Head;
use crate::place::Place;
use crate::serve;
use crate::store::{Error, Store, Verified};

/// Look after the ledger, in which everything accepted stands.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Verify(VerifyArgs),
}

/// Check that nothing in the ledger was changed, removed or reordered.
///
/// It prints the ledger's head: the number of entries and the hash of the last one. Note it where nobody can change
/// it (on paper, in a letter): checked against a head noted before, the ledger cannot have been cut off or written anew.
/// The monitor may go on running. Exit code 4 says that the ledger is broken, and where.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket ledger verify --config /etc/jagaloket/jagaloket.toml
  jagaloket ledger verify --database backup.db --head 118204:9f8a…64 digits")]
struct VerifyArgs {
    /// The configuration file that names the database
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "database",
        conflicts_with = "database"
    )]
    config: Option<PathBuf>,
    /// The database: a file, or postgres://…
    #[arg(long, value_name = "PLACE", value_parser = Place::parse)]
    database: Option<Place>,
    /// A head noted before, as this command printed it
    #[arg(long, value_name = "HEAD")]
    head: Option<Head>,
    /// Also judge the whole ledger anew, and hold what was kept for the next start against what comes of it
    #[arg(long, requires = "config")]
    snapshots: bool,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let What::Verify(args) = args.what;
    let config = args.config.map(|config| Config::load(&config)).transpose()?;
    let place = match (args.database, &config) {
        (Some(place), _) => place,
        (None, Some(config)) => config.database.clone(),
        // The arguments demand one of them.
        (None, None) => return Ok(Exit::Usage),
    };
    let verified = super::block_on(async {
        let store = Store::open_to_read(place.clone())
            .await
            .with_context(|| place.to_string())?;
        Ok(store.verify_all(args.head).await)
    })?;
    match verified {
        Ok(verified) => {
            println!("{}", verified.head);
            eprintln!("{}", told(&verified));
            match config.filter(|_| args.snapshots) {
                Some(config) => snapshots(&config),
                None => Ok(Exit::Done),
            }
        }
        Err(error @ Error::Broken(_)) => {
            eprintln!("error: {error}");
            Ok(Exit::LedgerBroken)
        }
        Err(error) => Err(error.into()),
    }
}

fn snapshots(config: &Config) -> anyhow::Result<Exit> {
    let clock = serve::engine_clock(config.clock);
    let keep_ms = config.settle_after_ms + daemon::DAY_MS;
    let held = super::block_on(async {
        let store = Store::open_to_read(config.database.clone()).await?;
        daemon::check_snapshots(&store, clock, keep_ms).await
    })?;
    for one in &held {
        match one.differs.as_slice() {
            [] => eprintln!(
                "the snapshot of {} at entry {} says what the ledger says",
                one.office, one.ledger_n
            ),
            differs => eprintln!(
                "error: the snapshot of {} at entry {} differs from the ledger in: {}",
                one.office,
                one.ledger_n,
                differs.join(", ")
            ),
        }
    }
    if held.is_empty() {
        eprintln!("there is no snapshot that a start could use");
    }
    match held.iter().all(|one| one.differs.is_empty()) {
        true => Ok(Exit::Done),
        false => Ok(Exit::Failed),
    }
}

fn told(verified: &Verified) -> String {
    let mut text = format!("{} entries, each fits the one before", verified.head.n);
    let gone: u64 = verified.gone.values().sum();
    if gone > 0 {
        let why: Vec<String> = verified
            .gone
            .iter()
            .map(|(why, count)| format!("{count} as {why}"))
            .collect();
        text += &format!(
            "; {gone} of them were kept long enough and are gone ({}), each announced in the ledger",
            why.join(", ")
        );
    }
    if verified.noted_gone {
        text += "\nthe entry of the noted head is one of those that are gone, so that it proves nothing any more: note a new head";
    }
    text
}
