//! Reads lines of events from files and standard input, plain, gzip or zstd, and parses them on a thread of their own.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;

use super::identities::bytes_hash;
use crate::engine::event::Event;
use crate::engine::roster::Roster;
use crate::wire::{self, Limits, Rejected};

/// A line that was read, or why it could not be.
pub struct Line {
    /// A hash of the bytes: equal ones are the same event sent again, others need a closer look.
    pub bytes_hash: u64,
    pub outcome: Result<Event, Rejected>,
}

/// Where a line stands: which of the files, and its number there, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    pub file: u32,
    pub line: u64,
}

/// Parses one line of a file.
pub fn parse(text: &[u8], roster: &Roster) -> Line {
    let outcome = wire::parse(None, text, roster, &Limits::REPLAY);
    Line {
        bytes_hash: bytes_hash(text),
        outcome,
    }
}

/// Calls `each` with every line that is not blank; `each` answers whether to go on.
pub fn each_line(
    files: &[PathBuf],
    progress: &ProgressBar,
    each: &mut dyn FnMut(Place, &[u8]) -> Result<bool>,
) -> Result<()> {
    let mut text = Vec::new();
    for (file, path) in files.iter().enumerate() {
        let mut reader = open(path, progress)?;
        let mut line = 0;
        loop {
            text.clear();
            let read = reader
                .read_until(b'\n', &mut text)
                .with_context(|| format!("cannot read {}", path.display()))?;
            if read == 0 {
                break;
            }
            line += 1;
            let trimmed = text.trim_ascii();
            if !trimmed.is_empty()
                && !each(
                    Place {
                        file: file as u32,
                        line,
                    },
                    trimmed,
                )?
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

pub fn open(path: &Path, progress: &ProgressBar) -> Result<Box<dyn BufRead + Send>> {
    let raw: Box<dyn Read + Send> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("cannot open {}", path.display()))?)
    };
    // Large reads go past the buffer, which is there to look at the begin.
    let mut raw = BufReader::with_capacity(64 * 1024, progress.wrap_read(raw));
    // The content tells how it is packed, so that standard input may be packed too.
    let start = raw
        .fill_buf()
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(match start {
        [0x1f, 0x8b, ..] => Box::new(BufReader::with_capacity(
            256 * 1024,
            flate2::bufread::MultiGzDecoder::new(raw),
        )),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Box::new(BufReader::with_capacity(256 * 1024, zstd::Decoder::with_buffer(raw)?))
        }
        _ => Box::new(raw),
    })
}

/// Copies standard input to a file, so that it can be read twice.
pub fn spool(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("standard-input");
    let mut file = File::create(&path).context("cannot keep standard input on disk")?;
    io::copy(&mut io::stdin().lock(), &mut file).context("cannot keep standard input on disk")?;
    file.flush()?;
    Ok(path)
}
