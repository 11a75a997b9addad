//! What a calendar says at its edges, and how its faults are told.

use super::super::roster::Roster;
use super::super::time::Moment;
use super::Phase;

const OFFICE: &str = "[office]\nid = \"tangerang\"\nname = \"Kantor\"\ntimezone = \"Asia/Jakarta\"\n";

const HOURS: &str = r#"
[office.calendar.week]
monday    = { open = "08:00-16:00", breaks = "12:00-13:00" }
tuesday   = { open = "08:00-16:00", breaks = "12:00-13:00" }
wednesday = { open = "08:00-16:00", breaks = "12:00-13:00" }
thursday  = { open = ["08:00-12:00", "13:00-16:00", "20:00-02:00"], breaks = "00:30-01:00" }
friday    = { open = "07:30-16:30", breaks = ["10:00-10:15", "11:30-13:30"] }

[office.calendar.closed]
2026-12-24 = "Cuti bersama"
2026-12-25 = "Hari Raya Natal"

[[office.calendar.period]]
from   = 2027-02-08
until  = 2027-03-09
reason = "Ramadan 1448 H"
[office.calendar.period.week]
monday = { open = "08:00-15:00" }

[[office.calendar.day]]
date   = 2026-12-06
open   = "08:00-12:00"
reason = "Layanan paspor hari Minggu"
"#;

fn roster(calendar: &str) -> Roster {
    Roster::parse(&format!("{OFFICE}{calendar}")).unwrap_or_else(|faults| panic!("{faults}"))
}

fn at(roster: &Roster, local: &str) -> Phase {
    let moment = Moment::parse(local).expect(local);
    let calendar = roster.office.calendar.as_ref().expect("the roster has a calendar");
    calendar.at(moment, roster.office.zone)
}

#[track_caller]
fn check(roster: &Roster, local: &str, (open, on_break): (bool, bool), until: &str) {
    let phase = at(roster, local);
    assert_eq!((phase.open, phase.on_break), (open, on_break), "{local}");
    assert_eq!(phase.until.rfc3339(roster.office.zone), until, "after {local}");
}

#[test]
fn hours_begin_and_end_to_the_millisecond() {
    let roster = roster(HOURS);
    // Wednesday.
    let (closed, open, rests) = ((false, false), (true, false), (true, true));
    check(
        &roster,
        "2026-11-25T07:59:59.999+07:00",
        closed,
        "2026-11-25T08:00:00.000+07:00",
    );
    check(
        &roster,
        "2026-11-25T08:00:00+07:00",
        open,
        "2026-11-25T12:00:00.000+07:00",
    );
    check(
        &roster,
        "2026-11-25T12:00:00+07:00",
        rests,
        "2026-11-25T13:00:00.000+07:00",
    );
    check(
        &roster,
        "2026-11-25T13:00:00+07:00",
        open,
        "2026-11-25T16:00:00.000+07:00",
    );
    check(
        &roster,
        "2026-11-25T16:00:00+07:00",
        closed,
        "2026-11-26T08:00:00.000+07:00",
    );
}

#[test]
fn a_stretch_passes_midnight_and_belongs_to_the_day_it_begins_on() {
    let roster = roster(HOURS);
    check(
        &roster,
        "2026-11-26T20:00:00+07:00",
        (true, false),
        "2026-11-27T00:30:00.000+07:00",
    );
    check(
        &roster,
        "2026-11-27T00:45:00+07:00",
        (true, true),
        "2026-11-27T01:00:00.000+07:00",
    );
    check(
        &roster,
        "2026-11-27T01:59:59+07:00",
        (true, false),
        "2026-11-27T02:00:00.000+07:00",
    );
    check(
        &roster,
        "2026-11-27T02:00:00+07:00",
        (false, false),
        "2026-11-27T07:30:00.000+07:00",
    );
    // The night before Christmas begins on a holiday, so it never begins.
    check(
        &roster,
        "2026-12-25T01:00:00+07:00",
        (false, false),
        "2026-12-28T08:00:00.000+07:00",
    );
}

#[test]
fn friday_prayer_is_a_break() {
    let roster = roster(HOURS);
    check(
        &roster,
        "2026-11-27T12:00:00+07:00",
        (true, true),
        "2026-11-27T13:30:00.000+07:00",
    );
}

