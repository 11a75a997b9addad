//! Judges files of events: streams them through the engine in flat memory, and prints the verdicts.

mod chunks;
mod ear;
mod identities;
mod overlay;
mod read;
mod sort;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::SpooledTempFile;

use crate::engine::event::{Event, Kind};
use crate::engine::policy::PolicySet;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::{Clock, Engine};
use crate::wire::{self, Rejected};
pub use ear::{Ear, Heard};
use identities::identity;
pub use overlay::{overlay_of, read_policies_of};
use read::Place;
use sort::{Record, Sorter};
use stream::Pass;

/// What to replay.
pub struct Request {
    pub roster: PathBuf,
    pub policies: PathBuf,
    /// The office's overlay, where it is not in the folder of the policies.
    pub overlay: Option<PathBuf>,
    /// Files of events, `-` for standard input.
    pub files: Vec<PathBuf>,
    /// No progress and no summary.
    pub quiet: bool,
}

/// How far an event may be from its place in time before everything is sorted on disk: a day, and a margin.
const DISORDER_MS: i64 = 26 * 3_600_000;
const QUARTER_MS: i64 = 900_000;
/// Operations the engine holds before it is asked to forget the settled past.
const OPS_HELD: usize = 1_024;

/// What a replay came to.
#[derive(Default, Debug)]
pub struct Summary {
    pub events: u64,
    pub duplicates: u64,
    pub rejected: BTreeMap<&'static str, u64>,
    /// Stretches in which a device was silent.
    pub gaps: u64,
    /// Events missing in the sequences of devices.
    pub missing: u64,
    pub verdicts: BTreeMap<String, u64>,
    pub sorted_on_disk: bool,
    /// Business dates with an event.
    pub days: Days,
}

/// Business dates, collected at the price of a comparison an event.
#[derive(Default, Debug)]
pub struct Days {
    pub dates: BTreeSet<NaiveDate>,
    /// The quarter of an hour noted last: no zone's midnight lies within one.
    quarter: Option<i64>,
}

impl Days {
    pub fn note(&mut self, at: Moment, zone: chrono_tz::Tz) {
        let quarter = at.0.div_euclid(QUARTER_MS);
        if self.quarter != Some(quarter) {
            self.quarter = Some(quarter);
            self.dates.insert(at.date(zone));
        }
    }
}

impl Summary {
    pub fn rejected_lines(&self) -> u64 {
        self.rejected.values().sum()
    }
}

/// Judges the files. Verdicts go to `out`, rejected lines and what happened to `err`.
pub fn run(request: &Request, out: &mut dyn Write, err: &mut dyn Write) -> Result<Summary> {
    let roster = Arc::new(read_roster(&request.roster)?);
    let overlay = request.overlay.as_deref();
    let policies = Arc::new(read_policies_of(&request.policies, &roster.office.id, overlay)?);
    let past = Past {
        files: &request.files,
        quiet: request.quiet,
        roster: roster.clone(),
        policies,
    };
    let (engine, summary) = judge(past, None, err)?;
    write_verdicts(&engine, &roster, summary, out)
}

/// What is judged.
pub struct Past<'a> {
    /// Files of events, `-` for standard input.
    pub files: &'a [PathBuf],
    /// No progress, and not a word but rejected lines.
    pub quiet: bool,
    pub roster: Arc<Roster>,
    pub policies: Arc<PolicySet>,
}

/// Judges files in one pass where they allow it. `ear` hears the decisions as a monitor would have taken them; without
/// one, only what stands in the end is worked out.
pub fn judge<'a>(past: Past<'a>, ear: Option<Ear<'a>>, err: &'a mut dyn Write) -> Result<(Engine, Summary)> {
    if past.files.iter().filter(|file| file.as_os_str() == "-").count() > 1 {
        bail!("standard input (-) can be read only once");
    }
    for file in past.files {
        if file.as_os_str() != "-" && !file.exists() {
            bail!("there is no file {}", file.display());
        }
    }
    Replay { past, ear, err }.judge()
}

fn write_verdicts(engine: &Engine, roster: &Roster, mut summary: Summary, out: &mut dyn Write) -> Result<Summary> {
    for verdict in engine.verdicts() {
        *summary.verdicts.entry(verdict.policy.to_string()).or_default() += 1;
        serde_json::to_writer(&mut *out, &verdict.line(roster.office.zone)).context("cannot write the verdicts")?;
        out.write_all(b"\n").context("cannot write the verdicts")?;
    }
    out.flush().context("cannot write the verdicts")?;
    Ok(summary)
}

