//! Ring 3: judges a past again, from files of events or from a ledger: under two sets of policies at once, or to explain.

mod explain;
mod ledger;
mod service;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;

use crate::backtest::{Asked, Dates, Mail, Report, Sides, Tallies, compare};
use crate::engine::policy::PolicySet;
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::{Decision, Verdict};
use crate::replay::{self, Ear, Heard};

pub use explain::{Explained, Named, explain_files, explain_stored};
pub use ledger::{Ledger, LedgerRules, backtest as backtest_ledger, rules};
pub use service::Measuring;

/// Turns of decisions that wait for the counting of letters.
const WAITING_MAX: usize = 256;
/// Incidents of files are forgotten so long after their end: a day of disorder, and room for `group_within`.
const KEEP_MS: i64 = 3 * 86_400_000;

/// A past in files.
pub struct Files {
    pub files: Vec<PathBuf>,
    pub roster: Roster,
    pub policies: PolicySet,
    pub quiet: bool,
}

/// A turn, on its way to the thread that counts letters.
enum Note {
    Decided(Moment, Vec<Decision>, Arc<Roster>, Arc<PolicySet>),
    Void,
    End(Moment, Arc<Roster>),
}

/// What a pass under both sets came to.
struct Told {
    verdicts: Vec<Verdict>,
    days: BTreeSet<NaiveDate>,
    events: u64,
    rejected: u64,
    clock: Moment,
}

/// Judges files once, under both sets.
pub fn backtest(past: Files, candidate: PolicySet, dates: Dates, err: &mut dyn Write) -> Result<Report> {
    let sides = Sides::new(std::iter::once(&past.policies), candidate);
    let joined = Arc::new(sides.joined(&past.policies));
    let roster = Arc::new(past.roster);
    let (told, letters) = with_mail(KEEP_MS, |tell| {
        let mut hear = |heard| match heard {
            Heard::Decided(at, decisions) => tell(Note::Decided(at, decisions, roster.clone(), joined.clone())),
            Heard::Void => tell(Note::Void),
        };
        let judged = replay::Past {
            files: &past.files,
            quiet: past.quiet,
            roster: roster.clone(),
            policies: joined.clone(),
        };
        let (engine, summary) = replay::judge(judged, Some(Ear::new(&mut hear)), err)?;
        let clock = engine.clock().unwrap_or(Moment::MIN);
        tell(Note::End(clock, roster.clone()));
        Ok(Told {
            verdicts: engine.verdicts(),
            rejected: summary.rejected_lines(),
            days: summary.days.dates,
            events: summary.events,
            clock,
        })
    })?;
    Ok(report(told, letters, &roster, &past.policies, &sides, dates))
}

/// Runs `judge` while another thread counts the letters of what it tells.
fn with_mail(keep_ms: i64, judge: impl FnOnce(&mut dyn FnMut(Note)) -> Result<Told>) -> Result<(Told, [Tallies; 2])> {
    let (sender, notes) = sync_channel(WAITING_MAX);
    std::thread::scope(|scope| {
        let counting = scope.spawn(move || {
            let mut mail = Mail::new(keep_ms);
            for note in notes {
                match note {
                    Note::Decided(at, decisions, roster, policies) => mail.hear(decisions, &roster, &policies, at),
                    Note::Void => mail = Mail::new(keep_ms),
                    Note::End(clock, roster) => mail.wait_until(clock, &roster),
                }
            }
            mail.tallies()
        });
        // Nobody listens any more only when the other thread broke, which joining it tells.
        let told = judge(&mut |note| drop(sender.send(note)));
        drop(sender);
        let letters = counting.join().ok().context("counting the letters broke")?;
        Ok((told?, letters))
    })
}

fn report(
    told: Told,
    letters: [Tallies; 2],
    roster: &Roster,
    before: &PolicySet,
    sides: &Sides,
    dates: Dates,
) -> Report {
    let comparison = compare(told.verdicts, dates, roster.office.zone);
    let asked = Asked {
        roster,
        before,
        candidate: sides.after(),
        days: told.days.into_iter().filter(|date| dates.hold(*date)).collect(),
        events: told.events,
        rejected: told.rejected,
        clock: told.clock,
    };
    Report::new(&asked, comparison, letters)
}
