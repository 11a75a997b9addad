//! Reads JSON (RFC 8259) strictly from borrowed text, without allocating and without losing a key, a digit or an order.

use std::borrow::Cow;

/// Lists and objects may stand in each other this deep; an event needs two.
pub(super) const DEPTH_MAX: usize = 32;

/// Why a text is not JSON, and at which byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub at: usize,
    pub what: &'static str,
}

/// A text as it stands between its quotation marks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Raw<'a> {
    pub text: &'a str,
    escaped: bool,
}

impl<'a> Raw<'a> {
    /// The text it means; `None` where half of a surrogate pair is missing, which the grammar allows but no text can hold.
    pub fn decode(self) -> Option<Cow<'a, str>> {
        if !self.escaped {
            return Some(Cow::Borrowed(self.text));
        }
        let mut decoded = String::with_capacity(self.text.len());
        let mut rest = self.text;
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
        Some(Cow::Owned(decoded))
    }
}

fn hex4(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    // `from_str_radix` alone would take a sign.
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

/// A value; lists and objects as their whole text, which was checked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Raw<'a>),
    List(&'a str),
    Object(&'a str),
}

impl Value<'_> {
    pub fn name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// Reads the one value that `text` is, with nothing but white space around it.
pub(super) fn whole(text: &str) -> Result<Value<'_>, Fault> {
    let mut scanner = Scanner { text, at: 0 };
    let value = scanner.value(0)?;
    scanner.space();
    match scanner.peek() {
        None => Ok(value),
        Some(_) => Err(scanner.fault("something follows after the end")),
    }
}

/// Calls `member` with every key and value of the object that `text` begins with, in their order; answers what follows.
pub(super) fn members<'a, E: From<Fault>>(
    text: &'a str,
    mut member: impl FnMut(Raw<'a>, Value<'a>) -> Result<(), E>,
) -> Result<&'a str, E> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    scanner.expect(b'{', "an object should begin here")?;
    scanner.members(1, &mut member)?;
    Ok(&text[scanner.at..])
}

/// Calls `item` with every value of the list that `text` begins with.
pub(super) fn items<'a>(text: &'a str, mut item: impl FnMut(Value<'a>)) -> Result<(), Fault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    scanner.expect(b'[', "a list should begin here")?;
    scanner.items(1, &mut item)
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault(&self, what: &'static str) -> Fault {
        let what = if self.at >= self.text.len() {
            "the text ends too early"
        } else {
            what
        };
        Fault { at: self.at, what }
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Fault> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.fault(what))
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Fault> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.fault("a value should stand here"))
    }

    /// Reads a value that stands `depth` deep in others.
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        self.space();
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => {
                self.deeper(depth)?;
                self.members(depth + 1, &mut |_, _| Ok::<(), Fault>(()))?;
                Ok(Value::Object(&self.text[start..self.at]))
            }
            Some(b'[') => {
                self.deeper(depth)?;
                self.items(depth + 1, &mut |_| ())?;
                Ok(Value::List(&self.text[start..self.at]))
            }
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.fault("a value should stand here")),
        }
    }

    fn deeper(&mut self, depth: usize) -> Result<(), Fault> {
        if depth >= DEPTH_MAX {
            return Err(self.fault("lists and objects stand too deep in each other"));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads the members of an object behind its opening brace, and the closing one.
    fn members<E: From<Fault>>(
        &mut self,
        depth: usize,
        member: &mut impl FnMut(Raw<'a>, Value<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.fault("a key in quotation marks should stand here").into());
            }
            let key = self.string()?;
            self.space();
            self.expect(b':', "a colon should stand here")?;
            let value = self.value(depth)?;
            member(key, value)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault("a comma or a closing brace should stand here").into()),
            }
        }
    }

    /// Reads the items of a list behind its opening bracket, and the closing one.
    fn items(&mut self, depth: usize, item: &mut impl FnMut(Value<'a>)) -> Result<(), Fault> {
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
                _ => return Err(self.fault("a comma or a closing bracket should stand here")),
            }
        }
    }

    /// Reads a text from its opening quotation mark.
    fn string(&mut self) -> Result<Raw<'a>, Fault> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = special(bytes, self.at);
            match bytes.get(self.at) {
                Some(b'"') => {
                    let text = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(Raw { text, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    match bytes.get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                        Some(b'u') if self.text.get(self.at + 2..).and_then(hex4).is_some() => self.at += 6,
                        _ => return Err(self.fault("JSON knows no such escape")),
                    }
                }
                Some(_) => return Err(self.fault("a control character stands in a text; write it as an escape")),
                None => return Err(self.fault("")),
            }
        }
    }

    fn number(&mut self) -> Result<Value<'a>, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.fault("a digit should stand here")),
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
        Ok(Value::Number(&self.text[start..self.at]))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.fault("a digit should stand here"));
        }
        Ok(())
    }
}

