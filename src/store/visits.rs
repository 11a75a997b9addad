//! The applicants' side: its entries in the ledger, the table folded from them, and the vault of numbers.

use super::Store;
use super::database::{Connection, Row, statements};
use super::error::{Doing as _, Result};
use super::insert::{Cells, Insert, apart};
use super::read::limit;
use super::rows::{BookingRow, NumberRow, Turn};
use crate::engine::event::OfficeId;
use crate::engine::time::Moment;

const READING: &str = "reading bookings";
const ERASING: &str = "erasing numbers";

statements! {
    VISITS = "SELECT n, office, time_ms, clock, body FROM ledger WHERE kind = 'visit' AND n > $1 ORDER BY n LIMIT 5000";
    BOOKINGS = "SELECT office, code, date, from_ms, until_ms, service, nationality, initials, care, language, state, \
             admitted_ms, left_ms, ready_until_ms, collected_ms, twin, changed_ms FROM booking \
             WHERE office = $1 AND date = $2 ORDER BY from_ms, code LIMIT $3";
    BOOKING = "SELECT office, code, date, from_ms, until_ms, service, nationality, initials, care, language, state, \
             admitted_ms, left_ms, ready_until_ms, collected_ms, twin, changed_ms FROM booking \
             WHERE office = $1 AND code = $2";
    NUMBER = "SELECT sealed FROM applicant_number WHERE office = $1 AND code = $2";
    EXTEND = "UPDATE applicant_number SET until_ms = $1 WHERE office = $2 AND code = $3";
    ERASE = "DELETE FROM applicant_number WHERE until_ms <= $1";
    NUMBERS = "SELECT count(*) FROM applicant_number";
    FORGET = "DELETE FROM booking WHERE office = $1 AND code = $2";
}

const BOOKING_ROW: Insert<'static> = Insert {
    table: "booking",
    columns: &[
        "office",
        "code",
        "date",
        "from_ms",
        "until_ms",
        "service",
        "nationality",
        "initials",
        "care",
        "language",
        "state",
        "admitted_ms",
        "left_ms",
        "ready_until_ms",
        "collected_ms",
        "twin",
        "changed_ms",
    ],
    then: " ON CONFLICT (office, code) DO UPDATE SET date = excluded.date, from_ms = excluded.from_ms, \
           until_ms = excluded.until_ms, service = excluded.service, nationality = excluded.nationality, \
           initials = excluded.initials, care = excluded.care, language = excluded.language, state = excluded.state, \
           admitted_ms = excluded.admitted_ms, left_ms = excluded.left_ms, ready_until_ms = excluded.ready_until_ms, \
           collected_ms = excluded.collected_ms, twin = excluded.twin, changed_ms = excluded.changed_ms",
};

const NUMBER_ROW: Insert<'static> = Insert {
    table: "applicant_number",
    columns: &["office", "code", "sealed", "until_ms", "mark"],
    then: " ON CONFLICT (office, code) DO UPDATE SET sealed = excluded.sealed, until_ms = excluded.until_ms, \
           mark = excluded.mark",
};

pub(super) async fn put_visits(connection: &mut Connection, turn: &Turn) -> std::result::Result<(), sqlx::Error> {
    for rows in apart(&turn.bookings, |row| (&row.office, &row.code)) {
        connection.insert(&BOOKING_ROW, rows, put_booking).await?;
    }
    for rows in apart(&turn.numbers, |row| (&row.office, &row.code)) {
        connection.insert(&NUMBER_ROW, rows, put_number).await?;
    }
    for row in &turn.bookings {
        if let Some(until) = row.number_until {
            let query = connection.query(EXTEND).bind(until.0);
            query
                .bind(row.office.as_str().to_owned())
                .bind(row.code.clone())
                .run()
                .await?;
        }
    }
    for (office, code) in &turn.bookings_gone {
        let query = connection.query(FORGET).bind(office.as_str().to_owned());
        query.bind(code.clone()).run().await?;
    }
    Ok(())
}

fn put_booking<'r>(cells: &mut Cells<'r>, row: &'r BookingRow) {
    cells
        .text(row.office.as_str())
        .text(&row.code)
        .text(&row.date)
        .number(row.from.0)
        .number(row.until.0)
        .text(&row.service)
        .text(&row.nationality)
        .text(&row.initials)
        .text_or_null(row.care.as_ref())
        .text(&row.language)
        .text(&row.state)
        .number(row.admitted.map(|at| at.0))
        .number(row.left.map(|at| at.0))
        .number(row.ready_until.map(|at| at.0))
        .number(row.collected.map(|at| at.0))
        .number(i64::from(row.twin))
        .number(row.changed.0);
}

