#!/usr/bin/env python3
"""Keeps the arrows of DESIGN section 2 true: who includes whom, and which system headers.

    tools/check_layers.py [--order] [root]

--order also wants a source's own header first, then the project's, then the system's.

A core module is a deterministic state machine: nothing in it can name a socket, clock, thread or
file. tools/check_symbols.sh looks at the same rule from the linker's side.
"""

import re
import sys
from pathlib import Path

# Each module with those it uses directly; what they use follows.
ARROWS = {
    "base": (),
    "crypto": ("base",),
    "wire": ("crypto",),
    "ledger": ("wire",),
    "consensus": ("wire",),
    "peer": ("wire",),
    "gossip": ("wire",),
    "discovery": ("wire",),
    "verify": ("wire",),
    "node": ("consensus", "ledger", "peer", "gossip", "discovery"),
    "net": ("node",),
    "store": ("node",),
    "api": ("node",),
    "cli": ("api", "net", "store", "verify"),
    "sim": ("node", "verify"),
}
# Their neighbours do not include each other, but may see these headers: plain records, no calls.
RECORD_MODULES = {"ledger", "peer"}
RECORD_USERS = {"consensus", "ledger", "peer", "gossip", "discovery"}
RECORD_HEADER = re.compile(r"_records?\.h$")

CORE = {"base", "crypto", "wire", "ledger", "consensus", "peer", "gossip", "discovery", "verify", "node"}
# Their own headers are public ones.
PUBLIC_MODULES = {"verify"}
# All that C17 has without files, clocks, threads and other hidden state. <stdio.h> is for
# snprintf and <stdlib.h> for malloc; the symbol check refuses the rest of both.
CORE_SYSTEM = {
    "assert.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h",
    "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "stdnoreturn.h", "string.h",
    "sanitizer/asan_interface.h",  # base/pool.c, in builds with AddressSanitizer only
}
# Other people's libraries, each with the modules that wrap it.
LIBRARIES = {
    "uv.h": {"net"},
    "lmdb.h": {"store"},
    "microhttpd.h": {"api"},
    "jansson.h": {"api", "cli"},
    "cmocka.h": set(),
}
OPENSSL_MODULES = {"crypto", "net"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def reachable(module):
    found = set()
    todo = [module]
    while todo:
        for used in ARROWS[todo.pop()]:
            if used not in found:
                found.add(used)
                todo.append(used)
    return found | {module}


def is_test(path):
    return path.name.endswith("_test.c") or "testing" in path.parts


def project_include(module, path, name):
    """Returns what is wrong with including project header `name`, or None."""
    if name == "qn_version.h":
        return "is for the modules outside the core" if module in CORE else None
    if "/" not in name or name.startswith("."):
        return "is not a path from src/"
    target = name.split("/")[0]
    if target == "qnet":
        hidden = module in CORE and module not in PUBLIC_MODULES
        return "is the public interface, which the core does not know" if hidden else None
    if target not in ARROWS:
        return f"is in no module of {Path(__file__).name}"
    if "testing/" in name and not is_test(path):
        return "is test support"
    if target in reachable(module):
        return None
    if target in RECORD_MODULES and module in RECORD_USERS and RECORD_HEADER.search(name):
        return None
    return f"is against the arrows: {module} may use {', '.join(sorted(reachable(module)))}"


def system_include(module, path, name):
    """Returns what is wrong with including system header `name`, or None."""
    if is_test(path):
        return None
    if name.startswith("openssl/"):
        if path.parent.parts[-2:] == ("verify", "openssl"):
            return None
        if module not in OPENSSL_MODULES:
            return "is for crypto/, and in net/ for TLS"
        if module == "net" and "tls" not in path.name:
            return "in net/ is for TLS: for files with tls in their name"
        return None
    if name in LIBRARIES and module not in LIBRARIES[name]:
        return f"is for {', '.join(sorted(LIBRARIES[name])) or 'tests'}"
    if module in CORE and name not in CORE_SYSTEM:
        return "has no place in the core (no sockets, files, clock, threads)"
    return None


def check_file(root, path, module, order):
    text = path.read_text(encoding="utf-8")
    text = COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text)
    shown = path.relative_to(root)
    order = order and path.suffix == ".c" and not is_test(shown)
    first = True
    seen_system = False
    for number, line in enumerate(text.splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        quote, name = found.groups()
        wrong = None
        if quote == '"':
            wrong = project_include(module, shown, name)
            if wrong is None and order and seen_system:
                wrong = "comes after a system header: own header, then project, then system"
        else:
            wrong = system_include(module, shown, name)
            seen_system = True
        # A header that is once included first is thereby shown to stand alone.
        if wrong is None and order and first:
            if path.with_suffix(".h").exists() and not name.startswith(f"{module}/"):
                wrong = f'comes before the own header "{module}/{path.stem}.h"'
        first = False
        if wrong:
            yield f"{shown}:{number}: {name} {wrong}"


def check_public(root):
    """The installed headers stand alone: C17 and each other."""
    for path in sorted((root / "include").rglob("*.h")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(line)
            if found and found.group(2) not in CORE_SYSTEM and not found.group(2).startswith("qnet/"):
                yield f"{path.relative_to(root)}:{number}: {found.group(2)} is not installed with it"


def main():
    arguments = sys.argv[1:]
    order = "--order" in arguments
    if order:
        arguments.remove("--order")
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    problems = list(check_public(root))
    files = 0
    folders = [folder for folder in sorted((root / "src").glob("*")) if folder.is_dir()]
    if (root / "sim").is_dir():
        folders.append(root / "sim")
    for folder in folders:
        if folder.name not in ARROWS:
            problems.append(f"{folder.relative_to(root)}: not in the table of {Path(__file__).name}")
            continue
        for path in sorted(folder.rglob("*.[ch]")):
            files += 1
            problems += check_file(root, path, folder.name, order)
    for problem in problems:
        print(problem)
    print(f"layers: {files} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
