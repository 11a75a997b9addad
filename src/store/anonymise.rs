//! Takes the names out of what was decided, the words out of letters, and old messages out of quarantine. What is counted
//! stays: a row keeps its policy, its date, its class and its times.

use std::collections::BTreeMap;

use super::database::statements;
use super::error::{Doing as _, Result};
use super::nameless::forget_cases;
use super::rows::EntryKind;
use super::{Store, removal::house_entry};
use crate::engine::time::Moment;
use crate::ledger::Head;
use crate::ledger::announced::Announcement;
use crate::ledger::hold::{Case, Holds, Word};

pub(super) const READING: &str = "reading what was kept long enough";
pub(super) const WRITING: &str = "letting go of what was kept long enough";
/// So many rows go in one transaction.
pub(super) const PART: i64 = 200;

/// Whether people are not done with the case `c`, so that names stay. One that nobody has decided keeps them for 275 days more
/// after its last step: somebody may still be due an answer, but what is held of him does not stay for ever because nobody
/// gives it.
macro_rules! undone {
    () => {
        "c.changed_ms >= $2 OR c.review_by_ms IS NOT NULL OR c.stage = 'examination' OR c.outcome = 'proven' \
         OR c.class = 'indication' AND c.stage IN ('indication', 'dismissing') AND c.changed_ms >= $2 - 23760000000"
    };
}

statements! {
    INCIDENTS = concat!("SELECT n, joined_to, office, officer, since_ms, coalesce(until_ms, changed_ms) FROM incident AS i \
             WHERE n > $1 AND anonymised_ms IS NULL AND state <> 'open' AND changed_ms < $2 \
             AND (until_ms IS NULL OR until_ms < $2) AND NOT EXISTS \
             (SELECT 1 FROM incident AS o WHERE o.n = i.joined_to AND o.state = 'open') \
             AND NOT EXISTS (SELECT 1 FROM case_file AS c WHERE (c.incident = i.n OR c.incident = i.joined_to) \
             AND (", undone!(), ")) \
             ORDER BY n LIMIT $3");
    /// One row for each incident that a letter tells of, alone or among others; all of them must be over.
    LETTERS = concat!("SELECT o.n, i.n, i.joined_to, i.office, i.officer, i.since_ms, coalesce(i.until_ms, i.changed_ms) \
             FROM (SELECT n, incident FROM outbox WHERE n > $1 AND anonymised_ms IS NULL AND coalesce(sent_ms, dead_ms) < $2 \
             AND NOT EXISTS (SELECT 1 FROM incident AS told LEFT JOIN incident AS other ON other.n = told.joined_to \
             LEFT JOIN case_file AS c ON c.incident = told.n OR c.incident = told.joined_to \
             WHERE told.n IN (SELECT outbox.incident UNION ALL SELECT d.incident FROM digest AS d WHERE d.letter = outbox.n) \
             AND (told.state = 'open' OR told.changed_ms >= $2 OR told.until_ms >= $2 OR other.state = 'open' \
             OR ", undone!(), ")) \
             ORDER BY n LIMIT $3) AS o \
             LEFT JOIN digest AS of_several ON of_several.letter = o.n \
             LEFT JOIN incident AS i ON i.n = o.incident OR i.n = of_several.incident ORDER BY o.n, i.n");
    QUARANTINED = "SELECT count(*), coalesce(max(n), 0) FROM (SELECT n FROM quarantine WHERE received_ms < $1 ORDER BY n LIMIT $2) AS old";
    NAMELESS_INCIDENTS = "UPDATE incident SET officer = NULL, anonymised_ms = $2 WHERE ", among(n), "";
    NAMELESS_VERDICTS = "UPDATE verdict SET officer = NULL, evidence = '[]', anonymised_ms = $2 WHERE ", among(incident), "";
    NAMELESS_LETTERS_OF = "UPDATE outbox SET person = '', address = '', subject = '', text_body = '', html_body = '', \
             last_error = NULL, anonymised_ms = $2 WHERE (sent_ms IS NOT NULL OR dead_ms IS NOT NULL) AND ", among(incident), "";
    /// Of an incident that may still be looked at, it stays who was told, by his id in the roster.
    NAMELESS_LETTERS = "UPDATE outbox SET person = CASE WHEN incident IS NULL THEN '' ELSE person END, address = '', subject = '', text_body = '', html_body = '', \
             last_error = NULL, anonymised_ms = $2 WHERE ", among(n), "";
    /// Those that tell of them among others, when none of the others has its names any more.
    NAMELESS_DIGESTS_OF = "UPDATE outbox SET person = '', address = '', subject = '', text_body = '', html_body = '', \
             last_error = NULL, anonymised_ms = $2 WHERE (sent_ms IS NOT NULL OR dead_ms IS NOT NULL) AND anonymised_ms IS NULL \
             AND n IN (SELECT letter FROM digest WHERE ", among(incident), ") AND NOT EXISTS (SELECT 1 FROM digest AS d \
             JOIN incident AS i ON i.n = d.incident WHERE d.letter = outbox.n AND i.anonymised_ms IS NULL)";
    QUARANTINED_BEFORE = "SELECT count(*) FROM quarantine WHERE received_ms < $1";
    STORED = "SELECT (SELECT count(*) FROM ledger), (SELECT count(*) FROM incident WHERE anonymised_ms IS NULL), \
             (SELECT count(*) FROM outbox WHERE anonymised_ms IS NULL), (SELECT count(*) FROM quarantine), \
             (SELECT count(*) FROM removal), \
             CAST(coalesce((SELECT sum(length(coverage)) FROM removal), 0) AS BIGINT)";
    DROP_QUARANTINED = "DELETE FROM quarantine WHERE n <= $1";
    /// Up to when what was said cannot be said again: names went, or what it rested on.
    SAID_UP_TO = "SELECT coalesce((SELECT max(coalesce(until_ms, changed_ms)) FROM incident WHERE anonymised_ms IS NOT NULL), 0), \
             coalesce((SELECT max(to_ms) FROM removal WHERE coverage IS NULL), 0)";
    HOLDS = "SELECT n, time_ms, body FROM ledger WHERE kind IN ('retention', 'hold') AND kind = 'hold' ORDER BY n";
    RUNS = "SELECT n, time_ms, body FROM ledger WHERE kind IN ('retention', 'hold') AND kind = 'retention' \
             AND n > $1 ORDER BY n DESC LIMIT 1000";
    INCIDENT = "SELECT n FROM incident WHERE n = $1 AND anonymised_ms IS NULL";
    /// What incidents rest on that still have their names.
    EVIDENCE = "SELECT n, evidence FROM verdict WHERE anonymised_ms IS NULL AND evidence <> '[]' AND n > $1 ORDER BY n LIMIT 1000";
}

