//! Minutes of service, hour by hour: derived from the ledger, measured again where late events touch a date, and summed for
//! whoever looks.

use chrono::NaiveDate;

use super::Store;
use super::database::{Row, statements};
use super::error::{Doing as _, Result};
use super::insert::{Cells, Insert};
use crate::accounts::Scope;
use crate::compliance::{Hour, Service};
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;

const READING: &str = "reading minutes of service";
const KEEPING: &str = "keeping minutes of service";
/// Whoever measures otherwise raises it, and everything is measured again.
const FORMAT: i64 = 1;

/// What is summed, in the order in which `sum` reads it.
macro_rules! sums {
    () => {
        "CAST(SUM(served_ms) AS BIGINT), CAST(SUM(known_ms) AS BIGINT), CAST(SUM(verified_ms) AS BIGINT), \
         CAST(SUM(exempt_ms) AS BIGINT), CAST(SUM(sessions) AS BIGINT)"
    };
}

statements! {
    MEASURED = "SELECT ledger_n FROM service_measured WHERE office = $1 AND format = $2";
    /// The earliest of what came after an entry, and the office clock: the latest tick, of which there is one among the last
    /// entries if there are any, else the latest of all.
    EARLIEST = "SELECT MIN(time_ms) FROM ledger \
             WHERE n > $1 AND n <= $2 AND office = $3 AND kind IN ('event', 'pulse', 'tick')";
    CLOCK = "SELECT COALESCE(\
             (SELECT MAX(time_ms) FROM ledger WHERE n > $2 - 100000 AND office = $1 AND kind = 'tick'), \
             (SELECT MAX(time_ms) FROM ledger WHERE office = $1 AND kind IN ('event', 'pulse', 'tick')))";
    FORGET = "DELETE FROM service_hour WHERE office = $1 AND date = $2";
    /// Whoever served, his minutes stay at the counter.
    NAMELESS = concat!("INSERT INTO service_hour (office, date, hour, counter, officer, served_ms, known_ms, verified_ms, exempt_ms, \
             sessions) SELECT office, date, hour, counter, '', ", sums!(), " \
             FROM service_hour WHERE date < $1 AND officer <> '' GROUP BY office, date, hour, counter \
             ON CONFLICT (office, date, hour, counter, officer) DO UPDATE SET \
             served_ms = service_hour.served_ms + excluded.served_ms, known_ms = service_hour.known_ms + excluded.known_ms, \
             verified_ms = service_hour.verified_ms + excluded.verified_ms, \
             exempt_ms = service_hour.exempt_ms + excluded.exempt_ms, sessions = service_hour.sessions + excluded.sessions");
    NAMED = "DELETE FROM service_hour WHERE date < $1 AND officer <> ''";
    MARK = "INSERT INTO service_measured (office, ledger_n, format) VALUES ($1, $2, $3) \
             ON CONFLICT (office) DO UPDATE SET ledger_n = excluded.ledger_n, format = excluded.format";
    BY_DATE = concat!("SELECT office, date, ", sums!(),
             " FROM (SELECT service_hour.*, 'none' AS class FROM service_hour) AS h \
             WHERE (office = $4 OR $4 IS NULL) AND date >= $5 AND date <= $6 AND "), seen(h), " \
             GROUP BY office, date ORDER BY office, date";
    BY_COUNTER = concat!("SELECT office, counter, ", sums!(),
             " FROM (SELECT service_hour.*, 'none' AS class FROM service_hour) AS h \
             WHERE (office = $4 OR $4 IS NULL) AND date >= $5 AND date <= $6 AND "), seen(h), " \
             GROUP BY office, counter ORDER BY office, counter";
    BY_HOUR = concat!("SELECT date, CAST(hour AS TEXT), ", sums!(),
             " FROM (SELECT service_hour.*, 'none' AS class FROM service_hour) AS h \
             WHERE (office = $4 OR $4 IS NULL) AND date >= $5 AND date <= $6 AND "), seen(h), " \
             GROUP BY date, hour ORDER BY date, hour";
    BY_COUNTER_HOUR = concat!("SELECT counter, CAST(hour AS TEXT), ", sums!(),
             " FROM (SELECT service_hour.*, 'none' AS class FROM service_hour) AS h \
             WHERE (office = $4 OR $4 IS NULL) AND date >= $5 AND date <= $6 AND "), seen(h), " \
             GROUP BY counter, hour ORDER BY counter, hour";
}

const SERVICE_HOUR: Insert<'static> = Insert {
    table: "service_hour",
    columns: &[
        "office",
        "date",
        "hour",
        "counter",
        "officer",
        "served_ms",
        "known_ms",
        "verified_ms",
        "exempt_ms",
        "sessions",
    ],
    then: "",
};

