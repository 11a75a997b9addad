//! `jagaloket demo`.

use std::path::PathBuf;
use std::time::Duration;

use crate::demo;
use crate::exit::Exit;
use crate::telemetry::{self, LogFormat};

/// Show everything at work: a simulated office, a broker, the monitor, mails and the dashboard, in one process.
///
/// Twelve counters and two lockboxes of an invented office publish over MQTT to a broker inside this process. The
/// first mail is there within 30 seconds; then a plausible day follows. It prints where to look. What it writes goes
/// to a temporary folder that is removed at the end, unless --keep names one.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket demo
  jagaloket demo --speed 600 --keep shown       a day in about a minute; keep ledger and mails
  jagaloket demo --exit-after 60s               exit code 1 if expected indications did not come")]
pub struct Args {
    /// How many seconds of the office pass in one of ours
    #[arg(long, value_name = "FACTOR", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    speed: u32,
    /// Keep the database and the mails in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// End after this long, e.g. "60s", with a summary
    #[arg(long, value_name = "SPAN", value_parser = super::span_ms)]
    exit_after: Option<u64>,
    /// The dashboard's port [default: 8080, or a free one]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The broker's port [default: a free one]
    #[arg(long, value_name = "PORT")]
    mqtt_port: Option<u16>,
    /// Another day of the same office
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    telemetry::start_log(LogFormat::Text, "warn")?;
    let request = demo::Request {
        speed: args.speed,
        keep: args.keep,
        exit_after: args.exit_after.map(Duration::from_millis),
        port: args.port,
        mqtt_port: args.mqtt_port,
        seed: args.seed,
    };
    let judged_by_result = request.exit_after.is_some();
    let outcome = super::block_on(demo::run(request))?;
    println!("{} verdicts, {} mails", outcome.verdicts, outcome.letters);
    for policy in &outcome.missing {
        println!("expected and did not come: {policy}");
    }
    Ok(
        if judged_by_result && (!outcome.missing.is_empty() || outcome.letters == 0) {
            Exit::Failed
        } else {
            Exit::Done
        },
    )
}
