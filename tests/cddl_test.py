"""Holds the code to docs/protocol.cddl and the file to the code.

1. Samples that the C code wrote, of every message and record, match their rules.
2. Values made from the samples by one change each (a field less, a field more, another type, one beyond
   each limit, the limit itself) are decided alike by the CDDL and by the C decoders: what matches is
   accepted, what does not is refused.
3. Kinds, classes, limits, close reasons and error codes are the same in both.
4. What is hashed or signed without being sent has the form that the file gives.
"""

import hashlib
import re
import sys
import unittest

import cbor2

import cddl
import wire_tool
from wire_tool import embedded

TEXT = (wire_tool.ROOT / "docs" / "protocol.cddl").read_text()
SCHEMA = cddl.Schema(TEXT)

# Larger samples are matched, but not changed: the same places are reached by small ones.
CHANGED_LEN_MAX = 12000


# --- rules beyond CDDL, each stated in a comment of the file ---

SPKI_FORMS = {  # suite: bytes before the raw key (RFC 9881), length of all
    1: (bytes.fromhex("308207b2300b0609608648016503040312038207a100"), 1974),
    2: (bytes.fromhex("30820a32300b060960864801650304031303820a2100"), 2614),
    3: (bytes.fromhex("30820532300b06096086480165030403110382052100"), 1334),
}


def spki_suite(spki):
    for suite, (prefix, length) in SPKI_FORMS.items():
        if spki.startswith(prefix) and len(spki) == length:
            return suite
    return None


def payload(value):
    return cbor2.loads(value[1])


def cert_is_counted(cert):
    return sum(bin(byte).count("1") for byte in cert[6]) == len(cert[7])


def genesis_cert_has_its_suite(cert):
    return spki_suite(payload(cert)[4]) == payload(cert)[3]


def transaction_is_sound(transaction):
    tx = payload(transaction)
    if tx[1] == 4:
        return spki_suite(tx[7]) == tx[6]
    if tx[1] == 6:
        return all(a < b for ids in (tx[6], tx[7]) for a, b in zip(ids, ids[1:]))
    if tx[1] != 1:
        return True
    code_fits = 11 not in tx or spki_suite(tx[11][3]) is not None
    return spki_suite(tx[5]) == tx[4] and code_fits


def parameters_are_sorted(parameters):
    roots = [batch[1] for batch in parameters[2]]
    return all(a < b for a, b in zip(roots, roots[1:]))


def block_is_sound(block):
    fits = len(cbor2.dumps(block, canonical=True)) <= 524288
    return fits and all(transaction_is_sound(cbor2.loads(tx)) for tx in block[2])


def blocks_are_sound(blocks):
    return all(
        block_is_sound(cbor2.loads(item[1]))
        and (2 not in item or cert_is_counted(cbor2.loads(item[2])))
        for item in blocks[1]
    ) and (3 not in blocks or cert_is_counted(cbor2.loads(blocks[3])))


def snapshot_is_sound(snapshot):
    if snapshot[1] == 1:
        return block_is_sound(cbor2.loads(snapshot[3])) and cert_is_counted(cbor2.loads(snapshot[5]))
    if snapshot[1] == 2:
        return all(
            cert_is_counted(cbor2.loads(step[2]))
            and all(spki_suite(spki) == suite for suite, spki in step[3])
            for step in snapshot[3]
        )
    return True


def genesis_is_sound(genesis):
    certs = [cbor2.loads(cert) for cert in genesis[3]]
    end = genesis[1] + len(certs)
    if 5 in genesis and not (end == genesis[2] and parameters_are_sorted(cbor2.loads(genesis[5]))):
        return False
    return all(map(genesis_cert_has_its_suite, certs)) and end <= genesis[2]


def ids_differ(redirect):
    ids = [entry[1] for entry in redirect[1]]
    return len(set(ids)) == len(ids)


