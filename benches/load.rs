//! The other end of the live benchmarks: publishes a file over many connections, or discards what a broker sends, or is
//! the embedded broker's library alone.
//!
//! ```text
//! load publish  --port P --file EVENTS [--connections N] [--window W] [--rate R] [--count N] [--now 1]
//! load discard  --port P --count N
//! load broker   --port P
//! ```
//!
//! With `--now 1` every event gets the moment of its sending as its time, as from devices that are there.
//! It speaks as much of MQTT 3.1.1 as that takes, so that the figures are those of the broker and of whoever
//! subscribes, not those of a client library. Each ends with one line of JSON.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measuring tool measures time, and ends where something is wrong"
)]

use std::collections::HashMap;
use std::io::BufRead as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Bytes written at once.
const WRITE_BYTES: usize = 48 * 1024;
/// Whoever hears nothing for so long gives up.
const SILENCE: Duration = Duration::from_secs(60);

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let what = words.next().expect("publish, discard or broker");
    let mut options = HashMap::new();
    while let Some(key) = words.next() {
        options.insert(key.trim_start_matches('-').to_owned(), words.next().expect("a value"));
    }
    let number = |key: &str, default: u64| options.get(key).map_or(default, |value| value.parse().unwrap());
    let port = number("port", 1883) as u16;
    let threads = number("threads", 1) as usize;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match what.as_str() {
            "publish" => {
                let connections = number("connections", 1) as usize;
                let parts = packets(
                    &options["file"],
                    connections,
                    number("count", u64::MAX),
                    number("now", 0) == 1,
                );
                publish(port, parts, number("window", 1000), number("rate", 0)).await;
            }
            "discard" => discard(port, number("count", 0)).await,
            "broker" => broker(port).await,
            other => panic!("unknown: {other}"),
        }
    });
}

/// A PUBLISH at quality of service 1, and where in it the packet identifier and the event's time go.
struct Packet {
    bytes: Vec<u8>,
    identifier_at: usize,
    time_at: Option<usize>,
}

impl Packet {
    fn stamp(&mut self, identifier: u16, now: &str) {
        self.bytes[self.identifier_at..self.identifier_at + 2].copy_from_slice(&identifier.to_be_bytes());
        if let Some(at) = self.time_at {
            self.bytes[at..at + now.len()].copy_from_slice(now.as_bytes());
        }
    }
}

/// This moment as events write it.
fn now() -> String {
    let jakarta = chrono::FixedOffset::east_opt(7 * 3600).unwrap();
    chrono::Utc::now()
        .with_timezone(&jakarta)
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
}

/// The lines of a file as packets, each device's on one connection, so that its order is kept.
fn packets(file: &str, connections: usize, count: u64, now: bool) -> Vec<Vec<Packet>> {
    let mut parts: Vec<Vec<Packet>> = (0..connections).map(|_| Vec::new()).collect();
    let mut devices: HashMap<String, usize> = HashMap::new();
    let file = std::io::BufReader::new(std::fs::File::open(file).unwrap());
    for line in file.lines().take(usize::try_from(count).unwrap_or(usize::MAX)) {
        let line = line.unwrap();
        let source = line
            .split_once("\"source\":\"/")
            .and_then(|(_, rest)| rest.split_once('"'))
            .unwrap()
            .0;
        let known = devices.len();
        let connection = *devices.entry(source.to_owned()).or_insert(known) % connections;
        let topic = format!("jagaloket/v1/{source}/events");
        let mut bytes = vec![0x32];
        remaining_length(&mut bytes, 2 + topic.len() + 2 + line.len());
        text(&mut bytes, &topic);
        let identifier_at = bytes.len();
        bytes.extend([0, 0]);
        let time_at = now.then(|| bytes.len() + line.find("\"time\":\"").unwrap() + "\"time\":\"".len());
        bytes.extend(line.as_bytes());
        parts[connection].push(Packet {
            bytes,
            identifier_at,
            time_at,
        });
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn remaining_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length > 127 {
        bytes.push((length % 128) as u8 | 128);
        length /= 128;
    }
    bytes.push(length as u8);
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u16).to_be_bytes());
    bytes.extend(text.as_bytes());
}

async fn connect(port: u16, client_id: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 0];
    text(&mut body, client_id);
    let mut packet = vec![0x10];
    remaining_length(&mut packet, body.len());
    packet.extend(body);
    stream.write_all(&packet).await.unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(
        (answer[0], answer[3]),
        (0x20, 0),
        "the broker refuses the connection: {answer:?}"
    );
    stream
}

async fn publish(port: u16, parts: Vec<Vec<Packet>>, window: u64, rate: u64) {
    let mut streams = Vec::new();
    for ix in 0..parts.len() {
        streams.push(connect(port, &format!("load-{ix}")).await);
    }
    let (began, acknowledged) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let per_connection = rate as f64 / parts.len() as f64;
    let tasks: Vec<_> = streams
        .into_iter()
        .zip(parts)
        .map(|(stream, part)| tokio::spawn(one(stream, part, window, per_connection, Arc::clone(&acknowledged))))
        .collect();
    let mut sent = 0;
    for task in tasks {
        sent += task.await.unwrap();
    }
    let (seconds, acknowledged) = (began.elapsed().as_secs_f64(), acknowledged.load(Ordering::Relaxed));
    println!(
        "{{\"sent\":{sent},\"acknowledged\":{acknowledged},\"seconds\":{seconds:.3},\"rate\":{:.0}}}",
        acknowledged as f64 / seconds
    );
}

