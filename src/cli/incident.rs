//! `jagaloket incident`: what people do with incidents, as the daemon's client.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::remote::{Remote, Where};

use crate::case::Code;
use crate::case::acts::Wish;
use crate::config::Config;
use crate::daemon::docket::{CaseOrder, Done, Order};
use crate::exit::Exit;
use crate::serve;
use crate::store::Store;
use crate::store::cases::CaseFilter;
use crate::store::rows::{CaseRow, CaseStepRow};

/// Look at incidents, answer them, decide them.
///
/// On the monitor's machine: whoever may open its socket may act, and says as whom. From anywhere else: with a token, as
/// its owner. Every step, also a refused one, stands in the ledger.
/// Nobody acts on what is about himself, his superior, or an officer he asked an exemption for.
#[derive(clap::Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_long_help = "\
Examples:
  jagaloket incident list --stage indication --config /etc/jagaloket/jagaloket.toml
  jagaloket incident ack 12 --as s-01 --config /etc/jagaloket/jagaloket.toml
  jagaloket incident dismiss 12 --code device-fault --as s-01 --reason \"sensor loker rusak\" --config …
  JAGALOKET_TOKEN=jgl_… jagaloket incident ack 12 --url https://jagaloket.kanim.example"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    List(ListArgs),
    Show(ShowArgs),
    /// Say that you have taken notice: it stops climbing for a working day
    Ack(ActArgs),
    /// The officer's own statement
    State(ActArgs),
    /// Confirm an indication as a finding
    Find(ActArgs),
    Dismiss(DismissArgs),
    /// Have it examined
    Examine(ActArgs),
    /// Proven, after an examination
    Prove(ActArgs),
    /// Not proven, after an examination
    NotProve(ActArgs),
    /// Nothing is left to do
    Close(ActArgs),
    /// The officer's appeal against a finding or what was proven
    Appeal(ActArgs),
    /// As a reviewer: leave the decision as it is
    Uphold(ActArgs),
    /// As a reviewer: take the decision back
    Grant(ActArgs),
    /// Take up again what was decided (integrity team)
    Reopen(ActArgs),
}

/// List cases, the newest first.
#[derive(clap::Args, Debug)]
struct ListArgs {
    /// Only those that stand there, e.g. indication, dismissing, finding
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Only those of this office
    #[arg(long, value_name = "OFFICE")]
    office: Option<String>,
    /// Only those about this officer
    #[arg(long, value_name = "OFFICER")]
    officer: Option<String>,
    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    count: usize,
    #[command(flatten)]
    place: Where,
}

/// Show a case with every step: who, when, why.
#[derive(clap::Args, Debug)]
struct ShowArgs {
    /// The incident's number
    #[arg(value_name = "N")]
    incident: i64,
    #[command(flatten)]
    place: Where,
}

#[derive(clap::Args, Debug)]
struct ActArgs {
    /// The incident's number
    #[arg(value_name = "N")]
    incident: i64,
    /// Who acts: an id of the roster; with a token it is its owner
    #[arg(
        long = "as",
        value_name = "PERSON",
        required_unless_present = "url",
        conflicts_with = "url"
    )]
    who: Option<String>,
    /// Why; the words of a statement or an appeal
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Only if the case still has so many steps: what `show` said when you looked
    #[arg(long, value_name = "STEPS")]
    seen: Option<u32>,
    #[command(flatten)]
    place: Where,
}

