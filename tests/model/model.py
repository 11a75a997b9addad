#!/usr/bin/env python3
"""A brute-force reference model of the rule engine, written from the contract alone.

    python3 model.py ROSTER.toml EVENTS.jsonl...

It prints the verdicts as `jagaloket replay` does (contract, section 8; `evidence` stays empty)
with the shipped policies built in as rows of POLICIES. It exists to be compared with the real
engine on random inputs, so it shares no code and no cleverness with it: it looks at all events
at once, lists every instant at which anything can change, folds the state over that list and
asks every policy about every elementary interval between two neighbouring instants.

Where the contract is silent the reading chosen stands in a comment that begins with "Reading:".
All moments are whole milliseconds since 1970 (UTC), all durations whole milliseconds.
"""

import copy
import itertools
import json
import re
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

LINE_BYTES_MAX = 16 * 1024            # section 2
DECLARATION_MAX = 24 * HOUR           # section 6
EMERGENCY_MAX = 4 * HOUR              # section 5
EMERGENCY_TAIL = 15 * MINUTE          # section 5
CHECK_LIMIT = 2 * HOUR                # section 7, lockbox-check-overdue


# --- roster (section 4) ------------------------------------------------------------------------


@dataclass
class Device:
    id: str
    kind: str                         # "W" counter, "L" lockbox, "S" system, "M" monitor
    heartbeats: bool = False          # heartbeat_every is not 0
    silent_after: int = 0


@dataclass
class Roster:
    office: str
    zone: ZoneInfo
    service_max: int
    devices: dict                     # id -> Device
    handsets: dict                    # officer -> ids of his active private handsets, in order
    home_lockbox: dict                # officer -> lockbox assigned, if any

    def of_kind(self, kind):
        return [d.id for d in self.devices.values() if d.kind == kind]


def parse_duration(text):
    """"90s", "1m30s", "2h", "500ms" -> ms."""
    units = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR}
    if not re.fullmatch(r"(\d+(ms|s|m|h))+", text):
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(n) * units[u] for n, u in re.findall(r"(\d+)(ms|s|m|h)", text))


def load_roster(path):
    with open(path, "rb") as file:
        toml = tomllib.load(file)
    devices = {"system": Device("system", "S"), "monitor": Device("monitor", "M")}
    for table, kind in (("counter", "W"), ("lockbox", "L")):
        for row in toml.get(table, []):
            devices[row["id"]] = Device(
                row["id"], kind,
                heartbeats=parse_duration(row.get("heartbeat_every", "30s")) > 0,
                silent_after=parse_duration(row.get("silent_after", "90s")))
    officers = toml.get("officer", [])
    return Roster(
        office=toml["office"]["id"],
        zone=ZoneInfo(toml["office"]["timezone"]),
        service_max=parse_duration(toml["office"].get("service_max", "60m")),
        devices=devices,
        handsets={o["id"]: [h["id"] for h in o.get("handsets", [])
                            if h.get("class", "private") == "private"
                            and not h.get("suspended", False)]
                  for o in officers},
        home_lockbox={o["id"]: o["lockbox"] for o in officers if "lockbox" in o})


# --- events (sections 2 and 3) -----------------------------------------------------------------

