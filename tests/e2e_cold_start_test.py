"""Cold starts with real processes: who knows the network finds it again without its founders, and a whole network
that starts at once is linked within seconds.

    e2e_cold_start_test.py [--processes N]

The second prints how long after its start each node held four links to verified peers.
"""

import argparse
import datetime
import statistics
import sys
import time
import unittest

import qnet_cluster as q

GENESIS = 4
PROCESSES_DEFAULT = 10
PEERS_WANTED = 4
WAIT_S = 30  # generous: shared machines, sanitizers

options = argparse.Namespace(processes=PROCESSES_DEFAULT)


def moment(line):
    return datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()


class ColdStart(unittest.TestCase):
    def start(self, cluster, ordinary):
        """All nodes, each with a data directory and an address that stays. Their settings by name."""
        self.settings = {}
        self.began = {}  # by the wall clock, as in the logs
        ports = q.free_ports(ordinary)
        for i in range(GENESIS):
            self.spawn(cluster, f"genesis-{i + 1}", {
                "QNET_BOOTSTRAP_ID": f"{i + 1:03}", **cluster.genesis.identities[i].env,
                "QNET_LISTEN": f"127.0.0.1:{cluster.genesis.ports[i]}"})
        for i in range(ordinary):
            self.spawn(cluster, f"node-{i + 1}", {
                "QNET_REGION": "europe", "QNET_LISTEN": f"127.0.0.1:{ports[i]}", **q.Identity().env})
        self.await_ready(cluster)

    def spawn(self, cluster, name, env):
        self.settings[name] = env
        self.began[name] = time.time()
        return cluster.spawn(name, {**env, "QNET_DATA_DIR": f"{cluster.folder.name}/data-{name}"})

    def await_ready(self, cluster):
        for node in cluster.nodes:
            node.await_up()
        for node in cluster.nodes:
            q.wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready", timeout=60)

    def stop_all(self, cluster):
        self.assertEqual(cluster.close(), [])
        cluster.nodes.clear()

    def linked(self, node):
        return {peer["id"] for peer in node.get("/v1/peers")["peers"] if peer["linked"]}

    def test_known_nodes_find_each_other_without_the_genesis_nodes(self):
        with q.Cluster(q.Genesis(count=GENESIS, policy="open", name="cold")) as cluster:
            self.start(cluster, 4)
            ids = {node.status()["id"] for node in cluster.nodes if node.name.startswith("node-")}
            # Everybody has dialled, or been dialled by, everybody else of the small network.
            ordinary = [node for node in cluster.nodes if node.name.startswith("node-")]
            for node in ordinary:
                q.wait_until(lambda node=node: len(self.linked(node) & ids) == 3, f"{node.name} has all links")
            self.stop_all(cluster)
            for name, env in self.settings.items():
                if name.startswith("node-"):
                    self.spawn(cluster, name, env)
            for node in cluster.nodes:
                node.await_up()
            for node in cluster.nodes:
                q.wait_until(lambda node=node: self.linked(node) == ids - {node.status()["id"]},
                             f"{node.name} has found the others", timeout=WAIT_S)
            for node in cluster.nodes:  # nor does it lack independent sources
                _, answer = node.ready()
                self.assertNotIn("sources", {line["name"] for line in answer.get("missing", [])})

    def test_all_at_once(self):
        ordinary = options.processes - GENESIS
        with q.Cluster(q.Genesis(count=GENESIS, policy="open", name="once")) as cluster:
            self.start(cluster, ordinary)
            self.stop_all(cluster)
            for name, env in self.settings.items():
                self.spawn(cluster, name, env)
            for node in cluster.nodes:
                node.await_up()
            for node in cluster.nodes:
                q.wait_until(lambda node=node: len(self.linked(node)) >= PEERS_WANTED,
                             f"{node.name} has {PEERS_WANTED} links", timeout=WAIT_S)
            times = [self.time_until_linked(node) for node in cluster.nodes]
        print(f"{options.processes} processes started at once: {PEERS_WANTED} verified peers after "
              f"median {statistics.median(times):.2f} s, at most {max(times):.2f} s", flush=True)

    def time_until_linked(self, node):
        """By the times in its own log, which goes on from the run before."""
        first = {}  # by peer
        for line in node.log_lines():
            if (line["module"], line["event"]) == ("link", "live") and moment(line) >= self.began[node.name]:
                first.setdefault(line["peer"], moment(line))
        self.assertGreaterEqual(len(first), PEERS_WANTED)
        return sorted(first.values())[PEERS_WANTED - 1] - self.began[node.name]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=PROCESSES_DEFAULT)
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
