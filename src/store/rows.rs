//! What is written to and read from the database, one struct a row. Times are `Moment`s (milliseconds, UTC).

use super::accounts::Change;
use crate::engine::event::{DeviceId, OfficeId, OfficerId, PolicyId};
use crate::engine::policy::{Class, Severity};
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;

/// Everything one turn of the daemon decides; it is committed whole or not at all.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Turn {
    pub entries: Vec<NewEntry>,
    pub quarantined: Vec<Quarantined>,
    pub verdicts: Vec<VerdictRow>,
    pub steps: Vec<VerdictStep>,
    pub incidents: Vec<IncidentRow>,
    pub letters: Vec<NewLetter>,
    pub among: Vec<Among>,
    pub statuses: Vec<DeviceStatus>,
    pub cases: Vec<CaseRow>,
    pub case_steps: Vec<CaseStepRow>,
    pub exemptions: Vec<ExemptionRow>,
    pub bookings: Vec<BookingRow>,
    /// What is long over: office and code.
    pub bookings_gone: Vec<(OfficeId, String)>,
    pub numbers: Vec<NumberRow>,
    pub messages: Vec<NewMessage>,
    pub corrections: Vec<CorrectionRow>,
    /// Of accounts and sessions.
    pub changes: Vec<Change>,
}

impl Turn {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.quarantined.is_empty()
            && self.verdicts.is_empty()
            && self.steps.is_empty()
            && self.incidents.is_empty()
            && self.letters.is_empty()
            && self.statuses.is_empty()
            && self.cases.is_empty()
            && self.case_steps.is_empty()
            && self.exemptions.is_empty()
            && self.bookings.is_empty()
            && self.bookings_gone.is_empty()
            && self.numbers.is_empty()
            && self.messages.is_empty()
            && self.corrections.is_empty()
            && self.changes.is_empty()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    Event,
    /// Of the applicants' side.
    Visit,
    /// What became of a message over the designated channel, or that somebody wrote.
    Message,
    /// A heartbeat of a device; those from before there was this word are events.
    Pulse,
    Tick,
    Roster,
    Policies,
    /// A step of a case, or of an exemption.
    Case,
    /// Says what was taken out of the database (`ledger::announced`).
    Retention,
    /// Keeps something from being taken out, or lets it go.
    Hold,
    /// What somebody did or looked at.
    Trace,
}

/// A fact to append; the store numbers and chains it.
#[derive(Clone, PartialEq, Debug)]
pub struct NewEntry {
    pub received: Moment,
    pub kind: EntryKind,
    pub office: OfficeId,
    /// `/{office}/{device}`
    pub source: String,
    pub id: String,
    /// When it took place, as it is judged.
    pub time: Moment,
    pub body: Vec<u8>,
    /// What was made of the device's clock (`Reading::as_str`), where `time` is not what the body tells.
    pub clock: Option<&'static str>,
}

/// What was not accepted, whole.
#[derive(Clone, PartialEq, Debug)]
pub struct Quarantined {
    pub received: Moment,
    pub topic: String,
    /// A short stable word for counters, e.g. `not_json`.
    pub code: &'static str,
    /// What is wrong, where, and what to do.
    pub reason: String,
    pub payload: Vec<u8>,
}

/// A verdict with its number and the incident it belongs to; written over whatever stood under that number.
#[derive(Clone, PartialEq, Debug)]
pub struct VerdictRow {
    pub n: i64,
    pub incident: i64,
    pub verdict: Verdict,
    pub retracted: bool,
    pub changed: Moment,
    /// `None` for what was judged before pins were kept; writing `None` leaves what stands.
    pub pin: Option<Pin>,
}

/// By what a verdict was judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pin {
    /// SHA-256 of the policy's content, in hexadecimal.
    pub policy_hash: String,
    /// The version of the engine.
    pub engine: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepKind {
    Opened,
    Amended,
    Retracted,
}

#[derive(Clone, PartialEq, Debug)]
pub struct VerdictStep {
    pub verdict: i64,
    pub at: Moment,
    pub kind: StepKind,
    /// `Reason` in snake case.
    pub reason: String,
    pub since: Moment,
    pub opened: Moment,
    pub until: Option<Moment>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IncidentState {
    Open,
    Ended,
    Retracted,
    /// A late event joined it to an older incident, which goes on in its place.
    Joined(i64),
}

/// An incident; written over whatever stood under its number.
#[derive(Clone, PartialEq, Debug)]
pub struct IncidentRow {
    pub n: i64,
    pub office: OfficeId,
    pub policy: PolicyId,
    pub class: Class,
    pub severity: Severity,
    pub counter: Option<DeviceId>,
    pub lockbox: Option<DeviceId>,
    pub officer: Option<OfficerId>,
    /// Business date, `YYYY-MM-DD`.
    pub date: String,
    pub since: Moment,
    pub until: Option<Moment>,
    pub state: IncidentState,
    pub created: Moment,
    pub changed: Moment,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LetterKind {
    Opened,
    Amended,
    Ended,
    Retracted,
    /// Nobody has answered, or a second person must.
    Escalated,
    /// What people decided, to everybody who had been told.
    Outcome,
    /// What could wait, of several incidents.
    Digest,
    /// For the integrity team.
    Summary,
    /// The monitor tries its own way to the mail server.
    Canary,
    /// To the holder of an account, of no incident; it holds a key to it.
    Account,
    /// To whoever asked for a correction of what is held about him, of no incident.
    Answer,
}

impl LetterKind {
    pub const ALL: [LetterKind; 11] = [
        LetterKind::Opened,
        LetterKind::Amended,
        LetterKind::Ended,
        LetterKind::Retracted,
        LetterKind::Escalated,
        LetterKind::Outcome,
        LetterKind::Digest,
        LetterKind::Summary,
        LetterKind::Canary,
        LetterKind::Account,
        LetterKind::Answer,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            LetterKind::Opened => "opened",
            LetterKind::Amended => "amended",
            LetterKind::Ended => "ended",
            LetterKind::Retracted => "retracted",
            LetterKind::Escalated => "escalated",
            LetterKind::Outcome => "outcome",
            LetterKind::Digest => "digest",
            LetterKind::Summary => "summary",
            LetterKind::Canary => "canary",
            LetterKind::Account => "account",
            LetterKind::Answer => "answer",
        }
    }
}

/// A rendered mail to one person, not sent yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewLetter {
    pub incident: Option<i64>,
    pub kind: LetterKind,
    /// Roster id of the recipient.
    pub person: String,
    pub address: String,
    pub language: Language,
    pub subject: String,
    /// Without angle brackets; stable over retries.
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub text_body: String,
    pub html_body: String,
    pub created: Moment,
    /// Not to be sent before.
    pub due: Moment,
}

