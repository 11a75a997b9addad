//! Passkeys (WebAuthn; ES256, RS256): what a browser says of a ceremony, read and checked. Signatures are `keys`' affair.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::base64url;

/// A P-256 key in a browser's form is this and the point.
const SPKI_P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_BYTES: usize = 65;
/// What a point that is not compressed begins with, and no RSA key.
pub const POINT: u8 = 4;
/// The same of RSA with 2048 bits.
const SPKI_RSA: [u8; 24] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    0x03, 0x82, 0x01, 0x0f, 0x00,
];
const RSA_BYTES: usize = 270;
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ceremony {
    Create,
    Get,
}

#[derive(Deserialize)]
struct Client {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// Whether a browser says that this ceremony took place, for this challenge, on a page of this origin.
pub fn is_of(client: &[u8], ceremony: Ceremony, challenge: &[u8], origin: &str) -> bool {
    let kind = match ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    serde_json::from_slice::<Client>(client).is_ok_and(|said| {
        said.kind == kind
            && said.challenge == base64url::encode(challenge)
            && said.origin == origin
            && !said.cross_origin
    })
}

/// What an authenticator says: somebody was there and was verified, for this host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authenticator {
    /// How often it has signed; 0: it does not count.
    pub count: i64,
    /// The credential it has made.
    pub credential: Option<Vec<u8>>,
}

impl Authenticator {
    /// `None`: it is of another host, nobody was there or was verified, or it cannot be read.
    pub fn read(bytes: &[u8], host: &str) -> Option<Authenticator> {
        let (host_hash, rest) = bytes.split_at_checked(32)?;
        let (&flags, rest) = rest.split_first()?;
        let (count, rest) = rest.split_at_checked(4)?;
        let count = u32::from_be_bytes(count.try_into().ok()?);
        if host_hash != &Sha256::digest(host)[..] || flags & PRESENT == 0 || flags & VERIFIED == 0 {
            return None;
        }
        let credential = if flags & HAS_CREDENTIAL == 0 {
            None
        } else {
            let (length, rest) = rest.get(16..)?.split_at_checked(2)?;
            let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
            Some(
                rest.get(..length)
                    .filter(|id| (1..=1_023).contains(&id.len()))?
                    .to_vec(),
            )
        };
        Some(Authenticator {
            count: i64::from(count),
            credential,
        })
    }
}

/// A key as signatures are checked with it: a point of P-256, or RSA of 2048 bits; other kinds are not taken.
pub fn key(spki: &[u8]) -> Option<&[u8]> {
    let point = spki.strip_prefix(&SPKI_P256);
    let point = point.filter(|point| point.len() == POINT_BYTES && point[0] == POINT);
    let rsa = || {
        spki.strip_prefix(&SPKI_RSA)
            .filter(|rsa| rsa.len() == RSA_BYTES && rsa[0] != POINT)
    };
    point.or_else(rsa)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ceremony_of_ours_counts() {
        let origin = "https://jagaloket.example";
        let said = |kind: &str, challenge: &str, origin: &str, more: &str| {
            format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"{more}}}"#).into_bytes()
        };
        let good = said("webauthn.get", "Zm9v", origin, r#","crossOrigin":false,"other":1"#);
        assert!(is_of(&good, Ceremony::Get, b"foo", origin));
        assert!(!is_of(&good, Ceremony::Create, b"foo", origin));
        assert!(!is_of(&good, Ceremony::Get, b"bar", origin));
        for wrong in [
            said("webauthn.get", "Zm9v", "https://evil.example", ""),
            said("webauthn.get", "Zm9v", "http://jagaloket.example", ""),
            said("webauthn.get", "Zm9v", origin, r#","crossOrigin":true"#),
            b"{}".to_vec(),
            b"\xff".to_vec(),
        ] {
            assert!(!is_of(&wrong, Ceremony::Get, b"foo", origin));
        }
    }

    #[test]
    fn an_authenticator_of_another_host_or_without_a_person_is_none() {
        let bytes = |host: &str, flags: u8, more: &[u8]| {
            [&Sha256::digest(host)[..], &[flags], &7_u32.to_be_bytes(), more].concat()
        };
        let read = |bytes: &[u8]| Authenticator::read(bytes, "localhost");
        assert_eq!(
            read(&bytes("localhost", 5, b"")).unwrap(),
            Authenticator {
                count: 7,
                credential: None
            }
        );
        for wrong in [
            bytes("evil", 5, b""),
            bytes("localhost", 1, b""),
            bytes("localhost", 4, b""),
            bytes("localhost", 0x45, b""),
        ] {
            assert_eq!(read(&wrong), None);
        }
        let made = [&[0; 16][..], &[0, 3], b"abcKEY"].concat();
        let made = bytes("localhost", 0x45, &made);
        assert_eq!(read(&made).unwrap().credential.unwrap(), b"abc");
        for end in 0..made.len() - 3 {
            // Cut off anywhere it is none, and nothing breaks.
            assert_eq!(read(&made[..end]), None, "{end}");
        }
        assert_eq!(key(&[1; 91]), None);
        assert_eq!(key(&[&SPKI_P256[..], &[4; 65]].concat()).unwrap().len(), 65);
    }
}
