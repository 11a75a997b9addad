#!/usr/bin/env bash
# Judges a year of the example office once (`jagaloket replay`) and under two sets of policies (`policy backtest`).
#
#     bash benches/backtest.sh [RUNS]
#
# Every second policy of the candidate has another limit or condition. The method is in docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${1:-9}
folder=target/bench
candidate=$folder/candidate
rm -rf "$candidate"
mkdir -p "$candidate"
cargo build --release --quiet
jagaloket=${CARGO_TARGET_DIR:-target}/release/jagaloket
roster=tests/data/tangerang/roster.toml
"$jagaloket" simulate office --days 240 --roster "$roster" > "$folder/year.jsonl"
for file in policies/*.toml; do
  case $file in
    *.test.toml) ;;
    *) sed -E 's/^for( *)= "(60s|2m|3m|5m|15m)"/for\1= "47s"/' "$file" > "$candidate/${file##*/}" ;;
  esac
done
exec python3 benches/backtest.py "$jagaloket" "$roster" "$folder/year.jsonl" "$candidate" "$runs"
