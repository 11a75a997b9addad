"""Takes out of a database what was decided, as if it had never been: forget.py DATABASE. The ledger stays."""
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
for table in ("outbox", "verdict_step", "verdict", "incident"):
    db.execute(f"DELETE FROM {table}")
db.commit()
db.close()
