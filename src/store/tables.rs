//! The tables that turns are written to: their columns, and how a row puts its cells into them.

use super::insert::{Cells, Insert};
use super::rows::{Among, DeviceStatus, IncidentRow, NewLetter, Quarantined, VerdictRow, VerdictStep};
use super::words::{of_incident_state, of_language};
use super::write::Chained;
use crate::engine::event::{DeviceId, OfficerId};

pub(super) const LEDGER: Insert<'static> = Insert {
    table: "ledger",
    columns: &[
        "n",
        "received_ms",
        "kind",
        "office",
        "source",
        "id",
        "time_ms",
        "identity",
        "body",
        "hash",
        "clock",
    ],
    then: "",
};

pub(super) const QUARANTINE: Insert<'static> = Insert {
    table: "quarantine",
    columns: &["n", "received_ms", "topic", "code", "reason", "payload"],
    then: "",
};

pub(super) const COUNT: Insert<'static> = Insert {
    table: "quarantine_count",
    columns: &["code", "day", "count"],
    then: " ON CONFLICT (code, day) DO UPDATE SET count = quarantine_count.count + excluded.count",
};

pub(super) const INCIDENT: Insert<'static> = Insert {
    table: "incident",
    columns: &[
        "n",
        "office",
        "policy",
        "class",
        "severity",
        "counter",
        "lockbox",
        "officer",
        "date",
        "since_ms",
        "until_ms",
        "state",
        "joined_to",
        "created_ms",
        "changed_ms",
    ],
    then: " ON CONFLICT (n) DO UPDATE SET office = excluded.office, policy = excluded.policy, class = excluded.class, \
           severity = excluded.severity, counter = excluded.counter, lockbox = excluded.lockbox, \
           officer = CASE WHEN incident.anonymised_ms IS NULL THEN excluded.officer END, date = excluded.date, since_ms = excluded.since_ms, \
           until_ms = excluded.until_ms, state = excluded.state, joined_to = excluded.joined_to, \
           created_ms = excluded.created_ms, changed_ms = excluded.changed_ms",
};

pub(super) const VERDICT: Insert<'static> = Insert {
    table: "verdict",
    columns: &[
        "n",
        "incident",
        "office",
        "policy",
        "class",
        "severity",
        "counter",
        "lockbox",
        "officer",
        "since_ms",
        "opened_ms",
        "until_ms",
        "evidence",
        "state",
        "changed_ms",
        "policy_hash",
        "engine",
    ],
    then: " ON CONFLICT (n) DO UPDATE SET incident = excluded.incident, office = excluded.office, \
           policy = excluded.policy, class = excluded.class, severity = excluded.severity, \
           counter = excluded.counter, lockbox = excluded.lockbox, \
           officer = CASE WHEN verdict.anonymised_ms IS NULL THEN excluded.officer END, \
           since_ms = excluded.since_ms, opened_ms = excluded.opened_ms, until_ms = excluded.until_ms, \
           evidence = CASE WHEN verdict.anonymised_ms IS NULL THEN excluded.evidence ELSE '[]' END, state = excluded.state, changed_ms = excluded.changed_ms, \
           policy_hash = coalesce(excluded.policy_hash, verdict.policy_hash), \
           engine = coalesce(excluded.engine, verdict.engine)",
};

pub(super) const STEP: Insert<'static> = Insert {
    table: "verdict_step",
    columns: &[
        "n",
        "verdict",
        "at_ms",
        "step",
        "reason",
        "since_ms",
        "opened_ms",
        "until_ms",
    ],
    then: "",
};

pub(super) const LETTER: Insert<'static> = Insert {
    table: "outbox",
    columns: &[
        "n",
        "incident",
        "kind",
        "person",
        "address",
        "language",
        "subject",
        "message_id",
        "in_reply_to",
        "text_body",
        "html_body",
        "created_ms",
        "due_ms",
        "attempts",
    ],
    then: "",
};

pub(super) const DIGEST: Insert<'static> = Insert {
    table: "digest",
    columns: &["letter", "incident", "subject"],
    then: "",
};

pub(super) const STATUS: Insert<'static> = Insert {
    table: "device_status",
    columns: &["office", "device", "state", "at_ms"],
    then: " ON CONFLICT (office, device) DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms",
};

