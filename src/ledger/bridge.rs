//! Bridges over entries that are gone: a run of numbers and the hash of its last entry, over which the chain goes on. That
//! hash cannot be made up, for the entry behind the run was hashed over it.

use super::Hash;
use crate::varint;

/// Entries `first` to `last` are gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bridge {
    pub first: i64,
    pub last: i64,
    /// Of the entry `last`.
    pub hash: Hash,
}

impl Bridge {
    /// How many entries are gone.
    pub fn entries(&self) -> u64 {
        (self.last - self.first + 1).unsigned_abs()
    }
}

/// The runs that these entries are, given in order with their hashes.
pub fn bridges(removed: impl IntoIterator<Item = (i64, Hash)>) -> Vec<Bridge> {
    let mut all: Vec<Bridge> = Vec::new();
    for (n, hash) in removed {
        match all.last_mut() {
            Some(run) if run.last + 1 == n => (run.last, run.hash) = (n, hash),
            _ => all.push(Bridge {
                first: n,
                last: n,
                hash,
            }),
        }
    }
    all
}

/// As they are kept: the numbers as the distance from what came before.
pub fn pack(bridges: &[Bridge]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bridges.len() * 36);
    let mut before = 0;
    for bridge in bridges {
        varint::put_signed(&mut out, bridge.first.wrapping_sub(before));
        varint::put_signed(&mut out, bridge.last.wrapping_sub(bridge.first));
        out.extend_from_slice(&bridge.hash.0);
        before = bridge.last;
    }
    out
}

/// `None` where the bytes are no bridges, in order and none touching another.
pub fn unpack(mut bytes: &[u8]) -> Option<Vec<Bridge>> {
    let (mut all, mut before) = (Vec::new(), 0i64);
    while !bytes.is_empty() {
        let first = before.checked_add(varint::take_signed(&mut bytes)?)?;
        let last = first.checked_add(varint::take_signed(&mut bytes)?)?;
        let (hash, rest) = bytes.split_first_chunk::<32>()?;
        bytes = rest;
        if last < first || first <= before {
            return None;
        }
        all.push(Bridge {
            first,
            last,
            hash: Hash(*hash),
        });
        before = last;
    }
    Some(all)
}
