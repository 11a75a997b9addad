//! What a verdict is pinned to: the policy as it read when it judged, by the hash of its content.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Engine;
use super::event::PolicyId;
use super::policy::{Head, Reach};
use super::time::Moment;

impl Head {
    /// SHA-256 over everything the policy says, in hexadecimal. Two files that say the same have the same hash, however
    /// they are spaced or commented; an office's overlay counts, for it is what judged.
    pub fn content_hash(&self) -> String {
        let mut hasher = Sha256::new();
        let mut part = |text: &str| {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text);
        };
        part(self.id.as_str());
        part(&self.title.id);
        part(&self.title.en);
        part(&self.basis);
        part(self.class.as_str());
        part(self.severity.as_str());
        part(&format!("{:?}", self.per));
        part(&self.condition);
        for span_ms in [self.for_ms, self.bridge_ms, self.group_within_ms] {
            part(&span_ms.to_string());
        }
        for tell in &self.notify {
            part(&format!("{tell:?}"));
        }
        if self.scope != Reach::Service {
            part(self.scope.as_str());
        }
        let mut text = String::with_capacity(64);
        for byte in hasher.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl Engine {
    /// The policy of that name as it was in force at `at`.
    pub fn policy_at(&self, id: &PolicyId, at: Moment) -> Option<&Head> {
        let after = self.rules.partition_point(|(from, _)| *from <= at);
        let rules = &self.rules[after.max(1) - 1].1;
        rules.policies.heads().find(|head| head.id == *id)
    }
}