# type -> (who may send it, required data, optional data). "i|s" is an integer or a string.
OFFICER = {"officer": "s"}
SLOT = {"officer": "s", "slot": "i|s"}
USB = {"class": "s"}
TYPES = {
    "workstation.started": ("W", {}, {}),
    "workstation.heartbeat": ("W", {}, {}),
    "session.signed_in": ("W", OFFICER, {}),
    # "whoever is named, also when nobody is signed in", but somebody is named.
    "session.signed_out": ("W", OFFICER, {}),
    "service.started": ("W", {}, {"booking": "s"}),
    "service.ended": ("W", {}, {}),
    "break.started": ("W", {}, {"kind": "s"}),
    "break.ended": ("W", {}, {"kind": "s"}),
    "app.opened": ("W", {"category": "s"}, {}),
    "app.closed": ("W", {"category": "s"}, {}),
    "usb.attached": ("W", USB, {"id": "s", "allowed": "b"}),
    "usb.detached": ("W", USB, {"id": "s", "allowed": "b"}),
    "shift.started": ("S", OFFICER, {}),
    "shift.ended": ("S", OFFICER, {}),
    "lockbox.deposited": ("L", SLOT, {"handset": "s", "by": "s"}),
    "lockbox.withdrawn": ("L", SLOT, {"handset": "s", "by": "s"}),
    "lockbox.checked": ("LS", {"officer": "s", "present": "b"}, {"by": "s"}),
    "lockbox.forced": ("L", {}, {"slot": "i|s"}),
    "lockbox.tampered": ("L", {}, {"slot": "i|s"}),
    "lockbox.heartbeat": ("L", {}, {}),
    "custody.held": ("S", {"officer": "s", "by": "s", "witness": "s"}, {}),
    "custody.returned": ("S", {"officer": "s", "by": "s", "witness": "s"}, {}),
    "custody.declared_none": ("S", OFFICER, {}),
    "handset.seen": ("S", {"officer": "s", "by": "s"}, {}),
    "exemption.granted": ("S", {"officer": "s", "from": "t", "until": "t", "approver": "s"}, {}),
    "exemption.revoked": ("S", OFFICER, {}),
    "emergency.started": ("SL", {}, {}),
    "emergency.ended": ("SL", {}, {}),
    "clock.ticked": ("M", {}, {}),
}


class Rejected(Exception):
    """Why a line is not an event, for a person to read."""


@dataclass
class Event:
    source: str
    id: str
    device: Device
    type: str
    time: int                         # the device's own clock
    boot: str | None                  # None unless bootid and sequence are both there
    sequence: int                     # absent counts as 0 in the order
    data: dict
    body: str                         # all of it with sorted keys: a duplicate or a conflict?
    at: int = 0                       # effective time, set by set_effective_times
    made: int = 0                     # the same without regard to an exemption's `from`

    @property
    def order(self):
        return (self.at, self.source, self.sequence, self.id)


RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?"
                     r"(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII)


def parse_time(text):
    match = RFC3339.fullmatch(text)
    if not match:
        raise ValueError("not an RFC 3339 time with an offset")
    *whole, fraction, zulu, sign, hours, minutes = match.groups()
    moment = datetime(*map(int, whole), tzinfo=timezone.utc)
    ms = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
    ms += int(((fraction or "") + "000")[:3])          # finer digits are cut off
    if not zulu:
        if int(hours) > 23 or int(minutes) > 59:
            raise ValueError("offset out of range")
        offset = (int(hours) * 60 + int(minutes)) * MINUTE
        ms += offset if sign == "-" else -offset
    return ms


def check_field(where, value, kind):
    right = {"s": isinstance(value, str),
             "b": isinstance(value, bool),
             "i|s": isinstance(value, (int, str)) and not isinstance(value, bool),
             "t": isinstance(value, str)}[kind]
    if not right:
        raise Rejected(f"{where} has the wrong JSON type")
    if kind == "t":
        try:
            parse_time(value)
        except ValueError as error:
            raise Rejected(f"{where}: {error}") from None


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")       # Python would take NaN and Infinity


def parse_line(raw, roster):
    """One line of bytes -> Event, or Rejected."""
    if len(raw) > LINE_BYTES_MAX:
        raise Rejected("over 16 KiB")
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise Rejected("not JSON") from None
    if not isinstance(body, dict):
        raise Rejected("not a JSON object")
    for name in ("specversion", "id", "source", "type", "time"):
        if name not in body:
            raise Rejected(f"{name} is missing")
        check_field(name, body[name], "s")
    if body["specversion"] != "1.0":
        raise Rejected("specversion is not 1.0")
    if not body["id"]:
        raise Rejected("id is empty")
    check_field("time", body["time"], "t")
    if body["type"] not in TYPES:
        raise Rejected(f"unknown type {body['type']}")
    senders, required, optional = TYPES[body["type"]]

    parts = body["source"].split("/")
    if len(parts) != 3 or parts[0] != "" or parts[1] != roster.office:
        raise Rejected(f"source {body['source']} is not of this office")
    device = roster.devices.get(parts[2])
    if device is None:
        raise Rejected(f"unknown device {parts[2]}")
    if device.kind not in senders:
        raise Rejected(f"{parts[2]} may not send {body['type']}")

    if "data" not in body:
        raise Rejected("data is missing")
    data = body["data"]
    if not isinstance(data, dict):
        raise Rejected("data has the wrong JSON type")
    for key, kind in required.items():
        if key not in data:
            raise Rejected(f"data.{key} is missing")
        check_field(f"data.{key}", data[key], kind)
    for key, kind in optional.items():
        if key in data:
            check_field(f"data.{key}", data[key], kind)
    if body["type"] == "exemption.granted" \
            and parse_time(data["until"]) <= parse_time(data["from"]):
        raise Rejected("until is not after from")

    for name in ("bootid", "sequence"):
        if name in body:
            check_field(name, body[name], "s")
    if "sequence" in body and not re.fullmatch(r"\d+", body["sequence"], re.ASCII):
        raise Rejected("sequence is not a decimal number")
    both = "bootid" in body and "sequence" in body
    return Event(
        source=body["source"], id=body["id"], device=device, type=body["type"],
        time=parse_time(body["time"]),
        boot=body["bootid"] if both else None,
        sequence=int(body["sequence"]) if both else 0,
        data=data, body=json.dumps(body, sort_keys=True))


