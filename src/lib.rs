//! Jagaloket guards the counter: it judges sign-in, shift, service and phone-lockbox events by policies
//! and tells people, within seconds, what they should look at.

pub mod backtest;
pub mod broker;
pub mod case;
pub mod cli;
pub mod clock;
pub mod compliance;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod engine;
pub mod exit;
pub mod explain;
pub mod faults;
pub mod gaps;
pub mod hook;
pub mod inbound;
pub mod incident;
pub mod ledger;
pub mod letter;
pub mod live;
pub mod mailer;
pub mod mqtt;
pub mod past;
pub mod place;
pub mod replay;
pub mod scenario;
pub mod schema;
pub mod serve;
pub mod simulate;
pub mod skew;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod web;
pub mod wire;
