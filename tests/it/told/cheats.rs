//! Attempts to cheat through the socket of a running monitor, each refused with its status and traced.
