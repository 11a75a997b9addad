#!/usr/bin/env bash
# Judges a year of the example office with `jagaloket replay` and, beside it, with four rules in DuckDB.
#
#     bash benches/replay.sh [RUNS]
#
# Both get the same file and two threads, in turns; the median of RUNS (5) is told. The method is in docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${1:-5}
folder=target/bench
mkdir -p "$folder"
cargo build --release --quiet
jagaloket=${CARGO_TARGET_DIR:-target}/release/jagaloket
year=$folder/year.jsonl
roster=tests/data/tangerang/roster.toml
"$jagaloket" simulate office --days 240 --roster "$roster" > "$year"
if [ ! -x "$folder/venv/bin/python" ]; then
  python3 -m venv "$folder/venv"
fi
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --requirement benches/requirements.txt
exec "$folder/venv/bin/python" benches/replay.py "$jagaloket" "$roster" "$year" "$runs"
