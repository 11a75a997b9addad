//! The designated channel: messages leased, sent and settled, each change of one an entry of the ledger with it; and what
//! applicants wrote, sealed.

use super::Store;
use super::database::{Connection, Row, statements};
use super::error::{Doing as _, Result};
use super::insert::{Cells, Insert};
use super::read::limit;
use super::removal::house_entry;
use super::rows::{EntryKind, NewMessage, Turn};
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;

const READING: &str = "reading messages";
const WRITING: &str = "writing a message";
/// A message that may have gone out is asked about for so long before it goes out again.
pub const UNSURE_MS: i64 = 10 * 60_000;

statements! {
    LEASE = "UPDATE message SET leased_until_ms = $1, attempts = attempts + 1 WHERE key IN \
             (SELECT key FROM message WHERE state IN ('queued', 'unsure') AND due_ms <= $2 AND leased_until_ms IS NULL \
             ORDER BY due_ms, key LIMIT $3) \
             RETURNING key, office, code, template, words, attempts, created_ms";
    DOUBT = "UPDATE message SET state = 'unsure', leased_until_ms = NULL, due_ms = $1 \
             WHERE leased_until_ms <= $2 AND state IN ('queued', 'unsure')";
    NEXT_DUE = "SELECT min(CASE WHEN leased_until_ms > due_ms THEN leased_until_ms ELSE due_ms END) FROM message \
             WHERE state IN ('queued', 'unsure')";
    STATE = "SELECT key, office, code, template, state FROM message WHERE key = $1";
    OF_WAMID = "SELECT key, office, code, template, state FROM message WHERE wamid = $1";
    SETTLE = "UPDATE message SET state = $1, wamid = coalesce($2, wamid), error = $3, changed_ms = $4, leased_until_ms = NULL, \
             words = CASE WHEN $1 IN ('sent', 'failed') THEN NULL ELSE words END \
             WHERE key = $5 AND state = $6";
    LATER = "UPDATE message SET state = $1, error = $2, due_ms = $3, leased_until_ms = NULL WHERE key = $4 \
             AND state IN ('queued', 'unsure')";
    COUNTS = "SELECT state, count(*) FROM message WHERE (office = $1 OR $1 IS NULL) GROUP BY state ORDER BY state";
    LAST = "SELECT key, code, template, state, error, attempts, created_ms, changed_ms FROM message WHERE office = $1 \
             AND (state = $2 OR $2 IS NULL) ORDER BY created_ms DESC, key DESC LIMIT $3";
    MARKED = "SELECT office, code FROM applicant_number WHERE mark = $1 ORDER BY until_ms DESC LIMIT 1";
    HEARD = "UPDATE applicant_number SET heard_ms = $1 WHERE mark = $2 AND (heard_ms IS NULL OR heard_ms < $1)";
    HEARD_AT = "SELECT heard_ms FROM applicant_number WHERE office = $1 AND code = $2";
    KNOWN = "SELECT count(*) FROM contact WHERE id = $1";
    CONTACTS = "SELECT id, office, kind, code, words, at_ms, opened_ms, opened_by FROM contact \
             WHERE office = $1 AND kind = $2 ORDER BY at_ms DESC, id LIMIT $3";
    REPORTER = "SELECT reporter FROM contact WHERE office = $1 AND id = $2 AND kind = 'report'";
    OPENED = "UPDATE contact SET opened_ms = $1, opened_by = $2 WHERE id = $3";
}

const MESSAGE: Insert<'static> = Insert {
    table: "message",
    columns: &[
        "key",
        "office",
        "code",
        "template",
        "words",
        "state",
        "attempts",
        "due_ms",
        "created_ms",
        "changed_ms",
    ],
    // Never twice for one key.
    then: " ON CONFLICT (key) DO NOTHING",
};

const CONTACT: Insert<'static> = Insert {
    table: "contact",
    columns: &["id", "office", "kind", "code", "words", "reporter", "at_ms"],
    then: " ON CONFLICT (id) DO NOTHING",
};

/// A message that is ours to send until the lease ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeasedMessage {
    pub key: String,
    pub office: OfficeId,
    pub code: String,
    pub template: String,
    pub words: Option<String>,
    pub attempt: i64,
    pub created: Moment,
}

