//! Ring 1: topic and bytes in, an accepted event or a rejection with a reason out.
