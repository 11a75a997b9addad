//! Reads files in chunks of whole lines and parses them on threads of their own; they come back in the given order.

use std::collections::BTreeMap;
use std::io::{BufRead, ErrorKind, Read as _};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Scope;

use anyhow::{Context as _, Error, Result};
use indicatif::ProgressBar;

use super::identities::bytes_hash;
use super::read::open;
use crate::engine::event::{Event, Pulse};
use crate::engine::roster::Roster;
use crate::wire::{Reader, Rejected};

/// A chunk is read by one thread and parsed by it while it is still near.
const CHUNK_BYTES: usize = 256 * 1024;
/// Two cores are busy with this many: where parsing gets ahead, the thread that judges has work in store.
const PARSERS: usize = 2;
/// Chunks a parser has, filled or empty.
const CHUNKS: usize = 3;

/// Whole lines of one file, parsed.
pub struct Chunk {
    pub file: u32,
    /// Lines of the file before this chunk.
    pub lines_before: u64,
    pub lines: Vec<Line>,
    /// The events of its lines that are no heartbeats, in their order.
    pub events: Vec<Event>,
    line_count: u32,
    parser: usize,
    bytes: Vec<u8>,
    length: usize,
}

/// A line that is not blank.
pub struct Line {
    /// Its number in the chunk, from 1.
    pub number: u32,
    /// A hash of the bytes: equal ones are the same event sent again, others need a closer look.
    pub bytes_hash: u64,
    pub what: What,
}

pub enum What {
    Pulse(Pulse),
    /// The next one of the chunk's events.
    Event,
    Rejected(Box<Rejected>),
}

/// Hands the chunks out in the given order.
pub struct Chunks {
    parsed: Receiver<(u64, Result<Chunk>)>,
    /// By parser: where its empty chunks go.
    empty: Vec<Sender<Chunk>>,
    /// Came before their turn.
    early: BTreeMap<u64, Result<Chunk>>,
    turn: u64,
    file: u32,
    lines: u64,
}

impl Chunks {
    pub fn read<'s, 'e>(scope: &'s Scope<'s, 'e>, source: &'e Mutex<Source>, roster: &'e Roster) -> Chunks {
        let (done, parsed) = channel();
        let parser = |parser| {
            let (give, empty) = channel();
            for _ in 0..CHUNKS {
                // The other end stands right here.
                let _ = give.send(Chunk::empty(parser));
            }
            let done = done.clone();
            scope.spawn(move || parse_all(source, roster, &empty, &done));
            give
        };
        Chunks {
            empty: (0..PARSERS).map(parser).collect(),
            parsed,
            early: BTreeMap::new(),
            turn: 0,
            file: 0,
            lines: 0,
        }
    }

    /// The next chunk; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Chunk>> {
        while !self.early.contains_key(&self.turn) {
            match self.parsed.recv() {
                Ok((number, chunk)) => self.early.insert(number, chunk),
                Err(_) => return Ok(None),
            };
        }
        let Some(chunk) = self.early.remove(&self.turn) else {
            return Ok(None);
        };
        let mut chunk = chunk?;
        self.turn += 1;
        if chunk.file != self.file {
            (self.file, self.lines) = (chunk.file, 0);
        }
        chunk.lines_before = self.lines;
        self.lines += u64::from(chunk.line_count);
        Ok(Some(chunk))
    }

    /// Gives a chunk back to be filled again.
    pub fn reuse(&self, chunk: Chunk) {
        // Its parser is gone once the files have ended.
        let _ = self.empty[chunk.parser].send(chunk);
    }
}

/// Where the chunks come from: the files, one after the other.
pub struct Source<'a> {
    files: &'a [PathBuf],
    progress: &'a ProgressBar,
    opened: usize,
    reader: Option<Box<dyn BufRead + Send>>,
    /// The begin of a line whose end is not read yet.
    rest: Vec<u8>,
    number: u64,
}

