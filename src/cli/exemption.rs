//! `jagaloket exemption`: asked by one, granted by another.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::incident::{plain, refused};
use super::remote::{Remote, Where};
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
    #[command(flatten)]
    place: Where,
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
    /// Who acts: an id of the roster; with a token it is its owner
    #[arg(
        long = "as",
        value_name = "PERSON",
        required_unless_present = "url",
        conflicts_with = "url"
    )]
    who: Option<String>,
    /// Why; never a diagnosis
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// The office, where there are several, and with a token always
    #[arg(long, value_name = "OFFICE")]
    office: Option<String>,
    #[command(flatten)]
    place: Where,
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
    if let Some(remote) = who.place.remote()? {
        return order_there(&remote, &wish, &who);
    }
    let order = CaseOrder {
        who: who.who.unwrap_or_default(),
        post: None,
        reason: who.reason,
        what: Order::Exemption {
            office: who.office.as_deref().map(OfficeId::new),
            wish,
        },
    };
    super::incident::give(who.place.config()?, &order)
}

/// The same at a monitor elsewhere.
fn order_there(remote: &Remote, wish: &ExemptionWish, who: &WhoArgs) -> anyhow::Result<Exit> {
    let office = who.office.as_deref().context("name the office with --office")?;
    let answer = |request: &i64, wish: &str| {
        let order = json!({"office": office, "wish": wish, "reason": who.reason});
        (format!("/api/v1/exemptions/{request}/orders"), order)
    };
    let (path, order) = match wish {
        ExemptionWish::Ask { officer, from, until } => {
            let (from, until) = (from.rfc3339(chrono_tz::UTC), until.rfc3339(chrono_tz::UTC));
            let order =
                json!({"office": office, "officer": officer, "from": from, "until": until, "reason": who.reason});
            ("/api/v1/exemptions".to_owned(), order)
        }
        ExemptionWish::Grant { request } => answer(request, "grant"),
        ExemptionWish::Deny { request } => answer(request, "deny"),
        ExemptionWish::Revoke { request } => answer(request, "revoke"),
    };
    match remote.send(&path, &order)? {
        Ok(done) => {
            println!("exemption {}: {}", done["exemption"], plain(&done["step"]));
            if done["backdated"] == true {
                println!("it covers time that had passed, and is counted as such");
            }
            let hidden = done["would_have_hidden"].as_array().into_iter().flatten();
            let hidden: Vec<String> = hidden.map(|n| format!("#{n}")).collect();
            if !hidden.is_empty() {
                println!("of the last 30 days it would have hidden: {}", hidden.join(", "));
            }
            Ok(Exit::Done)
        }
        Err(why) => refused(why),
    }
}

fn list_there(remote: &Remote, count: usize) -> anyhow::Result<Exit> {
    let told = match remote.read("/api/v1/exemptions", &[])? {
        Ok(told) => told,
        Err(why) => return refused(why),
    };
    for one in told.as_array().into_iter().flatten().take(count) {
        let state = match (&one["granted"], &one["revoked"]) {
            (_, Value::String(_)) => "revoked",
            (Value::Bool(true), _) => "granted",
            (Value::Bool(false), _) => "denied",
            _ => "asked",
        };
        println!(
            "{:>6}  {state:<8} {}  {} .. {}  asked by {}, answered by {}{}",
            one["exemption"],
            plain(&one["officer"]),
            plain(&one["from"]),
            plain(&one["until"]),
            plain(&one["asked_by"]),
            plain(&one["answered_by"]),
            if one["backdated"] == true { ", backdated" } else { "" }
        );
    }
    Ok(Exit::Done)
}

async fn list(args: ListArgs) -> anyhow::Result<Exit> {
    if let Some(remote) = args.place.remote()? {
        return list_there(&remote, args.count);
    }
    let store = super::incident::open(args.place.config()?).await?;
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
