//! Reads JSON (RFC 8259) strictly from borrowed text, without allocating and without losing a key, a digit or an order.

use std::borrow::Cow;
use std::ops::Range;

/// Lists and objects may stand in each other this deep; an event needs two.
pub(super) const DEPTH_MAX: usize = 32;

/// Why a text is not JSON, and at which byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub at: u32,
    pub why: Why,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    Ends,
    Trailing,
    NoValue,
    NoKey,
    NoColon,
    NoCommaInObject,
    NoCommaInList,
    NoDigit,
    Escape,
    Control,
    Deep,
    Long,
}

impl Why {
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Ends => "the text ends too early",
            Why::Trailing => "something follows after the end",
            Why::NoValue => "a value should stand here",
            Why::NoKey => "a key in quotation marks should stand here",
            Why::NoColon => "a colon should stand here",
            Why::NoCommaInObject => "a comma or a closing brace should stand here",
            Why::NoCommaInList => "a comma or a closing bracket should stand here",
            Why::NoDigit => "a digit should stand here",
            Why::Escape => "JSON knows no such escape",
            Why::Control => "a control character stands in a text; write it as an escape",
            Why::Deep => "lists and objects stand too deep in each other",
            Why::Long => "the text is too long",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    /// There is none.
    Absent,
    Null,
    False,
    True,
    Number,
    /// A text, between its quotation marks.
    Text,
    /// A text that holds escapes.
    Escaped,
    List,
    Object,
}

/// Where a value stands in the text that was read. It is small, because what does not fit into two registers costs more
/// to hand over than to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Value {
    pub sort: Sort,
    start: u32,
    end: u32,
}

impl Value {
    pub const ABSENT: Value = Value {
        sort: Sort::Absent,
        start: 0,
        end: 0,
    };

    /// The value as it is written in `whole`, the text that it was read from; of a text what stands between its marks.
    #[inline]
    pub fn written(self, whole: &str) -> &str {
        &whole[self.start as usize..self.end as usize]
    }

    /// What a text means. `None` where half of a surrogate pair is missing, which the grammar allows but no text can
    /// hold.
    #[inline]
    pub fn decode(self, whole: &str) -> Option<Cow<'_, str>> {
        let text = self.written(whole);
        if self.sort == Sort::Escaped {
            return unescape(text).map(Cow::Owned);
        }
        Some(Cow::Borrowed(text))
    }

    /// Where it stands in the text that it was read from.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub fn name(self) -> &'static str {
        match self.sort {
            Sort::Absent => "absent",
            Sort::Null => "null",
            Sort::False | Sort::True => "true or false",
            Sort::Number => "a number",
            Sort::Text | Sort::Escaped => "a text",
            Sort::List => "a list",
            Sort::Object => "an object",
        }
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        decoded.push_str(&rest[..at]);
        let escape = *rest.as_bytes().get(at + 1)?;
        rest = &rest[at + 2..];
        decoded.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = hex4(rest)?;
                rest = &rest[4..];
                let code = if (0xd800..0xdc00).contains(&unit) {
                    let low = hex4(rest.strip_prefix("\\u")?)?;
                    if !(0xdc00..0xe000).contains(&low) {
                        return None;
                    }
                    rest = &rest[6..];
                    0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                } else {
                    unit
                };
                char::from_u32(code)?
            }
            other => char::from(other),
        });
    }
    decoded.push_str(rest);
    Some(decoded)
}

fn hex4(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    // `from_str_radix` alone would take a sign.
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// Reads the one value that `text` is, with nothing but white space around it.
pub(super) fn whole(text: &str) -> Result<Value, Fault> {
    let mut scanner = Scanner { text, at: 0 };
    if u32::try_from(text.len()).is_err() {
        return Err(scanner.fault(Why::Long));
    }
    let value = scanner.value(0)?;
    scanner.end()?;
    Ok(value)
}

/// Calls `member` with every key and value of the one object that `text` is, in their order. Both stand in `text`.
#[inline]
pub(super) fn members<E: From<Fault>>(
    text: &str,
    mut member: impl FnMut(Value, Value) -> Result<(), E>,
) -> Result<(), E> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    scanner.expect(b'{', Why::NoValue)?;
    scanner.members(1, &mut member)?;
    scanner.end()?;
    Ok(())
}

/// Calls `item` with every value of the one list that `text` is.
pub(super) fn items(text: &str, mut item: impl FnMut(Value)) -> Result<(), Fault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    scanner.expect(b'[', Why::NoValue)?;
    scanner.items(1, &mut item)?;
    scanner.end()
}

