"""Every command that needs no running network, with the real program: shapes of its JSON, exit statuses,
and that no secret shows."""

import os
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from qnet_cluster import QNET, Genesis, Identity, clean_environment
from qnet_testing import EXIT_CONFIG, EXIT_OK, EXIT_RUNTIME, EXIT_USAGE, run

COMMANDS = ("node", "devnet", "keys new", "keys show", "genesis cert", "genesis show", "activation issue", "activation submit",
            "committee list", "committee add", "committee remove", "committee replace", "committee approve",
            "register", "update", "revoke", "registry revoke", "registry rotate", "status", "peers", "peers limits", "regions",
            "ban add", "ban list", "ban remove", "registry list", "registry get", "registry proof", "registry verify",
            "verify", "db check", "db backup", "db restore", "db stat", "config", "version")
ALGORITHMS = {"ML-DSA-65": (1, 1952), "ML-DSA-87": (2, 2592), "ML-DSA-44": (3, 1312)}


def cert_settings(genesis, count=5):
    return {name: value for name, value in sorted(genesis.env.items())
            if name.startswith("QNET_GENESIS_CERT_")
            and int(name[-3:]) <= count} | {name: value for name, value in genesis.env.items()
                                            if not name.startswith("QNET_GENESIS_CERT_")}


class HelpTest(unittest.TestCase):
    def test_lists_every_command(self):
        result = run("help")
        self.assertEqual(result.status, EXIT_OK, result)
        for command in COMMANDS:
            self.assertIn(f"  {command} ", result.out)
        self.assertEqual(run("--help").out, result.out)

    def test_of_a_command_shows_its_options_and_variables(self):
        result = run("node", "--help")
        self.assertEqual(result.status, EXIT_OK, result)
        for text in ("--listen HOST:PORT|off    QNET_LISTEN", "[0.0.0.0:9876]", "QNET_KEY\n",
                     "QNET_GENESIS_CERT_001..999", "-o, --output text|json"):
            self.assertIn(text, result.out)
        self.assertNotIn("--parent", result.out)
        self.assertEqual(run("help", "node").out, result.out)

    def test_as_json_is_the_whole_table(self):
        table = run("help", "-o", "json").json
        self.assertEqual([command["name"] for command in table["commands"]], list(COMMANDS))
        for command in table["commands"]:
            flags = [option["flag"] for option in command["options"]]
            self.assertIn("output", flags)
            for option in command["options"]:
                if option["secret"]:
                    self.assertIsNone(option["flag"])
                    self.assertTrue(option["environment"].startswith("QNET_"))

    def test_every_command_has_help(self):
        for command in COMMANDS:
            result = run(*command.split(), "--help")
            self.assertEqual(result.status, EXIT_OK, result)
            self.assertTrue(result.out.startswith(f"usage: qnet {command}"), result)


class UsageTest(unittest.TestCase):
    def assert_usage(self, text, *arguments):
        result = run(*arguments)
        self.assertEqual(result.status, EXIT_USAGE, result)
        self.assertIn(text, result.err)
        if arguments:
            self.assertEqual(result.out, "")
        result = run(*arguments, "-o", "json")
        self.assertEqual(result.status, EXIT_USAGE, result)
        self.assertEqual(result.json["error"]["code"], "usage")

    def test_mistakes_end_with_2_and_the_nearest_match(self):
        self.assert_usage("did you mean status?", "statsu")
        self.assert_usage("did you mean --listen?", "node", "--lisetn", "x")
        self.assert_usage("second word: new show", "keys")
        self.assert_usage("needs a value", "verify", "--id")
        self.assert_usage("no place on a command line", "node", "--key", "00" * 32)
        self.assert_usage("64 hex digits", "registry", "get", "abc")
        self.assert_usage("is 1 to 1000", "registry", "list", "--limit", "0")
        self.assert_usage("is no address", "verify", "somewhere")
        self.assert_usage("--reason is", "revoke", "--reason", "boredom")
        self.assert_usage("--count is", "activation", "issue", "--count", "0")
        self.assert_usage("--genesis is 4 to 100", "devnet", "--genesis", "3")
        self.assert_usage("--nodes is", "devnet", "--nodes", "-1")
        self.assert_usage("--for is", "devnet", "--for", "soon")
        self.assert_usage("--regions", "devnet", "--regions", "europe,atlantis")
        self.assert_usage("last port would be", "devnet", "--base-port", "65530")

    def test_nothing_at_all_shows_the_commands(self):
        result = run()
        self.assertEqual(result.status, EXIT_USAGE)
        self.assertIn("usage: qnet COMMAND", result.out)


