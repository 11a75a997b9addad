//! Legal holds: what may not be taken out, whatever its age. Each is an entry of the ledger, and so is its end.

use serde::{Deserialize, Serialize};

use crate::engine::time::Moment;

/// The body of an entry of kind `hold`, as JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    Add(Wanted),
    Release(Released),
}

/// What is to be held. Of an incident: it, its verdicts and letters, and the events it rests on. Of an officer, an
/// office, or an officer of an office: every such incident, and every event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Wanted {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<String>,
    /// Only what took place from this moment on …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// … and before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    pub reason: String,
    pub by: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Released {
    /// The number of the entry that added it.
    pub hold: i64,
    pub reason: String,
    pub by: String,
}

/// A hold that stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// The number of the entry that added it.
    pub n: i64,
    pub since: Moment,
    pub wanted: Wanted,
}

/// All holds that stand.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Holds(pub Vec<Hold>);

/// An incident as holds see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Case<'a> {
    pub incident: i64,
    /// The older one that goes on in its place.
    pub joined_to: Option<i64>,
    pub office: &'a str,
    pub officer: Option<&'a str>,
    pub since: Moment,
    pub until: Moment,
}

impl Holds {
    /// Takes the next entry in.
    pub fn hear(&mut self, n: i64, at: Moment, word: Word) {
        match word {
            Word::Add(wanted) => self.0.push(Hold { n, since: at, wanted }),
            Word::Release(released) => self.0.retain(|hold| hold.n != released.hold),
        }
    }

    pub fn keep_case(&self, case: &Case<'_>) -> bool {
        self.0.iter().any(|hold| hold.wanted.keeps_case(case))
    }

    /// Whether an event stays that names this officer, or none.
    pub fn keep_event(&self, office: &str, officer: Option<&str>, time: Moment) -> bool {
        self.keep_span(office, officer, time, time)
    }

    /// The same of what lasted.
    pub fn keep_span(&self, office: &str, officer: Option<&str>, since: Moment, until: Moment) -> bool {
        self.0.iter().any(|hold| {
            let wanted = &hold.wanted;
            wanted.incident.is_none() && wanted.keeps_whom(office, officer) && wanted.keeps_when(since, until)
        })
    }
}

impl Wanted {
    fn keeps_case(&self, case: &Case<'_>) -> bool {
        match self.incident {
            Some(incident) => incident == case.incident || case.joined_to == Some(incident),
            None => self.keeps_whom(case.office, case.officer) && self.keeps_when(case.since, case.until),
        }
    }

    fn keeps_whom(&self, office: &str, officer: Option<&str>) -> bool {
        self.office.as_deref().is_none_or(|held| held == office)
            && self.officer.as_deref().is_none_or(|held| officer == Some(held))
    }

    fn keeps_when(&self, since: Moment, until: Moment) -> bool {
        self.from.is_none_or(|from| until >= from) && self.until.is_none_or(|held| since < held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_keeps_what_it_names_and_nothing_else_until_it_is_released() {
        let wanted = |incident: Option<i64>, officer: Option<&str>, office: Option<&str>, from, until| Wanted {
            incident,
            officer: officer.map(str::to_owned),
            office: office.map(str::to_owned),
            from,
            until,
            reason: "perkara 12/2026".into(),
            by: "Kepala Kantor".into(),
        };
        let case = Case {
            incident: 7,
            joined_to: Some(6),
            office: "tangerang",
            officer: Some("p-003"),
            since: Moment(100),
            until: Moment(200),
        };
        let cases = [
            (wanted(Some(7), None, None, None, None), true, false),
            (wanted(Some(6), None, None, None, None), true, false),
            (wanted(Some(8), None, None, None, None), false, false),
            (wanted(None, Some("p-003"), None, None, None), true, true),
            (wanted(None, Some("p-003"), Some("batam"), None, None), false, false),
            (wanted(None, None, Some("tangerang"), None, None), true, true),
            (
                wanted(None, None, Some("tangerang"), Some(Moment(200)), None),
                true,
                false,
            ),
            (
                wanted(None, None, Some("tangerang"), Some(Moment(201)), None),
                false,
                false,
            ),
            (
                wanted(None, None, Some("tangerang"), None, Some(Moment(100))),
                false,
                false,
            ),
            (
                wanted(None, None, Some("tangerang"), None, Some(Moment(101))),
                true,
                true,
            ),
        ];
        for (wanted, keeps_case, keeps_event) in cases {
            let mut holds = Holds::default();
            let text = serde_json::to_string(&Word::Add(wanted)).unwrap();
            holds.hear(3, Moment(0), serde_json::from_str(&text).unwrap());
            let event = holds.keep_event("tangerang", Some("p-003"), Moment(100));
            assert_eq!((holds.keep_case(&case), event), (keeps_case, keeps_event), "{text}");
            let release = |hold| {
                Word::Release(Released {
                    hold,
                    reason: "selesai".into(),
                    by: "Kepala Kantor".into(),
                })
            };
            holds.hear(4, Moment(1), release(2));
            assert_eq!(holds.0.len(), 1);
            holds.hear(5, Moment(1), release(3));
            assert!(!holds.keep_case(&case));
        }
    }
}
