//! Accounts, for whoever looks after them: who there is, which roles from when until when, and links to come in by.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Datelike as _, NaiveDate, NaiveTime};
use maud::{Markup, html};

use super::Site;
use super::ask::{Ask, Reader};
use super::fault::Fault;
use super::page::{self, Tab, field, proof};
use super::posted::Posted;
use super::sign_in::told;
use super::traces::looked_at_list;
use super::words::Words;
use crate::accounts::{Grant, Holder, Role};
use crate::door::{By, Look, NewUser, Trouble, Way};
use crate::engine::event::OfficeId;
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::store::accounts::{Account, GrantRow};

pub(super) fn role_name(role: Role, words: &Words) -> &'static str {
    let [id, en] = role.names();
    words.pick(id, en)
}

/// What comes with a form that changes somebody's account.
type Change = (State<Site>, Path<String>, Ask, Reader, Posted);

pub async fn list(State(site): State<Site>, ask: Ask, reader: Reader) -> Result<Response, Fault> {
    let accounts = site.door.store.accounts().await?;
    looked_at_list(&site, &ask, &reader, "accounts", accounts.len()).await?;
    list_page(&site, &ask, &accounts, None).await
}

async fn list_page(
    site: &Site,
    ask: &Ask,
    accounts: &[Account],
    error: Option<(StatusCode, String)>,
) -> Result<Response, Fault> {
    let words = ask.words;
    let grants = site.door.store.grants().await?;
    let now = site.door.clock.now();
    let title = words.pick("Akun", "Accounts");
    let (status, error) = error.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let roles_of = |account: &Account| {
        let own = grants
            .iter()
            .filter(|row| row.account == account.id && row.grant.counts_at(now));
        own.map(|row| role_name(row.grant.role, words))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let body = html! {
        (page::heading(title, None))
        @if let Some(error) = error { p.notice.dead role="alert" { (error) } }
        @if ask.param("done").is_some() { p.notice role="status" { (words.pick("Tersimpan.", "Saved.")) } }
        table.list role="table" {
            caption.unseen { (title) }
            thead role="rowgroup" { tr role="row" {
                th scope="col" role="columnheader" { (words.pick("Nama akun", "Account name")) }
                th scope="col" role="columnheader" { (words.pick("Orang", "Person")) }
                th scope="col" role="columnheader" { (words.pick("Peran", "Roles")) }
                th scope="col" role="columnheader" { (words.state) }
            } }
            tbody role="rowgroup" {
                @for account in accounts {
                    tr role="row" {
                        td.lead role="cell" { a.row-link href={ "/users/" (account.id) } { (account.name) } }
                        td role="cell" data-label=(words.pick("Orang", "Person")) { (person(account, words)) }
                        td role="cell" data-label=(words.pick("Peran", "Roles")) { (roles_of(account)) }
                        td role="cell" data-label=(words.state) { (state(account, words)) }
                    }
                }
            }
        }
        section aria-labelledby="add" {
            h2 #add { (words.pick("Akun baru", "A new account")) }
            form.form method="post" action="/users" {
                (proof(ask))
                (field(words.pick("Nama akun", "Account name"), html! {
                    input name="name" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64" required;
                }))
                (field(words.pick("Alamat surel", "E-mail address"), html! {
                    input name="email" type="email" autocomplete="off" maxlength="254";
                }))
                (field(words.pick("Bahasa", "Language"), html! {
                    select name="language" {
                        option value="id" { "Bahasa Indonesia" }
                        option value="en" { "English" }
                    }
                }))
                (office_field(site, words))
                (field(words.pick("Id orang pada daftar kantor (bila ada)", "Id in the office's roster (if any)"), html! {
                    input name="person" autocomplete="off" maxlength="64";
                }))
                (role_fields(ask, words))
                button.button type="submit" { (words.pick("Buat dan undang", "Make it and invite")) }
            }
        }
    };
    Ok((status, page::shell(ask, Tab::Users, title, false, body)).into_response())
}

fn office_field(site: &Site, words: &Words) -> Markup {
    let live = site.live.borrow().clone();
    field(
        words.pick("Kantor", "Office"),
        html! {
            select name="office" {
                option value="" { (words.none) }
                @for office in &live.offices {
                    option value=(office.roster.office.id) { (office.roster.office.name) }
                }
            }
        },
    )
}

fn role_fields(ask: &Ask, words: &Words) -> Markup {
    let today = ask.live.now.date(ask.zone()).to_string();
    html! {
        (field(words.pick("Peran", "Role"), html! {
            select name="role" {
                @for role in Role::ALL { option value=(role.as_str()) { (role_name(role, words)) } }
            }
        }))
        (field(words.pick("Mulai", "From"), html! { input name="begins" type="date" placeholder=(today); }))
        (field(words.pick("Sampai dengan (bila berakhir)", "Until, that day included (if it ends)"), html! {
            input name="ends" type="date";
        }))
        (field(words.pick("Menggantikan atasan (id pada daftar kantor)", "In place of a supervisor (id in the roster)"), html! {
            input name="deputy_of" autocomplete="off" maxlength="64";
        }))
    }
}

fn person(account: &Account, words: &Words) -> String {
    match (&account.holder.office, &account.holder.person) {
        (Some(office), Some(person)) => format!("{office} · {person}"),
        _ => words.none.to_owned(),
    }
}

fn state(account: &Account, words: &Words) -> Markup {
    html! {
        @match (account.disabled, &account.password) {
            (true, _) if account.erased => span.state.state-withdrawn { (words.pick("dihapus", "erased")) },
            (true, _) => span.state.state-dead { (words.pick("ditutup", "disabled")) },
            (false, None) => span.state.state-waiting { (words.pick("diundang", "invited")) },
            (false, Some(_)) => span.state.state-sent { (words.pick("aktif", "active")) },
        }
        @if account.seed.is_some() { " " span.soft { (words.pick("kode sekali pakai", "one-time codes")) } }
    }
}

/// A date of a form, at its beginning in the zone of people here.
fn date(ask: &Ask, form: &Posted, name: &str) -> Result<Option<NaiveDate>, Trouble> {
    let words = ask.words;
    let wrong = || {
        Trouble::Refused(
            words
                .pick("Tanggal ditulis TTTT-BB-HH.", "Dates are written YYYY-MM-DD.")
                .to_owned(),
        )
    };
    let date = |text: &str| super::ask::date(text).filter(|date| date.year() >= 2000);
    form.word(name).map(|text| date(text).ok_or_else(wrong)).transpose()
}

fn begin_of(date: NaiveDate, ask: &Ask) -> Moment {
    Moment::of_local(date.and_time(NaiveTime::MIN), ask.zone()).unwrap_or_default()
}

/// The role that a form names.
fn grant_of(site: &Site, ask: &Ask, form: &Posted) -> Result<Grant, Trouble> {
    let role = Role::parse(form.text("role")).ok_or_else(|| Trouble::Refused("there is no such role".into()))?;
    let begins = date(ask, form, "begins")?.map_or_else(|| site.door.clock.now(), |date| begin_of(date, ask));
    let ends = date(ask, form, "ends")?
        .and_then(|date| date.succ_opt())
        .map(|date| begin_of(date, ask));
    Ok(Grant {
        role,
        office: form.word("office").map(OfficeId::new),
        deputy_of: form.word("deputy_of").map(str::to_owned),
        begins,
        ends,
    })
}

pub async fn add(State(site): State<Site>, ask: Ask, reader: Reader, form: Posted) -> Result<Response, Fault> {
    let added = async {
        let grant = grant_of(&site, &ask, &form)?;
        let person = form.word("person").map(str::to_owned);
        let new = NewUser {
            name: form.text("name").trim().to_lowercase(),
            holder: Holder {
                office: form.word("office").map(OfficeId::new).filter(|_| person.is_some()),
                person,
            },
            email: form.word("email").map(str::to_owned),
            language: match form.text("language") {
                "en" => Language::En,
                _ => Language::Id,
            },
            grants: vec![grant],
        };
        site.door
            .add_user(By::Person(&reader.who, &reader.caller), new, false)
            .await
    };
    match added.await {
        Ok(added) => Ok(way_page(&ask, &added.account, &added.way)),
        Err(trouble) => match told(&ask, &trouble) {
            Some(error) => list_page(&site, &ask, &site.door.store.accounts().await?, Some(error)).await,
            None => Err(trouble.into()),
        },
    }
}

/// How the link goes: shown only where no letter brings it.
fn way_page(ask: &Ask, account: &str, way: &Way) -> Response {
    let words = ask.words;
    let title = words.pick("Undangan", "Invitation");
    let body = html! {
        (page::heading(title, None))
        @match way {
            Way::Mail(address) => p.notice role="status" {
                (words.pick("Tautan dikirim ke", "The link goes to")) " " strong { (address) }
            },
            Way::Hand(link) => {
                p.notice role="status" {
                    (words.pick(
                        "Akun ini tidak mempunyai surel. Serahkan tautan ini langsung kepada pemiliknya; hanya tampil sekali ini.",
                        "No letter can reach this account. Hand this link to its holder yourself; it is shown this once.",
                    ))
                }
                p.break { code { (link) } }
            }
        }
        p { a.button href={ "/users/" (account) } { (words.pick("Ke akun", "To the account")) } }
    };
    page::shell(ask, Tab::Users, title, false, body).into_response()
}

pub async fn show(
    State(site): State<Site>,
    Path(id): Path<String>,
    ask: Ask,
    reader: Reader,
) -> Result<Response, Fault> {
    let account = site.door.store.account(&id).await?.ok_or(Fault::NotFound)?;
    let look = Look {
        what: "account",
        which: account.id.clone(),
        office: account
            .holder
            .office
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        officer: account.holder.person.clone(),
        count: None,
    };
    site.door.look(&reader.who, &reader.caller, &look).await?;
    user_page(&site, &ask, &account, None).await
}

async fn user_page(
    site: &Site,
    ask: &Ask,
    account: &Account,
    error: Option<(StatusCode, String)>,
) -> Result<Response, Fault> {
    let (words, id) = (ask.words, account.id.as_str());
    let grants = site.door.store.grants_of(id).await?;
    let now = site.door.clock.now();
    let (status, error) = error.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let act = |act: &str| format!("/users/{id}/{act}");
    let own = ask.who.as_ref().is_some_and(|who| who.account.id == id);
    let reason = || {
        field(
            words.pick("Alasan", "Reason"),
            html! { input name="reason" autocomplete="off" maxlength="300" required; },
        )
    };
    let body = html! {
        p.crumb { a href="/users" { "← " (words.pick("Akun", "Accounts")) } }
        (page::heading(&account.name, None))
        @if let Some(error) = error { p.notice.dead role="alert" { (error) } }
        @if ask.param("done").is_some() { p.notice role="status" { (words.pick("Tersimpan.", "Saved.")) } }
        dl.facts.facts-wide {
            (page::fact(words.state, state(account, words)))
            (page::fact(words.pick("Orang", "Person"), html! { (person(account, words)) }))
            (page::fact(words.pick("Alamat surel", "E-mail address"), html! { (account.email.as_deref().unwrap_or(words.none)) }))
        }
        section aria-labelledby="roles" {
            h2 #roles { (words.pick("Peran", "Roles")) }
            @if grants.is_empty() { p.calm { (words.pick("Belum ada peran.", "No role yet.")) } } @else {
                table.list role="table" {
                    caption.unseen { (words.pick("Peran", "Roles")) }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { (words.pick("Peran", "Role")) }
                        th scope="col" role="columnheader" { (words.pick("Mulai", "From")) }
                        th scope="col" role="columnheader" { (words.pick("Berakhir", "Ends")) }
                        th scope="col" role="columnheader" { (words.pick("Tindakan", "Action")) }
                    } }
                    tbody role="rowgroup" { @for row in &grants { (grant_row(ask, (id, own), row, now)) } }
                }
            }
            @if own {
                p.hint { (words.pick(
                    "Peran Anda sendiri diubah oleh pengelola akun lain.",
                    "Your own roles are changed by another administrator.",
                )) }
            } @else {
            form.form method="post" action=(act("roles")) {
                (proof(ask))
                (office_field(site, words))
                (role_fields(ask, words))
                button.button type="submit" { (words.pick("Beri peran; sesi berakhir", "Give the role; sessions end")) }
            }
            }
        }
        section aria-labelledby="doing" {
            h2 #doing { (words.pick("Tindakan", "Action")) }
            form.form method="post" action=(act("reset")) {
                (proof(ask))
                p { (words.pick(
                    "Kata sandi, kode sekali pakai, dan semua sesi dihapus; tautan baru dikirim.",
                    "Password, one-time codes and all sessions go; a new link is sent.",
                )) }
                (reason())
                button.button.quiet type="submit" { (words.pick("Setel ulang", "Reset")) }
            }
            form.form method="post" action=(act(if account.disabled { "enable" } else { "disable" })) {
                (proof(ask))
                (reason())
                button.button.quiet type="submit" {
                    @if account.disabled { (words.pick("Buka kembali", "Enable")) } @else { (words.pick("Tutup akun", "Disable")) }
                }
            }
            @if !own {
            form.form method="post" action=(act("erase")) {
                (proof(ask))
                p { (words.pick(
                    "Orangnya sudah pergi: nama, surel, kata sandi, kunci, dan suratnya dihapus untuk selamanya. Jejaknya tetap ada, tanpa nama.",
                    "Its holder is gone: name, address, password, keys and letters go for good. The traces stay, without a name.",
                )) }
                (field(words.pick("Ketik nama akun untuk memastikan", "Type the account's name to be sure"), html! {
                    input name="name" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64" required;
                }))
                (reason())
                button.button.quiet type="submit" { (words.pick("Hapus data pribadi", "Erase it")) }
            }
            }
        }
    };
    Ok((status, page::shell(ask, Tab::Users, &account.name, false, body)).into_response())
}

