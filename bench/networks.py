"""Benchmarks on whole networks: real `qnet node` processes on loopback, seen from outside."""

import contextlib
import datetime
import json
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import cold_start as cold
from qnet_cluster import REGIONS, Cluster, Genesis, Identity, wait_until
from report import line_of, single

QUIET = {"QNET_LOG": "warn"}
VALIDATORS = 5  # where the benchmark is not about their number


class Client:
    """One kept-alive connection to a node's API, with as little of its own as can be."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = f"{address[0]}:{address[1]}"
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the node closed the connection")
        self.rest += data

    def exchange(self, method, path, body=b""):
        """(status, body)"""
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/octet-stream"
                            f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        while b"\r\n\r\n" not in self.rest:
            self.receive()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        fields = dict(field.lower().split(b": ", 1) for field in head.split(b"\r\n")[1:])
        length = int(fields[b"content-length"])
        while len(self.rest) < length:
            self.receive()
        answer, self.rest = self.rest[:length], self.rest[length:]
        return int(head.split(b" ", 2)[1]), answer

    def get(self, path):
        status, answer = self.exchange("GET", path)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {answer[:200]!r}")
        return json.loads(answer)

    def submit(self, transaction):
        """Seconds until the transaction was final."""
        start = time.monotonic()
        status, answer = self.exchange("POST", "/v1/registry", transaction)
        elapsed = time.monotonic() - start
        if status != 200:
            raise RuntimeError(f"a transaction was refused: {status} {answer[:300]!r}")
        return elapsed


def cpu_ns(pid):
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))


class Network:
    """Genesis nodes with the policy `open`, and ordinary ones that join one after another."""

    def __init__(self, tools, validators, log=QUIET, storage="memory"):
        self.tools = tools
        self.log = log
        self.storage = storage
        self.genesis = Genesis(validators, policy="open", name="bench")
        self.cluster = Cluster(self.genesis)

    def __enter__(self):
        try:
            for i in range(len(self.genesis.identities)):
                self.cluster.spawn_genesis(i, env=self.log | self.storage_of(i))
            for node in self.nodes:
                node.await_up()
            for node in self.nodes:
                wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready")
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        self.id = self.nodes[0].up["network"]["id"]
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None and not issubclass(kind, Exception):  # interrupted: nothing to explain
            self.cluster.close()
            self.cluster.folder.cleanup()
            return
        with contextlib.redirect_stdout(sys.stderr):  # which may carry JSON
            self.cluster.__exit__(kind, error, trace)

    @property
    def nodes(self):
        return self.cluster.nodes

    def storage_of(self, index):
        """Environment of a genesis node: all of its memory, or a data directory of its own."""
        if self.storage == "memory":
            return {}
        return {"QNET_DATA_DIR": f"{self.cluster.folder.name}/data-{index}"}

    def join(self, identity):
        """Starts an ordinary node and waits until it is registered and has links."""
        # bench_transactions gives sequence number k region k modulo 6, so each update changes something.
        environment = {"QNET_REGION": REGIONS[1], **self.log}
        node = self.cluster.spawn_ordinary(f"node-{len(self.nodes)}", identity=identity, env=environment)
        node.await_up()
        node.seed = identity.seed
        wait_until(lambda: node.status()["registered"] and node.ready()[0] == 200, f"{node.name} is registered")
        return node

    def transactions(self, kind, count, *arguments, seed=None):
        """Signed transactions, made before the clock runs."""
        command = [str(self.tools / "bench_transactions"), self.id, kind, str(count), *map(str, arguments)]
        environment = {"QNET_KEY": seed} if seed else {}
        data = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, timeout=300).stdout
        result = []
        while data:
            length = int.from_bytes(data[:4], "big")
            result.append(data[4:4 + length])
            data = data[4 + length:]
        return result


# ---- registrations ----

def loop_ns(pid):
    """CPU time of a node's main thread, which runs the core and all links."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0])


