"""A network of nodes that listen on IPv4, on IPv6, and on both, on loopback: everybody reaches everybody, and what is
shown and registered are addresses of the right family.
"""

import socket
import unittest

import qnet_cluster as q

LISTEN = ("[::1]", "[::]", "[::]", "127.0.0.1")  # of the founders
NAMED = ("[::1]", "[::1]", "127.0.0.1", "127.0.0.1")  # in their certificates


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


class Genesis(q.Genesis):
    """One with these addresses in its certificates."""

    def __init__(self):
        super().__init__(count=len(LISTEN), policy="open", name="ipv6")
        for i, identity in enumerate(self.identities):
            cert = q.qnet_ok("genesis", "cert", "--network", "ipv6", "--id", f"{i + 1:03}", "--region", q.REGIONS[i],
                             "--endpoint", f"{NAMED[i]}:{self.ports[i]}", env=identity.env)
            self.env[cert["name"]] = cert["certificate"]


@unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
class Ipv6(unittest.TestCase):
    def test_both_families_make_one_network(self):
        with q.Cluster(Genesis()) as cluster:
            for i, host in enumerate(LISTEN):
                cluster.spawn_genesis(i, {"QNET_LISTEN": f"{host}:{cluster.genesis.ports[i]}"})
            port = q.free_ports(1)[0]
            node = cluster.spawn_ordinary("node", env={"QNET_LISTEN": f"[::1]:{port}", "QNET_API": "[::1]:0"})
            for each in cluster.nodes:
                each.await_up()
            self.assertEqual(node.up["listen"], f"[::1]:{port}")
            self.assertTrue(node.up["api"].startswith("[::1]:"), node.up)
            node.api_address = ("::1", node.api_address[1])
            q.wait_until(lambda: node.status()["registered"], "the node is registered")
            everybody = {each.id for each in cluster.nodes}
            for each in cluster.nodes:
                q.wait_until(lambda each=each: self.linked(each) == everybody - {each.id}, f"{each.name} has all links")
            self.assertEqual(cluster.nodes[0].entry(node.id)["endpoint"], f"[::1]:{port}")
            # The last listens on IPv4 only and is reached by it; the first the other way round.
            for peer in node.get("/v1/peers")["peers"]:
                if peer["id"] == cluster.nodes[3].id and peer["outbound"]:
                    self.assertEqual(peer["remote"], f"127.0.0.1:{cluster.genesis.ports[3]}")
                if peer["id"] == cluster.nodes[0].id and peer["outbound"]:
                    self.assertEqual(peer["remote"], f"[::1]:{cluster.genesis.ports[0]}")
            # On a socket of both families IPv4 is shown as such.
            remotes = {peer["remote"].rsplit(":", 1)[0] for peer in cluster.nodes[2].get("/v1/peers")["peers"]
                       if peer["linked"]}
            self.assertLessEqual(remotes, {"127.0.0.1", "[::1]"})
            self.assertIn("127.0.0.1", remotes)
            # The client takes such an address of the API as well.
            status, answer, errors = node.client("status")
            self.assertEqual((status, answer and answer["id"]), (0, node.id), errors)
            cluster.await_agreement(cluster.nodes)

    def linked(self, node):
        return {peer["id"] for peer in node.get("/v1/peers")["peers"] if peer["linked"]}


if __name__ == "__main__":
    q.main()
