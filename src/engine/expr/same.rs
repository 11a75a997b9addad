//! Whether two conditions are the same, however they are written: no state an office can be in tells them apart.

use super::check::Checker;
use super::states::{self, Breadth, Subject};
use super::{compile, parsed};

/// Whether two conditions of one policy say the same of its subject. Where the states cannot be listed, only equal trees are the same.
pub fn same(sources: [&str; 2], subject: Subject) -> bool {
    let (per, on) = (subject.per, subject.on);
    let (Ok(left), Ok(right)) = (compile(sources[0], per, on), compile(sources[1], per, on)) else {
        return false;
    };
    if left.same_tree(&right) {
        return true;
    }
    // Where they are judged must be the same, too.
    let left_judged = (
        left.names_custody(),
        left.names_workstation_silent(),
        left.names_silence(),
        left.names_workstation(),
    );
    let right_judged = (
        right.names_custody(),
        right.names_workstation_silent(),
        right.names_silence(),
        right.names_workstation(),
    );
    let (Ok(first), Ok(second)) = (parsed(sources[0]), parsed(sources[1])) else {
        return false;
    };
    if left_judged != right_judged {
        return false;
    }
    let mut seen = Checker::new(&first, sources[0], per, on);
    seen.bool(first.expression());
    let mut other = Checker::new(&second, sources[1], per, on);
    other.bool(second.expression());
    let mut both = seen.seen;
    both.names.extend(other.seen.names);
    both.ints.extend(other.seen.ints);
    both.texts.extend(other.seen.texts);
    both.boundless |= other.seen.boundless;
    let limits_ms = [&left.unchecked_limits_ms[..], &right.unchecked_limits_ms].concat();
    let mut agree = true;
    let listed = states::each(&both, &limits_ms, subject, Breadth::Judged, &mut |scope| {
        agree = agree && left.holds(scope) == right.holds(scope);
    });
    listed && agree
}

#[cfg(test)]
mod tests {
    use super::super::super::policy::Per;
    use super::*;

    fn subject<'a>(per: Per, on: &'a [&'a str]) -> Subject<'a> {
        Subject {
            per,
            on,
            indication: true,
            signed_in: false,
        }
    }

    #[track_caller]
    fn check(per: Per, pair: [&str; 2], said: bool) {
        assert_eq!(same(pair, subject(per, &[])), said, "{pair:?}");
    }

    #[test]
    fn conditions_that_no_state_tells_apart_are_the_same() {
        let session = |left, right| check(Per::Session, [left, right], true);
        session("session.active && shift.active", "shift.active");
        session("officer.handsets > 0", "officer.handsets >= 1");
        session(
            "custody == \"out\"",
            "!(custody in [\"in\", \"unknown\", \"none_declared\", \"exempt\"])",
        );
        session(
            "session.unchecked_for > duration(\"2h\")",
            "session.unchecked_for >= duration(\"2h\")",
        );
        session("service.active", "service.active && session.served");
        session(
            "service.active && office.emergency",
            "service.active && false && office.emergency",
        );
        check(Per::Counter, ["session.active && shift.active", "shift.active"], true);
    }

    #[test]
    fn conditions_that_a_state_tells_apart_are_not() {
        let session = |left, right| check(Per::Session, [left, right], false);
        check(
            Per::Counter,
            ["session.active && service.active", "service.active"],
            false,
        );
        check(
            Per::Officer,
            ["officer.active_services > 1", "officer.active_services > 2"],
            false,
        );
        session("service.active", "session.active");
        session(
            "session.unchecked_for > duration(\"2h\")",
            "session.unchecked_for > duration(\"2h1ms\")",
        );
        session(
            "service.active && custody == \"out\"",
            "service.active && custody != \"in\"",
        );
        session("\"messaging\" in workstation.apps", "\"browser\" in workstation.apps");
        session("workstation.silent || true", "true");
    }

    #[test]
    fn on_policies_are_compared_by_their_events() {
        let seen = ["handset.seen"];
        assert!(same(["event.private", "true"], subject(Per::Officer, &seen)));
        assert!(!same(
            ["event.private", "true"],
            subject(Per::Officer, &["handset.seen", "lockbox.withdrawn"])
        ));
        assert!(!same(
            ["!office.emergency", "true"],
            Subject {
                indication: false,
                ..subject(Per::Lockbox, &["lockbox.forced"])
            }
        ));
        assert!(same(
            ["!office.emergency", "true && (office.emergency || true)"],
            subject(Per::Lockbox, &["lockbox.forced"])
        ));
    }
}