impl Scanner<'_> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[cold]
    fn fault(&self, why: Why) -> Fault {
        let ends = self.at >= self.text.len() && why != Why::Long;
        Fault {
            at: u32::try_from(self.at).unwrap_or(u32::MAX),
            why: if ends { Why::Ends } else { why },
        }
    }

    /// `whole` lets nothing in whose length does not fit.
    #[inline]
    fn since(&self, start: usize, sort: Sort) -> Value {
        Value {
            sort,
            start: start as u32,
            end: self.at as u32,
        }
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault(Why::Trailing)),
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8, why: Why) -> Result<(), Fault> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.fault(why))
    }

    fn word(&mut self, word: &'static str, sort: Sort) -> Result<Value, Fault> {
        let start = self.at;
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(self.since(start, sort));
        }
        Err(self.fault(Why::NoValue))
    }

    /// Reads a value that stands `depth` deep in others.
    #[inline]
    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        self.space();
        match self.peek() {
            Some(b'"') => self.string(),
            _ => self.other(depth),
        }
    }

    fn other(&mut self, depth: usize) -> Result<Value, Fault> {
        let start = self.at;
        match self.peek() {
            Some(b'{') => {
                self.deeper(depth)?;
                self.members(depth + 1, &mut |_, _| Ok::<(), Fault>(()))?;
                Ok(self.since(start, Sort::Object))
            }
            Some(b'[') => {
                self.deeper(depth)?;
                self.items(depth + 1, &mut |_| ())?;
                Ok(self.since(start, Sort::List))
            }
            Some(b't') => self.word("true", Sort::True),
            Some(b'f') => self.word("false", Sort::False),
            Some(b'n') => self.word("null", Sort::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.fault(Why::NoValue)),
        }
    }

    fn deeper(&mut self, depth: usize) -> Result<(), Fault> {
        if depth >= DEPTH_MAX {
            return Err(self.fault(Why::Deep));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads the members of an object behind its opening brace, and the closing one.
    #[inline]
    fn members<E: From<Fault>>(
        &mut self,
        depth: usize,
        member: &mut impl FnMut(Value, Value) -> Result<(), E>,
    ) -> Result<(), E> {
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.fault(Why::NoKey).into());
            }
            let key = self.string()?;
            self.space();
            self.expect(b':', Why::NoColon)?;
            let value = self.value(depth)?;
            member(key, value)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault(Why::NoCommaInObject).into()),
            }
        }
    }

    /// Reads the items of a list behind its opening bracket, and the closing one.
    fn items(&mut self, depth: usize, item: &mut impl FnMut(Value)) -> Result<(), Fault> {
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self.value(depth)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault(Why::NoCommaInList)),
            }
        }
    }

    /// Reads a text from its opening quotation mark.
    #[inline]
    fn string(&mut self) -> Result<Value, Fault> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        let start = self.at;
        self.at = special(bytes, self.at);
        if bytes.get(self.at) == Some(&b'"') {
            let value = self.since(start, Sort::Text);
            self.at += 1;
            return Ok(value);
        }
        self.escaped(start)
    }

    /// Goes on with a text that holds escapes.
    fn escaped(&mut self, start: usize) -> Result<Value, Fault> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b'"') => {
                    let value = self.since(start, Sort::Escaped);
                    self.at += 1;
                    return Ok(value);
                }
                Some(b'\\') => match bytes.get(self.at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                    Some(b'u') if self.text.get(self.at + 2..).and_then(hex4).is_some() => self.at += 6,
                    _ => return Err(self.fault(Why::Escape)),
                },
                Some(_) => return Err(self.fault(Why::Control)),
                None => return Err(self.fault(Why::Ends)),
            }
            self.at = special(bytes, self.at);
        }
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.fault(Why::NoDigit)),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.since(start, Sort::Number))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.fault(Why::NoDigit));
        }
        Ok(())
    }
}

/// Where, from `at` on, the first quotation mark, backslash or control character stands; else the end.
/// Looks at eight bytes at once: most of an event is text, and this loop is most of the time that reading it takes.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest byte found is exact: false hits of a borrow stand above a true one only.
    let zero = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(LOW * 0x20) & !word & HIGH;
        let found = zero(word ^ (LOW * u64::from(b'"'))) | zero(word ^ (LOW * u64::from(b'\\'))) | control;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}
