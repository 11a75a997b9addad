//! The one writer: everything that can wake the process passes through here.
