//! The states an office can be in, as far as conditions tell them apart: two conditions that agree in all of them are
//! the same condition, however they are written.

use crate::engine::event::{Kind, OfficerId, UsbClass};
use crate::engine::expr::{Condition, EventScope, Reads, Scope};
use crate::engine::policy::{Class, Head, Per, Trigger};
use crate::engine::view::Custody;

/// More states than this are not looked through: then nothing is claimed.
const STATES_MAX: usize = 4_000_000;

/// The names whose values are looked through.
const LOOKED_THROUGH: [&str; 16] = [
    "service.active",
    "session.active",
    "session.served",
    "session.on_break",
    "session.unchecked_for",
    "shift.active",
    "custody",
    "officer.handsets",
    "officer.active_services",
    "officer.declared_none",
    "workstation.silent",
    "lockbox.silent",
    "workstation.apps",
    "workstation.usb",
    "office.emergency",
    "event.private",
];

/// Whether no possible state tells two conditions of a policy apart. `texts` are their sources.
pub(super) fn same(head: &Head, trigger: &Trigger, [a, b]: [&Condition; 2], texts: [&str; 2]) -> bool {
    if a.same_tree(b) {
        return true;
    }
    // What they are judged by besides their value must be the same, too.
    let judged = |c: &Condition| (c.names_custody(), c.names_workstation_silent(), c.names_silence());
    let written = texts.join(" ");
    // A name that is not looked through here, or a text that could be anything: then nothing is claimed.
    let mut names = written.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')));
    let strange = names.any(|word| {
        word.contains('.') && !LOOKED_THROUGH.contains(&word.trim_end_matches(".exists").trim_end_matches(".all"))
    });
    if judged(a) != judged(b) || strange || written.contains("size") {
        return false;
    }
    let on = matches!(trigger, Trigger::On { .. });
    States::new(head, on, a, b, &written).all_agree(a, b)
}

struct States {
    per: Per,
    indication: bool,
    on: bool,
    sees_silence: bool,
    /// Which dimensions are looked through, and how many values each has.
    sizes: [usize; 16],
    counts: Vec<i64>,
    spans_ms: Vec<i64>,
    apps: Vec<Vec<Box<str>>>,
}

impl States {
    fn new(head: &Head, on: bool, a: &Condition, b: &Condition, written: &str) -> States {
        let reads = a.reads | b.reads;
        let dim = |what: Reads, size: usize| if reads.touches(what) { size } else { 1 };
        let numbers = written
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|digits| digits.parse::<i64>().ok());
        let counts: Vec<i64> = (0..=numbers.filter(|n| *n < 16).max().unwrap_or(0) + 2).collect();
        let mut spans_ms = vec![0];
        for limit in a.unchecked_limits_ms.iter().chain(&b.unchecked_limits_ms) {
            spans_ms.extend([limit - 1, *limit, limit + 1]);
        }
        spans_ms.retain(|ms| *ms >= 0);
        let apps = app_sets(written);
        let n = counts.len();
        let sizes = [
            dim(Reads::SERVICE, 2),
            dim(Reads::SESSION | Reads::CHECK, 2),
            dim(Reads::SERVICE, 2),
            dim(Reads::BREAK, 2),
            dim(Reads::SHIFT, 2),
            dim(Reads::DECLARED, 2),
            dim(Reads::WORKSTATION_SILENT, 2),
            dim(Reads::LOCKBOX_SILENT, 2),
            dim(Reads::EMERGENCY, 2),
            dim(Reads::CUSTODY, Custody::ALL.len()),
            dim(Reads::ROSTER, n),
            dim(Reads::ACTIVE_SERVICES, n),
            dim(Reads::CHECK, spans_ms.len()),
            dim(Reads::APPS, apps.len()),
            dim(Reads::USB, 1 << UsbClass::ALL.len()),
            if written.contains("event.private") { 2 } else { 1 },
        ];
        States {
            per: head.per,
            indication: head.class == Class::Indication,
            on,
            sees_silence: a.names_workstation_silent(),
            sizes,
            counts,
            spans_ms,
            apps,
        }
    }

    fn all_agree(&self, a: &Condition, b: &Condition) -> bool {
        let total = self.sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
        let Some(total) = total.filter(|total| *total <= STATES_MAX) else {
            return false;
        };
        let seen = Kind::Seen {
            officer: OfficerId::new(""),
            by: Box::from(""),
        };
        (0..total).all(|number| {
            let mut rest = number;
            let mut at = [0usize; 16];
            for (place, size) in at.iter_mut().zip(self.sizes) {
                *place = rest % size;
                rest /= size;
            }
            let mut scope = self.scope(at);
            if self.on {
                scope.event = Some(EventScope {
                    kind: &seen,
                    private: at[15] == 1,
                });
            }
            !self.possible(&scope, at) || a.holds(&scope) == b.holds(&scope)
        })
    }

    fn scope(&self, at: [usize; 16]) -> Scope<'_> {
        let of_session = !self.on && self.per == Per::Session;
        let of_service = !self.on && self.per == Per::Service;
        Scope {
            service_active: at[0] == 1 || of_service,
            session_active: at[1] == 1 || of_session,
            session_served: at[2] == 1,
            session_on_break: at[3] == 1,
            shift_active: at[4] == 1,
            officer_declared_none: at[5] == 1,
            workstation_silent: at[6] == 1,
            lockbox_silent: at[7] == 1,
            emergency: at[8] == 1,
            custody: Custody::ALL[at[9]],
            officer_handsets: self.counts[at[10]],
            officer_active_services: self.counts[at[11]],
            unchecked_for_ms: self.spans_ms[at[12]],
            apps: &self.apps[at[13]],
            usb: at[14] as u8,
            ..Scope::EMPTY
        }
    }

    /// Whether the contract lets this state be, and be judged.
    fn possible(&self, scope: &Scope, at: [usize; 16]) -> bool {
        let read = |dim: usize| self.sizes[dim] > 1;
        let nobody = scope.service_active && scope.session_active && !scope.session_served && read(0) && read(1);
        let paused = scope.service_active && scope.session_on_break && read(0) && read(3);
        let served_by_nobody = scope.session_served && !scope.session_active && read(1);
        let bare = at[10] == 0 && read(10) && read(9) && matches!(scope.custody, Custody::In | Custody::Out);
        let declared = read(5) && read(9);
        let hidden = scope.officer_declared_none && !matches!(scope.custody, Custody::NoneDeclared | Custody::Exempt);
        let undeclared = !scope.officer_declared_none && scope.custody == Custody::NoneDeclared;
        let calm = self.indication && scope.emergency;
        let unseen = scope.workstation_silent && !self.sees_silence;
        !(nobody || paused || served_by_nobody || bare || declared && (hidden || undeclared) || calm || unseen)
    }
}

