//! What people act on although it was over long since: a book forgets what can no longer change, and whoever was told of
//! it must be told on.

use super::Daemon;
use crate::accounts::Scope;
use crate::case::mail::Mail;
use crate::incident::Book;
use crate::store::{Error, Result, Store};

impl Daemon {
    /// Takes back into the book the incidents that people acted on since the last turn, and finds out where those read
    /// mail who are answered.
    pub(super) async fn recall(&mut self) {
        for n in self.docket.acted_on() {
            while self.book.incident(n).is_none() {
                match recall(&self.store, &mut self.book, n, &self.docket.cases.mail).await {
                    Ok(()) => break,
                    Err(error) if error.passes() => self.wait_for_database(error).await,
                    Err(error) => {
                        give_up(
                            error,
                            "an incident that people acted on cannot be read: nobody is told of it by mail",
                        );
                        break;
                    }
                }
            }
        }
        for (n, office, person) in self.docket.without_mailbox(&self.desks) {
            let account = loop {
                match self.store.account_of(&office, &person).await {
                    Ok(account) => break account,
                    Err(error) if error.passes() => self.wait_for_database(error).await,
                    Err(error) => {
                        give_up(
                            error,
                            "an account cannot be read: its holder gets no mail about his correction",
                        );
                        break None;
                    }
                }
            };
            if let Some((address, language)) = account.and_then(|account| Some((account.email?, account.language))) {
                self.docket.mailboxes.insert(n, (address, language));
            }
        }
    }
}

/// What people did is written all the same: the turn waits for nothing that does not pass by itself.
fn give_up(error: Error, what: &str) {
    tracing::error!(error = format!("{:#}", anyhow::Error::new(error)), "{what}");
}

async fn recall(store: &Store, book: &mut Book, n: i64, mail: &Mail) -> Result<()> {
    // One whose names were let go of has nobody left to be told.
    if let Some(row) = store.incident(&Scope::whole(), n).await? {
        let verdicts = store.verdicts_of(&Scope::whole(), n).await?;
        let mut letters = store.told_of(n).await?;
        let beside = mail.recalled_beside(&letters).into_iter();
        letters.extend(beside.filter(|letter| letter.incident == n));
        letters.sort_by_key(|letter| letter.created);
        book.recall(row, verdicts, &letters);
    }
    Ok(())
}
