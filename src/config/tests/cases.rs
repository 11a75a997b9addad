//! What rules cases, digests, summaries and signals.

use super::*;
use crate::case::pattern::Repeats;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn terms(text: &str) -> Terms {
    parse(&format!("{MINIMAL}{text}")).unwrap().terms
}

#[test]
fn what_is_not_said_is_as_the_books_have_it() {
    let usual = terms("");
    assert_eq!((usual.ack_within_ms, usual.integrity_after_ms), (900_000, 2 * HOUR_MS));
    assert_eq!(usual.digest_minutes, [720, 960]);
    assert_eq!(
        (usual.minor_repeats.count, usual.minor_repeats.within_ms),
        (3, 14 * DAY_MS)
    );
    assert_eq!(
        (usual.major_repeats.count, usual.major_repeats.within_ms),
        (2, 30 * DAY_MS)
    );
    assert_eq!(usual.summaries.weekly, Some(chrono::Weekday::Mon));
}

#[test]
fn an_office_sets_other_terms() {
    let said = terms(
        "digests_at = [\"11:30\", \"15:00\", \"17:45\"]
at_once = 4
[cases]
ack_within = \"30m\"
integrity_after = \"4h\"
ack_holds = \"16h\"
appeal_within = \"21d\"
review_within = \"7d\"
heard_within = \"5d\"
supervisor_exempts = \"1d\"
integrity_exempts = \"10d\"
minor_repeats = 4
minor_within = \"30d\"
major_repeats = 3
major_within = \"60d\"
[summaries]
weekly = \"friday\"
monthly = false
at = \"07:15\"
[signals]
window = \"14d\"
fast_within = \"1m\"
fast_least = 8
fast_percent = 70
quiet_for = \"7d\"
coverage_percent = 50
after_sign_in = \"5m\"
silences_least = 4
silences_percent = 80
",
    );
    assert_eq!(said.digest_minutes, [690, 900, 1_065]);
    assert_eq!(said.at_once_max, Some(4));
    assert_eq!(
        (said.ack_within_ms, said.integrity_after_ms),
        (HOUR_MS / 2, 4 * HOUR_MS)
    );
    assert_eq!((said.ack_holds_ms, said.appeal_within_ms), (16 * HOUR_MS, 21 * DAY_MS));
    assert_eq!((said.review_within_ms, said.heard_within_ms), (7 * DAY_MS, 5 * DAY_MS));
    assert_eq!(
        (said.longest.supervisor_ms, said.longest.integrity_ms),
        (DAY_MS, 10 * DAY_MS)
    );
    let repeats = |count, days| Repeats {
        count,
        within_ms: days * DAY_MS,
    };
    assert_eq!(
        (said.minor_repeats, said.major_repeats),
        (repeats(4, 30), repeats(3, 60))
    );
    assert_eq!(said.summaries.weekly, Some(chrono::Weekday::Fri));
    assert_eq!((said.summaries.monthly, said.summaries.at_minutes), (false, 435));
    let signals = said.signals;
    assert_eq!((signals.window_ms, signals.quiet_ms), (14 * DAY_MS, 7 * DAY_MS));
    assert_eq!(
        (signals.fast_ms, signals.fast_least, signals.fast_percent),
        (60_000, 8, 70)
    );
    assert_eq!((signals.coverage_percent, signals.after_ms), (50, 300_000));
    assert_eq!((signals.silences_least, signals.silences_percent), (4, 80));
}

#[test]
fn terms_that_cannot_be_meant_are_refused_with_what_to_write() {
    for (text, expected) in [
        ("digests_at = [\"16:00\", \"12:00\"]", "times of day in order"),
        ("digests_at = [\"noon\"]", "times of day in order"),
        ("digests_at = []", "times of day in order"),
        ("digests = false\ndigests_at = [\"12:00\"]", "goes with digests"),
        ("[cases]\nack_within = \"3h\"", "no shorter than `ack_within`"),
        ("[cases]\nack_within = \"0s\"", "must lie between"),
        (
            "[cases]\nsupervisor_exempts = \"40d\"",
            "no shorter than `supervisor_exempts`",
        ),
        ("[cases]\nminor_repeats = 1", "2"),
        ("[cases]\nack_whithin = \"15m\"", "ack_within"),
        ("[summaries]\nweekly = \"mondey\"", "did you mean \"monday\"?"),
        ("[summaries]\nat = \"8\"", "a time of day like \"08:00\""),
        ("[signals]\nfast_percent = 101", "100"),
    ] {
        let told = faults(&format!("{MINIMAL}{text}\n"));
        assert!(told.iter().any(|fault| fault.contains(expected)), "{text}: {told:?}");
    }
}
