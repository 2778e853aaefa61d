"""qnet devnet: its verdict, its numbers, what it does when a node dies, and that it leaves nothing behind."""

import fcntl
import http.client
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import tempfile
import termios
import time
import unittest
from pathlib import Path

from qnet_cluster import QNET, clean_environment, free_ports, wait_until
from qnet_testing import (EXIT_OK, EXIT_RUNTIME, Running, await_end_of, children_of, command_line, end, run)

FOR_S = 20  # enough for a sanitizer build on a busy machine; what is done earlier waits
QUANTILES = ("verify_us", "handshake_us", "handshake_cpu_us", "register_ms", "announce_ms")


class VerdictTest(unittest.TestCase):
    def test_five_and_three(self):
        with tempfile.TemporaryDirectory() as folder:
            env = {"HOME": folder, "TMPDIR": folder}
            result = run("devnet", "--for", str(FOR_S), "-o", "json", env=env, cwd=folder, timeout=120)
            # Everything was passed by environment.
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(result.status, EXIT_OK, result)
        verdict = result.json
        self.assertTrue(verdict["ok"])
        self.assertEqual(verdict["problems"], [])
        self.assertEqual((verdict["genesis"], verdict["nodes"], verdict["registered"]), (5, 3, 8))
        self.assertGreaterEqual(verdict["height"], 3)
        self.assertRegex(verdict["state_root"], "^[0-9a-f]{64}$")
        for name in QUANTILES:
            measured = verdict[name]
            self.assertGreater(measured["count"], 0, name)
            self.assertGreater(measured["p50"], 0, name)
            self.assertGreaterEqual(measured["p99"], measured["p50"], name)
        # Each ordinary node registered itself once and was announced once to those before it.
        self.assertEqual(verdict["register_ms"]["count"], 3)
        self.assertGreaterEqual(verdict["announce_ms"]["count"], 3)
        self.assertEqual(len({member["id"] for member in verdict["members"]}), 8)
        self.assertEqual([member["region"] for member in verdict["members"]][:7],
                         ["north-america", "south-america", "europe", "asia", "africa", "oceania", "north-america"])
        # No secret in what it said.
        for mark in ("qna1", "QNET_KEY=", "QNET_ACTIVATION_CODE="):
            self.assertNotIn(mark, result.out + result.err)

    def test_options(self):
        with tempfile.TemporaryDirectory() as folder:
            logs = Path(folder) / "logs"
            result = run("devnet", "--genesis", "4", "--nodes", "1", "--regions", "asia,europe", "--for", "12",
                         "--log", "debug", "--log-dir", str(logs), timeout=120)
            self.assertEqual(result.status, EXIT_OK, result)
            self.assertEqual(sorted(path.name for path in logs.iterdir()),
                             ["genesis-001.log", "genesis-002.log", "genesis-003.log", "genesis-004.log", "node-1.log"])
            self.assertIn("debug", (logs / "node-1.log").read_text())
        for line in ("4 genesis nodes started", "node 1 registered as index 4", "the network is up",
                     "announcement to the last node", "ok: 5 registered"):
            self.assertIn(line, result.out)
        self.assertEqual(len(re.findall(r"http://127\.0\.0\.1:\d+", result.out)), 5)
        self.assertNotIn("\033", result.out)

    def test_too_short_a_time_is_no_success(self):
        result = run("devnet", "--for", "1", "-o", "json", timeout=60)
        self.assertEqual(result.status, EXIT_RUNTIME, result)
        self.assertFalse(result.json["ok"])
        self.assertTrue(any("node 3 was not started in time" in problem for problem in result.json["problems"]),
                        result.json["problems"])

    def test_a_port_that_is_taken_is_told(self):
        base = free_block(14)  # seven nodes by default, two ports each
        port = base + 2
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port))
            taken.listen()
            result = run("devnet", "--genesis", "4", "--base-port", str(base), "-o", "json", timeout=60)
        self.assertEqual(result.status, EXIT_RUNTIME, result)
        self.assertIn(str(port), result.json["error"]["text"])
        self.assertIn("in use", result.json["error"]["text"])


def free_block(count):
    """The first of that many consecutive free ports."""
    for _ in range(50):
        base = free_ports(1)[0]
        sockets = []
        try:
            for port in range(base, base + count):
                sock = socket.socket()
                sockets.append(sock)
                sock.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for sock in sockets:
                sock.close()
    raise AssertionError("no block of free ports")


