//! Conditions: CEL text in, a small checked tree out. Unknown names, wrong types and impossible values are refused
//! here, so that evaluation cannot fail, allocates nothing and costs a few nanoseconds.

mod check;
mod clause;
mod fill;
mod idle;
mod membership;
mod names;
mod same;
mod span;
mod states;
mod tree;
mod values;

use std::ops::Range;

use check::Checker;
pub use clause::{Clause, Limit};
pub use fill::{Filled, Named, fill};
pub use idle::idle;
pub(crate) use names::names_officer;
pub use same::same;
use span::syntax;
pub use states::Subject;
use tree::Bool;

use super::event::Kind;
use super::policy::Per;
use super::view::Custody;

/// What a condition reads; judging again is only needed when one of these has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reads(pub u32);

impl Reads {
    pub const SERVICE: Reads = Reads(1);
    pub const SESSION: Reads = Reads(1 << 1);
    pub const BREAK: Reads = Reads(1 << 2);
    pub const CHECK: Reads = Reads(1 << 3);
    pub const SHIFT: Reads = Reads(1 << 4);
    pub const CUSTODY: Reads = Reads(1 << 5);
    pub const ACTIVE_SERVICES: Reads = Reads(1 << 6);
    pub const DECLARED: Reads = Reads(1 << 7);
    pub const WORKSTATION_SILENT: Reads = Reads(1 << 8);
    pub const LOCKBOX_SILENT: Reads = Reads(1 << 9);
    pub const APPS: Reads = Reads(1 << 10);
    pub const USB: Reads = Reads(1 << 11);
    pub const EMERGENCY: Reads = Reads(1 << 12);
    pub const ROSTER: Reads = Reads(1 << 13);
    pub const HOURS: Reads = Reads(1 << 14);
    pub const HELD: Reads = Reads(1 << 15);
    pub const WORKSTATION_CLOCK: Reads = Reads(1 << 16);
    pub const LOCKBOX_CLOCK: Reads = Reads(1 << 17);
    pub const ALL: Reads = Reads(u32::MAX);

    pub fn touches(self, other: Reads) -> bool {
        self.0 & other.0 != 0
    }
}

impl std::ops::BitOr for Reads {
    type Output = Reads;
    fn bitor(self, other: Reads) -> Reads {
        Reads(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for Reads {
    fn bitor_assign(&mut self, other: Reads) {
        self.0 |= other.0;
    }
}

/// The values of all names at one moment for one subject.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    pub service_active: bool,
    pub service_booking: &'a str,
    pub session_active: bool,
    pub session_served: bool,
    pub session_on_break: bool,
    /// How long ago the last check was; `None` without a session.
    pub unchecked_for_ms: i64,
    pub shift_active: bool,
    pub custody: Custody,
    pub officer_id: &'a str,
    pub officer_handsets: i64,
    pub officer_active_services: i64,
    pub officer_declared_none: bool,
    pub workstation_silent: bool,
    pub lockbox_silent: bool,
    /// The clock of the workstation, or of the officer's lockbox, is known to be off by more than 30 seconds.
    pub workstation_clock_off: bool,
    pub lockbox_clock_off: bool,
    pub apps: &'a [Box<str>],
    /// Classes attached and not allowed, as bits in the order of `UsbClass::ALL`.
    pub usb: u8,
    pub emergency: bool,
    /// Within the office's hours; always, where it keeps no calendar.
    pub office_open: bool,
    pub office_on_break: bool,
    /// His phones are kept by hand by somebody else, with a witness.
    pub officer_handed_over: bool,
    pub event: Option<EventScope<'a>>,
}

/// The event an `on` policy looks at.
#[derive(Clone, Copy, Debug)]
pub struct EventScope<'a> {
    pub kind: &'a Kind,
    pub private: bool,
    /// The officer was just somewhere he cannot have come from.
    pub out_of_reach: bool,
}

impl Scope<'_> {
    /// The scope of a subject of which nothing is known.
    pub const EMPTY: Scope<'static> = Scope {
        service_active: false,
        service_booking: "",
        session_active: false,
        session_served: false,
        session_on_break: false,
        unchecked_for_ms: 0,
        shift_active: false,
        custody: Custody::Unknown,
        officer_id: "",
        officer_handsets: 0,
        officer_active_services: 0,
        officer_declared_none: false,
        workstation_silent: false,
        lockbox_silent: false,
        workstation_clock_off: false,
        lockbox_clock_off: false,
        apps: &[],
        usb: 0,
        emergency: false,
        office_open: true,
        office_on_break: false,
        officer_handed_over: false,
        event: None,
    };
}

