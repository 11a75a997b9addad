//! `jagaloket booking`: lists of bookings in, and what became of them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::booking::import::{self, Form, List};
use crate::booking::order::{Act, Done, Issued, VisitOrder};
use crate::booking::{Terms, code};
use crate::config::Config;
use crate::engine::event::OfficeId;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::exit::Exit;
use crate::serve;

/// So many bookings fit into a word to the monitor.
const CHUNK: usize = 24;

/// Bookings of applicants: import them, list a day's, say that a passport is ready.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Import(ImportArgs),
    List(ListArgs),
    /// Cancel a booking
    Cancel(OneArgs),
    Ready(ReadyArgs),
    /// Say that a passport was collected
    Collected(OneArgs),
}

/// Import bookings from a list: new ones are issued, known ones changed where they differ. Nothing is imported from a
/// list with a fault.
#[derive(clap::Args, Debug)]
struct ImportArgs {
    /// A CSV with a heading, or JSON Lines (.jsonl)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only read it, and say every fault by row and column
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    who: WhoArgs,
}

/// List a day's bookings; no numbers are shown.
#[derive(clap::Args, Debug)]
struct ListArgs {
    /// The day, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    date: chrono::NaiveDate,
    #[command(flatten)]
    who: WhoArgs,
}

#[derive(clap::Args, Debug)]
struct OneArgs {
    /// The booking's code
    #[arg(value_name = "CODE")]
    code: String,
    #[command(flatten)]
    who: WhoArgs,
}

/// Say that a passport is ready for collection.
#[derive(clap::Args, Debug)]
struct ReadyArgs {
    /// The booking's code
    #[arg(value_name = "CODE")]
    code: String,
    /// The last moment at which it can be collected
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    until: Moment,
    #[command(flatten)]
    who: WhoArgs,
}

#[derive(clap::Args, Debug)]
struct WhoArgs {
    /// Who does it, for the trace
    #[arg(long = "as", value_name = "PERSON", default_value = "cli")]
    who: String,
    /// The office, where there are several
    #[arg(long, value_name = "OFFICE")]
    office: Option<String>,
    /// The configuration file of the running monitor
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    match args.what {
        What::Import(args) => take_in(&args),
        What::List(args) => super::block_on(list(args)),
        What::Cancel(OneArgs { code, who }) => one(&who, Act::Cancel { booking: code }),
        What::Ready(ReadyArgs { code, until, who }) => one(&who, Act::Ready { booking: code, until }),
        What::Collected(OneArgs { code, who }) => one(&who, Act::Collected { booking: code }),
    }
}

/// The roster of the office that is meant.
fn roster(config: &Config, who: &WhoArgs) -> anyhow::Result<Roster> {
    let texts = serve::read_texts(config)?;
    let mut rosters = texts.iter().filter_map(|texts| Roster::parse(&texts.roster).ok());
    match &who.office {
        Some(office) => rosters
            .find(|roster| roster.office.id.as_str() == office)
            .with_context(|| format!("no roster of the configuration is of the office \"{office}\"")),
        None if texts.len() == 1 => rosters.next().context("the roster cannot be read"),
        None => bail!("there are several offices: name one with --office"),
    }
}

fn order(who: &WhoArgs, office: &OfficeId, what: Act) -> VisitOrder {
    VisitOrder {
        office: Some(office.clone()),
        by: who.who.clone(),
        what,
    }
}

fn read(file: &Path, roster: &Roster) -> anyhow::Result<List> {
    let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let lines = file.extension().is_some_and(|end| end == "jsonl" || end == "ndjson");
    let form = if lines { Form::JsonLines } else { Form::Csv };
    Ok(import::read(&text, form, roster.office.zone))
}

fn take_in(args: &ImportArgs) -> anyhow::Result<Exit> {
    let config = Config::load(&args.who.config)?;
    let roster = roster(&config, &args.who)?;
    let list = read(&args.file, &roster)?;
    for fault in &list.faults {
        eprintln!("{}: {fault}", args.file.display());
    }
    if !list.faults.is_empty() {
        let (faults, good) = (list.faults.len(), list.bookings.len());
        eprintln!("error: {faults} faults; nothing was imported ({good} other bookings are right)");
        return Ok(Exit::Failed);
    }
    if args.dry_run {
        println!("{} bookings are right; nothing was imported", list.bookings.len());
        return Ok(Exit::Done);
    }
    let (mut new, mut changed, mut same) = (0, 0, 0);
    for bookings in list.bookings.chunks(CHUNK) {
        let bookings = bookings.to_vec();
        let order = order(&args.who, &roster.office.id, Act::Issue { bookings });
        let Done::Issued { codes } = serve::visit(&config.control, &order)?? else {
            bail!("the monitor answered something else");
        };
        for (code, issued) in codes {
            match issued {
                Issued::New => new += 1,
                Issued::Changed => changed += 1,
                Issued::Unchanged => same += 1,
            }
            println!("{}", code::shown(&code));
        }
    }
    eprintln!("{new} issued, {changed} changed, {same} as they were");
    Ok(Exit::Done)
}

fn one(who: &WhoArgs, act: Act) -> anyhow::Result<Exit> {
    let config = Config::load(&who.config)?;
    let roster = roster(&config, who)?;
    match serve::visit(&config.control, &order(who, &roster.office.id, act))? {
        Ok(_) => Ok(Exit::Done),
        Err(refusal) => {
            eprintln!("error: {refusal}");
            Ok(Exit::Failed)
        }
    }
}

async fn list(args: ListArgs) -> anyhow::Result<Exit> {
    let config = Config::load(&args.who.config)?;
    let roster = roster(&config, &args.who)?;
    let store = super::incident::open(&args.who.config).await?;
    let rows = store
        .bookings(roster.office.id.as_str(), &args.date.to_string(), 10_000)
        .await?;
    let now = crate::clock::MonitorClock::Wall.now();
    let late_ms = Terms::default().late_ms;
    for row in &rows {
        let state = match row.state.as_str() {
            "issued" | "changed" if now > row.until.plus_ms(late_ms) => "lapsed",
            other => other,
        };
        println!(
            "{:<10} {} {:<9} {:<5} {} {}{}",
            code::shown(&row.code),
            row.from.local(roster.office.zone).format("%H:%M"),
            state,
            row.initials,
            row.nationality,
            row.service,
            if row.twin { ", let in twice" } else { "" }
        );
    }
    eprintln!("{} bookings", rows.len());
    Ok(Exit::Done)
}
