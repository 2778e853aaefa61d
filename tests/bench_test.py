"""The benchmarks' own arithmetic, and that their programs work in small: no figure is asserted."""

import io
import json
import os
import subprocess
import sys
import unittest
from contextlib import redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(os.environ["QNET_SOURCE_DIR"]) / "bench"))

import report  # noqa: E402

PROGRAMS = Path(os.environ["QNET_BUILD_DIR"]) / "bench"
NETWORK = "5a" * 32


def run(program, *arguments, env=None):
    return subprocess.run([str(PROGRAMS / program), *arguments], env={**os.environ, **(env or {})},
                          capture_output=True, timeout=120, check=False)


def transactions(data):
    """The transactions of a framed stream; fails if one is cut short."""
    result = []
    while data:
        length = int.from_bytes(data[:4], "big")
        assert 0 < length <= len(data) - 4
        result.append(data[4:4 + length])
        data = data[4 + length:]
    return result


class Figures(unittest.TestCase):
    def test_quantiles_are_by_nearest_rank(self):
        self.assertEqual(report.quantile([5], 990), 5)
        self.assertEqual(report.quantile([4, 1, 3, 2], 500), 2)
        self.assertEqual(report.quantile(range(1, 101), 990), 99)
        self.assertEqual(report.quantile(range(1, 101), 1000), 100)

    def test_a_name_ends_in_its_unit(self):
        self.assertEqual(report.unit_of("registration_ms"), "ms")
        self.assertEqual(report.unit_of("proof_size_bytes"), "B")
        self.assertEqual(report.unit_of("blocks_a_registration"), "")

    def test_a_figure_is_held_against_the_budget_of_its_own_parameters(self):
        line = report.line_of("registration_ms", [1, 2, 30], storage="lmdb", validators=4, clients=1)
        line["budget"] = report.budget_of(line)
        self.assertEqual(line["budget"], {"p50": 10, "p99": 25})
        self.assertEqual(report.verdict_of(line), "p99 over")
        line["p50"] = 11
        self.assertEqual(report.verdict_of(line), "over")
        line.update(p50=10, p99=25)
        self.assertEqual(report.verdict_of(line), "ok")
        line["clients"] = 32
        self.assertIsNone(report.budget_of(line))

    def test_a_line_has_its_ratio_to_the_reference_of_the_run(self):
        out = io.StringIO()
        with redirect_stdout(out):
            lines = report.Report(as_json=True, json_path=None)
            lines.note = lambda text: None
            lines.add({"bench": "reference_verify_us", "p50": 200.0, "p99": 1.0, "max": 1.0, "n": 1})
            lines.add(report.line_of("announce_ms", [30.0], processes=8))
            lines.add(report.single("proof_size_bytes", 500))
        _, announce, size = map(json.loads, out.getvalue().splitlines())
        self.assertEqual(announce["ratio"], 150.0)
        self.assertEqual(announce["verdict"], "over")
        self.assertEqual(announce["unit"], "ms")
        self.assertNotIn("ratio", size)
        self.assertIsNone(size["verdict"])
        self.assertEqual(len(lines.over), 1)


@unittest.skipUnless(PROGRAMS.is_dir(), "built without benchmarks (QN_BENCH=OFF)")
class Programs(unittest.TestCase):
    def test_each_figure_is_a_line_of_json(self):
        for program in (["bench_reference"], ["bench_ledger"], ["bench_disk"], ["bench_catchup", "blocks"],
                        ["bench_catchup", "snapshot"], ["bench_load", "--links", "18"]):
            with self.subTest(program):
                done = run(*program, "--quick")
                self.assertEqual(done.returncode, 0, done.stderr)
                lines = [json.loads(line) for line in done.stdout.splitlines()]
                self.assertGreater(len(lines), 1)
                for line in lines:
                    self.assertTrue(line["bench"])
                    self.assertGreaterEqual(line["n"], 1)
                    self.assertGreaterEqual(line.get("max", line["p50"]), line["p50"])

    def test_registrations_are_of_different_nodes(self):
        done = run("bench_transactions", NETWORK, "register", "5")
        self.assertEqual(done.returncode, 0, done.stderr)
        made = transactions(done.stdout)
        self.assertEqual(len(set(made)), 5)
        self.assertTrue(all(bytes.fromhex(NETWORK) in transaction for transaction in made))

    def test_updates_need_a_key(self):
        done = run("bench_transactions", NETWORK, "update", "2", "2", env={"QNET_KEY": "11" * 32})
        self.assertEqual(len(transactions(done.stdout)), 2)
        self.assertNotEqual(run("bench_transactions", NETWORK, "update", "2", "2").returncode, 0)

    def test_nonsense_is_refused(self):
        for arguments in ((), ("zz", "register", "1"), (NETWORK, "revoke", "1")):
            with self.subTest(arguments):
                self.assertNotEqual(run("bench_transactions", *arguments).returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
