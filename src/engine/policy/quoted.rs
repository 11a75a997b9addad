//! A TOML string and where each of its bytes stands in the file, so that a fault inside a condition has its place.

use std::ops::Range;

/// A string value of the file.
#[derive(Clone, Debug)]
pub(super) struct Quoted {
    pub value: String,
    /// With its quotes.
    pub whole: Range<usize>,
    /// For each byte of the value, and its end, the byte of the file it came from.
    at: Option<Vec<usize>>,
}

impl Quoted {
    pub fn new(text: &str, whole: Range<usize>, value: &str) -> Quoted {
        let raw = text.get(whole.clone()).unwrap_or("");
        let at = places(raw).filter(|(read, _)| read == value).map(|(_, at)| at);
        Quoted {
            value: value.to_string(),
            at: at.map(|at| at.iter().map(|at| whole.start + at).collect()),
            whole,
        }
    }

    /// A part of the value as a part of the file.
    pub fn span(&self, part: Range<usize>) -> Range<usize> {
        let at = |byte: usize| self.at.as_ref().and_then(|at| at.get(byte)).copied();
        match (at(part.start), at(part.end)) {
            (Some(start), Some(end)) => start..end,
            _ => self.whole.clone(),
        }
    }
}

/// Reads a string as TOML does: its value, and for each byte of it, and its end, the place in `raw`.
fn places(raw: &str) -> Option<(String, Vec<usize>)> {
    let mark = raw.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let thrice = [mark; 3].iter().collect::<String>();
    let is_long = raw.len() >= 6 && raw.starts_with(&thrice);
    let quotes = if is_long { 3 } else { 1 };
    let end = raw.len().checked_sub(quotes).filter(|end| *end >= quotes)?;
    let mut from = quotes;
    if is_long {
        // A line break right after the quotes is not part of the string.
        from += ["\r\n", "\n"]
            .iter()
            .find(|end| raw[from..].starts_with(*end))
            .map_or(0, |end| end.len());
    }
    let inner = raw.get(from..end)?;
    let mut value = String::new();
    let mut at = Vec::new();
    let mut rest = inner.char_indices().peekable();
    while let Some((offset, c)) = rest.next() {
        let read = if c != '\\' || mark == '\'' {
            Some(c)
        } else {
            let (_, escape) = rest.next()?;
            let digits = match escape {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                _ => 0,
            };
            match escape {
                'b' => Some('\u{8}'),
                't' => Some('\t'),
                'n' => Some('\n'),
                'f' => Some('\u{c}'),
                'r' => Some('\r'),
                'e' => Some('\u{1b}'),
                '"' | '\\' => Some(escape),
                'x' | 'u' | 'U' => {
                    let mut code = 0u32;
                    for _ in 0..digits {
                        code = code.checked_mul(16)? + rest.next()?.1.to_digit(16)?;
                    }
                    Some(char::from_u32(code)?)
                }
                // A line that goes on: what is blank up to the next sign is left out.
                c if c.is_whitespace() => {
                    while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
                    None
                }
                _ => return None,
            }
        };
        if let Some(c) = read {
            value.push(c);
            at.resize(value.len(), from + offset);
        }
    }
    at.push(end);
    Some((value, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_string_leads_back_to_its_place() {
        for raw in [
            "'a b'",
            "\"a b\"",
            "'''a b'''",
            "'''\na b'''",
            "\"\"\"\r\na b\"\"\"",
            "\"a\\u0020b\"",
            "\"\\x61 b\"",
            "\"\"\"a\\\n    \\u0020b\"\"\"",
        ] {
            let quoted = Quoted::new(raw, 0..raw.len(), "a b");
            let span = quoted.span(2..3);
            assert_eq!(&raw[span], "b", "{raw}");
        }
    }

    #[test]
    fn what_cannot_be_traced_points_at_the_whole_string() {
        let quoted = Quoted::new("'abc'", 0..5, "other");
        assert_eq!(quoted.span(1..2), 0..5);
    }
}
