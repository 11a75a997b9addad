"""What stands in a database: ledger.py DATABASE prints events, distinct events, letters and letters not sent."""
import sqlite3
import sys

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
one = lambda sql: db.execute(sql).fetchone()[0]
print(one("SELECT count(*) FROM ledger WHERE kind IN ('event', 'pulse', 'tick')"))
print(one("SELECT count(*) FROM (SELECT DISTINCT source, id FROM ledger WHERE kind IN ('event', 'pulse', 'tick'))"))
print(one("SELECT count(*) FROM outbox"))
print(one("SELECT count(*) FROM outbox WHERE sent_ms IS NULL"))
