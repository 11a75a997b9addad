//! One run: a day at the office, step by step, while things go wrong; then calm, until everything is said and told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::task::JoinSet;

use super::check::{self, Known};
use super::life::{Life, upset};
use super::line::Line;
use super::plan::{Mishap, Plan, Step, What, stream};
use super::post::Post;
use super::{Figures, House};
use crate::accounts::Scope;
use crate::clock::{Hand, MonitorClock};
use crate::engine::time::Moment;
use crate::ledger::Head;
use crate::store::{Disturbance, Lock, Revived};

const MINUTE: i64 = 60_000;
/// What a step waits for the monitor in real time, while things go wrong and afterwards.
const STORM_PATIENCE: Duration = Duration::from_millis(15);
const CALM_PATIENCE: Duration = Duration::from_secs(20);
/// A run that takes longer hangs.
const RUN_MAX: Duration = Duration::from_secs(120);
/// So often a start may find its database locked or full.
const STARTS_MAX: usize = 60;
/// Steps of calm at most, and how many without any news are enough.
const CALM_MAX: usize = 120;
const CALM_ENOUGH: usize = 3;

struct Run<'a> {
    plan: &'a Plan,
    house: &'a House,
    hand: Hand,
    folder: &'a Path,
    /// The database of the process that lives, or of the next one.
    path: PathBuf,
    line: Line<'a>,
    post: Post,
    locks: JoinSet<()>,
    rng: fastrand::Rng,
    lives: u64,
    heads: Vec<Head>,
    /// Steps until the line comes back, where it is cut.
    cut: Option<u32>,
    calm: bool,
    figures: &'a mut Figures,
}

pub async fn run(seed: u64, house: &House, folder: &Path, figures: &mut Figures) -> Result<()> {
    let plan = Plan::new(seed, &house.roster);
    let run = Run {
        plan: &plan,
        house,
        hand: MonitorClock::by_hand(plan.begins).1,
        folder,
        path: folder.join("0").join("jagaloket.db"),
        line: Line::new(&plan.said, plan.window),
        post: Post::open(stream(seed, 5)).await?,
        locks: JoinSet::new(),
        rng: stream(seed, 6),
        lives: 0,
        heads: Vec::new(),
        cut: None,
        calm: false,
        figures,
    };
    match tokio::time::timeout(RUN_MAX, run.all()).await {
        Ok(done) => done,
        Err(_) => bail!("the run hangs: it did not end within {} s", RUN_MAX.as_secs()),
    }
}

