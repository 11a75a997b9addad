//! Traces: who signed in, looked at, changed, took away or was refused what, when, from where and why. That somebody looks
//! at them is a trace as well.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{NaiveDate, NaiveTime};
use maud::{Markup, html};
use serde_json::json;

use super::Site;
use super::ask::{Ask, Reader, address};
use super::fault::Fault;
use super::page::{self, Tab};
use super::words::Words;
use crate::accounts::Role;
use crate::door::Look;
use crate::engine::time::Moment;
use crate::store::read::{TraceFilter, TracePage, TraceRow};

const PAGE: usize = 50;
/// What programs get at a time, unless they ask for more or less.
const LISTED: usize = 100;

/// What people do, by the door's word for it, in Indonesian and English.
const ACTS: [(&str, [&str; 2]); 20] = [
    ("looked", ["melihat", "looked at"]),
    ("refused", ["ditolak", "was refused"]),
    ("signed_in", ["masuk", "signed in"]),
    ("signed_out", ["keluar", "signed out"]),
    ("proved", ["membuktikan diri lagi", "proved who he is again"]),
    ("session_ended", ["mengakhiri sesi", "ended a session"]),
    ("password_chosen", ["memilih kata sandi", "chose a password"]),
    ("password_changed", ["mengganti kata sandi", "changed the password"]),
    ("codes_set", ["memasang kode sekali pakai", "set one-time codes up"]),
    ("codes_removed", ["melepas kode sekali pakai", "removed one-time codes"]),
    ("recovery_renewed", ["membuat kode pemulihan", "made recovery codes"]),
    ("passkey_added", ["menambah passkey", "added a passkey"]),
    ("passkey_ended", ["menghapus passkey", "removed a passkey"]),
    ("token_added", ["membuat token", "made a token"]),
    ("token_ended", ["mengakhiri token", "ended a token"]),
    ("reset_sent", ["meminta kata sandi baru", "asked for a new password"]),
    ("user_added", ["membuat akun", "made an account"]),
    ("user_disabled", ["menutup akun", "disabled an account"]),
    ("user_enabled", ["membuka akun", "enabled an account"]),
    ("user_reset", ["menyetel ulang akun", "reset an account"]),
];
/// The same of what is done to accounts and roles.
const MORE_ACTS: [(&str, [&str; 2]); 3] = [
    ("user_erased", ["menghapus data akun", "erased an account"]),
    ("role_granted", ["memberi peran", "gave a role"]),
    ("role_ended", ["mengakhiri peran", "ended a role"]),
];

fn acts() -> impl Iterator<Item = (&'static str, [&'static str; 2])> {
    ACTS.into_iter().chain(MORE_ACTS)
}

fn act_name(act: &str, words: &Words) -> String {
    let known = acts().find(|(known, _)| *known == act);
    known.map_or_else(|| act.to_owned(), |(_, [id, en])| words.pick(id, en).to_owned())
}

/// What was looked at.
fn what_name(what: &str, words: &Words) -> String {
    let pair = match what {
        "incident" => ["insiden", "incident"],
        "incidents" => ["daftar insiden", "list of incidents"],
        "letter" => ["surat", "letter"],
        "letters" => ["daftar surat", "list of letters"],
        "quarantine" => ["pesan dalam karantina", "quarantined message"],
        "quarantined" => ["daftar karantina", "list of quarantine"],
        "service" => ["menit pelayanan", "minutes of service"],
        "name" => ["nama petugas", "an officer's name"],
        "exemptions" => ["daftar pengecualian", "list of exemptions"],
        "today" => ["halaman hari ini", "today's page"],
        "account" => ["akun", "account"],
        "accounts" => ["daftar akun", "list of accounts"],
        "traces" => ["jejak", "traces"],
        "export" => ["unduhan", "export"],
        "own" => ["catatan sendiri", "his own record"],
        "search" => ["hasil pencarian", "what a search found"],
        "signals" => ["sinyal", "signals"],
        "corrections" => ["permintaan perbaikan", "requests for correction"],
        "policy" => ["insiden sebuah kebijakan", "a policy's incidents"],
        "reports" => ["laporan pemohon", "applicants' reports"],
        other => return other.to_owned(),
    };
    words.pick(pair[0], pair[1]).to_owned()
}

