//! How often something came up for a thousand of something else, and how sure that is.

/// A rate for a thousand, with the bounds that 95 of 100 such intervals hold the true one between.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// The quantile of the normal distribution that 95 % lie within.
const Z: f64 = 1.959_964;

impl Rate {
    /// `count` in `of`; `None` where there was nothing it could have come up in. The bounds are Byar's approximation of the
    /// exact ones for counts that are rare and independent (Poisson): off by less than 1 % from a count of 1 on.
    pub fn per_thousand(count: i64, of: i64) -> Option<Rate> {
        if of <= 0 || count < 0 {
            return None;
        }
        let scale = 1_000.0 / of as f64;
        let count = count as f64;
        let low = match count {
            0.0 => 0.0,
            count => count * (1.0 - 1.0 / (9.0 * count) - Z / (3.0 * count.sqrt())).powi(3),
        };
        let more = count + 1.0;
        let high = more * (1.0 - 1.0 / (9.0 * more) + Z / (3.0 * more.sqrt())).powi(3);
        Some(Rate {
            value: count * scale,
            low: low.max(0.0) * scale,
            high: high * scale,
        })
    }
}

/// The middle one; of an even number the lower of the two in the middle.
pub fn median(mut values: Vec<i64>) -> Option<i64> {
    let middle = values.len().checked_sub(1)? / 2;
    Some(*values.select_nth_unstable(middle).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_the_tables() {
        // Exact bounds of Poisson counts, from any statistics textbook.
        for (count, low, high) in [
            (0, 0.0, 3.689),
            (1, 0.025, 5.572),
            (10, 4.795, 18.390),
            (100, 81.36, 121.63),
        ] {
            let rate = Rate::per_thousand(count, 1_000).unwrap();
            assert_eq!(rate.value, count as f64);
            assert!((rate.low - low).abs() < 0.03, "{count}: {rate:?}");
            assert!((rate.high - high).abs() < 0.04, "{count}: {rate:?}");
        }
        assert_eq!(Rate::per_thousand(3, 0), None);
        let twice = Rate::per_thousand(10, 2_000).unwrap();
        assert_eq!(twice.value, 5.0);
    }

    #[test]
    fn the_median_is_one_of_them() {
        for (values, middle) in [
            (vec![], None),
            (vec![7], Some(7)),
            (vec![9, 1], Some(1)),
            (vec![5, 1, 9], Some(5)),
        ] {
            assert_eq!(median(values), middle);
        }
    }
}
