//! Ring 1: whole numbers in as few bytes as they need, for what is kept by the million.

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
pub fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A number that may be negative: small ones are short on either side.
pub fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, ((number << 1) ^ (number >> 63)) as u64);
}

/// Takes a number off the front. `None` where the bytes end too early or hold no such number.
pub fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        number |= part << shift;
        if byte & 0x80 == 0 {
            return ((part << shift) >> shift == part).then_some(number);
        }
    }
    None
}

pub fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    let number = take(bytes)?;
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_and_a_cut_is_noticed() {
        for number in [0, 1, -1, 63, -64, 64, 300, -70_000, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            put_signed(&mut out, number);
            assert_eq!(take_signed(&mut &out[..]), Some(number));
            assert_eq!(take_signed(&mut &out[..out.len() - 1]), None);
            let mut out = Vec::new();
            put(&mut out, number as u64);
            assert_eq!(take(&mut &out[..]), Some(number as u64));
        }
        assert_eq!(take(&mut &[0xff; 10][..]), None);
        assert_eq!(
            take(&mut &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f][..]),
            None
        );
    }
}
