//! What people act on although it was over long since: a book forgets what can no longer change, and whoever was told of
//! it must be told on.

use super::Daemon;
use crate::accounts::Scope;
use crate::incident::Book;
use crate::store::rows::Told;
use crate::store::{Result, Store};

impl Daemon {
    /// Takes back into the book the incidents that people acted on since the last turn, and finds out where those read
    /// mail who are answered.
    pub(super) async fn recall(&mut self) {
        for n in self.docket.acted_on() {
            while self.book.incident(n).is_none() {
                match recall(&self.store, &mut self.book, n, &self.docket.cases.mail.recalled).await {
                    Ok(()) => break,
                    Err(error) => self.wait_for_database(error).await,
                }
            }
        }
        for (n, office, person) in self.docket.without_mailbox(&self.desks) {
            let account = loop {
                match self.store.account_of(&office, &person).await {
                    Ok(account) => break account,
                    Err(error) => self.wait_for_database(error).await,
                }
            };
            if let Some((address, language)) = account.and_then(|account| Some((account.email?, account.language))) {
                self.docket.mailboxes.insert(n, (address, language));
            }
        }
    }
}

async fn recall(store: &Store, book: &mut Book, n: i64, digests: &[Told]) -> Result<()> {
    // One whose names were let go of has nobody left to be told.
    if let Some(row) = store.incident(&Scope::whole(), n).await? {
        let verdicts = store.verdicts_of(&Scope::whole(), n).await?;
        let mut letters = store.told_of(n).await?;
        letters.extend(digests.iter().filter(|letter| letter.incident == n).cloned());
        letters.sort_by_key(|letter| letter.created);
        book.recall(row, verdicts, &letters);
    }
    Ok(())
}
