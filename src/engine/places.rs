//! Places of an office and how long one needs at least from one to the other: `[[travel]]` of a roster.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::expr::instead;
use super::names::DeviceIx;
use super::roster::{Device, Roster};
use super::time::Span;

/// Clocks of two devices may differ by this much in all without anything being held against an officer.
const CLOCK_DOUBT_MS: i64 = 2 * 60_000;

/// Nobody gets from one of these places to the other in less.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Travel {
    pub between: [String; 2],
    pub takes_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TravelToml {
    between: Spanned<[String; 2]>,
    takes: Spanned<Span>,
}

/// Reads the table of travels; every place in it must be the place of a device.
pub(super) fn check<'d>(
    list: Vec<TravelToml>,
    devices: impl Iterator<Item = &'d Device>,
    faults: &mut Vec<(Range<usize>, String)>,
) -> Vec<Travel> {
    let places: Vec<&str> = devices.filter_map(|device| device.place.as_deref()).collect();
    let mut travels: Vec<Travel> = Vec::new();
    for travel in list {
        let at = travel.between.span();
        let between = travel.between.into_inner();
        for place in &between {
            if !places.contains(&place.as_str()) {
                let near = instead(place, places.iter().copied());
                let near = near.map(|near| format!("; {near}")).unwrap_or_default();
                faults.push((at.clone(), format!("no device has the place \"{place}\"{near}")));
            }
        }
        if between[0] == between[1] {
            faults.push((
                at.clone(),
                "a travel leads from one place to another; give two places".into(),
            ));
        }
        let same = |other: &&Travel| other.between.iter().all(|place| between.contains(place));
        if travels.iter().any(|other| same(&other)) {
            faults.push((
                at,
                format!("\"{}\" and \"{}\" have a travel already", between[0], between[1]),
            ));
        }
        let takes_ms = travel.takes.get_ref().ms;
        if takes_ms <= CLOCK_DOUBT_MS {
            faults.push((
                travel.takes.span(),
                format!(
                    "less than {} says nothing: the clocks of two devices may differ by as much",
                    Span::ms(CLOCK_DOUBT_MS + 1)
                ),
            ));
        }
        travels.push(Travel { between, takes_ms });
    }
    travels
}

/// The places of the devices in numbers, and the travels between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// By `DeviceIx`.
    of: Vec<Option<u16>>,
    travels: Vec<(u16, u16, i64)>,
}

impl Places {
    pub fn new(roster: &Roster, mut number: impl FnMut(&Device) -> DeviceIx) -> Places {
        let mut places = Places::default();
        if roster.travel.is_empty() {
            return places;
        }
        let mut names: Vec<&str> = Vec::new();
        for device in roster.counters.iter().chain(&roster.lockboxes) {
            let Some(name) = &device.place else { continue };
            let ix = number(device).at();
            let known = names.iter().position(|known| known == name);
            let here = known.unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            if places.of.len() <= ix {
                places.of.resize(ix + 1, None);
            }
            places.of[ix] = u16::try_from(here).ok();
        }
        for travel in &roster.travel {
            let number = |place: &str| {
                let at = names.iter().position(|known| *known == place)?;
                u16::try_from(at).ok()
            };
            let [from, to] = &travel.between;
            let ends = number(from).zip(number(to));
            places
                .travels
                .extend(ends.map(|(from, to)| (from, to, travel.takes_ms)));
        }
        places
    }

    /// Where a device stands, if any travel is known at all.
    pub fn of(&self, device: DeviceIx) -> Option<u16> {
        self.of.get(device.at()).copied().flatten()
    }

    /// Whether nobody can be at `to` so soon after he was at `from`. A tie and the doubt about clocks favour him, and of
    /// places without a travel between them nothing is said.
    pub fn out_of_reach(&self, from: u16, to: u16, apart_ms: i64) -> bool {
        self.travels
            .iter()
            .find(|(a, b, _)| (*a, *b) == (from, to) || (*b, *a) == (from, to))
            .is_some_and(|(_, _, takes_ms)| apart_ms + CLOCK_DOUBT_MS < *takes_ms)
    }
}