def no_nul(value):
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict):
        return all(no_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(map(no_nul, value))
    if isinstance(value, bytes) and embedded(value) is not None:
        return no_nul(embedded(value))
    return True


BEYOND = {
    "cert": cert_is_counted,
    "block-cert": cert_is_counted,
    "nullify-cert": cert_is_counted,
    "genesis-cert": genesis_cert_has_its_suite,
    "register": transaction_is_sound,
    "rotate": transaction_is_sound,
    "validators": transaction_is_sound,
    "tx": lambda v: transaction_is_sound(cbor2.loads(v[2])),
    "submit": lambda v: transaction_is_sound(cbor2.loads(v[2])),
    "registry-entry": lambda v: (v[10] == 3) == (16 in v),
    "genesis-parameters": parameters_are_sorted,
    "block": block_is_sound,
    "redirect": ids_differ,
    "lan-beacon": lambda v: v[2] or v[5] != b"\0\0",
    "propose": lambda v: block_is_sound(cbor2.loads(v[4])),
    "blocks": blocks_are_sound,
    "genesis": genesis_is_sound,
    "get-genesis": lambda v: not any(v[2]),
    "snapshot": snapshot_is_sound,
    "snapshot-manifest": snapshot_is_sound,
    "snapshot-epochs": snapshot_is_sound,
}


def is_valid(rule, value):
    """By CDDL and the rules beyond it."""
    if not SCHEMA.matches(rule, value) or not no_nul(value):
        return False
    return rule not in BEYOND or BEYOND[rule](value)


# --- changes ---

OTHER_TYPES = [0, -1, b"", "", [], {}, False, None, 1.5, cbor2.CBORTag(1, 0)]


def limits_of(node):
    """The ends of ranges, sizes and occurrences anywhere below this node of the schema."""
    if isinstance(node, tuple) and node:
        if node[0] == "range":
            yield from node[1:]
        if node[0] == "member":
            yield from (bound for bound in node[1:3] if bound is not None)
        if node[0] == "control" and node[1] == ".size" and node[3][0] == "value":
            yield node[3][1]
        if node[0] == "control" and node[1] == ".regexp":
            yield from map(int, re.findall(r"\d+(?=[,}])", node[3][1]))
    if isinstance(node, (tuple, list)):
        for part in node:
            yield from limits_of(part)


def neighbours(limits):
    return {limit + d for limit in limits for d in (-1, 0, 1)}


LIMITS = {limit for _, body in SCHEMA.rules.values() for limit in limits_of(body)}
NUMBERS = sorted(
    neighbours(LIMITS)
    | neighbours(2**bits for bits in (8, 16, 24, 32, 63, 64))
    | neighbours((-(2**63),))
)
STRING_LENGTHS = sorted(n for n in neighbours(LIMITS) if 0 <= n <= CHANGED_LEN_MAX)
ARRAY_LENGTHS = [n for n in STRING_LENGTHS if n <= 260]


def resized(value, length):
    if isinstance(value, str):
        return (value.encode("ascii", "replace").decode() + "a" * length)[:length]
    if isinstance(value, bytes):
        return (value + b"\x01" * length)[:length]
    return (value * (length + 1))[:length] if value else None


def changed_scalars(value):
    """Other values for this place, by its own type and then by all others."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from NUMBERS
    elif isinstance(value, (str, bytes)):
        for length in STRING_LENGTHS:
            yield resized(value, length)
    if isinstance(value, str):
        yield from ("a b", "a/b", "a\0b", "\u00fc", "\u20ac" * 22)
    yield from (other for other in OTHER_TYPES if type(other) is not type(value))


def changed_map(value):
    for key in value:
        yield {k: v for k, v in value.items() if k != key}
    for key in (0, 1, 2, 3, 5, 8, 11, 16, 23, 24, 127, 128, 255, 2**64 - 1, -1, "1", b"\x01"):
        if key not in value:
            for extra in (0, -1, b"\x01", "a", [{5: [True]}], None, 1.5):
                yield {**value, key: extra}
    for key, part in value.items():
        for other in changes(part):
            yield {**value, key: other}


def changed_array(value):
    if value:
        for length in ARRAY_LENGTHS:
            yield resized(value, length)
        yield [*value[1:], value[0], value[0]]
    yield [*value, 0]
    for index, part in enumerate(value[:2]):
        for other in changes(part):
            yield [*value[:index], other, *value[index + 1 :]]


def changes(value):
    """Every value that differs from this one by one change, at any depth."""
    if isinstance(value, dict):
        yield from changed_map(value)
    elif isinstance(value, list):
        yield from changed_array(value)
    elif isinstance(value, bytes) and embedded(value) is not None:
        for other in changes(embedded(value)):
            try:
                yield cbor2.dumps(other, canonical=True)
            except Exception:  # such as a map with keys that cannot be sorted together
                continue
    yield from changed_scalars(value)


def describe(value):
    text = repr(value)
    return text if len(text) < 400 else text[:200] + " ... " + text[-200:]


class CddlTest(unittest.TestCase):
    maxDiff = None

    def test_every_sample_matches_its_rule(self):
        matched = {}
        for rule, variant, data in wire_tool.samples(6):
            value = cddl.decode(data)
            self.assertTrue(is_valid(rule, value), f"{rule}, {variant}: {describe(value)}")
            matched[rule] = matched.get(rule, 0) + 1
        self.assertTrue(matched and all(count == 8 for count in matched.values()), matched)

    def test_every_proof_of_the_vectors_matches(self):
        proofs = sorted((wire_tool.ROOT / "tests" / "vectors" / "proofs").glob("*.cbor"))
        self.assertGreater(len(proofs), 10)
        for proof in proofs:
            self.assertTrue(SCHEMA.matches("registry-proof", cddl.decode(proof.read_bytes())), proof.name)

    def test_every_rule_with_a_codec_has_samples(self):
        """A message that is added to the file must be added to the samples, and the reverse."""
        kinds = set(re.findall(r"^;\s+\d+  ([a-z-]+)\s+\d+\s+\d+  \w+$", TEXT, re.M))
        sampled = {rule for rule, _, _ in wire_tool.samples(0)}
        same_form = {"busy"}
        self.assertEqual(kinds - same_form, kinds & sampled)
        self.assertEqual(sampled - set(SCHEMA.rules), set())

    def test_changed_values_are_decided_alike(self):
        cases = []
        seen = set()
        for rule, _, data in wire_tool.samples(1):
            if len(data) > CHANGED_LEN_MAX:
                continue
            for value in changes(cbor2.loads(data)):
                try:
                    encoded = cbor2.dumps(value, canonical=True)
                except Exception:  # keys of a map that cannot be sorted together
                    continue
                if (rule, encoded) not in seen and len(encoded) <= 4 * CHANGED_LEN_MAX:
                    seen.add((rule, encoded))
                    cases.append((rule, encoded))
        answers = wire_tool.verdicts(cases)
        wrong = []
        for (rule, encoded), answer in zip(cases, answers):
            value = cddl.decode(encoded)
            if is_valid(rule, value) != (answer == "ok"):
                wrong.append(f"{rule}: the code says {answer} to {describe(value)}")
        self.assertFalse(wrong, "\n".join(wrong[:10]) + f"\n{len(wrong)} in all")
        taken = answers.count("ok")
        print(f"{len(cases)} changed values, {taken} still valid")
        self.assertGreater(taken, 500)
        self.assertGreater(len(cases) - taken, 10000)

    def test_the_table_of_kinds_is_the_codes(self):
        table = re.findall(r"^;\s+(\d+)  ([a-z-]+)\s+(\d+)\s+(\d+)  (\w+)$", TEXT, re.M)
        kinds = [tuple(line.split(" ")) for line in wire_tool.run("kinds").splitlines()]
        kinds = [(number, name.replace("_", "-"), *rest) for number, name, *rest in kinds]
        self.assertEqual(table, kinds)
        for _, rule, _, _, _ in table:
            self.assertIn(rule, SCHEMA.rules)

    def test_limits_that_no_sample_reaches_are_the_codes(self):
        for line in wire_tool.run("limits").splitlines():
            rule, key, limit = line.split()
            _, body = SCHEMA.rules[rule]
            node = body if key == "-" else entries_of(body)[key]
            self.assertEqual(max(limits_of(node)), int(limit), line)

    def test_the_lists_of_numbers_are_the_codes(self):
        names = {}
        for line in wire_tool.run("names").splitlines():
            rule, number, name = line.split(" ")
            names.setdefault(rule, []).append((name, int(number)))
        for rule, pairs in names.items():
            _, body = SCHEMA.rules[rule]
            entries = [entry for choice in body[1][1] for entry in choice]
            self.assertEqual([(e[3][1], e[4][1]) for e in entries], pairs)


def entries_of(node):
    """The members with literal keys anywhere below this node: key -> member."""
    found = {}
    if isinstance(node, tuple) and node and node[0] == "member" and node[3] is not None:
        found[str(node[3][1])] = node
    if isinstance(node, (tuple, list)):
        for part in node:
            found = {**entries_of(part), **found}
    return found


# Signed, so bound to a network.
SIGNED_DIGESTS = {"proposal", "nullification", "activation-claim", "rotation", "recovery"}


def parts_of(rule, words):
    """The value that a digest is taken over, from the words that the tool prints."""
    data = [int(w) if len(w) < 32 else bytes.fromhex(w) for w in words]
    if rule == "network-definition":
        return ["qnet/1/genesis", data[:-1], data[-1]]
    if rule == "validator-set":
        return [list(pair) for pair in zip(data[::2], data[1::2])]
    return data


class DigestTest(unittest.TestCase):
    def test_what_is_hashed_is_what_the_file_says(self):
        seen = set()
        for line in wire_tool.run("digests", wire_tool.SEED).splitlines():
            rule, digest, *words = line.split()
            network = b""
            if rule in SIGNED_DIGESTS:
                network = bytes.fromhex(words.pop(0))
            value = parts_of(rule, words)
            self.assertTrue(SCHEMA.matches(rule, value), describe(value))
            encoded = cbor2.dumps(value, canonical=True)
            self.assertEqual(hashlib.sha3_256(network + encoded).hexdigest(), digest, rule)
            seen.add(rule)
        self.assertEqual(len(seen), 7)


class CheckerTest(unittest.TestCase):
    """The checker itself: a validator that says yes to everything would prove nothing."""

    def check(self, text, good, bad):
        schema = cddl.Schema(text)
        for value in good:
            self.assertTrue(schema.matches("x", value), (text, value))
        for value in bad:
            self.assertFalse(schema.matches("x", value), (text, value))

    def test_scalars(self):
        self.check("x = uint .size 1", [0, 255], [256, -1, True, "", b"\0", None, 1.0])
        self.check("x = 1..5", [1, 5], [0, 6, True, "1"])
        self.check("x = 7 / tstr", [7, "a"], [8, b"a"])
        self.check("x = bstr .size (1..2)", [b"a", b"ab"], [b"", b"abc", "a"])
        self.check("x = tstr .size 2", ["ab", "\u00fc"], ["a", "\u20ac", b"ab"])
        self.check('x = tstr .regexp "[a-c]{1,2}"', ["a", "bc"], ["", "d", "abc", "a\n"])
        self.check("x = &(a: 1, b: 3)", [1, 3], [2, "a"])
        self.check("x = bool / nint", [True, False, -1], [0, 1])

    def test_maps(self):
        self.check("x = {1: uint, ? 2: tstr}", [{1: 0}, {1: 0, 2: ""}],
                   [{}, {2: ""}, {1: 0, 3: 0}, {1: "", 2: ""}, {1: 0, 2: 0}, [1, 0]])
        self.check("x = {1: uint, e} e = (* 5..9 => tstr)", [{1: 0}, {1: 0, 5: "", 9: ""}],
                   [{1: 0, 4: ""}, {1: 0, 5: 0}, {5: ""}])
        self.check("x = {? g} g = (1: uint, 2: uint)", [{}, {1: 0, 2: 0}], [{1: 0}, {2: 0}])
        self.check("x = {1: 1 // 1: 2, 2: 2}", [{1: 1}, {1: 2, 2: 2}], [{1: 2}, {1: 1, 2: 2}])

    def test_arrays(self):
        self.check("x = [a: uint, b: tstr]", [[1, "a"]], [[1], ["a", 1], [1, "a", 1], {}])
        self.check("x = [1*2 uint]", [[1], [1, 2]], [[], [1, 2, 3], [""]])
        self.check("x = [* uint]", [[], [1] * 9], [[1, ""]])

    def test_generics_and_embedded_items(self):
        self.check("x = s<y> y = {1: uint} s<p> = {1: bstr .cbor p}", [{1: cbor2.dumps({1: 5})}],
                   [{1: cbor2.dumps({1: ""})}, {1: b""}, {1: cbor2.dumps({1: 5}) + b"\0"}, {1: 5}])
        self.check("x = (bstr .size (1..2)) .and (bstr .cbor uint)", [b"\x01", b"\x18\x18"],
                   [b"\x19\x01\x00", b"\x60"])

    def test_what_it_does_not_know_is_an_error(self):
        for text in ("x = y", "x = uint .bits 4", "x = 1 x = 2", "x = {1: uint", "x = #6.1(uint)",
                     "x = ~y", "x = h'00'", "x ="):
            with self.assertRaises(cddl.CddlError):
                cddl.Schema(text)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