/// Sets of apps that conditions can tell apart: those they name, and one they do not.
fn app_sets(written: &str) -> Vec<Vec<Box<str>>> {
    if !written.contains("workstation.apps") {
        return vec![Vec::new()];
    }
    let mut named: Vec<&str> = written.split('"').skip(1).step_by(2).collect();
    named.sort_unstable();
    named.dedup();
    named.truncate(6);
    named.push("\u{1}another");
    (0..1usize << named.len())
        .map(|bits| {
            let open = named.iter().enumerate().filter(|(ix, _)| bits & (1 << ix) != 0);
            open.map(|(_, name)| Box::from(*name)).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::sources;
    use super::*;
    use crate::engine::policy::PolicySet;

    #[track_caller]
    fn check(per: &str, pair: [&str; 2], same: bool) {
        let policies = pair.map(|condition| {
            let text = format!(
                "id = \"x\"\ntitle = {{ id = \"-\", en = \"-\" }}\nbasis = \"-\"\nverdict = \"indication\"\n\
                 severity = \"minor\"\nper = \"{per}\"\nwhile = '{condition}'\nnotify = []\n"
            );
            let set = PolicySet::parse([("x.toml", "x", &*text)]).map_err(|wrong| wrong.to_string());
            sources(&set.unwrap().policies, [("x.toml", "x", &*text)].into_iter()).remove(0)
        });
        let conditions = [&policies[0], &policies[1]].map(|source| match &source.policy.trigger {
            Trigger::While(condition) => condition,
            Trigger::On { .. } => unreachable!("they all have `while`"),
        });
        let (head, trigger) = (&policies[0].policy.head, &policies[0].policy.trigger);
        assert_eq!(super::same(head, trigger, conditions, pair), same, "{pair:?}");
    }

    #[test]
    fn conditions_that_no_state_tells_apart_are_the_same() {
        check("session", ["session.active && shift.active", "shift.active"], true);
        check("session", ["officer.handsets > 0", "officer.handsets >= 1"], true);
        check(
            "session",
            [
                "custody == \"out\"",
                "!(custody in [\"in\", \"unknown\", \"none_declared\", \"exempt\"])",
            ],
            true,
        );
        check(
            "session",
            [
                "session.unchecked_for > duration(\"2h\")",
                "session.unchecked_for >= duration(\"2h\")",
            ],
            true,
        );
        check("session", ["service.active", "service.active && session.served"], true);
        check(
            "counter",
            ["service.active && office.emergency", "false && office.emergency"],
            true,
        );
    }

    #[test]
    fn conditions_that_a_state_tells_apart_are_not() {
        // Without a session there is no officer either; the states looked through are a few more than there can be.
        check("counter", ["session.active && shift.active", "shift.active"], false);
        check("counter", ["session.active && service.active", "service.active"], false);
        check("session", ["service.active", "session.active"], false);
        check(
            "officer",
            ["officer.active_services > 1", "officer.active_services > 2"],
            false,
        );
        check(
            "session",
            [
                "session.unchecked_for > duration(\"2h\")",
                "session.unchecked_for > duration(\"2h1ms\")",
            ],
            false,
        );
        check(
            "session",
            [
                "service.active && custody == \"out\"",
                "service.active && custody != \"in\"",
            ],
            false,
        );
        check(
            "session",
            ["\"messaging\" in workstation.apps", "\"browser\" in workstation.apps"],
            false,
        );
        // Free texts are not looked through, so nothing is claimed of them.
        check(
            "session",
            ["service.booking == \"\"", "!(service.booking != \"\")"],
            false,
        );
    }
}
