//! Why a person may not do what he asked for, in words and as the status a web page answers with.

use serde::{Deserialize, Serialize};

use super::Stage;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("there is no case {0}")]
    NoCase(i64),
    #[error("there is no request {0}")]
    NoRequest(String),
    #[error("\"{0}\" is not in the roster of this office")]
    Unknown(String),
    #[error("nobody acts on an incident about himself")]
    Own,
    #[error("the incident is about your superior: somebody who does not report to him must act")]
    OfSuperior,
    #[error("you act for the person it is about: somebody else must")]
    DeputyOfSubject,
    #[error("you asked for an exemption of this officer for that time: somebody else must act")]
    AskedExemption,
    #[error("the officer is not in your line: his superiors and the integrity team act on it")]
    NotInLine,
    #[error("this is for the integrity team")]
    ForIntegrity,
    #[error("only the officer it is about can do that")]
    ForOfficer,
    #[error("a technician may only act on technical matters")]
    ForPeople,
    #[error("this step does not follow on \"{}\"", .0.as_str())]
    WrongStage(Stage),
    #[error("a second, different person must agree")]
    SecondPerson,
    #[error("who decided cannot review his own decision")]
    Decided,
    #[error("who asks cannot grant")]
    AskedHimself,
    #[error("say why, in a sentence")]
    NoReason,
    #[error("the reason is longer than {0} bytes")]
    TooLong(usize),
    #[error("the time for it ended {0}")]
    TooLate(String),
    #[error("the officer has not been heard: wait for his statement, or until {0}")]
    NotHeard(String),
    #[error("the case has changed since you looked at it: it has {0} steps now; look again")]
    Changed(u32),
    #[error("no appeal is pending")]
    NoAppeal,
    #[error("an appeal is pending: it is reviewed first")]
    AppealPending,
    #[error("its incident was withdrawn: there is nothing to hold against anybody; close or dismiss it")]
    Withdrawn,
    #[error("the case goes on as case {0}")]
    GoesOnAs(i64),
    #[error("an exemption must begin before it ends")]
    NoSpan,
    #[error("your role may grant at most {0} at a time")]
    TooLongAtOnce(String),
    #[error("it was answered already")]
    Answered,
    #[error("{0} requests of yours wait for an answer already")]
    TooManyOpen(usize),
    #[error("the monitor is stopping, or cannot write; nothing was done")]
    NotWritten,
}

impl Refusal {
    /// As HTTP says it.
    pub fn status(&self) -> u16 {
        use Refusal::*;
        match self {
            NoCase(_) | NoRequest(_) => 404,
            Unknown(_) | Own | OfSuperior | DeputyOfSubject | AskedExemption | NotInLine | ForIntegrity
            | ForOfficer | ForPeople | Decided | SecondPerson | AskedHimself => 403,
            NoReason | TooLong(_) | NoSpan | TooLongAtOnce(_) => 422,
            WrongStage(_) | TooLate(_) | NotHeard(_) | Changed(_) | NoAppeal | AppealPending | Withdrawn
            | GoesOnAs(_) | Answered | TooManyOpen(_) => 409,
            NotWritten => 503,
        }
    }

    /// A short stable word, for traces.
    pub fn code(&self) -> &'static str {
        use Refusal::*;
        match self {
            NoCase(_) => "no_case",
            NoRequest(_) => "no_request",
            Unknown(_) => "unknown_person",
            Own => "own",
            OfSuperior => "of_superior",
            DeputyOfSubject => "deputy_of_subject",
            AskedExemption => "asked_exemption",
            NotInLine => "not_in_line",
            ForIntegrity => "for_integrity",
            ForOfficer => "for_officer",
            ForPeople => "for_people",
            WrongStage(_) => "wrong_stage",
            SecondPerson => "second_person",
            Decided => "decided",
            AskedHimself => "asked_himself",
            NoReason => "no_reason",
            TooLong(_) => "too_long",
            TooLate(_) => "too_late",
            NotHeard(_) => "not_heard",
            Changed(_) => "changed",
            NoAppeal => "no_appeal",
            AppealPending => "appeal_pending",
            Withdrawn => "withdrawn",
            GoesOnAs(_) => "goes_on_as",
            NoSpan => "no_span",
            TooLongAtOnce(_) => "too_long_at_once",
            Answered => "answered",
            TooManyOpen(_) => "too_many_open",
            NotWritten => "not_written",
        }
    }
}
