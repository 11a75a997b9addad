#!/usr/bin/env python3
"""Random hostile event files for the example roster, one per seed.

    python3 soup.py SEED [--size normal|small] [--days N] > events.jsonl

A file is a few hours of the office "tangerang": heartbeats, a plausible flow of people, episodes
that aim at the edges of the contract (durations of exactly a limit and one millisecond beside it,
gaps around silent_after, everything at one instant), and noise. Each feature is on or off per
seed, so that simple and wild files both occur. `--size small` keeps to one or two counters and
20 to 60 events besides heartbeats. The same seed always gives the same file.

An event is first made at its true time; only then do clocks go wrong, sequences get holes and
the lines lose their order.
"""

import argparse
import json
import random
import sys
from datetime import datetime, timedelta, timezone

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

OFFICE = "tangerang"
COUNTERS = ["loket-01", "loket-02", "loket-03", "loket-04", "loket-05"]
NO_HEARTBEATS = "loket-05"
LOCKBOXES = ["loker-a", "loker-b"]
BEATS = {"loket-01": 30 * SECOND, "loket-02": 30 * SECOND, "loket-03": 30 * SECOND,
         "loket-04": 30 * SECOND, "loker-a": 30 * SECOND, "loker-b": 60 * SECOND}
SILENT_AFTER = {device: 90 * SECOND for device in BEATS} | {"loker-b": 3 * MINUTE}
HANDSETS = {"p-001": ["h-001"], "p-002": ["h-002a", "h-002b"], "p-003": ["h-003a", "h-003b"],
            "p-004": ["h-004", "h-004d"], "p-005": ["h-005"], "p-006": [], "p-007": ["h-007"]}
STRANGER = "p-099"                    # not in the roster
FOREIGN = ["h-unknown", "h-001", "h-002a", "h-003b", "h-004d"]
USB_CLASSES = ["mtp", "ptp", "rndis", "ncm", "storage", "charge_only", "other"]
# Every duration the contract or a shipped policy names.
LIMITS = [30 * SECOND, 60 * SECOND, 90 * SECOND, 2 * MINUTE, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE,
          15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 2 * HOUR]
LONG_LIMITS = [4 * HOUR, 24 * HOUR]

# Feature -> how often it is on in a normal file.
FEATURES = {
    "same_instant": 0.5,              # events moved onto the instant of others
    "boots": 0.6,                     # bootid and sequence
    "holes": 0.5,                     # in the sequences, with boots only
    "steps": 0.5,                     # the clock jumps back within a boot, with boots only
    "equal_sequences": 0.08,
    "partial_boots": 0.25,            # some events without bootid, or with only one of the two
    "reboots": 0.5,                   # another bootid from some event on, without a start event
    "starts": 0.5,                    # workstation.started
    "ticks": 0.5,
    "short_ticks": 0.5,               # they stop before the last event, with ticks only
    "gaps": 0.75,
    "trailing": 0.6,                  # devices stop before the end
    "mute": 0.15,                     # a device never speaks
    "no_beats": 0.15,                 # a device with heartbeats sends none
    "exemptions": 0.5,
    "declarations": 0.6,
    "holds": 0.5,
    "sightings": 0.6,
    "emergencies": 0.4,
    "checks": 0.7,
    "forced": 0.4,
    "usb": 0.6,
    "apps": 0.6,
    "two_counters": 0.6,
    "nobody": 0.5,                    # services without a sign-in
    "strangers": 0.3,
    "odd_handsets": 0.5,              # suspended, official, foreign, unknown
    "fine_digits": 0.3,
    "offsets": 0.3,
    "duplicates": 0.6,
    "conflicts": 0.25,                # another body under a known identity
    "rejected": 0.3,
    "shuffled": 0.7,
    "long": 0.1,                      # over a day, on few devices
    "noise": 0.8,
}


def rfc3339(ms, offset_minutes=7 * 60, fine=""):
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=ms)
    local = moment.astimezone(timezone(timedelta(minutes=offset_minutes)))
    text = local.isoformat(timespec="milliseconds")
    return text[:23] + fine + text[23:]


