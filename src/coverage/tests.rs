//! What comes back of a coverage is what went in.

use super::*;

fn beat(source: &str, kind: &str, time: &str, place: Option<(&str, u64)>) -> Vec<u8> {
    let place = place.map_or(String::new(), |(boot, sequence)| {
        format!(r#","bootid":{},"sequence":"{sequence}""#, serde_json::json!(boot))
    });
    format!(
        r#"{{"specversion":"1.0","id":"0193f3a0-7c4e-7a11-8f00-2b9e6d1c4a55","source":"{source}","type":"{kind}","time":"{time}"{place},"data":{{"uptime":5}}}}"#
    )
    .into_bytes()
}

fn row<'a>(n: i64, source: &'a str, times: [i64; 2], clock: Option<&'a str>, body: &'a [u8]) -> Row<'a> {
    Row {
        n,
        received: Moment(times[1]),
        time: Moment(times[0]),
        office: "tangerang",
        source,
        clock,
        body,
    }
}

#[test]
fn every_heartbeat_and_tick_comes_back_with_all_that_is_folded() {
    let sources = ["/tangerang/loket-01", "/tangerang/loker-a", "/tangerang/monitor"];
    let bodies = [
        beat(
            sources[0],
            "workstation.heartbeat",
            "2026-11-24T10:02:10.000+07:00",
            Some(("b7", 118)),
        ),
        beat(
            sources[1],
            "lockbox.heartbeat",
            "1970-01-01T00:00:00.000Z",
            Some(("\"é", u64::MAX)),
        ),
        beat(sources[2], "clock.ticked", "2026-11-24T10:02:10.120Z", None),
        beat(
            sources[0],
            "workstation.heartbeat",
            "2026-11-24T10:02:40.007+07:00",
            Some(("b7", 119)),
        ),
        beat(sources[0], "workstation.heartbeat", "9999-12-31T23:59:59.999Z", None),
        beat(
            sources[0],
            "workstation.heartbeat",
            "2026-11-24T10:01:40.007+07:00",
            Some(("b8", 0)),
        ),
    ];
    let rows = [
        row(5, sources[0], [1_795_489_330_000, 1_795_489_330_050], None, &bodies[0]),
        row(
            6,
            sources[1],
            [1_795_489_331_000, 1_795_489_331_000],
            Some("poor-boot"),
            &bodies[1],
        ),
        row(900, sources[2], [1_795_489_331_000, 7], None, &bodies[2]),
        row(901, sources[0], [i64::MAX, i64::MIN], Some("corrected"), &bodies[3]),
        row(902, sources[0], [i64::MIN, i64::MAX], None, &bodies[4]),
        row(904, sources[0], [3, 2], None, &bodies[5]),
    ];
    let mut packer = Packer::new();
    assert!(rows.iter().all(|row| packer.add(row)));
    assert_eq!(
        (packer.len(), packer.span()),
        (6, Some((Moment(i64::MIN), Moment(i64::MAX))))
    );
    let packed = packer.finish();
    let kept = unpack(&packed, 0..=i64::MAX).unwrap();
    assert_eq!(kept.len(), rows.len());
    for (row, kept) in rows.iter().zip(&kept) {
        assert_eq!(
            (
                row.n,
                row.received,
                row.time,
                row.source,
                row.clock,
                row.source == sources[2]
            ),
            (
                kept.n,
                kept.received,
                kept.time,
                kept.source.as_str(),
                kept.clock.as_deref(),
                kept.tick
            )
        );
        assert_eq!(wire::passing(row.body), wire::passing(&kept.body));
    }
    let some: Vec<i64> = unpack(&packed, 6..=901).unwrap().iter().map(|kept| kept.n).collect();
    assert_eq!(some, [6, 900, 901]);
    for cut in 0..packed.len() {
        assert_eq!(unpack(&packed[..cut], 0..=i64::MAX), None, "{cut}");
    }
}

#[test]
fn what_is_no_heartbeat_stays_out() {
    let mut packer = Packer::new();
    let source = "/tangerang/loket-01";
    let act = beat(
        source,
        "service.started",
        "2026-11-24T10:02:10.000+07:00",
        Some(("b7", 118)),
    );
    for (source, body) in [
        (source, &act[..]),
        (source, b"roster = 1"),
        (source, b"{}"),
        ("elsewhere", b"{}"),
    ] {
        assert!(!packer.add(&row(1, source, [0, 0], None, body)));
    }
    assert!(packer.is_empty() && unpack(&packer.finish(), 0..=9).unwrap().is_empty());
}

#[test]
fn a_day_of_five_counters_takes_a_few_bytes_a_heartbeat() {
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut packer, mut before) = (Packer::new(), 0);
    let mut n = 0;
    for beat_no in 0..200i64 {
        for counter in 0..5 {
            n += 1 + i64::from(rng.u8(..8) == 0);
            let source = format!("/tangerang/loket-0{counter}");
            let at = 1_795_489_330_000 + beat_no * 30_000 + counter * 4_000 + rng.i64(0..20);
            let time = Moment(at).rfc3339(chrono_tz::Asia::Jakarta);
            let body = beat(
                &source,
                "workstation.heartbeat",
                &time,
                Some(("0193f3a0-boot", beat_no as u64)),
            );
            before += body.len();
            assert!(packer.add(&row(n, &source, [at, at + rng.i64(2..12)], None, &body)));
        }
    }
    let (count, after) = (packer.len(), packer.finish().len());
    println!(
        "{} bytes of message a heartbeat, {:.1} packed",
        before / count,
        after as f64 / count as f64
    );
    assert!(after < count * 5, "{after} of {count}");
}
