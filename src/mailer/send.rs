//! One attempt: over SMTP, or into a folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Where letters go.
#[derive(Clone)]
pub enum Way {
    /// A folder of `.eml` files.
    Directory(PathBuf),
    Smtp(Smtp),
}

#[derive(Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    /// A PEM file of who may have signed the server's certificate; `None`: the public authorities.
    pub ca_file: Option<PathBuf>,
    pub login: Option<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encryption {
    None,
    StartTls,
    Tls,
}

/// Why an attempt failed, in words without addresses.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// It may work later.
    Passing(String),
    /// It will not.
    Permanent(String),
}

/// Sends one message, within the deadline.
pub async fn send(way: &Way, file_name: &str, message: &Message, deadline: Duration) -> Result<(), Failure> {
    let attempt = async {
        match way {
            Way::Directory(folder) => write(folder, file_name, message).await,
            Way::Smtp(smtp) => smtp.send(message).await,
        }
    };
    match tokio::time::timeout(deadline, attempt).await {
        Ok(result) => result,
        Err(_) => Err(Failure::Passing(format!(
            "the mail server did not finish within {} s",
            deadline.as_secs()
        ))),
    }
}

/// Written under another name first, so that nobody reads half a letter.
async fn write(folder: &Path, file_name: &str, message: &Message) -> Result<(), Failure> {
    let path = folder.join(file_name);
    let draft = folder.join(format!(".{file_name}.part"));
    let written = async {
        tokio::fs::create_dir_all(folder).await?;
        let mut file = tokio::fs::File::create(&draft).await?;
        file.write_all(&message.formatted()).await?;
        // A letter that is settled as sent must be there also after the power went.
        file.sync_all().await?;
        tokio::fs::rename(&draft, &path).await
    };
    written
        .await
        .map_err(|error| Failure::Passing(format!("the folder for mails cannot be written: {error}")))
}

impl Way {
    /// Reads the files that every attempt would fail over.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Way::Smtp(Smtp {
                ca_file: Some(path), ..
            }) => {
                let pem = std::fs::read(path).map_err(|error| error.to_string())?;
                Certificate::from_pem(&pem).map(drop).map_err(|error| error.to_string())
            }
            Way::Smtp(_) | Way::Directory(_) => Ok(()),
        }
    }
}

impl Smtp {
    /// A connection of its own for every letter: a pooled one waits for the peer's delayed acknowledgement (40 ms).
    async fn send(&self, message: &Message) -> Result<(), Failure> {
        let mut connection = self.greet().await?;
        hand_over(&mut connection, message).await?;
        // The server has taken the letter; whether it also hears our farewell changes nothing.
        let _ = connection.quit().await;
        Ok(())
    }

    /// Everything before the letter itself. A refusal here is of the monitor, not of the letter, and somebody's slip
    /// that is mended soon (a password, a blocked address): the letters that wait must not die of it.
    async fn greet(&self) -> Result<AsyncSmtpConnection, Failure> {
        let hello = ClientId::default();
        let address = (self.host.as_str(), self.port);
        let mut connection = match self.encryption {
            Encryption::Tls => {
                AsyncSmtpConnection::connect_tokio1(address, None, &hello, Some(self.tls().await?), None)
                    .await
                    .map_err(passing)?
            }
            Encryption::None | Encryption::StartTls => {
                let unreachable =
                    |error: std::io::Error| Failure::Passing(format!("the mail server cannot be reached: {error}"));
                let stream = TcpStream::connect(address).await.map_err(unreachable)?;
                // The library writes a letter in two pieces; without this the second waits for the first one's
                // acknowledgement.
                stream.set_nodelay(true).map_err(unreachable)?;
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)
                    .await
                    .map_err(passing)?
            }
        };
        if self.encryption == Encryption::StartTls {
            connection.starttls(self.tls().await?, &hello).await.map_err(passing)?;
        }
        if let Some((user, password)) = &self.login {
            let credentials = Credentials::new(user.clone(), password.clone());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(|error| Failure::Passing(format!("signing in at the mail server failed: {error}")))?;
        }
        Ok(connection)
    }

    async fn tls(&self) -> Result<TlsParameters, Failure> {
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(path) = &self.ca_file {
            let unreadable =
                |error: String| Failure::Passing(format!("the mail server's CA file cannot be used: {error}"));
            let pem = tokio::fs::read(path)
                .await
                .map_err(|error| unreadable(error.to_string()))?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| unreadable(error.to_string()))?;
            builder = builder.add_root_certificate(certificate);
        }
        builder
            .build_rustls()
            .map_err(|error| Failure::Passing(error.to_string()))
    }
}

/// Says the letter step by step, because what a refusal means depends on what is refused.
async fn hand_over(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Failure> {
    let (envelope, text) = (message.envelope(), message.formatted());
    let server = connection.server_info();
    let international = |address: &lettre::Address| !address.to_string().is_ascii();
    let mut parameters = Vec::new();
    for (needed, extension, parameter) in [
        (
            envelope.to().iter().chain(envelope.from()).any(international),
            Extension::SmtpUtfEight,
            MailParameter::SmtpUtfEight,
        ),
        (
            !text.is_ascii(),
            Extension::EightBitMime,
            MailParameter::Body(MailBodyParameter::EightBitMime),
        ),
    ] {
        if needed && !server.supports_feature(extension) {
            return Err(Failure::Passing(format!("the mail server does not know {extension}")));
        }
        parameters.extend(needed.then_some(parameter));
    }
    // The server does not want us as a sender: that is of the monitor, not of the letter.
    connection
        .command(Mail::new(envelope.from().cloned(), parameters))
        .await
        .map_err(passing)?;
    for recipient in envelope.to() {
        connection
            .command(Rcpt::new(recipient.clone(), Vec::new()))
            .await
            .map_err(|error| match is_bad_mailbox(&error) {
                true => Failure::Permanent(error.to_string()),
                false => passing(error),
            })?;
    }
    connection.command(Data).await.map_err(passing)?;
    connection.message(&text).await.map_err(|error| {
        // The letter itself, unless the server asks who we are (RFC 4954).
        let asks_who = matches!(error.status().map(u16::from), Some(530 | 534 | 535 | 538));
        match error.is_permanent() && !asks_who {
            true => Failure::Permanent(error.to_string()),
            false => passing(error),
        }
    })?;
    Ok(())
}

fn passing(error: lettre::transport::smtp::Error) -> Failure {
    Failure::Passing(error.to_string())
}

/// Whether the server says by its enhanced status (RFC 3463, 5.1.x or 5.2.1) that this mailbox does not exist. The bare
/// code would not do: 550 and 554 also mean that it will not relay for us, which somebody mends at the server.
fn is_bad_mailbox(error: &lettre::transport::smtp::Error) -> bool {
    use std::error::Error as _;
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    let status = words.split_whitespace().next().unwrap_or("");
    // 5.1.7 and 5.1.8 speak of the sender's address.
    error.is_permanent() && (status.starts_with("5.1.") || status == "5.2.1") && !matches!(status, "5.1.7" | "5.1.8")
}
