"""The live benchmarks: peers and the monitor in turns, on one machine, in one run. The method is in docs/benchmarks.md.

    python live.py JAGALOKET LOAD FOLDER [SECTION…]

Sections: ingest embedded latency memory year backlog offices policies history. Every process is started here and ended here; ports are free ones of 127.0.0.1.
"""

import asyncio
import collections
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone

TICKS = os.sysconf("SC_CLK_TCK")
HERE = os.path.dirname(os.path.abspath(__file__))
JAKARTA = timezone(timedelta(hours=7))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid, key="VmRSS"):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(rf"{key}:\s+(\d+)", file.read()).group(1)) / 1024


def wait_until(what, ready, seconds=60, every=0.01):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if ready():
                return
        time.sleep(every)
    sys.exit(f"{what}: waited {seconds} s in vain")


def listening(port):
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


@contextlib.contextmanager
def process(command, stop=signal.SIGTERM, **more):
    child = subprocess.Popen(command, **{"stdout": subprocess.DEVNULL, **more})
    try:
        yield child
    finally:
        child.send_signal(stop)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextlib.contextmanager
def mosquitto(folder):
    port = free_port()
    path = os.path.join(folder, "mosquitto.conf")
    with open(path, "w") as file:
        file.write(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nlog_type error\n"
            "max_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true\n"
        )
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with process([program, "-c", path]) as broker:
        wait_until("mosquitto", lambda: listening(port))
        yield broker, port


