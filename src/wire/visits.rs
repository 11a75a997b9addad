//! Reads the data of events of the applicants' side. What is not listed here is not kept either: of an applicant, only
//! what is needed.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;

use super::json::{Sort, Value};
use super::{Rejected, moment, quote, wrong_type};
use crate::engine::event::Kind;
use crate::engine::time::Moment;
use crate::engine::visit::{
    Appointment, CODE_LENGTHS, Care, Errand, Nationality, Number, Passage, Tongue, Visit, canonical,
};

/// Words of an office, a gate or a person may have so many characters.
const WORD_MAX: usize = 64;
/// Why somebody was let in against the rules may take so many.
const REASON_MAX: usize = 300;
/// So many people come with nobody.
const COMPANIONS_MAX: u32 = 20;

/// Every key that some type has; texts are checked one by one.
#[derive(Deserialize, Default)]
struct Told<'a> {
    #[serde(borrow, default)]
    booking: Option<Cow<'a, str>>,
    from: Option<String>,
    until: Option<String>,
    service: Option<String>,
    nationality: Option<String>,
    initials: Option<String>,
    care: Option<String>,
    language: Option<String>,
    number: Option<String>,
    gate: Option<String>,
    errand: Option<String>,
    companions: Option<u32>,
    why: Option<String>,
    by: Option<String>,
    reason: Option<String>,
}

/// Whether a type is read here.
pub(super) fn knows(name: &str) -> bool {
    crate::engine::visit::TYPES.iter().any(|(known, _)| *known == name)
}

pub(super) fn read(name: &str, data: Value, whole: &str) -> Result<Kind, Rejected> {
    let text = match data.sort {
        Sort::Absent | Sort::Null => "{}",
        Sort::Object => data.written(whole),
        _ => return Err(wrong_type("data", "an object", data)),
    };
    let told: Told<'_> = serde_json::from_str(text).map_err(|error| of_fault(&error))?;
    let visit = match name {
        "booking.issued" => Visit::Issued(told.appointment()?),
        "booking.changed" => Visit::Changed(told.appointment()?),
        "booking.cancelled" => Visit::Cancelled { booking: told.code()? },
        "booking.ready" => Visit::Ready {
            booking: told.code()?,
            until: time("until", told.until.as_deref())?,
        },
        "booking.collected" => Visit::Collected {
            booking: told.code()?,
            by: word("by", told.by.as_deref(), WORD_MAX)?,
        },
        "gate.admitted" => Visit::Admitted(told.passage()?),
        "gate.refused" => Visit::Refused(told.passage()?),
        "gate.left" => Visit::Left(told.passage()?),
        _ => return Err(super::unknown_type(name)),
    };
    Ok(Kind::Visit(Box::new(visit)))
}

impl Told<'_> {
    fn code(&self) -> Result<Box<str>, Rejected> {
        let said = self.booking.as_deref().ok_or_else(|| missing("booking"))?;
        canonical(said).ok_or_else(|| {
            Rejected::new(
                "bad_value",
                format!(
                    "\"booking\" {} is no code: send {} to {} letters and digits",
                    quote(said),
                    CODE_LENGTHS.start(),
                    CODE_LENGTHS.end()
                ),
            )
        })
    }

    fn appointment(self) -> Result<Appointment, Rejected> {
        let booking = self.code()?;
        let (from, until) = (
            time("from", self.from.as_deref())?,
            time("until", self.until.as_deref())?,
        );
        if until <= from {
            return Err(Rejected::new(
                "bad_interval",
                "\"until\" is not after \"from\": an arrival window ends after it begins".to_owned(),
            ));
        }
        let initials = word("initials", self.initials.as_deref(), 4)?.ok_or_else(|| missing("initials"))?;
        if !initials.chars().all(char::is_alphabetic) {
            return Err(bad("initials", "up to four letters, and no name"));
        }
        let number = match &self.number {
            Some(said) => Some(Number::parse(said).ok_or_else(|| bad("number", "a number like \"+62812…\""))?),
            None => None,
        };
        Ok(Appointment {
            booking,
            from,
            until,
            service: word("service", self.service.as_deref(), WORD_MAX)?.ok_or_else(|| missing("service"))?,
            nationality: one("nationality", self.nationality.as_deref(), Nationality::parse)?
                .ok_or_else(|| missing("nationality"))?,
            initials,
            care: one("care", self.care.as_deref(), Care::parse)?,
            tongue: one("language", self.language.as_deref(), Tongue::parse)?.unwrap_or(Tongue::Id),
            number,
        })
    }

    fn passage(self) -> Result<Passage, Rejected> {
        let companions = self.companions.unwrap_or(0);
        if companions > COMPANIONS_MAX {
            return Err(bad("companions", "how many came along, 20 at most"));
        }
        Ok(Passage {
            booking: self.code()?,
            gate: word("gate", self.gate.as_deref(), WORD_MAX)?,
            errand: one("errand", self.errand.as_deref(), Errand::parse)?,
            companions,
            why: word("why", self.why.as_deref(), WORD_MAX)?,
            by: word("by", self.by.as_deref(), WORD_MAX)?,
            reason: word("reason", self.reason.as_deref(), REASON_MAX)?,
        })
    }
}

