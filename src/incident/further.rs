//! Letters of an incident that its verdicts do not call for: what is unanswered, and what people decided.

use super::post::policy_that_is_gone;
use super::{Asked, Book, Correspondent};
use crate::engine::policy::Head;
use crate::engine::roster::{Person, Roster};
use crate::engine::time::Moment;
use crate::letter::Change;
use crate::store::rows::{LetterKind, NewLetter};

/// Whom a further letter goes to.
#[derive(Clone, Copy, Debug)]
pub enum To<'a> {
    /// These people, who are told on from then on.
    People(&'a [&'a Person]),
    /// Everybody who was told, but for one who knows: he did it himself.
    AllBut(&'a str),
}

impl Book {
    /// Writes a letter in the incident's threads. Nobody is told of himself, whoever asks for it.
    #[expect(clippy::too_many_arguments, reason = "a letter is made of all of these, once")]
    pub fn write_further(
        &mut self,
        n: i64,
        to: To<'_>,
        kind: LetterKind,
        changes: &[Change],
        roster: &Roster,
        policies: &[Head],
        clock: Moment,
    ) -> Vec<NewLetter> {
        let now = self.date(clock);
        let Some(incident) = self.incidents.get_mut(&n) else {
            return Vec::new();
        };
        if let To::People(people) = to {
            for person in people {
                if incident.correspondents.iter().all(|one| one.person != person.id) {
                    incident.correspondents.push(Correspondent::new(person));
                }
            }
        }
        let gone;
        let head = match policies.iter().find(|head| head.id == incident.row.policy) {
            Some(head) => head,
            None => {
                gone = policy_that_is_gone(incident);
                &gone
            }
        };
        incident.look_up(roster);
        let stretches = match incident.stands.is_empty() {
            true => incident.stood.clone(),
            false => incident.stands.clone(),
        };
        let wanted = |person: &str| match to {
            To::People(people) => people.iter().any(|one| one.id == person),
            To::AllBut(other) => person != other,
        };
        let mut letters = Vec::new();
        for ix in 0..incident.correspondents.len() {
            let one = &incident.correspondents[ix];
            // A newcomer has had no letter yet; of the others only those who were told are told on.
            let told = matches!(to, To::People(_)) || one.letters > 0;
            if one.may_be_told && told && wanted(&one.person) {
                letters.push(incident.letter(ix, kind, changes, head, roster, &self.house, &stretches, now));
            }
        }
        for letter in &mut letters {
            letter.due = clock;
        }
        letters
    }

    /// What exemptions were asked for, by whom.
    pub fn knows_asked(&mut self, asked: Vec<Asked>) {
        self.asked = asked;
    }

    /// What letters say of the installation.
    pub fn house(&self) -> &crate::letter::House {
        &self.house
    }

    /// What stands of an incident, for those who tell of it in their own way.
    pub fn incident(&self, n: i64) -> Option<&crate::store::rows::IncidentRow> {
        self.incidents.get(&n).map(|incident| &incident.row)
    }
}
