"""Wrong networks, wrong keys, replays, foreign and broken clients against a running network: each gets
a clear error or a closed link with a counted and logged reason, and the network goes on."""

import contextlib
import os
import select
import socket
import ssl
import struct
import time
import unittest

import qnet_cluster as q

IDLE_CONNECTIONS = 500
GARBAGE = (
    b"",                                                # nothing at all, then the end
    b"\x00" * 4096,
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x16\x03\x01\x40\x00" + b"\xff" * 20000,          # a TLS record with more than may be in it
    b"\x16\x03\x01\x00\x05\x01\x00\xff\xff\xff",        # a ClientHello that claims 16 MB
    b"\x80\x2e\x01\x00\x02" + b"\x00" * 41,             # SSL 2
    os.urandom(65536),
)


def closes(node, reason):
    return node.metrics().get(f'qnet_link_closes_total{{reason="{reason}"}}', 0)


def await_logged(node, **fields):
    q.wait_until(lambda: any(all(line.get(name) == value for name, value in fields.items())
                             for line in node.log_lines()), f"{node.name} logs {fields}")


def is_closed_by_peer(sock, timeout=15.0):
    """Reads until the other end closes; False if it does not."""
    sock.settimeout(timeout)
    try:
        while sock.recv(65536):
            pass
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


class NetworkCase(unittest.TestCase):
    """Four genesis nodes and an ordinary one, shared by the tests of a class."""

    GENESIS = 4
    CODES = 12

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.genesis = q.Genesis(count=cls.GENESIS, codes=cls.CODES)
        cls.cluster = cls.stack.enter_context(q.Cluster(cls.genesis))
        cls.start_cluster()

    @classmethod
    def start_cluster(cls):
        cls.cluster.start(ordinary=1)

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def assert_goes_on(self, node=None):
        """A registration becomes final and the registries agree."""
        node = node or self.cluster.nodes[-1]
        env = {**q.Identity().env, "QNET_ACTIVATION_CODE": self.genesis.take_code()}
        status, answer, errors = node.client("register", "--region", "oceania", env=env)
        self.assertEqual(status, 0, errors)
        height, _, entries = self.cluster.await_agreement(
            [each for each in self.cluster.nodes if each.is_running() and each not in self.strangers])
        self.assertIn(answer["id"], entries)
        self.assertGreaterEqual(height, answer["height"])

    strangers = ()


