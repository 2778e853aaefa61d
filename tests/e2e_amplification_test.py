"""What somebody whom no registry knows gets out of a node, against what it put in: bytes each way of whole
links, as TCP counts them, for everything that it may say, once and twenty times."""

import concurrent.futures
import json
import os
import subprocess
import unittest

import qnet_cluster as q

STRANGER = os.path.join(os.environ["QNET_BUILD_DIR"], "tests", "stranger")
CONTROL = ("hello", "goodbye", "ping", "pong", "redirect", "announce", "head")
CONSENSUS = ("propose", "notarize", "finalize", "nullify", "cert", "status", "consensus_request", "recover",
             "recover_reply")
REQUESTS = ("tx", "submit", "get_blocks", "get_genesis", "get_snapshot", "get_rtt")
REPLIES = ("submit_result", "blocks", "genesis", "busy", "snapshot", "rtt")
AT_ONCE = 4


class AmplificationTest(unittest.TestCase):
    def test_every_message(self):
        genesis = q.Genesis(count=4)
        with q.Cluster(genesis) as cluster:
            self.node = cluster.spawn_genesis(0).await_up()
            self.network = self.node.status()["network"]["id"]
            cases = [(kind, count) for kind in CONTROL + CONSENSUS + REQUESTS + REPLIES for count in (1, 20)]
            # What waits for a deadline of the node first, so that the others run meanwhile.
            cases = [("silence", 1), ("client_hello", 1), ("connect", 1), ("garbage", 1), ("genesis data", 1)] + cases
            print(f"{'':22} {'sent':>7} {'received':>9} {'factor':>7}", flush=True)
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                told = dict(zip(cases, pool.map(lambda case: self.ask(*case), cases)))
            told["refused", 1] = self.ask("refused")
            for (what, count), row in told.items():
                self.report(f"{what} x {count}" if count > 1 else what, row)
            self.check(told)

    def ask(self, what, count=1):
        what = "genesis" if what == "genesis data" else "genesis_reply" if what == "genesis" else what
        done = subprocess.run([STRANGER, str(self.node.listen_port), self.network, what, str(count)], timeout=120,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{what}: {done.stderr}")
        return json.loads(done.stdout)

    def report(self, what, row):
        factor = f"{row['received'] / row['sent']:7.2f}" if row["sent"] else "      -"
        print(f"{what:22} {row['sent']:7} {row['received']:9} {factor}{'' if row['open'] else '  closed'}", flush=True)

    def check(self, told):
        # Before the key is proven TCP has proven the address, and a server says more than its client: certificate
        # and signature. Who stops there has got this once, for a connection of which only so many may be half-open.
        began = told.pop(("client_hello", 1))
        self.assertFalse(began["open"])
        self.assertLessEqual(began["received"], 5 * began["sent"])
        nothing = told.pop(("connect", 1))
        self.assertEqual((nothing["sent"], nothing["received"]), (0, 0))
        for what, row in told.items():
            self.assertLessEqual(row["received"], row["sent"], what)
        self.assertFalse(told["refused", 1]["open"])
        self.assertTrue(told["genesis data", 1]["open"], "they came, complete")
        self.assertEqual(told["genesis data", 1]["requests"], 2)
        self.assertGreater(told["genesis data", 1]["received"], 2 * told["hello", 1]["received"])


if __name__ == "__main__":
    q.main()
