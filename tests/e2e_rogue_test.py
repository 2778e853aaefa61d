"""A validator that lies, with a genesis key of its own: the others find it out, close its link for the
right reason, count and log that, and go on making blocks."""

import os
import unittest

import qnet_cluster as q

ROGUE = os.path.join(os.environ["QNET_BUILD_DIR"], "tests", "rogue_node")
ROUNDS = 60  # at most; each makes a block


def closes(node, reason):
    return node.metrics().get(f'qnet_link_closes_total{{reason="{reason}"}}', 0)


class RogueTest(unittest.TestCase):
    def test_votes_with_bad_signatures(self):
        self.lie("bad_vote", "bad_signature", {"event": "fault", "reason": "bad_signature"})

    def test_proposals_with_a_false_state_root(self):
        self.lie("false_root", "bad_block", {"event": "bad_block", "reason": "wrong_root"})

    def lie(self, how, reason, logged):
        """Registrations make blocks until every honest validator has closed a link for this reason."""
        genesis = q.Genesis(count=5, codes=ROUNDS + 2)
        with q.Cluster(genesis) as cluster:
            rogue = cluster.spawn_genesis(4, env={"ROGUE": how}, program=ROGUE)
            for i in range(4):
                cluster.spawn_genesis(i)
            for node in cluster.nodes:
                node.await_up()
            honest = [node for node in cluster.nodes if node is not rogue]
            for node in honest:
                q.wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready")

            acknowledged = []
            for number in range(ROUNDS):
                if all(closes(node, reason) >= 1 for node in honest):
                    break
                acknowledged.append(self.register(honest[number % 4], genesis))
            self.assertEqual({node.name: closes(node, reason) >= 1 for node in honest},
                             {node.name: True for node in honest}, f"{reason} after {number} rounds")
            print(f"{how}: everybody closed its link ({reason}) within {number} blocks", flush=True)
            self.check_names_only_the_rogue(honest, rogue, reason)
            for node in honest:
                self.assertTrue(any(logged.items() <= line.items() for line in node.log_lines()),
                                f"{node.name} logs {logged}")

            acknowledged.append(self.register(honest[0], genesis))
            _, _, entries = cluster.await_agreement(honest)
            for node_id in acknowledged:
                self.assertEqual(entries[node_id]["status"], "active")

    def register(self, node, genesis):
        identity = q.Identity()
        status, answer, errors = node.client(
            "register", "--region", "europe",
            env={**identity.env, "QNET_ACTIVATION_CODE": genesis.take_code()})
        self.assertEqual(status, 0, errors)
        return answer["id"]

    def check_names_only_the_rogue(self, honest, rogue, reason):
        for node in honest:
            closed = {line["peer"] for line in node.log_lines()
                      if line.get("event") == "close" and line.get("reason") == reason}
            self.assertEqual(closed, {rogue.id[:8]}, node.name)


if __name__ == "__main__":
    q.main()
