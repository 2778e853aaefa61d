"""Connections that never speak, many more than a node has half-open places: an honest peer still gets in."""

import os
import select
import socket
import threading
import time
import unittest

import qnet_cluster as q

SILENT = 160  # at a time; there are 64 half-open places
TURN_MS = 10
RENEWED_A_TURN = 2


def connect(port):
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex(("127.0.0.1", port))
    return connection


class Flood(threading.Thread):
    """Keeps so many silent connections to a port. Each that is closed there is replaced at once, and some of
    the others all the time."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.made = 0
        self.connections = {}
        self.poller = select.poll()
        self.is_over = threading.Event()

    def drop(self, number):
        self.poller.unregister(number)
        self.connections.pop(number).close()

    def run(self):
        while not self.is_over.is_set():
            while len(self.connections) < SILENT:
                connection = connect(self.port)
                self.connections[connection.fileno()] = connection
                self.poller.register(connection, select.POLLIN)
                self.made += 1
            for number, _ in self.poller.poll(TURN_MS):
                self.drop(number)
            for number in list(self.connections)[:RENEWED_A_TURN]:
                self.drop(number)
        for number in list(self.connections):
            self.drop(number)

    def stop(self):
        self.is_over.set()
        self.join()


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class FloodTest(unittest.TestCase):
    def test_an_honest_peer_gets_in_beside_silent_connections(self):
        genesis = q.Genesis(count=4, codes=1)
        with q.Cluster(genesis) as cluster:
            cluster.start()
            victim = cluster.validators[0]
            idle = self.cpu_of(victim, 2.0)
            flood = Flood(victim.listen_port)
            flood.start()
            try:
                self.check_honest_peer(cluster, genesis, victim, flood)
                self.print_cost(victim, flood, idle)
            finally:
                flood.stop()
            q.wait_until(lambda: victim.ready(), "the flooded node is ready")

    def test_who_says_nothing_takes_no_half_open_place(self):
        with q.Cluster(q.Genesis(count=4)) as cluster:
            cluster.start()
            victim = cluster.validators[0]
            silent = [socket.create_connection(("127.0.0.1", victim.listen_port)) for _ in range(SILENT)]
            try:
                # Whoever came before this one has been looked at when it is answered.
                with socket.create_connection(("127.0.0.1", victim.listen_port)) as loud:
                    loud.settimeout(20)
                    loud.sendall(b"no TLS at all\r\n\r\n")
                    try:
                        while loud.recv(4096):
                            pass
                    except ConnectionResetError:
                        pass  # closed as well
                self.assertEqual(victim.metrics()["qnet_links_half_open"], 0)
            finally:
                for connection in silent:
                    connection.close()

    def check_honest_peer(self, cluster, genesis, victim, flood):
        q.wait_until(lambda: flood.made > 2 * SILENT, "the flood has begun")
        started = time.monotonic()
        honest = cluster.spawn_ordinary("honest", code=genesis.take_code()).await_up()
        q.wait_until(lambda: any(peer["id"] == victim.id and peer["linked"]
                                 for peer in honest.get("/v1/peers")["peers"]),
                     "the honest peer is linked to the flooded node")
        elapsed = time.monotonic() - started
        print(f"honest peer linked {elapsed:.2f} s after its start, beside {flood.made} silent connections", flush=True)

    def cpu_of(self, node, seconds):
        """Share of a core."""
        before, start = cpu_seconds(node.pid), time.monotonic()
        time.sleep(seconds)  # a measurement's length, not a wait for something
        return (cpu_seconds(node.pid) - before) / (time.monotonic() - start)

    def print_cost(self, victim, flood, idle):
        """What the flooded node spends beside its ordinary work, for each silent connection."""
        before, made, start = cpu_seconds(victim.pid), flood.made, time.monotonic()
        time.sleep(3.0)
        spent = cpu_seconds(victim.pid) - before - idle * (time.monotonic() - start)
        gone = flood.made - made
        self.assertGreater(gone, 0)
        print(f"{gone} silent connections in 3 s, {spent / gone * 1e6:.0f} us of the node's CPU each", flush=True)


if __name__ == "__main__":
    q.main()
