//! `jagaloket policy`: a file for each of its subcommands.

mod activate;
pub(super) mod backtest;
mod check;
mod test;

use crate::exit::Exit;

/// Prove the policies of an office.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    Check(check::Args),
    Test(test::Args),
    Backtest(backtest::Args),
    Activate(activate::Args),
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    match args.what {
        What::Check(args) => check::run(args),
        What::Test(args) => test::run(args),
        What::Backtest(args) => backtest::run(args),
        What::Activate(args) => activate::run(args),
    }
}
