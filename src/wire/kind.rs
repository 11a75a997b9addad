//! Reads an event's data by its type (contract §3).

use std::borrow::Cow;

use super::json::{Sort, Value, members};
use super::{Rejected, decode, identifier, known_key, missing, moment, nearest, once, quote, wrong_type};
use crate::engine::event::{HandsetId, Kind, OfficerId, UsbClass};

/// Every key of data that some type has.
#[derive(Clone, Copy)]
enum Key {
    Allowed,
    Approver,
    Booking,
    By,
    Category,
    Class,
    From,
    Handset,
    Id,
    Kind,
    Officer,
    Present,
    Slot,
    Until,
    Witness,
}

/// In the order of `Key`.
const NAMES: [&str; 15] = [
    "allowed", "approver", "booking", "by", "category", "class", "from", "handset", "id", "kind", "officer", "present",
    "slot", "until", "witness",
];

/// The data of an event whose type has any. Unlike an attribute, a key of data with null is there and has the wrong
/// type: CloudEvents say nothing of data, and the contract wants the type right where a key is present.
struct Fields<'a> {
    text: &'a str,
    values: [Value; NAMES.len()],
}

impl<'a> Fields<'a> {
    fn read(text: &'a str) -> Result<Fields<'a>, Rejected> {
        let mut values = [Value::ABSENT; NAMES.len()];
        members(text, |key, value| -> Result<(), Rejected> {
            let key = known_key(key, text)?;
            match NAMES.iter().position(|name| *name == key) {
                Some(at) => once(&key, &mut values[at], value),
                None => Ok(()),
            }
        })?;
        Ok(Fields { text, values })
    }

    fn value(&self, key: Key) -> Option<Value> {
        let value = self.values[key as usize];
        (value.sort != Sort::Absent).then_some(value)
    }

    fn required(&self, key: Key) -> Result<Value, Rejected> {
        self.value(key)
            .ok_or_else(|| missing(&format!("\"{}\" in \"data\"", NAMES[key as usize])))
    }

    fn text(&self, key: Key) -> Result<Cow<'a, str>, Rejected> {
        let value = self.required(key)?;
        match value.sort {
            Sort::Text => Ok(Cow::Borrowed(value.written(self.text))),
            Sort::Escaped => decode(value, self.text),
            _ => Err(wrong_type(NAMES[key as usize], "a text", value)),
        }
    }

    fn text_if_any(&self, key: Key) -> Result<Option<Box<str>>, Rejected> {
        self.value(key).map(|_| self.text(key).map(Into::into)).transpose()
    }

    fn identifier(&self, key: Key) -> Result<Cow<'a, str>, Rejected> {
        identifier(NAMES[key as usize], self.text(key)?)
    }

    fn officer(&self) -> Result<OfficerId, Rejected> {
        self.identifier(Key::Officer).map(|text| OfficerId::new(&text))
    }

    fn bool(&self, key: Key) -> Result<bool, Rejected> {
        let value = self.required(key)?;
        match value.sort {
            Sort::True => Ok(true),
            Sort::False => Ok(false),
            _ => Err(wrong_type(NAMES[key as usize], "true or false", value)),
        }
    }

    fn bool_if_any(&self, key: Key) -> Result<Option<bool>, Rejected> {
        self.value(key).map(|_| self.bool(key)).transpose()
    }

    fn slot(&self) -> Result<u32, Rejected> {
        let value = self.required(Key::Slot)?;
        if value.sort != Sort::Number {
            return Err(wrong_type("slot", "a whole number", value));
        }
        let digits = value.written(self.text);
        digits.parse().map_err(|_| {
            Rejected::new(
                "wrong_type",
                format!(
                    "\"slot\" {} is not a whole number from 0: send the number of the slot",
                    quote(digits)
                ),
            )
        })
    }

    fn slot_if_any(&self) -> Result<Option<u32>, Rejected> {
        self.value(Key::Slot).map(|_| self.slot()).transpose()
    }

    fn class(&self) -> Result<UsbClass, Rejected> {
        let text = self.text(Key::Class)?;
        UsbClass::parse(&text).ok_or_else(|| {
            let classes = UsbClass::ALL.map(UsbClass::as_str);
            let hint = match nearest(&text, classes.into_iter()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("send one of {}", classes.join(", ")),
            };
            Rejected::new("bad_value", format!("\"class\" {} is unknown: {hint}", quote(&text)))
        })
    }

    /// The id of an attached thing.
    fn usb_id(&self) -> Result<Option<Box<str>>, Rejected> {
        self.value(Key::Id)
            .map(|_| self.identifier(Key::Id).map(Into::into))
            .transpose()
    }

    fn handset_if_any(&self) -> Result<Option<HandsetId>, Rejected> {
        self.value(Key::Handset)
            .map(|_| self.identifier(Key::Handset).map(|text| HandsetId::new(&text)))
            .transpose()
    }
}

