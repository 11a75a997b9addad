//! The embedded broker; it acknowledges to a device only what is in the ledger.