fn grant_row(ask: &Ask, (account, own): (&str, bool), row: &GrantRow, now: Moment) -> Markup {
    let words = ask.words;
    let zone = ask.zone();
    let grant = &row.grant;
    let day = |at: Moment| crate::letter::clock::date(at, zone, ask.language());
    html! {
        tr role="row" class=(if grant.counts_at(now) { "" } else { "withdrawn" }) {
            td.lead role="cell" {
                (role_name(grant.role, words))
                @if let Some(office) = &grant.office { " " span.soft { (office) } }
                @if let Some(person) = &grant.deputy_of { div.soft { (words.pick("menggantikan", "in place of")) " " (person) } }
            }
            td role="cell" data-label=(words.pick("Mulai", "From")) { (day(grant.begins)) }
            td role="cell" data-label=(words.pick("Berakhir", "Ends")) {
                @match grant.ends { Some(ends) => (day(ends)), None => (words.none) }
            }
            td role="cell" data-label=(words.pick("Tindakan", "Action")) {
                @if own || grant.ends.is_some_and(|ends| ends <= now) { (words.none) } @else {
                    form method="post" action={ "/users/" (account) "/roles/end" } {
                        (proof(ask))
                        input type="hidden" name="role" value=(row.id);
                        button.button.quiet type="submit" { (words.pick("Akhiri", "End")) }
                    }
                }
            }
        }
    }
}

