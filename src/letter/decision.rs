//! What the office decided otherwise about a policy, in words: shown wherever the policy is.

use chrono::Datelike as _;

use super::clock;
use super::words;
use crate::engine::policy::{Head, Reach, Severity, Tell};
use crate::engine::roster::Language::{self, En, Id};
use crate::engine::time::Span;

/// `batas waktu 1 menit 30 detik (semula 1 menit). Alasan: …`; `None` where the policy is as it ships.
pub fn decision(head: &Head, language: Language) -> Option<String> {
    let overlay = head.overlay.as_ref()?;
    let changes: Vec<String> = overlay
        .changes
        .iter()
        .map(|change| {
            let name = match (change.key.strip_prefix("limits."), language) {
                (Some(name), Id) => format!("batas {name}"),
                (Some(name), En) => format!("limit {name}"),
                (None, _) => key(&change.key, language).to_owned(),
            };
            let (here, shipped) = (
                value(&change.key, &change.here, language),
                value(&change.key, &change.shipped, language),
            );
            match language {
                Id => format!("{name} {here} (semula {shipped})"),
                En => format!("{name} {here} (as shipped: {shipped})"),
            }
        })
        .collect();
    let date = overlay.decided_on;
    let date = format!(
        "{} {} {}",
        date.day(),
        clock::month(date.month0() as usize, language),
        date.year()
    );
    let (changes, reason, by) = (changes.join("; "), &overlay.reason, &overlay.decided_by);
    let stop = if reason.ends_with(['.', '!', '?']) { "" } else { "." };
    Some(words::one_line(&match language {
        Id => format!("{changes}. Alasan: {reason}{stop} Diputuskan oleh {by}, {date}."),
        En => format!("{changes}. Reason: {reason}{stop} Decided by {by}, {date}."),
    }))
}

fn key(key: &str, language: Language) -> &str {
    match (key, language) {
        ("enabled", Id) => "diberlakukan:",
        ("enabled", En) => "in force:",
        ("for", Id) => "batas waktu",
        ("for", En) => "limit",
        ("bridge", Id) => "jeda yang disambung",
        ("bridge", En) => "interruptions bridged",
        ("group_within", Id) => "jarak penggabungan insiden",
        ("group_within", En) => "one incident within",
        ("severity", Id) => "tingkat",
        ("severity", En) => "severity",
        ("notify", Id) => "penerima",
        ("notify", En) => "told:",
        ("scope", Id) => "berlaku",
        ("scope", En) => "applies",
        (other, _) => other,
    }
}

fn value(key: &str, value: &str, language: Language) -> String {
    let own = || value.to_string();
    match key {
        "enabled" => match (value == "true", language) {
            (true, Id) => "ya".into(),
            (true, En) => "yes".into(),
            (false, Id) => "tidak".into(),
            (false, En) => "no".into(),
        },
        _ if key.starts_with("limits.") && value.bytes().all(|byte| byte.is_ascii_digit()) => own(),
        "for" | "bridge" | "group_within" => span(value, language),
        _ if key.starts_with("limits.") => span(value, language),
        "severity" => [Severity::Info, Severity::Minor, Severity::Major, Severity::Critical]
            .into_iter()
            .find(|severity| severity.as_str() == value)
            .map_or_else(own, |severity| words::severity(severity, language).to_string()),
        "scope" => reach(value == Reach::SignedIn.as_str(), language).to_string(),
        "notify" => {
            let all = [Tell::Supervisor, Tell::Integrity, Tell::Technician];
            let named = value.split(", ").map(|word| {
                let tell = all.into_iter().find(|tell| tell.as_str() == word);
                tell.map_or(nobody(language), |tell| role(tell, language))
            });
            named.collect::<Vec<_>>().join(", ")
        }
        _ => own(),
    }
}

fn span(value: &str, language: Language) -> String {
    match (Span::parse(value), language) {
        (Ok(span), Id) if span.ms == 0 => "0 detik".into(),
        (Ok(span), En) if span.ms == 0 => "0 seconds".into(),
        (Ok(span), _) => clock::duration(span.ms, language),
        (Err(_), _) => value.to_string(),
    }
}

fn reach(signed_in: bool, language: Language) -> &'static str {
    match (signed_in, language) {
        (false, Id) => "saat pelayanan",
        (false, En) => "during service",
        (true, Id) => "selama masuk sistem, di luar istirahat",
        (true, En) => "while signed in and not on a break",
    }
}

fn nobody(language: Language) -> &'static str {
    match language {
        Id => "tidak ada",
        En => "nobody",
    }
}

/// Whom a policy tells.
pub fn role(tell: Tell, language: Language) -> &'static str {
    match (tell, language) {
        (Tell::Supervisor, Id) => "atasan",
        (Tell::Supervisor, En) => "supervisor",
        (Tell::Integrity, Id) => "tim kepatuhan",
        (Tell::Integrity, En) => "integrity team",
        (Tell::Technician, Id) => "teknisi",
        (Tell::Technician, En) => "technician",
    }
}
