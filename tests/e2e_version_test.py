"""Nodes of this protocol version and of the next one, as real processes, are one network: it forms, takes
registrations and keeps its followers, and nobody is sent what it cannot know. The version after the next
no longer speaks this one and is told so."""

import os
import unittest

import qnet_cluster as q

NEXT = os.path.join(os.environ["QNET_BUILD_DIR"], "tests", "qnet_next_1")
AFTER_NEXT = os.path.join(os.environ["QNET_BUILD_DIR"], "tests", "qnet_next_2")


def links(node):
    """{peer id: protocol version of the link}"""
    return {peer["id"]: peer["protocol"] for peer in node.get("/v1/peers")["peers"] if peer["linked"]}


def next_messages(node):
    """How many links brought the message that only the next version has."""
    return sum(line.get("module") == "link" and line.get("event") == "next" for line in node.log_lines())


class VersionTest(unittest.TestCase):
    def test_both_versions_are_one_network(self):
        genesis = q.Genesis(count=5, codes=4)
        with q.Cluster(genesis) as cluster:
            for i in range(3):
                cluster.spawn_genesis(i)
            for i in range(3, 5):
                cluster.spawn_genesis(i, program=NEXT)
            old = cluster.spawn_ordinary("old", code=genesis.take_code())
            new = cluster.spawn_ordinary("new", code=genesis.take_code(), program=NEXT)
            for node in cluster.nodes:
                node.await_up()
            for node in cluster.nodes:
                q.wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready")
                q.wait_until(lambda node=node: node.status()["registered"], f"{node.name} is registered")

            newer = [cluster.nodes[3], cluster.nodes[4], new]
            older = [node for node in cluster.nodes if node not in newer]
            for node in newer[:2]:
                q.wait_until(lambda node=node: len(links(node)) >= 5, f"{node.name} is linked")
            self.check_versions(older, newer)
            self.check_next_message(older, newer)

            for through in (old, new):  # submitted on either side, final on both
                env = {**q.Identity().env, "QNET_ACTIVATION_CODE": genesis.take_code()}
                status, answer, errors = through.client("register", "--region", "asia", env=env)
                self.assertEqual(status, 0, errors)
                _, _, entries = cluster.await_agreement()
                self.assertIn(answer["id"], entries)
            for node in cluster.nodes:
                closed = {line["reason"] for line in node.log_lines()
                          if line.get("module") == "link" and line.get("event") in ("close", "down")}
                self.assertLessEqual(closed, {"duplicate_link", "peer_closed"}, node.name)

    def check_versions(self, older, newer):
        newer_ids = {node.id for node in newer}
        for node in older + newer:
            for peer, version in links(node).items():
                both = node in newer and peer in newer_ids
                self.assertEqual(version, 2 if both else 1, f"{node.name} to {peer[:8]}")

    def check_next_message(self, older, newer):
        for node in newer[:2]:
            q.wait_until(lambda node=node: next_messages(node) >= 1, f"{node.name} hears the next version")
        for node in older:
            self.assertEqual(next_messages(node), 0)

    def test_ranges_that_do_not_overlap_are_named(self):
        genesis = q.Genesis(count=4, policy="open")
        with q.Cluster(genesis) as cluster:
            node = cluster.spawn_genesis(0).await_up()
            far = cluster.spawn_genesis(1, program=AFTER_NEXT).await_up()
            said = {node: "you speak protocol versions 2 to 3, this node speaks 1 to 1",
                    far: "you speak protocol versions 1 to 1, this node speaks 2 to 3"}

            for teller, text in said.items():  # each closes by itself and logs what it tells the other
                q.wait_until(lambda teller=teller, text=text: any(
                    line.get("event") == "close" and line.get("reason") == "wrong_version"
                    and line.get("text") == text for line in teller.log_lines()), text)
            self.assertEqual(links(node), {})
            self.assertEqual(links(far), {})


if __name__ == "__main__":
    q.main()
