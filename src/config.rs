//! The configuration file: every fault at once, secrets from environment or file.
