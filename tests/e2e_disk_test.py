"""A disk that is full, fails or loses its end under a running validator: it says so, halts and votes no more;
the others go on, and it comes back when the disk is well again."""

import errno
import os
import subprocess
import unittest
from pathlib import Path

import qnet_cluster as q

GENESIS = 4
FAULTY = str(Path(os.environ["QNET_BUILD_DIR"]) / "tests" / "faulty_disk_node")


class DiskTest(unittest.TestCase):
    def setUp(self):
        self.genesis = q.Genesis(count=GENESIS, policy="open", name="disk")

    def start(self, cluster, program=q.QNET):
        """All with data directories; the first one's disk fails on command."""
        self.fault = Path(cluster.folder.name) / "fault"
        self.env = [{"QNET_DATA_DIR": f"{cluster.folder.name}/data-{i + 1}", "FAULTY_DISK": str(self.fault)}
                    for i in range(GENESIS)]
        nodes = [cluster.spawn_genesis(i, env=self.env[i], program=program if i == 0 else q.QNET)
                 for i in range(GENESIS)]
        for node in nodes:
            node.await_up()
        for node in nodes:
            q.wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready")
        return nodes

    def register(self, node):
        identity = q.Identity()
        status, _, errors = node.client("register", "--region", "africa", env=identity.env)
        self.assertEqual(status, 0, errors)
        return identity.id

    def await_halt(self, cluster, node, words):
        """It ends with status 1 and these words, and is taken off the cluster."""
        self.assertEqual(node.process.wait(timeout=q.WAIT_S), 1, node.log_tail())
        node.process.stdout.close()
        log = node.log()
        for word in ("the node stopped: storage failed", *words):
            self.assertIn(word, log)
        self.assertFalse([mark for mark in q.SANITIZER_MARKS if mark in log], node.log_tail())
        cluster.nodes.remove(node)

    def check_others(self, others, ids):
        """They go on, and saw no vote that contradicts another."""
        ids.append(self.register(others[0]))
        for node in others:
            self.assertNotIn("equivocation", node.log(), node.name)

    def fails(self, fault, words):
        with q.Cluster(self.genesis) as cluster:
            nodes = self.start(cluster, FAULTY)
            ids = [self.register(nodes[0])]
            self.fault.write_text(fault)
            ids.append(self.register(nodes[1]))
            self.await_halt(cluster, nodes[0], words)
            self.check_others(nodes[1:], ids)

            self.fault.unlink()
            env = {**self.genesis.env, **self.env[0]}
            self.assertTrue(q.qnet_ok("db", "check", env=env)["ok"])
            nodes[0] = cluster.spawn_genesis(0, env=self.env[0], program=FAULTY).await_up()
            q.wait_until(lambda: nodes[0].ready()[0] == 200, "it is ready again")
            ids.append(self.register(nodes[0]))
            _, _, entries = cluster.await_agreement()
            self.assertTrue(set(ids) <= entries.keys())
            self.check_others(nodes, ids)

    def test_a_full_disk(self):
        self.fails(f"write {errno.ENOSPC}", ("full", "make room", "No space left on device"))

    def test_a_file_system_without_room(self):
        """The same with a real one, where this user may mount it."""
        with q.Cluster(self.genesis) as cluster:
            disk = Path(cluster.folder.name) / "data-1"
            disk.mkdir()
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(disk)],
                              check=False, capture_output=True).returncode != 0:
                self.skipTest("no file system can be mounted here")
            try:
                nodes = self.start(cluster)
                ids = [self.register(nodes[0])]
                with open(disk / "ballast", "wb", buffering=0) as ballast:
                    with self.assertRaises(OSError) as told:
                        while True:
                            ballast.write(bytes(4096))
                    self.assertEqual(told.exception.errno, errno.ENOSPC)
                    ballast.truncate(ballast.tell() - 8192)  # room for a part of a write
                ids.append(self.register(nodes[1]))
                self.await_halt(cluster, nodes[0], ("full", "make room", "No space left on device"))
                self.check_others(nodes[1:], ids)
                (disk / "ballast").unlink()
                nodes[0] = cluster.spawn_genesis(0, env=self.env[0]).await_up()
                _, _, entries = cluster.await_agreement()
                self.assertTrue(set(ids) <= entries.keys())
            finally:
                # Off the tree at once, and gone when the node is.
                subprocess.run(["umount", "-l", str(disk)], check=True)

    def test_writes_that_fail(self):
        self.fails(f"torn {errno.EIO}", ("check the disk", "Input/output error"))

    def test_a_sync_that_fails(self):
        self.fails(f"sync {errno.EIO}", ("check the disk", "Input/output error"))

    def test_a_file_that_loses_its_end(self):
        with q.Cluster(self.genesis) as cluster:
            nodes = self.start(cluster)
            ids = [self.register(nodes[0])]
            data = next(Path(self.env[0]["QNET_DATA_DIR"]).glob("*/data.mdb"))
            with open(data, "r+b") as file:
                file.truncate(3 * 4096)
            ids.append(self.register(nodes[1]))
            self.await_halt(cluster, nodes[0], ("somebody cut the file off",))
            self.check_others(nodes[1:], ids)

            refused = cluster.spawn_genesis(0, env=self.env[0])
            self.assertEqual(refused.process.wait(timeout=q.WAIT_S), 1)
            refused.process.stdout.close()
            self.assertIn("damaged", refused.log())
            cluster.nodes.remove(refused)


if __name__ == "__main__":
    q.main()
