//! Every kind of letter there is, in both languages, as `jagaloket letter preview` writes them.

use super::super::samples::{Sample, page, samples};
use super::super::wording::{Wording, Wordings};
use super::*;

fn all(wording: Wordings) -> Vec<Sample> {
    let roster = Roster::parse(ROSTER).unwrap();
    let heads: Vec<Head> = gallery().into_iter().map(|piece| piece.head).collect();
    let house = House {
        base_url: "https://jagaloket.tangerang.example".into(),
        domain: "tangerang.example".into(),
        wording,
        counts_alone: false,
    };
    samples(&roster, &heads, &house, at("10:20:00"))
}

/// The words of a page, without what is between brackets.
fn words_of(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let (mut text, mut inside) = (String::new(), true);
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            _ if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&amp;", "&")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_kind_is_there_in_both_languages_with_everything_in_text_and_html() {
    let all = all(Wordings::default());
    let names = |language| {
        let of = all.iter().filter(move |sample| sample.language == language);
        of.map(|sample| sample.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(Language::Id), names(Language::En));
    for sample in &all {
        let (name, letter) = (&sample.name, &sample.letter);
        assert!(!letter.subject.is_empty() && letter.subject.len() < 140, "{name}");
        assert!(
            !letter.subject.contains("p-00") && !letter.subject.contains("Contoh, "),
            "{name}: {}",
            letter.subject
        );
        for body in [&letter.text, &letter.html] {
            assert!(body.contains("https://jagaloket.tangerang.example/"), "{name}");
            assert!(
                !body.contains("http://") && !body.contains("<img") && !body.contains("<script"),
                "{name}"
            );
        }
        for line in letter.text.lines() {
            let long = line.chars().count() > 72 && !line.contains("https://");
            assert!(!long || name.starts_with("account"), "{name}: {line}");
        }
        // Each word of the one stands in the other: neither reader misses anything.
        let html = words_of(&letter.html).to_lowercase();
        let kept = |word: &&str| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            word.is_empty() || word.starts_with("https") || html.contains(&word)
        };
        let lost: Vec<&str> = letter.text.split_whitespace().filter(|word| !kept(word)).collect();
        assert!(
            lost.iter()
                .all(|word| word.chars().all(|c| c.is_numeric() || !c.is_alphanumeric())),
            "{name}: {lost:?}"
        );
    }
}

#[test]
fn neither_language_holds_words_of_the_other() {
    for sample in all(Wordings::default()) {
        let text = format!(" {} {} ", sample.letter.subject, sample.letter.text).to_lowercase();
        let foreign: &[&str] = match sample.language {
            Language::Id => &[" the ", " officer ", " counter ", " dear ", " was ", " and "],
            Language::En => &[" yang ", " petugas ", " dari ", " dan ", " yth. ", " tidak "],
        };
        for word in foreign {
            let known = text
                .replace("petugas contoh", "")
                .replace("loket 3 – wawancara & foto", "");
            // Names of people and places are as they are.
            assert!(!known.contains(word), "{}: {word:?} in {text}", sample.name);
        }
    }
}

#[test]
fn a_page_holds_all_of_them_and_fetches_nothing() {
    let all = all(Wordings::default());
    let page = page(&all);
    assert_eq!(page.matches("<iframe").count(), all.len());
    assert!(!page.contains("<script") && !page.contains("src=\"http"));
}

#[test]
fn an_offices_own_words_stand_in_every_letter_of_its_language() {
    let text = "[id]\nletterhead = \"KEMENTERIAN · {office}\"\ngreeting = \"Kepada {name}\"\nlegal_basis = \"Dasar hukum uji\"\n\
                signature = \"Kepala {office}\"\ncontact = \"Hubungi 021-000\"\n[en]\ngreeting = \"To {name}\"\n";
    let wording = Wording::parse(text).unwrap();
    let own = all(Wordings([("tangerang".to_owned(), wording)].into()));
    let usual = all(Wordings::default());
    let office = "Kantor Imigrasi Kelas I Non TPI Tangerang";
    for (sample, usual) in own.iter().zip(&usual) {
        let letter = &sample.letter;
        assert_eq!(letter.subject, usual.letter.subject);
        // An account is of no office.
        if sample.name.starts_with("account") {
            assert_eq!(letter, &usual.letter);
            continue;
        }
        let (html, text) = (
            words_of(&letter.html),
            letter.text.split_whitespace().collect::<Vec<_>>().join(" "),
        );
        let expected: &[String] = match sample.language {
            Language::Id => &[
                format!("KEMENTERIAN · {office}"),
                "Kepada Nama Contoh".into(),
                "Dasar hukum uji".into(),
                format!("Kepala {office}"),
                "Hubungi 021-000".into(),
            ],
            Language::En => &["To Nama Contoh".into()],
        };
        for phrase in expected {
            assert!(
                text.contains(phrase) && html.contains(phrase),
                "{}: {phrase}",
                sample.name
            );
        }
        assert!(!text.contains("KEMENTERIAN") || sample.language == Language::Id);
    }
}
