//! A booking's code: seven characters of chance and a check character, in Crockford's base 32 (no I, L, O, U).
//!
//! The check is a Reed-Solomon code over GF(2⁵) with x⁵ + x² + 1: the sum of dᵢ·αⁱ over all eight characters is zero.
//! Every place has a factor of its own, none of them zero. It therefore finds every single wrong character, every two
//! that changed places (next to each other or not), and every pair of equal ones that became another pair; of all other
//! mistakes 31 in 32. What is read as O, I or L is 0 or 1, so those are no mistakes at all.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// With its check character.
pub const LENGTH: usize = 8;

/// Chance that a code is made of: 35 bits.
pub const CHANCE_BYTES: usize = 5;

/// A code of these bytes, of which 35 bits count.
pub fn of_chance(chance: [u8; CHANCE_BYTES]) -> String {
    let mut bits = chance.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    let mut digits = [0u8; LENGTH];
    for digit in &mut digits[..LENGTH - 1] {
        *digit = (bits & 31) as u8;
        bits >>= 5;
    }
    digits[LENGTH - 1] = check(&digits[..LENGTH - 1]);
    digits
        .iter()
        .map(|digit| char::from(ALPHABET[usize::from(*digit)]))
        .collect()
}

/// As people read it: `7F3K-9QWX`.
pub fn shown(code: &str) -> String {
    match code.len() == LENGTH && code.is_ascii() {
        true => format!("{}-{}", &code[..4], &code[4..]),
        false => code.to_owned(),
    }
}

/// Letters that look like digits, as the digits.
pub fn folded(code: &str) -> String {
    code.chars()
        .map(|letter| match letter {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

/// What the check character says of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Check {
    /// It is one of ours, as far as can be told without knowing it.
    Right,
    /// It looks like one of ours and is none: mistyped, or made up.
    Wrong,
    /// It has another form: another system's.
    Foreign,
}

pub fn check_of(code: &str) -> Check {
    let folded = folded(code);
    if folded.len() != LENGTH {
        return Check::Foreign;
    }
    let mut digits = [0u8; LENGTH];
    for (digit, letter) in digits.iter_mut().zip(folded.bytes()) {
        match ALPHABET.iter().position(|known| *known == letter) {
            Some(place) => *digit = place as u8,
            None => return Check::Foreign,
        }
    }
    match check(&digits[..LENGTH - 1]) == digits[LENGTH - 1] {
        true => Check::Right,
        false => Check::Wrong,
    }
}

/// The check character stands at the place with factor 1, so it is the sum of the others.
fn check(digits: &[u8]) -> u8 {
    let mut factor = 1;
    digits.iter().fold(0, |sum, digit| {
        factor = product(factor, 2);
        sum ^ product(*digit, factor)
    })
}

/// In GF(2⁵).
fn product(mut one: u8, mut other: u8) -> u8 {
    let mut sum = 0;
    while other > 0 {
        if other & 1 == 1 {
            sum ^= one;
        }
        other >>= 1;
        one <<= 1;
        if one & 0b10_0000 != 0 {
            one ^= 0b10_0101;
        }
    }
    sum
}

/// What the number behind a booking is sealed under: with another booking's, nothing comes out.
pub fn sealed_under(office: &str, code: &str) -> String {
    format!("number {office}/{code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_mistake_exchange_and_twin_is_found() {
        for n in 0..40u64 {
            let chance = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes();
            let code = of_chance([chance[0], chance[1], chance[2], chance[3], chance[4]]);
            assert_eq!(check_of(&code), Check::Right, "{code}");
            let right = code.as_bytes();
            for at in 0..LENGTH {
                for other in ALPHABET {
                    let mut wrong = right.to_vec();
                    wrong[at] = *other;
                    let wrong = String::from_utf8(wrong).unwrap();
                    assert_eq!(check_of(&wrong) == Check::Right, wrong == code, "{wrong}");
                }
                for with in 0..LENGTH {
                    let mut wrong = right.to_vec();
                    wrong.swap(at, with);
                    let wrong = String::from_utf8(wrong).unwrap();
                    assert_eq!(check_of(&wrong) == Check::Right, wrong == code, "{wrong}");
                }
            }
        }
        let mut twins = of_chance([0; 5]).into_bytes();
        assert_eq!(twins, b"00000000");
        for at in 0..LENGTH - 1 {
            for other in &ALPHABET[1..] {
                (twins[at], twins[at + 1]) = (*other, *other);
                assert_eq!(check_of(std::str::from_utf8(&twins).unwrap()), Check::Wrong);
                (twins[at], twins[at + 1]) = (b'0', b'0');
            }
        }
    }

    #[test]
    fn what_looks_like_a_digit_is_one_and_other_forms_are_anothers() {
        let code = of_chance([0, 0, 0, 4, 1]);
        assert!(code.contains('1') && code.contains('0'), "{code}");
        let written = code.replace('0', "O").replacen('1', "L", 1).replace('1', "I");
        assert_eq!(check_of(&written), Check::Right);
        assert_eq!(folded(&written), code);
        for foreign in ["TNG7F3K9Q", "7F3K9Q", "ABCDEFGU", ""] {
            assert_eq!(check_of(foreign), Check::Foreign, "{foreign}");
        }
        assert_eq!(shown("7F3K9QWX"), "7F3K-9QWX");
    }
}