/// Why somebody was refused.
fn why_name(why: &str, words: &Words) -> String {
    let pair = match why {
        "sign_in" => ["nama, kata sandi, atau kode salah", "wrong name, password or code"],
        "sign_in_throttled" | "proof_throttled" | "reset_throttled" | "link_throttled" => {
            ["terlalu banyak percobaan", "too many attempts"]
        }
        "proof" => ["bukti diri salah", "a wrong proof"],
        "proof_old" => ["perlu bukti diri yang baru", "a fresh proof was needed"],
        "passkey" => ["passkey tidak berlaku", "the passkey was not good"],
        "provider" => [
            "jawaban penyedia identitas tidak berlaku",
            "the provider's answer was not good",
        ],
        "link" | "link_code" => ["tautan atau kodenya tidak berlaku", "the link or its code was not good"],
        "session" => ["sesi sudah berakhir atau palsu", "a session that is over or made up"],
        "nobody" => ["belum masuk", "not signed in"],
        "role" => ["bukan untuk perannya", "not for his role"],
        "token" => ["token tidak berlaku", "the token was not good"],
        "token_part" => ["bukan bagian token", "not a part of the token"],
        "no_token" => ["hanya dengan token", "only by a token"],
        "foreign_form" => ["formulir bukan dari halaman kita", "a form that is not of our pages"],
        "no_form" => ["bukan formulir", "no form"],
        "too_large" => ["terlalu besar", "too large"],
        "too_many" => ["terlalu sering", "too often"],
        "host" => ["nama host asing", "another host's name"],
        "method" => ["cara yang salah", "a wrong method"],
        "question" => ["pertanyaan yang salah", "a wrong question"],
        "not_there" => ["tidak ada, atau bukan untuknya", "not there, or not for him"],
        "not_his_to_see" => ["bukan untuk dilihatnya", "not his to see"],
        "not_own" => ["bukan tentang dirinya", "not about himself"],
        "no_part_in_cases" => ["tidak berperan dalam kasus kantor itu", "nobody in that office's cases"],
        "name" => ["nama tidak dibuka", "a name was not shown"],
        "not_from_here" => ["bukan dari mesin ini", "not from this machine"],
        "codes_first" => ["kode sekali pakai belum dipasang", "one-time codes are not set up"],
        "webhook_signature" => ["tidak ditandatangani oleh saluran", "not signed by the channel"],
        "own_account" => ["mengubah akun sendiri", "changing his own account"],
        other => return other.to_owned(),
    };
    words.pick(pair[0], pair[1]).to_owned()
}

/// Leaves a trace that somebody looks at a list: under which filters, and how many stand in it.
pub async fn looked_at_list(
    site: &Site,
    ask: &Ask,
    reader: &Reader,
    what: &'static str,
    count: usize,
) -> Result<(), Fault> {
    let (office, officer) = ask.looked_at();
    let look = Look {
        what,
        which: ask.path_and_filters(),
        office,
        officer,
        count: i64::try_from(count).ok(),
    };
    Ok(site.door.look(&reader.who, &reader.caller, &look).await?)
}

/// Accounts by their ids: what they are called.
async fn names(site: &Site) -> Result<HashMap<String, String>, Fault> {
    let accounts = site.store.accounts().await?.into_iter();
    Ok(accounts.map(|account| (account.id, account.name)).collect())
}

fn filter(ask: &Ask, names: &HashMap<String, String>) -> Result<TraceFilter, Fault> {
    let text = |name| ask.param(name).map(str::to_owned);
    let begin = |date: NaiveDate| Moment::of_local(date.and_time(NaiveTime::MIN), ask.zone()).unwrap_or_default();
    let account = ask.param("account").map(|said| {
        let known = names
            .iter()
            .find(|(_, name)| name.as_str() == said.trim().to_lowercase());
        // An id finds what an erased account did; what is neither finds nothing.
        known.map_or_else(|| said.to_owned(), |(id, _)| id.clone())
    });
    Ok(TraceFilter {
        act: text("act"),
        account,
        office: text("office"),
        officer: text("officer"),
        from: ask.date("from")?.map(begin),
        to: ask.date("to")?.and_then(|date| date.succ_opt()).map(begin),
    })
}

