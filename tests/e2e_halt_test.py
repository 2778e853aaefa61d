"""Below the quorum the network halts without forking, says so, and goes on by itself."""

import time
import unittest
from concurrent import futures

import qnet_cluster as q

GENESIS = 5
# A submission is answered after 30 s at the latest (api: submit); some room for a busy machine.
SUBMIT_TIMEOUT_S = 45


class HaltTest(unittest.TestCase):
    def test_halts_with_two_of_five_stopped_and_goes_on_by_itself(self):
        chance = q.seeded_random()
        genesis = q.Genesis(count=GENESIS, codes=4)
        with q.Cluster(genesis) as cluster:
            cluster.start(ordinary=2)
            self.register(cluster.nodes[0], genesis)
            height, _, _ = cluster.await_agreement()

            paused = chance.sample(cluster.validators, 2)
            running = [node for node in cluster.nodes if node not in paused]
            for node in paused:
                node.pause()
            print(f"stopped {paused[0].name} and {paused[1].name} at height {height}", flush=True)
            self.await_halt_told(cluster, [node for node in running if node in cluster.validators])
            halted_at = max(node.status()["height"] for node in running)
            self.assertLessEqual(halted_at, height + 2)

            with futures.ThreadPoolExecutor(1) as background:
                submission = background.submit(self.submit_while_halted, running[0], genesis)
                self.check_reads(running)
                self.await_halt_told(cluster, running)
                pending, transaction = submission.result()
            self.assertEqual(max(node.status()["height"] for node in running), halted_at)

            paused[0].resume()
            active = running + [paused[0]]
            start = time.monotonic()
            cluster.await_growth(active, halted_at)
            print(f"the next block {time.monotonic() - start:.1f} s after SIGCONT", flush=True)
            self.check_pending(running[0], pending, transaction)
            for node in active:
                q.wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready again")

            paused[1].resume()
            height, root, entries = cluster.await_agreement(cluster.nodes)
            self.assertGreater(height, halted_at)
            self.assertIn(pending.id, entries)
            self.check_no_fork(cluster, height)
            print(f"all {len(cluster.nodes)} at height {height}, root {root[:16]}", flush=True)

    def register(self, node, genesis):
        identity = q.Identity()
        status, _, errors = node.client("register", "--region", "europe",
                                        env={**identity.env, "QNET_ACTIVATION_CODE": genesis.take_code()})
        self.assertEqual(status, 0, errors)

    def await_halt_told(self, cluster, running):
        """/readyz of the remaining validators says which quorum is missing; the others' says that no
        block comes."""
        for node in running:
            is_validator = node in cluster.validators

            def told(node=node, is_validator=is_validator):
                status, body = node.ready()
                lines = {line["name"]: line["text"] for line in body.get("missing", [])}
                return status == 503 and (not is_validator or "quorum" in lines) and lines
            lines = q.wait_until(told, f"{node.name} says that the network halted", timeout=60)
            if is_validator:
                self.assertIn("3 of 5 validators live, 4 needed", lines["quorum"])
                consensus = node.status()["consensus"]
                self.assertEqual((consensus["live"], consensus["quorum"], consensus["validators"]), (3, 4, 5))

    def submit_while_halted(self, node, genesis):
        """Posts a registration: it is answered in time, though not with success."""
        identity = q.Identity()
        env = {**identity.env, "QNET_ACTIVATION_CODE": genesis.take_code()}
        transaction = q.signed_transaction(node, "register", "--region", "africa", env=env)
        start = time.monotonic()
        status, answer = node.submit(transaction, timeout=SUBMIT_TIMEOUT_S)
        seconds = time.monotonic() - start
        print(f"answered after {seconds:.1f} s: {status} {answer['code']}: {answer['detail']}", flush=True)
        self.assertIn(status, (503, 504))
        self.assertIn(answer["code"], ("timeout", "busy", "not_ready"))
        return identity, transaction

    def check_reads(self, running):
        for node in running:
            for path in ("/v1/status", "/v1/peers", "/v1/regions", "/v1/registry", "/v1/blocks/head"):
                node.get(path, timeout=5)
            self.assertEqual(node.request("GET", "/livez")[0], 200)

    def check_pending(self, node, identity, transaction):
        """What was pending becomes final by itself, or when it is submitted again."""
        def registered():
            entry = node.entry(identity.id)
            if entry is None:
                status, answer = node.submit(transaction, timeout=SUBMIT_TIMEOUT_S)
                self.assertIn(status, (200, 409, 503, 504), answer)
            return entry is not None and entry["status"] == "active"
        q.wait_until(registered, "the pending registration is final")

    def check_no_fork(self, cluster, height):
        for number in range(height + 1):
            ids = {node.get(f"/v1/blocks/{number}")["id"] for node in cluster.nodes}
            self.assertEqual(len(ids), 1, f"fork at height {number}")


if __name__ == "__main__":
    q.main()
