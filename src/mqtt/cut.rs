//! Cuts a message that is too large to its first bytes while it streams in: neither does it fill the memory, nor does
//! an unreadable message come again for ever, which is what a size limit in the client would bring about (MQTT 3.1.1
//! has no way of telling the broker of a limit).

use std::io;

use tokio::io::ReadBuf;

const PUBLISH: u8 = 3;
/// A packet that is no message has no business being larger.
const OTHER_BYTES_MAX: usize = 1 << 20;

/// Follows the packets of one connection from the broker. A packet within the limit passes unchanged; of a message
/// beyond it the topic, the packet identifier and the first bytes of the payload pass, without MQTT 5 properties.
#[derive(Clone)]
pub struct Cut {
    payload_bytes_max: usize,
    /// MQTT 5 puts properties between the topic and the payload.
    properties: bool,
    step: Step,
    /// What may go on to the client, from `ready_from` on.
    ready: Vec<u8>,
    ready_from: usize,
}

#[derive(Clone)]
enum Step {
    /// The first byte and the remaining length, as far as they have come.
    Header(Vec<u8>),
    /// Of a large message: its topic and packet identifier, as far as they have come.
    Topic(Large),
    /// Then the length of its properties, if it can have them: the value and the shift so far.
    Properties(Large, usize, u32),
    /// So many bytes vanish, then so many pass, then so many vanish.
    Run { skip: usize, pass: usize, rest: usize },
}

#[derive(Clone)]
struct Large {
    first: u8,
    remaining: usize,
    head: Vec<u8>,
}

impl Cut {
    pub fn new(payload_bytes_max: usize, properties: bool) -> Cut {
        Cut {
            payload_bytes_max,
            properties,
            step: Step::Header(Vec::new()),
            ready: Vec::new(),
            ready_from: 0,
        }
    }

    /// Hands over what is ready; false when nothing is.
    pub fn drain_into(&mut self, out: &mut ReadBuf<'_>) -> bool {
        let ready = &self.ready[self.ready_from..];
        if ready.is_empty() {
            return false;
        }
        let length = ready.len().min(out.remaining());
        out.put_slice(&ready[..length]);
        self.ready_from += length;
        if self.ready_from == self.ready.len() {
            self.ready.clear();
            self.ready_from = 0;
        }
        true
    }

    /// Takes what came from the broker.
    pub fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some((&byte, after)) = bytes.split_first() {
            let step = std::mem::replace(&mut self.step, Step::Header(Vec::new()));
            (self.step, bytes) = match step {
                Step::Header(mut header) => {
                    header.push(byte);
                    (self.begin(header)?, after)
                }
                Step::Topic(mut large) => {
                    large.head.push(byte);
                    (self.topic(large)?, after)
                }
                Step::Properties(large, value, shift) => (self.properties(large, value, shift, byte)?, after),
                Step::Run { skip, pass, rest } => self.run(skip, pass, rest, bytes),
            };
        }
        Ok(())
    }

    fn begin(&mut self, header: Vec<u8>) -> io::Result<Step> {
        let (first, length) = (header[0], &header[1..]);
        match length.last() {
            None => return Ok(Step::Header(header)),
            Some(last) if last & 0x80 != 0 && length.len() < 4 => return Ok(Step::Header(header)),
            Some(last) if last & 0x80 != 0 => return Err(invalid("a length from the broker is malformed")),
            Some(_) => {}
        }
        let remaining = (length.iter().rev()).fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
        if first >> 4 == PUBLISH && remaining > self.payload_bytes_max {
            return Ok(Step::Topic(Large {
                first,
                remaining,
                head: Vec::new(),
            }));
        }
        if remaining > OTHER_BYTES_MAX.max(self.payload_bytes_max) {
            return Err(invalid("a packet from the broker is too large"));
        }
        self.ready.extend_from_slice(&header);
        Ok(settled(0, remaining, 0))
    }

    fn topic(&mut self, large: Large) -> io::Result<Step> {
        let identifier = if large.first & 0b0110 == 0 { 0 } else { 2 };
        let whole = match large.head[..] {
            [high, low, ..] => 2 + usize::from(u16::from_be_bytes([high, low])) + identifier,
            _ => return Ok(Step::Topic(large)),
        };
        if whole + usize::from(self.properties) > large.remaining {
            return Err(invalid("a message from the broker ends within its topic"));
        }
        if large.head.len() < whole {
            return Ok(Step::Topic(large));
        }
        let after = large.remaining - whole;
        let large = Large {
            remaining: after,
            ..large
        };
        if self.properties {
            return Ok(Step::Properties(large, 0, 0));
        }
        Ok(self.emit(&large, 0))
    }

    fn properties(&mut self, large: Large, value: usize, shift: u32, byte: u8) -> io::Result<Step> {
        let value = value | usize::from(byte & 0x7f) << shift;
        let Some(remaining) = large.remaining.checked_sub(1) else {
            return Err(invalid("a message from the broker ends within its properties"));
        };
        let large = Large { remaining, ..large };
        match byte & 0x80 {
            0 if value > remaining => Err(invalid("a message from the broker ends within its properties")),
            0 => Ok(self.emit(&large, value)),
            _ if shift == 21 => Err(invalid("a length from the broker is malformed")),
            _ => Ok(Step::Properties(large, value, shift + 7)),
        }
    }

    /// Writes the head of a large message, of which `skip` bytes of properties and then the payload are to come.
    fn emit(&mut self, large: &Large, skip: usize) -> Step {
        let payload = large.remaining - skip;
        let pass = payload.min(self.payload_bytes_max);
        self.ready.push(large.first);
        let mut length = large.head.len() + usize::from(self.properties) + pass;
        loop {
            let low = (length & 0x7f) as u8;
            length >>= 7;
            self.ready.push(if length == 0 { low } else { low | 0x80 });
            if length == 0 {
                break;
            }
        }
        self.ready.extend_from_slice(&large.head);
        if self.properties {
            self.ready.push(0);
        }
        settled(skip, pass, payload - pass)
    }

    fn run<'a>(&mut self, skip: usize, pass: usize, rest: usize, bytes: &'a [u8]) -> (Step, &'a [u8]) {
        let (skipped, bytes) = bytes.split_at(skip.min(bytes.len()));
        let (passed, bytes) = bytes.split_at(if skip > skipped.len() { 0 } else { pass.min(bytes.len()) });
        self.ready.extend_from_slice(passed);
        let (skip, pass) = (skip - skipped.len(), pass - passed.len());
        let (dropped, bytes) = bytes.split_at(if skip + pass > 0 { 0 } else { rest.min(bytes.len()) });
        (settled(skip, pass, rest - dropped.len()), bytes)
    }
}

