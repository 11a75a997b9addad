//! The plain-text layout: 72 columns, for every reader there is.

use super::sheet::{Listing, Sheet};
use super::wording::Around;

const WIDTH: usize = 72;

pub fn lay_out(sheet: &Sheet) -> String {
    let mut out = String::new();
    if let Some(head) = &sheet.around.letterhead {
        wrap(&mut out, head, "", "");
        out.push('\n');
    }
    line(
        &mut out,
        &format!("{} · {} · {}", sheet.class, sheet.number, sheet.state).to_uppercase(),
    );
    wrap(&mut out, &sheet.title, "", "");
    out.push('\n');
    wrap(&mut out, &sheet.around.greeting, "", "");
    out.push('\n');
    for news in &sheet.news {
        wrap(&mut out, news, "", "");
    }
    if !sheet.news.is_empty() {
        out.push('\n');
    }
    wrap(&mut out, &sheet.fact, "", "");
    out.push('\n');
    table(&mut out, &sheet.rows);
    for listing in [&sheet.stretches, &sheet.evidence].into_iter().flatten() {
        out.push('\n');
        list(&mut out, listing);
    }
    out.push('\n');
    heading(&mut out, &sheet.checks.0);
    for (n, step) in sheet.checks.1.iter().enumerate() {
        wrap(&mut out, step, &format!("{}. ", n + 1), "   ");
    }
    out.push('\n');
    wrap(&mut out, &sheet.caution.0.to_uppercase(), "", "");
    wrap(&mut out, &sheet.caution.1, "", "");
    out.push('\n');
    let mut rules = vec![sheet.policy.clone()];
    rules.extend(sheet.basis.clone());
    rules.extend(sheet.decision.clone());
    table(&mut out, &rules);
    out.push('\n');
    line(&mut out, &format!("{}:", sheet.link.0));
    line(&mut out, &sheet.link.1);
    out.push('\n');
    close(&mut out, &sheet.around);
    line(&mut out, "-- ");
    wrap(&mut out, &sheet.capacity, "", "");
    wrap(&mut out, &sheet.automatic, "", "");
    out
}

/// What the office says at the end.
pub(super) fn close(out: &mut String, around: &Around) {
    for phrase in &around.closing {
        wrap(out, phrase, "", "");
    }
    if !around.closing.is_empty() {
        out.push('\n');
    }
}

pub(super) fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn heading(out: &mut String, text: &str) {
    wrap(out, &text.to_uppercase(), "", "");
}

fn list(out: &mut String, listing: &Listing) {
    heading(out, &listing.heading);
    for (at, text) in &listing.lines {
        match text.is_empty() {
            true => wrap(out, at, "- ", "  "),
            false => wrap(out, &format!("{at}  {text}"), "- ", "  "),
        }
    }
    if let Some(rest) = &listing.rest {
        wrap(out, rest, "  ", "  ");
    }
}

pub(super) fn table(out: &mut String, rows: &[(String, String)]) {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        let first = format!("{name:<width$} : ");
        let indent = " ".repeat(width + 3);
        wrap(out, value, &first, &indent);
    }
}

/// Breaks at spaces; a word longer than the line stays whole. A run of spaces is kept: it separates columns.
pub(super) fn wrap(out: &mut String, text: &str, first: &str, rest: &str) {
    let mut current = first.to_string();
    let mut empty = true;
    for word in text.split(' ') {
        let room = current.chars().count() + usize::from(!empty) + word.chars().count() <= WIDTH;
        if !empty && !room {
            line(out, current.trim_end());
            current = rest.to_string();
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        current.push_str(word);
        empty = false;
    }
    line(out, current.trim_end());
}
