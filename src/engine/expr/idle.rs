//! What a right condition says in vain: it never holds, always holds, or has a clause that never matters.

use cel::common::ast::{CallExpr, Expr, IdedExpr, operators};

use super::check::Checker;
use super::states::{self, Breadth, Subject};
use super::tree::Bool;
use super::{Problem, Scope, parsed};

/// Looks through every state the condition can tell apart, where they can be listed. The condition has compiled;
/// `subject` says what it is judged for.
pub fn idle(source: &str, subject: Subject) -> Vec<Problem> {
    let Ok(program) = parsed(source) else {
        return Vec::new();
    };
    let root = program.expression();
    let mut checker = Checker::new(&program, source, subject.per, subject.on);
    let whole = checker.bool(root);
    let look = Look {
        program: &program,
        source,
        subject,
        checker: &checker,
        whole: &whole,
    };
    let span = checker.span(root);
    if look.all(Breadth::Judged, |scope| !whole.value(scope, "")) {
        return vec![Problem {
            span,
            code: "never-true",
            message: "this condition can never hold".into(),
            help: Some(
                match subject.indication && checker.seen.names.contains("office.emergency") {
                    true => "no state of an office fulfils all of it; no indication holds in an emergency".into(),
                    false => "no state of an office fulfils all of it".into(),
                },
            ),
        }];
    }
    if look.all(Breadth::Judged, |scope| whole.value(scope, "")) {
        return vec![Problem {
            span,
            code: "always-true",
            message: "this condition always holds".into(),
            help: Some(
                match subject.on.is_empty() {
                    true => {
                        "every state it is judged in fulfils it; say what must not be, or with `for` how long it may be"
                    }
                    false => "every such event fulfils it; say which must not be, or leave `where` out",
                }
                .into(),
            ),
        }];
    }
    let mut dropped = Vec::new();
    let mut problems = Vec::new();
    look.clauses(root, &mut dropped, &mut problems);
    problems.sort_by_key(|problem| problem.span.start);
    problems
}

struct Look<'a> {
    program: &'a cel::Program,
    source: &'a str,
    subject: Subject<'a>,
    /// After checking the whole condition.
    checker: &'a Checker<'a>,
    whole: &'a Bool,
}

impl Look<'_> {
    /// Whether something is so in every state; not, where the states cannot be listed.
    fn all(&self, breadth: Breadth, mut is_so: impl FnMut(&Scope) -> bool) -> bool {
        let mut all = true;
        let limits_ms = &self.checker.unchecked_limits_ms;
        let listed = states::each(&self.checker.seen, limits_ms, self.subject, breadth, &mut |scope| {
            all = all && is_so(scope);
        });
        listed && all
    }

    /// Drops what makes no difference, the last clause first, so that of two that say the same one stays.
    fn clauses(&self, expr: &IdedExpr, dropped: &mut Vec<(u64, bool)>, problems: &mut Vec<Problem>) {
        let Expr::Call(call) = &expr.expr else {
            return;
        };
        let neutral = match call.func_name.as_str() {
            operators::LOGICAL_AND => true,
            operators::LOGICAL_OR => false,
            _ => {
                call.args
                    .iter()
                    .for_each(|inner| self.clauses(inner, dropped, problems));
                return;
            }
        };
        let mut chain = Vec::new();
        flatten(call, &mut chain);
        for clause in chain.into_iter().rev() {
            dropped.push((clause.id, neutral));
            let mut checker = Checker::new(self.program, self.source, self.subject.per, self.subject.on);
            checker.replaced = dropped;
            let without = checker.bool(self.program.expression());
            let idle = self.all(Breadth::Thinkable, |scope| {
                without.value(scope, "") == self.whole.value(scope, "")
            });
            if idle {
                problems.push(Problem {
                    span: self.checker.span(clause),
                    code: "idle-clause",
                    message: "this clause never matters: without it the condition says the same".into(),
                    help: Some(
                        match neutral {
                            true => "whenever the other clauses hold, it holds too; leave it out, or correct it",
                            false => "whenever it holds, the others hold already; leave it out, or correct it",
                        }
                        .into(),
                    ),
                });
            } else {
                dropped.pop();
                self.clauses(clause, dropped, problems);
            }
        }
    }
}

