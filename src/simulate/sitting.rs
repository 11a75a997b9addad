//! One officer at one counter: where his phones are, whom he serves, when he pauses and goes home.

use super::draft::{Draft, MINUTE, SECOND, Source};
use crate::engine::event::{HandsetId, Kind, UsbClass};
use crate::engine::roster::Officer;
use crate::engine::time::Moment;

/// What an officer does with his private phones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keeping {
    Lockbox(Source),
    /// A supervisor keeps them.
    ByHand,
    DeclaredNone,
    /// Nobody knows of a phone and nothing was declared.
    Unknown,
}

/// An episode with an applicant.
#[derive(Clone, Debug)]
pub(super) struct Episode {
    pub from: Moment,
    pub until: Moment,
    pub booking: Box<str>,
}

pub(super) struct Sitting<'r> {
    pub officer: &'r Officer,
    pub counter: Source,
    pub keeping: Keeping,
    /// Active private ones, each with its slot.
    handsets: Vec<(HandsetId, u32)>,
    pub signed_in: Moment,
    pub leaves: Moment,
    pub episodes: Vec<Episode>,
    pub breaks: Vec<(Moment, Moment)>,
    /// When the phones were on him.
    pub out: Vec<(Moment, Moment)>,
}

impl<'r> Sitting<'r> {
    pub fn new(draft: &Draft<'r>, officer: &'r Officer, counter: Source) -> Sitting<'r> {
        let private = |officer: &Officer| {
            officer
                .handsets
                .iter()
                .filter(|handset| handset.is_active_private())
                .count()
        };
        // Each phone of a lockbox has a slot of its own, as far as they reach.
        let before: usize = draft
            .roster
            .officers
            .iter()
            .take_while(|other| other.id != officer.id)
            .filter(|other| other.lockbox == officer.lockbox)
            .map(private)
            .sum();
        let slots = officer
            .lockbox
            .as_ref()
            .and_then(|id| draft.roster.lockboxes.iter().find(|lockbox| lockbox.id == *id))
            .and_then(|lockbox| lockbox.slots)
            .unwrap_or(u32::MAX)
            .max(1);
        let handsets: Vec<_> = officer
            .handsets
            .iter()
            .filter(|handset| handset.is_active_private())
            .enumerate()
            .map(|(n, handset)| (handset.id.clone(), (before + n) as u32 % slots + 1))
            .collect();
        let keeping = match officer.lockbox.as_ref().and_then(|id| draft.lockbox_named(id)) {
            _ if handsets.is_empty() => Keeping::Unknown,
            Some(lockbox) => Keeping::Lockbox(lockbox),
            None => Keeping::ByHand,
        };
        Sitting {
            officer,
            counter,
            keeping,
            handsets,
            signed_in: Moment::MAX,
            leaves: Moment::MAX,
            episodes: Vec::new(),
            breaks: Vec::new(),
            out: Vec::new(),
        }
    }

    /// The supervisor who checks on him.
    pub fn supervisor(&self) -> Box<str> {
        self.officer.supervisor.as_deref().unwrap_or("s-01").into()
    }

    pub fn has_handsets(&self) -> bool {
        !self.handsets.is_empty()
    }

    pub fn is_out(&self, at: Moment) -> bool {
        self.out.iter().any(|(from, until)| (*from..*until).contains(&at))
    }

    /// The moment itself, or the end of the phones' way in or out: nobody looks into a slot while they are moved.
    pub fn settled(&self, at: Moment) -> Moment {
        let way = self.handsets.len() as i64 * 4 * SECOND;
        let ways = self.out.iter().flat_map(|(from, until)| [from.plus_ms(way), *until]);
        let under_way = |end: &Moment| (1..=way).contains(&end.ms_since(at));
        ways.filter(under_way).max().unwrap_or(at)
    }

    pub fn is_on_break(&self, at: Moment) -> bool {
        self.breaks.iter().any(|(from, until)| (*from..*until).contains(&at))
    }

    fn is_in_throughout(&self, from: Moment, until: Moment) -> bool {
        !self.out.iter().any(|(start, end)| *start < until && from < *end)
    }

    pub fn put_in(&self, draft: &mut Draft, at: Moment) {
        self.move_phones(draft, at, true);
    }

    pub fn take_out(&self, draft: &mut Draft, at: Moment) {
        self.move_phones(draft, at, false);
    }

    fn move_phones(&self, draft: &mut Draft, at: Moment, deposit: bool) {
        let Keeping::Lockbox(lockbox) = self.keeping else {
            return;
        };
        // Most lockboxes read which phone it is; some know the slot only.
        let named = draft.happens(0.85);
        for (n, (handset, slot)) in self.handsets.iter().enumerate() {
            let (officer, slot) = (self.officer.id.clone(), *slot);
            let handset = named.then(|| handset.clone());
            let kind = match deposit {
                true => Kind::Deposited {
                    officer,
                    slot,
                    handset,
                    by: None,
                },
                false => Kind::Withdrawn {
                    officer,
                    slot,
                    handset,
                    by: None,
                },
            };
            draft.push(at.plus_ms(n as i64 * 4 * SECOND), lockbox, kind);
        }
    }

    /// The phones are on him from `from` to `until`; nothing where they cannot be.
    pub fn carry(&mut self, draft: &mut Draft, from: Moment, until: Moment) -> bool {
        let spare = self.handsets.len() as i64 * 4 * SECOND;
        if !matches!(self.keeping, Keeping::Lockbox(_)) || !self.is_in_throughout(from, until.plus_ms(spare)) {
            return false;
        }
        self.take_out(draft, from);
        self.put_in(draft, until);
        self.out.push((from, until.plus_ms(spare)));
        true
    }

    /// Signs in; the workstation says its state again: the counter's camera is attached.
    pub fn sign_in(&self, draft: &mut Draft, at: Moment) {
        draft.push(
            at,
            self.counter,
            Kind::SignedIn {
                officer: self.officer.id.clone(),
            },
        );
        let camera = Kind::UsbAttached {
            class: UsbClass::Ptp,
            id: Some("kamera".into()),
            allowed: true,
        };
        draft.push(at.plus_ms(SECOND), self.counter, camera);
    }

    /// Comes, puts the phones away and signs in. Answers when the first applicant may come.
    pub fn arrive(&mut self, draft: &mut Draft, shift: Moment) -> Moment {
        let officer = || self.officer.id.clone();
        // A swapped shift is now and then entered late.
        let entered = if draft.goes_wrong(0.006) {
            shift.plus_ms(draft.between(40 * MINUTE, 90 * MINUTE))
        } else {
            shift
        };
        draft.system(entered, Kind::ShiftStarted { officer: officer() });
        let arrives = shift.plus_ms(draft.between(SECOND, 10 * MINUTE));
        let spare = self.handsets.len() as i64 * 4 * SECOND;
        let signs_in = arrives.plus_ms(spare + draft.between(30 * SECOND, 3 * MINUTE));
        let mut deposited = arrives;
        match self.keeping {
            Keeping::Unknown if !draft.goes_wrong(0.1) => self.keeping = Keeping::DeclaredNone,
            Keeping::Unknown => {}
            Keeping::Lockbox(_) if draft.happens(0.01) => self.keeping = Keeping::DeclaredNone,
            Keeping::Lockbox(_) if draft.goes_wrong(0.012) => {
                deposited = signs_in.plus_ms(draft.between(6 * MINUTE, 15 * MINUTE));
                self.out.push((arrives, deposited.plus_ms(spare)));
            }
            _ => {}
        }
        match self.keeping {
            Keeping::DeclaredNone => draft.system(arrives, Kind::DeclaredNone { officer: officer() }),
            Keeping::ByHand => self.hand_over(draft, arrives),
            Keeping::Lockbox(_) => self.put_in(draft, deposited),
            Keeping::Unknown => {}
        }
        if self.keeping == Keeping::DeclaredNone && self.has_handsets() && draft.goes_wrong(0.15) {
            let by = self.supervisor();
            let seen = signs_in.plus_ms(draft.between(30 * MINUTE, 120 * MINUTE));
            draft.system(seen, Kind::Seen { officer: officer(), by });
        }
        let mut begins = signs_in.plus_ms(draft.between(MINUTE, 5 * MINUTE));
        if deposited > begins && draft.happens(0.5) {
            begins = deposited.plus_ms(spare + MINUTE);
        }
        self.signed_in = signs_in;
        // Now and then the first applicant is served before the officer has signed in.
        if draft.goes_wrong(0.005) {
            let episode = self.serve_one(draft, signs_in);
            self.signed_in = episode.until.plus_ms(20 * SECOND);
            begins = episode.until.plus_ms(MINUTE);
        }
        self.sign_in(draft, self.signed_in);
        begins
    }

    fn hand_over(&self, draft: &mut Draft, at: Moment) {
        let (by, witness) = (self.supervisor(), "i-01".into());
        draft.system(
            at,
            Kind::Held {
                officer: self.officer.id.clone(),
                by,
                witness,
            },
        );
    }

    /// The long break. Answers when the next applicant may come.
    pub fn pause(&mut self, draft: &mut Draft, from: Moment, back: Moment) -> Moment {
        let from = from.plus_ms(draft.between(10 * SECOND, 3 * MINUTE));
        let until = back.plus_ms(draft.between(0, 3 * MINUTE));
        let kind = || Some("istirahat".into());
        draft.push(from, self.counter, Kind::BreakStarted { kind: kind() });
        draft.push(until, self.counter, Kind::BreakEnded { kind: kind() });
        self.breaks.push((from, until));
        let (taken, returned) = (from.plus_ms(20 * SECOND), until.plus_ms(-50 * SECOND));
        if self.keeping == Keeping::ByHand {
            let (by, witness) = (self.supervisor(), "i-01".into());
            draft.system(
                taken,
                Kind::Returned {
                    officer: self.officer.id.clone(),
                    by,
                    witness,
                },
            );
            self.hand_over(draft, returned);
            self.out.push((taken, returned));
        } else {
            let returned = match draft.goes_wrong(0.01) {
                true => until.plus_ms(draft.between(4 * MINUTE, 20 * MINUTE)),
                false => returned,
            };
            self.carry(draft, taken, returned);
        }
        until.plus_ms(draft.between(30 * SECOND, 4 * MINUTE))
    }

    /// Signs out, takes the phones and goes.
    pub fn leave(&mut self, draft: &mut Draft, from: Moment) {
        let officer = || self.officer.id.clone();
        let leaves = from.plus_ms(draft.between(30 * SECOND, 6 * MINUTE));
        self.leaves = leaves;
        if !draft.goes_wrong(0.015) {
            draft.push(leaves, self.counter, Kind::SignedOut { officer: officer() });
        }
        let takes = leaves.plus_ms(40 * SECOND);
        if self.keeping == Keeping::ByHand {
            let (by, witness) = (self.supervisor(), "i-01".into());
            draft.system(
                takes,
                Kind::Returned {
                    officer: officer(),
                    by,
                    witness,
                },
            );
        } else {
            self.take_out(draft, takes);
        }
        self.out.push((takes, Moment::MAX));
        draft.system(leaves.plus_ms(2 * MINUTE), Kind::ShiftEnded { officer: officer() });
    }

    /// A family matter: the phone may be on him for some hours.
    pub fn exempt(&mut self, draft: &mut Draft) {
        let from = draft.working_moment();
        let until = from.plus_ms(draft.between(30 * MINUTE, 80 * MINUTE));
        if self.is_on_break(from) || until > self.leaves || from < self.signed_in {
            return;
        }
        let officer = || self.officer.id.clone();
        // Some are granted only when it has begun.
        let granted = match draft.happens(0.3) {
            true => from.plus_ms(draft.between(5 * MINUTE, 25 * MINUTE)),
            false => from.plus_ms(-draft.between(5 * MINUTE, 30 * MINUTE)),
        };
        let grant = Kind::Granted {
            officer: officer(),
            from,
            until,
            approver: "s-02".into(),
        };
        draft.system(granted, grant);
        let mut back = until.plus_ms(-3 * MINUTE);
        if draft.happens(0.2) {
            let revoked = from.max(granted).plus_ms(draft.between(4 * MINUTE, 20 * MINUTE));
            if revoked < until {
                draft.system(revoked, Kind::Revoked { officer: officer() });
                back = back.min(revoked.plus_ms(-MINUTE));
            }
        }
        let taken = from.plus_ms(2 * MINUTE);
        if taken < back && draft.happens(0.7) {
            self.carry(draft, taken, back);
        }
    }

    /// An official phone passes through the lockbox; that changes nothing.
    pub fn park_official_phone(&self, draft: &mut Draft) {
        let official = self.officer.handsets.iter().find(|handset| !handset.private);
        let (Some(official), Keeping::Lockbox(lockbox)) = (official, self.keeping) else {
            return;
        };
        let (officer, handset, slot) = (self.officer.id.clone(), Some(official.id.clone()), 1);
        let at = draft.working_moment();
        let back = at.plus_ms(draft.between(10 * MINUTE, 50 * MINUTE));
        let deposited = Kind::Deposited {
            officer: officer.clone(),
            slot,
            handset: handset.clone(),
            by: None,
        };
        draft.push(at, lockbox, deposited);
        draft.push(
            back,
            lockbox,
            Kind::Withdrawn {
                officer,
                slot,
                handset,
                by: None,
            },
        );
    }
}
