//! Tells whether two bodies under one identity are the same.

use std::hash::{BuildHasher as _, Hasher as _};

use super::json::{Fault, Sort, Value, items, members, whole};

/// Whether both say the same: equal bytes, or the same JSON with other white space, escapes or order of keys.
pub fn same_body(one: &[u8], other: &[u8]) -> bool {
    one == other || fingerprint(one) == fingerprint(other)
}

/// A hash of what a body says; white space, escapes and the order of keys do not count, digits of numbers do as written.
/// Good for comparing within one run of the program, for the algorithm may change; not for proofs, for it is quick.
pub fn fingerprint(payload: &[u8]) -> u64 {
    let text = std::str::from_utf8(payload).ok();
    let value = text.and_then(|text| Some((whole(text).ok()?, text)));
    value.map_or_else(|| hash(0, payload), |(value, text)| of_value(value, text))
}

/// The first argument keeps values of different types apart.
fn hash(kind: u8, bytes: &[u8]) -> u64 {
    let mut hasher = foldhash::quality::FixedState::with_seed(u64::from(kind)).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

fn of_text(value: Value, whole: &str) -> u64 {
    // What no text can hold is compared as it is written.
    let written = || hash(1, value.written(whole).as_bytes());
    value
        .decode(whole)
        .map_or_else(written, |text| hash(2, text.as_bytes()))
}

fn of_value(value: Value, whole: &str) -> u64 {
    let text = value.written(whole);
    match value.sort {
        Sort::Absent | Sort::Null => hash(3, b""),
        Sort::False | Sort::True => hash(4, text.as_bytes()),
        Sort::Number => hash(5, text.as_bytes()),
        Sort::Text | Sort::Escaped => of_text(value, whole),
        Sort::List => {
            let mut sum = hash(6, b"");
            let read = items(text, |item| sum = pair(sum, of_value(item, text)));
            read.map_or_else(|_| hash(0, text.as_bytes()), |()| sum)
        }
        Sort::Object => {
            // A sum does not know the order of what was added.
            let mut sum = hash(7, b"");
            let read = members(text, |key, value| {
                sum = sum.wrapping_add(pair(of_text(key, text), of_value(value, text)));
                Ok::<(), Fault>(())
            });
            read.map_or_else(|_| hash(0, text.as_bytes()), |()| sum)
        }
    }
}

fn pair(one: u64, other: u64) -> u64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&one.to_le_bytes());
    bytes[8..].copy_from_slice(&other.to_le_bytes());
    hash(8, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_escapes_and_the_order_of_keys_make_no_other_body() {
        let one = br#"{"id":"a","data":{"officer":"p-1","slot":3},"x":[1,{"b":null,"c":true}]}"#;
        for same in [
            r#" { "id" : "a" , "data" : { "officer" : "p-1" , "slot" : 3 } , "x" : [ 1 , { "b" : null , "c" : true } ] } "#,
            r#"{"x":[1,{"c":true,"b":null}],"data":{"slot":3,"officer":"p-1"},"id":"a"}"#,
            r#"{"\u0069d":"\u0061","data":{"officer":"p-1","slot":3},"x":[1,{"b":null,"c":true}]}"#,
        ] {
            assert!(same_body(one, same.as_bytes()), "{same}");
        }
    }

    #[test]
    fn any_other_value_key_or_order_of_a_list_makes_another_body() {
        let bodies = [
            r#"{"id":"a","x":[1,2]}"#,
            r#"{"id":"a","x":[2,1]}"#,
            r#"{"id":"b","x":[1,2]}"#,
            r#"{"ie":"a","x":[1,2]}"#,
            r#"{"id":"x","a":[1,2]}"#,
            r#"{"id":"a","x":[1,"2"]}"#,
            r#"{"id":"a","x":[12]}"#,
            r#"{"id":"a","x":[[1,2]]}"#,
            r#"{"id":"a","x":{"1":2}}"#,
            r#"{"id":"a","x":[1,2.0]}"#,
            r#"{"id":"a","x":[1,2],"y":null}"#,
            r#"{"id":"a","x":null}"#,
            r#"{"id":"a","x":"null"}"#,
            r#"{"id":"a","x":true}"#,
            r#"{"id":"a"}"#,
            r#"{"id":"a","id":"a"}"#,
            r#"{}"#,
            r#"[]"#,
            r#"{"a":{"b":1},"c":{"d":2}}"#,
            r#"{"a":{"d":2},"c":{"b":1}}"#,
            r#"{"x":"\ud800"}"#,
            r#"{"x":"\ud801"}"#,
            "not json",
            "not jsom",
            "",
        ];
        for (n, one) in bodies.iter().enumerate() {
            for (m, other) in bodies.iter().enumerate() {
                assert_eq!(same_body(one.as_bytes(), other.as_bytes()), n == m, "{one} {other}");
            }
        }
    }
}
