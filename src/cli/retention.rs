//! `jagaloket retention`.

mod hold;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::clock::MonitorClock;
use crate::config::{self, Config};
use crate::engine::time::{Moment, Span};
use crate::exit::Exit;
use crate::retention::{Counts, Judging, Retention, Standing};
use crate::serve::{self, Answer};
use crate::store::{Bounds, Store};

/// Look after what is kept how long, and what a legal hold keeps longer.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Show(ShowArgs),
    Run(RunArgs),
    Hold(hold::Args),
}

/// Show what is kept how long, how much of it there is, and what a run would let go now. Nothing is changed.
#[derive(clap::Args, Debug)]
struct ShowArgs {
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Let go now of what was kept long enough, as the monitor does each night.
///
/// A running monitor is asked to do it, and goes on watching meanwhile; where none runs, this command does it itself.
/// Heartbeats are packed, names go from incidents that are over, words from letters, old messages from quarantine, and old
/// events from the ledger, but for those on which something still rests. Open incidents and what a hold keeps are left alone. Each step is an entry of the ledger.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket retention show --config /etc/jagaloket/jagaloket.toml
  jagaloket retention run --config /etc/jagaloket/jagaloket.toml
  jagaloket retention hold add --incident 118 --reason \"perkara 12/2026\" --by \"Kepala Kantor\" --config …")]
struct RunArgs {
    /// The configuration file of the monitor
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    match args.what {
        What::Show(args) => show(&args.config),
        What::Run(args) => let_go(&args.config),
        What::Hold(args) => hold::run(args),
    }
}

/// The database beside whoever writes it.
async fn open_to_read(config: &Config) -> anyhow::Result<Store> {
    let place = config.database.clone();
    Store::open_to_read(place.clone())
        .await
        .with_context(|| place.to_string())
}

/// The database as the one who writes it.
async fn open_to_write(config: &Config) -> anyhow::Result<Store> {
    let bounds = Bounds {
        quarantine_rows_max: config.quarantine.rows_max,
        quarantine_bytes_max: config.quarantine.bytes_max,
    };
    Store::open(config.database.clone(), bounds)
        .await
        .context("no monitor answers at its socket, and the database cannot be written here")
}

fn show(config: &Path) -> anyhow::Result<Exit> {
    let config = Config::load(config)?;
    let standing = super::block_on(async {
        let store = open_to_read(&config).await?;
        let retention = of(store, &config);
        retention.show(MonitorClock::Wall.now()).await
    })?;
    print!("{}", told(&standing, &config.retention));
    Ok(Exit::Done)
}

fn of(store: Store, config: &Config) -> Retention {
    Retention {
        store,
        rules: config.retention,
        judging: Judging {
            clock: serve::engine_clock(config.clock),
            settle_after_ms: config.settle_after_ms,
        },
        gentle: false,
    }
}

fn told(standing: &Standing, rules: &config::Retention) -> String {
    let mut out = String::new();
    let mut say = |line: String| {
        out.push_str(&line);
        out.push('\n');
    };
    say(format!("{:<12} {:>8} {:>12} {:>12}", "", "kept", "there", "due now"));
    for shown in &standing.kinds {
        let kept = Span::ms(shown.kept_ms).to_string();
        say(format!(
            "{:<12} {:>8} {:>12} {:>12}",
            shown.kind, kept, shown.there, shown.due
        ));
    }
    let stored = &standing.stored;
    say(format!(
        "\nThe ledger has {} entries with a row each; of others, {} bytes of coverage from {} batches are kept.",
        stored.entries, stored.coverage_bytes, stored.removals
    ));
    say(match &standing.last {
        Some(last) => format!("The last run was at {}: {}.", utc(last.at), gone(&last.said.counts)),
        None => "No run was finished yet.".to_owned(),
    });
    say(match rules.at {
        Some(at) => format!("A running monitor begins one each day at {}.", at.format("%H:%M")),
        None => "A running monitor begins none by itself.".to_owned(),
    });
    match standing.holds.0.len() {
        0 => say("No hold stands.".to_owned()),
        count => {
            say(format!("{count} holds stand:"));
            for hold in &standing.holds.0 {
                say(hold::line(hold));
            }
        }
    }
    out
}

fn utc(at: Moment) -> String {
    at.rfc3339(chrono_tz::UTC)
}

fn gone(counts: &Counts) -> String {
    if counts.is_empty() {
        return "nothing was due".to_owned();
    }
    let counts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    counts.join(", ")
}

fn let_go(config: &Path) -> anyhow::Result<Exit> {
    let config = Config::load(config)?;
    let counts = match serve::ask_to_retain(&config.control)? {
        Some(Answer::Ran(counts)) => counts,
        Some(Answer::Failed(why)) => bail!("{why}"),
        Some(Answer::Held(_)) => bail!("the monitor answered something else"),
        None => super::block_on(async {
            let store = open_to_write(&config).await?;
            let ran = of(store.clone(), &config)
                .run(MonitorClock::Wall.now(), |_, _| {})
                .await;
            store.close().await?;
            ran
        })?,
    };
    println!("{}", gone(&counts));
    Ok(Exit::Done)
}
