//! The timeline of a scenario: text, one event a line, told as the events that the devices would have sent.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use crate::engine::event::{DeviceId, DeviceKind, Event, Kind, MONITOR, Place, Reading, Trust};
use crate::engine::roster::{Device, Roster};
use crate::engine::time::{Moment, Span};

use super::Line;
use super::verbs::{self, Words};

/// A longer story is a slip of the pen in a date; its heartbeats would fill the memory.
const LONGEST_MS: i64 = 40 * 86_400_000;
/// More heartbeats than this no story needs.
const BEATS_MAX: i64 = 2_000_000;

pub(super) type Wrong = (Range<usize>, String);

/// What a timeline tells.
pub(super) struct Told {
    pub events: Vec<Event>,
    pub lines: Vec<Line>,
    pub begins: Moment,
    pub ends: Moment,
    pub counters: usize,
}

/// Reads times: of the clock, or since something.
pub(super) struct Clockwork {
    /// The day of the story, and of the line above.
    day: NaiveDate,
    date: NaiveDate,
    zone: Tz,
    begins: Option<Moment>,
    /// The time of the line above.
    last: Option<Moment>,
}

impl Clockwork {
    pub fn new(date: NaiveDate, zone: Tz) -> Clockwork {
        Clockwork {
            day: date,
            date,
            zone,
            begins: None,
            last: None,
        }
    }

    /// A time as `expect` writes it: of the clock, with a date if it is another day, or `+…` since the story began.
    pub fn moment(&self, text: &str) -> Result<Moment, String> {
        if let Some(span) = text.strip_prefix('+') {
            let begins = self.begins.unwrap_or_default();
            return Ok(begins.plus_ms(Span::parse(span)?.ms));
        }
        let (date, clock) = match text.split_once(' ') {
            Some((date, clock)) => (parse_date(date)?, clock),
            None => (self.day, text),
        };
        self.at(date, clock)
    }

    fn at(&self, date: NaiveDate, clock: &str) -> Result<Moment, String> {
        let wrong = || format!("\"{clock}\" is not a time; write it like 10:02, 10:02:30, 10:02:30.001 or +1m30s");
        let time = ["%H:%M", "%H:%M:%S", "%H:%M:%S%.3f"]
            .iter()
            .find_map(|form| NaiveTime::parse_from_str(clock, form).ok())
            .ok_or_else(wrong)?;
        Moment::of_local(date.and_time(time), self.zone)
            .ok_or_else(|| format!("there is no {clock} on this day in {}", self.zone))
    }

    /// A time inside a line; `+…` counts from `since`, else from the line above.
    pub fn next(&self, words: &mut Words, since: Option<Moment>) -> Result<(Moment, Range<usize>), Wrong> {
        self.dated(words, since).map(|(moment, span, _)| (moment, span))
    }

    /// The time that begins a line; a date stays for the lines below.
    fn line(&mut self, words: &mut Words) -> Result<(Moment, Range<usize>), Wrong> {
        let (moment, span, date) = self.dated(words, None)?;
        self.date = date;
        Ok((moment, span))
    }

    fn dated(&self, words: &mut Words, since: Option<Moment>) -> Result<(Moment, Range<usize>, NaiveDate), Wrong> {
        let (mut word, mut span) = words.needed("a time, like 10:02:30 or +1m30s")?;
        let mut date = self.date;
        if let Some(length) = word.strip_prefix('+') {
            let length_ms = Span::parse(length).map_err(|message| (span.clone(), message))?.ms;
            let Some(from) = since.or(self.last) else {
                let message = "the first line needs a time of the clock, like 08:00".to_string();
                return Err((span, message));
            };
            return Ok((from.plus_ms(length_ms), span, date));
        }
        if word.contains('-') {
            date = parse_date(word).map_err(|message| (span, message))?;
            (word, span) = words.needed("a time of the clock after the date, like 00:10")?;
        }
        match self.at(date, word) {
            Ok(moment) => Ok((moment, span, date)),
            Err(message) => Err((span, message)),
        }
    }
}

