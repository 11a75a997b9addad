//! Listens and serves, with limits on whom, how many, how long and how much.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::guard::Peer;
use super::{Settings, Site, router};

/// Connections at a time; the next one waits.
const CONNECTIONS_MAX: usize = 256;
/// Request line and headers together.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// For a whole request head to come, also on a connection kept open.
const HEAD_TIME: Duration = Duration::from_secs(15);
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
    #[error("the dashboard's listener failed")]
    Listener(#[source] std::io::Error),
}

fn check(address: SocketAddr, settings: &Settings) -> Result<(), ServeError> {
    match address.ip().to_canonical().is_loopback() || settings.network_trusted {
        true => Ok(()),
        false => Err(ServeError::NotLoopback(address)),
    }
}

/// Takes the address, or says why not.
pub async fn listen(address: SocketAddr, settings: &Settings) -> Result<TcpListener, ServeError> {
    check(address, settings)?;
    TcpListener::bind(address)
        .await
        .map_err(|error| ServeError::Listen { address, error })
}

/// Serves until `shutdown`; answers under way get a few seconds.
pub async fn serve(listener: TcpListener, site: Site, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    check(listener.local_addr().map_err(ServeError::Listener)?, &site.settings)?;
    let app = router(site);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES_MAX);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (farewell, _) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            // The semaphore is never closed, so this only waits.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            (place, accepted) = accepted => match accepted {
                Ok((stream, address)) => (place, (stream, address)),
                Err(error) => {
                    // Out of files, or a peer that is gone already: others may still come.
                    tracing::warn!(%error, "a connection to the dashboard could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let (stream, address) = stream;
        let answers = TowerToHyperService::new(app.clone());
        let known = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(Peer(address));
            hyper::service::Service::call(&answers, request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), known);
        let mut ends = farewell.subscribe();
        connections.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let ended = tokio::select! {
                ended = &mut connection => ended,
                _ = ends.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection to the dashboard ended early");
            }
            drop(place);
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
