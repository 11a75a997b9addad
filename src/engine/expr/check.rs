//! Checks what CEL parsed against the names and their types, and builds the tree. It goes on after a fault, so that all
//! of a condition's faults are told at once.

use std::collections::BTreeSet;
use std::ops::Range;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::super::event::UsbClass;
use super::super::policy::Per;
use super::super::time::Span;
use super::super::view::Custody;
use super::clause::{Clause, Limit};
use super::fill::Named;
use super::names::{EVENT_NAMES, NAMES, NOTHING, Name};
use super::span::{qualified, span};
use super::tree::{Bool, Compare, Int, IntName, ListName, Text, TextName};
use super::{Problem, Reads, instead, nearest};

/// A condition's functions, for hints.
const FUNCTIONS: [&str; 8] = [
    "duration",
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "has",
    "exists",
    "all",
];

pub(super) struct Checker<'a> {
    program: &'a cel::Program,
    source: &'a str,
    per: Per,
    on: &'a [&'a str],
    element: Option<&'a str>,
    pub(super) reads: Reads,
    pub(super) unchecked_limits_ms: Vec<i64>,
    pub(super) clauses: Vec<Clause>,
    pub(super) problems: Vec<Problem>,
    pub(super) seen: Seen,
    /// What `limits.NAME` stands for, and where which of them is named.
    pub(super) limits: &'a [Named],
    pub(super) uses: Vec<(Range<usize>, usize)>,
    /// Clauses, by their ids in the parsed text, that count as constants: what would the condition be without them?
    pub(super) replaced: &'a [(u64, bool)],
}

/// What the condition compares: enough to list the states it can tell apart.
#[derive(Default, Debug)]
pub(super) struct Seen {
    pub names: BTreeSet<String>,
    pub ints: BTreeSet<i64>,
    pub texts: BTreeSet<String>,
    /// Something was compared whose values cannot be listed.
    pub boundless: bool,
}

pub(super) enum Typed {
    Bool(Bool),
    Int(Int),
    Text(Text),
    List(ListName),
    Custody,
    Unchecked,
    Span(i64),
    /// It was wrong, and that has been told.
    Wrong,
}