/// Dismiss an indication; a major or critical one needs a second person who does the same.
#[derive(clap::Args, Debug)]
struct DismissArgs {
    /// Why, in one word
    #[arg(long, value_enum)]
    code: CodeArg,
    #[command(flatten)]
    act: ActArgs,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum CodeArg {
    /// A device said what was not so
    DeviceFault,
    /// The officer was exempt
    Exempted,
    /// It was not what it looked like
    Mistaken,
    /// It was allowed
    Permitted,
}

impl CodeArg {
    fn code(self) -> Code {
        match self {
            CodeArg::DeviceFault => Code::DeviceFault,
            CodeArg::Exempted => Code::Exempted,
            CodeArg::Mistaken => Code::Mistaken,
            CodeArg::Permitted => Code::Permitted,
        }
    }
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let (wish, act) = match args.what {
        What::List(args) => return super::block_on(list(args)),
        What::Show(args) => return super::block_on(show(args)),
        What::Dismiss(args) => (Wish::Dismiss(args.code.code()), args.act),
        What::Ack(act) => (Wish::Ack, act),
        What::State(act) => (Wish::State, act),
        What::Find(act) => (Wish::Find, act),
        What::Examine(act) => (Wish::Examine, act),
        What::Prove(act) => (Wish::Prove, act),
        What::NotProve(act) => (Wish::NotProve, act),
        What::Close(act) => (Wish::Close, act),
        What::Appeal(act) => (Wish::Appeal, act),
        What::Uphold(act) => (Wish::Uphold, act),
        What::Grant(act) => (Wish::Grant, act),
        What::Reopen(act) => (Wish::Reopen, act),
    };
    if let Some(remote) = act.place.remote()? {
        return act_there(&remote, wish, &act);
    }
    let order = CaseOrder {
        who: act.who.unwrap_or_default(),
        post: None,
        reason: act.reason,
        what: Order::Case {
            incident: act.incident,
            wish,
            seen: act.seen,
        },
    };
    give(act.place.config()?, &order)
}

/// The same at a monitor elsewhere. Without `--seen`, what the case has now is what he saw.
fn act_there(remote: &Remote, wish: Wish, act: &ActArgs) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/incidents/{}", act.incident);
    let seen = match act.seen {
        Some(seen) => json!(seen),
        None => match remote.read(&path, &[])? {
            Ok(case) => case["seen"].clone(),
            Err(why) => return refused(why),
        },
    };
    let mut order = json!({"wish": wish.as_str(), "reason": act.reason, "seen": seen});
    if let Wish::Dismiss(code) = wish {
        order["code"] = json!(code.as_str());
    }
    match remote.send(&format!("{path}/orders"), &order)? {
        Ok(done) => {
            println!(
                "incident {}: {}; it stands at {}, with {} steps",
                act.incident,
                text(&done["step"]),
                text(&done["stage"]),
                done["steps"]
            );
            Ok(Exit::Done)
        }
        Err(why) => refused(why),
    }
}

