//! Other rosters and policies come into force while something is under way.

use std::fs;
use std::sync::Arc;

use jagaloket::engine::policy::PolicySet;
use jagaloket::engine::roster::Roster;
use jagaloket::engine::time::Moment;
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
