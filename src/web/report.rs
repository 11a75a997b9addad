//! The monthly report, as a document to sign and to file: what the Compliance page says of one month, on paper, with the
//! fingerprint of the ledger it comes from.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{Datelike as _, Months, NaiveDate};

use super::Site;
use super::ask::{Ask, Reader};
use super::export::traced;
use super::fault::Fault;
use super::figures::Figures;
use super::paper::{Face, Paper};
use super::service::{by, counter_name, hours_of, is_ranked, percent, total, weeks};
use crate::compliance::Service;
use crate::engine::time::Moment;
use crate::letter;
use crate::store::{Each, Span};

/// `YYYY-MM`, and its first and last date.
fn month(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let first: NaiveDate = format!("{text}-01").parse().ok().filter(|_| text.len() == 7)?;
    let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
    Some((first, last))
}

/// `GET /compliance/report`: of the month asked for, else of the office's own.
pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let words = ask.words;
    let office = ask.office().ok_or(Fault::NotFound)?;
    let zone = office.roster.office.zone;
    let now = office.view.clock.unwrap_or(ask.live.now);
    let this = now.date(zone).format("%Y-%m").to_string();
    let (from, to) = month(ask.param("month").unwrap_or(&this)).ok_or(Fault::BadQuestion)?;
    let span = Span {
        office: Some(office.roster.office.id.to_string()),
        from,
        to,
    };
    let scope = ask.scope();
    let dates = site.store.service(&scope, &span, Each::Date).await?;
    let counters = site.store.service(&scope, &span, Each::Counter).await?;
    let sum = total(&dates);
    let begins = Moment::of_local(from.into(), zone).unwrap_or(Moment::MIN);
    let figures = Figures::read(&site, &scope, &span, begins, sum.sessions).await?;
    let head = site.store.head().await?;
    traced(&site, &ask, &reader).await?;

    let name = letter::clock::month(from.month0() as usize, words.language);
    let title = format!(
        "{} {name} {}",
        words.pick(
            "Laporan bulanan integritas pelayanan,",
            "Monthly report on the integrity of service,"
        ),
        from.year()
    );
    let mut paper = Paper::new();
    paper.line(17.0, Face::Bold, &title);
    paper.line(11.0, Face::Plain, &office.roster.office.name);
    paper.line(
        9.0,
        Face::Plain,
        words.pick(
            "Bahan pembangunan Zona Integritas (WBK/WBBM): pelayanan tatap muka tanpa media komunikasi.",
            "For the Integrity Zone (WBK/WBBM): face-to-face service without communication media.",
        ),
    );
    paper.rule();
    paper.down(8.0);
    let mut lines = vec![
        (words.compliance_share, percent(sum.compliance(), words), String::new()),
        (words.coverage_share, percent(sum.coverage(), words), String::new()),
        (words.served_time, hours_of(sum.served_ms, words), String::new()),
        (words.exempt_time, hours_of(sum.exempt_ms, words), String::new()),
        (words.served_sessions, sum.sessions.to_string(), String::new()),
    ];
    lines.extend(figures.lines(words));
    for (name, figure, under) in &lines {
        paper.cells(10.5, Face::Plain, &[(0.0, name), (240.0, figure), (330.0, under)]);
    }
    let service = |paper: &mut Paper, name: &str, service: &Service, note: &str| {
        let share = percent(service.compliance(), words);
        let coverage = percent(service.coverage(), words);
        let hours = hours_of(service.served_ms, words);
        paper.cells(
            9.5,
            Face::Plain,
            &[
                (0.0, name),
                (190.0, &share),
                (240.0, &coverage),
                (300.0, &hours),
                (440.0, note),
            ],
        );
        paper.bar(360.0, 70.0, service.compliance().unwrap_or_default());
    };
    let heading = |paper: &mut Paper, title: &str, what: &str| {
        paper.down(14.0);
        paper.line(12.0, Face::Bold, title);
        let cells = [
            (0.0, what),
            (190.0, words.pick("Terbukti", "Verified")),
            (240.0, words.pick("Cakupan", "Coverage")),
            (300.0, words.served_time),
        ];
        paper.cells(9.0, Face::Bold, &cells);
        paper.rule();
    };
    heading(&mut paper, words.by_week, words.week);
    for (name, week) in weeks(&dates, words) {
        service(&mut paper, &name, &week, "");
    }
    heading(&mut paper, words.by_counter, words.counter_word);
    for (id, counter) in &by(&counters, 1) {
        let name: String = counter_name(&ask, id).chars().take(38).collect();
        let note = if is_ranked(counter) { "" } else { words.little_data };
        service(&mut paper, &name, counter, note);
    }
    paper.down(16.0);
    paper.line(10.0, Face::Bold, words.pick("Cara membaca", "How to read it"));
    for text in [
        words.compliance_hint,
        words.pick(
            "Indikasi mesin bukan keputusan; yang dihitung sebagai terkonfirmasi telah diputuskan orang setelah pemeriksaan atau klarifikasi.",
            "What the machine indicates is no decision; what counts as confirmed was decided by people after looking and hearing.",
        ),
    ] {
        paper.paragraph(8.5, text, 118);
    }
    paper.down(6.0);
    let made = letter::clock::date(ask.live.now, zone, words.language);
    let source = format!(
        "{} {made}. {} {head}.",
        words.pick("Dibuat", "Made on"),
        words.pick(
            "Sumber: buku besar Jagaloket sampai entri dan sidik",
            "Source: the ledger of Jagaloket up to entry and fingerprint"
        ),
    );
    paper.paragraph(8.5, &source, 118);
    paper.down(46.0);
    paper.cells(
        9.5,
        Face::Plain,
        &[
            (
                0.0,
                words.pick(
                    "Kepatuhan internal: ____________________",
                    "Integrity: ____________________",
                ),
            ),
            (
                260.0,
                words.pick(
                    "Kepala kantor: ____________________",
                    "Head of office: ____________________",
                ),
            ),
        ],
    );
    let bytes = paper.finish(
        &title,
        words.code,
        &format!("Jagaloket · {}", office.roster.office.name),
    );
    let file = format!(
        "attachment; filename=\"jagaloket-{}-{}.pdf\"",
        office.roster.office.id,
        from.format("%Y-%m")
    );
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, bytes).into_response())
}