async fn read(
    site: &Site,
    ask: &Ask,
    reader: &Reader,
    names: &HashMap<String, String>,
    count: usize,
) -> Result<TracePage, Fault> {
    let filter = filter(ask, names)?;
    let after = ask.param("after").map(str::parse::<i64>).transpose();
    let after = after.map_err(|_| Fault::BadQuestion)?;
    let page = site.store.traces(&ask.scope(), &filter, after, count).await?;
    looked_at_list(site, ask, reader, "traces", page.rows.len()).await?;
    Ok(page)
}

/// `GET /traces`
pub async fn show(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Markup, Fault> {
    let words = ask.words;
    let names = names(&site).await?;
    let found = read(&site, &ask, &reader, &names, PAGE).await?;
    let title = words.pick("Jejak", "Traces");
    let under = words.pick(
        "Siapa melihat, mengubah, mengunduh, masuk, atau ditolak: kapan, dari mana, dan mengapa. Membuka halaman ini juga meninggalkan jejak.",
        "Who looked, changed, exported, signed in or was refused: when, from where, and why. Opening this page leaves a trace as well.",
    );
    let body = html! {
        (page::heading(title, Some(under)))
        (form(&ask))
        @if found.rows.is_empty() {
            p.calm {
                @if found.next.is_some() {
                    (words.pick("Tidak ada di antara jejak terbaru; lanjutkan ke yang lebih lama.", "None among the newest; go on to older ones."))
                } @else { (words.pick("Tidak ada jejak.", "No traces.")) }
            }
        } @else {
            table.list role="table" {
                caption.unseen { (title) }
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { (words.pick("Tindakan", "Act")) }
                    th scope="col" role="columnheader" { (words.pick("Akun", "Account")) }
                    th scope="col" role="columnheader" { (words.pick("Tentang", "About")) }
                    th scope="col" role="columnheader" { (words.pick("Waktu", "When")) }
                    th scope="col" role="columnheader" { (words.pick("Dari", "From")) }
                } }
                tbody role="rowgroup" { @for row in &found.rows { (line(&ask, row, &names)) } }
            }
        }
        (page::pager(&ask, "after", found.next.map(|n| n.to_string())))
    };
    Ok(page::shell(&ask, Tab::Traces, title, false, body))
}

