//! Other rosters and policies come into force while something is under way.

use std::fs;
use std::sync::Arc;

use jagaloket::engine::policy::PolicySet;
use jagaloket::engine::roster::Roster;
use jagaloket::engine::time::Moment;
use jagaloket::engine::verdict::{Decision, Reason};
use jagaloket::engine::{Clock, Engine};
use jagaloket::{replay, wire};
use serde_json::{Value, json};

use crate::support::{example, policies};

fn shipped() -> PolicySet {
    replay::read_policies(&policies()).unwrap()
}

fn roster_text() -> String {
    fs::read_to_string(example("roster.toml")).unwrap()
}

fn parsed(text: &str) -> Arc<Roster> {
    Arc::new(Roster::parse(text).unwrap())
}

fn at(time: &str) -> Moment {
    Moment::parse(&format!("2026-11-24T{time}+07:00")).unwrap()
}

fn tell(engine: &mut Engine, roster: &Roster, device: &str, time: &str, kind: &str, data: Value) {
    let body = json!({"specversion": "1.0", "id": format!("{device}-{time}-{kind}"), "source": format!("/tangerang/{device}"),
        "type": kind, "time": format!("2026-11-24T{time}+07:00"), "data": data});
    let event = wire::parse(None, body.to_string().as_bytes(), roster, &wire::Limits::REPLAY).unwrap();
    engine.insert(event).unwrap();
}

fn said(engine: &Engine) -> Vec<String> {
    engine
        .verdicts()
        .iter()
        .map(|verdict| verdict.policy.to_string())
        .collect()
}

/// Somebody declares to carry no phone, and one is seen on him in the millisecond of the change.
fn seen_at_the_change(then: PolicySet) -> Vec<String> {
    let roster = parsed(&roster_text());
    let mut engine = Engine::new(roster.clone(), Arc::new(shipped()), Clock::Events);
    tell(
        &mut engine,
        &roster,
        "system",
        "08:00:00.000",
        "custody.declared_none",
        json!({"officer": "p-001"}),
    );
    engine.judge();
    engine.activate(at("09:00:00.000"), roster.clone(), Arc::new(then));
    let seen = json!({"officer": "p-001", "by": "s-01"});
    tell(&mut engine, &roster, "system", "09:00:00.000", "handset.seen", seen);
    tell(
        &mut engine,
        &roster,
        "system",
        "09:30:00.000",
        "shift.started",
        json!({"officer": "p-002"}),
    );
    engine.judge();
    said(&engine)
}

#[test]
fn an_event_in_the_millisecond_of_a_change_is_judged_by_what_comes_into_force() {
    let mut without = shipped();
    without
        .policies
        .retain(|policy| policy.head.id.as_str() != "declared-none-contradicted");
    assert_eq!(seen_at_the_change(without), [""; 0]);
    let mut with_more = shipped();
    for policy in &mut with_more.policies {
        policy.head.enabled = true;
    }
    assert_eq!(seen_at_the_change(with_more), ["declared-none-contradicted"]);
}

#[test]
fn a_roster_in_another_order_puts_nobody_in_two_places() {
    let place = |text: &str, device: &str, place: &str| {
        let id = format!("id = \"{device}\"\n");
        text.replace(&id, &format!("{id}place = \"{place}\"\n"))
    };
    let text = place(&roster_text(), "loket-01", "mall");
    let text = place(&place(&text, "loket-02", "kantor"), "loker-a", "kantor");
    let text = format!("{text}\n[[travel]]\nbetween = [\"kantor\", \"mall\"]\ntakes = \"25m\"\n");
    let (first, second) = (
        "id = \"loket-01\"\nplace = \"mall\"",
        "id = \"loket-02\"\nplace = \"kantor\"",
    );
    let swapped = text.replace(first, "<>").replace(second, first).replace("<>", second);
    assert_ne!(text, swapped);
    let mut all = shipped();
    all.policies.iter_mut().for_each(|policy| policy.head.enabled = true);
    let all = Arc::new(all);
    let (roster, other) = (parsed(&text), parsed(&swapped));
    let mut engine = Engine::new(roster.clone(), all.clone(), Clock::Events);
    tell(
        &mut engine,
        &roster,
        "loket-02",
        "08:00:00.000",
        "session.signed_in",
        json!({"officer": "p-001"}),
    );
    engine.judge();
    engine.activate(at("08:02:00.000"), other, all);
    let deposit = json!({"officer": "p-001", "slot": 1});
    tell(
        &mut engine,
        &roster,
        "loker-a",
        "08:04:00.000",
        "lockbox.deposited",
        deposit,
    );
    engine.judge();
    assert!(
        !said(&engine).contains(&"badge-at-two-places".to_owned()),
        "{:?}",
        said(&engine)
    );
}

