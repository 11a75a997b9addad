//! Ring 1: a simulated office, from one seed.