class Soup:
    def __init__(self, seed, size, day=None):
        self.rng = random.Random(f"{size} {seed}")
        self.seed, self.size, self.day = seed, size, day or 0
        self.one_of_many = day is not None
        # What is rare has chances of its own, so that it moves nothing else.
        self.rare = random.Random(f"rare {size} {seed}")
        wildness = self.rng.choice([0.4, 1.0, 1.0, 1.6])
        self.on = {name: self.rng.random() < often * wildness for name, often in FEATURES.items()}
        small = size == "small"
        if small:
            self.on["long"] = False
        self.start = 1_795_480_200_000 + self.day * 24 * HOUR     # 2026-11-24T07:30:00+07:00
        if self.on["long"]:
            self.length = 26 * HOUR
        elif small:
            self.length = self.rng.choice([20, 45, 90, 150]) * MINUTE
        else:
            self.length = self.rng.randrange(40, 200) * MINUTE
        self.end = self.start + self.length
        if small or self.on["long"]:
            self.counters = self.rng.sample(COUNTERS, self.rng.choice([1, 2]) if small else 1)
            self.lockboxes = self.rng.sample(LOCKBOXES, 1)
            self.officers = self.rng.sample(sorted(HANDSETS), self.rng.choice([1, 2, 3]))
        else:
            self.counters, self.lockboxes = COUNTERS, LOCKBOXES
            self.officers = self.rng.sample(sorted(HANDSETS), self.rng.randrange(3, 8))
        if self.on["strangers"]:
            self.officers.append(STRANGER)
        self.events = []              # dicts: device, type, at (true time), data
        self.anchors = [self.start + self.rng.randrange(self.length // 2) for _ in range(3)]
        self.gaps = []                # (device, start, end or None)
        self.clock = None             # the last tick, with ticks

    # Choices.

    def maybe(self, chance):
        return self.rng.random() < chance

    def around(self, limit):
        """The limit itself, a millisecond beside it, or clearly more or less."""
        return self.rng.choice([
            limit - 1, limit, limit, limit + 1, limit + 1,
            limit + self.rng.randrange(1, 20 * SECOND),
            max(1, limit - self.rng.randrange(1, 20 * SECOND)),
            self.rng.randrange(1, 2 * limit)])

    def moment(self):
        """Anywhere, or a telling distance from something else."""
        if self.maybe(0.35):
            at = self.start + self.rng.randrange(self.length)
        elif self.maybe(0.15):
            at = self.end - self.rng.randrange(5 * MINUTE)        # where the horizons are
        else:
            limit = self.rng.choice(LIMITS + (LONG_LIMITS if self.on["long"] else []))
            at = self.rng.choice(self.anchors[-12:]) + self.around(limit)
        if not self.start <= at < self.end:
            at = self.start + self.rng.randrange(self.length)
        self.anchors.append(at)
        return at

    def counter(self):
        return self.rng.choice(self.counters)

    def officer(self):
        return self.rng.choice(self.officers)

    def lockbox(self):
        return self.rng.choice(self.lockboxes)

    def elsewhere(self, counter):
        return self.rng.choice([c for c in self.counters if c != counter] or [counter])

    # Making events.

    def add(self, device, event_type, at, **data):
        if self.start <= at <= self.end + 5 * MINUTE:
            self.events.append({"device": device, "type": event_type, "at": at, "data": data})

    def sign_in(self, counter, at, officer):
        self.add(counter, "session.signed_in", at, officer=officer)

    def serve(self, counter, at, until=None):
        booking = {"booking": f"TNG-{self.rng.randrange(10_000)}"} if self.maybe(0.8) else {}
        self.add(counter, "service.started", at, **booking)
        if until is not None:
            self.add(counter, "service.ended", until)

    def move(self, kind, at, officer, lockbox=None):
        data = {"officer": officer, "slot": self.rng.randrange(1, 9)}
        mine = HANDSETS.get(officer, [])
        if self.on["odd_handsets"] and self.maybe(0.25):
            data["handset"] = self.rng.choice(FOREIGN)
        elif mine and self.maybe(0.4):
            data["handset"] = self.rng.choice(mine)
        self.add(lockbox or self.lockbox(), f"lockbox.{kind}", at, **data)

    def check(self, at, officer, device=None, present=None):
        device = device or self.rng.choice(["system", *self.lockboxes])
        by = {"by": "s-01"} if self.maybe(0.7) else {}
        self.add(device, "lockbox.checked", at, officer=officer,
                 present=self.maybe(0.5) if present is None else present, **by)

    def system(self, event_type, at, officer):
        extra = {"custody.held": {"by": "s-01", "witness": "p-001"},
                 "custody.returned": {"by": "s-01", "witness": "p-001"},
                 "handset.seen": {"by": "s-01"}}.get(event_type, {})
        self.add("system", event_type, at, officer=officer, **extra)

    def grant(self, at, officer, start, until):
        if until > start:
            self.add("system", "exemption.granted", at, officer=officer,
                     **{"from": self.time_text(start), "until": self.time_text(until)},
                     approver="s-02")

    # Episodes: each aims at one corner of the contract.

    def episode_phone_out(self):
        """Pieces of about `for` with about `bridge` between them."""
        counter, officer, lockbox = self.counter(), self.officer(), self.lockbox()
        t = self.moment()
        self.sign_in(counter, t, officer)
        if self.maybe(0.6):
            t += self.rng.choice([0, SECOND, MINUTE])
            self.check(t, officer, present=True)
        t += self.rng.choice([0, 1, 10 * SECOND])
        self.serve(counter, t)
        for _ in range(self.rng.randrange(1, 4)):
            self.move("withdrawn", t, officer, lockbox)
            t += self.around(60 * SECOND) if self.maybe(0.7) else self.around(30 * SECOND)
            self.move("deposited", t, officer, lockbox)
            t += self.around(2 * MINUTE)
        if self.maybe(0.7):
            self.add(counter, "service.ended", t)

    def episode_no_deposit(self):
        counter, officer = self.counter(), self.officer()
        t = self.moment()
        self.sign_in(counter, t, officer)
        if self.maybe(0.4):
            pause = t + self.rng.randrange(2 * MINUTE)
            self.add(counter, "break.started", pause, **({"kind": "meal"} if self.maybe(.5) else {}))
            self.add(counter, "break.ended", pause + self.rng.randrange(1, MINUTE))
        t += self.around(5 * MINUTE)
        if self.maybe(0.5):
            self.serve(counter, t, t + self.around(2 * MINUTE))
        else:
            self.check(t, officer, present=True)

    def episode_two_counters(self):
        counter, officer = self.counter(), self.officer()
        other = self.elsewhere(counter)
        t = self.moment()
        self.sign_in(counter, t, officer)
        if self.maybe(0.8):
            self.serve(counter, t + self.rng.choice([0, 1, SECOND]))
        t += self.rng.choice([2 * SECOND, self.around(60 * MINUTE), MINUTE])
        if self.maybe(0.3) and counter != NO_HEARTBEATS:
            # The first counter falls silent, around the moment he signs in at the other.
            edge = t + self.rng.choice([-1, 0, 1, -MINUTE])
            self.gaps.append((counter, edge, edge + self.around(SILENT_AFTER[counter])))
        self.sign_in(other, t, officer)
        t += self.rng.choice([0, 1, SECOND])
        self.serve(other, t)
        t += self.around(30 * SECOND)
        self.add(self.rng.choice([counter, other]), self.rng.choice(
            ["service.ended", "service.ended", "break.started"]), t)
        if self.maybe(0.5):
            self.add(counter, "session.signed_out", t + self.rng.randrange(MINUTE), officer=officer)

    def episode_lapse(self):
        """A forgotten service, and something at the moment it lapses."""
        counter, officer = self.counter(), self.officer()
        t = self.moment()
        if self.maybe(0.8):
            self.sign_in(counter, t, officer)
        self.serve(counter, t)
        t += 60 * MINUTE + self.rng.choice([-1, 0, 1])
        self.rng.choice([
            lambda: self.sign_in(self.elsewhere(counter), t, officer),
            lambda: self.serve(counter, t),
            lambda: self.add(counter, "service.ended", t),
            lambda: self.move("withdrawn", t - 60 * SECOND, officer)])()

    def episode_shift(self):
        counter, officer = self.counter(), self.officer()
        t = self.moment()
        self.sign_in(counter, t, officer)
        t += self.around(15 * MINUTE)
        self.system("shift.started", t, officer)
        if self.maybe(0.6):
            t += self.around(15 * MINUTE)
            self.system("shift.ended", t, officer)
            t += self.around(self.rng.choice([MINUTE, 15 * MINUTE]))
            self.system("shift.started", t, officer)
        if self.maybe(0.5):
            self.add(counter, "session.signed_out", t + self.around(15 * MINUTE), officer=officer)

    def episode_declaration(self):
        counter, officer = self.counter(), self.officer()
        t = self.moment()
        self.system("custody.declared_none", t, officer)
        if self.maybe(0.7):
            self.sign_in(counter, t + self.rng.choice([-MINUTE, 0, 1, MINUTE]), officer)
            self.serve(counter, t + MINUTE)
        steps = [
            lambda at: self.system("shift.ended", at, officer),
            lambda at: self.system("shift.ended", at, officer),
            lambda at: self.system("shift.started", at, officer),
            lambda at: self.add(counter, "session.signed_out", at, officer=officer),
            lambda at: self.sign_in(self.counter(), at, officer),
            lambda at: (self.add(counter, "session.signed_out", at, officer=officer),
                        self.sign_in(self.counter(), at, officer)),
            lambda at: self.system("handset.seen", at, officer),
            lambda at: self.move("withdrawn", at, officer),
            lambda at: self.move("deposited", at, officer),
            lambda at: self.check(at, officer),
            lambda at: self.system("custody.declared_none", at, officer),
            lambda at: self.system("custody.held", at, officer),
            lambda at: self.system("custody.returned", at, officer),
        ]
        for _ in range(self.rng.randrange(1, 5)):
            t += self.rng.choice([0, 1, self.rng.randrange(3 * MINUTE), self.around(60 * SECOND)])
            self.rng.choice(steps)(t)
        if self.on["long"] and self.maybe(0.7):
            self.system("handset.seen", self.events[-1]["at"] + 24 * HOUR
                        + self.rng.choice([-1, 0, 1]), officer)

    def episode_hold(self):
        officer, counter = self.officer(), self.counter()
        if self.maybe(0.5):
            officer = "p-002"         # with one of two phones in, a hold still makes a difference
        t = self.moment()
        self.sign_in(counter, t, officer)
        self.serve(counter, t)
        self.system("custody.held", t + self.rng.choice([0, 1, MINUTE]), officer)
        for _ in range(self.rng.randrange(1, 4)):
            t += self.around(60 * SECOND)
            self.rng.choice([
                lambda: self.system("custody.returned", t, officer),
                lambda: self.system("handset.seen", t, officer),
                lambda: self.check(t, officer),
                lambda: self.move("withdrawn", t, officer),
                lambda: self.move("deposited", t, officer)])()

    def episode_exemption(self):
        officer, counter = self.officer(), self.counter()
        t = self.moment()
        if self.maybe(0.7):
            self.sign_in(counter, t - self.rng.randrange(10 * MINUTE), officer)
            self.serve(counter, t - self.rng.randrange(5 * MINUTE))
        own = t + self.rng.choice([-HOUR, -MINUTE, 0, 1, MINUTE, 20 * MINUTE])
        if self.maybe(0.2):           # may lie beyond the clock when `from` does not
            own = self.end - self.rng.randrange(3 * MINUTE)
        until = t + self.around(self.rng.choice([60 * SECOND, 5 * MINUTE, 30 * MINUTE]))
        self.grant(own, officer, t, until)
        if self.maybe(0.3):           # beside it, later, from the past or the future
            self.grant(own + MINUTE, officer, t - MINUTE, until + self.around(MINUTE))
        if self.maybe(0.2):
            self.grant(t, officer, self.end + self.rng.choice([-1, 0, MINUTE]), self.end + HOUR)
        if self.maybe(0.6):
            self.system("exemption.revoked", self.rng.choice(
                [t, t - 1, t + 1, own, own, own, own + 1, own - 1, until, until - 1,
                 t + self.rng.randrange(10 * MINUTE)]), officer)

    def episode_emergency(self):
        senders = ["system", *self.lockboxes]
        t = self.moment()
        kinds = self.rng.choice([["started", "ended"], ["started", "ended", "ended"],
                                 ["started", "started", "ended"], ["ended", "started"],
                                 ["started", "ended", "started", "ended"], ["started"]])
        for kind in kinds:
            self.add(self.rng.choice(senders), f"emergency.{kind}", t)
            for _ in range(self.rng.randrange(3)):                # told or not told, at the edges
                edge = self.rng.choice([0, 15 * MINUTE, 15 * MINUTE, 4 * HOUR])
                self.add(self.lockbox(), self.rng.choice(["lockbox.forced", "lockbox.tampered"]),
                         t + edge + self.rng.choice([-1, 0, 1]))
            t += self.rng.choice([0, 1, self.around(MINUTE), self.around(15 * MINUTE)])

    def episode_usb(self):
        counter = self.counter()
        t = self.moment()
        for _ in range(self.rng.randrange(1, 5)):
            data = {"class": self.rng.choice(USB_CLASSES)}
            if self.maybe(0.6):
                data["id"] = f"port-{self.rng.randrange(2)}"
            if self.maybe(0.3):
                data["allowed"] = self.maybe(0.7)
            self.add(counter, "usb.attached", t, **data)
            t += self.rng.choice([0, 1, self.around(MINUTE), self.around(15 * MINUTE)])
            data.pop("allowed", None)
            if self.maybe(0.3):
                data.pop("id", None)
            if self.maybe(0.8):
                self.add(counter, "usb.detached", t, **data)
            t += self.around(15 * MINUTE)

    def episode_apps(self):
        counter = self.counter()
        t = self.moment()
        if self.maybe(0.5):
            self.sign_in(counter, t - self.rng.randrange(MINUTE), self.officer())
        self.serve(counter, t)
        for _ in range(self.rng.randrange(1, 4)):
            category = self.rng.choice(["messaging", "messaging", "messaging", "office", "browser"])
            self.add(counter, "app.opened", t, category=category)
            t += self.rng.choice([self.around(60 * SECOND), self.around(30 * SECOND)])
            self.add(counter, self.rng.choice(["app.closed", "app.closed", "service.ended"]), t,
                     category=category)
            if self.events[-1]["type"] == "service.ended":
                self.events[-1]["data"] = {}
                self.serve(counter, t + self.around(2 * MINUTE))
            t += self.around(2 * MINUTE)

    def episode_nobody(self):
        counter = self.counter()
        t = self.moment()
        if self.maybe(0.7):
            self.add(counter, "session.signed_out", t, officer=self.officer())
        for _ in range(self.rng.randrange(1, 4)):
            until = t + self.around(self.rng.choice([MINUTE, 2 * MINUTE]))
            self.serve(counter, t, until)
            t = until + self.around(2 * MINUTE)
        if self.maybe(0.5):
            self.sign_in(counter, t, self.officer())

    def episode_checks(self):
        """Two hours without a check, give or take a millisecond."""
        officer, counter = self.officer(), self.counter()
        t = self.moment()
        if self.maybe(0.5):           # leave room for the two hours
            t = self.start + (t - self.start) // 4
        if self.maybe(0.8):
            self.sign_in(counter, t, officer)
        for _ in range(self.rng.randrange(1, 3)):
            t += self.rng.choice([self.around(2 * HOUR), 2 * HOUR + self.rng.choice([-1, 0, 1]),
                                  self.around(30 * MINUTE)])
            self.check(t, officer)

    def episode_counter_gap(self):
        counter = self.counter()
        if counter == NO_HEARTBEATS:
            counter = self.elsewhere(counter)
        if counter == NO_HEARTBEATS:
            return
        officer = self.officer()
        t = self.moment()
        if self.maybe(0.8):
            self.sign_in(counter, t - self.rng.choice([0, MINUTE]), officer)
        if self.maybe(0.7):
            self.serve(counter, t - self.rng.choice([0, SECOND, 30 * SECOND]))
        if self.maybe(0.5):
            self.add(counter, "app.opened", t, category="messaging")
        if self.maybe(0.5):
            self.add(counter, "usb.attached", t, **{"class": "mtp"})
        until = t + self.around(self.rng.choice([90 * SECOND, 90 * SECOND, 2 * MINUTE, 3 * MINUTE,
                                                 3 * MINUTE, 10 * MINUTE, 15 * MINUTE]))
        self.gaps.append((counter, t, until))
        if self.maybe(0.4):
            self.sign_in(self.elsewhere(counter),
                         self.rng.choice([t, t + 1, until - 1, until, (t + until) // 2]), officer)
        if self.on["starts"] and self.maybe(0.5):
            self.add(counter, "workstation.started", until + self.rng.choice([0, 0, 1]))
        elif self.maybe(0.5):         # if events were lost, what goes on needs a new start
            self.serve(counter, until + self.rng.choice([0, 1, SECOND]))
        if self.on["starts"] and self.maybe(0.3):
            self.sign_in(counter, until + self.rng.choice([0, 1, SECOND]), officer)

    def episode_lockbox_gap(self):
        """Silence of a lockbox, its users at work, and people who look for themselves."""
        lockbox, officer, counter = self.lockbox(), self.officer(), self.counter()
        t = self.moment()
        self.move("deposited", t - self.rng.choice([0, MINUTE]), officer, lockbox)
        if self.maybe(0.8):
            self.sign_in(counter, t - MINUTE, officer)
            self.serve(counter, t - self.rng.randrange(MINUTE))
        limit = SILENT_AFTER[lockbox]
        until = t + self.around(self.rng.choice(
            [limit, limit, 2 * MINUTE, limit + 2 * MINUTE, 10 * MINUTE, 20 * MINUTE]))
        self.gaps.append((lockbox, t, until))
        if self.maybe(0.15):          # held and then missed, by the other lockbox alone
            self.system("custody.held", t, officer)
            self.check(t + SECOND, officer, self.rng.choice(self.lockboxes), False)
        for _ in range(self.rng.randrange(0, 4)):
            at = self.rng.choice([t, t, t - 1, t + 1, until - 1, until,
                                  t + self.rng.randrange(max(1, until - t))])
            self.rng.choice([
                lambda: self.check(at, officer, "system"),
                lambda: self.check(at, officer, self.rng.choice(self.lockboxes)),
                lambda: self.system("handset.seen", at, officer),
                lambda: self.system("custody.returned", at, officer),
                lambda: self.system("custody.held", at, officer),
                lambda: self.move("deposited", at, officer),
                lambda: self.move("withdrawn", at, officer)])()

    def episode_forced(self):
        t = self.moment()
        for _ in range(self.rng.randrange(1, 3)):
            data = {"slot": self.rng.randrange(9)} if self.maybe(0.5) else {}
            self.add(self.lockbox(), self.rng.choice(["lockbox.forced", "lockbox.tampered"]), t,
                     **data)
            t += self.rng.choice([0, 0, 1, MINUTE])

    def episode_start(self):
        counter = self.counter()
        t = self.moment()
        if self.maybe(0.15):
            t = self.start            # perhaps the first this device says
        self.add(counter, "workstation.started", t)
        if self.maybe(0.3):
            self.add(counter, "workstation.started", t + self.rng.choice([0, 1, SECOND]))
        if self.maybe(0.5):
            self.add(counter, "app.opened", t + self.rng.choice([0, 1]), category="messaging")
        if self.maybe(0.5):
            self.sign_in(counter, t + self.rng.choice([0, 1, SECOND]), self.officer())

    def noise(self):
        at, officer, counter = self.moment(), self.officer(), self.counter()
        self.rng.choice([
            lambda: self.sign_in(counter, at, officer),
            lambda: self.sign_in(counter, at, officer),
            lambda: self.add(counter, "session.signed_out", at, officer=officer),
            lambda: self.serve(counter, at),
            lambda: self.serve(counter, at),
            lambda: self.serve(counter, at, at + self.around(60 * SECOND)),
            lambda: self.add(counter, "service.ended", at),
            lambda: self.add(counter, "break.started", at),
            lambda: self.add(counter, "break.ended", at),
            lambda: self.move("deposited", at, officer),
            lambda: self.move("deposited", at, officer),
            lambda: self.move("withdrawn", at, officer),
            lambda: self.system("shift.started", at, officer),
            lambda: self.system("shift.started", at, officer),
            lambda: self.system("shift.ended", at, officer),
        ])()

    def fill(self):
        always = [self.episode_phone_out, self.episode_no_deposit, self.episode_shift,
                  self.episode_lapse]
        by_feature = {
            "two_counters": self.episode_two_counters, "declarations": self.episode_declaration,
            "holds": self.episode_hold, "exemptions": self.episode_exemption,
            "emergencies": self.episode_emergency, "usb": self.episode_usb,
            "apps": self.episode_apps, "nobody": self.episode_nobody,
            "checks": self.episode_checks, "forced": self.episode_forced,
            "starts": self.episode_start}
        episodes = always + [e for name, e in by_feature.items() if self.on[name]]
        if self.on["gaps"]:
            episodes += [self.episode_counter_gap, self.episode_lockbox_gap]
        wanted = self.rng.randrange(15, 50) if self.size == "small" \
            else self.rng.randrange(80, 400)
        while len(self.events) < wanted:
            if self.on["noise"] and self.maybe(0.4):
                self.noise()
            elif self.on["sightings"] and self.maybe(0.05):
                self.system("handset.seen", self.moment(), self.officer())
            else:
                self.rng.choice(episodes)()
        if self.on["same_instant"]:
            for event in self.rng.sample(self.events, len(self.events) // 8):
                event["at"] = self.rng.choice(self.events)["at"]

    # Devices over time.

    def beat(self):
        """Heartbeats, then silence where gaps are wanted: nothing inside, an event at each edge."""
        devices = [d for d in self.counters + self.lockboxes if d != NO_HEARTBEATS]
        if self.on["mute"]:
            mute = self.rng.choice(self.counters + self.lockboxes)
            self.events = [e for e in self.events if e["device"] != mute]
            devices = [d for d in devices if d != mute]
        if self.on["no_beats"] and devices:
            devices.remove(self.rng.choice(devices))
        for device in devices:
            kind = "lockbox" if device.startswith("loker") else "workstation"
            every = BEATS[device]
            if self.size == "small" or self.on["long"]:
                every = SILENT_AFTER[device] - self.rng.choice([0, 1, 20 * SECOND])
            elif self.length > 90 * MINUTE:
                every = max(every, 50 * SECOND)
            t = self.start + self.rng.randrange(every)
            if self.maybe(0.1):       # installed later; what it says before stands on its own
                t += self.rng.randrange(self.length // 3)
            end = self.end
            if self.on["trailing"]:
                end -= self.rng.choice([
                    0, 1, self.rng.randrange(3 * MINUTE), self.around(SILENT_AFTER[device]),
                    SILENT_AFTER[device] + self.around(2 * MINUTE), self.rng.randrange(HOUR)])
                if self.maybe(0.7):
                    self.gaps.append((device, end, None))
            while t < end:
                self.add(device, f"{kind}.heartbeat", t)
                t += every if every > 85 * SECOND else every + self.rng.choice([0, 0, 0, 1, 700])
            if end >= self.start:
                self.add(device, f"{kind}.heartbeat", end)
        for device, start, end in self.gaps:
            self.events = [e for e in self.events if e["device"] != device
                           or e["at"] <= start or (end is not None and e["at"] >= end)]
            kind = "lockbox" if device.startswith("loker") else "workstation"
            for edge in (start, end):
                if edge is not None and device in devices:
                    self.add(device, f"{kind}.heartbeat", edge)

    def tick(self):
        if not self.on["ticks"]:
            return
        last = max(e["at"] for e in self.events)
        if self.on["short_ticks"]:
            last -= self.rng.choice([0, 1, self.rng.randrange(2 * MINUTE),
                                     self.rng.randrange(self.length // 2)])
        else:
            last += self.rng.choice([0, 1, self.rng.randrange(5 * MINUTE), HOUR])
        every = self.rng.choice([60 * SECOND, 10 * MINUTE, self.length])
        t = self.start
        while t < last:
            self.events.append({"device": "monitor", "type": "clock.ticked", "at": t, "data": {}})
            t += every
        self.events.append({"device": "monitor", "type": "clock.ticked", "at": last, "data": {}})

    def stray(self):
        """Events years away: of a dead clock's device, or of one that lives in the future."""
        if self.one_of_many or self.rare.random() > 0.06:
            return                                # among many days it would keep all from settling
        for _ in range(self.rare.randrange(1, 4)):
            away = self.rare.choice([-1, 1]) * self.rare.randrange(300, 9000) * 24 * HOUR
            device, event_type, data = self.rare.choice([
                (self.counters[0], "workstation.heartbeat", {}),
                (self.counters[0], "workstation.started", {}),
                (self.counters[-1], "session.signed_in", {"officer": self.officers[0]}),
                (self.counters[-1], "service.started", {}),
                (self.lockboxes[0], "lockbox.heartbeat", {}),
                (self.lockboxes[0], "lockbox.deposited", {"officer": self.officers[0], "slot": 1}),
                ("system", "custody.declared_none", {"officer": self.officers[0]}),
                ("system", "emergency.started", {})])
            self.events.append({"device": device, "type": event_type,
                                "at": self.start + away, "data": data})

    def number(self):
        """Boots and sequences in the true order, then clocks that step back."""
        self.rng.shuffle(self.events)             # the order within one instant is anyone's
        self.events.sort(key=lambda e: e["at"])
        devices = sorted({e["device"] for e in self.events})
        for device in devices:
            mine = [e for e in self.events if e["device"] == device]
            if not self.on["boots"] or (self.on["partial_boots"] and self.maybe(0.3)):
                continue
            boot, sequence, back = 1, self.rng.choice([0, 0, 7, 98]), 0
            if self.rare.random() < 0.03:         # the greatest are near
                sequence += 2 ** 64 - 10 ** 6
            for index, event in enumerate(mine):
                restart = event["type"] == "workstation.started" and self.maybe(0.85)
                silent = index and event["at"] - mine[index - 1]["at"] > SILENT_AFTER.get(device, 0)
                if restart or (self.on["reboots"] and index
                               and self.maybe(0.25 if silent else 0.004)):
                    boot, sequence, back = boot + 1, 0, 0
                if self.on["holes"] and self.maybe(0.3 if silent else 0.01):
                    sequence += self.rng.choice([1, 1, 5])
                if self.on["steps"] and self.maybe(0.03):
                    back = self.rng.choice([0, 1, SECOND, MINUTE, 5 * MINUTE])
                event["at"] -= back
                if self.on["partial_boots"] and self.maybe(0.1):
                    if self.maybe(0.3):           # only one of the two: counts as none
                        event["half"] = self.rng.choice(
                            [{"bootid": f"b{boot}"}, {"sequence": str(sequence)}])
                    continue
                event["boot"], event["sequence"] = f"b{boot}", sequence
                if not (self.on["equal_sequences"] and self.maybe(0.05)):
                    sequence += 1
            # A boot of another day is another boot.
            for event in mine:
                if "boot" in event and self.day:
                    event["boot"] = f"d{self.day}-{event['boot']}"
        numbers = {device: list(range(1, 1 + len(self.events))) for device in devices}
        for device in devices:
            if self.maybe(0.5):
                self.rng.shuffle(numbers[device])
        for event in self.events:
            event["id"] = f"e{self.seed}-{numbers[event['device']].pop()}"

    # Lines.

    def time_text(self, ms):
        fine = ""
        if self.on["fine_digits"] and self.maybe(0.3):
            fine = self.rng.choice(["0", "9", "999", "500000", "999999"])
        offset = 7 * 60
        if self.on["offsets"] and self.maybe(0.3):
            offset = self.rng.choice([0, 8 * 60, 9 * 60, -210, 345, -720])
        return rfc3339(ms, offset, fine)

    def body(self, event):
        body = {"specversion": "1.0", "id": event["id"], "source": f"/{OFFICE}/{event['device']}",
                "type": event["type"], "time": self.time_text(event["at"]), "data": event["data"]}
        if "boot" in event:
            body |= {"bootid": event["boot"], "sequence": str(event["sequence"])}
        return body | event.get("half", {})

    def rejected_line(self, body):
        body = json.loads(json.dumps(body))
        body["id"] += "-bad"
        changes = [
            lambda: body.update(type="service.begun"),
            lambda: body.update(source=f"/{OFFICE}/loket-99"),
            lambda: body.update(source="/elsewhere/loket-01"),
            lambda: body.update(source=f"/{OFFICE}/monitor", type="service.ended"),
            lambda: body.update(source=f"/{OFFICE}/system", type="lockbox.forced", data={}),
            lambda: body.update(source=f"/{OFFICE}/loket-01", type="session.signed_in", data={}),
            lambda: body.update(source=f"/{OFFICE}/loket-01", type="session.signed_in",
                                data={"officer": 7}),
            lambda: body.update(source=f"/{OFFICE}/system", type="lockbox.checked",
                                data={"officer": "p-001", "present": "yes"}),
            lambda: body.update(source=f"/{OFFICE}/system", type="exemption.granted",
                                data={"officer": "p-001", "approver": "s-02",
                                      "from": rfc3339(self.end), "until": rfc3339(self.end)}),
            lambda: body.update(time=rfc3339(self.start + 90 * MINUTE)[:23]),
            lambda: body.update(time=self.start // SECOND),
            lambda: body.update(padding="x" * 16 * 1024),
            lambda: (body.update(source=f"/{OFFICE}/loket-01", type="session.signed_in"),
                     body.pop("data")),
            lambda: body.pop("type"),
            lambda: body.pop("id"),
            lambda: body.pop("source"),
        ]
        if self.maybe(0.1):
            return json.dumps(body)[:-1]          # not JSON
        self.rng.choice(changes)()
        return json.dumps(body)

    def lines(self):
        self.fill()
        self.beat()
        if not self.events:           # one mute device may have been all there was
            self.add("system", "shift.started", self.start, officer="p-001")
        self.tick()
        self.stray()
        self.number()
        bodies = [self.body(event) for event in self.events]
        lines = [json.dumps(body) for body in bodies]
        if self.on["shuffled"]:
            self.rng.shuffle(lines)
        else:
            for _ in range(len(lines) // 50):     # a few come late
                lines.insert(self.rng.randrange(len(lines)), lines.pop(
                    self.rng.randrange(len(lines))))

        def insert_somewhere(line, after=0):
            lines.insert(self.rng.randrange(after, len(lines) + 1), line)

        if self.on["duplicates"]:
            for line in self.rng.sample(lines, 1 + len(lines) // 40):
                insert_somewhere(line)
        if self.on["conflicts"]:
            # The other body comes later than the first, or it would be the one that stands.
            for body in self.rng.sample(bodies, min(3, len(bodies))):
                other = body | {"time": rfc3339(self.start + self.rng.randrange(self.length))}
                if other["time"] != body["time"]:
                    insert_somewhere(json.dumps(other), lines.index(json.dumps(body)) + 1)
        if self.on["rejected"]:
            for _ in range(self.rng.randrange(1, 4)):
                insert_somewhere(self.rejected_line(self.rng.choice(bodies)))
        return lines


def days(seed, size, count):
    """Lines of one soup, or of `count` soups a day apart, so that a first day can be forgotten."""
    if count == 1:
        return Soup(seed, size).lines()
    lines = [line for day in range(count) for line in Soup(f"{seed}.{day}", size, day).lines()]
    if int(seed) % 2:
        return lines
    # The last tick of an early day would leave all later days beyond the clock.
    return [line for line in lines if "clock.ticked" not in line]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seed")
    parser.add_argument("--size", choices=["normal", "small"], default="normal")
    parser.add_argument("--days", type=int, default=1)
    arguments = parser.parse_args()
    sys.stdout.write("".join(
        line + "\n" for line in days(arguments.seed, arguments.size, arguments.days)))


if __name__ == "__main__":
    main()
