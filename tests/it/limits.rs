//! Named limits: an office sets them without another condition, and everything shows the literal they stand for.

use jagaloket::engine::policy::PolicySet;
use jagaloket::engine::roster::{Language, Roster};
use jagaloket::engine::time::Moment;
use jagaloket::engine::{Clock, Engine};
use jagaloket::{letter, replay, wire};
use serde_json::json;

use crate::support::policies;

const ROSTER: &str = r#"
[office]
id = "kota"
name = "Kantor"
timezone = "Asia/Jakarta"

[[counter]]
id = "loket-1"
heartbeat_every = "0s"

[[lockbox]]
id = "loker-a"
heartbeat_every = "0s"

[[officer]]
id = "p-1"
lockbox = "loker-a"
handsets = [{ id = "h-1" }]
"#;

const ID: &str = "lockbox-check-overdue";

fn shipped() -> PolicySet {
    replay::read_policies(&policies()).unwrap()
}

fn overlay(limits: &str) -> String {
    format!("[{ID}]\nlimits = {limits}\nreason = \"r\"\ndecided_by = \"k\"\ndecided_on = 2026-11-01\n")
}

fn overlaid(limits: &str) -> PolicySet {
    let set = shipped().overlaid("overlays/kota.toml", &overlay(limits));
    set.unwrap_or_else(|faults| panic!("{faults}"))
}

/// When the verdict on a session begins that is never checked.
fn since(policies: PolicySet) -> Option<i64> {
    let roster = Roster::parse(ROSTER).unwrap();
    let mut engine = Engine::new(roster.clone().into(), policies.into(), Clock::Events);
    for (time, kind, data) in [
        ("08:00", "session.signed_in", json!({"officer": "p-1"})),
        ("11:00", "workstation.heartbeat", json!({})),
    ] {
        let body = json!({"specversion": "1.0", "id": time, "source": "/kota/loket-1", "type": kind,
            "time": format!("2026-11-24T{time}:00.000+07:00"), "data": data});
        let event = wire::parse(None, body.to_string().as_bytes(), &roster, &wire::Limits::REPLAY).unwrap();
        engine.insert(event).unwrap();
    }
    engine.judge();
    let begin = Moment::parse("2026-11-24T08:00:00+07:00").unwrap();
    let verdicts = engine.verdicts();
    let found = verdicts.iter().find(|verdict| verdict.policy.as_str() == ID);
    found.map(|verdict| verdict.since.ms_since(begin))
}

#[test]
fn an_overlay_sets_a_limit_inside_a_condition() {
    const MINUTE_MS: i64 = 60_000;
    assert_eq!(since(shipped()), Some(120 * MINUTE_MS));
    assert_eq!(since(overlaid("{ unchecked = \"90m\" }")), Some(90 * MINUTE_MS));
    assert_eq!(since(overlaid("{ unchecked = \"3h1ms\" }")), None);
}

#[test]
fn the_limit_in_use_is_shown_and_is_what_the_verdict_is_pinned_to() {
    let head = |set: &PolicySet| set.heads().find(|head| head.id.as_str() == ID).unwrap().clone();
    let (as_shipped, here, same) = (
        head(&shipped()),
        head(&overlaid("{ unchecked = \"90m\" }")),
        head(&overlaid("{ unchecked = \"120m\" }")),
    );
    let shows =
        |condition: &str, limit: &str| condition.ends_with(&format!("session.unchecked_for > duration(\"{limit}\")"));
    assert!(shows(&as_shipped.condition, "2h"), "{}", as_shipped.condition);
    assert!(shows(&here.condition, "1h30m"), "{}", here.condition);
    assert_ne!(as_shipped.content_hash(), here.content_hash());
    assert_eq!(as_shipped.content_hash(), same.content_hash());
    assert_eq!(
        letter::decision(&here, Language::En).unwrap(),
        "limit unchecked 1 hour 30 minutes (as shipped: 2 hours). Reason: r. Decided by k, 1 November 2026."
    );
    assert_eq!(
        letter::decision(&here, Language::Id).unwrap(),
        "batas unchecked 1 jam 30 menit (semula 2 jam). Alasan: r. Diputuskan oleh k, 1 November 2026."
    );
}

#[test]
fn an_overlay_s_limits_are_checked_like_the_policy_s() {
    for (limits, code, said) in [
        ("{ uncheked = \"90m\" }", "unknown-limit", "did you mean `unchecked`?"),
        ("{ unchecked = 90 }", "wrong-type", "the policy has 2h"),
        ("{ unchecked = \"40d\" }", "impossible-duration", "longer than 31 days"),
        ("{ unchecked = \"soon\" }", "not-a-duration", "is not a duration"),
        ("{}", "empty", "no limit is named"),
        ("\"90m\"", "wrong-type", "must be a table"),
    ] {
        let faults = shipped().overlaid("o.toml", &overlay(limits)).unwrap_err();
        assert_eq!(faults.0[0].code, code, "{limits}");
        assert!(faults.to_string().contains(said), "{faults}");
    }
    let other = overlay("{ unchecked = \"90m\" }").replace(ID, "phone-out-during-service");
    let faults = shipped().overlaid("o.toml", &other).unwrap_err().to_string();
    assert!(
        faults.contains("phone-out-during-service has no limit `unchecked`"),
        "{faults}"
    );
}
