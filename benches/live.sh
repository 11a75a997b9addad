#!/usr/bin/env bash
# The live benchmarks: the monitor beside mosquitto alone, a Python monitor, and the embedded broker's library alone.
#
#     bash benches/live.sh [ingest|embedded|latency|memory|year|backlog|offices|policies|history …]
#
# RUNS (3) is how often peers take turns, PLACES (200) how many latencies are taken, QUEUED
# (1000000) and HISTORY (10000000) how many events wait at a broker and are stored. The method is in docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=target/bench
mkdir -p "$folder"
cargo build --release --quiet --bin jagaloket --bench load
target=${CARGO_TARGET_DIR:-target}/release
load=$(find "$target/deps" -maxdepth 1 -name 'load-*' -type f -perm -u+x -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
if [ ! -x "$folder/live/bin/python" ]; then
  python3 -m venv "$folder/live"
fi
"$folder/live/bin/pip" install --quiet --disable-pip-version-check --requirement tests/requirements.txt
exec "$folder/live/bin/python" benches/live.py "$target/jagaloket" "$load" "$folder/events" "$@"
