//! Other rosters and policies while the monitor runs: on SIGHUP, or on a word through a socket beside the database.
//!
//! The files are read and checked here, off the writer's way. Good ones go to the daemon, which puts them in force between
//! two turns; bad ones change nothing, and whoever asked is told every fault.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot, watch};

use super::{names, read_texts, users};
use crate::clock::MonitorClock;
use crate::config::Config;
use crate::daemon::docket::CaseOrder;
use crate::daemon::order::{Activated, Order};
use crate::door::Door;
use crate::engine::event::OfficeId;
use crate::ledger::hold::Word;
use crate::retention::{self, Asked, Counts};
use crate::store::Store;

/// What is said through the socket.
const ACTIVATE: &str = "activate";
const RETAIN: &str = "retention";
const HOLD: &str = "hold ";
/// What a word through the socket may take; and what the answer may take, which waits for a turn.
const WORD_BYTES_MAX: u64 = 16 * 1024;
const WORD_TIME: Duration = Duration::from_secs(5);
pub(super) const ANSWER_TIME: Duration = Duration::from_secs(30);

/// What became of an order to activate the files.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// In force from now on.
    Activated {
        rosters: Vec<String>,
        policies: Vec<String>,
    },
    /// The files say what is in force already.
    Unchanged,
    /// What was in force stays.
    Refused { faults: String },
}

/// What became of another order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A run of retention, with what it let go.
    Ran(Counts),
    /// A hold, or its end, is written under this number.
    Held(i64),
    Failed(String),
}

/// Reads the files again whenever it is told to.
pub struct Reload {
    pub config: Config,
    /// The offices that are watched; another one needs a start.
    pub offices: Vec<OfficeId>,
    pub orders: mpsc::Sender<Order>,
    pub names: watch::Sender<HashMap<String, String>>,
    pub store: Store,
    pub clock: MonitorClock,
    /// Where runs of retention are asked for.
    pub runs: mpsc::Sender<Asked>,
    /// For orders about accounts.
    pub door: Arc<Door>,
}

impl Reload {
    /// Works until `shutdown`; without a socket, SIGHUP alone is heard.
    pub async fn run(self, listener: Option<(UnixListener, PathBuf)>, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let mut hangups = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
            Ok(signal) => signal,
            Err(error) => {
                tracing::error!(%error, "SIGHUP cannot be heard");
                return;
            }
        };
        loop {
            let connection = async {
                match &listener {
                    Some((listener, _)) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = &mut shutdown => break,
                Some(()) = hangups.recv() => {
                    self.activate().await;
                }
                Ok((stream, _)) = connection => self.answer(stream).await,
            }
        }
        if let Some((_, path)) = listener {
            // The next start removes it as well.
            let _ = std::fs::remove_file(path);
        }
    }

    async fn answer(&self, mut stream: tokio::net::UnixStream) {
        let mut word = String::new();
        let mut reading = tokio::io::BufReader::new(tokio::io::AsyncReadExt::take(&mut stream, WORD_BYTES_MAX));
        let said = tokio::time::timeout(WORD_TIME, reading.read_line(&mut word)).await;
        if !matches!(said, Ok(Ok(_))) {
            return;
        }
        match word.trim() {
            ACTIVATE => {
                let outcome = self.activate().await;
                write_answer(&mut stream, &outcome).await;
            }
            // It may take minutes: others are heard meanwhile.
            RETAIN => {
                let runs = self.runs.clone();
                tokio::spawn(async move {
                    let (asked, ran) = oneshot::channel();
                    let sent = runs.send(asked).await;
                    let answer = match (sent, ran.await) {
                        (Ok(()), Ok(Ok(counts))) => Answer::Ran(counts),
                        (Ok(()), Ok(Err(why))) => Answer::Failed(why),
                        _ => Answer::Failed("the monitor is stopping".to_owned()),
                    };
                    write_answer(&mut stream, &answer).await;
                });
            }
            other => {
                if let Some(order) = word.strip_prefix(users::WORD) {
                    let answer = users::obey(&self.door, order).await;
                    write_answer(&mut stream, &answer).await;
                    return;
                }
                if let Some(order) = word.strip_prefix(super::orders::VISIT) {
                    if let Ok(order) = serde_json::from_str(order) {
                        let answer = super::orders::carry_visit(&self.orders, order).await;
                        write_answer(&mut stream, &answer).await;
                    }
                    return;
                }
                if let Ok(order) = serde_json::from_str::<CaseOrder>(other) {
                    // Nobody is more than the roster says because he says so.
                    let order = CaseOrder { post: None, ..order };
                    let answer = super::orders::carry(&self.orders, order).await;
                    write_answer(&mut stream, &answer).await;
                    return;
                }
                let Some(Ok(word)) = other.strip_prefix(HOLD).map(serde_json::from_str) else {
                    return;
                };
                let answer = match retention::hold(&self.store, &word, self.clock.now()).await {
                    Ok(n) => Answer::Held(n),
                    Err(error) => Answer::Failed(format!("{error:#}")),
                };
                write_answer(&mut stream, &answer).await;
            }
        }
    }

