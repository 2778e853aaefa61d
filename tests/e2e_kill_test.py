"""SIGKILL at random moments under load, with real processes and real disks: no fork, nothing acknowledged is
lost, and everybody is back in agreement.

    e2e_kill_test.py [--rounds N] [--most VICTIMS]

In each round some of the validators are killed while registrations come in, and started again. What a node
acknowledged must be on its own disk when it starts; what any node acknowledged must be in every registry;
and the blocks of all nodes must be the same at every height. QNET_TEST_SEED repeats the choices, not the
moments at which the kills fall.
"""

import argparse
import secrets
import sys
import threading
import time
import unittest

import qnet_cluster as q

VALIDATORS = 4
LOADERS = 2
CHECK_EVERY = 10  # rounds between comparisons of everything
ROUNDS_DEFAULT = 5
RESTART_WAIT_S = 60

options = argparse.Namespace(rounds=ROUNDS_DEFAULT, most=VALIDATORS)


class Acknowledged:
    """What nodes have promised, and by whom."""

    def __init__(self):
        self.mutex = threading.Lock()
        self.ids = set()
        self.height_by = {}  # name of a node: the highest block that it answered for
        self.refused = 0

    def add(self, name, node_id, height):
        with self.mutex:
            self.ids.add(node_id)
            self.height_by[name] = max(height, self.height_by.get(name, 0))

    def height_of(self, name):
        with self.mutex:
            return self.height_by.get(name, 0)


class Load(threading.Thread):
    """Registers one identity after the other, each at a node that runs."""

    def __init__(self, nodes, acknowledged):
        super().__init__(daemon=True)
        self.nodes = nodes
        self.acknowledged = acknowledged
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.is_set():
            index = secrets.randbelow(len(self.nodes))
            node = self.nodes[index]
            if node is None or not node.is_running():
                time.sleep(q.POLL_S)
                continue
            status, answer, _ = node.client("register", "--region", "asia", env={"QNET_KEY": secrets.token_hex(32)})
            if status == 0:
                self.acknowledged.add(node.name, answer["id"], answer["height"])
            else:
                self.acknowledged.refused += 1


class KillTest(unittest.TestCase):
    def test_kills_under_load(self):
        self.chance = q.seeded_random()
        self.acknowledged = Acknowledged()
        self.compared = 0  # blocks up to this height are known to be the same
        self.kills = 0
        genesis = q.Genesis(count=VALIDATORS, policy="open", name="kill")
        start = time.monotonic()
        with q.Cluster(genesis) as cluster:
            self.cluster = cluster
            self.nodes = [None] * VALIDATORS
            for i in range(VALIDATORS):
                self.spawn(i)
            for node in self.nodes:
                self.await_ready(node)
            loaders = [Load(self.nodes, self.acknowledged) for _ in range(LOADERS)]
            for loader in loaders:
                loader.start()
            try:
                for number in range(1, options.rounds + 1):
                    self.round()
                    if number % CHECK_EVERY == 0:
                        self.compare_blocks()
                        print(f"round {number}: {self.kills} kills, height {self.compared}, "
                              f"{len(self.acknowledged.ids)} acknowledged, "
                              f"{time.monotonic() - start:.0f} s", flush=True)
            finally:
                for loader in loaders:
                    loader.is_over.set()
                for loader in loaders:
                    loader.join()
            self.check_end(genesis)
        print(f"{options.rounds} rounds, {self.kills} kills, {self.compared} blocks, "
              f"{len(self.acknowledged.ids)} registrations acknowledged and {self.acknowledged.refused} not, "
              f"{time.monotonic() - start:.0f} s", flush=True)

    # ---- one round ----

    def spawn(self, index):
        env = {"QNET_DATA_DIR": f"{self.cluster.folder.name}/data-{index + 1}", "QNET_LOG": "info"}
        self.nodes[index] = self.cluster.spawn_genesis(index, env=env).await_up()

    def await_ready(self, node):
        q.wait_until(lambda: node.ready()[0] == 200, f"{node.name} is ready", timeout=RESTART_WAIT_S)

    def round(self):
        time.sleep(self.chance.uniform(0, 0.7))
        # Mostly as many as may fail, sometimes more, sometimes all.
        count = self.chance.choice([1, 1, 1, 2, VALIDATORS])
        victims = self.chance.sample(range(VALIDATORS), min(count, options.most))
        for index in victims:
            self.kill(index)
        time.sleep(self.chance.choice([0, 0, 0.3]))
        for index in victims:
            self.spawn(index)
            promised = self.acknowledged.height_of(self.nodes[index].name)
            self.assertGreaterEqual(self.nodes[index].status()["height"], promised,
                                    f"{self.nodes[index].name} lost what it had acknowledged")
        for index in victims:
            self.await_ready(self.nodes[index])

    def kill(self, index):
        node = self.nodes[index]
        self.nodes[index] = None
        node.kill()
        self.kills += 1
        self.cluster.nodes.remove(node)
        problems = node.finish()
        self.assertEqual(problems, [])

    # ---- invariants ----

    def compare_blocks(self):
        """The blocks that all have are the same, one by one."""
        most = min(node.status()["height"] for node in self.nodes)
        for height in range(self.compared + 1, most + 1):
            ids = {node.get(f"/v1/blocks/{height}")["id"] for node in self.nodes}
            self.assertEqual(len(ids), 1, f"fork at height {height}: {ids}")
        self.compared = most

    def check_end(self, genesis):
        height, _, entries = self.cluster.await_agreement(timeout=RESTART_WAIT_S)
        self.assertGreaterEqual(height, max(self.acknowledged.height_by.values(), default=0))
        self.compare_blocks()
        lost = self.acknowledged.ids - entries.keys()
        self.assertEqual(lost, set(), "acknowledged registrations are lost")
        for node in self.nodes:
            log = node.log()
            self.assertNotIn("equivocation", log, node.name)
        for node in self.nodes:
            node.terminate()
        for i in range(VALIDATORS):
            self.nodes[i].process.wait(timeout=20)
            checked = q.qnet_ok("db", "check", timeout=300, env={
                **genesis.env, "QNET_DATA_DIR": f"{self.cluster.folder.name}/data-{i + 1}"})
            self.assertTrue(checked["ok"])
            self.assertEqual(checked["ledger"]["problems"], [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS_DEFAULT)
    parser.add_argument("--most", type=int, default=options.most, help="validators killed at once at most")
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
