//! What a line of a timeline can say: who, and which of the contract's events.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::engine::event::{DeviceId, DeviceKind, HandsetId, Kind, MONITOR, OfficerId, SYSTEM, UsbClass};
use crate::engine::roster::{Officer, Roster};

use super::fault::meant;
use super::timeline::{Clockwork, Wrong};

const COUNTER: &[&str] = &[
    "sign-in OFFICER",
    "sign-out [OFFICER]",
    "service starts [BOOKING]",
    "service ends",
    "break starts [KIND]",
    "break ends [KIND]",
    "app opens CATEGORY",
    "app closes CATEGORY",
    "usb attaches CLASS [id ID] [allowed]",
    "usb detaches CLASS [id ID]",
    "starts up",
    "heartbeat",
    "silent [until TIME]",
];
const OFFICER: &[&str] = &[
    "deposits [HANDSET] [at LOCKBOX] [slot N] [by WHO]",
    "withdraws [HANDSET] [at LOCKBOX] [slot N] [by WHO]",
    "checked present [at LOCKBOX] [by WHO]",
    "checked missing [at LOCKBOX] [by WHO]",
    "shift starts",
    "shift ends",
    "held [by WHO] [witness WHO]",
    "returned [by WHO] [witness WHO]",
    "declares none",
    "seen [by WHO]",
    "exempt from TIME until TIME [by WHO]",
    "exemption revoked",
];
const LOCKBOX: &[&str] = &[
    "forced [slot N]",
    "tampered [slot N]",
    "emergency starts",
    "emergency ends",
    "heartbeat",
    "silent [until TIME]",
];
const OFFICE: &[&str] = &["emergency starts", "emergency ends"];
const TICKS: &[&str] = &["ticks"];

/// The words of a line, each with its place in the file.
pub(super) struct Words<'l> {
    rest: &'l str,
    at: usize,
}

impl<'l> Words<'l> {
    pub fn new(line: &'l str, at: usize) -> Words<'l> {
        Words { rest: line, at }
    }

    pub fn next(&mut self) -> Option<(&'l str, Range<usize>)> {
        let word = self.rest.trim_start();
        self.at += self.rest.len() - word.len();
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        if end == 0 {
            self.rest = word;
            return None;
        }
        let span = self.at..self.at + end;
        self.at += end;
        self.rest = &word[end..];
        Some((&word[..end], span))
    }

    pub fn peek(&self) -> Option<&'l str> {
        self.rest.split_whitespace().next()
    }

    pub fn rest(&self) -> &'l str {
        self.rest
    }

    pub fn needed(&mut self, what: &str) -> Result<(&'l str, Range<usize>), Wrong> {
        let end = self.at;
        self.next().ok_or_else(|| (end..end, format!("here is missing {what}")))
    }

    /// Exactly this word.
    pub fn word(&mut self, word: &str) -> Result<(), Wrong> {
        match self.needed(&format!("`{word}`"))? {
            (found, _) if found == word => Ok(()),
            (found, span) => Err((span, format!("`{word}` is needed here, not `{found}`"))),
        }
    }

    pub fn nothing_more(&mut self) -> Result<(), Wrong> {
        match self.next() {
            None => Ok(()),
            Some((word, span)) => Err((span, format!("`{word}` is too much: the line is complete before it"))),
        }
    }
}

pub(super) fn is_subject(word: &str, roster: &Roster) -> bool {
    roster.device_kind(word).is_some() || roster.officer(word).is_some() || word == "office"
}

/// Nobody and nothing of this name.
pub(super) fn unknown(word: &str, span: Range<usize>, roster: &Roster) -> Wrong {
    let devices = roster.device_ids().map(DeviceId::as_str);
    let officers = roster.officers.iter().map(|officer| officer.id.as_str());
    let near = meant(word, devices.chain(officers).chain([SYSTEM, MONITOR, "office"]));
    let message = format!("the roster has no counter, lockbox or officer \"{word}\"{near}");
    (span, message)
}