def work_done(client):
    """{kind: how many} of the jobs that the node's workers did."""
    text = client.exchange("GET", "/metrics")[1].decode()
    pattern = re.compile(r'^qnet_work_done_total\{kind="(\w+)"\} (\d+)', re.MULTILINE)
    return {kind: int(count) for kind, count in pattern.findall(text)}


class Spent:
    """What a network spends on registrations. CPU times are of one validator: unlike the other times they hardly
    depend on who else uses the machine."""

    def __init__(self, network, client):
        self.network, self.client = network, client
        self.start = self.read()

    def read(self):
        pids = [node.pid for node in self.network.nodes]
        return {"cpu": sum(map(cpu_ns, pids)), "loop": sum(map(loop_ns, pids)),
                "height": self.client.get("/v1/status")["height"], "work": work_done(self.client)}

    def report(self, report, count, **parameters):
        end, start, n = self.read(), self.start, len(self.network.nodes)
        work = {kind: end["work"][kind] - start["work"].get(kind, 0) for kind in end["work"]}
        least_us = (work["sign"] * report.references["reference_sign_cpu_us"]
                    + work["verify"] * report.references["reference_verify_cpu_us"])
        for name, value in (
                ("registration_cpu_ms", (end["cpu"] - start["cpu"]) / 1e6 / n),
                ("registration_loop_cpu_ms", (end["loop"] - start["loop"]) / 1e6 / n),
                # What OpenSSL alone takes for as many signatures and verifications, by the reference before.
                ("registration_signatures_cpu_ms", least_us / 1e3),
                ("signatures_a_registration", work["sign"]),
                ("verifications_a_registration", work["verify"]),
                ("blocks_a_registration", end["height"] - start["height"])):
            report.add(single(name, value / count, **parameters))


def one_after_another(network, report, count, pause_s):
    """Each when the one before is final; after a pause the other validators have finished with that one too."""
    parameters = {"storage": network.storage, "validators": len(network.nodes), "clients": 1,
                  "pause_ms": round(pause_s * 1000)}
    transactions = network.transactions("register", count + 10)
    with Client(network.nodes[0].api_address) as client:
        for transaction in transactions[:10]:  # caches, first connection, first views
            client.submit(transaction)
        spent = Spent(network, client)
        times_ms = []
        for transaction in transactions[10:]:
            time.sleep(pause_s)
            times_ms.append(client.submit(transaction) * 1000)
        if pause_s == 0:
            spent.report(report, count, **parameters)
        own_ms = [us / 1000 for us in client.get("/v1/timings")["submit_us"][-count:]]
    report.add(line_of("registration_ms", times_ms, **parameters))
    report.add(line_of("node_submit_ms", own_ms, **parameters))


def all_at_once(network, report, clients, count):
    """As many registrations as the network takes from clients that each wait for their answer."""
    transactions = network.transactions("register", count)
    addresses = [node.api_address for node in network.nodes]
    lock = threading.Lock()
    times_ms = []
    errors = []

    def work(number):
        try:
            with Client(addresses[number % len(addresses)]) as client:
                while True:
                    with lock:
                        if not transactions:
                            return
                        transaction = transactions.pop()
                    elapsed = client.submit(transaction)
                    with lock:
                        times_ms.append(elapsed * 1000)
        except (OSError, RuntimeError) as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(clients)]
    parameters = {"storage": network.storage, "validators": len(network.nodes), "clients": clients}
    with Client(addresses[0]) as client:
        spent = Spent(network, client)
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.monotonic() - start
        if errors:
            raise errors[0]
        spent.report(report, count, **parameters)
    report.add(line_of("registration_ms", times_ms, **parameters))
    report.add(single("registrations_per_s", len(times_ms) / elapsed, **parameters))


def registration(tools, report, quick, validators, storage):
    with Network(tools, validators, storage=storage) as network:
        one_after_another(network, report, 40 if quick else 300, 0)
        one_after_another(network, report, 20 if quick else 100, 0.1)
        all_at_once(network, report, 32, 200 if quick else 1000)