def read_events(paths, roster):
    """Accepted events in the given order, and how many lines were rejected (told on stderr)."""
    accepted, rejected = {}, 0
    for path in paths:
        with open(path, "rb") as file:
            for number, raw in enumerate(file, start=1):
                raw = raw.rstrip(b"\r\n")
                if not raw.strip():
                    continue
                try:
                    event = parse_line(raw, roster)
                    known = accepted.setdefault((event.source, event.id), event)
                    if known is not event and known.body != event.body:
                        raise Rejected("another body under a known source and id")
                except Rejected as reason:
                    rejected += 1
                    print(f"{path}:{number}: {reason}", file=sys.stderr)
    return list(accepted.values()), rejected


# --- time (section 5) --------------------------------------------------------------------------


def set_effective_times(events):
    """Within one boot sequence beats time: nobody takes effect before a lower sequence did.

    A grant takes effect at its `from`, which moves nothing else; its own time moves those after
    it like any other event's. Reading: the own time that decides whether a grant waits, and
    whether a revocation reaches it, is also subject to its boot's sequence (`made`).
    """
    boots = defaultdict(list)
    for event in events:
        event.made = event.time
        if event.boot is not None:
            boots[event.source, event.boot].append(event)
    for boot in boots.values():
        boot.sort(key=lambda e: e.sequence)
        below = None                  # latest time among strictly lower sequences
        for _, equals in itertools.groupby(boot, key=lambda e: e.sequence):
            equals = list(equals)
            for event in equals:
                event.made = event.time if below is None else max(event.time, below)
            below = max(event.made for event in equals)
    for event in events:
        event.at = parse_time(event.data["from"]) if event.type == "exemption.granted" \
            else event.made


def office_clock(events):
    ticks = [e.time for e in events if e.type == "clock.ticked"]
    return max(ticks or [e.time for e in events])


@dataclass
class Gap:
    start: int
    end: int | None                   # None: silent up to the office clock
    lost: bool = False                # events were lost in it, or the boot differs


def find_gaps(device, events, clock):
    """`events` are this device's, in order."""
    if not device.heartbeats or not events:
        return []
    gaps = []
    for before, after in zip(events, events[1:]):
        if after.at - before.at > device.silent_after:
            lost = before.boot is not None and after.boot is not None and (
                before.boot != after.boot or after.sequence > before.sequence + 1)
            gaps.append(Gap(before.at, after.at, lost))
    if clock - events[-1].at > device.silent_after:
        gaps.append(Gap(events[-1].at, None))
    return gaps