/// Where, from `at` on, the first quotation mark, backslash or control character stands; else the end.
/// Looks at eight bytes at once: most of an event is text, and this loop is most of the time that reading it takes.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What serde_json makes of the same value; it reads numbers and texts by its own means.
    fn to_serde(value: Value<'_>) -> Option<serde_json::Value> {
        Some(match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(bool) => bool.into(),
            Value::Number(text) => serde_json::from_str(text).ok()?,
            Value::Text(raw) => raw.decode()?.into(),
            Value::List(text) => {
                let mut list = Vec::new();
                items(text, |item| list.push(to_serde(item))).ok()?;
                list.into_iter().collect::<Option<Vec<_>>>()?.into()
            }
            Value::Object(text) => {
                let mut map = serde_json::Map::new();
                members(text, |key, value| {
                    let member = key.decode().and_then(|key| Some((key.into_owned(), to_serde(value)?)));
                    let (key, value) = member.ok_or(Fault { at: 0, what: "text" })?;
                    map.insert(key, value);
                    Ok::<(), Fault>(())
                })
                .ok()?;
                map.into()
            }
        })
    }

    fn check(text: &str) {
        let theirs = serde_json::from_str::<serde_json::Value>(text).ok();
        let ours = whole(text).ok().and_then(to_serde);
        assert_eq!(ours, theirs, "{text}");
    }

    #[test]
    fn reading_agrees_with_serde_json_on_hard_cases() {
        for text in [
            "",
            " ",
            "{}",
            "[]",
            "{ }",
            "[ ]",
            "nul",
            "null",
            "nullx",
            "true",
            "tru",
            "-",
            "-0",
            "01",
            "1.",
            "1.5",
            ".5",
            "1e5",
            "1e",
            "1e+",
            "1E-2",
            "+1",
            "\"",
            "\"\\",
            "\"\\u",
            "\"\\u12",
            "\"\\u12g4\"",
            "\"\\u+123\"",
            "\"\\x\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ude00\"",
            "\"\\ud83d\\u0041\"",
            "\"\\ud83dx\"",
            "\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"",
            "\"\t\"",
            "\"\u{1f}\"",
            "\"\u{7f}\"",
            "\"é😀\\u00e9\"",
            "\"12345678é\"",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":{\"b\":[1,{\"c\":null}]}}",
            "[[[[]]]]",
            "{}x",
            "{} {}",
            "\u{feff}{}",
            "[1]\r\n",
            "{\"\\u0061\":1,\"a\":2}",
            "\"\\u0000\"",
            "NaN",
            "Infinity",
            "'a'",
            "/**/1",
            "[1,2",
            "{\"a\":",
            "{\"a\"",
            "\"1234567\\u00e912345678\"",
        ] {
            check(text);
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_it_costs_anything() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(whole(&deep(DEPTH_MAX)).is_ok());
        assert!(whole(&deep(DEPTH_MAX + 1)).is_err());
        assert!(whole(&"[".repeat(16_000)).is_err());
        assert!(whole(&"{\"a\":".repeat(3_000)).is_err());
    }

    proptest! {
        #[test]
        fn reading_agrees_with_serde_json_on_what_looks_like_json(
            text in r#"[\[\]{}",: 0-9a-fu\\tn.eE+-]{0,40}"#,
            words in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\\n\"", "1", "-2.5e3", "true", "null", " ", "\"\\ud83d\\ude00\"",
            ]), 0..12),
        ) {
            check(&text);
            check(&words.concat());
        }

        #[test]
        fn every_text_comes_back_as_it_was_written(text in any::<String>()) {
            check(&serde_json::to_string(&text).unwrap());
            check(&serde_json::to_string(&serde_json::json!({ &text: [&text, { "x": &text }] })).unwrap());
        }
    }
}
