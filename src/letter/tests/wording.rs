//! What an office may say otherwise, and what is said of a file that cannot be meant.

use super::super::wording::Wording;

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (text, expected) in [
        (
            "[id]\ngreeting = \"Yth. {nama}\"",
            "line 2: `id.greeting` has no {nama}; did you mean {name}? It knows {name} and {office}",
        ),
        (
            "[en]\nsignature = \"{name}\"",
            "line 2: `en.signature` has no {name} It knows {office}",
        ),
        (
            "[en]\nsignature = \"Head {office\"",
            "line 2: `en.signature` has a brace that is no placeholder's",
        ),
        (
            "[en]\nsignature = \"\"",
            "line 1: `en.signature` is empty: leave it out",
        ),
        ("[en]\ncontact = \"a\\nb\"", "`en.contact` must be one line"),
    ] {
        assert_eq!(Wording::parse(text).unwrap_err(), [expected], "{text}");
    }
    let unknown = Wording::parse("[id]\ngreting = \"Yth.\"").unwrap_err();
    assert!(
        unknown[0].contains("greting") && unknown[0].contains("line 2"),
        "{unknown:?}"
    );
    let long = format!("[id]\ncontact = \"{}\"", "a".repeat(301));
    assert!(Wording::parse(&long).unwrap_err()[0].contains("300 characters"));
    assert_eq!(Wording::parse("").unwrap(), Wording::default());
}
