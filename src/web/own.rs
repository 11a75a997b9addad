//! What is held about whoever is signed in, for himself: his incidents, minutes, exemptions, who looked at his record, what
//! was mailed about him, and what he says is wrong in it. Others stand there as what they are, never by name.

pub mod export;
pub mod forms;
pub mod incident;
mod view;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use chrono::Days;
use chrono_tz::Tz;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::Site;
use super::ask::{Ask, Reader};
use super::fault::Fault;
use super::page::{self, Tab};
use super::seen::seen;
use crate::accounts::{Role, Scope};
use crate::case::line::faces;
use crate::engine::event::{OfficeId, OfficerId};
use crate::engine::roster::Roster;
use crate::live::OfficeLive;
use crate::redact::{Other, Redactor};
use crate::store::own::LookedRow;
use crate::store::{Each, Span};
use view::View;
pub use view::{Rights, clock, post, rights, role_of, stage};

/// Incidents on a page.
const PAGE: usize = 20;
/// Rows of each other list.
const ROWS: usize = 50;
/// Minutes of so many days.
const DAYS: u64 = 28;

/// Who somebody is in the roster of his office.
pub struct Own {
    pub office: OfficeId,
    /// Every id he has there: as an officer, and as whatever else he is.
    pub ids: Vec<String>,
    /// What he may see of himself, and of nobody else.
    pub scope: Scope,
    /// His office as it is now; `None` where it is not watched any more.
    pub live: Option<OfficeLive>,
}

impl Own {
    /// `None`: the account belongs to nobody of a roster, so that nothing is held about him but the account.
    pub fn of(site: &Site, reader: &Reader) -> Option<Own> {
        let holder = &reader.who.account.holder;
        let (office, person) = (holder.office.clone()?, holder.person.clone()?);
        let live = site.live.borrow().office(&office).cloned();
        let ids: Vec<String> = match &live {
            Some(live) => faces(&person, &live.roster).into_iter().map(str::to_owned).collect(),
            None => vec![person],
        };
        let scope = Scope::of_self(office.as_str(), ids.iter().map(String::as_str));
        Some(Own {
            office,
            ids,
            scope,
            live,
        })
    }

    /// `None`: what is asked about is somebody else's, or nobody's.
    pub fn about(site: &Site, reader: &Reader, office: &OfficeId, officer: Option<&OfficerId>) -> Option<Own> {
        Own::of(site, reader).filter(|own| officer.is_some_and(|id| own.is_of(office, id)))
    }

    pub fn is_of(&self, office: &OfficeId, officer: &OfficerId) -> bool {
        self.office == *office && self.has(officer.as_str())
    }

    pub fn has(&self, id: &str) -> bool {
        self.ids.iter().any(|own| own == id)
    }

    /// What somebody else is, as programs read it.
    pub fn role(&self, id: &str) -> Value {
        let person = self.roster().and_then(|roster| roster.person(id));
        person.map_or_else(|| Value::from("gone"), |person| json!(person.role))
    }

    /// The zone of his office.
    fn zone(&self, ask: &Ask) -> Tz {
        self.live
            .as_ref()
            .map_or_else(|| ask.zone(), |live| live.roster.office.zone)
    }

    fn roster(&self) -> Option<&Arc<Roster>> {
        self.live.as_ref().map(|live| &live.roster)
    }

    /// The question as he alone would see the office.
    pub fn ask(&self, site: &Site, ask: &Ask) -> Ask {
        Ask {
            live: seen(&site.live.borrow().clone(), &self.scope, ask.words),
            ..ask.clone()
        }
    }

