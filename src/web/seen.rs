//! The daemon's live view as far as somebody may see it.

use std::sync::Arc;

use super::words::Words;
use crate::accounts::Scope;
use crate::engine::event::OfficerId;
use crate::live::{Live, OfficeLive};

/// What stands in an officer's place whom the reader may not see.
const SOMEBODY: &str = "–";

/// Leaves out offices and people that the scope does not reach, and the names of those it shows by their codes, before any
/// page can show them.
pub fn seen(live: &Arc<Live>, scope: &Scope, words: &Words) -> Arc<Live> {
    let whole = |office: &OfficeLive| scope.is_whole(office.roster.office.id.as_str());
    if live.offices.iter().all(whole) {
        return live.clone();
    }
    let offices = live
        .offices
        .iter()
        .filter(|office| scope.sees_office(office.roster.office.id.as_str()));
    let offices = offices.map(|office| match whole(office) {
        true => office.clone(),
        false => narrowed(office, scope, words),
    });
    Arc::new(Live {
        offices: offices.collect(),
        ..Live::clone(live)
    })
}

fn narrowed(office: &OfficeLive, scope: &Scope, words: &Words) -> OfficeLive {
    let id = office.roster.office.id.as_str();
    let sees = |officer: &OfficerId| scope.sees_officer(id, officer.as_str());
    let mut office = office.clone();
    let mut roster = (*office.roster).clone();
    roster.officers.retain(|officer| sees(&officer.id));
    if roster.officers.is_empty() {
        roster.people.clear();
    }
    for officer in roster
        .officers
        .iter_mut()
        .filter(|one| !scope.names(id, one.id.as_str()))
    {
        // His code stands beside it everywhere.
        words.officer.clone_into(&mut officer.name);
        officer.nip = None;
        officer.email = None;
    }
    office.roster = Arc::new(roster);
    office.view.officers.retain(|officer| sees(&officer.officer));
    for counter in &mut office.view.counters {
        let hidden = counter.session.as_ref().is_some_and(|(officer, _)| !sees(officer));
        if hidden {
            counter.session = counter
                .session
                .take()
                .map(|(_, since)| (OfficerId::new(SOMEBODY), since));
            // What he does there would tell who he is.
            counter.apps.clear();
            counter.usb.clear();
        }
    }
    office
}