async fn back(site: &Site, ask: &Ask, id: &str, done: Result<(), Trouble>) -> Result<Response, Fault> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/users/{id}?done=1")).into_response()),
        Err(trouble) => match told(ask, &trouble) {
            Some(error) => {
                let account = site.door.store.account(id).await?.ok_or(Fault::NotFound)?;
                user_page(site, ask, &account, Some(error)).await
            }
            None => Err(trouble.into()),
        },
    }
}

/// Why somebody does it, which the ledger keeps.
fn reason(ask: &Ask, form: &Posted) -> Result<String, Trouble> {
    let said = form.word("reason").map(|text| text.chars().take(300).collect());
    let missing = ask.words.pick("Tulis alasannya.", "Say why.");
    said.ok_or_else(|| Trouble::Refused(missing.to_owned()))
}

async fn set_disabled((State(site), Path(id), ask, reader, form): Change, disabled: bool) -> Result<Response, Fault> {
    let done = async {
        let reason = reason(&ask, &form)?;
        let by = By::Person(&reader.who, &reader.caller);
        site.door.set_disabled(by, &id, disabled, &reason).await
    };
    back(&site, &ask, &id, done.await).await
}

pub async fn disable(change: Change) -> Result<Response, Fault> {
    set_disabled(change, true).await
}

