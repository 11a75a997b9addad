//! Sends letters from the outbox, at least once each: leased in one short statement, sent outside any transaction,
//! settled in another.

mod compose;
mod send;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use lettre::message::Mailbox;
use tokio::sync::{Notify, watch};

use crate::clock::MonitorClock;
use crate::store::rows::LetterKind;
use crate::store::{Leased, Next, Store};
use crate::telemetry::Metrics;
pub use compose::{ComposeError, compose};
pub use send::{Encryption, Failure, Smtp, Way, send};

/// Letters under way at the same time.
const AT_ONCE: usize = 4;
/// The first pause after a failure; each further one is twice as long, up to the longest.
const PAUSE_MS: i64 = 5_000;
const PAUSE_MAX_MS: i64 = 30 * 60_000;
/// No letter is given up before so many attempts, however old it is: it may have waited while the monitor was away, or
/// somebody has just asked for it to be tried again. They take a bit over an hour.
const ATTEMPTS_MIN: i64 = 12;
/// How soon what became of a letter is written again, where the database did not take it.
const SETTLE_AGAIN_MS: i64 = 1_000;
/// The outbox is looked at this often, whoever forgot to nudge.
const LOOK_EVERY: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Settings {
    pub way: Way,
    /// As in a From header: `Jagaloket <jagaloket@kantor.example>`.
    pub from: Mailbox,
    /// What people of the rosters in force are called, by their addresses (ids may be the same in two offices): for the
    /// To header.
    pub names: watch::Receiver<HashMap<String, String>>,
    pub give_up_after_ms: i64,
    /// For one attempt.
    pub deadline: Duration,
}

/// Works until `shutdown`; a letter under way is finished first.
pub async fn run(
    store: Store,
    settings: Settings,
    clock: MonitorClock,
    nudge: Arc<Notify>,
    metrics: Arc<Metrics>,
    shutdown: impl Future<Output = ()>,
) {
    tokio::pin!(shutdown);
    let mut told = None;
    loop {
        // Also between two rounds: a backlog must not hold up a stop.
        let stop = std::future::poll_fn(|context| Poll::Ready(shutdown.as_mut().poll(context).is_ready()));
        if stop.await {
            return;
        }
        let sent = match round(&store, &settings, &clock, &metrics, shutdown.as_mut()).await {
            Ok(None) => return,
            Ok(Some(sent)) => {
                if told.take().is_some() {
                    tracing::info!("the outbox is worked on again");
                }
                sent
            }
            Err(error) => {
                // Not its words: they say what was being done.
                let kind = std::mem::discriminant(&error);
                if told != Some(kind) {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "the outbox cannot be worked on; trying again and again");
                    told = Some(kind);
                }
                0
            }
        };
        if sent > 0 {
            continue;
        }
        let pause = match store.next_due().await {
            Ok(Some(due)) => clock
                .real(due.ms_since(clock.now()))
                .clamp(Duration::from_millis(5), LOOK_EVERY),
            _ => LOOK_EVERY,
        };
        tokio::select! {
            () = &mut shutdown => return,
            () = nudge.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sends what is due now, and answers how many letters that was; `None` where it has to stop over a database that takes
/// nothing.
async fn round(
    store: &Store,
    settings: &Settings,
    clock: &MonitorClock,
    metrics: &Metrics,
    mut shutdown: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<usize>, crate::store::Error> {
    // On the monitor's clock; a simulated one runs faster than the mail server.
    let speed = (1_000.0 / clock.real(1_000).as_secs_f64().max(1e-6) / 1_000.0).max(1.0);
    let lease_ms = ((settings.deadline.as_millis() as f64 * 2.0 + 10_000.0) * speed) as i64;
    let letters = store.lease(clock.now(), AT_ONCE, lease_ms).await?;
    let count = letters.len();
    let mut under_way = tokio::task::JoinSet::new();
    for leased in letters {
        let (settings, now) = (settings.clone(), clock.now());
        under_way.spawn(async move {
            let name = settings.names.borrow().get(&leased.letter.address).cloned();
            let name = name.as_deref();
            let result = match compose(&leased.letter, &settings.from, name, now) {
                Ok(message) => send(&settings.way, &file_name(&leased), &message, settings.deadline).await,
                Err(error) => Err(Failure::Permanent(error.to_string())),
            };
            (leased, result, crate::clock::instant())
        });
    }
    while let Some(joined) = under_way.join_next().await {
        // A task that panicked leaves its lease to run out; the letter is tried again then.
        let Ok((leased, result, _)) = joined else { continue };
        // What became of it is known here alone: forgotten, it would wait for its lease to end and go out twice.
        while let Err(error) = settle(store, settings, clock, metrics, &leased, &result).await {
            if !error.passes() {
                return Err(error);
            }
            tokio::select! {
                () = shutdown.as_mut() => return Ok(None),
                () = tokio::time::sleep(clock.real(SETTLE_AGAIN_MS)) => {}
            }
        }
    }
    Ok(Some(count))
}

async fn settle(
    store: &Store,
    settings: &Settings,
    clock: &MonitorClock,
    metrics: &Metrics,
    leased: &Leased,
    result: &Result<(), Failure>,
) -> Result<(), crate::store::Error> {
    let now = clock.now();
    match result {
        Ok(()) => {
            store.settle_sent(leased.n, now).await?;
            metrics.letters_sent.add(1);
            if leased.letter.kind == LetterKind::Opened {
                metrics
                    .mail_seconds
                    .observe(clock.real(now.ms_since(leased.letter.created)));
            }
        }
        Err(failure) => {
            let too_old =
                now.ms_since(leased.letter.created) > settings.give_up_after_ms && leased.attempt >= ATTEMPTS_MIN;
            let (next, words) = match failure {
                Failure::Passing(words) if !too_old => (Next::Due(now.plus_ms(pause_ms(leased.attempt))), words),
                Failure::Passing(words) | Failure::Permanent(words) => (Next::Dead(now), words),
            };
            store.settle_failed(leased.n, leased.attempt, next, words).await?;
            metrics.letter_failures.add(1);
            if matches!(next, Next::Dead(_)) {
                metrics.letters_dead.add(1);
                tracing::error!(letter = leased.n, "a letter was given up; the dashboard shows it");
            } else {
                tracing::warn!(
                    letter = leased.n,
                    attempt = leased.attempt,
                    "a letter could not be sent and is tried again"
                );
            }
        }
    }
    Ok(())
}

/// `000012-amended-s-01.eml`: in the order they were written, told apart without opening them.
fn file_name(leased: &Leased) -> String {
    let kind = leased.letter.kind.as_str();
    // Ids of a roster are plain words; a database that says otherwise must not choose the folder.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let person: String = leased.letter.person.chars().filter(|c| plain(*c)).collect();
    format!("{:06}-{kind}-{person}.eml", leased.n)
}

/// Twice as long after each attempt, with some jitter so that letters do not come back all at once.
fn pause_ms(attempt: i64) -> i64 {
    let doubled = PAUSE_MS
        .saturating_mul(1 << (attempt - 1).clamp(0, 20))
        .min(PAUSE_MAX_MS);
    doubled + fastrand::i64(0..=doubled / 4)
}