/// What may go next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Due {
    /// The numbers of the rows.
    pub rows: Vec<i64>,
    /// Everything up to this number was looked at; `None` at the end.
    pub up_to: Option<i64>,
}

/// How much there is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stored {
    /// Entries of the ledger, each a row.
    pub entries: u64,
    /// With their names.
    pub incidents: u64,
    /// With their words.
    pub letters: u64,
    pub quarantined: u64,
    /// Batches that were taken out of the ledger, and the bytes of the coverage in their place.
    pub removals: u64,
    pub coverage_bytes: u64,
}

/// The last run that was finished, as the ledger tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LastRun {
    pub n: i64,
    pub at: Moment,
    pub said: Announcement,
}

impl Store {
    /// Incidents behind number `after` that are over, that ended before `until`, and that no hold keeps.
    pub async fn incidents_due(&self, after: i64, until: Moment, holds: &Holds) -> Result<Due> {
        let asked = self.shared.readers.query(INCIDENTS).bind(after).bind(until.0);
        let rows = asked.bind(PART).all().await.doing(READING)?;
        let mut due = Due::new(rows.len());
        for row in &rows {
            let (n, joined_to, office, officer, since, until) = row
                .tuple::<(i64, Option<i64>, &str, Option<&str>, i64, i64)>()
                .doing(READING)?;
            let case = Case {
                incident: n,
                joined_to,
                office,
                officer,
                since: Moment(since),
                until: Moment(until),
            };
            due.note(n, !holds.keep_case(&case));
        }
        Ok(due)
    }

