//! The values of the names a condition reads, for people who want to see why it held.

use super::names::{NAMES, Name};
use super::tree::{Bool, Int, ListName, Text};
use super::{Condition, Scope};
use crate::engine::event::UsbClass;
use crate::engine::time::Span;

impl Condition {
    /// The names that stand in the condition, in the order of the table of names.
    pub fn names(&self) -> Vec<&'static str> {
        let names = NAMES.iter().map(|(name, _)| *name);
        names
            .filter(|name| self.clauses().iter().any(|clause| stands_in(&clause.text, name)))
            .collect()
    }

    /// Each of them with its value as it is written in conditions.
    pub fn values(&self, scope: &Scope) -> Vec<(&'static str, String)> {
        let read = self.names();
        let entries = NAMES.iter().filter(|(name, _)| read.contains(name));
        entries.map(|(name, what)| (*name, value(what, scope))).collect()
    }
}

/// Whether a name stands in a text as a whole: `service.active` does not stand in `officer.active_services`.
fn stands_in(text: &str, name: &str) -> bool {
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        // A dot behind a list begins a function: `workstation.apps.exists(…)`.
        let after = text[at + name.len()..].chars().next().filter(|c| *c != '.');
        !before.is_some_and(|c| part_of_name(c) || c == '"' || c == '\'') && !after.is_some_and(part_of_name)
    })
}

fn value(name: &Name, scope: &Scope) -> String {
    match name {
        Name::Bool(name, _) => Bool::Name(*name).value(scope, "").to_string(),
        Name::Int(name, _) => Int::Name(*name).value(scope).to_string(),
        Name::Text(name, _) => format!("{:?}", Text::Name(*name).value(scope, "")),
        Name::List(ListName::Apps, _) => list(scope.apps.iter().map(|app| &**app)),
        Name::List(ListName::Usb, _) => {
            let attached = UsbClass::ALL.iter().enumerate();
            list(
                attached
                    .filter(|(bit, _)| scope.usb & (1 << bit) != 0)
                    .map(|(_, class)| class.as_str()),
            )
        }
        Name::Custody => format!("{:?}", scope.custody.as_str()),
        Name::Unchecked => Span::ms(scope.unchecked_for_ms).to_string(),
    }
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.map(|item| format!("{item:?}")).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::super::policy::Per;
    use super::super::{Scope, compile};

    #[test]
    fn names_are_found_as_wholes_and_told_as_conditions_write_them() {
        let source = "officer.active_services > 1 && workstation.apps.exists(a, a == \"custody\") && shift.active";
        let condition = compile(source, Per::Session, &[])
            .map_err(|problems| problems[0].message.clone())
            .unwrap();
        let apps = ["messaging".into()];
        let scope = Scope {
            officer_active_services: 2,
            apps: &apps,
            ..Scope::EMPTY
        };
        let told: Vec<String> = condition
            .values(&scope)
            .into_iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        assert_eq!(
            told,
            [
                "shift.active = false",
                "officer.active_services = 2",
                "workstation.apps = [\"messaging\"]"
            ]
        );
    }
}
