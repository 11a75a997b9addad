//! The other lists as files: letters, quarantine, devices, policies and the sums behind each chart, under the filters their pages
//! have.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;

use super::Site;
use super::ask::{Ask, Reader};
use super::export::{PAGE, paged, traced};
use super::fault::Fault;
use super::table::{Cell, Column, Form, Table};
use super::words::Words;
use super::{devices, policies, service, shown};
use crate::engine::event::Trust;
use crate::letter;
use crate::store::Each;
use crate::store::read::{LetterRow, LetterState, QuarantineRow};

fn text(words: &str) -> Cell {
    Cell::Text(words.to_owned())
}

/// A file whose rows are all there.
fn file(form: Form, name: &str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Response {
    let mut bytes = Vec::new();
    let mut table = Table::begin(form, columns, &mut bytes);
    for cells in &rows {
        table.row(cells, &mut bytes);
    }
    table.end(&mut bytes);
    form.answer(name, Body::from(bytes))
}

/// `GET /letters/export`: without what stands in them.
pub async fn letters(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let form = Form::of(&ask)?;
    let state = match ask.param("state") {
        None => None,
        Some(word) => Some(
            LetterState::ALL
                .into_iter()
                .find(|state| state.as_str() == word)
                .ok_or(Fault::BadQuestion)?,
        ),
    };
    traced(&site, &ask, &reader).await?;
    let words = ask.words;
    let columns = vec![
        ("letter", words.pick("Nomor", "Number")),
        ("incident", words.incident),
        ("recipient", words.recipient),
        ("address", words.pick("Alamat", "Address")),
        ("subject", words.subject),
        ("written", words.written),
        ("state", words.state),
        ("attempts", words.attempts),
        ("sent", words.sent_at),
        ("last_error", words.last_error),
    ];
    let (scope, zone) = (ask.scope(), ask.zone());
    let page = move |before| {
        let (store, scope) = (site.store.clone(), scope.clone());
        async move { store.letters(&scope, state, before, PAGE).await }
    };
    let cells = move |row: &LetterRow| {
        let cells = vec![
            Cell::Whole(row.n),
            row.incident.map_or(Cell::None, Cell::Whole),
            text(&row.person),
            text(&row.address),
            text(&row.subject),
            Cell::Moment(row.created, zone),
            text(row.state().as_str()),
            Cell::Whole(row.attempts),
            row.sent.map_or(Cell::None, |at| Cell::Moment(at, zone)),
            row.last_error.as_deref().map_or(Cell::None, text),
        ];
        (row.n, Some(cells))
    };
    Ok(paged(form, "letters", columns, page, cells))
}

/// `GET /quarantine/export`: without the messages themselves, which may name people.
pub async fn quarantine(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let form = Form::of(&ask)?;
    let code = ask.param("code").map(str::to_owned);
    traced(&site, &ask, &reader).await?;
    let words = ask.words;
    let columns = vec![
        ("number", words.pick("Nomor", "Number")),
        ("received", words.received),
        ("topic", words.topic),
        ("code", words.reason),
        ("bytes", words.bytes),
    ];
    let (scope, zone) = (ask.scope(), ask.zone());
    let page = move |before| {
        let (store, scope, code) = (site.store.clone(), scope.clone(), code.clone());
        async move { store.quarantined(&scope, code.as_deref(), before, PAGE, 0).await }
    };
    let cells = move |row: &QuarantineRow| {
        let cells = vec![
            Cell::Whole(row.n),
            Cell::Moment(row.received, zone),
            text(&shown::safe(row.topic.as_bytes())),
            text(&row.code),
            Cell::Whole(row.payload_bytes as i64),
        ];
        (row.n, Some(cells))
    };
    Ok(paged(form, "quarantine", columns, page, cells))
}

/// `GET /devices/export`
pub async fn devices(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let form = Form::of(&ask)?;
    let office = ask.office().ok_or(Fault::NotFound)?;
    traced(&site, &ask, &reader).await?;
    let words = ask.words;
    let zone = office.roster.office.zone;
    let columns = vec![
        ("device", words.device),
        ("name", words.pick("Nama", "Name")),
        ("connection", words.connection),
        ("last_event", words.last_event),
        ("silent_since", words.silent_since),
        (
            "clock_offset_s",
            words.pick("Selisih jam (detik)", "Clock offset (seconds)"),
        ),
        ("clock", words.device_clock),
        ("gaps", words.gaps),
    ];
    let rows = office
        .roster
        .counters
        .iter()
        .chain(&office.roster.lockboxes)
        .map(|device| {
            let id = device.id.as_str();
            let (silent, last) = devices::seen(office, id);
            let clock = office.clocks.iter().find(|clock| clock.device.as_str() == id);
            let gaps = office
                .gaps
                .iter()
                .filter(|gap| gap.device.as_str() == id && gap.filled.is_none());
            vec![
                text(id),
                text(&device.name),
                office.status(id).map_or(Cell::None, |status| {
                    text(if status.online { words.online } else { words.offline })
                }),
                last.map_or(Cell::None, |at| Cell::Moment(at, zone)),
                silent.map_or(Cell::None, |at| Cell::Moment(at, zone)),
                clock
                    .and_then(|clock| clock.offset_ms)
                    .map_or(Cell::None, |ms| Cell::Number(ms as f64 / 1e3)),
                clock.and_then(|clock| clock.marked).map_or(Cell::None, |(trust, _)| {
                    text(match trust {
                        Trust::Corrected => words.clock_corrected,
                        Trust::Poor => words.clock_poor,
                    })
                }),
                Cell::Whole(gaps.count() as i64),
            ]
        });
    Ok(file(form, "devices", columns, rows.collect()))
}

/// `GET /policies/export`
pub async fn policies(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let form = Form::of(&ask)?;
    let office = ask.office().ok_or(Fault::NotFound)?;
    let hits = policies::hits(&site, &ask, office).await?;
    traced(&site, &ask, &reader).await?;
    let words = ask.words;
    let columns = vec![
        ("policy", words.policy),
        ("title", words.what),
        ("class", words.class),
        ("severity", words.pick("Tingkat", "Severity")),
        ("basis", words.basis),
        ("condition", words.condition),
        ("for_s", words.pick("Batas waktu (detik)", "Limit (seconds)")),
        ("enabled", words.pick("Berlaku", "In force")),
        ("decision", words.decision),
        (
            "incidents_28_days",
            words.pick("Insiden 28 hari", "Incidents in 28 days"),
        ),
        ("last", words.pick("Terakhir", "Last")),
    ];
    let rows = office.policies.iter().map(|policy| {
        let hits = hits.get(policy.id.as_str());
        vec![
            text(policy.id.as_str()),
            text(shown::title(policy, words.language)),
            text(policy.class.as_str()),
            text(policy.severity.as_str()),
            text(&policy.basis),
            text(&policy.condition),
            Cell::Number(policy.for_ms as f64 / 1e3),
            text(if policy.enabled { "yes" } else { "no" }),
            letter::decision(policy, words.language).map_or(Cell::None, Cell::Text),
            Cell::Whole(hits.map_or(0, |hits| hits.incidents)),
            hits.map_or(Cell::None, |hits| Cell::Moment(hits.last, office.roster.office.zone)),
        ]
    });
    Ok(file(form, "policies", columns, rows.collect()))
}

/// What two words a sum is of, as columns.
fn names(each: Each, words: &Words) -> [Column; 2] {
    let hour = ("hour", words.pick("Jam", "Hour"));
    match each {
        Each::Date => [("office", words.office_menu), ("date", words.date)],
        Each::Counter => [("office", words.office_menu), ("counter", words.counter_word)],
        Each::Hour => [("date", words.date), hour],
        Each::CounterHour => [("counter", words.counter_word), hour],
    }
}

/// A date of the database, an hour, or a name.
fn word(name: &str, text: &str) -> Cell {
    let whole = || Cell::Text(text.to_owned());
    match name {
        "date" => text.parse().map_or_else(|_| whole(), Cell::Date),
        "hour" => text.parse().map_or_else(|_| whole(), Cell::Whole),
        _ => whole(),
    }
}

/// `GET /compliance/export`: the sums behind a chart, those of each date unless `each` says otherwise.
pub async fn compliance(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let form = Form::of(&ask)?;
    let each = service::each(&ask)?;
    let span = service::span(&ask)?;
    let sums = site.store.service(&ask.scope(), &span, each).await?;
    traced(&site, &ask, &reader).await?;
    let words = ask.words;
    let names = names(each, words);
    let mut columns = names.to_vec();
    columns.extend([
        ("served_minutes", words.pick("Pelayanan (menit)", "Service (minutes)")),
        ("known_minutes", words.pick("Diketahui (menit)", "Known (minutes)")),
        ("verified_minutes", words.pick("Terbukti (menit)", "Verified (minutes)")),
        ("exempt_minutes", words.pick("Dikecualikan (menit)", "Exempt (minutes)")),
        ("sessions", words.served_sessions),
        ("compliance", words.compliance_share),
        ("coverage", words.coverage_share),
    ]);
    let minutes = |ms: i64| Cell::Number((ms as f64 / 600.0).round() / 100.0);
    let share = |share: Option<f64>| share.map_or(Cell::None, |share| Cell::Share((share * 1e4).floor() / 1e4));
    let rows = sums.iter().map(|sum| {
        let told = sum.service;
        vec![
            word(names[0].0, &sum.of[0]),
            word(names[1].0, &sum.of[1]),
            minutes(told.served_ms),
            minutes(told.known_ms),
            minutes(told.verified_ms),
            minutes(told.exempt_ms),
            Cell::Whole(told.sessions),
            share(told.compliance()),
            share(told.coverage()),
        ]
    });
    Ok(file(form, "compliance", columns, rows.collect()))
}
