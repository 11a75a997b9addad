//! What must be true after a run, whatever went wrong in it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use super::House;
use super::line::Fate;
use super::plan::{Plan, Said, What, stream};
use super::post::Taken;
use crate::accounts::Scope;
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;
use crate::engine::{Clock, Engine};
use crate::incident::{Fate as Becomes, Ruling, Thread, recipients, rule};
use crate::ledger::Head;
use crate::letter::Stretch;
use crate::skew;
use crate::store::rows::{EntryKind, IncidentRow, IncidentState, StepKind, Told, VerdictRow, VerdictStep};
use crate::store::{LedgerRow, Store};
use crate::wire;

/// More than a run can have.
const ALL: usize = 1_000_000;

/// What is known of a run from outside of the monitor.
pub struct Known<'a> {
    pub house: &'a House,
    pub plan: &'a Plan,
    pub fates: &'a [Fate],
    /// The ledger's head at the start of each process.
    pub heads: &'a [Head],
    pub taken: &'a [Taken],
    /// Message-IDs and addresses that the mail server refused for good.
    pub refused: &'a [String],
}

/// What the monitor came to.
#[derive(Clone, Copy, Default, Debug)]
pub struct Came {
    pub entries: u64,
    pub verdicts: u64,
    pub letters: u64,
}

/// Checks a database that its monitor has closed.
pub async fn check(path: &Path, known: &Known<'_>) -> Result<Came> {
    let store = Store::open_to_read(path).await?;
    for head in known.heads {
        store
            .verify(Some(*head))
            .await
            .context("the ledger does not verify against what it was before")?;
    }
    let rows = ledger(&store).await?;
    let quarantined = quarantine(&store).await?;
    acknowledged_is_kept(known, &rows, &quarantined)?;
    let standing = store.standing_verdicts(Moment::MIN).await?;
    verdicts_are_a_replay(known.house, known.plan.seed, &rows, &standing)?;
    let letters = told(&store, known, &standing).await?;
    store.close().await?;
    Ok(Came {
        entries: rows.len() as u64,
        verdicts: standing.len() as u64,
        letters,
    })
}

/// What stands behind a start is what a replay says: a process that was killed may not have judged all that it kept.
pub async fn stands_as_judged(store: &Store, house: &House) -> Result<()> {
    let (rows, standing) = (ledger(store).await?, store.standing_verdicts(Moment::MIN).await?);
    verdicts_are_a_replay(house, 0, &rows, &standing)
}

