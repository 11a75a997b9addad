//! Policies: what their files say, checked; conditions are compiled by `expr`.

mod fault;
mod keys;
mod limits;
mod overlay;
mod quoted;
mod read;
mod trigger;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use fault::{Level, PolicyErrors, PolicyFault};
pub use keys::{KEYS, Key};
pub use overlay::{CHANGING, Change, Overlaid, REASONED};

use super::expr::{self, Condition, Filled};
use fault::Found;

/// What a policy's verdicts are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    Indication,
    Unverifiable,
    Technical,
}

impl Class {
    pub const ALL: [Class; 3] = [Class::Indication, Class::Unverifiable, Class::Technical];

    pub fn as_str(self) -> &'static str {
        match self {
            Class::Indication => "indication",
            Class::Unverifiable => "unverifiable",
            Class::Technical => "technical",
        }
    }
}

/// How urgent it is to look; never a disciplinary level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Minor,
    Major,
    Critical,
}

impl Severity {
    pub const ALL: [Severity; 4] = [Severity::Info, Severity::Minor, Severity::Major, Severity::Critical];

    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Minor => "minor",
            Severity::Major => "major",
            Severity::Critical => "critical",
        }
    }
}

/// What a policy is judged for, one at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    Service,
    Session,
    Counter,
    Officer,
    Lockbox,
    Office,
}

impl Per {
    pub const ALL: [Per; 6] = [
        Per::Service,
        Per::Session,
        Per::Counter,
        Per::Officer,
        Per::Lockbox,
        Per::Office,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Per::Service => "service",
            Per::Session => "session",
            Per::Counter => "counter",
            Per::Officer => "officer",
            Per::Lockbox => "lockbox",
            Per::Office => "office",
        }
    }
}

/// Whom a policy tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tell {
    Supervisor,
    Integrity,
    Technician,
}

impl Tell {
    pub const ALL: [Tell; 3] = [Tell::Supervisor, Tell::Integrity, Tell::Technician];

    pub fn as_str(self) -> &'static str {
        match self {
            Tell::Supervisor => "supervisor",
            Tell::Integrity => "integrity",
            Tell::Technician => "technician",
        }
    }
}

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    pub id: String,
    pub en: String,
}

/// What every policy says of itself, whatever its condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Head {
    pub id: super::event::PolicyId,
    pub title: Title,
    /// Which rule of the office it applies.
    pub basis: String,
    pub class: Class,
    pub severity: Severity,
    pub per: Per,
    /// The condition as written: of `while`, or of `on` and `where`.
    pub condition: String,
    pub for_ms: i64,
    pub bridge_ms: i64,
    /// Verdicts closer together than this are one incident.
    pub group_within_ms: i64,
    pub notify: Vec<Tell>,
    /// Shipped but off, until an overlay of the office switches it on.
    pub enabled: bool,
    pub scope: Reach,
    /// What the office decided otherwise, and who did.
    pub overlay: Option<Arc<Overlaid>>,
}

/// When an officer is held to a policy that names `service.active`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// While he serves an applicant.
    #[default]
    Service,
    /// While he is signed in and not on a break, with an applicant or not.
    SignedIn,
}

impl Reach {
    pub const ALL: [Reach; 2] = [Reach::Service, Reach::SignedIn];

    pub fn as_str(self) -> &'static str {
        match self {
            Reach::Service => "service",
            Reach::SignedIn => "signed_in",
        }
    }
}

/// A policy that was read and checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    pub head: Head,
    pub trigger: Trigger,
    /// The condition as it is written, with the limits it names; `None` without one.
    filled: Option<Filled>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Trigger {
    /// Holds over time.
    While(Condition),
    /// Answers to events of these types.
    On {
        types: Vec<String>,
        condition: Option<Condition>,
    },
}

impl Policy {
    /// A policy with a condition of its own making.
    pub fn watching(head: Head, condition: Condition) -> Policy {
        Policy {
            head,
            trigger: Trigger::While(condition),
            filled: None,
        }
    }
}

/// What a policy on events waits for, as it is shown.
fn answers_to(types: &[String], condition: Option<&str>) -> String {
    let on = format!("on {}", types.join(", "));
    condition.map_or(on.clone(), |condition| format!("{on} where {condition}"))
}

impl Trigger {
    /// Whether a policy can be given this reach; if not, why.
    fn can_reach(&self, reach: Reach, per: Per, condition: &str) -> Result<(), String> {
        if reach == Reach::Service {
            return Ok(());
        }
        match self {
            Trigger::On { .. } => Err("`scope` goes with `while`; a policy with `on` is judged at its events".into()),
            Trigger::While(_) if per == Per::Service => {
                Err("a policy judged per service cannot reach beyond one; let it be `per = \"session\"`".into())
            }
            Trigger::While(_) if !condition.contains("service.active") => {
                Err("`scope` says what `service.active` stands for; the condition does not name it".into())
            }
            Trigger::While(_) => Ok(()),
        }
    }
}