pub(super) fn put_entry<'r>(cells: &mut Cells<'r>, row: &'r Chained<'_>) {
    let entry = row.entry;
    cells
        .number(row.head.n)
        .number(entry.received.0)
        .text(entry.kind.as_str())
        .text(entry.office.as_str())
        .text(&entry.source)
        .text(&entry.id)
        .number(entry.time.0)
        .number(row.identity)
        .bytes(&entry.body)
        .bytes(&row.head.hash.0)
        .text_or_null(entry.clock);
}

pub(super) fn put_quarantined<'r>(cells: &mut Cells<'r>, (n, row): &'r (i64, &Quarantined)) {
    cells
        .number(*n)
        .number(row.received.0)
        .text(&row.topic)
        .text(row.code)
        .text(&row.reason)
        .bytes(&row.payload);
}

pub(super) fn put_count<'r>(cells: &mut Cells<'r>, ((code, day), count): &'r ((&str, String), i64)) {
    cells.text(*code).text(day).number(*count);
}

fn device(id: &Option<DeviceId>) -> Option<&str> {
    id.as_ref().map(DeviceId::as_str)
}

fn officer(id: &Option<OfficerId>) -> Option<&str> {
    id.as_ref().map(OfficerId::as_str)
}

pub(super) fn put_incident<'r>(cells: &mut Cells<'r>, row: &'r IncidentRow) {
    let (state, joined_to) = of_incident_state(row.state);
    cells
        .number(row.n)
        .text(row.office.as_str())
        .text(row.policy.as_str())
        .text(row.class.as_str())
        .text(row.severity.as_str())
        .text_or_null(device(&row.counter))
        .text_or_null(device(&row.lockbox))
        .text_or_null(officer(&row.officer))
        .text(&row.date)
        .number(row.since.0)
        .number(row.until.map(|until| until.0))
        .text(state)
        .number(joined_to)
        .number(row.created.0)
        .number(row.changed.0);
}

pub(super) fn put_verdict<'r>(cells: &mut Cells<'r>, row: &'r VerdictRow) {
    let verdict = &row.verdict;
    cells
        .number(row.n)
        .number(row.incident)
        .text(verdict.office.as_str())
        .text(verdict.policy.as_str())
        .text(verdict.class.as_str())
        .text(verdict.severity.as_str())
        .text_or_null(device(&verdict.counter))
        .text_or_null(device(&verdict.lockbox))
        .text_or_null(officer(&verdict.officer))
        .number(verdict.since.0)
        .number(verdict.opened.0)
        .number(verdict.until.map(|until| until.0))
        .text(serde_json::json!(verdict.evidence).to_string())
        .text(if row.retracted { "retracted" } else { "standing" })
        .number(row.changed.0)
        .text_or_null(row.pin.as_ref().map(|pin| &pin.policy_hash))
        .text_or_null(row.pin.as_ref().map(|pin| &pin.engine));
}

pub(super) fn put_step<'r>(cells: &mut Cells<'r>, (n, step): &'r (i64, &VerdictStep)) {
    cells
        .number(*n)
        .number(step.verdict)
        .number(step.at.0)
        .text(step.kind.as_str())
        .text(&step.reason)
        .number(step.since.0)
        .number(step.opened.0)
        .number(step.until.map(|until| until.0));
}

pub(super) fn put_letter<'r>(cells: &mut Cells<'r>, (n, letter): &'r (i64, &NewLetter)) {
    cells
        .number(*n)
        .number(letter.incident)
        .text(letter.kind.as_str())
        .text(&letter.person)
        .text(&letter.address)
        .text(of_language(letter.language))
        .text(&letter.subject)
        .text(&letter.message_id)
        .text_or_null(letter.in_reply_to.as_ref())
        .text(&letter.text_body)
        .text(&letter.html_body)
        .number(letter.created.0)
        .number(letter.due.0)
        .number(0);
}

pub(super) fn put_digest<'r>(cells: &mut Cells<'r>, (letter, digest): &'r (i64, &Among)) {
    cells.number(*letter).number(digest.incident).text(&digest.subject);
}

pub(super) fn put_status<'r>(cells: &mut Cells<'r>, status: &'r DeviceStatus) {
    cells
        .text(status.office.as_str())
        .text(status.device.as_str())
        .text(if status.online { "online" } else { "offline" })
        .number(status.at.0);
}
