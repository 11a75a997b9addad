//! Answers that go out piece by piece. Who keeps up gets all of it; who does not, or whose answer fails half way, sees that it
//! is cut off, so that half of an answer is never taken for all.

use std::time::Duration;

use axum::body::{Body, Bytes};
use tokio::sync::mpsc;

/// Pieces that wait for the reader.
const WAITING_MAX: usize = 4;
/// A reader who takes longer for one piece is left: an open read keeps the database's log from being cut.
const PIECE_TIME: Duration = Duration::from_secs(30);

pub struct Pieces(mpsc::Sender<Result<Bytes, std::io::Error>>);

/// Where pieces are put, and the body they make.
pub fn pieces() -> (Pieces, Body) {
    let (sender, mut pieces) = mpsc::channel(WAITING_MAX);
    let body = Body::from_stream(futures_util::stream::poll_fn(move |context| pieces.poll_recv(context)));
    (Pieces(sender), body)
}

impl Pieces {
    /// Answers whether anybody still reads.
    pub async fn send(&self, piece: Vec<u8>) -> bool {
        match tokio::time::timeout(PIECE_TIME, self.0.send(Ok(Bytes::from(piece)))).await {
            Ok(sent) => sent.is_ok(),
            Err(_) => {
                let _ = self.0.try_send(Err(std::io::ErrorKind::TimedOut.into()));
                false
            }
        }
    }

    /// Waits until nobody reads any more.
    pub async fn left(&self) {
        self.0.closed().await;
    }

    /// Cuts the answer off.
    pub async fn fail(self, error: std::io::Error) {
        let _ = self.0.send(Err(error)).await;
    }
}
