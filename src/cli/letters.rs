//! `jagaloket letters`.

mod preview;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::accounts::Scope;
use crate::clock::MonitorClock;
use crate::config::Config;
use crate::exit::Exit;
use crate::store::read::{LetterRow, LetterState};
use crate::store::{Revived, Store};

/// So many are listed unless more are asked for.
const LISTED: usize = 100;

/// Look after letters that could not be sent, or at how they will read. The monitor may go on running.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    List(ListArgs),
    Retry(RetryArgs),
    Preview(preview::PreviewArgs),
}

/// List letters that wait or were given up, with the mail server's last words; the newest first.
#[derive(clap::Args, Debug)]
struct ListArgs {
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How many of each
    #[arg(long, value_name = "NUMBER", default_value_t = LISTED)]
    count: usize,
}

/// Try letters again that were given up, as if they had never been tried.
///
/// Each goes to the address it was written for, under its first Message-ID. A running monitor sends them within seconds.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket letters list --config /etc/jagaloket/jagaloket.toml
  jagaloket letters retry 118 --config /etc/jagaloket/jagaloket.toml
  jagaloket letters retry --all-dead --config /etc/jagaloket/jagaloket.toml")]
struct RetryArgs {
    /// The letter's number
    #[arg(value_name = "N", required_unless_present = "all_dead", conflicts_with = "all_dead")]
    letter: Option<i64>,
    /// Every letter that was given up
    #[arg(long)]
    all_dead: bool,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    match args.what {
        What::List(args) => super::block_on(list(args)),
        What::Retry(args) => super::block_on(retry(args)),
        What::Preview(args) => preview::preview(&args),
    }
}

async fn open(config: &Path) -> anyhow::Result<Store> {
    let place = Config::load(config)?.database;
    Store::open_to_read(place.clone())
        .await
        .with_context(|| place.to_string())
}

async fn list(args: ListArgs) -> anyhow::Result<Exit> {
    let store = open(&args.config).await?;
    for state in [LetterState::Dead, LetterState::Waiting] {
        for letter in store.letters(&Scope::whole(), Some(state), None, args.count).await? {
            println!("{}", line(&letter));
        }
    }
    let counts = store.outbox_counts().await?;
    eprintln!("{} given up, {} waiting", counts.dead, counts.waiting);
    Ok(Exit::Done)
}

fn line(letter: &LetterRow) -> String {
    let kind = letter.kind.as_str();
    let incident = letter.incident.map_or(String::new(), |n| format!("incident {n}, "));
    let words = super::plain(letter.last_error.as_deref().unwrap_or("not tried yet"));
    format!(
        "{:>6}  {:<7}  {}  {kind} for {}, {incident}{} attempts: {words}",
        letter.n,
        letter.state().as_str(),
        letter.created.rfc3339(chrono_tz::UTC),
        letter.person,
        letter.attempts
    )
}

async fn retry(args: RetryArgs) -> anyhow::Result<Exit> {
    let store = open(&args.config).await?;
    let which = args.letter.map_or(Revived::All, Revived::One);
    let revived = store.revive(which, MonitorClock::Wall.now()).await?;
    match args.letter {
        Some(n) if revived == 0 => bail!("there is no letter {n} that was given up"),
        _ => println!("{revived} letters are tried again"),
    }
    Ok(Exit::Done)
}
