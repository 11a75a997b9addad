//! Judges files of events.
