#!/usr/bin/env bash
# How many counter-hours of scenarios `jagaloket policy test` judges in a second:
#
#     bash benches/policy_test.sh
#
# It writes 60 days of 8 hours at 5 counters (2 400 counter-hours, a service every 10 minutes, phones in and out) as
# scenarios of one policy, and runs them five times with the release build. Every run reads the file, judges each day
# in order, and again shuffled; the middle rate is what counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --quiet
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
policy=phone-out-during-service
cp "policies/$policy.toml" "$folder"
python3 - >"$folder/$policy.test.toml" <<'PYTHON'
for day in range(60):
    lines = []
    for counter in range(1, 6):
        who, where = f"p-00{counter}", f"loket-0{counter}"
        lines += [(-5, f"{who} deposits"), (0, f"{where} sign-in {who}")]
        for at in range(5, 475, 10):
            lines += [(at, f"{where} service starts"), (at + 8, f"{where} service ends")]
            if at % 40 == 5:
                lines += [(at + 1, f"{who} withdraws"), (at + 4, f"{who} deposits")]
        lines += [(480, f"{where} sign-out")]
    print(f'[[test]]\nname = "day {day}"\ntimeline = """')
    for at, what in sorted(lines, key=lambda line: line[0]):
        print(f"{8 + at // 60:02}:{at % 60:02} {what}")
    print('"""')
PYTHON
jagaloket=target/release/jagaloket
"$jagaloket" policy test "$folder" --update >/dev/null 2>&1
for _ in 1 2 3 4 5; do
  "$jagaloket" policy test "$folder" | tail -n 1
done | sort -t, -k4 -n | sed -n 3p
