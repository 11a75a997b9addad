//! The stream below the MQTT client: TCP or TLS, with oversized messages cut so that none can block the line.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rumqttc_v5::tokio_rustls::TlsConnector;
use rumqttc_v5::tokio_rustls::client::TlsStream;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::cut::Cut;
use super::{Error, Settings, Tls};

/// Where Debian and its kin keep the certificates that the whole system trusts.
const SYSTEM_CA_FILE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// How to reach the broker, with everything read from files already.
#[derive(Clone)]
pub struct Dialer {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    cut: Cut,
    left: mpsc::UnboundedSender<Stream>,
}

impl Dialer {
    /// Streams that the client lets go of come to `left`: the last one wants a proper end, see [`Stream::end`].
    pub fn new(settings: &Settings, cut: Cut, left: mpsc::UnboundedSender<Stream>) -> Result<Dialer, Error> {
        let tls = match &settings.tls {
            None => None,
            Some(tls) => {
                let name =
                    ServerName::try_from(settings.host.clone()).map_err(|_| Error::Host(settings.host.clone()))?;
                Some((TlsConnector::from(Arc::new(client_config(tls)?)), name))
            }
        };
        Ok(Dialer {
            host: settings.host.clone(),
            port: settings.port,
            tls,
            cut,
            left,
        })
    }

    pub async fn dial(self) -> io::Result<Socket> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        // Acknowledgements are small and must not wait for more of them.
        tcp.set_nodelay(true)?;
        let stream = match self.tls {
            None => Stream::Plain(tcp),
            Some((connector, name)) => Stream::Tls(Box::new(connector.connect(name, tcp).await?)),
        };
        Ok(Socket {
            stream: Some(stream),
            cut: self.cut,
            left: self.left,
        })
    }
}

fn client_config(tls: &Tls) -> Result<ClientConfig, Error> {
    let ca_file = tls.ca_file.clone().unwrap_or_else(|| PathBuf::from(SYSTEM_CA_FILE));
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(&ca_file)?);
    if added == 0 {
        return Err(pem(&ca_file, "no certificate that can be used"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))?
        .with_root_certificates(roots);
    match &tls.client {
        None => Ok(config.with_no_client_auth()),
        Some(client) => {
            let key = PrivateKeyDer::from_pem_slice(&read(&client.key_file)?)
                .map_err(|error| pem(&client.key_file, error))?;
            config
                .with_client_auth_cert(certificates(&client.certificate_file)?, key)
                .map_err(|error| pem(&client.key_file, error))
        }
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(&read(file)?)
        .collect::<Result<_, _>>()
        .map_err(|error| pem(file, error))?;
    if found.is_empty() {
        return Err(pem(file, "no certificate in it"));
    }
    Ok(found)
}

fn pem(file: &Path, reason: impl ToString) -> Error {
    Error::Pem {
        file: file.to_owned(),
        reason: reason.to_string(),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    fs::read(file).map_err(|error| Error::File(file.to_owned(), error))
}

pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Closes our half and reads what is still coming until the broker closes its own. A socket that is closed with
    /// unread bytes in it resets the connection, and the broker may lose what we wrote last: acknowledgements.
    pub async fn end(mut self) -> io::Result<()> {
        let stream: &mut dyn Duplex = match &mut self {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.as_mut(),
        };
        stream.shutdown().await?;
        tokio::io::copy(stream, &mut tokio::io::sink()).await?;
        Ok(())
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl Duplex for TcpStream {}
impl Duplex for TlsStream<TcpStream> {}

/// What the client reads and writes.
pub struct Socket {
    /// Empty only while it is dropped.
    stream: Option<Stream>,
    cut: Cut,
    left: mpsc::UnboundedSender<Stream>,
}

impl Socket {
    fn stream(&mut self) -> io::Result<Pin<&mut dyn Duplex>> {
        match &mut self.stream {
            Some(Stream::Plain(stream)) => Ok(Pin::new(stream)),
            Some(Stream::Tls(stream)) => Ok(Pin::new(stream.as_mut())),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            // Nobody waits for it when the whole client is dropped; then it just closes.
            let _ = self.left.send(stream);
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        loop {
            if socket.cut.drain_into(out) {
                return Poll::Ready(Ok(()));
            }
            let mut chunk = [0u8; 8192];
            let mut read = ReadBuf::new(&mut chunk);
            match socket.stream()?.poll_read(cx, &mut read) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // The end: nothing was put in, which is how a reader learns of it.
                Poll::Ready(Ok(())) if read.filled().is_empty() => return Poll::Ready(Ok(())),
                // A chunk may vanish whole in a cut; then read on.
                Poll::Ready(Ok(())) => socket.cut.push(read.filled())?,
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }
}
