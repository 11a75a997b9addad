//! The table of a policy file's keys, for its reader and its schema, and how each is written.

/// One key of a policy file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    pub required: bool,
    /// One sentence for people.
    pub says: &'static str,
}

const fn key(name: &'static str, required: bool, says: &'static str) -> Key {
    Key { name, required, says }
}

/// Every key a policy file may have.
pub const KEYS: &[Key] = &[
    key(
        "id",
        true,
        "The policy's id, which is the name of its file without `.toml`.",
    ),
    key(
        "title",
        true,
        "What it is called, in Indonesian (`id`) and English (`en`).",
    ),
    key("basis", true, "Which rule of the office it applies."),
    key(
        "verdict",
        true,
        "What its verdicts are: an indication against somebody, unverifiable, or technical.",
    ),
    key(
        "severity",
        true,
        "How urgent it is to look; never a disciplinary level.",
    ),
    key("per", true, "What it is judged for, one at a time."),
    key(
        "while",
        false,
        "The condition (CEL) on the state of the office; it holds over time.",
    ),
    key(
        "on",
        false,
        "The event type, or types, it answers to, instead of `while`.",
    ),
    key(
        "where",
        false,
        "The condition (CEL) on such an event and the state just before it.",
    ),
    key(
        "limits",
        false,
        "Durations and counts that the condition names as `limits.NAME`; an office's overlay may set others.",
    ),
    key("for", false, "The condition must hold longer than this, e.g. \"60s\"."),
    key(
        "bridge",
        false,
        "Pieces closer together than this count as one stretch.",
    ),
    key(
        "group_within",
        false,
        "Verdicts closer together than this are one incident; default \"30m\".",
    ),
    key("notify", true, "Who is told."),
    key(
        "enabled",
        false,
        "`false`: it is shipped switched off, until an office's overlay switches it on.",
    ),
    key(
        "scope",
        false,
        "What `service.active` stands for: a service, or `signed_in`: being signed in and not on a break.",
    ),
];

/// How a key is written.
pub(super) fn example(key: &str) -> &'static str {
    match key {
        "id" => "write id = \"phone-out-during-service\", the name of the file",
        "title" => "write title = { id = \"Ponsel di luar loker\", en = \"Phone outside the lockbox\" }",
        "basis" => "write basis = \"SOP …\", the rule of the office it applies",
        "verdict" => "write verdict = \"indication\", \"unverifiable\" or \"technical\"",
        "severity" => "write severity = \"info\", \"minor\", \"major\" or \"critical\"",
        "per" => "write per = \"session\", \"service\", \"counter\", \"officer\", \"lockbox\" or \"office\"",
        "while" => "write while = 'service.active && custody == \"out\"'",
        "on" => "write on = \"handset.seen\", or a list of event types",
        "where" => "write where = 'event.private', or leave it out",
        "limits" => "write limits = { unchecked = \"2h\" }, and limits.unchecked in the condition",
        "notify" => "write notify = [\"supervisor\"]; there are supervisor, integrity and technician",
        "enabled" => "write enabled = false, or leave it out",
        "scope" => "write scope = \"signed_in\", or leave it out",
        _ => "write a duration like \"90s\", \"2m\" or \"1h30m\"",
    }
}
