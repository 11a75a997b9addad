//! Any text as a roster.
#![no_main]

use jagaloket::engine::roster::Roster;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(faults) = Roster::parse(text) {
        let _ = faults.to_string();
    }
});
