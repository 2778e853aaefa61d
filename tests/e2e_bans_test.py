"""An operator bans a node and an address prefix: links close at once and stay closed, also over a restart
with a data directory, until the ban is lifted or ends. Bans are told and changed on the node's own machine only."""

import json
import http.client
import socket
import subprocess
import unittest

import qnet_cluster as q


def links_to(node, peer_id):
    return [peer for peer in node.get("/v1/peers")["peers"] if peer["id"] == peer_id and peer["linked"]]


def refused(node):
    return node.metrics().get('qnet_link_closes_total{reason="banned"}', 0)


def outer_address():
    """An address of this machine that is not loopback, or None. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
        return None if address.startswith("127.") else address


class BansTest(unittest.TestCase):
    def test_bans_close_links_and_stay(self):
        genesis = q.Genesis(count=4, codes=2)
        with q.Cluster(genesis) as cluster:
            judge_env = {"QNET_DATA_DIR": cluster.folder.name + "/judge"}
            judge = cluster.spawn_genesis(0, env=judge_env)
            for i in range(1, 4):
                cluster.spawn_genesis(i)
            for node in cluster.nodes:
                node.await_up()
            culprit = cluster.spawn_ordinary("culprit", code=genesis.take_code()).await_up()
            other = cluster.spawn_ordinary("other", code=genesis.take_code()).await_up()
            for node in (culprit, other):
                q.wait_until(lambda node=node: node.status()["registered"], f"{node.name} is registered")
                q.wait_until(lambda node=node: links_to(judge, node.id), f"{node.name} is linked")

            self.check_ban_of_an_id(judge, culprit, other)
            judge.terminate()
            self.assertEqual(judge.process.wait(timeout=20), 0)
            judge = cluster.spawn_genesis(0, env=judge_env).await_up()
            self.check_ban_after_a_restart(judge, culprit, other)
            self.check_ban_of_a_prefix(culprit)
            self.check_a_ban_that_ends(culprit)
            self.check_what_is_refused(judge)

    def check_ban_of_an_id(self, judge, culprit, other):
        before = refused(judge)
        status, answer, errors = judge.client("ban", "add", culprit.id, "--reason", "told lies")
        self.assertEqual(status, 0, errors)
        self.assertEqual((answer["target"], answer["until_ms"], answer["durable"]), (culprit.id, None, True))
        self.assertEqual(links_to(judge, culprit.id), [], "the link is closed when the answer comes")
        q.wait_until(lambda: refused(judge) >= before + 3, "it came back and was refused, twice")
        self.assertEqual(links_to(judge, culprit.id), [])
        q.wait_until(lambda: any(line.get("event") == "goodbye" and line.get("reason") == "banned"
                                 for line in culprit.log_lines()), "it is told why")
        self.assertTrue(links_to(judge, other.id), "others stay")
        _, answer, _ = judge.client("ban", "list")
        self.assertEqual([(ban["target"], ban["by"], ban["reason"]) for ban in answer["bans"]],
                         [(culprit.id, "operator", "told lies")])

    def check_ban_after_a_restart(self, judge, culprit, other):
        q.wait_until(lambda: links_to(judge, other.id), "the other one is linked again")
        q.wait_until(lambda: refused(judge) >= 1, "the banned one is refused again")
        self.assertEqual(links_to(judge, culprit.id), [])
        self.assertEqual([ban["target"] for ban in judge.get("/v1/bans")["bans"]], [culprit.id])
        status, _, errors = judge.client("ban", "remove", culprit.id)
        self.assertEqual(status, 0, errors)
        q.wait_until(lambda: links_to(judge, culprit.id), "it is let back in")
        self.assertEqual(judge.get("/v1/bans")["bans"], [])

    def check_ban_of_a_prefix(self, node):
        """All of its peers are on loopback: it bans everybody, whoever dialled."""
        q.wait_until(lambda: node.status()["links"]["live"] >= 4, "it is linked to everybody")
        status, answer, errors = node.client("ban", "add", "127.1.2.3/8")
        self.assertEqual(status, 0, errors)
        self.assertEqual((answer["target"], answer["durable"]), ("127.0.0.0/8", False))
        self.assertEqual(node.status()["links"]["live"], 0)
        before = node.metrics().get('qnet_link_closes_total{reason="banned"}', 0)
        self.assertGreaterEqual(before, 4)
        status, _, errors = node.client("ban", "remove", "127.0.0.0/8")
        self.assertEqual(status, 0, errors)
        q.wait_until(lambda: node.status()["links"]["live"] >= 4, "everybody is back")

    def check_a_ban_that_ends(self, node):
        env = q.clean_environment({"QNET_API_URL": f"http://{node.api_address[0]}:{node.api_address[1]}"})
        said = subprocess.run([q.QNET, "ban", "add", "127.0.0.0/8", "--for", "3s"], env=env, timeout=60,
                              capture_output=True, text=True, check=True).stdout
        self.assertIn("--data-dir", said, "what is not kept is said so")
        self.assertEqual(node.status()["links"]["live"], 0)
        q.wait_until(lambda: node.get("/v1/bans")["bans"] == [], "the ban ends by itself")
        q.wait_until(lambda: node.status()["links"]["live"] >= 4, "everybody is back")

    def check_what_is_refused(self, node):
        for arguments, code, text in (
                (("add", "nonsense"), 2, "no node id"),
                (("add", "192.0.2.0/40"), 2, "no node id"),
                (("add", "192.0.2.1", "--for", "10"), 2, "--for"),
                (("add", "192.0.2.1", "--reason", "x" * 101), 1, "reason"),
                (("add", node.id), 1, "own id"),
                (("remove", "192.0.2.1"), 1, "no ban")):
            status, _, errors = node.client("ban", *arguments)
            self.assertEqual(status, code, (arguments, errors))
            self.assertIn(text, errors)
        status, _, body = node.request("POST", "/v1/bans", body=b'{"target": "192.0.2.1"}')
        self.assertEqual(status, 415, "a page in a browser can send any other type unasked")
        status, _, body = node.request("DELETE", "/v1/bans")
        self.assertEqual(status, 400, body)

    def test_bans_are_the_business_of_this_machine_only(self):
        address = outer_address()
        if address is None:
            self.skipTest("this machine has no address but loopback")
        with q.Cluster(q.Genesis(count=4)) as cluster:
            node = cluster.spawn_genesis(0, env={"QNET_API": "0.0.0.0:0"}).await_up()
            port = node.api_address[1]
            for host, expected in ((address, 403), ("127.0.0.1", 200)):
                for method, path, body in (("POST", "/v1/bans", json.dumps({"target": "192.0.2.1"})),
                                           ("GET", "/v1/bans", None), ("DELETE", "/v1/bans?target=192.0.2.1", None)):
                    connection = http.client.HTTPConnection(host, port, timeout=10)
                    connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
                    status = connection.getresponse().status
                    connection.close()
                    self.assertEqual(status, expected, (host, method))


if __name__ == "__main__":
    q.main()
