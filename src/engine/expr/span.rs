//! Where in a condition's text a part of it stands, and what CEL's own parser says of wrong writing.

use std::ops::Range;

use cel::ParseError;
use cel::common::ast::{Expr, IdedExpr, SourceInfo};

use super::Problem;

/// The text of an expression with everything in it. The parser notes one token for each part, so that of a call is
/// often its operator alone.
pub(super) fn span(info: &SourceInfo, source: &str, expr: &IdedExpr) -> Range<usize> {
    let mut span: Option<Range<usize>> = None;
    cover(info, source, expr, &mut span);
    balanced(source, span.unwrap_or(0..source.len()))
}

fn cover(info: &SourceInfo, source: &str, expr: &IdedExpr, span: &mut Option<Range<usize>>) {
    if let Some((start, stop)) = info.offset_for(expr.id) {
        // It notes the last byte of a token, not the one after it.
        let (start, stop) = (start as usize, stop as usize + 1);
        if start < stop && source.is_char_boundary(start) && source.is_char_boundary(stop) {
            *span = Some(match span.take() {
                Some(known) => known.start.min(start)..known.end.max(stop),
                None => start..stop,
            });
        }
    }
    let mut parts: Vec<&IdedExpr> = Vec::new();
    match &expr.expr {
        Expr::Select(select) => parts.push(&select.operand),
        Expr::Call(call) => {
            parts.extend(call.target.as_deref());
            parts.extend(&call.args);
        }
        Expr::List(list) => parts.extend(&list.elements),
        Expr::Comprehension(loop_) => parts.extend([&loop_.iter_range, &loop_.loop_step]),
        _ => {}
    }
    for part in parts {
        cover(info, source, part, span);
    }
    // The word before the bracket.
    let word = match &expr.expr {
        Expr::Call(call) if call.target.is_none() => call.func_name.as_str(),
        Expr::Select(select) if select.test => "has",
        _ => "",
    };
    if let Some(known) = span
        && word.starts_with(char::is_alphabetic)
    {
        let before = source[..known.start].trim_end();
        let before = before.strip_suffix('(').unwrap_or(before).trim_end();
        if before.ends_with(word) {
            known.start = before.len() - word.len();
        }
    }
    // The name after the last dot.
    if let (Expr::Select(select), Some(known)) = (&expr.expr, span) {
        let rest = &source[known.end..];
        let trimmed = rest.trim_start().strip_prefix('.').unwrap_or(rest).trim_start();
        if trimmed.starts_with(select.field.as_str()) {
            known.end += rest.len() - trimmed.len() + select.field.len();
        }
    }
}

/// The span, made wider until every bracket in it has its partner.
fn balanced(source: &str, span: Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (span.start, span.end);
    let (mut open, mut lacking) = (0usize, 0usize);
    let mut quote = None;
    let mut escaped = false;
    for c in source[span].chars() {
        match (quote, c) {
            (Some(_), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(mark), c) if c == mark && !escaped => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => open += 1,
            (None, ')' | ']') => match open.checked_sub(1) {
                Some(fewer) => open = fewer,
                None => lacking += 1,
            },
            _ => {}
        }
        escaped = false;
    }
    for _ in 0..lacking {
        if let Some(at) = source[..start].rfind(['(', '[']) {
            start = at;
        }
    }
    for _ in 0..open {
        if let Some(at) = source[end..].find([')', ']']) {
            end += at + 1;
        }
    }
    start..end
}

/// What the parser refused, with what people usually meant.
pub(super) fn syntax(source: &str, errors: &[ParseError]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = errors
        .iter()
        .map(|error| {
            let (line, column) = error.pos;
            let start: usize = source
                .split_inclusive('\n')
                .take((line.max(1) - 1) as usize)
                .map(str::len)
                .sum();
            let start = source.floor_char_boundary((start + (column.max(1) - 1) as usize).min(source.len()));
            // Where it ends too early, the last word is what waits for more.
            let written = source.trim_end();
            let start = match start >= written.len() {
                true => written.len() - written.rsplit(char::is_whitespace).next().map_or(0, str::len),
                false => start,
            };
            let end = match source[start..].find(char::is_whitespace) {
                Some(word) if start + word == written.len() => written.len(),
                None => written.len(),
                _ => start + token(&source[start..]),
            };
            Problem {
                span: start..end,
                code: "syntax",
                message: format!("this is not a CEL expression: {}", said(&error.msg)),
                help: usually_meant(source, start..end),
            }
        })
        .collect();
    // After its first stumble in a line the parser stumbles over what is right.
    let line = |problem: &Problem| source[..problem.span.start].matches('\n').count();
    problems.sort_by_key(|problem| problem.span.start);
    problems.dedup_by_key(|problem| line(problem));
    if problems.is_empty() {
        problems.push(Problem {
            span: 0..source.len(),
            code: "syntax",
            message: "this is not a CEL expression".into(),
            help: None,
        });
    }
    problems
}

/// The parser's sentence without the list of all that could have stood there.
fn said(message: &str) -> String {
    let message = message.trim_start_matches("Syntax error: ");
    let input = [
        "mismatched input '",
        "extraneous input '",
        "token recognition error at: '",
    ]
    .iter()
    .find_map(|begin| message.strip_prefix(begin))
    .and_then(|rest| {
        rest.split_once("' expecting")
            .map(|(input, _)| input)
            .or(rest.strip_suffix('\''))
    });
    match input {
        Some("<EOF>") => "it ends too early".to_string(),
        Some(input) => format!("`{}` cannot stand here", input.trim()),
        None => message.to_string(),
    }
}

/// How long the word or sign at the beginning is.
fn token(text: &str) -> usize {
    let word = text.len() - text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
    match word {
        0 => text.chars().next().map_or(0, char::len_utf8),
        _ => word,
    }
}

fn usually_meant(source: &str, at: Range<usize>) -> Option<String> {
    let before = source[..at.start].trim_end();
    let word = &source[at.clone()];
    let lower = word.to_ascii_lowercase();
    let joined = |word: &str| match word {
        "and" | "dan" => Some("`&&` joins conditions that must both hold".to_string()),
        "or" | "atau" => Some("`||` joins conditions of which one must hold".to_string()),
        "not" | "bukan" => Some("`!` turns a condition round".to_string()),
        _ => None,
    };
    let last = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    if word == "=" || (before.ends_with('=') && !before.ends_with("==") && !before.ends_with(['!', '<', '>'])) {
        return Some("`==` compares".into());
    }
    if word == "&" || before.ends_with('&') {
        return Some("`&&` joins conditions that must both hold".into());
    }
    if word == "|" || before.ends_with('|') {
        return Some("`||` joins conditions of which one must hold".into());
    }
    joined(&lower).or_else(|| joined(&last.to_ascii_lowercase()))
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
