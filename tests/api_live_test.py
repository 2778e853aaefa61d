"""The HTTP API of real nodes: answers have the members of docs/api.md, what they prove holds when checked
by code that shares nothing with ours, metrics are well-formed, and a stopping node answers first."""

import base64
import hashlib
import json
import re
import threading
import unittest
from pathlib import Path

import cbor2

import qnet_cluster as q

DOCUMENT = Path(__file__).parent.parent / "docs/api.md"
LABEL = r'[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r'[a-z_][a-z0-9_]*(\{' + LABEL + '(?:,' + LABEL + r')*\})? '
                    r"(NaN|[+-]Inf|-?[0-9.]+(e[+-]?[0-9]+)?)")


def documented(heading):
    """{member path: type} of the section's table."""
    section = DOCUMENT.read_text().split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    table = section.split("| member |", 1)[1].split("\n\n", 1)[0]
    return dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", table, re.MULTILINE))


def fits(value, kind):
    """Is the value of the type that the documentation names?"""
    if kind.endswith(" or null"):
        return value is None or fits(value, kind.removesuffix(" or null"))
    if kind == "text":
        return isinstance(value, str)
    if kind in ("id", "hash"):
        return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None
    if kind == "bytes":
        return isinstance(value, str) and re.fullmatch("[A-Za-z0-9_-]+", value) is not None
    if kind == "true or false":
        return isinstance(value, bool)
    if kind in ("number", "time", "duration"):
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    if kind == "object":
        return isinstance(value, dict)
    if kind in ("texts", "objects", "durations"):
        return isinstance(value, list) and all(fits(item, kind[:-1]) for item in value)
    raise AssertionError(f"docs/api.md: unknown type {kind!r}")


def members(value, prefix=""):
    """Yields (path, value) of all members below."""
    for name, item in value.items():
        yield prefix + name, item
        if isinstance(item, dict):
            below = "*" if prefix == "timings." else name
            yield from members(item, f"{prefix}{below}.")
        elif isinstance(item, list):
            for element in item:
                if isinstance(element, dict):
                    yield from members(element, f"{prefix}{name}[].")


def ancestors(path):
    """Of "a.b[].c": "a.b", "a"."""
    while "." in path:
        path = path.rpartition(".")[0].removesuffix("[]")
        yield path


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha3(*parts):
    return hashlib.sha3_256(b"".join(parts)).digest()


def state_key(node_id):
    return sha3(bytes.fromhex(node_id))


