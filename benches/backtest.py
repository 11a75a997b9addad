"""Runs `jagaloket replay` and `jagaloket policy backtest` in turns over one file and tells medians, memory and the ratio.

    python backtest.py JAGALOKET ROSTER EVENTS CANDIDATE RUNS

The ratio is the median of the ratios of each turn, for both processes of a turn meet the same machine.
"""

import statistics
import sys

from replay import run


def main():
    jagaloket, roster, events, candidate, runs = *sys.argv[1:5], int(sys.argv[5])
    past = ["--quiet", "--roster", roster, "--policies", "policies"]
    replay = [jagaloket, "replay", *past, events]
    backtest = [jagaloket, "policy", "backtest", *past, "--candidate", candidate, "--events", events]
    turns = [(run(replay), run(backtest)) for _ in range(runs)]
    for name, results in zip(("replay", "policy backtest"), zip(*turns)):
        seconds = statistics.median(seconds for seconds, _ in results)
        print(f"  {name:<20} {seconds:6.2f} s  {max(mib for _, mib in results):5.0f} MiB")
    ratio = statistics.median(two[0] / one[0] for one, two in turns)
    print(f"  ratio of {runs} turns     {ratio:.2f}")


main()
