//! Which passwords are taken: long ones that nobody tries first. Nothing is demanded of their characters.

use std::collections::HashSet;
use std::sync::LazyLock;

/// In characters, as people count them.
pub const LENGTH_MIN: usize = 12;
/// So that hashing has a bound; a sentence fits.
pub const LENGTH_MAX: usize = 256;

/// What people build passwords of, a line each group; chosen by us, Indonesian and English.
const WORDS: &str = include_str!("password_words.txt");

/// Rows of keys, and what people count by.
const RUNS: [&str; 8] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "azertyuiopqsdfghjklmwxcvbn",
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weak {
    Short,
    Long,
    /// One of those that are tried first.
    Common,
    /// It holds the account's own name, or the program's.
    Personal,
}

static KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| WORDS.split_whitespace().collect());

/// Refuses what is too short, and what is tried first: a common word, name or row of keys, however often repeated, with
/// digits and signs before or behind and letters written as digits. `own` are words about the account's holder.
pub fn check(password: &str, own: &[&str]) -> Result<(), Weak> {
    let length = password.chars().count();
    if length < LENGTH_MIN {
        return Err(Weak::Short);
    }
    if length > LENGTH_MAX {
        return Err(Weak::Long);
    }
    let small = password.to_lowercase();
    let bare: String = small.chars().filter(|c| !c.is_whitespace()).collect();
    let mut readings = HashSet::from([core(&bare), core(&plain(&bare)), plain(core(&bare).as_str())]);
    readings.insert(bare.clone());
    if readings.iter().any(|reading| is_common(reading)) {
        return Err(Weak::Common);
    }
    // Of what holds a word about him the rest alone counts.
    let own = own.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let tells = |word: &str| {
        let word = word.to_lowercase();
        let known = word.chars().count();
        known >= 4 && bare.contains(&word) && bare.chars().count() < LENGTH_MIN + known
    };
    match own.chain(["jagaloket"]).any(tells) {
        true => Err(Weak::Personal),
        false => Ok(()),
    }
}

fn is_common(text: &str) -> bool {
    // Nothing but digits and signs: a date, a telephone number, a row of keys.
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    letters < 4 || is_run(text) || is_built_of_known(text)
}

/// Without digits and signs before and behind.
fn core(text: &str) -> String {
    text.trim_matches(|c: char| !c.is_alphabetic()).to_owned()
}

/// Letters that are written as digits or signs.
fn plain(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    };
    text.chars().map(letter).collect()
}

/// One character, a part of a row, or something short again and again.
fn is_run(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let repeats = (1..=chars.len() / 2).take(6);
    let repeated = repeats.filter(|size| size * 2 <= chars.len());
    let mut repeated = repeated.filter(|size| (0..chars.len()).all(|at| chars[at] == chars[at % size]));
    let back: String = chars.iter().rev().collect();
    let in_row = |text: &str| RUNS.iter().any(|row| row.contains(text));
    repeated.next().is_some() || in_row(text) || in_row(&back)
}

/// Cut into known words and nothing else, at most three of them: four that are chosen by chance are a good password.
fn is_built_of_known(text: &str) -> bool {
    fn cut(text: &str, words: u8) -> bool {
        if text.is_empty() {
            return true;
        }
        let ends = text
            .char_indices()
            .map(|(at, c)| at + c.len_utf8())
            .filter(|end| *end >= 3 || *end == text.len());
        let mut ends = ends.collect::<Vec<_>>().into_iter().rev();
        words > 0
            && ends.any(|end| {
                KNOWN.contains(&text[..end]) && cut(text[end..].trim_start_matches(['-', '_', '.']), words - 1)
            })
    }
    let letters: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    cut(&letters, 3)
}
