//! Any text as a policy file: faults are told and warnings looked for, nothing else happens.
#![no_main]

use jagaloket::engine::policy::PolicySet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for fault in PolicySet::check([("p.toml", "p", text)]).faults {
        // What is told points into the file.
        let _ = fault.to_string();
    }
});