fn parse_date(text: &str) -> Result<NaiveDate, String> {
    text.parse()
        .map_err(|_| format!("\"{text}\" is not a date; write it like 2026-11-24"))
}

fn is_time(word: &str) -> bool {
    word.starts_with('+') || word.starts_with(|c: char| c.is_ascii_digit())
}

/// A stretch in which a device says nothing.
struct Silence {
    from: Moment,
    /// `None`: to the end of the story.
    to: Option<Moment>,
    after: After,
}

/// A stretch in which a device's clock is known to be off: its events are judged at the times of the story, marked so.
struct BadClock {
    from: Moment,
    /// `None`: to the end of the story.
    to: Option<Moment>,
    trust: Trust,
}

impl BadClock {
    fn covers(&self, at: Moment) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    GoesOn,
    Lost,
    Restarted,
}

struct Teller<'a> {
    roster: &'a Roster,
    clockwork: &'a mut Clockwork,
    events: Vec<(DeviceId, Moment, Kind, Range<usize>)>,
    lines: Vec<Line>,
    silences: BTreeMap<DeviceId, Vec<Silence>>,
    clocks: BTreeMap<DeviceId, Vec<BadClock>>,
    ends: Option<Moment>,
    signed_in: BTreeMap<DeviceId, crate::engine::event::OfficerId>,
}

/// Reads a timeline, whose value stands at `span` of the file's text.
pub(super) fn tell(
    text: &str,
    span: Range<usize>,
    value: &str,
    roster: &Roster,
    clockwork: &mut Clockwork,
    wrong: &mut Vec<Wrong>,
) -> Option<Told> {
    let before = wrong.len();
    let mut teller = Teller {
        roster,
        clockwork,
        events: Vec::new(),
        lines: Vec::new(),
        silences: BTreeMap::new(),
        clocks: BTreeMap::new(),
        ends: None,
        signed_in: BTreeMap::new(),
    };
    let mut start = span.start + quotes(&text[span.clone()]);
    let raw = &text[start..span.end];
    for (line, raw) in value.split('\n').zip(raw.split('\n')) {
        let shown = line.split('#').next().unwrap_or("");
        if !shown.trim().is_empty() {
            let mut words = Words::new(shown, start);
            if let Err(fault) = teller.line(&mut words, shown.trim()) {
                wrong.push(fault);
            }
        }
        start += raw.len() + 1;
    }
    let Some(begins) = teller.clockwork.begins else {
        if wrong.len() == before {
            wrong.push((span, "nothing happens in this timeline".into()));
        }
        return None;
    };
    let told = teller.finish(begins, &span, wrong);
    (wrong.len() == before).then_some(told)
}

/// How many bytes the opening quotes of a TOML text take, with the line break they swallow.
fn quotes(raw: &str) -> usize {
    let marks = raw.len() - raw.trim_start_matches(['\'', '"']).len();
    if marks < 3 {
        return marks.min(1);
    }
    3 + if raw[3..].starts_with("\r\n") {
        2
    } else {
        usize::from(raw[3..].starts_with('\n'))
    }
}

