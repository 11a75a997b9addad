//! Wild days from `tests/model/soup.py`: the replay, the model and the engine fed bit by bit say the same of them.
//! `JAGALOKET_TEST_SEEDS=1-500` tries these seeds instead of the few that every run tries.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jagaloket::engine::event::Event;
use jagaloket::engine::roster::Roster;
use jagaloket::wire;

use crate::engine::{play, rules, without_evidence};
use crate::support::python;

const SIZES: [&str; 2] = ["small", "normal"];

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model").join(name)
}

/// Runs one of the model's scripts, which import each other.
fn script(name: &str, args: &[&str]) -> String {
    let path = model(name);
    let run = format!(
        "import runpy, sys; sys.dont_write_bytecode = True; runpy.run_path({:?}, run_name='__main__')",
        path.to_str().unwrap()
    );
    python(&run, args, b"")
}

fn seeds(usual: &str) -> String {
    std::env::var("JAGALOKET_TEST_SEEDS").unwrap_or_else(|_| usual.to_owned())
}

/// Seeds written as `1-20,707`.
fn numbers(seeds: &str) -> Vec<u64> {
    let part = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        first.parse::<u64>().unwrap()..=last.parse().unwrap()
    };
    seeds.split(',').flat_map(part).collect()
}

pub fn soup(seed: u64, size: &str, roster: &Roster) -> Vec<Event> {
    let mut seen = HashSet::new();
    script("soup.py", &[&seed.to_string(), "--size", size])
        .lines()
        .filter_map(|line| wire::parse(None, line.as_bytes(), roster, &wire::Limits::REPLAY).ok())
        .filter(|event| seen.insert((event.device.clone(), event.id.clone())))
        .collect()
}

#[test]
fn the_replay_and_the_model_say_the_same_of_wild_days() {
    let binary = env!("CARGO_BIN_EXE_jagaloket");
    let once_differed = "12,14,56,79,142,161,176,190,226,260,261,289";
    script(
        "compare.py",
        &[binary, "--seeds", &seeds(&format!("1-11,{once_differed}"))],
    );
}

#[test]
fn wild_days_in_any_order_and_portions_end_in_the_same_verdicts() {
    let (roster, _) = rules();
    for seed in numbers(&seeds("1-10")) {
        for size in SIZES {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut events = soup(seed, size, &roster);
            if rng.bool() {
                rng.shuffle(&mut events);
            }
            // Also of what has come by some moment: the rest is not known yet.
            let heard = rng.usize(1..=events.len());
            for events in [&events[..heard], &events[..]] {
                let at_once = play(events, || usize::MAX);
                let most = [1, 10, 300][rng.usize(..3)];
                let in_portions = play(events, || rng.usize(1..=most));
                assert_eq!(
                    without_evidence(in_portions),
                    without_evidence(at_once),
                    "seed {seed}, {size}, {} events, portions up to {most}",
                    events.len()
                );
            }
        }
    }
}
