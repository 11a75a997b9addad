//! What stands out for the integrity team, and what looks the same and is innocent.

use super::super::acts::Wish;
use super::super::signal::{Bounds, Seen, signals};
use super::*;
use crate::letter::signal::Signal;
use crate::store::rows::Silence;

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// `count` indications, each told to s-01 and dismissed by him after so many seconds.
fn dismissed(count: i64, after_s: i64) -> Table {
    let mut table = Table::new();
    for n in 1..=count {
        dismiss(&mut table, n, n * HOUR, after_s);
    }
    table
}

fn dismiss(table: &mut Table, n: i64, at: i64, after_s: i64) {
    let told = Basis {
        since: minutes(at),
        ..basis(Some("p-001"), Severity::Minor)
    };
    table.open(n, told, &["s-01"]);
    let at = minutes(at).plus_ms(after_s * 1_000);
    let ask = Ask {
        incident: n,
        who: Actor::in_roster("s-01", &table.roster).unwrap(),
        wish: Wish::Dismiss(Code::Permitted),
        reason: "sudah diperiksa".into(),
        seen: None,
    };
    let step = table.cases.ask(&ask, &table.roster, &table.terms, at).unwrap();
    table.take(Record::Step(step));
}

fn seen(table: &Table) -> Seen {
    Seen {
        records: table.records.clone(),
        ..Seen::default()
    }
}

fn found(table: &Table, seen: &Seen, reader: &str) -> Vec<Signal> {
    signals(seen, &Bounds::default(), &table.roster, reader, minutes(7 * DAY))
}

#[test]
fn who_dismisses_within_moments_stands_out_with_his_counts() {
    let table = dismissed(6, 40);
    let expected = Signal::FastDismissals {
        person: "s-01".into(),
        fast: 6,
        dismissed: 6,
        within_ms: 120_000,
        days: 28,
    };
    assert_eq!(found(&table, &seen(&table), "i-01"), [expected]);
}

#[test]
fn few_dismissals_slow_ones_and_those_of_a_day_with_a_broken_device_do_not() {
    let few = dismissed(4, 40);
    assert_eq!(found(&few, &seen(&few), "i-01"), []);
    let slow = dismissed(20, 600);
    assert_eq!(found(&slow, &seen(&slow), "i-01"), []);
    // Some of many were obvious.
    let mut some = dismissed(12, 600);
    for n in 13..=18 {
        dismiss(&mut some, n, n * HOUR, 40);
    }
    assert_eq!(found(&some, &seen(&some), "i-01"), []);
    // The counter's own notice of that day says why.
    let mut broken = dismissed(6, 40);
    let notice = Basis {
        class: Class::Technical,
        policy: PolicyId::new("device-clock-off"),
        ..basis(None, Severity::Major)
    };
    broken.open(100, notice, &["t-01"]);
    assert_eq!(found(&broken, &seen(&broken), "i-01"), []);
    // It was long ago.
    let old = dismissed(6, 40);
    let later = minutes(40 * DAY);
    assert_eq!(signals(&seen(&old), &Bounds::default(), &old.roster, "i-01", later), []);
}

#[test]
fn nobody_is_shown_what_stands_out_about_himself_or_his_superior() {
    let table = dismissed(6, 40);
    assert_eq!(found(&table, &seen(&table), "s-01"), []);
    // s-04 reports to s-01.
    assert_eq!(found(&table, &seen(&table), "s-04"), []);
    assert_eq!(found(&table, &seen(&table), "i-02").len(), 1);
}

#[test]
fn an_office_is_quiet_only_where_it_served_and_little_of_it_is_known() {
    let table = Table::new();
    let of = |served_hours: i64, known_hours: i64, records: Vec<Record>| Seen {
        served_ms: served_hours * 3_600_000,
        known_ms: known_hours * 3_600_000,
        records,
        ..Seen::default()
    };
    let expected = Signal::QuietOffice {
        served_ms: 100 * 3_600_000,
        known_percent: 40,
        days: 14,
    };
    assert_eq!(found(&table, &of(100, 40, Vec::new()), "i-01"), [expected]);
    assert_eq!(found(&table, &of(100, 95, Vec::new()), "i-01"), [], "all is well there");
    assert_eq!(
        found(&table, &of(10, 1, Vec::new()), "i-01"),
        [],
        "hardly anything was served"
    );
    assert_eq!(found(&table, &of(0, 0, Vec::new()), "i-01"), [], "it is closed");
    let indicated = Table::with("p-001", Severity::Minor);
    assert_eq!(
        found(&table, &of(100, 40, indicated.records), "i-01"),
        [],
        "it does tell"
    );
}

fn silence(counter: &str, officer: &str, signed_in: i64, since: i64) -> Silence {
    Silence {
        counter: DeviceId::new(counter),
        officer: Some(OfficerId::new(officer)),
        since: minutes(since),
        signed_in: Some(minutes(signed_in)),
    }
}

#[test]
fn a_counter_that_falls_silent_after_sign_ins_stands_out_and_one_that_does_so_at_any_time_does_not() {
    let table = Table::new();
    let of = |silences: Vec<Silence>| Seen {
        silences,
        ..Seen::default()
    };
    let daily = |counter: &str, after: i64| -> Vec<Silence> {
        let of_day = |day: i64| silence(counter, "p-001", day * DAY, day * DAY + after);
        (0..4).map(of_day).collect()
    };
    let expected = |officers| Signal::SilentAfterSignIn {
        counter: DeviceId::new("loket-01"),
        after: 4,
        silences: 4,
        officers,
        within_ms: 600_000,
        days: 28,
    };
    assert_eq!(found(&table, &of(daily("loket-01", 4)), "i-01"), [expected(1)]);
    // Whoever signs in there: most likely the workstation, which the words say.
    let mut two = daily("loket-01", 4);
    two[1].officer = Some(OfficerId::new("p-003"));
    assert_eq!(found(&table, &of(two), "i-01"), [expected(2)]);
    assert_eq!(
        found(&table, &of(daily("loket-01", 95)), "i-01"),
        [],
        "in the middle of the morning"
    );
    assert_eq!(
        found(&table, &of(daily("loket-01", 4)[..2].to_vec()), "i-01"),
        [],
        "twice"
    );
    // A bad cable: now and then after a sign-in as well.
    let cable = [daily("loket-01", 4), daily("loket-01", 95), daily("loket-01", 200)].concat();
    assert_eq!(found(&table, &of(cable), "i-01"), []);
    // The network of the office.
    let network = [daily("loket-01", 4), daily("loket-02", 5)].concat();
    assert_eq!(found(&table, &of(network), "i-01"), []);
    // s-04 is p-004.
    let mut own = daily("loket-01", 4);
    for one in &mut own {
        one.officer = Some(OfficerId::new("p-004"));
    }
    assert_eq!(found(&table, &of(own), "s-04"), []);
}
