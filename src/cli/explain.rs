//! `jagaloket explain`.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::policy::backtest::store_place;
use crate::accounts::Scope;
use crate::config::Config;
use crate::engine::time::Moment;
use crate::exit::Exit;
use crate::explain;
use crate::past::{self, Named};
use crate::place::Place;
use crate::replay::{read_policies_of, read_roster};
use crate::store::Store;

/// Tell why a verdict was given, and what would have been compliant.
///
/// The past around the verdict is judged again by the same engine: every value its policy read, since when and because
/// of which event; when each part of the condition turned; silent devices; the instant it opened. What would have been
/// compliant is tried, not guessed. Name a verdict of a monitor by its number, as the dashboard shows it; or, of files,
/// by its policy and its begin.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket explain 118 --config /etc/jagaloket/jagaloket.toml
  jagaloket explain --roster r.toml --policies policies --policy phone-out-during-service \\
    --since 2026-11-24T10:02:10+07:00 2026-11-24.jsonl.gz")]
pub struct Args {
    /// The verdict's number, and nothing else; or files of events, with --policy and --since
    #[arg(required = true, value_name = "VERDICT|FILES")]
    what: Vec<String>,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE", conflicts_with_all = ["database", "roster"])]
    config: Option<PathBuf>,
    /// The database of a monitor, which may go on running: a file, or postgres://…
    #[arg(long, value_name = "PLACE", value_parser = Place::parse, conflicts_with = "roster")]
    database: Option<Place>,
    /// The office's roster, for files of events
    #[arg(long, value_name = "FILE", requires_all = ["policies", "policy", "since"])]
    roster: Option<PathBuf>,
    /// A folder of policy files, for files of events
    #[arg(long, value_name = "DIR", requires = "roster")]
    policies: Option<PathBuf>,
    /// The verdict's policy
    #[arg(long, value_name = "ID", requires = "roster")]
    policy: Option<String>,
    /// When the verdict begins, with an offset
    #[arg(long, value_name = "TIME", requires = "roster", value_parser = moment)]
    since: Option<Moment>,
    /// Its counter, where several verdicts begin at once
    #[arg(long, value_name = "ID", requires = "roster")]
    counter: Option<String>,
    /// Its lockbox
    #[arg(long, value_name = "ID", requires = "roster")]
    lockbox: Option<String>,
    /// Its officer
    #[arg(long, value_name = "ID", requires = "roster")]
    officer: Option<String>,
    /// How to tell it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The language
    #[arg(long, value_enum, default_value = "id")]
    lang: super::Lang,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Format {
    Text,
    Json,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let (found, roster) = match (&args.roster, &args.policies, &args.policy, args.since) {
        (Some(roster), Some(policies), Some(policy), Some(since)) => {
            let files: Vec<PathBuf> = args.what.iter().map(PathBuf::from).collect();
            let named = Named {
                policy: policy.clone(),
                since,
                counter: args.counter.clone(),
                lockbox: args.lockbox.clone(),
                officer: args.officer.clone(),
            };
            let roster = read_roster(roster)?;
            let policies = read_policies_of(policies, &roster.office.id, None)?;
            past::explain_files(&files, roster, policies, &named)?
        }
        _ => stored(&args)?,
    };
    let language = args.lang.language();
    let text = match args.format {
        Format::Text => {
            let mut text = String::new();
            explain::write_text(&found, &roster, language, &mut text)?;
            text
        }
        Format::Json => format!("{:#}\n", explain::json(&found, &roster, language)),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn stored(args: &Args) -> anyhow::Result<past::Explained> {
    let number = match args.what.as_slice() {
        [one] => one.trim_start_matches('#').parse::<i64>().ok(),
        _ => None,
    };
    let Some(number) = number else {
        bail!("name a verdict by its number, or files with --roster, --policies, --policy and --since");
    };
    let config = args.config.as_deref().map(Config::load).transpose()?;
    let (place, settle_after_ms) = store_place(args.database.as_ref(), config.as_ref())?;
    super::block_on(async {
        let store = Store::open_to_read(place.clone())
            .await
            .with_context(|| place.to_string())?;
        let Some(row) = store.verdict(&Scope::whole(), number).await? else {
            bail!("there is no verdict {number}");
        };
        match past::explain_stored(&store, &row.verdict, settle_after_ms).await? {
            Some(found) => Ok(found),
            None if row.retracted => bail!("verdict {number} was retracted: what is known now does not give it"),
            None => bail!("verdict {number} is not given when what is kept is judged again"),
        }
    })
}

fn moment(text: &str) -> Result<Moment, String> {
    Moment::parse(text).ok_or_else(|| "not a time like 2026-11-24T10:02:10+07:00".to_owned())
}
