//! Takes people out of what was made of incidents, of exemptions and of requests for correction, when they were kept long
//! enough. What was decided, when and in which capacity stays, and is counted on.

use super::Store;
use super::anonymise::{Due, PART, READING, WRITING};
use super::database::{Connection, statements};
use super::error::{Doing as _, Result};
use crate::engine::time::Moment;
use crate::ledger::Head;
use crate::ledger::announced::Announcement;
use crate::ledger::hold::Holds;

statements! {
    FILES = "UPDATE case_file SET officer = NULL, acked_by = NULL, anonymised_ms = $2 WHERE ", among(incident), "";
    /// What somebody wrote may name anybody; whom the monitor told stands in its details.
    STEPS = "UPDATE case_step SET person = NULL, reason = '', detail = CASE WHEN step = 'told' THEN NULL ELSE detail END WHERE ",
        among(incident), "";
    /// Those that are over and answered: from when on, of whom.
    EXEMPTIONS = "SELECT n, office, officer, from_ms, until_ms FROM exemption WHERE n > $1 AND anonymised_ms IS NULL \
             AND until_ms < $2 AND asked_ms < $2 AND (answered_ms < $2 OR answered_ms IS NULL) \
             AND (revoked_ms < $2 OR revoked_ms IS NULL) ORDER BY n, office LIMIT $3";
    NAMELESS_EXEMPTIONS = "UPDATE exemption SET officer = '', asked_by = '', reason = '', answered_by = NULL, anonymised_ms = $2 \
             WHERE anonymised_ms IS NULL AND until_ms < $3 AND ", among(n), "";
    CORRECTIONS = "SELECT n, office, person, asked_ms, answered_ms FROM correction WHERE n > $1 AND anonymised_ms IS NULL \
             AND answered_ms < $2 ORDER BY n LIMIT $3";
    NAMELESS_CORRECTIONS = "UPDATE correction SET person = '', about = '', wanted = '', answered_by = NULL, answer = '', \
             anonymised_ms = $2 WHERE answered_ms < $3 AND ", among(n), "";
}

/// Which kind of request loses its names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requests {
    Exemptions,
    Corrections,
}

/// Of incidents whose names go now.
pub(super) async fn forget_cases(connection: &mut Connection, incidents: &[i64], now: Moment) -> Result<()> {
    let files = connection.query(FILES).bind_numbers(incidents).bind(now.0);
    files.run().await.doing(WRITING)?;
    let steps = connection.query(STEPS).bind_numbers(incidents);
    steps.run().await.doing(WRITING)?;
    Ok(())
}

impl Store {
    /// Requests behind number `after` that were over before `until`, and that no hold on their officer or office keeps.
    pub async fn requests_due(&self, which: Requests, after: i64, until: Moment, holds: &Holds) -> Result<Due> {
        let sql = match which {
            Requests::Exemptions => EXEMPTIONS,
            Requests::Corrections => CORRECTIONS,
        };
        let asked = self.shared.readers.query(sql).bind(after).bind(until.0).bind(PART);
        let rows = asked.all().await.doing(READING)?;
        let mut due = Due::new(rows.len());
        for row in &rows {
            let (n, office, person, since, until) = row.tuple::<(i64, &str, &str, i64, i64)>().doing(READING)?;
            let held = holds.keep_span(office, Some(person), Moment(since), Moment(until));
            due.note(n, !held);
        }
        Ok(due)
    }

    /// Takes out of requests who made them, whom they were about, and every word.
    pub async fn forget_requests(
        &self,
        which: Requests,
        said: &Announcement,
        requests: &[i64],
        until: Moment,
        now: Moment,
    ) -> Result<Option<Head>> {
        let Some(mut appending) = self.announce(said, now).await? else {
            return Ok(None);
        };
        let sql = match which {
            Requests::Exemptions => NAMELESS_EXEMPTIONS,
            Requests::Corrections => NAMELESS_CORRECTIONS,
        };
        let nameless = appending.connection().query(sql).bind_numbers(requests);
        nameless.bind(now.0).bind(until.0).run().await.doing(WRITING)?;
        appending.commit().await.map(Some)
    }
}