pub(super) fn refused((status, why): (u16, String)) -> anyhow::Result<Exit> {
    eprintln!("error: refused ({status}): {why}");
    Ok(Exit::Failed)
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// What a monitor elsewhere says.
pub(super) fn plain(value: &Value) -> String {
    super::plain(text(value))
}

/// Gives an order to the running monitor and prints what came of it.
pub(super) fn give(config: &Path, order: &CaseOrder) -> anyhow::Result<Exit> {
    let control = Config::load(config)?.control;
    match serve::order(&control, order)? {
        Ok(Done::Case {
            incident,
            step,
            stage,
            steps,
        }) => println!("incident {incident}: {step}; it stands at {stage}, with {steps} steps"),
        Ok(Done::Exemption {
            request,
            step,
            backdated,
            would_have_hidden,
        }) => {
            println!("exemption {request}: {step}");
            if backdated {
                println!("it covers time that had passed, and is counted as such");
            }
            if !would_have_hidden.is_empty() {
                let numbers: Vec<String> = would_have_hidden.iter().map(|n| format!("#{n}")).collect();
                println!("of the last 30 days it would have hidden: {}", numbers.join(", "));
            }
        }
        Ok(Done::Correction { request, step, due }) => {
            println!(
                "correction {request}: {step}; it is due {}",
                due.rfc3339(chrono_tz::UTC)
            );
        }
        Err(refusal) => {
            eprintln!("error: refused ({}): {refusal}", refusal.status());
            return Ok(Exit::Failed);
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn open(config: &Path) -> anyhow::Result<Store> {
    let place = Config::load(config)?.database;
    Store::open_to_read(place.clone())
        .await
        .with_context(|| place.to_string())
}

fn list_there(remote: &Remote, args: &ListArgs) -> anyhow::Result<Exit> {
    let count = args.count.clamp(1, 500).to_string();
    let pairs = [
        ("stage", args.stage.as_deref()),
        ("office", args.office.as_deref()),
        ("officer", args.officer.as_deref()),
        ("limit", Some(count.as_str())),
    ];
    let listed = match remote.read("/api/v1/incidents", &pairs)? {
        Ok(listed) => listed,
        Err(why) => return refused(why),
    };
    for one in listed["items"].as_array().into_iter().flatten() {
        println!(
            "{:>6}  {}  {:<12} {:<8} {:<28} {}",
            one["incident"],
            plain(&one["date"]),
            plain(&one["state"]),
            plain(&one["severity"]),
            plain(&one["policy"]),
            plain(&one["officer"])
        );
    }
    Ok(Exit::Done)
}

fn show_there(remote: &Remote, incident: i64) -> anyhow::Result<Exit> {
    let case = match remote.read(&format!("/api/v1/incidents/{incident}"), &[])? {
        Ok(case) => case,
        Err(why) => return refused(why),
    };
    println!(
        "{incident:>6}  {}  {:<12} {:<8} {:<28} {}",
        plain(&case["date"]),
        plain(&case["stage"]),
        plain(&case["severity"]),
        plain(&case["policy"]),
        plain(&case["officer"])
    );
    for step in case["steps"].as_array().into_iter().flatten() {
        let who = step["person"].as_str().unwrap_or("the monitor");
        let more: Vec<String> = [&step["detail"], &step["reason"]]
            .into_iter()
            .filter(|value| value.as_str().is_some_and(|text| !text.is_empty()))
            .map(plain)
            .collect();
        println!(
            "{:>4}  {}  {who} {}: {}",
            step["n"],
            plain(&step["at"]),
            plain(&step["step"]),
            more.join(": ")
        );
    }
    let may: Vec<String> = case["may"].as_array().into_iter().flatten().map(plain).collect();
    println!("you may: {}", may.join(", "));
    Ok(Exit::Done)
}

async fn list(args: ListArgs) -> anyhow::Result<Exit> {
    if let Some(remote) = args.place.remote()? {
        return list_there(&remote, &args);
    }
    let store = open(args.place.config()?).await?;
    let filter = CaseFilter {
        office: args.office,
        stage: args.stage,
        officer: args.officer,
    };
    for case in store.cases(&filter, args.count).await? {
        println!("{}", line(&case));
    }
    Ok(Exit::Done)
}

fn line(case: &CaseRow) -> String {
    let officer = case.officer.as_ref().map_or("-", |officer| officer.as_str());
    let withdrawn = if case.stands { "" } else { ", basis withdrawn" };
    format!(
        "{:>6}  {}  {:<12} {:<8} {:<28} {officer}{withdrawn}",
        case.incident,
        case.date,
        case.stage,
        case.severity.as_str(),
        case.policy
    )
}

async fn show(args: ShowArgs) -> anyhow::Result<Exit> {
    if let Some(remote) = args.place.remote()? {
        return show_there(&remote, args.incident);
    }
    let store = open(args.place.config()?).await?;
    let Some(case) = store.case(args.incident).await? else {
        bail!("there is no case {}", args.incident);
    };
    println!("{}", line(&case));
    for step in store.case_steps(args.incident).await? {
        println!("{}", step_line(&step));
    }
    Ok(Exit::Done)
}

fn step_line(step: &CaseStepRow) -> String {
    let who = match (&step.person, &step.post) {
        (Some(person), Some(post)) => format!("{person} ({post})"),
        _ => "the monitor".to_owned(),
    };
    let detail = step
        .detail
        .as_ref()
        .map_or(String::new(), |detail| format!(", {detail}"));
    let reason = super::plain(&step.reason);
    let reason = if reason.is_empty() {
        reason
    } else {
        format!(": {reason}")
    };
    format!(
        "{:>4}  {}  {who} {}{detail}{reason}",
        step.n,
        step.at.rfc3339(chrono_tz::UTC),
        step.step
    )
}