class Timeline:
    """Everything about the events that does not need the state: order, clock, gaps, horizons."""

    def __init__(self, roster, accepted):
        self.roster = roster
        set_effective_times(accepted)
        self.clock = office_clock(accepted)
        # Events beyond the clock wait. A grant waits for its own time as well as for its `from`.
        self.events = sorted((e for e in accepted if max(e.at, e.made) <= self.clock),
                             key=lambda e: e.order)
        of_device = defaultdict(list)
        for event in self.events:
            of_device[event.device.id].append(event)
        self.of_device = of_device
        self.gaps = {d.id: find_gaps(d, of_device[d.id], self.clock)
                     for d in roster.devices.values()}
        self.horizon = {}
        for device in roster.devices.values():
            spoken = of_device[device.id]
            silent = any(gap.end is None for gap in self.gaps[device.id])
            self.horizon[device.id] = spoken[-1].at \
                if spoken and device.heartbeats and not silent else self.clock
        self.exemptions = self.find_exemptions()

    def gap_at(self, device, t):
        for gap in self.gaps[device]:
            if gap.start <= t and (gap.end is None or t < gap.end):
                return gap
        return None

    def find_exemptions(self):
        """officer -> [from, until) pairs, each cut by the first revocation that reaches it."""
        windows = defaultdict(list)
        for grant in self.events:
            if grant.type != "exemption.granted":
                continue
            start, until = grant.at, parse_time(grant.data["until"])
            for other in self.events:
                # Reading: a revocation at the very moment `from` reaches the grant, in whichever
                # order the two stand.
                if other.type == "exemption.revoked" \
                        and other.data["officer"] == grant.data["officer"] \
                        and grant.made <= other.at and start <= other.at < until:
                    until = other.at
            windows[grant.data["officer"]].append((start, until))
        return windows

    def boot_ends(self):
        """(moment, event) for each workstation.started that takes effect before its own time."""
        for event in self.events:
            if event.type == "workstation.started" and event.device.heartbeats:
                before = [e.at for e in self.of_device[event.device.id] if e.at < event.at]
                if before:
                    yield max(before), event

    def instants(self):
        """Every moment at which anything can change, up to the clock. Too many do no harm."""
        moments = {self.clock}
        for event in self.events:
            moments.add(event.at)
            moments.update(event.at + timer for timer in {
                "service.started": [self.roster.service_max],
                "session.signed_in": [CHECK_LIMIT],
                "lockbox.checked": [CHECK_LIMIT],
                "custody.declared_none": [DECLARATION_MAX],
                "emergency.started": [EMERGENCY_MAX],
                "emergency.ended": [EMERGENCY_TAIL],
            }.get(event.type, []))
        for windows in self.exemptions.values():
            moments.update(edge for window in windows for edge in window)
        for gaps in self.gaps.values():
            moments.update(edge for g in gaps for edge in (g.start, g.end) if edge is not None)
        moments.update(self.horizon.values())
        return sorted(m for m in moments if m <= self.clock)


# --- state (sections 3, 5 and 6) ---------------------------------------------------------------


@dataclass
class Counter:
    officer: str | None = None        # who is signed in
    session: int | None = None        # number of the session, a subject; None: nobody
    session_start: int = 0
    served: bool = False
    on_break: bool = False
    service: int | None = None        # number of the service; it may have lapsed
    service_start: int = 0
    apps: set = field(default_factory=set)
    usb: dict = field(default_factory=dict)       # id -> (class, allowed)


@dataclass
class Officer:
    inside: set = field(default_factory=set)      # handsets that are in; the others are out
    held: bool = False
    declared: int | None = None       # when the standing declaration was made
    declared_closing: bool = False    # his shift has ended, it ends with his last session
    shift: bool = False
    lockbox: str | None = None
    located: int | None = None        # the last time S said where his phones are
    checked: int | None = None


