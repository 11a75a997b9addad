//! Ring 3: runs the whole monitor in one process against everything that goes wrong, and checks what it promises.
//!
//! A run follows from its seed: what devices say, when, and every fault. Only how the threads of the machine interleave
//! does not, so that a seed that fails mostly fails again.

mod check;
mod life;
mod line;
pub mod plan;
mod post;
mod run;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::clock;
use crate::daemon::desk::{PolicyTexts, Texts};
use crate::demo;
use crate::engine::policy::PolicySet;
use crate::engine::roster::Roster;
use crate::letter;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    pub seed: u64,
    pub runs: u64,
    pub workers: usize,
    /// Where databases are made; they are gone afterwards.
    pub folder: PathBuf,
}

/// What one run came to.
#[derive(Debug)]
pub struct Outcome {
    pub seed: u64,
    pub took: Duration,
    pub figures: Figures,
    /// What failed.
    pub failed: Option<String>,
}

/// How often what happened, by its name.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Figures(pub BTreeMap<&'static str, u64>);

impl Figures {
    pub fn add(&mut self, name: &'static str, count: u64) {
        *self.0.entry(name).or_default() += count;
    }

    pub fn join(&mut self, other: &Figures) {
        for (name, count) in &other.0 {
            self.add(name, *count);
        }
    }
}

/// The office that all runs are about.
struct House {
    roster: Arc<Roster>,
    policies: Arc<PolicySet>,
    texts: Texts,
    house: letter::House,
    from: String,
}

impl House {
    fn new() -> Result<House> {
        let policies = PolicyTexts(
            demo::POLICIES
                .iter()
                .map(|(id, text)| ((*id).to_owned(), (*text).to_owned()))
                .collect(),
        );
        Ok(House {
            roster: Arc::new(Roster::parse(plan::ROSTER).context("the simulation's roster has faults")?),
            policies: Arc::new(policies.parse().context("the shipped policies have faults")?),
            texts: Texts {
                roster: plan::ROSTER.to_owned(),
                policies,
            },
            house: letter::House {
                base_url: "http://localhost".into(),
                domain: "contoh.example".into(),
                wording: Default::default(),
                counts_alone: false,
            },
            from: "Jagaloket <jagaloket@contoh.example>".into(),
        })
    }
}

/// Where a database is written without a disk, where there is such a place: what is simulated is not the disk's speed.
pub fn folder() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    match memory.is_dir() {
        true => memory,
        false => std::env::temp_dir(),
    }
}

/// Runs all seeds, calls `each` with every outcome as it comes, and answers how many failed.
pub fn run(request: &Request, each: &mut dyn FnMut(&Outcome)) -> Result<u64> {
    let house = House::new()?;
    let next = AtomicU64::new(0);
    let (sender, outcomes) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..request.workers.max(1) {
            let (sender, house, next) = (sender.clone(), &house, &next);
            scope.spawn(move || {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= request.runs {
                        return;
                    }
                    let outcome = one(request.seed.wrapping_add(n), house, &request.folder);
                    // Nobody listens any more: the program ends.
                    if sender.send(outcome).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut failed = 0;
        for outcome in outcomes {
            failed += u64::from(outcome.failed.is_some());
            each(&outcome);
        }
        Ok(failed)
    })
}

fn one(seed: u64, house: &House, folder: &Path) -> Outcome {
    let began = clock::instant();
    let mut figures = Figures::default();
    let failed = attempt(seed, house, folder, &mut figures).err();
    Outcome {
        seed,
        took: began.elapsed(),
        figures,
        failed: failed.map(|error| format!("{error:#}")),
    }
}

fn attempt(seed: u64, house: &House, folder: &Path, figures: &mut Figures) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("jagaloket-faults-")
        .tempdir_in(folder)
        .with_context(|| format!("cannot make a folder in {}", folder.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(run::run(seed, house, folder.path(), figures));
    runtime.shutdown_background();
    done
}
