//! Listens and serves, with limits on whom, how many, how long and how much.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::peer::{Connection, Seats};
use super::secure::Secure;
use super::{Settings, Site, router};
use crate::tls;

/// Connections at a time; the next one waits.
const CONNECTIONS_MAX: usize = 256;
/// Request line and headers together.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// For a whole request head to come, also on a connection kept open.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// For the handshake of a connection over TLS.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// For a whole connection: who reads an answer more slowly than that does not read it.
const CONNECTION_TIME: Duration = Duration::from_secs(30 * 60);
/// For answers under way when the process ends.
const FAREWELL: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "the dashboard speaks plain HTTP and may listen on loopback only, not on {0}: use 127.0.0.1 behind a proxy with TLS, \
         or say in the configuration that the network is trusted, for passwords cross it"
    )]
    NotLoopback(SocketAddr),
    #[error("the dashboard cannot listen on {address}; is another program using it?")]
    Listen {
        address: SocketAddr,
        #[source]
        error: std::io::Error,
    },
    #[error("the dashboard has no certificate to show")]
    Certificate(#[from] tls::Fault),
    #[error("the dashboard's listener failed")]
    Listener(#[source] std::io::Error),
}

fn check(address: SocketAddr, settings: &Settings) -> Result<(), ServeError> {
    match address.ip().to_canonical().is_loopback() || settings.network_trusted || settings.certificate.is_some() {
        true => Ok(()),
        false => Err(ServeError::NotLoopback(address)),
    }
}

/// An address that was taken, and what is shown there.
pub struct Listening {
    listener: TcpListener,
    secure: Option<Arc<Secure>>,
    for_machines: bool,
}

impl Listening {
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Takes the address, or says why not.
pub async fn listen(address: SocketAddr, settings: &Settings) -> Result<Listening, ServeError> {
    check(address, settings)?;
    let secure = settings
        .certificate
        .clone()
        .map(Secure::read)
        .transpose()?
        .map(Arc::new);
    Ok(Listening {
        listener: bind(address).await?,
        secure,
        for_machines: false,
    })
}

/// Takes an address where programs of this machine alone ask, and no proxy forwards to.
pub async fn listen_for_machines(address: SocketAddr) -> Result<Listening, ServeError> {
    check(address, &Settings::default())?;
    Ok(Listening {
        listener: bind(address).await?,
        secure: None,
        for_machines: true,
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| ServeError::Listen { address, error })
}

/// Anything a connection goes over.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Serves people and, where they have an address of their own, programs of this machine.
pub async fn serve_both<F: Future<Output = ()>>(
    people: Listening,
    machines: Option<Listening>,
    site: Site,
    shutdown: impl Fn() -> F,
) -> Result<(), ServeError> {
    let programs = async {
        match machines {
            Some(machines) => serve(machines, site.clone(), shutdown()).await,
            None => Ok(()),
        }
    };
    tokio::try_join!(serve(people, site.clone(), shutdown()), programs).map(drop)
}

/// Serves until `shutdown`; answers under way get a few seconds.
pub async fn serve(listening: Listening, site: Site, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    let Listening {
        listener,
        secure,
        for_machines,
    } = listening;
    let proxies = site.settings.trusted_proxies.clone();
    let app = TowerToHyperService::new(router(site));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES_MAX);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let seats = Arc::new(Seats::default());
    let (farewell, _) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            // The semaphore is never closed, so this only waits.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, stream, address) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            (place, accepted) = accepted => match accepted {
                Ok((stream, address)) => (place, stream, address.ip()),
                Err(error) => {
                    // Out of files, or a peer that is gone already: others may still come.
                    tracing::warn!(%error, "a connection to the dashboard could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let Some(seat) = seats.take(address, &proxies) else {
            tracing::debug!("an address has too many connections to the dashboard");
            continue;
        };
        let (http, app, secure) = (http.clone(), app.clone(), secure.clone());
        let mut ends = farewell.subscribe();
        connections.spawn(async move {
            let connection = Connection {
                address,
                tls: secure.is_some(),
                for_machines,
            };
            let Some(stream) = shaken(stream, secure).await else {
                return;
            };
            let from_there = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(connection);
                app.call(request)
            });
            let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), from_there));
            let ended = tokio::select! {
                ended = &mut connection => ended,
                _ = ends.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
                () = tokio::time::sleep(CONNECTION_TIME) => Ok(()),
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection to the dashboard ended early");
            }
            drop((place, seat));
        });
    }
    drop(listener);
    farewell.send_replace(());
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        connections.abort_all();
    }
    Ok(())
}

/// The stream as it came, or what is inside its TLS; nothing where the other end cannot do that in time.
async fn shaken(stream: TcpStream, secure: Option<Arc<Secure>>) -> Option<Pin<Box<dyn Stream>>> {
    let Some(secure) = secure else {
        return Some(Box::pin(stream));
    };
    let shaken = tokio::time::timeout(HANDSHAKE_TIME, secure.acceptor().accept(stream)).await;
    match shaken {
        Ok(Ok(stream)) => Some(Box::pin(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake with the dashboard failed");
            None
        }
        Err(_) => None,
    }
}
