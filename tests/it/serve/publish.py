"""Publishes events as the devices would: a connection a device, QoS 1, again and again until each is acknowledged.

publish.py PORT PASSWORD [FILE] < lines; prints how many were acknowledged. The broker may die meanwhile. FILE: a line
"SOURCE ID" is added to it for each acknowledged event, at once.
"""
import collections
import json
import sys
import threading
import time

import paho.mqtt.client as mqtt

port, password = int(sys.argv[1]), sys.argv[2]
confirmed = open(sys.argv[3], "a", buffering=1) if len(sys.argv) > 3 else None
devices = collections.defaultdict(list)
for line in sys.stdin:
    devices[json.loads(line)["source"]].append(line.strip())
acked = 0
lock = threading.Lock()


def device(source, lines):
    global acked
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=source[1:].replace("/", "-"), protocol=mqtt.MQTTv5)
    client.username_pw_set(source[1:], password)
    client.reconnect_delay_set(1, 1)
    client.max_inflight_messages_set(20)
    done = threading.Event()
    # What is not acknowledged yet, and what was acknowledged before its number was known here.
    waiting, early = {}, set()

    def note(line):
        if confirmed:
            confirmed.write(f"{source} {json.loads(line)['id']}\n")

    def on_publish(client, userdata, mid, reason, properties):
        global acked
        if not reason.is_failure:
            with lock:
                acked += 1
                if mid in waiting:
                    note(waiting.pop(mid))
                else:
                    early.add(mid)
            if not waiting and all_sent.is_set():
                done.set()

    all_sent = threading.Event()
    client.on_publish = on_publish
    while True:
        try:
            client.connect("127.0.0.1", port, keepalive=10)
            break
        except OSError:
            time.sleep(0.2)
    client.loop_start()
    for line in lines:
        info = client.publish("jagaloket/v1" + source + "/events", line, qos=1)
        with lock:
            if info.mid in early:
                early.discard(info.mid)
                note(line)
            else:
                waiting[info.mid] = line
        time.sleep(0.004)
    all_sent.set()
    while waiting and not done.wait(0.2):
        pass
    client.disconnect()
    client.loop_stop()


threads = [threading.Thread(target=device, args=item) for item in devices.items()]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(acked)