/// That a letter of no single incident tells of this one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Among {
    /// The letter's Message-ID; its place among the turn's letters may still change.
    pub letter: String,
    pub incident: i64,
    /// What further letters of the incident answer to.
    pub subject: String,
}

/// That a letter of an incident was written to somebody: an outbox row without its bodies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    pub n: i64,
    pub incident: i64,
    pub kind: LetterKind,
    pub person: String,
    pub address: String,
    pub language: Language,
    pub subject: String,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub created: Moment,
}

/// The device's will or birth, as last heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceStatus {
    pub office: OfficeId,
    pub device: DeviceId,
    pub online: bool,
    pub at: Moment,
}

/// Where a case stands; written over whatever stood under its incident's number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseRow {
    pub incident: i64,
    pub office: OfficeId,
    pub class: Class,
    pub severity: Severity,
    pub policy: PolicyId,
    pub officer: Option<OfficerId>,
    pub date: String,
    pub stage: String,
    pub outcome: Option<String>,
    pub code: Option<String>,
    pub stands: bool,
    pub opened: Moment,
    pub decided: Option<Moment>,
    pub acked_by: Option<String>,
    pub acked_until: Option<Moment>,
    pub review_by: Option<Moment>,
    pub changed: Moment,
    pub steps: i64,
}

/// A counter that fell silent while somebody was signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Silence {
    pub counter: DeviceId,
    pub officer: Option<OfficerId>,
    pub since: Moment,
    /// When he had signed in; `None` where the ledger does not hold it any more.
    pub signed_in: Option<Moment>,
}

/// What signals are counted from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recent {
    /// Of entries on cases.
    pub bodies: Vec<Vec<u8>>,
    pub silences: Vec<Silence>,
    pub served_ms: i64,
    pub known_ms: i64,
}

/// One step of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseStepRow {
    pub incident: i64,
    /// Within the case, from 1.
    pub n: i64,
    pub at: Moment,
    /// `None`: the monitor itself.
    pub person: Option<String>,
    pub post: Option<String>,
    pub step: String,
    pub detail: Option<String>,
    pub reason: String,
}

/// An exemption that was asked for; written over whatever stood under its number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExemptionRow {
    pub office: OfficeId,
    pub n: i64,
    pub officer: OfficerId,
    pub from: Moment,
    pub until: Moment,
    pub asked_by: String,
    pub asked: Moment,
    pub reason: String,
    pub answered_by: Option<String>,
    pub answered: Option<Moment>,
    pub granted: Option<bool>,
    pub revoked: Option<Moment>,
}

/// A booking; written over whatever stood under its code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookingRow {
    pub office: OfficeId,
    pub code: String,
    /// Business date of its arrival window.
    pub date: String,
    pub from: Moment,
    pub until: Moment,
    pub service: String,
    pub nationality: String,
    pub initials: String,
    pub care: Option<String>,
    pub language: String,
    pub state: String,
    pub admitted: Option<Moment>,
    pub left: Option<Moment>,
    pub ready_until: Option<Moment>,
    pub collected: Option<Moment>,
    pub twin: bool,
    pub changed: Moment,
    /// From when on its number is erased; only written, and not read back.
    pub number_until: Option<Moment>,
}

/// A sealed number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberRow {
    pub office: OfficeId,
    pub code: String,
    pub sealed: Vec<u8>,
    pub until: Moment,
    /// Finds the number again, for whoever has the key.
    pub mark: i64,
}

/// A message to an applicant; one whose key is known already is not written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMessage {
    pub key: String,
    pub office: OfficeId,
    pub code: String,
    pub template: &'static str,
    /// Of a reply.
    pub words: Option<String>,
    pub created: Moment,
    pub due: Moment,
}

/// What somebody says is wrong in what is held about him; written over whatever stood under its number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CorrectionRow {
    pub n: i64,
    pub office: OfficeId,
    /// Who asks, about himself; empty when the names went.
    pub person: String,
    pub about: String,
    pub wanted: String,
    pub asked: Moment,
    pub due: Moment,
    pub answered_by: Option<String>,
    pub answered: Option<Moment>,
    pub accepted: Option<bool>,
    pub answer: Option<String>,
}
