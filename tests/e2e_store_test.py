"""Nodes that keep their data on disk: restarts, and what `qnet db` does beside them."""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

import qnet_cluster as q

GENESIS = 4


def data_dirs(cluster):
    """Environment of each genesis node, with a data directory of its own below the cluster's folder."""
    return [{"QNET_DATA_DIR": f"{cluster.folder.name}/data-{i + 1}"} for i in range(GENESIS)]


def blocks_of(node, up_to):
    """Ids of the blocks 1 to up_to."""
    return [node.get(f"/v1/blocks/{height}")["id"] for height in range(1, up_to + 1)]


class StoreTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.genesis = q.Genesis(count=GENESIS, policy="open", name="store")

    def start_all(self, cluster, dirs):
        nodes = [cluster.spawn_genesis(i, env=dirs[i]) for i in range(GENESIS)]
        for node in nodes:
            node.await_up()
        return nodes

    def await_ready(self, nodes):
        for node in nodes:
            q.wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready")

    def register(self, node):
        identity = q.Identity()
        status, _, errors = node.client("register", "--region", "asia", env=identity.env)
        self.assertEqual(status, 0, errors)
        return identity

    def end(self, cluster, nodes):
        """Ends them in order and takes them off the cluster."""
        for node in nodes:
            node.terminate()
        problems = [problem for node in nodes for problem in node.finish()]
        self.assertEqual(problems, [])
        for node in nodes:
            cluster.nodes.remove(node)

    def test_a_restarted_node_has_what_it_had(self):
        with q.Cluster(self.genesis) as cluster:
            dirs = data_dirs(cluster)
            nodes = self.start_all(cluster, dirs)
            self.await_ready(nodes)
            first = self.register(nodes[1])
            self.check_status(nodes[0], dirs[0])
            height, _, _ = cluster.await_agreement()
            before = blocks_of(nodes[0], height)

            # One: it begins where it was, without asking anybody.
            self.end(cluster, [nodes[0]])
            nodes[0] = cluster.spawn_genesis(0, env=dirs[0]).await_up()
            self.assertGreaterEqual(nodes[0].status()["height"], height)
            self.assertEqual(blocks_of(nodes[0], height), before)
            self.await_ready(nodes)
            second = self.register(nodes[0])
            _, _, entries = cluster.await_agreement()
            self.assertTrue({first.id, second.id} <= entries.keys())

    def test_all_restarted_at_once_go_on(self):
        """Nobody is left who remembers, but the disks."""
        with q.Cluster(self.genesis) as cluster:
            dirs = data_dirs(cluster)
            nodes = self.start_all(cluster, dirs)
            self.await_ready(nodes)
            first = self.register(nodes[2])
            height, _, _ = cluster.await_agreement()
            before = blocks_of(nodes[0], height)
            self.end(cluster, nodes)
            nodes = self.start_all(cluster, dirs)
            for node in nodes:
                self.assertEqual(blocks_of(node, height), before)
                self.assertIsNotNone(node.entry(first.id))
            self.await_ready(nodes)
            second = self.register(nodes[3])
            _, _, entries = cluster.await_agreement()
            self.assertTrue({first.id, second.id} <= entries.keys())

    def test_an_old_copy_of_the_folder_makes_no_wrong_vote(self):
        """A rolled-back disk: the votes in it look whole, but newer ones were cast."""
        with q.Cluster(self.genesis) as cluster:
            dirs = data_dirs(cluster)
            nodes = self.start_all(cluster, dirs)
            self.await_ready(nodes)
            self.register(nodes[1])
            self.end(cluster, [nodes[0]])
            folder = Path(dirs[0]["QNET_DATA_DIR"])
            old = folder.with_name("old")
            shutil.copytree(folder, old)

            nodes[0] = cluster.spawn_genesis(0, env=dirs[0]).await_up()
            self.await_ready(nodes)
            ids = [self.register(node).id for node in nodes]
            self.end(cluster, [nodes[0]])
            nodes[0] = cluster.spawn_genesis(0, env={"QNET_DATA_DIR": str(old)}).await_up()
            self.await_ready(nodes)
            ids.append(self.register(nodes[0]).id)
            _, _, entries = cluster.await_agreement()
            self.assertTrue(set(ids) <= entries.keys())
            for node in nodes:
                self.assertNotIn("equivocation", node.log(), node.name)

    def check_status(self, node, env):
        status = node.status()
        folder = f"{env['QNET_DATA_DIR']}/{status['network']['id'][:16]}"
        self.assertEqual((status["storage"], status["storage_path"]), ("durable", folder))
        self.assertEqual(node.up["storage_path"], folder)
        self.assertEqual(status["storage_bytes"], os.stat(f"{folder}/data.mdb").st_size)
        self.assertEqual(os.stat(folder).st_mode & 0o7777, 0o700)
        metrics = node.metrics()
        self.assertGreater(metrics["qnet_store_commits_total"], 0)
        self.assertGreaterEqual(metrics["qnet_store_batches_total"], metrics["qnet_store_commits_total"])

    def test_db_commands_beside_a_running_node(self):
        with q.Cluster(self.genesis) as cluster:
            dirs = data_dirs(cluster)
            nodes = self.start_all(cluster, dirs)
            self.await_ready(nodes)
            self.register(nodes[1])
            cluster.await_agreement()
            env = {**self.genesis.env, **dirs[0]}

            checked = q.qnet_ok("db", "check", env=env)
            self.assertTrue(checked["ok"])
            self.assertEqual(checked["pid"], nodes[0].pid)
            ledger = checked["ledger"]
            self.assertGreaterEqual(ledger["blocks"], 1)
            self.assertEqual((ledger["executed"], ledger["problems"]), (ledger["blocks"], []))
            self.assertEqual(ledger["signatures"], 3 * ledger["certificates"])
            self.assertEqual(ledger["votes"], "intact")
            # What the peer layer keeps is checked without the genesis certificates as well.
            for peers in (checked["peers"], q.qnet_ok("db", "check", env=dirs[0])["peers"]):
                self.assertEqual((peers["left_out"], peers["problems"]), (0, []))

            # The folder is taken while its node runs.
            second = subprocess.run([q.QNET, "node"], timeout=60, capture_output=True, text=True, check=False,
                                    env=q.clean_environment({**nodes[0].env, "QNET_LISTEN": "127.0.0.1:0"}))
            self.assertEqual(second.returncode, 1)
            self.assertIn(f"(process {nodes[0].pid})", second.stderr)

            backup = f"{cluster.folder.name}/backup.qdb"
            made = q.qnet_ok("db", "backup", backup, env=env)
            self.assertEqual(made["holds"]["votes"]["count"], 0)
            self.assertEqual(os.stat(backup).st_mode & 0o7777, 0o600)
            self.assertEqual([p.name for p in Path(cluster.folder.name).iterdir() if "part" in p.name], [])
            self.assertEqual(q.qnet("db", "backup", backup, env=env)[0], 1)
            status, _, errors = q.qnet("db", "restore", backup, env=dirs[0])
            self.assertEqual(status, 1)
            self.assertIn("holds data already", errors)
            self.restore_and_restart(cluster, nodes, backup)

    def restore_and_restart(self, cluster, nodes, backup):
        """A node goes on from an old backup: it has what came since, and voted nothing against itself."""
        self.register(nodes[2])
        height, _, _ = cluster.await_agreement()
        self.end(cluster, [nodes[0]])
        env = {"QNET_DATA_DIR": f"{cluster.folder.name}/restored"}
        restored = q.qnet_ok("db", "restore", backup, env=env)
        self.assertLess(restored["height"], height)
        nodes[0] = cluster.spawn_genesis(0, env=env).await_up()
        q.wait_until(lambda: nodes[0].status()["height"] >= height, "the restored node has caught up")
        self.register(nodes[0])
        cluster.await_agreement()
        for node in nodes:
            self.assertNotIn("equivocation", node.log(), node.name)
        self.assertTrue(q.qnet_ok("db", "check", env={**self.genesis.env, **env})["ok"])

    def test_a_cut_off_file_is_told_and_refused(self):
        with q.Cluster(self.genesis) as cluster:
            env = data_dirs(cluster)[0]
            node = cluster.spawn_genesis(0, env=env).await_up()
            self.end(cluster, [node])
            data = next(Path(env["QNET_DATA_DIR"]).glob("*/data.mdb"))
            with open(data, "r+b") as file:
                file.truncate(8192)
            refused = cluster.spawn_genesis(0, env=env)
            self.assertEqual(refused.process.wait(timeout=60), 1)
            self.assertIn("damaged", refused.log())
            refused.process.stdout.close()
            cluster.nodes.remove(refused)
            status, _, errors = q.qnet("db", "check", env=env)
            self.assertEqual(status, 1)
            self.assertIn("damaged", errors)


if __name__ == "__main__":
    q.main()
