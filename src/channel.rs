//! Ring 2: the designated channel to applicants: WhatsApp's Cloud API, or a folder of files. Messages are leased, sent
//! outside any transaction and settled with the entry that proves it; numbers come out of the vault for a sending alone.

mod cloud;
mod hears;

use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use tokio::sync::watch;

use crate::booking::code;
use crate::booking::message::{Facts, Template, parameters};
use crate::clock::MonitorClock;
use crate::engine::time::Moment;
use crate::engine::visit::Tongue;
use crate::keys::Keys;
use crate::store::messages::{Fate, LeasedMessage, UNSURE_MS, Which};
use crate::store::{Error, Store};
pub use cloud::Cloud;
pub use hears::{Heard, Hears};

/// Messages taken at a time; they go out one after another, as fast as the channel's own limit allows.
const BATCH: usize = 20;
const LEASE_MS: i64 = 5 * 60_000;
const PAUSE_MS: i64 = 5_000;
const PAUSE_MAX_MS: i64 = 30 * 60_000;
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What is not delivered after so long stands on the list that is put up.
const GIVE_UP_MS: i64 = 3 * 86_400_000;
/// An answer may be free words for so long after what it answers.
const WINDOW_MS: i64 = 24 * 3_600_000;

/// Where messages go.
#[derive(Clone, Debug)]
pub enum Channel {
    Cloud(Cloud),
    /// A file a message, for a demo and for trying it out.
    Directory(PathBuf),
}

/// An office, as messages name it.
#[derive(Clone, Debug)]
pub struct Sender {
    pub office: String,
    pub name: String,
    pub zone: Tz,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub key: String,
    /// `+62…`
    pub to: String,
    pub template: Template,
    pub tongue: Tongue,
    pub parameters: Vec<String>,
    /// Of a reply.
    pub words: Option<String>,
}

/// What became of an attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The channel has it, under this number.
    Taken(String),
    /// Not now; `wait_ms` is what the channel asks for, and then for everything.
    Later { why: String, wait_ms: Option<i64> },
    /// It may have been taken: the answer was lost.
    Unsure(String),
    /// This number is not reached over the channel, or this text not allowed: it is put up in the office instead.
    NotOver(String),
}

#[derive(Clone)]
pub struct Writer {
    pub store: Store,
    pub channel: Channel,
    pub keys: Keys,
    pub senders: Vec<Sender>,
    pub clock: MonitorClock,
}