class State:
    """What the events say at one moment. Timers and gaps are asked with the moment at hand."""

    def __init__(self, timeline):
        self.line = timeline
        self.roster = timeline.roster
        self.counters = {c: Counter() for c in self.roster.of_kind("W")}
        named = {e.data["officer"] for e in timeline.events if "officer" in TYPES[e.type][1]}
        self.officers = {
            o: Officer(lockbox=self.roster.home_lockbox.get(o))
            for o in sorted(named | set(self.roster.handsets))}
        self.emergency_start = None
        self.emergency_end = None     # exclusive; meaningless without a start
        self.emergency_ended = False
        self.numbers = 0              # sessions and services given out so far

    def snapshot(self):
        other = copy.copy(self)
        other.counters = {k: copy.copy(v) for k, v in self.counters.items()}
        for counter in other.counters.values():
            counter.apps, counter.usb = set(counter.apps), dict(counter.usb)
        other.officers = {k: copy.copy(v) for k, v in self.officers.items()}
        for officer in other.officers.values():
            officer.inside = set(officer.inside)
        return other

    # Questions.

    def handsets(self, officer):
        return self.roster.handsets.get(officer, [])

    def silent(self, device, t):
        return self.line.gap_at(device, t) is not None

    def service_active(self, counter, t):
        c = self.counters[counter]
        return c.service is not None and t < c.service_start + self.roster.service_max

    def sessions_of(self, officer):
        return [k for k, c in self.counters.items()
                if c.session is not None and c.officer == officer]

    def services_of(self, officer, t):
        """Counters where a service of his is active; those at silent counters do not count."""
        return [k for k in self.sessions_of(officer)
                if self.service_active(k, t) and not self.silent(k, t)]

    def declared(self, officer, t):
        made = self.officers[officer].declared
        return made is not None and t < made + DECLARATION_MAX

    def in_emergency(self, t):
        return self.emergency_start is not None and t < self.emergency_end

    def custody(self, officer, t):
        o = self.officers[officer]
        if any(start <= t < until for start, until in self.line.exemptions[officer]):
            return "exempt"
        if self.declared(officer, t):
            return "none_declared"
        if not self.handsets(officer):
            return "unknown"
        if o.held:
            return "in"
        if o.lockbox is not None:
            gap = self.line.gap_at(o.lockbox, t)
            if gap and not (o.located is not None and o.located >= gap.start):
                return "unknown"
        return "in" if o.inside.issuperset(self.handsets(officer)) else "out"

    # Changes.

    def next_number(self):
        self.numbers += 1
        return self.numbers

    def close_counter(self, counter):
        """Ends session, break and service."""
        c = self.counters[counter]
        c.officer = c.session = c.service = None
        c.served = c.on_break = False

    def clear_workstation(self, counter):
        self.counters[counter].apps.clear()
        self.counters[counter].usb.clear()

    def end_boot(self, counter):
        self.close_counter(counter)
        self.clear_workstation(counter)

    def lose_events(self, counter):
        self.counters[counter].service = None
        self.clear_workstation(counter)

    def settle_declarations(self):
        """A declaration whose shift has ended ends when his last session has closed.

        Reading: what counts is whether a session of his is open after an event, so signing in
        again, here or elsewhere, goes on without a close.
        """
        for name, o in self.officers.items():
            if o.declared is not None and o.declared_closing and not self.sessions_of(name):
                o.declared = None

    def handset_of(self, event):
        """The active private handset a deposit or withdrawal concerns, or None (section 3)."""
        name, o = event.data["officer"], self.officers[event.data["officer"]]
        mine = self.handsets(name)
        if "handset" in event.data:
            return event.data["handset"] if event.data["handset"] in mine else None
        if event.type == "lockbox.deposited":
            return next((h for h in mine if h not in o.inside), None)
        return next((h for h in reversed(mine) if h in o.inside), None)

    def apply(self, event):
        """Applies one event and says whether it is about a private phone (`event.private`)."""
        t = event.at
        private = False
        c = self.counters.get(event.device.id)
        name = event.data.get("officer") if "officer" in TYPES[event.type][1] else None
        o = self.officers.get(name)
        match event.type:
            case "workstation.started":
                # With heartbeats the boot ended earlier, see Timeline.boot_ends. Reading: "no
                # effect if it is the first event" is true here as well, there is nothing to end.
                if not event.device.heartbeats:
                    self.end_boot(event.device.id)
            case "session.signed_in":
                self.end_boot(event.device.id)
                for elsewhere in self.sessions_of(name):
                    if not self.service_active(elsewhere, t) or self.silent(elsewhere, t):
                        self.close_counter(elsewhere)
                c.officer, c.session, c.session_start = name, self.next_number(), t
            case "session.signed_out":
                self.close_counter(event.device.id)
            case "service.started":
                c.on_break = False
                c.service, c.service_start = self.next_number(), t
                c.served = True
            case "service.ended":
                c.service = None
            case "break.started":
                c.service, c.on_break = None, True
            case "break.ended":
                c.on_break = False
            case "app.opened":
                c.apps.add(event.data["category"])
            case "app.closed":
                c.apps.discard(event.data["category"])
            case "usb.attached":
                key = event.data.get("id", event.data["class"])
                c.usb[key] = (event.data["class"], event.data.get("allowed", False))
            case "usb.detached":
                c.usb.pop(event.data.get("id", event.data["class"]), None)
            case "shift.started":
                o.shift = True
                o.declared_closing = False
            case "shift.ended":
                o.shift = False
                o.declared_closing = True         # at once, if no session is open
            case "lockbox.deposited" | "lockbox.withdrawn":
                handset = self.handset_of(event)
                o.lockbox = event.device.id       # also when no handset is concerned
                if handset is not None:
                    private = True
                    o.declared = None
                    if event.type == "lockbox.deposited":
                        o.inside.add(handset)     # a deposit does not end a hold
                    else:
                        o.inside.discard(handset)
                        o.held = False
            case "lockbox.checked":
                o.checked = t
                if self.handsets(name):           # else it concerns no handset of his
                    if event.device.kind == "S":
                        o.located = t
                    if event.data["present"]:
                        o.inside, o.declared = set(self.handsets(name)), None
                    else:
                        o.inside, o.held = set(), False
            case "handset.seen":
                # A private phone was seen: that contradicts and ends a declaration also for an
                # officer without registered handsets (the examples say so), who has no more to
                # change.
                private = True
                o.declared = None
                o.located, o.inside, o.held = t, set(), False
            case "custody.held":
                o.held = True
            case "custody.returned":
                o.located, o.inside, o.held = t, set(), False
            case "custody.declared_none":
                o.declared, o.declared_closing = t, False
            case "emergency.started":
                self.emergency_start, self.emergency_end = t, t + EMERGENCY_MAX
                self.emergency_ended = False
            case "emergency.ended":
                if self.in_emergency(t) and not self.emergency_ended:
                    self.emergency_ended = True
                    self.emergency_end = min(self.emergency_end, t + EMERGENCY_TAIL)
            # Heartbeats and ticks are time alone; exemptions are in Timeline.exemptions.
        self.settle_declarations()
        return private