class LifeTest(unittest.TestCase):
    def start(self, *arguments):
        """A small devnet on known ports; (the running command, ids of its nodes, the base port)"""
        base = free_block(2 * 5)
        devnet = Running("devnet", "--genesis", "4", "--nodes", "1", "--base-port", str(base), *arguments)
        self.addCleanup(devnet.__exit__, None, None, None)
        wait_until(lambda: len(children_of(devnet.pid)) == 5, "five nodes")
        nodes = children_of(devnet.pid)
        self.addCleanup(end, nodes)
        for pid in nodes:
            self.assertEqual(command_line(pid)[:2], ["qnet", "node"])
        return devnet, nodes, base

    def test_ctrl_c_ends_every_node(self):
        devnet, nodes, base = self.start()
        devnet.lines_until("Ctrl-C ends all")
        devnet.signal(signal.SIGINT)
        result = devnet.finish()
        self.assertEqual(result.status, EXIT_OK, result)
        self.assertIn("registration, submit to final", result.out)
        await_end_of(nodes, timeout=1)  # it has waited for them itself
        # The ports are free again at once.
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", base))

    def test_the_nodes_never_outlive_it(self):
        devnet, nodes, _ = self.start()
        devnet.signal(signal.SIGKILL)
        self.assertEqual(devnet.finish().status, -signal.SIGKILL)
        await_end_of(nodes)

    def test_a_paused_node_is_ended_too(self):
        devnet, nodes, _ = self.start()
        os.kill(nodes[1], signal.SIGSTOP)
        devnet.signal(signal.SIGTERM)
        result = devnet.finish()
        # It was woken to hear that it is over, and ended as a node should.
        self.assertEqual(result.status, EXIT_OK, result)
        await_end_of(nodes, timeout=1)

    def test_a_killed_node_is_shown_and_the_others_go_on(self):
        devnet, nodes, base = self.start("--for", "25", "-o", "json")
        api = ("127.0.0.1", base + 5)

        def status():
            connection = http.client.HTTPConnection(*api, timeout=5)
            try:
                connection.request("GET", "/v1/status")
                return json.loads(connection.getresponse().read())
            except OSError:
                return {}
            finally:
                connection.close()
        wait_until(lambda: status().get("registry", {}).get("active") == 5, "everybody is registered")
        before = status()["height"]
        os.kill(nodes[3], signal.SIGKILL)
        # Three of four go on: a heartbeat block comes within ten seconds and view changes.
        wait_until(lambda: status().get("height", 0) > before, "a block after the end of one node")
        result = devnet.finish()
        self.assertEqual(result.status, EXIT_RUNTIME, result)
        verdict = result.json
        self.assertFalse(verdict["ok"])
        self.assertIn("genesis 004 killed by signal 9 (Killed)", verdict["problems"])
        self.assertEqual(verdict["registered"], 4)
        self.assertGreater(verdict["height"], before)
        self.assertIn("genesis 004 killed by signal 9", result.err)
        await_end_of(nodes, timeout=1)

    def test_stopped_before_its_time_is_no_success(self):
        devnet, nodes, _ = self.start("--for", "60", "-o", "json")
        devnet.signal(signal.SIGTERM)
        result = devnet.finish()
        self.assertEqual(result.status, EXIT_RUNTIME, result)
        self.assertIn("stopped by a signal before its time", result.json["problems"])
        await_end_of(nodes, timeout=1)


class Terminal:
    """A devnet on a terminal of this size."""

    def __init__(self, columns, rows, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(QNET, ["qnet", "devnet", *arguments], {**clean_environment(), "TERM": "xterm"})
        self.resize(columns, rows)
        self.data = b""

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """Reads what comes in this time; False at the end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, deadline - time.monotonic()))
            if ready:
                try:
                    part = os.read(self.fd, 65536)
                except OSError:
                    return False
                if not part:
                    return False
                self.data += part
        return True

    def frames(self):
        """The whole frames so far, as lines of text without control sequences."""
        parts = self.data.decode(errors="replace").split("\033[?2026h")[1:]
        parts = [part.split("\033[?2026l")[0] for part in parts if "\033[?2026l" in part]
        return [[line.rstrip() for line in re.sub(r"\033\[[0-9;?]*[A-Za-z]", "", part).split("\r\n")] for part in parts]

    def wait_for(self, condition, what, timeout=60):
        deadline = time.monotonic() + timeout
        while True:
            frames = self.frames()
            if frames and condition(frames[-1]):
                return frames[-1]
            assert time.monotonic() < deadline, f"not within {timeout} s: {what}; {frames[-1:]}"
            assert self.read(0.2), f"ended before {what}"

    def finish(self):
        while self.read(0.5):
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class ViewTest(unittest.TestCase):
    def test_draws_adapts_and_gives_the_terminal_back(self):
        terminal = Terminal(120, 40, "--genesis", "4", "--nodes", "1")
        wait_until(lambda: terminal.read(0.1) and len(children_of(terminal.pid)) == 5, "five nodes")
        nodes = children_of(terminal.pid)
        self.addCleanup(end, nodes)
        frame = terminal.wait_for(lambda lines: sum(" ready" in line for line in lines) == 5, "five ready nodes")
        self.assertRegex(frame[0], r"^QNet devnet  5/5 nodes run  5 registered  height \d+  up ")
        self.assertIn("http://127.0.0.1:", "\n".join(frame))
        self.assertTrue(any(line.startswith("registration, submit to final") for line in frame))
        self.assertTrue(terminal.data.startswith(b"\033[?1049h\033[?25l"))
        self.assertFalse(termios.tcgetattr(terminal.fd)[3] & termios.ECHO)

        terminal.resize(60, 16)
        small = terminal.wait_for(lambda lines: all(len(line) <= 60 for line in lines), "a narrow view")
        self.assertLess(len(small), 17)
        self.assertTrue(any("more: the window is too low" in line for line in small))
        self.assertNotIn("http://", "\n".join(small))

        os.write(terminal.fd, b"typed\x03")
        self.assertEqual(terminal.finish(), EXIT_OK)
        end_of_output = terminal.data.split(b"\033[?25h\033[?1049l")
        self.assertEqual(len(end_of_output), 2)
        self.assertIn(b"announcement to the last node", end_of_output[1])
        self.assertNotIn(b"\033", end_of_output[1])
        self.assertNotIn(b"typed", terminal.data)
        await_end_of(nodes, timeout=1)

    def test_no_view_where_it_is_not_wanted(self):
        terminal = Terminal(80, 24, "--genesis", "4", "--nodes", "0", "--no-view", "--for", "6")
        self.assertEqual(terminal.finish(), EXIT_OK)
        self.assertNotIn(b"\033", terminal.data)
        self.assertIn(b"4 genesis nodes started", terminal.data)


if __name__ == "__main__":
    unittest.main(verbosity=2)
