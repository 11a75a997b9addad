//! The simulation of faults: seeds that are always run, seeds nobody has tried, and seeds that once found a fault.

use jagaloket::clock::MonitorClock;
use jagaloket::exit::Exit;
use jagaloket::faults::{self, Request};

use crate::support::{jagaloket, run};

/// Runs seeds; tells those that failed, why, and how to run them again.
fn pass(seed: u64, runs: u64) {
    let request = Request {
        seed,
        runs,
        workers: std::thread::available_parallelism().map_or(1, usize::from) * 2,
        folder: faults::folder(),
    };
    let mut failed = Vec::new();
    faults::run(&request, &mut |outcome| {
        if let Some(why) = &outcome.failed {
            failed.push(format!(
                "{why}\n  again with: jagaloket simulate faults --seed {}",
                outcome.seed
            ));
        }
    })
    .unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn seeds_that_are_always_run_pass() {
    pass(1, 50);
}

#[test]
fn seeds_that_nobody_has_tried_pass() {
    pass(MonitorClock::Wall.now().0.unsigned_abs() % 1_000_000_000_000, 30);
}

#[test]
fn the_command_tells_its_seeds_and_what_went_wrong_in_them() {
    let output = run(
        jagaloket().args(["simulate", "faults", "--runs", "2", "--verbose"]),
        b"",
    );
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(i32::from(Exit::Done.code())), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 4, "{out}");
    let seed: u64 = lines[0].strip_prefix("seeds from ").unwrap().parse().unwrap();
    for line in &lines[1..3] {
        let told = line.split(' ').nth(1).unwrap().parse::<u64>().unwrap();
        assert!((seed..seed + 2).contains(&told) && line.contains(" entries"), "{out}");
    }
    assert!(lines[3].starts_with("2 runs, 0 failed, in "), "{out}");
}

#[test]
fn a_clock_found_to_be_off_is_off_since_the_same_moment_after_a_restart() {
    // A reading that corrects its whole boot left out what waited for the office clock.
    for seed in [2, 13, 36, 57] {
        pass(seed, 1);
    }
}
