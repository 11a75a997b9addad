//! Looks after the monitor itself and tells by the second channel what begins to be wrong and what is over.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{audit, canary, stopped};
use crate::clock::MonitorClock;
use crate::config::Config;
use crate::engine::time::Moment;
use crate::hook::{self, Notice};
use crate::inbound::Inbound;
use crate::web::{self, Site};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The first pause after a notice could not be delivered; each further one is twice as long, up to the longest.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// What only flickers is not told: the broker reconnects by itself.
const LASTS: Duration = Duration::from_secs(20);

pub struct Watch {
    pub site: Site,
    pub settings: hook::Settings,
    pub clock: MonitorClock,
    /// Which monitor speaks.
    pub monitor: String,
}

struct Known {
    since: Moment,
    began: std::time::Instant,
    told: bool,
    words: String,
}

impl Watch {
    /// Works until `shutdown`. What could not be told is told later, in its order.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let mut known: BTreeMap<&'static str, Known> = BTreeMap::new();
        let mut unsent: Vec<Notice> = Vec::new();
        let (mut pause, mut failing) = (PAUSE, false);
        loop {
            let wait = if failing { pause } else { LOOK_EVERY };
            tokio::select! {
                () = &mut shutdown => return,
                () = tokio::time::sleep(wait) => {}
            }
            self.look(&mut known, &mut unsent).await;
            failing = false;
            while let Some(notice) = unsent.first() {
                if let Err(why) = hook::send(&self.settings, notice, self.clock.now()).await {
                    if pause == PAUSE {
                        tracing::error!(why, "the second channel cannot be reached; trying again and again");
                    }
                    (pause, failing) = ((pause * 2).min(PAUSE_MAX), true);
                    break;
                }
                pause = PAUSE;
                unsent.remove(0);
            }
        }
    }

    async fn look(&self, known: &mut BTreeMap<&'static str, Known>, unsent: &mut Vec<Notice>) {
        let live = self.site.live.borrow().clone();
        let (troubles, _) = web::troubles(&self.site, &live, chrono_tz::UTC).await;
        let now = self.clock.now();
        let notice = |trouble: &str, state, at, words: &str| Notice {
            id: uuid::Uuid::now_v7().to_string(),
            monitor: self.monitor.clone(),
            trouble: trouble.to_owned(),
            state,
            at,
            words: words.to_owned(),
        };
        let over: Vec<&'static str> = known
            .keys()
            .copied()
            .filter(|code| troubles.iter().all(|trouble| trouble.code != *code))
            .collect();
        for code in over {
            let Some(known) = known.remove(code) else { continue };
            if known.told {
                unsent.push(notice(code, "ended", now, &known.words));
            }
        }
        for trouble in troubles {
            let one = known.entry(trouble.code).or_insert_with(|| Known {
                since: now,
                began: crate::clock::instant(),
                told: false,
                words: trouble.words.clone(),
            });
            // What does not pass by itself is told at once.
            let passes = trouble.stops && trouble.code != "unsent";
            if !one.told && (!passes || one.began.elapsed() >= LASTS) {
                one.told = true;
                unsent.push(notice(trouble.code, "begun", one.since, &trouble.words));
            }
        }
    }
}

/// Starts what verifies the ledger, and the second channel and the canary, where the configuration has them.
pub fn beside(
    config: &Config,
    site: &Site,
    to_daemon: mpsc::Sender<Inbound>,
    clock: &MonitorClock,
    stopping: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut beside = JoinSet::new();
    let (store, metrics) = (site.store.clone(), site.metrics.clone());
    beside.spawn(audit::run(store, metrics, clock.clone(), stopped(stopping.clone())));
    if let Some(hook) = &config.hook {
        let watch = Watch {
            site: site.clone(),
            settings: hook::Settings {
                url: hook.url.clone(),
                secret: hook.secret.reveal().to_string(),
                ca_file: hook.ca.clone(),
            },
            clock: clock.clone(),
            monitor: config.web.base_url.clone(),
        };
        beside.spawn(watch.run(stopped(stopping.clone())));
    }
    if let Some(canary) = &config.canary {
        let settings = canary::Settings {
            every: clock.real(canary.every_ms),
            within: clock.real(canary.within_ms),
        };
        let (store, metrics) = (site.store.clone(), site.metrics.clone());
        let shutdown = stopped(stopping.clone());
        beside.spawn(canary::run(
            settings,
            store,
            to_daemon,
            metrics,
            clock.clone(),
            shutdown,
        ));
    }
    beside
}
