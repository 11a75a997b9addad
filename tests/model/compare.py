#!/usr/bin/env python3
"""Holds `jagaloket replay` against the model, on one soup a seed.

    python3 compare.py BINARY [--seeds 1-200,707] [--size small|normal|both] [--days N]
        [--shrink]
    python3 compare.py BINARY --file EVENTS.jsonl [--shrink]

For every seed and size: both judge the same file and must say the same, word for word but for
`evidence`, and refuse the same lines. Then the replay judges the lines shuffled and doubled and
must say that again. Only lines of one identity keep their order there, since the first of
them stands (contract, section 2).

The first difference is shown with what makes it again, and the exit status is 1. With `--shrink`
the file is first cut down for as long as the two still differ.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import model  # noqa: E402
import soup  # noqa: E402

ROSTER = HERE.parent / "data/tangerang/roster.toml"
POLICIES = HERE.parent.parent / "policies"
SHOWN = 6                             # verdicts of each side, at most


class Failed(Exception):
    """The replay did not end as a replay should."""


def without_evidence(verdict):
    return {name: value for name, value in verdict.items() if name != "evidence"}


class Judges:
    def __init__(self, binary, roster, policies, folder):
        self.binary, self.roster, self.policies = binary, roster, policies
        self.loaded = model.load_roster(roster)
        self.file = Path(folder) / "events.jsonl"

    def write(self, lines):
        self.file.write_text("".join(line + "\n" for line in lines))

    def ask_model(self, lines):
        """(how many lines are rejected, verdicts)"""
        self.write(lines)
        with redirect_stderr(StringIO()):
            events, rejected = model.read_events([self.file], self.loaded)
        return rejected, [without_evidence(v) for v in model.judge(self.loaded, events)]

    def ask_replay(self, lines):
        """The same of the program under test."""
        self.write(lines)
        done = subprocess.run(
            [self.binary, "replay", "--quiet", "--roster", self.roster,
             "--policies", self.policies, self.file], capture_output=True, text=True)
        if done.returncode not in (0, 3):
            raise Failed(f"replay ended with {done.returncode}:\n{done.stderr[-2000:]}")
        rejected = done.stderr.count(": rejected (")
        if done.returncode != (3 if rejected else 0):
            raise Failed(f"replay ended with {done.returncode} but rejected {rejected} lines")
        return rejected, [without_evidence(json.loads(line)) for line in done.stdout.splitlines()]

    def difference(self, lines, disorder):
        """None, or what differs: (title, names of the two sides, the two answers)."""
        try:
            replay = self.ask_replay(lines)
        except Failed as error:
            return str(error), (), ()
        if disorder is not None:
            # Another order decides nothing, and doubled lines are not rejected.
            try:
                again = self.ask_replay(in_disorder(lines, disorder))
            except Failed as error:
                return f"in disorder {disorder}: {error}", (), ()
            if replay[1] != again[1]:
                return (f"shuffled and doubled (disorder {disorder}), the verdicts are others",
                        ("as given", "in disorder"), (replay, again))
        said = self.ask_model(lines)
        if replay != said:
            return "replay and model differ", ("replay", "model"), (replay, said)
        return None


def identity(line):
    """Source and id, where a line has them; lines without stand for themselves."""
    try:
        body = json.loads(line)
        return body["source"], body["id"]
    except (ValueError, KeyError, TypeError):
        return line


def in_disorder(lines, seed):
    """Shuffled and some of it doubled; of one identity the first line stays the first."""
    rng = random.Random(seed)
    first, others = {}, []
    for line in lines:
        if first.setdefault(identity(line), line) != line:
            others.append(line)
    mixed = lines + rng.sample(lines, len(lines) // 4)
    rng.shuffle(mixed)
    met, place = set(), {}
    for index, line in enumerate(mixed):
        who = identity(line)
        if who not in met:
            met.add(who)
            place[who] = index
    for line in others:
        # Exchange what came first with what is to stand.
        who = identity(line)
        if mixed[place[who]] != first[who]:
            at = mixed.index(first[who])
            mixed[place[who]], mixed[at] = mixed[at], mixed[place[who]]
    if rng.random() < 0.3:                # the monitor's file comes last
        mixed.sort(key=lambda line: "clock.ticked" in line)
    return mixed


def shrink(lines, differs):
    """Drops lines, in ever smaller bunches, for as long as the two sides differ."""
    lines = sorted(lines, key=time_of) if differs(sorted(lines, key=time_of)) else list(lines)
    bunch = len(lines) // 2
    while bunch:
        start, dropped = 0, False
        while start < len(lines):
            fewer = lines[:start] + lines[start + bunch:]
            if fewer and differs(fewer):
                lines, dropped = fewer, True
            else:
                start += bunch
        if not dropped or bunch > 1:
            bunch = bunch // 2
    return lines


def time_of(line):
    try:
        return model.parse_time(json.loads(line)["time"])
    except (ValueError, KeyError, TypeError):
        return 0


def brief(verdict):
    where = verdict["counter"] or verdict["lockbox"] or "-"
    since, opened, until = (t and t[:23] for t in
                            (verdict["since"], verdict["opened"], verdict["until"]))
    return f"{verdict['policy']} {where} {verdict['officer'] or '-'} {since} / {opened} / {until}"


def show(found):
    title, sides, answers = found
    print(title)
    if not answers:
        return
    (rejected_one, one), (rejected_other, other) = answers
    if rejected_one != rejected_other:
        print(f"  {sides[0]} rejects {rejected_one} lines, {sides[1]} {rejected_other}")
    alone = [(sides[0], [v for v in one if v not in other]),
             (sides[1], [v for v in other if v not in one])]
    for side, verdicts in alone:
        for verdict in verdicts[:SHOWN]:
            print(f"  only {side}: {brief(verdict)}")
        if len(verdicts) > SHOWN:
            print(f"  … and {len(verdicts) - SHOWN} more only {side}")
    if not any(verdicts for _, verdicts in alone) and one != other:
        print("  the same verdicts in another order or number")


def seeds_of(text):
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--seeds", default="1-20", help="e.g. 1-200,707")
    parser.add_argument("--size", choices=["small", "normal", "both"], default="both")
    parser.add_argument("--days", type=int, default=1, help="so many soups in a row a file")
    parser.add_argument("--file", type=Path, help="these events instead of soups")
    parser.add_argument("--roster", type=Path, default=ROSTER)
    parser.add_argument("--policies", type=Path, default=POLICIES)
    parser.add_argument("--shrink", action="store_true", help="cut the file down first")
    parser.add_argument("--keep-going", action="store_true", help="do not stop at the first")
    parser.add_argument("--output", type=Path, help="where a differing file is to go")
    arguments = parser.parse_args()
    sizes = ["small", "normal"] if arguments.size == "both" else [arguments.size]
    if arguments.file:
        wanted = [(f"file {arguments.file}", 1, arguments.file.read_text().splitlines())]
    else:
        wanted = ((f"seed {seed} size {size}", seed, soup.days(seed, size, arguments.days))
                  for seed in seeds_of(arguments.seeds) for size in sizes)
    compared = differing = verdicts = 0
    with tempfile.TemporaryDirectory() as folder:
        judges = Judges(arguments.binary, arguments.roster, arguments.policies, folder)
        for name, seed, lines in wanted:
            compared += 1
            found = judges.difference(lines, seed)
            if found is None:
                continue
            differing += 1
            print(f"{name}: ", end="")
            show(found)
            if arguments.shrink:
                lines = shrink(lines, lambda fewer: judges.difference(fewer, seed) is not None)
                print(f"{name}, cut down to {len(lines)} lines: ", end="")
                show(judges.difference(lines, seed))
                print("".join(line + "\n" for line in lines), end="")
            if arguments.output:
                arguments.output.write_text("".join(line + "\n" for line in lines))
            if not arguments.keep_going:
                break
    print(f"{compared} compared, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
