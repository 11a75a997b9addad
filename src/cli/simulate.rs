//! `jagaloket simulate`.

use std::path::PathBuf;

use anyhow::bail;

use crate::exit::Exit;

/// Write the events of an invented office.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Office(OfficeArgs),
}

/// Write working days of the demo's office, one CloudEvent a line.
///
/// The same seed writes the same events, byte by byte.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket simulate office --days 240 --output year.jsonl.zst --roster-output office.toml
  jagaloket simulate office | head")]
struct OfficeArgs {
    /// How many working days
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    days: u32,
    /// The number everything random comes from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Where events go; `-` is standard output, .gz and .zst compress
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Also write the office's roster there
    #[arg(long, value_name = "FILE")]
    roster_output: Option<PathBuf>,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let What::Office(_office) = args.what;
    bail!("the simulation is not built yet")
}
