"""Real processes under the policy `work`: a node registers by itself, an operator by `qnet register`."""
import unittest

import qnet_cluster as q

GENESIS = 4
POLICY = "work:6:64"  # some 64 tries of a tenth of a millisecond


class WorkTest(unittest.TestCase):
    def test_nodes_and_operators_find_their_tickets(self):
        genesis = q.Genesis(count=GENESIS, policy=POLICY, name="work")
        with q.Cluster(genesis) as cluster:
            nodes = [cluster.spawn_genesis(i).await_up() for i in range(GENESIS)]
            newcomer = cluster.spawn_ordinary("newcomer").await_up()
            q.wait_until(lambda: nodes[0].entry(newcomer.id) is not None, "the newcomer is registered")
            self.assertTrue(any(line.get("event") == "search" for line in newcomer.log_lines()))

            # By hand, with the network's genesis and without: then the node says what is asked for.
            self.assertEqual(nodes[0].status()["activation_policy"], POLICY)
            for knows_genesis in (True, False):
                identity = q.Identity()
                status, answer, errors = nodes[0].client(
                    "register", "--region", "asia", env=identity.env, knows_genesis=knows_genesis)
                self.assertEqual((status, errors), (0, ""))
                self.assertEqual(answer["code"], "ok")
                q.wait_until(lambda identity=identity: all(node.entry(identity.id) for node in nodes),
                             "every genesis node has the entry")
            self.assertEqual(len({node.registry()[1] for node in nodes}), 1)


if __name__ == "__main__":
    q.main()