fn form(ask: &Ask) -> Markup {
    let words = ask.words;
    let acts: Vec<(String, String)> = acts().map(|(act, _)| (act.to_owned(), act_name(act, words))).collect();
    let filtered = ["act", "account", "officer", "from", "to"]
        .iter()
        .any(|name| ask.param(name).is_some());
    let date = |name: &str, label: &str| html! { label { span { (label) } input type="date" name=(name) value=[ask.param(name)]; } };
    let text = |name: &str, label: &str| {
        html! { label { span { (label) } input name=(name) value=[ask.param(name)] maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false"; } }
    };
    html! {
        form.filters method="get" action="/traces" aria-label=(words.filters) {
            @if let Some((name, office)) = page::office_pair(ask) { input type="hidden" name=(name) value=(office); }
            (page::choice("act", words.pick("Tindakan", "Act"), ask, words.all, &acts))
            (text("account", words.pick("Nama akun", "Account name")))
            (text("officer", words.pick("Id petugas", "Officer's id")))
            (date("from", words.pick("Sejak", "From")))
            (date("to", words.pick("Sampai dengan", "Until, included")))
            button.button type="submit" { (words.show) }
            @if filtered { a.clear href=(address("/traces", page::office_pair(ask))) { (words.clear) } }
        }
    }
}

fn line(ask: &Ask, row: &TraceRow, names: &HashMap<String, String>) -> Markup {
    let words = ask.words;
    let act = row.text("act").unwrap_or_default();
    let name = |id: &str| match id {
        "console" => words.pick("konsol mesin", "the machine's console").to_owned(),
        "provider" => words.pick("penyedia identitas", "the identity provider").to_owned(),
        id => names.get(id).cloned().unwrap_or_else(|| id.to_owned()),
    };
    let times = row.body["times"].as_i64().filter(|times| *times > 1);
    html! {
        tr role="row" {
            td.lead role="cell" {
                (act_name(act, words))
                @if let Some(what) = row.text("what") { " " (what_name(what, words)) }
                @if let Some(times) = times { " " span.soft { "× " (times) } }
                @if let Some(reason) = row.text("reason") { div.soft { (words.pick("Alasan", "Reason")) ": " (reason) } }
            }
            td.person role="cell" data-label=(words.pick("Akun", "Account")) {
                span.break { (row.text("actor").map_or_else(|| words.none.to_owned(), name)) }
            }
            td role="cell" data-label=(words.pick("Tentang", "About")) { (about(row, name, words)) }
            td.nowrap role="cell" data-label=(words.pick("Waktu", "When")) {
                (page::time_on(row.at, ask.live.now, ask.zone(), words))
            }
            td role="cell" data-label=(words.pick("Dari", "From")) {
                span.break { (row.text("address").unwrap_or(words.none)) }
                @if let Some(session) = row.text("session") { div.soft { code.break { (session) } } }
            }
        }
    }
}

/// Whom or what it concerns.
fn about(row: &TraceRow, name: impl Fn(&str) -> String, words: &Words) -> Markup {
    let role = row.text("role").and_then(Role::parse);
    let parts = ["which", "path", "by", "deputy_of"].into_iter();
    // The account stands there by its name already.
    let parts = parts.filter_map(|part| {
        row.text(part)
            .filter(|text| row.text("what") != Some("account") || part != "which" || text.is_empty())
    });
    let parts: Vec<&str> = parts.collect();
    let why = row.text("why");
    let office = row.text("office").or_else(|| row.text("of"));
    let nothing =
        parts.is_empty() && why.is_none() && office.is_none() && role.is_none() && row.text("account").is_none();
    html! {
        @if let Some(why) = why { div { (why_name(why, words)) } }
        @if row.text("what") == Some("account") { @if let Some(id) = row.text("which") { div { (name(id)) } } }
        @if nothing { span.soft { (words.none) } }
        @if let Some(account) = row.text("account") { div { (name(account)) } }
        @if let Some(role) = role { div { (super::users::role_name(role, words)) } }
        @if let Some(officer) = row.text("officer") { div { (words.officer) " " (officer) } }
        @if let Some(office) = office { div.soft { (office) } }
        @for part in parts { div { code.break { (part) } } }
        @if let Some(count) = row.body["count"].as_i64() { div.soft { (count) " " (words.pick("baris", "rows")) } }
    }
}

/// `GET /api/v1/traces`: a page of them, and what the next one goes on after.
pub async fn api(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let limit = ask.param("limit").map(str::parse::<usize>).transpose();
    let limit = limit.map_err(|_| Fault::BadQuestion)?.unwrap_or(LISTED);
    let names = names(&site).await?;
    let found = read(&site, &ask, &reader, &names, limit).await?;
    let told = |row: &TraceRow| {
        let text = |name: &str| row.text(name);
        json!({
            "trace": row.n, "time": row.at.rfc3339(ask.zone()), "act": text("act"), "actor": text("actor"),
            "actor_name": text("actor").and_then(|id| names.get(id)), "account": text("account"),
            "account_name": text("account").and_then(|id| names.get(id)), "office": text("office"),
            "officer": text("officer"), "address": text("address"), "session": text("session"), "what": text("what"),
            "which": text("which").or(text("path")), "why": text("why"), "reason": text("reason"), "role": text("role"),
            "count": row.body["count"], "times": row.body["times"],
        })
    };
    let items: Vec<_> = found.rows.iter().map(told).collect();
    let next = found.next.map(|n| n.to_string());
    Ok(axum::Json(json!({"items": items, "next": next})).into_response())
}
