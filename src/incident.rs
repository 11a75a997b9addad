//! Ring 1: verdicts that people handle as one, and who is told of them.