/// The clauses that one operator joins, in the order of the text.
fn flatten<'e>(call: &'e CallExpr, chain: &mut Vec<&'e IdedExpr>) {
    for clause in &call.args {
        match &clause.expr {
            Expr::Call(inner) if inner.func_name == call.func_name => flatten(inner, chain),
            _ => chain.push(clause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::policy::Per;
    use super::super::compile;
    use super::*;

    /// The codes and texts of what is said in vain.
    fn said(per: Per, on: &[&str], indication: bool, source: &str) -> Vec<String> {
        compile(source, per, on).unwrap();
        let subject = Subject {
            per,
            on,
            indication,
            signed_in: false,
        };
        idle(source, subject)
            .into_iter()
            .map(|problem| format!("{}: {}", problem.code, &source[problem.span]))
            .collect()
    }

    #[test]
    fn what_an_office_can_be_is_neither_idle_nor_impossible() {
        for (per, source) in [
            (Per::Session, "session.active && custody == \"out\" && !session.served"),
            (
                Per::Session,
                "service.active && officer.handsets == 0 && custody == \"unknown\"",
            ),
            (Per::Counter, "service.active && !session.active"),
            (Per::Counter, "session.on_break && !session.active"),
            (Per::Counter, "workstation.silent && session.active"),
            (
                Per::Officer,
                "officer.active_services > 1 && custody in [\"out\", \"in\"]",
            ),
            (Per::Officer, "officer.declared_none && custody == \"exempt\""),
            (
                Per::Session,
                "size(workstation.apps) > 3 && \"messaging\" in workstation.apps",
            ),
            (
                Per::Session,
                "workstation.usb.all(c, c == \"storage\") && size(workstation.usb) == 1",
            ),
            (
                Per::Session,
                "service.booking.startsWith(\"TNG-\") && service.booking != \"TNG-1\"",
            ),
            (Per::Lockbox, "lockbox.silent && !office.emergency"),
            (Per::Office, "office.emergency"),
        ] {
            assert_eq!(said(per, &[], false, source), Vec::<String>::new(), "{source}");
        }
    }

    #[test]
    fn what_an_office_cannot_be_never_holds() {
        for (per, indication, source) in [
            (Per::Session, false, "!session.active"),
            (Per::Service, false, "!service.active && session.active"),
            (Per::Counter, false, "session.served && !session.active"),
            (Per::Counter, false, "service.active && session.on_break"),
            (
                Per::Counter,
                false,
                "service.active && session.active && !session.served",
            ),
            (Per::Counter, false, "custody == \"out\" && !session.active"),
            (Per::Officer, false, "custody == \"in\" && officer.handsets == 0"),
            (
                Per::Officer,
                false,
                "custody == \"unknown\" && officer.handsets == 2 && !(lockbox.silent || lockbox.clock_off)",
            ),
            (Per::Officer, false, "officer.declared_none && custody == \"out\""),
            (
                Per::Officer,
                false,
                "officer.active_services > 3 && officer.active_services < 4",
            ),
            (Per::Officer, false, "officer.handsets < 0"),
            (
                Per::Session,
                false,
                "session.unchecked_for > duration(\"3h\") && session.unchecked_for < duration(\"2h\")",
            ),
            (Per::Session, false, "session.unchecked_for == duration(\"2h\")"),
            (Per::Session, true, "office.emergency"),
            (Per::Session, false, "size(workstation.usb) > 7"),
        ] {
            assert_eq!(
                said(per, &[], indication, source),
                [format!("never-true: {source}")],
                "{source}"
            );
        }
    }

    #[test]
    fn the_clause_that_never_matters_is_named() {
        for (source, clauses) in [
            ("session.active && session.served", &["session.active"][..]),
            ("shift.active && shift.active", &["shift.active"]),
            (
                "custody == \"unknown\" && officer.handsets > 0 && !lockbox.clock_off && lockbox.silent",
                &["lockbox.silent"],
            ),
            (
                "custody == \"out\" && custody != \"in\" && lockbox.silent",
                &["custody != \"in\""],
            ),
            (
                "custody == \"out\" && !(lockbox.silent && custody == \"out\")",
                &["custody == \"out\""],
            ),
            (
                "officer.handsets > 2 || officer.handsets > 1 && shift.active || officer.handsets > 5",
                &["officer.handsets > 5"],
            ),
        ] {
            let expected: Vec<String> = clauses.iter().map(|clause| format!("idle-clause: {clause}")).collect();
            assert_eq!(said(Per::Session, &[], false, source), expected, "{source}");
        }
    }

    #[test]
    fn events_are_looked_through_too() {
        let on = ["lockbox.withdrawn", "handset.seen"];
        assert_eq!(
            said(Per::Officer, &on, true, "officer.declared_none && event.private"),
            Vec::<String>::new()
        );
        let seen = said(
            Per::Officer,
            &["handset.seen"],
            true,
            "officer.declared_none && event.private",
        );
        assert_eq!(seen, ["idle-clause: event.private"]);
        let class = "event.class == \"mtp\" && event.class == \"ptp\"";
        assert_eq!(
            said(Per::Counter, &["usb.attached"], false, class),
            [format!("never-true: {class}")]
        );
        let slot = "event.slot > 3 && !has(event.slot)";
        assert_eq!(
            said(Per::Lockbox, &["lockbox.forced"], false, slot),
            [format!("never-true: {slot}")]
        );
    }

    #[test]
    fn of_what_cannot_be_listed_nothing_is_said() {
        let source = "event.by == event.officer && event.by != event.officer";
        assert_eq!(
            said(Per::Officer, &["handset.seen"], false, source),
            Vec::<String>::new()
        );
    }
}
