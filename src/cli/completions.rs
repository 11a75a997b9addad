//! `jagaloket completions`.

use clap::CommandFactory as _;

use crate::exit::Exit;

/// Print completions for a shell.
///
/// For bash: jagaloket completions bash > /etc/bash_completion.d/jagaloket
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Which shell
    shell: clap_complete::Shell,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    // Through memory: the generator itself panics where the pipe is closed.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "jagaloket", &mut text);
    std::io::Write::write_all(&mut std::io::stdout(), &text)?;
    Ok(Exit::Done)
}
