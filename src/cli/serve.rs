//! `jagaloket serve`.

use std::path::PathBuf;

use crate::config::Config;
use crate::exit::Exit;
use crate::{serve, telemetry};

/// Run the monitor: receive events, judge them, tell people, show the dashboard.
///
/// It ends in order on SIGTERM or SIGINT and goes on exactly where it stood when it is started again. An event is
/// acknowledged to the broker after it is in the ledger, never before.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket serve --config /etc/jagaloket/jagaloket.toml
  jagaloket serve --config jagaloket.toml --check      tell every fault, start nothing

The keys of the configuration file are in docs/configuration.md.")]
pub struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Read the configuration and every file it names, tell what is wrong with them, and end
    #[arg(long)]
    check: bool,
    /// Start although this machine's clock says something else than the ledger's last event lets expect
    #[arg(long)]
    clock_is_right: bool,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let config = Config::load(&args.config)?;
    if args.check {
        return check(&config);
    }
    telemetry::start_log(config.log, "info,mqtt5=warn")?;
    let mut plan = serve::Plan::read(config)?;
    plan.clock_is_right = args.clock_is_right;
    super::block_on(serve::run(plan))?;
    Ok(Exit::Done)
}

/// What is found goes to standard output, what is doubtful or wrong to standard error.
fn check(config: &Config) -> anyhow::Result<Exit> {
    let gathered = serve::gather(config)?;
    for line in &gathered.found {
        println!("{line}");
    }
    for warning in &gathered.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(Exit::Done)
}
