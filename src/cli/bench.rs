//! `jagaloket bench`: figures of this machine, as ratios within one run. The method is in docs/benchmarks.md.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use crate::clock;
use crate::exit::Exit;
use crate::replay::{self, Request};
use crate::wire::{self, Limits};

/// Measure how fast files are judged, beside the bare reading of the same files.
///
/// Four figures of one run: reading the lines; parsing each as any JSON at all (serde_json, nothing kept); parsing
/// and checking each as an event; and the whole replay. Each is run three times and the median told.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket simulate office --days 240 --output year.jsonl --roster-output office.toml
  jagaloket bench --roster office.toml --policies policies year.jsonl")]
pub struct Args {
    /// The office's roster
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,
    /// A folder of policy files
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// A plain file of events
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let roster = replay::read_roster(&args.roster)?;
    let mut lines = 0;
    let reading = median(|| {
        lines = 0;
        each_line(&args.file, |_| lines += 1)
    })?;
    let mut odd = 0;
    let json = median(|| {
        odd = 0;
        each_line(&args.file, |line| {
            odd += u64::from(serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err());
        })
    })?;
    let mut rejected = 0;
    let events = median(|| {
        rejected = 0;
        each_line(&args.file, |line| {
            rejected += u64::from(wire::parse(None, line, &roster, &Limits::REPLAY).is_err());
        })
    })?;
    let request = Request {
        roster: args.roster.clone(),
        policies: args.policies.clone(),
        overlay: None,
        files: vec![args.file.clone()],
        quiet: true,
    };
    let judged = median(|| replay::run(&request, &mut std::io::sink(), &mut std::io::sink()).map(|_| ()))?;
    let rate = |took: Duration| lines as f64 / took.as_secs_f64() / 1e6;
    println!("{lines} lines, {odd} of them not JSON, {rejected} not acceptable; median of three runs");
    for (what, took) in [
        ("reading lines", reading),
        ("any JSON", json),
        ("events, one thread", events),
        ("replay", judged),
    ] {
        println!(
            "  {what:<20} {:>8.3} s  {:>6.2} M lines/s  {:>5.2} of any JSON",
            took.as_secs_f64(),
            rate(took),
            json.as_secs_f64() / took.as_secs_f64()
        );
    }
    println!("  most memory          {:>8} kB", peak_kb().unwrap_or_default());
    Ok(Exit::Done)
}

fn median(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut took = Vec::new();
    for _ in 0..3 {
        let began = clock::instant();
        work()?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    Ok(took[1])
}

fn each_line(path: &PathBuf, mut each: impl FnMut(&[u8])) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        each(line.trim_ascii());
        line.clear();
    }
    Ok(())
}

/// The most memory this process has held, where the system tells.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
