//! Checks what CEL parsed against the names and their types, and builds the tree.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::super::event::UsbClass;
use super::super::policy::Per;
use super::super::time::Span;
use super::super::view::Custody;
use super::clause::Leaf;
use super::names::{EVENT_NAMES, NAMES, Name};
use super::tree::{Bool, Compare, Int, IntName, ListName, Text, TextName};
use super::{Problem, Reads, did_you_mean, nearest, per_word};

pub(super) struct Checker<'a> {
    pub(super) program: &'a cel::Program,
    pub(super) per: Per,
    pub(super) on: &'a [&'a str],
    pub(super) element: Option<&'a str>,
    pub(super) reads: Reads,
    pub(super) unchecked_limits_ms: Vec<i64>,
    pub(super) leaves: Vec<Leaf>,
}

pub(super) enum Typed {
    Bool(Bool),
    Int(Int),
    Text(Text),
    List(ListName),
    Custody,
    Unchecked,
    Span(i64),
}

impl Typed {
    fn what(&self) -> &'static str {
        match self {
            Typed::Bool(_) => "a bool",
            Typed::Int(_) => "an int",
            Typed::Text(_) | Typed::Custody => "a string",
            Typed::List(_) => "a list of strings",
            Typed::Unchecked | Typed::Span(_) => "a duration",
        }
    }
}

impl<'a> Checker<'a> {
    fn problem(&self, at: &IdedExpr, message: String) -> Problem {
        Problem {
            offset: self.offset(at),
            message,
        }
    }

    /// Where an expression begins; a call's own id may point at its operator, so its first operand is asked too.
    fn offset(&self, at: &IdedExpr) -> usize {
        let own = self
            .program
            .source_info()
            .offset_for(at.id)
            .map(|(start, _)| start as usize);
        let first = match &at.expr {
            Expr::Select(select) => Some(self.offset(&select.operand)),
            Expr::Call(call) => call.target.as_deref().or(call.args.first()).map(|arg| self.offset(arg)),
            Expr::Comprehension(loop_) => Some(self.offset(&loop_.iter_range)),
            _ => None,
        };
        match (own, first) {
            (Some(own), Some(first)) => own.min(first),
            (own, first) => own.or(first).unwrap_or(0),
        }
    }

    pub(super) fn bool(&mut self, expr: &'a IdedExpr) -> Result<Bool, Problem> {
        match self.any(expr)? {
            Typed::Bool(value) => {
                self.leaf(expr, &value, false);
                Ok(value)
            }
            other => Err(self.problem(
                expr,
                format!("a condition must be a bool here, this is {}", other.what()),
            )),
        }
    }

    /// Notes a clause, for whoever wants to see it turn. What a loop asks of each element is a part of the loop's clause.
    fn leaf(&mut self, expr: &IdedExpr, test: &Bool, compared: bool) {
        if self.element.is_none() && Leaf::is_leaf(test) {
            self.leaves.push(Leaf {
                start: self.offset(expr),
                compared,
                test: test.clone(),
            });
        }
    }

    fn text(&mut self, expr: &'a IdedExpr) -> Result<Text, Problem> {
        match self.any(expr)? {
            Typed::Text(value) => Ok(value),
            Typed::Custody => Err(self.problem(
                expr,
                "custody can be compared with == and != and tested with `in [...]` only".into(),
            )),
            other => Err(self.problem(expr, format!("a string is needed here, this is {}", other.what()))),
        }
    }