impl<'a> Source<'a> {
    pub fn new(files: &'a [PathBuf], progress: &'a ProgressBar) -> Mutex<Source<'a>> {
        Mutex::new(Source {
            files,
            progress,
            opened: 0,
            reader: None,
            rest: Vec::new(),
            number: 0,
        })
    }

    /// Fills a chunk and answers its number, `None` at the end.
    fn fill(&mut self, chunk: &mut Chunk) -> Result<Option<u64>> {
        loop {
            let Some(reader) = &mut self.reader else {
                let Some(path) = self.files.get(self.opened) else {
                    return Ok(None);
                };
                self.reader = Some(open(path, self.progress)?);
                self.opened += 1;
                continue;
            };
            let bytes = &mut chunk.bytes;
            let mut length = self.rest.len();
            if bytes.len() < length + CHUNK_BYTES {
                bytes.resize(length + CHUNK_BYTES, 0);
            }
            bytes[..length].copy_from_slice(&self.rest);
            self.rest.clear();
            chunk.length = loop {
                match reader.read(&mut bytes[length..]) {
                    Ok(0) => {
                        self.reader = None;
                        break length;
                    }
                    Ok(read) => length += read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => {
                        let path = &self.files[self.opened - 1];
                        return Err(error).with_context(|| format!("cannot read {}", path.display()));
                    }
                }
                if length < bytes.len() {
                    continue;
                }
                match bytes[..length].iter().rposition(|byte| *byte == b'\n') {
                    Some(end) => {
                        self.rest.extend_from_slice(&bytes[end + 1..length]);
                        break end + 1;
                    }
                    None => bytes.resize(length * 2, 0),
                }
            };
            if chunk.length > 0 {
                chunk.file = (self.opened - 1) as u32;
                self.number += 1;
                return Ok(Some(self.number - 1));
            }
        }
    }

    /// Nothing is read after a fault.
    fn give_up(&mut self, fault: Error) -> (u64, Result<Chunk>) {
        self.files = &[];
        self.reader = None;
        (self.number, Err(fault))
    }
}

fn parse_all(source: &Mutex<Source>, roster: &Roster, empty: &Receiver<Chunk>, done: &Sender<(u64, Result<Chunk>)>) {
    let mut reader = Reader::new(roster);
    for mut chunk in empty {
        let mut from = source.lock().unwrap_or_else(PoisonError::into_inner);
        let parsed = match from.fill(&mut chunk) {
            Ok(Some(number)) => {
                drop(from);
                chunk.parse(&mut reader);
                (number, Ok(chunk))
            }
            Ok(None) => return,
            Err(fault) => from.give_up(fault),
        };
        // Nobody listens when the judging thread has given up; there is nothing left to tell it.
        if done.send(parsed).is_err() {
            return;
        }
    }
}

impl Chunk {
    fn empty(parser: usize) -> Chunk {
        Chunk {
            file: 0,
            lines_before: 0,
            lines: Vec::new(),
            events: Vec::new(),
            line_count: 0,
            parser,
            bytes: Vec::new(),
            length: 0,
        }
    }

    fn parse(&mut self, reader: &mut Reader) {
        let text = &self.bytes[..self.length];
        let (mut at, mut number) = (0, 0);
        self.lines.clear();
        self.events.clear();
        while at < text.len() {
            number += 1;
            if let Some(beat) = reader.beat(&text[at..]) {
                at += beat.text.len() + 1;
                self.lines.push(Line {
                    number,
                    bytes_hash: bytes_hash(beat.text),
                    what: What::Pulse(beat.pulse),
                });
                continue;
            }
            let end = text[at..].iter().position(|byte| *byte == b'\n');
            let end = end.map_or(text.len(), |end| at + end);
            let line = text[at..end].trim_ascii();
            at = end + 1;
            if line.is_empty() {
                continue;
            }
            let what = match reader.parse(line) {
                Ok(event) => {
                    self.events.push(event);
                    What::Event
                }
                Err(rejected) => What::Rejected(Box::new(rejected)),
            };
            self.lines.push(Line {
                number,
                bytes_hash: bytes_hash(line),
                what,
            });
        }
        self.line_count = number;
    }
}
