//! Ring 1: topic and bytes in, an accepted event or a rejection with a reason out.

mod out;

pub use out::to_json;
