//! What is wrong with a policy file, shown as a compiler shows it: place, line, and what to write instead.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::super::roster::place;

/// Whether a policy with this fault is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Error,
    Warning,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// A fault of a policy file. Lines and columns count from 1, columns in characters; the end is where it is over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PolicyFault {
    pub level: Level,
    /// A word for programs; it stays the same when the message gets better.
    pub code: &'static str,
    pub file: String,
    /// 0 where the fault is the file's as a whole; then so are the others.
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    pub message: String,
    pub help: Option<String>,
    /// The line of the file that the fault begins in.
    pub source: String,
}

impl PolicyFault {
    /// A fault of a file as a whole.
    pub fn of_file(level: Level, code: &'static str, file: &str, message: String, help: Option<String>) -> PolicyFault {
        PolicyFault {
            level,
            code,
            file: file.to_string(),
            line: 0,
            column: 0,
            end_line: 0,
            end_column: 0,
            message,
            help,
            source: String::new(),
        }
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.level.as_str(), self.message)?;
        if self.line == 0 {
            write!(f, "\n --> {}", self.file)?;
            if let Some(help) = &self.help {
                write!(f, "\n  = help: {help}")?;
            }
            return Ok(());
        }
        let number = self.line.to_string();
        let w = number.len();
        write!(f, "\n{:w$}--> {}:{}:{}", "", self.file, self.line, self.column)?;
        let until = if self.end_line == self.line {
            self.end_column
        } else {
            usize::MAX
        };
        let (mut line, mut before, mut under) = (String::new(), 0, 0);
        for (at, c) in self.source.chars().enumerate() {
            // Tabs have no width of their own, and a file may not speak to the terminal.
            let shown = match c {
                '\t' => "    ".to_string(),
                c if c.is_control() => char::REPLACEMENT_CHARACTER.to_string(),
                c => c.to_string(),
            };
            let width = shown.chars().count();
            match at + 1 {
                column if column < self.column => before += width,
                column if column < until => under += width,
                _ => {}
            }
            line.push_str(&shown);
        }
        let marks = "^".repeat(under.max(1));
        write!(
            f,
            "\n{:w$} |\n{number} | {}\n{:w$} | {:before$}{marks}",
            "",
            line.trim_end(),
            "",
            ""
        )?;
        if let Some(help) = &self.help {
            write!(f, "\n{:w$} = help: {help}", "")?;
        }
        Ok(())
    }
}

/// Every error of every file at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyErrors(pub Vec<PolicyFault>);

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

/// A fault whose place is still in bytes of its file.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub level: Level,
    pub code: &'static str,
    pub span: Range<usize>,
    message: String,
    help: Option<String>,
}

impl Found {
    pub fn error(span: Range<usize>, code: &'static str, message: impl Into<String>) -> Found {
        Found {
            level: Level::Error,
            code,
            span,
            message: message.into(),
            help: None,
        }
    }

    pub fn warning(span: Range<usize>, code: &'static str, message: impl Into<String>) -> Found {
        Found {
            level: Level::Warning,
            ..Found::error(span, code, message)
        }
    }

    pub fn help(self, help: impl Into<String>) -> Found {
        self.helps(Some(help.into()))
    }

    pub fn helps(self, help: Option<String>) -> Found {
        Found { help, ..self }
    }

    pub fn told(self, file: &str, text: &str) -> PolicyFault {
        let (line, column) = place(text, self.span.start);
        let (end_line, end_column) = place(text, self.span.end.max(self.span.start));
        PolicyFault {
            level: self.level,
            code: self.code,
            file: file.to_string(),
            line,
            column,
            end_line,
            end_column,
            message: self.message,
            help: self.help,
            source: text.lines().nth(line - 1).unwrap_or("").to_string(),
        }
    }
}