    fn any(&mut self, expr: &'a IdedExpr) -> Result<Typed, Problem> {
        match &expr.expr {
            Expr::Literal(LiteralValue::Boolean(value)) => Ok(Typed::Bool(Bool::Constant(*value.inner()))),
            Expr::Literal(LiteralValue::Int(value)) => Ok(Typed::Int(Int::Constant(*value.inner()))),
            Expr::Literal(LiteralValue::String(value)) => Ok(Typed::Text(Text::Constant(Box::from(value.inner())))),
            Expr::Ident(name) if self.element == Some(name) => Ok(Typed::Text(Text::Element)),
            Expr::Ident(name) => self.name(expr, name),
            Expr::Select(select) if select.test => self.has(expr, select),
            Expr::Select(_) => match qualified(expr) {
                Some(name) => self.name(expr, &name),
                None => Err(self.problem(expr, "only names like `service.active` have parts".into())),
            },
            Expr::Call(call) => self.call(expr, call),
            Expr::Comprehension(loop_) => {
                let Typed::List(list) = self.any(&loop_.iter_range)? else {
                    return Err(self.problem(
                        &loop_.iter_range,
                        "`exists` and `all` look through `workstation.apps` or `workstation.usb`".into(),
                    ));
                };
                let exists = match &loop_.accu_init.expr {
                    Expr::Literal(LiteralValue::Boolean(start)) => !*start.inner(),
                    _ => return Err(self.problem(expr, "of CEL's loops only `exists` and `all` are known here".into())),
                };
                let Expr::Call(step) = &loop_.loop_step.expr else {
                    return Err(self.problem(expr, "of CEL's loops only `exists` and `all` are known here".into()));
                };
                if step.args.len() != 2
                    || !matches!(step.func_name.as_str(), operators::LOGICAL_AND | operators::LOGICAL_OR)
                {
                    return Err(self.problem(expr, "of CEL's loops only `exists` and `all` are known here".into()));
                }
                if self.element.is_some() {
                    return Err(self.problem(expr, "a loop inside a loop is not allowed".into()));
                }
                self.element = Some(&loop_.iter_var);
                let test = self.bool(&step.args[1]);
                self.element = None;
                let test = Box::new(test?);
                Ok(Typed::Bool(if exists {
                    Bool::Any(list, test)
                } else {
                    Bool::All(list, test)
                }))
            }
            _ => Err(self.problem(
                expr,
                "this form of CEL is not known here; use names, comparisons, `in`, `!`, `&&` and `||`".into(),
            )),
        }
    }

