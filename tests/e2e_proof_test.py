"""A proof fetched from a running network holds to its genesis certificates alone, and to no others: of an
entry and of an absence, now and at past heights, and never after a byte of it was changed."""

import json
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

import qnet_cluster as q

SEED = random.randrange(2**32)


def fetch(node, *arguments):
    """(exit status, bytes, standard error)"""
    done = subprocess.run([q.QNET, "registry", "proof", *arguments], timeout=60, capture_output=True, check=False,
                          env=q.clean_environment({"QNET_API_URL": node.api}), stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr.decode()


def verify(proof, certificates, *arguments):
    """(exit status, decoded answer, standard error); nothing but the certificates is in its environment."""
    done = subprocess.run([q.QNET, "registry", "verify", "-", "-o", "json", *arguments], timeout=60,
                          input=proof, capture_output=True, check=False, env=q.clean_environment(certificates))
    return done.returncode, json.loads(done.stdout), done.stderr.decode()


class ProofTest(unittest.TestCase):
    def certificates_of(self, genesis):
        return {name: value for name, value in genesis.env.items() if name.startswith("QNET_GENESIS_CERT_")}

    def holds(self, proof, *arguments):
        status, answer, errors = verify(proof, self.certificates, *arguments)
        self.assertEqual(status, 0, errors)
        return answer

    def fails(self, proof, code, *arguments, certificates=None):
        status, answer, errors = verify(proof, certificates or self.certificates, *arguments)
        self.assertEqual((status, answer["error"]["code"]), (1, code), errors)
        self.assertIn("does not hold", errors)

    def test_proofs_of_a_running_network(self):
        print(f"seed {SEED}", flush=True)
        genesis = q.Genesis(count=4, codes=2)
        self.certificates = self.certificates_of(genesis)
        with q.Cluster(genesis) as cluster:
            cluster.start(ordinary=1)
            member = cluster.nodes[4]
            self.assertEqual(len(cluster.nodes), 5)
            registered = member.entry(member.id)["registered_height"]
            self.check_present(cluster.nodes, member)
            self.check_absent(member)
            self.check_past(member, registered)
            self.check_refusals(member)
            proof = fetch(member, member.id)[1]
        # The network is gone; the proof holds all the same.
        self.assertTrue(self.holds(proof)["member"])
        self.check_changes(proof, member)
        self.check_other_trust(proof, genesis)

    def check_present(self, nodes, member):
        for node in nodes:
            status, proof, errors = fetch(node, member.id)
            self.assertEqual(status, 0, errors)
            answer = self.holds(proof, "--id", member.id)
            entry = node.entry(member.id)
            self.assertEqual((answer["id"], answer["member"], answer["state"]), (member.id, True, "active"))
            for name in ("index", "algorithm", "region", "sequence", "registered_height", "changed_height"):
                self.assertEqual(answer["entry"][name], entry[name], name)
            self.assertEqual(answer["network"], node.status()["network"]["id"])
            self.assertEqual(answer["signatures"], 3)
            self.assertEqual(answer["bytes"], len(proof))
            text = subprocess.run([q.QNET, "registry", "verify", "-"], input=proof, capture_output=True, check=True,
                                  env=q.clean_environment(self.certificates)).stdout.decode()
            self.assertIn(member.id, text)
            self.assertIn("active", text)

    def check_absent(self, node):
        stranger = q.Identity().id
        status, proof, errors = fetch(node, stranger)
        self.assertEqual(status, 0, errors)
        answer = self.holds(proof)
        self.assertEqual((answer["id"], answer["member"], answer["state"], answer["entry"]),
                         (stranger, False, "none", None))
        self.fails(proof, "node_id", "--id", node.id)

    def check_past(self, node, registered):
        for height, is_member in ((registered - 1, False), (registered, True), (0, False)):
            proof = q.wait_until(lambda height=height: fetch(node, node.id, "--height", str(height))[1],
                                 f"height {height} can be proved")
            answer = self.holds(proof)
            self.assertEqual((answer["height"], answer["member"]), (height, is_member))
            self.assertGreaterEqual(answer["certified_height"], height)

    def check_refusals(self, node):
        status, proof, errors = fetch(node, node.id, "--height", str(10**9))
        self.assertEqual((status, proof), (1, b""))
        self.assertIn("not final yet", errors)
        self.assertEqual(fetch(node, "abc")[0], 2)
        self.assertEqual(fetch(node, node.id, "--height", "-1")[0], 2)

    def check_changes(self, proof, member):
        random.seed(SEED)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "p.cbor"
            path.write_bytes(proof)
            done = subprocess.run([q.QNET, "registry", "verify", str(path)], capture_output=True, check=False,
                                  env=q.clean_environment(self.certificates))
            self.assertEqual(done.returncode, 0, done.stderr)
        for _ in range(20):
            changed = bytearray(proof)
            changed[random.randrange(len(proof))] ^= 1 << random.randrange(8)
            status, answer, _ = verify(bytes(changed), self.certificates)
            self.assertEqual(status, 1, answer)
        self.fails(proof[:-1], "malformed")
        self.fails(b"", "malformed")
        status, _, errors = verify(proof, {})
        self.assertEqual(status, 78, errors)

    def check_other_trust(self, proof, genesis):
        self.fails(proof, "network", certificates=self.certificates_of(q.Genesis(count=4, name="other")))
        # Who knows the whole definition of the network takes no other.
        whole = {name: value for name, value in genesis.env.items() if name != "QNET_KEY"}
        status, answer, errors = verify(proof, whole)
        self.assertEqual(status, 0, errors)
        self.fails(proof, "network", certificates={**self.certificates, "QNET_ACTIVATION_POLICY": "open"})


if __name__ == "__main__":
    q.main()
