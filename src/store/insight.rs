//! What overviews count: how often policies spoke, what became of their cases, what is known of one name, and which devices
//! send what nobody can accept. Each question with the scope of whoever asks.

use super::Store;
use super::database::statements;
use super::error::{Doing as _, Result};
use super::read::incident_row;
use super::rows::IncidentRow;
use super::service::Span;
use crate::accounts::Scope;
use crate::engine::time::Moment;

const COUNTING: &str = "counting for an overview";
/// A median of more is no better.
const ACKS_MAX: i64 = 20_000;
/// Topics are what senders say: there may be as many as messages.
const TOPICS_MAX: i64 = 1_000;

statements! {
    HITS = "SELECT policy, count(*), MAX(since_ms) FROM incident WHERE office = $4 AND since_ms >= $5 \
             AND state IN ('open', 'ended') AND ", seen(incident), " GROUP BY policy";
    ABOUT = "SELECT n, office, policy, class, severity, counter, lockbox, officer, date, since_ms, until_ms, state, \
             joined_to, created_ms, changed_ms FROM incident WHERE since_ms >= $5 AND state <> 'joined' \
             AND (officer = $4 OR counter = $4 OR lockbox = $4 OR policy = $4) AND ", seen(incident),
             " ORDER BY since_ms DESC, n DESC LIMIT $6";
    OUTCOMES = "SELECT stage, outcome, count(*) FROM case_file WHERE class = 'indication' AND stands = 1 \
             AND (office = $4 OR $4 IS NULL) AND date >= $5 AND date <= $6 AND opened_ms >= $7 AND ", seen(case_file),
             " GROUP BY stage, outcome";
    ACKS = "SELECT CAST(MIN(step.at_ms) - c.opened_ms AS BIGINT) FROM case_file AS c \
             JOIN case_step AS step ON step.incident = c.incident AND step.step = 'acknowledged' \
             WHERE c.class = 'indication' AND c.stands = 1 AND (c.office = $4 OR $4 IS NULL) \
             AND c.date >= $5 AND c.date <= $6 AND c.opened_ms >= $7 AND ", seen(c),
             " GROUP BY c.incident, c.opened_ms LIMIT $8";
    TOPICS = "SELECT topic, count(*), MAX(received_ms) FROM quarantine WHERE EXISTS (SELECT 1 FROM ", any_of(1),
             " AS known WHERE known.value = '*' OR substr(topic, 1, length(known.value)) = known.value) \
             GROUP BY topic ORDER BY 2 DESC LIMIT $2";
}

/// How often a policy spoke, and when last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hits {
    pub policy: String,
    pub incidents: i64,
    pub last: Moment,
}

/// What became of indications.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcomes {
    /// A person found, or an examination proved, that it was so.
    pub confirmed: i64,
    /// Dismissed, or not proven.
    pub unfounded: i64,
    /// Nobody has decided yet.
    pub undecided: i64,
}

impl Outcomes {
    /// Of those that were decided.
    pub fn unfounded_share(&self) -> Option<f64> {
        let decided = self.confirmed + self.unfounded;
        (decided > 0).then(|| self.unfounded as f64 / decided as f64)
    }
}

/// What is in quarantine under a topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Topic {
    pub topic: String,
    pub kept: i64,
    pub last: Moment,
}

impl Store {
    /// Of one office since a moment; a policy that never spoke is not among them.
    pub async fn hits(&self, scope: &Scope, office: &str, since: Moment) -> Result<Vec<Hits>> {
        let asked = self.shared.readers.query(HITS).bind_reach(&scope.cases);
        let rows = asked.bind(office).bind(since.0).all().await.doing(COUNTING)?;
        rows.iter()
            .map(|row| {
                Ok(Hits {
                    policy: row.try_get(0).doing(COUNTING)?,
                    incidents: row.try_get(1).doing(COUNTING)?,
                    last: Moment(row.try_get(2).doing(COUNTING)?),
                })
            })
            .collect()
    }

    /// The newest incidents of an officer, counter, lockbox or policy of this name.
    pub async fn incidents_about(
        &self,
        scope: &Scope,
        name: &str,
        since: Moment,
        count: i64,
    ) -> Result<Vec<IncidentRow>> {
        let asked = self.shared.readers.query(ABOUT).bind_reach(&scope.cases);
        let rows = asked.bind(name).bind(since.0).bind(count).all().await.doing(COUNTING)?;
        rows.iter().map(incident_row).collect()
    }

    /// Of the indications of these dates; those that late events withdrew are not among them.
    pub async fn outcomes(&self, scope: &Scope, span: &Span, begins: Moment) -> Result<Outcomes> {
        let asked = self.shared.readers.query(OUTCOMES).bind_reach(&scope.cases);
        let asked = asked
            .bind(span.office.clone())
            .bind(span.from.to_string())
            .bind(span.to.to_string())
            .bind(begins.0);
        let mut outcomes = Outcomes::default();
        for row in asked.all().await.doing(COUNTING)? {
            let (stage, outcome, count) = row.tuple::<(String, Option<String>, i64)>().doing(COUNTING)?;
            match outcome.as_deref().unwrap_or(&stage) {
                "finding" | "examination" | "proven" => outcomes.confirmed += count,
                "dismissed" | "not_proven" => outcomes.unfounded += count,
                "withdrawn" => {}
                _ => outcomes.undecided += count,
            }
        }
        Ok(outcomes)
    }

    /// How long it took until each of them was first acknowledged, in no order; what nobody has is not among them.
    pub async fn acknowledged_after_ms(&self, scope: &Scope, span: &Span, begins: Moment) -> Result<Vec<i64>> {
        let asked = self.shared.readers.query(ACKS).bind_reach(&scope.cases);
        let asked = asked
            .bind(span.office.clone())
            .bind(span.from.to_string())
            .bind(span.to.to_string())
            .bind(begins.0)
            .bind(ACKS_MAX);
        let rows = asked.all().await.doing(COUNTING)?;
        rows.iter().map(|row| row.try_get(0).doing(COUNTING)).collect()
    }

    /// Quarantine by the topic it came under, the fullest first.
    pub async fn quarantined_topics(&self, scope: &Scope) -> Result<Vec<Topic>> {
        let asked = self.shared.readers.query(TOPICS).bind_texts(&scope.topics());
        let rows = asked.bind(TOPICS_MAX).all().await.doing(COUNTING)?;
        rows.iter()
            .map(|row| {
                Ok(Topic {
                    topic: row.try_get(0).doing(COUNTING)?,
                    kept: row.try_get(1).doing(COUNTING)?,
                    last: Moment(row.try_get(2).doing(COUNTING)?),
                })
            })
            .collect()
    }
}