/// What the subject of a line says: the device that sends it, and the event.
pub(super) fn speak(
    words: &mut Words,
    (subject, span): (&str, Range<usize>),
    roster: &Roster,
    signed_in: &BTreeMap<DeviceId, OfficerId>,
    clockwork: &Clockwork,
) -> Result<(DeviceId, Kind), Wrong> {
    if let Some(officer) = roster.officer(subject) {
        return act(words, officer, roster, clockwork);
    }
    let name = if subject == "office" { SYSTEM } else { subject };
    let Some((device, kind)) = roster.device(name) else {
        return Err(unknown(subject, span, roster));
    };
    let event = match kind {
        DeviceKind::Workstation => counter(words, device, roster, signed_in)?,
        DeviceKind::Lockbox => lockbox(words)?,
        DeviceKind::System => emergency(words, "the office", OFFICE)?,
        DeviceKind::Monitor => match words.needed("`ticks`")? {
            ("ticks", _) => Kind::Ticked,
            (verb, span) => return Err(unsaid("the monitor", verb, span, TICKS)),
        },
        DeviceKind::Gate => {
            let (verb, span) = words.needed("what it does")?;
            return Err(unsaid("a gate", verb, span, &[]));
        }
    };
    Ok((device.clone(), event))
}

fn unsaid(who: &str, verb: &str, span: Range<usize>, phrases: &[&str]) -> Wrong {
    let firsts = phrases.iter().filter_map(|phrase| phrase.split(' ').next());
    let near = meant(verb, firsts);
    let message = format!("{who} cannot `{verb}`{near} (it can: {})", phrases.join("; "));
    (span, message)
}

/// A second word that goes with the first.
fn second<'l>(words: &mut Words<'l>, first: &str, either: [&str; 2]) -> Result<bool, Wrong> {
    let [yes, no] = either;
    match words.needed(&format!("`{first} {yes}` or `{first} {no}`"))? {
        (word, _) if word == yes => Ok(true),
        (word, _) if word == no => Ok(false),
        (word, span) => Err((span, format!("`{first} {yes}` or `{first} {no}`, not `{first} {word}`"))),
    }
}

fn counter(
    words: &mut Words,
    here: &DeviceId,
    roster: &Roster,
    signed_in: &BTreeMap<DeviceId, OfficerId>,
) -> Result<Kind, Wrong> {
    let text = |words: &mut Words| words.next().map(|(word, _)| Box::from(word));
    let (verb, span) = words.needed("what the counter does")?;
    Ok(match verb {
        "sign-in" => Kind::SignedIn {
            officer: officer(words, roster)?,
        },
        "sign-out" => Kind::SignedOut {
            officer: match (words.peek(), signed_in.get(here)) {
                (None, Some(known)) => known.clone(),
                (None, None) => {
                    let message = "nobody is signed in here; say who signs out, like `sign-out p-001`";
                    return Err((span, message.into()));
                }
                (Some(_), _) => officer(words, roster)?,
            },
        },
        "service" => match second(words, verb, ["starts", "ends"])? {
            true => Kind::ServiceStarted { booking: text(words) },
            false => Kind::ServiceEnded,
        },
        "break" => match second(words, verb, ["starts", "ends"])? {
            true => Kind::BreakStarted { kind: text(words) },
            false => Kind::BreakEnded { kind: text(words) },
        },
        "app" => {
            let opens = second(words, verb, ["opens", "closes"])?;
            let category = Box::from(words.needed("the category of the app, like `messaging`")?.0);
            match opens {
                true => Kind::AppOpened { category },
                false => Kind::AppClosed { category },
            }
        }
        "usb" => {
            let attaches = second(words, verb, ["attaches", "detaches"])?;
            let (word, span) = words.needed("the class of the device, like `mtp`")?;
            let Some(class) = UsbClass::parse(word) else {
                let classes = UsbClass::ALL.map(UsbClass::as_str);
                let near = meant(word, classes.into_iter());
                let message = format!("there is no USB class \"{word}\"{near} (known: {})", classes.join(", "));
                return Err((span, message));
            };
            let mut id = None;
            if words.peek() == Some("id") {
                words.word("id")?;
                id = Some(Box::from(words.needed("the id of the device")?.0));
            }
            let allowed = attaches && words.peek() == Some("allowed");
            if allowed {
                words.word("allowed")?;
            }
            match attaches {
                true => Kind::UsbAttached { class, id, allowed },
                false => Kind::UsbDetached { class, id },
            }
        }
        "starts" => {
            words.word("up")?;
            Kind::WorkstationStarted
        }
        "heartbeat" => Kind::WorkstationHeartbeat,
        verb => return Err(unsaid("a counter", verb, span, COUNTER)),
    })
}