/// A run of nothing is the end of a packet.
fn settled(skip: usize, pass: usize, rest: usize) -> Step {
    if skip + pass + rest == 0 {
        return Step::Header(Vec::new());
    }
    Step::Run { skip, pass, rest }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(topic: &str, properties: Option<&[u8]>, payload: &[u8]) -> Vec<u8> {
        let mut body = (topic.len() as u16).to_be_bytes().to_vec();
        body.extend_from_slice(topic.as_bytes());
        body.extend_from_slice(&[0, 9]);
        if let Some(properties) = properties {
            assert!(properties.len() < 16_384);
            body.extend_from_slice(&[(properties.len() & 0x7f) as u8 | 0x80, (properties.len() >> 7) as u8]);
            body.extend_from_slice(properties);
        }
        body.extend_from_slice(payload);
        let length = body.len();
        let mut packet = vec![
            0x32,
            (length & 0x7f) as u8 | 0x80,
            (length >> 7 & 0x7f) as u8 | 0x80,
            (length >> 14) as u8,
        ];
        packet.extend(body);
        packet
    }

    /// Pushes in pieces of `piece` bytes and collects what passes.
    fn passed(cut: &Cut, bytes: &[u8], piece: usize) -> Vec<u8> {
        let (mut cut, mut all) = (cut.clone(), Vec::new());
        for piece in bytes.chunks(piece) {
            cut.push(piece).unwrap();
            let mut space = [0; 33];
            loop {
                let mut out = ReadBuf::new(&mut space);
                if !cut.drain_into(&mut out) {
                    break;
                }
                all.extend_from_slice(out.filled());
            }
        }
        all
    }

    #[test]
    fn what_is_within_the_limit_passes_unchanged_and_a_large_message_is_cut_wherever_the_reads_fall() {
        let small = publish("a/b", None, b"hello");
        let mut stream = small.clone();
        stream.extend(publish("a/large", None, &[b'x'; 5_000]));
        stream.extend([0xd0, 0]);
        stream.extend(&small);
        let mut expected = small.clone();
        let mut head = vec![0x32, (11 + 100) as u8, 0, 7];
        head.extend(b"a/large");
        head.extend([0, 9]);
        expected.extend(head);
        expected.extend([b'x'; 100]);
        expected.extend([0xd0, 0]);
        expected.extend(&small);
        for piece in [1, 2, 3, 7, 100, 4_096, 100_000] {
            assert_eq!(
                passed(&Cut::new(100, false), &stream, piece),
                expected,
                "pieces of {piece}"
            );
        }
    }

    #[test]
    fn the_properties_of_a_large_message_are_dropped_however_large_they_are() {
        let mut stream = publish("t", Some(&[7; 3_000]), b"payload");
        stream.extend([0xd0, 0]);
        let expected = [&[0x32, 5 + 1 + 7, 0, 1, b't', 0, 9, 0][..], b"payload", &[0xd0, 0]].concat();
        for piece in [1, 5, 2_000, 100_000] {
            assert_eq!(
                passed(&Cut::new(100, true), &stream, piece),
                expected,
                "pieces of {piece}"
            );
        }
    }

    #[test]
    fn a_message_that_contradicts_itself_ends_the_connection() {
        let mut within_topic = vec![0x32, 0xff, 0x01, 0xff, 0xff];
        within_topic.extend([b'x'; 255]);
        assert!(Cut::new(100, false).push(&within_topic).is_err());
        assert!(Cut::new(100, false).push(&[0x32, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert!(Cut::new(100, false).push(&[0xc0, 0xff, 0xff, 0xff, 0x7f]).is_err());
    }
}