impl Teller<'_> {
    fn line(&mut self, words: &mut Words, shown: &str) -> Result<(), Wrong> {
        let first = words.peek().unwrap_or_default();
        if !is_time(first) {
            return self.stretch(words, shown);
        }
        let (at, span) = self.clockwork.line(words)?;
        if let Some(last) = self.clockwork.last
            && at < last
        {
            let message =
                "time goes back here: this is before the line above; a later day needs its date, like 2026-11-25 00:10";
            return Err((span, message.into()));
        }
        let begins = *self.clockwork.begins.get_or_insert(at);
        near(begins, at, &span)?;
        self.clockwork.last = Some(at);
        self.lines.push(Line {
            at,
            text: words.rest().trim().to_string(),
        });
        self.ends = self.ends.max(Some(at));
        if words.peek() == Some("end") {
            words.word("end")?;
            return words.nothing_more();
        }
        let subject =
            words.needed("who or what does something: a counter, a lockbox, an officer, system or monitor")?;
        if words.peek() == Some("silent") {
            let device = self.heard_device(subject)?;
            let (_, span) = words.needed("")?;
            let to = match words.next() {
                None => None,
                Some(("until", _)) => Some(self.clockwork.next(words, Some(at))?.0),
                Some((_, span)) => return Err((span, "write `silent`, or `silent until` and a time".into())),
            };
            return self.silence(words, device, at, to, span);
        }
        let spoken = verbs::speak(words, subject, self.roster, &self.signed_in, self.clockwork)?;
        match &spoken.1 {
            Kind::SignedIn { officer } => {
                self.signed_in.insert(spoken.0.clone(), officer.clone());
            }
            Kind::SignedOut { .. } => {
                self.signed_in.remove(&spoken.0);
            }
            _ => {}
        }
        words.nothing_more()?;
        self.events.push((spoken.0, at, spoken.1, span));
        Ok(())
    }

    /// `loket-03 silent from 10:02 to 10:05`, `loket-03 clock off from 10:02 to 10:05`
    fn stretch(&mut self, words: &mut Words, shown: &str) -> Result<(), Wrong> {
        let (subject, subject_span) = words.needed("")?;
        let known = verbs::is_subject(subject, self.roster);
        if !matches!(words.peek(), Some("silent" | "clock")) {
            let message = match known {
                true => "this line has no time; begin it like `10:02:30 …` or `+1m30s …`".to_string(),
                false => format!("\"{subject}\" is not a time; begin a line like `10:02:30 …` or `+1m30s …`"),
            };
            return Err((subject_span, message));
        }
        let device = self.heard_device((subject, subject_span))?;
        let (what, span) = words.needed("")?;
        let trust = match what {
            "clock" => match words.needed("what is wrong with the clock: `off` or `poor`")? {
                ("off", _) => Some(Trust::Corrected),
                ("poor", _) => Some(Trust::Poor),
                (word, span) => {
                    let message = format!("\"{word}\" says nothing of a clock; it is `off` or `poor`");
                    return Err((span, message));
                }
            },
            _ => None,
        };
        words.word("from")?;
        let (from, from_span) = self.clockwork.next(words, None)?;
        words.word("to")?;
        let to = match words.peek() {
            Some("end") => words.needed("").map(|_| None)?,
            _ => Some(self.clockwork.next(words, Some(from))?.0),
        };
        if self.clockwork.begins.is_none_or(|begins| from < begins) {
            return Err((
                from_span,
                "this is before the story begins; write the first event above it".into(),
            ));
        }
        self.lines.push(Line {
            at: from,
            text: shown.split_whitespace().collect::<Vec<_>>().join(" "),
        });
        match trust {
            Some(trust) => self.clock(words, device, BadClock { from, to, trust }, span),
            None => self.silence(words, device, from, to, span),
        }
    }

    fn clock(&mut self, words: &mut Words, device: DeviceId, bad: BadClock, span: Range<usize>) -> Result<(), Wrong> {
        words.nothing_more()?;
        if bad.to.is_some_and(|to| to <= bad.from) {
            return Err((span, "this ends before it begins".into()));
        }
        if let (Some(begins), Some(to)) = (self.clockwork.begins, bad.to) {
            near(begins, to, &span)?;
        }
        let list = self.clocks.entry(device).or_default();
        if list.last().is_some_and(|last| last.to.is_none_or(|end| end > bad.from)) {
            return Err((span, "the clock is off already".into()));
        }
        self.ends = self.ends.max(bad.to).max(Some(bad.from));
        list.push(bad);
        Ok(())
    }

    fn silence(
        &mut self,
        words: &mut Words,
        device: DeviceId,
        from: Moment,
        to: Option<Moment>,
        span: Range<usize>,
    ) -> Result<(), Wrong> {
        let after = match words.next() {
            None => After::GoesOn,
            Some(("losing", _)) => {
                words.word("events")?;
                After::Lost
            }
            Some(("restarting", _)) => After::Restarted,
            Some((word, span)) => {
                let message =
                    format!("\"{word}\" says nothing here; a silence may end `losing events` or `restarting`");
                return Err((span, message));
            }
        };
        words.nothing_more()?;
        let list = self.silences.entry(device).or_default();
        if to.is_some_and(|to| to <= from) {
            return Err((span, "this silence ends before it begins".into()));
        }
        if list.last().is_some_and(|last| last.to.is_none_or(|end| end > from)) {
            return Err((span, "the device is silent already".into()));
        }
        if let (Some(begins), Some(to)) = (self.clockwork.begins, to) {
            near(begins, to, &span)?;
        }
        self.ends = self.ends.max(to).max(Some(from));
        list.push(Silence { from, to, after });
        Ok(())
    }

    fn heard_device(&self, (word, span): (&str, Range<usize>)) -> Result<DeviceId, Wrong> {
        match self.roster.device(word) {
            Some((id, DeviceKind::Workstation | DeviceKind::Lockbox)) => match device(self.roster, word) {
                Some(device) if device.heartbeat_every_ms.is_some() => Ok(id.clone()),
                _ => Err((span, format!("\"{word}\" sends no heartbeats, so it is never silent"))),
            },
            _ => Err(verbs::unknown(word, span, self.roster)),
        }
    }

    fn finish(mut self, begins: Moment, whole: &Range<usize>, wrong: &mut Vec<Wrong>) -> Told {
        let ends = self.ends.unwrap_or(begins);
        for (speaker, at, _, span) in &self.events {
            let silences = self.silences.get(speaker).map_or(&[][..], Vec::as_slice);
            if silences
                .iter()
                .any(|gap| gap.from < *at && gap.to.is_none_or(|to| *at < to))
            {
                wrong.push((span.clone(), format!("\"{speaker}\" is said to be silent at this time")));
            }
        }
        // The office clock reaches the end of the story, unless the story itself says how far it goes.
        let ticked = self.events.iter().any(|(_, _, kind, _)| *kind == Kind::Ticked);
        let mut speaking: Vec<DeviceId> = self.events.iter().map(|event| event.0.clone()).collect();
        speaking.extend(self.silences.keys().chain(self.clocks.keys()).cloned());
        speaking.sort();
        speaking.dedup();
        let office = &self.roster.office.id;
        let mut events = Vec::new();
        let mut counters = 0;
        let said = std::mem::take(&mut self.events);
        for speaker in speaking {
            let kind = self.roster.device_kind(speaker.as_str());
            counters += usize::from(kind == Some(DeviceKind::Workstation));
            let mut own: Vec<Event> = Vec::new();
            for (n, (_, at, kind, _)) in said.iter().enumerate().filter(|(_, event)| event.0 == speaker) {
                own.push(Event {
                    office: office.clone(),
                    device: speaker.clone(),
                    id: format!("{:05}", n + 1).into(),
                    time: *at,
                    place: None,
                    kind: kind.clone(),
                    reading: None,
                });
            }
            let silences = self.silences.get(&speaker).map_or(&[][..], Vec::as_slice);
            let clocks = self.clocks.get(&speaker).map_or(&[][..], Vec::as_slice);
            let beats = device(self.roster, speaker.as_str()).and_then(|device| device.heartbeat_every_ms);
            if let Some(every_ms) = beats
                && ends.ms_since(begins) / every_ms.max(1) > BEATS_MAX
            {
                let message = format!("\"{speaker}\" would send more than {BEATS_MAX} heartbeats in this story");
                wrong.push((whole.clone(), message));
            } else if let Some(every_ms) = beats {
                let pulse = match kind {
                    Some(DeviceKind::Lockbox) => Kind::LockboxHeartbeat,
                    _ => Kind::WorkstationHeartbeat,
                };
                let mut beats = beat_times(begins, ends, every_ms, silences);
                let silent = |at: Moment| {
                    silences
                        .iter()
                        .any(|gap| gap.from < at && gap.to.is_none_or(|to| at < to))
                };
                let turns = clocks.iter().flat_map(|bad| [Some(bad.from), bad.to]).flatten();
                beats.extend(turns.filter(|at| *at <= ends && !silent(*at)));
                beats.sort_unstable();
                beats.dedup();
                // What is written speaks for the device as well.
                beats.retain(|at| own.binary_search_by_key(at, |event| event.time).is_err());
                for (n, at) in beats.into_iter().enumerate() {
                    own.push(Event {
                        office: office.clone(),
                        device: speaker.clone(),
                        id: format!("h{:06}", n + 1).into(),
                        time: at,
                        place: None,
                        kind: pulse.clone(),
                        reading: None,
                    });
                }
            }
            own.sort_by_key(|event| event.time);
            for event in &mut own {
                let bad = clocks.iter().find(|bad| bad.covers(event.time));
                event.reading = bad.map(|bad| {
                    Box::new(Reading {
                        told: event.time,
                        trust: bad.trust,
                        whole_boot: false,
                    })
                });
            }
            if silences.iter().any(|gap| gap.after != After::GoesOn) {
                number(&mut own, silences);
            }
            events.extend(own);
        }
        if !ticked {
            events.push(Event {
                office: office.clone(),
                device: DeviceId::new(MONITOR),
                id: "end".into(),
                time: ends,
                place: None,
                kind: Kind::Ticked,
                reading: None,
            });
        }
        events.sort_by_key(|event| event.time);
        self.lines.sort_by_key(|line| line.at);
        Told {
            events,
            lines: self.lines,
            begins,
            ends,
            counters,
        }
    }
}

