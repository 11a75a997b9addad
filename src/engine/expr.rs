//! Conditions: CEL text in, a small checked tree out. Unknown names, wrong types and impossible values are refused
//! here, so that evaluation cannot fail, allocates nothing and costs a few nanoseconds.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::event::{Kind, UsbClass};
use super::policy::Per;
use super::time::Span;
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
    pub apps: &'a [Box<str>],
    /// Classes attached and not allowed, as bits in the order of `UsbClass::ALL`.
    pub usb: u8,
    pub emergency: bool,
    pub event: Option<EventScope<'a>>,
}

/// The event an `on` policy looks at.
#[derive(Clone, Copy, Debug)]
pub struct EventScope<'a> {
    pub kind: &'a Kind,
    pub private: bool,
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
        apps: &[],
        usb: 0,
        emergency: false,
        event: None,
    };
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum BoolName {
    ServiceActive,
    SessionActive,
    SessionServed,
    SessionOnBreak,
    ShiftActive,
    DeclaredNone,
    WorkstationSilent,
    LockboxSilent,
    Emergency,
    EventPrivate,
    EventPresent,
    EventAllowed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum IntName {
    Handsets,
    ActiveServices,
    EventSlot,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TextName {
    Booking,
    OfficerId,
    Event(EventText),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum EventText {
    Officer,
    Handset,
    By,
    Witness,
    Approver,
    Category,
    Class,
    Id,
    Booking,
    Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ListName {
    Apps,
    Usb,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Compare {
    fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Compare::Equal => left == right,
            Compare::NotEqual => left != right,
            Compare::Less => left < right,
            Compare::LessOrEqual => left <= right,
            Compare::Greater => left > right,
            Compare::GreaterOrEqual => left >= right,
        }
    }

    fn mirrored(self) -> Compare {
        match self {
            Compare::Less => Compare::Greater,
            Compare::LessOrEqual => Compare::GreaterOrEqual,
            Compare::Greater => Compare::Less,
            Compare::GreaterOrEqual => Compare::LessOrEqual,
            same => same,
        }
    }
}

/// A checked condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Condition {
    root: Bool,
    pub reads: Reads,
    /// The limits `session.unchecked_for` is compared with: the condition may turn that long after the last check.
    pub unchecked_limits_ms: Vec<i64>,
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

    pub fn names_silence(&self) -> bool {
        self.reads.touches(Reads::WORKSTATION_SILENT | Reads::LOCKBOX_SILENT)
    }
}

#[derive(Clone, PartialEq, Debug)]
enum Bool {
    Constant(bool),
    Name(BoolName),
    Not(Box<Bool>),
    And(Box<Bool>, Box<Bool>),
    Or(Box<Bool>, Box<Bool>),
    Same(Box<Bool>, Box<Bool>),
    Choice(Box<Bool>, Box<Bool>, Box<Bool>),
    /// The custody is one of these (bits in the order of `Custody::ALL`).
    CustodyIn(u8),
    Unchecked(Compare, i64),
    Int(Int, Compare, Int),
    IntIn(Int, Vec<Int>),
    Text(Text, Compare, Text),
    TextIn(Text, Vec<Text>),
    Starts(Text, Text),
    Ends(Text, Text),
    Contains(Text, Text),
    InList(Text, ListName),
    Any(ListName, Box<Bool>),
    All(ListName, Box<Bool>),
    Has(EventText),
    HasSlot,
}

#[derive(Clone, PartialEq, Debug)]
enum Int {
    Constant(i64),
    Name(IntName),
    Size(ListName),
}

#[derive(Clone, PartialEq, Debug)]
enum Text {
    Constant(Box<str>),
    Name(TextName),
    /// The element that `exists` or `all` looks at.
    Element,
}

impl Bool {
    fn value(&self, scope: &Scope, element: &str) -> bool {
        match self {
            Bool::Constant(value) => *value,
            Bool::Name(name) => match name {
                BoolName::ServiceActive => scope.service_active,
                BoolName::SessionActive => scope.session_active,
                BoolName::SessionServed => scope.session_served,
                BoolName::SessionOnBreak => scope.session_on_break,
                BoolName::ShiftActive => scope.shift_active,
                BoolName::DeclaredNone => scope.officer_declared_none,
                BoolName::WorkstationSilent => scope.workstation_silent,
                BoolName::LockboxSilent => scope.lockbox_silent,
                BoolName::Emergency => scope.emergency,
                BoolName::EventPrivate => scope.event.is_some_and(|event| event.private),
                BoolName::EventPresent => {
                    matches!(scope.event.map(|e| e.kind), Some(Kind::Checked { present: true, .. }))
                }
                BoolName::EventAllowed => matches!(
                    scope.event.map(|e| e.kind),
                    Some(Kind::UsbAttached { allowed: true, .. })
                ),
            },
            Bool::Not(inner) => !inner.value(scope, element),
            Bool::And(left, right) => left.value(scope, element) && right.value(scope, element),
            Bool::Or(left, right) => left.value(scope, element) || right.value(scope, element),
            Bool::Same(left, right) => left.value(scope, element) == right.value(scope, element),
            Bool::Choice(test, yes, no) => {
                if test.value(scope, element) {
                    yes.value(scope, element)
                } else {
                    no.value(scope, element)
                }
            }
            Bool::CustodyIn(set) => set & (1 << scope.custody as u8) != 0,
            Bool::Unchecked(compare, limit_ms) => {
                // Judged from this moment on: exactly at the limit, "over" begins to hold and "up to" ceases.
                let reached = scope.unchecked_for_ms >= *limit_ms;
                match compare {
                    Compare::Greater | Compare::GreaterOrEqual => reached,
                    Compare::Less | Compare::LessOrEqual => !reached,
                    Compare::Equal => false,
                    Compare::NotEqual => true,
                }
            }
            Bool::Int(left, compare, right) => compare.holds(&left.value(scope), &right.value(scope)),
            Bool::IntIn(value, list) => list.iter().any(|item| item.value(scope) == value.value(scope)),
            Bool::Text(left, compare, right) => {
                compare.holds(&left.value(scope, element), &right.value(scope, element))
            }
            Bool::TextIn(value, list) => {
                let value = value.value(scope, element);
                list.iter().any(|item| item.value(scope, element) == value)
            }
            Bool::Starts(text, part) => text.value(scope, element).starts_with(part.value(scope, element)),
            Bool::Ends(text, part) => text.value(scope, element).ends_with(part.value(scope, element)),
            Bool::Contains(text, part) => text.value(scope, element).contains(part.value(scope, element)),
            Bool::InList(value, list) => {
                let value = value.value(scope, element);
                list.any(scope, |item| item == value)
            }
            Bool::Any(list, test) => list.any(scope, |item| test.value(scope, item)),
            Bool::All(list, test) => !list.any(scope, |item| !test.value(scope, item)),
            Bool::Has(text) => scope.event.is_some_and(|event| text.of(event.kind).is_some()),
            Bool::HasSlot => scope.event.is_some_and(|event| slot_of(event.kind).is_some()),
        }
    }
}

impl ListName {
    fn any(self, scope: &Scope, mut test: impl FnMut(&str) -> bool) -> bool {
        match self {
            ListName::Apps => scope.apps.iter().any(|app| test(app)),
            ListName::Usb => {
                (0..UsbClass::ALL.len()).any(|bit| scope.usb & (1 << bit) != 0 && test(UsbClass::ALL[bit].as_str()))
            }
        }
    }
}

impl Int {
    fn value(&self, scope: &Scope) -> i64 {
        match self {
            Int::Constant(value) => *value,
            Int::Name(IntName::Handsets) => scope.officer_handsets,
            Int::Name(IntName::ActiveServices) => scope.officer_active_services,
            Int::Name(IntName::EventSlot) => scope.event.and_then(|event| slot_of(event.kind)).unwrap_or(-1),
            Int::Size(ListName::Apps) => scope.apps.len() as i64,
            Int::Size(ListName::Usb) => i64::from(scope.usb.count_ones()),
        }
    }
}

impl Text {
    fn value<'a>(&'a self, scope: &'a Scope, element: &'a str) -> &'a str {
        match self {
            Text::Constant(text) => text,
            Text::Name(TextName::Booking) => scope.service_booking,
            Text::Name(TextName::OfficerId) => scope.officer_id,
            Text::Name(TextName::Event(name)) => scope.event.and_then(|event| name.of(event.kind)).unwrap_or(""),
            Text::Element => element,
        }
    }
}

