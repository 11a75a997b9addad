//! Which verdicts are one incident, who is told of it, and when.