fn lockbox(words: &mut Words) -> Result<Kind, Wrong> {
    let (verb, span) = match words.peek() {
        Some("emergency") => return emergency(words, "a lockbox", LOCKBOX),
        _ => words.needed("what the lockbox does")?,
    };
    if verb == "heartbeat" {
        return Ok(Kind::LockboxHeartbeat);
    }
    if !matches!(verb, "forced" | "tampered") {
        return Err(unsaid("a lockbox", verb, span, LOCKBOX));
    }
    let mut slot = None;
    if words.peek() == Some("slot") {
        words.word("slot")?;
        slot = Some(number(words)?);
    }
    Ok(match verb {
        "forced" => Kind::Forced { slot },
        _ => Kind::Tampered { slot },
    })
}

fn emergency(words: &mut Words, who: &str, phrases: &[&str]) -> Result<Kind, Wrong> {
    match words.needed("what happens, like `emergency starts`")? {
        ("emergency", _) => Ok(match second(words, "emergency", ["starts", "ends"])? {
            true => Kind::EmergencyStarted,
            false => Kind::EmergencyEnded,
        }),
        (verb, span) => Err(unsaid(who, verb, span, phrases)),
    }
}

fn number(words: &mut Words) -> Result<u32, Wrong> {
    let (word, span) = words.needed("the number of the slot")?;
    word.parse()
        .map_err(|_| (span, format!("\"{word}\" is not the number of a slot")))
}

fn officer(words: &mut Words, roster: &Roster) -> Result<OfficerId, Wrong> {
    let (word, span) = words.needed("an officer, like p-001")?;
    match roster.officer(word) {
        Some(officer) => Ok(officer.id.clone()),
        None => {
            let near = meant(word, roster.officers.iter().map(|officer| officer.id.as_str()));
            Err((span, format!("the roster has no officer \"{word}\"{near}")))
        }
    }
}

/// What may follow an officer's verb, in any order.
#[derive(Default)]
struct Details {
    handset: Option<HandsetId>,
    lockbox: Option<DeviceId>,
    slot: Option<u32>,
    by: Option<Box<str>>,
    witness: Option<Box<str>>,
}

impl Details {
    fn read(words: &mut Words, who: &Officer, roster: &Roster, allowed: &[&str]) -> Result<Details, Wrong> {
        let mut details = Details::default();
        while let Some((word, span)) = words.next() {
            let known = matches!(word, "at" | "from" | "slot" | "by" | "witness");
            if known && !allowed.contains(&word) {
                return Err((
                    span,
                    format!("`{word}` does not go with this; here go: {}", allowed.join(", ")),
                ));
            }
            match word {
                "at" | "from" => {
                    let (word, span) = words.needed("a lockbox, like loker-a")?;
                    match roster.device(word) {
                        Some((id, DeviceKind::Lockbox)) => details.lockbox = Some(id.clone()),
                        Some((id, DeviceKind::System)) if allowed.contains(&"system") => {
                            details.lockbox = Some(id.clone());
                        }
                        _ => {
                            let near = meant(word, roster.lockboxes.iter().map(|device| device.id.as_str()));
                            return Err((span, format!("the roster has no lockbox \"{word}\"{near}")));
                        }
                    }
                }
                "slot" => details.slot = Some(number(words)?),
                "by" => details.by = Some(Box::from(words.needed("who it was")?.0)),
                "witness" => details.witness = Some(Box::from(words.needed("who saw it")?.0)),
                handset if allowed.contains(&"HANDSET") && details.handset.is_none() => {
                    let ids = || who.handsets.iter().map(|handset| handset.id.as_str());
                    if !ids().any(|id| id == handset) && !handset.starts_with("other:") {
                        let near = meant(handset, ids());
                        let message = format!(
                            "{} has no handset \"{handset}\"{near} (write other:{handset} for one that is not registered)",
                            who.id
                        );
                        return Err((span, message));
                    }
                    details.handset = Some(HandsetId::new(handset.trim_start_matches("other:")));
                }
                _ => {
                    return Err((
                        span,
                        format!("`{word}` says nothing here; here go: {}", allowed.join(", ")),
                    ));
                }
            }
        }
        Ok(details)
    }
}

