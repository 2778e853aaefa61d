"""What tests of the command line share: running qnet once, starting and ending it by its id, and waiting
for a condition with a bound. Whole networks are in qnet_cluster.py, which this builds on.
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from qnet_cluster import QNET, SANITIZER_MARKS, clean_environment, wait_until

EXIT_OK = 0
EXIT_RUNTIME = 1
EXIT_USAGE = 2
EXIT_CONFIG = 78


class Result:
    """One finished command."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err

    @property
    def json(self):
        """Standard output, which must be exactly one JSON object on one line."""
        lines = self.out.splitlines()
        assert len(lines) == 1, f"{len(lines)} lines instead of one object: {self.out[:500]!r}"
        value = json.loads(lines[0])
        assert isinstance(value, dict), value
        return value

    def __repr__(self):
        return f"exit {self.status}\n-- out\n{self.out[-2000:]}\n-- err\n{self.err[-2000:]}"


def run(*arguments, env=None, stdin="", timeout=60, cwd=None):
    """Runs qnet with no setting but those in env."""
    done = subprocess.run([QNET, *arguments], env=clean_environment(env), input=stdin, timeout=timeout,
                          capture_output=True, text=True, check=False, cwd=cwd)
    for mark in SANITIZER_MARKS:
        assert mark not in done.stderr, done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


class Running:
    """A qnet that goes on by itself; a context manager that ends it, by its own id."""

    def __init__(self, *arguments, env=None, cwd=None, stdout=subprocess.PIPE):
        self.process = subprocess.Popen([QNET, *arguments], env=clean_environment(env), cwd=cwd,
                                        stdin=subprocess.DEVNULL, stdout=stdout,
                                        stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    @property
    def pid(self):
        return self.process.pid

    def lines_until(self, wanted, timeout=60):
        """Reads lines of standard output until one contains wanted; all that were read."""
        deadline = time.monotonic() + timeout
        lines = []
        while True:
            line = self.process.stdout.readline()
            lines.append(line)
            if wanted in line:
                return lines
            assert line, f"ended before {wanted!r}: {lines[-10:]}"
            assert time.monotonic() < deadline, f"not within {timeout} s: {wanted!r}; {lines[-10:]}"

    def signal(self, number):
        os.kill(self.pid, number)

    def finish(self, timeout=60):
        """Waits for the end; the Result."""
        out, err = self.process.communicate(timeout=timeout)
        for mark in SANITIZER_MARKS:
            assert mark not in err, err
        return Result(self.process.returncode, out or "", err)


def children_of(pid):
    """Ids of the processes whose parent this is."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return sorted(found)


def is_alive(pid):
    """Does this process exist, and is it more than a zombie that nobody has asked for?"""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
    except OSError:
        return []


def await_end_of(pids, timeout=30):
    """Waits until none of these processes is left."""
    wait_until(lambda: not any(is_alive(pid) for pid in pids), f"the end of {pids}", timeout=timeout)


def end(pids):
    """For clean-up after a failed test: ends these processes, which the test itself has started."""
    for pid in pids:
        if is_alive(pid) and command_line(pid)[:1] == ["qnet"]:
            os.kill(pid, signal.SIGKILL)