async fn ledger(store: &Store) -> Result<Vec<LedgerRow>> {
    let mut rows = Vec::new();
    loop {
        let page = store
            .entries(rows.last().map_or(0, |row: &LedgerRow| row.n), None)
            .await?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

/// Payloads in quarantine, with their codes.
async fn quarantine(store: &Store) -> Result<HashMap<Vec<u8>, BTreeSet<String>>> {
    let mut payloads: HashMap<_, BTreeSet<String>> = HashMap::new();
    for row in store
        .quarantined(&Scope::whole(), None, None, ALL, wire::BYTES_MAX)
        .await?
    {
        payloads.entry(row.payload).or_default().insert(row.code);
    }
    Ok(payloads)
}

/// What was acknowledged is in the ledger once, or in quarantine for a reason that is true; nothing else is there.
fn acknowledged_is_kept(
    known: &Known<'_>,
    rows: &[LedgerRow],
    quarantined: &HashMap<Vec<u8>, BTreeSet<String>>,
) -> Result<()> {
    let mut kept: HashMap<(&str, &str), &LedgerRow> = HashMap::new();
    for row in rows
        .iter()
        .filter(|row| matches!(row.kind, EntryKind::Event | EntryKind::Visit | EntryKind::Pulse))
    {
        let twice = kept.insert((&row.source, &row.id), row);
        ensure!(
            twice.is_none(),
            "the event {} of {} is in the ledger twice",
            row.id,
            row.source
        );
    }
    let given: HashSet<&[u8]> = known.plan.said.iter().map(|said| &*said.payload).collect();
    for row in kept.values() {
        ensure!(
            given.contains(&*row.body),
            "entry {} of the ledger is of no device",
            row.n
        );
    }
    for (said, fate) in known.plan.said.iter().zip(known.fates) {
        ensure!(
            fate.acknowledged || fate.lost,
            "a message was never acknowledged: {}",
            shown(said)
        );
        if fate.acknowledged {
            is_kept(said, fate, &kept, quarantined.get(&said.payload)).with_context(|| shown(said))?;
        }
    }
    Ok(())
}

fn is_kept(
    said: &Said,
    fate: &Fate,
    kept: &HashMap<(&str, &str), &LedgerRow>,
    codes: Option<&BTreeSet<String>>,
) -> Result<()> {
    let refused_as = |code: &str| codes.is_some_and(|codes| codes.contains(code));
    match &said.what {
        What::Status => Ok(()),
        What::Rubbish => {
            ensure!(
                refused_as("not_json"),
                "rubbish was acknowledged and is not in quarantine"
            );
            Ok(())
        }
        What::Event { source, id, time } => {
            let row = kept.get(&(&**source, &**id));
            if row.is_some_and(|row| wire::same_body(&row.body, &said.payload)) {
                return Ok(());
            }
            let ahead = |now: &Moment| time.ms_since(*now) > wire::AHEAD_MAX_MS;
            let was_ahead = refused_as("too_far_ahead") && fate.clock.iter().any(ahead);
            ensure!(
                was_ahead || row.is_some() && refused_as("conflict"),
                "it was acknowledged and is not in the ledger (another in its place: {}, quarantine: {codes:?})",
                row.is_some()
            );
            Ok(())
        }
    }
}

fn shown(said: &Said) -> String {
    String::from_utf8_lossy(&said.payload).into_owned()
}

/// The same fold over the same events in any order, up to the last tick, says the same.
fn verdicts_are_a_replay(house: &House, seed: u64, rows: &[LedgerRow], standing: &[VerdictRow]) -> Result<()> {
    let mut said: Vec<Verdict> = standing.iter().map(|row| row.verdict.clone()).collect();
    said.sort_by(|a, b| a.order().cmp(&b.order()));
    let judged = judged_again(house, seed, rows)?;
    if said == judged {
        return Ok(());
    }
    let zone = house.roster.office.zone;
    let line = |verdict: &Verdict| serde_json::to_string(&verdict.line(zone)).unwrap_or_default();
    let lines = |verdicts: &[Verdict], others: &[Verdict]| -> String {
        let only = verdicts.iter().filter(|verdict| !others.contains(verdict)).map(line);
        only.collect::<Vec<_>>().join("\n    ")
    };
    bail!(
        "what stands is not what a replay says;\n  only the monitor:\n    {}\n  only the replay:\n    {}",
        lines(&said, &judged),
        lines(&judged, &said)
    )
}

fn judged_again(house: &House, seed: u64, rows: &[LedgerRow]) -> Result<Vec<Verdict>> {
    let mut engine = Engine::new(house.roster.clone(), house.policies.clone(), Clock::Ticks);
    let mut rows: Vec<&LedgerRow> = rows
        .iter()
        .filter(|row| matches!(row.kind, EntryKind::Event | EntryKind::Pulse | EntryKind::Tick))
        .collect();
    stream(seed, 4).shuffle(&mut rows);
    for row in rows {
        let event = skew::read_again(&row.body, row.time, row.clock.as_deref(), &house.roster)
            .map_err(|rejected| anyhow::anyhow!("entry {} cannot be read again: {rejected}", row.n))?;
        if engine.insert(event).is_err() {
            bail!("entry {} is too late for a replay that settles nothing", row.n);
        }
    }
    engine.judge();
    Ok(engine.verdicts())
}

/// Everybody who has to be told was told what stands, by letters that the mail server took.
async fn told(store: &Store, known: &Known<'_>, standing: &[VerdictRow]) -> Result<u64> {
    let letters = store.told(Moment::MIN).await?;
    arrived(store, known, &letters).await?;
    let mut of_incident: BTreeMap<i64, Vec<&Told>> = BTreeMap::new();
    for letter in &letters {
        of_incident.entry(letter.incident).or_default().push(letter);
    }
    for incident in store.incidents(Moment::MIN).await? {
        let stands: Vec<&VerdictRow> = standing.iter().filter(|row| row.incident == incident.n).collect();
        if matches!(incident.state, IncidentState::Joined(_)) {
            ensure!(stands.is_empty(), "a verdict stands in a joined incident");
            continue;
        }
        let letters = of_incident.remove(&incident.n).unwrap_or_default();
        let steps = store.steps_of(&Scope::whole(), incident.n).await?;
        knows(known, &incident, &stands, &letters, &steps).with_context(|| {
            format!(
                "incident {} of {} ({:?}): {} verdicts stand, {} letters",
                incident.n,
                incident.policy,
                incident.officer,
                stands.len(),
                letters.len()
            )
        })?;
    }
    Ok(letters.len() as u64)
}

/// Whether all who must be told of an incident know what stands.
fn knows(
    known: &Known<'_>,
    incident: &IncidentRow,
    stands: &[&VerdictRow],
    letters: &[&Told],
    steps: &[VerdictStep],
) -> Result<()> {
    let head = known.house.policies.heads().find(|head| head.id == incident.policy);
    let head = head.context("a verdict of no policy")?;
    for row in stands {
        for person in recipients(&head.notify, &row.verdict, &known.house.roster, row.changed) {
            ensure!(
                letters.iter().any(|letter| letter.person == person.id),
                "{} was never told",
                person.id
            );
        }
    }
    let Some(last) = letters.iter().map(|letter| letter.created).max() else {
        return Ok(());
    };
    let mut then: BTreeMap<i64, Stretch> = BTreeMap::new();
    for step in steps.iter().filter(|step| step.at <= last) {
        match step.kind {
            StepKind::Opened | StepKind::Amended => then.insert(step.verdict, of_step(step)),
            StepKind::Retracted => then.remove(&step.verdict),
        };
    }
    let told: Vec<Stretch> = then.into_values().collect();
    let now: Vec<Stretch> = stands
        .iter()
        .map(|row| Stretch {
            verdict: row.n,
            since: row.verdict.since,
            opened: row.verdict.opened,
            until: row.verdict.until,
            counter: None,
        })
        .collect();
    let moments: BTreeSet<Moment> = letters.iter().map(|letter| letter.created).collect();
    let thread = Thread {
        told: Some(&told),
        letters: u32::try_from(moments.len()).unwrap_or(u32::MAX),
        last_letter: Some(last),
    };
    match rule(thread, &now, &Becomes::default(), Moment::MAX) {
        Ruling::Silent(_) => Ok(()),
        Ruling::Letter { changes, .. } => bail!("nobody was told of {changes:?}"),
    }
}

fn of_step(step: &VerdictStep) -> Stretch {
    Stretch {
        verdict: step.verdict,
        since: step.since,
        opened: step.opened,
        until: step.until,
        counter: None,
    }
}

/// Every letter was taken by the mail server, at least once, under its one Message-ID, and a thread in its order.
async fn arrived(store: &Store, known: &Known<'_>, letters: &[Told]) -> Result<()> {
    let rows = store.letters(&Scope::whole(), None, None, ALL).await?;
    let written: HashSet<i64> = letters.iter().map(|letter| letter.n).collect();
    ensure!(rows.len() == written.len(), "a letter belongs to no incident");
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (at, taken) in known.taken.iter().enumerate() {
        let Some(letter) = letters.iter().find(|letter| letter.message_id == taken.message_id) else {
            bail!("the mail server has a letter {} that nobody wrote", taken.message_id);
        };
        ensure!(
            letter.address == taken.to,
            "the letter {} went to another address",
            taken.message_id
        );
        ensure!(
            letter.in_reply_to == taken.in_reply_to,
            "the letter {} is in another thread",
            taken.message_id
        );
        first.entry(&taken.message_id).or_insert(at);
    }
    for row in &rows {
        ensure!(row.sent.is_some(), "letter {} was never sent", row.n);
    }
    let mut threads: HashMap<(i64, &str), usize> = HashMap::new();
    let mut ids = HashMap::new();
    for letter in letters {
        // One letter may tell of several incidents.
        ensure!(
            *ids.entry(&letter.message_id).or_insert(letter.n) == letter.n,
            "two letters have the Message-ID {}",
            letter.message_id
        );
        let Some(at) = first.get(&*letter.message_id) else {
            bail!(
                "letter {} counts as sent, and the mail server has never taken it",
                letter.n
            );
        };
        // One that was given up, and tried again by hand, comes behind those after it.
        let given_up = known
            .refused
            .iter()
            .any(|refused| *refused == letter.message_id || *refused == letter.address);
        if given_up {
            continue;
        }
        let before = threads.insert((letter.incident, &letter.person), *at);
        ensure!(
            before.is_none_or(|before| before < *at),
            "letter {} came before one before it in its thread",
            letter.n
        );
    }
    Ok(())
}