fn act(words: &mut Words, who: &Officer, roster: &Roster, clockwork: &Clockwork) -> Result<(DeviceId, Kind), Wrong> {
    let (verb, span) = words.needed("what the officer does, or what is done")?;
    let officer = who.id.clone();
    let system = || DeviceId::new(SYSTEM);
    let person = |name: Option<Box<str>>, usual: &str| name.unwrap_or_else(|| Box::from(usual));
    match verb {
        "deposits" | "withdraws" => {
            let d = Details::read(words, who, roster, &["HANDSET", "at", "from", "slot", "by"])?;
            let Some(device) = d.lockbox.or_else(|| who.lockbox.clone()) else {
                let message = format!("{officer} has no lockbox of his own; say which, like `{verb} at loker-a`");
                return Err((span, message));
            };
            let (slot, handset, by) = (d.slot.unwrap_or(1), d.handset, d.by);
            let kind = match verb {
                "deposits" => Kind::Deposited {
                    officer,
                    slot,
                    handset,
                    by,
                },
                _ => Kind::Withdrawn {
                    officer,
                    slot,
                    handset,
                    by,
                },
            };
            Ok((device, kind))
        }
        "checked" => {
            let present = second(words, verb, ["present", "missing"])?;
            let d = Details::read(words, who, roster, &["at", "by", "system"])?;
            let device = d.lockbox.or_else(|| who.lockbox.clone()).unwrap_or_else(system);
            Ok((
                device,
                Kind::Checked {
                    officer,
                    present,
                    by: d.by,
                },
            ))
        }
        "shift" => match second(words, verb, ["starts", "ends"])? {
            true => Ok((system(), Kind::ShiftStarted { officer })),
            false => Ok((system(), Kind::ShiftEnded { officer })),
        },
        "held" | "returned" => {
            let d = Details::read(words, who, roster, &["by", "witness"])?;
            let (by, witness) = (person(d.by, "s-01"), person(d.witness, "s-02"));
            let kind = match verb {
                "held" => Kind::Held { officer, by, witness },
                _ => Kind::Returned { officer, by, witness },
            };
            Ok((system(), kind))
        }
        "declares" => {
            words.word("none")?;
            Ok((system(), Kind::DeclaredNone { officer }))
        }
        "seen" => {
            let d = Details::read(words, who, roster, &["by"])?;
            let by = person(d.by, "s-01");
            Ok((system(), Kind::Seen { officer, by }))
        }
        "exempt" => {
            words.word("from")?;
            let (from, _) = clockwork.next(words, None)?;
            words.word("until")?;
            let (until, span) = clockwork.next(words, Some(from))?;
            if until <= from {
                return Err((span, "this exemption ends before it begins".into()));
            }
            let d = Details::read(words, who, roster, &["by"])?;
            let approver = person(d.by, "s-02");
            let kind = Kind::Granted {
                officer,
                from,
                until,
                approver,
            };
            Ok((system(), kind))
        }
        "exemption" => {
            words.word("revoked")?;
            Ok((system(), Kind::Revoked { officer }))
        }
        verb => Err(unsaid("an officer", verb, span, OFFICER)),
    }
}
