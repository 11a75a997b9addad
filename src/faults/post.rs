//! A mail server that fails: it refuses, stalls, answers with errors, and dies after it has taken a letter.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::plan::chance;

/// A mail that the server took, in the order in which it took them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    pub message_id: String,
    pub to: String,
    pub in_reply_to: Option<String>,
}

/// The server. It ends when this is dropped.
pub struct Post {
    pub port: u16,
    state: Arc<State>,
    _listening: JoinSet<()>,
}

struct State {
    percent: AtomicU8,
    failures: AtomicU64,
    taken: Mutex<Vec<Taken>>,
    /// Message-IDs and addresses that it has refused for good.
    refused: Mutex<Vec<String>>,
}

/// How a connection fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Failure {
    /// It is closed before a word.
    Closed,
    /// It answers this at this point.
    Says(Point, &'static str),
    /// It answers nothing more from this point on.
    Stalls(Point),
    /// It dies at the end of the letter, which it has kept or not.
    Dies { kept: bool },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Point {
    Greeting,
    From,
    To,
    Data,
    End,
}

const FAILURES: [Failure; 15] = [
    Failure::Closed,
    Failure::Says(Point::Greeting, "421 4.3.2 not now"),
    Failure::Says(Point::Greeting, "554 5.7.1 not from you"),
    Failure::Says(Point::From, "451 4.3.0 try again"),
    Failure::Says(Point::From, "550 5.7.1 not for you"),
    Failure::Says(Point::To, "450 4.2.1 busy"),
    Failure::Says(Point::To, "550 5.1.1 nobody of that name"),
    Failure::Says(Point::Data, "452 4.3.1 no room"),
    Failure::Says(Point::End, "451 4.3.0 try again"),
    Failure::Says(Point::End, "554 5.6.0 not such a letter"),
    Failure::Stalls(Point::Greeting),
    Failure::Stalls(Point::End),
    Failure::Dies { kept: false },
    Failure::Dies { kept: true },
    Failure::Dies { kept: true },
];

impl Post {
    pub async fn open(mut rng: Rng) -> Result<Post> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("no port for the mail server")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            percent: AtomicU8::new(20),
            failures: AtomicU64::new(0),
            taken: Mutex::default(),
            refused: Mutex::default(),
        });
        let mut listening = JoinSet::new();
        let shared = state.clone();
        listening.spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let failure = chance(&mut rng, shared.percent.load(Ordering::Relaxed))
                    .then(|| rng.choice(FAILURES))
                    .flatten();
                shared
                    .failures
                    .fetch_add(u64::from(failure.is_some()), Ordering::Relaxed);
                let state = shared.clone();
                // A talk that breaks off is a client that went away.
                talks.spawn(async move { drop(talk(stream, failure, &state).await) });
                while talks.try_join_next().is_some() {}
            }
        });
        Ok(Post {
            port,
            state,
            _listening: listening,
        })
    }

    /// From now on it fails so many of a hundred times.
    pub fn fail(&self, percent: u8) {
        self.state.percent.store(percent, Ordering::Relaxed);
    }

    pub fn failures(&self) -> u64 {
        self.state.failures.load(Ordering::Relaxed)
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.state.taken.lock().map(|taken| taken.clone()).unwrap_or_default()
    }

    /// Message-IDs of letters, and addresses of people, that it has refused for good at least once.
    pub fn refused(&self) -> Vec<String> {
        self.state
            .refused
            .lock()
            .map(|refused| refused.clone())
            .unwrap_or_default()
    }
}

/// One connection, as far as it goes.
async fn talk(stream: TcpStream, failure: Option<Failure>, state: &State) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    if failure == Some(Failure::Closed) {
        return Ok(());
    }
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut line = String::new();
    let mut to = String::new();
    let mut answer = Answer::new(Point::Greeting, "220 post ESMTP", failure);
    loop {
        let refused = answer.refused;
        match answer.text {
            Some(text) => writer.write_all(format!("{text}\r\n").as_bytes()).await?,
            // Until the client has had enough.
            None => while reader.read_line(&mut line).await? > 0 {},
        }
        if refused && answer.point == Point::Greeting {
            return Ok(());
        }
        line.clear();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let word: String = line.chars().take(4).collect::<String>().to_ascii_uppercase();
        answer = match word.as_str() {
            "EHLO" => Answer::plain("250-post\r\n250-8BITMIME\r\n250 SMTPUTF8"),
            "MAIL" => Answer::new(Point::From, "250 2.1.0 well", failure),
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or("").to_owned();
                let answer = Answer::new(Point::To, "250 2.1.5 well", failure);
                if answer.text.is_some_and(|text| text.starts_with('5')) {
                    note(&state.refused, to.clone());
                }
                answer
            }
            "DATA" => {
                let answer = Answer::new(Point::Data, "354 go on", failure);
                if answer.refused || answer.text.is_none() {
                    answer
                } else {
                    writer.write_all(b"354 go on\r\n").await?;
                    let Some(taken) = letter(&mut reader, &to).await? else {
                        return Ok(());
                    };
                    match failure {
                        Some(Failure::Dies { kept }) => {
                            if kept {
                                note(&state.taken, taken);
                            }
                            return Ok(());
                        }
                        _ => {
                            let answer = Answer::new(Point::End, "250 2.0.0 taken", failure);
                            match answer.text {
                                Some(text) if text.starts_with('2') => note(&state.taken, taken),
                                Some(text) if text.starts_with('5') => note(&state.refused, taken.message_id),
                                _ => {}
                            }
                            answer
                        }
                    }
                }
            }
            "QUIT" => {
                writer.write_all(b"221 2.0.0 bye\r\n").await?;
                return Ok(());
            }
            "RSET" | "NOOP" => Answer::plain("250 2.0.0 well"),
            _ => Answer::plain("502 5.5.1 what"),
        };
    }
}

fn note<T>(list: &Mutex<Vec<T>>, one: T) {
    if let Ok(mut list) = list.lock() {
        list.push(one);
    }
}

/// What the server says at a point: nothing where it stalls.
struct Answer {
    point: Point,
    text: Option<&'static str>,
    refused: bool,
}

impl Answer {
    fn new(point: Point, well: &'static str, failure: Option<Failure>) -> Answer {
        let (text, refused) = match failure {
            Some(Failure::Says(at, text)) if at == point => (Some(text), true),
            Some(Failure::Stalls(at)) if at == point => (None, true),
            _ => (Some(well), false),
        };
        Answer { point, text, refused }
    }

    fn plain(text: &'static str) -> Answer {
        Answer {
            point: Point::Data,
            text: Some(text),
            refused: false,
        }
    }
}

/// Reads a letter to its dot; nothing where the client went away in the middle.
async fn letter(reader: &mut BufReader<tokio::net::tcp::OwnedReadHalf>, to: &str) -> std::io::Result<Option<Taken>> {
    let mut taken = Taken {
        message_id: String::new(),
        to: to.to_owned(),
        in_reply_to: None,
    };
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if line == ".\r\n" {
            return Ok(Some(taken));
        }
        let id = |text: &str| text.trim().trim_matches(['<', '>']).to_owned();
        if let Some(text) = line.strip_prefix("Message-ID: ") {
            taken.message_id = id(text);
        } else if let Some(text) = line.strip_prefix("In-Reply-To: ") {
            taken.in_reply_to = Some(id(text));
        }
    }
}
