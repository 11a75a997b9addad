//! What a broker hands the daemon: a message, and the receipt that acknowledges it once it is committed.
