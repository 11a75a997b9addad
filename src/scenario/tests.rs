//! What scenario files may say, what they may not, and how they are told so.

use std::collections::BTreeSet;

use crate::engine::event::TYPES;
use crate::engine::policy::{Policy, PolicySet};

use super::judged::{judge, policies};
use super::update::{edits, rewritten};
use super::{File, read};

const WHILE: &str = r#"
id = "out"
title = { id = "Di luar", en = "Out" }
basis = "SOP"
verdict = "indication"
severity = "major"
per = "session"
while = 'service.active && custody == "out"'
for = "60s"
notify = []
"#;

const ON: &str = r#"
id = "forced"
title = { id = "Paksa", en = "Forced" }
basis = "SOP"
verdict = "technical"
severity = "major"
per = "lockbox"
on = "lockbox.forced"
notify = []
"#;

fn policy(text: &str) -> Policy {
    let id = if text == ON { "forced" } else { "out" };
    let set = PolicySet::parse([("policy.toml", id, text)]).map_err(|wrong| wrong.to_string());
    set.unwrap().policies.remove(0)
}

fn file(text: &str) -> File {
    read("out.test.toml", text, &policy(WHILE), true)
        .map_err(|wrong| wrong.to_string())
        .unwrap()
}

/// A file with one test of this timeline that expects silence.
fn one(timeline: &str) -> String {
    format!("[[test]]\nname = \"one\"\ntimeline = \"\"\"\n{timeline}\n\"\"\"\nexpect = []\n")
}

#[track_caller]
fn refused(policy_text: &str, text: &str, told: &str) {
    let wrong = read("out.test.toml", text, &policy(policy_text), true).unwrap_err();
    assert_eq!(wrong.to_string(), told.trim_matches('\n'), "{text}");
}

/// A line of a timeline is refused with this message, at this word.
#[track_caller]
fn line_refused(line: &str, word: &str, message: &str) {
    let text = one(&format!("08:00 loket-01 sign-in p-001\n{line}"));
    let wrong = read("out.test.toml", &text, &policy(WHILE), true).unwrap_err();
    let fault = &wrong.0[0];
    assert!(fault.message.contains(message), "{line}: {}", fault.message);
    let from: String = fault.source.chars().skip(fault.column - 1).collect();
    assert_eq!((fault.line, from.starts_with(word)), (5, true), "{line}: {from}");
}

#[test]
fn every_type_of_event_can_be_told() {
    let story = "\
08:00 loket-01 starts up
08:00 loket-01 heartbeat
08:00 loket-01 sign-in p-001
08:01 loket-01 service starts TNG-7F3K9Q
08:02 loket-01 service ends
08:02 loket-01 break starts prayer
08:03 loket-01 break ends
08:03 loket-01 app opens messaging
08:03 loket-01 app closes messaging
08:03 loket-01 usb attaches storage id stick allowed
08:03 loket-01 usb detaches storage id stick
08:04 p-001 shift starts
08:04 p-001 shift ends
08:05 p-001 deposits h-001 at loker-b slot 4 by s-01
08:05 p-001 withdraws other:h-999
08:05 p-001 checked present at system by s-01
08:06 p-001 held by s-01 witness s-02
08:06 p-001 returned
08:06 p-001 declares none
08:06 p-001 seen by s-01
08:06 p-001 exempt from 08:00 until +1h by s-02
08:06 p-001 exemption revoked
08:07 loker-a forced slot 2
08:07 loker-a tampered
08:07 loker-a heartbeat
08:07 loker-a emergency starts
08:08 office emergency ends   # a comment
08:09 loket-01 sign-out
loket-01 silent from 08:10 to +5m losing events
08:20 loket-01 silent until 08:30 restarting
2026-11-25 00:10 loket-01 sign-in p-001
00:11 loket-01 sign-out p-001
00:12 monitor ticks";
    let told = file(&one(story));
    let kinds: BTreeSet<&str> = told.scenarios[0].events.iter().map(|event| event.kind.name()).collect();
    let all: BTreeSet<&str> = TYPES.iter().map(|(name, _)| *name).collect();
    assert_eq!(kinds, all);
}

#[test]
fn a_wrong_line_is_shown_with_a_mark_below_the_word() {
    refused(
        WHILE,
        &one("08:00 loket-01 sign-in p-001\n08:05 p-01 withdraws"),
        r#"
error: the roster has no counter, lockbox or officer "p-01"; did you mean `p-001`?
  --> out.test.toml:5:7
  |
5 | 08:05 p-01 withdraws
  |       ^^^^"#,
    );
}

