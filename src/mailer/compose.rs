//! A letter as a MIME message.

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use crate::engine::roster::Language;
use crate::engine::time::Moment;
use crate::letter::words::one_line;
use crate::store::rows::NewLetter;

/// Why a letter cannot become a mail; trying again will not help.
#[derive(Debug, thiserror::Error)]
#[error("the letter cannot be written as a mail: {0}")]
pub struct ComposeError(String);

macro_rules! header {
    ($name:ident, $text:literal) => {
        #[derive(Clone)]
        struct $name(String);

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($text)
            }

            fn parse(text: &str) -> Result<$name, Box<dyn std::error::Error + Send + Sync>> {
                Ok($name(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

header!(AutoSubmitted, "Auto-Submitted");
header!(ListId, "List-Id");
header!(ContentLanguage, "Content-Language");
header!(SuppressAnswers, "X-Auto-Response-Suppress");

/// Builds the message: plain text and HTML as alternatives, the same Message-ID on every attempt. Names are what people
/// wrote into a roster: whatever stands in them, they stay within their header.
pub fn compose(letter: &NewLetter, from: &Mailbox, name: Option<&str>, now: Moment) -> Result<Message, ComposeError> {
    let wrong = |error: &dyn std::fmt::Display| ComposeError(error.to_string());
    let to: lettre::Address = letter.address.parse().map_err(|error| wrong(&error))?;
    let domain = from.email.domain();
    let date = std::time::UNIX_EPOCH + std::time::Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(name.map(one_line).filter(|name| !name.is_empty()), to))
        .subject(one_line(&letter.subject))
        .date(date)
        .message_id(Some(format!("<{}>", letter.message_id)))
        // RFC 3834: nobody's out-of-office answer comes back.
        .header(AutoSubmitted("auto-generated".into()))
        // The same for Exchange, which does not read that.
        .header(SuppressAnswers("All".into()))
        .header(ListId(format!("Jagaloket <jagaloket.{domain}>")))
        .header(ContentLanguage(match letter.language {
            Language::Id => "id".into(),
            Language::En => "en".into(),
        }));
    if let Some(first) = &letter.in_reply_to {
        builder = builder
            .in_reply_to(format!("<{first}>"))
            .references(format!("<{first}>"));
    }
    let text = SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .body(letter.text_body.clone());
    let html = SinglePart::builder()
        .header(ContentType::TEXT_HTML)
        .body(letter.html_body.clone());
    builder
        .multipart(MultiPart::alternative().singlepart(text).singlepart(html))
        .map_err(|error| wrong(&error))
}
