//! Any text as a configuration.
#![no_main]

use std::path::Path;

use jagaloket::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(faults) = Config::parse("jagaloket.toml", text, Path::new("."), &|_| None) {
        let _ = faults.to_string();
    }
});
