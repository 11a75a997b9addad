//! One-time codes by RFC 6238 (six digits, 30 seconds, HMAC-SHA-1, as every authenticator has them), and codes to recover
//! with.

use ring::hmac;
use sha2::{Digest as _, Sha256};

use crate::engine::time::Moment;

const STEP_MS: i64 = 30_000;
const DIGITS: u32 = 6;
/// As RFC 4226 asks for.
pub const SEED_BYTES: usize = 20;
/// How many codes to recover with somebody gets.
pub const RECOVERY_CODES: usize = 10;
/// Of each: 64 bits that cannot be guessed.
pub const RECOVERY_BYTES: usize = 8;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code of a step.
fn code(seed: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let hash = hmac::sign(&key, &step.to_be_bytes());
    let hash = hash.as_ref();
    let at = usize::from(hash[hash.len() - 1] & 0x0f);
    let word = u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
    (word & 0x7fff_ffff) % 10_u32.pow(DIGITS)
}

/// Whether a code is right now, or was or will be within a step of it, for clocks differ. Answers its step, and takes
/// none that is not after `last`: a code that was used, or seen over a shoulder, is worth nothing.
pub fn accept(seed: &[u8], text: &str, now: Moment, last: i64) -> Option<i64> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if text.len() != DIGITS as usize || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let said: u32 = text.parse().ok()?;
    let step = now.0.div_euclid(STEP_MS);
    // Every step is looked at, so that the time it takes says nothing.
    let mut found = None;
    for step in [step - 1, step, step + 1] {
        if code(seed, step) == said && step > last {
            found = found.or(Some(step));
        }
    }
    found
}

/// The code of a moment, as an authenticator shows it.
pub fn shown(seed: &[u8], at: Moment) -> String {
    format!("{:06}", code(seed, at.0.div_euclid(STEP_MS)))
}

/// As authenticators take a seed that is typed in.
pub fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let mut five = [0; 5];
        five[..chunk.len()].copy_from_slice(chunk);
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for digit in 0..(chunk.len() * 8).div_ceil(5) {
            out.push(char::from(BASE32[(bits >> (35 - 5 * digit) & 31) as usize]));
        }
    }
    out
}

/// What the picture says that an authenticator reads.
pub fn address(name: &str, seed: &[u8]) -> String {
    let name = percent(name);
    format!(
        "otpauth://totp/Jagaloket:{name}?secret={}&issuer=Jagaloket",
        base32(seed)
    )
}

/// A code to recover with, as it is shown once: `ABCD-EFGH-IJKL-M`.
pub fn recovery(chance: &[u8; RECOVERY_BYTES]) -> String {
    let digits = base32(chance).into_bytes();
    let groups: Vec<String> = digits
        .chunks(4)
        .map(|some| String::from_utf8_lossy(some).into_owned())
        .collect();
    groups.join("-")
}

/// What is kept of it: 64 bits of chance need no slow hash.
pub fn recovery_hash(text: &str) -> String {
    let bare: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    hex(&Sha256::digest(bare.to_ascii_uppercase()))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text as it may stand in an address.
pub fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