/// What became of a message, for good or until more is heard of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    Queued,
    /// It may have gone out, and nobody has said so.
    Unsure,
    Sent,
    Failed,
    /// Not over the channel: it stands on the list that is put up in the office.
    Printed,
    Delivered,
    Read,
}

impl Fate {
    pub const ALL: [Fate; 7] = [
        Fate::Queued,
        Fate::Unsure,
        Fate::Sent,
        Fate::Failed,
        Fate::Printed,
        Fate::Delivered,
        Fate::Read,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Fate::Queued => "queued",
            Fate::Unsure => "unsure",
            Fate::Sent => "sent",
            Fate::Failed => "failed",
            Fate::Printed => "printed",
            Fate::Delivered => "delivered",
            Fate::Read => "read",
        }
    }

    pub fn parse(text: &str) -> Option<Fate> {
        Fate::ALL.into_iter().find(|fate| fate.as_str() == text)
    }

    /// Whether what is heard now says more: statuses come in any order, and only ever forward.
    pub fn may_become(self, next: Fate) -> bool {
        next > self
    }
}

/// Which message is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    Key(String),
    /// By the channel's number of it.
    Wamid(String),
}

/// A message as pages show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageRow {
    pub key: String,
    pub code: String,
    pub template: String,
    pub state: String,
    pub error: Option<String>,
    pub attempts: i64,
    pub created: Moment,
    pub changed: Moment,
}

/// What somebody wrote, still sealed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewContact {
    pub id: String,
    pub office: OfficeId,
    pub kind: &'static str,
    pub code: Option<String>,
    pub words: Option<Vec<u8>>,
    pub reporter: Option<Vec<u8>>,
    pub at: Moment,
}

/// The same, as it is read back; the reporter apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContactRow {
    pub id: String,
    pub office: OfficeId,
    pub kind: String,
    pub code: Option<String>,
    pub words: Option<Vec<u8>>,
    pub at: Moment,
    pub opened: Option<(Moment, String)>,
}

pub(super) async fn put_messages(connection: &mut Connection, turn: &Turn) -> std::result::Result<(), sqlx::Error> {
    for message in &turn.messages {
        connection
            .insert(&MESSAGE, std::slice::from_ref(message), put_message)
            .await?;
    }
    Ok(())
}

fn put_message<'r>(cells: &mut Cells<'r>, row: &'r NewMessage) {
    cells
        .text(&row.key)
        .text(row.office.as_str())
        .text(&row.code)
        .text(row.template)
        .text_or_null(row.words.as_ref())
        .text(Fate::Queued.as_str())
        .number(0)
        .number(row.due.0)
        .number(row.created.0)
        .number(row.created.0);
}

fn put_contact<'r>(cells: &mut Cells<'r>, row: &'r NewContact) {
    cells
        .text(&row.id)
        .text(row.office.as_str())
        .text(row.kind)
        .text_or_null(row.code.as_ref())
        .bytes_or_null(row.words.as_deref())
        .bytes_or_null(row.reporter.as_deref())
        .number(row.at.0);
}

impl Store {
    /// Takes up to `count` messages that are due, for `lease_ms`. Those of a lease that ended may have gone out: they are
    /// left to be asked about first.
    pub async fn lease_messages(&self, now: Moment, count: usize, lease_ms: i64) -> Result<Vec<LeasedMessage>> {
        let mut taken = self.take_writer().await?;
        let connection = &mut taken.writer.connection;
        let doubt = connection
            .query(DOUBT)
            .bind(now.plus_ms(UNSURE_MS).0)
            .bind(now.0)
            .run()
            .await;
        doubt.doing(WRITING)?;
        let rows = connection
            .query(LEASE)
            .bind(now.plus_ms(lease_ms).0)
            .bind(now.0)
            .bind(limit(count))
            .all()
            .await
            .doing(WRITING)?;
        taken.put_back();
        rows.iter()
            .map(|row| {
                Ok(LeasedMessage {
                    key: row.try_get(0).doing(READING)?,
                    office: OfficeId::new(row.try_get(1).doing(READING)?),
                    code: row.try_get(2).doing(READING)?,
                    template: row.try_get(3).doing(READING)?,
                    words: row.try_get(4).doing(READING)?,
                    attempt: row.try_get(5).doing(READING)?,
                    created: Moment(row.try_get(6).doing(READING)?),
                })
            })
            .collect()
    }

