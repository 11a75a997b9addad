//! One attempt: over SMTP, or into a folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
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

impl Smtp {
    /// A connection of its own for every letter: a pooled one waits for the peer's delayed acknowledgement (40 ms).
    async fn send(&self, message: &Message) -> Result<(), Failure> {
        let mut connection = self.greet().await?;
        connection
            .send(message.envelope(), &message.formatted())
            .await
            .map_err(refusal)?;
        // The server has taken the letter; whether it also hears our farewell changes nothing.
        let _ = connection.quit().await;
        Ok(())
    }

    /// Everything before the letter itself. A refusal here is of the monitor, not of the letter, and somebody's slip
    /// that is mended soon (a password, a blocked address): the letters that wait must not die of it.
    async fn greet(&self) -> Result<AsyncSmtpConnection, Failure> {
        let passing = |error: lettre::transport::smtp::Error| Failure::Passing(error.to_string());
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

/// What the server said to the letter: 5xx means never, unless it asks who we are (RFC 4954); all else may pass.
fn refusal(error: lettre::transport::smtp::Error) -> Failure {
    let text = error.to_string();
    let code = error.status().map(u16::from);
    if error.is_permanent() && !matches!(code, Some(530 | 534 | 535 | 538)) {
        Failure::Permanent(text)
    } else {
        Failure::Passing(text)
    }
}
