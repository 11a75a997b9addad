//! Any bytes as a message: an event, or a rejected one with a reason.
#![no_main]

use std::sync::LazyLock;

use jagaloket::engine::roster::Roster;
use jagaloket::wire::{Limits, parse};
use libfuzzer_sys::fuzz_target;

static ROSTER: LazyLock<Roster> = LazyLock::new(|| {
    let text = "[office]\nid = \"o\"\nname = \"O\"\ntimezone = \"Asia/Jakarta\"\n\
                [[counter]]\nid = \"c\"\n[[lockbox]]\nid = \"l\"\n";
    Roster::parse(text).expect("it is right")
});

fuzz_target!(|payload: &[u8]| {
    let _ = parse(None, payload, &ROSTER, &Limits::REPLAY);
    let _ = parse(Some("jagaloket/v1/o/c/events"), payload, &ROSTER, &Limits::REPLAY);
});
