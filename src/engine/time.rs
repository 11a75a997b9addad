//! Moments and spans in whole milliseconds: the only measure of time the engine knows.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone as _};
use chrono_tz::Tz;

/// A point in time: whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Moment(pub i64);

impl Moment {
    /// Before everything that can be parsed.
    pub const MIN: Moment = Moment(i64::MIN / 4);
    /// After everything that can be parsed.
    pub const MAX: Moment = Moment(i64::MAX / 4);

    /// Reads RFC 3339 **with** an offset; finer digits than milliseconds are cut off (contract §2).
    pub fn parse(text: &str) -> Option<Moment> {
        match Moment::parse_plain(text.as_bytes()) {
            Some((moment, length)) if length == text.len() => Some(moment),
            _ => DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|time| Moment(time.timestamp_millis())),
        }
    }

    pub fn plus_ms(self, ms: i64) -> Moment {
        Moment(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; negative where `self` is the earlier one.
    pub fn ms_since(self, earlier: Moment) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 with milliseconds and the offset of `zone`, as verdicts carry it (contract §8).
    pub fn rfc3339(self, zone: Tz) -> String {
        self.local(zone).to_rfc3339_opts(SecondsFormat::Millis, false)
    }

    pub fn local(self, zone: Tz) -> DateTime<Tz> {
        let utc = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        zone.from_utc_datetime(&utc.naive_utc())
    }

    /// The first moment at which a wall clock in `zone` shows this; `None` where it never does.
    pub fn of_local(time: NaiveDateTime, zone: Tz) -> Option<Moment> {
        let local = zone.from_local_datetime(&time).earliest();
        local.map(|local| Moment(local.timestamp_millis()))
    }

    /// The business date of this moment: the calendar date in the office's zone (contract §5).
    pub fn date(self, zone: Tz) -> NaiveDate {
        self.local(zone).date_naive()
    }
}

impl Moment {
    /// Reads the usual form, `YYYY-MM-DDTHH:MM:SS[.fff…](Z|±HH:MM)`, from the begin of a text, without the general parser's
    /// cost. Also answers how long it is. Answers `None` for everything unusual, also for what is merely rare.
    pub fn parse_plain(text: &[u8]) -> Option<(Moment, usize)> {
        let number = |from: usize, to: usize| -> Option<i64> {
            let mut value = 0i64;
            for byte in text.get(from..to)? {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                value = value * 10 + i64::from(digit);
            }
            Some(value)
        };
        let mark = |at: usize, byte: u8| (text.get(at) == Some(&byte)).then_some(());
        mark(4, b'-')?;
        mark(7, b'-')?;
        mark(10, b'T')?;
        mark(13, b':')?;
        mark(16, b':')?;
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        if day < 1 || day > days || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut at = 19;
        let mut millis = 0;
        if text.get(at) == Some(&b'.') {
            at += 1;
            let start = at;
            while text.get(at).is_some_and(u8::is_ascii_digit) {
                if at - start < 3 {
                    millis = millis * 10 + i64::from(text[at] - b'0');
                }
                at += 1;
            }
            match at - start {
                0 => return None,
                1 => millis *= 100,
                2 => millis *= 10,
                _ => {}
            }
        }
        let offset_minutes = match text.get(at)? {
            b'Z' => {
                at += 1;
                0
            }
            sign @ (b'+' | b'-') => {
                mark(at + 3, b':')?;
                let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                at += 6;
                (hours * 60 + minutes) * if *sign == b'+' { 1 } else { -1 }
            }
            _ => return None,
        };
        // Days since 1970 of a civil date, counted in years that begin in March.
        let (y, m) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let era = y.div_euclid(400);
        let year_of_era = y - era * 400;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * m + 2) / 5 + day - 1;
        let days = era * 146_097 + day_of_era - 719_468;
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset_minutes * 60;
        Some((Moment(seconds * 1_000 + millis), at))
    }
}

/// A span of time as the files write it: `"90s"`, `"2m"`, `"1h30m"`, `"250ms"`, `"0s"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    pub ms: i64,
}

impl Span {
    pub const fn ms(ms: i64) -> Span {
        Span { ms }
    }

    /// Reads one or more of number + unit (`ms`, `s`, `m`, `h`, `d`), largest first or not.
    pub fn parse(text: &str) -> Result<Span, String> {
        let wrong = || format!("\"{text}\" is not a duration; write it like \"90s\", \"2m\" or \"1h30m\"");
        let mut rest = text;
        let mut ms = 0i64;
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let unit = match &rest[..letters] {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return Err(wrong()),
            };
            rest = &rest[letters..];
            ms = number
                .checked_mul(unit)
                .and_then(|part| ms.checked_add(part))
                .ok_or_else(wrong)?;
        }
        Ok(Span { ms })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ms == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.ms;
        for (unit, name) in [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1_000, "s"),
            (1, "ms"),
        ] {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl<'de> serde::Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        let text = String::deserialize(deserializer)?;
        Span::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_parser_agrees_with_chrono() {
        for text in [
            "2026-11-24T10:02:10.000+07:00",
            "2026-11-24T10:02:10+07:00",
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59.9999999-11:30",
            "1969-12-31T23:59:59.5Z",
            "2100-02-28T00:00:00.01+00:00",
        ] {
            let chrono = DateTime::parse_from_rfc3339(text).expect(text).timestamp_millis();
            let read = Some((Moment(chrono), text.len()));
            assert_eq!(Moment::parse_plain(text.as_bytes()), read, "{text}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_not_a_time() {
        for text in [
            "2026-11-24T10:02:10",
            "2026-11-24T10:02:10.123",
            "2026-02-29T10:02:10Z",
            "2026-11-24T25:02:10Z",
            "2026-11-24T10:02:10+7:00",
            "",
            "now",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_read_as_they_are_written() {
        for (text, ms) in [
            ("0s", 0),
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            ("250ms", 250),
            ("2d", 172_800_000),
        ] {
            assert_eq!(Span::parse(text), Ok(Span { ms }), "{text}");
        }
        assert_eq!(Span::ms(90_000).to_string(), "1m30s");
        for text in ["", "90", "s", "-5s", "1.5s", "5 s", "99999999999999999999s"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }
}
