//! `jagaloket serve`.

use std::path::PathBuf;

use crate::config::Config;
use crate::exit::Exit;
use crate::replay::{read_policies, read_roster};
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
    /// Read the configuration, the rosters and the policies, tell what is wrong with them, and end
    #[arg(long)]
    check: bool,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let config = Config::load(&args.config)?;
    if args.check {
        return check(&config);
    }
    telemetry::start_log(config.log, "info,mqtt5=off")?;
    super::block_on(serve::run(serve::Plan::read(config)?))?;
    Ok(Exit::Done)
}

/// Reads all that the configuration names; goes on after a fault, so that every one is told.
fn check(config: &Config) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    let mut tell = |result: anyhow::Result<String>| match result {
        Ok(text) => println!("{text}"),
        Err(error) => {
            eprintln!("{}", super::told(&error).0);
            exit = Exit::Usage;
        }
    };
    for path in &config.rosters {
        tell(read_roster(path).map(|roster| {
            format!(
                "{}: {}, {} counters, {} lockboxes, {} officers, {} people who are told",
                path.display(),
                roster.office.id,
                roster.counters.len(),
                roster.lockboxes.len(),
                roster.officers.len(),
                roster.people.len()
            )
        }));
    }
    tell(
        read_policies(&config.policies)
            .map(|policies| format!("{}: {} policies", config.policies.display(), policies.policies.len())),
    );
    Ok(exit)
}
