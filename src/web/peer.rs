//! Who asks: the address at the other end of the connection or, behind a proxy that the configuration names, the one that
//! the proxy tells; how often an address may ask, and on how many connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Requests an address may make at once …
const BURST: f64 = 240.0;
/// … and each second after that.
const PER_SECOND: f64 = 20.0;
/// Addresses that are remembered at a time; who has asked for nothing long enough is forgotten first.
const REMEMBERED_MAX: usize = 10_000;
/// Connections of one address at a time.
const CONNECTIONS_MAX: usize = 32;

/// The other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    pub address: IpAddr,
    pub tls: bool,
    /// It came to the address that is for programs of this machine.
    pub for_machines: bool,
}

/// Who asks, and whether nobody on the way could read along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    pub address: IpAddr,
    pub secure: bool,
}

impl Connection {
    /// What proxies tell counts only where the connection comes from one that is named: of the addresses in
    /// `X-Forwarded-For` the last that is none of them. What cannot be read counts as the proxy's own.
    pub fn peer(self, headers: &HeaderMap, proxies: &[IpNet]) -> Peer {
        let is_proxy = |address: IpAddr| proxies.iter().any(|net| net.contains(&address));
        let mut address = self.address.to_canonical();
        if !is_proxy(address) {
            return Peer {
                address,
                secure: self.tls,
            };
        }
        let told = headers.get_all("x-forwarded-for").into_iter();
        let told: Vec<&str> = told
            .flat_map(|value| value.to_str().unwrap_or("?").split(','))
            .collect();
        for text in told.into_iter().rev() {
            let Ok(before) = text.trim().parse::<IpAddr>() else {
                break;
            };
            address = before.to_canonical();
            if !is_proxy(address) {
                break;
            }
        }
        let protocol = headers.get_all("x-forwarded-proto").into_iter().next_back();
        Peer {
            address,
            secure: self.tls || protocol.is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"https")),
        }
    }
}

/// Whom limits count as one: an IPv4 address, or the network of an IPv6 one, of which a single machine has many.
pub fn one(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

/// What each address may still ask.
#[derive(Default)]
pub struct Rates {
    left: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

impl Rates {
    /// Whether one more request is answered. This machine itself is not counted.
    pub fn admit(&self, address: IpAddr, now: Instant) -> bool {
        if address.is_loopback() {
            return true;
        }
        let grown = |(left, at): (f64, Instant)| {
            let seconds = now.saturating_duration_since(at).as_secs_f64();
            (left + seconds * PER_SECOND).min(BURST)
        };
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX {
            all.retain(|_, spent| grown(*spent) < BURST);
            // All of them ask all the time: they begin anew together.
            if all.len() >= REMEMBERED_MAX {
                all.clear();
            }
        }
        let (left, at) = all.entry(one(address)).or_insert((BURST, now));
        *left = grown((*left, *at));
        *at = now;
        let admitted = *left >= 1.0;
        if admitted {
            *left -= 1.0;
        }
        admitted
    }
}

/// Connections that are open, by address.
#[derive(Default)]
pub struct Seats {
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's; given back when it ends.
pub struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

impl Seats {
    /// A seat, unless the address has too many; proxies and this machine itself have as many as there are.
    pub fn take(self: &Arc<Seats>, address: IpAddr, proxies: &[IpNet]) -> Option<Seat> {
        let address = address.to_canonical();
        let many = address.is_loopback() || proxies.iter().any(|net| net.contains(&address));
        let address = one(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_insert(0);
        if *count >= CONNECTIONS_MAX && !many {
            return None;
        }
        *count += 1;
        Some(Seat {
            seats: self.clone(),
            address,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn only_named_proxies_say_who_asks() {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        for (from, told, address, secure) in [
            // Nobody else is believed.
            (
                "192.168.1.9",
                &[("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")][..],
                "192.168.1.9",
                false,
            ),
            ("127.0.0.1", &[], "127.0.0.1", false),
            (
                "127.0.0.1",
                &[("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")],
                "203.0.113.7",
                true,
            ),
            // What a client wrote itself stands before what the proxy added.
            (
                "127.0.0.1",
                &[("x-forwarded-for", "127.0.0.1, 1.2.3.4, 203.0.113.7")],
                "203.0.113.7",
                false,
            ),
            (
                "127.0.0.1",
                &[("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "203.0.113.7")],
                "203.0.113.7",
                false,
            ),
            // Through two proxies.
            (
                "127.0.0.1",
                &[("x-forwarded-for", "1.2.3.4, 203.0.113.7, 10.1.1.1")],
                "203.0.113.7",
                false,
            ),
            (
                "127.0.0.1",
                &[("x-forwarded-for", "203.0.113.7, unknown, 10.1.1.1")],
                "10.1.1.1",
                false,
            ),
            ("127.0.0.1", &[("x-forwarded-for", "unknown")], "127.0.0.1", false),
            (
                "::ffff:127.0.0.1",
                &[("x-forwarded-for", "::ffff:203.0.113.7")],
                "203.0.113.7",
                false,
            ),
            // The nearest proxy says how it was reached.
            (
                "127.0.0.1",
                &[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")],
                "127.0.0.1",
                false,
            ),
        ] {
            let connection = Connection {
                address: ip(from),
                tls: false,
                for_machines: false,
            };
            let peer = connection.peer(&headers(told), &proxies);
            assert_eq!(
                peer,
                Peer {
                    address: ip(address),
                    secure
                },
                "{from} {told:?}"
            );
        }
    }

    #[test]
    fn an_address_that_asks_too_much_waits_and_others_do_not() {
        let (rates, start) = (Rates::default(), crate::clock::instant());
        let admitted = |address: &str, at: Instant| (0..1000).filter(|_| rates.admit(ip(address), at)).count();
        assert_eq!(admitted("192.0.2.1", start), BURST as usize);
        assert_eq!(
            admitted("192.0.2.1", start + Duration::from_secs(1)),
            PER_SECOND as usize
        );
        assert_eq!(admitted("192.0.2.2", start), BURST as usize);
        assert_eq!(admitted("127.0.0.1", start), 1000);
        // One machine's many addresses.
        assert_eq!(admitted("2001:db8::1", start), BURST as usize);
        assert_eq!(admitted("2001:db8::2", start), 0);
        assert_eq!(admitted("2001:db8:0:1::2", start), BURST as usize);
    }

    #[test]
    fn what_is_remembered_of_addresses_is_bounded() {
        let (rates, start) = (Rates::default(), crate::clock::instant());
        for n in 0..3 * REMEMBERED_MAX as u32 {
            assert!(rates.admit(IpAddr::V4((0xC000_0000 + n).into()), start));
        }
        assert!(rates.left.lock().unwrap().len() <= REMEMBERED_MAX);
    }

    #[test]
    fn connections_of_an_address_are_counted_and_given_back() {
        let seats = Arc::new(Seats::default());
        let mut taken: Vec<_> = std::iter::from_fn(|| seats.take(ip("192.0.2.1"), &[]))
            .take(1000)
            .collect();
        assert_eq!(taken.len(), CONNECTIONS_MAX);
        assert!(seats.take(ip("192.0.2.2"), &[]).is_some());
        taken.pop();
        assert!(seats.take(ip("192.0.2.1"), &[]).is_some());
        let proxies = ["192.0.2.0/24".parse().unwrap()];
        assert!(seats.take(ip("192.0.2.1"), &proxies).is_some());
        taken.extend(seats.take(ip("192.0.2.1"), &[]));
        drop(taken);
        assert!(seats.taken.lock().unwrap().is_empty());
    }
}
