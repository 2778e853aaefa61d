#!/usr/bin/env python3
"""Shows that the checks can fail: each is run on a small tree with one thing wrong in it.

    tools/check_selftest.py
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run_tool(self, tool, *arguments):
        command = [str(TOOLS / tool), *map(str, arguments)]
        if tool.endswith(".py"):
            command.insert(0, sys.executable)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout


class Layers(Tree):
    def expect(self, name, text, words):
        self.write(name, text)
        status, output = self.run_tool("check_layers.py", "--order", self.root)
        self.assertEqual(status, 1 if words else 0, output)
        self.assertIn(words, output)

    def test_accepts_an_arrow_downwards(self):
        self.expect("src/node/a.c", '#include "peer/b.h"\n#include "base/c.h"\n#include <string.h>\n', "")

    def test_rejects_an_arrow_upwards(self):
        self.expect("src/base/a.c", '#include "wire/b.h"\n', "src/base/a.c:1: wire/b.h is against the arrows")

    def test_rejects_a_neighbour(self):
        self.expect("src/gossip/a.c", '#include "peer/table.h"\n', "against the arrows")

    def test_accepts_a_neighbours_plain_record(self):
        self.expect("src/gossip/a.c", '#include "peer/peer_record.h"\n', "")

    def test_rejects_net_in_api(self):
        self.expect("src/api/a.c", '#include "net/loop.h"\n', "against the arrows")

    def test_rejects_a_clock_in_the_core(self):
        self.expect("src/node/a.c", "#include <time.h>\n", "no place in the core")

    def test_accepts_a_clock_in_a_core_test(self):
        self.expect("src/node/a_test.c", "#include <time.h>\n", "")

    def test_rejects_openssl_outside_crypto(self):
        self.expect("src/wire/a.c", "#include <openssl/evp.h>\n", "is for crypto/")

    def test_rejects_openssl_in_net_but_for_tls(self):
        self.expect("src/net/loop.c", "#include <openssl/ssl.h>\n", "with tls in their name")

    def test_rejects_a_relative_path(self):
        self.expect("src/node/a.c", '#include "../base/a.h"\n', "not a path from src/")

    def test_rejects_an_unknown_module(self):
        self.expect("src/utils/a.c", "", "src/utils: not in the table")

    def test_rejects_test_support_in_the_product(self):
        self.expect("src/node/a.c", '#include "peer/testing/fake.h"\n', "is test support")

    def test_rejects_a_public_header_that_leans_on_src(self):
        self.expect("include/qnet/a.h", '#include "base/base.h"\n', "not installed")

    def test_rejects_a_system_header_before_a_project_header(self):
        self.expect("src/base/a.c", '#include <string.h>\n#include "base/b.h"\n', "after a system header")

    def test_rejects_another_header_before_the_own(self):
        self.write("src/wire/a.h", "")
        self.expect("src/wire/a.c", '#include "base/b.h"\n#include "wire/a.h"\n', "before the own header")

    def test_ignores_comments(self):
        self.expect("src/base/a.c", '/*\n#include "net/a.h"\n*/\n', "")


class Sizes(Tree):
    def expect(self, words, exceptions=""):
        self.write("tools/size_exceptions.txt", exceptions)
        status, output = self.run_tool("check_size.py", self.root)
        self.assertEqual(status, 1 if words else 0, output)
        self.assertIn(words, output)

    def test_rejects_a_long_source(self):
        self.write("src/base/a.c", "\n" * 1001)
        self.expect("src/base/a.c has 1001 lines, 1000 at most")

    def test_rejects_a_long_header(self):
        self.write("src/base/a.h", "\n" * 201)
        self.expect("src/base/a.h has 201 lines")

    def function(self, lines):
        body = "    qn_b();\n" * (lines - 4)
        self.write("src/base/a.c", f"/* Why. */\nint qn_a(int one,\n         int two)\n{{\n{body}}}\n")

    def test_accepts_a_function_of_70_lines(self):
        self.function(70)
        self.expect("")

    def test_rejects_a_function_of_71_lines(self):
        self.function(71)
        self.expect("src/base/a.c:2: qn_a() has 71 lines, 70 at most")

    def test_accepts_an_exception(self):
        self.function(80)
        self.expect("", "src/base/a.c:qn_a 80\n")

    def test_exceptions_only_shrink(self):
        self.function(75)
        self.expect("lower its exception of 80", "src/base/a.c:qn_a 80\n")

    def test_exceptions_go_when_not_needed(self):
        self.function(60)
        self.expect("needs no exception", "src/base/a.c:qn_a 80\n")


class Symbols(Tree):
    def expect(self, module, text, words):
        source = self.write("a.c", text)
        built = self.root / "a.o"
        subprocess.run(["cc", "-O2", "-c", "-fPIC", "-o", built, source], check=True)
        subprocess.run(["ar", "rc", self.root / f"libqn_{module}.a", built], check=True)
        status, output = self.run_tool("check_symbols.sh", self.root)
        self.assertEqual(status, 1 if words else 0, output)
        self.assertIn(words, output)

    def test_accepts_memory(self):
        self.expect("base", "#include <stdlib.h>\nvoid *a(void) { return malloc(9); }\n", "")

    def test_rejects_a_clock(self):
        self.expect("node", "#include <time.h>\nlong a(void) { return time(0); }\n", "calls time,")

    def test_rejects_a_socket(self):
        self.expect(
            "peer", "#include <sys/socket.h>\nint a(void) { return socket(1, 1, 0); }\n", "calls socket,"
        )

    def test_rejects_openssl_but_in_crypto(self):
        text = "void EVP_MD_free(void *);\nvoid a(void) { EVP_MD_free(0); }\n"
        self.expect("wire", text, "calls EVP_MD_free")

    def test_accepts_openssl_in_crypto(self):
        self.expect("crypto", "void EVP_MD_free(void *);\nvoid a(void) { EVP_MD_free(0); }\n", "")

    def test_rejects_a_changing_global(self):
        self.expect("gossip", "int a(void) { static int n; return n++; }\n", "a variable that changes")

    def test_accepts_a_constant_table(self):
        self.expect("gossip", 'const char *const a[] = {"x", "y"};\n', "")


if __name__ == "__main__":
    unittest.main(verbosity=0)
