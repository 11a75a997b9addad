//! `jagaloket schema`.

use std::io::Write as _;

use crate::exit::Exit;
use crate::schema::{Subject, text};

/// Print the JSON Schema of a file or a message, for editors.
///
/// It completes and checks keys and values while you write. What only a whole reading can tell, `jagaloket policy check`
/// and `jagaloket serve --check` say.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Example:
  jagaloket schema policy > policies/policy.schema.json

and as first line of a policy file, for Taplo and editors that use it:
  #:schema ./policy.schema.json")]
pub struct Args {
    /// What to print the schema of
    #[arg(value_enum)]
    subject: Which,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Which {
    Policy,
    Overlay,
    Roster,
    Config,
    Events,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let subject = match args.subject {
        Which::Policy => Subject::Policy,
        Which::Overlay => Subject::Overlay,
        Which::Roster => Subject::Roster,
        Which::Config => Subject::Config,
        Which::Events => Subject::Events,
    };
    write!(std::io::stdout().lock(), "{}", text(subject))?;
    Ok(Exit::Done)
}
