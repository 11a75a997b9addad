//! What summaries and signals are counted from: the ledger's latest words on cases, counters that fell silent, and the
//! canary's letters.

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
/// The policy that says that a counter fell silent.
const SILENT: &str = "counter-silent";

statements! {
    /// By the index of cases alone: that of times holds every event.
    RECENT = "SELECT body FROM ledger WHERE kind = 'case' AND office || '' = $1 AND time_ms + 0 >= $2 ORDER BY n";
    FLIGHTS = "SELECT created_ms, sent_ms FROM outbox WHERE created_ms >= $1 AND created_ms < $2 \
             AND incident IN (SELECT n FROM incident WHERE office = 'canary')";
}

impl Store {
    /// What of an office's last days signals are counted from: of dismissals and silences, and of the days in which it may
    /// have been quiet.
    pub async fn recent(
        &self,
        scope: &Scope,
        office: &OfficeId,
        since: Moment,
        [silences, quiet, today]: [NaiveDate; 3],
    ) -> Result<Recent> {
        let span = Span {
            office: Some(office.to_string()),
            from: quiet,
            to: today,
        };
        let sums = self.service(scope, &span, Each::Date).await?;
        Ok(Recent {
            bodies: self.recent_case_records(office, since).await?,
            silences: self.silences(scope, office, silences).await?,
            served_ms: sums.iter().map(|sum| sum.service.served_ms).sum(),
            known_ms: sums.iter().map(|sum| sum.service.known_ms).sum(),
        })
    }

    /// The bodies of an office's entries on cases since a moment, in order.
    async fn recent_case_records(&self, office: &OfficeId, since: Moment) -> Result<Vec<Vec<u8>>> {
        let query = self.shared.readers.query(RECENT);
        let rows = query.bind(office.as_str()).bind(since.0).all().await.doing(READING)?;
        rows.iter().map(|row| row.try_get(0).doing(READING)).collect()
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
        let signed_in = |reference: &str| {
            let (source, id) = reference.split_once('#')?;
            let event = events.iter().find(|event| event.source == source && event.id == id)?;
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
