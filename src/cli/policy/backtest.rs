//! `jagaloket policy backtest`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;

use crate::backtest::{self, Dates, Report};
use crate::config::Config;
use crate::engine::roster::Language;
use crate::exit::Exit;
use crate::past::{self, Files, Ledger};
use crate::place::Place;
use crate::replay::{read_policies_of, read_roster};
use crate::store::Store;

/// Tell what other policies would have said of the same past.
///
/// The past is files of events with a roster, as `replay` reads them, or the ledger of a monitor. Both sets of policies
/// are judged in one pass, by the engine that runs live: what would have opened, vanished and moved; by policy,
/// officer, counter and hour; and the mail each person would have had. From a ledger, each moment is compared with the
/// policies that were in force at it, unless --policies names others. A folder's `overlays/OFFICE.toml`
/// counts. Exit code 3 says that lines were rejected.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket policy backtest --config jagaloket.toml --candidate new-policies
  jagaloket policy backtest --candidate new --policies policies --roster r.toml --events 2026-11-*.jsonl.gz
  jagaloket policy backtest --config jagaloket.toml --candidate new --from 2026-10-01 --format html --output new.html")]
pub struct Args {
    /// The folder of the policies to be tried
    #[arg(long, value_name = "DIR")]
    candidate: PathBuf,
    /// The folder of the policies to compare with
    #[arg(long, value_name = "DIR", required_unless_present_any = ["database", "config"])]
    policies: Option<PathBuf>,
    /// The office's roster, for files of events
    #[arg(long, value_name = "FILE", requires = "events")]
    roster: Option<PathBuf>,
    /// Files of events, in any order; .gz and .zst are read as they are, `-` is standard input
    #[arg(long, value_name = "FILES", num_args = 1.., required_unless_present_any = ["database", "config"])]
    #[arg(conflicts_with = "database", requires = "roster")]
    events: Vec<PathBuf>,
    /// The database of a monitor, which may go on running: a file, or postgres://…
    #[arg(long, value_name = "PLACE", value_parser = Place::parse, conflicts_with = "config")]
    database: Option<Place>,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which office, where the ledger has several
    #[arg(long, value_name = "ID", conflicts_with = "events")]
    office: Option<String>,
    /// The first business date to report on
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// The last business date to report on
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// How to tell it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The language of text and page
    #[arg(long, value_enum, default_value = "id")]
    lang: super::super::Lang,
    /// Where to write it, instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// No progress; rejected lines are still told
    #[arg(long, short)]
    quiet: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Format {
    Text,
    Json,
    Html,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        bail!("--from {from} lies after --to {to}");
    }
    let language = args.lang.language();
    let report = judge(&args)?;
    let text = rendered(&report, args.format, language)?;
    match &args.output {
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?,
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(match report.rejected {
        0 => Exit::Done,
        _ => Exit::SomeRejected,
    })
}

fn judge(args: &Args) -> anyhow::Result<Report> {
    let dates = Dates {
        from: args.from,
        to: args.to,
    };
    let config = args.config.as_deref().map(Config::load).transpose()?;
    let mut err = std::io::stderr();
    if let (Some(roster), false) = (&args.roster, args.events.is_empty()) {
        let roster = read_roster(roster)?;
        let office = roster.office.id.clone();
        let candidate = read_policies_of(&args.candidate, &office, None)?;
        let baseline = args
            .policies
            .as_deref()
            .or(config.as_ref().map(|config| &*config.policies));
        let Some(baseline) = baseline else {
            bail!("--events needs --policies to compare with");
        };
        let policies = read_policies_of(baseline, &office, None)?;
        let files = Files {
            files: args.events.clone(),
            roster,
            policies,
            quiet: args.quiet,
        };
        return past::backtest(files, candidate, dates, &mut err);
    }
    let ledger = open_ledger(args.database.as_ref(), config.as_ref(), args.office.as_deref())?;
    let of = |folder: &Path| read_policies_of(folder, &ledger.office, None);
    let candidate = of(&args.candidate)?;
    let baseline = args.policies.as_deref().map(of).transpose()?;
    past::backtest_ledger(&ledger, baseline, candidate, dates, &mut err)
}

const DAY_MS: i64 = 86_400_000;

/// Where the database is that an address or a configuration names, and how far back its monitor judges again.
pub fn store_place(database: Option<&Place>, config: Option<&Config>) -> anyhow::Result<(Place, i64)> {
    match (database, config) {
        (Some(place), _) => Ok((place.clone(), 14 * DAY_MS)),
        (None, Some(config)) => Ok((config.database.clone(), config.settle_after_ms)),
        (None, None) => bail!("name the ledger with --config or --database"),
    }
}

/// The ledger that an address or a configuration names.
fn open_ledger(database: Option<&Place>, config: Option<&Config>, office: Option<&str>) -> anyhow::Result<Ledger> {
    let (place, settle_after_ms) = store_place(database, config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = runtime
        .block_on(Store::open_to_read(place.clone()))
        .with_context(|| place.to_string())?;
    Ledger::open(store, runtime, office, settle_after_ms)
}

fn rendered(report: &Report, format: Format, language: Language) -> anyhow::Result<String> {
    Ok(match format {
        Format::Text => {
            let mut text = String::new();
            backtest::write_text(report, language, &mut text)?;
            text
        }
        Format::Json => format!("{:#}\n", report.json()),
        Format::Html => backtest::page(report, language),
    })
}
