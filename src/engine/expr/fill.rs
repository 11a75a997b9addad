//! Named limits of a condition, put in their places as the literals they stand for. From then on everything sees the
//! literals: judging, coverage, mutation, explanations, and whoever is shown the condition.

use std::ops::Range;

use super::check::Checker;
use super::clause::Limit;
use super::{Condition, Problem, compile, condition, parsed};
use crate::engine::policy::Per;

/// A limit under `[limits]`, named `limits.NAME` in the condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    pub name: String,
    pub limit: Limit,
}

impl Limit {
    /// As the condition would have it.
    fn literal(self) -> String {
        match self {
            Limit::Span { .. } => format!("duration(\"{self}\")"),
            Limit::Count { .. } => self.to_string(),
        }
    }
}

/// A condition as it is written, and with its limits in their places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filled {
    pub written: String,
    pub text: String,
    pub limits: Vec<Named>,
    /// Where a name was written, and where its literal stands in the text; in order.
    swaps: Vec<(Range<usize>, Range<usize>)>,
}

impl Filled {
    /// A part of the text as a part of what is written; a part of a literal is the whole name.
    pub fn place(&self, part: &Range<usize>) -> Range<usize> {
        let map = |at: usize, ends: bool| {
            let mut shift = 0;
            for (written, literal) in &self.swaps {
                let inside = match ends {
                    true => literal.start < at && at <= literal.end,
                    false => literal.start <= at && at < literal.end,
                };
                if inside {
                    return if ends { written.end } else { written.start };
                }
                if literal.end <= at {
                    shift = literal.end as isize - written.end as isize;
                }
            }
            at.saturating_add_signed(-shift)
        };
        map(part.start, false)..map(part.end, true)
    }
}

/// Checks a condition with its limits and compiles it with the literals in their places. Also answers the names that it
/// uses. Faults have their places in what is written.
pub fn fill(
    written: &str,
    per: Per,
    on: &[&str],
    limits: &[Named],
) -> Result<(Filled, Condition, Vec<String>), Vec<Problem>> {
    let program = parsed(written)?;
    let mut checker = Checker::new(&program, written, per, on);
    checker.limits = limits;
    let root = checker.bool(program.expression());
    let mut uses = std::mem::take(&mut checker.uses);
    let plain = condition(root, checker)?;
    uses.sort_by_key(|(span, _)| span.start);
    uses.dedup();
    let (mut text, mut swaps, mut from) = (String::new(), Vec::new(), 0);
    for (span, ix) in &uses {
        text.push_str(&written[from..span.start]);
        let start = text.len();
        text.push_str(&limits[*ix].limit.literal());
        swaps.push((span.clone(), start..text.len()));
        from = span.end;
    }
    text.push_str(&written[from..]);
    let condition = match uses.is_empty() {
        true => plain,
        false => compile(&text, per, on).map_err(|mut problems| {
            problems.iter_mut().for_each(|problem| problem.span = 0..written.len());
            problems
        })?,
    };
    let filled = Filled {
        written: written.to_owned(),
        text,
        limits: limits.to_vec(),
        swaps,
    };
    let used = uses.into_iter().map(|(_, ix)| limits[ix].name.clone()).collect();
    Ok((filled, condition, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> [Named; 2] {
        let named = |name: &str, limit| Named {
            name: name.to_owned(),
            limit,
        };
        [
            named("wait", Limit::Span { limit_ms: 5_400_000 }),
            named("many", Limit::Count { limit: 3 }),
        ]
    }

    #[test]
    fn names_give_way_to_literals_and_parts_lead_back() {
        let written = "officer.handsets > limits.many && session.unchecked_for > limits.wait && shift.active";
        let (filled, condition, used) = fill(written, Per::Session, &[], &limits()).unwrap();
        let text = "officer.handsets > 3 && session.unchecked_for > duration(\"1h30m\") && shift.active";
        assert_eq!(filled.text, text);
        assert_eq!(used, ["many", "wait"]);
        assert!(condition.same_tree(&compile(text, Per::Session, &[]).unwrap()));
        for (part, expected) in [
            ("3", "limits.many"),
            ("1h30m", "limits.wait"),
            ("duration(\"1h30m\")", "limits.wait"),
            ("> duration(\"1h30m\") &&", "> limits.wait &&"),
            ("session.unchecked_for", "session.unchecked_for"),
            ("shift.active", "shift.active"),
            (text, written),
        ] {
            let start = text.find(part).unwrap();
            assert_eq!(&written[filled.place(&(start..start + part.len()))], expected);
        }
    }

    #[test]
    fn a_name_in_a_text_is_a_text_and_a_loop_may_use_a_limit() {
        let written = "service.booking == \"limits.many\" || workstation.apps.exists(app, app == \"a\") && officer.handsets in [1, limits.many]";
        let (filled, ..) = fill(written, Per::Session, &[], &limits()).unwrap();
        assert_eq!(filled.text, written.replace("[1, limits.many]", "[1, 3]"));
    }

    #[test]
    fn unknown_limits_and_wrong_types_are_told_where_they_are_written() {
        let problems = |written| fill(written, Per::Session, &[], &limits()).unwrap_err();
        let written = "session.unchecked_for > limits.wiat";
        let found = &problems(written)[0];
        assert_eq!(
            (found.code, found.help.as_deref()),
            ("unknown-limit", Some("did you mean `limits.wait`?"))
        );
        assert_eq!(&written[found.span.clone()], "limits.wiat");
        assert_eq!(problems("session.unchecked_for > limits.many")[0].code, "wrong-type");
        assert_eq!(problems("limits.wait")[0].code, "wrong-type");
    }
}
