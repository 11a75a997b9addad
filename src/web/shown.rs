//! How things of the database are shown: what an incident says, who and where it is about, what a hostile payload holds.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::ask::Ask;
use super::page;
use super::words::Words;
use crate::engine::event::PolicyId;
use crate::engine::policy::{Head, Per, Reach, Title};
use crate::engine::roster::{Device, Language};
use crate::letter::sheet::Sheet;
use crate::letter::{self, Addressee, EvidenceLine, House, Matter, Stretch};
use crate::live::OfficeLive;
use crate::store::read::IncidentWord;
use crate::store::rows::{IncidentRow, IncidentState, LetterKind};

pub fn state_word(incident: &IncidentRow) -> IncidentWord {
    match incident.state {
        IncidentState::Open => IncidentWord::Open,
        IncidentState::Ended | IncidentState::Joined(_) => IncidentWord::Ended,
        IncidentState::Retracted => IncidentWord::Retracted,
    }
}

/// The policy as it is in force, else what the incident itself still says of it.
pub fn policy_of(office: Option<&OfficeLive>, incident: &IncidentRow) -> (Head, bool) {
    let id = incident.policy.as_str();
    match office.and_then(|office| office.policy(id)) {
        Some(head) => (head.clone(), true),
        None => (gone(&incident.policy, incident), false),
    }
}

fn gone(id: &PolicyId, incident: &IncidentRow) -> Head {
    Head {
        id: id.clone(),
        title: Title {
            id: id.to_string(),
            en: id.to_string(),
        },
        basis: String::new(),
        class: incident.class,
        severity: incident.severity,
        per: Per::Counter,
        condition: String::new(),
        for_ms: 0,
        bridge_ms: 0,
        group_within_ms: 0,
        notify: Vec::new(),
        enabled: true,
        scope: Reach::Service,
        overlay: None,
    }
}

pub fn title(policy: &Head, language: Language) -> &str {
    match language {
        Language::Id => &policy.title.id,
        Language::En => &policy.title.en,
    }
}

/// What an incident says, in the words of the letters; `None` where the office is not in force any more.
pub fn sheet(
    ask: &Ask,
    incident: &IncidentRow,
    policy: &Head,
    stretches: &[Stretch],
    evidence: &[EvidenceLine],
) -> Option<Sheet> {
    let office = ask.live.office(&incident.office)?;
    let kind = match (incident.state, incident.until) {
        (IncidentState::Retracted, _) => LetterKind::Retracted,
        (_, None) => LetterKind::Opened,
        (_, Some(_)) => LetterKind::Ended,
    };
    let house = House {
        base_url: String::new(),
        domain: String::new(),
        wording: Default::default(),
        counts_alone: false,
    };
    Some(Sheet::write(&Matter {
        kind,
        changes: &[],
        reason: None,
        incident,
        policy,
        roster: &office.roster,
        stretches,
        evidence,
        to: Addressee {
            role: None,
            name: None,
            language: ask.language(),
        },
        house: &house,
        now: ask.live.now,
    }))
}

/// The counter's or lockbox's name, short; a dash where an incident is about neither.
pub fn place(ask: &Ask, incident: &IncidentRow) -> String {
    match incident.counter.as_ref().or(incident.lockbox.as_ref()) {
        Some(id) => device(ask.words, ask.live.office(&incident.office), id.as_str()),
        None => "–".into(),
    }
}

/// `#36 · Ponsel di luar loker · Loket 3 · p-003 · 24 Nov 10:02 · Terbuka`: an incident in a list of a few.
pub fn incident_line(ask: &Ask, incident: &IncidentRow) -> Markup {
    let office = ask.live.office(&incident.office);
    let zone = office.map_or_else(|| ask.zone(), |office| office.roster.office.zone);
    let (policy, _) = policy_of(office, incident);
    html! {
        a href={ "/incidents/" (incident.n) } { "#" (incident.n) " " (title(&policy, ask.language())) } " "
        span.soft {
            (place(ask, incident))
            @if let Some(officer) = &incident.officer { " · " (officer) }
            " · " (page::time_on(incident.since, ask.live.now, zone, ask.words))
        } " "
        (page::incident_state(state_word(incident), ask.words))
    }
}

/// A device by the name people call it, short.
pub fn device(words: &Words, office: Option<&OfficeLive>, id: &str) -> String {
    let Some(roster) = office.map(|office| &office.roster) else {
        return id.to_string();
    };
    let named = |devices: &[Device]| devices.iter().find(|device| device.id.as_str() == id).cloned();
    match (named(&roster.counters), named(&roster.lockboxes)) {
        (Some(counter), _) => letter::words::short_name(&counter.name),
        (None, Some(lockbox)) => letter::words::short_name(&lockbox_name(words, &lockbox.name)),
        (None, None) => letter::words::device_without_name(id, words.language).to_string(),
    }
}

/// `Loker HP A`, where the roster's name is only `A`.
pub fn lockbox_name(words: &Words, name: &str) -> String {
    let lower = name.to_lowercase();
    match ["loker", "locker", "box", "lemari"]
        .iter()
        .any(|word| lower.contains(word))
    {
        true => name.to_string(),
        false => format!("{} {name}", words.pick("Loker HP", "Lockbox")),
    }
}

/// The officer's name, where the roster knows it.
pub fn officer_name<'a>(office: Option<&'a OfficeLive>, id: &'a str) -> &'a str {
    let officer = office.and_then(|office| office.roster.officer(id));
    officer.map_or(id, |officer| officer.name.as_str())
}

/// Bytes as people can look at them without harm: what is no text and what cannot be seen is written out, so that
/// nothing can hide, reorder the line or pose as something else.
pub fn safe(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' | '\t' => out.push(c),
                '\\' => out.push_str("\\\\"),
                _ if is_unseen(c) => write_code(&mut out, c),
                _ => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
    out
}

fn write_code(out: &mut String, c: char) {
    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
}

/// Controls, marks of direction, joiners, variation selectors, tags, private use, and spaces that are not a space.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(u32::from(c),
            0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
            | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xe000..=0xf8ff | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
            | 0xfff0..=0xfffb | 0x1d173..=0x1d17a | 0xe0000..=0x10ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_payload_can_hide_or_reorder() {
        for (bytes, expected) in [
            (&b"{\"a\":1}\n\tb"[..], "{\"a\":1}\n\tb"),
            (b"\xff\xfe<script>\x00", "\\xFF\\xFE<script>\\u{0}"),
            ("admin\u{202e}gpj.exe".as_bytes(), "admin\\u{202e}gpj.exe"),
            ("a\u{200b}b\u{feff}\u{a0}c".as_bytes(), "a\\u{200b}b\\u{feff}\\u{a0}c"),
            ("\\x41 Siti – ✓".as_bytes(), "\\\\x41 Siti – ✓"),
            (b"caf\xc3", "caf\\xC3"),
            (b"\x1b[31mred\r", "\\u{1b}[31mred\\u{d}"),
        ] {
            assert_eq!(safe(bytes), expected);
        }
    }
}
