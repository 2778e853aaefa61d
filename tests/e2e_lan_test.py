"""Discovery in the local network with real processes: nodes whose genesis certificates lead nowhere find each other
by multicast; without the setting they neither say nor hear anything.

In a network namespace of its own: each node is a host on one switch. Where namespaces are not permitted only the
test on loopback runs, and says so.
"""

import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

import qnet_cluster as q

GENESIS = 4
WAIT_S = 40
INSIDE = "QN_LAN_TEST_INSIDE"  # set for the run within the namespace
PORT = 9876
SUBNET = "10.77.0"
GROUP_V4 = bytes((239, 255, 98, 76))[::-1].hex().upper()  # as in /proc/net/igmp
GROUP_V6 = "ff12" + "0" * 24 + "9876"

FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
SAY = """
import socket, sys
to = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), type=socket.SOCK_DGRAM)[0]
socket.socket(to[0], to[1]).sendto(b"hello", to[4])
"""


def sh(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


class Host:
    """A network namespace with one interface, eth0, on the switch."""

    def __init__(self, number, address=True):
        self.holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdin.write(b"there\n")  # it echoes once the namespace is there
        self.holder.stdin.flush()
        self.holder.stdout.readline()
        pid = str(self.holder.pid)
        self.enter = ["nsenter", "-t", pid, "-n"]
        sh("ip", "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", pid)
        sh("ip", "link", "set", f"port{number}", "master", "switch0", "up")
        # Link-local addresses are used at once, and not only after nobody else was found to have them.
        sh(*self.enter, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad")
        if address:
            sh(*self.enter, "ip", "addr", "add", f"{SUBNET}.{10 + number}/24", "dev", "eth0")
        sh(*self.enter, "ip", "link", "set", "eth0", "up")
        sh(*self.enter, "ip", "link", "set", "lo", "up")

    def program(self, folder):
        """A stand-in for qnet that runs it on this host."""
        path = Path(folder) / f"qnet-on-{self.holder.pid}"
        path.write_text(f'#!/bin/sh\nexec {" ".join(self.enter)} {q.QNET} "$@"\n')
        path.chmod(0o700)
        return str(path)

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()


class Remote(q.Node):
    """A node on a host; its API is asked by a client there, since it is on that host's loopback."""

    host = None

    def ask(self, command):
        done = subprocess.run([*self.host.enter, q.QNET, command, "-o", "json"], check=False, timeout=20,
                              env=q.clean_environment({"QNET_API_URL": f"http://{self.up['api']}"}),
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        return q.json.loads(done.stdout)

    def status(self):
        return self.ask("status")

    def heard(self, verdict):
        """How many datagrams this became of, by /metrics."""
        done = subprocess.run([*self.host.enter, sys.executable, "-c", FETCH, f"http://{self.up['api']}/metrics"],
                              check=True, timeout=20, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        wanted = f'qnet_lan_heard_total{{verdict="{verdict}"}} '
        return next(float(line[len(wanted):]) for line in done.stdout.splitlines() if line.startswith(wanted))

    def net(self, name):
        """A table of /proc/net on its host."""
        return Path(f"/proc/{self.pid}/net/{name}").read_text()


def udp_port_is_open(node):
    wanted = f":{PORT:04X} "
    return wanted in node.net("udp"), wanted in node.net("udp6")


def datagrams_sent(node):
    names, values = [line.split() for line in node.net("snmp").splitlines() if line.startswith("Udp:")]
    six = dict(line.split() for line in node.net("snmp6").splitlines())
    return int(values[names.index("OutDatagrams")]) + int(six["Udp6OutDatagrams"])


@unittest.skipUnless(os.environ.get(INSIDE), "within a namespace of its own only")
class OnOneSwitch(unittest.TestCase):
    def setUp(self):
        sh("ip", "link", "add", "switch0", "type", "bridge")
        sh("ip", "link", "set", "switch0", "up")
        self.hosts = []

    def tearDown(self):
        for host in self.hosts:
            host.close()
        sh("ip", "link", "del", "switch0")

    def spawn(self, cluster, name, env, address=True):
        host = Host(len(self.hosts), address)
        self.hosts.append(host)
        node = Remote(name, {"QNET_LOG": "debug", **cluster.genesis.env, **env}, cluster.folder.name,
                      host.program(cluster.folder.name))
        node.host = host
        cluster.nodes.append(node)
        return node

    def spawn_genesis(self, cluster, env, address=True):
        """The certificates name ports of loopback, where nobody listens on these hosts."""
        for i in range(GENESIS):
            self.spawn(cluster, f"genesis-{i + 1}", {
                "QNET_BOOTSTRAP_ID": f"{i + 1:03}", **cluster.genesis.identities[i].env, **env}, address)

    def await_blocks(self, nodes):
        for node in nodes:
            node.await_up()
        for node in nodes:
            q.wait_until(lambda node=node: node.status()["height"] > 0, f"{node.name} has a block", timeout=WAIT_S,
                         poll=0.5)

    def test_founders_and_a_newcomer_find_each_other_and_a_node_without_the_setting_is_silent(self):
        with q.Cluster(q.Genesis(count=GENESIS, policy="open", name="lan")) as cluster:
            lan = {"QNET_LISTEN": "0.0.0.0:9876", "QNET_LAN_DISCOVERY": "on"}
            quiet = self.spawn(cluster, "quiet", {"QNET_LISTEN": "0.0.0.0:9876", "QNET_REGION": "asia",
                                                  **q.Identity().env})
            self.spawn_genesis(cluster, lan)
            newcomer = self.spawn(cluster, "newcomer", {"QNET_REGION": "asia", **q.Identity().env, **lan})
            loud = [node for node in cluster.nodes if node is not quiet]
            self.await_blocks(loud)
            q.wait_until(lambda: newcomer.status()["registered"], "the newcomer is registered", timeout=WAIT_S, poll=0.5)
            for node in loud:
                self.assertEqual(udp_port_is_open(node), (True, False))  # it listens on IPv4 only
                self.assertIn(GROUP_V4, node.net("igmp"))
                self.assertGreater(datagrams_sent(node), 0)
            quiet.await_up()
            self.assertEqual(quiet.status()["height"], 0)
            self.assertEqual(udp_port_is_open(quiet), (False, False))
            self.assertNotIn(GROUP_V4, quiet.net("igmp"))
            self.assertNotIn(GROUP_V6, quiet.net("igmp6"))
            self.assertEqual(datagrams_sent(quiet), 0)

    def test_founders_find_each_other_by_addresses_of_one_link(self):
        with q.Cluster(q.Genesis(count=GENESIS, policy="open", name="lan6")) as cluster:
            self.spawn_genesis(cluster, {"QNET_LISTEN": "[::]:9876", "QNET_LAN_DISCOVERY": "on",
                                         "QNET_LAN_INTERFACES": "eth0"}, address=False)
            self.await_blocks(cluster.nodes)
            for node in cluster.nodes:
                self.assertEqual(udp_port_is_open(node)[1], True)
                self.assertIn(GROUP_V6, node.net("igmp6"))
            heard = [line["address"] for line in cluster.nodes[0].log_lines()
                     if (line["module"], line["event"]) == ("lan", "heard")]
            self.assertTrue(heard)
            for address in heard:
                self.assertRegex(address, r"^\[fe80::[0-9a-f:]+%eth0\]:9876$")
            # Such an address is also good as a setting.
            guest = self.spawn(cluster, "guest", {"QNET_REGION": "asia", **q.Identity().env, "QNET_LISTEN": "[::]:9876",
                                                  "QNET_FALLBACK_PEERS": heard[0]}, address=False)
            guest.await_up()
            q.wait_until(lambda: guest.status()["registered"], "the guest is registered", timeout=WAIT_S, poll=0.5)
            # What is sent to a node alone is not looked at; what is sent to all is.
            first, second = cluster.nodes[:2]
            own = next(line["address"] for line in second.log_lines()
                       if (line["module"], line["event"]) == ("lan", "heard") and line["peer"] == first.id[:8])
            self.assertEqual(first.heard("malformed"), 0)
            for host in (own[1:].split("]")[0], "ff12::9876%eth0"):
                sh(*second.host.enter, sys.executable, "-c", SAY, host, str(PORT))
            q.wait_until(lambda: first.heard("malformed") > 0, "what is sent to all is heard", poll=0.5)
            self.assertEqual(first.heard("malformed"), 1)


@unittest.skipIf(os.environ.get(INSIDE), "outside of the namespace only")
class OnLoopback(unittest.TestCase):
    def test_founders_that_moved_find_each_other(self):
        with q.Cluster(q.Genesis(count=GENESIS, policy="open", name="lo")) as cluster:
            began = time.monotonic()
            for i in range(GENESIS):
                cluster.spawn_genesis(i, {"QNET_LISTEN": "127.0.0.1:0", "QNET_LAN_DISCOVERY": "on",
                                          "QNET_LAN_INTERFACES": "lo"})
            for node in cluster.nodes:
                node.await_up()
            for node in cluster.nodes:
                q.wait_until(lambda node=node: node.status()["height"] > 0, f"{node.name} has a block", timeout=WAIT_S)
            print(f"{GENESIS} founders that moved: first block after {time.monotonic() - began:.1f} s", flush=True)
            heard = [node.metrics()['qnet_lan_heard_total{verdict="heard"}'] for node in cluster.nodes]
            self.assertTrue(all(count > 0 for count in heard), heard)


def run_inside():
    """The same file in a network namespace. None: not permitted."""
    probe = subprocess.run(["unshare", "-rn", "ip", "link", "add", "switch0", "type", "bridge"], check=False,
                           capture_output=True)
    if probe.returncode != 0:
        return None
    return subprocess.run(["unshare", "-rn", sys.executable, __file__, *sys.argv[1:]], check=False,
                          env={**os.environ, INSIDE: "1"}).returncode


if __name__ == "__main__":
    if not os.environ.get(INSIDE):
        status = run_inside()
        if status is None:
            print("network namespaces are not permitted here: loopback only", flush=True)
        elif status != 0:
            sys.exit(status)
    q.main()
