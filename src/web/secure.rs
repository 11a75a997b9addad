//! The dashboard's certificate: read at the start, and again when its files change, so that a renewed one needs no restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio_rustls::TlsAcceptor;

use crate::clock;
use crate::tls;

/// How often the files are looked at, while connections come.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Where certificate chain and key are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    pub cert: PathBuf,
    pub key: PathBuf,
}

pub struct Secure {
    files: Certificate,
    state: Mutex<State>,
}

struct State {
    acceptor: TlsAcceptor,
    written: [Option<SystemTime>; 2],
    looked: Instant,
}

impl Secure {
    pub fn read(files: Certificate) -> Result<Secure, tls::Fault> {
        let state = Mutex::new(State {
            written: written(&files),
            acceptor: acceptor(&files)?,
            looked: clock::instant(),
        });
        Ok(Secure { files, state })
    }

    /// For the next connection. New files that cannot be used are told once; the certificate before goes on.
    pub fn acceptor(&self) -> TlsAcceptor {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK_EVERY {
            state.looked = clock::instant();
            let written = written(&self.files);
            if written != state.written {
                state.written = written;
                match acceptor(&self.files) {
                    Ok(acceptor) => {
                        state.acceptor = acceptor;
                        tracing::info!("the dashboard's certificate was read again");
                    }
                    Err(error) => tracing::error!(%error, "the dashboard goes on with the certificate it has"),
                }
            }
        }
        state.acceptor.clone()
    }
}

fn acceptor(files: &Certificate) -> Result<TlsAcceptor, tls::Fault> {
    let mut config = tls::server(&files.cert, &files.key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Two small questions to the file system, seldom enough to ask them where they block.
fn written(files: &Certificate) -> [Option<SystemTime>; 2] {
    let when = |file: &Path| std::fs::metadata(file).and_then(|about| about.modified()).ok();
    [when(&files.cert), when(&files.key)]
}
