"""A whole network of real `qnet node` processes on loopback, for the end-to-end tests.

Every wait is a bounded poll of a condition; every process is ended by its own id; a process that was
not killed on purpose must end with status 0 and without a word of a sanitizer.
"""

import http.client
import http.server
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

QNET = os.environ["QNET_BIN"]
REGIONS = ("north-america", "south-america", "europe", "asia", "africa", "oceania")
WAIT_S = 40.0  # for what takes about a second on an idle machine
POLL_S = 0.05
SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")


def wait_until(condition, what, timeout=WAIT_S, poll=POLL_S):
    """The first true value of condition(); fails after timeout seconds with what and the last value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}; last value: {value!r}")
        time.sleep(poll)


def free_ports(count):
    """Ports nobody listens on, below the range from which the system takes those of outgoing links."""
    sockets = []
    try:
        for _ in range(200 * count):
            if len(sockets) == count:
                break
            sock = socket.socket()
            try:
                sock.bind(("127.0.0.1", random.randrange(12000, 32000)))
            except OSError:
                sock.close()
                continue
            sockets.append(sock)
        assert len(sockets) == count, "no free ports"
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def clean_environment(extra=None):
    """This process's environment without any setting of QNet's, plus extra."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QNET_")}
    environment.update(extra or {})
    return environment