    fn name(&mut self, expr: &IdedExpr, name: &str) -> Result<Typed, Problem> {
        let known = NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, what)| (*what, &[][..]));
        let event = EVENT_NAMES
            .iter()
            .find(|(known, _, _)| *known == name)
            .map(|(_, what, types)| (*what, *types));
        let Some((what, types)) = known.or(event) else {
            let candidates = NAMES
                .iter()
                .map(|(name, _)| *name)
                .chain(EVENT_NAMES.iter().map(|(name, _, _)| *name));
            let near = nearest(name, candidates.filter(|candidate| self.in_scope(candidate)));
            return Err(self.problem(expr, format!("there is no name `{name}`{}", did_you_mean(near))));
        };
        if !self.in_scope(name) {
            let why = if name.starts_with("event.") {
                "is known only in the `where` of a policy with `on`".to_string()
            } else {
                format!("says nothing of a policy judged per {}", per_word(self.per))
            };
            return Err(self.problem(expr, format!("`{name}` {why}")));
        }
        if !types.is_empty() && !self.on.iter().any(|on| types.contains(on)) {
            return Err(self.problem(
                expr,
                format!("no event in `on` has `{name}`; it comes with {}", types.join(", ")),
            ));
        }
        Ok(match what {
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
        })
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

    fn has(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Result<Typed, Problem> {
        let name = qualified(&select.operand)
            .map(|root| format!("{root}.{}", select.field))
            .unwrap_or_default();
        match self.name(expr, &name)? {
            Typed::Text(Text::Name(TextName::Event(text))) => Ok(Typed::Bool(Bool::Has(text))),
            Typed::Int(Int::Name(IntName::EventSlot)) => Ok(Typed::Bool(Bool::HasSlot)),
            _ => Err(self.problem(
                expr,
                format!("`{name}` is always there; `has` asks for the event's optional data"),
            )),
        }
    }

    fn call(&mut self, expr: &'a IdedExpr, call: &'a CallExpr) -> Result<Typed, Problem> {
        let pair = |args: &'a [IdedExpr]| match args {
            [left, right] => Some((left, right)),
            _ => None,
        };
        let compare = match call.func_name.as_str() {
            operators::EQUALS => Some(Compare::Equal),
            operators::NOT_EQUALS => Some(Compare::NotEqual),
            operators::LESS => Some(Compare::Less),
            operators::LESS_EQUALS => Some(Compare::LessOrEqual),
            operators::GREATER => Some(Compare::Greater),
            operators::GREATER_EQUALS => Some(Compare::GreaterOrEqual),
            _ => None,
        };
        if let (Some(compare), Some((left, right))) = (compare, pair(&call.args)) {
            return self.compare(compare, left, right).map(Typed::Bool);
        }
        match (call.func_name.as_str(), call.target.as_deref(), &call.args[..]) {
            (operators::LOGICAL_AND, None, [first, rest @ ..]) if !rest.is_empty() => {
                self.chain(first, rest, Bool::And)
            }
            (operators::LOGICAL_OR, None, [first, rest @ ..]) if !rest.is_empty() => self.chain(first, rest, Bool::Or),
            (operators::LOGICAL_NOT, None, [inner]) => Ok(Typed::Bool(Bool::Not(Box::new(self.bool(inner)?)))),
            (operators::CONDITIONAL, None, [test, yes, no]) => Ok(Typed::Bool(Bool::Choice(
                Box::new(self.bool(test)?),
                Box::new(self.bool(yes)?),
                Box::new(self.bool(no)?),
            ))),
            (operators::NEGATE, None, [inner]) => match self.any(inner)? {
                Typed::Int(Int::Constant(value)) => Ok(Typed::Int(Int::Constant(value.saturating_neg()))),
                _ => Err(self.problem(expr, "only a number can be negated".into())),
            },
            (operators::IN, None, [value, list]) => self.is_in(value, list).map(Typed::Bool),
            ("duration", None, [text]) => match self.any(text)? {
                Typed::Text(Text::Constant(literal)) => match Span::parse(&literal) {
                    Ok(span) => Ok(Typed::Span(span.ms)),
                    Err(message) => Err(self.problem(text, message)),
                },
                _ => Err(self.problem(text, "`duration` takes a literal such as \"2h\"".into())),
            },
            ("size", Some(list), []) | ("size", None, [list]) => match self.any(list)? {
                Typed::List(list) => Ok(Typed::Int(Int::Size(list))),
                other => Err(self.problem(list, format!("`size` counts a list, this is {}", other.what()))),
            },
            (name @ ("startsWith" | "endsWith" | "contains"), Some(text), [part]) => {
                let (text, part) = (self.text(text)?, self.text(part)?);
                Ok(Typed::Bool(match name {
                    "startsWith" => Bool::Starts(text, part),
                    "endsWith" => Bool::Ends(text, part),
                    _ => Bool::Contains(text, part),
                }))
            }
            (name, _, _) => {
                let functions = [
                    "duration",
                    "size",
                    "startsWith",
                    "endsWith",
                    "contains",
                    "has",
                    "exists",
                    "all",
                ];
                let word = name.trim_matches('_').trim_matches('@');
                let message = match nearest(word, functions.into_iter()) {
                    Some(near) if near != word => format!("there is no function `{word}`{}", did_you_mean(Some(near))),
                    Some(_) => format!("`{word}` is not used like this"),
                    None => format!("`{word}` is not known here; use names, comparisons, `in`, `!`, `&&` and `||`"),
                };
                Err(self.problem(expr, message))
            }
        }
    }

    fn chain(
        &mut self,
        first: &'a IdedExpr,
        rest: &'a [IdedExpr],
        join: fn(Box<Bool>, Box<Bool>) -> Bool,
    ) -> Result<Typed, Problem> {
        let mut all = self.bool(first)?;
        for next in rest {
            all = join(Box::new(all), Box::new(self.bool(next)?));
        }
        Ok(Typed::Bool(all))
    }

    fn compare(&mut self, compare: Compare, left: &'a IdedExpr, right: &'a IdedExpr) -> Result<Bool, Problem> {
        let equality = matches!(compare, Compare::Equal | Compare::NotEqual);
        match (self.any(left)?, self.any(right)?) {
            (Typed::Custody, Typed::Text(Text::Constant(value))) if equality => {
                self.custody_set(compare, &[(right, &value)])
            }
            (Typed::Text(Text::Constant(value)), Typed::Custody) if equality => {
                self.custody_set(compare, &[(left, &value)])
            }
            (Typed::Unchecked, Typed::Span(limit_ms)) => Ok(self.unchecked(compare, limit_ms)),
            (Typed::Span(limit_ms), Typed::Unchecked) => Ok(self.unchecked(compare.mirrored(), limit_ms)),
            (Typed::Unchecked, Typed::Text(Text::Constant(value))) => Err(self.problem(
                right,
                format!("session.unchecked_for is a duration; write duration(\"{value}\")"),
            )),
            (Typed::Int(left), Typed::Int(right)) => Ok(Bool::Int(left, compare, right)),
            (Typed::Text(left), Typed::Text(right)) => Ok(Bool::Text(left, compare, right)),
            (Typed::Bool(left_test), Typed::Bool(right_test)) if equality => {
                self.leaf(left, &left_test, true);
                self.leaf(right, &right_test, true);
                let same = Bool::Same(Box::new(left_test), Box::new(right_test));
                Ok(if compare == Compare::Equal {
                    same
                } else {
                    Bool::Not(Box::new(same))
                })
            }
            (left_type, right_type) => Err(self.problem(
                left,
                format!(
                    "{} cannot be compared with {} this way",
                    left_type.what(),
                    right_type.what()
                ),
            )),
        }
    }

    fn unchecked(&mut self, compare: Compare, limit_ms: i64) -> Bool {
        self.unchecked_limits_ms.push(limit_ms);
        Bool::Unchecked(compare, limit_ms)
    }

    fn custody_set(&mut self, compare: Compare, values: &[(&IdedExpr, &str)]) -> Result<Bool, Problem> {
        let mut set = 0u8;
        for (at, value) in values {
            let Some(custody) = Custody::ALL.into_iter().find(|custody| custody.as_str() == *value) else {
                let near = nearest(value, Custody::ALL.into_iter().map(Custody::as_str));
                return Err(self.problem(
                    at,
                    format!(
                        "custody is never \"{value}\"{}; it is one of in, out, unknown, none_declared, exempt",
                        did_you_mean(near)
                    ),
                ));
            };
            set |= 1 << custody as u8;
        }
        Ok(Bool::CustodyIn(if compare == Compare::NotEqual { !set } else { set }))
    }

    fn is_in(&mut self, value: &'a IdedExpr, list: &'a IdedExpr) -> Result<Bool, Problem> {
        if let Expr::List(items) = &list.expr {
            if let Typed::Custody = self.any(value)? {
                let mut values = Vec::new();
                for item in &items.elements {
                    match &item.expr {
                        Expr::Literal(LiteralValue::String(text)) => values.push((item, text.inner())),
                        _ => return Err(self.problem(item, "custody is tested against literal strings".into())),
                    }
                }
                return self.custody_set(Compare::Equal, &values);
            }
            if let Typed::Int(number) = self.any(value)? {
                let mut numbers = Vec::new();
                for item in &items.elements {
                    match self.any(item)? {
                        Typed::Int(item) => numbers.push(item),
                        other => {
                            return Err(self.problem(item, format!("an int is needed here, this is {}", other.what())));
                        }
                    }
                }
                return Ok(Bool::IntIn(number, numbers));
            }
            let text = self.text(value)?;
            let texts = items
                .elements
                .iter()
                .map(|item| self.text(item))
                .collect::<Result<_, _>>()?;
            return Ok(Bool::TextIn(text, texts));
        }
        let text = self.text(value)?;
        match self.any(list)? {
            Typed::List(name) => {
                if let (ListName::Usb, Text::Constant(class)) = (name, &text)
                    && UsbClass::parse(class).is_none()
                {
                    let near = nearest(class, UsbClass::ALL.into_iter().map(UsbClass::as_str));
                    return Err(self.problem(
                        value,
                        format!("there is no USB class \"{class}\"{}", did_you_mean(near)),
                    ));
                }
                Ok(Bool::InList(text, name))
            }
            other => Err(self.problem(list, format!("`in` needs a list, this is {}", other.what()))),
        }
    }
}

/// `a.b.c` of nested selections, `None` where something else stands at the root.
pub(super) fn qualified(expr: &IdedExpr) -> Option<String> {
    match &expr.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => {
            qualified(&select.operand).map(|root| format!("{root}.{}", select.field))
        }
        _ => None,
    }
}