    /// Letters that were sent or given up before `until`, of incidents that are over as long, and that no hold keeps.
    pub async fn letters_due(&self, after: i64, until: Moment, holds: &Holds) -> Result<Due> {
        type Number = Option<i64>;
        type Cells<'r> = (i64, Number, Number, Option<&'r str>, Option<&'r str>, Number, Number);
        let asked = self.shared.readers.query(LETTERS).bind(after).bind(until.0);
        let rows = asked.bind(PART).all().await.doing(READING)?;
        let mut letters: BTreeMap<i64, bool> = BTreeMap::new();
        for row in &rows {
            let (n, incident, joined_to, office, officer, since, until) = row.tuple::<Cells<'_>>().doing(READING)?;
            let held = match (incident, office, since, until) {
                (Some(incident), Some(office), Some(since), Some(until)) => holds.keep_case(&Case {
                    incident,
                    joined_to,
                    office,
                    officer,
                    since: Moment(since),
                    until: Moment(until),
                }),
                _ => false,
            };
            *letters.entry(n).or_default() |= held;
        }
        let mut due = Due::new(letters.len());
        for (n, held) in letters {
            due.note(n, !held);
        }
        Ok(due)
    }

    /// How many messages in quarantine were received before `until`, at most some hundreds, and the last one's number.
    pub async fn quarantine_due(&self, until: Moment) -> Result<(u64, i64)> {
        let asked = self.shared.readers.query(QUARANTINED).bind(until.0).bind(PART);
        let (count, last) = asked.one().await.doing(READING)?.tuple::<(i64, i64)>().doing(READING)?;
        Ok((count.unsigned_abs(), last))
    }

    /// How many messages in quarantine were received before `until`.
    pub async fn quarantined_before(&self, until: Moment) -> Result<u64> {
        let asked = self.shared.readers.query(QUARANTINED_BEFORE).bind(until.0);
        let count: i64 = asked.one().await.doing(READING)?.try_get(0).doing(READING)?;
        Ok(count.unsigned_abs())
    }

    /// How much there is of everything that is let go one day.
    pub async fn stored(&self) -> Result<Stored> {
        let row = self.shared.readers.query(STORED).one().await.doing(READING)?;
        let counts: (i64, i64, i64, i64, i64, i64) = row.tuple().doing(READING)?;
        Ok(Stored {
            entries: counts.0.unsigned_abs(),
            incidents: counts.1.unsigned_abs(),
            letters: counts.2.unsigned_abs(),
            quarantined: counts.3.unsigned_abs(),
            removals: counts.4.unsigned_abs(),
            coverage_bytes: counts.5.unsigned_abs(),
        })
    }

    /// Takes the names out of incidents, their verdicts, their letters and what people made of them.
    pub async fn anonymise(&self, said: &Announcement, incidents: &[i64], now: Moment) -> Result<Option<Head>> {
        let Some(mut appending) = self.announce(said, now).await? else {
            return Ok(None);
        };
        for sql in [
            NAMELESS_INCIDENTS,
            NAMELESS_VERDICTS,
            NAMELESS_LETTERS_OF,
            NAMELESS_DIGESTS_OF,
        ] {
            let nameless = appending.connection().query(sql).bind_numbers(incidents);
            nameless.bind(now.0).run().await.doing(WRITING)?;
        }
        forget_cases(appending.connection(), incidents, now).await?;
        appending.commit().await.map(Some)
    }

    /// Takes out of letters whom they went to and what they said.
    pub async fn empty_letters(&self, said: &Announcement, letters: &[i64], now: Moment) -> Result<Option<Head>> {
        let Some(mut appending) = self.announce(said, now).await? else {
            return Ok(None);
        };
        let emptied = appending.connection().query(NAMELESS_LETTERS).bind_numbers(letters);
        emptied.bind(now.0).run().await.doing(WRITING)?;
        appending.commit().await.map(Some)
    }