struct Replay<'a> {
    past: Past<'a>,
    ear: Option<Ear<'a>>,
    err: &'a mut dyn Write,
}

impl Replay<'_> {
    fn judge(&mut self) -> Result<(Engine, Summary)> {
        let spooled = tempfile::tempdir().context("cannot make a temporary folder")?;
        let mut files = self.past.files.to_vec();
        for file in &mut files {
            if file.as_os_str() == "-" {
                // Wild disorder needs a second pass, and a pipe cannot be read again.
                *file = read::spool(spooled.path())?;
            }
        }
        let mut rejections = spool();
        if let Pass::Done(engine, summary) = self.stream(&files, &mut rejections)? {
            copy_out(rejections, self.err)?;
            return Ok((*engine, summary));
        }
        if !self.past.quiet {
            writeln!(
                self.err,
                "events, or others under their ids, lie more than a day from their place in time: sorting on disk"
            )?;
        }
        if let Some(ear) = &mut self.ear {
            ear.begin_anew();
        }
        self.sorted(&files)
    }

    fn progress(&self, files: &[PathBuf]) -> ProgressBar {
        if self.past.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bytes = files
            .iter()
            .filter_map(|file| file.metadata().ok())
            .map(|meta| meta.len())
            .sum();
        let bar = ProgressBar::new(bytes);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}") {
            bar.set_style(style);
        }
        bar
    }

    /// Sorts everything on disk, first by identity (the first in the given order stands), then by time.
    fn sorted(&mut self, files: &[PathBuf]) -> Result<(Engine, Summary)> {
        let names = self.names();
        let mut summary = Summary {
            sorted_on_disk: true,
            ..Summary::default()
        };
        let mut by_identity = Sorter::default();
        let mut rejections = spool();
        let mut ticks = false;
        read::each_line(files, &self.progress(files), &mut |place, text| {
            let line = read::parse(text, &self.past.roster);
            match line.outcome {
                Ok(event) => {
                    ticks |= matches!(event.kind, Kind::Ticked);
                    let order = (place.file, place.line);
                    by_identity.push(Record {
                        key: identity(&event),
                        order,
                        text: Box::from(text),
                    })?;
                }
                Err(rejected) => {
                    *summary.rejected.entry(rejected.code).or_default() += 1;
                    say(&mut rejections, &names, place, &rejected)?;
                }
            }
            Ok(true)
        })?;
        let mut by_time = Sorter::default();
        let mut records = by_identity.sorted()?;
        let mut stands: Option<(u128, u64)> = None;
        while let Some(record) = records.next()? {
            let place = Place {
                file: record.order.0,
                line: record.order.1,
            };
            let line = read::parse(&record.text, &self.past.roster);
            let Ok(event) = line.outcome else { continue };
            let fingerprint = wire::fingerprint(&record.text);
            match stands {
                Some((key, body)) if key == record.key => {
                    if body == fingerprint {
                        summary.duplicates += 1;
                    } else {
                        let rejected = conflict(&event);
                        *summary.rejected.entry(rejected.code).or_default() += 1;
                        say(&mut rejections, &names, place, &rejected)?;
                    }
                }
                _ => {
                    stands = Some((record.key, fingerprint));
                    // Times before 1970 sort below later ones.
                    let at = (effect(&event).0 as u64) ^ (1 << 63);
                    by_time.push(Record {
                        key: u128::from(at),
                        ..record
                    })?;
                }
            }
        }
        copy_out(rejections, self.err)?;
        let clock = if ticks { Clock::Ticks } else { Clock::Events };
        let mut engine = Engine::new(self.past.roster.clone(), self.past.policies.clone(), clock);
        let mut records = by_time.sorted()?;
        let mut count = 0u64;
        while let Some(record) = records.next()? {
            let place = Place {
                file: record.order.0,
                line: record.order.1,
            };
            let Ok(event) = read::parse(&record.text, &self.past.roster).outcome else {
                continue;
            };
            summary.events += 1;
            count += 1;
            let (at, pulse) = (event.time, event.kind.is_pulse());
            summary.days.note(at, self.past.roster.office.zone);
            if engine.insert(event).is_err() {
                bail!(
                    "{}: a device's clock was set back by more than a day within one boot; that cannot be replayed in one go",
                    names.of(place)
                );
            }
            if let Some(ear) = &mut self.ear {
                ear.after(&mut engine, at, pulse);
            }
            if count.is_multiple_of(8_192) {
                ear::judge(&mut engine, self.ear.as_mut());
                if engine.ops_len() > OPS_HELD {
                    engine.forget(engine.clock().unwrap_or(Moment::MIN).plus_ms(-DISORDER_MS));
                }
            }
        }
        ear::judge(&mut engine, self.ear.as_mut());
        finish(&engine, &mut summary);
        Ok((engine, summary))
    }

    fn names(&self) -> FileNames {
        FileNames(self.past.files.iter().map(|file| file.display().to_string()).collect())
    }
}