#[test]
fn what_was_open_at_a_counter_ends_when_the_roster_has_it_no_more() {
    let text = roster_text();
    let (before, rest) = text.split_once("[[counter]]\nid = \"loket-01\"").unwrap();
    let without = format!("{before}[[counter]]{}", rest.split_once("[[counter]]").unwrap().1);
    let (roster, other) = (parsed(&text), parsed(&without));
    let policies = Arc::new(shipped());
    let mut engine = Engine::new(roster.clone(), policies.clone(), Clock::Events);
    tell(
        &mut engine,
        &roster,
        "loket-01",
        "08:00:00.000",
        "session.signed_in",
        json!({"officer": "p-001"}),
    );
    engine.judge();
    engine.activate(at("08:00:10.000"), other.clone(), policies);
    for hour in ["08:30:00.000", "12:00:00.000"] {
        tell(
            &mut engine,
            &other,
            "loket-02",
            hour,
            "workstation.heartbeat",
            json!({}),
        );
        engine.judge();
    }
    assert!(
        !said(&engine).contains(&"counter-silent".to_owned()),
        "{:?}",
        said(&engine)
    );
}

/// A counter at which officer p-1 serves on Wednesday and on Thursday from nine to ten, and the clock goes on to the
/// evening.
const WEEK: &str = r#"
[office]
id = "kota"
name = "Kantor"
timezone = "Asia/Jakarta"
[office.calendar]
# from
[office.calendar.week]
wednesday = { open = "08:00-16:00" }
thursday  = { open = "08:00-16:00" }
[[counter]]
id = "loket-1"
heartbeat_every = "0s"
"#;

fn outside_hours() -> Arc<PolicySet> {
    let mut set = shipped();
    set.policies
        .retain(|policy| policy.head.id.as_str() == "service-outside-hours");
    set.policies.iter_mut().for_each(|policy| policy.head.enabled = true);
    Arc::new(set)
}

/// The calendar closes the office on Wednesday and Thursday.
fn closed(from: &str) -> Arc<Roster> {
    let closed = "[office.calendar.closed]\n2026-11-25 = \"Libur\"\n2026-11-26 = \"Libur\"\n[[counter]]";
    parsed(&WEEK.replace("# from", from).replace("[[counter]]", closed))
}

fn serve_two_days(engine: &mut Engine) {
    let roster = parsed(WEEK);
    for (date, hour, kind) in [
        ("25", "09:00", "session.signed_in"),
        ("25", "09:01", "service.started"),
        ("25", "10:00", "session.signed_out"),
        ("26", "09:00", "session.signed_in"),
        ("26", "09:01", "service.started"),
        ("26", "10:00", "session.signed_out"),
        ("26", "20:00", "workstation.heartbeat"),
    ] {
        let body = json!({"specversion": "1.0", "id": format!("{date}-{hour}-{kind}"), "source": "/kota/loket-1",
            "type": kind, "time": format!("2026-11-{date}T{hour}:00.000+07:00"), "data": {"officer": "p-1"}});
        let event = wire::parse(None, body.to_string().as_bytes(), &roster, &wire::Limits::REPLAY).unwrap();
        engine.insert(event).unwrap();
    }
    engine.judge();
}

fn served_two_days() -> Engine {
    let mut engine = Engine::new(parsed(WEEK), outside_hours(), Clock::Events);
    serve_two_days(&mut engine);
    assert_eq!(dates(&engine), [""; 0]);
    engine
}

fn tick(engine: &mut Engine, ms: i64) {
    let body = json!({"specversion": "1.0", "id": format!("t{ms}"), "source": "/kota/monitor", "type": "clock.ticked",
        "time": evening(0).plus_ms(ms).rfc3339(chrono_tz::UTC), "data": {}});
    let event = wire::parse(None, body.to_string().as_bytes(), &parsed(WEEK), &wire::Limits::REPLAY).unwrap();
    engine.insert(event).unwrap();
    engine.judge();
}

