//! What is wrong with the monitor itself, for `/readyz` and for the second channel.

use chrono_tz::Tz;

use super::Site;
use super::words::Words;
use crate::live::{BrokerState, Live};
use crate::store::OutboxCounts;

/// Something that somebody must see to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// A short stable word.
    pub code: &'static str,
    pub words: String,
    /// Whether the main job cannot be done because of it.
    pub stops: bool,
}

impl Trouble {
    /// For a page; `None`: the page shows it in a way of its own.
    pub fn said(&self, words: &Words) -> Option<&'static str> {
        Some(match self.code {
            "broker" => words.pick("broker tidak tersambung", "the broker is not connected"),
            "unwritten" => words.pick("basis data tidak dapat ditulisi", "nothing can be written"),
            "unsent" => words.pick("surat tertahan terlalu lama", "letters have waited too long"),
            "dead_letters" => words.pick("ada surat yang dihentikan", "letters were given up"),
            "canary" => words.pick("uji jalur surat gagal", "the trial of the mail failed"),
            _ => return None,
        })
    }
}

/// Everything that is wrong, and what was counted on the way; `None` where the database does not answer.
pub async fn troubles(site: &Site, live: &Live, zone: Tz) -> (Vec<Trouble>, Option<OutboxCounts>) {
    let mut troubles = Vec::new();
    let mut add = |code, stops, words| troubles.push(Trouble { code, words, stops });
    let broker = match &live.broker.state {
        BrokerState::Connected => None,
        BrokerState::Connecting => Some("connecting"),
        BrokerState::Lost(_) => Some("lost"),
    };
    if let Some(state) = broker {
        add("broker", true, format!("the broker is not connected ({state})"));
    }
    if site.is_stale(live) {
        let seconds = live.made.elapsed().as_secs();
        add(
            "stuck",
            true,
            format!("the daemon has given nothing new for {seconds} s"),
        );
    }
    let counts = match site.store.outbox_counts().await {
        Ok(counts) => Some(counts),
        Err(error) => {
            add("database", true, format!("the database does not answer: {error}"));
            None
        }
    };
    if let Some(unwritten) = &live.unwritten {
        let since = unwritten.since.rfc3339(zone);
        add(
            "unwritten",
            true,
            format!("nothing can be written since {since}: {}", unwritten.why),
        );
    }
    let known = counts.unwrap_or_default();
    let waited_ms = known.oldest_waiting.map(|created| live.now.ms_since(created).max(0));
    if let Some(ms) = waited_ms.filter(|ms| *ms > site.settings.unsent_max_ms) {
        let limit = site.settings.unsent_max_ms / 1_000;
        let number = known.oldest_number.unwrap_or_default();
        let seconds = ms / 1_000;
        add(
            "unsent",
            true,
            format!("letter {number} has waited {seconds} s, more than {limit} s"),
        );
    }
    if known.dead > 0 {
        let dead = known.dead;
        add(
            "dead_letters",
            false,
            format!("{dead} letters were given up: `jagaloket letters list` says why"),
        );
    }
    if site.metrics.canary_failed.value() > 0 {
        let count = site.metrics.canary_failed.value();
        add(
            "canary",
            false,
            format!("the canary's mail was not accepted in time, {count} times in a row: mails may not reach people"),
        );
    }
    (troubles, counts)
}