def qnet(*arguments, env=None, timeout=60):
    """Runs one command with -o json. (exit status, decoded standard output or None, standard error)"""
    done = subprocess.run([QNET, *arguments, "-o", "json"], env=clean_environment(env), timeout=timeout,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    try:
        answer = json.loads(done.stdout) if done.stdout.strip() else None
    except ValueError:
        answer = None
    return done.returncode, answer, done.stderr


def qnet_ok(*arguments, env=None, timeout=60):
    status, answer, errors = qnet(*arguments, env=env, timeout=timeout)
    assert status == 0, f"qnet {' '.join(arguments)}: exit {status}: {errors}"
    return answer


class Identity:
    """A private key and who it makes one."""

    def __init__(self):
        self.seed = secrets.token_hex(32)
        self.env = {"QNET_KEY": self.seed}
        self.id = qnet_ok("keys", "show", env=self.env)["id"]


class Genesis:
    """What a set of genesis nodes and the network's parameters put into everybody's environment."""

    def __init__(self, count=5, codes=0, policy="codes", name="e2e"):
        self.identities = [Identity() for _ in range(count)]
        self.ports = free_ports(count)
        self.env = {"QNET_ACTIVATION_POLICY": policy}
        self.codes = []
        for i, identity in enumerate(self.identities):
            cert = qnet_ok("genesis", "cert", "--network", name, "--id", f"{i + 1:03}",
                           "--region", REGIONS[i % len(REGIONS)],
                           "--endpoint", f"127.0.0.1:{self.ports[i]}", env=identity.env)
            self.env[cert["name"]] = cert["certificate"]
        if codes:
            issued = qnet_ok("activation", "issue", "--count", str(codes))
            self.env["QNET_ACTIVATION_BATCH_001"] = issued["batch"]
            self.codes = issued["codes"]

    def take_code(self):
        return self.codes.pop()


class Node:
    """One `qnet node` process."""

    def __init__(self, name, env, folder, program=QNET):
        self.name = name
        self.env = env
        self.log_path = Path(folder) / f"{name}.log"
        self.was_killed = False
        self.stopped = False
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [program, "node", "-o", "json", "--parent", str(os.getpid())], env=clean_environment(env),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        self.up = None

    def await_up(self):
        """Reads the line that a node prints once it listens."""
        line = self.process.stdout.readline()
        assert line, f"{self.name} did not start: {self.log_tail()}"
        self.up = json.loads(line)
        self.id = self.up["id"]
        self.api = self.up["api"]
        self.listen_port = int(self.up["listen"].rsplit(":", 1)[1])
        host, port = self.api.removeprefix("http://").rsplit(":", 1)
        self.api_address = (host, int(port))
        return self

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    # ---- the API ----

    def request(self, method, path, body=None, content_type="application/octet-stream", timeout=10.0):
        """(status, headers, body bytes)"""
        connection = http.client.HTTPConnection(*self.api_address, timeout=timeout)
        try:
            headers = {"Content-Type": content_type} if body is not None else {}
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def get(self, path, timeout=10.0):
        status, _, body = self.request("GET", path, timeout=timeout)
        assert status == 200, f"{self.name}: GET {path}: {status} {body[:300]!r}"
        return json.loads(body)

    def status(self):
        return self.get("/v1/status")

    def ready(self):
        """(status, decoded body) of /readyz"""
        status, _, body = self.request("GET", "/readyz")
        return status, json.loads(body)

    def entry(self, node_id):
        """The registry entry, or None."""
        status, _, body = self.request("GET", f"/v1/registry/{node_id}")
        assert status in (200, 404), f"{self.name}: registry: {status} {body[:300]!r}"
        return json.loads(body) if status == 200 else None

    def registry(self):
        """(height, state root, entries by id) of one moment"""
        items = {}
        index = 0
        while True:
            page = self.get(f"/v1/registry?from={index}&limit=200")
            items.update((item["id"], item) for item in page["items"])
            if page["next"] is None:
                return page["height"], page["state_root"], items
            index = page["next"]

    def submit(self, transaction, timeout=40.0):
        """(status, decoded body)"""
        status, _, body = self.request("POST", "/v1/registry", body=transaction, timeout=timeout)
        return status, json.loads(body)

    def metrics(self):
        """{name with labels: value}"""
        status, _, body = self.request("GET", "/metrics")
        assert status == 200
        values = {}
        for line in body.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values

    def failures(self, reason):
        """How many links ended for this reason, as counted in /metrics."""
        return sum(value for name, value in self.metrics().items()
                   if name.startswith("qnet_link_failures_total") and f'reason="{reason}"' in name)

    def client(self, *arguments, env=None, timeout=60, knows_genesis=True):
        """Runs a client command against this node's API, by default with its genesis settings."""
        names = ("QNET_GENESIS_CERT_", "QNET_ACTIVATION_POLICY", "QNET_ACTIVATION_BATCH_")
        settings = {name: value for name, value in self.env.items()
                    if knows_genesis and name.startswith(names)}
        settings["QNET_API_URL"] = self.api if self.api.startswith("http") else f"http://{self.api}"
        settings.update(env or {})
        return qnet(*arguments, env=settings, timeout=timeout)

    # ---- its life ----

    def log(self):
        return self.log_path.read_text(errors="replace")

    def log_lines(self):
        """The decoded JSON lines of its log."""
        lines = []
        for line in self.log().splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                pass
        return lines

    def log_tail(self, lines=15):
        """The last lines, or a sanitizer's report from its first line on."""
        text = self.log().splitlines()
        for i, line in enumerate(text):
            if any(mark in line for mark in SANITIZER_MARKS):
                return "\n".join(text[i:i + 40])
        return "\n".join(text[-lines:])

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)
        self.stopped = True

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)
        self.stopped = False

    def kill(self):
        self.was_killed = True
        self.process.kill()
        self.process.wait()

    def terminate(self):
        if self.stopped:
            self.resume()
        if self.is_running():
            self.process.terminate()

    def finish(self):
        """Waits for the end. The problems found, as text."""
        problems = []
        try:
            status = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
            problems.append(f"{self.name} ignored SIGTERM for 20 s")
        self.process.stdout.close()
        text = self.log()
        if status != 0 and not self.was_killed:
            problems.append(f"{self.name} ended with status {status}")
        if any(mark in text for mark in SANITIZER_MARKS):
            problems.append(f"{self.name}: sanitizer report")
        return problems