impl EventText {
    /// The event's value under that key, `None` where it has none.
    fn of(self, kind: &Kind) -> Option<&str> {
        match (self, kind) {
            (EventText::Officer, kind) => kind.officer().map(|officer| officer.as_str()),
            (EventText::Handset, Kind::Deposited { handset, .. } | Kind::Withdrawn { handset, .. }) => {
                handset.as_ref().map(|handset| handset.as_str())
            }
            (EventText::By, Kind::Deposited { by, .. } | Kind::Withdrawn { by, .. } | Kind::Checked { by, .. }) => {
                by.as_deref()
            }
            (EventText::By, Kind::Held { by, .. } | Kind::Returned { by, .. } | Kind::Seen { by, .. }) => Some(by),
            (EventText::Witness, Kind::Held { witness, .. } | Kind::Returned { witness, .. }) => Some(witness),
            (EventText::Approver, Kind::Granted { approver, .. }) => Some(approver),
            (EventText::Category, Kind::AppOpened { category } | Kind::AppClosed { category }) => Some(category),
            (EventText::Class, Kind::UsbAttached { class, .. } | Kind::UsbDetached { class, .. }) => {
                Some(class.as_str())
            }
            (EventText::Id, Kind::UsbAttached { class, id, .. } | Kind::UsbDetached { class, id }) => {
                Some(id.as_deref().unwrap_or(class.as_str()))
            }
            (EventText::Booking, Kind::ServiceStarted { booking }) => booking.as_deref(),
            (EventText::Kind, Kind::BreakStarted { kind } | Kind::BreakEnded { kind }) => kind.as_deref(),
            _ => None,
        }
    }
}

