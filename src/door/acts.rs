//! Acts: what somebody asks the one writer to commit, with the trace it leaves.

use std::collections::HashSet;

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{By, Caller, Door, Result, Trouble};
use crate::clock::MonitorClock;
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;
use crate::store::accounts::{Change, Expect};
use crate::store::rows::{EntryKind, NewEntry, NewLetter, Turn};
use crate::store::{self, Store};

/// Where traces stand in the ledger beside the sources of events.
const SOURCE: &str = "/door";

/// What is to be committed together, or not at all.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub traces: Vec<Trace>,
    pub changes: Vec<Change>,
    pub letters: Vec<NewLetter>,
    /// What must still be so.
    pub expects: Vec<Expect>,
    /// Whose account it changes: in one turn there is one such act of an account.
    pub account: Option<String>,
}

/// What somebody did or looked at, for the ledger. It names accounts by their ids alone, for a ledger forgets nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    /// Whose record it concerns; empty where none.
    pub office: String,
    pub body: Value,
}

impl Trace {
    pub fn new(act: &str, by: By<'_>) -> Trace {
        let mut trace = match by {
            By::Console => Trace {
                office: String::new(),
                body: json!({"act": act, "actor": "console"}),
            },
            By::Provider(caller) => Trace::of_nobody(act, caller).with("actor", "provider"),
            By::Person(who, caller) => Trace::of_nobody(act, caller).with("actor", &who.account.id),
        };
        if let By::Person(who, _) = by {
            // Enough to tell a browser's acts from another's, and nothing to come in with.
            trace = trace.with("session", &who.session.hash[..12]);
        }
        trace
    }

    /// By somebody who is not signed in.
    pub fn of_nobody(act: &str, caller: &Caller) -> Trace {
        Trace {
            office: String::new(),
            body: json!({"act": act, "address": caller.address}),
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<Text>) -> Trace {
        self.body[name] = value.into().0;
        self
    }

    pub fn at(mut self, office: &str) -> Trace {
        office.clone_into(&mut self.office);
        self
    }
}

/// What a trace says of something.
pub struct Text(Value);

impl<T: AsRef<str> + ?Sized> From<&T> for Text {
    fn from(text: &T) -> Text {
        Text(Value::from(text.as_ref()))
    }
}

impl From<i64> for Text {
    fn from(number: i64) -> Text {
        Text(Value::from(number))
    }
}

/// What became of an act.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Written {
    Done,
    /// Something it rests on has changed.
    Overtaken,
}

/// An act that waits, and who waits for it.
pub struct Act {
    asked: Asked,
    answer: oneshot::Sender<Written>,
}

/// Acts that are part of a turn.
#[derive(Default)]
pub struct Admitted {
    pub entries: Vec<NewEntry>,
    pub changes: Vec<Change>,
    pub letters: Vec<NewLetter>,
    answers: Vec<oneshot::Sender<Written>>,
}

impl Admitted {
    /// They are committed.
    pub fn answer(self) {
        for answer in self.answers {
            // Whoever asked may have gone meanwhile.
            let _ = answer.send(Written::Done);
        }
    }
}

/// Takes those acts into a turn that still hold, and refuses the others. What nobody waits for any more is not done.
pub async fn admit(store: &Store, acts: &mut Vec<Act>, now: Moment) -> store::Result<Admitted> {
    let mut holds = Vec::with_capacity(acts.len());
    let (mut accounts, mut names) = (HashSet::new(), HashSet::new());
    for act in &*acts {
        let asked = &act.asked;
        // Two that change one thing would each be right alone.
        let alone = asked
            .account
            .as_ref()
            .is_none_or(|account| accounts.insert(account.clone()));
        let mut named = asked.expects.iter().filter_map(|expect| match expect {
            Expect::NameFree(name) => Some(name.clone()),
            _ => None,
        });
        let alone = alone && named.all(|name| names.insert(name));
        holds.push(alone && !act.answer.is_closed() && store.still(&asked.expects).await?);
    }
    let mut admitted = Admitted::default();
    for (act, holds) in acts.drain(..).zip(holds) {
        if !holds {
            let _ = act.answer.send(Written::Overtaken);
            continue;
        }
        admitted
            .entries
            .extend(act.asked.traces.into_iter().map(|trace| entry(trace, now)));
        admitted.changes.extend(act.asked.changes);
        admitted
            .letters
            .extend(act.asked.letters.into_iter().map(|letter| NewLetter {
                created: now,
                due: now,
                ..letter
            }));
        admitted.answers.push(act.answer);
    }
    Ok(admitted)
}

fn entry(trace: Trace, now: Moment) -> NewEntry {
    let mut body = trace.body;
    if !trace.office.is_empty() {
        body["office"] = Value::from(trace.office);
    }
    NewEntry {
        received: now,
        kind: EntryKind::Trace,
        // Of no office: nothing that is judged of one may depend on who looked.
        office: OfficeId::new(""),
        source: SOURCE.to_owned(),
        id: uuid::Uuid::now_v7().to_string(),
        time: now,
        body: body.to_string().into_bytes(),
        clock: None,
    }
}

/// Carries acts out where no monitor runs: whoever calls this has the database alone.
pub async fn alone(store: Store, clock: MonitorClock, mut acts: mpsc::Receiver<Act>) {
    while let Some(act) = acts.recv().await {
        let admitted = match admit(&store, &mut vec![act], clock.now()).await {
            Ok(admitted) => admitted,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "an act could not be checked");
                continue;
            }
        };
        let turn = Turn {
            entries: admitted.entries.clone(),
            changes: admitted.changes.clone(),
            letters: admitted.letters.clone(),
            ..Turn::default()
        };
        match store.commit(&turn).await {
            Ok(_) => admitted.answer(),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "an act could not be written"),
        }
    }
}

impl Door {
    /// Has it committed, and waits for that.
    pub(super) async fn write(&self, asked: Asked) -> Result<()> {
        let (answer, written) = oneshot::channel();
        let sent = self.acts.send(Act { asked, answer }).await;
        match (sent, written.await) {
            (Ok(()), Ok(Written::Done)) => Ok(()),
            (Ok(()), Ok(Written::Overtaken)) => Err(Trouble::Overtaken),
            _ => Err(Trouble::Stopping),
        }
    }
}