fn finish(engine: &Engine, summary: &mut Summary) {
    summary.gaps = engine.gaps();
    summary.missing = engine.missing();
}

/// Where an event has its place in time: a grant where it takes effect.
fn effect(event: &Event) -> Moment {
    match &event.kind {
        Kind::Granted { from, .. } => (*from).min(event.time),
        _ => event.time,
    }
}

/// Rejections are told when it is sure that no second pass tells them again; until then many of them go to disk.
fn spool() -> SpooledTempFile {
    SpooledTempFile::new(1 << 20)
}

fn copy_out(mut rejections: SpooledTempFile, err: &mut dyn Write) -> Result<()> {
    rejections.rewind()?;
    std::io::copy(&mut rejections, err)?;
    Ok(())
}

struct FileNames(Vec<String>);

impl FileNames {
    /// `file:line`, as compilers say it.
    fn of(&self, place: Place) -> String {
        let name = self.0.get(place.file as usize).map_or("", String::as_str);
        format!("{}:{}", if name == "-" { "standard input" } else { name }, place.line)
    }
}

fn say(rejections: &mut SpooledTempFile, names: &FileNames, place: Place, rejected: &Rejected) -> Result<()> {
    writeln!(
        rejections,
        "{}: rejected ({}): {}",
        names.of(place),
        rejected.code,
        rejected.reason
    )?;
    Ok(())
}

fn conflict(event: &Event) -> Rejected {
    Rejected::conflict(&format!("/{}/{}", event.office, event.device), &event.id)
}

/// Calls `each` with every event that can be accepted, also with those that come again.
pub fn each_event(files: &[PathBuf], roster: &Roster, each: &mut dyn FnMut(Event)) -> Result<()> {
    read::each_line(files, &ProgressBar::hidden(), &mut |_, text| {
        if let Ok(event) = read::parse(text, roster).outcome {
            each(event);
        }
        Ok(true)
    })
}

/// Reads and checks a roster file.
pub fn read_roster(path: &Path) -> Result<Roster> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the roster {}", path.display()))?;
    Ok(Roster::parse(&text).map_err(|faults| faults.in_file(&path.display().to_string()))?)
}

/// Reads and checks all policies of a folder.
pub fn read_policies(folder: &Path) -> Result<PolicySet> {
    parse_policies(&policy_files(folder)?)
}

/// A policy's file: the path people know it by, the name without `.toml`, the text.
pub type PolicyFile = (String, String, String);

/// Every `*.toml` of a folder but the tests beside them.
pub fn policy_files(folder: &Path) -> Result<Vec<PolicyFile>> {
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
    Ok(files)
}

pub fn parse_policies(files: &[PolicyFile]) -> Result<PolicySet> {
    Ok(PolicySet::parse(
        files.iter().map(|(path, id, text)| (&**path, &**id, &**text)),
    )?)
}

/// The summary as people read it.
pub fn write_summary(summary: &Summary, seconds: f64, err: &mut dyn Write) -> std::io::Result<()> {
    let rate = (summary.events + summary.duplicates) as f64 / seconds.max(1e-9);
    writeln!(
        err,
        "{} events judged in {seconds:.2} s ({rate:.0} events/s)",
        summary.events
    )?;
    writeln!(err, "  duplicates      {}", summary.duplicates)?;
    writeln!(err, "  rejected        {}", summary.rejected_lines())?;
    for (code, count) in &summary.rejected {
        writeln!(err, "    {code:<28} {count}")?;
    }
    writeln!(
        err,
        "  silent stretches {}, events missing in sequences {}",
        summary.gaps, summary.missing
    )?;
    if summary.sorted_on_disk {
        writeln!(
            err,
            "  sorted on disk, because events lay more than a day from their place in time"
        )?;
    }
    writeln!(err, "  verdicts        {}", summary.verdicts.values().sum::<u64>())?;
    for (policy, count) in &summary.verdicts {
        writeln!(err, "    {policy:<28} {count}")?;
    }
    Ok(())
}
