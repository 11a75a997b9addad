//! The letter that brings an invitation or a reset: a link that is good once.

use maud::html;

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
    let colours = colours(Tone::Technical);
    let card = html! {
        (title_row("Jagaloket", &pick("Akun".into(), "Account".into()), &subject, &colours))
        tr { td.pad style="padding:24px 28px 4px;" {
            p.ink style="margin:0 0 18px;font-size:17px;line-height:26px;color:#1d2733;" { (said) }
            p.ink style="margin:0 0 18px;font-size:14px;line-height:20px;word-break:break-all;" {
                a.link href=(matter.link) style="color:#1f4e79;" { (matter.link) }
            }
            p.ink style="margin:0 0 8px;font-size:15px;line-height:22px;color:#1d2733;" { (lasts) }
        } }
        tr { td.pad style="padding:0 28px 24px;" { (soft(&otherwise)) } }
    };
    let html = frame(matter.language, &subject, &said, &Around::default(), &card);
    NewLetter {
        incident: None,
        kind: LetterKind::Account,
        person: matter.account.to_owned(),
        address: matter.address.to_owned(),
        language: matter.language,
        subject,
        message_id: matter.message_id.clone(),
        in_reply_to: None,
        text_body: format!("{said}\n\n{}\n\n{lasts}\n{otherwise}\n\nJagaloket\n", matter.link),
        html_body: html,
        created: Moment(0),
        due: Moment(0),
    }
}
