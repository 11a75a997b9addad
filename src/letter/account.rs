//! Letters about accounts: a link that is good once, and what was done to somebody's rights, for those who look after them.

use maud::{Markup, html};

use super::html::{colours, frame, soft, title_row};
use super::sheet::Tone;
use super::wording::Around;
use super::words::one_line;
use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::store::rows::{LetterKind, NewLetter};

/// What such a letter is about.
#[derive(Clone, Debug)]
pub struct Matter<'a> {
    pub account: &'a str,
    /// What he signs in with.
    pub name: &'a str,
    pub address: &'a str,
    pub language: Language,
    pub link: &'a str,
    /// An invitation, or what somebody asked for who has forgotten his password.
    pub invites: bool,
    /// How long the link is good.
    pub hours: i64,
    pub message_id: String,
}

/// Its times are set when it is committed.
pub fn write(matter: &Matter<'_>) -> NewLetter {
    let pick = |id: String, en: String| match matter.language {
        Language::Id => id,
        Language::En => en,
    };
    let (name, hours) = (one_line(matter.name), matter.hours);
    let subject = match matter.invites {
        true => pick("Akun Jagaloket Anda".into(), "Your Jagaloket account".into()),
        false => pick(
            "Kata sandi baru untuk Jagaloket".into(),
            "A new password for Jagaloket".into(),
        ),
    };
    let said = match matter.invites {
        true => pick(
            format!("Akun {name} telah disiapkan untuk Anda. Buka tautan ini dan pilih kata sandi:"),
            format!("The account {name} is ready for you. Open this link and choose a password:"),
        ),
        false => pick(
            format!("Kata sandi baru diminta untuk akun {name}. Buka tautan ini untuk memilihnya:"),
            format!("A new password was asked for the account {name}. Open this link to choose it:"),
        ),
    };
    let lasts = pick(
        format!("Tautan berlaku satu kali, selama {hours} jam. Jangan teruskan kepada siapa pun."),
        format!("The link is good once, for {hours} hours. Pass it on to nobody."),
    );
    let otherwise = match matter.invites {
        true => pick(
            "Bila Anda tidak mengharapkan surat ini, beri tahu pengelola akun.".into(),
            "If you do not expect this letter, tell whoever looks after accounts.".into(),
        ),
        false => pick(
            "Bila bukan Anda yang meminta, abaikan surat ini: tidak ada yang berubah.".into(),
            "If it was not you, leave this letter alone: nothing changes.".into(),
        ),
    };
    let html = page(matter.language, &subject, &said, matter.link, plain(&lasts), &otherwise);
    let text = format!("{said}\n\n{}\n\n{lasts}\n{otherwise}\n\nJagaloket\n", matter.link);
    letter(
        (matter.account, matter.address, matter.language),
        subject,
        matter.message_id.clone(),
        (text, html),
    )
}

/// What was done to an account that sees other people's records, or looks after accounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// A role was given, by its names in both languages.
    Given([&'static str; 2]),
    Ended([&'static str; 2]),
    /// Its password and codes were taken away, and a new link was made.
    Reset,
    Erased,
}

/// A deed, told to somebody who watches over such deeds.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// Account or roster id of whom it is told to.
    pub to: &'a str,
    pub address: &'a str,
    pub language: Language,
    pub deed: Deed,
    /// What the account is called.
    pub of: &'a str,
    pub office: Option<&'a str>,
    /// The account that did it; `None`: somebody at the machine's command line.
    pub by: Option<&'a str>,
    /// Where the traces are shown.
    pub link: &'a str,
    pub message_id: String,
}

/// Its times are set when it is committed. The subject names nobody.
pub fn notice(notice: &Notice<'_>) -> NewLetter {
    let pick = |id: String, en: String| match notice.language {
        Language::Id => id,
        Language::En => en,
    };
    let of = one_line(notice.of);
    let at = |word: &str| {
        notice
            .office
            .map_or(String::new(), |office| format!(" {word} {}", one_line(office)))
    };
    let subject = pick(
        "Hak akses akun Jagaloket diubah".into(),
        "Rights of a Jagaloket account were changed".into(),
    );
    let said = match notice.deed {
        Deed::Given([id, en]) => pick(
            format!("Akun {of} diberi peran {id}{}.", at("di kantor")),
            format!("The account {of} was given the role {en}{}.", at("of the office")),
        ),
        Deed::Ended([id, en]) => pick(
            format!("Peran {id} akun {of} diakhiri."),
            format!("The role {en} of the account {of} was ended."),
        ),
        Deed::Reset => pick(
            format!("Kata sandi dan kode akun {of} dihapus, dan tautan baru dibuat."),
            format!("Password and codes of the account {of} were taken away, and a new link was made."),
        ),
        Deed::Erased => pick(
            format!("Data pribadi akun {of} dihapus."),
            format!("What was personal of the account {of} was erased."),
        ),
    };
    let by = match notice.by {
        Some(by) => pick(
            format!("Oleh akun {}.", one_line(by)),
            format!("By the account {}.", one_line(by)),
        ),
        None => pick(
            "Oleh orang di konsol mesin monitor.".into(),
            "By somebody at the console of the monitor's machine.".into(),
        ),
    };
    let otherwise = pick(
        "Bila ini tidak semestinya, tanyakan sekarang juga. Jejaknya ada di:".into(),
        "If this should not be, ask at once. The traces are at:".into(),
    );
    let html = page(notice.language, &subject, &said, notice.link, plain(&by), &otherwise);
    let text = format!("{said}\n{by}\n\n{otherwise}\n{}\n\nJagaloket\n", notice.link);
    letter(
        (notice.to, notice.address, notice.language),
        subject,
        notice.message_id.clone(),
        (text, html),
    )
}

/// Title, what is said, a link, and what to do if it should not be.
fn page(language: Language, subject: &str, said: &str, link: &str, more: Markup, soft_words: &str) -> String {
    let colours = colours(Tone::Technical);
    let label = match language {
        Language::Id => "Akun",
        Language::En => "Account",
    };
    let card = html! {
        (title_row("Jagaloket", label, subject, &colours))
        tr { td.pad style="padding:24px 28px 4px;" {
            p.ink style="margin:0 0 18px;font-size:17px;line-height:26px;color:#1d2733;" { (said) }
            (more)
            p.ink style="margin:0 0 18px;font-size:14px;line-height:20px;word-break:break-all;" {
                a.link href=(link) style="color:#1f4e79;" { (link) }
            }
        } }
        tr { td.pad style="padding:0 28px 24px;" { (soft(soft_words)) } }
    };
    frame(language, subject, said, &Around::default(), &card)
}

fn plain(words: &str) -> Markup {
    html! { p.ink style="margin:0 0 8px;font-size:15px;line-height:22px;color:#1d2733;" { (words) } }
}

fn letter(
    (to, address, language): (&str, &str, Language),
    subject: String,
    message_id: String,
    (text_body, html_body): (String, String),
) -> NewLetter {
    NewLetter {
        incident: None,
        kind: LetterKind::Account,
        person: to.to_owned(),
        address: address.to_owned(),
        language,
        subject,
        message_id,
        in_reply_to: None,
        text_body,
        html_body,
        created: Moment(0),
        due: Moment(0),
    }
}
