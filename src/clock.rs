//! The monitor's clock: the one place where real time is read.

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
}

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
        }
    }

    /// How long to sleep for `ms` to pass on this clock.
    pub fn real(&self, ms: i64) -> Duration {
        let ms = ms.max(0) as f64;
        Duration::from_secs_f64(match self {
            MonitorClock::Wall => ms / 1_000.0,
            MonitorClock::Fast { speed, .. } => ms / 1_000.0 / speed,
        })
    }
}

/// For measuring how long things take.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn instant() -> Instant {
    Instant::now()
}
