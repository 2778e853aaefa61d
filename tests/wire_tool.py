"""What the tests of the wire share: the C codecs behind a pipe, and how bytes are nested in them."""

import os
import subprocess
from pathlib import Path

import cbor2

import cddl

ROOT = Path(__file__).resolve().parent.parent
TOOL = Path(os.environ.get("QNET_BUILD_DIR", ROOT / "build" / "dev")) / "tests" / "wire_tool"

# Fixed, so that a run repeats another; a nightly run may give its own.
SEED = os.environ.get("QNET_TEST_SEED", "1")


def run(*arguments, **options):
    return subprocess.run(
        [str(TOOL), *arguments], check=True, capture_output=True, text=True, timeout=240, **options
    ).stdout


def samples(rounds):
    """(rule, variant, bytes) of valid samples: smallest, largest, and `rounds` random ones each."""
    print(f"samples of seed {SEED} (QNET_TEST_SEED)")
    for line in run("samples", SEED, str(rounds)).splitlines():
        name, variant, text = line.split(" ")
        yield name, variant, bytes.fromhex(text)


def verdicts(cases):
    """What the C decoders say to each (rule, bytes): "ok" or the name of the error."""
    lines = "".join(f"{name} {data.hex()}\n" for name, data in cases)
    answers = run("decode", input=lines).splitlines()
    assert len(answers) == len(cases), "one verdict for each case"
    return answers


def embedded(data):
    """The map that a byte string carries, or None. Only maps: a hash may be another item by chance."""
    inner = cddl.decode(data) if len(data) > 2 else None
    canonical = isinstance(inner, dict) and cbor2.dumps(inner, canonical=True) == data
    return inner if canonical else None
