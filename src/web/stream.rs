//! `/live`: tells open pages that there is something new, and nothing of it. A page then asks for itself again, as far as its
//! reader may see; where no stream can be had, it asks every few seconds by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use tokio::time::{Instant, MissedTickBehavior};

use super::Site;
use super::ask::{Ask, Reader};
use super::fault::Fault;
use super::pieces::{Pieces, pieces};
use crate::engine::time::Moment;

/// Streams altogether, half of the connections there may be, and of one session: a browser has six for everything.
const STREAMS_MAX: usize = 128;
const SESSION_MAX: usize = 4;
/// Between two pieces of news, so that a busy daemon does not have every page ask without rest.
const PAUSE: Duration = Duration::from_secs(2);
/// So often a silent stream says that it lives, and whoever holds it is asked whether he still may.
const STILL_EVERY: Duration = Duration::from_secs(10);
/// Then a browser comes again by itself, and is let in anew.
const STREAM_TIME: Duration = Duration::from_secs(15 * 60);

/// Streams that are open, by session.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<HashMap<String, usize>>>);

/// A place among them; it is given back when the stream ends.
struct Place {
    streams: Streams,
    session: String,
}

impl Streams {
    fn take(&self, session: &str) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.get(session).copied().unwrap_or_default();
        if own >= SESSION_MAX || open.values().sum::<usize>() >= STREAMS_MAX {
            return None;
        }
        open.insert(session.to_owned(), own + 1);
        Some(Place {
            streams: self.clone(),
            session: session.to_owned(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.session);
            }
        }
    }
}

pub async fn live(
    State(site): State<Site>,
    Extension(streams): Extension<Streams>,
    ask: Ask,
    reader: Reader,
) -> Result<Response, Fault> {
    let place = streams.take(&reader.who.session.hash).ok_or(Fault::TooMany)?;
    let (pieces, body) = pieces();
    let hash = reader.who.session.hash.clone();
    tokio::spawn(async move {
        tell(&site, &pieces, &hash, ask.live.now).await;
        drop(place);
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // A proxy that gathers answers would gather this one for ever.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

/// Until the reader is gone, may not read any more, or the daemon ends.
async fn tell(site: &Site, pieces: &Pieces, session: &str, now: Moment) {
    let mut news = site.live.clone();
    news.mark_unchanged();
    let ends = Instant::now() + STREAM_TIME;
    let mut still = tokio::time::interval(STILL_EVERY);
    still.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, and was this look.
    still.tick().await;
    let mut piece = event("still", now);
    while pieces.send(piece).await {
        piece = tokio::select! {
            () = tokio::time::sleep_until(ends) => return,
            // A page that was left gives its place back at once.
            () = pieces.left() => return,
            changed = news.changed() => {
                if changed.is_err() {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
                event("news", news.borrow_and_update().now)
            }
            _ = still.tick() => {
                if !site.door.is_open(session).await {
                    return;
                }
                event("still", site.live.borrow().now)
            }
        };
    }
}

fn event(name: &str, at: Moment) -> Vec<u8> {
    format!("event: {name}\ndata: {}\n\n", at.0).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_its_share_and_gets_it_back() {
        let streams = Streams::default();
        let mut own: Vec<_> = (0..SESSION_MAX).map(|_| streams.take("a").unwrap()).collect();
        assert!(streams.take("a").is_none());
        assert!(streams.take("b").is_some());
        own.pop();
        assert!(streams.take("a").is_some());
        let all: Vec<_> = (0..STREAMS_MAX).filter_map(|n| streams.take(&n.to_string())).collect();
        assert_eq!(all.len() + own.len(), STREAMS_MAX);
        drop((all, own));
        assert!(streams.0.lock().unwrap().is_empty());
    }
}
