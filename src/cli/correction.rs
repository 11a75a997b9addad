//! `jagaloket correction`: somebody says what is wrong in what is held about him, and the integrity team answers.

use std::path::PathBuf;

use crate::case::correction::CorrectionWish;
use crate::daemon::docket::{CaseOrder, Order};
use crate::engine::event::OfficeId;
use crate::exit::Exit;

/// Requests for correction of what is held about somebody: list them, ask, answer.
///
/// By law (UU 27/2022) they are answered within 3 x 24 hours. Whoever asks is in the roster; the integrity team answers,
/// nobody his own. Every step is an entry of the ledger, and the answer is mailed to whoever asked.
#[derive(clap::Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_long_help = "\
Examples:
  jagaloket correction list --config /etc/jagaloket/jagaloket.toml
  jagaloket correction accept 4 --as i-01 --reason \"sif diperbaiki di roster\" --config …"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    List(ListArgs),
    Ask(AskArgs),
    /// What was asked for is right, and is mended
    Accept(AnswerArgs),
    /// It stays as it is
    Decline(AnswerArgs),
}

/// List requests: the open ones first, by when they are due.
#[derive(clap::Args, Debug)]
struct ListArgs {
    /// Only those that wait for an answer
    #[arg(long)]
    open: bool,
    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    count: usize,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Say which record about oneself is wrong; --reason says what is right.
#[derive(clap::Args, Debug)]
struct AskArgs {
    /// The record, e.g. "insiden 12"
    #[arg(value_name = "RECORD")]
    about: String,
    #[command(flatten)]
    who: WhoArgs,
}

#[derive(clap::Args, Debug)]
struct AnswerArgs {
    /// The number of the request
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
    /// What is right, or why it is answered so
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
        What::Ask(args) => (CorrectionWish::Ask { about: args.about }, args.who),
        What::Accept(args) => (CorrectionWish::Accept { request: args.request }, args.who),
        What::Decline(args) => (CorrectionWish::Decline { request: args.request }, args.who),
    };
    let order = CaseOrder {
        who: who.who,
        post: None,
        reason: who.reason,
        what: Order::Correction {
            office: who.office.as_deref().map(OfficeId::new),
            wish,
        },
    };
    super::incident::give(&who.config, &order)
}

async fn list(args: ListArgs) -> anyhow::Result<Exit> {
    let store = super::incident::open(&args.config).await?;
    let corrections = store.corrections(&["*".to_owned()], args.open, args.count).await?;
    let now = crate::clock::MonitorClock::Wall.now();
    for one in &corrections {
        let state = match one.accepted {
            Some(true) => "accepted",
            Some(false) => "declined",
            None if one.due < now => "overdue",
            None => "open",
        };
        println!(
            "{:>6}  {state:<8} due {}  {}/{}  {}: {}",
            one.n,
            one.due.rfc3339(chrono_tz::UTC),
            one.office,
            one.person,
            super::plain(&one.about),
            super::plain(&one.wanted)
        );
    }
    let overdue = |one: &&crate::store::rows::CorrectionRow| one.answered.is_none() && one.due < now;
    eprintln!("{} overdue", corrections.iter().filter(overdue).count());
    Ok(Exit::Done)
}
