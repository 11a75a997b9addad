//! What summaries and signals are counted from: the ledger's latest words on cases, counters that fell silent, and the
//! canary's letters.

use std::collections::HashMap;

use chrono::NaiveDate;
use futures_util::TryStreamExt as _;

use super::database::statements;
use super::error::{Doing as _, Result};
use super::read::VerdictFilter;
use super::rows::{Recent, Silence};
use super::{Each, Span, Store};
use crate::accounts::Scope;
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;

const READING: &str = "reading for the integrity team";
/// The ledger's order is that of time, except where the monitor's clock was set back, by less than this.
const CLOCK_SET_MS: i64 = 86_400_000;
/// The policy that says that a counter fell silent.
const SILENT: &str = "counter-silent";

statements! {
    /// Backwards by the index of cases, of all offices: that of an office's times holds every event.
    RECENT = "SELECT n, office, time_ms, body FROM ledger WHERE kind = 'case' AND n < $1 ORDER BY n DESC LIMIT 1000";
    FLIGHTS = "SELECT created_ms, sent_ms FROM outbox WHERE created_ms >= $1 AND created_ms < $2 \
             AND incident IN (SELECT n FROM incident WHERE office = 'canary')";
}

impl Store {
    /// What of an office's last days signals are counted from: of dismissals and silences, and of the days in which it may
    /// have been quiet.
    ///
    /// `bodies` are its own of `recent_cases`.
    pub async fn recent(
        &self,
        scope: &Scope,
        office: &OfficeId,
        bodies: Vec<Vec<u8>>,
        [silences, quiet, today]: [NaiveDate; 3],
    ) -> Result<Recent> {
        let span = Span {
            office: Some(office.to_string()),
            from: quiet,
            to: today,
        };
        let sums = self.service(scope, &span, Each::Date).await?;
        Ok(Recent {
            bodies,
            silences: self.silences(scope, office, silences).await?,
            served_ms: sums.iter().map(|sum| sum.service.served_ms).sum(),
            known_ms: sums.iter().map(|sum| sum.service.known_ms).sum(),
        })
    }

    /// The bodies of each office's entries on cases since a moment, in order: read once for all of them, and no further
    /// back than they reach.
    pub async fn recent_cases(&self, since: Moment) -> Result<HashMap<OfficeId, Vec<Vec<u8>>>> {
        let mut recent: HashMap<OfficeId, Vec<Vec<u8>>> = HashMap::new();
        let (mut before, long_before) = (i64::MAX, since.plus_ms(-CLOCK_SET_MS));
        'reading: loop {
            let query = self.shared.readers.query(RECENT);
            let rows = query.bind(before).all().await.doing(READING)?;
            for row in &rows {
                let (n, office, time_ms) = row.tuple::<(i64, &str, i64)>().doing(READING)?;
                if Moment(time_ms) < long_before {
                    break 'reading;
                }
                before = n;
                if Moment(time_ms) >= since {
                    let body = row.try_get(3).doing(READING)?;
                    recent.entry(OfficeId::new(office)).or_default().push(body);
                }
            }
            if rows.is_empty() {
                break;
            }
        }
        recent.values_mut().for_each(|bodies| bodies.reverse());
        Ok(recent)
    }

    /// Counters that fell silent while somebody was signed in, on business dates from one on, within the scope.
    async fn silences(&self, scope: &Scope, office: &OfficeId, from: NaiveDate) -> Result<Vec<Silence>> {
        let filter = VerdictFilter {
            office: Some(office.to_string()),
            policy: Some(SILENT.to_owned()),
            from: Some(from.to_string()),
            to: None,
        };
        let verdicts: Vec<_> = self.verdicts_in_order(scope, &filter).try_collect().await?;
        let references: Vec<&str> = verdicts
            .iter()
            .flat_map(|(verdict, _)| verdict.evidence.iter().map(|reference| &**reference))
            .collect();
        let events = self.referenced(scope, &references).await?;
        // Of two under one name, the first.
        let named = events.iter().rev();
        let named: HashMap<(&str, &str), _> = named.map(|event| ((&*event.source, &*event.id), event)).collect();
        let signed_in = |reference: &str| {
            let event = named.get(&reference.split_once('#')?)?;
            let body: serde_json::Value = serde_json::from_slice(&event.body).ok()?;
            (body["type"] == "session.signed_in").then_some(event.time)
        };
        let silences = verdicts.iter().filter_map(|(verdict, _)| {
            let signed_in = verdict.evidence.iter().filter_map(|reference| signed_in(reference));
            Some(Silence {
                counter: verdict.counter.clone()?,
                officer: verdict.officer.clone(),
                since: verdict.since,
                signed_in: signed_in.max(),
            })
        });
        Ok(silences.collect())
    }

    /// The canary's letters of a time: when each was written, and when the mail server took it.
    pub async fn flights(&self, from: Moment, until: Moment) -> Result<Vec<(Moment, Option<Moment>)>> {
        let rows = self
            .shared
            .readers
            .query(FLIGHTS)
            .bind(from.0)
            .bind(until.0)
            .all()
            .await;
        rows.doing(READING)?
            .iter()
            .map(|row| {
                let sent: Option<i64> = row.try_get(1).doing(READING)?;
                Ok((Moment(row.try_get(0).doing(READING)?), sent.map(Moment)))
            })
            .collect()
    }
}
