//! Sends letters from the outbox.
