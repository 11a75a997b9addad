//! What is wrong with a scenario file, and where: file, line, column, the line itself and a mark below it.

use std::fmt;
use std::ops::Range;

use crate::engine::expr::nearest;
use crate::engine::roster::place;

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// How many characters are meant.
    pub width: usize,
    pub message: String,
    pub source: String,
}

impl Fault {
    pub fn new(file: &str, text: &str, span: Range<usize>, message: String) -> Fault {
        let (line, column) = place(text, span.start);
        let source = text.lines().nth(line - 1).unwrap_or("").to_string();
        let meant = text.get(span).map_or(1, |meant| {
            let first = meant.lines().next().unwrap_or("");
            first.trim_end().chars().count()
        });
        Fault {
            file: file.to_string(),
            line,
            column,
            width: meant.max(1),
            message,
            source,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "  --> {}:{}:{}", self.file, self.line, self.column)?;
        underline(f, self.line, self.column, self.width, &self.source)
    }
}

/// A line of a file with a mark below what is meant.
pub fn underline(f: &mut dyn fmt::Write, line: usize, column: usize, width: usize, source: &str) -> fmt::Result {
    let number = line.to_string();
    let w = number.len();
    writeln!(f, "{:w$} |", "")?;
    writeln!(f, "{number} | {source}")?;
    write!(
        f,
        "{:w$} | {:c$}{}",
        "",
        "",
        "^".repeat(width),
        c = column.saturating_sub(1)
    )
}

/// Everything that is wrong, at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// `; did you mean …?`, where something is near enough.
pub(super) fn meant<'n>(word: &str, candidates: impl Iterator<Item = &'n str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
