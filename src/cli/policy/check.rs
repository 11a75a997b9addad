//! `jagaloket policy check`.

use std::path::PathBuf;

use crate::engine::policy::Per;
use crate::engine::time::Span;
use crate::exit::Exit;
use crate::replay::read_policies;

/// Check every policy file of a folder and list what the policies say.
///
/// Every fault is told with file, line, column and the nearest valid name.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A folder of policy files
    #[arg(value_name = "DIR", default_value = "policies")]
    policies: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let set = read_policies(&args.policies)?;
    for head in set.heads() {
        let (class, severity, span) = (
            head.class.as_str(),
            head.severity.as_str(),
            Span::ms(head.for_ms).to_string(),
        );
        println!(
            "{:<28} {class:<13} {severity:<9} {:<8} {span:>6}  {}",
            head.id.as_str(),
            per(head.per),
            head.title.en
        );
    }
    Ok(Exit::Done)
}

fn per(per: Per) -> &'static str {
    match per {
        Per::Service => "service",
        Per::Session => "session",
        Per::Counter => "counter",
        Per::Officer => "officer",
        Per::Lockbox => "lockbox",
        Per::Office => "office",
    }
}