impl Typed {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Typed::Bool(_) => "a bool",
            Typed::Int(_) => "an int",
            Typed::Text(_) | Typed::Custody => "a string",
            Typed::List(_) => "a list of strings",
            Typed::Unchecked | Typed::Span(_) => "a duration",
            Typed::Wrong => "wrong",
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn new(program: &'a cel::Program, source: &'a str, per: Per, on: &'a [&'a str]) -> Checker<'a> {
        Checker {
            program,
            source,
            per,
            on,
            element: None,
            reads: NOTHING,
            unchecked_limits_ms: Vec::new(),
            clauses: Vec::new(),
            problems: Vec::new(),
            seen: Seen::default(),
            limits: &[],
            uses: Vec::new(),
            replaced: &[],
        }
    }

    pub(super) fn span(&self, at: &IdedExpr) -> Range<usize> {
        span(self.program.source_info(), self.source, at)
    }

    pub(super) fn wrong(&mut self, at: &IdedExpr, code: &'static str, message: String, help: Option<String>) -> Typed {
        let span = self.span(at);
        self.problems.push(Problem {
            span,
            code,
            message,
            help,
        });
        Typed::Wrong
    }

    pub(super) fn wrong_type(&mut self, at: &IdedExpr, message: String) -> Typed {
        self.wrong(at, "wrong-type", message, None)
    }

    /// A form that CEL has and policies have not.
    fn foreign(&mut self, at: &IdedExpr, message: &str) -> Typed {
        let help = "use names, comparisons, `in`, `!`, `&&` and `||`".to_string();
        self.wrong(at, "not-known-here", message.to_string(), Some(help))
    }

    pub(super) fn bool(&mut self, expr: &'a IdedExpr) -> Bool {
        match self.any(expr) {
            Typed::Bool(value) => {
                self.clause(expr, &value);
                value
            }
            Typed::Wrong => Bool::Constant(false),
            other => {
                self.wrong_type(
                    expr,
                    format!("a condition must be a bool here, this is {}", other.what()),
                );
                Bool::Constant(false)
            }
        }
    }

    /// Notes a clause, for whoever wants to see it turn. What a loop asks of each element is a part of the loop's clause.
    fn clause(&mut self, expr: &IdedExpr, test: &Bool) {
        if self.element.is_none() && Clause::is_smallest(test) {
            self.clauses
                .push(Clause::new(self.source, self.span(expr), test.clone()));
        }
    }

    pub(super) fn text(&mut self, expr: &'a IdedExpr) -> Option<Text> {
        match self.any(expr) {
            Typed::Text(value) => Some(value),
            Typed::Wrong => None,
            Typed::Custody => {
                self.wrong_type(
                    expr,
                    "custody can be compared with == and != and tested with `in [...]` only".into(),
                );
                None
            }
            other => {
                self.wrong_type(expr, format!("a string is needed here, this is {}", other.what()));
                None
            }
        }
    }

    pub(super) fn any(&mut self, expr: &'a IdedExpr) -> Typed {
        if let Some((_, value)) = self.replaced.iter().find(|(id, _)| *id == expr.id) {
            return Typed::Bool(Bool::Constant(*value));
        }
        match &expr.expr {
            Expr::Literal(LiteralValue::Boolean(value)) => Typed::Bool(Bool::Constant(*value.inner())),
            Expr::Literal(LiteralValue::Int(value)) => Typed::Int(Int::Constant(*value.inner())),
            Expr::Literal(LiteralValue::String(value)) => Typed::Text(Text::Constant(Box::from(value.inner()))),
            Expr::Ident(name) if self.element == Some(name) => Typed::Text(Text::Element),
            Expr::Ident(name) => self.name(expr, name),
            Expr::Select(select) if select.test => self.has(expr, select),
            Expr::Select(_) => match qualified(expr) {
                Some(name) => self.name(expr, &name),
                None => self.foreign(expr, "only names like `service.active` have parts"),
            },
            Expr::Call(call) => self.call(expr, call),
            Expr::Comprehension(loop_) => {
                const ONLY: &str = "of CEL's loops only `exists` and `all` are known here";
                let list = match self.any(&loop_.iter_range) {
                    Typed::List(list) => Some(list),
                    Typed::Wrong => None,
                    _ => {
                        let message = "`exists` and `all` look through `workstation.apps` or `workstation.usb`";
                        self.wrong_type(&loop_.iter_range, message.into());
                        None
                    }
                };
                let exists = match &loop_.accu_init.expr {
                    Expr::Literal(LiteralValue::Boolean(start)) => !*start.inner(),
                    _ => return self.foreign(expr, ONLY),
                };
                let Expr::Call(step) = &loop_.loop_step.expr else {
                    return self.foreign(expr, ONLY);
                };
                let join = matches!(step.func_name.as_str(), operators::LOGICAL_AND | operators::LOGICAL_OR);
                let [_, test] = &step.args[..] else {
                    return self.foreign(expr, ONLY);
                };
                if !join {
                    return self.foreign(expr, ONLY);
                }
                if self.element.is_some() {
                    return self.foreign(expr, "a loop inside a loop is not allowed");
                }
                self.element = Some(&loop_.iter_var);
                let test = Box::new(self.bool(test));
                self.element = None;
                match list {
                    None => Typed::Wrong,
                    Some(list) if exists => Typed::Bool(Bool::Any(list, test)),
                    Some(list) => Typed::Bool(Bool::All(list, test)),
                }
            }
            _ => self.foreign(expr, "this form of CEL is not known here"),
        }
    }

    fn limit(&mut self, expr: &IdedExpr, name: &str) -> Typed {
        let span = self.span(expr);
        let plain = self.source[span.clone()] == format!("limits.{name}");
        match self.limits.iter().position(|limit| limit.name == name) {
            Some(ix) if plain => {
                self.uses.push((span, ix));
                match self.limits[ix].limit {
                    Limit::Span { limit_ms } => Typed::Span(limit_ms),
                    Limit::Count { limit } => Typed::Int(Int::Constant(limit)),
                }
            }
            Some(_) => {
                let help = Some(format!("write `limits.{name}`"));
                self.wrong(expr, "not-known-here", "a limit is named in one piece".into(), help)
            }
            None => {
                let names: Vec<String> = self
                    .limits
                    .iter()
                    .map(|limit| format!("limits.{}", limit.name))
                    .collect();
                let help = instead(&format!("limits.{name}"), names.iter().map(String::as_str));
                let help = help.unwrap_or_else(|| format!("write limits = {{ {name} = \"2h\" }} into the policy"));
                let message = format!("the policy has no limit `{name}`");
                self.wrong(expr, "unknown-limit", message, Some(help))
            }
        }
    }

    fn name(&mut self, expr: &IdedExpr, name: &str) -> Typed {
        if let Some(limit) = name.strip_prefix("limits.") {
            return self.limit(expr, limit);
        }
        let known = NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, what)| (*what, &[][..]));
        let event = EVENT_NAMES
            .iter()
            .find(|(known, _, _)| *known == name)
            .map(|(_, what, types)| (*what, *types));
        let Some((what, types)) = known.or(event) else {
            return self.unknown_name(expr, name);
        };
        if !self.in_scope(name) {
            let message = if name.starts_with("event.") {
                format!("`{name}` is known only in the `where` of a policy with `on`")
            } else {
                format!("`{name}` says nothing of a policy judged per {}", self.per.as_str())
            };
            let help = format!("names here: {}", self.names_here().join(", "));
            return self.wrong(expr, "name-out-of-scope", message, Some(help));
        }
        if !types.is_empty() && !self.on.iter().any(|on| types.contains(on)) {
            let message = format!("no event in `on` has `{name}`");
            let help = format!("it comes with {}", types.join(", "));
            return self.wrong(expr, "name-out-of-scope", message, Some(help));
        }
        self.seen.names.insert(name.to_string());
        match what {
            Name::Bool(name, reads) => {
                self.reads |= reads;
                Typed::Bool(Bool::Name(name))
            }
            Name::Int(name, reads) => {
                self.reads |= reads;
                Typed::Int(Int::Name(name))
            }
            Name::Text(name, reads) => {
                self.reads |= reads;
                Typed::Text(Text::Name(name))
            }
            Name::List(name, reads) => {
                self.reads |= reads;
                Typed::List(name)
            }
            Name::Custody => {
                self.reads |= Reads::CUSTODY;
                Typed::Custody
            }
            Name::Unchecked => {
                self.reads |= Reads::CHECK | Reads::SESSION;
                Typed::Unchecked
            }
        }
    }

    fn unknown_name(&mut self, expr: &IdedExpr, name: &str) -> Typed {
        let here = self.names_here();
        let is_value = Custody::ALL.iter().any(|custody| custody.as_str() == name)
            || UsbClass::ALL.iter().any(|class| class.as_str() == name);
        let help = match nearest(name, here.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if is_value => format!("a value stands in quotes: \"{name}\""),
            None => format!("names here: {}", here.join(", ")),
        };
        let message = format!("there is no name `{name}`");
        self.wrong(expr, "unknown-name", message, Some(help))
    }

    fn names_here(&self) -> Vec<&'static str> {
        let names = NAMES.iter().map(|(name, _)| *name);
        let of_events = EVENT_NAMES
            .iter()
            .filter(|(_, _, types)| types.is_empty() || self.on.iter().any(|on| types.contains(on)))
            .map(|(name, _, _)| *name);
        names.chain(of_events).filter(|name| self.in_scope(name)).collect()
    }

    /// Whether a name means anything for the policy's subject.
    fn in_scope(&self, name: &str) -> bool {
        let root = name.split('.').next().unwrap_or(name);
        match root {
            "event" => !self.on.is_empty(),
            "office" => true,
            "lockbox" => self.per != Per::Office,
            "shift" | "custody" | "officer" => !matches!(self.per, Per::Lockbox | Per::Office),
            _ => matches!(self.per, Per::Service | Per::Session | Per::Counter),
        }
    }

    fn has(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Typed {
        let name = qualified(&select.operand)
            .map(|root| format!("{root}.{}", select.field))
            .unwrap_or_default();
        match self.name(expr, &name) {
            Typed::Text(Text::Name(TextName::Event(text))) => Typed::Bool(Bool::Has(text)),
            Typed::Int(Int::Name(IntName::EventSlot)) => Typed::Bool(Bool::HasSlot),
            Typed::Wrong => Typed::Wrong,
            _ => self.wrong_type(
                expr,
                format!("`{name}` is always there; `has` asks for the event's optional data"),
            ),
        }
    }

    fn call(&mut self, expr: &'a IdedExpr, call: &'a CallExpr) -> Typed {
        let compare = match call.func_name.as_str() {
            operators::EQUALS => Some(Compare::Equal),
            operators::NOT_EQUALS => Some(Compare::NotEqual),
            operators::LESS => Some(Compare::Less),
            operators::LESS_EQUALS => Some(Compare::LessOrEqual),
            operators::GREATER => Some(Compare::Greater),
            operators::GREATER_EQUALS => Some(Compare::GreaterOrEqual),
            _ => None,
        };
        if let (Some(compare), [left, right]) = (compare, &call.args[..]) {
            return self.compare(expr, compare, left, right);
        }
        match (call.func_name.as_str(), call.target.as_deref(), &call.args[..]) {
            (operators::LOGICAL_AND, None, [first, rest @ ..]) if !rest.is_empty() => {
                self.chain(first, rest, Bool::And)
            }
            (operators::LOGICAL_OR, None, [first, rest @ ..]) if !rest.is_empty() => self.chain(first, rest, Bool::Or),
            (operators::LOGICAL_NOT, None, [inner]) => Typed::Bool(Bool::Not(Box::new(self.bool(inner)))),
            (operators::CONDITIONAL, None, [test, yes, no]) => Typed::Bool(Bool::Choice(
                Box::new(self.bool(test)),
                Box::new(self.bool(yes)),
                Box::new(self.bool(no)),
            )),
            (operators::NEGATE, None, [inner]) => match self.any(inner) {
                Typed::Int(Int::Constant(value)) => Typed::Int(Int::Constant(value.saturating_neg())),
                Typed::Wrong => Typed::Wrong,
                _ => self.wrong_type(expr, "only a number can be negated".into()),
            },
            (operators::IN, None, [value, list]) => self.is_in(value, list),
            ("duration", None, [text]) => match self.any(text) {
                Typed::Text(Text::Constant(literal)) => match Span::parse(&literal) {
                    Ok(span) => Typed::Span(span.ms),
                    Err(message) => {
                        let (message, help) = message.split_once("; ").unwrap_or((&message, ""));
                        let help = (!help.is_empty()).then(|| help.to_string());
                        self.wrong(text, "not-a-duration", message.to_string(), help)
                    }
                },
                Typed::Wrong => Typed::Wrong,
                _ => self.wrong_type(text, "`duration` takes a literal such as \"2h\"".into()),
            },
            ("size", Some(list), []) | ("size", None, [list]) => match self.any(list) {
                Typed::List(list) => Typed::Int(Int::Size(list)),
                Typed::Wrong => Typed::Wrong,
                other => self.wrong_type(list, format!("`size` counts a list, this is {}", other.what())),
            },
            (name @ ("startsWith" | "endsWith" | "contains"), Some(text), [part]) => {
                let (Some(text), Some(part)) = (self.text(text), self.text(part)) else {
                    return Typed::Wrong;
                };
                match &part {
                    Text::Constant(part) => {
                        let samples = [format!("{part}~"), format!("~{part}"), format!("~{part}~")];
                        self.seen.texts.extend(samples);
                        self.seen.texts.insert(part.to_string());
                    }
                    _ => self.seen.boundless = true,
                }
                Typed::Bool(match name {
                    "startsWith" => Bool::Starts(text, part),
                    "endsWith" => Bool::Ends(text, part),
                    _ => Bool::Contains(text, part),
                })
            }
            (name, _, _) => {
                let word = name.trim_matches('_').trim_matches('@');
                if FUNCTIONS.contains(&word) {
                    return self.wrong(expr, "not-known-here", format!("`{word}` is not used like this"), None);
                }
                match nearest(word, FUNCTIONS.into_iter()) {
                    Some(near) => {
                        let help = Some(format!("did you mean `{near}`?"));
                        self.wrong(expr, "unknown-function", format!("there is no function `{word}`"), help)
                    }
                    None => self.foreign(expr, &format!("`{word}` is not known here")),
                }
            }
        }
    }

    fn chain(&mut self, first: &'a IdedExpr, rest: &'a [IdedExpr], join: fn(Box<Bool>, Box<Bool>) -> Bool) -> Typed {
        let mut all = self.bool(first);
        for next in rest {
            all = join(Box::new(all), Box::new(self.bool(next)));
        }
        Typed::Bool(all)
    }

    fn compare(&mut self, expr: &'a IdedExpr, compare: Compare, left: &'a IdedExpr, right: &'a IdedExpr) -> Typed {
        let equality = matches!(compare, Compare::Equal | Compare::NotEqual);
        match (self.any(left), self.any(right)) {
            (Typed::Wrong, _) | (_, Typed::Wrong) => Typed::Wrong,
            (Typed::Custody, Typed::Text(Text::Constant(value))) if equality => {
                self.custody_set(compare, &[(right, &value)])
            }
            (Typed::Text(Text::Constant(value)), Typed::Custody) if equality => {
                self.custody_set(compare, &[(left, &value)])
            }
            (Typed::Unchecked, Typed::Span(limit_ms)) => self.unchecked(compare, limit_ms),
            (Typed::Span(limit_ms), Typed::Unchecked) => self.unchecked(compare.mirrored(), limit_ms),
            (Typed::Unchecked, Typed::Text(Text::Constant(value))) => {
                let message = "session.unchecked_for is a duration, this is a string".to_string();
                let help = Some(format!("write duration(\"{value}\")"));
                self.wrong(right, "wrong-type", message, help)
            }
            (Typed::Int(left), Typed::Int(right)) => {
                self.note_int(&left);
                self.note_int(&right);
                Typed::Bool(Bool::Int(left, compare, right))
            }
            (Typed::Text(left), Typed::Text(right)) => {
                self.note_text(&left);
                self.note_text(&right);
                let constant = |text: &Text| matches!(text, Text::Constant(_));
                self.seen.boundless |= !equality || !(constant(&left) || constant(&right));
                Typed::Bool(Bool::Text(left, compare, right))
            }
            (Typed::Bool(left_test), Typed::Bool(right_test)) if equality => {
                self.clause(left, &left_test);
                self.clause(right, &right_test);
                let same = Bool::Same(Box::new(left_test), Box::new(right_test));
                Typed::Bool(if compare == Compare::Equal {
                    same
                } else {
                    Bool::Not(Box::new(same))
                })
            }
            (left, right) => self.wrong_type(
                expr,
                format!("{} cannot be compared with {} this way", left.what(), right.what()),
            ),
        }
    }

    pub(super) fn note_int(&mut self, int: &Int) {
        if let Int::Constant(value) = int {
            self.seen.ints.insert(*value);
        }
    }

    pub(super) fn note_text(&mut self, text: &Text) {
        if let Text::Constant(text) = text {
            self.seen.texts.insert(text.to_string());
        }
    }

    fn unchecked(&mut self, compare: Compare, limit_ms: i64) -> Typed {
        self.unchecked_limits_ms.push(limit_ms);
        Typed::Bool(Bool::Unchecked(compare, limit_ms))
    }
}
