"""Runs `jagaloket replay` and the DuckDB rules in turns over one file and tells medians, memory and the ratio.

    python replay.py JAGALOKET ROSTER EVENTS RUNS

Each run is a process of its own, measured from outside: wall clock, and the most memory it held.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def run(command):
    """Seconds and MiB of one process that must succeed."""
    with open(os.devnull, "wb") as nowhere:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
    if status != 0:
        sys.exit(f"{command[0]} failed with status {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_maxrss / 1024


def main():
    jagaloket, roster, events, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    with open(events, "rb") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    replay = [jagaloket, "replay", "--quiet", "--roster", roster, "--policies"]
    one = tempfile.TemporaryDirectory()
    shutil.copy("policies/phone-out-during-service.toml", one.name)
    peers = {
        "jagaloket replay, all policies": [*replay, "policies", events],
        "jagaloket replay, phone rule": [*replay, one.name, events],
        "DuckDB, 2 threads, 4 rules": [sys.executable, os.path.join(os.path.dirname(__file__), "duckdb_rules.py"), events, "2"],
    }
    taken = {name: [] for name in peers}
    for _ in range(runs):
        for name, command in peers.items():
            taken[name].append(run(command))
    print(f"{lines} events; median of {runs} runs, in turns")
    rates = []
    for name, results in taken.items():
        seconds = statistics.median(seconds for seconds, _ in results)
        rates.append(lines / seconds / 1e6)
        print(f"  {name:<32} {seconds:6.2f} s  {rates[-1]:5.2f} M events/s  {max(mib for _, mib in results):5.0f} MiB")
    print(f"  ratio                            {rates[0] / rates[-1]:.2f}")


if __name__ == "__main__":
    main()
