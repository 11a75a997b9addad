//! How pages and programs reach the one writer: what people may do with cases, asked before, and what they do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Site;
use super::ask::Reader;
use super::fault::Fault;
use crate::accounts::Role;
use crate::case::order::{CaseAnswer, CaseOrder, CaseSeen, Look, Order, Seen};
use crate::case::{Actor, Post};
use crate::engine::event::OfficeId;
use crate::store::rows::IncidentRow;

type Called<Q, A> = Arc<dyn Fn(Q) -> BoxFuture<'static, A> + Send + Sync>;

/// The one writer, as pages reach him.
#[derive(Clone)]
pub struct Orders {
    /// Answers when it is written.
    pub carry: Called<CaseOrder, CaseAnswer>,
    /// Changes nothing; `None`: he is gone, or does not know the office.
    pub look: Called<Look, Option<Seen>>,
}

/// Who somebody is in an office's roster: the same human being, in a capacity that both the roster and his account give
/// him. An id of one office's roster says nothing in another.
pub fn acts_as(site: &Site, reader: &Reader, office: &OfficeId) -> Option<String> {
    let holder = &reader.who.account.holder;
    let person = holder
        .person
        .as_deref()
        .filter(|_| holder.office.as_ref() == Some(office))?;
    let live = site.live.borrow();
    let post = Actor::in_roster(person, &live.office(office)?.roster)?.post;
    let role = match post {
        Post::Officer => Role::Officer,
        Post::Supervisor => Role::Supervisor,
        Post::Integrity => Role::Integrity,
        Post::Technician => Role::Technician,
    };
    reader.who.is(role).then(|| person.to_owned())
}

/// What somebody may do of what he looks at; `None` where nobody can say: the page shows all the rest.
pub async fn look(site: &Site, look: Look) -> Option<Seen> {
    (site.orders.as_ref()?.look)(look).await
}

/// What somebody may do of a list of incidents, by their numbers.
pub async fn look_at(site: &Site, reader: &Reader, rows: &[IncidentRow]) -> BTreeMap<i64, CaseSeen> {
    let offices: BTreeSet<&OfficeId> = rows.iter().map(|row| &row.office).collect();
    let mut all = BTreeMap::new();
    for office in offices {
        let here = rows.iter().filter(|row| row.office == *office);
        let asked = Look {
            office: office.clone(),
            who: acts_as(site, reader, office),
            incidents: here.map(|row| row.n).collect(),
            requests: Vec::new(),
        };
        let seen = look(site, asked).await;
        let cases = seen.into_iter().flat_map(|seen| seen.cases);
        all.extend(cases.map(|seen| (seen.case.incident, seen)));
    }
    all
}

/// Has something done in the reader's name. Who has no part in an office's cases is refused before, and traced.
pub async fn order(
    site: &Site,
    reader: &Reader,
    office: &OfficeId,
    reason: &str,
    what: Order,
    place: &str,
) -> Result<CaseAnswer, Fault> {
    let orders = site.orders.as_ref().ok_or(Fault::Unavailable)?;
    let Some(who) = acts_as(site, reader, office) else {
        refused(site, reader, "no_part_in_cases", place).await?;
        return Err(Fault::Forbidden);
    };
    let order = CaseOrder {
        who,
        post: None,
        reason: reason.to_owned(),
        what,
    };
    Ok((orders.carry)(order).await)
}

/// Leaves a trace of what somebody tried.
pub async fn refused(site: &Site, reader: &Reader, why: &str, place: &str) -> Result<(), Fault> {
    Ok(site.door.refused(Some(&reader.who), &reader.caller, why, place).await?)
}