#[test]
fn a_date_of_its_own_beats_the_period_and_the_period_beats_the_week() {
    let roster = roster(HOURS);
    check(
        &roster,
        "2026-12-24T09:00:00+07:00",
        (false, false),
        "2026-12-28T08:00:00.000+07:00",
    );
    check(
        &roster,
        "2026-12-06T09:00:00+07:00",
        (true, false),
        "2026-12-06T12:00:00.000+07:00",
    );
    check(
        &roster,
        "2027-02-08T14:59:00+07:00",
        (true, false),
        "2027-02-08T15:00:00.000+07:00",
    );
    // Of Ramadan's week only Monday is named here.
    check(
        &roster,
        "2027-02-08T15:00:00+07:00",
        (false, false),
        "2027-02-15T08:00:00.000+07:00",
    );
    check(
        &roster,
        "2027-03-09T12:30:00+07:00",
        (false, false),
        "2027-03-10T08:00:00.000+07:00",
    );
    check(
        &roster,
        "2027-03-10T12:30:00+07:00",
        (true, true),
        "2027-03-10T13:00:00.000+07:00",
    );
}

#[test]
fn each_zone_has_its_own_mornings() {
    let week = "[office.calendar.week]\nmonday = { open = \"08:00-16:00\" }\n";
    let jayapura = Roster::parse(&format!("{}{week}", OFFICE.replace("Jakarta", "Jayapura"))).unwrap();
    check(
        &jayapura,
        "2026-11-23T05:59:59+07:00",
        (false, false),
        "2026-11-23T08:00:00.000+09:00",
    );
    check(
        &jayapura,
        "2026-11-23T06:00:00+07:00",
        (true, false),
        "2026-11-23T16:00:00.000+09:00",
    );
}

#[test]
fn when_clocks_are_changed_the_longer_day_counts() {
    let week = "[office.calendar.week]\nsunday = { open = \"02:30-03:30\" }\n";
    let berlin = Roster::parse(&format!("{}{week}", OFFICE.replace("Asia/Jakarta", "Europe/Berlin"))).unwrap();
    // Put forward at two: half past two is told by the clocks before.
    check(
        &berlin,
        "2027-03-28T01:45:00+01:00",
        (false, false),
        "2027-03-28T03:30:00.000+02:00",
    );
    // Put back at three: it opens at the first half past two and closes at half past three.
    check(
        &berlin,
        "2026-10-25T02:29:00+02:00",
        (false, false),
        "2026-10-25T02:30:00.000+02:00",
    );
    check(
        &berlin,
        "2026-10-25T02:30:00+02:00",
        (true, false),
        "2026-10-25T03:30:00.000+01:00",
    );
}

#[test]
fn a_calendar_that_rests_for_years_still_ends_its_search() {
    let roster = roster("[office.calendar.week]\n");
    let phase = at(&roster, "2026-11-25T08:00:00+07:00");
    assert!(!phase.open && phase.until > Moment::parse("2027-11-25T08:00:00+07:00").unwrap());
    let far = Moment(i64::MAX / 8);
    let calendar = roster.office.calendar.as_ref().unwrap();
    assert!(
        calendar.at(far, roster.office.zone).until > far,
        "every answer lies ahead"
    );
}

#[test]
fn faults_are_told_all_at_once_with_their_places() {
    let faults = Roster::parse(&format!(
        "{OFFICE}{}",
        r#"
[office.calendar.week]
monday  = { open = "8-16" }
tuesday = { open = "08:00-16:00", breaks = "16:00-17:00" }
wednesday = { open = ["08:00-12:00", "11:00-16:00"] }
thursday = { open = [] }
friday = { open = "08:00-08:00" }

[office.calendar.closed]
2026-13-01 = "Nobody's day"
2026-12-25 = ""

[[office.calendar.period]]
from = 2027-03-09
until = 2027-02-08
reason = "Ramadan"
week = {}

[[office.calendar.period]]
from = 2027-01-01
until = 2027-02-08
reason = "Januari"
week = {}

[[office.calendar.period]]
from = 2027-02-08
until = 2027-02-09
reason = "Februari"
week = {}

[[office.calendar.day]]
date = 2026-12-25
open = "08:00-25:00"
reason = "Natal"

[[office.calendar.day]]
date = "besok"
open = true
reason = "?"
"#
    ))
    .unwrap_err();
    insta::assert_snapshot!(faults.to_string());
}
