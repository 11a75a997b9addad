//! The example office: its roster, days of events, and what is to be said of them.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file of the example office: `roster.toml`, `day-4.jsonl.gz`, `day-4.verdicts.jsonl` and so on.
pub fn example(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/tangerang")
        .join(name);
    assert!(path.exists(), "{} is not there", path.display());
    path
}

/// The days of the example office that have events and expected verdicts.
pub const EXAMPLE_DAYS: [&str; 8] = [
    "day-4", "day-7", "day-30", "soup-101", "soup-102", "soup-105", "soup-120", "soup-135",
];

/// Lines of one day's events, in the file's order.
pub fn example_events(day: &str) -> Vec<String> {
    let mut text = String::new();
    let file = fs::File::open(example(&format!("{day}.jsonl.gz"))).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// One day's expected verdicts, without `evidence`, which is not compared.
pub fn example_verdicts(day: &str) -> Vec<serde_json::Value> {
    verdict_lines(&fs::read_to_string(example(&format!("{day}.verdicts.jsonl"))).unwrap())
}

/// Verdicts from JSON lines, without `evidence`.
pub fn verdict_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines()
        .map(|line| {
            let mut verdict: serde_json::Value = serde_json::from_str(line).unwrap();
            verdict.as_object_mut().unwrap().remove("evidence");
            verdict
        })
        .collect()
}

/// The shipped policies.
pub fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}
