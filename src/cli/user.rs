//! `jagaloket user`.

use std::path::PathBuf;

use anyhow::bail;
use chrono::NaiveDate;

use super::Lang;
use crate::accounts::Role;
use crate::config::Config;
use crate::exit::Exit;
use crate::serve::users::{RoleOrder, UserAnswer, UserOrder, order};

/// Look after accounts: who may sign in to the dashboard, and as what.
///
/// A running monitor carries it out; where none runs, it is done on the database itself. Each act leaves a trace in the
/// ledger, by "console".
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Add(AddArgs),
    List(ListArgs),
    Disable(ReasonArgs),
    Enable(ReasonArgs),
    Reset(ResetArgs),
    Erase(EraseArgs),
}

/// Make an account and print a link by which its holder chooses a password.
///
/// The link is good once, for three days. With --mail it is sent to the account's address instead.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket user add siti --role administrator --config jagaloket.toml
  jagaloket user add kasi --role supervisor --office tangerang --person s-01 --email kasi@kantor.example --mail --config jagaloket.toml
  jagaloket user add wakil --role supervisor --office tangerang --person s-03 --deputy-of s-01 --until 2026-12-31 --config jagaloket.toml")]
struct AddArgs {
    /// What he signs in with: small letters, digits, dots, hyphens
    #[arg(value_name = "NAME")]
    name: String,
    /// What he is: officer, supervisor, integrity, auditor, technician, administrator, gate or custodian; may come more than once
    #[arg(long, value_name = "ROLE", required = true, value_parser = role)]
    role: Vec<Role>,
    /// The office of these roles
    #[arg(long, value_name = "ID")]
    office: Option<String>,
    /// His id in that office's roster
    #[arg(long, value_name = "ID", requires = "office")]
    person: Option<String>,
    /// Stands in for this supervisor, until a date
    #[arg(long, value_name = "ID", requires = "until")]
    deputy_of: Option<String>,
    /// The first day of these roles (UTC) [default: now]
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// The last day of these roles (UTC)
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
    /// Where letters about the account go
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The language of those letters
    #[arg(long, value_enum, default_value_t = Lang::Id)]
    language: Lang,
    /// Send the link there instead of printing it
    #[arg(long, requires = "email")]
    mail: bool,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// List every account with its roles of now.
#[derive(clap::Args, Debug)]
struct ListArgs {
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Shut an account at once, or open it again (`enable`).
#[derive(clap::Args, Debug)]
struct ReasonArgs {
    /// The account's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Why; the ledger keeps it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Take password, one-time codes and sessions of an account away, and print a link to choose anew.
#[derive(clap::Args, Debug)]
struct ResetArgs {
    /// The account's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Why; the ledger keeps it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Send the link to the account's address instead of printing it
    #[arg(long)]
    mail: bool,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Erase name, address, credentials and letters of an account whose holder is gone.
///
/// What he did stays in the ledger, under an id that leads to nobody any more. It cannot be undone.
#[derive(clap::Args, Debug)]
struct EraseArgs {
    /// The account's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Why; the ledger keeps it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The configuration file that names the database
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

fn role(text: &str) -> Result<Role, String> {
    let all = Role::ALL.map(Role::as_str).join(", ");
    Role::parse(text).ok_or_else(|| format!("the roles are {all}"))
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let (config, asked) = match args.what {
        What::Add(args) => (args.config.clone(), add(args)),
        What::List(args) => (args.config, UserOrder::List),
        What::Disable(args) => {
            let (name, reason) = (args.name, args.reason);
            (args.config, UserOrder::Disable { name, reason })
        }
        What::Enable(args) => {
            let (name, reason) = (args.name, args.reason);
            (args.config, UserOrder::Enable { name, reason })
        }
        What::Erase(args) => {
            let (name, reason) = (args.name, args.reason);
            (args.config, UserOrder::Erase { name, reason })
        }
        What::Reset(args) => {
            let (name, reason, mail) = (args.name, args.reason, args.mail);
            (args.config, UserOrder::Reset { name, reason, mail })
        }
    };
    let config = Config::load(&config)?;
    let answer = super::block_on(async { order(&config, &asked).await })?;
    match answer {
        UserAnswer::Done => println!("done"),
        UserAnswer::Link(link) => println!("{link}"),
        UserAnswer::Mailed(address) => println!("the link goes to {address}"),
        UserAnswer::List(lines) => {
            for line in lines {
                let codes = if line.codes { "codes" } else { "-" };
                let person = line.person.as_deref().unwrap_or("-");
                println!(
                    "{:<24} {:<9} {codes:<6} {:<20} {}",
                    line.name,
                    line.state,
                    person,
                    line.roles.join(",")
                );
            }
        }
        UserAnswer::Refused(why) => bail!(why),
    }
    Ok(Exit::Done)
}

fn add(args: AddArgs) -> UserOrder {
    let day = |date: NaiveDate| date.and_hms_opt(0, 0, 0).map(|at| at.and_utc().timestamp_millis());
    let roles = args.role.iter().map(|role| RoleOrder {
        role: *role,
        office: args.office.clone().filter(|_| role.needs_office()),
        deputy_of: args.deputy_of.clone().filter(|_| *role == Role::Supervisor),
        begins_ms: args.from.and_then(day),
        ends_ms: args.until.and_then(|date| date.succ_opt()).and_then(day),
    });
    UserOrder::Add {
        roles: roles.collect(),
        name: args.name.to_lowercase(),
        office: args.office,
        person: args.person,
        email: args.email,
        language: args.language.language(),
        mail: args.mail,
    }
}