#[test]
fn every_fault_of_a_file_is_told_at_once() {
    refused(
        WHILE,
        "day = \"2026-11-24\"\n\n[[test]]\nname = \"one\"\ntimelin = \"\"\nexpect = [{ officr = \"p-001\", since = \"8\" }]\n",
        r#"
error: there is no key `day` here; did you mean `date`? (known: date, roster, test)
  --> out.test.toml:1:1
  |
1 | day = "2026-11-24"
  | ^^^

error: `timeline` is missing: every test has a timeline of what happens
  --> out.test.toml:3:1
  |
3 | [[test]]
  | ^^^^^^^^

error: there is no key `timelin` here; did you mean `timeline`? (known: name, date, roster, timeline, expect)
  --> out.test.toml:5:1
  |
5 | timelin = ""
  | ^^^^^^^"#,
    );
}

#[test]
fn a_file_without_a_test_is_refused() {
    refused(
        WHILE,
        "# later\n",
        r#"
error: this file holds no test; begin one with [[test]], a name, a timeline and what to expect
  --> out.test.toml:1:1
  |
1 | # later
  | ^"#,
    );
}

#[test]
fn a_test_that_expects_nothing_at_all_is_refused() {
    refused(
        WHILE,
        "[[test]]\nname = \"one\"\ntimeline = \"08:00 loket-01 sign-in p-001\"\n",
        r#"
error: this test expects nothing; write `expect = []` if the policy must stay silent
  --> out.test.toml:2:8
  |
2 | name = "one"
  |        ^^^^^"#,
    );
}

#[test]
fn what_makes_no_sense_in_a_timeline_is_refused_where_it_stands() {
    line_refused("07:59 loket-01 sign-out", "07:59", "time goes back");
    line_refused("25:00 loket-01 sign-out", "25:00", "is not a time");
    line_refused("+1x loket-01 sign-out", "+1x", "is not a duration");
    line_refused("loket-01 sign-out", "loket-01", "this line has no time");
    line_refused("soon loket-01 sign-out", "soon", "is not a time");
    line_refused("08:01 loket-011 sign-out", "loket-011", "did you mean `loket-01`?");
    line_refused("08:01 loket-01 sign-ot", "sign-ot", "did you mean `sign-out`?");
    line_refused(
        "08:01 loket-01 service stops",
        "stops",
        "`service starts` or `service ends`",
    );
    line_refused("08:01 loket-01 sign-in p-01", "p-01", "did you mean `p-001`?");
    line_refused("08:01 loket-01 sign-in", "", "an officer");
    line_refused("08:01 loket-02 sign-out", "sign-out", "nobody is signed in here");
    line_refused("08:01 loket-01 usb attaches mpt", "mpt", "did you mean `mtp`?");
    line_refused("08:01 loket-01 service ends TNG", "TNG", "is too much");
    line_refused("08:01 p-001 deposit", "deposit", "did you mean `deposits`?");
    line_refused("08:01 p-001 deposits h-01", "h-01", "did you mean `h-001`?");
    line_refused("08:01 p-001 deposits at loker-c", "loker-c", "did you mean `loker-a`?");
    line_refused("08:01 p-001 deposits slot three", "three", "the number of a slot");
    line_refused(
        "08:01 p-001 exempt from 09:00 until 08:30",
        "08:30",
        "ends before it begins",
    );
    line_refused("08:01 loker-a sign-in p-001", "sign-in", "a lockbox cannot");
    line_refused("08:01 monitor rests", "rests", "the monitor cannot");
    line_refused("loket-01 silent from 08:05 to 08:04", "silent", "ends before it begins");
    line_refused(
        "loket-01 silent from 07:00 to 08:04",
        "07:00",
        "before the story begins",
    );
    line_refused(
        "loket-01 clock broken from 08:05 to 08:10",
        "broken",
        "it is `off` or `poor`",
    );
    line_refused(
        "loket-01 clock off from 08:05 to 08:04",
        "clock",
        "ends before it begins",
    );
    line_refused("2029-11-24 08:00 loket-01 sign-out", "08:00", "more than 40 days after");
    line_refused(
        "loket-01 silent from 08:05 to 2027-02-01 08:00",
        "silent",
        "more than 40 days after",
    );
    line_refused("2026-13-01 08:01 loket-01 sign-out", "2026-13-01", "is not a date");
}

