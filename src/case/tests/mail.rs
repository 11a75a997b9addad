//! What becomes of letters by what the ledger says of mail.

use super::super::mail::{MailStep, Way};
use super::*;
use crate::engine::roster::Language;
use crate::store::rows::{LetterKind, NewLetter};

fn letter(kind: LetterKind) -> NewLetter {
    NewLetter {
        incident: Some(1),
        kind,
        person: "s-01".into(),
        address: "kasi@o.example".into(),
        language: Language::Id,
        subject: "Re: x".into(),
        message_id: "m@o.example".into(),
        in_reply_to: Some("first@o.example".into()),
        text_body: String::new(),
        html_body: String::new(),
        created: Moment(0),
        due: Moment(0),
    }
}

fn held(at: Moment) -> Record {
    Record::Mail(MailStep::Held {
        incident: 1,
        person: "s-01".into(),
        language: Language::Id,
        at,
        due: at.plus_ms(3_600_000),
    })
}

fn table() -> (Table, Moment) {
    let table = Table::with("p-001", Severity::Minor);
    let at = table.case().basis.since;
    (table, at)
}

#[test]
fn who_was_told_among_others_is_told_of_the_withdrawal_at_once_although_an_amendment_waits() {
    let (mut table, at) = table();
    table.take(Record::Mail(MailStep::Among {
        incident: 1,
        person: "s-01".into(),
        at,
        message_id: "late@o.example".into(),
        subject: "x".into(),
    }));
    table.take(held(at));
    let way = table
        .cases
        .way(&letter(LetterKind::Retracted), &table.roster, &table.terms, at);
    assert_eq!(way, Way::Now);
    let thread = &table.cases.mail.threads[&(1, "s-01".to_owned())];
    assert_eq!(thread.message_id, "late@o.example");
    // He had one letter for all of it: his budget of the day is whole.
    let mut major = Table::with("p-001", Severity::Major);
    for n in 2..12 {
        major.take(Record::Mail(MailStep::Among {
            incident: n,
            person: "s-01".into(),
            at,
            message_id: "late@o.example".into(),
            subject: "x".into(),
        }));
    }
    let way = major
        .cases
        .way(&letter(LetterKind::Opened), &major.roster, &major.terms, at);
    assert_eq!(way, Way::Now);
    table.folds();
    major.folds();
}

#[test]
fn what_was_withdrawn_before_anybody_was_told_is_not_remembered_as_told() {
    let (mut table, at) = table();
    table.take(held(at));
    assert_eq!(table.cases.mail.recalled.len(), 1);
    let way = table
        .cases
        .way(&letter(LetterKind::Retracted), &table.roster, &table.terms, at);
    assert_eq!(way, Way::Drop);
    let person = "s-01".to_owned();
    table.take(Record::Mail(MailStep::Dropped {
        incident: 1,
        person,
        at,
    }));
    assert_eq!(table.cases.mail.recalled, []);
    table.folds();
}

#[test]
fn a_digest_of_an_office_that_is_watched_no_more_wakes_nobody() {
    let (mut table, at) = table();
    table.take(held(at));
    assert_eq!(table.cases.mail.next_digest(|_| true), Some(at.plus_ms(3_600_000)));
    assert_eq!(table.cases.mail.next_digest(|_| false), None);
}

#[test]
fn equal_ids_in_two_offices_share_neither_a_budget_nor_a_digest() {
    let mut table = Table::with("p-001", Severity::Major);
    let at = table.case().basis.since;
    let other = OfficeId::new("elsewhere");
    let sent = |incident, person: &str| {
        Record::Mail(MailStep::Sent {
            incident,
            person: person.into(),
            at,
            date: at.date(chrono_tz::Asia::Jakarta),
            message_id: format!("{incident}@o.example"),
            subject: "x".into(),
        })
    };
    for n in [11, 12, 13] {
        let there = Basis {
            office: other.clone(),
            ..basis(Some("p-001"), Severity::Major)
        };
        table.open(n, there, &["s-01"]);
        table.cases.take(&other, &sent(n, "s-01"));
    }
    let way = |table: &Table| {
        let letter = letter(LetterKind::Opened);
        table.cases.way(&letter, &table.roster, &table.terms, at)
    };
    assert_eq!(way(&table), Way::Now, "the other s-01 had them");
    for n in [2, 3] {
        table.take(sent(n, "s-01"));
    }
    assert_eq!(way(&table), Way::Hold, "two letters a day");
    // What is due elsewhere does not hasten the digest here.
    table.take(held(at.plus_ms(3_600_000)));
    table.cases.take(
        &other,
        &Record::Mail(MailStep::Held {
            incident: 11,
            person: "s-01".into(),
            language: Language::Id,
            at,
            due: at,
        }),
    );
    assert_eq!(table.cases.digests_due(|n| n == 1, at), Default::default());
    let there = table.cases.digests_due(|n| n == 11, at);
    assert_eq!(there["s-01"].iter().copied().collect::<Vec<_>>(), [11]);
}