    /// When the next message is due.
    pub async fn next_message(&self) -> Result<Option<Moment>> {
        let row = self.shared.readers.query(NEXT_DUE).one().await.doing(READING)?;
        let at: Option<i64> = row.try_get(0).doing(READING)?;
        Ok(at.map(Moment))
    }

    /// It could not be sent, or nobody knows whether it was: it is looked at again then.
    pub async fn message_later(&self, key: &str, fate: Fate, why: &str, due: Moment) -> Result<()> {
        let mut taken = self.take_writer().await?;
        let query = taken
            .writer
            .connection
            .query(LATER)
            .bind(fate.as_str().to_owned())
            .bind(why.to_owned());
        query.bind(due.0).bind(key.to_owned()).run().await.doing(WRITING)?;
        taken.put_back();
        Ok(())
    }

    /// Writes what became of a message, with the entry that proves it; `false` where it says nothing new.
    pub async fn settle_message(
        &self,
        which: &Which,
        fate: Fate,
        wamid: Option<&str>,
        why: Option<&str>,
        now: Moment,
    ) -> Result<bool> {
        let query = match which {
            Which::Key(key) => self.shared.readers.query(STATE).bind(key.clone()),
            Which::Wamid(wamid) => self.shared.readers.query(OF_WAMID).bind(wamid.clone()),
        };
        let Some(row) = query.optional().await.doing(READING)? else {
            return Ok(false);
        };
        let text = |column: usize| row.try_get::<String, _>(column).doing(READING);
        let (key, office, code, template, state) = (text(0)?, text(1)?, text(2)?, text(3)?, text(4)?);
        let before = Fate::parse(&state).unwrap_or(Fate::Queued);
        if !before.may_become(fate) {
            return Ok(false);
        }
        let body = serde_json::json!({
            "message": key, "office": office, "booking": code, "template": template, "state": fate.as_str(),
            "wamid": wamid, "why": why, "at": now.rfc3339(chrono_tz::UTC),
        });
        let entry = house_entry(EntryKind::Message, body.to_string().into_bytes(), now);
        // A turn whose answer was lost is found out first; whoever tells of a status tells again.
        let Some(mut appending) = self.append(entry, WRITING).await? else {
            return Err(super::error::Error::Locked { doing: WRITING });
        };
        let query = appending.connection().query(SETTLE).bind(fate.as_str().to_owned());
        let query = query.bind(wamid.map(str::to_owned)).bind(why.map(str::to_owned));
        let settled = query.bind(now.0).bind(key).bind(state).run().await.doing(WRITING)?;
        if settled == 0 {
            // Somebody else has settled it meanwhile. What is begun is dropped, and so is not written.
            return Err(super::error::Error::Locked { doing: WRITING });
        }
        appending.commit().await?;
        Ok(true)
    }

    /// How many messages are in each state.
    pub async fn message_counts(&self, office: Option<&str>) -> Result<Vec<(String, i64)>> {
        let rows = self
            .shared
            .readers
            .query(COUNTS)
            .bind(office.map(str::to_owned))
            .all()
            .await;
        rows.doing(READING)?
            .iter()
            .map(|row| row.tuple().doing(READING))
            .collect()
    }

    /// The newest messages of an office.
    pub async fn messages(&self, office: &str, fate: Option<Fate>, count: usize) -> Result<Vec<MessageRow>> {
        let query = self.shared.readers.query(LAST).bind(office.to_owned());
        let query = query.bind(fate.map(|fate| fate.as_str().to_owned()));
        let rows = query.bind(limit(count)).all().await;
        rows.doing(READING)?.iter().map(message_row).collect()
    }

    /// Whose number has this mark.
    pub async fn number_marked(&self, mark: i64) -> Result<Option<(OfficeId, String)>> {
        let row = self
            .shared
            .readers
            .query(MARKED)
            .bind(mark)
            .optional()
            .await
            .doing(READING)?;
        row.map(|row| {
            let (office, code): (String, String) = row.tuple().doing(READING)?;
            Ok((OfficeId::new(&office), code))
        })
        .transpose()
    }

    /// When the holder of a booking last wrote.
    pub async fn heard(&self, office: &str, code: &str) -> Result<Option<Moment>> {
        let query = self
            .shared
            .readers
            .query(HEARD_AT)
            .bind(office.to_owned())
            .bind(code.to_owned());
        let Some(row) = query.optional().await.doing(READING)? else {
            return Ok(None);
        };
        let at: Option<i64> = row.try_get(0).doing(READING)?;
        Ok(at.map(Moment))
    }