    /// Takes messages out of quarantine up to number `last`; they stay counted.
    pub async fn drop_quarantined(&self, said: &Announcement, last: i64, now: Moment) -> Result<Option<Head>> {
        let Some(mut appending) = self.announce(said, now).await? else {
            return Ok(None);
        };
        let dropped = appending.connection().query(DROP_QUARANTINED).bind(last);
        dropped.run().await.doing(WRITING)?;
        let head = appending.commit().await?;
        let mut taken = self.take_writer().await?;
        taken.writer.forget_quarantined(last);
        taken.put_back();
        Ok(Some(head))
    }

    /// Says that a run is finished, and what it came to.
    pub async fn announce_run(&self, said: &Announcement, now: Moment) -> Result<Option<Head>> {
        match self.announce(said, now).await? {
            Some(appending) => appending.commit().await.map(Some),
            None => Ok(None),
        }
    }

    /// The end of the latest verdict that cannot be judged again as it was: its names were taken out, or what it rests on.
    pub async fn said_up_to(&self) -> Result<Moment> {
        let row = self.shared.readers.query(SAID_UP_TO).one().await.doing(READING)?;
        let (nameless, removed) = row.tuple::<(i64, i64)>().doing(READING)?;
        Ok(Moment(nameless.max(removed)))
    }

    /// Every hold that stands, and the number of the entry by which the last one was released.
    pub async fn holds(&self) -> Result<(Holds, i64)> {
        let (mut holds, mut released) = (Holds::default(), 0);
        for row in self.shared.readers.query(HOLDS).all().await.doing(READING)? {
            let (n, at, body) = row.tuple::<(i64, i64, &[u8])>().doing(READING)?;
            let word: Word = serde_json::from_slice(body)
                .map_err(|_| super::words::unreadable("ledger.body", "another hold than this program writes"))?;
            if matches!(word, Word::Release(_)) {
                released = n;
            }
            holds.hear(n, Moment(at), word);
        }
        Ok((holds, released))
    }

    /// Adds or releases a hold; answers the number of its entry.
    pub async fn hold(&self, word: &Word, now: Moment) -> Result<Option<i64>> {
        let body = serde_json::json!(word).to_string().into_bytes();
        let entry = house_entry(EntryKind::Hold, body, now);
        match self.append(entry, "writing a hold").await? {
            Some(appending) => appending.commit().await.map(|head| Some(head.n)),
            None => Ok(None),
        }
    }

    /// Whether there is such an incident, with its names.
    pub async fn has_incident(&self, n: i64) -> Result<bool> {
        let asked = self.shared.readers.query(INCIDENT).bind(n);
        Ok(asked.optional().await.doing(READING)?.is_some())
    }

    /// The last run that was finished.
    pub async fn last_run(&self) -> Result<Option<LastRun>> {
        for row in self.shared.readers.query(RUNS).bind(0).all().await.doing(READING)? {
            let (n, at, body) = row.tuple::<(i64, i64, &[u8])>().doing(READING)?;
            if let Ok(said) = serde_json::from_slice::<Announcement>(body)
                && said.why == Announcement::RUN
            {
                let at = Moment(at);
                return Ok(Some(LastRun { n, at, said }));
            }
        }
        Ok(None)
    }

    /// The references of everything that an incident rests on which still has its names.
    pub async fn evidence(&self) -> Result<std::collections::HashSet<String>> {
        let (mut all, mut after) = (std::collections::HashSet::new(), 0);
        loop {
            let rows = self
                .shared
                .readers
                .query(EVIDENCE)
                .bind(after)
                .all()
                .await
                .doing(READING)?;
            if rows.is_empty() {
                return Ok(all);
            }
            for row in &rows {
                let (n, evidence) = row.tuple::<(i64, &str)>().doing(READING)?;
                after = n;
                let references: Vec<String> = serde_json::from_str(evidence)
                    .map_err(|_| super::words::unreadable("verdict.evidence", evidence))?;
                all.extend(references);
            }
        }
    }
}

impl Due {
    pub(super) fn new(read: usize) -> Due {
        Due {
            rows: Vec::new(),
            // Behind fewer than were asked for there are none.
            up_to: (read as i64 == PART).then_some(0),
        }
    }

    pub(super) fn note(&mut self, n: i64, due: bool) {
        self.up_to = self.up_to.map(|_| n);
        if due {
            self.rows.push(n);
        }
    }
}
