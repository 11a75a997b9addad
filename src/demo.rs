//! The demo: serve with other values, and a simulated office that publishes to it.