/// Refuses a time that is too far from the story's beginning.
fn near(begins: Moment, at: Moment, span: &Range<usize>) -> Result<(), Wrong> {
    if at.ms_since(begins) <= LONGEST_MS {
        return Ok(());
    }
    let days = LONGEST_MS / 86_400_000;
    Err((
        span.clone(),
        format!("this is more than {days} days after the story began; is a date wrong?"),
    ))
}

fn device<'r>(roster: &'r Roster, id: &str) -> Option<&'r Device> {
    let mut all = roster.counters.iter().chain(&roster.lockboxes);
    all.find(|device| device.id.as_str() == id)
}

/// A heartbeat at every step, at both sides of each silence, and at the end.
fn beat_times(begins: Moment, ends: Moment, every_ms: i64, silences: &[Silence]) -> Vec<Moment> {
    let mut times = Vec::new();
    let mut from = begins;
    let mut talk = |from: Moment, to: Moment| {
        let mut at = from;
        while at < to {
            times.push(at);
            at = at.plus_ms(every_ms);
        }
        times.push(to);
    };
    for gap in silences {
        talk(from, gap.from);
        match gap.to {
            Some(to) => from = to,
            None => return times,
        }
    }
    talk(from, ends);
    times
}

/// Gives a device's events their places, with a hole or another boot after the silences that say so.
fn number(own: &mut [Event], silences: &[Silence]) {
    let (mut boot, mut sequence) = (1, 0);
    let mut gaps = silences.iter().filter(|gap| gap.after != After::GoesOn).peekable();
    for event in own {
        while let Some(gap) = gaps.next_if(|gap| gap.to.is_some_and(|to| to <= event.time)) {
            match gap.after {
                After::Restarted => (boot, sequence) = (boot + 1, 0),
                _ => sequence += 1,
            }
        }
        event.place = Some(Place {
            boot: format!("b{boot}").into(),
            sequence,
        });
        sequence += 1;
    }
}
