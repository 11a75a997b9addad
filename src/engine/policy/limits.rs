//! `[limits]`: durations and counts that a condition names, so that an office can set them without another condition.

use toml::de::DeValue;

use super::super::expr::{Filled, Limit, Named, Problem, fill};
use super::super::time::Span;
use super::read::SPAN_MAX_MS;
use super::{Policy, Trigger};

/// More than anything that is counted.
const COUNT_MAX: i64 = 1_000_000;

/// Why something cannot be a limit: a code, what is wrong, and what to write.
pub(super) type Refused = (&'static str, String, Option<String>);

/// A limit as a file has it: a duration in quotes, or a whole number.
pub(super) fn limit(name: &str, value: &DeValue) -> Result<Limit, Refused> {
    match value {
        DeValue::String(text) if text.trim_start().starts_with('-') => {
            let message = format!("the limit `{name}` is negative; nothing lasts less than no time");
            Err(("impossible-duration", message, None))
        }
        DeValue::String(text) => match Span::parse(text) {
            Ok(span) if span.ms > SPAN_MAX_MS => {
                let help = "no policy can wait that long: days are settled 14 days after they end".to_string();
                let message = format!("the limit `{name}` is longer than 31 days");
                Err(("impossible-duration", message, Some(help)))
            }
            Ok(span) => Ok(Limit::Span { limit_ms: span.ms }),
            Err(why) => {
                let (message, help) = why.split_once("; ").unwrap_or((&why, ""));
                let help = (!help.is_empty()).then(|| help.to_string());
                Err(("not-a-duration", message.to_string(), help))
            }
        },
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(limit) if (0..=COUNT_MAX).contains(&limit) => Ok(Limit::Count { limit }),
            _ => {
                let message = format!("the limit `{name}` must lie between 0 and {COUNT_MAX}");
                Err(("wrong-value", message, None))
            }
        },
        _ => {
            let message = format!("the limit `{name}` must be a duration or a whole number");
            Err((
                "wrong-type",
                message,
                Some("write it like \"2h\", or like 3".to_string()),
            ))
        }
    }
}

/// What a condition can name: `limits.` and this.
pub(super) fn is_name(name: &str) -> bool {
    // Words that the language of conditions keeps for itself.
    const KEPT: [&str; 21] = [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "namespace",
        "null",
        "package",
        "return",
        "true",
        "var",
        "void",
        "while",
    ];
    !KEPT.contains(&name) && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 64 && {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        name.chars().all(fits)
    }
}

impl Policy {
    /// The condition as it is written, if it has one.
    pub fn filled(&self) -> Option<&Filled> {
        self.filled.as_ref()
    }

    /// Gives the limits other worths.
    pub(super) fn refill(&mut self, limits: &[Named]) -> Result<(), Vec<Problem>> {
        let Some(before) = &self.filled else { return Ok(()) };
        let on: Vec<&str> = match &self.trigger {
            Trigger::While(_) => Vec::new(),
            Trigger::On { types, .. } => types.iter().map(String::as_str).collect(),
        };
        let (filled, compiled, _) = fill(&before.written, self.head.per, &on, limits)?;
        match &mut self.trigger {
            Trigger::While(condition) => {
                self.head.condition.clone_from(&filled.text);
                *condition = compiled;
            }
            Trigger::On { types, condition } => {
                self.head.condition = super::answers_to(types, Some(&filled.text));
                *condition = Some(compiled);
            }
        }
        self.filled = Some(filled);
        Ok(())
    }
}
