//! Letters as people look at them: those of incidents they may see, or their own.

use super::{READING, limit, moment, moment_or_none};
use crate::accounts::Scope;
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::store::Store;
use crate::store::database::{Row, statements};
use crate::store::error::{Doing as _, Result};
use crate::store::rows::LetterKind;
use crate::store::words::{language, letter_kind};

// What goes to the holders of accounts holds keys to them: nobody reads it here.
statements! {
    LETTERS = "SELECT outbox.n, incident, kind, person, address, language, subject, message_id, in_reply_to, outbox.created_ms, due_ms, \
             attempts, leased_until_ms, sent_ms, dead_ms, last_error FROM outbox \
             LEFT JOIN incident ON incident.n = outbox.incident WHERE ($4 = CASE WHEN sent_ms IS NOT NULL THEN 'sent' WHEN dead_ms IS NOT NULL THEN 'dead' \
             ELSE 'waiting' END OR $4 IS NULL) AND (outbox.n < $5 OR $5 IS NULL) \
             AND kind <> 'account' AND (", seen(incident), " OR (incident.office || '@' || outbox.person) IN ", any_of(1),
             " OR EXISTS (SELECT 1 FROM digest JOIN incident AS told ON told.n = digest.incident \
             WHERE digest.letter = outbox.n AND (told.office || '@' || outbox.person) IN ", any_of(1), ")) ORDER BY outbox.n DESC LIMIT $6";
    LETTERS_OF = "SELECT outbox.n, incident, kind, person, address, language, subject, message_id, in_reply_to, outbox.created_ms, due_ms, \
             attempts, leased_until_ms, sent_ms, dead_ms, last_error FROM outbox \
             LEFT JOIN incident ON incident.n = outbox.incident WHERE (outbox.incident = $4 OR outbox.n IN (SELECT letter FROM digest WHERE digest.incident = $4)) \
             AND kind <> 'account' AND (", seen(incident), " OR (incident.office || '@' || outbox.person) IN ", any_of(1),
             " OR EXISTS (SELECT 1 FROM digest JOIN incident AS told ON told.n = digest.incident \
             WHERE digest.letter = outbox.n AND (told.office || '@' || outbox.person) IN ", any_of(1), ")) ORDER BY outbox.n LIMIT 500";
    LETTER = "SELECT outbox.n, incident, kind, person, address, language, subject, message_id, in_reply_to, outbox.created_ms, due_ms, \
             attempts, leased_until_ms, sent_ms, dead_ms, last_error, text_body, html_body FROM outbox \
             LEFT JOIN incident ON incident.n = outbox.incident WHERE outbox.n = $4 \
             AND kind <> 'account' AND (", seen(incident), " OR (incident.office || '@' || outbox.person) IN ", any_of(1),
             " OR EXISTS (SELECT 1 FROM digest JOIN incident AS told ON told.n = digest.incident \
             WHERE digest.letter = outbox.n AND (told.office || '@' || outbox.person) IN ", any_of(1), "))";
}

/// A letter without its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LetterRow {
    pub n: i64,
    pub incident: Option<i64>,
    pub kind: LetterKind,
    pub person: String,
    pub address: String,
    pub language: Language,
    pub subject: String,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub created: Moment,
    pub due: Moment,
    pub attempts: i64,
    pub leased_until: Option<Moment>,
    pub sent: Option<Moment>,
    pub dead: Option<Moment>,
    pub last_error: Option<String>,
}

/// What became of a letter so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LetterState {
    Waiting,
    Sent,
    Dead,
}

impl LetterState {
    pub const ALL: [LetterState; 3] = [LetterState::Waiting, LetterState::Sent, LetterState::Dead];

    pub fn as_str(self) -> &'static str {
        match self {
            LetterState::Waiting => "waiting",
            LetterState::Sent => "sent",
            LetterState::Dead => "dead",
        }
    }
}

impl LetterRow {
    pub fn state(&self) -> LetterState {
        match (self.sent, self.dead) {
            (Some(_), _) => LetterState::Sent,
            (None, Some(_)) => LetterState::Dead,
            (None, None) => LetterState::Waiting,
        }
    }
}

impl Store {
    /// Letters, the newest first.
    pub async fn letters(
        &self,
        scope: &Scope,
        state: Option<LetterState>,
        before: Option<i64>,
        count: usize,
    ) -> Result<Vec<LetterRow>> {
        let rows = self
            .shared
            .readers
            .query(LETTERS)
            .bind_reach(&scope.letters)
            .bind(state.map(LetterState::as_str))
            .bind(before)
            .bind(limit(count))
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(letter_row).collect()
    }

    /// The letters of an incident, in the order they were written.
    pub async fn letters_of(&self, scope: &Scope, incident: i64) -> Result<Vec<LetterRow>> {
        let rows = self
            .shared
            .readers
            .query(LETTERS_OF)
            .bind_reach(&scope.letters)
            .bind(incident)
            .all()
            .await
            .doing(READING)?;
        rows.iter().map(letter_row).collect()
    }

    /// One letter with its text and its HTML.
    pub async fn letter(&self, scope: &Scope, n: i64) -> Result<Option<(LetterRow, String, String)>> {
        let row = self
            .shared
            .readers
            .query(LETTER)
            .bind_reach(&scope.letters)
            .bind(n)
            .optional()
            .await
            .doing(READING)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let (text, html): (&str, &str) = (row.try_get(16).doing(READING)?, row.try_get(17).doing(READING)?);
        // Who sees codes sees them here too.
        let (text, html) = (scope.covered(text).into_owned(), scope.covered(html).into_owned());
        Ok(Some((letter_row(&row)?, text, html)))
    }
}

fn letter_row(row: &Row) -> Result<LetterRow> {
    Ok(LetterRow {
        n: row.try_get(0).doing(READING)?,
        incident: row.try_get(1).doing(READING)?,
        kind: letter_kind(row.try_get(2).doing(READING)?)?,
        person: row.try_get(3).doing(READING)?,
        address: row.try_get(4).doing(READING)?,
        language: language(row.try_get(5).doing(READING)?)?,
        subject: row.try_get(6).doing(READING)?,
        message_id: row.try_get(7).doing(READING)?,
        in_reply_to: row.try_get(8).doing(READING)?,
        created: moment(row, 9)?,
        due: moment(row, 10)?,
        attempts: row.try_get(11).doing(READING)?,
        leased_until: moment_or_none(row, 12)?,
        sent: moment_or_none(row, 13)?,
        dead: moment_or_none(row, 14)?,
        last_error: row.try_get(15).doing(READING)?,
    })
}
