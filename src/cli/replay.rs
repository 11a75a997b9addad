//! `jagaloket replay`.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use crate::clock;
use crate::exit::Exit;
use crate::replay::{self, Request};

/// Judge files of events and print the verdicts, one JSON object a line.
///
/// A file holds one CloudEvent a line, in any order; .gz and .zst files are read as they are, `-` is standard input.
/// Verdicts are judged up to the latest event and printed in the order of their begin. Rejected lines are told on
/// standard error with their number and reason, and a summary follows. Exit code 3 says that lines were rejected.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket replay --roster tangerang.toml --policies policies 2026-11-*.jsonl.gz > verdicts.jsonl
  zstdcat year.jsonl.zst | jagaloket replay --roster tangerang.toml --policies policies --quiet -")]
pub struct Args {
    /// The office's roster
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,
    /// A folder of policy files
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// What the office decided otherwise; by default overlays/OFFICE.toml in DIR, if it is there
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
    /// Neither progress nor summary; rejected lines are still told
    #[arg(long, short)]
    quiet: bool,
    /// Files of events; `-` is standard input
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let request = Request {
        roster: args.roster,
        policies: args.policies,
        overlay: args.overlay,
        files: args.files,
        quiet: args.quiet,
    };
    let began = clock::instant();
    let mut verdicts = BufWriter::new(std::io::stdout().lock());
    let mut told = std::io::stderr();
    let summary = replay::run(&request, &mut verdicts, &mut told)?;
    verdicts.flush()?;
    if !request.quiet {
        replay::write_summary(&summary, began.elapsed().as_secs_f64(), &mut told)?;
    }
    Ok(match summary.rejected_lines() {
        0 => Exit::Done,
        _ => Exit::SomeRejected,
    })
}
