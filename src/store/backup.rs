//! The file that a backup is: every row of every table, whichever database it came from. One line says what it is; behind
//! it, compressed, stand records; the last one has the ledger's head, and behind it the SHA-256 of all before. So a file
//! that was cut off or damaged anywhere is known as such before a single row is taken from it.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::{Error, Result};
use crate::ledger::Head;

const MAGIC: &[u8] = b"jagaloket backup 1\n";
/// No cell is larger; a damaged length must not ask for all memory.
const CELL_MAX: u32 = 1 << 30;
const HEADER: u8 = b'H';
const TABLE: u8 = b'T';
const ROW: u8 = b'R';
const END: u8 = b'E';

/// What a backup says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// The last table change that the database had.
    pub tables: i64,
    /// The program's version.
    pub program: String,
}

#[derive(Serialize, Deserialize)]
struct Footer {
    head: String,
    rows: u64,
}

/// A table and its columns, in the order of the cells of the rows that follow.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<(String, Holds)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Holds {
    Number,
    Text,
    Bytes,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Cell {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

#[derive(Debug)]
pub(super) enum Record {
    Table(Table),
    Row(Vec<Cell>),
    /// Everything was there, and is as it was written.
    End {
        head: Head,
    },
}

/// Hashes what passes.
struct Hashed<T> {
    inner: T,
    hasher: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }
}

pub(super) struct Writing {
    out: Hashed<BufWriter<zstd::Encoder<'static, File>>>,
    rows: u64,
}

const WRITING: &str = "writing the backup";

fn cannot_write(error: std::io::Error) -> Error {
    Error::File { doing: WRITING, error }
}

impl Writing {
    pub fn new(mut file: File, header: &Header) -> Result<Writing> {
        let begun = || {
            file.write_all(MAGIC)?;
            zstd::Encoder::new(file, 3)
        };
        let encoder = begun().map_err(cannot_write)?;
        let mut writing = Writing {
            out: Hashed {
                inner: BufWriter::with_capacity(1 << 16, encoder),
                hasher: Sha256::new(),
            },
            rows: 0,
        };
        writing.json(HEADER, header)?;
        Ok(writing)
    }

    pub fn table(&mut self, table: &Table) -> Result<()> {
        self.json(TABLE, table)
    }

    pub fn row(&mut self, cells: &[Cell]) -> Result<()> {
        self.rows += 1;
        let mut put = || {
            self.out.write_all(&[ROW])?;
            for cell in cells {
                match cell {
                    Cell::Null => self.out.write_all(b"0")?,
                    Cell::Number(number) => {
                        self.out.write_all(b"n")?;
                        self.out.write_all(&number.to_be_bytes())?;
                    }
                    Cell::Text(text) => {
                        self.out.write_all(b"t")?;
                        sized(&mut self.out, text.as_bytes())?;
                    }
                    Cell::Bytes(bytes) => {
                        self.out.write_all(b"b")?;
                        sized(&mut self.out, bytes)?;
                    }
                }
            }
            Ok(())
        };
        put().map_err(cannot_write)
    }

    /// When this answers `Ok`, it is on the disk.
    pub fn end(mut self, head: Head) -> Result<()> {
        let footer = Footer {
            head: head.to_string(),
            rows: self.rows,
        };
        self.json(END, &footer)?;
        let hash: [u8; 32] = self.out.hasher.clone().finalize().into();
        let end = || {
            self.out.write_all(&hash)?;
            let encoder = self
                .out
                .inner
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)?;
            encoder.finish()?.sync_all()
        };
        end().map_err(cannot_write)
    }

    fn json(&mut self, kind: u8, value: &impl Serialize) -> Result<()> {
        let text = serde_json::json!(value).to_string();
        let mut put = || {
            self.out.write_all(&[kind])?;
            sized(&mut self.out, text.as_bytes())
        };
        put().map_err(cannot_write)
    }
}

fn sized(out: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| std::io::Error::other("a cell is larger than 4 GiB"))?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(bytes)
}

/// Reads a backup record by record.
pub(super) struct Reading {
    input: Hashed<BufReader<zstd::Decoder<'static, BufReader<File>>>>,
    pub header: Header,
    columns: usize,
    rows: u64,
}

fn damaged(what: impl std::fmt::Display) -> Error {
    Error::BackupDamaged(what.to_string())
}

impl Reading {
    pub fn open(file: &std::path::Path) -> Result<Reading> {
        let doing = "opening the backup";
        let mut file = File::open(file).map_err(|error| Error::File { doing, error })?;
        let mut magic = [0; MAGIC.len()];
        if file.read_exact(&mut magic).is_err() || magic != MAGIC {
            return Err(damaged(
                "it does not begin like one of this program, or is of a newer format",
            ));
        }
        let decoder = zstd::Decoder::new(file).map_err(damaged)?;
        let mut reading = Reading {
            input: Hashed {
                inner: BufReader::with_capacity(1 << 16, decoder),
                hasher: Sha256::new(),
            },
            header: Header {
                tables: 0,
                program: String::new(),
            },
            columns: 0,
            rows: 0,
        };
        match reading.kind()? {
            HEADER => reading.header = reading.json()?,
            _ => return Err(damaged("its first record is not a header")),
        }
        Ok(reading)
    }

    pub fn next(&mut self) -> Result<Record> {
        match self.kind()? {
            TABLE => {
                let table: Table = self.json()?;
                self.columns = table.columns.len();
                Ok(Record::Table(table))
            }
            ROW => {
                self.rows += 1;
                (0..self.columns)
                    .map(|_| self.cell())
                    .collect::<Result<_>>()
                    .map(Record::Row)
            }
            END => self.end(),
            other => Err(damaged(format_args!("it has a record of kind {other}"))),
        }
    }

    fn end(&mut self) -> Result<Record> {
        let footer: Footer = self.json()?;
        let expected: [u8; 32] = self.input.hasher.clone().finalize().into();
        let hash: [u8; 32] = self.take()?;
        if hash != expected {
            return Err(damaged("what it holds does not fit its checksum"));
        }
        if footer.rows != self.rows {
            return Err(damaged("it has another number of rows than it says"));
        }
        let head = footer.head.parse().map_err(damaged)?;
        Ok(Record::End { head })
    }

    fn cell(&mut self) -> Result<Cell> {
        match self.kind()? {
            b'0' => Ok(Cell::Null),
            b'n' => self.take().map(i64::from_be_bytes).map(Cell::Number),
            b't' => String::from_utf8(self.sized()?).map(Cell::Text).map_err(damaged),
            b'b' => self.sized().map(Cell::Bytes),
            other => Err(damaged(format_args!("it has a cell of kind {other}"))),
        }
    }

    fn kind(&mut self) -> Result<u8> {
        self.take::<1>().map(|[kind]| kind)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(cut_off)?;
        Ok(bytes)
    }

    fn sized(&mut self) -> Result<Vec<u8>> {
        let length = u32::from_be_bytes(self.take()?);
        if length > CELL_MAX {
            return Err(damaged("it has a cell of an impossible size"));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.input)
            .take(length.into())
            .read_to_end(&mut bytes)
            .map_err(cut_off)?;
        match read == length as usize {
            true => Ok(bytes),
            false => Err(damaged("it ends too early")),
        }
    }

    fn json<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T> {
        serde_json::from_slice(&self.sized()?).map_err(damaged)
    }
}

fn cut_off(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => damaged("it ends too early"),
        _ => damaged(error),
    }
}