/// The policies of an office, in the order of their ids.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PolicySet {
    pub policies: Vec<Policy>,
}

/// One policy file: its path as shown to people, its name without `.toml`, its text.
pub type PolicyFile<'f> = (&'f str, &'f str, &'f str);

/// What looking at policy files says of them.
#[derive(Debug)]
pub struct Checked {
    /// `None` where there is an error.
    pub set: Option<PolicySet>,
    /// Errors and warnings, file by file in the order given, each file's in the order of its text.
    pub faults: Vec<PolicyFault>,
}

impl PolicySet {
    /// Reads policy files; answers every error of every file at once.
    pub fn parse<'f>(files: impl IntoIterator<Item = PolicyFile<'f>>) -> Result<PolicySet, PolicyErrors> {
        let (policies, faults) = read_all(&files.into_iter().collect::<Vec<_>>(), false);
        if faults.is_empty() {
            Ok(sorted(policies))
        } else {
            Err(PolicyErrors(faults))
        }
    }

    /// Reads policy files and also looks for what is right and yet hardly meant.
    pub fn check<'f>(files: impl IntoIterator<Item = PolicyFile<'f>>) -> Checked {
        let (policies, faults) = read_all(&files.into_iter().collect::<Vec<_>>(), true);
        let is_sound = !faults.iter().any(|fault| fault.level == Level::Error);
        Checked {
            set: is_sound.then(|| sorted(policies)),
            faults,
        }
    }

    pub fn heads(&self) -> impl Iterator<Item = &Head> {
        self.policies.iter().map(|policy| &policy.head)
    }

    /// The policies that are switched on and can never say anything, or say it of everybody: each with a code, a
    /// sentence, and what to do.
    pub fn in_vain(&self) -> Vec<(&Head, &'static str, String, Option<String>)> {
        let on = self.policies.iter().filter(|policy| policy.head.enabled);
        on.flat_map(|policy| in_vain(policy).into_iter().map(|problem| (&policy.head, problem)))
            .filter(|(_, problem)| matches!(problem.code, "never-true" | "always-true"))
            .map(|(head, problem)| (head, problem.code, problem.message, problem.help))
            .collect()
    }
}

fn sorted(mut policies: Vec<Policy>) -> PolicySet {
    policies.sort_by(|a, b| a.head.id.cmp(&b.head.id));
    PolicySet { policies }
}

/// Every policy that is right, and every fault of the others.
fn read_all(files: &[PolicyFile], with_warnings: bool) -> (Vec<Policy>, Vec<PolicyFault>) {
    let mut policies = Vec::new();
    let mut faults = Vec::new();
    let mut ids: Vec<(String, &str)> = Vec::new();
    for (path, name, text) in files {
        let file = read::file(name, text);
        let mut found = file.found;
        if let Some((id, span)) = file.id {
            match ids.iter().find(|(other, _)| *other == id) {
                Some((_, other)) => {
                    found.retain(|found| found.code != "id-not-file-name");
                    found.push(
                        Found::error(span, "duplicate-id", format!("two policies have the id \"{id}\"")).help(format!(
                            "the other is {other}; the id is the name of the file, \"{name}\""
                        )),
                    );
                }
                None => ids.push((id, path)),
            }
        }
        if let Some((policy, condition)) = file.policy {
            if with_warnings && let Some(condition) = condition {
                found.extend(idle(&policy, &condition));
            }
            policies.push(policy);
        }
        found.sort_by_key(|found| (found.span.start, found.span.end));
        faults.extend(found.into_iter().map(|found| found.told(path, text)));
    }
    (policies, faults)
}

/// Warnings about a condition that is right.
fn idle(policy: &Policy, condition: &quoted::Quoted) -> Vec<Found> {
    let Some(filled) = &policy.filled else {
        return Vec::new();
    };
    let found = in_vain(policy).into_iter();
    found
        .map(|problem| {
            let span = condition.span(filled.place(&problem.span));
            Found::warning(span, problem.code, problem.message).helps(problem.help)
        })
        .collect()
}

/// What a condition says in vain, as it is in force.
fn in_vain(policy: &Policy) -> Vec<expr::Problem> {
    let types: Vec<&str> = match &policy.trigger {
        Trigger::While(_) => Vec::new(),
        Trigger::On { types, .. } => types.iter().map(String::as_str).collect(),
    };
    let subject = expr::Subject {
        per: policy.head.per,
        on: &types,
        indication: policy.head.class == Class::Indication,
        signed_in: policy.head.scope == Reach::SignedIn,
    };
    let Some(filled) = &policy.filled else {
        return Vec::new();
    };
    // What always holds can still hold for too long.
    let is_limited = policy.head.for_ms > 0;
    let found = expr::idle(&filled.text, subject).into_iter();
    found
        .filter(|problem| !(is_limited && problem.code == "always-true"))
        .collect()
}
