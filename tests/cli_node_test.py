"""Commands against a running network: what they print, what they change, and how a node starts and ends."""

import json
import signal
import socket
import unittest
from pathlib import Path

from qnet_cluster import Cluster, Genesis, Identity, main, wait_until
from qnet_testing import EXIT_OK, EXIT_RUNTIME, Running, run


def genesis_env(node):
    return {name: value for name, value in node.env.items()
            if name.startswith(("QNET_GENESIS_CERT_", "QNET_ACTIVATION_POLICY", "QNET_ACTIVATION_BATCH_"))}


class NetworkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.genesis = Genesis(count=4, codes=8)
        cls.cluster = Cluster(cls.genesis)
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.cluster.start(ordinary=1)
        cls.validator = cls.cluster.nodes[0]
        cls.ordinary = cls.cluster.nodes[-1]
        cls.url = {"QNET_API_URL": f"http://{cls.validator.api}"}

    def register(self, identity, code, **changes):
        env = {**self.url, **identity.env, "QNET_REGION": "africa", **changes}
        if code is not None:
            env["QNET_ACTIVATION_CODE"] = code
        return run("register", "-o", "json", env=env)

    # ---- reading ----

    def test_status(self):
        status = run("status", "-o", "json", env=self.url).json
        self.assertEqual(status["id"], self.genesis.identities[0].id)
        self.assertEqual(status["bootstrap_id"], 1)
        self.assertTrue(status["ready"])
        text = run("status", env=self.url)
        self.assertEqual(text.status, EXIT_OK, text)
        for part in (status["id"], status["state_root"], "validator, epoch 0, 4 of 4 validators live, quorum 3",
                     "peer verification  p50", "ready"):
            self.assertIn(part, text.out)

    def test_peers_and_regions(self):
        peers = {peer["id"]: peer for peer in run("peers", "-o", "json", env=self.url).json["peers"]}
        text = run("peers", env=self.url)
        for identity in self.genesis.identities[1:]:
            self.assertTrue(peers[identity.id]["record_held"])
            self.assertIn(identity.id[:8], text.out)
        self.assertTrue(peers[self.ordinary.id]["record_held"])
        self.assertNotIn(self.validator.id, peers)
        self.assertEqual(peers[self.ordinary.id]["state"], "hot")
        self.assertIn("committee", peers[self.genesis.identities[1].id]["held_for"])
        limits = run("peers", "limits", "-o", "json", env=self.url).json
        self.assertEqual((limits["per_region"], limits["hot"], limits["binds"]), (8, 48, "network-size"))
        self.assertIn("48 at most; network-size binds", run("peers", "limits", env=self.url).out)
        regions = run("regions", "-o", "json", env=self.url).json["regions"]
        self.assertEqual(len(regions), 6)
        self.assertIn("oceania", run("regions", env=self.url).out)

    def test_registry_list_in_pages(self):
        whole = run("registry", "list", "-o", "json", env=self.url).json
        self.assertGreaterEqual(len(whole["items"]), 5)
        seen = []
        start = 0
        for _ in range(len(whole["items"])):
            page = run("registry", "list", "--from", str(start), "--limit", "2", "-o", "json", env=self.url).json
            self.assertLessEqual(len(page["items"]), 2)
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            start = page["next"]
        self.assertEqual(seen[:len(whole["items"])], [item["id"] for item in whole["items"]])
        self.assertIn("more: --from 2", run("registry", "list", "--limit", "2", env=self.url).out)

    def test_registry_get(self):
        entry = run("registry", "get", self.ordinary.id, "-o", "json", env=self.url).json
        self.assertEqual((entry["id"], entry["status"]), (self.ordinary.id, "active"))
        self.assertIn("active", run("registry", "get", self.ordinary.id.upper(), env=self.url).out)
        missing = run("registry", "get", "ab" * 32, "-o", "json", env=self.url)
        self.assertEqual(missing.status, EXIT_RUNTIME)
        self.assertEqual(missing.json["error"]["code"], "not_registered")

    def test_verify_by_genesis_pin(self):
        env = genesis_env(self.validator)
        address = f"127.0.0.1:{self.validator.listen_port}"
        shown = run("verify", address, "-o", "json", env=env).json
        self.assertEqual((shown["id"], shown["status"], shown["algorithm"], shown["group"], shown["tls"]),
                         (self.validator.id, "genesis", "ML-DSA-65", "X25519MLKEM768", "TLSv1.3"))
        self.assertGreater(shown["handshake_us"], 0)
        self.assertGreater(shown["handshake_cpu_us"], 0)
        self.assertGreater(shown["bytes_received"], 5000)
        text = run("verify", address, "--id", self.validator.id, env=env)
        self.assertEqual(text.status, EXIT_OK, text)
        self.assertIn("genesis (by the genesis certificates)", text.out)

    def test_verify_by_the_registry(self):
        address = f"127.0.0.1:{self.ordinary.listen_port}"
        shown = run("verify", address, "-o", "json", env={**genesis_env(self.validator), **self.url}).json
        self.assertEqual((shown["id"], shown["status"], shown["status_from"]),
                         (self.ordinary.id, "active", "registry"))
        alone = run("verify", address, "-o", "json", env={"QNET_API_URL": "http://127.0.0.1:1"}).json
        self.assertEqual((alone["id"], alone["status"], alone["status_from"]),
                         (self.ordinary.id, "unknown", None))

    def test_verify_a_node_that_is_not_registered(self):
        node = self.cluster.spawn_ordinary("unregistered").await_up()
        shown = run("verify", f"127.0.0.1:{node.listen_port}", "-o", "json", env=self.url).json
        self.assertEqual((shown["id"], shown["status"], shown["index"]), (node.id, "unregistered", None))

    def test_verify_another_than_expected(self):
        result = run("verify", f"127.0.0.1:{self.validator.listen_port}", "--id", self.ordinary.id, "-o", "json")
        self.assertEqual(result.status, EXIT_RUNTIME, result)
        self.assertEqual(result.json["error"]["code"], "key_mismatch")

    # ---- changing ----

    def test_register_update_revoke(self):
        identity = Identity()
        answer = self.register(identity, self.genesis.take_code(), QNET_ADVERTISE="192.0.2.1:7")
        self.assertEqual(answer.status, EXIT_OK, answer)
        done = answer.json
        self.assertEqual((done["code"], done["id"]), ("ok", identity.id))
        self.assertGreater(done["height"], 0)
        self.assertGreater(done["elapsed_us"], 0)

        def entry():
            return run("registry", "get", identity.id, "-o", "json", env=self.url).json
        first = entry()
        self.assertEqual((first["region"], first["endpoint"], first["index"], first["sequence"]),
                         ("africa", "192.0.2.1:7", done["index"], 1))

        changed = run("update", "--region", "oceania", env={**self.url, **identity.env})
        self.assertEqual(changed.status, EXIT_OK, changed)
        self.assertIn(f"updated {identity.id}", changed.out)
        second = entry()
        self.assertEqual((second["region"], second["endpoint"], second["sequence"]), ("oceania", "192.0.2.1:7", 2))
        self.assertEqual(second["announce_tip"], first["announce_tip"])

        revoked = run("revoke", "--reason", "retired", "-o", "json", env={**self.url, **identity.env})
        self.assertEqual(revoked.status, EXIT_OK, revoked)
        self.assertEqual(entry()["status"], "revoked")
        again = run("update", "--region", "asia", "-o", "json", env={**self.url, **identity.env})
        self.assertEqual(again.status, EXIT_RUNTIME)
        self.assertEqual(again.json["error"]["code"], "revoked")

    def test_refusals_name_the_reason(self):
        first = Identity()
        code = self.genesis.take_code()
        self.assertEqual(self.register(first, code).status, EXIT_OK)

        def refused(result, code_name):
            self.assertEqual(result.status, EXIT_RUNTIME, result)
            error = result.json["error"]
            self.assertEqual(error["code"], code_name, error)
            self.assertIn(error["text"], result.err)
        refused(self.register(Identity(), code), "code_used")
        refused(self.register(first, self.genesis.take_code()), "already_registered")
        refused(self.register(Identity(), None), "code_required")
        refused(self.register(Identity(), Genesis(count=4, codes=1).codes[0]), "code_unknown")
        env = {**self.url, **Identity().env}
        refused(run("revoke", "-o", "json", env=env), "not_registered")
        refused(run("update", "--region", "asia", "-o", "json", env=env), "not_registered")

    def test_another_network_is_noticed_before_anything_is_sent(self):
        other = Genesis(count=4)
        result = self.register(Identity(), None, **other.env)
        self.assertEqual(result.status, EXIT_RUNTIME, result)
        self.assertEqual(result.json["error"]["code"], "wrong_network")

    def test_a_revoked_nodes_links_close(self):
        node = self.cluster.spawn_ordinary("revoked", code=self.genesis.take_code()).await_up()
        wait_until(lambda: node.status()["registered"], "registered")
        wait_until(lambda: any(peer["id"] == node.id and peer["linked"]
                               for peer in self.validator.get("/v1/peers")["peers"]), "linked")
        key = {"QNET_KEY": node.env["QNET_KEY"]}
        self.assertEqual(run("revoke", env={**self.url, **key}).status, EXIT_OK)

        def is_cut_off():
            return not any(peer["id"] == node.id and peer["linked"] and peer["registered"]
                           for other in self.cluster.nodes if other is not node
                           for peer in other.get("/v1/peers")["peers"])
        wait_until(is_cut_off, "all links to the revoked node are closed")
        shown = run("verify", f"127.0.0.1:{node.listen_port}", "-o", "json", env=self.url).json
        self.assertEqual(shown["status"], "revoked")

    # ---- a node's life ----

    def test_secrets_are_gone_from_the_environment_of_a_running_node(self):
        for node, secret in ((self.validator, "QNET_KEY"), (self.ordinary, "QNET_KEY"),
                             (self.ordinary, "QNET_ACTIVATION_CODE")):
            environment = Path(f"/proc/{node.pid}/environ").read_bytes()
            self.assertIn(f"{secret}=".encode(), environment)
            self.assertNotIn(node.env[secret].encode(), environment)
            self.assertNotIn(node.env[secret], node.log())

    def test_each_stop_signal_ends_a_node_in_order(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            env = {**self.genesis.env, "QNET_REGION": "asia", "QNET_LISTEN": "127.0.0.1:0", "QNET_API": "127.0.0.1:0"}
            with Running("node", "-o", "json", env=env) as node:
                up = json.loads(node.lines_until("{")[-1])
                self.assertEqual((up["storage"], up["bootstrap_id"]), ("memory", 0))
                node.signal(number)
                result = node.finish()
                self.assertEqual(result.status, EXIT_OK, result)
                # It had no key, and has said what that means.
                self.assertIn("fresh_key", result.err)

    def test_the_line_for_people(self):
        env = {**self.genesis.env, "QNET_REGION": "asia", "QNET_LISTEN": "off", "QNET_API": "off"}
        with Running("node", env=env) as node:
            line = node.lines_until("up:")[-1]
            self.assertRegex(line, r"^qnet node [0-9a-f]{64} up: listen off, api off, network [0-9a-f]{16}\.\.\., storage memory$")
            node.signal(signal.SIGTERM)
            self.assertEqual(node.finish().status, EXIT_OK)

    def test_ports_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            free = {**self.genesis.env, "QNET_REGION": "asia", "QNET_LISTEN": "127.0.0.1:0", "QNET_API": "127.0.0.1:0"}
            for name in ("QNET_LISTEN", "QNET_API"):
                result = run("node", "-o", "json", env={**free, name: f"127.0.0.1:{port}"})
                self.assertEqual(result.status, EXIT_RUNTIME, result)
                self.assertIn(port, result.json["error"]["text"])
                self.assertIn("in use", result.json["error"]["text"])

    def test_a_parent_that_is_not_ours_is_refused(self):
        env = {**self.genesis.env, "QNET_REGION": "asia"}
        for parent in ("1", "0", "x"):
            result = run("node", "--parent", parent, env=env)
            self.assertEqual(result.status, EXIT_RUNTIME, result)
            self.assertIn("parent process is gone", result.err)


if __name__ == "__main__":
    main()