/// A checked condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    root: Bool,
    pub reads: Reads,
    /// The limits `session.unchecked_for` is compared with: the condition may turn that long after the last check.
    pub unchecked_limits_ms: Vec<i64>,
    clauses: Vec<Clause>,
}

impl Condition {
    pub fn holds(&self, scope: &Scope) -> bool {
        self.root.value(scope, "")
    }

    pub fn names_custody(&self) -> bool {
        self.reads.touches(Reads::CUSTODY)
    }

    pub fn names_workstation_silent(&self) -> bool {
        self.reads.touches(Reads::WORKSTATION_SILENT)
    }

    /// It names what a workstation does not do: speak, or keep time.
    pub fn names_workstation(&self) -> bool {
        self.reads.touches(Reads::WORKSTATION_SILENT | Reads::WORKSTATION_CLOCK)
    }

    pub fn names_silence(&self) -> bool {
        self.reads.touches(Reads::WORKSTATION_SILENT | Reads::LOCKBOX_SILENT)
    }
}

/// What is wrong with a condition, and where in its text (bytes).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub span: Range<usize>,
    /// A short word for programs, as in `--format json`.
    pub code: &'static str,
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Longer conditions are refused: nobody can read them, and parsing must stay quick.
const LENGTH_MAX: usize = 4096;

/// Parses and checks a condition for a policy judged per `per`; answers every fault found. `on` are the event types
/// whose data `event.*` may name.
pub fn compile(source: &str, per: Per, on: &[&str]) -> Result<Condition, Vec<Problem>> {
    let program = parsed(source)?;
    let mut checker = Checker::new(&program, source, per, on);
    let root = checker.bool(program.expression());
    condition(root, checker)
}

/// What a check came to.
fn condition(root: Bool, mut checker: Checker) -> Result<Condition, Vec<Problem>> {
    if !checker.problems.is_empty() {
        checker
            .problems
            .sort_by_key(|problem| (problem.span.start, problem.span.end));
        return Err(checker.problems);
    }
    let mut unchecked_limits_ms = checker.unchecked_limits_ms;
    unchecked_limits_ms.sort_unstable();
    unchecked_limits_ms.dedup();
    Ok(Condition {
        root,
        reads: checker.reads,
        unchecked_limits_ms,
        clauses: checker.clauses,
    })
}

/// What CEL makes of the text.
fn parsed(source: &str) -> Result<cel::Program, Vec<Problem>> {
    if source.trim().is_empty() {
        return Err(vec![Problem {
            span: 0..source.len(),
            code: "empty-condition",
            message: "the condition is empty".into(),
            help: Some("write what must hold, for example service.active && custody == \"out\"".into()),
        }]);
    }
    if source.len() > LENGTH_MAX {
        return Err(vec![Problem {
            span: LENGTH_MAX..source.len(),
            code: "long-condition",
            message: format!("the condition is longer than {LENGTH_MAX} bytes"),
            help: Some("split it into several policies".into()),
        }]);
    }
    cel::Program::compile(source).map_err(|errors| syntax(source, &errors.errors))
}

/// What to write instead: the nearest of the words, or all of them.
pub fn instead<'n>(word: &str, words: impl Iterator<Item = &'n str> + Clone) -> Option<String> {
    if let Some(near) = nearest(word, words.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    let (last, first) = all.split_last()?;
    Some(match first {
        [] => format!("there is {last}"),
        _ => format!("there are {} and {last}", first.join(", ")),
    })
}

/// The candidate with the fewest edits, if it is near enough to be a slip of the pen.
pub fn nearest<'n>(word: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Of two letters everything would be near to everything.
    let limit = (word.len() / 3).max(2).min(word.len().saturating_sub(1));
    candidates
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// What the TOML reader says of a file, with the nearest key where one is not known, instead of all there are.
pub fn reader_said(message: &str) -> String {
    let unknown = message.strip_prefix("unknown field ").and_then(|rest| {
        // `wrong`, expected one of `a`, `b`: every second piece is a key.
        let mut keys = rest.split('`').skip(1).step_by(2);
        let word = keys.next()?;
        let known: Vec<&str> = keys.collect();
        let hint = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are `{}`", known.join("`, `")),
        };
        Some(format!("there is no key `{word}` here; {hint}"))
    });
    unknown.unwrap_or_else(|| message.to_owned())
}

/// Levenshtein's distance.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}
