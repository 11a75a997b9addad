//! `GET /me/export`: all that is held about whoever asks, as one JSON document that goes out piece by piece
//! (docs/schemas/own.json). Others stand in it by what they are.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::super::Site;
use super::super::ask::{Ask, Reader};
use super::super::fault::Fault;
use super::super::pieces::{Pieces, pieces};
use super::{Own, lookers};
use crate::accounts::Role;
use crate::door::{Look, Who};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::redact::Redactor;
use crate::store;
use crate::store::own::LookedRow;
use crate::store::rows::{EntryKind, IncidentRow};
use crate::store::{Each, LedgerRow, Span};

/// What the document is; raised when a field changes its meaning.
const SCHEMA: &str = "jagaloket/own/1";
/// Rows that are read at a time.
const PAGE: usize = 200;
/// Entries of the ledger that are looked through at a time.
const ENTRIES: i64 = 20_000;

pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let own = Own::of(&site, &reader).ok_or(Fault::NotFound)?;
    let head = site.store.head().await?.n;
    let redactor = own.redactor(&site, &reader).await?;
    // What cannot be traced is not handed out.
    let look = Look {
        what: "own",
        which: ask.path_and_filters(),
        office: own.office.to_string(),
        officer: own.ids.first().cloned(),
        count: None,
    };
    site.door.look(&reader.who, &reader.caller, &look).await?;
    let (pieces, body) = pieces();
    let zone = own.zone(&ask);
    let now = site.live.borrow().now;
    let copy = Copy {
        now,
        head,
        zone,
        own,
        redactor,
        site,
        reader,
    };
    tokio::spawn(async move {
        let mut out = Out {
            pieces: &pieces,
            piece: Vec::new(),
            gone: false,
        };
        match copy.write(&mut out).await {
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a copy of somebody's data was cut off"
                );
                return pieces.fail(std::io::Error::other(error)).await;
            }
        }
        out.flush().await;
    });
    Ok((
        [
            (header::CONTENT_TYPE, "application/json"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"jagaloket-own.json\"",
            ),
        ],
        body,
    )
        .into_response())
}

/// Where the document goes.
struct Out<'a> {
    pieces: &'a Pieces,
    piece: Vec<u8>,
    /// Nobody reads any more.
    gone: bool,
}

impl Out<'_> {
    fn text(&mut self, text: &str) {
        self.piece.extend(text.as_bytes());
    }

    fn field(&mut self, name: &str, value: &Value) {
        self.text(&format!(",\n\"{name}\":{value}"));
    }

    async fn list(&mut self, name: &str) -> List {
        self.text(&format!(",\n\"{name}\":["));
        List { first: true }
    }

    async fn item(&mut self, list: &mut List, value: &Value) {
        self.text(if std::mem::take(&mut list.first) { "\n" } else { ",\n" });
        self.text(&value.to_string());
        if self.piece.len() > 32_000 {
            self.flush().await;
        }
    }

    async fn flush(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        if !piece.is_empty() && !self.gone {
            self.gone = !self.pieces.send(piece).await;
        }
    }
}

struct List {
    first: bool,
}

struct Copy {
    site: Site,
    reader: Reader,
    own: Own,
    redactor: Redactor,
    now: Moment,
    /// The ledger's head when it was asked for.
    head: i64,
    zone: Tz,
}

impl Copy {
    async fn write(&self, out: &mut Out<'_>) -> store::Result<()> {
        let office = self.own.office.as_str();
        let about = json!({
            "schema": SCHEMA, "made": self.at(self.now), "office": office, "persons": self.own.ids, "ledger_head": self.head,
        });
        let about = about.to_string();
        out.text(&about[..about.len() - 1]);
        out.field("roster", &self.roster());
        out.field("account", &self.account(&self.reader.who).await?);
        self.incidents(out).await?;
        self.letters(out).await?;
        self.exemptions(out).await?;
        self.corrections(out).await?;
        self.minutes(out).await?;
        self.looks(out).await?;
        self.entries(out).await?;
        out.text("\n}\n");
        Ok(())
    }

    fn at(&self, at: Moment) -> String {
        at.rfc3339(self.zone)
    }

    fn at_or_null(&self, at: Option<Moment>) -> Value {
        at.map_or(Value::Null, |at| Value::from(self.at(at)))
    }

