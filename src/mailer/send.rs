//! One attempt: over SMTP, or into a folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
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
pub async fn send(way: &Way, n: i64, message: &Message, deadline: Duration) -> Result<(), Failure> {
    let attempt = async {
        match way {
            Way::Directory(folder) => write(folder, n, message).await,
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
async fn write(folder: &Path, n: i64, message: &Message) -> Result<(), Failure> {
    let path = folder.join(format!("{n:06}.eml"));
    let draft = folder.join(format!(".{n:06}.eml.part"));
    let written = async {
        tokio::fs::create_dir_all(folder).await?;
        tokio::fs::write(&draft, message.formatted()).await?;
        tokio::fs::rename(&draft, &path).await
    };
    written
        .await
        .map_err(|error| Failure::Passing(format!("the folder for mails cannot be written: {error}")))
}

impl Smtp {
    /// A connection of its own for every letter: a pooled one waits for the peer's delayed acknowledgement (40 ms).
    async fn send(&self, message: &Message) -> Result<(), Failure> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| Failure::Passing(format!("the mail server cannot be reached: {error}")))?;
        // The library writes a letter in two pieces; without this the second waits for the first one's acknowledgement.
        stream
            .set_nodelay(true)
            .map_err(|error| Failure::Passing(error.to_string()))?;
        let hello = ClientId::default();
        let mut connection = match self.encryption {
            Encryption::Tls => {
                drop(stream);
                let address = (self.host.as_str(), self.port);
                AsyncSmtpConnection::connect_tokio1(address, None, &hello, Some(self.tls().await?), None)
                    .await
                    .map_err(failure)?
            }
            _ => AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)
                .await
                .map_err(failure)?,
        };
        if self.encryption == Encryption::StartTls {
            connection.starttls(self.tls().await?, &hello).await.map_err(failure)?;
        }
        if let Some((user, password)) = &self.login {
            let credentials = Credentials::new(user.clone(), password.clone());
            // A refused password is somebody's slip, mended soon: the letter must not die of it.
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(|error| Failure::Passing(format!("signing in at the mail server failed: {error}")))?;
        }
        connection
            .send(message.envelope(), &message.formatted())
            .await
            .map_err(failure)?;
        // The server has taken the letter; whether it also hears our farewell changes nothing.
        let _ = connection.quit().await;
        Ok(())
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

/// 5xx means never; everything else may pass.
fn failure(error: lettre::transport::smtp::Error) -> Failure {
    let text = error.to_string();
    if error.is_permanent() {
        Failure::Permanent(text)
    } else {
        Failure::Passing(text)
    }
}
