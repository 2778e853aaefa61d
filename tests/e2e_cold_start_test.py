"""Cold starts with real processes: who knows the network finds it again without its founders, and a whole network
that starts at once is linked within seconds.

    e2e_cold_start_test.py [--processes N]

The second prints how long after its start each node held four links to verified peers.
"""

import argparse
import statistics
import sys
import unittest

import cold_start as cold
import qnet_cluster as q

PROCESSES_DEFAULT = 10

options = argparse.Namespace(processes=PROCESSES_DEFAULT)


class ColdStart(unittest.TestCase):
    def test_known_nodes_find_each_other_without_the_genesis_nodes(self):
        with q.Cluster(q.Genesis(count=cold.GENESIS, policy="open", name="cold")) as cluster:
            network = cold.ColdNetwork(cluster, 4)
            # Everybody has dialled, or been dialled by, everybody else of the small network.
            ordinary = [node for node in cluster.nodes if node.name.startswith("node-")]
            ids = {node.status()["id"] for node in ordinary}
            for node in ordinary:
                q.wait_until(lambda node=node: len(cold.linked(node) & ids) == 3, f"{node.name} has all links")
            self.assertEqual(network.stop_all(), [])
            network.start_all([name for name in network.settings if name.startswith("node-")])
            for node in cluster.nodes:
                q.wait_until(lambda node=node: cold.linked(node) == ids - {node.status()["id"]},
                             f"{node.name} has found the others", timeout=cold.WAIT_S)
            for node in cluster.nodes:  # nor does it lack independent sources
                _, answer = node.ready()
                self.assertNotIn("sources", {line["name"] for line in answer.get("missing", [])})

    def test_all_at_once(self):
        with q.Cluster(q.Genesis(count=cold.GENESIS, policy="open", name="once")) as cluster:
            network = cold.ColdNetwork(cluster, options.processes - cold.GENESIS)
            self.assertEqual(network.stop_all(), [])
            network.start_all()
            network.await_linked()
            _, times = network.times_until_linked()
        print(f"{options.processes} processes started at once: {cold.PEERS_WANTED} verified peers after "
              f"median {statistics.median(times):.2f} s, at most {max(times):.2f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=PROCESSES_DEFAULT)
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
