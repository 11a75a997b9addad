//! Measures the service that a ledger tells of, date by date, again where events came late.

use anyhow::{Context as _, Result};
use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::explain::stored;
use super::ledger::rules;
use crate::compliance::measure;
use crate::daemon::DAY_MS;
use crate::engine::event::{DeviceId, Event, Kind, OfficeId, SYSTEM};
use crate::engine::time::Moment;
use crate::store::Store;

/// Dates that are measured together, up to so many.
const TOGETHER_MAX: usize = 7;
/// What comes after a date says whether a device was silent at its end.
const AFTERWARDS_MS: i64 = 3_600_000;

/// Measures an office from the first date on that entries since the last time speak of, and answers how many dates that
/// were. What came late for a date says what was in the lockboxes on those after it too.
pub async fn measure_stored(store: &Store, office: &OfficeId, settle_after_ms: i64) -> Result<usize> {
    let head = store.head().await.context("the ledger cannot be read")?.n;
    let measured = store.service_measured(office).await?;
    if measured == head {
        return Ok(0);
    }
    let Some((earliest, clock)) = store.service_touched(office, measured, head).await? else {
        store.keep_service(office, &[], &[], head).await?;
        return Ok(0);
    };
    let rules = rules(store, office).await?;
    let zone = rules.last().context("a ledger without rules")?.roster.office.zone;
    let dates: Vec<NaiveDate> = earliest
        .date(zone)
        .iter_days()
        .take_while(|date| *date <= clock.date(zone))
        .collect();
    let portions: Vec<&[NaiveDate]> = dates.chunks(TOGETHER_MAX).collect();
    for (ix, portion) in portions.iter().enumerate() {
        let (first, last) = (portion[0], portion[portion.len() - 1]);
        // No event may be later than that, so what was before it had its chance to be told again.
        let begin = midnight(first, zone).plus_ms(-settle_after_ms - DAY_MS);
        let end = midnight(last, zone).plus_ms(DAY_MS + AFTERWARDS_MS).min(clock);
        let mut past = stored(store, office, &rules, begin..=end, settle_after_ms).await?;
        // The office clock goes on at night too.
        past.events.push(tick(office, end));
        let hours = tokio::task::spawn_blocking(move || measure(&past, first..=last, zone)).await?;
        let hours: Vec<_> = hours.into_iter().collect();
        // All but the last portion leave the mark where it is: whoever is interrupted measures them again.
        let up_to = if ix + 1 == portions.len() { head } else { measured };
        store.keep_service(office, portion, &hours, up_to).await?;
    }
    Ok(dates.len())
}

fn tick(office: &OfficeId, at: Moment) -> Event {
    Event {
        office: office.clone(),
        device: DeviceId::new(SYSTEM),
        id: "measured".into(),
        time: at,
        place: None,
        kind: Kind::Ticked,
        reading: None,
    }
}

fn midnight(date: NaiveDate, zone: Tz) -> Moment {
    Moment::of_local(date.and_time(NaiveTime::MIN), zone).unwrap_or_default()
}
