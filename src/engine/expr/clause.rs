//! The clauses of a condition: its smallest true-or-false parts, each with its place in the text.

use std::ops::Range;

use super::super::time::Span;
use super::tree::{Bool, Int};
use super::{Condition, Scope};

/// A part of a condition that is true or false by itself: a name, a comparison, a membership.
#[derive(Clone, PartialEq, Debug)]
pub struct Clause {
    /// Bytes of the condition's text.
    pub span: Range<usize>,
    pub text: Box<str>,
    test: Bool,
}

/// A limit that a clause compares a measured name with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// `session.unchecked_for` against a duration.
    Span { limit_ms: i64 },
    /// A count against a number.
    Count { limit: i64 },
}

impl Limit {
    /// How far from the limit a value is: in milliseconds, or in ones.
    pub fn distance(self, value: i64) -> i64 {
        match self {
            Limit::Span { limit_ms: limit } | Limit::Count { limit } => value.saturating_sub(limit),
        }
    }

    /// Whether the measured name can be below the limit at all: neither time nor a count is ever negative.
    pub fn has_below(self) -> bool {
        match self {
            Limit::Span { limit_ms: limit } | Limit::Count { limit } => limit > 0,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Limit::Span { limit_ms } => Span::ms(*limit_ms).fmt(f),
            Limit::Count { limit } => limit.fmt(f),
        }
    }
}

impl Clause {
    /// Whether nothing within it is true or false by itself.
    pub(super) fn is_smallest(test: &Bool) -> bool {
        !matches!(
            test,
            Bool::Not(_) | Bool::And(..) | Bool::Or(..) | Bool::Same(..) | Bool::Choice(..)
        )
    }

    pub(super) fn new(source: &str, span: Range<usize>, test: Bool) -> Clause {
        Clause {
            text: Box::from(&source[span.clone()]),
            span,
            test,
        }
    }

    pub fn holds(&self, scope: &Scope) -> bool {
        self.test.value(scope, "")
    }

    /// The limit this clause compares with, if it compares a measure.
    pub fn limit(&self) -> Option<Limit> {
        match &self.test {
            Bool::Unchecked(_, limit_ms) => Some(Limit::Span { limit_ms: *limit_ms }),
            Bool::Int(Int::Constant(limit), _, Int::Name(_) | Int::Size(_))
            | Bool::Int(Int::Name(_) | Int::Size(_), _, Int::Constant(limit)) => Some(Limit::Count { limit: *limit }),
            _ => None,
        }
    }

    /// The measured value that is compared with `limit`.
    pub fn measure(&self, scope: &Scope) -> Option<i64> {
        match &self.test {
            Bool::Unchecked(..) => Some(scope.unchecked_for_ms),
            Bool::Int(Int::Constant(_), _, measured) | Bool::Int(measured, _, Int::Constant(_)) => {
                Some(measured.value(scope))
            }
            _ => None,
        }
    }
}

impl Condition {
    /// The smallest true-or-false parts, in the order of the text.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Whether both were compiled to the same tree, however they were written.
    pub fn same_tree(&self, other: &Condition) -> bool {
        self.root == other.root
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::policy::Per;
    use super::super::compile;

    #[track_caller]
    fn check(source: &str, on: &[&str], per: Per, clauses: &[&str]) {
        let condition = compile(source, per, on).map_err(|problems| problems[0].message.clone());
        let condition = condition.unwrap();
        let found: Vec<&str> = condition.clauses().iter().map(|clause| &*clause.text).collect();
        assert_eq!(found, clauses, "{source}");
        for clause in condition.clauses() {
            assert_eq!(&source[clause.span.clone()], &*clause.text, "{source}");
        }
    }

    #[test]
    fn clauses_stand_where_they_are_written() {
        let session = |source, clauses: &[&str]| check(source, &[], Per::Session, clauses);
        session(
            "service.active && custody == \"out\"",
            &["service.active", "custody == \"out\""],
        );
        session(
            "session.active && !(custody in [\"exempt\", \"none_declared\"]) && officer.handsets > 0 \
             && session.unchecked_for > duration(\"2h\")",
            &[
                "session.active",
                "custody in [\"exempt\", \"none_declared\"]",
                "officer.handsets > 0",
                "session.unchecked_for > duration(\"2h\")",
            ],
        );
        session(
            "workstation.usb.exists(class, class in [\"mtp\", \"ptp\"]) || \"a && b\" in workstation.apps",
            &[
                "workstation.usb.exists(class, class in [\"mtp\", \"ptp\"])",
                "\"a && b\" in workstation.apps",
            ],
        );
        session(
            "size(workstation.apps) > 1 && duration(\"2h\") < session.unchecked_for",
            &["size(workstation.apps) > 1", "duration(\"2h\") < session.unchecked_for"],
        );
        session(
            "shift.active == session.served && (shift.active ? session.on_break : true)",
            &[
                "shift.active",
                "session.served",
                "shift.active",
                "session.on_break",
                "true",
            ],
        );
        session(
            "service.booking.startsWith(\"TNG\") || workstation.apps.size() == 0",
            &["service.booking.startsWith(\"TNG\")", "workstation.apps.size() == 0"],
        );
        check(
            "has(event.slot) && event.slot in [1, 2]",
            &["lockbox.forced"],
            Per::Lockbox,
            &["has(event.slot)", "event.slot in [1, 2]"],
        );
    }
}
