//! Tables of what is not accepted, and why.

use super::*;

#[test]
fn every_fault_has_its_code_and_a_sentence_that_says_what_and_where() {
    let beat = |more: &str| event("loket-03", "workstation.heartbeat", more);
    let deposit = |data: &str| event("loker-a", "lockbox.deposited", &format!(r#""data":{{{data}}}"#));
    let grant = |from: &str, until: &str| {
        let data = format!(r#""data":{{"officer":"p","from":{from},"until":{until},"approver":"s"}}"#);
        event("system", "exemption.granted", &data)
    };
    let usb = |data: &str| event("loket-03", "usb.attached", &format!(r#""data":{{{data}}}"#));
    let eight = r#""2026-11-24T08:00:00+07:00""#;
    let rows: Vec<(&str, &str, String)> = vec![
        ("too_large", "16385 bytes", " ".repeat(BYTES_MAX + 1)),
        ("not_json", "empty", String::new()),
        ("not_json", "empty", "  ".into()),
        ("not_json", "byte 1", "hello".into()),
        ("not_json", "a list", "[]".into()),
        ("not_json", "a text", "\"x\"".into()),
        ("not_json", "byte order mark", format!("\u{feff}{}", beat(""))),
        ("not_json", "follows after the end, at byte", format!("{} x", beat(""))),
        (
            "not_json",
            "follows after the end, at byte",
            format!("{0}{0}", beat("")),
        ),
        ("not_json", "ends too early", beat("").replace('}', "")),
        (
            "not_json",
            "too deep",
            format!("{}1{}", "{\"a\":".repeat(99), "}".repeat(99)),
        ),
        ("not_json", "too deep", format!("{{\"a\":{}", "[".repeat(16_000))),
        ("not_json", "control character", beat("").replace("e-1", "e\0")),
        ("not_json", "half of a surrogate", beat("").replace("e-1", r"\ud800")),
        (
            "not_json",
            "half of a surrogate",
            beat("").replacen('{', r#"{"\udc00":1,"#, 1),
        ),
        (
            "duplicate_key",
            "\"id\" stands twice",
            beat("").replacen('{', r#"{"id":"a","#, 1),
        ),
        (
            "duplicate_key",
            "\"id\" stands twice",
            beat("").replacen('{', r#"{"\u0069d":"a","#, 1),
        ),
        (
            "duplicate_key",
            "\"slot\" stands twice",
            deposit(r#""slot":1"#).replace("\"slot\":1", r#""slot":1,"slot":1"#),
        ),
        ("bad_version", "\"0.3\"", beat(r#""specversion":"0.3""#)),
        (
            "wrong_type",
            "\"specversion\" is a number",
            beat(r#""specversion":1.0"#),
        ),
        ("missing_field", "\"specversion\"", beat(r#""specversion":null"#)),
        ("missing_field", "\"id\"", beat(r#""id":null"#)),
        ("wrong_type", "\"id\" is a number", beat(r#""id":7"#)),
        ("bad_id", "empty", beat(r#""id":"""#)),
        ("bad_id", "257 bytes", beat(&format!(r#""id":"{}""#, "x".repeat(257)))),
        ("bad_id", "control character", beat(r#""id":"a\u0000b""#)),
        ("bad_id", "control character", beat(r#""id":"a\nb""#)),
        ("missing_field", "\"source\"", beat(r#""source":null"#)),
        ("wrong_type", "\"source\" is a list", beat(r#""source":[]"#)),
        (
            "bad_source",
            "\"/tangerang/loket-01\"",
            beat(r#""source":"tangerang/loket-03""#),
        ),
        ("bad_source", "", beat(r#""source":"/tangerang""#)),
        ("bad_source", "", beat(r#""source":"/tangerang/""#)),
        ("bad_source", "", beat(r#""source":"//loket-03""#)),
        ("bad_source", "", beat(r#""source":"/tangerang/loket-03/x""#)),
        ("bad_source", "", beat(r#""source":"""#)),
        (
            "unknown_office",
            "this is \"tangerang\"",
            beat(r#""source":"/jakarta/loket-03""#),
        ),
        ("unknown_office", "", beat(r#""source":"/Tangerang/loket-03""#)),
        (
            "unknown_device",
            "did you mean \"loket-03\"",
            beat(r#""source":"/tangerang/lokt-03""#),
        ),
        (
            "unknown_device",
            "add it to the roster",
            beat(r#""source":"/tangerang/printer""#),
        ),
        ("missing_field", "\"type\"", beat(r#""type":null"#)),
        ("wrong_type", "\"type\" is true or false", beat(r#""type":true"#)),
        (
            "unknown_type",
            "did you mean \"workstation.heartbeat\"",
            event("loket-03", "workstation.hartbeat", ""),
        ),
        (
            "unknown_type",
            "did you mean \"workstation.heartbeat\"",
            event("loket-03", "Workstation.Heartbeat", ""),
        ),
        ("unknown_type", "did you mean", event("loket-03", "booking.made", "")),
        ("unknown_type", "reserved", event("loket-03", "payment.made", "")),
        ("unknown_type", "", event("loket-03", "", "")),
        ("unknown_type", "", event("loket-03", &"x".repeat(9_000), "")),
        (
            "wrong_device",
            "it comes from a lockbox or the office's \"system\"",
            event("loket-03", "emergency.started", "").replace("emergency.started", "lockbox.checked"),
        ),
        ("missing_field", "\"time\"", beat(r#""time":null"#)),
        ("wrong_type", "\"time\" is a number", beat(r#""time":1732417330"#)),
        ("bad_time", "with an offset", beat(r#""time":"2026-11-24T10:02:10""#)),
        ("bad_time", "with an offset", beat(r#""time":"2026-02-30T10:02:10Z""#)),
        ("bad_time", "with an offset", beat(r#""time":"""#)),
        (
            "wrong_type",
            "\"bootid\" is a number",
            beat(r#""bootid":7,"sequence":"1""#),
        ),
        (
            "wrong_type",
            "send it as a text, \"118\"",
            beat(r#""bootid":"b","sequence":118"#),
        ),
        ("wrong_type", "\"sequence\" is an object", beat(r#""sequence":{}"#)),
        ("bad_sequence", "\"-1\"", beat(r#""bootid":"b","sequence":"-1""#)),
        ("bad_sequence", "\"+1\"", beat(r#""bootid":"b","sequence":"+1""#)),
        ("bad_sequence", "\"\"", beat(r#""bootid":"b","sequence":"""#)),
        ("bad_sequence", "\"1e3\"", beat(r#""bootid":"b","sequence":"1e3""#)),
        (
            "bad_sequence",
            "",
            beat(r#""bootid":"b","sequence":"18446744073709551616""#),
        ),
        ("wrong_type", "\"data\" is a list", beat(r#""data":[]"#)),
        (
            "wrong_type",
            "\"data\" is a text",
            event("loket-03", "service.started", r#""data":"x""#),
        ),
        (
            "missing_field",
            "\"officer\" in \"data\"",
            event("loket-03", "session.signed_in", ""),
        ),
        ("missing_field", "\"officer\" in \"data\"", deposit(r#""slot":1"#)),
        ("missing_field", "\"slot\" in \"data\"", deposit(r#""officer":"p""#)),
        (
            "wrong_type",
            "\"officer\" is a number",
            deposit(r#""officer":1,"slot":1"#),
        ),
        (
            "wrong_type",
            "\"officer\" is null",
            deposit(r#""officer":null,"slot":1"#),
        ),
        ("bad_id", "\"officer\" is empty", deposit(r#""officer":"","slot":1"#)),
        (
            "wrong_type",
            "\"slot\" is a text",
            deposit(r#""officer":"p","slot":"1""#),
        ),
        (
            "wrong_type",
            "\"-1\" is not a whole number",
            deposit(r#""officer":"p","slot":-1"#),
        ),
        (
            "wrong_type",
            "\"1.5\" is not a whole number",
            deposit(r#""officer":"p","slot":1.5"#),
        ),
        (
            "wrong_type",
            "is not a whole number",
            deposit(r#""officer":"p","slot":4294967296"#),
        ),
        (
            "wrong_type",
            "\"handset\" is null",
            deposit(r#""officer":"p","slot":1,"handset":null"#),
        ),
        (
            "wrong_type",
            "\"by\" is a list",
            deposit(r#""officer":"p","slot":1,"by":[]"#),
        ),
        (
            "wrong_type",
            "\"booking\" is a number",
            event("loket-03", "service.started", r#""data":{"booking":1}"#),
        ),
        (
            "wrong_type",
            "\"kind\" is true or false",
            event("loket-03", "break.ended", r#""data":{"kind":true}"#),
        ),
        (
            "wrong_type",
            "\"slot\" is a text",
            event("loker-a", "lockbox.forced", r#""data":{"slot":"1"}"#),
        ),
        (
            "missing_field",
            "\"category\"",
            event("loket-03", "app.opened", r#""data":{}"#),
        ),
        (
            "missing_field",
            "\"present\"",
            event("loker-a", "lockbox.checked", r#""data":{"officer":"p"}"#),
        ),
        (
            "wrong_type",
            "\"present\" is a text",
            event("system", "lockbox.checked", r#""data":{"officer":"p","present":"yes"}"#),
        ),
        (
            "missing_field",
            "\"witness\"",
            event("system", "custody.held", r#""data":{"officer":"p","by":"s"}"#),
        ),
        (
            "missing_field",
            "\"by\"",
            event("system", "handset.seen", r#""data":{"officer":"p"}"#),
        ),
        ("bad_value", "did you mean \"mtp\"", usb(r#""class":"MTP""#)),
        ("bad_value", "send one of mtp, ptp", usb(r#""class":"keyboard""#)),
        ("missing_field", "\"class\"", usb(r#""id":"u""#)),
        (
            "wrong_type",
            "\"allowed\" is a text",
            usb(r#""class":"mtp","allowed":"yes""#),
        ),
        ("wrong_type", "\"id\" is a number", usb(r#""class":"mtp","id":5"#)),
        ("bad_interval", "is not after", grant(eight, eight)),
        (
            "bad_interval",
            "is not after",
            grant(eight, r#""2026-11-24T00:59:59.999Z""#),
        ),
        (
            "bad_interval",
            "is not after",
            grant(eight, r#""2026-11-24T01:00:00.0009Z""#),
        ),
        ("bad_time", "\"until\"", grant(eight, r#""tomorrow""#)),
        ("bad_time", "\"from\"", grant(r#""2026-11-24T08:00:00""#, eight)),
        ("wrong_type", "\"from\" is a number", grant("8", eight)),
    ];
    for (code, says, payload) in rows {
        let rejected = refused(payload.as_bytes());
        assert!(Rejected::CODES.contains(&rejected.code), "{}", rejected.code);
        assert_eq!(rejected.code, code, "{payload}: {rejected}");
        assert!(rejected.reason.contains(says), "{payload}: {rejected}");
        assert!(
            rejected.reason.len() < 400 && !rejected.reason.chars().any(char::is_control),
            "{rejected}"
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_not_json() {
    let mut payload = event("loket-03", "workstation.heartbeat", "").into_bytes();
    payload[10] = 0xff;
    let rejected = refused(&payload);
    assert_eq!((rejected.code, rejected.reason.contains("byte 11")), ("not_json", true));
    for bytes in [&b"\xff\xfe{\0"[..], b"\0", b"{\0}", b"\x1f\x8b\x08"] {
        assert_eq!(refused(bytes).code, "not_json");
    }
}

#[test]
fn topic_and_source_must_agree() {
    let payload = event("loket-03", "workstation.heartbeat", "");
    for (topic, code) in [
        ("jagaloket/v1/tangerang/loket-03/events", None),
        ("jagaloket/v1/tangerang/loker-a/events", Some("source_mismatch")),
        ("jagaloket/v1/jakarta/loket-03/events", Some("source_mismatch")),
        ("jagaloket/v1/tangerang/loket-03/x/events", Some("source_mismatch")),
        ("jagaloket/v1/tangerang/loket-03/status", Some("wrong_topic")),
        ("jagaloket/v2/tangerang/loket-03/events", Some("wrong_topic")),
        ("jagaloket/v1/events", Some("wrong_topic")),
        ("", Some("wrong_topic")),
    ] {
        let read = parse(Some(topic), payload.as_bytes(), &roster(), &live());
        assert_eq!(read.err().map(|rejected| rejected.code), code, "{topic}");
    }
}

#[test]
fn only_a_live_event_can_be_too_far_ahead() {
    for (time, code) in [
        ("2026-11-24T12:05:00.000+07:00", None),
        ("2026-11-24T12:05:00.001+07:00", Some("too_far_ahead")),
        ("2036-11-24T12:00:00.000+07:00", Some("too_far_ahead")),
        ("2016-11-24T12:00:00.000+07:00", None),
    ] {
        let payload = event("loket-03", "workstation.heartbeat", &format!(r#""time":"{time}""#));
        let read = parse(None, payload.as_bytes(), &roster(), &live());
        assert_eq!(read.err().map(|rejected| rejected.code), code, "{time}");
        assert!(
            parse(None, payload.as_bytes(), &roster(), &Limits::REPLAY).is_ok(),
            "{time}"
        );
    }
}

#[test]
fn a_tick_from_outside_counts_only_where_events_are_the_clock() {
    let payload = event("monitor", "clock.ticked", "");
    let ticking = Limits { ticks: true, ..live() };
    assert!(parse(None, payload.as_bytes(), &roster(), &ticking).is_ok());
    assert!(parse(None, payload.as_bytes(), &roster(), &Limits::REPLAY).is_ok());
    let rejected = parse(None, payload.as_bytes(), &roster(), &live()).unwrap_err();
    assert_eq!(rejected.code, "tick_refused");
}

#[test]
fn no_bytes_at_all_make_it_panic() {
    let payload = event(
        "loker-a",
        "lockbox.deposited",
        r#""bootid":"b","sequence":"1","data":{"officer":"p","slot":1}"#,
    );
    let roster = roster();
    for at in 0..payload.len() {
        for byte in [0, b'"', b'\\', b'{', b'}', b',', 0x80, 0xc3, 0xff, b'9'] {
            let mut bytes = payload.clone().into_bytes();
            bytes[at] = byte;
            let _ = parse(Some("jagaloket/v1/tangerang/loker-a/events"), &bytes, &roster, &live());
            let _ = parse(None, &bytes[..at], &roster, &Limits::REPLAY);
            let _ = fingerprint(&bytes);
        }
    }
}