# --- policies (section 7) ----------------------------------------------------------------------


class View:
    """The names a policy may use, for one subject on the elementary interval that begins at t.

    `on` policies see the interval before their instant, with an emergency that begins at it and
    whether the event is about a private phone.
    """

    def __init__(self, state, t, counter=None, lockbox=None, officer=None,
                 emergency_begins=False, private=False):
        self.state, self.t = state, t
        self.emergency_begins, self.private = emergency_begins, private
        self.counter, self.lockbox, self.officer = counter, lockbox, officer
        self.desk = state.counters.get(counter)
        if self.desk and officer is None:
            self.officer = self.desk.officer

    @property
    def service_active(self):
        return self.state.service_active(self.counter, self.t)

    @property
    def session_active(self):
        return self.desk.session is not None

    @property
    def unchecked_for(self):
        checked = self.state.officers[self.officer].checked
        return self.t - max(self.desk.session_start, checked if checked is not None else 0)

    @property
    def shift_active(self):
        return self.state.officers[self.officer].shift

    @property
    def custody(self):
        return self.state.custody(self.officer, self.t)

    @property
    def handsets(self):
        return len(self.state.handsets(self.officer))

    @property
    def active_services(self):
        return len(self.state.services_of(self.officer, self.t))

    @property
    def declared_none(self):
        return self.state.declared(self.officer, self.t)

    @property
    def workstation_silent(self):
        return self.state.silent(self.counter, self.t)

    @property
    def lockbox_silent(self):
        return self.state.silent(self.lockbox, self.t)

    @property
    def usb(self):
        return {usb_class for usb_class, allowed in self.desk.usb.values() if not allowed}

    @property
    def emergency(self):
        return self.emergency_begins or self.state.in_emergency(self.t)


@dataclass
class Policy:
    id: str
    verdict: str
    severity: str
    per: str                          # session | counter | officer | lockbox
    holds: object                     # predicate of a View
    hold_for: int = 0
    bridge: int = 0
    names_custody: bool = False       # then the officer's lockbox bounds the horizon
    names_silence: bool = False       # then it is judged in a workstation's gap
    on: tuple = ()                    # event types; then there is no `for` and no `bridge`


PHONE_CLASSES = {"mtp", "ptp", "rndis", "ncm"}