    /// Takes in what somebody wrote, once, and what is answered; `false`: it was known.
    pub async fn take_contact(&self, contact: &NewContact, mark: i64, reply: Option<&NewMessage>) -> Result<bool> {
        let known = self
            .shared
            .readers
            .query(KNOWN)
            .bind(contact.id.clone())
            .one()
            .await
            .doing(READING)?;
        if known.try_get::<i64, _>(0).doing(READING)? > 0 {
            return Ok(false);
        }
        let body = serde_json::json!({
            "contact": contact.id, "office": contact.office.as_str(), "booking": contact.code, "kind": contact.kind,
        });
        let entry = house_entry(EntryKind::Message, body.to_string().into_bytes(), contact.at);
        let Some(mut appending) = self.append(entry, WRITING).await? else {
            return Err(super::error::Error::Locked { doing: WRITING });
        };
        let connection = appending.connection();
        connection
            .insert(&CONTACT, std::slice::from_ref(contact), put_contact)
            .await
            .doing(WRITING)?;
        connection
            .query(HEARD)
            .bind(contact.at.0)
            .bind(mark)
            .run()
            .await
            .doing(WRITING)?;
        if let Some(reply) = reply {
            connection
                .insert(&MESSAGE, std::slice::from_ref(reply), put_message)
                .await
                .doing(WRITING)?;
        }
        appending.commit().await?;
        Ok(true)
    }

    /// What was written to an office, the newest first; nobody's identity is with it.
    pub async fn contacts(&self, office: &str, kind: &str, count: usize) -> Result<Vec<ContactRow>> {
        let query = self
            .shared
            .readers
            .query(CONTACTS)
            .bind(office.to_owned())
            .bind(kind.to_owned());
        let rows = query.bind(limit(count)).all().await;
        rows.doing(READING)?.iter().map(contact_row).collect()
    }

    /// Opens who reported something, with the entry that says who did and why. `None`: there is no such report, or it came
    /// from nobody known.
    pub async fn open_reporter(
        &self,
        office: &str,
        id: &str,
        by: &str,
        reason: &str,
        now: Moment,
    ) -> Result<Option<Vec<u8>>> {
        let query = self
            .shared
            .readers
            .query(REPORTER)
            .bind(office.to_owned())
            .bind(id.to_owned());
        let Some(row) = query.optional().await.doing(READING)? else {
            return Ok(None);
        };
        let sealed: Option<Vec<u8>> = row.try_get(0).doing(READING)?;
        let body = serde_json::json!({ "opened": id, "office": office, "by": by, "reason": reason });
        let entry = house_entry(EntryKind::Message, body.to_string().into_bytes(), now);
        let Some(mut appending) = self.append(entry, WRITING).await? else {
            return Err(super::error::Error::Locked { doing: WRITING });
        };
        let query = appending.connection().query(OPENED).bind(now.0).bind(by.to_owned());
        query.bind(id.to_owned()).run().await.doing(WRITING)?;
        appending.commit().await?;
        Ok(sealed)
    }
}

fn message_row(row: &Row) -> Result<MessageRow> {
    Ok(MessageRow {
        key: row.try_get(0).doing(READING)?,
        code: row.try_get(1).doing(READING)?,
        template: row.try_get(2).doing(READING)?,
        state: row.try_get(3).doing(READING)?,
        error: row.try_get(4).doing(READING)?,
        attempts: row.try_get(5).doing(READING)?,
        created: Moment(row.try_get(6).doing(READING)?),
        changed: Moment(row.try_get(7).doing(READING)?),
    })
}

fn contact_row(row: &Row) -> Result<ContactRow> {
    let opened: Option<i64> = row.try_get(6).doing(READING)?;
    let by: Option<String> = row.try_get(7).doing(READING)?;
    Ok(ContactRow {
        id: row.try_get(0).doing(READING)?,
        office: OfficeId::new(row.try_get(1).doing(READING)?),
        kind: row.try_get(2).doing(READING)?,
        code: row.try_get(3).doing(READING)?,
        words: row.try_get(4).doing(READING)?,
        at: Moment(row.try_get(5).doing(READING)?),
        opened: opened.map(Moment).zip(by),
    })
}
