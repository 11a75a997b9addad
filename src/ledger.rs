//! Ring 1: the hash chain. Whoever changes, removes or reorders what was accepted breaks it; whoever cuts off its end is
//! found out by a head that somebody noted before.

pub mod announced;
pub mod bridge;
pub mod hold;

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::engine::time::Moment;
use bridge::Bridge;

/// What the first entry's hash is computed over, in the place of a hash before; it names the format.
const GENESIS: &[u8] = b"jagaloket ledger 1";

/// A SHA-256 hash, written in 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How many entries there are, and the hash of the last one. Written `1234:9f8a…`, so that a person can note it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    pub n: i64,
    pub hash: Hash,
}

impl Head {
    /// The head of a ledger without entries.
    pub fn empty() -> Head {
        Head {
            n: 0,
            hash: Hash(Sha256::digest(GENESIS).into()),
        }
    }

    /// The head once `entry` is appended; the entry's own number must be the next one.
    pub fn append(&self, entry: &Entry<'_>) -> Head {
        Head {
            n: entry.n,
            hash: entry.hash(&self.hash),
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.n, self.hash)
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Head, String> {
        let wrong =
            || format!("\"{text}\" is not a head of the ledger; write it like \"1234:\" and 64 hexadecimal digits");
        let (n, digits) = text.trim().split_once(':').ok_or_else(wrong)?;
        let n = n.parse().ok().filter(|n| *n >= 0).ok_or_else(wrong)?;
        let mut hash = [0; 32];
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Head { n, hash: Hash(hash) })
    }
}

/// One accepted fact, as the ledger keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// 1, 2, 3 … without holes.
    pub n: i64,
    pub received: Moment,
    pub kind: &'a str,
    pub office: &'a str,
    pub source: &'a str,
    pub id: &'a str,
    pub time: Moment,
    pub body: &'a [u8],
    /// What the monitor made of the device's clock, where `time` is not what it told.
    pub clock: Option<&'a str>,
}

impl Entry<'_> {
    /// SHA-256 over the hash before and the fields in their order. Each field stands behind its length (8 bytes, big
    /// endian), so that no byte can wander from one field into the next; numbers are 8 bytes, big endian. The word on the
    /// clock came later: it is a field more where there is one, so that older entries keep their hashes and no entry can
    /// gain or lose it.
    pub fn hash(&self, before: &Hash) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(before.0);
        let mut field = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        field(&self.n.to_be_bytes());
        field(&self.received.0.to_be_bytes());
        field(self.kind.as_bytes());
        field(self.office.as_bytes());
        field(self.source.as_bytes());
        field(self.id.as_bytes());
        field(&self.time.0.to_be_bytes());
        field(self.body);
        if let Some(clock) = self.clock {
            field(clock.as_bytes());
        }
        Hash(hasher.finalize().into())
    }
}

/// Where a ledger is broken first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the ledger is broken at entry {n}: {fault}")]
pub struct Broken {
    pub n: i64,
    pub fault: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Its hash does not follow from the entry before and its own content.
    Changed,
    /// The next one found is this.
    Missing { next: i64 },
    /// It comes after this one.
    OutOfOrder { after: i64 },
    /// The ledger ends at `last`, and a noted head has more.
    CutOff { last: i64 },
    /// The chain fits together, but another hash was noted for this entry.
    Rewritten,
    /// It is gone, and no entry of the ledger announces what stands in its place.
    Unannounced,
    /// It announces that something was taken out, and what was kept of that is gone or another.
    Unkept,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Changed => f.write_str("its content or its hash was changed"),
            Fault::Missing { next } => write!(f, "it is missing; the next one found is {next}"),
            Fault::OutOfOrder { after } => write!(f, "it is out of order, behind {after}"),
            Fault::CutOff { last } => write!(f, "the ledger ends at entry {last}, but a noted head has more"),
            Fault::Unannounced => {
                f.write_str("it is gone, and no retention announces in the ledger what stands in its place")
            }
            Fault::Unkept => f.write_str("what it says was kept of entries that it took out is gone or was changed"),
            Fault::Rewritten => f.write_str("another hash was noted for it: it or an entry before was written anew"),
        }
    }
}