fn slot_of(kind: &Kind) -> Option<i64> {
    match kind {
        Kind::Deposited { slot, .. } | Kind::Withdrawn { slot, .. } => Some(i64::from(*slot)),
        Kind::Forced { slot } | Kind::Tampered { slot } => slot.map(i64::from),
        _ => None,
    }
}

/// What is wrong with a condition, and where in its text (a byte offset).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub offset: usize,
    pub message: String,
}

/// What a name is.
#[derive(Clone, Copy, Debug)]
enum Name {
    Bool(BoolName, Reads),
    Int(IntName, Reads),
    Text(TextName, Reads),
    List(ListName, Reads),
    Custody,
    Unchecked,
}

type Entry = (&'static str, Name);

const NAMES: &[Entry] = &[
    ("service.active", Name::Bool(BoolName::ServiceActive, Reads::SERVICE)),
    ("service.booking", Name::Text(TextName::Booking, Reads::SERVICE)),
    ("session.active", Name::Bool(BoolName::SessionActive, Reads::SESSION)),
    (
        "session.served",
        Name::Bool(BoolName::SessionServed, Reads(Reads::SESSION.0 | Reads::SERVICE.0)),
    ),
    ("session.on_break", Name::Bool(BoolName::SessionOnBreak, Reads::BREAK)),
    ("session.unchecked_for", Name::Unchecked),
    ("shift.active", Name::Bool(BoolName::ShiftActive, Reads::SHIFT)),
    ("custody", Name::Custody),
    ("officer.id", Name::Text(TextName::OfficerId, Reads::SESSION)),
    ("officer.handsets", Name::Int(IntName::Handsets, Reads::ROSTER)),
    (
        "officer.active_services",
        Name::Int(IntName::ActiveServices, Reads::ACTIVE_SERVICES),
    ),
    (
        "officer.declared_none",
        Name::Bool(BoolName::DeclaredNone, Reads::DECLARED),
    ),
    (
        "workstation.silent",
        Name::Bool(BoolName::WorkstationSilent, Reads::WORKSTATION_SILENT),
    ),
    (
        "lockbox.silent",
        Name::Bool(BoolName::LockboxSilent, Reads::LOCKBOX_SILENT),
    ),
    ("workstation.apps", Name::List(ListName::Apps, Reads::APPS)),
    ("workstation.usb", Name::List(ListName::Usb, Reads::USB)),
    ("office.emergency", Name::Bool(BoolName::Emergency, Reads::EMERGENCY)),
];

const NOTHING: Reads = Reads(0);

/// The keys of `event.*` and the types whose data have them (empty: all).
const EVENT_NAMES: &[(&str, Name, &[&str])] = &[
    ("event.private", Name::Bool(BoolName::EventPrivate, NOTHING), &[]),
    (
        "event.present",
        Name::Bool(BoolName::EventPresent, NOTHING),
        &["lockbox.checked"],
    ),
    (
        "event.allowed",
        Name::Bool(BoolName::EventAllowed, NOTHING),
        &["usb.attached"],
    ),
    (
        "event.slot",
        Name::Int(IntName::EventSlot, NOTHING),
        &[
            "lockbox.deposited",
            "lockbox.withdrawn",
            "lockbox.forced",
            "lockbox.tampered",
        ],
    ),
    (
        "event.officer",
        Name::Text(TextName::Event(EventText::Officer), NOTHING),
        &[
            "session.signed_in",
            "session.signed_out",
            "shift.started",
            "shift.ended",
            "lockbox.deposited",
            "lockbox.withdrawn",
            "lockbox.checked",
            "custody.held",
            "custody.returned",
            "custody.declared_none",
            "handset.seen",
            "exemption.granted",
            "exemption.revoked",
        ],
    ),
    (
        "event.handset",
        Name::Text(TextName::Event(EventText::Handset), NOTHING),
        &["lockbox.deposited", "lockbox.withdrawn"],
    ),
    (
        "event.by",
        Name::Text(TextName::Event(EventText::By), NOTHING),
        &[
            "lockbox.deposited",
            "lockbox.withdrawn",
            "lockbox.checked",
            "custody.held",
            "custody.returned",
            "handset.seen",
        ],
    ),
    (
        "event.witness",
        Name::Text(TextName::Event(EventText::Witness), NOTHING),
        &["custody.held", "custody.returned"],
    ),
    (
        "event.approver",
        Name::Text(TextName::Event(EventText::Approver), NOTHING),
        &["exemption.granted"],
    ),
    (
        "event.category",
        Name::Text(TextName::Event(EventText::Category), NOTHING),
        &["app.opened", "app.closed"],
    ),
    (
        "event.class",
        Name::Text(TextName::Event(EventText::Class), NOTHING),
        &["usb.attached", "usb.detached"],
    ),
    (
        "event.id",
        Name::Text(TextName::Event(EventText::Id), NOTHING),
        &["usb.attached", "usb.detached"],
    ),
    (
        "event.booking",
        Name::Text(TextName::Event(EventText::Booking), NOTHING),
        &["service.started"],
    ),
    (
        "event.kind",
        Name::Text(TextName::Event(EventText::Kind), NOTHING),
        &["break.started", "break.ended"],
    ),
];

/// Longer conditions are refused: nobody can read them, and parsing must stay quick.
const LENGTH_MAX: usize = 4096;

/// Parses and checks a condition for a policy judged per `per`. `on` are the event types whose data `event.*` may name.
pub fn compile(source: &str, per: Per, on: &[&str]) -> Result<Condition, Problem> {
    if source.len() > LENGTH_MAX {
        return Err(Problem {
            offset: 0,
            message: format!("the condition is longer than {LENGTH_MAX} bytes; split it into several policies"),
        });
    }
    let program = cel::Program::compile(source).map_err(|errors| {
        let first = errors.errors.first();
        let (line, column) = first.map_or((1, 1), |error| error.pos);
        let message = first.map_or_else(String::new, |error| {
            error.msg.trim_start_matches("Syntax error: ").to_string()
        });
        let start: usize = source
            .split_inclusive('\n')
            .take((line.max(1) - 1) as usize)
            .map(str::len)
            .sum();
        Problem {
            offset: (start + (column.max(1) - 1) as usize).min(source.len()),
            message: format!("this is not a CEL expression: {message}"),
        }
    })?;
    let mut checker = Checker {
        program: &program,
        per,
        on,
        element: None,
        reads: NOTHING,
        unchecked_limits_ms: Vec::new(),
    };
    let root = checker.bool(program.expression())?;
    let mut unchecked_limits_ms = checker.unchecked_limits_ms;
    unchecked_limits_ms.sort_unstable();
    unchecked_limits_ms.dedup();
    Ok(Condition {
        root,
        reads: checker.reads,
        unchecked_limits_ms,
    })
}

struct Checker<'a> {
    program: &'a cel::Program,
    per: Per,
    on: &'a [&'a str],
    element: Option<&'a str>,
    reads: Reads,
    unchecked_limits_ms: Vec<i64>,
}

