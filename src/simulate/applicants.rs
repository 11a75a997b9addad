//! One applicant after another, and what goes wrong meanwhile.

use super::draft::{Draft, MINUTE, SECOND};
use super::sitting::{Episode, Sitting};
use crate::engine::event::{Kind, UsbClass};
use crate::engine::time::Moment;

impl Sitting<'_> {
    /// One applicant.
    pub(super) fn serve_one(&mut self, draft: &mut Draft, from: Moment) -> Episode {
        // Two throws: most take about eight minutes, few four or twelve.
        let length = draft.between(2 * MINUTE, 6 * MINUTE) + draft.between(2 * MINUTE, 6 * MINUTE);
        let mut booking = String::from("TNG-");
        for _ in 0..6 {
            booking.push(
                draft
                    .rng
                    .choice(b"23456789ABCDEFGHJKMNPQRSTVWXYZ")
                    .map_or('2', |byte| char::from(*byte)),
            );
        }
        // Walk-ins of the priority lane have none.
        let booked = draft.happens(0.95);
        let episode = Episode {
            from,
            until: from.plus_ms(length),
            booking: booking.into(),
        };
        let started = Kind::ServiceStarted {
            booking: booked.then(|| episode.booking.clone()),
        };
        draft.push(from, self.counter, started);
        // A forgotten end lasts until the next start, or until it lapses.
        if !draft.goes_wrong(0.004) {
            draft.push(episode.until, self.counter, Kind::ServiceEnded);
        }
        self.episodes.push(episode.clone());
        episode
    }

    /// One applicant after another, with what goes wrong meanwhile. Answers when the last one has left.
    pub fn serve(&mut self, draft: &mut Draft, from: Moment, until: Moment) -> Moment {
        let mut at = from;
        let mut coffee = draft
            .happens(0.35)
            .then(|| from.plus_ms(draft.between(90 * MINUTE, 150 * MINUTE)));
        let mut ended = from;
        while at < until.plus_ms(-4 * MINUTE) {
            let episode = self.serve_one(draft, at);
            self.slip(draft, &episode, until);
            ended = episode.until;
            at = ended.plus_ms(draft.between(10 * SECOND, 90 * SECOND));
            if draft.happens(0.08) {
                // Nobody is waiting.
                at = at.plus_ms(draft.between(MINUTE, 6 * MINUTE));
            }
            if coffee.is_some_and(|coffee| coffee < at) {
                coffee = None;
                if at < until.plus_ms(-30 * MINUTE) {
                    at = self.short_break(draft, ended.plus_ms(10 * SECOND));
                }
            }
        }
        ended
    }

    /// What may go wrong while an applicant sits there.
    fn slip(&mut self, draft: &mut Draft, episode: &Episode, until: Moment) {
        let at = episode.from;
        if draft.goes_wrong(0.0016) {
            let from = at.plus_ms(draft.between(20 * SECOND, 90 * SECOND));
            let back = from.plus_ms(draft.between(2 * MINUTE, 9 * MINUTE));
            if back < until && self.carry(draft, from, back) && draft.happens(0.1) {
                let (officer, by) = (self.officer.id.clone(), self.supervisor());
                draft.system(from.plus_ms(90 * SECOND), Kind::Seen { officer, by });
            }
        } else if draft.goes_wrong(0.001) {
            let length = draft.between(40 * SECOND, 4 * MINUTE);
            self.open_app(draft, at.plus_ms(30 * SECOND), length, "messaging");
        } else if draft.goes_wrong(0.0007) {
            use UsbClass::{ChargeOnly, Mtp, Ncm, Ptp, Rndis};
            let class = draft
                .rng
                .choice([Mtp, Mtp, Ptp, Rndis, Ncm, ChargeOnly, ChargeOnly])
                .unwrap_or(Mtp);
            let id = || Some("port-2".into());
            let (from, length) = (at.plus_ms(MINUTE), draft.between(MINUTE, 8 * MINUTE));
            draft.push(
                from,
                self.counter,
                Kind::UsbAttached {
                    class,
                    id: id(),
                    allowed: false,
                },
            );
            draft.push(
                from.plus_ms(length),
                self.counter,
                Kind::UsbDetached { class, id: id() },
            );
        } else if draft.happens(0.02) {
            // What the work itself needs.
            let length = draft.between(30 * SECOND, 2 * MINUTE);
            self.open_app(draft, at.plus_ms(40 * SECOND), length, "browser");
        }
    }

    fn open_app(&self, draft: &mut Draft, at: Moment, length: i64, category: &str) {
        let category: Box<str> = category.into();
        draft.push(
            at,
            self.counter,
            Kind::AppOpened {
                category: category.clone(),
            },
        );
        draft.push(at.plus_ms(length), self.counter, Kind::AppClosed { category });
    }

    /// Prayer or coffee, sometimes with the phone. Answers when the next applicant may come.
    fn short_break(&mut self, draft: &mut Draft, from: Moment) -> Moment {
        let kind: Box<str> = if draft.rng.bool() {
            "ibadah".into()
        } else {
            "jeda".into()
        };
        let until = from.plus_ms(draft.between(5 * MINUTE, 12 * MINUTE));
        draft.push(
            from,
            self.counter,
            Kind::BreakStarted {
                kind: Some(kind.clone()),
            },
        );
        draft.push(until, self.counter, Kind::BreakEnded { kind: Some(kind) });
        self.breaks.push((from, until));
        if draft.happens(0.4) {
            // Who forgets to put it back serves with it on him.
            let back = match draft.goes_wrong(0.05) {
                true => until.plus_ms(draft.between(3 * MINUTE, 15 * MINUTE)),
                false => until.plus_ms(-40 * SECOND),
            };
            self.carry(draft, from.plus_ms(20 * SECOND), back);
        }
        until.plus_ms(draft.between(20 * SECOND, 90 * SECOND))
    }
}