@contextlib.contextmanager
def postgres(folder):
    """A cluster of its own, with what is written synchronised; the address of an empty database."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not found:
        sys.exit("PostgreSQL is missing: install the package `postgresql`")
    data, port = os.path.join(folder, "pg"), free_port()
    os.makedirs(data)
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if user:
        os.chmod(folder, 0o755)
        shutil.chown(data, "postgres")
    quiet = {"stdout": subprocess.DEVNULL, "cwd": "/"}
    program = lambda name: os.path.join(found[-1], name)
    subprocess.run(
        user + [program("initdb"), "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "jagaloket", "-D", data],
        check=True, **quiet,
    )
    serve = user + [program("postgres"), "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
    serve += ["-c", f"unix_socket_directories={data}", "-c", "shared_buffers=128MB", "-c", "max_wal_size=1GB"]
    with process(serve, stderr=subprocess.DEVNULL, stop=signal.SIGINT, **quiet):
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_until("PostgreSQL", lambda: subprocess.run(ready).returncode == 0)
        make = [program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "jagaloket", "live"]
        subprocess.run(make, check=True)
        yield f"postgres://jagaloket@127.0.0.1:{port}/live"


def processor_seconds(words):
    """Of all processes whose command line has these words, and of their children."""
    parents, found = {}, set()
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            pid = int(path.split("/")[2])
            with open(path, "rb") as file, open(f"/proc/{pid}/stat") as stat:
                parents[pid] = int(stat.read().rsplit(")", 1)[1].split()[1])
                if words in file.read().decode(errors="replace").replace("\0", " "):
                    found.add(pid)
    total = 0
    for pid, parent in parents.items():
        if pid in found or parent in found:
            with contextlib.suppress(OSError):
                total += cpu_seconds(pid)
    return total


def roster(path, counters, lockboxes, office="tangerang", silent_after="90s"):
    """An office of any size: two officers a counter, each with one handset."""
    parts = [f'[office]\nid = "{office}"\nname = "Kantor {office}"\ntimezone = "Asia/Jakarta"\n']
    parts += [f'[[counter]]\nid = "loket-{n:04}"\nname = "Loket {n}"\n' for n in range(1, counters + 1)]
    parts += [f'[[lockbox]]\nid = "loker-{n:04}"\nslots = 100\nheartbeat_every = "1s"\nsilent_after = "{silent_after}"\n' for n in range(1, lockboxes + 1)]
    parts.append('[[supervisor]]\nid = "s-01"\nname = "Kasi"\nemail = "kasi@x.example"\nlanguage = "id"\n')
    parts.append('[[integrity]]\nid = "i-01"\nname = "Kepatuhan"\nemail = "kepatuhan@x.example"\nlanguage = "id"\n')
    parts.append('[[technician]]\nid = "t-01"\nname = "TIK"\nemail = "tik@x.example"\nlanguage = "id"\n')
    for n in range(1, 2 * counters + 1):
        box = (n - 1) % lockboxes + 1
        parts.append(
            f'[[officer]]\nid = "p-{n:05}"\nname = "Petugas {n}"\nsupervisor = "s-01"\nlockbox = "loker-{box:04}"\n'
            f'handsets = [{{ id = "h-{n:05}" }}]\n'
        )
    with open(path, "w") as file:
        file.write("\n".join(parts))


def simulated(bench, name, counters, lockboxes, days=1, begins=None, office="tangerang"):
    """Paths of a roster and of simulated events of it."""
    path, events = os.path.join(bench.folder, f"{name}.toml"), os.path.join(bench.folder, f"{name}.jsonl")
    roster(path, counters, lockboxes, office)
    begins = ["--from", begins] if begins else []
    with open(events, "wb") as file:
        subprocess.run(
            [bench.jagaloket, "simulate", "office", "--days", str(days), "--roster", path, "--troubles", "usual"] + begins,
            stdout=file,
            check=True,
        )
    return path, events


class Monitor:
    """A running `jagaloket serve`."""

    def __init__(self, bench, work, rosters, broker, clock="events", mail=None, policies=None, database=None):
        self.web = free_port()
        self.config = os.path.join(work, "jagaloket.toml")
        self.log = open(os.path.join(work, "serve.log"), "wb")
        mail = f'host = "127.0.0.1"\nport = {mail}\ntls = "none"\nfrom = "m@x.example"' if mail else f'directory = "{work}/mail"'
        os.makedirs(os.path.join(work, "mail"), exist_ok=True)
        with open(self.config, "w") as file:
            file.write(
                f'clock = "{clock}"\n[office]\nroster = {json.dumps(rosters)}\n'
                f'policies = "{policies or os.path.join(bench.root, "policies")}"\n'
                + (f'[database]\nurl = "{database}"\n' if database else f'[database]\npath = "{work}/jagaloket.db"\n')
                + f"[broker]\n{broker}\n[mail]\n{mail}\n"
                f'[web]\nlisten = "127.0.0.1:{self.web}"\n'
            )
        self.command = [bench.jagaloket, "serve", "--config", self.config]

    @contextlib.contextmanager
    def run(self):
        began = time.monotonic()
        with process(self.command, stdout=self.log, stderr=self.log) as child:
            wait_until("the monitor", lambda: self.metric("jagaloket_broker_connected") == 1, 300)
            self.start_seconds = time.monotonic() - began
            self.pid = child.pid
            yield self

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        found = re.search(rf"^{name} (\S+)$", text, re.M)
        return float(found.group(1)) if found else None

    def metric_sum(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        return int(sum(float(value) for value in re.findall(rf"^{name}\{{.*\}} (\S+)$", text, re.M)))

    def quarantined(self):
        return self.metric_sum("jagaloket_events_quarantined_total")

    def accepted(self):
        return self.metric("jagaloket_events_accepted_total")

    def taken(self):
        """What came, whatever became of it."""
        return self.accepted() + self.metric("jagaloket_events_duplicate_total") + self.quarantined()


def publish(bench, port, file, **options):
    command = [bench.load, "publish", "--port", str(port), "--file", file]
    for key, value in options.items():
        command += [f"--{key}", str(value)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def lines(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


class Result:
    """Figures of one peer over several runs."""

    def __init__(self):
        self.runs = []

    def add(self, **figures):
        self.runs.append(figures)

    def __getitem__(self, key):
        return statistics.median(run[key] for run in self.runs)


def ingest(bench):
    """Durable behind mosquitto: until the last event is committed."""
    path, events = simulated(bench, "ingest", 250, 5)
    count = lines(events)
    print(f"\n## behind mosquitto: {count} events, 4 publishing connections, window 1000; median of {bench.runs}, in turns")
    load = {"connections": 4, "window": 1000}

    def measured(pid, broker, done):
        before, broker_before, began = cpu_seconds(pid), cpu_seconds(broker.pid), time.monotonic()
        publish(bench, bench.port, events, **load)
        # Asking costs whoever is asked.
        wait_until("all events", lambda: done() >= count, 600, every=0.1)
        seconds = time.monotonic() - began
        return {
            "rate": count / seconds,
            "cpu": (cpu_seconds(pid) - before) / count * 1e6,
            "broker": (cpu_seconds(broker.pid) - broker_before) / count * 1e6,
            "mib": memory_mib(pid, "VmHWM"),
        }

    def discarding(work, broker):
        with subprocess.Popen(
            [bench.load, "discard", "--port", str(bench.port), "--count", str(count)], stdout=subprocess.PIPE
        ) as child:
            child.stdout.readline()
            cpu, began = cpu_seconds(broker.pid), time.monotonic()
            publish(bench, bench.port, events, **load)
            answer = json.loads(child.stdout.readline())
            seconds = time.monotonic() - began
        assert answer["received"] == count, answer
        return {"rate": count / seconds, "cpu": 0, "broker": (cpu_seconds(broker.pid) - cpu) / count * 1e6, "mib": 0}

    def python_b(work, broker):
        database = os.path.join(work, "python.db")
        smtp = free_port()
        with process([sys.executable, os.path.join(HERE, "python_b.py"), str(bench.port), database, str(smtp)]) as child:
            wait_until("Python B", lambda: os.path.exists(database))
            time.sleep(1)

            def done():
                with contextlib.closing(sqlite3.connect(database, timeout=30)) as one:
                    return one.execute("SELECT max(rowid) FROM event").fetchone()[0] or 0

            return measured(child.pid, broker, done)

    def ours(work, broker):
        with Monitor(bench, work, [path], f'host = "127.0.0.1"\nport = {bench.port}').run() as monitor:
            return measured(monitor.pid, broker, monitor.accepted)

    def on_postgres(work, broker):
        with postgres(work) as address:
            monitor = Monitor(bench, work, [path], f'host = "127.0.0.1"\nport = {bench.port}', database=address)
            with monitor.run():
                spent = lambda: processor_seconds(work) - cpu_seconds(broker.pid)
                before = spent()
                figures = measured(monitor.pid, broker, monitor.accepted)
                # The monitor and the server.
                return {**figures, "cpu": (spent() - before) / count * 1e6}

    peers = {
        "mosquitto, discarding subscriber": discarding,
        "Python B": python_b,
        "jagaloket, SQLite": ours,
        "jagaloket, PostgreSQL": on_postgres,
    }
    results = turns(bench, peers, mosquitto_of(bench))
    base = results["Python B"]["rate"]
    for name, result in results.items():
        print(
            f"  {name:<34} {result['rate']:9.0f} events/s  {result['rate'] / base:5.2f} of Python B"
            f"  {result['cpu']:6.1f} us CPU/event (broker {result['broker']:.1f})  {result['mib']:5.0f} MiB"
        )


def mosquitto_of(bench):
    @contextlib.contextmanager
    def around(work):
        with mosquitto(work) as (broker, port):
            bench.port = port
            yield broker

    return around


def turns(bench, peers, around):
    results = {name: Result() for name in peers}
    for _ in range(bench.runs):
        for name, peer in peers.items():
            with fresh(bench) as work, around(work) as broker:
                results[name].add(**peer(work, broker))
    return results


@contextlib.contextmanager
def fresh(bench):
    with tempfile.TemporaryDirectory(dir=bench.folder) as work:
        yield work


def embedded(bench):
    """The embedded broker, 500 devices, durable before each acknowledgement; beside the library alone."""
    path, events = simulated(bench, "embedded", 500, 5)
    count = min(lines(events), 200_000)
    print(f"\n## embedded broker: {count} events of 505 devices, 500 connections; median of {bench.runs}, in turns")
    for window in (1, 20):
        # Devices that are there tell the present time; a day's events of all devices at once would come out of order.
        load = {"connections": 500, "window": window, "count": count, "now": 1}

        def bare(work, _):
            port = free_port()
            with process([bench.load, "broker", "--port", str(port), "--threads", "2"]) as child:
                wait_until("the bare broker", lambda: listening(port))
                cpu = cpu_seconds(child.pid)
                answer = publish(bench, port, events, **load)
                assert answer["acknowledged"] == count, answer
                return {"rate": answer["rate"], "cpu": (cpu_seconds(child.pid) - cpu) / count * 1e6, "mib": memory_mib(child.pid, "VmHWM")}

        def ours(work, _):
            port = free_port()
            broker = f'embedded = true\nanonymous = true\nlisten = "127.0.0.1:{port}"'
            with Monitor(bench, work, [path], broker, clock="own").run() as monitor:
                cpu = cpu_seconds(monitor.pid)
                answer = publish(bench, port, events, **load)
                assert answer["acknowledged"] == count, answer
                assert monitor.accepted() == count, monitor.accepted()
                return {"rate": answer["rate"], "cpu": (cpu_seconds(monitor.pid) - cpu) / count * 1e6, "mib": memory_mib(monitor.pid, "VmHWM")}

        results = turns(bench, {"the library without our hook": bare, "jagaloket, SQLite": ours}, contextlib.nullcontext)
        base = results["the library without our hook"]["rate"]
        print(f"  window {window} a connection")
        for name, result in results.items():
            print(
                f"    {name:<32} {result['rate']:9.0f} events/s  {result['rate'] / base:5.2f}"
                f"  {result['cpu']:6.1f} us CPU/event  {result['mib']:5.0f} MiB"
            )


class Sink:
    """An SMTP server in this process that notes when it accepted which counter's or lockbox's mail."""

    def __init__(self):
        self.accepted, self.port = {}, free_port()
        self.letters, self.last = 0, time.time()
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve(ready)), daemon=True).start()
        ready.wait()

    async def serve(self, ready):
        from aiosmtpd.smtp import SMTP

        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, loop=loop), "127.0.0.1", self.port)
        ready.set()
        await server.serve_forever()

    async def handle_DATA(self, _server, _session, envelope):
        now = time.time()
        self.letters, self.last = self.letters + 1, now
        found = re.search(rb"Lok(?:er|et) (\d+)|(?:loker|loket)-(\d+)", envelope.content)
        if found:
            self.accepted.setdefault(int(found.group(1) or found.group(2)), now)
        return "250 accepted"


def percentiles(values):
    values = sorted(values)
    at = lambda share: values[min(len(values) - 1, int(share * len(values)))] * 1000
    return f"p50 {at(0.5):6.1f} ms  p99 {at(0.99):6.1f} ms  p99.9 {at(0.999):6.1f} ms  of {len(values)}"


def latency(bench):
    """From publishing to SMTP accepted, and from a deadline that no message brings, with 50 events a second beside it."""
    import paho.mqtt.client as mqtt

    places = bench.places
    path = os.path.join(bench.folder, "latency.toml")
    roster(path, 50, places, silent_after="2s")
    policies = os.path.join(bench.folder, "policies")
    shutil.rmtree(policies, ignore_errors=True)
    os.makedirs(policies)
    for name in ("lockbox-forced", "lockbox-silent"):
        with open(os.path.join(bench.root, "policies", f"{name}.toml")) as file:
            text = file.read()
        with open(os.path.join(policies, f"{name}.toml"), "w") as file:
            file.write(re.sub(r"(?m)^for\s*=.*$", 'for = "1s"', text))
    print("\n## latency, 50 events a second beside it, clock of the machine")
    for name in ("mosquitto", "embedded"):
        for what in ("event", "deadline"):
            sink = Sink()
            with fresh(bench) as work, contextlib.ExitStack() as stack:
                if name == "mosquitto":
                    _, port = stack.enter_context(mosquitto(work))
                    broker = f'host = "127.0.0.1"\nport = {port}'
                else:
                    port = free_port()
                    broker = f'embedded = true\nanonymous = true\nlisten = "127.0.0.1:{port}"'
                monitor = Monitor(bench, work, [path], broker, clock="own", mail=sink.port, policies=policies)
                stack.enter_context(monitor.run())
                client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
                client.max_inflight_messages_set(1000)
                client.connect("127.0.0.1", port)
                client.loop_start()
                stack.callback(client.loop_stop)
                expected, beats = {}, 0

                def say(device, kind, data):
                    now = datetime.now(JAKARTA)
                    event = {
                        "specversion": "1.0", "id": str(uuid.uuid4()), "source": f"/tangerang/{device}", "type": kind,
                        "time": now.isoformat(timespec="milliseconds"), "data": data,
                    }
                    client.publish(f"jagaloket/v1/tangerang/{device}/events", json.dumps(event), qos=1)
                    return now.timestamp()

                def beat():
                    nonlocal beats
                    beats += 1
                    say(f"loket-{beats % 50 + 1:04}", "workstation.heartbeat", {})
                    time.sleep(0.02)

                for n in range(1, places + 1):
                    if what == "event":
                        expected[n] = say(f"loker-{n:04}", "lockbox.forced", {"slot": 1})
                    else:
                        # Silent once two seconds have passed, and then for longer than the policy asks.
                        expected[n] = say(f"loker-{n:04}", "lockbox.heartbeat", {}) + 2.001
                    for _ in range(6):
                        beat()
                end = time.monotonic() + 10
                while len(sink.accepted) < places and time.monotonic() < end:
                    beat()
            took = [sink.accepted[n] - expected[n] for n in sink.accepted if n in expected]
            print(f"  {what:<8} -> mail, {name:<10} {percentiles(took) if took else 'no mail'}")


class Reader:
    """Somebody signed in, who asks for pages."""

    PAGES = ("/", "/incidents", "/health", "/compliance", "/letters", "/api/v1/verdicts")

    def __init__(self, monitor, bench):
        self.base = f"http://127.0.0.1:{monitor.web}"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        roles = ["--role", "auditor", "--role", "integrity"]
        add = [bench.jagaloket, "user", "add", "reader", "--config", monitor.config] + roles
        told = subprocess.run(add, stdout=subprocess.PIPE, check=True, text=True).stdout
        link, password = re.search(r"/link/\S+", told).group(0), "betriebsruhe-kantor-7"
        self.post(link, {"password": password})
        self.post("/sign-in", {"name": "reader", "password": password, "code": ""})

    def get(self, path):
        with self.opener.open(self.base + path, timeout=60) as answer:
            return answer.read().decode()

    def post(self, path, fields):
        proof = re.search(r'name="form" value="([^"]*)"', self.get(path)).group(1)
        body = urllib.parse.urlencode({"form": proof, **fields}).encode()
        self.opener.open(urllib.request.Request(self.base + path, body, {"Origin": self.base}), timeout=60).close()

    def look(self):
        """Milliseconds for each page, the median of nine."""
        took = {}
        for path in self.PAGES:
            times = []
            for _ in range(9):
                began = time.monotonic()
                self.get(path)
                times.append(time.monotonic() - began)
            took[path] = statistics.median(times) * 1000
        return took


def memory(bench):
    print("\n## resident memory")
    path, _ = simulated(bench, "small", 5, 2)
    with fresh(bench) as work, mosquitto(work) as (_, port):
        with Monitor(bench, work, [path], f'host = "127.0.0.1"\nport = {port}').run() as monitor:
            time.sleep(3)
            print(f"  at rest                     {memory_mib(monitor.pid):6.0f} MiB   started in {monitor.start_seconds:.2f} s")
    devices(bench)


def devices(bench):
    """5000 devices connected to the embedded broker, each with a heartbeat every 30 seconds."""
    paths, events = [], os.path.join(bench.folder, "devices.jsonl")
    for n in range(100):
        paths.append(os.path.join(bench.folder, f"d{n:04}.toml"))
        roster(paths[-1], 49, 1, office=f"d{n:04}")
    with open(events, "w") as file:
        for beat in range(4):
            for n in range(100):
                for device in [f"loket-{m:04}" for m in range(1, 50)] + ["loker-0001"]:
                    kind = "lockbox" if device.startswith("loker") else "workstation"
                    event = {
                        "specversion": "1.0", "id": str(uuid.uuid4()), "source": f"/d{n:04}/{device}",
                        "type": f"{kind}.heartbeat", "time": "2026-01-01T00:00:00.000+07:00", "bootid": "b1",
                        "sequence": str(beat), "data": {},
                    }
                    file.write(json.dumps(event, separators=(",", ":")) + "\n")
    with fresh(bench) as work:
        port = free_port()
        broker = f'embedded = true\nanonymous = true\nlisten = "127.0.0.1:{port}"'
        with Monitor(bench, work, paths, broker, clock="own").run() as monitor:
            rest = memory_mib(monitor.pid)
            command = [bench.load, "publish", "--port", str(port), "--file", events, "--connections", "5000"]
            with process(command + ["--window", "1", "--rate", "167", "--now", "1"]):
                wait_until("three heartbeats of each", lambda: monitor.accepted() >= 15_000, 180, every=0.5)
                cpu, began = cpu_seconds(monitor.pid), time.monotonic()
                time.sleep(20)
                share = (cpu_seconds(monitor.pid) - cpu) / (time.monotonic() - began)
                print(
                    f"  5000 devices of 100 offices {memory_mib(monitor.pid):6.0f} MiB   {rest:.0f} MiB before they came,"
                    f" most {memory_mib(monitor.pid, 'VmHWM'):.0f} MiB; {share:.1%} of a core"
                )


def year(bench):
    """A start with a year stored, and the first mail after it."""
    import paho.mqtt.client as mqtt

    path = os.path.join(bench.root, "tests/data/tangerang/roster.toml")
    events = os.path.join(bench.folder, "year.jsonl")
    with open(events, "wb") as file:
        command = [bench.jagaloket, "simulate", "office", "--days", "240", "--roster", path, "--troubles", "usual"]
        subprocess.run(command, stdout=file, check=True)
    count = lines(events)
    sink = Sink()
    print(f"\n## a year of the example office: {count} events")
    with fresh(bench) as work, mosquitto(work) as (_, port):
        monitor = Monitor(bench, work, [path], f'host = "127.0.0.1"\nport = {port}', mail=sink.port)
        with monitor.run():
            cpu, began = cpu_seconds(monitor.pid), time.monotonic()
            publish(bench, port, events, connections=1, window=1000)
            wait_until("the year", lambda: monitor.taken() >= count, 900, every=0.2)
            seconds = time.monotonic() - began
            print(
                f"  came in as {count / seconds:.0f} events/s, {(cpu_seconds(monitor.pid) - cpu) / count * 1e6:.1f} us CPU/event, one connection;"
                f" {memory_mib(monitor.pid):.0f} MiB, most {memory_mib(monitor.pid, 'VmHWM'):.0f} MiB, {sink.letters} letters"
            )
        with open(events) as file:
            for line in file:
                last = line
        then = datetime.fromisoformat(json.loads(last)["time"]) + timedelta(minutes=1)
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", port)
        client.loop_start()
        for n in range(3):
            then += timedelta(minutes=1)
            event = {
                "specversion": "1.0", "id": str(uuid.uuid4()), "source": "/tangerang/loker-a", "type": "lockbox.forced",
                "time": then.isoformat(timespec="milliseconds"), "data": {"slot": n + 1},
            }
            client.publish("jagaloket/v1/tangerang/loker-a/events", json.dumps(event), qos=1).wait_for_publish(5)
            before, began = sink.letters, time.time()
            with monitor.run():
                wait_until("the first mail", lambda: sink.letters > before, 60, every=0.005)
                print(f"  start to connected          {monitor.start_seconds:6.2f} s; to the first mail accepted {sink.last - began:.2f} s; {memory_mib(monitor.pid):.0f} MiB")
        client.loop_stop()


def backlog(bench):
    """An outage: the monitor was away while devices went on, and their broker kept a million events. They go on while it
    catches up."""
    import paho.mqtt.client as mqtt

    now = datetime.now(JAKARTA)
    path, events = simulated(bench, "backlog", 250, 5, days=4, begins=(now - timedelta(days=6)).strftime("%Y-%m-%d"))
    # What is still to come would be refused.
    past = f'"time":"{(now - timedelta(minutes=5)).isoformat(timespec="milliseconds")}'
    queued, queued_path = collections.deque(maxlen=bench.queued), os.path.join(bench.folder, "queued.jsonl")
    with open(events) as file:
        queued.extend(line for line in file if line[line.index('"time":"') :][: len(past)] < past)
    with open(queued_path, "w") as file:
        file.writelines(queued)
    count = len(queued)
    queued.clear()
    print(f"\n## after an outage: {count} events queued at mosquitto")
    sink = Sink()
    with fresh(bench) as work, mosquitto(work) as (broker, port):
        line = f'host = "127.0.0.1"\nport = {port}'
        # It has not ticked yet when it goes away, so that its clock stands where the events begin.
        with Monitor(bench, work, [path], line, clock="events", mail=sink.port).run():
            time.sleep(1)
        publish(bench, port, queued_path, connections=1, window=1000)
        sink.accepted.clear()
        sink.letters = 0
        monitor = Monitor(bench, work, [path], line, clock="own", mail=sink.port)
        with monitor.run():
            began = time.monotonic()
            client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
            client.connect("127.0.0.1", port)
            client.loop_start()
            said, half, live, beaten = {}, None, 0, -60

            def say(device, kind, data):
                nonlocal live
                live += 1
                at = datetime.now(JAKARTA)
                event = {
                    "specversion": "1.0", "id": str(uuid.uuid4()), "source": f"/tangerang/{device}",
                    "type": kind, "time": at.isoformat(timespec="milliseconds"), "data": data,
                }
                client.publish(f"jagaloket/v1/tangerang/{device}/events", json.dumps(event), qos=1)
                return at.timestamp()

            def beat():
                """Every device is there, and says so twice a minute."""
                nonlocal beaten
                if time.monotonic() - beaten > 30:
                    beaten = time.monotonic()
                    for n in range(1, 251):
                        say(f"loket-{n:04}", "workstation.heartbeat", {})
                    for n in range(1, 6):
                        say(f"loker-{n:04}", "lockbox.heartbeat", {})

            while (done := monitor.taken()) < count:
                beat()
                n = len(said) % 5 + 1
                if n not in said:
                    said[n] = say(f"loker-{n:04}", "lockbox.forced", {"slot": 1})
                if half is None and done > count / 2:
                    half = memory_mib(monitor.pid)
                time.sleep(0.5)
            seconds = time.monotonic() - began
            cpu = cpu_seconds(monitor.pid)
            print(f"  all committed after         {seconds:6.1f} s   {count / seconds:.0f} events/s  {cpu / count * 1e6:.1f} us CPU/event")
            print(f"  memory half way, at the end {half or 0:6.0f} MiB {memory_mib(monitor.pid):6.0f} MiB  most {memory_mib(monitor.pid, 'VmHWM'):.0f} MiB")
            print(f"  letters until then          {sink.letters:6}", flush=True)
            sink.last = time.time()
            end = time.monotonic() + 900
            while not settled(sink) and time.monotonic() < end:
                beat()
                time.sleep(1)
            took = [sink.accepted[n] - said[n] for n in said if n in sink.accepted]
            print(f"  live events to mail behind it: {len(took)} of {len(said)} lockboxes, at most {max(took, default=-1):.1f} s")
            print(f"  letters in all              {sink.letters:6}   of {monitor.metric_sum('jagaloket_verdict_steps_total')} decisions")
            print(f"  memory then                 {memory_mib(monitor.pid):6.0f} MiB  most {memory_mib(monitor.pid, 'VmHWM'):.0f} MiB")
            with contextlib.closing(sqlite3.connect(os.path.join(work, "jagaloket.db"))) as database:
                asked = "SELECT o.kind, coalesce(i.policy, '-'), o.person, count(*) FROM outbox AS o LEFT JOIN incident AS i ON i.n = o.incident GROUP BY 1, 2, 3 ORDER BY 4 DESC"
                for kind, policy, person, letters in database.execute(asked):
                    print(f"    {letters:5} {kind:<10} {policy:<28} {person}")
            client.loop_stop()


def settled(sink):
    """Whether no letter came for ninety seconds."""
    return time.time() - sink.last > 90


def offices(bench):
    """The same events a second from ever more offices of five counters, into one monitor."""
    print("\n## offices of 5 counters and 1 lockbox each, one monitor, a working day of 100 000 events at most")
    for count in (1, 10, 100, 500):
        paths, all_events = [], os.path.join(bench.folder, "offices.jsonl")
        day = os.path.join(bench.folder, "one-office.jsonl")
        path, day = simulated(bench, "one-office", 5, 1, office="o0000")
        with open(day) as file:
            sample = [line for _, line in zip(range(max(200, 100_000 // count)), file)]
        with open(all_events, "w") as file:
            for line in sample:
                for n in range(count):
                    file.write(line.replace("/o0000/", f"/o{n:04}/"))
        for n in range(count):
            paths.append(os.path.join(bench.folder, f"o{n:04}.toml"))
            roster(paths[-1], 5, 1, office=f"o{n:04}")
        total = count * len(sample)
        with fresh(bench) as work, mosquitto(work) as (_, port):
            with Monitor(bench, work, paths, f'host = "127.0.0.1"\nport = {port}').run() as monitor:
                rest, cpu, began = memory_mib(monitor.pid), cpu_seconds(monitor.pid), time.monotonic()
                publish(bench, port, all_events, connections=4, window=1000)
                wait_until("all events", lambda: monitor.accepted() >= total, 600, every=0.1)
                seconds = time.monotonic() - began
                print(
                    f"  {count:4} offices {total / seconds:9.0f} events/s {(cpu_seconds(monitor.pid) - cpu) / total * 1e6:6.1f} us CPU/event"
                    f"  {rest:5.0f} MiB at rest {memory_mib(monitor.pid):5.0f} MiB after  start {monitor.start_seconds:.2f} s"
                )


def policies(bench):
    """Ten times the policies: each shipped one ten times, under other names."""
    path, events = simulated(bench, "ingest", 250, 5)
    count = lines(events)
    print(f"\n## policies: {count} events behind mosquitto")
    for times in (1, 10):
        folder = os.path.join(bench.folder, "many-policies")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for source in glob.glob(os.path.join(bench.root, "policies", "*.toml")):
            name = os.path.basename(source)[:-5]
            if name.endswith(".test"):
                continue
            with open(source) as file:
                text = file.read()
            for n in range(times):
                one = name if n == 0 else f"{name}-{n}"
                with open(os.path.join(folder, f"{one}.toml"), "w") as file:
                    file.write(re.sub(r'(?m)^id\s*=.*$', f'id = "{one}"', text, count=1))
        with fresh(bench) as work, mosquitto(work) as (_, port):
            with Monitor(bench, work, [path], f'host = "127.0.0.1"\nport = {port}', policies=folder).run() as monitor:
                cpu, began = cpu_seconds(monitor.pid), time.monotonic()
                publish(bench, port, events, connections=4, window=1000)
                wait_until("all events", lambda: monitor.accepted() >= count, 600, every=0.1)
                seconds = time.monotonic() - began
                print(f"  {times:2} x {count / seconds:9.0f} events/s {(cpu_seconds(monitor.pid) - cpu) / count * 1e6:6.1f} us CPU/event")


def history(bench):
    """Ever more stored: the same number of events goes in behind mosquitto, and the monitor starts again."""
    days = max(2, bench.history // 470_000)
    path, events = simulated(bench, "history", 250, 5, days=days)
    count = lines(events)
    print(f"\n## history: {count} events of {days} days, in parts of a million")
    with open(events, "rb") as file, fresh(bench) as work, mosquitto(work) as (_, port):
        stored, part_path = 0, os.path.join(work, "part.jsonl")
        monitor, reader = Monitor(bench, work, [path], f'host = "127.0.0.1"\nport = {port}'), None
        while True:
            part = [line for _, line in zip(range(1_000_000), file)]
            if not part:
                break
            with open(part_path, "wb") as out:
                out.writelines(part)
            with monitor.run():
                cpu, began, first = cpu_seconds(monitor.pid), time.monotonic(), monitor.taken()
                publish(bench, port, part_path, connections=4, window=1000)
                wait_until("all events", lambda: monitor.taken() - first >= len(part), 900, every=0.1)
                seconds = time.monotonic() - began
                stored += len(part)
                print(
                    f"  {stored:9} stored {len(part) / seconds:9.0f} events/s {(cpu_seconds(monitor.pid) - cpu) / len(part) * 1e6:6.1f} us CPU/event"
                    f"  {memory_mib(monitor.pid):5.0f} MiB  start {monitor.start_seconds:.2f} s"
                    f"  database {os.path.getsize(work + '/jagaloket.db') >> 20} MiB", flush=True,
                )
                reader = reader or Reader(monitor, bench)
                print("            pages, ms: " + "  ".join(f"{path} {took:.1f}" for path, took in reader.look().items()), flush=True)


SECTIONS = {
    "ingest": ingest, "embedded": embedded, "latency": latency, "memory": memory, "year": year, "backlog": backlog, "offices": offices,
    "policies": policies, "history": history,
}


class Bench:
    def __init__(self, jagaloket, load, folder):
        self.jagaloket, self.load, self.folder = (os.path.abspath(one) for one in (jagaloket, load, folder))
        self.root = os.path.dirname(HERE)
        self.runs = int(os.environ.get("RUNS", "3"))
        self.places = int(os.environ.get("PLACES", "200"))
        self.queued = int(os.environ.get("QUEUED", "1000000"))
        self.history = int(os.environ.get("HISTORY", "10000000"))


def main():
    bench = Bench(*sys.argv[1:4])
    os.makedirs(bench.folder, exist_ok=True)
    for name in sys.argv[4:] or SECTIONS:
        SECTIONS[name](bench)


if __name__ == "__main__":
    main()
