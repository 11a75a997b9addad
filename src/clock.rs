//! The monitor's clock: the one place where real time is read.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::engine::time::Moment;

/// Where the daemon's time comes from.
#[derive(Clone, Copy, Debug)]
pub enum MonitorClock {
    Wall,
    /// Simulated time, `speed` times as fast as the real one.
    Fast {
        started: Instant,
        from: Moment,
        speed: f64,
    },
    /// Whatever it is set to, for a simulation that moves its time itself.
    Set(&'static Hands),
}

/// What a clock shows that is set by hand.
#[derive(Debug, Default)]
pub struct Hands {
    shown: AtomicI64,
    steady_ms: AtomicI64,
}

impl Hands {
    /// `steady_ms` is how much time has really passed in the simulation: unlike what is shown it never jumps.
    pub fn set(&self, shown: Moment, steady_ms: i64) {
        self.shown.store(shown.0, Ordering::Release);
        self.steady_ms.store(steady_ms, Ordering::Release);
    }

    pub fn advance(&self, ms: i64) {
        self.shown.fetch_add(ms, Ordering::AcqRel);
        self.steady_ms.fetch_add(ms, Ordering::AcqRel);
    }
}

/// How long somebody sleeps who waits for a clock that is set by hand: nobody knows when it will be.
const SOON: Duration = Duration::from_millis(1);

/// Where steady time is counted from.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

impl MonitorClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn fast(from: Moment, speed: f64) -> MonitorClock {
        MonitorClock::Fast {
            started: Instant::now(),
            from,
            speed,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Moment {
        match self {
            // A machine clock before 1970 is taken for 1970: the ticks say what they say.
            MonitorClock::Wall => Moment(
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| since.as_millis() as i64),
            ),
            MonitorClock::Fast { started, from, speed } => {
                from.plus_ms((started.elapsed().as_secs_f64() * 1_000.0 * speed) as i64)
            }
            MonitorClock::Set(hands) => Moment(hands.shown.load(Ordering::Acquire)),
        }
    }

    /// How long to sleep for `ms` to pass on this clock.
    pub fn real(&self, ms: i64) -> Duration {
        let ms = ms.max(0) as f64;
        Duration::from_secs_f64(match self {
            MonitorClock::Wall => ms / 1_000.0,
            MonitorClock::Fast { speed, .. } => ms / 1_000.0 / speed,
            MonitorClock::Set(_) => return SOON,
        })
    }

    /// Time that never jumps, whatever is done to the clock: for measuring how long something lasts.
    pub fn steady(&self) -> Duration {
        match self {
            MonitorClock::Wall | MonitorClock::Fast { .. } => STARTED.elapsed(),
            MonitorClock::Set(hands) => {
                Duration::from_millis(u64::try_from(hands.steady_ms.load(Ordering::Acquire)).unwrap_or(0))
            }
        }
    }
}

/// For measuring how long things take.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn instant() -> Instant {
    Instant::now()
}
