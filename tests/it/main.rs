//! Tests against real components, one binary so that it links once.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests measure time, and end where something is wrong"
)]

mod activation;
mod applicants;
mod backtest;
mod broker;
mod cli;
mod clocks;
mod compliance;
mod corners;
mod demo;
mod engine;
mod explain;
mod faults;
mod hours;
mod limits;
mod mail;
mod mangled;
mod mqtt;
mod overlay;
mod overlay_tests;
mod policy_check;
mod replay;
mod scenario;
mod schemas;
mod serve;
mod simulate;
mod snapshots;
mod soups;
mod store;
mod support;
mod thinned;
mod tidy;
mod told;
mod tour;
mod web;