def root_of(proof, key):
    """The root that a proof leads to, for the leaf that it names."""
    leaf = sha3(b"\x00", proof[2], proof[3]) if 2 in proof else bytes(32)
    for depth in range(len(proof[1]) - 1, -1, -1):
        sibling = proof[1][depth]
        bit = key[depth // 8] >> (7 - depth % 8) & 1
        leaf = sha3(b"\x01", sibling, leaf) if bit else sha3(b"\x01", leaf, sibling)
    return leaf


class LiveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.genesis = q.Genesis(count=4, codes=8)
        cls.cluster = q.Cluster(cls.genesis)
        cls.cluster.__enter__()
        try:
            cls.cluster.start(ordinary=1)
        except BaseException:
            cls.cluster.close()
            raise
        cls.follower = cls.cluster.nodes[-1]

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    def check_members(self, heading, answer, extra=None):
        expected = {**documented(heading), **(extra or {})}
        found = {}
        for path, value in members(answer):
            found.setdefault(path, []).append(value)
        unknown = set(found) - set(expected)
        self.assertFalse(unknown, f"{heading}: not documented")
        for path, kind in expected.items():
            if path not in found:
                # Only below something that is empty or null here.
                self.assertTrue(any(not held for above in ancestors(path) for held in found.get(above, [])),
                                f"{heading}: {path} is missing")
            for value in found.get(path, []):
                self.assertTrue(fits(value, kind), f"{heading}: {path} is {value!r}, not {kind}")

    def test_answers_are_as_documented(self):
        entry = documented("### Entry")
        for node in self.cluster.nodes:
            self.check_members("## GET /v1/status", node.get("/v1/status"))
            self.check_members("## GET /v1/timings", node.get("/v1/timings"))
            self.check_members("## GET /v1/peers", node.get("/v1/peers"))
            self.check_members("## GET /v1/peers/limits", node.get("/v1/peers/limits"))
            self.check_members("## GET /v1/regions", node.get("/v1/regions"))
            self.check_members("## GET /v1/registry", node.get("/v1/registry"),
                               {f"items[].{name}": kind for name, kind in entry.items()})
            self.check_members("## GET /v1/registry/{id}", node.get(f"/v1/registry/{node.id}"), entry)
            self.check_members("## GET /v1/registry/{id}/proof",
                               node.get(f"/v1/registry/{node.id}/proof"))
            for height in (0, 1, "head"):
                self.check_members("## GET /v1/blocks/{height}", node.get(f"/v1/blocks/{height}"))
        status, headers, body = self.follower.request("GET", "/v1/registry/" + "0" * 64)
        self.assertEqual((status, headers["Content-Type"]), (404, "application/problem+json"))
        self.check_members("## Errors", json.loads(body))

    def check_proof(self, node, node_id):
        answer = node.get(f"/v1/registry/{node_id}/proof")
        header = unbase64(answer["header"])
        proof = cbor2.loads(unbase64(answer["proof"]))
        decoded = cbor2.loads(header)
        self.assertEqual(decoded[4], answer["height"])
        key = state_key(node_id)
        self.assertEqual(root_of(proof, key), decoded[7], "the proof does not lead to the state root")
        if answer["present"]:
            entry = unbase64(answer["entry"])
            self.assertEqual((proof[2], proof[3]), (key, sha3(entry)))
            self.assertEqual(cbor2.loads(entry)[2].hex(), node_id)
        else:
            self.assertIsNone(answer["entry"])
            self.assertNotEqual(proof.get(2), key)
        return answer

    def test_proofs_hold_for_a_stranger(self):
        for node in self.cluster.nodes:
            for other in self.cluster.nodes:
                self.assertTrue(self.check_proof(node, other.id)["present"])
            for absent in ("0" * 64, "f" * 64, self.follower.id[::-1]):
                self.assertFalse(self.check_proof(node, absent)["present"])

    def test_blocks_hash_to_their_ids_and_carry_their_transactions(self):
        height = self.follower.status()["height"]
        parent = None
        registered = set()
        for number in range(height + 1):
            block = self.follower.get(f"/v1/blocks/{number}")
            header = unbase64(block["header"])
            self.assertEqual(sha3(header).hex(), block["id"])
            if parent is not None:
                self.assertEqual(block["parent"], parent)
            parent = block["id"]
            for tx in block["transactions"]:
                self.assertEqual(sha3(unbase64(tx["bytes"])).hex(), tx["id"])
                registered.add(tx["node"])
        self.assertIn(self.follower.id, registered)
        key = unbase64(self.follower.entry(self.follower.id)["key"])
        self.assertEqual(sha3(key).hex(), self.follower.id)

    def test_metrics_are_well_formed(self):
        for node in self.cluster.nodes:
            status, headers, body = node.request("GET", "/metrics")
            self.assertEqual(status, 200)
            self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"))
            family = None
            seen = set()
            series = set()
            for line in body.decode().splitlines():
                if line.startswith("# HELP "):
                    family = line.split(" ", 3)[2]
                    self.assertNotIn(family, seen, "one family stands in two places")
                    seen.add(family)
                elif line.startswith("# TYPE "):
                    _, _, name, kind = line.split(" ")
                    self.assertEqual(name, family)
                    self.assertEqual(kind == "counter", name.endswith("_total"), line)
                else:
                    self.assertRegex(line, f"^{SAMPLE.pattern}$")
                    self.assertEqual(re.split("[{ ]", line)[0], family)
                    self.assertNotIn(line.rsplit(" ", 1)[0], series, "one series twice")
                    series.add(line.rsplit(" ", 1)[0])
                    self.assertIsNone(re.search('"[0-9a-f]{8,}', line), "a peer's id in a label")
            self.assertIn("qnet_api_connections", seen)

    def test_z_a_stopping_node_answers_first(self):
        """Last of the class, by its name: the network stands still afterwards."""
        identity = q.Identity()
        env = {**identity.env, "QNET_ACTIVATION_CODE": self.genesis.take_code()}
        transaction = q.signed_transaction(self.follower, "register", "--region", "asia", env=env)
        for node in self.cluster.validators[:2]:
            node.pause()
        validator = self.cluster.validators[2]
        answers = []
        thread = threading.Thread(target=lambda: answers.append(validator.submit(transaction)))
        thread.start()
        q.wait_until(lambda: validator.status()["mempool"] > 0, "the transaction waits")
        validator.terminate()
        thread.join(timeout=30)
        self.assertEqual(len(answers), 1, "no answer")
        status, problem = answers[0]
        self.assertEqual((status, problem["code"]), (503, "closed"))
        self.assertEqual(problem["status"], 503)


if __name__ == "__main__":
    q.main()
