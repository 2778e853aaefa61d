"""Five genesis and three ordinary nodes as processes of their own: the network starts by itself, and
loses nothing that it acknowledged when a genesis node is killed while registrations run."""

import threading
import time
import unittest

import qnet_cluster as q

CLIENTS = 3
BEFORE_KILL = 6  # acknowledged registrations before and after
AFTER_KILL = 10
CODES = 100


class Registrar:
    """Clients that register one fresh key after another through the APIs of the given nodes."""

    def __init__(self, genesis, nodes):
        self.genesis = genesis
        self.nodes = nodes
        self.lock = threading.Lock()
        self.acknowledged = {}  # id: height
        self.uncertain = []     # (identity, code) whose answer was lost with the killed node
        self.problems = []
        self.stopping = False
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        turn = number
        while not self.stopping:
            with self.lock:
                if not self.genesis.codes:
                    self.problems.append("out of codes")
                    return
                code = self.genesis.take_code()
                running = [node for node in self.nodes if not node.was_killed]
            node = running[turn % len(running)]
            turn += 1
            identity = q.Identity()
            status, answer, errors = node.client(
                "register", "--region", q.REGIONS[turn % len(q.REGIONS)],
                env={**identity.env, "QNET_ACTIVATION_CODE": code})
            with self.lock:
                if status == 0:
                    self.acknowledged[answer["id"]] = answer["height"]
                    if answer["id"] != identity.id:
                        self.problems.append(f"{identity.id} was acknowledged as {answer['id']}")
                elif node.was_killed:
                    self.uncertain.append((identity, code))
                else:
                    self.problems.append(f"{node.name}: {errors.strip()}")
                    return

    def await_count(self, count):
        q.wait_until(lambda: len(self.acknowledged) >= count or self.problems,
                     f"{count} acknowledged registrations")
        assert not self.problems, self.problems

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def leader_of_next_block(cluster):
    """The genesis node that leads the view which the committee is in."""
    views = [line for line in cluster.validators[0].log_lines()
             if line.get("module") == "consensus" and line.get("event") == "view"]
    ids = sorted(node.id for node in cluster.validators)
    leader = ids[int(views[-1]["leader"])]
    return next(node for node in cluster.validators if node.id == leader)


class NetworkTest(unittest.TestCase):
    def test_starts_by_itself_and_everybody_holds_everybody(self):
        genesis = q.Genesis(count=5, codes=3)
        with q.Cluster(genesis) as cluster:
            cluster.start(ordinary=3)
            height, root, entries = cluster.await_agreement()
            self.assertEqual(set(entries), {node.id for node in cluster.nodes})
            self.assertEqual({entry["status"] for entry in entries.values()}, {"active"})
            self.assertEqual({entry["registered_height"] for entry in entries.values()
                              if entry["index"] < 5}, {0})
            self.assertEqual(len(root), 64)
            self.assertGreaterEqual(height, 1)
            self.check_blocks(cluster, height, root)
            for node in cluster.nodes:
                others = {other.id for other in cluster.nodes} - {node.id}
                q.wait_until(lambda node=node, others=others: others <= {
                    peer["id"] for peer in node.get("/v1/peers")["peers"] if peer["record_held"]},
                    f"{node.name} holds every other's record")

    def check_blocks(self, cluster, height, root):
        """The same certified chain on every node, with the agreed root at its head."""
        for number in range(1, height + 1):
            blocks = [node.get(f"/v1/blocks/{number}") for node in cluster.nodes]
            self.assertEqual(len({block["id"] for block in blocks}), 1)
            parents = {block["parent"] for block in blocks}
            self.assertEqual(parents, {cluster.nodes[-1].get(f"/v1/blocks/{number - 1}")["id"]})
            if number == height:
                self.assertEqual({block["state_root"] for block in blocks}, {root})
        certificate = cluster.nodes[-1].get(f"/v1/blocks/{height}")["certificate"]
        self.assertEqual(len({signer["id"] for signer in certificate["signers"]}), 4)

    def test_a_killed_leader_loses_nothing(self):
        self.kill_one(lambda cluster, chance: leader_of_next_block(cluster))

    def test_a_killed_random_genesis_node_loses_nothing(self):
        self.kill_one(lambda cluster, chance: chance.choice(cluster.validators))

    def kill_one(self, choose):
        chance = q.seeded_random()
        genesis = q.Genesis(count=5, codes=CODES)
        with q.Cluster(genesis) as cluster:
            cluster.start(ordinary=3)
            registrar = Registrar(genesis, cluster.nodes)
            try:
                registrar.await_count(BEFORE_KILL + chance.randrange(3))
                victim = choose(cluster, chance)
                with registrar.lock:
                    victim.was_killed = True
                    at_kill = len(registrar.acknowledged)
                start = time.monotonic()
                victim.kill()
                print(f"killed {victim.name} after {at_kill} registrations", flush=True)
                registrar.await_count(at_kill + AFTER_KILL)
                print(f"{AFTER_KILL} more after {time.monotonic() - start:.1f} s", flush=True)
            finally:
                registrar.stop()
            self.assertEqual(registrar.problems, [])
            self.repeat_the_uncertain(cluster, registrar)
            self.check_nothing_lost(cluster, registrar)

    def repeat_the_uncertain(self, cluster, registrar):
        """What the killed node did not answer any more: repeated elsewhere it is final, or was already."""
        survivor = next(node for node in cluster.nodes if not node.was_killed)
        for identity, code in registrar.uncertain:
            status, _, errors = survivor.client("register", "--region", "asia",
                                                env={**identity.env, "QNET_ACTIVATION_CODE": code})
            if status != 0:
                self.assertIn("already registered", errors)
            registrar.acknowledged[identity.id] = 1
        print(f"{len(registrar.uncertain)} unanswered and repeated", flush=True)

    def check_nothing_lost(self, cluster, registrar):
        survivors = [node for node in cluster.nodes if not node.was_killed]
        height, root, _ = cluster.await_agreement(survivors)
        for node in survivors:
            _, _, entries = node.registry()
            for node_id, acknowledged_at in registrar.acknowledged.items():
                self.assertIn(node_id, entries, f"lost by {node.name}")
                self.assertEqual(entries[node_id]["status"], "active")
                self.assertGreaterEqual(entries[node_id]["registered_height"], 1)
                self.assertLessEqual(acknowledged_at, height)
        print(f"{len(registrar.acknowledged)} registrations on {len(survivors)} nodes, height {height}, "
              f"root {root[:16]}", flush=True)


if __name__ == "__main__":
    q.main()
