//! `jagaloket exemption`: asked by one, granted by another.

use std::path::PathBuf;

use crate::case::exemption::ExemptionWish;
use crate::daemon::docket::{CaseOrder, Order};
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;
use crate::exit::Exit;

/// Ask for exemptions from the phone rule, grant them, end them.
///
/// Who asks cannot grant; each ends; a supervisor grants up to three days at a time, the integrity team up to thirty.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    List(ListArgs),
    Ask(AskArgs),
    /// Grant what somebody else asked for
    Grant(AnswerArgs),
    /// Deny what somebody else asked for
    Deny(AnswerArgs),
    /// End what was granted
    Revoke(AnswerArgs),
}

/// List what was asked for, the newest first.
#[derive(clap::Args, Debug)]
struct ListArgs {
    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    count: usize,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Ask for an exemption; says what it would have hidden in the last 30 days.
#[derive(clap::Args, Debug)]
struct AskArgs {
    /// The officer's id
    #[arg(value_name = "OFFICER")]
    officer: String,
    /// From when, RFC 3339 with an offset
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    from: Moment,
    /// Until when
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    until: Moment,
    #[command(flatten)]
    who: WhoArgs,
}

#[derive(clap::Args, Debug)]
struct AnswerArgs {
    /// The number of what was asked for
    #[arg(value_name = "N")]
    request: i64,
    #[command(flatten)]
    who: WhoArgs,
}

#[derive(clap::Args, Debug)]
struct WhoArgs {
    /// Who acts: an id of the roster
    #[arg(long = "as", value_name = "PERSON")]
    who: String,
    /// Why; never a diagnosis
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// The office, where there are several
    #[arg(long, value_name = "OFFICE")]
    office: Option<String>,
    /// The configuration file of the running monitor
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let (wish, who) = match args.what {
        What::List(args) => return super::block_on(list(args)),
        What::Ask(args) => {
            let (officer, from, until) = (args.officer, args.from, args.until);
            (ExemptionWish::Ask { officer, from, until }, args.who)
        }
        What::Grant(args) => (ExemptionWish::Grant { request: args.request }, args.who),
        What::Deny(args) => (ExemptionWish::Deny { request: args.request }, args.who),
        What::Revoke(args) => (ExemptionWish::Revoke { request: args.request }, args.who),
    };
    let order = CaseOrder {
        who: who.who,
        post: None,
        reason: who.reason,
        what: Order::Exemption {
            office: who.office.as_deref().map(OfficeId::new),
            wish,
        },
    };
    super::incident::give(&who.config, &order)
}

async fn list(args: ListArgs) -> anyhow::Result<Exit> {
    let store = super::incident::open(&args.config).await?;
    let exemptions = store.exemptions(None, args.count).await?;
    for one in &exemptions {
        let state = match (one.granted, one.revoked) {
            (_, Some(_)) => "revoked",
            (Some(true), None) => "granted",
            (Some(false), None) => "denied",
            (None, None) => "asked",
        };
        let backdated = if one.from < one.asked { ", backdated" } else { "" };
        println!(
            "{:>6}  {state:<8} {}  {} .. {}  asked by {}, answered by {}{backdated}",
            one.n,
            one.officer,
            one.from.rfc3339(chrono_tz::UTC),
            one.until.rfc3339(chrono_tz::UTC),
            one.asked_by,
            one.answered_by.as_deref().unwrap_or("nobody")
        );
    }
    let backdated = exemptions
        .iter()
        .filter(|one| one.granted == Some(true) && one.from < one.asked);
    eprintln!("{} granted for time that had passed", backdated.count());
    Ok(Exit::Done)
}
