//! `jagaloket retention hold`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use chrono::{NaiveDate, NaiveTime};

use super::{open_to_read, open_to_write, utc};
use crate::cli::plain;
use crate::clock::MonitorClock;
use crate::config::Config;
use crate::engine::time::Moment;
use crate::exit::Exit;
use crate::ledger::hold::{Hold, Released, Wanted, Word};
use crate::replay::read_roster;
use crate::retention;
use crate::serve::{self, Answer};

/// Keep what a case or an inquiry needs, whatever its age, until it is released.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Add(AddArgs),
    List(ListArgs),
    Release(ReleaseArgs),
}

/// Hold an incident, or whatever concerns an officer or an office.
///
/// Of an incident its names, letters and the events it rests on are kept; of an officer or an office every incident and
/// every event, in the time that is named. It is an entry of the ledger, with who ordered it and why.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket retention hold add --incident 118 --reason \"perkara 12/2026\" --by \"Kepala Kantor\" --config jagaloket.toml
  jagaloket retention hold add --officer p-003 --office tangerang --from 2026-11-01 --until 2026-11-30 \\
      --reason \"pemeriksaan Inspektorat\" --by \"Kepala Kantor\" --config jagaloket.toml")]
struct AddArgs {
    /// The number of an incident
    #[arg(long, value_name = "N", conflicts_with_all = ["officer", "office", "from", "until"], required_unless_present_any = ["officer", "office"])]
    incident: Option<i64>,
    /// An officer, by his id in the roster
    #[arg(long, value_name = "ID")]
    officer: Option<String>,
    /// An office; with an officer: him there alone
    #[arg(long, value_name = "ID")]
    office: Option<String>,
    /// The first date, in the zone of the configuration's first office
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// The last date
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
    /// Why, e.g. the number of the case
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who ordered it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The configuration file of the monitor
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// List the holds that stand.
#[derive(clap::Args, Debug)]
struct ListArgs {
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// End a hold. What it kept goes with the next run, where nothing else keeps it.
#[derive(clap::Args, Debug)]
struct ReleaseArgs {
    /// The hold's number
    #[arg(value_name = "N")]
    hold: i64,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who ordered it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The configuration file of the monitor
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    match args.what {
        What::Add(args) => add(args),
        What::List(args) => list(args),
        What::Release(args) => {
            let config = Config::load(&args.config)?;
            let (hold, reason, by) = (args.hold, args.reason, args.by);
            write(&config, &Word::Release(Released { hold, reason, by }))?;
            println!("hold {hold} is released");
            Ok(Exit::Done)
        }
    }
}

fn add(args: AddArgs) -> anyhow::Result<Exit> {
    let config = Config::load(&args.config)?;
    let zone = match (args.from.or(args.until), config.rosters.first()) {
        (Some(_), Some(roster)) => read_roster(roster)?.office.zone,
        _ => chrono_tz::UTC,
    };
    let begin = |date: NaiveDate| -> anyhow::Result<Moment> {
        Moment::of_local(date.and_time(NaiveTime::MIN), zone).context("the date does not begin there")
    };
    let day_after = |date: NaiveDate| begin(date.succ_opt().context("the date is too late")?);
    let wanted = Wanted {
        incident: args.incident,
        officer: args.officer,
        office: args.office,
        from: args.from.map(begin).transpose()?,
        until: args.until.map(day_after).transpose()?,
        reason: args.reason,
        by: args.by,
    };
    let n = write(&config, &Word::Add(wanted))?;
    println!("hold {n} stands");
    Ok(Exit::Done)
}

/// By the running monitor, or here where there is none.
fn write(config: &Config, word: &Word) -> anyhow::Result<i64> {
    let (Word::Add(Wanted { reason, by, .. }) | Word::Release(Released { reason, by, .. })) = word;
    if reason.trim().is_empty() || by.trim().is_empty() {
        bail!("say why, and who ordered it: --reason and --by are empty");
    }
    match serve::ask_to_hold(&config.control, word)? {
        Some(Answer::Held(n)) => Ok(n),
        Some(Answer::Failed(why)) => bail!("{why}"),
        Some(Answer::Ran(_)) => bail!("the monitor answered something else"),
        None => crate::cli::block_on(async {
            let store = open_to_write(config).await?;
            let held = retention::hold(&store, word, MonitorClock::Wall.now()).await;
            store.close().await?;
            held
        }),
    }
}

fn list(args: ListArgs) -> anyhow::Result<Exit> {
    let config = Config::load(&args.config)?;
    let (holds, _) = crate::cli::block_on(async { Ok(open_to_read(&config).await?.holds().await?) })?;
    for hold in &holds.0 {
        println!("{}", line(hold));
    }
    eprintln!("{} holds stand", holds.0.len());
    Ok(Exit::Done)
}

pub(super) fn line(hold: &Hold) -> String {
    let wanted = &hold.wanted;
    let mut what = Vec::new();
    what.extend(wanted.incident.map(|n| format!("incident {n}")));
    what.extend(wanted.officer.as_ref().map(|id| format!("officer {id}")));
    what.extend(wanted.office.as_ref().map(|id| format!("office {id}")));
    what.extend(wanted.from.map(|from| format!("from {}", utc(from))));
    what.extend(wanted.until.map(|until| format!("before {}", utc(until))));
    format!(
        "{:>8}  since {}  {}: {} (by {})",
        hold.n,
        utc(hold.since),
        plain(&what.join(", ")),
        plain(&wanted.reason),
        plain(&wanted.by)
    )
}
