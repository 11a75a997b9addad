//! Any text as a condition of any policy; what is accepted can be judged.
#![no_main]

use jagaloket::engine::expr::{Scope, compile};
use jagaloket::engine::policy::Per;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for (per, on) in [
        (Per::Session, &[][..]),
        (Per::Officer, &["lockbox.withdrawn", "handset.seen"][..]),
        (Per::Counter, &["usb.attached"][..]),
    ] {
        if let Ok(condition) = compile(text, per, on) {
            condition.holds(&Scope::EMPTY);
        }
    }
});
