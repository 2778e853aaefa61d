"""Eleven nodes as processes in three regions, each reachable only through a relay that delays like the way between
its region and the dialler's: honest nodes are verified, and one that declares a far region is not.

Addresses are 127.x.0.1 with another x for each node, so that each is a network group of its own. The relay tells who
dials by the process that owns the socket, and dials on from that node's own address."""

import asyncio
import os
import threading
import time
import unittest

import qnet_cluster as q

RTT_MS = {
    ("europe", "europe"): 20, ("asia", "asia"): 40, ("oceania", "oceania"): 30,
    ("asia", "europe"): 160, ("europe", "oceania"): 260, ("asia", "oceania"): 120,
}
GENESIS = 4
# Where it is, what it declares.
ORDINARY = [("asia", "asia")] * 3 + [("oceania", "oceania")] * 3 + [("europe", "oceania")]
VERIFIED_WITHIN_S = 60


def one_way_s(a, b):
    return RTT_MS[tuple(sorted((a, b)))] / 2000


def listens(index):
    return f"127.{10 + index}.0.1"


def is_told(index):
    return f"127.{100 + index}.0.1"


class Relay:
    """One address for each node, in a thread of its own."""

    def __init__(self, regions):
        self.regions = regions
        self.port = q.free_ports(1)[0]
        self.pids = {}  # of nodes: index
        self.tasks = set()
        self.servers = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        for index in range(len(regions)):
            self.call(self.listen(index))

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    async def listen(self, target):
        async def accept(reader, writer):
            self.tasks.add(asyncio.current_task())
            try:
                await self.serve(target, reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()
                self.tasks.discard(asyncio.current_task())
        self.servers.append(await asyncio.start_server(accept, is_told(target), self.port))

    def who_dials(self, port):
        """The node whose process holds the socket with this local port."""
        with open("/proc/net/tcp", encoding="ascii") as table:
            inodes = {line.split()[9] for line in table
                      if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "01"}
        for pid, index in list(self.pids.items()):
            try:
                for fd in os.listdir(f"/proc/{pid}/fd"):
                    link = os.readlink(f"/proc/{pid}/fd/{fd}")
                    if link.startswith("socket:[") and link[8:-1] in inodes:
                        return index
            except OSError:
                continue
        return None

    async def serve(self, target, reader, writer):
        source = self.who_dials(writer.get_extra_info("peername")[1])
        if source is None:
            return
        delay = one_way_s(self.regions[source], self.regions[target])
        await asyncio.sleep(delay)
        to_reader, to_writer = await asyncio.open_connection(
            listens(target), self.port, local_addr=(is_told(source), 0))
        await asyncio.gather(self.carry(reader, to_writer, delay), self.carry(to_reader, writer, delay))

    async def carry(self, reader, writer, delay):
        """Everything that is read is written so much later, the end as well."""
        chunks = asyncio.Queue(maxsize=1000)

        async def write():
            while True:
                due, chunk = await chunks.get()
                await asyncio.sleep(max(0, due - self.loop.time()))
                if not chunk:
                    writer.close()
                    return
                writer.write(chunk)
                await writer.drain()

        writing = asyncio.ensure_future(write())
        try:
            chunk = b"-"
            while chunk and not writing.done():
                try:
                    chunk = await reader.read(65536)
                except OSError:
                    chunk = b""
                await chunks.put((self.loop.time() + delay, chunk))
            await writing
        except OSError:
            pass
        finally:
            writing.cancel()
            writer.close()

    def close(self):
        async def cancel():
            for server in self.servers:
                server.close()
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
        self.call(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class PlacedGenesis(q.Genesis):
    """All in Europe, at the relay's addresses."""

    def __init__(self, port):
        self.identities = [q.Identity() for _ in range(GENESIS)]
        self.env = {"QNET_ACTIVATION_POLICY": "open", "QNET_REGION_CHECK": "always"}
        self.codes = []
        self.ports = [port] * GENESIS
        for i, identity in enumerate(self.identities):
            cert = q.qnet_ok("genesis", "cert", "--network", "regions", "--id", f"{i + 1:03}",
                             "--region", "europe", "--endpoint", f"{is_told(i)}:{port}", env=identity.env)
            self.env[cert["name"]] = cert["certificate"]


def place(index, port):
    return {"QNET_LISTEN": f"{listens(index)}:{port}", "QNET_ADVERTISE": f"{is_told(index)}:{port}"}


class RegionsTest(unittest.TestCase):
    def verdicts(self, nodes, honest):
        """{(judge, subject): verdict} of linked peers."""
        found = {}
        for judge in honest:
            for peer in judge.get("/v1/peers")["peers"]:
                if peer["id"] in nodes and peer["linked"]:
                    found[judge.id, peer["id"]] = peer["region_verdict"]
        return found

    def test_honest_nodes_are_verified_and_the_liar_is_not(self):
        regions = ["europe"] * GENESIS + [real for real, _ in ORDINARY]
        relay = Relay(regions)
        self.addCleanup(relay.close)
        with q.Cluster(PlacedGenesis(relay.port)) as cluster:
            for i in range(GENESIS):
                node = cluster.spawn_genesis(i, env=place(i, relay.port))
                relay.pids[node.pid] = i
            for i, (_, declared) in enumerate(ORDINARY):
                index = GENESIS + i
                node = cluster.spawn_ordinary(
                    f"node-{i}", env={**place(index, relay.port), "QNET_REGION": declared})
                relay.pids[node.pid] = index
            for node in cluster.nodes:
                node.await_up()
            liar = cluster.nodes[-1]
            honest = cluster.nodes[:-1]
            genesis = cluster.nodes[0]
            q.wait_until(lambda: genesis.status()["registry"]["active"] == len(cluster.nodes),
                         "everybody is registered")
            started = time.monotonic()
            ids = {node.id for node in cluster.nodes}
            names = {node.id: node.name for node in cluster.nodes}
            seen = {}
            state = {}

            def all_verified():
                found = self.verdicts(ids, honest)
                for (_, subject), verdict in found.items():
                    if verdict == "verified":
                        seen.setdefault(subject, time.monotonic() - started)
                self.assertNotIn(liar.id, seen, "a far region was believed")
                missing = [pair for pair, verdict in found.items()
                           if pair[1] != liar.id and verdict != "verified"]
                state.update(found=found, missing=[(names[a], names[b]) for a, b in missing])
                return len(found) >= 2 * len(honest) and not missing

            try:
                q.wait_until(all_verified, "every honest node is verified by all that are linked to it",
                             timeout=VERIFIED_WITHIN_S, poll=0.5)
            except AssertionError:
                print(f"not verified, (judge, subject): {state['missing']}")
                raise
            whole = time.monotonic() - started
            firsts = sorted(seen.values())
            print(f"verified: first verdict on a node after {firsts[0]:.1f} to {firsts[-1]:.1f} s, "
                  f"by all that are linked to it after {whole:.1f} s ({len(state['found'])} verdicts)")
            q.wait_until(lambda: all(liar_is_judged(node, liar) for node in honest[:GENESIS]),
                         "the liar was asked about", poll=0.5)
            found = self.verdicts(ids, honest)
            on_liar = sorted(verdict for (_, subject), verdict in found.items() if subject == liar.id)
            print(f"the liar: {on_liar.count('refuted')} refuted, {on_liar.count('unknown')} unknown")
            self.assertTrue(on_liar)
            self.assertNotIn("verified", on_liar)
            for node in honest:
                self.assertNotIn((liar.id[:8], "verified"), [
                    (line.get("peer"), line.get("verdict")) for line in node.log_lines()])


def liar_is_judged(node, liar):
    """It measured the liar itself, so that the first check had its own word as well."""
    return any(peer["id"] == liar.id and peer["linked"] and peer["rtt_min_us"] for peer in
               node.get("/v1/peers")["peers"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
