//! `jagaloket simulate faults`.

use std::path::PathBuf;
use std::time::Duration;

use crate::clock;
use crate::exit::Exit;
use crate::faults::{self, Figures, Outcome, Request};
use crate::telemetry::{self, LogFormat};

/// Run the whole monitor against everything that goes wrong, and check that nothing is lost.
///
/// A run is a day at a small office: the real daemon, database and mailer in this process, between a broker that drops
/// its session, repeats and reorders, a clock that drifts and jumps, a database that is locked, full, slow and killed
/// between any two rows it writes, and a mail server that refuses, stalls and dies. Afterwards the ledger must verify,
/// the verdicts must be those of a clean replay, everything acknowledged must be in the ledger once, and everybody who
/// has to be told must have his letters. All of a run follows from its seed.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket simulate faults --runs 2000             seeds nobody has tried, and which they were
  jagaloket simulate faults --seed 7 --verbose      one seed, with its figures
  JAGALOKET_LOG=debug jagaloket simulate faults --seed 7      and what the monitor says meanwhile")]
pub struct FaultsArgs {
    /// The first seed; a fresh one is drawn, and told, where there is none
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How many seeds, one after another
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Tell every run with its figures
    #[arg(long)]
    verbose: bool,
    /// How many runs at a time; by default two for each processor, for a run mostly waits
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=512))]
    at_once: Option<u16>,
    /// Where databases are made and removed again; by default in memory, where there is such a place
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub fn run(args: FaultsArgs) -> anyhow::Result<Exit> {
    // What the monitor logs while everything fails is asked for by those who look for a cause.
    telemetry::start_log(LogFormat::Text, "off")?;
    let seed = args.seed.unwrap_or_else(|| {
        // Short enough to be typed again.
        let seed = fastrand::u64(1..1_000_000_000);
        println!("seeds from {seed}");
        seed
    });
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let request = Request {
        seed,
        runs: args.runs,
        workers: args.at_once.map_or(processors * 2, usize::from),
        folder: args.folder.unwrap_or_else(faults::folder),
    };
    let began = clock::instant();
    let mut all = Figures::default();
    let failed = faults::run(&request, &mut |outcome| {
        all.join(&outcome.figures);
        tell(outcome, args.verbose);
    })?;
    summary(&request, &all, failed, began.elapsed());
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}

fn tell(outcome: &Outcome, verbose: bool) {
    match &outcome.failed {
        Some(why) => println!(
            "seed {} FAILED: {why}; again with: jagaloket simulate faults --seed {}",
            outcome.seed, outcome.seed
        ),
        None if verbose => println!(
            "seed {} passed in {} ms: {}",
            outcome.seed,
            outcome.took.as_millis(),
            told(&outcome.figures)
        ),
        None => {}
    }
}

fn told(figures: &Figures) -> String {
    let figures: Vec<String> = figures
        .0
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    figures.join(", ")
}

fn summary(request: &Request, all: &Figures, failed: u64, took: Duration) {
    let seconds = took.as_secs_f64();
    println!(
        "{} runs, {failed} failed, in {seconds:.1} s ({:.1} a second): {}",
        request.runs,
        request.runs as f64 / seconds.max(1e-9),
        told(all)
    );
}