impl Run<'_> {
    async fn all(mut self) -> Result<()> {
        std::fs::create_dir_all(self.folder.join("0")).context("cannot make a folder")?;
        self.set(&self.plan.steps[0]);
        let mut life = self.begin().await?;
        for step in &self.plan.steps {
            self.set(step);
            self.line.take_until(step.at);
            for mishap in &step.mishaps {
                life = self.befall(*mishap, life).await?;
            }
            if life.is_over() {
                life = self.bury(life).await?;
            }
            if let Some(left) = self.cut {
                self.cut = left.checked_sub(1);
                if self.cut.is_none() {
                    self.connect(&life);
                }
            }
            match step.waits {
                true => drop(self.settle(&mut life, STORM_PATIENCE).await),
                false => {
                    self.exchange(&mut life);
                    tokio::task::yield_now().await;
                }
            }
        }
        let life = self.calm_down(life).await?;
        life.stop().await.context("the monitor could not be stopped")?;
        self.check().await
    }

    fn set(&self, step: &Step) {
        let shown = step.at.plus_ms(step.ahead_ms);
        self.hand.set(shown, step.at.ms_since(self.plan.begins));
    }

    /// Starts a process; one that finds its database locked or full is started again, as an init system would.
    async fn begin(&mut self) -> Result<Life> {
        let mut refused = None;
        for _ in 0..STARTS_MAX {
            let left = self.folder.join((self.lives + 1).to_string()).join("jagaloket.db");
            let upset = upset(&self.plan.life(self.lives), &left);
            let disturbance = Arc::new(Disturbance::new(&self.path, upset));
            if self.calm {
                disturbance.calm();
            }
            self.lives += 1;
            let begun = Life::begin(
                self.house,
                &self.path,
                disturbance.clone(),
                &self.hand,
                self.post.port,
                self.plan.window,
            );
            match begun.await {
                Ok(life) => {
                    ensure!(!life.says_otherwise, "a restart alone changed what stands");
                    self.heads.push(life.head);
                    if self.cut.is_none() {
                        self.connect(&life);
                    }
                    return Ok(life);
                }
                Err(error) if self.calm => return Err(error.context("the monitor does not start")),
                Err(error) => {
                    self.figures.add("starts that failed", 1);
                    let killed = disturbance.is_dead();
                    self.count(&disturbance);
                    self.path = disturbance.left().context("the killed database could not be kept")?;
                    if !killed {
                        refused = Some(error);
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                }
            }
        }
        Err(refused
            .unwrap_or_else(|| anyhow::anyhow!("it was killed every time"))
            .context("the monitor does not start"))
    }

    fn count(&mut self, disturbance: &Disturbance) {
        let (slowed, filled) = disturbance.figures();
        self.figures.add("slow commits", slowed);
        self.figures.add("full disks", filled);
        self.figures.add("kills", u64::from(disturbance.is_dead()));
    }

    /// Takes a dead process away and starts the next one.
    async fn bury(&mut self, life: Life) -> Result<Life> {
        self.line.cut();
        let disturbance = life.disturbance.clone();
        self.count(&disturbance);
        if let Some(error) = life.kill().await {
            return Err(error);
        }
        self.path = disturbance.left().context("the killed database could not be kept")?;
        self.begin().await
    }

    fn connect(&mut self, life: &Life) {
        self.line.connect();
        life.line_is(true, life.clock.now());
    }

    async fn befall(&mut self, mishap: Mishap, life: Life) -> Result<Life> {
        match mishap {
            Mishap::LineCut { steps, forgets } => {
                self.figures.add("lines cut", 1);
                match forgets {
                    true => {
                        self.figures.add("sessions lost", 1);
                        self.line.forget();
                    }
                    false => self.line.cut(),
                }
                life.line_is(false, life.clock.now());
                self.cut = Some(steps);
            }
            Mishap::Shuffled => {
                self.figures.add("reorderings", 1);
                self.line.shuffle(&mut self.rng);
            }
            Mishap::Locked { ms } => {
                self.figures.add("locks", 1);
                let path = self.path.clone();
                self.locks.spawn(async move {
                    // Where the monitor itself writes just then, the other program gives up.
                    let Ok(lock) = Lock::take(&path).await else { return };
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    let _ = lock.release().await;
                });
            }
            Mishap::MailFails { percent } => self.post.fail(percent),
            Mishap::Killed => {
                self.figures.add("kills", 1);
                return self.bury(life).await;
            }
            Mishap::Restarted if life.is_over() => return self.bury(life).await,
            Mishap::Restarted => {
                self.figures.add("restarts", 1);
                self.line.cut();
                let disturbance = life.disturbance.clone();
                self.count(&disturbance);
                // It may be killed while it stops.
                let stopped = life.stop().await;
                if !disturbance.is_dead() {
                    stopped.context("the monitor could not be stopped")?;
                }
                self.path = disturbance.left().context("the killed database could not be kept")?;
                return self.begin().await;
            }
        }
        Ok(life)
    }

    /// Hears what the monitor acknowledges, unless it is dead, and hands out what there is room for.
    fn exchange(&mut self, life: &mut Life) {
        let now = life.clock.now();
        while let Ok(outcome) = life.outcomes.try_recv() {
            if !life.disturbance.is_dead() {
                self.line.hear(outcome, now);
            }
        }
        self.line.hand_out(now, &life.inbound, &life.outcomes_sender);
    }

    /// Waits until the monitor has done what there is to do now; answers whether it has.
    async fn settle(&mut self, life: &mut Life, patience: Duration) -> bool {
        let from = life.clock.now();
        let waited = tokio::time::timeout(patience, async {
            loop {
                let seen = (from..=life.clock.now()).contains(&life.live.borrow_and_update().now);
                // No two turns at the same moment: what was known when a letter was written is told by its time.
                self.hand.pass(1);
                self.exchange(life);
                if life.is_over() || seen && (self.line.is_idle() || !self.line.is_up()) {
                    return;
                }
                // A dead database tells nobody.
                let _ = tokio::time::timeout(Duration::from_millis(2), life.live.changed()).await;
            }
        });
        waited.await.is_ok() && !life.is_over()
    }

    /// Nothing goes wrong any more. The process that lives recovers by itself, and all that waits is said and told.
    async fn calm_down(&mut self, mut life: Life) -> Result<Life> {
        if life.is_over() {
            life = self.bury(life).await?;
        }
        self.calm = true;
        life.disturbance.calm();
        self.post.fail(0);
        while self.locks.join_next().await.is_some() {}
        if life.is_over() {
            life = self.bury(life).await?;
        }
        if self.cut.take().is_some() {
            self.connect(&life);
        }
        let last = self.plan.steps[self.plan.steps.len() - 1].clone();
        let said = self.plan.said.last().map_or(last.at, |said| said.at);
        let latest = self.plan.said.iter().filter_map(|said| match said.what {
            What::Event { time, .. } => Some(time),
            What::Status | What::Rubbish => None,
        });
        let latest = latest.max().unwrap_or(last.at);
        let (mut at, mut step_ms) = (last.at.max(said), MINUTE);
        let (mut quiet, mut before) = (0, None);
        for _ in 0..CALM_MAX {
            at = at.plus_ms(step_ms);
            step_ms = (step_ms * 3 / 2).min(60 * MINUTE);
            let step = Step { at, ..last.clone() };
            self.set(&step);
            self.line.take_until(at);
            ensure!(
                self.settle(&mut life, CALM_PATIENCE).await,
                "the monitor does not recover: {}",
                self.state(life).await
            );
            self.letters_go_out(&life).await?;
            let news = Some(life.store.next_numbers().await?).zip(Some(
                life.store
                    .letters(&Scope::whole(), None, None, 1)
                    .await?
                    .first()
                    .map(|row| row.n),
            ));
            let waits = life.store.outbox_counts().await?.waiting > 0;
            quiet = match news == before && !waits && step_ms > 20 * MINUTE {
                true => quiet + 1,
                false => 0,
            };
            before = news;
            if quiet >= CALM_ENOUGH && life.clock.now().ms_since(latest) > 30 * MINUTE {
                return Ok(life);
            }
        }
        bail!("the monitor does not come to rest")
    }

    /// Waits until no letter is due, and has those tried again that were given up.
    async fn letters_go_out(&mut self, life: &Life) -> Result<()> {
        let now = life.clock.now();
        let began = crate::clock::instant();
        loop {
            if life.store.outbox_counts().await?.dead > 0 {
                let revived = life.store.revive(Revived::All, now).await?;
                self.figures.add("letters tried again by hand", revived);
                life.nudge.notify_one();
            }
            if life.store.next_due().await?.is_none_or(|due: Moment| due > now) {
                return Ok(());
            }
            ensure!(began.elapsed() < CALM_PATIENCE, "letters that are due are not sent");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn state(&self, life: Life) -> String {
        let idle = self.line.is_idle();
        match life.kill().await {
            Some(error) => format!("{error:#}"),
            None => format!("it hangs (everything acknowledged: {idle})"),
        }
    }

    async fn check(self) -> Result<()> {
        let known = Known {
            house: self.house,
            plan: self.plan,
            fates: self.line.fates(),
            heads: &self.heads,
            taken: &self.post.taken(),
            refused: &self.post.refused(),
        };
        let came = check::check(&self.path, &known).await?;
        self.figures.add("messages", self.plan.said.len() as u64);
        self.figures.add("entries", came.entries);
        self.figures.add("verdicts", came.verdicts);
        self.figures.add("letters", came.letters);
        self.figures.add("mails taken", known.taken.len() as u64);
        self.figures.add("mail failures", self.post.failures());
        let jumped = self.plan.steps.windows(2).filter(|two| {
            let ahead = two[1].ahead_ms - two[0].ahead_ms;
            ahead.abs() > 5_000
        });
        self.figures.add("clock jumps", jumped.count() as u64);
        Ok(())
    }
}
