//! A wall clock held to the machine's monotonic one, so that one wrong reading moves nothing.
//!
//! Time servers move a clock by seconds. What moves it by more than a minute is a person, a machine that slept, or a
//! fault: then the monotonic clock is believed until the other has stayed with what it says for a while.

use crate::engine::time::Moment;

/// More than this against the monotonic clock is a jump.
const JUMP_MS: i64 = 60_000;
/// A jump is believed when it has stayed for so long …
const STAYS_MS: i64 = 5 * 60_000;
/// … and is not farther than this; a machine that slept longer needs a restart.
pub const FAR_MS: i64 = 31 * 86_400_000;

/// The wall clock says something that cannot be, after what it said before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Doubt {
    /// What it says.
    pub said: Moment,
    /// What is believed instead.
    pub held: Moment,
}

#[derive(Clone, Debug)]
pub struct Steady {
    /// What was last believed of the wall clock, and the monotonic clock's milliseconds then.
    wall: Moment,
    monotonic_ms: i64,
    /// Since when, on the monotonic clock, it has been off by about so much.
    off: Option<(i64, i64)>,
    doubt: Option<Doubt>,
}

impl Steady {
    pub fn new(wall: Moment, monotonic_ms: i64) -> Steady {
        Steady {
            wall,
            monotonic_ms,
            off: None,
            doubt: None,
        }
    }

    /// The time, as both clocks have it.
    pub fn read(&mut self, wall: Moment, monotonic_ms: i64) -> Moment {
        let due = self.wall.plus_ms(monotonic_ms - self.monotonic_ms);
        let off_ms = wall.ms_since(due);
        let since_ms = match self.off {
            Some((since_ms, before_ms)) if (off_ms - before_ms).abs() <= JUMP_MS => since_ms,
            _ => monotonic_ms,
        };
        let stayed = monotonic_ms - since_ms >= STAYS_MS && off_ms.abs() <= FAR_MS;
        if off_ms.abs() <= JUMP_MS || stayed {
            *self = Steady::new(wall, monotonic_ms);
            return wall;
        }
        self.off = Some((since_ms, off_ms));
        self.doubt = Some(Doubt { said: wall, held: due });
        due
    }

    /// What the last reading left in doubt.
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Moment = Moment(1_795_500_000_000);
    const YEAR_MS: i64 = 365 * 86_400_000;

    /// (monotonic, wall, expected), in milliseconds since the begin.
    #[track_caller]
    fn check(readings: &[(i64, i64, i64)]) -> Steady {
        let mut steady = Steady::new(BEGIN, 7);
        for (n, (monotonic_ms, wall_ms, expected_ms)) in readings.iter().enumerate() {
            let read = steady.read(BEGIN.plus_ms(*wall_ms), 7 + monotonic_ms);
            assert_eq!(read, BEGIN.plus_ms(*expected_ms), "reading {n}");
        }
        steady
    }

    #[test]
    fn small_steps_are_followed_both_ways() {
        let steady = check(&[(1_000, 1_000, 1_000), (2_000, 62_000, 62_000), (3_000, 3_000, 3_000)]);
        assert_eq!(steady.doubt(), None);
    }

    #[test]
    fn one_reading_years_ahead_moves_nothing() {
        let far = 9 * YEAR_MS;
        let steady = check(&[(1_000, 1_000, 1_000), (2_000, far, 2_000), (3_000, 3_000, 3_000)]);
        assert_eq!(steady.doubt(), None);
    }

    #[test]
    fn a_clock_that_stays_years_away_is_not_believed_while_running() {
        for far in [9 * YEAR_MS, -9 * YEAR_MS] {
            let readings: Vec<(i64, i64, i64)> = (0..600).map(|n| (n * 1_000, far + n * 1_000, n * 1_000)).collect();
            let steady = check(&readings);
            let held = BEGIN.plus_ms(599_000);
            let said = held.plus_ms(far);
            assert_eq!(steady.doubt(), Some(Doubt { said, held }));
        }
    }

    #[test]
    fn a_jump_that_stays_is_believed_after_five_minutes() {
        for jump in [61_000, 3_600_000, -3_600_000, FAR_MS] {
            let readings: Vec<(i64, i64, i64)> = (0..600)
                .map(|n| n * 1_000)
                .map(|ms| (ms, ms + jump, if ms < 300_000 { ms } else { ms + jump }))
                .collect();
            assert_eq!(check(&readings).doubt(), None);
        }
    }

    #[test]
    fn a_clock_that_jumps_about_is_not_believed() {
        let readings: Vec<(i64, i64, i64)> = (0..600)
            .map(|n| (n * 1_000, n * 1_000 + 3_600_000 * (1 + n / 200), n * 1_000))
            .collect();
        assert!(check(&readings).doubt().is_some());
    }
}
