//! Any text as an office's overlay of one policy.
#![no_main]

use std::sync::LazyLock;

use jagaloket::engine::policy::PolicySet;
use libfuzzer_sys::fuzz_target;

const POLICY: &str = include_str!("../../policies/lockbox-check-overdue.toml");

static SET: LazyLock<PolicySet> = LazyLock::new(|| {
    PolicySet::parse([("lockbox-check-overdue.toml", "lockbox-check-overdue", POLICY)]).expect("a shipped policy is right")
});

fuzz_target!(|text: &str| {
    if let Err(errors) = SET.clone().overlaid("o.toml", text) {
        let _ = errors.to_string();
    }
});