/// Which service is summed: of one office or all, on these dates, both included.
#[derive(Clone, Debug)]
pub struct Span {
    pub office: Option<String>,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// What is one sum's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Each {
    /// Office and date.
    Date,
    /// Office and counter.
    Counter,
    /// Date and hour.
    Hour,
    /// Counter and hour of the day.
    CounterHour,
}

/// A sum, and the two words that say of what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sum {
    pub of: [String; 2],
    pub service: Service,
}

impl Store {
    /// Up to which entry an office is measured; 0 where it is not, or was measured otherwise.
    pub async fn service_measured(&self, office: &OfficeId) -> Result<i64> {
        let readers = &self.shared.readers;
        let row = readers.query(MEASURED).bind(office.as_str()).bind(FORMAT).optional();
        match row.await.doing(READING)? {
            Some(row) => row.try_get(0).doing(READING),
            None => Ok(0),
        }
    }

    /// From the earliest moment that entries of an office after number `after`, up to number `to`, speak of, to its clock;
    /// `None` where they speak of none.
    pub async fn service_touched(&self, office: &OfficeId, after: i64, to: i64) -> Result<Option<(Moment, Moment)>> {
        let readers = &self.shared.readers;
        let earliest = readers.query(EARLIEST).bind(after).bind(to).bind(office.as_str());
        let clock = readers.query(CLOCK).bind(office.as_str()).bind(to);
        let moment = |row: Option<Row>| -> Result<Option<Moment>> {
            let Some(row) = row else { return Ok(None) };
            let at: Option<i64> = row.try_get(0).doing(READING)?;
            Ok(at.map(Moment))
        };
        let earliest = moment(earliest.optional().await.doing(READING)?)?;
        let clock = moment(clock.optional().await.doing(READING)?)?;
        Ok(earliest.zip(clock))
    }

    /// Replaces what was measured of these dates, by what is known up to entry `ledger_n`.
    pub async fn keep_service(
        &self,
        office: &OfficeId,
        dates: &[NaiveDate],
        hours: &[(Hour, Service)],
        ledger_n: i64,
    ) -> Result<()> {
        let mut taken = self.take_writer().await?;
        let connection = &mut taken.writer.connection;
        connection.begin().await.doing(KEEPING)?;
        for date in dates {
            let gone = connection
                .query(FORGET)
                .bind(office.as_str().to_owned())
                .bind(date.to_string());
            gone.run().await.doing(KEEPING)?;
        }
        let put = |cells: &mut Cells<'_>, (hour, service): &(Hour, Service)| {
            cells
                .text(office.as_str().to_owned())
                .text(hour.date.to_string())
                .number(i64::from(hour.hour))
                .text(hour.counter.as_str().to_owned())
                .text(hour.officer.as_str().to_owned())
                .number(service.served_ms)
                .number(service.known_ms)
                .number(service.verified_ms)
                .number(service.exempt_ms)
                .number(service.sessions);
        };
        connection.insert(&SERVICE_HOUR, hours, put).await.doing(KEEPING)?;
        let marked = connection
            .query(MARK)
            .bind(office.as_str().to_owned())
            .bind(ledger_n)
            .bind(FORMAT);
        marked.run().await.doing(KEEPING)?;
        connection.commit().await.doing(KEEPING)?;
        taken.put_back();
        Ok(())
    }

    /// Takes the officers out of minutes before a date, as the events that told of them go; the sums stay.
    pub async fn forget_who_served(&self, before: NaiveDate) -> Result<()> {
        let mut taken = self.take_writer().await?;
        let connection = &mut taken.writer.connection;
        connection.begin().await.doing(KEEPING)?;
        for sql in [NAMELESS, NAMED] {
            let done = connection.query(sql).bind(before.to_string());
            done.run().await.doing(KEEPING)?;
        }
        connection.commit().await.doing(KEEPING)?;
        taken.put_back();
        Ok(())
    }

    /// Of officers within the scope.
    pub async fn service(&self, scope: &Scope, span: &Span, each: Each) -> Result<Vec<Sum>> {
        let sql = match each {
            Each::Date => BY_DATE,
            Each::Counter => BY_COUNTER,
            Each::Hour => BY_HOUR,
            Each::CounterHour => BY_COUNTER_HOUR,
        };
        let rows = self
            .shared
            .readers
            .query(sql)
            .bind_reach(&scope.cases)
            .bind(span.office.clone())
            .bind(span.from.to_string())
            .bind(span.to.to_string())
            .all();
        rows.await.doing(READING)?.iter().map(sum).collect()
    }
}

fn sum(row: &Row) -> Result<Sum> {
    let text = |at| row.try_get(at).doing(READING);
    let number = |at| row.try_get(at).doing(READING);
    Ok(Sum {
        of: [text(0)?, text(1)?],
        service: Service {
            served_ms: number(2)?,
            known_ms: number(3)?,
            verified_ms: number(4)?,
            exempt_ms: number(5)?,
            sessions: number(6)?,
        },
    })
}