class VersionTest(unittest.TestCase):
    def test_names_what_it_is_made_of(self):
        version = run("version", "-o", "json").json
        self.assertRegex(version["version"], r"^\d+\.\d+\.\d+$")
        self.assertRegex(version["openssl"], r"^OpenSSL 3\.\d+|^OpenSSL [4-9]")
        self.assertTrue(version["compiler"] and version["commit"])
        suites = {suite["signature"]: suite for suite in version["suites"]}
        self.assertEqual(suites["ML-DSA-65"]["group"], "X25519MLKEM768")
        self.assertEqual(suites["ML-DSA-87"]["group"], "SecP384R1MLKEM1024")
        self.assertIsNone(suites["SLH-DSA-SHA2-128s"]["group"])
        text = run("--version")
        self.assertEqual(text.status, EXIT_OK)
        self.assertIn(version["version"], text.out)
        self.assertIn("ML-DSA-44", text.out)


class KeysTest(unittest.TestCase):
    def test_new_and_show_agree_for_every_suite(self):
        for name, (number, _) in ALGORITHMS.items():
            made = run("keys", "new", "--suite", name, "-o", "json").json
            self.assertEqual((made["algorithm"], made["suite"]), (name, number))
            shown = run("keys", "show", "-o", "json",
                        env={"QNET_KEY": made["private_key"], "QNET_SUITE": name}).json
            del made["private_key"]
            self.assertEqual(shown, made)

    def test_each_new_key_is_another(self):
        keys = {run("keys", "new", "-o", "json").json["private_key"] for _ in range(5)}
        self.assertEqual(len(keys), 5)

    def test_show_never_shows_the_private_key(self):
        identity = Identity()
        for arguments in (("keys", "show"), ("keys", "show", "-o", "json")):
            result = run(*arguments, env=identity.env)
            self.assertIn(identity.id, result.out)
            self.assertNotIn(identity.seed, result.out + result.err)

    def test_a_key_may_come_from_a_private_file_or_standard_input(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "node.key"
            made = run("keys", "new", "--out", str(path), "-o", "json").json
            self.assertNotIn("private_key", made)
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            by_flag = run("keys", "show", "--key-file", str(path), "-o", "json").json
            by_name = run("keys", "show", "-o", "json", env={"QNET_KEY_FILE": str(path)}).json
            by_stdin = run("keys", "show", "--key-file", "-", "-o", "json", stdin=path.read_text()).json
            self.assertEqual({by_flag["id"], by_name["id"], by_stdin["id"]}, {made["id"]})

            # The flag comes before the environment.
            both = run("keys", "show", "--key-file", str(path), "-o", "json", env=Identity().env).json
            self.assertEqual(both["id"], made["id"])
            # Two variables that contradict each other are a problem.
            two = run("keys", "show", env={**Identity().env, "QNET_KEY_FILE": str(path)})
            self.assertEqual(two.status, EXIT_CONFIG)
            self.assertIn("both set", two.err)

            again = run("keys", "new", "--out", str(path))
            self.assertEqual(again.status, EXIT_RUNTIME)
            self.assertIn("exists", again.err)
            self.assertEqual(run("keys", "show", "--key-file", str(path), "-o", "json").json["id"], made["id"])

            path.chmod(0o640)
            refused = run("keys", "show", "--key-file", str(path))
            self.assertEqual(refused.status, EXIT_CONFIG)
            self.assertIn("mode 0640", refused.err)
            self.assertIn("--key-file", refused.err)

    def test_a_broken_key_is_told_without_being_shown(self):
        broken = "5ec2e7" * 10
        for env in ({"QNET_KEY": broken}, {"QNET_KEY": broken + "zz" * 2}):
            result = run("keys", "show", env=env)
            self.assertEqual(result.status, EXIT_CONFIG, result)
            self.assertIn("QNET_KEY", result.err)
            self.assertNotIn(broken, result.out + result.err)

    def test_a_full_disk_is_told(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        with open("/dev/full", "w") as full:
            done = subprocess.run([QNET, "version"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  env=clean_environment(), check=False)
        self.assertEqual(done.returncode, EXIT_RUNTIME)
        self.assertIn("could not be written", done.stderr)


class GenesisTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.genesis = Genesis(count=5, codes=3)

    def test_cert_prints_the_line_of_the_environment(self):
        identity = Identity()
        arguments = ("genesis", "cert", "--network", "n", "--id", "042", "--region", "asia",
                     "--endpoint", "host:1", "--endpoint", "[2001:db8::1]:2")
        text = run(*arguments, env=identity.env)
        self.assertEqual(text.status, EXIT_OK, text)
        self.assertTrue(text.out.startswith("QNET_GENESIS_CERT_042="), text)
        self.assertEqual(text.out.count("\n"), 1)
        self.assertEqual(run(*arguments, "-o", "json", env=identity.env).json["id"], identity.id)

    def test_cert_tells_all_that_is_missing(self):
        result = run("genesis", "cert", "--id", "1", "--endpoint", "0.0.0.0:1")
        self.assertEqual(result.status, EXIT_CONFIG, result)
        for name in ("--network", "--id", "--endpoint", "QNET_KEY", "QNET_REGION"):
            self.assertIn(name, result.err)

    def test_show_lists_the_network(self):
        shown = run("genesis", "show", "-o", "json", env=self.genesis.env).json
        self.assertEqual([member["bootstrap_id"] for member in shown["members"]], [1, 2, 3, 4, 5])
        self.assertEqual([member["id"] for member in shown["members"]],
                         [identity.id for identity in self.genesis.identities])
        self.assertEqual((shown["quorum"], shown["faults_tolerated"]), (4, 1))
        self.assertEqual(shown["activation_policy"], "codes")
        self.assertEqual(shown["batches"][0]["count"], 3)
        self.assertRegex(shown["network"]["id"], "^[0-9a-f]{64}$")
        text = run("genesis", "show", env=self.genesis.env)
        self.assertIn(shown["network"]["id"], text.out)

    def test_show_is_the_same_in_any_order_of_the_variables(self):
        names = sorted(self.genesis.env, reverse=True)
        other = run("genesis", "show", "-o", "json", env={name: self.genesis.env[name] for name in names})
        self.assertEqual(other.json, run("genesis", "show", "-o", "json", env=self.genesis.env).json)

    def test_three_certificates_are_too_few(self):
        result = run("genesis", "show", env=cert_settings(self.genesis, 3))
        self.assertEqual(result.status, EXIT_CONFIG, result)
        self.assertIn("3 genesis certificates given, at least 4 are needed", result.err)

    def test_a_duplicated_certificate_is_named(self):
        env = dict(self.genesis.env, QNET_GENESIS_CERT_004=self.genesis.env["QNET_GENESIS_CERT_003"])
        result = run("genesis", "show", "-o", "json", env=env)
        self.assertEqual(result.status, EXIT_CONFIG, result)
        error = result.json["error"]
        self.assertEqual(error["code"], "configuration")
        self.assertEqual({problem["name"] for problem in error["problems"]}, {"QNET_GENESIS_CERT_004"})
        self.assertTrue(any("same node" in problem["text"] for problem in error["problems"]))

    def test_issue_makes_codes_that_the_batch_holds(self):
        issued = run("activation", "issue", "--count", "4", "--class", "9", "--expires", "30",
                     "-o", "json").json
        self.assertEqual((issued["count"], issued["class"], len(set(issued["codes"]))), (4, 9, 4))
        self.assertTrue(all(code.startswith("qna1") for code in issued["codes"]))
        env = {**cert_settings(self.genesis), "QNET_ACTIVATION_BATCH_001": issued["batch"]}
        batch = run("genesis", "show", "-o", "json", env=env).json["batches"][0]
        self.assertEqual((batch["root"], batch["count"], batch["class"], batch["expires_ms"]),
                         (issued["root"], 4, 9, issued["expires_ms"]))
        ordinary = {**env, **Identity().env, "QNET_REGION": "asia"}
        for code in issued["codes"]:
            good = run("config", "-o", "json", env={**ordinary, "QNET_ACTIVATION_CODE": code})
            self.assertEqual(good.status, EXIT_OK, good)
        issued_later = run("config", env={**ordinary, "QNET_ACTIVATION_CODE": self.genesis.codes[0]})
        self.assertEqual(issued_later.status, EXIT_OK, issued_later)


class ConfigTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.genesis = Genesis(count=4, codes=1)

    def node(self, **changes):
        return {**self.genesis.env, **self.genesis.identities[0].env, "QNET_BOOTSTRAP_ID": "001", **changes}

    def test_shows_values_with_their_source(self):
        env = self.node(QNET_MAX_LINKS="64")
        result = run("config", "--api", "127.0.0.1:0", "-o", "json", env=env)
        self.assertEqual(result.status, EXIT_OK, result)
        settings = {item["name"]: item for item in result.json["settings"]}
        self.assertEqual((settings["QNET_MAX_LINKS"]["value"], settings["QNET_MAX_LINKS"]["source"]),
                         ("64", "environment"))
        self.assertEqual((settings["QNET_API"]["value"], settings["QNET_API"]["source"]),
                         ("127.0.0.1:0", "flag"))
        self.assertEqual((settings["QNET_LOG"]["value"], settings["QNET_LOG"]["source"]), ("info", "default"))
        self.assertEqual(settings["QNET_REGION"]["source"], "certificate")
        self.assertEqual(settings["QNET_LISTEN"]["value"], f"0.0.0.0:{self.genesis.ports[0]}")
        self.assertIsNone(settings["QNET_ACTIVATION_CODE"]["value"])
        self.assertTrue(result.json["ok"])
        self.assertEqual(settings["QNET_GENESIS_CERT_002"]["value"], env["QNET_GENESIS_CERT_002"])

    def test_secrets_are_redacted(self):
        code = self.genesis.codes[0]
        env = {**self.genesis.env, **Identity().env, "QNET_REGION": "asia", "QNET_ACTIVATION_CODE": code}
        for arguments in (("config",), ("config", "-o", "json")):
            result = run(*arguments, env=env)
            self.assertEqual(result.status, EXIT_OK, result)
            self.assertNotIn(env["QNET_KEY"], result.out + result.err)
            self.assertNotIn(code, result.out + result.err)
        settings = {item["name"]: item for item in run("config", "-o", "json", env=env).json["settings"]}
        self.assertEqual(settings["QNET_KEY"],
                         {"name": "QNET_KEY", "value": "redacted", "source": "environment", "secret": True})

    def test_all_problems_at_once(self):
        env = self.node(QNET_REGION="mars", QNET_LISTEN="x", QNET_API="y", QNET_MAX_LINKS="1",
                        QNET_LOG="z", QNET_LISTNE="x")
        shown = run("config", "-o", "json", env=env)
        self.assertEqual(shown.status, EXIT_CONFIG)
        self.assertFalse(shown.json["ok"])
        wanted = {"QNET_REGION", "QNET_LISTEN", "QNET_API", "QNET_MAX_LINKS", "QNET_LOG", "QNET_LISTNE"}
        self.assertEqual({problem["name"] for problem in shown.json["problems"]}, wanted)
        # A node says exactly the same, and does not start.
        node = run("node", "-o", "json", env=env)
        self.assertEqual(node.status, EXIT_CONFIG)
        self.assertEqual(node.json["error"]["problems"], shown.json["problems"])
        text = run("node", env=env)
        self.assertEqual((text.status, text.out), (EXIT_CONFIG, ""))
        for name in wanted:
            self.assertIn(name, text.err)

    def test_another_nodes_key(self):
        result = run("node", env=self.node(**self.genesis.identities[1].env))
        self.assertEqual(result.status, EXIT_CONFIG, result)
        self.assertIn("QNET_KEY", result.err)
        self.assertIn("is not the key of genesis certificate 001", result.err)

    def test_the_typo_guard_leaves_foreign_names_alone(self):
        result = run("config", env=self.node(QNET_JOBS="3", PATH_QNET="x"))
        self.assertEqual(result.status, EXIT_OK, result)


class ClientTest(unittest.TestCase):
    """Client commands without anybody to talk to."""

    def test_no_api_there(self):
        for arguments in (("status",), ("peers",), ("peers", "limits"), ("regions",), ("registry", "list"),
                          ("registry", "get", "00" * 32)):
            result = run(*arguments, "--api-url", "http://127.0.0.1:1", "-o", "json")
            self.assertEqual(result.status, EXIT_RUNTIME, result)
            self.assertEqual(result.json["error"]["code"], "io")
            self.assertIn("127.0.0.1:1", result.err)

    def test_verify_nobody(self):
        result = run("verify", "127.0.0.1:1", "--timeout", "5", "-o", "json")
        self.assertEqual(result.status, EXIT_RUNTIME, result)
        self.assertEqual(result.json["error"]["code"], "connection_refused")

    def test_settings_are_checked_before_anything_is_sent(self):
        result = run("register", "-o", "json")
        self.assertEqual(result.status, EXIT_CONFIG)
        names = {problem["name"] for problem in result.json["error"]["problems"]}
        self.assertEqual(names, {"QNET_KEY", "QNET_REGION"})
        result = run("status", env={"QNET_API_ULR": "x"})
        self.assertEqual(result.status, EXIT_CONFIG)
        self.assertIn("did you mean QNET_API_URL?", result.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