class BadPeerTest(NetworkCase):
    def test_wrong_network_id(self):
        """The same certificates with another policy make another network."""
        targets = self.cluster.validators
        before = {node: closes(node, "wrong_network") for node in targets}
        other = q.Cluster(self.genesis)
        with other:
            stray = other.spawn_ordinary("stray", env={"QNET_ACTIVATION_POLICY": "open"}).await_up()
            self.assertNotEqual(stray.up["network"]["id"], targets[0].up["network"]["id"])
            for node in targets:
                q.wait_until(lambda node=node: closes(node, "wrong_network") > before[node],
                             f"{node.name} counts wrong_network")
                await_logged(node, event="close", peer=stray.id[:8], reason="wrong_network")
            await_logged(stray, reason="wrong_network")
            status, body = stray.ready()
            self.assertEqual((status, body["ready"]), (503, False))
            self.assertEqual(stray.status()["height"], 0)
        self.assert_goes_on()

    def test_foreign_and_broken_tls_clients(self):
        node = self.cluster.validators[0]
        for reason, context in (("tls_version", self.client_context(ssl.TLSVersion.TLSv1_2)),
                                ("no_raw_public_key", self.client_context(ssl.TLSVersion.TLSv1_3))):
            before = node.failures(reason)
            with socket.create_connection(("127.0.0.1", node.listen_port), timeout=15) as sock:
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    with context.wrap_socket(sock) as tls:
                        tls.recv(1)
            q.wait_until(lambda reason=reason, before=before: node.failures(reason) > before, reason)
            await_logged(node, event="link_failed", reason=reason)
        self.assert_goes_on()

    @staticmethod
    def client_context(version):
        """An X.509 client of this Python's library."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["qnet/1"])
        return context

    def test_garbage_on_the_peer_port(self):
        node = self.cluster.validators[1]
        links = node.status()["links"]["live"]
        before = sum(node.failures(reason) for reason in ("tls_failed", "peer_closed", "tls_version"))
        for garbage in GARBAGE:
            with socket.create_connection(("127.0.0.1", node.listen_port), timeout=15) as sock:
                with contextlib.suppress(ConnectionError):
                    sock.sendall(garbage)
                    sock.shutdown(socket.SHUT_WR)
                self.assertTrue(is_closed_by_peer(sock), f"still open after {garbage[:12]!r}")
        after = sum(node.failures(reason) for reason in ("tls_failed", "peer_closed", "tls_version"))
        self.assertGreaterEqual(after - before, len(GARBAGE))
        self.assertEqual(node.status()["links"]["live"], links)
        self.assert_goes_on()

    def test_port_in_use(self):
        taken = self.cluster.validators[0]
        for setting, port in (("QNET_LISTEN", taken.listen_port), ("QNET_API", taken.api_address[1])):
            env = {**self.genesis.env, "QNET_API": "127.0.0.1:0", "QNET_LISTEN": "127.0.0.1:0",
                   "QNET_REGION": "asia", setting: f"127.0.0.1:{port}"}
            status, answer, errors = q.qnet("node", env=env)
            self.assertEqual((status, answer["error"]["code"]), (1, "io"), errors)
            self.assertRegex(errors, rf"127\.0\.0\.1\D+{port}: [Aa]ddress already in use")
        self.assert_goes_on()


class WrongKeyTest(NetworkCase):
    """Somebody else listens where the fifth genesis node should be."""

    GENESIS = 5
    CODES = 6

    @classmethod
    def start_cluster(cls):
        port = cls.genesis.ports[4]
        cls.impostor = cls.cluster.spawn_ordinary("impostor", env={"QNET_LISTEN": f"127.0.0.1:{port}"})
        cls.strangers = (cls.impostor,)
        for i in range(4):
            cls.cluster.spawn_genesis(i)
        for node in cls.cluster.nodes:
            node.await_up()
        for node in cls.cluster.validators:
            q.wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready")

    def test_a_key_that_is_not_the_pinned_one(self):
        for node in self.cluster.validators:
            q.wait_until(lambda node=node: node.failures("key_mismatch") >= 1, f"{node.name} counts it")
            await_logged(node, event="link_failed", reason="key_mismatch")
            ids = {peer["id"] for peer in node.get("/v1/peers")["peers"] if peer["linked"]}
            self.assertNotIn(self.genesis.identities[4].id, ids)
            self.assertEqual(node.status()["consensus"]["live"], 4)
        self.assert_goes_on(self.cluster.validators[0])


class BadRequestTest(NetworkCase):
    CODES = 20

    def test_a_replayed_registration_is_answered_the_same(self):
        node, other = self.cluster.nodes[-1], self.cluster.nodes[0]
        env = {**q.Identity().env, "QNET_ACTIVATION_CODE": self.genesis.take_code()}
        transaction = q.signed_transaction(node, "register", "--region", "europe", env=env)
        status, first = node.submit(transaction)
        self.assertEqual(status, 200, first)
        self.cluster.await_agreement()
        entries = len(node.registry()[2])
        for again in (node, other):
            status, answer = again.submit(transaction)
            self.assertEqual((status, answer), (200, first))
        self.assertEqual(len(node.registry()[2]), entries)

    def test_a_used_code_is_refused_by_name(self):
        node = self.cluster.nodes[-1]
        code = self.genesis.take_code()
        first = {**q.Identity().env, "QNET_ACTIVATION_CODE": code}
        self.assertEqual(node.client("register", "--region", "asia", env=first)[0], 0)
        second = {**q.Identity().env, "QNET_ACTIVATION_CODE": code}
        transaction = q.signed_transaction(node, "register", "--region", "asia", env=second)
        for each in self.cluster.nodes:
            status, answer = each.submit(transaction)
            self.assertEqual((status, answer["code"]), (409, "code_used"), answer)
            self.assertIn("was used at height", answer["detail"])

    def test_a_code_of_nobody_and_none_at_all(self):
        node = self.cluster.nodes[-1]
        foreign = q.qnet_ok("activation", "issue")["codes"][0]
        for extra, expected in (({"QNET_ACTIVATION_CODE": foreign}, "code_unknown"), ({}, "code_required")):
            env = {**q.Identity().env, **extra}
            # With the genesis settings at hand the command itself would refuse.
            transaction = q.signed_transaction(node, "register", "--region", "asia", env=env,
                                               knows_genesis=False)
            status, answer = node.submit(transaction)
            self.assertEqual((status, answer["code"]), (422, expected), answer)

    def test_a_changed_byte_anywhere_is_refused(self):
        node = self.cluster.nodes[-1]
        chance = q.seeded_random()
        env = {**q.Identity().env, "QNET_ACTIVATION_CODE": self.genesis.take_code()}
        transaction = q.signed_transaction(node, "register", "--region", "africa", env=env)
        entries = len(node.registry()[2])
        for _ in range(12):
            broken = bytearray(transaction)
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
            status, answer = node.submit(bytes(broken))
            self.assertIn(status, (400, 409, 413, 422), answer)
        for cut in (1, len(transaction) // 2, len(transaction) - 1):
            status, answer = node.submit(transaction[:cut])
            self.assertEqual((status, answer["code"]), (400, "malformed"))
        self.assertEqual(len(node.registry()[2]), entries)
        status, answer = node.submit(transaction)
        self.assertEqual(status, 200, answer)

    def test_a_body_of_ten_megabytes(self):
        node = self.cluster.nodes[0]
        with socket.create_connection(node.api_address, timeout=15) as sock:
            sock.sendall(b"POST /v1/registry HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/"
                         b"octet-stream\r\nContent-Length: 10485760\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                for _ in range(160):
                    sock.sendall(b"\xa5" * 65536)
            head = b""
            with contextlib.suppress(ConnectionError):
                head = sock.recv(65536)
        if head:  # unless the reset overtook the answer
            self.assertTrue(head.startswith(b"HTTP/1.1 413"), head[:200])
        self.assertEqual(node.request("POST", "/v1/registry", body=b"\xa5" * 70000)[0], 413)
        self.assert_goes_on()

    def test_slow_readers_and_idle_connections_hinder_nobody(self):
        node = self.cluster.nodes[0]
        with contextlib.ExitStack() as stack:
            for _ in range(16):
                self.open_slow_reader(stack, node)
            idle = [stack.enter_context(socket.create_connection(node.api_address, timeout=15))
                    for _ in range(IDLE_CONNECTIONS)]
            slowest = 0.0
            for _ in range(10):
                start = time.monotonic()
                node.get("/v1/registry", timeout=5)
                slowest = max(slowest, time.monotonic() - start)
            print(f"{len(idle)} idle connections: slowest answer {slowest * 1000:.0f} ms", flush=True)
            self.assert_goes_on(node)
            self.check_idle_ones_end(node, idle)
        self.assert_goes_on(node)

    @staticmethod
    def open_slow_reader(stack, node):
        """Asks for much, a byte at a time would be fast: it never reads."""
        sock = stack.enter_context(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(15)
        sock.connect(node.api_address)
        request = b"GET /v1/registry?limit=100 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        with contextlib.suppress(BlockingIOError):
            sock.setblocking(False)
            sock.send(request * 100)

    def check_idle_ones_end(self, node, idle):
        """A connection that asks nothing is closed after a while, so that they cannot pile up."""
        poll = select.poll()
        for sock in idle:
            poll.register(sock, select.POLLIN)
        q.wait_until(lambda: len(poll.poll(0)) == len(idle), "all idle connections are closed")
        q.wait_until(lambda: node.metrics()["qnet_api_connections"] < 64, "their places are free again")

    def test_a_reset_in_the_middle_of_a_request(self):
        node = self.cluster.nodes[0]
        for request in (b"POST /v1/registry HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le",
                        b"GET /v1/registry?limit=1000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"\x00" * 2000):
            for _ in range(20):
                with socket.create_connection(node.api_address, timeout=15) as sock:
                    sock.sendall(request)
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.assert_goes_on(node)


if __name__ == "__main__":
    q.main()