POLICIES = [
    Policy("phone-out-during-service", "indication", "major", "session",
           lambda v: v.service_active and v.custody == "out",
           60 * SECOND, 2 * MINUTE, names_custody=True),
    Policy("no-deposit-after-sign-in", "indication", "minor", "session",
           lambda v: (v.session_active and not v.desk.served and not v.desk.on_break
                      and v.custody == "out"),
           5 * MINUTE, names_custody=True),
    Policy("serving-at-two-counters", "indication", "major", "officer",
           lambda v: v.active_services > 1,
           30 * SECOND),
    Policy("sign-in-outside-shift", "indication", "minor", "session",
           lambda v: v.session_active and not v.shift_active,
           15 * MINUTE, 15 * MINUTE),
    Policy("messaging-on-workstation", "indication", "major", "session",
           lambda v: v.service_active and "messaging" in v.desk.apps,
           60 * SECOND, 2 * MINUTE),
    Policy("phone-on-usb", "indication", "major", "session",
           lambda v: v.session_active and bool(v.usb & PHONE_CLASSES),
           0, 15 * MINUTE),
    Policy("declared-none-contradicted", "indication", "major", "officer",
           lambda v: v.declared_none and v.private,
           on=("handset.seen", "lockbox.withdrawn")),
    Policy("custody-unverifiable", "unverifiable", "minor", "session",
           lambda v: v.service_active and v.custody == "unknown",
           2 * MINUTE, 10 * MINUTE, names_custody=True),
    Policy("handset-not-registered", "unverifiable", "info", "session",
           lambda v: v.session_active and v.handsets == 0 and not v.declared_none,
           0, 15 * MINUTE),
    Policy("service-without-sign-in", "technical", "major", "counter",
           lambda v: v.service_active and not v.session_active,
           2 * MINUTE, 2 * MINUTE),
    Policy("lockbox-check-overdue", "technical", "minor", "session",
           lambda v: (v.session_active and v.custody not in ("exempt", "none_declared")
                      and v.handsets >= 1 and v.unchecked_for >= CHECK_LIMIT),
           0, 30 * MINUTE, names_custody=True),
    Policy("counter-silent", "technical", "minor", "counter",
           lambda v: v.session_active and v.workstation_silent,
           3 * MINUTE, names_silence=True),
    Policy("lockbox-silent", "technical", "major", "lockbox",
           lambda v: v.lockbox_silent,
           2 * MINUTE, names_silence=True),
    Policy("lockbox-forced", "technical", "critical", "lockbox",
           lambda v: not v.emergency,
           on=("lockbox.forced", "lockbox.tampered")),
]


# --- judging (sections 5 and 7) ----------------------------------------------------------------


def views_of(policy, state, t):
    """(subject, View) for every subject this policy has on the interval that begins at t."""
    if policy.per == "session":
        for name, counter in state.counters.items():
            if counter.session is not None:       # a new sign-in is a new subject
                yield (name, counter.session), View(state, t, counter=name)
    elif policy.per == "counter":
        for name in state.counters:
            yield name, View(state, t, counter=name)
    elif policy.per == "lockbox":
        for name in state.roster.of_kind("L"):
            yield name, View(state, t, lockbox=name)
    else:
        for name in state.officers:
            yield name, View(state, t, officer=name)


def horizon_of(policy, view):
    """Up to when this condition may be judged (section 5), by the devices of this very moment."""
    line, state = view.state.line, view.state
    devices = []
    if policy.per in ("session", "counter"):
        devices.append(view.counter)
    if policy.per == "officer":
        devices += state.services_of(view.officer, view.t)
    if policy.names_custody and state.officers[view.officer].lockbox is not None:
        devices.append(state.officers[view.officer].lockbox)
    return min([line.clock] + [line.horizon[d] for d in devices])


@dataclass
class Piece:
    start: int
    end: int | None                   # None while it grows
    first: View                       # who the subject is at its start
    cut: bool = False                 # the horizon ended it, not the events