/// What happened, by the type's name, which the caller knows to be one of `TYPES`.
pub(super) fn read(name: &str, data: Value, whole: &str) -> Result<Kind, Rejected> {
    let text = match data.sort {
        Sort::Absent | Sort::Null => "{}",
        Sort::Object => data.written(whole),
        _ => return Err(wrong_type("data", "an object", data)),
    };
    match name {
        "workstation.heartbeat" => return Ok(Kind::WorkstationHeartbeat),
        "lockbox.heartbeat" => return Ok(Kind::LockboxHeartbeat),
        _ => {}
    }
    if super::visits::knows(name) {
        return super::visits::read(name, data, whole);
    }
    let fields = Fields::read(text)?;
    Ok(match name {
        "workstation.started" => Kind::WorkstationStarted,
        "session.signed_in" => Kind::SignedIn {
            officer: fields.officer()?,
        },
        "session.signed_out" => Kind::SignedOut {
            officer: fields.officer()?,
        },
        "service.started" => Kind::ServiceStarted {
            booking: fields.text_if_any(Key::Booking)?,
        },
        "service.ended" => Kind::ServiceEnded,
        "break.started" => Kind::BreakStarted {
            kind: fields.text_if_any(Key::Kind)?,
        },
        "break.ended" => Kind::BreakEnded {
            kind: fields.text_if_any(Key::Kind)?,
        },
        "app.opened" => Kind::AppOpened {
            category: fields.identifier(Key::Category)?.into(),
        },
        "app.closed" => Kind::AppClosed {
            category: fields.identifier(Key::Category)?.into(),
        },
        "usb.attached" => Kind::UsbAttached {
            class: fields.class()?,
            id: fields.usb_id()?,
            // Nobody allowed it who does not say so.
            allowed: fields.bool_if_any(Key::Allowed)?.unwrap_or(false),
        },
        "usb.detached" => Kind::UsbDetached {
            class: fields.class()?,
            id: fields.usb_id()?,
        },
        "shift.started" => Kind::ShiftStarted {
            officer: fields.officer()?,
        },
        "shift.ended" => Kind::ShiftEnded {
            officer: fields.officer()?,
        },
        "lockbox.deposited" => Kind::Deposited {
            officer: fields.officer()?,
            slot: fields.slot()?,
            handset: fields.handset_if_any()?,
            by: fields.text_if_any(Key::By)?,
        },
        "lockbox.withdrawn" => Kind::Withdrawn {
            officer: fields.officer()?,
            slot: fields.slot()?,
            handset: fields.handset_if_any()?,
            by: fields.text_if_any(Key::By)?,
        },
        "lockbox.checked" => Kind::Checked {
            officer: fields.officer()?,
            present: fields.bool(Key::Present)?,
            by: fields.text_if_any(Key::By)?,
        },
        "lockbox.forced" => Kind::Forced {
            slot: fields.slot_if_any()?,
        },
        "lockbox.tampered" => Kind::Tampered {
            slot: fields.slot_if_any()?,
        },
        "custody.held" => Kind::Held {
            officer: fields.officer()?,
            by: fields.text(Key::By)?.into(),
            witness: fields.text(Key::Witness)?.into(),
        },
        "custody.returned" => Kind::Returned {
            officer: fields.officer()?,
            by: fields.text(Key::By)?.into(),
            witness: fields.text(Key::Witness)?.into(),
        },
        "custody.declared_none" => Kind::DeclaredNone {
            officer: fields.officer()?,
        },
        "handset.seen" => Kind::Seen {
            officer: fields.officer()?,
            by: fields.text(Key::By)?.into(),
        },
        "exemption.granted" => granted(&fields)?,
        "exemption.revoked" => Kind::Revoked {
            officer: fields.officer()?,
        },
        "emergency.started" => Kind::EmergencyStarted,
        "emergency.ended" => Kind::EmergencyEnded,
        "clock.ticked" => Kind::Ticked,
        _ => return Err(super::unknown_type(name)),
    })
}

fn granted(fields: &Fields<'_>) -> Result<Kind, Rejected> {
    let officer = fields.officer()?;
    let (from_text, until_text) = (fields.text(Key::From)?, fields.text(Key::Until)?);
    let approver = fields.text(Key::Approver)?.into();
    let (from, until) = (moment("from", &from_text)?, moment("until", &until_text)?);
    if until <= from {
        return Err(Rejected::new(
            "bad_interval",
            format!(
                "\"until\" {} is not after \"from\" {}: an exemption ends after it begins",
                quote(&until_text),
                quote(&from_text)
            ),
        ));
    }
    Ok(Kind::Granted {
        officer,
        from,
        until,
        approver,
    })
}