    /// Takes everybody else out of what people wrote.
    pub async fn redactor(&self, site: &Site, reader: &Reader) -> Result<Redactor, Fault> {
        let account = &reader.who.account;
        let mut own: Vec<&str> = vec![&account.name, &account.id];
        own.extend(account.email.as_deref());
        own.extend(self.ids.iter().map(String::as_str));
        if let Some(roster) = self.roster() {
            for id in &self.ids {
                own.extend(roster.person(id).map(|person| person.name.as_str()));
                let officer = roster.officer(id);
                own.extend(officer.map(|officer| officer.name.as_str()));
                own.extend(
                    officer
                        .into_iter()
                        .flat_map(|officer| officer.handsets.iter().map(|one| one.id.as_str())),
                );
            }
        }
        let mut redactor = Redactor::new(own);
        // Also who has left since.
        for row in site.store.rules(&self.office).await? {
            if let Some(roster) = std::str::from_utf8(&row.body)
                .ok()
                .and_then(|text| Roster::parse(text).ok())
            {
                redactor.add_roster(&roster, &self.ids);
            }
        }
        if let Some(roster) = self.roster() {
            redactor.add_roster(roster, &self.ids);
        }
        for other in site.store.accounts().await? {
            for text in [Some(&other.name), Some(&other.id), other.email.as_ref()]
                .into_iter()
                .flatten()
            {
                redactor.add(text, Other::Account);
            }
        }
        Ok(redactor)
    }
}

/// `GET /me`
pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let words = ask.words;
    let title = words.pick("Catatan saya", "My record");
    let Some(own) = Own::of(&site, &reader) else {
        let body = html! {
            (page::heading(title, None))
            p.calm {
                (words.pick(
                    "Akun Anda tidak terhubung dengan seseorang di roster kantor mana pun, jadi tidak ada catatan tentang Anda selain akun itu sendiri.",
                    "Your account belongs to nobody in any office's roster, so nothing is held about you but the account itself.",
                ))
            }
            p { a.button href="/account" { (words.pick("Akun saya", "My account")) } }
        };
        return Ok(page::shell(&ask, Tab::Mine, title, false, body));
    };
    let before = match ask.param("before").map(str::parse::<i64>) {
        None => None,
        Some(Ok(n)) => Some(n),
        Some(Err(_)) => return Err(Fault::BadQuestion),
    };
    let (office, store) = (own.office.as_str(), &site.store);
    let now = site.live.borrow().now;
    let (mut incidents, mut exemptions, mut looks) = (Vec::new(), Vec::new(), Vec::new());
    let (mut letters, mut corrections) = (Vec::new(), Vec::new());
    for id in &own.ids {
        incidents.extend(store.incidents_of(office, id, before, PAGE + 1).await?);
        exemptions.extend(store.exemptions_of(office, id, None, ROWS).await?);
        looks.extend(store.looked(office, id, None, ROWS).await?);
        letters.extend(store.letters_about(office, id, None, ROWS).await?);
        corrections.extend(store.corrections_of(office, id, None, ROWS).await?);
    }
    incidents.sort_by_key(|row| -row.n);
    let more = incidents.len() > PAGE;
    incidents.truncate(PAGE);
    let next = incidents.last().filter(|_| more).map(|row| row.n.to_string());
    let mut cases = HashMap::new();
    for row in &incidents {
        if let Some(case) = store.case(row.n).await? {
            cases.insert(row.n, case);
        }
    }
    let zone = own.zone(&ask);
    let to = now.date(zone);
    let span = Span {
        office: Some(own.office.to_string()),
        from: to - Days::new(DAYS - 1),
        to,
    };
    let minutes = store.service(&own.scope, &span, Each::Date).await?;
    let lookers = lookers(&site, &reader, &looks).await?;
    let redactor = own.redactor(&site, &reader).await?;
    let view = View {
        ask: &own.ask(&site, &ask),
        own: &own,
        redactor: &redactor,
        now,
        terms: &site.settings.terms,
    };
    let body = html! {
        (page::heading(title, Some(words.pick(
            "Semua yang disimpan tentang Anda. Indikasi bukan keputusan: mesin tidak pernah memutuskan, dan Anda didengar.",
            "All that is held about you. An indication is not a decision: the machine never decides, and you are heard.",
        ))))
        (notice(&ask))
        section aria-labelledby="own-incidents" {
            h2 #own-incidents { (words.pick("Insiden tentang saya", "Incidents about me")) }
            (view.incidents(&incidents, &cases))
            (page::pager(&ask, "before", next))
        }
        section aria-labelledby="own-minutes" {
            h2 #own-minutes { (words.pick("Menit pelayanan saya", "My minutes of service")) }
            (view.minutes(&minutes))
        }
        section aria-labelledby="own-exemptions" {
            h2 #own-exemptions { (words.pick("Pengecualian saya", "My exemptions")) }
            (view.exemptions(&exemptions))
        }
        section aria-labelledby="own-looks" {
            h2 #own-looks { (words.pick("Siapa yang melihat catatan saya", "Who looked at my record")) }
            p.hint {
                (words.pick(
                    "Setiap pembukaan catatan, pencabutan nama samaran, dan unduhan atas nama Anda tercatat di sini, dengan peran pembacanya; daftar yang hanya memuat satu baris tentang Anda tidak.",
                    "Each time your record is opened, your name is revealed, or your record is exported is here, with the reader's role; lists that merely have a line about you are not.",
                ))
            }
            (view.looks(&looks, &lookers))
        }
        section aria-labelledby="own-letters" {
            h2 #own-letters { (words.pick("Surat tentang saya", "Letters about me")) }
            (view.letters(&letters))
        }
        section #corrections aria-labelledby="own-corrections" {
            h2 #own-corrections { (words.pick("Permintaan perbaikan", "Requests for correction")) }
            (view.corrections(&corrections))
            (forms::correction(&ask, &incidents))
        }
        section aria-labelledby="own-export" {
            h2 #own-export { (words.pick("Salinan data saya", "A copy of my data")) }
            p.hint {
                (words.pick(
                    "Satu berkas JSON dengan semua yang disimpan tentang Anda; orang lain disebut menurut perannya. Unduhan meminta bukti baru siapa Anda, dan tercatat.",
                    "One JSON file with all that is held about you; others stand in it by their roles. It asks for a fresh proof of who you are, and is traced.",
                ))
            }
            p { a.button href="/me/export" { (words.pick("Unduh (JSON)", "Download (JSON)")) } }
        }
    };
    Ok(page::shell(&ask, Tab::Mine, title, false, body))
}

