//! The conditions by which service is measured, and the set of them that the engine judges.

use std::sync::Arc;

use crate::engine::event::PolicyId;
use crate::engine::policy::PolicySet;

/// What a condition measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    Served,
    Known,
    Verified,
    Exempt,
    Session,
}

/// Each with its condition. A condition that names `workstation.silent` is judged in gaps too and up to the office clock,
/// whoever was heard last: what was open when a counter fell silent was served, and is not known.
const CONDITIONS: [(Measure, &str, &str); 5] = [
    (
        Measure::Served,
        "served",
        "service.active && (workstation.silent || !workstation.silent)",
    ),
    (
        Measure::Known,
        "known",
        "service.active && !workstation.silent && !workstation.clock_off && custody != \"unknown\"",
    ),
    (
        Measure::Verified,
        "verified",
        "service.active && !workstation.silent && !workstation.clock_off && !office.emergency \
         && custody in [\"in\", \"none_declared\"] && !(\"messaging\" in workstation.apps) \
         && !workstation.usb.exists(class, class in [\"mtp\", \"ptp\", \"rndis\", \"ncm\"])",
    ),
    (
        Measure::Exempt,
        "exempt",
        "service.active && (custody == \"exempt\" || office.emergency) && (workstation.silent || !workstation.silent)",
    ),
    (
        Measure::Session,
        "session",
        "session.served && (workstation.silent || !workstation.silent)",
    ),
];

pub struct Measures {
    pub set: Arc<PolicySet>,
}

impl Measures {
    pub fn new() -> Measures {
        let files: Vec<(String, &str, String)> = CONDITIONS
            .iter()
            .map(|(_, id, condition)| {
                let text = format!(
                    "id = \"{id}\"\ntitle = {{ id = \"{id}\", en = \"{id}\" }}\nbasis = \"measured\"\n\
                     verdict = \"technical\"\nseverity = \"info\"\nper = \"session\"\nwhile = '{condition}'\n\
                     for = \"0s\"\nnotify = [\"technician\"]\n"
                );
                (format!("{id}.toml"), *id, text)
            })
            .collect();
        let files = files.iter().map(|(path, id, text)| (path.as_str(), *id, text.as_str()));
        let set = PolicySet::parse(files).expect("the conditions of measures are written above, and a test reads them");
        Measures { set: Arc::new(set) }
    }

    pub fn of(&self, id: &PolicyId) -> Option<Measure> {
        let found = CONDITIONS.iter().find(|(_, name, _)| *name == id.as_str());
        found.map(|(measure, ..)| *measure)
    }
}
