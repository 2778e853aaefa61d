"""Port mapping with a real node and a gateway of ours (nat_gateway.py): PCP, NAT-PMP, refusals, restarts, the end.

In network namespaces: the nodes in one, whose default route leads to the gateway in another. Where there are none
it all runs on loopback, with --nat-gateway, and says so.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import unittest
from pathlib import Path

import qnet_cluster as q

GENESIS = 4
EXTERNAL = "203.0.113.5:40000"
INSIDE = "QN_NAT_TEST_INSIDE"  # set for the run within the namespace
IS_INSIDE = bool(os.environ.get(INSIDE))
GATEWAY, OWN, ALL_HOSTS = "192.0.2.1", "192.0.2.2", "224.0.0.1"
SERVER = str(Path(__file__).with_name("nat_gateway.py"))


def sh(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


class Gateway:
    """The server, and what it told so far."""

    def __init__(self):
        self.holder = None
        enter, place = [], ["127.0.0.1", "0", "127.0.0.1"]
        if IS_INSIDE:
            enter, place = self.make_network(), [GATEWAY, "5351", ALL_HOSTS]
        self.process = subprocess.Popen([*enter, sys.executable, SERVER, *place], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.told = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        port = q.wait_until(lambda: self.events("up"), "the gateway is up")[0]["port"]
        self.env = {"QNET_PORT_MAPPING": "on"}
        if not IS_INSIDE:
            self.env["QNET_NAT_GATEWAY"] = f"127.0.0.1:{port}"

    def make_network(self):
        self.holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdin.write(b"there\n")  # it echoes once the namespace is there
        self.holder.stdin.flush()
        self.holder.stdout.readline()
        pid = str(self.holder.pid)
        enter = ["nsenter", "-t", pid, "-n"]
        sh("ip", "link", "add", "inner0", "type", "veth", "peer", "name", "outer0", "netns", pid)
        sh(*enter, "ip", "addr", "add", f"{GATEWAY}/24", "dev", "outer0")
        sh(*enter, "ip", "link", "set", "outer0", "up")
        sh("ip", "addr", "add", f"{OWN}/24", "dev", "inner0")
        sh("ip", "link", "set", "inner0", "up")
        sh("ip", "route", "add", "default", "via", GATEWAY)
        return enter

    def read(self):
        for line in self.process.stdout:
            self.told.append(json.loads(line))

    def events(self, event):
        return [line for line in list(self.told) if line["event"] == event]

    def command(self, **command):
        before = len(self.events("command"))
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        q.wait_until(lambda: len(self.events("command")) > before, "the gateway obeys")

    def mappings(self):
        return self.told[-1]["mappings"]

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(timeout=20)
        self.reader.join()
        self.process.stdout.close()
        if self.holder is not None:
            self.holder.stdin.close()
            self.holder.wait()
            self.holder.stdout.close()
            subprocess.run(["ip", "link", "del", "inner0"], check=False, stderr=subprocess.DEVNULL)
        assert status == 0, f"the gateway ended with {status}"


class PortMapping(unittest.TestCase):
    def setUp(self):
        self.gateway = Gateway()
        self.addCleanup(self.gateway.close)

    def spawn(self, cluster, name):
        return cluster.spawn_ordinary(name, env={"QNET_LISTEN": "0.0.0.0:0", **self.gateway.env}).await_up()

    def await_mapped(self, node):
        def mapped():
            external = node.status()["external_address"]
            return (external["source"], external["endpoint"]) == ("mapped", EXTERNAL)
        q.wait_until(mapped, f"{node.name} is mapped")

    def await_log(self, node, event, **more):
        def found():
            return [line for line in node.log_lines() if (line["module"], line["event"]) == ("nat", event) and
                    all(line[key] == value for key, value in more.items())]
        return q.wait_until(found, f"{node.name} logs {event} {more}")[0]

    def test_a_port_is_mapped_told_renewed_mapped_again_and_let_go(self):
        self.gateway.command(lifetime=8)
        with q.Cluster(q.Genesis(count=GENESIS, policy="open", name="nat")) as cluster:
            for i in range(GENESIS):
                cluster.spawn_genesis(i)
            node = self.spawn(cluster, "inner")
            for other in cluster.nodes[:GENESIS]:
                other.await_up()
            self.await_mapped(node)
            first = self.gateway.events("map")[0]
            self.assertEqual(first["internal"], node.listen_port)
            self.assertEqual(first["wished"], 0)

            def told_by(other):
                return [peer["endpoints"] for peer in other.get("/v1/peers")["peers"] if peer["id"] == node.id]
            q.wait_until(lambda: told_by(cluster.nodes[0]) == [[EXTERNAL]], "others know the mapped address", poll=0.2)
            q.wait_until(lambda: len(self.gateway.events("map")) >= 2, "the mapping is renewed")
            again = self.gateway.events("map")[1]
            self.assertEqual((again["nonce"], again["wished"]), (first["nonce"], 40000))

            self.gateway.command(lifetime=3600)
            count = len(self.gateway.events("map"))
            q.wait_until(lambda: len(self.gateway.events("map")) > count, "it is renewed for an hour")
            self.gateway.command(restart=True)
            q.wait_until(self.gateway.mappings, "the mapping is there again after a restart")
            self.await_log(node, "gateway_restarted")
            self.await_mapped(node)
            self.assertEqual(node.metrics()["qnet_port_mapped"], 1)
            self.assertEqual(self.gateway.events("delete"), [])
            told = [line for line in node.log_lines() if line["event"] == "gateway_restarted"]
            self.assertEqual(len(told), 1)  # what somebody else said of it does not count
            node.terminate()
            q.wait_until(lambda: self.gateway.events("delete"), "the mapping is let go")
            self.assertEqual(self.gateway.mappings(), {})

    def test_an_older_gateway_is_asked_in_nat_pmp(self):
        self.gateway.command(speak="pmp")
        with q.Cluster(q.Genesis(count=GENESIS, name="nat")) as cluster:
            node = self.spawn(cluster, "inner")
            self.await_mapped(node)
            self.assertEqual(self.await_log(node, "mapped")["protocol"], "nat-pmp")
            self.assertEqual(len(self.gateway.events("too_new")), 1)
            node.terminate()
            q.wait_until(lambda: self.gateway.events("delete"), "the mapping is let go")
            self.assertEqual(self.gateway.mappings(), {})

    def test_a_node_runs_on_without_a_mapping(self):
        self.gateway.command(result=8)
        with q.Cluster(q.Genesis(count=GENESIS, name="nat")) as cluster:
            refused = self.spawn(cluster, "refused")
            self.await_log(refused, "refused", reason="no_resources")
            self.gateway.command(speak="nothing")
            self.gateway.process.stdin.close()  # it ends, and nothing listens there any more
            self.gateway.process.wait(timeout=20)
            alone = self.spawn(cluster, "alone")
            line = self.await_log(alone, "no_answer", reason="port_unreachable")
            self.assertIn("does not speak PCP or NAT-PMP", line["text"])
            for node in cluster.nodes:
                self.assertEqual(node.status()["external_address"]["source"], "none")
                self.assertEqual(node.metrics()["qnet_port_mapped"], 0)


def run_inside():
    """The same file in a network namespace. None: not permitted, or not to be had."""
    if shutil.which("unshare") is None or shutil.which("ip") is None or shutil.which("nsenter") is None:
        return None
    probe = subprocess.run(["unshare", "-rn", "sh", "-c", "ip link set lo up && ip link add a0 type veth peer name b0"],
                           check=False, capture_output=True)
    if probe.returncode != 0:
        return None
    return subprocess.run(["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', sys.executable, __file__,
                           *sys.argv[1:]], check=False, env={**os.environ, INSIDE: "1"}).returncode


if __name__ == "__main__":
    if not IS_INSIDE:
        status = run_inside()
        if status is not None:
            sys.exit(status)
        print("no network namespaces here: the gateway is on loopback", flush=True)
    q.main()
