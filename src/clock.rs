//! The monitor's clock: the one place where real time is read.

pub mod steady;

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::engine::time::Moment;
use steady::{Doubt, Steady};

/// Where the daemon's time comes from.
#[derive(Clone, Debug)]
pub enum MonitorClock {
    Wall,
    /// The machine's clock, held to its monotonic one.
    Steady(Arc<Held>),
    /// Simulated time, `speed` times as fast as the real one.
    Fast {
        started: Instant,
        from: Moment,
        speed: f64,
    },
}

/// A clock that jumps are kept from.
#[derive(Debug)]
pub struct Held {
    source: Source,
    steady: Mutex<Steady>,
}

#[derive(Debug)]
enum Source {
    Machine { started: Instant },
    Hand(Hand),
}

/// A machine's two clocks, set by hand: for tests and simulations.
#[derive(Clone, Debug)]
pub struct Hand(Arc<Mutex<(Moment, i64)>>);

impl Hand {
    /// Lets time pass, on both.
    pub fn pass(&self, ms: i64) {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *both = (both.0.plus_ms(ms), both.1 + ms);
    }

    /// Sets the wall clock on, or back.
    pub fn jump(&self, ms: i64) {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        both.0 = both.0.plus_ms(ms);
    }

    /// Sets both: the wall clock, and the milliseconds that the monotonic one counts.
    pub fn set(&self, wall: Moment, monotonic_ms: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (wall, monotonic_ms);
    }

    /// The clock of a process that starts now on this machine.
    pub fn clock(&self) -> MonitorClock {
        let (wall, monotonic_ms) = self.read();
        MonitorClock::Steady(Arc::new(Held {
            source: Source::Hand(self.clone()),
            steady: Mutex::new(Steady::new(wall, monotonic_ms)),
        }))
    }

    fn read(&self) -> (Moment, i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn read(&self) -> (Moment, Option<Doubt>) {
        let wall = match &self.source {
            Source::Machine { .. } => wall(),
            Source::Hand(hand) => hand.read().0,
        };
        let monotonic_ms = self.monotonic_ms();
        let mut steady = self.steady.lock().unwrap_or_else(PoisonError::into_inner);
        let now = steady.read(wall, monotonic_ms);
        (now, steady.doubt())
    }

    fn monotonic_ms(&self) -> i64 {
        match &self.source {
            Source::Machine { started } => started.elapsed().as_millis() as i64,
            Source::Hand(hand) => hand.read().1,
        }
    }
}

/// How long somebody sleeps who waits for a clock that is set by hand: nobody knows when it will be.
const SOON: Duration = Duration::from_millis(1);

/// Where the others count from.
static STARTED: LazyLock<Instant> = LazyLock::new(instant);

/// A machine clock before 1970 is taken for 1970: the ticks say what they say.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn wall() -> Moment {
    Moment(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as i64),
    )
}

impl MonitorClock {
    /// The machine's clock, from which jumps are kept.
    pub fn steady() -> MonitorClock {
        MonitorClock::Steady(Arc::new(Held {
            source: Source::Machine { started: instant() },
            steady: Mutex::new(Steady::new(wall(), 0)),
        }))
    }

    /// The same, of clocks that are set by hand.
    pub fn by_hand(from: Moment) -> (MonitorClock, Hand) {
        let hand = Hand(Arc::new(Mutex::new((from, 0))));
        (hand.clock(), hand)
    }

    pub fn fast(from: Moment, speed: f64) -> MonitorClock {
        MonitorClock::Fast {
            started: instant(),
            from,
            speed,
        }
    }

    pub fn now(&self) -> Moment {
        match self {
            MonitorClock::Wall => wall(),
            MonitorClock::Steady(held) => held.read().0,
            MonitorClock::Fast { started, from, speed } => {
                from.plus_ms((started.elapsed().as_secs_f64() * 1_000.0 * speed) as i64)
            }
        }
    }

    /// Where the machine's clock is not believed.
    pub fn doubt(&self) -> Option<Doubt> {
        match self {
            MonitorClock::Steady(held) => held.read().1,
            MonitorClock::Wall | MonitorClock::Fast { .. } => None,
        }
    }

    /// Whether the clocks of devices can be measured by it. A simulated clock turns milliseconds of delay into seconds.
    pub fn is_real(&self) -> bool {
        !matches!(self, MonitorClock::Fast { .. })
    }

    /// How long to sleep for `ms` to pass on this clock.
    pub fn real(&self, ms: i64) -> Duration {
        let ms = ms.max(0) as f64;
        Duration::from_secs_f64(match self {
            MonitorClock::Steady(held) if matches!(held.source, Source::Hand(_)) => return SOON,
            MonitorClock::Wall | MonitorClock::Steady(_) => ms / 1_000.0,
            MonitorClock::Fast { speed, .. } => ms / 1_000.0 / speed,
        })
    }

    /// For measuring how long something lasts, whatever is done to the clock.
    pub fn monotonic(&self) -> Duration {
        match self {
            MonitorClock::Steady(held) => Duration::from_millis(u64::try_from(held.monotonic_ms()).unwrap_or(0)),
            MonitorClock::Wall | MonitorClock::Fast { .. } => STARTED.elapsed(),
        }
    }
}

/// For measuring how long things take.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn instant() -> Instant {
    Instant::now()
}
