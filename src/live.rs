//! Ring 1: what the dashboard sees of the running daemon.