#[test]
fn a_silent_device_cannot_speak() {
    refused(
        WHILE,
        &one("08:00 loket-01 sign-in p-001\nloket-01 silent from 08:05 to 08:10\n08:07 loket-01 sign-out"),
        r#"
error: "loket-01" is said to be silent at this time
  --> out.test.toml:6:1
  |
6 | 08:07 loket-01 sign-out
  | ^^^^^"#,
    );
}

#[test]
fn a_verdict_says_whom_it_is_about_and_when() {
    let test = "[[test]]\nname = \"one\"\ntimeline = \"10:00 loker-a forced\"\n";
    refused(
        ON,
        &format!("{test}expect = [{{ lockbox = \"loker-c\", at = \"10:00\" }}]\n"),
        r#"
error: the roster has no lockbox "loker-c"; did you mean `loker-a`?
  --> out.test.toml:4:23
  |
4 | expect = [{ lockbox = "loker-c", at = "10:00" }]
  |                       ^^^^^^^^^"#,
    );
    refused(
        WHILE,
        &format!("{test}expect = [{{ officer = \"p-001\", since = \"10:00\" }}]\n"),
        r#"
error: this verdict does not say `opened`
  --> out.test.toml:4:11
  |
4 | expect = [{ officer = "p-001", since = "10:00" }]
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#,
    );
}

#[test]
fn a_verdict_names_only_whom_the_policy_judges() {
    refused(
        ON,
        "[[test]]\nname = \"one\"\ntimeline = \"10:00 loker-a forced\"\nexpect = [{ officer = \"p-001\", at = \"10:00\" }]\n",
        r#"
error: this policy's verdicts name no officer; they name lockbox
  --> out.test.toml:4:13
  |
4 | expect = [{ officer = "p-001", at = "10:00" }]
  |             ^^^^^^^"#,
    );
}

#[test]
fn a_device_that_beats_too_fast_is_refused() {
    let story = one("08:00 loket-01 sign-in p-001\n18:00 loket-01 sign-out");
    let text = format!("roster.counters.loket-01.heartbeat_every = \"1ms\"\n{story}");
    let wrong = read("out.test.toml", &text, &policy(WHILE), true).unwrap_err();
    assert!(wrong.0[0].message.contains("more than 2000000 heartbeats"), "{wrong}");
}

const STORY: &str = r#"# what we have learnt
[[test]]
name = "out"   # of its place
timeline = """
08:00 loket-01 sign-in p-001
+1m   loket-01 service starts
+5m   loket-01 service ends
"""
expect = [
    # to be seen
]   # so far

[[test]]
name = "in"
timeline = """
07:00 p-001 deposits
08:00 loket-01 sign-in p-001
08:01 loket-01 service starts
08:06 loket-01 service ends
"""
expect = []
"#;

#[test]
fn a_file_is_rewritten_where_its_expectations_differ_and_nowhere_else() {
    let file = file(STORY);
    let policy = policy(WHILE);
    let judged: Vec<_> = file
        .scenarios
        .iter()
        .map(|one| judge(one, &policies(&policy)))
        .collect();
    assert_eq!(
        judged.iter().map(|judged| judged.passed).collect::<Vec<_>>(),
        [false, true]
    );
    assert!(judged.iter().all(|judged| !judged.disorder));
    let text = rewritten(&file.text, edits(&file, &policy, &[(0, judged[0].got.clone())]));
    let verdict = r#"    # to be seen
    { officer = "p-001", counter = "loket-01", since = "08:01:00", opened = "08:02:00", until = "08:06:00" },"#;
    assert_eq!(text, STORY.replace("    # to be seen", verdict));
    let again = self::file(&text);
    assert!(again.scenarios.iter().all(|one| judge(one, &policies(&policy)).passed));
}

#[test]
fn times_since_the_beginning_are_the_same_as_times_of_the_clock() {
    let relative = STORY.replace(
        "    # to be seen",
        "{ officer = \"p-001\", counter = \"loket-01\", since = \"+1m\", opened = \"+2m\", until = \"+6m\" }",
    );
    let file = file(&relative);
    assert!(judge(&file.scenarios[0], &policies(&policy(WHILE))).passed);
}