/// Checks a ledger entry by entry, however large it is.
pub struct Chain {
    head: Head,
    noted: Option<Head>,
}

impl Chain {
    /// `noted` is a head that somebody noted earlier, if there is one.
    pub fn new(noted: Option<Head>) -> Chain {
        Chain {
            head: Head::empty(),
            noted,
        }
    }

    pub fn head(&self) -> Head {
        self.head
    }

    /// Checks the next entry against its stored hash.
    pub fn check(&mut self, entry: &Entry<'_>, stored: &[u8]) -> Result<(), Broken> {
        let broken = |n, fault| Err(Broken { n, fault });
        let expected = self.head.n + 1;
        if entry.n > expected {
            return broken(expected, Fault::Missing { next: entry.n });
        }
        if entry.n < expected {
            return broken(entry.n, Fault::OutOfOrder { after: self.head.n });
        }
        let head = self.head.append(entry);
        if head.hash.0 != *stored {
            return broken(entry.n, Fault::Changed);
        }
        if self
            .noted
            .is_some_and(|noted| noted.n == head.n && noted.hash != head.hash)
        {
            return broken(entry.n, Fault::Rewritten);
        }
        self.head = head;
        Ok(())
    }

    /// Goes on over entries that are gone; whether that was announced, whoever calls this must see to.
    pub fn cross(&mut self, bridge: &Bridge) -> Result<(), Broken> {
        let broken = |n, fault| Err(Broken { n, fault });
        let expected = self.head.n + 1;
        if bridge.first > expected {
            return broken(expected, Fault::Missing { next: bridge.first });
        }
        if bridge.first < expected {
            return broken(bridge.first, Fault::OutOfOrder { after: self.head.n });
        }
        let (n, hash) = (bridge.last, bridge.hash);
        self.head = Head { n, hash };
        match self.noted {
            Some(noted) if noted.n == n && noted.hash != hash => broken(n, Fault::Rewritten),
            _ => Ok(()),
        }
    }

    /// The head, once every entry was checked.
    pub fn end(self) -> Result<Head, Broken> {
        let last = self.head.n;
        match self.noted {
            Some(noted) if noted.n > last => Err(Broken {
                n: last + 1,
                fault: Fault::CutOff { last },
            }),
            Some(noted) if noted.n == 0 && noted != Head::empty() => Err(Broken {
                n: 0,
                fault: Fault::Rewritten,
            }),
            _ => Ok(self.head),
        }
    }
}