fn put_number<'r>(cells: &mut Cells<'r>, row: &'r NumberRow) {
    cells
        .text(row.office.as_str())
        .text(&row.code)
        .bytes(&row.sealed)
        .number(row.until.0)
        .number(row.mark);
}

/// An entry of the ledger of the applicants' side.
#[derive(Clone, PartialEq, Debug)]
pub struct VisitEntry {
    pub n: i64,
    pub office: OfficeId,
    pub time: Moment,
    pub clock: Option<String>,
    pub body: Vec<u8>,
}

impl Store {
    /// The ledger's entries of the applicants' side behind number `after`, in order; an empty answer is the end.
    pub async fn visits(&self, after: i64) -> Result<Vec<VisitEntry>> {
        let rows = self.shared.readers.query(VISITS).bind(after).all().await;
        rows.doing(READING)?
            .iter()
            .map(|row| {
                Ok(VisitEntry {
                    n: row.try_get(0).doing(READING)?,
                    office: OfficeId::new(row.try_get(1).doing(READING)?),
                    time: Moment(row.try_get(2).doing(READING)?),
                    clock: row.try_get(3).doing(READING)?,
                    body: row.try_get(4).doing(READING)?,
                })
            })
            .collect()
    }

    /// The bookings of a day, in the order of their windows.
    pub async fn bookings(&self, office: &str, date: &str, count: usize) -> Result<Vec<BookingRow>> {
        let query = self.shared.readers.query(BOOKINGS);
        let query = query.bind(office.to_owned()).bind(date.to_owned());
        let rows = query.bind(limit(count)).all().await;
        rows.doing(READING)?.iter().map(booking_row).collect()
    }

    pub async fn booking(&self, office: &str, code: &str) -> Result<Option<BookingRow>> {
        let query = self.shared.readers.query(BOOKING);
        let row = query.bind(office.to_owned()).bind(code.to_owned()).optional().await;
        row.doing(READING)?.as_ref().map(booking_row).transpose()
    }

    /// A sealed number, if it is still kept.
    pub async fn sealed_number(&self, office: &str, code: &str) -> Result<Option<Vec<u8>>> {
        let query = self.shared.readers.query(NUMBER);
        let row = query.bind(office.to_owned()).bind(code.to_owned()).optional().await;
        row.doing(READING)?.map(|row| row.try_get(0).doing(READING)).transpose()
    }

    /// How many numbers are kept.
    pub async fn numbers_kept(&self) -> Result<i64> {
        let row = self.shared.readers.query(NUMBERS).one().await.doing(READING)?;
        row.try_get(0).doing(READING)
    }

    /// Erases the numbers whose time is over; answers how many.
    pub async fn erase_numbers(&self, now: Moment) -> Result<u64> {
        let mut taken = self.take_writer().await?;
        let erased = taken.writer.connection.query(ERASE).bind(now.0).run().await;
        let erased = erased.doing(ERASING)?;
        taken.put_back();
        Ok(erased)
    }
}

fn booking_row(row: &Row) -> Result<BookingRow> {
    let text = |column: usize| row.try_get::<String, _>(column).doing(READING);
    let moment = |column: usize| -> Result<Option<Moment>> {
        let at: Option<i64> = row.try_get(column).doing(READING)?;
        Ok(at.map(Moment))
    };
    Ok(BookingRow {
        office: OfficeId::new(&text(0)?),
        code: text(1)?,
        date: text(2)?,
        from: Moment(row.try_get(3).doing(READING)?),
        until: Moment(row.try_get(4).doing(READING)?),
        service: text(5)?,
        nationality: text(6)?,
        initials: text(7)?,
        care: row.try_get(8).doing(READING)?,
        language: text(9)?,
        state: text(10)?,
        admitted: moment(11)?,
        left: moment(12)?,
        ready_until: moment(13)?,
        collected: moment(14)?,
        twin: row.try_get::<i64, _>(15).doing(READING)? != 0,
        changed: Moment(row.try_get(16).doing(READING)?),
        number_until: None,
    })
}