enum Typed {
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
            _ => None,
        };
        match (own, first) {
            (Some(own), Some(first)) => own.min(first),
            (own, first) => own.or(first).unwrap_or(0),
        }
    }

    fn bool(&mut self, expr: &'a IdedExpr) -> Result<Bool, Problem> {
        match self.any(expr)? {
            Typed::Bool(value) => Ok(value),
            other => Err(self.problem(
                expr,
                format!("a condition must be a bool here, this is {}", other.what()),
            )),
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
            (Typed::Bool(left), Typed::Bool(right)) if equality => {
                let same = Bool::Same(Box::new(left), Box::new(right));
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

/// Whether events of this type name an officer in their data.
pub(super) fn names_officer(kind: &str) -> bool {
    EVENT_NAMES
        .iter()
        .any(|(name, _, types)| *name == "event.officer" && types.contains(&kind))
}

/// `a.b.c` of nested selections, `None` where something else stands at the root.
fn qualified(expr: &IdedExpr) -> Option<String> {
    match &expr.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => {
            qualified(&select.operand).map(|root| format!("{root}.{}", select.field))
        }
        _ => None,
    }
}

pub(super) fn per_word(per: Per) -> &'static str {
    match per {
        Per::Service => "service",
        Per::Session => "session",
        Per::Counter => "counter",
        Per::Officer => "officer",
        Per::Lockbox => "lockbox",
        Per::Office => "office",
    }
}

pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// The candidate with the fewest edits, if it is near enough to be a slip of the pen.
pub fn nearest<'n>(word: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (word.len() / 3).max(2);
    candidates
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
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