impl Writer {
    /// Works until it is to stop; a message under way is finished first.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            let pause = match self.round(|| *stopping.borrow()).await {
                Ok(Round {
                    sent: 1..,
                    wait_ms: None,
                }) => continue,
                Ok(Round {
                    wait_ms: Some(wait_ms), ..
                }) => self.clock.real(wait_ms),
                Ok(_) => match self.store.next_message().await {
                    Ok(Some(due)) => self
                        .clock
                        .real(due.ms_since(self.clock.now()))
                        .clamp(Duration::from_millis(5), LOOK_EVERY),
                    _ => LOOK_EVERY,
                },
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "messages to applicants cannot be worked on; tried again"
                    );
                    LOOK_EVERY
                }
            };
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause.min(Duration::from_secs(60))) => {}
            }
        }
    }

    /// Sends what is due now, until it is to stop.
    pub async fn round(&self, stops: impl Fn() -> bool) -> Result<Round, Error> {
        let leased = self.store.lease_messages(self.clock.now(), BATCH, LEASE_MS).await?;
        let mut round = Round::default();
        for message in leased {
            if stops() {
                // What nobody has sent is given back, so that it need not be asked about.
                let now = self.clock.now();
                self.store
                    .message_later(&message.key, Fate::Queued, "the monitor stopped", now)
                    .await?;
                continue;
            }
            if let Some(wait_ms) = round.wait_ms {
                // The channel wants a rest: what is leased waits with the others.
                let due = self.clock.now().plus_ms(wait_ms);
                self.store
                    .message_later(&message.key, Fate::Queued, "the channel asks to wait", due)
                    .await?;
                continue;
            }
            let outcome = self.attempt(&message).await?;
            round.sent += 1;
            self.settle(&message, &outcome, &mut round).await?;
        }
        Ok(round)
    }

    async fn attempt(&self, message: &LeasedMessage) -> Result<Outcome, Error> {
        let office = message.office.as_str();
        let not = |why: &str| Ok(Outcome::NotOver(why.to_owned()));
        let (Some(template), Some(sender)) = (
            Template::parse(&message.template),
            self.senders.iter().find(|sender| sender.office == office),
        ) else {
            return not("no such message");
        };
        let Some(row) = self.store.booking(office, &message.code).await? else {
            return not("no such booking");
        };
        let Some(sealed) = self.store.sealed_number(office, &message.code).await? else {
            return not("no number");
        };
        let Some(number) = self
            .keys
            .unseal(&code::sealed_under(office, &message.code), &sealed)
            .and_then(|bytes| String::from_utf8(bytes).ok())
        else {
            return not("the number is sealed with another key");
        };
        if template == Template::Reply {
            let heard = self.store.heard(office, &message.code).await?;
            if heard.is_none_or(|heard| self.clock.now().ms_since(heard) >= WINDOW_MS) {
                return not("more than 24 hours after what it answers");
            }
        }
        let facts = Facts {
            code: code::shown(&row.code),
            office: sender.name.clone(),
            from: row.from,
            until: row.until,
            ready_until: row.ready_until,
        };
        let outgoing = Outgoing {
            key: message.key.clone(),
            to: number,
            template,
            tongue: Tongue::parse(&row.language).unwrap_or(Tongue::Id),
            parameters: parameters(template, &facts, sender.zone),
            words: message.words.clone(),
        };
        Ok(self.channel.send(outgoing).await)
    }

    async fn settle(&self, message: &LeasedMessage, outcome: &Outcome, round: &mut Round) -> Result<(), Error> {
        let (store, now) = (&self.store, self.clock.now());
        let which = Which::Key(message.key.clone());
        match outcome {
            Outcome::Taken(wamid) => drop(store.settle_message(&which, Fate::Sent, Some(wamid), None, now).await?),
            Outcome::NotOver(why) => drop(
                store
                    .settle_message(&which, Fate::Printed, None, Some(why), now)
                    .await?,
            ),
            Outcome::Unsure(why) => {
                store
                    .message_later(&message.key, Fate::Unsure, why, now.plus_ms(UNSURE_MS))
                    .await?
            }
            Outcome::Later { why, wait_ms } => {
                if now.ms_since(message.created) > GIVE_UP_MS {
                    store
                        .settle_message(&which, Fate::Printed, None, Some(why), now)
                        .await?;
                    return Ok(());
                }
                round.wait_ms = wait_ms.or(round.wait_ms);
                let due = now.plus_ms(wait_ms.unwrap_or_else(|| pause_ms(message.attempt)));
                store.message_later(&message.key, Fate::Queued, why, due).await?;
            }
        }
        Ok(())
    }
}

/// What a round came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Round {
    pub sent: usize,
    /// The channel asks for a rest.
    pub wait_ms: Option<i64>,
}

fn pause_ms(attempt: i64) -> i64 {
    PAUSE_MS
        .saturating_mul(1 << (attempt - 1).clamp(0, 20))
        .min(PAUSE_MAX_MS)
}

impl Channel {
    pub async fn send(&self, outgoing: Outgoing) -> Outcome {
        let channel = self.clone();
        let key = outgoing.key.clone();
        // Beside the threads that answer.
        let sent = tokio::task::spawn_blocking(move || match channel {
            Channel::Cloud(cloud) => cloud.send(&outgoing),
            Channel::Directory(folder) => put(&folder, &outgoing),
        });
        sent.await
            .unwrap_or_else(|_| Outcome::Unsure(format!("sending {key} broke off")))
    }
}

/// A file a message, written whole or not at all, under its key: written twice it is one.
fn put(folder: &std::path::Path, outgoing: &Outgoing) -> Outcome {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = outgoing.key.chars().map(plain).collect();
    let words = match &outgoing.words {
        Some(words) => words.clone(),
        None => outgoing.template.filled(outgoing.tongue, &outgoing.parameters),
    };
    let text = format!(
        "To: {}\nTemplate: {}\n\n{words}\n",
        outgoing.to,
        outgoing.template.name()
    );
    let part = folder.join(format!(".{name}.part"));
    let done = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&part, text))
        .and_then(|()| std::fs::rename(&part, folder.join(format!("{name}.txt"))));
    match done {
        Ok(()) => Outcome::Taken(format!("file-{name}")),
        Err(error) => Outcome::Later {
            why: error.to_string(),
            wait_ms: None,
        },
    }
}

/// The moment a channel's status tells, in seconds.
fn of_seconds(text: &str) -> Option<Moment> {
    text.parse::<i64>().ok()?.checked_mul(1_000).map(Moment)
}
