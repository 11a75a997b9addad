//! What people order while the monitor runs: other rosters and policies, from now on.

use std::collections::BTreeSet;

use tokio::sync::oneshot;

use super::Daemon;
use super::desk::Texts;
use super::docket::{CaseAnswer, CaseOrder};
use crate::booking::order::{VisitAnswer, VisitOrder};
use crate::case::order::{Look, Seen};
use crate::engine::time::Moment;
use crate::live::Refusal;

/// An order to the one writer.
pub enum Order {
    /// Files that were read and checked, one an office.
    Activate {
        texts: Vec<Texts>,
        answer: oneshot::Sender<Activated>,
    },
    /// What a person does with a case or an exemption.
    Case {
        order: CaseOrder,
        answer: oneshot::Sender<CaseAnswer>,
    },
    /// What happens on the applicants' side.
    Visit {
        order: VisitOrder,
        answer: oneshot::Sender<VisitAnswer>,
    },
    /// What a person may do with cases, before he does it: changes nothing.
    Look {
        look: Look,
        answer: oneshot::Sender<Option<Seen>>,
    },
    /// Files that are refused: what is in force stays, and people are shown why.
    Refuse { faults: String },
}

/// What came into force.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Activated {
    /// Offices whose roster changed.
    pub rosters: Vec<String>,
    /// Policies that were added, changed or removed.
    pub policies: BTreeSet<String>,
}

impl Activated {
    pub fn is_nothing(&self) -> bool {
        self.rosters.is_empty() && self.policies.is_empty()
    }
}

impl Daemon {
    /// Carries an order out; what is to be written waits for the next turn, which follows at once.
    pub(super) fn obey(&mut self, order: Order, now: Moment) {
        match order {
            Order::Case { order, answer } => self.docket.obey(order, answer, &self.desks, now),
            Order::Visit { order, answer } => self.visits.obey(order, answer, &self.desks, now),
            Order::Look { look, answer } => {
                // Whoever asked may have gone meanwhile.
                let _ = answer.send(self.docket.look(&look, &self.desks, now));
            }
            Order::Refuse { faults } => {
                self.metrics.activations_refused.add(1);
                self.memory.refused = Some(Refusal { at: now, faults });
            }
            Order::Activate { texts, answer } => {
                let mut activated = Activated::default();
                let mut refused = None;
                for desk in &mut self.desks {
                    let Some(texts) = texts.iter().find(|texts| texts.office() == Some(desk.office.clone())) else {
                        continue;
                    };
                    let changed = desk.policies_that_differ(texts);
                    match changed.and_then(|changed| Ok((changed, desk.put_in_force(texts, now)?))) {
                        Ok((changed, entries)) => {
                            if desk.roster_changed(&entries) {
                                activated.rosters.push(desk.office.to_string());
                            }
                            activated.policies.extend(changed);
                            self.memory.entries.extend(entries);
                        }
                        // Both were checked before they came here, but may have been written meanwhile.
                        Err(error) => {
                            tracing::error!(office = %desk.office, "a checked file has changed while it was read");
                            self.metrics.activations_refused.add(1);
                            refused = Some(Refusal {
                                at: now,
                                faults: format!("{error:#}"),
                            });
                        }
                    }
                }
                self.memory.refused = refused;
                // Other people may be in line now, or away.
                self.docket.wake = Some(Moment::MIN);
                if !activated.is_nothing() {
                    self.metrics.activations.add(1);
                }
                self.memory.answers.push((answer, activated));
            }
        }
    }

    /// Tells those who ordered something that it is committed.
    pub(super) fn answer(&mut self) {
        for (answer, activated) in self.memory.answers.drain(..) {
            // Whoever asked may have gone meanwhile.
            let _ = answer.send(activated);
        }
    }
}