def logged_times(node, event):
    """Unix times in seconds, to the millisecond, at which the node logged this event."""
    return [datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()
            for line in node.log_lines() if line["event"] == event]


def stages(tools, report, quick):
    """Where a registration spends its time on an idle network, by the log of the node that was asked: it
    enters the next view when the block is notarized, and commits it when it is final."""
    count = 20 if quick else 40  # as many lines as the log lets one event write in a burst
    with Network(tools, VALIDATORS, log={"QNET_LOG": "warn,consensus=debug,ledger=info"}) as network:
        node = network.nodes[0]
        spans = []
        with Client(node.api_address) as client:
            for transaction in network.transactions("register", count):
                start = time.time()
                client.submit(transaction)
                spans.append((start, time.time()))
                time.sleep(0.05)  # the others finish too
        views, commits = logged_times(node, "view"), logged_times(node, "commit")
    parts = {"notarized": [], "final": [], "answered": []}
    for start, end in spans:
        # The log cuts off what is less than a millisecond.
        view = next((at for at in views if start - 0.001 <= at <= end), None)
        commit = next((at for at in commits if start - 0.001 <= at <= end), None)
        if view is None or commit is None or commit < view:
            continue  # the block was fetched from others instead
        parts["notarized"].append(max(0, view - start) * 1000)
        parts["final"].append((commit - view) * 1000)
        parts["answered"].append((end - commit) * 1000)
    for stage, values in parts.items():
        report.add(line_of("registration_stage_ms", values, validators=VALIDATORS, stage=stage))


# ---- cold start ----


def cold_start(tools, report, quick):
    """Everybody at once, as after a power cut: how long after its own start each process has four verified peers."""
    processes = 10 if quick else 30
    with Cluster(Genesis(count=cold.GENESIS, policy="open", name="bench")) as cluster:
        network = cold.ColdNetwork(cluster, processes - cold.GENESIS, log="warn,link=info")
        network.stop_all()
        network.start_all()
        network.await_linked()
        first, enough = network.times_until_linked()
        spent = [cpu_ns(node.pid) / 1e6 for node in cluster.nodes]
    report.add(line_of("cold_start_first_peer_ms", [time * 1000 for time in first], processes=processes))
    report.add(line_of("cold_start_ms", [time * 1000 for time in enough], processes=processes,
                       peers=cold.PEERS_WANTED))
    report.add(line_of("cold_start_cpu_ms", spent, processes=processes))


# ---- announcements ----

def held_records(nodes, subjects):
    """{subject: {node: (sequence, learned_us)}} as all nodes tell it."""
    held = {subject: {} for subject in subjects}
    for node in nodes:
        with Client(node.api_address) as client:
            for peer in client.get("/v1/peers")["peers"]:
                if peer["id"] in held and peer["record_held"]:
                    held[peer["id"]][node.id] = (peer["sequence"], peer["learned_us"])
    return held


def spread(nodes, subject, above):
    """When the nodes learned the one record of the subject that all others hold, newer than `above`:
    (sequence, first us, last us), or None while somebody lacks it."""
    held = held_records([node for node in nodes if node.id != subject], [subject])[subject]
    sequences = {sequence for sequence, _ in held.values()}
    if len(held) < len(nodes) - 1 or len(sequences) != 1 or max(sequences) <= above:
        return None
    learned = [learned_us for _, learned_us in held.values()]
    return max(sequences), min(learned), max(learned)


