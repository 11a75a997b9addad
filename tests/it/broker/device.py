# A device made of paho: obeys one command a line and answers each with a line.
import sys, threading, paho.mqtt.client as mqtt
port, version = int(sys.argv[1]), sys.argv[2]
options = dict(argument.split("=", 1) for argument in sys.argv[3:])
protocol = mqtt.MQTTv5 if version == "5" else mqtt.MQTTv311
arguments = {} if version == "5" else {"clean_session": False}
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=options.get("id", "loket-03"), protocol=protocol, **arguments)
if "user" in options:
    client.username_pw_set(options["user"], options.get("password"))
if "will" in options:
    client.will_set(options["will"], '{"state":"offline"}', qos=1, retain=True)
if "ca" in options:
    client.tls_set(options["ca"], options.get("cert"), options.get("key"))
if "inflight" in options:
    client.max_inflight_messages_set(int(options["inflight"]))
connected, disconnects, acks, heard = threading.Event(), [], {}, []
def on_connect(client, userdata, flags, reason, properties):
    global code
    code = reason
    connected.set()
def on_disconnect(client, userdata, flags, reason, properties):
    disconnects.append(reason)
def on_publish(client, userdata, mid, reason, properties):
    acks[mid] = str(reason)
client.on_connect, client.on_disconnect, client.on_publish = on_connect, on_disconnect, on_publish
client.on_message = lambda client, userdata, message: heard.append(message.topic)
client.reconnect_delay_set(1, 1)
sent = []
for line in sys.stdin:
    verb, _, rest = line.rstrip("\n").partition(" ")
    if verb == "connect":
        try:
            client.connect("127.0.0.1", port, keepalive=20)
        except Exception as error:
            print("failed", error, flush=True)
            continue
        client.loop_start()
        print(code if connected.wait(10) else "no answer", flush=True)
        if connected.is_set() and code.is_failure:
            client.loop_stop()
    elif verb == "publish":
        topic, qos, retain, payload = rest.split(" ", 3)
        sent.append(client.publish(topic, payload, qos=int(qos), retain=retain == "retain"))
        print("sent", flush=True)
    elif verb == "wait":
        index, seconds = rest.split()
        try:
            sent[int(index)].wait_for_publish(float(seconds))
        except RuntimeError:
            pass
        print(acks.get(sent[int(index)].mid, "pending"), flush=True)
    elif verb == "flood":
        count = int(rest)
        flood = [client.publish(options["topic"], "%d" % n, qos=1) for n in range(count)]
        for info in flood:
            info.wait_for_publish(60)
        print(sum(info.is_published() for info in flood), flush=True)
    elif verb == "subscribe":
        client.subscribe(rest, qos=1)
        print("asked", flush=True)
    elif verb == "heard":
        print(len(heard), flush=True)
    elif verb == "disconnects":
        print(len(disconnects), flush=True)
