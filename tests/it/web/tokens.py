"""Asks schemathesis whether an interface keeps to its own document: tokens.py PORT TOKEN [OPTION…]."""

import os
import subprocess
import sys
import tempfile

port, token = sys.argv[1], sys.argv[2]
address = f"http://127.0.0.1:{port}/api/v1/openapi.json"
command = [
    os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", address,
    "--header", f"Authorization: Bearer {token}",
    "--checks", "all", "--max-examples", "25", "--seed", "7", "--workers", "1", "--no-color", "--warnings", "off", *sys.argv[3:],
]
# What is well formed may still be no sentence, or a span that ends before it begins.
CONFIG = """[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422"]
"""
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "schemathesis.toml"), "w") as config:
        config.write(CONFIG)
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True)
print(told.stdout[-20000:])
print(told.stderr[-4000:])