    /// Reads, checks, and has the daemon put in force what is good.
    async fn activate(&self) -> Outcome {
        let texts = match read_texts(&self.config) {
            Ok(texts) => texts,
            Err(error) => return self.refuse(format!("{error:#}")).await,
        };
        let offices: Vec<OfficeId> = texts.iter().filter_map(super::Texts::office).collect();
        if let Some(other) = offices.iter().find(|office| !self.offices.contains(office)) {
            let faults =
                format!("the office \"{other}\" is not one of those this monitor was started for; start it anew");
            return self.refuse(faults).await;
        }
        let names = names(&texts);
        let (answer, answered) = oneshot::channel();
        let sent = self.orders.send(Order::Activate { texts, answer }).await;
        let (Ok(()), Ok(activated)) = (sent, answered.await) else {
            return self.refuse("the monitor is stopping".to_owned()).await;
        };
        self.names.send_replace(names);
        told(activated)
    }

    async fn refuse(&self, faults: String) -> Outcome {
        // A fault of a roster may name people, so the log only says that there is one.
        tracing::error!(
            faults = faults.lines().filter(|line| !line.trim().is_empty()).count(),
            "rosters or policies were refused, what is in force stays; the System page and `policy activate` say why"
        );
        // A daemon that is gone shows nothing any more.
        let _ = self.orders.send(Order::Refuse { faults: faults.clone() }).await;
        Outcome::Refused { faults }
    }
}

fn told(activated: Activated) -> Outcome {
    if activated.is_nothing() {
        tracing::info!("rosters and policies were read again: nothing has changed");
        return Outcome::Unchanged;
    }
    let policies: Vec<String> = activated.policies.into_iter().collect();
    tracing::info!(
        rosters = activated.rosters.len(),
        policies = policies.join(" "),
        "other rosters or policies are in force"
    );
    Outcome::Activated {
        rosters: activated.rosters,
        policies,
    }
}

/// Listens beside the database, for the user who runs the monitor alone. The database's lock says that no other monitor
/// can be listening there, so what a dead one left is removed.
pub fn listen(path: &Path) -> Option<(UnixListener, PathBuf)> {
    let listen = || -> std::io::Result<UnixListener> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    };
    match listen() {
        Ok(listener) => Some((listener, path.to_path_buf())),
        Err(error) => {
            tracing::warn!(%error, "no control socket: `policy activate` cannot reach this monitor, SIGHUP can");
            None
        }
    }
}

async fn write_answer(stream: &mut tokio::net::UnixStream, answer: &impl Serialize) {
    let Ok(mut text) = serde_json::to_vec(answer) else {
        return;
    };
    text.push(b'\n');
    // Whoever asked may have gone; the log or the ledger has the outcome too.
    let _ = tokio::time::timeout(WORD_TIME, stream.write_all(&text)).await;
}

/// Asks the monitor that listens there to activate its files.
pub fn ask(path: &Path) -> Result<Outcome> {
    let line = say(path, ACTIVATE)?;
    serde_json::from_str(&line).context("the monitor's answer cannot be read")
}

/// Asks it for a run of retention. `None`: no monitor runs there.
pub fn ask_to_retain(path: &Path) -> Result<Option<Answer>> {
    answer(say_if_heard(path, RETAIN, None)?)
}

/// Asks it to write a hold, or its end. `None`: no monitor runs there.
pub fn ask_to_hold(path: &Path, word: &Word) -> Result<Option<Answer>> {
    let word = format!("{HOLD}{}", serde_json::json!(word));
    answer(say_if_heard(path, &word, Some(ANSWER_TIME))?)
}

fn answer(said: std::io::Result<String>) -> Result<Option<Answer>> {
    match said {
        Ok(line) => serde_json::from_str(&line).context("the monitor's answer cannot be read"),
        Err(_) => Ok(None),
    }
}

/// Says a line to the monitor that listens there, and answers its own.
pub(super) fn say(path: &Path, word: &str) -> Result<String> {
    say_if_heard(path, word, Some(ANSWER_TIME))?.with_context(|| {
        format!(
            "no monitor answers at {}: is `jagaloket serve` running with this configuration?",
            path.display()
        )
    })
}

/// The same; the inner error says that nobody listens.
pub(super) fn say_if_heard(path: &Path, word: &str, patience: Option<Duration>) -> Result<std::io::Result<String>> {
    let mut stream = match UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(error) => return Ok(Err(error)),
    };
    stream.set_read_timeout(patience)?;
    writeln!(stream, "{word}").context("the monitor does not listen")?;
    let mut line = String::new();
    BufReader::new(stream)
        .read_line(&mut line)
        .context("the monitor does not answer")?;
    if line.is_empty() {
        bail!("the monitor hung up without an answer; its log says why");
    }
    Ok(Ok(line))
}
