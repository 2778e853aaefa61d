"""Every test that a page of claims names is one that ctest runs, and every case a real one."""

import fnmatch
import os
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["docs/security.md"]
MODULES = sorted(path.name for path in (ROOT / "src").iterdir())
FOLDERS = MODULES + ["tests", "interop", "vectors", "fuzz", "sim", "check"]


def tests_of_this_build():
    build = str(Path(os.environ["QNET_BIN"]).parent)
    listing = subprocess.run(["ctest", "--test-dir", build, "-N"], check=True, capture_output=True,
                             text=True).stdout
    return re.findall(r"^ +Test +#\d+: (\S+)", listing, re.MULTILINE)


def named_tests(text):
    """Back-quoted names like `net/tls_links` or `fuzz/*`."""
    return {name for name in re.findall(r"`([a-z0-9]+/[a-z0-9_*]+)`", text) if name.split("/")[0] in FOLDERS}


def named_cases(text):
    """Names in italics like *nothing_is_acknowledged_before_it_is_durable*."""
    return set(re.findall(r"\(\*([a-z0-9_]+)\*\)", text))


class DocumentedTests(unittest.TestCase):
    def test_each_named_test_is_run(self):
        known = tests_of_this_build()
        self.assertGreater(len(known), 100)
        for page in PAGES:
            names = named_tests((ROOT / page).read_text())
            self.assertGreater(len(names), 20, page)
            missing = sorted(name for name in names if not fnmatch.filter(known, name))
            self.assertEqual([], missing, f"{page} names tests that do not exist")

    def test_each_named_case_stands_in_a_source(self):
        source = "".join(path.read_text() for folder in ("src", "sim", "tests")
                         for pattern in ("*.[ch]", "*_test.py")
                         for path in (ROOT / folder).rglob(pattern))
        for page in PAGES:
            cases = named_cases((ROOT / page).read_text())
            self.assertGreater(len(cases), 0, page)
            missing = sorted(case for case in cases if not re.search(rf"\b(test_)?{case}\b", source))
            self.assertEqual([], missing, f"{page} names cases that do not exist")


if __name__ == "__main__":
    unittest.main(verbosity=2)
