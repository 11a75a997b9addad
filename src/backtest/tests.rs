//! Which verdicts of two sides are one.

use chrono_tz::Asia::Jakarta;

use super::{Change, Comparison, Dates, Sides, compare};
use crate::engine::event::{DeviceId, OfficeId, PolicyId};
use crate::engine::policy::{Class, PolicySet, Severity};
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;

fn verdict(policy: &str, since: i64, opened: i64, until: i64) -> Verdict {
    Verdict {
        policy: PolicyId::new(policy),
        class: Class::Technical,
        severity: Severity::Minor,
        office: OfficeId::new("tangerang"),
        counter: Some(DeviceId::new("loket-03")),
        lockbox: None,
        officer: None,
        since: Moment(since),
        opened: Moment(opened),
        until: (until > 0).then_some(Moment(until)),
        evidence: Vec::new(),
    }
}

fn told(comparison: &Comparison) -> Vec<String> {
    let changes = comparison.changes.iter();
    changes
        .map(|change| {
            let span = |verdict: &Verdict| format!("{}-{}", verdict.since.0, verdict.opened.0);
            match change {
                Change::Opened(verdict) => format!("+{}", span(verdict)),
                Change::Vanished(verdict) => format!("-{}", span(verdict)),
                Change::Moved { before, after } => format!("{}~{}", span(before), span(after)),
            }
        })
        .collect()
}

#[track_caller]
fn check(before: &[(i64, i64, i64)], after: &[(i64, i64, i64)], expected: &[&str], same: usize) {
    let side = |prefix: &str, list: &[(i64, i64, i64)]| -> Vec<Verdict> {
        let verdicts = list.iter();
        verdicts
            .map(|(since, opened, until)| verdict(&format!("{prefix}/x"), *since, *opened, *until))
            .collect()
    };
    let mut joined = side("before", before);
    joined.extend(side("after", after));
    joined.push(verdict("shared", 5, 6, 7));
    let comparison = compare(joined, Dates::default(), Jakarta);
    assert_eq!(told(&comparison), expected);
    assert_eq!(comparison.same.len(), same + 1);
}

#[test]
fn what_both_say_is_the_same_and_what_overlaps_has_moved() {
    check(&[(1, 2, 9)], &[(1, 2, 9)], &[], 1);
    check(&[(1, 2, 9)], &[(1, 4, 9)], &["1-2~1-4"], 0);
    check(&[(1, 2, 9)], &[(9, 9, 20)], &["1-2~9-9"], 0);
    check(&[(1, 2, 9)], &[(10, 11, 20)], &["-1-2", "+10-11"], 0);
    check(&[(1, 2, 0)], &[(100, 101, 0)], &["1-2~100-101"], 0);
}

#[test]
fn one_verdict_is_paired_with_one_and_the_exact_one_comes_first() {
    // Two became one: the first is it, the second is gone.
    check(&[(1, 2, 9), (12, 13, 20)], &[(1, 2, 20)], &["1-2~1-2", "-12-13"], 0);
    // One became two: the exact one keeps its partner.
    check(&[(12, 13, 20)], &[(1, 2, 12), (12, 13, 20)], &["+1-2"], 1);
    check(&[(1, 2, 20)], &[(1, 2, 9), (12, 13, 20)], &["1-2~1-2", "+12-13"], 0);
}

#[test]
fn a_policy_is_shared_only_where_every_set_has_it_word_for_word() {
    let set = |limit: &str| -> PolicySet {
        let text = |id: &str, limit: &str| {
            format!(
                "id = \"{id}\"\ntitle = {{ id = \"a\", en = \"b\" }}\nbasis = \"c\"\nverdict = \"technical\"\n\
                 severity = \"minor\"\nper = \"counter\"\nwhile = 'workstation.silent'\nfor = \"{limit}\"\nnotify = []\n"
            )
        };
        let (one, two) = (text("one", limit), text("two", "1m"));
        PolicySet::parse([("one.toml", "one", one.as_str()), ("two.toml", "two", two.as_str())]).unwrap()
    };
    let ids = |set: &PolicySet| -> Vec<String> { set.heads().map(|head| head.id.to_string()).collect() };
    let (old, new) = (set("1m"), set("2m"));
    let unchanged = Sides::new(std::iter::once(&new), new.clone());
    assert_eq!(ids(&unchanged.joined(&new)), ["one", "two"]);
    let once_otherwise = Sides::new([&old, &new].into_iter(), new.clone());
    assert_eq!(ids(&once_otherwise.joined(&new)), ["two", "before/one", "after/one"]);
}
