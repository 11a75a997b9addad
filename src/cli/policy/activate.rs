//! `jagaloket policy activate`.

use std::path::PathBuf;

use crate::config::Config;
use crate::exit::Exit;
use crate::serve::{self, Outcome};

/// Put the policies and rosters of a running monitor in force as their files stand now.
///
/// The files are checked first, and again by the monitor: bad ones are refused with every fault, and what is in force
/// stays. What is good is in force from this moment on and becomes an entry of the ledger; nothing judged before changes,
/// but by a calendar that says `from` when it counts. Policies that can say nothing, or accuse everybody, are refused.
/// `systemctl reload` (SIGHUP) does the same without an answer. Run it as the user the monitor runs as.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket policy activate --config /etc/jagaloket/jagaloket.toml")]
pub struct Args {
    /// The configuration file of the running monitor
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let config = Config::load(&args.config)?;
    if let Err(faults) = serve::read_texts(&config) {
        eprintln!("{faults}");
        return Ok(Exit::Failed);
    }
    match serve::ask(&config.control)? {
        Outcome::Activated { rosters, policies } => {
            if !policies.is_empty() {
                println!("in force from now on: {}", policies.join(", "));
            }
            for office in rosters {
                println!("in force from now on: the roster of {office}");
            }
            Ok(Exit::Done)
        }
        Outcome::Unchanged => {
            println!("nothing has changed");
            Ok(Exit::Done)
        }
        Outcome::Refused { faults } => {
            eprintln!("{faults}");
            eprintln!("error: the monitor refused the files; what is in force stays");
            Ok(Exit::Failed)
        }
    }
}
