//! Which days a summary is of, when it goes out, and what it counts.

use chrono::{NaiveDate, Weekday};

use super::super::acts::Wish;
use super::super::summary::{Period, Span, Summaries};
use super::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> Moment {
    Moment::parse(&format!("{text}:00+07:00")).unwrap()
}

/// The last period that is over and due, and when the next is, as `from..to next`.
fn due(span: Span, roster: &Roster, now: &str) -> String {
    let (last, next) = Summaries::default().due(span, roster, at(now));
    let last = last.map_or("none".to_owned(), |one| format!("{}..{}", one.from, one.to));
    let next = next.map_or("never".to_owned(), |next| next.rfc3339(roster.office.zone));
    format!("{last} {}", &next[..16])
}

#[test]
fn a_week_is_told_of_on_monday_morning_and_a_month_on_its_first_open_day() {
    let roster = Roster::parse(ROSTER).unwrap();
    for (now, expected) in [
        ("2026-11-23T07:59", "2026-11-09..2026-11-15 2026-11-23T08:00"),
        ("2026-11-23T08:00", "2026-11-16..2026-11-22 2026-11-30T08:00"),
        ("2026-11-29T23:00", "2026-11-16..2026-11-22 2026-11-30T08:00"),
    ] {
        assert_eq!(due(Span::Week, &roster, now), expected, "{now}");
    }
    // The first of November is a Sunday.
    for (now, expected) in [
        ("2026-11-01T12:00", "2026-09-01..2026-09-30 2026-11-02T08:00"),
        ("2026-11-02T08:00", "2026-10-01..2026-10-31 2026-12-01T08:00"),
    ] {
        assert_eq!(due(Span::Month, &roster, now), expected, "{now}");
    }
}

#[test]
fn a_holiday_on_its_day_puts_a_summary_off_and_loses_none() {
    let holiday = ROSTER.replace(
        "[[supervisor]]\nid = \"s-01\"",
        "[office.calendar.closed]\n2026-11-23 = \"libur\"\n[[supervisor]]\nid = \"s-01\"",
    );
    let roster = Roster::parse(&holiday).unwrap();
    assert_eq!(
        due(Span::Week, &roster, "2026-11-23T12:00"),
        "2026-11-09..2026-11-15 2026-11-24T08:00"
    );
    assert_eq!(
        due(Span::Week, &roster, "2026-11-24T08:00"),
        "2026-11-16..2026-11-22 2026-11-30T08:00"
    );
    // However often it is asked, each week comes up once.
    let mut periods = Vec::new();
    for hour in 0..24 * 36 {
        let now = at("2026-11-02T00:00").plus_ms(hour * 3_600_000);
        let (last, next) = Summaries::default().due(Span::Week, &roster, now);
        assert!(next.unwrap() > now);
        periods.extend(last.map(|last| last.to));
    }
    periods.dedup();
    let weeks = [
        "2026-10-25",
        "2026-11-01",
        "2026-11-08",
        "2026-11-15",
        "2026-11-22",
        "2026-11-29",
        "2026-12-06",
    ];
    let weeks = weeks.map(date);
    let of: Vec<NaiveDate> = weeks.into_iter().filter(|week| periods.contains(week)).collect();
    assert_eq!(periods, of);
    assert_eq!(of.len(), 7);
}

#[test]
fn an_office_may_have_other_days_or_none() {
    let roster = Roster::parse(ROSTER).unwrap();
    let none = Summaries {
        weekly: None,
        monthly: false,
        at_minutes: 480,
    };
    for span in Span::ALL {
        assert_eq!(none.due(span, &roster, at("2026-11-24T09:00")), (None, None));
    }
    let friday = Summaries {
        weekly: Some(Weekday::Fri),
        ..none
    };
    let (last, next) = friday.due(Span::Week, &roster, at("2026-11-24T09:00"));
    let expected = Period {
        span: Span::Week,
        from: date("2026-11-13"),
        to: date("2026-11-19"),
    };
    assert_eq!((last, next), (Some(expected), Some(at("2026-11-27T08:00"))));
}

#[test]
fn counts_are_kept_apart_and_hold_nothing_about_the_reader() {
    let mut table = Table::with("p-001", Severity::Minor);
    table.open(2, basis(Some("p-001"), Severity::Major), &["s-01"]);
    table.open(3, basis(Some("p-004"), Severity::Minor), &["s-01"]);
    table.open(4, basis(Some("p-003"), Severity::Minor), &["s-04"]);
    let elsewhere = Basis {
        date: "2026-11-09".into(),
        ..basis(Some("p-001"), Severity::Minor)
    };
    table.open(5, elsewhere, &["s-01"]);
    table.does("s-01", Wish::Find, minutes(6));
    table.monitor(4, minutes(7), Act::BasisWithdrawn);
    let week = Period {
        span: Span::Week,
        from: date("2026-11-23"),
        to: date("2026-11-29"),
    };
    let counted = |table: &Table, reader: &str| {
        let one = table
            .cases
            .counted(&week, &table.roster, reader, &table.terms, minutes(30));
        (
            [one.told, one.indications, one.findings, one.proven, one.withdrawn],
            [one.open, one.overdue],
            one.answer_ms,
        )
    };
    // The major one was not answered in time; the one of another week is still open.
    assert_eq!(counted(&table, "i-01"), ([4, 3, 1, 0, 1], [3, 1], Some(360_000)));
    // s-04 is p-004, and s-01 above him.
    assert_eq!(counted(&table, "s-04"), ([3, 2, 1, 0, 1], [2, 1], Some(360_000)));
}
