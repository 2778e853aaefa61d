"""Somebody else's CBOR, cbor2, as the judge of ours.

1. What the C code writes is what cbor2 writes as canonical CBOR of the same value.
2. Other encodings of the same value, which cbor2 decodes to it without complaint, are refused by the C
   decoders: one encoding per value is what makes hashes and signatures unambiguous.
"""

import random
import struct
import sys
import unittest

import cbor2

import wire_tool
from wire_tool import embedded

# Larger samples are only compared; their parts are varied in smaller ones.
VARIED_LEN_MAX = 12000
PLACES_MAX = 40  # of one sample, drawn at random beyond that

UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP = range(6)
TAG_SELF_DESCRIBED = bytes.fromhex("d9d9f7")


def head(major, argument, width=None):
    """In the shortest form, or with an argument of this many bytes."""
    if width is None:
        if argument < 24:
            return bytes([major << 5 | argument])
        width = next(w for w in (1, 2, 4, 8) if argument < 256**w)
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[width]]) + argument.to_bytes(width, "big")


def longer_heads(major, argument):
    for width in (1, 2, 4, 8):
        if argument < 256**width and len(head(major, argument)) < 1 + width:
            yield head(major, argument, width)


def encode(value):
    return cbor2.dumps(value, canonical=True)


def spellings(value):
    """Encodings of this very item that are not canonical, its parts being so."""
    canonical = encode(value)
    yield TAG_SELF_DESCRIBED + canonical
    if isinstance(value, bool):
        yield bytes([0xF8, canonical[0] & 0x1F])
    elif isinstance(value, int):
        yield from spellings_of_int(value)
    elif isinstance(value, (bytes, str)):
        yield from spellings_of_string(value)
    elif isinstance(value, list):
        parts = b"".join(map(encode, value))
        yield from (start + parts for start in longer_heads(ARRAY, len(value)))
        yield b"\x9f" + parts + b"\xff"
    elif isinstance(value, dict):
        yield from spellings_of_map(value)


def spellings_of_int(value):
    major, argument = (UINT, value) if value >= 0 else (NEGATIVE, -1 - value)
    yield from longer_heads(major, argument)
    if abs(value) < 2**53:
        yield b"\xfb" + struct.pack(">d", value)
    length = max(1, (argument.bit_length() + 7) // 8)
    yield bytes([0xC2 + major, 0x40 + length]) + argument.to_bytes(length, "big")  # bignum


def spellings_of_string(value):
    is_text = isinstance(value, str)
    major = TEXT if is_text else BYTES
    data = value.encode() if is_text else value
    yield from (start + data for start in longer_heads(major, len(data)))
    yield bytes([major << 5 | 31]) + head(major, len(data)) + data + b"\xff"
    if data.isascii() or not is_text:
        half = len(data) // 2
        chunks = (data[:half], data[half:])
        yield bytes([major << 5 | 31]) + b"".join(head(major, len(c)) + c for c in chunks) + b"\xff"


def spellings_of_map(value):
    pairs = [encode(k) + encode(v) for k, v in sorted(value.items())]
    joined = b"".join(pairs)
    yield from (start + joined for start in longer_heads(MAP, len(pairs)))
    yield b"\xbf" + joined + b"\xff"
    for i in range(len(pairs) - 1):
        swapped = pairs[:i] + [pairs[i + 1], pairs[i]] + pairs[i + 2 :]
        yield head(MAP, len(pairs)) + b"".join(swapped)
    if pairs:
        yield head(MAP, len(pairs) + 1) + joined + pairs[-1]
        yield head(MAP, len(pairs) + 1) + pairs[0] + joined
    for i, (key, part) in enumerate(sorted(value.items())):
        for spelling in spellings(key):
            other = spelling + encode(part)
            yield head(MAP, len(pairs)) + b"".join(pairs[:i] + [other] + pairs[i + 1 :])


def places(value, path=()):
    """Paths to every item below, also into byte strings that carry a map (a None in the path)."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, (*path, index))
    elif isinstance(value, bytes) and embedded(value) is not None:
        yield from places(embedded(value), (*path, None))


def item_at(value, path):
    for step in path:
        value = embedded(value) if step is None else value[step]
    return value


def replaced(value, path, spelling):
    """The encoding of value, canonical but for the item at path, which is spelled this way."""
    if not path:
        return spelling
    step, rest = path[0], path[1:]
    if step is None:
        inner = replaced(embedded(value), rest, spelling)
        return head(BYTES, len(inner)) + inner
    if isinstance(value, list):
        parts = [replaced(p, rest, spelling) if i == step else encode(p) for i, p in enumerate(value)]
        return head(ARRAY, len(value)) + b"".join(parts)
    pairs = [
        encode(k) + (replaced(v, rest, spelling) if k == step else encode(v))
        for k, v in sorted(value.items())
    ]
    return head(MAP, len(value)) + b"".join(pairs)


class OracleTest(unittest.TestCase):
    def test_our_bytes_are_the_canonical_ones(self):
        count = 0
        for rule, variant, data in wire_tool.samples(8):
            self.assertEqual(encode(cbor2.loads(data)), data, f"{rule}, {variant}")
            count += 1
        self.assertGreater(count, 100)

    def test_the_canonical_bytes_are_taken(self):
        cases = [(rule, encode(cbor2.loads(data))) for rule, _, data in wire_tool.samples(3)]
        self.assertEqual(set(wire_tool.verdicts(cases)), {"ok"})

    def test_no_other_spelling_is_taken(self):
        draw = random.Random(int(wire_tool.SEED))
        cases = []
        for rule, _, data in wire_tool.samples(3):
            if len(data) > VARIED_LEN_MAX:
                continue
            value = cbor2.loads(data)
            paths = list(places(value))
            for path in draw.sample(paths, min(len(paths), PLACES_MAX)):
                for spelling in spellings(item_at(value, path)):
                    other = replaced(value, path, spelling)
                    # A simple value in two bytes is not well-formed: decoders differ in what they make of it.
                    if None not in path and spelling[0] != 0xF8:
                        self.assertEqual(cbor2.loads(other), value, (rule, path, spelling))
                    cases.append((rule, other))
            cases.append((rule, data + b"\x00"))
            cases.append((rule, data + data))
        answers = wire_tool.verdicts(cases)
        taken = [(rule, other.hex()) for (rule, other), a in zip(cases, answers) if a == "ok"]
        self.assertEqual(taken[:5], [])
        print(f"{len(cases)} other spellings, none taken")
        self.assertGreater(len(cases), 3000)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
