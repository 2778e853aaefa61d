"""The committee of a running network changes, as real processes: it grows and shrinks while registrations
run, a validator gets another kind of key, and one that contradicts itself is voted out by evidence."""

import os
import unittest

import qnet_cluster as q
from e2e_network_test import Registrar

ROGUE = os.path.join(os.environ["QNET_BUILD_DIR"], "tests", "rogue_node")


def key_of(node):
    return {name: node.env[name] for name in ("QNET_KEY", "QNET_SUITE") if name in node.env}


def command(node, *arguments, env=None):
    """A client command with the node's own key through its own API."""
    status, answer, errors = node.client(*arguments, env={**key_of(node), **(env or {})})
    assert status == 0, f"{node.name}: {' '.join(arguments)}: exit {status}: {errors}"
    return answer


def consensus(node):
    return node.status()["consensus"]


def await_epoch(nodes, epoch):
    for node in nodes:
        q.wait_until(lambda node=node: consensus(node)["epoch"] == epoch, f"{node.name} in epoch {epoch}")


def await_same_height(nodes):
    """A member judges what it is given by its own last block, so it must have that of the others."""
    height = max(node.status()["height"] for node in nodes)
    for node in nodes:
        q.wait_until(lambda node=node: node.status()["height"] >= height, f"{node.name} at {height}")


def move(members, quorum, *arguments):
    """The first member moves, others approve until it is in effect."""
    await_same_height(members)
    answer = command(members[0], "committee", *arguments)
    assert not answer["in_effect"] and answer["approvals"] == 1, answer
    for member in members[1:quorum]:
        await_same_height(members)
        answer = command(member, "committee", "approve", answer["motion"])
    assert answer["in_effect"], answer


class CommitteeTest(unittest.TestCase):
    def test_grows_to_six_and_loses_one_while_registrations_run(self):
        genesis = q.Genesis(count=5, codes=200)
        with q.Cluster(genesis) as cluster:
            cluster.start(ordinary=1)
            candidate = cluster.nodes[5]
            registrar = Registrar(genesis, list(cluster.nodes))
            try:
                registrar.await_count(3)
                command(candidate, "update", "--validator")
                move(cluster.nodes[:5], 4, "add", candidate.id)
                await_epoch(cluster.nodes, 1)
                q.wait_until(lambda: consensus(candidate)["validator"], "the newcomer is a validator")
                self.assertEqual(consensus(candidate)["validators"], 6)
                registrar.await_count(len(registrar.acknowledged) + 4)

                gone = cluster.nodes[0]
                members = cluster.nodes[1:]
                move(members, 5, "remove", gone.id)
                await_epoch(cluster.nodes, 2)
                self.assertFalse(consensus(gone)["validator"])
                self.assertEqual(consensus(candidate)["validators"], 5)
                registrar.await_count(len(registrar.acknowledged) + 4)
            finally:
                registrar.stop()
            self.assertEqual(registrar.problems, [])
            _, _, entries = cluster.await_agreement()
            for node_id in registrar.acknowledged:
                self.assertEqual(entries[node_id]["status"], "active")
            shown = command(gone, "committee", "list")
            self.assertEqual(shown["epoch"], 2)
            self.assertEqual({member["id"] for member in shown["members"]}, {node.id for node in members})
            self.assertEqual(shown["motions"], [])
            self.assertGreaterEqual(gone.status()["links"]["live"], 5)
            print(f"{len(registrar.acknowledged)} registrations acknowledged through two changes", flush=True)

    def test_a_validator_rotates_to_another_suite(self):
        genesis = q.Genesis(count=5, policy="open")
        with q.Cluster(genesis) as cluster:
            cluster.start()
            old = cluster.nodes[4]
            seed = q.Identity().seed
            answer = command(old, "registry", "rotate",
                             env={"QNET_NEW_KEY": seed, "QNET_NEW_SUITE": "ML-DSA-87"})
            others = cluster.nodes[:4]
            await_epoch(others, 1)
            q.wait_until(lambda: old.status()["links"]["live"] == 0, "the old key has no link")
            old.terminate()
            self.assertEqual(old.process.wait(timeout=20), 0)
            entry = others[0].entry(old.id)
            self.assertEqual((entry["status"], entry["successor"]), ("rotated", answer["successor"]))

            new = cluster.spawn("rotated", {
                "QNET_KEY": seed, "QNET_SUITE": "ML-DSA-87", "QNET_REGION": "oceania",
                "QNET_LISTEN": f"127.0.0.1:{genesis.ports[4]}"}).await_up()
            self.assertEqual(new.id, answer["successor"])
            q.wait_until(lambda: consensus(new)["validator"], "the new key is in the committee")
            q.wait_until(lambda: new.ready()[0] == 200, "it is ready")
            self.assertEqual(new.entry(new.id)["index"], entry["index"])
            cluster.nodes[0].kill()  # of five four are needed, so now the new key's vote is
            self.register(others[1])

    def test_a_twin_is_voted_out_by_evidence(self):
        genesis = q.Genesis(count=5, policy="open")
        with q.Cluster(genesis) as cluster:
            twin = cluster.spawn_genesis(4, env={"ROGUE": "twin"}, program=ROGUE)
            honest = [cluster.spawn_genesis(i) for i in range(4)]
            for node in cluster.nodes:
                node.await_up()
            for node in honest:
                q.wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready")
            self.register(honest[0])
            await_epoch(honest, 1)
            for node in honest:
                self.assertEqual(consensus(node)["validators"], 4)
                self.assertIsNotNone(node.entry(twin.id)["equivocated_height"])
            shown = command(honest[0], "committee", "list")
            self.assertNotIn(twin.id, {member["id"] for member in shown["members"]})
            self.register(honest[1])

    def register(self, node):
        status, _, errors = node.client("register", "--region", "asia", env=q.Identity().env)
        self.assertEqual(status, 0, errors)


if __name__ == "__main__":
    q.main()
