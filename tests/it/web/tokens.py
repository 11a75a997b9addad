"""Asks schemathesis whether an interface keeps to its own document: tokens.py PORT TOKEN."""

import os
import subprocess
import sys
import tempfile

port, token = sys.argv[1], sys.argv[2]
address = f"http://127.0.0.1:{port}/api/v1/openapi.json"
command = [
    os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", address,
    "--header", f"Authorization: Bearer {token}",
    "--checks", "all", "--max-examples", "25", "--seed", "7", "--workers", "1", "--no-color",
]
with tempfile.TemporaryDirectory() as folder:
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True)
print(told.stdout[-20000:])
print(told.stderr[-4000:])