/// What a form came to, said on the page it leads back to.
fn notice(ask: &Ask) -> Markup {
    let words = ask.words;
    let said = match ask.param("done") {
        Some("state") => Some(words.pick("Pernyataan Anda tersimpan.", "Your statement is kept.")),
        Some("appeal") => Some(words.pick("Keberatan Anda tersimpan.", "Your appeal is kept.")),
        Some("correction") => Some(words.pick("Permintaan Anda tersimpan.", "Your request is kept.")),
        _ => None,
    };
    html! { @if let Some(said) = said { p.notice role="status" { (said) } } }
}

/// What each account that looked was then, by role; `None`: it is the reader himself.
async fn lookers(
    site: &Site,
    reader: &Reader,
    looks: &[LookedRow],
) -> crate::store::Result<HashMap<i64, Option<Vec<Role>>>> {
    let mut grants = HashMap::new();
    let mut roles = HashMap::new();
    for look in looks {
        if look.account == reader.who.account.id {
            roles.insert(look.n, None);
            continue;
        }
        if !grants.contains_key(&look.account) {
            let found = site.store.grants_of(&look.account).await?;
            grants.insert(look.account.clone(), found);
        }
        let then = grants[&look.account].iter().filter(|row| row.grant.counts_at(look.at));
        let mut of: Vec<Role> = then.map(|row| row.grant.role).collect();
        of.sort_unstable();
        of.dedup();
        roles.insert(look.n, Some(of));
    }
    Ok(roles)
}
