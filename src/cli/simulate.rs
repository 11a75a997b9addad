//! `jagaloket simulate`.

mod faults;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use crate::engine::roster::Roster;
use crate::exit::Exit;
use crate::simulate::{self, Plan, Troubles};

/// Write the events of an invented office, or run the monitor against everything that goes wrong.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Office(OfficeArgs),
    Faults(faults::FaultsArgs),
}

/// Write working days of the demo's office, or of one with a roster of its own, one CloudEvent a line.
///
/// The same seed writes the same events, byte by byte.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket simulate office --days 240 --output year.jsonl.zst --roster-output office.toml
  jagaloket simulate office --roster tangerang.toml --troubles many --disorder | head")]
struct OfficeArgs {
    /// How many working days
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    days: u32,
    /// The first day; weekends are left out
    #[arg(long, value_name = "DATE", default_value = "2026-01-05")]
    from: chrono::NaiveDate,
    /// The number everything random comes from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Another office than the demo's
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// How much goes wrong
    #[arg(long, value_enum, default_value_t = Trouble::Usual)]
    troubles: Trouble,
    /// Devices deliver some events up to an hour late and some twice
    #[arg(long)]
    disorder: bool,
    /// Lockboxes stay switched on at night and at weekends
    #[arg(long)]
    nights: bool,
    /// Where events go; `-` is standard output, .gz and .zst compress
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Also write the office's roster there
    #[arg(long, value_name = "FILE")]
    roster_output: Option<PathBuf>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Trouble {
    /// Nothing goes wrong
    None,
    /// As in an office with a few slips a day
    Usual,
    /// Several times as much
    Many,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    match args.what {
        What::Office(office) => write(office),
        What::Faults(args) => faults::run(args),
    }
}

fn write(office: OfficeArgs) -> anyhow::Result<Exit> {
    let roster_text = match &office.roster {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => simulate::demo::ROSTER.to_owned(),
    };
    let roster = Roster::parse(&roster_text).context("the roster has faults")?;
    if let Some(path) = &office.roster_output {
        std::fs::write(path, &roster_text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let plan = Plan {
        roster: Arc::new(roster),
        seed: office.seed,
        from: office.from,
        days: office.days,
        troubles: match office.troubles {
            Trouble::None => Troubles::None,
            Trouble::Usual => Troubles::Usual,
            Trouble::Many => Troubles::Many,
        },
        disorder: office.disorder,
        nights: office.nights,
    };
    let written = if office.output.as_os_str() == "-" {
        simulate::write(&plan, &mut BufWriter::new(std::io::stdout().lock()))
    } else {
        let file = File::create(&office.output).with_context(|| format!("cannot write {}", office.output.display()))?;
        let file = BufWriter::new(file);
        match office.output.extension().and_then(|end| end.to_str()) {
            Some("gz") => {
                let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::default());
                simulate::write(&plan, &mut packed).and_then(|written| packed.finish()?.flush().map(|()| written))
            }
            Some("zst") => {
                let mut packed = zstd::Encoder::new(file, 3)?;
                simulate::write(&plan, &mut packed).and_then(|written| packed.finish()?.flush().map(|()| written))
            }
            _ => {
                let mut file = file;
                simulate::write(&plan, &mut file)
            }
        }
    };
    match written {
        Ok(written) => {
            eprintln!("{} days, {} events", written.days, written.events);
            Ok(Exit::Done)
        }
        // Whoever reads has had enough, as with `| head`.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(error).context("cannot write the events"),
    }
}