/// Publishes one connection's packets, at most `window` of them unacknowledged; answers how many were sent.
async fn one(stream: TcpStream, part: Vec<Packet>, window: u64, rate: f64, total: Arc<AtomicU64>) -> u64 {
    let (mut reader, mut writer) = stream.into_split();
    let (mut sent, mut acknowledged, mut left) = (0_u64, 0_u64, 0_usize);
    let mut packets = part.into_iter().peekable();
    let (mut out, mut input) = (Vec::with_capacity(2 * WRITE_BYTES), vec![0; 16 * 1024]);
    let began = Instant::now();
    let due = |sent: u64| match rate > 0.0 {
        true => began + Duration::from_secs_f64(sent as f64 / rate),
        false => began,
    };
    loop {
        let moment = now();
        while packets.peek().is_some()
            && sent - acknowledged < window
            && out.len() < WRITE_BYTES
            && due(sent) <= Instant::now()
        {
            let mut packet = packets.next().unwrap();
            sent += 1;
            packet.stamp((sent % 65_535 + 1) as u16, &moment);
            out.extend(packet.bytes);
        }
        if !out.is_empty() && writer.write_all(&out).await.is_err() {
            return sent;
        }
        out.clear();
        if packets.peek().is_none() && acknowledged == sent {
            return sent;
        }
        let more = packets.peek().is_some() && sent - acknowledged < window;
        let wake = if more { due(sent) } else { Instant::now() + SILENCE };
        tokio::select! {
            biased;
            read = reader.read(&mut input) => {
                let Ok(bytes @ 1..) = read else { return sent };
                // An acknowledgement is four bytes; one may come in two reads.
                left += bytes;
                acknowledged += (left / 4) as u64;
                total.fetch_add((left / 4) as u64, Ordering::Relaxed);
                left %= 4;
            }
            () = tokio::time::sleep_until(wake) => {
                if !more {
                    eprintln!("no acknowledgement for {} s", SILENCE.as_secs());
                    return sent;
                }
            }
        }
    }
}

/// Subscribes to everything a device says, acknowledges and forgets it.
async fn discard(port: u16, count: u64) {
    let mut stream = connect(port, "load-discard").await;
    let mut body = vec![0, 1];
    text(&mut body, "jagaloket/v1/+/+/events");
    body.push(1);
    let mut packet = vec![0x82];
    remaining_length(&mut packet, body.len());
    packet.extend(body);
    stream.write_all(&packet).await.unwrap();
    let (mut input, mut out) = (Vec::with_capacity(1 << 18), Vec::new());
    let (mut received, mut first, mut last) = (0, None, Instant::now());
    println!("{{\"subscribed\":true}}");
    while received < count {
        match tokio::time::timeout(SILENCE, stream.read_buf(&mut input)).await {
            Ok(Ok(1..)) => {}
            _ => break,
        }
        let mut at = 0;
        while let Some((header, body, next)) = whole(&input, at) {
            at = next;
            if header & 0xf0 != 0x30 {
                continue;
            }
            first.get_or_insert_with(Instant::now);
            received += 1;
            last = Instant::now();
            let topic = usize::from(u16::from_be_bytes([input[body], input[body + 1]]));
            out.extend([0x40, 2, input[body + 2 + topic], input[body + 3 + topic]]);
        }
        input.drain(..at);
        stream.write_all(&out).await.unwrap();
        out.clear();
    }
    let seconds = first.map_or(0.0, |first| (last - first).as_secs_f64());
    println!(
        "{{\"received\":{received},\"seconds\":{seconds:.3},\"rate\":{:.0}}}",
        received as f64 / seconds
    );
}

/// The packet that begins at `at`, if all of it is there: its header, where its body begins, and where the next does.
fn whole(input: &[u8], at: usize) -> Option<(u8, usize, usize)> {
    let header = *input.get(at)?;
    let (mut length, mut shift, mut body) = (0, 0, at + 1);
    loop {
        let byte = *input.get(body)?;
        length |= usize::from(byte & 127) << shift;
        shift += 7;
        body += 1;
        if byte & 128 == 0 {
            break;
        }
    }
    (body + length <= input.len()).then_some((header, body, body + length))
}

/// The library of the embedded broker without anything of ours: it acknowledges what it has routed to nobody.
async fn broker(port: u16) {
    use mqtt5::broker::config::{BrokerConfig, StorageBackend, StorageConfig};
    let config = BrokerConfig::default()
        .with_bind_address(([127, 0, 0, 1], port))
        .with_storage(StorageConfig::new().with_backend(StorageBackend::Memory))
        .with_session_expiry(Duration::ZERO)
        .with_max_packet_size(1 << 20)
        .with_sys_topics_enabled(false);
    let mut broker = mqtt5::broker::MqttBroker::with_config(config).await.unwrap();
    println!("{{\"listening\":true}}");
    broker.run().await.unwrap();
}
