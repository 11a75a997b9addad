//! Tests against real components, one binary so that it links once.

mod broker;
mod demo;
mod engine;
mod mail;
mod mqtt;
mod replay;
mod serve;
mod simulate;
mod store;
mod support;
mod tidy;
mod web;
