//! Ring 3: the command line. Each subcommand has its file: what it takes, and one call.

mod backup;
mod bench;
mod booking;
mod completions;
mod correction;
mod demo;
mod escalation;
mod exemption;
mod explain;
mod incident;
mod ledger;
mod letters;
mod policy;
mod remote;
mod replay;
mod retention;
mod schema;
mod serve;
mod simulate;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::LoadError;
use crate::engine::policy::PolicyErrors;
use crate::engine::roster::{Language, RosterFileErrors};
use crate::engine::time::{Moment, Span};
use crate::exit::Exit;
use crate::serve::Faults;

/// Guards the counter: watches, by events from workstations and phone lockboxes, whether officers serve applicants
/// without their private phones, and tells the right people within seconds.
#[derive(Parser, Debug)]
#[command(name = "jagaloket", version, propagate_version = true, after_long_help = AFTER_HELP)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Replay(replay::Args),
    Simulate(simulate::Args),
    Bench(bench::Args),
    Ledger(ledger::Args),
    #[command(alias = "letter")]
    Letters(letters::Args),
    Incident(incident::Args),
    Correction(correction::Args),
    Exemption(exemption::Args),
    Booking(booking::Args),
    Escalation(escalation::Args),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Retention(retention::Args),
    #[command(alias = "policies")]
    Policy(policy::Args),
    Schema(schema::Args),
    Explain(explain::Args),
    User(user::Args),
    Completions(completions::Args),
}

const AFTER_HELP: &str = "\
Examples:
  jagaloket demo                                  see it at work; it needs nothing
  jagaloket serve --config jagaloket.toml         run it
  jagaloket replay --roster r.toml --policies policies monday.jsonl.gz
  jagaloket simulate office --days 240 --output year.jsonl.zst

Exit codes:
  0  done
  1  failed; standard error says why
  2  the command line, the configuration or a policy is wrong
  3  replay: done, but some lines were rejected
  4  ledger verify, backup, restore: the ledger is broken

Environment:
  JAGALOKET_LOG  what is logged, e.g. \"debug\" or \"warn,jagaloket::mqtt=debug\"
  NO_COLOR       no colours

A verdict is an indication, never a decision: people judge, when they have looked.";

/// Runs the program with the process's own arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe must not make help a failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage } else { Exit::Done });
        }
    };
    let done = match cli.command {
        Command::Demo(args) => demo::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Ledger(args) => ledger::run(args),
        Command::Letters(args) => letters::run(args),
        Command::Incident(args) => incident::run(args),
        Command::Correction(args) => correction::run(args),
        Command::Exemption(args) => exemption::run(args),
        Command::Booking(args) => booking::run(args),
        Command::Escalation(args) => escalation::run(args),
        Command::Backup(args) => backup::backup(args),
        Command::Restore(args) => backup::restore(args),
        Command::Retention(args) => retention::run(args),
        Command::Policy(args) => policy::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Explain(args) => explain::run(args),
        Command::User(args) => user::run(args),
        Command::Completions(args) => completions::run(args),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            let (text, exit) = told(&error);
            if !is_closed_pipe(&error) {
                eprintln!("{text}");
            }
            exit.into()
        }
    }
}

/// What people read of an error, with its causes once each, and the exit code it means.
fn told(error: &anyhow::Error) -> (String, Exit) {
    // Faults of files begin with "error:" themselves.
    if error.is::<PolicyErrors>() || error.is::<RosterFileErrors>() {
        return (error.to_string(), Exit::Failed);
    }
    if error.is::<Faults>() {
        return (error.to_string(), Exit::Usage);
    }
    match error.downcast_ref::<LoadError>() {
        Some(LoadError::Wrong(faults)) => (faults.to_string(), Exit::Usage),
        Some(LoadError::Unreadable { .. }) => (format!("error: {error:#}"), Exit::Usage),
        None => (format!("error: {error:#}"), Exit::Failed),
    }
}

/// Whoever read our output has enough, as in `jagaloket replay … | head`.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A language as an argument.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Lang {
    /// Indonesian
    Id,
    /// English
    En,
}

impl Lang {
    fn language(self) -> Language {
        match self {
            Lang::Id => Language::Id,
            Lang::En => Language::En,
        }
    }
}

/// A span of time as an argument, in milliseconds.
fn span_ms(text: &str) -> Result<u64, String> {
    let span = Span::parse(text)?;
    u64::try_from(span.ms).map_err(|_| "it lasts less than no time".to_owned())
}

/// A moment as an argument.
fn moment(text: &str) -> Result<Moment, String> {
    Moment::parse(text).ok_or_else(|| "write it like 2026-11-24T10:20:00+07:00, with an offset".to_owned())
}

/// What people or servers wrote, without what could act on a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Runs something that waits.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(future)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_names_every_exit_code() {
        for exit in Exit::ALL {
            let line = format!("\n  {}  {}\n", exit.code(), exit.meaning());
            assert!(AFTER_HELP.contains(&line), "{line}");
        }
    }

    #[test]
    fn every_subcommand_says_what_it_does_and_every_argument_what_it_means() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let told = argument.get_help().is_some() || ["help", "version"].contains(&argument.get_id().as_str());
                assert!(told, "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
