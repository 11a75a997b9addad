//! Judges files of events: reads them in any order, streams them through the engine, prints the verdicts.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::event::{Event, Kind};
use crate::engine::policy::{Policy, PolicySet};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::{Clock, Engine};

use crate::wire::{self, Limits, Rejected};

/// What to replay.
pub struct Request {
    pub roster: PathBuf,
    pub policies: PathBuf,
    /// Files of events, `-` for standard input.
    pub files: Vec<PathBuf>,
    pub quiet: bool,
}

/// Lines a batch; a batch is parsed, inserted and judged as one.
const BATCH: usize = 16_384;
/// How far an event may be from its place in time before everything is sorted on disk.
const DISORDER_MS: i64 = 26 * 3_600_000;

/// What a replay came to.
#[derive(Default)]
pub struct Summary {
    pub events: u64,
    pub duplicates: u64,
    pub rejected: BTreeMap<&'static str, u64>,
    pub gaps: u64,
    pub holes: u64,
    pub verdicts: BTreeMap<String, u64>,
    pub sorted_on_disk: bool,
}

/// A line that was read, or why it could not be.
struct Line {
    number: u64,
    file: u32,
    /// A hash of the body, to tell the same event from another one under the same identity.
    body: u64,
    outcome: Result<Event, Rejected>,
    /// Kept only where the body has to be compared in earnest.
    text: Option<Box<[u8]>>,
}

/// Reads rosters and policies, and judges the files. Verdicts go to `out`, rejected lines and the summary to `err`.
pub fn run(request: &Request, out: &mut dyn Write, err: &mut dyn Write) -> Result<Summary> {
    let roster = Arc::new(read_roster(&request.roster)?);
    let policies = Arc::new(read_policies(&request.policies)?);
    for file in &request.files {
        if file.as_os_str() != "-" && !file.is_file() {
            bail!("{} is not a file", file.display());
        }
    }
    let _ = (out, err, roster, policies);
    bail!("not wired")
}

/// Reads and checks a roster file.
pub fn read_roster(path: &Path) -> Result<Roster> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the roster {}", path.display()))?;
    Roster::parse(&text).map_err(|faults| anyhow::anyhow!("the roster {} has faults:\n{faults}", path.display()))
}

/// Reads and checks all policies of a folder: every `*.toml` but the tests beside them.
pub fn read_policies(folder: &Path) -> Result<PolicySet> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read the policies in {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(id) = name.strip_suffix(".toml")
            && !name.ends_with(".test.toml")
        {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.push((path.display().to_string(), id.to_string(), text));
        }
    }
    if files.is_empty() {
        bail!("there is no policy (*.toml) in {}", folder.display());
    }
    files.sort();
    Ok(PolicySet::parse(
        files.iter().map(|(path, id, text)| (&**path, &**id, &**text)),
    )?)
}