pub async fn enable(change: Change) -> Result<Response, Fault> {
    set_disabled(change, false).await
}

pub async fn reset((State(site), Path(id), ask, reader, form): Change) -> Result<Response, Fault> {
    let done = async {
        let reason = reason(&ask, &form)?;
        let by = By::Person(&reader.who, &reader.caller);
        site.door.reset_user(by, &id, &reason, false).await
    };
    match done.await {
        Ok(way) => Ok(way_page(&ask, &id, &way)),
        Err(trouble) => back(&site, &ask, &id, Err(trouble)).await,
    }
}

pub async fn erase((State(site), Path(id), ask, reader, form): Change) -> Result<Response, Fault> {
    let done = async {
        let reason = reason(&ask, &form)?;
        let account = site.door.store.account(&id).await?;
        if account.is_none_or(|account| account.name != form.text("name").trim()) {
            let wrong = ask
                .words
                .pick("Nama akun tidak sama.", "That is not the account's name.");
            return Err(Trouble::Refused(wrong.to_owned()));
        }
        let by = By::Person(&reader.who, &reader.caller);
        site.door.erase_user(by, &id, &reason).await
    };
    match done.await {
        Ok(()) => Ok(Redirect::to("/users?done=1").into_response()),
        Err(trouble) => back(&site, &ask, &id, Err(trouble)).await,
    }
}

pub async fn grant((State(site), Path(id), ask, reader, form): Change) -> Result<Response, Fault> {
    let done = async {
        let grant = grant_of(&site, &ask, &form)?;
        site.door
            .grant(By::Person(&reader.who, &reader.caller), &id, grant)
            .await
    };
    back(&site, &ask, &id, done.await).await
}

pub async fn end_grant((State(site), Path(id), ask, reader, form): Change) -> Result<Response, Fault> {
    let by = By::Person(&reader.who, &reader.caller);
    let done = site.door.end_grant(by, &id, form.text("role")).await;
    back(&site, &ask, &id, done).await
}
