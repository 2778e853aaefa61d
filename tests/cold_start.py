"""A network of real processes that is stopped and started again all at once: what the end-to-end test and the benchmark
have in common."""

import datetime
import time

import qnet_cluster as q

GENESIS = 4
PEERS_WANTED = 4
WAIT_S = 30  # generous: shared machines, sanitizers


def moment(line):
    return datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()


def linked(node):
    return {peer["id"] for peer in node.get("/v1/peers")["peers"] if peer["linked"]}


class ColdNetwork:
    """Nodes with a data directory and an address that stays, in a cluster of GENESIS genesis nodes with the policy
    `open`. Ready when made."""

    def __init__(self, cluster, ordinary, log="debug"):
        self.cluster = cluster
        self.log = log
        self.settings = {}  # by name
        self.began = {}  # the last start, by the wall clock, as in the logs
        ports = q.free_ports(ordinary)
        for i in range(GENESIS):
            self.spawn(f"genesis-{i + 1}", {
                "QNET_BOOTSTRAP_ID": f"{i + 1:03}", **cluster.genesis.identities[i].env,
                "QNET_LISTEN": f"127.0.0.1:{cluster.genesis.ports[i]}"})
        for i in range(ordinary):
            self.spawn(f"node-{i + 1}", {
                "QNET_REGION": "europe", "QNET_LISTEN": f"127.0.0.1:{ports[i]}", **q.Identity().env})
        for node in cluster.nodes:
            node.await_up()
        for node in cluster.nodes:
            q.wait_until(lambda node=node: node.ready()[0] == 200, f"{node.name} is ready", timeout=60)

    def spawn(self, name, env):
        self.settings[name] = env
        self.began[name] = time.time()
        return self.cluster.spawn(name, {"QNET_LOG": self.log, **env,
                                         "QNET_DATA_DIR": f"{self.cluster.folder.name}/data-{name}"})

    def stop_all(self):
        """The problems found, as text."""
        problems = self.cluster.close()
        self.cluster.nodes.clear()
        return problems

    def start_all(self, names=None):
        """As the first time; returns when all of them listen."""
        for name in names or list(self.settings):
            self.spawn(name, self.settings[name])
        for node in self.cluster.nodes:
            node.await_up()

    def await_linked(self):
        for node in self.cluster.nodes:
            q.wait_until(lambda node=node: len(linked(node)) >= PEERS_WANTED,
                         f"{node.name} has {PEERS_WANTED} links", timeout=WAIT_S)

    def times_until_linked(self):
        """Of each node, in seconds since its start, by its own log, which goes on from the run before: when its
        first link was live, and when as many as are wanted were."""
        first, enough = [], []
        for node in self.cluster.nodes:
            since = {}  # by peer
            for line in node.log_lines():
                if (line["module"], line["event"]) == ("link", "live") and moment(line) >= self.began[node.name]:
                    since.setdefault(line["peer"], moment(line) - self.began[node.name])
            times = sorted(since.values())
            assert len(times) >= PEERS_WANTED, f"{node.name} had {len(times)} peers"
            first.append(times[0])
            enough.append(times[PEERS_WANTED - 1])
        return first, enough
