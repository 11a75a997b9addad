//! What the channel tells: statuses of messages, in any order and again and again, and what applicants write. Nothing is
//! believed that its secret has not signed.

use chrono_tz::Tz;
use serde_json::Value;

use super::{Sender, of_seconds};
use crate::booking::code;
use crate::booking::message::{Said, Template};
use crate::clock::MonitorClock;
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;
use crate::engine::visit::{Number, Tongue};
use crate::keys::{Keys, is_hub_signed, is_same};
use crate::store::messages::{Fate, NewContact, Which};
use crate::store::rows::{BookingRow, NewMessage};
use crate::store::{Error, Store};

/// So much of what somebody writes is kept.
const WORDS_MAX: usize = 4_000;

#[derive(Clone)]
pub struct Hears {
    pub store: Store,
    pub keys: Keys,
    pub senders: Vec<Sender>,
    pub clock: MonitorClock,
    /// What the channel signs with.
    pub secret: String,
    /// What it says once, to show that it is it.
    pub verify: String,
}

/// What a webhook's call came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    pub statuses: u32,
    pub written: u32,
    /// Nothing new, or of nobody known.
    pub ignored: u32,
}

impl Hears {
    /// The channel's first call: answers its challenge.
    pub fn challenge<'q>(&self, mode: &str, token: &str, challenge: &'q str) -> Option<&'q str> {
        (mode == "subscribe" && !self.verify.is_empty() && is_same(token, &self.verify)).then_some(challenge)
    }

    pub fn is_signed(&self, body: &[u8], header: &str) -> bool {
        is_hub_signed(&self.secret, body, header)
    }

    /// Takes in a call that is signed. An error means that it is to be told again.
    pub async fn take(&self, body: &[u8]) -> Result<Heard, Error> {
        let mut heard = Heard::default();
        let Ok(told) = serde_json::from_slice::<Value>(body) else {
            heard.ignored += 1;
            return Ok(heard);
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for entry in list(&told["entry"]) {
            for change in list(&entry["changes"]) {
                let value = &change["value"];
                for status in list(&value["statuses"]) {
                    match self.status(&status).await? {
                        true => heard.statuses += 1,
                        false => heard.ignored += 1,
                    }
                }
                for message in list(&value["messages"]) {
                    match self.message(&message).await? {
                        true => heard.written += 1,
                        false => heard.ignored += 1,
                    }
                }
            }
        }
        Ok(heard)
    }

    async fn status(&self, status: &Value) -> Result<bool, Error> {
        let now = self.clock.now();
        let wamid = status["id"].as_str().filter(|wamid| !wamid.is_empty());
        let fate = match status["status"].as_str() {
            Some("sent") => Fate::Sent,
            Some("delivered") => Fate::Delivered,
            Some("read") => Fate::Read,
            // Not on WhatsApp, or not to be reached: it is put up in the office.
            Some("failed") => Fate::Printed,
            _ => return Ok(false),
        };
        let why = status["errors"][0]["code"]
            .as_i64()
            .map(|number| format!("code {number}"));
        // One whose answer was lost is known by our own key alone.
        let which = match (status["biz_opaque_callback_data"].as_str(), wamid) {
            (Some(key), _) if !key.is_empty() => Which::Key(key.to_owned()),
            (_, Some(wamid)) => Which::Wamid(wamid.to_owned()),
            _ => return Ok(false),
        };
        let settled = self.store.settle_message(&which, fate, wamid, why.as_deref(), now);
        settled.await
    }

    async fn message(&self, message: &Value) -> Result<bool, Error> {
        let (Some(wamid), Some(from)) = (message["id"].as_str(), message["from"].as_str()) else {
            return Ok(false);
        };
        let Some(number) = Number::parse(&format!("+{}", from.trim_start_matches('+'))) else {
            return Ok(false);
        };
        let mark = self.keys.number(&number.0) as i64;
        let now = self.clock.now();
        let told = message["timestamp"].as_str().and_then(of_seconds);
        let at = told.map_or(now, |at| at.min(now));
        let known = self.store.number_marked(mark).await?;
        let words = message["text"]["body"].as_str().unwrap_or_default();
        let words: String = words.chars().take(WORDS_MAX).collect();
        let said = Said::parse(&words);
        let office = match (&known, self.senders.first()) {
            (Some((office, _)), _) => office.clone(),
            (None, Some(sender)) => OfficeId::new(&sender.office),
            (None, None) => return Ok(false),
        };
        let code = known.map(|(_, code)| code);
        let row = match &code {
            Some(code) => self.store.booking(office.as_str(), code).await?,
            None => None,
        };
        let (kind, kept) = match &said {
            Said::Report(words) => ("report", Some(words)),
            Said::Words(words) => ("question", Some(words)),
            Said::Status | Said::Fee => ("command", None),
        };
        let seal = |what: &str, text: &str| self.keys.seal(&format!("{what} {wamid}"), text.as_bytes());
        let contact = NewContact {
            id: wamid.to_owned(),
            office: office.clone(),
            kind,
            code,
            words: kept.map(|words| seal("words", words)),
            // The desk answers over the channel and needs no number.
            reporter: (kind == "report").then(|| seal("reporter", &number.0)),
            at,
        };
        // An answer goes to a number that the vault has.
        let sender = self.senders.iter().find(|sender| sender.office == office.as_str());
        let reply = row.as_ref().zip(sender).map(|(row, sender)| NewMessage {
            key: format!("reply/{wamid}"),
            office,
            code: row.code.clone(),
            template: Template::Reply.as_str(),
            words: Some(answer(&said, row, sender.zone)),
            created: now,
            due: now,
        });
        self.store.take_contact(&contact, mark, reply.as_ref()).await
    }
}

/// What is answered, in the applicant's language.
fn answer(said: &Said, row: &BookingRow, zone: Tz) -> String {
    let english = Tongue::parse(&row.language) == Some(Tongue::En);
    let pick = |id: &str, en: &str| if english { en.to_owned() } else { id.to_owned() };
    let shown = code::shown(&row.code);
    let day = |at: Moment| at.local(zone).format("%d-%m-%Y %H:%M").to_string();
    match said {
        Said::Status => {
            let (from, ready) = (day(row.from), row.ready_until.map(day));
            let stands = match (row.state.as_str(), ready) {
                ("ready", Some(until)) => pick(
                    &format!("paspor siap diambil sampai {until}."),
                    &format!("the passport can be collected until {until}."),
                ),
                ("collected", _) => pick("paspor sudah diambil.", "the passport was collected."),
                ("cancelled", _) => pick("booking dibatalkan.", "the booking was cancelled."),
                ("used", _) => pick("sedang diproses.", "it is being worked on."),
                _ => pick(&format!("datang {from}."), &format!("arrive {from}.")),
            };
            format!("{shown}: {stands}")
        }
        Said::Fee => pick(
            "Biaya resmi tertera pada papan tarif dan tanda terima. Bayar hanya lewat bank atau kantor pos; petugas tidak \
             menerima uang.",
            "The official fee is on the price board and on your receipt. Pay at a bank or post office only; no officer \
             takes money.",
        ),
        Said::Report(_) => pick(
            "Laporan Anda diterima tim kepatuhan internal. Identitas Anda dirahasiakan.",
            "Your report has reached the integrity team. Your identity is kept secret.",
        ),
        Said::Words(_) => pick(
            "Pesan Anda diteruskan ke meja layanan. Ketik STATUS, BIAYA atau LAPOR.",
            "Your message was passed on to the desk. Type STATUS, FEE or REPORT.",
        ),
    }
}
