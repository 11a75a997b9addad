//! Ring 0: what happens on the applicants' side, as events tell it. Nothing here is judged: `booking` folds it.

use std::fmt;

use super::event::DeviceKind;
use super::time::Moment;

/// Every event type of the applicants' side: its name on the wire and who may send it.
pub const TYPES: [(&str, &[DeviceKind]); 8] = {
    use DeviceKind::{Gate as G, System as S};
    [
        ("booking.issued", &[S]),
        ("booking.changed", &[S]),
        ("booking.cancelled", &[S]),
        ("booking.ready", &[S]),
        ("booking.collected", &[S, G]),
        ("gate.admitted", &[G, S]),
        ("gate.refused", &[G, S]),
        ("gate.left", &[G, S]),
    ]
};

/// A booking's code may have so many characters, without what stands between them.
pub const CODE_LENGTHS: std::ops::RangeInclusive<usize> = 4..=24;

/// A code as it is compared: capital letters and digits alone, whatever stood between them. `None`: it is no code.
pub fn canonical(text: &str) -> Option<Box<str>> {
    let mut code = String::with_capacity(*CODE_LENGTHS.end());
    for letter in text.trim().chars() {
        match letter {
            'A'..='Z' | '0'..='9' => code.push(letter),
            'a'..='z' => code.push(letter.to_ascii_uppercase()),
            ' ' | '-' | '.' | '/' | '_' => {}
            _ => return None,
        }
        if code.len() > *CODE_LENGTHS.end() {
            return None;
        }
    }
    CODE_LENGTHS.contains(&code.len()).then(|| code.into())
}

/// A telephone number. Nothing prints it: it goes into the vault and nowhere else.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Number(pub Box<str>);

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(…)")
    }
}

impl Number {
    /// `+62…` of what people write: blanks, dots and hyphens do not count, and a leading 0 is Indonesia's. `None`: no
    /// number is written so.
    pub fn parse(text: &str) -> Option<Number> {
        let mut digits = String::new();
        for (at, letter) in text.trim().chars().enumerate() {
            match letter {
                '0'..='9' => digits.push(letter),
                '+' if at == 0 => {}
                ' ' | '-' | '.' | '(' | ')' => {}
                _ => return None,
            }
        }
        let international = text.trim_start().starts_with('+') || digits.starts_with("62");
        let whole = match digits.strip_prefix('0') {
            Some(rest) if !international => format!("+62{rest}"),
            _ if international => format!("+{digits}"),
            _ => return None,
        };
        (9..=16).contains(&whole.len()).then(|| Number(whole.into()))
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($arm:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($arm),+
        }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$arm),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$arm => $word),+
                }
            }

            pub fn parse(text: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}

words!(
    /// Whose passport an office issues, or whom it gives leave to stay.
    Nationality { Wni = "wni", Wna = "wna" }
);
words!(
    /// Why an applicant may bring somebody.
    Care { Infant = "infant", Elderly = "elderly", Disabled = "disabled" }
);
words!(
    /// What somebody comes for.
    Errand { Service = "service", Collection = "collection" }
);
words!(
    /// The language an applicant is written in.
    Tongue { Id = "id", En = "en" }
);

/// What was booked: no more of an applicant than this is ever kept.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Appointment {
    pub booking: Box<str>,
    /// The arrival window.
    pub from: Moment,
    pub until: Moment,
    /// What is asked for, e.g. `passport-new`.
    pub service: Box<str>,
    pub nationality: Nationality,
    /// At most four letters.
    pub initials: Box<str>,
    pub care: Option<Care>,
    pub tongue: Tongue,
    /// Taken out at intake, before anything is kept.
    pub number: Option<Number>,
}

/// Somebody at a gate.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Passage {
    /// As it was shown, where it was no booking of ours.
    pub booking: Box<str>,
    /// Which gate, where the office's system tells for it.
    pub gate: Option<Box<str>>,
    pub errand: Option<Errand>,
    pub companions: u32,
    /// The word for why somebody was refused, or let in.
    pub why: Option<Box<str>>,
    /// Who decided, where it was a person.
    pub by: Option<Box<str>>,
    /// Why somebody was let in whom the rules refuse.
    pub reason: Option<Box<str>>,
}

/// One event of the applicants' side.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Visit {
    Issued(Appointment),
    /// The whole booking as it is now.
    Changed(Appointment),
    Cancelled {
        booking: Box<str>,
    },
    /// The passport can be collected until then.
    Ready {
        booking: Box<str>,
        until: Moment,
    },
    Collected {
        booking: Box<str>,
        by: Option<Box<str>>,
    },
    Admitted(Passage),
    Refused(Passage),
    Left(Passage),
}

impl Visit {
    /// The type's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Visit::Issued(_) => "booking.issued",
            Visit::Changed(_) => "booking.changed",
            Visit::Cancelled { .. } => "booking.cancelled",
            Visit::Ready { .. } => "booking.ready",
            Visit::Collected { .. } => "booking.collected",
            Visit::Admitted(_) => "gate.admitted",
            Visit::Refused(_) => "gate.refused",
            Visit::Left(_) => "gate.left",
        }
    }

    /// The code of the booking it is about.
    pub fn booking(&self) -> &str {
        match self {
            Visit::Issued(one) | Visit::Changed(one) => &one.booking,
            Visit::Cancelled { booking } | Visit::Ready { booking, .. } | Visit::Collected { booking, .. } => booking,
            Visit::Admitted(passage) | Visit::Refused(passage) | Visit::Left(passage) => &passage.booking,
        }
    }

    /// Takes the number out: what stays may be kept for good.
    pub fn take_number(&mut self) -> Option<Number> {
        match self {
            Visit::Issued(one) | Visit::Changed(one) => one.number.take(),
            _ => None,
        }
    }
}
