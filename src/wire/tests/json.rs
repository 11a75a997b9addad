//! The JSON reader beside serde_json.

use std::borrow::Cow;

use proptest::prelude::*;

use crate::wire::json::{DEPTH_MAX, Fault, Sort, Value, items, members, whole};

/// What serde_json makes of the same value; it reads numbers and texts by its own means.
fn to_serde(value: Value, whole: &str) -> Option<serde_json::Value> {
    let text = value.written(whole);
    Some(match value.sort {
        Sort::Absent => return None,
        Sort::Null => serde_json::Value::Null,
        Sort::False => false.into(),
        Sort::True => true.into(),
        Sort::Number => serde_json::from_str(text).ok()?,
        Sort::Text | Sort::Escaped => value.decode(whole)?.into(),
        Sort::List => {
            let mut list = Vec::new();
            items(text, |item| list.push(to_serde(item, text))).ok()?;
            list.into_iter().collect::<Option<Vec<_>>>()?.into()
        }
        Sort::Object => {
            let mut list = Vec::new();
            members(text, |key, value| {
                list.push((key.decode(text), to_serde(value, text)));
                Ok::<(), Fault>(())
            })
            .ok()?;
            let member = |(key, value): (Option<Cow<'_, str>>, _)| Some((key?.into_owned(), value?));
            let map: Option<serde_json::Map<_, _>> = list.into_iter().map(member).collect();
            map?.into()
        }
    })
}

fn check(text: &str) {
    let theirs = serde_json::from_str::<serde_json::Value>(text).ok();
    let ours = whole(text).ok().and_then(|value| to_serde(value, text));
    assert_eq!(ours, theirs, "{text}");
}

#[test]
fn reading_agrees_with_serde_json_on_hard_cases() {
    for text in [
        "",
        " ",
        "{}",
        "[]",
        "{ }",
        "[ ]",
        "nul",
        "null",
        "nullx",
        "true",
        "tru",
        "-",
        "-0",
        "01",
        "1.",
        "1.5",
        ".5",
        "1e5",
        "1e",
        "1e+",
        "1E-2",
        "+1",
        "\"",
        "\"\\",
        "\"\\u",
        "\"\\u12",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\\x\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ud83dx\"",
        "\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"",
        "\"\t\"",
        "\"\u{1f}\"",
        "\"\u{7f}\"",
        "\"é😀\\u00e9\"",
        "\"12345678é\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":{\"b\":[1,{\"c\":null}]}}",
        "[[[[]]]]",
        "{}x",
        "{} {}",
        "\u{feff}{}",
        "[1]\r\n",
        "{\"\\u0061\":1,\"a\":2}",
        "\"\\u0000\"",
        "NaN",
        "Infinity",
        "'a'",
        "/**/1",
        "[1,2",
        "{\"a\":",
        "{\"a\"",
        "\"1234567\\u00e912345678\"",
    ] {
        check(text);
    }
}

#[test]
fn deep_nesting_is_refused_before_it_costs_anything() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(whole(&deep(DEPTH_MAX)).is_ok());
    assert!(whole(&deep(DEPTH_MAX + 1)).is_err());
    assert!(whole(&"[".repeat(16_000)).is_err());
    assert!(whole(&"{\"a\":".repeat(3_000)).is_err());
}

proptest! {
    #[test]
    fn reading_agrees_with_serde_json_on_what_looks_like_json(
        text in r#"[\[\]{}",: 0-9a-fu\\tn.eE+-]{0,40}"#,
        words in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\\n\"", "1", "-2.5e3", "true", "null", " ", "\"\\ud83d\\ude00\"",
        ]), 0..12),
    ) {
        check(&text);
        check(&words.concat());
    }

    #[test]
    fn every_text_comes_back_as_it_was_written(text in any::<String>()) {
        check(&serde_json::to_string(&text).unwrap());
        check(&serde_json::to_string(&serde_json::json!({ &text: [&text, { "x": &text }] })).unwrap());
    }
}