def find_pieces(policy, intervals):
    """subject -> pieces in time order. The last interval begins at the clock and has no length."""
    pieces = defaultdict(list)
    growing = {}
    for t, state in intervals:
        holding, beyond = {}, set()
        for subject, view in views_of(policy, state, t):
            holds = policy.holds(view)
            if policy.verdict == "indication" and view.emergency:
                holds = False
            if view.counter and view.workstation_silent and not policy.names_silence:
                holds = False
            if holds and t < horizon_of(policy, view):
                holding[subject] = view
            elif holds:
                beyond.add(subject)
        for subject in list(growing):
            if subject not in holding:
                piece = growing.pop(subject)
                piece.end, piece.cut = t, subject in beyond
        for subject, view in holding.items():
            if subject not in growing:
                growing[subject] = Piece(t, None, view)
                pieces[subject].append(growing[subject])
    assert not growing, "nothing is judged at or after the clock"
    return pieces


def runs_of(policy, pieces):
    """Pieces with less than `bridge` between them form one run."""
    run = []
    for piece in pieces:
        if run and piece.start - run[-1].end >= policy.bridge:
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


def moment_reached(run, hold_for):
    """When the held time reached `hold_for`."""
    for piece in run:
        if piece.end - piece.start >= hold_for:
            return piece.start + hold_for
        hold_for -= piece.end - piece.start


def judge_states(policy, intervals):
    for pieces in find_pieces(policy, intervals).values():
        for run in runs_of(policy, pieces):
            if sum(p.end - p.start for p in run) > policy.hold_for:      # strictly
                yield (run[0].first, run[0].start, moment_reached(run, policy.hold_for),
                       None if run[-1].cut else run[-1].end)


def judge_event(policy, before, event, private, emergency_begins):
    """`on` sees the state just before its instant, but an emergency that begins at it counts.

    Reading: the time of the verdict is the event's effective time.
    """
    t, state = before
    view = View(state, t,
                lockbox=event.device.id if policy.per == "lockbox" else None,
                officer=event.data["officer"] if policy.per == "officer" else None,
                emergency_begins=emergency_begins, private=private)
    if policy.holds(view) and not (policy.verdict == "indication" and view.emergency):
        yield view, event.at, event.at, event.at


def judge(roster, accepted):
    """All verdicts, sorted."""
    if not accepted:
        return []
    line = Timeline(roster, accepted)
    events_at = defaultdict(list)
    for event in line.events:
        events_at[event.at].append(event)
    # What takes effect at an earlier moment is applied after all events of that moment.
    late_at = defaultdict(list)
    for moment, event in line.boot_ends():
        late_at[moment].append((State.end_boot, event.device.id))
    for counter in roster.of_kind("W"):
        for gap in line.gaps[counter]:
            if gap.lost:
                late_at[gap.start].append((State.lose_events, counter))

    found = []                        # (policy, view, since, opened, until)
    state = State(line)
    intervals = []                    # (start, state on the interval up to the next start)
    instants = line.instants()
    before = (instants[0] - 1, state.snapshot())
    for t in instants:
        privates = [(event, state.apply(event)) for event in events_at[t]]
        for change, counter in late_at[t]:
            change(state, counter)
        state.settle_declarations()
        begins = any(e.type == "emergency.started" for e in events_at[t])
        for event, private in privates:
            for policy in POLICIES:
                if event.type in policy.on:
                    found += [(policy, *verdict) for verdict in
                              judge_event(policy, before, event, private, begins)]
        before = (t, state.snapshot())
        intervals.append(before)
    for policy in POLICIES:
        if not policy.on:
            found += [(policy, *verdict) for verdict in judge_states(policy, intervals)]

    def moment(ms):
        if ms is None:
            return None
        utc = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=ms)
        return utc.astimezone(roster.zone).isoformat(timespec="milliseconds")

    def rank(row):
        policy, view, since, *_ = row
        return (since, policy.id, view.counter or "", view.lockbox or "", view.officer or "")

    return [{
        "policy": policy.id, "verdict": policy.verdict, "severity": policy.severity,
        "office": roster.office, "counter": view.counter, "lockbox": view.lockbox,
        "officer": view.officer, "since": moment(since), "opened": moment(opened),
        "until": moment(until), "evidence": [],
    } for policy, view, since, opened, until in sorted(found, key=rank)]


def main(arguments):
    if len(arguments) < 2:
        print(__doc__.strip().splitlines()[2].strip(), file=sys.stderr)
        return 2
    roster = load_roster(arguments[0])
    events, rejected = read_events(arguments[1:], roster)
    for verdict in judge(roster, events):
        print(json.dumps(verdict, ensure_ascii=False, separators=(",", ":")))
    return 3 if rejected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