    /// What an id says of somebody: himself, or what he is.
    fn role(&self, id: &str) -> Value {
        match self.own.has(id) {
            true => Value::from("self"),
            false => self.own.role(id),
        }
    }

    fn roster(&self) -> Value {
        let Some(roster) = self.own.roster() else {
            return Value::Null;
        };
        let entry = |id: &String| entry_of(roster, id, self);
        self.own.ids.iter().filter_map(entry).collect()
    }

    async fn account(&self, who: &Who) -> store::Result<Value> {
        let (account, store) = (&who.account, &self.site.store);
        let grants = store.grants_of(&account.id).await?;
        let sessions = store.sessions_of(&account.id).await?;
        let passkeys = store.passkeys_of(&account.id).await?;
        let tokens = store.tokens_of(&account.id).await?;
        Ok(json!({
            "id": account.id,
            "name": account.name,
            "email": account.email,
            "language": account.language,
            "created": self.at(account.created),
            "changed": self.at(account.changed),
            "has_password": account.password.is_some(),
            "has_codes": account.seed.is_some(),
            "signs_in_with_provider": account.subject.is_some(),
            "roles": grants.iter().map(|row| json!({
                "role": row.grant.role.as_str(),
                "office": row.grant.office,
                "as_deputy": row.grant.deputy_of.is_some(),
                "begins": self.at(row.grant.begins),
                "ends": self.at_or_null(row.grant.ends),
            })).collect::<Vec<_>>(),
            "sessions": sessions.iter().map(|row| json!({
                "created": self.at(row.created), "seen": self.at(row.seen), "address": row.address, "agent": row.agent,
            })).collect::<Vec<_>>(),
            "passkeys": passkeys.iter().map(|row| json!({
                "name": row.name, "created": self.at(row.created), "used": self.at_or_null(row.used),
            })).collect::<Vec<_>>(),
            "tokens": tokens.iter().map(|row| json!({
                "name": row.name, "created": self.at(row.created), "expires": self.at(row.expires),
            })).collect::<Vec<_>>(),
        }))
    }

    async fn incidents(&self, out: &mut Out<'_>) -> store::Result<()> {
        let mut list = out.list("incidents").await;
        for id in &self.own.ids {
            let mut before = None;
            loop {
                let rows = self
                    .site
                    .store
                    .incidents_of(self.own.office.as_str(), id, before, PAGE)
                    .await?;
                for row in &rows {
                    let value = self.incident(row).await?;
                    out.item(&mut list, &value).await;
                }
                match rows.last().filter(|_| rows.len() == PAGE && !out.gone) {
                    Some(last) => before = Some(last.n),
                    None => break,
                }
            }
        }
        out.text("]");
        Ok(())
    }

    async fn incident(&self, row: &IncidentRow) -> store::Result<Value> {
        let (store, scope) = (&self.site.store, &self.own.scope);
        let verdicts = store.verdicts_of(scope, row.n).await?;
        let case = store.case(row.n).await?;
        let steps = store.case_steps(row.n).await?;
        let (state, joined_to) = match row.state {
            crate::store::rows::IncidentState::Joined(to) => ("joined", Some(to)),
            _ => (super::super::shown::state_word(row).as_str(), None),
        };
        Ok(json!({
            "incident": row.n,
            "policy": row.policy,
            "class": row.class,
            "severity": row.severity,
            "counter": row.counter,
            "lockbox": row.lockbox,
            "officer": row.officer,
            "date": row.date,
            "since": self.at(row.since),
            "until": self.at_or_null(row.until),
            "state": state,
            "joined_to": joined_to,
            "verdicts": verdicts.iter().map(|row| json!({
                "verdict": row.n,
                "since": self.at(row.verdict.since),
                "opened": self.at(row.verdict.opened),
                "until": self.at_or_null(row.verdict.until),
                "counter": row.verdict.counter,
                "lockbox": row.verdict.lockbox,
                "evidence": row.verdict.evidence.iter().map(|text| self.redactor.text(text)).collect::<Vec<_>>(),
                "retracted": row.retracted,
                "policy_hash": row.pin.as_ref().map(|pin| &pin.policy_hash),
            })).collect::<Vec<_>>(),
            "case": case.map(|case| json!({
                "stage": case.stage,
                "outcome": case.outcome,
                "code": case.code,
                "stands": case.stands,
                "opened": self.at(case.opened),
                "decided": self.at_or_null(case.decided),
                "review_by": self.at_or_null(case.review_by),
            })),
            "steps": steps.iter().map(|step| json!({
                "step": step.step,
                "at": self.at(step.at),
                "by": match (&step.person, &step.post) {
                    (Some(person), _) if self.own.ids.contains(person) => "self",
                    (_, Some(post)) => post,
                    (_, None) => "monitor",
                },
                "detail": step.detail.as_ref().map(|text| self.redactor.text(text)),
                "words": self.redactor.text(&step.reason),
            })).collect::<Vec<_>>(),
        }))
    }