#[test]
fn what_comes_late_is_judged_although_only_a_calendar_had_been_before() {
    let mut engine = Engine::new(parsed(WEEK), outside_hours(), Clock::Ticks);
    tick(&mut engine, 0);
    engine.activate(evening(0).plus_ms(1), closed("from = 2026-11-25"), outside_hours());
    engine.judge();
    serve_two_days(&mut engine);
    tick(&mut engine, 2);
    assert_eq!(dates(&engine), ["2026-11-25", "2026-11-26"]);
}

fn dates(engine: &Engine) -> Vec<String> {
    let zone = engine.roster().office.zone;
    let verdicts = engine.verdicts();
    verdicts
        .iter()
        .map(|verdict| verdict.since.date(zone).to_string())
        .collect()
}

fn evening(minute: i64) -> Moment {
    Moment::parse("2026-11-26T20:00:00.001+07:00")
        .unwrap()
        .plus_ms(minute * 60_000)
}

#[test]
fn a_changed_calendar_says_from_when_on_it_judges_again() {
    for (from, expected) in [
        ("", &[][..]),
        ("from = 2026-11-25", &["2026-11-25", "2026-11-26"]),
        ("from = \"2026-11-26\"", &["2026-11-26"]),
        ("from = 2026-11-27", &[]),
        ("from = 2020-01-01", &["2026-11-25", "2026-11-26"]),
    ] {
        let mut engine = served_two_days();
        engine.activate(evening(0), closed(from), outside_hours());
        let decisions = engine.judge();
        assert_eq!(dates(&engine), expected, "{from}");
        assert_eq!(decisions.len(), expected.len(), "{from}");
        for decision in decisions {
            assert_eq!(decision.reason(), Reason::CalendarChanged);
        }
    }
}

#[test]
fn a_calendar_that_is_put_right_takes_back_what_it_said() {
    let mut engine = served_two_days();
    engine.activate(evening(0), closed("from = 2026-11-25"), outside_hours());
    engine.judge();
    let right = parsed(&WEEK.replace("# from", "from = 2026-11-26"));
    engine.activate(evening(1), right, outside_hours());
    let decisions = engine.judge();
    assert_eq!(dates(&engine), ["2026-11-25"]);
    assert!(
        matches!(
            &decisions[..],
            [Decision::Retracted {
                reason: Reason::CalendarChanged,
                ..
            }]
        ),
        "{decisions:?}"
    );
}

#[test]
fn the_calendar_that_came_into_force_last_is_right_about_every_moment_it_reaches() {
    let mut engine = served_two_days();
    // The later word reaches further back than the one before it; and one without a date says nothing of the past.
    engine.activate(evening(0), closed("from = 2026-11-26"), outside_hours());
    engine.activate(
        evening(1),
        parsed(&WEEK.replace("# from", "from = 2026-11-25")),
        outside_hours(),
    );
    engine.judge();
    assert_eq!(dates(&engine), [""; 0]);
    engine.activate(evening(2), closed("from = 2026-11-25"), outside_hours());
    engine.activate(evening(3), parsed(WEEK), outside_hours());
    engine.judge();
    assert_eq!(dates(&engine), ["2026-11-25", "2026-11-26"]);
}

#[test]
fn the_policies_of_the_time_stay_in_force_where_a_calendar_judges_again() {
    let mut engine = served_two_days();
    // What came into force on the evening says nothing of the morning, only the calendar does.
    let mut strict = PolicySet::clone(&outside_hours());
    strict
        .policies
        .iter_mut()
        .for_each(|policy| policy.head.for_ms = 7_200_000);
    engine.activate(evening(0), closed("from = 2026-11-26"), Arc::new(strict));
    engine.judge();
    assert_eq!(dates(&engine), ["2026-11-26"]);
}

#[test]
fn a_changed_calendar_judges_nothing_again_that_is_settled() {
    let mut engine = served_two_days();
    engine.judge_again_within(24 * 3_600_000);
    engine.activate(evening(0), closed("from = 2026-11-01"), outside_hours());
    engine.judge();
    assert_eq!(dates(&engine), ["2026-11-26"]);
}

#[test]
fn a_calendar_from_a_date_to_come_counts_from_then() {
    let mut engine = served_two_days();
    engine.activate(evening(0), closed("from = 2026-11-30"), outside_hours());
    engine.judge();
    let asked = engine.wake_at();
    assert_eq!(asked, evening(0), "what comes into force is waited for");
    assert_eq!(dates(&engine), [""; 0]);
}