class Cluster:
    """Genesis nodes and ordinary nodes; a context manager."""

    def __init__(self, genesis):
        self.genesis = genesis
        self.nodes = []
        self.folder = tempfile.TemporaryDirectory(prefix="qnet-e2e-")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        problems = self.close()
        if kind is not None or problems:
            for node in self.nodes:
                print(f"---- {node.name}\n{node.log_tail(6)}", flush=True)
        self.folder.cleanup()
        if kind is None:
            assert not problems, "; ".join(problems)
        elif problems:
            print("; ".join(problems), flush=True)

    def close(self):
        for node in self.nodes:
            node.terminate()
        return [problem for node in self.nodes for problem in node.finish()]

    def spawn(self, name, env, program=QNET):
        node = Node(name, {"QNET_LOG": "debug", "QNET_API": "127.0.0.1:0", **self.genesis.env, **env},
                    self.folder.name, program)
        self.nodes.append(node)
        return node

    def spawn_genesis(self, index, env=None, program=QNET):
        return self.spawn(f"genesis-{index + 1}", {
            "QNET_BOOTSTRAP_ID": f"{index + 1:03}", **self.genesis.identities[index].env,
            "QNET_LISTEN": f"127.0.0.1:{self.genesis.ports[index]}", **(env or {})}, program)

    def spawn_ordinary(self, name, identity=None, code=None, env=None, program=QNET):
        identity = identity or Identity()
        extra = {"QNET_ACTIVATION_CODE": code} if code else {}
        return self.spawn(name, {"QNET_REGION": random.choice(REGIONS), "QNET_LISTEN": "127.0.0.1:0",
                                 **identity.env, **extra, **(env or {})}, program)

    def start(self, ordinary=0, absent=0):
        """All genesis nodes but the last absent ones, and so many ordinary ones with a code each,
        registered and ready."""
        for i in range(len(self.genesis.identities) - absent):
            self.spawn_genesis(i)
        for i in range(ordinary):
            code = self.genesis.take_code() if self.genesis.codes else None
            self.spawn_ordinary(f"node-{i + 1}", code=code)
        for node in self.nodes:
            node.await_up()
        for node in self.nodes:
            wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready")
        for node in self.nodes:
            wait_until(lambda node=node: node.status()["registered"], f"{node.name} is registered")
        return self

    @property
    def validators(self):
        return [node for node in self.nodes if "QNET_BOOTSTRAP_ID" in node.env]

    def await_agreement(self, nodes=None, timeout=WAIT_S):
        """Waits until the registries of these nodes have the same height and root. (height, root,
        entries by id)"""
        nodes = nodes or [node for node in self.nodes if node.is_running() and not node.stopped]

        def agreed():
            views = [node.registry() for node in nodes]
            return views[0] if all(view[:2] == views[0][:2] for view in views) else None
        return wait_until(agreed, "the registries agree", timeout=timeout)

    def await_growth(self, nodes, above, timeout=WAIT_S):
        """Waits until each of these nodes has a block above this height."""
        for node in nodes:
            wait_until(lambda node=node: node.status()["height"] > above, f"{node.name} above {above}",
                       timeout=timeout)


def signed_transaction(node, *arguments, env, knows_genesis=True):
    """The bytes that a command like `register` signs for this node's network and would submit. The
    command talks to a stand-in of the API that passes questions on and keeps what is posted."""
    posted = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            status, _, body = node.request("GET", self.path)
            self.answer(status, body)

        def do_POST(self):
            posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(503, b'{"status":503,"title":"kept","detail":"kept","code":"busy"}')

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        env = {**env, "QNET_API_URL": f"http://127.0.0.1:{server.server_address[1]}"}
        _, _, errors = node.client(*arguments, env=env, knows_genesis=knows_genesis)
        assert len(posted) == 1, f"{arguments[0]} posted {len(posted)} transactions: {errors}"
        return posted[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def seeded_random():
    """A random number generator whose seed is printed; QNET_TEST_SEED repeats a run."""
    seed = int(os.environ.get("QNET_TEST_SEED", secrets.randbits(32)))
    print(f"seed {seed} (QNET_TEST_SEED={seed} repeats it)", flush=True)
    return random.Random(seed)


def main():
    unittest.main(verbosity=2)