    async fn letters(&self, out: &mut Out<'_>) -> store::Result<()> {
        let mut list = out.list("letters").await;
        for id in &self.own.ids {
            let mut before = None;
            loop {
                let rows = self
                    .site
                    .store
                    .letters_about(self.own.office.as_str(), id, before, PAGE)
                    .await?;
                // A letter of several incidents may go on behind the page: it is told with the next one, whole.
                let last = rows.last().filter(|_| rows.len() == PAGE).map(|row| row.n);
                let whole = last.filter(|last| rows.iter().any(|row| row.n > *last));
                for row in rows.iter().filter(|row| whole.is_none_or(|last| row.n > last)) {
                    let value = json!({
                        "letter": row.n,
                        "incident": row.incident,
                        "kind": row.kind.as_str(),
                        "to": self.role(&row.person),
                        "written": self.at(row.created),
                        "sent": self.at_or_null(row.sent),
                        "given_up": self.at_or_null(row.dead),
                    });
                    out.item(&mut list, &value).await;
                }
                match last.filter(|_| !out.gone) {
                    Some(last) => before = Some(if whole.is_some() { last + 1 } else { last }),
                    None => break,
                }
            }
        }
        out.text("]");
        Ok(())
    }

    async fn exemptions(&self, out: &mut Out<'_>) -> store::Result<()> {
        let mut list = out.list("exemptions").await;
        for id in &self.own.ids {
            let mut before = None;
            loop {
                let rows = self
                    .site
                    .store
                    .exemptions_of(self.own.office.as_str(), id, before, PAGE)
                    .await?;
                for row in &rows {
                    let value = json!({
                        "exemption": row.n,
                        "from": self.at(row.from),
                        "until": self.at(row.until),
                        "asked": self.at(row.asked),
                        "asked_by": self.role(&row.asked_by),
                        "words": self.redactor.text(&row.reason),
                        "granted": row.granted,
                        "answered": self.at_or_null(row.answered),
                        "answered_by": row.answered_by.as_ref().map(|id| self.role(id)),
                        "ended": self.at_or_null(row.revoked),
                    });
                    out.item(&mut list, &value).await;
                }
                match rows.last().filter(|_| rows.len() == PAGE && !out.gone) {
                    Some(last) => before = Some(last.n),
                    None => break,
                }
            }
        }
        out.text("]");
        Ok(())
    }

    async fn corrections(&self, out: &mut Out<'_>) -> store::Result<()> {
        let mut list = out.list("corrections").await;
        for id in &self.own.ids {
            let mut before = None;
            loop {
                let rows = self
                    .site
                    .store
                    .corrections_of(self.own.office.as_str(), id, before, PAGE)
                    .await?;
                for row in &rows {
                    let value = json!({
                        "correction": row.n,
                        "about": self.redactor.text(&row.about),
                        "wanted": self.redactor.text(&row.wanted),
                        "asked": self.at(row.asked),
                        "due": self.at(row.due),
                        "accepted": row.accepted,
                        "answered": self.at_or_null(row.answered),
                        "words": row.answer.as_ref().map(|text| self.redactor.text(text)),
                    });
                    out.item(&mut list, &value).await;
                }
                match rows.last().filter(|_| rows.len() == PAGE && !out.gone) {
                    Some(last) => before = Some(last.n),
                    None => break,
                }
            }
        }
        out.text("]");
        Ok(())
    }

    async fn minutes(&self, out: &mut Out<'_>) -> store::Result<()> {
        let mut list = out.list("minutes").await;
        let span = Span {
            office: Some(self.own.office.to_string()),
            from: NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default(),
            to: self.now.date(self.zone),
        };
        for sum in self.site.store.service(&self.own.scope, &span, Each::Date).await? {
            let value = json!({
                "date": sum.of[1],
                "served_s": sum.service.served_ms / 1_000,
                "known_s": sum.service.known_ms / 1_000,
                "verified_s": sum.service.verified_ms / 1_000,
                "exempt_s": sum.service.exempt_ms / 1_000,
                "sessions": sum.service.sessions,
            });
            out.item(&mut list, &value).await;
        }
        out.text("]");
        Ok(())
    }

