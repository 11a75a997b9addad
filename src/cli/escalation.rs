//! `jagaloket escalation who`: who would be told when, and why.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::case::escalation::{Passed, What, climbs};
use crate::case::{Case, Rung};
use crate::config::Config;
use crate::daemon::docket;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::exit::Exit;
use crate::store::rows::EntryKind;

/// Ask how what is unanswered climbs.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: Asked,
}

#[derive(clap::Subcommand, Debug)]
enum Asked {
    Who(WhoArgs),
}

/// Say who would be told when if nobody answered, and why, as it stood at a moment.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket escalation who --incident 12 --config /etc/jagaloket/jagaloket.toml
  jagaloket escalation who --incident 12 --at 2026-11-24T10:20:00+07:00 --config …")]
struct WhoArgs {
    /// The incident's number
    #[arg(long, value_name = "N")]
    incident: i64,
    /// The moment, RFC 3339 with an offset; default: what is known now
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    at: Option<Moment>,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let Asked::Who(args) = args.what;
    super::block_on(who(args))
}

async fn who(args: WhoArgs) -> anyhow::Result<Exit> {
    let store = super::incident::open(&args.config).await?;
    let at = args.at.unwrap_or(Moment::MAX);
    let cases = docket::fold(&store, at).await?;
    let Some(case) = cases.of.get(&args.incident) else {
        bail!("there is no case {} at that moment", args.incident);
    };
    let rules = store.rules(&case.basis.office).await?;
    let rosters = rules
        .into_iter()
        .filter(|row| row.kind == EntryKind::Roster && row.time <= at);
    let row = rosters.last().context("the ledger holds no roster of that moment")?;
    let roster = Roster::parse(std::str::from_utf8(&row.body)?).context("the roster in the ledger has faults")?;
    let zone = roster.office.zone;
    for (person, told) in &case.told {
        println!("{}  {person} was told", told.rfc3339(zone));
    }
    let terms = Config::load(&args.config)?.terms;
    let foreseen = cases.foresee(case, &roster, &terms);
    if foreseen.is_empty() {
        println!("nothing more will happen: {}", why_not(case));
    }
    for due in foreseen {
        let when = due.at.rfc3339(zone);
        match due.what {
            What::AckExpires => {
                let by = case.ack.as_ref().map_or("", |ack| &ack.by);
                println!("{when}  the acknowledgement by {by} runs out, if nothing is decided by then");
            }
            What::Climb { rung, people, passed } => {
                let people = if people.is_empty() {
                    "nobody".to_owned()
                } else {
                    people.join(", ")
                };
                let why = match rung {
                    Rung::First => "as the policy names them",
                    Rung::Next => "the next in line, since nobody had answered in time",
                    Rung::Integrity => "the integrity team, since nobody had answered",
                };
                println!("{when}  {people}: {why}");
                for (person, why) in passed {
                    println!("{:width$}  not {person}: {}", "", reason(&why), width = when.len());
                }
            }
        }
    }
    Ok(Exit::Done)
}

fn why_not(case: &Case) -> &'static str {
    match () {
        () if !case.stage.is_open() => "it was decided",
        () if !case.stands => "it was withdrawn",
        () if !climbs(case) => "what is minor waits for the digest",
        () if case.told.is_empty() => "nobody was told yet",
        () => "everybody in line was told",
    }
}

fn reason(why: &Passed) -> String {
    match why {
        Passed::Told => "knows of it".to_owned(),
        Passed::Conflict(refusal) => refusal.to_string(),
        Passed::Absent => "is away, and nobody acts for him".to_owned(),
        Passed::DeputyTold(deputy) => format!("is away; {deputy} acts for him"),
    }
}
