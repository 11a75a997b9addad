//! Any text as a policy file: faults are told, nothing else happens.
#![no_main]

use jagaloket::engine::policy::PolicySet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(faults) = PolicySet::parse([("p.toml", "p", text)]) {
        // What is told points into the file.
        let _ = faults.to_string();
    }
});
