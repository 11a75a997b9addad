//! Ring 1: all words that people read in mails, in every language.