    async fn looks(&self, out: &mut Out<'_>) -> store::Result<()> {
        let mut list = out.list("looks").await;
        for id in &self.own.ids {
            let mut before = None;
            loop {
                let rows = self
                    .site
                    .store
                    .looked(self.own.office.as_str(), id, before, PAGE)
                    .await?;
                let roles = lookers(&self.site, &self.reader, &rows).await?;
                for row in &rows {
                    out.item(&mut list, &self.look(row, roles.get(&row.n))).await;
                }
                match rows.last().filter(|_| rows.len() == PAGE && !out.gone) {
                    Some(last) => before = Some(last.n),
                    None => break,
                }
            }
        }
        out.text("]");
        Ok(())
    }

    fn look(&self, row: &LookedRow, roles: Option<&Option<Vec<Role>>>) -> Value {
        let by = match roles {
            Some(None) => json!(["self"]),
            Some(Some(roles)) => roles.iter().map(|role| role.as_str()).collect(),
            None => json!([]),
        };
        json!({
            "at": self.at(row.at),
            "by": by,
            "what": row.what,
            "which": self.redactor.text(&row.which),
            "reason": self.redactor.text(&row.reason),
        })
    }

    /// Events that name him, as the ledger keeps them; and what his account did, which goes out behind them.
    async fn entries(&self, out: &mut Out<'_>) -> store::Result<()> {
        let mut acts = Vec::new();
        let mut list = out.list("events").await;
        let account = format!("\"{}\"", self.reader.who.account.id);
        for (nth, id) in self.own.ids.iter().enumerate() {
            let mut after = 0;
            while after < self.head && !out.gone {
                let up_to = (after + ENTRIES).min(self.head);
                let in_event = format!("\"{id}\"");
                let rows = self
                    .site
                    .store
                    .entries_with([after, up_to], self.own.office.as_str(), [&in_event, &account])
                    .await?;
                for row in &rows {
                    match row.kind {
                        EntryKind::Event => out.item(&mut list, &self.entry(row)).await,
                        // Of him whatever ids he has: once is enough.
                        EntryKind::Trace if nth == 0 => acts.push(self.entry(row)),
                        _ => {}
                    }
                }
                after = up_to;
            }
        }
        out.text("]");
        let mut list = out.list("acts").await;
        for act in &acts {
            out.item(&mut list, act).await;
        }
        out.text("]");
        Ok(())
    }

    fn entry(&self, row: &LedgerRow) -> Value {
        let mut body = serde_json::from_slice(&row.body).unwrap_or(Value::Null);
        // Where somebody else was when he did something to the account is that person's.
        if row.kind == EntryKind::Trace
            && body["actor"] != self.reader.who.account.id.as_str()
            && let Some(body) = body.as_object_mut()
        {
            body.retain(|name, _| !matches!(name.as_str(), "address" | "session"));
        }
        json!({
            "entry": row.n,
            "received": self.at(row.received),
            "time": self.at(row.time),
            "body": self.redactor.value(body),
        })
    }
}

fn entry_of(roster: &Roster, id: &str, copy: &Copy) -> Option<Value> {
    if let Some(officer) = roster.officer(id) {
        return Some(json!({
            "id": officer.id,
            "as": "officer",
            "name": officer.name,
            "nip": officer.nip,
            "email": officer.email,
            "language": officer.language,
            "lockbox": officer.lockbox,
            "reports_to": officer.supervisor.as_ref().map(|id| copy.role(id)),
            "handsets": officer.handsets.iter().map(|handset| json!({
                "id": handset.id, "private": handset.private, "suspended": handset.suspended,
            })).collect::<Vec<_>>(),
        }));
    }
    let person = roster.person(id)?;
    Some(json!({
        "id": person.id,
        "as": person.role,
        "name": person.name,
        "email": person.email,
        "language": person.language,
        "reports_to": person.reports_to.as_ref().map(|id| copy.role(id)),
        "absences": person.absences.iter().map(|absence| json!({
            "from": absence.from.to_string(), "until": absence.until.to_string(),
        })).collect::<Vec<_>>(),
    }))
}
