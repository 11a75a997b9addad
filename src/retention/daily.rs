//! Beside a running monitor: a run each day at a quiet hour, and whenever somebody asks for one.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;
use tokio::sync::{mpsc, oneshot};

use super::{Counts, Retention};
use crate::clock::MonitorClock;
use crate::engine::time::Moment;
use crate::telemetry::Metrics;

/// How often it is looked at the clock, which may be set.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Where the quiet hour was missed for so long, as on a machine that is off at night, any hour will do.
const MISSED_MS: i64 = 49 * 3_600_000;
/// After a start, people and devices come first.
const AFTER_START_MS: i64 = 10 * 60_000;

/// Who waits for a run: what it came to, or why it failed.
pub type Asked = oneshot::Sender<Result<Counts, String>>;

pub struct Daily {
    pub retention: Retention,
    pub clock: MonitorClock,
    /// Of the first office.
    pub zone: Tz,
    pub metrics: Arc<Metrics>,
    pub asked: mpsc::Receiver<Asked>,
}

impl Daily {
    /// Works until `shutdown`, which ends a run between two batches or leaves the one at work to the database.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let started = self.clock.now();
        let mut last = match self.retention.store.last_run().await {
            Ok(last) => last.map(|last| last.at),
            Err(error) => {
                tracing::warn!(%error, "the last run of retention cannot be read");
                None
            }
        };
        if let Some(last) = last {
            self.metrics.retention_last_ms.set(last.0);
        }
        loop {
            let due = self.is_due(started, last, self.clock.now());
            let asked = match due {
                true => None,
                false => tokio::select! {
                    () = &mut shutdown => return,
                    asked = self.asked.recv() => match asked {
                        Some(asked) => Some(asked),
                        None => return,
                    },
                    () = tokio::time::sleep(LOOK_EVERY) => continue,
                },
            };
            let now = self.clock.now();
            let metrics = self.metrics.clone();
            let ran = tokio::select! {
                () = &mut shutdown => return,
                ran = self.retention.run(now, |kind, count| metrics.let_go(kind, count)) => ran,
            };
            last = Some(now);
            match self.retention.store.erase_numbers(now).await {
                Ok(0) => {}
                Ok(erased) => tracing::info!(erased, "numbers of applicants were erased"),
                Err(error) => {
                    tracing::error!(%error, "numbers of applicants could not be erased; the next run tries again")
                }
            }
            let told = match ran {
                Ok(counts) => {
                    self.metrics.retention_last_ms.set(now.0);
                    let told: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
                    tracing::info!(gone = told.join(", "), "what was kept long enough was let go");
                    Ok(counts)
                }
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, "a run of retention failed; the next one goes on");
                    Err(error)
                }
            };
            if let Some(asked) = asked {
                // Whoever asked may have gone; the log has it too.
                let _ = asked.send(told);
            }
        }
    }

    fn is_due(&self, started: Moment, last: Option<Moment>, now: Moment) -> bool {
        let Some(at) = self.retention.rules.at else {
            return false;
        };
        is_due(at, self.zone, [started, last.unwrap_or(Moment::MIN), now])
    }
}

fn is_due(at: NaiveTime, zone: Tz, [started, last, now]: [Moment; 3]) -> bool {
    if now.ms_since(last) > MISSED_MS && now.ms_since(started) > AFTER_START_MS {
        return true;
    }
    // The quiet hour lies between the last look and now.
    let today = now.local(zone);
    let quiet = today.time() >= at && today.time().signed_duration_since(at).num_minutes() < 60;
    quiet && now.ms_since(last) > 3 * 3_600_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_once_a_night_and_by_day_only_where_nights_were_missed() {
        let moment = |text: &str| Moment::parse(text).unwrap();
        let at = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        let zone = chrono_tz::Asia::Jakarta;
        let started = moment("2026-11-20T08:00:00.000+07:00");
        for (last, now, due) in [
            ("2026-11-23T02:30:10.000+07:00", "2026-11-24T02:29:59.000+07:00", false),
            ("2026-11-23T02:30:10.000+07:00", "2026-11-24T02:30:00.000+07:00", true),
            ("2026-11-24T02:30:10.000+07:00", "2026-11-24T02:45:00.000+07:00", false),
            ("2026-11-23T02:30:10.000+07:00", "2026-11-24T10:00:00.000+07:00", false),
            ("2026-11-21T02:30:10.000+07:00", "2026-11-24T10:00:00.000+07:00", true),
            ("2026-11-10T02:30:10.000+07:00", "2026-11-20T08:05:00.000+07:00", false),
            ("2026-11-10T02:30:10.000+07:00", "2026-11-20T08:10:01.000+07:00", true),
        ] {
            assert_eq!(
                is_due(at, zone, [started, moment(last), moment(now)]),
                due,
                "{last} {now}"
            );
        }
    }
}
