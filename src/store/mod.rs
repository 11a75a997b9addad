//! The database: one module knows it.

pub mod rows;