/// Checks a whole ledger; answers its head or the first entry that is broken.
pub fn verify<'a>(
    entries: impl IntoIterator<Item = (Entry<'a>, &'a [u8])>,
    noted: Option<Head>,
) -> Result<Head, Broken> {
    let mut chain = Chain::new(noted);
    for (entry, stored) in entries {
        chain.check(&entry, stored)?;
    }
    chain.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Row {
        n: i64,
        body: Vec<u8>,
        source: &'static str,
        clock: Option<&'static str>,
        hash: Hash,
    }

    impl Row {
        fn entry(&self) -> Entry<'_> {
            Entry {
                n: self.n,
                received: Moment(1_000 + self.n),
                kind: "event",
                office: "tangerang",
                source: self.source,
                id: "e",
                time: Moment(self.n),
                body: &self.body,
                clock: self.clock,
            }
        }
    }

    fn ledger(bodies: &[&str]) -> (Vec<Row>, Head) {
        let mut head = Head::empty();
        let mut rows = Vec::new();
        for (n, body) in (1..).zip(bodies) {
            let mut row = Row {
                n,
                body: body.as_bytes().to_vec(),
                source: "/tangerang/loket-01",
                clock: (n == 2).then_some("poor"),
                hash: head.hash,
            };
            head = head.append(&row.entry());
            row.hash = head.hash;
            rows.push(row);
        }
        (rows, head)
    }

    #[test]
    fn the_first_broken_entry_is_named_with_what_is_wrong() {
        type Case = (&'static str, fn(&mut Vec<Row>), Option<(i64, Fault)>);
        let rows: [Case; 13] = [
            ("nothing", |_| (), None),
            ("a body", |rows| rows[1].body[0] ^= 1, Some((2, Fault::Changed))),
            (
                "a source",
                |rows| rows[0].source = "/tangerang/loket-02",
                Some((1, Fault::Changed)),
            ),
            (
                "a word on the clock",
                |rows| rows[0].clock = Some("poor"),
                Some((1, Fault::Changed)),
            ),
            (
                "a word on the clock taken away",
                |rows| rows[1].clock = None,
                Some((2, Fault::Changed)),
            ),
            ("a hash", |rows| rows[2].hash.0[31] ^= 1, Some((3, Fault::Changed))),
            (
                "the first one removed",
                |rows| drop(rows.remove(0)),
                Some((1, Fault::Missing { next: 2 })),
            ),
            (
                "one removed",
                |rows| drop(rows.remove(2)),
                Some((3, Fault::Missing { next: 4 })),
            ),
            (
                "one removed and the rest numbered anew",
                |rows| {
                    rows.remove(1);
                    (1..).zip(rows).for_each(|(n, row)| row.n = n);
                },
                Some((2, Fault::Changed)),
            ),
            (
                "two swapped",
                |rows| rows.swap(1, 2),
                Some((2, Fault::Missing { next: 3 })),
            ),
            (
                "two swapped under each other's numbers",
                |rows| {
                    rows.swap(1, 2);
                    (rows[1].n, rows[2].n) = (2, 3);
                },
                Some((2, Fault::Changed)),
            ),
            (
                "one twice",
                |rows| rows.insert(2, rows[1].clone()),
                Some((2, Fault::OutOfOrder { after: 2 })),
            ),
            (
                "the end cut off",
                |rows| rows.truncate(2),
                Some((3, Fault::CutOff { last: 2 })),
            ),
        ];
        for (what, change, expected) in rows {
            let (mut rows, head) = ledger(&["one", "two", "three", "four"]);
            change(&mut rows);
            let found = verify(rows.iter().map(|row| (row.entry(), &row.hash.0[..])), Some(head));
            let expected = expected.map_or(Ok(head), |(n, fault)| Err(Broken { n, fault }));
            assert_eq!(found, expected, "{what}");
        }
    }

    #[test]
    fn a_chain_written_anew_is_found_out_by_a_noted_head_only() {
        let (_, noted) = ledger(&["one", "two", "three"]);
        let (forged, _) = ledger(&["one", "TWO", "three", "four"]);
        let rows = || forged.iter().map(|row| (row.entry(), &row.hash.0[..]));
        assert!(verify(rows(), None).is_ok());
        let fault = Fault::Rewritten;
        assert_eq!(verify(rows(), Some(noted)), Err(Broken { n: 3, fault }));
    }

    #[test]
    fn no_byte_wanders_from_one_field_into_the_next() {
        let entry = |source, id| Entry {
            n: 1,
            received: Moment(0),
            kind: "event",
            office: "o",
            source,
            id,
            time: Moment(0),
            body: b"",
            clock: None,
        };
        let before = Head::empty().hash;
        assert_ne!(entry("ab", "c").hash(&before), entry("a", "bc").hash(&before));
    }

    #[test]
    fn the_format_of_the_chain_does_not_change() {
        // Python's hashlib makes the same of it.
        let (mut rows, marked) = ledger(&["one", "two"]);
        rows[1].clock = None;
        let first = Head {
            n: 1,
            hash: rows[0].hash,
        };
        let head = first.append(&rows[1].entry());
        assert_eq!(
            head.to_string(),
            "2:148c89a06b08a8587183955a22ca9274e61c1e4905adfb1512e1721c82366436"
        );
        assert_eq!(
            marked.to_string(),
            "2:fd4e5eb836c4e7a409a72631e1970b2e72c40e563b2930a9f0ae5a2775e4455e"
        );
    }

    #[test]
    fn a_noted_head_is_read_back() {
        let (_, head) = ledger(&["one"]);
        assert_eq!(head.to_string().parse(), Ok(head));
        for text in [
            "",
            "1",
            "1:",
            "1:00",
            "-1:",
            &format!("-1:{}", head.hash),
            &format!("1:+{}", &head.hash.to_string()[1..]),
        ] {
            assert!(text.parse::<Head>().is_err(), "{text}");
        }
    }
}