/// A text that may be absent, within its length and without control characters.
fn word(name: &str, said: Option<&str>, most: usize) -> Result<Option<Box<str>>, Rejected> {
    let Some(said) = said.map(str::trim).filter(|said| !said.is_empty()) else {
        return Ok(None);
    };
    if said.chars().count() > most || said.chars().any(char::is_control) {
        return Err(bad(name, &format!("a text of at most {most} characters")));
    }
    Ok(Some(said.into()))
}

fn one<T>(name: &str, said: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Rejected> {
    match said {
        None => Ok(None),
        Some(said) => match parse(said) {
            Some(value) => Ok(Some(value)),
            None => Err(bad(name, "one of the words that docs/applicants.md lists")),
        },
    }
}

fn time(name: &str, said: Option<&str>) -> Result<Moment, Rejected> {
    moment(name, said.ok_or_else(|| missing(name))?)
}

fn missing(name: &str) -> Rejected {
    super::missing(&format!("\"{name}\" in \"data\""))
}

/// What was sent is not repeated: it may be a person's.
fn bad(name: &str, wanted: &str) -> Rejected {
    Rejected::new(
        "bad_value",
        format!("\"{name}\" is not what it should be: send {wanted}"),
    )
}

/// What is wrong with the data as JSON; its values are not repeated.
fn of_fault(error: &serde_json::Error) -> Rejected {
    let said = error.to_string();
    let what = match said.split_once(" at line ") {
        Some((what, _)) => what,
        None => said.as_str(),
    };
    if what.starts_with("duplicate field") {
        return Rejected::new(
            "duplicate_key",
            format!("\"data\" has a {}: send it once", what.replace('`', "\"")),
        );
    }
    let mut reason = String::from("\"data\" has a value of the wrong type");
    if let Some((_, wanted)) = what.split_once("expected ") {
        let _ = write!(reason, ": send {wanted}");
    }
    Rejected::new("wrong_type", reason)
}

/// What of a refused message may be kept: of one that may be about an applicant, nothing that is his. Others are kept
/// whole.
pub fn without_persons(payload: &[u8]) -> Cow<'_, [u8]> {
    const MARKS: [&[u8]; 6] = [
        b"\"booking.",
        b"\"gate.",
        b"\"payment.",
        b"\"contact.",
        b"\"number\"",
        b"\"initials\"",
    ];
    let marked = |mark: &[u8]| payload.windows(mark.len()).any(|part| part == mark);
    if !MARKS.iter().any(|mark| marked(mark)) {
        return Cow::Borrowed(payload);
    }
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(payload) else {
        return Cow::Borrowed(b"(a message that may be about an applicant and is no JSON is not kept)");
    };
    blank(&mut value, "");
    serde_json::to_vec(&value).map_or(Cow::Borrowed(b"{}"), Cow::Owned)
}

/// What says nothing of a person.
const PLAIN: [&str; 16] = [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "bootid",
    "sequence",
    "booking",
    "from",
    "until",
    "nationality",
    "care",
    "language",
    "gate",
    "errand",
    "why",
];

fn blank(value: &mut serde_json::Value, key: &str) {
    use serde_json::Value;
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(key, value)| blank(value, key)),
        Value::Array(items) => items.iter_mut().for_each(|item| blank(item, "")),
        Value::String(text) if !PLAIN.contains(&key) || looks_like_a_number(text) => *text = "…".to_owned(),
        Value::Number(_) if key != "companions" => *value = Value::Null,
        _ => {}
    }
}

/// A telephone number in a field that is not for one; a time has a colon.
fn looks_like_a_number(text: &str) -> bool {
    !text.contains(':') && Number::parse(text).is_some()
}