class Announcements:
    """Joins and updates of a network that grows to so many processes, and how long each took to reach
    everybody."""

    def __init__(self, network):
        self.network = network
        self.sequences = {}
        self.join_ms = []
        self.update_ms = []
        self.total_ms = []
        self.cpu_ms = []
        # Both clocks are the machine's; a record's sequence is the unix time in ms at which it was made.
        self.unix_minus_monotonic_us = (time.time() - time.monotonic()) * 1e6

    def join(self, identity):
        """What a newcomer's record took from the first node that has it to the last."""
        node = self.network.join(identity)
        sequence, first, last = wait_until(lambda: spread(self.network.nodes, node.id, 0),
                                           f"{node.name} is known everywhere")
        self.sequences[node.id] = sequence
        self.join_ms.append((last - first) / 1000)

    def update_round(self, transactions, pace):
        """Each ordinary node's entry changes once, so that it makes and announces a new record."""
        used_ns = sum(cpu_ns(node.pid) for node in self.network.nodes)
        with Client(self.network.nodes[0].api_address) as client:
            for transaction in transactions.values():
                client.submit(transaction)
                time.sleep(pace)  # the announcement has the machine for itself
        used_ns = sum(cpu_ns(node.pid) for node in self.network.nodes) - used_ns
        self.cpu_ms.append(used_ns / 1e6 / len(transactions) / len(self.network.nodes))
        for subject in transactions:
            sequence, first, last = wait_until(
                lambda subject=subject: spread(self.network.nodes, subject, self.sequences[subject]),
                "an update is known everywhere")
            self.sequences[subject] = sequence
            self.update_ms.append((last - first) / 1000)
            self.total_ms.append((last + self.unix_minus_monotonic_us) / 1000 - sequence)


def report_node_timings(network, report, processes):
    """What the nodes measured themselves, all of them together."""
    merged = {}
    for node in network.nodes:
        with Client(node.api_address) as client:
            for name, values in client.get("/v1/timings").items():
                merged.setdefault(name, []).extend(values)
    for name in ("verify_us", "handshake_cpu_us", "handshake_us"):
        if merged.get(name):
            report.add(line_of(f"node_{name}", merged[name], processes=processes))


def announcement(tools, report, quick, processes):
    identities = [Identity() for _ in range(processes - VALIDATORS)]
    with Network(tools, VALIDATORS) as network:
        measured = Announcements(network)
        for identity in identities:
            measured.join(identity)
        ordinary = network.nodes[VALIDATORS:]
        rounds = max(1, (12 if quick else 200) // len(ordinary))
        updates = {node.id: network.transactions("update", rounds, 2, seed=node.seed) for node in ordinary}
        for i in range(rounds):
            measured.update_round({subject: txs[i] for subject, txs in updates.items()}, pace=0.1)
        report.add(line_of("announce_ms", measured.update_ms, processes=processes, kind="update"))
        report.add(line_of("announce_total_ms", measured.total_ms, processes=processes, kind="update"))
        report.add(line_of("announce_cpu_ms", measured.cpu_ms, processes=processes, kind="update"))
        report.add(line_of("announce_ms", measured.join_ms, processes=processes, kind="join"))
        report_node_timings(network, report, processes)


# ---- doing nothing ----

def memory_kib(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"no {field} of process {pid}")


def idle(tools, report, quick):
    seconds = 5 if quick else 20
    with Network(tools, VALIDATORS) as network:
        network.join(Identity())
        time.sleep(2)
        kinds = {"validator": network.nodes[:VALIDATORS], "ordinary": network.nodes[VALIDATORS:]}
        before = {node.pid: (time.monotonic(), cpu_ns(node.pid)) for node in network.nodes}
        time.sleep(seconds)
        for kind, nodes in kinds.items():
            shares = []
            for node in nodes:
                start, used = before[node.pid]
                shares.append((cpu_ns(node.pid) - used) / ((time.monotonic() - start) * 1e7))
            report.add(line_of("idle_cpu_percent", shares, node=kind, links=5, seconds=seconds))
            report.add(line_of("idle_rss_kib", [memory_kib(node.pid, "VmRSS") for node in nodes], node=kind))
            report.add(line_of("idle_anonymous_kib", [memory_kib(node.pid, "RssAnon") for node in nodes],
                               node=kind))
