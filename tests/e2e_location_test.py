"""A database of addresses as a hint: with a stand-in for libloc, and with libloc itself where it is installed.

What it says is shown and warned of; no region is set by it, and none is refused.
"""

import ctypes
import os
import tempfile
import unittest
from pathlib import Path

import qnet_cluster as q

FAKE = Path(os.environ["QNET_BUILD_DIR"]) / "tests" / "fake_libloc"
HERE = "203.0.113.7"  # of this node, as it says
LINES = f"{HERE} EU\n127.0.0.1 AS\n203.0.113.8 AN\n2001:db8::7 SA\n"


class Location(unittest.TestCase):
    def setUp(self):
        self.assertTrue((FAKE / "libloc.so.1").exists(), f"no stand-in in {FAKE}")
        self.folder = tempfile.TemporaryDirectory(prefix="qnet-location-")
        self.database = Path(self.folder.name) / "database"
        self.database.write_text(LINES)
        self.env = {"LD_LIBRARY_PATH": str(FAKE), "QNET_LOCATION_DB": str(self.database)}

    def tearDown(self):
        self.folder.cleanup()

    def problems(self, genesis, env):
        _, answer, errors = q.qnet("config", env={**genesis.env, "QNET_KEY": q.secrets.token_hex(32), **env})
        self.assertFalse(any(mark in errors for mark in q.SANITIZER_MARKS), errors)
        return {problem["name"]: problem["text"] for problem in answer["problems"]}

    def test_a_region_is_suggested_and_never_set(self):
        genesis = q.Genesis(count=4, policy="open", name="place")
        own = {"QNET_ADVERTISE": f"{HERE}:9876"}
        missing = self.problems(genesis, own)["QNET_REGION"]
        self.assertTrue(missing.startswith("is not set"), missing)
        self.assertNotIn("seems", missing)  # neither library nor database named: as ever
        self.assertTrue(self.problems(genesis, {**self.env, **own})["QNET_REGION"].endswith(
            f"; {HERE} seems to be in europe"))
        for unknown in ("203.0.113.8", "203.0.113.9", "127.0.0.1"):  # Antarctica, nobody, no global address
            text = self.problems(genesis, {**self.env, "QNET_ADVERTISE": f"{unknown}:9876"})["QNET_REGION"]
            self.assertEqual(text, missing)
        self.assertTrue(self.problems(genesis, {**self.env, "QNET_ADVERTISE": "[2001:db8::7]:9876"})["QNET_REGION"]
                        .endswith("; 2001:db8::7 seems to be in south-america"))
        self.assertEqual(self.problems(genesis, {**self.env, **own, "QNET_LOCATION_DB": "off"})["QNET_REGION"], missing)

    def test_a_database_that_was_asked_for_must_be_there(self):
        genesis = q.Genesis(count=4, policy="open", name="place")
        own = {**self.env, "QNET_REGION": "asia"}
        self.assertEqual(self.problems(genesis, own), {})
        absent = self.problems(genesis, {**own, "QNET_LOCATION_DB": f"{self.database}.not"})
        self.assertIn("cannot read", absent["QNET_LOCATION_DB"])
        self.database.write_text("nonsense\n")
        self.assertIn("no database that libloc can use", self.problems(genesis, own)["QNET_LOCATION_DB"])
        if not libloc_is_installed():
            text = self.problems(genesis, {**own, "LD_LIBRARY_PATH": ""})["QNET_LOCATION_DB"]
            self.assertEqual(text, "libloc.so.1 is not installed")

    def test_peers_show_it_and_a_wrong_region_is_warned_of(self):
        with q.Cluster(q.Genesis(count=4, policy="open", name="place")) as cluster:
            for i in range(4):
                cluster.spawn_genesis(i, self.env if i == 0 else {})
            node = cluster.spawn_ordinary("node", env={**self.env, "QNET_REGION": "oceania",
                                                       "QNET_ADVERTISE": f"{HERE}:9876"})
            for each in cluster.nodes:
                each.await_up()
            q.wait_until(lambda: node.status()["registered"], "registered")
            warned = [line for line in node.log_lines() if line["event"] == "region_hint"]
            self.assertEqual([(line["declared"], line["located"]) for line in warned], [("oceania", "europe")])
            self.assertEqual(node.status()["region"], "oceania")
            peers = {peer["id"]: peer for peer in cluster.nodes[0].get("/v1/peers")["peers"] if peer["linked"]}
            self.assertIn(node.id, peers)
            for peer in peers.values():  # all of them on this machine's loopback
                self.assertEqual((peer["region_hint"], peer["region_verdict"]), ("asia", "unknown"))
            self.assertEqual({peer["region_hint"] for peer in cluster.nodes[1].get("/v1/peers")["peers"]}, {None})


def libloc_is_installed():
    try:
        ctypes.CDLL("libloc.so.1")
    except OSError:
        return False
    return True


def write_database(path):
    """By libloc's own writer."""
    loc = ctypes.CDLL("libloc.so.1")
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    ctx, writer, network, country = (ctypes.c_void_p() for _ in range(4))
    assert loc.loc_new(ctypes.byref(ctx)) == 0
    assert loc.loc_writer_new(ctx, ctypes.byref(writer), None, None) == 0
    countries = ((b"2001:db8::/32", b"BR", b"SA"), (b"203.0.113.0/24", b"DE", b"EU"))  # it wants them sorted
    for prefix, code, continent in countries:
        assert loc.loc_writer_add_country(writer, ctypes.byref(country), code) == 0
        assert loc.loc_country_set_continent_code(country, continent) == 0
        assert loc.loc_country_set_name(country, code) == 0
        assert loc.loc_writer_add_network(writer, ctypes.byref(network), prefix) == 0
        assert loc.loc_network_set_country_code(network, code) == 0
    file = ctypes.c_void_p(libc.fopen(str(path).encode(), b"w+"))
    assert loc.loc_writer_write(writer, file, 1) == 0
    assert libc.fclose(file) == 0


class RealLibrary(unittest.TestCase):
    def test_its_own_database_is_read(self):
        if not libloc_is_installed():
            self.skipTest("libloc is not installed: the stand-in only")
        genesis = q.Genesis(count=4, policy="open", name="place")
        with tempfile.TemporaryDirectory(prefix="qnet-location-") as folder:
            write_database(Path(folder) / "database")
            for host, region in ((HERE, "europe"), ("[2001:db8::9]", "south-america")):
                _, answer, errors = q.qnet("config", env={**genesis.env, "QNET_LOCATION_DB": f"{folder}/database",
                                                          "QNET_ADVERTISE": f"{host}:9876"})
                self.assertFalse(any(mark in errors for mark in q.SANITIZER_MARKS), errors)
                texts = [problem["text"] for problem in answer["problems"] if problem["name"] == "QNET_REGION"]
                self.assertTrue(texts[0].endswith(f"seems to be in {region}"), texts)


if __name__ == "__main__":
    q.main()
