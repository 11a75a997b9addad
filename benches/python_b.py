"""The peer of the live benchmarks: what a careful office would write in Python, with paho-mqtt, sqlite3 and smtplib.

    python python_b.py MQTT_PORT DATABASE SMTP_PORT

It commits up to 500 events in one transaction and acknowledges them after that, keeps letters in an outbox, and knows one
rule: a phone out of the lockbox for a minute while its officer serves. It reads the same events as the monitor; its
model of them is a simple one: no gaps, late clocks, boots or corrections.
"""

import json
import queue
import smtplib
import sqlite3
import sys
import threading
import time
from datetime import datetime
from email.message import EmailMessage

import paho.mqtt.client as mqtt

BATCH = 500
HOLD_S = 60
SCHEMA = """
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, time TEXT NOT NULL, source TEXT, type TEXT, officer TEXT);
CREATE TABLE IF NOT EXISTS rejected (received REAL, topic TEXT, payload BLOB, why TEXT);
CREATE TABLE IF NOT EXISTS violation (officer TEXT, source TEXT, since REAL, raised REAL, UNIQUE (officer, since));
CREATE TABLE IF NOT EXISTS outbox (n INTEGER PRIMARY KEY, subject TEXT, body TEXT, sent REAL);
"""


def open_database(path):
    database = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.executescript(SCHEMA)
    return database


class Rules:
    def __init__(self):
        self.signed_in, self.serving, self.deposited, self.since = {}, set(), set(), {}

    def apply(self, event, at):
        kind, source, officer = event["type"], event["source"], event["data"].get("officer")
        if kind == "session.signed_in":
            self.signed_in[source] = officer
        elif kind == "session.signed_out":
            self.signed_in.pop(source, None)
            self.serving.discard(source)
        elif kind == "service.started":
            self.serving.add(source)
        elif kind in ("service.ended", "break.started"):
            self.serving.discard(source)
        elif kind == "lockbox.deposited":
            self.deposited.add(officer)
        elif kind == "lockbox.withdrawn":
            self.deposited.discard(officer)
        else:
            return
        for place in [source] + [place for place, who in self.signed_in.items() if who == officer]:
            who = self.signed_in.get(place)
            if place in self.serving and who and who not in self.deposited:
                self.since.setdefault(place, (at, who))
            else:
                self.since.pop(place, None)

    def due(self, now):
        for place, (since, who) in list(self.since.items()):
            if now > since + HOLD_S:
                yield place, who, since


def main():
    mqtt_port, path, smtp_port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    open_database(path).close()
    rules, waiting, letters = Rules(), queue.Queue(20_000), threading.Event()

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="python-b", clean_session=False, manual_ack=True)
    client.max_inflight_messages_set(0)
    client.on_connect = lambda client, *_: client.subscribe("jagaloket/v1/+/+/events", qos=1)
    client.on_message = lambda _client, _userdata, message: waiting.put(message)

    def take(database, message):
        try:
            event = json.loads(message.payload)
            at = datetime.fromisoformat(event["time"]).timestamp()
            row = (event["id"], event["time"], event["source"], event["type"], event["data"].get("officer"))
        except (ValueError, KeyError, AttributeError) as error:
            database.execute(
                "INSERT INTO rejected VALUES (?, ?, ?, ?)", (time.time(), message.topic, message.payload, repr(error))
            )
            return
        if database.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?)", row).rowcount:
            rules.apply(event, at)

    def write():
        database = open_database(path)
        while True:
            batch = []
            try:
                batch.append(waiting.get(timeout=0.1))
                while len(batch) < BATCH:
                    batch.append(waiting.get_nowait())
            except queue.Empty:
                pass
            database.execute("BEGIN IMMEDIATE")
            for message in batch:
                take(database, message)
            for place, who, since in rules.due(time.time()):
                new = database.execute("INSERT OR IGNORE INTO violation VALUES (?, ?, ?, ?)", (who, place, since, time.time()))
                if new.rowcount:
                    database.execute("INSERT INTO outbox (subject, body) VALUES (?, ?)", ("Phone out while serving", place))
                    letters.set()
            database.execute("COMMIT")
            for message in batch:
                client.ack(message.mid, message.qos)

    def send():
        database = open_database(path)
        while True:
            letters.wait(5)
            letters.clear()
            rows = database.execute("SELECT n, subject, body FROM outbox WHERE sent IS NULL ORDER BY n LIMIT 100").fetchall()
            if not rows:
                continue
            with smtplib.SMTP("127.0.0.1", smtp_port, timeout=10, local_hostname="localhost") as server:
                for n, subject, body in rows:
                    letter = EmailMessage()
                    letter["From"], letter["To"], letter["Subject"] = "monitor@x.example", "kasi@x.example", subject
                    letter.set_content(body)
                    server.send_message(letter)
                    database.execute("UPDATE outbox SET sent = ? WHERE n = ?", (time.time(), n))

    threading.Thread(target=write, daemon=True).start()
    threading.Thread(target=send, daemon=True).start()
    client.connect("127.0.0.1", mqtt_port)
    client.loop_forever()


if __name__ == "__main__":
    main()
