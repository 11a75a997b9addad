//! The menu: every page there is, in groups, each reader's as far as he may go. On a phone it opens without scripts.

use axum::http::Method;
use maud::{Markup, html};

use super::ask::{Ask, address};
use super::page::office_pair;
use super::routes::address_of;

/// Which entry of the menu is the reader's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tab {
    Today,
    Mine,
    Incidents,
    Search,
    Compliance,
    Signals,
    Letters,
    Exemptions,
    Escalation,
    Corrections,
    Roster,
    Calendar,
    Policies,
    Devices,
    Quarantine,
    Health,
    Programs,
    Traces,
    Users,
    Gate,
    Bookings,
    Messages,
    Reports,
    Seals,
    None,
}

/// Where an entry leads and what it is called, Indonesian first.
type Entry = (Tab, &'static str, [&'static str; 2]);

/// An entry whose address does not exist, or is not for the reader, is left out, and a group without entries with it.
const MENU: [([&str; 2], &[Entry]); 5] = [
    (
        ["Pantau", "Watch"],
        &[
            (Tab::Today, "/", ["Hari ini", "Today"]),
            (Tab::Mine, "/me", ["Catatan saya", "My record"]),
            (Tab::Incidents, "/incidents", ["Insiden", "Incidents"]),
            (Tab::Exemptions, "/exemptions", ["Pengecualian", "Exemptions"]),
            (Tab::Search, "/search", ["Cari", "Search"]),
        ],
    ),
    (
        ["Tinjau", "Review"],
        &[
            (Tab::Compliance, "/compliance", ["Kepatuhan", "Compliance"]),
            (Tab::Signals, "/signals", ["Sinyal", "Signals"]),
            (Tab::Letters, "/letters", ["Surat", "Letters"]),
            (
                Tab::Corrections,
                "/corrections",
                ["Permintaan perbaikan", "Corrections"],
            ),
        ],
    ),
    (
        ["Pemohon", "Applicants"],
        &[
            (Tab::Gate, "/gate", ["Gerbang", "Gate"]),
            (Tab::Bookings, "/bookings", ["Booking", "Bookings"]),
            (Tab::Messages, "/messages", ["Pesan", "Messages"]),
            (Tab::Reports, "/reports", ["Laporan", "Reports"]),
            (Tab::Seals, "/seals", ["Segel", "Seals"]),
        ],
    ),
    (
        ["Kantor", "Office"],
        &[
            (Tab::Roster, "/roster", ["Daftar petugas", "Roster"]),
            (Tab::Escalation, "/escalation", ["Siapa diberi tahu", "Who is told"]),
            (Tab::Calendar, "/calendar", ["Kalender", "Calendar"]),
            (Tab::Policies, "/policies", ["Kebijakan", "Policies"]),
        ],
    ),
    (
        ["Sistem", "System"],
        &[
            (Tab::Devices, "/devices", ["Perangkat", "Devices"]),
            (Tab::Quarantine, "/quarantine", ["Karantina", "Quarantine"]),
            (Tab::Health, "/health", ["Kondisi sistem", "System health"]),
            (Tab::Programs, "/api", ["Antarmuka program", "For programs"]),
            (Tab::Traces, "/traces", ["Jejak", "Traces"]),
            (Tab::Users, "/users", ["Akun", "Accounts"]),
        ],
    ),
];

/// Whether there is such a page and the reader may go there.
pub fn is_open(ask: &Ask, path: &str) -> bool {
    let Some(who) = &ask.who else { return false };
    address_of(&Method::GET, path).is_some_and(|address| address.needs.admit(&who.roles))
}

/// The button that opens the menu on a phone; wide windows show the menu beside the page.
pub fn button(ask: &Ask) -> Markup {
    html! {
        button.menu-button type="button" popovertarget="menu" {
            span.menu-bars aria-hidden="true" {}
            (ask.words.pick("Menu", "Menu"))
        }
    }
}

pub fn menu(ask: &Ask, tab: Tab) -> Markup {
    let words = ask.words;
    let pick = |[id, en]: [&'static str; 2]| words.pick(id, en);
    let groups = MENU.into_iter().map(|(group, entries)| {
        let open = entries.iter().filter(|(_, path, _)| is_open(ask, path));
        (pick(group), open.copied().collect::<Vec<Entry>>())
    });
    html! {
        nav.side #menu popover aria-label=(words.menu) {
            @for (group, entries) in groups.filter(|(_, entries)| !entries.is_empty()) {
                p.side-group { (group) }
                ul {
                    @for (other, path, name) in entries {
                        li { a href=(address(path, office_pair(ask))) aria-current=[(other == tab).then_some("page")] { (pick(name)) } }
                    }
                }
            }
        }
    }
}

/// The box of the whole house's search, at the top of every page.
pub fn search_box(ask: &Ask) -> Markup {
    let words = ask.words;
    let label = words.pick(
        "Cari nomor, kode, perangkat, kebijakan",
        "Search number, code, device, policy",
    );
    html! {
        form.seek method="get" action="/search" role="search" {
            @if let Some((name, office)) = office_pair(ask) { input type="hidden" name=(name) value=(office); }
            input type="search" name="q" aria-label=(label) placeholder=(words.pick("Cari…", "Search…")) maxlength="100"
                autocomplete="off" spellcheck="false" autocapitalize="none";
            button type="submit" { (words.pick("Cari", "Search")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_page_stands_twice_in_the_menu() {
        let entries: Vec<Entry> = MENU.iter().flat_map(|(_, entries)| entries.iter().copied()).collect();
        for (n, (tab, path, name)) in entries.iter().enumerate() {
            for (other, elsewhere, called) in &entries[n + 1..] {
                assert!(tab != other && path != elsewhere && name != called, "{path}");
            }
        }
    }
}
